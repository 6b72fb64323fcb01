"""Stages of ships: fleets that go to and fro, berths, weather."""

from dataclasses import replace

from karvan.motion.bench import Bench
from karvan.motion.journeys import Move, Ride
from karvan.motion.plan import Boarding, Fleet, Label, Passage
from karvan.motion.times import moving, scaled
from karvan.motion.trains import ON_A_TRAIN, service_batch
from karvan.motion.weather import weather
from karvan.network.model import Row
from karvan.simulation.model import UNLIMITED, Batch, Class, Pool, Source, Step
from karvan.simulation.variates import constant

AT_ONCE_H = 1.0
"""A ship on the side with less cargo takes what has waited since the last one left [h]."""

ORDERS_H = 6.0
"""A ship on the side with less cargo sails within this, also with nothing aboard [h]."""

KINDS = {"sea": ("container", "multipurpose"), "ferry": ("ferry", "multipurpose")}
"""Terminals that ships of a mode call at, the fitting kind first."""


def ship(bench: Bench, ride: Ride) -> tuple[Passage, ...]:
    """Return the stages of a ride by sea, the one where it is boarded first."""
    service = ride.carrier.service or {}
    start, end = ride.nodes[0], ride.nodes[-1]
    name = f"ship {service['id']} {start}>{end}"
    if name in bench.ways:
        return bench.ways[name]
    steps: list[Step] = []
    passages: list[Passage] = []
    legs = []

    def passes(passage: Passage, step: Step | None = None) -> None:
        steps.append(step or Step(stage=passage.stage))
        passages.append(passage)

    loading = berth(bench, start, str(service["mode"]))
    if loading:
        passes(loading)
    storms = weather(bench, service, start, end)
    if storms:
        passes(storms)
    for move in ride.moves:
        arc = move.arc
        link = str((arc.link or {})["id"])
        stage = f"sea {service['id']} {move.from_node}>{move.to_node}"
        time = moving(arc.move_h, arc.move_fast_h, arc.move_slow_h)
        place = ("service", service["id"], move.from_node, move.to_node, "")
        bench.stage(stage, Label(place, "moving", "vessels"), servers=UNLIMITED, service_h=time)
        passes(Passage(stage, time.mean(), move.from_node, move.to_node))
        legs.append((stage, move.from_node, move.to_node, link))
    discharging = berth(bench, end, str(service["mode"]))
    if discharging:
        passes(discharging)
    vessels = round(bench.operations.value("services", str(service["id"]), "vessels", 0.0))
    label = Label(("service", service["id"], start, end, ""), "", "TEU")
    if vessels and service["departure"] != "timetable":
        steps.append(Step(stage=_turn(bench, service, end)))
        carrier = bench.carrier(name, steps)
        _fleet(bench, service, (start, end), vessels)
        batch = _batch(bench, service, start, carrier)
        takes = {_pool(service, start): 1}
        bench.stage(name, label, servers=UNLIMITED, batch=batch, takes=takes, gives={})
        pools = (_pool(service, start), _pool(service, end))
        fleet = bench.fleets.get(str(service["id"]), Fleet(str(service["id"]), vessels, (), pools))
        bench.fleets[fleet.service] = replace(fleet, boarding=(*fleet.boarding, name))
        bench.voyages[str(service["id"]), start] = ride
        if bench.heavier.get(str(service["id"]), start) != start:
            _orders(bench, name)
    else:
        carrier = bench.carrier(name, steps)
        batch = service_batch(bench, ride, service, carrier)
        bench.stage(name, label, servers=UNLIMITED, batch=batch)
    bench.rides[name] = Boarding("vessel", str(service["id"]), tuple(legs), service["capacity_teu"])
    bench.ways[name] = (Passage(name, 0.0, start), *passages)
    return bench.ways[name]


def returns(bench: Bench) -> None:
    """Add the way back of ships that have cargo in one direction only."""
    for (service, start), ride in list(bench.voyages.items()):
        end = ride.nodes[-1]
        if (service, end) not in bench.voyages:
            back = tuple(Move(m.to_node, m.from_node, m.arc) for m in reversed(ride.moves))
            bench.heavier.setdefault(service, start)
            ship(bench, replace(ride, moves=back))


def _orders(bench: Bench, stage: str) -> None:
    """Let somebody without a place arrive at times, so that a ship without cargo sails as well."""
    name = f"orders {stage}"
    bench.classes[name] = Class(id=name, route=(Step(stage=stage),))
    bench.sources[name] = Source(id=name, **{"class": name}, every_h=constant(ORDERS_H))


def _pool(service: Row, node: str) -> str:
    return f"vessels {service['id']} at {node}"


def _fleet(bench: Bench, service: Row, ends: tuple[str, str], vessels: int) -> None:
    """Add the pools of ships at both ends; all of them begin where more cargo is."""
    heavy = bench.heavier.get(str(service["id"]), ends[0])
    for node in ends:
        name = _pool(service, node)
        if name in bench.pools:
            continue
        if node == heavy:
            bench.pools[name] = Pool(id=name, units=vessels)
            continue
        # A pool of nothing would be a mistake of a model, so the first ship is sent away.
        bench.pools[name] = Pool(id=name, units=1)
        stage = f"no {name}"
        bench.stage(stage, Label(("", "", "", "", "")), takes={name: 1}, gives={})
        bench.classes[stage] = Class(id=stage, route=(Step(stage=stage),))
        bench.sources[stage] = Source(id=stage, **{"class": stage}, every_h=constant(0.0), count=1)


def _turn(bench: Bench, service: Row, node: str) -> str:
    """Return the stage where a ship is free for its next voyage."""
    name = f"turn {service['id']} at {node}"
    pool = _pool(service, node)
    label = Label(("", "", "", "", ""))
    return bench.stage(name, label, servers=UNLIMITED, takes={}, gives={pool: 1})


def _batch(bench: Bench, service: Row, start: str, carrier: str) -> Batch:
    """Return when a ship leaves: full, or after its longest gap; lightly loaded ones at once."""
    headway = float(service["headway_h"] or 0.0)
    gap = bench.operations.value("services", str(service["id"]), "max_gap_h", headway) or None
    light = bench.heavier.get(str(service["id"]), start) != start
    return Batch(
        most=ON_A_TRAIN,
        max_length_m=service["capacity_teu"] or None,
        max_weight_t=service["capacity_t"] or None,
        max_gap_h=AT_ONCE_H if light else gap,
        carrier=carrier,
    )


def berth(bench: Bench, node: str, mode: str) -> Passage | None:
    """Return the berth where ships of a mode lie for half of their handling; None without one.

    Where nothing is known about the ship at the berth, the handling of the cargo holds it.
    """
    terminals = bench.terminals.get(node, ())
    for kind in KINDS.get(mode, ()):
        for terminal in terminals:
            time = bench.operations.time("terminals", terminal["id"], "ship_handling_h")
            if terminal["kind"] != kind or time is None:
                continue
            name = f"berth {terminal['id']}"
            servers = terminal["berths"] or None
            place = ("terminal", terminal["id"], "", "", "berth")
            label = Label(place, "handling", "vessels", servers, resource=True)
            half = scaled(time, 0.5)
            bench.stage(name, label, servers=servers or UNLIMITED, service_h=half)
            return Passage(name, half.mean(), node)
    return None
