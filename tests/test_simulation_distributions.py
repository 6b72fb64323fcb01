"""Quantiles and tails of the core against scipy, and where scipy loses digits, against sums."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from karvan.errors import FormulaError
from karvan.simulation.distributions import (
    binomial_cdf,
    binomial_quantile,
    poisson_cdf,
    poisson_pmf,
    poisson_quantile,
    poisson_tail,
    t_multiplier,
    t_quantile,
)

AS_SCIPY = 1e-12

TAILS = [1e-12, 1e-6, 0.001, 0.025, 0.05, 0.3, 0.49, 0.51, 0.7, 0.95, 0.975, 0.995, 1 - 1e-6]


@pytest.mark.parametrize("degrees", [0.5, 1, 1.5, 2, 3, 4, 9, 10, 19, 29.3, 99, 999, 9_999, 10_001])
def test_t_quantiles_are_those_of_scipy(degrees):
    found = [t_quantile(p, degrees) for p in TAILS]
    assert found == pytest.approx(scipy.stats.t.ppf(TAILS, degrees), rel=AS_SCIPY)


@pytest.mark.published
@pytest.mark.parametrize(
    ("degrees", "printed"), [(1, 12.706), (4, 2.776), (9, 2.262), (19, 2.093), (29, 2.045)]
)
def test_t_table_of_student_at_97_5_per_cent(degrees, printed):
    assert t_multiplier(0.95, degrees) == pytest.approx(printed, abs=5e-4)


@settings(deadline=None)
@given(p=st.floats(1e-9, 1 - 1e-9), degrees=st.floats(0.5, 1e8))
def test_t_quantiles_are_odd_and_rise(p, degrees):
    here = t_quantile(p, degrees)
    # 1 - p is rounded, which near 1 is worth a little of p.
    assert t_quantile(1.0 - p, degrees) == pytest.approx(-here, rel=1e-6, abs=1e-12)
    assert t_quantile(min(p * 1.01, 1 - 1e-10), degrees) >= here - 1e-12


@settings(deadline=None)
@given(confidence=st.floats(0.5, 0.999), degrees=st.integers(1, 10**9))
def test_more_degrees_of_freedom_narrow_towards_the_normal(confidence, degrees):
    here = t_multiplier(confidence, degrees)
    assert here >= t_multiplier(confidence, degrees + 1) * (1.0 - 1e-13)
    assert here >= scipy.special.ndtri(0.5 + 0.5 * confidence) * (1.0 - 1e-10)


def test_the_two_ways_to_a_t_quantile_meet():
    for p in (0.6, 0.9, 0.975, 0.9999):
        below, above = t_quantile(p, 1e4), t_quantile(p, 1e4 * (1 + 1e-12))
        assert above == pytest.approx(below, rel=1e-12)


@pytest.mark.parametrize("trials", [1, 2, 5, 20, 100, 999, 10_000, 1_000_000])
@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9, 0.95, 0.999])
def test_binomial_sums_are_those_of_scipy(trials, p):
    mean, spread = trials * p, math.sqrt(trials * p * (1 - p))
    numbers = {0, 1, int(mean), int(mean - 2 * spread), int(mean + 3 * spread), trials - 1}
    for k in sorted(n for n in numbers if 0 <= n < trials):
        expected = scipy.stats.binom.cdf(k, trials, p)
        if expected > 1e-250:
            assert binomial_cdf(k, trials, p) == pytest.approx(expected, rel=AS_SCIPY)
    assert binomial_cdf(-1, trials, p) == 0.0
    assert binomial_cdf(trials, trials, p) == 1.0


@settings(deadline=None)
@given(
    trials=st.integers(1, 5_000),
    p=st.floats(0.001, 0.999),
    share=st.floats(0.001, 0.999),
)
def test_binomial_quantile_is_the_first_that_reaches_the_share(trials, p, share):
    k = binomial_quantile(share, trials, p)
    assert binomial_cdf(k, trials, p) >= share
    assert binomial_cdf(k - 1, trials, p) < share


@pytest.mark.parametrize("mean", [0.0, 0.01, 1.0, 5.0, 50.0, 228.310502283, 900.0])
@pytest.mark.parametrize("spreads", [-6, -2, -0.5, 0, 0.5, 2, 6])
def test_poisson_sums_are_those_of_scipy(mean, spreads):
    k = max(0, int(mean + spreads * math.sqrt(mean)))
    # scipy forms the probability from logarithms that cancel: at these means it keeps 11 digits.
    assert poisson_pmf(k, mean) == pytest.approx(scipy.stats.poisson.pmf(k, mean), rel=1e-11)
    assert poisson_cdf(k, mean) == pytest.approx(scipy.stats.poisson.cdf(k, mean), rel=AS_SCIPY)
    if k > 0 and mean > 0.0:
        tail = scipy.special.pdtrc(k, mean)
        assert poisson_tail(k, mean) == pytest.approx(tail, rel=1e-11)


def test_poisson_far_out_adds_up_where_scipy_loses_digits():
    mean = 1_000_000
    number = np.arange(990_000, 1_010_001)
    # Differences of logarithms from the mode keep what lgamma(1e6) loses.
    step = np.log(mean) - np.log(np.arange(number[0] + 1, number[-1] + 1.0))
    log = np.concatenate([[0.0], np.cumsum(step)])
    weight = np.exp(log - log.max())
    chance = weight / weight.sum()
    for k in (994_000, 1_000_000, 1_006_000):
        place = k - number[0]
        assert poisson_pmf(k, mean) == pytest.approx(chance[place], rel=1e-9)
        assert poisson_tail(k, mean) == pytest.approx(chance[place + 1 :].sum(), rel=1e-9)


@settings(deadline=None)
@given(mean=st.floats(0.0, 1e5), p=st.floats(0.001, 0.999))
def test_poisson_quantile_is_the_first_that_reaches_the_share(mean, p):
    k = poisson_quantile(p, mean)
    assert poisson_cdf(k, mean) >= p
    assert k == 0 or poisson_cdf(k - 1, mean) < p


def test_the_smallest_numbers_of_a_float_have_probabilities():
    tiny = 5e-324
    assert poisson_pmf(7, tiny) == 0.0
    assert poisson_cdf(0, tiny) == 1.0
    assert poisson_quantile(0.9, tiny) == 0
    assert binomial_cdf(3, 9, tiny) == 1.0
    assert t_quantile(1e-50, 1.0) == pytest.approx(-1e50 / math.pi, rel=1e-12)
    assert t_quantile(1e-50, 0.5) == pytest.approx(scipy.stats.t.ppf(1e-50, 0.5), rel=1e-11)


@pytest.mark.parametrize(
    ("function", "arguments", "word"),
    [
        (t_quantile, (0.0, 5), "probability"),
        (t_quantile, (math.nan, 5), "probability"),
        (t_quantile, (0.5, 0.0), "degrees_of_freedom"),
        (t_quantile, (0.5, 1e-3), "degrees_of_freedom"),
        (t_quantile, (1e-300, 5), "probability"),
        (t_multiplier, (1.0, 5), "confidence"),
        (binomial_cdf, (3, 2, 0.5), "successes"),
        (binomial_cdf, (1, 2, 1.0), "probability"),
        (binomial_quantile, (1.5, 2, 0.5), "share"),
        (poisson_cdf, (-1, 2.0), "number"),
        (poisson_quantile, (0.5, -2.0), "mean"),
        (poisson_quantile, (0.5, 1e300), "mean"),
    ],
)
def test_what_has_no_quantile_is_named(function, arguments, word):
    with pytest.raises(FormulaError, match=word):
        function(*arguments)
