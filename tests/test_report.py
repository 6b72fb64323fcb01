"""The report: the document says what the tables say, and the page is one safe file."""

import base64
import csv
import gzip
import hashlib
import itertools
import json
import re
import resource
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from karvan import schema
from karvan.case import read_case
from karvan.case.results import Results, read_results, write_json
from karvan.cli import main
from karvan.errors import CaseError, ResultsError
from karvan.network.boundaries import BOUNDARIES, read_boundaries
from karvan.report import html
from karvan.report.boundaries import DISCLAIMER, boundaries
from karvan.report.document import catalogues, document_json, report_document
from karvan.report.html import AssetsMissingError, report_page, write_report
from karvan.report.language import Texts
from karvan.report.movements import COLUMNS as MOVEMENT_TABLES
from karvan.report.parts import LATER, first_part, later_part
from karvan.runs import run
from karvan.runs.stages import Effort

LARGEST_REPORT = 2_000_000
LARGEST_BOUNDARIES = 150_000
CPU_S = 2.0
MODEL_PRECISION = 1e-5
"""Half a unit of the sixth significant digit, relative to the smallest first digit."""

SCRIPT = "const app = '<!-- <\\/script> </script><script>';\n"
STYLE = "body { color: black } /* </style> */\n"
ASSETS = Path(str(files("karvan.report"))) / "assets"
BUILT = all((ASSETS / name).is_file() for name in ("app.js", "app.css"))
needs_front_end = pytest.mark.skipif(
    not BUILT, reason="the front end is not built: npm ci && npm run build in frontend/"
)

HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "=cmd|'/c calc'!A1",
    "]]>\u2028\u2029\u202eevil\u202c\u200f",
    "{lang} %s {0} ${x} `y` \\u003c \\",
    "&lt;b&gt; & \" '",
)


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(dict(attrs).get("id") or tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.append((self._open[-1], data))

    def text(self, key: str) -> str:
        return "".join(text for found, text in self.texts if found == key)

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.tags if found == tag]

    @property
    def document(self) -> Any:
        first = json.loads(self.unpacked("karvan-packed"))
        for name, part in first.pop("later").items():
            later = json.loads(self.unpacked(f"karvan-{name}"))["tables"]
            assert {table: len(held["rows"]) for table, held in later.items()} == part["rows"]
            assert not later.keys() & first["tables"].keys()
            first["tables"] |= later
        return first

    def unpacked(self, key: str) -> str:
        return gzip.decompress(base64.b64decode(self.text(key), validate=True)).decode()


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A small front end in place of the real one, which need not be built for these tests."""
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "app.js").write_text(SCRIPT, encoding="utf-8")
    (folder / "app.css").write_text(STYLE, encoding="utf-8")
    monkeypatch.setattr(html, "assets", lambda: folder)
    return folder


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(read_case("two-port"), tmp_path_factory.mktemp("toy") / "results")


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Results:
    root = tmp_path_factory.mktemp("shipped") / "results"
    return run(read_case("middle-corridor"), root, effort=Effort(replications=2))


@pytest.fixture(scope="module")
def document(shipped: Results) -> dict[str, Any]:
    return report_document(shipped)


# The document


LOADED = ("id", "from_node", "to_node", "teu", "t")
APART = {"skims", "loads", "boundaries", "simulated_replications", "simulated_movements"}
IN_PART = {"score_years": pl.col("level").is_in(["index", "pillar"])}
"""Tables of which only some rows are sent."""
SENT = [name for name in schema.result_tables() if name not in APART]


@pytest.mark.case
@pytest.mark.parametrize("name", SENT)
def test_a_table_has_the_declared_columns(name: str, document: dict[str, Any]) -> None:
    table = document["tables"][name]
    declared = schema.result_tables()[name]
    assert [c["name"] for c in table["columns"]] == [c.name for c in declared]
    for sent, column in zip(table["columns"], declared, strict=True):
        assert sent["unit"] == column.unit
        assert sent["type"] == column.type
        assert sent["key"] == column.key
        assert sent["description"] == column.description


@pytest.mark.case
@pytest.mark.parametrize("name", SENT)
def test_a_table_has_every_row_and_value(
    name: str, shipped: Results, document: dict[str, Any]
) -> None:
    kept = shipped.table(name).filter(IN_PART.get(name, True))
    rows = [list(row) for row in kept.iter_rows()]
    sent = document["tables"][name]["rows"]
    if name.startswith(schema.INPUT):
        assert sent == rows, "what the case says is sent as it stands"
        return
    assert len(sent) == len(rows)
    for found, expected in zip(sent, rows, strict=True):
        for cell, value in zip(found, expected, strict=True):
            close = pytest.approx(value, rel=MODEL_PRECISION) if isinstance(value, float) else value
            assert cell == close


@pytest.mark.case
def test_the_document_leaves_out_every_pair_of_places(document: dict[str, Any]) -> None:
    assert set(document["tables"]) == {*SENT, "link_loads", *MOVEMENT_TABLES}
    assert document["format"] == 1


@pytest.mark.case
def test_loads_of_links_are_the_sum_of_all_cargo(
    document: dict[str, Any], shipped: Results
) -> None:
    table = document["tables"]["link_loads"]
    assert [column["name"] for column in table["columns"]] == list(LOADED)
    found = pl.DataFrame(table["rows"], schema=list(LOADED), orient="row")
    loads = shipped.table("loads").filter(pl.col("kind") == "link")
    assert found.select("id", "from_node", "to_node").is_unique().all()
    assert found.height == loads.select("id", "from_node", "to_node").unique().height
    for column in ("teu", "t"):
        assert found[column].sum() == pytest.approx(loads[column].sum(), rel=MODEL_PRECISION)


@pytest.mark.case
def test_parts_hold_every_table_once(document: dict[str, Any]) -> None:
    first, later = first_part(document), {name: later_part(document, name) for name in LATER}
    tables = [name for part in (first, *later.values()) for name in part["tables"]]
    assert sorted(tables) == sorted(document["tables"])
    assert first["later"].keys() == LATER.keys()
    size = len(document_json(first))
    assert size < len(document_json(document)) / 2, "the first picture waits for this"


@pytest.mark.case
def test_scores_are_in_the_first_part_and_what_is_behind_them_later(
    document: dict[str, Any],
) -> None:
    first = set(first_part(document)["tables"])
    tables = {name for name in document["tables"] if name.startswith("score")}
    assert tables & first == {"scoreboard", "scores"}
    own = set(later_part(document, "evidence")["tables"])
    # The same in all scenarios of a case, as no run has a hand in them.
    assert tables & own == {"score_years", "score_changes"}


@pytest.mark.case
def test_the_digest_of_a_part_tells_its_contents(document: dict[str, Any]) -> None:
    digests = {name: part["digest"] for name, part in first_part(document)["later"].items()}
    sources = document["tables"]["input_sources"]
    fewer = {**document["tables"], "input_sources": {**sources, "rows": sources["rows"][1:]}}
    changed = first_part({**document, "tables": fewer})["later"]
    assert changed["evidence"]["digest"] != digests["evidence"]
    assert changed["details"]["digest"] == digests["details"]


@pytest.mark.case
def test_meta_says_what_was_run(document: dict[str, Any], shipped: Results) -> None:
    meta = document["meta"]
    for key in ("case", "scenario", "year", "measures", "seed", "versions", "code", "warnings"):
        assert meta[key] == shipped.manifest[key]
    assert meta["complete"] is True
    assert set(meta["title"]) == {"ru", "az", "en", "zh"}
    assert meta["title"]["zh"].startswith("中间走廊")


def test_results_of_an_earlier_karvan_have_no_title_in_the_manifest(toy: Results) -> None:
    manifest = {key: value for key, value in toy.manifest.items() if key != "title"}
    assert report_document(Results(toy.root, manifest))["meta"]["title"]["en"] == "two-port"


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_json_holds_no_infinity(value: float, tmp_path: Path, toy: Results) -> None:
    root = tmp_path / "r"
    (root / "tables").mkdir(parents=True)
    table = toy.table("itineraries")
    changed = table.with_columns(mean_h=value)
    changed.write_parquet(root / "tables" / "itineraries.parquet")
    found = report_document(Results(root, toy.manifest))
    names = [c["name"] for c in found["tables"]["itineraries"]["columns"]]
    assert found["tables"]["itineraries"]["rows"][0][names.index("mean_h")] is None
    assert json.loads(document_json(found)) == found


def test_the_same_run_is_the_same_text(toy: Results) -> None:
    assert report_page(toy) == report_page(toy)


# Texts


@pytest.mark.parametrize("language", ["ru", "az", "zh"])
def test_the_catalogues_say_what_the_terminal_says(language: str) -> None:
    found, texts = catalogues()[language], Texts(language)
    plain = [key for key in found if "\u0000" not in key and f"{key}\u00000" not in found]
    assert len(plain) > 50
    for key in plain:
        context, _, english = key.rpartition("\u0004")
        assert found[key] == texts(english, context)
    assert any("\u0004" in key for key in plain)


@pytest.mark.parametrize("language", ["ru", "az", "zh"])
def test_a_text_with_plural_forms_has_each_of_them(language: str) -> None:
    found, texts = catalogues()[language], Texts(language)
    counted = {key.partition("\u0000")[0] for key in found if "\u0000" in key}
    for english in counted:
        forms = {form for key, form in found.items() if key.startswith(f"{english}\u0000")}
        assert found[english] == found[f"{english}\u00000"]
        for number in (1, 2, 5, 21):
            said = texts.count(english, english, number)
            assert said in {form.format(count=number) for form in forms}


# Boundaries


def test_shipped_boundaries_are_small_and_say_where_they_come_from() -> None:
    path = Path(str(files("karvan.report"))) / "boundaries.json"
    assert path.stat().st_size <= LARGEST_BOUNDARIES
    found = boundaries()
    assert "Natural Earth" in found["attribution"]
    assert found["disclaimer"] == DISCLAIMER


def rings() -> Iterator[tuple[str, list[list[float]]]]:
    for country in boundaries()["countries"]:
        for polygon in country["polygons"]:
            for ring in polygon:
                yield country["id"], ring


def test_shipped_rings_are_closed_and_on_the_map() -> None:
    for country, ring in rings():
        assert len(ring) > 3, country
        assert ring[0] == ring[-1], country
        assert all(-25 <= lon <= 180 and -40 <= lat <= 82 for lon, lat in ring), country


def test_shipped_ids_are_codes_and_stand_once() -> None:
    ids = [country["id"] for country in boundaries()["countries"] if country["id"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[A-Z]{2}", code) for code in ids)
    assert {"AZ", "GE", "AM", "KZ", "TM", "UZ", "CN", "TR", "RU", "IR"} <= set(ids)
    assert not {"TW", "XK", "EH", "HK", "MO"} & set(ids)


PLACES = {
    "AZ": [(49.8, 40.4), (46.75, 39.85), (45.4, 39.2)],
    "GE": [(44.8, 41.7), (41.2, 43.0), (43.97, 42.3)],
    "UA": [(30.5, 50.4), (34.1, 45.2), (37.8, 48.0)],
    "CN": [(116.4, 39.9), (121.0, 24.0)],
    "CY": [(33.2, 34.95), (33.5, 35.23)],
    "MD": [(28.9, 47.0), (29.6, 46.85)],
    "SO": [(45.3, 2.2), (44.5, 9.6)],
    "SY": [(36.3, 33.5), (35.8, 33.05)],
    "": [(74.8, 34.1), (74.3, 35.9), (79.5, 35.2), (93.6, 28.0), (21.0, 42.6), (-13.0, 25.0)],
}
"""Towns and areas where maps differ, by the country that the United Nations draw them in."""


def inside(lon: float, lat: float, ring: list[list[float]]) -> bool:
    crossings = 0
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            crossings += 1
    return crossings % 2 == 1


@pytest.mark.parametrize("country", PLACES)
def test_contested_places_are_where_the_documentation_says(country: str) -> None:
    for lon, lat in PLACES[country]:
        assert {code for code, ring in rings() if inside(lon, lat, ring)} == {country}


def test_the_caspian_is_no_country() -> None:
    assert not [code for code, ring in rings() if inside(51.0, 41.0, ring)]


SQUARE = [[40.0, 40.0], [50.0, 40.0], [50.0, 45.5], [40.0, 45.5], [40.0, 40.0]]
HOLE = [[42.0, 41.0], [43.0, 41.0], [43.0, 42.0], [42.0, 41.0]]


def feature(coordinates: Any, kind: str = "Polygon", **properties: str) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def own_boundaries(root: Path, features: Any, **more: str) -> None:
    collection = {"type": "FeatureCollection", "features": features, **more}
    (root / BOUNDARIES).write_text(json.dumps(collection), encoding="utf-8")


@pytest.mark.case
def test_a_case_may_bring_its_own_boundaries(two_port: Path, tmp_path: Path) -> None:
    features = [
        feature([SQUARE, HOLE], id="AZ"),
        feature([[SQUARE], [HOLE]], "MultiPolygon", iso_a2="GE"),
        feature([HOLE], name="nobody agrees"),
        feature([HOLE]),
    ]
    own_boundaries(two_port, features, attribution="© the neighbours")
    found = report_document(run(read_case(two_port), tmp_path / "r"))["boundaries"]
    assert found["attribution"] == "© the neighbours"
    assert found["disclaimer"] == DISCLAIMER
    assert {c["id"]: c["polygons"] for c in found["countries"]} == {
        "": [[HOLE], [HOLE]],
        "AZ": [[SQUARE, HOLE]],
        "GE": [[SQUARE], [HOLE]],
    }


@pytest.mark.case
def test_other_boundaries_are_read_by_the_next_run(two_port: Path, tmp_path: Path) -> None:
    assert run(read_case(two_port), tmp_path / "r").table("boundaries").is_empty()
    own_boundaries(two_port, [feature([HOLE], id="AZ")])
    assert run(read_case(two_port), tmp_path / "r").table("boundaries")["id"].to_list() == ["AZ"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ("{}", "KeyError"),
        ('{"features": [{"geometry": null}]}', "TypeError"),
        (json.dumps({"features": [feature([0, 0], "Point")]}), "'Point'"),
        (json.dumps({"features": [feature([SQUARE[:3]])]}), "a ring of 3 points"),
        (json.dumps({"features": [feature([[[40, 400]] * 4])]}), "the point 40, 400"),
        (json.dumps({"features": [feature([[[1e999, 4]] * 4])]}), "the point inf, 4"),
        (json.dumps({"features": [feature([[["west", 4]] * 4])]}), "ValueError"),
        ("[" * 100_000, "RecursionError"),
    ],
)
def test_boundaries_that_are_none_are_refused(text: str, found: str, two_port: Path) -> None:
    (two_port / BOUNDARIES).write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match=r"boundaries\.geojson") as raised:
        read_boundaries(two_port)
    assert found in str(raised.value)
    assert "longitude before latitude" in str(raised.value)


# The page


@pytest.mark.parametrize("language", ["ru", "az", "en", "zh"])
def test_the_page_says_its_language_and_title(language: str, toy: Results) -> None:
    page = Page(report_page(toy, language))
    assert page.attributes("html") == [{"lang": language}]
    assert page.text("title").endswith("Karvan")
    assert {"charset": "utf-8"} in page.attributes("meta")
    assert "viewport" in {meta.get("name") for meta in page.attributes("meta")}
    assert page.text("noscript") or page.text("p")


def test_the_page_holds_the_document(toy: Results) -> None:
    assert Page(report_page(toy)).document == report_document(toy)


def test_the_page_asks_for_nothing(toy: Results) -> None:
    page = Page(report_page(toy))
    addresses = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"src", "href", "srcset", "data", "action", "poster"}
    ]
    assert addresses == ["data:,"], "an empty picture, so that browsers ask for no icon"
    assert "@import" not in page.text("style")
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def policy(page: Page) -> dict[str, list[str]]:
    (text,) = (m["content"] for m in page.attributes("meta") if m.get("http-equiv"))
    parts = [part.split() for part in str(text).split(";")]
    return {part[0]: part[1:] for part in parts}


def test_the_policy_lets_only_the_bundled_scripts_run(toy: Results) -> None:
    page = Page(report_page(toy))
    rules = policy(page)
    assert rules["default-src"] == ["'none'"]
    scripts = [page.unpacked("karvan-app"), page.text("script")]
    assert all(scripts)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert rules["script-src"] == [f"'sha256-{digest}'" for digest in digests]


def test_neither_script_nor_style_ends_its_element(toy: Results, built: Path) -> None:
    for ends in ("\r\n", "\n"):
        script = SCRIPT.replace("\n", ends)
        (built / "app.js").write_text(script, encoding="utf-8", newline="")
        page = Page(report_page(toy))
        assert page.unpacked("karvan-app") == script
    assert page.text("style") == STYLE.replace("</", "<\\/")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run of a case whose names try to get out of the page."""
    root = tmp_path_factory.mktemp("hostile")
    case = read_case("two-port")
    for path in case.root.rglob("*"):
        if path.is_file():
            target = root / path.relative_to(case.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    nodes = root / "network" / "nodes.csv"
    with nodes.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    names = [n for n, column in enumerate(header) if column.startswith("name_")]
    for n, evil in enumerate(HOSTILE):
        rows[n % len(rows)][names[n // len(rows)]] = evil
    with nodes.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    settings = root / "case.toml"
    text = settings.read_text(encoding="utf-8")
    title = json.dumps(f"{HOSTILE[0]} {HOSTILE[1]} {{lang}}")
    settings.write_text(re.sub(r"(?m)^en = .*$", lambda _: f"en = {title}", text), encoding="utf-8")
    return run(read_case(root), root / "results")


@pytest.mark.case
def test_hostile_names_stay_text(hostile: Results, toy: Results) -> None:
    page = Page(report_page(hostile))
    plain = Page(report_page(toy))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    nodes = page.document["tables"]["network_nodes"]["rows"]
    held = {cell for row in nodes for cell in row if isinstance(cell, str)}
    assert set(HOSTILE) <= held
    assert HOSTILE[0] in page.text("title")
    assert "{lang}" in page.text("title")


def test_a_hostile_manifest_stays_text(toy: Results) -> None:
    versions = {"karvan": '"><script>alert(1)</script>'}
    manifest = {**toy.manifest, "versions": versions, "warnings": list(HOSTILE)}
    page = Page(report_page(Results(toy.root, manifest)))
    assert page.document["meta"]["warnings"] == list(HOSTILE)
    assert len(page.attributes("script")) == 3 + len(LATER)


# Files and commands


def test_a_front_end_that_is_not_built_is_explained(toy: Results, built: Path) -> None:
    (built / "app.js").unlink()
    with pytest.raises(AssetsMissingError) as raised:
        write_report(toy, toy.root / "never.html")
    for part in ("app.js", "expected the built front end", "npm ci && npm run build", "frontend/"):
        assert part in str(raised.value)
    assert not (toy.root / "never.html").exists()


def status(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(args))
    return int(ended.value.code or 0)


@pytest.mark.case
def test_report_writes_beside_the_tables_or_where_it_is_told(
    toy: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("report", str(toy.root)) == 0
    assert capsys.readouterr().out == f"{toy.root / 'report.html'}\n"
    target = tmp_path / "r.html"
    assert status("report", str(toy.root), "-o", str(target), "--lang", "zh") == 0
    assert Page(target.read_text(encoding="utf-8")).attributes("html") == [{"lang": "zh"}]
    beside = (toy.root / "report.html").read_text(encoding="utf-8")
    assert Page(beside).attributes("html") == [{"lang": "en"}]


def test_report_refuses_what_is_no_finished_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status("report", str(tmp_path)) == 2
    assert "expected a folder that 'karvan run' wrote" in capsys.readouterr().err
    write_json(tmp_path / "manifest.json", {"format": 1, "complete": False})
    assert status("report", str(tmp_path)) == 2
    assert "run it again to finish it" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(toy: Results, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="none"):
        write_report(toy, tmp_path / "none" / "r.html")


@pytest.mark.case
def test_run_writes_a_report_unless_told_not_to(tmp_path: Path) -> None:
    assert status("run", "two-port", "--quiet", "--out", str(tmp_path / "a")) == 0
    page = Page((tmp_path / "a" / "report.html").read_text(encoding="utf-8"))
    assert page.document == report_document(read_results(tmp_path / "a"))
    assert status("run", "two-port", "--quiet", "--no-report", "--out", str(tmp_path / "b")) == 0
    assert not (tmp_path / "b" / "report.html").exists()


@pytest.mark.case
def test_a_run_without_the_front_end_succeeds_and_says_so(
    tmp_path: Path, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "r")
    assert status("run", "two-port", "--quiet", "--out", folder) == 0
    (built / "app.css").unlink()
    assert status("run", "two-port", "--out", folder) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "no report" in line]
    assert len(lines) == 1
    assert "npm run build" in lines[0]
    assert not (tmp_path / "r" / "report.html").exists(), "an old report would show an old run"
    assert status("run", "two-port", "--quiet", "--out", folder) == 0
    assert capsys.readouterr().err == ""


# The shipped case, with the real front end


@needs_front_end
@pytest.mark.case
def test_the_shipped_report_is_small_quick_and_whole(
    shipped: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "assets", lambda: ASSETS)
    began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    path = write_report(shipped, tmp_path / "r.html", "ru")
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime - began
    assert path.stat().st_size <= LARGEST_REPORT
    assert spent <= CPU_S
    page = Page(path.read_text(encoding="utf-8"))
    assert page.document == report_document(shipped)
    assert [tag for tag, _ in page.tags].count("script") == 3 + len(LATER)
    real = page.unpacked("karvan-app")
    digest = base64.b64encode(hashlib.sha256(real.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy(page)["script-src"]
