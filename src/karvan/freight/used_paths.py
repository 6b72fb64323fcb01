"""Paths that carry the flow of one O-D pair in an equilibrium, taken out of its bush."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from karvan.freight.bushes import Rows

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TRACE = 1e-12
"""Share of a pair's flow that rounding leaves on its links once its paths are taken out."""


class UsedPath(NamedTuple):
    """A path with flow.

    Attributes
    ----------
    links : ndarray of int
        In order of travel.
    flow : float
        In units of flow.
    """

    links: IntArray
    flow: float


def used_paths(rows: Rows, pair: int) -> list[UsedPath]:
    """Return the paths of an O-D pair with their flows, the largest first; none without flow.

    The flow of a bush divides at each node alike for all that goes through; the links of the pair
    are then taken apart into paths, each time the one along the largest flows.  There are no more
    of them than links, and others with the same link flows may exist.

    Parameters
    ----------
    rows : Rows
    pair : int
    """
    entries = np.flatnonzero(rows.pair == pair)
    if not len(entries) or not rows.bushes.demand[entries[0]] > 0.0:
        return []
    entry = int(entries[0])
    bush = int(np.searchsorted(rows.bushes.demand_start, entry, side="right")) - 1
    amount = float(rows.bushes.demand[entry])
    left = _share(rows, bush, int(rows.bushes.demand_node[entry]), amount)
    found, rest = [], amount
    while rest > TRACE * amount:
        way = _widest(rows, bush, int(rows.bushes.demand_node[entry]), left)
        flow = min((left[arc] for arc in way), default=0.0)
        if flow <= 0.0:
            break
        left[way] -= flow
        rest -= flow
        found.append(UsedPath(rows.link[way[::-1]], flow))
    whole = amount / sum(path.flow for path in found)
    found.sort(key=lambda path: -path.flow)
    return [UsedPath(path.links, path.flow * whole) for path in found]


def _share(rows: Rows, bush: int, end: int, amount: float) -> FloatArray:
    """What of an amount to a node is on each arc of a bush."""
    arcs, flow = rows.arcs, rows.bushes.flow[bush]
    order, rank = rows.bushes.order[bush], rows.bushes.rank[bush]
    through, share = np.zeros(len(arcs.into) - 1), np.zeros(len(flow))
    through[end] = amount
    for node in order[int(rank[end]) : 0 : -1]:
        if through[node] > 0.0:
            into = slice(arcs.into[node], arcs.into[node + 1])
            share[into] = through[node] * flow[into] / flow[into].sum()
            np.add.at(through, arcs.tail[into], share[into])
    return share


def _widest(rows: Rows, bush: int, end: int, left: FloatArray) -> list[int]:
    """Arcs from a node back to the origin, each the one with most left."""
    arcs, source = rows.arcs, int(rows.bushes.source[bush])
    node, way = end, list[int]()
    while node != source:
        first, last = int(arcs.into[node]), int(arcs.into[node + 1])
        if first == last:
            return []
        arc = first + int(left[first:last].argmax())
        if left[arc] <= 0.0:
            return []
        way.append(arc)
        node = int(arcs.tail[arc])
    return way
