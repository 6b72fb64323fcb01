"""Scores of aggregates from their children, for one set of weights or for many at once."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from karvan.errors import Problem, ScoreboardError
from karvan.scoreboard.frontier import benefit_of_the_doubt
from karvan.scoreboard.model import BoolArray, FloatArray, Framework, IntArray
from karvan.scoreboard.pairwise import copeland
from karvan.scoreboard.settings import Aggregate, AggregateMethod

POWER: dict[str, float] = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}
POSITIVE = ("geometric", "harmonic", "mazziotta_pareto")
NOT_NEGATIVE = ("benefit_of_the_doubt",)
MONOTONE = ("arithmetic", "geometric", "harmonic", "generalised", "median", "copeland")
"""Methods under which a better indicator never makes a unit's score worse."""


class ImpossiblePairError(ScoreboardError):
    """An aggregation that the values of some children do not allow."""


def methods_by_level(framework: Framework, method: Aggregate) -> list[AggregateMethod]:
    """Return the method of each level above the indicators, lowest first.

    Raises
    ------
    ScoreboardError
        A list whose length is not the number of levels.
    """
    wanted = framework.depth - 1
    given = [method.method] * wanted if isinstance(method.method, str) else list(method.method)
    if len(given) != wanted:
        problem = Problem(
            "scoreboard.aggregate.levels",
            "aggregate.method",
            f"{len(given)} methods",
            f"one, or {wanted}: one for each level above the indicators",
        )
        raise ScoreboardError([problem])
    return given


def aggregate(
    framework: Framework,
    values: FloatArray,
    weight: FloatArray,
    method: Aggregate,
    blocks: Sequence[IntArray],
) -> FloatArray:
    """Return the scores of all aggregates.

    Parameters
    ----------
    framework : Framework
    values : ndarray, shape (n_draws or 1, n_rows, n_indicators)
        Normalised; NaN is no data.
    weight : ndarray, shape (n_draws or 1, n_elements)
        Not negative; only ratios among siblings count.
    method : Aggregate
    blocks : sequence of ndarray
        Rows that are compared with each other (one year) by Copeland's rule and the frontier.

    Returns
    -------
    ndarray, shape (n_draws or 1, n_rows, n_aggregates)
        NaN where a unit has too few children with data.

    Raises
    ------
    ImpossiblePairError
        Values at or below zero under a method that takes logarithms or reciprocals.
    """
    parts = _all_scores(framework, values, weight, method, blocks)
    draws = max(len(p) for p in parts)
    return np.stack([np.broadcast_to(p, (draws, p.shape[1])) for p in parts], axis=2)


def _all_scores(
    framework: Framework,
    values: FloatArray,
    weight: FloatArray,
    method: Aggregate,
    blocks: Sequence[IntArray],
) -> list[FloatArray]:
    """Scores of each aggregate, shape (n_draws or 1, n_rows)."""
    by_level = methods_by_level(framework, method)
    score: list[FloatArray] = [values[:, :, j] for j in range(framework.n_indicators)]
    for node in framework.aggregates:
        kids = framework.children(node)
        share = _siblings(weight[:, kids])
        level = by_level[int(framework.level[node]) - 2]
        children = [score[k] for k in kids]
        _require_domain(framework, node, kids, children, level, method)
        score.append(_node(children, share, level, method, blocks))
    return score[framework.n_indicators :]


def element_scores(
    framework: Framework,
    values: FloatArray,
    weight: FloatArray,
    method: Aggregate,
    blocks: Sequence[IntArray],
    node: int = -1,
) -> FloatArray:
    """Return the scores of one aggregate, shape (n_draws or 1, n_rows); else as `aggregate`.

    `node` is its position among the aggregates, the index without it.
    """
    return _all_scores(framework, values, weight, method, blocks)[node]


def _siblings(weight: FloatArray) -> FloatArray:
    """Shares among siblings; one row if all draws have the same, which saves the most work."""
    if len(weight) > 1 and (weight == weight[0]).all():
        weight = weight[:1]
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _require_domain(
    framework: Framework,
    node: int,
    kids: IntArray,
    children: list[FloatArray],
    level: AggregateMethod,
    method: Aggregate,
) -> None:
    power = method.power if level == "generalised" else POWER.get(level, 1.0)
    strict = level in POSITIVE or power <= 0.0
    if not strict and level not in NOT_NEGATIVE and power == 1.0:
        return
    problems = []
    for k, child in zip(kids, children, strict=True):
        with np.errstate(invalid="ignore"):
            low = float(np.nanmin(child)) if not np.isnan(child).all() else 1.0
        if low < 0.0 or (strict and low <= 0.0):
            problems.append(
                Problem(
                    "scoreboard.aggregate.impossible",
                    f"{framework.element[k]} below {framework.element[node]}",
                    f"values down to {low:g}",
                    f"values {'above' if strict else 'not below'} zero for the method '{level}'",
                    "normalise to a range above zero, e.g. min_max with range = [1, 100]",
                )
            )
    if problems:
        raise ImpossiblePairError(problems)


def _node(
    children: list[FloatArray],
    share: FloatArray,
    level: AggregateMethod,
    method: Aggregate,
    blocks: Sequence[IntArray],
) -> FloatArray:
    if level in POWER or level == "generalised":
        power = method.power if level == "generalised" else POWER[level]
        score = _power_mean(children, share, power)
    elif level == "mazziotta_pareto":
        score = _mazziotta_pareto(children, share, method)
    else:
        stack = _stacked(children)
        if level == "median":
            score = _median(stack)
        elif level == "copeland":
            score = _in_blocks(stack, share, blocks, copeland)
        else:
            score = _in_blocks(stack, share, blocks, lambda x, _: benefit_of_the_doubt(x))
    if method.min_share > 0.0:
        counted = share[0] > 0.0
        there = sum(
            (~np.isnan(child)).astype(np.float64)
            for child, counts in zip(children, counted, strict=True)
            if counts
        )
        score = np.where(there / counted.sum() >= method.min_share - 1e-12, score, np.nan)
    return score


def _stacked(children: list[FloatArray]) -> FloatArray:
    draws = max(len(c) for c in children)
    return np.stack([np.broadcast_to(c, (draws, c.shape[1])) for c in children], axis=2)


def _power_mean(children: list[FloatArray], share: FloatArray, power: float) -> FloatArray:
    total = weighted_mean([_forth(child, power) for child in children], share)
    if power == 0.0:
        return np.asarray(np.exp(total))
    return total if power == 1.0 else np.asarray(total ** (1.0 / power))


def _forth(x: FloatArray, power: float) -> FloatArray:
    if power == 0.0:
        return np.asarray(np.log(x))
    return x if power == 1.0 else np.asarray(x**power)


def weighted_mean(parts: list[FloatArray], share: FloatArray) -> FloatArray:
    """Return the mean over what is there, shape (n_draws or 1, n_rows); of one draw rounded once.

    Parameters
    ----------
    parts : list of ndarray, shape (n_draws or 1, n_rows)
        Children; NaN is no data.
    share : ndarray, shape (n_draws or 1, n_children)
    """
    holes = any(np.isnan(part).any() for part in parts)
    if all(len(part) == 1 for part in parts):
        table = np.stack([part[0] for part in parts])
        there = ~np.isnan(table)
        filled = np.where(there, table, 0.0) if holes else table
        if len(share) == 1:
            total = _accurate_sums(share[0], filled)
            known = (
                _accurate_sums(share[0], there)
                if holes
                else np.full_like(total, math.fsum(share[0].tolist()))
            )
        elif not holes:
            return np.asarray(share @ table)
        else:
            total, known = share @ filled, share @ there.astype(np.float64)
    else:
        draws = max(len(share), max(len(part) for part in parts))
        total = np.zeros((draws, parts[0].shape[1]))
        known = np.zeros((1, 1)) if not holes else np.zeros_like(total)
        for k, part in enumerate(parts):
            own = share[:, k, None]
            total += own * (np.where(np.isnan(part), 0.0, part) if holes else part)
            known = known + own * (~np.isnan(part) if holes else 1.0)
        if not holes:
            return total
    holes_stay = np.full_like(total, np.nan)
    return np.asarray(np.divide(total, known, out=holes_stay, where=known > 0.0))


def _accurate_sums(share: FloatArray, table: FloatArray | BoolArray) -> FloatArray:
    """Weighted sums of the rows of a table, rounded once, shape (1, n_columns).

    So they do not depend on the order of the rows.  Two-fold sums after Ogita, Rump and Oishi
    (2005), Accurate sum and dot product, algorithm 4.3 without its products,
    https://doi.org/10.1137/030601818 (not opened).
    """
    total, error = np.zeros(table.shape[1]), np.zeros(table.shape[1])
    for weight, row in zip(share, table, strict=True):
        term = weight * row
        new = total + term
        back = new - total
        error += (total - (new - back)) + (term - back)
        total = new
    return np.asarray((total + error)[None])


def _mazziotta_pareto(
    children: list[FloatArray], share: FloatArray, method: Aggregate
) -> FloatArray:
    """Mean less (or plus) variance over mean: a penalty for unbalanced units.

    De Muro, Mazziotta and Pareto (2011), Composite indices of development and poverty (not opened).
    """
    mean = weighted_mean(children, share)
    variance = weighted_mean([(child - mean) ** 2 for child in children], share)
    sign = -1.0 if method.penalty == "negative" else 1.0
    return np.asarray(mean + sign * variance / mean)


def _median(stack: FloatArray) -> FloatArray:
    there: BoolArray = ~np.isnan(stack)
    if there.all():
        return np.asarray(np.median(stack, axis=2))
    some: BoolArray = np.asarray(there.any(axis=2, keepdims=True))
    middle = np.nanmedian(np.where(some, stack, 0.0), axis=2)
    return np.where(some[:, :, 0], middle, np.nan)


def _in_blocks(
    stack: FloatArray,
    share: FloatArray,
    blocks: Sequence[IntArray],
    score_of: Callable[[FloatArray, FloatArray], FloatArray],
) -> FloatArray:
    draws = max(len(stack), len(share))
    result = np.full((draws, stack.shape[1]), np.nan)
    for draw in range(draws):
        values, part = stack[min(draw, len(stack) - 1)], share[min(draw, len(share) - 1)]
        for rows in blocks:
            result[draw, rows] = score_of(values[rows], part)
    return result
