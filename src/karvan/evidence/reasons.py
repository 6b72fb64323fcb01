"""Why a verdict is what it is: facts by name, and the text they make in any language.

Facts are plain values that JSON can hold, so that a results table keeps them and a report in
another language is written from them, not from the English text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from karvan.evidence.periods import ONE

Facts = Mapping[str, Any]

LIST_OF_VALUES = "; "
LIST_OF_WORDS = ", "
WITHOUT_UNIT = frozenset({"", "1", "share", "ratio", "count"})
WHOLE_FROM = 1000
NAMED = ("series", "event")

WHY: Mapping[str, str] = {
    "none": "Not tested by the program; see the analyst's reading.",
    "series.missing": "{series}: no value for {period}.",
    "series.weak": "{series}: the only values for {period} are of low confidence.",
    "series.sides": "{series}: the values for {period} are counted by different sides.",
    "series.few": "{series}: a path needs two values in {period}, there are {count}.",
    "event.missing": "The event is not in the table of events.",
    "event.weak": "No independent source for the event '{event}'.",
    "event.vague": "The event '{event}' is dated only {found}, which cannot decide {expected}.",
    "level.same": "{series}: {found} in {period}; claimed {expected}.",
    "level.different": "{series}: {found} in {period}, not {expected}.",
    "level.in_range": "{series}: {found} in {period}, a range that holds {expected}.",
    "level.out_of_range": "{series}: {found} in {period}, a range that does not hold {expected}.",
    "at_least.reached": "{series}: {found} in {period}, at least {expected}.",
    "at_least.missed": "{series}: {found} in {period}, less than {expected}.",
    "ratio.same": "{series}: a factor of {found} from {period}; claimed {expected}.",
    "ratio.different": "{series}: a factor of {found} from {period}, not {expected}.",
    "ratio.zero": "{series}: zero at the start of {period}, so there is no ratio.",
    "path.rising": "{series}: a rise at every step: {found}.",
    "path.not_rising": "{series}: no rise at every step: {step}.",
    "path.steady": "{series}: no fall: {found}.",
    "path.falling": "{series}: a fall: {step}.",
    "event_date.same": "The event '{event}' is dated {found}.",
    "event_date.different": "The event '{event}' is dated {found}, not {expected}.",
    "report_date.possible": "'{event}' is dated {found}, not after the report of {expected}.",
    "report_date.impossible": "A report of {expected} cannot describe '{event}', dated {found}.",
    "exists.event": "The event '{event}' is dated {found}.",
    "exists.positive": "{series}: {found} in {period}.",
    "exists.zero": "{series}: {found} in {period}, so there is none.",
    "member.listed": "{series}: {found}.",
    "member.absent": "{series}: {found}; none of {expected} is among them.",
}
"""Stable message key -> English text; other languages translate the text."""

PERIODS: Mapping[frozenset[str], str] = {
    frozenset({"year"}): "{year}",
    frozenset({"year", "month"}): "{year}-{month}",
    frozenset({"year", "month", "day"}): "{year}-{month}-{day}",
    frozenset({"year", "quarter"}): "{year}-Q{quarter}",
    frozenset({"year", "half"}): "{year}-H{half}",
}
"""Parts of a period -> English text; translations may use the parts without a leading zero too,
e.g. ``{short_month}``."""


@dataclass(frozen=True, slots=True)
class Language:
    """What a text needs of a language.

    Attributes
    ----------
    translate : callable
        English text to text.
    unit : callable
        Unit as in tables to unit.
    number : callable
        ``(value, digits after the point) -> text``.
    name : callable
        ``("series" or "event", id) -> name``.
    """

    translate: Callable[[str], str]
    unit: Callable[[str], str]
    number: Callable[[float, int], str]
    name: Callable[[str, str], str]


def english(name: Callable[[str, str], str]) -> Language:
    """Return English, with the names of series and events from `name`."""
    return Language(
        translate=lambda text: text,
        unit=lambda unit: unit,
        number=lambda value, digits: f"{value:,.{digits}f}",
        name=name,
    )


def amount(value: float | None, unit: str, low: float | None, high: float | None) -> Facts:
    """Return the fact of one value, or of a range where there is none."""
    return {"kind": "amount", "value": value, "low": low, "high": high, "unit": unit}


def span(ends: Sequence[str]) -> Facts:
    """Return the fact of a period with one end, two or none."""
    return {"kind": "span", "ends": list(dict.fromkeys(ends))}


def words(found: Sequence[str]) -> Facts:
    """Return the fact of a list of words."""
    return {"kind": "words", "words": list(found)}


def path(points: Sequence[tuple[str, float]], unit: str) -> Facts:
    """Return the fact of values by period."""
    return {"kind": "path", "points": [list(p) for p in points], "unit": unit}


def steps(pairs: Sequence[tuple[tuple[str, float], tuple[str, float]]], unit: str) -> Facts:
    """Return the fact of steps from one period and value to the next."""
    return {"kind": "steps", "pairs": [[list(a), list(b)] for a, b in pairs], "unit": unit}


def reason_text(key: str, facts: Facts, language: Language) -> str:
    """Return the reason in a language."""
    texts = {
        name: language.name(name, fact) if name in NAMED else fact_text(fact, language)
        for name, fact in facts.items()
    }
    # An abbreviated unit at the end brings its own full stop.
    return language.translate(WHY[key]).format(**texts).replace("..", ".")


def fact_text(fact: Facts | str | int, language: Language) -> str:
    """Return one fact in a language; a text is a period or stays as it is."""
    if isinstance(fact, str):
        return period_text(fact, language)
    if isinstance(fact, int):
        return language.number(fact, 0)
    return KINDS[fact["kind"]](fact, language)


def period_text(text: str, language: Language) -> str:
    """Return a period as the language writes it; any other text stays as it is."""
    first, slash, last = text.partition("/")
    if slash:
        template = language.translate("{first}/{last}")
        return template.format(first=period_text(first, language), last=period_text(last, language))
    match = ONE.fullmatch(text)
    if not match:
        return text
    parts = {name: part for name, part in match.groupdict().items() if part}
    short = {f"short_{name}": str(int(part)) for name, part in parts.items()}
    return language.translate(PERIODS[frozenset(parts)]).format(**parts, **short)


def _number_text(value: float, language: Language) -> str:
    """At most four significant digits below a thousand."""
    if abs(value) >= WHOLE_FROM or value == round(value):
        return language.number(value, 0)
    short = f"{value:.4g}"
    return short if "e" in short else language.number(value, len(short.partition(".")[2]))


def _with_unit(text: str, unit: str, language: Language) -> str:
    if unit in WITHOUT_UNIT:
        return text
    return language.translate("{number} {unit}").format(number=text, unit=language.unit(unit))


def _amount(fact: Facts, language: Language) -> str:
    if fact["value"] is not None:
        text = _number_text(fact["value"], language)
    else:
        ends = (fact["low"], fact["high"])
        text = "–".join("…" if end is None else _number_text(end, language) for end in ends)
    return _with_unit(text, fact["unit"], language)


def _span(fact: Facts, language: Language) -> str:
    ends = [period_text(end, language) for end in fact["ends"]]
    if not ends:
        return language.translate("any period")
    if len(ends) == 1:
        return ends[0]
    return language.translate("{first} to {last}").format(first=ends[0], last=ends[-1])


def _words(fact: Facts, language: Language) -> str:
    return LIST_OF_WORDS.join(fact["words"]) or language.translate("nothing")


def _path(fact: Facts, language: Language) -> str:
    points = (
        f"{period_text(period, language)}: {_number_text(value, language)}"
        for period, value in fact["points"]
    )
    return _with_unit(LIST_OF_VALUES.join(points), fact["unit"], language)


def _steps(fact: Facts, language: Language) -> str:
    template = language.translate("{before} in {before_period}, {after} in {after_period}")
    return LIST_OF_VALUES.join(
        template.format(
            before=_with_unit(_number_text(before, language), fact["unit"], language),
            before_period=period_text(before_period, language),
            after=_with_unit(_number_text(after, language), fact["unit"], language),
            after_period=period_text(after_period, language),
        )
        for (before_period, before), (after_period, after) in fact["pairs"]
    )


KINDS: Mapping[str, Callable[[Facts, Language], str]] = {
    "amount": _amount,
    "span": _span,
    "words": _words,
    "path": _path,
    "steps": _steps,
}
