"""User equilibrium on bushes: acyclic subnetworks, one for each origin and class.

Arcs are sorted by their head: those that end at node ``j`` stand at ``into[j]`` to
``into[j + 1] - 1``.  A bush is an order of the nodes and a row of flows on arcs.  Every arc that
goes forward in the order belongs to it: it is as large as an acyclic subnetwork can be, and one
pass along the order finds the shortest paths inside.  Where an arc that goes backward would shorten
a path, the order is made anew.  Shifts go between the two segments of a pair: from a used arc that
is not on the shortest path, back along the largest flows, to where the shortest path leaves.  Pairs
are kept and used again before the next pass over the bushes, which makes high precision cheap.

References
----------
Dial (2006), A path-based user-equilibrium traffic assignment algorithm that obviates path storage
and enumeration, https://doi.org/10.1016/j.trb.2006.02.008 (bushes);
Bar-Gera (2010), Traffic assignment by paired alternative segments,
https://doi.org/10.1016/j.trb.2009.11.004 (pairs that are used again).
"""

from typing import NamedTuple

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NodeArray = NDArray[np.uint32]
BoolArray = NDArray[np.bool_]

CONSTANT, LINEAR, QUARTIC, POWER, CONCAVE, CONICAL, QUEUE = range(7)
"""Kinds of delay; LINEAR and QUARTIC are powers that need no ``pow``, CONCAVE those below 1."""

QUEUE_LIMIT = 0.98
"""Utilization beyond which a queueing wait goes on along its tangent, so that it stays finite."""

LEAST_TOTAL = 1e-290
"""Flow at a node from which shares can be taken: below it a quotient may not be finite."""

SAME = 1e-14
"""Relative difference of two path costs that is rounding."""

TIE = 1e-13
"""Relative difference of two distances up to which rounding may have put one before the other."""

HALVINGS = 90
"""Steps of a bisection at most: about 20 for the size of a number, 53 for its digits."""

MOVES = 24
"""Moves a node, on average, after which sorting by insertion is given up for sorting by merging."""

_F, _F2 = types.float64[::1], types.float64[:, ::1]
_ARC_VALUE = types.float64(types.int64, *[types.float64] * 5)
_I = types.int64[::1]
# Half the memory of int64; unsigned, an index needs no test whether it counts from the end.
_U, _U2 = types.uint32[::1], types.uint32[:, ::1]


class Arcs(NamedTuple):
    """Network, sorted by head, with the delay of each arc.

    Attributes
    ----------
    into : ndarray of uint32, shape (n_nodes + 1,)
    tail, head : ndarray of uint32, shape (n_arcs,)
    out : ndarray of uint32, shape (n_nodes + 1,)
    out_arc : ndarray of uint32, shape (n_arcs,)
        ``out_arc[out[i]:out[i + 1]]`` are the arcs that leave node i.
    kind : ndarray of int, shape (n_arcs,)
    base, factor, inverse_capacity, shape : ndarray, shape (n_arcs,)
        Delay = base + factor * f(flow * inverse_capacity; shape), f by `kind`.
    toll : ndarray, shape (n_classes, n_arcs)
        Added to the delay for a class, in the same unit; inf where the class may not go.
    """

    into: NodeArray
    tail: NodeArray
    head: NodeArray
    out: NodeArray
    out_arc: NodeArray
    kind: IntArray
    base: FloatArray
    factor: FloatArray
    inverse_capacity: FloatArray
    shape: FloatArray
    toll: FloatArray


class Loads(NamedTuple):
    """What all bushes together put on each arc, and what follows from it; changed in place.

    Attributes
    ----------
    flow, slope : ndarray, shape (n_arcs,)
        Slope of the delay by flow.
    cost : ndarray, shape (n_classes, n_arcs)
        Delay plus toll.
    """

    flow: FloatArray
    slope: FloatArray
    cost: FloatArray


class Bushes(NamedTuple):
    """The bushes; changed in place.

    Attributes
    ----------
    source, user_class : ndarray of int, shape (n_bushes,)
    flow : ndarray, shape (n_bushes, n_arcs)
        Only arcs that go forward in the order have any.
    order : ndarray of uint32, shape (n_bushes, n_nodes)
        Nodes in topological order, the first `size` of a row.
    rank : ndarray of uint32, shape (n_bushes, n_nodes)
        Place of each node in the order.
    nearest : ndarray of uint32, shape (n_bushes, n_nodes)
        Last arc of the shortest path inside the bush to each node, as it was last seen.
    size : ndarray of int, shape (n_bushes,)
    demand_start : ndarray of int, shape (n_bushes + 1,)
    demand_node : ndarray of int, shape (n_demands,)
    demand : ndarray, shape (n_demands,)
    least : ndarray, shape (n_bushes,)
        Flow that counts as none.
    """

    source: IntArray
    user_class: IntArray
    flow: FloatArray
    order: NodeArray
    rank: NodeArray
    nearest: NodeArray
    size: IntArray
    demand_start: IntArray
    demand_node: IntArray
    demand: FloatArray
    least: FloatArray


class Pairs(NamedTuple):
    """Pairs of segments in CSR form; ``in_use[0]`` of them are in use.

    ``arc[start[k]:middle[k]]`` is the cheap segment of pair k, up to ``start[k + 1]`` the dear one.
    """

    bush: IntArray
    start: IntArray
    middle: IntArray
    arc: NodeArray
    in_use: IntArray


ARCS = types.NamedTuple((_U, _U, _U, _U, _U, _I, _F, _F, _F, _F, _F2), Arcs)
LOADS = types.NamedTuple((_F, _F, _F2), Loads)
BUSHES = types.NamedTuple((_I, _I, _F2, _U2, _U2, _U2, _I, _I, _I, _F, _F), Bushes)
PAIRS = types.NamedTuple((_I, _I, _I, _U, _I), Pairs)


@njit(_ARC_VALUE, cache=True, error_model="numpy")
def _delay(
    kind: int, base: float, factor: float, inverse: float, shape: float, flow: float
) -> float:
    if kind == CONSTANT:
        return base
    ratio = flow * inverse
    if kind == QUARTIC:
        square = ratio * ratio
        return base + factor * square * square
    if kind == LINEAR:
        return base + factor * ratio
    if kind in (POWER, CONCAVE):
        return base + factor * ratio**shape
    if kind == CONICAL:
        beta = (2.0 * shape - 1.0) / (2.0 * shape - 2.0)
        left = shape * (1.0 - ratio)
        return base + factor * (2.0 + np.sqrt(left * left + beta * beta) - left - beta)
    exponent = np.sqrt(2.0 * (shape + 1.0)) - 1.0
    if ratio < QUEUE_LIMIT:
        return base + factor * ratio**exponent / (shape * (1.0 - ratio))
    wait = QUEUE_LIMIT**exponent / (shape * (1.0 - QUEUE_LIMIT))
    steep = wait * (exponent / QUEUE_LIMIT + 1.0 / (1.0 - QUEUE_LIMIT))
    return base + factor * (wait + steep * (ratio - QUEUE_LIMIT))


@njit(_ARC_VALUE, cache=True, error_model="numpy")
def _slope(
    kind: int, base: float, factor: float, inverse: float, shape: float, flow: float
) -> float:
    """Slope of :func:`_delay` by flow; inf says that Newton's step cannot be trusted."""
    if kind == CONSTANT:
        return 0.0
    ratio = flow * inverse
    steepness = factor * inverse
    if kind == QUARTIC:
        return 4.0 * steepness * ratio * ratio * ratio
    if kind == LINEAR:
        return steepness
    if kind == POWER:
        return steepness * shape * ratio ** (shape - 1.0)
    if kind == CONCAVE:
        return np.inf
    if kind == CONICAL:
        beta = (2.0 * shape - 1.0) / (2.0 * shape - 2.0)
        left = shape * (1.0 - ratio)
        return steepness * shape * (1.0 - left / np.sqrt(left * left + beta * beta))
    exponent = np.sqrt(2.0 * (shape + 1.0)) - 1.0
    ratio = min(ratio, QUEUE_LIMIT)
    # No division by the ratio: a flow near 1e-308 would make it 0 * inf.
    power = ratio ** (exponent - 1.0) / (shape * (1.0 - ratio))
    return steepness * power * (exponent + ratio / (1.0 - ratio))


@njit(types.void(ARCS, LOADS, types.int64), cache=True, error_model="numpy", forceinline=True)
def _update(arcs: Arcs, loads: Loads, arc: int) -> None:
    """Make slope and cost of an arc those of its flow."""
    flow = loads.flow[arc]
    kind = arcs.kind[arc]
    base = arcs.base[arc]
    factor = arcs.factor[arc]
    inverse = arcs.inverse_capacity[arc]
    if kind == QUARTIC:
        ratio = flow * inverse
        cube = factor * ratio * ratio * ratio
        delay = base + cube * ratio
        loads.slope[arc] = 4.0 * inverse * cube
    else:
        shape = arcs.shape[arc]
        delay = _delay(kind, base, factor, inverse, shape, flow)
        loads.slope[arc] = _slope(kind, base, factor, inverse, shape, flow)
    for user in range(arcs.toll.shape[0]):
        loads.cost[user, arc] = delay + arcs.toll[user, arc]


@njit(types.void(ARCS, LOADS), cache=True, error_model="numpy")
def update(arcs: Arcs, loads: Loads) -> None:
    """Make slope and cost of all arcs those of their flows."""
    for arc in range(arcs.tail.size):
        _update(arcs, loads, arc)


@njit(_F(ARCS, LOADS), cache=True, error_model="numpy")
def slopes(arcs: Arcs, loads: Loads) -> FloatArray:
    """Return the slope of each delay at its flow; inf only where it is, at no flow."""
    result = loads.slope.copy()
    for arc in range(arcs.tail.size):
        if arcs.kind[arc] == CONCAVE and loads.flow[arc] > 0.0:
            result[arc] = _slope(
                POWER,
                arcs.base[arc],
                arcs.factor[arc],
                arcs.inverse_capacity[arc],
                arcs.shape[arc],
                loads.flow[arc],
            )
    return result


@njit(types.void(_F, _U, types.int64, types.float64, types.uint32), cache=True, forceinline=True)
def _push(key: FloatArray, node: NodeArray, size: int, new_key: float, new_node: int) -> None:
    """Put a node into a 4-ary min-heap that holds `size` nodes."""
    hole = size
    while hole > 0:
        parent = (hole - 1) >> 2
        if key[parent] <= new_key:
            break
        key[hole] = key[parent]
        node[hole] = node[parent]
        hole = parent
    key[hole] = new_key
    node[hole] = new_node


@njit(
    types.int64(ARCS, _F, types.int64, _F, _U, _U, _F, _U),
    cache=True,
    error_model="numpy",
)
def _shortest_tree(
    arcs: Arcs,
    cost: FloatArray,
    source: int,
    distance: FloatArray,
    nearest: NodeArray,
    order: NodeArray,
    key: FloatArray,
    node: NodeArray,
) -> int:
    """Dijkstra with a 4-ary heap in `key` and `node`, which hold n_arcs + 1 entries.

    Nodes are written to `order` as they are settled; returns how many.
    """
    distance[:] = np.inf
    distance[source] = 0.0
    key[0] = 0.0
    node[0] = source
    size = 1
    settled = 0
    while size > 0:
        here = key[0]
        i = node[0]
        size -= 1
        last_key = key[size]
        last_node = node[size]
        hole = 0
        while True:
            child = 4 * hole + 1
            if child >= size:
                break
            best = child
            for other in range(child + 1, min(child + 4, size)):
                if key[other] < key[best]:
                    best = other
            if key[best] >= last_key:
                break
            key[hole] = key[best]
            node[hole] = node[best]
            hole = best
        key[hole] = last_key
        node[hole] = last_node
        if here > distance[i]:
            continue
        order[settled] = i
        settled += 1
        for position in range(arcs.out[i], arcs.out[i + 1]):
            arc = arcs.out_arc[position]
            j = arcs.head[arc]
            there = here + cost[arc]
            if there < distance[j]:
                distance[j] = there
                nearest[j] = arc
                _push(key, node, size, there, j)
                size += 1
    return settled


@njit(types.void(ARCS, LOADS, BUSHES, types.boolean[::1]), cache=True, error_model="numpy")
def grow(arcs: Arcs, loads: Loads, bushes: Bushes, fresh: BoolArray) -> None:
    """Load the demand of each fresh bush on its shortest tree, one after the other as costs rise.

    Demand that cannot reach its node is set to zero.

    Parameters
    ----------
    fresh : ndarray of bool, shape (n_bushes,)
    """
    n_nodes = arcs.into.size - 1
    distance = np.empty(n_nodes)
    key = np.empty(arcs.tail.size + 1)
    node = np.empty(arcs.tail.size + 1, np.uint32)
    through = np.empty(n_nodes)
    for bush in range(bushes.source.size):
        if not fresh[bush]:
            continue
        order = bushes.order[bush]
        rank = bushes.rank[bush]
        nearest = bushes.nearest[bush]
        size = _shortest_tree(
            arcs,
            loads.cost[bushes.user_class[bush]],
            bushes.source[bush],
            distance,
            nearest,
            order,
            key,
            node,
        )
        bushes.size[bush] = size
        flow = bushes.flow[bush]
        flow[:] = 0.0
        through[:] = 0.0
        for entry in range(bushes.demand_start[bush], bushes.demand_start[bush + 1]):
            if distance[bushes.demand_node[entry]] == np.inf:
                bushes.demand[entry] = 0.0
            through[bushes.demand_node[entry]] += bushes.demand[entry]
        for k in range(size - 1, 0, -1):
            j = order[k]
            rank[j] = k
            amount = through[j]
            if amount > 0.0:
                arc = nearest[j]
                flow[arc] = amount
                through[arcs.tail[arc]] += amount
                loads.flow[arc] += amount
                _update(arcs, loads, arc)
        rank[order[0]] = 0


@njit(
    types.uint32(ARCS, _F, _F, types.uint32, types.uint32),
    cache=True,
    error_model="numpy",
    forceinline=True,
)
def _nearest(
    arcs: Arcs, cost: FloatArray, distance: FloatArray, j: np.uint32, known: np.uint32
) -> np.uint32:
    """Set the distance of a node and return its last arc; `known` where no arc has a distance.

    Some arc must end there.  Up to four are compared without a branch, some of them twice: where
    a loop over two or three arcs ends is always a surprise to the processor.
    """
    one = np.uint32(1)
    chosen, end = arcs.into[j], arcs.into[j + one]
    last = end - one
    second, third = min(chosen + one, last), min(chosen + np.uint32(2), last)
    fourth = min(chosen + np.uint32(3), last)
    further = chosen + np.uint32(4)
    best = distance[arcs.tail[chosen]] + cost[chosen]
    there = distance[arcs.tail[second]] + cost[second]
    less = there < best
    best = there if less else best
    chosen = second if less else chosen
    there = distance[arcs.tail[third]] + cost[third]
    other = distance[arcs.tail[fourth]] + cost[fourth]
    less = other < there
    there = other if less else there
    third = fourth if less else third
    less = there < best
    best = there if less else best
    chosen = third if less else chosen
    for arc in range(further, end):
        there = distance[arcs.tail[arc]] + cost[arc]
        less = there < best
        best = there if less else best
        chosen = np.uint32(arc) if less else chosen
    distance[j] = best
    return chosen if best < np.inf else known


@njit(types.void(ARCS, _F, _U, types.int64, _F, _U), cache=True, error_model="numpy")
def _measure(
    arcs: Arcs,
    cost: FloatArray,
    order: NodeArray,
    size: int,
    distance: FloatArray,
    nearest: NodeArray,
) -> None:
    """Shortest distance inside a bush, and the last arc of it.

    Arcs that go backward need no test: the distance of their tail is not known yet, which is inf.
    """
    distance[:] = np.inf
    distance[order[0]] = 0.0
    for k in range(1, size):
        j = order[k]
        nearest[j] = _nearest(arcs, cost, distance, j, nearest[j])


@njit(
    types.Tuple((types.int64, types.float64, types.boolean))(
        ARCS, _F, _F, types.float64, types.float64, types.boolean, _F, _U, _U
    ),
    cache=True,
    error_model="numpy",
)
def _look(
    arcs: Arcs,
    cost: FloatArray,
    flow: FloatArray,
    least: float,
    ignore: float,
    concave: bool,
    distance: FloatArray,
    nearest: NodeArray,
    dear: NodeArray,
) -> tuple[int, float, bool]:
    """Write the used arcs of some excess to `dear`, and drop flow that counts as none.

    Returns
    -------
    tuple
        How many they are; the excess of all arcs; whether backward arcs would shorten paths.
    """
    found = 0
    excess = 0.0
    shorter = False
    # Along the arcs, not the order: no loop of two or three rounds, whose end is always a surprise.
    for arc in range(np.uint64(arcs.tail.size)):
        j = arcs.head[arc]
        here = distance[j]
        there = distance[arcs.tail[arc]] + cost[arc]
        amount = flow[arc]
        if (there < here * (1.0 - SAME)) | ((amount > 0.0) & (there > here)):
            if there < here:
                shorter = True
            elif amount <= least and (here == 0.0 or not concave) and np.uint32(arc) != nearest[j]:
                flow[arc] = 0.0
            else:
                weight = (there - here) * amount
                excess += weight
                if (weight > ignore or (concave and amount <= least)) and there > here * (
                    1.0 + SAME
                ):
                    dear[found] = np.uint32(arc)
                    found += 1
    return found, excess, shorter


@njit(types.void(ARCS, _U, _U, types.int64), cache=True)
def _far_first(arcs: Arcs, rank: NodeArray, dear: NodeArray, found: int) -> None:
    """Sort arcs by the rank of their heads, the last first."""
    those = dear[:found].copy()
    by_rank = np.argsort(-rank[arcs.head[those]].astype(np.int64), kind="mergesort")
    for k in range(found):
        dear[k] = those[by_rank[k]]


@njit(types.void(_U, types.int64, _F), cache=True, error_model="numpy")
def _distribute(order: NodeArray, size: int, key: FloatArray) -> None:
    """Sort the nodes of an order into as many classes of key as they are many."""
    highest = 0.0
    for k in range(size):
        highest = max(highest, key[order[k]])
    if not 0.0 < highest < np.inf:
        return
    begin = np.zeros(size + 3, np.int64)
    for k in range(size):
        begin[min(int(key[order[k]] / highest * size), size) + 1] += 1
    for k in range(size + 1):
        begin[k + 1] += begin[k]
    old = order[:size].copy()
    for k in range(size):
        place = min(int(key[old[k]] / highest * size), size)
        order[begin[place]] = old[k]
        begin[place] += 1


@njit(types.void(_U, types.int64, _F), cache=True, error_model="numpy")
def _sort(order: NodeArray, size: int, key: FloatArray) -> None:
    """Sort the nodes of an order by key; equal ones stay as they are."""
    _distribute(order, size, key)
    left = MOVES * size
    for k in range(1, size):
        j = order[k]
        value = key[j]
        hole = k
        while hole > 0 and key[order[hole - 1]] > value:
            order[hole] = order[hole - 1]
            hole -= 1
        order[hole] = j
        left -= k - hole
        if left < 0:
            break
    if left < 0:
        old = order[:size].copy()
        by_key = np.argsort(key[old], kind="mergesort")
        for k in range(size):
            order[k] = old[by_key[k]]


@njit(types.void(ARCS, _F, _U, types.int64, _F, _U), cache=True, error_model="numpy")
def _label(
    arcs: Arcs, cost: FloatArray, order: NodeArray, size: int, label: FloatArray, last: NodeArray
) -> None:
    """Lower labels to the shortest distances in the whole network.

    Where one is lowered, `last` becomes the last arc of the shortest path.
    """
    lower = np.zeros(label.size, np.bool_)
    changed = False
    for arc in range(np.uint64(arcs.tail.size)):
        if label[arcs.tail[arc]] + cost[arc] < label[arcs.head[arc]]:
            lower[arcs.tail[arc]] = True
            changed = True
    while changed:
        changed = False
        for k in range(size):
            i = order[k]
            if not lower[i]:
                continue
            lower[i] = False
            for position in range(arcs.out[i], arcs.out[i + 1]):
                arc = arcs.out_arc[position]
                there = label[i] + cost[arc]
                if there < label[arcs.head[arc]]:
                    label[arcs.head[arc]] = there
                    last[arcs.head[arc]] = arc
                    lower[arcs.head[arc]] = True
                    changed = True


@njit(types.boolean(_U, types.int64, _F, _F, _U), cache=True, error_model="numpy")
def _number(
    order: NodeArray, size: int, label: FloatArray, place: FloatArray, by_label: NodeArray
) -> bool:
    """Number the nodes of an order by their labels; those that rounding tells apart are equal.

    Returns whether there are any of these.
    """
    by_label[:] = order[:size]
    _sort(by_label, size, label)
    here = 0.0
    before = 0.0
    rounded = False
    for k in range(size):
        j = by_label[k]
        further = label[j] > before * (1.0 + TIE)
        rounded |= label[j] > before and not further
        here += further
        before = label[j]
        place[j] = here
    return rounded


@njit(types.boolean(ARCS, _U, types.int64, _F, _F, _U, _F), cache=True, error_model="numpy")
def _put_behind(
    arcs: Arcs,
    order: NodeArray,
    size: int,
    distance: FloatArray,
    label: FloatArray,
    last: NodeArray,
    place: FloatArray,
) -> bool:
    """Put nodes that the bush has too far behind those of the same label, along shortest paths.

    Returns whether there are any.
    """
    found = False
    step = 1.0 / size
    way = np.empty(size, np.uint32)
    behind = np.zeros(label.size)
    for k in range(size):
        j = order[k]
        many = 0
        while behind[j] == 0.0 and distance[j] > label[j] * (1.0 + TIE):
            way[many] = j
            many += 1
            j = arcs.tail[last[j]]
        for back in range(many - 1, -1, -1):
            behind[way[back]] = behind[j] + step
            j = way[back]
            place[j] += behind[j]
            found = True
    return found


@njit(types.boolean(ARCS, _F, _U, types.int64, _F), cache=True)
def _raise(arcs: Arcs, flow: FloatArray, order: NodeArray, size: int, place: FloatArray) -> bool:
    """Raise places to that of any node from which a used arc comes; returns whether any was."""
    raised = False
    for k in range(1, size):
        j = order[k]
        highest = place[j]
        for arc in range(arcs.into[j], arcs.into[j + 1]):
            if flow[arc] > 0.0:
                highest = max(highest, place[arcs.tail[arc]])
        raised |= highest > place[j]
        place[j] = highest
    return raised


@njit(
    types.void(ARCS, _F, _F, _U, _U, types.int64, _F, _U, _F, _F),
    cache=True,
    error_model="numpy",
)
def _reorder(
    arcs: Arcs,
    cost: FloatArray,
    flow: FloatArray,
    order: NodeArray,
    rank: NodeArray,
    size: int,
    distance: FloatArray,
    nearest: NodeArray,
    label: FloatArray,
    place: FloatArray,
) -> None:
    """Order nodes by shortest distance in the whole network, as far as used arcs allow.

    That distance is `label`; a node stands no earlier than any from which a used arc comes.
    Among nodes of one distance, those come first to which the bush has a path of that length, in
    the order that they had, since arcs between them may be in use; then the others, by the number
    of arcs from there.  So, where all used paths are the shortest of the bush, the first node on
    any shorter path is reached forward, however many arcs cost nothing.
    `distance` and `nearest` must be those inside the bush, and are so again afterwards.
    """
    label[:] = distance
    last = nearest.copy()
    _label(arcs, cost, order, size, label, last)
    by_label = np.empty(size, np.uint32)
    moved = _number(order, size, label, place, by_label)
    moved |= _put_behind(arcs, order, size, distance, label, last, place)
    moved |= _raise(arcs, flow, order, size, place)
    if moved:
        _sort(order, size, place)
    else:
        order[:size] = by_label
    # Nodes that no arc reaches forward go to the end.  No flow enters them; what leaves them is
    # left of flow that counted as none, and must go, as it would go backward.
    distance[:] = np.inf
    distance[order[0]] = 0.0
    rank[order[0]] = 0
    placed = 1
    waiting = 0
    late = np.empty(size, np.uint32)
    for k in range(1, size):
        j = order[k]
        nearest[j] = _nearest(arcs, cost, distance, j, nearest[j])
        if distance[j] == np.inf:
            late[waiting] = j
            waiting += 1
            for position in range(arcs.out[j], arcs.out[j + 1]):
                flow[arcs.out_arc[position]] = 0.0
        else:
            order[placed] = j
            rank[j] = placed
            placed += 1
    for k in range(waiting):
        j = late[k]
        nearest[j] = _nearest(arcs, cost, distance, j, nearest[j])
        order[placed] = j
        rank[j] = placed
        placed += 1


@njit(
    types.float64(ARCS, _F, _U, types.int64, types.int64, types.int64, types.float64),
    cache=True,
    error_model="numpy",
)
def _difference(
    arcs: Arcs, flow: FloatArray, arc: NodeArray, start: int, middle: int, end: int, shift: float
) -> float:
    """How much dearer the second segment is than the first after a shift, without tolls."""
    difference = 0.0
    for k in range(start, end):
        a = arc[k]
        load = flow[a] + shift if k < middle else max(flow[a] - shift, 0.0)
        delay = _delay(
            arcs.kind[a],
            arcs.base[a],
            arcs.factor[a],
            arcs.inverse_capacity[a],
            arcs.shape[a],
            load,
        )
        difference += -delay if k < middle else delay
    return difference


@njit(
    types.float64(
        ARCS, _F, _U, types.int64, types.int64, types.int64, types.float64, types.float64
    ),
    cache=True,
    error_model="numpy",
)
def _bisect(
    arcs: Arcs,
    flow: FloatArray,
    arc: NodeArray,
    start: int,
    middle: int,
    end: int,
    dearer: float,
    movable: float,
) -> float:
    """Shift from the second segment that levels the two, for delays with infinite slope.

    `dearer` may be negative: then the shift goes the other way, and so does the result.
    """
    tolls = dearer - _difference(arcs, flow, arc, start, middle, end, 0.0)
    sign = 1.0 if dearer > 0.0 else -1.0
    low = 0.0
    high = movable
    part = 0.5
    for _ in range(HALVINGS):
        if low == 0.0:
            # Where a power is small, 1e-60 of the flow may level the two: the size comes first.
            amount = part * high
            part *= part
        elif high > 2.0 * low:
            amount = np.sqrt(low) * np.sqrt(high)
        else:
            amount = 0.5 * (low + high)
        if amount <= low or amount >= high:
            break
        there = _difference(arcs, flow, arc, start, middle, end, sign * amount) + tolls
        if sign * there > 0.0:
            low = amount
        else:
            high = amount
    return sign * high


@njit(types.boolean(ARCS, PAIRS, types.int64), cache=True)
def _decides(arcs: Arcs, pairs: Pairs, pair: int) -> bool:
    """Whether a trace of flow may decide what the second segment of a pair costs."""
    found = False
    for k in range(pairs.middle[pair], pairs.start[pair + 1]):
        found |= arcs.kind[pairs.arc[k]] == CONCAVE
    return found


@njit(types.boolean(ARCS, _U, _F, _U, types.int64, types.int64), cache=True)
def _forward(
    arcs: Arcs, rank: NodeArray, own: FloatArray, arc: NodeArray, start: int, end: int
) -> bool:
    """Whether flow may go on a segment: arcs that have none yet must go forward in the order."""
    for k in range(start, end):
        a = arc[k]
        if own[a] == 0.0 and rank[arcs.tail[a]] >= rank[arcs.head[a]]:
            return False
    return True


@njit(
    types.float64(ARCS, LOADS, BUSHES, PAIRS, types.int64, types.int64, types.float64),
    cache=True,
    error_model="numpy",
)
def _balance(
    arcs: Arcs,
    loads: Loads,
    bushes: Bushes,
    pairs: Pairs,
    first: int,
    last: int,
    relax: float,
) -> float:
    """Shift flow between the segments of the pairs `first` to `last` - 1, each by a Newton step.

    Parameters
    ----------
    relax : float
        Multiple of Newton's step, from 1 to below 2.

    Returns
    -------
    float
        Sum over the pairs of cost difference times movable flow, before the shifts.
    """
    excess = 0.0
    for pair in range(first, last):
        start = pairs.start[pair]
        middle = pairs.middle[pair]
        end = pairs.start[pair + 1]
        bush = pairs.bush[pair]
        own = bushes.flow[bush]
        cost = loads.cost[bushes.user_class[bush]]
        dearer = 0.0
        slope = 0.0
        cheap_flow = np.inf
        dear_flow = np.inf
        for k in range(start, middle):
            a = pairs.arc[k]
            dearer -= cost[a]
            slope += loads.slope[a]
            cheap_flow = min(cheap_flow, own[a])
        for k in range(middle, end):
            a = pairs.arc[k]
            dearer += cost[a]
            slope += loads.slope[a]
            dear_flow = min(dear_flow, own[a])
        if dearer > 0.0:
            movable = dear_flow
            if movable <= 0.0:
                continue
            if cheap_flow == 0.0 and not _forward(
                arcs, bushes.rank[bush], own, pairs.arc, start, middle
            ):
                continue
        else:
            movable = cheap_flow
            if movable <= 0.0 or dearer == 0.0:
                continue
            if dear_flow == 0.0 and not _forward(
                arcs, bushes.rank[bush], own, pairs.arc, middle, end
            ):
                continue
        excess += abs(dearer) * movable
        if slope == np.inf:
            shift = _bisect(arcs, loads.flow, pairs.arc, start, middle, end, dearer, movable)
        elif slope * movable > relax * abs(dearer):
            shift = relax * dearer / slope
        else:
            shift = movable if dearer > 0.0 else -movable
        for k in range(start, end):
            a = pairs.arc[k]
            change = shift if k < middle else -shift
            own[a] = max(own[a] + change, 0.0)
            loads.flow[a] = max(loads.flow[a] + change, 0.0)
            _update(arcs, loads, a)
    return excess


@njit(
    types.void(ARCS, _F, PAIRS, types.int64, types.uint32, types.uint32, _U, _U, _U),
    cache=True,
    error_model="numpy",
)
def _trace(
    arcs: Arcs,
    flow: FloatArray,
    pairs: Pairs,
    pair: int,
    cheap: int,
    dear: int,
    nearest: NodeArray,
    rank: NodeArray,
    room: NodeArray,
) -> None:
    """Write the pair of segments that end with the arcs `cheap` and `dear`.

    The cheap one follows the shortest path back, the dear one the largest flow, until they meet.
    """
    start = pairs.start[pair]
    pairs.arc[start] = cheap
    room[0] = dear
    n_cheap = 1
    n_dear = 1
    u = arcs.tail[cheap]
    v = arcs.tail[dear]
    while u != v:
        if rank[u] > rank[v]:
            pairs.arc[start + n_cheap] = nearest[u]
            n_cheap += 1
            u = arcs.tail[nearest[u]]
        else:
            widest = nearest[v]
            most = 0.0
            for arc in range(arcs.into[v], arcs.into[v + 1]):
                if flow[arc] > most:
                    most = flow[arc]
                    widest = np.uint32(arc)
            room[n_dear] = widest
            n_dear += 1
            v = arcs.tail[widest]
    middle = start + n_cheap
    pairs.arc[middle : middle + n_dear] = room[:n_dear]
    pairs.middle[pair] = middle
    pairs.start[pair + 1] = middle + n_dear


@njit(
    types.float64(
        ARCS, LOADS, BUSHES, PAIRS, types.int64, types.uint32, types.uint32, _U, types.boolean
    ),
    cache=True,
    error_model="numpy",
    forceinline=True,
)
def _shift_from(
    arcs: Arcs,
    loads: Loads,
    bushes: Bushes,
    pairs: Pairs,
    pair: int,
    cheap: int,
    dear: int,
    room: NodeArray,
    concave: bool,
) -> float:
    """Write the pair of segments that end with two arcs and shift flow; returns its excess.

    Where delays may be concave, a trace of flow that decides nothing or leads nowhere is dropped.
    """
    bush = pairs.bush[pair]
    flow = bushes.flow[bush]
    _trace(arcs, flow, pairs, pair, cheap, dear, bushes.nearest[bush], bushes.rank[bush], room)
    trace = concave and flow[dear] <= bushes.least[bush]
    gain = 0.0
    if not trace or _decides(arcs, pairs, pair):
        gain = _balance(arcs, loads, bushes, pairs, pair, pair + 1, 1.0)
    if trace and gain == 0.0:
        flow[dear] = 0.0
    return gain


@njit(
    types.UniTuple(types.float64, 4)(ARCS, LOADS, BUSHES, _I, PAIRS, types.boolean, types.float64),
    cache=True,
    error_model="numpy",
)
def sweep(
    arcs: Arcs,
    loads: Loads,
    bushes: Bushes,
    which: IntArray,
    pairs: Pairs,
    keep: bool,
    ignore: float,
) -> tuple[float, float, float, float]:
    """Look at bushes, find pairs in them, shift flow between their segments, keep the pairs.

    Pairs that do not fit are used once and not kept.

    Parameters
    ----------
    which : ndarray of int
        Bushes to look at, in this order.
    keep : bool
        Whether the pairs of earlier sweeps stay beside the new ones.
    ignore : float
        Excess (flow times cost above the shortest path) of one arc that is left alone.

    Returns
    -------
    tuple of float
        Excess of these bushes before their shifts; the part of it that pairs were found for; the
        part that no pair can lower yet, as used arcs stand in the way; cost of their demand on
        shortest paths.
    """
    n_nodes = arcs.into.size - 1
    distance = np.empty(n_nodes)
    label = np.empty(n_nodes)
    place = np.empty(n_nodes)
    room = np.empty(n_nodes, np.uint32)
    dear = np.empty(arcs.tail.size, np.uint32)
    concave = bool((arcs.kind == CONCAVE).any())
    found = pairs.in_use[0] if keep else 0
    excess = 0.0
    treated = 0.0
    blocked = 0.0
    shortest = 0.0
    pairs.start[0] = 0
    for bush in which:
        flow = bushes.flow[bush]
        order = bushes.order[bush]
        rank = bushes.rank[bush]
        nearest = bushes.nearest[bush]
        size = bushes.size[bush]
        cost = loads.cost[bushes.user_class[bush]]
        least = bushes.least[bush]
        _measure(arcs, cost, order, size, distance, nearest)
        n_dear, above, shorter = _look(
            arcs, cost, flow, least, ignore, concave, distance, nearest, dear
        )
        if shorter:
            _reorder(arcs, cost, flow, order, rank, size, distance, nearest, label, place)
            n_dear, above, shorter = _look(
                arcs, cost, flow, least, ignore, concave, distance, nearest, dear
            )
        for entry in range(bushes.demand_start[bush], bushes.demand_start[bush + 1]):
            if bushes.demand[entry] > 0.0:
                node = bushes.demand_node[entry]
                there = distance[node]
                if shorter and label[node] < there:
                    # Used arcs stand in the way of a shorter path: that is excess as well.
                    blocked += bushes.demand[entry] * (there - label[node])
                    there = label[node]
                shortest += bushes.demand[entry] * there
        excess += above
        if n_dear > 1:
            _far_first(arcs, rank, dear, n_dear)
        for k in range(n_dear):
            arc = dear[k]
            j = arcs.head[arc]
            above = distance[arcs.tail[arc]] + cost[arc] - distance[j]
            trace = concave and 0.0 < flow[arc] <= least
            much = above * flow[arc] > ignore or trace
            if arc == nearest[j] or not much or above <= SAME * distance[j]:
                continue
            pairs.bush[found] = bush
            gain = _shift_from(arcs, loads, bushes, pairs, found, nearest[j], arc, room, concave)
            treated += gain
            end = pairs.start[found + 1]
            if gain > 0.0 and found + 1 < pairs.bush.size and end + 2 * n_nodes < pairs.arc.size:
                found += 1
    pairs.in_use[0] = found
    return excess + blocked, treated, blocked, shortest


@njit(
    types.float64(ARCS, LOADS, BUSHES, PAIRS, types.float64, types.int64, types.float64),
    cache=True,
    error_model="numpy",
)
def repeat(
    arcs: Arcs,
    loads: Loads,
    bushes: Bushes,
    pairs: Pairs,
    enough: float,
    most_visits: int,
    relax: float,
) -> float:
    """Go through the kept pairs until their excess is `enough` or `most_visits` arcs were seen.

    Pairs that share arcs undo a part of each other's shifts; steps of `relax` times Newton's go
    ahead of that (successive over-relaxation).

    Returns
    -------
    float
        Excess of the pairs in the last round, before its shifts.
    """
    found = pairs.in_use[0]
    visits = 0
    excess = np.inf if found > 0 else 0.0
    multiple = relax
    while excess > enough and visits < most_visits:
        before = excess
        excess = _balance(arcs, loads, bushes, pairs, 0, found, multiple)
        visits += pairs.start[found]
        # Where delays have a kink, longer steps may go to and fro across it for ever.
        multiple = relax if excess < before else 1.0
    return excess


@njit(types.void(ARCS, _F, _U, _U, types.int64, _F), cache=True, error_model="numpy")
def _divide(
    arcs: Arcs,
    flow: FloatArray,
    order: NodeArray,
    nearest: NodeArray,
    size: int,
    through: FloatArray,
) -> None:
    """Bring what goes `through` each node of a bush there, by the shares that its arcs have had."""
    for k in range(size - 1, 0, -1):
        j = order[k]
        total = 0.0
        for arc in range(arcs.into[j], arcs.into[j + 1]):
            total += flow[arc]
        amount = through[j]
        if total > LEAST_TOTAL:
            share = amount / total
            for arc in range(arcs.into[j], arcs.into[j + 1]):
                if flow[arc] > 0.0:
                    flow[arc] *= share
                    through[arcs.tail[arc]] += flow[arc]
        elif amount > 0.0 or total > 0.0:
            flow[arcs.into[j] : arcs.into[j + 1]] = 0.0
            flow[nearest[j]] = amount
            through[arcs.tail[nearest[j]]] += amount


@njit(types.void(ARCS, LOADS, BUSHES, types.boolean[::1]), cache=True, error_model="numpy")
def settle(arcs: Arcs, loads: Loads, bushes: Bushes, which: BoolArray) -> None:
    """Make flows conserve to the last digits: rebuild bushes from shares, loads from all bushes.

    The demands of `bushes` may have changed since; every node keeps its shares by arc.

    Parameters
    ----------
    which : ndarray of bool, shape (n_bushes,)
        Bushes to rebuild.
    """
    through = np.empty(arcs.into.size - 1)
    loads.flow[:] = 0.0
    for bush in range(bushes.source.size):
        flow = bushes.flow[bush]
        if which[bush]:
            through[:] = 0.0
            for entry in range(bushes.demand_start[bush], bushes.demand_start[bush + 1]):
                through[bushes.demand_node[entry]] += bushes.demand[entry]
            _divide(
                arcs, flow, bushes.order[bush], bushes.nearest[bush], bushes.size[bush], through
            )
        for arc in range(arcs.tail.size):
            loads.flow[arc] += flow[arc]
    for arc in range(arcs.tail.size):
        _update(arcs, loads, arc)


@njit(_F(ARCS, BUSHES, _F), cache=True, error_model="numpy")
def average(arcs: Arcs, bushes: Bushes, value: FloatArray) -> FloatArray:
    """Return the mean over used paths of the sum of arc values, for each entry of demand.

    Parameters
    ----------
    value : ndarray, shape (n_arcs,)

    Returns
    -------
    ndarray, shape (n_demands,)
    """
    mean = np.zeros(arcs.into.size - 1)
    result = np.zeros(bushes.demand.size)
    for bush in range(bushes.source.size):
        flow = bushes.flow[bush]
        order = bushes.order[bush]
        mean[order[0]] = 0.0
        for k in range(1, bushes.size[bush]):
            j = order[k]
            total = 0.0
            weighted = 0.0
            for arc in range(arcs.into[j], arcs.into[j + 1]):
                if flow[arc] > 0.0:
                    total += flow[arc]
                    weighted += flow[arc] * (mean[arcs.tail[arc]] + value[arc])
            mean[j] = weighted / total if total > 0.0 else 0.0
        for entry in range(bushes.demand_start[bush], bushes.demand_start[bush + 1]):
            result[entry] = mean[bushes.demand_node[entry]]
    return result
