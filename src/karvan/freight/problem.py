"""Assignment problems: a network with volume-delay functions, and the demand between its nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError
from karvan.freight.delay import Delay

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ALLOWED_DEMAND = "expected a finite number >= 0"


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
    """

    name: str
    value_of_time: float = 1.0
    money: FloatArray | None = None
    allowed: BoolArray | None = None
    units: float = 1.0

    def toll(self, n_links: int) -> FloatArray:
        """Return what is added to the time of each link for this class; inf where forbidden."""
        toll = np.zeros(n_links) if self.money is None else self.money / self.value_of_time
        return toll if self.allowed is None else np.where(self.allowed, toll, np.inf)


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
        problems = [*_network_problems(self), *_demand_problems(self), *_class_problems(self)]
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
    amounts = np.atleast_1d(np.array(demand, dtype=np.float64))
    index = _whole("user_class", user_class)
    return AssignmentProblem(
        n_nodes,
        _whole("tail", tail),
        _whole("head", head),
        delay,
        _whole("origin", origin),
        _whole("destination", destination),
        amounts,
        np.full(len(amounts), index[0]) if len(index) == 1 else index,
        tuple(classes),
        first_through_node,
    )


def _whole(name: str, values: ArrayLike) -> IntArray:
    numbers = np.atleast_1d(np.asarray(values))
    if not np.issubdtype(numbers.dtype, np.integer):
        numbers = numbers.astype(np.float64)
        wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers == np.trunc(numbers))))
        if len(wrong):
            raise AssignmentError(
                [f"{name} {i}: found {numbers[i]:g}, expected a whole number" for i in wrong]
            )
    return numbers.astype(np.int64)


def _network_problems(problem: AssignmentProblem) -> list[str]:
    n_links, problems = len(problem.tail), []
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
        problems.append("there is no user class: expected at least one")
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
