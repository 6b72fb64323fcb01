"""Path-size logit equilibrium under capacity: flows, waits, and the price of every full resource.

Demand of a group divides over its paths by generalized cost.  Each unit on a path uses some of the
capacity of resources.  A full resource has a price that keeps the load at its capacity: the shadow
price of one more unit.  Without delays the prices minimise a smooth convex function, the dual of
entropy maximisation under capacities; with delays the same Newton steps solve for waits as well.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError
from karvan.freight.delay import Delay
from karvan.kernels.response import response

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOLERANCE = 1e-9
"""Largest error of shares, loads and waits, each relative, that counts as converged."""

MOST_STEPS = 200
MOST_HALVINGS = 40
RIDGES = (1e-12, 1e-8, 1e-4, 1.0)
"""Relative weights that keep steps finite where prices are not unique; the next where one fails."""

LEAST_RESPONSE = 1e-6
"""Share of the largest possible response of a load below which a step is not computed with it."""

MOST_LOG_ODDS = 10.0
"""Log odds of a path that one step may move."""

SCALE_STEP = 3.0
"""Scales are approached in steps of this factor, each begun from the prices of the last."""


@dataclass(frozen=True, slots=True, eq=False)
class Uses:
    """What one unit on each path uses of resources, sparse.

    Attributes
    ----------
    start : ndarray of int, shape (n_paths + 1,)
        Entries of path p are ``start[p]`` to ``start[p + 1] - 1``.
    resource : ndarray of int, shape (n_entries,)
        A resource once a path.
    amount : ndarray, shape (n_entries,)
        Capacity used, > 0.
    n_resources : int
    """

    start: IntArray
    resource: IntArray
    amount: FloatArray
    n_resources: int

    @property
    def path(self) -> IntArray:
        """Path of each entry."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def load(self, flow: FloatArray) -> FloatArray:
        """Return the load of each resource; shape (n_resources,)."""
        return np.bincount(self.resource, self.amount * flow[self.path], self.n_resources)

    def charged(self, price: FloatArray) -> FloatArray:
        """Return what a unit on each path pays at prices of resources; shape (n_paths,)."""
        paid = self.amount * price[self.resource]
        return np.bincount(self.path, paid, len(self.start) - 1)

    def passed(self, wait: FloatArray) -> FloatArray:
        """Return the sum of the waits at all resources of each path; shape (n_paths,)."""
        return np.bincount(self.path, wait[self.resource], len(self.start) - 1)


def uses(table: ArrayLike) -> Uses:
    """Return the sparse form of a table of shape (n_resources, n_paths)."""
    dense = np.asarray(table, dtype=np.float64)
    path, resource = np.nonzero(dense.T)
    counts = np.bincount(path, minlength=dense.shape[1])
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Uses(start, resource.astype(np.int64), dense.T[path, resource], dense.shape[0])


@dataclass(frozen=True, eq=False)
class PathProblem:
    """Groups of demand with their paths, and what paths use.

    Attributes
    ----------
    group : ndarray of int, shape (n_paths,)
        Ascending; every group has a path.
    cost : ndarray, shape (n_paths,)
        Generalized cost without waits and prices [USD per unit].
    log_size : ndarray, shape (n_paths,)
        Logarithm of the path size, see :func:`path_sizes`.
    demand : ndarray, shape (n_groups,)
        Units per year, >= 0.
    scale : ndarray, shape (n_groups,)
        Logit scale [1/USD], > 0.
    value_of_time : ndarray, shape (n_groups,)
        [USD per unit and h], >= 0.
    use : Uses
    capacity : ndarray, shape (n_resources,)
        Per year; inf where there is none.
    wait : Delay, optional
        Wait [h] of each resource by its load.
    """

    group: IntArray
    cost: FloatArray
    log_size: FloatArray
    demand: FloatArray
    scale: FloatArray
    value_of_time: FloatArray
    use: Uses
    capacity: FloatArray
    wait: Delay | None = None

    @cached_property
    def first_path(self) -> IntArray:
        """Position of the first path of each group."""
        return np.searchsorted(self.group, np.arange(len(self.demand)))

    @cached_property
    def paths_of_group(self) -> IntArray:
        """Bounds of the paths of each group; shape (n_groups + 1,)."""
        return np.append(self.first_path, len(self.group)).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class PathEquilibrium:
    """Result of :func:`path_equilibrium`.

    Attributes
    ----------
    flow : ndarray, shape (n_paths,)
        Units per year.
    cost : ndarray, shape (n_paths,)
        Generalized cost with waits and prices [USD per unit].
    expected_cost : ndarray, shape (n_groups,)
        Logsum [USD per unit]: its change times demand is the change of users' surplus.
    load : ndarray, shape (n_resources,)
    price : ndarray, shape (n_resources,)
        Shadow price [USD per unit of capacity]; 0 where there is room.
    wait_h : ndarray, shape (n_resources,)
    choice_error : float
        Largest difference of a flow from demand times share, relative to the demand of the group.
    capacity_error : float
        Largest load above capacity, relative to the capacity.
    slack_error : float
        Largest price times spare share of a resource, relative to the mean cost of a unit.
    conservation_error : float
        Largest difference of a group's flows from its demand, relative to it.
    converged : bool
    steps : int
    """

    flow: FloatArray
    cost: FloatArray
    expected_cost: FloatArray
    load: FloatArray
    price: FloatArray
    wait_h: FloatArray
    choice_error: float
    capacity_error: float
    slack_error: float
    conservation_error: float
    converged: bool
    steps: int


def path_sizes(lengths: FloatArray, links: list[IntArray], group: IntArray) -> FloatArray:
    """Return the logarithm of the path size of each path.

    The size of a path is the mean, by length, of 1 / (number of paths of the group on a link): 1
    for a path that shares nothing, 1/2 for one of two that are the same.

    Parameters
    ----------
    lengths : ndarray, shape (n_links,)
        Length of every link that paths name.
    links : list of ndarray of int
        Links of each path.
    group : ndarray of int, shape (n_paths,)

    References
    ----------
    Ben-Akiva and Bierlaire (1999), Discrete choice methods and their applications to short term
    travel decisions, https://doi.org/10.1007/978-1-4615-5203-1_2
    """
    sizes = np.ones(len(links))
    for members in np.split(np.arange(len(group)), np.flatnonzero(np.diff(group)) + 1):
        counts = np.zeros(len(lengths))
        for path in members:
            counts[np.unique(links[path])] += 1.0
        for path in members:
            used = links[path]
            total = lengths[used].sum()
            if total > 0.0:
                sizes[path] = float((lengths[used] / counts[used]).sum() / total)
    return np.log(sizes)


def path_equilibrium(
    problem: PathProblem, *, start: PathEquilibrium | None = None
) -> PathEquilibrium:
    """Return flows, waits and prices that fit each other.

    Parameters
    ----------
    problem : PathProblem
    start : PathEquilibrium, optional
        Of a problem with the same resources: its prices and waits are the first guess.

    Raises
    ------
    AssignmentError
        Numbers out of range; or a demand that its resources cannot hold, with those that bind.
    """
    _check(problem)
    n_resources = len(problem.capacity)
    price = np.zeros(n_resources) if start is None else start.price.copy()
    wait = np.zeros(n_resources) if start is None else start.wait_h.copy()
    steps = 0
    for scale in _scales(problem, start):
        at_scale = replace(problem, scale=scale)
        price, wait, done = _settle(at_scale, price, wait)
        steps += done
    return _certified(problem, price, wait, steps)


def _scales(problem: PathProblem, start: PathEquilibrium | None) -> list[FloatArray]:
    """Scales on the way to those wanted: steep choices are hard to start from nothing."""
    if start is not None or not len(problem.cost):
        return [problem.scale]
    spread = np.maximum.reduceat(problem.cost, problem.first_path) - np.minimum.reduceat(
        problem.cost, problem.first_path
    )
    steepest = float((problem.scale * spread).max())
    rounds = max(0, int(np.ceil(np.log(max(steepest / 20.0, 1.0)) / np.log(SCALE_STEP))))
    return [problem.scale / SCALE_STEP**k for k in range(rounds, -1, -1)]


def _check(problem: PathProblem) -> None:
    n_groups = len(problem.demand)
    problems = []
    if len(problem.group) and not np.array_equal(np.unique(problem.group), np.arange(n_groups)):
        problems.append("a group has no path, or a path no group: expected paths for every group")
    if (np.diff(problem.group) < 0).any():
        problems.append("groups of paths must ascend")
    faults = (
        ("cost", problem.cost, ~np.isfinite(problem.cost), "a finite number"),
        ("demand", problem.demand, ~(problem.demand >= 0.0) | np.isinf(problem.demand), ">= 0"),
        ("scale", problem.scale, ~(problem.scale > 0.0) | np.isinf(problem.scale), "> 0"),
        ("value_of_time", problem.value_of_time, ~(problem.value_of_time >= 0.0), ">= 0"),
        ("capacity", problem.capacity, ~(problem.capacity > 0.0), "> 0, inf for none"),
        ("use", problem.use.amount, ~(problem.use.amount >= 0.0), ">= 0"),
    )
    for name, values, wrong, expected in faults:
        problems += [
            f"{name} {position}: found {values[position]:g}, expected {expected}"
            for position in np.flatnonzero(wrong)
        ]
    if problems:
        raise AssignmentError(problems)


def _shares(problem: PathProblem, cost: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Share of each path in its group, and the logsum of each group [USD]."""
    first, group = problem.first_path, problem.group
    utility = problem.log_size - problem.scale[group] * cost
    highest = np.maximum.reduceat(utility, first)
    weight = np.exp(utility - highest[group])
    total = np.add.reduceat(weight, first)
    logsum = -(highest + np.log(total)) / problem.scale
    return weight / total[group], logsum


def _costs(problem: PathProblem, price: FloatArray, wait: FloatArray) -> FloatArray:
    cost = problem.cost + problem.use.charged(price)
    if problem.wait is not None:
        cost += problem.value_of_time[problem.group] * problem.use.passed(wait)
    return cost


def _settle(
    problem: PathProblem, price: FloatArray, wait: FloatArray
) -> tuple[FloatArray, FloatArray, int]:
    """Prices and waits that fit: Newton's steps on waits, prices cleared at each of them."""
    price, steps = _clear(problem, price, wait)
    if problem.wait is None:
        return price, wait, steps
    error = _wait_error(problem, price, wait)
    for _ in range(MOST_STEPS):
        if np.abs(error).max(initial=0.0) <= 0.1 * TOLERANCE:
            break
        direction, size = _wait_direction(problem, price, wait), 1.0
        for _ in range(MOST_HALVINGS):
            new_wait = np.maximum(wait + size * direction, 0.0)
            new_price, done = _clear(problem, price, new_wait)
            steps += done
            new_error = _wait_error(problem, new_price, new_wait)
            if np.linalg.norm(new_error) < (1.0 - 1e-4 * size) * np.linalg.norm(error):
                break
            size *= 0.5
        price, wait, error = new_price, new_wait, new_error
    return price, wait, steps


def _clear(problem: PathProblem, price: FloatArray, wait: FloatArray) -> tuple[FloatArray, int]:
    """Prices at which no load is above its capacity: projected Newton on the convex dual.

    The dual is capacity times price less demand times logsum; its gradient is the spare capacity.
    """
    limited = _limited(problem)
    capacity = problem.capacity[limited]
    price = np.where(np.isfinite(problem.capacity), price, 0.0)
    most, unit = _most_response(problem), _price_unit(problem)
    step = 0
    value = _dual(problem, price, wait)
    while step < MOST_STEPS:
        step += 1
        share, _ = _shares(problem, _costs(problem, price, wait))
        flow = share * problem.demand[problem.group]
        spare = capacity - problem.use.load(flow)[limited]
        open_error = np.minimum(price[limited] * unit[limited], spare / capacity)
        if np.abs(open_error).max(initial=0.0) <= 0.01 * TOLERANCE:
            break
        free = (price[limited] > 0.0) | (spare < 0.0)
        rows = limited[free]
        weight = problem.scale[problem.group] * flow
        fall = _response(problem, share, problem.use.amount, weight)[np.ix_(rows, rows)]
        # A price that has driven all flow away meets no response any more; it must come back.
        lacking = LEAST_RESPONSE * most[rows] - np.diag(fall)
        for ridge in RIDGES:
            direction = np.zeros_like(price)
            matrix = fall + np.diag(np.maximum(lacking, 0.0))
            direction[rows] = _solve(matrix, -spare[free], ridge)
            direction *= _trusted(problem, direction)
            price, value, moved = _search(problem, price, wait, direction, spare, limited, value)
            if moved:
                break
        if not moved:
            break
    return price, step


def _trusted(problem: PathProblem, direction: FloatArray) -> float:
    """Share of a step after which no path's log odds have moved by more than can be foreseen."""
    moved = problem.scale[problem.group] * np.abs(problem.use.charged(direction))
    return min(1.0, MOST_LOG_ODDS / max(float(moved.max(initial=0.0)), 1e-300))


def _most_response(problem: PathProblem) -> FloatArray:
    """Response of each load to its price if all demand had to choose by it."""
    use = problem.use
    weight = (problem.scale * problem.demand)[problem.group][use.path]
    return np.bincount(use.resource, use.amount**2 * weight, use.n_resources)


def _search(
    problem: PathProblem,
    price: FloatArray,
    wait: FloatArray,
    direction: FloatArray,
    spare: FloatArray,
    limited: IntArray,
    value: float,
) -> tuple[FloatArray, float, bool]:
    """The first halving of the step, bent at zero, that brings the dual down enough (Armijo)."""
    size = 1.0
    for _ in range(MOST_HALVINGS):
        trial = np.maximum(price + size * direction, 0.0)
        gain = float(spare @ (trial - price)[limited])
        trial_value = _dual(problem, trial, wait)
        # Near the end the dual no longer shows progress; the step is then Newton's own.
        rounding = 1e-13 * abs(value)
        if trial_value <= value + 1e-4 * gain + rounding:
            return trial, trial_value, True
        size *= 0.5
    return price, value, False


def _dual(problem: PathProblem, price: FloatArray, wait: FloatArray) -> float:
    _, logsum = _shares(problem, _costs(problem, price, wait))
    limited = _limited(problem)
    return float(problem.capacity[limited] @ price[limited] - problem.demand @ logsum)


def _limited(problem: PathProblem) -> IntArray:
    return np.flatnonzero(np.isfinite(problem.capacity))


def _wait_error(problem: PathProblem, price: FloatArray, wait: FloatArray) -> FloatArray:
    """Waits less those that the loads cause, relative to one hour and the latter."""
    wanted = _wanted(problem, price, wait)
    error: FloatArray = (wait - wanted) / (1.0 + wanted)
    return error


def _wanted(problem: PathProblem, price: FloatArray, wait: FloatArray) -> FloatArray:
    if problem.wait is None:
        return np.zeros_like(wait)
    share, _ = _shares(problem, _costs(problem, price, wait))
    return problem.wait.time(problem.use.load(share * problem.demand[problem.group]))


def _price_unit(problem: PathProblem) -> FloatArray:
    """Makes a price comparable with a share of capacity: per typical response of the load."""
    most = _most_response(problem)
    unit: FloatArray = np.where(
        np.isfinite(problem.capacity) & (most > 0.0), most / problem.capacity, 1.0
    )
    return unit


def _wait_direction(problem: PathProblem, price: FloatArray, wait: FloatArray) -> FloatArray:
    """Newton's step of waits, with the prices of full resources moving along."""
    delay = problem.wait
    if delay is None:
        return np.zeros_like(wait)
    share, _ = _shares(problem, _costs(problem, price, wait))
    group = problem.group
    flow = share * problem.demand[group]
    load = problem.use.load(flow)
    weight = problem.scale[group] * flow
    passing = np.ones(len(problem.use.amount))
    fall = _response(problem, share, passing, weight * problem.value_of_time[group])
    full = np.flatnonzero(price > 0.0)
    if len(full):
        by_price = _response(problem, share, problem.use.amount, weight)
        moved = np.array([_solve(by_price[np.ix_(full, full)], column) for column in fall[full].T])
        fall -= by_price[:, full] @ moved.T
    matrix = np.eye(len(wait)) + delay.slope(load)[:, None] * fall
    return _solve(matrix, delay.time(load) - wait)


def _response(
    problem: PathProblem, share: FloatArray, charge: FloatArray, weight: FloatArray
) -> FloatArray:
    """Fall of each load with what each resource charges a unit that passes."""
    use = problem.use
    fall: FloatArray = response(
        problem.paths_of_group,
        use.start,
        use.resource,
        use.amount,
        charge,
        share,
        weight,
        use.n_resources,
    )
    return fall


def _solve(matrix: FloatArray, right: FloatArray, ridge: float = RIDGES[0]) -> FloatArray:
    if not len(right):
        return right
    weight = ridge * max(float(np.abs(np.diag(matrix)).max()), 1e-300)
    solution: FloatArray = np.linalg.lstsq(
        matrix + weight * np.eye(len(right)), right, rcond=RIDGES[0]
    )[0]
    return solution


def _certified(
    problem: PathProblem, price: FloatArray, wait: FloatArray, steps: int
) -> PathEquilibrium:
    """The result with its errors, measured on the flows themselves."""
    cost = _costs(problem, price, wait)
    share, logsum = _shares(problem, cost)
    flow = share * problem.demand[problem.group]
    load = problem.use.load(flow)
    limited = _limited(problem)
    spare = 1.0 - load[limited] / problem.capacity[limited]
    demand = problem.demand[problem.group]
    total = float(problem.demand.sum())
    mean_cost = float(flow @ np.abs(cost)) / total if total > 0.0 else 1.0
    value = price[limited] * problem.capacity[limited] / (total or 1.0)
    sums = np.add.reduceat(flow, problem.first_path) if len(flow) else np.zeros(0)
    moving = problem.demand > 0.0
    wait_error = 0.0
    if problem.wait is not None:
        wanted = problem.wait.time(load)
        wait_error = float(np.abs((wait - wanted) / (1.0 + wanted)).max(initial=0.0))
    # Shares at the waits that the loads themselves cause, not at those of the last step.
    again = (
        share
        if problem.wait is None
        else _shares(problem, _costs(problem, price, problem.wait.time(load)))[0]
    )
    choice_error = float(np.abs(again - share)[demand > 0.0].max(initial=0.0))
    capacity_error = float(np.maximum(-spare, 0.0).max(initial=0.0))
    slack_error = float((value * np.maximum(spare, 0.0)).max(initial=0.0)) / (mean_cost or 1.0)
    worst = max(choice_error, capacity_error, slack_error, wait_error)
    return PathEquilibrium(
        flow=flow,
        cost=cost,
        expected_cost=logsum,
        load=load,
        price=price,
        wait_h=wait,
        choice_error=choice_error,
        capacity_error=capacity_error,
        slack_error=slack_error,
        conservation_error=float(
            (np.abs(sums - problem.demand)[moving] / problem.demand[moving]).max(initial=0.0)
        ),
        converged=bool(worst <= TOLERANCE),
        steps=steps,
    )
