"""Closed formulas of queues with general or constant times, and of priorities."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.simulation.distributions import poisson_pmf
from karvan.simulation.formulas_markov import Queue, queue_of
from karvan.simulation.inputs import Inputs

FloatArray = NDArray[np.float64]

Transform = Callable[[float], float]
"""Laplace-Stieltjes transform of the time between arrivals: E exp(-s T), T in hours."""

_MOST_SPITZER_TERMS = 2_000
_SMALLEST_TERM = 1e-17
_NEWTON_STEPS = 60


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """Times of one class.

    Attributes
    ----------
    wait_h : float
        Before service begins first.
    sojourn_h : float
        From arrival to the end of service, interruptions included.
    """

    wait_h: float
    sojourn_h: float


@dataclass(frozen=True, slots=True)
class Timetable:
    """Departures by timetable with limited places.

    Attributes
    ----------
    left_behind : float
        Mean number that a departure leaves behind.
    queue_before_departure : float
        Mean number just before.
    load_factor : float
        Share of the places that is taken.
    wait_headways : float
        Mean wait as a share of the headway.
    """

    left_behind: float
    queue_before_departure: float
    load_factor: float
    wait_headways: float


def mg1(arrivals_per_h: float, service_h: float, service_variation: float) -> Queue:
    """Return the means of M/G/1.

    Parameters
    ----------
    arrivals_per_h, service_h : float
    service_variation : float
        Coefficient of variation of the service: standard deviation over mean; 0 if constant, 1 if
        exponential, 1 / sqrt(k) if Erlang of order k.

    References
    ----------
    Pollaczek (1930) and Khinchine (1932): wait = lambda E[S^2] / (2 (1 - rho)); as in Gross,
    Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th ed., sec. 5.1.
    """
    inputs = Inputs("mg1")
    rate = inputs.number("arrivals_per_h", arrivals_per_h, least=0.0)
    service = inputs.positive("service_h", service_h)
    variation = inputs.number("service_variation", service_variation, least=0.0)
    busy = inputs.stable(rate, service)
    inputs.check()
    wait = busy * service * (1.0 + variation**2) / (2.0 * (1.0 - busy))
    return queue_of(busy, busy, wait, rate, service)


def mdc(servers: int, arrivals_per_h: float, service_h: float) -> Queue:
    """Return the means of M/D/c; the probability of waiting is not given.

    The number that waits is what a timetable with c places and one headway of `service_h` leaves
    behind: who is in service at a time has left a service later, and nobody else has.

    References
    ----------
    Crommelin (1932), Delay probability formulae when the holding times are constant (not opened);
    the sum is Spitzer's identity, see :func:`timetable_departures`.
    """
    inputs = Inputs("mdc")
    count = inputs.count("servers", servers)
    rate = inputs.number("arrivals_per_h", arrivals_per_h, least=0.0)
    service = inputs.positive("service_h", service_h)
    busy = inputs.stable(rate, service, count)
    inputs.check()
    if rate == 0.0:
        return queue_of(0.0, math.nan, 0.0, 0.0, service)
    return queue_of(busy, math.nan, _left_behind(count, rate * service) / rate, rate, service)


def timetable_departures(arrivals_per_headway: float, places: int) -> Timetable:
    """Return the means of departures at equal headways that take at most so many each.

    Parameters
    ----------
    arrivals_per_headway : float
        Mean of the Poisson arrivals; above 0, below `places`.
    places : int

    References
    ----------
    Bailey (1954), On queueing processes with bulk service (bulk service at fixed times; not
    opened). The number left behind follows W' = max(W + A - c, 0), so by Spitzer (1956), A
    combinatorial lemma and its application to probability theory,
    https://doi.org/10.1090/S0002-9947-1956-0079851-X, its mean is the sum over k of E[max(A1 + ...
    + Ak - k c, 0)] / k; near full use by the zeros of z^c = exp(-a (1 - z)), as in Janssen and van
    Leeuwaarden (2005), Analytic computation schemes for the discrete-time bulk service queue,
    https://doi.org/10.1007/s11134-005-0402-z.
    """
    inputs = Inputs("timetable_departures")
    mean = inputs.positive("arrivals_per_headway", arrivals_per_headway)
    count = inputs.count("places", places)
    if mean >= count:
        inputs.refuse(
            "arrivals_per_headway",
            f"{mean:g} for {count} place(s)",
            "fewer than the places: else what is left behind grows for ever; add departures",
        )
    inputs.check()
    left = _left_behind(count, mean)
    return Timetable(left, left + mean, mean / count, left / mean + 0.5)


def gm1(gap_transform: Transform, arrivals_per_h: float, service_h: float) -> Queue:
    """Return the means of G/M/1.

    Parameters
    ----------
    gap_transform : callable
        E exp(-s T) of the time T between arrivals, e.g. :func:`erlang_gaps`.
    arrivals_per_h : float
        Above 0; one over the mean of T.
    service_h : float

    References
    ----------
    Kendall (1953); Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th
    ed., sec. 5.3: sigma = A*(mu (1 - sigma)), wait = sigma / (mu (1 - sigma)).
    """
    inputs = Inputs("gm1")
    rate = inputs.positive("arrivals_per_h", arrivals_per_h)
    service = inputs.positive("service_h", service_h)
    busy = inputs.stable(rate, service)
    inputs.check()
    # gap = 1 - sigma is what the wait is divided by, so that is what is solved for.
    gap = _gap_of_root(gap_transform, service)
    delayed = 1.0 - gap
    return queue_of(busy, delayed, delayed * service / gap, rate, service)


def erlang_gaps(arrivals_per_h: float, order: int) -> Transform:
    """Return the transform of Erlang times between arrivals; order 1 is Poisson."""
    inputs = Inputs("erlang_gaps")
    rate = inputs.positive("arrivals_per_h", arrivals_per_h)
    k = inputs.count("order", order)
    inputs.check()
    return lambda s: math.exp(-k * math.log1p(s / (k * rate)))


def constant_gaps(arrivals_per_h: float) -> Transform:
    """Return the transform of constant times between arrivals."""
    inputs = Inputs("constant_gaps")
    rate = inputs.positive("arrivals_per_h", arrivals_per_h)
    inputs.check()
    return lambda s: math.exp(-s / rate)


def priority_mg1(
    arrivals_per_h: Sequence[float],
    service_h: Sequence[float],
    service_variation: Sequence[float],
    *,
    preemptive: bool = False,
) -> list[PriorityClass]:
    """Return the times of each class at one server, the first class before all others.

    Parameters
    ----------
    arrivals_per_h, service_h, service_variation : sequence of float
        By class; variation as in :func:`mg1`.
    preemptive : bool
        Whether a customer interrupts those of lower classes, whose work resumes later.

    References
    ----------
    Cobham (1954), Priority assignment in waiting line problems, https://doi.org/10.1287/opre.2.1.70
    (not preemptive); Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory,
    4th ed., sec. 4.4 (preemptive resume).
    """
    inputs = Inputs("priority_mg1")
    rate = inputs.sample("arrivals_per_h", list(arrivals_per_h))
    service = inputs.sample("service_h", list(service_h))
    variation = inputs.sample("service_variation", list(service_variation))
    inputs.check()
    if not len(rate) == len(service) == len(variation):
        inputs.refuse(
            "service_h", f"{len(service)} class(es)", f"{len(rate)}, as of arrivals_per_h"
        )
    for name, values, least in (
        ("arrivals_per_h", rate, 0.0),
        ("service_variation", variation, 0.0),
    ):
        if np.any(values < least):
            inputs.refuse(name, f"{values.min():g}", "numbers of at least 0")
    if np.any(service <= 0.0):
        inputs.refuse("service_h", f"{service.min():g}", "numbers above 0")
    inputs.check()
    busy = np.concatenate([[0.0], np.cumsum(rate * service)])
    if busy[-1] >= 1.0:
        inputs.refuse(
            "arrivals_per_h",
            f"a utilization of {busy[-1]:g} by all classes",
            "below 1: the lowest class would wait for ever",
        )
        inputs.check()
    # Work that a customer finds in service, of the classes that can keep it waiting.
    residual = np.cumsum(0.5 * rate * service**2 * (1.0 + variation**2))
    found = residual if preemptive else np.full(len(rate), residual[-1])
    wait = found / ((1.0 - busy[:-1]) * (1.0 - busy[1:]))
    stretch = 1.0 / (1.0 - busy[:-1]) if preemptive else np.ones(len(rate))
    sojourn = wait + service * stretch
    return [PriorityClass(float(w), float(t)) for w, t in zip(wait, sojourn, strict=True)]


def _left_behind(places: int, mean: float) -> float:
    """Mean of W in W' = max(W + Poisson(mean) - places, 0)."""
    busy = mean / places
    # Spitzer's terms fall like exp(-k c (rho - 1 - log rho)); few are enough where that is steep.
    decay = places * (busy - 1.0 - math.log(busy))
    if decay * _MOST_SPITZER_TERMS > 40.0:
        terms = math.ceil(40.0 / decay) + 1
        return _by_spitzer(places, mean, terms)
    return _by_zeros(places, mean)


def _by_spitzer(places: int, mean: float, terms: int) -> float:
    k = np.arange(1.0, terms + 1.0)
    limit, load = k * places, k * mean
    term = np.array([poisson_pmf(int(n), float(m)) for n, m in zip(limit, load, strict=True)])
    excess = np.zeros(terms)
    j = 1.0
    while True:
        term = term * (load / (limit + j))
        excess += j * term
        if np.all(j * term <= _SMALLEST_TERM * excess):
            break
        j += 1.0
    return float(np.sum(excess / k))


def _by_zeros(places: int, mean: float) -> float:
    busy = mean / places
    turn = np.exp(2j * np.pi * np.arange(1, places) / places)
    zero = turn * math.exp(-busy)
    for _ in range(_NEWTON_STEPS):
        value = turn * np.exp(-busy * (1.0 - zero))
        step = (zero - value) / (1.0 - busy * value)
        zero = zero - step
        if not np.any(np.abs(step) > 1e-16):
            break
    before = 0.5 * (mean - places + 1.0) + 0.5 * mean / (places - mean)
    return before + float(np.sum(1.0 / (1.0 - zero)).real) - mean


def _gap_of_root(transform: Transform, service_h: float) -> float:
    """1 - sigma for the root sigma of sigma = A*(mu (1 - sigma)) below 1.

    The function is convex and 0 at a gap of 0, so it is below 0 from there to the root and above 0
    beyond.
    """

    def excess(gap: float) -> float:
        return transform(gap / service_h) - 1.0 + gap

    low, high = 0.0, 1.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if excess(middle) < 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
