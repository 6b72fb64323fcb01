"""Intervals, warm-up, batches, comparisons, stopping, laws and waits of simulation results."""

import math
import os

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from karvan.errors import FormulaError
from karvan.kernels.recursions import fifo_starts, mean_waits
from karvan.simulation.batches import batch_means
from karvan.simulation.comparison import paired_comparison, paired_comparisons, rank_bottlenecks
from karvan.simulation.coverage import clopper_pearson, coverage_of_means, mmc_coverage
from karvan.simulation.laws import (
    conservation,
    littles_law,
    littles_law_of_means,
    mean_number_inside,
)
from karvan.simulation.precision import PrecisionRule, decide, run_until_precise
from karvan.simulation.quantiles import (
    quantile_interval,
    quantile_over_replications,
    sample_quantile,
)
from karvan.simulation.statistics import replication_interval, setting_cautions
from karvan.simulation.waits import wait_summary
from karvan.simulation.warmup import mser, welch

long_study = pytest.mark.skipif(
    "KARVAN_COVERAGE_STUDY" not in os.environ,
    reason="a thousand trials of thirty long replications: set KARVAN_COVERAGE_STUDY=1",
)

values = st.floats(-1e6, 1e6)
samples = st.lists(values, min_size=2, max_size=60)


def names(cautions):
    return [caution.name for caution in cautions]


# Intervals over replications


@settings(deadline=None)
@given(sample=samples, confidence=st.floats(0.5, 0.999))
def test_interval_is_that_of_scipy(sample, confidence):
    assume(np.std(sample) > 1e-3)
    found = replication_interval(sample, confidence=confidence)
    mean, error = np.mean(sample), scipy.stats.sem(sample)
    low, high = scipy.stats.t.interval(confidence, len(sample) - 1, mean, error)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9, abs=1e-6)
    assert found.standard_error == pytest.approx(error, rel=1e-9)
    assert found.holds(found.estimate)


def test_interval_of_ten_observations():
    # As quoted from Law (2015), example 4.26 (book not opened): 1.34 +- 0.24 at 90 %.
    sample = [1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09]
    found = replication_interval(sample, confidence=0.90)
    assert found.estimate == pytest.approx(1.34, abs=0.005)
    assert found.half_width == pytest.approx(0.24, abs=0.005)


@settings(deadline=None)
@given(sample=samples, scale=st.floats(1e-3, 1e3), move=values)
def test_interval_follows_the_unit(sample, scale, move):
    one = replication_interval(sample)
    other = replication_interval(np.array(sample) * scale + move)
    assert other.estimate == pytest.approx(one.estimate * scale + move, rel=1e-6, abs=1e-6)
    # Moving by up to a million leaves ten digits.
    assert other.half_width == pytest.approx(one.half_width * scale, rel=1e-6, abs=1e-6)


@settings(deadline=None)
@given(value=st.floats(-1e150, 1e150), size=st.integers(2, 50))
def test_equal_values_have_no_width(value, size):
    found = replication_interval([value] * size)
    assert found.estimate == value
    assert found.half_width == found.relative_half_width == 0.0


def test_values_whose_squares_underflow_keep_their_width():
    found = replication_interval([1e-200, 2e-200, 3e-200])
    assert found.standard_deviation == pytest.approx(1e-200)


def test_relative_half_width_of_a_mean_of_zero_is_infinite():
    assert replication_interval([-1.0, 1.0]).relative_half_width == math.inf


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ([], ["values", "0 value(s)", "at least 2"]),
        ([1.0], ["1 value(s)", "at least 2"]),
        ([1.0, math.nan, math.nan], ["nan at place 1 (2 such)", "replications that were lost"]),
        ([1.0, math.inf], ["inf at place 1"]),
        ([1.0, -1e200], ["1e+200", "at most 1e+150"]),
        ([[1.0, 2.0]], ["2 dimension(s)"]),
        (["a", "b"], ["values", "numbers"]),
        ([[1.0], [1.0, 2.0]], ["rows of one length"]),
    ],
)
def test_a_sample_without_an_interval_is_named(sample, words):
    with pytest.raises(FormulaError) as caught:
        replication_interval(sample)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, math.nan, "0.95"])
def test_a_confidence_that_is_none_is_named(confidence):
    with pytest.raises(FormulaError, match="confidence"):
        replication_interval([1.0, 2.0], confidence=confidence)


def test_small_experiments_are_cautioned():
    assert setting_cautions(30, 20_000) == ()
    assert names(setting_cautions(10, 2_000)) == ["short_run", "no_warmup"]
    assert names(setting_cautions(9, 20_000)) == ["few_replications"]
    assert "there is no interval" in str(setting_cautions(1, 20_000)[0])
    assert names(setting_cautions(30, 2_000, 500)) == ["short_run"]
    assert "at least 10" in str(setting_cautions(5, 20_000)[0])
    with pytest.raises(FormulaError, match="deleted"):
        setting_cautions(30, 100, 100)


# Quantiles


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 300), p=st.floats(0.02, 0.98), confidence=st.floats(0.6, 0.99))
def test_quantile_interval_is_the_shortest_pair_that_keeps_both_sides(size, p, confidence):
    found = quantile_interval(np.arange(1.0, size + 1.0), p, confidence=confidence)
    outside = 0.5 * (1.0 - confidence)
    below = scipy.stats.binom(size, p)
    if math.isfinite(found.low):
        rank = int(found.low)
        assert below.cdf(rank - 1) <= outside * (1.0 + 1e-9)
        assert below.cdf(rank) > outside * (1.0 - 1e-9)
    else:
        assert below.cdf(0) > outside * (1.0 - 1e-9)
    if math.isfinite(found.high):
        rank = int(found.high)
        assert 1.0 - below.cdf(rank - 1) <= outside * (1.0 + 1e-9)
    if math.isfinite(found.low) and math.isfinite(found.high):
        assert found.coverage >= confidence - 1e-12
        assert found.cautions == ()
    else:
        assert names(found.cautions) == ["few_for_quantile"]


def test_quantile_interval_covers_as_it_says():
    rng = np.random.default_rng(1)
    trials = 2_000
    truth = scipy.stats.lognorm(0.5).ppf(0.9)
    found = [quantile_interval(rng.lognormal(0.0, 0.5, 80), 0.9) for _ in range(trials)]
    held = np.mean([interval.low <= truth <= interval.high for interval in found])
    expected = found[0].coverage
    assert abs(held - expected) < 4.0 * math.sqrt(expected * (1.0 - expected) / trials)


def test_a_sample_too_small_for_its_quantile_says_how_large_it_must_be():
    found = quantile_interval(np.arange(20.0), 0.95)
    assert found.high == math.inf
    assert "at least 72" in found.cautions[0].text
    assert quantile_interval(np.arange(72.0), 0.95).high == 71.0
    assert quantile_interval(np.arange(71.0), 0.95).high == math.inf


@settings(deadline=None)
@given(sample=st.lists(values, min_size=1, max_size=40), p=st.floats(0.01, 0.99))
def test_sample_quantile_lies_inside_and_rises(sample, p):
    here = sample_quantile(sample, p)
    assert min(sample) <= here <= max(sample)
    assert sample_quantile(sample, min(0.99, p + 0.01)) >= here


def test_quantiles_over_replications():
    rng = np.random.default_rng(2)
    runs = [rng.exponential(1.0, size) for size in (3_000, 4_000, 5_000, 3_500, 4_500)]
    found = quantile_over_replications(runs, 0.9)
    assert found.estimate == pytest.approx(
        np.mean([np.quantile(run, 0.9) for run in runs]), rel=1e-3
    )
    assert found.holds(math.log(10.0))
    assert found.cautions == ()
    assert names(quantile_over_replications([run[:50] for run in runs], 0.9).cautions) == [
        "few_in_the_tail"
    ]
    with pytest.raises(FormulaError, match=r"samples\[1\].*0 value"):
        quantile_over_replications([[1.0], []], 0.5)
    with pytest.raises(FormulaError, match="at least 2"):
        quantile_over_replications([[1.0]], 0.5)


# Warm-up


def plain_mser(series, batch):
    means = [np.mean(series[k : k + batch]) for k in range(0, len(series) - batch + 1, batch)]
    errors = [np.sum((means[d:] - np.mean(means[d:])) ** 2) / (len(means) - d) ** 2
              for d in range(len(means))]  # fmt: skip
    return np.array(errors)


@settings(max_examples=40, deadline=None)
@given(series=arrays(np.float64, st.integers(50, 200), elements=st.floats(-100.0, 100.0)))
def test_mser_is_its_definition(series):
    found = mser(series)
    expected = plain_mser(series, 5)
    # Sums from behind cancel to rounding where the rest is constant.
    assert found.curve == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_mser_finds_the_end_of_a_shifted_beginning():
    rng = np.random.default_rng(4)
    series = rng.normal(10.0, 1.0, 2_000)
    series[:300] -= 8.0
    found = mser(series)
    assert 295 <= found.observations <= 320
    assert found.long_enough
    assert found.cautions == ()


def test_a_run_that_never_settles_is_cautioned():
    found = mser(np.linspace(0.0, 1.0, 500) ** 2)
    assert not found.long_enough
    assert names(found.cautions) == ["run_too_short"]
    assert "run longer" in found.cautions[0].text


def test_mser_needs_ten_batches():
    with pytest.raises(FormulaError, match="at least 50"):
        mser(np.zeros(49))
    assert mser(np.zeros(50)).observations == 0


def test_welch_finds_the_end_of_a_shifted_beginning():
    rng = np.random.default_rng(5)
    runs = rng.normal(10.0, 1.0, (20, 1_000))
    runs[:, :100] -= 8.0
    found = welch(runs, window=10)
    # The window of 10 to each side smears the step.
    assert 90 <= found.observations <= 111
    assert found.long_enough
    slope = welch(np.tile(np.linspace(0.0, 10.0, 400), (3, 1)))
    assert names(slope.cautions) == ["run_too_short"]


@settings(deadline=None)
@given(runs=arrays(np.float64, (3, 60), elements=st.floats(-10.0, 10.0)), window=st.integers(1, 15))
def test_welch_curve_is_the_moving_average_of_the_means(runs, window):
    found = welch(runs, window=window)
    mean = runs.mean(axis=0)
    expected = [
        mean[max(0, k - min(k, window)) : k + min(k, window) + 1].mean() for k in range(60 - window)
    ]
    assert found.curve == pytest.approx(expected, abs=1e-12)


def test_warmup_makes_mm1_from_empty_less_biased():
    rng = np.random.default_rng(6)
    rows, size = 200, 2_000
    gap, service = rng.exponential(1.0 / 0.9, (rows, size)), rng.standard_exponential((rows, size))
    waits = np.empty((rows, size))
    for row in range(rows):
        arrival = np.cumsum(gap[row])
        start = np.empty(size)
        fifo_starts(arrival, service[row], 1, start)
        waits[row] = start - arrival
    cut = mser(waits.mean(axis=0)).observations
    assert cut > 0
    assert abs(waits[:, cut:].mean() - 9.0) < abs(waits.mean() - 9.0)


# Batch means


@settings(max_examples=40, deadline=None)
@given(
    series=arrays(np.float64, st.integers(20, 200), elements=st.floats(-100.0, 100.0)),
    batches=st.integers(4, 20),
)
def test_batch_means_are_an_interval_of_the_means(series, batches):
    found = batch_means(series, batches=batches)
    size = len(series) // batches
    assert found.batch_size == size
    assert found.left_out == len(series) - size * batches
    used = series[found.left_out :]
    assert found.interval.estimate == pytest.approx(used.mean(), abs=1e-9)
    assert found.interval.half_width == pytest.approx(
        replication_interval(used.reshape(batches, size).mean(axis=1)).half_width, abs=1e-9
    )
    assert -1.0 <= found.lag1_autocorrelation <= 1.0


def test_independence_is_refused_as_often_as_the_level_says():
    rng = np.random.default_rng(8)
    trials = 4_000
    found = [batch_means(row).p_value for row in rng.normal(size=(trials, 20))]
    for level in (0.05, 0.1, 0.5):
        spread = math.sqrt(level * (1.0 - level) / trials)
        # The normal form is an approximation at 20 batches: half a per cent beside chance.
        assert abs(np.mean(np.array(found) < level) - level) < 4.0 * spread + 0.005


def test_short_batches_of_a_queue_are_cautioned_and_long_ones_are_not():
    rng = np.random.default_rng(9)
    size = 402_000
    arrival = np.cumsum(rng.exponential(1.25, size))
    start = np.empty(size)
    fifo_starts(arrival, rng.standard_exponential(size), 1, start)
    waits = start - arrival
    runs = [batch_means(run) for run in waits[2_000:].reshape(-1, 400)]
    warned = [names(run.interval.cautions) == ["batches_dependent"] for run in runs]
    # Twenty batches are few to see dependence by: a quarter of these runs goes without a warning.
    assert np.mean(warned) > 0.65
    # What is warned of: these intervals hold the truth far less often than 95 %.
    assert np.mean([run.interval.holds(4.0) for run in runs]) < 0.6
    long = batch_means(waits)
    assert long.interval.cautions == ()
    assert long.interval.holds(4.0)


def test_equal_batches_say_nothing_of_dependence():
    found = batch_means(np.full(100, 0.1))
    assert (found.lag1_autocorrelation, found.p_value) == (0.0, 0.5)
    assert found.interval.half_width == pytest.approx(0.0, abs=1e-15)
    with pytest.raises(FormulaError, match="batches"):
        batch_means([1.0, 2.0, 3.0], batches=2)
    with pytest.raises(FormulaError, match="at least 20"):
        batch_means([1.0] * 19)


# Comparison


@settings(deadline=None)
@given(data=st.data(), size=st.integers(2, 40))
def test_paired_comparison_is_the_interval_of_the_differences(data, size):
    base = data.draw(arrays(np.float64, size, elements=values))
    change = data.draw(arrays(np.float64, size, elements=values))
    found = paired_comparison(base, change)
    expected = replication_interval(change - base)
    assert found.difference == expected
    if np.std(base) > 1e-3 and np.std(change) > 1e-3:
        assert found.correlation == pytest.approx(np.corrcoef(base, change)[0, 1], abs=1e-6)
    back = paired_comparison(change, base)
    assert back.difference.estimate == pytest.approx(-found.difference.estimate, rel=1e-9, abs=1e-6)


def test_common_random_numbers_sharpen_a_difference():
    rng = np.random.default_rng(10)
    rows, size = 30, 5_000
    gap, service = rng.exponential(1.25, (rows, size)), rng.standard_exponential((rows, size))
    slow, quick = np.empty(rows), np.empty(rows)
    mean_waits(gap, service, 1, 0, slow)
    mean_waits(gap, 0.95 * service, 1, 0, quick)
    found = paired_comparison(slow, quick)
    assert found.correlation > 0.9
    assert found.variance_ratio > 5.0
    assert found.significant
    assert found.change_share < -0.1
    # The ratio is what the two variances say: those of independent runs would add up.
    together = np.var(slow, ddof=1) + np.var(quick, ddof=1)
    assert found.variance_ratio == pytest.approx(together / np.var(quick - slow, ddof=1))


def test_a_constant_difference_is_certain():
    found = paired_comparison([1.0, 2.0, 4.0], [2.0, 3.0, 5.0])
    assert found.difference.half_width == 0.0
    assert found.variance_ratio == math.inf
    assert found.significant


def test_several_comparisons_share_the_error():
    rng = np.random.default_rng(11)
    base = rng.normal(size=20)
    changes = {"a": base + rng.normal(size=20), "b": base + 1.0 + rng.normal(size=20)}
    together = paired_comparisons(base, changes)
    alone = paired_comparison(base, changes["a"], confidence=0.975)
    assert together["a"].difference == pytest.approx(alone.difference) or (
        together["a"].difference.half_width == pytest.approx(alone.difference.half_width)
    )


def test_bottlenecks_stand_by_their_measured_gain():
    rng = np.random.default_rng(12)
    base = rng.normal(100.0, 5.0, 30)
    more = {
        "berth": base - 8.0 + rng.normal(0.0, 0.5, 30),
        "crane": base - 7.9 + rng.normal(0.0, 0.5, 30),
        "customs": base - 1.0 + rng.normal(0.0, 0.3, 30),
        "gate": base + rng.normal(0.0, 0.3, 30),
    }
    found = rank_bottlenecks(base, more)
    assert {one.stage for one in found[:2]} == {"berth", "crane"}
    assert [one.stage for one in found[2:]] == ["customs", "gate"]
    assert [one.rank for one in found] == [1, 2, 3, 4]
    assert [one.tied_with_first for one in found] == [True, True, False, False]
    assert [one.significant for one in found] == [True, True, True, False]
    assert found[0].gain_share == pytest.approx(0.08, abs=0.005)
    other = rank_bottlenecks(-base, {k: -v for k, v in more.items()}, lower_is_better=False)
    assert [one.stage for one in other] == [one.stage for one in found]


@settings(deadline=None)
@given(order=st.permutations(["a", "b", "c"]))
def test_order_of_the_stages_does_not_matter(order):
    base = np.array([5.0, 6.0, 8.0])
    more = {"a": base - 1.0, "b": base - 1.0, "c": base - 2.0}
    found = rank_bottlenecks(base, {name: more[name] for name in order})
    assert [one.stage for one in found] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("base", "changes", "words"),
    [
        ([1.0, 2.0], {}, ["none"]),
        ([1.0, 2.0], {"berth": [1.0, 2.0, 3.0]}, ["berth", "leave a lost one out of both"]),
        ([1.0, 2.0], {"berth": [1.0, math.nan]}, ["berth", "nan"]),
        ([1.0], {"berth": [1.0]}, ["base", "1 value(s)"]),
    ],
)
def test_a_comparison_that_cannot_be_made_is_named(base, changes, words):
    for function in (rank_bottlenecks, paired_comparisons):
        with pytest.raises(FormulaError) as caught:
            function(base, changes)
        assert [word for word in words if word not in str(caught.value)] == []


# Sequential stopping


def test_replications_go_on_until_the_precision_is_there():
    rng = np.random.default_rng(13)
    numbers = []

    def simulate(replications):
        numbers.extend(replications)
        return {"time": rng.normal(100.0, 20.0, len(replications)).tolist()}

    rule = PrecisionRule(0.02)
    found, decision = run_until_precise(rule, simulate)
    assert decision.reason == "reached"
    assert numbers == list(range(len(found["time"])))
    assert decision.intervals["time"].relative_half_width <= 0.02 / 1.02
    # z^2 s^2 / (target mean)^2 = 400: the last estimate of s decides by how much it differs.
    assert 300 <= len(numbers) <= 500


def test_rounds_do_not_change_the_values():
    table = np.random.default_rng(14).normal(10.0, 3.0, 2_000)

    def simulate(replications):
        return {"x": table[replications.start : replications.stop]}

    found, _ = run_until_precise(PrecisionRule(0.02), simulate)
    assert found["x"].tobytes() == table[: len(found["x"])].tobytes()


def test_the_limit_stops_and_says_how_many_it_would_take():
    table = np.random.default_rng(15).normal(10.0, 5.0, 40)
    rule = PrecisionRule(0.001, fewest=5, most=40)
    decision = decide(rule, {"x": table})
    assert (decision.stop, decision.reason, decision.more) == (True, "limit", 0)
    assert decision.needed == 41
    first = decide(rule, {"x": table[:3]})
    assert (first.stop, first.reason, first.more) == (False, "too_few", 2)
    assert decide(rule, {"x": []}).more == 5


@settings(deadline=None)
@given(data=st.data(), size=st.integers(10, 60), precision=st.floats(0.001, 0.5))
def test_decision_is_consistent(data, size, precision):
    sample = data.draw(arrays(np.float64, size, elements=st.floats(1.0, 1e3)))
    rule = PrecisionRule(precision, most=100)
    decision = decide(rule, {"x": sample})
    wide = replication_interval(sample).relative_half_width
    assert (decision.reason == "reached") == (wide <= rule.target)
    assert size + decision.more <= max(rule.most, size)
    if not decision.stop:
        assert 1 <= decision.more <= size
    # A looser rule never asks for more.
    loose = decide(PrecisionRule(min(0.9, precision * 1.5), most=100), {"x": sample})
    assert loose.more <= decision.more


def test_the_least_precise_quantity_decides():
    sample = np.linspace(9.0, 11.0, 20)
    decision = decide(PrecisionRule(0.05), {"calm": sample, "wild": (sample - 9.5) * 3.0})
    assert decision.worst == "wild"
    assert not decision.stop


def test_a_mean_of_zero_is_never_precise_unless_it_is_certain():
    zero = decide(PrecisionRule(0.1, most=20), {"x": [-1.0, 1.0] * 10})
    assert zero.reason == "limit"
    assert decide(PrecisionRule(0.1), {"x": [0.0] * 10}).reason == "reached"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"relative_precision": 0.0}, "relative_precision"),
        ({"relative_precision": 2.0}, "relative_precision"),
        ({"relative_precision": 0.1, "fewest": 1}, "fewest"),
        ({"relative_precision": 0.1, "fewest": 20, "most": 10}, "most"),
    ],
)
def test_a_rule_that_cannot_be_is_named(arguments, word):
    with pytest.raises(FormulaError, match=word):
        PrecisionRule(**arguments)


def test_a_round_that_lost_a_replication_is_named():
    with pytest.raises(FormulaError, match=r"time: found 9 value\(s\); expected 10"):
        run_until_precise(PrecisionRule(0.1), lambda numbers: {"time": [1.0] * (len(numbers) - 1)})
    with pytest.raises(FormulaError, match="in every round"):
        run_until_precise(
            PrecisionRule(0.001), lambda n: {"x" if n.start == 0 else "y": list(map(float, n))}
        )
    with pytest.raises(FormulaError, match="lengths"):
        decide(PrecisionRule(0.1), {"a": [1.0], "b": []})
    with pytest.raises(FormulaError, match="no quantity"):
        decide(PrecisionRule(0.1), {})


def test_lost_replications_are_left_out_and_stay_where_they_were():
    table = np.random.default_rng(22).normal(100.0, 20.0, 2_000)

    def simulate(replications):
        found = table[replications.start : replications.stop].copy()
        found[[k for k, n in enumerate(replications) if n % 10 == 3]] = np.nan
        return {"time": found, "other": np.ones(len(found))}

    found, decision = run_until_precise(PrecisionRule(0.02), simulate)
    assert decision.reason == "reached"
    lost = np.flatnonzero(np.isnan(found["time"]))
    assert lost.tolist() == list(range(3, len(found["time"]), 10))
    survivors = found["time"][~np.isnan(found["time"])]
    assert decision.intervals["time"] == replication_interval(survivors)
    assert decision.intervals["other"].sample_size == len(survivors)


def test_a_first_round_without_survivors_is_named():
    with pytest.raises(FormulaError, match="x: found all of 10 replications lost"):
        run_until_precise(PrecisionRule(0.1), lambda numbers: {"x": [math.nan] * len(numbers)})


def test_a_model_that_loses_most_ends_at_twice_the_limit():
    def simulate(replications):
        return {"x": [float(n) if n % 5 == 0 else math.nan for n in replications]}

    found, decision = run_until_precise(PrecisionRule(0.001, most=30), simulate)
    assert (decision.stop, decision.reason, decision.more) == (True, "limit", 0)
    assert 60 <= len(found["x"]) < 120


def test_an_interrupt_keeps_the_rounds_before_it():
    table = np.random.default_rng(23).normal(10.0, 5.0, 1_000)

    def simulate(replications):
        if replications.start >= 20:
            raise KeyboardInterrupt
        return {"x": table[replications.start : replications.stop]}

    found, decision = run_until_precise(PrecisionRule(0.001), simulate)
    assert (decision.stop, decision.reason) == (True, "interrupted")
    assert found["x"].tobytes() == table[:20].tobytes()
    assert decision.intervals["x"] == replication_interval(table[:20])

    def at_once(replications):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_until_precise(PrecisionRule(0.1), at_once)


@pytest.mark.slow
def test_sequential_intervals_cover_almost_as_they_say():
    rng = np.random.default_rng(16)
    trials, held = 1_000, 0
    for _ in range(trials):
        values, _ = run_until_precise(
            PrecisionRule(0.05), lambda n: {"x": rng.lognormal(0.0, 0.5, len(n))}
        )
        held += abs(values["x"].mean() / math.exp(0.125) - 1.0) <= 0.05
    # The rule promises the error, not the interval; 1.5 points are for looking again and again.
    assert held / trials > 0.95 - 0.015


# Laws


@st.composite
def visits(draw):
    size = draw(st.integers(0, 40))
    arrival = draw(arrays(np.float64, size, elements=st.floats(0.0, 100.0)))
    stay = draw(arrays(np.float64, size, elements=st.floats(0.0, 50.0)))
    inside = draw(arrays(np.bool_, size))
    departure = np.where(inside, np.nan, arrival + stay)
    return arrival, departure, draw(st.floats(0.1, 150.0))


@settings(deadline=None)
@given(visit=visits())
def test_little_holds_on_every_window(visit):
    check = littles_law(*visit)
    assert check.holds
    arrival, departure, end = visit
    inside = mean_number_inside(arrival, departure, end)
    assert inside * end == pytest.approx(check.left, rel=1e-12)


def test_little_is_broken_by_a_lost_hour():
    # Two sides from different books: those of the queue and those of a faulty clock.
    assert not littles_law_of_means(4.0, 0.8, 5.1, tolerance=0.01).holds
    assert littles_law_of_means(4.0, 0.8, 5.0, tolerance=1e-12).holds
    assert littles_law_of_means(0.0, 0.0, 3.0, tolerance=0.0).holds


def test_little_by_hand():
    # One from 0 to 2, one from 1 on, until 4: 2 + 3 entity hours.
    check = littles_law([0.0, 1.0, 9.0], [2.0, math.nan, 10.0], 4.0)
    assert (check.left, check.right) == (5.0, 5.0)
    assert mean_number_inside([0.0, 1.0], [2.0, math.inf], 4.0) == 1.25


def test_conservation_counts_to_the_last_entity():
    assert conservation(10, 7, 3).holds
    assert not conservation(10, 7, 2).holds
    # Beyond 2^53 floats would call them equal.
    assert not conservation(2**60 + 1, 2**60, 0).holds
    with pytest.raises(FormulaError, match="inside"):
        conservation(1, 1, -1)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (([1.0], [0.5], 4.0), r"0.5 before 1.0 \(row 0\)"),
        (([math.nan], [0.5], 4.0), "arrival_h"),
        (([-1.0], [0.5], 4.0), "arrival_h"),
        (([1.0], [], 4.0), "departure_h"),
        (([1.0], [2.0], 0.0), "end_h"),
    ],
)
def test_visits_that_cannot_be_are_named(arguments, word):
    with pytest.raises(FormulaError, match=word):
        littles_law(*arguments)


# Waits


@settings(deadline=None)
@given(
    waits=arrays(np.float64, (4, 3, 2), elements=st.floats(0.0, 100.0)),
    unit=st.floats(0.01, 100.0),
)
def test_waits_add_up_by_cause_and_by_stage(waits, unit):
    stages, causes = ["Khorgos", "Aktau", "Alat"], ["queue", "closure"]
    found = wait_summary(waits, stages, causes)
    total = found.total_h.estimate
    for parts in (found.by_cause, found.by_stage, found.by_stage_and_cause):
        assert sum(part.wait_h.estimate for part in parts) == pytest.approx(total)
        assert sum(part.share for part in parts) == pytest.approx(1.0 if total > 0.0 else 0.0)
    assert [part.wait_h.estimate for part in found.by_cause] == sorted(
        (part.wait_h.estimate for part in found.by_cause), reverse=True
    )
    scaled = wait_summary(waits * unit, stages, causes)
    assert scaled.total_h.estimate == pytest.approx(total * unit)


def test_what_never_occurs_is_left_out_where_it_stands_alone():
    waits = np.zeros((2, 2, 2))
    waits[:, 1, 0] = [3.0, 5.0]
    found = wait_summary(waits, ["Aktau", "Alat"], ["queue", "customs"])
    assert [(w.stage, w.cause) for w in found.by_stage_and_cause] == [("Alat", "queue")]
    assert [w.cause for w in found.by_cause] == ["queue", "customs"]
    assert found.by_cause[1].wait_h.estimate == 0.0


@pytest.mark.parametrize(
    ("waits", "stages", "word"),
    [
        (np.zeros((1, 1, 1)), ["a"], "at least 2"),
        (np.full((2, 1, 1), -1.0), ["a"], "at least 0"),
        (np.full((2, 1, 1), np.nan), ["a"], "nan"),
        (np.zeros((2, 1, 1)), ["a", "b"], r"stages: found 2 name\(s\)"),
        (np.zeros((2, 2, 1)), ["a", "a"], "a name twice"),
        (np.zeros((2, 2)), ["a", "b"], "dimension"),
    ],
)
def test_waits_that_cannot_be_are_named(waits, stages, word):
    with pytest.raises(FormulaError, match=word):
        wait_summary(waits, stages, ["queue"])


# Coverage


@settings(deadline=None)
@given(trials=st.integers(1, 2_000), data=st.data())
def test_clopper_pearson_is_that_of_scipy(trials, data):
    successes = data.draw(st.integers(0, trials))
    expected = scipy.stats.binomtest(successes, trials).proportion_ci(0.95, "exact")
    assert clopper_pearson(successes, trials) == pytest.approx(tuple(expected), rel=1e-9, abs=1e-12)


def test_normal_replications_are_covered_as_they_say():
    sample = np.random.default_rng(17).normal(5.0, 2.0, (4_000, 10))
    found = coverage_of_means(sample, 5.0)
    assert found.low < 0.95 < found.high
    assert abs(found.bias_share) < 0.01


def test_a_study_is_the_same_for_the_same_seed_and_names_what_it_cannot_do():
    options = {"trials": 5, "replications": 4, "customers": 200, "servers": 2}
    one, other = (mmc_coverage(np.random.default_rng(1), **options) for _ in range(2))
    assert one == other
    with pytest.raises(FormulaError, match="warmup"):
        mmc_coverage(np.random.default_rng(1), **options | {"warmup": 200})
    with pytest.raises(FormulaError, match="held in memory"):
        mmc_coverage(np.random.default_rng(1), **options | {"customers": 10**8})
    with pytest.raises(FormulaError, match="utilization"):
        mmc_coverage(np.random.default_rng(1), **options, utilization=1.0)
    with pytest.raises(FormulaError, match="truth"):
        coverage_of_means(np.ones((3, 3)), 0.0)


def test_few_short_replications_from_empty_cover_less():
    found = mmc_coverage(
        np.random.default_rng(18), trials=400, replications=10, customers=500, servers=1
    )
    assert found.high < 0.95
    assert found.bias_share < -0.02
    assert names(setting_cautions(10, 500)) == ["short_run", "no_warmup"]


def test_a_warmup_takes_the_bias_away_and_brings_coverage_back():
    options = {"trials": 1_000, "replications": 30, "customers": 2_000}
    cold = mmc_coverage(np.random.default_rng(21), **options)
    warm = mmc_coverage(np.random.default_rng(21), **options, warmup=500)
    assert cold.high < 0.95
    assert cold.bias_share < -0.005
    assert abs(warm.bias_share) < 0.3 * abs(cold.bias_share)
    assert warm.covered > cold.covered


@long_study
@pytest.mark.slow
@pytest.mark.parametrize("servers", [1, 4])
def test_thirty_long_replications_cover_as_they_say_over_a_thousand_trials(servers):
    found = mmc_coverage(
        np.random.default_rng(19),
        trials=1_000,
        replications=30,
        customers=20_000,
        servers=servers,
    )
    # Reference for one server, other draws: 0.956.
    assert found.low <= 0.95 <= found.high


def test_ten_short_replications_without_warmup_cover_less_over_a_thousand_trials():
    found = mmc_coverage(np.random.default_rng(20), trials=1_000, replications=10, customers=2_000)
    # Reference, other draws: 0.919.
    assert found.low <= 0.919 <= found.high
    assert found.high < 0.95
