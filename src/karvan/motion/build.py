"""A simulation model of a case and its assignment."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from karvan.case import Case
from karvan.case.no_alternative import UNSERVED
from karvan.errors import ModelError, Problem
from karvan.freight.corridor import CorridorAssignment
from karvan.freight.resources import DAYS_A_YEAR, LOOSE
from karvan.motion.bench import Bench, Fill
from karvan.motion.clock import DAY_H, Clock
from karvan.motion.handling import handling, limit_lines
from karvan.motion.journeys import (
    Handling,
    Journey,
    Ride,
    journeys_of,
    simulated_alternatives,
)
from karvan.motion.operations import operations_of
from karvan.motion.plan import Passage, Plan
from karvan.motion.ships import returns, ship
from karvan.motion.trains import by_weight, gate_name, train, truck
from karvan.network.model import ArcKind, Row
from karvan.network.transfers import SHIPS
from karvan.simulation.model import Class, Step
from karvan.simulation.variates import Distribution


def plan_of(case: Case, found: CorridorAssignment, probes: Sequence[Journey] = ()) -> Plan | None:
    """Return the simulation of a case with the flows that its assignment found.

    None where nothing goes by an alternative that is simulated.

    Parameters
    ----------
    case : Case
    found : CorridorAssignment
        Of the same case.
    probes : sequence of Journey
        Go beside them.

    Raises
    ------
    ModelError
        A lot is larger than any train or ship that it should go aboard.
    """
    settings = case.settings.simulation
    clock = Clock(case.year, DAY_H * settings.warmup_days)
    operations = operations_of(case)
    assigned, left_out = journeys_of(case, found, operations, settings.least_teu_per_year)
    journeys = (*assigned, *probes)
    if not journeys:
        return None
    _require_lots_that_fit(journeys)
    bench = Bench(case, clock, operations, found.network.timetables)
    bench.heavier = dict(_heavier_ends(journeys))
    bench.fill_of = _fills(bench, journeys)
    passages = {journey.id: _journey(bench, journey) for journey in journeys}
    returns(bench)
    limit_lines(bench)
    _background(bench, found, simulated_alternatives(case))
    return Plan(
        model=bench.model(f"{case.settings.name} {case.scenario or case.year}"),
        clock=clock,
        labels=bench.labels,
        journeys=journeys,
        passages=passages,
        rides=bench.rides,
        fleets=tuple(bench.fleets.values()),
        left_out_teu=left_out,
    )


def _require_lots_that_fit(journeys: Sequence[Journey]) -> None:
    """Refuse lots that would wait for ever, by commodity and what they should go aboard."""
    problems: dict[tuple[str, str], Problem] = {}
    for journey in journeys:
        goods, lot = str(journey.flow.goods["id"]), journey.lot
        for part in journey.parts:
            if not isinstance(part, Ride) or part.carrier.mode == "road":
                continue
            places, weight = part.most
            if lot.places_teu > places or lot.weight_t > weight:
                aboard = part.carrier.name
                problems[goods, aboard] = Problem(
                    "operations.lot.size",
                    f"operations.csv or [simulation] of case.toml, lot of '{goods}'",
                    f"{lot.places_teu:g} TEU and {lot.weight_t:g} t as one",
                    f"at most the {places:g} TEU and {weight:g} t of one departure of "
                    f"'{aboard}'; it would wait for ever",
                )
    if problems:
        raise ModelError(list(problems.values()))


def _heavier_ends(journeys: tuple[Journey, ...]) -> Mapping[str, str]:
    """Return by service the node where its cargo needs more departures."""
    loads: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for journey in journeys:
        lots = journey.teu_per_year / journey.lot.teu
        for part in journey.parts:
            service = part.carrier.service if isinstance(part, Ride) else None
            if service is None or not isinstance(part, Ride):
                continue
            places, weight = part.most
            need = max(journey.lot.places_teu / places, journey.lot.weight_t / weight)
            loads[str(service["id"])][part.nodes[0]] += lots * need
    return {service: max(sorted(ends), key=ends.__getitem__) for service, ends in loads.items()}


def _fills(bench: Bench, journeys: tuple[Journey, ...]) -> dict[tuple[str, ...], Fill]:
    """Return how much of a train the wagons of each ride in general trains fill in the mean."""
    fills: dict[tuple[str, ...], Fill] = defaultdict(lambda: Fill(0.0, 0.0))
    for journey in journeys:
        for part in journey.parts:
            if not isinstance(part, Ride) or part.carrier.service is not None:
                continue
            most_teu, most_t = part.most
            lots = journey.teu_per_year / journey.lot.teu / bench.clock.year_h
            lots *= part.board.headway_h
            weight = lots * journey.lot.weight_t / most_t
            places = lots * journey.lot.places_teu / most_teu
            before = fills[part.key]
            trains = places if journey.lot.places_teu else weight
            fills[part.key] = Fill(before.trains + trains, before.weight + weight)
    return fills


def _journey(bench: Bench, journey: Journey) -> tuple[Passage, ...]:
    """Add the class and the source of a journey, and return what it passes."""
    steps: list[Step] = []
    passages: list[Passage] = []
    for part in journey.parts:
        if isinstance(part, Handling):
            met = handling(bench, part)
            steps += [Step(stage=p.stage, service_h=p.time, probability=p.share) for p in met]
            passages += met
            continue
        mode = part.carrier.mode
        if mode == "road":
            way = truck(bench, part)
            steps += [Step(stage=p.stage, probability=p.share) for p in way]
        else:
            way = ship(bench, part) if mode in SHIPS else train(bench, part)
            steps.append(Step(stage=way[0].stage))
        passages += way
    lot = journey.lot
    bench.classes[journey.id] = Class(
        id=journey.id, route=tuple(steps), length_m=lot.places_teu, weight_t=lot.weight_t
    )
    every = bench.clock.year_h / (journey.teu_per_year / lot.teu)
    bench.source(journey.id, journey.id, every_h=Distribution("exponential", (every,)))
    return tuple(passages)


def _background(bench: Bench, found: CorridorAssignment, simulated: frozenset[str]) -> None:
    """Add the trains of everybody else on sections with a capacity that the simulation uses."""
    others = _other_trains(bench, found, simulated)
    trains = [
        (stage, amount, start, end, str(link["gauge_mm"] or ""), str(link["id"]))
        for link in bench.case.table("links").iter_rows(named=True)
        for start, end in _directions(link)
        for stage in (gate_name(bench, link, start, end),)
        if stage in bench.stages
        for amount in (_trains_a_day(bench, link) + others.get((link["id"], start), 0.0),)
        if amount > 0.0
    ]
    busiest = _busiest_gauges(bench, trains)
    for stage, amount, start, end, gauge, link in trains:
        route = [Step(stage=stage)]
        if busiest.get(start) == gauge:
            route.insert(0, Step(stage=bench.yards[start]))
        if busiest.get(end) == gauge:
            route.append(Step(stage=bench.yards[end]))
        name = f"other trains {link} {start}>{end}"
        every = Distribution("exponential", (DAY_H / amount,))
        bench.classes[name] = Class(id=name, route=tuple(route))
        bench.source(name, name, every_h=every)


def _directions(link: Row) -> tuple[tuple[str, str], ...]:
    ends = (link["from_node"], link["to_node"])
    return (ends, ends[::-1]) if link["both_directions"] else (ends,)


def _trains_a_day(bench: Bench, link: Row) -> float:
    """Return the background trains of a link in each direction."""
    trains = float(link["background_trains_per_day"] or 0.0)
    load = bench.rates[link["rate_id"]]["t_per_train"]
    if link["background_t_per_year"] and load:
        trains += link["background_t_per_year"] / load / DAYS_A_YEAR / 2.0
    return trains


def _busiest_gauges(
    bench: Bench, trains: list[tuple[str, float, str, str, str, str]]
) -> Mapping[str, str]:
    """Return by node with a yard the gauge on which most of the others come and go.

    Each of their trains changes gauge once, so only those of one gauge are sent to the yard.
    """
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for _, amount, start, end, gauge, _ in trains:
        for node in (start, end):
            if node in bench.yards:
                sums[node][gauge] += amount
    return {node: max(sorted(by), key=by.__getitem__) for node, by in sums.items()}


def _other_trains(
    bench: Bench, found: CorridorAssignment, simulated: frozenset[str]
) -> dict[tuple[str, str], float]:
    """Return trains a day by link and the node where they enter, of cargo that is not simulated."""
    network = found.network
    tails = network.tail()
    trains: dict[tuple[str, str], float] = defaultdict(float)
    for position, path in enumerate(found.paths):
        teu = float(found.equilibrium.flow[position])
        if path.alternative == UNSERVED or path.alternative in simulated or teu <= 0.0:
            continue
        goods = found.flows[path.flow].goods
        for arc in path.arcs:
            row = network.arcs[arc]
            if row.kind != ArcKind.MOVE or row.link is None or row.link["mode"] != "rail":
                continue
            rate = bench.rates[row.link["rate_id"]]
            in_tonnes = goods["cargo"] == LOOSE or by_weight(bench, row.link)
            load = rate["t_per_train"] if in_tonnes else rate["teu_per_train"]
            amount = teu * goods["payload_t_per_teu"] if in_tonnes else teu
            start = network.node_ids[network.state_node[tails[arc]]]
            if load:
                trains[row.link["id"], start] += amount / load / DAYS_A_YEAR
    return trains
