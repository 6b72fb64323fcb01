"""Prices of an earlier assignment as first guesses of the next one, round by round."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from karvan.freight.resources import Resource

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Twins = Mapping[int, tuple[int, ...]]


class Round(NamedTuple):
    """What was found before paths were looked for once more.

    Attributes
    ----------
    price : ndarray, shape (n_resources,)
    twins : mapping of int to tuple of int
        See :class:`karvan.freight.corridor.CorridorAssignment`.
    """

    price: FloatArray
    twins: Twins


class Rounds:
    """Rounds of an earlier assignment in the order of the resources of the next one.

    Parameters
    ----------
    earlier : sequence of Round
    before, now : sequence of Resource
    """

    def __init__(
        self, earlier: Sequence[Round], before: Sequence[Resource], now: Sequence[Resource]
    ) -> None:
        position = {resource.key: n for n, resource in enumerate(before)}
        of = np.array([position.get(resource.key, -1) for resource in now], dtype=np.int64)
        number = np.full(len(before), -1, dtype=np.int64)
        number[of[of >= 0]] = np.flatnonzero(of >= 0)
        self.earlier = [
            Round(
                np.append(price, 0.0)[of],
                {int(number[r]): tuple(number[list(more)].tolist()) for r, more in twins.items()},
            )
            for price, twins in earlier
        ]

    def guess(self, turn: int, price: FloatArray, twins: Twins) -> FloatArray:
        """Return a first guess at the prices of a round.

        Parameters
        ----------
        turn : int
        price : ndarray, shape (n_resources,)
            Of the round before; 0 in the first.
        twins : mapping of int to tuple of int
            Of this round.
        """
        if turn >= len(self.earlier):
            return price
        then = self.earlier[turn]
        step = then.price - (self.earlier[turn - 1].price if turn else 0.0)
        # Only the sum of the prices of twins is determined: where others are twins than before,
        # what one of them had says nothing.
        for one in then.twins.keys() | twins.keys():
            if set(then.twins.get(one, ())) != set(twins.get(one, ())):
                apart = {one, *then.twins.get(one, ()), *twins.get(one, ())} - {-1}
                step[list(apart)] = 0.0
        guess: FloatArray = np.maximum(price + step, 0.0)
        return guess
