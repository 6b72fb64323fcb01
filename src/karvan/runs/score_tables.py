"""The five pillars of a case as result tables: scores with intervals, cells, what moves them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import polars as pl

from karvan.case import Case
from karvan.case.results import result_frame
from karvan.runs.score_board import (
    DRAWS,
    INTERVAL,
    Board,
    Row,
    board_of,
)
from karvan.runs.score_cells import CARRIED_YEARS, Cell, leaves_of, share_of_scale
from karvan.runs.score_history import History, change_rows, history_of, year_rows
from karvan.runs.score_ranks import (
    Ranks,
    chance_rows,
    rank_rows,
    ranks_by_element,
    score_rows,
    sensitivities,
    sensitivity_rows,
    tie_rows,
    unit_sensitivity_rows,
)
from karvan.runs.score_structure import (
    correlation_rows,
    importance_rows,
    reliability_rows,
    removal_rows,
    weighting_rows,
)
from karvan.runs.score_tags import tag_rows

TABLES = (
    "scoreboard",
    "scores",
    "score_cells",
    "score_ranks",
    "score_chances",
    "score_ties",
    "score_tags",
    "score_years",
    "score_changes",
    "score_correlations",
    "score_importance",
    "score_reliability",
    "score_weightings",
    "score_removals",
    "score_sensitivity",
    "score_unit_sensitivity",
)


def score_tables(
    case: Case, progress: Callable[[float], None], tables: Mapping[str, pl.DataFrame], seed: int
) -> Mapping[str, pl.DataFrame]:
    """Return the tables of the scoreboard; empty ones for a case without.

    Parameters
    ----------
    case : Case
    progress : callable
    tables : mapping of str to DataFrame
        Result tables ``itineraries``, ``legs`` and ``bottlenecks`` of the run.
    seed : int
        Of the draws; two runs with the same seed draw the same weights.
    """
    if not case.table("indicators").height or not case.table("units").height:
        return {name: result_frame(name, []) for name in TABLES}
    board = board_of(case, tables, seed)
    progress(0.2)
    history = history_of(case, board, seed)
    progress(0.5)
    ranks = ranks_by_element(case, board)
    importances = list(importance_rows(case, board, history))
    rows: dict[str, list[Row]] = {
        "scoreboard": [_summary(case, board, history)],
        "scores": list(_scores(case, board, ranks)),
        "score_cells": list(_cells(case, board)),
        "score_ranks": list(rank_rows(case, board, ranks)),
        "score_chances": list(chance_rows(case, board, ranks)),
        "score_ties": list(tie_rows(case, board, ranks)),
        "score_tags": list(tag_rows(case, board, seed)),
        "score_years": list(year_rows(history)),
        "score_changes": list(change_rows(history)),
        "score_correlations": list(correlation_rows(case, board, history)),
        "score_importance": importances,
        "score_reliability": list(reliability_rows(case, board, history)),
        "score_weightings": list(weighting_rows(case, board, importances)),
        "score_removals": list(removal_rows(case, board)),
    }
    progress(0.7)
    moved = sensitivities(case, board, ranks, seed)
    rows["score_sensitivity"] = list(sensitivity_rows(case, moved))
    rows["score_unit_sensitivity"] = list(unit_sensitivity_rows(case, board, ranks, moved))
    return {name: result_frame(name, rows[name]) for name in TABLES}


def _summary(case: Case, board: Board, history: History) -> Row:
    leaves = case.table("indicators").filter(pl.col("level") == "indicator")["id"]
    pairs = Counter(leaf for _, leaf in board.cells)
    factors = board.engine.space.factors if board.engine else ()
    return {
        "year": case.settings.base_year,
        "run_year": case.year,
        "units": len(board.units),
        "indicators": len(leaves),
        "first_year": min(history.years, default=case.settings.base_year),
        "carried_years": CARRIED_YEARS,
        "draws": DRAWS,
        "interval_share": INTERVAL,
        "factors": ";".join(factor.name for factor in factors),
        "without_data": ";".join(leaf for leaf in leaves if leaf not in pairs),
        "without_scale": ";".join(
            leaf for leaf in leaves if leaf in pairs and leaf not in board.scales
        ),
        "one_pair": ";".join(leaf for leaf in leaves if pairs[leaf] == 1),
    }


def _scores(case: Case, board: Board, ranks: Ranks) -> Iterator[Row]:
    level = dict(case.table("indicators").select("id", "level").iter_rows())
    for element in board.elements:
        place = {"element_id": element, "level": level[element]}
        for row in score_rows(board, element, ranks.get(element), case.settings.base_year):
            yield {**place, **row}


def _cells(case: Case, board: Board) -> Iterator[Row]:
    rows = case.table("indicators").filter(pl.col("level") == "indicator").to_dicts()
    share = _weights(case, board)
    for unit in board.units:
        for row in rows:
            cell = board.cells.get((unit, row["id"]), Cell())
            scale = board.scales.get(row["id"])
            normalised = treated = None
            if cell.value is not None and scale is not None:
                normalised = share_of_scale(cell.value, scale, row["direction"])
                treated = not scale[0] <= cell.value <= scale[1]
            yield {
                "unit_id": unit,
                "indicator_id": row["id"],
                "year": case.settings.base_year,
                "value": cell.value,
                "value_year": cell.value_year,
                "spread": cell.spread if cell.value is not None else None,
                "status": cell.status,
                "treated": treated,
                "scale_low": scale[0] if scale else None,
                "scale_high": scale[1] if scale else None,
                "normalised": normalised,
                "weight_share": share.get((unit, row["id"])),
                "source_id": cell.source_id,
                "row_id": cell.row_id,
            }


def _weights(case: Case, board: Board) -> dict[tuple[str, str], float]:
    """Weight of each indicator in the score of its pillar, where the pillar has one."""
    framework = case.table("indicators")
    rows = {row["id"]: row for row in framework.iter_rows(named=True)}
    leaves = leaves_of(framework)
    found: dict[tuple[str, str], float] = {}

    def pass_on(unit: str, element: str, share: float) -> None:
        there = [
            child
            for child, row in rows.items()
            if row["parent_id"] == element
            and any(
                (unit, leaf) in board.cells and leaf in board.scales
                for leaf in leaves.get(child, [child])
            )
        ]
        total = sum(rows[child]["weight"] for child in there)
        for child in there:
            part = share * rows[child]["weight"] / total if total else 0.0
            if rows[child]["level"] == "indicator":
                found[unit, child] = part
            else:
                pass_on(unit, child, part)

    for unit in board.units:
        for name, row in rows.items():
            if row["level"] == "pillar" and (unit, name) not in board.reason:
                pass_on(unit, name, 1.0)
    return found
