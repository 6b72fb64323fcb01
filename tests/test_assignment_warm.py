"""Warm starts find what cold ones do, look at few bushes, and pairs that hold each other back."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignment_networks import grid, random_problem
from karvan.errors import AssignmentError
from karvan.freight import certificate
from karvan.freight.bushes import all_pairs
from karvan.freight.certificate import certify_rows
from karvan.freight.delay import delays
from karvan.freight.equilibrium import user_equilibrium
from karvan.freight.problem import UserClass, assignment_problem
from karvan.kernels.newton import newton_step, promise, take_back

GAP = 1e-10

SEEDS = st.integers(0, 10**9)

SLACK = 1e-13
"""Share of the total cost that sums of thousands of terms may be off."""


def as_bytes(found):
    plain = [f.name for f in fields(found) if f.name not in ("problem", "_bushes")]
    return {name: np.asarray(getattr(found, name)).tobytes() for name in plain}


def with_column(problem, name, links, times):
    column = getattr(problem.delay, name).copy()
    column[links] *= times
    return replace(problem, delay=replace(problem.delay, **{name: column}))


def toll_of(problem, link, money):
    first, *others = problem.classes
    paid = np.zeros(problem.n_links) if first.money is None else first.money.copy()
    paid[link] += money
    return replace(problem, classes=(replace(first, money=paid), *others))


def closed(problem, link):
    first, *others = problem.classes
    allowed = np.ones(problem.n_links, dtype=np.bool_) if first.allowed is None else first.allowed
    allowed = allowed.copy()
    allowed[link] = not allowed[link]
    if not allowed.any():
        return problem
    return replace(problem, classes=(replace(first, allowed=allowed), *others))


CHANGES = {
    "more capacity": lambda p, link: with_column(p, "capacity", link, 1.5),
    "less capacity": lambda p, link: with_column(p, "capacity", link, 0.3),
    "faster": lambda p, link: with_column(with_column(p, "base", link, 0.5), "factor", link, 0.5),
    "free": lambda p, link: with_column(with_column(p, "base", link, 0.0), "factor", link, 0.0),
    "toll": lambda p, link: toll_of(p, link, 2.0),
    "closed or opened": closed,
    "more demand": lambda p, link: replace(p, demand=p.demand * (1.0 + 0.1 * (link % 4))),
}


def check_same(changed, start, gap=GAP):
    """Warm and cold results are both within the gap of the least objective."""
    cold, warm = user_equilibrium(changed, gap), user_equilibrium(changed, gap, start=start)
    assert cold.converged
    assert warm.converged
    assert warm.conservation_error <= 1e-9
    assert warm.unreachable.tolist() == cold.unreachable.tolist()
    slack = (gap + SLACK) * max(cold.total_cost, warm.total_cost)
    assert abs(warm.objective - cold.objective) <= slack
    return warm


@given(SEEDS, st.sampled_from(sorted(CHANGES)), st.integers(0, 15), st.integers(0, 15))
@settings(max_examples=150, deadline=None)
def test_after_any_change_a_warm_start_finds_what_a_cold_one_does(seed, name, link, other):
    # Parallel links, free ones, all functions, two classes, closed links and zones.
    problem = random_problem(seed)
    start = user_equilibrium(problem)
    before = as_bytes(start)
    warm = check_same(CHANGES[name](problem, link), start)
    assert as_bytes(start) == before
    # From a warm result to the next, and back to where it began.
    further = check_same(CHANGES["less capacity"](problem, other), warm)
    back = check_same(problem, further)
    assert abs(back.objective - start.objective) <= (GAP + SLACK) * max(start.total_cost, 1e-9)


@pytest.mark.parametrize("gap", [1e-4, 1e-6, 1e-8, 1e-12])
@pytest.mark.parametrize("name", ["more capacity", "less capacity", "faster", "toll"])
def test_every_link_of_a_congested_grid(gap, name):
    problem = grid(5, zones=8, demand=30.0)
    start = user_equilibrium(problem, gap)
    for link in range(0, problem.n_links, 7):
        check_same(CHANGES[name](problem, link), start, gap)


def test_a_start_at_another_gap_is_as_good():
    problem = grid(6)
    rough = user_equilibrium(problem, 1e-2)
    check_same(CHANGES["faster"](problem, 5), rough)


def test_a_change_that_nobody_minds_needs_no_look():
    problem = grid(6)
    start = user_equilibrium(problem, 1e-6)
    unused = int(np.argmin(start.flow))
    slower = with_column(problem, "base", unused, 1.1)
    assert user_equilibrium(slower, 1e-6, start=start).iterations == 0


def test_looks_are_bounded_from_a_start_too():
    problem = grid(6)
    start = user_equilibrium(problem)
    changed = with_column(problem, "capacity", slice(0, 30), 0.2)
    found = user_equilibrium(changed, start=start, max_iterations=1)
    assert (found.converged, found.iterations) == (False, 1)
    assert user_equilibrium(changed, start=start).iterations > 1


def test_a_start_far_away_leads_there_all_the_same():
    problem = grid(6)
    start = user_equilibrium(problem)
    times = np.random.default_rng(3).uniform(0.1, 10.0, problem.n_links)
    check_same(with_column(problem, "base", slice(None), times), start)


def test_threads_change_no_bit_from_a_start(monkeypatch):
    monkeypatch.setattr(certificate, "THREADS_FROM", 0)
    monkeypatch.setattr(certificate, "ROWS_AT_A_TIME", 2)
    problem = grid(6, classes=(UserClass("a"), UserClass("b", value_of_time=3.0)))
    start = user_equilibrium(problem)
    changed = with_column(problem, "capacity", int(np.argmax(start.flow)), 0.5)
    one, two = (user_equilibrium(changed, start=start, threads=n) for n in (1, 2))
    assert as_bytes(one) == as_bytes(two)


@pytest.mark.parametrize(
    "other",
    [
        lambda p: replace(p, n_nodes=p.n_nodes + 1),
        lambda p: replace(p, first_through_node=2),
        lambda p: replace(p, tail=p.head, head=p.tail),
        lambda p: replace(p, classes=(*p.classes, UserClass("more"))),
    ],
)
def test_a_start_of_another_network_is_refused_by_name(other):
    problem = grid(4)
    with pytest.raises(AssignmentError, match="start belongs to another network"):
        user_equilibrium(other(problem), start=user_equilibrium(problem, 1e-2))


def test_a_demand_that_was_changed_in_place_is_seen():
    delay = delays("linear", base=[1.0, 2.0], factor=1.0)
    problem = assignment_problem(2, [0, 0], [1, 1], delay, 0, 1, 3.0)
    start = user_equilibrium(problem)
    problem.demand[0] = 9.0
    assert user_equilibrium(replace(problem), start=start).flow.sum() == pytest.approx(9.0)


# Hints of certificates


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_trees_that_mislead_change_no_digit_of_a_certificate(seed):
    found = user_equilibrium(random_problem(seed), 1e-4)
    rows = found._bushes
    bushes, n_links = rows.bushes, len(rows.link)
    wrong = np.random.default_rng(seed).integers(0, n_links + 3, bushes.nearest.shape)
    for tree in (bushes.nearest, wrong.astype(np.uint32)):
        again = certify_rows(found.problem, rows.layout, bushes.flow, order=bushes.order, tree=tree)
        assert again.shortest_cost == found.shortest_cost
        assert again.conservation_error == found.conservation_error


# Pairs that divide flows, and Newton steps


def test_each_further_used_link_into_a_node_makes_one_pair():
    found = user_equilibrium(grid(6), 1e-6)
    rows = found._bushes
    used = rows.bushes.flow > 0.0
    into = [np.unique(rows.arcs.head[own]).size for own in used]
    pairs = all_pairs(rows)
    assert pairs.in_use[0] == used.sum() - sum(into)
    for k, row in enumerate(pairs.bush):
        segments = np.split(pairs.arc[pairs.start[k] : pairs.start[k + 1]], [
            pairs.middle[k] - pairs.start[k]
        ])  # fmt: skip
        ends = [(rows.arcs.tail[s[-1]], rows.arcs.head[s[0]]) for s in segments]
        assert ends[0] == ends[1]
        assert all(used[row][s].all() for s in segments)
        for s in segments:
            assert (rows.arcs.tail[s[:-1]] == rows.arcs.head[s[1:]]).all()


def newton(rows, pairs, slope, cost, load, flow):
    shift = np.zeros(len(pairs.bush))
    segments = pairs.bush, pairs.start, pairs.middle, pairs.arc
    arcs, bushes = rows.arcs, rows.bushes
    fall = newton_step(
        arcs.tail, arcs.head, slope, cost, load, flow, bushes.user_class, bushes.rank, *segments,
        shift, 1e-12, 10_000,
    )  # fmt: skip
    return shift, fall, segments


@pytest.fixture
def two_ways():
    """Two ways of two links each with 10 on either: 22 against 28, whose difference falls by 4."""
    delay = delays("linear", base=[1.0, 1.0, 4.0, 4.0], factor=1.0, capacity=1.0)
    problem = assignment_problem(4, [0, 1, 0, 2], [1, 3, 2, 3], delay, 0, 3, 20.0)
    rows = user_equilibrium(problem)._bushes
    flow = np.full((1, 4), 10.0)
    pairs = all_pairs(rows)
    by_arc = problem.delay.base[rows.link] + 10.0
    return rows, pairs, np.ones(4), by_arc[None].copy(), flow[0].copy(), flow


STEP = 6.0 / (4.0 + 6.0 / 10.0)
"""What they shift: 6 dearer, slopes of 4, and the resistance of the 10 that may move at most."""


def test_one_newton_step_by_hand(two_ways):
    rows, _, _, _, load, flow = two_ways
    shift, fall, _ = newton(*two_ways)
    on_link = np.empty(4)
    on_link[rows.link] = load
    assert on_link == pytest.approx([10.0 + STEP] * 2 + [10.0 - STEP] * 2, rel=1e-12)
    assert flow[0] == pytest.approx(load)
    assert fall == pytest.approx(STEP * 6.0)
    assert abs(shift[0]) == pytest.approx(STEP)


def test_a_step_can_be_taken_back_in_part(two_ways):
    _, _, _, cost, load, flow = two_ways
    shift, fall, segments = newton(*two_ways)
    assert promise(cost, np.zeros(1, np.int64), *segments, shift) == pytest.approx(fall)
    take_back(load, flow, *segments, shift, 0.25)
    left = 0.75 * STEP
    assert sorted(load) == pytest.approx([10.0 - left] * 2 + [10.0 + left] * 2)
    take_back(load, flow, *segments, shift, 1.0)
    assert flow[0] == pytest.approx([10.0] * 4)
    assert shift.tolist() == [0.0]


def test_a_newton_step_never_moves_more_than_there_is():
    problem = grid(6, zones=10, demand=200.0)
    rows = user_equilibrium(problem, 1e-2)._bushes
    flow, pairs = rows.bushes.flow.copy(), all_pairs(rows)
    load = flow.sum(axis=0)
    cost = np.random.default_rng(1).uniform(0.0, 1e6, (1, len(load)))
    newton(rows, pairs, np.full(len(load), 1e-3), cost, load, flow)
    assert (flow >= 0.0).all()
    assert load == pytest.approx(flow.sum(axis=0), rel=1e-9, abs=1e-9)
    balance = [
        np.bincount(rows.arcs.head, row, len(rows.arcs.into) - 1)
        - np.bincount(rows.arcs.tail, row, len(rows.arcs.into) - 1)
        for row in (flow - rows.bushes.flow)
    ]
    assert np.abs(balance).max() <= 1e-9 * problem.amount.sum()


@pytest.mark.parametrize("demand", [15.0, 60.0])
@pytest.mark.parametrize("times", [1.0, 1.5])
def test_grids_of_flow_far_above_capacity_converge(demand, times):
    # Pairs of 40 origins over the same steep links: one after the other took over 1,000 looks.
    problem = grid(14, zones=40, demand=demand, seed=3)
    busiest = int(np.argmax(user_equilibrium(problem, 1e-3).flow))
    found = user_equilibrium(with_column(problem, "capacity", busiest, times))
    assert found.converged
    assert found.iterations < 40
