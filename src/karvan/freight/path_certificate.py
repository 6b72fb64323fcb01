"""Certificate of flows on listed paths, from flows, prices and waits by code of its own.

Nothing of the solver is used but the numbers of the problem: loads, costs, shares and balances are
computed again, shares in logarithms, so that no choice is too steep for them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import numbers, require_a
from karvan.freight.certificate import CONSERVATION_TOLERANCE
from karvan.freight.pathproblem import PathProblem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ROUNDINGS = 8.0
"""Roundings of a cost that count as none: of its parts, their sum and the logsum beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class PathCertificate:
    """How well flows, prices and waits fit each other.

    Attributes
    ----------
    load : ndarray, shape (n_resources,)
    cost : ndarray, shape (n_paths,)
        Generalized cost with waits and prices.
    expected_cost : ndarray, shape (n_groups,)
        Logsum.
    choice_error : float
        Largest difference of a share from that of the costs at the waits that the loads cause;
        beyond what the rounding of costs explains, which is nothing at scales of practice.
    capacity_error : float
        Largest load above capacity, relative to the capacity.
    slack_error : float
        Largest price times spare share of a resource, relative to the mean cost of a unit; all of
        a price below zero.
    wait_error : float
        Largest difference of a wait from that of the load, relative to one hour and the latter.
    conservation_error : float
        Largest difference of a group's flows from its demand, relative to it.
    """

    load: FloatArray
    cost: FloatArray
    expected_cost: FloatArray
    choice_error: float
    capacity_error: float
    slack_error: float
    wait_error: float
    conservation_error: float

    @property
    def worst(self) -> float:
        """Largest of the errors that a solver can be blamed for; NaN if one is."""
        return float(
            np.max([self.choice_error, self.capacity_error, self.slack_error, self.wait_error])
        )


def certify_paths(
    problem: PathProblem, flow: FloatArray, price: FloatArray, wait: FloatArray
) -> PathCertificate:
    """Return the certificate of flows at prices and waits.

    Parameters
    ----------
    problem : PathProblem
    flow : ndarray, shape (n_paths,)
    price, wait : ndarray, shape (n_resources,)

    Raises
    ------
    AssignmentError
        Flows of a group differ from its demand by more than ``CONSERVATION_TOLERANCE``, or one is
        below zero or not a number; other than a flow a path, or a finite price and wait a resource.
    """
    require_a(PathProblem, "problem", problem, "a PathProblem")
    use, group = problem.use, problem.group
    flow = _sized("flow", flow, len(group), "path")
    price = _finite("price", _sized("price", price, use.n_resources, "resource"))
    wait = _finite("wait", _sized("wait", wait, use.n_resources, "resource"))
    load = np.zeros(use.n_resources)
    np.add.at(load, use.resource, use.amount * np.repeat(flow, np.diff(use.start)))
    caused = np.zeros(use.n_resources) if problem.wait is None else problem.wait.time(load)
    waits = 0.0 if problem.wait is None else _along(problem, wait)
    cost = problem.cost + _along(problem, price, use.amount) + problem.value_of_time[group] * waits
    log_share, expected = _logit(problem, cost)
    error = _choice_error(problem, flow, price, caused, log_share)
    limited = np.flatnonzero(np.isfinite(problem.capacity))
    over = load[limited] / problem.capacity[limited] - 1.0
    demand = float(problem.demand.sum())
    mean = float(flow @ np.abs(cost)) / demand if demand > 0.0 else 0.0
    value = np.abs(price[limited]) * problem.capacity[limited] / (demand or 1.0)
    # A price below zero fits no load: it would draw cargo to what is full.
    unfit = np.where(price[limited] < 0.0, 1.0, np.maximum(-over, 0.0))
    return PathCertificate(
        load=load,
        cost=cost,
        expected_cost=expected,
        choice_error=error,
        capacity_error=float(np.max(over, initial=0.0)),
        slack_error=float(np.max(value * unfit, initial=0.0)) / (mean or 1.0),
        wait_error=float(np.max(np.abs(wait - caused) / (1.0 + caused), initial=0.0)),
        conservation_error=_conservation_error(problem, flow),
    )


def _sized(name: str, values: FloatArray, length: int, of: str) -> FloatArray:
    found = numbers(name, values)
    if len(found) != length:
        message = f"{name}: found {len(found)} values, expected {length}, one for each {of}"
        raise AssignmentError([message])
    return found


def _finite(name: str, values: FloatArray) -> FloatArray:
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise AssignmentError(
            [f"{name} {r}: found {values[r]:g}, expected a finite number" for r in wrong]
        )
    return values


def _along(
    problem: PathProblem, values: FloatArray, amount: FloatArray | None = None
) -> FloatArray:
    """Sum of values of resources along each path, by amounts used or once each."""
    use = problem.use
    terms = values[use.resource] if amount is None else values[use.resource] * amount
    # A sum over nothing would repeat the first term of the next path.
    filled = np.diff(use.start) > 0
    result = np.zeros(len(filled))
    if filled.any():
        result[filled] = np.add.reduceat(terms, use.start[:-1][filled])
    return result


def _logit(problem: PathProblem, cost: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logarithms of shares, and the logsum of each group."""
    scale = problem.scale[problem.group]
    utility = problem.log_size - scale * cost
    total = np.full(len(problem.demand), -np.inf)
    np.logaddexp.at(total, problem.group, utility)
    return utility - total[problem.group], -total / problem.scale


def _choice_error(
    problem: PathProblem,
    flow: FloatArray,
    price: FloatArray,
    caused: FloatArray,
    log_share: FloatArray,
) -> float:
    group = problem.group
    moving = problem.demand[group] > 0.0
    if not moving.any():
        return 0.0
    hours = problem.value_of_time[group] * _along(problem, caused)
    if problem.wait is not None:
        charged = _along(problem, price, problem.use.amount)
        log_share = _logit(problem, problem.cost + charged + hours)[0]
    parts = np.abs(problem.cost) + _along(problem, np.abs(price), problem.use.amount) + hours
    largest = np.zeros(len(problem.demand))
    np.maximum.at(largest, group, parts)
    # Costs that differ by rounding give these shares, and no others between them.
    unsure = problem.scale * largest * ROUNDINGS * np.finfo(np.float64).eps
    share = flow[moving] / problem.demand[group][moving]
    most = np.exp(np.minimum(log_share + unsure[group], 0.0))[moving]
    least = np.exp(log_share - unsure[group])[moving]
    return float(np.max(np.maximum(share - most, least - share), initial=0.0))


def _conservation_error(problem: PathProblem, flow: FloatArray) -> float:
    """The largest imbalance; refused where it is more than rounding."""
    moved = np.zeros(len(problem.demand))
    np.add.at(moved, problem.group, flow)
    wrong = np.abs(moved - problem.demand) / np.where(problem.demand > 0.0, problem.demand, 1.0)
    negative = np.zeros(len(problem.demand), dtype=np.bool_)
    negative[problem.group[~(flow >= 0.0)]] = True
    # NaN is not at most the tolerance.
    refused = np.flatnonzero(negative | ~(wrong <= CONSERVATION_TOLERANCE))
    if len(refused):
        raise AssignmentError(
            [
                f"flows do not add up: those of group {g} are {moved[g]:.12g} together, expected "
                f"its demand of {problem.demand[g]:.12g} in parts >= 0"
                for g in refused
            ]
        )
    return float(np.max(wrong, initial=0.0))
