"""The simulation in runs: kept by its key, summed up in the terminal, compared in pairs."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from karvan.case import Case, find_case, read_case
from karvan.case.results import Results, read_results, write_table
from karvan.cli.run import run_command
from karvan.report import motion_terminal
from karvan.report.flow_words import flow_names
from karvan.report.journey_names import journey_names
from karvan.report.language import Texts
from karvan.runs import STAGES, run
from karvan.runs.compare_simulation import JourneyChange, compare_simulation
from karvan.runs.execute import stage_key
from karvan.runs.simulated_validation import simulated_answers
from karvan.runs.stages import Effort
from karvan.web.jobs import Desk

pytestmark = pytest.mark.case

FEW = Effort(replications=3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    root, case = tmp_path_factory.mktemp("runs"), read_case("two-port")
    return (
        run(case, root / "before", effort=FEW),
        run(case.with_measures(["daily-ferry"], year=2030), root / "after", effort=FEW),
    )


def test_only_the_simulation_hangs_on_how_long_it_may_take(two_port_case: Case) -> None:
    for stage in STAGES:
        keys = {stage_key(stage, two_port_case, 0, Effort(n)) for n in (2, 3)}
        assert (len(keys) == 2) == (stage.name == "simulate")


def test_a_run_keeps_as_many_replications_as_it_was_asked_for(
    runs: tuple[Results, Results],
) -> None:
    before, _ = runs
    assert before.table("simulation")["replications"].to_list() == [3]
    numbers = before.table("simulated_replications")["replication"].unique().sort().to_list()
    assert numbers == [0, 1, 2]
    # Three replications have intervals; what makes them wide is said.
    assert before.table("simulated_journeys")["mean_low_h"].null_count() == 0
    assert "3 replications" in before.table("simulation")["cautions"][0]
    said = before.manifest["simulation"]
    assert said["replications"] == 3
    assert 0.0 < said["precision_share"] < 1.0
    assert any("3 replications" in caution for caution in said["cautions"])


def test_daily_sailings_shorten_the_simulated_journey(runs: tuple[Results, Results]) -> None:
    changes = compare_simulation(*runs, 5)
    everything = changes[0]
    assert (everything.alternative_id, everything.journey_id) == ("over-the-sea", "")
    assert everything.mean_h.change is not None
    assert everything.mean_h.high is not None
    assert everything.mean_h.high < 0.0
    names = flow_names(runs[1].table, Texts("en"))
    journeys = journey_names(runs[1].table, names)
    shown = motion_terminal.comparison(changes, names, journeys)
    assert shown.row_count == len(changes)  # type: ignore[attr-defined]
    named = list(shown.columns[0].cells)  # type: ignore[attr-defined]
    assert named[0] == "Over the sea"
    assert named[1:] == [journeys[one.later_id] for one in changes[1:]]


def test_a_simulated_journey_is_named_by_its_ends_and_what_tells_it_apart(
    runs: tuple[Results, Results],
) -> None:
    table = runs[1].table("simulated_journeys")
    ends = {row["journey_id"]: row for row in table.iter_rows(named=True)}
    for language in ("en", "ru", "az", "zh"):
        names = flow_names(runs[1].table, Texts(language))
        found = journey_names(runs[1].table, names)
        assert set(found) == set(ends)
        assert len(set(found.values())) == len(found)
        for name, text in found.items():
            row = ends[name]
            assert text.startswith(names.way(row["origin"], row["destination"]))
            assert name not in text

    def twice(name: str) -> pl.DataFrame:
        if name != "simulated_journeys":
            return runs[1].table(name)
        return pl.concat([table, table.with_columns(pl.col("journey_id") + "-again")])

    names = flow_names(runs[1].table, Texts("en"))
    same = journey_names(twice, names)
    assert len(set(same.values())) == 2 * len(ends)


def test_runs_of_other_seeds_are_compared_without_pairs(
    runs: tuple[Results, Results], tmp_path: Path
) -> None:
    other = run(read_case("two-port"), tmp_path / "r", seed=1, effort=FEW)
    first = compare_simulation(runs[0], other, 1)[0]
    assert first.mean_h.before is not None
    assert first.mean_h.change is None


def test_a_replication_in_which_nothing_arrived_counts_for_cargo_and_not_for_time(
    runs: tuple[Results, Results], tmp_path: Path
) -> None:
    first = pl.col("replication") == 0
    table = runs[1].table("simulated_replications")
    times = [pl.when(~first).then(name).alias(name) for name in ("mean_h", "p90_h")]
    teu = pl.when(first).then(0.0).otherwise("arrived_teu").alias("arrived_teu")
    tables = {"none": table.with_columns(*times, teu), "gone": table.filter(~first)}
    found = []
    for name, changed in tables.items():
        shutil.copytree(runs[1].root, tmp_path / name)
        write_table(tmp_path / name, "simulated_replications", changed)
        found.append(compare_simulation(runs[0], read_results(tmp_path / name), 5))
    for none, gone in zip(*found, strict=True):
        assert (none.mean_h, none.p90_h) == (gone.mean_h, gone.p90_h)
        assert none.mean_h.low is not None
        assert gone.teu.after is not None
        assert none.teu.after == pytest.approx(gone.teu.after * 2 / 3)


def test_journeys_are_matched_by_their_way_and_not_by_rank(
    runs: tuple[Results, Results], tmp_path: Path
) -> None:
    def largest(found: tuple[JourneyChange, ...]) -> list[JourneyChange]:
        return [one for one in found if one.journey_id]

    plain = largest(compare_simulation(*runs, 5))
    other = tmp_path / "renamed"
    shutil.copytree(runs[1].root, other)
    ids = sorted(runs[1].table("simulated_journeys")["journey_id"])
    assert len(ids) > 1
    # The same journeys under each other's names.
    swapped = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    for name in ("simulated_journeys", "simulated_replications", "simulated_waits"):
        table = runs[1].table(name).with_columns(pl.col("journey_id").replace(swapped))
        write_table(other, name, table)
    assert largest(compare_simulation(runs[0], read_results(other), 5)) == plain
    # A journey by another service is another one.
    table = (
        runs[1]
        .table("simulated_waits")
        .with_columns(
            pl.when(pl.col("kind") == "service").then(pl.lit("other")).otherwise("id").alias("id")
        )
    )
    write_table(other, "simulated_waits", table)
    for name in ("simulated_journeys", "simulated_replications"):
        write_table(other, name, runs[1].table(name))
    assert len(largest(compare_simulation(runs[0], read_results(other), 5))) < len(plain)


@pytest.mark.parametrize("language", ["en", "ru", "az", "zh"])
def test_the_terminal_says_days_and_the_bottleneck(
    language: str, runs: tuple[Results, Results]
) -> None:
    lines = motion_terminal.summary(runs[0], Texts(language))
    assert len(lines) == 2
    mean = runs[0].table("simulated_journeys").filter(pl.col("origin") == "east")["mean_h"][0]
    assert Texts(language).number(mean / 24.0, 1) in lines[0]


def test_additions_within_noise_are_no_bottleneck(
    runs: tuple[Results, Results], tmp_path: Path
) -> None:
    shutil.copytree(runs[0].root, tmp_path / "noise")
    row = {
        "kind": "fleet", "id": "ferry", "from_node": "", "to_node": "", "resource": "vessels",
        "rank": 1, "step": 1.0, "saved_h": 0.5, "saved_low_h": -0.5, "saved_high_h": 1.5,
        "replications": 5, "measures": "",
    }  # fmt: skip
    write_table(tmp_path / "noise", "simulated_bottlenecks", pl.DataFrame([row]))
    line = motion_terminal.summary(read_results(tmp_path / "noise"), Texts("en"))[-1]
    assert line.endswith("no single addition saves more than noise")
    write_table(
        tmp_path / "noise", "simulated_bottlenecks", pl.DataFrame([{**row, "saved_low_h": 0.1}])
    )
    line = motion_terminal.summary(read_results(tmp_path / "noise"), Texts("en"))[-1]
    # One more of what: the ships of the service, by its name.
    assert "The ferry: vessels; one more saves 0.5 h a TEU" in line


@pytest.mark.parametrize(
    ("option", "value"), [("--replications", "0"), ("--precision", "2"), ("--precision", "x")]
)
def test_an_impossible_effort_is_refused(option: str, value: str, tmp_path: Path) -> None:
    given = ["two-port", "--out", str(tmp_path / "r"), option, value]
    result = CliRunner().invoke(run_command, given)
    assert result.exit_code == 2
    assert option in result.output
    assert not (tmp_path / "r").exists()


def test_times_that_cross_the_sea_are_answered_by_the_simulation(two_port_case: Case) -> None:
    row = {
        "id": "days", "quantity": "mean_h", "subject_id": None, "role": "held_out",
        "scenario_id": None, "origin": "east", "destination": "west", "via": None, "avoid": None,
    }  # fmt: skip
    rows = [
        row,
        {**row, "id": "transit", "quantity": "transit_h"},
        {**row, "id": "tenth", "quantity": "p10_h"},
        {**row, "id": "land", "destination": "east-port"},
        {**row, "id": "checked-input", "role": "input"},
        {**row, "id": "nowhere", "destination": "west", "via": "north"},
    ]
    found = simulated_answers(rows, lambda scenario: two_port_case)
    assert set(found) == {"days", "transit", "tenth"}
    days, transit, tenth = (found[name] for name in ("days", "transit", "tenth"))
    assert days[1] < days[0] < days[2]  # type: ignore[operator]
    # Loading and unloading take 12.7 h each in the mean, the first train half a day.
    # The two are boxes of their own, which meet the same ferries.
    ends = 12.67 + 12.0 + 12.67
    assert days[0] - transit[0] == pytest.approx(ends, rel=0.1)  # type: ignore[operator]
    assert tenth[0] < days[0]  # type: ignore[operator]


def test_a_server_simulates_as_many_years_as_it_was_told(tmp_path: Path) -> None:
    asked = {"scenario": "", "measures": [], "without": [], "year": 2024}
    numbers = set()
    for replications in (2, 3):
        root = find_case("two-port")
        desk = Desk(root, tmp_path, lambda _: None, replications=replications)
        question = desk.question(asked)
        assert question["stages"][-1]["name"] == "simulate"
        desk.run(question["id"], asked, "document.json.gz")
        found = read_results(tmp_path / question["id"])
        assert found.table("simulation")["replications"].to_list() == [replications]
        numbers.add(question["id"])
    # Runs of other lengths are other runs.
    assert len(numbers) == 2
