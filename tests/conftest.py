"""Fixtures that several test modules share."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from karvan.case import Case, find_case, read_case

SHARED = Path(__file__).resolve().parents[2] / "shared"

EditCell = Callable[[str, str, str, str], int]


@pytest.fixture
def two_port(tmp_path: Path) -> Path:
    """Folder of a fresh copy of the shipped case ``two-port``."""
    root = tmp_path / "two-port"
    shutil.copytree(find_case("two-port"), root)
    return root


@pytest.fixture
def edit_cell(two_port: Path) -> EditCell:
    """Function that sets one cell of a CSV file of `two_port` and returns the row's line."""

    def edit(file: str, key: str, column: str, value: str) -> int:
        return set_cell(two_port / file, key, column, value)

    return edit


def set_cell(path: Path, key: str, column: str, value: str) -> int:
    """Set the cell of the row whose first cell is `key`; return the line of the row."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    line = next(n for n, row in enumerate(rows) if row[0] == key)
    rows[line][header.index(column)] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return line + 2


@pytest.fixture(scope="session")
def middle_corridor() -> Case:
    return read_case("middle-corridor")


@pytest.fixture(scope="session")
def two_port_case() -> Case:
    return read_case("two-port")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of facts beside the repository; it does not ship with it."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here: it holds the facts that the shipped case was made from")
    return SHARED
