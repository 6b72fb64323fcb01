"""Optimal strategies where services run by frequency: take what comes first of an attractive set.

Who waits at a node does not choose a path but a set of services, and boards the first of them that
departs.  Links that need no wait have an infinite frequency.
"""

import heapq
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError, did_you_mean
from karvan.freight.arguments import numbers, whole_number, whole_numbers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Headways = Literal["exponential", "regular"]

WAIT = {"exponential": 1.0, "regular": 0.5}
"""Mean wait times combined frequency."""


@dataclass(frozen=True, slots=True, eq=False)
class Strategy:
    """The strategy of least expected time to one destination.

    Attributes
    ----------
    destination : int
    expected_time : ndarray, shape (n_nodes,)
        Waits included; inf where the destination cannot be reached.
    wait : ndarray, shape (n_nodes,)
        Mean wait at each node before its first link; 0 where none, NaN where unreachable.
    probability : ndarray, shape (n_links,)
        Of leaving the link's tail by it; 0 outside the attractive set.
    attractive : ndarray of int
        Links of positive probability, by rising time to the destination from their boarding.
    tail, head : ndarray of int, shape (n_links,)
    """

    destination: int
    expected_time: FloatArray
    wait: FloatArray
    probability: FloatArray
    attractive: IntArray
    tail: IntArray
    head: IntArray

    def flow(self, demand: ArrayLike) -> FloatArray:
        """Return the flow on each link, shape (n_links,), in the unit of `demand`.

        Parameters
        ----------
        demand : array_like, shape (n_nodes,)
            From each node to the destination, >= 0.

        Raises
        ------
        AssignmentError
            Demand that is no finite number >= 0, or from a node without a way.
        """
        through = numbers("demand", demand).copy()
        problems = _demand_problems(through, self.expected_time)
        if problems:
            raise AssignmentError(problems)
        flow = np.zeros(len(self.tail))
        # Links into a node stand behind those out of it, so each node is complete when it is left.
        for link in self.attractive[::-1]:
            flow[link] = through[self.tail[link]] * self.probability[link]
            through[self.head[link]] += flow[link]
        return flow


def optimal_strategy(
    n_nodes: int,
    tail: ArrayLike,
    head: ArrayLike,
    time: ArrayLike,
    frequency: ArrayLike,
    destination: int,
    *,
    headways: Headways = "exponential",
) -> Strategy:
    """Return the strategy of least expected time from every node to a destination.

    Parameters
    ----------
    n_nodes : int
    tail, head : array_like of int, shape (n_links,)
    time : array_like, shape (n_links,)
        Time on the link after boarding, >= 0.
    frequency : array_like, shape (n_links,)
        Departures per unit of `time`, > 0; inf where nobody waits.
    destination : int
    headways : {"exponential", "regular"}
        How services keep time.  Both take combined frequencies F and board by share of frequency.

        ``exponential``: departures at random, independent; the mean wait is 1/F, exactly.
        ``regular``: even headways, wait 1/(2F); exact for one service, and for several that share
        out their headway between them.  Services that are even but not timed to each other have
        longer waits (two with headway h: h/3, where this says h/4).

    Raises
    ------
    AssignmentError
        Every fault by name.

    References
    ----------
    Spiess and Florian (1989), Optimal strategies: a new assignment model for transit networks,
    https://doi.org/10.1016/0191-2615(89)90034-9
    """
    n_nodes, destination = (
        whole_number("n_nodes", n_nodes),
        whole_number("destination", destination),
    )
    tails, heads = whole_numbers("tail", tail), whole_numbers("head", head)
    times = _for_links("time", time, len(tails))
    rates = _for_links("frequency", frequency, len(tails))
    problems = _problems(n_nodes, tails, heads, times, rates, destination, headways)
    if problems:
        raise AssignmentError(problems)
    expected, combined, accepted = _labels(
        n_nodes, tails, heads, times, rates, destination, WAIT[headways]
    )
    probability = _probability(tails, rates, combined, accepted)
    attractive = np.array([a for a in accepted if probability[a] > 0.0], dtype=np.int64)
    wait = np.full(n_nodes, np.nan)
    served = combined > 0.0
    wait[served] = WAIT[headways] / combined[served]
    wait[destination] = 0.0
    return Strategy(destination, expected, wait, probability, attractive, tails, heads)


def _for_links(name: str, values: ArrayLike, n_links: int) -> FloatArray:
    found = numbers(name, values)
    if len(found) not in (1, n_links):
        message = (
            f"{name} has {len(found)} values, expected one, or one for each of {n_links} links"
        )
        raise AssignmentError([message])
    return np.broadcast_to(found, n_links)


def _labels(
    n_nodes: int,
    tail: IntArray,
    head: IntArray,
    time: FloatArray,
    frequency: FloatArray,
    destination: int,
    wait: float,
) -> tuple[FloatArray, FloatArray, list[int]]:
    """Expected times, combined frequencies, and links in the order in which they were accepted."""
    into: list[list[int]] = [[] for _ in range(n_nodes)]
    for link, node in enumerate(head.tolist()):
        into[node].append(link)
    expected = np.full(n_nodes, np.inf)
    combined = np.zeros(n_nodes)
    expected[destination] = 0.0
    queue = [(float(time[link]), link) for link in into[destination]]
    heapq.heapify(queue)
    examined = np.zeros(len(tail), dtype=np.bool_)
    accepted: list[int] = []
    while queue:
        after, link = heapq.heappop(queue)
        node = int(tail[link])
        # A head that became nearer has put this link into the queue again.
        if examined[link] or after > expected[head[link]] + time[link]:
            continue
        examined[link] = True
        if node == destination or after >= expected[node]:
            continue
        expected[node], combined[node] = _join(
            expected[node], combined[node], after, frequency[link], wait
        )
        accepted.append(link)
        for other in into[node]:
            if not examined[other]:
                heapq.heappush(queue, (float(expected[node] + time[other]), other))
    return expected, combined, accepted


def _join(
    expected: float, combined: float, after: float, frequency: float, wait: float
) -> tuple[float, float]:
    """Expected time and combined frequency of a node that also takes one more link."""
    if np.isinf(frequency):
        return after, np.inf
    if combined == 0.0:
        return after + wait / frequency, frequency
    total = combined + frequency
    return expected + (after - expected) * (frequency / total), total


def _probability(
    tail: IntArray, frequency: FloatArray, combined: FloatArray, accepted: list[int]
) -> FloatArray:
    probability = np.zeros(len(tail))
    for link in accepted:
        if np.isinf(combined[tail[link]]):
            probability[link] = float(np.isinf(frequency[link]))
        else:
            probability[link] = frequency[link] / combined[tail[link]]
    return probability


def _demand_problems(demand: FloatArray, expected: FloatArray) -> list[str]:
    if demand.shape != expected.shape:
        return [f"demand has {demand.size} values, expected one for each of {len(expected)} nodes"]
    wrong = ~(np.isfinite(demand) & (demand >= 0.0))
    problems = [
        f"node {node}: demand is {demand[node]:g}, expected a finite number >= 0"
        for node in np.flatnonzero(wrong)
    ]
    problems += [
        f"node {node}: demand is {demand[node]:g} but no way leads to the destination, expected 0"
        for node in np.flatnonzero(~wrong & (demand > 0.0) & np.isinf(expected))
    ]
    return problems


def _problems(
    n_nodes: int,
    tail: IntArray,
    head: IntArray,
    time: FloatArray,
    frequency: FloatArray,
    destination: int,
    headways: str,
) -> list[str]:
    problems = []
    if len(tail) != len(head):
        problems.append(f"tail and head hold {len(tail)} and {len(head)} links: expected as many")
    if not 0 <= destination < n_nodes:
        problems.append(f"destination is {destination}, expected a node from 0 to {n_nodes - 1}")
    if headways not in get_args(Headways):
        known = get_args(Headways)
        problems.append(
            f"headways is '{headways}', expected one of {', '.join(known)}; "
            + did_you_mean(str(headways), known)
        )
    for name, nodes in (("tail", tail), ("head", head)):
        problems += [
            f"link {link}: {name} is {nodes[link]}, expected a node from 0 to {n_nodes - 1}"
            for link in np.flatnonzero((nodes < 0) | (nodes >= n_nodes))
        ]
    problems += [
        f"link {link}: time is {time[link]:g}, expected a finite number >= 0"
        for link in np.flatnonzero(~(np.isfinite(time) & (time >= 0.0)))
    ]
    problems += [
        f"link {link}: frequency is {frequency[link]:g}, expected a number > 0, or inf for no wait"
        for link in np.flatnonzero(~(frequency > 0.0))
    ]
    return problems
