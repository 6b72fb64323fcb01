"""Where services take and leave cargo, and how much a node matters by that."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from karvan.schema import list_of


def stops_of(service: Mapping[str, Any]) -> frozenset[str]:
    """Return the nodes where cargo gets on and off a service."""
    route = list_of(service["route"])
    if service["stops"]:
        return frozenset(list_of(service["stops"]))
    return frozenset((route[0], route[-1]) if service["mode"] == "rail" else route)


def node_weights(services: pl.DataFrame, terminals: pl.DataFrame) -> dict[str, tuple[bool, int]]:
    """Return whether a node has a terminal, and how many services call at it."""
    calls: Counter[str] = Counter()
    for service in services.iter_rows(named=True):
        calls.update(stops_of(service))
    equipped = set(terminals["node"])
    return {node: (node in equipped, calls[node]) for node in calls.keys() | equipped}
