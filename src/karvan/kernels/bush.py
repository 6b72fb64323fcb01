"""User equilibrium on bushes: acyclic subnetworks, one for each origin and class.

Arcs are sorted by their head: those that end at node ``j`` stand at ``into[j]`` to
``into[j + 1] - 1``.  A bush is a row of flows on arcs, -1 where the arc is not in the bush, with a
topological order of its nodes.  Shifts go between the two segments of a pair: from a used arc
that is not on the shortest path, back along the largest flows, to where the shortest path leaves.
Pairs are kept and used again before the next pass over the bushes, which is what makes high
precision cheap.

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
BoolArray = NDArray[np.bool_]

CONSTANT, LINEAR, QUARTIC, POWER, CONCAVE, CONICAL, QUEUE = range(7)
"""Kinds of delay; LINEAR and QUARTIC are powers that need no ``pow``, CONCAVE those below 1."""

QUEUE_LIMIT = 0.98
"""Utilization beyond which a queueing wait goes on along its tangent, so that it stays finite."""

WIDE = 0.1
"""Share of the largest flow into a node that still counts as large."""

LEAST_TOTAL = 1e-290
"""Flow at a node from which shares can be taken: below it a quotient may not be finite."""

SAME = 1e-14
"""Relative difference of two path costs that is rounding."""

_F, _F2 = types.float64[::1], types.float64[:, ::1]
_ARC_VALUE = types.float64(types.int64, *[types.float64] * 5)
_I, _I2 = types.int64[::1], types.int64[:, ::1]


class Arcs(NamedTuple):
    """Network, sorted by head, with the delay of each arc.

    Attributes
    ----------
    into : ndarray of int, shape (n_nodes + 1,)
    tail, head : ndarray of int, shape (n_arcs,)
    out : ndarray of int, shape (n_nodes + 1,)
    out_arc : ndarray of int, shape (n_arcs,)
        ``out_arc[out[i]:out[i + 1]]`` are the arcs that leave node i.
    kind : ndarray of int, shape (n_arcs,)
    base, factor, inverse_capacity, shape : ndarray, shape (n_arcs,)
        Delay = base + factor * f(flow * inverse_capacity; shape), f by `kind`.
    toll : ndarray, shape (n_classes, n_arcs)
        Added to the delay for a class, in the same unit; inf where the class may not go.
    """

    into: IntArray
    tail: IntArray
    head: IntArray
    out: IntArray
    out_arc: IntArray
    kind: IntArray
    base: FloatArray
    factor: FloatArray
    inverse_capacity: FloatArray
    shape: FloatArray
    toll: FloatArray


class Loads(NamedTuple):
    """What all bushes together put on each arc, and the delay that follows; changed in place."""

    flow: FloatArray
    delay: FloatArray


class Bushes(NamedTuple):
    """The bushes; changed in place.

    Attributes
    ----------
    source, user_class : ndarray of int, shape (n_bushes,)
    flow : ndarray, shape (n_bushes, n_arcs)
        -1 where the arc is not in the bush.
    order : ndarray of int, shape (n_bushes, n_nodes)
        Nodes in topological order, the first `size` of a row.
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
    order: IntArray
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
    arc: IntArray
    in_use: IntArray


ARCS = types.NamedTuple((_I, _I, _I, _I, _I, _I, _F, _F, _F, _F, _F2), Arcs)
LOADS = types.NamedUniTuple(_F, 2, Loads)
BUSHES = types.NamedTuple((_I, _I, _F2, _I2, _I, _I, _I, _F, _F), Bushes)
PAIRS = types.NamedUniTuple(_I, 5, Pairs)


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


@njit(types.void(_F, _I, types.int64, types.float64, types.int64), cache=True)
def _push(key: FloatArray, node: IntArray, size: int, new_key: float, new_node: int) -> None:
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
    types.int64(ARCS, _F, types.int64, types.int64, _F, _I, _I, _F, _I),
    cache=True,
    error_model="numpy",
)
def _shortest_tree(
    arcs: Arcs,
    delay: FloatArray,
    user_class: int,
    source: int,
    distance: FloatArray,
    previous: IntArray,
    order: IntArray,
    key: FloatArray,
    node: IntArray,
) -> int:
    """Dijkstra with a 4-ary heap in `key` and `node`, which hold n_arcs + 1 entries.

    Nodes are written to `order` as they are settled; returns how many.
    """
    toll = arcs.toll[user_class]
    distance[:] = np.inf
    previous[:] = -1
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
            there = here + (delay[arc] + toll[arc])
            if there < distance[j]:
                distance[j] = there
                previous[j] = arc
                _push(key, node, size, there, j)
                size += 1
    return settled


@njit(types.void(ARCS, LOADS, BUSHES, types.boolean[::1]), cache=True, error_model="numpy")
def grow(arcs: Arcs, loads: Loads, bushes: Bushes, fresh: BoolArray) -> None:
    """Make each fresh bush its shortest tree and load it, one after the other as delays rise.

    Demand that cannot reach its node is set to zero.

    Parameters
    ----------
    fresh : ndarray of bool, shape (n_bushes,)
    """
    n_nodes = arcs.into.size - 1
    distance = np.empty(n_nodes)
    previous = np.empty(n_nodes, np.int64)
    key = np.empty(arcs.tail.size + 1)
    node = np.empty(arcs.tail.size + 1, np.int64)
    through = np.empty(n_nodes)
    for bush in range(bushes.source.size):
        if not fresh[bush]:
            continue
        source = bushes.source[bush]
        order = bushes.order[bush]
        size = _shortest_tree(
            arcs,
            loads.delay,
            bushes.user_class[bush],
            source,
            distance,
            previous,
            order,
            key,
            node,
        )
        bushes.size[bush] = size
        flow = bushes.flow[bush]
        flow[:] = -1.0
        through[:] = 0.0
        for entry in range(bushes.demand_start[bush], bushes.demand_start[bush + 1]):
            if distance[bushes.demand_node[entry]] == np.inf:
                bushes.demand[entry] = 0.0
            through[bushes.demand_node[entry]] += bushes.demand[entry]
        for k in range(size - 1, 0, -1):
            amount = through[order[k]]
            arc = previous[order[k]]
            flow[arc] = amount
            if amount > 0.0:
                through[arcs.tail[arc]] += amount
                loads.flow[arc] += amount
                loads.delay[arc] = _delay(
                    arcs.kind[arc],
                    arcs.base[arc],
                    arcs.factor[arc],
                    arcs.inverse_capacity[arc],
                    arcs.shape[arc],
                    loads.flow[arc],
                )


@njit(types.void(ARCS, _F, _I, types.int64, _I), cache=True)
def _sort(arcs: Arcs, flow: FloatArray, order: IntArray, size: int, waiting: IntArray) -> None:
    """Renew the topological order of a bush (Kahn)."""
    for k in range(size):
        j = order[k]
        waiting[j] = 0
        for arc in range(arcs.into[j], arcs.into[j + 1]):
            if flow[arc] >= 0.0:
                waiting[j] += 1
    found = 1
    for k in range(size):
        for position in range(arcs.out[order[k]], arcs.out[order[k] + 1]):
            arc = arcs.out_arc[position]
            if flow[arc] >= 0.0:
                j = arcs.head[arc]
                waiting[j] -= 1
                if waiting[j] == 0:
                    order[found] = j
                    found += 1


@njit(
    types.void(ARCS, _F, BUSHES, types.int64, types.float64, _F, _I, _I),
    cache=True,
    error_model="numpy",
)
def _measure(
    arcs: Arcs,
    delay: FloatArray,
    bushes: Bushes,
    bush: int,
    level: float,
    distance: FloatArray,
    nearest: IntArray,
    rank: IntArray,
) -> None:
    """Shortest distance inside a bush, the last arc of it, and the rank of each of its nodes.

    Of arcs whose distances differ by a share of at most `level`, that with the last tail is taken.
    """
    toll = arcs.toll[bushes.user_class[bush]]
    flow = bushes.flow[bush]
    order = bushes.order[bush]
    distance[order[0]] = 0.0
    rank[order[0]] = 0
    for k in range(1, bushes.size[bush]):
        j = order[k]
        best = np.inf
        chosen = -1
        for arc in range(arcs.into[j], arcs.into[j + 1]):
            if flow[arc] >= 0.0:
                there = distance[arcs.tail[arc]] + (delay[arc] + toll[arc])
                if there < best * (1.0 - level):
                    best = there
                    chosen = arc
                elif level > 0.0 and there <= best * (1.0 + level):
                    best = min(best, there)
                    if rank[arcs.tail[arc]] > rank[arcs.tail[chosen]]:
                        chosen = arc
        distance[j] = best
        nearest[j] = chosen
        rank[j] = k


@njit(
    types.boolean(ARCS, _F, BUSHES, types.int64, _F, _F, _I, _I, _I),
    cache=True,
    error_model="numpy",
)
def _extend(
    arcs: Arcs,
    delay: FloatArray,
    bushes: Bushes,
    bush: int,
    distance: FloatArray,
    raised: FloatArray,
    nearest: IntArray,
    rank: IntArray,
    waiting: IntArray,
) -> bool:
    """Drop unused arcs from a bush and add those that shorten paths; return if any was added.

    An arc is added only forwards in an order that the bush already keeps: the shortest distance,
    raised to that of every node before, ties by topological order.  So no cycle can arise, also
    among arcs that cost nothing.
    """
    toll = arcs.toll[bushes.user_class[bush]]
    flow = bushes.flow[bush]
    order = bushes.order[bush]
    size = bushes.size[bush]
    least = bushes.least[bush]
    raised[order[0]] = 0.0
    for k in range(1, size):
        j = order[k]
        highest = distance[j]
        for arc in range(arcs.into[j], arcs.into[j + 1]):
            if flow[arc] > least or arc == nearest[j]:
                highest = max(highest, raised[arcs.tail[arc]])
            elif flow[arc] >= 0.0:
                flow[arc] = -1.0
        raised[j] = highest
    added = False
    in_order = True
    for k in range(1, size):
        j = order[k]
        limit = distance[j] * (1.0 - SAME)
        for arc in range(arcs.into[j], arcs.into[j + 1]):
            i = arcs.tail[arc]
            if flow[arc] >= 0.0 or distance[i] + (delay[arc] + toll[arc]) >= limit:
                continue
            if raised[i] < raised[j] or (raised[i] == raised[j] and rank[i] < k):
                flow[arc] = 0.0
                added = True
                in_order = in_order and rank[i] < k
    if not in_order:
        _sort(arcs, flow, order, size, waiting)
    return added


@njit(
    types.float64(ARCS, _F, _I, types.int64, types.int64, types.int64, types.float64),
    cache=True,
    error_model="numpy",
)
def _difference(
    arcs: Arcs, flow: FloatArray, arc: IntArray, start: int, middle: int, end: int, shift: float
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
        ARCS, _F, _I, types.int64, types.int64, types.int64, types.float64, types.float64
    ),
    cache=True,
    error_model="numpy",
)
def _bisect(
    arcs: Arcs,
    flow: FloatArray,
    arc: IntArray,
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
    for _ in range(60):
        amount = 0.5 * (low + high)
        there = _difference(arcs, flow, arc, start, middle, end, sign * amount) + tolls
        if sign * there > 0.0:
            low = amount
        else:
            high = amount
    return sign * high


@njit(
    types.float64(ARCS, LOADS, BUSHES, PAIRS, types.int64, types.int64),
    cache=True,
    error_model="numpy",
)
def _balance(
    arcs: Arcs, loads: Loads, bushes: Bushes, pairs: Pairs, first: int, last: int
) -> float:
    """Shift flow between the segments of the pairs `first` to `last` - 1, one Newton step each.

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
        toll = arcs.toll[bushes.user_class[bush]]
        dearer = 0.0
        slope = 0.0
        cheap_flow = np.inf
        dear_flow = np.inf
        for k in range(start, end):
            a = pairs.arc[k]
            cost = loads.delay[a] + toll[a]
            slope += _slope(
                arcs.kind[a],
                arcs.base[a],
                arcs.factor[a],
                arcs.inverse_capacity[a],
                arcs.shape[a],
                loads.flow[a],
            )
            if k < middle:
                dearer -= cost
                cheap_flow = min(cheap_flow, own[a])
            else:
                dearer += cost
                dear_flow = min(dear_flow, own[a])
        movable = dear_flow if dearer > 0.0 else cheap_flow
        # A pair that is kept may hold arcs that have left the bush, whose flow is -1.
        if movable <= 0.0 or min(dear_flow, cheap_flow) < 0.0 or dearer == 0.0:
            continue
        excess += abs(dearer) * movable
        if slope == np.inf:
            shift = _bisect(arcs, loads.flow, pairs.arc, start, middle, end, dearer, movable)
        elif slope * movable > abs(dearer):
            shift = dearer / slope
        else:
            shift = movable if dearer > 0.0 else -movable
        for k in range(start, end):
            a = pairs.arc[k]
            change = shift if k < middle else -shift
            own[a] = max(own[a] + change, 0.0)
            loads.flow[a] = max(loads.flow[a] + change, 0.0)
            loads.delay[a] = _delay(
                arcs.kind[a],
                arcs.base[a],
                arcs.factor[a],
                arcs.inverse_capacity[a],
                arcs.shape[a],
                loads.flow[a],
            )
    return excess


@njit(
    types.void(ARCS, _F, PAIRS, types.int64, types.int64, types.int64, types.boolean, _I, _I, _I),
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
    late: bool,
    nearest: IntArray,
    rank: IntArray,
    room: IntArray,
) -> None:
    """Write the pair of segments that end with the arcs `cheap` and `dear`.

    The cheap one follows the shortest path back, the dear one the largest flow, until they meet;
    or, if they shall meet `late`, the last tail among the arcs of large flow.
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
            widest = arcs.into[v]
            for arc in range(arcs.into[v] + 1, arcs.into[v + 1]):
                if flow[arc] > flow[widest]:
                    widest = arc
            if late:
                enough = WIDE * flow[widest]
                for arc in range(arcs.into[v], arcs.into[v + 1]):
                    if flow[arc] > enough and rank[arcs.tail[arc]] > rank[arcs.tail[widest]]:
                        widest = arc
            room[n_dear] = widest
            n_dear += 1
            v = arcs.tail[widest]
    middle = start + n_cheap
    pairs.arc[middle : middle + n_dear] = room[:n_dear]
    pairs.middle[pair] = middle
    pairs.start[pair + 1] = middle + n_dear


@njit(
    types.UniTuple(types.float64, 3)(
        ARCS, LOADS, BUSHES, PAIRS, types.boolean, types.float64, types.float64
    ),
    cache=True,
    error_model="numpy",
)
def sweep(
    arcs: Arcs,
    loads: Loads,
    bushes: Bushes,
    pairs: Pairs,
    keep: bool,
    ignore: float,
    level: float,
) -> tuple[float, float, float]:
    """Renew every bush, find pairs in it, shift flow between their segments, keep the pairs.

    Pairs that do not fit are used once and not kept.

    Parameters
    ----------
    keep : bool
        Whether the pairs of earlier sweeps stay beside the new ones.
    ignore : float
        Excess (flow times cost above the shortest path) of one arc that is left alone.
    level : float
        Share of distance up to which arcs count as equally near.  Pairs that share steep arcs hold
        each other back; where the shortest path has a choice they can meet before those.

    Returns
    -------
    tuple of float
        Excess of all bushes before their shifts; the part of it that pairs were found for; cost of
        the demand on the shortest paths of the bushes.
    """
    n_nodes = arcs.into.size - 1
    distance = np.empty(n_nodes)
    raised = np.empty(n_nodes)
    rank = np.empty(n_nodes, np.int64)
    nearest = np.empty(n_nodes, np.int64)
    room = np.empty(n_nodes, np.int64)
    found = pairs.in_use[0] if keep else 0
    excess = 0.0
    treated = 0.0
    shortest = 0.0
    pairs.start[0] = 0
    for bush in range(bushes.source.size):
        flow = bushes.flow[bush]
        order = bushes.order[bush]
        size = bushes.size[bush]
        toll = arcs.toll[bushes.user_class[bush]]
        if size < n_nodes:
            distance[:] = np.inf
        _measure(arcs, loads.delay, bushes, bush, level, distance, nearest, rank)
        if _extend(arcs, loads.delay, bushes, bush, distance, raised, nearest, rank, room):
            _measure(arcs, loads.delay, bushes, bush, level, distance, nearest, rank)
        for entry in range(bushes.demand_start[bush], bushes.demand_start[bush + 1]):
            if bushes.demand[entry] > 0.0:
                shortest += bushes.demand[entry] * distance[bushes.demand_node[entry]]
        for k in range(size - 1, 0, -1):
            j = order[k]
            for arc in range(arcs.into[j], arcs.into[j + 1]):
                if flow[arc] <= 0.0 or arc == nearest[j]:
                    continue
                above = distance[arcs.tail[arc]] + (loads.delay[arc] + toll[arc]) - distance[j]
                weight = above * flow[arc]
                excess += max(weight, 0.0)
                if weight <= ignore or above <= SAME * distance[j]:
                    continue
                _trace(arcs, flow, pairs, found, nearest[j], arc, level > 0.0, nearest, rank, room)
                pairs.bush[found] = bush
                gain = _balance(arcs, loads, bushes, pairs, found, found + 1)
                treated += gain
                end = pairs.start[found + 1]
                if (
                    gain > 0.0
                    and found + 1 < pairs.bush.size
                    and end + 2 * n_nodes < pairs.arc.size
                ):
                    found += 1
    pairs.in_use[0] = found
    return excess, treated, shortest


@njit(
    types.float64(ARCS, LOADS, BUSHES, PAIRS, types.float64, types.int64),
    cache=True,
    error_model="numpy",
)
def repeat(
    arcs: Arcs, loads: Loads, bushes: Bushes, pairs: Pairs, enough: float, most_visits: int
) -> float:
    """Go through the kept pairs until their excess is `enough` or `most_visits` arcs were seen.

    Returns
    -------
    float
        Excess of the pairs in the last round, before its shifts.
    """
    found = pairs.in_use[0]
    visits = 0
    excess = np.inf if found > 0 else 0.0
    while excess > enough and visits < most_visits:
        excess = _balance(arcs, loads, bushes, pairs, 0, found)
        visits += pairs.start[found]
    return excess


@njit(types.void(ARCS, LOADS, BUSHES), cache=True, error_model="numpy")
def settle(arcs: Arcs, loads: Loads, bushes: Bushes) -> None:
    """Make flows conserve to the last digits: rebuild bushes from shares, loads from bushes.

    The demands of `bushes` may have changed since; every node keeps its shares by arc.
    """
    through = np.empty(arcs.into.size - 1)
    loads.flow[:] = 0.0
    for bush in range(bushes.source.size):
        flow = bushes.flow[bush]
        order = bushes.order[bush]
        through[:] = 0.0
        for entry in range(bushes.demand_start[bush], bushes.demand_start[bush + 1]):
            through[bushes.demand_node[entry]] += bushes.demand[entry]
        for k in range(bushes.size[bush] - 1, 0, -1):
            j = order[k]
            total = 0.0
            member = -1
            for arc in range(arcs.into[j], arcs.into[j + 1]):
                if flow[arc] >= 0.0:
                    member = arc
                    total += flow[arc]
            for arc in range(arcs.into[j], arcs.into[j + 1]):
                if flow[arc] < 0.0:
                    continue
                if total > LEAST_TOTAL:
                    flow[arc] *= through[j] / total
                else:
                    flow[arc] = through[j] if arc == member else 0.0
                through[arcs.tail[arc]] += flow[arc]
                loads.flow[arc] += flow[arc]
    for arc in range(arcs.tail.size):
        loads.delay[arc] = _delay(
            arcs.kind[arc],
            arcs.base[arc],
            arcs.factor[arc],
            arcs.inverse_capacity[arc],
            arcs.shape[arc],
            loads.flow[arc],
        )


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
