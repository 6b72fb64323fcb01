"""Many scores at once: data by each choice of steps, then weights in one product."""

from collections.abc import Callable, Iterator

import numpy as np

from karvan.errors import Problem, ScoreboardError
from karvan.scoreboard import steps
from karvan.scoreboard.aggregate import aggregate, element_scores
from karvan.scoreboard.chain import Chain
from karvan.scoreboard.model import IMPUTED, OBSERVED, FloatArray, IntArray, Panel
from karvan.scoreboard.settings import Aggregate, Config, Impute, Normalise, Treat

CELLS_AT_ONCE = 1_000_000
"""Cells of perturbed data in memory together; more is not faster."""

SCORES_AT_ONCE = 4_000_000

Progress = Callable[[float], None]


class Pathways:
    """What comes of the data by each choice of imputation, treatment and normalisation.

    Attributes
    ----------
    impute, treat, normalise, aggregate : list
        The choices.
    framework : Framework
    blocks : list of ndarray
        Rows of each year.
    measured, imputed : bool
        Whether some observed cell has a standard error, some cell is imputed.
    """

    def __init__(
        self,
        chain: Chain,
        impute: list[list[Impute]],
        treat: list[Treat],
        normalise: list[Normalise],
        aggregate: list[Aggregate],
        config: Config,
        seed: int,
    ) -> None:
        self.impute, self.treat, self.normalise = impute, treat, normalise
        self.aggregate, self.framework, self.blocks = aggregate, chain.framework, chain.blocks
        self._panel = chain.before_imputation
        self._relative = config.uncertainty.relative_error
        self._seed = seed
        self._filled: dict[int, Panel] = {}
        self._treated: dict[tuple[int, int], Panel] = {}
        self._scaled: dict[tuple[int, int, int], FloatArray] = {}
        self._known_spreads: dict[int, tuple[FloatArray, FloatArray]] = {}
        spread = self._spreads(0)
        self.measured = bool((spread[0] > 0).any())
        self.imputed = any((self._spreads(i)[1] > 0).any() for i in range(len(impute)))

    @property
    def n_rows(self) -> int:
        """Number of unit-years."""
        return self._panel.n_rows

    def filled(self, impute: int) -> Panel:
        """Return the panel by one choice of imputation."""
        if impute not in self._filled:
            self._filled[impute] = steps.fill(self._panel, self.impute[impute])[0]
        return self._filled[impute]

    def scaled(self, impute: int, treat: int, normalise: int) -> FloatArray:
        """Return normalised values without error, shape (n_rows, n_indicators).

        Raises
        ------
        ScoreboardError
            The choices exclude each other.
        """
        key = (impute, treat, normalise)
        if key not in self._scaled:
            way = (impute, treat)
            if way not in self._treated:
                self._treated[way] = steps.treated(self.filled(impute), self.treat[treat])[0]
            method = self.normalise[normalise]
            self._scaled[key] = steps.scaled_values(self._treated[way], self.framework, method)
        return self._scaled[key]

    def scores(
        self,
        design: IntArray,
        weight: FloatArray,
        progress: Progress | None = None,
        node: int = -1,
    ) -> Iterator[tuple[IntArray, FloatArray]]:
        """Yield scores part by part.

        Parameters
        ----------
        design : ndarray of int, shape (n_draws, 7)
            Of `Space.design`.
        weight : ndarray, shape (n_sets, n_elements)
        progress : callable, optional
            Told the share that is done.
        node : int
            Position among the aggregates; the index without it.

        Yields
        ------
        draw : ndarray of int
            Rows of the design.
        score : ndarray, shape (n_of_these, n_rows)
        """
        noisy = (design[:, 5:] > 0).any(axis=1)
        done = 0
        for error in (False, True):
            part = np.flatnonzero(noisy == error)
            if not len(part):
                continue
            keys, inverse = np.unique(design[part, :4], axis=0, return_inverse=True)
            for k, key in enumerate(keys):
                draws = part[inverse.ravel() == k]
                for rows in _chunks(draws, self._at_once(error=error)):
                    yield rows, self._part(design[rows], key, weight, node, error=error)
                    done += len(rows)
                    if progress:
                        progress(done / len(design))

    def every_score(self, design: IntArray, weight: FloatArray) -> FloatArray:
        """Return the scores of all aggregates, shape (n_draws, n_rows, n_aggregates).

        For few units: all of them are in memory together.
        """
        result = np.empty((len(design), self.n_rows, len(self.framework.aggregates)))
        noisy = (design[:, 5:] > 0).any(axis=1)
        keys, inverse = np.unique(
            np.column_stack([design[:, :4], noisy]), axis=0, return_inverse=True
        )
        for k, (i, t, n, a, error) in enumerate(keys.tolist()):
            draws = np.flatnonzero(inverse.ravel() == k)
            for rows in _chunks(draws, self._at_once(error=bool(error))):
                part = design[rows]
                values = self._perturbed(part, i, t, n) if error else self.scaled(i, t, n)[None]
                sets = weight[part[:, 4]]
                result[rows] = aggregate(
                    self.framework, values, sets, self.aggregate[a], self.blocks
                )
        return result

    def _at_once(self, *, error: bool) -> int:
        if error:
            return max(1, CELLS_AT_ONCE // self._panel.value.size)
        return max(1, SCORES_AT_ONCE // self.n_rows)

    def _part(
        self, design: IntArray, key: IntArray, weight: FloatArray, node: int, *, error: bool
    ) -> FloatArray:
        i, t, n, a = (int(k) for k in key)
        values = self._perturbed(design, i, t, n) if error else self.scaled(i, t, n)[None]
        sets = weight[design[:, 4]]
        mean = self.aggregate[a]
        score = element_scores(self.framework, values, sets, mean, self.blocks, node)
        return np.broadcast_to(score, (len(design), self.n_rows))

    def _spreads(self, impute: int) -> tuple[FloatArray, FloatArray]:
        """Standard deviations of observed and of imputed cells."""
        if impute not in self._known_spreads:
            self._known_spreads[impute] = self._spreads_of(self.filled(impute))
        return self._known_spreads[impute]

    def _spreads_of(self, panel: Panel) -> tuple[FloatArray, FloatArray]:
        relative = self._relative * np.abs(np.nan_to_num(panel.value))
        own = np.where(panel.spread > 0, panel.spread, relative)
        observed = np.where((panel.status & OBSERVED) > 0, own, 0.0)
        return observed, np.where((panel.status & IMPUTED) > 0, panel.spread, 0.0)

    def _perturbed(self, design: IntArray, i: int, t: int, n: int) -> FloatArray:
        """Normalised values with errors drawn, shape (n_draws, n_rows, n_indicators)."""
        panel = self.filled(i)
        x = np.repeat(panel.value[:, None, :], len(design), axis=1)
        for kind, spread in enumerate(self._spreads(i)):
            unsure = spread > 0
            cells = int(unsure.sum())
            error = np.zeros_like(spread)
            for k, draw in enumerate(design[:, 5 + kind] * (cells > 0)):
                if draw:
                    # Keyed by the draw, so that all methods see the same errors.
                    random = np.random.Generator(
                        np.random.Philox(key=[self._seed, 2 * draw + kind])
                    )
                    error[unsure] = random.standard_normal(cells)
                    x[:, k] += spread * error
        flat = x.reshape(panel.n_rows, -1)
        treat = self.treat[t]
        flat, _ = steps.treat_blocks(flat, steps.scale_blocks(panel, treat.over), treat)
        value = steps.normalise_blocks(flat, panel, self.framework, self.normalise[n])
        lost = ~np.isfinite(value) & ~np.isnan(flat)
        if lost.any():
            indicator = panel.indicator[int(np.nonzero(lost)[1][0]) % len(panel.indicator)]
            raise ScoreboardError([_constant(indicator)])
        return value.reshape(x.shape).transpose(1, 0, 2)


def _constant(indicator: str) -> Problem:
    return Problem(
        "scoreboard.indicator.constant",
        f"indicator {indicator}",
        "one value only in some draw of its errors",
        "values that differ",
        "leave it out, or give goalposts",
    )


def _chunks(draws: IntArray, size: int) -> Iterator[IntArray]:
    for start in range(0, len(draws), size):
        yield draws[start : start + size]
