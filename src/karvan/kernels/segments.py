"""Pairs of segments of bushes that are near equilibrium, and what each bush has above its shortest.

Arcs and bushes are those of :mod:`karvan.kernels.bush`.  Near equilibrium most nodes get their flow
by one arc.  Each further used arc into a node makes one pair: back from it and from the widest arc
into that node, along widest arcs, to where the two meet.  These pairs are a basis: every way to
divide the flow of a bush anew over arcs that it uses is a sum of shifts between them.
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NodeArray = NDArray[np.uint32]

_F, _F2 = types.float64[::1], types.float64[:, ::1]
_I = types.int64[::1]
_U, _U2 = types.uint32[::1], types.uint32[:, ::1]


@njit(types.int64(_F, _U), cache=True, error_model="numpy")
def _list_used(own: FloatArray, used: NodeArray) -> int:
    """Write the arcs that carry something, without a branch, as most do not; returns how many.

    `used` holds one more than all arcs.
    """
    n_used = 0
    for a in range(np.uint64(own.size)):
        used[n_used] = a
        n_used += own[a] > 0.0
    return n_used


@njit(
    types.int64(_U, _U, types.int64, types.uint32, _U, _U, _U, types.int64, _U),
    cache=True,
    error_model="numpy",
)
def _trace(
    tail: NodeArray,
    rank: NodeArray,
    first: int,
    other: int,
    widest: NodeArray,
    room: NodeArray,
    arc: NodeArray,
    begin: int,
    lengths: NodeArray,
) -> int:
    """Write the two segments from `begin` on; returns the end, and their lengths in `lengths`.

    Where they do not meet, because a trace of flow comes from where none enters, the end is
    `begin`.
    """
    arc[begin] = first
    room[0] = other
    n_first = 1
    n_other = 1
    u = tail[first]
    v = tail[other]
    while u != v:
        if n_first == room.size or n_other == room.size:
            return begin
        if rank[u] > rank[v]:
            arc[begin + n_first] = widest[u]
            n_first += 1
            u = tail[widest[u]]
        else:
            room[n_other] = widest[v]
            n_other += 1
            v = tail[widest[v]]
    middle = begin + n_first
    for k in range(n_other):
        arc[middle + k] = room[k]
    lengths[0] = n_first
    lengths[1] = n_other
    return middle + n_other


@njit(
    types.int64(_U, _U, _U, _F2, _U2, _U2, _I, _I, _I, _U),
    cache=True,
    error_model="numpy",
)
def find_pairs(
    into: NodeArray,
    tail: NodeArray,
    head: NodeArray,
    flow: FloatArray,
    rank: NodeArray,
    nearest: NodeArray,
    bush: IntArray,
    start: IntArray,
    middle: IntArray,
    arc: NodeArray,
) -> int:
    """Write the pairs of all bushes as far as there is room; returns how many.

    Parameters
    ----------
    into, tail, head
        As in :class:`karvan.kernels.bush.Arcs`.
    flow, rank, nearest
        As in :class:`karvan.kernels.bush.Bushes`.
    bush, start, middle, arc
        As in :class:`karvan.kernels.bush.Pairs`; written to.
    """
    n_nodes = into.size - 1
    widest = np.empty(n_nodes, np.uint32)
    room = np.empty(n_nodes, np.uint32)
    used = np.empty(tail.size + 1, np.uint32)
    other = np.empty(tail.size + 1, np.uint32)
    lengths = np.empty(2, np.uint32)
    found = 0
    start[0] = 0
    for row in range(flow.shape[0]):
        own = flow[row]
        widest[:] = nearest[row]
        n_used = _list_used(own, used)
        # Arcs are sorted by head, so those of one node follow each other.
        n_other = 0
        for k in range(n_used):
            a = used[k]
            j = head[a]
            if k == 0 or head[used[k - 1]] != j:
                widest[j] = a
            elif own[a] > own[widest[j]]:
                other[n_other] = widest[j]
                widest[j] = a
                n_other += 1
            else:
                other[n_other] = a
                n_other += 1
        for k in range(n_other):
            if found + 1 >= bush.size or start[found] + 2 * n_nodes > arc.size:
                return found
            a = other[k]
            end = _trace(
                tail, rank[row], widest[head[a]], a, widest, room, arc, start[found], lengths
            )
            if end > start[found]:
                start[found + 1] = end
                middle[found] = start[found] + lengths[0]
                bush[found] = row
                found += 1
    return found


@njit(types.void(_F2, _I, _F2, _F, _F), cache=True, error_model="numpy")
def excess_by_row(
    flow: FloatArray,
    user_class: IntArray,
    cost: FloatArray,
    shortest: FloatArray,
    excess: FloatArray,
) -> None:
    """Write what the flow of each row costs above what shortest paths would.

    Parameters
    ----------
    flow : ndarray, shape (n_rows, n_arcs)
    user_class : ndarray of int, shape (n_rows,)
    cost : ndarray, shape (n_classes, n_arcs)
    shortest, excess : ndarray, shape (n_rows,)
    """
    used = np.empty(flow.shape[1] + 1, np.uint32)
    for row in range(flow.shape[0]):
        own = flow[row]
        price = cost[user_class[row]]
        total = 0.0
        for k in range(_list_used(own, used)):
            total += own[used[k]] * price[used[k]]
        excess[row] = total - shortest[row]
