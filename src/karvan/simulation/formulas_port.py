"""Closed formulas of ports: what berths and yards can take, and how full a yard gets."""

import math
from dataclasses import dataclass

from karvan.simulation.distributions import poisson_cdf, poisson_quantile
from karvan.simulation.formulas_phases import berth_wait_ratio
from karvan.simulation.inputs import Inputs

_BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class YardOccupancy:
    """Units in a yard with room for all.

    Attributes
    ----------
    mean, variance : float
        Of the number.
    quantile : int
        Places that are enough with the probability asked for.
    probability : float
        With which the number is at most that, the first at or above what was asked.
    """

    mean: float
    variance: float
    quantile: int
    probability: float


@dataclass(frozen=True, slots=True)
class BerthCapacity:
    """What berths can take before ships wait too long.

    Attributes
    ----------
    utilization : float
        At which the wait over service reaches the limit.
    ships_per_year : float
    teu_per_year : float
    """

    utilization: float
    ships_per_year: float
    teu_per_year: float


def yard_occupancy(
    arrivals_per_h: float, dwell_h: float, *, probability: float = 0.95
) -> YardOccupancy:
    """Return how many units are in a yard that turns none away, M/G/infinity.

    The number is Poisson with mean arrivals times mean dwell, whatever the distribution of the
    dwell. Units that come by the train are more variable: see :func:`train_yard_occupancy`.

    Parameters
    ----------
    arrivals_per_h : float
        Poisson, at least 0.
    dwell_h : float
        Mean, above 0.
    probability : float
        With which the places should be enough.

    References
    ----------
    Gross, Shortle, Thompson and Harris (2008), Fundamentals of Queueing Theory, 4th ed., sec.
    5.2.2.
    """
    inputs = Inputs("yard_occupancy")
    rate = inputs.number("arrivals_per_h", arrivals_per_h, least=0.0)
    dwell = inputs.positive("dwell_h", dwell_h)
    share = inputs.share("probability", probability)
    inputs.check()
    mean = rate * dwell
    places = poisson_quantile(share, mean)
    return YardOccupancy(mean, mean, places, poisson_cdf(places, mean))


def train_yard_occupancy(
    trains_per_h: float, train_size: int, dwell_h: float, *, probability: float = 0.95
) -> YardOccupancy:
    """Return how many units are in a yard whose trains stay whole for a constant dwell.

    The number of trains is Poisson, so that of units is `train_size` times as large and its
    variance `train_size` squared times.

    Parameters
    ----------
    trains_per_h : float
        Poisson.
    train_size : int
        Units of a train.
    dwell_h : float
        Of each unit.
    probability : float
    """
    inputs = Inputs("train_yard_occupancy")
    size = inputs.count("train_size", train_size)
    inputs.check()
    trains = yard_occupancy(trains_per_h, dwell_h, probability=probability)
    return YardOccupancy(
        trains.mean * size, trains.variance * size**2, trains.quantile * size, trains.probability
    )


def filling_yard(arrivals_per_h: float, dwell_h: float, elapsed_h: float) -> float:
    """Return the mean number in a yard some time after it opened empty, constant dwell."""
    inputs = Inputs("filling_yard")
    rate = inputs.number("arrivals_per_h", arrivals_per_h, least=0.0)
    dwell = inputs.positive("dwell_h", dwell_h)
    elapsed = inputs.number("elapsed_h", elapsed_h, least=0.0)
    inputs.check()
    return rate * min(elapsed, dwell)


def yard_capacity_teu_per_year(
    ground_slots: int,
    stacking_height: float,
    dwell_h: float,
    *,
    usable_share: float,
    peak_factor: float,
    hours_per_year: float = 8_760.0,
) -> float:
    """Return what a yard can turn over in a year [TEU].

    Parameters
    ----------
    ground_slots : int
        Places for one TEU on the ground.
    stacking_height : float
        Containers one over the other, on average over the yard.
    dwell_h : float
        Mean.
    usable_share : float
        Of the places at which boxes can still be shifted; above 0, at most 1.
    peak_factor : float
        Peak over mean occupancy, at least 1.
    hours_per_year : float

    References
    ----------
    Little's law with the peak as the occupancy; the form of terminal handbooks (static capacity
    times turnovers over a peak factor).  No handbook was opened: choose the factors with a source.
    """
    inputs = Inputs("yard_capacity_teu_per_year")
    slots = inputs.count("ground_slots", ground_slots, most=10**9)
    height = inputs.positive("stacking_height", stacking_height)
    dwell = inputs.positive("dwell_h", dwell_h)
    usable = inputs.number("usable_share", usable_share, above=0.0, most=1.0)
    peak = inputs.number("peak_factor", peak_factor, least=1.0)
    hours = inputs.positive("hours_per_year", hours_per_year)
    inputs.check()
    return slots * height * usable / peak * hours / dwell


def yard_slots(teu_per_year: float, dwell_h: float, *, probability: float = 0.95) -> int:
    """Return the places that a flow needs with a probability, arrivals one by one [TEU].

    :func:`yard_occupancy` read the other way: how large, and not how much.
    """
    inputs = Inputs("yard_slots")
    flow = inputs.number("teu_per_year", teu_per_year, least=0.0)
    inputs.check()
    return yard_occupancy(flow / 8_760.0, dwell_h, probability=probability).quantile


def berth_capacity(
    berths: int,
    service_h: float,
    teu_per_ship: float,
    *,
    wait_ratio_limit: float,
    open_h_per_year: float,
    arrival_order: int = 1,
    service_order: int = 2,
) -> BerthCapacity:
    """Return what berths can take while ships wait at most a share of their service.

    Parameters
    ----------
    berths : int
    service_h : float
        Mean time of a ship at the berth.
    teu_per_ship : float
        Loaded and unloaded.
    wait_ratio_limit : float
        Largest mean wait over service, above 0.
    open_h_per_year : float
        Hours in which ships are worked, weather closures taken off.
    arrival_order, service_order : int
        As in :func:`karvan.simulation.formulas_phases.berth_wait_ratio`.

    References
    ----------
    Own combination: :func:`berth_wait_ratio` solved for the utilization.  Closures lengthen waits
    beyond the formula; simulate where they matter.
    """
    inputs = Inputs("berth_capacity")
    count = inputs.count("berths", berths)
    service = inputs.positive("service_h", service_h)
    load = inputs.number("teu_per_ship", teu_per_ship, least=0.0)
    limit = inputs.positive("wait_ratio_limit", wait_ratio_limit)
    hours = inputs.number("open_h_per_year", open_h_per_year, above=0.0, most=8_784.0)
    inputs.check()
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if not low < middle < high or high - low < 1e-12:
            break
        ratio = berth_wait_ratio(
            count, middle, arrival_order=arrival_order, service_order=service_order
        )
        if ratio <= limit:
            low = middle
        else:
            high = middle
    ships = low * count * hours / service
    return BerthCapacity(low, ships, ships * load)


def berths_needed(
    ships_per_h: float,
    service_h: float,
    *,
    wait_ratio_limit: float,
    arrival_order: int = 1,
    service_order: int = 2,
) -> int:
    """Return the fewest berths with which ships wait at most a share of their service.

    Raises
    ------
    FormulaError
        Also where so many berths have more states than can be solved.
    """
    inputs = Inputs("berths_needed")
    rate = inputs.number("ships_per_h", ships_per_h, least=0.0)
    service = inputs.positive("service_h", service_h)
    limit = inputs.positive("wait_ratio_limit", wait_ratio_limit)
    inputs.check()
    load = rate * service
    berths = math.floor(load) + 1
    while (
        berth_wait_ratio(
            berths, load / berths, arrival_order=arrival_order, service_order=service_order
        )
        > limit
    ):
        berths += 1
    return berths
