"""Choice sets: what is found, what it belongs to, and what is left out."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from corridor_cases import BOXES, GRAIN, ROUTES, fork
from karvan.case import Case
from karvan.case.no_alternative import NO_ALTERNATIVE
from karvan.freight.corridor import flows_of
from karvan.freight.pathsets import PathFinder, alternatives_of, goods_of
from karvan.freight.priced import Wanted
from karvan.freight.resources import usage_of
from karvan.freight.routing import network_at
from network_tables import table


def finder_of(case: Case) -> PathFinder:
    network = network_at(case)
    return PathFinder(network, usage_of(case, network), alternatives_of(case))


def nodes_of(finder: PathFinder, path: np.ndarray) -> list[str]:
    network = finder.network
    return [str(network.node_ids[network.state_node[network.head[a]]]) for a in path]


def test_every_alternative_that_exists_is_found() -> None:
    case = fork()
    finder = finder_of(case)
    found = finder.choices("a", "b", goods_of(case)["containers"]).paths
    assert {finder.alternative_of(path) for path in found} == {f"by-{r}" for r in ROUTES}


def test_paths_come_cheapest_first_and_none_twice() -> None:
    case = fork()
    finder = finder_of(case)
    goods = goods_of(case)["containers"]
    found = finder.choices("a", "b", goods).paths
    cost = [float(finder.cost_of(goods)[path].sum()) for path in found]
    assert cost == sorted(cost)
    assert len({tuple(path) for path in found}) == len(found)
    assert [finder.alternative_of(path) for path in found][:3] == ["by-x", "by-y", "by-z"]


def test_the_first_row_whose_gateway_is_passed_decides() -> None:
    both = [{"id": "first", "gateways": "yb"}, {"id": "second", "gateways": "y;x"}]
    finder = finder_of(fork(alternatives=both))
    case_goods = {**BOXES, "modes": None, "cargo": "container"}
    names = {
        node: finder.alternative_of(path)
        for path in finder.choices("a", "b", case_goods).paths
        for node in set(nodes_of(finder, path)) & set(ROUTES)
    }
    assert names == {"x": "second", "y": "first", "z": NO_ALTERNATIVE}


def test_the_reverse_order_decides_otherwise() -> None:
    case = fork(alternatives=[{"id": "any", "gateways": "y;x"}, {"id": "late", "gateways": "yb"}])
    finder = finder_of(case)
    found = finder.choices("a", "b", goods_of(case)["containers"]).paths
    assert "late" not in {finder.alternative_of(path) for path in found}


def test_a_mode_that_a_commodity_may_not_take_is_closed() -> None:
    road = {"id": "road", "mode": "road", "headway_h": 6, "speed_kmh": 60, "cost_usd_per_teu_km": 1}
    rail = {"id": "rail", "mode": "rail", "headway_h": 24, "cost_usd_per_teu_km": 1}
    links = [
        {"id": "ax", "from_node": "a", "to_node": "x", "gauge_mm": 1520},
        {"id": "xb", "from_node": "x", "to_node": "b", "gauge_mm": 1520},
        {"id": "ay", "from_node": "a", "to_node": "y", "mode": "road", "rate_id": "road"},
        {"id": "yb", "from_node": "y", "to_node": "b", "mode": "road", "rate_id": "road"},
    ]
    goods = [{**BOXES, "modes": "rail"}, {**BOXES, "id": "free"}]
    case = fork(rates=[road, rail], commodities=goods)
    case = replace(case, tables=MappingProxyType({**case.tables, "links": table("links", links)}))
    finder = finder_of(case)
    by = {
        name: {
            finder.alternative_of(p) for p in finder.choices("a", "b", goods_of(case)[name]).paths
        }
        for name in ("containers", "free")
    }
    assert by == {"containers": {"by-x"}, "free": {"by-x", "by-y"}}


def test_what_cargo_cannot_be_loaded_on_is_closed() -> None:
    closed = {"capacity_trains_per_day": 3, "background_trains_per_day": 3}
    case = fork(links={"ax": closed}, commodities=[BOXES, GRAIN])
    finder = finder_of(case)
    for goods in goods_of(case).values():
        found = finder.choices("a", "b", goods).paths
        assert {finder.alternative_of(path) for path in found} == {"by-y", "by-z"}


def test_paths_far_dearer_than_the_cheapest_are_left_out() -> None:
    case = fork(links={"az": {"length_km": 4000}})
    finder = finder_of(case)
    found = finder.choices("a", "b", goods_of(case)["containers"]).paths
    assert {finder.alternative_of(path) for path in found} == {"by-x", "by-y"}


@pytest.mark.parametrize("place", ["far", "not-in-the-network"])
def test_there_is_no_path_to_a_place_off_the_network(place: str) -> None:
    case = fork()
    assert finder_of(case).choices("a", place, goods_of(case)["containers"]).paths == []


def test_choices_are_kept_for_a_network_that_looks_the_same() -> None:
    before, after = fork(), fork(links={"ax": {"capacity_trains_per_day": 7}})
    first, second = finder_of(before), finder_of(after)
    goods = goods_of(after)["containers"]
    kept = first.choices("a", "b", goods)
    second.take_over(first, goods)
    assert second.choices("a", "b", goods) is kept


@pytest.mark.parametrize(
    "change",
    [
        {"links": {"ax": {"length_km": 10}}},
        {"links": {"ax": {"capacity_trains_per_day": 3, "background_trains_per_day": 3}}},
        {"alternatives": [{"id": "by-x", "gateways": "x"}]},
        {"commodities": [{**BOXES, "value_of_time_usd_per_teu_h": 9}]},
    ],
)
def test_choices_are_not_kept_where_anything_differs(change) -> None:
    before, after = fork(), fork(**change)
    first, second = finder_of(before), finder_of(after)
    kept = first.choices("a", "b", goods_of(before)["containers"])
    goods = goods_of(after)["containers"]
    second.take_over(first, goods)
    afresh = finder_of(after).choices("a", "b", goods)
    assert second.choices("a", "b", goods) is not kept
    assert [list(p) for p in second.choices("a", "b", goods).paths] == [
        list(p) for p in afresh.paths
    ]


def test_the_shipped_case_finds_each_alternative_for_someone(middle_corridor: Case) -> None:
    finder = finder_of(middle_corridor)
    found = {
        finder.alternative_of(path)
        for flow in flows_of(middle_corridor)[1]
        for path in finder.choices(flow.origin, flow.destination, flow.goods).paths
    }
    assert found >= {alternative.id for alternative in finder.alternatives}


MORE_LINKS = (
    {"id": "xy", "from_node": "x", "to_node": "y", "gauge_mm": 1520, "length_km": 20},
    {"id": "yz", "from_node": "y", "to_node": "z", "gauge_mm": 1520, "length_km": 30},
)


@pytest.mark.parametrize("dear", ["", "ax", "xb", "yb", "xy"])
def test_the_cheapest_path_of_each_alternative_is_that_of_all_simple_paths(dear: str) -> None:
    """Gateways of later rows may be passed too, those of earlier ones not."""
    case = fork(more_links=MORE_LINKS, links={"az": {"length_km": 500}})
    finder, goods = finder_of(case), goods_of(case)["containers"]
    network, cost = finder.network, finder.cost_of(goods).copy()
    for position, arc in enumerate(network.arcs):
        if arc.link is not None and arc.link["id"] == dear:
            cost[position] += 700.0
    source, target = finder.ends("a", "b")
    wanted = Wanted(
        cost[None, :],
        np.array([0]),
        np.array([[source, target]]),
        np.full((1, len(finder.names)), np.inf),
    )
    found = {name: float(cost[arcs].sum()) for name, _, arcs in finder.cheapest(wanted)}
    best: dict[str, float] = {}

    def walk(state: int, passed: tuple[int, ...], nodes: frozenset[int]) -> None:
        if state == target:
            name = finder.alternative_of(np.array(passed))
            best[name] = min(best.get(name, np.inf), float(cost[list(passed)].sum()))
            return
        for arc in range(network.start[state], network.start[state + 1]):
            there = int(network.head[arc])
            node = int(network.state_node[there])
            moved = node != int(network.state_node[state])
            if np.isfinite(cost[arc]) and not (moved and node in nodes) and arc not in passed:
                walk(there, (*passed, arc), nodes | {node})

    walk(source, (), frozenset({int(network.state_node[source])}))
    assert set(best) == {"by-x", "by-y", "by-z"}
    assert found == pytest.approx(best)
