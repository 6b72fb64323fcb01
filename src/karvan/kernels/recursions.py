"""Queues in order of arrival without an event list: recursions over customers.

Times are absolute and added in the order in which an event simulation adds them (start = later of
arrival and the earliest free server, departure = start + service), so results agree with one to the
last bit.  Lindley (1952), The theory of queues with a single server,
https://doi.org/10.1017/S0305004100027638; Kiefer and Wolfowitz (1955), On the theory of queues with
many servers, https://doi.org/10.1090/S0002-9947-1955-0066587-3 (the papers have waits, not times).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@njit("void(float64[::1],float64)", cache=True, inline="never", nogil=True)
def _replace_least(free: FloatArray, time: float) -> None:
    """Put `time` in place of the least of a binary heap."""
    place, size = 0, free.size
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and free[child + 1] < free[child]:
            child += 1
        if free[child] >= time:
            break
        free[place] = free[child]
        place = child
    free[place] = time


@njit("void(float64[::1],float64[::1],int64,float64[::1])", cache=True, nogil=True)
def fifo_starts(arrival: FloatArray, service: FloatArray, servers: int, start: FloatArray) -> None:
    """Write when each customer begins service, first come first served.

    Parameters
    ----------
    arrival : ndarray, shape (n,)
        Times that do not fall.
    service : ndarray, shape (n,)
    servers : int
        At least 1.
    start : ndarray, shape (n,)
        Filled; the wait is ``start - arrival``, the departure ``start + service``.
    """
    free = np.full(servers, -np.inf)
    for n in range(arrival.size):
        begin = max(arrival[n], free[0])
        start[n] = begin
        _replace_least(free, begin + service[n])


@njit(
    "void(float64[:,::1],float64[:,::1],int64,int64,float64[::1])",
    cache=True,
    nogil=True,
)
def mean_waits(
    gap: FloatArray, service: FloatArray, servers: int, skipped: int, mean: FloatArray
) -> None:
    """Write the mean wait of each replication of a queue that starts empty.

    Parameters
    ----------
    gap, service : ndarray, shape (n_replications, n)
        Time since the arrival before; time of service.
    servers : int
        At least 1.
    skipped : int
        Customers at the beginning that do not count; fewer than n.
    mean : ndarray, shape (n_replications,)
        Filled.
    """
    free = np.empty(servers)
    for row in range(gap.shape[0]):
        free[:] = 0.0
        time, total = 0.0, 0.0
        for n in range(gap.shape[1]):
            time += gap[row, n]
            begin = max(time, free[0])
            if n >= skipped:
                total += begin - time
            _replace_least(free, begin + service[row, n])
        mean[row] = total / (gap.shape[1] - skipped)
