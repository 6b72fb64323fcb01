"""What cargo uses up on its way: departures of services, trains on links, room in terminals."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from karvan.case import Case
from karvan.freight.routing import date_of
from karvan.network.calls import stops_of
from karvan.network.model import ArcKind, Network, Row
from karvan.network.opening import is_open
from karvan.network.transfers import SHIPS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Kind = Literal["service", "link", "terminal"]
KEY = ("kind", "id", "from_node", "to_node", "unit")
"""What tells resources apart, in tables as in :class:`Resource`."""

HOURS_A_YEAR = 8766.0
DAYS_A_YEAR = 365.25
LOOSE = "loose"
"""Cargo that is not in containers: it counts in tonnes where boxes count in TEU."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something with a capacity.

    Attributes
    ----------
    kind : {"service", "link", "terminal"}
    id : str
        Row of services.csv, links.csv or terminals.csv.
    from_node, to_node : str
        Direction of a departure or a train; empty where both directions share the capacity.
    unit : {"departures", "trains", "TEU", "t"}
    capacity : float
        Per year, without the background traffic; not below zero.
    headway_h : float
        Mean time between departures; 0 where none depart.
    """

    kind: Kind
    id: str
    from_node: str
    to_node: str
    unit: str
    capacity: float
    headway_h: float = 0.0

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from others of its network, and finds it again in another one."""
        return tuple(getattr(self, name) for name in KEY)


class Use(NamedTuple):
    """What an arc uses of a resource.

    Attributes
    ----------
    resource : int
    per_teu : float
        For a TEU of containers; nan where containers are not carried.
    per_t : float
        For a tonne of loose cargo; nan where it is not carried.
    by_weight : bool
        Containers, too, count by their tonnes.
    """

    resource: int
    per_teu: float
    per_t: float
    by_weight: bool = False

    def of_unit(self, goods: Row) -> float:
        """Return what a TEU (or TEU-equivalent) of a commodity uses; nan if it is not carried."""
        if self.by_weight or goods["cargo"] == LOOSE:
            return self.per_t * float(goods["payload_t_per_teu"])
        return self.per_teu


@dataclass(frozen=True, eq=False)
class Usage:
    """Resources of a network, and what each of its arcs uses of them."""

    resources: tuple[Resource, ...]
    arcs: Mapping[int, tuple[Use, ...]]

    @cached_property
    def arc(self) -> IntArray:
        """Arc of each use, ascending."""
        return np.array([arc for arc in sorted(self.arcs) for _ in self.arcs[arc]], dtype=np.int64)

    @cached_property
    def _uses(self) -> tuple[Use, ...]:
        return tuple(use for arc in sorted(self.arcs) for use in self.arcs[arc])

    @cached_property
    def resource(self) -> IntArray:
        """Resource of each use."""
        return np.array([use.resource for use in self._uses], dtype=np.int64)

    @cached_property
    def capacity(self) -> FloatArray:
        """Capacity of each resource."""
        return np.array([resource.capacity for resource in self.resources], dtype=np.float64)

    @cached_property
    def _of_boxes_and_tonnes(self) -> FloatArray:
        columns = [(use.per_teu, use.per_t, use.by_weight) for use in self._uses]
        return np.array(columns, dtype=np.float64).reshape(-1, 3)

    def of_unit(self, goods: Row) -> FloatArray:
        """Return what a TEU of a commodity takes by each use; nan where it is not carried."""
        per_teu, per_t, by_weight = self._of_boxes_and_tonnes.T
        in_tonnes = (by_weight > 0.0) | (goods["cargo"] == LOOSE)
        amount: FloatArray = np.where(in_tonnes, per_t * goods["payload_t_per_teu"], per_teu)
        return amount

    def closed_to(self, goods: Row) -> IntArray:
        """Return the arcs that a commodity cannot take: not carried, or no room beside the rest."""
        amount = self.of_unit(goods)
        no_room = (amount > 0.0) & (self.capacity[self.resource] <= 0.0)
        return self.arc[np.isnan(amount) | no_room]


def usage_of(case: Case, network: Network) -> Usage:
    """Return the resources of a case's network with what its arcs use.

    - A service: departures a year in each direction and on each hop between its stops; without
      declared places it takes all containers and nothing else.
    - A link: trains a year in each direction, or tonnes a year in both together.
    - A terminal: TEU or tonnes a year that are handled in both directions together.  Container and
      ferry terminals count ships of their kind, dry ports what no ship brings, ports all ships,
      gauge-change yards the changes of gauge, border stations all that passes.
    """
    builder = _Builder(case, network)
    for position in range(len(network.arcs)):
        builder.add(position)
    return Usage(tuple(builder.resources), dict(builder.arcs))


class _Builder:
    def __init__(self, case: Case, network: Network) -> None:
        self.network = network
        self.resources: list[Resource] = []
        self.index: dict[tuple[str, ...], int] = {}
        self.arcs: dict[int, tuple[Use, ...]] = {}
        self.rates = {row["id"]: row for row in case.table("rates").iter_rows(named=True)}
        self.terminals: dict[str, list[Row]] = defaultdict(list)
        date = date_of(case)
        for row in case.table("terminals").iter_rows(named=True):
            if is_open(row["opens"], row["closes"], date):
                self.terminals[row["node"]].append(row)
        # Lists of numbers: to read one element of an array takes longer than what is done with it.
        self.tail, self.head = network.tail().tolist(), network.head.tolist()
        self.node, self.carrier = network.state_node.tolist(), network.state_carrier.tolist()
        self.headways: dict[str, float] = {}
        self.rooms: dict[str, list[Use]] = {}
        self.departures: dict[tuple[str, int, int], list[Use]] = {}
        self.trains: dict[tuple[str, int, int], list[Use]] = {}
        self.met: dict[tuple[int, int], tuple[frozenset[str], bool]] = {}
        self.handled: dict[tuple[object, ...], list[Use]] = {}

    def add(self, position: int) -> None:
        arc = self.network.arcs[position]
        tail, head = self.tail[position], self.head[position]
        node, to = self.node[tail], self.node[head]
        here, there = self.network.node_rows[node], self.network.node_rows[to]
        uses: list[Use] = []
        if arc.kind == ArcKind.MOVE:
            if arc.service is not None:
                leg = arc.service["id"], node, to
                if leg not in self.departures:
                    self.departures[leg] = self._departure(arc.service, here, there)
                uses += self.departures[leg]
            if arc.link is not None:
                leg = arc.link["id"], node, to
                if leg not in self.trains:
                    self.trains[leg] = self._train(arc.link, here, there)
                uses += self.trains[leg]
            tail = head
        if here["id"] in self.terminals:
            pair = self.carrier[tail], self.carrier[head]
            if pair not in self.met:
                self.met[pair] = self._modes(pair)
            handling = node, arc.kind, *self.met[pair]
            if handling not in self.handled:
                self.handled[handling] = self._terminal(here, arc.kind, *self.met[pair])
            uses += self.handled[handling]
        if uses:
            self.arcs[position] = tuple(uses)

    def _resource(self, resource: Resource) -> int:
        key = resource.key
        if key not in self.index:
            self.index[key] = len(self.resources)
            self.resources.append(resource)
        return self.index[key]

    def _departure(self, service: Row, here: Row, there: Row) -> list[Use]:
        if here["id"] not in stops_of(service):
            return []
        if service["id"] not in self.headways:
            self.headways[service["id"]] = self._headway(service)
        headway = self.headways[service["id"]]
        if not headway:
            return []
        unlimited = service["capacity_teu"] is None and service["capacity_t"] is None
        resource = Resource(
            "service",
            service["id"],
            here["id"],
            there["id"],
            "departures",
            np.inf if unlimited else HOURS_A_YEAR / headway,
            headway,
        )
        # A line without declared places adds ships as it needs them, for containers only.
        per_teu = 0.0 if unlimited else _share(service["capacity_teu"])
        per_t = _share(service["capacity_t"])
        return [Use(self._resource(resource), per_teu, per_t)]

    def _headway(self, service: Row) -> float:
        """Mean time between departures, of a timetable from its departures."""
        if service["departure"] != "timetable":
            return float(service["headway_h"] or 0.0)
        boards = np.flatnonzero(self.network.timetable >= 0)
        for position in boards:
            carrier = self.network.arcs[position].service
            if carrier is not None and carrier["id"] == service["id"]:
                timetable = int(self.network.timetable[position])
                times = self.network.timetables
                departures = int(times.start[timetable + 1] - times.start[timetable])
                return float(times.period_h[timetable]) / departures if departures else 0.0
        return 0.0

    def _train(self, link: Row, here: Row, there: Row) -> list[Use]:
        uses = []
        trains, load = link["capacity_trains_per_day"], self.rates[link["rate_id"]]
        left = max((trains or 0.0) - (link["background_trains_per_day"] or 0.0), 0.0)
        # Where no train may run its load does not matter.
        if trains is not None and (load["teu_per_train"] or not left):
            resource = Resource(
                "link", link["id"], here["id"], there["id"], "trains", left * DAYS_A_YEAR
            )
            per_teu, per_t = _share(load["teu_per_train"]), _share(load["t_per_train"])
            uses.append(Use(self._resource(resource), per_teu, per_t))
        if link["capacity_t_per_year"] is not None:
            left = max(link["capacity_t_per_year"] - (link["background_t_per_year"] or 0.0), 0.0)
            resource = Resource("link", link["id"], "", "", "t", left)
            uses.append(Use(self._resource(resource), 0.0, 1.0, by_weight=True))
        return uses

    def _modes(self, carriers: tuple[int, int]) -> tuple[frozenset[str], bool]:
        """Modes that meet, and whether they do so on different gauges."""
        own = [self.network.carriers[c] for c in carriers if c >= 0]
        gauges = {c.gauge_mm for c in own if c.mode == "rail"}
        return frozenset(c.mode for c in own), len(gauges) > 1

    def _terminal(
        self, node: Row, kind: ArcKind, modes: frozenset[str], gauges_differ: bool
    ) -> list[Use]:
        uses = []
        for terminal in self.terminals[node["id"]]:
            if _concerned(terminal, kind, modes, gauges_differ):
                if terminal["id"] not in self.rooms:
                    self.rooms[terminal["id"]] = self._room(terminal)
                uses += self.rooms[terminal["id"]]
        return uses

    def _room(self, terminal: Row) -> list[Use]:
        uses = []
        for unit, per_teu, per_t in (("TEU", 1.0, 0.0), ("t", 0.0, 1.0)):
            column = f"{unit.lower()}_per_year"
            if terminal[f"capacity_{column}"] is not None:
                left = terminal[f"capacity_{column}"] - (terminal[f"background_{column}"] or 0.0)
                resource = Resource("terminal", terminal["id"], "", "", unit, max(left, 0.0))
                uses.append(Use(self._resource(resource), per_teu, per_t, by_weight=unit == "t"))
        return uses


def _share(capacity: float | None) -> float:
    return 1.0 / capacity if capacity else np.nan


def _concerned(terminal: Row, kind: ArcKind, modes: frozenset[str], gauges_differ: bool) -> bool:
    """Whether a terminal handles what an arc loads, unloads or transfers, or what passes it."""
    if kind == ArcKind.MOVE:
        return terminal["kind"] == "border" and "rail" in modes
    if kind == ArcKind.BOARD:
        return False
    by_kind = {
        "container": "sea" in modes,
        "ferry": "ferry" in modes,
        "multipurpose": bool(modes & SHIPS),
        "dry_port": not modes & SHIPS,
        "gauge_change": gauges_differ,
    }
    return by_kind.get(terminal["kind"], False)
