"""Texts in four languages from gettext catalogues.

English is in the code; ``texts/<language>.po`` holds the rest.  The catalogues are read as text
and compiled in memory, so that translators edit what is shipped and nothing has to be built.
"""

import gettext
import io
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import polars as pl

ONE_YEAR = re.compile(r"\d{4}")
VOWELS = "aeəıioöuüAEƏIİOÖUÜ"
SYLLABLE = re.compile(rf"(?<=\w\w)(?=[^\W{VOWELS}][{VOWELS}]\w)")
LONG_WORD = 14
"""Letters of a word that is wider than a narrow column."""
SOFT_HYPHEN = "\u00ad"
LARGE = 1e6
LARGE_DIGITS = 3
ROUNDED = 1e4
"""From here on single dollars of a model are no information."""


@cache
def translation(language: str) -> gettext.NullTranslations:
    """Return the translations into a language; English needs none."""
    if language == "en":
        return gettext.NullTranslations()
    # Babel is imported only where a translation is asked for.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    text = files("karvan.report").joinpath("texts", f"{language}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(text), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


class Texts:
    """Texts in one language; calling it translates an English text of the program.

    `of_the_case` are translations of a case's own texts, by the English text.
    """

    def __init__(self, language: str, of_the_case: Mapping[str, str] | None = None) -> None:
        self.language = language
        self._translation = translation(language)
        self._of_the_case = of_the_case or {}

    def __call__(self, english: str, context: str = "") -> str:
        """Return the text in the language; the English one where it is not translated.

        `context` tells apart English words of several meanings.
        """
        if context:
            return self._translation.pgettext(context, english)
        return self._translation.gettext(english)

    def free(self, english: str | None) -> str:
        """Return a free text of the case; in English where the case has no translation."""
        return self._of_the_case.get(english or "", english or "")

    def capital(self, text: str) -> str:
        """Return a text with a capital first; Azerbaijani tells i from ı."""
        first = "İ" if self.language == "az" and text[:1] == "i" else text[:1].upper()
        return first + text[1:]

    def unit(self, unit: str) -> str:
        """Return a unit of the tables in the language."""
        return self(unit, "unit")

    def count(self, one: str, many: str, number: int) -> str:
        """Return `one` or `many` in the language's form for `number`, with ``{count}`` filled."""
        return self._translation.ngettext(one, many, number).format(count=self.number(number))

    def colon(self, name: str, value: object) -> str:
        """Return a name with its value, joined by the signs of the language."""
        return self("{name}: {value}").format(name=name, value=value)

    def bracketed(self, text: str, more: object) -> str:
        """Return a text with more about it in brackets."""
        return self("{text} ({more})").format(text=text, more=more)

    def listed(self, parts: Iterable[str]) -> str:
        """Return an enumeration."""
        return self._joined("{first}, {second}", parts)

    def clauses(self, parts: Iterable[str]) -> str:
        """Return parts that have commas of their own in a row."""
        return self._joined("{first}; {second}", parts)

    def sentences(self, parts: Iterable[str]) -> str:
        """Return sentences one after the other; Chinese has no space between them."""
        return ("" if self.language == "zh" else " ").join(parts)

    def _joined(self, pattern: str, parts: Iterable[str]) -> str:
        # What stands between two parts: a part may hold braces, so nothing is formatted twice.
        between = self(pattern).removeprefix("{first}").removesuffix("{second}")
        return between.join(parts)

    def number(self, value: float | None, digits: int = 0) -> str:
        """Return a number with the language's separators; a dash for no value."""
        if value is None:
            return "–"
        if round(value, digits) == 0.0:
            value = 0.0  # no "-0.0"
        if self.language == "en":
            return f"{value:,.{digits}f}"
        from babel.numbers import format_decimal

        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, format=pattern, locale=self.language)

    def large(self, value: float | None, digits: int = LARGE_DIGITS) -> str:
        """Return a number, from a million on shortened as the language does it.

        18.6 million, 18,6 млн, 18,6 mln, 1860万; `digits` are significant.
        """
        if value is None or abs(value) < LARGE:
            return self.number(value)
        from babel.numbers import format_compact_decimal

        form: Literal["short", "long"] = "long" if self.language == "en" else "short"
        rounded = float(f"{value:.{digits}g}")
        return format_compact_decimal(
            rounded, format_type=form, locale=self.language, fraction_digits=digits
        )

    def money(self, usd: float | None, digits: int = LARGE_DIGITS) -> str:
        """Return an amount of money, large ones in the short form of the language.

        From ten thousand on it has `digits` significant digits: 268,000 and not 267,966 USD.
        """
        if usd is not None and ROUNDED <= abs(usd) < LARGE:
            usd = float(f"{usd:.{digits}g}")
        return self("{cost} USD").format(cost=self.large(usd, digits))

    def dated(self, name: str, period: str | None) -> str:
        """Return the name of a fact, with its year where it is a year's and the name has none.

        Two facts of one port would look alike.
        """
        if not period or not ONE_YEAR.fullmatch(period) or period in name:
            return name
        return self.bracketed(name, period)

    def breakable(self, text: str) -> str:
        """Return a text whose long words may break between syllables.

        Azerbaijani builds long words, and no pattern of hyphenation is at hand; a syllable
        begins with the consonant before a vowel.
        """
        if self.language != "az":
            return text
        words = (SYLLABLE.sub(SOFT_HYPHEN, w) if len(w) >= LONG_WORD else w for w in text.split())
        return " ".join(words)

    def names(self, table: pl.DataFrame, stem: str = "name") -> dict[str, str]:
        """Return the names, or other texts, of a table's rows in the language, by id."""
        own = table[f"{stem}_{self.language}"]
        return {
            i: name or english
            for i, name, english in zip(table["id"], own, table[f"{stem}_en"], strict=True)
        }
