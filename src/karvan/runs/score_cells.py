"""What the scoreboard of a case scores: one cell for a pair and indicator, with its scale."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.evidence.indicators import ancestors, indicator_panel, pillar_of
from karvan.runs.run_indicators import run_indicators
from karvan.scoreboard.impute import impute
from karvan.scoreboard.model import NO_DATA, OBSERVED, Panel
from karvan.scoreboard.settings import Impute

CARRIED_YEARS = 10
"""A value counts up to so many years later, as *imputed*; older ones count as no data."""

OBSERVED_NOW, CARRIED, OF_THE_RUN, MISSING = "observed", "imputed", "run", "no data"


@dataclass(frozen=True, slots=True)
class Cell:
    """What is known of an indicator for a pair.

    Attributes
    ----------
    value : float or None
        In the unit of the indicator.
    value_year : int or None
        Year the value is of; before the year of the scores where it was carried on.
    spread : float
        Standard deviation of what has happened since, from the yearly changes of the indicator.
    status : str
        ``observed``, ``imputed``, ``run`` or ``no data``.
    source_id, row_id : str or None
    """

    value: float | None = None
    value_year: int | None = None
    spread: float = 0.0
    status: str = MISSING
    source_id: str | None = None
    row_id: str | None = None


Cells = Mapping[tuple[str, str], Cell]
"""By unit and indicator; what is missing has no entry."""
Known = dict[tuple[str, str], Cell]
Scale = tuple[float, float]


def cells_of(case: Case, tables: Mapping[str, pl.DataFrame]) -> tuple[Known, pl.DataFrame]:
    """Return the cells of the base year, and the panel of the data they are taken from.

    Parameters
    ----------
    case : Case
    tables : mapping of str to DataFrame
        Result tables ``itineraries``, ``legs`` and ``bottlenecks`` of the run.
    """
    panel = indicator_panel(case.tables)
    cells = data_cells(case.table("indicators"), panel, case.settings.base_year)
    for indicator, unit, value in run_indicators(case, tables).iter_rows():
        cells[unit, indicator] = Cell(value, case.year, 0.0, OF_THE_RUN)
    return cells, panel


def data_cells(framework: pl.DataFrame, panel: pl.DataFrame, year: int) -> Known:
    """Return the cells of a year from data alone, those of `CARRIED_YEARS` before it carried on.

    Parameters
    ----------
    framework : DataFrame
        Rows of ``indicators``.
    panel : DataFrame
        From :func:`karvan.evidence.indicators.indicator_panel`.
    year : int
    """
    of_data = framework.filter(pl.col("kind") == "data")["id"].implode()
    recent = panel.filter(
        pl.col("indicator_id").is_in(of_data), pl.col("year").is_between(year - CARRIED_YEARS, year)
    )
    return dict(_data_cells(recent, year))


def _data_cells(recent: pl.DataFrame, year: int) -> Iterator[tuple[tuple[str, str], Cell]]:
    """Yield the latest value of each pair and indicator, with how far it may be off by now."""
    spreads = _spreads(recent, year)
    latest = recent.sort("year").unique(
        ["unit_id", "indicator_id"], keep="last", maintain_order=True
    )
    for row in latest.iter_rows(named=True):
        key = (row["unit_id"], row["indicator_id"])
        now = row["year"] == year
        yield (
            key,
            Cell(
                row["value"],
                row["year"],
                0.0 if now else spreads.get(key, 0.0),
                OBSERVED_NOW if now else CARRIED,
                row["source_id"],
                row["row_id"],
            ),
        )


def _spreads(recent: pl.DataFrame, year: int) -> dict[tuple[str, str], float]:
    """Return the spread of the values that are carried on to `year`, by the scoreboard's rule."""
    if recent.is_empty():
        return {}
    wide = recent.pivot("indicator_id", index=["unit_id", "year"], values="value")
    units = wide["unit_id"].unique(maintain_order=True).to_list()
    names = wide.columns[2:]
    grid = pl.DataFrame({"unit_id": units}).join(
        pl.DataFrame({"year": range(year - CARRIED_YEARS, year + 1)}, {"year": pl.Int64}),
        how="cross",
    )
    wide = grid.join(wide, on=["unit_id", "year"], how="left", maintain_order="left")
    value = wide.select(names).cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    there = ~np.isnan(value)
    full = Panel(
        unit=tuple(wide["unit_id"]),
        year=wide["year"].to_numpy(),
        indicator=tuple(names),
        value=value,
        status=np.where(there, OBSERVED, NO_DATA).astype(np.uint8),
        spread=np.zeros_like(value),
    )
    _, spread = impute(full, Impute(method="latest"))
    now = np.flatnonzero(full.year == year)
    return {
        (full.unit[row], name): float(spread[row, j])
        for row in now
        for j, name in enumerate(names)
        if not np.isnan(spread[row, j])
    }


def scales_of(case: Case, cells: Cells, panel: pl.DataFrame) -> dict[str, Scale]:
    """Return the ends of the scale of each indicator that can be put on one.

    The goalposts of the framework, else the range of all pairs and years up to the base year, for
    what a run computes the range of its pairs.  An indicator with one value only has no scale.
    """
    year = case.settings.base_year
    known = panel.filter(pl.col("year") <= year).group_by("indicator_id")
    seen = {
        name: [low, high]
        for name, low, high in known.agg(
            pl.col("value").min().alias("low"), pl.col("value").max().alias("high")
        ).iter_rows()
    }
    for (_, name), cell in cells.items():
        if cell.status == OF_THE_RUN and cell.value is not None:
            seen.setdefault(name, []).append(cell.value)
    scales = {name: (min(ends), max(ends)) for name, ends in seen.items()}
    given = case.table("indicators").filter(pl.col("goalpost_low").is_not_null())
    for name, low, high in given.select("id", "goalpost_low", "goalpost_high").iter_rows():
        scales[name] = (low, high)
    return {name: ends for name, ends in scales.items() if ends[0] < ends[1]}


@dataclass(frozen=True, slots=True)
class Count:
    """How many indicators an element has, and how many of them count for a pair."""

    indicators: int
    known: int

    @property
    def enough(self) -> bool:
        """Whether half of them are known, below which nothing is scored."""
        return self.known > 0 and 2 * self.known >= self.indicators


def counts_of(
    framework: pl.DataFrame, units: Iterable[str], cells: Cells, scales: Mapping[str, Scale]
) -> dict[tuple[str, str], Count]:
    """Return by unit and element how many indicators there are and how many count."""
    below = leaves_of(framework)
    return {
        (unit, element): Count(
            len(leaves), sum((unit, leaf) in cells and leaf in scales for leaf in leaves)
        )
        for unit in units
        for element, leaves in below.items()
    }


def leaves_of(indicators: pl.DataFrame) -> dict[str, list[str]]:
    """Return the indicators below each group of the framework, in its order."""
    above, pillar = ancestors(indicators), pillar_of(indicators)
    groups = indicators.filter(pl.col("level") != "indicator")["id"]
    return {
        group: [leaf for leaf in indicators["id"] if leaf in pillar and group in above[leaf]]
        for group in groups
    }


def share_of_scale(value: float, scale: Scale, direction: str) -> float:
    """Return where a value stands on its scale, 0 to 100, more is better."""
    share = min(max((value - scale[0]) / (scale[1] - scale[0]), 0.0), 1.0)
    return 100.0 * (share if direction == "1" else 1.0 - share)
