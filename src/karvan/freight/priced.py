"""The cheapest path of each route alternative at given costs of arcs."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from karvan.kernels.detours import cheapest_paths
from karvan.kernels.graph import all_pairs, compressed_rows
from karvan.network.model import Network

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Wanted(NamedTuple):
    """Searches: what they cost and where they lead.

    Attributes
    ----------
    cost : ndarray, shape (n_costs, n_arcs)
        inf where an arc is not to be used.
    cost_of : ndarray of int, shape (n_searches,)
        Row of `cost` of each search.
    ends : ndarray of int, shape (n_searches, 2)
        States where each search begins and ends.
    most : ndarray, shape (n_searches, n_alternatives + 1)
        What a path by each alternative may cost: one that costs more need not be found.
    """

    cost: FloatArray
    cost_of: IntArray
    ends: IntArray
    most: FloatArray


def cheapest_by_alternative(
    network: Network, first: IntArray, n_alternatives: int, wanted: Wanted
) -> Iterator[tuple[int, int, IntArray]]:
    """Yield alternative, search and arcs of the cheapest path of each search by each alternative.

    A path of an alternative passes one of its gateways and none of those of the alternatives before
    it; what comes after may be passed as well.  Two copies of the network say so: the gateways lead
    from the first into the second, where the search ends.  A way that comes back to a place where
    it was is none: it would only go to the gateway and back.

    Parameters
    ----------
    network : Network
    first : ndarray of int, shape (n_arcs,)
        First alternative of which an arc is a gateway; `n_alternatives` if of none.
    n_alternatives : int
        What passes no gateway comes last, as number `n_alternatives`.
    wanted : Wanted
    """
    n_states = network.n_states
    start = np.concatenate([network.start, network.start[1:] + network.start[-1]])
    ahead, least = _bounds(network, first, n_alternatives, wanted)
    bound = np.concatenate([ahead, ahead], axis=1)
    source, target = wanted.ends.T
    for alternative in range(n_alternatives + 1):
        searches = np.flatnonzero(least[:, alternative] <= wanted.most[:, alternative])
        if not len(searches):
            continue
        # What passes no gateway has none to look for.
        begin = source[searches] + n_states * (alternative == n_alternatives)
        head = np.concatenate([network.head + n_states * (first == alternative), network.head])
        head[len(network.head) :] += n_states
        cost = np.where(first < alternative, np.inf, wanted.cost)
        cost = np.concatenate([cost, cost], axis=1)
        ends = begin, target[searches] + n_states
        rows = wanted.cost_of[searches], searches
        arcs, offset = cheapest_paths(start, head, cost, bound, rows, ends)
        paths = np.split(arcs % len(network.head), offset[1:-1])
        for search, path in zip(searches.tolist(), paths, strict=True):
            if len(path) and not _comes_back(network, path):
                yield alternative, search, path


def _bounds(
    network: Network, first: IntArray, n_alternatives: int, wanted: Wanted
) -> tuple[FloatArray, FloatArray]:
    """Cheapest cost from each state to the end of each search, and over gateways of alternatives.

    Gateways of other alternatives may be passed, so that both are bounds of what is looked for.
    """
    tail = network.tail()
    back = compressed_rows(network.n_states, network.head, tail)
    gates = np.argsort(first, kind="stable")[: np.count_nonzero(first < n_alternatives)]
    present, begin = np.unique(first[gates], return_index=True)
    ahead = np.empty((len(wanted.ends), network.n_states))
    least = np.full((len(wanted.ends), n_alternatives + 1), np.inf)
    for row, cost in enumerate(wanted.cost):
        searches = np.flatnonzero(wanted.cost_of == row)
        (sources, source), (targets, target) = (
            np.unique(ends, return_inverse=True) for ends in wanted.ends[searches].T
        )
        reached = all_pairs(network.start, network.head, cost, sources)[source]
        ahead[searches] = all_pairs(back.start, back.head, cost[back.arc], targets)[target]
        beyond = ahead[searches]
        through = reached[:, tail[gates]] + cost[gates] + beyond[:, network.head[gates]]
        if len(gates):
            least[searches[:, None], present] = np.minimum.reduceat(through, begin, axis=1)
        least[searches, -1] = beyond[np.arange(len(searches)), wanted.ends[searches, 0]]
    return ahead, least


def _comes_back(network: Network, path: Sequence[int] | IntArray) -> bool:
    """Whether a path leaves a node and reaches it again."""
    nodes = network.state_node[network.head[path]]
    reached = nodes[np.append(True, nodes[1:] != nodes[:-1])]
    return len(np.unique(reached)) < len(reached)
