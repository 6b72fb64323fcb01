"""Itineraries of the case's O-D pairs as result tables."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from karvan.case import Case
from karvan.case.results import result_frame
from karvan.errors import RouteError
from karvan.freight import Itinerary, Leg, itineraries
from karvan.schema import LIST_SEPARATOR


def itinerary_tables(case: Case, progress: Callable[[float], None]) -> Mapping[str, pl.DataFrame]:
    """Return the tables ``itineraries`` and ``legs`` for the pairs of demand/pairs.csv.

    A pair without an itinerary has no rows: in that scenario nothing joins the two places.
    """
    pairs = list(case.table("pairs").iter_rows(named=True))
    rows: list[dict[str, Any]] = []
    legs: list[dict[str, Any]] = []
    for n, pair in enumerate(pairs):
        progress(n / len(pairs))
        commodity = pair["commodity_id"]
        try:
            result = itineraries(case, pair["origin"], pair["destination"], commodity=commodity)
        except RouteError:
            continue
        for rank, found in enumerate(result.found, 1):
            key = {"pair_id": pair["id"], "rank": rank}
            rows.append({**key, **_itinerary(result.origin, result.destination, commodity, found)})
            legs += [{**key, "leg": i, **_leg(leg)} for i, leg in enumerate(found.legs, 1)]
    return {
        "itineraries": result_frame("itineraries", rows),
        "legs": result_frame("legs", legs),
    }


def _itinerary(origin: str, destination: str, commodity: str, found: Itinerary) -> dict[str, Any]:
    names = (
        "mean_h",
        "p10_h",
        "p50_h",
        "p90_h",
        "transit_h",
        "cost_usd_per_teu",
        "co2e_kg_per_teu",
        "generalized_cost_usd_per_teu",
        "km",
        "transfers",
        "gauge_changes",
        "borders",
    )
    return {
        "origin": origin,
        "destination": destination,
        "commodity_id": commodity,
        "nodes": LIST_SEPARATOR.join(found.nodes),
        **{name: getattr(found, name) for name in names},
    }


def _leg(leg: Leg) -> dict[str, Any]:
    names = (
        "origin",
        "destination",
        "mode",
        "service",
        "transfer",
        "km",
        "wait_h",
        "move_h",
        "dwell_h",
        "cost_usd_per_teu",
        "co2e_kg_per_teu",
    )
    lists = ("nodes", "links", "source_ids", "chosen")
    return {
        **{name: getattr(leg, name) for name in names},
        **{name: LIST_SEPARATOR.join(getattr(leg, name)) for name in lists},
    }
