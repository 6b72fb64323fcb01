"""Laws that every run obeys: what enters leaves or is inside, and Little's law."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.simulation.inputs import Inputs

FloatArray = NDArray[np.float64]

EXACT_TOLERANCE = 1e-9
"""Rounding of sums over a run; anything larger is a fault of the simulator."""


@dataclass(frozen=True, slots=True)
class LawCheck:
    """Both sides of a law.

    Attributes
    ----------
    law : str
    left, right : float
    relative_error : float
        Difference over the larger side; 0 where both are 0.
    tolerance : float
    """

    law: str
    left: float
    right: float
    relative_error: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the sides agree within the tolerance."""
        return self.relative_error <= self.tolerance


def conservation(entered: int, left: int, inside: int) -> LawCheck:
    """Return whether what entered equals what left plus what is inside, to the last entity."""
    inputs = Inputs("conservation")
    all_, out, rest = (
        inputs.count(name, value, least=0, most=2**62)
        for name, value in (("entered", entered), ("left", left), ("inside", inside))
    )
    inputs.check()
    # Whole numbers above 2^53 would be rounded together by floats.
    error = abs(all_ - out - rest) / max(all_, out + rest, 1)
    return LawCheck("conservation", float(all_), float(out + rest), error, 0.0)


def littles_law(
    arrival_h: ArrayLike,
    departure_h: ArrayLike,
    end_h: float,
    *,
    tolerance: float = EXACT_TOLERANCE,
) -> LawCheck:
    """Return whether the number inside, added up over time, equals the times of all entities.

    On a window from 0 to the end both sides are finite sums, so the law is exact and no steady
    state is needed.  The left side walks through the events in order of time and never looks at
    entities.

    Parameters
    ----------
    arrival_h, departure_h : array_like, shape (n_entities,)
        NaN or inf for the departure of what is still inside.
    end_h : float
        End of the window; what arrives later does not count.

    Returns
    -------
    LawCheck
        Both sides in entity hours.

    References
    ----------
    Little (1961), A proof for the queuing formula L = lambda W,
    https://doi.org/10.1287/opre.9.3.383; on a finite window: Kim and Whitt (2013), eq. 1 (not
    opened), or by changing the order of summation.
    """
    arrived, departed, end = _window(arrival_h, departure_h, end_h)
    times = float(np.sum(departed - arrived))
    number = float(np.sum(_number_steps(arrived, departed, end)))
    return compare_sides("Little's law", number, times, tolerance)


def mean_number_inside(arrival_h: ArrayLike, departure_h: ArrayLike, end_h: float) -> float:
    """Return the mean number inside over the window from 0 to the end."""
    arrived, departed, end = _window(arrival_h, departure_h, end_h)
    return float(np.sum(_number_steps(arrived, departed, end))) / end


def littles_law_of_means(
    mean_inside: float, throughput_per_h: float, mean_time_h: float, *, tolerance: float
) -> LawCheck:
    """Return whether L = throughput x time holds for measured means, within a stated tolerance.

    Means over a run that begins or ends with entities inside differ by those, so the tolerance is
    to be chosen; :func:`littles_law` needs none.
    """
    inputs = Inputs("littles_law_of_means")
    inside = inputs.number("mean_inside", mean_inside, least=0.0)
    rate = inputs.number("throughput_per_h", throughput_per_h, least=0.0)
    time = inputs.number("mean_time_h", mean_time_h, least=0.0)
    allowed = inputs.number("tolerance", tolerance, least=0.0)
    inputs.check()
    return compare_sides("Little's law of means", inside, rate * time, allowed)


def compare_sides(law: str, left: float, right: float, tolerance: float) -> LawCheck:
    """Return the check of two sides that should be equal."""
    largest = max(abs(left), abs(right))
    error = abs(left - right) / largest if largest > 0.0 else 0.0
    return LawCheck(law, left, right, error, tolerance)


def _window(
    arrival_h: ArrayLike, departure_h: ArrayLike, end_h: float
) -> tuple[FloatArray, FloatArray, float]:
    inputs = Inputs("littles_law")
    arrived = inputs.array("arrival_h", arrival_h, dimensions=1)
    departed = inputs.array("departure_h", departure_h, dimensions=1)
    end = inputs.positive("end_h", end_h)
    inputs.check()
    if arrived is None or departed is None or len(arrived) != len(departed):
        inputs.refuse("departure_h", "another length", "one departure an arrival, NaN if inside")
        inputs.check()
        return np.zeros(0), np.zeros(0), end
    if not np.all(arrived >= 0.0):
        inputs.refuse("arrival_h", "a negative time or NaN", "times of at least 0")
    if np.any(departed < arrived):
        row = int(np.flatnonzero(departed < arrived)[0])
        inputs.refuse("departure_h", f"{departed[row]} before {arrived[row]} (row {row})", "after")
    inputs.check()
    here = arrived < end
    return arrived[here], np.fmin(departed[here], end), end


def _number_steps(arrived: FloatArray, departed: FloatArray, end: float) -> FloatArray:
    """Number inside between two events, times how long that lasts."""
    time = np.concatenate([arrived, departed])
    change = np.concatenate([np.ones(len(arrived)), -np.ones(len(departed))])
    order = np.argsort(time, kind="stable")
    lasts = np.diff(np.append(time[order], end))
    steps: FloatArray = np.cumsum(change[order]) * lasts
    return steps
