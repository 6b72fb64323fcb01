"""Turn a path of arcs into an itinerary: legs, waits, spread and sources."""

from collections.abc import Iterable, Iterator

import numpy as np

from karvan.freight.model import Itinerary, Leg
from karvan.freight.spread import Part, door_to_door, quantiles
from karvan.network.model import CO2E, COST, TIME, Arc, ArcKind, IntArray, Network, Row
from karvan.schema import list_of

LEVELS = (0.10, 0.50, 0.90)
CHOSEN = frozenset({"assumed", "calibrated"})
QUANTITIES = {
    "link": ("length", "travel"),
    "rate": ("speed", "cost", "co2e"),
    "wait": ("headway",),
    "transfer": ("dwell", "cost", "co2e"),
    "service": ("headway", "travel", "cost"),
}


def describe(
    network: Network, path: IntArray, depart_clock_h: float | None, value_of_time: float
) -> Itinerary:
    """Return the itinerary that a path of arcs stands for.

    `depart_clock_h` is None where timetables enter with their mean wait; `value_of_time` is in
    USD per TEU and h.
    """
    waits = _timetable_waits(network, path, depart_clock_h)
    legs = tuple(
        _leg(network, part, waits, first=n == 0) for n, part in enumerate(_split(network, path))
    )
    parts = list(_parts(network, path, fixed_timetables=depart_clock_h is not None))
    mass, step = door_to_door(parts, network.timetables, depart_clock_h or 0.0)
    p10, p50, p90 = quantiles(mass, step, LEVELS)
    mean = sum(leg.time_h for leg in legs)
    money, co2e = network.cost[path, COST].sum(), network.cost[path, CO2E].sum()
    arcs = [network.arcs[a] for a in path]
    changes = [arc for arc in arcs if arc.kind == ArcKind.TRANSFER]
    return Itinerary(
        mean_h=mean,
        p10_h=p10,
        p50_h=p50,
        p90_h=p90,
        transit_h=mean - sum(_at_the_ends(network, path, waits)),
        cost_usd_per_teu=float(money),
        co2e_kg_per_teu=float(co2e),
        generalized_cost_usd_per_teu=float(money + value_of_time * mean),
        km=sum(leg.km for leg in legs),
        transfers=len(changes),
        gauge_changes=sum(arc.transfers[0]["kind"] == "gauge_change" for arc in changes),
        borders=sum(bool(arc.transfers) for arc in arcs if arc.kind == ArcKind.MOVE),
        legs=legs,
    )


def _at_the_ends(network: Network, path: IntArray, waits: dict[int, float]) -> Iterator[float]:
    """Loading, waiting for the first departure, and unloading."""
    for arc in (path[0], path[1], path[-1]):
        yield float(network.cost[arc, TIME]) + waits.get(int(arc), 0.0)


def _timetable_waits(
    network: Network, path: IntArray, depart_clock_h: float | None
) -> dict[int, float]:
    """Wait for each timetable on the path when everything takes its expected time."""
    waits: dict[int, float] = {}
    clock = depart_clock_h or 0.0
    for arc in path:
        timetable = int(network.timetable[arc])
        if timetable >= 0 and depart_clock_h is None:
            waits[int(arc)] = network.timetables.mean_wait_h(timetable)
        elif timetable >= 0:
            waits[int(arc)] = float(network.timetables.next_wait_h(timetable, np.array([clock]))[0])
        clock += float(network.cost[arc, TIME]) + waits.get(int(arc), 0.0)
    return waits


def _split(network: Network, path: IntArray) -> list[list[int]]:
    """Arcs of each leg: handling, boarding, moves; the last leg ends with unloading."""
    legs: list[list[int]] = []
    for arc in path:
        if network.arcs[arc].kind in {ArcKind.LOAD, ArcKind.TRANSFER}:
            legs.append([])
        legs[-1].append(int(arc))
    return legs


def _leg(network: Network, path: list[int], waits: dict[int, float], *, first: bool) -> Leg:
    arcs = [network.arcs[a] for a in path]
    moves = [arc for arc in arcs if arc.kind == ArcKind.MOVE]
    states = [int(network.head[a]) for a in path if network.arcs[a].kind == ArcKind.MOVE]
    boarded = int(network.head[path[1]])
    carrier = network.carriers[network.state_carrier[boarded]]
    nodes = tuple(network.node_ids[network.state_node[s]] for s in (boarded, *states))
    return Leg(
        origin=nodes[0],
        destination=nodes[-1],
        mode=carrier.mode,
        service=carrier.name if carrier.service is not None else "",
        km=sum(arc.length_km for arc in moves),
        wait_h=sum(arc.wait_h for arc in arcs) + sum(waits.get(a, 0.0) for a in path),
        move_h=sum(arc.move_h for arc in moves),
        dwell_h=sum(arc.dwell_h for arc in arcs),
        cost_usd_per_teu=float(network.cost[path, COST].sum()),
        co2e_kg_per_teu=float(network.cost[path, CO2E].sum()),
        transfer="" if first else arcs[0].transfers[0]["kind"],
        nodes=nodes,
        links=tuple(str(arc.link["id"]) for arc in moves if arc.link),
        borders=tuple(str(row["id"]) for arc in moves for row in arc.transfers),
        source_ids=tuple(dict.fromkeys(_sources(arcs))),
        chosen=tuple(dict.fromkeys(_chosen(arcs))),
    )


def _provenance(arcs: Iterable[Arc]) -> Iterator[tuple[str, Row, str]]:
    """Table, row and quantity of every number that enters the arcs."""
    for arc in arcs:
        if arc.link is not None:
            yield from (("links", arc.link, q) for q in QUANTITIES["link"])
        if arc.rate is not None:
            kind = "wait" if arc.kind == ArcKind.BOARD else "rate"
            yield from (("rates", arc.rate, q) for q in QUANTITIES[kind])
        for transfer in arc.transfers:
            yield from (("transfers", transfer, q) for q in QUANTITIES["transfer"])
        if arc.service is not None:
            yield from (("services", arc.service, q) for q in QUANTITIES["service"])


def _sources(arcs: Iterable[Arc]) -> Iterator[str]:
    for _, row, quantity in _provenance(arcs):
        yield from list_of(row[f"{quantity}_source_id"])


def _chosen(arcs: Iterable[Arc]) -> Iterator[str]:
    for table, row, quantity in _provenance(arcs):
        if row[f"{quantity}_status"] in CHOSEN:
            yield f"{table}.{row['id']}.{quantity}"


def _parts(network: Network, path: IntArray, *, fixed_timetables: bool) -> Iterator[Part]:
    """Parts of the journey's time in order; the moves of a leg vary together, as one train does."""
    moving = [0.0, 0.0, 0.0]
    for arc_index in path:
        arc = network.arcs[arc_index]
        if arc.kind == ArcKind.MOVE:
            moving[0] += arc.move_h
            moving[1] += arc.move_fast_h
            moving[2] += arc.move_slow_h
        elif moving[0]:
            yield Part("lognormal", *moving)
            moving = [0.0, 0.0, 0.0]
        for row in arc.transfers:
            yield Part("pert", row["dwell_min_h"], row["dwell_typical_h"], row["dwell_max_h"])
        if arc.kind == ArcKind.BOARD:
            yield from _wait_parts(network, int(arc_index), arc, fixed_timetables)


def _wait_parts(network: Network, index: int, arc: Arc, fixed_timetables: bool) -> Iterator[Part]:
    timetable = int(network.timetable[index])
    if timetable >= 0 and fixed_timetables:
        yield Part("timetable", float(timetable))
    elif timetable >= 0:
        yield Part("uniform", 2.0 * network.timetables.mean_wait_h(timetable))
    if arc.headway_h:
        yield Part("uniform", arc.headway_h)
    if arc.closed_share:
        yield Part("closure", arc.closed_share, arc.closure_mean_h)
