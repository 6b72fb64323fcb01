"""What the arcs of a network pass, in arrays: what tells paths apart and what they share."""

from collections.abc import Sequence, Sized
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from karvan.kernels.detours import Groups
from karvan.network.model import ArcKind, Network

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Moves(NamedTuple):
    """What arcs pass, in arrays by arc.

    Attributes
    ----------
    tail : ndarray of int
    names : list of frozenset of str
        Link, service and ends of an arc that moves; empty for others.
    kind : ndarray of int
        The same number for the same names; -1 for arcs that do not move.
    mode : ndarray of str
        Mode of the link; empty without one.
    part : ndarray of int
        The same number for the same link and service; -1 for arcs that do not move.
    part_km : ndarray, shape (n_parts,)
        Length of each part.
    parts : list of tuple of str
        Link and service of each part.
    """

    tail: IntArray
    names: list[frozenset[str]]
    kind: IntArray
    mode: NDArray[np.str_]
    part: IntArray
    part_km: FloatArray
    parts: list[tuple[str, str]]


def moves_of(network: Network) -> Moves:
    """Return what the arcs of a network pass."""
    tail = network.tail()
    ends = [[network.node_ids[n] for n in network.state_node[s]] for s in (tail, network.head)]
    names: list[frozenset[str]] = []
    kinds: dict[frozenset[str], int] = {}
    parts: dict[tuple[str, str], int] = {}
    kind, part = np.full((2, len(tail)), -1, dtype=np.int64)
    lengths: list[float] = []
    for position, arc in enumerate(network.arcs):
        if arc.kind != ArcKind.MOVE or arc.link is None:
            names.append(frozenset())
            continue
        link, service = str(arc.link["id"]), str(arc.service["id"]) if arc.service else ""
        own = frozenset(
            {link, ends[0][position], ends[1][position], *([service] if service else [])}
        )
        names.append(own)
        kind[position] = kinds.setdefault(own, len(kinds))
        part[position] = parts.setdefault((link, service), len(parts))
        if part[position] == len(lengths):
            lengths.append(arc.length_km)
    mode = np.array([str(arc.link["mode"]) if arc.link else "" for arc in network.arcs], np.str_)
    return Moves(tail, names, kind, mode, part, np.array(lengths), list(parts))


def groups_of(names: Sequence[frozenset[str]]) -> tuple[Groups, dict[str, int]]:
    """Return arcs that share a name as groups, and the number of each name."""
    number: dict[str, int] = {}
    group = np.array(
        [number.setdefault(name, len(number)) for own in names for name in own], dtype=np.int64
    )
    count = np.array([len(own) for own in names], dtype=np.int64)
    arc = np.repeat(np.arange(len(names)), count)
    by_group = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=len(number))
    return Groups(_first(count), group, _first(sizes), arc[by_group]), number


def _first(counts: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def offsets(paths: Sequence[Sized]) -> IntArray:
    """Return where each path begins in all of them one after the other, and the end."""
    return _first(np.array([len(path) for path in paths], dtype=np.int64))
