"""The report as PDF: every page is set in every language, judged by its pixels."""

import json
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from karvan.case import find_case, read_case
from karvan.case.results import Results, write_json
from karvan.case.settings import LANGUAGES
from karvan.case.texts import free_texts, read_catalogue
from karvan.cli import main
from karvan.report import pdf, pdf_content
from karvan.report.document import catalogues
from karvan.report.pdf import PdfError, compile_pdf, pdf_bytes, write_pdf
from karvan.report.pdf_content import content
from karvan.report.pdf_map import corridor_map
from karvan.report.pdf_reader import Reader, is_web_address, plain
from karvan.runs import run
from karvan.runs.stages import Effort

typst = pytest.importorskip("typst", reason="typst is not installed: pip install 'karvan[pdf]'")

FOLDER = Path(pdf.__file__).parent
FONTS = FOLDER / pdf.FONTS
LARGEST_FONTS = 6_000_000
CPU_S = 1.5
A4_PT = (595.276, 841.89)
DPI = 100
INK = 128
"""Darker pixels are ink."""

needs_pixels = pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="pdftoppm is not here: it comes with poppler-utils"
)

TITLE = """
#let data = json(bytes(sys.inputs.document))
#set page(paper: "a4", margin: (x: 18mm, top: 17mm, bottom: 19mm))
#set text(font: data.fonts, fallback: false, size: 9pt, lang: data.lang, hyphenate: false,
  region: if data.lang == "zh" { "CN" })
#set par(leading: 0.6em, spacing: 0.8em)
#block(text(size: 17pt, weight: data.weight, fill: rgb("#005a94"), data.title))
"""
"""A page with the title alone, in the font it should have."""

SIGNS = """
#let data = json(bytes(sys.inputs.document))
#set page(width: 40 * 20pt, height: auto, margin: 0pt)
#set text(font: data.fonts, fallback: false, size: 12pt)
#grid(columns: (20pt,) * 40, rows: 20pt, ..data.signs.map(sign => align(center + horizon, sign)))
"""
"""One sign in each square of 20 pt, 40 a row."""

HOSTILE = (
    '#panic("x")',
    "$ x^2 $ #{1 + 1} \\ \\u{41} ~ -- ---",
    "*bold* _it_ `raw` <label> @ref #set page(fill: red)",
    "= heading [content] // comment /* */",
    '"; #eval("1") #include "/etc/passwd" {data}',
    "<img src=x onerror=alert(1)> </script> &amp; %s {0}",
)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(read_case("two-port"), tmp_path_factory.mktemp("toy") / "results")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Results:
    root = tmp_path_factory.mktemp("shipped") / "results"
    return run(read_case("middle-corridor"), root, effort=Effort(replications=2))


Pages = Callable[[bytes], list[np.ndarray]]


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    """Function that draws the pages of a PDF, dark on white."""

    def draw(data: bytes) -> list[np.ndarray]:
        path = tmp_path / "drawn.pdf"
        path.write_bytes(data)
        command = ["pdftoppm", "-r", str(DPI), "-gray", str(path), str(tmp_path / "drawn")]
        subprocess.run(command, check=True, capture_output=True)
        files = sorted(tmp_path.glob("drawn-*.pgm"))
        found = [_pixels(file.read_bytes()) for file in files]
        for file in files:
            file.unlink()
        return found

    return draw


def _pixels(pgm: bytes) -> np.ndarray:
    match = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", pgm)
    assert match
    width, height = int(match[1]), int(match[2])
    return np.frombuffer(pgm, np.uint8, width * height, match.end()).reshape(height, width)


def expected_fonts(language: str) -> list[str]:
    both = ["Noto Sans", "Noto Sans CJK SC"]
    return both[::-1] if language == "zh" else both


def compiled(template: str, **document: Any) -> bytes:
    data: bytes = typst.compile(
        template.encode(),
        font_paths=[FONTS],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"document": json.dumps(document)},
    )
    return data


# What it looks like


@needs_pixels
@pytest.mark.case
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_every_language_has_ink(
    language: str, shipped: Results, pages: Pages
) -> None:
    drawn = pages(pdf_bytes(shipped, language))
    assert len(drawn) >= 4
    for page in drawn:
        assert page.shape == tuple(-(-round(pt * DPI) // 72) for pt in A4_PT[::-1])
        share = (page < INK).mean()
        assert 0.002 < share < 0.5
        edge = round(15 / 25.4 * DPI)
        assert (page[:, :edge] >= INK).all(), "ink in the left margin"
        assert (page[:, -edge:] >= INK).all(), "ink in the right margin"


def title_of(page: np.ndarray) -> np.ndarray:
    """Return the first line of a page."""
    mm = DPI / 25.4
    return page[round(16 * mm) : round(24.5 * mm)].astype(int)


def title_page(title: str, language: str) -> bytes:
    weight = "regular" if language == "zh" else "bold"
    fonts = expected_fonts(language)
    return compiled(TITLE, title=title, fonts=fonts, lang=language, weight=weight)


@needs_pixels
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_title_is_drawn_in_the_expected_font(
    language: str, middle_corridor: Any, toy: Results, pages: Pages
) -> None:
    title = middle_corridor.settings.title.in_language(language)
    report = Results(toy.root, {**toy.manifest, "title": {language: title}})
    (found, *_), (expected,) = (
        pages(pdf_bytes(report, language)),
        pages(title_page(title, language)),
    )
    assert (title_of(expected) < INK).sum() > 500
    assert (title_of(found) == title_of(expected)).all()


@cache
def texts_of(language: str) -> str:
    """Return all texts of the catalogue and the shipped cases that a report can print."""
    words = list(catalogues()[language].values()) if language != "en" else []
    for name in ("middle-corridor", "two-port"):
        case = read_case(name)
        words += read_catalogue(case.root, language).values()
        # Where a translation is missing the English text is printed.
        words += {one.text for one in free_texts(case)}
        for table in case.tables.values():
            named = [c for c in table.columns if c.endswith(f"_{language}")]
            named += [c for c in ("title", "publisher") if c in table.columns]
            words += [str(v) for c in named for v in table[c].drop_nulls()]
    # Marks of plurals, and what is made a blank.
    return plain(" ".join(words))


@needs_pixels
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sign_is_drawn_as_an_empty_box(language: str, pages: Pages) -> None:
    signs = sorted(set(texts_of(language)) - {" ", "\u00a0"})
    missing = "\U000f0000"
    (page,) = pages(compiled(SIGNS, signs=[missing, *signs], fonts=expected_fonts(language)))
    side = 20 * DPI / 72

    def square(n: int) -> np.ndarray:
        top, left = round(n // 40 * side), round(n % 40 * side)
        found = page[top : top + int(side), left : left + int(side)] < INK
        return found[np.ix_(found.any(1), found.any(0))]

    box = square(0)
    assert box.size, "a sign that no font holds is drawn as a box"
    for n, sign in enumerate(signs, 1):
        assert square(n).size, f"{sign!r} leaves no ink"
        assert not np.array_equal(square(n), box), f"{sign!r} is drawn as a box"


# The fonts


@cache
def held(pattern: str) -> set[int]:
    font_files = pytest.importorskip("fontTools.ttLib", reason="fonttools is not installed")
    signs: set[int] = set()
    for file in FONTS.glob(pattern):
        signs |= set(font_files.TTFont(file).getBestCmap())
    return signs


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fonts_hold_every_sign_of_a_language(language: str) -> None:
    missing = {sign for sign in texts_of(language) if ord(sign) not in held("*.[ot]tf")}
    assert not missing


@pytest.mark.parametrize("font", ["NotoSans-Regular.ttf", "NotoSans-Bold.ttf"])
def test_each_weight_holds_latin_azerbaijani_and_cyrillic(font: str) -> None:
    letters = "AZazƏəĞğİıÖöŞşÜüÇçАЯаяЁё—–“”«»’…0123456789"
    assert {letter for letter in letters if ord(letter) not in held(font)} == set()


def test_the_chinese_font_holds_gb_2312() -> None:
    hanzi = set()
    for row in range(16, 88):
        for cell in range(1, 95):
            try:
                hanzi.add(ord(bytes((0xA0 + row, 0xA0 + cell)).decode("gb2312")))
            except UnicodeDecodeError:
                assert row == 55, "only row 55 is not full"
    assert len(hanzi) == 6763
    signs = held("NotoSansCJKsc-Regular.otf")
    assert hanzi <= signs
    assert {ord(sign) for sign in "，。、；：？！“”‘’（）《》—…"} <= signs


def test_the_fonts_are_small_and_carry_their_licence() -> None:
    assert sum(file.stat().st_size for file in FONTS.iterdir()) <= LARGEST_FONTS
    licence = (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    for file in FONTS.glob("*.[ot]tf"):
        assert file.name in licence


# The file


@pytest.mark.case
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_pages_are_a4(language: str, shipped: Results) -> None:
    data = pdf_bytes(shipped, language)
    assert data.startswith(b"%PDF-")
    boxes = re.findall(rb"/MediaBox *\[([^]]*)\]", data)
    assert len(boxes) >= 4
    for box in boxes:
        assert [float(v) for v in box.split()] == pytest.approx([0, 0, *A4_PT], abs=0.1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_results_are_the_same_bytes(language: str, toy: Results) -> None:
    first = pdf_bytes(toy, language)
    assert first == pdf_bytes(toy, language)
    assert b"CreationDate" not in first
    assert b"ModDate" not in first


@pytest.mark.case
def test_the_shipped_report_is_made_quickly(shipped: Results, tmp_path: Path) -> None:
    began = resource.getrusage(resource.RUSAGE_SELF)
    write_pdf(shipped, tmp_path / "r.pdf", "zh")
    ended = resource.getrusage(resource.RUSAGE_SELF)
    spent = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    assert spent <= CPU_S
    assert (tmp_path / "r.pdf").stat().st_size < 1_000_000


# What it says


@pytest.mark.case
def test_the_answer_is_that_of_the_tables(shipped: Results) -> None:
    document = content(shipped, "en")
    best = shipped.table("itineraries").row(0, named=True)
    values = [figure["value"] for figure in document["answer"]["figures"]]
    assert values == [
        f"{best['mean_h'] / 24:,.1f}",
        f"{best['cost_usd_per_teu']:,.0f}",
        f"{best['co2e_kg_per_teu']:,.0f}",
    ]
    assert document["pairs"]["rows"][0][0]["text"] == "Xi'an → Baku"
    assert document["pairs"]["rows"][0][1]["text"] == values[0]
    legs = document["legs"]["rows"]
    assert sum(sum(leg["parts"]) for leg in legs) == pytest.approx(best["mean_h"], rel=1e-6)
    assert [leg["start"] for leg in legs] == sorted(leg["start"] for leg in legs)


def section(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (one for one in document["sections"] if one["id"] == name)
    return dict(found)


@pytest.mark.case
def test_all_facts_claims_and_measures_are_told(shipped: Results) -> None:
    document = content(shipped, "ru")
    for part in ("validation", "measures"):
        told = sum(len(group["rows"]) for group in section(document, part)["groups"])
        assert told == shipped.table(part).height
    verdicts = shipped.table("claims")["verdict"]
    rows = section(document, "claims")["rows"]
    assert len(rows) == (verdicts == "contradicted").sum()
    readings = read_catalogue(find_case("middle-corridor"), "ru")
    (told,) = (row[2]["text"] for row in rows if row[0]["text"] == "c42")
    (reading,) = (t for text, t in readings.items() if text.startswith("Tested on the list of"))
    assert told.endswith(reading)
    assert document["map"]["disclaimer"]
    assert "Natural Earth" in document["map"]["attribution"]
    assert shipped.manifest["code"] in str(section(document, "run"))


def test_a_section_needs_one_entry(toy: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """The template sets whatever parts a section has."""
    table = {
        "head": [{"text": "h", "align": "left"}],
        "widths": [1],
        "rows": [[{"text": "c", "tone": ""}]],
    }
    whole = {
        "title": "T",
        "lead": "l",
        "subtitle": "s",
        **table,
        "note": "n",
        "facts": [["a", "b"]],
    }
    whole |= {
        "items": [{"text": "i", "more": "", "url": ""}],
        "parts": [{"title": "p", "lines": ["x"]}],
    }
    before = len(content(toy, "en")["sections"])
    monkeypatch.setitem(pdf_content.SECTIONS, "more", lambda _: whole)
    monkeypatch.setitem(pdf_content.SECTIONS, "none", lambda _: None)
    document = content(toy, "en")
    assert section(document, "more") == {"id": "more", **whole}
    assert len(document["sections"]) == before + 1
    assert compile_pdf(document).startswith(b"%PDF-")


def test_what_was_asked_names_measures_and_values_set(toy: Results) -> None:
    change = {"table": "links", "column": "length_km", "where": {"id": "a-b"}, "value": "900"}
    asked = Results(toy.root, {**toy.manifest, "measures": ["x", "y"], "overrides": [change]})
    facts = [value for _, value in content(asked, "en")["asked"]["facts"]]
    assert facts[-2:] == ["x; y", "links.a-b.length_km=900"]
    many = Results(toy.root, {**toy.manifest, "measures": list("abcdefghijk")})
    assert content(many, "ru")["asked"]["facts"][-1][1] == "11 мер"


def cited(results: Results, pairs: Iterable[str]) -> set[str]:
    legs = results.table("legs").filter(
        (pl.col("rank") == 1) & pl.col("pair_id").is_in(list(pairs))
    )
    return {i for ids in legs["source_ids"].drop_nulls() for i in ids.split(";") if i}


@pytest.mark.case
def test_sources_of_the_shown_itineraries_are_listed(shipped: Results) -> None:
    shown = [row["pair_id"] for row in Reader(shipped, "en").pairs[:10]]
    assert len(section(content(shipped, "en"), "sources")["items"]) == len(cited(shipped, shown))


def test_a_run_with_hardly_any_table_is_a_report(toy: Results, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    assert pdf_bytes(Results(tmp_path, toy.manifest)).startswith(b"%PDF-")


def changed(results: Results, root: Path, table: str, **columns: Any) -> Results:
    """Return a copy of results with columns of a table set to one value."""
    shutil.copytree(results.root, root)
    path = root / "tables" / f"{table}.parquet"
    pl.read_parquet(path).with_columns(**{c: pl.lit(v) for c, v in columns.items()}).write_parquet(
        path
    )
    return Results(root, results.manifest)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_what_is_not_finite_is_a_dash(value: float, toy: Results, tmp_path: Path) -> None:
    bad = changed(toy, tmp_path / "r", "itineraries", mean_h=value, cost_usd_per_teu=value)
    bad = changed(bad, tmp_path / "s", "legs", move_h=value)
    document = content(bad, "en")
    assert [figure["value"] for figure in document["answer"]["figures"]][:2] == ["–", "–"]
    assert compile_pdf(document).startswith(b"%PDF-")


# Names that look like commands


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_that_looks_like_a_command_stays_a_name(
    text: str, toy: Results, tmp_path: Path
) -> None:
    names = {f"name_{language}": text for language in LANGUAGES}
    bad = changed(toy, tmp_path / "r", "network_nodes", **names)
    bad = changed(bad, tmp_path / "s", "input_sources", title=text, publisher=text, url=text)
    (source, *_) = bad.table("input_sources")["id"]
    bad = changed(bad, tmp_path / "t", "legs", source_ids=source)
    bad = Results(bad.root, {**bad.manifest, "title": {"en": text}, "warnings": [text]})
    document = content(bad, "en")
    assert document["title"] == plain(text)
    assert [item["text"] for item in section(document, "sources")["items"]] == [plain(text)]
    assert not any(item["url"] for item in section(document, "sources")["items"])
    assert compile_pdf(document).startswith(b"%PDF-")


@needs_pixels
@pytest.mark.parametrize("text", HOSTILE)
def test_a_title_that_looks_like_a_command_is_drawn_as_it_stands(
    text: str, toy: Results, pages: Pages
) -> None:
    report = Results(toy.root, {**toy.manifest, "title": {"en": text}})
    (found, *_), (expected,) = pages(pdf_bytes(report)), pages(title_page(plain(text), "en"))
    assert (title_of(found) == title_of(expected)).all()


def test_signs_that_turn_the_direction_are_left_out() -> None:
    assert plain("Baku\u202eukaB\u202c\u200b\x00\x1b[31m\u2028x") == "Baku ukaB [31m x"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", "ftp://x", "", "data:text/html,x"]
)
def test_only_addresses_of_the_web_become_links(address: str) -> None:
    assert not is_web_address(address)
    assert is_web_address("https://example.org/")


# The map


def square_country(west: float, south: float, side: float) -> dict[str, Any]:
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"id": "AZ", "polygons": [[ring]]}


def node(name: str, lon: float | None, lat: float | None) -> dict[str, Any]:
    return {"id": name, "lon": lon, "lat": lat, "kind": "port", "carriers": 1}


def link(name: str, start: str, end: str) -> dict[str, Any]:
    return {"id": name, "from_node": start, "to_node": end, "mode": "sea"}


LEG = {"origin": "a", "destination": "b", "links": "ab"}


@pytest.mark.parametrize(
    ("lon", "lat"), [(50.0, 40.0), (51.0, 40.0), (50.0, 70.0), (110.0, 40.0), (-170.0, -80.0)]
)
def test_the_route_is_in_the_view(lon: float, lat: float) -> None:
    nodes = [node("a", 50.0, 40.0), node("b", lon, lat), node("lost", None, None)]
    drawn = corridor_map(nodes, [link("ab", "a", "b")], {}, [LEG], [], {"a": "A", "b": "B"})
    assert drawn is not None
    assert {label["text"] for label in drawn["labels"]} >= {"A", "B"}
    for x, y in drawn["lines"][0]["points"]:
        assert 0 <= x <= drawn["width"]
        assert 0 <= y <= drawn["height"]


def test_countries_are_cut_off_beyond_the_edges() -> None:
    nodes = [node("a", 50.0, 40.0), node("b", 60.0, 40.0)]
    countries = [square_country(0, -40, 80), square_country(100, 0, 5), square_country(54, 39, 1)]
    drawn = corridor_map(nodes, [link("ab", "a", "b")], {}, [LEG], countries, {})
    assert drawn is not None
    assert len(drawn["land"]) == 2, "what is far away is left out"
    for (ring,) in drawn["land"]:
        assert all(-2.01 <= x <= drawn["width"] + 2.01 for x, _ in ring)
        assert all(-2.01 <= y <= drawn["height"] + 2.01 for _, y in ring)


def test_without_places_there_is_no_map() -> None:
    assert corridor_map([], [], {}, [], [], {}) is None


# The command


def status(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_pdf_is_written_into_the_results(
    toy: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "r"
    shutil.copytree(toy.root, root)
    assert status("report", str(root), "--pdf", "--lang", "az") == 0
    assert capsys.readouterr().out.strip() == str(root / "report.pdf")
    assert (root / "report.pdf").read_bytes() == pdf_bytes(toy, "az")


def test_a_name_that_ends_in_pdf_means_pdf(toy: Results, tmp_path: Path) -> None:
    path = tmp_path / "corridor.PDF"
    assert status("report", str(toy.root), "-o", str(path)) == 0
    assert path.read_bytes().startswith(b"%PDF-")


def test_without_typst_the_extra_is_named(
    toy: Results,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    assert status("report", str(toy.root), "--pdf", "-o", str(tmp_path / "r.pdf")) == 2
    assert "pip install 'karvan[pdf]'" in capsys.readouterr().err
    assert not (tmp_path / "r.pdf").exists()


def test_what_typst_refuses_is_said(toy: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "TEMPLATE", "none.typ")
    with pytest.raises(PdfError, match="could not set the report"):
        pdf_bytes(toy)


def test_an_interrupted_run_is_no_report(
    toy: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "r"
    shutil.copytree(toy.root, root)
    write_json(root / "manifest.json", {**toy.manifest, "complete": False})
    assert status("report", str(root), "--pdf") == 2
    assert "run it again" in capsys.readouterr().err
