"""What the ranks would be without an indicator or a pillar."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from karvan.errors import Problem, ScoreboardError
from karvan.scoreboard.aggregate import ImpossiblePairError, aggregate
from karvan.scoreboard.chain import Chain, ranks_by_year
from karvan.scoreboard.model import FloatArray
from karvan.scoreboard.settings import Aggregate


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """Result of :func:`removal`.

    Attributes
    ----------
    element : tuple of str
        Elements that were left out, one at a time.
    score, rank : ndarray, shape (n_rows, n_elements_left_out)
        Of the index.
    mean_shift : ndarray, shape (n_elements_left_out,)
        Mean absolute change of rank over rows ranked with and without.
    skipped : tuple of str
        Elements that cannot be left out, with the reason.
    """

    element: tuple[str, ...]
    score: FloatArray
    rank: FloatArray
    mean_shift: FloatArray
    skipped: tuple[str, ...]

    def table(self) -> pl.DataFrame:
        """Return the elements with their mean shifts, largest first."""
        shift = pl.Series(self.mean_shift, dtype=pl.Float64).fill_nan(None)
        table = pl.DataFrame({"element": list(self.element), "mean_shift": shift})
        return table.sort("mean_shift", descending=True, nulls_last=True, maintain_order=True)


def removal(chain: Chain, method: Aggregate, level: int) -> Removal:
    """Leave out each element of a level in turn (1: indicators) by a weight of zero."""
    framework = chain.framework
    if not 1 <= level < framework.depth:
        expected = f"a level from 1, the indicators, to {framework.depth - 1}, below the index"
        problem = Problem("scoreboard.removal.level", "level", str(level), expected)
        raise ScoreboardError([problem])
    nominal = chain.rank[:, -1]
    elements, scores, ranks, shifts, skipped = [], [], [], [], []
    for k in np.flatnonzero(framework.level == level):
        name = framework.element[k]
        try:
            without = scores_without(chain, method, int(k))
        except ImpossiblePairError as error:
            skipped.append(f"{name}: {error.problems[0].found} in {error.problems[0].where}")
            continue
        if without is None:
            skipped.append(f"{name}: nothing would be left beside it")
            continue
        score = without[:, -1]
        rank = ranks_by_year(score[:, None], chain.blocks, chain.tie)[:, 0]
        shift = np.abs(rank - nominal)
        elements.append(name)
        scores.append(score)
        ranks.append(rank)
        shifts.append(float(np.nanmean(shift)) if not np.isnan(shift).all() else np.nan)
    shape = (len(nominal), 0)
    return Removal(
        tuple(elements),
        np.stack(scores, axis=1) if scores else np.empty(shape),
        np.stack(ranks, axis=1) if ranks else np.empty(shape),
        np.array(shifts),
        tuple(skipped),
    )


def scores_without(chain: Chain, method: Aggregate, position: int) -> FloatArray | None:
    """Return the scores when an element weighs nothing, of the shape of the chain's.

    None where nothing would be left beside it; the index is not left out.

    Raises
    ------
    ImpossiblePairError
        The means cannot take the values that are left.
    """
    framework, weight = chain.framework, chain.weight.copy()
    weight[position] = 0.0
    parent = int(framework.parent[position])
    if parent < 0 or weight[framework.children(parent)].sum() <= 0:
        return None
    values = chain.panel.value.copy()
    # Values out of use must not forbid a method that they do not enter.
    values[:, framework.leaves(position)] = np.nan
    above = aggregate(framework, values[None], weight[None], method, chain.blocks)[0]
    return np.concatenate([values, above], axis=1)
