"""How loads fall with what is charged on paths, for logit choices; sparse and in a fixed order.

A dense product would do, but threaded linear algebra changes last digits with the number of
threads, and most paths use few resources.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@njit(
    "float64[:,::1](int64[::1],int64[::1],int64[::1],float64[::1],float64[::1],float64[::1],"
    "float64[::1],int64)",
    cache=True,
)
def response(
    group_start: IntArray,
    path_start: IntArray,
    resource: IntArray,
    use: FloatArray,
    charge: FloatArray,
    share: FloatArray,
    weight: FloatArray,
    n_resources: int,
) -> FloatArray:
    """Return the fall of each load with what each resource charges.

    Parameters
    ----------
    group_start : ndarray of int, shape (n_groups + 1,)
        Paths of each group.
    path_start : ndarray of int, shape (n_paths + 1,)
        Entries of each path in the next three arrays.
    resource : ndarray of int, shape (n_entries,)
    use : ndarray, shape (n_entries,)
        What one unit on the path adds to the load.
    charge : ndarray, shape (n_entries,)
        What one unit on the path is charged when the resource charges one.
    share : ndarray, shape (n_paths,)
        Of the group's demand.
    weight : ndarray, shape (n_paths,)
        Scale times flow.
    n_resources : int

    Returns
    -------
    ndarray, shape (n_resources, n_resources)
        Covariance within groups: rows are loads, columns what is charged.
    """
    fall = np.zeros((n_resources, n_resources))
    mean = np.zeros(n_resources)
    total = np.zeros(n_resources)
    touched = np.empty(n_resources, np.int64)
    seen = np.zeros(n_resources, np.bool_)
    for group in range(group_start.size - 1):
        n_touched = 0
        for path in range(group_start[group], group_start[group + 1]):
            for k in range(path_start[path], path_start[path + 1]):
                r = resource[k]
                if not seen[r]:
                    seen[r] = True
                    touched[n_touched] = r
                    n_touched += 1
                mean[r] += charge[k] * share[path]
                total[r] += use[k] * weight[path]
                for other in range(path_start[path], path_start[path + 1]):
                    fall[r, resource[other]] += use[k] * weight[path] * charge[other]
        for i in range(n_touched):
            for j in range(n_touched):
                fall[touched[i], touched[j]] -= total[touched[i]] * mean[touched[j]]
        for i in range(n_touched):
            mean[touched[i]] = 0.0
            total[touched[i]] = 0.0
            seen[touched[i]] = False
    return fall
