"""Movements in documents: what is packed can be read again, and what is thinned is said to be."""

from collections import defaultdict
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_tables import filled
from karvan.case.results import result_frame
from karvan.report.movements import (
    COLUMNS,
    KINDS,
    LEGS,
    MOST_LEGS,
    STEPS_PER_H,
    WAYS,
    movement_tables,
)

ROUNDING_H = 0.5 / STEPS_PER_H + 1e-9
Row = dict[str, Any]


def moved(rows: list[Row]) -> pl.DataFrame:
    return result_frame("simulated_movements", [filled("simulated_movements", **r) for r in rows])


def leg(vehicle: str, number: int, departs: float, arrives: float, **more: Any) -> Row:
    given = {"kind": "train", "service": "line", "from_node": "a", "to_node": "b", "links": "x;y"}
    times = {"departs_h": departs, "arrives_h": arrives, "load_teu": 40.4}
    return {"vehicle": vehicle, "leg": number, **given, **times, **more}


def unpacked(tables: dict[str, pl.DataFrame]) -> list[list[Row]]:
    """The legs of each vehicle in hours, read as the front end reads them."""
    ways, vehicles, hour = tables[WAYS].to_dicts(), [], 0
    for new, way, after, lasts, load in tables[LEGS].rows():
        if new:
            vehicles.append([])
            hour = 0
        departs = hour + after
        hour = departs + lasts
        times = {"departs_h": departs / STEPS_PER_H, "arrives_h": hour / STEPS_PER_H}
        vehicles[-1].append({**ways[way], **times, "load_teu": load})
    return vehicles


@st.composite
def fleets(draw: st.DrawFn) -> list[Row]:
    """Vehicles of all kinds that go to and fro without ever leaving before they have arrived."""
    rows = []
    for v in range(draw(st.integers(0, 6))):
        hour, kind = draw(st.floats(0, 500)), draw(st.sampled_from(["train", "vessel", "truck"]))
        for n in range(draw(st.integers(1, 5))):
            ends = draw(st.sampled_from([("a", "b", "x;y"), ("b", "a", "y;x"), ("a", "c", "")]))
            lasts = draw(st.floats(0, 40))
            way = dict(zip(("from_node", "to_node", "links"), ends, strict=True))
            rows.append(leg(f"v{v}", n + 1, hour, hour + lasts, kind=kind, **way))
            hour += lasts + draw(st.floats(0, 30))
    return rows


@given(fleets(), st.randoms())
def test_packed_movements_are_the_movements_to_six_minutes(rows: list[Row], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    expected = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["leg"]):
        expected[row["vehicle"]].append(row)
    found = unpacked(movement_tables(moved(shuffled)))
    assert len(found) == len(expected)
    first = [legs[0]["departs_h"] for legs in found]
    assert first == sorted(first)
    key = ("kind", "from_node", "to_node", "links")
    texts = sorted([[leg[k] for k in key] for leg in legs] for legs in expected.values())
    assert sorted([[leg[k] for k in key] for leg in legs] for legs in found) == texts
    for when in ("departs_h", "arrives_h"):
        hours = sorted(row[when] for row in rows)
        shown = sorted(leg[when] for legs in found for leg in legs)
        assert shown == pytest.approx(hours, abs=ROUNDING_H)


def test_numbers_are_whole_and_columns_are_those_declared() -> None:
    made = movement_tables(moved([leg("t", 1, 0.04, 7.26), leg("t", 2, 9.0, 10.0)]))
    assert {name: table.columns for name, table in made.items()} == {
        name: [column.name for column in columns] for name, columns in COLUMNS.items()
    }
    assert made[LEGS].rows() == [(1, 0, 0, 73, 40), (0, 0, 17, 10, 40)]
    assert made[WAYS].rows() == [(0, "train", "line", "a", "b", "x;y")]


def test_a_leg_never_departs_before_the_one_before_it_arrived() -> None:
    rows = [leg("t", 1, 0.0, 8.0), leg("t", 2, 6.0, 7.0), leg("t", 3, 9.0, 8.5)]
    (legs,) = unpacked(movement_tables(moved(rows)))
    hours = [hour for one in legs for hour in (one["departs_h"], one["arrives_h"])]
    assert hours == sorted(hours)
    assert (made := movement_tables(moved(rows))[LEGS])["after"].min() == 0
    assert made["lasts"].min() == 0


def test_unknown_times_and_no_movements_at_all() -> None:
    rows = [leg("t", 1, 0.0, 8.0, departs_h=None), leg("u", 1, 1.0, 2.0, load_teu=None, links=None)]
    made = movement_tables(moved(rows))
    assert made[LEGS].rows() == [(1, 0, 10, 10, 0)]
    assert all(table.is_empty() for table in movement_tables(moved([])).values())


def test_of_many_vehicles_every_third_is_shown_and_said_to_be() -> None:
    trains = 2 * MOST_LEGS + 1
    rows = [leg(f"t{n:06}", 1, float(n), n + 1.0) for n in range(trains)]
    rows += [leg("ship", 1, 0.0, 5.0, kind="vessel")]
    made = movement_tables(moved(rows))
    assert dict(zip(*made[KINDS].select("kind", "every"), strict=True)) == {"train": 3, "vessel": 1}
    assert dict(zip(*made[KINDS].select("kind", "vehicles"), strict=True)) == {
        "train": trains,
        "vessel": 1,
    }
    shown = [legs[0]["departs_h"] for legs in unpacked(made) if legs[0]["kind"] == "train"]
    assert shown == [float(n) for n in range(0, trains, 3)]
