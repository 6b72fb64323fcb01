"""Certificates of equilibria, computed from flows alone by code that no solver uses."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

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
    shortest_by_row : ndarray, shape (n_rows,)
        The shortest cost of what each row of flows sends.
    """

    total_cost: float
    shortest_cost: float
    relative_gap: float
    average_excess_cost: float
    conservation_error: float
    objective: float
    class_flow: FloatArray
    time: FloatArray
    shortest_by_row: FloatArray


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
    if link is None:
        link = np.argsort(_end(problem, problem.head), kind="stable")
        flow = np.ascontiguousarray(flow[:, link])
    layout = layout_of(problem, source, user_class, served, link)
    return certify_rows(problem, layout, flow, order=order, threads=threads)


def certify_rows(
    problem: AssignmentProblem,
    layout: "Layout",
    flow: FloatArray,
    *,
    order: NodeArray | None = None,
    tree: NodeArray | None = None,
    threads: int | None = None,
) -> Certificate:
    """Return the certificate of flows whose columns and rows are those of a layout.

    Parameters
    ----------
    problem : AssignmentProblem
        Whose network and demand the layout was made of.
    layout : Layout
    flow : ndarray, shape (n_rows, n_links)
    order, threads
        As for :func:`certify`.
    tree : ndarray of uint32, shape (n_rows, n_nodes), optional
        Last link of a short path to each node, by its column: a second hint.
    """
    threads = (threads or os.cpu_count() or 1) if flow.size >= THREADS_FROM else 1
    class_flow, error = _totals(problem, layout, flow, threads)
    link_flow = class_flow.sum(axis=0) if len(class_flow) > 1 else class_flow[0]
    time, area = problem.delay.time_and_integral(link_flow)
    tolls = sum(map(_toll, problem.toll, class_flow))
    total = float(time @ link_flow) + tolls
    by_row = _shortest_costs(problem, layout, time, order, tree, threads)
    shortest = float(by_row.sum())
    excess = total - shortest
    return Certificate(
        total_cost=total,
        shortest_cost=shortest,
        relative_gap=excess / total if total > 0.0 else 0.0,
        average_excess_cost=excess / layout.sent if layout.sent > 0.0 else 0.0,
        conservation_error=error,
        objective=float(area.sum()) + tolls,
        class_flow=class_flow,
        time=time,
        shortest_by_row=by_row,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Columns and rows of flows: which links, sorted by head, and who sends what where.

    Attributes
    ----------
    link : ndarray of int, shape (n_links,)
        Link of each column.
    into : ndarray of uint32, shape (n_nodes + 1,)
    tail, head : ndarray of uint32, shape (n_links,)
    out : ndarray of uint32, shape (n_nodes + 1,)
    out_link : ndarray of uint32, shape (n_links,)
    source, user_class : ndarray of int, shape (n_rows,)
    start : ndarray of int, shape (n_rows + 1,)
        Row k has the trips ``start[k]`` to ``start[k + 1] - 1``.
    end : ndarray of int, shape (n_trips,)
        The twin of the destination where none may pass through it.
    amount : ndarray, shape (n_trips,)
    sent : float
        All demand that is in the flows.
    """

    link: IntArray
    into: NodeArray
    tail: NodeArray
    head: NodeArray
    out: NodeArray
    out_link: NodeArray
    source: IntArray
    user_class: IntArray
    start: IntArray
    end: IntArray
    amount: FloatArray
    sent: float


def layout_of(
    problem: AssignmentProblem,
    source: IntArray,
    user_class: IntArray,
    served: BoolArray,
    link: IntArray,
) -> Layout:
    """Return the layout of flows by origin and class; arguments as for :func:`certify`."""
    nodes = np.arange(problem.n_nodes + problem.first_through_node + 1)
    tail, head = problem.tail[link], _end(problem, problem.head)[link]
    out_link = np.argsort(tail, kind="stable")
    amount = np.where(served, problem.amount, 0.0)
    number = np.full((len(problem.classes), problem.n_nodes), -1, dtype=np.int64)
    number[user_class, source] = np.arange(len(source))
    row = np.where(amount > 0.0, number[problem.user_class, problem.origin], -1)
    # Grouped as links are by their tail; those of no row come first.
    groups = compressed_rows(len(source) + 1, row + 1, _end(problem, problem.destination))
    return Layout(
        link,
        np.searchsorted(head, nodes).astype(np.uint32),
        tail.astype(np.uint32),
        head.astype(np.uint32),
        np.searchsorted(tail[out_link], nodes).astype(np.uint32),
        out_link.astype(np.uint32),
        # A kernel takes neither columns of a larger array nor what is read-only: copies.
        source.copy(),
        user_class.copy(),
        groups.start[1:].copy(),
        groups.head,
        amount[groups.arc],
        float(amount.sum()),
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
    problem: AssignmentProblem, layout: Layout, flow: FloatArray, threads: int
) -> tuple[FloatArray, float]:
    """Flow of each class in the order of links, and the largest imbalance."""

    def part(first: int, last: int) -> tuple[FloatArray, float]:
        total = np.zeros((len(problem.classes), problem.n_links))
        error = add_up(
            layout.tail,
            layout.head,
            flow,
            layout.source,
            layout.user_class,
            layout.start,
            layout.end,
            layout.amount,
            first,
            last,
            len(layout.into) - 1,
            total,
        )
        return total, error

    parts = _in_parts(len(layout.source), part, threads)
    result = np.zeros((len(problem.classes), problem.n_links))
    if parts:
        result[:, layout.link] = sum(total for total, _ in parts[1:]) + parts[0][0]
    worst = 0.0
    for _, error in parts:
        worst = error if not error <= worst else worst
    return result, worst


def _shortest_costs(
    problem: AssignmentProblem,
    layout: Layout,
    time: FloatArray,
    order: NodeArray | None,
    tree: NodeArray | None,
    threads: int,
) -> FloatArray:
    """Cost of the demand of each row on shortest paths."""
    cost = np.ascontiguousarray((time + problem.toll)[:, layout.link])
    by_row = np.full(len(layout.source), np.nan)
    if order is not None:
        _with_hints(layout, cost, order, order if tree is None else tree, threads, by_row)
    left = np.flatnonzero(np.isnan(by_row))
    if len(left):
        graph = compressed_rows(
            len(layout.into) - 1,
            layout.tail.astype(np.int64),
            layout.head.astype(np.int64),
        )
        for row in left:
            user, source = layout.user_class[row], layout.source[row : row + 1]
            distance = all_pairs(graph.start, graph.head, cost[user][graph.arc], source)[0]
            trips = slice(layout.start[row], layout.start[row + 1])
            by_row[row] = layout.amount[trips] @ distance[layout.end[trips]]
    return by_row


def _with_hints(
    layout: Layout,
    cost: FloatArray,
    order: NodeArray,
    tree: NodeArray,
    threads: int,
    by_row: FloatArray,
) -> None:
    def part(first: int, last: int) -> None:
        shortest_cost(
            layout.into,
            layout.tail,
            layout.head,
            layout.out,
            layout.out_link,
            cost,
            layout.source,
            layout.user_class,
            order,
            tree,
            layout.start,
            layout.end,
            layout.amount,
            first,
            last,
            by_row,
        )

    _in_parts(len(layout.source), part, threads)
