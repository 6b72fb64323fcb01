"""One Newton step for all pairs of segments together, by conjugate gradients.

Pairs, bushes and loads are those of :mod:`karvan.kernels.bush`.  With shifts x between the segments
of pairs, Beckmann's function has the gradient ``-g``, g being how much dearer the second segments
are, and the Hessian ``Z' D Z``: Z says which pairs change the flow of which arcs, D holds the
slopes of the delays.  Steps of one pair after the other need many rounds where pairs share steep
arcs; this one needs few, since near equilibrium the error falls to its square.

References
----------
Hestenes and Stiefel (1952), Methods of conjugate gradients for solving linear systems,
https://doi.org/10.6028/jres.049.044 (not opened; the method with a diagonal preconditioner as in
any textbook).
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NodeArray = NDArray[np.uint32]
BoolArray = NDArray[np.bool_]

ROUNDS = 6
"""Times that pairs which have come to a bound are left out and the others levelled anew."""

_F, _F2 = types.float64[::1], types.float64[:, ::1]
_I = types.int64[::1]
_U, _U2 = types.uint32[::1], types.uint32[:, ::1]
_B = types.boolean[::1]


@njit(
    types.boolean(_U, _U, _U, _F, _U, types.int64, types.int64),
    cache=True,
    error_model="numpy",
)
def _open(
    tail: NodeArray,
    head: NodeArray,
    rank: NodeArray,
    own: FloatArray,
    arc: NodeArray,
    start: int,
    end: int,
) -> bool:
    """Whether flow may come on a segment: arcs that have none must go forward in the order."""
    for k in range(start, end):
        a = arc[k]
        if own[a] == 0.0 and rank[tail[a]] >= rank[head[a]]:
            return False
    return True


@njit(
    types.float64(_F, _I, _I, _U, types.int64),
    cache=True,
    error_model="numpy",
    forceinline=True,
)
def _dearer(
    price: FloatArray, start: IntArray, middle: IntArray, arc: NodeArray, pair: int
) -> float:
    """How much dearer the second segment of a pair is than the first."""
    difference = 0.0
    for k in range(start[pair], middle[pair]):
        difference -= price[arc[k]]
    for k in range(middle[pair], start[pair + 1]):
        difference += price[arc[k]]
    return difference


@njit(
    types.void(_F, _F2, _I, _I, _I, _I, _U, _F, _F),
    cache=True,
    error_model="numpy",
)
def _gradient(
    slope: FloatArray,
    cost: FloatArray,
    user_class: IntArray,
    bush: IntArray,
    start: IntArray,
    middle: IntArray,
    arc: NodeArray,
    dearer: FloatArray,
    curvature: FloatArray,
) -> None:
    """Write how much dearer second segments are, and how fast a shift changes that."""
    for pair in range(dearer.size):
        dearer[pair] = _dearer(cost[user_class[bush[pair]]], start, middle, arc, pair)
        bent = 0.0
        for k in range(start[pair], start[pair + 1]):
            bent += slope[arc[k]]
        curvature[pair] = bent


@njit(
    types.int64(_U, _U, _F2, _U2, _I, _I, _I, _U, _F, _F, _B, _F, _B),
    cache=True,
    error_model="numpy",
)
def _find_free(
    tail: NodeArray,
    head: NodeArray,
    flow: FloatArray,
    rank: NodeArray,
    bush: IntArray,
    start: IntArray,
    middle: IntArray,
    arc: NodeArray,
    left: FloatArray,
    curvature: FloatArray,
    stopped: BoolArray,
    wall: FloatArray,
    free: BoolArray,
) -> int:
    """Write which pairs may move the way that they should, and a resistance near their bounds.

    The resistance is that of Coleman and Li: a pair moves no further than it has flow.
    """
    many = 0
    for pair in range(left.size):
        row = bush[pair]
        own = flow[row]
        first = np.inf
        second = np.inf
        for k in range(start[pair], middle[pair]):
            first = min(first, own[arc[k]])
        for k in range(middle[pair], start[pair + 1]):
            second = min(second, own[arc[k]])
        movable = second if left[pair] > 0.0 else first
        # No curvature, or one that is infinite, is for steps of single pairs.
        moves = movable > 0.0 and 0.0 < curvature[pair] < np.inf and not stopped[pair]
        if moves and first == 0.0:
            moves = _open(tail, head, rank[row], own, arc, start[pair], middle[pair])
        if moves and second == 0.0:
            moves = _open(tail, head, rank[row], own, arc, middle[pair], start[pair + 1])
        wall[pair] = abs(left[pair]) / movable if moves else 0.0
        free[pair] = moves
        many += moves
    return many


@njit(
    types.void(_F, _I, _I, _U, _B, _F, _F, _F),
    cache=True,
    error_model="numpy",
)
def _product(
    slope: FloatArray,
    start: IntArray,
    middle: IntArray,
    arc: NodeArray,
    free: BoolArray,
    x: FloatArray,
    on_arc: FloatArray,
    result: FloatArray,
) -> None:
    """Write Z' D Z x for the free pairs; x of the others counts as well."""
    on_arc[:] = 0.0
    for pair in range(x.size):
        if x[pair] != 0.0:
            for k in range(start[pair], middle[pair]):
                on_arc[arc[k]] += x[pair]
            for k in range(middle[pair], start[pair + 1]):
                on_arc[arc[k]] -= x[pair]
    for a in range(slope.size):
        # An infinite slope belongs to no free pair.
        on_arc[a] = on_arc[a] * slope[a] if on_arc[a] != 0.0 else 0.0
    for pair in range(x.size):
        if free[pair]:
            total = 0.0
            for k in range(start[pair], middle[pair]):
                total += on_arc[arc[k]]
            for k in range(middle[pair], start[pair + 1]):
                total -= on_arc[arc[k]]
            result[pair] = total


@njit(types.float64(_F, _F, _B, _F), cache=True, error_model="numpy")
def _error(left: FloatArray, curvature: FloatArray, free: BoolArray, wall: FloatArray) -> float:
    """Error of the free pairs, squared, in the norm of the preconditioner."""
    error = 0.0
    for pair in range(left.size):
        if free[pair]:
            error += left[pair] * (left[pair] / (curvature[pair] + wall[pair]))
    return error


@njit(
    types.void(_F, _I, _I, _U, _F, _F, _B, _F, types.float64, types.int64, _F, _F),
    cache=True,
    error_model="numpy",
)
def _solve(
    slope: FloatArray,
    start: IntArray,
    middle: IntArray,
    arc: NodeArray,
    left: FloatArray,
    curvature: FloatArray,
    free: BoolArray,
    wall: FloatArray,
    enough: float,
    most: int,
    shift: FloatArray,
    on_arc: FloatArray,
) -> None:
    """Write shifts of the free pairs that level them, by conjugate gradients.

    They end where the error, that of :func:`_error`, is `enough`.
    """
    found = left.size
    rest = left.copy()
    way = np.zeros(found)
    product = np.zeros(found)
    shift[:] = 0.0
    error = 0.0
    for pair in range(found):
        if free[pair]:
            way[pair] = rest[pair] / (curvature[pair] + wall[pair])
            error += rest[pair] * way[pair]
    for _ in range(most):
        if not error > enough:
            break
        _product(slope, start, middle, arc, free, way, on_arc, product)
        bent = 0.0
        for pair in range(found):
            if free[pair]:
                product[pair] += wall[pair] * way[pair]
                bent += way[pair] * product[pair]
        if not bent > 0.0:
            break
        step = error / bent
        before = error
        error = 0.0
        for pair in range(found):
            if free[pair]:
                shift[pair] += step * way[pair]
                rest[pair] -= step * product[pair]
                error += rest[pair] * (rest[pair] / (curvature[pair] + wall[pair]))
        again = error / before
        for pair in range(found):
            if free[pair]:
                way[pair] = rest[pair] / (curvature[pair] + wall[pair]) + again * way[pair]


@njit(types.void(_F, _F, _I, _I, _U, types.int64, types.float64), cache=True)
def _move(
    link_flow: FloatArray,
    own: FloatArray,
    start: IntArray,
    middle: IntArray,
    arc: NodeArray,
    pair: int,
    amount: float,
) -> None:
    """Shift an amount from the second segment of a pair to the first."""
    for k in range(start[pair], middle[pair]):
        a = arc[k]
        own[a] = max(own[a] + amount, 0.0)
        link_flow[a] = max(link_flow[a] + amount, 0.0)
    for k in range(middle[pair], start[pair + 1]):
        a = arc[k]
        own[a] = max(own[a] - amount, 0.0)
        link_flow[a] = max(link_flow[a] - amount, 0.0)


@njit(
    types.float64(
        _U, _U, _F, _F2, _F, _F2, _I, _U2, _I, _I, _I, _U, _F, types.float64, types.int64
    ),
    cache=True,
    error_model="numpy",
)
def newton_step(
    tail: NodeArray,
    head: NodeArray,
    slope: FloatArray,
    cost: FloatArray,
    link_flow: FloatArray,
    flow: FloatArray,
    user_class: IntArray,
    rank: NodeArray,
    bush: IntArray,
    start: IntArray,
    middle: IntArray,
    arc: NodeArray,
    shift: FloatArray,
    precision: float,
    most: int,
) -> float:
    """Shift flow between all pairs by one Newton step, each as far as its flow goes.

    Slopes and costs are not brought to the new flows.

    Parameters
    ----------
    tail, head, slope, cost, link_flow, flow, user_class, rank
        Of arcs, loads and bushes; `link_flow` and `flow` are changed.
    bush, start, middle, arc
        Pairs.
    shift : ndarray, shape (n_pairs,)
        What each pair shifts from its second to its first segment is written to it.
    precision : float
        Share of the error, in the norm of the preconditioner, that may be left.
    most : int
        Products with the Hessian at most.

    Returns
    -------
    float
        How fast Beckmann's function falls along these shifts at their beginning, times their size.
    """
    found = shift.size
    dearer = np.empty(found)
    curvature = np.empty(found)
    wall = np.empty(found)
    part = np.empty(found)
    product = np.empty(found)
    free = np.empty(found, np.bool_)
    every = np.ones(found, np.bool_)
    stopped = np.zeros(found, np.bool_)
    on_arc = np.empty(slope.size)
    _gradient(slope, cost, user_class, bush, start, middle, arc, dearer, curvature)
    left = dearer.copy()
    shift[:] = 0.0
    enough = np.inf
    for _ in range(ROUNDS):
        if not _find_free(
            tail, head, flow, rank, bush, start, middle, arc, left, curvature, stopped, wall, free
        ):
            break
        # What pairs that stop leave to the others may be far more than there was to level.
        enough = min(enough, precision * precision * _error(left, curvature, free, wall))
        _solve(slope, start, middle, arc, left, curvature, free, wall, enough, most, part, on_arc)
        stops = 0
        for pair in range(found):
            amount = part[pair]
            if amount == 0.0:
                continue
            own = flow[bush[pair]]
            if amount > 0.0:
                for k in range(middle[pair], start[pair + 1]):
                    amount = min(amount, own[arc[k]])
            else:
                for k in range(start[pair], middle[pair]):
                    amount = max(amount, -own[arc[k]])
            if amount != part[pair]:
                stopped[pair] = True
                stops += 1
            shift[pair] += amount
            _move(link_flow, own, start, middle, arc, pair, amount)
        if stops == 0:
            break
        _product(slope, start, middle, arc, every, shift, on_arc, product)
        for pair in range(found):
            left[pair] = dearer[pair] - product[pair]
    promised = 0.0
    for pair in range(found):
        promised += shift[pair] * dearer[pair]
    return promised


@njit(types.float64(_F2, _I, _I, _I, _I, _U, _F), cache=True, error_model="numpy")
def promise(
    cost: FloatArray,
    user_class: IntArray,
    bush: IntArray,
    start: IntArray,
    middle: IntArray,
    arc: NodeArray,
    shift: FloatArray,
) -> float:
    """Return how fast Beckmann's function still falls along shifts that were made."""
    total = 0.0
    for pair in range(shift.size):
        if shift[pair] != 0.0:
            price = cost[user_class[bush[pair]]]
            total += shift[pair] * _dearer(price, start, middle, arc, pair)
    return total


@njit(types.void(_F, _F2, _I, _I, _I, _U, _F, types.float64), cache=True, error_model="numpy")
def take_back(
    link_flow: FloatArray,
    flow: FloatArray,
    bush: IntArray,
    start: IntArray,
    middle: IntArray,
    arc: NodeArray,
    shift: FloatArray,
    share: float,
) -> None:
    """Take back a share of shifts; `shift` becomes what is left of them.

    Half of the way flows may seem to be negative; at the end they are not, but for rounding.
    """
    for pair in range(shift.size):
        amount = share * shift[pair]
        if amount == 0.0:
            continue
        shift[pair] -= amount
        own = flow[bush[pair]]
        for k in range(start[pair], middle[pair]):
            own[arc[k]] -= amount
            link_flow[arc[k]] -= amount
        for k in range(middle[pair], start[pair + 1]):
            own[arc[k]] += amount
            link_flow[arc[k]] += amount
    for pair in range(shift.size):
        own = flow[bush[pair]]
        for k in range(start[pair], start[pair + 1]):
            own[arc[k]] = max(own[arc[k]], 0.0)
            link_flow[arc[k]] = max(link_flow[arc[k]], 0.0)
