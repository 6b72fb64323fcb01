"""Itineraries as JSON and as rows; the names of the JSON are a contract with users."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from karvan.freight.model import Itineraries, Itinerary, Leg

ROUNDED_H, ROUNDED_MONEY, ROUNDED_KM = 2, 2, 1


def to_document(result: Itineraries) -> dict[str, Any]:
    """Return the JSON document of a route search, the recommended itinerary first."""
    return {
        "origin": result.origin,
        "destination": result.destination,
        "depart": result.depart or None,
        "commodity": result.commodity,
        "value_of_time_usd_per_teu_h": result.value_of_time_usd_per_teu_h,
        "itineraries": [_itinerary(found) for found in result.found],
    }


def _itinerary(found: Itinerary) -> dict[str, Any]:
    return {
        "mean_h": round(found.mean_h, ROUNDED_H),
        "p10_h": round(found.p10_h, ROUNDED_H),
        "p50_h": round(found.p50_h, ROUNDED_H),
        "p90_h": round(found.p90_h, ROUNDED_H),
        "transit_h": round(found.transit_h, ROUNDED_H),
        "cost_usd_per_teu": round(found.cost_usd_per_teu, ROUNDED_MONEY),
        "co2e_kg_per_teu": round(found.co2e_kg_per_teu, ROUNDED_MONEY),
        "generalized_cost_usd_per_teu": round(found.generalized_cost_usd_per_teu, ROUNDED_MONEY),
        "km": round(found.km, ROUNDED_KM),
        "transfers": found.transfers,
        "gauge_changes": found.gauge_changes,
        "borders": found.borders,
        "legs": [_leg(leg) for leg in found.legs],
    }


def _leg(leg: Leg) -> dict[str, Any]:
    return {
        "from": leg.origin,
        "to": leg.destination,
        "mode": leg.mode,
        "service": leg.service or None,
        "transfer": leg.transfer or None,
        "km": round(leg.km, ROUNDED_KM),
        "wait_h": round(leg.wait_h, ROUNDED_H),
        "move_h": round(leg.move_h, ROUNDED_H),
        "dwell_h": round(leg.dwell_h, ROUNDED_H),
        "cost_usd_per_teu": round(leg.cost_usd_per_teu, ROUNDED_MONEY),
        "co2e_kg_per_teu": round(leg.co2e_kg_per_teu, ROUNDED_MONEY),
        "nodes": list(leg.nodes),
        "links": list(leg.links),
        "borders": list(leg.borders),
        "source_ids": list(leg.source_ids),
        "assumed_or_calibrated": list(leg.chosen),
    }


def chosen_numbers(
    tables: Mapping[str, pl.DataFrame], names: Iterable[str]
) -> list[dict[str, str]]:
    """Return number, status and reason of what was assumed or calibrated.

    `names` are those of a leg's ``assumed_or_calibrated``: ``<table>.<row id>.<quantity>``.
    """
    found = []
    for name in names:
        table, _, rest = name.partition(".")
        row_id, _, quantity = rest.rpartition(".")
        row = tables[table].row(by_predicate=pl.col("id") == row_id, named=True)
        status, reason = row[f"{quantity}_status"], row[f"{quantity}_reason"] or ""
        found.append({"number": name, "status": status, "reason": reason})
    return found


def to_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row a leg, for CSV: the itinerary's numbers are repeated on each of its legs."""
    rows = []
    for rank, found in enumerate(document["itineraries"], 1):
        whole = {f"itinerary_{k}": v for k, v in found.items() if k != "legs"}
        for n, leg in enumerate(found["legs"], 1):
            cells = {k: ";".join(v) if isinstance(v, list) else v for k, v in leg.items()}
            rows.append({"itinerary": rank, "leg": n, **cells, **whole})
    return rows
