"""The exact Pareto set of itineraries between two places."""

import datetime as dt
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from karvan.case import Case
from karvan.errors import PlaceError, RouteError, did_you_mean
from karvan.freight.diagnose import why_no_path
from karvan.freight.legs import describe
from karvan.freight.model import Itineraries, Itinerary
from karvan.freight.search import pareto_paths
from karvan.network import Network, compile_network, resolve_place
from karvan.network.model import IntArray
from karvan.network.skims import COLUMN

OBJECTIVES = ("time", "cost", "co2e")
MODES = ("rail", "sea", "ferry", "road")


def itineraries(
    case: Case,
    origin: str,
    destination: str,
    *,
    depart: dt.date | dt.datetime | str | None = None,
    objectives: Sequence[str] = OBJECTIVES,
    max_transfers: int | None = None,
    avoid: Collection[str] = (),
    via: Sequence[str] = (),
    commodity: str = "",
) -> Itineraries:
    """Return all itineraries that no other one beats in every objective, best first.

    Parameters
    ----------
    case : Case
    origin, destination : str
        Place by id, UN/LOCODE, or name in any of the four languages.
    depart : date, datetime or ISO text, optional
        Decides which links and services are open, the month of weather closures and the
        departures of timetables.  Without it the case's year counts and timetables enter with
        their mean wait.
    objectives : sequence of {"time", "cost", "co2e"}
        Expected door-to-door time [h], money [USD/TEU], emissions [kg CO2e/TEU].
    max_transfers : int, optional
        Most changes of carrier between loading and unloading.
    avoid : collection of str
        Places, links, services, modes or ISO country codes that must not be used.
    via : sequence of str
        Places to pass, in this order.
    commodity : str
        Row of commodities.csv; the case's default without it.

    Raises
    ------
    PlaceError
        A place, service or country that the case does not have.
    RouteError
        No itinerary (with what is disconnected from what), or a question without an answer.
    """
    when = parse_departure(depart)
    goods = _commodity(case, commodity)
    network, ends, paths = _paths(
        case, [origin, *via, destination], when, objectives, max_transfers, avoid, goods["id"]
    )
    value_of_time = goods["value_of_time_usd_per_teu_h"]
    found = [describe(network, path, clock_h(when), value_of_time) for path in paths]
    return Itineraries(
        origin=ends[0],
        destination=ends[-1],
        depart=when.isoformat() if when else "",
        commodity=goods["id"],
        value_of_time_usd_per_teu_h=value_of_time,
        found=tuple(sorted(found, key=_rank)),
    )


def recommended_path(
    case: Case,
    origin: str,
    destination: str,
    *,
    avoid: Collection[str] = (),
    via: Sequence[str] = (),
) -> tuple[Network, IntArray]:
    """Return the network and the arcs of the first itinerary of :func:`itineraries`.

    Raises
    ------
    PlaceError, RouteError
        As :func:`itineraries`.
    """
    goods = _commodity(case, "")
    places = [origin, *via, destination]
    network, _, paths = _paths(case, places, None, OBJECTIVES, None, avoid, goods["id"])
    value_of_time = goods["value_of_time_usd_per_teu_h"]
    return network, min(paths, key=lambda p: _rank(describe(network, p, None, value_of_time)))


def _paths(
    case: Case,
    places: Sequence[str],
    when: dt.date | None,
    objectives: Sequence[str],
    max_transfers: int | None,
    avoid: Collection[str],
    commodity: str,
) -> tuple[Network, list[str], list[IntArray]]:
    """Return the network, the ids of the places and the paths that no other one beats."""
    wanted = _objectives(objectives)
    nodes = case.table("nodes")
    ends = [resolve_place(nodes, text) for text in places]
    _check_ends(ends, max_transfers)
    network = network_at(case, when, avoid=avoid, commodity=commodity)
    for end in ends:
        if end not in network.node_ids:
            message = f"'{end}' is not open on {date_of(case, when)} or is avoided"
            raise RouteError(message)
    paths = pareto_paths(network, ends, clock_h(when), wanted, max_transfers)
    if not paths:
        raise RouteError(why_no_path(case, network, ends, date_of(case, when)))
    return network, ends, paths


def _rank(itinerary: Itinerary) -> tuple[float, float, float, tuple[str, ...]]:
    """Order of preference; the last parts only make ties reproducible."""
    return (
        itinerary.generalized_cost_usd_per_teu,
        itinerary.mean_h,
        itinerary.co2e_kg_per_teu,
        itinerary.nodes,
    )


def network_at(
    case: Case,
    depart: dt.date | None = None,
    *,
    avoid: Collection[str] = (),
    commodity: str = "",
) -> Network:
    """Return the case's network as it is open on a date, without what is to be avoided."""
    payload = _commodity(case, commodity)["payload_t_per_teu"]
    closed = frozenset(_avoided(case, word) for word in avoid)
    month = depart.month if depart else None
    return _compiled(case, date_of(case, depart), payload, month, closed)


@lru_cache(maxsize=8)
def _compiled(
    case: Case, date: dt.date, payload: float, month: int | None, closed: frozenset[str]
) -> Network:
    return compile_network(case.tables, date, payload, month=month, closed=closed)


def date_of(case: Case, depart: dt.date | None = None) -> dt.date:
    """Return the date whose open links count: a scenario stands for the end of its year."""
    if depart is None or case.scenario:
        return dt.date(case.year, 12, 31)
    return depart.date() if isinstance(depart, dt.datetime) else depart


def parse_departure(depart: dt.date | dt.datetime | str | None) -> dt.date | None:
    """Return a date or datetime from ISO text; RouteError says what is expected."""
    if depart is None or isinstance(depart, dt.date):
        return depart
    try:
        if len(depart) <= len("2024-03-01"):
            return dt.date.fromisoformat(depart)
        return dt.datetime.fromisoformat(depart)
    except ValueError:
        message = f"departure '{depart}': expected a date as 2024-03-01 or 2024-03-01T08:00"
        raise RouteError(message) from None


def clock_h(depart: dt.date | None) -> float | None:
    """Return hours after Monday 00:00, or None without a departure."""
    if depart is None:
        return None
    hours = 24.0 * depart.weekday()
    if isinstance(depart, dt.datetime):
        hours += depart.hour + depart.minute / 60.0
    return hours


def _objectives(objectives: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    wanted = np.zeros(len(COLUMN), dtype=np.bool_)
    for name in objectives:
        if name not in COLUMN:
            hint = did_you_mean(name, COLUMN)
            message = f"objective '{name}': expected one or more of {', '.join(COLUMN)}; {hint}"
            raise RouteError(message)
        wanted[COLUMN[name]] = True
    if not wanted.any():
        message = f"no objective given: expected one or more of {', '.join(COLUMN)}"
        raise RouteError(message)
    return wanted


def _check_ends(ends: Sequence[str], max_transfers: int | None) -> None:
    if ends[0] == ends[-1]:
        message = f"origin and destination are both '{ends[0]}'; name two places"
        raise RouteError(message)
    if max_transfers is not None and max_transfers < 0:
        message = f"max_transfers is {max_transfers}; expected 0 or more"
        raise RouteError(message)


def _commodity(case: Case, name: str) -> dict[str, Any]:
    rows = {row["id"]: row for row in case.table("commodities").iter_rows(named=True)}
    wanted = name or case.settings.commodity
    if wanted not in rows:
        hint = did_you_mean(wanted, rows) or f"it has: {', '.join(rows)}"
        message = f"no commodity '{wanted}' in this case; {hint}"
        raise PlaceError(message)
    return rows[wanted]


def _avoided(case: Case, word: str) -> str:
    """Return the id that a word to avoid stands for."""
    nodes = case.table("nodes")
    plain = [*MODES, *case.table("links")["id"], *case.table("services")["id"]]
    if word in plain or word.lower() in MODES:
        return word if word in plain else word.lower()
    if word.upper() in set(nodes["country"]) and len(word) == len("AZ"):
        return word.upper()
    try:
        return resolve_place(nodes, word)
    except PlaceError as error:
        hint = did_you_mean(word, plain)
        message = (
            f"cannot avoid '{word}': no place, link, service, mode or country; {hint or error}"
        )
        raise PlaceError(message) from None
