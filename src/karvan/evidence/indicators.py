"""Values of indicators by pair and year, and how much of the framework they cover."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from karvan.evidence.derivations import REFERENCE, evaluate, references
from karvan.schema import LIST_SEPARATOR

PANEL = {
    "indicator_id": pl.String,
    "unit_id": pl.String,
    "year": pl.Int64,
    "value": pl.Float64,
    "status": pl.String,
    "source_id": pl.String,
    "observation_ids": pl.String,
    "row_id": pl.String,
}
COVERAGE = {
    "unit_id": pl.String,
    "pillar_id": pl.String,
    "year": pl.Int64,
    "indicators": pl.Int64,
    "known": pl.Int64,
}


def years_of(row: Mapping[str, Any]) -> range:
    """Return the years that a row of indicator_values.csv vouches for."""
    return range(row["year"], (row["year_to"] or row["year"]) + 1)


def indicator_panel(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return what is known of each indicator, by pair and year.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        A case's ``indicator_values`` and ``observations``.

    Returns
    -------
    DataFrame
        Columns of :data:`PANEL`, sorted by indicator, pair and year: one row for each year that
        a row of the case vouches for. What is not known has no row. ``status`` and ``source_id``
        are those of the observation where a formula only takes one over; ``observation_ids`` and
        ``source_id`` are separated by ``;``.

    Raises
    ------
    FormulaError
        Where a formula has no value; the checks of a case name the row.
    """
    known = {row["id"]: row for row in tables["observations"].iter_rows(named=True)}
    values = {name: row["value"] for name, row in known.items() if row["value"] is not None}
    rows = (
        {**resolved, "year": year}
        for row in tables["indicator_values"].iter_rows(named=True)
        for resolved in [_resolve(row, known, values)]
        for year in years_of(row)
    )
    panel = pl.DataFrame(list(rows), schema=PANEL)
    return panel.sort("indicator_id", "unit_id", "year")


def _resolve(
    row: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], values: Mapping[str, float]
) -> dict[str, Any]:
    """Return the value of a row with the status and sources that stand behind it."""
    formula = row["formula"]
    used = references(formula) if formula else []
    taken_over = known.get(used[0]) if used and REFERENCE.fullmatch(formula.strip()) else None
    sources = [row["source_id"], *(known[name]["source_id"] for name in used if name in known)]
    words = (word for text in sources for word in (text or "").split(LIST_SEPARATOR) if word)
    return {
        "indicator_id": row["indicator_id"],
        "unit_id": row["unit_id"],
        "value": evaluate(formula, values) if formula else row["value"],
        "status": taken_over["status"] if taken_over else row["status"],
        "source_id": LIST_SEPARATOR.join(dict.fromkeys(words)) or None,
        "observation_ids": LIST_SEPARATOR.join(used) or None,
        "row_id": row["id"],
    }


def ancestors(indicators: pl.DataFrame) -> dict[str, list[str]]:
    """Return what each row of the framework is a part of, nearest first.

    A chain that closes on itself ends where it would come back; the checks of a case refuse it.
    """
    parent = dict(indicators.select("id", "parent_id").iter_rows())
    return {name: list(_chain(name, parent)) for name in parent}


def _chain(name: str, parent: Mapping[str, str | None]) -> Iterator[str]:
    seen = {name}
    above = parent[name]
    while above is not None and above in parent and above not in seen:
        yield above
        seen.add(above)
        above = parent[above]


def pillar_of(indicators: pl.DataFrame) -> dict[str, str]:
    """Return the pillar of each indicator that has one."""
    level = dict(indicators.select("id", "level").iter_rows())
    found: dict[str, str] = {}
    for name, above in ancestors(indicators).items():
        pillars = [one for one in above if level[one] == "pillar"]
        if level[name] == "indicator" and pillars:
            found[name] = pillars[0]
    return found


def coverage(
    indicators: pl.DataFrame,
    units: pl.DataFrame,
    panel: pl.DataFrame,
    year: int,
    *,
    back: int = 0,
) -> pl.DataFrame:
    """Return how many indicators of each pillar have data for each pair.

    Parameters
    ----------
    indicators, units : DataFrame
        Framework and pairs of a case.
    panel : DataFrame
        From :func:`indicator_panel`.
    year : int
    back : int
        A value counts up to so many years later; 0 asks for the very year.

    Returns
    -------
    DataFrame
        One row for a pair and pillar, in the order of the case: ``unit_id, pillar_id, year,
        indicators, known``. Both counts are of indicators with data in tables; those that a run
        computes are not among them.
    """
    every = pillar_of(indicators)
    of_data = set(indicators.filter(pl.col("kind") == "data")["id"])
    size = Counter(pillar for name, pillar in every.items() if name in of_data)
    recent = panel.filter(pl.col("year").is_between(year - back, year))
    pairs = recent.select("indicator_id", "unit_id").unique().iter_rows()
    known = Counter((unit, every[name]) for name, unit in pairs if name in of_data)
    order = [name for name in indicators["id"] if name in size]
    rows = [
        (unit, pillar, year, size[pillar], known[unit, pillar])
        for unit in units["id"]
        for pillar in order
    ]
    return pl.DataFrame(rows, schema=COVERAGE, orient="row")
