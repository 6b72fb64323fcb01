"""Every fault a case can have is refused by name, with file, row, found and expected.

``EXAMPLES`` is the register of checks: each entry breaks a sound case in one way.  A check that
the code can emit and that no entry shows fails ``test_every_check_has_a_bad_example``.
"""

import ast
import csv
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from case_files import set_cell
from indicator_tables import INDICATORS, UNITS, VALUES, write_scoreboard
from karvan.case import checks, read_case
from karvan.case.checks import STRUCTURE_CHECKS, check_case, require_sound
from karvan.case.settings import CASE_FORMAT
from karvan.errors import MOST_PROBLEMS_PRINTED, CaseError, Problem
from karvan.schema import tables

Fault = Callable[[Path], object]

NODES, LINKS, RATES = "network/nodes.csv", "network/links.csv", "network/rates.csv"
SERVICES, TRANSFERS = "network/services.csv", "network/transfers.csv"
CALENDARS, TERMINALS = "network/calendars.csv", "network/terminals.csv"
OBSERVATIONS, SOURCES, PAIRS = "observations.csv", "sources.csv", "demand/pairs.csv"
OPERATIONS = "network/operations.csv"
FLOWS, ALTERNATIVES = "demand/flows.csv", "demand/alternatives.csv"
CONSTANTS, COMMODITIES = "demand/constants.csv", "demand/commodities.csv"
MARKETS = "demand/markets.csv"
MEASURE, SCENARIO = "measures/daily-ferry.toml", "scenarios/daily-2030.toml"


def cell(file: str, key: str, column: str, value: str) -> Fault:
    """Set one cell."""
    return lambda root: set_cell(root / file, key, column, value)


def cells(file: str, key: str, **values: str) -> Fault:
    """Set several cells of a row."""
    return all_of(*(cell(file, key, column, value) for column, value in values.items()))


def row(file: str, like: str, **values: str) -> Fault:
    """Append a copy of the row `like` with other `values`."""

    def change(root: Path) -> None:
        with (root / file).open(encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        new = {**next(r for r in rows if r["id"] == like), **values}
        with (root / file).open("a", encoding="utf-8", newline="") as text:
            csv.DictWriter(text, list(new), lineterminator="\n").writerow(new)

    return change


def column(file: str, **values: str) -> Fault:
    """Add columns that the file leaves out, with one value for all its rows."""

    def change(root: Path) -> None:
        with (root / file).open(encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        with (root / file).open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, [*rows[0], *values], lineterminator="\n")
            writer.writeheader()
            writer.writerows({**row, **values} for row in rows)

    return change


def text(file: str, old: str, new: str) -> Fault:
    """Replace text that stands in a file once or more."""

    def change(root: Path) -> None:
        before = (root / file).read_text(encoding="utf-8")
        assert old in before
        (root / file).write_text(before.replace(old, new), encoding="utf-8")

    return change


def end(file: str, new: str) -> Fault:
    """Append text to a file."""

    def change(root: Path) -> None:
        with (root / file).open("a", encoding="utf-8", newline="") as target:
            target.write(new)

    return change


def data(file: str, change: Callable[[bytes], bytes]) -> Fault:
    """Change the bytes of a file."""
    return lambda root: (root / file).write_bytes(change((root / file).read_bytes()))


def scored(*faults: Fault) -> Fault:
    """Add a sound scoreboard, then break it."""
    return all_of(write_scoreboard, *faults)


def no_file(file: str) -> Fault:
    return lambda root: (root / file).unlink()


def folder_instead(file: str) -> Fault:
    return all_of(no_file(file), lambda root: (root / file).mkdir())


def top(file: str, line: str) -> Fault:
    """Put a line above the file: TOML keys of the top level come before its tables."""
    return data(file, lambda before: line.encode() + b"\n" + before)


def all_of(*faults: Fault) -> Fault:
    def change(root: Path) -> None:
        for fault in faults:
            fault(root)

    return change


def catalogue(language: str, content: str) -> Fault:
    """Write a catalogue of translations."""

    def change(root: Path) -> None:
        (root / "texts").mkdir(exist_ok=True)
        (root / "texts" / f"{language}.po").write_text(content, encoding="utf-8")

    return change


def recode(encoding: str) -> Callable[[bytes], bytes]:
    return lambda before: before.decode("utf-8").encode(encoding)


def change_of(**keys: str) -> str:
    """Text of one more ``[[changes]]`` of a measure; values are TOML."""
    given = {
        "table": '"links"',
        "action": '"set"',
        "where": '{ id = "west-port-west" }',
        "column": '"length_km"',
        "value": "470",
        "status": '"assumed"',
        "reason": '"why"',
        **keys,
    }
    return "\n[[changes]]\n" + "\n".join(f"{k} = {v}" for k, v in given.items() if v) + "\n"


@dataclass(frozen=True)
class Example:
    """One way to break the case.

    Attributes
    ----------
    check : str
        Stable name of the check that must find it.
    fault : callable
        Breaks the case in the given folder.
    where : str
        File, row and column as they must be named.
    found, expected : str
        Parts of the message.
    severity : str
    """

    check: str
    fault: Fault
    where: str
    found: str
    expected: str
    severity: str = "error"


def operated(table: str, subject: str, quantity: str, value: str, **more: str) -> Fault:
    """Write operations.csv with one row, and a second like it where `more` has another id."""
    first = {
        "id": "one",
        "subject_table": table,
        "subject_id": subject,
        "quantity": quantity,
        "value": value,
        "value_low": "",
        "value_high": "",
        "status": "assumed",
        "reason": "why",
    }
    rows = [first | {k: v for k, v in more.items() if k != "id"}]
    rows += [rows[0] | {"id": more["id"]}] if "id" in more else []

    def change(root: Path) -> None:
        with (root / OPERATIONS).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(first), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    return change


EXAMPLES = [
    Example(
        "operations.subject_id.reference",
        operated("services", "fery", "fleet", "2"),
        f"{OPERATIONS} row 2 (one) subject_id",
        "'fery'",
        "the id of a row of services",
    ),
    Example(
        "operations.quantity.subject",
        operated("services", "ferry", "lot_t", "2"),
        f"{OPERATIONS} row 2 (one) quantity",
        "lot_t of services",
        "one of fleet, max_gap_h",
    ),
    Example(
        "operations.quantity.duplicate",
        operated("services", "ferry", "fleet", "2", id="two"),
        f"{OPERATIONS} row 3 (two) quantity",
        "fleet of 'ferry' again, as in row 'one'",
        "one row for the same time",
    ),
    Example(
        "operations.value.fleet",
        operated("services", "ferry", "fleet", "0"),
        f"{OPERATIONS} row 2 (one) value",
        "0",
        "nothing could ever leave",
    ),
    Example(
        "operations.value.lot_teu",
        operated("commodities", "containers", "lot_teu", "0"),
        f"{OPERATIONS} row 2 (one) value",
        "0",
        "a number above 0",
    ),
    Example(
        "operations.value.inspection_share",
        operated("transfers", "port", "inspection_share", "1.5"),
        f"{OPERATIONS} row 2 (one) value",
        "1.5",
        "a share from 0 to 1",
    ),
    Example(
        "operations.value.closes_h",
        operated("transfers", "port", "closes_h", "25"),
        f"{OPERATIONS} row 2 (one) value",
        "25",
        "an hour of the day",
    ),
    Example(
        "operations.value.order",
        operated("transfers", "port", "handling_h", "5", value_low="6"),
        f"{OPERATIONS} row 2 (one) value",
        "5 outside 6 to 5",
        "value_low <= value <= value_high",
    ),
    Example(
        "operations.value.hours",
        operated("transfers", "port", "closes_h", "0"),
        f"{OPERATIONS} row 2 (one) value",
        "open from 0 to 0 h",
        "nothing could ever pass",
    ),
    Example(
        "operations.quantity.unread",
        operated("transfers", "port", "inspection_share", "0.5"),
        f"{OPERATIONS} row 2 (one) quantity",
        "inspection_share of 'port', which the simulation passes over",
        "a row with inspection_h as well",
        severity="warning",
    ),
    # Files
    Example("nodes.file.missing", no_file(NODES), NODES, "no such file", "Places of the network"),
    Example(
        "nodes.file.unreadable", folder_instead(NODES), NODES, "Is a directory", "a readable file"
    ),
    Example(
        "sources.file.size",
        lambda root: os.truncate(root / SOURCES, 200_000_000),
        SOURCES,
        "a file of 200 MB",
        "at most 100 MB",
    ),
    Example(
        "links.file.encoding", data(LINKS, recode("utf-16")), LINKS, "UTF-16 or binary", "UTF-8"
    ),
    Example(
        "nodes.file.encoding",
        data(NODES, lambda b: b.replace("Şərq".encode(), "Zürich".encode("latin-1"))),
        NODES,
        "a byte that is not UTF-8 in line 2",
        "UTF-8",
    ),
    Example(
        "links.file.separator",
        data(LINKS, lambda b: b.replace(b",", b";")),
        LINKS,
        "columns separated by ';'",
        "by ','",
    ),
    Example(
        "pairs.file.csv",
        end(PAIRS, 'north-south,"east,west,containers,\n'),
        PAIRS,
        "near line 4",
        "comma-separated values",
    ),
    # Columns and rows
    Example(
        "links.header.missing",
        text(LINKS, "rate_id,", ""),
        f"{LINKS} row 1",
        "no column 'rate_id'",
        "Row of rates.csv",
    ),
    Example(
        "links.header.unit",
        text(LINKS, "length_km", "length_mi"),
        f"{LINKS} row 1",
        "column 'length_mi'",
        "'length_km' [km]",
    ),
    Example(
        "links.header.unknown",
        text(LINKS, "tracks", "trakcs"),
        f"{LINKS} row 1",
        "unknown column 'trakcs'",
        "only declared columns",
    ),
    Example(
        "pairs.header.duplicate",
        text(PAIRS, "origin,destination", "origin,origin"),
        f"{PAIRS} row 1",
        "'origin' twice",
        "each column once",
    ),
    Example(
        "pairs.row.cells",
        end(PAIRS, "north-south,east,west\n"),
        f"{PAIRS} row 4 (north-south)",
        "3 cells",
        "5 cells",
    ),
    # Cells
    Example(
        "links.length_km.type",
        cell(LINKS, "west-port-west", "length_km", "far"),
        f"{LINKS} row 4 (west-port-west) length_km",
        "'far'",
        "a number [km]",
    ),
    Example(
        "links.length_km.type",
        cell(LINKS, "west-port-west", "length_km", "480,5"),
        f"{LINKS} row 4 (west-port-west) length_km",
        "'480,5'",
        "a number [km]",
    ),
    Example(
        "links.length_km.finite",
        cell(LINKS, "west-port-west", "length_km", "NaN"),
        f"{LINKS} row 4 (west-port-west) length_km",
        "'NaN'",
        "a finite number [km]",
    ),
    Example(
        "observations.value.finite",
        cell(OBSERVATIONS, "traffic.ferry.2023", "value", "inf"),
        f"{OBSERVATIONS} row 2 (traffic.ferry.2023) value",
        "'inf'",
        "a finite number",
    ),
    Example(
        "links.length_km.minimum",
        cell(LINKS, "east-east-port", "length_km", "-400"),
        f"{LINKS} row 2 (east-east-port) length_km",
        "'-400'",
        "a number >= 0 [km]",
    ),
    Example(
        "nodes.lat.maximum",
        cell(NODES, "east", "lat", "144"),
        f"{NODES} row 2 (east) lat",
        "'144'",
        "a number <= 90 [deg]",
    ),
    Example(
        "links.mode.enum",
        cell(LINKS, "east-port-west-port", "mode", "fery"),
        f"{LINKS} row 3 (east-port-west-port) mode",
        "'fery'",
        "one of rail, sea, ferry, road",
    ),
    Example(
        "links.opens.range",
        cell(LINKS, "west-port-west", "opens", "3024-01-01"),
        f"{LINKS} row 4 (west-port-west) opens",
        "'3024-01-01'",
        "a year between 1000 and 2200",
    ),
    Example(
        "links.closes.range",
        cell(LINKS, "west-port-west", "closes", "2023-02-29"),
        f"{LINKS} row 4 (west-port-west) closes",
        "'2023-02-29'",
        "a day of the calendar",
    ),
    Example(
        "observations.period.range",
        cell(OBSERVATIONS, "traffic.ferry.2023", "period", "2024/2023"),
        f"{OBSERVATIONS} row 2 (traffic.ferry.2023) period",
        "'2024/2023'",
        "a period whose end comes after its start",
    ),
    Example(
        "nodes.lat.missing",
        cell(NODES, "west", "lat", ""),
        f"{NODES} row 5 (west) lat",
        "an empty cell",
        "Latitude [deg]",
    ),
    # Settings
    Example(
        "case.file.toml", end("case.toml", "[title\n"), "case.toml", "line", "a UTF-8 TOML file"
    ),
    Example(
        "case.file.toml",
        data("case.toml", recode("utf-16")),
        "case.toml",
        "can't decode",
        "a UTF-8 TOML file",
    ),
    Example(
        "measures.file.toml", end(MEASURE, 'id = "again'), MEASURE, "string", "a UTF-8 TOML file"
    ),
    Example(
        "case.format",
        text("case.toml", f"format = {CASE_FORMAT}", f"format = {CASE_FORMAT + 1}"),
        "case.toml format",
        str(CASE_FORMAT + 1),
        f"{CASE_FORMAT} for this karvan; update karvan",
    ),
    Example(
        "case.format",
        text("case.toml", f"format = {CASE_FORMAT}", f"format = {CASE_FORMAT - 1}"),
        "case.toml format",
        str(CASE_FORMAT - 1),
        f"{CASE_FORMAT} for this karvan; this is the first format",
    ),
    Example(
        "case.key.unknown",
        top("case.toml", "base_yaer = 2024"),
        "case.toml base_yaer",
        "unknown key 'base_yaer'",
        "only declared keys; did you mean 'base_year'?",
    ),
    Example(
        "scenarios.key.unknown",
        top(SCENARIO, 'meassures = ["daily-ferry"]'),
        f"{SCENARIO} meassures",
        "unknown key 'meassures'",
        "did you mean 'measures'?",
    ),
    Example(
        "case.key.missing",
        text("case.toml", 'commodity = "containers"', ""),
        "case.toml commodity",
        "no such key",
        "'commodity'",
    ),
    Example(
        "measures.key.value",
        text(MEASURE, 'pillar = "facilities"', 'pillar = "roads"'),
        f"{MEASURE} pillar",
        "'roads'",
        "'policy', 'facilities', 'trade', 'finance' or 'people'",
    ),
    Example(
        "measures.key.value",
        text(MEASURE, "from_year = 2026", 'from_year = "soon"'),
        f"{MEASURE} from_year",
        "'soon'",
        "a valid integer",
    ),
    Example(
        "measures.key.value",
        text(MEASURE, "from_year = 2026", "from_year = 3026"),
        f"{MEASURE} from_year",
        "3026",
        "less than or equal to 2200",
    ),
    Example(
        "measures.key.value",
        top(MEASURE, "cost_musd = nan"),
        f"{MEASURE} cost_musd",
        "nan",
        "a finite number",
    ),
    Example(
        "measures.key.value",
        top(MEASURE, "cost_musd = inf"),
        f"{MEASURE} cost_musd",
        "inf",
        "a finite number",
    ),
    Example(
        "measures.key.action",
        end(MEASURE, change_of(row='{ id = "other" }')),
        f"{MEASURE} changes.2.row",
        "key 'row'",
        "column, value, where for 'set'",
    ),
    Example(
        "scenarios.key.action",
        end(SCENARIO, change_of(action='"remove"', value="").replace("changes", "overrides")),
        f"{SCENARIO} overrides.0.column",
        "key 'column'",
        "where for 'remove'",
    ),
    Example(
        "measures.id.file",
        text(MEASURE, 'id = "daily-ferry"\npillar', 'id = "daily"\npillar'),
        f"{MEASURE} id",
        "'daily'",
        "'daily-ferry', as the file is called",
    ),
    Example(
        "case.commodity",
        text("case.toml", '"containers"', '"container"'),
        "case.toml commodity",
        "'container'",
        "did you mean 'containers'?",
    ),
    Example(
        "case.scenario",
        top("case.toml", 'scenario = "daily-2031"'),
        "case.toml scenario",
        "'daily-2031'",
        "did you mean 'daily-2030'?",
    ),
    # Ids
    Example(
        "nodes.id.duplicate",
        row(NODES, "east", name_en="Again"),
        f"{NODES} row 6 (east) id",
        "'east' again (first in row 2)",
        "a name that no other row has",
    ),
    Example(
        "links.from_node.reference",
        cell(LINKS, "east-east-port", "from_node", "eastt"),
        f"{LINKS} row 2 (east-east-port) from_node",
        "'eastt'",
        "an id of network/nodes.csv; did you mean 'east'?",
    ),
    Example(
        "nodes.position_source_id.reference",
        cell(NODES, "east", "position_source_id", "example;atlas"),
        f"{NODES} row 2 (east) position_source_id",
        "'atlas'",
        "an id of sources.csv",
    ),
    Example(
        "observations.series_id.reference",
        cell(OBSERVATIONS, "traffic.ferry.2023", "series_id", "traffic.fery"),
        f"{OBSERVATIONS} row 2 (traffic.ferry.2023) series_id",
        "'traffic.fery'",
        "an id of series.csv",
    ),
    # Evidence
    Example(
        "observations.source_id.missing",
        cell(OBSERVATIONS, "traffic.ferry.2023", "source_id", ""),
        f"{OBSERVATIONS} row 2 (traffic.ferry.2023) status",
        "reported without a source",
        "a row of sources.csv in source_id",
    ),
    Example(
        "links.length_source_id.missing",
        cell(LINKS, "west-port-west", "length_status", "reported"),
        f"{LINKS} row 4 (west-port-west) length_status",
        "reported without a source",
        "a row of sources.csv in length_source_id",
    ),
    Example(
        "links.length_status.missing",
        cell(LINKS, "west-port-west", "length_status", ""),
        f"{LINKS} row 4 (west-port-west) length_status",
        "no status",
        "reported, derived, assumed or calibrated",
    ),
    Example(
        "links.length_reason.missing",
        cell(LINKS, "west-port-west", "length_reason", ""),
        f"{LINKS} row 4 (west-port-west) length_status",
        "assumed without a reason",
        "why this value was chosen, in length_reason",
    ),
    Example(
        "calendars.reason.missing",
        cells(CALENDARS, "storms-11", status="calibrated", reason=""),
        f"{CALENDARS} row 4 (storms-11) status",
        "calibrated without a reason",
        "why this value was chosen, in reason",
    ),
    Example(
        "observations.formula.missing",
        cell(OBSERVATIONS, "traffic.ferry.2024", "formula", ""),
        f"{OBSERVATIONS} row 3 (traffic.ferry.2024) status",
        "derived without saying how",
        "a formula, or the method in reason",
    ),
    Example(
        "observations.used.count",
        row(OBSERVATIONS, "traffic.ferry.2023", id="other", value="8000"),
        f"{OBSERVATIONS} row 4 (other) used",
        "2 of 2 observations of traffic.ferry in 2023 marked as used",
        "exactly one",
    ),
    Example(
        "observations.used.count",
        cell(OBSERVATIONS, "traffic.ferry.2023", "used", "no"),
        f"{OBSERVATIONS} row 2 (traffic.ferry.2023) used",
        "0 of 1 observations",
        "exactly one",
    ),
    Example(
        "observations.formula.cycle",
        cells(
            OBSERVATIONS,
            "traffic.ferry.2023",
            status="derived",
            formula="[traffic.ferry.2024] / 1.1",
        ),
        f"{OBSERVATIONS} row",
        "traffic.ferry.2023 -> traffic.ferry.2024",
        "a formula that does not need itself",
    ),
    Example(
        "observations.formula.value",
        cell(OBSERVATIONS, "traffic.ferry.2024", "formula", "[traffic.ferry.2022] * 1.1"),
        f"{OBSERVATIONS} row 3 (traffic.ferry.2024) formula",
        "'[traffic.ferry.2022] * 1.1'",
        "names [traffic.ferry.2022], which has no value",
    ),
    Example(
        "observations.formula.value",
        cell(OBSERVATIONS, "traffic.ferry.2024", "formula", "9900 / 0"),
        f"{OBSERVATIONS} row 3 (traffic.ferry.2024) formula",
        "'9900 / 0'",
        "is a divisor zero?",
    ),
    Example(
        "observations.formula.differs",
        cell(OBSERVATIONS, "traffic.ferry.2024", "value", "10900"),
        f"{OBSERVATIONS} row 3 (traffic.ferry.2024) value",
        "10900",
        "9900 by its formula",
    ),
    Example(
        "observations.formula.differs",
        cells(OBSERVATIONS, "traffic.ferry.2024", value="", value_low="9000"),
        f"{OBSERVATIONS} row 3 (traffic.ferry.2024) value",
        "an empty cell",
        "9900 by its formula",
    ),
    # Measures and scenarios
    Example(
        "measures.source_id.reference",
        text(MEASURE, 'source_id = "example"', 'source_id = "exampel"'),
        MEASURE,
        "source 'exampel'",
        "an id of sources.csv; did you mean 'example'?",
    ),
    Example(
        "measures.changes.missing",
        data(MEASURE, lambda b: b[: b.index(b"[[changes]]")]),
        MEASURE,
        "no changes and no 'pending'",
        "what it changes",
    ),
    Example(
        "measures.changes.source",
        text(MEASURE, 'status = "assumed"', 'status = "reported"'),
        f"{MEASURE} change 1",
        "reported without a source",
        "source_id",
    ),
    Example(
        "measures.changes.reason",
        end(MEASURE, change_of(reason="")),
        f"{MEASURE} change 3",
        "assumed without a reason",
        "reason",
    ),
    Example(
        "measures.apply",
        end(MEASURE, change_of(table='"linsk"')),
        MEASURE,
        "change 3 (set linsk): no table 'linsk'; did you mean 'links'?",
        "changes that fit the tables",
    ),
    Example(
        "measures.apply",
        end(MEASURE, change_of(column='"lenght_km"')),
        MEASURE,
        "change 3 (set links): no column 'lenght_km'; did you mean 'length_km'?",
        "changes that fit the tables",
    ),
    Example(
        "measures.apply",
        end(MEASURE, change_of(where='{ id = "west-port-wets" }')),
        MEASURE,
        "no row with id = 'west-port-wets'; did you mean 'west-port-west'?",
        "changes that fit the tables",
    ),
    Example(
        "measures.apply",
        end(MEASURE, change_of(value="nan")),
        MEASURE,
        "change 3 (set links) length_km: found nan, expected a finite number",
        "changes that fit the tables",
    ),
    Example(
        "measures.apply",
        end(MEASURE, change_of(value="-1")),
        MEASURE,
        "change 3 (set links) length_km: found -1, expected a number >= 0 [km]",
        "changes that fit the tables",
    ),
    Example(
        "scenarios.apply",
        text(SCENARIO, '["daily-ferry"]', '["daily-fery"]'),
        SCENARIO,
        "no measure 'daily-fery' in this case; did you mean 'daily-ferry'?",
        "changes that fit the tables",
    ),
    Example(
        "scenarios.changes.reason",
        end(SCENARIO, change_of(reason="").replace("changes", "overrides")),
        f"{SCENARIO} change 1",
        "assumed without a reason",
        "reason",
    ),
    Example(
        "links.from_node.reference",
        end(MEASURE, change_of(column='"from_node"', value='"nowhere"')),
        f"{MEASURE}: {LINKS} row 4 (west-port-west) from_node",
        "'nowhere'",
        "an id of network/nodes.csv",
    ),
    Example(
        "network.gauge_break",
        end(
            MEASURE,
            change_of(
                action='"insert"',
                where="",
                column="",
                value="",
                row='{ id = "narrow", from_node = "west-port", to_node = "west", mode = "rail",'
                ' gauge_mm = 1435, rate_id = "rail", length_km = 480, state = "planned" }',
            ),
        ),
        f"{MEASURE}: {NODES} row 4 (west-port)",
        "rails of 1435 and 1520 mm and no gauge change",
        "a row of kind gauge_change",
    ),
    # Network
    Example(
        "links.to_node.loop",
        cell(LINKS, "west-port-west", "to_node", "west-port"),
        f"{LINKS} row 4 (west-port-west) to_node",
        "'west-port' at both ends",
        "two different nodes",
    ),
    Example(
        "links.gauge_mm.mode",
        cell(LINKS, "west-port-west", "gauge_mm", ""),
        f"{LINKS} row 4 (west-port-west) gauge_mm",
        "no gauge on rails",
        "a gauge for rail, none for other modes",
    ),
    Example(
        "links.gauge_mm.mode",
        cell(LINKS, "east-port-west-port", "gauge_mm", "1520"),
        f"{LINKS} row 3 (east-port-west-port) gauge_mm",
        "a gauge on ferry",
        "a gauge for rail, none for other modes",
    ),
    Example(
        "links.rate_id.mode",
        cell(LINKS, "west-port-west", "rate_id", "ferry"),
        f"{LINKS} row 4 (west-port-west) rate_id",
        "a rate of mode ferry",
        "a rate of mode rail",
    ),
    Example(
        "links.length_km.great_circle",
        cell(LINKS, "west-port-west", "length_km", "298"),  # 480 km in miles
        f"{LINKS} row 4 (west-port-west) length_km",
        "298 km",
        "at least the great circle, 414 km",
    ),
    Example(
        "links.length_formula.differs",
        cells(LINKS, "west-port-west", length_status="derived", length_formula="gc_km * 1.5"),
        f"{LINKS} row 4 (west-port-west) length_formula",
        "480 km",
        "km by its formula",
    ),
    Example(
        "links.length_formula.value",
        cells(LINKS, "west-port-west", length_status="derived", length_formula="gc * 1.5"),
        f"{LINKS} row 4 (west-port-west) length_formula",
        "'gc * 1.5'",
        "numbers, + - * / ( ) and gc_km",
    ),
    Example(
        "transfers.dwell_typical_h.order",
        cell(TRANSFERS, "port", "dwell_typical_h", "100"),
        f"{TRANSFERS} row 4 (port)",
        "dwell 8, 100, 96 h",
        "minimum <= typical <= maximum",
    ),
    Example(
        "rates.speed_kmh.order",
        cell(RATES, "rail", "speed_low_kmh", "45"),
        f"{RATES} row 2 (rail)",
        "speed 45, 40, 50 km/h",
        "low <= mean <= high",
    ),
    Example(
        "services.closes.order",
        cells(SERVICES, "ferry", opens="2025-06-01", closes="2024"),
        f"{SERVICES} row 2 (ferry) closes",
        "2024, opened 2025-06-01",
        "a date after the opening",
    ),
    Example(
        "links.closes.order",
        cells(LINKS, "west-port-west", opens="2025", closes="2025-01-01"),
        f"{LINKS} row 4 (west-port-west) closes",
        "2025-01-01, opened 2025",
        "a date after the opening",
    ),
    Example(
        "network.gauge_break",
        row(LINKS, "west-port-west", id="narrow", gauge_mm="1435"),
        f"{NODES} row 4 (west-port)",
        "rails of 1435 and 1520 mm and no gauge change",
        "a row of kind gauge_change in network/transfers.csv",
    ),
    Example(
        "network.border",
        cell(NODES, "west", "country", "CC"),
        f"{LINKS} row 4 (west-port-west)",
        "no border row between BB and CC",
        "a row of kind border in network/transfers.csv",
    ),
    Example(
        "services.route.short",
        cell(SERVICES, "ferry", "route", "east-port"),
        f"{SERVICES} row 2 (ferry) route",
        "'east-port'",
        "two nodes or more",
    ),
    Example(
        "services.stops.route",
        cell(SERVICES, "ferry", "stops", "east-port;west"),
        f"{SERVICES} row 2 (ferry) stops",
        "'west'",
        "nodes of the service's route; did you mean 'west-port'?",
    ),
    Example(
        "services.route.link",
        cell(SERVICES, "ferry", "route", "east-port;west"),
        f"{SERVICES} row 2 (ferry) route",
        "no ferry link east-port - west",
        "links of the service's mode",
    ),
    Example(
        "services.calendar_id.reference",
        cell(SERVICES, "ferry", "calendar_id", "fery"),
        f"{SERVICES} row 2 (ferry) departure",
        "calendar 'fery' without departures",
        "rows of kind departure in network/calendars.csv",
    ),
    Example(
        "services.calendar_id.reference",
        no_file(CALENDARS),
        f"{SERVICES} row 2 (ferry) departure",
        "calendar 'ferry' without departures",
        "rows of kind departure in network/calendars.csv",
    ),
    Example(
        "services.closure_calendar_id.reference",
        cell(SERVICES, "ferry", "closure_calendar_id", "strom"),
        f"{SERVICES} row 2 (ferry)",
        "calendar 'strom'",
        "rows of kind closure in network/calendars.csv",
    ),
    Example(
        "services.headway_h.missing",
        cell(SERVICES, "ferry", "departure", "frequency"),
        f"{SERVICES} row 2 (ferry) departure",
        "no headway",
        "headway_h above 0",
    ),
    Example(
        "calendars.weekday.missing",
        cell(CALENDARS, "ferry-tue", "weekday", ""),
        f"{CALENDARS} row 2 (ferry-tue) weekday",
        "an empty cell",
        "a value, as the row is a departure",
    ),
    Example(
        "calendars.closure_mean_h.zero",
        cell(CALENDARS, "storms-11", "closure_mean_h", "0"),
        f"{CALENDARS} row 4 (storms-11) closure_mean_h",
        "of the time",
        "above 0",
    ),
    Example(
        "calendars.month.duplicate",
        row(CALENDARS, "storms-11", id="storms-again"),
        f"{CALENDARS} row 8 (storms-again) month",
        "month 11 of calendar 'storms' again, as in row 'storms-11'",
        "one row of closures a month",
    ),
    Example(
        "validation.scenario_id.reference",
        cell("validation.csv", "east-west-days", "scenario_id", "daily-2031"),
        "validation.csv row 2 (east-west-days) scenario_id",
        "'daily-2031'",
        "an empty cell for the case as it is; did you mean 'daily-2030'?",
    ),
    Example(
        "pairs.destination.same",
        cell(PAIRS, "east-west", "destination", "east"),
        f"{PAIRS} row 2 (east-west) destination",
        "'east' twice",
        "another place than the origin",
    ),
    # Demand
    Example(
        "flows.flow_teu_per_year.minimum",
        cell(FLOWS, "east-west-2030", "flow_teu_per_year", "-9000"),
        f"{FLOWS} row 4 (east-west-2030) flow_teu_per_year",
        "'-9000'",
        "a number >= 0 [TEU/year]",
    ),
    Example(
        "flows.flow_t_per_year.finite",
        cell(FLOWS, "west-east-2030", "flow_t_per_year", "nan"),
        f"{FLOWS} row 5 (west-east-2030) flow_t_per_year",
        "'nan'",
        "leave the cell empty for no data",
    ),
    Example(
        "flows.commodity_id.reference",
        cell(FLOWS, "east-west-2030", "commodity_id", "container"),
        f"{FLOWS} row 4 (east-west-2030) commodity_id",
        "'container'",
        "did you mean 'containers'?",
    ),
    Example(
        "flows.part_of.reference",
        cell(FLOWS, "east-west-2024", "part_of", "traffic.ferry.2042"),
        f"{FLOWS} row 2 (east-west-2024) part_of",
        "'traffic.ferry.2042'",
        "an id of observations.csv",
    ),
    Example(
        "flows.destination.same",
        cell(FLOWS, "east-west-2030", "destination", "east"),
        f"{FLOWS} row 4 (east-west-2030) destination",
        "'east' twice",
        "another place than the origin",
    ),
    Example(
        "flows.flow_t_per_year.missing",
        cell(FLOWS, "east-west-2030", "flow_teu_per_year", ""),
        f"{FLOWS} row 4 (east-west-2030) flow_t_per_year",
        "neither tonnes nor TEU",
        "leave the row out where there is no data",
    ),
    Example(
        "flows.flow_t_per_year.payload",
        cells(FLOWS, "east-west-2030", flow_t_per_year="5"),
        f"{FLOWS} row 4 (east-west-2030) flow_t_per_year",
        "5 t beside",
        "as containers have 10 t a TEU; leave one of the two empty",
    ),
    Example(
        "flows.flow_teu_per_year.size",
        cell(FLOWS, "east-west-2030", "flow_teu_per_year", "9e300"),
        f"{FLOWS} row 4 (east-west-2030) flow_teu_per_year",
        "'9e300'",
        "a number of at most 1e+18 in size [TEU/year]; is the unit right",
    ),
    Example(
        "services.capacity_teu.trace",
        cell(SERVICES, "ferry", "capacity_teu", "1e-300"),
        f"{SERVICES} row 2 (ferry) capacity_teu",
        "1e-300",
        "at least 0.001, 0 for nothing, an empty cell",
    ),
    Example(
        "services.headway_h.trace",
        cells(SERVICES, "ferry", departure="frequency", calendar_id="", headway_h="1e-9"),
        f"{SERVICES} row 2 (ferry) headway_h",
        "1e-09",
        "at least 0.001",
    ),
    Example(
        "rates.teu_per_train.trace",
        column(RATES, teu_per_train="1e-9", train_load_status="assumed", train_load_reason="why"),
        f"{RATES} row 2 (rail) teu_per_train",
        "1e-09",
        "at least 0.001",
    ),
    Example(
        "constants.constant_usd_per_teu.size",
        end(CONSTANTS, "sea,over-the-sea,containers,-1e19,assumed,,why,\n"),
        f"{CONSTANTS} row 2 (sea) constant_usd_per_teu",
        "'-1e19'",
        "at most 1e+18 in size",
    ),
    Example(
        "services.capacity_teu.maximum",
        cell(SERVICES, "ferry", "capacity_teu", "1e9"),
        f"{SERVICES} row 2 (ferry) capacity_teu",
        "'1e9'",
        "a number <= 1e+06 [TEU]",
    ),
    Example(
        "commodities.payload_t_per_teu.maximum",
        cell(COMMODITIES, "containers", "payload_t_per_teu", "14000"),
        f"{COMMODITIES} row 2 (containers) payload_t_per_teu",
        "'14000'",
        "a number <= 1000 [t/TEU]",
    ),
    Example(
        "commodities.payload_t_per_teu.trace",
        cell(COMMODITIES, "containers", "payload_t_per_teu", "0"),
        f"{COMMODITIES} row 2 (containers) payload_t_per_teu",
        "0",
        "tonnes of at least 0.001",
    ),
    Example(
        "alternatives.id.reserved",
        cell(ALTERNATIVES, "over-the-sea", "id", "unserved"),
        f"{ALTERNATIVES} row 2 (unserved) id",
        "'unserved'",
        "another name",
    ),
    Example(
        "flows.year.duplicate",
        row(FLOWS, "east-west-2030", id="again"),
        f"{FLOWS} row 6 (again) year",
        "east - west, containers, 2030 again (first in row east-west-2030)",
        "all routes together",
    ),
    Example(
        "flows.flow_formula.value",
        cell(FLOWS, "east-west-2024", "flow_formula", "[traffic.fery.2024] * 0.6"),
        f"{FLOWS} row 2 (east-west-2024) flow_formula",
        "'[traffic.fery.2024] * 0.6'",
        "numbers, + - * / ( ) and [observation-id]",
    ),
    Example(
        "flows.flow_formula.differs",
        cell(FLOWS, "east-west-2024", "flow_formula", "[traffic.ferry.2024] * 0.5"),
        f"{FLOWS} row 2 (east-west-2024) flow_teu_per_year",
        "5940",
        "4950 by its formula",
    ),
    Example(
        "flows.flow_formula.differs",
        cells(FLOWS, "west-east-2030", flow_formula="50000 + 1"),
        f"{FLOWS} row 5 (west-east-2030) flow_t_per_year",
        "60000",
        "50001 by its formula",
    ),
    Example(
        "flows.part_of.sum",
        cell(FLOWS, "west-east-2024", "part_of", ""),
        f"{FLOWS} row 2 (east-west-2024) part_of",
        "1 rows of 'traffic.ferry.2024' that add up to 5940 TEU",
        "9900 TEU",
    ),
    Example(
        "flows.part_of.sum",
        cells(
            FLOWS, "west-east-2024", flow_teu_per_year="", flow_t_per_year="20000", flow_formula=""
        ),
        f"{FLOWS} row 3 (west-east-2024) part_of",
        "2 rows of 'traffic.ferry.2024' that add up to 7940 TEU",
        "9900 TEU",
    ),
    Example(
        "flows.part_of.unit",
        text("series.csv", ",TEU,", ",boxes,"),
        f"{FLOWS} row 3 (west-east-2024) part_of",
        "'traffic.ferry.2024' in boxes",
        "a total in t or TEU that has a value",
    ),
    Example(
        "validation.rate_id.missing",
        cell("validation.csv", "east-west-days", "quantity", "trains"),
        "validation.csv row 2 (east-west-days) rate_id",
        "trains without a train load",
        "teu_per_train",
    ),
    Example(
        "alternatives.main.duplicate",
        all_of(
            column(ALTERNATIVES, main="yes"),
            row(ALTERNATIVES, "over-the-sea", id="again"),
        ),
        f"{ALTERNATIVES} row 3 (again) main",
        "yes again",
        "one alternative that the case is about",
    ),
    Example(
        "alternatives.gateways.reference",
        cell(ALTERNATIVES, "over-the-sea", "gateways", "ferry; west-prt"),
        f"{ALTERNATIVES} row 2 (over-the-sea) gateways",
        "'west-prt'",
        "did you mean 'west-port'?",
    ),
    Example(
        "flows.market.reference",
        cell(FLOWS, "east-west-2024", "market", "over-the-see"),
        f"{FLOWS} row 2 (east-west-2024) market",
        "'over-the-see'",
        "an id of demand/markets.csv; did you mean 'over-the-sea'?",
    ),
    Example(
        "markets.unserved_cost_factor.minimum",
        column(MARKETS, unserved_cost_factor="0.5", unserved_cost_status="assumed"),
        f"{MARKETS} row 2 (over-the-sea) unserved_cost_factor",
        "0.5",
        "a number >= 1",
    ),
    Example(
        "constants.alternative_id.reference",
        end(CONSTANTS, "sea,over-the-see,containers,-40,assumed,,why,\n"),
        f"{CONSTANTS} row 2 (sea) alternative_id",
        "'over-the-see'",
        "did you mean 'over-the-sea'?",
    ),
    Example(
        "constants.commodity_id.duplicate",
        end(
            CONSTANTS,
            "one,over-the-sea,containers,-40,assumed,,why,\n"
            "other,over-the-sea,containers,25,assumed,,why,\n",
        ),
        f"{CONSTANTS} row 3 (other) commodity_id",
        "over-the-sea and containers again (first in row one)",
        "one constant for an alternative and commodity",
    ),
    Example(
        "commodities.choice_scale_per_usd.zero",
        column(COMMODITIES, choice_scale_per_usd="0"),
        f"{COMMODITIES} row 2 (containers) choice_scale_per_usd",
        "0",
        "a scale above 0",
    ),
    Example(
        "commodities.modes.unknown",
        column(COMMODITIES, modes="rail;fery"),
        f"{COMMODITIES} row 2 (containers) modes",
        "'fery'",
        "did you mean 'ferry'?",
    ),
    Example(
        "terminals.background_teu_per_year.capacity",
        column(
            TERMINALS,
            background_teu_per_year="20001",
            background_status="assumed",
            background_reason="why",
        ),
        f"{TERMINALS} row 2 (east-port-ferry) background_teu_per_year",
        "20001 of a capacity of 20000",
        "is part of it in demand/flows.csv already?",
        severity="warning",
    ),
    Example(
        "links.capacity_trains_per_day.load",
        cells(
            LINKS,
            "west-port-west",
            capacity_trains_per_day="8",
            capacity_status="assumed",
            capacity_reason="why",
        ),
        f"{LINKS} row 4 (west-port-west) capacity_trains_per_day",
        "8 trains of unknown load",
        "teu_per_train in the row 'rail' of network/rates.csv",
        severity="warning",
    ),
    Example(
        "links.background_trains_per_day.capacity",
        all_of(
            cells(
                LINKS,
                "west-port-west",
                capacity_trains_per_day="8",
                capacity_status="assumed",
                capacity_reason="why",
            ),
            column(
                LINKS,
                background_trains_per_day="9",
                background_status="assumed",
                background_reason="why",
            ),
        ),
        f"{LINKS} row 4 (west-port-west) background_trains_per_day",
        "9 of a capacity of 8",
        "background traffic below the capacity",
        severity="warning",
    ),
    Example(
        "flows.destination.same",
        end(
            MEASURE,
            change_of(
                table='"flows"',
                where='{ id = "east-west-2030" }',
                column='"destination"',
                value='"east"',
            ),
        ),
        f"{MEASURE}: {FLOWS} row 4 (east-west-2030) destination",
        "'east' twice",
        "another place than the origin",
    ),
    # Languages: a warning, English is shown instead
    Example(
        "nodes.name_az.missing",
        cell(NODES, "west", "name_az", ""),
        f"{NODES} name_az",
        "1 empty cell(s)",
        "a name in each language",
        severity="warning",
    ),
    Example(
        "measures.title.missing",
        text(MEASURE, 'zh = "每日渡轮"', ""),
        f"{MEASURE} title.zh",
        "no title",
        "a title in each language",
        severity="warning",
    ),
    # Scoreboard
    Example(
        "indicators.level.index",
        scored(cell(INDICATORS, "top", "level", "pillar")),
        f"{INDICATORS} row 9 (visits) level",
        "0 rows of level 'index'",
        "exactly one, at the top",
    ),
    Example(
        "indicators.level.index",
        scored(row(INDICATORS, "top", id="second")),
        f"{INDICATORS} row 10 (second) level",
        "2 rows of level 'index'",
        "exactly one",
    ),
    Example(
        "indicators.level.empty",
        scored(row(INDICATORS, "people", id="finance")),
        f"{INDICATORS} row 10 (finance) level",
        "a pillar without anything below it",
        "until it has indicators",
    ),
    Example(
        "indicators.parent_id.index",
        scored(cell(INDICATORS, "top", "parent_id", "trade")),
        f"{INDICATORS} row 2 (top) parent_id",
        "'trade' above the index",
        "an empty cell",
    ),
    Example(
        "indicators.parent_id.missing",
        scored(cell(INDICATORS, "visits", "parent_id", "")),
        f"{INDICATORS} row 9 (visits) parent_id",
        "no parent for level 'indicator'",
        "the row it is a part of",
    ),
    Example(
        "indicators.parent_id.type",
        scored(cell(INDICATORS, "visits", "parent_id", "travel;flows")),
        f"{INDICATORS} row 9",
        "travel;flows",
        "an id",
    ),
    Example(
        "indicators.id.duplicate",
        scored(row(INDICATORS, "visits", parent_id="flows")),
        f"{INDICATORS} row 10 (visits) id",
        "'visits' again (first in row 9)",
        "a name that no other row has",
    ),
    Example(
        "indicators.parent_id.loop",
        scored(cell(INDICATORS, "trade", "parent_id", "flows")),
        f"{INDICATORS} row 3 (trade) parent_id",
        "trade -> flows -> trade",
        "ends at the index",
    ),
    Example(
        "indicators.parent_id.loop",
        scored(cell(INDICATORS, "trade", "parent_id", "trade")),
        f"{INDICATORS} row 3 (trade) parent_id",
        "trade -> trade",
        "ends at the index",
    ),
    Example(
        "indicators.parent_id.level",
        scored(cell(INDICATORS, "people", "parent_id", "flows")),
        f"{INDICATORS} row 4 (people) parent_id",
        "a pillar below a sub_pillar",
        "a higher level",
    ),
    Example(
        "indicators.parent_id.pillar",
        scored(cell(INDICATORS, "visits", "parent_id", "top")),
        f"{INDICATORS} row 9 (visits) parent_id",
        "visits -> top",
        "an indicator in a pillar",
    ),
    Example(
        "indicators.kind.missing",
        scored(cell(INDICATORS, "visits", "kind", "")),
        f"{INDICATORS} row 9 (visits) kind",
        "an empty cell",
        "",
    ),
    Example(
        "indicators.about.missing",
        scored(cell(INDICATORS, "visits", "about", "")),
        f"{INDICATORS} row 9 (visits) about",
        "an empty cell",
        "",
    ),
    Example(
        "indicators.direction.missing",
        scored(cell(INDICATORS, "visits", "direction", "")),
        f"{INDICATORS} row 9 (visits) direction",
        "an empty cell",
        "",
    ),
    Example(
        "indicators.unit.missing",
        scored(cell(INDICATORS, "visits", "unit", "")),
        f"{INDICATORS} row 9 (visits) unit",
        "an empty cell",
        "",
    ),
    Example(
        "indicators.definition.missing",
        scored(cell(INDICATORS, "visits", "definition", "")),
        f"{INDICATORS} row 9 (visits) definition",
        "an empty cell",
        "",
    ),
    Example(
        "indicators.rhythm.missing",
        scored(cell(INDICATORS, "visits", "rhythm", "")),
        f"{INDICATORS} row 9 (visits) rhythm",
        "an empty cell",
        "",
    ),
    Example(
        "indicators.source_id.missing",
        scored(cell(INDICATORS, "visits", "source_id", "")),
        f"{INDICATORS} row 9 (visits) source_id",
        "an empty cell",
        "",
    ),
    Example(
        "indicators.direction.enum",
        scored(cell(INDICATORS, "visits", "direction", "0")),
        f"{INDICATORS} row 9",
        "0",
        "one of 1, -1",
    ),
    Example(
        "indicators.quantity.kind",
        scored(cell(INDICATORS, "days", "quantity", "")),
        f"{INDICATORS} row 8 (days) quantity",
        "kind 'run' and quantity ''",
        "for indicators that a run computes",
    ),
    Example(
        "indicators.quantity.kind",
        scored(cell(INDICATORS, "visits", "quantity", "mean_h")),
        f"{INDICATORS} row 9 (visits) quantity",
        "kind 'data' and quantity 'mean_h'",
        "and for no others",
    ),
    Example(
        "indicators.goalpost_high.missing",
        scored(cell(INDICATORS, "visits", "goalpost_low", "1")),
        f"{INDICATORS} row 9 (visits) goalpost_high",
        "one goalpost without the other",
        "both ends",
    ),
    Example(
        "indicators.goalpost_high.equal",
        scored(cells(INDICATORS, "visits", goalpost_low="1", goalpost_high="1")),
        f"{INDICATORS} row 9 (visits) goalpost_high",
        "1 at both ends",
        "some length",
    ),
    Example(
        "indicators.goalpost_high.order",
        scored(cells(INDICATORS, "visits", goalpost_low="5", goalpost_high="1")),
        f"{INDICATORS} row 9 (visits) goalpost_high",
        "5 to 1",
        "the lower end first",
    ),
    Example(
        "indicators.weight.minimum",
        scored(cell(INDICATORS, "visits", "weight", "-1")),
        f"{INDICATORS} row 9",
        "-1",
        "a number >= 0",
    ),
    Example(
        "indicators.weight.sum",
        scored(cell(INDICATORS, "visits", "weight", "0")),
        f"{INDICATORS} row 9 (visits) weight",
        "0 for all 1 rows below 'travel'",
        "one at least is above 0",
    ),
    Example(
        "units.partner.same",
        scored(cell(UNITS, "a", "partner", "CN")),
        f"{UNITS} row 2 (a) partner",
        "'CN' twice",
        "another country",
    ),
    Example(
        "units.partner.duplicate",
        scored(cell(UNITS, "b", "partner", "AZ")),
        f"{UNITS} row 3 (b) partner",
        "CN and AZ again (first in row a)",
        "one row for a pair",
    ),
    Example(
        "indicator_values.indicator_id.kind",
        scored(cell(VALUES, "turnover.a", "indicator_id", "days")),
        f"{VALUES} row 2 (turnover.a) indicator_id",
        "of kind run",
        "an indicator of kind data",
    ),
    Example(
        "indicator_values.indicator_id.kind",
        scored(cell(VALUES, "turnover.a", "indicator_id", "trade")),
        f"{VALUES} row 2 (turnover.a) indicator_id",
        "of kind pillar",
        "an indicator of kind data",
    ),
    Example(
        "indicator_values.indicator_id.reference",
        scored(cell(VALUES, "turnover.a", "indicator_id", "tunover")),
        f"{VALUES} row 2 (turnover.a) indicator_id",
        "'tunover'",
        "did you mean 'turnover'",
    ),
    Example(
        "indicator_values.value.formula",
        scored(cell(VALUES, "turnover.a", "value", "")),
        f"{VALUES} row 2 (turnover.a) value",
        "neither a value nor a formula",
        "no data is no row",
    ),
    Example(
        "indicator_values.value.formula",
        scored(cell(VALUES, "visits.a", "value", "3")),
        f"{VALUES} row 4 (visits.a) value",
        "both a value and a formula",
        "one of them",
    ),
    Example(
        "indicator_values.value.finite",
        scored(cell(VALUES, "turnover.a", "value", "inf")),
        f"{VALUES} row 2",
        "inf",
        "a finite number",
    ),
    Example(
        "indicator_values.formula.value",
        scored(cell(VALUES, "visits.a", "formula", "[traffic.ferry.1999]")),
        f"{VALUES} row 4 (visits.a) formula",
        "[traffic.ferry.1999]",
        "which has no value",
    ),
    Example(
        "indicator_values.formula.value",
        scored(cell(VALUES, "visits.a", "formula", "1 / 0")),
        f"{VALUES} row 4 (visits.a) formula",
        "1 / 0",
        "is a divisor zero?",
    ),
    Example(
        "indicator_values.status.formula",
        scored(cell(VALUES, "visits.a", "status", "reported")),
        f"{VALUES} row 4 (visits.a) status",
        "'reported' with a formula",
        "derived",
    ),
    Example(
        "indicator_values.source_id.missing",
        scored(cell(VALUES, "turnover.a", "source_id", "")),
        f"{VALUES} row 2 (turnover.a) status",
        "reported without a source",
        "a row of sources.csv",
    ),
    Example(
        "indicator_values.year_to.order",
        scored(cell(VALUES, "turnover.b", "year_to", "2019")),
        f"{VALUES} row 3 (turnover.b) year_to",
        "2020 to 2019",
        "the earlier year first",
    ),
    Example(
        "indicator_values.year.duplicate",
        scored(row(VALUES, "turnover.b", id="again", year="2022", year_to="2024")),
        f"{VALUES} row 6 (again) year",
        "turnover of b in 2022 again (first in row turnover.b)",
        "one value for an indicator, pair and year",
    ),
    # Catalogues
    Example(
        "texts.file.po",
        catalogue("ru", 'msgid "a"\nmsgstr "b\n'),
        "texts/ru.po",
        """line 2: 'msgstr "b'""",
        "a UTF-8 gettext catalogue",
    ),
    Example(
        "texts.language.unknown",
        catalogue("de", ""),
        "texts/de.po",
        "language 'de'",
        "texts/ru.po, texts/az.po, texts/zh.po",
    ),
    Example(
        "texts.entry.form",
        catalogue("zh", 'msgctxt "c"\nmsgid "a"\nmsgstr "b"\n'),
        "texts/zh.po line 2",
        "a context (msgctxt)",
        "msgid, the English text",
    ),
    Example(
        "texts.entry.unused",
        catalogue("az", 'msgid "gone"\nmsgstr "getdi"\n'),
        "texts/az.po",
        "1 translation(s)",
        "texts as they stand in the case",
        severity="warning",
    ),
]


def problems_of(root: Path) -> list[Problem]:
    """Problems of reading, or of the content once it can be read; warnings included."""
    try:
        case = read_case(root)
    except CaseError as error:
        return list(error.problems)
    problems = check_case(case)
    if any(p.severity == "error" for p in problems):
        with pytest.raises(CaseError):
            require_sound(case)
    return problems


def state_of(root: Path) -> dict[str, tuple[int, str]]:
    """Time and hash of every file (by size alone where it is huge and sparse)."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.stat()
        is_small = path.is_file() and status.st_size < 1_000_000
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if is_small else ""
        found[str(path)] = (status.st_mtime_ns, digest or str(status.st_size))
    return found


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"{n}-{e.check}" for n, e in enumerate(EXAMPLES)]
)
def test_a_fault_is_named_with_place_finding_and_remedy(example: Example, two_port: Path) -> None:
    example.fault(two_port)
    before = state_of(two_port)
    problems = problems_of(two_port)
    assert state_of(two_port) == before, "checking changes nothing"
    assert example.check in {p.check for p in problems}
    found = [p for p in problems if p.check == example.check and p.where.startswith(example.where)]
    assert found, problems
    problem = found[0]
    assert example.found in problem.found
    assert example.expected in f"{problem.expected}; {problem.hint}"
    assert problem.severity == example.severity
    printed = str(problem)
    for part in (problem.where, problem.found, problem.expected, f"[{problem.check}]"):
        assert part in printed


def test_the_case_that_is_broken_here_is_sound(two_port: Path) -> None:
    assert problems_of(two_port) == []


@pytest.mark.parametrize(
    "harmless",
    [
        data(NODES, lambda b: b"\xef\xbb\xbf" + b),
        data(LINKS, lambda b: b.replace(b"\n", b"\r\n")),
        data("case.toml", lambda b: b"\xef\xbb\xbf" + b.replace(b"\n", b"\r\n")),
        all_of(*(text(f, "west-port", "батыс-порт") for f in (NODES, LINKS, SERVICES))),
        text(PAIRS, "east-west", "şərq-西"),
        no_file(TERMINALS),
        no_file(PAIRS),
        no_file("validation.csv"),
    ],
    ids=["bom", "crlf", "toml", "cyrillic ids", "mixed ids", "terminals", "pairs", "validation"],
)
def test_what_is_no_fault_passes(harmless: Fault, two_port: Path) -> None:
    harmless(two_port)
    assert problems_of(two_port) == []


def test_all_faults_of_reading_come_at_once(two_port: Path) -> None:
    for fault in (
        cell(LINKS, "west-port-west", "length_km", "far"),
        cell(NODES, "east", "lat", "nan"),
        text(RATES, "speed_kmh", "speed_mph"),
        top("case.toml", "colour = 1"),
        text(MEASURE, 'state = "proposed"', 'state = "dreamt"'),
        no_file(TRANSFERS),
    ):
        fault(two_port)
    with pytest.raises(CaseError) as error:
        read_case(two_port)
    assert {p.check for p in error.value.problems} >= {
        "links.length_km.type",
        "nodes.lat.finite",
        "rates.header.unit",
        "case.key.unknown",
        "measures.key.value",
        "transfers.file.missing",
    }
    for name in (LINKS, NODES, RATES, "case.toml", MEASURE, TRANSFERS):
        assert name in str(error.value)
    assert error.value.exit_code == 2


def test_all_faults_of_content_come_at_once(two_port: Path) -> None:
    for fault in (
        cell(LINKS, "west-port-west", "length_status", "reported"),
        cell(SERVICES, "ferry", "calendar_id", "fery"),
        cell(CALENDARS, "storms-11", "month", ""),
        cell(PAIRS, "east-west", "destination", "east"),
        cell(OBSERVATIONS, "traffic.ferry.2024", "value", "1"),
        text(SCENARIO, '["daily-ferry"]', '["ferry"]'),
    ):
        fault(two_port)
    with pytest.raises(CaseError) as error:
        require_sound(read_case(two_port))
    assert [p.check for p in error.value.problems] == [
        "links.length_source_id.missing",
        "observations.formula.differs",
        "services.calendar_id.reference",
        "calendars.month.missing",
        "pairs.destination.same",
        "scenarios.apply",
    ]
    assert str(error.value).startswith("6 problem(s) in the case 'two-port':\n  1. ")


def test_broken_references_do_not_hide_the_rest(two_port: Path) -> None:
    for fault in (
        cell(LINKS, "west-port-west", "rate_id", "rial"),
        cell(OBSERVATIONS, "traffic.ferry.2023", "source_id", ""),
        end(MEASURE, change_of(table='"linsk"')),
    ):
        fault(two_port)
    assert {p.check for p in problems_of(two_port)} == {
        "links.rate_id.reference",
        "observations.source_id.missing",
        "measures.apply",
        "scenarios.apply",  # it takes the measure
    }


def test_a_flood_of_faults_is_cut_in_print_only(two_port: Path) -> None:
    faults = MOST_PROBLEMS_PRINTED + 30
    lines = "".join(f"pair-{n},east,nowhere-{n},containers,\n" for n in range(faults))
    end(PAIRS, lines)(two_port)
    with pytest.raises(CaseError) as error:
        require_sound(read_case(two_port))
    assert len(error.value.problems) == faults
    assert str(error.value).count("pairs.destination.reference") == MOST_PROBLEMS_PRINTED
    assert "and 30 more" in str(error.value)


def test_a_warning_can_be_made_strict_or_quiet_by_its_name(two_port: Path) -> None:
    cell(NODES, "west", "name_az", "")(two_port)
    assert [p.severity for p in problems_of(two_port)] == ["warning"]
    assert [p.check for p in require_sound(read_case(two_port))] == ["nodes.name_az.missing"]
    end("case.toml", '\n[checks]\nstrict = ["nodes.name_az.missing"]\n')(two_port)
    assert [p.severity for p in problems_of(two_port)] == ["error"]
    text("case.toml", "strict", "quiet")(two_port)
    assert problems_of(two_port) == []


def test_an_error_cannot_be_made_quiet(two_port: Path) -> None:
    cell(PAIRS, "east-west", "destination", "east")(two_port)
    end("case.toml", '\n[checks]\nquiet = ["pairs.destination.same"]\n')(two_port)
    assert [p.check for p in problems_of(two_port)] == ["pairs.destination.same"]


# Measures bring the problems of all tables that they change


def faulty_measures(root: Path) -> None:
    """Write measures that break the network in several tables, each in its own way."""
    faults = {
        "length": change_of(value="100"),
        "rate": change_of(column='"rate_id"', value='"ferry"'),
        "border": change_of(
            table='"nodes"', where='{ id = "west" }', column='"country"', value='"CC"'
        ),
        "dwell": change_of(
            table='"transfers"', where='{ id = "port" }', column='"dwell_min_h"', value="50"
        ),
        "speed": change_of(
            table='"rates"', where='{ id = "rail" }', column='"speed_low_kmh"', value="49"
        ),
        "pair": change_of(
            table='"pairs"', where='{ id = "east-west" }', column='"destination"', value='"east"'
        ),
        "calendar": change_of(
            table='"calendars"',
            where='{ id = "ferry-tue" }',
            action='"remove"',
            column="",
            value="",
        ),
        "closing": change_of(
            table='"services"', where='{ id = "ferry" }', column='"closes"', value='"1999"'
        )
        + change_of(table='"services"', where='{ id = "ferry" }', column='"opens"', value='"2005"'),
        "nowhere": change_of(column='"to_node"', value='"nowhere"'),
    }
    whole = (root / MEASURE).read_text(encoding="utf-8")
    sound = whole[: whole.index("[[changes]]")]
    for name, changes in faults.items():
        measure = sound.replace('id = "daily-ferry"', f'id = "{name}"', 1)
        (root / "measures" / f"{name}.toml").write_text(measure + changes, encoding="utf-8")


def test_measures_bring_the_same_problems_as_if_every_check_ran(
    two_port: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty_measures(two_port)
    found = problems_of(two_port)
    assert {p.where.partition(":")[0] for p in found} >= {
        f"measures/{name}.toml" for name in ("length", "rate", "border", "dwell", "speed")
    }
    everything = frozenset(tables())
    monkeypatch.setattr(checks, "STRUCTURE_CHECKS", dict.fromkeys(STRUCTURE_CHECKS, everything))
    assert problems_of(two_port) == found


class Recorded(dict[str, pl.DataFrame]):
    """Tables that remember which of them were asked for."""

    def __init__(self, whole: Mapping[str, pl.DataFrame]) -> None:
        super().__init__(whole)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> pl.DataFrame:
        self.asked.add(name)
        return super().__getitem__(name)


def test_the_scoreboard_that_is_broken_here_is_sound(two_port: Path) -> None:
    write_scoreboard(two_port)
    assert problems_of(two_port) == []


@pytest.mark.parametrize("check", STRUCTURE_CHECKS, ids=lambda check: check.__name__)
def test_a_check_of_the_network_reads_the_tables_it_names(check: Any, two_port: Path) -> None:
    case = read_case(two_port)
    watched = Recorded(case.tables)
    list(check(replace(case, tables=watched)))
    assert watched.asked == STRUCTURE_CHECKS[check]


# The register


def emitted_checks() -> Iterator[str]:
    """Patterns of the check names in the code; a part known at run time only matches anything."""
    package = Path(str(files("karvan")))
    for path in (package / "schema" / "read.py", *sorted((package / "case").glob("*.py"))):
        calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
        kinds = {"fault.kind": bad_cell_kinds(calls), "kind": file_fault_kinds(calls)}
        for call in calls:
            if isinstance(call.func, ast.Name) and call.func.id == "Problem":
                yield from patterns(call.args[0], kinds)


def patterns(name: ast.expr, kinds: dict[str, list[str]]) -> list[str]:
    if isinstance(name, ast.Constant):
        return [re.escape(str(name.value))]
    assert isinstance(name, ast.JoinedStr), f"a check's name must be literal: {ast.unparse(name)}"
    found = [""]
    for part in name.values:
        if isinstance(part, ast.Constant):
            options = [re.escape(str(part.value))]
        else:
            assert isinstance(part, ast.FormattedValue)
            options = kinds.get(ast.unparse(part.value)) or [".+"]
        found = [before + option for before in found for option in options]
    return found


def bad_cell_kinds(calls: list[ast.Call]) -> list[str]:
    return sorted(
        {
            str(keyword.value.value)
            for call in calls
            if isinstance(call.func, ast.Name) and call.func.id == "BadCell"
            for keyword in call.keywords
            if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant)
        }
    )


def file_fault_kinds(calls: list[ast.Call]) -> list[str]:
    return sorted(
        {
            str(call.args[0].value)
            for call in calls
            if isinstance(call.func, ast.Name)
            and call.func.id == "fault"
            and isinstance(call.args[0], ast.Constant)
        }
    )


EMITTED = sorted(set(emitted_checks()))


@pytest.mark.parametrize("pattern", EMITTED)
def test_every_check_has_a_bad_example(pattern: str) -> None:
    assert any(re.fullmatch(pattern, example.check) for example in EXAMPLES)


def test_the_register_sees_the_names_in_the_code() -> None:
    assert len(EMITTED) > 50
    for known in ("links.length_km.finite", "nodes.file.size", "network.border", "case.format"):
        assert any(re.fullmatch(pattern, known) for pattern in EMITTED), known
    for example in EXAMPLES:
        assert any(re.fullmatch(pattern, example.check) for pattern in EMITTED), example.check
