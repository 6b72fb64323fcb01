"""The shipped cases are sound and hold what they promise; read here without karvan's own reader
where that is what is tested."""

import csv
import json
import math
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from karvan.case import Case, find_case, read_case, shipped_cases
from karvan.case.checks import check_case
from karvan.freight.routing import network_at
from karvan.network import Network, skims

ROOT = find_case("middle-corridor")
LANGUAGES = ("en", "ru", "az", "zh")
EARTH_RADIUS_KM = 6371.0
NEAR_KM = 60.0
"""Lines start at a graph node within 30 km of a place, which itself is known to 10 km."""

NAMED_SCENARIOS = ("base-2024", "base-2025", "committed-2030", "all-2030", "storm-winter")
NAMED_MEASURES = (
    "alat-port-phase-2",
    "aktau-container-hub-1",
    "dostyk-moiynty-second-track",
    "btk-modernisation",
    "moiynty-kyzylzhar-line",
    "ktz-six-ships",
    "anaklia-port-phase-1",
    "cku-railway",
    "titr-digital-documents",
    "mutual-visa-exemption",
    "gobustan-solar",
)
FEWEST_MEASURES = 25
PLANNED = frozenset({"anaklia", "aghband", "bakhty", "meghri", "torugart"})
"""Places that no open line served in 2024."""


@cache
def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tables() -> list[Path]:
    return sorted(ROOT.rglob("*.csv"))


@pytest.mark.parametrize("name", shipped_cases())
def test_a_shipped_case_has_no_errors(name: str) -> None:
    problems = check_case(read_case(name))
    assert [str(p) for p in problems if p.severity == "error"] == []


def test_both_cases_are_shipped() -> None:
    assert {"middle-corridor", "two-port"} <= set(shipped_cases())


def test_a_shipped_case_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_case("two-port").settings.name == "two-port"


def test_reading_a_case_loads_no_compiler() -> None:
    code = "import sys, karvan.case; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Measures and scenarios


@pytest.mark.parametrize("name", NAMED_SCENARIOS)
def test_the_scenario_exists_and_reaches_the_caspian(middle_corridor: Case, name: str) -> None:
    case = middle_corridor.with_scenario(name)
    found = skims(network_at(case), ("xian",))
    assert np.isfinite(found.time_h[0, found.node_ids.index("alat")])


@pytest.mark.parametrize("name", NAMED_MEASURES)
def test_the_measure_exists(middle_corridor: Case, name: str) -> None:
    assert name in middle_corridor.measures


def test_there_are_enough_measures_with_sources(middle_corridor: Case) -> None:
    assert len(middle_corridor.measures) >= FEWEST_MEASURES
    sources = {row["id"] for row in rows(ROOT / "sources.csv")}
    for measure in middle_corridor.measures.values():
        assert set(measure.source_id.split(";")) <= sources, measure.id


def test_measures_and_scenarios_have_a_title_in_each_language(middle_corridor: Case) -> None:
    for thing in (*middle_corridor.measures.values(), *middle_corridor.scenarios.values()):
        titles = [getattr(thing.title, language) for language in LANGUAGES]
        assert all(titles), thing.id
        assert len(set(titles)) == len(titles), f"{thing.id}: a title left untranslated"


def test_a_planned_railway_is_closed_until_its_measure(middle_corridor: Case) -> None:
    assert "torugart" not in network_at(middle_corridor.with_scenario("base-2024")).node_ids
    built = middle_corridor.with_scenario("all-2030")
    assert "cku-railway" in built.applied
    assert "torugart" in network_at(built).node_ids


# Places


@pytest.fixture(scope="module")
def corridor_nodes(shared: Path) -> list[str]:
    facts = rows(shared / "facts" / "corridor" / "nodes.csv")
    return [row["id"].lower().replace("_", "-") for row in facts]


def test_every_place_of_the_facts_is_in_the_case(corridor_nodes: list[str]) -> None:
    assert set(corridor_nodes) <= {row["id"] for row in rows(ROOT / "network" / "nodes.csv")}


def places_passed(network: Network, node: str, *, backwards: bool = False) -> set[str]:
    """Places that cargo from `node` passes or is unloaded at (or comes from, backwards)."""
    tail = np.repeat(np.arange(network.n_states), np.diff(network.start))
    near, far = (network.head, tail) if backwards else (tail, network.head)
    ways: dict[int, list[int]] = defaultdict(list)
    for one, other in zip(near.tolist(), far.tolist(), strict=True):
        ways[one].append(other)
    ends = network.destination_state if backwards else network.origin_state
    todo = [int(ends[network.node(node)])]
    seen = set(todo)
    while todo:
        new = set(ways[todo.pop()]) - seen
        seen |= new
        todo += new
    return {network.node_ids[network.state_node[state]] for state in seen}


def test_every_operating_place_of_the_facts_is_reached_from_and_to_xian(
    corridor_nodes: list[str], middle_corridor: Case
) -> None:
    network = network_at(middle_corridor.with_scenario("base-2024"))
    operating = set(corridor_nodes) - PLANNED
    assert len(operating) > 100
    assert operating - places_passed(network, "xian") == set()
    assert operating - places_passed(network, "xian", backwards=True) == set()


def test_skims_from_and_to_xian_are_finite_except_for_waypoints(
    corridor_nodes: list[str], middle_corridor: Case
) -> None:
    network = network_at(middle_corridor.with_scenario("base-2024"))
    found = skims(network)
    xian = found.node_ids.index("xian")
    waypoints = {row["id"] for row in network.node_rows if row["kind"] == "waypoint"}
    for name in set(corridor_nodes) - PLANNED - waypoints:
        place = found.node_ids.index(name)
        assert math.isfinite(found.time_h[xian, place]), name
        assert math.isfinite(found.time_h[place, xian]), name
    assert waypoints == {"bab-el-mandeb", "cape", "gibraltar", "hormuz", "suez"}


@pytest.mark.parametrize("table", ["nodes", "services", "terminals"])
def test_names_are_there_in_each_language(table: str) -> None:
    for row in rows(ROOT / "network" / f"{table}.csv"):
        for language in LANGUAGES:
            assert row[f"name_{language}"].strip(), f"{row['id']} {language}"


# Evidence


def reported() -> Iterator[tuple[str, str, str]]:
    """Place and sources of every value that is said to be reported."""
    for path in tables():
        for line, row in enumerate(rows(path), 2):
            values = [row[c] for c in ("value", "value_low", "value_high") if c in row]
            if path.name == "observations.csv" and not any(values):
                continue  # looked for and not found
            for column, status in row.items():
                if (column == "status" or column.endswith("_status")) and status == "reported":
                    source = column.removesuffix("status") + "source_id"
                    yield f"{path.name} row {line} {column}", row["id"], row[source]


def test_every_reported_value_has_sources_that_exist() -> None:
    sources = {row["id"] for row in rows(ROOT / "sources.csv")}
    values = list(reported())
    assert len(values) > 1000
    for place, name, cited in values:
        assert cited, f"{place} ({name}): no source"
        assert {word.strip() for word in cited.split(";")} <= sources, f"{place} ({name})"


def test_what_is_chosen_has_a_reason() -> None:
    for path in tables():
        for row in rows(path):
            for column, status in row.items():
                if column.endswith("status") and status in {"assumed", "calibrated"}:
                    assert row[column.removesuffix("status") + "reason"], f"{path} {row['id']}"


def test_every_source_has_title_publisher_and_licence() -> None:
    for row in rows(ROOT / "sources.csv"):
        assert row["title"], row["id"]
        assert row["publisher"], row["id"]
        assert row["licence"], row["id"]


# Geometry


def distance_km(one: list[float], other: list[float]) -> float:
    """Return the great circle between two (longitude, latitude) points, by the haversine."""
    (x, y), (u, v) = (map(math.radians, point) for point in (one, other))
    h = math.sin((v - y) / 2) ** 2 + math.cos(y) * math.cos(v) * math.sin((u - x) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(h))


@pytest.fixture(scope="module")
def geometry() -> dict[str, Any]:
    text = (ROOT / "network" / "geometry.geojson").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_every_link_has_one_line(geometry: dict[str, Any]) -> None:
    drawn = [feature["properties"]["link_id"] for feature in geometry["features"]]
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) == {row["id"] for row in rows(ROOT / "network" / "links.csv")}


def test_lines_end_near_the_places_they_join(geometry: dict[str, Any]) -> None:
    links = {row["id"]: row for row in rows(ROOT / "network" / "links.csv")}
    places = {
        row["id"]: [float(row["lon"]), float(row["lat"])]
        for row in rows(ROOT / "network" / "nodes.csv")
    }
    followed = 0
    for feature in geometry["features"]:
        if feature["properties"]["schematic"]:
            continue
        followed += 1
        link = links[feature["properties"]["link_id"]]
        line = feature["geometry"]["coordinates"]
        assert distance_km(line[0], places[link["from_node"]]) < NEAR_KM, link["id"]
        assert distance_km(line[-1], places[link["to_node"]]) < NEAR_KM, link["id"]
    assert followed > 50


def test_geometry_ships_with_its_attribution(geometry: dict[str, Any]) -> None:
    text = (ROOT / "network" / "GEOMETRY.md").read_text(encoding="utf-8")
    for told in (text, geometry["attribution"]):
        assert "© OpenStreetMap contributors" in told
        assert "ODbL" in told
