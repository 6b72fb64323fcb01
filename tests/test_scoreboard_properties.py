"""What holds for any scoreboard."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from karvan.scoreboard import build, read_data, read_framework
from karvan.scoreboard.aggregate import MONOTONE, aggregate, weighted_mean
from karvan.scoreboard.chain import run_chain
from karvan.scoreboard.decompose import decompose
from karvan.scoreboard.read_config import read_config
from karvan.scoreboard.settings import Aggregate
from karvan.scoreboard.space import dirichlet_weights, space_of
from karvan.scoreboard.statistics import ranks
from scoreboard_tables import PLAIN, chain_of, data, framework

ROUNDING = 1e-9

# Values on a grid: the order of sums must not decide ties of the data themselves.
GRID = st.integers(1, 400).map(lambda n: n / 4.0)
FULL = arrays(np.float64, st.tuples(st.integers(4, 9), st.just(5)), elements=GRID).filter(
    lambda x: (np.ptp(x, axis=0) > 0).all()
)
HOLES = st.tuples(FULL, st.integers(0, 2**32 - 1))

CONFIGS = {
    "means": PLAIN | {"normalise": {"range": [1.0, 100.0]}},
    "geometric": PLAIN
    | {"normalise": {"range": [1.0, 100.0]}, "aggregate": {"method": "geometric"}},
    "z_score": PLAIN | {"normalise": {"method": "z_score"}},
    "copeland": PLAIN | {"aggregate": {"method": "copeland"}},
    "goalposts": PLAIN | {"normalise": {"method": "goalposts", "posts": "quantiles"}},
    "ranks": PLAIN
    | {"normalise": {"method": "percentile_rank"}, "aggregate": {"method": "median"}},
}
EVERY = pytest.mark.parametrize("name", CONFIGS)
FEW = settings(max_examples=25, deadline=None)


def with_holes(case):
    """Up to a third of the cells without data, in each column at least two distinct values left."""
    values, seed = case
    random = np.random.default_rng(seed)
    holes = random.random(values.shape) < 0.3
    result = np.where(holes, np.nan, values)
    for j in range(values.shape[1]):
        found = np.unique(result[~np.isnan(result[:, j]), j])
        if len(found) < 2:
            result[:, j] = values[:, j]
    return result


@EVERY
@FEW
@given(HOLES, st.sampled_from([0.001, 2.0, 1024.0]), st.sampled_from([0.0, 8.0]))
def test_units_of_measurement_do_not_matter(name, case, factor, shift):
    values = with_holes(case)
    one = chain_of(values, CONFIGS[name])
    other = chain_of(values * factor + shift, CONFIGS[name])
    np.testing.assert_allclose(other.score, one.score, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_array_equal(other.rank[:, -1], one.rank[:, -1])


@EVERY
@FEW
@given(HOLES, st.randoms(use_true_random=False))
def test_row_order_and_names_do_not_matter(name, case, random):
    values = with_holes(case)
    order = list(range(len(values)))
    random.shuffle(order)
    one = chain_of(values, CONFIGS[name])
    other = chain_of(values[order], CONFIGS[name], units=[f"ü{k} 国" for k in order])
    np.testing.assert_allclose(other.score, one.score[order], rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_array_equal(other.rank, one.rank[order])


@FEW
@given(HOLES)
def test_the_order_of_the_framework_does_not_matter(case):
    values = with_holes(case)
    one, other = chain_of(values), chain_of(values, sheet=framework().reverse())
    for k, element in enumerate(one.framework.element):
        same = other.score[:, other.framework.position(element)]
        np.testing.assert_allclose(same, one.score[:, k], rtol=ROUNDING, atol=ROUNDING)


@FEW
@given(FULL, st.randoms(use_true_random=False))
def test_nominal_means_are_the_same_to_the_last_bit_in_any_order_of_siblings(values, random):
    order = list(range(5))
    random.shuffle(order)
    share = np.random.default_rng(random.getrandbits(32)).dirichlet(np.ones(5))
    parts = [column[None] for column in values.T]
    one = weighted_mean(parts, share[None])
    other = weighted_mean([parts[k] for k in order], share[order][None])
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("method", MONOTONE)
@pytest.mark.parametrize("direction", [1, -1])
@FEW
@given(FULL, st.integers(0, 3), st.integers(0, 4), GRID)
def test_a_better_indicator_never_makes_a_score_worse(method, direction, values, row, column, more):
    """On a fixed scale, so that the unit's own value does not move the posts."""
    ends = {f"{c}_low": -1000.0 for c in ("a1", "a2", "b1", "b2", "b3")}
    ends |= {f"{c}_high": 1000.0 for c in ("a1", "a2", "b1", "b2", "b3")}
    name = ("a1", "a2", "b1", "b2", "b3")[column]
    sheet = framework(**ends, **{f"{name}_direction": direction})
    config = PLAIN | {
        "normalise": {"method": "goalposts", "range": [1.0, 100.0]},
        "aggregate": {"method": method},
    }
    better = values.copy()
    better[row, column] += direction * more
    before = chain_of(values, config, sheet).score[row, -1]
    after = chain_of(better, config, sheet).score[row, -1]
    assert after >= before - ROUNDING


@FEW
@given(
    arrays(np.float64, 8, elements=st.floats(0.01, 100.0)), st.floats(0.05, 1.5), st.integers(0, 99)
)
def test_weights_sum_to_one_among_siblings_and_over_indicators(weight, spread, seed):
    sheet = read_framework(framework()).framework
    share = sheet.shares(weight)
    draws = dirichlet_weights(sheet, share, 5, spread, seed)
    for node in sheet.aggregates:
        assert share[sheet.children(node)].sum() == pytest.approx(1.0)
        np.testing.assert_allclose(draws[:, sheet.children(node)].sum(axis=1), 1.0)
    assert (draws >= 0).all()
    assert sheet.effective_weights(weight)[: sheet.n_indicators].sum() == pytest.approx(1.0)


@EVERY
@FEW
@given(HOLES)
def test_a_missing_cell_never_becomes_zero(name, case):
    """No data stays no data, and the score is that of a framework without the indicator."""
    values = with_holes(case)
    chain = chain_of(values, CONFIGS[name])
    assert (np.isnan(chain.score[:, :5]) == np.isnan(values)).all()
    for row in range(len(values)):
        for pillar in ("A", "B"):
            node = chain.framework.position(pillar)
            kids = chain.framework.children(node)
            if np.isnan(values[row, kids]).all():
                assert np.isnan(chain.score[row, node])
            elif name in ("means", "z_score"):
                mean = np.nanmean(chain.score[row, kids])
                assert chain.score[row, node] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("method", "power"),
    [("arithmetic", 1.0), ("geometric", 1.0), ("harmonic", 1.0), ("generalised", 0.5),
     ("generalised", -2.0)],
)  # fmt: skip
@FEW
@given(HOLES)
def test_changes_are_exact_sums(method, power, case):
    values = with_holes(case)
    half = len(values) // 2
    values = values[: 2 * half]
    for j in range(5):
        if np.unique(values[~np.isnan(values[:, j]), j]).size < 2:
            values[:, j] = np.arange(len(values)) + 1.0
    units = [f"u{k % half}" for k in range(2 * half)]
    years = [2020 + k // half for k in range(2 * half)]
    mean = {"method": method, "power": power}
    config = PLAIN | {"normalise": {"range": [1.0, 100.0]}, "aggregate": mean}
    chain = chain_of(values, config, years=years, units=units)
    for unit in range(half):
        change = chain.score[unit + half, -1] - chain.score[unit, -1]
        if np.isnan(change):
            continue
        parts = decompose(chain, Aggregate(**mean), f"u{unit}", 2020, 2021)
        assert parts["contribution"].sum() == pytest.approx(change, abs=1e-7)


@FEW
@given(arrays(np.float64, (3, 6), elements=st.sampled_from([1.0, 2.0, 3.0, np.nan])))
def test_ranks_are_those_of_counting(x):
    found = ranks(x)
    for row, rank in zip(x, found, strict=True):
        for value, r in zip(row, rank, strict=True):
            if np.isnan(value):
                assert np.isnan(r)
            else:
                assert r == 1 + (row < value).sum()


@FEW
@given(FULL, st.integers(2, 6), st.sampled_from([m for m in MONOTONE if m != "copeland"]))
def test_many_weights_at_once_are_the_same_as_one_by_one(values, n, method):
    chain = chain_of(values, PLAIN | {"normalise": {"range": [1.0, 100.0]}})
    sheet, spec = chain.framework, Aggregate(method=method)
    weight = dirichlet_weights(sheet, chain.weight, n, 0.5, 1)
    x = chain.panel.value[None]
    together = aggregate(sheet, x, weight, spec, chain.blocks)
    for k in range(n):
        alone = aggregate(sheet, x, weight[k : k + 1], spec, chain.blocks)
        np.testing.assert_allclose(together[min(k, len(together) - 1)], alone[0], rtol=1e-12)


def test_pairs_of_countries_and_years_are_units_like_any_other():
    long = pl.DataFrame(
        [
            {"unit": "CHN", "partner": p, "year": y, "indicator": i, "value": v, "source": "s1"}
            for p, k in (("AZE", 1.0), ("KAZ", 2.0), ("GEO", 4.0))
            for y in (2020, 2021)
            for i, v in zip(("a1", "a2", "b1", "b2", "b3"), np.arange(5) * k + y, strict=True)
        ]
    )
    long = long.with_columns(value=pl.col("value") + pl.int_range(pl.len()) % 7)
    board = build(long, framework(), {"steps": [], "uncertainty": {"draws": 50},
                                      "sensitivity": {"enabled": False}})  # fmt: skip
    assert set(board.ranking()["unit"]) == {"CHN-AZE", "CHN-KAZ", "CHN-GEO"}
    assert board.ranking().group_by("year").len()["len"].to_list() == [3, 3]
    assert board.trace("CHN-KAZ", "B", 2020)["source"].to_list() == ["s1"] * 3


def test_the_same_seed_gives_the_same_draws_and_rows_do_not_depend_on_chunks(monkeypatch):
    config = {"steps": [], "uncertainty": {"draws": 80, "relative_error": 0.1},
              "sensitivity": {"log2_base": 4, "bootstrap": 20}}  # fmt: skip
    values = np.random.default_rng(2).gamma(2.0, 1.0, (7, 5))
    one = build(data(values), framework(), config)
    monkeypatch.setattr("karvan.scoreboard.pathways.CELLS_AT_ONCE", 100)
    monkeypatch.setattr("karvan.scoreboard.pathways.SCORES_AT_ONCE", 50)
    other = build(data(values), framework(), config)
    assert one.ranking().equals(other.ranking())
    np.testing.assert_array_equal(one.draws[0].beats, other.draws[0].beats)


NOMINAL = {
    "treat only": {"steps": ["treat"]},
    "impute, treat": {"steps": ["impute", "treat"], "impute": [{"method": "median"}]},
    "screen last": {
        "steps": ["impute", "treat", "screen"],
        "impute": [{"method": "mean"}],
        "screen": {"min_data_share": 0.5},
    },
    "none": {"steps": []},
}


@pytest.mark.parametrize("name", NOMINAL)
def test_the_first_choice_of_everything_is_the_nominal_chain(name):
    values = np.exp(np.random.default_rng(3).normal(0.0, 2.0, (40, 5)))
    if name != "none" and name != "treat only":
        values[3, 1] = values[5, 2] = np.nan
    config = NOMINAL[name]
    chain = chain_of(values, config)
    space = space_of(chain, read_config(config), pool=8, seed=0)
    np.testing.assert_array_equal(space.pathways.scaled(0, 0, 0), chain.panel.value)
    if "treat" in config["steps"]:
        assert not np.array_equal(space.pathways.scaled(0, 1, 0), chain.panel.value)


def test_ranks_of_a_pillar_are_drawn_like_those_of_the_index():
    config = {"steps": [], "uncertainty": {"draws": 60}, "sensitivity": {"enabled": False}}
    board = build(data(np.random.default_rng(1).random((6, 5))), framework(), config)
    (index,) = board.rank_draws("I")
    np.testing.assert_array_equal(index.count, board.draws[0].count)
    (pillar,) = board.rank_draws("B")
    assert not np.array_equal(pillar.count, index.count)
    assert (pillar.ranked() == 60).all()


def test_reading_keeps_what_was_given():
    values = np.random.default_rng(0).random((4, 5))
    sheet = read_framework(framework())
    panel, _ = read_data(data(values), sheet)
    np.testing.assert_array_equal(panel.value, values)
    assert run_chain(panel, sheet.framework, read_config(PLAIN)).stages["raw"] is panel
