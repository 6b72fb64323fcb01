"""Logit equilibrium without lists of paths: at every node the next link is a logit choice."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import above_zero, at_least_one, is_a, must_be, numbers, shown
from karvan.freight.certificate import CONSERVATION_TOLERANCE
from karvan.freight.delay import Delay
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

FIRST_RIDGE, LEAST_RIDGE, MOST_RIDGE = 1e-3, 1e-10, 1e8
"""Weight of each link's own response that is added to the response of all as it is."""

SHORTER, MOST_SHORTER = 0.3, 4
"""A step that does not help is taken by this share, so many times; then the ridge grows."""

DECREASE, NEARER = 1e-4, 0.9
"""Share of the promised fall that a step must bring, and of the slope that it may overshoot to."""

ROUNDING = 1e-13
"""Relative change of the function below which it says nothing."""

LEAST_SLOPE = 1e-200
"""Of delay, that a step in times may be divided by."""

PATIENCE = 30
"""Steps without a fall of anything after which there will be none."""

MOST_CONJUGATE = 400
MOST_INVERSE = 10
INVERSE_DIGITS, RESOLVED = 1e-9, 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class MarkovianEquilibrium:
    """Result of :func:`markovian_equilibrium`.

    Attributes
    ----------
    flow : ndarray, shape (n_links,)
    class_flow : ndarray, shape (n_classes, n_links)
    time : ndarray, shape (n_links,)
        Delay at flows that are within the residual of `flow`.  The two are told apart because a
        full queue turns the last digit of its flow into a time that decides between ways.
    cost : ndarray, shape (n_classes, n_links)
        Time plus tolls; inf where a class may not go.
    expected_cost : ndarray, shape (n_pairs,)
        The logsum over all ways, in the unit of cost; may be negative where ways are many and the
        scale is small.  inf without a way, 0 within one node.
    objective : float
        Of the convex problem in link times, which the flows minimise.
    residual : float
        Largest difference of a link's flow from the logit choice at the costs, and from the flow
        that causes them, by the demand, or of an expected cost from its equation, by the largest;
        from separate code.
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
    _cause: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Flows, what the choices at their times would be, and the function to minimise."""

    flow: FloatArray
    time: FloatArray
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
    max_iterations: int = 1000,
    start: MarkovianEquilibrium | None = None,
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
    start : MarkovianEquilibrium, optional
        Of a problem with as many links: its flows are the first guess, in place of a user
        equilibrium.
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
    `first_through_node`, and ends where it meets its destination.  The convex problem in link
    times is solved by Newton's steps (conjugate gradients inside), weighed down where they proved
    too long (Marquardt 1963).  What decides between ways is scale times cost; with 16 digits its
    rounding is felt where it exceeds some 1e7, and the result says what was reached.

    References
    ----------
    Baillon and Cominetti (2008), Markovian traffic equilibrium, Mathematical Programming 111,
    https://doi.org/10.1007/s10107-006-0076-2;
    Marquardt (1963), An algorithm for least-squares estimation of nonlinear parameters,
    https://doi.org/10.1137/0111030 (first page read)
    """
    scales = _checked_scale(problem, scale, tolerance, max_iterations)
    choices = choices_of(problem, scales)
    demand = float(choices.start.sum())
    # Only on empty links is the check of the scale the same whatever the demand.
    soft_flows(choices, problem.delay.time(np.zeros(problem.n_links)))
    point = _point(choices, _first_flow(problem, start))
    iteration, ridge, wanted = 0, FIRST_RIDGE, tolerance
    least, since = np.inf, 0
    while True:
        left = _relative(point, demand)
        progress(iteration, left)
        if left <= wanted or iteration == max_iterations:
            result = _result(point, tolerance, iteration)
            if result.converged or iteration == max_iterations:
                return result
            wanted = 0.1 * left
        iteration += 1
        moved, ridge = _step(point, demand, ridge)
        # Rounding has the last word where neither the function nor the residual falls any more.
        falls = moved is not None and moved.objective < point.objective * (
            1.0 - np.copysign(ROUNDING, point.objective)
        )
        least, since = (left, 0) if falls or left < 0.9 * least else (least, since + 1)
        if since == PATIENCE or (moved is None and ridge > MOST_RIDGE):
            return _result(moved or point, tolerance, iteration)
        point = moved or point


def _first_flow(problem: AssignmentProblem, start: MarkovianEquilibrium | None) -> FloatArray:
    if start is None:
        return user_equilibrium(problem, START_GAP).flow
    if not is_a(MarkovianEquilibrium, start):
        raise AssignmentError([f"start is {shown(start)}, expected a MarkovianEquilibrium"])
    if len(start.flow) != problem.n_links:
        message = f"start has {len(start.flow)} links, expected {problem.n_links}"
        raise AssignmentError([message])
    return start._cause


def _checked_scale(
    problem: AssignmentProblem, scale: ArrayLike, tolerance: float, max_iterations: int
) -> FloatArray:
    must_be(AssignmentProblem, "problem", problem, "assignment_problem")
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
    return _Point(flow, time, loading, area - loading.soft_cost)


def _relative(point: _Point, demand: float) -> float:
    return float(np.abs(point.gap).max(initial=0.0)) / demand if demand > 0.0 else 0.0


def _step(point: _Point, demand: float, ridge: float) -> tuple[_Point | None, float]:
    """Next point, or none where the ridge has to grow first; and the next ridge.

    The function is convex in times: its slope along a step says whether it was too long.
    """
    choices, delay = point.loading.choices, point.loading.choices.problem.delay
    left, steep = _relative(point, demand), _steepness(point, demand)
    by_time, by_flow = _direction(point, steep, ridge, min(0.1, np.sqrt(left)))
    size = 1.0
    for _ in range(MOST_SHORTER):
        flow = _flow_at(delay, point, size * by_time, size * by_flow)
        there = _point(choices, flow)
        moved = there.time - point.time
        slope, ahead = -float(point.gap @ moved), -float(there.gap @ moved)
        near = abs(there.objective - point.objective) <= ROUNDING * abs(point.objective)
        lower = there.objective <= point.objective + DECREASE * slope
        lower |= near and _relative(there, demand) < left
        if slope <= 0.0 and lower and ahead <= -NEARER * slope:
            return there, max(ridge / 10.0, LEAST_RIDGE) if size == 1.0 else 2.0 * ridge
        size *= SHORTER
    return None, 10.0 * ridge


def _steepness(point: _Point, demand: float) -> FloatArray:
    slope = point.loading.choices.problem.delay.slope
    return slope(np.maximum(point.flow, TINY_FLOW * demand))


def _direction(
    point: _Point, slope: FloatArray, ridge: float, accuracy: float
) -> tuple[FloatArray, FloatArray]:
    """Step in times, and what it is in flows where delays are straight.

    With the derivative -A of the loading by time and D of time by flow, the step s solves
    (1/D + A + ridge diag(A)) s = gap.  ``w`` = s / sqrt(D) solves the symmetric system
    (1 + sqrt(D) (A + ridge diag(A)) sqrt(D)) w = sqrt(D) gap: conjugate gradients.
    """
    loading, steep = point.loading, np.sqrt(slope)
    scale = loading.choices.scale[loading.choices.user_class][:, None]
    # Of a link's flow by its own time, if it were passed once.
    own = (scale * loading.flow * np.maximum(1.0 - loading.share, 0.0)).sum(axis=0)
    weight = 1.0 / (1.0 + slope * (1.0 + ridge) * own)
    found, residual = np.zeros_like(steep), steep * point.gap
    pulled = weight * residual
    search, square = pulled.copy(), float(residual @ pulled)
    enough = accuracy**2 * square
    for _ in range(MOST_CONJUGATE):
        if square <= enough or square == 0.0:
            break
        change = steep * search
        image = search + steep * (ridge * own * change - loading.response_to(change))
        amount = square / float(search @ image)
        found += amount * search
        residual -= amount * image
        pulled = weight * residual
        before, square = square, float(residual @ pulled)
        search = pulled + (square / before) * search
    step = steep * found
    # Where times do not change flows are what the choices make them.
    by_flow = point.gap + loading.response_to(step)
    return step, np.divide(step, slope, out=by_flow, where=slope > LEAST_SLOPE)


def _flow_at(delay: Delay, point: _Point, by_time: FloatArray, by_flow: FloatArray) -> FloatArray:
    """Flows whose times have changed by so much where they rise, and by the slope where they fall.

    Delays bend upwards: the slope alone would go too far up, and the inverse too far down.
    """
    straight = np.maximum(point.flow + by_flow, 0.0)
    up, wanted, flow = by_flow > 0.0, point.time + by_time, straight.copy()
    # A change below the digits of a time is none to invert.
    least = RESOLVED * np.abs(wanted)
    for _ in range(MOST_INVERSE):
        over, tangent = delay.time(flow) - wanted, delay.slope(flow)
        usable = up & (over > least) & (tangent > 0.0) & np.isfinite(tangent)
        back = np.divide(over, tangent, out=np.zeros_like(over), where=usable)
        flow = np.maximum(flow - back, point.flow)
        if (back <= INVERSE_DIGITS * flow).all():
            break
    return np.where(up, flow, straight)


def _result(point: _Point, tolerance: float, iterations: int) -> MarkovianEquilibrium:
    choices, rows = point.loading.choices, point.loading.flow
    problem = choices.problem
    costs = point.loading.node_cost()
    certificate = certify_choices(
        problem, choices.scale, choices.user_class, choices.destination, rows, costs, point.flow
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
        flow=rows.sum(axis=0),
        class_flow=np.array([rows[choices.user_class == c].sum(axis=0) for c in classes]),
        time=point.time,
        cost=point.time + problem.toll,
        expected_cost=expected,
        objective=point.objective,
        residual=certificate.residual,
        conservation_error=certificate.conservation_error,
        converged=bool(certificate.residual <= tolerance),
        iterations=iterations,
        unreachable=np.flatnonzero((problem.amount > 0.0) & ~choices.reached),
        problem=problem,
        scale=choices.scale,
        _cause=point.flow,
    )
