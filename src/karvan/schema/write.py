"""Write tables as CSV that a spreadsheet opens without running anything in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

FORMULA_START = r"^(\s*[=+\-@]|[\t\r])"
"""A spreadsheet takes a cell that starts so for a formula, and runs it."""


def safe_csv(table: pl.DataFrame) -> str:
    """Return a table as CSV whose texts no spreadsheet takes for a formula.

    Only texts are changed, by an apostrophe put before them; numbers stay numbers.
    """
    return table.with_columns(pl.col(pl.String).str.replace(FORMULA_START, "'${0}")).write_csv()


def rows_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows of plain values as CSV that is safe for spreadsheets."""
    return safe_csv(pl.DataFrame(rows, infer_schema_length=None))
