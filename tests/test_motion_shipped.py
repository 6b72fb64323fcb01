"""The Middle Corridor in the simulation: its places, its sourced times, its calibration targets."""

import polars as pl
import pytest

from karvan.case import Case
from karvan.motion.plan import Plan
from karvan.runs.simulated_validation import simulated_answers
from motion_cases import plan

pytestmark = pytest.mark.case

PLACES = {
    "gauge change at Khorgos": "gauge change altynkol-gauge",
    "Kazakh sections": "track shalkar-beineu-rail",
    "Aktau": "berth aktau-container",
    "Kuryk": "berth kuryk-ferry",
    "feeders": "ship caspian-feeder-kmtf aktau>alat",
    "Ro-Pax": "ship kuryk-alat-ropax kuryk>alat",
    "Alat, boxes": "berth alat-container",
    "Alat, yard": "yard alat-container",
    "Alat, ferries": "berth alat-ferry",
    "border of Georgia": "border boyuk-kesik-border-ge documents",
    "Georgian line": "track khashuri-zestafoni-rail",
    "BTK": "track akhalkalaki-kars-rail",
    "storms": "storm caspian-aktau",
}
CLOSE = 1e-9


@pytest.fixture(scope="module")
def base_2025(middle_corridor: Case) -> Case:
    return middle_corridor.with_scenario("base-2025")


@pytest.fixture(scope="module")
def built(base_2025: Case) -> Plan:
    return plan(base_2025)


@pytest.mark.parametrize("place", PLACES)
def test_the_corridor_has_its_places(place: str, built: Plan) -> None:
    assert PLACES[place] in {stage.id for stage in built.model.stages}


@pytest.mark.parametrize(
    # In base-2024 some boxes go on from Dostyk, whose yard needs three tracks.
    ("scenario", "tracks"),
    [("base-2024", {3, 4}), ("base-2025", {2, 3}), ("all-2030", {2, 6})],
)
def test_yards_can_change_the_gauge_of_the_declared_trains(
    scenario: str, tracks: set[int], middle_corridor: Case
) -> None:
    case = middle_corridor.with_scenario(scenario)
    declared = dict(case.table("terminals").select("id", "capacity_trains_per_day").iter_rows())
    found = plan(case)
    seen = set()
    for stage in found.model.stages:
        kind, name, _, _, resource = found.labels[stage.id].place
        if resource == "gauge_change" and kind == "terminal" and declared[name]:
            assert 24.0 * stage.servers / stage.service_h.mean() >= declared[name] * (1.0 - 1e-6)
            seen.add(int(stage.servers))
    assert seen == tracks


@pytest.mark.parametrize("end", ["absheron", "poti", "batumi", "halkali"])
def test_cargo_reaches_both_seas_and_turkiye(end: str, built: Plan) -> None:
    assert any(end in journey.nodes for journey in built.journeys)


def test_a_ship_at_alat_takes_20_1_h_in_the_mean_and_30_h_by_protocol(built: Plan) -> None:
    stage = next(stage for stage in built.model.stages if stage.id == "berth alat-container")
    time = stage.service_h
    # It discharges, then loads: twice half of the time.
    assert 2.0 * time.mean() == pytest.approx(20.1, rel=CLOSE)
    assert 2.0 * time.values[-1] == pytest.approx(30.0, rel=0.01)


def test_six_feeders_sail_between_aktau_and_alat(built: Plan) -> None:
    ships = {fleet.service: fleet.vessels for fleet in built.fleets}
    assert (ships["caspian-feeder-kmtf"], ships["caspian-feeder-asco"]) == (4, 2)


@pytest.mark.parametrize(
    ("service", "ship"),
    [("caspian-feeder-kmtf", "turkestan"), ("caspian-feeder-asco", "asco-feeders")],
)
def test_feeders_load_70_to_75_percent_of_their_deadweight(
    service: str, ship: str, base_2025: Case
) -> None:
    load = base_2025.table("services").filter(id=service)["capacity_t"].item()
    deadweight = base_2025.table("fleets").filter(id=ship)["deadweight_t"].item()
    assert 0.70 <= load / deadweight <= 0.75


def test_ships_of_aktau_and_kuryk_meet_more_storms_in_winter(base_2025: Case) -> None:
    closed = base_2025.table("calendars").filter(pl.col("kind") == "closure")
    for port in ("caspian-aktau", "caspian-kuryk"):
        share = dict(closed.filter(calendar_id=port).select("month", "closed_share").iter_rows())
        assert sorted(share) == list(range(1, 13))
        assert min(share[m] for m in (11, 12)) > max(share[m] for m in (5, 6, 7, 8))


def test_what_was_fitted_says_so(base_2025: Case) -> None:
    fitted = base_2025.table("operations").filter(status="calibrated")
    assert set(fitted["subject_id"]) == {
        "aktau-container", "aktau-rail-sea", "alat-sea-rail", "boyuk-kesik-border-ge",
    }  # fmt: skip
    assert fitted["reason"].null_count() == fitted["source_id"].null_count() == 0


def test_calibration_targets_are_met_as_they_were_reported(base_2025: Case) -> None:
    targets = base_2025.table("validation").filter(
        pl.col("id").is_in(["xian-baku-mean", "xian-baku-best", "border-poti-mean"])
    )
    assert set(targets["role"]) == {"calibration"}
    found = simulated_answers(targets.rows(named=True), lambda scenario: base_2025)
    days = {name: value[0] / 24.0 for name, value in found.items() if value[0] is not None}
    assert 16.0 <= days["xian-baku-mean"] <= 17.0
    assert days["xian-baku-best"] == pytest.approx(11.0, abs=0.25)
    assert 15.0 <= days["border-poti-mean"] <= 18.0
