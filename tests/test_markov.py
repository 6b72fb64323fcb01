"""Logit equilibria against closed forms, enumeration of paths, and the limits of the scale."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from karvan.errors import AssignmentError
from karvan.freight import (
    UserClass,
    assignment_problem,
    delays,
    markovian_equilibrium,
    read_tntp,
    user_equilibrium,
)
from karvan.freight.markov_certificate import certify_choices

CLOSE = 1e-9
"""Ten times what the solver is asked for here."""
ASKED = 1e-10


def two_routes(delay, demand=10.0, **more):
    return assignment_problem(2, [0, 0], [1, 1], delay, 0, 1, demand, **more)


@pytest.mark.parametrize("scale", [1e-3, 0.5, 40.0, 1e6])
def test_two_routes_of_constant_cost_share_by_logit(scale):
    found = markovian_equilibrium(two_routes(delays("constant", base=[3.0, 3.4])), scale)
    share = 1.0 / (1.0 + np.exp(-scale * 0.4))
    assert found.flow[0] == pytest.approx(10.0 * share, rel=1e-12)
    logsum = 3.0 - np.log1p(np.exp(-scale * 0.4)) / scale
    assert found.expected_cost[0] == pytest.approx(logsum, rel=1e-12)
    assert found.converged
    assert found.residual <= ASKED


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_two_congested_routes_solve_the_scalar_equation(scale):
    base, factor, power = np.array([3.0, 4.0]), np.array([2.0, 1.0]), np.array([4.0, 1.0])
    delay = delays("bpr", base=base, factor=factor, capacity=5.0, shape=power)

    def excess(x):
        cost = base + factor * (np.array([x, 10.0 - x]) / 5.0) ** power
        return x - 10.0 / (1.0 + np.exp(np.clip(scale * (cost[0] - cost[1]), -700, 700)))

    root = brentq(excess, 0.0, 10.0, xtol=1e-14, rtol=1e-14)
    found = markovian_equilibrium(two_routes(delay), scale, tolerance=ASKED)
    assert found.flow[0] == pytest.approx(root, abs=1e-8)


def ladder(demand=(6.0, 3.0)):
    """Acyclic, with five paths from 0 to 4 and three from 1 to 4."""
    tail = [0, 0, 1, 1, 2, 3, 2]
    head = [1, 2, 2, 3, 3, 4, 4]
    delay = delays(
        "bpr",
        base=[1.0, 2.0, 0.5, 3.0, 0.2, 1.0, 2.5],
        factor=[0.3, 0.0, 0.2, 0.5, 0.1, 0.4, 0.6],
        capacity=[4.0, 1.0, 2.0, 3.0, 2.0, 5.0, 3.0],
        shape=[4.0, 1.0, 1.0, 2.0, 1.5, 4.0, 4.0],
    )
    return assignment_problem(5, tail, head, delay, [0, 1], [4, 4], demand)


def paths_of(problem, origin, destination):
    found, open_paths = [], [(origin, [])]
    while open_paths:
        node, links = open_paths.pop()
        if node == destination:
            found.append(links)
            continue
        open_paths += [
            (int(problem.head[a]), [*links, int(a)]) for a in np.flatnonzero(problem.tail == node)
        ]
    return found


@pytest.mark.parametrize("scale", [0.1, 1.0, 8.0])
def test_flows_are_those_of_logit_over_all_paths(scale):
    problem = ladder()
    found = markovian_equilibrium(problem, scale, tolerance=ASKED)
    cost = problem.delay.time(found.flow)
    flow = np.zeros(problem.n_links)
    for pair in range(2):
        paths = paths_of(problem, problem.origin[pair], 4)
        utility = np.array([-scale * cost[links].sum() for links in paths])
        weight = np.exp(utility - utility.max())
        for links, share in zip(paths, weight / weight.sum(), strict=True):
            flow[links] += problem.demand[pair] * share
        logsum = -(np.log(weight.sum()) + utility.max()) / scale
        assert found.expected_cost[pair] == pytest.approx(logsum, abs=CLOSE)
    assert len(paths_of(problem, 0, 4)) == 5
    assert flow == pytest.approx(found.flow, abs=1e-8)


def grid(seed=1, n=4, zones=0):
    """Two-way grid with random delays; every third node wants to go to two others."""
    rng = np.random.default_rng(seed)
    node = np.arange(n * n).reshape(n, n)
    pairs = [(node[:, :-1], node[:, 1:]), (node[:-1], node[1:])]
    tail = np.concatenate([x.ravel() for a, b in pairs for x in (a, b)])
    head = np.concatenate([x.ravel() for a, b in pairs for x in (b, a)])
    base = rng.uniform(1.0, 3.0, len(tail))
    delay = delays("bpr", base=base, factor=0.5 * base, capacity=8.0, shape=4.0)
    origin = np.repeat(np.arange(0, n * n, 3), 2)
    destination = (origin + rng.integers(1, n * n, len(origin))) % (n * n)
    demand = rng.uniform(1.0, 8.0, len(origin))
    return assignment_problem(
        n * n, tail, head, delay, origin, destination, demand, first_through_node=zones
    )


def distance_to_user_equilibrium(problem, scale):
    exact = user_equilibrium(problem, 1e-12)
    found = markovian_equilibrium(problem, scale)
    assert found.converged
    return np.abs(found.time - exact.time).max() / exact.time.max()


def test_a_growing_scale_tends_to_user_equilibrium():
    problem = grid()
    far, near, nearest = (distance_to_user_equilibrium(problem, s) for s in (2.0, 20.0, 200.0))
    assert far > 3.0 * near > 9.0 * nearest
    # Costs differ by what the choice among a few paths is worth, some log(paths) / scale.
    assert nearest < 5.0 / 200.0


def test_sioux_falls_tends_to_user_equilibrium(shared: Path):
    folder = shared / "reference" / "assignment" / "SiouxFalls"
    problem = read_tntp(folder / "SiouxFalls_net.tntp", folder / "SiouxFalls_trips.tntp")
    far, near = (distance_to_user_equilibrium(problem, s) for s in (2.0, 50.0))
    assert near < 0.2 * far
    with pytest.raises(AssignmentError, match=r"a scale of 0\.3\d+ or more works"):
        markovian_equilibrium(problem, 0.2)


def test_numbering_of_nodes_and_links_does_not_matter():
    problem, rng = grid(), np.random.default_rng(5)
    node, link = rng.permutation(problem.n_nodes), rng.permutation(problem.n_links)
    d = problem.delay
    other = assignment_problem(
        problem.n_nodes,
        node[problem.tail[link]],
        node[problem.head[link]],
        type(d)(d.kind[link], d.base[link], d.factor[link], d.capacity[link], d.shape[link]),
        node[problem.origin],
        node[problem.destination],
        problem.demand,
    )
    one = markovian_equilibrium(problem, 3.0, tolerance=ASKED)
    two = markovian_equilibrium(other, 3.0, tolerance=ASKED)
    assert two.flow == pytest.approx(one.flow[link], abs=1e-7)
    assert two.expected_cost == pytest.approx(one.expected_cost, abs=CLOSE)


@given(factor=st.floats(0.01, 100.0))
@settings(max_examples=10, deadline=None)
def test_only_scale_times_cost_counts(factor):
    problem = ladder()
    d = problem.delay
    delay = type(d)(d.kind, d.base / factor, d.factor / factor, d.capacity, d.shape)
    other = assignment_problem(
        5, problem.tail, problem.head, delay, problem.origin, 4 * np.ones(2, int), problem.demand
    )
    one = markovian_equilibrium(problem, 1.3, tolerance=ASKED)
    two = markovian_equilibrium(other, 1.3 * factor, tolerance=ASKED)
    assert two.flow == pytest.approx(one.flow, abs=1e-7)
    assert two.expected_cost * factor == pytest.approx(one.expected_cost, abs=1e-7)


def test_classes_have_their_own_scale_and_tolls():
    classes = (UserClass("calm"), UserClass("keen", money=np.array([0.0, 1.0]), units=2.0))
    problem = assignment_problem(
        2,
        [0, 0],
        [1, 1],
        delays("constant", base=[3.0, 3.4]),
        [0, 0],
        [1, 1],
        [10.0, 4.0],
        user_class=[0, 1],
        classes=classes,
    )
    found = markovian_equilibrium(problem, [0.5, 2.0])
    assert found.class_flow[0, 0] == pytest.approx(10.0 / (1.0 + np.exp(-0.5 * 0.4)))
    assert found.class_flow[1, 0] == pytest.approx(8.0 / (1.0 + np.exp(-2.0 * 1.4)))


def test_no_way_passes_a_zone():
    """Without zones the way over node 1 is a tenth of the others; as a zone it is closed."""
    tail, head = [0, 1, 0, 3], [1, 2, 3, 2]
    delay = delays("constant", base=[0.05, 0.05, 1.0, 1.0])
    for closed in (0, 3):
        problem = assignment_problem(
            4, tail, head, delay, [0, 0], [2, 1], [5.0, 2.0], first_through_node=closed
        )
        found = markovian_equilibrium(problem, 50.0)
        assert found.flow == pytest.approx([2, 0, 5, 5] if closed else [7, 5, 0, 0], abs=1e-9)


def test_nothing_moves_without_demand_but_expected_costs_are_known():
    found = markovian_equilibrium(ladder((0.0, 0.0)), 1.0)
    assert not found.flow.any()
    assert np.isfinite(found.expected_cost).all()
    assert found.converged
    assert found.residual <= 1e-12


def test_pairs_without_a_way_are_reported():
    delay = delays("bpr", base=1.0, factor=[1.0, 2.0], capacity=1.0, shape=4.0)
    problem = assignment_problem(
        4, [0, 0], [1, 1], delay, [0, 0, 2, 3], [1, 3, 1, 3], [1.0, 5.0, 0.0, 1.0]
    )
    found = markovian_equilibrium(problem, 1.0)
    assert found.unreachable.tolist() == [1]
    assert found.expected_cost[1] == found.expected_cost[2] == np.inf
    assert found.expected_cost[3] == 0.0
    assert found.flow.sum() == pytest.approx(1.0)


def test_a_very_large_scale_overflows_nowhere():
    found = markovian_equilibrium(grid(), 1e5, max_iterations=1)
    assert np.isfinite(found.flow).all()
    assert found.conservation_error <= 1e-12
    assert not found.converged


def test_hundreds_of_parallel_links_have_more_paths_than_a_float_can_count():
    n = 1200
    tail = np.repeat(np.arange(n), 3)
    problem = assignment_problem(
        n + 1, tail, tail + 1, delays("constant", base=tail * 0.0 + 1), 0, n, 9.0
    )
    found = markovian_equilibrium(problem, 2.0)
    assert found.flow == pytest.approx(3.0, rel=1e-12)
    assert found.expected_cost[0] == pytest.approx(n - n * np.log(3.0) / 2.0, rel=1e-12)


def test_a_scale_too_small_for_the_cycles_is_refused_with_one_that_works():
    """Two routes there and two back: the sum over cycles is finite where 4 exp(-2 scale) < 1."""
    tail, head = [0, 0, 1, 1, 1], [1, 1, 0, 0, 2]
    problem = assignment_problem(3, tail, head, delays("constant", base=[1.0] * 5), 0, 2, 1.0)
    least = np.log(2.0)
    with pytest.raises(AssignmentError, match=r"user class 'all': at scale 0.6 .* node 2") as error:
        markovian_equilibrium(problem, 0.6)
    named = float(str(error.value).split("a scale of ")[1].split(" or more")[0])
    assert least < named < 1.01 * least
    assert markovian_equilibrium(problem, named).converged
    ever = 1.0 / (1.0 - 4.0 * np.exp(-2.0 * 0.9))
    found = markovian_equilibrium(problem, 0.9)
    assert found.flow[4] == pytest.approx(1.0)
    assert found.expected_cost[0] == pytest.approx(-np.log(2.0 * np.exp(-1.8) * ever) / 0.9)


def test_cycles_that_no_pair_can_use_do_not_matter():
    tail, head = [0, 2, 2, 3, 3], [1, 3, 3, 2, 2]
    problem = assignment_problem(4, tail, head, delays("constant", base=[1.0] * 5), 0, 1, 1.0)
    assert markovian_equilibrium(problem, 0.01).flow.tolist() == [1, 0, 0, 0, 0]


def test_a_cycle_that_costs_nothing_has_no_scale():
    tail, head = [0, 1, 1], [1, 0, 2]
    problem = assignment_problem(3, tail, head, delays("constant", base=[0.0, 0.0, 1.0]), 0, 2, 1.0)
    with pytest.raises(AssignmentError, match="no scale works because links that cost nothing"):
        markovian_equilibrium(problem, 5.0)


def test_the_certificate_sees_flows_that_are_not_logit():
    problem = two_routes(delays("constant", base=[3.0, 3.4]))
    found = markovian_equilibrium(problem, 1.0)
    cost = np.array([[found.expected_cost[0], 0.0]])
    zero = np.zeros(1, dtype=int)

    def certificate(flow, node_cost=cost):
        return certify_choices(problem, np.ones(1), zero, zero + 1, flow[None], node_cost, flow)

    assert certificate(found.flow).residual < 1e-14
    assert certificate(found.flow, cost + np.array([0.1, 0.0])).residual > 0.01
    swapped = certificate(found.flow[::-1])
    assert swapped.residual > 0.01
    assert swapped.conservation_error < 1e-14
    assert certificate(found.flow * 1.5).conservation_error == pytest.approx(0.5)
    lost = certificate(np.array([np.nan, 1.0]))
    assert np.isnan(lost.conservation_error)
    assert np.isnan(lost.residual)


def test_faults_are_listed_by_name():
    problem = ladder()
    with pytest.raises(AssignmentError) as error:
        markovian_equilibrium(problem, 0.0, tolerance=-1.0, max_iterations=0)
    text = str(error.value)
    for part in (
        "user class 'all': scale is 0, expected a finite number > 0",
        "tolerance is -1",
        "max_iterations is 0",
    ):
        assert part in text
    with pytest.raises(AssignmentError, match=r"scale has shape \(3,\), expected one number or 1"):
        markovian_equilibrium(problem, [1.0, 2.0, 3.0])


def test_too_few_iterations_are_admitted():
    found = markovian_equilibrium(grid(), 5.0, max_iterations=1, tolerance=1e-13)
    assert not found.converged
    assert found.iterations == 1
    assert found.residual > 1e-13


@pytest.mark.parametrize("seed", range(5))
def test_elimination_gives_what_the_equations_as_printed_give(seed):
    """z = W z + e, and flows x_i w_ij z_j / z_i with x = g + P' x, solved densely."""
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, 14, (2, 50))
    problem = assignment_problem(
        14,
        tail,
        head,
        delays("constant", base=rng.uniform(1.0, 4.0, 50)),
        rng.integers(0, 14, 20),
        np.repeat([3, 8], 10),
        rng.uniform(0.0, 2.0, 20),
        first_through_node=4,
    )
    found = markovian_equilibrium(problem, 2.0)
    flow, n = np.zeros(50), 14
    for end in (3, 8):
        weight = np.exp(-2.0 * problem.delay.base) * (tail != end)
        weight *= (head >= 4) | (head == end)
        matrix = np.zeros((n, n))
        np.add.at(matrix, (tail, head), weight)
        z = np.linalg.solve(np.eye(n) - matrix, np.eye(n)[end])
        pairs = np.flatnonzero((problem.destination == end) & (problem.origin != end))
        pairs = pairs[z[problem.origin[pairs]] > 0.0]
        cost = -np.log(z[problem.origin[pairs]]) / 2.0
        assert found.expected_cost[pairs] == pytest.approx(cost, rel=1e-10)
        start = np.bincount(problem.origin[pairs], problem.amount[pairs], minlength=n)
        share = np.divide(matrix * z, z[:, None], out=np.zeros((n, n)), where=z[:, None] > 0.0)
        through = np.linalg.solve(np.eye(n) - share.T, start)
        own = np.divide(weight * z[head], z[tail], out=np.zeros(50), where=z[tail] > 0.0)
        flow += through[tail] * own
    assert found.flow == pytest.approx(flow, abs=1e-9)


def overloaded(seed, load):
    """A random network of queues and rising delays whose busiest links get `load` times enough."""
    rng = np.random.default_rng(seed)
    n, m, pairs = 20, 60, 20
    tail = rng.integers(0, n, m)
    head = (tail + rng.integers(1, n, m)) % n
    name = rng.choice(["queue", "queue", "bpr", "linear", "conical"], m)
    shapes = [rng.choice([1.0, 2.0, 4.0], m), rng.uniform(1.5, 6.0, m), rng.integers(1, 5, m)]
    capacity = rng.uniform(2.0, 20.0, m)
    delay = delays(
        name.tolist(),
        base=rng.uniform(1.0, 5.0, m),
        factor=rng.uniform(0.2, 2.0, m),
        capacity=capacity,
        shape=np.select([name == "bpr", name == "conical", name == "queue"], shapes, 1.0),
    )
    origin = rng.integers(0, n, pairs)
    destination = (origin + rng.integers(1, n, pairs)) % n
    demand = rng.uniform(1.0, 5.0, pairs)
    problem = assignment_problem(n, tail, head, delay, origin, destination, demand)
    busy = np.percentile(user_equilibrium(problem, 1e-6).flow / capacity, 90)
    return replace(problem, demand=demand * load / busy)


@pytest.mark.parametrize("load", [0.9, 2.0, 10.0])
@pytest.mark.parametrize("scale", [2.0, 20.0])
@pytest.mark.parametrize("seed", range(4))
def test_queues_that_demand_fills_many_times_are_solved(seed, scale, load):
    found = markovian_equilibrium(overloaded(seed, load), scale)
    assert found.converged
    assert found.iterations < 60
    # Steep as a queue is, its time and its flow tell the same within the residual.
    exact = found.problem.delay.time(found.flow)
    slope = found.problem.delay.slope(found.flow)
    allowed = slope * 2e-9 * found.problem.amount.sum() + 1e-12 * exact.max()
    assert (np.abs(found.time - exact) <= allowed).all()


def test_what_rounding_leaves_is_said():
    found = markovian_equilibrium(overloaded(1, 50.0), 1e6)
    assert found.converged == (found.residual <= 1e-9)
    assert found.iterations < 1000


@pytest.mark.parametrize("change", [{"demand": 1.02}, {"capacity": 1.5}])
def test_a_start_saves_steps_and_gives_the_same(change):
    problem = overloaded(0, 2.0)
    before = markovian_equilibrium(problem, 2.0)
    if "demand" in change:
        other = replace(problem, demand=problem.demand * change["demand"])
    else:
        capacity = problem.delay.capacity.copy()
        capacity[int(np.argmax(before.flow / capacity))] *= change["capacity"]
        other = replace(problem, delay=replace(problem.delay, capacity=capacity))
    afresh, again = (markovian_equilibrium(other, 2.0, start=s) for s in (None, before))
    assert again.converged
    assert again.flow == pytest.approx(afresh.flow, rel=1e-6, abs=1e-6)
    assert markovian_equilibrium(problem, 2.0, start=before).iterations == 0


def test_a_wrong_start_is_refused():
    problem = overloaded(0, 0.9)
    found = markovian_equilibrium(problem, 2.0)
    with pytest.raises(AssignmentError, match="start has 60 links, expected 2"):
        markovian_equilibrium(two_routes(delays("linear", base=[1.0, 2.0])), 1.0, start=found)
    with pytest.raises(AssignmentError, match="start is 'x', expected a MarkovianEquilibrium"):
        markovian_equilibrium(problem, 2.0, start="x")
