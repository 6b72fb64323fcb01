"""The results folder: what is written is what was computed, in one step, and nothing else is."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import polars as pl
import pytest

from karvan import schema
from karvan.case import read_case
from karvan.case.results import (
    DTYPES,
    MANIFEST,
    RESULTS_FORMAT,
    Results,
    file_hash,
    prepare_folder,
    read_results,
    result_frame,
    table_path,
    write_bytes,
    write_json,
    write_table,
)
from karvan.errors import ResultsError
from karvan.runs import STAGES, run

SKIMS = [
    {
        "origin": "баку",
        "destination": "西安",
        "time_h": 1.5,
        "cost_usd_per_teu": 0.1 + 0.2,
        "co2e_kg_per_teu": None,
    },
    {
        "origin": "a;b",
        "destination": "",
        "time_h": 1e300,
        "cost_usd_per_teu": -0.0,
        "co2e_kg_per_teu": 5e-324,
    },
]


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run of the shipped toy case; tests only read it."""
    return run(read_case("two-port"), tmp_path_factory.mktemp("finished") / "results")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty results folder."""
    root = tmp_path / "results"
    prepare_folder(root)
    return root


# What is written and read


def test_a_table_comes_back_as_it_was_written(folder: Path) -> None:
    table = result_frame("skims", SKIMS)
    digest = write_table(folder, "skims", table)
    write_json(folder / MANIFEST, {"format": RESULTS_FORMAT, "complete": True})
    back = read_results(folder).table("skims")
    assert back.equals(table)
    assert back.schema == table.schema
    assert digest == file_hash(table_path(folder, "skims"))


def test_an_empty_table_keeps_its_columns(folder: Path) -> None:
    write_table(folder, "skims", result_frame("skims", []))
    back = Results(folder, {}).table("skims")
    assert back.height == 0
    assert back.columns == [c.name for c in schema.result_tables()["skims"]]


def test_columns_that_are_not_declared_are_left_out_and_order_is_the_declared_one() -> None:
    row = {"extra": 1, **dict(reversed(SKIMS[0].items()))}
    table = result_frame("skims", [row])
    assert table.columns == [c.name for c in schema.result_tables()["skims"]]


def test_a_row_without_a_declared_column_is_a_mistake_of_the_stage() -> None:
    with pytest.raises(KeyError, match="time_h"):
        result_frame("skims", [{"origin": "a", "destination": "b"}])


@pytest.mark.case
@pytest.mark.parametrize("name", schema.result_tables())
def test_every_table_of_a_run_has_the_declared_columns(finished: Results, name: str) -> None:
    declared = {c.name: DTYPES[c.type] for c in schema.result_tables()[name]}
    assert dict(finished.table(name).schema) == declared


@pytest.mark.case
@pytest.mark.parametrize("name", schema.result_tables())
def test_the_declared_key_is_unique(finished: Results, name: str) -> None:
    table = finished.table(name)
    keys = [c.name for c in schema.result_tables()[name] if c.key]
    assert keys
    assert not table.select(keys).is_duplicated().any()


def test_stages_write_every_declared_table_once() -> None:
    written = [name for stage in STAGES for name in stage.writes]
    assert sorted(written) == sorted(schema.result_tables())


@pytest.mark.case
def test_a_run_holds_its_declared_tables_and_no_other(finished: Results) -> None:
    assert finished.names() == tuple(sorted(schema.result_tables()))
    assert {p.suffix for p in (finished.root / "tables").iterdir()} == {".parquet"}


@pytest.mark.case
def test_a_table_that_is_not_there_is_refused_with_the_nearest_name(finished: Results) -> None:
    with pytest.raises(ResultsError, match=r"no table 'itinerary'.*did you mean 'itineraries'"):
        finished.table("itinerary")


# DuckDB


@pytest.mark.case
@pytest.mark.parametrize("name", schema.result_tables())
def test_duckdb_reads_every_table(finished: Results, name: str) -> None:
    table = finished.table(name)
    with duckdb.connect() as base:
        rows = base.execute("SELECT * FROM read_parquet(?)", [str(table_path(finished.root, name))])
        assert [d[0] for d in rows.description] == table.columns
        assert rows.fetchall() == table.rows()


@pytest.mark.case
def test_sql_gives_the_numbers_of_the_tables(finished: Results) -> None:
    sql = f"""
        SELECT i.pair_id, i.rank, i.mean_h, i.cost_usd_per_teu,
               sum(l.wait_h + l.move_h + l.dwell_h), sum(l.cost_usd_per_teu)
        FROM '{finished.root}/tables/itineraries.parquet' i
        JOIN '{finished.root}/tables/legs.parquet' l USING (pair_id, rank)
        GROUP BY ALL ORDER BY ALL
    """
    with duckdb.connect() as base:
        rows = base.execute(sql).fetchall()
    assert len(rows) == finished.table("itineraries").height > 0
    for *_, mean_h, cost, leg_h, leg_cost in rows:
        assert leg_h == pytest.approx(mean_h)
        assert leg_cost == pytest.approx(cost)


@pytest.mark.case
def test_a_glob_over_runs_tells_them_apart(tmp_path: Path) -> None:
    case = read_case("two-port")
    run(case, tmp_path / "base")
    run(case.with_scenario("daily-2030"), tmp_path / "daily")
    sql = """
        SELECT parse_path(filename)[-3] AS run, avg(mean_h)
        FROM read_parquet(?, filename = true) GROUP BY ALL ORDER BY ALL
    """
    with duckdb.connect() as base:
        rows = base.execute(sql, [f"{tmp_path}/*/tables/itineraries.parquet"]).fetchall()
    for name, mean_h in rows:
        table = read_results(tmp_path / name).table("itineraries")
        assert mean_h == pytest.approx(table["mean_h"].mean())
    assert [name for name, _ in rows] == ["base", "daily"]


@pytest.mark.case
def test_the_glob_of_a_folder_sees_tables_only(finished: Results) -> None:
    with duckdb.connect() as base:
        files = base.execute(f"SELECT file FROM glob('{finished.root}/tables/*')").fetchall()
    assert {Path(f).stem for (f,) in files} == set(schema.result_tables())


# Folders that are not ours, or of another version


FOREIGN_MANIFESTS = {
    "newer format": (
        {"format": 2, "versions": {"karvan": "9.9"}},
        r"format 2, written by karvan 9",
    ),
    "format as text": ({"format": "1"}, "format 1, written by karvan unknown"),
    "versions as text": ({"format": 2, "versions": "x"}, "format 2, written by karvan unknown"),
    "no format": ({"name": "a web app"}, "not a manifest of karvan"),
    "a list": ([1, 2], "not a manifest of karvan"),
    "a number": (3, "not a manifest of karvan"),
}


@pytest.mark.parametrize("found", FOREIGN_MANIFESTS)
def test_a_manifest_of_another_kind_is_refused_and_nothing_written(
    tmp_path: Path, found: str
) -> None:
    manifest, message = FOREIGN_MANIFESTS[found]
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    before = contents(tmp_path)
    with pytest.raises(ResultsError, match=message):
        run(read_case("two-port"), tmp_path)
    with pytest.raises(ResultsError, match=message):
        read_results(tmp_path)
    assert contents(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == [MANIFEST]


@pytest.mark.parametrize("damaged", [b"", b"{", b"\xff\xfe{}", b'{"format": 1'])
def test_a_damaged_manifest_is_refused_and_kept(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(damaged)
    with pytest.raises(ResultsError, match=r"manifest\.json: not a manifest of karvan"):
        run(read_case("two-port"), tmp_path)
    assert contents(tmp_path) == {MANIFEST: damaged}


@pytest.mark.parametrize("place", ["thesis.docx", ".hidden", "tables/old.csv", "a/b/c.txt"])
def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text("mine", encoding="utf-8")
    with pytest.raises(ResultsError, match="holds other files; choose an empty one with --out"):
        run(read_case("two-port"), tmp_path)
    assert contents(tmp_path) == {place: b"mine"}


@pytest.mark.case
def test_what_a_kill_leaves_before_the_first_manifest_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / f".{MANIFEST}.123").write_bytes(b"{")
    assert run(read_case("two-port"), tmp_path).manifest["complete"]


def test_reading_a_folder_that_no_run_wrote_says_so(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ResultsError, match=r"no manifest\.json here; expected a folder that"):
            read_results(place)


def test_an_interrupted_run_is_not_read_as_a_finished_one(folder: Path) -> None:
    write_json(folder / MANIFEST, {"format": RESULTS_FORMAT, "complete": False})
    with pytest.raises(ResultsError, match="interrupted; run it again"):
        read_results(folder)


@pytest.mark.case
def test_a_table_damaged_on_disk_is_named(tmp_path: Path) -> None:
    results = run(read_case("two-port"), tmp_path / "r")
    path = table_path(results.root, "legs")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ResultsError, match=r"legs\.parquet: cannot read it.*run again"):
        results.table("legs")


# Places that cannot be written


# Permissions do not stop root, so these are places that nobody can make a folder in.
NOT_WRITABLE = ("a-file", "a-file/below", "a-file/far/below", "/proc/karvan", "/dev/null/karvan")


@pytest.mark.parametrize("place", NOT_WRITABLE)
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-file").write_text("mine", encoding="utf-8")
    out = tmp_path / place
    with pytest.raises(ResultsError, match="--out") as error:
        run(read_case("two-port"), out)
    assert str(out) in str(error.value)
    assert contents(tmp_path) == {"a-file": b"mine"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write it")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ResultsError, match="cannot write results there"):
            run(read_case("two-port"), tmp_path / "results")
    finally:
        tmp_path.chmod(0o700)


# A file is the old one or the new one


def test_nothing_but_the_file_stays(folder: Path) -> None:
    write_table(folder, "skims", result_frame("skims", SKIMS))
    write_table(folder, "skims", result_frame("skims", SKIMS[:1]))
    write_json(folder / "stages" / "x.json", {})
    assert set(contents(folder)) == {"tables/skims.parquet", "stages/x.json"}


@pytest.mark.parametrize("failure", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    write_table(folder, "skims", result_frame("skims", SKIMS))
    write_bytes(folder / "x.json", b"old")
    before = contents(folder)

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(Path, "replace", fail)
    expected = ResultsError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_table(folder, "skims", result_frame("skims", []))
    with pytest.raises(expected):
        write_bytes(folder / "x.json", b"new")
    assert contents(folder) == before


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are of Unix")
def test_a_full_disk_is_an_error_message_and_keeps_the_old_table(folder: Path) -> None:
    write_table(folder, "skims", result_frame("skims", SKIMS))
    before = contents(folder)
    program = """
        import resource, signal, sys
        from pathlib import Path
        import polars as pl
        from karvan.case.results import write_table
        from karvan.errors import ResultsError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            write_table(Path(sys.argv[1]), "skims", pl.DataFrame({"x": range(100_000)}))
        except ResultsError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "skims.parquet: cannot write it" in done.stdout
    assert contents(folder) == before


def test_json_is_the_same_whatever_the_order_of_keys(folder: Path) -> None:
    write_json(folder / "a.json", {"b": 1, "a": {"д": 2, "c": 3}})
    write_json(folder / "b.json", {"a": {"c": 3, "д": 2}, "b": 1})
    assert (folder / "a.json").read_bytes() == (folder / "b.json").read_bytes()
    assert json.loads((folder / "a.json").read_text(encoding="utf-8"))["a"]["д"] == 2


def test_the_hash_of_no_file_is_empty(tmp_path: Path) -> None:
    assert file_hash(tmp_path / "nothing") == ""


def test_parquet_of_equal_tables_is_byte_identical(folder: Path) -> None:
    one = write_table(folder, "skims", result_frame("skims", SKIMS))
    two = write_table(folder, "skims", pl.concat([result_frame("skims", [r]) for r in SKIMS]))
    assert one == two
