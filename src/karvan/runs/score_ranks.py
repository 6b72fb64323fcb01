"""Ranks of the pairs over the draws: chances, ties, and what moves them."""

from collections.abc import Iterator, Mapping

import numpy as np

from karvan.case import Case
from karvan.runs.score_board import (
    INTERVAL,
    Board,
    Row,
    below,
    config,
    engine_of,
    index_of,
    interval_of,
    none,
)
from karvan.scoreboard.sensitivity import RankSensitivity, sensitivity
from karvan.scoreboard.statistics import score_ranks
from karvan.scoreboard.uncertainty import RankDraws, ranks_of

LEAST_RANKED = 2
"""One pair alone has no rank."""
RANKED = ("index", "pillar")
"""Levels with intervals of ranks and chances; scores have theirs on every level."""
Ranks = Mapping[str, RankDraws]
"""By element."""
INDICES = ("first", "first_low", "first_high", "total", "total_low", "total_high")


def ranks_among(board: Board, element: str) -> RankDraws | None:
    """Return the ranks of an element in all draws, of the pairs with a score."""
    j = board.elements.index(element)
    rows = np.flatnonzero(~np.isnan(board.score[:, j]))
    return ranks_of(board.draws[:, rows, j], rows) if len(rows) >= LEAST_RANKED else None


def score_rows(board: Board, element: str, ranked: RankDraws | None, year: int) -> Iterator[Row]:
    """Yield for each pair its score of an element, with interval, rank, coverage and reason.

    Parameters
    ----------
    board : Board
    element : str
    ranked : RankDraws or None
        Of :func:`ranks_among`; None leaves the ranks empty.
    year : int
    """
    j = board.elements.index(element)
    low, high = interval_of(board.draws[:, :, j])
    rank = score_ranks(board.score[:, j])
    for i, unit in enumerate(board.units):
        count = board.counts[unit, element]
        yield {
            "unit_id": unit,
            "year": year,
            "score": none(board.score[i, j]),
            "score_low": none(low[i]),
            "score_high": none(high[i]),
            **_rank_columns(ranked, i, float(rank[i])),
            "indicators": count.indicators,
            "known": count.known,
            "coverage_share": count.known / count.indicators,
            "reason": board.reason.get((unit, element)),
        }


def _rank_columns(ranked: RankDraws | None, unit: int, rank: float) -> Row:
    """Cells about the rank of a pair; empty ones for a pair without."""
    names = ("rank", "rank_low", "rank_high", "ranked")
    if ranked is None or unit not in ranked.rows:
        return dict.fromkeys(names)
    at = int(np.flatnonzero(ranked.rows == unit)[0])
    tail = (1.0 - INTERVAL) / 2.0
    low, high = (float(ranked.quantile(share)[at]) for share in (tail, 1.0 - tail))
    return dict(zip(names, (int(rank), low, high, len(ranked.rows)), strict=True))


def ranks_by_element(case: Case, board: Board) -> Ranks:
    """Return the ranks of index and pillars in all draws, where two pairs or more have a score."""
    level = dict(case.table("indicators").select("id", "level").iter_rows())
    asked = [element for element in board.elements if level[element] in RANKED]
    found = {element: ranks_among(board, element) for element in asked}
    return {element: ranked for element, ranked in found.items() if ranked is not None}


def chance_rows(case: Case, board: Board, ranks: Ranks) -> Iterator[Row]:
    """Yield the rows of ``score_chances``; `ranks` are those of :func:`ranks_by_element`."""
    for element, ranked in ranks.items():
        chance = ranked.chance()
        for a, i in enumerate(ranked.rows):
            for b, k in enumerate(ranked.rows):
                if a != b:
                    yield {
                        "element_id": element,
                        "unit_id": board.units[i],
                        "other_unit_id": board.units[k],
                        "year": case.settings.base_year,
                        "above_share": float(chance[a, b]),
                    }


def rank_rows(case: Case, board: Board, ranks: Ranks) -> Iterator[Row]:
    """Yield the rows of ``score_ranks``: how often each pair has each rank."""
    for element, ranked in ranks.items():
        at_most = np.stack([ranked.at_most(rank) for rank in range(1, len(ranked.rows) + 1)])
        for k, row in enumerate(ranked.rows):
            for rank, count in enumerate(ranked.count[k], 1):
                if count:
                    yield {
                        "element_id": element,
                        "unit_id": board.units[row],
                        "rank": rank,
                        "year": case.settings.base_year,
                        "draws_share": float(count / ranked.n_draws),
                        "at_most_share": float(at_most[rank - 1, k]),
                    }


def tie_rows(case: Case, board: Board, ranks: Ranks) -> Iterator[Row]:
    """Yield the rows of ``score_ties``: longest runs of pairs that no rank tells apart."""
    for element, ranked in ranks.items():
        score = board.score[ranked.rows, board.elements.index(element)]
        for number, group in enumerate(ranked.groups(score_ranks(score), INTERVAL), 1):
            for unit in group:
                yield {
                    "element_id": element,
                    "tie": number,
                    "unit_id": board.units[ranked.rows[unit]],
                    "year": case.settings.base_year,
                    "units": len(group),
                }


def sensitivities(case: Case, board: Board, ranks: Ranks, seed: int) -> dict[str, RankSensitivity]:
    """Return what moves the ranks of each element of `ranks`.

    Among the pairs with a score only: others would be compared by fewer pillars.
    """
    found: dict[str, RankSensitivity] = {}
    cells = {case.settings.base_year: board.cells}
    for element, ranked in ranks.items():
        units = tuple(board.units[row] for row in ranked.rows)
        part = below(case.table("indicators"), element)
        engine = engine_of(part, cells, board.scales, units, seed)
        if engine is not None:
            method = config(seed).sensitivity
            found[element] = sensitivity(engine.space, engine.chain, method, seed)
    return found


def sensitivity_rows(case: Case, found: Mapping[str, RankSensitivity]) -> Iterator[Row]:
    """Yield the rows of ``score_sensitivity``: the mean shift of ranks of the index."""
    index = index_of(case.table("indicators"))
    if index not in found:
        return
    for k, factor in enumerate(found[index].factors):
        yield {
            "element_id": index,
            "factor": factor,
            "year": case.settings.base_year,
            "runs": found[index].n_runs,
            **_numbers(found[index], k, 0),
        }


def unit_sensitivity_rows(
    case: Case, board: Board, ranks: Ranks, found: Mapping[str, RankSensitivity]
) -> Iterator[Row]:
    """Yield the rows of ``score_unit_sensitivity``: the rank of each pair, index and pillars."""
    for element, one in found.items():
        for k, factor in enumerate(one.factors):
            for output, row in enumerate(ranks[element].rows, 1):
                yield {
                    "element_id": element,
                    "unit_id": board.units[row],
                    "factor": factor,
                    "year": case.settings.base_year,
                    **_numbers(one, k, output),
                }


def _numbers(found: RankSensitivity, factor: int, output: int) -> Row:
    return {name: none(getattr(found.indices, name)[factor, output]) for name in INDICES}
