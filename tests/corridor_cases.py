"""A case with three routes between two places, for tests of path sets and of the assignment."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from karvan.case import Case, read_case
from network_tables import BASIC_RATES, BASIC_TRANSFERS, tables

LENGTHS = {"x": 300.0, "y": 320.0, "z": 420.0}
ROUTES = tuple(LENGTHS)
RAIL = {**BASIC_RATES[0], "cost_usd_per_teu_km": 1, "teu_per_train": 50, "t_per_train": 1000}
BOXES = {"id": "containers", "value_of_time_usd_per_teu_h": 2, "payload_t_per_teu": 10}
GRAIN = {**BOXES, "id": "grain", "cargo": "loose", "payload_t_per_teu": 20}
BOXES_WEST = {"id": "ab", "origin": "a", "destination": "b", "flow_teu_per_year": 10000}
BOXES_EAST = {"id": "ba", "origin": "b", "destination": "a", "flow_teu_per_year": 4000}


def fork(
    *,
    links: dict[str, dict[str, Any]] | None = None,
    more_links: Sequence[dict[str, Any]] = (),
    **changes: Any,
) -> Case:
    """a and b with a railway by each of x, y and z; `links` adds columns to links by name."""
    more = links or {}
    rows = {
        "nodes": ["a", *ROUTES, "b", "far"],
        "rates": [RAIL],
        "transfers": BASIC_TRANSFERS,
        "links": [
            *more_links,
            *(
                {
                    "id": one + other,
                    "from_node": one,
                    "to_node": other,
                    "gauge_mm": 1520,
                    "length_km": LENGTHS[one if one in LENGTHS else other] / 2.0,
                    **more.get(one + other, {}),
                }
                for route in ROUTES
                for one, other in (("a", route), (route, "b"))
            ),
        ],
        "alternatives": [{"id": f"by-{route}", "gateways": route} for route in ROUTES],
        "commodities": [BOXES],
        "flows": [{"commodity_id": "containers", **row} for row in (BOXES_WEST, BOXES_EAST)],
        **changes,
    }
    return replace(read_case("two-port"), tables=MappingProxyType(tables(**rows)))
