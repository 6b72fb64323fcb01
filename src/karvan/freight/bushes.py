"""Bushes of an assignment problem: made anew, or taken over from an earlier equilibrium."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from karvan.freight.certificate import Layout, layout_of
from karvan.freight.problem import AssignmentProblem
from karvan.kernels.bush import Arcs, Bushes, Loads, Pairs, grow, settle, update
from karvan.kernels.segments import find_pairs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
NodeArray = NDArray[np.uint32]
_Network = tuple[NodeArray, NodeArray, NodeArray, NodeArray, NodeArray]

NO_FLOW = 1e-13
"""Share of an origin's demand that counts as no flow; conservation is restored where that shows."""

MOST_PAIRS = 1 << 18
MOST_PAIR_ARCS = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Bushes with what links them to the problem.

    Attributes
    ----------
    arcs : Arcs
    link : ndarray of int, shape (n_arcs,)
        Link of each arc.
    bushes : Bushes
    pair : ndarray of int, shape (n_demands,)
        O-D pair of each entry of demand.
    unreachable : ndarray of int
        O-D pairs with demand but no path.
    layout : Layout
        What certificates need to know of rows and columns of flows.
    pairs : Pairs, optional
        Pairs of segments that divide the flows, as many as there are; where nothing is known of
        them they can be found.
    """

    arcs: Arcs
    link: IntArray
    bushes: Bushes
    pair: IntArray
    unreachable: IntArray
    layout: Layout
    pairs: Pairs | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What an earlier equilibrium knows: its problem, its bushes, and its flow by link."""

    problem: AssignmentProblem
    rows: Rows
    flow: FloatArray


def first_rows(problem: AssignmentProblem, start: Start | None) -> tuple[Rows, Loads]:
    """Return bushes that carry the demand of a problem, and what they put on its arcs."""
    if start is not None:
        amounts = np.array_equal(problem.amount, start.problem.amount)
        if _same_pairs(problem, start.problem, amounts):
            return _continued(problem, start, amounts)
    arcs, link = _arcs(problem)
    bushes, pair = _empty_bushes(problem, arcs)
    loads = _no_loads(arcs)
    fresh = np.ones(len(bushes.source), dtype=np.bool_)
    if start is not None:
        _copy_bushes(start, problem, bushes, fresh)
    settle(arcs, loads, bushes, ~fresh)
    grow(arcs, loads, bushes, fresh)
    return _rows(problem, arcs, link, bushes, pair), loads


def _rows(
    problem: AssignmentProblem, arcs: Arcs, link: IntArray, bushes: Bushes, pair: IntArray
) -> Rows:
    served = np.zeros(len(problem.demand), dtype=np.bool_)
    served[pair] = bushes.demand > 0.0
    layout = layout_of(problem, bushes.source, bushes.user_class, served, link)
    unreachable = np.flatnonzero((problem.amount > 0.0) & ~served)
    return Rows(arcs, link, bushes, pair, unreachable, layout)


def _no_loads(arcs: Arcs) -> Loads:
    n_links = len(arcs.tail)
    return Loads(np.zeros(n_links), np.empty(n_links), np.empty(arcs.toll.shape))


def _same_pairs(problem: AssignmentProblem, old: AssignmentProblem, amounts: bool) -> bool:
    """Whether the same pairs move, by classes that may go where they went.

    Where `amounts` says that they are the same, the demand need not be looked at.
    """
    return (
        same_array(problem.origin, old.origin)
        and same_array(problem.destination, old.destination)
        and same_array(problem.user_class, old.user_class)
        and (amounts or bool(((problem.amount > 0.0) == (old.amount > 0.0)).all()))
        and _same_ways(problem, old)
    )


def _same_ways(problem: AssignmentProblem, old: AssignmentProblem) -> bool:
    """Whether classes may go where they went."""
    if all(c.allowed is None for c in (*problem.classes, *old.classes)):
        return True
    return bool((np.isinf(problem.toll) == np.isinf(old.toll)).all())


def with_own_orders(rows: Rows) -> Rows:
    """Return rows whose orders may change, where those of a start must not."""
    bushes = rows.bushes._replace(
        order=rows.bushes.order.copy(),
        rank=rows.bushes.rank.copy(),
        nearest=rows.bushes.nearest.copy(),
    )
    return replace(rows, bushes=bushes)


def _continued(problem: AssignmentProblem, start: Start, amounts: bool) -> tuple[Rows, Loads]:
    """Rows of a start with other delays, tolls and demand; only bushes of other demand change.

    Orders are those of the start: see :func:`with_own_orders`.
    """
    rows, link = start.rows, start.rows.link
    arcs = _with_delays(rows.arcs[:5], problem, link)
    loads = _no_loads(arcs)
    old = rows.bushes
    bushes = old._replace(flow=old.flow.copy())
    if amounts:
        loads.flow[:] = start.flow[link]
        update(arcs, loads)
        rows = Rows(arcs, link, bushes, rows.pair, rows.unreachable, rows.layout, rows.pairs)
        return rows, loads
    demand = np.where(old.demand > 0.0, problem.amount[rows.pair], 0.0)
    other = np.zeros(len(old.source), dtype=np.bool_)
    changed = np.flatnonzero(demand != old.demand)
    other[np.searchsorted(old.demand_start, changed, side="right") - 1] = True
    least = NO_FLOW * np.add.reduceat(demand, old.demand_start[:-1])
    bushes = bushes._replace(demand=demand, least=least)
    settle(arcs, loads, bushes, other)
    return _rows(problem, arcs, link, bushes, rows.pair), loads


def _arcs(problem: AssignmentProblem) -> tuple[Arcs, IntArray]:
    """Links sorted by head; nodes that none passes through get a twin where paths end."""
    closed = problem.first_through_node
    head = np.where(problem.head < closed, problem.head + problem.n_nodes, problem.head)
    n_nodes = problem.n_nodes + closed
    link = np.argsort(head, kind="stable")
    head, tail = head[link], problem.tail[link]
    out_arc = np.argsort(tail, kind="stable")
    nodes = np.arange(n_nodes + 1)
    into = np.searchsorted(head, nodes).astype(np.uint32)
    out = np.searchsorted(tail[out_arc], nodes).astype(np.uint32)
    ends = tail.astype(np.uint32), head.astype(np.uint32)
    return _with_delays((into, *ends, out, out_arc.astype(np.uint32)), problem, link), link


def _with_delays(network: _Network, problem: AssignmentProblem, link: IntArray) -> Arcs:
    delay = problem.delay
    return Arcs(
        *network,
        kind=delay.kind[link],
        base=delay.base[link],
        factor=delay.factor[link],
        inverse_capacity=1.0 / delay.capacity[link],
        shape=delay.shape[link],
        toll=np.ascontiguousarray(problem.toll[:, link]),
    )


def _empty_bushes(problem: AssignmentProblem, arcs: Arcs) -> tuple[Bushes, IntArray]:
    """Bushes for the origins and classes with demand, sorted by class, then origin."""
    moving = np.flatnonzero(problem.amount > 0.0)
    key = problem.user_class[moving] * problem.n_nodes + problem.origin[moving]
    order = np.argsort(key, kind="stable")
    pair = moving[order]
    keys, first = np.unique(key[order], return_index=True)
    end = problem.destination[pair]
    end = np.where(end < problem.first_through_node, end + problem.n_nodes, end)
    n_rows, n_nodes = len(keys), len(arcs.into) - 1
    starts = np.append(first, len(pair)).astype(np.int64)
    amount = problem.amount[pair]
    total = np.add.reduceat(amount, first) if n_rows else np.zeros(0)
    bushes = Bushes(
        source=keys % problem.n_nodes,
        user_class=keys // problem.n_nodes,
        flow=np.zeros((n_rows, problem.n_links)),
        order=np.empty((n_rows, n_nodes), dtype=np.uint32),
        rank=np.zeros((n_rows, n_nodes), dtype=np.uint32),
        nearest=np.zeros((n_rows, n_nodes), dtype=np.uint32),
        size=np.zeros(n_rows, dtype=np.int64),
        demand_start=starts,
        demand_node=end,
        demand=amount,
        least=NO_FLOW * total,
    )
    return bushes, pair


def _copy_bushes(
    start: Start, problem: AssignmentProblem, bushes: Bushes, fresh: BoolArray
) -> None:
    """Take over the bushes of an earlier equilibrium whose class may still go where it went."""
    old = start.rows.bushes
    same = (np.isinf(start.problem.toll) == np.isinf(problem.toll)).all(axis=1)
    known = {
        (int(c), int(s)): row
        for row, (c, s) in enumerate(zip(old.user_class, old.source, strict=True))
        if same[c]
    }
    for row, (c, s) in enumerate(zip(bushes.user_class, bushes.source, strict=True)):
        there = known.get((int(c), int(s)))
        if there is None:
            continue
        fresh[row] = False
        bushes.flow[row] = old.flow[there]
        bushes.order[row] = old.order[there]
        bushes.rank[row] = old.rank[there]
        bushes.nearest[row] = old.nearest[there]
        bushes.size[row] = old.size[there]
        entries = slice(bushes.demand_start[row], bushes.demand_start[row + 1])
        reached = np.isin(bushes.demand_node[entries], old.order[there, : old.size[there]])
        bushes.demand[entries] *= reached


def all_pairs(rows: Rows) -> Pairs:
    """Return the pairs of segments that divide the flows of all bushes."""
    room = room_for_pairs(rows.bushes)
    into, tail, head = rows.arcs[:3]
    bushes = rows.bushes
    found = find_pairs(into, tail, head, bushes.flow, bushes.rank, bushes.nearest, *room[:4])
    return Pairs(
        room.bush[:found].copy(),
        room.start[: found + 1].copy(),
        room.middle[:found].copy(),
        room.arc[: room.start[found]].copy(),
        np.array([found]),
    )


def with_room(known: Pairs, bushes: Bushes) -> Pairs:
    """Return known pairs with room for others."""
    room, found = room_for_pairs(bushes), len(known.bush)
    room.bush[:found] = known.bush
    room.start[: found + 1] = known.start
    room.middle[:found] = known.middle
    room.arc[: len(known.arc)] = known.arc
    room.in_use[0] = found
    return room


def room_for_pairs(bushes: Bushes) -> Pairs:
    """Return no pairs, with room for as many as will be of use."""
    n_nodes = bushes.order.shape[1]
    most = int(min(MOST_PAIRS, bushes.flow.size + 2))
    room = int(min(MOST_PAIR_ARCS, 16 * bushes.flow.size) + 4 * n_nodes + 2)

    def empty(size: int) -> IntArray:
        return np.empty(size, dtype=np.int64)

    arc = np.empty(room, dtype=np.uint32)
    return Pairs(empty(most), empty(most + 1), empty(most), arc, np.zeros(1, np.int64))


def same_array(one: IntArray, other: IntArray) -> bool:
    """Return whether two arrays hold the same; at once where they are one."""
    return one is other or np.array_equal(one, other)
