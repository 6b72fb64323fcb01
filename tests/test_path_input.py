"""What listed paths are not made of is refused by name, before compiled code sees it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from karvan.errors import AssignmentError
from karvan.freight import (
    PathProblem,
    Uses,
    assignment_problem,
    capacitated_equilibrium,
    certify_paths,
    delays,
    linearise,
    markovian_equilibrium,
    path_equilibrium,
    path_flow_derivative,
    path_sizes,
    user_equilibrium,
    uses,
)

PAIR = PathProblem(
    group=[0, 0],
    cost=[1.0, 2.0],
    log_size=[0.0, 0.0],
    demand=[10.0],
    scale=[1.0],
    value_of_time=[1.0],
    use=uses([[1.0, 0.0]]),
    capacity=[5.0],
)
SOLVED = path_equilibrium(PAIR)
ROADS = assignment_problem(
    2, [0, 0], [1, 1], delays("linear", base=[10, 5], factor=[1, 2]), 0, 1, 10
)
LIMITED = capacitated_equilibrium(ROADS, [np.inf, 3])
OF_ONE = np.array([0, 1, 1]), np.array([0]), np.array([1.0]), 1


def used(start: object = OF_ONE[0], resource: object = OF_ONE[1], amount: object = OF_ONE[2]):
    return Uses(start, resource, amount, 1)


def test_lists_are_taken_as_arrays():
    # Half of ten goes by the cheaper way, as its capacity is 5, at a price that levels both.
    assert SOLVED.flow == pytest.approx([5.0, 5.0])
    assert SOLVED.price == pytest.approx([1.0])
    assert used([0, 1, 1], [0], [1]).load(np.array([2.0, 3.0])).tolist() == [2.0]


FAULTS: dict[str, tuple[Callable[[], object], str]] = {
    "start too short": (lambda: used(start=[0]), "start: expected where the entries of each path"),
    "start not from 0": (lambda: used(start=[1, 1, 1]), "start: expected where"),
    "start falls": (lambda: used(start=[0, 5, 1]), "start: expected where"),
    "no start": (lambda: used(start=[]), "start: expected where"),
    "start of another problem": (
        lambda: path_equilibrium(replace(PAIR, use=used(start=[0, 1]))),
        "use: found uses of 1 paths, expected of 2",
    ),
    "resource too large": (
        lambda: used(resource=[7]),
        "entry 0: found resource 7, expected 0 to 0",
    ),
    "resource below 0": (lambda: used(resource=[-1]), "entry 0: found resource -1"),
    "half a resource": (lambda: used(resource=[0.5]), "resource 0: found 0.5, expected a whole"),
    "a resource twice": (
        lambda: used([0, 2, 2], [0, 0], [1.0, 1.0]),
        "path 0: found resource 0 twice, expected a resource once",
    ),
    "amounts": (lambda: used(amount=[1.0, 2.0]), "amount: found 2 values, expected 1"),
    "amount in words": (lambda: used(amount=["a"]), "amount: found 'a'"),
    "uses of a row": (lambda: uses([1.0, 2.0]), "uses: expected a table of numbers"),
    "ragged uses": (lambda: uses([[1.0], [2.0, 3.0]]), "uses: expected a table of numbers"),
    "uses in words": (lambda: uses("abc"), "uses: expected a table of numbers"),
    "cost in words": (lambda: replace(PAIR, cost=["a", "b"]), "cost: found 'a', expected a number"),
    "a table of costs": (
        lambda: replace(PAIR, cost=[[1.0], [2.0]]),
        "cost: found a table of 2 x 1",
    ),
    "half a group": (lambda: replace(PAIR, group=[0.0, 0.5]), "group 1: found 0.5"),
    "no uses": (lambda: replace(PAIR, use=None), "use is 'None', expected Uses"),
    "a wait in hours": (lambda: replace(PAIR, wait=5), "wait is 5, expected what delays"),
    "names": (
        lambda: path_equilibrium(replace(PAIR, names=("a", "b"))),
        "names: found 2 names, expected 1, one for each resource",
    ),
    "no problem": (lambda: path_equilibrium(None), "problem is 'None', expected a PathProblem"),
    "another start": (
        lambda: path_equilibrium(PAIR, start=5),
        "start is 5, expected what path_equilibrium",
    ),
    "length below 0": (
        lambda: path_sizes([-1.0, 2.0], [np.array([0]), np.array([1])], [0, 0]),
        "length 0: found -1, expected a number >= 0",
    ),
    "a link without length": (
        lambda: path_sizes([1.0], [np.array([5])], [0]),
        "link 5: expected one of the 1 with a length",
    ),
    "groups of lengths": (
        lambda: path_sizes([1.0], [np.array([0])], [0, 0]),
        "group: found 2 values, expected 1, one a path",
    ),
    "flow of fewer paths": (
        lambda: certify_paths(PAIR, [10.0], [0.0], [0.0]),
        "flow: found 1 values, expected 2, one for each path",
    ),
    "prices of more": (
        lambda: certify_paths(PAIR, [5.0, 5.0], [0.0, 0.0], [0.0]),
        "price: found 2 values, expected 1, one for each resource",
    ),
    "a price that is none": (
        lambda: certify_paths(PAIR, [5.0, 5.0], [float("nan")], [0.0]),
        "price 0: found nan, expected a finite number",
    ),
    "a wait without end": (
        lambda: certify_paths(PAIR, [5.0, 5.0], [0.0], [float("inf")]),
        "wait 0: found inf, expected a finite number",
    ),
    "no parameter": (lambda: path_flow_derivative(PAIR, SOLVED, None), "parameter is 'None'"),
    "no solution": (
        lambda: path_flow_derivative(PAIR, None, ("cost", 0)),
        "equilibrium is 'None', expected what path_equilibrium",
    ),
    "another solution": (
        lambda: path_flow_derivative(
            replace(PAIR, use=uses([[1.0, 0.0]] * 2), capacity=[5.0, 6.0]), SOLVED, ("cost", 0)
        ),
        "equilibrium is of another problem",
    ),
    "roads: no problem": (lambda: user_equilibrium(None), "problem is 'None', expected what assig"),
    "limits: no problem": (lambda: capacitated_equilibrium(None, [1.0]), "problem is 'None'"),
    "ways: no problem": (lambda: markovian_equilibrium(None, 1.0), "problem is 'None'"),
    "derivatives of nothing": (
        lambda: linearise(None),
        "equilibrium is 'None', expected what",
    ),
    "limits: another start": (
        lambda: capacitated_equilibrium(ROADS, [np.inf, 3], start=user_equilibrium(ROADS)),
        "expected a CapacitatedEquilibrium",
    ),
    "limits: gap in words": (
        lambda: capacitated_equilibrium(ROADS, [np.inf, 3], "a"),
        "relative_gap is 'a', expected a number > 0",
    ),
    "limits: half a thread": (
        lambda: capacitated_equilibrium(ROADS, [np.inf, 3], threads=0.5),
        "threads is 0.5, expected a whole number",
    ),
    "limits: a link in words": (lambda: LIMITED.select_link("x"), "link is 'x', expected a whole"),
    "limits: a skim of one": (lambda: LIMITED.average_on_paths(5), "values has 1 entries"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(fault):
    call, message = FAULTS[fault]
    with pytest.raises(AssignmentError) as error:
        call()
    assert message in str(error.value)


def test_a_price_below_zero_is_no_solution_though_shares_and_loads_fit_it():
    wide = replace(PAIR, capacity=[9.0])
    # Shares of 9 to 1 at a price that pays cargo to come: 7.3 would come by itself.
    price = 1.0 - np.log(9.0)
    certificate = certify_paths(wide, [9.0, 1.0], [price], [0.0])
    assert max(certificate.choice_error, certificate.capacity_error) < 1e-12
    mean = 0.9 * abs(1.0 + price) + 0.1 * 2.0
    assert certificate.slack_error == pytest.approx(-price * 0.9 / mean)
