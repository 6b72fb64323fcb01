"""What the weights mean: correlations, reliability, and importance against nominal weight."""

import numpy as np
import polars as pl

from karvan.scoreboard.chain import Chain
from karvan.scoreboard.model import BoolArray, FloatArray

BANDWIDTHS = (0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0)
"""Of the kernel, in standard deviations of the child; one is chosen by leave-one-out."""

MOST_LEVERAGE = 1.0 - 1e-6

LEAST = 3
"""Pairs of values below which nothing is said about a relation."""


def correlations(chain: Chain) -> pl.DataFrame:
    """Return Pearson's correlation of every two elements over rows where both have data."""
    score, names = chain.score, chain.framework.element
    rows = [
        {
            "element": names[i],
            "other": names[j],
            "correlation": correlation_of(score[:, i], score[:, j]),
        }
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    return pl.DataFrame(rows, schema_overrides={"correlation": pl.Float64})


def correlation_of(x: FloatArray, y: FloatArray) -> float | None:
    """Return Pearson's correlation over rows where both have data; None where it says nothing."""
    both = both_known(x, y)
    if both.sum() < LEAST or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return None
    return float(np.corrcoef(x[both], y[both])[0, 1])


def both_known(x: FloatArray, y: FloatArray) -> BoolArray:
    """Tell in which rows both have data."""
    return np.asarray(~np.isnan(x) & ~np.isnan(y))


def cronbach_alpha(table: FloatArray) -> float | None:
    """Return Cronbach's alpha of the columns over complete rows; None where it is not defined.

    Cronbach (1951), Coefficient alpha and the internal structure of tests (not opened).
    """
    whole = table[~np.isnan(table).any(axis=1)]
    k = table.shape[1]
    if len(whole) < LEAST or k < 2:
        return None
    total = float(whole.sum(axis=1).var(ddof=1))
    if total == 0:
        return None
    return float(k / (k - 1) * (1.0 - whole.var(axis=0, ddof=1).sum() / total))


def reliability(chain: Chain) -> pl.DataFrame:
    """Return Cronbach's alpha of the children of each aggregate and of all indicators below it."""
    framework = chain.framework
    rows = [
        {
            "element": framework.element[node],
            "children_alpha": cronbach_alpha(chain.score[:, framework.children(node)]),
            "indicators_alpha": cronbach_alpha(chain.score[:, framework.leaves(node)]),
        }
        for node in framework.aggregates
    ]
    types = {"children_alpha": pl.Float64, "indicators_alpha": pl.Float64}
    return pl.DataFrame(rows, schema_overrides=types)


def correlation_ratio(x: FloatArray, y: FloatArray) -> float | None:
    """Return the share of the variance of y that its mean given x explains, in 0 to 1.

    Notes
    -----
    The mean given x is a local linear fit with a normal kernel whose width leave-one-out chooses,
    after Paruolo, Saisana and Saltelli (2013), Ratings and rankings: voodoo or science?,
    https://doi.org/10.1111/j.1467-985X.2012.01059.x (not opened).
    """
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[both], y[both]
    if len(x) < LEAST + 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    z = (x - x.mean()) / x.std()
    gap = z[None, :] - z[:, None]
    best, error = y, np.inf
    for width in BANDWIDTHS:
        kernel = np.exp(-0.5 * (gap / width) ** 2)
        s0, s1, s2 = kernel.sum(1), (kernel * gap).sum(1), (kernel * gap**2).sum(1)
        determinant = s0 * s2 - s1**2
        if (determinant <= 1e-10 * s0 * s2 + 1e-300).any():
            continue
        smoother = kernel * (s2[:, None] - s1[:, None] * gap) / determinant[:, None]
        leverage = np.diag(smoother)
        if (leverage > MOST_LEVERAGE).any():
            # A point that nothing else tells of: what leaving it out costs is lost in rounding.
            continue
        fit = smoother @ y
        loss = float((((y - fit) / (1.0 - leverage)) ** 2).mean())
        if loss < error:
            best, error = fit, loss
    if not np.isfinite(error):
        return float(np.corrcoef(x, y)[0, 1] ** 2)
    return float(min(best.var() / y.var(), 1.0))


def overlap_weights(chain: Chain, least: int = LEAST) -> FloatArray:
    """Return shares among siblings that count what siblings share only once.

    The nominal share of each is divided by the sum of its squared correlations with all siblings,
    itself among them: of k siblings that are the same each gets a k-th, one that goes with no
    other keeps its share.  Correlations below zero are no overlap.

    Parameters
    ----------
    chain : Chain
    least : int
        Rows with both scores below which a correlation is not known and counts as none.

    Returns
    -------
    ndarray, shape (n_elements,)

    Notes
    -----
    Own rule; the handbook of OECD and JRC (2008, not opened) asks for such weights and leaves open
    which.
    """
    framework, weight = chain.framework, chain.weight.copy()
    for node in framework.aggregates:
        kids = framework.children(node)
        for k in kids:
            shared = 1.0
            for other in kids:
                x, y = chain.score[:, k], chain.score[:, other]
                pair = correlation_of(x, y) if both_known(x, y).sum() >= least else None
                if other != k and pair is not None and pair > 0.0:
                    shared += pair**2
            weight[k] = chain.weight[k] / shared
    return framework.shares(weight)


def importance(chain: Chain) -> pl.DataFrame:
    """Return what share each child has in its parent by weight, and by what it explains.

    Returns
    -------
    DataFrame
        element, parent, weight_share, effective_weight, r_squared (linear), correlation_ratio (S),
        importance_share (S divided by the sum of the siblings') and ratio of that to the weight's.
    """
    framework, rows = chain.framework, []
    effective = framework.effective_weights(chain.weight)
    for node in framework.aggregates:
        kids = framework.children(node)
        ratios = [correlation_ratio(chain.score[:, k], chain.score[:, node]) for k in kids]
        total = sum(r for r in ratios if r is not None)
        for child, ratio in zip(kids, ratios, strict=True):
            linear = correlation_of(chain.score[:, child], chain.score[:, node])
            share = None if ratio is None or total == 0 else ratio / total
            weight = float(chain.weight[child])
            rows.append(
                {
                    "element": framework.element[child],
                    "parent": framework.element[node],
                    "weight_share": weight,
                    "effective_weight": float(effective[child]),
                    "r_squared": None if linear is None else linear**2,
                    "correlation_ratio": ratio,
                    "importance_share": share,
                    "importance_to_weight": None if not weight or share is None else share / weight,
                }
            )
    numbers = ("r_squared", "correlation_ratio", "importance_share", "importance_to_weight")
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(numbers, pl.Float64))
