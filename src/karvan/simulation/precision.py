"""Sequential stopping: how many more replications a precision needs, whatever simulates them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from karvan.simulation.distributions import t_multiplier
from karvan.simulation.inputs import Inputs
from karvan.simulation.statistics import CONFIDENCE, Interval, interval_of

FloatArray = NDArray[np.float64]
Reason = Literal["too_few", "continue", "reached", "limit", "interrupted"]

FEWEST = 10
"""Replications before the first judgement (assumed): of fewer, a small variance is chance."""

GROWTH = 2.0
"""At most so many times as many replications at once: the first guess of a variance is poor."""

# Replications that are lost do not count towards the most; this ends a run in which most are.
_MOST_TRIED = 2


@dataclass(frozen=True, slots=True)
class PrecisionRule:
    """When to stop.

    Attributes
    ----------
    relative_precision : float
        Largest half-width as a share of the *true* mean, e.g. 0.02.
    confidence : float
    fewest, most : int
        Replications.
    """

    relative_precision: float
    confidence: float = CONFIDENCE
    fewest: int = FEWEST
    most: int = 1_000

    def __post_init__(self) -> None:
        inputs = Inputs("PrecisionRule")
        inputs.share("relative_precision", self.relative_precision)
        inputs.share("confidence", self.confidence)
        least = inputs.count("fewest", self.fewest, least=2)
        inputs.count("most", self.most, least=least)
        inputs.check()

    @property
    def target(self) -> float:
        """Half-width over *estimated* mean that keeps the error within the precision.

        References
        ----------
        Law (2015), Simulation Modeling and Analysis, 5th ed., sec. 9.4.1: p / (1 + p).
        """
        return self.relative_precision / (1.0 + self.relative_precision)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to stop, and if not, how many more replications to run.

    Attributes
    ----------
    stop : bool
    reason : {"too_few", "continue", "reached", "limit", "interrupted"}
        ``limit``: the most were run and the precision was not reached.
    more : int
        Replications to run before asking again; 0 where `stop`.
    needed : int
        Estimated replications in all; `most` of the rule plus one where it is more than those.
    worst : str
        Quantity that is furthest from the precision; empty before there is an interval.
    intervals : mapping of str to Interval
    """

    stop: bool
    reason: Reason
    more: int
    needed: int
    worst: str
    intervals: Mapping[str, Interval]


def decide(rule: PrecisionRule, values: Mapping[str, Sequence[float]]) -> Decision:
    """Return what the rule says of the replications so far; it keeps no state.

    Parameters
    ----------
    rule : PrecisionRule
    values : mapping of str to sequence of float
        One value a replication of each quantity that has to be precise; all of one length.

    Raises
    ------
    FormulaError

    Notes
    -----
    Looking again and again makes an interval cover a little less than its confidence (Chow and
    Robbins 1965: only in the limit as much); the fewest replications and the p / (1 + p) are for
    that.
    """
    samples = _samples(values)
    size = len(next(iter(samples.values())))
    if size < rule.fewest:
        return Decision(False, "too_few", rule.fewest - size, rule.fewest, "", {})
    intervals = {k: interval_of(sample, rule.confidence, ()) for k, sample in samples.items()}
    worst = max(intervals, key=lambda name: intervals[name].relative_half_width)
    needed = needed_replications(intervals[worst], rule)
    if intervals[worst].relative_half_width <= rule.target:
        return Decision(True, "reached", 0, size, worst, intervals)
    if size >= rule.most:
        return Decision(True, "limit", 0, needed, worst, intervals)
    aim = min(max(needed, size + 1), math.ceil(GROWTH * size), rule.most)
    return Decision(False, "continue", aim - size, needed, worst, intervals)


def needed_replications(interval: Interval, rule: PrecisionRule) -> int:
    """Return how many replications the rule needs if mean and variance stay as they are.

    References
    ----------
    Law (2015), Simulation Modeling and Analysis, 5th ed., eq. 9.3.
    """
    beyond = rule.most + 1
    if interval.estimate == 0.0:
        return rule.fewest if interval.half_width == 0.0 else beyond
    spread = interval.standard_deviation / (rule.target * abs(interval.estimate))
    low, high = rule.fewest - 1, beyond
    # The half-width falls with the number, so the first that is small enough can be halved for.
    while high - low > 1:
        middle = (low + high) // 2
        if t_multiplier(rule.confidence, middle - 1) * spread <= math.sqrt(middle):
            high = middle
        else:
            low = middle
    return high


def run_until_precise(
    rule: PrecisionRule, simulate: Callable[[range], Mapping[str, Sequence[float]]]
) -> tuple[dict[str, FloatArray], Decision]:
    """Run replications in rounds until the rule says stop; return all values and the last decision.

    Parameters
    ----------
    rule : PrecisionRule
    simulate : callable
        Takes the numbers of the replications to run, ``range(first, last)``, and returns for each
        quantity one value each; NaN for a replication that was lost.  Numbers go on from round to
        round, so that the values are those of one run with as many replications.

    Returns
    -------
    values : dict of str to ndarray
        In order of the replications, NaN where one was lost.
    decision : Decision
        Judged without the lost ones.  ``interrupted`` after Ctrl-C in a later round: the rounds
        before it are kept.

    Raises
    ------
    FormulaError
        Every replication was lost, or a round came back with another number of values.
    KeyboardInterrupt
        In the first round, when there is nothing to keep.
    """
    gathered: dict[str, list[float]] = {}
    size, more = 0, rule.fewest
    decision: Decision | None = None
    while True:
        try:
            found = simulate(range(size, size + more))
        except KeyboardInterrupt:
            if decision is None:
                raise
            return _arrays(gathered), replace(decision, stop=True, reason="interrupted", more=0)
        _check_round(found, more, gathered)
        for name, values in found.items():
            gathered.setdefault(name, []).extend(float(value) for value in values)
        size += more
        decision = decide(rule, _survivors(gathered))
        if not decision.stop and size >= _MOST_TRIED * rule.most:
            decision = replace(decision, stop=True, reason="limit", more=0)
        if decision.stop:
            return _arrays(gathered), decision
        more = decision.more


def _arrays(gathered: Mapping[str, list[float]]) -> dict[str, FloatArray]:
    return {name: np.array(values) for name, values in gathered.items()}


def _survivors(gathered: Mapping[str, list[float]]) -> dict[str, list[float]]:
    table = np.array(list(gathered.values()))
    kept = ~np.isnan(table).any(axis=0)
    if gathered and not np.any(kept):
        inputs = Inputs("run_until_precise")
        inputs.refuse(
            ", ".join(gathered),
            f"all of {len(kept)} replications lost",
            "some that end; run a single replication to see why it fails",
        )
        inputs.check()
    return {name: row[kept].tolist() for name, row in zip(gathered, table, strict=True)}


def _check_round(
    found: Mapping[str, Sequence[float]], expected: int, before: Mapping[str, list[float]]
) -> None:
    inputs = Inputs("run_until_precise")
    if before and set(found) != set(before):
        inputs.refuse("simulate", f"quantities {sorted(found)}", f"{sorted(before)} in every round")
    for name, values in found.items():
        if len(values) != expected:
            inputs.refuse(name, f"{len(values)} value(s)", f"{expected}, one a replication")
    inputs.check()


def _samples(values: Mapping[str, Sequence[float]]) -> dict[str, FloatArray]:
    inputs = Inputs("decide")
    if not values:
        inputs.refuse("values", "no quantity", "at least one that has to be precise")
    samples = {
        name: inputs.sample(name, sample, least=0) if len(sample) else np.zeros(0)
        for name, sample in values.items()
    }
    inputs.check()
    lengths = {name: len(sample) for name, sample in samples.items()}
    if len(set(lengths.values())) > 1:
        inputs.refuse("values", f"lengths {lengths}", "one value a replication for each quantity")
        inputs.check()
    return samples
