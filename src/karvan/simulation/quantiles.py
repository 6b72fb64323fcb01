"""Quantiles of a sample and of replications, with intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.simulation.distributions import binomial_cdf, binomial_quantile
from karvan.simulation.inputs import Inputs
from karvan.simulation.statistics import CONFIDENCE, Caution, Interval, interval_of

FloatArray = NDArray[np.float64]

FEW_IN_THE_TAIL = 10.0
"""Observations expected beyond a quantile below which its estimate is biased (assumed)."""


@dataclass(frozen=True, slots=True)
class QuantileInterval:
    """Quantile of independent observations, with an interval that assumes no distribution.

    Attributes
    ----------
    probability, estimate : float
    low, high : float
        Observations; -inf or inf where the sample is too small for an end.
    confidence, coverage : float
        Asked for, and reached by these two observations (exact for a continuous distribution).
    sample_size : int
    cautions : tuple of Caution
    """

    probability: float
    estimate: float
    low: float
    high: float
    confidence: float
    coverage: float
    sample_size: int
    cautions: tuple[Caution, ...] = ()


def sample_quantile(values: ArrayLike, probability: float) -> float:
    """Return the quantile of a sample, median-unbiased whatever its distribution.

    References
    ----------
    Hyndman and Fan (1996), Sample quantiles in statistical packages, definition 8,
    https://doi.org/10.2307/2684934.
    """
    inputs = Inputs("sample_quantile")
    sample = inputs.sample("values", values)
    p = inputs.share("probability", probability)
    inputs.check()
    return _quantile(sample, p)


def quantile_interval(
    values: ArrayLike, probability: float, *, confidence: float = CONFIDENCE
) -> QuantileInterval:
    """Return a quantile of independent observations with the interval between two of them.

    The number of observations below the true quantile is binomial, so the r-th and s-th smallest
    enclose it with a known probability.  Each end leaves out at most half of 1 - confidence.

    Parameters
    ----------
    values : array_like, shape (n,)
        Independent: one a replication, say.  Times of entities of one run follow each other and
        are not; for them use :func:`quantile_over_replications`.
    probability, confidence : float

    References
    ----------
    David and Nagaraja (2003), Order Statistics, 3rd ed., sec. 7.1.
    """
    inputs = Inputs("quantile_interval")
    sample = inputs.sample("values", values)
    p = inputs.share("probability", probability)
    share = inputs.share("confidence", confidence)
    inputs.check()
    size = len(sample)
    # Order statistics are counted from 1; 0 and n + 1 stand for the ends that no sample has.
    left, right = order_statistics(size, p, share)
    ordered = np.concatenate([[-math.inf], np.sort(sample), [math.inf]])
    coverage = binomial_cdf(right - 1, size, p) - binomial_cdf(left - 1, size, p)
    cautions = () if left > 0 and right <= size else (_too_few(size, p, share),)
    return QuantileInterval(
        p,
        _quantile(sample, p),
        float(ordered[left]),
        float(ordered[right]),
        share,
        coverage,
        size,
        cautions,
    )


def order_statistics(size: int, probability: float, confidence: float) -> tuple[int, int]:
    """Return which order statistics (from 1) enclose a quantile; 0 and size + 1 if none does."""
    outside = 0.5 * (1.0 - confidence)
    # P(X_(r) > quantile) = P(at most r - 1 below) must not be above `outside`.
    left = binomial_quantile(outside, size, probability)
    if binomial_cdf(left, size, probability) == outside:
        left += 1
    right = binomial_quantile(1.0 - outside, size, probability) + 1
    return left, right


def quantile_over_replications(
    samples: Sequence[ArrayLike], probability: float, *, confidence: float = CONFIDENCE
) -> Interval:
    """Return a quantile of entities' times: mean over replications of each one's, t interval.

    Parameters
    ----------
    samples : sequence of array_like
        Times of all entities, one array a replication; lengths may differ.

    Raises
    ------
    FormulaError
        Fewer than two replications, or one without entities.
    """
    inputs = Inputs("quantile_over_replications")
    p = inputs.share("probability", probability)
    share = inputs.share("confidence", confidence)
    arrays = [inputs.sample(f"samples[{n}]", values) for n, values in enumerate(samples)]
    if len(arrays) < 2:
        inputs.refuse("samples", f"{len(arrays)} replication(s)", "at least 2")
    inputs.check()
    found = np.array([_quantile(array, p) for array in arrays])
    smallest = min(len(array) for array in arrays)
    return interval_of(found, share, _tail_cautions(smallest, p))


def _quantile(sample: FloatArray, probability: float) -> float:
    return float(np.quantile(sample, probability, method="median_unbiased"))


def _too_few(size: int, probability: float, confidence: float) -> Caution:
    tail = min(probability, 1.0 - probability)
    needed = math.ceil(math.log(0.5 * (1.0 - confidence)) / math.log1p(-tail))
    return Caution(
        "few_for_quantile",
        f"{size} observations have no {confidence:.0%} interval for the {probability:g} quantile; "
        f"it needs at least {needed:,}",
    )


def _tail_cautions(smallest: int, probability: float) -> tuple[Caution, ...]:
    beyond = smallest * min(probability, 1.0 - probability)
    if beyond >= FEW_IN_THE_TAIL:
        return ()
    return (
        Caution(
            "few_in_the_tail",
            f"a replication with {smallest:,} entities has {beyond:.1f} beyond its {probability:g} "
            f"quantile, which biases the estimate; run longer",
        ),
    )
