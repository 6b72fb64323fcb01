"""Logit equilibrium without lists of paths: at every node the next link is a logit choice."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import above_zero, at_least_one, numbers
from karvan.freight.certificate import CONSERVATION_TOLERANCE
from karvan.freight.equilibrium import user_equilibrium
from karvan.freight.markov_certificate import certify_choices
from karvan.freight.problem import AssignmentProblem
from karvan.freight.soft_paths import Choices, SoftFlows, choices_of, soft_flows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

START_GAP = 1e-6
"""Relative gap of the user equilibrium from whose flows the search starts."""

TINY_FLOW = 1e-12
"""Share of the demand below which the slope of delay is taken at this flow: it may be infinite."""

FIRST_STEP, SHORTEST_STEP = 0.5, 1e-5
"""Along the gap, before two points tell more; and at least."""

NEWTON_AGAIN = 0.5
"""After a Newton step that failed, the next is tried when this share of the residual is left."""

MEMORY = 10
DECREASE = 1e-4
"""A step must fall below the highest of so many values by this share of what the slope promises."""

OBJECTIVE_DIGITS = 1e-14
MOST_HALVINGS = 30
MOST_CONJUGATE = 200


@dataclass(frozen=True, slots=True, eq=False)
class MarkovianEquilibrium:
    """Result of :func:`markovian_equilibrium`.

    Attributes
    ----------
    flow : ndarray, shape (n_links,)
    class_flow : ndarray, shape (n_classes, n_links)
    time : ndarray, shape (n_links,)
        Delay at `flow`.
    cost : ndarray, shape (n_classes, n_links)
        Time plus tolls; inf where a class may not go.
    expected_cost : ndarray, shape (n_pairs,)
        The logsum over all ways, in the unit of cost; may be negative where ways are many and the
        scale is small.  inf without a way, 0 within one node.
    objective : float
        Of the convex problem in link times, which the flows minimise.
    residual : float
        Largest difference of a link's flow from the logit choice at the costs of the flows, by the
        demand, or of an expected cost from its equation, by the largest; from separate code.
    conservation_error : float
        Largest imbalance of the flow to a destination at a node, by its demand.
    converged : bool
        Whether the residual is as small as was asked.
    iterations : int
    unreachable : ndarray of int
        Pairs with demand but no way; they are not in the flows.
    problem : AssignmentProblem
    scale : ndarray, shape (n_classes,)
    """

    flow: FloatArray
    class_flow: FloatArray
    time: FloatArray
    cost: FloatArray
    expected_cost: FloatArray
    objective: float
    residual: float
    conservation_error: float
    converged: bool
    iterations: int
    unreachable: IntArray
    problem: AssignmentProblem
    scale: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Flows, what the choices at their times would be, and the function to minimise."""

    flow: FloatArray
    loading: SoftFlows
    objective: float

    @property
    def gap(self) -> FloatArray:
        return self.loading.link_flow - self.flow


def markovian_equilibrium(
    problem: AssignmentProblem,
    scale: ArrayLike,
    *,
    tolerance: float = 1e-9,
    max_iterations: int = 5000,
    progress: Callable[[int, float], None] = lambda iteration, residual: None,
) -> MarkovianEquilibrium:
    """Return flows in which everyone chooses among all ways by logit at the costs that follow.

    Parameters
    ----------
    problem : AssignmentProblem
    scale : float or array_like, shape (n_classes,)
        Of the logit model, per unit of cost, > 0; the larger, the nearer to user equilibrium.
    tolerance : float
        Wanted residual, > 0.
    max_iterations : int
        At least 1; the result says if they were too few.
    progress : callable
        Takes the iteration and an estimate of the residual.

    Raises
    ------
    AssignmentError
        An argument out of range, a scale at which the sum over ways with cycles is infinite on
        empty links, or flows that do not add up.

    Notes
    -----
    A way may pass a node again, as a Markov chain may; it never passes through a node below
    `first_through_node`, and ends where it meets its destination.  The convex problem is solved
    from the user equilibrium by gradient steps of Barzilai and Borwein's length, which need no
    decrease at every step (Grippo, Lampariello and Lucidi), and Newton steps once these work.

    References
    ----------
    Baillon and Cominetti (2008), Markovian traffic equilibrium, Mathematical Programming 111,
    https://doi.org/10.1007/s10107-006-0076-2;
    Barzilai and Borwein (1988), Two-point step size gradient methods,
    https://doi.org/10.1093/imanum/8.1.141;
    Grippo, Lampariello and Lucidi (1986), A nonmonotone line search technique for Newton's method,
    https://doi.org/10.1137/0723046
    """
    scales = _checked_scale(problem, scale, tolerance, max_iterations)
    choices = choices_of(problem, scales)
    demand = float(choices.start.sum())
    # Only on empty links is the check of the scale the same whatever the demand.
    soft_flows(choices, problem.delay.time(np.zeros(problem.n_links)))
    point, before = _point(choices, user_equilibrium(problem, START_GAP).flow), None
    recent: deque[float] = deque(maxlen=MEMORY)
    iteration, wanted, newton_from = 0, tolerance, np.inf
    while True:
        left = _relative(point, demand)
        progress(iteration, left)
        if left <= wanted or iteration == max_iterations:
            result = _result(point, tolerance, iteration)
            if result.converged or iteration == max_iterations:
                return result
            wanted = 0.1 * left
        iteration += 1
        recent.append(point.objective)
        moved = _newton_step(point, demand) if left < newton_from else None
        if moved is None:
            newton_from = min(newton_from, NEWTON_AGAIN * left)
            moved = _gradient_step(point, before, max(recent), demand)
        if moved is None:
            return _result(point, tolerance, iteration)
        before, point = point, moved


def _checked_scale(
    problem: AssignmentProblem, scale: ArrayLike, tolerance: float, max_iterations: int
) -> FloatArray:
    problems = []
    values = numbers("scale", scale)
    n_classes = len(problem.classes)
    if values.size not in (1, n_classes):
        problems.append(f"scale has shape {values.shape}, expected one number or {n_classes}")
        values = np.ones(1)
    scales = np.broadcast_to(values, n_classes).copy()
    problems += [
        f"user class '{c.name}': scale is {s:g}, expected a finite number > 0"
        for c, s in zip(problem.classes, scales, strict=True)
        if not (np.isfinite(s) and s > 0.0)
    ]
    problems += above_zero("tolerance", tolerance)
    problems += at_least_one("max_iterations", max_iterations)
    if problems:
        raise AssignmentError(problems)
    return scales


def _point(choices: Choices, flow: FloatArray) -> _Point:
    """Flows with their loading; the function is Baillon and Cominetti's, by flow instead of time.

    The integral of flow by time from the empty link is flow * time less the integral by flow.
    """
    delay = choices.problem.delay
    time = delay.time(flow)
    loading = soft_flows(choices, time)
    area = float(flow @ time - delay.integral(flow).sum())
    return _Point(flow, loading, area - loading.soft_cost)


def _relative(point: _Point, demand: float) -> float:
    return float(np.abs(point.gap).max(initial=0.0)) / demand if demand > 0.0 else 0.0


def _steepness(point: _Point, demand: float) -> FloatArray:
    slope = point.loading.choices.problem.delay.slope
    return slope(np.maximum(point.flow, TINY_FLOW * demand))


def _newton_step(point: _Point, demand: float) -> _Point | None:
    """Next point, or none where the residual does not halve."""
    left = _relative(point, demand)
    steep = np.sqrt(_steepness(point, demand))
    direction = _newton(point, steep, min(0.1, np.sqrt(left)))
    there = _point(point.loading.choices, np.maximum(point.flow + direction, 0.0))
    return there if _relative(there, demand) <= 0.5 * left else None


def _gradient_step(
    point: _Point, before: _Point | None, highest: float, demand: float
) -> _Point | None:
    """Next point towards what the choices at these times would be; none if nothing improves."""
    steep, gap = _steepness(point, demand), point.gap
    slope = -float((steep * gap) @ gap)
    length = FIRST_STEP
    if before is not None:
        moved, change = point.flow - before.flow, before.gap - gap
        square = float((steep * change) @ change)
        if square > 0.0:
            fitting = abs(float((steep * moved) @ change)) / square
            length = min(1.0, max(SHORTEST_STEP, fitting))
    limit = highest + OBJECTIVE_DIGITS * abs(highest)
    for _ in range(MOST_HALVINGS):
        there = _point(point.loading.choices, np.maximum(point.flow + length * gap, 0.0))
        if there.objective <= limit + DECREASE * length * slope:
            return there
        length *= 0.5
    return None


def _newton(point: _Point, steep: FloatArray, accuracy: float) -> FloatArray:
    """Direction in flows.

    With the derivative -A of the loading by time and D of time by flow, the direction solves
    (1 + A D) direction = gap.  ``w`` = sqrt(D) direction solves the symmetric system
    (1 + sqrt(D) A sqrt(D)) w = sqrt(D) gap: conjugate gradients.
    """
    gap = point.gap
    right = steep * gap
    pushed = np.zeros_like(right)
    residual, search = right.copy(), right.copy()
    square = float(residual @ residual)
    enough = accuracy**2 * square
    for _ in range(MOST_CONJUGATE):
        if square <= enough or square == 0.0:
            break
        moved = -point.loading.response_to(steep * search)
        image = search + steep * moved
        amount = square / float(search @ image)
        pushed += amount * moved
        residual -= amount * image
        before, square = square, float(residual @ residual)
        search = residual + (square / before) * search
    return gap - pushed


def _result(point: _Point, tolerance: float, iterations: int) -> MarkovianEquilibrium:
    choices, rows = point.loading.choices, point.loading.flow
    problem = choices.problem
    flow = rows.sum(axis=0)
    time = problem.delay.time(flow)
    costs = soft_flows(choices, time).node_cost()
    certificate = certify_choices(
        problem, choices.scale, choices.user_class, choices.destination, rows, costs
    )
    if not certificate.conservation_error <= CONSERVATION_TOLERANCE:
        message = (
            f"flows do not add up: imbalance {certificate.conservation_error:.1e} of the demand of "
            f"a destination, allowed {CONSERVATION_TOLERANCE:.0e}"
        )
        raise AssignmentError([message])
    classes = range(len(problem.classes))
    expected = costs[choices.row, problem.origin]
    expected[problem.origin == problem.destination] = 0.0
    return MarkovianEquilibrium(
        flow=flow,
        class_flow=np.array([rows[choices.user_class == c].sum(axis=0) for c in classes]),
        time=time,
        cost=time + problem.toll,
        expected_cost=expected,
        objective=point.objective,
        residual=certificate.residual,
        conservation_error=certificate.conservation_error,
        converged=bool(certificate.residual <= tolerance),
        iterations=iterations,
        unreachable=np.flatnonzero((problem.amount > 0.0) & ~choices.reached),
        problem=problem,
        scale=choices.scale,
    )
