"""An interval from one long run: batch means, and whether the batches are long enough."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.simulation.inputs import Inputs
from karvan.simulation.statistics import CONFIDENCE, Caution, Interval, interval_of

FloatArray = NDArray[np.float64]

BATCHES = 20
"""Between the 10 and 30 that Schmeiser (1982), Batch size effects, finds enough."""

DEPENDENCE_SIGNIFICANCE = 0.1
"""Below it batches count as dependent; loose, as a too narrow interval is the worse fault."""


@dataclass(frozen=True, slots=True)
class BatchMeans:
    """Interval from one run cut into batches.

    Attributes
    ----------
    interval : Interval
        Over the batch means; its cautions say if they hang together.
    means : ndarray, shape (n_batches,)
    batch_size, left_out : int
        Observations a batch; those at the beginning that filled no batch.
    lag1_autocorrelation : float
        Of the batch means; 0 where all are equal.
    von_neumann_ratio : float
        Mean squared successive difference over variance; about 2 for independent means, less
        where neighbours are alike.
    p_value : float
        Of independence against positive correlation.
    """

    interval: Interval
    means: FloatArray
    batch_size: int
    left_out: int
    lag1_autocorrelation: float
    von_neumann_ratio: float
    p_value: float


def batch_means(
    series: ArrayLike, *, batches: int = BATCHES, confidence: float = CONFIDENCE
) -> BatchMeans:
    """Return the mean of one long run with an interval from the means of its batches.

    Parameters
    ----------
    series : array_like, shape (n,)
        In order of time, warm-up left out.
    batches : int
        At least 4; the observations must give each at least one.
    confidence : float

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, 5th ed., sec. 9.5.3; von Neumann (1941),
    Distribution of the ratio of the mean square successive difference to the variance; its normal
    form C sqrt((k^2 - 1) / (k - 2)), C = 1 - ratio / 2 * (k - 1) / k, as in Fishman and Yarberry
    (1997), An implementation of the batch means method.  Papers not opened; the form is tested
    against the distribution of independent normal means.
    """
    inputs = Inputs("batch_means")
    number = inputs.count("batches", batches, least=4)
    values = inputs.sample("series", series, least=number)
    share = inputs.share("confidence", confidence)
    inputs.check()
    size = len(values) // number
    left_out = len(values) - size * number
    means = values[left_out:].reshape(number, size).mean(axis=1)
    lag1, ratio, p_value = _dependence(means)
    cautions: tuple[Caution, ...] = ()
    if p_value < DEPENDENCE_SIGNIFICANCE:
        cautions = (_dependent(lag1, p_value, size),)
    interval = interval_of(means, share, cautions)
    return BatchMeans(interval, means, size, left_out, lag1, ratio, p_value)


def _dependence(means: FloatArray) -> tuple[float, float, float]:
    number = len(means)
    centred = means - means.mean()
    squares = float(centred @ centred)
    # Rounding in the mean of equal values must not look like a pattern.
    if squares <= (1e-14 * float(np.max(np.abs(means), initial=0.0))) ** 2 * number:
        return 0.0, 2.0, 0.5
    steps = np.diff(means)
    successive = float(steps @ steps)
    lag1 = float(centred[:-1] @ centred[1:]) / squares
    ratio = successive / squares * number / (number - 1)
    coefficient = 1.0 - successive / (2.0 * squares)
    score = coefficient * math.sqrt((number**2 - 1.0) / (number - 2.0))
    return lag1, ratio, 1.0 - NormalDist().cdf(score)


def _dependent(lag1: float, p_value: float, size: int) -> Caution:
    return Caution(
        "batches_dependent",
        f"batch means of {size:,} observations hang together (lag-1 autocorrelation {lag1:.2f}, "
        f"p {p_value:.3f}): the interval is too narrow; run longer, or take fewer batches",
    )
