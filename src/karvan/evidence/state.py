"""How well a case is founded: what is reported, derived, assumed, disputed or missing."""

from collections.abc import Mapping

import polars as pl

STATUSES = ("reported", "derived", "assumed", "calibrated")
GROUP = ["series_id", "period", "coverage"]
COLUMNS = ("table", "rows", "quantities", *STATUSES, "contradicted", "without_data")


def contradictions(observations: pl.DataFrame) -> pl.DataFrame:
    """Return the groups of observations that state different values for the same thing.

    Returns
    -------
    DataFrame
        Columns ``series_id``, ``period``, ``coverage``, ``values`` (how many different ones),
        ``lowest``, ``highest``; sorted.
    """
    known = observations.filter(pl.col("value").is_not_null())
    return (
        known.group_by(GROUP)
        .agg(
            pl.col("value").n_unique().alias("values"),
            pl.col("value").min().alias("lowest"),
            pl.col("value").max().alias("highest"),
        )
        .filter(pl.col("values") > 1)
        .sort(GROUP, nulls_last=False)
    )


def _status_columns(table: pl.DataFrame) -> list[str]:
    return [name for name in table.columns if name == "status" or name.endswith("_status")]


def _count(table: pl.DataFrame, columns: list[str], status: str) -> int:
    return sum(int((table[name] == status).sum() or 0) for name in columns)


def _observed_nothing(table: pl.DataFrame) -> pl.Series:
    """Whether each row is a search that found no number, not even a range or a formula."""
    given = ("value", "value_low", "value_high", "formula")
    ranges = [name for name in given if name in table.columns]
    return table.select(pl.all_horizontal(pl.col(ranges).is_null())).to_series()


def _row(name: str, table: pl.DataFrame) -> dict[str, str | int]:
    columns = _status_columns(table)
    counts: dict[str, str | int] = {"table": name, "rows": table.height, "contradicted": 0}
    if "status" in columns and "value" in table.columns:
        nothing = _observed_nothing(table)
        counts["without_data"] = int(nothing.sum())
        if set(GROUP) <= set(table.columns):
            counts["contradicted"] = contradictions(table).height
        table = table.filter(~nothing)
        counts["quantities"] = table.height
    elif columns:
        counts["quantities"] = sum(table[c].len() - table[c].null_count() for c in columns)
        counts["without_data"] = sum(table[c].null_count() for c in columns)
    else:
        counts["quantities"] = table.height
        counts["without_data"] = 0
    return counts | {status: _count(table, columns, status) for status in STATUSES}


def evidence_state(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return what each table rests on.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Typed tables of a case.

    Returns
    -------
    DataFrame
        One row a table, in the order given: ``rows``; ``quantities`` (values with a provenance:
        observations, or cells with a ``*_status`` column; rows where a table has neither);
        how many of them are ``reported``, ``derived``, ``assumed``, ``calibrated``;
        ``contradicted`` (groups of observations of one series, period and coverage with
        different values); ``without_data`` (searched and not found, or left empty).
    """
    rows = [_row(name, table) for name, table in tables.items()]
    types = {name: pl.String if name == "table" else pl.Int64 for name in COLUMNS}
    return pl.DataFrame(rows, schema=types)
