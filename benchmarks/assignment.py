"""Time user equilibrium beside pytraf and AequilibraE: python benchmarks/assignment.py.

CPU seconds of one process and one thread, least of repeats after one run to warm up; ratio =
ours / peer.  With ``--tntp FOLDER`` also the TNTP networks in a folder laid out like the
Transportation Networks repository; they may be used for research only and do not ship.
Gaps are those that :func:`karvan.freight.certificate.certify` or, for peers, the same formula
finds at the flows returned.
"""

# ruff: noqa: E402 - threads are limited before numpy is imported

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["AEQ_SHOW_PROGRESS"] = "FALSE"

import argparse
import logging
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytraf
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay

from karvan.freight.delay import delays
from karvan.freight.equilibrium import user_equilibrium
from karvan.freight.problem import assignment_problem
from karvan.freight.tntp import read_tntp
from karvan.kernels.graph import all_pairs, compressed_rows

TNTP = {
    "Sioux Falls": "SiouxFalls/SiouxFalls",
    "Eastern Massachusetts": "Eastern-Massachusetts/EMA",
    "Anaheim": "Anaheim/Anaheim",
    "Berlin MPF": "Berlin-Mitte-Prenzlauerberg-Friedrichshain-Center/"
    "berlin-mitte-prenzlauerberg-friedrichshain-center",
    "Winnipeg": "Winnipeg/Winnipeg",
    "Barcelona": "Barcelona/Barcelona",
    "Chicago Sketch": "Chicago-Sketch/ChicagoSketch",
}
"""Those that the folder holds are read."""

FACTORS = {"Chicago Sketch": (0.02, 0.04)}
"""Minutes for a cent of toll and for a mile."""

CITIES = {
    "city of 200 zones": (200, 3_000, 9_000, 0.0),
    "awkward city": (100, 1_500, 4_500, 0.15),
    "city of 1,100 zones": (1_100, 9_500, 28_000, 0.0),
}
"""Zones, nodes, links, and the share of streets that cost nothing and of those that are double."""
SEED = 20_240_601

BOUNDED = 200
"""Iterations that AequilibraE may take."""

LEAST_TIME = 1e-6
"""AequilibraE takes no free-flow time of zero: connectors get this."""


def cpu(call, repeats):
    """Least CPU seconds of a call, and its result; with repeats, the first run is not counted."""
    times = []
    for _ in range(repeats + 1):
        begin = time.process_time()
        result = call()
        times.append(time.process_time() - begin)
    return min(times[min(repeats, 1) :]), result


def city(zones, nodes, links, awkward=0.0):
    """Streets along Delaunay edges, arterials among them, zones joined by connectors that are free.

    Demand falls with distance; capacities are such that the busiest links run beyond them.
    Where it is awkward, a share of the streets is free both ways, so that there are circles that
    cost nothing, and as large a share has a parallel link of half its capacity.
    """
    rng = np.random.default_rng(SEED)
    points = rng.random((nodes, 2))
    corners = Delaunay(points).simplices.astype(np.int64)
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    length = np.hypot(*(points[edges[:, 0]] - points[edges[:, 1]]).T)
    tree = minimum_spanning_tree(csr_matrix((length, edges.T), shape=(nodes, nodes))).tocoo()
    in_tree = np.isin(edges @ [nodes, 1], tree.row.astype(np.int64) * nodes + tree.col)
    others = np.flatnonzero(~in_tree)
    others = others[np.argsort(length[others] * rng.uniform(0.5, 2.0, others.size))]
    streets = (links - 4 * zones) // 2
    chosen = np.append(np.flatnonzero(in_tree), others)[:streets]
    edges, length = edges[chosen], length[chosen]
    arterial = rng.random(len(edges)) < 0.2
    centres = rng.random((zones, 2))
    near = np.argsort(((centres[:, None] - points) ** 2).sum(axis=2), axis=1)[:, :2] + zones
    ends = np.repeat(np.arange(zones), 2), near.ravel()
    tail = np.concatenate([ends[0], ends[1], edges[:, 0] + zones, edges[:, 1] + zones])
    head = np.concatenate([ends[1], ends[0], edges[:, 1] + zones, edges[:, 0] + zones])
    free = np.zeros(4 * zones)
    base = np.append(free, np.tile(length * np.where(arterial, 60.0, 120.0), 2))
    capacity = np.append(free + 1.0, np.tile(np.where(arterial, 3_600.0, 900.0), 2))
    factor = np.append(free, 0.15 * base[4 * zones :])
    edge = np.arange(4 * zones, len(tail)).reshape(2, -1)
    free = edge[:, rng.random(len(edges)) < awkward].ravel()
    base[free], factor[free] = 0.0, 0.0
    twin = edge[:, rng.random(len(edges)) < awkward].ravel()
    tail, head, base, factor = (np.append(a, a[twin]) for a in (tail, head, base, factor))
    capacity = np.append(capacity, 0.5 * capacity[twin])
    delay = delays("bpr", base=base, factor=factor, capacity=capacity, shape=4.0)
    apart = np.hypot(*(centres[:, None] - centres).transpose(2, 0, 1))
    trips = rng.lognormal(0.0, 0.5, (zones, zones)) * np.exp(-4.0 * apart)
    np.fill_diagonal(trips, 0.0)
    trips *= 0.06 * np.sum(base * capacity) / np.sum(trips * apart) / 90.0
    origin, destination = np.nonzero(trips)
    return assignment_problem(
        nodes + zones,
        tail,
        head,
        delay,
        origin,
        destination,
        trips[origin, destination],
        first_through_node=zones,
    )


def gap_of(problem, flow):
    """Relative gap at flows of one class; scipy's Dijkstra, so that it is nobody's own."""
    time_ = problem.delay.time(flow)
    closed = problem.head < problem.first_through_node
    head = np.where(closed, problem.head + problem.n_nodes, problem.head)
    rows = compressed_rows(2 * problem.n_nodes, problem.tail, head)
    graph = csr_matrix((time_[rows.arc], rows.head, rows.start), (2 * problem.n_nodes,) * 2)
    sources, row = np.unique(problem.origin, return_inverse=True)
    distance = dijkstra(graph, indices=sources)
    inner = problem.destination < problem.first_through_node
    end = np.where(inner, problem.destination + problem.n_nodes, problem.destination)
    shortest = problem.amount @ np.where(problem.amount > 0.0, distance[row, end], 0.0)
    return 1.0 - shortest / (time_ @ flow)


def bpr(problem):
    """Coefficient b and power of each link; a constant link has b = 0."""
    delay = problem.delay
    moving = (delay.factor > 0.0) & (delay.kind != 0)
    b = np.where(moving, delay.factor / np.where(moving, delay.base, 1.0), 0.0)
    power = np.where(
        moving, np.select([delay.kind == 1, delay.kind == 2], [1.0, 4.0], delay.shape), 1.0
    )
    return b, power


def with_pytraf(problem, gap):
    b, power = bpr(problem)
    closed = np.arange(problem.n_nodes) < problem.first_through_node
    moves = problem.amount > 0.0

    def call():
        network = pytraf.Network(
            problem.n_nodes,
            problem.tail,
            problem.head,
            problem.delay.base,
            problem.delay.capacity,
            b,
            power,
            is_centroid=closed,
        )
        demand = pytraf.Demand(
            problem.n_nodes,
            problem.origin[moves],
            problem.destination[moves],
            problem.demand[moves],
        )
        return network.assign(demand, gap=gap, max_iter=2_000, threads=1)

    return call


def with_aequilibrae(problem, gap):
    """Bi-conjugate Frank-Wolfe on a graph without a project."""
    from aequilibrae.matrix import AequilibraeMatrix
    from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass

    b, power = bpr(problem)
    links = pd.DataFrame(
        {
            "link_id": np.arange(1, problem.n_links + 1),
            "a_node": problem.tail + 1,
            "b_node": problem.head + 1,
            "direction": 1,
            "free_flow_time": np.maximum(problem.delay.base, LEAST_TIME),
            "capacity": problem.delay.capacity,
            "b": b,
            "power": power,
        }
    )
    zones = int(max(problem.origin.max(), problem.destination.max())) + 1
    trips = np.zeros((zones, zones))
    np.add.at(trips, (problem.origin, problem.destination), problem.amount)

    def call():
        graph = Graph()
        graph.network = links.copy()
        graph.prepare_graph(np.arange(1, zones + 1))
        graph.set_graph("free_flow_time")
        graph.set_blocked_centroid_flows(problem.first_through_node > 0)
        matrix = AequilibraeMatrix()
        matrix.create_empty(zones=zones, matrix_names=["trips"], memory_only=True)
        matrix.index[:] = np.arange(1, zones + 1)
        matrix.matrices[:, :, 0] = trips
        matrix.computational_view(["trips"])
        assignment = TrafficAssignment()
        assignment.set_classes([TrafficClass("all", graph, matrix)])
        assignment.set_vdf("BPR")
        assignment.set_vdf_parameters({"alpha": "b", "beta": "power"})
        assignment.set_capacity_field("capacity")
        assignment.set_time_field("free_flow_time")
        assignment.set_algorithm("bfw")
        assignment.set_cores(1)
        assignment.max_iter = BOUNDED
        assignment.rgap_target = gap
        assignment.execute()
        flows = assignment.results()["PCE_AB"]
        return flows.reindex(links["link_id"]).fillna(0.0).to_numpy()

    return call


def equilibria(problems, most_repeats):
    print("\nUser equilibrium; CPU ms, relative gap reached")
    print(
        f"{'network':<22}{'links':>7}{'gap':>7}{'ours':>10}{'gap':>9}{'pytraf':>10}{'gap':>9}"
        f"{'ratio':>7}{'AequilibraE':>13}{'gap':>9}{'ratio':>8}"
    )
    for name, problem in problems.items():
        repeats = 0 if problem.n_links > 20_000 else 1 if problem.n_links > 5_000 else most_repeats
        for gap in (1e-6, 1e-8):
            ours, found = cpu(lambda: user_equilibrium(problem, gap, threads=1), repeats)  # noqa: B023
            peer, theirs = cpu(with_pytraf(problem, gap), repeats)
            line = (
                f"{name:<22}{problem.n_links:>7}{gap:>7.0e}{ours * 1e3:>10.1f}"
                f"{gap_of(problem, found.flow):>9.0e}{peer * 1e3:>10.1f}"
                f"{gap_of(problem, np.asarray(theirs.links.flow)):>9.0e}{ours / peer:>7.2f}"
            )
            if gap == 1e-6 and problem.n_links < 20_000:
                other, flow = cpu(with_aequilibrae(problem, gap), 0)
                line += f"{other * 1e3:>13.0f}{gap_of(problem, flow):>9.0e}{ours / other:>8.4f}"
            print(line, flush=True)


def warm_starts(problems, many):
    print("\nWarm start after a change of one link; CPU, warm / cold")
    print("floor: nothing changed; used: median (quarters) least-largest of links with flow")
    print(
        f"{'network':<22}{'gap':>7}{'cold ms':>10}{'floor':>7}{'busiest':>9}{'median':>8}"
        f"{'unused':>8}  {'used':<32}{'looks':>6}"
    )
    for name, problem in problems.items():
        large = problem.n_links > 20_000
        for gap in (1e-6,) if large else (1e-6, 1e-8, 1e-10):
            repeats = 1 if problem.n_links > 5_000 else 3 if problem.n_links > 1_000 else 9
            start = user_equilibrium(problem, gap, threads=1)
            found = [
                against_cold(changed, start, gap, 0 if large else repeats)
                for changed in one_link_changed(problem, start.flow, 2 if large else many)
            ]
            floor, cold, _ = against_cold(problem, start, gap, 0 if large else repeats)
            busiest, median, unused, *used = (warm / cold for warm, cold, _ in found)
            low, middle, high = np.quantile(used, [0.25, 0.5, 0.75])
            spread = f"{middle:.3f} ({low:.3f}-{high:.3f}) {min(used):.3f}-{max(used):.2f}"
            print(
                f"{name:<22}{gap:>7.0e}{cold * 1e3:>10.2f}{floor / cold:>7.3f}{busiest:>9.3f}"
                f"{median:>8.3f}{unused:>8.3f}  {spread:<32}"
                f"{np.mean([looks for *_, looks in found]):>6.1f}",
                flush=True,
            )


def against_cold(problem, start, gap, repeats):
    """CPU seconds from a start and from nothing, and looks from the start."""
    cold, anew = cpu(lambda: user_equilibrium(problem, gap, threads=1), repeats)
    warm, found = cpu(lambda: user_equilibrium(problem, gap, threads=1, start=start), repeats)
    if not abs(found.objective - anew.objective) <= gap * anew.total_cost:
        message = f"warm objective {found.objective}, cold {anew.objective}"
        raise SystemExit(message)
    return warm, cold, found.iterations


def one_link_changed(problem, flow, many):
    """Problems with the busiest, a median and an unused link changed, then `many` used ones.

    In turn a link gets half as much capacity again, a third less time, and a third less capacity.
    """
    rising = np.where(problem.delay.factor > 0.0, flow, 0.0)
    used = np.flatnonzero(rising)
    by_flow = used[np.argsort(rising[used])]
    rng = np.random.default_rng(SEED)
    unused = np.flatnonzero(flow == 0.0)
    rarest = rng.choice(unused) if len(unused) else by_flow[0]
    links = [by_flow[-1], by_flow[len(by_flow) // 2], rarest]
    links += list(rng.choice(used, min(many, len(used)), replace=False))
    for which, link in enumerate(links):
        delay = problem.delay
        capacity, base, factor = delay.capacity.copy(), delay.base.copy(), delay.factor.copy()
        if which == 2 or which % 3 == 1:
            base[link] *= 0.7
            factor[link] *= 0.7
        else:
            capacity[link] *= 0.7 if which % 3 == 0 else 1.5
        yield replace(problem, delay=replace(delay, capacity=capacity, base=base, factor=factor))


def tree_passes(problems):
    print("\nShortest paths from all origins; CPU ms (peer: scipy's Dijkstra)")
    print(f"{'network':<22}{'ours':>10}{'scipy':>10}{'ratio':>7}")
    for name, problem in problems.items():
        rows = compressed_rows(problem.n_nodes, problem.tail, problem.head)
        cost = problem.delay.base[rows.arc]
        sources = np.unique(problem.origin)
        graph = csr_matrix((cost, rows.head, rows.start), (problem.n_nodes,) * 2)
        ours, _ = cpu(lambda: all_pairs(rows.start, rows.head, cost, sources), 3)  # noqa: B023
        peer, _ = cpu(lambda: dijkstra(graph, indices=sources), 1)  # noqa: B023
        print(f"{name:<22}{ours * 1e3:>10.2f}{peer * 1e3:>10.2f}{ours / peer:>7.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tntp", type=Path, help="folder of TNTP networks")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--changes", type=int, default=24, help="links changed for warm starts")
    parser.add_argument("--only", default="", help="networks whose name begins so")
    parser.add_argument("--largest", action="store_true", help="the city of 1,100 zones as well")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    problems = {}
    if arguments.tntp:
        for name, stem in TNTP.items():
            net, trips = (arguments.tntp / f"{stem}_{part}.tntp" for part in ("net", "trips"))
            if net.exists():
                problems[name] = read_tntp(net, trips, *FACTORS.get(name, (0.0, 0.0)))
    for name, size in CITIES.items():
        if arguments.largest or size[0] < 500:
            problems[name] = city(*size)
    problems = {k: p for k, p in problems.items() if k.startswith(arguments.only)}
    tree_passes(problems)
    warm_starts(problems, arguments.changes)
    equilibria(problems, arguments.repeats)


if __name__ == "__main__":
    main()
