"""Times of parts of a journey as distributions that the simulation draws from."""

from functools import cache

import numpy as np

from karvan.network.distribution import PERT_WEIGHT, lognormal_sigma, pert_mean
from karvan.simulation.variates import Distribution, constant

LEVELS = 65
"""Values at equal levels that stand for a PERT distribution, straight between them."""

FINE = 4001


@cache
def pert(low: float, mode: float, high: float) -> Distribution:
    """Return a PERT distribution [h] with its mean kept exactly.

    Parameters
    ----------
    low, mode, high : float
        Least, most likely, most [h].
    """
    if high <= low:
        return constant(low)
    alpha = PERT_WEIGHT * (mode - low) / (high - low)
    beta = PERT_WEIGHT * (high - mode) / (high - low)
    x = np.linspace(0.0, 1.0, FINE)
    density = x**alpha * (1.0 - x) ** beta
    cumulative = np.concatenate(([0.0], np.cumsum(density[1:] + density[:-1])))
    part = np.interp(np.linspace(0.0, 1.0, LEVELS), cumulative / cumulative[-1], x)
    mean = float((part[1:] + part[:-1]).mean()) / 2.0
    wanted = (pert_mean(low, mode, high) - low) / (high - low)
    values = low + (high - low) * part * (wanted / mean)
    return Distribution("quantiles", tuple(np.maximum.accumulate(values).tolist()))


def pert_of_mean(mean: float, low: float | None, high: float | None) -> Distribution:
    """Return a PERT distribution by its mean and ends [h]; the mean itself without ends.

    The most likely value follows from the mean; where it would lie beyond an end the end is taken,
    and the mean is kept by scaling.
    """
    if low is None and high is None:
        return constant(mean)
    least, most = mean if low is None else low, mean if high is None else high
    mode = (mean * (PERT_WEIGHT + 2.0) - least - most) / PERT_WEIGHT
    found = pert(least, min(max(mode, least), most), most)
    off = found.mean()
    return found if off == 0.0 or off == mean else scaled(found, mean / off)


def scaled(distribution: Distribution, factor: float) -> Distribution:
    """Return quantiles or a constant multiplied by a factor."""
    values = tuple(v * factor for v in distribution.values)
    return Distribution(distribution.kind, values, distribution.offset * factor)


def moving(mean_h: float, fast_h: float, slow_h: float) -> Distribution:
    """Return the lognormal time [h] of a movement with that mean, 5 % and 95 % quantile."""
    sigma = lognormal_sigma(fast_h, slow_h)
    if mean_h <= 0.0 or sigma == 0.0:
        return constant(max(mean_h, 0.0))
    return Distribution("lognormal", (mean_h, float(np.sqrt(np.expm1(sigma**2)))))
