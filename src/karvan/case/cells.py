"""Rows of a case's tables for its checks, and where a cell stands for their messages."""

from collections.abc import Mapping
from typing import Any

from karvan import schema
from karvan.case.model import Case
from karvan.schema.read import cell_place


def rows_of(case: Case, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table by column name."""
    return list(case.table(table).iter_rows(named=True))


def place_of(table: str, row: Mapping[str, Any], column: str = "") -> str:
    """Return file, row, key and column of a cell, for messages."""
    return cell_place(schema.tables()[table], row, column)
