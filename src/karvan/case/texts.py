"""Free texts of a case in other languages, from the gettext catalogues ``texts/<language>.po``.

A free text is a cell of a column of type ``prose``, or a sentence of a measure or scenario.  The
English text as it stands in the case is the key; the tables keep what translators never touch.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from karvan import schema
from karvan.case.model import Case
from karvan.case.settings import LANGUAGES
from karvan.errors import CaseError, Problem, did_you_mean
from karvan.schema import PROSE
from karvan.schema.read import shorten

FOLDER = "texts"
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
FILES = tuple(f"{FOLDER}/{language}.po" for language in TRANSLATED)
LINE = re.compile(r'\s*(#.*|((msg\w+(\[\d+\])?)\s+)?"(\\.|[^"\\])*"\s*)?')
"""A line of a catalogue: nothing, a comment, or a keyword with a quoted text."""

MEASURE_TEXTS = ("authority", "note", "pending")

Catalogue = Mapping[str, str]
"""English text -> translation."""


@dataclass(frozen=True, slots=True)
class FreeText:
    """A text and where it stands; `row` is the id of the row, measure or scenario."""

    table: str
    column: str
    row: str
    text: str


def free_texts(case: Case) -> Iterator[FreeText]:
    """Yield every free text of a case, in the order of its tables, empty ones left out."""
    for declared in schema.tables().values():
        columns = [column.name for column in declared.columns if column.type == PROSE]
        for row in case.table(declared.name).iter_rows(named=True) if columns else ():
            for column in columns:
                if row[column]:
                    yield FreeText(declared.name, column, row["id"], row[column])
    for measure in case.measures.values():
        texts = [(name, getattr(measure, name)) for name in MEASURE_TEXTS]
        texts += [("changes.reason", change.reason) for change in measure.changes]
        yield from (FreeText("measures", name, measure.id, text) for name, text in texts if text)
    for scenario in case.scenarios.values():
        texts = [("note", scenario.note)]
        texts += [("overrides.reason", change.reason) for change in scenario.overrides]
        yield from (FreeText("scenarios", name, scenario.id, text) for name, text in texts if text)


def read_catalogue(root: Path, language: str) -> Catalogue:
    """Return the translations of a case's free texts into a language; none where it has none.

    Entries that are empty or marked as fuzzy are left out.

    Raises
    ------
    CaseError
        The file is no catalogue of the form that a case may carry.
    """
    if language not in TRANSLATED:
        return {}
    found, problems = _read(root, language)
    if problems:
        raise CaseError(problems, subject=f"the case '{root.name}'")
    return found


def _read(root: Path, language: str) -> tuple[dict[str, str], list[Problem]]:
    where = f"{FOLDER}/{language}.po"
    path = root / where
    if not path.exists():
        return {}, []
    # Babel is imported only where a translation is asked for.
    from babel.messages.pofile import PoFileError, read_po

    try:
        content = path.read_text(encoding="utf-8")
        _refuse_other_lines(content)
        found = read_po(io.StringIO(content), locale=language, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        return {}, [Problem("texts.file.po", where, str(error), "a UTF-8 gettext catalogue")]
    messages = [m for m in found if m.id]
    odd = [m for m in messages if m.context or not isinstance(m.id, str)]
    problems = [
        Problem(
            "texts.entry.form",
            f"{where} line {m.lineno}",
            "an entry with a context (msgctxt) or plural forms",
            "msgid, the English text as it stands in the case, and msgstr",
        )
        for m in odd
    ]
    return {str(m.id): str(m.string) for m in messages if m.string and not m.fuzzy}, problems


def _refuse_other_lines(content: str) -> None:
    """Raise ValueError at the first line that no catalogue has: Babel would skip its entry."""
    for number, line in enumerate(content.splitlines(), 1):
        if not LINE.fullmatch(line):
            message = f"line {number}: {shorten(line)}"
            raise ValueError(message)


def check_catalogues(case: Case) -> Iterator[Problem]:
    """Catalogues are of known languages, can be read, and translate texts that are in the case."""
    case = case.as_read
    for path in sorted((case.root / FOLDER).glob("*.po")):
        if path.stem not in TRANSLATED:
            yield Problem(
                "texts.language.unknown",
                f"{FOLDER}/{path.name}",
                f"a catalogue of the language '{path.stem}'",
                f"one of {', '.join(FILES)}",
                did_you_mean(path.stem, TRANSLATED),
            )
    known = {one.text for one in free_texts(case)}
    for language in TRANSLATED:
        found, problems = _read(case.root, language)
        yield from problems
        left = [text for text in found if text not in known]
        if left:
            yield Problem(
                "texts.entry.unused",
                f"{FOLDER}/{language}.po",
                f"{len(left)} translation(s) of texts that the case no longer has, "
                f"the first of {shorten(left[0])}",
                "texts as they stand in the case",
                "'karvan texts CASE --out FOLDER' writes the catalogues anew",
                severity="warning",
            )
