"""Tables as they come: columns by any of their usual names, cells as numbers or named faults."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from karvan.errors import Problem, ScoreboardError
from karvan.scoreboard.model import FloatArray

HOLES = frozenset({"", "NA", "NaN", "nan"})
"""What an empty cell looks like in CSV files of other programs."""
EMPTY = frozenset({""})
"""An id may be any word: NA is Namibia."""

LARGEST = 1e150
"""Above it squares, which variances need, are infinite."""

Table = str | Path | pl.DataFrame
NO_TEXT = "\ufffd"
"""Where polars finds bytes in the first line that are no UTF-8."""


def read_table(table: object, what: str, names: Mapping[str, str]) -> tuple[pl.DataFrame, str]:
    """Return a table with canonical column names, and how messages call it.

    Parameters
    ----------
    table : path or DataFrame
        A path is read as CSV with every cell as text.
    what : str
        "data" or "framework", the name of a table that is not a file.
    names : mapping
        Canonical name by lower-case name.
    """
    if isinstance(table, pl.DataFrame):
        frame, where = table, what
    elif not isinstance(table, str | Path):
        found, expected = f"a {type(table).__name__}", "a path or a polars DataFrame"
        hint = "polars.from_pandas makes one of a pandas frame"
        problem = Problem(f"scoreboard.{what}.type", what, found, expected, hint)
        raise ScoreboardError([problem])
    else:
        path = Path(table)
        where = path.name
        try:
            frame = pl.read_csv(path, infer_schema_length=0, encoding="utf8")
        except (OSError, pl.exceptions.PolarsError, UnicodeDecodeError) as error:
            raise ScoreboardError([_unreadable(error, what, path)]) from None
        if any(NO_TEXT in column for column in frame.columns):
            found, expected = "bytes that are no UTF-8", "a UTF-8 CSV file"
            raise ScoreboardError([Problem(f"scoreboard.{what}.file", where, found, expected)])
        if len(frame.columns) == 1 and (mark := _other_mark(frame.columns[0])):
            found = f"cells that are separated by {mark}"
            expected = "cells that are separated by commas, and points in decimal numbers"
            raise ScoreboardError([Problem(f"scoreboard.{what}.file", where, found, expected)])
    wanted = {c: names.get(c.strip().lower(), c.strip()) for c in frame.columns}
    twice = {n for n in wanted.values() if list(wanted.values()).count(n) > 1}
    if twice:
        found = f"several columns for {', '.join(sorted(twice))}"
        raise ScoreboardError(
            [Problem(f"scoreboard.{what}.column", where, found, "one column for each")]
        )
    nested = [c for c in frame.columns if frame[c].dtype.is_nested()]
    if nested:
        found = f"lists or structures in {', '.join(nested)}"
        problem = Problem(
            f"scoreboard.{what}.column", where, found, "a number or word in each cell"
        )
        raise ScoreboardError([problem])
    return frame.rename(wanted), where


def _unreadable(error: Exception, what: str, path: Path) -> Problem:
    if path.is_dir():
        reason = "a folder"
    elif isinstance(error, FileNotFoundError):
        reason = "no such file"
    elif "more fields than" in str(error):
        reason = "a row with more cells than the first line has columns"
    else:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    expected = "a UTF-8 CSV file whose cells are separated by commas"
    return Problem(f"scoreboard.{what}.file", str(path), reason, expected)


def _other_mark(header: str) -> str:
    """What separates cells in a header that was read as one, "" for nothing."""
    marks = {";": "semicolons", "\t": "tabs", "|": "bars"}
    return next((word for mark, word in marks.items() if mark in header), "")


def texts(
    frame: pl.DataFrame, column: str, default: str = "", holes: frozenset[str] = HOLES
) -> list[str]:
    """Return a column as text, holes as `default`."""
    if column not in frame.columns:
        return [default] * len(frame)
    cells = frame[column].cast(pl.String).to_list()
    return [default if c is None or c.strip() in holes else c.strip() for c in cells]


def numbers(
    frame: pl.DataFrame, column: str, where: str, rows: list[str], problems: list[Problem]
) -> FloatArray:
    """Return a column as numbers, holes as NaN; adds a problem for each cell that is none.

    Infinite cells are named too.  A column that is missing is all holes.
    """
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    series = frame[column]
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        value = series.cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    else:
        words = [
            None if c is None or c.strip() in HOLES else c.strip() for c in series.cast(pl.String)
        ]
        text = pl.Series(words, dtype=pl.String)
        value = text.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().copy()
        problems += [
            Problem(
                "scoreboard.value.number",
                f"{where} {rows[row]} {column}",
                repr(text[int(row)]),
                "a number, or an empty cell for no data",
            )
            for row in np.flatnonzero(np.isnan(value) & text.is_not_null().to_numpy())
        ]
    problems += [
        Problem(
            "scoreboard.value.huge",
            f"{where} {rows[row]} {column}",
            f"{value[row]:g}",
            f"a number up to {LARGEST:g} in size, in a larger unit",
        )
        for row in np.flatnonzero((np.abs(value) > LARGEST) & ~np.isinf(value))
    ]
    problems += [
        Problem(
            "scoreboard.value.infinite",
            f"{where} {rows[row]} {column}",
            f"{value[row]:g}",
            "a finite number, or an empty cell for no data",
        )
        for row in np.flatnonzero(np.isinf(value))
    ]
    return np.where(np.isinf(value), np.nan, value)
