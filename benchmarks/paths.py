"""Time the path kernels beside scipy and igraph: python benchmarks/paths.py (under 2 minutes).

CPU seconds of one process, median of repeats after one call to warm up; ratio = ours / peer.
igraph runs once on graphs over 1,000 nodes.
"""

# ruff: noqa: E402 - threads are limited before, and the import of the kernels is timed

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import statistics
import time

import igraph
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay

import numba  # so that the import of the kernels is timed without numba itself  # isort: skip

_began = time.process_time()
from karvan.kernels.graph import compressed_rows, shortest_times
from karvan.kernels.kshortest import k_shortest
from karvan.kernels.pareto import pareto_labels

LOAD_S = time.process_time() - _began
SEED = 20_240_601


def cpu(call, repeats):
    """Median CPU seconds of a call; with no repeats, of its first and only run."""
    if repeats > 0:
        call()
    times = []
    for _ in range(max(repeats, 1)):
        begin = time.process_time()
        call()
        times.append(time.process_time() - begin)
    return statistics.median(times)


def street_order(points):
    """Order of points along a Z curve: neighbours get near numbers, as in map data."""
    cells = (points * 65_535).astype(np.int64)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        cells = (cells | (cells << shift)) & mask
    return np.argsort(cells[:, 0] | (cells[:, 1] << 1))


def road(n_nodes, n_arcs, *, shuffled=False):
    """A connected planar network: a spanning tree and the shorter of the other Delaunay edges."""
    rng = np.random.default_rng(SEED)
    points = rng.random((n_nodes, 2))
    points = points[street_order(points)]
    corners = Delaunay(points).simplices.astype(np.int64)
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    length = np.hypot(*(points[edges[:, 0]] - points[edges[:, 1]]).T)
    shape = (n_nodes, n_nodes)
    tree = minimum_spanning_tree(csr_matrix((length, edges.T), shape=shape)).tocoo()
    in_tree = np.isin(edges @ [n_nodes, 1], tree.row.astype(np.int64) * n_nodes + tree.col)
    others = np.flatnonzero(~in_tree)
    others = others[np.argsort(length[others] * rng.uniform(0.5, 2.0, others.size))]
    chosen = np.append(np.flatnonzero(in_tree), others)[: n_arcs // 2]
    edges = rng.permutation(n_nodes)[edges[chosen]] if shuffled else edges[chosen]
    tail, head = np.concatenate([edges, edges[:, ::-1]]).T
    cost = np.tile(length[chosen], 2) * rng.uniform(1.0, 1.5, tail.size) * 100.0
    return tail, head, cost


def random_graph(n_nodes, n_arcs):
    rng = np.random.default_rng(SEED)
    return rng.integers(0, n_nodes, n_arcs), rng.integers(0, n_nodes, n_arcs), rng.random(n_arcs)


def compress(n_nodes, arcs):
    rows = compressed_rows(n_nodes, arcs[0], arcs[1])
    return rows.start, rows.head, arcs[2][rows.arc]


def one_to_all():
    print("\nOne node to all (peer: scipy.sparse.csgraph.dijkstra with predecessors)")
    print(f"{'graph':<16}{'nodes':>9}{'arcs':>10}{'ours ms':>10}{'peer ms':>10}{'ratio':>8}  agree")
    for n_nodes, n_arcs in ((1_000, 2_390), (20_000, 47_800), (275_000, 657_500)):
        for name, arcs in (
            ("road", road(n_nodes, n_arcs)),
            ("road, shuffled", road(n_nodes, n_arcs, shuffled=True)),
            ("random", random_graph(n_nodes, n_arcs)),
        ):
            start, head, cost = compress(n_nodes, arcs)
            graph = csr_matrix((cost, head, start), shape=(n_nodes, n_nodes))
            source = n_nodes // 2
            repeats = 9 if n_nodes > 100_000 else 25
            ours = cpu(lambda: shortest_times(start, head, cost, source), repeats)  # noqa: B023
            peer = cpu(
                lambda: dijkstra(graph, indices=source, return_predecessors=True),  # noqa: B023
                repeats,
            )
            agree = np.array_equal(
                shortest_times(start, head, cost, source).distance, dijkstra(graph, indices=source)
            )
            print(
                f"{name:<16}{n_nodes:>9}{head.size:>10}{1e3 * ours:>10.3f}{1e3 * peer:>10.3f}"
                f"{ours / peer:>8.3f}  {agree}"
            )


def k_paths():
    print("\nTen cheapest loopless paths (peer: igraph get_k_shortest_paths)")
    print(f"{'graph':<16}{'nodes':>9}{'arcs':>10}{'ours ms':>10}{'peer ms':>10}{'ratio':>8}  agree")
    for name, n_nodes, arcs in (
        ("road", 1_000, road(1_000, 2_390)),
        ("random", 1_000, random_graph(1_000, 4_000)),
        ("road", 10_000, road(10_000, 23_900)),
        ("random", 10_000, random_graph(10_000, 40_000)),
        ("random", 100_000, random_graph(100_000, 400_000)),
        ("road", 100_000, road(100_000, 239_000)),
    ):
        start, head, cost = compress(n_nodes, arcs)
        tail = np.repeat(np.arange(n_nodes), np.diff(start))
        graph = igraph.Graph(n=n_nodes, edges=np.stack([tail, head], axis=1), directed=True)
        weights = cost.tolist()
        source, target = n_nodes // 7, n_nodes - n_nodes // 5
        ours = cpu(lambda: k_shortest(start, head, cost, source, target, 10), 7)  # noqa: B023
        paths = []
        peer = cpu(
            lambda: paths.append(  # noqa: B023
                graph.get_k_shortest_paths(  # noqa: B023
                    source,  # noqa: B023
                    target,  # noqa: B023
                    10,
                    mode="out",
                    weights=weights,  # noqa: B023
                    output="epath",
                )
            ),
            3 if n_nodes == 1_000 else 0,
        )
        expected = sorted(cost[path].sum() for path in paths[0])
        found = k_shortest(start, head, cost, source, target, 10).cost
        agree = found.size == len(expected) and np.allclose(found, expected, rtol=1e-12, atol=0.0)
        print(
            f"{name:<16}{n_nodes:>9}{head.size:>10}{1e3 * ours:>10.3f}{1e3 * peer:>10.3f}"
            f"{ours / peer:>8.5f}  {agree}"
        )


def objectives(kind, n_arcs, length, rng):
    if kind == "real":
        return rng.random((n_arcs, 3))
    if kind == "1-10":
        return rng.integers(1, 11, (n_arcs, 3)).astype(float)
    if kind in ("correlated", "timetables"):
        return length[:, None] * rng.uniform(0.8, 1.25, (n_arcs, 3))
    time_h = rng.integers(1, 101, n_arcs)  # anticorrelated: fast is dear
    money = 101 - time_h + rng.integers(0, 5, n_arcs)
    return np.stack([time_h, money, rng.integers(1, 101, n_arcs)], axis=1).astype(float)


def services(n_arcs, rng):
    """One arc in ten is a service with two to five departures a week; boarding is a transfer."""
    timetable = np.where(rng.random(n_arcs) < 0.1, rng.integers(0, 50, n_arcs), -1)
    hours = [np.sort(rng.random(rng.integers(2, 6)) * 168.0) for _ in range(50)]
    return {
        "timetable": timetable,
        "departure_start": np.append(0, np.cumsum([row.size for row in hours])),
        "departure_h": np.concatenate(hours),
        "period_h": np.full(50, 168.0),
        "depart_h": 8.0,
        "resource": (timetable >= 0).astype(np.int64),
        "max_resource": 5,
    }


def least_costs_agree(start, head, cost, source, target, found):
    least = [
        shortest_times(start, head, np.ascontiguousarray(cost[:, i]), source).distance[target]
        for i in range(3)
    ]
    if not np.isfinite(least[0]):
        return found.cost.shape[0] == 0
    # A search that was stopped has the least time, the objective it runs along.
    n_sure = 3 if found.complete else 1
    return np.allclose(found.cost.min(axis=0)[:n_sure], least[:n_sure], rtol=1e-9, atol=0.0)


def pareto():
    print("\nNon-dominated paths for three objectives, 10,000 nodes, 40,000 arcs (no peer;")
    print(
        "agree: the least of each objective is that of shortest_times). Stops at 3 million labels."
    )
    print(
        f"{'graph':<10}{'costs':<16}{'from':>6}{'to':>6}{'s':>9}{'labels':>10}{'paths':>7}"
        "  whole  agree"
    )
    for name, arcs in (("random", random_graph(10_000, 40_000)), ("road", road(10_000, 40_000))):
        start, head, length = compress(10_000, arcs)
        for kind in ("real", "1-10", "correlated", "anticorrelated", "timetables"):
            rng = np.random.default_rng(SEED)
            cost = objectives(kind, head.size, length, rng)
            options = services(head.size, rng) if kind == "timetables" else {}
            for source, target in rng.integers(0, 10_000, (3, 2)).tolist():
                begin = time.process_time()
                found = pareto_labels(
                    start, head, cost, source, target, max_settled=3_000_000, **options
                )
                seconds = time.process_time() - begin
                agree = (
                    "" if options else least_costs_agree(start, head, cost, source, target, found)
                )
                print(
                    f"{name:<10}{kind:<16}{source:>6}{target:>6}{seconds:>9.3f}"
                    f"{found.n_settled:>10}{found.cost.shape[0]:>7}  {found.complete!s:<5}  {agree}"
                )


def main():
    print(f"numba {numba.__version__}; loading the three kernels: {LOAD_S:.2f} CPU s")
    one_to_all()
    k_paths()
    pareto()


if __name__ == "__main__":
    main()
