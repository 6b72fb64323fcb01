"""The flows in the PDF report: shares of the route alternatives, and the first bottlenecks."""

from collections.abc import Sequence

from karvan.case.no_alternative import NO_ALTERNATIVE, UNSERVED
from karvan.report.flow_words import (
    FlowNames,
    amounts,
    demand_lines,
    doubt_lines,
    flow_names,
    foundation_lines,
    gaining,
    no_room_lines,
    no_way_line,
    step_text,
)
from karvan.report.pdf_reader import Block, Reader, Row, cells

FIRST_BOTTLENECKS = 10
OWN = (NO_ALTERNATIVE, UNSERVED)
"""Alternatives that the tables name beside those of the case."""


def flows(reader: Reader) -> Block | None:
    """Return what each route alternative carries, containers apart from loose cargo."""
    assignment, texts = reader.rows("assignment"), reader.texts
    if not assignment:
        return None
    names = flow_names(reader.table, texts)
    carried = {name: amounts(reader.table, name) for name in (*names.alternatives, *OWN)}
    totals = [sum(values) for values in zip(*carried.values(), strict=True)]
    rows = []
    for name, values in carried.items():
        if not any(values):
            continue
        words = [names.alternative(name)]
        for value, total in zip(values, totals, strict=True):
            words += [texts.number(value), reader.fine_percent(value / total) if total else "–"]
        rows.append(cells(words))
    return {
        "title": texts("Flows"),
        "lead": texts("Flows of {year}, as assigned to the network under capacity.").format(
            year=assignment[0]["flows_year"]
        ),
        "head": reader.head(
            (texts("route alternative"), "left"),
            (texts("TEU in containers"), "right"),
            (texts("share"), "right"),
            (texts("t of loose cargo"), "right"),
            (texts("share"), "right"),
        ),
        "widths": [1, 0, 0, 0, 0],
        "rows": rows,
        "note": texts.sentences(
            [
                *demand_lines(reader.table, reader.manifest["year"], texts),
                *doubt_lines(reader.table, texts),
                *foundation_lines(reader.table, assignment[0]["flows_year"], texts),
                *no_way_line(reader.table, names),
            ]
        ),
    }


def bottlenecks(reader: Reader) -> Block | None:
    """Return the capacities of which more would gain the most."""
    first, texts = gaining(reader.table("bottlenecks"))[:FIRST_BOTTLENECKS], reader.texts
    names = flow_names(reader.table, texts)
    no_room = no_room_lines(reader.table, names)
    if not first and not no_room:
        return None
    block: Block = {"title": texts("Bottlenecks")}
    if no_room:
        block["lead"] = texts.sentences(no_room)
    return {**block, **_gain_table(reader, first, names)} if first else block


def _gain_table(reader: Reader, first: Sequence[Row], names: FlowNames) -> Block:
    texts = reader.texts
    return {
        "head": reader.head(
            (texts("bottleneck"), "left"),
            (texts("with more of it"), "left"),
            (texts("gain a year"), "right"),
            (texts("utilization"), "right"),
            (texts("shadow price, USD/TEU"), "right"),
        ),
        "widths": [2, 1, 0, 0, 0],
        "rows": [cells(_words(reader, row, names)) for row in first],
        "note": texts(
            "What users and operators together gain in a year from more of one capacity, "
            "all others staying as they are. Gains of two capacities do not add up."
        ),
    }


def _words(reader: Reader, row: Row, names: FlowNames) -> list[str]:
    used = row["utilization"]
    return [
        names.resource(row),
        step_text(row, names),
        reader.texts.money(row["gain_usd"]),
        "–" if used is None else reader.percent(used),
        reader.texts.number(row["price_usd_per_teu"]),
    ]
