"""Certificates of equilibria, computed from flows alone by code that no solver uses."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from karvan.freight.problem import AssignmentProblem
from karvan.kernels.conservation import largest_imbalance
from karvan.kernels.graph import all_pairs, compressed_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

CONSERVATION_TOLERANCE = 1e-9
"""Imbalance at a node, relative to the demand of its class, above which flows are refused."""

ROWS_AT_A_TIME = 64
THREADS_FROM = 2_000_000
"""Origins times links from which a second thread is worth its start."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """How close flows are to equilibrium, and whether they add up.

    Attributes
    ----------
    total_cost, shortest_cost : float
        Sum over the demand of what it pays, and of what it would pay on shortest paths at the same
        link costs (TSTT, SPTT).
    relative_gap : float
        (total - shortest) / total cost; 0 where nothing moves.
    average_excess_cost : float
        (total - shortest cost) / demand, in the unit of cost.
    conservation_error : float
        Largest imbalance of one origin's flow at a node, relative to the demand of that origin.
    objective : float
        Beckmann's: sum of the integrals of delay, plus tolls.
    """

    total_cost: float
    shortest_cost: float
    relative_gap: float
    average_excess_cost: float
    conservation_error: float
    objective: float


def certify(
    problem: AssignmentProblem,
    source: IntArray,
    user_class: IntArray,
    flow: FloatArray,
    *,
    served: BoolArray,
    threads: int | None = None,
) -> Certificate:
    """Return the certificate of flows by origin and class.

    Parameters
    ----------
    problem : AssignmentProblem
    source, user_class : ndarray of int, shape (n_rows,)
    flow : ndarray, shape (n_rows, n_links)
    served : ndarray of bool, shape (n_pairs,)
        Pairs whose demand is in the flows; the others have no path.
    threads : int, optional
        The result does not depend on it.

    References
    ----------
    Boyce, Ralevic-Dekic and Bar-Gera (2004), Convergence of traffic assignments: how much is
    enough?, https://doi.org/10.1061/(ASCE)0733-947X(2004)130:1(49) (average excess cost).
    """
    link_flow = flow.sum(axis=0)
    time = problem.delay.time(link_flow)
    amount = np.where(served, problem.amount, 0.0)
    trips = _trips(problem, source, user_class, amount)
    tolls = sum(_toll(problem, user_class, flow, c) for c in range(len(problem.classes)))
    total = float(time @ link_flow) + tolls
    shortest = _shortest_cost(problem, time, source, user_class, trips, threads)
    demand = float(amount.sum())
    excess = total - shortest
    return Certificate(
        total_cost=total,
        shortest_cost=shortest,
        relative_gap=excess / total if total > 0.0 else 0.0,
        average_excess_cost=excess / demand if demand > 0.0 else 0.0,
        conservation_error=_conservation_error(problem, source, flow, trips),
        objective=float(problem.delay.integral(link_flow).sum()) + tolls,
    )


class _Trips(NamedTuple):
    """Demand by the row of flows that carries it: row k has ``start[k]`` to ``start[k + 1] - 1``.

    `end` is the twin of the destination where none may pass through it.
    """

    start: IntArray
    end: IntArray
    amount: FloatArray


def _trips(
    problem: AssignmentProblem, source: IntArray, user_class: IntArray, amount: FloatArray
) -> _Trips:
    rows = np.full((len(problem.classes), problem.n_nodes), -1, dtype=np.int64)
    rows[user_class, source] = np.arange(len(source))
    row = np.where(amount > 0.0, rows[problem.user_class, problem.origin], -1)
    order = np.argsort(row, kind="stable")
    start = np.searchsorted(row[order], np.arange(len(source) + 1))
    return _Trips(start, _end(problem, problem.destination)[order], amount[order])


def _end(problem: AssignmentProblem, node: IntArray) -> IntArray:
    """Where paths end: at a twin of each node that none passes through; they begin at itself."""
    return np.where(node < problem.first_through_node, node + problem.n_nodes, node)


def _toll(problem: AssignmentProblem, user_class: IntArray, flow: FloatArray, index: int) -> float:
    toll = problem.toll[index]
    if not toll.any():
        return 0.0
    on_link = flow[user_class == index].sum(axis=0)
    return float(np.where(on_link > 0.0, toll, 0.0) @ on_link)


def _shortest_cost(
    problem: AssignmentProblem,
    time: FloatArray,
    source: IntArray,
    user_class: IntArray,
    trips: _Trips,
    threads: int | None,
) -> float:
    """Cost of the demand on shortest paths."""
    n_nodes = problem.n_nodes + problem.first_through_node
    graph = compressed_rows(n_nodes, problem.tail, _end(problem, problem.head))

    def part(rows: tuple[int, int, int]) -> float:
        user, first, last = rows
        cost = (time + problem.toll[user])[graph.arc]
        distance = all_pairs(graph.start, graph.head, cost, source[first:last])
        those = slice(trips.start[first], trips.start[last])
        row = np.repeat(np.arange(last - first), np.diff(trips.start[first : last + 1]))
        return float(trips.amount[those] @ distance[row, trips.end[those]])

    parts = [
        (int(user), int(first), int(min(first + ROWS_AT_A_TIME, last)))
        for user, begin, last in _runs(user_class)
        for first in range(begin, last, ROWS_AT_A_TIME)
    ]
    workers = threads or (os.cpu_count() or 1)
    if workers > 1 and len(parts) > 1 and len(source) * problem.n_links >= THREADS_FROM:
        with ThreadPoolExecutor(workers) as pool:
            return float(sum(pool.map(part, parts)))
    return float(sum(map(part, parts)))


def _runs(values: IntArray) -> list[tuple[int, int, int]]:
    """(value, begin, end) of each run of equal values."""
    if not len(values):
        return []
    begins = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist()]
    ends = [*begins[1:], len(values)]
    return [(int(values[b]), b, e) for b, e in zip(begins, ends, strict=True)]


def _conservation_error(
    problem: AssignmentProblem, source: IntArray, flow: FloatArray, trips: _Trips
) -> float:
    return largest_imbalance(
        problem.n_nodes + problem.first_through_node,
        # A kernel takes neither columns of a larger array nor what is read-only: copies.
        problem.tail.copy(),
        _end(problem, problem.head),
        np.ascontiguousarray(flow),
        source.copy(),
        trips.start,
        trips.end,
        trips.amount,
    )
