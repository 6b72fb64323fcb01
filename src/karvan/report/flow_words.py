"""Names and sentences of flows and bottlenecks, for terminal and paper alike."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from karvan.case.no_alternative import NO_ALTERNATIVE, UNSERVED
from karvan.report.language import Texts
from karvan.schema import list_of

WEEKLY, DAILY = 52.0, 365.0
SHIPS = frozenset({"sea", "ferry"})
LEAST_GAIN_USD = 1000.0
"""Less is the rounding of two solutions."""
MOST_NAMED = 5
LEAST_TEU = 1.0
"""Less finds room by rounding."""
ASSUMED, CALIBRATED = "assumed", "calibrated"
LOOSE = "loose"
"""Cargo that is counted in tonnes, where containers are counted in TEU."""
TABLES = {"service": "input_services", "terminal": "input_terminals"}

Row = Mapping[str, Any]
Table = Callable[[str], pl.DataFrame]
"""Gives a result table by its name."""


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
        own = {UNSERVED: self.texts("not served"), NO_ALTERNATIVE: self.texts("other ways")}
        return own.get(name) or self.alternatives.get(name, name)

    def resource(self, row: Row) -> str:
        """Return what a bottleneck is of, with its direction where it has one."""
        way = ""
        if row["from_node"]:
            way = self.way(row["from_node"], row["to_node"])
        if row["kind"] == "link" and row["id"] in self.links:
            link = self.links[row["id"]]
            ends = f"{self.place(link['from_node'])} – {self.place(link['to_node'])}"
            return self.texts.bracketed(way or ends, self.texts(link["mode"]))
        name = self.of_rows.get(row["kind"], {}).get(row["id"], row["id"])
        return self.texts.bracketed(name, way) if way else name

    def way(self, origin: str, destination: str) -> str:
        """Return where from and where to."""
        return f"{self.place(origin)} → {self.place(destination)}"

    def place(self, node: str) -> str:
        """Return the name of a place without what it says in brackets."""
        return self.places.get(node, node).split(" (")[0].split("（")[0]

    def by_ship(self, row: Row) -> bool:
        """Tell whether a departure is a sailing."""
        return row["kind"] == "service" and self.services[row["id"]]["mode"] in SHIPS


def flow_names(of: Table, texts: Texts) -> FlowNames:
    """Return the names that the flows of a run need."""

    def rows(table: str) -> dict[str, Row]:
        return {row["id"]: row for row in of(table).iter_rows(named=True)}

    return FlowNames(
        texts,
        texts.names(of("input_alternatives")),
        texts.names(of("input_nodes")),
        rows("input_links"),
        rows("input_services"),
        {kind: texts.names(of(table)) for kind, table in TABLES.items()},
    )


def amounts(of: Table, alternative: str) -> tuple[float, float]:
    """Return the TEU in containers and the tonnes of loose cargo of a route alternative."""
    goods = of("input_commodities").filter(pl.col("cargo") == LOOSE)["id"].implode()
    own = of("alternative_flows").filter(pl.col("alternative_id") == alternative)
    loose = pl.col("commodity_id").is_in(goods)
    return float(own.filter(~loose)["teu"].sum()), float(own.filter(loose)["t"].sum())


def main_alternative(alternatives: pl.DataFrame) -> str | None:
    """Return the alternative that the case is about: the one marked, else the first."""
    rows = list(alternatives.iter_rows(named=True))
    return next((row["id"] for row in rows if row["main"]), rows[0]["id"] if rows else None)


def main_line(of: Table, names: FlowNames) -> list[str]:
    """Return what the main alternative of the case carries; nothing where there is none."""
    main = main_alternative(of("input_alternatives"))
    if main is None:
        return []
    texts = names.texts
    teu, loose = amounts(of, main)
    carried = texts("{teu} TEU in containers, {t} t of loose cargo a year").format(
        teu=texts.number(teu), t=texts.number(loose)
    )
    return [texts.colon(names.alternative(main), carried)]


def approximate(texts: Texts) -> str:
    """Return what is said of flows that did not converge."""
    return texts("The computation did not reach its tolerance: read the flows as approximate.")


def demand_lines(of: Table, year: int, texts: Texts) -> list[str]:
    """Return that the demand is of another year than the network of `year`, where it is."""
    note = texts(
        "The case knows no demand of {year}: that of {demand} moves on the network of {year}."
    )
    years = of("assignment")["flows_year"]
    return [note.format(year=year, demand=demand) for demand in years if demand != year]


def demand_change(before: Table, after: Table, texts: Texts) -> list[str]:
    """Return of which years the demand of two runs is; nothing where one has no flows."""
    years = [of("assignment")["flows_year"].to_list() for of in (before, after)]
    if not all(years):
        return []
    old, new = (year[0] for year in years)
    if old == new:
        return [texts("Demand is that of {year} before and after.").format(year=old)]
    both = texts(
        "Demand is that of {before} before and of {after} after: what changes is due to both, "
        "demand and measures."
    )
    return [both.format(before=old, after=new)]


def doubt_lines(of: Table, texts: Texts) -> list[str]:
    """Return that the flows are approximate, where they are."""
    if of("assignment")["converged"].all():
        return []
    return [approximate(texts)]


def no_room_lines(of: Table, names: FlowNames) -> list[str]:
    """Return what finds no room at any price, why, and what would give it some; often nothing."""
    left = float(of("assignment")["left_over_teu"].fill_null(0.0).sum())
    rows = of("bottlenecks").filter(pl.col("lacking") > 0.0).to_dicts()
    if left < LEAST_TEU or not rows:
        return []
    texts = names.texts
    return [
        texts("No room at any price for {teu} TEU a year, because of {places}.").format(
            teu=texts.number(left), places=texts.listed(_first(map(names.resource, rows), texts))
        ),
        *_lifting_lines(of, rows, texts),
    ]


def _lifting_lines(of: Table, full: list[dict[str, Any]], texts: Texts) -> list[str]:
    """Return the measures that would give more room, the best first, and what the best leaves."""
    measures = of("measures")
    titles = texts.names(measures, "title")

    def named(ids: Iterable[str]) -> str:
        return texts.listed(_first((titles[name] for name in ids), texts))

    lifting = of("lifting").to_dicts()
    if not lifting:
        in_force = set(measures.filter(pl.col("applied"))["id"])
        own = dict.fromkeys(m for row in full for m in list_of(row["measures"]) if m in in_force)
        if own:
            done = texts("What adds room there is in force already: {measures}.")
            return [done.format(measures=named(own))]
        return [texts("No measure of the case adds room there.")]
    adding = named(row["measure_id"] for row in lifting)
    lines = [texts("Measures that add room there: {measures}.").format(measures=adding)]
    rest = lifting[0]["left_over_teu"]
    if rest >= LEAST_TEU:
        leaves = texts("With the first of them, {teu} TEU a year would still have no room.")
        lines.append(leaves.format(teu=texts.number(rest)))
    return lines


def no_way_line(of: Table, names: FlowNames) -> list[str]:
    """Return the flows without any way; often nothing."""
    lost = [flow for cell in of("assignment")["unreachable"] for flow in list_of(cell)]
    if not lost:
        return []
    texts = names.texts
    rows = {row["id"]: row for row in of("input_flows").iter_rows(named=True)}
    goods = texts.names(of("input_commodities"))
    ways = (
        texts.bracketed(names.way(row["origin"], row["destination"]), goods[row["commodity_id"]])
        for row in (rows[flow] for flow in lost)
    )
    return [texts("No way at all: {flows}").format(flows=texts.clauses(_first(ways, texts)))]


def _first(names: Iterable[str], texts: Texts) -> list[str]:
    """Return the first names, and how many more there are."""
    every = list(names)
    more = len(every) - MOST_NAMED
    if more <= 0:
        return every
    return [*every[:MOST_NAMED], texts("and {count} more").format(count=texts.number(more))]


def foundation_lines(of: Table, year: int, texts: Texts) -> list[str]:
    """Return what the flows rest on that no document gives: demand, constants of the choice."""
    lines = []
    flows = of("input_flows").filter(pl.col("year") == year)
    assumed = flows.filter(pl.col("flow_status") == ASSUMED).height
    if assumed:
        demand = texts("{assumed} of {count} flows of {year} are assumed.")
        count = texts.number(flows.height)
        lines.append(demand.format(assumed=texts.number(assumed), count=count, year=year))
    constants = of("input_constants").filter(pl.col("constant_usd_per_teu") != 0.0)
    if constants.height:
        having = dict(constants["constant_status"].value_counts().iter_rows())
        choice = texts(
            "Constants of the route choice, up to {most} USD/TEU: {calibrated} calibrated, "
            "{assumed} assumed. Where a constant is assumed, so are the shares."
        )
        most = max(abs(value) for value in constants["constant_usd_per_teu"])
        lines.append(
            choice.format(
                most=texts.number(most),
                calibrated=texts.number(having.get(CALIBRATED, 0)),
                assumed=texts.number(having.get(ASSUMED, 0)),
            )
        )
    return lines


def gaining(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the bottlenecks whose enlargement was tried and gains, the most first."""
    gains = table.filter(pl.col("gain_usd") >= LEAST_GAIN_USD)
    return gains.sort("gain_usd", "rank", descending=[True, False]).to_dicts()


def gain_text(row: Row, names: FlowNames) -> str:
    """Return a bottleneck with what more of it is worth a year."""
    texts = names.texts
    gain = texts("{more} is worth {gain} a year").format(
        more=step_text(row, names), gain=texts.money(row["gain_usd"])
    )
    return texts.colon(names.resource(row), gain)


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
