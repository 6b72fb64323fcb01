"""Derivatives of equilibrium flows against differences of two equilibria, and where none exist."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from karvan.errors import AssignmentError
from karvan.freight import (
    AssignmentProblem,
    Delay,
    UserClass,
    assignment_problem,
    delays,
    flow_derivative,
    linearise,
    read_tntp,
    user_equilibrium,
)

GAP = 1e-13
STEP = 1e-3
"""Relative step of central differences: their own error is its square, some 1e-6."""
CLOSE = 2e-5


def precise(problem):
    return user_equilibrium(problem, GAP)


def changed(problem: AssignmentProblem, what: str, index: int, by: float) -> AssignmentProblem:
    if what == "demand":
        demand = problem.demand.copy()
        demand[index] += by
        return replace(problem, demand=demand)
    if what == "toll":
        return replace(problem, delay=problem.delay.plus(by * np.eye(problem.n_links)[index]))
    d = problem.delay
    columns = {name: getattr(d, name).copy() for name in ("base", "factor", "capacity", "shape")}
    columns[what][index] += by
    return replace(problem, delay=Delay(d.kind, **columns))


def size_of(problem, what, index):
    if what == "demand":
        return problem.demand[index]
    return problem.delay.capacity[index] if what == "capacity" else problem.delay.base[index] + 0.1


def differences(problem, what, index):
    step = STEP * size_of(problem, what, index)
    up, down = (precise(changed(problem, what, index, sign * step)) for sign in (1.0, -1.0))
    return (up.flow - down.flow) / (2 * step), (up.time - down.time) / (2 * step)


def assert_derivative(problem, what, index):
    flow, time = differences(problem, what, index)
    found = linearise(precise(problem))
    assert found.flow(what, index) == pytest.approx(flow, abs=CLOSE * max(np.abs(flow).max(), 1.0))
    if what != "toll":  # the toll stands in the base here, which is part of the time
        largest = max(np.abs(time).max(), 1.0)
        assert found.time(what, index) == pytest.approx(time, abs=CLOSE * largest)


def braess(demand=6.0):
    """The network of the paradox; all three paths are used."""
    return assignment_problem(
        4,
        [0, 0, 1, 1, 2],
        [1, 2, 2, 3, 3],
        delays("linear", base=[0.1, 50.0, 10.0, 50.0, 0.1], factor=[10.0, 1.0, 1.0, 1.0, 10.0]),
        0,
        3,
        demand,
    )


def test_two_linear_routes_have_the_derivative_of_the_textbook():
    slope = np.array([2.0, 3.0])
    delay = delays("linear", base=[1.0, 2.0], factor=slope)
    problem = assignment_problem(2, [0, 0], [1, 1], delay, 0, 1, 5.0)
    found = precise(problem)
    by_demand = slope[::-1] / slope.sum()
    assert flow_derivative(found, "demand", 0) == pytest.approx(by_demand, abs=1e-12)
    for what in ("base", "toll"):
        by_base = np.array([-1.0, 1.0]) / slope.sum()
        assert flow_derivative(found, what, 0) == pytest.approx(by_base, abs=1e-12)
    times = linearise(found)
    assert times.time("base", 0) == pytest.approx(1 - 2 / 5 * np.ones(2), abs=1e-12)
    assert times.time("toll", 0) == pytest.approx([-2 / 5, 3 / 5], abs=1e-12)


@pytest.mark.parametrize(
    ("what", "index"),
    [("demand", 0), *((w, a) for w in ("base", "capacity", "toll") for a in range(5))],
)
def test_braess(what, index):
    assert_derivative(braess(), what, index)


def test_more_capacity_in_the_middle_slows_everyone_down():
    """Braess's paradox, as a derivative of the total cost."""
    found = precise(braess())
    change = linearise(found)
    total = change.flow("base", 2) @ found.time + found.flow @ change.time("base", 2)
    assert total < 0.0


def random_problem(seed):
    rng = np.random.default_rng(seed)
    n_nodes, n_links = 10, 40
    tail = np.concatenate((np.arange(n_nodes), rng.integers(0, n_nodes, n_links - n_nodes)))
    head = (tail + np.where(np.arange(n_links) < n_nodes, 1, rng.integers(1, n_nodes, n_links))) % (
        n_nodes
    )
    name = ["bpr", "linear", "conical", "queue"]
    kinds = [name[k] for k in rng.integers(0, 4, n_links)]
    base = rng.uniform(1.0, 4.0, n_links)
    delay = delays(kinds, base=base, factor=base, capacity=rng.uniform(8, 20, n_links), shape=4.0)
    origin = rng.integers(0, n_nodes, 12)
    destination = (origin + rng.integers(1, n_nodes, 12)) % n_nodes
    toll = UserClass("tolled", money=rng.uniform(0.0, 1.0, n_links), units=1.5)
    return assignment_problem(
        n_nodes,
        tail,
        head,
        delay,
        origin,
        destination,
        rng.uniform(1.0, 5.0, 12),
        user_class=rng.integers(0, 2, 12),
        classes=(UserClass("all"), toll),
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("what", ["demand", "base", "capacity"])
def test_random_networks_of_two_classes(seed, what):
    problem = random_problem(seed)
    index = int(np.random.default_rng(seed).integers(len(problem.demand)))
    if what != "demand":
        index = int(user_equilibrium(problem).flow.argmax())
    assert_derivative(problem, what, index)


@pytest.mark.parametrize(
    ("what", "index"), [("demand", 142), ("base", 48), ("capacity", 48), ("toll", 10)]
)
def test_sioux_falls(shared: Path, what, index):
    folder = shared / "reference" / "assignment" / "SiouxFalls"
    problem = read_tntp(folder / "SiouxFalls_net.tntp", folder / "SiouxFalls_trips.tntp")
    assert_derivative(problem, what, index)


def test_links_whose_costs_depend_on_no_flow_are_undetermined():
    """Two constant links in parallel, before a choice between two congested ones."""
    name = ["constant", "constant", "linear", "linear"]
    delay = delays(name, base=[1.0, 1.0, 2.0, 2.0], factor=[0.0, 0.0, 1.0, 3.0])
    problem = assignment_problem(3, [0, 0, 1, 1], [1, 1, 2, 2], delay, 0, 2, 4.0)
    found = precise(problem)
    assert linearise(found).undetermined.tolist() == [True, True, False, False]
    by_demand = flow_derivative(found, "demand", 0)
    assert np.isnan(by_demand[:2]).all()
    assert by_demand[2:] == pytest.approx([0.75, 0.25], abs=1e-12)
    with pytest.raises(AssignmentError, match="base 0: flows would jump"):
        flow_derivative(found, "base", 0)


def test_a_path_that_is_just_not_used_has_a_derivative_on_one_side_only():
    """Demand 1 brings the first route to the cost at which the second begins."""
    delay = delays("linear", base=[1.0, 2.0], factor=[1.0, 1.0])
    problem = assignment_problem(2, [0, 0], [1, 1], delay, 0, 1, 1.0)
    with pytest.raises(
        AssignmentError, match=r"demand 0: the derivative does not exist.*link\(s\) 1$"
    ):
        flow_derivative(precise(problem), "demand", 0)
    less, more = (replace(problem, demand=np.array([d])) for d in (0.9, 1.1))
    assert flow_derivative(precise(less), "demand", 0) == pytest.approx([1.0, 0.0])
    assert flow_derivative(precise(more), "demand", 0) == pytest.approx([0.5, 0.5])


def test_origins_that_happen_to_keep_apart_can_change_places():
    """Both origins may use both routes; how they share them is not part of the equilibrium."""
    delay = delays("linear", base=[0.0, 0.0, 1.0, 1.0], factor=[0.0, 0.0, 1.0, 1.0])
    tail, head = [0, 1, 2, 2], [2, 2, 3, 3]
    problem = assignment_problem(4, tail, head, delay, [0, 1], [3, 3], [2.0, 2.0])
    found = precise(problem)
    keep_apart = np.array([[1.0, 0, 1, 0], [0, 1.0, 0, 1]]) * 2.0
    rows = found._bushes
    for flow, source in zip(keep_apart, (0, 1), strict=True):
        row = rows.bushes.source.tolist().index(source)
        rows.bushes.flow[row] = flow[rows.link]
    assert found.flow == pytest.approx([2.0, 2.0, 2.0, 2.0])
    for pair in (0, 1):
        expected = [float(pair == 0), float(pair == 1), 0.5, 0.5]
        assert flow_derivative(found, "demand", pair) == pytest.approx(expected)


def test_faults_are_named():
    found = precise(braess())
    with pytest.raises(AssignmentError, match=r"parameter 'tol' is not known.*did you mean 'toll'"):
        flow_derivative(found, "tol", 0)
    with pytest.raises(AssignmentError, match="index is 5, expected a link from 0 to 4"):
        flow_derivative(found, "base", 5)
    with pytest.raises(AssignmentError, match="index is -1, expected a pair from 0 to 0"):
        flow_derivative(found, "demand", -1)
    with pytest.raises(AssignmentError, match="O-D pair 0: no flow"):
        flow_derivative(precise(braess(0.0)), "demand", 0)
    with pytest.raises(AssignmentError, match="expected an equilibrium of a smaller relative gap"):
        flow_derivative(user_equilibrium(random_problem(1), 1.0, max_iterations=1), "base", 0)
    concave = delays("bpr", base=1.0, factor=1.0, shape=[0.5, 0.5])
    unused = assignment_problem(3, [0, 0], [1, 2], concave, 0, 1, 1.0)
    with pytest.raises(AssignmentError, match="link 1: the slope of its delay is infinite"):
        linearise(precise(unused))
