"""The k cheapest loopless paths between two nodes.

Yen's partition of the paths by where they leave the paths found so far, with three savings:
Lawler's (a part is split only where its own path is new), lower bounds from one shortest-path
tree towards the target (a part is searched only when its bound comes up), and A* with these
distances that stops as soon as the tree leads from a node to the target past the forbidden
prefix.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# The heap below repeats the idea of karvan.kernels.graph: a cached numba function calls compiled
# functions of its own module only, since numba does not notice changes in another one.

# Columns of the table of parts. A part holds all paths that follow path `PATH` for `LENGTH` arcs
# and then take none of the arcs in the linked list `BAN`. Once searched, its cheapest path goes on
# with `N_SUFFIX` arcs of the pool from `SUFFIX`; before, `SUFFIX` is -1.
_PATH, _LENGTH, _BAN, _SUFFIX, _N_SUFFIX = 0, 1, 2, 3, 4
_COLUMNS = 5


class KShortest(NamedTuple):
    """Result of :func:`k_shortest`; m <= k paths.

    Attributes
    ----------
    cost : ndarray, shape (m,)
        Cost of each path, ascending, in the unit of ``cost``; summed from source to target.
    arcs : ndarray of int, shape (n_all_arcs,)
        Positions of the arcs of all paths, in order of travel.
    offset : ndarray of int, shape (m + 1,)
        Path ``i`` is ``arcs[offset[i]:offset[i + 1]]``.
    """

    cost: FloatArray
    arcs: IntArray
    offset: IntArray


@njit("void(float64[::1],int64[::1],int64,float64,int64)", cache=True)
def _push(keys: FloatArray, items: IntArray, size: int, key: float, item: int) -> None:
    """Put an entry into a binary min-heap of `size` entries; ties by item."""
    i = size
    while i > 0:
        parent = (i - 1) >> 1
        if key > keys[parent] or (key == keys[parent] and item >= items[parent]):
            break
        keys[i] = keys[parent]
        items[i] = items[parent]
        i = parent
    keys[i] = key
    items[i] = item


@njit("void(float64[::1],int64[::1],int64)", cache=True)
def _drop_root(keys: FloatArray, items: IntArray, size: int) -> None:
    """Remove the least entry; `size` is the number of entries that remain."""
    key = keys[size]
    item = items[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            keys[right] < keys[child]
            or (keys[right] == keys[child] and items[right] < items[child])
        ):
            child = right
        if key < keys[child] or (key == keys[child] and item <= items[child]):
            break
        keys[i] = keys[child]
        items[i] = items[child]
        i = child
    keys[i] = key
    items[i] = item


@njit("float64[::1](float64[::1],int64)", cache=True)
def _longer_real(array: FloatArray, size: int) -> FloatArray:
    if array.size >= size:
        return array
    longer = np.empty(max(size, 2 * array.size))
    longer[: array.size] = array
    return longer


@njit("int64[::1](int64[::1],int64)", cache=True)
def _longer(array: IntArray, size: int) -> IntArray:
    if array.size >= size:
        return array
    longer = np.empty(max(size, 2 * array.size), np.int64)
    longer[: array.size] = array
    return longer


@njit("int64[:,::1](int64[:,::1],int64)", cache=True)
def _longer_table(table: IntArray, size: int) -> IntArray:
    if table.shape[0] >= size:
        return table
    longer = np.empty((max(size, 2 * table.shape[0]), table.shape[1]), np.int64)
    longer[: table.shape[0]] = table
    return longer


@njit("Tuple((int64[::1],int64[::1],int64[::1]))(int64[::1],int64[::1])", cache=True)
def _reverse(start: IntArray, head: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    n_nodes = start.size - 1
    into = np.zeros(n_nodes + 1, np.int64)
    for position in range(head.size):
        into[head[position] + 1] += 1
    for node in range(n_nodes):
        into[node + 1] += into[node]
    free = into[:-1].copy()
    tail = np.empty(head.size, np.int64)
    arc = np.empty(head.size, np.int64)
    for node in range(n_nodes):
        for position in range(start[node], start[node + 1]):
            place = free[head[position]]
            free[head[position]] += 1
            tail[place] = node
            arc[place] = position
    return into, tail, arc


@njit(
    "Tuple((float64[::1],int64[::1]))(int64[::1],int64[::1],float64[::1],int64)",
    cache=True,
)
def _tree(
    start: IntArray, head: IntArray, cost: FloatArray, target: int
) -> tuple[FloatArray, IntArray]:
    """Return the cost from each node to the target and the first arc of a cheapest path."""
    n_nodes = start.size - 1
    into, tail, arc = _reverse(start, head)
    remaining = np.full(n_nodes, np.inf)
    next_arc = np.full(n_nodes, -1, np.int64)
    # Exact keys leave in order, so each arc enters the heap once at most.
    keys = np.empty(head.size + 1)
    items = np.empty(head.size + 1, np.int64)
    remaining[target] = 0.0
    keys[0] = 0.0
    items[0] = target
    size = 1
    while size > 0:
        node = items[0]
        here = keys[0]
        size -= 1
        _drop_root(keys, items, size)
        if here != remaining[node]:
            continue
        for place in range(into[node], into[node + 1]):
            through = here + cost[arc[place]]
            if through < remaining[tail[place]]:
                remaining[tail[place]] = through
                next_arc[tail[place]] = arc[place]
                _push(keys, items, size, through, tail[place])
                size += 1
    return remaining, next_arc


@njit("boolean(int64[::1],int64[::1],int64[::1],int64[::1],int64,int64)", cache=True)
def _is_free(
    head: IntArray,
    next_arc: IntArray,
    prefix_mark: IntArray,
    free_mark: IntArray,
    search: int,
    node: int,
) -> bool:
    """Return whether the tree leads from the node to the target past the prefix.

    `free_mark` remembers the answers of this search: `search` for yes, `-search` for no.
    """
    stop = node
    while True:
        if prefix_mark[stop] == search or free_mark[stop] == -search:
            answer = -search
            break
        if next_arc[stop] < 0 or free_mark[stop] == search:
            answer = search
            break
        stop = head[next_arc[stop]]
    while node != stop:
        free_mark[node] = answer
        node = head[next_arc[node]]
    return answer == search


@njit("boolean(int64[:,::1],int64,int64)", cache=True)
def _is_banned(bans: IntArray, ban: int, position: int) -> bool:
    while ban >= 0:
        if bans[ban, 0] == position:
            return True
        ban = bans[ban, 1]
    return False


@njit(
    "Tuple((int64,float64[::1],int64[::1]))(int64[::1],int64[::1],float64[::1],float64[::1],"
    "int64[::1],int64[::1],int64[::1],int64[:,::1],int64,float64[::1],int64[:,::1],"
    "float64[::1],int64[::1],int64,int64,float64)",
    cache=True,
)
def _detour(
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    remaining: FloatArray,
    next_arc: IntArray,
    prefix_mark: IntArray,
    free_mark: IntArray,
    bans: IntArray,
    ban: int,
    reached: FloatArray,
    came: IntArray,
    keys: FloatArray,
    items: IntArray,
    search: int,
    spur: int,
    prefix_cost: float,
) -> tuple[int, FloatArray, IntArray]:
    """Return the node where the cheapest detour from `spur` joins the tree, or -1; and the heap.

    Columns of `came`: arc, its tail, the search that wrote the row. A node that both the way to
    the joint and the tree from there would pass was taken out of the heap before the joint, and
    would have ended the search: the detour has no loop, zero-cost cycles included.
    """
    size = 0
    node = spur
    here = prefix_cost
    while True:
        n_out = start[node + 1] - start[node]
        if size + n_out > keys.size:
            keys = _longer_real(keys, size + n_out)
            items = _longer(items, keys.size)
        for position in range(start[node], start[node + 1]):
            there = head[position]
            through = here + cost[position]
            if prefix_mark[there] == search or not through + remaining[there] < np.inf:
                continue
            if came[there, 2] == search and through >= reached[there]:
                continue
            if node == spur and _is_banned(bans, ban, position):
                continue
            reached[there] = through
            came[there, 0] = position
            came[there, 1] = node
            came[there, 2] = search
            _push(keys, items, size, through + remaining[there], there)
            size += 1
        stale = True
        while stale:
            if size == 0:
                return -1, keys, items
            node = items[0]
            here = reached[node]
            stale = keys[0] != here + remaining[node]
            size -= 1
            _drop_root(keys, items, size)
        if _is_free(head, next_arc, prefix_mark, free_mark, search, node):
            return node, keys, items


@njit(
    "Tuple((int64[::1],int64))(int64[::1],int64[::1],int64[:,::1],int64,int64,int64[::1],int64)",
    cache=True,
)
def _write_suffix(
    head: IntArray,
    next_arc: IntArray,
    came: IntArray,
    spur: int,
    joint: int,
    pool: IntArray,
    n_pool: int,
) -> tuple[IntArray, int]:
    """Return the pool with the arcs from `spur` by `joint` to the target appended; its length."""
    n_detour = 0
    node = joint
    while node != spur:
        node = came[node, 1]
        n_detour += 1
    n_arcs = n_detour
    node = joint
    while next_arc[node] >= 0:
        node = head[next_arc[node]]
        n_arcs += 1
    pool = _longer(pool, n_pool + n_arcs)
    node = joint
    for i in range(n_pool + n_detour - 1, n_pool - 1, -1):
        pool[i] = came[node, 0]
        node = came[node, 1]
    node = joint
    for i in range(n_pool + n_detour, n_pool + n_arcs):
        pool[i] = next_arc[node]
        node = head[next_arc[node]]
    return pool, n_pool + n_arcs


@njit(
    "float64(int64[::1],int64[::1],float64[::1],float64[::1],int64[::1],int64,int64[:,::1],int64,"
    "int64,float64)",
    cache=True,
)
def _bound(
    start: IntArray,
    head: IntArray,
    cost: FloatArray,
    remaining: FloatArray,
    prefix_mark: IntArray,
    search: int,
    bans: IntArray,
    ban: int,
    spur: int,
    prefix_cost: float,
) -> float:
    """Return a lower bound on the cost of the paths of a part; inf when it is surely empty."""
    least = np.inf
    for position in range(start[spur], start[spur + 1]):
        through = prefix_cost + cost[position] + remaining[head[position]]
        if (
            through < least
            and prefix_mark[head[position]] != search
            and not _is_banned(bans, ban, position)
        ):
            least = through
    return least


@njit("int64(int64[::1],int64[::1],int64,int64,int64[::1],int64,int64)", cache=True)
def _mark_prefix(
    head: IntArray,
    arcs: IntArray,
    first: int,
    length: int,
    prefix_mark: IntArray,
    search: int,
    source: int,
) -> int:
    """Return the last node of a prefix, with all its nodes marked."""
    node = source
    prefix_mark[node] = search
    for i in range(first, first + length):
        node = head[arcs[i]]
        prefix_mark[node] = search
    return node


@njit(
    "Tuple((float64[::1],int64[::1],int64[::1]))(int64[::1],int64[::1],float64[::1],int64,int64,"
    "int64)",
    cache=True,
)
def _paths(  # noqa: PLR0915 - one state machine over growing arrays, clearer in one piece
    start: IntArray, head: IntArray, cost: FloatArray, source: int, target: int, k: int
) -> tuple[FloatArray, IntArray, IntArray]:
    n_nodes = start.size - 1
    remaining, next_arc = _tree(start, head, cost, target)
    prefix_mark = np.zeros(n_nodes, np.int64)
    free_mark = np.zeros(n_nodes, np.int64)
    came = np.zeros((n_nodes, 3), np.int64)
    reached = np.empty(n_nodes)
    keys = np.empty(256)
    items = np.empty(256, np.int64)

    found_cost = np.empty(16)
    offset = np.zeros(17, np.int64)
    arcs = np.empty(256, np.int64)
    n_found = 0

    parts = np.empty((256, _COLUMNS), np.int64)
    prefix_costs = np.empty(256)
    bans = np.empty((256, 2), np.int64)
    pool = np.empty(256, np.int64)
    queue_cost = np.empty(256)
    queue = np.empty(256, np.int64)
    n_bans = 0
    n_pool = 0
    n_parts = 1
    n_queue = 0
    search = 0

    parts[0, _PATH] = 0
    parts[0, _LENGTH] = 0
    parts[0, _BAN] = -1
    parts[0, _SUFFIX] = -1
    prefix_costs[0] = 0.0
    if remaining[source] < np.inf and source != target:
        _push(queue_cost, queue, 0, remaining[source], 0)
        n_queue = 1

    while n_queue > 0 and n_found < k:
        part = queue[0]
        path_cost = queue_cost[0]
        n_queue -= 1
        _drop_root(queue_cost, queue, n_queue)
        length = parts[part, _LENGTH]
        first = offset[parts[part, _PATH]]

        search += 1
        node = _mark_prefix(head, arcs, first, length, prefix_mark, search, source)

        if parts[part, _SUFFIX] < 0:
            joint, keys, items = _detour(
                start,
                head,
                cost,
                remaining,
                next_arc,
                prefix_mark,
                free_mark,
                bans,
                parts[part, _BAN],
                reached,
                came,
                keys,
                items,
                search,
                node,
                prefix_costs[part],
            )
            if joint < 0:
                continue
            parts[part, _SUFFIX] = n_pool
            pool, n_pool = _write_suffix(head, next_arc, came, node, joint, pool, n_pool)
            parts[part, _N_SUFFIX] = n_pool - parts[part, _SUFFIX]
            path_cost = prefix_costs[part]
            for i in range(parts[part, _SUFFIX], n_pool):
                path_cost += cost[pool[i]]
            # The part waits again, now with the cost of its path instead of a bound.
            _push(queue_cost, queue, n_queue, path_cost, part)
            n_queue += 1
            continue

        # Write the path, then split the rest of the part along its new arcs.
        n_path = length + parts[part, _N_SUFFIX]
        begin = offset[n_found]
        found_cost = _longer_real(found_cost, n_found + 1)
        offset = _longer(offset, n_found + 2)
        arcs = _longer(arcs, begin + n_path)
        arcs[begin : begin + length] = arcs[first : first + length]
        suffix = parts[part, _SUFFIX]
        arcs[begin + length : begin + n_path] = pool[suffix : suffix + n_path - length]
        found_cost[n_found] = path_cost
        offset[n_found + 1] = begin + n_path

        parts = _longer_table(parts, n_parts + n_path)
        prefix_costs = _longer_real(prefix_costs, parts.shape[0])
        queue_cost = _longer_real(queue_cost, parts.shape[0])
        queue = _longer(queue, parts.shape[0])
        bans = _longer_table(bans, n_bans + n_path)
        prefix_cost = prefix_costs[part]
        ban = parts[part, _BAN]
        for i in range(length, n_path):
            position = arcs[begin + i]
            bans[n_bans, 0] = position
            bans[n_bans, 1] = ban
            bound = _bound(
                start,
                head,
                cost,
                remaining,
                prefix_mark,
                search,
                bans,
                n_bans,
                node,
                prefix_cost,
            )
            if bound < np.inf:
                parts[n_parts, _PATH] = n_found
                parts[n_parts, _LENGTH] = i
                parts[n_parts, _BAN] = n_bans
                parts[n_parts, _SUFFIX] = -1
                prefix_costs[n_parts] = prefix_cost
                _push(queue_cost, queue, n_queue, bound, n_parts)
                n_parts += 1
                n_queue += 1
            n_bans += 1
            ban = -1
            prefix_cost += cost[position]
            node = head[position]
            prefix_mark[node] = search
        n_found += 1
    return found_cost[:n_found].copy(), arcs[: offset[n_found]].copy(), offset[: n_found + 1].copy()


def k_shortest(
    start: IntArray, head: IntArray, cost: FloatArray, source: int, target: int, k: int
) -> KShortest:
    """Return the k cheapest paths without repeated nodes, in the unit of ``cost``.

    Parallel arcs make different paths. Fewer than k paths come back when there are no more. From a
    node to itself there is one path, without arcs. Paths of equal cost come in an order that
    depends on the input only; costs that differ by rounding (relative 1e-15) count as different,
    and of two such paths at rank k either may be the one left out.

    Parameters
    ----------
    start : ndarray of int, shape (n_nodes + 1,)
        Position of each node's first arc, see :class:`karvan.kernels.graph.CompressedRows`.
    head : ndarray of int, shape (n_arcs,)
    cost : ndarray, shape (n_arcs,)
        At least 0, in the order of ``head``; an arc of cost inf is never used.
    source, target : int
    k : int
        At least 0.

    Returns
    -------
    KShortest

    References
    ----------
    Yen (1971), Finding the k shortest loopless paths in a network,
    https://doi.org/10.1287/mnsc.17.11.712
    Lawler (1972), A procedure for computing the k best solutions to discrete optimization
    problems and its application to the shortest path problem,
    https://doi.org/10.1287/mnsc.18.7.401
    """
    if source == target:
        m = min(k, 1)
        return KShortest(np.zeros(m), np.zeros(0, np.int64), np.zeros(m + 1, np.int64))
    found, arcs, offset = _paths(
        np.ascontiguousarray(start, np.int64),
        np.ascontiguousarray(head, np.int64),
        np.ascontiguousarray(cost, np.float64),
        source,
        target,
        k,
    )
    return KShortest(found, arcs, offset)
