"""Elastic demand against closed forms, the excess-demand network, and fixed demand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from assignment_networks import random_problem
from karvan.errors import AssignmentError
from karvan.freight import (
    UserClass,
    assignment_problem,
    delays,
    demand_function,
    elastic_equilibrium,
    read_tntp,
    user_equilibrium,
)
from karvan.freight.elastic import pair_costs

KINDS = [("exponential", 0.3), ("power", 1.5), ("linear", 0.2)]
CLOSE = 1e-7
"""Solved to a gap of 1e-9 of all demand."""


def one_link(demand=1.0):
    delay = delays("bpr", base=2.0, factor=[0.5], capacity=4.0, shape=4.0)
    return assignment_problem(2, [0], [1], delay, 0, 1, demand)


@pytest.mark.parametrize(("name", "steepness"), KINDS)
def test_one_link_solves_the_scalar_equation(name, steepness):
    function = demand_function(name, demand=9.0, cost=2.5, steepness=steepness)

    def excess(q):
        cost = 2.0 + 0.5 * (q / 4.0) ** 4
        written = {
            "exponential": 9.0 * np.exp(-steepness * (cost - 2.5)),
            "power": 9.0 * (cost / 2.5) ** -steepness,
            "linear": max(9.0 * (1.0 - steepness * (cost - 2.5)), 0.0),
        }
        return q - written[name]

    root = brentq(excess, 0.0, 20.0, xtol=1e-14)
    found = elastic_equilibrium(one_link(), function)
    assert found.converged
    assert found.demand[0] == pytest.approx(root, rel=CLOSE)
    assert found.cost[0] == pytest.approx(2.0 + 0.5 * (root / 4.0) ** 4, rel=CLOSE)
    assert found.demand_gap <= 1e-9


def test_one_linear_link_has_a_closed_form():
    """q = a (1 - b (c - c0)) with c = t + s q."""
    delay = delays("linear", base=[1.0], factor=0.5)
    problem = assignment_problem(2, [0], [1], delay, 0, 1, 0.0)
    function = demand_function("linear", demand=10.0, cost=2.0, steepness=0.1)
    exact = 10.0 * (1.0 - 0.1 * (1.0 - 2.0)) / (1.0 + 10.0 * 0.1 * 0.5)
    assert elastic_equilibrium(problem, function).demand[0] == pytest.approx(exact, rel=CLOSE)


@pytest.mark.parametrize(("name", "steepness"), KINDS)
def test_the_inverse_is_the_inverse(name, steepness):
    function = demand_function(name, demand=[9.0, 4.0], cost=[2.5, 3.0], steepness=steepness)
    cost = np.array([1.7, 4.1])
    assert function.inverse(function.at(cost)) == pytest.approx(cost, rel=1e-12)
    assert function.at(np.array([np.inf, 3.0])) == pytest.approx([0.0, 4.0])


def network(seed=2):
    rng = np.random.default_rng(seed)
    n_nodes, n_links = 9, 36
    tail = np.concatenate((np.arange(n_nodes), rng.integers(0, n_nodes, n_links - n_nodes)))
    step = np.where(np.arange(n_links) < n_nodes, 1, rng.integers(1, n_nodes, n_links))
    base = rng.uniform(1.0, 4.0, n_links)
    delay = delays("bpr", base=base, factor=base, capacity=rng.uniform(3, 9, n_links), shape=4.0)
    origin = np.arange(8)
    return assignment_problem(
        n_nodes, tail, (tail + step) % n_nodes, delay, origin, (origin + 4) % 9, 5.0 * np.ones(8)
    )


def excess_demand_network(problem, function):
    """Gartner's: most demand is fixed, what does not travel takes a link of its own.

    The most there can be is the demand at no cost; then that link costs its flow by the slope.
    """
    n, pairs = problem.n_nodes, np.arange(len(problem.demand))
    most = function.at(np.zeros(len(pairs)))
    d = problem.delay
    stay = delays("linear", base=0.0 * most, factor=1.0 / (function.demand * function.steepness))
    arrive = delays("constant", base=0.0 * most)
    parts = [(d, problem.tail, problem.head)]
    parts += [(stay, problem.origin, n + pairs), (arrive, problem.destination, n + pairs)]
    joined = {
        field: np.concatenate([getattr(p[0], field) for p in parts])
        for field in ("kind", "base", "factor", "capacity", "shape")
    }
    return assignment_problem(
        n + len(pairs),
        np.concatenate([p[1] for p in parts]),
        np.concatenate([p[2] for p in parts]),
        type(d)(**joined),
        problem.origin,
        n + pairs,
        most,
    )


@pytest.mark.parametrize("steepness", [0.02, 0.1, 0.4])
def test_linear_demand_equals_the_excess_demand_network(steepness):
    problem = network()
    function = demand_function(
        "linear", demand=problem.demand, cost=5.0 * np.ones(8), steepness=steepness
    )
    exact = user_equilibrium(excess_demand_network(problem, function), 1e-13)
    found = elastic_equilibrium(problem, function, relative_gap=1e-12)
    n, pairs = problem.n_links, len(problem.demand)
    assert found.converged
    assert found.equilibrium.flow == pytest.approx(exact.flow[:n], abs=1e-5)
    most = function.at(np.zeros(pairs))
    assert found.demand == pytest.approx(most - exact.flow[n : n + pairs], abs=1e-5)


@pytest.mark.parametrize(("name", "steepness"), KINDS)
def test_demand_is_what_the_function_gives_at_costs_computed_apart(name, steepness):
    problem = network()
    function = demand_function(
        name, demand=problem.demand, cost=5.0 * np.ones(8), steepness=steepness
    )
    found = elastic_equilibrium(problem, function)
    again = user_equilibrium(replace(problem, demand=found.demand), 1e-12)
    skim = again.average_on_paths(again.time)
    assert found.demand == pytest.approx(function.at(skim), abs=1e-6)
    assert found.demand.std() > 0.1


@pytest.mark.parametrize("name", ["exponential", "power", "linear"])
def test_without_elasticity_demand_is_fixed(name):
    problem = network()
    fixed = user_equilibrium(problem, 1e-12)

    def away(steepness):
        function = demand_function(
            name, demand=problem.demand, cost=5.0 * np.ones(8), steepness=steepness
        )
        found = elastic_equilibrium(problem, function, relative_gap=1e-12)
        return np.abs(found.equilibrium.flow - fixed.flow).max()

    assert away(0.0) < 1e-6
    # The distance is proportional to a small elasticity.
    far, near = away(1e-2), away(1e-3)
    assert near < 0.2 * far
    assert near < 0.2


@pytest.mark.parametrize("steepness", [0.05, 1.0])
def test_a_warm_start_gives_the_same_answer_sooner(steepness):
    problem = network()
    function = demand_function(
        "exponential", demand=problem.demand, cost=5.0 * np.ones(8), steepness=steepness
    )
    cold = elastic_equilibrium(problem, function)
    near = replace(function, demand=function.demand * 1.01)
    warm = elastic_equilibrium(problem, near, start=cold)
    anew = elastic_equilibrium(problem, near)
    assert warm.converged
    assert warm.demand == pytest.approx(anew.demand, abs=1e-6)
    assert warm.iterations <= anew.iterations
    assert elastic_equilibrium(problem, function, start=cold).iterations == 1


def test_cobwebs_are_damped():
    """Demand of elasticity 30 overshoots by orders of magnitude when it only follows costs."""
    function = demand_function("power", demand=60.0, cost=2.0, steepness=30.0)
    found = elastic_equilibrium(one_link(), function)
    assert found.converged
    assert found.demand[0] == pytest.approx(
        brentq(lambda q: q - 60.0 * (1.0 + 0.25 * (q / 4.0) ** 4) ** -30.0, 0.0, 60.0), rel=1e-6
    )


def test_sioux_falls_with_unit_elasticity(shared: Path):
    folder = shared / "reference" / "assignment" / "SiouxFalls"
    problem = read_tntp(folder / "SiouxFalls_net.tntp", folder / "SiouxFalls_trips.tntp")
    reference = pair_costs(problem, user_equilibrium(problem, 1e-12).time)
    function = demand_function("power", demand=problem.demand, cost=reference, steepness=1.0)
    same = elastic_equilibrium(problem, function)
    assert same.demand == pytest.approx(problem.demand, rel=1e-6)
    more = elastic_equilibrium(problem, replace(function, demand=2.0 * function.demand))
    assert more.converged
    assert problem.demand.sum() < more.demand.sum() < 2.0 * problem.demand.sum()


def test_pairs_without_a_path_within_a_node_and_of_another_class():
    delay = delays("linear", base=[1.0, 1.0], factor=1.0)
    tolled = UserClass("tolled", money=np.array([4.0, 4.0]), value_of_time=2.0)
    problem = assignment_problem(
        3,
        [0, 0],
        [1, 1],
        delay,
        [0, 0, 2, 0],
        [1, 2, 2, 1],
        1.0 * np.ones(4),
        user_class=[0, 0, 0, 1],
        classes=(UserClass("all"), tolled),
    )
    function = demand_function("exponential", demand=[2.0, 5.0, 7.0, 2.0], cost=1.0, steepness=0.5)
    found = elastic_equilibrium(problem, function)
    assert found.demand[1] == 0.0
    assert found.cost[1] == np.inf
    assert found.demand[2] == 7.0
    assert found.cost[3] == pytest.approx(found.cost[0] + 2.0)
    assert found.demand[3] == pytest.approx(found.demand[0] * np.exp(-1.0), rel=1e-6)


def test_faults_are_listed_by_name():
    with pytest.raises(AssignmentError) as error:
        demand_function("powr", demand=[-1.0, 1.0], cost=np.nan, steepness=-2.0)
    text = str(error.value)
    for part in (
        "demand function 'powr' is not known",
        "did you mean 'power'?",
        "O-D pair 0: demand of the demand function is -1",
        "O-D pair 1: cost of the demand function is nan",
        "O-D pair 0: steepness of the demand function is -2",
    ):
        assert part in text
    with pytest.raises(AssignmentError, match=r"cost of the demand function is 0, .* > 0"):
        demand_function("power", demand=1.0, cost=0.0, steepness=1.0)
    function = demand_function("linear", demand=[1.0, 1.0], cost=1.0, steepness=1.0)
    with pytest.raises(AssignmentError) as error:
        elastic_equilibrium(
            one_link(), function, tolerance=0.0, relative_gap=-1.0, max_iterations=0
        )
    text = str(error.value)
    for part in ("tolerance is 0", "relative_gap is -1", "max_iterations is 0", "has 2 pairs"):
        assert part in text
    free = assignment_problem(2, [0], [1], delays("constant", base=[0.0]), 0, 1, 1.0)
    with pytest.raises(AssignmentError, match="O-D pair 0: demand is infinite"):
        elastic_equilibrium(free, demand_function("power", demand=1.0, cost=1.0, steepness=1.0))


def test_too_few_iterations_are_admitted():
    function = demand_function("power", demand=60.0, cost=2.0, steepness=30.0)
    found = elastic_equilibrium(one_link(), function, max_iterations=2)
    assert not found.converged
    assert found.iterations == 2
    assert found.demand_gap > 1e-9


def test_linear_demand_with_closed_zones_and_classes_of_other_units():
    """Zones 0 and 1 are no way for others; the second class needs two units of flow for one."""
    problem = replace(
        network(),
        first_through_node=2,
        user_class=np.arange(8) % 2,
        classes=(
            UserClass("all"),
            UserClass("tolled", money=np.linspace(0.0, 3.0, 36), value_of_time=2.0, units=2.0),
        ),
    )
    steepness = np.array([0.1, 0.1, 0.0, 0.1, 0.1, 0.05, 0.1, 0.1])
    function = demand_function(
        "linear", demand=problem.demand, cost=6.0 * np.ones(8), steepness=steepness
    )
    found = elastic_equilibrium(problem, function)
    assert found.converged
    assert found.iterations <= 5
    again = user_equilibrium(replace(problem, demand=found.demand), 1e-12)
    cost = pair_costs(problem, again.time)
    reached = np.isfinite(cost)
    wanted = np.where(reached, 5.0 * (1.0 - steepness * (cost - 6.0)), 0.0)
    assert found.demand == pytest.approx(np.maximum(wanted, 0.0), abs=1e-6)
    assert found.demand[2] == 5.0


def test_no_demand_stays_none_where_a_path_costs_nothing():
    function = demand_function("power", demand=[0.0, 4.0], cost=[1.0, 2.0], steepness=1.0)
    assert function.at(np.array([0.0, 1.0])) == pytest.approx([0.0, 8.0])


@pytest.mark.parametrize("steepness", [0.5, 1.5])
def test_a_loop_of_trade_with_fixed_demand_ends_where_elastic_demand_does(steepness):
    problem = network()
    free = pair_costs(problem, problem.delay.time(np.zeros(problem.n_links)))
    trade = demand_function("power", demand=problem.demand, cost=free, steepness=steepness)
    together = elastic_equilibrium(problem, trade)
    flows, demand = None, together.demand * np.linspace(0.9, 1.1, len(free))
    for _ in range(80):
        flows = user_equilibrium(replace(problem, demand=demand), 1e-12, start=flows)
        demand = 0.6 * demand + 0.4 * trade.at(pair_costs(problem, flows.time))
    assert demand == pytest.approx(together.demand, rel=1e-6)
    assert flows.flow == pytest.approx(together.equilibrium.flow, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", ["exponential", "power", "linear"])
def test_the_fall_of_demand_is_its_slope(name):
    function = demand_function(name, demand=9.0, cost=2.5, steepness=0.3)
    slope = (function.at(np.array([2.0 - 1e-6])) - function.at(np.array([2.0 + 1e-6]))) / 2e-6
    assert function.fall(np.array([2.0])) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("seed", [1, 19, 33, 41, 43, 151, 236, 285, 338, 342])
def test_steep_and_jumping_delays_end_in_equilibrium(seed):
    problem, random = random_problem(seed), np.random.default_rng(seed)
    demand, cost, steepness = (
        random.uniform(low, high, len(problem.demand)) for low, high in ((0, 6), (1, 10), (0, 0.5))
    )
    function = demand_function("exponential", demand=demand, cost=cost, steepness=steepness)
    found = elastic_equilibrium(problem, function)
    assert found.converged
    inside = problem.origin == problem.destination
    missed = np.abs(found.demand - function.at(found.cost))[~inside].sum()
    assert missed <= 2e-9 * found.demand.sum()
