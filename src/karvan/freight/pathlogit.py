"""Path-size logit equilibrium under capacity: flows, waits, and the price of every full resource.

Demand of a group divides over its paths by generalized cost.  Each unit on a path uses some of the
capacity of resources.  A full resource has a price that keeps the load at its capacity: the shadow
price of one more unit.  Without delays the prices minimise a smooth convex function, the dual of
entropy maximisation under capacities; with delays Newton's steps solve for waits as well.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import require_a, whole_number
from karvan.freight.path_certificate import certify_paths
from karvan.freight.pathproblem import (
    PathProblem,
    Uses,
    path_sizes,
    require_sound,
    uses,
)
from karvan.freight.prices import Cleared, approaching, cleared

__all__ = [
    "PathEquilibrium",
    "PathProblem",
    "Uses",
    "path_equilibrium",
    "path_flow_derivative",
    "path_sizes",
    "uses",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOLERANCE = 1e-9
"""Largest error of shares, loads and waits, each relative, that counts as converged."""

MOST_STEPS = 200
MOST_HALVINGS = 40

RIDGE = 1e-12
"""Relative weight that keeps steps finite where prices are not unique."""


@dataclass(frozen=True, slots=True, eq=False)
class PathEquilibrium:
    """Result of :func:`path_equilibrium`; the errors are those of `certify_paths`.

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
        Largest difference of a share from that of the costs, beyond what their rounding explains.
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


def path_equilibrium(
    problem: PathProblem, *, start: PathEquilibrium | None = None, surplus: int = 0
) -> PathEquilibrium:
    """Return flows, waits and prices that fit each other.

    Parameters
    ----------
    problem : PathProblem
    start : PathEquilibrium, optional
        Of a problem with the same resources: its prices and waits are the first guess.
    surplus : int
        Steps from the start beyond those that are needed, where any are.  Steps from afar end well
        below what counts as found; the few from nearby may end just there.

    Raises
    ------
    AssignmentError
        Numbers out of range; a demand that its resources cannot hold, with those that bind; or
        flows that do not add up.
    """
    require_a(PathProblem, "problem", problem, "a PathProblem")
    require_sound(problem)
    if start is not None:
        require_a(PathEquilibrium, "start", start, "what path_equilibrium() returns")
        if len(start.price) != len(problem.capacity):
            message = (
                f"start has {len(start.price)} resources, expected {len(problem.capacity)} as the "
                "problem has"
            )
            raise AssignmentError([message])
        found, wait = _settle(problem, start.price, start.wait_h, surplus=surplus)
        warm = _certified(problem, found, wait)
        if warm.converged:
            return warm
    price, wait = np.zeros(len(problem.capacity)), np.zeros(len(problem.capacity))
    steps = 0
    for at_scale in approaching(problem):
        found, wait = _settle(at_scale, price, wait)
        price, steps = found.price, steps + found.steps
    return _certified(problem, replace(found, steps=steps), wait)


def _settle(
    problem: PathProblem, price: FloatArray, wait: FloatArray, *, surplus: int = 0
) -> tuple[Cleared, FloatArray]:
    """Prices and waits that fit: Newton's steps on waits, prices cleared at each of them."""
    found = cleared(problem, price, wait, surplus=surplus)
    if problem.wait is None:
        return found, np.zeros(len(price))
    steps = found.steps
    error = _wait_error(problem, found.share, wait)
    for _ in range(MOST_STEPS):
        if np.abs(error).max(initial=0.0) <= 0.1 * TOLERANCE:
            break
        direction, size = _wait_direction(problem, found, wait), 1.0
        for _ in range(MOST_HALVINGS):
            new_wait = np.maximum(wait + size * direction, 0.0)
            new = cleared(problem, found.price, new_wait)
            steps += new.steps
            new_error = _wait_error(problem, new.share, new_wait)
            if np.linalg.norm(new_error) < (1.0 - 1e-4 * size) * np.linalg.norm(error):
                break
            size *= 0.5
        else:
            break
        found, wait, error = new, new_wait, new_error
    return replace(found, steps=steps), wait


def _wait_error(problem: PathProblem, share: FloatArray, wait: FloatArray) -> FloatArray:
    """Waits less those that the loads cause, relative to one hour and the latter."""
    wanted = np.zeros_like(wait)
    if problem.wait is not None:
        wanted = problem.wait.time(problem.use.load(share * problem.demand[problem.group]))
    error: FloatArray = (wait - wanted) / (1.0 + wanted)
    return error


def _wait_direction(problem: PathProblem, found: Cleared, wait: FloatArray) -> FloatArray:
    """Newton's step of waits, with the prices of full resources moving along."""
    delay = problem.wait
    if delay is None:
        return np.zeros_like(wait)
    share, group = found.share, problem.group
    flow = share * problem.demand[group]
    load = problem.use.load(flow)
    weight = problem.scale[group] * flow
    passing = np.ones(len(problem.use.amount))
    fall = problem.response(share, passing, weight * problem.value_of_time[group])
    full = np.flatnonzero(found.price > 0.0)
    if len(full):
        by_price = problem.response(share, problem.use.amount, weight)
        moved = np.array([_solve(by_price[np.ix_(full, full)], column) for column in fall[full].T])
        fall -= by_price[:, full] @ moved.T
    matrix = np.eye(len(wait)) + delay.slope(load)[:, None] * fall
    return _solve(matrix, delay.time(load) - wait)


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """The shortest solution: prices of what is always full together are not unique."""
    return np.asarray(np.linalg.lstsq(matrix, right, rcond=RIDGE)[0], dtype=np.float64)


def _certified(problem: PathProblem, found: Cleared, wait: FloatArray) -> PathEquilibrium:
    """The result with its errors, measured on the flows themselves."""
    flow = found.share * problem.demand[problem.group]
    certificate = certify_paths(problem, flow, found.price, wait)
    return PathEquilibrium(
        flow=flow,
        cost=certificate.cost,
        expected_cost=certificate.expected_cost,
        load=certificate.load,
        price=found.price,
        wait_h=wait,
        choice_error=certificate.choice_error,
        capacity_error=certificate.capacity_error,
        slack_error=certificate.slack_error,
        conservation_error=certificate.conservation_error,
        converged=bool(certificate.worst <= TOLERANCE),
        steps=found.steps,
    )


def path_flow_derivative(
    problem: PathProblem,
    equilibrium: PathEquilibrium,
    parameter: tuple[Literal["cost", "capacity"], int],
) -> FloatArray:
    """Return the derivative of all flows by the cost of a path or the capacity of a resource.

    Prices and waits move along, so that full resources stay full.  Where a resource is full at a
    price of 0 flows have a kink, and this is the derivative on the side where it stays empty.

    Parameters
    ----------
    problem : PathProblem
    equilibrium : PathEquilibrium
        Its solution.
    parameter : tuple
        ``("cost", path)`` or ``("capacity", resource)``.

    Returns
    -------
    ndarray, shape (n_paths,)
        Units a year for a USD per unit, or for a unit of capacity a year.

    Raises
    ------
    AssignmentError
        No such parameter, path or resource.
    """
    require_a(PathProblem, "problem", problem, "a PathProblem")
    require_a(PathEquilibrium, "equilibrium", equilibrium, "what path_equilibrium() returns")
    if (len(equilibrium.flow), len(equilibrium.price)) != (
        len(problem.cost),
        len(problem.capacity),
    ):
        raise AssignmentError(["equilibrium is of another problem: expected the solution of this"])
    kind, position = _checked(problem, parameter)
    n_resources = len(problem.capacity)
    demand, group = problem.demand[problem.group], problem.group
    share, _ = problem.shares(equilibrium.cost)
    weight = problem.scale[group] * share * demand
    cost, more = np.zeros(len(share)), np.zeros(n_resources)
    if kind == "cost":
        cost[position] = 1.0
    else:
        more[position] = 1.0
    direct = problem.use.load(_flow_change(problem, share, cost))
    near = equilibrium.load >= (1.0 - TOLERANCE) * problem.capacity
    full = np.flatnonzero((equilibrium.price > 0.0) & near)
    by_price = problem.response(share, problem.use.amount, weight)
    # Unknown: prices of what is full, then waits.
    matrix, known = by_price[np.ix_(full, full)], (direct - more)[full]
    if problem.wait is not None:
        passing = np.ones(len(problem.use.amount))
        by_wait = problem.response(share, passing, weight * problem.value_of_time[group])
        slope = problem.wait.slope(equilibrium.load)[:, None]
        below = np.hstack([slope * by_price[:, full], np.eye(n_resources) + slope * by_wait])
        matrix = np.vstack([np.hstack([matrix, by_wait[full]]), below])
        known = np.concatenate([known, slope[:, 0] * direct])
    solved = _solve(matrix, known)
    price, wait = np.zeros(n_resources), np.zeros(n_resources)
    price[full] = solved[: len(full)]
    wait[:] = solved[len(full) :] if problem.wait is not None else 0.0
    cost += problem.use.charged(price) + problem.value_of_time[group] * problem.use.passed(wait)
    return _flow_change(problem, share, cost)


def _checked(problem: PathProblem, parameter: tuple[str, int]) -> tuple[str, int]:
    require_a(tuple, "parameter", parameter, "a kind and a position, as ('cost', 0)")
    kind, position = parameter[0], whole_number("position", parameter[1])
    sizes = {"cost": len(problem.cost), "capacity": len(problem.capacity)}
    if kind not in sizes:
        message = f"parameter '{kind}' is not known: expected one of {', '.join(sizes)}"
        raise AssignmentError([message])
    if not 0 <= position < sizes[kind]:
        message = f"{kind} {position}: expected a position from 0 to {sizes[kind] - 1}"
        raise AssignmentError([message])
    return kind, position


def _flow_change(problem: PathProblem, share: FloatArray, cost: FloatArray) -> FloatArray:
    """Change of flows with small changes of the costs of paths."""
    group = problem.group
    mean = np.bincount(group, share * cost, len(problem.demand))
    change: FloatArray = (
        -problem.scale[group] * problem.demand[group] * share * (cost - mean[group])
    )
    return change
