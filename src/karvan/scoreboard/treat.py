"""Outliers of many columns at once."""

from dataclasses import dataclass

import numpy as np

from karvan.scoreboard.model import BoolArray, FloatArray, IntArray
from karvan.scoreboard.settings import Attempt, Treat
from karvan.scoreboard.statistics import moments

PASSED, UNTREATED = -1, -2
"""What was tried last on a column: nothing had to be; nothing could be (constant, few values)."""


@dataclass(frozen=True, slots=True, eq=False)
class Treated:
    """Result of :func:`treat`.

    Attributes
    ----------
    value : ndarray, shape (n_rows, n_columns)
    attempt : ndarray of int, shape (n_columns,)
        Index of the attempt that was taken, or `PASSED` or `UNTREATED`.
    winsorised : ndarray of int, shape (n_columns,)
        Points that were moved, by winsorising whose result was taken.
    passes : ndarray of bool, shape (n_columns,)
        Whether skewness or kurtosis is below its threshold at the end.
    """

    value: FloatArray
    attempt: IntArray
    winsorised: IntArray
    passes: BoolArray


def treat(x: FloatArray, method: Treat) -> Treated:
    """Return the columns with outliers treated where skewness and kurtosis both exceed.

    Parameters
    ----------
    x : ndarray, shape (n_rows, n_columns)
        NaN is no data and stays so.
    method : Treat

    References
    ----------
    OECD and JRC (2008), Handbook on constructing composite indicators; thresholds and order of
    the steps as in the reference configurations (handbook not opened).
    """
    value = x.copy()
    skew, kurt = moments(x)
    ok = ~_outlying(skew, kurt, method)
    attempt = np.full(x.shape[1], PASSED)
    attempt[np.isnan(skew)] = UNTREATED
    moved = np.zeros(x.shape[1], dtype=np.int64)
    open_columns = np.flatnonzero(~ok)
    for k, name in enumerate(method.attempts):
        if not len(open_columns):
            break
        new, points = _attempt(x[:, open_columns], name, method)
        value[:, open_columns] = new
        attempt[open_columns], moved[open_columns] = k, points
        ok[open_columns] = _passes(new, method)
        open_columns = open_columns[~ok[open_columns]]
    return Treated(value, attempt, moved, ok)


def _passes(x: FloatArray, method: Treat) -> BoolArray:
    return ~_outlying(*moments(x), method)


def _outlying(skew: FloatArray, kurt: FloatArray, method: Treat) -> BoolArray:
    """Without a spread there are no outliers: NaN passes."""
    return np.asarray((np.abs(skew) >= method.skewness) & (kurt >= method.kurtosis))


def _attempt(x: FloatArray, name: Attempt, method: Treat) -> tuple[FloatArray, IntArray]:
    if name == "winsorise":
        return _winsorise(x, method)
    low, high = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    offset = method.log_offset * (high - low)
    none = np.zeros(x.shape[1], dtype=np.int64)
    if name == "log":
        return np.log(x - low + offset), none
    if name == "box_cox":
        power = method.box_cox_lambda
        shifted = x - low + 1.0
        return (np.log(shifted) if power == 0 else (shifted**power - 1.0) / power), none
    right = moments(x)[0] > 0
    return np.where(right, np.log(x - low + offset), -np.log(high + offset - x)), none


def _winsorise(x: FloatArray, method: Treat) -> tuple[FloatArray, IntArray]:
    """Move the points at the end that the skewness points to, until the column passes."""
    value = x.copy()
    at_high, at_low = (np.zeros(x.shape[1], dtype=np.int64) for _ in range(2))
    column, part = np.arange(x.shape[1]), x
    while len(column):
        skew, kurt = moments(part)
        room = at_high[column] + at_low[column] < method.max_winsorised
        going_on = _outlying(skew, kurt, method) & room
        column, sign = column[going_on], np.where(skew[going_on] >= 0.0, 1.0, -1.0)
        if not len(column):
            break
        part = sign * part[:, going_on]
        top = part == np.nanmax(part, axis=0)
        following = np.where(top | np.isnan(part), -np.inf, part).max(axis=0)
        # A column with two values would become constant, which hides the outlier altogether.
        several = following > np.nanmin(part, axis=0)
        column, sign, part = column[several], sign[several], part[:, several]
        top, following = top[:, several], following[several]
        part = sign * np.where(top, following, part)
        value[:, column] = part
        points = top.sum(axis=0)
        at_high[column] = np.where(sign > 0, points, at_high[column])
        at_low[column] = np.where(sign < 0, points, at_low[column])
    return value, at_high + at_low
