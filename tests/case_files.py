"""Edit the files of a case, for tests of bad input."""

import csv
from pathlib import Path


def set_cell(path: Path, key: str, column: str, value: str) -> int:
    """Set the cell of the row whose first cell is `key`; return the line of the row."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    line = next(n for n, row in enumerate(rows) if row[0] == key)
    rows[line][header.index(column)] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return line + 2
