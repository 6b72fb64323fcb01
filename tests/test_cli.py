"""The command line: what it prints, writes, refuses, and the status it ends with."""

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from karvan import __version__
from karvan.case import Case, read_case
from karvan.case.settings import LANGUAGES
from karvan.cli import COMMANDS, COMPILING, cli, explained_if_slow, main
from karvan.evidence.claims import evaluate_claims
from karvan.report.html import assets
from karvan.report.language import Texts
from karvan.runs import STAGES
from scoreboard_tables import data, framework, random_values

PROGRAM = "from karvan.cli import main; main()"
XIAN_BAKU = ("route", "Xi'an", "Baku", "--depart", "2024-03-01")
ROUNDED = 0.005
"""Hours and money have two decimals in documents; a sum of n legs may be off by n of these."""
ROUNDED_KM = 0.05


class Said(NamedTuple):
    """What a command ended with."""

    status: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def karvan(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Function that runs the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KARVAN_LANG", raising=False)

    def call(*args: str) -> Said:
        with pytest.raises(SystemExit) as end:
            main(list(args))
        out, err = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Said(end.value.code, out, err)

    return call


def process(*args: str, cwd: Path, **variables: str) -> Said:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *args],
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return Said(done.returncode, done.stdout, done.stderr)


def refused(said: Said, *words: str) -> None:
    """Status 2, nothing on standard output, and a message that says all these words."""
    assert said.status == 2, said
    assert said.out == ""
    assert said.err.startswith("karvan: ")
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err


# Help


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def examples() -> Iterator[tuple[str, str]]:
    """Command and line of every example in the help texts."""
    for name, command in {"": cli, **commands()}.items():
        for line in (command.epilog or "").splitlines():
            if line.strip().startswith("karvan "):
                yield name, line.strip()


EXAMPLES = list(examples())


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_says_what_it_does_and_shows_an_example(name: str, karvan: Run) -> None:
    said = karvan(*([name] if name else []), "--help")
    assert said.status == 0
    assert not said.err
    usage, _, rest = said.out.partition("\n")
    assert usage.startswith(f"Usage: karvan {name}".rstrip())
    assert re.search(rf"Examples?:\n +karvan {name}", rest)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_explained(name: str) -> None:
    for parameter in commands()[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_the_list_of_commands_has_every_command_and_its_short_help(karvan: Run) -> None:
    text = " ".join(karvan("--help").out.split())
    for name, (_, short) in COMMANDS.items():
        assert f"{name} {short}" in text


@pytest.mark.parametrize(
    "program",
    [
        "import karvan",
        "from karvan.cli import _status; assert _status(['--help']) == 0",
        "from karvan.cli import _status; assert _status(['--version']) == 0",
        "from karvan.cli import _status; assert _status(['completion', '--help']) == 0",
        "from karvan.cli import _status; assert _status(['warmup', '--help']) == 0",
    ],
)
def test_help_loads_no_heavy_library(program: str, tmp_path: Path) -> None:
    heavy = ("numba", "polars", "numpy", "pydantic", "rich", "babel", "duckdb")
    code = f"import sys; {program}; sys.exit(', '.join(set({heavy}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("name", ["new", "claims", "evidence"])
def test_what_computes_nothing_loads_no_compiler(name: str, tmp_path: Path) -> None:
    program = f"from karvan.cli import _status; assert _status(['{name}', '--help']) == 0"
    code = f"import sys; {program}; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True)


@pytest.mark.parametrize(
    ("patience_s", "terminal", "said"),
    [(0.001, True, COMPILING + "\n"), (60.0, True, ""), (0.001, False, "")],
    ids=["slow", "quick", "no terminal"],
)
def test_on_a_terminal_a_slow_start_is_explained(
    patience_s: float,
    terminal: bool,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("karvan.cli.PATIENCE_S", patience_s)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with explained_if_slow():
        time.sleep(0.2)
    assert capsys.readouterr().err == said


def test_version(karvan: Run) -> None:
    assert karvan("--version").out == f"karvan, version {__version__}\n"


# The examples of the help texts

SLOW = re.compile(r"^karvan (run|compare|warmup)")
LINES = list(dict.fromkeys(line for _, line in EXAMPLES))
# Serving ends when it is told to: tests/test_web_serve.py has those examples.
QUICK = [line for line in LINES if not SLOW.match(line) and not line.startswith("karvan serve")]
SLOWER = [line for line in LINES if SLOW.match(line)]


def test_examples_were_found() -> None:
    assert {name for name, _ in EXAMPLES} == {"", *COMMANDS}
    assert len(EXAMPLES) > 20


def write_score_files() -> None:
    """Data, framework and configuration that the examples of ``karvan score`` name."""
    years, units = [2021] * 6 + [2022] * 6, ["KAZ", "AZE", "GEO", "UZB", "TKM", "ARM"] * 2
    data(random_values(12), years=years, units=units).write_csv("data.csv")
    framework().write_csv("framework.csv")
    Path("score.toml").write_text("[sensitivity]\nlog2_base = 5\n", encoding="utf-8")


def write_model_files() -> None:
    """The model and the folder of one that the examples of ``karvan simulate`` name."""
    text = """horizon_h = 500
    stages = [{ id = "berth", service_h = "erlang(10, 2)" }]
    classes = [{ id = "ship", route = ["berth"] }]
    sources = [{ id = "sea", class = "ship", every_h = "exponential(20)" }]
    """
    Path("folder").mkdir()
    for name in ("port.toml", "folder/model.toml"):
        Path(name).write_text(text, encoding="utf-8")


def run_example(line: str, karvan: Run) -> Said:
    """Run an example with the case or runs that it speaks of; what a shell redirects is shown."""
    command, _, target = line.partition(">")
    assert not target or target.strip("> ").startswith("~/")
    words = shlex.split(command)[1:]
    if "my-case" in line and words[0] != "new":
        template = "middle-corridor" if "--measure" in line else "two-port"
        karvan("new", "my-case", "--from", template)
    if words[0] == "report" and not (assets() / "app.js").exists():
        pytest.skip("the front end is not built: npm ci && npm run build in frontend/")
    if words[0] == "score":
        write_score_files()
    if words[0] == "simulate":
        write_model_files()
    for n, folder in enumerate(word for word in words if word in {"results/a", "results/b"}):
        karvan("run", "two-port", "--out", folder, "--quiet", "--seed", str(n))
    return karvan(*words)


@pytest.mark.parametrize("line", QUICK)
def test_an_example_in_the_help_runs(line: str, karvan: Run) -> None:
    said = run_example(line, karvan)
    assert said.status == 0, said.err
    assert said.out or "-o" in line


@pytest.fixture(scope="module")
def results_of_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the longer examples, so that what one has computed the next one keeps."""
    return tmp_path_factory.mktemp("examples")


@pytest.mark.slow
@pytest.mark.case
@pytest.mark.parametrize("line", SLOWER)
def test_a_longer_example_in_the_help_runs(
    line: str, karvan: Run, results_of_examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(results_of_examples)
    said = run_example(line, karvan)
    assert said.status == 0, said.err
    assert said.out


# Exit status and streams


def test_no_command_shows_the_help_with_status_2(karvan: Run) -> None:
    said = karvan()
    assert said.status == 2
    assert "Usage: karvan" in said.out + said.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("rout",), "No such command 'rout'"),
        (("route", "Baku"), "Missing argument 'DESTINATION'"),
        (("route", "Baku", "Poti", "--langg", "ru"), "No such option"),
        (("route", "Baku", "Poti", "--lang", "fr"), "'fr' is not one of"),
        (("route", "Baku", "Poti", "--limit", "0"), "0 is not in the range"),
        (("run", "two-port", "--seed", "-1"), "-1 is not in the range"),
        (("run", "two-port", "--seed", "x"), "'x' is not a valid integer"),
        (("run", "two-port", "--year", "20240"), "20240 is not in the range"),
        (("completion", "tcsh"), "'tcsh' is not one of"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_how(
    args: tuple[str, ...], words: str, karvan: Run
) -> None:
    said = karvan(*args)
    assert said.status == 2
    assert said.out == ""
    assert "Usage: karvan" in said.err
    assert words in said.err


def test_an_interruption_ends_with_130(karvan: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("karvan.cli.run.run", interrupt)
    said = karvan("run", "two-port")
    assert said.status == 130
    assert "karvan: interrupted; what was finished is kept, run again to go on" in said.err
    assert "Traceback" not in said.err


def test_errors_go_to_the_error_stream_of_a_real_process(tmp_path: Path) -> None:
    refused(process("check", "nowhere", cwd=tmp_path), "no case 'nowhere'", "middle-corridor")
    refused(process("route", "Atlantis", "Baku", cwd=tmp_path), "no place 'Atlantis'")
    refused(process("run", "two-port", "--out", "/proc/x", cwd=tmp_path), "/proc/x", "--out")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of Unix")
def test_a_reader_that_stops_reading_is_no_traceback(tmp_path: Path) -> None:
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(PROGRAM)} places | head -n 1"
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_closed_input_and_a_plain_locale_are_enough(tmp_path: Path) -> None:
    said = process("places", "西安", "--lang", "zh", cwd=tmp_path, PYTHONUTF8="0", LC_ALL="C.UTF-8")
    assert said.status == 0
    assert "西安" in said.out


def test_a_pipe_gets_no_colours(tmp_path: Path) -> None:
    said = process("claims", cwd=tmp_path)
    assert said.status == 0
    assert "\x1b" not in said.out


# Route: the JSON contract

CONTRACT = {"origin", "destination", "depart", "itineraries"}
CONTRACT_ITINERARY = {
    "p10_h",
    "p50_h",
    "p90_h",
    "cost_usd_per_teu",
    "co2e_kg_per_teu",
    "km",
    "transfers",
    "legs",
}
CONTRACT_LEG = {
    "from",
    "to",
    "mode",
    "service",
    "km",
    "wait_h",
    "move_h",
    "dwell_h",
    "source_ids",
}


def document(karvan: Run, *args: str) -> Any:
    said = karvan(*args, "--json")
    assert said.status == 0, said.err
    assert said.err == ""
    return json.loads(said.out)


@pytest.fixture
def xian_baku(karvan: Run) -> Any:
    return document(karvan, *XIAN_BAKU)


def test_the_names_of_the_json_are_a_contract(xian_baku: Any) -> None:
    assert set(xian_baku) >= CONTRACT
    assert xian_baku["itineraries"]
    for found in xian_baku["itineraries"]:
        assert set(found) >= CONTRACT_ITINERARY
        assert found["legs"]
        for leg in found["legs"]:
            assert set(leg) >= CONTRACT_LEG


def test_the_types_of_the_json_are_a_contract(xian_baku: Any) -> None:
    assert (xian_baku["origin"], xian_baku["destination"]) == ("xian", "absheron")
    assert xian_baku["depart"].startswith("2024-03-01")
    numbers = CONTRACT_ITINERARY - {"legs", "transfers"}
    for found in xian_baku["itineraries"]:
        assert all(isinstance(found[name], int | float) for name in numbers)
        assert isinstance(found["transfers"], int)
        for leg in found["legs"]:
            assert all(isinstance(leg[name], str) for name in ("from", "to", "mode"))
            assert leg["service"] is None or isinstance(leg["service"], str)
            assert all(
                isinstance(leg[name], int | float) for name in ("km", "wait_h", "move_h", "dwell_h")
            )
            assert all(isinstance(source, str) for source in leg["source_ids"])


def test_json_without_a_departure_says_null(karvan: Run) -> None:
    assert document(karvan, "route", "Xi'an", "Baku")["depart"] is None


def test_numbers_of_an_itinerary_fit_together(xian_baku: Any, middle_corridor: Case) -> None:
    sources = set(middle_corridor.table("sources")["id"])
    for found in xian_baku["itineraries"]:
        legs = found["legs"]
        slack = ROUNDED * (3 * len(legs) + 1)
        assert 0 < found["p10_h"] <= found["p50_h"] <= found["p90_h"]
        assert found["p10_h"] < found["mean_h"] < found["p90_h"]
        hours = sum(leg["wait_h"] + leg["move_h"] + leg["dwell_h"] for leg in legs)
        assert hours == pytest.approx(found["mean_h"], abs=slack)
        for name in ("cost_usd_per_teu", "co2e_kg_per_teu"):
            assert sum(leg[name] for leg in legs) == pytest.approx(found[name], abs=slack)
        km = sum(leg["km"] for leg in legs)
        assert km == pytest.approx(found["km"], abs=ROUNDED_KM * (len(legs) + 1))
        assert found["transfers"] == len(legs) - 1
        assert legs[0]["from"] == xian_baku["origin"]
        assert legs[-1]["to"] == xian_baku["destination"]
        assert all(a["to"] == b["from"] for a, b in pairwise(legs))
        assert all(set(leg["source_ids"]) <= sources for leg in legs)
        assert any(leg["source_ids"] for leg in legs)


def test_the_first_itinerary_is_the_recommended_one(xian_baku: Any) -> None:
    costs = [found["generalized_cost_usd_per_teu"] for found in xian_baku["itineraries"]]
    assert costs == sorted(costs)
    per_hour = xian_baku["value_of_time_usd_per_teu_h"]
    for found in xian_baku["itineraries"]:
        expected = found["cost_usd_per_teu"] + per_hour * found["mean_h"]
        assert found["generalized_cost_usd_per_teu"] == pytest.approx(
            expected, abs=ROUNDED * (per_hour + 2)
        )


def test_two_processes_print_the_same_bytes(tmp_path: Path) -> None:
    one, two = (
        process(*XIAN_BAKU, "--json", cwd=tmp_path, PYTHONHASHSEED=seed) for seed in ("1", "2")
    )
    assert one.status == 0
    assert one == two


# Route: other forms


def test_csv_has_a_row_a_leg(xian_baku: Any, karvan: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(karvan(*XIAN_BAKU, "--csv").out)))
    legs = [
        (rank, n, leg, found)
        for rank, found in enumerate(xian_baku["itineraries"], 1)
        for n, leg in enumerate(found["legs"], 1)
    ]
    assert len(rows) == len(legs)
    for row, (rank, n, leg, found) in zip(rows, legs, strict=True):
        assert (int(row["itinerary"]), int(row["leg"])) == (rank, n)
        assert (row["from"], row["to"], row["mode"]) == (leg["from"], leg["to"], leg["mode"])
        assert float(row["move_h"]) == leg["move_h"]
        assert row["source_ids"].split(";") == (leg["source_ids"] or [""])
        assert float(row["itinerary_p90_h"]) == found["p90_h"]
        assert None not in row.values()


def geojson(karvan: Run, *args: str) -> tuple[list[Any], dict[str, Any]]:
    """Lines of the legs, and places of the points, of a route as GeoJSON."""
    found = json.loads(karvan(*args, "--geojson").out)
    assert found["type"] == "FeatureCollection"
    features = found["features"]
    assert all(f["type"] == "Feature" for f in features)
    lines = [f for f in features if f["geometry"]["type"] == "LineString"]
    points = [f for f in features if f["geometry"]["type"] == "Point"]
    assert len(lines) + len(points) == len(features)
    return lines, {p["properties"]["node"]: p["geometry"]["coordinates"] for p in points}


@pytest.mark.parametrize("pair", [("Xi'an", "Baku"), ("Baku", "Xi'an"), ("CNSHA", "DEHAM")])
def test_geojson_lines_are_joined_end_to_end(pair: tuple[str, str], karvan: Run) -> None:
    lines, points = geojson(karvan, "route", *pair)
    wanted = document(karvan, "route", *pair)
    legs = {
        (rank, n): leg
        for rank, found in enumerate(wanted["itineraries"], 1)
        for n, leg in enumerate(found["legs"], 1)
    }
    ends: dict[int, list[float]] = {}
    for line in lines:
        leg = legs.pop((line["properties"]["itinerary"], line["properties"]["leg"]))
        track = line["geometry"]["coordinates"]
        assert len(track) >= 2
        assert all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in track)
        assert close(track[0], points[leg["from"]])
        assert close(track[-1], points[leg["to"]])
        rank = line["properties"]["itinerary"]
        assert close(track[0], ends.get(rank, track[0]))
        ends[rank] = track[-1]
        jumps = [a for a, b in pairwise(track) if a == b]
        assert not jumps
    assert not legs
    assert set(points) == {
        n for f in wanted["itineraries"] for leg in f["legs"] for n in leg["nodes"]
    }


def close(one: list[float], two: list[float]) -> bool:
    """Lines are simplified to a few hundred metres and end at their nodes."""
    return all(abs(a - b) < 0.005 for a, b in zip(one, two, strict=True))


def test_geojson_of_a_case_without_geometry_draws_straight_lines(karvan: Run) -> None:
    lines, points = geojson(karvan, "route", "east", "west", "--case", "two-port")
    tracks = [line["geometry"]["coordinates"] for line in lines]
    assert tracks[0] == [points["east"], points["east-port"]]
    assert tracks[-1] == [points["west-port"], points["west"]]


def test_geojson_says_whom_its_lines_owe(karvan: Run) -> None:
    found = json.loads(karvan(*XIAN_BAKU, "--geojson").out)
    assert "© OpenStreetMap contributors" in found["attribution"]
    assert "ODbL" in found["attribution"]


@pytest.mark.parametrize("form", ["--json", "--csv", "--geojson"])
def test_a_file_gets_what_the_terminal_would(form: str, karvan: Run, tmp_path: Path) -> None:
    shown = karvan(*XIAN_BAKU, form)
    written = karvan(*XIAN_BAKU, form, "-o", "route.out")
    assert written == Said(0, "", "")
    assert (tmp_path / "route.out").read_text(encoding="utf-8") == shown.out


def test_a_file_without_a_form_is_json(karvan: Run, tmp_path: Path) -> None:
    assert karvan(*XIAN_BAKU, "-o", "route").status == 0
    assert "itineraries" in json.loads((tmp_path / "route").read_text(encoding="utf-8"))


@pytest.mark.parametrize("place", ["no-folder/route.json", "/proc/route.json", "a-file/route.json"])
def test_a_file_that_cannot_be_written_is_named(place: str, karvan: Run, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("mine", encoding="utf-8")
    refused(karvan(*XIAN_BAKU, "-o", place), place, "cannot write it", "-o")
    assert (tmp_path / "a-file").read_text(encoding="utf-8") == "mine"


def test_a_folder_is_no_file_to_write(karvan: Run, tmp_path: Path) -> None:
    said = karvan(*XIAN_BAKU, "-o", str(tmp_path))
    assert said.status == 2
    assert "is a directory" in said.err


def test_the_terminal_shows_itineraries_and_the_legs_of_the_first(karvan: Run) -> None:
    said = karvan(*XIAN_BAKU, "--limit", "2")
    assert said.status == 0
    assert "Xi'an" in said.out
    assert "The recommended itinerary, leg by leg" in said.out
    assert "more, see --limit" in said.out


# Route: the question


def days(found: Mapping[str, Any]) -> float:
    return found["itineraries"][0]["mean_h"] / 24.0


def test_scenario_measure_year_and_set_change_the_answer(karvan: Run) -> None:
    question = ("route", "east", "west", "--case", "two-port")
    base = document(karvan, *question)
    daily = document(karvan, *question, "--scenario", "daily-2030")
    measure = document(karvan, *question, "--measure", "daily-ferry", "--year", "2026")
    too_early = document(karvan, *question, "--measure", "daily-ferry")
    headway = (
        "--set",
        "services.ferry.departure=frequency",
        "--set",
        "services.ferry.headway_h=24",
    )
    override = document(karvan, *question, *headway)
    assert days(daily) == days(measure) == days(override) < days(base) - 1.0
    assert too_early == base
    longer = document(karvan, *question, "--set", "links.east-east-port.length_km=500")
    assert longer["itineraries"][0]["km"] == base["itineraries"][0]["km"] + 100
    assert (
        "links.east-east-port.length"
        in longer["itineraries"][0]["legs"][0]["assumed_or_calibrated"]
    )


def test_the_command_line_beats_the_scenario(karvan: Run) -> None:
    question = ("route", "east", "west", "--case", "two-port", "--scenario", "daily-2030")
    slower = document(karvan, *question, "--set", "services.ferry.headway_h=240")
    assert days(slower) == pytest.approx(days(document(karvan, *question)) + 108 / 24, abs=0.001)


def test_avoid_via_transfers_objectives_and_commodity_are_heard(karvan: Run) -> None:
    free = document(karvan, "route", "Xi'an", "Duisburg")
    nodes = {n for f in free["itineraries"] for leg in f["legs"] for n in leg["nodes"]}
    south = document(karvan, "route", "Xi'an", "Duisburg", "--avoid", "RU", "--via", "Poti")
    for found in south["itineraries"]:
        passed = {n for leg in found["legs"] for n in leg["nodes"]}
        assert "poti" in passed
        assert not passed & {"moscow", "yekaterinburg"}
    assert nodes & {"moscow", "yekaterinburg"}
    few = document(karvan, "route", "Xi'an", "Baku", "--max-transfers", "3")
    assert all(found["transfers"] <= 3 for found in few["itineraries"])
    cheapest = document(karvan, "route", "CNSHA", "NLRTM", "--objectives", "cost")
    assert len(cheapest["itineraries"]) == 1
    cars = document(karvan, "route", "Xi'an", "Baku", "--commodity", "vehicles")
    assert cars["commodity"] == "vehicles"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("Bakuu", "Poti"), ("no place 'Bakuu'", "nearest:", "Baku")),
        (("Xian", "Потии"), ("no place 'Потии'", "poti")),
        (("qqqqqq", "Poti"), ("no place 'qqqqqq'", "karvan places")),
        (("", "Poti"), ("no place ''",)),
        (("Baku", "AZBAK", "--via", "Nowhere"), ("no place 'Nowhere'",)),
        (("Poti", "Поти"), ("origin and destination are both 'poti'", "name two places")),
        (("Baku", "Poti", "--depart", "2024-13-01"), ("departure '2024-13-01'", "2024-03-01")),
        (("Baku", "Poti", "--depart", "1 March"), ("departure '1 March'", "expected a date")),
        (("Baku", "Poti", "--depart", ""), ("expected a date",)),
        (("Baku", "Poti", "--max-transfers", "-1"), ("max_transfers is -1", "0 or more")),
        (("Baku", "Poti", "--commodity", "cars"), ("no commodity 'cars'",)),
        (("Baku", "Poti", "--objectives", "tme"), ("objective 'tme'", "did you mean 'time'?")),
        (("Baku", "Poti", "--objectives", ","), ("no objective given",)),
        (("Baku", "Poti", "--avoid", "pipe"), ("cannot avoid 'pipe'",)),
        (("Baku", "Poti", "--avoid", "Baku"), ("'absheron' is not open", "avoided")),
        (("Baku", "Poti", "--scenario", "base-2042"), ("no scenario 'base-2042'", "did you mean")),
        (("Baku", "Poti", "--measure", "anaklia"), ("no measure 'anaklia'",)),
        (("Baku", "Poti", "--set", "links"), ("--set links", "TABLE.ID.COLUMN=VALUE")),
        (("Baku", "Poti", "--set", "link.x.length_km=3"), ("no table 'link'", "'links'")),
        (("Baku", "Poti", "--set", "links.x.length_km=3"), ("no row with id = 'x'",)),
        (
            ("Baku", "Poti", "--set", "links.aktau-alat-sea.length=3"),
            ("no column 'length'", "length_km"),
        ),
        (
            ("Baku", "Poti", "--set", "links.aktau-alat-sea.length_km=-3"),
            ("found '-3'", "expected"),
        ),
        (
            ("Baku", "Poti", "--set", "links.aktau-alat-sea.length_km=nan"),
            ("found 'nan'", "expected"),
        ),
        (("Baku", "Poti", "--case", "middle"), ("no case 'middle'", "middle-corridor")),
    ],
)
def test_a_question_without_an_answer_is_explained(
    args: tuple[str, ...], words: tuple[str, ...], karvan: Run
) -> None:
    refused(karvan("route", *args, "--json"), *words)


def test_no_path_says_what_is_disconnected_from_what(karvan: Run) -> None:
    question = ("route", "east", "west", "--case", "two-port")
    refused(
        karvan(*question, "--avoid", "ferry"),
        "no itinerary from 'east' to 'west'",
        "from 'east' cargo reaches",
        "'east-port'",
        "'west' is reached from",
        "'west-port'",
    )
    refused(karvan(*question, "--max-transfers", "0"), "within the allowed transfers")


NAMES = {
    "absheron": ("Baku", "Баку", "Bakı", "巴库", "bakı", "BAKU"),
    "xian": ("Xi'an", "Сиань", "Sian", "西安", "CNSIA", "xian"),
    "poti": ("Poti", "Поти", "波季", "GEPTI"),
    "aktau": ("Актау", "Aktau", "阿克套", "KZAAU"),
}


@pytest.mark.parametrize(("node", "name"), [(n, name) for n in NAMES for name in NAMES[n]])
def test_places_answer_to_four_languages_and_locode(node: str, name: str, karvan: Run) -> None:
    said = karvan("places", name)
    assert said.status == 0, said.err
    assert re.search(rf"│ {node} ", said.out)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_place_answers_to_its_name(language: str, karvan: Run, middle_corridor: Case) -> None:
    nodes = middle_corridor.table("nodes").sample(5, seed=LANGUAGES.index(language))
    for row in nodes.iter_rows(named=True):
        assert re.search(rf"│ {row['id']} ", karvan("places", row[f"name_{language}"]).out)


# Languages

HEADINGS = {
    "route": (("route", "xian", "absheron"), "The recommended itinerary, leg by leg"),
    "claims": (("claims",), "Claims of the founding article, tested against the evidence"),
    "evidence": (("evidence",), "State of the data"),
    "validate": (("validate", "two-port"), "What the world reported, and what the model says"),
    "scenarios": (("scenarios",), "Measures"),
    "places": (("places", "poti"), "Places"),
    "run": (("run", "two-port"), "Recommended itineraries"),
    "check": (("check", "two-port"), "no problem found"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", HEADINGS)
def test_headings_are_in_the_language(command: str, language: str, karvan: Run) -> None:
    args, heading = HEADINGS[command]
    translated = Texts(language)(heading)
    assert (translated == heading) == (language == "en")
    said = karvan(*args, "--lang", language)
    assert said.status == 0, said.err
    assert translated in said.out
    assert language == "en" or heading not in said.out


def test_the_language_may_come_from_the_environment(
    karvan: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KARVAN_LANG", "az")
    assert Texts("az")("Places") in karvan("places", "poti").out
    assert Texts("zh")("Places") in karvan("places", "poti", "--lang", "zh").out


def test_files_are_the_same_in_every_language(karvan: Run) -> None:
    texts = {karvan(*XIAN_BAKU, "--json", "--lang", language).out for language in LANGUAGES}
    assert len(texts) == 1


# Check, claims, evidence, lists


@pytest.mark.parametrize("name", ["middle-corridor", "two-port"])
def test_the_shipped_cases_are_clean(name: str, karvan: Run) -> None:
    said = karvan("check", name)
    assert said.status == 0, said.err
    assert said.out.startswith(f"{name}: no problem found")


def test_check_lists_every_problem_at_once(
    two_port: Path, edit_cell: Callable[[str, str, str, str], int], karvan: Run
) -> None:
    line = edit_cell("network/links.csv", "west-port-west", "length_km", "-5")
    other = edit_cell("network/nodes.csv", "east", "lat", "north")
    said = karvan("check", str(two_port))
    refused(said, "2 problem(s)", f"links.csv row {line}", f"nodes.csv row {other}")
    refused(said, "found '-5'", "found 'north'", "[links.length_km.minimum]")


def test_a_warning_alone_ends_with_0(
    two_port: Path, edit_cell: Callable[[str, str, str, str], int], karvan: Run
) -> None:
    edit_cell("network/nodes.csv", "west", "name_zh", "")
    said = karvan("check", str(two_port))
    assert said.status == 0
    assert "warning: " in said.err
    assert "no problem found" in said.out


def test_claims_as_csv_hold_what_was_evaluated(karvan: Run, middle_corridor: Case) -> None:
    rows = list(csv.DictReader(io.StringIO(karvan("claims", "--csv").out)))
    tables = [middle_corridor.table(n) for n in ("claims", "observations", "series", "events")]
    expected = evaluate_claims(*tables)
    assert [(r["claim_id"], r["verdict"]) for r in rows] == list(
        expected.select("claim_id", "verdict").iter_rows()
    )


def test_lists_hold_every_row(karvan: Run, middle_corridor: Case) -> None:
    shown = karvan("scenarios").out
    assert all(f" {name} " in shown for name in middle_corridor.scenarios)
    places = karvan("places").out
    assert all(f"│ {name} " in places for name in middle_corridor.table("nodes")["id"])


def test_a_case_without_claims_has_empty_lists(karvan: Run) -> None:
    for args in (("claims", "two-port"), ("evidence", "two-port"), ("scenarios", "two-port")):
        assert karvan(*args).status == 0


# Run


@pytest.mark.case
def test_run_says_where_results_are_and_what_they_hold(karvan: Run, tmp_path: Path) -> None:
    said = karvan("run", "two-port")
    assert said.status == 0
    assert "East" in said.out
    assert "results in results/two-port-2024" in said.out
    assert "claims" not in said.out
    assert (tmp_path / "results" / "two-port-2024" / "manifest.json").is_file()
    again = karvan("run", "two-port")
    assert again.out == said.out
    assert again.err.count("kept from an earlier run") == len(STAGES)


@pytest.mark.case
def test_quiet_prints_the_folder_only(karvan: Run) -> None:
    assert karvan("run", "two-port", "--quiet", "--out", "r") == Said(0, "r\n", "")


@pytest.mark.case
def test_other_settings_leave_the_base_results_alone(karvan: Run, tmp_path: Path) -> None:
    karvan("run", "two-port", "--quiet")
    args = ("--set", "links.east-east-port.length_km=500", "--quiet")
    folder = karvan("run", "two-port", *args).out.strip()
    assert folder != "results/two-port-2024"
    said = karvan("compare", "results/two-port-2024", folder)
    assert said.status == 0
    assert "Length along the" in said.out
    assert "500" in said.out


@pytest.mark.case
def test_a_foreign_folder_is_refused(karvan: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    refused(karvan("run", "two-port", "--out", "."), "holds other files", "--out")
    (tmp_path / "manifest.json").write_text('{"format": 9}', encoding="utf-8")
    refused(karvan("run", "two-port", "--out", "."), "format 9", "--out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["manifest.json", "thesis.txt"]


# Compare


@pytest.mark.case
def test_compare_runs_scenarios_first(karvan: Run, tmp_path: Path) -> None:
    said = karvan("compare", "daily-2030", "daily-2030", "--case", "two-port")
    assert said.status == 0
    assert (tmp_path / "results" / "two-port-daily-2030").is_dir()


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("nowhere", ("no scenario 'nowhere'",)),
        (".", ("no manifest.json here", "karvan run")),
    ],
)
def test_compare_refuses_what_is_neither_run_nor_scenario(
    before: str, words: tuple[str, ...], karvan: Run
) -> None:
    refused(karvan("compare", before, "base-2024"), *words)


# New


@pytest.mark.case
@pytest.mark.parametrize("folder", ["my-case", "deep/мой случай", "案例"])
def test_a_new_case_is_sound_and_runs(folder: str, karvan: Run, tmp_path: Path) -> None:
    said = karvan("new", folder)
    assert said.status == 0
    assert "karvan check" in said.out
    assert "[title]" in (tmp_path / folder / "case.toml").read_text(encoding="utf-8")
    assert karvan("check", folder).status == 0
    assert karvan("run", folder, "--quiet").status == 0
    assert document(karvan, "route", "East", "West", "--case", folder)["itineraries"]
    assert read_case(tmp_path / folder).settings.name in next(Path("results").iterdir()).name


def test_new_takes_another_template(karvan: Run, tmp_path: Path) -> None:
    assert karvan("new", "mine", "--from", "middle-corridor").status == 0
    assert read_case(tmp_path / "mine").settings.name == "mine"
    refused(karvan("new", "other", "--from", "nowhere"), "no case 'nowhere'")
    assert not (tmp_path / "other").exists()


def test_new_refuses_what_is_there(karvan: Run, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for name in ("full", "file"):
        refused(karvan("new", name), name, "not empty", "choose a new folder")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["thesis.txt"]
    (tmp_path / "empty").mkdir()
    assert karvan("new", "empty").status == 0


@pytest.mark.parametrize("place", ["file/below", "/proc/karvan-case"])
def test_new_names_a_place_that_cannot_be_written(place: str, karvan: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    refused(karvan("new", place), place, "cannot write the case")


# Completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, karvan: Run) -> None:
    said = karvan("completion", shell)
    assert said.status == 0
    assert "_KARVAN_COMPLETE" in said.out
    assert "karvan" in said.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_accepted_by_its_shell(shell: str, karvan: Run) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    script = karvan("completion", shell).out
    checked = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [("karvan ro", "route"), ("karvan route --geo", "--geojson"), ("karvan places --lang a", "az")],
)
def test_completion_knows_commands_and_options(words: str, expected: str, tmp_path: Path) -> None:
    said = process(
        cwd=tmp_path,
        _KARVAN_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - 1),
    )
    assert expected in said.out


def test_the_ending_of_the_file_says_the_form(karvan: Run, tmp_path: Path) -> None:
    for name, start in (("a.csv", "itinerary,leg,"), ("a.geojson", '{"type"'), ("a.json", "{\n")):
        done = karvan("route", "East", "West", "--case", "two-port", "-o", str(tmp_path / name))
        assert done.status == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_the_manifest_holds_what_was_set(karvan: Run, tmp_path: Path) -> None:
    setting = "links.east-east-port.length_km=500"
    done = karvan("run", "two-port", "--set", setting, "--out", str(tmp_path / "r"), "--quiet")
    assert done.status == 0
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["overrides"][0]["where"] == {"id": "east-east-port"}
    assert manifest["overrides"][0]["value"] == "500"
