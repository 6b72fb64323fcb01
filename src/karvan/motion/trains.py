"""Stages of trains and trucks: where they are boarded, the sections, the change of gauge."""

import math

from karvan.freight.resources import DAYS_A_YEAR
from karvan.motion import fleets
from karvan.motion.bench import Bench, Fill
from karvan.motion.clock import DAY_H
from karvan.motion.handling import border, time_of
from karvan.motion.journeys import Handling, Move, Ride
from karvan.motion.plan import Boarding, Label, Passage
from karvan.motion.times import moving
from karvan.network.model import Row
from karvan.simulation.model import UNLIMITED, Batch, Step
from karvan.simulation.variates import Distribution

ROUNDING = 1e-6
"""Of a track: four that are needed are not five because of the last digit of a mean."""

LEAST_SHARE = 1e-3
"""Of groups that need a path of their own: a share has to be above 0."""


def train(bench: Bench, ride: Ride) -> tuple[Passage, ...]:
    """Return the stages of a ride by rail, the one where it is boarded first."""
    name = " ".join(("train", ride.carrier.name, *ride.nodes[:: len(ride.nodes) - 1], *_way(ride)))
    if name in bench.ways:
        return bench.ways[name]
    steps: list[Step] = []
    passages: list[Passage] = []
    legs = []
    for move in ride.moves:
        gate = _gate(bench, move)
        if gate:
            share = _share_of_a_path(bench, ride, move)
            steps.append(Step(stage=gate, probability=share))
            passages.append(Passage(gate, 0.0, move.from_node, move.to_node, share))
        section, time = _section(bench, move)
        steps.append(Step(stage=section, service_h=time))
        passages.append(Passage(section, time.mean(), move.from_node, move.to_node))
        legs.append((section, move.from_node, move.to_node, str(move.link["id"])))
        more_steps, more_passages = border(bench, move)
        steps += more_steps
        passages += more_passages
    if ride.gauge:
        yard = gauge_yard(bench, ride.gauge)
        steps.append(Step(stage=yard.stage))
        passages.append(yard)
    service = ride.carrier.service
    kind = ("service", service["id"]) if service else ("link", legs[0][3])
    label = Label((*kind, ride.nodes[0], ride.nodes[-1], ""), "", "trains")
    if service is not None and fleets.size_of(bench, service):
        fleets.boarding(bench, ride, service, name, steps, label)
    else:
        batch = _departures(bench, ride, bench.carrier(name, steps))
        bench.stage(name, label, servers=UNLIMITED, batch=batch)
    places = service["capacity_teu"] if service else (ride.board.rate or {})["teu_per_train"]
    bench.rides[name] = Boarding("train", service["id"] if service else "", tuple(legs), places)
    bench.ways[name] = (Passage(name, 0.0, ride.nodes[0]), *passages)
    return bench.ways[name]


def _way(ride: Ride) -> tuple[str, ...]:
    """What tells rides between the same places apart, if they go by different ways."""
    links = tuple(str(move.link["id"]) for move in ride.moves)
    if ride.carrier.service is not None:
        links = ()
    gauge = (str(ride.gauge.transfer["id"]),) if ride.gauge else ()
    return ("by", *links, *gauge) if links or gauge else ()


def _departures(bench: Bench, ride: Ride, carrier: str) -> Batch:
    """Return when trains leave of which there is one whenever it is needed."""
    service = ride.carrier.service
    if service is not None:
        return service_batch(bench, ride, service, carrier)
    rate = ride.board.rate or {}
    period = float(rate["headway_h"])
    return Batch(
        most=fleets.ON_BOARD,
        timetable_h=(bench.phase(period),),
        period_h=period,
        max_length_m=rate["teu_per_train"],
        max_weight_t=rate["t_per_train"],
        carrier=carrier,
    )


def service_batch(bench: Bench, ride: Ride, service: Row, carrier: str) -> Batch:
    """Return the departures of a service that has a train or ship whenever it needs one."""
    limits = fleets.limits_of(service) | {"carrier": carrier}
    if service["departure"] == "timetable" and ride.timetable >= 0:
        times = bench.timetables
        first, last = times.start[ride.timetable], times.start[ride.timetable + 1]
        hours = sorted(bench.clock.of_week(float(h)) for h in times.departure_h[first:last])
        period = float(times.period_h[ride.timetable])
        return Batch(timetable_h=tuple(hours), period_h=period, fill=0, **limits)
    headway = float(service["headway_h"] or 0.0)
    if headway == 0.0:
        return Batch(fill=1, **limits)
    if service["departure"] == "on_fill" and service["mode"] == "rail":
        return Batch(max_wait_h=headway, **limits)
    return Batch(timetable_h=(bench.phase(headway),), period_h=headway, fill=0, **limits)


def gate_name(bench: Bench, link: Row, start: str, end: str) -> str:
    """Return the stage that lets trains onto a section in a direction, or in both together."""
    return f"track {link['id']}" + ("" if by_weight(bench, link) else f" {start}>{end}")


def by_weight(bench: Bench, link: Row) -> bool:
    """Whether what limits a section is tonnes a year, of both directions together."""
    trains = link["capacity_trains_per_day"]
    load = bench.rates[link["rate_id"]]["t_per_train"]
    if link["capacity_t_per_year"] is None or not load:
        return False
    return trains is None or link["capacity_t_per_year"] / load / DAYS_A_YEAR < 2.0 * trains


def _gate(bench: Bench, move: Move) -> str | None:
    """Return the stage that lets trains onto a section one after the other; None without limit."""
    link = move.link
    headway = headway_of(bench, link)
    if not headway:
        return None
    ends = ("", "") if by_weight(bench, link) else (move.from_node, move.to_node)
    place = ("link", str(link["id"]), *ends, "track")
    # A train that waits for the one before it is in a queue, whatever the kernel calls it.
    label = Label(place, "", "trains", hours_each=headway, resource=True, waits={"pool": "queue"})
    name = gate_name(bench, link, move.from_node, move.to_node)
    return bench.stage(name, label, servers=UNLIMITED, headway_h=headway)


def _section(bench: Bench, move: Move) -> tuple[str, Distribution]:
    link, arc = move.link, move.arc
    name = f"link {link['id']} {move.from_node}>{move.to_node}"
    place = ("link", link["id"], move.from_node, move.to_node, "")
    bench.stage(name, Label(place, "moving", "trains"), servers=UNLIMITED)
    return name, moving(arc.move_h, arc.move_fast_h, arc.move_slow_h)


def _share_of_a_path(bench: Bench, ride: Ride, move: Move) -> float:
    """Return how often what leaves together needs a path of its own.

    Block trains always do.  Wagons in general go with those of others: a group that fills a fifth
    of a train takes a path once in five, so that the track carries the trains that they make up.
    """
    if ride.carrier.service is not None:
        return 1.0
    fill = bench.fill_of.get(ride.key, Fill(0.0, 0.0))
    share = fill.weight if by_weight(bench, move.link) else fill.trains
    return min(1.0, max(share, LEAST_SHARE))


def headway_of(bench: Bench, link: Row) -> float:
    """Return the least time between two trains by the capacity of a section [h]; 0 for none.

    A section counts as full while trains still take only a part of its time, see
    :class:`karvan.case.settings.SimulationSettings`; two of them can follow in that part.
    """
    occupied = DAY_H * bench.case.settings.simulation.track_occupancy
    if by_weight(bench, link):
        load = float(bench.rates[link["rate_id"]]["t_per_train"])
        return occupied * DAYS_A_YEAR * load / max(float(link["capacity_t_per_year"]), 1e-6)
    trains = link["capacity_trains_per_day"]
    return 0.0 if trains is None else occupied / max(float(trains), 1e-6)


def gauge_yard(bench: Bench, part: Handling) -> Passage:
    """Return the stage where whole trains change gauge: as many tracks as its capacity needs.

    The last track counts whole: with one fewer the yard could not pass what is declared.
    """
    name = f"gauge change {part.transfer['id']}"
    time = time_of(bench, part.transfer)
    yards = [t for t in bench.terminals.get(part.node, ()) if t["kind"] == "gauge_change"]
    trains = sum(t["capacity_trains_per_day"] or 0.0 for t in yards)
    tracks = max(1, math.ceil(trains * time.mean() / DAY_H - ROUNDING)) if trains else None
    row = ("terminal", yards[0]["id"]) if yards else ("transfer", part.transfer["id"])
    label = Label((*row, "", "", "gauge_change"), "handling", "trains", tracks, resource=True)
    bench.stage(name, label, servers=tracks or UNLIMITED, service_h=time)
    bench.yards[part.node] = name
    return Passage(name, time.mean(), part.node)


def truck(bench: Bench, ride: Ride) -> tuple[Passage, ...]:
    """Return the stages of a ride by road: the wait for a truck, then the roads."""
    headway = ride.board.headway_h
    start = ride.nodes[0]
    name = f"trucks at {start}"
    wait = Distribution("uniform", (0.0, headway))
    link = str(ride.moves[0].link["id"])
    label = Label(("link", link, start, "", ""), "batch", "trucks")
    bench.stage(name, label, servers=UNLIMITED, service_h=wait)
    passages = [Passage(name, wait.mean(), start)]
    for move in ride.moves:
        row, arc = move.link, move.arc
        name = f"road {row['id']} {move.from_node}>{move.to_node}"
        time = moving(arc.move_h, arc.move_fast_h, arc.move_slow_h)
        label = Label(("link", row["id"], move.from_node, move.to_node, ""), "moving", "trucks")
        bench.stage(name, label, servers=UNLIMITED, service_h=time)
        passages += [
            Passage(name, time.mean(), move.from_node, move.to_node),
            *border(bench, move)[1],
        ]
    return tuple(passages)
