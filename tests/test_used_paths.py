"""Flows by itinerary: paths of a pair add up to its demand, and those of all pairs to the links."""

import numpy as np
import pytest

from assignment_networks import grid, random_problem
from karvan.errors import AssignmentError
from karvan.freight import (
    UserClass,
    assignment_problem,
    capacitated_equilibrium,
    delays,
    user_equilibrium,
)


def check_paths(found, cost):
    """Paths of every pair lead from end to end, cost alike, and add up to all flows."""
    problem = found.problem
    total, most = np.zeros_like(found.class_flow), 0
    for pair, amount in enumerate(problem.amount):
        paths = found.used_paths(pair)
        if amount == 0.0 or pair in found.unreachable:
            assert paths == []
            continue
        flows = [path.flow for path in paths]
        assert flows == sorted(flows, reverse=True)
        assert min(flows) > 0.0
        assert sum(flows) == pytest.approx(amount, rel=1e-12)
        assert len({path.links.tobytes() for path in paths}) == len(paths)
        user, own = problem.user_class[pair], []
        for path in paths:
            assert problem.tail[path.links[0]] == problem.origin[pair]
            assert problem.head[path.links[-1]] == problem.destination[pair]
            assert (problem.head[path.links[:-1]] == problem.tail[path.links[1:]]).all()
            total[user, path.links] += path.flow
            own.append(cost[user, path.links].sum())
        # What is used is cheapest, but for the little that a gap allows on the least of flows.
        assert np.average(own, weights=flows) == pytest.approx(min(own), rel=1e-7, abs=1e-9)
        most = max(most, len(paths))
    assert total == pytest.approx(found.class_flow, abs=1e-9 * max(problem.amount.sum(), 1.0))
    return most


def test_two_roads_are_two_paths():
    delay = delays("linear", base=[10, 5], factor=[1, 2])
    problem = assignment_problem(2, [0, 0], [1, 1], delay, origin=0, destination=1, demand=12)
    (first, second) = user_equilibrium(problem).used_paths(0)
    # 10 + x = 5 + 2 y with x + y = 12.
    assert (first.links.tolist(), first.flow) == ([0], pytest.approx(19.0 / 3.0))
    assert (second.links.tolist(), second.flow) == ([1], pytest.approx(17.0 / 3.0))


def test_paths_of_a_congested_grid_of_two_classes_add_up():
    classes = (UserClass("box", units=2.0), UserClass("bulk", value_of_time=3.0))
    problem = grid(5, zones=6, demand=150.0, classes=classes, first_through_node=2)
    found = user_equilibrium(problem)
    assert found.converged
    assert check_paths(found, found.cost) > 2


@pytest.mark.parametrize("seed", range(40))
def test_paths_of_random_networks_add_up(seed):
    found = user_equilibrium(random_problem(seed))
    check_paths(found, found.cost)


def test_paths_under_capacity_cost_alike_with_prices_and_hold_no_link_of_the_solver():
    problem = grid(4, zones=4, demand=60.0)
    free = user_equilibrium(problem)
    limit = np.full(problem.n_links, np.inf)
    busiest = int(free.flow.argmax())
    limit[busiest] = 0.8 * free.flow[busiest]
    found = capacitated_equilibrium(problem, limit)
    assert found.price[busiest] > 0.0
    assert check_paths(found, found.cost) > 1


def test_the_same_two_places_twice_are_two_pairs():
    delay = delays("linear", base=[10, 5], factor=[1, 2])
    problem = assignment_problem(2, [0, 0], [1, 1], delay, [0, 0, 0], [1, 1, 1], [4, 0, 8])
    found = user_equilibrium(problem)
    amounts = [sum(path.flow for path in found.used_paths(pair)) for pair in range(3)]
    assert amounts == pytest.approx([4.0, 0.0, 8.0])


@pytest.mark.parametrize(("pair", "said"), [(1, "0 to 0"), (-1, "0 to 0"), ("a", "whole number")])
def test_a_pair_that_does_not_exist_has_no_paths(pair, said):
    delay = delays("constant", base=[1.0])
    found = user_equilibrium(assignment_problem(2, [0], [1], delay, 0, 1, 3))
    with pytest.raises(AssignmentError, match=said):
        found.used_paths(pair)
