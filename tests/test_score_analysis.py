"""Tables of the stage ``score`` beside the scores: years, tags, importance, what weights do."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest

from indicator_tables import UNITS, write_scoreboard
from karvan.case import Case, read_case
from karvan.runs.assignment_tables import assignment_tables
from karvan.runs.itinerary_tables import itinerary_tables
from karvan.runs.score_tables import score_tables
from karvan.scoreboard import build
from karvan.scoreboard.importance import overlap_weights

ROUNDING = 1e-9
"""Sums of a few dozen products."""

Tables = Mapping[str, pl.DataFrame]


def nothing(share: float) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(scope="module")
def shipped() -> Tables:
    """Tables of the shipped case, without a run: its indicators of kind run have no data."""
    case = read_case("middle-corridor")
    return {**score_tables(case, nothing, empty(), 0), "indicators": case.table("indicators")}


def empty() -> dict[str, pl.DataFrame]:
    """Result tables of a run that found no way."""
    from karvan.case.results import result_frame

    return {name: result_frame(name, []) for name in ("itineraries", "legs", "bottlenecks")}


@pytest.fixture
def small(two_port: Path) -> Case:
    write_scoreboard(two_port)
    text = (two_port / UNITS).read_text(encoding="utf-8")
    head, first, *rest = text.splitlines()
    pair = read_case(two_port).table("pairs")["id"][0]
    (two_port / UNITS).write_text(
        "\n".join([f"{head},pair_id", f"{first},{pair}", *(f"{line}," for line in rest)]) + "\n",
        encoding="utf-8",
    )
    return read_case(two_port)


def with_cells(case: Case, name: str, **columns: pl.Expr) -> Case:
    rows = case.table(name).with_columns(**columns)
    return replace(case, tables=MappingProxyType({**case.tables, name: rows}))


# Weights that a reader moves


def recomputed(tables: Tables, unit: str, weight: Mapping[str, float]) -> float:
    """The index as a page computes it: cells, weights, mean of what is there, level by level."""
    cells = {
        row["indicator_id"]: row["normalised"]
        for row in tables["score_cells"].filter(pl.col("unit_id") == unit).iter_rows(named=True)
    }
    children: dict[str, list[str]] = {}
    for row in tables["indicators"].iter_rows(named=True):
        children.setdefault(row["parent_id"], []).append(row["id"])

    def score(element: str) -> float | None:
        if element not in children:
            return cells.get(element)
        there = [(weight[c], s) for c in children[element] if (s := score(c)) is not None]
        total = sum(w for w, _ in there)
        return sum(w * s for w, s in there) / total if total else None

    found = score(children[None][0])  # type: ignore[index]
    assert found is not None
    return found


def test_the_index_follows_from_cells_and_weights(shipped: Tables) -> None:
    weight = dict(shipped["indicators"].select("id", "weight").iter_rows())
    index = shipped["scores"].filter(pl.col("level") == "index").drop_nulls("score")
    assert index.height
    for unit, score in index.select("unit_id", "score").iter_rows():
        assert recomputed(shipped, unit, weight) == pytest.approx(score, rel=ROUNDING)


# Digital and green


def test_a_tag_is_the_mean_of_what_carries_it(shipped: Tables) -> None:
    cells = shipped["score_cells"].join(
        shipped["indicators"].select(indicator_id="id", digital="digital", green="green"),
        on="indicator_id",
    )
    assert set(shipped["score_tags"]["tag"]) == {"digital", "green"}
    for row in shipped["score_tags"].iter_rows(named=True):
        tagged = cells.filter(pl.col("unit_id") == row["unit_id"], pl.col(row["tag"]))
        known = tagged.drop_nulls("normalised")
        assert (row["indicators"], row["known"]) == (tagged.height, known.height)
        if row["score"] is None:
            assert row["reason"] == "below half"
            assert 2 * row["known"] < row["indicators"]
        else:
            assert row["score"] == pytest.approx(known["normalised"].mean(), rel=ROUNDING)
            assert row["score_low"] <= row["score_high"]


def test_the_framework_says_why_an_indicator_is_digital_or_green(shipped: Tables) -> None:
    tagged = shipped["indicators"].filter(pl.col("digital") | pl.col("green"))
    assert tagged.height
    assert tagged["tag_reason"].null_count() == 0
    assert shipped["indicators"]["tag_reason"].is_not_null().sum() == tagged.height


# Years


def test_years_have_one_scale_and_their_coverage(shipped: Tables) -> None:
    years = shipped["score_years"]
    assert years["year"].n_unique() > 2
    rows = years.filter(pl.col("element_id") == "trade", pl.col("unit_id") == "chn-aze")
    assert rows["year"].is_sorted()
    for row in years.iter_rows(named=True):
        assert row["observed"] <= row["known"] <= row["indicators"]
        if row["score"] is None:
            assert row["reason"]
        else:
            assert 2 * row["known"] >= row["indicators"] or row["level"] == "index"


def test_the_last_year_is_the_score_of_what_is_data(shipped: Tables) -> None:
    """Trade has no run indicator, so its panel ends with the score of the run."""
    last = shipped["score_years"].filter(
        pl.col("element_id") == "trade", pl.col("year") == pl.col("year").max()
    )
    now = shipped["scores"].filter(pl.col("element_id") == "trade")
    both = last.join(now, on="unit_id", suffix="_now")
    assert both.height == 11
    np.testing.assert_allclose(both["score"], both["score_now"], rtol=ROUNDING)


def test_parts_sum_to_the_change_of_a_score(shipped: Tables) -> None:
    scores = shipped["score_years"].select("unit_id", "element_id", "year", "score").drop_nulls()
    before = scores.with_columns(pl.col("year") + 1).rename({"score": "before"})
    parts = shipped["score_changes"].group_by("unit_id", "element_id", "year").agg(
        pl.col("contribution").sum()
    )  # fmt: skip
    levels = shipped["indicators"].filter(pl.col("level").is_in(["index", "pillar"]))["id"]
    keys = ["unit_id", "element_id", "year"]
    change = (
        scores.join(before, on=keys)
        .filter(pl.col("element_id").is_in(levels.implode()))
        .join(parts, on=keys, how="left")
        .with_columns(pl.col("contribution").fill_null(0.0))
    )
    assert change.height > 100
    gap = change["score"] - change["before"] - change["contribution"]
    assert gap.abs().max() < 1e-9  # type: ignore[operator]
    assert {"value", "coverage"} == set(shipped["score_changes"]["kind"])


# What the weights mean


def test_weights_and_importance_are_shares_of_siblings(shipped: Tables) -> None:
    by_parent = shipped["score_importance"].group_by("over", "parent_id").agg(
        pl.col("weight_share", "overlap_weight_share").sum(),
        pl.col("importance_share").sum().alias("importance"),
        pl.col("importance_share").null_count().alias("unknown"),
    )  # fmt: skip
    np.testing.assert_allclose(by_parent["weight_share"], 1.0, rtol=ROUNDING)
    np.testing.assert_allclose(by_parent["overlap_weight_share"], 1.0, rtol=ROUNDING)
    whole = by_parent.filter(pl.col("unknown") == 0)
    assert whole.height
    np.testing.assert_allclose(whole["importance"], 1.0, rtol=ROUNDING)


def test_adjusted_weights_say_whether_the_target_was_reached(shipped: Tables) -> None:
    asked = shipped["score_importance"].drop_nulls("target")
    assert set(asked["target"]) <= {"reached", "not reached", "too few data"}
    fitted = asked.filter(pl.col("target") == "reached")
    assert fitted["target_weight_share"].min() > 0  # type: ignore[operator]
    assert asked.filter(pl.col("target") == "too few data")["target_weight_share"].is_null().all()
    sums = fitted.group_by("over", "parent_id").agg(pl.col("target_weight_share").sum())
    np.testing.assert_allclose(sums["target_weight_share"], 1.0, rtol=ROUNDING)


def test_siblings_that_are_the_same_count_as_one() -> None:
    """Two of three pillars are equal and the third goes with neither: a quarter each and a half."""
    x = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    y = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    data = pl.DataFrame({"unit": [f"u{k}" for k in range(8)], "a": x, "b": x, "c": y})
    framework = pl.DataFrame(
        {
            "element": ["index", "a", "b", "c"],
            "parent": [None, "index", "index", "index"],
            "direction": [None, 1, 1, 1],
        }
    )
    board = build(data, framework, {"uncertainty": {"draws": 0}})
    share = dict(zip(board.framework.element, overlap_weights(board.chain).tolist(), strict=True))
    assert share["a"] == share["b"] == pytest.approx(0.25)
    assert share["c"] == pytest.approx(0.5)


def test_other_weights_of_the_pillars_give_other_indexes(shipped: Tables) -> None:
    found = shipped["score_weightings"]
    index = shipped["scores"].filter(pl.col("level") == "index").drop_nulls("score")
    if index.height < 1:
        assert found.is_empty()
        return
    nominal = found.filter(pl.col("weighting") == "nominal").join(index, on="unit_id")
    np.testing.assert_allclose(nominal["score"], nominal["score_right"], rtol=ROUNDING)
    assert (nominal["rank_change"] == 0).all()


def test_leaving_an_element_out_moves_what_stands_on_it(shipped: Tables) -> None:
    found = shipped["score_removals"]
    cells = shipped["score_cells"]
    scores = {(r["unit_id"], r["element_id"]): r["score"] for r in shipped["scores"].to_dicts()}
    one = found.filter(pl.col("element_id") == "trade", pl.col("removed_id") == "trade-flows")
    assert one.height == 11
    for row in one.iter_rows(named=True):
        rest = cells.filter(
            pl.col("unit_id") == row["unit_id"],
            pl.col("indicator_id").is_in(
                shipped["indicators"]
                .filter(pl.col("parent_id").is_in(["trade-openness", "trade-investment"]))["id"]
                .implode()
            ),
        ).drop_nulls("normalised").join(
            shipped["indicators"].select(indicator_id="id", parent="parent_id"), on="indicator_id"
        )  # fmt: skip
        means = rest.group_by("parent").agg(pl.col("normalised").mean())["normalised"]
        assert row["score"] == pytest.approx(means.mean(), rel=ROUNDING)
        before = scores[row["unit_id"], "trade"]
        assert row["score_change"] == pytest.approx(row["score"] - before, abs=1e-9)


# Ranks


def test_shares_of_ranks_sum_to_one_and_hold_the_interval(shipped: Tables) -> None:
    scores = {(r["element_id"], r["unit_id"]): r for r in shipped["scores"].to_dicts()}
    for (element, unit), rows in shipped["score_ranks"].group_by("element_id", "unit_id"):
        rows = rows.sort("rank")
        np.testing.assert_allclose(rows["draws_share"].cum_sum(), rows["at_most_share"])
        assert rows["at_most_share"][-1] == 1.0
        row = scores[str(element), str(unit)]
        inside = rows.filter(pl.col("rank").is_between(row["rank_low"], row["rank_high"]))
        assert inside["draws_share"].sum() >= 0.9


def test_no_two_pairs_of_a_tie_are_told_apart(shipped: Tables) -> None:
    chance = {
        (r["element_id"], r["unit_id"], r["other_unit_id"]): r["above_share"]
        for r in shipped["score_chances"].to_dicts()
    }
    ties = shipped["score_ties"]
    ranked = shipped["scores"].drop_nulls("rank").select("element_id", "unit_id")
    assert set(ties.select("element_id", "unit_id").iter_rows()) == set(ranked.iter_rows())
    for (element, _), group in ties.group_by("element_id", "tie"):
        units = group["unit_id"].to_list()
        assert group["units"].to_list() == [len(units)] * len(units)
        for a in units:
            for b in units:
                assert a == b or chance[str(element), a, b] <= 0.95


def test_each_pair_has_its_own_sensitivity(shipped: Tables) -> None:
    found = shipped["score_unit_sensitivity"]
    ranked = shipped["scores"].drop_nulls("rank").select("element_id", "unit_id")
    assert set(found.select("element_id", "unit_id").iter_rows()) == set(ranked.iter_rows())
    assert set(found["factor"]) <= {"aggregation", "weights", "imputation draws"}
    known = found.drop_nulls("total")
    assert (known["total_low"] <= known["total_high"]).all()


# Cases with little


def test_a_case_without_tags_has_no_sub_scores(small: Case) -> None:
    tables = score_tables(small, nothing, earlier(small), 0)
    assert tables["score_tags"].is_empty()


def test_a_case_whose_indicators_are_all_computed_has_no_years(small: Case) -> None:
    only_run = with_cells(small, "indicators", kind=pl.when(pl.col("kind") == "data").then(
        pl.lit("run")).otherwise(pl.col("kind")), quantity=pl.when(
        pl.col("level") == "indicator").then(pl.lit("mean_h")))  # fmt: skip
    tables = score_tables(only_run, nothing, earlier(only_run), 0)
    assert tables["score_years"].is_empty()
    assert tables["score_changes"].is_empty()


def earlier(case: Case) -> dict[str, pl.DataFrame]:
    return {**itinerary_tables(case, nothing), **assignment_tables(case, nothing)}


def test_a_pillar_and_an_indicator_without_weight_are_scored_around() -> None:
    case = read_case("middle-corridor")
    idle = pl.col("id").is_in(["finance", "trade-flows", "internet-users"])
    case = with_cells(case, "indicators", weight=pl.when(idle).then(0.0).otherwise("weight"))
    tables = {
        **score_tables(case, nothing, empty(), 0),
        "indicators": case.table("indicators"),
    }
    weight = dict(case.table("indicators").select("id", "weight").iter_rows())
    index = tables["scores"].filter(pl.col("level") == "index").drop_nulls("score")
    for unit, score in index.select("unit_id", "score").iter_rows():
        assert recomputed(tables, unit, weight) == pytest.approx(score, rel=ROUNDING)
    asked = tables["score_importance"].filter(pl.col("parent_id").is_in(["five-pillars", "trade"]))
    assert asked["target"].null_count() == asked.height
