"""Digital and green: sub-scores of indicators that stand in several pillars."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.runs.score_board import (
    BELOW_HALF,
    DRAWS,
    Board,
    Row,
    engine_of,
    interval_of,
    none,
)
from karvan.runs.score_cells import Count
from karvan.runs.score_ranks import LEAST_RANKED, rank_columns
from karvan.scoreboard.statistics import score_ranks
from karvan.scoreboard.uncertainty import ranks_of

TAGS = ("digital", "green")


def tag_rows(case: Case, board: Board, seed: int) -> Iterator[Row]:
    """Yield the rows of ``score_tags``.

    A tag is scored like a pillar whose children are the indicators that carry it, each with its
    weight of the framework; less than half of them, and there is no score.
    """
    for tag in TAGS:
        part = _as_pillar(case.table("indicators"), tag)
        if part.height > 1:
            yield from _rows(case, board, tag, part, seed)


def _as_pillar(framework: pl.DataFrame, tag: str) -> pl.DataFrame:
    """The tagged indicators below a pillar of the tag's name."""
    tagged = framework.filter(pl.col("level") == "indicator", pl.col(tag))
    root = pl.DataFrame([{"id": tag, "level": "pillar", "weight": 1.0}])
    leaves = tagged.with_columns(pl.lit(tag).alias("parent_id"))
    return pl.concat([root, leaves], how="diagonal").select(framework.columns)


def _rows(case: Case, board: Board, tag: str, part: pl.DataFrame, seed: int) -> Iterator[Row]:
    leaves = part.filter(pl.col("level") == "indicator")["id"].to_list()
    counts = {
        unit: Count(
            len(leaves),
            sum((unit, leaf) in board.cells and leaf in board.scales for leaf in leaves),
        )
        for unit in board.units
    }
    enough = tuple(unit for unit in board.units if counts[unit].enough)
    score, draws = np.full(len(board.units), np.nan), np.full((DRAWS, len(board.units)), np.nan)
    cells = {case.settings.base_year: board.cells}
    engine = engine_of(part, cells, board.scales, enough, seed) if enough else None
    if engine is not None:
        at = [board.units.index(unit) for unit in engine.chain.panel.unit]
        score[at], draws[:, at] = engine.chain.score[:, -1], engine.draws(seed)[:, :, -1]
    low, high = interval_of(draws)
    there = np.flatnonzero(~np.isnan(score))
    ranked = ranks_of(draws[:, there], there) if len(there) >= LEAST_RANKED else None
    rank = score_ranks(score)
    for i, unit in enumerate(board.units):
        yield {
            "unit_id": unit,
            "tag": tag,
            "year": case.settings.base_year,
            "score": none(score[i]),
            "score_low": none(low[i]),
            "score_high": none(high[i]),
            **rank_columns(ranked, i, float(rank[i])),
            "indicators": counts[unit].indicators,
            "known": counts[unit].known,
            "coverage_share": counts[unit].known / counts[unit].indicators,
            "reason": None if counts[unit].enough else BELOW_HALF,
        }
