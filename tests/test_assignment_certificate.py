"""Certificates see what is wrong with flows, and results say how far they got."""

from dataclasses import fields, replace

import numpy as np
import pytest

from assignment_networks import braess, grid, two_routes
from karvan.errors import AssignmentError
from karvan.freight import certificate, sweeps
from karvan.freight.certificate import certify
from karvan.freight.delay import delays
from karvan.freight.equilibrium import user_equilibrium
from karvan.freight.problem import UserClass, assignment_problem

FIRST_ROW = np.zeros(1, dtype=np.int64)
SERVED = np.ones(1, dtype=np.bool_)


def certify_one(problem, flow):
    return certify(problem, FIRST_ROW, FIRST_ROW, np.array([flow], dtype=float), served=SERVED)


def as_bytes(found):
    """Every number of a result."""
    plain = [f.name for f in fields(found) if f.name not in ("problem", "_bushes")]
    return {name: np.asarray(getattr(found, name)).tobytes() for name in plain}


# certify


def test_everybody_on_one_of_two_routes_is_no_equilibrium():
    # 10 + 10 = 20 against 5: total 200, shortest 50
    found = certify_one(two_routes(10.0, base=[10.0, 5.0], factor=[1.0, 2.0]), [10.0, 0.0])
    assert (found.total_cost, found.shortest_cost) == (200.0, 50.0)
    assert found.relative_gap == 0.75
    assert found.average_excess_cost == 15.0
    assert found.conservation_error == 0.0
    assert found.objective == 150.0


def test_flows_that_add_up_to_too_little_are_seen():
    found = certify_one(two_routes(10.0, base=[10.0, 5.0], factor=[1.0, 2.0]), [5.0, 4.0])
    assert found.conservation_error == pytest.approx(0.1)


def test_flow_in_a_circle_costs_but_breaks_no_conservation():
    delay = delays("linear", base=[1.0, 1.0, 1.0], factor=1.0)
    problem = assignment_problem(3, [0, 1, 2], [1, 2, 1], delay, 0, 1, 1.0)
    found = certify_one(problem, [1.0, 2.0, 2.0])
    assert found.conservation_error == 0.0
    # 1 * 2 + 2 * 3 + 2 * 3 against 2
    assert found.relative_gap == pytest.approx(12.0 / 14.0)


def test_flow_on_a_link_that_is_closed_to_the_class_never_passes():
    classes = (UserClass("lorry", allowed=np.array([False, True])),)
    problem = two_routes(4.0, base=[1.0, 2.0], factor=[0.0, 0.0], classes=classes)
    assert certify_one(problem, [0.0, 4.0]).relative_gap == 0.0
    assert not certify_one(problem, [4.0, 0.0]).relative_gap <= 1.0


def test_flow_through_a_closed_zone_breaks_conservation_there():
    delay = delays("constant", base=[1.0, 1.0, 5.0, 5.0])
    problem = assignment_problem(
        4, [0, 1, 0, 3], [1, 2, 3, 2], delay, 0, 2, 10.0, first_through_node=3
    )
    assert certify_one(problem, [0.0, 0.0, 10.0, 10.0]).relative_gap == 0.0
    assert certify_one(problem, [10.0, 10.0, 0.0, 0.0]).conservation_error == 1.0


@pytest.mark.parametrize("hint", ["backward", "one node", "no nodes", "random"])
def test_an_order_of_nodes_that_misleads_changes_no_digit(hint):
    problem = grid(6, first_through_node=3)
    found = user_equilibrium(problem, 1e-3)
    rows = found._bushes
    bushes, n_nodes = rows.bushes, rows.bushes.order.shape[1]
    order = {
        "backward": bushes.order[:, ::-1].copy(),
        "one node": np.full_like(bushes.order, 1),
        "no nodes": np.full_like(bushes.order, n_nodes),
        "random": np.random.default_rng(2).permuted(bushes.order, axis=1),
    }[hint]
    arguments = problem, bushes.source, bushes.user_class, bushes.flow
    served = np.ones(len(problem.demand), dtype=np.bool_)
    there = certify(*arguments, served=served, link=rows.link, order=order)
    without = certify(*arguments, served=served, link=rows.link)
    assert there.shortest_cost == without.shortest_cost == found.shortest_cost
    assert 0.0 < there.relative_gap == found.relative_gap


@pytest.mark.parametrize("share", [1e-3, 1e-2, 0.1])
def test_the_gap_grows_with_the_distance_from_equilibrium(share):
    problem = braess()
    best = user_equilibrium(problem)
    shifted = best.flow + share * np.array([1.0, -1.0, 1.0, -1.0, 0.0])
    found = certify_one(problem, shifted)
    assert found.conservation_error <= 1e-9
    assert found.relative_gap > share * 0.1
    assert found.objective > best.objective


def test_flows_that_do_not_add_up_are_refused(monkeypatch):
    def lose(arcs, loads, bushes, which):
        bushes.flow[0] *= 1.0 - 1e-6

    monkeypatch.setattr(sweeps, "ROUNDING", -1.0)
    monkeypatch.setattr(sweeps, "settle", lose)
    with pytest.raises(AssignmentError, match=r"flows do not add up: imbalance 1\.0e-06"):
        user_equilibrium(grid(4))


# Convergence


def test_too_few_iterations_are_said():
    problem = grid(6)
    found = user_equilibrium(problem, max_iterations=1)
    assert (found.converged, found.iterations) == (False, 1)
    assert found.relative_gap > 1e-10
    assert found.conservation_error <= 1e-9
    longer = user_equilibrium(problem)
    assert longer.converged
    assert longer.iterations > 1
    assert longer.objective < found.objective


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
def test_the_gap_asked_for_is_reached(gap):
    problem = grid(6)
    found = user_equilibrium(problem, gap)
    assert found.converged
    assert found.relative_gap <= gap


def test_progress_is_told_every_iteration():
    told = []
    found = user_equilibrium(grid(5), progress=lambda iteration, gap: told.append((iteration, gap)))
    assert [iteration for iteration, _ in told] == list(range(1, found.iterations + 1))
    assert told[-1][1] < told[0][1]


# The same answer


def test_threads_and_repeats_change_no_bit(monkeypatch):
    monkeypatch.setattr(certificate, "THREADS_FROM", 0)
    monkeypatch.setattr(certificate, "ROWS_AT_A_TIME", 2)
    problem = grid(6, classes=(UserClass("a"), UserClass("b", value_of_time=3.0)))
    one, two, again = (user_equilibrium(problem, threads=n) for n in (1, 2, 1))
    assert as_bytes(one) == as_bytes(two) == as_bytes(again)


def test_the_problem_is_left_as_it_was():
    problem = grid(5)
    before = [a.copy() for a in (problem.demand, problem.delay.base, problem.tail)]
    user_equilibrium(problem)
    after = (problem.demand, problem.delay.base, problem.tail)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


# Warm start


def changed_link(problem, link=3, times=1.7):
    base = problem.delay.base.copy()
    base[link] *= times
    return replace(problem, delay=replace(problem.delay, base=base))


def changed_capacity(problem, link=3, times=0.5):
    capacity = problem.delay.capacity.copy()
    capacity[link] *= times
    return replace(problem, delay=replace(problem.delay, capacity=capacity))


def changed_pair(problem, pair=2, times=1.5):
    demand = problem.demand.copy()
    demand[pair] *= times
    return replace(problem, demand=demand)


def changed_demand(problem):
    demand = problem.demand * np.random.default_rng(4).uniform(0.0, 2.0, len(problem.demand))
    demand[:4] = 0.0
    return replace(problem, demand=demand)


def other_pairs(problem):
    """Half of the pairs, the other way round: some origins and destinations are new."""
    half = slice(None, None, 2)
    return replace(
        problem,
        origin=problem.destination[half],
        destination=(problem.origin[half] + 1) % problem.n_nodes,
        demand=problem.demand[half],
        user_class=problem.user_class[half],
    )


def closed_link(problem):
    allowed = np.ones(problem.n_links, dtype=np.bool_)
    allowed[7] = False
    return replace(problem, classes=(UserClass("all", allowed=allowed),))


@pytest.mark.parametrize(
    "change",
    [changed_link, changed_capacity, changed_pair, changed_demand, other_pairs, closed_link],
)
def test_a_warm_start_leads_to_the_same_equilibrium(change):
    problem = grid(6)
    start = user_equilibrium(problem)
    before = as_bytes(start)
    changed = change(problem)
    cold, warm = user_equilibrium(changed), user_equilibrium(changed, start=start)
    assert warm.converged
    # Both are within 1e-10 of the total cost of the optimum.
    assert abs(warm.objective - cold.objective) <= 1e-10 * cold.total_cost
    assert warm.time == pytest.approx(cold.time, rel=1e-4)
    assert as_bytes(start) == before


def test_a_warm_start_from_the_answer_needs_no_further_shift():
    problem = grid(6)
    start = user_equilibrium(problem)
    again = user_equilibrium(problem, start=start)
    assert again.iterations <= 1
    assert again.flow == pytest.approx(start.flow, rel=1e-6, abs=1e-6)


def test_a_start_of_another_network_is_refused():
    with pytest.raises(AssignmentError, match="start belongs to another network"):
        user_equilibrium(grid(5), start=user_equilibrium(grid(4)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"relative_gap": 0.0}, "relative_gap is 0, expected a number > 0"),
        ({"relative_gap": np.nan}, "relative_gap is nan, expected a number > 0"),
        ({"max_iterations": 0}, "max_iterations is 0, expected at least 1"),
        ({"threads": 0}, "threads is 0, expected at least 1"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(AssignmentError, match=message):
        user_equilibrium(braess(), **arguments)


# Paths


@pytest.fixture(scope="module")
def mixed():
    classes = (
        UserClass("car", value_of_time=2.0, money=np.random.default_rng(1).uniform(0, 3, 120)),
        UserClass("lorry", units=2.0, allowed=np.random.default_rng(5).random(120) < 0.95),
    )
    return user_equilibrium(grid(6, classes=classes))


def test_flow_of_pairs_on_a_link_adds_up_to_its_flow(mixed):
    for link in range(mixed.problem.n_links):
        pairs = mixed.select_link(link)
        assert pairs.sum() == pytest.approx(mixed.flow[link], rel=1e-9, abs=1e-9)
        assert (pairs <= mixed.problem.amount * (1.0 + 1e-12)).all()


def test_a_link_that_is_the_only_way_is_used_by_all_of_a_pair():
    delay = delays("linear", base=[1.0, 1.0, 2.0], factor=1.0)
    problem = assignment_problem(
        3, [0, 0, 1], [1, 1, 2], delay, [0, 0, 1], [2, 1, 2], [6.0, 2.0, 3.0]
    )
    found = user_equilibrium(problem)
    assert found.select_link(2).tolist() == [6.0, 0.0, 3.0]
    # 1 + a = 1 + b, a + b = 8: bushes split pairs of one origin alike.
    assert found.select_link(0) == pytest.approx([3.0, 1.0, 0.0])


def test_costs_along_paths_times_demand_are_the_total_cost(mixed):
    problem = mixed.problem
    skim = np.choose(problem.user_class, [mixed.average_on_paths(c) for c in mixed.cost])
    moves = problem.amount > 0.0
    moves[mixed.unreachable] = False
    assert np.isnan(skim[~moves]).all()
    assert skim[moves] @ problem.amount[moves] == pytest.approx(mixed.total_cost, rel=1e-12)


def test_parts_of_cost_add_up_along_paths(mixed):
    ones = mixed.average_on_paths(np.ones(mixed.problem.n_links))
    time = mixed.average_on_paths(mixed.time)
    both = mixed.average_on_paths(mixed.time + 3.0)
    assert both == pytest.approx(time + 3.0 * ones, nan_ok=True)


@pytest.mark.parametrize("link", [-1, 120])
def test_a_link_that_does_not_exist_cannot_be_selected(mixed, link):
    with pytest.raises(AssignmentError, match=f"link is {link}, expected 0 to 119"):
        mixed.select_link(link)


def test_values_for_another_number_of_links_are_refused(mixed):
    with pytest.raises(AssignmentError, match="values has 5 entries, expected one for each of 120"):
        mixed.average_on_paths(np.ones(5))
