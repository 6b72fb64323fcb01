"""The texts of the front end are found, literal and translated; words of the data too.

That every text has its translation, and no translation is left over, ``test_texts`` checks for
the texts of both, program and front end.
"""

import re

import pytest

from frontend_texts import SOURCES, frontend_keys, texts_in, written_in_frontend
from karvan import schema
from test_texts import CASES, PLACEHOLDER, TRANSLATED, catalogue, countries_named, shipped

UNITLESS = frozenset({"", "1"})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('t("Show all")', ("", "Show all")),
        ("t('One: {count}', { count })", ("", "One: {count}")),
        ("t(\n  `a`,\n)", ("", "a")),
        ('t(\n  "one, " +\n    "two",\n  values,\n)', ("", "one, two")),
        (r't("a \"b\" \u2013 c")', ("", 'a "b" – c')),
        ('tx("confidence", "high")', ("confidence", "high")),
        ("t(name)", None),
        ('t(known ? "yes" : "no")', None),
        ('t("sum: " + total)', None),
        ("t(`sum: ${total}`)", None),
        ('tx("confidence", level)', None),
    ],
)
def test_calls_are_read(source: str, expected: tuple[str, str] | None) -> None:
    assert list(texts_in(f"const x = {source};")) == [(1, expected)]


def test_other_calls_and_comments_are_no_texts() -> None:
    source = '// t("no")\n/* t("no") */ list.t("no"); format("no"); cut("no");\n t("yes")'
    assert list(texts_in(source)) == [(3, ("", "yes"))]


def test_the_texts_of_the_front_end_are_found() -> None:
    expected = {("", "Route planner"), ("", "Recommended"), ("", "{series}: {found}.")}
    expected |= {("table", "transfers"), ("confidence", "inferred")}
    assert expected <= frontend_keys()


def test_every_text_of_the_front_end_is_literal() -> None:
    """Texts put together at run time could not be translated."""
    assert written_in_frontend().get(None, []) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_the_front_end_is_translated(language: str) -> None:
    translated = catalogue(language)
    missing = [
        f"{used[0]}: {key}"
        for key, used in written_in_frontend().items()
        if key and (key not in translated or not translated[key].string or translated[key].fuzzy)
    ]
    assert missing == []


def test_placeholders_have_names() -> None:
    """Counted or empty places could not be moved by a translator."""
    wrong = [text for _, text in frontend_keys() for p in PLACEHOLDER.findall(text) if p == "{}"]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_units_of_all_tables_are_translated(language: str) -> None:
    """Pages and dialogs show the units of columns, series and claims."""
    declared = {c.unit for table in schema.result_tables().values() for c in table}
    tables = [shipped(case).tables.get(name) for case in CASES for name in ("series", "claims")]
    used = {unit for table in tables if table is not None for unit in table["unit"]}
    known = {text for context, text in catalogue(language) if context in ("unit", "")}
    assert sorted({u for u in declared | used if u} - UNITLESS - known) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_countries_of_the_network_have_names(language: str) -> None:
    """Not every browser knows them: Chromium has no names in Azerbaijani."""
    assert countries_named() <= set(catalogue(language))


def test_every_table_of_a_case_has_a_word_on_the_pages() -> None:
    """A table without one would be shown by its file name, in English."""
    code = (SOURCES / "pages" / "words.ts").read_text(encoding="utf-8")
    body = code[code.index("function tableWord") :]
    assert set(schema.tables()) <= set(re.findall(r'case "([a-z_]+)":', body))
