"""A few boxes a week on an itinerary that is asked about, beside the cargo of the case."""

from dataclasses import dataclass, replace

from karvan.case import Case
from karvan.freight.choicesets import Flow
from karvan.freight.pathsets import goods_of
from karvan.freight.routing import recommended_path
from karvan.motion.journeys import Journey, lot_of, parts_of
from karvan.motion.operations import operations_of

PROBE = "probe"
LOTS_A_YEAR = 500.0
"""Enough for a decile of each replication; assumed, as probes take no place it changes no other."""


@dataclass(frozen=True, slots=True)
class Question:
    """An itinerary whose time is wanted.

    Attributes
    ----------
    id : str
    origin, destination : str
    via, avoid : tuple of str
    """

    id: str
    origin: str
    destination: str
    via: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


def probe_of(case: Case, question: Question) -> Journey:
    """Return a journey of a few boxes a week on the recommended itinerary of a question.

    Raises
    ------
    PlaceError, RouteError
        There is no itinerary.
    """
    goods = goods_of(case)[case.settings.commodity]
    # A probe takes no place and no weight: it waits as others do and is in nobody's way.
    lot = replace(lot_of(goods, operations_of(case)), places_teu=0.0, weight_t=0.0)
    network, path = recommended_path(
        case, question.origin, question.destination, via=question.via, avoid=question.avoid
    )
    name, teu = f"{PROBE} {question.id}", LOTS_A_YEAR * lot.teu
    flow = Flow(name, question.origin, question.destination, goods, PROBE, teu)
    return Journey(name, flow, PROBE, teu, lot, parts_of(network, path))
