"""Waits by cause and stage: what a shipment waits for, with intervals over replications."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.simulation.inputs import Inputs
from karvan.simulation.statistics import CONFIDENCE, Interval, interval_of

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wait:
    """Mean wait of a shipment for one cause at one stage.

    Attributes
    ----------
    stage, cause : str
        Empty for all of them together.
    wait_h : Interval
        Hours a shipment.
    share : float
        Of all waits of a shipment: the ratio of the two means; 0 where nothing waits.
    """

    stage: str
    cause: str
    wait_h: Interval
    share: float


@dataclass(frozen=True, slots=True)
class WaitSummary:
    """Waits of a shipment, divided.

    Attributes
    ----------
    total_h : Interval
        All waits of a shipment [h].
    by_cause, by_stage : tuple of Wait
        Longest first; each adds up to the total.
    by_stage_and_cause : tuple of Wait
        In the order of stages along the route and causes as given; those that never occur left out.
    """

    total_h: Interval
    by_cause: tuple[Wait, ...]
    by_stage: tuple[Wait, ...]
    by_stage_and_cause: tuple[Wait, ...]


def wait_summary(
    wait_h: ArrayLike,
    stages: Sequence[str],
    causes: Sequence[str],
    *,
    confidence: float = CONFIDENCE,
) -> WaitSummary:
    """Return waits by cause, by stage and by both, with t intervals over replications.

    Parameters
    ----------
    wait_h : array_like, shape (n_replications, n_stages, n_causes)
        Mean hours that a shipment of the replication waits at the stage for the cause.
    stages, causes : sequence of str
        Names, e.g. ``queue``, ``batch``, ``closure``, ``blocked``, ``customs``.
    confidence : float

    Raises
    ------
    FormulaError
        Negative or missing waits, one replication, names that do not fit or occur twice.
    """
    inputs = Inputs("wait_summary")
    waits = inputs.sample("wait_h", wait_h, least=2, dimensions=3)
    share = inputs.share("confidence", confidence)
    inputs.check()
    for axis, (name, names) in enumerate((("stages", stages), ("causes", causes)), 1):
        if len(names) != waits.shape[axis]:
            inputs.refuse(name, f"{len(names)} name(s)", f"{waits.shape[axis]}, one a column")
        if len(set(names)) != len(names):
            inputs.refuse(name, "a name twice", "different names")
    if np.any(waits < 0.0):
        inputs.refuse("wait_h", f"{float(waits.min()):g}", "waits of at least 0")
    inputs.check()
    whole = waits.sum(axis=(1, 2))
    mean = float(whole.mean())

    def part(stage: str, cause: str, sample: FloatArray) -> Wait:
        interval = interval_of(sample, share, ())
        return Wait(stage, cause, interval, interval.estimate / mean if mean > 0.0 else 0.0)

    causes_ = [part("", name, waits[:, :, k].sum(axis=1)) for k, name in enumerate(causes)]
    stages_ = [part(name, "", waits[:, k, :].sum(axis=1)) for k, name in enumerate(stages)]
    both = tuple(
        part(stage, cause, waits[:, row, column])
        for row, stage in enumerate(stages)
        for column, cause in enumerate(causes)
        if np.any(waits[:, row, column] > 0.0)
    )
    total = interval_of(whole, share, ())
    return WaitSummary(total, _longest_first(causes_), _longest_first(stages_), both)


def _longest_first(waits: list[Wait]) -> tuple[Wait, ...]:
    return tuple(sorted(waits, key=lambda wait: -wait.wait_h.estimate))
