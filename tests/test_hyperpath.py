"""Optimal strategies against closed forms, the example of the paper, and simulated travellers."""

import numpy as np
import pytest

from karvan.errors import AssignmentError
from karvan.freight import optimal_strategy

INF = np.inf
ROUNDING = 1e-12


def test_one_service_waits_a_headway_at_random_and_half_of_it_when_even():
    at_random = optimal_strategy(2, [0], [1], [10.0], [1 / 6], 1)
    even = optimal_strategy(2, [0], [1], [10.0], [1 / 6], 1, headways="regular")
    assert at_random.expected_time[0] == pytest.approx(16.0, abs=ROUNDING)
    assert at_random.wait[0] == pytest.approx(6.0, abs=ROUNDING)
    assert even.expected_time[0] == pytest.approx(13.0, abs=ROUNDING)
    assert even.wait[0] == pytest.approx(3.0, abs=ROUNDING)


def test_two_ferries_wait_one_over_the_sum_of_their_rates():
    rate, time = np.array([0.2, 0.05]), np.array([20.0, 22.0])
    found = optimal_strategy(2, [0, 0], [1, 1], time, rate, 1)
    assert found.wait[0] == pytest.approx(1 / rate.sum(), abs=ROUNDING)
    expected = (1 + rate @ time) / rate.sum()
    assert found.expected_time[0] == pytest.approx(expected, abs=ROUNDING)
    assert found.probability == pytest.approx(rate / rate.sum(), abs=ROUNDING)


def test_a_slow_service_is_let_go():
    # 20 + 5 for the quick one alone: taking one that needs longer than 25 can only lose.
    found = optimal_strategy(2, [0, 0], [1, 1], [20.0, 25.1], [0.2, 5.0], 1)
    assert found.attractive.tolist() == [0]
    assert found.expected_time[0] == pytest.approx(25.0, abs=ROUNDING)


def test_a_link_without_wait_ends_the_waiting():
    found = optimal_strategy(2, [0, 0], [1, 1], [20.0, 30.0], [0.05, INF], 1)
    assert found.expected_time[0] == pytest.approx(30.0, abs=ROUNDING)
    assert found.probability.tolist() == [0.0, 1.0]
    assert found.wait[0] == 0.0


def test_without_waits_it_is_the_shortest_path():
    rng = np.random.default_rng(3)
    tail, head = rng.integers(0, 30, (2, 150))
    time = rng.uniform(1.0, 9.0, 150)
    found = optimal_strategy(30, tail, head, time, np.full(150, INF), 7).expected_time
    shortest = np.full(30, INF)
    shortest[7] = 0.0
    for _ in range(30):
        np.minimum.at(shortest, tail, time + shortest[head])
    assert np.allclose(found, shortest, rtol=ROUNDING)


A, X, X2, Y, Y3, B = range(6)
PAPER = [
    (A, B, 25.0, 6.0),
    (A, X2, 7.0, 6.0),
    (X2, X, 0.0, 0.0),
    (X, X2, 0.0, 6.0),
    (X2, Y, 6.0, 0.0),
    (Y3, Y, 0.0, 15.0),
    (Y, B, 10.0, 3.0),
    (X, Y3, 4.0, 15.0),
    (Y, Y3, 0.0, 15.0),
    (Y3, B, 4.0, 0.0),
]
"""Tail, head, minutes, mean wait in minutes: four lines between the stops A, X, Y and B."""


def paper_strategy():
    tail, head, time, wait = (np.array(c) for c in zip(*PAPER, strict=True))
    with np.errstate(divide="ignore"):
        return optimal_strategy(6, tail.astype(int), head.astype(int), time, 1.0 / wait, B)


@pytest.mark.published
def test_spiess_florian_1989_example_network():
    found = paper_strategy()
    assert found.expected_time[A] == pytest.approx(27.75, abs=1e-9)
    assert found.expected_time[X] == pytest.approx(19.0714, abs=5e-5)
    assert found.expected_time[Y] == pytest.approx(11.50, abs=1e-9)
    assert found.expected_time[Y3] == pytest.approx(4.0, abs=1e-9)
    assert found.expected_time[X2] == pytest.approx(17.5, abs=1e-9)
    flow = found.flow(np.eye(6)[A])
    by_link = {(PAPER[k][0], PAPER[k][1]): flow[k] for k in range(len(PAPER))}
    assert by_link[A, B] == by_link[A, X2] == by_link[X2, Y] == pytest.approx(1 / 2)
    assert by_link[Y, B] == pytest.approx(5 / 12)
    assert by_link[Y, Y3] == by_link[Y3, B] == pytest.approx(1 / 12)
    assert by_link[X, X2] == by_link[X, Y3] == by_link[X2, X] == by_link[Y3, Y] == 0.0


def test_travellers_who_board_what_comes_first_need_the_expected_time():
    found, rng, n = paper_strategy(), np.random.default_rng(20), 40_000
    time = np.array([row[2] for row in PAPER])
    wait = np.array([row[3] for row in PAPER])
    total, at = np.zeros(n), np.full(n, A)
    boarded = np.zeros(len(PAPER))
    while (at != B).any():
        for node in np.unique(at[at != B]):
            here = np.flatnonzero(at == node)
            links = [a for a in found.attractive if PAPER[a][0] == node]
            next_one = rng.exponential(1.0, (len(here), len(links))) * wait[links]
            first = next_one.argmin(axis=1)
            taken = np.array(links)[first]
            total[here] += next_one[np.arange(len(here)), first] + time[taken]
            at[here] = found.head[taken]
            boarded += np.bincount(taken, minlength=len(PAPER))
    half_width = 4.0 * total.std() / np.sqrt(n)
    assert abs(total.mean() - found.expected_time[A]) < half_width
    share = found.flow(np.eye(6)[A])
    assert (np.abs(boarded / n - share) <= 4.0 * np.sqrt(share * (1 - share) / n) + 1e-12).all()


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_satisfy_the_equations_of_the_optimum(seed):
    """No other set of links out of a node is better, given the times at their heads."""
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, 12, (2, 50))
    time = rng.integers(0, 6, 50).astype(float)
    frequency = np.where(rng.random(50) < 0.2, INF, rng.uniform(0.05, 2.0, 50))
    found = optimal_strategy(12, tail, head, time, frequency, 0)
    for node in range(1, 12):
        out = np.flatnonzero((tail == node) & np.isfinite(found.expected_time[head]))
        after = time[out] + found.expected_time[head[out]]
        best = min((after[k] for k in range(len(out)) if np.isinf(frequency[out[k]])), default=INF)
        finite = out[np.isfinite(frequency[out])]
        order = finite[np.argsort(time[finite] + found.expected_time[head[finite]])]
        for size in range(1, len(order) + 1):
            f = frequency[order[:size]]
            cost = time[order[:size]] + found.expected_time[head[order[:size]]]
            best = min(best, (1.0 + f @ cost) / f.sum())
        assert found.expected_time[node] == pytest.approx(best, rel=1e-12)
    reached = np.flatnonzero(np.isfinite(found.expected_time))
    leaving = np.bincount(tail, found.probability, minlength=12)
    assert leaving[reached[reached != 0]] == pytest.approx(1.0, rel=1e-12)
    demand = np.where(np.isfinite(found.expected_time), 1.0, 0.0)
    flow = found.flow(demand)
    arriving = np.bincount(head, flow, minlength=12) - np.bincount(tail, flow, minlength=12)
    assert arriving[0] == pytest.approx(demand[1:].sum())


def test_nodes_without_a_way_are_inf_and_may_have_no_demand():
    found = optimal_strategy(4, [0, 2], [1, 3], [1.0, 1.0], [1.0, 1.0], 1)
    assert found.expected_time.tolist() == [2.0, 0.0, INF, INF]
    assert np.isnan(found.wait[2:]).all()
    with pytest.raises(AssignmentError, match=r"node 2: demand is 3 but no way leads"):
        found.flow([1.0, 0.0, 3.0, 0.0])
    with pytest.raises(AssignmentError, match=r"demand has 2 values, expected one for each of 4"):
        found.flow([1.0, 0.0])
    with pytest.raises(AssignmentError, match=r"node 0: demand is -1"):
        found.flow([-1.0, 0.0, 0.0, 0.0])


def test_faults_are_listed_by_name():
    with pytest.raises(AssignmentError) as error:
        optimal_strategy(2, [0, 5], [1, 1], [-1.0, 1.0], [0.0, 1.0], 9, headways="regula")
    text = str(error.value)
    for part in (
        "destination is 9",
        "headways is 'regula', expected one of exponential, regular; did you mean 'regular'?",
        "link 1: tail is 5",
        "link 0: time is -1",
        "link 0: frequency is 0, expected a number > 0, or inf for no wait",
    ):
        assert part in text
