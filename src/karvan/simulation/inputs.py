"""Checks of what a formula or statistic is asked: every fault named, raised once."""

import math
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import FormulaError

FloatArray = NDArray[np.float64]

MOST_SERVERS = 1_000_000
"""Above it recursions over servers take seconds, and no terminal has as many."""

MOST_MAGNITUDE = 1e150


class Inputs:
    """Collects the faults of one function's arguments; :meth:`check` raises them together.

    Parameters
    ----------
    function : str
        Name the user called, for the message.
    """

    def __init__(self, function: str) -> None:
        self._function = function
        self._problems: list[str] = []

    def refuse(self, name: str, found: object, expected: str) -> None:
        """Add a fault: argument, what it holds, what is expected and what to do."""
        self._problems.append(f"{name}: found {found}; expected {expected}")

    def check(self) -> None:
        """Raise a FormulaError if there was any fault."""
        if self._problems:
            raise FormulaError(self._function, self._problems)

    def number(
        self,
        name: str,
        value: object,
        *,
        above: float = -math.inf,
        least: float = -math.inf,
        below: float = math.inf,
        most: float = math.inf,
    ) -> float:
        """Return a finite number within limits; NaN after noting a fault."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
            self.refuse(name, repr(value), _range("a number", above, least, below, most))
            return math.nan
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not (math.isfinite(number) and above < number < below and least <= number <= most):
            self.refuse(name, _shown(value), _range("a finite number", above, least, below, most))
            return math.nan
        return number

    def positive(self, name: str, value: object) -> float:
        """Return a finite number above 0."""
        return self.number(name, value, above=0.0)

    def share(self, name: str, value: object) -> float:
        """Return a number strictly between 0 and 1."""
        return self.number(name, value, above=0.0, below=1.0)

    def count(self, name: str, value: object, *, least: int = 1, most: int = MOST_SERVERS) -> int:
        """Return a whole number within limits; `least` after noting a fault."""
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole and isinstance(value, float) and math.isfinite(value) and value % 1.0 == 0.0:
            whole = True
        if not whole or not least <= int(value) <= most:  # type: ignore[call-overload]
            self.refuse(name, _shown(value), f"a whole number from {least:,} to {most:,}")
            return least
        return int(value)  # type: ignore[call-overload,no-any-return]

    def sample(
        self, name: str, values: ArrayLike, *, least: int = 1, dimensions: int = 1
    ) -> FloatArray:
        """Return a float array of finite numbers with at least `least` entries along axis 0."""
        shape = (max(least, 1),) + (1,) * (dimensions - 1)
        array = self.array(name, values, dimensions=dimensions)
        if array is None:
            return np.zeros(shape)
        if len(array) < least or array.size == 0:
            self.refuse(name, f"{len(array)} value(s)", f"at least {max(least, 1)}")
            return np.zeros(shape)
        broken = np.flatnonzero(~np.isfinite(array).ravel())
        if broken.size:
            value = array.ravel()[broken[0]]
            self.refuse(
                name,
                f"{value} at place {broken[0]} ({broken.size} such)",
                "finite numbers; leave out replications that were lost and say which",
            )
            return np.zeros(shape)
        if np.max(np.abs(array)) > MOST_MAGNITUDE:
            self.refuse(
                name,
                f"{np.max(np.abs(array)):g}",
                f"numbers of at most {MOST_MAGNITUDE:g}, whose squares are finite",
            )
            return np.zeros(shape)
        return array

    def array(self, name: str, values: ArrayLike, *, dimensions: int) -> FloatArray | None:
        """Return a float array of that many dimensions, NaN allowed; None after a fault."""
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            self.refuse(name, _shown(values), "numbers, all rows of one length")
            return None
        if array.ndim != dimensions:
            self.refuse(name, f"{array.ndim} dimension(s)", f"{dimensions}")
            return None
        return array

    def stable(self, arrivals_per_h: float, service_h: float, servers: int = 1) -> float:
        """Return the utilization; a queue that grows for ever is a fault.

        It says nothing where a number is at fault already: its stand-in would be judged.
        """
        if self._problems:
            return math.nan
        load = arrivals_per_h * service_h
        if load >= servers:
            growth = arrivals_per_h - servers / service_h
            self.refuse(
                "arrivals_per_h",
                f"{arrivals_per_h:g} for {servers:,} server(s) of {service_h:g} h, a utilization "
                f"of {load / servers:g}",
                "a utilization below 1: "
                + (
                    f"the queue grows by {growth:g} per h"
                    if growth > 0.0
                    else "the queue has no mean"
                )
                + "; add servers or send less",
            )
        return load / servers


def _range(kind: str, above: float, least: float, below: float, most: float) -> str:
    limits = [
        text
        for text, limit in (
            (f"above {above:g}", above),
            (f"at least {least:g}", least),
            (f"below {below:g}", below),
            (f"at most {most:g}", most),
        )
        if math.isfinite(limit)
    ]
    return f"{kind} {' and '.join(limits)}".rstrip()


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str | Sequence) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
