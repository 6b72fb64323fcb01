"""Prices of full resources: the minimum of the convex dual of logit choice under capacities.

The dual is capacity times price less demand times logsum; its slope is the spare capacity.  Each
step solves the quadratic model of the dual under prices >= 0, weighed down where the model has
proved wrong (Marquardt 1963, https://doi.org/10.1137/0111030, of which the first page was read).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError
from karvan.freight.pathproblem import PathProblem, Uses

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

CLEARED = 1e-11
"""Largest relative excess or unneeded price at which prices count as found."""

MOST_STEPS = 400
MOST_HALVINGS = 40
MOST_PIVOTS = 50

LEAST_RIDGE, FIRST_RIDGE, MOST_RIDGE = 1e-12, 1e-8, 1e4
"""Weight of the largest possible response that is added to the response as it is."""

ROUNDING = 1e-13
"""Relative change of the dual below which it says nothing."""

NEARER = 0.9
"""Slope along the step, of that at its beginning, that a step may overshoot to."""

UNSERVED_LOG_ODDS = 50.0
"""Log odds against not being served, where a cut is looked for and there is room."""

DEAR_WAY_OUT = 1e3
"""Log odds against not being served over those, where there is no room."""

EASY_LOG_ODDS = 20.0
"""Largest log odds of two paths that need no approach by flatter choices."""

SCALE_STEP = 3.0
"""Scales are approached in steps of this factor, each begun from the prices of the last."""


LEFT_OVER = 3e-11
"""Excess over a capacity, relative to it, from which demand is refused: what solvers resolve."""


@dataclass(frozen=True, slots=True, eq=False)
class Cleared:
    """Prices of all resources, and the choices at them.

    Attributes
    ----------
    price : ndarray, shape (n_resources,)
    share : ndarray, shape (n_paths,)
        Where choices are so steep that a digit of the price that a float does not hold decides,
        they say what it is.
    steps : int
    """

    price: FloatArray
    share: FloatArray
    steps: int


@dataclass(frozen=True, slots=True, eq=False)
class _Dual:
    """The dual as a function of what prices of limited resources differ from a first guess.

    Costs are those at the guess beyond the cheapest path of the group, so that the scale may be as
    large as it likes: what decides between two paths is not lost behind the digits of their costs.
    """

    problem: PathProblem
    guess: FloatArray
    cost: FloatArray

    def at(self, change: FloatArray) -> "_Point":
        """Return the point; no price is below zero."""
        problem, rows = self.problem, self.problem.limited
        capacity, use = problem.capacity[rows], problem.limited_use
        share, logsum = problem.shares(self.cost + use.charged(change))
        spare = capacity - use.load(share * problem.demand[problem.group])
        price = self.guess + change
        value = float(capacity @ change - problem.demand @ logsum)
        # A price counts by how far it moves the load, as a share of the capacity.
        error = np.minimum(price * problem.most_response[rows], spare) / capacity
        return _Point(change, price, value, share, spare, float(np.abs(error).max(initial=0.0)))

    def all(self, values: FloatArray) -> FloatArray:
        """Return values of the limited resources with 0 for the others."""
        result = np.zeros(len(self.problem.capacity))
        result[self.problem.limited] = values
        return result


def _dual(problem: PathProblem, price: FloatArray, wait: FloatArray) -> tuple[_Dual, float]:
    """The dual around a guess, and the value below which no flows can keep the capacities.

    At any prices the dual is at least minus the cost of any flows that do, and no flows cost more
    than the dearest path of each group.
    """
    first, group, rows = problem.first_path, problem.group, problem.limited
    guess = np.zeros(len(price))
    guess[rows] = price[rows]
    cost = problem.costs(guess, wait)
    if not len(group):
        return _Dual(problem, guess[rows], cost), -np.inf
    cheapest = np.minimum.reduceat(cost, first)
    free = problem.costs(np.zeros(len(price)), wait) - problem.log_size / problem.scale[group]
    dear = np.maximum.reduceat(free, first)
    floor = float(problem.demand @ (cheapest - dear) - problem.capacity[rows] @ guess[rows])
    rounding = 1e-9 * float(problem.demand @ np.abs(dear))
    return _Dual(problem, guess[rows], cost - cheapest[group]), floor - rounding


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """The dual at prices of the limited resources."""

    change: FloatArray
    price: FloatArray
    value: float
    share: FloatArray
    spare: FloatArray
    error: float


def cleared(
    problem: PathProblem, price: FloatArray, wait: FloatArray, *, surplus: int = 0
) -> Cleared:
    """Return prices at which no load is above its capacity and nothing with room has a price.

    Parameters
    ----------
    problem : PathProblem
    price : ndarray, shape (n_resources,)
        A first guess.
    wait : ndarray, shape (n_resources,)
        Taken as it is.
    surplus : int
        Steps beyond those that are needed, where any are.

    Raises
    ------
    AssignmentError
        The resources cannot hold the demand.
    """
    found, error, held = _minimised(problem, price, wait, surplus)
    if held and error <= CLEARED:
        return found
    cut = left_over(problem)
    if not held or cut.excess > LEFT_OVER:
        raise AssignmentError([_refusal(problem, cut)])
    return found


def _minimised(
    problem: PathProblem, price: FloatArray, wait: FloatArray, surplus: int = 0
) -> tuple[Cleared, float, bool]:
    """Prices, their error, and whether no value has shown that the demand cannot pass."""
    rows = problem.limited
    dual, floor = _dual(problem, price, wait)
    at, ridge, steps = dual.at(np.zeros(len(rows))), FIRST_RIDGE, 0
    while steps < MOST_STEPS and at.value >= floor:
        if at.error <= CLEARED:
            if not steps or not surplus:
                break
            surplus -= 1
        fall = problem.price_response(at.share)
        found = None
        while found is None and ridge <= MOST_RIDGE:
            model = fall + np.diag(ridge * problem.most_response[rows])
            found, full = _searched(dual, at, _direction(model, at))
            ridge = max(ridge / 10.0, LEAST_RIDGE) if full else ridge * 10.0
        if found is None:
            break
        at, steps = found, steps + 1
        ridge = min(ridge, MOST_RIDGE)
    return Cleared(dual.all(at.price), at.share, steps), at.error, at.value >= floor


def _direction(model: FloatArray, at: _Point) -> FloatArray:
    """The step to the minimum of the quadratic model under prices >= 0, by pivots.

    Hintermueller, Ito and Kunisch (2002), https://doi.org/10.1137/S1052623401383558 (abstract and
    first page read).
    """
    held = (at.price <= 0.0) & (at.spare >= 0.0)
    step = np.where(held, -at.price, 0.0)
    for _ in range(MOST_PIVOTS):
        free = np.flatnonzero(~held)
        step = np.where(held, -at.price, 0.0)
        right = -at.spare[free] - model[np.ix_(free, np.flatnonzero(held))] @ step[held]
        step[free] = np.linalg.solve(model[np.ix_(free, free)], right)
        pull = at.spare + model @ step
        wrong = np.where(held, pull < 0.0, at.price + step < 0.0)
        wrong &= np.where(held, -pull > ROUNDING * np.abs(at.spare), True)
        if not wrong.any():
            break
        held ^= wrong
    return np.maximum(step, -at.price)


def _searched(dual: _Dual, at: _Point, direction: FloatArray) -> tuple[_Point | None, bool]:
    """The first halving of the step that brings the dual down, and whether it is the whole step."""
    slope = float(at.spare @ direction)
    if slope >= 0.0:
        return None, False
    size = 1.0
    for _ in range(MOST_HALVINGS):
        # A price of zero is zero to the last digit.
        zero = size * direction <= -at.price
        trial = dual.at(np.where(zero, -dual.guess, at.change + size * direction))
        # The dual is convex: where it still falls it is lower, whatever rounding says of values.
        ahead = float(trial.spare @ direction)
        near = abs(trial.value - at.value) <= ROUNDING * abs(at.value)
        lower = trial.value <= at.value + 1e-4 * size * slope or (near and trial.error < at.error)
        if lower and ahead <= -NEARER * slope:
            return trial, size == 1.0
        size *= 0.5
    return None, False


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """What of a demand cannot pass, and why.

    Attributes
    ----------
    left : float
        Demand that is left over, whatever it would pay.
    resource : ndarray of int, shape (n,)
        Those whose capacity would let more pass.
    more : ndarray, shape (n,)
        What the rest would use of each if all of it passed there.
    excess : float
        The largest of these, relative to the capacity.
    """

    left: float
    resource: IntArray
    more: FloatArray
    excess: float


def left_over(problem: PathProblem) -> Cut:
    """Return what of a demand cannot pass, and what holds it up; costs and waits play no part.

    Found as prices again, where paths cost nothing and every group has a way out that is dearer
    than anything else: what takes it is the least that cannot pass.
    """
    eased = _with_way_out(problem)
    price = np.zeros(len(problem.capacity))
    for at_scale in approaching(eased):
        found, _, _ = _minimised(at_scale, price, np.zeros(len(price)))
        price = found.price
    last = eased.paths_of_group[1:] - 1
    left = float((found.share * eased.demand[eased.group])[last].sum())
    charged = np.zeros(len(price))
    np.maximum.at(charged, eased.use.resource, eased.use.amount * price[eased.use.resource])
    full = np.flatnonzero(charged > UNSERVED_LOG_ODDS)
    more = left * charged[full] / price[full]
    return Cut(left, full, more, float((more / problem.capacity[full]).max(initial=0.0)))


def _refusal(problem: PathProblem, cut: Cut) -> str:
    names = [problem.names[r] if problem.names else str(r) for r in cut.resource]
    lift = ", ".join(
        f"{name}: {more:g} beside {problem.capacity[r]:g}"
        for name, r, more in zip(names, cut.resource, cut.more, strict=True)
    )
    return (
        f"demand of {problem.demand.sum():g} cannot pass: {cut.left:g} of it is left over "
        f"at any price, because of capacity {', '.join(names)}; add capacity ({lift}), or a path "
        "that is not served"
    )


def _with_way_out(problem: PathProblem) -> PathProblem:
    """The problem with paths that cost nothing, and one more of each group that costs a lot.

    The last of each group uses nothing.  Costs do not decide what can pass.
    """
    n_groups, ends = len(problem.demand), problem.paths_of_group[1:]
    use, n_paths = problem.use, len(problem.group)
    counts = np.insert(np.diff(use.start), ends, 0)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return replace(
        problem,
        group=np.insert(problem.group, ends, np.arange(n_groups)),
        cost=np.insert(np.zeros(n_paths), ends, DEAR_WAY_OUT * UNSERVED_LOG_ODDS),
        log_size=np.zeros(n_paths + n_groups),
        scale=np.ones(n_groups),
        use=Uses(start, use.resource, use.amount, use.n_resources),
        wait=None,
    )


def approaching(problem: PathProblem) -> list[PathProblem]:
    """Return the problem after others with flatter choices: steep ones are hard to start with."""
    if not len(problem.cost):
        return [problem]
    first = problem.first_path
    spread = np.maximum.reduceat(problem.cost, first) - np.minimum.reduceat(problem.cost, first)
    steepest = float((problem.scale * spread).max())
    rounds = int(np.ceil(np.log(max(steepest / EASY_LOG_ODDS, 1.0)) / np.log(SCALE_STEP)))
    return [replace(problem, scale=problem.scale / SCALE_STEP**k) for k in range(rounds, -1, -1)]
