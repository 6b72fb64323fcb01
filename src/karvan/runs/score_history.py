"""Scores of earlier years on the scales of today, and what changed them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.runs.score_board import (
    Board,
    Engine,
    Row,
    engine_of,
    interval_of,
    none,
    reasons,
    with_rule,
    without_short_pillars,
)
from karvan.runs.score_cells import OBSERVED_NOW, Count, Known, counts_of, data_cells, leaves_of
from karvan.scoreboard.chain import Chain
from karvan.scoreboard.decompose import decompose
from karvan.scoreboard.model import FloatArray
from karvan.scoreboard.settings import Aggregate

DECOMPOSED = ("index", "pillar")
"""Levels whose changes are taken apart."""

Reasons = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Scores of pairs by year, from data alone.

    What a run computes is of the run's year only, so its indicators are left out in all years,
    the last one among them.

    Attributes
    ----------
    framework : DataFrame
        Without indicators of kind ``run``.
    years : tuple of int
        Years in which some pair has a score of some pillar.
    cells, counts, reason : mapping
        By year.
    engine : Engine or None
    chain : Chain or None
        Nominal scores of pair-years, where the rule of half gives one; its weights.
    draws : ndarray, shape (n_draws, n_pair_years, n_aggregates)
    """

    framework: pl.DataFrame
    years: tuple[int, ...]
    cells: Mapping[int, Known]
    counts: Mapping[int, Mapping[tuple[str, str], Count]]
    reason: Mapping[int, Reasons]
    engine: Engine | None
    chain: Chain | None
    draws: FloatArray


def history_of(case: Case, board: Board, seed: int) -> History:
    """Return the scores of the years up to the base year, on the scales of the board."""
    framework = _of_data(case.table("indicators"))
    pillars = framework.filter(pl.col("level") == "pillar")["id"].to_list()
    last = case.settings.base_year
    first = board.panel["year"].min() if board.panel.height else last
    cells: dict[int, Known] = {}
    counts: dict[int, Mapping[tuple[str, str], Count]] = {}
    reason: dict[int, Reasons] = {}
    for year in range(int(str(first)), last + 1):
        known = data_cells(framework, board.panel, year)
        count = counts_of(framework, board.units, known, board.scales)
        if any(count[unit, pillar].enough for unit in board.units for pillar in pillars):
            counts[year], reason[year] = count, reasons(framework, board.units, count)
            cells[year] = known
    scored = {y: without_short_pillars(framework, c, reason[y]) for y, c in cells.items()}
    engine = engine_of(framework, scored, board.scales, board.units, seed) if scored else None
    if engine is None:
        return History(framework, (), {}, {}, {}, None, None, np.empty((0, 0, 0)))
    chain = with_rule(engine.chain, [reason[int(y)] for y in engine.chain.panel.year])
    hole = np.isnan(chain.score[:, chain.framework.n_indicators :])
    draws = np.where(hole, np.nan, engine.draws(seed))
    return History(framework, tuple(cells), cells, counts, reason, engine, chain, draws)


def _of_data(framework: pl.DataFrame) -> pl.DataFrame:
    """The framework without what a run computes, and without groups of nothing else."""
    kept = framework.filter(pl.col("kind").fill_null("") != "run")
    leaves = leaves_of(kept)
    return kept.filter(
        (pl.col("level") == "indicator")
        | pl.col("id").is_in([group for group, below in leaves.items() if below])
    )


def year_rows(history: History) -> Iterator[Row]:
    """Yield the rows of ``score_years``."""
    chain = history.chain
    if chain is None:
        return
    level = dict(history.framework.select("id", "level").iter_rows())
    leaves = leaves_of(history.framework)
    low, high = interval_of(history.draws)
    place = {name: k for k, name in enumerate(chain.framework.aggregate)}
    n = chain.framework.n_indicators
    for row, (unit, when) in enumerate(zip(chain.panel.unit, chain.panel.year, strict=True)):
        year = int(when)
        cells = history.cells[year]
        for element, below in leaves.items():
            count, at = history.counts[year][unit, element], place.get(element)
            of_the_year = [
                leaf for leaf in below if (unit, leaf) in cells
                and cells[unit, leaf].status == OBSERVED_NOW
            ]  # fmt: skip
            shown: Row = dict.fromkeys(("score", "score_low", "score_high"))
            if at is not None:
                shown = {
                    "score": none(chain.score[row, n + at]),
                    "score_low": none(low[row, at]),
                    "score_high": none(high[row, at]),
                }
            yield {
                "unit_id": unit,
                "element_id": element,
                "year": year,
                "level": level[element],
                **shown,
                "indicators": count.indicators,
                "known": count.known,
                "observed": len(of_the_year),
                "coverage_share": count.known / count.indicators,
                "reason": history.reason[year].get((unit, element)),
            }


def change_rows(history: History) -> Iterator[Row]:
    """Yield the rows of ``score_changes``: parts of each change from one year to the next."""
    chain, engine = history.chain, history.engine
    if chain is None or engine is None:
        return
    level = dict(history.framework.select("id", "level").iter_rows())
    at = {
        (unit, int(year)): row
        for row, (unit, year) in enumerate(zip(chain.panel.unit, chain.panel.year, strict=True))
    }
    elements = [name for name in chain.framework.aggregate if level[name] in DECOMPOSED]
    for (unit, year), row in at.items():
        before = at.get((unit, year - 1))
        if before is None:
            continue
        for element in elements:
            node = chain.framework.position(element)
            if np.isnan(chain.score[[before, row], node]).any():
                continue
            parts = decompose(engine.chain, Aggregate(), unit, year - 1, year, element)
            for part, kind, points in parts.select("element", "part", "contribution").iter_rows():
                if points != 0.0:
                    yield {
                        "unit_id": unit,
                        "element_id": element,
                        "year": year,
                        "part_id": part,
                        "kind": kind,
                        "contribution": points,
                    }
