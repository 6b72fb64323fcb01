"""Moments, ranks and descriptive statistics of columns with holes."""

import numpy as np
import polars as pl

from karvan.scoreboard.model import BoolArray, FloatArray, Panel

TIE = 1e-12
"""Scores closer than this share of the largest are ties: sums of the same numbers in another
order differ by a few units in the last place.  The default of a configuration's `tie`."""

MISSING_SHARE, ZERO_SHARE, UNIQUE_SHARE = 0.65, 0.5, 0.5


def moments(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return skewness and kurtosis of each column, adjusted for the sample size.

    Parameters
    ----------
    x : ndarray, shape (n_rows, n_columns)
        Holes are left out.

    Returns
    -------
    skewness, kurtosis : ndarray, shape (n_columns,)
        G1 and G2 of the reference; NaN with fewer than 3 and 4 values and in constant columns.

    References
    ----------
    Joanes and Gill (1998), Comparing measures of sample skewness and kurtosis (formulas taken from
    the reference configurations, paper not opened).
    """
    hole = np.isnan(x)
    n = (len(x) - hole.sum(axis=0)).astype(np.float64)
    low = np.where(hole, np.inf, x).min(axis=0, initial=np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        # From the smallest value: the mean of values far from zero loses what tells them apart.
        centred = x - low
        centred[hole] = 0.0
        width = centred.max(axis=0, initial=0.0)
        centred -= centred.sum(axis=0) / n
        # Both moments are free of scale; fourth powers of very large or small values are not.
        centred /= width
        centred[hole] = 0.0
        square = centred * centred
        s2 = square.sum(axis=0)
        s3, s4 = (np.einsum("ij,ij->j", square, other) for other in (centred, square))
        skew = np.sqrt(n) * s3 / s2**1.5 * np.sqrt(n * (n - 1)) / (n - 2)
        kurt = ((n + 1) * (n * s4 / s2**2 - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))
    varied = width > 0.0
    return np.where(varied & (n > 2), skew, np.nan), np.where(varied & (n > 3), kurt, np.nan)


def constant_columns(x: FloatArray) -> BoolArray:
    """Tell which columns have data, but one value only."""
    there = ~np.isnan(x)
    low = np.where(there, x, np.inf).min(axis=0, initial=np.inf)
    high = np.where(there, x, -np.inf).max(axis=0, initial=-np.inf)
    return np.asarray(low == high)


def ranks(x: FloatArray, *, tie: float = 0.0) -> FloatArray:
    """Return ascending ranks along the last axis, ties with the smallest; NaN where no data.

    Parameters
    ----------
    x : ndarray, shape (..., n)
    tie : float
        Neighbours closer than this share of the largest absolute value are equal.
    """
    n = x.shape[-1]
    # Equal values have one rank, so it does not matter which of them comes first.
    order = np.argsort(x, axis=-1)
    ordered = np.take_along_axis(x, order, axis=-1)
    gap = tie * np.nanmax(np.abs(x), axis=-1, initial=0.0)[..., None]
    first = np.zeros(x.shape, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        apart = ordered[..., 1:] - ordered[..., :-1] > gap
    first[..., 1:] = np.where(apart, np.arange(1, n), 0)
    np.maximum.accumulate(first, axis=-1, out=first)
    rank = np.empty(x.shape)
    np.put_along_axis(rank, order, first + 1.0, axis=-1)
    rank[np.isnan(x)] = np.nan
    return rank


def score_ranks(score: FloatArray, tie: float = TIE) -> FloatArray:
    """Return ranks along the last axis, 1 for the highest score, ties with the smallest."""
    return ranks(-score, tie=tie)


def describe(panel: Panel, *, skewness: float = 2.0, kurtosis: float = 3.5) -> pl.DataFrame:
    """Return descriptive statistics of each indicator over all rows.

    Standard deviations divide by n - 1; shares are of all rows, of those with data for zeros,
    distinct values and the most frequent value.  The flags name what to look at before scoring.
    """
    rows = []
    skews, kurts = moments(panel.value)
    for j, indicator in enumerate(panel.indicator):
        x = panel.value[:, j]
        found = x[~np.isnan(x)]
        n = len(found)
        distinct, count = np.unique(found, return_counts=True)
        available, nonzero = n / max(1, len(x)), float((found != 0).mean()) if n else np.nan
        unique = len(distinct) / n if n else np.nan
        same = int(count.max()) if n else 0
        flags = [
            *(["few data"] if available < MISSING_SHARE else []),
            *(["many zeros"] if nonzero < ZERO_SHARE else []),
            *(["few distinct values"] if unique < UNIQUE_SHARE else []),
            *(["outliers"] if abs(skews[j]) > skewness and kurts[j] > kurtosis else []),
        ]
        rows.append(
            {
                "indicator": indicator,
                "minimum": float(found.min()) if n else None,
                "maximum": float(found.max()) if n else None,
                "mean": float(found.mean()) if n else None,
                "median": float(np.median(found)) if n else None,
                "sd": float(found.std(ddof=1)) if n > 1 else None,
                "skewness": _or_none(skews[j]),
                "kurtosis": _or_none(kurts[j]),
                "n_available": n,
                "n_nonzero": int((found != 0).sum()),
                "n_unique": len(distinct),
                "n_same": same,
                "available_share": available,
                "nonzero_share": _or_none(nonzero),
                "unique_share": _or_none(unique),
                "same_share": same / n if n else None,
                "flags": ", ".join(flags),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
