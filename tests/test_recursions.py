"""The recursions of Lindley and of Kiefer and Wolfowitz, customer by customer."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from karvan.kernels.recursions import fifo_starts, mean_waits
from karvan.simulation.formulas_general import mg1
from karvan.simulation.formulas_markov import mmc

customers = st.integers(1, 40)
durations = st.one_of(st.just(0.0), st.floats(0.0, 10.0), st.sampled_from([0.5, 1.0, 2.0]))


def starts(arrival, service, servers):
    start = np.empty_like(arrival)
    fifo_starts(arrival, service, servers, start)
    return start


def plain(arrival, service, servers):
    """First come, first served, with a list that is sorted after every customer."""
    free = [-math.inf] * servers
    found = []
    for time, length in zip(arrival.tolist(), service.tolist(), strict=True):
        begin = max(time, free[0])
        found.append(begin)
        free = sorted([*free[1:], begin + length])
    return np.array(found)


@settings(deadline=None)
@given(data=st.data(), size=customers, servers=st.integers(1, 9))
def test_the_kernel_is_the_plain_recursion_to_the_last_bit(data, size, servers):
    gap = data.draw(arrays(np.float64, size, elements=durations))
    service = data.draw(arrays(np.float64, size, elements=durations))
    arrival = np.cumsum(gap)
    found = starts(arrival, service, servers)
    assert found.tobytes() == plain(arrival, service, servers).tobytes()


@settings(deadline=None)
@given(data=st.data(), size=customers)
def test_one_server_is_lindley_by_the_lowest_point_of_the_walk(data, size):
    gap = data.draw(arrays(np.float64, size, elements=durations))
    service = data.draw(arrays(np.float64, size, elements=durations))
    arrival = np.cumsum(gap)
    walk = np.concatenate([[0.0], np.cumsum(service[:-1] - gap[1:])])
    expected = walk - np.minimum.accumulate(walk)
    wait = starts(arrival, service, 1) - arrival
    assert wait == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(data=st.data(), size=customers, servers=st.integers(1, 6))
def test_one_more_server_makes_nobody_wait_longer(data, size, servers):
    gap = data.draw(arrays(np.float64, size, elements=durations))
    service = data.draw(arrays(np.float64, size, elements=durations))
    arrival = np.cumsum(gap)
    assert np.all(starts(arrival, service, servers + 1) <= starts(arrival, service, servers))


def test_hand_worked_trace_of_two_servers():
    arrival = np.array([0.0, 1.0, 2.0, 3.0, 10.0])
    service = np.array([5.0, 3.0, 1.0, 2.0, 1.0])
    # Servers are free at 5 and 4; the third waits until 4, leaves at 5; both are free for the last.
    assert starts(arrival, service, 2).tolist() == [0.0, 1.0, 4.0, 5.0, 10.0]


def test_more_servers_than_customers_let_nobody_wait():
    arrival, service = np.arange(50.0), np.full(50, 100.0)
    assert starts(arrival, service, 50).tolist() == arrival.tolist()


@settings(max_examples=30, deadline=None)
@given(data=st.data(), rows=st.integers(1, 4), size=st.integers(2, 30), servers=st.integers(1, 5))
def test_mean_waits_are_the_means_of_the_customers_that_count(data, rows, size, servers):
    gap = data.draw(arrays(np.float64, (rows, size), elements=durations))
    service = data.draw(arrays(np.float64, (rows, size), elements=durations))
    skipped = data.draw(st.integers(0, size - 1))
    mean = np.empty(rows)
    mean_waits(gap, service, servers, skipped, mean)
    for row in range(rows):
        arrival = np.cumsum(gap[row])
        wait = (starts(arrival, service[row], servers) - arrival)[skipped:]
        assert mean[row] == pytest.approx(wait.mean(), abs=1e-12)


@pytest.mark.parametrize("servers", [1, 4])
def test_mean_wait_is_that_of_the_formula_within_chance(servers):
    rng = np.random.default_rng(11)
    rows, size = 40, 40_000
    gap = rng.exponential(1.0 / (0.8 * servers), (rows, size))
    mean = np.empty(rows)
    mean_waits(gap, rng.standard_exponential((rows, size)), servers, 2_000, mean)
    truth = mmc(servers, 0.8 * servers, 1.0).wait_h
    error = mean.std(ddof=1) / math.sqrt(rows)
    assert error < 0.02 * truth
    assert abs(mean.mean() - truth) < 4.0 * error


def test_constant_service_waits_half_as_long_pollaczek_khinchine():
    rng = np.random.default_rng(12)
    rows, size = 40, 40_000
    mean = np.empty(rows)
    gap = rng.exponential(1.25, (rows, size))
    mean_waits(gap, np.ones((rows, size)), 1, 2_000, mean)
    error = mean.std(ddof=1) / math.sqrt(rows)
    assert abs(mean.mean() - mg1(0.8, 1.0, 0.0).wait_h) < 4.0 * error
