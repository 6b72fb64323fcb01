"""Digital and green: sub-scores of indicators that stand in several pillars."""

from collections.abc import Iterator

import polars as pl

from karvan.case import Case
from karvan.runs.score_board import Board, Row, board_from
from karvan.runs.score_ranks import ranks_among, score_rows

TAGS = ("digital", "green")


def tag_rows(case: Case, board: Board, seed: int) -> Iterator[Row]:
    """Yield the rows of ``score_tags``.

    A tag is scored like a pillar whose children are the indicators that carry it, each with its
    weight of the framework; less than half of them, and there is no score.
    """
    year = case.settings.base_year
    for tag in TAGS:
        part = _as_pillar(case.table("indicators"), tag)
        if part.height > 1:
            tagged = board_from(
                part, board.units, year, board.cells, board.scales, board.panel, seed
            )
            for row in score_rows(tagged, tag, ranks_among(tagged, tag), year):
                yield {"tag": tag, **row}


def _as_pillar(framework: pl.DataFrame, tag: str) -> pl.DataFrame:
    """The tagged indicators below a pillar of the tag's name."""
    tagged = framework.filter(pl.col("level") == "indicator", pl.col(tag))
    root = pl.DataFrame([{"id": tag, "level": "pillar", "weight": 1.0}])
    leaves = tagged.with_columns(pl.lit(tag).alias("parent_id"))
    return pl.concat([root, leaves], how="diagonal").select(framework.columns)
