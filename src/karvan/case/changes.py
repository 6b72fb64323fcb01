"""Apply the changes of measures, scenarios and the command line to declared tables."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from karvan import schema
from karvan.case.settings import Change, Scalar
from karvan.errors import ScenarioError, did_you_mean
from karvan.schema.read import DTYPES, ROW, BadCell, check_range, convert

Tables = Mapping[str, pl.DataFrame]
PROVENANCE = ("status", "source_id", "reason")


def apply_changes(tables: Tables, changes: Iterable[Change], where: str) -> Tables:
    """Return the tables after `changes`; the given ones stay as they are.

    `where` names the file (or the command line) in errors.  A changed quantity takes over the
    status, source and reason of the change, so that a result can be traced to it.

    Raises
    ------
    ScenarioError
        A table, column or row that does not exist, or a value that does not fit its column.
    """
    new = dict(tables)
    for number, change in enumerate(changes, 1):
        place = f"{where} change {number} ({change.action} {change.table})"
        if change.table not in schema.tables():
            hint = did_you_mean(change.table, schema.tables())
            message = f"{place}: no table '{change.table}'; {hint or 'see the schema reference'}"
            raise ScenarioError(message)
        declared = schema.tables()[change.table]
        new[change.table] = _apply(new[change.table], change, declared, place)
    return new


def _apply(
    table: pl.DataFrame, change: Change, declared: schema.TableSchema, place: str
) -> pl.DataFrame:
    if change.action == "insert":
        return _insert(table, change, declared, place)
    selected = _select(table, change.where, place)
    if change.action == "remove":
        return table.filter(~selected)
    column = _column(declared, change.column, place)
    if change.action in {"scale", "add"}:
        value = _operand(change, column, place)
        old = pl.col(column.name)
        new_value = old * value if change.action == "scale" else old + value
        table = table.with_columns(pl.when(selected).then(new_value).otherwise(old))
        _check_range(table.filter(selected), column, place)
    else:
        value = _cell(change.value, column, place)
        literal = pl.lit(value, dtype=DTYPES.get(column.type, pl.String))
        table = table.with_columns(
            pl.when(selected).then(literal).otherwise(pl.col(column.name)).alias(column.name)
        )
    return _retrace(table, selected, change, declared, place)


def _column(declared: schema.TableSchema, name: str, place: str) -> schema.Column:
    try:
        return declared.column(name)
    except KeyError:
        hint = did_you_mean(name, declared.names) or f"it has: {', '.join(declared.names)}"
        message = f"{place}: no column '{name}'; {hint}"
        raise ScenarioError(message) from None


def _operand(change: Change, column: schema.Column, place: str) -> float:
    """Factor or addend; it may leave the column's range, the result is checked instead."""
    if column.type != "number":
        message = f"{place}: '{change.action}' needs a number column, '{column.name}' is not"
        raise ScenarioError(message)
    value = change.value
    if isinstance(value, str | bool) or value is None or not math.isfinite(value):
        message = f"{place} {column.name}: found {value!r}, expected a finite number"
        raise ScenarioError(message)
    return float(value)


def _cell(value: Scalar | None, column: schema.Column, place: str) -> Any:  # noqa: ANN401
    if value is None:
        message = f"{place}: no value for column '{column.name}'"
        raise ScenarioError(message)
    text = _word(value)
    if text == "" and not column.required:
        return convert(column.default, column) if column.default else None
    try:
        return convert(text, column)
    except BadCell as fault:
        message = f"{place} {column.name}: found {value!r}, expected {fault.expected}"
        raise ScenarioError(message) from None


def _word(value: Any, dtype: pl.DataType | None = None) -> str:  # noqa: ANN401
    """Text of a value as a table's cell would have it; all numbers alike in a number column."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    is_number = dtype is not None and dtype.is_numeric() and isinstance(value, int | float)
    return repr(float(value)) if is_number else str(value)


def _check_range(rows: pl.DataFrame, column: schema.Column, place: str) -> None:
    values = rows[column.name].drop_nulls()
    if values.is_empty():
        message = f"{place} {column.name}: no value to change in the selected rows; use 'set'"
        raise ScenarioError(message)
    for value in values:
        if not math.isfinite(value):
            message = f"{place} {column.name}: the result is {value:g}, expected a finite number"
            raise ScenarioError(message)
        try:
            check_range(value, column)
        except BadCell as fault:
            message = f"{place} {column.name}: the result is {value:g}, expected {fault.expected}"
            raise ScenarioError(message) from None


def _select(table: pl.DataFrame, where: Mapping[str, Any], place: str) -> pl.Series:
    if not where:
        message = f"{place}: no 'where'; name the rows, e.g. where = {{ id = 'aktau-alat' }}"
        raise ScenarioError(message)
    selected = pl.Series([True] * table.height, dtype=pl.Boolean)
    for name, value in where.items():
        if name not in table.columns:
            hint = did_you_mean(name, table.columns)
            message = f"{place}: no column '{name}' in 'where'; {hint}"
            raise ScenarioError(message)
        wanted = value if isinstance(value, list) else [value]
        dtype = table[name].dtype
        cells = [None if cell is None else _word(cell, dtype) for cell in table[name]]
        found = pl.Series(cells, dtype=pl.String)
        words = [_word(w, dtype) for w in wanted]
        missing = [w for w in words if w not in set(cells)]
        if missing:
            hint = did_you_mean(missing[0], [cell for cell in cells if cell is not None])
            message = f"{place}: no row with {name} = {missing[0]!r}; {hint}".rstrip("; ")
            raise ScenarioError(message)
        selected &= found.is_in(words).fill_null(value=False)
    if not selected.any():
        message = f"{place}: no row fits {dict(where)}"
        raise ScenarioError(message)
    return selected


def _insert(
    table: pl.DataFrame, change: Change, declared: schema.TableSchema, place: str
) -> pl.DataFrame:
    unknown = set(change.row) - set(declared.names)
    if unknown:
        name = sorted(unknown)[0]
        message = f"{place}: no column '{name}'; {did_you_mean(name, declared.names)}"
        raise ScenarioError(message)
    row: dict[str, Any] = {ROW: None}
    for column in declared.columns:
        if column.name in change.row:
            row[column.name] = _cell(change.row[column.name], column, place)
        elif column.required:
            message = f"{place}: no '{column.name}' in the new row: {column.description}"
            raise ScenarioError(message)
        else:
            row[column.name] = convert(column.default, column) if column.default else None
    for quantity in declared.quantities:
        given = any(row[name] is not None for name in declared.value_columns(quantity))
        for part in PROVENANCE:
            name = f"{quantity}_{part}"
            if given and row[name] is None:
                row[name] = getattr(change, part) or None
    key = next(c.name for c in declared.columns if c.key)
    if row[key] in set(table[key]):
        message = f"{place}: a row with {key} = '{row[key]}' exists; use 'set' to change it"
        raise ScenarioError(message)
    return pl.concat([table, pl.DataFrame([row], schema=table.schema)])


def _retrace(
    table: pl.DataFrame,
    selected: pl.Series,
    change: Change,
    declared: schema.TableSchema,
    place: str,
) -> pl.DataFrame:
    """Write the change's status, source and reason beside the quantity it changed."""
    prefixes = [f"{q}_" for q in declared.quantities if change.column in declared.value_columns(q)]
    if not prefixes and "status" in declared.names:
        prefixes = [""]
    for prefix in prefixes:
        given = {"status": change.status, "source_id": change.source_id, "reason": change.reason}
        if change.action in {"scale", "add"} and not given["reason"]:
            given["reason"] = f"{change.action} {change.value} by {place}"
        for part, text in given.items():
            name = prefix + part
            if name in declared.names:
                literal = pl.lit(text or None, dtype=pl.String)
                table = table.with_columns(
                    pl.when(selected).then(literal).otherwise(pl.col(name)).alias(name)
                )
        formula = f"{prefix}formula"
        if formula in declared.names:
            table = table.with_columns(
                pl.when(selected).then(None).otherwise(pl.col(formula)).alias(formula)
            )
    return table
