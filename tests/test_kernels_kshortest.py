from itertools import islice, pairwise

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from karvan.kernels.graph import compressed_rows, shortest_times
from karvan.kernels.kshortest import k_shortest

# Costs of the float tests are sums of at most 200 numbers in [0, 1), in two orders of summing.
ROUNDING = 1e-12

ARCS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from([0, 0, 0, 1, 1, 2, 3, 7])),
    min_size=1,
    max_size=16,
)


def compress(n_nodes, arcs):
    tail, head, cost = (np.array(column) for column in zip(*arcs, strict=True))
    rows = compressed_rows(n_nodes, tail, head)
    return rows, cost[rows.arc].astype(float)


def simple_paths(rows, node, target, seen=(), path=()):
    """All paths without repeated nodes, as tuples of positions."""
    if node == target:
        yield path
        return
    for position in range(rows.start[node], rows.start[node + 1]):
        there = int(rows.head[position])
        if there != node and there not in seen:
            yield from simple_paths(rows, there, target, (*seen, node), (*path, position))


def split(found):
    return [tuple(found.arcs[a:b].tolist()) for a, b in pairwise(found.offset)]


def grid(size, rng):
    nodes = np.arange(size * size).reshape(size, size)
    one_way = [(nodes[:, :-1], nodes[:, 1:]), (nodes[:-1], nodes[1:])]
    tail = np.concatenate([a.ravel() for pair in one_way for a in pair])
    head = np.concatenate([a.ravel() for pair in one_way for a in pair[::-1]])
    return tail, head, rng.random(tail.size)


@given(ARCS, st.integers(0, 5), st.integers(0, 5), st.integers(0, 12))
@settings(max_examples=1500, deadline=None)
def test_paths_are_the_cheapest_of_all_simple_paths(arcs, source, target, k):
    rows, cost = compress(6, arcs)
    every = list(simple_paths(rows, source, target))
    expected = sorted(cost[list(path)].sum() for path in every)[:k]
    found = k_shortest(rows.start, rows.head, cost, source, target, k)
    paths = split(found)
    assert found.cost.tolist() == expected
    assert [cost[list(path)].sum() for path in paths] == expected
    assert len(set(paths)) == len(paths)
    assert set(paths) <= set(every)


@given(st.integers(0, 10**9), st.integers(1, 40))
@settings(max_examples=300, deadline=None)
def test_real_costs_agree_up_to_rounding(seed, k):
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, 6, 16), rng.integers(0, 6, 16)
    rows = compressed_rows(6, tail, head)
    cost = rng.random(16)
    expected = sorted(cost[list(path)].sum() for path in simple_paths(rows, 0, 5))[:k]
    found = k_shortest(rows.start, rows.head, cost, 0, 5, k)
    assert np.allclose(found.cost, expected, rtol=0, atol=ROUNDING)
    assert (np.diff(found.cost) >= 0).all()


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_relabelling_nodes_and_scaling_costs_change_nothing(seed):
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, 20, 70), rng.integers(0, 20, 70)
    cost = rng.integers(0, 9, 70).astype(float)
    new = rng.permutation(20)
    rows = compressed_rows(20, tail, head)
    moved = compressed_rows(20, new[tail], new[head])
    before = k_shortest(rows.start, rows.head, cost[rows.arc], 0, 1, 25)
    after = k_shortest(moved.start, moved.head, 4.0 * cost[moved.arc], new[0], new[1], 25)
    assert np.array_equal(4.0 * before.cost, after.cost)


def test_paths_are_those_of_networkx_on_a_grid():
    tail, head, cost = grid(7, np.random.default_rng(2))
    rows = compressed_rows(49, tail, head)
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(zip(tail, head, cost, strict=True))
    expected = list(islice(nx.shortest_simple_paths(graph, 0, 48, weight="weight"), 60))
    found = k_shortest(rows.start, rows.head, cost[rows.arc], 0, 48, 60)
    assert [[0, *rows.head[list(path)]] for path in split(found)] == expected


def test_many_paths_over_zero_costs_outgrow_every_table():
    # All costs 0: each search could go round in circles, and 3,000 of the paths outgrow the tables.
    tail, head, cost = grid(6, np.random.default_rng(2))
    rows = compressed_rows(36, tail, head)
    found = k_shortest(rows.start, rows.head, 0.0 * cost, 0, 35, 3_000)
    paths = split(found)
    assert found.cost.tolist() == [0.0] * 3_000
    assert len(set(paths)) == 3_000
    for path in paths:
        nodes = [0, *rows.head[list(path)].tolist()]
        assert len(set(nodes)) == len(nodes)
        assert nodes[-1] == 35


def test_first_path_is_the_shortest():
    rng = np.random.default_rng(6)
    tail, head, cost = rng.integers(0, 500, 2_000), rng.integers(0, 500, 2_000), rng.random(2_000)
    rows = compressed_rows(500, tail, head)
    distance = shortest_times(rows.start, rows.head, cost[rows.arc], 0).distance
    for target in range(1, 60):
        found = k_shortest(rows.start, rows.head, cost[rows.arc], 0, target, 1)
        assert found.cost.size == np.isfinite(distance[target])
        assert np.allclose(found.cost, distance[target], rtol=0, atol=ROUNDING)


def test_a_node_with_many_arcs_outgrows_the_search_heap():
    # 600 neighbours of the source all lead to one gate, so each makes one path.
    n_middle = 600
    middle = np.arange(3, 3 + n_middle)
    tail = np.concatenate([[0], [1], np.zeros(n_middle, int), middle])
    head = np.concatenate([[1], [2], middle, np.ones(n_middle, int)])
    cost = np.concatenate([[1.0], [1.0], np.arange(n_middle) + 2.0, np.ones(n_middle)])
    rows = compressed_rows(3 + n_middle, tail, head)
    found = k_shortest(rows.start, rows.head, cost[rows.arc], 0, 2, 700)
    assert found.cost.tolist() == [2.0, *(np.arange(n_middle) + 4.0)]


def test_from_a_node_to_itself_there_is_one_empty_path():
    rows, cost = compress(2, [(0, 1, 1), (1, 0, 1), (0, 0, 0)])
    found = k_shortest(rows.start, rows.head, cost, 0, 0, 3)
    assert found.cost.tolist() == [0.0]
    assert found.arcs.size == 0
    assert found.offset.tolist() == [0, 0]
    assert k_shortest(rows.start, rows.head, cost, 0, 0, 0).offset.tolist() == [0]


def test_arcs_of_infinite_cost_are_never_used():
    rows, cost = compress(3, [(0, 1, 1), (1, 2, 1), (0, 2, 9)])
    cost[rows.arc == 1] = np.inf
    assert k_shortest(rows.start, rows.head, cost, 0, 2, 5).cost.tolist() == [9.0]
