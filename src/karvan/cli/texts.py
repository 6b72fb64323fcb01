"""``karvan texts``: which free texts of a case are translated, and catalogues to translate."""

import io
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import click

from karvan import schema
from karvan.case import read_case
from karvan.case.results import write_bytes
from karvan.case.texts import TRANSLATED, Catalogue, FreeText, free_texts, read_catalogue
from karvan.cli.common import DEFAULT_CASE, console, language_option
from karvan.errors import ResultsError, did_you_mean
from karvan.report import terminal
from karvan.report.language import Texts

HEADER = """msgid ""
msgstr ""
"Project-Id-Version: {case}\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
MOST_PLACES = 3
"""Rows named beside a text; the others are only counted."""


@click.command(
    epilog="""\b
Examples:
  karvan texts
  karvan texts my-case --out my-case/texts
  karvan texts my-case --table claims --table measures --out new
"""
)
@click.argument("case_name", metavar="[CASE]", default=DEFAULT_CASE)
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="TABLE",
    help="Count or add only texts of this table; may be repeated.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write ru.po, az.po and zh.po to, with the translations there are.",
)
@language_option
def texts(case_name: str, *, tables: tuple[str, ...], out: Path | None, lang: str) -> None:
    """Count the free texts of CASE, and how many are translated; --out writes them as .po files.

    A file holds every text once: what is translated with its translation, the rest empty.
    Any gettext editor fills it; its place is the folder `texts` of the case.
    """
    case = read_case(case_name)
    every = list(free_texts(case))
    _known(tables, {*schema.tables(), "measures", "scenarios"})

    def asked(one: FreeText) -> bool:
        return not tables or one.table in tables

    catalogues = {language: read_catalogue(case.root, language) for language in TRANSLATED}
    if out is None:
        _print(list(filter(asked, every)), catalogues, Texts(lang))
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{out}: cannot make the folder ({error.strerror}); choose another with --out"
        raise ResultsError(message) from None
    for language, catalogue in catalogues.items():
        found = (one for one in every if asked(one) or one.text in catalogue)
        text = catalogue_text(case.settings.name, language, found, catalogue)
        write_bytes(out / f"{language}.po", text.encode())
        click.echo(f"wrote {out / f'{language}.po'}")


def catalogue_text(
    case: str, language: str, found: Iterable[FreeText], translated: Catalogue
) -> str:
    """Return a gettext catalogue of texts, with the translations there are.

    Translations of other texts are kept as obsolete entries, which editors suggest from.
    """
    # Babel is imported only where a catalogue is written.
    from babel.messages.catalog import Catalog, Message
    from babel.messages.pofile import write_po

    places: dict[str, list[str]] = {}
    for one in found:
        places.setdefault(one.text, []).append(f"{one.table}.{one.column} {one.row}")
    catalog = Catalog(locale=language)
    for text, where in places.items():
        more = [f"+ {len(where) - MOST_PLACES}"] if len(where) > MOST_PLACES else []
        comments = ["; ".join([*where[:MOST_PLACES], *more])]
        catalog.add(text, translated.get(text, ""), auto_comments=comments)
    left = {text: translation for text, translation in translated.items() if text not in places}
    catalog.obsolete.update({text: Message(text, word) for text, word in left.items()})
    file = io.BytesIO()
    # Babel's own header holds the time of day; the same case shall give the same file.
    write_po(file, catalog, omit_header=True)
    return HEADER.format(case=case, language=language) + file.getvalue().decode()


def _known(asked: Collection[str], tables: Collection[str]) -> None:
    for table in asked:
        if table not in tables:
            hint = did_you_mean(table, tables) or f"there are: {', '.join(sorted(tables))}"
            message = f"no table '{table}'; {hint}"
            raise click.BadParameter(message, param_hint="--table")


def _print(found: list[FreeText], catalogues: Mapping[str, Catalogue], texts: Texts) -> None:
    columns: dict[tuple[str, str], list[str]] = {}
    for one in found:
        columns.setdefault((one.table, one.column), []).append(one.text)
    rows = [
        [table, column, texts.number(len(own)), *_counts(set(own), catalogues, texts)]
        for (table, column), own in columns.items()
    ]
    every = {one.text for one in found}
    rows.append([texts("all"), "", texts.number(len(found)), *_counts(every, catalogues, texts)])
    headers = [texts("table"), texts("column"), texts("rows"), texts("texts"), *catalogues]
    console().print(
        terminal.listing(
            texts("Free texts of the case, and how many are translated"), headers, rows
        )
    )


def _counts(own: set[str], catalogues: Mapping[str, Catalogue], texts: Texts) -> list[str]:
    translated = (sum(text in known for text in own) for known in catalogues.values())
    return [texts.number(count) for count in (len(own), *translated)]
