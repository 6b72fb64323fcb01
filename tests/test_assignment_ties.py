"""Assignment: links that cost nothing, costs that are equal, and flows too small to count."""

import numpy as np
import pytest

from karvan.freight import assignment_problem, delays, user_equilibrium
from karvan.kernels.bush import _sort


def free_links(seed):
    """Powers without a free time and as many links that cost nothing: all demand can go free."""
    rng = np.random.default_rng(seed)
    n_nodes = int(rng.integers(6, 30))
    steep = int(rng.integers(2 * n_nodes, 5 * n_nodes))
    n_links = steep + int(rng.integers(n_nodes, 5 * n_nodes))
    tail, head = rng.integers(0, n_nodes, n_links), rng.integers(0, n_nodes, n_links)
    factor = np.where(np.arange(n_links) < steep, 1.0, 0.0)
    power = rng.choice([1.5, 2.5, 4, 8], n_links)
    delay = delays("bpr", base=0.0, factor=factor, capacity=1e12, shape=power)
    many = int(rng.integers(1, n_nodes * 2))
    origin = rng.integers(0, n_nodes // 2, many)
    destination = rng.integers(n_nodes // 2, n_nodes, many)
    demand = rng.exponential(1e13, many)
    return assignment_problem(n_nodes, tail, head, delay, origin, destination, demand)


def test_links_that_cost_nothing_do_not_hide_a_shorter_path():
    # The path 0, 3, 4, 6 is free at any flow; other links that cost nothing at no flow, between
    # nodes of the same distance, must not stand in its way.
    tail = [5, 2, 3, 0, 1, 4, 2, 2, 5, 0, 4, 5, 2, 2, 2, 2, 3]
    head = [6, 5, 2, 5, 5, 6, 3, 5, 1, 3, 6, 6, 1, 0, 3, 3, 4]
    base = np.zeros(17)
    base[[0, 1, 4, 5]] = [1.0, 2.0, 4.0, 1.0]
    factor = np.where(np.arange(17) < 7, 1.0, 0.0)
    delay = delays("linear", base=base, factor=factor)
    result = user_equilibrium(assignment_problem(7, tail, head, delay, 0, 6, 5.0))
    assert result.converged
    assert result.total_cost == pytest.approx(0.0, abs=1e-12)


def mixed(seed):
    """Every function beside many links that cost nothing."""
    rng = np.random.default_rng(seed)
    n_nodes = int(rng.integers(6, 30))
    dear = int(rng.integers(2 * n_nodes, 5 * n_nodes))
    n_links = dear + int(rng.integers(n_nodes, 5 * n_nodes))
    tail, head = rng.integers(0, n_nodes, n_links), rng.integers(0, n_nodes, n_links)
    free = np.arange(n_links) >= dear
    name = np.where(free, "constant", rng.choice(["linear", "bpr", "conical", "queue"], n_links))
    shape = np.select(
        [name == "bpr", name == "conical", name == "queue"],
        [
            rng.choice([0.5, 2.5, 4, 8], n_links),
            rng.uniform(1.1, 6, n_links),
            rng.integers(1, 6, n_links),
        ],
        1.0,
    )
    base = np.where(free, 0.0, rng.uniform(0, 5, n_links))
    capacity = rng.uniform(2, 20, n_links)
    factor = np.where(free, 0.0, 1.0)
    delay = delays(name.tolist(), base=base, factor=factor, capacity=capacity, shape=shape)
    many = int(rng.integers(1, n_nodes * 2))
    origin = rng.integers(0, n_nodes // 2, many)
    destination = rng.integers(n_nodes // 2, n_nodes, many)
    demand = rng.exponential(10, many)
    return assignment_problem(n_nodes, tail, head, delay, origin, destination, demand)


# Seeds at which the order of a bush hid a shorter path for ever.
@pytest.mark.parametrize("seed", [627, 1417, 3644, 3780, 4490, 5318, 5763])
def test_mixed_networks_with_free_links_converge(seed):
    result = user_equilibrium(mixed(seed), max_iterations=60, threads=1)
    assert result.converged


def test_a_small_power_takes_what_levels_it_however_little_that_is():
    # (1e-60)^0.1 = 1e-6, what the second road costs; the third is one that everybody takes.
    delay = delays(
        ["bpr", "constant", "constant"],
        base=[0.0, 1e-6, 1.0],
        factor=[1.0, 0.0, 0.0],
        shape=[0.1, 1.0, 1.0],
    )
    problem = assignment_problem(3, [0, 0, 1], [1, 1, 2], delay, 0, 2, 1.0)
    result = user_equilibrium(problem)
    assert result.converged
    assert result.flow == pytest.approx([1e-60, 1.0, 1.0], rel=1e-6)


# Seeds at which flow that counted as none stayed behind, with nothing that came to it.
@pytest.mark.parametrize("seed", [1226, 2153])
def test_traces_of_flow_do_not_stay_on_links_that_nobody_needs(seed):
    result = user_equilibrium(free_links(seed), max_iterations=200, threads=1)
    assert result.converged
    assert result.conservation_error < 1e-12


def test_distances_near_the_smallest_number_are_sorted():
    order = np.array([0, 1, 2, 3], dtype=np.uint32)
    _sort(order, 4, np.array([0.0, 3e-310, 1e-310, 2e-310]))
    assert order.tolist() == [0, 2, 3, 1]
