"""User equilibrium under capacities against closed forms, linear programs and listed paths."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize
from scipy.sparse import block_diag, csr_matrix, hstack

from assignment_networks import braess, grid, random_problem, two_routes
from karvan.errors import AssignmentError
from karvan.freight import (
    UserClass,
    assignment_problem,
    capacitated_equilibrium,
    delays,
    user_equilibrium,
)
from karvan.freight.capacitated import CAPACITY_TOLERANCE
from karvan.freight.excess_demand import with_ways_to_stay
from karvan.freight.pathlogit import PathProblem, path_equilibrium, uses

CLOSE = 1e-8
"""Overflow and unused priced capacity may be 1e-9 of a result, and the gap 1e-10."""

seeds = st.integers(0, 2**32 - 1)


def scarce(seed, *, constant):
    """A random problem, and capacities near what would flow without them."""
    rng = np.random.default_rng(seed)
    problem = random_problem(seed, n_nodes=9, n_links=36)
    if constant:
        problem = replace(problem, delay=delays("constant", base=problem.delay.base))
    flow = user_equilibrium(problem).flow
    limit = np.where(flow > 0.0, flow * rng.uniform(0.6, 1.4, 36), rng.uniform(5.0, 30.0, 36))
    return problem, np.where(rng.random(36) < 0.5, limit, np.inf)


def busiest_limited(problem, *, share=0.9, links=6):
    """A limit below the flow of the busiest links, and none elsewhere."""
    flow = user_equilibrium(problem).flow
    limit = np.full(problem.n_links, np.inf)
    busy = np.argsort(flow)[-links:]
    limit[busy] = share * flow[busy]
    return limit


def with_twins(problem):
    """The same problem, where paths end at twins of the nodes that none passes through."""
    closed = problem.first_through_node

    def end(node):
        return np.where(node < closed, node + problem.n_nodes, node)

    return replace(
        problem,
        n_nodes=problem.n_nodes + closed,
        head=end(problem.head),
        destination=end(problem.destination),
        first_through_node=0,
    )


def linear_program(problem, capacity):
    """Least cost of flows by origin and class, and the prices; None where there are no flows."""
    unreachable = user_equilibrium(problem, 1e-3).unreachable
    amount = problem.amount.copy()
    amount[unreachable] = 0.0
    wide = with_twins(problem)
    n_links, link = wide.n_links, np.arange(wide.n_links)
    balance = csr_matrix(
        (
            np.repeat([-1.0, 1.0], n_links),
            (np.concatenate([wide.tail, wide.head]), np.tile(link, 2)),
        ),
        (wide.n_nodes, n_links),
    )
    rows = sorted(
        {(c, o) for c, o, a in zip(wide.user_class, wide.origin, amount, strict=True) if a}
    )
    if not rows:
        return 0.0, np.zeros(n_links)
    wanted, cost, bounds = [], [], []
    for user, origin in rows:
        own = (wide.user_class == user) & (wide.origin == origin)
        arriving = np.bincount(wide.destination[own], amount[own], wide.n_nodes)
        arriving[origin] -= amount[own].sum()
        wanted.append(arriving)
        open_ = np.isfinite(wide.toll[user])
        cost.append(wide.delay.base + np.where(open_, wide.toll[user], 0.0))
        bounds += [(0.0, None if ok else 0.0) for ok in open_]
    limited = np.flatnonzero(np.isfinite(capacity))
    one = csr_matrix(
        (np.ones(len(limited)), (np.arange(len(limited)), limited)), (len(limited), n_links)
    )
    found = linprog(
        np.concatenate(cost),
        A_ub=hstack([one] * len(rows)),
        b_ub=capacity[limited],
        A_eq=block_diag([balance] * len(rows)),
        b_eq=np.concatenate(wanted),
        bounds=bounds,
        method="highs",
    )
    if found.status != 0:
        return None
    price = np.zeros(n_links)
    price[limited] = -found.ineqlin.marginals
    return found.fun, price


def require_equilibrium(result):
    """Feasible, priced only where full, at the cheapest: by the result's own numbers again."""
    limit = result.capacity
    assert result.converged
    assert (result.flow <= limit * (1.0 + CAPACITY_TOLERANCE)).all()
    assert (result.price >= 0.0).all()
    assert np.isfinite(result.price).all()
    room = result.flow < limit * (1.0 - 1e-3)
    assert (result.price[room] <= 1e-6 * max(result.price.max(), 1.0)).all()
    assert result.relative_gap <= 1e-10
    assert result.conservation_error <= 1e-9


def test_two_routes_by_hand():
    # Without a limit both carry 5 and take 15; with 3 on the second, 7 take 17 = 11 + a wait of 6.
    problem = two_routes(10.0, base=[10.0, 5.0], factor=[1.0, 2.0], name="linear")
    result = capacitated_equilibrium(problem, [np.inf, 3.0])
    require_equilibrium(result)
    assert result.flow == pytest.approx([7.0, 3.0], rel=CLOSE)
    assert result.time == pytest.approx([17.0, 11.0], rel=CLOSE)
    assert result.price == pytest.approx([0.0, 6.0], rel=CLOSE)
    assert result.total_cost == pytest.approx(7.0 * 17.0 + 3.0 * 11.0, rel=CLOSE)
    assert result.priced_cost == pytest.approx(170.0, rel=CLOSE)
    assert result.objective == pytest.approx(70.0 + 24.5 + 15.0 + 9.0, rel=CLOSE)


def test_price_is_what_one_more_unit_saves():
    problem = two_routes(100.0, base=[900.0, 600.0, 2000.0], factor=0.0, name="constant")
    limit = np.array([50.0, 30.0, np.inf])
    result = capacitated_equilibrium(problem, limit)
    more = capacitated_equilibrium(problem, limit + np.array([0.0, 1.0, 0.0]))
    assert result.price == pytest.approx([1100.0, 1400.0, 0.0], rel=CLOSE)
    assert result.total_cost - more.total_cost == pytest.approx(1400.0, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_constant_costs_are_the_linear_program(seed):
    problem, limit = scarce(seed, constant=True)
    wanted = linear_program(problem, limit)
    if wanted is None:
        with pytest.raises(AssignmentError, match="left over"):
            capacitated_equilibrium(problem, limit)
        return
    result = capacitated_equilibrium(problem, limit)
    require_equilibrium(result)
    scale = max(abs(wanted[0]), 1.0)
    assert abs(result.objective - wanted[0]) <= CLOSE * scale
    # Prices may not be unique, the value of the dual is: what pairs pay less what capacity earns.
    limited = np.isfinite(limit)
    dual = result.priced_cost - result.price[limited] @ limit[limited]
    assert abs(dual - wanted[0]) <= CLOSE * scale


def test_prices_are_those_of_the_linear_program():
    compared = 0
    for seed in range(30):
        problem, limit = scarce(seed, constant=True)
        wanted = linear_program(problem, limit)
        if wanted is None or not wanted[1].any():
            continue
        # Unique where a little more or less of any capacity leaves them as they are.
        rng = np.random.default_rng(seed)
        near = [linear_program(problem, limit + 1e-6 * rng.normal(size=36)) for _ in range(8)]
        if any(n is None or np.abs(n[1] - wanted[1]).max() > 1e-9 for n in near):
            continue
        result = capacitated_equilibrium(problem, limit)
        assert result.price == pytest.approx(wanted[1], abs=1e-6)
        compared += 1
    assert compared >= 5


def simple_paths(problem, origin, destination):
    """Every path without a cycle, as lists of links."""
    found, stack = [], [(origin, [])]
    while stack:
        node, path = stack.pop()
        if node == destination:
            found.append(path)
            continue
        seen = {origin, *problem.head[path]}
        stack += [
            (problem.head[a], [*path, a])
            for a in np.flatnonzero(problem.tail == node)
            if problem.head[a] not in seen
        ]
    return found


def listed(problem):
    """Links by paths, and pairs by paths, of a problem of one class."""
    columns, owner = [], []
    for pair, ends in enumerate(zip(problem.origin, problem.destination, strict=True)):
        for path in simple_paths(problem, *ends):
            columns.append(np.bincount(path, minlength=problem.n_links))
            owner.append(pair)
    return np.array(columns, dtype=float).T, np.array(owner)


@pytest.mark.parametrize("seed", range(2))
def test_rising_times_match_a_dense_solution_over_all_paths(seed):
    problem = grid(3, zones=3, demand=30.0, seed=seed)
    rng = np.random.default_rng(seed)
    limit = busiest_limited(problem, share=rng.uniform(0.7, 0.95))
    table, owner = listed(problem)
    members = (owner == np.arange(len(problem.demand))[:, None]).astype(float)
    size, full = problem.demand.sum(), np.isfinite(limit)

    found = minimize(
        lambda h: problem.delay.integral(table @ h).sum() / size,
        problem.demand[owner] / members.sum(axis=1)[owner],
        jac=lambda h: problem.delay.time(table @ h) @ table / size,
        bounds=[(0.0, None)] * len(owner),
        constraints=[
            {"type": "eq", "fun": lambda h: members @ h - problem.demand, "jac": lambda h: members},
            {
                "type": "ineq",
                "fun": lambda h: (limit - table @ h)[full],
                "jac": lambda h: -table[full],
            },
        ],
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-13},
    )
    assert found.status in (0, 8)
    result = capacitated_equilibrium(problem, limit)
    require_equilibrium(result)
    assert (result.price > 0.0).any()
    assert result.objective == pytest.approx(found.fun * size, rel=1e-7)
    assert result.flow == pytest.approx(table @ found.x, abs=1e-3 * size)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_every_function_class_toll_and_closed_node(seed):
    problem, limit = scarce(seed, constant=False)
    fixed = replace(problem, delay=delays("constant", base=problem.delay.base))
    if linear_program(fixed, limit) is None:
        with pytest.raises(AssignmentError, match="left over"):
            capacitated_equilibrium(problem, limit)
        return
    result = capacitated_equilibrium(problem, limit)
    require_equilibrium(result)
    assert result.flow == pytest.approx(result.class_flow.sum(axis=0))
    # Weak duality: no flows within the capacities have a smaller objective by more than this.
    limited = np.isfinite(limit)
    unused = result.price[limited] @ np.abs(limit - result.flow)[limited]
    assert unused <= 1e-8 * max(result.priced_cost, 1e-12)


def test_no_limit_is_user_equilibrium():
    problem = grid(4)
    free = user_equilibrium(problem)
    for limit in (np.full(problem.n_links, np.inf), np.full(problem.n_links, 1e9)):
        result = capacitated_equilibrium(problem, limit)
        require_equilibrium(result)
        assert not result.price.any()
        assert result.flow == pytest.approx(free.flow, abs=1e-3)
        assert result.objective == pytest.approx(free.objective, rel=1e-9)


def test_a_limit_with_room_has_no_price():
    problem = grid(4)
    limit = 1.01 * user_equilibrium(problem, 1e-13).flow + 1.0
    result = capacitated_equilibrium(problem, limit)
    require_equilibrium(result)
    assert not result.price.any()


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_more_capacity_never_raises_the_objective(seed):
    problem = grid(3, zones=2, demand=150.0, seed=seed % 100)
    rng = np.random.default_rng(seed)
    limit = user_equilibrium(problem).flow * rng.uniform(0.9, 1.2, problem.n_links) + 40.0
    steps = [capacitated_equilibrium(problem, limit * k).objective for k in (1.0, 1.1, 1.3, 2.0)]
    assert all(b <= a * (1.0 + 1e-9) for a, b in pairwise(steps))


@pytest.mark.parametrize("seed", range(5))
def test_more_capacity_never_raises_the_cost_of_one_pair_on_parallel_routes(seed):
    rng = np.random.default_rng(seed)
    base, factor = rng.uniform(1.0, 9.0, 4), rng.uniform(0.1, 2.0, 4)
    problem = two_routes(10.0, base=base, factor=factor, name="linear")
    limit = np.append(rng.uniform(1.0, 4.0, 3), np.inf)
    costs = [capacitated_equilibrium(problem, limit * k).priced_cost for k in (1.0, 1.2, 1.5, 3.0)]
    assert all(b <= a * (1.0 + 1e-9) for a, b in pairwise(costs))


def test_more_capacity_of_the_bridge_of_braess_raises_the_total_cost():
    problem = braess()
    costs = [
        capacitated_equilibrium(problem, [np.inf] * 4 + [limit]).total_cost
        for limit in (0.5, 1.0, 9.0)
    ]
    assert 498.0 < costs[0] < costs[1] < costs[2]
    assert costs[2] == pytest.approx(552.0, rel=CLOSE)


@pytest.mark.parametrize("unit", [1e-4, 1e6])
def test_units_of_flow_and_of_time_only_scale(unit):
    problem = grid(4, demand=80.0)
    limit = busiest_limited(problem)
    result = capacitated_equilibrium(problem, limit)
    assert result.price.any()
    delay = problem.delay
    flows = replace(
        problem, delay=replace(delay, capacity=delay.capacity * unit), demand=problem.demand * unit
    )
    in_flow = capacitated_equilibrium(flows, limit * unit)
    assert in_flow.price == pytest.approx(result.price, abs=1e-5)
    assert in_flow.flow / unit == pytest.approx(result.flow, abs=1e-4)
    times = replace(
        problem, delay=replace(delay, base=delay.base * unit, factor=delay.factor * unit)
    )
    in_time = capacitated_equilibrium(times, limit)
    assert in_time.converged
    assert in_time.price / unit == pytest.approx(result.price, abs=1e-5)


def test_classes_share_a_capacity_and_the_one_with_the_cheaper_way_round_leaves():
    # A lorry is 2.5 units of flow; the detour costs cars 1 more and lorries 4 for a unit.
    classes = (
        UserClass("car", money=np.array([0.0, 1.0])),
        UserClass("lorry", money=np.array([0.0, 4.0]), units=2.5),
    )
    delay = delays("constant", base=[5.0, 5.0])
    problem = assignment_problem(
        2, [0, 0], [1, 1], delay, [0, 0], [1, 1], [10.0, 4.0], user_class=[0, 1], classes=classes
    )
    result = capacitated_equilibrium(problem, [14.0, np.inf])
    require_equilibrium(result)
    assert result.class_flow == pytest.approx(np.array([[4.0, 6.0], [10.0, 0.0]]))
    assert result.price == pytest.approx([1.0, 0.0])
    dearer = capacitated_equilibrium(problem, [8.0, np.inf])
    assert dearer.class_flow == pytest.approx(np.array([[0.0, 10.0], [8.0, 2.0]]))
    assert dearer.price == pytest.approx([4.0, 0.0])


def test_skims_and_select_link():
    problem = two_routes(10.0, base=[10.0, 5.0], factor=[1.0, 2.0], name="linear")
    result = capacitated_equilibrium(problem, [np.inf, 3.0])
    assert result.average_on_paths(result.price) == pytest.approx([1.8])
    assert result.average_on_paths(result.time) == pytest.approx([15.2])
    assert result.select_link(1) == pytest.approx([3.0])
    with pytest.raises(AssignmentError, match="values has 3"):
        result.average_on_paths(np.ones(3))
    with pytest.raises(AssignmentError, match="link is 2"):
        result.select_link(2)


def test_a_warm_start_gives_the_same_with_fewer_changes_of_prices():
    problem = grid(6, zones=8, demand=30.0)
    limit = busiest_limited(problem)
    first = capacitated_equilibrium(problem, limit)
    again = capacitated_equilibrium(problem, limit, start=first)
    assert again.iterations <= 2
    other = limit.copy()
    full = np.flatnonzero(first.price > 0.0)
    other[full[0]] *= 1.01
    cold = capacitated_equilibrium(problem, other)
    warm = capacitated_equilibrium(problem, other, start=first)
    require_equilibrium(warm)
    assert warm.iterations <= cold.iterations
    assert warm.flow == pytest.approx(cold.flow, abs=1e-3)
    # With another set of links that may bind only prices are taken over.
    other[full[0]] = np.inf
    moved = capacitated_equilibrium(problem, other, start=first)
    require_equilibrium(moved)
    assert moved.objective == pytest.approx(
        capacitated_equilibrium(problem, other).objective, rel=1e-9
    )


@pytest.mark.parametrize("end", [1.0, 0.0])
def test_demand_that_just_fits_passes(end):
    problem = two_routes(10.0, base=[10.0, 5.0], factor=[1.0, 2.0], name="linear")
    result = capacitated_equilibrium(problem, [6.0, 4.0 + 1e-3 * end])
    require_equilibrium(result)


def test_a_cut_is_named_with_what_is_left_over():
    # 0 - 1 - 2: three links enter node 2, of which one is out of reach behind a full link.
    delay = delays("linear", base=[1.0, 2.0, 3.0, 1.0], factor=1.0)
    problem = assignment_problem(4, [0, 0, 1, 3], [1, 3, 2, 2], delay, 0, 2, 20.0)
    with pytest.raises(AssignmentError) as error:
        capacitated_equilibrium(problem, [9.0, 4.0, 8.0, 50.0])
    text = str(error.value)
    assert "demand of 20 cannot pass: 8 of it is left over" in text
    assert "link(s) 1 (node 0 to 3, capacity 4), 2 (node 1 to 2, capacity 8)" in text
    assert "0 to 2" in text
    assert "add capacity" in text


def test_what_is_left_over_is_the_least_that_a_linear_program_leaves():
    refused = 0
    for seed in range(24):
        problem, limit = scarce(seed, constant=True)
        if linear_program(problem, limit) is not None:
            continue
        with pytest.raises(AssignmentError) as error:
            capacitated_equilibrium(problem, limit)
        told = re.search(r"cannot pass: (\S+) of it", str(error.value))
        moving = np.setdiff1d(
            np.flatnonzero(problem.amount > 0.0), user_equilibrium(problem, 1e-3).unreachable
        )
        free = replace(
            problem,
            delay=delays("constant", base=np.zeros(36)),
            classes=tuple(replace(c, money=None) for c in problem.classes),
        )
        wide = with_ways_to_stay(free, delays("constant", base=np.ones(len(moving))), moving)
        room = np.append(limit, np.full(wide.n_links - 36, np.inf))
        assert float(told[1]) == pytest.approx(linear_program(wide, room)[0], rel=1e-4)
        refused += 1
    assert refused >= 5


def test_only_the_pair_that_is_held_up_is_named():
    delay = delays("constant", base=[1.0, 1.0, 9.0])
    problem = assignment_problem(3, [0, 1, 1], [1, 2, 2], delay, [0, 1], [1, 2], [5.0, 30.0])
    with pytest.raises(AssignmentError, match=r"18 of it .* held up: O-D pair\(s\) 1 to 2; add"):
        capacitated_equilibrium(problem, [8.0, 7.0, 5.0])


def test_pairs_without_a_path_are_reported_and_the_rest_moves():
    delay = delays("constant", base=[1.0, 2.0])
    problem = assignment_problem(3, [0, 0], [1, 1], delay, [0, 0], [1, 2], [5.0, 1.0])
    result = capacitated_equilibrium(problem, [3.0, 3.0])
    require_equilibrium(result)
    assert result.unreachable.tolist() == [1]
    assert result.flow == pytest.approx([3.0, 2.0])


def test_no_demand_and_no_links():
    none = capacitated_equilibrium(two_routes(0.0, base=[1.0, 2.0], factor=1.0), [1.0, 1.0])
    assert none.converged
    assert not none.flow.any()
    assert none.relative_gap == none.slack_error == none.capacity_error == 0.0


def test_hundreds_of_links_that_cost_nothing():
    n = 200
    delay = delays("constant", base=np.append(np.zeros(2 * n), 7.0))
    tail = np.append(np.tile(np.arange(n), 2), 0)
    head = np.append(np.tile(np.arange(1, n + 1), 2), n)
    problem = assignment_problem(n + 1, tail, head, delay, 0, n, 10.0)
    limit = np.append(np.full(2 * n, 4.0), np.inf)
    result = capacitated_equilibrium(problem, limit)
    require_equilibrium(result)
    assert result.flow[-1] == pytest.approx(2.0)
    assert result.average_on_paths(result.price) * 10.0 == pytest.approx([56.0])


def test_path_logit_under_capacity_tends_to_it_as_the_scale_grows():
    problem = grid(3, zones=3, demand=30.0, seed=1)
    problem = replace(problem, delay=delays("constant", base=problem.delay.base))
    limit = busiest_limited(problem, share=0.8, links=4)
    wanted = capacitated_equilibrium(problem, limit)
    require_equilibrium(wanted)
    assert (wanted.price > 0.0).any()
    table, owner = listed(problem)
    apart = []
    for scale in (1.0, 10.0, 100.0):
        paths = PathProblem(
            group=owner,
            cost=problem.delay.base @ table,
            log_size=np.zeros(len(owner)),
            demand=problem.demand,
            scale=np.full(len(problem.demand), scale),
            value_of_time=np.zeros(len(problem.demand)),
            use=uses(table),
            capacity=limit,
        )
        found = path_equilibrium(paths)
        assert found.converged
        apart.append(problem.delay.base @ (table @ found.flow) - wanted.objective)
    assert apart[0] > apart[1] > apart[2] > 0.0
    # Entropy over the scale bounds it: log of the number of paths for each unit of demand.
    most = problem.demand @ np.log(np.bincount(owner))
    assert all(a <= most / s for a, s in zip(apart, (1.0, 10.0, 100.0), strict=True))


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ([0.0, 1.0], "link 0: capacity is 0, expected a number > 0, or inf"),
        ([1.0, -2.0], "link 1: capacity is -2, expected"),
        ([np.nan, 1.0], "link 0: capacity is nan, expected"),
        ([-np.inf, 1.0], "link 0: capacity is -inf, expected"),
        ([1.0], r"shape \(1,\), expected one number for each of 2 links"),
        (3.0, r"shape \(\), expected one number for each"),
        ([[1.0, 2.0]], r"shape \(1, 2\), expected"),
        (["much", "more"], "capacity must be numbers"),
        ([None, 1.0], "link 0: capacity is nan"),
    ],
)
def test_bad_capacity_is_named(limit, message):
    problem = two_routes(1.0, base=[1.0, 2.0], factor=1.0)
    with pytest.raises(AssignmentError, match=message):
        capacitated_equilibrium(problem, limit)


def test_bad_arguments_are_all_named():
    problem = two_routes(1.0, base=[1.0, 2.0], factor=1.0)
    other = capacitated_equilibrium(braess(), [np.inf] * 5)
    with pytest.raises(AssignmentError) as error:
        capacitated_equilibrium(problem, [1.0, 1.0], 0.0, max_iterations=0, threads=0, start=other)
    assert len(error.value.problems) == 4


def test_too_few_changes_of_prices_are_said():
    problem = grid(4, demand=80.0)
    limit = busiest_limited(problem)
    result = capacitated_equilibrium(problem, limit, max_iterations=1)
    assert not result.converged
    assert result.iterations == 1
    assert result.capacity_error > CAPACITY_TOLERANCE


@pytest.mark.parametrize("changes", [1, 2, 3])
def test_errors_are_those_of_the_flows_and_prices_on_the_way(changes):
    unused_at_a_price = 0
    for seed in (0, 2, 3, 5):
        problem, limit = scarce(seed, constant=False)
        found = capacitated_equilibrium(problem, limit, max_iterations=changes)
        full = np.isfinite(limit)
        over = (found.flow[full] / limit[full] - 1.0).max()
        unused = found.price[full] @ np.maximum(limit[full] - found.flow[full], 0.0)
        assert found.capacity_error == pytest.approx(max(over, 0.0), rel=1e-9, abs=1e-15)
        assert found.slack_error == pytest.approx(unused / found.priced_cost, rel=1e-9, abs=1e-18)
        small = max(found.capacity_error, found.slack_error) <= CAPACITY_TOLERANCE
        assert found.converged is (small and found.relative_gap <= 1e-10)
        unused_at_a_price += found.slack_error > CAPACITY_TOLERANCE
    if changes == 3:
        assert unused_at_a_price > 0
