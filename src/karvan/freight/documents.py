"""Itineraries as JSON, rows and GeoJSON; the names of the JSON are a contract with users."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from karvan.case import Case
from karvan.freight.model import Itineraries, Itinerary, Leg
from karvan.network.geometry import read_geometry

Coordinates = Sequence[Sequence[float]]
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


def route_geojson(case: Case, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return :func:`to_geojson` of a document with the lines and places of its case."""
    nodes, links = case.table("nodes"), case.table("links")
    positions = {i: (lon, lat) for i, lon, lat in nodes.select("id", "lon", "lat").iter_rows()}
    starts = dict(links.select("id", "from_node").iter_rows())
    return to_geojson(document, read_geometry(case.root).points, positions, starts)


def to_geojson(
    document: Mapping[str, Any],
    lines: Mapping[str, Coordinates],
    positions: Mapping[str, tuple[float, float]],
    link_starts: Mapping[str, str],
) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection with one line a leg and one point a node passed.

    Parameters
    ----------
    document : mapping
        From :func:`to_document`.
    lines : mapping
        Coordinates (longitude, latitude) by link id; links without one are drawn straight.
    positions : mapping
        (longitude, latitude) by node id.
    link_starts : mapping
        Node that each line starts at, by link id.
    """
    features: list[dict[str, Any]] = []
    seen: dict[str, None] = {}
    for rank, found in enumerate(document["itineraries"], 1):
        for n, leg in enumerate(found["legs"], 1):
            line = _line(leg, lines, positions, link_starts)
            properties = {k: v for k, v in leg.items() if k not in {"nodes", "links"}}
            features.append(
                _feature("LineString", line, {"itinerary": rank, "leg": n, **properties})
            )
            seen.update(dict.fromkeys(leg["nodes"]))
    features += [_feature("Point", list(positions[node]), {"node": node}) for node in seen]
    return {"type": "FeatureCollection", "features": features}


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - nested lists
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _line(
    leg: Mapping[str, Any],
    lines: Mapping[str, Coordinates],
    positions: Mapping[str, tuple[float, float]],
    link_starts: Mapping[str, str],
) -> list[list[float]]:
    line: list[list[float]] = []
    for here, there, link in zip(leg["nodes"], leg["nodes"][1:], leg["links"], strict=False):
        part = lines.get(link, (positions[here], positions[there]))
        if link in lines and link_starts[link] != here:
            part = part[::-1]
        points = [list(point) for point in part]
        line += points if not line or line[-1] != points[0] else points[1:]
    return line
