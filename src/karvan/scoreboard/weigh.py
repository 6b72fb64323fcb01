"""Weights of siblings."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from karvan.errors import Problem, ScoreboardError, did_you_mean
from karvan.scoreboard.aggregate import aggregate
from karvan.scoreboard.model import FloatArray, Framework, IntArray
from karvan.scoreboard.settings import Aggregate, Weigh

MOST_ROUNDS = 60
MOST_DAMPING = 1e6
MOST_CHANGE = 12.0
"""Of the logarithm of a weight: beyond it a child is in or out, and the search leads nowhere."""

LEAST_GAIN = 1e-4
"""Share by which a step must shrink the sum of squares to be followed by another."""

STEP = 1e-6
"""Of a logarithm, for slopes."""
CLOSE = 1e-10
"""Largest difference of a correlation from its target at which weights are taken as found."""

LOADING = 1e-9
"""Loadings below this are zero up to rounding."""


def weights(
    framework: Framework,
    values: FloatArray,
    method: Weigh,
    mean: Aggregate,
    blocks: Sequence[IntArray],
) -> tuple[FloatArray, list[str]]:
    """Return the weight of each element, and notes on how it came about.

    Parameters
    ----------
    framework : Framework
    values : ndarray, shape (n_rows, n_indicators)
        Normalised.
    method : Weigh
    mean : Aggregate
        How scores come about that PCA and equal importance look at.
    blocks : sequence of ndarray
        Rows of each year.

    Raises
    ------
    ScoreboardError
        PCA loadings of mixed sign, or points of experts that do not fit the framework.
    """
    if method.method == "given":
        return framework.weight.copy(), []
    if method.method == "equal":
        return np.ones(len(framework.element)), []
    if method.method == "budget":
        return _budget(framework, method.budget)
    weight = framework.weight.copy()
    levels = method.levels or list(range(2, framework.depth + 1))
    wrong = [level for level in levels if not 2 <= level <= framework.depth]
    if wrong:
        expected = f"levels from 2, above the indicators, to {framework.depth}, the index"
        found = ", ".join(str(level) for level in wrong)
        raise ScoreboardError([Problem("scoreboard.weigh.levels", "weigh.levels", found, expected)])
    notes = []
    if method.method == "pca":
        for level in sorted(levels):
            weight, told = _pca(framework, values, weight, mean, blocks, level)
            notes += told
    else:
        for level in sorted(levels):
            weight, gap = adjust(framework, values, weight, mean, blocks, level)
            notes.append(told_gap(framework, level, gap))
    return weight, notes


def _pca(
    framework: Framework,
    values: FloatArray,
    weight: FloatArray,
    mean: Aggregate,
    blocks: Sequence[IntArray],
    level: int,
) -> tuple[FloatArray, list[str]]:
    scores = _all_scores(framework, values, weight, mean, blocks)
    weight, notes = weight.copy(), []
    problems: list[Problem] = []
    for node in np.flatnonzero(framework.level == level):
        kids = framework.children(int(node))
        try:
            weight[kids] = _loadings(framework, int(node), scores[:, kids])
        except ScoreboardError as error:
            problems += error.problems
        notes.append(f"{framework.element[node]}: loadings of the first component")
    if problems:
        raise ScoreboardError(problems)
    return weight, notes


def _all_scores(
    framework: Framework,
    values: FloatArray,
    weight: FloatArray,
    mean: Aggregate,
    blocks: Sequence[IntArray],
) -> FloatArray:
    above = aggregate(framework, values[None], weight[None], mean, blocks)[0]
    return np.concatenate([values, above], axis=1)


def _loadings(framework: Framework, node: int, table: FloatArray) -> FloatArray:
    """Loadings of the first principal component of standardised children, all of one sign."""
    whole = table[~np.isnan(table).any(axis=1)]
    names = [framework.element[k] for k in framework.children(node)]
    if len(names) == 1:
        return np.ones(1)
    where = f"children of {framework.element[node]}"
    if len(whole) < 3 or (whole.std(axis=0) == 0).any():
        raise _refused(where, "fewer than 3 complete rows, or a constant child", "rows that differ")
    z = (whole - whole.mean(axis=0)) / whole.std(axis=0, ddof=1)
    loading = np.linalg.svd(z, full_matrices=False)[2][0]
    loading *= 1.0 if loading.sum() >= 0 else -1.0
    negative = [f"{n} {v:.3f}" for n, v in zip(names, loading, strict=True) if v < -LOADING]
    if negative:
        raise _refused(
            where,
            f"loadings of the first component of mixed sign: {', '.join(negative)}",
            "loadings of one sign, as a negative weight would reward what is worse",
        )
    return np.asarray(np.maximum(loading, 0.0))


def _refused(where: str, found: str, expected: str) -> ScoreboardError:
    hint = "use given or equal weights there (weigh.levels), or split the pillar"
    return ScoreboardError([Problem("scoreboard.weigh.pca", where, found, expected, hint)])


def _budget(
    framework: Framework, budget: Mapping[str, Mapping[str, float]]
) -> tuple[FloatArray, list[str]]:
    """Mean over experts of the share of points each gave to an element among its siblings."""
    problems = []
    known = framework.element
    for expert, points in budget.items():
        for element, value in points.items():
            where = f"weigh.budget.{expert}.{element}"
            if element not in known:
                hint = did_you_mean(element, known)
                found = f"'{element}'"
                problems.append(
                    Problem("scoreboard.weigh.element", where, found, "an element", hint)
                )
            elif value < 0:
                problems.append(
                    Problem("scoreboard.weigh.negative", where, f"{value:g}", "points >= 0")
                )
    if not budget:
        problems.append(
            Problem("scoreboard.weigh.budget", "weigh.budget", "no expert", "points by expert")
        )
    if problems:
        raise ScoreboardError(problems)
    weight = framework.weight.copy()
    notes = []
    for node in framework.aggregates:
        kids = framework.children(node)
        rows = [[points.get(known[k], 0.0) for k in kids] for points in budget.values()]
        table = np.array([row for row in rows if sum(row) > 0])
        if len(table):
            weight[kids] = (table / table.sum(axis=1, keepdims=True)).mean(axis=0)
        else:
            notes.append(f"{known[node]}: no expert gave points to its children, weights as given")
    return weight, notes


def correlations_with(scores: FloatArray, kids: IntArray, target: int) -> FloatArray:
    """Return correlations of children with an aggregate, shape (n_children,)."""
    result = np.zeros(len(kids))
    for k, child in enumerate(kids):
        both = ~np.isnan(scores[:, child]) & ~np.isnan(scores[:, target])
        result[k] = np.corrcoef(scores[both, child], scores[both, target])[0, 1]
    return result


def adjust(
    framework: Framework,
    values: FloatArray,
    weight: FloatArray,
    mean: Aggregate,
    blocks: Sequence[IntArray],
    level: int,
    target: FloatArray | None = None,
) -> tuple[FloatArray, float]:
    """Return weights of the elements below `level` whose importance for the index is as wanted.

    Parameters
    ----------
    framework, values, weight, mean, blocks
        As in :func:`weights`; `weight` is the start.
    level : int
        Level of the parents: 2 adjusts indicators.
    target : ndarray, shape (n_elements,), optional
        Wanted importance, in ratios among siblings, since only their weights trade off; equal
        without it.

    Returns
    -------
    weight : ndarray, shape (n_elements,)
    gap : float
        Largest miss of a correlation; the target is reached where it is at most `CLOSE`.

    Notes
    -----
    Importance is the squared correlation with the index; correlations are brought to the square
    roots of the wanted importance among siblings, by Levenberg and Marquardt's method on the
    logarithms of the weights, which stay positive.
    """
    _require_target(framework, level, target)
    families = [framework.children(int(p)) for p in np.flatnonzero(framework.level == level)]
    kids = np.concatenate(families)
    ends = np.cumsum([len(family) for family in families])[:-1]
    aim = np.ones(len(framework.element)) if target is None else np.sqrt(target)
    wanted = [aim[family] / aim[family].sum() for family in families]

    def missed(change: FloatArray) -> FloatArray:
        now = weight.copy()
        now[kids] *= np.exp(change)
        scores = _all_scores(framework, values, now, mean, blocks)
        found = np.split(correlations_with(scores, kids, len(framework.element) - 1), ends)
        pairs = zip(found, wanted, strict=True)
        return np.concatenate([part - share * part.sum() for part, share in pairs])

    change, gap = _least_squares(missed, len(kids))
    best = weight.copy()
    best[kids] *= np.exp(change)
    return framework.shares(best), gap


def told_gap(framework: Framework, level: int, gap: float) -> str:
    """Return in words whether :func:`adjust` reached its target, and how far off it is."""
    reached = "reached" if gap <= CLOSE else "NOT reached"
    names = ", ".join(framework.element[p] for p in np.flatnonzero(framework.level == level))
    found = f"correlations off by {gap:.1e} at most"
    return f"children of {names}: target importance {reached}, {found}"


def _require_target(framework: Framework, level: int, target: FloatArray | None) -> None:
    problems = []
    if not 2 <= level <= framework.depth:
        expected = f"a level from 2, above the indicators, to {framework.depth}, the index"
        problems.append(Problem("scoreboard.weigh.levels", "level", str(level), expected))
    if target is not None:
        shape = (len(framework.element),)
        if np.shape(target) != shape:
            found, expected = f"shape {np.shape(target)}", f"shape {shape}, one for each element"
            problems.append(Problem("scoreboard.weigh.target", "target", found, expected))
        elif not (np.isfinite(target).all() and (np.asarray(target) > 0.0).all()):
            found, expected = "numbers of zero or less, or none", "importance above zero"
            problems.append(Problem("scoreboard.weigh.target", "target", found, expected))
    if problems:
        raise ScoreboardError(problems)


def _least_squares(missed: Callable[[FloatArray], FloatArray], n: int) -> tuple[FloatArray, float]:
    """Point with the least sum of squares, and its largest miss; starts at zero."""
    at, damping = np.zeros(n), 1e-2
    now = missed(at)
    for _ in range(MOST_ROUNDS):
        if np.abs(now).max() <= CLOSE or damping > MOST_DAMPING:
            break
        slope = np.stack([(missed(at + STEP * e) - now) / STEP for e in np.eye(n)], axis=1)
        normal, pull = slope.T @ slope, slope.T @ now
        while damping <= MOST_DAMPING:
            step = np.linalg.solve(normal + damping * np.eye(n), -pull)
            trial = np.clip(at + step, -MOST_CHANGE, MOST_CHANGE)
            then = missed(trial)
            if then @ then < now @ now:
                # A target out of reach: what is left hardly shrinks.
                stuck = then @ then > (1.0 - LEAST_GAIN) * (now @ now)
                at, now, damping = trial, then, damping / 10.0
                if stuck:
                    return at, float(np.abs(now).max())
                break
            damping *= 10.0
    return at, float(np.abs(now).max())
