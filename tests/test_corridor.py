"""The assignment of a case: flows, loads, capacity, constants, and the shipped corridor."""

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from corridor_cases import BOXES, BOXES_WEST, GRAIN, fork
from karvan.case import Case, read_case
from karvan.case.demand_checks import RESERVED_ALTERNATIVES
from karvan.case.model import resolve
from karvan.case.no_alternative import NO_ALTERNATIVE, UNSERVED
from karvan.case.settings import Change, ChoiceSettings
from karvan.errors import AssignmentError
from karvan.freight.choicesets import Flow, PathOfFlow
from karvan.freight.corridor import CorridorAssignment, assign, flows_of, queue_h, with_capacity
from karvan.freight.pathsets import alternatives_of
from karvan.freight.routing import network_at
from karvan.network.model import CO2E

ASSUMED = ChoiceSettings()

SCARCE = {"ax": {"capacity_trains_per_day": 0.1}}
"""1826 TEU a year in each direction."""


def by_alternative(found: CorridorAssignment, flow: str = "ab") -> dict[str, float]:
    teu: dict[str, float] = defaultdict(float)
    for path, amount in zip(found.paths, found.equilibrium.flow, strict=True):
        if found.flows[path.flow].id == flow:
            teu[path.alternative] += float(amount)
    return dict(teu)


def check_flows(found: CorridorAssignment) -> None:
    """Flows conserve, loads are what the paths use, and no load is above a capacity."""
    solved = found.equilibrium
    teu = np.bincount([path.flow for path in found.paths], solved.flow)
    assert teu == pytest.approx([flow.teu for flow in found.flows], rel=1e-9)
    load = np.zeros(len(found.resources))
    for path, amount in zip(found.paths, solved.flow, strict=True):
        for arc in path.arcs:
            for use in found.usage.arcs.get(int(arc), ()):
                load[use.resource] += use.of_unit(found.flows[path.flow].goods) * amount
    assert solved.load == pytest.approx(load, rel=1e-9, abs=1e-9)
    capacity = np.array([resource.capacity for resource in found.resources])
    assert (load <= capacity * (1.0 + 1e-9)).all()
    assert solved.converged


@pytest.fixture(scope="module")
def free() -> CorridorAssignment:
    return assign(fork())


@pytest.fixture(scope="module")
def scarce() -> CorridorAssignment:
    return assign(fork(links=SCARCE))


def test_flows_of_a_case_with_room_are_logit_shares(free: CorridorAssignment) -> None:
    check_flows(free)
    assert not free.equilibrium.price.any()
    teu, cost = by_alternative(free), {}
    for path in free.paths:
        if free.flows[path.flow].id == "ab":
            cost[path.alternative] = path.cost
    # The routes share no link, so that path sizes are 1.
    for route in ("by-y", "by-z"):
        odds = np.log(teu["by-x"] / teu[route])
        assert odds == pytest.approx(ASSUMED.scale_per_usd * (cost[route] - cost["by-x"]), rel=1e-9)
    assert cost[UNSERVED] == pytest.approx(ASSUMED.unserved_cost_factor * cost["by-x"])


def test_a_full_railway_has_a_price_and_its_cargo_goes_elsewhere(
    free: CorridorAssignment, scarce: CorridorAssignment
) -> None:
    check_flows(scarce)
    names = [(r.id, r.from_node) for r in scarce.resources]
    full = names.index(("ax", "a"))
    assert scarce.equilibrium.price[full] > 0.0
    assert by_alternative(scarce)["by-x"] == pytest.approx(0.1 * 365.25 * 50.0)
    assert by_alternative(scarce)["by-y"] > by_alternative(free)["by-y"]


def test_cargo_stays_away_where_room_would_cost_more_than_it_pays() -> None:
    narrow = {"capacity_trains_per_day": 0.1}
    found = assign(fork(links={"ax": narrow, "ay": narrow, "az": narrow}))
    check_flows(found)
    assert by_alternative(found)[UNSERVED] == pytest.approx(10000.0 - 3 * 0.1 * 365.25 * 50.0)


def test_loose_cargo_and_boxes_share_trains_by_their_own_units() -> None:
    flows = [
        {"commodity_id": "containers", **BOXES_WEST},
        {
            "commodity_id": "grain",
            **BOXES_WEST,
            "id": "grain",
            "flow_teu_per_year": "",
            "flow_t_per_year": 100000,
        },
    ]
    found = assign(fork(links=SCARCE, commodities=[BOXES, GRAIN], flows=flows))
    check_flows(found)
    boxes, grain = by_alternative(found)["by-x"], by_alternative(found, "grain")["by-x"]
    assert found.flows[1].teu == 5000.0
    assert boxes / 50.0 + 20.0 * grain / 1000.0 == pytest.approx(0.1 * 365.25)


@pytest.mark.parametrize("constant", [-60.0, 60.0])
def test_a_constant_moves_the_log_odds_of_its_alternative(
    free: CorridorAssignment, constant: float
) -> None:
    row = {
        "id": "c",
        "alternative_id": "by-y",
        "commodity_id": "containers",
        "constant_usd_per_teu": constant,
    }
    before, after = by_alternative(free), by_alternative(assign(fork(constants=[row])))
    moved = np.log(after["by-y"] / after["by-z"]) - np.log(before["by-y"] / before["by-z"])
    assert moved == pytest.approx(-ASSUMED.scale_per_usd * constant, rel=1e-9)


def test_co2e_grows_with_the_tonnes_of_a_teu() -> None:
    flows = [
        {"commodity_id": "containers", **BOXES_WEST},
        {"commodity_id": "grain", **BOXES_WEST, "id": "grain"},
    ]
    found = assign(fork(commodities=[BOXES, GRAIN], flows=flows))
    kg = defaultdict[str, dict[str, float]](dict)
    for path, amount in zip(found.paths, found.path_costs(CO2E), strict=True):
        kg[found.flows[path.flow].goods["id"]][path.alternative] = float(amount)
    assert min(kg["containers"][route] for route in ("by-x", "by-y", "by-z")) > 0.0
    assert kg["containers"][UNSERVED] == 0.0
    # Railways alone, and grain has 20 t a TEU where boxes have 10.
    assert kg["grain"] == pytest.approx(
        {route: 2.0 * one for route, one in kg["containers"].items()}
    )


def test_a_case_chooses_its_own_scale_and_its_own_price_of_staying_away() -> None:
    case = fork(links=SCARCE)
    chosen = ChoiceSettings(scale_per_usd=0.01, unserved_cost_factor=3.0)
    found = assign(replace(case, settings=case.settings.model_copy(update={"choice": chosen})))
    assert set(found.problem.scale) == {0.01}
    cost = [path.cost for path in found.paths if found.flows[path.flow].id == "ab"]
    assert max(cost) == pytest.approx(3.0 * min(cost))


def test_a_market_may_pay_more_before_its_cargo_stays_away() -> None:
    west = {**BOXES_WEST, "commodity_id": "containers"}
    flows = [{**west, "market": "dear"}, {**west, "id": "b2", "year": 2023, "market": "other"}]
    names = {"name_en": "x"}
    own = [{"id": "dear", **names, "unserved_cost_factor": 5.0}, {"id": "other", **names}]
    found = assign(fork(flows=flows, markets=own))
    cost = [path.cost for path in found.paths]
    assert max(cost) == pytest.approx(5.0 * min(cost))
    assert [path.alternative for path in found.paths if path.cost == max(cost)] == [UNSERVED]
    other = assign(fork(flows=[{**west, "market": "other"}], markets=own[1:]))
    cost = [path.cost for path in other.paths]
    assert max(cost) == pytest.approx(2.0 * min(cost))


def test_a_larger_scale_concentrates(free: CorridorAssignment) -> None:
    steep = assign(fork(commodities=[{**BOXES, "choice_scale_per_usd": 0.1}]))
    assert by_alternative(steep)["by-x"] > by_alternative(free)["by-x"]
    assert by_alternative(steep)["by-z"] < by_alternative(free)["by-z"]


def test_the_last_year_with_flows_up_to_that_of_the_case_counts() -> None:
    case = read_case("two-port")
    assert flows_of(case)[0] == 2024
    assert flows_of(replace(case, year=2029))[0] == 2024
    year, flows = flows_of(replace(case, year=2031))
    assert year == 2030
    assert {flow.id: flow.teu for flow in flows} == {
        "east-west-2030": 9000.0,
        "west-east-2030": 6000.0,
    }


def test_a_case_without_flows_says_what_to_do() -> None:
    with pytest.raises(AssignmentError, match="has no flows: expected flows of 2024 or before"):
        assign(fork(flows=[]))
    with pytest.raises(AssignmentError, match="flows of 2024 and later: expected flows of 2020"):
        assign(replace(fork(), year=2020))


def test_flows_that_lead_nowhere_are_kept_apart() -> None:
    nowhere = {"commodity_id": "containers", **BOXES_WEST, "id": "off", "destination": "far"}
    found = assign(fork(flows=[{"commodity_id": "containers", **BOXES_WEST}, nowhere]))
    assert [flow.id for flow in found.unreachable] == ["off"]
    assert [flow.id for flow in found.flows] == ["ab"]
    with pytest.raises(AssignmentError, match="no flow of 2024 has a path: off"):
        assign(fork(flows=[nowhere]))


def test_a_start_from_an_earlier_assignment_gives_the_same(
    free: CorridorAssignment, scarce: CorridorAssignment
) -> None:
    again = assign(fork(links=SCARCE), start=free)
    assert again.equilibrium.flow == pytest.approx(scarce.equilibrium.flow, rel=1e-8, abs=1e-6)
    assert [list(p.arcs) for p in again.paths] == [list(p.arcs) for p in scarce.paths]


def test_the_gain_of_a_little_more_capacity_is_its_price(scarce: CorridorAssignment) -> None:
    for resource in np.flatnonzero(scarce.equilibrium.price > 0.0):
        step = 1e-4 * scarce.problem.capacity[resource]
        after, gain = with_capacity(scarce, int(resource), step)
        assert after.converged
        assert gain == pytest.approx(step * scarce.equilibrium.price[resource], rel=1e-3)
        # Prices fall as there is more, so that no step gains more than its price promises.
        _, much = with_capacity(scarce, int(resource), 1000.0 * step)
        assert 0.0 < much < 1000.0 * step * scarce.equilibrium.price[resource]


def test_what_is_no_case_or_capacity_is_named(scarce: CorridorAssignment) -> None:
    faults: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: assign(None), "case is 'None', expected what read_case"),  # type: ignore[arg-type]
        (lambda: assign(fork(), start=5), "start is 5, expected what assign"),  # type: ignore[arg-type]
        (lambda: with_capacity(scarce, 999, 1.0), "resource is 999, expected 0 to"),
        (lambda: with_capacity(scarce, -1, 1.0), "resource is -1"),
        (lambda: with_capacity(scarce, 0, "more"), "more is 'more'"),  # type: ignore[arg-type]
        (lambda: with_capacity(scarce, 0, float("nan")), "found nan"),
        (lambda: with_capacity(scarce, 0, -1e9), "expected > 0"),
    )
    for call, message in faults:
        with pytest.raises(AssignmentError, match=message):
            call()


def test_next_sections_of_a_line_have_one_price_and_the_wider_sets_a_limit() -> None:
    found = assign(fork(links={**SCARCE, "xb": {"capacity_trains_per_day": 0.11}}))
    check_flows(found)
    names = [(r.id, r.from_node) for r in found.resources]
    first, second = names.index(("ax", "a")), names.index(("xb", "x"))
    assert found.twins[first] == (second,)
    assert found.equilibrium.price[first] > 0.0
    assert found.equilibrium.price[second] == 0.0
    # A train a day more cannot bring more than the wider section lets pass.
    after, _ = with_capacity(found, first, 365.0)
    assert after.load[first] == pytest.approx(0.11 * 365.25)


def test_the_same_case_gives_the_same_bytes() -> None:
    first, second = (assign(fork(links=SCARCE)) for _ in range(2))
    for name in ("flow", "price", "load", "cost", "expected_cost"):
        assert getattr(first.equilibrium, name).tobytes() == (
            getattr(second.equilibrium, name).tobytes()
        )


def test_the_two_port_case_fills_its_ferry() -> None:
    half = {"where": {"id": "ferry"}, "column": "capacity_teu", "value": 30}
    case = resolve(
        read_case("two-port"),
        overrides=[Change(table="services", action="set", status="assumed", **half)],
    )
    found = assign(case)
    check_flows(found)
    places = 30 * 8766.0 / 84.0
    assert by_alternative(found, "east-west-2024")["over-the-sea"] == pytest.approx(places)
    assert by_alternative(found, "east-west-2024")[UNSERVED] == pytest.approx(5940.0 - places)


def test_the_wait_for_room_grows_with_utilization(scarce: CorridorAssignment) -> None:
    ferry = next(r for r in assign(read_case("two-port")).resources if r.kind == "service")
    assert queue_h(ferry, 0.5 * ferry.capacity) == pytest.approx(42.0)
    assert queue_h(ferry, 0.75 * ferry.capacity) == pytest.approx(126.0)
    assert queue_h(ferry, ferry.capacity) is None
    assert queue_h(scarce.resources[0], 1.0) is None


@pytest.fixture(scope="module")
def base_2024(middle_corridor: Case) -> CorridorAssignment:
    return assign(middle_corridor.with_scenario("base-2024"))


def test_the_shipped_case_is_solved(base_2024: CorridorAssignment) -> None:
    check_flows(base_2024)
    solved = base_2024.equilibrium
    errors = (solved.choice_error, solved.capacity_error, solved.slack_error)
    assert max(*errors, solved.conservation_error) < 1e-9
    assert base_2024.unreachable == ()
    assert base_2024.year == 2024


def cheapest(found: CorridorAssignment, flow: Flow, cost: np.ndarray) -> list[int]:
    """Arcs of the cheapest path of a flow, by Dijkstra's search in plain Python."""
    network, (source, target) = found.network, found.finder.ends(flow.origin, flow.destination)
    nearest, above, heap = {source: 0.0}, dict[int, tuple[int, int]](), [(0.0, source)]
    while heap:
        reached, state = heapq.heappop(heap)
        if reached > nearest[state]:
            continue
        for arc in range(network.start[state], network.start[state + 1]):
            head, there = int(network.head[arc]), reached + cost[arc]
            if there < nearest.get(head, np.inf):
                nearest[head], above[head] = there, (arc, state)
                heapq.heappush(heap, (there, head))
    path = list[int]()
    while target != source:
        arc, target = above[target]
        path.append(arc)
    return path[::-1]


def test_no_way_outside_the_choice_sets_is_much_cheaper_at_the_prices(
    base_2024: CorridorAssignment, middle_corridor: Case
) -> None:
    found, usage = base_2024, base_2024.usage
    constants = {
        (row["alternative_id"], row["commodity_id"]): row["constant_usd_per_teu"]
        for row in middle_corridor.table("constants").iter_rows(named=True)
    }
    worst = 0.0
    for number, flow in enumerate(found.flows):
        cost = found.finder.cost_of(flow.goods).copy()
        for arc, own in usage.arcs.items():
            for use in own:
                price = found.equilibrium.price[use.resource]
                cost[arc] += use.of_unit(flow.goods) * price if price > 0.0 else 0.0
        cost = np.nan_to_num(cost, nan=np.inf, posinf=np.inf)
        path = cheapest(found, flow, cost)
        alternative = found.finder.alternative_of(np.array(path))
        outside = cost[path].sum() + constants.get((alternative, flow.goods["id"]), 0.0)
        inside = found.equilibrium.cost[found.problem.group == number].min()
        worst = max(worst, (inside - outside) / inside)
    assert found.path_gap == pytest.approx(worst, abs=1e-9)
    # Without looking again for paths at the prices it is 40 %.
    assert 0.0 < worst < 0.02


def test_co2e_of_a_path_is_that_of_its_arcs_for_the_payload_of_its_cargo(
    base_2024: CorridorAssignment, middle_corridor: Case
) -> None:
    case = middle_corridor.with_scenario("base-2024")
    found = base_2024.path_costs(CO2E)
    for goods in ("dry-bulk", "containers", "vehicles"):
        network = network_at(case, commodity=goods)
        assert len(network.arcs) == len(base_2024.network.arcs)
        kg = network.static_cost()[:, CO2E]
        paths = [
            position
            for position, path in enumerate(base_2024.paths)
            if len(path.arcs) and base_2024.flows[path.flow].goods["id"] == goods
        ]
        assert paths
        own = [kg[base_2024.paths[position].arcs].sum() for position in paths]
        assert found[paths] == pytest.approx(own, rel=1e-9)


def test_every_path_of_the_shipped_case_belongs_to_an_alternative(
    base_2024: CorridorAssignment, middle_corridor: Case
) -> None:
    declared = {alternative.id for alternative in alternatives_of(middle_corridor)}
    served = {path.alternative for path in base_2024.paths if len(path.arcs)}
    assert served <= declared | {NO_ALTERNATIVE}
    for path in base_2024.paths:
        assert (path.alternative == UNSERVED) == (len(path.arcs) == 0)


def test_no_alternative_of_a_case_may_be_called_as_the_results_call_other_things() -> None:
    assert {UNSERVED, NO_ALTERNATIVE} == RESERVED_ALTERNATIVES


def test_directions_of_the_shipped_case_stay_unequal(base_2024: CorridorAssignment) -> None:
    teu: dict[tuple[str, str], float] = defaultdict(float)
    for path, amount in zip(base_2024.paths, base_2024.equilibrium.flow, strict=True):
        flow = base_2024.flows[path.flow]
        if len(path.arcs):
            teu[flow.origin, flow.destination] += float(amount)
    assert 0.0 < teu["absheron", "xian"] < 0.2 * teu["xian", "absheron"]


@pytest.fixture(scope="module")
def base_2025(middle_corridor: Case) -> CorridorAssignment:
    return assign(middle_corridor.with_scenario("base-2025"))


def places_of(found: CorridorAssignment, path: PathOfFlow) -> list[str]:
    """Nodes of a path in order."""
    network = found.network
    reached = [network.node_ids[network.state_node[network.head[arc]]] for arc in path.arcs]
    nodes = [found.flows[path.flow].origin, *reached]
    return [node for n, node in enumerate(nodes) if n == 0 or node != nodes[n - 1]]


USED = 0.02
"""Share of its flow from which a path counts as used."""


@pytest.mark.parametrize("year", [2024, 2025])
def test_used_paths_of_the_shipped_case_are_ways_that_cargo_goes(
    base_2024: CorridorAssignment,
    base_2025: CorridorAssignment,
    middle_corridor: Case,
    year: int,
) -> None:
    found = {2024: base_2024, 2025: base_2025}[year]
    country = dict(middle_corridor.table("nodes").select("id", "country").iter_rows())
    for path, teu in zip(found.paths, found.equilibrium.flow, strict=True):
        flow = found.flows[path.flow]
        if not len(path.arcs) or teu < USED * flow.teu:
            continue
        nodes = places_of(found, path)
        assert len(set(nodes)) == len(nodes), flow.id
        crossed = [country[node] for node in nodes]
        assert ("RU" in crossed) <= (path.alternative == "northern"), flow.id
        # Kazakhstan is not left for Uzbekistan and entered again.
        left = [here for n, here in enumerate(crossed) if n == 0 or here != crossed[n - 1]]
        assert left.count("KZ") <= 1, flow.id


def test_no_alternative_has_a_cheaper_path_outside_the_sets(base_2025: CorridorAssignment) -> None:
    """Grain of Astana for Kuryk went round by Tashkent while the direct way was 227 USD cheaper."""
    found = base_2025
    by_place = {
        tuple(places_of(found, path))
        for path in found.paths
        if found.flows[path.flow].id == "astana-absheron-dry-bulk-2025"
    }
    direct = "astana kyzylzhar zhezkazgan saksaul shalkar beineu mangystau kuryk alat absheron"
    assert tuple(direct.split()) in by_place
    assert found.path_gap < 0.025


SOLVED_AGAIN = (
    "alat-port-phase-2",  # room in a terminal: no path differs
    "asco-third-ro-pax",  # a service more often
    "etir-ecmr",  # less dwell at borders
    "ktz-six-ships",  # a new service
    "moiynty-kyzylzhar-line",  # a new railway
)
"""Measures of each kind; the benchmark looks at every one."""


@pytest.mark.parametrize("measure", SOLVED_AGAIN)
def test_a_measure_is_solved_from_the_base_as_from_nothing(
    base_2024: CorridorAssignment, middle_corridor: Case, measure: str
) -> None:
    year = middle_corridor.measures[measure].from_year
    case = resolve(middle_corridor, scenario="base-2024", measures=[measure], year=year)
    afresh, again = assign(case), assign(case, start=base_2024)
    assert again.equilibrium.converged
    assert [list(p.arcs) for p in again.paths] == [list(p.arcs) for p in afresh.paths]
    assert again.equilibrium.flow == pytest.approx(afresh.equilibrium.flow, rel=1e-6, abs=1e-3)
