from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karvan.kernels.graph import compressed_rows
from karvan.kernels.pareto import pareto_front, pareto_labels

# Real costs of at most 6 arcs below 2, waits below 24: rounding of sums in another order is 1e-14,
# and the kernel takes differences up to 1e-10 of the largest arc or period for ties at each node.
TOLERANCE = 6 * 24 * 1e-10
NOW_H = 1e-9  # a departure this long ago is still caught

COSTS = st.tuples(*[st.sampled_from([0, 0, 1, 2, 3, 5, 9])] * 3)
ALL = np.array([True, True, True])


class Net(NamedTuple):
    n_nodes: int
    start: np.ndarray
    head: np.ndarray
    cost: np.ndarray
    timetable: np.ndarray
    departures: list
    period: list
    depart: float
    resource: np.ndarray

    def solve(self, source=0, target=1, **options):
        lengths = [len(hours) for hours in self.departures]
        return pareto_labels(
            self.start,
            self.head,
            self.cost,
            source,
            target,
            timetable=self.timetable,
            departure_start=np.append(0, np.cumsum(lengths)).astype(np.int64),
            departure_h=np.array([hour for hours in self.departures for hour in hours], float),
            period_h=np.array(self.period, float),
            depart_h=self.depart,
            resource=self.resource,
            **options,
        )

    def ride(self, path):
        """Cost and transfers of a path, or None if a service on it never runs."""
        total = [0.0, 0.0, 0.0]
        for position in path:
            table = self.timetable[position]
            if table >= 0:
                if not self.departures[table]:
                    return None
                period = self.period[table]
                now = (self.depart + total[0]) % period
                hours = self.departures[table]
                hours = [hours[-1] - period, *hours, hours[0] + period]
                total[0] += max(0.0, min(hour - now for hour in hours if hour >= now - NOW_H))
            total = [a + b for a, b in zip(total, self.cost[position].tolist(), strict=True)]
        return tuple(total), int(self.resource[path].sum()) if path else 0

    def enumerate(self, source=0, target=1, limit=-1):
        """Every simple path that runs and keeps the limit: path, cost, transfers."""
        stack = [(source, (source,), [])]
        while stack:
            node, seen, path = stack.pop()
            if node == target:
                ride = self.ride(path)
                if ride is not None and (limit < 0 or ride[1] <= limit):
                    yield path, *ride
                continue
            for position in range(self.start[node], self.start[node + 1]):
                there = int(self.head[position])
                if there not in seen:
                    stack.append((there, (*seen, there), [*path, position]))


def build(n_nodes, arcs, departures=(), period=(), depart=0.0):
    tail = np.array([arc[0] for arc in arcs], np.int64)
    head = np.array([arc[1] for arc in arcs], np.int64)
    rows = compressed_rows(n_nodes, tail, head)
    cost = np.array([arc[2] for arc in arcs], float).reshape(-1, 3)[rows.arc]
    timetable = np.array([arc[3] for arc in arcs], np.int64)[rows.arc]
    resource = np.array([arc[4] for arc in arcs], np.int64)[rows.arc]
    return Net(
        n_nodes,
        rows.start,
        rows.head,
        cost,
        timetable,
        [list(hours) for hours in departures],
        list(period),
        depart,
        resource,
    )


@st.composite
def nets(draw, scheduled=True):
    n_nodes = draw(st.integers(2, 7))
    node = st.integers(0, n_nodes - 1)
    n_tables = draw(st.integers(0, 3)) if scheduled else 0
    departures, period = [], []
    for _ in range(n_tables):
        period.append(draw(st.integers(1, 12)))
        hours = draw(st.sets(st.integers(0, period[-1] - 1), max_size=3))
        departures.append(sorted(hours))
    arc = st.tuples(node, node, COSTS, st.integers(-1, n_tables - 1), st.integers(0, 1))
    arcs = draw(st.lists(arc, min_size=1, max_size=16))
    return build(n_nodes, arcs, departures, period, float(draw(st.integers(0, 30))))


def dominates(a, b):
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))


def undominated(vectors):
    vectors = set(vectors)
    return sorted(v for v in vectors if not any(dominates(w, v) for w in vectors))


def split(found):
    return [found.arcs[a:b].tolist() for a, b in pairwise(found.offset)]


def rows_of(array):
    return [tuple(row) for row in np.asarray(array).tolist()]


def check_paths(net, found, source=0, target=1):
    for path, cost, transfers in zip(
        split(found), rows_of(found.cost), found.resource, strict=True
    ):
        nodes = [source]
        for position in path:
            assert net.start[nodes[-1]] <= position < net.start[nodes[-1] + 1]
            nodes.append(int(net.head[position]))
        assert nodes[-1] == target
        assert len(set(nodes)) == len(nodes)
        assert net.ride(path) == (cost, transfers)


@given(nets(), st.integers(-1, 3), st.tuples(st.booleans(), st.booleans(), st.booleans()))
@settings(max_examples=2000, deadline=None)
def test_the_front_is_that_of_all_simple_paths(net, limit, objectives):
    active = np.flatnonzero(objectives)
    every = [tuple(np.array(cost)[active]) for _, cost, _ in net.enumerate(limit=limit)]
    for prune in (True, False):
        found = net.solve(max_resource=limit, objectives=np.array(objectives), prune=prune)
        assert sorted(rows_of(found.cost[:, active])) == undominated(every)
        assert rows_of(found.cost) == sorted(rows_of(found.cost))
        assert (found.resource <= limit).all() or limit < 0
        assert found.complete
        check_paths(net, found)


@given(nets(scheduled=False), st.integers(-1, 3))
@settings(max_examples=600, deadline=None)
def test_of_equal_paths_the_one_with_fewer_transfers_then_arcs_stays(net, limit):
    best = {}
    for path, cost, transfers in net.enumerate(limit=limit):
        rank = (transfers, len(path))
        best[cost] = min(best.get(cost, rank), rank)
    found = net.solve(max_resource=limit)
    for path, cost, transfers in zip(
        split(found), rows_of(found.cost), found.resource, strict=True
    ):
        assert (transfers, len(path)) == best[cost]


@given(st.integers(0, 10**9), st.integers(-1, 2), st.booleans())
@settings(max_examples=400, deadline=None)
def test_real_costs_agree_up_to_rounding(seed, limit, few_values):
    rng = np.random.default_rng(seed)
    n_arcs = 16
    # A few decimal values make paths that tie in decimals but not in sums of floats.
    cost = rng.integers(0, 5, (n_arcs, 3)) / 10 if few_values else rng.random((n_arcs, 3)) * 2
    arcs = [
        (*rng.integers(0, 6, 2), cost[i], rng.integers(-1, 2), rng.integers(0, 2))
        for i in range(n_arcs)
    ]
    departures = [np.sort(rng.random(2) * 5), np.sort(rng.random(3) * 24)]
    net = build(6, arcs, departures, [5.0, 24.0], float(rng.random() * 1000))
    found = rows_of(net.solve(max_resource=limit).cost)
    every = [cost for _, cost, _ in net.enumerate(limit=limit)]

    def close(a, b):
        return all(x <= y + TOLERANCE for x, y in zip(a, b, strict=True))

    assert all(any(close(v, w) for v in found) for w in every)
    for v in found:
        assert any(close(v, w) and close(w, v) for w in every)
        assert not any(close(w, v) for w in found if w != v)
    assert len(set(found)) == len(found)


@given(nets(), st.integers(-1, 2), st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_relabelling_nodes_changes_nothing(net, limit, seed):
    new = np.random.default_rng(seed).permutation(net.n_nodes)
    tail = np.repeat(np.arange(net.n_nodes), np.diff(net.start))
    rows = compressed_rows(net.n_nodes, new[tail], new[net.head])
    moved = net._replace(
        start=rows.start,
        head=rows.head,
        cost=net.cost[rows.arc],
        timetable=net.timetable[rows.arc],
        resource=net.resource[rows.arc],
    )
    before = net.solve(max_resource=limit)
    after = moved.solve(new[0], new[1], max_resource=limit)
    assert np.array_equal(before.cost, after.cost)


@given(nets(), st.sampled_from([0.125, 3.0, 10.0, 1e-6, 1e7]))
@settings(max_examples=200, deadline=None)
def test_scaling_units_scales_results(net, factor):
    scaled = net._replace(
        cost=net.cost * factor,
        departures=[[hour * factor for hour in hours] for hours in net.departures],
        period=[hours * factor for hours in net.period],
        depart=net.depart * factor,
    )
    assert scaled.solve().cost == pytest.approx(net.solve().cost * factor, rel=1e-9)


@given(nets(), COSTS, st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=200, deadline=None)
def test_another_arc_never_makes_any_result_worse(net, cost, tail, head):
    n_nodes = net.n_nodes
    tails = np.append(np.repeat(np.arange(n_nodes), np.diff(net.start)), tail % n_nodes)
    rows = compressed_rows(n_nodes, tails, np.append(net.head, head % n_nodes))
    wider = net._replace(
        start=rows.start,
        head=rows.head,
        cost=np.vstack([net.cost, cost])[rows.arc],
        timetable=np.append(net.timetable, -1)[rows.arc],
        resource=np.append(net.resource, 0)[rows.arc],
    )
    after = rows_of(wider.solve().cost)
    for v in rows_of(net.solve().cost):
        assert any(v == w or dominates(w, v) for w in after)


@given(nets(scheduled=False), st.integers(0, 12))
@settings(max_examples=100, deadline=None)
def test_a_stopped_search_returns_part_of_the_front(net, most):
    found = net.solve(max_settled=most)
    whole = net.solve()
    assert set(rows_of(found.cost)) <= set(rows_of(whole.cost))
    assert found.n_settled <= most
    assert found.complete == (whole.n_settled <= most)


@given(st.lists(COSTS, max_size=20))
@settings(max_examples=300, deadline=None)
def test_front_of_points_by_definition(points):
    mask = pareto_front(np.array(points, float).reshape(-1, 3))
    assert mask.tolist() == [not any(dominates(q, p) for q in points) for p in points]


def chain(costs):
    """Arcs of a chain from 0 to 1 over nodes of its own, numbered from `first`."""

    def arcs(first):
        nodes = [0, *range(first, first + len(costs) - 1), 1]
        return [(a, b, c, -1, 0) for (a, b), c in zip(pairwise(nodes), costs, strict=True)]

    return arcs


def test_rounding_noise_makes_no_extra_paths():
    # One journey cut into parts in different ways and orders; naive sums differ in the last digit.
    third = [1 / 3, 0.1, 2 / 3]
    chains = [
        [[1.0, 0.3, 2.0]],
        [third, third, third],
        [[0.1, 0.1, 1.9], [0.2, 0.1, 0.05], [0.7, 0.1, 0.05]],
        [[0.7, 0.1, 0.05], [0.2, 0.1, 0.05], [0.1, 0.1, 1.9]],
        [[1 / 7, 0.3 / 7, 2 / 7]] * 7,
        [[0.1, 0.03, 0.2]] * 10,
    ]
    assert len({tuple(np.cumsum(costs, axis=0)[-1]) for costs in chains}) > 1
    arcs, first = [], 2
    for costs in chains:
        arcs += chain(costs)(first)
        first += len(costs) - 1
    found = build(first, arcs).solve()
    assert len(found.cost) == 1
    assert found.cost[0] == pytest.approx([1.0, 0.3, 2.0], rel=1e-12)


def test_a_path_that_leads_by_rounding_alone_is_left_out():
    # Three thirds are faster than 1 by one unit at most, and dearer.
    slow = chain([[1 / 3, 1.0, 1.0]] * 3)(2)
    for direct in ([1.0, 1.0, 3.0], [1.0, 3.0, 1.0], [1.0, 1.0, 1.0]):
        found = build(4, [*slow, (0, 1, direct, -1, 0)]).solve()
        assert rows_of(found.cost) == [tuple(direct)]


def test_epsilon_merges_paths_that_differ_less():
    arcs = [(0, 1, (10.0, 5.0 - 0.01 * i, 1.0 + 0.01 * i), -1, 0) for i in range(10)]
    net = build(2, arcs)
    assert len(net.solve().cost) == 10
    assert len(net.solve(epsilon=np.array([0.0, 1.0, 1.0])).cost) == 1
    assert 1 < len(net.solve(epsilon=np.array([0.0, 0.025, 0.025])).cost) < 10


def test_epsilon_leaves_out_only_what_a_remaining_path_matches():
    # Each path is matched by the next; the last alone would match the others by too little.
    arcs = [(0, 1, (10.0 + 0.4 * i, 9.0 - i, 9.0 - i), -1, 0) for i in range(6)]
    found = build(2, arcs).solve(epsilon=np.array([0.5, 0.0, 0.0])).cost
    assert found[:, 0].tolist() == pytest.approx([10.4, 11.2, 12.0])


def test_a_departure_at_the_hour_of_arrival_is_caught_in_decimal_hours():
    # 0.1 + 0.2 > 0.3 in floats; the train at 0.3 must still be caught, years after the epoch too.
    arcs = [(0, 2, (0.1, 0, 0), -1, 0), (2, 3, (0.2, 0, 0), -1, 0), (3, 1, (1.0, 0, 0), 0, 0)]
    for week in (0, 2_000):
        net = build(4, arcs, [[0.3]], [168.0], 168.0 * week)
        assert net.solve().cost[0, 0] == pytest.approx(1.3, rel=1e-12)
        late = net._replace(depart=168.0 * week + 0.001)
        assert late.solve().cost[0, 0] == pytest.approx(168 + 1.3 - 0.001, rel=1e-12)


def test_waiting_for_the_same_train_makes_the_cheaper_feeder_win():
    arcs = [
        (0, 2, (1.0, 9.0, 1.0), -1, 0),
        (0, 2, (3.0, 4.0, 1.0), -1, 0),
        (2, 1, (5.0, 1.0, 1.0), 0, 1),
    ]
    found = build(3, arcs, [[4.0, 20.0]], [24.0]).solve()
    assert rows_of(found.cost) == [(9.0, 5.0, 2.0)]
    assert found.resource.tolist() == [1]


def test_no_way_and_no_distance():
    net = build(3, [(0, 2, (1.0, 1.0, 1.0), -1, 0)])
    for prune in (True, False):
        found = net.solve(0, 1, prune=prune)
        assert found.cost.shape == (0, 3)
        assert found.offset.tolist() == [0]
        found = net.solve(2, 2, prune=prune)
        assert found.cost.tolist() == [[0.0, 0.0, 0.0]]
        assert found.arcs.size == 0
        assert found.offset.tolist() == [0, 0]


def test_an_arc_of_infinite_cost_is_left_out():
    arcs = [(0, 1, (1.0, np.inf, 1.0), -1, 0), (0, 1, (2.0, 5.0, 3.0), -1, 0)]
    assert rows_of(build(2, arcs).solve().cost) == [(2.0, 5.0, 3.0)]


def street_grid(size, rng):
    nodes = np.arange(size * size).reshape(size, size)
    pairs = [*zip(nodes[:, :-1].ravel(), nodes[:, 1:].ravel(), strict=True)]
    pairs += [*zip(nodes[:-1].ravel(), nodes[1:].ravel(), strict=True)]
    pairs += [(b, a) for a, b in pairs]
    return [(a, b, rng.integers(1, 21, 3), -1, int(rng.integers(0, 2))) for a, b in pairs]


def front_by_correcting(net, source, target, limit):
    """Label correcting in plain Python, with transfers as a fourth cost."""
    labels = [set() for _ in range(net.n_nodes)]
    labels[source] = {(0, 0, 0, 0)}
    queue = [(source, (0, 0, 0, 0))]
    for node, label in queue:
        if label not in labels[node]:
            continue
        for position in range(net.start[node], net.start[node + 1]):
            there = net.head[position]
            step = (*net.cost[position].tolist(), int(net.resource[position]))
            new = tuple(a + b for a, b in zip(label, step, strict=True))
            bag = labels[there]
            if new[3] > limit or new in bag or any(dominates(old, new) for old in bag):
                continue
            labels[there] = {old for old in bag if not dominates(new, old)} | {new}
            queue.append((there, new))
    return undominated(label[:3] for label in labels[target])


def test_a_grid_agrees_with_label_correcting():
    net = build(36, street_grid(6, np.random.default_rng(1)))
    for limit in (3, 5):
        found = net.solve(0, 35, max_resource=limit)
        assert rows_of(found.cost) == front_by_correcting(net, 0, 35, limit)
        check_paths(net, found, 0, 35)


def test_pruning_changes_nothing_where_every_table_has_to_grow():
    net = build(144, street_grid(12, np.random.default_rng(1)))
    for limit in (-1, 9):
        pruned = net.solve(0, 143, max_resource=limit)
        whole = net.solve(0, 143, max_resource=limit, prune=False)
        assert np.array_equal(pruned.cost, whole.cost)
        assert pruned.n_settled < whole.n_settled
        assert whole.n_settled > 5_000
        check_paths(net, pruned, 0, 143)
