"""What a change brings: paired differences under common random numbers, and bottlenecks by gain."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.simulation.inputs import Inputs
from karvan.simulation.statistics import (
    CONFIDENCE,
    Interval,
    interval_of,
    mean_and_deviation,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Change against base, replication by replication.

    Attributes
    ----------
    difference : Interval
        Of change minus base, in the unit of what was measured.
    base_mean, change_mean : float
    correlation : float
        Between the two over replications; NaN where one of them does not vary.
    variance_ratio : float
        Variance of the difference over what independent runs would have: how many times fewer
        replications the common random numbers need; inf where the difference does not vary.
    """

    difference: Interval
    base_mean: float
    change_mean: float
    correlation: float
    variance_ratio: float

    @property
    def change_share(self) -> float:
        """Difference as a share of the base; NaN for a base of 0."""
        return self.difference.estimate / abs(self.base_mean) if self.base_mean else math.nan

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out 0."""
        return not self.difference.holds(0.0)


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """What one more server at a stage would bring.

    Attributes
    ----------
    stage : str
    rank : int
        1 is the largest gain.
    gain : Interval
        Of the improvement, positive where it helps; the intervals of all stages hold together with
        the confidence asked for.
    gain_share : float
        Of the base; NaN for a base of 0.
    significant : bool
        Whether the gain is above 0 beyond chance.
    tied_with_first : bool
        Whether it cannot be told from the largest gain; always True for rank 1.
    """

    stage: str
    rank: int
    gain: Interval
    gain_share: float
    significant: bool
    tied_with_first: bool


def paired_comparison(
    base: ArrayLike, change: ArrayLike, *, confidence: float = CONFIDENCE
) -> PairedComparison:
    """Return the difference of two scenarios run with the same random numbers.

    Parameters
    ----------
    base, change : array_like, shape (n_replications,)
        The same replications in the same order; a replication lost in one must be left out of both.
    confidence : float

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, 5th ed., secs. 10.2.1 and 11.2.
    """
    inputs = Inputs("paired_comparison")
    before = inputs.sample("base", base, least=2)
    after = inputs.sample("change", change, least=2)
    share = inputs.share("confidence", confidence)
    inputs.check()
    _same_length(inputs, "change", before, after)
    return _compare(before, after, share)


def paired_comparisons(
    base: ArrayLike, changes: Mapping[str, ArrayLike], *, confidence: float = CONFIDENCE
) -> dict[str, PairedComparison]:
    """Return several changes against one base, whose intervals hold together.

    Each is given the confidence 1 - (1 - confidence) / number of changes (Bonferroni).
    """
    inputs = Inputs("paired_comparisons")
    before, found, share = _many(inputs, base, changes, confidence)
    return {name: _compare(before, after, share) for name, after in found.items()}


def rank_bottlenecks(
    base: ArrayLike,
    with_one_more: Mapping[str, ArrayLike],
    *,
    lower_is_better: bool = True,
    confidence: float = CONFIDENCE,
) -> list[Bottleneck]:
    """Return stages by the measured gain of one more server, largest first.

    Parameters
    ----------
    base : array_like, shape (n_replications,)
        What counts (say mean door-to-door hours) as things are.
    with_one_more : mapping of str to array_like
        The same replications with one more server at the stage.
    lower_is_better : bool
        False for throughput.
    confidence : float
        With which all intervals hold together (Bonferroni); differences from the first get as much.

    Raises
    ------
    FormulaError
    """
    inputs = Inputs("rank_bottlenecks")
    before, found, share = _many(inputs, base, with_one_more, confidence)
    gains = {
        name: before - after if lower_is_better else after - before for name, after in found.items()
    }
    # Names break ties, so that the order does not hang on that of a mapping.
    order = sorted(gains, key=lambda name: (-float(gains[name].mean()), name))
    mean = abs(float(before.mean()))
    result = []
    for rank, name in enumerate(order, 1):
        gain = interval_of(gains[name], share, ())
        behind = interval_of(gains[order[0]] - gains[name], share, ())
        result.append(
            Bottleneck(
                name,
                rank,
                gain,
                gain.estimate / mean if mean else math.nan,
                gain.low > 0.0,
                behind.low <= 0.0,
            )
        )
    return result


def _many(
    inputs: Inputs, base: ArrayLike, changes: Mapping[str, ArrayLike], confidence: float
) -> tuple[FloatArray, dict[str, FloatArray], float]:
    before = inputs.sample("base", base, least=2)
    found = {name: inputs.sample(name, values, least=2) for name, values in changes.items()}
    share = inputs.share("confidence", confidence)
    if not changes:
        inputs.refuse("changes", "none", "at least one to compare with the base")
    inputs.check()
    for name, after in found.items():
        _same_length(inputs, name, before, after)
    return before, found, 1.0 - (1.0 - share) / len(found)


def _same_length(inputs: Inputs, name: str, before: FloatArray, after: FloatArray) -> None:
    if len(before) != len(after):
        inputs.refuse(
            name,
            f"{len(after)} replication(s) beside {len(before)} of the base",
            "the same replications; leave a lost one out of both",
        )
    inputs.check()


def _compare(before: FloatArray, after: FloatArray, confidence: float) -> PairedComparison:
    difference = interval_of(after - before, confidence, ())
    first, second = (mean_and_deviation(sample)[1] for sample in (before, after))
    spread = difference.standard_deviation
    ratio = math.inf
    if spread > 0.0:
        # Quotients first: squares of the smallest numbers would vanish.
        one, other = first / spread, second / spread
        ratio = one * one + other * other
    correlation = _correlation(before, after, first, second)
    means = float(before.mean()), float(after.mean())
    return PairedComparison(difference, *means, correlation, ratio)


def _correlation(before: FloatArray, after: FloatArray, first: float, second: float) -> float:
    if first == 0.0 or second == 0.0:
        return math.nan
    one, other = (before - before.mean()) / first, (after - after.mean()) / second
    return float(np.clip(one @ other / (len(one) - 1), -1.0, 1.0))
