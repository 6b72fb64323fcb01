"""What changed between two runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from karvan import schema
from karvan.case import Case
from karvan.errors import ResultsError
from karvan.runs import run
from karvan.runs.compare import (
    SMALLEST_RELATIVE_CHANGE,
    CellChange,
    PairChange,
    TableChange,
    compare,
    differs,
)
from results_by_hand import results


def skim(origin: str, destination: str, time_h: float, cost: float = 100.0) -> dict[str, Any]:
    return {
        "origin": origin,
        "destination": destination,
        "time_h": time_h,
        "cost_usd_per_teu": cost,
        "co2e_kg_per_teu": 10.0,
    }


def itinerary(pair: str, rank: int, mean_h: float) -> dict[str, Any]:
    zeros = {c.name: 0 for c in schema.result_tables()["itineraries"] if c.type != "text"}
    words = {c.name: "x" for c in schema.result_tables()["itineraries"] if c.type == "text"}
    return {**zeros, **words, "pair_id": pair, "rank": rank, "mean_h": mean_h}


def link(name: str, state: Mapping[str, Any]) -> dict[str, Any]:
    empty = {c.name: None for c in schema.result_tables()["network_links"]}
    return {**empty, "id": name, **state}


def test_equal_runs_differ_in_nothing(tmp_path: Path) -> None:
    rows = [skim("a", "b", 1.0), skim("b", "a", 2.0)]
    one = results(tmp_path / "1", skims=rows, itineraries=[itinerary("p", 1, 10.0)])
    two = results(tmp_path / "2", skims=rows[::-1], itineraries=[itinerary("p", 1, 10.0)])
    found = compare(one, two)
    assert found.tables == ()
    assert found.cells == ()
    assert found.pairs == ()


def test_rows_that_are_draws_or_named_by_ranks_are_no_differences(tmp_path: Path) -> None:
    rows = {
        "simulated_replications": {"replication": 0, "journey_id": "a-b-box-1", "mean_h": 9.0},
        "simulated_movements": {"vehicle": "ferry 1", "leg": 1, "kind": "vessel"},
        "simulated_journeys": {"journey_id": "a-b-box-1", "mean_h": 9.0},
    }
    full = {name: [whole_row(name) | row] for name, row in rows.items()}
    found = compare(results(tmp_path / "1", **full), results(tmp_path / "2", skims=[]))
    assert found.tables == ()
    busy = whole_row("simulated_resources")
    found = compare(
        results(tmp_path / "3", simulated_resources=[busy]),
        results(tmp_path / "4", simulated_resources=[busy | {"busy_share": 0.5}]),
    )
    assert found.tables == (TableChange("simulated_resources", added=0, removed=0, changed=1),)


def whole_row(table: str) -> dict[str, Any]:
    """A row of a table with something in every column."""
    return {c.name: "x" if c.type == "text" else 0 for c in schema.result_tables()[table]}


def test_rows_added_removed_and_changed_are_counted_by_key(tmp_path: Path) -> None:
    one = results(tmp_path / "1", skims=[skim("a", "b", 1.0), skim("a", "c", 2.0)])
    two = results(
        tmp_path / "2",
        skims=[skim("a", "c", 3.0, cost=50.0), skim("c", "a", 1.0), skim("c", "b", 1.0)],
    )
    found = compare(one, two)
    assert found.tables == (TableChange("skims", added=2, removed=1, changed=1),)
    assert found.cells == (
        CellChange("skims", ("a", "c"), "cost_usd_per_teu", "USD/TEU", 100.0, 50.0),
        CellChange("skims", ("a", "c"), "time_h", "h", 2.0, 3.0),
    )
    assert [cell.relative for cell in found.cells] == [0.5, 0.5]


def test_the_largest_relative_change_comes_first(tmp_path: Path) -> None:
    before = [skim("a", "b", 1000.0), skim("a", "c", 1.0), skim("a", "d", 0.0)]
    after = [skim("a", "b", 1100.0), skim("a", "c", 3.0), skim("a", "d", 0.1)]
    found = compare(results(tmp_path / "1", skims=before), results(tmp_path / "2", skims=after))
    # A change from zero has no relative size: it comes after those that have one.
    assert [cell.key[1] for cell in found.cells] == ["c", "b", "d"]
    assert [cell.relative for cell in found.cells] == [2.0, pytest.approx(0.1), float("inf")]


def test_words_and_empty_cells_are_compared_too(tmp_path: Path) -> None:
    one = results(tmp_path / "1", network_links=[link("l", {"mode": "rail", "length_km": None})])
    two = results(tmp_path / "2", network_links=[link("l", {"mode": "road", "length_km": 5.0})])
    cells = {cell.column: cell for cell in compare(one, two).cells}
    assert set(cells) == {"mode", "length_km"}
    assert (cells["mode"].before, cells["mode"].after, cells["mode"].relative) == (
        "rail", "road", 0.0,
    )  # fmt: skip
    assert cells["length_km"].before is None
    assert cells["length_km"].relative == 0.0


def test_the_recommended_itineraries_are_compared_by_pair(tmp_path: Path) -> None:
    one = results(
        tmp_path / "1",
        itineraries=[
            itinerary("same", 1, 10.0),
            itinerary("slower", 1, 10.0),
            itinerary("gone", 1, 10.0),
            itinerary("second", 1, 10.0),
            itinerary("second", 2, 11.0),
        ],
    )
    two = results(
        tmp_path / "2",
        itineraries=[
            itinerary("same", 1, 10.0),
            itinerary("slower", 1, 12.0),
            itinerary("new", 1, 10.0),
            itinerary("second", 1, 10.0),
            itinerary("second", 2, 99.0),
        ],
    )
    pairs: dict[str, PairChange] = {pair.pair_id: pair for pair in compare(one, two).pairs}
    assert list(pairs) == ["slower", "gone", "new"]
    assert pairs["gone"].after is None
    assert pairs["new"].before is None
    slower = pairs["slower"]
    assert slower.before is not None
    assert slower.after is not None
    assert (slower.before["mean_h"], slower.after["mean_h"]) == (10.0, 12.0)


@pytest.mark.parametrize("value", [1e-6, 1.0, -37.5, 1e9])
def test_rounding_is_no_difference(value: float) -> None:
    assert not differs(value, value * (1.0 + 0.5 * SMALLEST_RELATIVE_CHANGE))
    assert differs(value, value * (1.0 + 2.0 * SMALLEST_RELATIVE_CHANGE))
    assert not differs(0.0, -0.0)
    assert differs(value, None)
    assert differs(0.0, value)


def test_a_run_without_a_table_is_refused(tmp_path: Path) -> None:
    one, two = results(tmp_path / "1"), results(tmp_path / "2")
    (two.root / "tables" / "skims.parquet").unlink()
    with pytest.raises(ResultsError, match="no table 'skims'"):
        compare(one, two)


@pytest.mark.case
def test_the_daily_ferry_shortens_the_way(two_port_case: Case, tmp_path: Path) -> None:
    base = run(two_port_case, tmp_path / "base")
    daily = run(two_port_case.with_scenario("daily-2030"), tmp_path / "daily")
    found = compare(base, daily)
    assert [pair.pair_id for pair in found.pairs] == ["east-west", "west-east"]
    # Tuesday and Friday: gaps of 72 and 96 h, mean wait (72^2 + 96^2) / (2 * 168); daily: 12 h.
    saved = (72**2 + 96**2) / (2 * 168) - 12
    for pair in found.pairs:
        assert pair.before is not None
        assert pair.after is not None
        assert pair.before["mean_h"] - pair.after["mean_h"] == pytest.approx(saved)
        assert pair.after["p90_h"] < pair.before["p90_h"]
        assert pair.after["km"] == pair.before["km"]
        assert pair.after["cost_usd_per_teu"] == pair.before["cost_usd_per_teu"]
    changed = {change.table: change for change in found.tables}
    # The case has other flows for 2030; all else is in both.
    other = {
        change.table
        for change in found.tables
        if (change.added or change.removed) and not change.table.startswith("simulat")
    }
    assert other == {"assignment", "flow_itineraries"}
    # All ways but those within one shore cross the sea.
    assert changed["skims"].changed == 2 * (2 * 2)
    waits = [c for c in found.cells if c.table == "legs" and c.column == "wait_h"]
    assert {c.key[0] for c in waits} == {"east-west", "west-east"}
    back = compare(daily, base)
    assert {(c.table, c.key, c.column) for c in back.cells} == {
        (c.table, c.key, c.column) for c in found.cells
    }
