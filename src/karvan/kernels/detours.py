"""Repeated searches for the cheapest path, after each of which what was found costs more.

Arcs belong to groups, as links and services.  After a search every arc costs `factor` times as much
for each of its groups that the path found passes (de la Barra, Perez and Anez 1993).  Searches are
A* with the distances to the target without penalties, which penalties can only raise.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# The heap repeats that of karvan.kernels.kshortest: a cached numba function calls compiled
# functions of its own module only.


class Detours(NamedTuple):
    """Result of :func:`detours`.

    Attributes
    ----------
    arcs : ndarray of int, shape (n_all_arcs,)
        Positions of the arcs of all paths found, in order of search and of travel.
    offset : ndarray of int, shape (n_found + 1,)
        Path ``i`` is ``arcs[offset[i]:offset[i + 1]]``.
    cost : ndarray, shape (n_found,)
        Of each path, with the penalties of its search.
    closing : ndarray of int, shape (n_found,)
        Closing of each search.
    """

    arcs: IntArray
    offset: IntArray
    cost: FloatArray
    closing: IntArray


_NONE = np.zeros(0, np.int64)
NOTHING = Detours(_NONE, np.zeros(1, np.int64), np.zeros(0), _NONE)
"""No searches."""


@njit("void(float64[::1],int64[::1],int64,float64,int64)", cache=True)
def _push(keys: FloatArray, items: IntArray, size: int, key: float, item: int) -> None:
    """Put an entry into a binary min-heap of `size` entries; ties by item."""
    i = size
    while i > 0:
        parent = (i - 1) >> 1
        if key > keys[parent] or (key == keys[parent] and item >= items[parent]):
            break
        keys[i] = keys[parent]
        items[i] = items[parent]
        i = parent
    keys[i] = key
    items[i] = item


@njit("void(float64[::1],int64[::1],int64)", cache=True)
def _drop_root(keys: FloatArray, items: IntArray, size: int) -> None:
    """Remove the least entry; `size` is the number of entries that remain."""
    key = keys[size]
    item = items[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            keys[right] < keys[child]
            or (keys[right] == keys[child] and items[right] < items[child])
        ):
            child = right
        if key < keys[child] or (key == keys[child] and item <= items[child]):
            break
        keys[i] = keys[child]
        items[i] = items[child]
        i = child
    keys[i] = key
    items[i] = item


@njit(
    "boolean(int64[::1],int64[::1],float64[::1],float64[::1],int64,int64,float64[::1],int64[::1])",
    cache=True,
)
def _reach(
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    bound: FloatArray,
    source: int,
    target: int,
    distance: FloatArray,
    previous_arc: IntArray,
) -> bool:
    """Fill `previous_arc` of the cheapest path and return whether there is one."""
    if bound[source] == np.inf:
        return False
    distance[:] = np.inf
    distance[source] = 0.0
    previous_arc[source] = -1
    keys, items = np.empty(256), np.empty(256, np.int64)
    keys[0] = bound[source]
    items[0] = source
    size = 1
    while size > 0:
        key, node = keys[0], items[0]
        if node == target:
            return True
        size -= 1
        if size > 0:
            _drop_root(keys, items, size)
        here = distance[node]
        if here + bound[node] < key:
            continue  # an older entry of a node that has since become cheaper
        for arc in range(start[node], start[node + 1]):
            there = head[arc]
            through = here + cost[arc]
            # inf + inf is not below inf: closed arcs and dead ends fall out here.
            if through < distance[there] and through + bound[there] < np.inf:
                distance[there] = through
                previous_arc[there] = arc
                if size == keys.size:
                    more_keys, more_items = np.empty(2 * size), np.empty(2 * size, np.int64)
                    more_keys[:size], more_items[:size] = keys, items
                    keys, items = more_keys, more_items
                _push(keys, items, size, through + bound[there], there)
                size += 1
    return False


@njit("int64[::1](int64[::1],int64[::1],int64)", cache=True)
def _walk_back(tail: IntArray, previous_arc: IntArray, target: int) -> IntArray:
    length, node = 0, target
    while previous_arc[node] >= 0:
        node = tail[previous_arc[node]]
        length += 1
    path = np.empty(length, np.int64)
    node = target
    while previous_arc[node] >= 0:
        length -= 1
        path[length] = previous_arc[node]
        node = tail[previous_arc[node]]
    return path


@njit(
    "Tuple((int64[::1],int64[::1],float64[::1],int64[::1]))"
    "(int64[::1],int64[::1],float64[::1],float64[:,::1],int64,int64,"
    "boolean[:,::1],int64[::1],int64[::1],int64[::1],int64[::1],float64,int64,"
    "int64[::1],int64[::1],float64[::1],int64[::1])",
    cache=True,
)
def _detours(  # noqa: C901 - one loop over growing arrays, clearer in one piece
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    bound: FloatArray,
    source: int,
    target: int,
    closed: BoolArray,
    arc_first: IntArray,
    arc_group: IntArray,
    group_first: IntArray,
    group_arc: IntArray,
    factor: float,
    rounds: int,
    known_arcs: IntArray,
    known_offset: IntArray,
    known_cost: FloatArray,
    known_closing: IntArray,
) -> tuple[IntArray, IntArray, FloatArray, IntArray]:
    n_nodes, n_arcs = start.size - 1, head.size
    distance, previous_arc = np.empty(n_nodes), np.empty(n_nodes, np.int64)
    penalized = np.empty(n_arcs)
    tail = np.empty(n_arcs, np.int64)
    for node in range(n_nodes):
        tail[start[node] : start[node + 1]] = node
    seen = np.full(group_first.size - 1, -1, np.int64)
    arcs, n_used = np.empty(1024, np.int64), 0
    offset, n_found = np.zeros(closed.shape[0] * rounds + 1, np.int64), 0
    dear, of = np.empty(offset.size), np.empty(offset.size, np.int64)
    known = 0
    for closing in range(closed.shape[0]):
        if bound[closing, source] == np.inf:
            continue
        for arc in range(n_arcs):
            penalized[arc] = np.inf if closed[closing, arc] else cost[arc]
        while known < known_closing.size and known_closing[known] < closing:
            known += 1
        for turn in range(rounds):
            if known < known_closing.size and known_closing[known] == closing:
                path = known_arcs[known_offset[known] : known_offset[known + 1]]
                distance[target] = known_cost[known]
                known += 1
            elif _reach(
                start, head, penalized, bound[closing], source, target, distance, previous_arc
            ):
                path = _walk_back(tail, previous_arc, target)
            else:
                break
            if n_used + path.size > arcs.size:
                larger = np.empty(2 * arcs.size + path.size, np.int64)
                larger[:n_used] = arcs[:n_used]
                arcs = larger
            arcs[n_used : n_used + path.size] = path
            n_used += path.size
            dear[n_found], of[n_found] = distance[target], closing
            n_found += 1
            offset[n_found] = n_used
            if turn + 1 == rounds:
                break
            for arc in path:
                for entry in range(arc_first[arc], arc_first[arc + 1]):
                    group = arc_group[entry]
                    if seen[group] != n_found:
                        seen[group] = n_found
                        for position in range(group_first[group], group_first[group + 1]):
                            penalized[group_arc[position]] *= factor
    return (
        arcs[:n_used].copy(),
        offset[: n_found + 1].copy(),
        dear[:n_found].copy(),
        of[:n_found].copy(),
    )


@njit(
    "Tuple((int64[::1],int64[::1]))(int64[::1],int64[::1],float64[:,::1],float64[:,::1],"
    "int64[::1],int64[::1],int64[::1],int64[::1])",
    cache=True,
)
def _cheapest(
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    bound: FloatArray,
    cost_row: IntArray,
    bound_row: IntArray,
    source: IntArray,
    target: IntArray,
) -> tuple[IntArray, IntArray]:
    n_nodes = start.size - 1
    distance, previous_arc = np.empty(n_nodes), np.empty(n_nodes, np.int64)
    tail = np.empty(head.size, np.int64)
    for node in range(n_nodes):
        tail[start[node] : start[node + 1]] = node
    arcs, offset = np.empty(64 * source.size, np.int64), np.zeros(source.size + 1, np.int64)
    for n in range(source.size):
        by_arc, ahead = cost[cost_row[n]], bound[bound_row[n]]
        offset[n + 1] = offset[n]
        if _reach(start, head, by_arc, ahead, source[n], target[n], distance, previous_arc):
            path = _walk_back(tail, previous_arc, target[n])
            offset[n + 1] += path.size
            if offset[n + 1] > arcs.size:
                larger = np.empty(2 * offset[n + 1], np.int64)
                larger[: offset[n]] = arcs[: offset[n]]
                arcs = larger
            arcs[offset[n] : offset[n + 1]] = path
    return arcs[: offset[-1]].copy(), offset


class Groups(NamedTuple):
    """Which arcs belong to which groups, from both sides (compressed rows).

    Attributes
    ----------
    arc_first, arc_group : ndarray of int
        Groups of arc ``a`` are ``arc_group[arc_first[a]:arc_first[a + 1]]``.
    group_first, group_arc : ndarray of int
        Arcs of group ``g`` are ``group_arc[group_first[g]:group_first[g + 1]]``.
    """

    arc_first: IntArray
    arc_group: IntArray
    group_first: IntArray
    group_arc: IntArray


def detours(
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    bound: FloatArray,
    source: int,
    target: int,
    closed: BoolArray,
    groups: Groups,
    factor: float,
    rounds: int,
    known: Detours = NOTHING,
) -> Detours:
    """Return the paths of `rounds` searches for each closing, the same path as often as it comes.

    Parameters
    ----------
    start : ndarray of int, shape (n_nodes + 1,)
    head : ndarray of int, shape (n_arcs,)
    cost : ndarray, shape (n_arcs,)
        At least 0, in the order of ``head``; inf is never used.
    bound : ndarray, shape (n_closings, n_nodes)
        Cheapest cost to the target under each closing, or less; inf where there is none.
    source, target : int
        Not the same.
    closed : ndarray of bool, shape (n_closings, n_arcs)
        Arcs that the searches of a closing must not use; each begins without penalties, and ends
        where there is no path.
    groups : Groups
    factor : float
        At least 1.
    rounds : int
    known : Detours
        What the first searches of closings find, if that is known.

    Returns
    -------
    Detours
    """
    return Detours(
        *_detours(
            _whole(start),
            _whole(head),
            _real(cost),
            _real(bound),
            source,
            target,
            np.ascontiguousarray(closed, np.bool_),
            _whole(groups.arc_first),
            _whole(groups.arc_group),
            _whole(groups.group_first),
            _whole(groups.group_arc),
            factor,
            rounds,
            _whole(known.arcs),
            _whole(known.offset),
            _real(known.cost),
            _whole(known.closing),
        )
    )


def cheapest_paths(
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    bound: FloatArray,
    rows: tuple[IntArray, IntArray],
    ends: tuple[IntArray, IntArray],
) -> tuple[IntArray, IntArray]:
    """Return the cheapest path of each search as in `Detours`, empty where there is none.

    Parameters
    ----------
    start : ndarray of int, shape (n_nodes + 1,)
    head : ndarray of int, shape (n_arcs,)
    cost : ndarray, shape (n_costs, n_arcs)
        At least 0, in the order of ``head``; inf is never used.
    bound : ndarray, shape (n_bounds, n_nodes)
        Cheapest cost to a target, or less; inf where there is none.
    rows : tuple of ndarray of int, shape (n_searches,)
        Row of `cost` and of `bound` for each search.
    ends : tuple of ndarray of int, shape (n_searches,)
        Source and target of each search, not the same.
    """
    arcs, offset = _cheapest(
        _whole(start),
        _whole(head),
        _real(cost),
        _real(bound),
        _whole(rows[0]),
        _whole(rows[1]),
        _whole(ends[0]),
        _whole(ends[1]),
    )
    return arcs, offset


def _whole(array: IntArray) -> IntArray:
    return np.ascontiguousarray(array, np.int64)


def _real(array: FloatArray) -> FloatArray:
    return np.ascontiguousarray(array, np.float64)
