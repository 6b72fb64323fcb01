"""Each method of the scoreboard against what it must give."""

import sys

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.stats import qmc

from karvan.errors import ScoreboardError
from karvan.scoreboard import build, read_data, read_framework
from karvan.scoreboard.frontier import benefit_of_the_doubt
from karvan.scoreboard.importance import correlation_ratio, cronbach_alpha
from karvan.scoreboard.impute import impute
from karvan.scoreboard.normalise import Posts, normalise
from karvan.scoreboard.pairwise import copeland, outranking
from karvan.scoreboard.read_config import read_config
from karvan.scoreboard.sequence import MOST_DIMENSIONS, sobol_points
from karvan.scoreboard.settings import Aggregate, Impute, Normalise, Treat
from karvan.scoreboard.sobol import all_combinations, estimated_indices, exact_indices
from karvan.scoreboard.space import dirichlet_weights, space_of
from karvan.scoreboard.statistics import moments
from karvan.scoreboard.steps import normalise_blocks
from karvan.scoreboard.treat import treat
from karvan.scoreboard.uncertainty import RankDraws, draw_choices, uncertainty
from karvan.scoreboard.weigh import adjust, correlations_with, told_gap
from scoreboard_tables import PLAIN, chain_of, data, framework, random_values

HOLE = np.nan


def panel_of(values, years=None, units=None):
    return read_data(data(values, years=years, units=units), read_framework(framework()))[0]


# Imputation.


def test_linear_latest_and_next_over_years():
    column = [HOLE, 1.0, HOLE, HOLE, 4.0, HOLE]
    values = np.column_stack([column] * 5)
    panel = panel_of(values, years=[2000, 2001, 2002, 2003, 2004, 2005], units=["u"] * 6)
    found = {m: impute(panel, Impute(method=m))[0][:, 0] for m in ("linear", "latest")}
    found["both"] = impute(panel, Impute(method="latest_then_next"))[0][:, 0]
    np.testing.assert_allclose(found["linear"], [1.0, HOLE, 2.0, 3.0, HOLE, 4.0])
    np.testing.assert_allclose(found["latest"], [HOLE, HOLE, 1.0, 1.0, HOLE, 4.0])
    np.testing.assert_allclose(found["both"], [1.0, HOLE, 1.0, 1.0, HOLE, 4.0])


def test_years_need_not_be_in_order_or_without_gaps():
    values = np.column_stack([[9.0, HOLE, 1.0]] * 5)
    panel = panel_of(values, years=[2010, 2004, 2000], units=["u"] * 3)
    value, spread = impute(panel, Impute(method="linear"))
    assert value[1, 0] == pytest.approx(1.0 + 8.0 * 4 / 10)
    # One change of 8 over ten years; a bridge of 4 and 6 years.
    assert spread[1, 0] == pytest.approx(np.sqrt(64.0 / 10.0) * np.sqrt(4 * 6 / 10))


def test_regression_finds_an_exact_relation():
    values = random_values(12)
    values[:, 1] = 3.0 * values[:, 0] - 2.0
    truth = values[5, 1]
    values[5, 1] = HOLE
    value, spread = impute(panel_of(values), Impute(method="regression"))
    assert value[5, 1] == pytest.approx(truth)
    assert spread[5, 1] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(np.delete(value[:, 1], 5)).all()


def test_what_one_method_cannot_fill_is_left_to_the_next_and_flagged():
    values = random_values(6)
    values[0, 0] = HOLE
    values[3:, 1] = HOLE
    config = {"steps": ["impute"], "impute": [{"method": "latest"}, {"method": "median"}]}
    chain = chain_of(values, PLAIN | config)
    assert np.isfinite(chain.stages["imputed"].value).all()
    log = next(log for log in chain.logs if log.step == "impute")
    assert log.changes["how"].to_list() == ["median"] * 4
    assert (chain.panel.status[3:, 1] == 2).all()
    assert chain.coverage[3, 1] == 0.0


# Outliers.


def test_winsorising_moves_all_points_at_the_end_to_the_next_value():
    x = np.concatenate([np.arange(20.0), [500.0]])[:, None]
    found = treat(x, Treat(attempts=["winsorise"]))
    assert found.value[-1, 0] == 19.0
    assert found.winsorised[0] == 1
    assert found.passes[0]
    np.testing.assert_array_equal(treat(-x, Treat(attempts=["winsorise"])).value, -found.value)


def test_an_attempt_that_fails_is_discarded():
    x = np.exp(np.linspace(0.0, 14.0, 40))[:, None]
    found = treat(x, Treat(max_winsorised=1))
    low, width = x.min(), np.ptp(x)
    np.testing.assert_allclose(found.value, np.log(x - low + 0.01 * width))
    box = treat(x, Treat(attempts=["box_cox"], box_cox_lambda=0.5))
    np.testing.assert_allclose(box.value, (np.sqrt(x - low + 1.0) - 1.0) / 0.5)
    left = treat(-x, Treat(attempts=["signed_log"]))
    np.testing.assert_allclose(left.value, -np.log(-low + 0.01 * width + x))


def test_winsorising_leaves_no_constant_column():
    x = np.zeros((40, 1))
    x[3] = 1.0
    found = treat(x, Treat(attempts=["winsorise"]))
    np.testing.assert_array_equal(found.value, x)
    assert not found.passes[0]


def test_moments_of_columns_with_holes():
    from scipy.stats import kurtosis, skew

    x = random_values(15)
    x[2, 1] = x[7, 3] = HOLE
    found = moments(x)
    for j in range(5):
        y = x[~np.isnan(x[:, j]), j]
        assert found[0][j] == pytest.approx(skew(y, bias=False))
        assert found[1][j] == pytest.approx(kurtosis(y, bias=False))


# Normalisation.

EXPECTED = {
    "min_max": [0.0, 50.0, 100.0, HOLE, 0.0],
    "z_score": [-0.898027, 0.538816, 1.257237, HOLE, -0.898027],
    "rank": [1.0, 3.0, 4.0, HOLE, 1.0],
    "borda": [0.0, 2.0, 3.0, HOLE, 0.0],
    "percentile_rank": [0.0, 2 / 3, 1.0, HOLE, 0.0],
    "distance_to_maximum": [0.0, 0.5, 1.0, HOLE, 0.0],
    "distance_to_target": [0.0, 1.0, 2.0, HOLE, 0.0],
    "goalposts": [25.0, 75.0, 100.0, HOLE, 25.0],
}


def normalised(method, direction=1):
    names = ("a1", "a2", "b1", "b2", "b3")
    column = np.array([1.0, 3.0, 5.0, HOLE, 1.0])
    changes = {f"{n}_target": 3 * direction for n in names}
    ends = (0, 4) if direction == 1 else (-4, 0)
    changes |= {f"{n}_low": ends[0] for n in names} | {f"{n}_high": ends[1] for n in names}
    changes |= {f"{n}_direction": direction for n in names}
    sheet = read_framework(framework(**changes))
    panel, _ = read_data(data(np.column_stack([direction * column] * 5)), sheet)
    return normalise_blocks(panel.value, panel, sheet.framework, Normalise(method=method))[:, 2]


@pytest.mark.parametrize("method", EXPECTED)
@pytest.mark.parametrize("direction", [1, -1])
def test_normalisations(method, direction):
    found = normalised(method, direction)
    if method == "z_score":
        column = np.array([1.0, 3.0, 5.0, HOLE, 1.0])
        expected = (column - np.nanmean(column)) / np.nanstd(column, ddof=1)
    else:
        expected = EXPECTED[method]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 2.0**440, 2.0**-440])
def test_z_scores_and_moments_of_values_far_from_zero(scale):
    """Sixteenths added to a power of two are exact, so both columns hold the same differences."""
    near = np.random.default_rng(3).integers(0, 160, 40) / 16.0
    far = np.stack([near, near + 2.0**40], axis=1) * scale
    posts = Posts(*(np.full(2, np.nan) for _ in range(3)))
    z = normalise(far, np.ones(2), Normalise(method="z_score"), posts, far)
    np.testing.assert_allclose(z[:, 0], stats.zscore(near, ddof=1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(z[:, 1], z[:, 0], rtol=1e-12, atol=1e-12)
    for moment in moments(far):
        assert moment[1] == pytest.approx(moment[0], rel=1e-12)


def test_goalposts_fixed_over_years_keep_progress_visible():
    values = np.arange(40.0).reshape(8, 5)
    years = [2020] * 4 + [2021] * 4
    units = ["a", "b", "c", "d"] * 2
    pooled = chain_of(values, PLAIN, years=years, units=units)
    each = chain_of(values, PLAIN | {"normalise": {"over": "each_year"}}, years=years, units=units)
    based = chain_of(values, PLAIN | {"normalise": {"year": 2020}}, years=years, units=units)
    assert (pooled.score[4:, -1] > pooled.score[:4, -1]).all()
    np.testing.assert_allclose(each.score[4:, -1], each.score[:4, -1])
    np.testing.assert_allclose(based.score[:4], each.score[:4])
    assert based.score[4:, -1].min() > 100.0


# Aggregation and weights.


def test_means_of_two_by_hand():
    values = np.array([[1.0, 4.0, 2.0, 2.0, 2.0], [3.0, 2.0, 3.0, 3.0, 3.0]])
    names = ("a1", "a2", "b1", "b2", "b3")
    ends = {f"{n}_low": 0 for n in names} | {f"{n}_high": 100 for n in names}
    sheet = framework(**ends, a2_weight=3)
    expected = {
        "arithmetic": 3.25,
        "geometric": 4.0**0.75,
        "harmonic": 1.0 / (0.25 + 0.75 / 4.0),
        "generalised": (0.25 + 0.75 * 2.0) ** 2,
        "median": 2.5,
        "mazziotta_pareto": 3.25 - (0.25 * 2.25**2 + 0.75 * 0.75**2) / 3.25,
    }
    for method, value in expected.items():
        config = {"normalise": {"method": "goalposts"}, "aggregate": {"method": method}}
        chain = chain_of(values, PLAIN | config, sheet)
        assert chain.score[0, 5] == pytest.approx(value), method


def test_methods_may_differ_by_level():
    values = random_values()
    config = PLAIN | {"normalise": {"range": [1.0, 100.0]}}
    chain = chain_of(values, config | {"aggregate": {"method": ["arithmetic", "geometric"]}})
    a, b = chain.score[:, 5], chain.score[:, 6]
    np.testing.assert_allclose(chain.score[:, 7], np.sqrt(a * b))


def test_a_pillar_with_too_few_indicators_gets_no_score():
    values = random_values()
    values[2, 2:4] = HOLE
    config = PLAIN | {"aggregate": {"method": "arithmetic", "min_share": 0.5}}
    chain = chain_of(values, config)
    assert np.isnan(chain.score[2, 6])
    assert chain.score[2, 7] == chain.score[2, 5]
    strict = PLAIN | {"aggregate": {"method": "arithmetic", "min_share": 0.9}}
    assert np.isnan(chain_of(values, strict).score[2, 7])
    assert any("u2: no score of B" in n for log in chain.logs for n in log.notes)


def test_copeland_counts_net_wins():
    values = np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 3.0]])
    assert copeland(values, np.array([0.6, 0.4])).tolist() == [2.0, 0.0, -2.0]
    assert copeland(values, np.array([0.5, 0.5])).tolist() == [0.0, 0.0, 0.0]
    share = outranking(values, np.array([0.6, 0.4]))
    assert share[0, 1] == pytest.approx(0.6)
    assert np.isnan(share[0, 0])


def test_benefit_of_the_doubt_by_hand():
    """Two outputs: units on the frontier score 1, the one in the middle of it less."""
    values = np.array([[4.0, 1.0], [1.0, 4.0], [2.0, 2.0], [HOLE, HOLE], [HOLE, 2.0]])
    found = benefit_of_the_doubt(values)
    np.testing.assert_allclose(found[:3], [1.0, 1.0, 0.8])
    assert np.isnan(found[3])
    # Alone with its one indicator it is measured against the best there.
    assert found[4] == pytest.approx(0.5)


def test_peers_have_all_children_of_a_unit_also_those_that_are_zero_for_all():
    values = np.array([[0.0, 2.0], [0.0, 1.0], [HOLE, 4.0]])
    np.testing.assert_allclose(benefit_of_the_doubt(values), [1.0, 0.5, 1.0])


def test_no_score_by_benefit_of_the_doubt_exceeds_one():
    random = np.random.default_rng(5)
    for _ in range(20):
        values = 50.0 + random.random((8, 3)) * 10.0 ** -random.integers(0, 9)
        assert benefit_of_the_doubt(values).max() <= 1.0


def test_benefit_of_the_doubt_without_scipy_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    config = PLAIN | {"aggregate": {"method": "benefit_of_the_doubt"}}
    with pytest.raises(ScoreboardError, match=r"karvan\[score\]"):
        chain_of(random_values(), config)


def test_budget_allocation_is_the_mean_of_shares():
    budget = {"one": {"a1": 80.0, "a2": 20.0}, "two": {"a1": 1.0, "a2": 1.0}}
    chain = chain_of(random_values(), PLAIN | {"weigh": {"method": "budget", "budget": budget}})
    np.testing.assert_allclose(chain.weight[:2], [0.65, 0.35])
    notes = next(log.notes for log in chain.logs if log.step == "weigh")
    assert any("B: no expert" in note for note in notes)


@pytest.mark.parametrize("target", [None, np.array([0.2, 0.2, 0.2, 0.2, 0.2, 0.55, 0.45, 1.0])])
def test_weights_are_adjusted_until_importance_is_on_target(target):
    random = np.random.default_rng(5)
    values = random.normal(size=(60, 5)) + random.normal(size=(60, 1))
    chain = chain_of(values, PLAIN | {"normalise": {"method": "z_score"}})
    weight, gap = adjust(
        chain.framework, chain.panel.value, chain.weight, Aggregate(), chain.blocks, 3, target
    )
    assert ": target importance reached" in told_gap(chain.framework, 3, gap)
    score = weight[5] * chain.score[:, 5] + weight[6] * chain.score[:, 6]
    table = np.column_stack([chain.score[:, 5:7], score])
    found = correlations_with(table, np.array([0, 1]), 2) ** 2
    wanted = np.array([0.5, 0.5]) if target is None else target[5:7]
    np.testing.assert_allclose(found / found.sum(), wanted, atol=1e-8)


def test_weights_that_cannot_reach_the_target_say_so():
    """Two indicators that are nearly one are as important as each other, whatever their weights."""
    random = np.random.default_rng(6)
    values = random.normal(size=(60, 5))
    values[:, 1] = values[:, 0] + 0.01 * random.normal(size=60)
    board = build(data(values), framework(), {"steps": [], "uncertainty": {"draws": 0}})
    target = np.array([0.9, 0.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    weight, note = board.adjusted_weights(2, target)
    assert "NOT reached, correlations off by" in note
    assert np.isfinite(weight).all()


def test_equal_importance_is_a_method_of_weighing():
    random = np.random.default_rng(7)
    values = random.normal(size=(80, 5)) + random.normal(size=(80, 1))
    chain = chain_of(values, PLAIN | {"weigh": {"method": "equal_importance", "levels": [2]}})
    found = correlations_with(chain.score, np.arange(5), 7)
    np.testing.assert_allclose(found[:2], found[:2].mean(), atol=1e-8)
    np.testing.assert_allclose(found[2:], found[2:].mean(), atol=1e-8)


# Uncertainty and sensitivity.


def test_sobol_points_are_those_of_scipy():
    ours = sobol_points(9, MOST_DIMENSIONS, None)
    np.testing.assert_array_equal(ours, qmc.Sobol(MOST_DIMENSIONS, scramble=False).random_base2(9))


@pytest.mark.parametrize("seed", [0, 1])
def test_scrambled_points_are_a_net(seed):
    """Each of the 2**m intervals holds one point; pairs fill the plane far better than chance."""
    points = sobol_points(8, MOST_DIMENSIONS, seed)
    for column in points.T:
        assert sorted((column * 256).astype(int)) == list(range(256))
    assert qmc.discrepancy(points[:, :2]) < 0.1 * qmc.discrepancy(
        np.random.default_rng(seed).random((256, 2))
    )
    assert not np.array_equal(points, sobol_points(8, MOST_DIMENSIONS, seed + 2))


def g_function(level, a):
    """Sobol's g with levels as midpoints; variances of the factors in closed form."""
    x = (level + 0.5) / 16
    return np.prod((np.abs(4 * x - 2) + a) / (1 + a), axis=-1)


def test_exact_indices_are_those_of_a_product_in_closed_form():
    a = np.array([0.0, 1.0, 9.0])
    output = g_function(all_combinations((16, 16, 16)), a)[:, None]
    found = exact_indices(output, (16, 16, 16))
    x = (np.arange(16) + 0.5) / 16
    own = np.array([((np.abs(4 * x - 2) + k) / (1 + k)).var() for k in a])
    variance = np.prod(1 + own) - 1
    np.testing.assert_allclose(found.first[:, 0], own / variance)
    others = np.array([np.prod(1 + np.delete(own, k)) for k in range(3)])
    np.testing.assert_allclose(found.total[:, 0], own * others / variance)
    assert (found.width() == 0).all()


@pytest.mark.parametrize("estimator", ["jansen", "saltelli"])
def test_estimates_come_close_to_the_closed_form(estimator):
    a = np.array([0.0, 1.0, 9.0])
    exact = exact_indices(g_function(all_combinations((16,) * 3), a)[:, None], (16,) * 3)
    points = np.floor(sobol_points(12, 6, 4) * 16)
    first, second = points[:, :3], points[:, 3:]
    mixed = np.stack([np.where(np.arange(3) == k, second, first) for k in range(3)])
    found = estimated_indices(
        g_function(first, a)[:, None], g_function(second, a)[:, None],
        g_function(mixed, a)[..., None], bootstrap=200, interval=0.95, seed=0, estimator=estimator,
    )  # fmt: skip
    np.testing.assert_allclose(found.first, exact.first, atol=0.03)
    np.testing.assert_allclose(found.total, exact.total, atol=0.03)
    assert (found.first_low <= found.first).all()
    assert (found.width() < 0.2).all()


def test_an_output_that_does_not_vary_has_no_indices():
    found = exact_indices(np.ones((6, 1)), (2, 3))
    assert np.isnan(found.first).all()


def test_quantiles_of_counted_ranks_are_type_seven():
    random = np.random.default_rng(3)
    rank = random.integers(1, 6, (37, 5))
    count = np.stack([np.bincount(r, minlength=6)[1:] for r in rank.T])
    draws = RankDraws(np.arange(5), count, np.zeros((5, 5), int), 37)
    for share in (0.0, 0.05, 0.5, 0.95, 1.0):
        np.testing.assert_allclose(draws.quantile(share), np.quantile(rank, share, axis=0))
    np.testing.assert_allclose(draws.at_most(2), (rank <= 2).mean(axis=0))


def test_tied_groups_are_longest_runs_of_tied_pairs():
    chance = np.array([[0, 60, 99, 100], [40, 0, 90, 100], [1, 10, 0, 70], [0, 0, 30, 0]])
    draws = RankDraws(np.arange(4), np.eye(4, dtype=int) * 100, chance, 100)
    assert draws.groups(np.array([1.0, 2.0, 3.0, 4.0]), 0.9) == [[0, 1], [1, 2], [2, 3]]


def test_dirichlet_weights_have_the_mean_and_spread_that_is_asked():
    sheet = read_framework(framework()).framework
    share = sheet.shares(sheet.weight)
    draws = dirichlet_weights(sheet, share, 40_000, 0.25, 0)
    kids = sheet.children(sheet.position("B"))
    np.testing.assert_allclose(draws[:, kids].mean(axis=0), 1 / 3, atol=2e-3)
    np.testing.assert_allclose(draws[:, kids].std(axis=0) * 3, 0.25, atol=5e-3)


def test_errors_of_cells_make_ranks_as_unsure_as_they_are():
    """Two units a standard error of their difference apart: the chance is that of a normal."""
    names = ("a1", "a2", "b1", "b2", "b3")
    ends = {f"{n}_low": -100 for n in names} | {f"{n}_high": 100 for n in names}
    sheet = read_framework(framework(**ends))
    gap = np.sqrt(2.0)
    table = data([[gap, 0, 0, 0, 0], [0.0, 0, 0, 0, 0]])
    table = table.with_columns(**{f"{n}_se": pl.lit(1.0 if n == "a1" else 0.0) for n in names})
    config = {
        "steps": [], "normalise": {"method": "goalposts"},
        "uncertainty": {"weights": "fixed", "normalise": [], "aggregate": [], "treat": []},
    }  # fmt: skip
    settings = read_config(config)
    panel, _ = read_data(table, sheet)
    from karvan.scoreboard.chain import run_chain

    chain = run_chain(panel, sheet.framework, settings)
    space = space_of(chain, settings, pool=20_000, seed=1)
    assert [f.name for f in space.factors] == ["measurement error"]
    (draws,) = uncertainty(space, chain, draw_choices(space, 20_000, 0))
    assert draws.chance()[0, 1] == pytest.approx(0.8413, abs=0.01)


def test_imputed_cells_are_drawn_and_observed_ones_are_not():
    values = random_values(10)
    values[4, 0] = HOLE
    alone = {"weights": "fixed", "normalise": [], "aggregate": [], "treat": []}
    config = {"steps": ["impute"], "impute": [{"method": "mean"}], "uncertainty": alone}
    chain = chain_of(values, config)
    space = space_of(chain, read_config(config), pool=200, seed=0)
    assert [f.name for f in space.factors] == ["imputation draws"]
    design = space.design(draw_choices(space, 200, 0))
    scores = np.concatenate([s for _, s in space.pathways.scores(design, space.weight)])
    assert scores[:, 4].std() > 0
    inside = (values[:, 0] > np.nanmin(values[:, 0])) & (values[:, 0] < np.nanmax(values[:, 0]))
    assert inside.any()


# What the weights mean, and where a score comes from.


def test_cronbach_alpha_of_equal_columns_is_one_and_of_independent_ones_near_zero():
    column = np.random.default_rng(0).normal(size=(400, 1))
    assert cronbach_alpha(np.tile(column, 4)) == pytest.approx(1.0)
    assert abs(cronbach_alpha(np.random.default_rng(1).normal(size=(4000, 4)))) < 0.1
    assert cronbach_alpha(column) is None


def test_correlation_ratio_sees_what_correlation_does_not():
    x = np.linspace(-1.0, 1.0, 101)
    assert correlation_ratio(x, x**2) > 0.95
    assert abs(np.corrcoef(x, x**2)[0, 1]) < 1e-9
    noise = np.random.default_rng(2).normal(size=101)
    assert correlation_ratio(x, noise) < 0.2
    assert correlation_ratio(x, np.ones(101)) is None


def test_provenance_leads_to_every_cell_and_its_weight():
    values = random_values(9)
    values[3, 2] = HOLE
    config = {"steps": ["impute", "treat"], "impute": [{"method": "mean"}],
              "uncertainty": {"draws": 20}, "sensitivity": {"enabled": False}}  # fmt: skip
    board = build(data(values), framework(b3_weight=2), config)
    cells = board.trace("u3")
    assert cells["weight"].sum() == pytest.approx(1.0)
    score = (cells["weight"] * cells["normalised"]).sum()
    assert score == pytest.approx(board.chain.score[3, -1])
    row = cells.row(2, named=True)
    assert (row["raw"], row["status"]) == (None, "imputed")
    with pytest.raises(ScoreboardError, match="did you mean"):
        board.trace("u3", "AA")


def test_decomposition_refuses_what_no_sum_explains():
    years, units = [2020] * 4 + [2021] * 4, list("abcd") * 2
    board = build(
        data(random_values(), years=years, units=units), framework(),
        {"steps": [], "aggregate": {"method": "median"}, "uncertainty": {"draws": 0}},
    )  # fmt: skip
    with pytest.raises(ScoreboardError, match="the method 'median'"):
        board.change("a", 2020, 2021)


def test_removal_names_what_cannot_be_left_out():
    alone = pl.DataFrame(
        [{"element": "a1", "parent": "A"}, {"element": "A", "parent": "I"},
         {"element": "I", "parent": ""}]
    )  # fmt: skip
    board = build(data(random_values()), alone, {"steps": [], "uncertainty": {"draws": 0}})
    found = board.without(1)
    assert found.element == ()
    assert found.skipped == ("a1: nothing would be left beside it",)


# Lineage.


def test_each_step_logs_exactly_the_cells_it_changed():
    """Stages beside each other, cell by cell, with the numbers before and after."""
    values = random_values(12)
    values[3, 1] = values[5, 2] = HOLE
    values[7, 3] = 4000.0
    denominator = pl.DataFrame({"element": ["D"], "type": ["Denominator"]})
    sheet = pl.concat([framework(a1_denominator="D", b2_direction=-1), denominator], how="diagonal")
    table = data(values).with_columns(D=pl.Series(np.arange(1.0, 13.0)))
    board = build(
        table,
        sheet,
        {"impute": [{"method": "mean"}], "treat": {"max_winsorised": 2}}
        | {"uncertainty": {"draws": 0}},
    )
    chain = board.chain
    names = list(chain.stages)
    assert names == ["raw", "denominated", "imputed", "treated", "normalised"]
    logs = {log.step: log.changes for log in chain.logs if log.done}
    for before, after, step in zip(
        names, names[1:], ("denominate", "impute", "treat", "normalise"), strict=False
    ):
        old, new = chain.stages[before].value, chain.stages[after].value
        moved = ~((old == new) | (np.isnan(old) & np.isnan(new)))
        logged = {(r["unit"], r["indicator"]): r for r in logs[step].to_dicts()}
        cells = {
            (f"u{i}", chain.panel.indicator[j]): (i, j)
            for i, j in zip(*np.nonzero(moved), strict=True)
        }
        assert set(cells) <= set(logged), step
        if step != "denominate":
            # Divided by one and on the scale already are changes too.
            assert len(logged) == (np.isfinite(new).sum() if step == "normalise" else len(cells))
        for key, (i, j) in cells.items():
            assert logged[key]["after"] == new[i, j]
            assert logged[key]["before"] == (None if np.isnan(old[i, j]) else old[i, j])
            assert logged[key]["how"]
