"""Volume-delay functions of links: time, slope and integral, by name.

Plain NumPy on arrays.  The solver has compiled twins of time and slope; certificates use these.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError, did_you_mean
from karvan.freight.arguments import numbers, shown, whole_numbers
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

COLUMNS = ("base", "factor", "capacity", "shape")
KINDS = (CONSTANT, LINEAR, QUARTIC, POWER, CONCAVE, CONICAL, QUEUE)
POWERS = (QUARTIC, POWER, CONCAVE)

LEAST_CAPACITY = float(np.finfo(np.float64).tiny)
"""Its inverse is finite as well."""

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
        `base` and `factor` in the unit of time; `capacity` in the unit of flow.  All are read-only
        copies of what is given; where nothing depends on flow, `kind` becomes constant and
        `capacity` 1.

    Raises
    ------
    AssignmentError
        With every fault found, when it is made.

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
    _groups: list[tuple[int, IntArray | slice]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kind = whole_numbers("kind", self.kind).copy()
        base, factor, capacity, shape = (numbers(n, getattr(self, n)).copy() for n in COLUMNS)
        columns = (kind, base, factor, capacity, shape)
        problems = _length_problems(columns) or _number_problems(*columns)
        if problems:
            raise AssignmentError(problems)
        _settle(*columns)
        for name, column in zip(("kind", *COLUMNS), columns, strict=True):
            # Solvers trust what was checked here.
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        object.__setattr__(self, "_groups", _groups(kind))

    @property
    def n_links(self) -> int:
        """Number of links."""
        return len(self.kind)

    def time(self, flow: ArrayLike) -> FloatArray:
        """Return the time at each flow, in the unit of `base`.

        Raises
        ------
        AssignmentError
            Neither one flow nor one for each link; so say the next two.
        """
        ratio, result = self._amount(flow) / self.capacity, self.base.copy()
        for kind, links in self._groups:
            r, shape = ratio[links], self.shape[links]
            result[links] += self.factor[links] * _value(kind, r, shape)
        return result

    def slope(self, flow: ArrayLike) -> FloatArray:
        """Return the derivative of :meth:`time` by flow; inf at zero where 0 < power < 1."""
        ratio, result = self._amount(flow) / self.capacity, np.zeros(self.n_links)
        for kind, links in self._groups:
            r, shape = ratio[links], self.shape[links]
            result[links] = self.factor[links] / self.capacity[links] * _slope(kind, r, shape)
        return result

    def integral(self, flow: ArrayLike) -> FloatArray:
        """Return the integral of :meth:`time` from zero to each flow, in time * flow."""
        return self.time_and_integral(flow)[1]

    def time_and_integral(self, flow: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return what :meth:`time` and :meth:`integral` do, sooner than one after the other."""
        amount = self._amount(flow)
        ratio, time, area = amount / self.capacity, self.base.copy(), self.base * amount
        for kind, links in self._groups:
            r, shape, factor = ratio[links], self.shape[links], self.factor[links]
            value = _value(kind, r, shape)
            time[links] += factor * value
            area[links] += factor * amount[links] * _mean(kind, r, shape, value)
        return time, area

    def plus(self, cost: ArrayLike) -> "Delay":
        """Return the same functions with a cost added to `base`: one number, or one for each link.

        Raises
        ------
        AssignmentError
            Another number of costs, or a sum that is no finite number >= 0.
        """
        costs = numbers("cost", cost)
        if len(costs) not in (1, self.n_links):
            message = f"cost has {len(costs)} values, expected one, or one for each of "
            raise AssignmentError([f"{message}{self.n_links} links"])
        return Delay(self.kind, self.base + costs, self.factor, self.capacity, self.shape)

    def _amount(self, flow: ArrayLike) -> FloatArray:
        amount = numbers("flow", flow)
        if len(amount) == self.n_links:
            return amount
        if len(amount) == 1:
            return np.full(self.n_links, amount[0])
        message = f"flow has {len(amount)} values, expected one for each of {self.n_links} links"
        raise AssignmentError([message])


def _groups(kind: IntArray) -> list[tuple[int, IntArray | slice]]:
    """Kinds that depend on flow, each with the links that are of it."""
    if len(kind) and (kind == kind[0]).all():
        return [] if kind[0] == CONSTANT else [(int(kind[0]), slice(None))]
    found = np.flatnonzero(np.bincount(kind))
    return [(int(one), np.flatnonzero(kind == one)) for one in found if one != CONSTANT]


def _value(kind: int, r: FloatArray, shape: FloatArray) -> FloatArray:
    if kind == CONICAL:
        beta, left = _conical(r, shape)
        value: FloatArray = 2.0 + np.sqrt(left**2 + beta**2) - left - beta
        return value
    if kind == QUEUE:
        return _wait(np.minimum(r, QUEUE_LIMIT), shape) + _steepest(shape) * _beyond(r)
    if kind == LINEAR:
        return r
    if kind == QUARTIC:
        square = r * r
        quartic: FloatArray = square * square
        return quartic
    power: FloatArray = r**shape
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


def _mean(kind: int, r: FloatArray, shape: FloatArray, value: FloatArray) -> FloatArray:
    """Mean of the function, whose value is given, from 0 to r: its integral is r times that."""
    if kind == CONICAL:
        return _conical_mean(r, shape)
    if kind == QUEUE:
        point, weight = _quadrature()
        inside, over = np.minimum(r, QUEUE_LIMIT), _beyond(r)
        end = np.maximum(r, QUEUE_LIMIT)
        top = _wait(np.full_like(r, QUEUE_LIMIT), shape)
        within = _wait(inside[:, None] * point, shape[:, None]) @ weight
        tail = (top + 0.5 * _steepest(shape) * over) * (over / end)
        mean: FloatArray = within * (QUEUE_LIMIT / end) + tail
        return mean
    power: FloatArray = value / (_exponent(kind, shape) + 1.0)
    return power


def _conical_mean(r: FloatArray, shape: FloatArray) -> FloatArray:
    """Mean of the conical function from 0 to r, without differences of what is almost equal.

    With left = shape (1 - r) the area under sqrt(left² + beta²) has the antiderivative
    (left * root + beta² asinh(left / beta)) / 2.  Its difference between `shape` and left, by
    shape - left = shape * r, is taken apart by a² - b² = (a - b)(a + b) and
    asinh x - asinh y = asinh(x sqrt(1 + y²) - y sqrt(1 + x²)).
    """
    beta, left = _conical(r, shape)
    high, low = np.sqrt(shape**2 + beta**2), np.sqrt(left**2 + beta**2)
    both, width = shape + left, shape * r
    lines = 0.5 * (high + left * both / (high + low))
    # Beyond capacity left is negative, and the first form is the one that subtracts.
    beyond = left < 0.0
    turn = np.where(
        beyond,
        (shape * low - left * high) / (beta**2 * np.where(beyond, width, 1.0)),
        both / (shape * low + np.abs(left) * high),
    )
    arc = width * turn
    bent = np.arcsinh(arc) / np.where(arc > 0.0, arc, 1.0)
    bend = 0.5 * beta**2 * turn * np.where(arc > 0.0, bent, 1.0)
    mean: FloatArray = 2.0 + (lines - 0.5 * both) + (bend - beta)
    return mean


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
    names = [name] * len(base_) if isinstance(name, str) else _names(name)
    problems = _name_problems(names, len(base_))
    if problems:
        raise AssignmentError(problems)
    kind = np.array([_KIND[n] for n in names], dtype=np.int64)
    return Delay(kind, base_, factor_, capacity_, shape_)


_KIND = {"constant": CONSTANT, "linear": LINEAR, "bpr": POWER, "conical": CONICAL, "queue": QUEUE}


def _columns(*values: ArrayLike) -> tuple[FloatArray, ...]:
    columns = [numbers(name, v) for name, v in zip(COLUMNS, values, strict=True)]
    try:
        return tuple(np.broadcast_arrays(*columns))
    except ValueError:
        lengths = ", ".join(f"{n} {c.size}" for n, c in zip(COLUMNS, columns, strict=True))
        raise AssignmentError([f"values: {lengths}; expected one, or one for each link"]) from None


def _names(names: Sequence[str]) -> list[str]:
    try:
        return list(names)
    except TypeError:
        message = (
            f"volume-delay function {shown(names)} is not known: expected a name, or one a link"
        )
        raise AssignmentError([message]) from None


def _name_problems(names: Sequence[str], n_links: int) -> list[str]:
    known = get_args(DelayName)
    problems = [
        f"volume-delay function '{name}' is not known: expected one of {', '.join(known)}; "
        + did_you_mean(name, known)
        for name in sorted({str(n) for n in names if n not in known})
    ]
    if len(names) != n_links:
        problems.append(f"{len(names)} names of functions for {n_links} links: expected one a link")
    return problems


def _length_problems(columns: Sequence[IntArray | FloatArray]) -> list[str]:
    lengths = [len(column) for column in columns]
    if len(set(lengths)) == 1:
        return []
    found = ", ".join(f"{n} {size}" for n, size in zip(("kind", *COLUMNS), lengths, strict=True))
    return [f"values: {found}; expected one for each link"]


def _number_problems(
    kind: IntArray, base: FloatArray, factor: FloatArray, capacity: FloatArray, shape: FloatArray
) -> list[str]:
    moving = (kind != CONSTANT) & (factor != 0.0)
    power = np.isin(kind, POWERS)
    bounded, finite = np.isfinite(capacity), np.isfinite(shape)
    faults = (
        ("kind", kind, ~np.isin(kind, KINDS), "one of karvan.kernels.bush; see delays for names"),
        ("base", base, ~(np.isfinite(base) & (base >= 0.0)), "a finite number >= 0"),
        ("factor", factor, ~(np.isfinite(factor) & (factor >= 0.0)), "a finite number >= 0"),
        (
            "capacity",
            capacity,
            moving & ~(bounded & (capacity >= LEAST_CAPACITY)),
            "a finite number > 0",
        ),
        ("shape", shape, power & ~(finite & (shape >= 0.0)), "a power >= 0"),
        ("shape", shape, (kind == CONICAL) & ~(finite & (shape > 1.0)), "alpha > 1"),
        ("shape", shape, (kind == QUEUE) & ~(finite & (shape >= 1.0)), "servers >= 1"),
    )
    return [
        f"link {link}: {column} is {values[link]:g}, expected {expected}"
        for column, values, wrong, expected in faults
        for link in np.flatnonzero(wrong)
    ]


def _settle(
    kind: IntArray, base: FloatArray, factor: FloatArray, capacity: FloatArray, shape: FloatArray
) -> None:
    """Take the quickest kind of each function, in place.

    What does not depend on flow becomes constant, so that solvers need not look at it again.
    """
    kind[np.isin(kind, POWERS)] = POWER
    still = (kind == POWER) & (shape == 0.0)
    base[still] += factor[still]
    kind[still | (factor == 0.0)] = CONSTANT
    capacity[kind == CONSTANT] = 1.0
    kind[(kind == POWER) & (shape == 1.0)] = LINEAR
    kind[(kind == POWER) & (shape == 4.0)] = QUARTIC
    kind[(kind == POWER) & (shape < 1.0)] = CONCAVE
