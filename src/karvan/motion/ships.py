"""Stages of ships: where they are boarded, berths, weather, the sea."""

from dataclasses import replace

from karvan.motion import fleets
from karvan.motion.bench import Bench
from karvan.motion.journeys import Move, Ride
from karvan.motion.plan import Boarding, Label, Passage
from karvan.motion.times import moving, scaled
from karvan.motion.trains import service_batch, train
from karvan.motion.weather import weather
from karvan.network.model import Row
from karvan.network.transfers import SHIPS
from karvan.simulation.model import UNLIMITED, Class, Step
from karvan.simulation.variates import Distribution

KINDS = {"sea": ("container", "multipurpose"), "ferry": ("ferry", "multipurpose")}
"""Terminals that ships of a mode call at, the fitting kind first."""


def ship(bench: Bench, ride: Ride) -> tuple[Passage, ...]:
    """Return the stages of a ride by sea, the one where it is boarded first."""
    service = ride.carrier.service or {}
    start, end = ride.nodes[0], ride.nodes[-1]
    name = f"ship {service['id']} {start}>{end}"
    if name in bench.ways:
        return bench.ways[name]
    mode, legs = str(service["mode"]), []
    passages = [berth(bench, start, mode), weather(bench, service, start, end)]
    for move in ride.moves:
        stage, passage = _sea(bench, service, move)
        passages.append(passage)
        legs.append((stage, move.from_node, move.to_node, str(move.link["id"])))
    passages.append(berth(bench, end, mode))
    met = [passage for passage in passages if passage is not None]
    steps = [Step(stage=passage.stage) for passage in met]
    label = Label(("service", str(service["id"]), start, end, ""), "", "vessels")
    if fleets.size_of(bench, service):
        fleets.boarding(bench, ride, service, name, steps, label)
    else:
        batch = service_batch(bench, ride, service, bench.carrier(name, steps))
        bench.stage(name, label, servers=UNLIMITED, batch=batch)
    places = service["capacity_teu"]
    bench.rides[name] = Boarding("vessel", str(service["id"]), tuple(legs), places)
    bench.ways[name] = (Passage(name, 0.0, start), *met)
    return bench.ways[name]


def _sea(bench: Bench, service: Row, move: Move) -> tuple[str, Passage]:
    name = f"sea {service['id']} {move.from_node}>{move.to_node}"
    time = moving(move.arc.move_h, move.arc.move_fast_h, move.arc.move_slow_h)
    place = ("service", str(service["id"]), move.from_node, move.to_node, "")
    bench.stage(name, Label(place, "moving", "vessels"), servers=UNLIMITED, service_h=time)
    return name, Passage(name, time.mean(), move.from_node, move.to_node)


def returns(bench: Bench) -> None:
    """Add the way back of ships and wagon sets that have cargo in one direction only."""
    for (service, _), ride in list(bench.voyages.items()):
        end = ride.nodes[-1]
        if (service, end) not in bench.voyages:
            back = tuple(Move(m.to_node, m.from_node, m.arc) for m in reversed(ride.moves))
            way = ship if ride.carrier.mode in SHIPS else train
            way(bench, replace(ride, moves=back, gauge=None))


def berth(bench: Bench, node: str, mode: str) -> Passage | None:
    """Return the berth where ships of a mode lie for half of their handling; None without one.

    Where nothing is known about the ship at the berth, the handling of the cargo holds it.  How
    the time divides into loading and discharge was not found; halves are assumed.
    """
    for kind in KINDS.get(mode, ()):
        for terminal in bench.terminals.get(node, ()):
            time = bench.operations.time("terminals", terminal["id"], "ship_handling_h")
            if terminal["kind"] != kind or time is None:
                continue
            name = f"berth {terminal['id']}"
            servers = terminal["berths"] or None
            place = ("terminal", terminal["id"], "", "", "berth")
            label = Label(place, "handling", "vessels", servers, resource=True)
            half = scaled(time, 0.5)
            if name not in bench.stages:
                _other_ships(bench, terminal, name, time)
            bench.stage(name, label, servers=servers or UNLIMITED, service_h=half)
            return Passage(name, half.mean(), node)
    return None


def _other_ships(bench: Bench, terminal: Row, stage: str, time: Distribution) -> None:
    """Add the ships of the terminal's background, as many as its boxes need.

    A call is one discharge and one loading, each of the mean load that operations.csv gives.
    """
    boxes = float(terminal["background_teu_per_year"] or 0.0)
    call = bench.operations.value("terminals", terminal["id"], "teu_per_call", 0.0)
    if not boxes or not call:
        return
    name = f"other ships {stage}"
    bench.classes[name] = Class(id=name, route=(Step(stage=stage, service_h=time),))
    every = bench.clock.year_h * call / boxes
    bench.source(name, name, every_h=Distribution("exponential", (every,)))
