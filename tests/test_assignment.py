"""User equilibrium against cases solved by hand, and what must hold for any network."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignment_networks import braess, grid, random_problem, relabelled, two_routes
from karvan.freight.delay import delays
from karvan.freight.equilibrium import user_equilibrium
from karvan.freight.problem import UserClass, assignment_problem

SEEDS = st.integers(0, 10**9)

# At a relative gap of 1e-10 the objective is within 1e-10 of the total cost of the optimum, since
# Beckmann's function is convex; flows on links that get dearer with flow are within its root.
OBJECTIVE_TOLERANCE = 3e-10
FLOW_TOLERANCE = 1e-4

HAND = 1e-8
"""For flows solved by hand on two routes, which one Newton step after another finds."""


def imbalance(problem, flow):
    """Largest difference at a node between what comes, what stays and what goes."""
    balance = np.bincount(problem.head, flow, problem.n_nodes)
    balance -= np.bincount(problem.tail, flow, problem.n_nodes)
    balance += np.bincount(problem.origin, problem.amount, problem.n_nodes)
    balance -= np.bincount(problem.destination, problem.amount, problem.n_nodes)
    return np.abs(balance).max()


# Two routes


def test_linear_routes_share_until_their_times_are_level():
    # 10 + x = 5 + 2 (10 - x)  ->  x = 5
    found = user_equilibrium(two_routes(10.0, base=[10.0, 5.0], factor=[1.0, 2.0]))
    assert found.flow == pytest.approx([5.0, 5.0], rel=HAND)
    assert found.time == pytest.approx([15.0, 15.0], rel=HAND)
    assert found.total_cost == pytest.approx(150.0, rel=HAND)
    # 10 * 5 + 5² / 2 + 5 * 5 + 5²
    assert found.objective == pytest.approx(112.5, rel=HAND)
    assert found.converged


def test_bpr_route_fills_until_it_is_as_slow_as_the_constant_one():
    # 10 (1 + 0.15 r⁴) = 20  ->  r = (1 / 0.15) ** 0.25
    problem = two_routes(
        200.0, name=["bpr", "constant"], base=[10.0, 20.0], factor=1.5, capacity=100.0, shape=4.0
    )
    found = user_equilibrium(problem)
    full = 100.0 * (1.0 / 0.15) ** 0.25
    assert found.flow == pytest.approx([full, 200.0 - full], rel=HAND)
    assert found.average_excess_cost == pytest.approx(0.0, abs=1e-9)


def test_a_route_that_stays_dearer_is_empty():
    found = user_equilibrium(two_routes(3.0, base=[10.0, 20.0], factor=[1.0, 1.0]))
    assert found.flow.tolist() == [3.0, 0.0]


@pytest.mark.parametrize(("power", "ratio"), [(0.3, 1.0), (2.5, 1.0), (1.0, 1.0)])
def test_a_power_levels_where_its_function_says(power, ratio):
    # 1 + r ** power = 2  ->  r = 1, with or without an infinite slope at zero
    names = ["bpr", "constant"]
    problem = two_routes(50.0, name=names, base=[1.0, 2.0], factor=1.0, capacity=20.0, shape=power)
    assert user_equilibrium(problem).flow == pytest.approx([20.0 * ratio, 30.0], rel=HAND)


def test_two_powers_below_one_level():
    # r1 ** 0.5 = r2 ** 0.5 with capacities 1 and 3  ->  a quarter, three quarters
    problem = two_routes(8.0, base=0.0, factor=1.0, capacity=[1.0, 3.0], shape=0.5)
    assert user_equilibrium(problem).flow == pytest.approx([2.0, 6.0], rel=HAND)


def test_power_zero_is_a_constant_time():
    # 4 + 2 r ** 0 = 6 against 5 + x
    problem = two_routes(9.0, base=[4.0, 5.0], factor=[2.0, 1.0], shape=[0.0, 1.0])
    assert user_equilibrium(problem).flow == pytest.approx([8.0, 1.0], rel=HAND)


def test_zero_free_flow_times_share_by_capacity():
    problem = two_routes(12.0, base=0.0, factor=1.0, capacity=[1.0, 2.0], shape=1.0)
    assert user_equilibrium(problem).flow == pytest.approx([4.0, 8.0], rel=HAND)


def test_queues_share_where_waits_are_level_also_beyond_their_limit():
    problem = two_routes(30.0, name="queue", base=1.0, factor=1.0, capacity=[10.0, 10.0], shape=2.0)
    found = user_equilibrium(problem)
    assert found.flow == pytest.approx([15.0, 15.0], rel=HAND)
    assert found.converged


def test_parallel_links_of_equal_function_carry_the_same():
    found = user_equilibrium(two_routes(70.0, base=[1.0] * 7, factor=1.0))
    assert found.flow == pytest.approx([10.0] * 7, rel=1e-6)


# Networks


def test_braess_paradox_a_bridge_makes_everybody_slower():
    without, with_bridge = user_equilibrium(braess(bridge=False)), user_equilibrium(braess())
    assert without.total_cost == pytest.approx(6.0 * 83.0, rel=HAND)
    assert with_bridge.total_cost == pytest.approx(6.0 * 92.0, rel=HAND)
    assert with_bridge.flow == pytest.approx([4.0, 2.0, 2.0, 4.0, 2.0], rel=1e-6)


def test_paths_do_not_pass_through_zones_below_the_first_through_node():
    # 0 -> 1 -> 2 is cheap, 0 -> 3 -> 2 is dear; node 1 is a zone.
    delay = delays("constant", base=[1.0, 1.0, 5.0, 5.0])
    tail, head = [0, 1, 0, 3], [1, 2, 3, 2]
    demand = {"origin": [0, 0], "destination": [2, 1], "demand": [10.0, 4.0]}
    problem = assignment_problem(4, tail, head, delay, **demand)
    through = user_equilibrium(problem)
    around = user_equilibrium(replace(problem, first_through_node=3))
    assert through.flow.tolist() == [14.0, 10.0, 0.0, 0.0]
    assert around.flow.tolist() == [4.0, 0.0, 10.0, 10.0]
    assert around.total_cost == 104.0
    assert around.relative_gap == 0.0


def test_a_path_may_not_return_through_its_own_zone():
    # From zone 0 the way over 1 and back would be cheaper, were 0 open.
    delay = delays("constant", base=[1.0, 1.0, 1.0])
    problem = assignment_problem(
        3, [0, 1, 0], [1, 0, 2], delay, [0, 1], [2, 2], [2.0, 3.0], first_through_node=1
    )
    found = user_equilibrium(problem)
    assert found.unreachable.tolist() == [1]
    assert found.flow.tolist() == [0.0, 0.0, 2.0]


def test_a_sink_of_degree_two_draws_on_both_its_links():
    # 0 feeds 1 and 2, which both end at 3: 1 + a = 2 + b, a + b = 9
    delay = delays(
        ["constant", "constant", "linear", "linear"], base=[0.0, 0.0, 1.0, 2.0], factor=1.0
    )
    problem = assignment_problem(4, [0, 0, 1, 2], [1, 2, 3, 3], delay, 0, 3, 9.0)
    assert user_equilibrium(problem).flow == pytest.approx([5.0, 4.0, 5.0, 4.0], rel=HAND)


def test_hundreds_of_links_that_cost_nothing():
    side = 20
    node = np.arange(side * side).reshape(side, side)
    east = np.stack([node[:, :-1].ravel(), node[:, 1:].ravel()], axis=1)
    north = np.stack([node[:-1].ravel(), node[1:].ravel()], axis=1)
    free = np.concatenate([east, north, east[:, ::-1], north[:, ::-1]])
    ends = side * side
    tail = np.append(free[:, 0], [0, side * side - 1])
    head = np.append(free[:, 1], [ends, ends])
    names = ["constant"] * len(free) + ["linear"] * 2
    factor = np.append(np.zeros(len(free)), [1.0, 3.0])
    delay = delays(names, base=np.append(np.zeros(len(free)), [0.0, 0.0]), factor=factor)
    origin = [5, 77, 210, 399]
    problem = assignment_problem(ends + 1, tail, head, delay, origin, [ends] * 4, [2.0, 3.0, 3, 4])
    found = user_equilibrium(problem)
    # x = 3 (12 - x)
    assert found.flow[-2:] == pytest.approx([9.0, 3.0], rel=HAND)
    assert found.objective == pytest.approx(9.0**2 / 2.0 + 3.0 * 3.0**2 / 2.0, rel=HAND)
    assert imbalance(problem, found.flow) < 1e-9
    assert found.converged


def test_self_loops_stay_empty_also_if_they_are_free():
    delay = delays("linear", base=[0.0, 1.0, 1.0, 0.0], factor=[0.0, 1.0, 1.0, 0.0])
    problem = assignment_problem(2, [0, 0, 0, 1], [0, 1, 1, 1], delay, 0, 1, 4.0)
    assert user_equilibrium(problem).flow == pytest.approx([0.0, 2.0, 2.0, 0.0], rel=HAND)


# Demand


def test_unreachable_pairs_are_reported_and_the_others_served():
    delay = delays("linear", base=[1.0, 1.0], factor=1.0)
    problem = assignment_problem(4, [0, 2], [1, 3], delay, [0, 0, 1], [1, 3, 0], [5.0, 7.0, 2.0])
    found = user_equilibrium(problem)
    assert found.unreachable.tolist() == [1, 2]
    assert found.flow.tolist() == [5.0, 0.0]
    assert found.total_cost == 30.0
    assert found.conservation_error == 0.0
    assert np.isnan(found.average_on_paths(found.time)).tolist() == [False, True, True]


def test_a_pair_without_demand_is_not_unreachable():
    delay = delays("constant", base=1.0)
    found = user_equilibrium(assignment_problem(3, 0, 1, delay, [0, 0], [1, 2], [1.0, 0.0]))
    assert found.unreachable.size == 0


@pytest.mark.parametrize(
    ("origin", "destination", "demand"), [([], [], []), ([0], [1], [0.0]), ([1], [1], [8.0])]
)
def test_nothing_moves_without_demand_between_nodes(origin, destination, demand):
    delay = delays("linear", base=[1.0, 2.0], factor=1.0)
    problem = assignment_problem(2, [0, 1], [1, 0], delay, origin, destination, demand)
    found = user_equilibrium(problem)
    assert found.flow.tolist() == [0.0, 0.0]
    assert found.time.tolist() == [1.0, 2.0]
    assert (found.objective, found.relative_gap, found.converged) == (0.0, 0.0, True)
    assert found.unreachable.size == 0


def test_a_network_without_links_serves_nobody():
    problem = assignment_problem(2, [], [], delays("constant", base=[]), 0, 1, 3.0)
    found = user_equilibrium(problem)
    assert found.unreachable.tolist() == [0]
    assert found.flow.size == 0


# Any network


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_flow_is_conserved_and_nobody_finds_a_cheaper_path(seed):
    problem = random_problem(seed)
    found = user_equilibrium(problem)
    assert found.converged
    assert (found.class_flow >= 0.0).all()
    assert found.class_flow.sum(axis=0) == pytest.approx(found.flow)
    served = replace(
        problem,
        demand=np.where(
            np.isin(np.arange(len(problem.demand)), found.unreachable), 0.0, problem.demand
        ),
    )
    assert imbalance(served, found.flow) <= 1e-9 * max(served.amount.sum(), 1.0)
    forbidden = np.isinf(problem.toll)
    assert (found.class_flow[forbidden] == 0.0).all()


@given(
    st.lists(
        st.tuples(st.floats(0.0, 9.0), st.floats(1.0, 50.0), st.sampled_from([0.3, 1.0, 2.5, 4.0])),
        min_size=2,
        max_size=6,
    ),
    st.floats(1.0, 4.0),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_more_capacity_of_a_parallel_link_never_raises_total_cost(links, more, data):
    base, capacity, power = np.array(links).T
    widened = capacity.copy()
    widened[data.draw(st.integers(0, len(links) - 1))] *= more
    before, after = (
        user_equilibrium(two_routes(100.0, base=base, factor=1.0, capacity=c, shape=power))
        for c in (capacity, widened)
    )
    # Both may be above their equilibrium by as much as the flows may be off.
    assert after.total_cost <= before.total_cost * (1.0 + 1e-6)


@given(SEEDS, st.floats(0.01, 100.0))
@settings(max_examples=25, deadline=None)
def test_units_of_flow_scale(seed, scale):
    problem = grid(4, seed=seed)
    delay = replace(problem.delay, capacity=problem.delay.capacity * scale)
    scaled = replace(problem, delay=delay, demand=problem.demand * scale)
    one, other = user_equilibrium(problem), user_equilibrium(scaled)
    assert other.objective == pytest.approx(one.objective * scale, rel=OBJECTIVE_TOLERANCE)
    assert other.time == pytest.approx(one.time, rel=FLOW_TOLERANCE)


@given(SEEDS, st.floats(0.01, 100.0))
@settings(max_examples=25, deadline=None)
def test_units_of_time_scale(seed, scale):
    problem = grid(4, seed=seed)
    delay = problem.delay
    slower = replace(delay, base=delay.base * scale, factor=delay.factor * scale)
    one, other = user_equilibrium(problem), user_equilibrium(replace(problem, delay=slower))
    assert other.objective == pytest.approx(one.objective * scale, rel=OBJECTIVE_TOLERANCE)
    assert other.flow == pytest.approx(one.flow, rel=FLOW_TOLERANCE, abs=1e-2)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_names_of_nodes_and_order_of_links_change_nothing(seed):
    rng = np.random.default_rng(seed)
    problem = grid(4, seed=seed)
    node, link = rng.permutation(problem.n_nodes), rng.permutation(problem.n_links)
    one = user_equilibrium(problem)
    other = user_equilibrium(relabelled(problem, node, link))
    assert other.objective == pytest.approx(one.objective, rel=OBJECTIVE_TOLERANCE)
    assert other.time == pytest.approx(one.time[link], rel=FLOW_TOLERANCE)


# Classes


def test_who_values_time_more_pays_the_toll():
    # Both links take 10 + x; the first costs 4.  In time that is 1 for "quick" and 4 for "slow".
    # "quick" is indifferent: a + 1 = b, a + b = 12; "slow" is better off on the second.
    classes = (
        UserClass("quick", value_of_time=4.0, money=np.array([4.0, 0.0])),
        UserClass("slow", value_of_time=1.0, money=np.array([4.0, 0.0])),
    )
    delay = delays("linear", base=[10.0, 10.0], factor=1.0)
    problem = assignment_problem(
        2, [0, 0], [1, 1], delay, [0, 0], [1, 1], [6.0, 6.0], user_class=[0, 1], classes=classes
    )
    found = user_equilibrium(problem)
    assert found.class_flow == pytest.approx(np.array([[5.5, 0.5], [0.0, 6.0]]), rel=HAND)
    assert found.cost == pytest.approx(np.array([[16.5, 16.5], [19.5, 16.5]]), rel=HAND)
    assert found.objective == pytest.approx(120.0 + (5.5**2 + 6.5**2) / 2.0 + 5.5, rel=HAND)
    assert found.total_cost == pytest.approx(12.0 * 16.5, rel=HAND)


def test_units_turn_demand_into_flow_and_closed_links_stay_empty():
    # Lorries (2 units each) must take the second link; cars level the rest: 1 + a = 1 + 8 + b.
    classes = (UserClass("car"), UserClass("lorry", units=2.0, allowed=np.array([False, True])))
    delay = delays("linear", base=[1.0, 1.0], factor=1.0)
    problem = assignment_problem(
        2, [0, 0], [1, 1], delay, [0, 0], [1, 1], [10.0, 4.0], user_class=[0, 1], classes=classes
    )
    found = user_equilibrium(problem)
    assert found.class_flow == pytest.approx(np.array([[9.0, 1.0], [0.0, 8.0]]), rel=HAND)
    assert found.cost[1, 0] == np.inf
    assert found.total_cost == pytest.approx(18.0 * 10.0, rel=HAND)


def test_a_class_without_a_way_is_reported():
    classes = (UserClass("car"), UserClass("lorry", allowed=np.array([True, False])))
    delay = delays("constant", base=[1.0, 1.0])
    problem = assignment_problem(
        3, [0, 1], [1, 2], delay, [0, 0], [2, 2], [1.0, 2.0], user_class=[0, 1], classes=classes
    )
    found = user_equilibrium(problem)
    assert found.unreachable.tolist() == [1]
    assert found.flow.tolist() == [1.0, 1.0]


def test_classes_that_do_not_differ_are_as_one():
    problem = grid(5)
    alike = replace(
        problem,
        classes=(UserClass("a"), UserClass("b")),
        user_class=np.arange(len(problem.demand)) % 2,
    )
    one, two = user_equilibrium(problem), user_equilibrium(alike)
    assert two.objective == pytest.approx(one.objective, rel=OBJECTIVE_TOLERANCE)
    assert two.flow == pytest.approx(one.flow, rel=FLOW_TOLERANCE, abs=1e-2)


def test_a_toll_is_the_same_as_time_of_its_worth():
    problem = grid(5)
    money = np.random.default_rng(2).uniform(0.0, 4.0, problem.n_links)
    tolled = replace(problem, classes=(UserClass("all", value_of_time=2.0, money=money),))
    slowed = replace(problem, delay=problem.delay.plus(money / 2.0))
    one, other = user_equilibrium(tolled), user_equilibrium(slowed)
    assert one.objective == pytest.approx(other.objective, rel=OBJECTIVE_TOLERANCE)
    assert one.cost[0] == pytest.approx(other.cost[0], rel=FLOW_TOLERANCE)
