"""Closed formulas of batches, closures and tandems: ferries that wait for cargo, trains."""

import math
from dataclasses import dataclass

import numpy as np

from karvan.simulation.distributions import poisson_pmf, poisson_tail
from karvan.simulation.formulas_markov import Queue, birth_death, queue_of
from karvan.simulation.inputs import Inputs


@dataclass(frozen=True, slots=True)
class FillUpDepartures:
    """Departures when full or after a longest time.

    Attributes
    ----------
    mean_load : float
        Units aboard at departure.
    mean_headway_h, mean_wait_h : float
        Between departures; of a unit from arrival to departure.
    full_share : float
        Departures that are full.
    """

    mean_load: float
    mean_headway_h: float
    mean_wait_h: float
    full_share: float


def fill_up_departures(
    arrivals_per_h: float, places: int, longest_h: float = math.inf
) -> FillUpDepartures:
    """Return the means of vessels that sail when full, or a time after the last sailing.

    There is always a vessel at the berth, and it sails at the limit even if nothing is aboard.

    Parameters
    ----------
    arrivals_per_h : float
        Poisson, above 0.
    places : int
        Of a vessel.
    longest_h : float
        Between two sailings; inf for a vessel that sails only when full.

    Notes
    -----
    Own derivation: with N = min(Poisson(lambda L), K) aboard at the sailing at T, E N = lambda E T
    (optional stopping), and from N(t)^2, E of the sum of waits = (E N^2 - E N) / (2 lambda).  So
    the mean wait is E[N (N - 1)] / (2 lambda E N), which is (K - 1) / (2 lambda) without a limit.
    """
    inputs = Inputs("fill_up_departures")
    rate = inputs.positive("arrivals_per_h", arrivals_per_h)
    count = inputs.count("places", places)
    limit = math.inf if longest_h == math.inf else inputs.positive("longest_h", longest_h)
    inputs.check()
    full, mean, pairs = 1.0, float(count), count * (count - 1.0)
    if limit < math.inf:
        full, mean, pairs = _limited_load(rate * limit, count)
    return FillUpDepartures(mean, mean / rate, pairs / (2.0 * rate * mean), full)


def _limited_load(expected: float, places: int) -> tuple[float, float, float]:
    """P(N >= K), E min(N, K) and E of min(N, K) (min(N, K) - 1) for N Poisson."""
    if expected > 2.0 * places + 1_000.0:
        # P(N < K) is below exp(-(m - K)^2 / (2 m)), here below 1e-100.
        return 1.0, float(places), places * (places - 1.0)
    full = poisson_tail(places - 1, expected)
    number = np.arange(places)
    chance = np.array([poisson_pmf(int(n), expected) for n in number])
    mean = float(chance @ number) + places * full
    pairs = float(chance @ (number * (number - 1.0))) + places * (places - 1.0) * full
    return full, mean, pairs


def bulk_service(arrivals_per_h: float, service_h: float, most_together: int) -> Queue:
    """Return the means of one server that takes up to so many at once and starts with one.

    Parameters
    ----------
    arrivals_per_h : float
    service_h : float
        Mean of the exponential time of a batch, whatever its size.
    most_together : int

    Returns
    -------
    Queue
        ``utilization`` is arrivals over the most that can be served, not the share of busy time.

    References
    ----------
    Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th ed., sec. 3.2,
    partial-batch model: p_n = (1 - r) r^n with mu r^(K + 1) - (lambda + mu) r + lambda = 0.  Who
    arrives while a batch has room joins it and leaves with it.
    """
    inputs = Inputs("bulk_service")
    rate = inputs.positive("arrivals_per_h", arrivals_per_h)
    service = inputs.positive("service_h", service_h)
    most = inputs.count("most_together", most_together)
    inputs.check()
    offered = rate * service
    if offered >= most:
        inputs.refuse(
            "arrivals_per_h",
            f"{rate:g}, or {offered:g} a service of up to {most}",
            "less than a full batch a service; take more together or send less",
        )
        inputs.check()
    root = _bulk_root(offered, most)
    inside = root / (1.0 - root)
    sojourn = inside / rate
    return Queue(
        offered / most,
        math.nan,
        sojourn - service,
        sojourn,
        inside - offered,
        inside,
    )


def _bulk_root(offered: float, most: int) -> float:
    # Divided by 1 - r: r + r^2 + ... + r^K = offered, which rises with r.
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        gap = 1.0 - middle
        if middle * -math.expm1(most * math.log1p(-gap)) / gap < offered:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def batch_arrivals(batches_per_h: float, batch_size: int, service_h: float) -> Queue:
    """Return the means of one server where trains of equal size arrive.

    Parameters
    ----------
    batches_per_h : float
        Poisson.
    batch_size : int
    service_h : float
        Mean of the exponential service of one unit.

    References
    ----------
    Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th ed., sec. 3.1:
    L = rho (1 + E X^2 / E X) / (2 (1 - rho)).
    """
    inputs = Inputs("batch_arrivals")
    rate = inputs.positive("batches_per_h", batches_per_h)
    size = inputs.count("batch_size", batch_size)
    service = inputs.positive("service_h", service_h)
    busy = inputs.stable(rate * size, service)
    inputs.check()
    inside = 0.5 * busy * (1.0 + size) / (1.0 - busy)
    units = rate * size
    return queue_of(busy, math.nan, inside / units - service, units, service)


def mm1_with_closures(
    arrivals_per_h: float, service_h: float, open_h: float, closed_h: float
) -> Queue:
    """Return the means of M/M/1 that closes now and then, work resuming where it stood.

    Parameters
    ----------
    arrivals_per_h, service_h : float
        Service without interruption.
    open_h, closed_h : float
        Mean of the exponential times open and closed, busy or not.

    Returns
    -------
    Queue
        ``utilization`` is arrivals over what can be served while open; ``sojourn_h - wait_h`` is
        the service without interruption, so waits hold interruptions too.

    References
    ----------
    White and Christie (1958), Queuing with preemptive priorities or with breakdown (not opened).
    Own derivation by generating functions (docs/methods/queueing-formulas.md).
    """
    inputs = Inputs("mm1_with_closures")
    rate = inputs.number("arrivals_per_h", arrivals_per_h, least=0.0)
    service = inputs.positive("service_h", service_h)
    works = inputs.positive("open_h", open_h)
    rests = inputs.number("closed_h", closed_h, least=0.0)
    inputs.check()
    available = works / (works + rests)
    busy = inputs.stable(rate, service / available)
    inputs.check()
    # Mean work that a closure keeps waiting: closures per hour times its square.
    held = available * rests**2 / works
    inside = rate * (1.0 + rate * held) / (available / service - rate) + rate * held
    return queue_of(busy, math.nan, inside / rate - service if rate else held, rate, service)


def tandem_throughput_per_h(first_h: float, second_h: float, buffer: int) -> float:
    """Return what two stations pass on where the first never runs out, blocked after service.

    Parameters
    ----------
    first_h, second_h : float
        Mean of the exponential service.
    buffer : int
        Places between the stations, at least 0.

    References
    ----------
    Hunt (1956), Sequential arrays of waiting lines, https://doi.org/10.1287/opre.4.6.674 (not
    opened): the number past the first service is that of M/M/1 with buffer + 2 places.
    """
    inputs = Inputs("tandem_throughput_per_h")
    first = inputs.positive("first_h", first_h)
    second = inputs.positive("second_h", second_h)
    places = inputs.count("buffer", buffer, least=0)
    inputs.check()
    chance = birth_death(np.full(places + 2, second), np.full(places + 2, first))
    return float(chance[1:].sum()) / second
