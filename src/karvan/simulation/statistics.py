"""Confidence intervals of a mean over replications, and what to beware of when reading them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.simulation.distributions import t_multiplier
from karvan.simulation.inputs import Inputs

FloatArray = NDArray[np.float64]

CONFIDENCE = 0.95

FEW_REPLICATIONS = 10
"""Below it t intervals cover what they say, but are wide, and their width is chance (assumed)."""

# Below it intervals of M/M/1 and M/M/4 at a utilization of 0.8 measurably cover less than they say,
# the more so with more replications (table in docs/methods/simulation-statistics.md).
SHORT_RUN_OBSERVATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Caution:
    """What makes a statistic less sure than it looks.

    Attributes
    ----------
    name : str
        Stable, e.g. ``few_replications``.
    text : str
        What was found and what to do.
    """

    name: str
    text: str

    def __str__(self) -> str:
        """Text and name, as the problems of a case print."""
        return f"{self.text}  [{self.name}]"


@dataclass(frozen=True, slots=True)
class Interval:
    """Estimate with a two-sided confidence interval, in the unit of what was measured.

    Attributes
    ----------
    estimate, half_width : float
    confidence : float
        Nominal probability that the interval holds the true value.
    sample_size : int
        Replications or batches that it rests on.
    standard_deviation : float
        Between them.
    cautions : tuple of Caution
    """

    estimate: float
    half_width: float
    confidence: float
    sample_size: int
    standard_deviation: float
    cautions: tuple[Caution, ...] = field(default=())

    @property
    def low(self) -> float:
        """Lower end."""
        return self.estimate - self.half_width

    @property
    def high(self) -> float:
        """Upper end."""
        return self.estimate + self.half_width

    @property
    def standard_error(self) -> float:
        """Standard deviation of the estimate."""
        return self.standard_deviation / math.sqrt(self.sample_size)

    @property
    def relative_half_width(self) -> float:
        """Half-width as a share of the estimate; inf for an estimate of 0 that is not certain."""
        if self.half_width == 0.0:
            return 0.0
        return self.half_width / abs(self.estimate) if self.estimate else math.inf

    def holds(self, value: float) -> bool:
        """Whether `value` is inside, ends included."""
        return self.low <= value <= self.high


def replication_interval(
    values: ArrayLike, *, confidence: float = CONFIDENCE, cautions: Iterable[Caution] = ()
) -> Interval:
    """Return the mean over independent replications with its t interval.

    Parameters
    ----------
    values : array_like, shape (n_replications,)
        One value a replication, at least 2.
    confidence : float
        Between 0 and 1.
    cautions : iterable of Caution
        Passed on to the result, e.g. those of :func:`setting_cautions`.

    Raises
    ------
    FormulaError
        Fewer than two values, or one that is not finite.

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, 5th ed., eq. 4.12: mean +- t(n - 1) s / sqrt(n).
    """
    inputs = Inputs("replication_interval")
    sample = inputs.sample("values", values, least=2)
    share = inputs.share("confidence", confidence)
    inputs.check()
    return interval_of(sample, share, tuple(cautions))


def interval_of(sample: FloatArray, confidence: float, cautions: tuple[Caution, ...]) -> Interval:
    """Return the t interval of a sample that has been checked, shape (n,) with n of at least 2."""
    size = len(sample)
    mean, deviation = mean_and_deviation(sample)
    reach = t_multiplier(confidence, size - 1)
    half = reach * deviation / math.sqrt(size)
    return Interval(mean, half, confidence, size, deviation, cautions)


def mean_and_deviation(sample: FloatArray) -> tuple[float, float]:
    """Return mean and standard deviation (n - 1); equal values have exactly 0, huge ones no inf."""
    if np.all(sample == sample[0]):
        return float(sample[0]), 0.0
    scale = float(np.max(np.abs(sample)))
    unit = sample / scale
    return scale * float(np.mean(unit)), scale * float(np.std(unit, ddof=1))


def setting_cautions(replications: int, observations: int, deleted: int = 0) -> tuple[Caution, ...]:
    """Return what to beware of in an experiment's size, before or after it is run.

    Parameters
    ----------
    replications : int
    observations : int
        Entities or periods that each replication records, warm-up included.
    deleted : int
        Those left out at its beginning.

    Returns
    -------
    tuple of Caution
        ``few_replications``, ``short_run``, ``no_warmup``.  The limits are chosen from the coverage
        measured on M/M/1 and M/M/4; a slower system needs more.
    """
    inputs = Inputs("setting_cautions")
    n = inputs.count("replications", replications, most=10**9)
    size = inputs.count("observations", observations, most=10**15)
    gone = inputs.count("deleted", deleted, least=0, most=10**15)
    inputs.check()
    if gone >= size:
        inputs.refuse("deleted", f"{gone:,} of {size:,}", "fewer than `observations`; run longer")
        inputs.check()
    found = []
    if n < FEW_REPLICATIONS:
        told = (
            "1 replication: there is no interval"
            if n == 1
            else f"{n} replications: the interval is wide, and its width itself unsure"
        )
        found.append(Caution("few_replications", f"{told}; run at least {FEW_REPLICATIONS}"))
    if size - gone < SHORT_RUN_OBSERVATIONS:
        found.append(
            Caution(
                "short_run",
                f"{size - gone:,} observations a replication: the mean of so few is skewed and, "
                f"from an empty start, biased, which more replications do not mend; "
                f"run for at least {SHORT_RUN_OBSERVATIONS:,}",
            )
        )
        if gone == 0:
            found.append(
                Caution(
                    "no_warmup",
                    "nothing is left out at the beginning: a run that starts empty underestimates "
                    "queues; delete a warm-up (mser5, welch), or ask about the empty start itself",
                )
            )
    return tuple(found)
