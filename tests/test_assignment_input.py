"""Assignment problems that cannot be solved as they stand are refused, every fault by name."""

from dataclasses import replace

import numpy as np
import pytest

from karvan.errors import AssignmentError
from karvan.freight.capacitated import capacitated_equilibrium
from karvan.freight.delay import delays
from karvan.freight.demand_functions import demand_function
from karvan.freight.elastic import elastic_equilibrium, pair_costs
from karvan.freight.equilibrium import user_equilibrium
from karvan.freight.hyperpath import optimal_strategy
from karvan.freight.markov import markovian_equilibrium
from karvan.freight.problem import UserClass, assignment_problem
from karvan.freight.sensitivity import flow_derivative, linearise

SOUND = {
    "n_nodes": 3,
    "tail": [0, 1],
    "head": [1, 2],
    "delay": delays("linear", base=[1.0, 2.0], factor=1.0),
    "origin": [0, 1],
    "destination": [2, 2],
    "demand": [5.0, 6.0],
}


def problems(**change):
    with pytest.raises(AssignmentError) as raised:
        assignment_problem(**(SOUND | change))
    return list(raised.value.problems)


def one_class(**change):
    return problems(classes=(UserClass(**({"name": "lorry"} | change)),))


def test_without_classes_no_index_is_asked_for():
    assert len(problems(classes=())) == 1


NEITHER = [
    (lambda p: user_equilibrium(None), "problem is 'None', expected what assignment_problem()"),
    (lambda p: elastic_equilibrium(None, None), "problem is 'None', expected what assign"),
    (lambda p: markovian_equilibrium("net", 1.0), "problem is 'net', expected what assign"),
    (lambda p: capacitated_equilibrium(None, [1, 1]), "problem is 'None', expected what"),
    (
        lambda p: capacitated_equilibrium(p, [99, 99], start=user_equilibrium(p)),
        "start is 'Equilibrium(",
    ),
    (lambda p: capacitated_equilibrium(p, [99, 99], "low"), "relative_gap is 'low', expected a"),
    (lambda p: linearise(p), "equilibrium is 'AssignmentProblem("),
    (lambda p: pair_costs(None, [1, 1]), "problem is 'None', expected what assignment_problem()"),
    (lambda p: pair_costs(p, [1.0]), "time has 1 values, expected one for each of 2 links"),
    (lambda p: pair_costs(p, "soon"), "time: found 'soon', expected a number"),
    (lambda p: pair_costs(p, [1.0, np.nan]), "link 1: time is nan, expected a number >= 0"),
    (lambda p: pair_costs(p, [-1.0, 1.0]), "link 0: time is -1, expected a number >= 0"),
    (lambda p: of_two_pairs().at([1.0, 2.0, 3.0]), "cost has 3 values, expected one for each of"),
    (lambda p: of_two_pairs().inverse("x"), "demand: found 'x', expected a number"),
]


def of_two_pairs():
    return demand_function("power", demand=[1.0, 2.0], cost=1.0, steepness=1.0)


@pytest.mark.parametrize(("call", "message"), NEITHER)
def test_arguments_of_another_kind_are_named(call, message):
    with pytest.raises(AssignmentError) as raised:
        call(assignment_problem(**SOUND))
    assert raised.value.problems[0].startswith(message), raised.value.problems


def test_the_sound_one_is_taken():
    assert assignment_problem(**SOUND).n_links == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tail": [0, 3]}, "link 1: tail is 3, expected a node from 0 to 2"),
        ({"head": [-1, 2]}, "link 0: head is -1, expected a node from 0 to 2"),
        ({"tail": [0, 1.5]}, "tail 1: found 1.5, expected a whole number"),
        ({"origin": [np.nan, 1]}, "origin 0: found nan, expected a whole number"),
        ({"tail": ["a", "b"]}, "tail: found 'a', expected a number, or a list of numbers"),
        ({"tail": [0, 10**30]}, "tail 1: found 1e+30, expected a whole number"),
        ({"tail": [[0, 1]]}, "tail: found a table of 1 x 2, expected a number, or a list of"),
        ({"user_class": "all"}, "user_class: found 'all', expected a number, or a list of"),
        ({"demand": "much"}, "demand: found 'much', expected a number, or a list of numbers"),
        ({"demand": None}, "demand: found 'None', expected a number, or a list of numbers"),
        ({"n_nodes": 2.5}, "n_nodes is 2.5, expected a whole number"),
        ({"n_nodes": "3"}, "n_nodes is '3', expected a whole number"),
        ({"n_nodes": 99_999_999_999}, "n_nodes is 99999999999, expected 0 to 10000004 for 2 links"),
        ({"first_through_node": 0.5}, "first_through_node is 0.5, expected a whole number"),
        ({"classes": None}, "classes is 'None', expected a list of UserClass"),
        ({"classes": ("lorry",)}, "classes 0 is 'lorry', expected a UserClass"),
        ({"delay": None}, "delay is 'None', expected what delays() returns"),
        (
            {"head": [1, 2, 0]},
            "tail, head and delay hold 2, 3 and 2 links: expected as many of each",
        ),
        ({"origin": [0, 7]}, "O-D pair 1: origin is 7, expected a node from 0 to 2"),
        ({"destination": [-2, 2]}, "O-D pair 0: destination is -2, expected a node from 0 to 2"),
        (
            {"demand": [5.0, -6.0]},
            "O-D pair 1 (1 to 2): demand is -6, expected a finite number >= 0",
        ),
        (
            {"demand": [np.nan, 6.0]},
            "O-D pair 0 (0 to 2): demand is nan, expected a finite number >= 0",
        ),
        (
            {"demand": [np.inf, 6.0]},
            "O-D pair 0 (0 to 2): demand is inf, expected a finite number >= 0",
        ),
        ({"user_class": [0, 1]}, "O-D pair 1: user class is 1, expected an index from 0 to 0"),
        (
            {"user_class": [0, 0, 0]},
            "origin, destination, demand and user_class differ in length: expected as many",
        ),
        ({"first_through_node": -1}, "first_through_node is -1, expected 0 to 3"),
        ({"first_through_node": 4}, "first_through_node is 4, expected 0 to 3"),
        ({"classes": ()}, "there is no user class: expected at least one"),
        (
            {"classes": (UserClass("a"), UserClass("a"))},
            "user class 'a' is there twice: expected one of a name",
        ),
    ],
)
def test_faults_of_networks_and_demand_are_named(change, message):
    assert [p for p in problems(**change) if p.startswith(message)], problems(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value_of_time": 0.0}, "user class 'lorry': value_of_time is 0, expected a number > 0"),
        ({"units": np.nan}, "user class 'lorry': units is nan, expected a number > 0"),
        (
            {"money": np.array([1.0])},
            "user class 'lorry': money has 1 values, expected one for each of 2 links",
        ),
        (
            {"money": np.array([1.0, -1.0])},
            "user class 'lorry': money must be finite and >= 0 on every link",
        ),
        (
            {"money": np.array([1.0, np.nan])},
            "user class 'lorry': money must be finite and >= 0 on every link",
        ),
        (
            {"allowed": np.array([True])},
            "user class 'lorry': allowed has 1 values, expected one for each of 2 links",
        ),
        (
            {"allowed": np.array([False, False])},
            "user class 'lorry' may go nowhere: expected a link it is allowed on",
        ),
    ],
)
def test_faults_of_classes_are_named(change, message):
    assert one_class(**change) == [message]


def test_every_fault_is_listed_at_once():
    found = problems(tail=[0, 9], demand=[-1.0, np.nan], user_class=5)
    assert [p.split(":")[0] for p in found] == [
        "link 1",
        "O-D pair 0 (0 to 2)",
        "O-D pair 1 (1 to 2)",
        "O-D pair 0",
        "O-D pair 1",
    ]


def test_a_long_list_is_cut_in_the_message_but_not_in_the_error():
    with pytest.raises(AssignmentError, match="and 30 more") as raised:
        assignment_problem(
            **(SOUND | {"origin": [0] * 80, "destination": [9] * 80, "demand": [1.0] * 80})
        )
    assert len(raised.value.problems) == 80


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value_of_time": "1"}, "user class 'lorry': value_of_time is '1', expected a number > 0"),
        ({"units": None}, "user class 'lorry': units is 'None', expected a number > 0"),
        ({"money": 1.0}, "user class 'lorry': money is 1, expected one value for each link"),
        ({"money": [[1.0]]}, "user class 'lorry': money: found a table of 1 x 1, expected"),
        ({"money": ["a", "b"]}, "user class 'lorry': money: found 'a', expected a number"),
        ({"allowed": [1, 2]}, "user class 'lorry': allowed on link 1: found 2, expected True or"),
    ],
)
def test_what_a_class_cannot_hold_is_named(change, message):
    with pytest.raises(AssignmentError) as raised:
        UserClass(**({"name": "lorry"} | change))
    assert raised.value.problems[0].startswith(message)


def test_a_class_takes_lists():
    there = {"classes": [UserClass("lorry", money=[1, 2], allowed=[True, False])]}
    problem = assignment_problem(2, [0, 0], [1, 1], SOUND["delay"], 0, 1, 3.0, **there)
    assert user_equilibrium(problem).cost[0].tolist() == [5.0, np.inf]


# Numbers that overflow: the first two ended the process before they were refused


ROUND = {
    "n_nodes": 3,
    "tail": [0, 2, 1],
    "head": [2, 1, 0],
    "origin": [0, 1],
    "destination": [1, 0],
    "demand": [1e8, 3.0],
    "first_through_node": 2,
}


@pytest.mark.parametrize(
    ("name", "numbers", "demand", "found"),
    [
        ("bpr", {"capacity": [1.0, 10.0, 10.0], "shape": 40.0}, 1e8, "it would take inf"),
        ("bpr", {"capacity": [1e-300, 10.0, 10.0], "shape": 4.0}, 7.0, "it would take inf"),
        ("linear", {"capacity": [1e-300, 10.0, 10.0]}, 1e10, "it would take inf"),
        ("conical", {"capacity": [1e-200, 10.0, 10.0], "shape": 4.0}, 1.0, "it would take inf"),
        ("linear", {"capacity": [1e-290, 10.0, 10.0]}, 10.0, "it would take 1.95e+290"),
        ("bpr", {"capacity": [1.0, 1e90, 1e90], "shape": 3.0}, 1e80, "slope of 4.5e+159"),
        ("queue", {"capacity": [1e-290, 10.0, 10.0], "shape": 2.0}, 7.0, "slope of 1.87475e+292"),
    ],
)
def test_times_that_overflow_are_refused_by_link(name, numbers, demand, found):
    delay = delays(name, base=1.0, factor=0.15, **numbers)
    with pytest.raises(AssignmentError) as raised:
        assignment_problem(**(ROUND | {"delay": delay, "demand": [demand, 3.0]}))
    (problem,) = raised.value.problems
    assert problem.startswith("link 0: with all demand on it")
    assert found in problem
    assert "is capacity in the unit of demand, and the power right?" in problem


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"demand": [1e308, 1e308]},
            "demand adds up to inf units of flow, expected at most 1e+290",
        ),
        (
            {"classes": [UserClass("lorry", value_of_time=1e-300, money=[0.0, 1e10])]},
            "link 1: user class 'lorry' pays 1e+10 at a value_of_time of 1e-300, as much as a time",
        ),
        (
            {"delay": delays("constant", base=[1.0, 1e300])},
            "link 1: with all demand on it (11) it would take 1e+300, with a slope of 0",
        ),
    ],
)
def test_sums_that_overflow_are_refused(change, message):
    (found,) = problems(**change)
    assert found.startswith(message)


def test_a_problem_is_checked_again_when_a_part_is_replaced():
    problem = assignment_problem(**SOUND)
    steep = delays("bpr", base=1.0, factor=1.0, capacity=[1.0, 1e-300], shape=4.0)
    for change in ({"delay": steep}, {"demand": [np.nan, 1.0]}, {"tail": [0, 7]}):
        with pytest.raises(AssignmentError):
            replace(problem, **change)


def test_a_flow_within_a_node_may_be_of_any_size():
    problem = assignment_problem(**(SOUND | {"destination": [0, 2], "demand": [1e300, 6.0]}))
    assert user_equilibrium(problem).flow.tolist() == [0.0, 6.0]


def test_costs_that_became_no_numbers_are_refused_by_the_certificate():
    problem = assignment_problem(**SOUND)
    # Nothing but force changes a checked function.
    object.__setattr__(problem.delay, "base", np.array([np.nan, 1.0]))
    try:
        with pytest.raises(AssignmentError, match=r"objective is nan|flows do not add up"):
            user_equilibrium(problem)
    finally:
        object.__setattr__(problem.delay, "base", np.array([1.0, 2.0]))


# Arguments of solvers


def solved():
    return user_equilibrium(assignment_problem(**SOUND))


FALLING = {"demand": 1.0, "cost": 1.0, "steepness": 1.0}
STRATEGY = {"n_nodes": 2, "tail": [0], "head": [1], "time": 1.0, "frequency": 1.0, "destination": 1}


def strategy(**change):
    return optimal_strategy(**(STRATEGY | change))


def elastic(**change):
    function = demand_function("linear", demand=[1.0, 1.0], cost=1.0, steepness=0.1)
    problem = assignment_problem(**SOUND)
    return elastic_equilibrium(problem, **({"function": function} | change))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: user_equilibrium(p, "x"), "relative_gap is 'x', expected a number > 0"),
        (
            lambda p: user_equilibrium(p, max_iterations=1.5),
            "max_iterations is 1.5, expected a whole number, at least 1",
        ),
        (
            lambda p: user_equilibrium(p, threads=1.5),
            "threads is 1.5, expected a whole number, at least 1",
        ),
        (lambda p: user_equilibrium(p, start="x"), "start is 'x', expected an Equilibrium"),
        (lambda _: solved().select_link(0.5), "link is 0.5, expected a whole number"),
        (lambda _: solved().select_link("a"), "link is 'a', expected a whole number"),
        (lambda _: solved().average_on_paths(1.0), "values has 1 entries, expected one for each"),
        (lambda _: solved().average_on_paths("ab"), "values: found 'ab', expected a number"),
        (lambda _: flow_derivative(solved(), "demand", 0.5), "index is 0.5, expected a whole"),
        (lambda p: markovian_equilibrium(p, "x"), "scale: found 'x', expected a number"),
        (
            lambda p: markovian_equilibrium(p, 1.0, tolerance="x"),
            "tolerance is 'x', expected a number > 0",
        ),
        (
            lambda _: demand_function(
                "linear", **(FALLING | {"demand": [1, 2], "cost": [1, 2, 3]})
            ),
            "values: demand 2, cost 3, steepness 1; expected one, or one for each O-D pair",
        ),
        (
            lambda _: demand_function("linear", **(FALLING | {"cost": "dear"})),
            "cost: found 'dear', expected a number",
        ),
        (
            lambda _: demand_function(None, **FALLING),
            "demand function 'None' is not known: expected one of exponential, power, linear",
        ),
        (lambda _: elastic(start="x"), "start is 'x', expected an ElasticEquilibrium"),
        (lambda _: elastic(function=None), "function is 'None', expected what demand_function()"),
        (lambda _: elastic(max_iterations=0.5), "max_iterations is 0.5, expected a whole number"),
        (lambda _: strategy(tail=[0.5]), "tail 0: found 0.5, expected a whole number"),
        (lambda _: strategy(n_nodes="2"), "n_nodes is '2', expected a whole number"),
        (lambda _: strategy(destination=0.5), "destination is 0.5, expected a whole number"),
        (lambda _: strategy(time=[1.0, 2.0]), "time has 2 values, expected one, or one for each"),
        (lambda _: strategy(frequency="often"), "frequency: found 'often', expected a number"),
        (lambda _: strategy().flow(["a", 1]), "demand: found 'a', expected a number"),
    ],
)
def test_arguments_of_another_kind_are_refused_by_name(call, message):
    with pytest.raises(AssignmentError) as raised:
        call(assignment_problem(**SOUND))
    assert raised.value.problems[0].startswith(message)


def test_a_skim_of_whole_numbers_is_one_of_their_floats():
    assert solved().average_on_paths([1, 3]).tolist() == [4.0, 3.0]


def test_a_function_of_demand_is_checked_again_when_a_part_is_replaced():
    function = demand_function("power", demand=[1.0, 2.0], cost=1.0, steepness=1.0)
    with pytest.raises(AssignmentError, match="O-D pair 1: cost of the demand function is 0"):
        replace(function, cost=[1.0, 0.0])
