"""Path-size logit under capacity against closed forms, linear programs and finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, linprog

from karvan.errors import AssignmentError
from karvan.freight.corridor import _welfare
from karvan.freight.delay import delays
from karvan.freight.path_certificate import certify_paths
from karvan.freight.pathlogit import path_equilibrium, path_flow_derivative
from karvan.freight.pathproblem import PathProblem, path_sizes, uses

STEEP = 20.0
"""Scale at which the second best of costs of hundreds has no share that a float can hold."""
seeds = st.integers(0, 2**32 - 1)


def problem(group, cost, use, demand, capacity, *, scale=0.05, value_of_time=0.0, wait=None):
    """A problem from lists; scalars hold for every group."""
    each = np.ones(len(demand))
    return PathProblem(
        group=np.array(group, dtype=np.int64),
        cost=np.array(cost, dtype=float),
        log_size=np.zeros(len(cost)),
        demand=np.array(demand, dtype=float),
        scale=np.asarray(scale) * each,
        value_of_time=np.asarray(value_of_time) * each,
        use=uses(use),
        capacity=np.array(capacity, dtype=float),
        wait=wait,
    )


def random_problem(seed, scale, *, way_out=True):
    """Up to seven groups on up to seven resources, some of them scarce."""
    rng = np.random.default_rng(seed)
    n_groups, n_resources = rng.integers(1, 8), rng.integers(1, 8)
    group, cost, columns = [], [], []
    for number in range(n_groups):
        for _ in range(rng.integers(1, 6)):
            group.append(number)
            cost.append(rng.uniform(50.0, 500.0))
            amount = rng.choice([0.0, 0.0, 1.0, 0.5, 2.0], n_resources)
            columns.append(amount * rng.uniform(0.5, 1.5, n_resources))
        if way_out:
            group.append(number)
            cost.append(1000.0)
            columns.append(np.zeros(n_resources))
    demand = rng.uniform(10.0, 100.0, n_groups)
    table = np.array(columns).T
    even = table @ (demand / np.bincount(group))[group]
    capacity = np.where(even > 0.0, even, 10.0) * rng.uniform(0.2, 1.2, n_resources)
    return problem(group, cost, table, demand, capacity, scale=scale)


def dense(case):
    table = np.zeros((len(case.capacity), len(case.group)))
    table[case.use.resource, case.use.path] = case.use.amount
    return table


def by_group(case):
    return (case.group == np.arange(len(case.demand))[:, None]).astype(float)


def welfare(case):
    return _welfare(case, path_equilibrium(case), case.capacity)


def with_capacity(case, resource, more):
    capacity = case.capacity.copy()
    capacity[resource] += more
    return replace(case, capacity=capacity)


def test_without_a_capacity_shares_are_those_of_logit():
    case = problem([0, 0, 0], [100.0, 120.0, 150.0], np.ones((1, 3)), [60.0], [np.inf])
    found = path_equilibrium(case)
    weight = np.exp(-0.05 * np.array([100.0, 120.0, 150.0]))
    assert found.flow == pytest.approx(60.0 * weight / weight.sum(), rel=1e-12)
    assert found.expected_cost[0] == pytest.approx(-np.log(weight.sum()) / 0.05, rel=1e-12)
    assert found.converged
    assert found.steps == 0


def test_price_of_two_routes_is_the_cost_difference_and_the_log_odds():
    case = problem([0, 0], [100.0, 130.0], [[1.0, 0.0]], [100.0], [40.0])
    found = path_equilibrium(case)
    assert found.flow == pytest.approx([40.0, 60.0], rel=1e-10)
    assert found.price[0] == pytest.approx(30.0 + np.log(60.0 / 40.0) / 0.05, rel=1e-9)
    assert found.cost == pytest.approx([100.0 + found.price[0], 130.0])


def test_a_use_of_several_units_pays_the_price_as_often():
    case = problem([0, 0], [100.0, 130.0], [[2.0, 0.0]], [100.0], [80.0])
    assert path_equilibrium(case).price[0] == pytest.approx(
        (30.0 + np.log(60.0 / 40.0) / 0.05) / 2.0, rel=1e-9
    )


def test_a_capacity_that_never_binds_has_no_price():
    case = problem([0, 0], [100.0, 130.0], [[1.0, 0.0]], [100.0], [100.0])
    assert path_equilibrium(case).price[0] == 0.0


def test_two_equal_paths_count_as_one_by_path_size():
    links = [np.array([0, 1]), np.array([0, 1]), np.array([2])]
    log_size = path_sizes(np.array([3.0, 7.0, 5.0]), links, np.zeros(3, dtype=np.int64))
    assert np.exp(log_size) == pytest.approx([0.5, 0.5, 1.0])
    case = problem([0, 0, 0], [100.0] * 3, np.zeros((1, 3)), [80.0], [np.inf])
    found = path_equilibrium(replace(case, log_size=log_size))
    assert found.flow == pytest.approx([20.0, 20.0, 40.0])


def test_path_size_weighs_shared_links_by_their_length():
    links = [np.array([0, 1]), np.array([0, 2]), np.array([0, 1])]
    group = np.array([0, 0, 1])
    sizes = np.exp(path_sizes(np.array([30.0, 10.0, 70.0]), links, group))
    assert sizes == pytest.approx([(15.0 + 10.0) / 40.0, (15.0 + 70.0) / 100.0, 1.0])


def test_a_wait_is_the_root_of_its_equation():
    wait = delays("queue", base=0.0, factor=5.0, capacity=50.0, shape=1.0)
    case = problem(
        [0, 0], [100.0, 110.0], [[1.0, 0.0]], [80.0], [np.inf], value_of_time=3.0, wait=wait
    )

    def share(hours):
        return 1.0 / (1.0 + np.exp(-0.05 * (110.0 - 100.0 - 3.0 * hours)))

    root = brentq(lambda h: h - float(wait.time([80.0 * share(h)])[0]), 0.0, 1000.0, xtol=1e-12)
    found = path_equilibrium(case)
    assert found.converged
    assert found.wait_h[0] == pytest.approx(root, rel=1e-8)
    assert found.flow[0] == pytest.approx(80.0 * share(root), rel=1e-8)


def test_classes_weigh_a_common_wait_by_their_own_value_of_time():
    wait = delays("bpr", base=0.0, factor=20.0, capacity=50.0, shape=4.0)
    case = problem(
        [0, 0, 1, 1],
        [100.0, 110.0] * 2,
        [[1.0, 0.0, 1.0, 0.0]],
        [40.0, 40.0],
        [np.inf],
        value_of_time=[0.5, 8.0],
        wait=wait,
    )
    found = path_equilibrium(case)
    assert found.converged
    odds = np.log(found.flow[0::2] / found.flow[1::2])
    assert odds == pytest.approx(0.05 * (10.0 - np.array([0.5, 8.0]) * found.wait_h[0]), rel=1e-8)
    assert found.wait_h[0] == pytest.approx(float(wait.time(found.load)[0]), rel=1e-8)


def test_waits_and_prices_hold_together():
    wait = delays("bpr", base=1.0, factor=10.0, capacity=[50.0, 60.0], shape=2.0)
    case = problem(
        [0, 0, 0],
        [100.0, 110.0, 300.0],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        [100.0],
        [30.0, np.inf],
        value_of_time=2.0,
        wait=wait,
    )
    found = path_equilibrium(case)
    assert found.converged
    assert found.load[0] == pytest.approx(30.0)
    cost = case.cost + [found.price[0], 0.0, 0.0] + 2.0 * np.append(wait.time(found.load), 0.0)
    weight = np.exp(-0.05 * (cost - cost.min()))
    assert found.flow == pytest.approx(100.0 * weight / weight.sum(), rel=1e-7)


@pytest.mark.parametrize("seed", range(12))
def test_prices_tend_to_the_duals_of_the_linear_program(seed):
    case = random_problem(seed, 1.0)
    limit = linprog(
        case.cost,
        A_ub=dense(case),
        b_ub=case.capacity,
        A_eq=by_group(case),
        b_eq=case.demand,
    )
    duals = -limit.ineqlin.marginals
    errors = []
    for scale in (1.0, 10.0, 100.0):
        found = path_equilibrium(random_problem(seed, scale))
        assert found.converged
        errors.append(np.abs(found.price - duals).max())
        assert float(case.cost @ found.flow) >= limit.fun - 1e-6 * abs(limit.fun)
    # Random costs make the dual unique; what choice adds to a price falls as 1 / scale.
    assert errors[2] < 0.2
    assert errors[2] <= 0.15 * errors[0] + 1e-9


@pytest.mark.parametrize("scale", [0.004, STEEP, 500.0])
@pytest.mark.parametrize("seed", [10, 13, 21, 23, 47, 81, 96, 97, 117, 123])
def test_steep_choices_and_degenerate_capacities_converge(seed, scale):
    found = path_equilibrium(random_problem(seed, scale))
    assert found.converged
    assert max(found.choice_error, found.capacity_error, found.slack_error) <= 1e-9


def waiting(seed, scale, kind, shape):
    """A random problem with waits of half a day or so where its capacities are full."""
    case = random_problem(seed, scale)
    wait = delays(kind, base=0.0, factor=12.0, capacity=1.05 * case.capacity, shape=shape)
    return replace(case, wait=wait, value_of_time=np.linspace(0.5, 3.0, len(case.demand)))


@pytest.mark.parametrize(
    ("kind", "shape", "scale"),
    [("queue", 1.0, 0.004), ("bpr", 4.0, 0.004), ("bpr", 4.0, 0.5)],
)
@pytest.mark.parametrize("seed", range(8))
def test_waits_are_found_where_choices_are_as_flat_as_documented(kind, shape, scale, seed):
    found = path_equilibrium(waiting(seed, scale, kind, shape))
    assert found.converged


@pytest.mark.parametrize("seed", [0, 1, 2, 5, 8])
def test_waits_of_steeper_choices_say_whether_they_were_found(seed):
    case = waiting(seed, 5.0, "queue", 1.0)
    found = path_equilibrium(case)
    wanted = case.wait.time(found.load)
    error = float(np.abs((found.wait_h - wanted) / (1.0 + wanted)).max())
    assert error <= 1e-9 or not found.converged
    assert found.conservation_error <= 1e-9
    worst = max(error, found.choice_error, found.capacity_error, found.slack_error)
    assert found.converged is (worst <= 1e-9)
    if seed in {5, 8}:  # Far from any waits that fit, so that a test of what is said can fail.
        assert not found.converged


def test_price_is_the_welfare_of_one_more_unit():
    for seed in range(6):
        case = random_problem(seed, 0.02)
        found = path_equilibrium(case)
        for resource in np.flatnonzero(found.price > 1.0):
            step = 1e-4 * case.capacity[resource]
            more = welfare(with_capacity(case, resource, step))
            less = welfare(with_capacity(case, resource, -step))
            # The price itself changes with the capacity, which leaves an error of second order.
            assert (more - less) / (2 * step) == pytest.approx(found.price[resource], rel=1e-4)


@given(seed=seeds, more=st.floats(1e-3, 100.0), which=st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_more_capacity_never_lowers_welfare(seed, more, which):
    case = random_problem(seed, 0.05)
    resource = which % len(case.capacity)
    before, after = welfare(case), welfare(with_capacity(case, resource, more))
    assert after >= before - 1e-7 * abs(before)


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_names_and_units_change_nothing(seed):
    case = random_problem(seed, 0.05)
    rng = np.random.default_rng(seed)
    groups, resources = rng.permutation(len(case.demand)), rng.permutation(len(case.capacity))
    rank = np.argsort(groups)
    paths = np.lexsort((rng.random(len(case.group)), rank[case.group]))
    other = replace(
        case,
        group=rank[case.group][paths],
        cost=100.0 * case.cost[paths],
        log_size=case.log_size[paths],
        demand=case.demand[groups] * 7.0,
        scale=case.scale[groups] / 100.0,
        value_of_time=case.value_of_time[groups],
        use=uses(dense(case)[resources][:, paths] * 3.0),
        capacity=case.capacity[resources] * 21.0,
    )
    here, there = path_equilibrium(case), path_equilibrium(other)
    assert there.flow == pytest.approx(7.0 * here.flow[paths], rel=1e-6, abs=1e-6)
    assert there.load == pytest.approx(21.0 * here.load[resources], rel=1e-6, abs=1e-6)
    assert there.expected_cost == pytest.approx(100.0 * here.expected_cost[groups], rel=1e-6)


def test_no_demand_gives_no_flow_and_no_price():
    case = problem([0, 0], [1.0, 2.0], [[1.0, 0.0]], [0.0], [5.0])
    found = path_equilibrium(case)
    assert found.converged
    assert not found.flow.any()
    assert not found.price.any()


def test_a_group_without_demand_beside_one_with_changes_nothing():
    alone = problem([0, 0], [100.0, 130.0], [[1.0, 0.0]], [100.0], [40.0])
    beside = problem([0, 0, 1], [100.0, 130.0, 7.0], [[1.0, 0.0, 1.0]], [100.0, 0.0], [40.0])
    assert path_equilibrium(beside).price == pytest.approx(path_equilibrium(alone).price)


def test_no_paths_at_all_is_an_empty_result():
    case = problem([], [], np.zeros((1, 0)), [], [5.0])
    found = path_equilibrium(case)
    assert found.converged
    assert len(found.flow) == 0


@pytest.mark.parametrize("seed", range(8))
def test_a_warm_start_is_shorter_and_ends_at_the_same(seed):
    case = random_problem(seed, STEEP)
    cold = path_equilibrium(case)
    bigger = replace(case, capacity=1.001 * case.capacity)
    warm, afresh = path_equilibrium(bigger, start=cold), path_equilibrium(bigger)
    assert warm.converged
    assert warm.flow == pytest.approx(afresh.flow, rel=1e-7, abs=1e-7)
    assert warm.steps < afresh.steps or afresh.steps == 0
    assert path_equilibrium(case, start=cold).steps == 0


def test_a_start_far_away_does_not_lead_astray():
    case = random_problem(3, STEEP)
    cold = path_equilibrium(case)
    far = replace(cold, price=np.full(len(cold.price), 1e5))
    assert path_equilibrium(case, start=far).flow == pytest.approx(cold.flow, rel=1e-7, abs=1e-7)


def logit_flow(case, price):
    """Flows of logit at prices, by way of every exponential."""
    weight = np.exp(case.log_size - case.scale[case.group] * (case.cost + price @ dense(case)))
    return case.demand[case.group] * weight / np.bincount(case.group, weight)[case.group]


def test_the_certificate_shows_prices_that_do_not_fit():
    case = problem([0, 0], [100.0, 130.0], [[1.0, 0.0]], [100.0], [40.0])
    none, dear = np.zeros(1), np.array([500.0])
    overfull = certify_paths(case, logit_flow(case, none), none, none)
    assert overfull.capacity_error == pytest.approx(overfull.load[0] / 40.0 - 1.0)
    assert overfull.choice_error < 1e-15
    assert certify_paths(case, logit_flow(case, dear), dear, none).slack_error > 0.1
    assert certify_paths(case, logit_flow(case, dear), none, none).choice_error > 0.1
    wait = delays("linear", base=1.0, factor=5.0, capacity=40.0)
    slow = replace(case, wait=wait, value_of_time=np.ones(1), capacity=np.array([np.inf]))
    early = certify_paths(slow, logit_flow(case, none), none, none)
    assert early.choice_error > 1e-3
    assert early.wait_error > 0.5


@pytest.mark.parametrize("wrong", [[40.0, 60.0 + 1e-6], [-1.0, 101.0], [np.nan, 60.0]])
def test_flows_that_do_not_add_up_are_refused(wrong):
    case = problem([0, 0], [100.0, 130.0], [[1.0, 0.0]], [100.0], [40.0])
    price = path_equilibrium(case).price
    with pytest.raises(AssignmentError, match="flows do not add up: those of group 0"):
        certify_paths(case, np.array(wrong), price, np.zeros(1))


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_the_certificate_of_a_solution_has_no_error(seed):
    case = random_problem(seed, 0.02)
    found = path_equilibrium(case)
    judged = certify_paths(case, logit_flow(case, found.price), found.price, found.wait_h)
    assert judged.worst <= 1e-9
    assert judged.conservation_error <= 1e-14
    assert judged.cost == pytest.approx(found.cost)


@pytest.mark.parametrize("scale", [1e3, 1e6, 1e9, 1e12, 1e15])
def test_two_routes_in_the_limit_of_perfect_choice(scale):
    found = path_equilibrium(problem([0, 0], [1.0, 3.0], [[1.0, 0.0]], [10.0], [4.0], scale=scale))
    assert found.converged
    assert found.flow == pytest.approx([4.0, 6.0], rel=1e-10)
    assert found.price[0] == pytest.approx(2.0 - np.log(4.0 / 6.0) / scale, rel=1e-12)


@pytest.mark.parametrize("scale", [1e6, 1e9, 1e12])
@pytest.mark.parametrize("seed", range(12))
def test_random_problems_in_the_limit_of_perfect_choice(seed, scale):
    case = random_problem(seed, scale)
    found = path_equilibrium(case)
    assert found.converged
    limit = linprog(
        case.cost, A_ub=dense(case), b_ub=case.capacity, A_eq=by_group(case), b_eq=case.demand
    )
    assert found.flow == pytest.approx(limit.x, rel=1e-4, abs=1e-4)
    assert found.price == pytest.approx(-limit.ineqlin.marginals, rel=1e-4, abs=1e-4)


def test_a_steep_choice_that_is_wrong_by_more_than_rounding_is_an_error():
    case = problem([0, 0], [1.0, 3.0], [[1.0, 0.0]], [10.0], [4.0], scale=1e12)
    flow, price, none = np.array([4.0, 6.0]), path_equilibrium(case).price, np.zeros(1)
    # At this scale a price that is off by a billionth sends everybody the other way.
    assert certify_paths(case, flow, price, none).choice_error == 0.0
    assert certify_paths(case, flow, price + 1e-9, none).choice_error > 0.3


@pytest.mark.parametrize("scale", [0.05, 1.0, 1e3])
@pytest.mark.parametrize("excess", [1e-10, 1e-8, 1e-6, 1e-3])
def test_an_excess_over_every_capacity_is_refused_however_small(excess, scale):
    case = problem([0, 0], [1.0, 3.0], [[1.0, 1.0]], [10.0], [10.0 * (1.0 - excess)], scale=scale)
    with pytest.raises(AssignmentError, match="because of capacity 0; add capacity") as refused:
        path_equilibrium(case)
    left = float(str(refused.value).split("cannot pass: ")[1].split()[0])
    assert left == pytest.approx(10.0 * excess, rel=0.1)


@pytest.mark.parametrize("room", [0.0, 1e-9, 1e-6])
def test_demand_that_just_fits_is_served(room):
    case = problem([0, 0], [1.0, 3.0], [[1.0, 1.0]], [10.0], [10.0 * (1.0 + room)], scale=1.0)
    found = path_equilibrium(case)
    assert found.converged
    assert found.price[0] == 0.0


def test_a_start_of_other_resources_is_refused():
    case = problem([0, 0], [100.0, 130.0], [[1.0, 0.0]], [100.0], [40.0])
    other = path_equilibrium(problem([0], [1.0], [[1.0], [0.0]], [1.0], [2.0, 2.0]))
    with pytest.raises(AssignmentError, match="start has 2 resources, expected 1"):
        path_equilibrium(case, start=other)


@pytest.mark.parametrize("scale", [0.004, 1.0, STEEP])
@pytest.mark.parametrize("seed", range(1000, 1030))
def test_demand_that_cannot_pass_is_refused_with_the_cut(seed, scale):
    case = random_problem(seed, scale, way_out=False)
    n_paths = len(case.group)
    most = linprog(
        -np.ones(n_paths),
        A_ub=np.vstack([dense(case), by_group(case)]),
        b_ub=np.concatenate([case.capacity, case.demand]),
    )
    left = case.demand.sum() + most.fun
    if left < 1e-6:
        assert path_equilibrium(case).converged
        return
    duals = most.ineqlin.marginals[: len(case.capacity)]
    cut = ", ".join(str(r) for r in np.flatnonzero(duals < -1e-6))
    with pytest.raises(AssignmentError) as refused:
        path_equilibrium(case)
    assert f"because of capacity {cut}; add capacity" in str(refused.value)
    said = float(str(refused.value).split("cannot pass: ")[1].split()[0])
    assert said == pytest.approx(left, rel=1e-3)


def test_a_cut_by_hand():
    use = [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    case = problem([0, 0, 1], [10.0, 20.0, 5.0], use, [80.0, 20.0], [50.0, 30.0, 99.0])
    with pytest.raises(AssignmentError, match="demand of 100 cannot pass: 20 of it is left over"):
        path_equilibrium(case)
    with pytest.raises(AssignmentError, match="because of capacity 0, 1; add capacity"):
        path_equilibrium(case)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost": np.array([1.0, np.nan])}, "cost 1: found nan"),
        ({"log_size": np.array([-np.inf, 0.0])}, "log_size 0: found -inf"),
        ({"demand": np.array([-1.0])}, "demand 0: found -1"),
        ({"demand": np.array([np.inf])}, "demand 0: found inf"),
        ({"scale": np.array([0.0])}, "scale 0: found 0"),
        ({"value_of_time": np.array([np.nan])}, "value_of_time 0: found nan"),
        ({"capacity": np.array([0.0])}, "capacity 0: found 0, expected > 0"),
        ({"capacity": np.array([np.nan])}, "capacity 0: found nan"),
        ({"capacity": np.array([1.0, 1.0])}, "capacity: found 2 values, expected 1"),
        ({"use": uses([[-1.0, 1.0]])}, "use 0: found -1"),
        ({"group": np.array([0, 3])}, "path 1: found group 3, expected 0 to 0"),
        ({"group": np.array([], dtype=np.int64)}, "group 0 has no path"),
    ],
)
def test_bad_numbers_are_named(change, message):
    case = problem([0, 0], [1.0, 2.0], [[1.0, 0.0]], [1.0], [5.0])
    with pytest.raises(AssignmentError) as refused:
        path_equilibrium(replace(case, **change))
    assert message in str(refused.value)


def test_groups_that_do_not_ascend_are_named():
    case = problem([0, 1, 0], [1.0, 2.0, 3.0], np.zeros((1, 3)), [1.0, 1.0], [5.0])
    with pytest.raises(AssignmentError, match="path 2: found group 0 after 1"):
        path_equilibrium(case)


def test_every_fault_is_listed_at_once():
    case = problem([0, 0], [np.nan, 2.0], [[1.0, 0.0]], [-1.0], [0.0])
    with pytest.raises(AssignmentError, match="3 problem"):
        path_equilibrium(case)


def smooth(seed, wait):
    """A random problem whose choices a small step does not move from full to empty."""
    case = random_problem(seed, 0.02)
    if not wait:
        return case
    hours = delays("bpr", base=1.0, factor=10.0, capacity=case.capacity, shape=2.0)
    return replace(case, wait=hours, value_of_time=np.linspace(0.5, 3.0, len(case.demand)))


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_derivatives_of_flows_are_those_of_finite_differences(seed, wait):
    case = smooth(seed, wait)
    found = path_equilibrium(case)
    assert found.converged

    def difference(kind, position, step):
        sides = []
        for sign in (1.0, -1.0):
            values = getattr(case, kind).copy()
            values[position] += sign * step
            sides.append(path_equilibrium(replace(case, **{kind: values}), start=found).flow)
        return (sides[0] - sides[1]) / (2.0 * step)

    for path in range(0, len(case.cost), 3):
        exact = path_flow_derivative(case, found, ("cost", path))
        assert exact == pytest.approx(difference("cost", path, 1e-3), rel=1e-3, abs=1e-4)
    for resource in range(len(case.capacity)):
        exact = path_flow_derivative(case, found, ("capacity", resource))
        assert exact == pytest.approx(difference("capacity", resource, 1e-3), rel=1e-3, abs=1e-4)
        if found.price[resource] > 0.0:
            grown = float(case.use.load(exact)[resource])
            assert grown == pytest.approx(1.0, rel=1e-6)


def test_a_wait_of_another_number_of_resources_is_refused():
    wait = delays("queue", base=[0.0, 0.0], factor=1.0)
    problem = PathProblem(
        group=np.zeros(2, dtype=np.int64),
        cost=np.array([1.0, 3.0]),
        log_size=np.zeros(2),
        demand=np.array([10.0]),
        scale=np.ones(1),
        value_of_time=np.ones(1),
        use=uses([[1.0, 0.0]]),
        capacity=np.array([4.0]),
        wait=wait,
    )
    with pytest.raises(AssignmentError, match="wait: found 2 values, expected 1, one for each"):
        path_equilibrium(problem)
    sound = replace(problem, wait=None)
    found = path_equilibrium(sound)
    for parameter, message in (
        (("cst", 0), "parameter 'cst' is not known: expected one of cost, capacity"),
        (("cost", 9), "cost 9: expected a position from 0 to 1"),
        (("capacity", 0.5), "position is 0.5, expected a whole number"),
    ):
        with pytest.raises(AssignmentError, match=message):
            path_flow_derivative(sound, found, parameter)
