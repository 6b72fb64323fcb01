"""Which choice moves the ranks: Sobol' indices of the mean shift and of each unit's rank."""

from dataclasses import dataclass

import numpy as np

from karvan.scoreboard.chain import Chain
from karvan.scoreboard.model import FloatArray, IntArray
from karvan.scoreboard.pathways import Progress
from karvan.scoreboard.sequence import MOST_DIMENSIONS, sobol_points
from karvan.scoreboard.settings import Sensitivity
from karvan.scoreboard.sobol import Indices, all_combinations, estimated_indices, exact_indices
from karvan.scoreboard.space import Space
from karvan.scoreboard.statistics import score_ranks

WIDE = 0.2
"""Width of an interval from which an index says little."""

MOST_RANKS = 50_000_000
"""Ranks kept at once; above, units are looked at in the last year only."""


@dataclass(frozen=True, slots=True, eq=False)
class RankSensitivity:
    """Result of :func:`sensitivity`.

    Attributes
    ----------
    factors : tuple of str
    indices : Indices
        Of the mean shift of ranks (output 0), then of the rank of each of `rows`.
    rows : ndarray of int
        Rows of the panel.
    exact : bool
    n_runs : int
        Scores computed.
    warnings : tuple of str
        Indices whose interval is wider than `WIDE`, and what was left out.
    """

    factors: tuple[str, ...]
    indices: Indices
    rows: IntArray
    exact: bool
    n_runs: int
    warnings: tuple[str, ...]


def sensitivity(
    space: Space,
    chain: Chain,
    method: Sensitivity,
    seed: int,
    progress: Progress | None = None,
) -> RankSensitivity:
    """Return Sobol' indices of the mean absolute shift from the nominal rank, and of each rank.

    Exact where all choices are named and their combinations few enough; otherwise a scrambled
    Sobol' sequence, centred (first-order) and Jansen's (total) estimators, bootstrap intervals.
    Weights and errors drawn at random are factors that pick one of their draws.
    """
    factors = tuple(f.name for f in space.factors)
    levels = tuple(f.levels for f in space.factors)
    if not factors:
        nothing = np.empty((0, 1))
        indices = Indices(*([nothing] * 6))
        message = "nothing to compare: every choice is fixed"
        return RankSensitivity((), indices, np.empty(0, np.int64), True, 0, (message,))
    discrete = all(f.labels for f in space.factors) or _given_sets(space)
    exact = discrete and int(np.prod(levels)) <= method.most_exact
    n_base = 2**method.log2_base
    n_runs = int(np.prod(levels)) if exact else n_base * (len(factors) + 2)
    rows = np.arange(len(chain.score))
    warnings = []
    if n_runs * len(rows) > MOST_RANKS:
        rows = chain.blocks[-1]
        warnings.append("indices by unit are of the last year only")
    if exact:
        output = _outputs(space, chain, all_combinations(levels), rows, progress)
        indices = exact_indices(output, levels)
    else:
        choice = _saltelli(levels, method.log2_base, seed)
        output = _outputs(space, chain, choice, rows, progress)
        parts = output.reshape(len(factors) + 2, n_base, -1)
        indices = estimated_indices(
            parts[0], parts[1], parts[2:],
            bootstrap=method.bootstrap, interval=method.interval, seed=seed,
        )  # fmt: skip
        warnings += _wide(factors, indices, chain, rows, method)
    return RankSensitivity(factors, indices, rows, exact, n_runs, tuple(warnings))


def _given_sets(space: Space) -> bool:
    """Tell whether the only factor without names is a list of weight sets."""
    return not space.random and all(f.labels or f.name == "weights" for f in space.factors)


def _saltelli(levels: tuple[int, ...], log2_base: int, seed: int) -> IntArray:
    """Choices of A, B and A with each factor from B, one below the other."""
    d = len(levels)
    if 2 * d > MOST_DIMENSIONS:
        message = f"{d} factors, at most {MOST_DIMENSIONS // 2} are possible"
        raise ValueError(message)
    points = sobol_points(log2_base, 2 * d, seed)
    first, second = points[:, :d], points[:, d:]
    blocks = [first, second]
    for k in range(d):
        mixed = first.copy()
        mixed[:, k] = second[:, k]
        blocks.append(mixed)
    return np.asarray((np.concatenate(blocks) * np.array(levels)).astype(np.int64))


def _outputs(
    space: Space, chain: Chain, choice: IntArray, rows: IntArray, progress: Progress | None
) -> FloatArray:
    """Mean shift and ranks of `rows`, shape (n_draws, 1 + n_rows)."""
    nominal = chain.rank[:, -1]
    result = np.empty((len(choice), 1 + len(rows)))
    for draws, score in space.pathways.scores(space.design(choice), space.weight, progress):
        rank = np.empty_like(score)
        for block in chain.blocks:
            rank[:, block] = score_ranks(score[:, block], chain.tie)
        shift = np.abs(rank - nominal)
        known = ~np.isnan(shift)
        n_known = np.maximum(known.sum(axis=1), 1)
        result[draws, 0] = np.where(known, shift, 0.0).sum(axis=1) / n_known
        result[draws, 1:] = rank[:, rows]
    return result


def _wide(
    factors: tuple[str, ...], indices: Indices, chain: Chain, rows: IntArray, method: Sensitivity
) -> list[str]:
    width = indices.width()
    warnings = [
        f"{factor}: Sobol' index of the mean shift of ranks known to within {width[k, 0]:.2f} "
        f"only; raise sensitivity.log2_base above {method.log2_base}"
        for k, factor in enumerate(factors)
        if width[k, 0] > WIDE
    ]
    units = [chain.panel.row_name(int(r)) for r in rows]
    for k, factor in enumerate(factors):
        wide = [units[i] for i in np.flatnonzero(width[k, 1:] > WIDE)]
        if wide:
            more = f" and {len(wide) - 5} more" if len(wide) > 5 else ""
            warnings.append(
                f"{factor}: Sobol' indices with intervals wider than {WIDE} for the ranks of "
                f"{', '.join(wide[:5])}{more}"
            )
    return warnings
