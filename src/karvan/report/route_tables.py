"""Itineraries in the terminal: the set, the legs of the recommended one, and its sources."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from karvan.report.language import Texts
from karvan.report.terminal import HOURS_PER_DAY, table_of

BAR_CELLS = 18
PARTS = (("dwell_h", "█", "yellow"), ("wait_h", "▒", "red"), ("move_h", "━", "green"))


def itineraries(
    document: Mapping[str, Any],
    places: Mapping[str, str],
    services: Mapping[str, str],
    texts: Texts,
    limit: int,
) -> RenderableType:
    """Return the itineraries of a route document, with the legs of the recommended one."""
    found = document["itineraries"]
    title = f"{places[document['origin']]} → {places[document['destination']]}"
    if document["depart"]:
        title = texts.listed([title, f"{texts('departure')} {document['depart']}"])
    rows = table_of(
        title,
        [
            ("", True),
            (texts("via"), False),
            (texts("days, mean"), True),
            ("p10–p50–p90", True),
            (texts("USD/TEU"), True),
            (texts("kg CO2e/TEU"), True),
            (texts("km"), True),
            (texts("transfers"), True),
        ],
    )
    for rank, itinerary in enumerate(found[:limit], 1):
        days = [texts.number(itinerary[q] / HOURS_PER_DAY, 1) for q in ("p10_h", "p50_h", "p90_h")]
        rows.add_row(
            str(rank),
            _via(itinerary, places, texts),
            texts.number(itinerary["mean_h"] / HOURS_PER_DAY, 1),
            "–".join(days),
            texts.number(itinerary["cost_usd_per_teu"]),
            texts.number(itinerary["co2e_kg_per_teu"]),
            texts.number(itinerary["km"]),
            str(itinerary["transfers"]),
            style="bold" if rank == 1 else "",
        )
    parts: list[RenderableType] = [rows]
    if len(found) > limit:
        more = texts("+ {count} more, see --limit").format(count=texts.number(len(found) - limit))
        parts.append(Text(more, style="dim"))
    parts.append(_legs(found[0], places, services, texts))
    return Group(*parts)


def _via(itinerary: Mapping[str, Any], places: Mapping[str, str], texts: Texts) -> str:
    """Places where the carrier changes: what tells one itinerary from another."""
    stops = [leg["to"] for leg in itinerary["legs"][:-1]]
    return texts.listed(_short(places[s]) for s in stops) or "–"


def _legs(
    itinerary: Mapping[str, Any],
    places: Mapping[str, str],
    services: Mapping[str, str],
    texts: Texts,
) -> RenderableType:
    table = table_of(
        texts("The recommended itinerary, leg by leg"),
        [
            ("", True),
            (texts("from"), False),
            (texts("to"), False),
            (texts("by"), False),
            (texts("km"), True),
            (texts("dwell h"), True),
            (texts("wait h"), True),
            (texts("move h"), True),
            (texts("time"), False),
        ],
    )
    longest = max(sum(leg[p] for p, _, _ in PARTS) for leg in itinerary["legs"])
    for n, leg in enumerate(itinerary["legs"], 1):
        name = services.get(leg["service"] or "", leg["service"])
        table.add_row(
            str(n),
            _short(places[leg["from"]]),
            _short(places[leg["to"]]),
            texts.colon(texts(leg["mode"]), name) if name else texts(leg["mode"]),
            texts.number(leg["km"]),
            *(texts.number(leg[part], 1) for part in ("dwell_h", "wait_h", "move_h")),
            _bar(leg, longest),
        )
    legend = Text()
    for part, sign, colour in PARTS:
        legend.append(f"{sign * 2} {texts(part.removesuffix('_h'))}  ", style=colour)
    return Group(table, legend)


def _bar(leg: Mapping[str, Any], longest: float) -> Text:
    bar = Text()
    for part, sign, colour in PARTS:
        bar.append(sign * round(BAR_CELLS * leg[part] / longest), style=colour)
    return bar


def _short(name: str) -> str:
    """Leave out what a name says in brackets."""
    return re.split(r" \(|（", name)[0]


def sources(
    cited: Sequence[Mapping[str, Any]],
    chosen: Sequence[Mapping[str, Any]],
    texts: Texts,
    *,
    in_full: bool,
) -> RenderableType:
    """Return the documents behind the recommended itinerary, and the numbers nobody reported.

    `cited` are rows of sources.csv; `chosen` have number, status and reason.
    """
    heading = texts.colon(texts("Sources of the recommended itinerary"), len(cited))
    lines = Text(f"{heading}\n", style="bold")
    for row in cited:
        date = f", {row['date']}" if row["date"] else ""
        more = f"\n    [{row['id']}] {row['url'] or ''}" if in_full else ""
        lines.append(f"  {row['title']}{date}{more}\n", style="not bold")
    title = texts.colon(texts("Numbers of it that no source gives"), len(chosen))
    if not in_full:
        lines.append(texts.bracketed(title, texts("see --sources all")))
        return lines
    table = table_of(
        title,
        [(texts("number"), False), (texts("status"), False), (texts("why this value"), False)],
    )
    for row in chosen:
        table.add_row(row["number"], texts(row["status"]), texts.free(row["reason"]))
    return Group(lines, table)
