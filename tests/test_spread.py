"""Distributions of door-to-door time against closed forms and a plain simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karvan.freight.spread import GRID, Part, door_to_door, points, quantiles
from karvan.network.model import Timetables

NONE = Timetables(np.zeros(1, dtype=np.int64), np.zeros(0), np.zeros(0))
DRAWS = 200_000


def mean_of(mass, step):
    return float((mass * np.arange(GRID)).sum() * step)


hours = st.floats(0, 200)
parts_ = st.one_of(
    st.tuples(hours, hours, hours).map(lambda t: Part("pert", *sorted(t))),
    st.tuples(st.floats(1, 300), st.floats(1.05, 3)).map(
        lambda t: Part("lognormal", t[0], t[0] / t[1], t[0] * t[1])
    ),
    hours.map(lambda h: Part("uniform", h)),
    st.tuples(st.floats(0, 0.9), st.floats(0, 100)).map(lambda t: Part("closure", *t)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(parts_, min_size=1, max_size=8))
def test_mean_of_the_sum_is_the_sum_of_means(parts):
    mass, step = door_to_door(parts, NONE)
    exact = sum(points(part)[1] for part in parts)
    assert mass.sum() == pytest.approx(1.0)
    # Points are placed so that means are kept; what is left is rounding of the transform.
    assert mean_of(mass, step) == pytest.approx(exact, rel=1e-6, abs=1e-6)


def test_uniform_wait_has_its_closed_form_quantiles():
    mass, step = door_to_door([Part("uniform", 48.0)], NONE)
    np.testing.assert_allclose(quantiles(mass, step, (0.1, 0.5, 0.9)), (4.8, 24.0, 43.2), atol=step)


def test_sum_of_two_uniform_waits_is_triangular():
    mass, step = door_to_door([Part("uniform", 100.0)] * 2, NONE)
    expected = (math.sqrt(0.2) * 100, 100.0, (2 - math.sqrt(0.2)) * 100)
    np.testing.assert_allclose(quantiles(mass, step, (0.1, 0.5, 0.9)), expected, atol=2 * step)


def test_pert_with_equal_bounds_is_a_constant():
    mass, step = door_to_door([Part("pert", 7.0, 7.0, 7.0)], NONE)
    assert mean_of(mass, step) == pytest.approx(7.0)
    assert quantiles(mass, step, (0.5,))[0] == pytest.approx(7.0, abs=step)


def test_lognormal_keeps_mean_and_the_ratio_of_slow_to_fast():
    values, mean = points(Part("lognormal", 100.0, 80.0, 130.0))
    low, high = np.quantile(values, [0.05, 0.95])
    assert mean == 100.0
    # 256 points stand for the distribution; their quantiles are known to a percent.
    assert high / low == pytest.approx(130 / 80, rel=0.01)


def test_journey_agrees_with_a_plain_simulation():
    parts = [
        Part("pert", 3, 6, 182),
        Part("uniform", 24),
        Part("lognormal", 85, 76, 133),
        Part("closure", 0.2, 60),
        Part("pert", 6, 6, 520),
    ]
    rng = np.random.default_rng(1)

    def pert(low, mode, high):
        alpha, beta = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
        return low + (high - low) * rng.beta(alpha, beta, DRAWS)

    sigma = math.log(133 / 76) / (2 * 1.6448536269514722)
    total = pert(3, 6, 182) + rng.uniform(0, 24, DRAWS) + pert(6, 6, 520)
    total += 85 * np.exp(sigma * rng.standard_normal(DRAWS) - sigma**2 / 2)
    total += (rng.random(DRAWS) < 0.2) * rng.exponential(60, DRAWS)
    mass, step = door_to_door(parts, NONE)
    found = quantiles(mass, step, (0.1, 0.5, 0.9))
    # 3.5 standard errors of a quantile of 200,000 draws are below 0.7 % here.
    np.testing.assert_allclose(found, np.quantile(total, [0.1, 0.5, 0.9]), rtol=0.01)


def test_timetable_gathers_the_mass_at_departures():
    week = Timetables(np.array([0, 1]), np.array([24.0]), np.array([168.0]))
    mass, step = door_to_door([Part("uniform", 20.0), Part("timetable", 0)], week, 0.0)
    assert mean_of(mass, step) == pytest.approx(24.0)
    missed, step = door_to_door([Part("uniform", 48.0), Part("timetable", 0)], week, 0.0)
    # Half of the arrivals are there before the ship of hour 24, the others wait a week.
    assert mean_of(missed, step) == pytest.approx(0.5 * 24 + 0.5 * 192, rel=0.02)


@settings(max_examples=100, deadline=None)
@given(st.lists(parts_, min_size=1, max_size=6), parts_)
def test_one_more_part_never_shortens_a_quantile(parts, more):
    short, step_short = door_to_door(parts, NONE)
    long, step_long = door_to_door([*parts, more], NONE)
    # The grid may become coarser with the longer journey: allow a cell of each.
    slack = step_short + step_long
    for level in (0.1, 0.5, 0.9):
        assert quantiles(long, step_long, (level,))[0] >= (
            quantiles(short, step_short, (level,))[0] - slack
        )
