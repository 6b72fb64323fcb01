"""What changed between the flows of two runs."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from flow_tables import bottleneck, carried, flow_results
from karvan.case.results import Results
from karvan.report import flow_terminal
from karvan.report.flow_words import demand_change, demand_lines, flow_names
from karvan.report.language import Texts
from karvan.runs.compare_flows import FlowComparison, compare_flows

NORTH = carried("boxes", "north", 100.0, 1000.0, 48.0)


def test_alternatives_are_compared_the_largest_change_first(tmp_path: Path) -> None:
    before = flow_results(
        tmp_path / "a",
        [
            NORTH,
            carried("grain", "north", 300.0, 4500.0, 96.0),
            carried("boxes", "south", 10.0, 90.0, 24.0),
        ],
        [],
    )
    after = flow_results(tmp_path / "b", [NORTH, carried("boxes", "south", 60.0, 540.0, 24.0)], [])
    south, north = compare_flows(before, after).alternatives
    assert (south.alternative_id, south.before.teu, south.after.teu) == ("south", 10.0, 60.0)
    # Loose cargo is counted in tonnes alone.
    assert (north.before.teu, north.before.loose_t) == (100.0, 4500.0)
    assert (north.after.teu, north.after.loose_t) == (100.0, 0.0)
    assert north.before.mean_h == pytest.approx((100.0 * 48.0 + 300.0 * 96.0) / 400.0)


def test_equal_flows_differ_in_nothing(tmp_path: Path) -> None:
    runs = [flow_results(tmp_path / n, [NORTH], [bottleneck("boat", 5.0)]) for n in "ab"]
    found = compare_flows(*runs)
    assert (found.alternatives, found.bottlenecks) == ((), ())


def test_bottlenecks_appear_vanish_and_change_their_price(tmp_path: Path) -> None:
    before = [
        bottleneck("boat", 100.0),
        bottleneck("train", 20.0),
        bottleneck("line", 0.2, kind="link", unit="trains"),
    ]
    after = [
        bottleneck("boat", 0.0),
        bottleneck("train", 50.0),
        bottleneck("line", 70.0, kind="link", unit="trains"),
    ]
    runs = [flow_results(tmp_path / n, [NORTH], rows) for n, rows in (("a", before), ("b", after))]
    moved = [(one.key[1], one.kind, one.change) for one in compare_flows(*runs).bottlenecks]
    assert moved == [
        ("boat", "vanished", -100.0),
        ("line", "appeared", pytest.approx(69.8)),
        ("train", "price changed", 30.0),
    ]


def test_a_price_that_is_rounding_in_both_runs_is_no_bottleneck(tmp_path: Path) -> None:
    before = flow_results(tmp_path / "a", [NORTH], [bottleneck("boat", 0.2)])
    after = flow_results(tmp_path / "b", [NORTH], [bottleneck("boat", 0.6)])
    assert compare_flows(before, after).bottlenecks == ()


def test_the_terminal_shows_both_runs_in_words(tmp_path: Path) -> None:
    before = flow_results(tmp_path / "a", [NORTH], [bottleneck("boat", 100.0)])
    after = flow_results(
        tmp_path / "b", [carried("boxes", "north", 250.0, 2500.0, 72.0)], [bottleneck("boat", 0.0)]
    )
    found = compare_flows(before, after)
    text = in_words(found, after)
    assert "100 → 250 (+150)" in text
    assert "2.0 → 3.0 (+1.0)" in text
    assert "Boat (Aport → Beport)" in text
    assert "vanished" in text
    assert "100 → 0 (-100)" in text


def test_the_terminal_shows_all_flows_together(tmp_path: Path) -> None:
    runs = [flow_results(tmp_path / name, [NORTH], []) for name in "ab"]
    found = compare_flows(*runs)
    figures = {
        "t": 1000.0,
        "teu": 100.0,
        "unserved_teu": 3.0,
        "mean_h": 48.0,
        "mean_cost_usd_per_teu": 1000.0,
        "co2e_t": 50.0,
    }
    after = {**figures, "t": 1500.0, "mean_h": 36.0, "co2e_t": 50.0}
    found = replace(found, before=figures, after=after)
    text = in_words(found, runs[1])
    rows = [line.split("│")[1:-1] for line in text.splitlines() if "│" in line]
    cells = {name.strip(): [cell.strip() for cell in row] for name, *row in rows}
    assert cells["t a year"] == ["1,000", "1,500", "+500", "+50.0"]
    assert cells["days, mean"] == ["2.0", "1.5", "-0.5", "-25.0"]
    assert cells["t CO2e a year"] == ["50", "50", "0", "0.0"]
    assert cells["beside them, not served"][:2] == ["3", "3"]
    assert "of these without room at any price" not in cells


def test_the_terminal_shows_what_lacks_room_in_one_run_at_least(tmp_path: Path) -> None:
    runs = [
        flow_results(tmp_path / name, [NORTH], [], left_over_teu=left)
        for name, left in (("a", 0.0), ("b", 40.0))
    ]
    lines = in_words(compare_flows(*runs), runs[1]).splitlines()
    (row,) = (line for line in lines if "of these without room at any price" in line)
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["0", "40", "+40", "–"]


def test_the_terminal_says_which_run_did_not_converge(tmp_path: Path) -> None:
    said = "The computation did not reach its tolerance: read the flows as approximate."
    runs = [
        flow_results(tmp_path / name, [NORTH], [], converged=name != "a", left_over_teu=0.0)
        for name in "abc"
    ]
    lines = in_words(compare_flows(*runs[:2]), runs[1]).splitlines()
    assert [line.strip() for line in lines if said in line] == [f"a: {said}"]
    assert said not in in_words(compare_flows(*runs[1:]), runs[1])


def in_words(found: FlowComparison, after: Results) -> str:
    """A comparison as the terminal shows it."""
    screen = Console(file=StringIO(), width=200, color_system=None)
    names = flow_names(after.table, Texts("en"))
    screen.print(flow_terminal.comparison(found, names, ("a", "b"), 5))
    return str(screen.file.getvalue())  # type: ignore[attr-defined]


def test_the_summary_of_a_run_names_the_main_alternative_and_three_bottlenecks(
    tmp_path: Path,
) -> None:
    rows = [
        bottleneck("boat", 9.0, 2_500_000.0),
        bottleneck("train", 9.0, 40_000.0),
        bottleneck("line", 9.0, 9e6, kind="link", unit="trains", step=365.0),
        bottleneck("east", 9.0, 30_000.0, kind="terminal", unit="TEU", step=1000.0),
        bottleneck("west", 9.0, -2.0, kind="terminal", unit="t", step=10_000.0),
    ]
    run = flow_results(tmp_path, [NORTH, carried("grain", "north", 30.0, 450.0, 96.0)], rows)
    main, dearest = flow_terminal.summary(run, Texts("en"))
    assert main == "North: 100 TEU in containers, 450 t of loose cargo a year"
    assert dearest == (
        "bottlenecks: Aport → Beport (rail): one more train a day is worth 9 million USD a year; "
        "Boat (Aport → Beport): one more sailing a week is worth 2.5 million USD a year; "
        "Train (Aport → Beport): one more train a week is worth 40,000 USD a year"
    )


def test_demand_of_another_year_than_the_network_is_named(tmp_path: Path) -> None:
    run = flow_results(tmp_path, [NORTH], [])
    assert demand_lines(run.table, 2024, Texts("en")) == []
    later = replace(run, manifest={**run.manifest, "year": 2030})
    note = "The case knows no demand of 2030: that of 2024 moves on the network of 2030."
    assert demand_lines(run.table, 2030, Texts("en")) == [note]
    assert note in flow_terminal.summary(later, Texts("en"))


def test_a_comparison_says_of_which_years_the_demand_is(tmp_path: Path) -> None:
    before, same = (flow_results(tmp_path / name, [NORTH], []) for name in "ab")
    row = before.table("assignment").with_columns(flows_year=pl.lit(2025))
    texts = Texts("en")
    assert demand_change(before.table, same.table, texts) == [
        "Demand is that of 2024 before and after."
    ]
    assert demand_change(before.table, {"assignment": row}.__getitem__, texts) == [
        "Demand is that of 2024 before and of 2025 after: what changes is due to both, demand "
        "and measures."
    ]
    empty = {"assignment": row.clear()}.__getitem__
    assert demand_change(before.table, empty, texts) == []


def test_a_run_without_flows_has_no_summary(tmp_path: Path) -> None:
    assert flow_terminal.summary(flow_results(tmp_path, [], []), Texts("en")) == []
