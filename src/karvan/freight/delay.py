"""Volume-delay functions of links: time, slope and integral, by name.

Plain NumPy on arrays.  The solver has compiled twins of time and slope; certificates use these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError, did_you_mean
from karvan.kernels.bush import (
    CONCAVE,
    CONICAL,
    CONSTANT,
    LINEAR,
    POWER,
    QUARTIC,
    QUEUE,
    QUEUE_LIMIT,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
DelayName = Literal["constant", "linear", "bpr", "conical", "queue"]

QUADRATURE_POINTS = 48
"""Gauss-Legendre points a panel for the integral of a queueing wait: it errs by under 1e-12."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Volume-delay functions: time = base + factor * f(flow / capacity; shape).

    ========  ===================================================  =====================
    name      f(r; shape)                                          shape
    ========  ===================================================  =====================
    constant  0                                                    not used
    linear    r                                                    not used
    bpr       r ** shape                                           power, at least 0
    conical   2 + sqrt(a²(1-r)² + b²) - a(1-r) - b                 a > 1; b = (2a-1)/(2a-2)
    queue     r ** (sqrt(2(c+1)) - 1) / (c(1-r)), in service times  c servers, at least 1
    ========  ===================================================  =====================

    The wait of a queue goes on along its tangent above a utilization of ``QUEUE_LIMIT``, so that it
    is steep, smooth and finite.  A power of 0 makes ``r ** 0 = 1`` at any flow.

    Attributes
    ----------
    kind : ndarray of int, shape (n_links,)
        As in :mod:`karvan.kernels.bush`.
    base, factor, capacity, shape : ndarray, shape (n_links,)
        `base` and `factor` in the unit of time; `capacity` in the unit of flow.

    References
    ----------
    Bureau of Public Roads (1964), Traffic Assignment Manual (bpr; not opened);
    Spiess (1990), Conical volume-delay functions, https://doi.org/10.1287/trsc.24.2.153 (text of
    the author's page read);
    Sakasegawa (1977), An approximation formula L_q = α ρ^β / (1 - ρ),
    https://doi.org/10.1007/BF02532776 (queue: Poisson arrivals, exponential service; not opened).
    """

    kind: IntArray
    base: FloatArray
    factor: FloatArray
    capacity: FloatArray
    shape: FloatArray

    @property
    def n_links(self) -> int:
        """Number of links."""
        return len(self.kind)

    def time(self, flow: ArrayLike) -> FloatArray:
        """Return the time at each flow, in the unit of `base`."""
        ratio, result = np.asarray(flow, dtype=np.float64) / self.capacity, self.base.copy()
        for kind, links in self._groups():
            r, shape = ratio[links], self.shape[links]
            result[links] += self.factor[links] * _value(kind, r, shape)
        return result

    def slope(self, flow: ArrayLike) -> FloatArray:
        """Return the derivative of :meth:`time` by flow; inf at zero where 0 < power < 1."""
        ratio, result = np.asarray(flow, dtype=np.float64) / self.capacity, np.zeros(self.n_links)
        for kind, links in self._groups():
            r, shape = ratio[links], self.shape[links]
            result[links] = self.factor[links] / self.capacity[links] * _slope(kind, r, shape)
        return result

    def integral(self, flow: ArrayLike) -> FloatArray:
        """Return the integral of :meth:`time` from zero to each flow, in time * flow."""
        amount = np.asarray(flow, dtype=np.float64)
        ratio, result = amount / self.capacity, self.base * amount
        for kind, links in self._groups():
            r, shape = ratio[links], self.shape[links]
            area = _integral(kind, r, shape)
            result[links] += self.factor[links] * self.capacity[links] * area
        return result

    def plus(self, cost: ArrayLike) -> "Delay":
        """Return the same functions with a cost added to `base`."""
        base = self.base + np.asarray(cost, dtype=np.float64)
        return Delay(self.kind, base, self.factor, self.capacity, self.shape)

    def _groups(self) -> list[tuple[int, IntArray | slice]]:
        if len(self.kind) and (self.kind == self.kind[0]).all():
            return [] if self.kind[0] == CONSTANT else [(int(self.kind[0]), slice(None))]
        kinds = np.unique(self.kind[self.kind != CONSTANT])
        return [(int(kind), np.flatnonzero(self.kind == kind)) for kind in kinds]


def _value(kind: int, r: FloatArray, shape: FloatArray) -> FloatArray:
    if kind == CONICAL:
        beta, left = _conical(r, shape)
        value: FloatArray = 2.0 + np.sqrt(left**2 + beta**2) - left - beta
        return value
    if kind == QUEUE:
        return _wait(np.minimum(r, QUEUE_LIMIT), shape) + _steepest(shape) * _beyond(r)
    power: FloatArray = r ** _exponent(kind, shape)
    return power


def _slope(kind: int, r: FloatArray, shape: FloatArray) -> FloatArray:
    if kind == CONICAL:
        beta, left = _conical(r, shape)
        value: FloatArray = shape * (1.0 - left / np.sqrt(left**2 + beta**2))
        return value
    if kind == QUEUE:
        return _wait_slope(np.minimum(r, QUEUE_LIMIT), shape)
    exponent = _exponent(kind, shape)
    with np.errstate(divide="ignore"):
        power: FloatArray = exponent * r ** (exponent - 1.0)
    return power


def _integral(kind: int, r: FloatArray, shape: FloatArray) -> FloatArray:
    if kind == CONICAL:
        # Antiderivative of sqrt(left² + beta²) by left = shape (1 - r), whose slope is -shape.
        beta, left = _conical(r, shape)
        full = _conical(np.zeros_like(r), shape)[1]
        root = (_root_area(full, beta) - _root_area(left, beta)) / shape
        lines: FloatArray = (2.0 - beta) * r - shape * (r - r**2 / 2.0)
        return lines + root
    if kind == QUEUE:
        inside = np.minimum(r, QUEUE_LIMIT)
        point, weight = _quadrature()
        area = inside * (_wait(inside[:, None] * point, shape[:, None]) @ weight)
        over = _beyond(r)
        top = _wait(np.full_like(r, QUEUE_LIMIT), shape)
        tail: FloatArray = top * over + 0.5 * _steepest(shape) * over**2
        return area + tail
    exponent = _exponent(kind, shape)
    power: FloatArray = r ** (exponent + 1.0) / (exponent + 1.0)
    return power


def _quadrature() -> tuple[FloatArray, FloatArray]:
    """Points and weights on 0 to 1 for a wait.

    The points are squares, because a fractional power at zero is smoother in its root; two panels,
    because the pole just above the end spoils a polynomial over the whole.
    """
    point, weight = np.polynomial.legendre.leggauss(QUADRATURE_POINTS)
    panels = ((0.0, np.sqrt(0.5)), (np.sqrt(0.5), 1.0))
    root = np.concatenate([a + 0.5 * (b - a) * (point + 1.0) for a, b in panels])
    width = np.concatenate([0.5 * (b - a) * weight for a, b in panels])
    return root**2, 2.0 * root * width


def _exponent(kind: int, shape: FloatArray) -> FloatArray:
    fixed = {LINEAR: 1.0, QUARTIC: 4.0}
    return np.full_like(shape, fixed[kind]) if kind in fixed else shape


def _conical(r: FloatArray, shape: FloatArray) -> tuple[FloatArray, FloatArray]:
    return (2.0 * shape - 1.0) / (2.0 * shape - 2.0), shape * (1.0 - r)


def _root_area(left: FloatArray, beta: FloatArray) -> FloatArray:
    root = np.sqrt(left**2 + beta**2)
    area: FloatArray = 0.5 * (left * root + beta**2 * np.arcsinh(left / beta))
    return area


def _wait(r: FloatArray, servers: FloatArray) -> FloatArray:
    wait: FloatArray = r ** (np.sqrt(2.0 * (servers + 1.0)) - 1.0) / (servers * (1.0 - r))
    return wait


def _wait_slope(r: FloatArray, servers: FloatArray) -> FloatArray:
    exponent = np.sqrt(2.0 * (servers + 1.0)) - 1.0
    rising = exponent * r ** (exponent - 1.0) / (servers * (1.0 - r))
    slope: FloatArray = rising + _wait(r, servers) / (1.0 - r)
    return slope


def _steepest(servers: FloatArray) -> FloatArray:
    return _wait_slope(np.full_like(servers, QUEUE_LIMIT), servers)


def _beyond(r: FloatArray) -> FloatArray:
    over: FloatArray = np.maximum(r - QUEUE_LIMIT, 0.0)
    return over


def delays(
    name: DelayName | Sequence[DelayName],
    *,
    base: ArrayLike,
    factor: ArrayLike = 0.0,
    capacity: ArrayLike = 1.0,
    shape: ArrayLike = 1.0,
) -> Delay:
    """Return volume-delay functions by name; see :class:`Delay` for what the arguments mean.

    Parameters
    ----------
    name : str or sequence of str
        One for all links, or one a link.
    base, factor, capacity, shape : array_like
        Scalars hold for all links.  For BPR with coefficient b: ``factor = b * free time``.

    Raises
    ------
    AssignmentError
        Unknown name, or a number out of range; every fault is listed.
    """
    base_, factor_, capacity_, shape_ = _columns(base, factor, capacity, shape)
    names = [name] * len(base_) if isinstance(name, str) else list(name)
    problems = _name_problems(names, len(base_))
    if not problems:
        problems = _number_problems(names, base_, factor_, capacity_, shape_)
    if problems:
        raise AssignmentError(problems)
    kind = np.array([_KIND[n] for n in names], dtype=np.int64)
    # What does not depend on flow is constant, so that solvers need not look at it again.
    still = (kind == POWER) & (shape_ == 0.0)
    base_[still] += factor_[still]
    kind[still | (factor_ == 0.0)] = CONSTANT
    capacity_[kind == CONSTANT] = 1.0
    kind[(kind == POWER) & (shape_ == 1.0)] = LINEAR
    kind[(kind == POWER) & (shape_ == 4.0)] = QUARTIC
    kind[(kind == POWER) & (shape_ < 1.0)] = CONCAVE
    return Delay(kind, base_, factor_, capacity_, shape_)


_KIND = {"constant": CONSTANT, "linear": LINEAR, "bpr": POWER, "conical": CONICAL, "queue": QUEUE}


def _columns(*values: ArrayLike) -> list[FloatArray]:
    columns = [np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in values]
    try:
        return [column.copy() for column in np.broadcast_arrays(*columns)]
    except ValueError:
        names = ("base", "factor", "capacity", "shape")
        lengths = ", ".join(f"{n} {c.size}" for n, c in zip(names, columns, strict=True))
        raise AssignmentError([f"values: {lengths}; expected one, or one for each link"]) from None


def _name_problems(names: Sequence[str], n_links: int) -> list[str]:
    known = get_args(DelayName)
    problems = [
        f"volume-delay function '{name}' is not known: expected one of {', '.join(known)}; "
        + did_you_mean(name, known)
        for name in sorted({n for n in names if n not in known})
    ]
    if len(names) != n_links:
        problems.append(f"{len(names)} names of functions for {n_links} links: expected one a link")
    return problems


def _number_problems(
    names: Sequence[str],
    base: FloatArray,
    factor: FloatArray,
    capacity: FloatArray,
    shape: FloatArray,
) -> list[str]:
    name = np.array(names)
    moving = (name != "constant") & (factor != 0.0)
    faults = (
        ("base", base, ~(np.isfinite(base) & (base >= 0.0)), "a number >= 0"),
        ("factor", factor, ~(np.isfinite(factor) & (factor >= 0.0)), "a number >= 0"),
        ("capacity", capacity, moving & ~(np.isfinite(capacity) & (capacity > 0.0)), "> 0"),
        ("shape", shape, (name == "bpr") & ~(np.isfinite(shape) & (shape >= 0.0)), "a power >= 0"),
        ("shape", shape, (name == "conical") & ~(np.isfinite(shape) & (shape > 1.0)), "alpha > 1"),
        (
            "shape",
            shape,
            (name == "queue") & ~(np.isfinite(shape) & (shape >= 1.0)),
            "servers >= 1",
        ),
    )
    return [
        f"link {link}: {column} is {values[link]:g}, expected {expected}"
        for column, values, wrong, expected in faults
        for link in np.flatnonzero(wrong)
    ]
