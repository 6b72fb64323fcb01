"""Distribution of door-to-door time from the distributions of its parts.

Parts are taken as independent.  Each is represented by points of equal probability placed on a
regular grid so that its mean is kept exactly; the sum is a product of Fourier transforms.  A
timetable is no sum: it moves the mass of every arrival time to the next departure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from karvan.network.distribution import PERT_WEIGHT, lognormal_sigma, pert_mean
from karvan.network.model import Timetables

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Kind = Literal["pert", "lognormal", "uniform", "closure", "timetable"]

POINTS = 256
"""Points of equal probability that stand for one part; 0.2 and 99.8 % are the outermost."""
GRID = 4096
FINEST_STEP_H = 0.25


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a journey's time.

    ``pert``: minimum, mode, maximum [h]; ``lognormal``: mean, 5 % and 95 % quantile [h];
    ``uniform``: 0 to `a` [h]; ``closure``: share of time closed, mean length [h];
    ``timetable``: index of the timetable.
    """

    kind: Kind
    a: float
    b: float = 0.0
    c: float = 0.0


@cache
def _levels() -> FloatArray:
    return (np.arange(POINTS) + 0.5) / POINTS


@cache
def _normal_points() -> FloatArray:
    normal = NormalDist()
    return np.array([normal.inv_cdf(p) for p in _levels()])


def _pert_points(low: float, mode: float, high: float) -> FloatArray:
    if high <= low:
        return np.full(POINTS, low)
    alpha = PERT_WEIGHT * (mode - low) / (high - low)
    beta = PERT_WEIGHT * (high - mode) / (high - low)
    x = np.linspace(0.0, 1.0, 8 * POINTS + 1)
    density = x**alpha * (1.0 - x) ** beta
    cumulative = np.concatenate(([0.0], np.cumsum(density[1:] + density[:-1])))
    return low + (high - low) * np.interp(_levels(), cumulative / cumulative[-1], x)


def points(part: Part) -> tuple[FloatArray, float]:
    """Return points of equal probability [h] and the exact mean [h] of a part.

    Those of a closure are the waits of what meets one, and the mean is that of all.
    """
    if part.kind == "pert":
        return _pert_points(part.a, part.b, part.c), pert_mean(part.a, part.b, part.c)
    if part.kind == "lognormal":
        sigma = lognormal_sigma(part.b, part.c)
        spread = np.exp(sigma * _normal_points() - sigma**2 / 2.0)
        return part.a * spread, part.a
    if part.kind == "uniform":
        return part.a * _levels(), part.a / 2.0
    if part.kind == "closure":
        return -part.b * np.log1p(-_levels()), part.a * part.b
    message = f"a {part.kind} is no sum of points"
    raise ValueError(message)


def _on_grid(part: Part, step_h: float) -> FloatArray:
    """Mass of a part on the grid; a point between two grid points is shared between them."""
    values, mean = points(part)
    met = part.a if part.kind == "closure" else 1.0
    total = values.mean() * met
    if total > 0.0:
        values = values * (mean / total)
    mass = _spread_points(values, np.full(POINTS, met / POINTS), step_h)
    mass[0] += 1.0 - met
    return mass


def _spread_points(values: FloatArray, weights: FloatArray, step_h: float) -> FloatArray:
    place = np.minimum(values / step_h, GRID - 2)
    below = place.astype(np.int64)
    share = place - below
    lower = np.bincount(below, weights * (1.0 - share), GRID)
    upper = np.bincount(below + 1, weights * share, GRID)
    return np.asarray(lower + upper, dtype=np.float64)


@lru_cache(maxsize=1024)
def _spectrum(part: Part, step_h: float) -> ComplexArray:
    return np.fft.rfft(_on_grid(part, step_h))


def _step(parts: Sequence[Part], timetables: Timetables) -> float:
    """Smallest step of the form 0.25 * 2^n h whose grid holds the longest journey."""
    longest = 0.0
    for part in parts:
        if part.kind == "timetable":
            longest += float(timetables.period_h[int(part.a)])
        else:
            values, mean = points(part)
            longest += max(float(values[-1]), mean)
    cells = longest / (GRID * FINEST_STEP_H)
    return FINEST_STEP_H * 2 ** max(0, math.ceil(math.log2(cells * 1.02))) if cells else 1.0


def door_to_door(
    parts: Sequence[Part], timetables: Timetables, depart_clock_h: float = 0.0
) -> tuple[FloatArray, float]:
    """Return the probability mass of the journey's time and the step of its grid [h].

    Parameters
    ----------
    parts : sequence of Part
        In the order of travel.
    timetables : Timetables
    depart_clock_h : float
        Hours after a Monday 00:00.

    Returns
    -------
    mass : ndarray, shape (4096,)
        Probability of ``k * step``.
    step : float
    """
    step = _step(parts, timetables)
    spectrum: ComplexArray = np.ones(GRID // 2 + 1, dtype=np.complex128)
    for part in parts:
        if part.kind == "timetable":
            mass = _catch(_mass(spectrum), int(part.a), timetables, depart_clock_h, step)
            spectrum = np.fft.rfft(mass)
        else:
            spectrum = spectrum * _spectrum(part, step)
    return _mass(spectrum), step


def _mass(spectrum: ComplexArray) -> FloatArray:
    mass = np.maximum(np.fft.irfft(spectrum, GRID), 0.0)
    return np.asarray(mass / mass.sum())


def _catch(
    mass: FloatArray, timetable: int, timetables: Timetables, depart_clock_h: float, step_h: float
) -> FloatArray:
    """Move the mass of each arrival to the next departure."""
    arrival: FloatArray = np.arange(GRID, dtype=np.float64) * step_h
    wait = timetables.next_wait_h(timetable, depart_clock_h + arrival)
    return _spread_points(arrival + wait, mass, step_h)


def quantiles(mass: FloatArray, step_h: float, levels: Sequence[float]) -> tuple[float, ...]:
    """Return quantiles [h] of a mass on a grid, each cell spread over its step."""
    cumulative = np.concatenate(([0.0], np.cumsum(mass)))
    edges = np.maximum((np.arange(GRID + 1) - 0.5) * step_h, 0.0)
    return tuple(float(np.interp(level, cumulative, edges)) for level in levels)
