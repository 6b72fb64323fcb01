"""Free texts of a case: found, translated by its catalogues, counted, and shown everywhere."""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from karvan.case import find_case, read_case, shipped_cases
from karvan.case.checks import check_case
from karvan.case.texts import (
    TRANSLATED,
    FreeText,
    check_catalogues,
    free_texts,
    read_catalogue,
)
from karvan.cli import main
from karvan.errors import CaseError
from karvan.report.language import Texts
from karvan.runs import run
from karvan.schema import PROSE, result_tables, tables
from test_texts import CYRILLIC, HAN, LATIN, shipped, written_in

ALWAYS_SHOWN = frozenset(
    {
        *("claims", "measures", "events", "validation", "series"),
        *("commodities", "pairs", "terminals", "scenarios"),
        *("indicators", "units"),
    }
)
"""Tables whose free texts a reader meets without digging: none of them may stay in English."""

ENTRY = 'msgid "{text}"\nmsgstr "{translation}"\n\n'
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def write(root: Path, language: str, *entries: str) -> None:
    folder = root / "texts"
    folder.mkdir(exist_ok=True)
    (folder / f"{language}.po").write_text(HEADER + "\n".join(entries), encoding="utf-8")


def entry(text: str, translation: str) -> str:
    return ENTRY.format(text=text, translation=translation)


@pytest.fixture
def bare(two_port: Path) -> Path:
    """The case ``two-port`` without catalogues of its own."""
    shutil.rmtree(two_port / "texts", ignore_errors=True)
    return two_port


@pytest.fixture
def text(bare: Path) -> str:
    """A free text that the case has."""
    return next(one.text for one in free_texts(read_case(bare)))


# Free texts and catalogues


def test_every_reason_and_note_of_a_table_is_a_free_text() -> None:
    sentences = re.compile(r"(^|_)(reason|note)$")
    left = [
        f"{table.name}.{column.name}"
        for table in tables().values()
        for column in table.columns
        if sentences.search(column.name) and column.type != PROSE
    ]
    assert left == []


def test_free_texts_are_those_of_tables_measures_and_scenarios() -> None:
    found = set(free_texts(shipped()))
    wind = shipped().measures["khizi-absheron-wind"]
    storm = shipped().scenarios["storm-winter"]
    assert FreeText("measures", "note", wind.id, wind.note) in found
    assert FreeText("scenarios", "overrides.reason", storm.id, storm.overrides[0].reason) in found
    assert ("claims", "reading", "c25") in {(f.table, f.column, f.row) for f in found}
    changed = [c.reason for m in shipped().measures.values() for c in m.changes if c.reason]
    assert set(changed) <= {f.text for f in found if f.column == "changes.reason"}


def test_a_case_without_catalogues_has_no_translations(bare: Path) -> None:
    assert [dict(read_catalogue(bare, language)) for language in TRANSLATED] == [{}, {}, {}]


def test_empty_and_fuzzy_entries_do_not_count(bare: Path) -> None:
    fuzzy = "#, fuzzy\n" + entry("b", "б")
    write(bare, "ru", entry("a", "а"), fuzzy, entry("c", ""))
    assert read_catalogue(bare, "ru") == {"a": "а"}


def test_english_needs_no_catalogue(bare: Path) -> None:
    write(bare, "en", entry("a", "b"))
    assert read_catalogue(bare, "en") == {}


def test_a_broken_catalogue_is_refused_where_it_is_read(bare: Path) -> None:
    (bare / "texts").mkdir()
    (bare / "texts" / "ru.po").write_bytes(b'msgid "a"\nmsgstr "\xff"\n')
    with pytest.raises(CaseError, match=r"texts/ru\.po.*\n.*texts\.file\.po"):
        read_catalogue(bare, "ru")


def test_texts_that_left_the_case_are_a_warning(bare: Path, text: str) -> None:
    write(bare, "ru", entry(text, "да"))
    assert check_case(read_case(bare)) == []
    write(bare, "ru", entry(text, "да"), entry("gone", "нет"), entry("gone too", "нет"))
    (problem,) = check_case(read_case(bare))
    assert (problem.check, problem.severity) == ("texts.entry.unused", "warning")
    assert "2 translation(s)" in problem.found
    assert "'gone'" in problem.found


def test_a_measure_in_force_does_not_make_its_row_s_old_text_unused() -> None:
    case = shipped().with_scenario("all-2030")
    assert list(check_catalogues(case)) == []


# A run keeps what its tables show


@pytest.mark.case
def test_a_run_keeps_translations_of_the_texts_its_tables_hold(bare: Path, text: str) -> None:
    write(bare, "ru", entry(text, "по-русски"), entry("gone", "нет"))
    write(bare, "zh", entry(text, "中文"))
    results = run(read_case(bare), bare.parent / "out")
    assert results.table("texts").rows() == [("ru", text, "по-русски"), ("zh", text, "中文")]


@pytest.mark.case
def test_a_new_translation_is_in_the_next_run(bare: Path, text: str) -> None:
    out = bare.parent / "out"
    run(read_case(bare), out)
    write(bare, "az", entry(text, "azərbaycanca"))
    computed: list[str] = []
    results = run(
        read_case(bare),
        out,
        tell=lambda event: computed.append(event.stage.name) if event.kind == "start" else None,
    )
    assert results.table("texts")["translation"].to_list() == ["azərbaycanca"]
    assert "inputs" in computed
    assert "itineraries" not in computed


def test_columns_of_results_say_which_hold_free_texts() -> None:
    prose = {
        (name, column.name)
        for name, columns in result_tables().items()
        for column in columns
        if column.type == PROSE
    }
    assert prose >= {("measures", "note"), ("input_claims", "reading"), ("input_rates", "note")}


# The command line


@pytest.fixture
def karvan(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def call(*args: str) -> str:
        with pytest.raises(SystemExit) as end:
            main(list(args))
        said = capsys.readouterr()
        assert end.value.code == 0, said.err
        return said.out

    return call


def test_the_command_counts_texts_and_translations(
    karvan: Callable[..., str], bare: Path, text: str
) -> None:
    write(bare, "ru", entry(text, "да"))
    last = [line for line in karvan("texts", str(bare)).splitlines() if "all" in line][-1]
    found = list(free_texts(read_case(bare)))
    numbers = [int(number) for number in re.findall(r"\d+", last)]
    assert numbers == [len(found), len({one.text for one in found}), 1, 0, 0]


def test_a_written_catalogue_holds_every_text_once_and_can_be_read_back(
    karvan: Callable[..., str], bare: Path, text: str
) -> None:
    write(bare, "ru", entry(text, "да"), entry("gone", "нет"))
    karvan("texts", str(bare), "--out", str(bare / "texts"))
    assert read_catalogue(bare, "ru") == {text: "да"}
    assert read_catalogue(bare, "zh") == {}
    written = (bare / "texts" / "zh.po").read_text(encoding="utf-8")
    every = {one.text for one in free_texts(read_case(bare))}
    assert written.count("msgid ") == 1 + len(every)
    assert '#~ msgid "gone"' in (bare / "texts" / "ru.po").read_text(encoding="utf-8")
    assert check_case(read_case(bare)) == []


def test_one_table_adds_its_texts_and_loses_no_translation(
    karvan: Callable[..., str], bare: Path
) -> None:
    found = list(free_texts(read_case(bare)))
    asked = {one.text for one in found if one.table == "measures"}
    other = next(one.text for one in found if one.text not in asked)
    write(bare, "az", entry(other, "başqa"))
    karvan("texts", str(bare), "--table", "measures", "--out", str(bare / "texts"))
    written = (bare / "texts" / "az.po").read_text(encoding="utf-8")
    assert written.count("msgid ") == 1 + len(asked) + 1
    assert read_catalogue(bare, "az") == {other: "başqa"}


def test_an_unknown_table_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["texts", "--table", "claim"])
    assert end.value.code == 2
    assert "claims" in capsys.readouterr().err


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_terminal_shows_readings_and_reasons_in_the_language(
    language: str, karvan: Callable[..., str]
) -> None:
    catalogue = read_catalogue(shipped().root, language)
    reading = catalogue["A commonplace of history."]
    assert reading in "".join(karvan("claims", "--readings", "--lang", language).split("\n"))
    shown = karvan("route", "Aktau", "Alat", "--sources", "all", "--lang", language)
    assert re.search(r"general knowledge; no source found", shown) is None


def test_a_text_without_translation_is_shown_in_english() -> None:
    texts = Texts("ru", {"a": "а"})
    assert (texts.free("a"), texts.free("b"), texts.free(None)) == ("а", "b", "")


# The shipped cases


def always_shown() -> Iterator[FreeText]:
    """Free texts of those tables as pages show them: reasons of changes stand in other tables."""
    return (
        one for one in free_texts(shipped()) if one.table in ALWAYS_SHOWN and "." not in one.column
    )


@cache
def catalogue(case: str, language: str) -> dict[str, str]:
    return dict(read_catalogue(find_case(case), language))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_that_is_always_shown_is_translated(language: str) -> None:
    translated = catalogue("middle-corridor", language)
    left = [
        f"{one.table} {one.row} {one.column}"
        for one in always_shown()
        if translated.get(one.text, one.text) == one.text
    ]
    assert left == []


@pytest.mark.parametrize("case", shipped_cases())
@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_are_in_the_script_of_their_language(language: str, case: str) -> None:
    wrong = [
        (text, translation)
        for text, translation in catalogue(case, language).items()
        if not written_in(language, translation) or translation != translation.strip()
    ]
    assert wrong == []


def test_no_russian_word_mixes_alphabets() -> None:
    words = re.findall(r"[^\W\d_]+", " ".join(catalogue("middle-corridor", "ru").values()))
    assert [w for w in words if CYRILLIC.search(w) and LATIN.search(w)] == []


def test_chinese_texts_have_chinese_signs_between_sentences() -> None:
    """A sign of another script after a Chinese character breaks lines in the wrong place."""
    wrong = re.compile(rf"{HAN.pattern}[,;:?!]|{HAN.pattern}\.(\s|$)")
    texts = catalogue("middle-corridor", "zh").values()
    assert [text for text in texts if wrong.search(text)] == []


def test_solar_and_hydro_plants_are_not_mixed_up() -> None:
    """Azerbaijani GES is solar and SES hydro; Russian СЭС is solar and ГЭС hydro."""
    wrong = {"ru": r"\bГЭС\b", "az": r"\bSES\b"}
    for language, sign in wrong.items():
        for text, translation in catalogue("middle-corridor", language).items():
            assert not re.search(sign, translation) or "hydro" in text.lower(), translation


@pytest.mark.parametrize("language", TRANSLATED)
def test_years_of_a_text_are_those_of_its_translation(language: str) -> None:
    """Numbers are written otherwise in each language; years and ids are not."""
    year = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]*\d)")
    wrong = [
        (text, translation)
        for text, translation in catalogue("middle-corridor", language).items()
        if not set(year.findall(text)) <= set(re.findall(r"\d{4}", translation))
    ]
    assert wrong == []
