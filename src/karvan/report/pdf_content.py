"""What the PDF report says: texts, figures and drawings as one JSON value for the template.

Made from Results alone.  Every text is ready to print, in one language; the template sets type
and draws, and knows no table.
"""

from collections.abc import Callable, Sequence
from typing import Any

from karvan.case.results import Results
from karvan.report import pdf_flows, pdf_pillars, pdf_simulation, pdf_tables
from karvan.report.boundaries import boundaries
from karvan.report.flow_words import flow_names, gain_text, gaining, main_line
from karvan.report.language import Texts
from karvan.report.pdf_map import corridor_map
from karvan.report.pdf_reader import HOURS_PER_DAY, Block, Reader, Row, cells, plain
from karvan.report.pdf_tables import FIRST_PAIRS, ROLES, claim_counts

PARTS = ("dwell_h", "wait_h", "move_h")
STATUSES = ("reported", "derived", "assumed", "calibrated")
MOST_NAMED = 8
"""Measures that are named on the first page."""
SECTIONS: dict[str, Callable[[Reader], Block | None]] = {
    "flows": pdf_flows.flows,
    "bottlenecks": pdf_flows.bottlenecks,
    "simulation": pdf_simulation.simulation,
    "simulated_waits": pdf_simulation.waits,
    "simulated_bottlenecks": pdf_simulation.bottlenecks,
    "pillars": pdf_pillars.pillars,
    "validation": pdf_tables.validation,
    "evidence": pdf_tables.evidence,
    "claims": pdf_tables.claims,
    "measures": pdf_tables.measures,
    "sources": pdf_tables.sources,
    "method": pdf_tables.method,
    "run": pdf_tables.run,
}
"""What follows the map and the legs, in order; a section that returns nothing is left out.

A section has a ``title`` and any of ``lead`` (a line), ``columns`` (a distribution), ``subtitle``,
a table (``head``, ``widths``, ``rows`` or ``groups``), ``bars`` (scores with intervals), ``tables``
(more of them, each with a ``title``), ``note``, ``items`` (sources), ``parts`` (lists) and
``facts``: the template sets them in this order, so a new section needs nothing there.
"""
LINE_STYLES = (("rail",), ("sea", "ferry"), ("road",))


def content(results: Results, language: str) -> Block:
    """Return everything that the template prints."""
    reader = Reader(results, language)
    return {
        "lang": reader.language,
        "title": reader.title(),
        "page": reader.texts("Page {page} of {pages}"),
        "warnings": _warnings(reader),
        "asked": _asked(reader),
        "answer": _answer(reader),
        "pairs": _pair_table(reader),
        "sure": _sure(reader),
        "map": _map(reader),
        "legs": _legs(reader),
        "sections": [
            {"id": name, **section}
            for name, make in SECTIONS.items()
            if (section := make(reader)) is not None
        ],
    }


def _warnings(reader: Reader) -> Block | None:
    lines = [plain(str(line)) for line in reader.manifest["warnings"]]
    lines += [
        plain(
            reader.texts.clauses([reader.texts.colon(row["where"], row["found"]), row["expected"]])
        )
        for row in reader.rows("problems")
    ]
    return {"title": reader.texts("Warnings"), "lines": lines} if lines else None


def _scenario(reader: Reader) -> dict[str, Any] | None:
    rows = reader.rows("scenarios")
    return next((row for row in rows if row["id"] == reader.manifest["scenario"]), None)


def _asked(reader: Reader) -> Block:
    texts, scenario = reader.texts, _scenario(reader)
    without = texts("none: the data of the case, unchanged")
    name = reader.own(scenario, "title") if scenario else plain(reader.manifest["scenario"])
    facts = [
        (texts("case"), reader.title()),
        (texts("scenario"), name or without),
        (texts("year"), str(reader.manifest["year"])),
        (texts("measures"), _taken(reader)),
    ]
    if settings := reader.manifest.get("overrides"):
        facts.append((texts("values set for this run"), texts.clauses(map(_setting, settings))))
    return {
        "title": texts("What was asked"),
        "facts": [[reader.capital(name), value] for name, value in facts],
        "summary": reader.own(scenario, "summary") if scenario else "",
    }


def _taken(reader: Reader) -> str:
    """Return the measures of the run; of many only their number, as a table marks them."""
    taken = reader.manifest["measures"]
    if len(taken) > MOST_NAMED:
        return reader.texts.count("{count} measure", "{count} measures", len(taken))
    titles = reader.names("measures", "title")
    return reader.texts.clauses(titles.get(i, plain(i)) for i in taken) or reader.texts("none")


def _setting(change: Row) -> str:
    """Return a value set on the command line, as it was written there."""
    rows = ",".join(str(value) for value in (change.get("where") or {}).values())
    place = ".".join(str(part) for part in (change.get("table"), rows, change.get("column")))
    return plain(f"{place}={change.get('value')}")


def _answer(reader: Reader) -> Block:
    texts = reader.texts
    block: Block = {"title": texts("What follows"), "figures": [], "way": "", "text": ""}
    block["flows"] = []
    if not reader.pairs:
        block["text"] = texts(
            "The run has no itineraries: the case names no pairs, or no route connects them."
        )
        return block
    first = reader.pairs[0]
    likely = texts("mean; {range} in 8 of 10 cases").format(range=reader.range(first))
    cost, emissions = first["cost_usd_per_teu"], first["co2e_kg_per_teu"]
    figures = [
        (reader.days(first["mean_h"]), texts("days"), likely),
        (texts.number(cost), texts("USD/TEU"), texts("cost")),
        (texts.number(emissions), texts("kg CO2e/TEU"), texts("emissions")),
    ]
    block["way"] = reader.texts.colon(
        reader.capital(texts("recommended itinerary")), reader.way(first)
    )
    block["figures"] = [{"value": v, "unit": u, "note": n} for v, u, n in figures]
    block["text"] = _where_time_goes(reader, reader.legs_of([first["pair_id"]]))
    block["flows"] = _flows(reader)
    return block


def _flows(reader: Reader) -> list[str]:
    """Return what goes the way that the case is about, and what more of a capacity is worth."""
    if not reader.rows("assignment"):
        return []
    names = flow_names(reader.table, reader.texts)
    most = gaining(reader.table("bottlenecks"))[:1]
    return [*main_line(reader.table, names), *(gain_text(row, names) for row in most)]


def _where_time_goes(reader: Reader, legs: Sequence[Row]) -> str:
    dwell, wait, move = (sum(leg[part] or 0.0 for leg in legs) for part in PARTS)
    total = dwell + wait + move
    if not total:
        return ""
    return reader.texts(
        "Of the mean time, {move} is moving, {dwell} handling and borders, "
        "{wait} waiting for departures."
    ).format(
        move=reader.percent(move / total),
        dwell=reader.percent(dwell / total),
        wait=reader.percent(wait / total),
    )


def _pair_table(reader: Reader) -> Block | None:
    if not reader.pairs:
        return None
    texts, shown = reader.texts, reader.pairs[:FIRST_PAIRS]
    rows = [
        [
            reader.way(row),
            reader.days(row["mean_h"]),
            reader.range(row),
            texts.number(row["cost_usd_per_teu"]),
            texts.number(row["co2e_kg_per_teu"]),
            texts.number(row["km"]),
            texts.number(row["transfers"]),
        ]
        for row in shown
    ]
    note = ""
    if len(shown) < len(reader.pairs):
        note = texts(
            "The first {shown} of {count} pairs; the tables of the results hold all."
        ).format(shown=len(shown), count=len(reader.pairs))
    return {
        "title": texts("Recommended itineraries"),
        "head": reader.head(
            (texts("pair"), "left"),
            (texts("days, mean"), "right"),
            (texts("p10–p90"), "right"),
            (texts("USD/TEU"), "right"),
            (texts("kg CO2e/TEU"), "right"),
            (texts("km"), "right"),
            (texts("transfers"), "right"),
        ),
        "widths": [1, 0, 0, 0, 0, 0, 0],
        "rows": [cells(row) for row in rows],
        "note": note,
    }


def _sure(reader: Reader) -> Block:
    texts = reader.texts
    cards = [
        (texts("Reported facts against the model"), _validation_counts(reader)),
        (texts("Numbers the model computes with"), _status_shares(reader)),
        (texts("Claims"), claim_counts(reader)),
    ]
    return {
        "title": texts("How sure"),
        "cards": [{"title": title, "lines": lines} for title, lines in cards if lines],
    }


def _validation_counts(reader: Reader) -> list[str]:
    rows, texts = reader.rows("validation"), reader.texts
    lines = []
    for role in ROLES:
        own = [r for r in rows if r["role"] == role and r["modelled"] is not None]
        inside = sum(r["verdict"] == "inside" for r in own)
        if own:
            count = texts("{inside} of {count} inside").format(inside=inside, count=len(own))
            lines.append(reader.texts.colon(reader.role(role), count))
    missing = sum(r["modelled"] is None for r in rows)
    if missing:
        lines.append(texts("Not modelled yet: {count}").format(count=missing))
    return lines


def _status_shares(reader: Reader) -> list[str]:
    """Return where numbers come from; observations are what sources say, and left out."""
    rows = [row for row in reader.rows("evidence_state") if row["table"] != "observations"]
    counts = {status: sum(row[status] or 0 for row in rows) for status in STATUSES}
    total = sum(counts.values())
    if not total:
        return []
    return [
        reader.texts.colon(reader.capital(reader.texts(status)), reader.percent(count / total))
        for status, count in counts.items()
        if count
    ]


def _map(reader: Reader) -> Block | None:
    texts = reader.texts
    own = reader.table("boundaries") if reader.has("boundaries") else None
    world = boundaries(own)
    legs = reader.legs_of([reader.pairs[0]["pair_id"]]) if reader.pairs else []
    drawing = corridor_map(
        reader.rows("network_nodes"),
        reader.rows("network_links"),
        {row["link_id"]: row["coordinates"] or "" for row in reader.rows("geometry")},
        legs,
        world["countries"],
        {node: reader.place(node) for node in reader.places},
    )
    if drawing is None:
        return None
    way = reader.way(reader.pairs[0]) if legs else ""
    return drawing | {
        "title": texts("Map of the corridor"),
        "alt": reader.texts.colon(texts("Map of the corridor"), way)
        if way
        else texts("Map of the corridor"),
        "way": way,
        "legend": _legend(reader, drawing["lines"]),
        "attribution": " · ".join(_attributions(reader, world["attribution"])),
        "disclaimer": texts(world["disclaimer"]),
    }


def _attributions(reader: Reader, polygons: str) -> list[str]:
    """Return who made the polygons and the lines."""
    lines = reader.table("geometry")
    makers = lines["attribution"].drop_nulls().to_list() if "attribution" in lines.columns else []
    named = (reader.texts(maker) for maker in dict.fromkeys([polygons, *makers]) if maker)
    return [text for maker in named if (text := plain(maker))]


def _legend(reader: Reader, lines: Sequence[Row]) -> list[Block]:
    """Return what the lines mean; ships and ferries share theirs."""
    present = {line["mode"] for line in lines}
    styles = [tuple(mode for mode in style if mode in present) for style in LINE_STYLES]
    if any(line["route"] for line in lines):
        styles.insert(0, ("route",))
    named = {"route": reader.texts("recommended itinerary")}
    return [
        {
            "mode": modes[0],
            "text": reader.texts.listed(named.get(mode) or reader.texts(mode) for mode in modes),
        }
        for modes in styles
        if modes
    ]


def _legs(reader: Reader) -> Block | None:
    legs = reader.legs_of([reader.pairs[0]["pair_id"]]) if reader.pairs else []
    if not legs:
        return None
    texts, start, rows = reader.texts, 0.0, []
    for leg in legs:
        parts = [leg[part] or 0.0 for part in PARTS]
        mode = texts(leg["mode"])
        words = [f"{reader.place(leg['origin'])} → {reader.place(leg['destination'])}", mode]
        numbers = [texts.number(leg["km"]), *(texts.number(part, 1) for part in parts)]
        rows.append({"cells": words + numbers, "start": start, "parts": parts})
        start += sum(parts)
    return {
        "title": texts("The recommended itinerary, leg by leg"),
        "way": reader.way(reader.pairs[0]),
        "head": reader.head(
            (texts("from – to"), "left"),
            (texts("by"), "left"),
            (texts("km"), "right"),
            (texts("dwell h"), "right"),
            (texts("wait h"), "right"),
            (texts("move h"), "right"),
            (texts("days since the start"), "left"),
        ),
        "rows": rows,
        "total": start,
        "ticks": _ticks(start, texts),
        "legend": [texts("dwell"), texts("wait"), texts("move")],
    }


def _ticks(hours: float, texts: Texts) -> list[Block]:
    """Return marks of whole days under the bars, at most six."""
    days = int(hours // HOURS_PER_DAY)
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100) if days / s <= 5), max(days, 1))
    return [
        {"hours": day * HOURS_PER_DAY, "text": texts.number(day)}
        for day in range(0, days + 1, step)
    ]
