"""The tables of a simulation model.

All else is built of these: *stages* with servers, a line, places, closures, a rule for batches and
units of pools; *classes* whose routes lead through stages; *sources* that make them.  What the
words of railways, ports and borders become is in docs/decisions/014-simulation.md.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from karvan.simulation.variates import MOST_HOURS, Distribution, constant, read_distribution

UNLIMITED: Literal["unlimited"] = "unlimited"
MOST = 1_000_000_000
"""Servers, places, units, ...; who means more says unlimited."""
MOST_ARRIVALS = 1_000_000_000_000
Count = Annotated[int, Field(ge=1, le=MOST)]
Amount = Count | Literal["unlimited"]
Time = Annotated[Distribution, BeforeValidator(read_distribution)]
Name = Annotated[str, Field(min_length=1)]
LEAST_PERIOD_H = 1e-6
"""Of a horizon and of what repeats: shorter ones only fill the event list."""
Hours = Annotated[float, Field(ge=0.0, le=MOST_HOURS, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, le=MOST_HOURS, allow_inf_nan=False)]
Period = Annotated[float, Field(ge=LEAST_PERIOD_H, le=MOST_HOURS, allow_inf_nan=False)]


class Row(BaseModel):
    """A row of a table: no column but those named, nothing that changes."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True
    )


class Batch(Row):
    """When a stage takes many at once, as trains and vessels do.

    Attributes
    ----------
    most : int
        Places on a carrier.
    fill : int, optional
        It leaves as soon as so many wait (at most `most`); if not given, when it is full or as
        the hours below say; 0 means that filling alone never lets it leave.
    timetable_h : tuple of float
        Departures [h]; who waits then leaves if a carrier is there, else that one is missed.
    period_h : float, optional
        The timetable repeats after this [h].
    max_wait_h : float, optional
        It leaves when the first has waited so long [h], or as soon as a carrier is there.
    max_gap_h : float, optional
        It leaves so long after the last one [h], with who waits.
    sails_empty : bool
        At those times also with nobody.
    max_length_m, max_weight_t : float, optional
        Of all aboard together.
    payload : str, optional
        Profile whose factor times `most` gives the places now, rounded down.
    carrier : str, optional
        Class that takes over after this stage: its route is that of the carrier, and who is
        aboard goes on where a step unloads, or at the route's end.  Without one the batch parts
        after this stage.
    return_h : Distribution, optional
        Time until the server is back after a service [h].
    """

    most: int = Field(ge=1, le=MOST)
    fill: int | None = Field(default=None, ge=0, le=MOST)
    timetable_h: tuple[Hours, ...] = ()
    period_h: Period | None = None
    max_wait_h: Hours | None = None
    max_gap_h: Positive | None = None
    sails_empty: bool = False
    max_length_m: Positive | None = None
    max_weight_t: Positive | None = None
    payload: str | None = None
    carrier: str | None = None
    return_h: Time | None = None


class Stage(Row):
    """A place where time passes.

    Attributes
    ----------
    id : str
    servers : int or "unlimited"
    places : int or "unlimited"
        For those who wait and are served; who finds none stays on the server before.
    service_h : Distribution
        Time of service [h]; a step may have its own.
    takes, gives : dict
        Units of pools that a service takes as it begins, and that are given at its end.  Without
        `gives` it gives back what it takes.
    direction : int
        1 or 2: the way in which it uses pools that are tracks.
    headway_h : float
        Least time from one beginning to the next [h].
    patience_h : Distribution, optional
        Who has waited so long leaves the system.
    balk_at : int, optional
        Who finds so many waiting does not join them and leaves the system.
    preemptive : bool
        The more urgent interrupt the less urgent, whose work resumes.
    batch : Batch, optional
    monitor : bool
        Keep a histogram of waits.
    count : bool
        Keep the share of time with 0, 1, 2, ... at the stage.
    """

    id: Name
    servers: Amount = 1
    places: Amount = UNLIMITED
    service_h: Time = constant(0.0)
    takes: dict[str, Count] = {}
    gives: dict[str, Count] | None = None
    direction: Literal[1, 2] = 1
    headway_h: Hours = 0.0
    patience_h: Time | None = None
    balk_at: int | None = Field(default=None, ge=0, le=MOST)
    preemptive: bool = False
    batch: Batch | None = None
    monitor: bool = False
    count: bool = False


class Step(Row):
    """A step of a route.

    Attributes
    ----------
    stage : str
    id : str, optional
        Name within the route; the stage's, unless the route comes there twice.
    service_h : Distribution, optional
        Instead of the stage's [h].
    probability : float
        Of taking this step at all, else the next one.
    next : dict, optional
        Probability of each following step by name, ``exit`` for the way out; they sum to 1.
    unloads : bool
        Who is aboard leaves the carrier after this step.
    """

    stage: Name
    id: str | None = None
    service_h: Time | None = None
    probability: float = Field(default=1.0, gt=0.0, le=1.0)
    next: dict[str, Annotated[float, Field(ge=0.0, le=1.0)]] | None = None
    unloads: bool = False


def _steps(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple({"stage": item} if isinstance(item, str) else item for item in value)
    return value


class Class(Row):
    """What moves: a kind of wagon, train, ship or document.

    Attributes
    ----------
    id : str
    route : tuple of Step
    priority : int
        1 is the most urgent.
    length_m, weight_t : float
    """

    id: Name
    route: Annotated[tuple[Step, ...], BeforeValidator(_steps), Field(min_length=1)]
    priority: int = Field(default=1, ge=1, le=100)
    length_m: Hours = 0.0
    weight_t: Hours = 0.0


class Source(Row):
    """What arrives when.

    Attributes
    ----------
    id : str
    class_ : str
        Written ``class``.
    every_h : Distribution
        Time between arrivals [h]; the first one ends at the first arrival.
    size : int
        How many arrive at once.
    count : int, optional
        Arrivals, then no more.
    start_h, until_h : float
        First moment, last moment [h].
    profiles : tuple of str
        Factors of the pace of arrivals; several are multiplied.
    """

    id: Name
    class_: Name = Field(alias="class")
    every_h: Time
    size: int = Field(default=1, ge=1, le=1_000_000)
    count: int | None = Field(default=None, ge=0, le=MOST_ARRIVALS)
    start_h: Hours = 0.0
    until_h: Hours | None = None
    profiles: tuple[str, ...] = ()


class Closure(Row):
    """When servers of a stage are closed.

    Attributes
    ----------
    id, stage : str
    open_h, closed_h : Distribution, optional
        A process: open first, then closed, and so on [h].
    closed_from_h, closed_until_h : tuple of float
        Or a series of closures [h].
    period_h : float, optional
        The series repeats after this [h].
    servers : int or "unlimited"
        How many are closed; unlimited: all.
    work : {"finishes", "resumes", "repeats"}
        What becomes of services under way: they are finished, go on where they were when it
        opens, or begin anew.
    """

    id: Name
    stage: Name
    open_h: Time | None = None
    closed_h: Time | None = None
    closed_from_h: tuple[Hours, ...] = ()
    closed_until_h: tuple[Hours, ...] = ()
    period_h: Period | None = None
    servers: Amount = UNLIMITED
    work: Literal["finishes", "resumes", "repeats"] = "resumes"


class Pool(Row):
    """Units that stages share: wagons, cranes, bogie sets, crews, or a track.

    Attributes
    ----------
    id : str
    units : int
    return_h : Distribution, optional
        Time that given units take to be there again [h], e.g. empties on their way back.
    single_track : bool
        Taken in one direction at a time.
    run : int, optional
        How many may follow in one direction while somebody waits in the other.
    """

    id: Name
    units: int = Field(ge=0, le=MOST)
    return_h: Time | None = None
    single_track: bool = False
    run: int | None = Field(default=None, ge=1, le=MOST)


class Profile(Row):
    """Factors over time, in steps.

    Attributes
    ----------
    id : str
    starts_h : tuple of float
        Beginning of each step [h]; the first is 0.
    factors : tuple of float
    period_h : float, optional
        It repeats after this [h].
    """

    id: Name
    starts_h: tuple[Hours, ...] = Field(min_length=1)
    factors: tuple[Hours, ...] = Field(min_length=1)
    period_h: Period | None = None


class Model(Row):
    """A simulation model.

    Attributes
    ----------
    name : str
    horizon_h : float, optional
        End of a replication [h]; without one it ends when nothing is left to happen.
    warmup_h : float
        What happens before is not counted [h].
    stages, classes, sources, closures, pools, profiles : tuple
    """

    name: str = ""
    horizon_h: Period | None = None
    warmup_h: Hours = 0.0
    stages: tuple[Stage, ...] = Field(min_length=1)
    classes: tuple[Class, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    closures: tuple[Closure, ...] = ()
    pools: tuple[Pool, ...] = ()
    profiles: tuple[Profile, ...] = ()
