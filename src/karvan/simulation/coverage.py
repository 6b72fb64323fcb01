"""How often intervals hold the true value: a study on queues whose mean wait is known."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.kernels.recursions import mean_waits
from karvan.simulation.distributions import binomial_cdf, t_multiplier
from karvan.simulation.formulas_markov import mmc
from karvan.simulation.inputs import Inputs
from karvan.simulation.statistics import CONFIDENCE

FloatArray = NDArray[np.float64]

_BISECTIONS = 60
_MOST_CUSTOMERS = 50_000_000


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of intervals that hold the true value.

    Attributes
    ----------
    covered, trials : int
    confidence : float
        Nominal.
    low, high : float
        95 % interval of the true coverage (Clopper-Pearson).
    bias_share : float
        Mean of the estimates minus the true value, as a share of it.
    mean_half_width_share : float
        Of the true value.
    """

    covered: int
    trials: int
    confidence: float
    low: float
    high: float
    bias_share: float
    mean_half_width_share: float

    @property
    def share(self) -> float:
        """Measured coverage."""
        return self.covered / self.trials


def coverage_of_means(
    values: FloatArray, truth: float, *, confidence: float = CONFIDENCE
) -> Coverage:
    """Return how many t intervals hold the truth.

    Parameters
    ----------
    values : ndarray, shape (n_trials, n_replications)
    truth : float
        Not 0.
    confidence : float
    """
    inputs = Inputs("coverage_of_means")
    table = inputs.sample("values", values, dimensions=2)
    share = inputs.share("confidence", confidence)
    true = inputs.number("truth", truth)
    if true == 0.0:
        inputs.refuse("truth", true, "a value other than 0, of which shares are taken")
    if table.shape[1] < 2:
        inputs.refuse("values", f"{table.shape[1]} replication(s)", "at least 2 a trial")
    inputs.check()
    trials, size = table.shape
    mean = table.mean(axis=1)
    half = t_multiplier(share, size - 1) * table.std(axis=1, ddof=1) / math.sqrt(size)
    covered = int(np.count_nonzero(np.abs(mean - true) <= half))
    low, high = clopper_pearson(covered, trials)
    bias = float(mean.mean()) / true - 1.0
    return Coverage(covered, trials, share, low, high, bias, float(half.mean()) / abs(true))


def mmc_coverage(
    rng: np.random.Generator,
    *,
    trials: int,
    replications: int,
    customers: int,
    warmup: int = 0,
    servers: int = 1,
    utilization: float = 0.8,
    confidence: float = CONFIDENCE,
) -> Coverage:
    """Return the coverage of t intervals for the mean wait of M/M/c from an empty start.

    Parameters
    ----------
    rng : numpy.random.Generator
    trials, replications, customers : int
        Experiments, replications of each, customers of each replication (warm-up included).
    warmup : int
        Customers left out at the beginning of each replication.
    servers : int
    utilization : float
        Above 0, below 1; the mean service takes 1.
    confidence : float
    """
    inputs = Inputs("mmc_coverage")
    number = inputs.count("trials", trials)
    rows = inputs.count("replications", replications, least=2)
    columns = inputs.count("customers", customers, most=10**8)
    skipped = inputs.count("warmup", warmup, least=0, most=max(columns - 1, 0))
    count = inputs.count("servers", servers)
    load = inputs.share("utilization", utilization)
    if rows * columns > _MOST_CUSTOMERS:
        inputs.refuse(
            "customers",
            f"{rows * columns:,} in a trial",
            f"at most {_MOST_CUSTOMERS:,}, which are held in memory",
        )
    inputs.check()
    values = np.empty((number, rows))
    for row in values:
        gap = rng.exponential(1.0 / (load * count), (rows, columns))
        service = rng.standard_exponential((rows, columns))
        mean_waits(gap, service, count, skipped, row)
    truth = mmc(count, load * count, 1.0).wait_h
    return coverage_of_means(values, truth, confidence=confidence)


def clopper_pearson(
    successes: int, trials: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return an interval for a probability from a number of successes.

    References
    ----------
    Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of
    the binomial, https://doi.org/10.1093/biomet/26.4.404: each end leaves half outside.
    """
    inputs = Inputs("clopper_pearson")
    n = inputs.count("trials", trials, most=10**9)
    k = inputs.count("successes", successes, least=0, most=n)
    outside = 0.5 * (1.0 - inputs.share("confidence", confidence))
    inputs.check()
    low = 0.0 if k == 0 else _probability(k - 1, n, 1.0 - outside)
    high = 1.0 if k == n else _probability(k, n, outside)
    return low, high


def _probability(k: int, n: int, target: float) -> float:
    """The probability of success with which P(X <= k) is `target`; it falls with it."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if binomial_cdf(k, n, middle) > target:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
