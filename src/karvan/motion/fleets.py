"""Ships and wagon sets that go to and fro between the two ends of a service."""

from dataclasses import replace
from typing import Any

from karvan.freight.routing import date_of
from karvan.motion.bench import Bench
from karvan.motion.journeys import Ride
from karvan.motion.plan import NOTHING, Fleet, Label
from karvan.network.model import Row
from karvan.network.opening import open_rows
from karvan.network.transfers import SHIPS
from karvan.schema import list_of
from karvan.simulation.model import UNLIMITED, Batch, Class, Pool, Step
from karvan.simulation.variates import constant

AT_ONCE_H = 1.0
"""On the side with less cargo the gap to the last departure holds none back that is there [h].

Assumed: ships that come together leave an hour apart, far below any time in port.
"""

ON_BOARD = 10_000
"""More lots than any train or ship has places for: places and weight are what limits it."""


def size_of(bench: Bench, service: Row) -> int:
    """Return how many ships or wagon sets a service has; 0 where it is not known.

    What operations.csv says, else the ships of fleets.csv that are on this service alone.
    """
    if service["departure"] == "timetable":
        return 0
    name = str(service["id"])
    alone = 0
    if service["mode"] in SHIPS:
        rows = open_rows(bench.case.table("fleets"), date_of(bench.case))
        for row in rows:
            if list_of(str(row["service_ids"] or "")) == (name,):
                alone += int(str(row["count"]))
    return round(bench.operations.value("services", name, "fleet", float(alone)))


def boarding(
    bench: Bench, ride: Ride, service: Row, name: str, steps: list[Step], label: Label
) -> None:
    """Add the stage where a fleet is boarded, and to the steps that the ship or train is free."""
    start, end = ride.nodes[0], ride.nodes[-1]
    steps.append(Step(stage=_turn(bench, service, end)))
    carrier = bench.carrier(name, steps)
    _pools(bench, service, (start, end))
    takes = {_pool(service, start): 1}
    batch = _batch(bench, service, start, carrier)
    bench.stage(name, label, servers=UNLIMITED, batch=batch, takes=takes, gives={})
    known = bench.fleets.get(str(service["id"]))
    pools = (_pool(service, start), _pool(service, end))
    fleet = known or Fleet(str(service["id"]), size_of(bench, service), (), pools, label.unit)
    bench.fleets[fleet.service] = replace(fleet, boarding=(*fleet.boarding, name))
    bench.voyages[str(service["id"]), start] = ride
    if _is_light(bench, service, start):
        _orders(bench, name)


def _is_light(bench: Bench, service: Row, node: str) -> bool:
    return bench.heavier[str(service["id"])] != node


def limits_of(service: Row) -> dict[str, Any]:
    """Return what one departure of a service can take, as columns of a batch."""
    return {
        "most": ON_BOARD,
        "max_length_m": service["capacity_teu"] or None,
        "max_weight_t": service["capacity_t"] or None,
    }


def _batch(bench: Bench, service: Row, start: str, carrier: str) -> Batch:
    """Return when one leaves: full, or so long after the last one; the lightly loaded at once."""
    headway = float(service["headway_h"] or 0.0)
    gap = bench.operations.value("services", str(service["id"]), "max_gap_h", headway) or None
    light, ship = _is_light(bench, service, start), service["mode"] in SHIPS
    return Batch(
        carrier=carrier,
        max_gap_h=AT_ONCE_H if light else gap if ship else None,
        max_wait_h=None if light or ship else gap,
        **limits_of(service),
    )


def _pool(service: Row, node: str) -> str:
    return f"fleet {service['id']} at {node}"


def _pools(bench: Bench, service: Row, ends: tuple[str, str]) -> None:
    """Add the pools of both ends; all units begin where more cargo is."""
    for node in ends:
        name = _pool(service, node)
        if name in bench.pools:
            continue
        if not _is_light(bench, service, node):
            bench.pools[name] = Pool(id=name, units=size_of(bench, service))
            continue
        # A pool of nothing would be a mistake of a model, so its first unit is sent away.
        bench.pools[name] = Pool(id=name, units=1)
        stage = f"no {name}"
        bench.stage(stage, NOTHING, takes={name: 1}, gives={})
        bench.classes[stage] = Class(id=stage, route=(Step(stage=stage),))
        bench.source(stage, stage, every_h=constant(0.0), count=1)


def _turn(bench: Bench, service: Row, node: str) -> str:
    """Return the stage where a ship or train is free for its next trip."""
    name = f"turn {service['id']} at {node}"
    gives = {_pool(service, node): 1}
    return bench.stage(name, NOTHING, servers=UNLIMITED, takes={}, gives=gives)


def _orders(bench: Bench, stage: str) -> None:
    """Let somebody without a place arrive at times, so that what has no cargo leaves as well."""
    name = f"orders {stage}"
    bench.classes[name] = Class(id=name, route=(Step(stage=stage),))
    bench.source(name, name, every_h=constant(bench.case.settings.simulation.empty_return_h))
