"""The demand of the shipped cases: totals are kept, formulas hold, every flow has a route.

Tables are read here without karvan's own reader and checks where those are what is tested.
"""

import csv
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from karvan.case import Case, find_case, read_case
from karvan.case.checks import check_case
from karvan.case.model import resolve
from karvan.case.settings import Change
from karvan.evidence.derivations import evaluate, recompute
from karvan.freight import itineraries

ROOT = find_case("middle-corridor")
DOCS = Path(__file__).resolve().parents[1] / "docs"
SCALED_YEARS = ("2019", "2020", "2021")
"""The split of 2022 times totals of the year."""
BUILT_YEARS = ("2022", "2023", "2024", "2025")
YEARS = SCALED_YEARS + BUILT_YEARS
ROUNDED = 0.001
"""Flows are kept to whole tonnes and TEU, and shares to six digits."""
FEWEST_PAIRS, MOST_PAIRS = 40, 90
SMALL_RETURN = 0.05
"""Azerbaijan sent 6 trains to China and received 452 by May 2025."""
ONLY_SINCE_2024 = {"azerbaijan-china"}
"""First export train in November 2024; nothing published before."""


@cache
def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def payload() -> dict[str, float]:
    return {row["id"]: float(row["payload_t_per_teu"]) for row in rows("demand/commodities.csv")}


def teu(row: dict[str, str]) -> float:
    if row["flow_teu_per_year"]:
        return float(row["flow_teu_per_year"])
    return float(row["flow_t_per_year"]) / payload()[row["commodity_id"]]


def tonnes(row: dict[str, str]) -> float:
    if row["flow_t_per_year"]:
        return float(row["flow_t_per_year"])
    return float(row["flow_teu_per_year"]) * payload()[row["commodity_id"]]


@pytest.fixture(scope="module")
def observed(middle_corridor: Case) -> dict[str, float]:
    """Every observation with a value, derived ones computed anew."""
    table = middle_corridor.table("observations")
    stated = dict(table.select("id", "value").drop_nulls().iter_rows())
    return stated | dict(recompute(table).select("id", "recomputed").iter_rows())


# Totals and formulas


def test_every_total_that_is_split_is_kept(observed: dict[str, float]) -> None:
    units = {row["id"]: row["unit"] for row in rows("series.csv")}
    unit_of = {row["id"]: units[row["series_id"]] for row in rows("observations.csv")}
    sums: dict[str, float] = defaultdict(float)
    for row in rows("demand/flows.csv"):
        for total in row["part_of"].split(";"):
            if total:
                sums[total] += tonnes(row) if unit_of[total] == "t" else teu(row)
    assert len(sums) > 60
    for total, found in sums.items():
        assert found == pytest.approx(observed[total], rel=ROUNDED), total


@pytest.mark.parametrize("year", BUILT_YEARS)
def test_parts_of_titr_add_up_to_the_published_total(observed: dict[str, float], year: str) -> None:
    parts = [
        "demand.freight.kazakh-exports-on-titr-without-crude-oil",
        "demand.freight.other-cargo-on-titr-without-containers",
        "oil.aktau.to-baku",
    ]
    containers_t = observed[f"titr.containers.{year}"] * payload()["containers"]
    found = sum(observed[f"{part}.{year}"] for part in parts) + containers_t
    assert found == pytest.approx(observed[f"titr.freight.{year}"])


@pytest.mark.parametrize("year", BUILT_YEARS)
def test_china_with_europe_by_sea_and_rail_adds_up_to_the_published_totals(
    observed: dict[str, float], year: str
) -> None:
    found = sum(
        teu(row)
        for row in rows("demand/flows.csv")
        if row["year"] == year and row["market"] in {"china-europe", "china-turkiye"}
    )
    sea = observed[f"ocean.asia-europe.westbound.{year}"]
    sea *= observed[f"demand.china-share.westbound.{year}"]
    rail = observed[f"northern.containers.all-land-routes-westbound.{year}"]
    caucasus = 0.02  # of the Eastern Mediterranean, a fifth of the whole: a market of its own
    assert found == pytest.approx(sea + rail, rel=caucasus * 0.25)
    assert found < sea + rail


@pytest.mark.parametrize("year", SCALED_YEARS)
def test_years_without_a_split_move_as_their_totals(observed: dict[str, float], year: str) -> None:
    def total(market: str, year: str) -> float:
        return sum(
            teu(row)
            for row in rows("demand/flows.csv")
            if (row["market"], row["year"]) == (market, year)
        )

    titr = observed[f"titr.freight.{year}"] / observed["titr.freight.2022"]
    grown = total("kazakhstan-turkiye", year) / total("kazakhstan-turkiye", "2022")
    assert grown == pytest.approx(titr, rel=ROUNDED)
    trucks = observed[f"baku-port.trucks.{year}"]
    assert total("caspian-trucks", year) == pytest.approx(2.0 * trucks, rel=ROUNDED)
    scaled = [row for row in rows("demand/flows.csv") if row["year"] == year]
    assert {row["flow_status"] for row in scaled} == {"assumed"}


def test_every_flow_follows_from_its_formula(observed: dict[str, float]) -> None:
    for row in rows("demand/flows.csv"):
        stated = row["flow_t_per_year"] or row["flow_teu_per_year"]
        value = evaluate(row["flow_formula"], observed)
        assert float(stated) == pytest.approx(value, rel=ROUNDED), row["id"]


# Shape


def test_there_are_few_pairs_and_each_says_why() -> None:
    found = {
        (row["origin"], row["destination"], row["commodity_id"]) for row in rows("demand/flows.csv")
    }
    assert FEWEST_PAIRS <= len(found) <= MOST_PAIRS
    assert all(row["flow_reason"] for row in rows("demand/flows.csv"))


@pytest.mark.parametrize("year", YEARS)
def test_every_market_is_there_in_every_year(year: str) -> None:
    flows = rows("demand/flows.csv")
    every = {row["market"] for row in flows}
    found = {row["market"] for row in flows if row["year"] == year}
    assert every - found == (ONLY_SINCE_2024 if year < "2024" else set())


@pytest.mark.parametrize("year", ["2024", "2025"])
def test_azerbaijan_sends_little_of_what_it_receives_from_china(year: str) -> None:
    size: dict[str, float] = defaultdict(float)
    for row in rows("demand/flows.csv"):
        if row["year"] == year:
            size[row["market"]] += teu(row)
    assert 0 < size["azerbaijan-china"] < SMALL_RETURN * size["china-azerbaijan"]


@pytest.mark.parametrize("year", YEARS)
def test_every_flow_has_a_route_in_the_scenario_of_its_year(
    middle_corridor: Case, year: str
) -> None:
    case = middle_corridor.with_scenario(f"base-{year}")
    assert case.year == int(year)
    pairs = {
        (row["origin"], row["destination"])
        for row in rows("demand/flows.csv")
        if row["year"] == year
    }
    for origin, destination in pairs:
        assert itineraries(case, origin, destination).found, (origin, destination)


def test_a_scenario_may_scale_a_flow_that_is_part_of_a_total(two_port_case: Case) -> None:
    change = Change(
        table="flows",
        action="scale",
        where={"id": "east-west-2024"},
        column="flow_teu_per_year",
        value=2.0,
        status="assumed",
        reason="what if",
    )
    grown = resolve(two_port_case, overrides=[change])
    row = grown.table("flows").row(by_predicate=pl.col("id") == "east-west-2024", named=True)
    assert (row["flow_teu_per_year"], row["flow_formula"]) == (11880.0, None)
    assert check_case(two_port_case) == []


# Alternatives, capacities and what uses them besides the flows


def test_every_gateway_is_open_in_some_base_year(middle_corridor: Case) -> None:
    links = {row["id"]: row for row in middle_corridor.table("links").iter_rows(named=True)}
    for row in rows("demand/alternatives.csv"):
        for gateway in row["gateways"].split(";"):
            link = links.get(gateway)
            assert link is None or link["state"] == "operating", gateway


def test_the_first_alternatives_tell_the_caspian_crossings_apart(middle_corridor: Case) -> None:
    gateways = {row["id"]: row["gateways"].split(";") for row in rows("demand/alternatives.csv")}
    # What passes Russia or Iran has the constant of that, whatever crossing it takes besides.
    first = ["northern", "iran", "middle-trans-caspian", "turkmen-caspian"]
    assert list(gateways)[:4] == first
    crossings = middle_corridor.table("links").filter(
        (pl.col("to_node") == "alat") & pl.col("mode").is_in(["sea", "ferry"])
    )
    named = gateways["middle-trans-caspian"] + gateways["turkmen-caspian"]
    assert sorted(crossings["id"]) == sorted(named)


def test_every_service_says_how_much_a_departure_takes_and_why() -> None:
    for row in rows("network/services.csv"):
        if row["operator"] == "Container liners":
            # Ocean lines add ships as they need them: no number would hold.
            assert not row["capacity_teu"], row["id"]
            assert "add ships" in row["note"], row["id"]
            continue
        assert float(row["capacity_teu"]) > 0, row["id"]
        assert row["capacity_status"], row["id"]
        assert row["capacity_reason"] or row["capacity_source_id"], row["id"]
        if row["mode"] == "ferry":
            assert float(row["capacity_t"]) > 0, row["id"]


def test_every_railway_says_what_a_train_carries() -> None:
    for row in rows("network/rates.csv"):
        if row["mode"] == "rail":
            assert float(row["teu_per_train"]) > 0, row["id"]
            assert float(row["t_per_train"]) > 0, row["id"]
            assert row["train_load_reason"], row["id"]


def test_background_traffic_leaves_capacity(middle_corridor: Case) -> None:
    given = [row for row in rows("network/terminals.csv") if row["background_status"]]
    given += [row for row in rows("network/links.csv") if row["background_status"]]
    assert len(given) > 12
    assert not any("background" in problem.check for problem in check_case(middle_corridor))


# Validation and documentation


def test_flow_rows_of_2025_are_held_out_and_earlier_ones_calibrate() -> None:
    checked = 0
    for row in rows("validation.csv"):
        if row["quantity"] in {"flow_t", "flow_teu", "trains", "flow_share"}:
            year = row["scenario_id"][-4:]
            if year in YEARS:
                checked += 1
                assert row["role"] == ("held_out" if year == "2025" else "calibration"), row["id"]
    assert checked > 20


def test_validation_names_markets_and_scenarios_that_exist(middle_corridor: Case) -> None:
    markets = {row["market"] for row in rows("demand/flows.csv")}
    for row in rows("validation.csv"):
        assert set(filter(None, row["market"].split(";"))) <= markets, row["id"]
        assert row["scenario_id"] in {"", *middle_corridor.scenarios}, row["id"]


def documented() -> list[list[str]]:
    text = (DOCS / "methods" / "demand.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", text, flags=re.M)
    return [[market, *cells.split(" | ")] for market, cells in found]


def test_the_documented_totals_are_those_of_the_tables() -> None:
    sums: dict[Any, float] = defaultdict(float)
    for row in rows("demand/flows.csv"):
        sums[row["market"], row["year"]] += teu(row)
    table = documented()
    assert {row[0] for row in table} == {row["market"] for row in rows("demand/flows.csv")}
    for market, *cells in table:
        for year, cell in zip(YEARS, cells, strict=True):
            value = sums.get((market, year))
            expected = "no data" if value is None else f"{value / 1000:,.1f}"
            assert cell == expected, (market, year)


@pytest.mark.parametrize("name", ["two-port", "middle-corridor"])
def test_flows_are_read_with_their_types(name: str) -> None:
    table = read_case(name).table("flows")
    assert table.height > 0
    assert table.schema["flow_teu_per_year"] == pl.Float64
    assert table.schema["year"] == pl.Int64
