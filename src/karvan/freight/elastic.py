"""Equilibrium of demand and flows: demand of each pair falls with its cost."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import above_zero, at_least_one, is_a, numbers, require_a, shown
from karvan.freight.demand_functions import DemandFunction
from karvan.freight.equilibrium import Equilibrium, user_equilibrium
from karvan.freight.excess_demand import linear_demand
from karvan.freight.extrapolation import mixed
from karvan.freight.problem import AssignmentProblem
from karvan.kernels.graph import all_pairs, compressed_rows

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MEMORY = 12
"""Earlier steps from which the next is combined; after so many without a lesser gap none is until
there is one, as combined ones may go round."""

NEGLIGIBLE = 1e-15
"""Share of the largest demand below which there is none: an exponential gives 1e-300 as well."""

NO_WORSE = 1.5
"""A mixed step may bring the gap to so many times the least so far; a rule of 0.9 was slower."""

EXCESS_GAP = 1e-13
"""Relative gap asked of the excess-demand network: demand is the difference of two flows there."""

PATIENCE = 24
"""Equilibria in which the gap must fall to a tenth; else demand is taken as linear; chosen."""

MOST_FLOWS = 1 << 27
"""Flows by origin and link up to which the excess-demand network is solved, chosen: 1 GB."""

TELLING = 0.5
"""Above such a gap, which never exceeds 1, it cannot tell a mixed step from one into nowhere."""

OVERSHOOT = 0.3
"""Slope at the end of a step, by that at its start, up to which it may go uphill."""

ROUGH_GAP, GAP_SHARE = 1e-4, 1e-3
"""Relative gap of the first equilibria, and of later ones as a share of the gap of demand."""


@dataclass(frozen=True, slots=True, eq=False)
class ElasticEquilibrium:
    """Result of :func:`elastic_equilibrium`.

    Attributes
    ----------
    demand : ndarray, shape (n_pairs,)
    cost : ndarray, shape (n_pairs,)
        Of the cheapest path, time plus tolls; inf without one, 0 within one node.
    equilibrium : Equilibrium
        Of flows at `demand`.
    demand_gap : float
        Sum over pairs of the distance of `demand` from the function at `cost`, by total demand.
    converged : bool
        Whether demand gap and relative gap are as small as was asked.
    iterations : int
        Equilibria of flows that were solved.
    """

    demand: FloatArray
    cost: FloatArray
    equilibrium: Equilibrium
    demand_gap: float
    converged: bool
    iterations: int


def elastic_equilibrium(
    problem: AssignmentProblem,
    function: DemandFunction,
    *,
    tolerance: float = 1e-9,
    relative_gap: float = 1e-10,
    max_iterations: int = 300,
    start: ElasticEquilibrium | None = None,
    progress: Callable[[int, float], None] = lambda iteration, demand_gap: None,
) -> ElasticEquilibrium:
    """Return flows in equilibrium with a demand that is what the function gives at their costs.

    Parameters
    ----------
    problem : AssignmentProblem
        Its demand is not used.
    function : DemandFunction
        Pairs within one node keep the demand that it declares, whatever the cost.
    tolerance : float
        Wanted gap of demand, > 0.
    relative_gap : float
        Wanted of the equilibrium of flows, > 0.
    max_iterations : int
        Equilibria of flows, at least 1; the result says if they were too few.
    start : ElasticEquilibrium, optional
        Of a problem with the same network and pairs; the answer does not depend on it beyond the
        tolerances.
    progress : callable
        Takes the iteration and the gap of demand.

    Raises
    ------
    AssignmentError
        An argument out of range, or a pair of power demand whose path costs nothing.

    Notes
    -----
    Demand moves towards what the function gives at the costs, which lowers a convex function; the
    step ends where that function no longer falls, and each pair's where it no longer falls along
    its own demand.  Steps mixed from earlier ones (Anderson's) are taken instead as long as they do
    not bring the gap up.  Equilibria start from the one before.
    Where that gets no nearer, as with queues so steep that a little demand turns the cost over,
    demand is taken as linear around the costs (Newton's method), which Gartner's excess-demand
    network solves whole; linear demand begins so.  That network has two links more for each pair
    and must fit in memory.

    References
    ----------
    Gartner (1980), Optimal traffic assignment with elastic demands, part II,
    https://doi.org/10.1287/trsc.14.2.192 (the problem, and the excess-demand network that a test
    compares with); Walker and Ni (2011), Anderson acceleration for fixed-point iterations,
    https://doi.org/10.1137/10078356X
    """
    _check(problem, function, tolerance, relative_gap, max_iterations, start)
    inside = problem.origin == problem.destination
    function = replace(function, steepness=np.where(inside, 0.0, function.steepness))
    free = pair_costs(problem, problem.delay.time(np.zeros(problem.n_links)))
    solver = _Solver(problem, function, free, relative_gap, max_iterations, progress)
    if start is not None:
        solver.inner = start.equilibrium
    fits = _fits(problem)
    solved = fits and function.name == "linear"
    if solved:
        first = _solved_as_linear(problem, function, free)
    elif start is None:
        first = np.minimum(function.demand, _demand(function, free))
    else:
        first = np.where(np.isfinite(free), start.demand, 0.0)
    here = best = solver.point(first, 0.0 if solved else np.inf)
    history = [here]
    step, waiting, stuck = np.ones(len(first)), 0, False
    mark, left = here.gap, solver.left
    while not best.good(tolerance, relative_gap) and solver.left:
        there = None
        if best.gap <= 0.1 * mark:
            mark, left = best.gap, solver.left
        stuck |= fits and left - solver.left >= PATIENCE
        if stuck:
            # Near the answer the gap falls to its square: the next equilibrium is to tell.
            there = solver.point(_solved_as_linear(problem, function, here.cost), 0.0)
        elif len(history) > 1 and waiting < MEMORY:
            there = solver.point(_mixed(function, history, free), best.gap)
            if there.gap > min(NO_WORSE * best.gap, TELLING):
                there = None
        if there is None and solver.left:
            there, step = _towards(solver, here, step, best.gap)
        if there is None:
            break
        here, history = there, [*history[-MEMORY:], there]
        waiting = 0 if here.gap < best.gap else waiting + 1
        best = min(best, here, key=lambda p: (not p.good(tolerance, relative_gap), p.gap))
    return ElasticEquilibrium(
        best.demand,
        best.cost,
        best.equilibrium,
        best.gap,
        best.good(tolerance, relative_gap),
        max_iterations - solver.left,
    )


def pair_costs(problem: AssignmentProblem, time: ArrayLike) -> FloatArray:
    """Return the cost of each pair's cheapest path at given link times, shape (n_pairs,).

    Time plus tolls of the pair's class; inf without a path, 0 within one node.

    Raises
    ------
    AssignmentError
        Not one time >= 0 for each link.
    """
    require_a(AssignmentProblem, "problem", problem, "what assignment_problem() returns")
    times = numbers("time", time)
    if len(times) != problem.n_links:
        message = f"time has {len(times)} values, expected one for each of {problem.n_links} links"
        raise AssignmentError([message])
    wrong = [
        f"link {link}: time is {times[link]:g}, expected a number >= 0"
        for link in np.flatnonzero(~(times >= 0.0))
    ]
    if wrong:
        raise AssignmentError(wrong)
    closed = problem.first_through_node
    head = np.where(problem.head < closed, problem.head + problem.n_nodes, problem.head)
    graph = compressed_rows(problem.n_nodes + closed, problem.tail, head)
    end = np.where(
        problem.destination < closed, problem.destination + problem.n_nodes, problem.destination
    )
    result = np.zeros(len(problem.demand))
    for user, toll in enumerate(problem.toll):
        pairs = np.flatnonzero(
            (problem.user_class == user) & (problem.origin != problem.destination)
        )
        sources, row = np.unique(problem.origin[pairs], return_inverse=True)
        distance = all_pairs(graph.start, graph.head, (times + toll)[graph.arc], sources)
        result[pairs] = distance[row, end[pairs]]
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Demand, the equilibrium of its flows, and the demand at the costs of these."""

    demand: FloatArray
    equilibrium: Equilibrium
    cost: FloatArray
    wanted: FloatArray
    gap: float

    def good(self, tolerance: float, relative_gap: float) -> bool:
        return self.gap <= tolerance and self.equilibrium.relative_gap <= relative_gap


class _Solver:
    """Solves equilibria one after the other, each from the last, as precisely as is of use."""

    def __init__(
        self,
        problem: AssignmentProblem,
        function: DemandFunction,
        free: FloatArray,
        relative_gap: float,
        left: int,
        progress: Callable[[int, float], None],
    ) -> None:
        self.problem = problem
        self.function = function
        self.free = free
        self.relative_gap = relative_gap
        self.left = left
        self.inner: Equilibrium | None = None
        self.solved = 0
        self.progress = progress

    def point(self, demand: FloatArray, gap: float) -> _Point:
        """Return the point of a demand; `gap` is the least one so far."""
        wanted = max(self.relative_gap, min(ROUGH_GAP, GAP_SHARE * gap))
        problem = replace(self.problem, demand=_without_negligible(demand))
        self.inner = user_equilibrium(problem, wanted, start=self.inner)
        self.left -= 1
        self.solved += 1
        # Within the relative gap a path may seem cheaper than on empty links, which none is.
        cost = np.maximum(pair_costs(problem, self.inner.time), self.free)
        there = _demand(self.function, cost)
        result = _Point(problem.demand, self.inner, cost, there, _gap(problem.demand, there))
        self.progress(self.solved, result.gap)
        return result


def _fits(problem: AssignmentProblem) -> bool:
    """Whether the excess-demand network is small enough to be solved."""
    rows = len(np.unique(problem.user_class * problem.n_nodes + problem.origin))
    return rows * (problem.n_links + 2 * len(problem.demand)) <= MOST_FLOWS


def _solved_as_linear(
    problem: AssignmentProblem, function: DemandFunction, cost: FloatArray
) -> FloatArray:
    """Demand in equilibrium where it is linear, with the value and slope that it has at a cost."""
    cost = np.where(np.isfinite(cost), cost, function.cost)
    fall = function.fall(cost)
    if function.name == "linear":
        return linear_demand(problem, function.at(np.zeros(len(cost))), fall, EXCESS_GAP)
    return linear_demand(problem, _demand(function, cost) + fall * cost, fall, EXCESS_GAP)


def _towards(
    solver: _Solver, here: _Point, step: FloatArray, least: float
) -> tuple[_Point, FloatArray]:
    """Point on the way to the wanted demand where the convex function no longer falls, and steps.

    Its derivative by demand is the cost of flows less the cost at which there is such a demand.
    Pairs that go too far are held back alone: where a little demand fills a road, its pair would
    hold back all others.
    """
    way = here.wanted - here.demand
    before = _slopes(solver.function, here, way)
    if before.sum() >= 0.0:
        return solver.point(here.wanted, least), step
    step = np.minimum(1.0, 2.0 * step)
    there = here
    while solver.left:
        there = solver.point(here.demand + step * way, least)
        after = _slopes(solver.function, there, way)
        fall = float(step @ before)
        allowed = -OVERSHOOT * fall if np.isfinite(fall) else 0.0
        if not np.isposinf(after).any() and step @ after <= allowed:
            break
        too_far = after > 0.0
        known = too_far & np.isfinite(before) & (before < 0.0)
        secant = np.full(len(step), 0.5)
        secant[known] = before[known] / (before[known] - after[known])
        step = np.where(too_far, step * np.clip(secant, 0.1, 0.5), step)
    return there, step


def _slopes(function: DemandFunction, point: _Point, way: FloatArray) -> FloatArray:
    """Slope of the convex function along the way of each pair."""
    cost = function.inverse(point.demand)
    moving = np.isfinite(point.cost) & (function.steepness > 0.0)
    known = moving & np.isfinite(cost)
    slope = np.zeros(len(way))
    slope[known] = (point.cost[known] - cost[known]) * way[known]
    # Without demand the slope has no end, unless none is wanted either.
    nothing = np.isinf(cost) & moving & (point.wanted > 0.0) & (way != 0.0)
    slope[nothing] = np.where(way[nothing] > 0.0, -np.inf, np.inf)
    return slope


def _mixed(function: DemandFunction, points: list[_Point], free: FloatArray) -> FloatArray:
    """Demand at costs that Anderson's mixing combines from points."""
    moving = np.isfinite(free) & (free > 0.0) & (function.steepness > 0.0)
    found = np.array([p.cost[moving] for p in points])
    implied = np.array([function.inverse(p.demand)[moving] for p in points])
    # Without demand any cost beyond the limit is as good.
    implied = np.where(np.isfinite(implied), np.maximum(implied, 0.0), found)
    nothing = np.array([p.demand[moving] for p in points]) == 0.0
    implied = np.where(nothing, np.maximum(implied, found), implied)
    cost = points[-1].cost.copy()
    cost[moving] = np.maximum(mixed(found, found - implied), free[moving])
    return _demand(function, cost)


def _demand(function: DemandFunction, cost: FloatArray) -> FloatArray:
    """Demand at costs; refused where a power of a cost of nothing makes it infinite."""
    demand = function.at(cost)
    problems = [
        f"O-D pair {pair}: demand is infinite, because its cheapest path costs {cost[pair]:g}: "
        "expected a cost > 0, or another demand function"
        for pair in np.flatnonzero(~np.isfinite(demand))
    ]
    if problems:
        raise AssignmentError(problems)
    return _without_negligible(demand)


def _without_negligible(demand: FloatArray) -> FloatArray:
    return np.where(demand < NEGLIGIBLE * demand.max(initial=0.0), 0.0, demand)


def _gap(demand: FloatArray, wanted: FloatArray) -> float:
    total = float(max(demand.sum(), wanted.sum()))
    return float(np.abs(demand - wanted).sum()) / total if total > 0.0 else 0.0


def _check(
    problem: AssignmentProblem,
    function: DemandFunction,
    tolerance: float,
    relative_gap: float,
    max_iterations: int,
    start: ElasticEquilibrium | None,
) -> None:
    require_a(AssignmentProblem, "problem", problem, "what assignment_problem() returns")
    require_a(DemandFunction, "function", function, "what demand_function() returns")
    n_pairs = len(problem.demand)
    problems = above_zero("tolerance", tolerance) + above_zero("relative_gap", relative_gap)
    problems += at_least_one("max_iterations", max_iterations)
    if len(function.demand) != n_pairs:
        problems.append(
            f"the demand function has {len(function.demand)} pairs, expected {n_pairs} as the "
            "problem has"
        )
    if start is not None and not is_a(ElasticEquilibrium, start):
        problems.append(f"start is {shown(start)}, expected an ElasticEquilibrium")
    elif start is not None and len(start.demand) != n_pairs:
        problems.append(f"start has {len(start.demand)} pairs, expected {n_pairs}")
    if problems:
        raise AssignmentError(problems)
