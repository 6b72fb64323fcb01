"""Benefit of the doubt: the weights that show each unit at its best."""

from collections.abc import Callable
from typing import Any

import numpy as np

from karvan.errors import Problem, ScoreboardError
from karvan.scoreboard.model import FloatArray

TOLERANCES = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
"""The smallest that HiGHS takes; with its own, 1e-7, scores are as far off."""


def benefit_of_the_doubt(values: FloatArray) -> FloatArray:
    """Return the best score of each unit when no unit may exceed one with the same weights.

    Parameters
    ----------
    values : ndarray, shape (n_units, n_children)
        Not negative.

    Returns
    -------
    ndarray, shape (n_units,)
        In 0 to 1; NaN for a unit without data.  A unit's weights are over the children it has, its
        peers are the units that have all of them.

    References
    ----------
    Cherchye, Moesen, Rogge and Van Puyenbroeck (2007), An introduction to 'benefit of the doubt'
    composite indicators (not opened); the linear program is the standard one.
    """
    linprog = _solver()
    score = np.full(len(values), np.nan)
    there = ~np.isnan(values)
    top = np.nanmax(np.where(there, values, 0.0), axis=0)
    for unit in np.flatnonzero((there & (top > 0)).any(axis=1)):
        has = there[unit] & (top > 0)
        peers = there[:, there[unit]].all(axis=1)
        # Scaled to the best value of each child, so that weights are of like size.
        table = values[np.ix_(peers, has)] / top[has]
        own = values[unit, has] / top[has]
        best = linprog(
            -own, A_ub=table, b_ub=np.ones(len(table)), method="highs", options=TOLERANCES
        )
        # The solver may pass its bounds by a little; no peer exceeds one after this.
        score[unit] = own @ best.x / (table @ best.x).max()
    score[there.any(axis=1) & np.isnan(score)] = 0.0
    return score


def _solver() -> Callable[..., Any]:
    try:
        from scipy.optimize import linprog
    except ImportError:
        problem = Problem(
            "scoreboard.solver.missing",
            "aggregate.method",
            "benefit_of_the_doubt, but no scipy",
            "scipy, which solves its linear programs",
            "pip install 'karvan[score]', or choose another method",
        )
        raise ScoreboardError([problem]) from None
    solver: Callable[..., Any] = linprog
    return solver
