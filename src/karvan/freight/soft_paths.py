"""Logit choice at every node: soft distances, shares and flows of all classes and destinations."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError
from karvan.freight.elimination import elimination_pattern
from karvan.freight.problem import AssignmentProblem
from karvan.kernels.markov import Pattern, attraction, chain, choose, factorize, response, visits

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MOST_DOUBLINGS = 60
"""A scale that does not work after so many doublings never will: some cycle costs nothing."""

HALVINGS = 12
"""Steps that narrow down the least scale that works, to a part in a few thousand."""


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Pairs by class and destination: one row of arrays for each.

    Attributes
    ----------
    problem : AssignmentProblem
    scale : ndarray, shape (n_classes,)
    pattern : Pattern
        Of the network in which nodes that none passes through have a twin where paths end.
    place : ndarray of int, shape (n_nodes + first_through_node,)
        Of each node in the order of elimination.
    user_class, destination, closed : ndarray of int, shape (n_rows,)
        `closed` is the place that no path leaves; -1 for a twin, which nothing leaves anyway.
    target : ndarray of int, shape (n_rows,)
        Place of the destination.
    row : ndarray of int, shape (n_pairs,)
    usable : ndarray of bool, shape (n_rows, n_links)
        Links that lie on a way of one of the pairs.
    start : ndarray, shape (n_rows, n_places)
        Demand with a way, by the place of its origin.
    reached : ndarray of bool, shape (n_pairs,)
    groups : tuple of ndarray of int
        Rows that share one elimination: same class, links and closed place.
    """

    problem: AssignmentProblem
    scale: FloatArray
    pattern: Pattern
    place: IntArray
    user_class: IntArray
    destination: IntArray
    closed: IntArray
    target: IntArray
    row: IntArray
    usable: BoolArray
    start: FloatArray
    reached: BoolArray
    groups: tuple[IntArray, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SoftFlows:
    """Flows at given link times.

    Attributes
    ----------
    reach : ndarray, shape (n_rows, n_places)
        Logarithm of the sum of weights of all ways to the destination.
    share : ndarray, shape (n_rows, n_links)
    value : ndarray, shape (n_rows, n_slots)
        Factors of the chain of shares.
    through : ndarray, shape (n_rows, n_places)
    flow : ndarray, shape (n_rows, n_links)
    """

    choices: Choices
    reach: FloatArray
    share: FloatArray
    value: FloatArray
    through: FloatArray
    flow: FloatArray

    @property
    def link_flow(self) -> FloatArray:
        """Flow of all rows on each link."""
        total: FloatArray = self.flow.sum(axis=0)
        return total

    @property
    def soft_cost(self) -> float:
        """Sum over the demand of the expected cost."""
        choices = self.choices
        moving = choices.start > 0.0
        scale = choices.scale[choices.user_class][:, None]
        cost = np.where(moving, self.reach, 0.0) / -scale
        return float((choices.start * cost).sum())

    def node_cost(self) -> FloatArray:
        """Return the expected cost from each node to each destination, (n_rows, n_nodes)."""
        choices, n_nodes = self.choices, self.choices.problem.n_nodes
        scale = choices.scale[choices.user_class][:, None]
        cost: FloatArray = -self.reach[:, choices.place[:n_nodes]] / scale
        return cost

    def response_to(self, change: FloatArray) -> FloatArray:
        """Return the derivative of link flows along a change of link times, (n_links,)."""
        result = np.zeros_like(change)
        choices = self.choices
        for row, user in enumerate(choices.user_class):
            response(
                choices.pattern,
                self.share[row],
                self.value[row],
                self.through[row],
                choices.scale[user],
                change,
                result,
            )
        return result


def choices_of(problem: AssignmentProblem, scale: FloatArray) -> Choices:
    """Return the rows of a problem.

    Parameters
    ----------
    problem : AssignmentProblem
    scale : ndarray, shape (n_classes,)
    """
    closed = problem.first_through_node
    n_places = problem.n_nodes + closed
    head = np.where(problem.head < closed, problem.head + problem.n_nodes, problem.head)
    pattern, place = elimination_pattern(n_places, problem.tail, head)
    key = problem.user_class * problem.n_nodes + problem.destination
    keys, row = np.unique(key, return_inverse=True)
    user, destination = keys // problem.n_nodes, keys % problem.n_nodes
    end = np.where(destination < closed, destination + problem.n_nodes, destination)
    usable = np.zeros((len(keys), problem.n_links), dtype=np.bool_)
    start = np.zeros((len(keys), n_places))
    reached = problem.origin == problem.destination
    for k in range(len(keys)):
        pairs = np.flatnonzero((row == k) & (problem.origin != problem.destination))
        allowed = np.isfinite(problem.toll[user[k]]) & (problem.tail != end[k])
        tail, heads = problem.tail[allowed], head[allowed]
        behind = _flood(n_places, heads, tail, np.array([end[k]]))
        ahead = _flood(n_places, tail, heads, problem.origin[pairs])
        usable[k] = allowed & ahead[problem.tail] & behind[head]
        reached[pairs] = behind[problem.origin[pairs]]
        moving = pairs[reached[pairs]]
        np.add.at(start[k], place[problem.origin[moving]], problem.amount[moving])
    shut = np.where(destination < closed, -1, place[end])
    return Choices(
        problem,
        scale,
        pattern,
        place,
        user,
        destination,
        shut,
        place[end],
        row,
        usable,
        start,
        reached,
        _groups(user, shut, usable),
    )


def _groups(user_class: IntArray, closed: IntArray, usable: BoolArray) -> tuple[IntArray, ...]:
    keys: dict[tuple[int, int, bytes], list[int]] = {}
    for row, links in enumerate(usable):
        key = int(user_class[row]), int(closed[row]), links.tobytes()
        keys.setdefault(key, []).append(row)
    return tuple(np.array(rows, dtype=np.int64) for rows in keys.values())


def _flood(n_nodes: int, tail: IntArray, head: IntArray, seeds: IntArray) -> BoolArray:
    """Whether each node can be reached from one of the seeds."""
    seen = np.zeros(n_nodes, dtype=np.bool_)
    seen[seeds] = True
    while True:
        new = head[seen[tail] & ~seen[head]]
        if not len(new):
            return seen
        seen[new] = True


def soft_flows(choices: Choices, time: FloatArray) -> SoftFlows:
    """Return the flows of all rows at given link times.

    Raises
    ------
    AssignmentError
        The sum over the ways with cycles is infinite at these times; says what scale would work.
    """
    pattern = choices.pattern
    n_rows, n_places = choices.start.shape
    n_slots = n_places + 2 * len(pattern.later)
    reach = np.empty((n_rows, n_places))
    share = np.empty((n_rows, len(time)))
    value = np.empty((n_rows, n_slots))
    through = choices.start.copy()
    factors = np.empty(n_slots)
    for rows in choices.groups:
        weight = _weight(choices, rows[0], time, choices.scale[choices.user_class[rows[0]]])
        if factorize(pattern, weight, choices.closed[rows[0]], factors) >= 0:
            raise AssignmentError(_divergence(choices, time))
        for row in rows:
            target = choices.target[row]
            attraction(pattern, factors, target, reach[row])
            choose(pattern, weight, target, reach[row], share[row])
            chain(pattern, share[row], target, value[row])
            visits(pattern, value[row], through[row])
    flow = share * through[:, pattern.tail]
    return SoftFlows(choices, reach, share, value, through, flow)


def _weight(choices: Choices, row: int, time: FloatArray, scale: float) -> FloatArray:
    cost = time + choices.problem.toll[choices.user_class[row]]
    return np.where(choices.usable[row], -scale * cost, -np.inf)


def _divergence(choices: Choices, time: FloatArray) -> list[str]:
    """One message for each class whose scale is too small at these times."""
    problems = []
    for user, user_class in enumerate(choices.problem.classes):
        rows = [g[0] for g in choices.groups if choices.user_class[g[0]] == user]
        failing = [row for row in rows if not _works(choices, row, time, choices.scale[user])]
        if failing:
            start = f"user class '{user_class.name}': at scale {choices.scale[user]:g} the sum over"
            node = choices.destination[failing[0]]
            ways = f"{start} all ways with cycles to node {node} is infinite"
            least = max(_least_scale(choices, row, time, choices.scale[user]) for row in failing)
            remedy = (
                f"a scale of {least:.4g} or more works at the costs of empty links"
                if np.isfinite(least)
                else "no scale works because links that cost nothing form a cycle"
            )
            problems.append(f"{ways}; {remedy}")
    return problems


def _works(choices: Choices, row: int, time: FloatArray, scale: float) -> bool:
    factors = np.empty(choices.start.shape[1] + 2 * len(choices.pattern.later))
    weight = _weight(choices, row, time, scale)
    return bool(factorize(choices.pattern, weight, choices.closed[row], factors) < 0)


def _least_scale(choices: Choices, row: int, time: FloatArray, fails: float) -> float:
    """A scale that works, close to the least; inf where none does."""
    works = 2.0 * fails
    for _ in range(MOST_DOUBLINGS):
        if _works(choices, row, time, works):
            break
        fails, works = works, 2.0 * works
    else:
        return np.inf
    for _ in range(HALVINGS):
        middle = 0.5 * (fails + works)
        if _works(choices, row, time, middle):
            works = middle
        else:
            fails = middle
    # The message has four digits; rounding down there must not name a scale that fails.
    return works * 1.001
