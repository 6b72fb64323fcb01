"""Read networks and trips in the TNTP format of the Transportation Networks repository."""

import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import is_number, shown
from karvan.freight.delay import delays
from karvan.freight.problem import SPARE_NODES, AssignmentProblem, assignment_problem

FloatArray = NDArray[np.float64]

COLUMNS = (
    "init_node",
    "term_node",
    "capacity",
    "length",
    "free_flow_time",
    "b",
    "power",
    "speed",
    "toll",
)
TAIL, HEAD, CAPACITY, LENGTH, TIME, B, POWER, _SPEED, TOLL = range(len(COLUMNS))
NEEDED = POWER + 1
CUT_SHORT = "is the file cut short?"

TOTAL_TOLERANCE = 0.05
"""Relative difference of trips from their stated total that is no fault (assumed).

The published sets that were looked at agree within 1e-12, but a total is also written by hand, of
another revision or rounded; what is cut short differs by more, unless only its end is missing.
"""
_META = re.compile(r"\s*<([^>]*)>\s*(.*)")
_TRIP = re.compile(r"\s*(\S+)\s*:\s*(\S+)\s*")


def read_tntp(
    net: str | Path,
    trips: str | Path,
    toll_factor: float = 0.0,
    distance_factor: float = 0.0,
) -> AssignmentProblem:
    """Return the assignment problem of two TNTP files.

    Link cost = free flow time * (1 + b * (flow / capacity) ** power) + `toll_factor` * toll +
    `distance_factor` * length.  Nodes and zones count from 0, links keep the order of the file.
    Demand within a zone uses no network.  What the trips say of their zones and total must hold;
    they may say nothing.

    Parameters
    ----------
    net, trips : path
    toll_factor, distance_factor : float
        Unit of time for one unit of toll and of length, >= 0.

    Raises
    ------
    AssignmentError
        Every fault with its file and line.

    References
    ----------
    Transportation Networks for Research Core Team, https://github.com/bstabler/TransportationNetworks
    """
    for name, value in (("toll_factor", toll_factor), ("distance_factor", distance_factor)):
        if not (is_number(value) and np.isfinite(value) and value >= 0.0):
            raise AssignmentError([f"{name} is {shown(value)}, expected a number >= 0"])
    for name, path in (("net", net), ("trips", trips)):
        if not isinstance(path, str | os.PathLike):
            raise AssignmentError([f"{name} is {shown(path)}, expected the path of a TNTP file"])
    meta, links = _read_net(Path(net))
    n_zones = meta["NUMBER OF ZONES"]
    origin, destination, demand = _read_trips(Path(trips), n_zones)
    delay = delays(
        "bpr",
        base=links[:, TIME],
        factor=links[:, TIME] * links[:, B],
        capacity=links[:, CAPACITY],
        shape=links[:, POWER],
    ).plus(toll_factor * links[:, TOLL] + distance_factor * links[:, LENGTH])
    return assignment_problem(
        meta["NUMBER OF NODES"],
        links[:, TAIL] - 1,
        links[:, HEAD] - 1,
        delay,
        origin,
        destination,
        demand,
        first_through_node=meta["FIRST THRU NODE"] - 1,
    )


def _read_net(path: Path) -> tuple[dict[str, int], FloatArray]:
    lines, start, meta = _lines_after_metadata(path)
    problems: list[str] = []
    numbers = _whole_numbers(path, meta, problems)
    if problems:
        raise AssignmentError(problems)
    rows, columns = [], dict[str, int]()
    for number, line in enumerate(lines[start:], start + 1):
        text = line.split("~", 1)[0].replace(";", " ").strip()
        if text:
            where = f"{path.name} line {number}"
            columns[where] = len(text.split())
            rows.append(_link(where, text, numbers["NUMBER OF NODES"], problems))
    problems += _gaps(columns)
    if len(rows) != numbers["NUMBER OF LINKS"]:
        problems.append(
            f"{path.name}: {len(rows)} links, expected {numbers['NUMBER OF LINKS']} as "
            f"<NUMBER OF LINKS> says; {CUT_SHORT}"
        )
    if problems:
        raise AssignmentError(problems)
    return numbers, np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))


def _gaps(columns: Mapping[str, int]) -> list[str]:
    """Lines that lack one value of those that most have: what follows would be taken for it.

    Speed and toll, and what comes after, may be missing together.
    """
    counts = Counter(columns.values())
    usual = max(counts, key=lambda count: (counts[count], count), default=0)
    return [
        f"{where}: {count} columns, expected {usual} as in most lines: is a value missing?"
        for where, count in columns.items()
        if NEEDED <= count == usual - 1 <= len(COLUMNS)
    ]


def _whole_numbers(path: Path, meta: dict[str, str], problems: list[str]) -> dict[str, int]:
    numbers = {}
    for key in ("NUMBER OF ZONES", "NUMBER OF NODES", "FIRST THRU NODE", "NUMBER OF LINKS"):
        word = (meta.get(key) or "").split()[:1]
        if word and word[0].isdecimal():
            numbers[key] = int(word[0])
        else:
            found = f"is '{meta[key]}'" if key in meta else "is missing"
            problems.append(f"{path.name}: <{key}> {found}, expected a whole number")
    if not problems:
        nodes = numbers["NUMBER OF NODES"]
        most = 2 * numbers["NUMBER OF LINKS"] + SPARE_NODES
        for key, low, high, of in (
            ("NUMBER OF NODES", 0, most, f"{numbers['NUMBER OF LINKS']} links"),
            ("NUMBER OF ZONES", 0, nodes, f"{nodes} nodes"),
            ("FIRST THRU NODE", 1, nodes + 1, f"{nodes} nodes"),
        ):
            if not low <= numbers[key] <= high:
                problems.append(
                    f"{path.name}: <{key}> is {numbers[key]}, expected {low} to {high} for {of}"
                )
    return numbers


def _link(where: str, text: str, n_nodes: int, problems: list[str]) -> list[float]:
    """Numbers of a line up to the toll; speed and toll may be missing."""
    words = text.split()[: len(COLUMNS)]
    if len(words) < NEEDED:
        problems.append(
            f"{where}: {len(words)} columns, expected at least {NEEDED}: "
            + ", ".join(COLUMNS[:NEEDED])
        )
        return [0.0] * len(COLUMNS)
    read = [_number(word) for word in words]
    problems += [
        f"{where} {column}: found '{word}', expected a number"
        for column, word, value in zip(COLUMNS, words, read, strict=False)
        if value is None
    ]
    values = [value for value in read if value is not None]
    if len(values) == len(words):
        problems += [f"{where} {fault}" for fault in _link_faults(values, n_nodes)]
    return values + [0.0] * (len(COLUMNS) - len(values))


def _link_faults(values: Sequence[float], n_nodes: int) -> Iterator[str]:
    for column, value in enumerate(values):
        if column in (TAIL, HEAD):
            sound, expected = value in range(1, n_nodes + 1), f"a node from 1 to {n_nodes}"
        elif column == CAPACITY:
            # Connectors come with a capacity of 0, which matters only if their time rises.
            still = not (values[TIME] and values[B])
            sound = still or (np.isfinite(value) and value > 0.0)
            expected = "a number > 0"
        else:
            sound, expected = np.isfinite(value) and value >= 0.0, "a number >= 0"
        if not sound:
            yield f"{COLUMNS[column]}: found {value:g}, expected {expected}"


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _read_trips(path: Path, n_zones: int) -> tuple[list[int], list[int], list[float]]:
    lines, start, meta = _lines_after_metadata(path)
    problems: list[str] = []
    trips: list[tuple[int, int, float]] = []
    origin: int | None = None
    last = ""
    for number, line in enumerate(lines[start:], start + 1):
        where, text = f"{path.name} line {number}", line.split("~", 1)[0].strip()
        if text.lower().startswith("origin"):
            origin = _zone(text[len("origin") :], n_zones, where, problems)
        elif text and origin is None:
            problems.append(f"{where}: trips before the first 'Origin'")
        elif text and origin is not None:
            last = where if not text.endswith(";") else ""
            for entry in filter(str.strip, text.split(";")):
                destination, demand = _trip(entry, n_zones, where, problems)
                if demand:
                    trips.append((origin - 1, destination - 1, demand))
    if last:
        problems.append(f"{last}: the last entry has no ';': {CUT_SHORT}")
    if origin is None and not problems:
        problems.append(
            f"{path.name}: no line 'Origin', expected one for each zone with trips; {CUT_SHORT}"
        )
    # A total of entries that could not be read would only repeat their faults.
    problems = problems or _contradictions(path, meta, n_zones, trips)
    if problems:
        raise AssignmentError(problems)
    return [t[0] for t in trips], [t[1] for t in trips], [t[2] for t in trips]


def _contradictions(
    path: Path, meta: dict[str, str], n_zones: int, trips: Sequence[tuple[int, int, float]]
) -> list[str]:
    """What the metadata of trips say and is not so."""
    problems = []
    zones, total = meta.get("NUMBER OF ZONES"), meta.get("TOTAL OD FLOW")
    if zones and _number(zones) != n_zones:
        problems.append(
            f"{path.name}: <NUMBER OF ZONES> is '{zones}', expected {n_zones} as the network says; "
            "do the files belong together?"
        )
    if total:
        stated = _number(total.split()[0].replace(",", ""))
        # Some count trips within a zone, some do not.
        between = math.fsum(
            demand for origin, destination, demand in trips if origin != destination
        )
        found = math.fsum(demand for _, _, demand in trips)
        if stated is None:
            problems.append(f"{path.name}: <TOTAL OD FLOW> is '{total}', expected a number")
        elif not any(abs(x - stated) <= TOTAL_TOLERANCE * abs(stated) for x in (found, between)):
            problems.append(
                f"{path.name}: trips add up to {found:.10g}, expected '{total}' as <TOTAL OD FLOW> "
                f"says; {CUT_SHORT}  If that line is wrong, take it out"
            )
    return problems


def _trip(entry: str, n_zones: int, where: str, problems: list[str]) -> tuple[int, float]:
    found = _TRIP.fullmatch(entry)
    if not found:
        problems.append(f"{where}: found '{entry.strip()[:40]}', expected 'Z : T;'")
        return 0, 0.0
    destination, demand = _zone(found[1], n_zones, where, problems), _number(found[2])
    if demand is None or not (np.isfinite(demand) and demand >= 0.0):
        problems.append(f"{where}: demand '{found[2]}', expected a finite number >= 0")
        return destination, 0.0
    return destination, demand


def _zone(word: str, n_zones: int, where: str, problems: list[str]) -> int:
    text = word.strip()
    if text.isdecimal() and 1 <= int(text) <= n_zones:
        return int(text)
    problems.append(f"{where}: zone '{text}', expected 1 to {n_zones} as <NUMBER OF ZONES> says")
    return 0


def _lines_after_metadata(path: Path) -> tuple[list[str], int, dict[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AssignmentError([f"{path}: {error}; expected a TNTP text file"]) from None
    meta: dict[str, str] = {}
    for number, line in enumerate(lines):
        match = _META.match(line)
        if match and match[1].strip().upper() == "END OF METADATA":
            return lines, number + 1, meta
        if match:
            meta[match[1].strip().upper()] = match[2].split("~")[0].strip()
    message = f"{path.name}: no line <END OF METADATA>, expected one between metadata and rows"
    raise AssignmentError([message])
