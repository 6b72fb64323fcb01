"""Which rows are open on a date."""

import calendar
import datetime as dt

import polars as pl


def first_day(text: str) -> dt.date:
    """Return the first day of a date written as YYYY, YYYY-MM or YYYY-MM-DD."""
    parts = [int(part) for part in text.split("-")]
    year, month, day = (*parts, 1, 1)[:3]
    # The reader has checked the form; 31 April is taken as the last day of the month.
    return dt.date(year, month, min(day, calendar.monthrange(year, month)[1]))


def is_open(opens: str | None, closes: str | None, date: dt.date) -> bool:
    """Tell whether something is in use on `date`; `closes` is its first day of no use."""
    return (not opens or first_day(opens) <= date) and (not closes or date < first_day(closes))


def open_rows(table: pl.DataFrame, date: dt.date) -> list[dict[str, object]]:
    """Return the rows of `table` in use on `date`, as dictionaries.

    A link that is planned or under construction stays closed: a measure that builds it sets its
    state to operating, and its opening date then counts.
    """
    return [
        row
        for row in table.iter_rows(named=True)
        if is_open(row["opens"], row["closes"], date)
        and row.get("state", "operating") == "operating"
    ]
