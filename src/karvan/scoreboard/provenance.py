"""From a score down to each cell: value at every step, status, source."""

import numpy as np
import polars as pl

from karvan.errors import Problem, ScoreboardError, did_you_mean
from karvan.scoreboard.chain import Chain
from karvan.scoreboard.model import (
    IMPUTED,
    NO_YEAR,
    OBSERVED,
    TRANSFORMED,
    WINSORISED,
    Panel,
)


def status_words(flag: int) -> str:
    """Return the status of a cell in words."""
    words = [
        word
        for bit, word in (
            (OBSERVED, "observed"),
            (IMPUTED, "imputed"),
            (WINSORISED, "winsorised"),
            (TRANSFORMED, "transformed"),
        )
        if flag & bit
    ]
    return ", ".join(words) or "no data"


def trace(chain: Chain, unit: str, element: str = "", year: int = NO_YEAR) -> pl.DataFrame:
    """Return the cells that a score comes from.

    Parameters
    ----------
    chain : Chain
    unit : str
    element : str
        An element of the framework; the index without it.
    year : int
        Needed where the data have years; the last one without it.

    Returns
    -------
    DataFrame
        A row an indicator: its pillar, weight in the element, value in each stage (raw,
        denominated ... normalised), status and source.

    Raises
    ------
    ScoreboardError
        Unknown unit, year or element.
    """
    framework, panel = chain.framework, chain.panel
    node = len(framework.element) - 1
    if element:
        if element not in framework.element:
            hint = did_you_mean(element, framework.element)
            raise _unknown(element, "an element of the framework", hint)
        node = framework.position(element)
    year = year or panel.years[-1]
    row = _row_of(panel, unit, year)
    if row is None:
        hint = did_you_mean(unit, sorted(set(panel.unit)))
        found = f"{unit} {year}" if year else unit
        raise _unknown(found, "a unit with a row in that year", hint)
    inside = framework.effective_weights(chain.weight)
    columns = framework.leaves(node)
    # Weight of the leaf in the index over that of the element: its weight in the element.
    share = inside[columns] / inside[node] if inside[node] > 0 else np.full(len(columns), np.nan)
    result: dict[str, object] = {
        "indicator": [framework.element[j] for j in columns],
        "parent": [framework.element[framework.parent[j]] for j in columns],
        "weight": share,
    }
    for stage, table in chain.stages.items():
        at = _row_of(table, unit, year)
        place = {name: k for k, name in enumerate(table.indicator)}
        values = [
            None if at is None or np.isnan(v := table.value[at, place[framework.element[j]]])
            else float(v)
            for j in columns
        ]  # fmt: skip
        result[stage] = pl.Series(values, dtype=pl.Float64)
    result["status"] = [status_words(int(panel.status[row, j])) for j in columns]
    result["source"] = [
        None if panel.source is None else str(panel.source[row, j]) or None for j in columns
    ]
    return pl.DataFrame(result)


def _row_of(panel: Panel, unit: str, year: int) -> int | None:
    for row in np.flatnonzero(panel.year == year):
        if panel.unit[row] == unit:
            return int(row)
    return None


def _unknown(found: str, expected: str, hint: str) -> ScoreboardError:
    problem = Problem("scoreboard.trace.unknown", "provenance", f"'{found}'", expected, hint)
    return ScoreboardError([problem])
