"""How much of a run's beginning to leave out: MSER-5 and Welch's moving average."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.simulation.inputs import Inputs
from karvan.simulation.statistics import Caution

FloatArray = NDArray[np.float64]

LEAST_BATCHES = 10
"""Below, the marginal standard error of what is left says nothing (assumed)."""


@dataclass(frozen=True, slots=True)
class Warmup:
    """Where the warm-up ends.

    Attributes
    ----------
    observations : int
        To leave out at the beginning.
    curve : ndarray
        What was looked at: the marginal standard error for each number of batches left out (MSER),
        or the smoothed mean over replications (Welch).
    long_enough : bool
        Whether the run is long enough for the answer to count.
    cautions : tuple of Caution
    """

    observations: int
    curve: FloatArray
    long_enough: bool
    cautions: tuple[Caution, ...] = ()


def mser(series: ArrayLike, *, batch: int = 5) -> Warmup:
    """Return the warm-up that makes the standard error of the rest least (MSER-5).

    Parameters
    ----------
    series : array_like, shape (n,)
        One replication in order of time, or the mean over replications.
    batch : int
        Observations that are averaged first; 5 gives MSER-5.

    Returns
    -------
    Warmup
        ``long_enough`` is False where the least error lies in the second half of the run: then no
        settled part was found.

    References
    ----------
    White (1997), An effective truncation heuristic for bias reduction in simulation output,
    https://doi.org/10.1177/003754979706900601; White, Cobb and Spratt (2000), A comparison of five
    steady-state truncation heuristics for simulation (batches of 5, half of the run).  Read in
    summaries, not in the papers.
    """
    inputs = Inputs("mser")
    size = inputs.count("batch", batch)
    values = inputs.sample("series", series, least=size * LEAST_BATCHES)
    inputs.check()
    means = values[: len(values) // size * size].reshape(-1, size).mean(axis=1)
    curve = _marginal_error(means)
    # What is left of the last batches is so little that its error is small by chance.
    best = int(np.argmin(curve[: len(means) - size]))
    enough = best <= len(means) // 2
    cautions = () if enough else (_no_settled_part(best * size, len(values)),)
    return Warmup(best * size, curve, enough, cautions)


def welch(runs: ArrayLike, *, window: int | None = None, tolerance_share: float = 0.05) -> Warmup:
    """Return the warm-up after which the smoothed mean over replications stays level.

    Welch's method has the analyst read the curve; here it is read by a rule: the last place where
    the curve is further from the mean of its second half than `tolerance_share` of that.

    Parameters
    ----------
    runs : array_like, shape (n_replications, n_observations)
    window : int, optional
        Observations to each side of the moving average, at most a quarter of the run; by default
        a twentieth.
    tolerance_share : float
        Assumed 0.05; look at the curve where it matters.

    Returns
    -------
    Warmup

    References
    ----------
    Welch (1983), The statistical analysis of simulation results; as in Law (2015), Simulation
    Modeling and Analysis, 5th ed., sec. 9.5.1.
    """
    inputs = Inputs("welch")
    values = inputs.sample("runs", runs, least=2, dimensions=2)
    tolerance = inputs.positive("tolerance_share", tolerance_share)
    inputs.check()
    length = values.shape[1]
    if length < 4 * LEAST_BATCHES:
        inputs.refuse("runs", f"{length} observations", f"at least {4 * LEAST_BATCHES}")
        inputs.check()
    reach = length // 20 if window is None else inputs.count("window", window, most=length // 4)
    inputs.check()
    curve = moving_average(values.mean(axis=0), max(reach, 1))
    level = float(curve[len(curve) // 2 :].mean())
    off = np.flatnonzero(np.abs(curve - level) > tolerance * abs(level))
    end = int(off[-1]) + 1 if off.size else 0
    enough = end <= length // 2
    cautions = () if enough else (_no_settled_part(end, length),)
    return Warmup(end, curve, enough, cautions)


def moving_average(values: FloatArray, window: int) -> FloatArray:
    """Return the centred mean over `window` values to each side; fewer near the beginning.

    The last `window` places have no full window on their right and are left out.
    """
    total = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values) - window)
    reach = np.minimum(place, window)
    average: FloatArray = (total[place + reach + 1] - total[place - reach]) / (2 * reach + 1)
    return average


def _marginal_error(means: FloatArray) -> FloatArray:
    """Sum of squares of what is left, over its number squared, for each number left out."""
    centred = means - means.mean()
    left = np.arange(len(means), 0, -1)
    total = np.cumsum(centred[::-1])[::-1]
    squares = np.cumsum(centred[::-1] ** 2)[::-1]
    error: FloatArray = np.maximum(squares - total**2 / left, 0.0) / left**2
    return error


def _no_settled_part(end: int, length: int) -> Caution:
    return Caution(
        "run_too_short",
        f"the warm-up would end after {end:,} of {length:,} observations, beyond the middle: no "
        f"settled part was found; run longer, or check that the system is stable",
    )
