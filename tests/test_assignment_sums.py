"""What a reader can recompute from the tables of the flows of the shipped case, is what they say.

Nothing of the engine is called here but the stage that writes the tables: flows, prices and loads
follow from one another, and from the tables of the case.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from karvan.case import Case
from karvan.runs.assignment_tables import assignment_tables

Row = Mapping[str, Any]
Key = tuple[str, ...]
UNSERVED, LOOSE = "unserved", "loose"
DAYS, HOURS = 365.25, 8766.0


@pytest.fixture(scope="module")
def case(middle_corridor: Case) -> Case:
    return middle_corridor.with_scenario("base-2024")


@pytest.fixture(scope="module")
def tables(case: Case) -> dict[str, pl.DataFrame]:
    return dict(assignment_tables(case, lambda share: None))


def by_id(case: Case, table: str) -> dict[str, Row]:
    return {row["id"]: row for row in case.table(table).iter_rows(named=True)}


def wanted(case: Case) -> dict[str, float]:
    """TEU a year that each flow of 2024 wants to move."""
    goods = by_id(case, "commodities")
    return {
        row["id"]: row["flow_teu_per_year"]
        if row["flow_teu_per_year"] is not None
        else row["flow_t_per_year"] / goods[row["commodity_id"]]["payload_t_per_teu"]
        for row in case.table("flows").filter(pl.col("year") == 2024).iter_rows(named=True)
    }


def test_what_moves_and_what_stays_away_is_what_wants_to_move(
    case: Case, tables: dict[str, pl.DataFrame]
) -> None:
    demand, summary = wanted(case), tables["assignment"].row(0, named=True)
    assert summary["teu"] + summary["unserved_teu"] == pytest.approx(sum(demand.values()), rel=1e-9)
    by_flow = tables["flow_itineraries"].group_by("flow_id").agg(pl.col("teu", "share").sum())
    assert set(by_flow["flow_id"]) == set(demand)
    for name, teu, share in by_flow.iter_rows():
        # Ways of less than a TEU have no row.
        assert demand[name] - 40.0 <= teu <= demand[name] * (1.0 + 1e-9)
        assert share == pytest.approx(teu / demand[name], rel=1e-9)
    carried = tables["alternative_flows"].filter(pl.col("alternative_id") != UNSERVED)
    for mean, total, factor in (
        ("mean_h", summary["mean_h"] * summary["teu"], 1.0),
        ("mean_cost_usd_per_teu", summary["mean_cost_usd_per_teu"] * summary["teu"], 1.0),
        ("mean_co2e_kg_per_teu", summary["co2e_t"], 1e-3),
    ):
        assert factor * (carried["teu"] * carried[mean]).sum() == pytest.approx(total, rel=1e-9)


def test_a_generalized_cost_is_money_time_constant_and_price(
    case: Case, tables: dict[str, pl.DataFrame]
) -> None:
    goods, priced = by_id(case, "commodities"), 0
    flows = by_id(case, "flows")
    constants = {
        (row["alternative_id"], row["commodity_id"]): row["constant_usd_per_teu"]
        for row in case.table("constants").iter_rows(named=True)
    }
    for row in tables["flow_itineraries"].iter_rows(named=True):
        own = goods[flows[row["flow_id"]]["commodity_id"]]
        assert row["t"] == pytest.approx(row["teu"] * own["payload_t_per_teu"])
        if row["alternative_id"] == UNSERVED:
            continue
        expected = (
            row["cost_usd_per_teu"]
            + own["value_of_time_usd_per_teu_h"] * row["time_h"]
            + constants.get((row["alternative_id"], own["id"]), 0.0)
            + row["price_usd_per_teu"]
        )
        assert row["generalized_cost_usd_per_teu"] == pytest.approx(expected, rel=1e-9)
        priced += row["price_usd_per_teu"] > 0.0
    assert priced > 10


def by_place(loads: pl.DataFrame) -> dict[Key, list[Row]]:
    """Loads of each place, in each direction and in both."""
    at: dict[Key, list[Row]] = defaultdict(list)
    for row in loads.iter_rows(named=True):
        at[row["kind"], row["id"], row["from_node"], row["to_node"]].append(row)
        at[row["kind"], row["id"]].append(row)
    return at


def place_of(row: Row) -> Key:
    """Place whose loads share the capacity of a row of `bottlenecks`."""
    both_ways = row["kind"] == "terminal" or row["unit"] == "t"
    place = (row["kind"], row["id"])
    return place if both_ways else (*place, row["from_node"], row["to_node"])


def amount(case: Case, row: Row, loads: list[Row]) -> float:
    """What loads use of the capacity of a row of `bottlenecks`, by the tables of the case."""
    loose = {name for name, goods in by_id(case, "commodities").items() if goods["cargo"] == LOOSE}
    boxes = sum(load["teu"] for load in loads if load["commodity_id"] not in loose)
    tonnes = sum(load["t"] for load in loads if load["commodity_id"] in loose)
    if row["unit"] == "t":
        return float(sum(load["t"] for load in loads))
    if row["unit"] == "TEU":
        return float(boxes)
    if row["unit"] == "trains":
        rate = by_id(case, "rates")[by_id(case, "links")[row["id"]]["rate_id"]]
        each = rate["teu_per_train"], rate["t_per_train"]
    else:
        service = by_id(case, "services")[row["id"]]
        each = service["capacity_teu"], service["capacity_t"]
    # A service without declared places takes boxes as they come.
    return sum(
        part / room for part, room in zip((boxes, tonnes), each, strict=True) if part and room
    )


def room(case: Case, row: Row) -> float | None:
    """Capacity a year beside the background traffic; None where a timetable counts."""
    if row["kind"] == "service":
        headway = by_id(case, "services")[row["id"]]["headway_h"]
        return HOURS / headway if headway else None
    own = by_id(case, "links" if row["kind"] == "link" else "terminals")[row["id"]]
    unit = "trains_per_day" if row["unit"] == "trains" else f"{row['unit'].lower()}_per_year"
    left = own[f"capacity_{unit}"] - (own[f"background_{unit}"] or 0.0)
    return float(max(left, 0.0) * (DAYS if row["unit"] == "trains" else 1.0))


def test_loads_and_capacities_of_bottlenecks_follow_from_the_tables(
    case: Case, tables: dict[str, pl.DataFrame]
) -> None:
    at, counted = by_place(tables["loads"]), defaultdict[str, int](int)
    for row in tables["bottlenecks"].iter_rows(named=True):
        place = place_of(row)
        loads = at[place]
        assert row["load"] == pytest.approx(amount(case, row, loads), rel=1e-9, abs=1e-9), place
        capacity = room(case, row)
        if capacity is not None and row["capacity"] is not None:
            assert row["capacity"] == pytest.approx(capacity, rel=1e-9), place
            assert row["load"] <= capacity * (1.0 + 1e-9)
        counted[row["unit"]] += bool(loads)
    assert min(counted[unit] for unit in ("departures", "trains", "TEU", "t")) >= 5


def test_what_a_teu_pays_is_the_price_of_what_it_uses_in_the_mean(
    tables: dict[str, pl.DataFrame],
) -> None:
    at, units = by_place(tables["loads"]), set()
    for row in tables["bottlenecks"].filter(pl.col("price_usd") > 0.0).iter_rows(named=True):
        boxes = sum(load["teu"] for load in at[place_of(row)] if load["teu"] > 0.0)
        paid = row["price_usd"] * row["load"]
        assert row["price_usd_per_teu"] * boxes == pytest.approx(paid, rel=1e-6), row["id"]
        units.add(row["unit"])
    assert {"departures", "t"} <= units


def test_what_all_pay_for_room_is_what_the_room_earns(tables: dict[str, pl.DataFrame]) -> None:
    rows = tables["flow_itineraries"].filter(pl.col("alternative_id") != UNSERVED)
    paid = float((rows["teu"] * rows["price_usd_per_teu"]).sum())
    earned = float((tables["bottlenecks"]["price_usd"] * tables["bottlenecks"]["load"]).sum())
    # Ways of less than a TEU have no row.
    assert earned * 0.999 < paid <= earned * (1.0 + 1e-9)
