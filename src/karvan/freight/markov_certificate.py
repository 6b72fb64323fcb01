"""Certificates of logit equilibria, computed from flows and expected costs in plain NumPy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.freight.problem import AssignmentProblem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ChoiceCertificate:
    """How close flows are to logit choices, and whether they add up; see the result's attributes.

    Attributes
    ----------
    residual, conservation_error : float
    """

    residual: float
    conservation_error: float


def certify_choices(
    problem: AssignmentProblem,
    scale: FloatArray,
    user_class: IntArray,
    destination: IntArray,
    flow: FloatArray,
    node_cost: FloatArray,
    cause: FloatArray,
) -> ChoiceCertificate:
    """Return the certificate of flows by class and destination.

    Parameters
    ----------
    problem : AssignmentProblem
    scale : ndarray, shape (n_classes,)
    user_class, destination : ndarray of int, shape (n_rows,)
    flow : ndarray, shape (n_rows, n_links)
    node_cost : ndarray, shape (n_rows, n_nodes)
        Expected cost to the destination; inf without a way.
    cause : ndarray, shape (n_links,)
        Flows whose delays the choices are made by.
    """
    total = flow.sum(axis=0)
    time = problem.delay.time(cause)
    wanted = np.zeros(problem.n_links)
    worst_cost, imbalance, demand = [0.0], [0.0], 0.0
    for row in range(len(destination)):
        user, end = int(user_class[row]), int(destination[row])
        logit = scale[user]
        through = _starts(problem, user, end, node_cost[row])
        amount = float(through.sum())
        passes = (problem.head != end) & (problem.head >= problem.first_through_node)
        through += np.bincount(problem.head[passes], flow[row, passes], minlength=problem.n_nodes)
        ahead = np.where(passes, node_cost[row][problem.head], np.inf)
        ahead[problem.head == end] = 0.0
        utility = -logit * (time + problem.toll[user] + ahead)
        share, soft = _logit(problem, utility)
        share[through[problem.tail] == 0.0] = 0.0
        wanted += through[problem.tail] * share
        out = np.bincount(problem.tail, flow[row], minlength=problem.n_nodes)
        demand += amount
        if amount > 0.0:
            imbalance.append(float(np.abs(through - out).max()) / amount)
            used = through > 0.0
            error = np.abs(node_cost[row][used] + soft[used] / logit)
            largest = np.abs(node_cost[row][used]).max()
            worst_cost.append(float(error.max()) / max(float(largest), 1.0 / logit))
    difference = float(np.max(np.abs([wanted - total, cause - total]), initial=0.0))
    # NumPy's maximum keeps NaN, the built-in one may lose it.
    residual = np.max([difference / demand if demand > 0.0 else 0.0, *worst_cost])
    return ChoiceCertificate(float(residual), float(np.max(imbalance)))


def _starts(problem: AssignmentProblem, user: int, end: int, node_cost: FloatArray) -> FloatArray:
    pairs = (problem.user_class == user) & (problem.destination == end) & (problem.origin != end)
    pairs &= np.isfinite(node_cost[problem.origin])
    starts: FloatArray = np.bincount(
        problem.origin[pairs], problem.amount[pairs], minlength=problem.n_nodes
    ).astype(np.float64)
    return starts


def _logit(problem: AssignmentProblem, utility: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares among the links of each tail, and the logarithm of the sum of exponentials."""
    most = np.full(problem.n_nodes, -np.inf)
    np.maximum.at(most, problem.tail, utility)
    base = np.where(np.isfinite(most), most, 0.0)
    weight = np.exp(utility - base[problem.tail])
    total = np.bincount(problem.tail, weight, minlength=problem.n_nodes)
    known = total[problem.tail] > 0.0
    share = np.divide(weight, total[problem.tail], out=np.zeros_like(weight), where=known)
    log = np.log(total, out=np.full_like(total, -np.inf), where=total > 0.0)
    return share, base + log
