import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from karvan.kernels.graph import (
    all_pairs,
    closed_costs,
    compressed_rows,
    path_to,
    reachable,
    shortest_times,
)

ARCS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 9)), min_size=0, max_size=16
)


def compress(n_nodes, arcs):
    tail, head, cost = (np.array(column) for column in zip(*arcs, strict=True))
    rows = compressed_rows(n_nodes, tail, head)
    return rows, cost[rows.arc].astype(float)


def bellman_ford(n_nodes, arcs, source):
    distance = [np.inf] * n_nodes
    distance[source] = 0.0
    for _ in range(n_nodes):
        for tail, head, cost in arcs:
            distance[head] = min(distance[head], distance[tail] + cost)
    return distance


def random_arcs(rng, n_nodes, n_arcs):
    return rng.integers(0, n_nodes, n_arcs), rng.integers(0, n_nodes, n_arcs), rng.random(n_arcs)


def test_rows_keep_the_order_of_parallel_arcs():
    rows = compressed_rows(4, np.array([2, 0, 2, 0, 2]), np.array([1, 3, 1, 1, 2]))
    assert rows.start.tolist() == [0, 2, 2, 5, 5]
    assert rows.head.tolist() == [3, 1, 1, 1, 2]
    assert rows.arc.tolist() == [1, 3, 0, 2, 4]


def test_a_graph_without_arcs():
    none = np.zeros(0, np.int64)
    rows = compressed_rows(3, none, none)
    times = shortest_times(rows.start, rows.head, np.zeros(0), 1)
    assert times.distance.tolist() == [np.inf, 0.0, np.inf]
    assert times.previous_arc.tolist() == [-1, -1, -1]
    assert reachable(rows.start, rows.head, 1).tolist() == [False, True, False]
    assert path_to(rows.start, times.previous_arc, 0).size == 0
    assert all_pairs(rows.start, rows.head, np.zeros(0), none).shape == (0, 3)


@given(ARCS.filter(bool), st.integers(0, 6))
@settings(max_examples=500, deadline=None)
def test_times_are_those_of_bellman_ford(arcs, source):
    rows, cost = compress(7, arcs)
    distance, previous_arc = shortest_times(rows.start, rows.head, cost, source)
    assert distance.tolist() == bellman_ford(7, arcs, source)
    assert reachable(rows.start, rows.head, source).tolist() == np.isfinite(distance).tolist()
    for node in range(7):
        path = path_to(rows.start, previous_arc, node)
        here = source
        for position in path:
            tail, here, _ = arcs[rows.arc[position]]
            assert rows.start[tail] <= position < rows.start[tail + 1]
        assert cost[path].sum() == (distance[node] if np.isfinite(distance[node]) else 0.0)
        assert here == (node if np.isfinite(distance[node]) else source)


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_relabelling_nodes_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    tail, head, cost = random_arcs(rng, 30, 90)
    new = rng.permutation(30)
    rows = compressed_rows(30, tail, head)
    moved = compressed_rows(30, new[tail], new[head])
    before = shortest_times(rows.start, rows.head, cost[rows.arc], 0).distance
    after = shortest_times(moved.start, moved.head, cost[moved.arc], new[0]).distance
    assert np.array_equal(before, after[new])


def test_times_are_those_of_scipy_on_a_large_graph():
    tail, head, cost = random_arcs(np.random.default_rng(3), 20_000, 60_000)
    rows = compressed_rows(20_000, tail, head)
    graph = csr_matrix((cost[rows.arc], rows.head, rows.start), shape=(20_000, 20_000))
    sources = np.array([5, 17, 5])
    found = all_pairs(rows.start, rows.head, cost[rows.arc], sources)
    # Both add along paths from the source, so even the rounding is the same.
    assert np.array_equal(found, dijkstra(graph, indices=sources))
    assert np.array_equal(found[0], found[2])


def test_costs_below_the_resolution_of_the_heap_keys_still_count():
    # After the first arc all distances share their upper bits, so the heap cannot order them.
    rng = np.random.default_rng(8)
    tail, head, cost = random_arcs(rng, 2_000, 8_000)
    tail, head = np.append(tail, 2_000), np.append(head, 0)
    cost = np.append(cost * 1e-7, 1e6)
    rows = compressed_rows(2_001, tail, head)
    graph = csr_matrix((cost[rows.arc], rows.head, rows.start), shape=(2_001, 2_001))
    found = shortest_times(rows.start, rows.head, cost[rows.arc], 2_000).distance
    assert np.array_equal(found, dijkstra(graph, indices=2_000))


def test_a_graph_where_every_arc_improves_outgrows_the_first_heap():
    n_nodes = 200
    tail, head = np.triu_indices(n_nodes, 1)
    rows = compressed_rows(n_nodes, tail, head)
    # Far arcs cost more than the chain, so each node is improved by each node before it.
    cost = ((head - tail) ** 2.0)[rows.arc]
    found = shortest_times(rows.start, rows.head, cost, 0).distance
    assert found.tolist() == list(range(n_nodes))


def test_arcs_of_infinite_cost_are_never_used():
    rows, cost = compress(3, [(0, 1, 1), (1, 2, 1), (0, 2, 9)])
    cost[rows.arc == 1] = np.inf
    assert shortest_times(rows.start, rows.head, cost, 0).distance.tolist() == [0.0, 1.0, 9.0]
    cost[rows.arc == 2] = np.inf
    times = shortest_times(rows.start, rows.head, cost, 0)
    assert times.distance.tolist() == [0.0, 1.0, np.inf]
    assert times.previous_arc[2] == -1


def test_times_are_those_of_networkx():
    tail, head, cost = random_arcs(np.random.default_rng(4), 200, 700)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(200))
    graph.add_weighted_edges_from(zip(tail, head, cost, strict=True))
    expected = nx.single_source_dijkstra_path_length(graph, 0)
    rows = compressed_rows(200, tail, head)
    found = shortest_times(rows.start, rows.head, cost[rows.arc], 0).distance
    assert {node: found[node] for node in np.flatnonzero(np.isfinite(found))} == expected


def test_closed_arcs_are_as_good_as_none():
    rng = np.random.default_rng(8)
    tail, head, cost = random_arcs(rng, 60, 240)
    rows = compressed_rows(60, tail, head)
    closed = rng.random((5, 240)) < np.array([[0.0], [0.1], [0.3], [0.6], [1.0]])
    found = closed_costs(rows.start, rows.head, cost, closed, 7)
    for row, shut in zip(found, closed, strict=True):
        by_arc = np.where(shut, np.inf, cost)
        assert np.array_equal(row, shortest_times(rows.start, rows.head, by_arc, 7).distance)
