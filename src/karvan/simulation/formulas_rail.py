"""Closed formulas of railway lines: compression of a timetable, single-track capacity."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import did_you_mean
from karvan.simulation.inputs import Inputs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LineKind = Literal["suburban", "high_speed", "mixed"]
Period = Literal["peak", "day"]

# Shares of the time window that trains may occupy so that delays still die out, as proposed in UIC
# Code 406, 2nd edition (2013).  The leaflet was not opened: the shares are as commonly quoted.
OCCUPANCY_SHARE: dict[tuple[LineKind, Period], float] = {
    ("suburban", "peak"): 0.85,
    ("suburban", "day"): 0.70,
    ("high_speed", "peak"): 0.75,
    ("high_speed", "day"): 0.60,
    ("mixed", "peak"): 0.75,
    ("mixed", "day"): 0.60,
}

_DAY_H = 24.0
_ROUNDING_H = 1e-9


@dataclass(frozen=True, slots=True)
class Compression:
    """Timetable with its trains moved together.

    Attributes
    ----------
    start_h : ndarray, shape (n_trains,)
        When each train first occupies the line, after the first train does; negative for one that
        now enters another section before it; NaN for a train that shares no section, directly or
        over others, with the first.
    occupancy_h : float
        From the first train to the earliest repetition of it.
    occupancy_share : float
        Of the window.
    critical : tuple of int
        Trains, in order, that leave no time between them: what the occupancy hangs on.
    """

    start_h: FloatArray
    occupancy_h: float
    occupancy_share: float
    critical: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CapacityConsumption:
    """Occupancy with the time that quality needs.

    Attributes
    ----------
    consumed_share : float
        Above 1 the line is full.
    additional_time_share : float
        Of the occupancy.
    further_trains : float
        Trains of the mean occupancy that still fit; below 0 where too many run.
    """

    consumed_share: float
    additional_time_share: float
    further_trains: float


@dataclass(frozen=True, slots=True)
class SectionCapacity:
    """The section that limits a line.

    Attributes
    ----------
    section : int
        From 0.
    pairs_per_day : float
    """

    section: int
    pairs_per_day: float


def compress_timetable(begin_h: ArrayLike, end_h: ArrayLike, *, window_h: float) -> Compression:
    """Return a timetable whose trains follow each other without buffer, order unchanged.

    Each train keeps its run: running times, stops and the order in which trains pass each section,
    so overtakings and crossings stay where they are.

    Parameters
    ----------
    begin_h, end_h : array_like, shape (n_trains, n_sections)
        When each train occupies each section, from the setting of its route to the release
        (blocking times); NaN where it does not use the section.  Opposite trains on single track
        share it.
    window_h : float
        Period that the timetable is for.

    Raises
    ------
    FormulaError
        Also where two trains occupy a section at once.

    References
    ----------
    UIC Code 406, Capacity, 2nd edition (2013), compression method (leaflet not opened; as in Landex
    (2008), Methods to estimate railway capacity and passenger delays, which was not opened either).
    Own formulation: the longest path over "follows on a section", with the first train repeated.
    """
    inputs = Inputs("compress_timetable")
    begin, end = _blocking(inputs, begin_h, end_h)
    window = inputs.positive("window_h", window_h)
    inputs.check()
    _refuse_conflicts(inputs, begin, end)
    origin = np.nanmin(begin, axis=1)
    first = int(np.argmin(origin))
    shift, before = _longest_paths(_least_moves(begin, end), first)
    # The repeated first train comes after every train that it shares a section with.
    room = end - begin[first]
    again = shift + np.where(np.isnan(room), -np.inf, room).max(axis=1)
    last = int(np.argmax(again))
    start = np.where(np.isfinite(shift), shift + origin - origin[first], np.nan)
    occupancy = float(again[last])
    return Compression(start, occupancy, occupancy / window, _path(before, last))


def additional_time_share(kind: LineKind, period: Period) -> float:
    """Return the time to add to the occupancy so that delays die out, as a share of it.

    References
    ----------
    UIC Code 406, 2nd edition (2013): 1 / occupancy share - 1 (leaflet not opened).
    """
    inputs = Inputs("additional_time_share")
    for name, value, allowed in (
        ("kind", kind, get_args(LineKind)),
        ("period", period, get_args(Period)),
    ):
        if value not in allowed:
            hint = did_you_mean(str(value), allowed)
            inputs.refuse(
                name, repr(value), f"one of {', '.join(allowed)}" + (hint and f"; {hint}")
            )
    inputs.check()
    return 1.0 / OCCUPANCY_SHARE[kind, period] - 1.0


def capacity_consumption(
    occupancy_h: float, trains: int, *, window_h: float, additional_share: float
) -> CapacityConsumption:
    """Return the capacity that trains consume, with time added for quality.

    Parameters
    ----------
    occupancy_h : float
        Of the compressed timetable.
    trains : int
    window_h : float
    additional_share : float
        As :func:`additional_time_share`, or another with a reason.

    References
    ----------
    UIC Code 406, 2nd edition (2013): occupancy time * (1 + additional time rate) / time period
    (leaflet not opened).
    """
    inputs = Inputs("capacity_consumption")
    occupancy = inputs.positive("occupancy_h", occupancy_h)
    count = inputs.count("trains", trains)
    window = inputs.positive("window_h", window_h)
    extra = inputs.number("additional_share", additional_share, least=0.0)
    inputs.check()
    consumed = occupancy * (1.0 + extra) / window
    return CapacityConsumption(consumed, extra, count * (1.0 / consumed - 1.0))


def scott_capacity_per_day(
    running_h: float, block_operation_h: float, *, efficiency_share: float
) -> float:
    """Return the trains a day, both directions together, of a single-track line.

    Parameters
    ----------
    running_h : float
        Of the slowest goods train over the critical section, where both directions take longest.
    block_operation_h : float
        To clear the section and set the route for the next train.
    efficiency_share : float
        Above 0, at most 1; choose it with a reason.

    References
    ----------
    Scott's formula of Indian Railways, 1440 / (T + t) x E in minutes, as quoted by
    http://indianrailwayemployee.com/content/line-capacity.
    """
    inputs = Inputs("scott_capacity_per_day")
    running = inputs.positive("running_h", running_h)
    operation = inputs.number("block_operation_h", block_operation_h, least=0.0)
    efficiency = inputs.number("efficiency_share", efficiency_share, above=0.0, most=1.0)
    inputs.check()
    return _DAY_H / (running + operation) * efficiency


def paired_capacity_per_day(
    out_h: float,
    back_h: float,
    crossing_h: float,
    *,
    maintenance_h: float = 0.0,
    reliability_share: float = 1.0,
) -> float:
    """Return the pairs of trains a day on a section where trains out and back take turns.

    Parameters
    ----------
    out_h, back_h : float
        Running times over the section, starting and stopping included.
    crossing_h : float
        Both crossing intervals of a pair together, one at each end.
    maintenance_h : float
        Window a day without trains.
    reliability_share : float
        Of the time that failures leave.

    References
    ----------
    Period of the paired timetable as used on 1520 mm railways: N = (1440 - t) alpha / T, T = out +
    back + intervals, in minutes; read in a worked example, http://tlookup.ru/wocs-1042-1.html
    (period 55 minutes, 26 pairs) and http://tlookup.ru/wocs-1044-1.html (t and alpha).
    """
    inputs = Inputs("paired_capacity_per_day")
    out = inputs.positive("out_h", out_h)
    back = inputs.positive("back_h", back_h)
    crossing = inputs.number("crossing_h", crossing_h, least=0.0)
    closed = inputs.number("maintenance_h", maintenance_h, least=0.0, below=_DAY_H)
    reliability = inputs.number("reliability_share", reliability_share, above=0.0, most=1.0)
    inputs.check()
    return (_DAY_H - closed) * reliability / (out + back + crossing)


def line_capacity_per_day(
    out_h: ArrayLike,
    back_h: ArrayLike,
    crossing_h: ArrayLike,
    *,
    maintenance_h: float = 0.0,
    reliability_share: float = 1.0,
) -> SectionCapacity:
    """Return the section that limits a single-track line, and its pairs of trains a day.

    Parameters
    ----------
    out_h, back_h, crossing_h : array_like, shape (n_sections,)
        As of :func:`paired_capacity_per_day`, between one crossing loop and the next.
    maintenance_h, reliability_share : float
    """
    inputs = Inputs("line_capacity_per_day")
    out = inputs.sample("out_h", out_h)
    back = inputs.sample("back_h", back_h)
    crossing = inputs.sample("crossing_h", crossing_h)
    inputs.check()
    if not len(out) == len(back) == len(crossing):
        inputs.refuse("back_h", f"{len(back)} section(s)", f"{len(out)}, as of out_h")
        inputs.check()
    pairs = [
        paired_capacity_per_day(
            float(one),
            float(other),
            float(both),
            maintenance_h=maintenance_h,
            reliability_share=reliability_share,
        )
        for one, other, both in zip(out, back, crossing, strict=True)
    ]
    worst = int(np.argmin(pairs))
    return SectionCapacity(worst, pairs[worst])


def uic405_capacity_per_day(
    headway_h: float, sections: int, *, buffer_share: float = 0.67, section_h: float = 0.25 / 60.0
) -> float:
    """Return the trains a day of a line by the mean headway of two trains in succession.

    Parameters
    ----------
    headway_h : float
        Mean minimum headway over all pairs of trains, weighted by how often they follow.
    sections : int
        Block sections between the places where trains can pass.
    buffer_share : float
        Of the headway, as running-time margin: 0.67 over a day, 0.33 in a peak.
    section_h : float
        Added for each section: a quarter of a minute.

    References
    ----------
    UIC Code 405 (1983, 1996): 1440 / (t_fm + t_r + t_zu), t_r = 0.67 t_fm, t_zu = 0.25 a; withdrawn
    in favour of Code 406.  The leaflet was not opened: as commonly quoted.
    """
    inputs = Inputs("uic405_capacity_per_day")
    headway = inputs.positive("headway_h", headway_h)
    count = inputs.count("sections", sections, least=0)
    margin = inputs.number("buffer_share", buffer_share, least=0.0)
    added = inputs.number("section_h", section_h, least=0.0)
    inputs.check()
    return _DAY_H / (headway * (1.0 + margin) + added * count)


def _blocking(
    inputs: Inputs, begin_h: ArrayLike, end_h: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    begin = inputs.array("begin_h", begin_h, dimensions=2)
    end = inputs.array("end_h", end_h, dimensions=2)
    inputs.check()
    if begin is None or end is None or begin.shape != end.shape or begin.size == 0:
        inputs.refuse("end_h", "another shape or nothing", "one row a train, one column a section")
        inputs.check()
        return np.zeros((1, 1)), np.zeros((1, 1))
    used = ~np.isnan(begin)
    if np.any(used != ~np.isnan(end)):
        inputs.refuse("end_h", "NaN where begin_h is not, or the reverse", "NaN in both or neither")
    elif not np.all(used.any(axis=1)):
        row = int(np.flatnonzero(~used.any(axis=1))[0])
        inputs.refuse("begin_h", f"train {row} without a section", "at least one section a train")
    elif np.any(~np.isfinite(begin[used])) or np.any(~np.isfinite(end[used])):
        inputs.refuse("begin_h", "inf", "finite times")
    elif np.any(end[used] <= begin[used]):
        row = int(np.flatnonzero(np.any(end <= begin, axis=1))[0])
        inputs.refuse("end_h", f"train {row} leaves a section before it enters", "end after begin")
    inputs.check()
    return begin, end


def _refuse_conflicts(inputs: Inputs, begin: FloatArray, end: FloatArray) -> None:
    for i in range(len(begin) - 1):
        meets = (begin[i] < end[i + 1 :] - _ROUNDING_H) & (begin[i + 1 :] < end[i] - _ROUNDING_H)
        if np.any(meets):
            j, section = (int(k[0]) for k in np.nonzero(meets))
            inputs.refuse(
                "begin_h",
                f"trains {i} and {i + 1 + j} on section {section} at once",
                "one train a section at a time; check the blocking times or the track",
            )
            inputs.check()


def _least_moves(begin: FloatArray, end: FloatArray) -> FloatArray:
    """Least move of train j, later being positive, if train i does not move; -inf if it is free.

    It is the largest end of i minus begin of j over the sections that i passes before j.
    """
    least = np.empty((len(begin), len(begin)))
    for i in range(len(begin)):
        least[i] = np.where(begin[i] < begin, end[i] - begin, -np.inf).max(axis=1)
    return least


def _longest_paths(least: FloatArray, first: int) -> tuple[FloatArray, IntArray]:
    """Move of each train after the first, which stays, and the train that it waits for (-1: none).

    Trains can wait for each other on different sections in both orders (overtaking), so the search
    goes round until nothing moves.  No moves at all are a solution, so it ends.
    """
    trains = np.arange(len(least))
    shift = np.full(len(least), -np.inf)
    shift[first] = 0.0
    before = np.full(len(least), -1, dtype=np.int64)
    for _ in trains:
        by = shift[:, None] + least
        best = by.argmax(axis=0)
        value = by[best, trains]
        later = value > shift + _ROUNDING_H
        later[first] = False
        if not np.any(later):
            break
        shift[later], before[later] = value[later], best[later]
    return shift, before


def _path(before: IntArray, last: int) -> tuple[int, ...]:
    trains = [last]
    while before[trains[-1]] >= 0 and len(trains) <= len(before):
        trains.append(int(before[trains[-1]]))
    return tuple(reversed(trains))
