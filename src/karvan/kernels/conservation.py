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
"""Passes over the nodes after which their order is too bad to find shortest paths by."""

TRIED = 8
"""Rows after which it is seen whether their trees were of use ..."""

DEARER = 0.05
"""... which they were not if more than this share of their nodes was corrected; by measurement."""


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
    used = np.empty(tail.size + 1, np.uint32)
    worst = 0.0
    for row in range(first, last):
        balance[:] = 0.0
        own = flow[row]
        on_link = total[user_class[row]]
        # Most links carry nothing for a row: those that do are listed without a branch.
        n_used = 0
        for link in range(np.uint64(tail.size)):
            used[n_used] = link
            n_used += own[link] != 0.0
        for k in range(n_used):
            link = used[k]
            on_link[link] += own[link]
            balance[tail[link]] -= own[link]
            balance[head[link]] += own[link]
        sent = 0.0
        for trip in range(start[row], start[row + 1]):
            balance[end[trip]] -= amount[trip]
            sent += amount[trip]
        balance[source[row]] += sent
        most = 0.0
        for node in range(n_nodes):
            error = abs(balance[node])
            if not error <= most:
                most = error
                if np.isnan(error):
                    return error
        worst = max(worst, most / sent if sent > 0.0 else most)
    return worst


@njit(
    "void(uint32[::1],uint32[::1],float64[::1],int64,uint32[::1],uint32[::1],float64[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _along_tree(
    tail: NodeArray,
    head: NodeArray,
    cost: FloatArray,
    source: int,
    order: NodeArray,
    tree: NodeArray,
    distance: FloatArray,
) -> None:
    """Write the length of one path to each node: by its link of the tree, whatever that is."""
    distance[:] = np.inf
    distance[source] = 0.0
    for k in range(distance.size):
        j = order[k]
        if j >= distance.size:
            break
        link = tree[j]
        if j != source and link < tail.size and head[link] == j:
            distance[j] = distance[tail[link]] + cost[link]


@njit(
    "void(uint32[::1],uint32[::1],float64[::1],int64,uint32[::1],float64[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _along_order(
    into: NodeArray,
    tail: NodeArray,
    cost: FloatArray,
    source: int,
    order: NodeArray,
    distance: FloatArray,
) -> None:
    """Write the shortest length of paths that go forward in the order.

    Up to four links of a node are compared without a branch, some of them twice: where a loop over
    two or three links ends is always a surprise to the processor.
    """
    distance[:] = np.inf
    distance[source] = 0.0
    one = np.uint32(1)
    for k in range(distance.size):
        j = order[k]
        if j >= distance.size:
            break
        first, end = into[j], into[j + one]
        if first == end:
            continue
        last = end - one
        second, third = min(first + one, last), min(first + np.uint32(2), last)
        fourth = min(first + np.uint32(3), last)
        there = distance[tail[first]] + cost[first]
        other = distance[tail[second]] + cost[second]
        best = other if other < there else there
        there = distance[tail[third]] + cost[third]
        other = distance[tail[fourth]] + cost[fourth]
        there = other if other < there else there
        best = there if there < best else best
        for link in range(first + np.uint32(4), end):
            there = distance[tail[link]] + cost[link]
            best = there if there < best else best
        distance[j] = best if best < distance[j] else distance[j]


@njit(
    "int64(uint32[::1],uint32[::1],uint32[::1],uint32[::1],float64[::1],uint32[::1],float64[::1],"
    "boolean[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def _correct(
    tail: NodeArray,
    head: NodeArray,
    out: NodeArray,
    out_link: NodeArray,
    cost: FloatArray,
    order: NodeArray,
    distance: FloatArray,
    lower: BoolArray,
) -> int:
    """Lower distances until no link can lower one any more.

    Returns how many nodes were corrected; -1 if the order is of no use.
    """
    waiting = 0
    for link in range(np.uint64(tail.size)):
        if distance[tail[link]] + cost[link] < distance[head[link]]:
            waiting += not lower[tail[link]]
            lower[tail[link]] = True
    corrected = 0
    for _ in range(MOST_PASSES):
        if waiting == 0:
            return corrected
        for k in range(distance.size):
            i = order[k]
            if i >= distance.size:
                break
            if not lower[i]:
                continue
            lower[i] = False
            waiting -= 1
            corrected += 1
            for position in range(out[i], out[i + 1]):
                link = out_link[position]
                there = distance[i] + cost[link]
                if there < distance[head[link]]:
                    distance[head[link]] = there
                    waiting += not lower[head[link]]
                    lower[head[link]] = True
    if waiting == 0:
        return corrected
    lower[:] = False
    return -1


@njit(
    "void(uint32[::1],uint32[::1],uint32[::1],uint32[::1],uint32[::1],float64[:,::1],int64[::1],"
    "int64[::1],uint32[:,::1],uint32[:,::1],int64[::1],int64[::1],float64[::1],int64,int64,"
    "float64[::1])",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def shortest_cost(
    into: NodeArray,
    tail: NodeArray,
    head: NodeArray,
    out: NodeArray,
    out_link: NodeArray,
    cost: FloatArray,
    source: IntArray,
    user_class: IntArray,
    hint: NodeArray,
    tree: NodeArray,
    start: IntArray,
    end: IntArray,
    amount: FloatArray,
    first: int,
    last: int,
    result: FloatArray,
) -> None:
    """Write the cost of what rows send on shortest paths; NaN where the hint is of no use.

    Distances begin as the lengths of some paths, which the hints name, and fall until no link can
    lower one any more (Bellman and Ford).  So the hints decide how long it takes, not what comes
    out: each distance is the length of a path, and at the end no link contradicts it.

    Parameters
    ----------
    into : ndarray of uint32, shape (n_nodes + 1,)
    tail, head : ndarray of uint32, shape (n_links,)
    out : ndarray of uint32, shape (n_nodes + 1,)
    out_link : ndarray of uint32, shape (n_links,)
        ``out_link[out[i]:out[i + 1]]`` are the links that leave node i.
    cost : ndarray, shape (n_classes, n_links)
        At least 0; inf where a class may not go.
    source, user_class : ndarray of int, shape (n_rows,)
    hint : ndarray of uint32, shape (n_rows, n_nodes)
        Nodes of each row, roughly by distance.
    tree : ndarray of uint32, shape (n_rows, n_nodes)
        Last link of a short path to each node.
    start, end, amount
        As for :func:`add_up`.
    first, last : int
    result : ndarray, shape (n_rows,)

    References
    ----------
    Bellman (1958), On a routing problem, https://doi.org/10.1090/qam/102435
    """
    distance = np.empty(into.size - 1)
    lower = np.zeros(into.size - 1, np.bool_)
    by_tree = True
    corrected = 0
    for row in range(first, last):
        own = cost[user_class[row]]
        order = hint[row]
        result[row] = np.nan
        if by_tree:
            _along_tree(tail, head, own, source[row], order, tree[row], distance)
        else:
            _along_order(into, tail, own, source[row], order, distance)
        more = _correct(tail, head, out, out_link, own, order, distance, lower)
        if more < 0:
            continue
        # Where many paths cost the same, which of them is the shortest turns with the last digit.
        corrected += more
        if row - first == TRIED:
            by_tree = corrected < DEARER * distance.size * (TRIED + 1)
        shortest = 0.0
        for trip in range(start[row], start[row + 1]):
            if amount[trip] > 0.0:
                shortest += amount[trip] * distance[end[trip]]
        result[row] = shortest
