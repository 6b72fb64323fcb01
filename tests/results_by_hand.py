"""Results that no run computed: some tables as a test wants them, the others empty."""

from pathlib import Path
from typing import Any

import polars as pl

from karvan import schema
from karvan.case.results import (
    MANIFEST,
    RESULTS_FORMAT,
    Results,
    prepare_folder,
    read_results,
    result_frame,
    write_json,
    write_table,
)

Rows = list[dict[str, Any]]
YEAR = 2024


def results(root: Path, **tables: Rows | pl.DataFrame) -> Results:
    """Results made by hand; tables that are not named are empty."""
    prepare_folder(root)
    for name in schema.result_tables():
        given = tables.get(name, [])
        frame = given if isinstance(given, pl.DataFrame) else result_frame(name, given)
        write_table(root, name, frame)
    write_json(root / MANIFEST, {"format": RESULTS_FORMAT, "complete": True, "year": YEAR})
    return read_results(root)
