"""Comparison of units pair by pair: outranking and Copeland's rule."""

import numpy as np

from karvan.scoreboard.model import FloatArray
from karvan.scoreboard.statistics import TIE


def outranking(values: FloatArray, share: FloatArray) -> FloatArray:
    """Return the weighted share of children in which the row unit beats the column unit.

    Parameters
    ----------
    values : ndarray, shape (n_units, n_children)
    share : ndarray, shape (n_children,)
        Weights of the children, not negative.

    Returns
    -------
    ndarray, shape (n_units, n_units)
        Ties, values closer than `TIE` of the largest of the child, count half.  A child that one of
        the two lacks says nothing about them: the weights of the others are scaled to one.  NaN on
        the diagonal and where no child has both.

    References
    ----------
    Munda and Nardo (2009), Noncompensatory/nonlinear composite indicators for ranking countries
    (not opened); treatment of holes is ours.
    """
    n = len(values)
    win, weight = np.zeros((n, n)), np.zeros((n, n))
    for child, part in zip(values.T, share, strict=True):
        with np.errstate(invalid="ignore"):
            difference = child[:, None] - child[None, :]
            # Scores that are equal but for rounding are a tie here as they are in ranks.
            near = np.abs(difference) <= TIE * np.nanmax(np.abs(child), initial=0.0)
            difference = np.where(near, 0.0, difference)
        both = ~np.isnan(difference)
        win += part * np.where(both, 0.5 + 0.5 * np.sign(difference), 0.0)
        weight += part * both
    np.fill_diagonal(weight, 0.0)
    return np.asarray(np.divide(win, weight, out=np.full((n, n), np.nan), where=weight > 0))


def copeland(values: FloatArray, share: FloatArray) -> FloatArray:
    """Return net wins of each unit; NaN for a unit that can be compared with no other.

    Parameters
    ----------
    values : ndarray, shape (n_units, n_children)
    share : ndarray, shape (n_children,)
    """
    matrix = outranking(values, share)
    margin = matrix - 0.5
    # Sums of the same weights in another order must not turn a draw into a win.
    sign = np.where(np.abs(margin) <= TIE, 0.0, np.sign(margin))
    net = np.nansum(sign, axis=1)
    return np.where(np.isnan(matrix).all(axis=1), np.nan, net)
