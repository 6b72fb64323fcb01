"""Ways in which an equilibrium can move: cycles of links that lie on cheapest paths."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError
from karvan.freight.equilibrium import Equilibrium
from karvan.kernels.graph import all_pairs, compressed_rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TIE = 1e-8
"""Share of the largest cost from an origin within which two costs count as equal."""

USED = 1e-9
"""Share of an origin's demand from which a flow counts as one."""


@dataclass(frozen=True, slots=True, eq=False)
class UsedCycles:
    """Directions in which flows can change without changing demand.

    Attributes
    ----------
    cycle : ndarray, shape (n_links, n_cycles)
        1 where a cycle goes along a link, -1 where against it.
    idle : ndarray, shape (n_idle, n_cycles)
        The same for links of cheapest paths that carry no flow of the cycle's origin.
    idle_link : ndarray of int, shape (n_idle,)
    path : ndarray, shape (n_links, n_pairs)
        A used path of each pair; 0 where nothing moves.
    """

    cycle: FloatArray
    idle: FloatArray
    idle_link: IntArray
    path: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """Spanning tree of the cheapest paths of one origin, used arcs first.

    Attributes
    ----------
    arc : ndarray of int, shape (n_arcs_here,)
        All arcs of the cheapest paths.
    used : ndarray of bool, shape (n_arcs_here,)
    rest : ndarray of int
        Positions in `arc` of those outside the tree.
    above : dict
        (arc, next node) of each node on the way to the origin; an arc against its direction is
        written as -1 - arc.
    """

    arc: IntArray
    used: BoolArray
    rest: list[int]
    above: dict[int, tuple[int, int]]

    def to_source(self, node: int, source: int) -> dict[int, float]:
        """Arcs from the node to the origin, with the sign of their direction."""
        way = {}
        while node != source:
            arc, node = self.above[node]
            way[arc if arc >= 0 else -1 - arc] = 1.0 if arc >= 0 else -1.0
        return way


def used_cycles(equilibrium: Equilibrium) -> UsedCycles:
    """Return the cycles of an equilibrium.

    Raises
    ------
    AssignmentError
        Flow on a path that is not cheapest: the equilibrium is not precise enough.
    """
    rows, n_links = equilibrium._bushes, equilibrium.problem.n_links
    arcs, bushes = rows.arcs, rows.bushes
    tail, head = arcs.tail.astype(np.int64), arcs.head.astype(np.int64)
    cycles: list[dict[int, float]] = []
    idles: list[tuple[int, dict[int, float]]] = []
    path = np.zeros((n_links, len(equilibrium.problem.demand)))
    for bush, (tie, used) in enumerate(_ties(equilibrium)):
        source = int(bushes.source[bush])
        tree = _tree(tail, head, tie, used, source)
        entries = slice(bushes.demand_start[bush], bushes.demand_start[bush + 1])
        for node, pair in zip(bushes.demand_node[entries], rows.pair[entries], strict=True):
            if int(node) in tree.above:
                for arc, sign in tree.to_source(int(node), source).items():
                    path[rows.link[arc], pair] = -sign
        begin = len(cycles)
        outside = tree.arc[tree.rest].tolist()
        cycles += [_around(tree, arc, tail, head, source) for arc in outside]
        for arc in tree.arc[~tree.used]:
            through = range(begin, len(cycles))
            share = {k: cycles[k][int(arc)] for k in through if int(arc) in cycles[k]}
            idles.append((int(rows.link[arc]), share))
    matrix = np.zeros((n_links, len(cycles)))
    for k, cycle in enumerate(cycles):
        for arc, sign in cycle.items():
            matrix[rows.link[arc], k] += sign
    idle = np.zeros((len(idles), len(cycles)))
    for row, (_, share) in enumerate(idles):
        idle[row, list(share)] = list(share.values())
    return UsedCycles(matrix, idle, np.array([link for link, _ in idles], dtype=np.int64), path)


def _ties(equilibrium: Equilibrium) -> list[tuple[BoolArray, BoolArray]]:
    """For each bush: the arcs on cheapest paths to where its demand goes, and those with flow."""
    rows = equilibrium._bushes
    arcs, bushes = rows.arcs, rows.bushes
    n_nodes = len(arcs.into) - 1
    graph = compressed_rows(n_nodes, arcs.tail.astype(np.int64), arcs.head.astype(np.int64))
    ties, problems = [], []
    for bush in range(len(bushes.source)):
        user, source = int(bushes.user_class[bush]), bushes.source[bush]
        cost = equilibrium.cost[user][rows.link]
        distance = all_pairs(graph.start, graph.head, cost[graph.arc], np.array([source]))[0]
        known = np.isfinite(distance[arcs.tail]) & np.isfinite(cost)
        above = np.full(len(cost), np.inf)
        above[known] = (distance[arcs.tail] + cost)[known] - distance[arcs.head][known]
        tie = above <= TIE * distance[np.isfinite(distance)].max()
        entries = slice(bushes.demand_start[bush], bushes.demand_start[bush + 1])
        moving = bushes.demand[entries] > 0.0
        leads = np.zeros(n_nodes, dtype=np.bool_)
        leads[bushes.demand_node[entries][moving]] = True
        while (new := arcs.tail[tie & leads[arcs.head] & ~leads[arcs.tail]]).size:
            leads[new] = True
        used = bushes.flow[bush] > USED * bushes.demand[entries].sum()
        if (used & ~tie).any():
            link = int(rows.link[np.flatnonzero(used & ~tie)[0]])
            problems.append(
                f"link {link} carries flow from node {source} but is on none of its cheapest "
                "paths: expected an equilibrium of a smaller relative gap"
            )
        ties.append((tie & leads[arcs.head], used))
    if problems:
        raise AssignmentError(problems)
    return ties


def _tree(tail: IntArray, head: IntArray, tie: BoolArray, used: BoolArray, source: int) -> _Tree:
    """Kruskal, used arcs first: the cycles of used arcs then avoid the others."""
    arc = np.flatnonzero(tie)
    arc = arc[np.argsort(~used[arc], kind="stable")]
    root: dict[int, int] = {}

    def find(node: int) -> int:
        while root.setdefault(node, node) != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    near: dict[int, list[tuple[int, int]]] = {source: []}
    rest = []
    for position, a in enumerate(arc.tolist()):
        i, j = int(tail[a]), int(head[a])
        if find(i) == find(j):
            rest.append(position)
            continue
        root[find(i)] = find(j)
        near.setdefault(i, []).append((-1 - a, j))
        near.setdefault(j, []).append((a, i))
    return _Tree(arc, used[arc], rest, _upwards(near, source))


def _upwards(near: dict[int, list[tuple[int, int]]], source: int) -> dict[int, tuple[int, int]]:
    """(arc, next node) of each node on the way to the origin; `near` holds them from the far end.

    ``near[i]`` lists (arc, j) where arc is written as seen on the way from j to i.
    """
    above: dict[int, tuple[int, int]] = {}
    waiting = [source]
    while waiting:
        node = waiting.pop()
        for arc, other in near[node]:
            if other != source and other not in above:
                above[other] = (arc, node)
                waiting.append(other)
    return above


def _around(tree: _Tree, arc: int, tail: IntArray, head: IntArray, source: int) -> dict[int, float]:
    """Cycle of an arc outside the tree: along it, then through the tree back to its tail."""
    cycle = tree.to_source(int(head[arc]), source)
    for other, sign in tree.to_source(int(tail[arc]), source).items():
        left = cycle.pop(other, 0.0) - sign
        if left != 0.0:
            cycle[other] = left
    cycle[arc] = cycle.get(arc, 0.0) + 1.0
    return cycle
