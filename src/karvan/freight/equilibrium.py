"""User equilibrium with a certificate, by bushes and paired alternative segments."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError
from karvan.freight.certificate import CONSERVATION_TOLERANCE, Certificate, certify
from karvan.freight.problem import AssignmentProblem
from karvan.kernels.bush import (
    Arcs,
    Bushes,
    Loads,
    Pairs,
    average,
    grow,
    repeat,
    settle,
    sweep,
    update,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
NodeArray = NDArray[np.uint32]
_Network = tuple[NodeArray, NodeArray, NodeArray, NodeArray, NodeArray]

NO_FLOW = 1e-13
"""Share of an origin's demand that counts as no flow; conservation is restored where that shows."""

PAIRS_LEFT = 0.01
"""Kept pairs are used again until this share of their excess is left ..."""

SPARE = 0.02
"""... or this share of the excess that the gap asked for leaves ..."""

VISITS_PER_SWEEP = 6
"""... or as many arcs were visited as this many sweeps over all bushes would."""

ALONE = 1e-3
"""Share of the mean excess of a pair below which an arc is left for later sweeps."""

ROUNDING = 1e-12
"""Imbalance, as a share of an origin's demand, up to which flows need not be brought to add up."""

FALL = 0.1
"""Fall of the gap by one iteration that may be counted on, however much the last one brought."""

RELAX = 1.4
"""Multiple of Newton's step between kept pairs; by measurement."""

FORGET = 4
"""Iterations after which pairs are found anew; until then the earlier ones stay in use."""

PATIENCE = 4
"""Iterations that halve no gap, after which pairs of other segments are looked for."""

LEVEL, LEVEL_AT_MOST = 10.0, 1e-3
"""Then arcs that differ by this multiple of the gap, as a share of distance, are equally near."""

MOST_PAIRS = 1 << 18
MOST_PAIR_ARCS = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """Result of :func:`user_equilibrium`.

    Attributes
    ----------
    flow : ndarray, shape (n_links,)
    class_flow : ndarray, shape (n_classes, n_links)
    time : ndarray, shape (n_links,)
        Delay at `flow`.
    cost : ndarray, shape (n_classes, n_links)
        Time plus tolls; inf where a class may not go.
    objective : float
        Beckmann's.
    total_cost, shortest_cost, relative_gap, average_excess_cost, conservation_error : float
        The certificate; see :class:`~karvan.freight.certificate.Certificate`.
    converged : bool
        Whether the relative gap is as small as was asked.
    iterations : int
    unreachable : ndarray of int
        Pairs with demand but no path; they are not in the flows.
    problem : AssignmentProblem
    """

    flow: FloatArray
    class_flow: FloatArray
    time: FloatArray
    cost: FloatArray
    objective: float
    total_cost: float
    shortest_cost: float
    relative_gap: float
    average_excess_cost: float
    conservation_error: float
    converged: bool
    iterations: int
    unreachable: IntArray
    problem: AssignmentProblem
    _bushes: "_Rows"

    def average_on_paths(self, values: FloatArray) -> FloatArray:
        """Return the sum of a link attribute along the used paths of each pair, by flow.

        Used paths carry flow as the bushes split it.  With time it is the skim of time, with a
        part of cost the skim of that part.

        Parameters
        ----------
        values : ndarray, shape (n_links,)

        Returns
        -------
        ndarray, shape (n_pairs,)
            NaN where nothing moves.
        """
        n_links = self.problem.n_links
        if len(values) != n_links:
            message = f"values has {len(values)} entries, expected one for each of {n_links} links"
            raise AssignmentError([message])
        rows = self._bushes
        inside = average(rows.arcs, rows.bushes, np.ascontiguousarray(values[rows.link]))
        result = np.full(len(self.problem.demand), np.nan)
        moves = rows.bushes.demand > 0.0
        result[rows.pair[moves]] = inside[moves]
        return result

    def select_link(self, link: int) -> FloatArray:
        """Return the flow of each pair that uses a link, shape (n_pairs,)."""
        n_links = self.problem.n_links
        if not 0 <= link < n_links:
            raise AssignmentError([f"link is {link}, expected 0 to {n_links - 1}"])
        on_link = np.zeros(n_links)
        on_link[link] = 1.0
        return np.nan_to_num(self.average_on_paths(on_link)) * self.problem.amount


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Bushes with what links them to the problem.

    Attributes
    ----------
    arcs : Arcs
    link : ndarray of int, shape (n_arcs,)
        Link of each arc.
    bushes : Bushes
    pair : ndarray of int, shape (n_demands,)
        O-D pair of each entry of demand.
    """

    arcs: Arcs
    link: IntArray
    bushes: Bushes
    pair: IntArray


def user_equilibrium(
    problem: AssignmentProblem,
    relative_gap: float = 1e-10,
    *,
    max_iterations: int = 1000,
    start: Equilibrium | None = None,
    threads: int | None = None,
    progress: Callable[[int, float], None] = lambda iteration, gap: None,
) -> Equilibrium:
    """Return flows in which nobody can find a cheaper path.

    Parameters
    ----------
    problem : AssignmentProblem
    relative_gap : float
        Wanted (total - shortest) / total cost, > 0.
    max_iterations : int
        Sweeps over all bushes, at least 1; the result says if they were too few.
    start : Equilibrium, optional
        Of a problem with the same network; what it knows is used, the answer does not depend on it
        beyond `relative_gap`.
    threads : int, optional
        At most; all cores without it.  The result is the same to the last bit.
    progress : callable
        Takes the iteration and an estimate of the gap.

    Raises
    ------
    AssignmentError
        An argument out of range, a start of another network, or flows that do not add up.

    References
    ----------
    Wardrop (1952), Some theoretical aspects of road traffic research,
    https://doi.org/10.1680/ipeds.1952.11259; the method: :mod:`karvan.kernels.bush`.
    """
    _check_arguments(relative_gap, max_iterations, threads, start, problem)
    rows, loads = _first_rows(problem, start)
    pairs = _room_for_pairs(rows.bushes)
    served = _served(problem, rows)
    certificate = None
    before, gap, asked = 0.0 if start is None else np.inf, 0.0, np.inf
    # Of a start only what changed has an excess worth a pair; its cost is about the one to come.
    ignore = 0.0 if start is None else ALONE * relative_gap * start.total_cost
    iteration = slow = 0
    while iteration < max_iterations:
        iteration += 1
        keep = iteration % FORGET != 1
        level = min(LEVEL * gap, LEVEL_AT_MOST) if slow > PATIENCE and keep else 0.0
        excess, treated, shortest = sweep(rows.arcs, loads, rows.bushes, pairs, keep, ignore, level)
        repeat(
            rows.arcs,
            loads,
            rows.bushes,
            pairs,
            max(PAIRS_LEFT * treated, SPARE * relative_gap * (shortest + excess)),
            VISITS_PER_SWEEP * rows.bushes.flow.size,
            RELAX,
        )
        ignore = ALONE * treated / max(int(pairs.in_use[0]), 1)
        gap = excess / (shortest + excess) if excess > 0.0 else 0.0
        progress(iteration, gap)
        # The gap was measured before these shifts: they have brought it down as the last did.
        likely = gap * min(max(gap / before, FALL), 1.0) if before > 0.0 else gap
        slow = slow + 1 if gap > 0.5 * before else 0
        before = gap
        if likely > min(relative_gap, asked):
            asked *= 2.0
            continue
        certificate = _certify(problem, rows, loads, served, threads)
        if certificate.relative_gap <= relative_gap:
            break
        asked = 0.5 * likely or np.inf
        certificate = None
    certificate = certificate or _certify(problem, rows, loads, served, threads)
    return _result(problem, rows, certificate, served, relative_gap, iteration)


def _check_arguments(
    relative_gap: float,
    max_iterations: int,
    threads: int | None,
    start: Equilibrium | None,
    problem: AssignmentProblem,
) -> None:
    problems = []
    if not relative_gap > 0.0:
        problems.append(f"relative_gap is {relative_gap:g}, expected a number > 0")
    if max_iterations < 1:
        problems.append(f"max_iterations is {max_iterations}, expected at least 1")
    if threads is not None and threads < 1:
        problems.append(f"threads is {threads}, expected at least 1")
    if start is not None and not _same_network(start.problem, problem):
        problems.append("start belongs to another network: expected the same nodes and links")
    if problems:
        raise AssignmentError(problems)


def _same_network(one: AssignmentProblem, other: AssignmentProblem) -> bool:
    return (
        one.n_nodes == other.n_nodes
        and one.first_through_node == other.first_through_node
        and len(one.classes) == len(other.classes)
        and _same(one.tail, other.tail)
        and _same(one.head, other.head)
    )


def _same(one: IntArray, other: IntArray) -> bool:
    return one is other or np.array_equal(one, other)


def _first_rows(problem: AssignmentProblem, start: Equilibrium | None) -> tuple[_Rows, Loads]:
    if start is not None and _same_pairs(problem, start.problem):
        return _continued(problem, start)
    arcs, link = _arcs(problem)
    bushes, pair = _empty_bushes(problem, arcs)
    loads = _no_loads(arcs)
    fresh = np.ones(len(bushes.source), dtype=np.bool_)
    if start is not None:
        _copy_bushes(start, problem, bushes, fresh)
    settle(arcs, loads, bushes, ~fresh)
    grow(arcs, loads, bushes, fresh)
    return _Rows(arcs, link, bushes, pair), loads


def _no_loads(arcs: Arcs) -> Loads:
    n_links = len(arcs.tail)
    return Loads(np.zeros(n_links), np.empty(n_links), np.empty(arcs.toll.shape))


def _same_pairs(problem: AssignmentProblem, old: AssignmentProblem) -> bool:
    """Whether the same pairs move, by classes that may go where they went."""
    return (
        _same(problem.origin, old.origin)
        and _same(problem.destination, old.destination)
        and _same(problem.user_class, old.user_class)
        and bool(((problem.amount > 0.0) == (old.amount > 0.0)).all())
        and bool((np.isinf(problem.toll) == np.isinf(old.toll)).all())
    )


def _continued(problem: AssignmentProblem, start: Equilibrium) -> tuple[_Rows, Loads]:
    """Rows of a start with other delays, tolls and demand; only bushes of other demand change."""
    rows, link = start._bushes, start._bushes.link
    old = rows.bushes
    arcs = _with_delays(rows.arcs[:5], problem, link)
    demand = np.where(old.demand > 0.0, problem.amount[rows.pair], 0.0)
    other = np.zeros(len(old.source), dtype=np.bool_)
    changed = np.flatnonzero(demand != old.demand)
    other[np.searchsorted(old.demand_start, changed, side="right") - 1] = True
    bushes = old._replace(
        flow=old.flow.copy(),
        order=old.order.copy(),
        rank=old.rank.copy(),
        nearest=old.nearest.copy(),
        demand=demand,
        least=NO_FLOW * np.add.reduceat(demand, old.demand_start[:-1])
        if len(demand)
        else old.least,
    )
    loads = _no_loads(arcs)
    if other.any():
        settle(arcs, loads, bushes, other)
    else:
        loads.flow[:] = start.flow[link]
        update(arcs, loads)
    return _Rows(arcs, link, bushes, rows.pair), loads


def _arcs(problem: AssignmentProblem) -> tuple[Arcs, IntArray]:
    """Links sorted by head; nodes that none passes through get a twin where paths end."""
    closed = problem.first_through_node
    head = np.where(problem.head < closed, problem.head + problem.n_nodes, problem.head)
    n_nodes = problem.n_nodes + closed
    link = np.argsort(head, kind="stable")
    head, tail = head[link], problem.tail[link]
    out_arc = np.argsort(tail, kind="stable")
    nodes = np.arange(n_nodes + 1)
    into = np.searchsorted(head, nodes).astype(np.uint32)
    out = np.searchsorted(tail[out_arc], nodes).astype(np.uint32)
    ends = tail.astype(np.uint32), head.astype(np.uint32)
    return _with_delays((into, *ends, out, out_arc.astype(np.uint32)), problem, link), link


def _with_delays(network: _Network, problem: AssignmentProblem, link: IntArray) -> Arcs:
    delay = problem.delay
    return Arcs(
        *network,
        kind=delay.kind[link],
        base=delay.base[link],
        factor=delay.factor[link],
        inverse_capacity=1.0 / delay.capacity[link],
        shape=delay.shape[link],
        toll=np.ascontiguousarray(problem.toll[:, link]),
    )


def _empty_bushes(problem: AssignmentProblem, arcs: Arcs) -> tuple[Bushes, IntArray]:
    """Bushes for the origins and classes with demand, sorted by class, then origin."""
    moving = np.flatnonzero(problem.amount > 0.0)
    key = problem.user_class[moving] * problem.n_nodes + problem.origin[moving]
    order = np.argsort(key, kind="stable")
    pair = moving[order]
    keys, first = np.unique(key[order], return_index=True)
    end = problem.destination[pair]
    end = np.where(end < problem.first_through_node, end + problem.n_nodes, end)
    n_rows, n_nodes = len(keys), len(arcs.into) - 1
    starts = np.append(first, len(pair)).astype(np.int64)
    amount = problem.amount[pair]
    total = np.add.reduceat(amount, first) if n_rows else np.zeros(0)
    bushes = Bushes(
        source=keys % problem.n_nodes,
        user_class=keys // problem.n_nodes,
        flow=np.zeros((n_rows, problem.n_links)),
        order=np.empty((n_rows, n_nodes), dtype=np.uint32),
        rank=np.zeros((n_rows, n_nodes), dtype=np.uint32),
        nearest=np.zeros((n_rows, n_nodes), dtype=np.uint32),
        size=np.zeros(n_rows, dtype=np.int64),
        demand_start=starts,
        demand_node=end,
        demand=amount,
        least=NO_FLOW * total,
    )
    return bushes, pair


def _copy_bushes(
    start: Equilibrium, problem: AssignmentProblem, bushes: Bushes, fresh: BoolArray
) -> None:
    """Take over the bushes of an earlier equilibrium whose class may still go where it went."""
    old = start._bushes.bushes
    same = (np.isinf(start.problem.toll) == np.isinf(problem.toll)).all(axis=1)
    known = {
        (int(c), int(s)): row
        for row, (c, s) in enumerate(zip(old.user_class, old.source, strict=True))
        if same[c]
    }
    for row, (c, s) in enumerate(zip(bushes.user_class, bushes.source, strict=True)):
        there = known.get((int(c), int(s)))
        if there is None:
            continue
        fresh[row] = False
        bushes.flow[row] = old.flow[there]
        bushes.order[row] = old.order[there]
        bushes.rank[row] = old.rank[there]
        bushes.nearest[row] = old.nearest[there]
        bushes.size[row] = old.size[there]
        entries = slice(bushes.demand_start[row], bushes.demand_start[row + 1])
        reached = np.isin(bushes.demand_node[entries], old.order[there, : old.size[there]])
        bushes.demand[entries] *= reached


def _room_for_pairs(bushes: Bushes) -> Pairs:
    n_nodes = bushes.order.shape[1]
    most = int(min(MOST_PAIRS, bushes.flow.size + 2))
    room = int(min(MOST_PAIR_ARCS, 16 * bushes.flow.size) + 4 * n_nodes + 2)

    def empty(size: int) -> IntArray:
        return np.empty(size, dtype=np.int64)

    arc = np.empty(room, dtype=np.uint32)
    return Pairs(empty(most), empty(most + 1), empty(most), arc, np.zeros(1, np.int64))


def _served(problem: AssignmentProblem, rows: _Rows) -> BoolArray:
    served = np.zeros(len(problem.demand), dtype=np.bool_)
    served[rows.pair] = rows.bushes.demand > 0.0
    return served


def _certify(
    problem: AssignmentProblem,
    rows: _Rows,
    loads: Loads,
    served: BoolArray,
    threads: int | None,
) -> Certificate:
    def found() -> Certificate:
        return certify(
            problem,
            rows.bushes.source,
            rows.bushes.user_class,
            rows.bushes.flow,
            served=served,
            link=rows.link,
            order=rows.bushes.order,
            threads=threads,
        )

    certificate = found()
    if not certificate.conservation_error <= ROUNDING:
        settle(rows.arcs, loads, rows.bushes, np.ones(len(rows.bushes.source), dtype=np.bool_))
        certificate = found()
    if not certificate.conservation_error <= CONSERVATION_TOLERANCE:
        message = (
            f"flows do not add up: imbalance {certificate.conservation_error:.1e} of an origin's "
            f"demand, allowed {CONSERVATION_TOLERANCE:.0e}; numbers of very different size in one "
            "problem cause this, see the demand and the volume-delay functions"
        )
        raise AssignmentError([message])
    return certificate


def _result(
    problem: AssignmentProblem,
    rows: _Rows,
    certificate: Certificate,
    served: BoolArray,
    relative_gap: float,
    iterations: int,
) -> Equilibrium:
    time, class_flow = certificate.time, certificate.class_flow
    return Equilibrium(
        flow=class_flow.sum(axis=0),
        class_flow=class_flow,
        time=time,
        cost=time + problem.toll,
        objective=certificate.objective,
        total_cost=certificate.total_cost,
        shortest_cost=certificate.shortest_cost,
        relative_gap=certificate.relative_gap,
        average_excess_cost=certificate.average_excess_cost,
        conservation_error=certificate.conservation_error,
        converged=bool(certificate.relative_gap <= relative_gap),
        iterations=iterations,
        unreachable=np.flatnonzero((problem.amount > 0.0) & ~served),
        problem=problem,
        _bushes=rows,
    )
