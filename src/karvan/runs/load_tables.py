"""Loads of links, services and terminals by market and commodity, as rows of a result table."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from karvan.freight.corridor import CorridorAssignment
from karvan.freight.moves import offsets
from karvan.freight.resources import KEY
from karvan.network.model import ArcKind

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Row = dict[str, Any]

PLACE = tuple(name for name in KEY if name != "unit")
"""Columns that say where a load is."""


def payloads(found: CorridorAssignment) -> FloatArray:
    """Return the tonnes of a TEU on each path."""
    by_flow = np.array([flow.goods["payload_t_per_teu"] for flow in found.flows], dtype=np.float64)
    return by_flow[found.problem.group]


def loads(found: CorridorAssignment) -> list[Row]:
    """Return TEU and tonnes by link, service and terminal, direction, market and commodity."""
    flow = found.equilibrium.flow
    moving = np.array([len(p.arcs) > 0 for p in found.paths], dtype=np.bool_) & (flow > 0.0)
    if not moving.any():
        return []
    paths = np.flatnonzero(moving)
    path, place, places = _passed(found, [found.paths[p].arcs for p in paths])
    flows = [found.flows[found.paths[p].flow] for p in paths]
    cargo: dict[tuple[str, str], int] = {}
    kind = np.array([cargo.setdefault((f.market, f.goods["id"]), len(cargo)) for f in flows])
    cell, size = place * len(cargo) + kind[path], len(places) * len(cargo)
    teu = np.bincount(cell, flow[paths][path], size).tolist()
    t = np.bincount(cell, (flow * payloads(found))[paths][path], size).tolist()
    names = (*PLACE, "market", "commodity_id")
    keys = [(*at, *goods) for at in places for goods in cargo]
    filled = sorted(np.unique(cell).tolist(), key=lambda one: keys[one])
    return [
        {**dict(zip(names, keys[one], strict=True)), "teu": teu[one], "t": t[one]} for one in filled
    ]


def _passed(
    found: CorridorAssignment, arcs: Sequence[IntArray]
) -> tuple[IntArray, IntArray, list[tuple[str, ...]]]:
    """Which path passes which place, once each, and the places."""
    used, position = np.unique(np.concatenate(arcs), return_inverse=True)
    places: dict[tuple[str, ...], int] = {}
    of_arc = [
        [places.setdefault(key, len(places)) for key in _passes(found, int(arc))] for arc in used
    ]
    begin = offsets(of_arc)
    number = np.diff(begin)[position]
    entry = np.repeat(begin[position] - (np.cumsum(number) - number), number)
    listed = np.array([place for keys in of_arc for place in keys], dtype=np.int64)
    place = listed[entry + np.arange(len(entry))]
    path = np.repeat(np.repeat(np.arange(len(arcs)), np.diff(offsets(arcs))), number)
    path, place = np.divmod(np.unique(path * len(places) + place), max(len(places), 1))
    return path, place, list(places)


def _passes(found: CorridorAssignment, arc: int) -> Iterable[tuple[str, str, str, str]]:
    """Links and services of an arc with their direction, and the terminals that handle it."""
    network, row = found.network, found.network.arcs[arc]
    if row.kind == ArcKind.MOVE and row.link is not None:
        tail = int(found.finder.moves.tail[arc])
        ends = tuple(
            network.node_ids[network.state_node[s]] for s in (tail, int(network.head[arc]))
        )
        yield ("link", str(row.link["id"]), *ends)
        if row.service is not None:
            yield ("service", str(row.service["id"]), *ends)
    for use in found.usage.arcs.get(arc, ()):
        resource = found.resources[use.resource]
        if resource.kind == "terminal":
            yield ("terminal", resource.id, "", "")
