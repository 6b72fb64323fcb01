"""Tables of a scoreboard for the terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from karvan.report.language import Texts
from karvan.report.terminal import table_of

BAR = 12
"""Characters of the bar that shows where in the ranking a unit may be."""


def ranking(table: pl.DataFrame, year: int | None, interval: float, texts: Texts) -> RenderableType:
    """Return the ranking of a year with its intervals."""
    rows = table.filter(pl.col("year").eq_missing(year))
    sure = "rank_low" in rows.columns
    percent = f"{100 * interval:.0f} %"
    columns = [
        (texts("rank"), True),
        (texts("country or pair"), False),
        (texts("index score"), True),
    ]
    columns += [(texts("coverage"), True)]
    if sure:
        columns += [(texts("ranks, {percent} interval").format(percent=percent), True), ("", False)]
        columns += [(texts("in the best quarter"), True), (texts("tied groups"), False)]
    title = texts("Ranking") if year is None else texts("Ranking of {year}").format(year=year)
    found = table_of(title, columns)
    for row in rows.iter_rows(named=True):
        cells = [texts.number(row["rank"]), row["name"] or row["unit"]]
        cells += [texts.number(row["score"], 2), _percent(row["coverage"], texts)]
        if sure:
            low, high = row["rank_low"], row["rank_high"]
            ends = "–" if low is None else f"{texts.number(low)}–{texts.number(high)}"
            cells += [ends, _bar(low, high, len(rows)), _percent(row["top_share"], texts)]
            cells += [", ".join(str(g) for g in row["groups"])]
        found.add_row(*cells)
    return found


def _percent(share: float | None, texts: Texts) -> str:
    return texts.number(None if share is None else 100.0 * share) + (
        " %" if share is not None else ""
    )


def _bar(low: float | None, high: float | None, n: int) -> str:
    if low is None or high is None:
        return ""
    width = min(BAR, n)
    first = int((low - 1) / n * width)
    last = max(first + 1, round(high / n * width))
    return "·" * first + "█" * (last - first) + "·" * (width - last)


def sensitivity(indices: pl.DataFrame, exact: bool, runs: int, texts: Texts) -> RenderableType:
    """Return Sobol' indices of the mean shift of ranks."""
    how = texts("exact, {runs} combinations") if exact else texts("estimated, {runs} runs")
    more = how.format(runs=texts.number(runs))
    title = texts.bracketed(texts("What moves the ranks"), more)
    found = table_of(
        title,
        [(texts("choice"), False), (texts("alone"), True), (texts("with all others"), True)],
    )
    mean = indices.filter(pl.col("output") == indices["output"][0])
    for row in mean.iter_rows(named=True):
        cells = [_index(row, name, exact, texts) for name in ("first", "total")]
        found.add_row(row["factor"], *cells)
    return found


def _index(row: dict[str, Any], name: str, exact: bool, texts: Texts) -> str:
    value = texts.number(row[name], 2)
    if exact or row[f"{name}_low"] is None:
        return value
    ends = (texts.number(row[f"{name}_{end}"], 2) for end in ("low", "high"))
    return f"{value} [{'; '.join(ends)}]"


def steps(
    logs: Iterable[tuple[str, bool, Sequence[str]]], texts: Texts, most: int = 6
) -> RenderableType:
    """Return what each step did, or why it was skipped."""
    found = table_of(
        texts("Steps"), [(texts("step"), False), ("", False), (texts("what happened"), False)]
    )
    for step, done, notes in logs:
        shown = list(notes[:most])
        if len(notes) > most:
            shown.append(texts("and {count} more, see --json").format(count=len(notes) - most))
        state = Text(texts("carried out")) if done else Text(texts("skipped"), style="yellow")
        found.add_row(step, state, "\n".join(shown))
    return found


def notes(excluded: Sequence[str], warnings: Sequence[str], texts: Texts) -> RenderableType:
    """Return what was sampled around, and warnings."""
    lines = [Text(texts.colon(texts("methods that exclude each other"), line)) for line in excluded]
    lines += [Text(texts.colon(texts("warning"), line), style="yellow") for line in warnings]
    return Group(*lines)


def cells(table: pl.DataFrame, unit: str, texts: Texts) -> RenderableType:
    """Return the cells behind a score."""
    stages = [c for c in table.columns if c not in {"indicator", "parent", "weight"} | LAST]
    found = table_of(
        texts("Cells behind the score of {unit}").format(unit=unit),
        [
            (texts("indicator"), False), (texts("weight"), True), *((c, True) for c in stages),
            (texts("status"), False), (texts("source"), False),
        ],
    )  # fmt: skip
    for row in table.iter_rows(named=True):
        numbers = ["–" if row[c] is None else f"{row[c]:.4g}" for c in stages]
        place = f"{row['parent']} / {row['indicator']}"
        found.add_row(
            place, texts.number(row["weight"], 3), *numbers, row["status"], row["source"] or ""
        )
    return found


LAST = {"status", "source"}
