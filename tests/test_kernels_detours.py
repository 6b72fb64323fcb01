"""Repeated searches with penalties: the compiled kernel against searches one by one."""

import numpy as np
import pytest

from karvan.kernels.detours import Detours, Groups, cheapest_paths, detours
from karvan.kernels.graph import compressed_rows, path_to, shortest_times

FACTOR, ROUNDS = 1.25, 4


def random_graph(seed: int, n_nodes: int = 40, n_arcs: int = 160):
    """A graph with whole costs over parts of one hour, groups of arcs, and three closings."""
    draw = np.random.default_rng(seed)
    rows = compressed_rows(n_nodes, *draw.integers(0, n_nodes, (2, n_arcs)))
    cost = draw.uniform(0.5, 2.0, n_arcs)
    cost[draw.random(n_arcs) < 0.05] = np.inf
    member = draw.random((n_arcs, 25)) < 0.08
    arc_first = np.concatenate([[0], np.cumsum(member.sum(axis=1))]).astype(np.int64)
    group_first = np.concatenate([[0], np.cumsum(member.sum(axis=0))]).astype(np.int64)
    groups = Groups(arc_first, np.nonzero(member)[1], group_first, np.nonzero(member.T)[1])
    closed = np.vstack([np.zeros(n_arcs, np.bool_), draw.random((2, n_arcs)) < 0.15])
    return rows.start, rows.head, cost, member, groups, closed


def one_by_one(start, head, cost, member, closed, source, target) -> list[list[int]]:
    """The paths of plain searches, with the cost of each group raised in between."""
    found = []
    for shut in closed:
        penalized = np.where(shut, np.inf, cost)
        for _ in range(ROUNDS):
            tree = shortest_times(start, head, penalized, source)
            if not np.isfinite(tree.distance[target]):
                break
            path = path_to(start, tree.previous_arc, target)
            found.append(list(path))
            penalized *= FACTOR ** member[:, member[path].any(axis=0)].sum(axis=1)
    return found


def bounds(start, head, cost, closed, target):
    tail = np.repeat(np.arange(len(start) - 1), np.diff(start))
    back = compressed_rows(len(start) - 1, head, tail)
    return np.array(
        [
            shortest_times(back.start, back.head, by_arc[back.arc], target).distance
            for by_arc in np.where(closed, np.inf, cost)
        ]
    )


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("bounded", [True, False])
def test_paths_are_those_of_searches_one_by_one(seed: int, bounded: bool) -> None:
    start, head, cost, member, groups, closed = random_graph(seed)
    source, target = np.random.default_rng(seed).choice(len(start) - 1, 2, replace=False)
    # Bounds only save work: without any, the search is Dijkstra's.
    bound = bounds(start, head, cost, closed, target) if bounded else np.zeros((3, len(start) - 1))
    found = detours(start, head, cost, bound, source, target, closed, groups, FACTOR, ROUNDS)
    paths = [list(found.arcs[a:b]) for a, b in zip(found.offset, found.offset[1:], strict=False)]
    assert paths == one_by_one(start, head, cost, member, closed, source, target)


def test_nothing_is_found_where_nothing_leads() -> None:
    empty = np.zeros(0, np.int64)
    groups = Groups(np.zeros(2, np.int64), empty, np.zeros(1, np.int64), empty)
    start, head = np.array([0, 1, 1, 1]), np.array([1])
    bound, closed = np.zeros((1, 3)), np.zeros((1, 1), np.bool_)
    found = detours(start, head, np.ones(1), bound, 0, 2, closed, groups, FACTOR, ROUNDS)
    assert len(found.arcs) == 0
    assert list(found.offset) == [0]


@pytest.mark.parametrize("seed", range(20))
def test_first_paths_that_are_known_are_not_searched(seed: int) -> None:
    start, head, cost, _, groups, closed = random_graph(seed)
    source, target = np.random.default_rng(seed).choice(len(start) - 1, 2, replace=False)
    given = start, head, cost, bounds(start, head, cost, closed, target), source, target, closed
    found = detours(*given, groups, FACTOR, ROUNDS)
    # Of the first closing all, of the second two, of the third none.
    turn = np.arange(len(found.closing)) - np.searchsorted(found.closing, found.closing)
    kept = turn < np.array([ROUNDS, 2, 0])[found.closing]
    length = np.diff(found.offset)
    known = Detours(
        found.arcs[np.repeat(kept, length)],
        np.append(0, np.cumsum(length[kept])),
        found.cost[kept],
        found.closing[kept],
    )
    again = detours(*given, groups, FACTOR, ROUNDS, known)
    for one, other in zip(again, found, strict=True):
        assert np.array_equal(one, other)
    # What is known is believed: another cost of it comes back.
    told = detours(*given, groups, FACTOR, ROUNDS, known._replace(cost=known.cost + 1.0))
    assert np.array_equal(told.cost[kept], found.cost[kept] + 1.0)


@pytest.mark.parametrize("seed", range(20))
def test_cheapest_paths_are_those_of_a_whole_tree(seed: int) -> None:
    start, head, cost, *_, closed = random_graph(seed)
    draw = np.random.default_rng(seed)
    source = draw.integers(0, len(start) - 1, 30)
    target = (source + draw.integers(1, len(start) - 1, 30)) % (len(start) - 1)
    costs = np.array([cost, cost * draw.uniform(1.0, 3.0, len(cost))])
    every, row = np.arange(len(start) - 1), draw.integers(0, 2, 30)
    ahead = np.vstack([bounds(start, head, cost, closed[:1], t) for t in every])
    arcs, offset = cheapest_paths(start, head, costs, ahead, (row, target), (source, target))
    for n in range(30):
        tree = shortest_times(start, head, costs[row[n]], source[n])
        path = path_to(start, tree.previous_arc, target[n])
        assert list(arcs[offset[n] : offset[n + 1]]) == list(path)
