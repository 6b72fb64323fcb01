"""Flows and bottlenecks for the terminal."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from karvan.case.results import Results
from karvan.report.flow_words import (
    FlowNames,
    approximate,
    demand_lines,
    doubt_lines,
    flow_names,
    gain_text,
    gaining,
    main_line,
    no_room_lines,
    no_way_line,
    step_text,
)
from karvan.report.language import Texts
from karvan.report.terminal import HOURS_PER_DAY, signed, table_of

FIRST_BOTTLENECKS = 3


def summary(results: Results, texts: Texts) -> list[str]:
    """Return lines about the flows: the main alternative, the first bottlenecks, what stays.

    The first alternative of a case is the one that it is about.  A run without flows has no lines.
    """
    if results.table("assignment").is_empty():
        return []
    names = flow_names(results.table, texts)
    return [
        *main_line(results.table, names),
        *demand_lines(results.table, results.manifest["year"], texts),
        *doubt_lines(results.table, texts),
        *_bottleneck_line(results, names),
        *no_room_lines(results.table, names),
        *no_way_line(results.table, names),
    ]


def _bottleneck_line(results: Results, names: FlowNames) -> list[str]:
    first = gaining(results.table("bottlenecks"))[:FIRST_BOTTLENECKS]
    texts = names.texts
    if not first:
        return [texts.colon(texts("bottlenecks"), texts("none"))]
    return [
        texts.colon(texts("bottlenecks"), texts.clauses(gain_text(row, names) for row in first))
    ]


def comparison(
    flows: Any,  # noqa: ANN401 - a FlowComparison of runs
    names: FlowNames,
    runs: tuple[str, str],
    limit: int,
) -> RenderableType:
    """Return what changed in the flows: of all, by alternative, and the bottlenecks that moved."""
    texts = names.texts
    shares = table_of(
        texts("Flows by route alternative"),
        [
            (texts("route alternative"), False),
            (texts("TEU in containers"), True),
            (texts("t of loose cargo"), True),
            (texts("days, mean"), True),
            (texts("USD/TEU"), True),
            (texts("kg CO2e/TEU"), True),
        ],
    )
    for change in flows.alternatives:
        shares.add_row(names.alternative(change.alternative_id), *_carried_cells(change, texts))
    moved = _moved(flows.bottlenecks[:limit], names)
    return Group(_all(flows, texts, runs), *_doubts(flows, texts, runs), shares, moved)


def _doubts(flows: Any, texts: Texts, runs: tuple[str, str]) -> list[Text]:  # noqa: ANN401
    """Runs whose flows are approximate."""
    pairs = zip(runs, (flows.before, flows.after), strict=True)
    rough = [run for run, row in pairs if row is not None and row.get("converged") is False]
    return [Text(texts.colon(run, approximate(texts))) for run in rough]


def _all(flows: Any, texts: Texts, runs: tuple[str, str]) -> RenderableType:  # noqa: ANN401
    """All flows together, a row a figure."""
    table = table_of(
        texts("All flows together"),
        [("", False), *((run, True) for run in runs), (texts("change"), True), ("%", True)],
    )
    rows = (
        (texts("t a year"), "t", 1.0, 0),
        (texts("TEU and TEU-equivalents a year"), "teu", 1.0, 0),
        (texts("beside them, not served"), "unserved_teu", 1.0, 0),
        (texts("of these without room at any price"), "left_over_teu", 1.0, 0),
        (texts("days, mean"), "mean_h", HOURS_PER_DAY, 1),
        (texts("USD/TEU, mean"), "mean_cost_usd_per_teu", 1.0, 0),
        (texts("t CO2e a year"), "co2e_t", 1.0, 0),
    )
    for words, column, scale, digits in rows:
        pair = [None if r is None else r.get(column) for r in (flows.before, flows.after)]
        if column == "left_over_teu" and not any(pair):
            continue  # Nothing lacks room in either run.
        old, new = (None if value is None else value / scale for value in pair)
        change = None if old is None or new is None else new - old
        table.add_row(
            words,
            texts.number(old, digits),
            texts.number(new, digits),
            signed(change, digits, texts),
            signed(100.0 * change / old, 1, texts) if change is not None and old else "–",
        )
    return table


def _moved(bottlenecks: Sequence[Any], names: FlowNames) -> RenderableType:
    texts = names.texts
    if not bottlenecks:
        return texts("No bottleneck moved.")
    moved = table_of(
        texts("Bottlenecks that moved"),
        [
            (texts("bottleneck, with more of it"), False),
            ("", False),
            (texts("utilization, %"), True),
            (texts("shadow price, USD/TEU"), True),
            (texts("gain of more, million USD a year"), True),
        ],
    )
    for change in bottlenecks:
        moved.add_row(*_moved_cells(change, names))
    return moved


def _carried_cells(change: Any, texts: Texts) -> list[str]:  # noqa: ANN401 - of runs
    def cell(name: str, scale: float, digits: int) -> str:
        pair = (getattr(change.before, name), getattr(change.after, name))
        return _arrow([None if v is None else v / scale for v in pair], digits, texts)

    return [
        cell("teu", 1.0, 0),
        cell("loose_t", 1.0, 0),
        cell("mean_h", HOURS_PER_DAY, 1),
        cell("usd_per_teu", 1.0, 0),
        cell("co2e_kg_per_teu", 1.0, 0),
    ]


def _arrow(pair: Sequence[float | None], digits: int, texts: Texts) -> str:
    old, new = pair
    text = f"{texts.number(old, digits)} → {texts.number(new, digits)}"
    if old is None or new is None:
        return text
    return f"{text} ({signed(new - old, digits, texts)})"


def _moved_cells(change: Any, names: FlowNames) -> list[str | Text]:  # noqa: ANN401 - of runs
    texts = names.texts
    words = {
        "appeared": texts("appeared"),
        "vanished": texts("vanished"),
        "price changed": texts("price changed"),
    }
    pair = (change.before, change.after)
    row = change.after or change.before

    def values(column: str, scale: float) -> list[float | None]:
        return [None if row is None or row[column] is None else row[column] * scale for row in pair]

    return [
        Text(names.resource(row)).append(f"\n{step_text(row, names)}", style="dim"),
        words[change.kind],
        _arrow(values("utilization", 100.0), 0, texts).split(" (")[0],
        _arrow(values("price_usd_per_teu", 1.0), 0, texts),
        _arrow(values("gain_usd", 1e-6), 1, texts).split(" (")[0],
    ]
