"""Frozen inputs: a panel of values and the framework that orders its indicators."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
FlagArray = NDArray[np.uint8]

NO_DATA, OBSERVED, IMPUTED, WINSORISED, TRANSFORMED = 0, 1, 2, 4, 8
"""Flags of a cell; a treated cell keeps the flag of how it came about."""

NO_YEAR = 0
ROOT = -1


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Values of indicators by unit and year, at one step of the chain.

    Attributes
    ----------
    unit : tuple of str
        Unit of each row: a country, or a pair of them.
    year : ndarray of int, shape (n_rows,)
        `NO_YEAR` in data without years.
    indicator : tuple of str
    value : ndarray, shape (n_rows, n_indicators)
        NaN is no data, never zero.
    status : ndarray of uint8, shape (n_rows, n_indicators)
        `NO_DATA`, or `OBSERVED` or `IMPUTED`, with `WINSORISED` or `TRANSFORMED` added.
    spread : ndarray, shape (n_rows, n_indicators)
        Standard error of each cell in its units; 0 where it is taken as exact.
    name : mapping
        Names of units that have one.
    group : mapping
        Groups of rows, e.g. Europe or Asia, by the name of the grouping.
    denominator : mapping
        Values by row that indicators are divided by.
    source : ndarray of str, shape (n_rows, n_indicators), or None
    """

    unit: tuple[str, ...]
    year: IntArray
    indicator: tuple[str, ...]
    value: FloatArray
    status: FlagArray
    spread: FloatArray
    name: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    group: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    denominator: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))
    source: NDArray[np.str_] | None = None

    @property
    def n_rows(self) -> int:
        """Number of unit-years."""
        return len(self.unit)

    @property
    def years(self) -> list[int]:
        """Years in order; one entry, `NO_YEAR`, without years."""
        return sorted({int(year) for year in self.year})

    def row_name(self, row: int) -> str:
        """Return how messages call a row."""
        year = int(self.year[row])
        return self.unit[row] if year == NO_YEAR else f"{self.unit[row]} {year}"

    def rows_by_year(self) -> list[IntArray]:
        """Return the rows of each year, years in order."""
        return [np.flatnonzero(self.year == year) for year in self.years]


@dataclass(frozen=True, slots=True, eq=False)
class Framework:
    """A hierarchy of indicators; indicators first, then aggregates from the lowest level up.

    Attributes
    ----------
    element : tuple of str
    name : tuple of str
    parent : ndarray of int, shape (n_elements,)
        `ROOT` for the index.
    level : ndarray of int, shape (n_elements,)
        1 for indicators; an aggregate is one above its highest child.
    weight : ndarray, shape (n_elements,)
        Among siblings; only ratios count.
    direction : ndarray, shape (n_indicators,)
        1 if more is better, -1 if less is.
    target, low, high : ndarray, shape (n_indicators,)
        In units of the indicator before its direction is applied; NaN where not given.
    denominator : tuple of str
        Of each indicator; "" for none.
    unit : tuple of str
        Unit of measurement of each element.
    """

    element: tuple[str, ...]
    name: tuple[str, ...]
    parent: IntArray
    level: IntArray
    weight: FloatArray
    direction: FloatArray
    target: FloatArray
    low: FloatArray
    high: FloatArray
    denominator: tuple[str, ...]
    unit: tuple[str, ...]

    @property
    def n_indicators(self) -> int:
        """Number of indicators."""
        return len(self.direction)

    @property
    def indicator(self) -> tuple[str, ...]:
        """Ids of the indicators."""
        return self.element[: self.n_indicators]

    @property
    def aggregate(self) -> tuple[str, ...]:
        """Ids of the aggregates, the index last."""
        return self.element[self.n_indicators :]

    @property
    def aggregates(self) -> range:
        """Positions of the aggregates, children before parents."""
        return range(self.n_indicators, len(self.element))

    @property
    def depth(self) -> int:
        """Level of the index."""
        return int(self.level[-1])

    def position(self, element: str) -> int:
        """Return the position of an element."""
        return self.element.index(element)

    def children(self, position: int) -> IntArray:
        """Return the positions of the children of an aggregate."""
        return np.flatnonzero(self.parent == position)

    def leaves(self, position: int) -> IntArray:
        """Return the indicators below an element, itself if it is one."""
        if position < self.n_indicators:
            return np.array([position])
        return np.concatenate([self.leaves(int(c)) for c in self.children(position)])

    def shares(self, weight: FloatArray) -> FloatArray:
        """Return weights that sum to one among siblings, shape as `weight` (..., n_elements)."""
        share = np.array(weight, dtype=np.float64)
        share[..., self.parent == ROOT] = 1.0
        for node in self.aggregates:
            kids = self.children(node)
            share[..., kids] /= share[..., kids].sum(axis=-1, keepdims=True)
        return share

    def effective_weights(self, weight: FloatArray) -> FloatArray:
        """Return the weight of each element in the index, shape (n_elements,)."""
        share = self.shares(weight)
        for node in reversed(self.aggregates):
            share[self.children(node)] *= share[node]
        return share
