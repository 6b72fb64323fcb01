"""The model against reported facts: every row gets the verdict that its numbers say."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl
import pytest

from karvan.case import Case, read_case
from karvan.freight import itineraries
from karvan.runs.flow_validation import FLOW_QUANTITIES
from karvan.runs.validation import validate

LEAST_ROWS = 20
"""Asked for by the people who commissioned the model."""
LEAST_COMPUTED = 14
EAST_WEST_H = 204.0
"""Mean of the toy case, by hand:

12.67 h loading (PERT 4, 12, 24: (4 + 4 * 12 + 24) / 6), 12 h wait and 10 h by rail; 33.33 h in
port, 42.86 h for the Tuesday or Friday ferry and 2.4 h for storms (0.2 * 36 h, in 4 of 12 months),
20.45 h at sea; 33.33 h in port, 12 h wait and 12 h by rail, and 12.67 h unloading.
"""


def row(**changes: Any) -> dict[str, Any]:
    """A row of validation.csv for the toy case."""
    given = {
        "id": "fact",
        "quantity": "mean_h",
        "origin": "east",
        "destination": "west",
        "expected": 200.0,
        "unit": "h",
        "tolerance_share": 0.1,
        "role": "held_out",
        "year": "2024",
        "source_id": "example",
    }
    return {**given, **changes}


def verdicts(case: Case, *rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    declared = case.table("validation").clear()
    table = pl.DataFrame(
        [{name: r.get(name) for name in declared.columns} for r in rows], schema=declared.schema
    )
    tables = MappingProxyType({**case.tables, "validation": table})
    return validate(replace(case, tables=tables)).to_dicts()


def test_inside_and_outside_by_tolerance(two_port_case: Case) -> None:
    (mean_h,) = (r["modelled"] for r in verdicts(two_port_case, row()))
    assert mean_h == pytest.approx(EAST_WEST_H, abs=1.0)
    rows = [
        row(expected=mean_h, tolerance_share=0.0),
        row(expected=mean_h / 1.1 * 1.001),
        row(expected=mean_h / 1.1 * 0.999),
        row(expected=mean_h / 0.9 * 0.999),
        row(expected=mean_h / 0.9 * 1.001),
    ]
    found = [r["verdict"] for r in verdicts(two_port_case, *rows)]
    assert found == ["inside", "inside", "outside", "inside", "outside"]


def test_a_reported_range_is_widened_by_the_tolerance(two_port_case: Case) -> None:
    (found,) = verdicts(two_port_case, row(expected_low=100.0, expected_high=300.0))
    assert found["expected_low"] == pytest.approx(90.0)
    assert found["expected_high"] == pytest.approx(330.0)
    assert found["expected"] == 200.0
    assert found["verdict"] == "inside"


def test_the_interval_is_the_spread_of_the_itinerary(two_port_case: Case) -> None:
    best = itineraries(two_port_case, "east", "west").found[0]
    mean, money = verdicts(two_port_case, row(), row(quantity="cost_usd_per_teu"))
    assert mean["modelled"] == best.mean_h
    assert (mean["modelled_low"], mean["modelled_high"]) == (best.p10_h, best.p90_h)
    assert money["modelled"] == best.cost_usd_per_teu
    assert money["modelled_low"] is None
    assert mean["detail"] == "east - east-port - west-port - west"


@pytest.mark.parametrize("quantity", ["transit_h", "p10_h", "p50_h", "p90_h", "co2e_kg_per_teu"])
def test_quantities_of_the_recommended_itinerary(quantity: str, two_port_case: Case) -> None:
    (found,) = verdicts(two_port_case, row(quantity=quantity))
    assert found["modelled"] == getattr(
        itineraries(two_port_case, "east", "west").found[0], quantity
    )


def test_flows_are_those_of_the_assignment(two_port_case: Case) -> None:
    all_ways = {"subject_id": "over-the-sea", "origin": None, "destination": None}
    carried, tonnes, elsewhere = verdicts(
        two_port_case,
        row(**all_ways, quantity="flow_teu", expected=9_900.0),
        row(**all_ways, quantity="flow_t", expected=99_000.0),
        row(**all_ways, quantity="flow_teu", market="by-air"),
    )
    # 9,900 TEU of 10 t want to move; the ferries have room for all but a few that choose to stay.
    assert carried["modelled"] == pytest.approx(9_900.0, rel=0.01)
    assert tonnes["modelled"] == pytest.approx(10.0 * carried["modelled"])
    assert carried["verdict"] == "inside"
    assert elsewhere["modelled"] == 0.0


def test_no_route_says_why(two_port_case: Case) -> None:
    avoided, misspelt = verdicts(two_port_case, row(avoid="ferry"), row(destination="wst"))
    assert avoided["verdict"] == misspelt["verdict"] == "no route"
    assert "no itinerary from 'east' to 'west'" in avoided["detail"]
    assert "no place 'wst'" in misspelt["detail"]
    assert avoided["modelled"] is None


def test_a_row_of_a_table_is_looked_up(two_port_case: Case) -> None:
    capacity, dwell, unknown = verdicts(
        two_port_case,
        row(quantity="capacity_teu_per_year", subject_id="east-port-ferry", expected=20_000.0),
        row(quantity="dwell_h", subject_id="port", expected=(8 + 4 * 24 + 96) / 6),
        row(quantity="dwell_h", subject_id="nowhere"),
    )
    assert (capacity["modelled"], capacity["verdict"]) == (20_000.0, "inside")
    assert capacity["detail"] == "terminals east-port-ferry"
    assert dwell["modelled"] == pytest.approx(100 / 3)
    assert dwell["verdict"] == "inside"
    assert unknown["verdict"] == "not modelled"


def test_a_row_is_computed_in_its_own_scenario(two_port_case: Case) -> None:
    base, daily = verdicts(two_port_case, row(), row(scenario_id="daily-2030"))
    assert daily["modelled"] < base["modelled"] - 24.0


@pytest.mark.parametrize("scenario", ["daily-2030"])
def test_the_scenario_of_the_run_does_not_matter(
    scenario: str,
    two_port: Path,
    edit_cell: Callable[[str, str, str, str], int],
) -> None:
    for named in ("", "daily-2030"):
        edit_cell("validation.csv", "east-west-days", "scenario_id", named)
        case = read_case(two_port)
        assert validate(case.with_scenario(scenario)).equals(validate(case))


def test_progress_is_told(two_port_case: Case) -> None:
    shares: list[float] = []
    validate(two_port_case, shares.append)
    assert shares == [0.0]


# The shipped case


@pytest.fixture(scope="module")
def shipped(middle_corridor: Case) -> list[dict[str, Any]]:
    """Results of validation beside the rows they are of."""
    facts = middle_corridor.table("validation").iter_rows(named=True)
    found = validate(middle_corridor).iter_rows(named=True)
    return [{**fact, **result} for fact, result in zip(facts, found, strict=True)]


def test_the_shipped_case_is_compared_with_enough_facts(
    shipped: list[dict[str, Any]], middle_corridor: Case
) -> None:
    assert [r["id"] for r in shipped] == middle_corridor.table("validation")["id"].to_list()
    computed = [r for r in shipped if r["modelled"] is not None]
    assert len(shipped) >= LEAST_ROWS
    assert len(computed) >= LEAST_COMPUTED
    assert not [r["id"] for r in shipped if r["verdict"] == "no route"]


def test_rows_the_model_was_fitted_to_are_marked(shipped: list[dict[str, Any]]) -> None:
    roles = Counter(r["role"] for r in shipped if r["modelled"] is not None)
    assert set(roles) <= {"held_out", "calibration", "input"}
    assert roles["calibration"] >= 1
    # What the model was fitted to proves nothing: most of what is compared is something else.
    assert roles["held_out"] > roles["calibration"]
    # A cell of the case that is only looked up is not sold as a success of the model.
    looked_up = (r for r in shipped if r["subject_id"] and r["quantity"] not in FLOW_QUANTITIES)
    assert all(r["role"] != "held_out" for r in looked_up if r["modelled"])


FITTED_TO = {
    "northern": [f"china-europe-rail-teu-{year}" for year in (2022, 2023, 2024)],
    "middle-trans-caspian": [f"titr-teu-{year}" for year in (2022, 2023, 2024)],
    "turkmen-caspian": ["turkmenbashi-teu-2023"],
}
"""Facts that the constant of each alternative is fitted to by docs/calibrate_choice.py."""


@pytest.mark.parametrize("alternative", FITTED_TO)
def test_a_fitted_constant_leaves_no_mean_error_of_its_facts(
    alternative: str, shipped: list[dict[str, Any]]
) -> None:
    rows = [r for r in shipped if r["id"] in FITTED_TO[alternative]]
    assert len(rows) == len(FITTED_TO[alternative])
    assert {r["role"] for r in rows} == {"calibration"}
    errors = [math.log(r["modelled"] / r["expected"]) for r in rows]
    # 0.05 over the scale of 0.009 per USD is a constant that is off by 6 USD/TEU.
    assert abs(sum(errors) / len(errors)) < 0.05


def test_every_verdict_is_what_its_numbers_say(shipped: list[dict[str, Any]]) -> None:
    for r in shipped:
        low = r["expected_low"]
        high = r["expected_high"]
        assert low <= r["expected"] * (1 + 1e-9)
        assert r["expected"] <= high * (1 + 1e-9)
        if r["modelled"] is None:
            assert r["verdict"] == "not modelled"
            assert r["detail"]
        elif low <= r["modelled"] <= high:
            assert r["verdict"] == "inside"
        else:
            assert r["verdict"] == "outside"


def test_the_accepted_range_is_the_reported_one_with_its_tolerance(
    middle_corridor: Case, shipped: list[dict[str, Any]]
) -> None:
    for fact, result in zip(
        middle_corridor.table("validation").iter_rows(named=True), shipped, strict=True
    ):
        low = fact["expected"] if fact["expected_low"] is None else fact["expected_low"]
        high = fact["expected"] if fact["expected_high"] is None else fact["expected_high"]
        share = fact["tolerance_share"]
        assert result["expected_low"] == pytest.approx(low * (1 - share))
        assert result["expected_high"] == pytest.approx(high * (1 + share))


def test_itinerary_rows_are_what_a_route_search_gives(
    middle_corridor: Case, shipped: list[dict[str, Any]]
) -> None:
    rows = [r for r in shipped if r["origin"] and r["quantity"] == "mean_h"][:5]
    assert rows
    for r in rows:
        case = (
            middle_corridor.with_scenario(r["scenario_id"]) if r["scenario_id"] else middle_corridor
        )
        found = itineraries(
            case,
            r["origin"],
            r["destination"],
            via=(r["via"] or "").split(";") if r["via"] else (),
            avoid=(r["avoid"] or "").split(";") if r["avoid"] else (),
        )
        assert r["modelled"] == found.found[0].mean_h


def test_every_fact_has_a_source(middle_corridor: Case, shipped: list[dict[str, Any]]) -> None:
    sources = set(middle_corridor.table("sources")["id"])
    for r in shipped:
        assert set(r["source_id"].split(";")) <= sources
