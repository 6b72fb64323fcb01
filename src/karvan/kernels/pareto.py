"""Non-dominated paths for time, money and emissions, with timetables and a limit on transfers.

Label setting in the order of the first objective (NAMOA* with dimensionality reduction): labels
leave the heap in lexicographic order of cost so far plus a lower bound of the rest, so whether a
label is dominated depends on the other two objectives alone, and each node keeps a staircase of
two numbers per label.

Costs are counted in whole units, a power of ten per objective so small that the largest arc has
15 digits (fewer if the longest path would not fit a 64-bit word). Sums of whole numbers do not
depend on their order: paths over the same costs in another order tie exactly, as do decimal costs
such as 0.1 + 0.2 and 0.3. Rounding an arc to whole units is off by half a unit; what this and
costs like 1/3 leave is below `_TIE` times the largest arc, and labels no better than by that much
count as dominated.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# A cached numba function calls compiled functions of its own module only, since numba does not
# notice changes in another one; hence one more heap and one more reverse search here.

_TIE = 1e-10  # of the largest arc; 1,000 arcs of a network of 10,000 nodes round to 1e-11 of it
_NOW_H = 1e-9  # a departure this long ago is still caught
_WORD = 4e18  # sums of cost and bound stay under 2**63
_DIGITS = 9e15  # whole numbers up to here are exact as floats
_FAR = np.int64(1) << 62

# Columns of a search arc (head, three additions to the keys, to the rank, timetable, position
# in the caller's arrays), of a label, of a heap entry and of a front.
_HEAD, _ADD, _ADD_RANK, _TABLE, _POSITION = 0, 1, 4, 5, 6
_NODE, _PARENT, _ARC, _RANK, _KEY = 0, 1, 2, 3, 4
_FROM, _SIZE, _ROOM = 0, 1, 2

# Places in the array that carries the search over a growth of its tables.
_IN_HEAP, _LABELS, _FREE, _STEPS, _LAST, _FOUND, _SETTLED = 0, 1, 2, 3, 4, 5, 6

# Places in the array of what stays the same during a search. `_GOAL` is the front whose steps
# prune everywhere, -1 for none.
_TARGET, _LEVELS, _GOAL, _SLACK2, _SLACK3, _NOW, _MOST = 0, 1, 2, 3, 4, 5, 6

# Why the search returns.
_DONE, _LACKS_LABELS, _LACKS_STEPS, _STOPPED = 0, 1, 2, 3

# A label's rank: transfers used in the upper half, arcs in the lower.
_TRANSFER = 1 << 32


class ParetoLabels(NamedTuple):
    """Result of :func:`pareto_labels`; m paths.

    Attributes
    ----------
    cost : ndarray, shape (m, 3)
        Time with waiting [h], money [USD], CO2e [kg]; sorted by these columns.
    resource : ndarray of int, shape (m,)
        Transfers used.
    arcs : ndarray of int, shape (n_all_arcs,)
        Positions of the arcs of all paths, in order of travel.
    offset : ndarray of int, shape (m + 1,)
        Path ``i`` is ``arcs[offset[i]:offset[i + 1]]``.
    n_settled : int
        Labels that left the heap undominated, a measure of the work.
    complete : bool
        False if ``max_settled`` ended the search; the paths are then some of the non-dominated.
    """

    cost: FloatArray
    resource: IntArray
    arcs: IntArray
    offset: IntArray
    n_settled: int
    complete: bool


# Rows are copied number by number and results leave at one place: a view of a row, or a return
# before the last use of an array, makes numba count references, which cost a third of the time.


@njit("boolean(int64[:,::1],int64,int64,int64,int64,int64,int64)", cache=True)
def _precedes(
    labels: IntArray, one1: int, one2: int, one: int, two1: int, two2: int, two: int
) -> bool:
    """Return whether label `one` with its two first keys leaves before `two`; ties by rank."""
    if one1 != two1:
        return one1 < two1
    if one2 != two2:
        return one2 < two2
    if labels[one, _KEY + 2] != labels[two, _KEY + 2]:
        return bool(labels[one, _KEY + 2] < labels[two, _KEY + 2])
    if labels[one, _RANK] != labels[two, _RANK]:
        return bool(labels[one, _RANK] < labels[two, _RANK])
    return one < two


@njit("void(int64[:,::1],int64[:,::1],int64,int64)", cache=True)
def _push(heap: IntArray, labels: IntArray, size: int, label: int) -> None:
    """Put a label into a binary heap of `size` entries (two keys, label)."""
    key1 = labels[label, _KEY]
    key2 = labels[label, _KEY + 1]
    i = size
    rises = i > 0
    while rises:
        parent = (i - 1) >> 1
        above1 = heap[parent, 0]
        above2 = heap[parent, 1]
        above = heap[parent, 2]
        rises = _precedes(labels, key1, key2, label, above1, above2, above)
        if rises:
            heap[i, 0] = above1
            heap[i, 1] = above2
            heap[i, 2] = above
            i = parent
            rises = i > 0
    heap[i, 0] = key1
    heap[i, 1] = key2
    heap[i, 2] = label


@njit("void(int64[:,::1],int64[:,::1],int64)", cache=True)
def _drop_root(heap: IntArray, labels: IntArray, size: int) -> None:
    """Remove the first entry; `size` is the number of entries that remain."""
    key1 = heap[size, 0]
    key2 = heap[size, 1]
    label = heap[size, 2]
    i = 0
    child = 1
    sinks = child < size
    while sinks:
        left1 = heap[child, 0]
        left2 = heap[child, 1]
        left = heap[child, 2]
        # With one child its sister is the entry to be placed, still at `size`: no harm.
        right1 = heap[child + 1, 0]
        right2 = heap[child + 1, 1]
        right = heap[child + 1, 2]
        if _precedes(labels, right1, right2, right, left1, left2, left):
            child += 1
            left1 = right1
            left2 = right2
            left = right
        sinks = child < size and _precedes(labels, left1, left2, left, key1, key2, label)
        if sinks:
            heap[i, 0] = left1
            heap[i, 1] = left2
            heap[i, 2] = left
            i = child
            child = 2 * i + 1
            sinks = child < size
    heap[i, 0] = key1
    heap[i, 1] = key2
    heap[i, 2] = label


@njit("int64[::1](int64,int64[::1],int64[::1],int64[::1],int64)", cache=True)
def _bounds(n_nodes: int, tail: IntArray, head: IntArray, count: IntArray, target: int) -> IntArray:
    """Return the least sum of counts from each node to the target; `_FAR` where there is no way."""
    into = np.zeros(n_nodes + 1, np.int64)
    for arc in range(head.size):
        into[head[arc] + 1] += 1
    for node in range(n_nodes):
        into[node + 1] += into[node]
    free = into[:-1].copy()
    order = np.empty(head.size, np.int64)
    for arc in range(head.size):
        order[free[head[arc]]] = arc
        free[head[arc]] += 1
    remaining = np.full(n_nodes, _FAR)
    remaining[target] = 0
    # One label per node, of which only the first key differs from zero.
    heap = np.zeros((head.size + 2, 3), np.int64)
    labels = np.zeros((n_nodes, 7), np.int64)
    size = 1
    heap[0, 2] = target
    while size > 0:
        node = heap[0, 2]
        here = heap[0, 0]
        size -= 1
        _drop_root(heap, labels, size)
        if here != remaining[node]:
            continue
        for place in range(into[node], into[node + 1]):
            arc = order[place]
            through = here + count[arc]
            if through < remaining[tail[arc]]:
                remaining[tail[arc]] = through
                labels[tail[arc], _KEY] = through
                _push(heap, labels, size, tail[arc])
                size += 1
    return remaining


@njit("boolean(int64[:,::1],int64[:,::1],int64,int64,int64,int64,int64)", cache=True)
def _is_dominated(
    fronts: IntArray, steps: IntArray, front: int, key2: int, key3: int, slack2: int, slack3: int
) -> bool:
    """Return whether a step of the staircase is at most the two keys plus their slack."""
    low = fronts[front, _FROM]
    begin = low
    high = low + fronts[front, _SIZE]
    while low < high:
        middle = (low + high) >> 1
        if steps[middle, 0] <= key2 + slack2:
            low = middle + 1
        else:
            high = middle
    return bool((low > begin) & (steps[max(low - 1, 0), 1] <= key3 + slack3))


@njit("void(int64[:,::1],int64[:,::1],int64[::1],int64,int64,int64)", cache=True)
def _add_step(
    fronts: IntArray, steps: IntArray, state: IntArray, front: int, key2: int, key3: int
) -> None:
    """Add a step and remove those it covers; a full front moves to the end of the table."""
    row = fronts[front]
    if row[_SIZE] == row[_ROOM]:
        begin = state[_STEPS]
        for i in range(row[_SIZE]):
            steps[begin + i] = steps[row[_FROM] + i]
        row[_FROM] = begin
        row[_ROOM] = max(4, 2 * row[_ROOM])
        state[_STEPS] += row[_ROOM]
    begin = row[_FROM]
    end = begin + row[_SIZE]
    low = begin
    high = end
    while low < high:
        middle = (low + high) >> 1
        if steps[middle, 0] < key2:
            low = middle + 1
        else:
            high = middle
    keep = low
    while keep < end and steps[keep, 1] >= key3:
        keep += 1
    if keep == low:
        for i in range(end, low, -1):
            steps[i] = steps[i - 1]
    else:
        for i in range(keep, end):
            steps[low + 1 + i - keep] = steps[i]
    steps[low, 0] = key2
    steps[low, 1] = key3
    row[_SIZE] += 1 - (keep - low)


# Timetables in units of time: phase at departure, period, first departure of each, departures.
_Clock = tuple[IntArray, IntArray, IntArray, IntArray]
_CLOCK = "UniTuple(int64[::1],4)"
# Graph of a search: first arc of each node, arcs, time left to the target at least, transfers
# left to the target at least (empty if they are not limited).
_Network = tuple[IntArray, IntArray, IntArray, IntArray]
_NETWORK = "Tuple((int64[::1],int64[:,::1],int64[::1],int64[::1]))"
# Labels, heap, fronts, steps of the fronts.
_Tables = tuple[IntArray, IntArray, IntArray, IntArray]
_TABLES = "UniTuple(int64[:,::1],4)"


@njit(f"int64({_CLOCK},int64,int64,int64)", cache=True)
def _wait(clock: _Clock, table: int, elapsed: int, slack: int) -> int:
    """Return the wait for the next departure; every timetable in use has departures."""
    phase, period, first, departure = clock
    now = (phase[table] + elapsed) % period[table]
    low = first[table]
    high = first[table + 1]
    if departure[high - 1] - period[table] >= now - slack:
        return 0  # the last departure of the period before
    while low < high:
        middle = (low + high) >> 1
        if departure[middle] < now - slack:
            low = middle + 1
        else:
            high = middle
    if low == first[table + 1]:
        return int(departure[first[table]] + period[table] - now)
    return max(0, int(departure[low] - now))


@njit(f"int64({_TABLES},int64[::1],int64,int64,int64)", cache=True)
def _lack(tables: _Tables, state: IntArray, n_out: int, front: int, last_front: int) -> int:
    """Return which table has to grow before a label can be settled."""
    labels, heap, fronts, steps = tables
    need = 0
    for i in range(front, last_front + 1):
        if fronts[i, _SIZE] == fronts[i, _ROOM]:
            need += max(4, 2 * fronts[i, _ROOM])
    if state[_STEPS] + need > steps.shape[0]:
        return _LACKS_STEPS
    if state[_LABELS] + n_out > labels.shape[0] or state[_IN_HEAP] + n_out + 2 > heap.shape[0]:
        return _LACKS_LABELS
    return _DONE


@njit("int64(int64[:,::1],int64[::1])", cache=True)
def _new_label(labels: IntArray, state: IntArray) -> int:
    new = state[_FREE]
    if new >= 0:
        state[_FREE] = labels[new, _PARENT]
    else:
        new = state[_LABELS]
        state[_LABELS] += 1
    return int(new)


@njit(f"void({_NETWORK},{_CLOCK},{_TABLES},int64[::1],int64[::1],int64)", cache=True)
def _expand(
    network: _Network, clock: _Clock, tables: _Tables, rules: IntArray, state: IntArray, label: int
) -> None:
    """Put the undominated successors of a label into the heap."""
    start, arcs, time_left, transfers_left = network
    labels, heap, fronts, steps = tables
    node = labels[label, _NODE]
    n_levels = rules[_LEVELS]
    limited = transfers_left.size > 0
    slack2 = rules[_SLACK2]
    slack3 = rules[_SLACK3]
    for place in range(start[node], start[node + 1]):
        there = arcs[place, _HEAD]
        key2 = labels[label, _KEY + 1] + arcs[place, _ADD + 1]
        key3 = labels[label, _KEY + 2] + arcs[place, _ADD + 2]
        rank = labels[label, _RANK] + arcs[place, _ADD_RANK]
        level = 0
        if limited:
            level = rank >> 32
            if level + transfers_left[there] >= n_levels:
                continue
        if rules[_GOAL] >= 0 and _is_dominated(
            fronts, steps, rules[_GOAL], key2, key3, slack2, slack3
        ):
            continue
        if _is_dominated(fronts, steps, there * n_levels + level, key2, key3, slack2, slack3):
            continue
        key1 = labels[label, _KEY] + arcs[place, _ADD]
        if arcs[place, _TABLE] >= 0:
            elapsed = labels[label, _KEY] - time_left[node]
            key1 += _wait(clock, arcs[place, _TABLE], elapsed, rules[_NOW])
        new = _new_label(labels, state)
        labels[new, _NODE] = there
        labels[new, _PARENT] = label
        labels[new, _ARC] = place
        labels[new, _RANK] = rank
        labels[new, _KEY] = key1
        labels[new, _KEY + 1] = key2
        labels[new, _KEY + 2] = key3
        _push(heap, labels, state[_IN_HEAP], new)
        state[_IN_HEAP] += 1


@njit(f"int64({_NETWORK},{_CLOCK},{_TABLES},int64[::1],int64[::1])", cache=True)
def _settle(
    network: _Network, clock: _Clock, tables: _Tables, rules: IntArray, state: IntArray
) -> int:
    """Settle labels in order until none is left or a table is full; return why."""
    start = network[0]
    labels, heap, fronts, steps = tables
    n_levels = rules[_LEVELS]
    slack2 = rules[_SLACK2]
    slack3 = rules[_SLACK3]
    while state[_IN_HEAP] > 0:
        label = heap[0, 2]
        node = labels[label, _NODE]
        last_front = node * n_levels + n_levels - 1
        front = last_front
        # At the target the transfers used count no longer.
        if node != rules[_TARGET] and n_levels > 1:
            front = node * n_levels + (labels[label, _RANK] >> 32)
        key2 = labels[label, _KEY + 1]
        key3 = labels[label, _KEY + 2]
        dominated = _is_dominated(fronts, steps, front, key2, key3, slack2, slack3)
        if rules[_GOAL] >= 0 and not dominated:
            dominated = _is_dominated(fronts, steps, rules[_GOAL], key2, key3, slack2, slack3)
        if not dominated:
            if state[_SETTLED] == rules[_MOST]:
                return _STOPPED
            lack = _lack(tables, state, start[node + 1] - start[node], front, last_front)
            if lack != _DONE:
                return lack
        state[_IN_HEAP] -= 1
        _drop_root(heap, labels, state[_IN_HEAP])
        if dominated:
            labels[label, _PARENT] = state[_FREE]
            state[_FREE] = label
            continue
        state[_SETTLED] += 1
        for i in range(front, last_front + 1):
            _add_step(fronts, steps, state, i, key2, key3)
        if node == rules[_TARGET]:
            # Labels at the target are linked by their node, the latest first.
            labels[label, _NODE] = state[_LAST]
            state[_LAST] = label
            state[_FOUND] += 1
        else:
            _expand(network, clock, tables, rules, state, label)
    return _DONE


@njit("int64[:,::1](int64[:,::1],int64)", cache=True)
def _taller(table: IntArray, n_rows: int) -> IntArray:
    taller = np.empty((n_rows, table.shape[1]), np.int64)
    taller[: table.shape[0]] = table
    return taller


@njit(
    f"Tuple((int64[:,::1],int64[::1],int64))({_NETWORK},{_CLOCK},int64[::1],int64,int64[::1])",
    cache=True,
)
def _search(
    network: _Network, clock: _Clock, rules: IntArray, source: int, keys: IntArray
) -> tuple[IntArray, IntArray, int]:
    """Return the table of labels, the state at the end and whether the search was stopped."""
    start = network[0]
    most_out = 0
    for node in range(start.size - 1):
        most_out = max(most_out, start[node + 1] - start[node])
    labels = np.empty((1024 + most_out, 7), np.int64)
    heap = np.empty((1024 + most_out, 3), np.int64)
    steps = np.empty((4096, 2), np.int64)
    fronts = np.zeros(((start.size - 1) * rules[_LEVELS], 3), np.int64)
    state = np.zeros(7, np.int64)
    state[_FREE] = -1
    state[_LAST] = -1
    state[_LABELS] = 1
    labels[0, _NODE] = source
    labels[0, _PARENT] = -1
    labels[0, _ARC] = -1
    labels[0, _RANK] = 0
    labels[0, _KEY:] = keys
    _push(heap, labels, 0, 0)
    state[_IN_HEAP] = 1
    while True:
        why = _settle(network, clock, (labels, heap, fronts, steps), rules, state)
        if why == _LACKS_STEPS:
            steps = _taller(steps, 2 * steps.shape[0] + 8 * rules[_LEVELS])
        elif why == _LACKS_LABELS:
            labels = _taller(labels, 2 * labels.shape[0])
            heap = _taller(heap, 2 * heap.shape[0])
        else:
            break
    return labels, state, why


@njit(
    "Tuple((int64[::1],int64[::1],int64[::1]))(int64[:,::1],int64[::1],int64[:,::1],int64[::1])",
    cache=True,
)
def _trace(
    labels: IntArray, state: IntArray, arcs: IntArray, slack: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Return resource, arcs and offsets of the paths found, in the order of their labels."""
    chosen = np.empty(state[_FOUND], np.int64)
    label = state[_LAST]
    for i in range(chosen.size - 1, -1, -1):
        chosen[i] = label
        label = labels[label, _NODE]
    # No label here is worse than one before it in all keys, slack included. One that leads in the
    # first key by rounding alone may be worse than a later one: it goes, if that one stays.
    keep = np.ones(chosen.size, np.bool_)
    for i in range(chosen.size - 1, -1, -1):
        mine = labels[chosen[i]]
        for j in range(i + 1, chosen.size):
            other = labels[chosen[j]]
            if not keep[i] or other[_KEY] > mine[_KEY] + slack[0]:
                break
            keep[i] = (
                not keep[j]
                or other[_KEY + 1] > mine[_KEY + 1] + slack[1]
                or other[_KEY + 2] > mine[_KEY + 2] + slack[2]
            )
    chosen = chosen[keep]
    n_kept = chosen.size
    resource = np.empty(n_kept, np.int64)
    offset = np.zeros(n_kept + 1, np.int64)
    for i in range(n_kept):
        rank = labels[chosen[i], _RANK]
        resource[i] = rank >> 32
        offset[i + 1] = offset[i] + (rank & (_TRANSFER - 1))
    positions = np.empty(offset[n_kept], np.int64)
    for i in range(n_kept):
        label = chosen[i]
        for place in range(offset[i + 1] - 1, offset[i] - 1, -1):
            positions[place] = arcs[labels[label, _ARC], _POSITION]
            label = labels[label, _PARENT]
    return resource, positions, offset


@njit(
    f"int64[:,::1](int64[::1],int64[::1],int64[:,::1],int64[::1],{_CLOCK},int64)",
    cache=True,
)
def _totals(
    positions: IntArray,
    offset: IntArray,
    count: IntArray,
    timetable: IntArray,
    clock: _Clock,
    now: int,
) -> IntArray:
    """Return time with waiting, money and emissions of each path, in units."""
    total = np.zeros((offset.size - 1, 3), np.int64)
    for i in range(offset.size - 1):
        for place in range(offset[i], offset[i + 1]):
            position = positions[place]
            if timetable[position] >= 0:
                total[i, 0] += _wait(clock, timetable[position], total[i, 0], now)
            for objective in range(3):
                total[i, objective] += count[position, objective]
    return total


@njit("boolean[::1](float64[:,::1],int64[::1])", cache=True)
def _front(points: FloatArray, order: IntArray) -> BoolArray:
    """Return which points no other point beats; `order` sorts them by all columns."""
    mask = np.zeros(order.size, np.bool_)
    kept = np.empty(order.size, np.int64)
    n_kept = 0
    for i in range(order.size):
        mine = points[order[i]]
        beaten = False
        for j in range(n_kept):
            other = points[kept[j]]
            if (
                other[1] <= mine[1]
                and other[2] <= mine[2]
                and (other[0] != mine[0] or other[1] != mine[1] or other[2] != mine[2])
            ):
                beaten = True
                break
        if not beaten:
            kept[n_kept] = order[i]
            n_kept += 1
            mask[order[i]] = True
    return mask


def pareto_front(points: FloatArray) -> BoolArray:
    """Return which points are not dominated; bool, shape (n,).

    Smaller is better in every column. A point is dominated if another is at most equal in all
    columns and less in one; of equal points all stay.

    Parameters
    ----------
    points : ndarray, shape (n, 3)
    """
    values = np.ascontiguousarray(points, np.float64)
    order = np.lexsort((values[:, 2], values[:, 1], values[:, 0]))
    mask: BoolArray = _front(values, order)
    return mask


def pareto_labels(
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    source: int,
    target: int,
    *,
    timetable: IntArray | None = None,
    departure_start: IntArray | None = None,
    departure_h: FloatArray | None = None,
    period_h: FloatArray | None = None,
    depart_h: float = 0.0,
    resource: IntArray | None = None,
    max_resource: int = -1,
    objectives: BoolArray | None = None,
    epsilon: FloatArray | None = None,
    prune: bool = True,
    max_settled: int = -1,
) -> ParetoLabels:
    """Return all non-dominated paths by time [h], money [USD] and CO2e [kg], one per cost vector.

    A path is dominated if another is at most equal in every active objective and less in one. Of
    paths equal in all active objectives the one with fewer transfers stays, then with fewer arcs,
    then the one found first, which depends on the input only. (With timetables this choice is
    among the paths that were not overtaken on the way and caught up at a departure.)
    An objective that is not active is added up along the path but not compared. Waiting is part
    of time; money and emissions do not depend on the clock, so they stay exact when time is not
    active, and the time given is then that of the path chosen.

    Differences up to 1e-10 of the largest arc cost of an objective (for time: plus the longest
    period) count as ties, and the same once more at every node of a path at worst; costs are
    rounded to whole units far below that. So leave out an arc that must not be used, or
    give it a cost of inf, instead of a very large cost.

    Parameters
    ----------
    start : ndarray of int, shape (n_nodes + 1,)
        Position of each node's first arc, see :class:`karvan.kernels.graph.CompressedRows`.
    head : ndarray of int, shape (n_arcs,)
    cost : ndarray, shape (n_arcs, 3)
        Time [h], money [USD], CO2e [kg], at least 0, in the order of ``head``.
    source, target : int
    timetable : ndarray of int, shape (n_arcs,), optional
        Timetable of the arc, -1 for none. The arc starts at the next departure; one at the very
        hour of arrival, or up to 1e-9 h before, is caught. An arc whose timetable has no departure
        is not used.
    departure_start : ndarray of int, shape (n_timetables + 1,), optional
        First departure of each timetable in ``departure_h``.
    departure_h : ndarray, shape (n_departures,), optional
        Departures within the period [h], ascending in each timetable, in [0, period).
    period_h : ndarray, shape (n_timetables,), optional
        Period after which the departures repeat [h], positive.
    depart_h : float
        Hour at which the journey starts, on the clock that the departures count from.
    resource : ndarray of int, shape (n_arcs,), optional
        Transfers that the arc uses, at least 0.
    max_resource : int
        Transfers allowed; -1 for any number. Memory grows with n_nodes * (max_resource + 1).
    objectives : ndarray of bool, shape (3,), optional
        Which of time, money and CO2e are active; all by default.
    epsilon : ndarray, shape (3,), optional
        Differences that count as ties, in the units of the objectives, where larger than the
        above. Each path left out is matched by one that is worse by at most epsilon per node.
    prune : bool
        Leave out labels that cannot end undominated, by lower bounds towards the target. The
        result is the same without, unless ``epsilon`` is large.
    max_settled : int
        Stop after so many labels; -1 for no limit.

    Returns
    -------
    ParetoLabels

    References
    ----------
    Pulido, Mandow, Perez-de-la-Cruz (2015), Dimensionality reduction in multiobjective shortest
    path search, https://doi.org/10.1016/j.cor.2015.05.007
    """
    start = np.ascontiguousarray(start, np.int64)
    head = np.ascontiguousarray(head, np.int64)
    n_nodes = start.size - 1
    tail = np.repeat(np.arange(n_nodes), np.diff(start))
    if timetable is None or departure_start is None or departure_h is None or period_h is None:
        timetable = np.full(head.size, -1)
        departure_start, departure_h, period_h = np.zeros(1, np.int64), np.zeros(0), np.zeros(0)
    resource = np.zeros(head.size, np.int64) if resource is None else np.asarray(resource, np.int64)
    timetable = np.ascontiguousarray(timetable, np.int64)
    departure_start = np.ascontiguousarray(departure_start, np.int64)

    runs = np.append(np.diff(departure_start) > 0, True)  # the last one for no timetable, -1
    usable = np.isfinite(cost).all(axis=1) & runs[timetable]
    usable &= (tail != head) & (tail != target) & (head != source)
    cost = np.where(usable[:, None], cost, 0.0)
    largest = cost.max(axis=0, initial=0.0)
    largest[0] += period_h.max(initial=0.0)
    scale = np.array([_units_per_one(value, n_nodes) for value in largest])
    count = np.rint(cost * scale).astype(np.int64)
    clock = (
        np.rint(np.mod(depart_h, period_h) * scale[0]).astype(np.int64),
        np.rint(period_h * scale[0]).astype(np.int64),
        departure_start,
        np.rint(departure_h * scale[0]).astype(np.int64),
    )
    now = int(_NOW_H * scale[0])

    # Active objectives first: the first one orders the search, the others make the staircases.
    active = np.arange(3) if objectives is None else np.flatnonzero(objectives)
    tie = _TIE * largest if epsilon is None else np.maximum(epsilon, _TIE * largest)
    weight = np.zeros((head.size, 3), np.int64)
    slack = np.zeros(3, np.int64)
    weight[:, : active.size] = count[:, active]
    slack[: active.size] = (tie * scale)[active]
    # A path without repeated nodes cannot use more than this.
    limited = 0 <= max_resource < (n_nodes - 1) * resource.max(initial=0)
    left = np.zeros((4, n_nodes), np.int64)
    if prune:
        amounts = np.column_stack([weight, resource * limited])[usable]
        _fill_bounds(left, tail[usable], head[usable], amounts, target)
        usable &= left[0, head] < _FAR
    position = np.flatnonzero(usable)
    arcs = np.empty((position.size, 7), np.int64)
    arcs[:, _HEAD] = head[position]
    reduced = weight + left[:3, head].T - left[:3, tail].T
    arcs[:, _ADD : _ADD + 3] = reduced[position]
    arcs[:, _ADD_RANK] = resource[position] * _TRANSFER + 1
    arcs[:, _TABLE] = timetable[position] if 0 in active else -1
    arcs[:, _POSITION] = position
    first = np.append(0, np.cumsum(np.bincount(tail[position], minlength=n_nodes)))

    levels = max_resource + 1 if limited else 1
    goal = target * levels + levels - 1 if prune else -1
    rules = np.array([target, levels, goal, slack[1], slack[2], now, max_settled])
    network = (first, arcs, left[0], left[3] if limited else left[3, :0])
    labels, state, why = _search(network, clock, rules, source, left[:3, source].copy())
    used_up, path_arcs, offset = _trace(labels, state, arcs, slack)
    total = _totals(path_arcs, offset, count, timetable, clock, now) / scale
    return _sorted(total, used_up, path_arcs, offset, int(state[_SETTLED]), why != _STOPPED)


def _fill_bounds(
    left: IntArray, tail: IntArray, head: IntArray, amounts: IntArray, target: int
) -> None:
    """Set each row to the least sum of a column of `amounts` from each node to the target."""
    for row in range(left.shape[0]):
        column = np.ascontiguousarray(amounts[:, row])
        # The first row also tells who reaches the target; elsewhere zeros stay zeros.
        if row == 0 or column.any():
            left[row] = _bounds(left.shape[1], tail, head, column, target)


def _units_per_one(largest: float, n_nodes: int) -> float:
    """Return the power of ten that turns costs into counts with as many digits as there is room."""
    if largest <= 0.0:
        return 1.0
    most = min(_DIGITS, _WORD / n_nodes) / largest
    return float(10.0 ** max(-22, min(22, np.floor(np.log10(most)))))


def _sorted(
    cost: FloatArray,
    resource: IntArray,
    arcs: IntArray,
    offset: IntArray,
    n_settled: int,
    complete: bool,
) -> ParetoLabels:
    """Return the paths in the order of their costs."""
    order = np.lexsort((cost[:, 2], cost[:, 1], cost[:, 0]))
    length = np.diff(offset)[order]
    new_offset = np.append(0, np.cumsum(length))
    moved = np.repeat(offset[order] - new_offset[:-1], length) + np.arange(arcs.size)
    return ParetoLabels(cost[order], resource[order], arcs[moved], new_offset, n_settled, complete)
