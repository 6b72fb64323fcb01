"""Read and check the values of units: wide (a column an indicator) or long (a row a value)."""

from collections.abc import Iterator
from types import MappingProxyType

import numpy as np
import polars as pl

from karvan.errors import Problem, ScoreboardError, did_you_mean
from karvan.scoreboard.cells import EMPTY, Table, numbers, read_table, texts
from karvan.scoreboard.model import (
    IMPUTED,
    NO_DATA,
    NO_YEAR,
    OBSERVED,
    FlagArray,
    FloatArray,
    Framework,
    IntArray,
    Panel,
)
from karvan.scoreboard.read_framework import Sheet

NAMES = {
    "unit": "unit", "ucode": "unit", "country": "unit", "pair": "unit",
    "partner": "partner", "name": "name", "uname": "name", "year": "year", "time": "year",
    "indicator": "indicator", "icode": "indicator", "value": "value",
    "standard_error": "standard_error", "status": "status",
    "source": "source", "source_id": "source",
}  # fmt: skip
"""Canonical column by the names that data sets use, COINr's among them."""

OWN_COLUMNS = frozenset(NAMES.values())
ERROR_SUFFIX = "_se"
"""Ending of the column of a wide table that holds the standard error of an indicator."""

Key = tuple[str, int]


def read_data(table: Table, sheet: Sheet) -> tuple[Panel, list[str]]:
    """Return a panel from a CSV file or a table, and notes on what was left out.

    Parameters
    ----------
    table : path or DataFrame
        Column `unit` (with `partner` for pairs), optionally `year` and `name`; then a column for
        each indicator, group and denominator of the framework (and `<indicator>_se` for standard
        errors), or long with `indicator`, `value` and optionally `standard_error`, `status` and
        `source`.
    sheet : Sheet
        Of :func:`read_framework`.

    Raises
    ------
    ScoreboardError
        With every fault found.
    """
    frame, where = read_table(table, "data", NAMES)
    if "unit" not in frame.columns:
        problem = Problem("scoreboard.data.column", where, "no column 'unit'", "a column 'unit'")
        raise ScoreboardError([problem])
    problems: list[Problem] = []
    unit = texts(frame, "unit", holes=EMPTY)
    if "partner" in frame.columns:
        unit = [f"{u}-{p}" for u, p in zip(unit, texts(frame, "partner", holes=EMPTY), strict=True)]
    year = _years(frame, where, unit, problems)
    problems += [
        Problem("scoreboard.data.unit", f"{where} row {n}", "no unit", "the id of a unit")
        for n, u in enumerate(unit, 2)
        if not u
    ]
    if not len(frame):
        problems.append(Problem("scoreboard.data.empty", where, "no rows", "a row or more"))
    long = {"indicator", "value"} <= set(frame.columns)
    read = _read_long if long else _read_wide
    panel, notes = read(frame, where, unit, year, sheet, problems)
    if problems:
        raise ScoreboardError(problems)
    return panel, notes


def _years(frame: pl.DataFrame, where: str, unit: list[str], problems: list[Problem]) -> IntArray:
    if "year" not in frame.columns:
        return np.full(len(frame), NO_YEAR, dtype=np.int64)
    labels = [f"row {n} ({u})" for n, u in enumerate(unit, 2)]
    value = numbers(frame, "year", where, labels, problems)
    for row in np.flatnonzero(~(value == np.floor(value))):
        found = "no year" if np.isnan(value[row]) else f"{value[row]:g}"
        problems.append(
            Problem("scoreboard.data.year", f"{where} {labels[row]} year", found, "a whole number")
        )
    return np.where(np.isnan(value), NO_YEAR, value).astype(np.int64)


def _read_wide(
    frame: pl.DataFrame,
    where: str,
    unit: list[str],
    year: IntArray,
    sheet: Sheet,
    problems: list[Problem],
) -> tuple[Panel, list[str]]:
    labels = [f"row {n} ({u})" for n, u in enumerate(unit, 2)]
    first: dict[Key, int] = {}
    for n, key in enumerate(zip(unit, year.tolist(), strict=True)):
        if key in first:
            problems.append(_twice(f"{where} {labels[n]}", key, f"also row {first[key] + 2}"))
        first.setdefault(key, n)
    framework = sheet.framework
    wanted = [*framework.indicator, *sheet.groups, *sheet.denominators]
    problems += _missing_columns(wanted, frame.columns, where)
    columns = [numbers(frame, c, where, labels, problems) for c in framework.indicator]
    value = np.stack(columns, axis=1) if columns else np.empty((len(frame), 0))
    errors = [
        numbers(frame, c + ERROR_SUFFIX, where, labels, problems) for c in framework.indicator
    ]
    panel = _panel(
        unit, year, framework, value, np.stack(errors, axis=1), where, problems,
        names=dict(zip(unit, texts(frame, "name"), strict=True)),
        groups={g: tuple(texts(frame, g)) for g in sheet.groups},
        denominators={
            d: numbers(frame, d, where, labels, problems) for d in sheet.denominators
        },
    )  # fmt: skip
    known = {*wanted, *OWN_COLUMNS, *(c + ERROR_SUFFIX for c in framework.indicator)}
    left = [c for c in frame.columns if c not in known]
    notes = [f"columns of the data that the framework does not name: {', '.join(left)}"]
    return panel, notes if left else []


def _read_long(
    frame: pl.DataFrame,
    where: str,
    unit: list[str],
    year: IntArray,
    sheet: Sheet,
    problems: list[Problem],
) -> tuple[Panel, list[str]]:
    framework = sheet.framework
    indicator = texts(frame, "indicator")
    labels = [
        f"row {n} ({u}, {i})" for n, (u, i) in enumerate(zip(unit, indicator, strict=True), 2)
    ]
    value = numbers(frame, "value", where, labels, problems)
    error = numbers(frame, "standard_error", where, labels, problems)
    source, status = texts(frame, "source"), texts(frame, "status")
    keys = list(zip(unit, year.tolist(), strict=True))
    row_of = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    shape = (len(row_of), framework.n_indicators)
    column = {i: j for j, i in enumerate(framework.indicator)}
    denominators = {d: np.full(len(row_of), np.nan) for d in sheet.denominators}
    table, errors = np.full(shape, np.nan), np.full(shape, np.nan)
    flags, sources = np.full(shape, OBSERVED, dtype=np.uint8), np.full(shape, "", dtype=object)
    left: dict[str, None] = {}
    seen: set[tuple[Key, str]] = set()
    for n, (key, name) in enumerate(zip(keys, indicator, strict=True)):
        if (key, name) in seen:
            problems.append(_twice(f"{where} {labels[n]}", key, f"indicator {name}"))
        seen.add((key, name))
        row = row_of[key]
        if name in column:
            at = (row, column[name])
            table[at], errors[at], sources[at] = value[n], error[n], source[n]
            if status[n] == "imputed":
                flags[at] = IMPUTED
        elif name in denominators:
            denominators[name][row] = value[n]
        else:
            left[name] = None
    present = {name for _, name in seen}
    problems += [
        Problem("scoreboard.data.indicator", where, f"no row of '{i}'", "values of the indicator",
                did_you_mean(i, sorted(left)))
        for i in framework.indicator
        if i not in present
    ]  # fmt: skip
    first = {key: n for n, key in reversed(list(enumerate(keys)))}
    at_rows = [first[key] for key in row_of]
    panel = _panel(
        [key[0] for key in row_of], np.array([key[1] for key in row_of], dtype=np.int64),
        framework, table, errors, where, problems,
        names=dict(zip(unit, texts(frame, "name"), strict=True)),
        groups={g: tuple(np.array(texts(frame, g))[at_rows]) for g in sheet.groups},
        denominators=denominators, flags=flags, sources=sources.astype(str),
    )  # fmt: skip
    problems += _missing_columns(sheet.groups, frame.columns, where)
    notes = [f"indicators of the data that the framework does not name: {', '.join(left)}"]
    return panel, notes if left else []


def _twice(where: str, key: Key, other: str) -> Problem:
    unit, year = key
    found = f"'{unit}'" + (f" {year}" if year != NO_YEAR else "") + f" again ({other})"
    return Problem("scoreboard.data.twice", where, found, "each unit once a year")


def _missing_columns(
    wanted: list[str] | tuple[str, ...], there: list[str], where: str
) -> Iterator[Problem]:
    for column in wanted:
        if column not in there:
            hint = did_you_mean(column, there)
            yield Problem(
                "scoreboard.data.column", where, f"no column '{column}'", "a column for it", hint
            )


def _panel(
    unit: list[str],
    year: IntArray,
    framework: Framework,
    value: FloatArray,
    error: FloatArray,
    where: str,
    problems: list[Problem],
    *,
    names: dict[str, str],
    groups: dict[str, tuple[str, ...]],
    denominators: dict[str, FloatArray],
    flags: FlagArray | None = None,
    sources: "np.ndarray[tuple[int, int], np.dtype[np.str_]] | None" = None,
) -> Panel:
    there = ~np.isnan(value)
    for i, j in zip(*np.nonzero(error < 0), strict=True):
        problems.append(
            Problem(
                "scoreboard.data.error",
                f"{where} {unit[i]} {framework.indicator[j]}",
                f"a standard error of {error[i, j]:g}",
                "a number >= 0",
            )
        )
    status = np.where(there, OBSERVED if flags is None else flags, NO_DATA).astype(np.uint8)
    return Panel(
        unit=tuple(unit),
        year=year,
        indicator=framework.indicator,
        value=value,
        status=status,
        spread=np.where(np.isnan(error) | ~there, 0.0, error),
        name=MappingProxyType({u: n for u, n in names.items() if n}),
        group=MappingProxyType(groups),
        denominator=MappingProxyType(denominators),
        source=sources,
    )
