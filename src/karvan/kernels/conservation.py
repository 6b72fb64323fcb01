"""Whether flows add up at every node: compiled, and apart from the solvers that make them."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@njit(
    "float64(int64,int64[::1],int64[::1],float64[:,::1],int64[::1],int64[::1],int64[::1],"
    "float64[::1])",
    cache=True,
)
def largest_imbalance(
    n_nodes: int,
    tail: IntArray,
    head: IntArray,
    flow: FloatArray,
    source: IntArray,
    start: IntArray,
    end: IntArray,
    amount: FloatArray,
) -> float:
    """Return the largest imbalance of one row's flow at a node, relative to what the row sends.

    Parameters
    ----------
    n_nodes : int
    tail, head : ndarray of int, shape (n_links,)
    flow : ndarray, shape (n_rows, n_links)
    source : ndarray of int, shape (n_rows,)
    start : ndarray of int, shape (n_rows + 1,)
        Row k sends ``amount[start[k]:start[k + 1]]`` to the nodes at the same places of `end`.
    end : ndarray of int
    amount : ndarray

    Returns
    -------
    float
        NaN where a flow is; absolute for a row that sends nothing.
    """
    balance = np.empty(n_nodes)
    worst = 0.0
    for row in range(source.size):
        balance[:] = 0.0
        for link in range(tail.size):
            balance[tail[link]] -= flow[row, link]
            balance[head[link]] += flow[row, link]
        total = 0.0
        for entry in range(start[row], start[row + 1]):
            balance[end[entry]] -= amount[entry]
            total += amount[entry]
        balance[source[row]] += total
        scale = total if total > 0.0 else 1.0
        for node in range(n_nodes):
            error = abs(balance[node]) / scale
            if not error <= worst:
                worst = error
            if np.isnan(error):
                return error
    return worst
