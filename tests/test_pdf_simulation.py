"""The simulation in document parts and on paper, from tables made by rule."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flow_tables import filled
from karvan.case import read_case
from karvan.case.results import Results, read_results, result_frame, write_table
from karvan.case.settings import LANGUAGES
from karvan.report.document import report_document
from karvan.report.language import Texts
from karvan.report.movements import COLUMNS, MOVEMENTS
from karvan.report.parts import first_part, later_part
from karvan.report.pdf_content import content
from karvan.report.pdf_reader import Reader
from karvan.report.pdf_simulation import (
    FIRST_BOTTLENECKS,
    FIRST_JOURNEYS,
    bottlenecks,
    simulation,
    waits,
)
from karvan.report.simulation_words import simulation_names
from karvan.runs import run
from simulated_tables import with_simulation

SECTIONS = ("simulation", "simulated_waits", "simulated_bottlenecks")
TABLES = (
    *("simulation", "simulated_journeys", "simulated_times", "simulated_waits"),
    *("simulated_resources", "simulated_months", "simulated_bottlenecks", MOVEMENTS),
)
needs_pixels = pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="pdftoppm is not here: it comes with poppler-utils"
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run of the small case; its tables of the simulation, if any, are empty."""
    found = run(read_case("two-port"), tmp_path_factory.mktemp("plain") / "results")
    for name in TABLES:
        write_table(found.root, name, result_frame(name, []))
    return read_results(found.root)


@pytest.fixture(scope="module")
def made(plain: Results, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return with_simulation(plain, tmp_path_factory.mktemp("made") / "results")


def words(rows: list[list[dict[str, Any]]]) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in rows]


def changed(results: Results, root: Path, table: str, **values: Any) -> Results:
    """Results with columns of a table set to the same value in every row."""
    shutil.copytree(results.root, root)
    rows = [row | values for row in results.table(table).to_dicts()]
    write_table(root, table, result_frame(table, rows))
    return read_results(root)


def test_the_simulation_is_in_parts_of_its_own(made: Results) -> None:
    document = report_document(made)
    first = first_part(document)
    assert not [name for name in first["tables"] if name.startswith(("simul", "movement"))]
    simulated = later_part(document, "simulation")["tables"]
    assert set(simulated) == set(TABLES) - {MOVEMENTS}
    assert set(later_part(document, "movements")["tables"]) == set(COLUMNS)
    assert MOVEMENTS not in document["tables"]
    rows = first["later"]["simulation"]["rows"]
    assert rows == {name: made.table(name).height for name in simulated}


def test_a_run_without_tables_of_a_simulation_has_empty_parts(
    plain: Results, tmp_path: Path
) -> None:
    root = tmp_path / "older"
    shutil.copytree(plain.root, root)
    for name in TABLES:
        (root / "tables" / f"{name}.parquet").unlink()
    older = read_results(root)
    document = report_document(older)
    assert later_part(document, "simulation")["tables"] == {}
    assert later_part(document, "movements")["tables"] == {}
    found = {section["id"] for section in content(older, "en")["sections"]}
    assert not found.intersection(SECTIONS)


@pytest.mark.parametrize("section", [simulation, waits, bottlenecks])
def test_a_run_without_a_simulation_has_no_section(section: Any, plain: Results) -> None:
    assert section(Reader(plain, "en")) is None


def test_the_sentence_and_the_picture_are_of_the_first_journey(made: Results) -> None:
    block = simulation(Reader(made, "en"))
    assert block is not None
    first = made.table("simulated_journeys").row(0, named=True)
    numbers = re.findall(r"\d+\.\d", block["lead"])
    hours = [first[f"{name}_h"] for name in ("p10", "p50", "p90", "mean")]
    assert numbers == [f"{hour / 24:.1f}" for hour in hours]
    own = made.table("simulated_times").filter(journey_id=first["journey_id"])
    shares = [bar["height"] for bar in block["columns"]["bars"]]
    drawn = own.filter(own["arrived_share"] >= 0.0005)["arrived_share"].to_list()
    assert [s / max(shares) for s in shares] == pytest.approx([d / max(drawn) for d in drawn])
    assert all(0.0 <= end <= 1.0 for bar in block["columns"]["bars"] for end in bar["ends"])
    assert len(block["rows"]) == min(FIRST_JOURNEYS, made.table("simulated_journeys").height)


def test_the_note_says_what_intervals_are_and_carries_the_cautions(made: Results) -> None:
    block = simulation(Reader(made, "en"))
    assert block is not None
    run_row = made.table("simulation").row(0, named=True)
    assert "95% intervals" in block["note"]
    assert f"Replications: 30; seed of random numbers: {run_row['seed']}." in block["note"]
    assert block["note"].endswith(run_row["cautions"].split("\n")[-1])


def test_a_line_that_grows_is_said_once_and_by_its_name(made: Results) -> None:
    block = simulation(Reader(made, "en"))
    assert block is not None
    assert block["note"].count("More arrives than can be served") == 1
    assert "can serve; the line grows" not in block["note"]
    assert "more arrives at East port than its departures take." in block["note"]
    assert "grows by 1.5 boxes and wagons a day" in block["note"]
    russian = simulation(Reader(made, "ru"))
    assert russian is not None
    assert "lots a day" not in russian["note"]


def test_what_was_fitted_is_named_below_the_waits(made: Results, tmp_path: Path) -> None:
    def note(results: Results) -> str:
        block = waits(Reader(results, "en"))
        assert block is not None
        return str(block["note"])

    assert "Not measured" not in note(made)
    first = made.table("simulated_journeys").row(0, named=True)
    own = made.table("simulated_waits").filter(journey_id=first["journey_id"])
    own = own.filter(own["cause"].is_in(["handling", "customs"]))
    row = next(row for row in own.iter_rows(named=True) if row["kind"] == "transfer")
    shutil.copytree(made.root, tmp_path / "fitted")
    fitted = filled("input_operations", id="x", quantity="handling_h", status="calibrated")
    fitted |= {"subject_table": "transfers", "subject_id": row["id"]}
    write_table(tmp_path / "fitted", "input_operations", result_frame("input_operations", [fitted]))
    same = own.filter(kind="transfer", id=row["id"])["mean_h"].sum()
    assert f"{same:.1f} h." in note(read_results(tmp_path / "fitted"))


def test_waits_name_the_causes_and_their_sum_is_the_mean(made: Results) -> None:
    block = waits(Reader(made, "en"))
    assert block is not None
    first = made.table("simulated_journeys").row(0, named=True)
    assert block["lead"].startswith(f"Of {first['mean_h'] / 24:.1f} days in the mean: ")
    parts = [float(part) for part in re.findall(r": (\d+\.\d) days", block["lead"])]
    assert sum(parts) == pytest.approx(first["mean_h"] / 24, abs=0.05 * (len(parts) + 1))
    assert "moving" not in {row[1] for row in words(block["rows"])}


def test_what_is_within_noise_is_called_so(made: Results) -> None:
    block = bottlenecks(Reader(made, "en"))
    assert block is not None
    found = made.table("simulated_bottlenecks").sort("rank").head(FIRST_BOTTLENECKS)
    expected = [
        "saves time" if low > 0 else "costs time" if high < 0 else "not more than noise"
        for low, high in found.select("saved_low_h", "saved_high_h").rows()
    ]
    assert [row[2] for row in words(block["rows"])] == expected
    assert words(block["rows"])[0][1] == "6.0 (5.0–7.0)"


def test_unknown_intervals_and_a_journey_that_never_arrived(made: Results, tmp_path: Path) -> None:
    times = [c for c in made.table("simulated_journeys").columns if c.endswith("_h")]
    none = changed(made, tmp_path / "none", "simulated_journeys", **dict.fromkeys(times))
    block = simulation(Reader(none, "en"))
    assert block is not None
    assert block["columns"] is None
    assert words(block["rows"])[0][1] == "–"
    ends = dict.fromkeys(("saved_low_h", "saved_high_h"))
    single = changed(made, tmp_path / "single", "simulated_bottlenecks", **ends)
    gains = bottlenecks(Reader(single, "en"))
    assert gains is not None
    assert words(gains["rows"])[0][1:3] == ["6.0", "not more than noise"]


@pytest.mark.parametrize("count", [1, 2])
def test_one_replication_does_not_speak_of_intervals(
    count: int, made: Results, tmp_path: Path
) -> None:
    block = simulation(
        Reader(changed(made, tmp_path / "few", "simulation", replications=count), "en")
    )
    assert block is not None
    assert ("The numbers in brackets" in block["note"]) == (count > 1)


@pytest.mark.parametrize("kind", ["border", "transfer", "fleet", "terminal", "service", "link"])
def test_names_of_rows_that_the_case_does_not_have_are_their_ids(kind: str, made: Results) -> None:
    reader = Reader(made, "en")
    names = simulation_names(reader.table, reader.texts)
    row = {"kind": kind, "id": "nowhere", "from_node": "", "to_node": "", "resource": "berth"}
    assert "nowhere" in names.resource(row)
    assert names.resource(row).endswith("berths")


@needs_pixels
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sections_are_drawn_in_every_language(
    language: str, made: Results, tmp_path: Path
) -> None:
    pdf = pytest.importorskip("karvan.report.pdf")
    pytest.importorskip("typst", reason="typst is not installed: pip install 'karvan[pdf]'")
    document = content(made, language)
    own = [section for section in document["sections"] if section["id"] in SECTIONS]
    assert [section["id"] for section in own] == list(SECTIONS)
    bare = [{**section, "columns": None} for section in own]
    pages = [_ink(pdf.compile_pdf({**document, "sections": s}), tmp_path) for s in (own, bare, [])]
    assert pages[0] > pages[1] > pages[2]


def _ink(data: bytes, folder: Path) -> int:
    """Dark pixels of all pages."""
    path = folder / "drawn.pdf"
    path.write_bytes(data)
    command = ["pdftoppm", "-r", "40", "-gray", str(path)]
    drawn = subprocess.run(command, check=True, capture_output=True).stdout
    return sum(byte < 160 for byte in drawn)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_rounds_to_nothing_has_no_sign(language: str) -> None:
    texts = Texts(language)
    assert texts.number(-0.02, 1) == texts.number(0.0, 1)
    assert texts.number(-0.4) == texts.number(0.0)
    assert texts.number(-0.06, 1) != texts.number(0.06, 1)
