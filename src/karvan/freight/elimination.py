"""Order in which nodes are eliminated, and the pattern that this fills."""

import heapq

import numpy as np
from numpy.typing import NDArray

from karvan.kernels.markov import Pattern, lay_out

IntArray = NDArray[np.int64]


def elimination_pattern(n_nodes: int, tail: IntArray, head: IntArray) -> tuple[Pattern, IntArray]:
    """Return the pattern of a network and the place of each node in the order of elimination.

    Parameters
    ----------
    n_nodes : int
    tail, head : ndarray of int, shape (n_arcs,)

    Notes
    -----
    The node with the fewest neighbours goes first (minimum degree), ties by number.

    References
    ----------
    Tinney and Walker (1967), Direct solutions of sparse network equations by optimally ordered
    triangular factorization, https://doi.org/10.1109/PROC.1967.6011
    """
    order, neighbours = _least_degree_first(n_nodes, tail, head)
    place = np.empty(n_nodes, dtype=np.int64)
    place[order] = np.arange(n_nodes)
    rows = [np.sort(place[np.array(sorted(neighbours[node]), dtype=np.int64)]) for node in order]
    start = np.concatenate(([0], np.cumsum([len(row) for row in rows], dtype=np.int64)))
    later = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    first, target = lay_out(start, later)
    slot = _slots(start, later, place[tail], place[head])
    return Pattern(start, later, first, target, slot, place[tail], place[head]), place


def _least_degree_first(
    n_nodes: int, tail: IntArray, head: IntArray
) -> tuple[IntArray, list[set[int]]]:
    """Order of elimination, and the neighbours that each node has when its turn comes."""
    neighbours: list[set[int]] = [set() for _ in range(n_nodes)]
    for i, j in zip(tail.tolist(), head.tolist(), strict=True):
        if i != j:
            neighbours[i].add(j)
            neighbours[j].add(i)
    queue = [(len(near), node) for node, near in enumerate(neighbours)]
    heapq.heapify(queue)
    gone = np.zeros(n_nodes, dtype=np.bool_)
    order = []
    while queue:
        degree, node = heapq.heappop(queue)
        if gone[node] or degree != len(neighbours[node]):
            continue
        gone[node] = True
        order.append(node)
        for other in neighbours[node]:
            neighbours[other] |= neighbours[node]
            neighbours[other] -= {other, node}
            heapq.heappush(queue, (len(neighbours[other]), other))
    return np.array(order, dtype=np.int64), neighbours


def _slots(start: IntArray, later: IntArray, tail: IntArray, head: IntArray) -> IntArray:
    n_nodes, slots = len(start) - 1, tail.copy()
    for arc in np.flatnonzero(tail != head):
        least, most = sorted((int(tail[arc]), int(head[arc])))
        entry = start[least] + np.searchsorted(later[start[least] : start[least + 1]], most)
        slots[arc] = n_nodes + entry + (len(later) if head[arc] < tail[arc] else 0)
    return slots
