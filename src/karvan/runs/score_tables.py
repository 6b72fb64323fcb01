"""The five pillars of a case as result tables: scores with intervals, cells, what moves them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.case.results import result_frame
from karvan.evidence.indicators import pillar_of
from karvan.runs.score_cells import (
    CARRIED,
    CARRIED_YEARS,
    Cell,
    Count,
    Known,
    Scale,
    cells_of,
    counts_of,
    leaves_of,
    scales_of,
    share_of_scale,
)
from karvan.scoreboard import Config, read_data, read_framework
from karvan.scoreboard.chain import Chain, run_chain
from karvan.scoreboard.importance import correlation_of
from karvan.scoreboard.model import FloatArray
from karvan.scoreboard.sensitivity import RankSensitivity, sensitivity
from karvan.scoreboard.space import Space, space_of
from karvan.scoreboard.statistics import score_ranks
from karvan.scoreboard.uncertainty import RankDraws, draw_choices, ranks_of

Row = dict[str, Any]

DRAWS = 1000
INTERVAL = 0.9
LEAST_RANKED = 2
"""One pair alone has no rank."""
TABLES = (
    "scoreboard",
    "scores",
    "score_cells",
    "score_chances",
    "score_correlations",
    "score_sensitivity",
)
BELOW_HALF, WITHOUT_PILLAR = "below half", "pillar without score"
RANKED = ("index", "pillar")
"""Levels with intervals of ranks and chances; scores have theirs on every level."""


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """What the engine made of the case: nominal scores, and what may have been otherwise."""

    chain: Chain
    space: Space


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """The scoreboard of a run: what is known, and the scores of every draw.

    Attributes
    ----------
    cells, scales, counts : mapping
    units, elements : tuple of str
        Pairs, and groups of the framework in its order.
    score : ndarray, shape (n_units, n_elements)
        Nominal; NaN is no score.
    draws : ndarray, shape (n_draws, n_units, n_elements)
    reason : mapping
        Why there is no score, by unit and element.
    engine : Engine or None
        None where no pair has enough data for any pillar.
    """

    cells: Known
    scales: Mapping[str, Scale]
    counts: Mapping[tuple[str, str], Count]
    units: tuple[str, ...]
    elements: tuple[str, ...]
    score: FloatArray
    draws: FloatArray
    reason: Mapping[tuple[str, str], str]
    engine: Engine | None


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
    progress(0.6)
    rows: dict[str, list[Row]] = {
        "scoreboard": [_summary(case, board)],
        "scores": list(_scores(case, board)),
        "score_cells": list(_cells(case, board)),
        "score_chances": list(_chances(case, board)),
        "score_correlations": list(_correlations(case, board)),
        "score_sensitivity": list(_sensitivity(case, board, seed)),
    }
    return {name: result_frame(name, rows[name]) for name in TABLES}


def board_of(case: Case, tables: Mapping[str, pl.DataFrame], seed: int) -> Board:
    """Return the scoreboard of a case with the result tables of its run.

    A pillar with less than half of its indicators is scored for no pair, in no draw; the index is
    scored where every pillar is.
    """
    framework = case.table("indicators")
    cells, panel = cells_of(case, tables)
    scales = scales_of(case, cells, panel)
    counts = counts_of(case, cells, scales)
    units = tuple(case.table("units")["id"])
    elements = tuple(framework.filter(pl.col("level") != "indicator")["id"])
    reason = _reasons(framework, units, counts)
    shape = (len(units), len(elements))
    score, draws = np.full(shape, np.nan), np.full((DRAWS, *shape), np.nan)
    engine = engine_of(case, cells, scales, reason, units, seed)
    if engine is not None:
        _place(engine, units, elements, score, draws, seed)
    for unit, element in reason:
        i, j = units.index(unit), elements.index(element)
        score[i, j], draws[:, i, j] = np.nan, np.nan
    return Board(cells, scales, counts, units, elements, score, draws, reason, engine)


def _reasons(
    framework: pl.DataFrame, units: tuple[str, ...], counts: Mapping[tuple[str, str], Count]
) -> dict[tuple[str, str], str]:
    """Why an element has no score, for those that have none."""
    level = dict(framework.select("id", "level").iter_rows())
    pillars = [name for name, at in level.items() if at == "pillar"]
    found: dict[tuple[str, str], str] = {}
    for unit in units:
        short = [pillar for pillar in pillars if not counts[unit, pillar].enough]
        for name, at in level.items():
            if at == "index" and short:
                found[unit, name] = WITHOUT_PILLAR
            elif at in ("pillar", "sub_pillar") and not counts[unit, name].enough:
                found[unit, name] = BELOW_HALF
    return found


def engine_of(
    case: Case,
    cells: Known,
    scales: Mapping[str, Scale],
    reason: Mapping[tuple[str, str], str],
    units: tuple[str, ...],
    seed: int,
) -> Engine | None:
    """Return the engine's chain and space of what may be scored; None where that is nothing."""
    framework = case.table("indicators")
    pillar = pillar_of(framework)
    scored = {
        (unit, leaf): cell
        for (unit, leaf), cell in cells.items()
        if unit in units and leaf in scales and (unit, pillar[leaf]) not in reason
    }
    used = [leaf for leaf in framework["id"] if any((unit, leaf) in scored for unit in units)]
    if not used:
        return None
    data = pl.DataFrame(
        [
            {
                "unit": unit,
                "indicator": leaf,
                "value": cell.value,
                "standard_error": cell.spread,
                "status": "imputed" if cell.status == CARRIED else "observed",
            }
            for unit in units
            for leaf in used
            for cell in [scored.get((unit, leaf), Cell())]
        ],
        schema_overrides={"value": pl.Float64},
        infer_schema_length=None,
    )
    sheet = read_framework(_framework(framework, scales, set(used)))
    methods = config(seed)
    chain = run_chain(read_data(data, sheet)[0], sheet.framework, methods)
    return Engine(chain, space_of(chain, methods, pool=DRAWS, seed=seed))


def _framework(
    framework: pl.DataFrame, scales: Mapping[str, Scale], used: set[str]
) -> pl.DataFrame:
    """The framework as the engine reads it, without groups that nothing is left of."""
    leaves = leaves_of(framework)
    kept = [
        row
        for row in framework.iter_rows(named=True)
        if row["id"] in used or used & set(leaves.get(row["id"], ()))
    ]
    return pl.DataFrame(
        [
            {
                "element": row["id"],
                "parent": row["parent_id"],
                "direction": row["direction"],
                "weight": row["weight"],
                "low": scales.get(row["id"], (None, None))[0],
                "high": scales.get(row["id"], (None, None))[1],
            }
            for row in kept
        ],
        schema_overrides={"low": pl.Float64, "high": pl.Float64},
        infer_schema_length=None,
    )


def config(seed: int) -> Config:
    """Return the methods of the five pillars.

    One scale for all pairs, years and runs, arithmetic means of what has data, and in each draw
    other weights, means that let a strength pay less for a gap, and other values of what was
    carried on.  Holes stay holes.
    """
    return Config.model_validate(
        {
            "steps": [],
            "normalise": {"method": "goalposts", "posts": "framework", "clip": True},
            "uncertainty": {
                "draws": DRAWS,
                "seed": seed,
                "interval": INTERVAL,
                "normalise": [],
            },
            "sensitivity": {"log2_base": 8, "bootstrap": 200},
        }
    )


def _place(
    engine: Engine,
    units: tuple[str, ...],
    elements: tuple[str, ...],
    score: FloatArray,
    draws: FloatArray,
    seed: int,
) -> None:
    """Put the engine's scores where the case has its pairs and groups."""
    framework = engine.chain.framework
    known = framework.aggregate
    rows = [units.index(unit) for unit in engine.chain.panel.unit]
    columns = [elements.index(element) for element in known]
    score[np.ix_(rows, columns)] = engine.chain.score[:, framework.n_indicators :]
    choice = draw_choices(engine.space, DRAWS, seed)
    found = engine.space.pathways.every_score(engine.space.design(choice), engine.space.weight)
    draws[np.ix_(range(DRAWS), rows, columns)] = found


def _summary(case: Case, board: Board) -> Row:
    leaves = case.table("indicators").filter(pl.col("level") == "indicator")["id"]
    known = {leaf for _, leaf in board.cells}
    factors = board.engine.space.factors if board.engine else ()
    return {
        "year": case.settings.base_year,
        "run_year": case.year,
        "units": len(board.units),
        "indicators": len(leaves),
        "carried_years": CARRIED_YEARS,
        "draws": DRAWS,
        "interval_share": INTERVAL,
        "factors": ";".join(factor.name for factor in factors),
        "without_data": ";".join(leaf for leaf in leaves if leaf not in known),
        "without_scale": ";".join(
            leaf for leaf in leaves if leaf in known and leaf not in board.scales
        ),
    }


def _scores(case: Case, board: Board) -> Iterator[Row]:
    level = dict(case.table("indicators").select("id", "level").iter_rows())
    ranks = score_ranks(board.score.T).T
    low, high = _interval(board.draws)
    for j, element in enumerate(board.elements):
        ranked = _ranks(board, element) if level[element] in RANKED else None
        for i, unit in enumerate(board.units):
            count = board.counts[unit, element]
            yield {
                "unit_id": unit,
                "element_id": element,
                "year": case.settings.base_year,
                "level": level[element],
                "score": _none(board.score[i, j]),
                "score_low": _none(low[i, j]),
                "score_high": _none(high[i, j]),
                **_rank_columns(ranked, i, float(ranks[i, j])),
                "indicators": count.indicators,
                "known": count.known,
                "coverage_share": count.known / count.indicators,
                "reason": board.reason.get((unit, element)),
            }


def _interval(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ends of the interval of each score; NaN where there is none."""
    low, high = np.full(draws.shape[1:], np.nan), np.full(draws.shape[1:], np.nan)
    there = ~np.isnan(draws).any(axis=0)
    tails = [(1.0 - INTERVAL) / 2.0, (1.0 + INTERVAL) / 2.0]
    if there.any():
        low[there], high[there] = np.quantile(draws[:, there], tails, axis=0)
    return low, high


def _ranks(board: Board, element: str) -> RankDraws | None:
    """Ranks of an element in all draws, of the pairs with a score."""
    j = board.elements.index(element)
    rows = np.flatnonzero(~np.isnan(board.score[:, j]))
    return ranks_of(board.draws[:, rows, j], rows) if len(rows) >= LEAST_RANKED else None


def _rank_columns(ranked: RankDraws | None, unit: int, rank: float) -> Row:
    names = ("rank", "rank_low", "rank_high", "ranked")
    if ranked is None or unit not in ranked.rows:
        return dict.fromkeys(names)
    at = int(np.flatnonzero(ranked.rows == unit)[0])
    tail = (1.0 - INTERVAL) / 2.0
    low, high = (float(ranked.quantile(share)[at]) for share in (tail, 1.0 - tail))
    return dict(zip(names, (int(rank), low, high, len(ranked.rows)), strict=True))


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


def _chances(case: Case, board: Board) -> Iterator[Row]:
    level = dict(case.table("indicators").select("id", "level").iter_rows())
    for element in board.elements:
        ranked = _ranks(board, element) if level[element] in RANKED else None
        if ranked is None:
            continue
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


def _correlations(case: Case, board: Board) -> Iterator[Row]:
    pillars = case.table("indicators").filter(pl.col("level") == "pillar")["id"].to_list()
    for k, pillar in enumerate(pillars):
        for other in pillars[k + 1 :]:
            x, y = (board.score[:, board.elements.index(name)] for name in (pillar, other))
            yield {
                "element_id": pillar,
                "other_element_id": other,
                "year": case.settings.base_year,
                "units": int((~np.isnan(x) & ~np.isnan(y)).sum()),
                "correlation": correlation_of(x, y),
            }


def _sensitivity(case: Case, board: Board, seed: int) -> Iterator[Row]:
    """Indices of what moves the ranks of the index, among the pairs that have one."""
    index = case.table("indicators").filter(pl.col("level") == "index")["id"][0]
    found = _sensitivity_of_index(case, board, index, seed)
    if found is None:
        return
    for k, factor in enumerate(found.factors):
        numbers = {
            name: _none(getattr(found.indices, name)[k, 0])
            for name in ("first", "first_low", "first_high", "total", "total_low", "total_high")
        }
        yield {
            "element_id": index,
            "factor": factor,
            "year": case.settings.base_year,
            "runs": found.n_runs,
            **numbers,
        }


def _sensitivity_of_index(
    case: Case, board: Board, index: str, seed: int
) -> RankSensitivity | None:
    """Among the pairs with an index only: others would be compared by fewer pillars."""
    complete = tuple(unit for unit in board.units if (unit, index) not in board.reason)
    if len(complete) < LEAST_RANKED:
        return None
    engine = engine_of(case, board.cells, board.scales, {}, complete, seed)
    if engine is None:
        return None
    return sensitivity(engine.space, engine.chain, config(seed).sensitivity, seed)


def _none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
