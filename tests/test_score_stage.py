"""Stage ``score``: the five pillars of a case, from its data and from what the run computes."""

from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from indicator_tables import LANGUAGES, UNITS, write_scoreboard
from karvan.case import Case, read_case
from karvan.case.model import resolve
from karvan.case.results import result_frame
from karvan.report import pillar_terminal
from karvan.report.language import Texts
from karvan.runs import run
from karvan.runs.assignment_tables import assignment_tables
from karvan.runs.compare_scores import compare_scores
from karvan.runs.itinerary_tables import itinerary_tables
from karvan.runs.score_board import board_again, interval_of, none
from karvan.runs.score_cells import cells_of, counts_of, scales_of
from karvan.runs.score_tables import TABLES, score_tables

ROUNDING = 1e-9
"""Sums of a few dozen products."""

Tables = Mapping[str, pl.DataFrame]


def nothing(share: float) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def scored(two_port: Path) -> Case:
    """Two pairs: a has trade, people and an itinerary, b has trade and people."""
    write_scoreboard(two_port)
    text = (two_port / UNITS).read_text(encoding="utf-8")
    head, first, *rest = text.splitlines()
    pair = read_case(two_port).table("pairs")["id"][0]
    (two_port / UNITS).write_text(
        "\n".join([f"{head},pair_id", f"{first},{pair}", *(f"{line}," for line in rest)]) + "\n",
        encoding="utf-8",
    )
    return read_case(two_port)


def earlier(case: Case) -> dict[str, pl.DataFrame]:
    return {**itinerary_tables(case, nothing), **assignment_tables(case, nothing)}


def tables_of(case: Case, seed: int = 0) -> Tables:
    return score_tables(case, nothing, earlier(case), seed)


def one(table: pl.DataFrame, **keys: str) -> dict[str, object]:
    return table.row(
        by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in keys.items()), named=True
    )


def with_rows(case: Case, table: str, rows: pl.DataFrame) -> Case:
    return replace(case, tables=MappingProxyType({**case.tables, table: rows}))


def with_scale(case: Case, name: str, low: float, high: float) -> Case:
    """The case with goalposts of one indicator."""
    here = pl.col("id") == name
    rows = case.table("indicators").with_columns(
        pl.when(here).then(low).otherwise("goalpost_low").alias("goalpost_low"),
        pl.when(here).then(high).otherwise("goalpost_high").alias("goalpost_high"),
    )
    return with_rows(case, "indicators", rows)


def test_a_case_without_a_scoreboard_has_empty_tables(two_port_case: Case) -> None:
    found = score_tables(two_port_case, nothing, {}, 0)
    assert set(found) == set(TABLES)
    assert all(table.is_empty() for table in found.values())


def test_a_run_writes_the_tables_of_the_stage(scored: Case, tmp_path: Path) -> None:
    results = run(scored, tmp_path / "r", seed=4)
    again = tables_of(scored, seed=4)
    for name in TABLES:
        assert results.table(name).equals(again[name]), name


def test_cells_say_how_each_value_is_known(scored: Case) -> None:
    found = tables_of(scored)["score_cells"]
    status = {
        (r["unit_id"], r["indicator_id"]): (r["status"], r["value_year"]) for r in found.to_dicts()
    }
    assert status == {
        ("a", "turnover"): ("imputed", 2023),
        ("b", "turnover"): ("imputed", 2022),
        ("a", "days"): ("run", 2024),
        ("b", "days"): ("no data", None),
        ("a", "visits"): ("imputed", 2023),
        ("b", "visits"): ("imputed", 2023),
    }
    assert one(found, unit_id="b", indicator_id="days")["value"] is None
    assert one(found, unit_id="a", indicator_id="turnover")["source_id"] == "example"


def test_a_value_older_than_ten_years_is_no_data(scored: Case) -> None:
    old = scored.table("indicator_values").with_columns(
        pl.when(pl.col("id") == "turnover.a").then(2013).otherwise("year").alias("year")
    )
    found = tables_of(with_rows(scored, "indicator_values", old))["score_cells"]
    assert one(found, unit_id="a", indicator_id="turnover")["status"] == "no data"


def test_a_value_after_the_base_year_is_not_used(scored: Case) -> None:
    later = scored.table("indicator_values").with_columns(
        pl.when(pl.col("id") == "turnover.a").then(2025).otherwise("year").alias("year")
    )
    found = tables_of(with_rows(scored, "indicator_values", later))["score_cells"]
    assert one(found, unit_id="a", indicator_id="turnover")["status"] == "no data"


def test_one_value_without_goalposts_has_no_scale_and_no_score(scored: Case) -> None:
    found = tables_of(scored)
    cell = one(found["score_cells"], unit_id="a", indicator_id="days")
    assert cell["scale_low"] is None
    assert cell["normalised"] is None
    assert found["scoreboard"]["without_scale"].to_list() == ["days"]
    scaled = tables_of(with_scale(scored, "days", 0.0, 1000.0))
    cell = one(scaled["score_cells"], unit_id="a", indicator_id="days")
    assert cell["normalised"] == pytest.approx(100.0 * (1.0 - cell["value"] / 1000.0), rel=ROUNDING)  # type: ignore[operator]
    assert cell["treated"] is False


def test_a_value_beyond_its_scale_counts_as_its_end_and_says_so(scored: Case) -> None:
    cell = one(
        tables_of(with_scale(scored, "days", 0.0, 1.0))["score_cells"],
        unit_id="a",
        indicator_id="days",
    )
    assert cell["treated"] is True
    assert cell["normalised"] == 0.0


def test_a_pillar_below_half_has_no_score_and_says_why(scored: Case) -> None:
    # b keeps one of three indicators of trade once trade has two more that are not known.
    extra = scored.table("indicators").filter(pl.col("id") == "turnover")
    more = pl.concat(
        [
            scored.table("indicators"),
            *(extra.with_columns(pl.lit(name).alias("id")) for name in ("x", "y")),
        ]
    )
    found = tables_of(with_rows(scored, "indicators", more))
    row = one(found["scores"], unit_id="b", element_id="trade")
    assert (row["known"], row["indicators"], row["score"]) == (1, 4, None)
    assert row["reason"] == "below half"
    assert row["coverage_share"] == 0.25
    index = one(found["scores"], unit_id="b", element_id="top")
    assert (index["score"], index["reason"]) == (None, "pillar without score")
    people = one(found["scores"], unit_id="b", element_id="people")
    assert people["score"] is not None
    assert people["reason"] is None


def test_a_pillar_is_the_weighted_sum_of_its_indicators(scored: Case) -> None:
    found = tables_of(with_scale(scored, "days", 0.0, 1000.0))
    cells = found["score_cells"].filter(pl.col("weight_share").is_not_null())
    for unit, pillar, leaves in (("a", "trade", ["turnover", "days"]), ("b", "people", ["visits"])):
        own = cells.filter(pl.col("unit_id") == unit, pl.col("indicator_id").is_in(leaves))
        total = float((own["weight_share"] * own["normalised"]).sum())
        score = one(found["scores"], unit_id=unit, element_id=pillar)["score"]
        assert score == pytest.approx(total, rel=ROUNDING)
        assert float(own["weight_share"].sum()) == pytest.approx(1.0, rel=ROUNDING)


def test_intervals_hold_what_they_say_and_chances_add_up(scored: Case) -> None:
    found = tables_of(with_scale(scored, "days", 0.0, 1000.0))
    scores = found["scores"].drop_nulls("score")
    assert (scores["score_low"] <= scores["score_high"]).all()
    chances = found["score_chances"].filter(pl.col("element_id") == "people")
    both = dict(zip(chances["unit_id"], chances["above_share"], strict=True))
    assert 0.0 < both["a"] + both["b"] <= 1.0


def test_a_measure_moves_the_indicators_of_the_run_and_no_others(scored: Case) -> None:
    before = with_scale(scored, "days", 0.0, 2000.0)
    after = resolve(before, scenario="daily-2030")
    old, new = tables_of(before), tables_of(after)
    joined = old["score_cells"].join(
        new["score_cells"], on=["unit_id", "indicator_id"], suffix="_new"
    )
    moved = joined.filter(pl.col("value").ne_missing(pl.col("value_new")))
    assert moved.select("unit_id", "indicator_id").rows() == [("a", "days")]
    assert new["scores"]["year"].unique().to_list() == [before.settings.base_year]
    better = [one(t["scores"], unit_id="a", element_id="trade")["score"] for t in (old, new)]
    assert better[1] > better[0]  # type: ignore[operator]


def test_the_seed_decides_the_draws_and_nothing_else(scored: Case) -> None:
    one_seed, same, other = (tables_of(scored, seed)["scores"] for seed in (1, 1, 2))
    assert one_seed.equals(same)
    assert one_seed["score"].equals(other["score"])
    assert not one_seed["score_low"].equals(other["score_low"])


def test_the_order_of_pairs_changes_no_score(scored: Case) -> None:
    turned = with_rows(scored, "units", scored.table("units").reverse())
    keys = ["unit_id", "element_id"]
    old, new = (tables_of(case)["scores"].sort(keys) for case in (scored, turned))
    np.testing.assert_allclose(
        old["score"].to_numpy(), new["score"].to_numpy(), rtol=ROUNDING, equal_nan=True
    )


def test_a_scoreboard_without_any_data_says_so_pair_by_pair(scored: Case) -> None:
    empty = with_rows(scored, "indicator_values", scored.table("indicator_values").clear())
    found = tables_of(empty)["scores"]
    assert found["score"].null_count() == found.height
    assert found.filter(pl.col("level") == "pillar")["reason"].unique().to_list() == ["below half"]


def test_the_shipped_case_scores_what_has_half_of_its_data(middle_corridor: Case) -> None:
    """Without itineraries Azerbaijan's facilities are 5 of 12."""
    none = {name: result_frame(name, []) for name in ("itineraries", "legs", "bottlenecks")}
    cells, panel = cells_of(middle_corridor, none)
    framework, units = middle_corridor.table("indicators"), middle_corridor.table("units")["id"]
    counts = counts_of(framework, units, cells, scales_of(middle_corridor, cells, panel))
    pillars = ("policy", "facilities", "trade", "finance", "people")
    short = {p: {u for (u, e), c in counts.items() if e == p and not c.enough} for p in pillars}
    assert short["trade"] == set()
    assert "chn-aze" in short["facilities"]
    assert len(short["people"]) == 8


# Two runs


def test_compare_names_the_pillar_and_the_indicator_that_moved(
    scored: Case, tmp_path: Path
) -> None:
    case = with_scale(scored, "days", 0.0, 2000.0)
    before = run(case, tmp_path / "a")
    after = run(resolve(case, scenario="daily-2030"), tmp_path / "b")
    changes = {(c.unit_id, c.element_id): c for c in compare_scores(before, after)}
    assert set(changes) == {("a", "trade"), ("a", "top")}
    trade, top = changes["a", "trade"], changes["a", "top"]
    assert [part.element_id for part in trade.parts] == ["days"]
    assert [part.element_id for part in top.parts] == ["trade"]
    for change in (trade, top):
        assert sum(part.points for part in change.parts) == pytest.approx(change.points)
        assert change.low is not None
        assert change.high is not None
        assert change.low <= change.high
        assert change.beyond_noise == (change.low > 0 or change.high < 0)


def test_a_run_is_drawn_again_from_its_tables(scored: Case, tmp_path: Path) -> None:
    case = with_scale(scored, "days", 0.0, 2000.0)
    results = run(case, tmp_path / "a", seed=3)
    again = board_again(results, 3)
    assert again is not None
    low, high = interval_of(again.draws)
    for row in results.table("scores").iter_rows(named=True):
        at = again.units.index(row["unit_id"]), again.elements.index(row["element_id"])
        for found, name in ((again.score, "score"), (low, "score_low"), (high, "score_high")):
            assert none(found[at]) == row[name]


def test_what_both_runs_draw_alike_is_no_noise(scored: Case, tmp_path: Path) -> None:
    """The change of the one indicator that differs is sure though the interval of the score is not.

    The change is below the width of the interval of the old score, whose weights and carried
    values both runs share.
    """
    case = with_scale(scored, "days", 0.0, 20000.0)
    before = run(case, tmp_path / "a")
    after = run(resolve(case, scenario="daily-2030"), tmp_path / "b", seed=5)
    trade = next(c for c in compare_scores(before, after) if c.element_id == "trade")
    assert trade.points is not None
    assert trade.before["score_low"] < trade.after["score"] < trade.before["score_high"]
    assert trade.beyond_noise
    assert trade.low is not None
    assert trade.high is not None
    assert trade.high - trade.low < trade.before["score_high"] - trade.before["score_low"]


def test_a_run_beside_itself_moves_no_pillar(scored: Case, tmp_path: Path) -> None:
    same = run(scored, tmp_path / "a")
    assert compare_scores(same, same) == ()


def shown(thing: object) -> str:
    console = Console(width=240, file=StringIO())
    console.print(thing)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


MODEL_ERROR = (
    "The error of the model itself is not drawn: more than noise says that the direction holds"
    " within the model, not how well the model meets the world."
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terminal_says_pillars_with_coverage(
    language: str, scored: Case, tmp_path: Path
) -> None:
    case = with_scale(scored, "days", 0.0, 2000.0)
    before = run(case, tmp_path / "a")
    after = run(resolve(case, scenario="daily-2030"), tmp_path / "b")
    texts = Texts(language)
    (line,) = pillar_terminal.summary(before, texts)
    known = texts("{known} of {all}").format(known=2, all=2)
    assert "trade" in line
    assert known in line
    table = pillar_terminal.comparison(
        compare_scores(before, after),
        {"a": "A"},
        {n: n for n in ("trade", "top", "days")},
        texts,
        9,
    )
    assert texts("more than noise") in shown(table)
    assert "days +" in shown(table)
    assert texts(MODEL_ERROR)[:20] in shown(table)


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (2.94, "+2.9"),
        (-0.13, "-0.1"),
        (0.04, "+0.04"),
        (-0.031, "-0.03"),
        (-0.002, "0.0"),
        (0, "0.0"),
    ],
)
def test_a_change_near_zero_has_the_digits_that_show_it(points: float, text: str) -> None:
    assert pillar_terminal.signed(points, Texts("en")) == text


def test_the_terminal_says_where_there_is_no_scoreboard(
    two_port_case: Case, tmp_path: Path
) -> None:
    lines = pillar_terminal.summary(run(two_port_case, tmp_path / "r"), Texts("en"))
    assert lines == ["No scores of the pillars: the case has no scoreboard."]
