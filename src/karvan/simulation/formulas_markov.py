"""Closed formulas of queues with Poisson arrivals and exponential service.

Rates are per hour and times in hours, but any one unit of time does.  Arrivals of 0 are allowed and
give the limit of a rare customer.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.simulation.inputs import Inputs

FloatArray = NDArray[np.float64]

_MOST_TRANSIENT_EVENTS = 20_000.0
_MOST_QUANTILE_STEPS = 200


@dataclass(frozen=True, slots=True)
class Queue:
    """Means of a queue in the steady state.

    Attributes
    ----------
    utilization : float
        Share of the servers that is busy.
    wait_probability : float
        That an arrival finds all servers busy; NaN where the formula does not give it.
    wait_h, sojourn_h : float
        Before service; with service.
    queue_length, in_system : float
        Waiting; with those in service.
    """

    utilization: float
    wait_probability: float
    wait_h: float
    sojourn_h: float
    queue_length: float
    in_system: float


@dataclass(frozen=True, slots=True)
class LossQueue:
    """Means of a queue with limited places.

    Attributes
    ----------
    blocking_probability : float
        That an arrival finds no place and is lost.
    throughput_per_h : float
        Of those that get in.
    utilization : float
    wait_h, sojourn_h : float
        Of those that get in.
    queue_length, in_system : float
    """

    blocking_probability: float
    throughput_per_h: float
    utilization: float
    wait_h: float
    sojourn_h: float
    queue_length: float
    in_system: float


@dataclass(frozen=True, slots=True)
class MachineRepair:
    """Means of machines that fail and are repaired.

    Attributes
    ----------
    availability_share : float
        Of the machines, in working order.
    down : float
        Mean number under repair or waiting for it.
    waiting : float
        Mean number that waits for repair.
    throughput_per_h : float
        Repairs.
    wait_h, down_h : float
        For repair; from failure to the end of repair.
    repair_utilization : float
        Share of the repair places that is busy.
    """

    availability_share: float
    down: float
    waiting: float
    throughput_per_h: float
    wait_h: float
    down_h: float
    repair_utilization: float


def queue_of(
    utilization: float, wait_probability: float, wait_h: float, arrivals: float, service_h: float
) -> Queue:
    """Return the means that follow from the mean wait, by Little's law."""
    sojourn = wait_h + service_h
    length, inside = arrivals * wait_h, arrivals * sojourn
    return Queue(utilization, wait_probability, wait_h, sojourn, length, inside)


def mm1(arrivals_per_h: float, service_h: float) -> Queue:
    """Return the means of M/M/1.

    Parameters
    ----------
    arrivals_per_h : float
        At least 0; with `service_h` a utilization below 1.
    service_h : float
        Mean, above 0.

    References
    ----------
    Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th ed., sec. 2.2.
    """
    inputs = Inputs("mm1")
    rate, service = _rates(inputs, arrivals_per_h, service_h)
    busy = inputs.stable(rate, service)
    inputs.check()
    return queue_of(busy, busy, busy * service / (1.0 - busy), rate, service)


def mmc(servers: int, arrivals_per_h: float, service_h: float) -> Queue:
    """Return the means of M/M/c.

    References
    ----------
    Erlang (1917); Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th
    ed., sec. 2.3: wait = C(c, a) / (c mu - lambda).
    """
    count, rate, service, busy = _multi_server("mmc", servers, arrivals_per_h, service_h)
    delayed = _erlang_c(count, rate * service)
    wait = delayed * service / (count * (1.0 - busy))
    return queue_of(busy, delayed, wait, rate, service)


def mmc_wait_quantile_h(
    probability: float, servers: int, arrivals_per_h: float, service_h: float
) -> float:
    """Return the quantile of the wait in M/M/c [h]; 0 for those who do not wait.

    P(wait > t) = C exp(-(c mu - lambda) t).
    """
    inputs = Inputs("mmc_wait_quantile_h")
    p = inputs.share("probability", probability)
    inputs.check()
    count, rate, service, busy = _multi_server(
        "mmc_wait_quantile_h", servers, arrivals_per_h, service_h
    )
    delayed = _erlang_c(count, rate * service)
    if 1.0 - p >= delayed:
        return 0.0
    return math.log(delayed / (1.0 - p)) * service / (count * (1.0 - busy))


def mmc_sojourn_quantile_h(
    probability: float, servers: int, arrivals_per_h: float, service_h: float
) -> float:
    """Return the quantile of wait plus service in M/M/c [h].

    Wait and service are independent.  With r = c mu - lambda, P(time > t) = (1 - C) exp(-mu t) +
    C (r exp(-mu t) - mu exp(-r t)) / (r - mu), solved for t.
    """
    inputs = Inputs("mmc_sojourn_quantile_h")
    p = inputs.share("probability", probability)
    inputs.check()
    count, rate, service, busy = _multi_server(
        "mmc_sojourn_quantile_h", servers, arrivals_per_h, service_h
    )
    delayed = _erlang_c(count, rate * service)
    rest = count * (1.0 - busy)
    low, high = 0.0, 1.0
    while _sojourn_tail(high, delayed, rest) > 1.0 - p:
        low, high = high, 2.0 * high
    for _ in range(_MOST_QUANTILE_STEPS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if _sojourn_tail(middle, delayed, rest) > 1.0 - p:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high) * service


def erlang_b(servers: int, load: float) -> float:
    """Return the share of arrivals that is lost where none may wait, M/G/c/c.

    Parameters
    ----------
    servers : int
        At least 0.
    load : float
        Arrivals times mean service (in erlang); may exceed the servers.

    References
    ----------
    Erlang (1917), Solution of some problems in the theory of probabilities of significance in
    automatic telephone exchanges; the recursion B(c) = a B(c - 1) / (c + a B(c - 1)) as in Gross,
    Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th ed., eq. 2.53.
    """
    inputs = Inputs("erlang_b")
    count = inputs.count("servers", servers, least=0)
    offered = inputs.number("load", load, least=0.0)
    inputs.check()
    return _erlang_b(count, offered)


def erlang_c(servers: int, load: float) -> float:
    """Return the probability that an arrival waits in M/M/c; `load` below `servers`."""
    inputs = Inputs("erlang_c")
    count = inputs.count("servers", servers)
    offered = inputs.number("load", load, least=0.0)
    inputs.stable(offered, 1.0, count)
    inputs.check()
    return _erlang_c(count, offered)


def mmck(servers: int, places: int, arrivals_per_h: float, service_h: float) -> LossQueue:
    """Return the means of M/M/c/K, where an arrival that finds no place is lost.

    Parameters
    ----------
    servers : int
    places : int
        K, those in service included; at least `servers`.
    arrivals_per_h : float
        Above 0; the utilization offered may exceed 1.
    service_h : float

    References
    ----------
    Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th ed., sec. 2.4.
    """
    inputs = Inputs("mmck")
    count = inputs.count("servers", servers)
    most = inputs.count("places", places)
    rate = inputs.positive("arrivals_per_h", arrivals_per_h)
    service = inputs.positive("service_h", service_h)
    if most < count:
        inputs.refuse("places", most, f"at least the {count} server(s)")
    inputs.check()
    number = np.arange(most + 1.0)
    busy = np.minimum(number, count)
    chance = birth_death(np.full(most, rate * service), busy[1:])
    lost = float(chance[-1])
    throughput = rate * float(chance[:-1].sum())
    waiting, inside = float(chance @ (number - busy)), float(chance @ number)
    use = float(chance @ busy) / count
    return LossQueue(
        lost, throughput, use, waiting / throughput, inside / throughput, waiting, inside
    )


def machine_repair(
    machines: int, repair_places: int, failures_per_h: float, repair_h: float
) -> MachineRepair:
    """Return the means of machines that fail one by one and share places of repair.

    Parameters
    ----------
    machines, repair_places : int
    failures_per_h : float
        Of one machine in working order, above 0.
    repair_h : float
        Mean.

    References
    ----------
    Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th ed., sec. 2.7
    (finite-source queues).
    """
    inputs = Inputs("machine_repair")
    count = inputs.count("machines", machines)
    places = inputs.count("repair_places", repair_places)
    rate = inputs.positive("failures_per_h", failures_per_h)
    service = inputs.positive("repair_h", repair_h)
    inputs.check()
    down = np.arange(count + 1.0)
    busy = np.minimum(down, places)
    chance = birth_death((count - down[:-1]) * rate * service, busy[1:])
    mean, waiting = float(chance @ down), float(chance @ (down - busy))
    throughput = float(chance @ busy) / service
    return MachineRepair(
        float(chance @ (count - down)) / count,
        mean,
        waiting,
        throughput,
        waiting / throughput,
        mean / throughput,
        float(chance @ busy) / places,
    )


def mm1_transient(arrivals_per_h: float, service_h: float, elapsed_h: float) -> float:
    """Return the mean number in M/M/1 at a time after an empty start.

    By uniformization: a Poisson number of steps of a walk that turns back at 0; exact up to tails
    of 1e-15.  The utilization may be 1 or more.

    Parameters
    ----------
    arrivals_per_h, service_h : float
    elapsed_h : float
        At least 0, with at most 20,000 events expected: by then a stable queue is as good as
        steady.

    References
    ----------
    Grassmann (1977), Transient solutions in Markovian queueing systems (uniformization; not
    opened).
    """
    inputs = Inputs("mm1_transient")
    rate, service = _rates(inputs, arrivals_per_h, service_h)
    elapsed = inputs.number("elapsed_h", elapsed_h, least=0.0)
    inputs.check()
    events = (rate + 1.0 / service) * elapsed
    if events > _MOST_TRANSIENT_EVENTS:
        inputs.refuse(
            "elapsed_h",
            f"{elapsed:g}, in which {events:,.0f} events are expected",
            f"a time with at most {_MOST_TRANSIENT_EVENTS:,.0f}; use mm1 for the steady state",
        )
        inputs.check()
    if events == 0.0:
        return 0.0
    up = rate / (rate + 1.0 / service)
    steps = int(events + 12.0 * math.sqrt(events)) + 40
    chance, mean = np.zeros(steps + 2), np.empty(steps + 1)
    chance[0] = 1.0
    number = np.arange(steps + 2.0)
    for step in range(steps + 1):
        mean[step] = chance @ number
        moved = np.zeros_like(chance)
        moved[1:] = up * chance[:-1]
        moved[:-1] += (1.0 - up) * chance[1:]
        moved[0] += (1.0 - up) * chance[0]
        chance = moved
    log_weight = np.arange(steps + 1.0) * math.log(events) - events
    log_weight -= np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, steps + 1.0)))])
    return float(np.exp(log_weight) @ mean)


def birth_death(birth: FloatArray, death: FloatArray) -> FloatArray:
    """Return the steady state of a chain that goes up or down by one.

    Parameters
    ----------
    birth, death : ndarray, shape (n,)
        Rate from state k to k + 1; from k + 1 to k.  All above 0.

    Returns
    -------
    ndarray, shape (n + 1,)
        In logarithms on the way, so that long chains do not overflow.
    """
    log = np.concatenate([[0.0], np.cumsum(np.log(birth) - np.log(death))])
    weight = np.exp(log - log.max())
    chance: FloatArray = weight / weight.sum()
    return chance


def _rates(inputs: Inputs, arrivals_per_h: float, service_h: float) -> tuple[float, float]:
    rate = inputs.number("arrivals_per_h", arrivals_per_h, least=0.0)
    return rate, inputs.positive("service_h", service_h)


def _multi_server(
    function: str, servers: int, arrivals_per_h: float, service_h: float
) -> tuple[int, float, float, float]:
    inputs = Inputs(function)
    count = inputs.count("servers", servers)
    rate, service = _rates(inputs, arrivals_per_h, service_h)
    busy = inputs.stable(rate, service, count)
    inputs.check()
    return count, rate, service, busy


def _erlang_b(servers: int, load: float) -> float:
    lost = 1.0
    for server in range(1, servers + 1):
        lost = load * lost / (server + load * lost)
    return lost


def _erlang_c(servers: int, load: float) -> float:
    lost = _erlang_b(servers, load)
    return lost / (1.0 - load / servers * (1.0 - lost))


def _sojourn_tail(time: float, delayed: float, rest: float) -> float:
    """P(time in system > t), t in mean services; `rest` is c - a."""
    alone, gap = math.exp(-time), rest - 1.0
    # (exp(-t) - exp(-rest t)) / (rest - 1), which tends to t exp(-t).
    between = time * alone if gap == 0.0 else -math.expm1(-gap * time) / gap * alone
    return alone + delayed * between
