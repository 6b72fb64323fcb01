"""Say why there is no path: what is disconnected from what, and what would connect it."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.kernels.graph import compressed_rows, reachable
from karvan.network import Network, compile_network, great_circle_km
from karvan.network.model import BoolArray

FAR_FUTURE = dt.date(2200, 12, 31)
NEAREST_NAMED = 3


def why_no_path(case: Case, network: Network, places: Sequence[str], date: dt.date) -> str:
    """Return the explanation for a user."""
    for origin, destination in pairwise(places):
        reached = _reached(network, origin)
        if not reached[network.node(destination)]:
            return _explain(case, network, origin, destination, date, reached)
    names = " - ".join(places)
    return f"no itinerary {names} within the allowed transfers; allow more of them"


def _explain(
    case: Case,
    network: Network,
    origin: str,
    destination: str,
    date: dt.date,
    reached: BoolArray,
) -> str:
    backwards = _reached(network, destination, backwards=True)
    message = (
        f"no itinerary from '{origin}' to '{destination}' on {date}: "
        f"from '{origin}' cargo reaches {_names(network, reached, origin, destination)}; "
        f"'{destination}' is reached from {_names(network, backwards, destination, origin)}"
    )
    built = case.table("links").with_columns(state=pl.lit("operating"))
    later = compile_network({**case.tables, "links": built}, FAR_FUTURE, network.payload_t_per_teu)
    if {origin, destination} <= set(later.node_ids) and _reached(later, origin)[
        later.node(destination)
    ]:
        message += (
            "; with all planned links, and nothing avoided, it would exist: see karvan scenarios"
        )
    return message


def _reached(network: Network, node: str, *, backwards: bool = False) -> BoolArray:
    """Nodes that cargo from `node` can be unloaded at (or be loaded at, to end there)."""
    start, head = network.start, network.head
    source = network.origin_state[network.node(node)]
    ends = network.destination_state
    if backwards:
        rows = compressed_rows(network.n_states, head, network.tail())
        start, head = rows.start, rows.head
        source, ends = network.destination_state[network.node(node)], network.origin_state
    return np.asarray(reachable(start, head, int(source))[ends])


def _names(network: Network, reached: BoolArray, own: str, towards: str) -> str:
    """How many other places, and those nearest to where one wants to go."""
    found = np.setdiff1d(np.flatnonzero(reached), network.node(own))
    if not found.size:
        return "no other place"
    goal = network.node_rows[network.node(towards)]
    rows = [network.node_rows[n] for n in found]
    km = great_circle_km(
        [r["lat"] for r in rows], [r["lon"] for r in rows], goal["lat"], goal["lon"]
    )
    nearest = [f"'{rows[n]['id']}' at {km[n]:,.0f} km" for n in np.argsort(km)[:NEAREST_NAMED]]
    return f"{found.size} place(s), nearest {', '.join(nearest)}"
