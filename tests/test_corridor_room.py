"""What a case says where capacity does not do, or no way leads: in tables and to a user."""

import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

from case_files import set_cell
from corridor_cases import BOXES, BOXES_WEST, GRAIN, fork
from karvan.case import Case, read_case
from karvan.case.no_alternative import UNSERVED
from karvan.case.results import Results, read_results
from karvan.cli import main
from karvan.freight import pathlogit
from karvan.freight.corridor import CorridorAssignment, assign, without_room
from karvan.runs import run
from karvan.runs.assignment_tables import assignment_tables

Say = Callable[..., str]
FLOWS, SERVICES, TERMINALS = "demand/flows.csv", "network/services.csv", "network/terminals.csv"
LINKS, COMMODITIES = "network/links.csv", "demand/commodities.csv"
PLACES = 60 * 8766.0 / 84.0
"""Of the ferry of two-port in a year: 60 on each of two sailings a week."""
TRAIN = 0.1 * 365.25 * 50.0
"""TEU a year on a train in ten days."""


def narrow(*routes: str) -> dict[str, dict[str, float]]:
    return {"a" + route: {"capacity_trains_per_day": 0.1} for route in routes}


def least_left(found: CorridorAssignment) -> float:
    """Demand less the most that a linear program lets pass."""
    problem = found.problem
    way_out = problem.paths_of_group[1:] - 1
    dense = np.zeros((len(problem.capacity), len(problem.group)))
    dense[problem.use.resource, problem.use.path] = problem.use.amount
    limited = np.isfinite(problem.capacity)
    cost = np.zeros(len(problem.group))
    cost[way_out] = 1.0
    solved = linprog(
        cost,
        A_ub=dense[limited],
        b_ub=problem.capacity[limited],
        A_eq=(problem.group == np.arange(len(problem.demand))[:, None]).astype(float),
        b_eq=problem.demand,
    )
    return float(solved.fun)


def test_what_has_no_room_at_any_price_is_told_from_what_finds_it_too_dear() -> None:
    assert without_room(assign(fork())) is None
    # One narrow route of three: prices send cargo away, but all of it could pass.
    dear = assign(fork(links=narrow("x")))
    away = sum(
        teu
        for path, teu in zip(dear.paths, dear.equilibrium.flow, strict=True)
        if path.alternative == UNSERVED
    )
    assert away > 1.0
    assert without_room(dear) is None
    cut = without_room(assign(fork(links=narrow("x", "y", "z"))))
    assert cut is not None
    assert cut.left == pytest.approx(10000.0 - 3.0 * TRAIN)


def test_the_rest_is_the_least_that_must_stay_and_each_full_way_is_named() -> None:
    flows = [
        {"commodity_id": "containers", **BOXES_WEST},
        {"commodity_id": "grain", **BOXES_WEST, "id": "grain", "flow_teu_per_year": 4000},
    ]
    found = assign(fork(links=narrow("x", "y", "z"), commodities=[BOXES, GRAIN], flows=flows))
    cut = without_room(found)
    assert cut is not None
    assert cut.left == pytest.approx(least_left(found), rel=1e-6)
    names = {(found.resources[r].id, found.resources[r].from_node) for r in cut.resource}
    assert names == {("ax", "a"), ("ay", "a"), ("az", "a")}


def test_room_for_what_lacks_it_lets_everything_pass() -> None:
    narrowed = {"ax": 0.1, "ay": 0.1, "az": 0.1}
    found = assign(fork(links={k: {"capacity_trains_per_day": v} for k, v in narrowed.items()}))
    cut = without_room(found)
    assert cut is not None
    trains = float(cut.more[0]) / 365.25
    wider = {**narrowed, found.resources[cut.resource[0]].id: 0.1 + trains * 1.000001}
    assert (
        without_room(
            assign(fork(links={k: {"capacity_trains_per_day": v} for k, v in wider.items()}))
        )
        is None
    )


@pytest.mark.parametrize("scenario", ["base-2022", "base-2024", "committed-2030"])
def test_in_the_shipped_case_prices_alone_send_cargo_away(
    middle_corridor: Case, scenario: str
) -> None:
    found = assign(middle_corridor.with_scenario(scenario))
    assert least_left(found) < 1e-6
    assert without_room(found) is None


def two_port(root: Path, *changes: tuple[str, str, str, str]) -> Path:
    """The example case with cells changed: file, row, column, value."""
    copy = root / "changed"
    shutil.copytree(str(files("karvan.cases") / "two-port"), copy)
    for file, key, column, value in changes:
        path = copy / file
        table = pl.read_csv(path, infer_schema=False)
        if column not in table.columns:
            table.with_columns(pl.lit(None, dtype=pl.String).alias(column)).write_csv(path)
        set_cell(path, key, column, value)
    return copy


TOO_MUCH = tuple(
    change
    for flow in ("east-west-2024", "west-east-2024")
    for change in (
        (FLOWS, flow, "flow_formula", ""),
        (FLOWS, flow, "part_of", ""),
        (FLOWS, flow, "flow_source_id", ""),
        (FLOWS, flow, "flow_teu_per_year", "20000" if flow == "east-west-2024" else "3960"),
    )
)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Function that runs a changed case and returns what a user reads."""
    monkeypatch.chdir(tmp_path)

    def call(*changes: tuple[str, str, str, str], status: int = 0, lang: str = "en") -> str:
        case = two_port(tmp_path, *changes)
        with pytest.raises(SystemExit) as end:
            main(["run", str(case), "--no-report", "--lang", lang, "--out", "out"])
        assert end.value.code == status
        return "".join(capsys.readouterr())

    return call


def results() -> Results:
    return read_results(Path("out"))


def test_demand_above_every_capacity_names_the_cut_the_rest_and_the_measure(say: Say) -> None:
    text = say(*TOO_MUCH)
    left = 20000.0 - PLACES
    assert (
        f"No room at any price for {left:,.0f} TEU a year, because of The ferry "
        "(East port → West port)." in text
    )
    assert "Measures that add room there: A ferry every day." in text
    assert results().table("assignment")["left_over_teu"].to_list() == pytest.approx([left])
    full = results().table("bottlenecks").filter(pl.col("lacking") > 0.0).to_dicts()
    assert [(row["id"], row["from_node"], row["measures"]) for row in full] == [
        ("ferry", "east-port", "daily-ferry")
    ]
    assert full[0]["lacking"] == pytest.approx(left / 60.0)


def test_names_that_look_like_markup_are_shown_as_they_are(say: Say) -> None:
    name = "The [/b] ferry [free zone] :ship:"
    text = say(
        *TOO_MUCH,
        (SERVICES, "ferry", "name_en", name),
        ("demand/alternatives.csv", "over-the-sea", "name_en", "Over [/red] it"),
        ("network/nodes.csv", "east-port", "name_en", "East [/] port"),
    )
    assert f"because of {name} (East [/] port → West port)" in " ".join(text.split())
    assert "Over [/red] it: " in text


def test_the_same_in_another_language(say: Say) -> None:
    text = say(*TOO_MUCH, lang="ru")
    assert "Меры, которые добавляют там место: Паром каждый день." in text


def test_a_capacity_that_no_measure_changes_says_so(say: Say) -> None:
    text = say((TERMINALS, "east-port-ferry", "capacity_teu_per_year", "3000"))
    assert "because of Ferry terminal." in text
    assert "No measure of the case adds room there." in text


def test_a_case_with_room_says_nothing_about_it(say: Say) -> None:
    text = say()
    assert "No room" not in text
    assert "No way" not in text


NO_WAY = "No way at all: East → West (Containers); West → East (Containers)"
CLOSED = {
    "a ferry without places": [(SERVICES, "ferry", "capacity_teu", "0")],
    "a terminal without room": [(TERMINALS, "east-port-ferry", "capacity_teu_per_year", "0")],
    "a railway without trains": [
        (LINKS, "west-port-west", "capacity_trains_per_day", "0"),
        (LINKS, "west-port-west", "capacity_status", "assumed"),
        (LINKS, "west-port-west", "capacity_reason", "why"),
    ],
    "cargo that may not take the ferry": [(COMMODITIES, "containers", "modes", "rail;road")],
}


@pytest.mark.parametrize("closed", CLOSED)
def test_flows_that_a_capacity_of_zero_or_their_modes_cut_off_are_named(
    say: Say, closed: str
) -> None:
    assert NO_WAY in say(*CLOSED[closed])
    summary = results().table("assignment").to_dicts()[0]
    assert summary["unreachable"] == "east-west-2024;west-east-2024"
    assert summary["teu"] == 0.0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("-5", "flow_teu_per_year: found '-5'\n     expected a number >= 0 [TEU/year]"),
        ("nan", "flow_teu_per_year: found 'nan'\n     expected a finite number [TEU/year]"),
        ("inf", "flow_teu_per_year: found 'inf'\n     expected a finite number [TEU/year]"),
    ],
)
def test_a_demand_that_is_no_amount_is_refused_with_its_row(
    say: Say, value: str, message: str
) -> None:
    change = (FLOWS, "east-west-2030", "flow_teu_per_year", value)
    assert f"{FLOWS} row 4 (east-west-2030) {message}" in say(change, status=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((SERVICES, "ferry", "capacity_teu", "-3"), "capacity_teu: found '-3'"),
        ((SERVICES, "ferry", "capacity_teu", "nan"), "capacity_teu: found 'nan'"),
        ((COMMODITIES, "containers", "modes", "rail;roda"), "did you mean 'road'?"),
        ((FLOWS, "east-west-2030", "destination", "nowhere"), "destination: found 'nowhere'"),
    ],
)
def test_other_bad_numbers_and_names_are_refused(
    say: Say, change: tuple[str, str, str, str], message: str
) -> None:
    assert message in say(change, status=2)


def test_commodities_share_what_is_scarce_and_keep_to_their_own_modes() -> None:
    goods = [
        {**BOXES, "modes": "rail"},
        {**BOXES, "id": "any", "modes": ""},
        {**BOXES, "id": "wet", "modes": "sea"},
    ]
    flows = [
        {**BOXES_WEST, "id": row["id"], "commodity_id": row["id"], "flow_teu_per_year": 5000}
        for row in goods
    ]
    found = assign(fork(links=narrow("x"), commodities=goods, flows=flows))
    assert [flow.id for flow in found.unreachable] == ["wet"]
    assert [flow.id for flow in found.flows] == ["containers", "any"]
    full = [r.id for r in found.resources].index("ax")
    assert found.equilibrium.load[full] == pytest.approx(0.1 * 365.25)


def test_no_places_for_boxes_leave_those_for_loose_cargo(tmp_path: Path) -> None:
    case = read_case(
        two_port(
            tmp_path,
            (SERVICES, "ferry", "capacity_teu", "0"),
            (SERVICES, "ferry", "capacity_t", "1200"),
            (COMMODITIES, "containers", "cargo", "loose"),
        )
    )
    assert assign(case).unreachable == ()
    boxes = read_case(
        two_port(
            tmp_path / "boxes",
            (SERVICES, "ferry", "capacity_teu", "0"),
            (SERVICES, "ferry", "capacity_t", "1200"),
        )
    )
    tables = assignment_tables(boxes, lambda share: None)
    assert tables["assignment"]["unreachable"].to_list() == ["east-west-2024;west-east-2024"]


ERRORS = ("choice_error", "capacity_error", "slack_error", "conservation_error")


def test_the_manifest_holds_the_certificate_of_the_flows(say: Say) -> None:
    assert "read the flows as approximate" not in say()
    manifest, (row,) = results().manifest["assignment"], results().table("assignment").to_dicts()
    assert manifest["converged"] is True
    assert all(manifest[name] == row[name] <= 1e-9 for name in ERRORS)


def test_flows_that_did_not_converge_are_said_to_be_approximate(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pathlogit, "TOLERANCE", -1.0)
    assert "did not reach its tolerance: read the flows as approximate" in say()
    assert results().manifest["assignment"]["converged"] is False


def test_a_run_without_flows_has_no_certificate(tmp_path: Path) -> None:
    case = two_port(tmp_path)
    pl.read_csv(case / FLOWS, infer_schema=False).clear().write_csv(case / FLOWS)
    assert run(read_case(case), tmp_path / "out").manifest["assignment"] is None


def test_a_measure_in_force_is_not_named_as_one_that_would_add_room(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = [
        (file, row, column, "40000" if value == "20000" else value)
        for file, row, column, value in TOO_MUCH
    ]
    wide = (TERMINALS, "east-port-ferry", "capacity_teu_per_year", "100000")
    case = two_port(tmp_path, *changes, wide)
    monkeypatch.chdir(tmp_path)
    left = 40000.0 - 60.0 * 8766.0 / 24.0

    def text(*more: str) -> str:
        with pytest.raises(SystemExit):
            main(["run", str(case), "--no-report", "--out", "out", *more])
        return " ".join("".join(capsys.readouterr()).split())

    before = text()
    assert "Measures that add room there: A ferry every day." in before
    assert f"With the first of them, {left:,.0f} TEU a year would still have no room." in before
    lifting = results().table("lifting").to_dicts()
    assert [row["measure_id"] for row in lifting] == ["daily-ferry"]
    assert lifting[0]["left_over_teu"] == pytest.approx(left)
    after = text("--measure", "daily-ferry", "--year", "2026")
    assert "What adds room there is in force already: A ferry every day." in after
    assert "Measures that add room" not in after
    assert results().table("lifting").is_empty()


MEASURE = """
id = "{id}"
pillar = "facilities"
state = "proposed"
from_year = 2040
authority = "Example line"
source_id = "example"
confidence = "low"
title = {{ en = "{id}", ru = "{id}", az = "{id}", zh = "{id}" }}

[[changes]]
table = "services"
status = "assumed"
reason = "invented for the example"
"""
HALF = """action = "scale"
where = { id = "ferry" }
column = "capacity_teu"
value = 0.5
"""
SECOND = (
    'action = "insert"\nrow = { id = "second", operator = "Other line", name_en = "Second", '
    'name_ru = "Second", name_az = "Second", name_zh = "Second", mode = "ferry", '
    'route = "east-port;west-port", both_directions = true, departure = "frequency", '
    'headway_h = 168.0, capacity_teu = 60, headway_status = "assumed", headway_reason = "why", '
    'capacity_status = "assumed", capacity_reason = "why" }\n'
)


FASTER = """action = "set"
where = { id = "ferry" }
column = "travel_h"
value = 10
"""


def test_a_bypass_lifts_a_cut_and_what_narrows_it_does_not(tmp_path: Path) -> None:
    root = two_port(tmp_path, *TOO_MUCH)
    for name, change in (("half", HALF), ("second", SECOND), ("faster", FASTER)):
        text = MEASURE.format(id=name) + change
        (root / "measures" / f"{name}.toml").write_text(text, encoding="utf-8")
    tables = assignment_tables(read_case(root), lambda share: None)
    weekly = 60.0 * 8766.0 / 168.0
    # Ferries enough would still unload at a terminal for 20,000 TEU, both directions together.
    assert dict(tables["lifting"].iter_rows()) == {
        "daily-ferry": pytest.approx(3960.0),
        "second": pytest.approx(20000.0 - PLACES - weekly),
    }
    full = tables["bottlenecks"].filter(pl.col("lacking") > 0.0)
    assert full["measures"].to_list() == ["daily-ferry;half"]
