"""What the browser tests share: a watched page, the document of a report, a server.

Without Playwright the modules that import this are skipped; with KARVAN_BROWSER_TESTS=required
they fail instead, so that a continuous integration cannot pass without a browser.
"""

import base64
import csv
import gzip
import importlib
import io
import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from karvan.web.effort import REPLICATIONS

REQUIRED = os.environ.get("KARVAN_BROWSER_TESTS") == "required"
REASON = "Playwright is not installed: pip install 'karvan[browser]'"
if REQUIRED:
    sync_api = importlib.import_module("playwright.sync_api")
else:
    sync_api = pytest.importorskip("playwright.sync_api", reason=REASON)
expect = sync_api.expect

LANGS = ("en", "ru", "az", "zh")
PAGES = (
    *(
        "overview",
        "map",
        "itineraries",
        "alternatives",
        "measures",
        "flows",
        "simulation",
        "pillars",
        "validation",
    ),
    *("evidence", "claims", "events", "sources", "method"),
)
DESKTOP = {"width": 1440, "height": 1000}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 15_000
"""For what is drawn at once on a machine that does other things too."""
RUN_MS = 120_000
"""For a run of the case, and for filling a cold numba cache."""
PROGRAM = "from karvan.cli import main; main()"

# A full-width bracket at the end of a Chinese line hangs two empty pixels over.
OVERFLOWS = """() => {
  const texts = "button, nav a, h1, h2, h3, summary, legend, label > span, figcaption > span, " +
    ".mark, .value, .case strong, .app-brand span, .app-card-title, .app-card-value";
  const shown = (el) => el.checkVisibility() && el.clientWidth > 1;
  const excess = (el) => el.scrollWidth - el.clientWidth;
  return [...document.querySelectorAll(texts)]
    .filter((el) => shown(el) && excess(el) > 2)
    .map((el) => `${el.tagName}.${el.className} + ${excess(el)} px: ${el.textContent.trim()}`);
}"""
SIDEWAYS = """() => {
  const wide = document.scrollingElement.scrollWidth;
  if (wide <= window.innerWidth) return [];
  const past = [...document.querySelectorAll("body *")].filter(
    (el) => el.checkVisibility() && el.getBoundingClientRect().right > window.innerWidth + 1 &&
      !el.closest(".table-scroll, dialog"));
  return [`page ${wide} px wide`, ...past.slice(0, 5).map((el) => `${el.tagName}.${el.className}`)];
}"""
INK = """async (data) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  const { data: rgba } = pen.getImageData(0, 0, picture.width, picture.height);
  const pixels = new Uint32Array(rgba.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  return 1 - Math.max(...counts.values()) / pixels.length;
}"""


class Visit:
    """A page of its own context; what it asks for and what goes wrong is written down."""

    def __init__(self, browser: Any, own: str, **options: Any) -> None:
        self._own = own
        self._forgiven: list[str] = []
        self.requests: list[str] = []
        self.faults: list[str] = []
        self.context = browser.new_context(**{"viewport": DESKTOP, **options})
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page = self.new_page()

    def new_page(self) -> Any:
        """Open a further page of the same reader, watched like the first."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("console", self._hear)
        return page

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text}")

    def forgive(self, pattern: str) -> None:
        """Expect faults of this kind, because the test causes them."""
        self._forgiven.append(pattern)

    def outside(self) -> list[str]:
        """Requests for anything but the report or the server."""
        return [u for u in self.requests if not u.startswith((self._own, "data:", "blob:"))]

    def check(self) -> None:
        """Fail if the page reported a fault or asked anybody else for anything."""
        left = [f for f in self.faults if not any(re.search(p, f) for p in self._forgiven)]
        assert left == []
        assert self.outside() == []


@contextmanager
def visiting(browser: Any, own: str, **options: Any) -> Iterator[Visit]:
    """Visit as a new reader; what went wrong fails the test at the end."""
    visit = Visit(browser, own, **options)
    try:
        yield visit
        visit.check()
    finally:
        visit.context.close()


def show(page: Any, page_id: str) -> str:
    """Go to a page of the report through the navigation; return its title."""
    link = page.locator(f'nav a[data-page="{page_id}"]')
    expect(link).to_be_attached()
    title = link.inner_text()
    if not link.is_visible():
        page.locator(".menu-button").click()
    link.click()
    expect(page.locator("h1")).to_have_text(title)
    expect(link).to_have_attribute("aria-current", "page")
    return title


def settle(page: Any) -> None:
    """Wait until what has been asked for is painted: two frames."""
    page.evaluate("() => new Promise((d) => requestAnimationFrame(() => requestAnimationFrame(d)))")


def layout_faults(page: Any) -> list[str]:
    """Texts wider than their boxes, and what makes the page scroll sideways."""
    return [*page.evaluate(OVERFLOWS), *page.evaluate(SIDEWAYS)]


def saved(page: Any, click: Any) -> tuple[str, bytes]:
    """Click on something that saves a file; return its name and content."""
    with page.expect_download() as waiting:
        click.click()
    file = waiting.value
    return file.suggested_filename, Path(file.path()).read_bytes()


def csv_rows(data: bytes) -> list[dict[str, str]]:
    """Rows of a CSV file as a spreadsheet would read them."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def ink(context: Any, png: bytes) -> float:
    """Share of the pixels of a picture that have not its commonest colour."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    page = context.new_page()
    try:
        return float(page.evaluate(INK, base64.b64encode(png).decode()))
    finally:
        page.close()


def report_data(path: Path) -> dict[str, Any]:
    """Return the document inside a report."""
    text = path.read_text(encoding="utf-8")

    def part(name: str) -> dict[str, Any]:
        found = re.search(f'id="karvan-{name}">([^<]+)<', text)
        assert found
        content: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
        return content

    data = part("packed")
    for name in data["later"]:
        data["tables"] |= part(name)["tables"]
    return data


def rows_of(document: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """Rows of a table of a document."""
    found = document["tables"][table]
    names = [column["name"] for column in found["columns"]]
    return [dict(zip(names, cells, strict=True)) for cells in found["rows"]]


class Server:
    """``karvan serve`` as a process of its own, which can go away and come back."""

    def __init__(self, case: str | Path, results: Path) -> None:
        self._case, self._results = str(case), results
        self._process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self, port: int = 0) -> None:
        """Start it and wait until it says where it listens."""
        command = [sys.executable, "-c", PROGRAM, "serve", self._case, "--port", str(port)]
        self._process = subprocess.Popen(
            [*command, "--results", str(self._results)],
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], RUN_MS / 1000)
        assert ready, "the server did not start"
        line = self._process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line
        self.address = found[0].rstrip("/") + "/"

    @property
    def port(self) -> int:
        return int(self.address.rstrip("/").rsplit(":", 1)[1])

    def stop(self) -> None:
        """End it the hard way."""
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None


def run_report(case: str | Path, out: Path) -> Path:
    """Run a case as people do; return the report that it writes."""
    command = [sys.executable, "-c", PROGRAM, "run", str(case), "--out", str(out), "--quiet"]
    # As many as a server takes: what the pages show does not hang on it.
    command += ["--replications", str(REPLICATIONS)]
    variables = {**os.environ, "PYTHONUTF8": "1"}
    subprocess.run(command, check=True, env=variables, stdout=subprocess.DEVNULL)
    return out / "report.html"
