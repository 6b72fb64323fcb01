"""Rows of a case's tables for its checks, and where a cell stands for their messages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from karvan import schema
from karvan.case.model import Case
from karvan.schema.read import cell_place


def rows_of(case: Case, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table by column name."""
    return list(case.table(table).iter_rows(named=True))


def repeats_of(
    case: Case, table: str, columns: Sequence[str]
) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield rows that say the same in some columns as an earlier one, and the id of that one."""
    first: dict[tuple[Any, ...], str] = {}
    for row in rows_of(case, table):
        key = tuple(row[column] for column in columns)
        if key in first:
            yield row, first[key]
        first.setdefault(key, row["id"])


def place_of(table: str, row: Mapping[str, Any], column: str = "") -> str:
    """Return file, row, key and column of a cell, for messages."""
    return cell_place(schema.tables()[table], row, column)
