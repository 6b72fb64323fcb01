"""What a route search returns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leg:
    """A chain of links by one carrier, with what happens before it and at its borders.

    Attributes
    ----------
    origin, destination : str
        Node ids.
    mode, service : str
        `service` is empty for trains and trucks in general.
    km : float
    wait_h : float
        Expected wait for the departure.
    move_h : float
        Expected time moving.
    dwell_h : float
        Expected handling before boarding (loading or transfer) and at borders on the way; the
        last leg includes unloading.
    cost_usd_per_teu, co2e_kg_per_teu : float
    transfer : str
        Kind of the transfer before the leg; empty for the first leg.
    nodes, links, borders : tuple of str
        Ids of nodes passed, of links used, and of the transfer rows of borders.
    source_ids : tuple of str
        Rows of sources.csv behind the numbers.
    chosen : tuple of str
        Numbers that were assumed or calibrated, as ``<table>.<row id>.<quantity>``.
    """

    origin: str
    destination: str
    mode: str
    service: str
    km: float
    wait_h: float
    move_h: float
    dwell_h: float
    cost_usd_per_teu: float
    co2e_kg_per_teu: float
    transfer: str
    nodes: tuple[str, ...]
    links: tuple[str, ...]
    borders: tuple[str, ...]
    source_ids: tuple[str, ...]
    chosen: tuple[str, ...]

    @property
    def time_h(self) -> float:
        """Expected time of the leg."""
        return self.wait_h + self.move_h + self.dwell_h


@dataclass(frozen=True, slots=True)
class Itinerary:
    """A chain of legs from door to door.

    Attributes
    ----------
    mean_h, p10_h, p50_h, p90_h : float
        Expected door-to-door time and quantiles of its distribution.
    transit_h : float
        Expected time from the first departure to the last arrival: what operators report.
    cost_usd_per_teu, co2e_kg_per_teu, km : float
    generalized_cost_usd_per_teu : float
        Money plus value of time times `mean_h`: what itineraries are ranked by.
    transfers, gauge_changes, borders : int
        Changes of carrier (loading and unloading not counted), those of gauge among them, and
        customs borders passed.
    legs : tuple of Leg
    """

    mean_h: float
    p10_h: float
    p50_h: float
    p90_h: float
    transit_h: float
    cost_usd_per_teu: float
    co2e_kg_per_teu: float
    generalized_cost_usd_per_teu: float
    km: float
    transfers: int
    gauge_changes: int
    borders: int
    legs: tuple[Leg, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Nodes passed, in order."""
        return (self.legs[0].origin, *(n for leg in self.legs for n in leg.nodes[1:]))

    @property
    def source_ids(self) -> tuple[str, ...]:
        """Rows of sources.csv behind any number of the itinerary."""
        return tuple(dict.fromkeys(s for leg in self.legs for s in leg.source_ids))


@dataclass(frozen=True, slots=True)
class Itineraries:
    """Itineraries of one O-D pair, the recommended one first.

    Attributes
    ----------
    origin, destination : str
        Node ids.
    depart : str
        ISO date or date-time; empty where timetables enter with their mean wait.
    commodity : str
    value_of_time_usd_per_teu_h : float
    found : tuple of Itinerary
        The exact Pareto set over the objectives, by generalized cost.
    """

    origin: str
    destination: str
    depart: str
    commodity: str
    value_of_time_usd_per_teu_h: float
    found: tuple[Itinerary, ...]
