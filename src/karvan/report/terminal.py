"""Tables for the terminal, from documents and result tables."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from karvan.report.language import Texts
from karvan.report.number_table import NumberTable
from karvan.report.reasons import Names, reason
from karvan.report.row_names import RowNames

HOURS_PER_DAY = 24.0
VERDICT_STYLE = {
    "supported": "green",
    "contradicted": "red",
    "no data": "dim",
    "inside": "green",
    "outside": "red",
    "not modelled": "dim",
    "no route": "red",
}


def table_of(title: str, columns: Iterable[tuple[str, bool]]) -> NumberTable:
    """Return an empty table; `columns` are headings and whether they hold numbers."""
    table = NumberTable(title=title, title_justify="left", title_style="bold", expand=False)
    for name, number in columns:
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    return table


def recommended(
    table: pl.DataFrame, places: Mapping[str, str], goods: Mapping[str, str], texts: Texts
) -> RenderableType:
    """Return the recommended itinerary of each O-D pair, a row a pair.

    `places` and `goods` are names of nodes and commodities.
    """
    rows = table_of(
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
            goods[row["commodity_id"]],
            days[0],
            f"{days[1]}–{days[2]}",
            texts.number(row["cost_usd_per_teu"]),
            texts.number(row["co2e_kg_per_teu"]),
            texts.number(row["km"]),
        )
    return rows


def claims(
    table: pl.DataFrame,
    statements: Mapping[str, str],
    readings: Mapping[str, str],
    names: Names,
    texts: Texts,
) -> RenderableType:
    """Return the claims ledger with verdicts and the evidence used.

    `statements` are the claims in words; `readings` what an analyst adds, by claim.
    """
    rows = table_of(
        texts("Claims of the founding article, tested against the evidence"),
        [("", False), (texts("claim"), False), (texts("verdict"), False), (texts("why"), False)],
    )
    for row in table.iter_rows(named=True):
        verdict = Text(texts(row["verdict"]), style=VERDICT_STYLE.get(row["verdict"], ""))
        why = Text(reason(row, names, texts))
        if readings[row["claim_id"]]:
            why.append(f"\n{readings[row['claim_id']]}", style="dim")
        rows.add_row(row["claim_id"], statements[row["claim_id"]], verdict, why)
    counts = texts.listed(
        texts.colon(texts(verdict), (table["verdict"] == verdict).sum())
        for verdict in ("supported", "contradicted", "no data")
    )
    return Group(rows, Text(counts, style="bold"))


def evidence(table: pl.DataFrame, texts: Texts) -> RenderableType:
    """Return the state of the data by table."""
    columns = [c for c in table.columns if c != "table"]
    rows = table_of(
        texts("State of the data"),
        [(texts("table"), False), *((_state_heading(c, texts), True) for c in columns)],
    )
    for row in table.iter_rows(named=True):
        rows.add_row(row["table"], *(texts.number(row[c]) for c in columns))
    totals = [texts.number(float(table[c].sum())) for c in columns]
    rows.add_row(texts("all"), *totals, style="bold")
    return rows


def _state_heading(column: str, texts: Texts) -> str:
    """Name a column; claims are contradicted too, but in another sense."""
    heading = column.replace("_", " ")
    return texts(heading, "sources") if heading == "contradicted" else texts(heading)


def validation(table: pl.DataFrame, names: Mapping[str, str], texts: Texts) -> RenderableType:
    """Return reported against modelled, row by row."""
    rows = table_of(
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
            texts("days") if row["unit"] == "h" else texts.unit(row["unit"]),
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
    summary = texts.colon(texts("held out"), f"{inside} / {computed} {texts('inside')}")
    return Group(rows, Text(summary, style="bold"))


def _scale(unit: str, texts: Texts) -> Callable[[float | None], str]:
    """How numbers of a unit are shown: hours as days, others whole."""
    if unit == "h":
        return lambda v: texts.number(None if v is None else v / HOURS_PER_DAY, 1)
    return lambda v: texts.number(v, 0)


def listing(title: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> RenderableType:
    """Return a plain table of words."""
    table = table_of(title, [(h, False) for h in headers])
    for row in rows:
        table.add_row(*row)
    return table


def comparison(
    runs: tuple[str, str],
    tables: Iterable[Any],
    cells: Sequence[Any],
    pairs: Iterable[Any],
    names: RowNames,
    limit: int,
) -> RenderableType:
    """Return what changed between two runs: itineraries, tables, largest single changes."""
    texts, (before, after) = names.texts, runs
    pair_rows = table_of(
        texts.colon(texts("Recommended itineraries"), f"{before} → {after}"),
        [
            (texts("pair"), False),
            (texts("days"), True),
            (texts("USD/TEU"), True),
            (texts("kg CO2e/TEU"), True),
            (texts("km"), True),
        ],
    )
    for pair in pairs:
        pair_rows.add_row(names.row("input_pairs", [pair.pair_id]), *_pair_cells(pair, texts))
    table_rows = table_of(
        texts("Rows that changed, by table"),
        [
            (texts("table"), False),
            (texts("added"), True),
            (texts("removed"), True),
            (texts("changed"), True),
        ],
    )
    for change in tables:
        counts = map(texts.number, (change.added, change.removed, change.changed))
        words = Text(names.table(change.table)).append(f"  {change.table}", style="dim")
        table_rows.add_row(words, *counts)
    cell_rows = table_of(
        texts("Largest changes"),
        [
            (texts("table"), False),
            (texts("where"), False),
            (texts("column"), False),
            (before, True),
            (after, True),
            ("%", True),
        ],
    )
    for cell in cells[:limit]:
        cell_rows.add_row(
            names.table(cell.table),
            names.row(cell.table, cell.key),
            names.column(cell.table, cell.column),
            *(names.value(v) for v in (cell.before, cell.after)),
            _relative(cell, texts),
        )
    return Group(pair_rows, table_rows, cell_rows)


def _relative(cell: Any, texts: Texts) -> str:  # noqa: ANN401 - a CellChange of runs
    """Return a change in percent of the value before, with its sign; words have none."""
    if not 0 < cell.relative < float("inf"):
        return "–"
    return signed(math.copysign(100.0 * cell.relative, cell.after - cell.before), 1, texts)


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
        change = ""
        if old is not None and new is not None:
            change = f" ({signed(new - old, digits, texts)})"
        cells.append(f"{texts.number(old, digits)} → {texts.number(new, digits)}{change}")
    return cells


def signed(change: float | None, digits: int, texts: Texts) -> str:
    """Return a change with its sign; nothing has none."""
    if change is None:
        return "–"
    shown = texts.number(abs(change), digits)
    if shown == texts.number(0.0, digits):
        return shown
    return f"{'-' if change < 0 else '+'}{shown}"
