"""A run: stages that finished are kept, those whose inputs changed are not, and nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import pytest

from karvan.case import Case, read_case
from karvan.case.model import resolve
from karvan.case.results import MANIFEST, Results, read_results, table_path
from karvan.cli.common import open_case, setting_change
from karvan.errors import CaseError, ResultsError
from karvan.freight.routing import network_at
from karvan.network import skims
from karvan.runs import STAGES, Event, run
from karvan.runs.execute import default_folder, stage_key
from karvan.runs.stages import Effort, Given

pytestmark = pytest.mark.case

NAMES = [stage.name for stage in STAGES]
BRIEF = Effort(replications=2)
"""What is shown of the shipped case does not hang on how many years are simulated."""
PATIENCE_S = 120.0
"""A cold numba cache has to be filled by the first process that asks for the kernels."""


class Log:
    """What a run told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def stages(self, kind: str) -> list[str]:
        return [e.stage.name for e in self.events if e.kind == kind]


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def table_bytes(root: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (root / "tables").iterdir()}


def without_timings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    text = json.loads(json.dumps(manifest))
    for record in text["stages"].values():
        record["seconds"] = 0
    return text


def changed(case: Case, table: str, *columns: pl.Expr) -> Case:
    """The case with other cells in one table."""
    tables = {**case.tables, table: case.table(table).with_columns(*columns)}
    return replace(case, tables=MappingProxyType(tables))


# What a run does


def test_a_run_computes_every_stage_in_order(two_port_case: Case, tmp_path: Path) -> None:
    log = Log()
    results = run(two_port_case, tmp_path / "r", tell=log)
    assert log.stages("start") == log.stages("done") == NAMES
    assert not log.stages("kept")
    assert results.table("itineraries").height > 0
    assert results.table("skims").height == 4 * 4


def test_the_share_that_is_told_only_grows(two_port_case: Case, tmp_path: Path) -> None:
    log = Log()
    run(two_port_case, tmp_path / "r", tell=log)
    for name in NAMES:
        shares = [e.share for e in log.events if e.stage.name == name]
        assert shares == sorted(shares)
        assert shares[0] == 0.0
        assert shares[-1] == 1.0


def test_a_rerun_keeps_every_stage_and_every_byte(two_port: Path, tmp_path: Path) -> None:
    run(read_case(two_port), tmp_path / "r")
    before = contents(tmp_path / "r")
    log = Log()
    run(read_case(two_port), tmp_path / "r", tell=log)
    assert log.stages("kept") == NAMES
    assert not log.stages("start")
    assert contents(tmp_path / "r") == before


def test_fresh_computes_all_again_and_gives_the_same_bytes(
    two_port_case: Case, tmp_path: Path
) -> None:
    first = run(two_port_case, tmp_path / "r")
    before, manifest = table_bytes(first.root), without_timings(first.manifest)
    log = Log()
    again = run(two_port_case, tmp_path / "r", fresh=True, tell=log)
    assert log.stages("done") == NAMES
    assert table_bytes(again.root) == before
    assert without_timings(again.manifest) == manifest


def test_two_folders_hold_the_same_bytes(two_port: Path, tmp_path: Path) -> None:
    one = run(read_case(two_port), tmp_path / "one")
    two = run(read_case("two-port"), tmp_path / "two")
    assert table_bytes(one.root) == table_bytes(two.root)
    assert without_timings(one.manifest) == without_timings(two.manifest)


def test_two_processes_with_other_hash_seeds_write_the_same_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        karvan("run", "two-port", "--out", seed, cwd=tmp_path, PYTHONHASHSEED=seed)
    assert table_bytes(tmp_path / "1") == table_bytes(tmp_path / "2")


def test_the_skims_table_holds_what_the_network_gives(two_port_case: Case, tmp_path: Path) -> None:
    table = run(two_port_case, tmp_path / "r").table("skims")
    found = skims(network_at(two_port_case))
    for row in table.iter_rows(named=True):
        i, j = found.origins.index(row["origin"]), found.node_ids.index(row["destination"])
        assert row["time_h"] == found.time_h[i, j]
        assert row["cost_usd_per_teu"] == found.cost_usd_per_teu[i, j]
    assert table.height == np.isfinite(found.time_h).sum()


def test_links_are_listed_with_the_time_and_money_of_trains_in_general(
    two_port_case: Case, tmp_path: Path
) -> None:
    slow = changed(
        two_port_case,
        "rates",
        pl.lit(1.5).alias("general_time_factor"),
        pl.lit(2.0).alias("general_cost_factor"),
        pl.lit("assumed").alias("headway_status"),
        pl.lit("an example").alias("headway_reason"),
    )
    slow = changed(
        slow,
        "links",
        pl.when(pl.col("id") == "west-port-west").then(20.0).alias("travel_h"),
        pl.lit("assumed").alias("travel_status"),
        pl.lit("an example").alias("travel_reason"),
    )
    links = {r["id"]: r for r in run(slow, tmp_path / "r").table("network_links").to_dicts()}
    # 400 km at 40 km/h and 0.3 USD/TEU-km; 20 h by timetable; 10 t/TEU at 20 g CO2e/tkm.
    assert links["east-east-port"]["move_h"] == pytest.approx(1.5 * 10.0)
    assert links["west-port-west"]["move_h"] == pytest.approx(1.5 * 20.0)
    assert links["east-east-port"]["cost_usd_per_teu"] == pytest.approx(2.0 * 120.0)
    assert links["east-east-port"]["co2e_kg_per_teu"] == pytest.approx(80.0)


# What a stage depends on


class Spy(Mapping[str, pl.DataFrame]):
    """Tables that remember which of them were looked at."""

    def __init__(self, tables: Mapping[str, pl.DataFrame]) -> None:
        self.tables, self.read = tables, set[str]()

    def __getitem__(self, name: str) -> pl.DataFrame:
        self.read.add(name)
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


@pytest.mark.parametrize("stage", STAGES, ids=NAMES)
def test_a_stage_reads_only_the_tables_it_declares(stage: Any, two_port_case: Case) -> None:
    spy = Spy(two_port_case.tables)
    stage.function(replace(two_port_case, tables=spy), lambda share: None, Given())
    assert spy.read <= set(stage.reads)


ONE_CELL: Mapping[str, pl.Expr] = {
    "links": pl.col("length_km") + 1.0,
    "nodes": pl.lit("x").alias("note"),
    "pairs": pl.lit("x").alias("note"),
    "validation": pl.col("expected") + 1.0,
    "terminals": pl.lit("x").alias("note"),
    "sources": pl.lit("x").alias("note"),
    "observations": pl.lit("x").alias("note"),
}


@pytest.mark.parametrize("table", ONE_CELL)
def test_a_changed_cell_reruns_the_stages_that_read_its_table(
    table: str, two_port_case: Case, tmp_path: Path
) -> None:
    run(two_port_case, tmp_path / "r")
    log = Log()
    other = run(changed(two_port_case, table, ONE_CELL[table]), tmp_path / "r", tell=log)
    assert log.stages("done") == [s.name for s in STAGES if table in s.reads]
    assert log.stages("kept") == [s.name for s in STAGES if table not in s.reads]
    anew = run(changed(two_port_case, table, ONE_CELL[table]), tmp_path / "anew")
    assert table_bytes(other.root) == table_bytes(anew.root)


def test_going_back_to_the_old_value_gives_the_old_tables(
    two_port_case: Case, tmp_path: Path
) -> None:
    before = table_bytes(run(two_port_case, tmp_path / "r").root)
    longer = run(changed(two_port_case, "links", ONE_CELL["links"]), tmp_path / "r")
    assert table_bytes(longer.root) != before
    assert table_bytes(run(two_port_case, tmp_path / "r").root) == before


def test_a_measure_that_is_not_applied_reruns_what_looks_at_definitions(
    two_port_case: Case, tmp_path: Path
) -> None:
    run(two_port_case, tmp_path / "r")
    measure = two_port_case.measures["daily-ferry"].model_copy(update={"note": "x"})
    log = Log()
    run(replace(two_port_case, measures={"daily-ferry": measure}), tmp_path / "r", tell=log)
    assert log.stages("done") == [s.name for s in STAGES if s.reads_definitions]


def test_a_measure_reruns_what_reads_the_tables_that_it_changes(
    two_port_case: Case, tmp_path: Path
) -> None:
    run(two_port_case, tmp_path / "r")
    case = two_port_case.with_measures(["daily-ferry"], year=2026)
    assert {n for n in case.tables if case.table(n) is not two_port_case.table(n)} == {"services"}
    log = Log()
    run(replace(case, year=two_port_case.year), tmp_path / "r", tell=log)
    assert log.stages("kept") == [s.name for s in STAGES if s.as_read or "services" not in s.reads]
    assert "validation" in log.stages("kept")


def test_what_another_run_finished_with_the_same_inputs_is_taken_over(
    two_port_case: Case, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    run(two_port_case, runs / "base")
    case = two_port_case.with_measures(["daily-ferry"], year=2030)
    log = Log()
    taken = run(case, runs / "daily", others=runs, tell=log)
    assert log.stages("kept") == ["validation"]
    anew = run(case, tmp_path / "anew")
    assert table_bytes(taken.root) == table_bytes(anew.root)
    assert without_timings(taken.manifest) == without_timings(anew.manifest)
    # What is shared is never written into: the donor stays as it was when the taker changes.
    before = contents(runs / "base")
    edited = changed(case, "validation", ONE_CELL["validation"])
    run(replace(edited, unchanged=edited), runs / "daily", others=runs)
    assert contents(runs / "base") == before


def test_a_damaged_stage_of_another_run_is_not_taken_over(
    two_port_case: Case, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    run(two_port_case, runs / "base")
    table_path(runs / "base", "validation").write_bytes(b"damaged")
    log = Log()
    run(two_port_case, runs / "again", others=runs, tell=log)
    assert log.stages("done") == ["validation"]


def test_a_measure_that_changes_no_table_reruns_only_what_says_so(
    two_port_case: Case, tmp_path: Path
) -> None:
    news = {"changes": [], "pending": "trade", "from_year": 2024}
    talk = two_port_case.measures["daily-ferry"].model_copy(update=news)
    case = replace(two_port_case, measures={"daily-ferry": talk})
    run(case, tmp_path / "r")
    log = Log()
    run(case.with_measures(["daily-ferry"]), tmp_path / "r", tell=log)
    assert log.stages("done") == [s.name for s in STAGES if s.reads_applied]


def test_a_measure_that_changes_no_table_is_still_said_to_be_applied(
    two_port_case: Case, tmp_path: Path
) -> None:
    news = {"changes": [], "pending": "trade", "from_year": 2024}
    talk = two_port_case.measures["daily-ferry"].model_copy(update=news)
    case = replace(two_port_case, measures={"daily-ferry": talk})
    run(case, tmp_path / "r")
    results = run(case.with_measures(["daily-ferry"]), tmp_path / "r")
    assert results.manifest["measures"] == ["daily-ferry"]
    assert results.table("measures")["applied"].to_list() == [True]


def test_what_a_change_hides_still_counts_for_other_scenarios(
    two_port: Path, edit_cell: Callable[[str, str, str, str], int], tmp_path: Path
) -> None:
    def longer(case: Case) -> Case:
        change = setting_change("links.east-east-port.length_km=500")
        return resolve(case, overrides=[change])

    edit_cell("validation.csv", "east-west-days", "scenario_id", "daily-2030")
    run(longer(read_case(two_port)), tmp_path / "r")
    edit_cell("network/links.csv", "east-east-port", "length_km", "900")
    log = Log()
    results = run(longer(read_case(two_port)), tmp_path / "r", tell=log)
    assert {"network", "itineraries"} <= set(log.stages("kept"))
    anew = run(longer(read_case(two_port)), tmp_path / "anew")
    assert table_bytes(results.root) == table_bytes(anew.root)


@pytest.mark.parametrize("stage", STAGES, ids=NAMES)
def test_seed_year_settings_and_name_enter_the_key(stage: Any, two_port_case: Case) -> None:
    settings = two_port_case.settings.model_copy(update={"customs_unions": [["AA", "BB"]]})
    keys = {
        stage_key(stage, two_port_case, 0),
        stage_key(stage, two_port_case, 1),
        stage_key(stage, replace(two_port_case, year=2025), 0),
        stage_key(stage, replace(two_port_case, settings=settings), 0),
        stage_key(replace(stage, name="other"), two_port_case, 0),
    }
    assert len(keys) == 5
    assert stage_key(stage, two_port_case, 0) == stage_key(stage, read_case("two-port"), 0)


def test_another_seed_computes_anew(two_port_case: Case, tmp_path: Path) -> None:
    run(two_port_case, tmp_path / "r")
    log = Log()
    assert run(two_port_case, tmp_path / "r", seed=7, tell=log).manifest["seed"] == 7
    assert log.stages("done") == NAMES


def test_other_code_computes_anew(
    two_port_case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(two_port_case, tmp_path / "r")
    monkeypatch.setattr("karvan.runs.execute.code_hash", lambda: "another")
    log = Log()
    run(two_port_case, tmp_path / "r", tell=log)
    assert log.stages("done") == NAMES


# Damage


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _another_table(path: Path) -> None:
    pl.DataFrame({"x": [1]}).write_parquet(path)


@pytest.mark.parametrize("damage", [_flip, _truncate, Path.unlink, _another_table])
@pytest.mark.parametrize("stage", STAGES, ids=NAMES)
def test_a_damaged_table_is_computed_anew(
    stage: Any, damage: Callable[[Path], None], two_port_case: Case, tmp_path: Path
) -> None:
    root = run(two_port_case, tmp_path / "r", effort=BRIEF).root
    before = table_bytes(root)
    damage(table_path(root, stage.writes[-1]))
    log = Log()
    run(two_port_case, root, tell=log, effort=BRIEF)
    assert log.stages("done") == [stage.name]
    assert table_bytes(root) == before


RECORDS = {
    "empty": "",
    "half": '{"key": "',
    "a list": "[]",
    "no seconds": None,
    "not text": "\x00",
    "no outputs": '{"key": "x", "seconds": 1.0}',
}


@pytest.mark.parametrize("found", RECORDS)
def test_a_damaged_record_is_computed_anew(found: str, two_port_case: Case, tmp_path: Path) -> None:
    root = run(two_port_case, tmp_path / "r").root
    before = table_bytes(root)
    path = root / "stages" / "itineraries.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["seconds"]
    path.write_text(RECORDS[found] or json.dumps(record), encoding="utf-8")
    log = Log()
    run(two_port_case, root, tell=log)
    assert log.stages("done") == ["itineraries"]
    assert table_bytes(root) == before


# Interruption


class Stop:
    """Raises at one event."""

    def __init__(self, stage: str, kind: str) -> None:
        self.at = stage, kind

    def __call__(self, event: Event) -> None:
        if (event.stage.name, event.kind) == self.at:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("stage", "kind"),
    [(name, kind) for name in NAMES for kind in ("start", "done")] + [("itineraries", "progress")],
)
def test_an_interruption_keeps_what_was_finished(
    stage: str, kind: str, two_port_case: Case, tmp_path: Path
) -> None:
    root = tmp_path / "r"
    with pytest.raises(KeyboardInterrupt):
        run(two_port_case, root, tell=Stop(stage, kind))
    with pytest.raises(ResultsError, match="interrupted"):
        read_results(root)
    finished = NAMES[: NAMES.index(stage) + (kind == "done")]
    log = Log()
    results = run(two_port_case, root, tell=log)
    assert log.stages("kept") == finished
    assert log.stages("done") == NAMES[len(finished) :]
    whole = run(two_port_case, tmp_path / "whole")
    assert table_bytes(root) == table_bytes(whole.root)
    assert without_timings(results.manifest) == without_timings(whole.manifest)


def test_tables_of_two_cases_are_never_taken_for_one_run(
    two_port_case: Case, tmp_path: Path
) -> None:
    root = run(two_port_case, tmp_path / "r").root
    longer = changed(two_port_case, "links", ONE_CELL["links"])
    with pytest.raises(KeyboardInterrupt):
        run(longer, root, tell=Stop("itineraries", "start"))
    with pytest.raises(ResultsError, match="interrupted"):
        read_results(root)


def test_an_interruption_before_anything_is_written_leaves_the_earlier_run(
    two_port_case: Case, tmp_path: Path
) -> None:
    root = run(two_port_case, tmp_path / "r").root
    before = contents(root)
    with pytest.raises(KeyboardInterrupt):
        run(two_port_case, root, seed=1, tell=Stop("check", "start"))
    assert contents(root) == before


# Interruption of real processes, on the shipped case


COMMAND = (sys.executable, "-c", "from karvan.cli import main; main()")


def karvan(*args: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args],
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=PATIENCE_S,
    )


def stopped(root: Path, how: signal.Signals) -> tuple[int, str]:
    """Start a run, stop it once its network is compiled; return its status and last words."""
    process = subprocess.Popen(
        [*COMMAND, "run", "middle-corridor", "--replications", "2", "--out", str(root)],
        cwd=root.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    limit = time.monotonic() + PATIENCE_S
    while not (root / "stages" / "network.json").exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < limit
        time.sleep(0.002)
    process.send_signal(how)
    _, words = process.communicate(timeout=PATIENCE_S)
    return process.returncode, words


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Results:
    root = tmp_path_factory.mktemp("middle-corridor") / "r"
    return run(open_case("middle-corridor"), root, effort=BRIEF)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are of Unix")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_a_stopped_process_loses_no_finished_stage(
    how: str, uninterrupted: Results, tmp_path: Path
) -> None:
    root = tmp_path / "r"
    status, words = stopped(root, signal.Signals[how])
    if how == "SIGINT":
        assert status == 130
        assert "karvan: interrupted; what was finished is kept, run again to go on" in words
        assert "Traceback" not in words
    else:
        assert status == -signal.Signals[how]
    finished = [name for name in NAMES if (root / "stages" / f"{name}.json").exists()]
    assert {"check", "network"} <= set(finished) < set(NAMES)
    assert not json.loads((root / MANIFEST).read_text(encoding="utf-8"))["complete"]
    log = Log()
    results = run(open_case("middle-corridor"), root, effort=BRIEF, tell=log)
    assert log.stages("kept") == finished
    for name in uninterrupted.names():
        one, two = table_path(root, name), table_path(uninterrupted.root, name)
        assert one.read_bytes() == two.read_bytes()
    assert without_timings(results.manifest) == without_timings(uninterrupted.manifest)


# The manifest


def test_the_manifest_says_what_was_run(two_port_case: Case, tmp_path: Path) -> None:
    case = resolve(two_port_case, scenario="daily-2030")
    manifest = run(case, tmp_path / "r", seed=3).manifest
    assert manifest["format"] == 1
    assert manifest["complete"] is True
    assert manifest["case"] == "two-port"
    assert manifest["scenario"] == "daily-2030"
    assert manifest["year"] == 2030
    assert manifest["measures"] == ["daily-ferry"]
    assert manifest["seed"] == 3
    assert set(manifest["inputs"]) == set(case.tables)
    assert all(len(digest) == 64 for digest in manifest["inputs"].values())
    assert {"karvan", "python", "numpy", "numba", "polars"} <= set(manifest["versions"])
    assert list(manifest["stages"]) == sorted(NAMES)
    for stage in STAGES:
        record = manifest["stages"][stage.name]
        assert record["seconds"] >= 0.0
        assert set(record["outputs"]) == set(stage.writes)
    assert manifest["warnings"] == []


def test_hashes_of_inputs_tell_which_table_a_scenario_changes(
    two_port_case: Case, tmp_path: Path
) -> None:
    base = run(two_port_case, tmp_path / "base").manifest["inputs"]
    daily = run(resolve(two_port_case, scenario="daily-2030"), tmp_path / "daily").manifest
    assert {name for name in base if base[name] != daily["inputs"][name]} == {"services"}


def test_warnings_are_in_the_manifest_and_in_the_table(
    two_port: Path, edit_cell: Callable[[str, str, str, str], int], tmp_path: Path
) -> None:
    edit_cell("network/nodes.csv", "west", "name_zh", "")
    results = run(read_case(two_port), tmp_path / "r")
    problems = results.table("problems")
    assert problems["severity"].to_list() == ["warning"]
    assert len(results.manifest["warnings"]) == 1
    assert problems["check"][0] in results.manifest["warnings"][0]
    assert problems["where"][0] in results.manifest["warnings"][0]


# Cases that are not sound


def test_an_invalid_case_writes_no_tables(
    two_port: Path, edit_cell: Callable[[str, str, str, str], int], tmp_path: Path
) -> None:
    edit_cell("network/links.csv", "west-port-west", "to_node", "nowhere")
    log = Log()
    with pytest.raises(CaseError, match=r"links\.to_node\.reference"):
        run(read_case(two_port), tmp_path / "r", tell=log)
    assert not table_bytes(tmp_path / "r")
    assert log.stages("start") == ["check"]
    edit_cell("network/links.csv", "west-port-west", "to_node", "west")
    assert run(read_case(two_port), tmp_path / "r").manifest["complete"]


def test_an_invalid_case_leaves_an_earlier_run_as_it_was(
    two_port: Path, edit_cell: Callable[[str, str, str, str], int], tmp_path: Path
) -> None:
    run(read_case(two_port), tmp_path / "r")
    before = contents(tmp_path / "r")
    edit_cell("network/links.csv", "west-port-west", "to_node", "nowhere")
    with pytest.raises(CaseError):
        run(read_case(two_port), tmp_path / "r")
    assert contents(tmp_path / "r") == before


# Where a run goes


def test_other_inputs_go_to_another_folder(two_port_case: Case) -> None:
    setting = "links.east-east-port.length_km=410"
    folders = [
        default_folder(two_port_case),
        default_folder(resolve(two_port_case, year=2030)),
        default_folder(resolve(two_port_case, scenario="daily-2030")),
        default_folder(resolve(two_port_case, scenario="daily-2030", year=2031)),
        default_folder(resolve(two_port_case, measures=["daily-ferry"], year=2030)),
        default_folder(resolve(two_port_case, overrides=[setting_change(setting)]), [setting]),
    ]
    assert len(set(folders)) == len(folders)
    assert folders[0] == Path("results/two-port-2024")
    assert folders[2] == Path("results/two-port-daily-2030")


# Running is not allowed to be wrong about scenarios


def test_a_scenario_changes_the_itineraries(two_port_case: Case, tmp_path: Path) -> None:
    base = run(two_port_case, tmp_path / "base").table("itineraries")
    daily = run(resolve(two_port_case, scenario="daily-2030"), tmp_path / "daily")
    # Two sailings a week wait 2.25 days or so in the mean; one a day waits half a day.
    assert daily.table("itineraries")["mean_h"].mean() < base["mean_h"].mean() - 24.0
    assert daily.table("itineraries")["cost_usd_per_teu"].equals(base["cost_usd_per_teu"])


def test_a_pair_that_nothing_joins_has_no_rows(
    two_port: Path, edit_cell: Callable[[str, str, str, str], int], tmp_path: Path
) -> None:
    edit_cell("network/services.csv", "ferry", "closes", "2020")
    results = run(read_case(two_port), tmp_path / "r")
    assert results.table("itineraries").height == 0
    assert results.table("legs").height == 0
    assert results.table("validation")["verdict"].to_list() == ["no route"]
