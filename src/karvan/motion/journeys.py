"""What the assignment sends over the alternatives of the simulation, step by step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np

from karvan.case import Case
from karvan.case.no_alternative import UNSERVED
from karvan.freight.choicesets import Flow
from karvan.freight.corridor import CorridorAssignment
from karvan.freight.resources import LOOSE
from karvan.motion.operations import Operations
from karvan.network.model import Arc, ArcKind, Carrier, Network, Row

GAUGE_CHANGE = "gauge_change"


@dataclass(frozen=True, slots=True)
class Lot:
    """What moves as one: a box, or a wagon of loose cargo.

    Attributes
    ----------
    teu : float
        TEU, or TEU-equivalents of loose cargo.
    places_teu : float
        Places that it takes; 0 for loose cargo, which counts by weight.
    weight_t : float
    """

    teu: float
    places_teu: float
    weight_t: float


class Handling(NamedTuple):
    """Loading, unloading or a transfer at a node: the row of transfers.csv."""

    node: str
    transfer: Row
    before: Carrier | None
    after: Carrier | None


class Move(NamedTuple):
    """A link passed, with the ends in the order of travel."""

    from_node: str
    to_node: str
    arc: Arc

    @property
    def link(self) -> Row:
        """The row of links.csv."""
        return self.arc.link or {}


@dataclass(frozen=True, slots=True)
class Ride:
    """A part of a journey aboard one train, ship or truck.

    Attributes
    ----------
    carrier : Carrier
    board : Arc
        How it is boarded.
    timetable : int
        Of the network; -1 for none.
    moves : tuple of Move
    gauge : Handling or None
        Change of gauge of the whole train at its end.
    """

    carrier: Carrier
    board: Arc
    timetable: int
    moves: tuple[Move, ...]
    gauge: Handling | None = None

    @property
    def most(self) -> tuple[float, float]:
        """Places [TEU] and weight [t] that one departure takes; inf where nothing limits it."""
        service, rate = self.carrier.service, self.board.rate or {}
        if service is not None:
            places, weight = service["capacity_teu"], service["capacity_t"]
        else:
            places, weight = rate.get("teu_per_train"), rate.get("t_per_train")
        return float(places or inf), float(weight or inf)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Nodes passed."""
        return (self.moves[0].from_node, *(move.to_node for move in self.moves))

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other rides: rides with the same key use the same departures."""
        links = tuple(str(move.link["id"]) for move in self.moves)
        gauge = str(self.gauge.transfer["id"]) if self.gauge else ""
        return (self.carrier.name, *self.nodes, *links, gauge)


Part = Handling | Ride


@dataclass(frozen=True, slots=True)
class Journey:
    """Cargo of one flow on one itinerary.

    Attributes
    ----------
    id : str
        Origin, destination, commodity and rank.
    flow : Flow
    alternative : str
    teu_per_year : float
    lot : Lot
    parts : tuple of Handling or Ride
    """

    id: str
    flow: Flow
    alternative: str
    teu_per_year: float
    lot: Lot
    parts: tuple[Part, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Nodes passed, in order."""
        found = [self.flow.origin]
        for part in self.parts:
            if isinstance(part, Ride):
                found += part.nodes[1:]
        return tuple(found)


def simulated_alternatives(case: Case) -> frozenset[str]:
    """Return the alternatives whose cargo goes through the simulation piece by piece."""
    table = case.table("alternatives")
    return frozenset(row["id"] for row in table.iter_rows(named=True) if row["simulated"])


def journeys_of(
    case: Case, found: CorridorAssignment, operations: Operations, least_teu: float
) -> tuple[tuple[Journey, ...], float]:
    """Return the journeys of at least so much a year, and the TEU of those left out.

    Parameters
    ----------
    case : Case
    found : CorridorAssignment
    operations : Operations
    least_teu : float
        [TEU/year]
    """
    alternatives = simulated_alternatives(case)
    ranks: dict[int, int] = {}
    kept, left_out = [], 0.0
    for position in np.argsort(-found.equilibrium.flow, kind="stable"):
        path, teu = found.paths[position], float(found.equilibrium.flow[position])
        if path.alternative == UNSERVED or path.alternative not in alternatives or teu <= 0.0:
            continue
        rank = ranks[path.flow] = ranks.get(path.flow, 0) + 1
        if teu < least_teu:
            left_out += teu
            continue
        flow = found.flows[path.flow]
        names = (flow.origin, flow.destination, str(flow.goods["id"]), str(rank))
        kept.append(
            Journey(
                "-".join(names),
                flow,
                path.alternative,
                teu,
                lot_of(flow.goods, operations),
                parts_of(found.network, path.arcs),
            )
        )
    kept.sort(key=lambda journey: journey.id)
    return tuple(kept), left_out


def lot_of(goods: Row, operations: Operations) -> Lot:
    """Return what of a commodity moves as one."""
    payload = float(goods["payload_t_per_teu"])
    if goods["cargo"] == LOOSE:
        weight = operations.value("commodities", goods["id"], "lot_t", operations.lot_t)
        return Lot(weight / payload, 0.0, weight)
    teu = operations.value("commodities", goods["id"], "lot_teu", operations.lot_teu)
    return Lot(teu, teu, teu * payload)


def parts_of(network: Network, arcs: Iterable[int]) -> tuple[Part, ...]:
    """Return a path of the network as handlings and rides."""
    parts: list[Part] = []
    board: tuple[Arc, int] | None = None
    moves: list[Move] = []
    carrier: Carrier | None = None
    tails = network.tail()
    for position in arcs:
        arc, tail, head = network.arcs[position], int(tails[position]), int(network.head[position])
        here = network.node_ids[network.state_node[tail]]
        if arc.kind == ArcKind.BOARD:
            board = (arc, int(network.timetable[position]))
            carrier = network.carriers[network.state_carrier[head]]
        elif arc.kind == ArcKind.MOVE:
            moves.append(Move(here, network.node_ids[network.state_node[head]], arc))
        else:
            if board and moves and carrier:
                parts.append(Ride(carrier, *board, tuple(moves)))
            ends = [int(network.state_carrier[s]) for s in (tail, head)]
            before, after = (network.carriers[c] if c >= 0 else None for c in ends)
            parts.append(Handling(here, arc.transfers[0], before, after))
            moves = []
    return _with_gauge_changes(parts)


def _with_gauge_changes(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Let whole trains change gauge where the cargo goes on to a train of the other gauge."""
    found: list[Part] = []
    for part in parts:
        ride = found[-1] if found else None
        if (
            isinstance(part, Handling)
            and part.transfer["kind"] == GAUGE_CHANGE
            and isinstance(ride, Ride)
        ):
            found[-1] = Ride(ride.carrier, ride.board, ride.timetable, ride.moves, part)
        else:
            found.append(part)
    return tuple(found)
