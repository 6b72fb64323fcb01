"""The committed reference and the picture are what the code and the case say."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from karvan.case import checks

DOCS = Path(__file__).parents[1] / "docs"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = script("build_reference")


@pytest.mark.parametrize("page", reference.PAGES)
def test_reference_page_is_up_to_date(page):
    found = (DOCS / "reference" / page).read_text(encoding="utf-8")
    assert found == reference.PAGES[page](), "run: python docs/build_reference.py"


def test_picture_is_up_to_date():
    found = (DOCS / "images" / "corridor.svg").read_text(encoding="utf-8")
    assert found == script("draw_corridor").draw(), "run: python docs/draw_corridor.py"


def test_every_command_is_in_the_docs():
    from karvan.cli import COMMANDS

    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"## karvan {name}\n" not in text] == []


def test_every_check_of_a_case_is_on_its_page() -> None:
    page = reference.checks_page()
    for check in checks.CHECKS:
        assert (check.__doc__ or "").splitlines()[0] in page, check.__name__
