"""Whether flows add up and what their shortest paths cost: compiled, apart from all solvers.

Links are sorted by their head: those that end at node ``j`` stand at ``into[j]`` to
``into[j + 1] - 1``.  Row k of flows begins at ``source[k]`` and sends
``amount[start[k]:start[k + 1]]`` to the nodes at the same places of ``end``.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NodeArray = NDArray[np.uint32]
BoolArray = NDArray[np.bool_]

MOST_PASSES = 40
"""Passes over all links after which an order of nodes is too bad to find shortest paths by."""


@njit(
    "float64(uint32[::1],uint32[::1],float64[:,::1],int64[::1],int64[::1],int64[::1],int64[::1],"
    "float64[::1],int64,int64,int64,float64[:,::1])",
    cache=True,
    nogil=True,
)
def add_up(
    tail: NodeArray,
    head: NodeArray,
    flow: FloatArray,
    source: IntArray,
    user_class: IntArray,
    start: IntArray,
    end: IntArray,
    amount: FloatArray,
    first: int,
    last: int,
    n_nodes: int,
    total: FloatArray,
) -> float:
    """Return the largest imbalance of a row's flow at a node, relative to what the row sends.

    Parameters
    ----------
    tail, head : ndarray of uint32, shape (n_links,)
    flow : ndarray, shape (n_rows, n_links)
    source, user_class : ndarray of int, shape (n_rows,)
    start : ndarray of int, shape (n_rows + 1,)
    end : ndarray of int, shape (n_trips,)
    amount : ndarray, shape (n_trips,)
    first, last : int
        Rows to look at, the last one not included.
    n_nodes : int
    total : ndarray, shape (n_classes, n_links)
        The rows are added to it.

    Returns
    -------
    float
        NaN where a flow is; absolute for a row that sends nothing.
    """
    balance = np.empty(n_nodes)
    worst = 0.0
    for row in range(first, last):
        balance[:] = 0.0
        own = flow[row]
        on_link = total[user_class[row]]
        for link in range(tail.size):
            on_link[link] += own[link]
        for link in range(tail.size):
            balance[tail[link]] -= own[link]
            balance[head[link]] += own[link]
        sent = 0.0
        for trip in range(start[row], start[row + 1]):
            balance[end[trip]] -= amount[trip]
            sent += amount[trip]
        balance[source[row]] += sent
        scale = sent if sent > 0.0 else 1.0
        for node in range(n_nodes):
            error = abs(balance[node]) / scale
            if not error <= worst:
                worst = error
            if np.isnan(error):
                return error
    return worst


@njit(
    "void(uint32[::1],uint32[::1],uint32[::1],float64[:,::1],int64[::1],int64[::1],uint32[:,::1],"
    "int64[::1],int64[::1],float64[::1],int64,int64,float64[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def shortest_cost(
    into: NodeArray,
    tail: NodeArray,
    head: NodeArray,
    cost: FloatArray,
    source: IntArray,
    user_class: IntArray,
    hint: NodeArray,
    start: IntArray,
    end: IntArray,
    amount: FloatArray,
    first: int,
    last: int,
    result: FloatArray,
) -> None:
    """Write the cost of what rows send on shortest paths; NaN where the hint is of no use.

    Distances fall, pass by pass over the nodes in the order that the hint gives, until no link can
    lower one any more (Bellman and Ford).  So the hint decides how long it takes, not what comes
    out: each distance is the length of a path, and at the end no link contradicts it.

    Parameters
    ----------
    into : ndarray of uint32, shape (n_nodes + 1,)
    tail, head : ndarray of uint32, shape (n_links,)
    cost : ndarray, shape (n_classes, n_links)
        At least 0; inf where a class may not go.
    source, user_class : ndarray of int, shape (n_rows,)
    hint : ndarray of uint32, shape (n_rows, n_nodes)
        Nodes of each row, roughly by distance.
    start, end, amount
        As for :func:`add_up`.
    first, last : int
    result : ndarray, shape (n_rows,)

    References
    ----------
    Bellman (1958), On a routing problem, https://doi.org/10.1090/qam/102435
    """
    n_nodes = into.size - 1
    distance = np.empty(n_nodes)
    for row in range(first, last):
        own = cost[user_class[row]]
        order = hint[row]
        result[row] = np.nan
        distance[:] = np.inf
        distance[source[row]] = 0.0
        passes = 0
        falling = True
        while falling and passes < MOST_PASSES:
            passes += 1
            for k in range(n_nodes):
                j = order[k]
                if j >= n_nodes:
                    break
                best = distance[j]
                for link in range(into[j], into[j + 1]):
                    best = min(best, distance[tail[link]] + own[link])
                distance[j] = best
            falling = False
            for link in range(np.uint64(tail.size)):
                if distance[tail[link]] + own[link] < distance[head[link]]:
                    falling = True
        if falling:
            continue
        shortest = 0.0
        for trip in range(start[row], start[row + 1]):
            if amount[trip] > 0.0:
                shortest += amount[trip] * distance[end[trip]]
        result[row] = shortest
