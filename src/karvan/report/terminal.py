"""Tables for the terminal, from documents and result tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from karvan.report.language import Texts

HOURS_PER_DAY = 24.0
BAR_CELLS = 24
PARTS = (("dwell_h", "█", "yellow"), ("wait_h", "▒", "red"), ("move_h", "━", "green"))
VERDICT_STYLE = {
    "supported": "green",
    "contradicted": "red",
    "no data": "dim",
    "inside": "green",
    "outside": "red",
    "not modelled": "dim",
    "no route": "red",
}


def _table(title: str, columns: Iterable[tuple[str, bool]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", expand=False)
    for name, number in columns:
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    return table


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
        title += f", {texts('departure')} {document['depart']}"
    rows = _table(
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
            _via(itinerary, places),
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
        parts.append(Text(f"+ {len(found) - limit} {texts('more, see --limit')}", style="dim"))
    parts.append(_legs(found[0], places, services, texts))
    return Group(*parts)


def _via(itinerary: Mapping[str, Any], places: Mapping[str, str]) -> str:
    """Places where the carrier changes: what tells one itinerary from another."""
    stops = [leg["to"] for leg in itinerary["legs"][:-1]]
    return ", ".join(places[s].split(" (")[0] for s in stops) or "–"


def _legs(
    itinerary: Mapping[str, Any],
    places: Mapping[str, str],
    services: Mapping[str, str],
    texts: Texts,
) -> RenderableType:
    table = _table(
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
            (texts("sources"), True),
            (texts("assumed"), True),
        ],
    )
    longest = max(sum(leg[p] for p, _, _ in PARTS) for leg in itinerary["legs"])
    for n, leg in enumerate(itinerary["legs"], 1):
        name = services.get(leg["service"] or "", leg["service"])
        table.add_row(
            str(n),
            places[leg["from"]],
            places[leg["to"]],
            texts(leg["mode"]) + (f": {name}" if name else ""),
            texts.number(leg["km"]),
            *(texts.number(leg[part], 1) for part in ("dwell_h", "wait_h", "move_h")),
            _bar(leg, longest),
            str(len(leg["source_ids"])),
            str(len(leg["assumed_or_calibrated"])),
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


def recommended(table: pl.DataFrame, places: Mapping[str, str], texts: Texts) -> RenderableType:
    """Return the recommended itinerary of each O-D pair, a row a pair."""
    rows = _table(
        texts("Recommended itineraries"),
        [
            (texts("from"), False), (texts("to"), False), (texts("commodity"), False),
            (texts("days, mean"), True), ("p10–p90", True), (texts("USD/TEU"), True),
            (texts("kg CO2e/TEU"), True), (texts("km"), True),
        ],
    )  # fmt: skip
    for row in table.iter_rows(named=True):
        days = [texts.number(row[q] / HOURS_PER_DAY, 1) for q in ("mean_h", "p10_h", "p90_h")]
        rows.add_row(
            places[row["origin"]],
            places[row["destination"]],
            row["commodity_id"],
            days[0],
            f"{days[1]}–{days[2]}",
            texts.number(row["cost_usd_per_teu"]),
            texts.number(row["co2e_kg_per_teu"]),
            texts.number(row["km"]),
        )
    return rows


def claims(table: pl.DataFrame, statements: Mapping[str, str], texts: Texts) -> RenderableType:
    """Return the claims ledger with verdicts and the evidence used."""
    rows = _table(
        texts("Claims of the founding article, tested against the evidence"),
        [("", False), (texts("claim"), False), (texts("verdict"), False), (texts("why"), False)],
    )
    for row in table.iter_rows(named=True):
        verdict = Text(texts(row["verdict"]), style=VERDICT_STYLE.get(row["verdict"], ""))
        rows.add_row(row["claim_id"], statements[row["claim_id"]], verdict, row["why_en"])
    counts = ", ".join(
        f"{texts(verdict)}: {(table['verdict'] == verdict).sum()}"
        for verdict in ("supported", "contradicted", "no data")
    )
    return Group(rows, Text(counts, style="bold"))


def evidence(table: pl.DataFrame, texts: Texts) -> RenderableType:
    """Return the state of the data by table."""
    columns = [c for c in table.columns if c != "table"]
    rows = _table(
        texts("State of the data"),
        [(texts("table"), False), *((texts(c.replace("_", " ")), True) for c in columns)],
    )
    for row in table.iter_rows(named=True):
        rows.add_row(row["table"], *(texts.number(row[c]) for c in columns))
    totals = [texts.number(float(table[c].sum())) for c in columns]
    rows.add_row(texts("all"), *totals, style="bold")
    return rows


def validation(table: pl.DataFrame, names: Mapping[str, str], texts: Texts) -> RenderableType:
    """Return reported against modelled, row by row."""
    rows = _table(
        texts("What the world reported, and what the model says"),
        [
            (texts("fact"), False),
            (texts("unit"), False),
            (texts("reported"), True),
            (texts("accepted"), True),
            (texts("modelled"), True),
            (texts("p10–p90"), True),
            (texts("verdict"), False),
            (texts("role"), False),
        ],
    )
    for row in table.iter_rows(named=True):
        number = _scale(row["unit"], texts)
        interval = "–"
        if row["modelled_low"] is not None:
            interval = f"{number(row['modelled_low'])}–{number(row['modelled_high'])}"
        rows.add_row(
            names[row["id"]],
            texts("days") if row["unit"] == "h" else row["unit"],
            number(row["expected"]),
            f"{number(row['expected_low'])}–{number(row['expected_high'])}",
            number(row["modelled"]),
            interval,
            Text(texts(row["verdict"]), style=VERDICT_STYLE.get(row["verdict"], "")),
            texts(row["role"].replace("_", " ")),
        )
    free = table.filter(pl.col("role") == "held_out")
    inside = int((free["verdict"] == "inside").sum())
    computed = int(free["verdict"].is_in(["inside", "outside"]).sum())
    summary = f"{texts('held out')}: {inside} / {computed} {texts('inside')}"
    return Group(rows, Text(summary, style="bold"))


def _scale(unit: str, texts: Texts) -> Callable[[float | None], str]:
    """How numbers of a unit are shown: hours as days, others whole."""
    if unit == "h":
        return lambda v: texts.number(None if v is None else v / HOURS_PER_DAY, 1)
    return lambda v: texts.number(v, 0)


def listing(title: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> RenderableType:
    """Return a plain table of words."""
    table = _table(title, [(h, False) for h in headers])
    for row in rows:
        table.add_row(*row)
    return table


def comparison(
    names: tuple[str, str],
    tables: Iterable[Any],
    cells: Sequence[Any],
    pairs: Iterable[Any],
    texts: Texts,
    limit: int,
) -> RenderableType:
    """Return what changed between two runs: itineraries, tables, largest single changes."""
    before, after = names
    pair_rows = _table(
        f"{texts('Recommended itineraries')}: {before} → {after}",
        [
            (texts("pair"), False),
            (texts("days"), True),
            (texts("USD/TEU"), True),
            (texts("kg CO2e/TEU"), True),
            (texts("km"), True),
        ],
    )
    for pair in pairs:
        pair_rows.add_row(pair.pair_id, *_pair_cells(pair, texts))
    table_rows = _table(
        texts("Rows that changed, by table"),
        [
            (texts("table"), False),
            (texts("added"), True),
            (texts("removed"), True),
            (texts("changed"), True),
        ],
    )
    for change in tables:
        table_rows.add_row(
            change.table, str(change.added), str(change.removed), str(change.changed)
        )
    cell_rows = _table(
        texts("Largest changes"),
        [
            (texts("where"), False),
            (texts("column"), False),
            (before, True),
            (after, True),
            ("%", True),
        ],
    )
    for cell in cells[:limit]:
        words = [
            texts.number(v, 1) if isinstance(v, float) else str(v)[:40]
            for v in (cell.before, cell.after)
        ]
        percent = texts.number(100 * cell.relative, 1) if 0 < cell.relative < float("inf") else "–"
        where = f"{cell.table} {' '.join(map(str, cell.key))}"
        cell_rows.add_row(where, cell.column, *words, percent)
    return Group(pair_rows, table_rows, cell_rows)


def _pair_cells(pair: Any, texts: Texts) -> list[str]:  # noqa: ANN401 - a PairChange of runs
    cells = []
    for column, scale, digits in (
        ("mean_h", HOURS_PER_DAY, 1),
        ("cost_usd_per_teu", 1.0, 0),
        ("co2e_kg_per_teu", 1.0, 0),
        ("km", 1.0, 0),
    ):
        old, new = (
            None if row is None else row[column] / scale for row in (pair.before, pair.after)
        )
        change = "" if old is None or new is None else f" ({new - old:+,.{digits}f})"
        cells.append(f"{texts.number(old, digits)} → {texts.number(new, digits)}{change}")
    return cells
