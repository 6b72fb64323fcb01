"""Flows and bottlenecks for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from rich.console import Group, RenderableType

from karvan.case.results import Results
from karvan.report.language import Texts
from karvan.report.terminal import HOURS_PER_DAY, table_of

MILLION = 1e6
WEEKLY, DAILY = 52.0, 365.0
SHIPS = frozenset({"sea", "ferry"})
FIRST_BOTTLENECKS = 3
LEAST_GAIN_USD = 1000.0
"""Less is the rounding of two solutions."""
TABLES = {"service": "input_services", "terminal": "input_terminals"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FlowNames:
    """Names of alternatives and of what has a capacity, in one language."""

    texts: Texts
    alternatives: Mapping[str, str]
    places: Mapping[str, str]
    links: Mapping[str, Row]
    services: Mapping[str, Row]
    of_rows: Mapping[str, Mapping[str, str]]

    def alternative(self, name: str) -> str:
        """Return the name of a route alternative."""
        own = {"unserved": self.texts("not served"), "other": self.texts("other ways")}
        return own.get(name) or self.alternatives.get(name, name)

    def resource(self, row: Row) -> str:
        """Return what a bottleneck is of, with its direction where it has one."""
        way = ""
        if row["from_node"]:
            way = f"{self._place(row['from_node'])} → {self._place(row['to_node'])}"
        if row["kind"] == "link" and row["id"] in self.links:
            link = self.links[row["id"]]
            ends = f"{self._place(link['from_node'])} – {self._place(link['to_node'])}"
            return self.texts.bracketed(way or ends, self.texts(link["mode"]))
        name = self.of_rows.get(row["kind"], {}).get(row["id"], row["id"])
        return self.texts.bracketed(name, way) if way else name

    def _place(self, node: str) -> str:
        return self.places.get(node, node).split(" (")[0].split("（")[0]

    def by_ship(self, row: Row) -> bool:
        """Tell whether a departure is a sailing."""
        return row["kind"] == "service" and self.services[row["id"]]["mode"] in SHIPS


def flow_names(results: Results, texts: Texts) -> FlowNames:
    """Return the names that the flows of a run need."""

    def rows(table: str) -> dict[str, Row]:
        return {row["id"]: row for row in results.table(table).iter_rows(named=True)}

    return FlowNames(
        texts,
        texts.names(results.table("input_alternatives")),
        texts.names(results.table("input_nodes")),
        rows("input_links"),
        rows("input_services"),
        {kind: texts.names(results.table(table)) for kind, table in TABLES.items()},
    )


def summary(results: Results, texts: Texts) -> list[str]:
    """Return two lines about the flows: the main alternative, and the first bottlenecks.

    The first alternative of a case is the one that it is about.  A run without flows has no lines.
    """
    if results.table("assignment").is_empty():
        return []
    names = flow_names(results, texts)
    return [*_main_line(results, names), *_bottleneck_line(results, names)]


def _main_line(results: Results, names: FlowNames) -> list[str]:
    main = next(iter(names.alternatives), None)
    if main is None:
        return []
    goods = results.table("input_commodities").filter(pl.col("cargo") == "loose")["id"].implode()
    own = results.table("alternative_flows").filter(pl.col("alternative_id") == main)
    loose = pl.col("commodity_id").is_in(goods)
    texts = names.texts
    amounts = texts("{teu} TEU in containers, {t} t of loose cargo a year").format(
        teu=texts.number(float(own.filter(~loose)["teu"].sum())),
        t=texts.number(float(own.filter(loose)["t"].sum())),
    )
    return [texts.colon(names.alternative(main), amounts)]


def _bottleneck_line(results: Results, names: FlowNames) -> list[str]:
    first = gaining(results.table("bottlenecks"))[:FIRST_BOTTLENECKS]
    texts = names.texts
    if not first:
        return [texts.colon(texts("bottlenecks"), texts("none"))]
    return [
        texts.colon(texts("bottlenecks"), texts.clauses(gain_text(row, names) for row in first))
    ]


def gaining(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the bottlenecks whose enlargement was tried and gains, the most first."""
    gains = table.filter(pl.col("gain_usd") >= LEAST_GAIN_USD)
    return gains.sort("gain_usd", "rank", descending=[True, False]).to_dicts()


def gain_text(row: Row, names: FlowNames) -> str:
    """Return a bottleneck with what more of it is worth a year."""
    texts = names.texts
    gain = texts("{more} is worth {gain} a year").format(
        more=step_text(row, names), gain=money(row["gain_usd"], texts)
    )
    return texts.bracketed(names.resource(row), gain)


def step_text(row: Row, names: FlowNames) -> str:
    """Return the enlargement that was tried."""
    texts, unit, step = names.texts, row["unit"], row["step"]
    if unit == "departures" and step == WEEKLY:
        return (
            texts("one more sailing a week")
            if names.by_ship(row)
            else texts("one more train a week")
        )
    if unit == "trains" and step == DAILY:
        return texts("one more train a day")
    plain = {
        "departures": texts("{step} more departures a year"),
        "trains": texts("{step} more trains a year"),
        "t": texts("room for {step} t more"),
        "TEU": texts("room for {step} TEU more"),
    }
    return plain[unit].format(step=texts.number(step))


def money(usd: float | None, texts: Texts) -> str:
    """Return an amount of money; millions with one decimal, smaller ones whole."""
    if usd is None or abs(usd) < MILLION:
        return texts("{cost} USD").format(cost=texts.number(usd))
    return texts("{cost} million USD").format(cost=texts.number(usd / MILLION, 1))


def comparison(
    alternatives: Sequence[Any], bottlenecks: Iterable[Any], names: FlowNames, limit: int
) -> RenderableType:
    """Return what changed in the flows: by alternative, and the bottlenecks that moved."""
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
    for change in alternatives:
        shares.add_row(names.alternative(change.alternative_id), *_carried_cells(change, texts))
    moved = table_of(
        texts("Bottlenecks that moved"),
        [
            (texts("bottleneck"), False),
            ("", False),
            (texts("utilization, %"), True),
            (texts("shadow price, USD/TEU"), True),
        ],
    )
    for change in list(bottlenecks)[:limit]:
        moved.add_row(*_moved_cells(change, names))
    return Group(shares, moved)


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
    sign = "-" if new < old else "+"
    return f"{text} ({sign}{texts.number(abs(new - old), digits)})"


def _moved_cells(change: Any, names: FlowNames) -> list[str]:  # noqa: ANN401 - of runs
    texts = names.texts
    words = {
        "appeared": texts("appeared"),
        "vanished": texts("vanished"),
        "price changed": texts("price changed"),
    }
    pair = (change.before, change.after)

    def values(column: str, scale: float) -> list[float | None]:
        return [None if row is None or row[column] is None else row[column] * scale for row in pair]

    return [
        names.resource(change.after or change.before),
        words[change.kind],
        _arrow(values("utilization", 100.0), 0, texts).split(" (")[0],
        _arrow(values("price_usd_per_teu", 1.0), 0, texts),
    ]
