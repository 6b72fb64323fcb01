"""Read networks and trips in the TNTP format of the Transportation Networks repository."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError
from karvan.freight.delay import delays
from karvan.freight.problem import AssignmentProblem, assignment_problem

FloatArray = NDArray[np.float64]

COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed")
TOLL = 8
_META = re.compile(r"\s*<([^>]*)>\s*(.*)")
_TRIP = re.compile(r"(\S+)\s*:\s*([^;]*);?")


def read_tntp(
    net: str | Path,
    trips: str | Path,
    toll_factor: float = 0.0,
    distance_factor: float = 0.0,
) -> AssignmentProblem:
    """Return the assignment problem of two TNTP files.

    Link cost = free flow time * (1 + b * (flow / capacity) ** power) + `toll_factor` * toll +
    `distance_factor` * length.  Nodes and zones count from 0, links keep the order of the file.
    Demand within a zone uses no network.

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
        if not (np.isfinite(value) and value >= 0.0):
            raise AssignmentError([f"{name} is {value:g}, expected a number >= 0"])
    meta, links = _read_net(Path(net))
    n_zones = meta["NUMBER OF ZONES"]
    origin, destination, demand = _read_trips(Path(trips), n_zones)
    toll = links[:, TOLL] if toll_factor else 0.0
    length = links[:, 3] if distance_factor else 0.0
    delay = delays(
        "bpr",
        base=links[:, 4],
        factor=links[:, 4] * links[:, 5],
        capacity=links[:, 2],
        shape=links[:, 6],
    ).plus(toll_factor * toll + distance_factor * length)
    return assignment_problem(
        meta["NUMBER OF NODES"],
        links[:, 0].astype(np.int64) - 1,
        links[:, 1].astype(np.int64) - 1,
        delay,
        origin,
        destination,
        demand,
        first_through_node=meta["FIRST THRU NODE"] - 1,
    )


def _read_net(path: Path) -> tuple[dict[str, int], FloatArray]:
    lines, start, meta = _lines_after_metadata(path)
    problems: list[str] = []
    numbers = {}
    for key in ("NUMBER OF ZONES", "NUMBER OF NODES", "FIRST THRU NODE", "NUMBER OF LINKS"):
        text = meta.get(key)
        if text is None or not text.split()[:1] or not text.split()[0].isdigit():
            found = "is missing" if text is None else f"is '{text}'"
            problems.append(f"{path.name}: <{key}> {found}, expected a whole number")
        else:
            numbers[key] = int(text.split()[0])
    rows = []
    for number, line in enumerate(lines[start:], start + 1):
        text = line.split("~", 1)[0].replace(";", " ").strip()
        if text:
            rows.append(_link(path, number, text, problems))
    if not problems and len(rows) != numbers["NUMBER OF LINKS"]:
        problems.append(
            f"{path.name}: {len(rows)} links, expected {numbers['NUMBER OF LINKS']} as "
            "<NUMBER OF LINKS> says; is the file cut short?"
        )
    if problems:
        raise AssignmentError(problems)
    return numbers, np.array(rows, dtype=np.float64).reshape(-1, TOLL + 1)


def _link(path: Path, number: int, text: str, problems: list[str]) -> list[float]:
    """Numbers of a line up to the toll, which may be missing."""
    words = text.split()[: TOLL + 1]
    if len(words) < len(COLUMNS) - 1:
        problems.append(
            f"{path.name} line {number}: {len(words)} columns, expected at least "
            f"{len(COLUMNS) - 1}: {', '.join(COLUMNS[:-1])}"
        )
        return [0.0] * (TOLL + 1)
    values = [_number(word) for word in words]
    for column, word in enumerate(words):
        if values[column] is None:
            name = COLUMNS[column] if column < len(COLUMNS) else "toll"
            problems.append(f"{path.name} line {number} {name}: found '{word}', expected a number")
    known = [v if v is not None else 0.0 for v in values]
    return known + [0.0] * (TOLL + 1 - len(known))


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _read_trips(path: Path, n_zones: int) -> tuple[list[int], list[int], list[float]]:
    lines, start, _ = _lines_after_metadata(path)
    problems: list[str] = []
    origin: list[int] = []
    destination: list[int] = []
    demand: list[float] = []
    zone = 0
    for number, line in enumerate(lines[start:], start + 1):
        text = line.split("~", 1)[0].strip()
        if text.lower().startswith("origin"):
            zone = _zone(text[len("origin") :], n_zones, f"{path.name} line {number}", problems)
        elif text:
            found = _TRIP.findall(text)
            if not found:
                problems.append(
                    f"{path.name} line {number}: found '{text[:40]}', expected 'Z : T;'"
                )
            for word, amount in found:
                value = _number(amount)
                end = _zone(word, n_zones, f"{path.name} line {number}", problems)
                if zone == 0:
                    problems.append(f"{path.name} line {number}: trips before the first 'Origin'")
                if value is None:
                    problems.append(
                        f"{path.name} line {number}: demand '{amount.strip()}', expected a number"
                    )
                elif value != 0.0 and end and zone:
                    origin.append(zone - 1)
                    destination.append(end - 1)
                    demand.append(value)
    if problems:
        raise AssignmentError(problems)
    return origin, destination, demand


def _zone(word: str, n_zones: int, where: str, problems: list[str]) -> int:
    text = word.strip()
    if text.isdigit() and 1 <= int(text) <= n_zones:
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
