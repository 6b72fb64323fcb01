"""What changed between the scores of two runs: which pillar, by what, and is it more than noise."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from karvan.case.results import Results
from karvan.evidence.indicators import pillar_of
from karvan.runs.compare import differs
from karvan.runs.score_board import Board, board_again, interval_of, none
from karvan.scoreboard.model import FloatArray

LEAST_POINTS = 0.05
"""Smaller changes of a score of 0 to 100 are not shown."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """What a part moves a score by: an indicator of a pillar, or a pillar of the index."""

    element_id: str
    points: float


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A score of a pair in both runs.

    Attributes
    ----------
    unit_id, element_id : str
    before, after : Row
        Rows of the table ``scores``.
    parts : tuple of Part
        Largest first; together the change, where both runs have a score.
    low, high : float or None
        Interval of the change over draws that both runs share; None where one has no score.
    """

    unit_id: str
    element_id: str
    before: Row
    after: Row
    parts: tuple[Part, ...]
    low: float | None
    high: float | None

    @property
    def points(self) -> float | None:
        """After minus before; None where a run has no score."""
        old, new = self.before["score"], self.after["score"]
        return None if old is None or new is None else float(new - old)

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval of the change lies on one side of zero."""
        return self.low is not None and self.high is not None and self.low * self.high > 0.0


def compare_scores(before: Results, after: Results) -> tuple[ScoreChange, ...]:
    """Return the pillars and indexes whose score differs, the largest change first.

    Pairs and elements of both runs are compared; scores that appear or vanish come last.  The
    interval of a change is that of the differences draw by draw: both runs see the same weights,
    means and errors of what was carried on, which therefore cancel.
    """
    framework = after.table("input_indicators")
    pillar = pillar_of(framework)
    old, new = (_scores(run.table("scores")) for run in (before, after))
    points = [_points(run.table("score_cells")) for run in (before, after)]
    shares = _shares_of_pillars(framework)
    ends = _paired(before, after)
    found = []
    for key, row in new.items():
        if key not in old or not _moved(old[key]["score"], row["score"]):
            continue
        unit, element = key
        if row["level"] == "index":
            parts = list(_by_pillar(unit, shares, old, new))
        else:
            parts = list(_by_indicator(unit, element, pillar, points))
        parts.sort(key=lambda part: (-abs(part.points), part.element_id))
        low, high = ends.get(key, (None, None))
        found.append(ScoreChange(unit, element, old[key], row, tuple(parts), low, high))
    return tuple(sorted(found, key=lambda change: -abs(change.points or 0.0)))


def _paired(
    before: Results, after: Results
) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """Intervals of the differences of draws of both runs, by pair and element.

    Both are drawn anew with the seed of the first: a run with another seed drew other weights.
    """
    seed = int(before.manifest["seed"])
    old, new = (board_again(run, seed) for run in (before, after))
    if old is None or new is None:
        return {}
    units = [unit for unit in old.units if unit in new.units]
    elements = [element for element in old.elements if element in new.elements]
    low, high = interval_of(_draws(new, units, elements) - _draws(old, units, elements))
    return {
        (unit, element): (none(low[i, j]), none(high[i, j]))
        for i, unit in enumerate(units)
        for j, element in enumerate(elements)
    }


def _draws(board: Board, units: list[str], elements: list[str]) -> FloatArray:
    rows = [board.units.index(unit) for unit in units]
    columns = [board.elements.index(element) for element in elements]
    return board.draws[:, rows][:, :, columns]


def _moved(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return (old is None) != (new is None)
    return abs(new - old) >= LEAST_POINTS


def _scores(table: pl.DataFrame) -> dict[tuple[str, str], Row]:
    shown = table.filter(pl.col("level").is_in(["index", "pillar"]))
    return {(row["unit_id"], row["element_id"]): row for row in shown.iter_rows(named=True)}


def _points(table: pl.DataFrame) -> dict[tuple[str, str], float]:
    """What each indicator adds to the score of its pillar."""
    there = table.drop_nulls(["weight_share", "normalised"])
    return {
        (unit, indicator): weight * value
        for unit, indicator, weight, value in there.select(
            "unit_id", "indicator_id", "weight_share", "normalised"
        ).iter_rows()
    }


def _shares_of_pillars(framework: pl.DataFrame) -> dict[str, float]:
    pillars = framework.filter(pl.col("level") == "pillar")
    total = float(pillars["weight"].sum())
    return {name: weight / total for name, weight in pillars.select("id", "weight").iter_rows()}


def _by_pillar(
    unit: str,
    shares: Mapping[str, float],
    old: Mapping[tuple[str, str], Row],
    new: Mapping[tuple[str, str], Row],
) -> Iterator[Part]:
    for name, share in shares.items():
        pair = [rows[unit, name]["score"] for rows in (old, new) if (unit, name) in rows]
        if len(pair) == len((old, new)) and None not in pair and differs(pair[0], pair[1]):
            yield Part(name, share * (pair[1] - pair[0]))


def _by_indicator(
    unit: str,
    element: str,
    pillar: Mapping[str, str],
    points: list[dict[tuple[str, str], float]],
) -> Iterator[Part]:
    for name, above in pillar.items():
        old, new = (run.get((unit, name), 0.0) for run in points)
        if above == element and differs(old, new):
            yield Part(name, new - old)
