"""Compile declared tables into the state graph that route search works on.

Cargo at a node waits on the platform of a carrier, boards, moves aboard from node to node, and
is transferred to the platform of another carrier where a row of transfers.csv allows it.  Mode,
gauge, vessel and jurisdiction are thus part of the state, and a change of any of them has its own
time, cost and row.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from karvan.kernels.graph import compressed_rows
from karvan.network.calendars import Closures, closures_of, timetables_of
from karvan.network.calls import stops_of
from karvan.network.distribution import pert_mean
from karvan.network.model import (
    Arc,
    ArcKind,
    Carrier,
    Network,
    Row,
    StateKind,
)
from karvan.network.opening import open_rows
from karvan.network.transfers import TransferBook
from karvan.schema import list_of

Tables = Mapping[str, pl.DataFrame]
GENERAL_MODES = ("rail", "road")
"""Modes that run without a declared service; ships sail only where a service says so."""


def compile_network(
    tables: Tables,
    date: dt.date,
    payload_t_per_teu: float,
    *,
    month: int | None = None,
    closed: Collection[str] = (),
) -> Network:
    """Return the state graph of what is open on `date`.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        nodes, links, rates, transfers, services and calendars of a checked case.
    date : datetime.date
        Rows that open later or closed earlier are left out.
    payload_t_per_teu : float
        Turns emissions per tkm into emissions per TEU.
    month : int, optional
        Month of the weather closures; their mean over the year without it.
    closed : collection of str
        Ids of nodes, links and services, modes and country codes that must not be used.
    """
    builder = _Builder(tables, date, payload_t_per_teu, month, frozenset(closed))
    builder.add_general_carriers()
    builder.add_services()
    builder.add_handling()
    return builder.network()


class _Call(NamedTuple):
    """States of cargo with one carrier at one node."""

    platform: int
    boarded: int
    arrived: int


@dataclass(slots=True)
class _Builder:
    tables: Tables
    date: dt.date
    payload: float
    month: int | None
    closed: frozenset[str]
    nodes: list[Row] = field(init=False)
    node_index: dict[str, int] = field(init=False)
    links: list[Row] = field(init=False)
    rates: dict[str, Row] = field(init=False)
    transfers: TransferBook = field(init=False)
    closures: dict[str, Closures] = field(init=False)
    carriers: list[Carrier] = field(default_factory=list)
    state_node: list[int] = field(default_factory=list)
    state_carrier: list[int] = field(default_factory=list)
    state_kind: list[int] = field(default_factory=list)
    calls: dict[int, dict[int, _Call]] = field(default_factory=lambda: defaultdict(dict))
    tail: list[int] = field(default_factory=list)
    head: list[int] = field(default_factory=list)
    cost: list[tuple[float, float, float]] = field(default_factory=list)
    timetable: list[int] = field(default_factory=list)
    arcs: list[Arc] = field(default_factory=list)
    calendar_ids: list[str] = field(default_factory=list)
    stops: dict[int, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tables = self.tables
        self.nodes = [
            row
            for row in open_rows(tables["nodes"], self.date)
            if not self.closed & {str(row["id"]), str(row["country"])}
        ]
        self.node_index = {str(row["id"]): n for n, row in enumerate(self.nodes)}
        self.links = [
            row
            for row in open_rows(tables["links"], self.date)
            if row["from_node"] in self.node_index
            and row["to_node"] in self.node_index
            and not self.closed & {str(row["id"]), str(row["mode"])}
        ]
        self.rates = {row["id"]: row for row in tables["rates"].iter_rows(named=True)}
        self.transfers = TransferBook(open_rows(tables["transfers"], self.date))
        self.closures = closures_of(tables["calendars"])
        for n in range(len(self.nodes)):
            self._state(n, -1, StateKind.ORIGIN)
            self._state(n, -1, StateKind.DESTINATION)

    def _state(self, node: int, carrier: int, kind: StateKind) -> int:
        self.state_node.append(node)
        self.state_carrier.append(carrier)
        self.state_kind.append(kind)
        return len(self.state_node) - 1

    def _arc(
        self, tail: int, head: int, arc: Arc, money: float, co2e: float, timetable: int = -1
    ) -> None:
        self.tail.append(tail)
        self.head.append(head)
        self.arcs.append(arc)
        self.cost.append((arc.wait_h + arc.move_h + arc.dwell_h, money, co2e))
        self.timetable.append(timetable)

    def _call(self, carrier: int, node: int) -> _Call:
        calls = self.calls[node]
        if carrier not in calls:
            kinds = (StateKind.PLATFORM, StateKind.BOARDED, StateKind.ARRIVED)
            calls[carrier] = _Call(*(self._state(node, carrier, kind) for kind in kinds))
        return calls[carrier]

    def _ends(self, link: Row) -> list[tuple[int, int]]:
        u, v = self.node_index[link["from_node"]], self.node_index[link["to_node"]]
        return [(u, v), (v, u)] if link["both_directions"] else [(u, v)]

    def add_general_carriers(self) -> None:
        """Trains and trucks that run on every link of their mode and gauge."""
        index: dict[tuple[str, str], int] = {}
        headway: dict[tuple[int, int], tuple[float, Row]] = {}
        for link in self.links:
            rate = self.rates[link["rate_id"]]
            if link["mode"] not in GENERAL_MODES or rate["headway_h"] is None:
                continue
            key = (link["mode"], link["gauge_mm"] or "")
            if key not in index:
                index[key] = len(self.carriers)
                self.carriers.append(Carrier("-".join(filter(None, key)), *key))
            carrier = index[key]
            for u, v in self._ends(link):
                self._move(carrier, u, v, link, rate)
                known = headway.get((carrier, u))
                if known is None or rate["headway_h"] < known[0]:
                    headway[carrier, u] = (rate["headway_h"], rate)
        for (carrier, node), (hours, rate) in headway.items():
            call = self._call(carrier, node)
            wait = Arc(ArcKind.BOARD, rate=rate, wait_h=hours / 2, headway_h=hours)
            self._arc(call.platform, call.boarded, wait, 0.0, 0.0)

    def add_services(self) -> None:
        """Sailings and block trains, a carrier for each direction."""
        by_ends: dict[tuple[str, int, int], Row] = {}
        for link in self.links:
            for u, v in self._ends(link):
                known = by_ends.get((link["mode"], u, v))
                if known is None or link["length_km"] < known["length_km"]:
                    by_ends[link["mode"], u, v] = link
        for service in open_rows(self.tables["services"], self.date):
            if self.closed & {str(service["id"]), str(service["mode"])}:
                continue
            route = [self.node_index.get(n) for n in list_of(str(service["route"]))]
            self._service(service, route, by_ends)
            if service["both_directions"]:
                self._service(service, route[::-1], by_ends)

    def _service(
        self,
        service: Row,
        route: list[int | None],
        by_ends: Mapping[tuple[str, int, int], Row],
    ) -> None:
        hops: list[tuple[int, int, Row]] = []
        for u, v in pairwise(route):
            link = None if u is None or v is None else by_ends.get((service["mode"], u, v))
            if u is None or v is None or link is None:
                return  # part of the way is closed on this date or avoided
            hops.append((u, v, link))
        carrier = len(self.carriers)
        gauge = hops[0][2]["gauge_mm"] or ""
        self.carriers.append(Carrier(service["id"], service["mode"], gauge, service))
        self.stops[carrier] = stops = stops_of(service)
        total_km = sum(link["length_km"] for _, _, link in hops)
        for u, v, link in hops:
            share = link["length_km"] / total_km if total_km else 1.0 / len(hops)
            self._move(carrier, u, v, link, self.rates[link["rate_id"]], service, share)
            if self.nodes[u]["id"] in stops:
                self._board_service(carrier, u, service)

    def _board_service(self, carrier: int, node: int, service: Row) -> None:
        call = self._call(carrier, node)
        closure = self.closures.get(service["closure_calendar_id"] or "")
        share, mean_h = closure.in_month(self.month) if closure else (0.0, 0.0)
        timetable, headway = -1, service["headway_h"] or 0.0
        if service["departure"] == "timetable":
            timetable, headway = self._timetable(service["calendar_id"]), 0.0
        # A sailing due while the port is closed waits for what is left of the closure: its mean
        # length again, as lengths are taken as exponential.
        arc = Arc(
            ArcKind.BOARD,
            service=service,
            wait_h=headway / 2 + share * mean_h,
            headway_h=headway,
            closed_share=share,
            closure_mean_h=mean_h,
        )
        self._arc(call.platform, call.boarded, arc, 0.0, 0.0, timetable)

    def _timetable(self, calendar_id: str) -> int:
        if calendar_id not in self.calendar_ids:
            self.calendar_ids.append(calendar_id)
        return self.calendar_ids.index(calendar_id)

    def _move(
        self,
        carrier: int,
        u: int,
        v: int,
        link: Row,
        rate: Row,
        service: Row | None = None,
        share: float = 1.0,
    ) -> None:
        km = link["length_km"]
        mean_h = link["travel_h"] if link["travel_h"] is not None else km / rate["speed_kmh"]
        money = km * rate["cost_usd_per_teu_km"]
        if service is None:
            mean_h *= rate["general_time_factor"]
            money *= rate["general_cost_factor"]
        fast_h = mean_h * rate["speed_kmh"] / rate["speed_high_kmh"]
        slow_h = mean_h * rate["speed_kmh"] / rate["speed_low_kmh"]
        if service is not None and service["travel_h"] is not None:
            mean_h = service["travel_h"] * share
            fast_h = (service["travel_low_h"] or service["travel_h"]) * share
            slow_h = (service["travel_high_h"] or service["travel_h"]) * share
        if service is not None and service["cost_usd_per_teu"] is not None:
            money = service["cost_usd_per_teu"] * share
        borders = self.transfers.borders(self.nodes[u], self.nodes[v], link["mode"])
        arc = Arc(
            ArcKind.MOVE,
            link=link,
            rate=rate,
            transfers=borders,
            service=service,
            move_h=mean_h,
            move_fast_h=fast_h,
            move_slow_h=slow_h,
            dwell_h=sum(dwell_mean(row) for row in borders),
            length_km=km,
        )
        co2e = km * rate["co2e_g_per_tkm"] * self.payload / 1000.0
        money += sum(row["cost_usd_per_teu"] for row in borders)
        co2e += sum(row["co2e_kg_per_teu"] for row in borders)
        here, there = self._call(carrier, u), self._call(carrier, v)
        for tail in (here.boarded, here.arrived):
            self._arc(tail, there.arrived, arc, money, co2e)

    def add_handling(self) -> None:
        """Loading, unloading and transfers at every node where carriers call."""
        for node, calls in self.calls.items():
            row = self.nodes[node]
            if row["kind"] == "waypoint":
                continue
            here = [c for c in calls if row["id"] in self.stops.get(c, (row["id"],))]
            for carrier in here:
                self._handle_carrier(node, carrier, here)

    def _handle_carrier(self, node: int, carrier: int, others: Collection[int]) -> None:
        row, call, before = self.nodes[node], self.calls[node][carrier], self.carriers[carrier]
        load, unload = self.transfers.load(row, before), self.transfers.unload(row, before)
        self._handle(ArcKind.LOAD, 2 * node, call.platform, load)
        self._handle(ArcKind.UNLOAD, call.arrived, 2 * node + 1, unload)
        for other in others:
            after = self.carriers[other]
            if before.name != after.name:  # else the same train, or the same ship sailing back
                change = self.transfers.change(row, before, after)
                platform = self.calls[node][other].platform
                self._handle(ArcKind.TRANSFER, call.arrived, platform, change)

    def _handle(self, kind: ArcKind, tail: int, head: int, transfer: Row | None) -> None:
        if transfer is not None:
            arc = Arc(kind, transfers=(transfer,), dwell_h=dwell_mean(transfer))
            money, co2e = transfer["cost_usd_per_teu"], transfer["co2e_kg_per_teu"]
            self._arc(tail, head, arc, money, co2e)

    def network(self) -> Network:
        """Sort the arcs by tail and freeze everything."""
        tail = np.array(self.tail, dtype=np.int64)
        head = np.array(self.head, dtype=np.int64)
        rows = compressed_rows(len(self.state_node), tail, head)
        arcs = tuple(self.arcs[a] for a in rows.arc)
        states = np.arange(2 * len(self.nodes), dtype=np.int64)
        return Network(
            node_ids=tuple(self.node_index),
            node_rows=tuple(self.nodes),
            carriers=tuple(self.carriers),
            state_node=np.array(self.state_node, dtype=np.int64),
            state_carrier=np.array(self.state_carrier, dtype=np.int64),
            state_kind=np.array(self.state_kind, dtype=np.int64),
            origin_state=states[::2],
            destination_state=states[1::2],
            start=rows.start,
            head=rows.head,
            cost=np.array(self.cost, dtype=np.float64).reshape(-1, 3)[rows.arc],
            timetable=np.array(self.timetable, dtype=np.int64)[rows.arc],
            transfer=np.array([a.kind == ArcKind.TRANSFER for a in arcs], dtype=np.int64),
            arcs=arcs,
            timetables=timetables_of(self.tables["calendars"], self.calendar_ids),
            payload_t_per_teu=self.payload,
        )


def dwell_mean(transfer: Row) -> float:
    """Return the expected dwell of a row of transfers.csv [h]."""
    return pert_mean(transfer["dwell_min_h"], transfer["dwell_typical_h"], transfer["dwell_max_h"])
