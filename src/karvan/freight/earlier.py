"""What searches on an earlier network say about those on another one."""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from karvan.freight.moves import Moves
from karvan.kernels.detours import Detours
from karvan.network.model import Network

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

CLEARLY = 1.0 + 1e-9
"""A way that costs that many times more is not the cheapest, whatever rounding does."""


class Changes(NamedTuple):
    """How the costs of arcs differ from those before.

    Attributes
    ----------
    cheaper : ndarray of int, shape (n,)
        Arcs that cost less, or that could not be used before.
    dearer : ndarray of bool, shape (n_arcs_before,)
        Arcs before that cost more, or are gone.
    """

    cheaper: IntArray
    dearer: BoolArray

    @property
    def none(self) -> bool:
        """Whether nothing differs."""
        return not len(self.cheaper) and not self.dearer.any()


def same_arcs(before: tuple[Network, Moves], now: tuple[Network, Moves]) -> IntArray:
    """Return the arc that each arc of an earlier network has become, -1 for none.

    It leads from and to the same states, over the same kilometres of the same link and service.
    """
    if _alike(*before, *now):
        return np.arange(len(before[1].tail))
    numbers: dict[Hashable, int] = {}
    earlier, later = (_codes(*one, numbers) for one in (before, now))
    _, old, new = np.intersect1d(earlier, later, return_indices=True)
    became = np.full(len(earlier), -1, dtype=np.int64)
    became[old] = new
    return became


def _alike(before: Network, old: Moves, now: Network, new: Moves) -> bool:
    names = ("node_ids", "carriers"), ("start", "head", "state_node", "state_carrier", "state_kind")
    return (
        all(getattr(before, name) == getattr(now, name) for name in names[0])
        and all(np.array_equal(getattr(before, name), getattr(now, name)) for name in names[1])
        and old.parts == new.parts
        and np.array_equal(old.part_km, new.part_km)
        and np.array_equal(old.part, new.part)
    )


def _codes(network: Network, moves: Moves, numbers: dict[Hashable, int]) -> IntArray:
    """A number for each arc, the same in any network for which `numbers` are kept."""
    turns: dict[Hashable, int] = {}
    names = []
    for own in network.carriers:
        # The directions of a service look alike: they come in the same order.
        turns[own] = turns.get(own, 0) + 1
        names.append((own, turns[own]))
    node = _numbered(network.node_ids, numbers)[network.state_node]
    carrier = np.append(_numbered(names, numbers), -1)[network.state_carrier]
    state = _numbered(_rows(node, carrier, network.state_kind), numbers)
    lengths = zip(moves.parts, moves.part_km.tolist(), strict=True)
    part = np.append(_numbered(lengths, numbers), -1)[moves.part]
    return _numbered(_rows(state[moves.tail], state[network.head], part), numbers)


def _rows(*columns: IntArray) -> Iterable[tuple[int, ...]]:
    return zip(*(column.tolist() for column in columns), strict=True)


def _numbered(names: Iterable[Hashable], numbers: dict[Hashable, int]) -> IntArray:
    return np.array([numbers.setdefault(n, len(numbers)) for n in names], dtype=np.int64)


def changes(became: IntArray, before: FloatArray, now: FloatArray) -> Changes:
    """Return how costs differ, where arcs of before became those of now."""
    old = np.flatnonzero(became >= 0)
    new = became[old]
    then = np.full(len(now), np.inf)
    then[new] = before[old]
    dearer = before < np.inf
    dearer[old] = before[old] < now[new]
    return Changes(np.flatnonzero(now < then), dearer)


def found_again(
    found: Detours, closed: BoolArray, through: FloatArray, dearer: BoolArray
) -> BoolArray:
    """Return which paths the same searches would find once more.

    Neither they nor those found before them under the same closing pass an arc that became dearer,
    and every path over one that became cheaper costs more, even without any penalty.

    Parameters
    ----------
    found : Detours
        Of before.
    closed : ndarray of bool, shape (n_closings, n_cheaper)
    through : ndarray, shape (n_closings, n_cheaper)
        Least cost of a path over each arc that became cheaper, without penalties.
    dearer : ndarray of bool, shape (n_arcs_before,)
    """
    least = np.where(closed, np.inf, through).min(axis=1, initial=np.inf)
    again: BoolArray = least[found.closing] > CLEARLY * found.cost
    if len(found.arcs):
        again &= ~np.logical_or.reduceat(dearer[found.arcs], found.offset[:-1])
    # The first that is not found again changes the penalties of all that follow.
    number = np.arange(len(again))
    first = np.full(len(closed), len(again))
    np.minimum.at(first, found.closing[~again], number[~again])
    return number < first[found.closing]
