"""Make columns comparable; more is better afterwards."""

from dataclasses import dataclass

import numpy as np

from karvan.scoreboard.model import FloatArray
from karvan.scoreboard.settings import Normalise
from karvan.scoreboard.statistics import ranks


@dataclass(frozen=True, slots=True, eq=False)
class Posts:
    """Fixed ends of scales, in units of the indicator, before its direction is applied.

    Attributes
    ----------
    low, high, target : ndarray, shape (n_columns,)
    """

    low: FloatArray
    high: FloatArray
    target: FloatArray


def normalise(
    x: FloatArray, direction: FloatArray, method: Normalise, posts: Posts, basis: FloatArray
) -> FloatArray:
    """Return normalised columns.

    Parameters
    ----------
    x : ndarray, shape (n_rows, n_columns)
        NaN is no data and stays so.
    direction : ndarray, shape (n_columns,)
        1 or -1.
    method : Normalise
    posts : Posts
    basis : ndarray, shape (n_rows_of_basis, n_columns)
        Rows that set the scale: `x` itself, or those of another year.  Ranks are taken among `x`.

    Returns
    -------
    ndarray, shape (n_rows, n_columns)
        Not finite where a column of the basis is constant or has no data.

    References
    ----------
    OECD and JRC (2008), Handbook on constructing composite indicators, step 5 (not opened);
    formulas as in the reference configurations.
    """
    up, scale = x * direction, basis * direction
    with np.errstate(invalid="ignore", divide="ignore"):
        if method.method in ("rank", "borda", "percentile_rank"):
            return _by_rank(up, method)
        if method.method == "z_score":
            # From the smallest value: the mean of values far from zero loses what tells them apart.
            # Squares of very large or small values are out of range, those of shares are not.
            low = _low(scale)
            width = np.where(_high(scale) > low, _high(scale) - low, np.nan)
            n, above = (~np.isnan(scale)).sum(axis=0), (scale - low) / width
            centre = np.nansum(above, axis=0) / n
            sd = np.sqrt(np.nansum((above - centre) ** 2, axis=0) / (n - 1))
            return np.asarray(((up - low) / width - centre) / sd * method.sd + method.mean)
        if method.method == "distance_to_target":
            low = _low(scale)
            return (up - low) / (posts.target * direction - low)
        if method.method == "goalposts":
            return _between_posts(up, scale, direction, method, posts)
        low, high = _low(scale), _high(scale)
        width = np.where(high > low, high - low, np.nan)
        if method.method == "distance_to_maximum":
            return 1.0 - (high - up) / width
        first, last = method.range
        return (up - low) / width * (last - first) + first


def _by_rank(up: FloatArray, method: Normalise) -> FloatArray:
    rank = ranks(np.ascontiguousarray(up.T)).T
    if method.method == "rank":
        return rank
    if method.method == "borda":
        return rank - 1.0
    n = (~np.isnan(up)).sum(axis=0)
    return (rank - 1.0) / np.where(n > 1, n - 1.0, np.nan)


def _between_posts(
    up: FloatArray, scale: FloatArray, direction: FloatArray, method: Normalise, posts: Posts
) -> FloatArray:
    if method.posts == "range":
        low, high = _low(scale), _high(scale)
    elif method.posts == "quantiles":
        low, high = np.nanquantile(scale, sorted(method.quantiles), axis=0)
    else:
        ends = np.stack([posts.low * direction, posts.high * direction])
        low, high = ends.min(axis=0), ends.max(axis=0)
    share = (up - low) / np.where(high > low, high - low, np.nan)
    if method.clip:
        share = np.clip(share, 0.0, 1.0)
    first, last = method.range
    return share * (last - first) + first


def _low(x: FloatArray) -> FloatArray:
    low = np.where(np.isnan(x), np.inf, x).min(axis=0, initial=np.inf)
    return np.where(np.isfinite(low), low, np.nan)


def _high(x: FloatArray) -> FloatArray:
    return -_low(-x)
