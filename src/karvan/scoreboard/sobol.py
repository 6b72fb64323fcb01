"""Sobol' indices: exact over all combinations, or estimated with intervals."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from karvan.scoreboard.model import FloatArray, IntArray

Estimator = Literal["jansen", "saltelli"]

SAME = 1e-12
"""Variance below this share of the mean square is rounding: the output does not vary."""


@dataclass(frozen=True, slots=True, eq=False)
class Indices:
    """Sobol' indices of several outputs.

    Attributes
    ----------
    first, total : ndarray, shape (n_factors, n_outputs)
        NaN for an output that does not vary.
    first_low, first_high, total_low, total_high : ndarray, shape (n_factors, n_outputs)
        Ends of the intervals; equal to the indices where these are exact.
    """

    first: FloatArray
    total: FloatArray
    first_low: FloatArray
    first_high: FloatArray
    total_low: FloatArray
    total_high: FloatArray

    def width(self) -> FloatArray:
        """Return the width of the wider interval of each index pair, shape as `first`."""
        return np.maximum(self.first_high - self.first_low, self.total_high - self.total_low)


def exact_indices(output: FloatArray, levels: tuple[int, ...]) -> Indices:
    """Return exact indices of independent factors with equally likely levels.

    Parameters
    ----------
    output : ndarray, shape (prod(levels), n_outputs)
        All combinations, the last factor fastest.
    levels : tuple of int

    References
    ----------
    Sobol' (2001), Global sensitivity indices for nonlinear mathematical models: variances of
    conditional means (definitions; paper not opened).
    """
    n_outputs = output.shape[1]
    cube = output.reshape(*levels, n_outputs)
    axes = tuple(range(len(levels)))
    mean, variance = cube.mean(axis=axes), cube.var(axis=axes)
    variance = np.where(variance > SAME * (mean**2 + variance), variance, np.nan)
    first, total = np.empty((len(levels), n_outputs)), np.empty((len(levels), n_outputs))
    for k in axes:
        others = tuple(a for a in axes if a != k)
        first[k] = cube.mean(axis=others).var(axis=0) / variance
        total[k] = cube.var(axis=k).mean(axis=tuple(range(len(levels) - 1))) / variance
    return Indices(first, total, first, first, total, total)


def estimated_indices(
    a: FloatArray,
    b: FloatArray,
    mixed: FloatArray,
    *,
    bootstrap: int,
    interval: float,
    seed: int,
    estimator: Estimator = "saltelli",
) -> Indices:
    """Return indices from a Saltelli design, with bootstrap intervals.

    Parameters
    ----------
    a, b : ndarray, shape (n_base, n_outputs)
    mixed : ndarray, shape (n_factors, n_base, n_outputs)
        Output of `a` with one factor from `b`.
    bootstrap : int
        Number of resamples of base points.
    interval : float
        Coverage of the percentile intervals.
    seed : int
    estimator : {"jansen", "saltelli"}
        Of first-order indices: 1 - E[(b - mixed)^2] / 2V, or E[(b - m)(mixed - a)] / V with the
        outputs centred at their mean m; the second errs less where an index is small.  Total
        indices are Jansen's, E[(a - mixed)^2] / 2V.

    References
    ----------
    Saltelli et al. (2010), Variance based sensitivity analysis of model output, table 2,
    https://doi.org/10.1016/j.cpc.2009.09.018 (formulas; paper not opened).
    """
    n = len(a)
    mean = 0.5 * (a.mean(axis=0) + b.mean(axis=0))
    a, b, mixed = a - mean, b - mean, mixed - mean
    random = np.random.default_rng([seed, 3])
    count = random.multinomial(n, np.full(n, 1.0 / n), size=bootstrap).astype(np.float64)
    weight = np.vstack([np.ones((1, n)), count]) / n
    variance = 0.5 * (weight @ (a**2) + weight @ (b**2)) - (0.5 * weight @ (a + b)) ** 2
    scale = mean**2 + variance[0]
    variance = np.where(variance > SAME * scale, variance, np.nan)
    tails = [(1.0 - interval) / 2.0, (1.0 + interval) / 2.0]
    shape = (len(mixed), a.shape[1])
    first, total = np.empty(shape), np.empty(shape)
    first_ends, total_ends = np.empty((2, *shape)), np.empty((2, *shape))
    for k, part in enumerate(mixed):
        if estimator == "jansen":
            own = 1.0 - weight @ (b - part) ** 2 / (2.0 * variance)
        else:
            own = weight @ (b * (part - a)) / variance
        whole = weight @ (a - part) ** 2 / (2.0 * variance)
        first[k], total[k] = own[0], whole[0]
        first_ends[:, k] = _quantiles(own[1:], tails)
        total_ends[:, k] = _quantiles(whole[1:], tails)
    return Indices(first, total, *first_ends, *total_ends)


def _quantiles(samples: FloatArray, tails: list[float]) -> FloatArray:
    """Quantiles over the resamples in which the output varies; NaN where it never does."""
    result = np.full((2, samples.shape[1]), np.nan)
    varies = ~np.isnan(samples).all(axis=0)
    if varies.any():
        result[:, varies] = np.nanquantile(samples[:, varies], tails, axis=0)
    return result


def all_combinations(levels: tuple[int, ...]) -> IntArray:
    """Return every combination of levels, the last factor fastest, shape (prod(levels), n)."""
    return np.stack(np.unravel_index(np.arange(int(np.prod(levels))), levels), axis=1)
