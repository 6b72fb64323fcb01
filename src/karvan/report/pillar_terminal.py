"""The five pillars of a run for the terminal: one line about a run, a table about two."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from karvan.case.results import Results
from karvan.report.language import Texts
from karvan.report.terminal import table_of

MOST_PARTS = 3
DIGITS = 1


def summary(results: Results, texts: Texts) -> list[str]:
    """Return a line about the pillars of the first pair of the case, the one that it is about."""
    scores = results.table("scores")
    if scores.is_empty():
        return [texts("No scores of the pillars: the case has no scoreboard.")]
    units = texts.names(results.table("input_units"))
    names = texts.names(results.table("input_indicators"))
    first = next(iter(units))
    pillars = scores.filter(pl.col("unit_id") == first, pl.col("level") == "pillar")
    parts = [pillar_text(row, names, texts) for row in pillars.iter_rows(named=True)]
    title = texts("Pillars of {pair}, 0 to 100 (indicators with data)").format(pair=units[first])
    return [texts.colon(title, texts.clauses(parts))]


def pillar_text(row: Mapping[str, Any], names: Mapping[str, str], texts: Texts) -> str:
    """Return a pillar with its score and its coverage."""
    known = texts("{known} of {all}").format(known=row["known"], all=row["indicators"])
    score = texts("no score") if row["score"] is None else texts.number(row["score"])
    return texts.bracketed(f"{names[row['element_id']]} {score}", known)


def comparison(
    changes: Sequence[Any],
    units: Mapping[str, str],
    names: Mapping[str, str],
    texts: Texts,
    limit: int,
) -> RenderableType:
    """Return which scores moved, by which indicators, and whether it is more than noise."""
    if not changes:
        return Text(texts("No pillar moved."))
    table = table_of(
        texts("Pillars that moved, 0 to 100"),
        [
            (texts("pair of countries"), False),
            (texts("pillar"), False),
            (texts("score"), True),
            (texts("interval of the change"), True),
            (texts("more than noise"), False),
            (texts("by which indicators"), False),
        ],
    )
    for change in changes[:limit]:
        table.add_row(*_cells(change, units, names, texts))
    lines = [
        texts(
            "Both scenarios are drawn with the same weights, means and carried values; a change is"
            " more than noise where its interval lies on one side of zero."
        ),
        texts(
            "The error of the model itself is not drawn: more than noise says that the direction"
            " holds within the model, not how well the model meets the world."
        ),
    ]
    return Group(table, Text(texts.sentences(lines)))


def _cells(
    change: Any,  # noqa: ANN401 - of runs
    units: Mapping[str, str],
    names: Mapping[str, str],
    texts: Texts,
) -> list[str | Text]:
    scores = [texts.number(row["score"], 1) for row in (change.before, change.after)]
    word = Text(texts("yes"), style="green") if change.beyond_noise else Text(texts("no"))
    by = texts.clauses(
        f"{names[part.element_id]} {signed(part.points, texts)}"
        for part in change.parts[:MOST_PARTS]
    )
    moved = f" ({signed(change.points, texts)})" if change.points is not None else ""
    return [
        units[change.unit_id],
        names[change.element_id],
        f"{' → '.join(scores)}{moved}",
        "–"
        if change.low is None
        else f"[{signed(change.low, texts)}; {signed(change.high, texts)}]",
        word,
        by,
    ]


def signed(points: float, texts: Texts) -> str:
    """Return a change with its sign; one near zero gets a second digit.

    Beyond a second digit nothing is shown: what rounds to zero then is written as zero.
    """
    for digits in (DIGITS, DIGITS + 1):
        if round(abs(points), digits) > 0.0:
            return f"{'-' if points < 0 else '+'}{texts.number(abs(points), digits)}"
    return texts.number(0.0, DIGITS)
