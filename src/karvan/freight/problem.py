"""Assignment problems: a network with volume-delay functions, and the demand between its nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import (
    is_a,
    is_number,
    numbers,
    shown,
    whole_number,
    whole_numbers,
)
from karvan.freight.delay import Delay
from karvan.kernels.bush import CONCAVE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ALLOWED_DEMAND = "expected a finite number >= 0"

SPARE_NODES = 10_000_000
"""Nodes that no link touches, of which there may be so many (assumed): each takes memory."""

LARGEST = 1e290
"""Cost, slope and cost times flow of a link that may add up over any network without overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class UserClass:
    """Users who see the same costs.

    Attributes
    ----------
    name : str
    value_of_time : float
        Money for one unit of time, > 0; a path costs time + money / `value_of_time`.
    money : ndarray, shape (n_links,), optional
        What the class pays on each link.
    allowed : ndarray of bool, shape (n_links,), optional
        Where the class may go; everywhere without it.
    units : float
        Flow on links for one unit of demand, > 0, e.g. TEU for a tonne.

    Raises
    ------
    AssignmentError
        Values that are no numbers; those out of range are found by :class:`AssignmentProblem`.
    """

    name: str
    value_of_time: float = 1.0
    money: FloatArray | None = None
    allowed: BoolArray | None = None
    units: float = 1.0

    def __post_init__(self) -> None:
        start = f"user class '{self.name}': "
        problems = [
            f"{start}{name} is {shown(value)}, expected a number > 0"
            for name, value in (("value_of_time", self.value_of_time), ("units", self.units))
            if not is_number(value)
        ]
        for name, values in (("money", self.money), ("allowed", self.allowed)):
            if values is not None and np.ndim(values) == 0:
                message = f"{name} is {shown(values)}, expected one value for each link"
                problems.append(start + message)
            elif values is not None:
                object.__setattr__(self, name, numbers(start + name, values))
        if problems:
            raise AssignmentError(problems)
        if self.allowed is not None:
            object.__setattr__(self, "allowed", _yes_or_no(f"{start}allowed", self.allowed))

    def toll(self, n_links: int) -> FloatArray:
        """Return what is added to the time of each link for this class; inf where forbidden."""
        toll = np.zeros(n_links) if self.money is None else self.money / self.value_of_time
        return toll if self.allowed is None else np.where(self.allowed, toll, np.inf)


def _yes_or_no(name: str, values: NDArray[np.generic]) -> BoolArray:
    yes, no = values == 1, values == 0
    problems = [
        f"{name} on link {link}: found {shown(values[link])}, expected True or False"
        for link in np.flatnonzero(~(yes | no))
    ]
    if problems:
        raise AssignmentError(problems)
    return np.asarray(yes)


EVERYBODY = (UserClass("all"),)


@dataclass(frozen=True, eq=False)
class AssignmentProblem:
    """Who wants to go where, on which network.

    Attributes
    ----------
    n_nodes : int
    tail, head : ndarray of int, shape (n_links,)
        Nodes from 0.  Parallel links are allowed.
    delay : Delay
    origin, destination : ndarray of int, shape (n_pairs,)
    demand : ndarray, shape (n_pairs,)
        Per unit of time, as `delay` counts flow (times ``UserClass.units``).
    user_class : ndarray of int, shape (n_pairs,)
        Index into `classes`.
    classes : tuple of UserClass
    first_through_node : int
        Nodes below it begin and end paths but none passes through them.

    Raises
    ------
    AssignmentError
        With every fault found, when it is made.
    """

    n_nodes: int
    tail: IntArray
    head: IntArray
    delay: Delay
    origin: IntArray
    destination: IntArray
    demand: FloatArray
    user_class: IntArray
    classes: tuple[UserClass, ...] = EVERYBODY
    first_through_node: int = 0

    def __post_init__(self) -> None:
        for name in ("n_nodes", "first_through_node"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        for name in ("tail", "head", "origin", "destination", "user_class"):
            object.__setattr__(self, name, whole_numbers(name, getattr(self, name)))
        object.__setattr__(self, "demand", numbers("demand", self.demand))
        problems = _kind_problems(self)
        if not problems:
            problems = [*_network_problems(self), *_demand_problems(self), *_class_problems(self)]
        problems = problems or _size_problems(self)
        if problems:
            raise AssignmentError(problems)

    @property
    def n_links(self) -> int:
        """Number of links."""
        return len(self.tail)

    @cached_property
    def toll(self) -> FloatArray:
        """What each class adds to the time of each link; shape (n_classes, n_links)."""
        return np.array([c.toll(self.n_links) for c in self.classes])

    @cached_property
    def amount(self) -> FloatArray:
        """Demand in units of flow; shape (n_pairs,).  Within one node it uses no network: 0."""
        units = np.array([c.units for c in self.classes])[self.user_class]
        return np.where(self.origin == self.destination, 0.0, self.demand * units)


def assignment_problem(
    n_nodes: int,
    tail: ArrayLike,
    head: ArrayLike,
    delay: Delay,
    origin: ArrayLike,
    destination: ArrayLike,
    demand: ArrayLike,
    *,
    user_class: ArrayLike = 0,
    classes: Sequence[UserClass] = EVERYBODY,
    first_through_node: int = 0,
) -> AssignmentProblem:
    """Return a checked problem; arguments as the attributes of :class:`AssignmentProblem`.

    Arrays may be lists; `user_class` may be one index for all pairs.

    Raises
    ------
    AssignmentError
    """
    amounts = numbers("demand", demand).copy()
    index = whole_numbers("user_class", user_class)
    return AssignmentProblem(
        n_nodes,
        whole_numbers("tail", tail),
        whole_numbers("head", head),
        delay,
        whole_numbers("origin", origin),
        whole_numbers("destination", destination),
        amounts,
        np.full(len(amounts), index[0]) if len(index) == 1 else index,
        _classes(classes),
        first_through_node,
    )


def _classes(classes: Sequence[UserClass]) -> tuple[UserClass, ...]:
    try:
        return tuple(classes)
    except TypeError:
        message = f"classes is {shown(classes)}, expected a list of UserClass"
        raise AssignmentError([message]) from None


def _kind_problems(problem: AssignmentProblem) -> list[str]:
    problems = []
    if not is_a(Delay, problem.delay):
        problems.append(f"delay is {shown(problem.delay)}, expected what delays() returns")
    problems += [
        f"classes {position} is {shown(c)}, expected a UserClass"
        for position, c in enumerate(problem.classes)
        if not is_a(UserClass, c)
    ]
    return problems


def _network_problems(problem: AssignmentProblem) -> list[str]:
    n_links, problems = len(problem.tail), []
    most = 2 * n_links + SPARE_NODES
    if not 0 <= problem.n_nodes <= most:
        problems.append(
            f"n_nodes is {problem.n_nodes}, expected 0 to {most} for {n_links} links: more take "
            "memory for nodes that no link touches"
        )
    if not 0 <= problem.first_through_node <= problem.n_nodes:
        problems.append(
            f"first_through_node is {problem.first_through_node}, expected 0 to {problem.n_nodes}"
        )
    if not len(problem.head) == n_links == problem.delay.n_links:
        lengths = f"{n_links}, {len(problem.head)} and {problem.delay.n_links}"
        problems.append(f"tail, head and delay hold {lengths} links: expected as many of each")
    for name, nodes in (("tail", problem.tail), ("head", problem.head)):
        problems += [
            f"link {link}: {name} is {nodes[link]}, expected a node from 0 to {problem.n_nodes - 1}"
            for link in np.flatnonzero((nodes < 0) | (nodes >= problem.n_nodes))
        ]
    return problems


def _demand_problems(problem: AssignmentProblem) -> list[str]:
    n_pairs, problems = len(problem.demand), []
    if not len(problem.origin) == len(problem.destination) == len(problem.user_class) == n_pairs:
        return ["origin, destination, demand and user_class differ in length: expected as many"]
    for name, nodes in (("origin", problem.origin), ("destination", problem.destination)):
        problems += [
            f"O-D pair {pair}: {name} is {nodes[pair]}, expected a node from 0 to "
            f"{problem.n_nodes - 1}"
            for pair in np.flatnonzero((nodes < 0) | (nodes >= problem.n_nodes))
        ]
    wrong = ~(np.isfinite(problem.demand) & (problem.demand >= 0.0))
    problems += [
        f"O-D pair {pair} ({problem.origin[pair]} to {problem.destination[pair]}): demand is "
        f"{problem.demand[pair]:g}, {ALLOWED_DEMAND}"
        for pair in np.flatnonzero(wrong)
    ]
    if not problem.classes:
        # Said of the classes; every index would be wrong.
        return problems
    known = (problem.user_class >= 0) & (problem.user_class < len(problem.classes))
    problems += [
        f"O-D pair {pair}: user class is {problem.user_class[pair]}, expected an index from 0 to "
        f"{len(problem.classes) - 1}"
        for pair in np.flatnonzero(~known)
    ]
    return problems


def _class_problems(problem: AssignmentProblem) -> list[str]:
    n_links, problems = len(problem.tail), []
    if not problem.classes:
        problems.append(
            "there is no user class: expected at least one in `classes`; without the argument all "
            "users are of one class"
        )
    names = [c.name for c in problem.classes]
    twice = sorted({n for n in names if names.count(n) > 1})
    problems += [f"user class '{name}' is there twice: expected one of a name" for name in twice]
    for c in problem.classes:
        for name, value in (("value_of_time", c.value_of_time), ("units", c.units)):
            if not (np.isfinite(value) and value > 0.0):
                problems.append(
                    f"user class '{c.name}': {name} is {value:g}, expected a number > 0"
                )
        for name, values in (("money", c.money), ("allowed", c.allowed)):
            if values is not None and len(values) != n_links:
                problems.append(
                    f"user class '{c.name}': {name} has {len(values)} values, expected one for "
                    f"each of {n_links} links"
                )
        if c.money is not None and not (np.isfinite(c.money) & (c.money >= 0.0)).all():
            problems.append(f"user class '{c.name}': money must be finite and >= 0 on every link")
        if c.allowed is not None and len(c.allowed) == n_links and not c.allowed.any():
            problems.append(
                f"user class '{c.name}' may go nowhere: expected a link it is allowed on"
            )
    return problems


def _size_problems(problem: AssignmentProblem) -> list[str]:
    """Costs that overflow once all demand is on one link, of a problem that is sound otherwise."""
    with np.errstate(all="ignore"):
        most = float(problem.amount.sum())
        if not most <= LARGEST:
            return [f"demand adds up to {most:g} units of flow, expected at most {LARGEST:g}"]
        problems = _delay_problems(problem.delay, most)
        for user_class in problem.classes:
            if user_class.money is None:
                continue
            toll = user_class.money / user_class.value_of_time
            problems += [
                f"link {link}: user class '{user_class.name}' pays {user_class.money[link]:g} at a "
                f"value_of_time of {user_class.value_of_time:g}, as much as a time of "
                f"{toll[link]:g}: expected at most {LARGEST:g}, also times demand"
                for link in np.flatnonzero(~(toll * max(most, 1.0) <= LARGEST))
            ]
    return problems


def _delay_problems(delay: Delay, most: float) -> list[str]:
    """Links whose time, its slope or its integral may overflow at the flow `most` or less."""
    flow = np.full(delay.n_links, most)
    time, slope = delay.time(flow), delay.slope(flow)
    # Times rise with flow, so the integral is below the product.
    sound = time * max(most, 1.0) <= LARGEST
    sound &= (slope * max(most, 1.0) <= LARGEST) | (delay.kind == CONCAVE)
    return [
        f"link {link}: with all demand on it ({most:g}) it would take {time[link]:g}, with a slope "
        f"of {slope[link]:g}; expected at most {LARGEST:g}, also times the flow.  Base is "
        f"{delay.base[link]:g}, factor {delay.factor[link]:g}, capacity {delay.capacity[link]:g}, "
        f"shape {delay.shape[link]:g}: is capacity in the unit of demand, and the power right?"
        for link in np.flatnonzero(~sound)
    ]
