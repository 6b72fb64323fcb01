"""A scoreboard: scores with their uncertainty, from data, a framework and a configuration."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from karvan.errors import Problem, ScoreboardError
from karvan.scoreboard import decompose as decomposition
from karvan.scoreboard import importance, provenance, removal
from karvan.scoreboard.cells import Table
from karvan.scoreboard.chain import Chain, run_chain
from karvan.scoreboard.model import NO_YEAR, FloatArray, Framework
from karvan.scoreboard.pathways import Progress
from karvan.scoreboard.read_config import Given, read_config
from karvan.scoreboard.read_data import read_data
from karvan.scoreboard.read_framework import read_framework
from karvan.scoreboard.sensitivity import RankSensitivity, sensitivity
from karvan.scoreboard.settings import Config
from karvan.scoreboard.space import Space, space_of
from karvan.scoreboard.uncertainty import RankDraws, draw_choices, uncertainty
from karvan.scoreboard.weigh import adjust, told_gap

Tell = Callable[[str, float], None]
"""Told the name of what is computed and the share that is done."""


@dataclass(frozen=True, slots=True, eq=False)
class Scoreboard:
    """Result of :func:`build`.

    Attributes
    ----------
    config : Config
    chain : Chain
        Nominal scores, every stage of the data, and the log of each step.
    space : Space
        What may have been otherwise; `space.excluded` names what was sampled around.
    draws : tuple of RankDraws
        One for each year; empty without draws.
    sensitivity : RankSensitivity or None
    notes : tuple of str
        What was assumed on reading.
    """

    config: Config
    chain: Chain
    space: Space
    draws: tuple[RankDraws, ...]
    sensitivity: RankSensitivity | None
    notes: tuple[str, ...]

    @property
    def framework(self) -> Framework:
        """The framework without what screening dropped."""
        return self.chain.framework

    def scores(self) -> pl.DataFrame:
        """Return score, rank and coverage of each row and aggregate, index first."""
        chain = self.chain
        parts = [
            pl.DataFrame(
                {
                    **self._rows(),
                    "element": [self.framework.element[node]] * len(chain.score),
                    "level": [int(self.framework.level[node])] * len(chain.score),
                    "score": chain.score[:, node],
                    "rank": chain.rank[:, node],
                    "coverage": chain.coverage[:, node],
                }
            )
            for node in reversed(self.framework.aggregates)
        ]
        return _without_nan(pl.concat(parts)).with_columns(pl.col("rank").cast(pl.Int64))

    def ranking(self) -> pl.DataFrame:
        """Return the index with rank intervals, year by year in nominal order.

        Columns rank_low and rank_high are the ends of the interval of the configuration,
        top_share is the share of draws among the best quarter, groups the numbers of the
        statistically tied groups a unit belongs to.
        """
        chain = self.chain
        table = pl.DataFrame(
            {
                **self._rows(),
                "name": [chain.panel.name.get(u) for u in chain.panel.unit],
                "score": chain.score[:, -1],
                "rank": chain.rank[:, -1],
                "coverage": chain.coverage[:, -1],
                **self._intervals(),
            },
            schema_overrides={"name": pl.String},
        )
        table = _without_nan(table).with_columns(pl.col("rank").cast(pl.Int64))
        return table.sort(["year", "rank", "unit"], nulls_last=True)

    def _rows(self) -> dict[str, pl.Series]:
        panel = self.chain.panel
        years = [None if y == NO_YEAR else int(y) for y in panel.year]
        unit = pl.Series(list(panel.unit), dtype=pl.String)
        return {"unit": unit, "year": pl.Series(years, dtype=pl.Int64)}

    def _intervals(self) -> dict[str, object]:
        if not self.draws:
            return {}
        n = len(self.chain.score)
        columns = {c: np.full(n, np.nan) for c in ("rank_mean", "rank_median", "rank_low")}
        columns |= {c: np.full(n, np.nan) for c in ("rank_high", "top_share")}
        groups: list[list[int]] = [[] for _ in range(n)]
        tail = (1.0 - self.config.uncertainty.interval) / 2.0
        for part in self.draws:
            rows = part.rows
            columns["rank_mean"][rows] = part.mean()
            columns["rank_median"][rows] = part.quantile(0.5)
            columns["rank_low"][rows] = part.quantile(tail)
            columns["rank_high"][rows] = part.quantile(1.0 - tail)
            columns["top_share"][rows] = part.at_most(max(1, len(rows) // 4))
            for k, group in enumerate(self.groups(part), 1):
                for unit in group:
                    groups[rows[unit]].append(k)
        return {**columns, "groups": groups}

    def rank_draws(self, element: str) -> tuple[RankDraws, ...]:
        """Return the ranks of an aggregate in the same draws, one entry a year."""
        node = decomposition.node_of(self.framework, element) - self.framework.n_indicators
        wanted = self.config.uncertainty
        choice = draw_choices(self.space, wanted.draws, wanted.seed)
        return tuple(uncertainty(self.space, self.chain, choice, node=node))

    def groups(self, draws: RankDraws) -> list[list[int]]:
        """Return the statistically tied groups of a year, positions among its units."""
        nominal = self.chain.rank[draws.rows, -1]
        return draws.groups(nominal, self.config.uncertainty.interval)

    def chance_above(self, unit: str, other: str, year: int = NO_YEAR) -> float:
        """Return the share of draws in which a unit ranks above another; last year by default.

        Raises
        ------
        ScoreboardError
            A unit without a row in the year, or a board without draws.
        """
        for part in reversed(self.draws):
            names = [self.chain.panel.unit[r] for r in part.rows]
            right = year in (NO_YEAR, int(self.chain.panel.year[part.rows[0]]))
            if right and unit in names and other in names:
                return float(part.chance()[names.index(unit), names.index(other)])
        found = f"'{unit}' and '{other}'" + (f" in {year}" if year != NO_YEAR else "")
        expected = "two units with rows in one year, and draws (uncertainty.draws)"
        raise ScoreboardError([Problem("scoreboard.chance.unit", "chance_above", found, expected)])

    def lineage(self) -> pl.DataFrame:
        """Return every change of a cell, step by step."""
        return pl.concat(
            log.changes.select(pl.lit(log.step).alias("step"), pl.all()) for log in self.chain.logs
        )

    def trace(self, unit: str, element: str = "", year: int = NO_YEAR) -> pl.DataFrame:
        """Return the cells a score comes from; see `karvan.scoreboard.provenance.trace`."""
        return provenance.trace(self.chain, unit, element, year)

    def change(self, unit: str, first: int, last: int, element: str = "") -> pl.DataFrame:
        """Return the parts of a change of score; see `decompose`."""
        method = self.config.aggregate
        return decomposition.decompose(self.chain, method, unit, first, last, element)

    def correlations(self) -> pl.DataFrame:
        """Return correlations of every two elements."""
        return importance.correlations(self.chain)

    def reliability(self) -> pl.DataFrame:
        """Return Cronbach's alpha of every aggregate."""
        return importance.reliability(self.chain)

    def importance(self) -> pl.DataFrame:
        """Return importance against nominal weight."""
        return importance.importance(self.chain)

    def adjusted_weights(
        self, level: int, target: FloatArray | None = None
    ) -> tuple[FloatArray, str]:
        """Return weights whose importance is on target, and whether it was reached.

        See `karvan.scoreboard.weigh.adjust`.
        """
        chain = self.chain
        weight, gap = adjust(
            chain.framework, chain.panel.value, chain.weight, self.config.aggregate, chain.blocks,
            level, target,
        )  # fmt: skip
        return weight, told_gap(chain.framework, level, gap)

    def without(self, level: int = 2) -> removal.Removal:
        """Return ranks without each element of a level: 1 indicators, 2 the aggregates above."""
        return removal.removal(self.chain, self.config.aggregate, level)


def build(
    data: Table,
    framework: Table,
    config: Given = None,
    *,
    weight_sets: FloatArray | None = None,
    tell: Tell | None = None,
) -> Scoreboard:
    """Return a scoreboard.

    Parameters
    ----------
    data : path or DataFrame
        A row a unit (and year) with a column an indicator, or long; see `read_data`.
    framework : path or DataFrame
        A row an element with its parent; see `read_framework`.
    config : Config, mapping or path, optional
        Methods, as in the TOML of ``karvan score``; see `Config`.
    weight_sets : ndarray, shape (n_sets, n_elements), optional
        Weights to draw from, elements in the order of the framework's `element`.
    tell : callable, optional
        Told what is computed and the share that is done.

    Raises
    ------
    ScoreboardError
        With every fault of a phase: reading, the steps, the choices to draw from.
    """
    settings = read_config(config)
    sheet = read_framework(framework)
    panel, notes = read_data(data, sheet)
    chain = run_chain(panel, sheet.framework, settings)
    wanted = settings.uncertainty
    pool = max(
        wanted.draws, 2**settings.sensitivity.log2_base if settings.sensitivity.enabled else 1
    )
    space = space_of(chain, settings, pool=pool, seed=wanted.seed, weight_sets=weight_sets)
    draws: list[RankDraws] = []
    if wanted.draws:
        choice = draw_choices(space, wanted.draws, wanted.seed)
        draws = uncertainty(space, chain, choice, _part(tell, "uncertainty"))
    found = None
    if wanted.draws and settings.sensitivity.enabled:
        found = sensitivity(
            space, chain, settings.sensitivity, wanted.seed, _part(tell, "sensitivity")
        )
    return Scoreboard(settings, chain, space, tuple(draws), found, (*sheet.notes, *notes))


def _part(tell: Tell | None, name: str) -> Progress | None:
    if tell is None:
        return None

    def progress(share: float) -> None:
        tell(name, share)

    return progress


def _without_nan(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.selectors.float().fill_nan(None))
