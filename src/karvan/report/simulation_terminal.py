"""Tables of a simulation for the terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from karvan.report.language import Texts
from karvan.report.terminal import table_of

WAITS_SHOWN = 10
MOST_DIGITS = 6

Found = Mapping[str, tuple[float | None, float | None]]
"""Estimate and half-width by measure."""


def head(replications: int, seed: int, model: str, law_error: float, texts: Texts) -> Text:
    """Return what was run, and that the laws held."""
    parts = [
        texts.count("{count} replication", "{count} replications", replications),
        texts.colon(texts("seed"), seed),
        texts.colon(texts("model"), model),
        texts("conservation and Little's law hold to {error}").format(error=f"{law_error:.0e}"),
    ]
    return Text(texts.clauses(parts))


def classes(table: pl.DataFrame, confidence: float, texts: Texts) -> RenderableType:
    """Return times in the system of each class."""
    measures = ("left", "inside_mean", "time_mean_h", "time_p50_h", "time_p95_h")
    headings = [
        texts("left"), texts("mean number inside"), texts("mean time, h"), texts("median, h"),
        texts("95 % below, h"),
    ]  # fmt: skip
    title = _title(texts("Time in the system"), confidence, texts)
    return _table(table, title, texts("class", "simulation"), measures, headings, texts)


def stages(table: pl.DataFrame, confidence: float, texts: Texts) -> RenderableType:
    """Return waits and utilization of each stage."""
    measures = ("started", "wait_h", "waiting_mean", "utilization")
    headings = [
        texts("served"), texts("wait, h"), texts("mean number waiting"), texts("utilization"),
    ]  # fmt: skip
    title = _title(texts("Stages of the model"), confidence, texts)
    return _table(table, title, texts("stage of the model"), measures, headings, texts)


def _title(text: str, confidence: float, texts: Texts) -> str:
    percent = f"{100 * confidence:g} %"
    return texts.bracketed(
        text, texts("± half-width of the {percent} interval").format(percent=percent)
    )


def _table(
    table: pl.DataFrame,
    title: str,
    key: str,
    measures: Sequence[str],
    headings: Sequence[str],
    texts: Texts,
) -> RenderableType:
    found = table_of(title, [(key, False), *((heading, True) for heading in headings)])
    for (name,), part in table.group_by("id", maintain_order=True):
        rows = part.select("measure", "estimate", "half_width").iter_rows()
        values: Found = {measure: (estimate, half) for measure, estimate, half in rows}
        found.add_row(
            Text(str(name)), *(interval(*values.get(m, (None, None)), texts) for m in measures)
        )
    return found


def interval(estimate: float | None, half_width: float | None, texts: Texts) -> str:
    """Return an estimate with its half-width, to the two leading digits of the half-width."""
    if estimate is None:
        return texts.number(None)
    size = half_width or abs(estimate) / 100.0
    digits = 0 if size <= 0.0 else min(max(0, 1 - math.floor(math.log10(size))), MOST_DIGITS)
    if half_width is None:
        return texts.number(estimate, digits)
    if half_width == 0.0:
        return texts.number(estimate, 0 if estimate == round(estimate) else digits)
    return f"{texts.number(estimate, digits)} ± {texts.number(half_width, digits)}"


def waits(rows: Iterable[Mapping[str, Any]], texts: Texts) -> RenderableType:
    """Return the longest waits by stage and cause, an entity that came in."""
    ordered = sorted(rows, key=lambda row: -row["estimate"])
    found = table_of(
        texts("Waits by cause"),
        [
            (texts("stage of the model"), False), (texts("cause"), False),
            (texts("h for each that came in"), True), (texts("share of all waits"), True),
        ],
    )  # fmt: skip
    names = causes(texts)
    for row in ordered[:WAITS_SHOWN]:
        length = interval(row["estimate"], row["half_width"], texts)
        share = texts.number(100.0 * row["share"], 1) + " %"
        found.add_row(Text(row["stage"]), names[row["cause"]], length, share)
    if len(ordered) > WAITS_SHOWN:
        more = texts("and {count} more, see --json").format(count=len(ordered) - WAITS_SHOWN)
        found.add_row("", Text(more, style="dim"), "", "")
    return found


def causes(texts: Texts) -> dict[str, str]:
    """Return what causes of waits are called."""
    return {
        "queue": texts("line", "simulation"),
        "closure": texts("stage closed"),
        "batch": texts("batch not yet full"),
        "pool": texts("no unit of a pool"),
        "blocked": texts("next stage full"),
    }


def critical_path(name: str, rows: Sequence[Mapping[str, Any]], texts: Texts) -> RenderableType:
    """Return on whose work the time of a class hangs: shares of all its paths."""
    heading = texts("Critical path of class {name}: {hours} h in the mean, entities: {count}")
    hours = sum(row["mean_h"] for row in rows)
    title = heading.format(
        name=name, hours=texts.number(hours, 2), count=texts.number(rows[0]["shipments"])
    )
    found = table_of(
        title,
        [
            (texts("stage of the model"), False), (texts("class", "simulation"), False),
            (texts("activity", "simulation"), False), (texts("mean time, h"), True),
            (texts("share of the path"), True),
        ],
    )  # fmt: skip
    names = {
        **causes(texts),
        "work": texts("work", "simulation"),
        "return": texts("on its way back"),
        "headway": texts("headway"),
        "batch": texts("departure not yet due"),
        "arrival": texts("not yet arrived"),
    }
    for row in rows[:WAITS_SHOWN]:
        share = texts.number(100.0 * row["share"], 1) + " %"
        length = texts.number(row["mean_h"], 2)
        stage, who = Text(row["stage"]), Text(row["class"])
        found.add_row(stage, who, names[row["activity"]], length, share)
    if len(rows) > WAITS_SHOWN:
        more = texts("and {count} more, see --json").format(count=len(rows) - WAITS_SHOWN)
        found.add_row("", "", Text(more, style="dim"), "", "")
    return found


def bottlenecks(
    name: str, rows: Sequence[Mapping[str, Any]], confidence: float, texts: Texts
) -> RenderableType:
    """Return the hours that one more of each saves a class."""
    heading = texts("What one more of each saves class {name}").format(name=name)
    found = table_of(
        _title(heading, confidence, texts),
        [(texts("what there is one more of"), False), (texts("hours saved"), True), ("", False)],
    )
    for row in rows[:WAITS_SHOWN]:
        saved = interval(row["saved_h"], row["half_width"], texts)
        said = "" if row["significant"] else texts("not more than noise")
        found.add_row(Text(row["stage"]), saved, Text(said, style="dim"))
    if len(rows) > WAITS_SHOWN:
        more = texts("and {count} more, see --json").format(count=len(rows) - WAITS_SHOWN)
        found.add_row("", "", Text(more, style="dim"))
    return found


def decision(
    precision: float, reason: str, replications: int, needed: int, worst: str, texts: Texts
) -> Text:
    """Return how sequential stopping ended."""
    percent = f"{100 * precision:g} %"
    if reason == "reached":
        text = texts("precision of {percent} reached after {count} replications")
        return Text(text.format(percent=percent, count=replications), style="green")
    text = texts("precision of {percent} not reached: class {name}, {count} replications")
    said = text.format(percent=percent, name=worst, count=replications)
    if reason == "limit":
        said = texts.clauses(
            [said, texts("about {count} are needed").format(count=texts.number(needed))]
        )
    return Text(said, style="yellow")


def notes(warnings: Sequence[str], cautions: Sequence[str], texts: Texts) -> RenderableType:
    """Return warnings, and what makes the intervals less sure; their texts are in English."""
    lines = [Text(texts.colon(texts("warning"), line), style="yellow") for line in warnings]
    lines += [Text(texts.colon(texts("note"), line), style="dim") for line in cautions]
    return Group(*lines)
