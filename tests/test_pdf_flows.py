"""Flows and pillars in the PDF: tables say what the run found, pixels show it in every language."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from flow_tables import bottleneck, carried, flow_results
from karvan.case import read_case
from karvan.case.results import Results
from karvan.case.settings import LANGUAGES
from karvan.report.language import Texts
from karvan.report.pdf_content import content
from karvan.report.pdf_flows import FIRST_BOTTLENECKS, bottlenecks, flows
from karvan.report.pdf_reader import Reader
from karvan.runs import run
from karvan.runs.stages import Effort

pytest.importorskip("typst", reason="typst is not installed: pip install 'karvan[pdf]'")
from karvan.report.pdf import compile_pdf

DPI = 60
INK = 128
MARGIN_MM = 15
SHOWN = ("flows", "bottlenecks")

needs_pixels = pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="pdftoppm is not here: it comes with poppler-utils"
)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Results:
    root = tmp_path_factory.mktemp("shipped") / "results"
    return run(read_case("middle-corridor"), root, effort=Effort(replications=2))


def texts_of(rows: list[list[dict[str, Any]]]) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in rows]


def drawn(document: dict[str, Any], folder: Path) -> list[np.ndarray]:
    """The pages of a document as pixels, dark on white."""
    path = folder / "drawn.pdf"
    path.write_bytes(compile_pdf(document))
    command = ["pdftoppm", "-r", str(DPI), "-gray", str(path), str(folder / "drawn")]
    subprocess.run(command, check=True, capture_output=True)
    found = []
    for file in sorted(folder.glob("drawn-*.pgm")):
        data = file.read_bytes()
        head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", data)
        assert head
        width, height = int(head[1]), int(head[2])
        found.append(np.frombuffer(data, np.uint8, width * height, head.end()))
        found[-1] = found[-1].reshape(height, width)
        file.unlink()
    return found


def ink(pages: list[np.ndarray]) -> int:
    return sum(int((page < INK).sum()) for page in pages)


def only(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """A document with the sections named, and no other."""
    return {**document, "sections": [s for s in document["sections"] if s["id"] in names]}


def test_each_alternative_is_a_row_with_its_shares(tmp_path: Path) -> None:
    found = [
        carried("boxes", "north", 300.0, 3000.0, 96.0),
        carried("boxes", "south", 100.0, 1000.0, 96.0),
        carried("grain", "north", 30.0, 450.0, 96.0),
        carried("boxes", "unserved", 0.0, 0.0, 0.0),
    ]
    results = flow_results(tmp_path, found, [])
    block = flows(Reader(results, "en"))
    assert block is not None
    assert texts_of(block["rows"]) == [
        ["North", "300", "75%", "450", "100%"],
        ["South", "100", "25%", "0", "0%"],
    ]
    assert [column["text"] for column in block["head"]][3] == "t of loose cargo"


@pytest.mark.parametrize(
    ("language", "share", "text"),
    [
        ("en", 0.0, "0%"),
        ("en", 0.0004, "under 0.1%"),
        ("en", 0.0042, "0.4%"),
        ("ru", 0.0042, "0,4\xa0%"),
        ("en", 0.31, "31%"),
    ],
)
def test_small_shares_are_not_rounded_to_nothing(
    language: str, share: float, text: str, tmp_path: Path
) -> None:
    reader = Reader(flow_results(tmp_path, [], []), language)
    assert reader.fine_percent(share) == text


def test_bottlenecks_that_gain_come_first_and_no_more_than_ten(tmp_path: Path) -> None:
    kinds = [
        bottleneck("boat", 9.0, 1e6 * (i + 1), from_node="a" if i % 2 else "b") for i in range(14)
    ]
    block = bottlenecks(Reader(flow_results(tmp_path, [], kinds), "en"))
    assert block is not None
    gains = [row[2] for row in texts_of(block["rows"])]
    assert len(gains) == FIRST_BOTTLENECKS
    assert gains[0] == "14 million USD"
    assert gains[-1] == "5 million USD"


def test_what_has_no_room_is_said_also_where_nothing_gains(tmp_path: Path) -> None:
    full = [bottleneck("boat", 0.0, lacking=7.0, measures="done;more")]
    results = flow_results(tmp_path, [], full, left_over_teu=70.0)
    block = bottlenecks(Reader(results, "en"))
    assert block is not None
    assert set(block) == {"title", "lead"}
    assert block["lead"] == (
        "No room at any price for 70 TEU a year, because of Boat (Aport → Beport). "
        "Measures that add room there: More. "
        "With the first of them, 40 TEU a year would still have no room."
    )


@pytest.mark.case
def test_what_the_flows_rest_on_is_counted_from_the_tables(shipped: Results) -> None:
    block = flows(Reader(shipped, "en"))
    assert block is not None
    year = shipped.table("assignment")["flows_year"][0]
    own = shipped.table("input_flows").filter(pl.col("year") == year)
    constants = shipped.table("input_constants").filter(pl.col("constant_usd_per_teu") > 0.0)
    numbers = dict(constants["constant_status"].value_counts().iter_rows())
    assert set(own["flow_status"]) == {"assumed"}
    assert block["note"] == (
        f"{own.height} of {own.height} flows of {year} are assumed. "
        f"Constants of the route choice, up to {constants['constant_usd_per_teu'].max():,.0f} "
        f"USD/TEU: {numbers['calibrated']} calibrated, {numbers['assumed']} assumed. "
        "Where a constant is assumed, so are the shares."
    )


def test_of_many_places_without_room_the_first_are_named(tmp_path: Path) -> None:
    full = [bottleneck("boat", 0.0, lacking=7.0, unit=f"unit {n}") for n in range(8)]
    block = bottlenecks(Reader(flow_results(tmp_path, [], full, left_over_teu=70.0), "en"))
    assert block is not None
    named = ", ".join(["Boat (Aport → Beport)"] * 5)
    assert f"because of {named}, and 3 more." in block["lead"]


def test_flows_without_a_way_are_named(tmp_path: Path) -> None:
    results = flow_results(tmp_path, [], [], unreachable="f", left_over_teu=0.0)
    block = flows(Reader(results, "en"))
    assert block is not None
    assert block["note"] == "No way at all: Aport → Beport (Boxes)"


def test_flows_that_did_not_converge_are_said_to_be_approximate(tmp_path: Path) -> None:
    said = "The computation did not reach its tolerance: read the flows as approximate."
    found = [carried("boxes", "north", 300.0, 3000.0, 96.0)]
    for converged in (False, True):
        results = flow_results(tmp_path / str(converged), found, [], converged=converged)
        block = flows(Reader(results, "en"))
        assert block is not None
        assert (said in block["note"]) is not converged


def test_a_run_without_flows_has_no_such_sections(tmp_path: Path) -> None:
    reader = Reader(flow_results(tmp_path, [], []), "en")
    assert bottlenecks(reader) is None


@pytest.mark.parametrize(
    ("language", "usd", "text"),
    [
        ("en", 18_612_345.0, "18.6 million USD"),
        ("ru", 18_612_345.0, "18,6\xa0млн долл."),
        ("az", 18_612_345.0, "18,6\xa0mln USD"),
        ("zh", 18_612_345.0, "1860万美元"),
        ("zh", 1_234_000_000.0, "12.3亿美元"),
        ("en", 9_999.0, "9,999 USD"),
        ("en", 267_966.0, "268,000 USD"),
        ("ru", 267_966.0, "268\xa0000 долл."),
        ("az", -267_966.0, "-268.000 USD"),
        ("zh", 999_499.0, "999,000美元"),
        ("en", 999_999.0, "1 million USD"),
        ("en", None, "– USD"),
    ],
)
def test_large_amounts_are_written_as_the_language_writes_them(
    language: str, usd: float | None, text: str
) -> None:
    assert Texts(language).money(usd) == text


@needs_pixels
@pytest.mark.case
@pytest.mark.parametrize("language", LANGUAGES)
def test_both_sections_are_drawn_within_the_margins(
    language: str, shipped: Results, tmp_path: Path
) -> None:
    document = content(shipped, language)
    with_both = drawn(only(document, *SHOWN), tmp_path)
    bare = drawn(only(document), tmp_path)
    assert ink(with_both) > 1.3 * ink(bare)
    edge = round(MARGIN_MM / 25.4 * DPI)
    for page in with_both:
        assert (page[:, :edge] >= INK).all(), "ink in the left margin"
        assert (page[:, -edge:] >= INK).all(), "ink in the right margin"


@needs_pixels
@pytest.mark.case
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pillars_are_drawn_within_the_margins(
    language: str, shipped: Results, tmp_path: Path
) -> None:
    document = only(content(shipped, language), "pillars")
    pages = drawn(document, tmp_path)
    assert ink(pages) > 1.1 * ink(drawn(only(document), tmp_path))
    edge = round(MARGIN_MM / 25.4 * DPI)
    for page in pages:
        assert (page[:, :edge] >= INK).all(), "ink in the left margin"
        assert (page[:, -edge:] >= INK).all(), "ink in the right margin"


@needs_pixels
@pytest.mark.case
def test_a_bar_is_as_long_as_its_score_and_has_its_interval(
    shipped: Results, tmp_path: Path
) -> None:
    document = only(content(shipped, "en"), "pillars")
    (section,) = document["sections"]
    first, *others = section["bars"]["rows"]

    def greyness(**more: Any) -> int:
        """What the page holds with another bar; the words beside it stay the same."""
        bars = {**section["bars"], "rows": [{**first, **more}, *others]}
        pages = drawn({**document, "sections": [{**section, "bars": bars}]}, tmp_path)
        return sum(int((255 - page.astype(int)).sum()) for page in pages)

    short, long = greyness(score=10.0, low=None), greyness(score=90.0, low=None)
    assert short < long
    assert long < greyness(score=90.0, low=5.0, high=95.0)


@needs_pixels
@pytest.mark.case
def test_first_and_last_row_of_the_tables_leave_ink(shipped: Results, tmp_path: Path) -> None:
    document = only(content(shipped, "en"), *SHOWN)
    whole = ink(drawn(document, tmp_path))
    for n, section in enumerate(document["sections"]):
        for i in (0, len(section["rows"]) - 1):
            fewer = {**section, "rows": [r for k, r in enumerate(section["rows"]) if k != i]}
            sections = [fewer if k == n else s for k, s in enumerate(document["sections"])]
            assert ink(drawn({**document, "sections": sections}, tmp_path)) < whole
