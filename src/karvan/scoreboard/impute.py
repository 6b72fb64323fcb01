"""Fill holes, and say how wide the filling may be off."""

import numpy as np

from karvan.scoreboard.model import NO_DATA, BoolArray, FloatArray, IntArray, Panel
from karvan.scoreboard.settings import Impute

LEAST_FOR_REGRESSION = 3
"""Pairs of values beyond the number of coefficients that a regression needs."""


def impute(panel: Panel, method: Impute) -> tuple[FloatArray, FloatArray]:
    """Return values and standard deviations for the cells that the method can fill.

    Parameters
    ----------
    panel : Panel
    method : Impute

    Returns
    -------
    value, spread : ndarray, shape (n_rows, n_indicators)
        NaN where there are data already or the method has nothing to go by.  The spread is that of
        a new value around the imputed one: of the group, of the regression's residuals, or of a
        random walk with the yearly changes seen in the indicator (own derivation, in docs).
    """
    if method.method in ("mean", "median"):
        return _central(panel, method)
    if method.method == "regression":
        return _regression(panel, method)
    return _over_years(panel, method)


def _blocks(panel: Panel, method: Impute) -> list[IntArray]:
    """Rows that fill each other's holes."""
    years = panel.rows_by_year() if method.over == "each_year" else [np.arange(panel.n_rows)]
    if not method.by:
        return years
    label = np.array(panel.group[method.by])
    return [rows[label[rows] == g] for rows in years for g in np.unique(label[rows])]


def _central(panel: Panel, method: Impute) -> tuple[FloatArray, FloatArray]:
    filled, spread = np.full_like(panel.value, np.nan), np.full_like(panel.value, np.nan)
    for rows in _blocks(panel, method):
        x = panel.value[rows]
        there = ~np.isnan(x)
        for j in np.flatnonzero(~there.all(axis=0) & there.any(axis=0)):
            known = x[there[:, j], j]
            holes = rows[~there[:, j]]
            middle = known.mean() if method.method == "mean" else np.median(known)
            filled[holes, j] = middle
            # One value says nothing about the spread of the group: the indicator's is wider.
            around = known if len(known) > 1 else panel.value[:, j][~np.isnan(panel.value[:, j])]
            sd = around.std(ddof=1) if len(around) > 1 else 0.0
            spread[holes, j] = sd * np.sqrt(1.0 + 1.0 / len(known))
    return filled, spread


def _regression(panel: Panel, method: Impute) -> tuple[FloatArray, FloatArray]:
    filled, spread = np.full_like(panel.value, np.nan), np.full_like(panel.value, np.nan)
    years = panel.rows_by_year() if method.over == "each_year" else [np.arange(panel.n_rows)]
    for rows in years:
        x = panel.value[rows]
        there = ~np.isnan(x)
        for j in np.flatnonzero(~there.all(axis=0)):
            for i in np.flatnonzero(~there[:, j]):
                found = _predict(x, there, int(i), int(j), method.predictors)
                if found is not None:
                    filled[rows[i], j], spread[rows[i], j] = found
    return filled, spread


def _predict(
    x: FloatArray, there: BoolArray, row: int, column: int, most: int
) -> tuple[float, float] | None:
    """Least squares on the indicators that the row has and that go best with the column."""
    strength = np.zeros(x.shape[1])
    for other in np.flatnonzero(there[row]):
        both = there[:, other] & there[:, column]
        if both.sum() > LEAST_FOR_REGRESSION + 1 and np.ptp(x[both, other]) > 0:
            pair = np.corrcoef(x[both, other], x[both, column])[0, 1]
            strength[other] = 0.0 if np.isnan(pair) else abs(pair)
    chosen = [int(k) for k in np.argsort(-strength, kind="stable")[:most] if strength[k] > 0]
    both = there[:, column] & there[:, chosen].all(axis=1)
    while chosen and both.sum() < len(chosen) + 1 + LEAST_FOR_REGRESSION:
        chosen.pop()
        both = there[:, column] & there[:, chosen].all(axis=1)
    if not chosen:
        return None
    middle = x[both][:, chosen].mean(axis=0)
    design = np.column_stack([np.ones(both.sum()), x[both][:, chosen] - middle])
    coefficient = np.linalg.lstsq(design, x[both, column], rcond=None)[0]
    residual = x[both, column] - design @ coefficient
    at = np.concatenate([[1.0], x[row, chosen] - middle])
    sd = np.sqrt(residual @ residual / (both.sum() - len(at)))
    leverage = at @ np.linalg.pinv(design.T @ design) @ at
    return float(at @ coefficient), float(sd * np.sqrt(1.0 + leverage))


def _over_years(panel: Panel, method: Impute) -> tuple[FloatArray, FloatArray]:
    filled, spread = np.full_like(panel.value, np.nan), np.full_like(panel.value, np.nan)
    step = _yearly_step(panel)
    unit = np.array(panel.unit)
    for name in dict.fromkeys(panel.unit):
        rows = np.flatnonzero(unit == name)
        rows = rows[np.argsort(panel.year[rows], kind="stable")]
        year = panel.year[rows].astype(np.float64)
        there = panel.status[rows] != NO_DATA
        for j in np.flatnonzero(there.any(axis=0) & ~there.all(axis=0)):
            known = there[:, j]
            holes = rows[~known]
            value, variance = _between(
                year[known], panel.value[rows[known], j], year[~known], method.method
            )
            filled[holes, j] = value
            spread[holes, j] = np.where(np.isnan(value), np.nan, step[j] * np.sqrt(variance))
    return filled, spread


def _between(
    year: FloatArray, value: FloatArray, at: FloatArray, method: str
) -> tuple[FloatArray, FloatArray]:
    """Values at other years, and the variance in steps of a random walk tied to the known ones."""
    after = np.searchsorted(year, at)
    before = after - 1
    has_before, has_after = before >= 0, after < len(year)
    last, following = np.maximum(before, 0), np.minimum(after, len(year) - 1)
    back, ahead = np.abs(at - year[last]), np.abs(year[following] - at)
    inside = has_before & has_after
    if method == "linear":
        # Beyond the first and the last known year the value is held.
        result = np.interp(at, year, value)
        bridge = back * ahead / np.where(inside, back + ahead, 1.0)
        return result, np.where(inside, bridge, np.where(has_before, back, ahead))
    result = np.where(has_before, value[last], np.nan)
    if method == "latest_then_next":
        result = np.where(has_before, result, value[following])
    return result, np.where(has_before, back, ahead)


def _yearly_step(panel: Panel) -> FloatArray:
    """Standard deviation of the change of each indicator in one year, over all units."""
    square, count = np.zeros(len(panel.indicator)), np.zeros(len(panel.indicator))
    unit = np.array(panel.unit)
    for name in dict.fromkeys(panel.unit):
        rows = np.flatnonzero(unit == name)
        rows = rows[np.argsort(panel.year[rows], kind="stable")]
        for j in range(len(panel.indicator)):
            known = rows[~np.isnan(panel.value[rows, j])]
            gap = np.diff(panel.year[known])
            square[j] += (np.diff(panel.value[known, j]) ** 2 / gap).sum()
            count[j] += len(gap)
    return np.sqrt(np.divide(square, count, out=np.zeros_like(square), where=count > 0))
