"""Assignment problems that cannot be solved as they stand are refused, every fault by name."""

import numpy as np
import pytest

from karvan.errors import AssignmentError
from karvan.freight.delay import delays
from karvan.freight.problem import UserClass, assignment_problem

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


def test_the_sound_one_is_taken():
    assert assignment_problem(**SOUND).n_links == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tail": [0, 3]}, "link 1: tail is 3, expected a node from 0 to 2"),
        ({"head": [-1, 2]}, "link 0: head is -1, expected a node from 0 to 2"),
        ({"tail": [0, 1.5]}, "tail 1: found 1.5, expected a whole number"),
        ({"origin": [np.nan, 1]}, "origin 0: found nan, expected a whole number"),
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
    assert message in problems(**change)


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
