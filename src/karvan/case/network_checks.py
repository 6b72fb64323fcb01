"""Checks of the network: geometry, gauges, borders, services and calendars."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from karvan.case.cells import place_of, rows_of
from karvan.case.model import Case
from karvan.errors import Problem, did_you_mean
from karvan.evidence.derivations import evaluate
from karvan.network.geo import great_circle_km
from karvan.network.opening import first_day
from karvan.schema import list_of

Problems = Iterator[Problem]
SHORTER_THAN_GREAT_CIRCLE = 0.97
"""Node positions are known to about 10 km; a length may fall short by that on a long link."""
POSITION_ERROR_KM = 25.0
"""Twice 10 km of position, and the distance between stations of one town."""
LENGTH_TOLERANCE = 0.005
CHECKED_MODES = ("rail", "road")
OPENING_TABLES = (
    "nodes", "links", "transfers", "terminals", "services", "fleets", "operations",
)  # fmt: skip


def check_links(case: Case) -> Problems:
    """Links join two nodes, have a gauge if and only if on rails, and a rate of their mode."""
    rates = {row["id"]: row for row in rows_of(case, "rates")}
    for row in rows_of(case, "links"):
        if row["from_node"] == row["to_node"]:
            yield Problem(
                "links.to_node.loop",
                place_of("links", row, "to_node"),
                f"'{row['to_node']}' at both ends",
                "two different nodes",
            )
        if (row["mode"] == "rail") != (row["gauge_mm"] is not None):
            found = "no gauge on rails" if row["mode"] == "rail" else f"a gauge on {row['mode']}"
            yield Problem(
                "links.gauge_mm.mode",
                place_of("links", row, "gauge_mm"),
                found,
                "a gauge for rail, none for other modes",
            )
        if rates[row["rate_id"]]["mode"] != row["mode"]:
            yield Problem(
                "links.rate_id.mode",
                place_of("links", row, "rate_id"),
                f"a rate of mode {rates[row['rate_id']]['mode']}",
                f"a rate of mode {row['mode']}",
            )


def check_lengths(case: Case) -> Problems:
    """No link is shorter than the great circle, and derived lengths follow their formula."""
    positions = case.table("nodes").select("id", "lat", "lon").iter_rows()
    at = {node: (lat, lon) for node, lat, lon in positions}
    rows = rows_of(case, "links")
    ends = np.array([(*at[row["from_node"]], *at[row["to_node"]]) for row in rows]).reshape(-1, 4)
    for row, direct in zip(rows, great_circle_km(*ends.T).tolist(), strict=True):
        if row["length_km"] < SHORTER_THAN_GREAT_CIRCLE * direct - POSITION_ERROR_KM:
            yield Problem(
                "links.length_km.great_circle",
                place_of("links", row, "length_km"),
                f"{row['length_km']:g} km",
                f"at least the great circle, {direct:.0f} km",
                "a length in miles, or wrong coordinates?",
            )
        if row["length_formula"]:
            yield from _length_formula(row, direct)


def _length_formula(row: dict[str, Any], direct: float) -> Problems:
    where = place_of("links", row, "length_formula")
    try:
        value = evaluate(row["length_formula"], {"gc_km": direct})
    except (ValueError, ZeroDivisionError) as error:
        yield Problem(
            "links.length_formula.value",
            where,
            f"'{row['length_formula']}'",
            "numbers, + - * / ( ) and gc_km",
            str(error),
        )
        return
    if abs(value - row["length_km"]) > LENGTH_TOLERANCE * value:
        yield Problem(
            "links.length_formula.differs",
            where,
            f"{row['length_km']:g} km",
            f"{value:.1f} km by its formula",
        )


def check_order(case: Case) -> Problems:
    """Minimum, typical and maximum are in order; what closes has opened before."""
    for row in rows_of(case, "transfers"):
        low, typical, high = row["dwell_min_h"], row["dwell_typical_h"], row["dwell_max_h"]
        if not low <= typical <= high:
            yield Problem(
                "transfers.dwell_typical_h.order",
                place_of("transfers", row),
                f"dwell {low:g}, {typical:g}, {high:g} h",
                "minimum <= typical <= maximum",
            )
    for row in rows_of(case, "rates"):
        low, mean, high = row["speed_low_kmh"], row["speed_kmh"], row["speed_high_kmh"]
        if not low <= mean <= high:
            yield Problem(
                "rates.speed_kmh.order",
                place_of("rates", row),
                f"speed {low:g}, {mean:g}, {high:g} km/h",
                "low <= mean <= high",
            )
    for table in OPENING_TABLES:
        for row in rows_of(case, table):
            opens, closes = row["opens"], row["closes"]
            if opens and closes and first_day(closes) <= first_day(opens):
                yield Problem(
                    f"{table}.closes.order",
                    place_of(table, row, "closes"),
                    f"{closes}, opened {opens}",
                    "a date after the opening",
                )


def check_gauge_breaks(case: Case) -> Problems:
    """Where rails of two gauges meet, a transfer says how cargo changes."""
    gauges: dict[str, set[str]] = defaultdict(set)
    for row in rows_of(case, "links"):
        if row["mode"] == "rail" and row["gauge_mm"]:
            gauges[row["from_node"]].add(row["gauge_mm"])
            gauges[row["to_node"]].add(row["gauge_mm"])
    changes = {row["node"] for row in rows_of(case, "transfers") if row["kind"] == "gauge_change"}
    nodes = {row["id"]: row for row in rows_of(case, "nodes")}
    for node, found in gauges.items():
        if len(found) > 1 and not changes & {node, None}:
            yield Problem(
                "network.gauge_break",
                place_of("nodes", nodes[node]),
                f"rails of {' and '.join(sorted(found))} mm and no gauge change",
                "a row of kind gauge_change in network/transfers.csv",
                "or end one of the lines at another node",
            )


def check_borders(case: Case) -> Problems:
    """Every rail or road link between customs territories has a border row at one end."""
    country = {row["id"]: row["country"] for row in rows_of(case, "nodes")}
    known = {
        (row["node"], row["other_country"], mode)
        for row in rows_of(case, "transfers")
        if row["kind"] == "border"
        for mode in ([row["from_mode"]] if row["from_mode"] else CHECKED_MODES)
    }
    for row in rows_of(case, "links"):
        u, v = row["from_node"], row["to_node"]
        if row["mode"] not in CHECKED_MODES or case.settings.in_customs_union(
            country[u], country[v]
        ):
            continue
        if not known & {(u, country[v], row["mode"]), (v, country[u], row["mode"])}:
            yield Problem(
                "network.border",
                place_of("links", row),
                f"no border row between {country[u]} and {country[v]}",
                "a row of kind border in network/transfers.csv at one end",
                "or name both in a customs union of case.toml",
            )


def check_services(case: Case) -> Problems:
    """Services run over existing links, and their departures are given."""
    pairs: set[tuple[str, str, str]] = set()
    for row in rows_of(case, "links"):
        pairs.add((row["mode"], row["from_node"], row["to_node"]))
        if row["both_directions"]:
            pairs.add((row["mode"], row["to_node"], row["from_node"]))
    calendars: dict[str, set[str]] = defaultdict(set)
    for row in rows_of(case, "calendars"):
        calendars[row["calendar_id"]].add(row["kind"])
    for row in rows_of(case, "services"):
        yield from _service_route(row, pairs)
        yield from _service_departures(row, calendars)


def _service_route(row: dict[str, Any], pairs: set[tuple[str, str, str]]) -> Problems:
    route = list_of(row["route"])
    where = place_of("services", row, "route")
    if len(route) < 2:
        yield Problem("services.route.short", where, f"'{row['route']}'", "two nodes or more")
    for stop in list_of(row["stops"]):
        if stop not in route:
            yield Problem(
                "services.stops.route",
                place_of("services", row, "stops"),
                f"'{stop}'",
                "nodes of the service's route",
                did_you_mean(stop, route),
            )
    ways = [route, route[::-1]] if row["both_directions"] else [route]
    for way in ways:
        for u, v in pairwise(way):
            if (row["mode"], u, v) not in pairs:
                yield Problem(
                    "services.route.link",
                    where,
                    f"no {row['mode']} link {u} - {v}",
                    "links of the service's mode between the nodes it calls at",
                )


def _service_departures(row: dict[str, Any], calendars: dict[str, set[str]]) -> Problems:
    where = place_of("services", row, "departure")
    if row["departure"] == "timetable":
        if "departure" not in calendars.get(row["calendar_id"] or "", set()):
            yield Problem(
                "services.calendar_id.reference",
                where,
                f"calendar '{row['calendar_id'] or ''}' without departures",
                "rows of kind departure in network/calendars.csv",
            )
    elif not row["headway_h"]:
        yield Problem(
            "services.headway_h.missing",
            where,
            "no headway",
            "headway_h above 0, or departure = timetable",
        )
    closure = row["closure_calendar_id"]
    if closure and "closure" not in calendars.get(closure, set()):
        yield Problem(
            "services.closure_calendar_id.reference",
            where,
            f"calendar '{closure}'",
            "rows of kind closure in network/calendars.csv",
        )


def check_calendars(case: Case) -> Problems:
    """A departure has a weekday and an hour, a closure month, share and length, once a month."""
    needed = {
        "departure": ("weekday", "departure_h"),
        "closure": ("month", "closed_share", "closure_mean_h"),
    }
    closures: dict[tuple[str, int], str] = {}
    for row in rows_of(case, "calendars"):
        month = (row["calendar_id"], row["month"])
        if row["kind"] == "closure" and month in closures:
            yield Problem(
                "calendars.month.duplicate",
                place_of("calendars", row, "month"),
                f"month {row['month']} of calendar '{row['calendar_id']}' again, as in row "
                f"'{closures[month]}'",
                "one row of closures a month",
            )
        if row["kind"] == "closure" and row["month"] is not None:
            closures.setdefault(month, row["id"])
        for column in needed[row["kind"]]:
            if row[column] is None:
                yield Problem(
                    f"calendars.{column}.missing",
                    place_of("calendars", row, column),
                    "an empty cell",
                    f"a value, as the row is a {row['kind']}",
                )
        if row["closed_share"] and row["closure_mean_h"] == 0.0:
            yield Problem(
                "calendars.closure_mean_h.zero",
                place_of("calendars", row, "closure_mean_h"),
                f"0 h, closed {row['closed_share']:g} of the time",
                "the mean length of a closure, above 0; closures of no length would close nothing",
            )


def check_pairs(case: Case) -> Problems:
    """Origin and destination differ."""
    for row in rows_of(case, "pairs"):
        if row["origin"] == row["destination"]:
            yield Problem(
                "pairs.destination.same",
                place_of("pairs", row, "destination"),
                f"'{row['destination']}' twice",
                "another place than the origin",
            )


NETWORK_CHECKS: Mapping[Callable[[Case], Problems], frozenset[str]] = {
    check_links: frozenset({"links", "rates"}),
    check_lengths: frozenset({"nodes", "links"}),
    check_order: frozenset({"rates", *OPENING_TABLES}),
    check_gauge_breaks: frozenset({"links", "transfers", "nodes"}),
    check_borders: frozenset({"nodes", "transfers", "links"}),
    check_services: frozenset({"links", "calendars", "services"}),
    check_calendars: frozenset({"calendars"}),
    check_pairs: frozenset({"pairs"}),
}
"""Checks with the tables they read: a change of other tables cannot bring problems of theirs."""
