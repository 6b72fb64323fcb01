"""Tables, rows, columns and cells of results in the words of the reader."""

import re
from pathlib import Path

import polars as pl
import pytest

from karvan import schema
from karvan.case import Case
from karvan.case.results import Results
from karvan.case.settings import LANGUAGES
from karvan.report.language import Texts
from karvan.report.row_names import RowNames
from karvan.runs.compare import compare
from karvan.runs.stages import STAGES, Given
from results_by_hand import results

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+|input_\w+|\w+_per_\w+")
"""What ids, tables and columns look like, and names do not."""

NO_NAME = frozenset({"input_rates", "input_constants", "input_indicator_values", "input_fleets"})
"""Tables whose rows have an id alone, or a name in English."""


STAGES_READ = ("network", "assign", "inputs")


def short_run(case: Case, root: Path) -> Results:
    """A run of a few stages; the tables of others are empty."""
    found: dict[str, pl.DataFrame] = {}
    for stage in STAGES:
        if stage.name in STAGES_READ:
            found |= stage.function(case, lambda share: None, Given())
    return results(root, **found)


@pytest.fixture(scope="module")
def runs(middle_corridor: Case, tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    root = tmp_path_factory.mktemp("runs")
    scenarios = ("base-2024", "committed-2030")
    return [short_run(middle_corridor.with_scenario(name), root / name) for name in scenarios]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_id_is_shown_of_what_differs_between_two_scenarios(
    runs: list[Results], language: str
) -> None:
    names = RowNames(runs[::-1], Texts(language))
    found = compare(*runs)
    assert len(found.cells) > 1000
    keys = {(cell.table, cell.key) for cell in found.cells}
    shown = {key: names.row(*key) for key in keys if key[0] not in NO_NAME}
    assert {words for words in shown.values() if ID.fullmatch(words)} == set()
    assert all(shown.values())
    columns = {(cell.table, cell.column) for cell in found.cells}
    assert not {c for c in columns if names.column(*c) in (c[1], "")}
    for pair in runs[0].table("input_pairs")["id"]:
        assert "→" in names.row("input_pairs", [pair])


@pytest.mark.parametrize(
    ("table", "key", "expected"),
    [
        ("input_links", ("aktogay-moiynty-rail",), "Aktogay – Moiynty (rail)"),
        ("input_transfers", ("aktau-rail-sea",), "Aktau (rail → sea)"),
        ("input_terminals", ("poti-apm",), "APM Terminals Poti"),
        ("skims", ("xian", "poti"), "Xi'an → Poti"),
        ("itineraries", ("xian-absheron", 1), "Xi'an → "),
        ("input_pairs", ("xian-absheron-vehicles",), "Xi'an → Baku · Cars"),
        (
            "bottlenecks",
            ("service", "caspian-feeder-kmtf", "aktau", "alat", "departures"),
            "Aktau–Alat container feeder (Kazmortransflot) (Aktau → Port of Baku)",
        ),
        ("alternative_flows", ("x", "containers", "iran"), "x; Containers"),
        ("input_links", ("no-such-link",), "no-such-link"),
    ],
)
def test_a_row_has_its_name(
    runs: list[Results], table: str, key: tuple[object, ...], expected: str
) -> None:
    assert RowNames(runs[::-1], Texts("en")).row(table, key).startswith(expected)


def test_a_row_that_only_the_earlier_run_has_is_named_too(runs: list[Results]) -> None:
    later = runs[1].table("input_services")["id"].to_list()
    gone = [s for s in later if s not in runs[0].table("input_services")["id"].to_list()]
    names = RowNames(runs, Texts("en"))
    assert gone
    assert all(names.row("input_services", [name]) != name for name in gone)


def test_columns_have_their_unit_and_cells_their_digits(runs: list[Results]) -> None:
    names = RowNames(runs, Texts("ru"))
    assert names.column("input_links", "capacity_t_per_year").endswith("(т/год)")
    assert names.value(1234567.0) == "1\xa0234\xa0567"
    assert names.value(0.123456) == "0,123"
    assert names.value(True) == "да"
    assert names.value(None) == "–"
    assert names.value("open") == "open"


@pytest.mark.parametrize("table", sorted(schema.result_tables()))
def test_every_table_has_a_name(runs: list[Results], table: str) -> None:
    words = RowNames(runs, Texts("en")).table(table)
    assert words[0].isupper()
    assert "_" not in words
