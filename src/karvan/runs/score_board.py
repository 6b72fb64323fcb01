"""The scoreboard of a run: what is known of each pair, and the scores of every draw."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.case.results import Results
from karvan.evidence.indicators import PANEL, ancestors, pillar_of
from karvan.runs.score_cells import (
    CARRIED,
    Cell,
    Cells,
    Count,
    Known,
    Scale,
    cells_of,
    counts_of,
    leaves_of,
    scales_of,
)
from karvan.scoreboard import Config, read_data, read_framework
from karvan.scoreboard.chain import Chain, run_chain
from karvan.scoreboard.model import BoolArray, FloatArray
from karvan.scoreboard.space import Space, space_of
from karvan.scoreboard.uncertainty import draw_choices

Row = dict[str, Any]

DRAWS = 1000
INTERVAL = 0.9
BELOW_HALF, WITHOUT_PILLAR = "below half", "pillar without score"


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """What the engine made of the case: nominal scores, and what may have been otherwise."""

    chain: Chain
    space: Space

    def draws(self, seed: int) -> FloatArray:
        """Return the scores of all draws, shape (n_draws, n_rows, n_aggregates)."""
        choice = draw_choices(self.space, DRAWS, seed)
        return self.space.pathways.every_score(self.space.design(choice), self.space.weight)


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """The scoreboard of a run: what is known, and the scores of every draw.

    Attributes
    ----------
    cells, scales, counts : mapping
    panel : DataFrame
        Values of all years that the cells are taken from.
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
    panel: pl.DataFrame
    scales: Mapping[str, Scale]
    counts: Mapping[tuple[str, str], Count]
    units: tuple[str, ...]
    elements: tuple[str, ...]
    score: FloatArray
    draws: FloatArray
    reason: Mapping[tuple[str, str], str]
    engine: Engine | None

    @property
    def scored(self) -> Chain | None:
        """The nominal chain with scores only where the rule of half gives one."""
        if self.engine is None:
            return None
        chain = self.engine.chain
        return with_rule(chain, [self.reason] * chain.panel.n_rows)


def board_of(case: Case, tables: Mapping[str, pl.DataFrame], seed: int) -> Board:
    """Return the scoreboard of a case with the result tables of its run.

    A pillar with less than half of its indicators is scored for no pair, in no draw; the index is
    scored where every pillar is.
    """
    cells, panel = cells_of(case, tables)
    scales = scales_of(case, cells, panel)
    units = tuple(case.table("units")["id"])
    year = case.settings.base_year
    return board_from(case.table("indicators"), units, year, cells, scales, panel, seed)


def board_from(
    framework: pl.DataFrame,
    units: tuple[str, ...],
    year: int,
    cells: Known,
    scales: Mapping[str, Scale],
    panel: pl.DataFrame,
    seed: int,
) -> Board:
    """Return the scoreboard of cells on scales; see :func:`board_of`."""
    counts = counts_of(framework, units, cells, scales)
    elements = tuple(framework.filter(pl.col("level") != "indicator")["id"])
    reason = reasons(framework, units, counts)
    shape = (len(units), len(elements))
    score, draws = np.full(shape, np.nan), np.full((DRAWS, *shape), np.nan)
    there = without_short_pillars(framework, cells, reason)
    engine = engine_of(framework, {year: there}, scales, units, seed)
    if engine is not None:
        known = engine.chain.framework
        columns = [elements.index(element) for element in known.aggregate]
        rows = [units.index(unit) for unit in engine.chain.panel.unit]
        score[np.ix_(rows, columns)] = engine.chain.score[:, known.n_indicators :]
        draws[np.ix_(range(DRAWS), rows, columns)] = engine.draws(seed)
    for unit, element in reason:
        i, j = units.index(unit), elements.index(element)
        score[i, j], draws[:, i, j] = np.nan, np.nan
    return Board(cells, panel, scales, counts, units, elements, score, draws, reason, engine)


def board_again(results: Results, seed: int) -> Board | None:
    """Return the scoreboard of a run from its result tables; None for one without.

    The same seed draws the same, so two runs can be compared draw by draw.
    """
    framework, table = results.table("input_indicators"), results.table("score_cells")
    if table.is_empty():
        return None
    rows = list(table.iter_rows(named=True))
    cells: Known = {
        (row["unit_id"], row["indicator_id"]): Cell(
            row["value"], row["value_year"], row["spread"], row["status"], row["source_id"],
            row["row_id"],
        )
        for row in rows
        if row["value"] is not None
    }  # fmt: skip
    scales = {
        row["indicator_id"]: (row["scale_low"], row["scale_high"])
        for row in rows
        if row["scale_low"] is not None
    }
    units = tuple(results.table("input_units")["id"])
    panel = pl.DataFrame(schema=PANEL)
    return board_from(framework, units, rows[0]["year"], cells, scales, panel, seed)


def reasons(
    framework: pl.DataFrame, units: tuple[str, ...], counts: Mapping[tuple[str, str], Count]
) -> dict[tuple[str, str], str]:
    """Return why an element has no score, for those that have none."""
    level = dict(framework.select("id", "level").iter_rows())
    pillars = [name for name, at in level.items() if at == "pillar"]
    above = ancestors(framework)
    found: dict[tuple[str, str], str] = {}
    for unit in units:
        short = {pillar for pillar in pillars if not counts[unit, pillar].enough}
        for name, at in level.items():
            if at in ("pillar", "sub_pillar") and not counts[unit, name].enough:
                found[unit, name] = BELOW_HALF
            elif (at == "index" and short) or (at == "sub_pillar" and short & set(above[name])):
                found[unit, name] = WITHOUT_PILLAR
    return found


def without_short_pillars(
    framework: pl.DataFrame, cells: Cells, reason: Mapping[tuple[str, str], str]
) -> Known:
    """Return the cells of pillars that have enough of them."""
    pillar = pillar_of(framework)
    return {
        (unit, leaf): cell
        for (unit, leaf), cell in cells.items()
        if leaf in pillar and (unit, pillar[leaf]) not in reason
    }


def with_rule(chain: Chain, reason: list[Mapping[tuple[str, str], str]]) -> Chain:
    """Return the chain without the scores that `reason` (one mapping a row) rules out."""
    score = chain.score.copy()
    for row, (unit, why) in enumerate(zip(chain.panel.unit, reason, strict=True)):
        for node in chain.framework.aggregates:
            if (unit, chain.framework.element[node]) in why:
                score[row, node] = np.nan
    return replace(chain, score=score)


def engine_of(
    framework: pl.DataFrame,
    cells: Mapping[int, Cells],
    scales: Mapping[str, Scale],
    units: tuple[str, ...],
    seed: int,
) -> Engine | None:
    """Return the engine's chain and space; None where there is nothing to score.

    Parameters
    ----------
    framework : DataFrame
        Rows of ``indicators``; the one without a parent is the index.
    cells : mapping of int to mapping
        By year.
    scales : mapping
        An indicator without one is not scored.
    units : tuple of str
    seed : int
    """
    there = {leaf for known in cells.values() for unit, leaf in known if unit in units}
    leaves = framework.filter(pl.col("level") == "indicator")["id"]
    used = [leaf for leaf in leaves if leaf in there and leaf in scales]
    if not used:
        return None
    nothing = Cell()
    data = pl.DataFrame(
        [
            {
                "unit": unit,
                "year": year,
                "indicator": leaf,
                "value": cell.value,
                "standard_error": cell.spread,
                "status": "imputed" if cell.status == CARRIED else "observed",
            }
            for year, known in cells.items()
            for unit in units
            for leaf in used
            for cell in [known.get((unit, leaf), nothing)]
        ],
        schema_overrides={"value": pl.Float64},
        infer_schema_length=None,
    )
    sheet = read_framework(_sheet(framework, scales, set(used)))
    methods = config(seed)
    chain = run_chain(read_data(data, sheet)[0], sheet.framework, methods)
    return Engine(chain, space_of(chain, methods, pool=DRAWS, seed=seed))


def _sheet(framework: pl.DataFrame, scales: Mapping[str, Scale], used: set[str]) -> pl.DataFrame:
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
        schema_overrides={"low": pl.Float64, "high": pl.Float64, "parent": pl.String},
        infer_schema_length=None,
    )


def index_of(framework: pl.DataFrame) -> str:
    """Return the id of the index; a checked framework has one."""
    return str(framework.filter(pl.col("level") == "index")["id"][0])


def below(framework: pl.DataFrame, root: str) -> pl.DataFrame:
    """Return the part of the framework below an element, which becomes its index."""
    inside = [name for name, above in ancestors(framework).items() if root in (name, *above)]
    at_root = pl.col("id") == root
    return framework.filter(pl.col("id").is_in(inside)).with_columns(
        pl.when(at_root).then(None).otherwise("parent_id").alias("parent_id")
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


def interval_of(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the interval of each score over the first axis; NaN where there is none.

    Shapes (n_draws, ...) to (...).
    """
    low, high = np.full(draws.shape[1:], np.nan), np.full(draws.shape[1:], np.nan)
    there: BoolArray = np.asarray(~np.isnan(draws).any(axis=0))
    tails = [(1.0 - INTERVAL) / 2.0, (1.0 + INTERVAL) / 2.0]
    if there.any():
        low[there], high[there] = np.quantile(draws[:, there], tails, axis=0)
    return low, high


def none(value: float) -> float | None:
    """Return a cell of a table: None for NaN."""
    return None if np.isnan(value) else float(value)
