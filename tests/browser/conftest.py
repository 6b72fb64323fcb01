"""Fixtures of the browser tests: a browser, reports and servers.

They use the Chromium of the system (variable KARVAN_CHROMIUM names another one); nothing is
downloaded.  Where Playwright, Chromium or the built front end is missing the tests are skipped
with the reason; with KARVAN_BROWSER_TESTS=required they fail.
"""

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from karvan.case import find_case

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--hide-scrollbars", "--lang=en-GB"),
)
HOSTILE = "<img src=x onerror=window.__hacked=1>"
FORMULA = "=cmd"


def missing(what: str) -> None:
    """Skip, or fail where a browser is required."""
    from browser_tools import REQUIRED

    if REQUIRED:
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser, once it is clear that there is something to open in it."""
    assets = Path(str(files("karvan.report"))) / "assets"
    if not all((assets / name).is_file() for name in ("app.js", "app.css")):
        missing("the front end is not built: npm ci && npm run build in frontend/")
    paths = [os.environ.get("KARVAN_CHROMIUM"), *map(shutil.which, NAMES)]
    path = next((p for p in paths if p), None)
    if path is None:
        missing("no Chromium here: apt-get install chromium, or name one in KARVAN_CHROMIUM")
    return str(path)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A browser; one a module, because its event loop would disturb tests of other folders."""
    from browser_tools import sync_api

    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def report(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the shipped case."""
    from browser_tools import run_report

    return run_report("middle-corridor", tmp_path_factory.mktemp("middle-corridor") / "results")


@pytest.fixture
def visit_report(browser: Any, report: Path) -> Callable[..., AbstractContextManager[Any]]:
    """Function that visits the report as a new reader; it takes options of the context."""
    from browser_tools import visiting

    return partial(visiting, browser, report.as_uri())


@pytest.fixture(scope="session")
def hostile_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the case ``two-port`` with markup and a formula as names of places."""
    root = tmp_path_factory.mktemp("hostile") / "two-port"
    shutil.copytree(find_case("two-port"), root)
    path = root / "network" / "nodes.csv"
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    names = {"east": HOSTILE, "west": FORMULA}
    for row in rows:
        for column in ("name_en", "name_ru", "name_az", "name_zh"):
            row[header.index(column)] = names.get(row[0], row[header.index(column)])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return root


@pytest.fixture(scope="session")
def hostile_report(chromium: str, hostile_case: Path) -> Path:
    from browser_tools import run_report

    return run_report(hostile_case, hostile_case.parent / "results")


@pytest.fixture(scope="session")
def serve(
    chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str | Path], Any]]:
    """Function that starts ``karvan serve`` for a case on a free port."""
    from browser_tools import Server

    with ExitStack() as stack:

        def start(case: str | Path) -> Any:
            server = Server(case, tmp_path_factory.mktemp("serve"))
            stack.callback(server.stop)
            server.start()
            return server

        yield start


@pytest.fixture(scope="session")
def server(serve: Callable[[str | Path], Any]) -> Any:
    """A server of the shipped case."""
    return serve("middle-corridor")


@pytest.fixture
def visit_app(browser: Any, server: Any) -> Callable[..., AbstractContextManager[Any]]:
    """Function that visits the app as a new reader; it takes options of the context."""
    from browser_tools import visiting

    return partial(visiting, browser, server.address)


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the pictures for people to look at: KARVAN_SCREENSHOTS, else a temporary one."""
    named = os.environ.get("KARVAN_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
