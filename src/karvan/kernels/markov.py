"""Soft distances and Markovian loading towards one destination, by elimination of nodes.

All nodes of the network are eliminated one after the other, in one order for all destinations, on
a pattern that is laid out once.  Only sums and products of positive numbers occur, and the pivots
1 - w are sums too where rows are probabilities, so results keep their digits entry by entry.
Weights ``exp(-scale * cost)`` are kept as logarithms and never overflow.

The pattern: slot k is the diagonal of the k-th eliminated node; its later neighbours are
``later[start[k]:start[k + 1]]`` (places in the order); entry e of them has slot n + e for the arc
to the neighbour, n + len(later) + e for the arc from it; ``target[first[k]:first[k + 1]]`` are the
slots of (from, to) for each pair of neighbours of k, row by row.

References
----------
Baillon and Cominetti (2008), Markovian traffic equilibrium,
https://doi.org/10.1007/s10107-006-0076-2;
Grassmann, Taksar and Heyman (1985), Regenerative analysis and steady state distributions for
Markov chains, https://doi.org/10.1287/opre.33.5.1107 (pivots without subtraction).
"""

from typing import NamedTuple

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEARLY_ONE = -1e-10
"""Logarithm of a pivot's weight from which the sum over cycles counts as infinite."""

_F = types.float64[::1]
_I = types.int64[::1]


class Pattern(NamedTuple):
    """Where elimination writes; see the module.

    Attributes
    ----------
    start : ndarray of int, shape (n_nodes + 1,)
    later : ndarray of int, shape (n_later,)
    first : ndarray of int, shape (n_nodes + 1,)
    target : ndarray of int
    slot : ndarray of int, shape (n_arcs,)
        Of each arc; arcs of the same nodes share one.
    tail, head : ndarray of int, shape (n_arcs,)
        Places of the nodes in the order of elimination.
    """

    start: IntArray
    later: IntArray
    first: IntArray
    target: IntArray
    slot: IntArray
    tail: IntArray
    head: IntArray


PATTERN = types.NamedUniTuple(_I, 7, Pattern)


@njit(types.float64(types.float64, types.float64), cache=True, error_model="numpy")
def _log_add(a: float, b: float) -> float:
    if a < b:
        a, b = b, a
    if b == -np.inf:
        return a
    return a + np.log1p(np.exp(b - a))


@njit(types.int64(PATTERN, _F, types.int64, _F), cache=True, error_model="numpy")
def factorize(pattern: Pattern, weight: FloatArray, closed: int, value: FloatArray) -> int:
    """Eliminate all nodes from the logarithms of weights.

    Parameters
    ----------
    weight : ndarray, shape (n_arcs,)
        Logarithms; -inf where an arc may not be used.
    closed : int
        Place of a node that no path leaves; -1 for none.
    value : ndarray, shape (n_nodes + 2 * n_later,)
        Becomes the factors; on the diagonal log(1 / (1 - w)).

    Returns
    -------
    int
        -1, or the place of the node where the sum over cycles is infinite.
    """
    n = pattern.start.size - 1
    low = n + pattern.later.size
    value[:] = -np.inf
    for arc in range(weight.size):
        if pattern.tail[arc] != closed and weight[arc] > -np.inf:
            slot = pattern.slot[arc]
            value[slot] = _log_add(value[slot], weight[arc])
    for k in range(n):
        if value[k] >= NEARLY_ONE:
            return k
        star = -np.log(-np.expm1(value[k]))
        value[k] = star
        begin = pattern.start[k]
        size = pattern.start[k + 1] - begin
        for a in range(size):
            factor = value[low + begin + a] + star
            if factor == -np.inf:
                continue
            row = pattern.first[k] + a * size
            for b in range(size):
                up = value[n + begin + b]
                if up > -np.inf:
                    slot = pattern.target[row + b]
                    value[slot] = _log_add(value[slot], factor + up)
    return -1


@njit(types.void(PATTERN, _F, types.int64, _F), cache=True, error_model="numpy")
def attraction(pattern: Pattern, value: FloatArray, target: int, result: FloatArray) -> None:
    """Write the logarithm of the sum of weights over all ways to a node, for each node.

    Parameters
    ----------
    value : ndarray
        Of :func:`factorize`.
    target : int
        Place of the destination.
    result : ndarray, shape (n_nodes,)
        By place; -inf without a way.
    """
    n = pattern.start.size - 1
    low = n + pattern.later.size
    result[:] = -np.inf
    result[target] = 0.0
    for k in range(target, n):
        if result[k] > -np.inf:
            here = result[k] + value[k]
            for e in range(pattern.start[k], pattern.start[k + 1]):
                j = pattern.later[e]
                result[j] = _log_add(result[j], value[low + e] + here)
    for k in range(n - 1, -1, -1):
        most = result[k]
        for e in range(pattern.start[k], pattern.start[k + 1]):
            most = max(most, value[n + e] + result[pattern.later[e]])
        if most == -np.inf:
            continue
        total = np.exp(result[k] - most)
        for e in range(pattern.start[k], pattern.start[k + 1]):
            total += np.exp(value[n + e] + result[pattern.later[e]] - most)
        result[k] = most + np.log(total) + value[k]


@njit(types.void(PATTERN, _F, types.int64, _F, _F), cache=True, error_model="numpy")
def choose(
    pattern: Pattern, weight: FloatArray, target: int, reach: FloatArray, share: FloatArray
) -> None:
    """Write the share of each arc among those that leave its tail; they sum to 1 or all are 0.

    Parameters
    ----------
    weight, target
        As in :func:`factorize` and :func:`attraction`.
    reach : ndarray, shape (n_nodes,)
        Of :func:`attraction`.
    share : ndarray, shape (n_arcs,)
    """
    total = np.zeros(reach.size)
    for arc in range(weight.size):
        i = pattern.tail[arc]
        there = weight[arc] + reach[pattern.head[arc]]
        share[arc] = np.exp(there - reach[i]) if i != target and there > -np.inf else 0.0
        total[i] += share[arc]
    for arc in range(weight.size):
        if share[arc] > 0.0:
            share[arc] /= total[pattern.tail[arc]]


@njit(types.void(PATTERN, _F, types.int64, _F), cache=True, error_model="numpy")
def chain(pattern: Pattern, share: FloatArray, target: int, value: FloatArray) -> None:
    """Eliminate all nodes from a matrix of shares.

    Parameters
    ----------
    share : ndarray, shape (n_arcs,)
        Of :func:`choose`.
    target : int
    value : ndarray, shape (n_nodes + 2 * n_later,)
        Becomes the factors; on the diagonal 1 - w, or 0 where nobody goes.
    """
    n = pattern.start.size - 1
    low = n + pattern.later.size
    value[:] = 0.0
    ends = np.zeros(n)
    ends[target] = 1.0
    for arc in range(share.size):
        value[pattern.slot[arc]] += share[arc]
    for k in range(n):
        begin = pattern.start[k]
        size = pattern.start[k + 1] - begin
        pivot = ends[k]
        for b in range(size):
            pivot += value[n + begin + b]
        value[k] = pivot
        if pivot == 0.0:
            continue
        for a in range(size):
            factor = value[low + begin + a] / pivot
            if factor == 0.0:
                continue
            ends[pattern.later[begin + a]] += factor * ends[k]
            row = pattern.first[k] + a * size
            for b in range(size):
                value[pattern.target[row + b]] += factor * value[n + begin + b]


@njit(types.void(PATTERN, _F, _F), cache=True, error_model="numpy")
def visits(pattern: Pattern, value: FloatArray, amount: FloatArray) -> None:
    """Turn what starts at each node into what passes through it, in place.

    Parameters
    ----------
    value : ndarray
        Of :func:`chain`.
    amount : ndarray, shape (n_nodes,)
    """
    n = pattern.start.size - 1
    low = n + pattern.later.size
    for k in range(n):
        if amount[k] != 0.0 and value[k] > 0.0:
            here = amount[k] / value[k]
            for e in range(pattern.start[k], pattern.start[k + 1]):
                amount[pattern.later[e]] += here * value[n + e]
    for k in range(n - 1, -1, -1):
        if value[k] == 0.0:
            amount[k] = 0.0
            continue
        total = amount[k]
        for e in range(pattern.start[k], pattern.start[k + 1]):
            total += amount[pattern.later[e]] * value[low + e]
        amount[k] = total / value[k]


@njit(types.void(PATTERN, _F, _F), cache=True, error_model="numpy")
def expectation(pattern: Pattern, value: FloatArray, amount: FloatArray) -> None:
    """Turn what is paid at each node into what is expected from it to the destination, in place.

    Parameters
    ----------
    value : ndarray
        Of :func:`chain`.
    amount : ndarray, shape (n_nodes,)
        0 at the destination.
    """
    n = pattern.start.size - 1
    low = n + pattern.later.size
    for k in range(n):
        if amount[k] != 0.0 and value[k] > 0.0:
            here = amount[k] / value[k]
            for e in range(pattern.start[k], pattern.start[k + 1]):
                amount[pattern.later[e]] += here * value[low + e]
    for k in range(n - 1, -1, -1):
        if value[k] == 0.0:
            amount[k] = 0.0
            continue
        total = amount[k]
        for e in range(pattern.start[k], pattern.start[k + 1]):
            total += amount[pattern.later[e]] * value[n + e]
        amount[k] = total / value[k]


@njit(types.void(PATTERN, _F, _F, _F, types.float64, _F, _F), cache=True, error_model="numpy")
def response(
    pattern: Pattern,
    share: FloatArray,
    value: FloatArray,
    through: FloatArray,
    scale: float,
    change: FloatArray,
    result: FloatArray,
) -> None:
    """Add the derivative of arc flows along a change of arc costs.

    Parameters
    ----------
    share, value
        Of :func:`choose` and :func:`chain`.
    through : ndarray, shape (n_nodes,)
        Of :func:`visits`.
    scale : float
        Of the logit choice.
    change : ndarray, shape (n_arcs,)
        Direction in arc costs.
    result : ndarray, shape (n_arcs,)
        Grows by the change of flow.
    """
    n = pattern.start.size - 1
    distance = np.zeros(n)
    for arc in range(share.size):
        distance[pattern.tail[arc]] += share[arc] * change[arc]
    expectation(pattern, value, distance)
    moved = np.zeros(n)
    own = np.empty(share.size)
    for arc in range(share.size):
        i = pattern.tail[arc]
        j = pattern.head[arc]
        own[arc] = -scale * share[arc] * through[i] * (change[arc] + distance[j] - distance[i])
        moved[j] += own[arc]
    visits(pattern, value, moved)
    for arc in range(share.size):
        result[arc] += own[arc] + share[arc] * moved[pattern.tail[arc]]


@njit(types.Tuple((_I, _I))(_I, _I), cache=True)
def lay_out(start: IntArray, later: IntArray) -> tuple[IntArray, IntArray]:
    """Return `first` and `target` of a pattern.

    Parameters
    ----------
    start : ndarray of int, shape (n_nodes + 1,)
    later : ndarray of int, shape (n_later,)
        Sorted for each node; holds what elimination fills in.
    """
    n = start.size - 1
    first = np.zeros(n + 1, np.int64)
    for k in range(n):
        size = start[k + 1] - start[k]
        first[k + 1] = first[k] + size * size
    target = np.empty(first[n], np.int64)
    for k in range(n):
        begin = start[k]
        size = start[k + 1] - begin
        for a in range(size):
            for b in range(size):
                i = later[begin + a]
                j = later[begin + b]
                slot = i
                if i != j:
                    least = min(i, j)
                    row = later[start[least] : start[least + 1]]
                    slot = n + start[least] + np.searchsorted(row, max(i, j))
                    if j < i:
                        slot += later.size
                target[first[k] + a * size + b] = slot
    return first, target
