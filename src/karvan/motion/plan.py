"""What is built: the model, and what each of its stages stands for."""

from collections.abc import Mapping
from dataclasses import dataclass

from karvan.motion.clock import Clock
from karvan.motion.journeys import Journey
from karvan.simulation.model import Model
from karvan.simulation.variates import Distribution

Place = tuple[str, str, str, str, str]
"""Kind, id of the case's row, from node, to node, resource: columns of the result tables."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a stage is in the case.

    Attributes
    ----------
    place : Place
    cause : str
        Of the time that a service takes: moving, handling, customs, batch (the wait for a truck),
        or "" for none.
    unit : str
        What is served.
    servers : float or None
        As results say it; None where nothing is limited.
    waits : mapping
        Other words for causes of waiting there: in front of a storm, "pool" is "closure".
    hours_each : float
        Time that one takes of what is limited, where the stage itself has no servers [h].
    resource : bool
        Whether it is a row of ``simulated_resources``.
    """

    place: Place
    cause: str = ""
    unit: str = ""
    servers: float | None = None
    waits: Mapping[str, str] | None = None
    hours_each: float = 0.0
    resource: bool = False


NOTHING = Label(("", "", "", "", ""))
"""Of stages that stand for nothing in the case."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stage that cargo of a journey passes.

    Attributes
    ----------
    stage : str
    mean_h : float
        Expected time of its service [h], times the share that it is met.
    node, to_node : str
        Where it is; a movement has both ends.
    share : float
        Of those who pass it at all.
    time : Distribution or None
        Of the service, where it is not that of the stage [h].
    """

    stage: str
    mean_h: float
    node: str
    to_node: str = ""
    share: float = 1.0
    time: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    """Ships or wagon sets of a service: units of a pool for each end.

    Attributes
    ----------
    service : str
    vessels : int
    boarding : tuple of str
        Stages where they load.
    pools : tuple of str
        Ships or wagon sets that are free at each end.
    unit : {"vessels", "trains"}
    """

    service: str
    vessels: int
    boarding: tuple[str, ...]
    pools: tuple[str, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A simulation of a case.

    Attributes
    ----------
    model : Model
    clock : Clock
    labels : mapping of str to Label
        By stage.
    journeys : tuple of Journey
    passages : mapping of str to tuple of Passage
        By journey, in order.
    rides : mapping of str to Boarding
        By stage where a train or ship is boarded.
    fleets : tuple of Fleet
    left_out_teu : float
        A year, on itineraries too small to be simulated.
    """

    model: Model
    clock: Clock
    labels: Mapping[str, Label]
    journeys: tuple[Journey, ...]
    passages: Mapping[str, tuple[Passage, ...]]
    rides: Mapping[str, "Boarding"]
    fleets: tuple[Fleet, ...]
    left_out_teu: float


@dataclass(frozen=True, slots=True)
class Boarding:
    """What leaves from a stage: for the animation.

    Attributes
    ----------
    kind : {"train", "vessel", "truck"}
    service : str
    legs : tuple of (stage, from node, to node, link)
        Movements in order, by the stage in which they happen.
    places_teu : float or None
    """

    kind: str
    service: str
    legs: tuple[tuple[str, str, str, str], ...]
    places_teu: float | None
