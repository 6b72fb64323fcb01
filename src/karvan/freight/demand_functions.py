"""Demand of O-D pairs as a function of their cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError, did_you_mean
from karvan.freight.arguments import numbers

FloatArray = NDArray[np.float64]
DemandName = Literal["exponential", "power", "linear"]
COLUMNS = ("demand", "cost", "steepness")


@dataclass(frozen=True, slots=True, eq=False)
class DemandFunction:
    """Demand of each pair as a function of its cost; made by :func:`demand_function`.

    ===========  =====================================  ===============================
    name         demand at cost c                       steepness s, at least 0
    ===========  =====================================  ===============================
    exponential  demand * exp(-s * (c - cost))          per unit of cost
    power        demand * (c / cost) ** -s              the elasticity
    linear       demand * (1 - s * (c - cost)), >= 0    per unit of cost
    ===========  =====================================  ===============================

    Attributes
    ----------
    name : str
    demand, cost : ndarray, shape (n_pairs,)
        A point of each function, in the units of :class:`AssignmentProblem` and its costs.
    steepness : ndarray, shape (n_pairs,)

    Raises
    ------
    AssignmentError
        With every fault found, when it is made.
    """

    name: DemandName
    demand: FloatArray
    cost: FloatArray
    steepness: FloatArray

    def __post_init__(self) -> None:
        columns = [numbers(name, getattr(self, name)) for name in COLUMNS]
        problems = _problems(self.name, columns)
        if problems:
            raise AssignmentError(problems)
        for name, values in zip(COLUMNS, columns, strict=True):
            object.__setattr__(self, name, values)

    def at(self, cost: ArrayLike) -> FloatArray:
        """Return the demand of each pair at its cost, shape (n_pairs,); 0 where that is inf.

        Raises
        ------
        AssignmentError
            Not one number for each pair; so say the next two.
        """
        cost = self._of_each("cost", cost)
        reached = np.isfinite(cost)
        there = np.where(reached, cost, self.cost)
        if self.name == "exponential":
            share = np.exp(-self.steepness * (there - self.cost))
        elif self.name == "power":
            with np.errstate(divide="ignore"):
                share = (there / self.cost) ** -self.steepness
        else:
            share = np.maximum(1.0 - self.steepness * (there - self.cost), 0.0)
        # No demand stays none, also where a power makes its share infinite.
        moving = reached & (self.demand > 0.0)
        return np.multiply(self.demand, share, out=np.zeros_like(share), where=moving)

    def fall(self, cost: ArrayLike) -> FloatArray:
        """Return what one more unit of cost takes away, shape (n_pairs,), at finite costs > 0.

        Of linear demand it is what it was before demand ended.
        """
        if self.name == "linear":
            return self.demand * self.steepness
        cost = self._of_each("cost", cost)
        slope = self.steepness * self.at(cost)
        if self.name == "power":
            return np.divide(slope, cost, out=np.zeros_like(slope), where=cost > 0.0)
        return slope

    def inverse(self, demand: ArrayLike) -> FloatArray:
        """Return the cost at which each pair has a demand, shape (n_pairs,).

        inf for no demand at any cost; the declared cost where demand does not depend on it.
        """
        demand = self._of_each("demand", demand)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = demand / self.demand
            if self.name == "exponential":
                cost = self.cost - np.log(share) / self.steepness
            elif self.name == "power":
                cost = self.cost * share ** (-1.0 / self.steepness)
            else:
                cost = self.cost + (1.0 - share) / self.steepness
        return np.where((self.steepness > 0.0) & (self.demand > 0.0), cost, self.cost)

    def _of_each(self, name: str, values: ArrayLike) -> FloatArray:
        found, n_pairs = numbers(name, values), len(self.demand)
        if len(found) not in (1, n_pairs) and n_pairs != 1:
            message = f"{name} has {len(found)} values, expected one for each of {n_pairs} pairs"
            raise AssignmentError([message])
        return found


def demand_function(
    name: DemandName, *, demand: ArrayLike, cost: ArrayLike, steepness: ArrayLike
) -> DemandFunction:
    """Return demand functions by name; see :class:`DemandFunction` for what the arguments mean.

    Parameters
    ----------
    name : {"exponential", "power", "linear"}
    demand, cost, steepness : array_like
        Scalars hold for all pairs.

    Raises
    ------
    AssignmentError
        Unknown name, or a number out of range; every fault is listed.
    """
    columns = [numbers(n, c) for n, c in zip(COLUMNS, (demand, cost, steepness), strict=True)]
    n_pairs = max(len(c) for c in columns)
    if all(len(c) in (1, n_pairs) for c in columns):
        columns = [np.broadcast_to(c, n_pairs).copy() for c in columns]
    return DemandFunction(name, *columns)


def _problems(name: str, columns: Sequence[FloatArray]) -> list[str]:
    known = get_args(DemandName)
    problems = []
    if name not in known:
        problems.append(
            f"demand function '{name}' is not known: expected one of {', '.join(known)}; "
            + did_you_mean(str(name), known)
        )
    if len({len(c) for c in columns}) > 1:
        lengths = ", ".join(f"{n} {len(c)}" for n, c in zip(COLUMNS, columns, strict=True))
        return [*problems, f"values: {lengths}; expected one, or one for each O-D pair"]
    for column, values in zip(COLUMNS, columns, strict=True):
        above = name == "power" and column == "cost"
        wrong = ~np.isfinite(values) | (values <= 0.0 if above else values < 0.0)
        problems += [
            f"O-D pair {pair}: {column} of the demand function is {values[pair]:g}, expected a "
            f"finite number {'> 0' if above else '>= 0'}"
            for pair in np.flatnonzero(wrong)
        ]
    return problems
