"""What beats what: default < case < measures < overrides of the scenario < command line."""

from collections.abc import Iterable
from dataclasses import FrozenInstanceError, replace
from types import MappingProxyType
from typing import Any

import pytest

from karvan.case import Case
from karvan.case.model import resolve
from karvan.case.settings import Change, Measure, Scenario
from karvan.cli.common import open_case, setting_change
from karvan.errors import ScenarioError


def headway(value: float, action: str = "set") -> Change:
    return Change(
        table="services",
        action=action,  # type: ignore[arg-type]
        where={"id": "ferry"},
        column="headway_h",
        value=value,
        status="assumed",
        reason=f"{action} {value}",
    )


def measure(name: str, changes: Iterable[Change], from_year: int = 2025) -> Measure:
    return Measure.model_validate(
        {
            "id": name,
            "pillar": "facilities",
            "title": {"en": name},
            "state": "proposed",
            "from_year": from_year,
            "authority": "nobody",
            "source_id": "example",
            "confidence": "low",
            "changes": [c.model_dump() for c in changes],
        }
    )


def scenario(name: str, year: int, measures: list[str], overrides: list[Change]) -> Scenario:
    return Scenario.model_validate(
        {
            "id": name,
            "year": year,
            "title": {"en": name},
            "measures": measures,
            "overrides": [c.model_dump() for c in overrides],
        }
    )


@pytest.fixture(scope="module")
def case(two_port_case: Case) -> Case:
    measures = {
        "m10": measure("m10", [headway(10)]),
        "m20": measure("m20", [headway(20)]),
        "double": measure("double", [headway(2, "scale")]),
        "late": measure("late", [headway(99)], from_year=2040),
    }
    scenarios = {
        "bare": scenario("bare", 2030, [], []),
        "m10": scenario("m10", 2030, ["m10"], []),
        "over": scenario("over", 2030, ["m10", "late"], [headway(30)]),
    }
    return replace(
        two_port_case, measures=MappingProxyType(measures), scenarios=MappingProxyType(scenarios)
    )


def headway_in(case: Case) -> Any:
    return case.table("services")["headway_h"].item()


def test_default_of_the_schema_stands_where_the_case_is_silent(case: Case) -> None:
    assert set(case.table("links")["both_directions"]) == {True}
    assert headway_in(case) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"scenario": "bare"}, None),
        ({"scenario": "m10"}, 10),
        ({"scenario": "m10", "measures": ["m20"]}, 20),
        ({"scenario": "over"}, 30),
        ({"scenario": "over", "measures": ["m20"]}, 30),
        ({"scenario": "over", "measures": ["m20"], "overrides": [headway(40)]}, 40),
        ({"overrides": [headway(40)]}, 40),
        ({"overrides": [headway(40), headway(50)]}, 50),
    ],
    ids=[
        "case",
        "bare",
        "measure",
        "later measure",
        "override",
        "override last",
        "line",
        "line on case",
        "last of line",
    ],
)
def test_the_stronger_beats_the_weaker(
    case: Case, given: dict[str, Any], expected: float | None
) -> None:
    assert headway_in(resolve(case, year=2030, **given)) == expected


def test_measures_apply_in_the_order_named_and_once(case: Case) -> None:
    assert headway_in(case.with_measures(["m10", "m20"], year=2030)) == 20
    assert headway_in(case.with_measures(["m20", "m10"], year=2030)) == 10
    assert headway_in(case.with_measures(["m10", "double"], year=2030)) == 20
    twice = case.with_measures(["m10", "double", "double"], year=2030)
    assert headway_in(twice) == 20
    assert twice.applied == ("m10", "double")
    assert headway_in(twice.with_measures(["double"], year=2031)) == 20


def test_year_of_the_question_beats_the_scenario_and_that_the_case(case: Case) -> None:
    assert resolve(case).year == case.settings.base_year == 2024
    assert resolve(case, scenario="bare").year == 2030
    assert resolve(case, scenario="bare", year=2027).year == 2027
    assert resolve(case, year=2027).year == 2027
    assert case.with_scenario("bare").with_measures(["m10"]).year == 2030


@pytest.mark.parametrize(("year", "applied"), [(2039, ()), (2040, ("late",)), (2041, ("late",))])
def test_a_measure_does_nothing_before_its_year(
    case: Case, year: int, applied: tuple[str, ...]
) -> None:
    result = case.with_measures(["late"], year=year)
    assert result.applied == applied
    assert headway_in(result) == (99 if applied else None)


def test_without_a_year_a_measure_waits_for_the_base_year(case: Case) -> None:
    assert case.with_measures(["m10"]).applied == ()


def test_what_was_applied_is_remembered(case: Case) -> None:
    result = case.with_scenario("over").with_measures(["m20"])
    assert (result.scenario, result.applied) == ("over", ("m10", "m20"))
    assert (case.scenario, case.applied) == ("", ())


def test_a_case_is_frozen(case: Case) -> None:
    with pytest.raises(FrozenInstanceError):
        case.year = 2030  # type: ignore[misc]
    with pytest.raises(TypeError):
        case.tables["links"] = case.table("nodes")  # type: ignore[index]
    with pytest.raises(TypeError):
        case.with_scenario("m10").tables["links"] = case.table("nodes")  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scenario": "bear"}, "no scenario 'bear' in this case; did you mean 'bare'?"),
        ({"scenario": "xyz"}, "no scenario 'xyz' in this case; it has: bare, m10, over"),
        ({"measures": ["duoble"]}, "no measure 'duoble' in this case; did you mean 'double'?"),
    ],
)
def test_an_unknown_name_is_refused_with_a_suggestion(
    case: Case, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        resolve(case, **given)
    assert str(error.value) == message


def test_a_wrong_change_says_where_it_stands(case: Case) -> None:
    wrong = headway(-1)
    broken = replace(
        case,
        measures=MappingProxyType({"bad": measure("bad", [wrong])}),
        scenarios=MappingProxyType({"bad": scenario("bad", 2030, [], [wrong])}),
    )
    for given, place in (
        ({"measures": ["bad"], "year": 2030}, "measures/bad.toml change 1"),
        ({"scenario": "bad"}, "scenarios/bad.toml change 1"),
        ({"overrides": [wrong]}, "command line change 1"),
    ):
        with pytest.raises(ScenarioError, match=f"^{place}"):
            resolve(broken, **given)  # type: ignore[arg-type]


def test_the_command_line_speaks_last() -> None:
    settings = ["services.ferry.headway_h=6", "services.ferry.departure=frequency"]
    case = open_case("two-port", "daily-2030", settings=settings)
    assert headway_in(case) == 6
    row = case.table("services").row(0, named=True)
    assert (row["headway_status"], row["headway_reason"]) == ("assumed", "set on the command line")
    assert headway_in(open_case("two-port", "daily-2030")) == 24
    assert headway_in(open_case("two-port", "daily-2030", year=2025)) is None


def test_an_id_with_dots_can_be_set() -> None:
    change = setting_change("observations.traffic.ferry.2023.value=9100")
    assert change.where == {"id": "traffic.ferry.2023"}
    assert (change.table, change.column, change.value) == ("observations", "value", "9100")


@pytest.mark.parametrize("text", ["", "links", "links.a=1", "links.a.b", ".a.b=1", "=1"])
def test_a_setting_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"expected TABLE\.ID\.COLUMN=VALUE"):
        setting_change(text)


def test_a_case_stands_for_one_scenario(two_port_case):
    daily = two_port_case.with_scenario("daily-2030")
    with pytest.raises(ScenarioError, match=r"already stands for scenario 'daily-2030'"):
        daily.with_scenario("daily-2030")
    assert daily.as_read is two_port_case
    assert daily.as_read.with_scenario("daily-2030").year == 2030
