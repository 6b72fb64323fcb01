"""Certificates of equilibria, computed from flows alone by code that no solver uses."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.freight.problem import AssignmentProblem
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
    row = _row_of_pair(problem, source, user_class, amount)
    by_class = [flow[user_class == c].sum(axis=0) for c in range(len(problem.classes))]
    tolls = [np.where(f > 0.0, t, 0.0) @ f for f, t in zip(by_class, problem.toll, strict=True)]
    total = float(time @ link_flow) + float(sum(tolls))
    shortest = _shortest_cost(problem, time, source, user_class, row, amount, threads)
    demand = float(amount.sum())
    excess = total - shortest
    return Certificate(
        total_cost=total,
        shortest_cost=shortest,
        relative_gap=excess / total if total > 0.0 else 0.0,
        average_excess_cost=excess / demand if demand > 0.0 else 0.0,
        conservation_error=_conservation_error(problem, source, flow, row, amount),
        objective=float(problem.delay.integral(link_flow).sum()) + float(sum(tolls)),
    )


def _row_of_pair(
    problem: AssignmentProblem, source: IntArray, user_class: IntArray, amount: FloatArray
) -> IntArray:
    """Row of the flows that carries each pair; -1 where nothing moves."""
    rows = np.full((len(problem.classes), problem.n_nodes), -1, dtype=np.int64)
    rows[user_class, source] = np.arange(len(source))
    return np.where(amount > 0.0, rows[problem.user_class, problem.origin], -1)


def _shortest_cost(
    problem: AssignmentProblem,
    time: FloatArray,
    source: IntArray,
    user_class: IntArray,
    row: IntArray,
    amount: FloatArray,
    threads: int | None,
) -> float:
    """Cost of the demand on shortest paths.

    Paths end at a twin of each node that none passes through, and begin at the node itself.
    """
    closed = problem.head < problem.first_through_node
    head = np.where(closed, problem.head + problem.n_nodes, problem.head)
    graph = compressed_rows(2 * problem.n_nodes, problem.tail, head)
    end = problem.destination + np.where(
        problem.destination < problem.first_through_node, problem.n_nodes, 0
    )
    order = np.argsort(row, kind="stable")
    order = order[row[order] >= 0]
    bounds = np.searchsorted(row[order], np.arange(len(source) + 1))

    def part(rows: tuple[int, int, int]) -> float:
        user, first, last = rows
        cost = (time + problem.toll[user])[graph.arc]
        distance = all_pairs(graph.start, graph.head, cost, source[first:last])
        pairs = order[bounds[first] : bounds[last]]
        return float(amount[pairs] @ distance[row[pairs] - first, end[pairs]])

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
    problem: AssignmentProblem,
    source: IntArray,
    flow: FloatArray,
    row: IntArray,
    amount: FloatArray,
) -> float:
    moving = row >= 0
    if not moving.any():
        return 0.0
    worst = 0.0
    total = np.bincount(row[moving], amount[moving], minlength=len(source))
    into, out = (
        _sums_by_node(problem.n_nodes, problem.head),
        _sums_by_node(problem.n_nodes, problem.tail),
    )
    for first in range(0, len(source), ROWS_AT_A_TIME):
        rows = slice(first, first + ROWS_AT_A_TIME)
        here = flow[rows]
        balance = np.zeros((len(here), problem.n_nodes))
        for (nodes, order, starts), sign in ((into, 1.0), (out, -1.0)):
            if len(starts):
                balance[:, nodes] += sign * np.add.reduceat(here[:, order], starts, axis=1)
        pairs = np.flatnonzero((row >= first) & (row < first + len(here)))
        np.subtract.at(balance, (row[pairs] - first, problem.destination[pairs]), amount[pairs])
        balance[np.arange(len(here)), source[rows]] += total[rows]
        relative = np.abs(balance).max(axis=1) / np.where(total[rows] > 0.0, total[rows], 1.0)
        worst = max(worst, float(relative.max()))
    return worst


def _sums_by_node(n_nodes: int, node: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Nodes with links, links in their order, and where each node's links begin."""
    order = np.argsort(node, kind="stable")
    nodes, starts = np.unique(node[order], return_index=True)
    return nodes, order, starts
