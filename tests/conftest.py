"""Fixtures that several test modules share."""

import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from case_files import set_cell
from karvan.case import Case, find_case, read_case

# The browser tests share this file and need no hypothesis.
if find_spec("hypothesis"):
    from hypothesis import settings

    # On a busy machine a first call may take seconds: time says nothing about a property.
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")

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
