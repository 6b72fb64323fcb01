"""Compressed graphs, shortest times and reachability.

A graph is three arrays: the arcs that leave node ``i`` stand at the positions ``start[i]`` to
``start[i + 1] - 1`` of ``head`` and ``cost``. Parallel arcs and self-loops are allowed.
An arc of infinite cost is never used.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
WordArray = NDArray[np.uint64]

# Heaps hold one unsigned word per entry; unsigned indices spare numba the wrap-around test.
_U = np.uint64


class CompressedRows(NamedTuple):
    """Arcs grouped by their tail.

    Attributes
    ----------
    start : ndarray of int, shape (n_nodes + 1,)
        Position of each node's first arc.
    head : ndarray of int, shape (n_arcs,)
        Head of the arc at each position.
    arc : ndarray of int, shape (n_arcs,)
        Original index of the arc at each position; ``cost[arc]`` brings a cost into this order.
    """

    start: IntArray
    head: IntArray
    arc: IntArray


class ShortestTimes(NamedTuple):
    """Result of :func:`shortest_times`.

    Attributes
    ----------
    distance : ndarray, shape (n_nodes,)
        Cheapest cost from the source, in the unit of ``cost``; inf where unreachable.
    previous_arc : ndarray of int, shape (n_nodes,)
        Position of the last arc of a cheapest path; -1 at the source and where unreachable.
    """

    distance: FloatArray
    previous_arc: IntArray


@njit("Tuple((int64[::1],int64[::1],int64[::1]))(int64,int64[::1],int64[::1])", cache=True)
def _group(n_nodes: int, tail: IntArray, head: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    start = np.zeros(n_nodes + 1, np.int64)
    for arc in range(tail.size):
        start[tail[arc] + 1] += 1
    for node in range(n_nodes):
        start[node + 1] += start[node]
    free = start[:-1].copy()
    new_head = np.empty(tail.size, np.int64)
    order = np.empty(tail.size, np.int64)
    for arc in range(tail.size):
        position = free[tail[arc]]
        free[tail[arc]] += 1
        new_head[position] = head[arc]
        order[position] = arc
    return start, new_head, order


@njit("void(uint64[::1],uint64,uint64)", cache=True)
def _push(heap: WordArray, size: np.uint64, key: np.uint64) -> None:
    """Put `key` into a 4-ary min-heap of `size` keys."""
    i = size
    while i > _U(0):
        parent = (i - _U(1)) >> _U(2)
        if key >= heap[parent]:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = key


@njit("void(uint64[::1],uint64,uint64)", cache=True)
def _sink(heap: WordArray, size: np.uint64, key: np.uint64) -> None:
    """Replace the root of a 4-ary min-heap of `size` keys by `key`."""
    i = _U(0)
    while True:
        child = (i << _U(2)) + _U(1)
        if child >= size:
            break
        best = child
        least = heap[child]
        if child + _U(3) < size:
            # Two independent comparisons, then one: shorter than a chain of three.
            if heap[child + _U(1)] < least:
                best = child + _U(1)
                least = heap[best]
            other = child + _U(2)
            if heap[child + _U(3)] < heap[other]:
                other = child + _U(3)
            if heap[other] < least:
                best = other
                least = heap[best]
        else:
            other = child + _U(1)
            while other < size:
                if heap[other] < least:
                    best = other
                    least = heap[best]
                other += _U(1)
        if least >= key:
            break
        heap[i] = least
        i = best
    heap[i] = key


@njit(
    "uint64(int64[::1],int64[::1],float64[::1],float64[::1],int64[::1],uint64[::1],uint64)",
    cache=True,
    error_model="numpy",
)
def _settle(
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    distance: FloatArray,
    previous_arc: IntArray,
    heap: WordArray,
    size: np.uint64,
) -> np.uint64:
    """Return the number of keys left: 0 when done, else the heap must grow before going on.

    A key is the upper bits of a distance followed by the node, so that one word orders the heap.
    Non-negative floats sort like their bit patterns. The bits cut off (relative 1e-10 at 300,000
    nodes) may let two nodes leave in the wrong order; then the later improvement puts the node
    back, so distances are those of the full numbers.
    """
    n_nodes = _U(distance.size)
    node_bits = _U(1)
    while (_U(1) << node_bits) < n_nodes:
        node_bits += _U(1)
    node_mask = (_U(1) << node_bits) - _U(1)
    distance_mask = ~node_mask
    while size > _U(0):
        key = heap[0]
        node = key & node_mask
        first = _U(start[node])
        last = _U(start[node + _U(1)])
        if size + (last - first) > _U(heap.size):
            return size
        size -= _U(1)
        if size > _U(0):
            _sink(heap, size, heap[size])
        here = distance[node]
        if (np.float64(here).view(np.uint64) << _U(1)) & distance_mask != key & distance_mask:
            continue  # an older entry of a node that has since become cheaper
        for position in range(first, last):
            there = _U(head[position])
            through = here + cost[position]
            if through < distance[there]:
                distance[there] = through
                previous_arc[there] = position
                word = np.float64(through).view(np.uint64) << _U(1)
                _push(heap, size, (word & distance_mask) | there)
                size += _U(1)
    return size


@njit("void(int64[::1],int64[::1],float64[::1],int64,float64[::1],int64[::1])", cache=True)
def _one_to_all(
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    source: int,
    distance: FloatArray,
    previous_arc: IntArray,
) -> None:
    distance[:] = np.inf
    previous_arc[:] = -1
    distance[source] = 0.0
    heap = np.empty(distance.size + 64, np.uint64)
    heap[0] = _U(source)
    size = _U(1)
    while size > _U(0):
        size = _settle(start, head, cost, distance, previous_arc, heap, size)
        if size > _U(0):
            larger = np.empty(2 * heap.size + head.size, np.uint64)
            larger[: heap.size] = heap
            heap = larger


@njit("float64[:,::1](int64[::1],int64[::1],float64[::1],int64[::1])", cache=True)
def _many_to_all(
    start: IntArray, head: IntArray, cost: FloatArray, sources: IntArray
) -> FloatArray:
    n_nodes = start.size - 1
    distance = np.empty((sources.size, n_nodes))
    previous_arc = np.empty(n_nodes, np.int64)
    for row in range(sources.size):
        _one_to_all(start, head, cost, sources[row], distance[row], previous_arc)
    return distance


@njit(
    "float64[:,::1](int64[::1],int64[::1],float64[::1],boolean[:,::1],int64)",
    cache=True,
)
def _closed_to_all(
    start: IntArray, head: IntArray, cost: FloatArray, closed: BoolArray, source: int
) -> FloatArray:
    n_nodes = start.size - 1
    distance, by_arc = np.empty((closed.shape[0], n_nodes)), np.empty(head.size)
    previous_arc = np.empty(n_nodes, np.int64)
    for row in range(closed.shape[0]):
        for arc in range(head.size):
            by_arc[arc] = np.inf if closed[row, arc] else cost[arc]
        _one_to_all(start, head, by_arc, source, distance[row], previous_arc)
    return distance


@njit("boolean[::1](int64[::1],int64[::1],int64)", cache=True)
def _flood(start: IntArray, head: IntArray, source: int) -> BoolArray:
    n_nodes = start.size - 1
    seen = np.zeros(n_nodes, np.bool_)
    waiting = np.empty(n_nodes, np.int64)
    seen[source] = True
    waiting[0] = source
    n_waiting = 1
    while n_waiting > 0:
        n_waiting -= 1
        node = waiting[n_waiting]
        for position in range(start[node], start[node + 1]):
            there = head[position]
            if not seen[there]:
                seen[there] = True
                waiting[n_waiting] = there
                n_waiting += 1
    return seen


@njit("int64[::1](int64[::1],int64[::1],int64)", cache=True)
def _walk_back(start: IntArray, previous_arc: IntArray, target: int) -> IntArray:
    path = np.empty(previous_arc.size, np.int64)
    free = path.size
    node = target
    while previous_arc[node] >= 0:
        free -= 1
        path[free] = previous_arc[node]
        node = np.searchsorted(start, previous_arc[node], side="right") - 1
    return path[free:].copy()


def compressed_rows(n_nodes: int, tail: IntArray, head: IntArray) -> CompressedRows:
    """Return the arcs grouped by tail; arcs of one tail keep their order.

    Parameters
    ----------
    n_nodes : int
    tail, head : ndarray of int, shape (n_arcs,)
        Nodes, 0 to n_nodes - 1.

    Returns
    -------
    CompressedRows
    """
    return CompressedRows(*_group(n_nodes, _whole(tail), _whole(head)))


def shortest_times(start: IntArray, head: IntArray, cost: FloatArray, source: int) -> ShortestTimes:
    """Return cheapest costs from one node to all, with the tree of paths (Dijkstra).

    Parameters
    ----------
    start : ndarray of int, shape (n_nodes + 1,)
    head : ndarray of int, shape (n_arcs,)
    cost : ndarray, shape (n_arcs,)
        At least 0, in the order of ``head``; any unit.
    source : int

    Returns
    -------
    ShortestTimes

    References
    ----------
    Dijkstra (1959), A note on two problems in connexion with graphs,
    https://doi.org/10.1007/BF01386390
    """
    distance = np.empty(start.size - 1)
    previous_arc = np.empty(start.size - 1, np.int64)
    _one_to_all(_whole(start), _whole(head), _real(cost), source, distance, previous_arc)
    return ShortestTimes(distance, previous_arc)


def all_pairs(start: IntArray, head: IntArray, cost: FloatArray, sources: IntArray) -> FloatArray:
    """Return cheapest costs from each source to all nodes, in the unit of ``cost``.

    Parameters
    ----------
    start, head, cost
        As in :func:`shortest_times`.
    sources : ndarray of int, shape (n_sources,)

    Returns
    -------
    ndarray, shape (n_sources, n_nodes)
        inf where unreachable.
    """
    distance: FloatArray = _many_to_all(_whole(start), _whole(head), _real(cost), _whole(sources))
    return distance


def closed_costs(
    start: IntArray, head: IntArray, cost: FloatArray, closed: BoolArray, source: int
) -> FloatArray:
    """Return cheapest costs from one node to all, each time without the arcs that are closed.

    Parameters
    ----------
    start, head, cost, source
        As in :func:`shortest_times`.
    closed : ndarray of bool, shape (n_closings, n_arcs)

    Returns
    -------
    ndarray, shape (n_closings, n_nodes)
        inf where unreachable.
    """
    shut = np.ascontiguousarray(closed, np.bool_)
    distance: FloatArray = _closed_to_all(_whole(start), _whole(head), _real(cost), shut, source)
    return distance


def reachable(start: IntArray, head: IntArray, source: int) -> BoolArray:
    """Return whether each node can be reached from the source; bool, shape (n_nodes,).

    Parameters
    ----------
    start, head
        As in :func:`shortest_times`.
    source : int
    """
    seen: BoolArray = _flood(_whole(start), _whole(head), source)
    return seen


def path_to(start: IntArray, previous_arc: IntArray, target: int) -> IntArray:
    """Return the positions of the arcs of the cheapest path to a node, in order of travel.

    Parameters
    ----------
    start, previous_arc
        As in :func:`shortest_times` and its result.
    target : int

    Returns
    -------
    ndarray of int, shape (n_path_arcs,)
        Empty at the source and where unreachable.
    """
    path: IntArray = _walk_back(_whole(start), _whole(previous_arc), target)
    return path


def _whole(array: IntArray) -> IntArray:
    return np.ascontiguousarray(array, np.int64)


def _real(array: FloatArray) -> FloatArray:
    return np.ascontiguousarray(array, np.float64)
