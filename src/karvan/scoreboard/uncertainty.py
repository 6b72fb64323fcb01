"""How sure the ranks are: intervals, chances and ties from many draws."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from karvan.scoreboard.chain import Chain
from karvan.scoreboard.model import FloatArray, IntArray
from karvan.scoreboard.pathways import Progress
from karvan.scoreboard.space import Space
from karvan.scoreboard.statistics import score_ranks

SCORES_AT_ONCE = 1_000_000
"""Scores that are ranked together; more is not faster."""


@dataclass(frozen=True, slots=True, eq=False)
class RankDraws:
    """Ranks of the units of one year over all draws.

    Attributes
    ----------
    rows : ndarray of int, shape (n_units,)
        Rows of the panel.
    count : ndarray of int, shape (n_units, n_units)
        Draws in which the unit has each rank, 1 first.
    beats : ndarray of int, shape (n_units, n_units)
        Draws in which the row unit ranks above the column unit.
    n_draws : int
    """

    rows: IntArray
    count: IntArray
    beats: IntArray
    n_draws: int

    def ranked(self) -> IntArray:
        """Return in how many draws each unit has a rank."""
        return np.asarray(self.count.sum(axis=1))

    def mean(self) -> FloatArray:
        """Return mean ranks; NaN for a unit that never has one."""
        rank = np.arange(1, len(self.rows) + 1)
        n = self.ranked()
        return _share(self.count @ rank, n)

    def quantile(self, share: float) -> FloatArray:
        """Return a quantile of the ranks of each unit, linear between order statistics (type 7)."""
        cumulative = self.count.cumsum(axis=1)
        n = self.ranked()
        at = (n - 1) * share
        low = np.floor(at + 1e-9)
        first = (cumulative <= low[:, None]).sum(axis=1) + 1.0
        second = (cumulative <= np.minimum(low + 1, n - 1)[:, None]).sum(axis=1) + 1.0
        value = first + np.maximum(at - low, 0.0) * (second - first)
        return np.where(n > 0, value, np.nan)

    def at_most(self, rank: int) -> FloatArray:
        """Return the chance of each unit to rank `rank` or better."""
        n = self.ranked()
        best = self.count[:, :rank].sum(axis=1)
        return _share(best, n)

    def chance(self) -> FloatArray:
        """Return the share of draws in which the row unit ranks above the column unit."""
        return np.asarray(self.beats / max(self.n_draws, 1))

    def tied(self, interval: float) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
        """Tell which pairs are statistically tied: neither is above in more than the share.

        The share is (1 + interval) / 2, as for a two-sided test.
        """
        chance = self.chance()
        sure = (1.0 + interval) / 2.0
        either = np.maximum(chance, chance.T)
        return np.asarray(either <= sure)

    def groups(self, nominal: FloatArray, interval: float) -> list[list[int]]:
        """Return longest runs in nominal order in which every pair is tied; positions of units."""
        order = [int(k) for k in np.argsort(nominal, kind="stable") if not np.isnan(nominal[k])]
        tied = self.tied(interval)
        runs: list[list[int]] = []
        end = 0
        for start in range(len(order)):
            stop = max(end, start + 1)
            while stop < len(order) and tied[np.ix_([order[stop]], order[start:stop])].all():
                stop += 1
            # Shrinking from the left keeps all pairs tied, so `stop` never moves back.
            if stop > end:
                runs.append(order[start:stop])
                end = stop
        return runs


def _share(part: IntArray, of: IntArray) -> FloatArray:
    """Quotient; NaN where there is nothing to share."""
    return np.asarray(np.divide(part, of, out=np.full(len(of), np.nan), where=of > 0))


def uncertainty(
    space: Space,
    chain: Chain,
    choice: IntArray,
    progress: Progress | None = None,
    node: int = -1,
) -> list[RankDraws]:
    """Return the ranks of each year over the draws.

    Parameters
    ----------
    space : Space
    chain : Chain
    choice : ndarray of int, shape (n_draws, n_factors)
        Of :func:`draw_choices`, or a design to replay.
    progress : callable, optional
    node : int
        Position of an aggregate among the aggregates; the index without it.
    """
    counts = [np.zeros((len(b), len(b)), dtype=np.int64) for b in chain.blocks]
    beats = [np.zeros((len(b), len(b)), dtype=np.int64) for b in chain.blocks]
    design = space.design(choice)
    for score in _gathered(space.pathways.scores(design, space.weight, progress, node)):
        for k, rows in enumerate(chain.blocks):
            rank = score_ranks(score[:, rows], chain.tie)
            _count(rank, counts[k])
            _compare(rank, beats[k])
    return [
        RankDraws(rows, counts[k], beats[k], len(choice)) for k, rows in enumerate(chain.blocks)
    ]


def _gathered(parts: Iterator[tuple[IntArray, FloatArray]]) -> Iterator[FloatArray]:
    """Join small parts: a loop over units costs the same for one draw as for many."""
    waiting: list[FloatArray] = []
    for _, score in parts:
        waiting.append(score)
        if sum(part.size for part in waiting) >= SCORES_AT_ONCE:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def ranks_of(score: FloatArray, rows: IntArray) -> RankDraws:
    """Return the ranks of units that are compared with each other.

    Parameters
    ----------
    score : ndarray, shape (n_draws, n_units)
        NaN is no score, and no rank.
    rows : ndarray of int, shape (n_units,)
        Rows of the panel that the units stand in.
    """
    shape = (len(rows), len(rows))
    count, beats = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    rank = score_ranks(score)
    _count(rank, count)
    _compare(rank, beats)
    return RankDraws(rows, count, beats, len(score))


def draw_choices(space: Space, n: int, seed: int) -> IntArray:
    """Return random choices, shape (n, n_factors).

    Weights and errors take each of their draws once where there are as many.
    """
    random = np.random.default_rng([seed, 0])
    columns = [
        np.arange(n) if not f.labels and f.levels == n else random.integers(0, f.levels, n)
        for f in space.factors
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((n, 0), dtype=np.int64)


def _count(rank: FloatArray, count: IntArray) -> None:
    n = rank.shape[1]
    there = ~np.isnan(rank)
    cell = (np.arange(n) * n + np.where(there, rank, 1).astype(np.int64) - 1)[there]
    count += np.bincount(cell, minlength=n * n).reshape(n, n)


def _compare(rank: FloatArray, beats: IntArray) -> None:
    n = rank.shape[1]
    # Without a rank a unit is above none and none is above it.
    as_low = np.where(np.isnan(rank), 0, rank).astype(np.uint16).T.copy()
    as_high = np.where(np.isnan(rank), n + 1, rank).astype(np.uint16).T.copy()
    for i in range(n):
        beats[i] += (as_high[i] < as_low).sum(axis=1)
