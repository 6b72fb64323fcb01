"""Change of a score between two years as an exact sum over indicators."""

import numpy as np
import polars as pl

from karvan.errors import Problem, ScoreboardError, did_you_mean
from karvan.scoreboard.aggregate import POWER, methods_by_level
from karvan.scoreboard.chain import Chain
from karvan.scoreboard.model import FloatArray, Framework, IntArray
from karvan.scoreboard.settings import Aggregate

SCHEMA = {"unit": pl.String, "element": pl.String, "part": pl.String, "contribution": pl.Float64}
NEAR = 1e-7
"""Relative distance of two values below which the slope between them is the derivative."""


def decompose(
    chain: Chain, method: Aggregate, unit: str, first: int, last: int, element: str = ""
) -> pl.DataFrame:
    """Return what each indicator adds to the change of a score.

    Parameters
    ----------
    chain : Chain
    method : Aggregate
        Power means only (arithmetic, geometric, harmonic, generalised).
    unit : str
    first, last : int
        Years.
    element : str
        An aggregate; the index without it.

    Returns
    -------
    DataFrame
        unit, element, part, contribution in units of the score.  `part` is "value" for a change of
        an indicator, "coverage" where an element had data in one year only, so that its weight
        went to its siblings.  The contributions sum to the change of the score.

    Raises
    ------
    ScoreboardError
        No score in one of the years, or a method that no sum explains.

    Notes
    -----
    For one power mean f(M) = sum w f(x): the change of f(M) is a sum, and each term is brought back
    by the slope of M between the two years; children follow by the slope of f between their two
    values.  In logarithms this is the mean Divisia decomposition; own derivation, in docs.
    """
    framework = chain.framework
    node = node_of(framework, element)
    powers = _powers(framework, method)
    before, after = _row(chain, unit, first), _row(chain, unit, last)
    if np.isnan(chain.score[[before, after], node]).any():
        found = f"no score of {framework.element[node]} for {unit} in {first} or {last}"
        raise _error(fault="score", found=found, expected="scores in both years")
    parts: list[tuple[int, str, float]] = []
    _split(framework, chain, powers, node, before, after, 1.0, parts)
    return pl.DataFrame(
        {
            "unit": [unit] * len(parts),
            "element": [framework.element[k] for k, _, _ in parts],
            "part": [p for _, p, _ in parts],
            "contribution": [c for _, _, c in parts],
        },
        schema=SCHEMA,
    )


def _error(*, fault: str, found: str, expected: str, hint: str = "") -> ScoreboardError:
    where = "decomposition"
    return ScoreboardError([Problem(f"scoreboard.decompose.{fault}", where, found, expected, hint)])


def node_of(framework: Framework, element: str) -> int:
    """Return the position of an aggregate; that of the index for an empty name."""
    if not element:
        return len(framework.element) - 1
    if element not in framework.aggregate:
        hint = did_you_mean(element, framework.aggregate)
        raise _error(fault="element", found=f"'{element}'", expected="an aggregate", hint=hint)
    return framework.position(element)


def _powers(framework: Framework, method: Aggregate) -> list[float]:
    powers = []
    for name in methods_by_level(framework, method):
        if name not in POWER and name != "generalised":
            found = f"the method '{name}'"
            expected = "arithmetic, geometric, harmonic or generalised means"
            raise _error(fault="method", found=found, expected=expected)
        powers.append(method.power if name == "generalised" else POWER[name])
    return powers


def _row(chain: Chain, unit: str, year: int) -> int:
    panel = chain.panel
    for row in np.flatnonzero(panel.year == year):
        if panel.unit[row] == unit:
            return int(row)
    known = ", ".join(str(y) for y in panel.years)
    expected = f"a unit with data; years {known}"
    raise _error(fault="row", found=f"no '{unit}' in {year}", expected=expected)


def _forth(x: float, power: float) -> float:
    return float(np.log(x)) if power == 0.0 else float(x**power)


def _slope(x0: float, x1: float, power: float) -> float:
    """Change of f over change of x between two values."""
    if power == 1.0:
        return 1.0
    if abs(x1 - x0) <= NEAR * max(abs(x0), abs(x1)):
        middle = 0.5 * (x0 + x1)
        return 1.0 / middle if power == 0.0 else power * middle ** (power - 1.0)
    return (_forth(x1, power) - _forth(x0, power)) / (x1 - x0)


def _split(
    framework: Framework,
    chain: Chain,
    powers: list[float],
    node: int,
    before: int,
    after: int,
    factor: float,
    parts: list[tuple[int, str, float]],
) -> None:
    """Add the parts of `factor` times the change of a node."""
    kids = framework.children(node)
    power = powers[int(framework.level[node]) - 2]
    x0, x1 = chain.score[before, kids], chain.score[after, kids]
    w0, w1 = _own(chain.weight[kids], x0), _own(chain.weight[kids], x1)
    m0, m1 = float(chain.score[before, node]), float(chain.score[after, node])
    back = factor / _slope(m0, m1, power)
    middle = 0.5 * (_forth(m0, power) + _forth(m1, power))
    for k, child in enumerate(kids):
        if w0[k] == 0.0 and w1[k] == 0.0:
            continue
        f0 = _forth(x0[k], power) if w0[k] > 0 else middle
        f1 = _forth(x1[k], power) if w1[k] > 0 else middle
        shift = (w1[k] - w0[k]) * (0.5 * (f0 + f1) - middle)
        if w0[k] == 0.0 or w1[k] == 0.0:
            coverage = back * (w1[k] * (f1 - middle) - w0[k] * (f0 - middle))
            parts.append((int(child), "coverage", coverage))
            continue
        if w0[k] != w1[k]:
            parts.append((int(child), "coverage", back * shift))
        mean_weight = 0.5 * (w0[k] + w1[k])
        own = back * mean_weight * _slope(float(x0[k]), float(x1[k]), power)
        if child < framework.n_indicators:
            parts.append((int(child), "value", own * float(x1[k] - x0[k])))
        else:
            _split(framework, chain, powers, int(child), before, after, own, parts)


def _own(weight: FloatArray, values: FloatArray) -> FloatArray:
    """Shares of the children that have data."""
    there = np.where(np.isnan(values), 0.0, weight)
    return np.asarray(there / there.sum())


def years_of(chain: Chain, unit: str) -> IntArray:
    """Return the years in which a unit has a row, in order."""
    rows = [k for k, u in enumerate(chain.panel.unit) if u == unit]
    return np.sort(chain.panel.year[rows])
