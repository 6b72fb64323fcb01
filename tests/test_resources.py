"""Capacities of a network, and what cargo uses of them, on networks that can be counted by hand."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from karvan.case import Case, read_case
from karvan.freight.resources import DAYS_A_YEAR, HOURS_A_YEAR, usage_of
from karvan.freight.routing import network_at
from karvan.network.model import ArcKind
from network_tables import BASIC_RATES, tables

RAIL = {**BASIC_RATES[0], "teu_per_train": 50, "t_per_train": 1000}
SEA = BASIC_RATES[2]
FERRY = {"id": "ferry", "mode": "ferry", "speed_kmh": 20}
PORT = {"kind": "port"}
BOXES = {"id": "boxes", "cargo": "container", "payload_t_per_teu": 10.0}
GRAIN = {"id": "grain", "cargo": "loose", "payload_t_per_teu": 15.0}
SHIP = {
    "id": "ship",
    "mode": "sea",
    "route": "p;q",
    "headway_h": 48,
    "capacity_teu": 200,
    "capacity_t": 4000,
}


def shore(two_port: Case, **changes) -> Case:
    """a =rail= p ~ship~ q =rail= b, with `changes` to the rows of tables."""
    rows = {
        "nodes": ["a", {"id": "p", **PORT}, {"id": "q", **PORT}, "b"],
        "links": [
            {"id": "ap", "from_node": "a", "to_node": "p", "gauge_mm": 1520},
            {"id": "pq", "from_node": "p", "to_node": "q", "mode": "sea", "rate_id": "sea"},
            {"id": "qb", "from_node": "q", "to_node": "b", "gauge_mm": 1520},
        ],
        "services": [SHIP],
        "rates": [RAIL, SEA, FERRY],
        **changes,
    }
    return replace(two_port, tables=MappingProxyType(tables(**rows)))


def link(name: str, **more) -> list[dict]:
    """The links of the shore with more columns of one of them."""
    plain = [
        {"id": "ap", "from_node": "a", "to_node": "p", "gauge_mm": 1520},
        {"id": "pq", "from_node": "p", "to_node": "q", "mode": "sea", "rate_id": "sea"},
        {"id": "qb", "from_node": "q", "to_node": "b", "gauge_mm": 1520},
    ]
    return [{**row, **more} if row["id"] == name else row for row in plain]


def capacities(case: Case) -> dict[tuple[str, ...], float]:
    usage = usage_of(case, network_at(case))
    return {(r.kind, r.id, r.from_node, r.to_node, r.unit): r.capacity for r in usage.resources}


def used(case: Case, goods) -> dict[str, set[float]]:
    """What a TEU uses of each resource; more than one value if its arcs do not agree."""
    usage = usage_of(case, network_at(case))
    found: dict[str, set[float]] = {}
    for uses in usage.arcs.values():
        for use in uses:
            found.setdefault(usage.resources[use.resource].id, set()).add(use.of_unit(goods))
    return found


def test_a_year_is_a_quarter_of_four_with_a_leap_day() -> None:
    assert HOURS_A_YEAR == 24.0 * DAYS_A_YEAR == 24.0 * (4 * 365 + 1) / 4


def test_departures_count_by_direction(two_port_case: Case) -> None:
    found = capacities(shore(two_port_case))
    assert found == {
        ("service", "ship", "p", "q", "departures"): HOURS_A_YEAR / 48.0,
        ("service", "ship", "q", "p", "departures"): HOURS_A_YEAR / 48.0,
    }


def test_a_ship_that_calls_on_the_way_has_departures_on_each_hop(two_port_case: Case) -> None:
    nodes = ["a", *({"id": n, **PORT} for n in ("p", "m", "q")), "b"]
    sea = {"mode": "sea", "rate_id": "sea"}
    links = [
        {"id": "pm", "from_node": "p", "to_node": "m", **sea},
        {"id": "mq", "from_node": "m", "to_node": "q", **sea},
    ]
    calling = shore(two_port_case, nodes=nodes, links=links, services=[{**SHIP, "route": "p;m;q"}])
    assert {key[2:4] for key in capacities(calling)} == {
        ("p", "m"),
        ("m", "q"),
        ("q", "m"),
        ("m", "p"),
    }
    passing = shore(
        two_port_case,
        nodes=nodes,
        links=links,
        services=[{**SHIP, "route": "p;m;q", "stops": "p;q"}],
    )
    # Cargo cannot leave on the way: it takes one place, at the stop where it got on.
    assert {key[2] for key in capacities(passing)} == {"p", "q"}


def test_a_timetable_counts_its_departures() -> None:
    case = read_case("two-port")
    found = capacities(case)
    # Tuesday and Friday: every 84 h in the mean.
    assert found["service", "ferry", "east-port", "west-port", "departures"] == HOURS_A_YEAR / 84.0
    assert found["service", "ferry", "west-port", "east-port", "departures"] == HOURS_A_YEAR / 84.0
    assert found["terminal", "east-port-ferry", "", "", "TEU"] == 20000.0


def test_boxes_and_loose_cargo_take_different_shares_of_a_departure(two_port_case: Case) -> None:
    case = shore(two_port_case)
    assert used(case, BOXES)["ship"] == {1 / 200.0}
    assert used(case, GRAIN)["ship"] == {15.0 / 4000.0}


@pytest.mark.parametrize(
    ("missing", "refused", "taken"), [("capacity_t", GRAIN, BOXES), ("capacity_teu", BOXES, GRAIN)]
)
def test_a_service_refuses_what_it_has_no_places_for(
    two_port_case: Case, missing: str, refused, taken
) -> None:
    case = shore(two_port_case, services=[{k: v for k, v in SHIP.items() if k != missing}])
    network = network_at(case)
    usage = usage_of(case, network)
    arcs = [a for a, uses in usage.arcs.items() if network.arcs[a].kind == ArcKind.MOVE and uses]
    assert arcs
    assert set(arcs) <= set(usage.closed_to(refused))
    assert not set(arcs) & set(usage.closed_to(taken))


def test_a_service_without_places_takes_all_containers_and_nothing_else(
    two_port_case: Case,
) -> None:
    plain = {k: v for k, v in SHIP.items() if not k.startswith("capacity")}
    case = shore(two_port_case, services=[plain])
    assert set(capacities(case).values()) == {np.inf}
    assert used(case, BOXES)["ship"] == {0.0}
    network = network_at(case)
    usage = usage_of(case, network)
    assert not len(usage.closed_to(BOXES))
    assert set(usage.arcs) <= set(usage.closed_to(GRAIN))


def test_trains_count_by_direction_less_the_background(two_port_case: Case) -> None:
    links = link("ap", capacity_trains_per_day=12, background_trains_per_day=9)
    case = shore(two_port_case, links=links)
    trains = {k: v for k, v in capacities(case).items() if k[0] == "link"}
    assert trains == {
        ("link", "ap", "a", "p", "trains"): 3 * DAYS_A_YEAR,
        ("link", "ap", "p", "a", "trains"): 3 * DAYS_A_YEAR,
    }
    assert used(case, BOXES)["ap"] == {1 / 50.0}
    assert used(case, GRAIN)["ap"] == {15.0 / 1000.0}


def test_tonnes_of_a_link_count_both_ways_together_less_the_background(
    two_port_case: Case,
) -> None:
    links = link("ap", capacity_t_per_year=5000000, background_t_per_year=1200000)
    case = shore(two_port_case, links=links)
    tonnes = {k: v for k, v in capacities(case).items() if k[0] == "link"}
    assert tonnes == {("link", "ap", "", "", "t"): 3_800_000.0}
    # Boxes, too, count by their weight.
    assert used(case, BOXES)["ap"] == {10.0}
    assert used(case, GRAIN)["ap"] == {15.0}


@pytest.mark.parametrize(
    "full",
    [
        {"capacity_trains_per_day": 9, "background_trains_per_day": 10},
        {"capacity_t_per_year": 100, "background_t_per_year": 100},
    ],
)
def test_what_the_background_fills_is_closed(two_port_case: Case, full) -> None:
    case = shore(two_port_case, links=link("ap", **full))
    network = network_at(case)
    usage = usage_of(case, network)
    over = [a for a, arc in enumerate(network.arcs) if arc.link and arc.link["id"] == "ap"]
    assert {v for k, v in capacities(case).items() if k[1] == "ap"} == {0.0}
    assert over
    assert all(set(over) <= set(usage.closed_to(goods)) for goods in (BOXES, GRAIN))


FERRY_LINK = {"id": "pqf", "from_node": "p", "to_node": "q", "mode": "ferry", "rate_id": "ferry"}
FERRY_SERVICE = {**SHIP, "id": "boat", "mode": "ferry"}


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        ("container", {"sea"}),
        ("ferry", {"ferry"}),
        ("multipurpose", {"sea", "ferry"}),
        ("dry_port", {"land"}),
    ],
)
def test_terminals_count_the_ships_of_their_kind(
    two_port_case: Case, kind: str, counts: set[str]
) -> None:
    case = shore(
        two_port_case,
        links=[*link("ap"), FERRY_LINK],
        services=[SHIP, FERRY_SERVICE],
        terminals=[{"id": "t", "node": "p", "kind": kind, "capacity_teu_per_year": 900}],
    )
    network = network_at(case)
    usage = usage_of(case, network)
    tails = tails_of(network)
    seen = set()
    for arc, uses in usage.arcs.items():
        if any(usage.resources[use.resource].id == "t" for use in uses):
            states = (tails[arc], int(network.head[arc]))
            carriers = [int(network.state_carrier[s]) for s in states]
            modes = {network.carriers[c].mode for c in carriers if c >= 0}
            seen |= (modes & {"sea", "ferry"}) or {"land"}
            assert network.arcs[arc].kind in (ArcKind.LOAD, ArcKind.TRANSFER, ArcKind.UNLOAD)
    # A transfer between ship and ferry counts at both terminals.
    assert counts <= seen
    assert seen <= counts | ({"sea", "ferry"} if counts & {"sea", "ferry"} else set())


def tails_of(network) -> list[int]:
    return [
        state
        for state in range(network.n_states)
        for _ in range(int(network.start[state + 1] - network.start[state]))
    ]


def test_a_terminal_counts_boxes_and_tonnes_apart_less_the_background(
    two_port_case: Case,
) -> None:
    terminal = {
        "id": "t",
        "node": "p",
        "kind": "multipurpose",
        "capacity_teu_per_year": 900,
        "background_teu_per_year": 250,
        "capacity_t_per_year": 8000,
        "background_t_per_year": 9000,
    }
    found = capacities(shore(two_port_case, terminals=[terminal]))
    assert found["terminal", "t", "", "", "TEU"] == 650.0
    assert found["terminal", "t", "", "", "t"] == 0.0


def test_a_terminal_counts_only_while_it_is_open(two_port_case: Case) -> None:
    terminal = {"id": "t", "node": "p", "kind": "container", "capacity_teu_per_year": 900}
    later = shore(two_port_case, terminals=[{**terminal, "opens": 2026}])
    gone = shore(two_port_case, terminals=[{**terminal, "closes": 2023}])
    key = ("terminal", "t", "", "", "TEU")
    assert key not in capacities(later)
    assert key not in capacities(gone)
    assert key in capacities(replace(later, year=2026))


def test_a_gauge_change_counts_changes_of_gauge_only(two_port_case: Case) -> None:
    links = [
        {"id": "ap", "from_node": "a", "to_node": "p", "gauge_mm": 1435},
        {"id": "pq", "from_node": "p", "to_node": "q", "gauge_mm": 1520},
        {"id": "qb", "from_node": "q", "to_node": "b", "gauge_mm": 1520},
    ]
    yard = {"kind": "gauge_change", "capacity_teu_per_year": 900}
    case = shore(
        two_port_case,
        nodes=["a", "p", "q", "b"],
        links=links,
        services=[],
        transfers=[
            {"id": "origin", "kind": "origin"},
            {"id": "destination", "kind": "destination"},
            {"id": "gauge", "kind": "gauge_change"},
            {"id": "terminal", "kind": "terminal"},
        ],
        terminals=[{"id": "there", "node": "p", **yard}, {"id": "not", "node": "q", **yard}],
    )
    found = used(case, BOXES)
    assert found["there"] == {1.0}
    assert "not" not in found


def test_a_border_counts_all_that_leaves_it_by_rail(two_port_case: Case) -> None:
    border = {"id": "t", "node": "p", "kind": "border", "capacity_t_per_year": 900}
    case = shore(two_port_case, terminals=[border])
    network = network_at(case)
    usage = usage_of(case, network)
    tails = tails_of(network)
    left = {
        (network.arcs[arc].link["id"], network.node_ids[network.state_node[tails[arc]]])
        for arc, uses in usage.arcs.items()
        if any(usage.resources[use.resource].id == "t" for use in uses)
    }
    assert left == {("ap", "p")}
    assert used(case, BOXES)["t"] == {10.0}
    assert used(case, GRAIN)["t"] == {15.0}
