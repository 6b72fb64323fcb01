"""Names and sentences of the simulation, for paper."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from karvan.report.flow_words import FlowNames, flow_names
from karvan.report.language import Texts

Row = Mapping[str, Any]
Table = Callable[[str], pl.DataFrame]
"""Gives a result table by its name."""
Estimate = tuple[float | None, float | None, float | None]
"""A mean over replications, and the ends of its interval."""

TRANSFERS, FLEETS = frozenset({"transfer", "border"}), "fleet"


@dataclass(frozen=True, slots=True)
class SimulationNames:
    """Names of what was simulated, in one language."""

    texts: Texts
    flows: FlowNames
    transfers: Mapping[str, Row]
    fleets: Mapping[str, str]

    def resource(self, row: Row) -> str:
        """Return what has a capacity, with its place and direction."""
        return self.texts.colon(self._where(row), self.resource_word(row["resource"]))

    def _where(self, row: Row) -> str:
        if row["kind"] == FLEETS:
            # The vessels of a service are a fleet that no row of the fleets stands for alone.
            services = self.flows.of_rows["service"]
            return self.fleets.get(row["id"]) or services.get(row["id"], row["id"])
        if row["kind"] not in TRANSFERS:
            return self.flows.resource(row)
        start, end = row["from_node"], row["to_node"]
        own = self.transfers.get(row["id"])
        at = self._at_node(row["kind"], row["id"], (own["node"] if own else None) or start)
        if start and end and start != end:
            return self.texts.bracketed(at, f"{self.flows.place(start)} → {self.flows.place(end)}")
        return at

    def step(self, row: Row) -> str:
        """Return where a step of a journey is."""
        if row["to_node"]:
            way = f"{self.flows.place(row['node'])} → {self.flows.place(row['to_node'])}"
            return self._on_way(row, way)
        terminals = self.flows.of_rows["terminal"]
        if row["kind"] == "terminal" and row["id"] in terminals:
            return terminals[row["id"]]
        return self._at_node(row["kind"], row["id"], row["node"])

    def _on_way(self, row: Row, way: str) -> str:
        services, links = self.flows.of_rows["service"], self.flows.links
        if row["kind"] == "service":
            return self.texts.bracketed(way, services.get(row["id"], row["id"]))
        if row["id"] in links:
            return self.texts.bracketed(way, self.texts(links[row["id"]]["mode"]))
        return way

    def _at_node(self, kind: str, name: str, node: str | None) -> str:
        if node and kind in ("service", "link"):
            return self._awaited(kind, name, node)
        own = self.transfers.get(name)
        word = self.texts((own["kind"] if own else kind).replace("_", " "))
        if node:
            return self.texts.colon(self.flows.place(node), word)
        return self.texts.bracketed(word, name)

    def _awaited(self, kind: str, name: str, node: str) -> str:
        """Return where a train or a vessel is waited for: its service, or where its line leads."""
        place, link = self.flows.place(node), self.flows.links.get(name)
        if kind == "service" or link is None:
            return self.texts.colon(place, self.flows.of_rows["service"].get(name, name))
        other = link["to_node"] if link["from_node"] == node else link["from_node"]
        towards = self.texts("{place}, towards {other}").format(
            place=place, other=self.flows.place(other)
        )
        return self.texts.bracketed(towards, self.texts(link["mode"]))

    def cause(self, cause: str) -> str:
        """Return why a shipment is where it is."""
        texts = self.texts
        known = {
            "moving": texts("moving"),
            "handling": texts("handling"),
            "customs": texts("customs and holds", "cause"),
            "queue": texts("waiting in line"),
            "batch": texts("waiting for cargo or a departure"),
            "pool": texts("waiting for wagons or a vessel"),
            "closure": texts("closed: weather, night, repairs"),
            "blocked": texts("held up because it is full ahead"),
        }
        return known.get(cause, cause)

    def resource_word(self, resource: str) -> str:
        """Return the kind of a resource."""
        texts = self.texts
        known = {
            "track": texts("track"),
            "berth": texts("berths"),
            "crane": texts("cranes"),
            "yard": texts("yard"),
            "gauge_change": texts("gauge change"),
            "documents": texts("documents"),
            "inspection": texts("inspection"),
            "vessels": texts("vessels"),
            "wagons": texts("wagons"),
        }
        return known.get(resource, resource)

    def verdict(self, row: Row) -> str:
        """Tell whether one more of a resource does more than chance."""
        _, low, high = estimate(row, "saved", "h")
        if low is not None and low > 0.0:
            return self.texts("saves time")
        if high is not None and high < 0.0:
            return self.texts("costs time")
        return self.texts("not more than noise")


SUBJECTS = {"transfer": "transfers", "border": "transfers", "terminal": "terminals"}
"""Tables of the rows that steps stand for."""
SPENT = ("handling", "customs")


def calibrated_waits(waits: pl.DataFrame, operations: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the times by step and cause that hang on calibrated rows of operations.csv."""
    fitted = set(
        operations.filter(pl.col("status") == "calibrated")
        .select("subject_table", "subject_id")
        .iter_rows()
    )
    return [
        row
        for row in waits.filter(pl.col("cause").is_in(SPENT)).sort("step").iter_rows(named=True)
        if (SUBJECTS.get(row["kind"]), row["id"]) in fitted
    ]


GROWING = re.compile(r"\S+ \S+: more arrives than \S+ can serve; the line grows by \S+ \S+ a day$")


def cautions_of(run: Row) -> list[str]:
    """Return the cautions of a run that no row of its resources says as well."""
    lines = (run["cautions"] or "").split("\n")
    return [line for line in lines if line and not GROWING.match(line)]


def caution_text(line: str, names: SimulationNames) -> str:
    """Return a caution in the language, as far as it is known; the program says it in English."""
    texts = names.texts

    def whole(text: str) -> str:
        return texts.number(float(text.replace(",", "")))

    left_out = texts(
        "Not simulated, as it goes by itineraries with little cargo: {teu} TEU a year."
    )
    few = texts(
        "Only {count} replications: the intervals are wide, and their width is unsure itself."
    )
    short = texts(
        "Only {count} arrivals a replication: means of so few are skewed, which more replications "
        "do not mend."
    )
    behind = texts(
        "{service}: more arrives at {place} than its departures take. The line grows by {lots} "
        "boxes and wagons a day."
    )
    if found := re.match(
        r"service (\S+): more arrives at (\S+) than its departures take; "
        r"the line grows by (\S+) lots a day$",
        line,
    ):
        services = names.flows.of_rows["service"]
        return behind.format(
            service=services.get(found[1], found[1]),
            place=names.flows.place(found[2]),
            lots=texts.number(float(found[3]), 1),
        )
    if found := re.match(r"(\S+) TEU a year on small itineraries are left out$", line):
        return left_out.format(teu=whole(found[1]))
    if line.startswith("1 replication: there is no interval"):
        return texts("Only one replication: there are no intervals.")
    if found := re.match(r"(\S+) replications: the interval is wide", line):
        return few.format(count=whole(found[1]))
    if found := re.match(r"(\S+) observations a replication: the mean of so few", line):
        return short.format(count=whole(found[1]))
    if found := re.match(r"replication (\d+): (.*)$", line):
        return texts.colon(texts("replication {index}").format(index=whole(found[1])), found[2])
    return texts(line)


def simulation_names(of: Table, texts: Texts) -> SimulationNames:
    """Return the names that the simulation of a run needs."""
    transfers = {row["id"]: row for row in of("input_transfers").iter_rows(named=True)}
    fleets = {
        row["id"]: row["name_en"] or row["id"] for row in of("input_fleets").iter_rows(named=True)
    }
    return SimulationNames(texts, flow_names(of, texts), transfers, fleets)


def estimate(row: Row, name: str, unit: str = "") -> Estimate:
    """Return a value with its interval, from the columns that tables have for it."""
    tail = f"_{unit}" if unit else ""
    return row[f"{name}{tail}"], row[f"{name}_low{tail}"], row[f"{name}_high{tail}"]


def estimate_text(found: Estimate, texts: Texts, write: Callable[[float | None], str]) -> str:
    """Return a value with its interval in brackets: 16.4 (16.0–16.8)."""
    value, low, high = found
    if value is None or low is None or high is None:
        return write(value)
    if low < 0.0:
        # A dash between signed numbers could be read as another sign.
        ends = texts("{low} to {high}").format(low=write(low), high=write(high))
    else:
        ends = f"{write(low)}–{write(high)}"
    return texts.bracketed(write(value), ends)
