"""Distributions of the parts of a journey: means here, spread in ``karvan.freight``."""

import math

PERT_WEIGHT = 4.0
"""Weight of the most likely value (Malcolm et al. 1959, Operations Research 7(5), p. 652)."""

Z95 = 1.6448536269514722
"""95 % quantile of the standard normal distribution."""


def pert_mean(low: float, mode: float, high: float) -> float:
    """Return the mean of a PERT distribution, in the unit of its arguments.

    References
    ----------
    Malcolm, Roseboom, Clark and Fazar (1959), Application of a technique for research and
    development program evaluation, Operations Research 7(5), 646-669.
    """
    return (low + PERT_WEIGHT * mode + high) / (PERT_WEIGHT + 2.0)


def lognormal_sigma(fast: float, slow: float) -> float:
    """Return sigma of the lognormal whose 5 % and 95 % quantiles have the ratio slow / fast."""
    if not 0.0 < fast < slow:
        return 0.0
    return math.log(slow / fast) / (2.0 * Z95)
