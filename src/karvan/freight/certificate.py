"""Certificates of equilibria, computed from flows alone by code that no solver uses."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from karvan.freight.problem import AssignmentProblem
from karvan.kernels.conservation import add_up, shortest_cost
from karvan.kernels.graph import all_pairs, compressed_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NodeArray = NDArray[np.uint32]
BoolArray = NDArray[np.bool_]
T = TypeVar("T")

CONSERVATION_TOLERANCE = 1e-9
"""Imbalance at a node, relative to the demand of its class, above which flows are refused."""

ROWS_AT_A_TIME = 64
THREADS_FROM = 2_000_000
"""Origins times links from which a second thread is worth its start."""


@dataclass(frozen=True, slots=True, eq=False)
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
    class_flow : ndarray, shape (n_classes, n_links)
    time : ndarray, shape (n_links,)
        Delay at the flow of all classes.
    """

    total_cost: float
    shortest_cost: float
    relative_gap: float
    average_excess_cost: float
    conservation_error: float
    objective: float
    class_flow: FloatArray
    time: FloatArray


def certify(
    problem: AssignmentProblem,
    source: IntArray,
    user_class: IntArray,
    flow: FloatArray,
    *,
    served: BoolArray,
    link: IntArray | None = None,
    order: NodeArray | None = None,
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
    link : ndarray of int, shape (n_links,), optional
        Link of each column of `flow`, sorted by head, nodes that none passes through last; without
        it column k is link k.
    order : ndarray of uint32, shape (n_rows, n_nodes), optional
        Nodes roughly by distance: shortest paths are found sooner.  The result does not depend on
        it.
    threads : int, optional
        The result does not depend on it.

    References
    ----------
    Boyce, Ralevic-Dekic and Bar-Gera (2004), Convergence of traffic assignments: how much is
    enough?, https://doi.org/10.1061/(ASCE)0733-947X(2004)130:1(49) (average excess cost).
    """
    head = _end(problem, problem.head)
    if link is None:
        link = np.argsort(head, kind="stable")
        flow = np.ascontiguousarray(flow[:, link])
    amount = np.where(served, problem.amount, 0.0)
    columns = _columns(problem, link, head)
    rows = _rows(problem, source, user_class, amount)
    threads = (threads or os.cpu_count() or 1) if flow.size >= THREADS_FROM else 1
    class_flow, error = _totals(problem, columns, rows, flow, threads)
    link_flow = class_flow.sum(axis=0) if len(class_flow) > 1 else class_flow[0]
    time = problem.delay.time(link_flow)
    tolls = sum(map(_toll, problem.toll, class_flow))
    total = float(time @ link_flow) + tolls
    shortest = _shortest_cost(problem, columns, rows, time, order, threads)
    demand = float(amount.sum())
    excess = total - shortest
    return Certificate(
        total_cost=total,
        shortest_cost=shortest,
        relative_gap=excess / total if total > 0.0 else 0.0,
        average_excess_cost=excess / demand if demand > 0.0 else 0.0,
        conservation_error=error,
        objective=float(problem.delay.integral(link_flow).sum()) + tolls,
        class_flow=class_flow,
        time=time,
    )


class _Columns(NamedTuple):
    """Links in the order of the columns of flows: sorted by head."""

    link: IntArray
    into: NodeArray
    tail: NodeArray
    head: NodeArray


class _Rows(NamedTuple):
    """Rows of flows: row k has the trips ``start[k]`` to ``start[k + 1] - 1``.

    `end` is the twin of the destination where none may pass through it.
    """

    source: IntArray
    user_class: IntArray
    start: IntArray
    end: IntArray
    amount: FloatArray


def _columns(problem: AssignmentProblem, link: IntArray, head: IntArray) -> _Columns:
    ends = head[link]
    into = np.searchsorted(ends, np.arange(problem.n_nodes + problem.first_through_node + 1))
    tail = problem.tail[link]
    return _Columns(link, into.astype(np.uint32), tail.astype(np.uint32), ends.astype(np.uint32))


def _rows(
    problem: AssignmentProblem, source: IntArray, user_class: IntArray, amount: FloatArray
) -> _Rows:
    number = np.full((len(problem.classes), problem.n_nodes), -1, dtype=np.int64)
    number[user_class, source] = np.arange(len(source))
    row = np.where(amount > 0.0, number[problem.user_class, problem.origin], -1)
    # Grouped as links are by their tail; those of no row come first.
    groups = compressed_rows(len(source) + 1, row + 1, _end(problem, problem.destination))
    return _Rows(
        # A kernel takes neither columns of a larger array nor what is read-only: copies.
        source.copy(),
        user_class.copy(),
        groups.start[1:].copy(),
        groups.head,
        amount[groups.arc],
    )


def _end(problem: AssignmentProblem, node: IntArray) -> IntArray:
    """Where paths end: at a twin of each node that none passes through; they begin at itself."""
    if problem.first_through_node == 0:
        return node
    return np.where(node < problem.first_through_node, node + problem.n_nodes, node)


def _toll(toll: FloatArray, on_link: FloatArray) -> float:
    if not toll.any():
        return 0.0
    return float(np.where(on_link > 0.0, toll, 0.0) @ on_link)


def _in_parts(n_rows: int, part: Callable[[int, int], T], threads: int) -> list[T]:
    """What a function of (first, last) gives for parts of the rows, in their order."""
    firsts = range(0, n_rows, ROWS_AT_A_TIME)
    lasts = [min(first + ROWS_AT_A_TIME, n_rows) for first in firsts]
    if threads > 1 and len(lasts) > 1:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(part, firsts, lasts))
    return list(map(part, firsts, lasts))


def _totals(
    problem: AssignmentProblem, columns: _Columns, rows: _Rows, flow: FloatArray, threads: int
) -> tuple[FloatArray, float]:
    """Flow of each class in the order of links, and the largest imbalance."""
    n_nodes = problem.n_nodes + problem.first_through_node

    def part(first: int, last: int) -> tuple[FloatArray, float]:
        total = np.zeros((len(problem.classes), problem.n_links))
        error = add_up(
            columns.tail,
            columns.head,
            flow,
            rows.source,
            rows.user_class,
            rows.start,
            rows.end,
            rows.amount,
            first,
            last,
            n_nodes,
            total,
        )
        return total, error

    result = np.zeros((len(problem.classes), problem.n_links))
    worst = 0.0
    for total, error in _in_parts(len(rows.source), part, threads):
        result[:, columns.link] += total
        worst = error if not error <= worst else worst
    return result, worst


def _shortest_cost(
    problem: AssignmentProblem,
    columns: _Columns,
    rows: _Rows,
    time: FloatArray,
    order: NodeArray | None,
    threads: int,
) -> float:
    """Cost of the demand on shortest paths."""
    cost = np.ascontiguousarray((time + problem.toll)[:, columns.link])
    by_row = np.full(len(rows.source), np.nan)

    if order is not None:
        _with_hints(columns, rows, cost, order, threads, by_row)
    left = np.flatnonzero(np.isnan(by_row))
    if len(left):
        graph = compressed_rows(
            len(columns.into) - 1,
            columns.tail.astype(np.int64),
            columns.head.astype(np.int64),
        )
        for row in left:
            user, source = rows.user_class[row], rows.source[row : row + 1]
            distance = all_pairs(graph.start, graph.head, cost[user][graph.arc], source)[0]
            trips = slice(rows.start[row], rows.start[row + 1])
            by_row[row] = rows.amount[trips] @ distance[rows.end[trips]]
    return float(by_row.sum())


def _with_hints(
    columns: _Columns,
    rows: _Rows,
    cost: FloatArray,
    order: NodeArray,
    threads: int,
    by_row: FloatArray,
) -> None:
    def part(first: int, last: int) -> None:
        shortest_cost(
            columns.into,
            columns.tail,
            columns.head,
            cost,
            rows.source,
            rows.user_class,
            order,
            rows.start,
            rows.end,
            rows.amount,
            first,
            last,
            by_row,
        )

    _in_parts(len(rows.source), part, threads)
