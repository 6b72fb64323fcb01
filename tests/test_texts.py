"""Every text people read is there in four languages, and in the right script."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from rich.console import Console, RenderableType

import karvan
from flow_tables import flow_results
from frontend_texts import frontend_keys
from karvan.case import Case, read_case
from karvan.case.settings import LANGUAGES, Measure, Text
from karvan.evidence.claims import TESTS, evaluate_claims
from karvan.evidence.reasons import PERIODS, WHY
from karvan.evidence.state import COLUMNS as STATE_COLUMNS
from karvan.evidence.state import evidence_state
from karvan.report import route_tables, terminal
from karvan.report.boundaries import DISCLAIMER, boundaries
from karvan.report.language import Texts
from karvan.report.movements import COLUMNS as MOVEMENT_COLUMNS
from karvan.report.reasons import reason
from karvan.report.row_names import WORDS, RowNames
from karvan.runs.stages import STAGES
from karvan.schema import result_tables, tables

TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
CASES = ("middle-corridor", "two-port")
PACKAGE = Path(karvan.__file__).parent
CALLS = frozenset({"texts", "_texts", "translate"})

Key = tuple[str, str]
"""Context (mostly empty) and English text."""

VERDICTS = (
    "supported",
    "contradicted",
    "no data",
    "inside",
    "outside",
    "not modelled",
    "no route",
)
SAME_IN_ALL = frozenset({"%", "p10–p50–p90", "p10–p90", "UN/LOCODE", "r"})
"""Signs and codes, the same in all languages."""
SAME: dict[str, frozenset[str]] = {
    "ru": frozenset(),
    # International units, and words that Azerbaijani shares with English.
    "az": frozenset(
        {"km", "m", "m/s", "t", "t CO2e", "TEU", "USD", "USD/TEU", "USD/TEU-km", "1/USD"}
        | {"Mbit/s", "Tbit/s", "mm", "t/TEU", "terminal", "{change} USD", "{cost} USD", "Oman"}
        | {"{low}–{high} USD"}
    ),
    "zh": frozenset(),
}
CYRILLIC, HAN = re.compile("[\u0400-\u04ff]"), re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-zƏəĞğİıÖöŞşÜüÇç]")
PLACEHOLDER = re.compile(r"\{\w*\}")
WIDTH = 120


@cache
def shipped(name: str = "middle-corridor") -> Case:
    return read_case(name)


@cache
def catalogue(language: str) -> dict[Key, Message]:
    text = files("karvan.report").joinpath("texts", f"{language}.po").read_bytes().decode()
    found = read_po(StringIO(text), locale=language, abort_invalid=True)
    return {(m.context or "", m.id if isinstance(m.id, str) else m.id[0]): m for m in found if m.id}


def written_in_code() -> Iterator[Key]:
    """Find literals handed to a text function, directly or through ``texts(h) for h in (...)``."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _of_call(node)
            elif isinstance(node, ast.ListComp | ast.GeneratorExp) and _is_text_call(node.elt):
                for words in (g.iter for g in node.generators):
                    if isinstance(words, ast.Tuple | ast.List):
                        yield from (("", c.value) for c in words.elts if _is_text(c))


def _of_call(node: ast.Call) -> Iterator[Key]:
    words = [a.value for a in node.args if _is_text(a)]
    name = _name(node)
    if name in CALLS and words and _is_text(node.args[0]):
        yield (words[1] if len(words) > 1 else "", words[0])
    elif name == "count" and len(words) > 1:
        yield ("", words[0])


def _name(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_text_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node) in CALLS


def enum(table: str, column: str) -> Iterable[str]:
    return (word.replace("_", " ") for word in tables()[table].column(column).values)


def lines_owe() -> set[str]:
    """Whom the lines of the shipped cases are owed to."""
    collections = (read_case(name).root / "network" / "geometry.geojson" for name in CASES)
    drawn = (json.loads(path.read_text("utf-8")) for path in collections if path.is_file())
    return {text for lines in drawn if (text := lines.get("attribution"))}


def put_together_at_run_time() -> set[Key]:
    """Words of the data and of registers in the code."""
    found: set[str] = (
        set(VERDICTS) | set(WORDS.values()) | set(WHY.values()) | set(PERIODS.values())
    )
    found |= {DISCLAIMER, boundaries()["attribution"], *lines_owe()} | {
        stage.title for stage in STAGES
    }
    found |= {part.removesuffix("_h") for part, _, _ in route_tables.PARTS}
    found |= {column.replace("_", " ") for column in STATE_COLUMNS if column != "table"}
    found |= {
        *enum("links", "mode"), *enum("services", "mode"), *enum("transfers", "kind"),
        *enum("nodes", "kind"), *enum("claims", "pillar"), *enum("events", "pillar"),
        *enum("validation", "role"), "validation", "claims",
    }  # fmt: skip
    for setting in ("pillar", "state"):
        words = get_args(Measure.model_fields[setting].annotation)
        found |= {word.replace("_", " ") for word in words}
    keys = {("", word) for word in found} | {("sources", "contradicted")}
    return keys | {("unit", unit) for unit in units_shown()}


def units_shown() -> set[str]:
    """Units of reported facts, of indicators, and of the series that claims are tested on."""
    found: set[str] = set()
    for name in CASES:
        case = shipped(name)
        found |= set(case.table("validation")["unit"])
        if "indicators" in case.tables:
            found |= set(case.table("indicators")["unit"].drop_nulls())
        if "claims" in case.tables:
            series = case.table("series")
            tested = case.table("claims")["series_id"].drop_nulls().to_list()
            found |= set(series.filter(pl.col("id").is_in(tested))["unit"])
    return found - {"", "1", "share", "ratio", "count"}


def countries_named() -> set[Key]:
    """Countries of the network, which the map names, and parties of the events."""
    parties = {p for cell in shipped().table("events")["parties"] for p in cell.split(";")}
    codes = {party for party in parties if len(party) == 2}
    return {("country", code) for code in codes | set(shipped().table("nodes")["country"])}


def columns_described() -> set[Key]:
    """What the columns hold, as the dialogs of the front end say it."""
    tables = [*result_tables().values(), *MOVEMENT_COLUMNS.values()]
    return {("", column.description) for table in tables for column in table}


def all_keys() -> set[Key]:
    in_program = set(written_in_code()) | put_together_at_run_time()
    return in_program | frontend_keys() | countries_named() | columns_described()


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_the_texts_in_code_are_found() -> None:
    found = set(written_in_code())
    expected = {"via", "State of the data", "pillar", "kept from an earlier run", "{count} row"}
    assert {("", text) for text in expected} <= found


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str) -> None:
    translated = catalogue(language)
    missing = [key for key in sorted(all_keys()) if key not in translated]
    empty = [key for key, m in translated.items() if not all(forms(m)) or m.fuzzy]
    assert (missing, empty) == ([], [])


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_is_left_in_english(language: str) -> None:
    def counts(text: str) -> bool:
        return bool(LATIN.search(PLACEHOLDER.sub("", text)))

    same = [
        text
        for (_, text), m in catalogue(language).items()
        if text in forms(m) and counts(text) and text not in SAME_IN_ALL | SAME[language]
    ]
    assert same == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_over(language: str) -> None:
    """Units of other series may stand by: which are shown depends on the claims."""
    left = {key for key in catalogue(language) if key[0] != "unit"} - all_keys()
    assert left == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_are_those_of_the_english_text(language: str) -> None:
    def names(text: str) -> set[str]:
        return {n.replace("{short_", "{") for n in PLACEHOLDER.findall(text)}

    wrong = [
        (text, form)
        for (_, text), m in catalogue(language).items()
        for form in forms(m)
        if names(text) != names(form)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogues_are_in_the_script_of_their_language(language: str) -> None:
    wrong = [
        form
        for m in catalogue(language).values()
        for form in forms(m)
        if not written_in(language, form, names=False)
    ]
    assert wrong == []


def written_in(language: str, text: str, *, names: bool = True) -> bool:
    """Whether a text is in the script; names must hold it, texts may be signs only."""
    if language == "az":
        return not CYRILLIC.search(text) and not HAN.search(text)
    own, other = (CYRILLIC, HAN) if language == "ru" else (HAN, CYRILLIC)
    return not other.search(text) and bool(own.search(text) or not names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms(language: str) -> None:
    expected = {
        "en": ["1 row", "3 rows", "25 rows"],
        "ru": ["1 строка", "3 строки", "25 строк"],
        "az": ["1 sətir", "3 sətir", "25 sətir"],
        "zh": ["1行", "3行", "25行"],
    }
    texts = Texts(language)
    found = [texts.count("{count} row", "{count} rows", n) for n in (1, 3, 25)]
    assert found == expected[language]


def test_no_azerbaijani_suffix_hangs_on_a_number() -> None:
    """Its vowels follow the number as it is read, 2024-cü and 2025-ci; a percentage's do not."""
    suffix = re.compile(r"\{(?!share\})\w+\}-[a-zəğıöüçş]")
    every = (form for m in catalogue("az").values() for form in forms(m))
    assert [form for form in every if suffix.search(form)] == []


def test_the_fact_of_a_year_names_it() -> None:
    texts = Texts("en")
    assert texts.dated("Port of Baku: 76,700 TEU", "2024") == "Port of Baku: 76,700 TEU (2024)"
    for name, period in (("By rail in 2024: 430,000 TEU", "2024"), ("Fastest train", "2024-03")):
        assert texts.dated(name, period) == name


def test_long_azerbaijani_words_break_between_syllables() -> None:
    said = Texts("az").breakable("Siyasətin əlaqələndirilməsi")
    assert said.replace("\u00ad", "|") == "Siyasətin əla|qə|lən|di|ril|məsi"
    assert Texts("ru").breakable("взаимосвязанность") == "взаимосвязанность"


def test_a_word_of_two_senses_is_told_apart_by_its_context() -> None:
    texts = Texts("ru")
    assert texts("contradicted") != texts("contradicted", "sources")
    assert Texts("en")("contradicted", "sources") == "contradicted"
    assert texts("no such text", "unit") == "no such text"


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "a: b (c), d; {e}"), ("ru", "a: b (c), d; {e}"), ("zh", "a：b（c）、d；{e}")],
)
def test_words_are_joined_by_the_signs_of_the_language(language: str, said: str) -> None:
    texts = Texts(language)
    named = texts.colon("a", texts.bracketed("b", "c"))
    assert texts.clauses([texts.listed([named, "d"]), "{e}"]) == said


def case_texts(case: Case, language: str) -> Iterator[tuple[str, str | None]]:
    """Where, and the text there."""
    for name in ("series", "events", "nodes", "services", "commodities", "validation"):
        table = case.table(name)
        for row, text in table.select("id", f"name_{language}").iter_rows():
            yield f"{name} {row}", text
    for row, text in case.table("claims").select("id", f"claim_{language}").iter_rows():
        yield f"claims {row}", text
    for kind, things in (("measure", case.measures), ("scenario", case.scenarios)):
        for name, thing in things.items():
            for text in (thing.title, thing.summary):
                if isinstance(text, Text):
                    yield f"{kind} {name}", getattr(text, language)
    yield "case.toml", getattr(case.settings.title, language)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_name_of_the_shipped_case_is_in_the_language(language: str) -> None:
    wrong = [
        (where, text)
        for where, text in case_texts(shipped(), language)
        if not text or text != text.strip() or not written_in(language, text)
    ]
    assert wrong == []


def test_no_russian_word_mixes_alphabets() -> None:
    wrong = [
        (where, word)
        for where, text in case_texts(shipped(), "ru")
        for word in re.findall(r"[^\W\d_]+", text or "")
        if CYRILLIC.search(word) and LATIN.search(word)
    ]
    assert wrong == []


def test_solar_and_hydro_plants_are_not_mixed_up() -> None:
    """Azerbaijani GES is solar and SES hydro; Russian СЭС is solar and ГЭС hydro."""
    words = {"ru": ("солнечн", "СЭС", "ГЭС"), "az": ("günəş", "GES", "SES")}
    for language, (sun, solar, hydro) in words.items():
        for where, text in case_texts(shipped(), language):
            about_sun = sun in (text or "").lower()
            assert not (about_sun and re.search(rf"\b{hydro}\b", text or "")), where
            assert about_sun or not re.search(rf"\b{solar}\b", text or ""), where


@cache
def ledger() -> pl.DataFrame:
    case = shipped()
    names = ("claims", "observations", "series", "events")
    return evaluate_claims(*(case.table(name) for name in names))


def names_in(texts: Texts) -> dict[str, dict[str, str]]:
    case = shipped()
    return {"series": texts.names(case.table("series")), "event": texts.names(case.table("events"))}


def test_the_reason_in_english_is_the_one_in_the_results() -> None:
    texts = Texts("en")
    for row in ledger().iter_rows(named=True):
        assert reason(row, names_in(texts), texts) == row["why_en"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_reason_is_in_the_language(language: str) -> None:
    texts = Texts(language)
    names = names_in(texts)
    for row in ledger().iter_rows(named=True):
        text = reason(row, names, texts)
        assert written_in(language, text), row["claim_id"]
        assert not PLACEHOLDER.search(text)
        assert ".." not in text
        assert text != row["why_en"]


FACTS: dict[str, dict[str, Any]] = {
    "path": {
        "found": {"kind": "path", "points": [["2023-Q1", 36.0], ["2024-H1", 0.0761]], "unit": "USD"}
    },
    "range": {
        "found": {"kind": "amount", "value": None, "low": 1.5, "high": None, "unit": "days"},
        "expected": {"kind": "amount", "value": 2500.0, "low": None, "high": None, "unit": "days"},
        "period": {"kind": "span", "ends": ["2024-03-01/2024-08", "2025"]},
    },
    "none": {"found": {"kind": "words", "words": []}},
    "any": {"period": {"kind": "span", "ends": []}},
}


@pytest.mark.parametrize(
    ("key", "facts", "language", "expected"),
    [
        ("path.rising", "path", "en", "s: a rise at every step: 2023-Q1: 36; 2024-H1: 0.0761 USD."),
        (
            "path.rising",
            "path",
            "ru",
            "s: рост на каждом шаге: 1 кв. 2023: 36; 1 пол. 2024: 0,0761 долл.",
        ),
        (
            "level.same",
            "range",
            "en",
            "s: 1.5–… days in 2024-03-01/2024-08 to 2025; claimed 2,500 days.",
        ),
        (
            "level.same",
            "range",
            "zh",
            "s：2024年3月1日—2024年8月至2025年为1.5–…天；文章称2,500天。",
        ),
        ("member.listed", "none", "az", "s: heç nə."),
        ("series.missing", "any", "ru", "s: нет значения за какой-либо период."),
    ],
)
def test_facts_of_every_kind(key: str, facts: str, language: str, expected: str) -> None:
    row = {"why_key": key, "why_values": json.dumps({"series": "s", **FACTS[facts]})}
    assert reason(row, {"series": {}, "event": {}}, Texts(language)) == expected


def shown(thing: RenderableType) -> str:
    console = Console(file=StringIO(), width=WIDTH, highlight=False)
    console.print(thing)
    file = console.file
    assert isinstance(file, StringIO)
    return file.getvalue()


def leg(**more: object) -> dict[str, object]:
    common: dict[str, object] = {
        "from": "aktau", "to": "alat", "mode": "sea", "service": None, "km": 470.0,
        "dwell_h": 30.0, "wait_h": 20.5, "move_h": 25.0, "source_ids": ["a"],
        "assumed_or_calibrated": [],
    }  # fmt: skip
    return common | more


def document() -> dict[str, object]:
    found = {
        "mean_h": 400.0, "p10_h": 300.0, "p50_h": 390.0, "p90_h": 500.0, "km": 7000.0,
        "cost_usd_per_teu": 3500.0, "co2e_kg_per_teu": 1800.0, "transfers": 1,
        "legs": [leg(), leg(**{"from": "alat", "to": "poti", "mode": "rail"})],
    }  # fmt: skip
    return {
        "origin": "aktau", "destination": "poti", "depart": "2024-03-01",
        "itineraries": [found, found],
    }  # fmt: skip


def recommended_row() -> dict[str, object]:
    return {
        "origin": "aktau", "destination": "poti", "commodity_id": "containers", "mean_h": 400.0,
        "p10_h": 300.0, "p90_h": 500.0, "cost_usd_per_teu": 3500.0, "co2e_kg_per_teu": 1800.0,
        "km": 7000.0,
    }  # fmt: skip


def validation_table() -> pl.DataFrame:
    rows = shipped().table("validation").head(2).select("id", "expected", "unit", "role")
    return rows.with_columns(
        expected_low=pl.col("expected") * 0.9, expected_high=pl.col("expected") * 1.1,
        modelled=pl.col("expected"), modelled_low=pl.col("expected"),
        modelled_high=pl.col("expected"), verdict=pl.lit("inside"),
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "kind", ["itineraries", "recommended", "claims", "evidence", "validation", "comparison"]
)
def test_tables_are_shown_in_every_language(kind: str, language: str, tmp_path: Path) -> None:
    case, texts = shipped(), Texts(language)
    if kind == "itineraries":
        places = texts.names(case.table("nodes"))
        thing = route_tables.itineraries(document(), places, {}, texts, 1)
        titles = ["The recommended itinerary, leg by leg", "departure", "wait"]
    elif kind == "recommended":
        table = pl.DataFrame([recommended_row()])
        places, goods = (texts.names(case.table(name)) for name in ("nodes", "commodities"))
        thing = terminal.recommended(table, places, goods, texts)
        titles = ["Recommended itineraries", "commodity", goods[recommended_row()["commodity_id"]]]
    elif kind == "claims":
        column = f"claim_{language}"
        statements = dict(case.table("claims").select("id", column).iter_rows())
        thing = terminal.claims(
            ledger(), statements, dict.fromkeys(statements, ""), names_in(texts), texts
        )
        titles = ["Claims of the founding article, tested against the evidence", "verdict"]
    elif kind == "evidence":
        thing = terminal.evidence(evidence_state(case.tables), texts)
        titles = ["State of the data", "rows"]
    elif kind == "validation":
        names = texts.names(case.table("validation"))
        thing = terminal.validation(validation_table(), names, texts)
        titles = ["What the world reported, and what the model says", "held out"]
    else:
        results = flow_results(tmp_path, [], [])
        thing = terminal.comparison(("a", "b"), [], [], [], RowNames([results], texts), 1)
        titles = ["Rows that changed, by table", "Largest changes"]
    text = shown(thing)
    for title in titles:
        assert texts(title) in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_every_test_of_a_claim_has_its_reasons() -> None:
    assert set(ledger()["why_key"]) <= set(WHY)
    assert set(ledger()["test"]) <= set(TESTS)
