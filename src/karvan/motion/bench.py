"""The tables of a model while they are made: every row once, with what it stands for."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from karvan.case import Case
from karvan.freight.routing import date_of
from karvan.motion.clock import Clock
from karvan.motion.journeys import Ride
from karvan.motion.operations import Operations
from karvan.motion.plan import Boarding, Fleet, Label, Passage
from karvan.network.calendars import Closures, closures_of
from karvan.network.compile import dwell_mean
from karvan.network.model import Row, Timetables
from karvan.network.opening import open_rows
from karvan.simulation.model import Class, Closure, Model, Pool, Profile, Source, Stage, Step

GOLDEN = 0.6180339887498949
"""Multiples of it lie evenly in a period, however many there are."""


class Fill(NamedTuple):
    """How much of a train a group of wagons is: by what limits trains, and by weight alone."""

    trains: float
    weight: float


@dataclass(slots=True)
class Bench:
    """Rows of a model that is being built; see :class:`karvan.motion.plan.Plan`."""

    case: Case
    clock: Clock
    operations: Operations
    timetables: Timetables
    stages: dict[str, Stage] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    closures: dict[str, Closure] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    rides: dict[str, Boarding] = field(default_factory=dict)
    ways: dict[str, tuple[Passage, ...]] = field(default_factory=dict)
    fleets: dict[str, Fleet] = field(default_factory=dict)
    voyages: dict[tuple[str, str], Ride] = field(default_factory=dict)
    fill_of: dict[tuple[str, ...], Fill] = field(default_factory=dict)
    heavier: dict[str, str] = field(default_factory=dict)
    yards: dict[str, str] = field(default_factory=dict)
    terminals: dict[str, list[Row]] = field(init=False)
    rates: dict[str, Row] = field(init=False)
    weather: dict[str, Closures] = field(init=False)
    dwell_before: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.terminals = {}
        for row in open_rows(self.case.table("terminals"), date_of(self.case)):
            self.terminals.setdefault(str(row["node"]), []).append(row)
        self.rates = {row["id"]: row for row in self.case.table("rates").iter_rows(named=True)}
        self.weather = closures_of(self.case.table("calendars"))
        before = self.case.as_read.table("transfers")
        self.dwell_before = {row["id"]: dwell_mean(row) for row in before.iter_rows(named=True)}

    def stage(self, name: str, label: Label, **columns: Any) -> str:  # noqa: ANN401 - of a Stage
        """Add a stage unless it is there, and return its name."""
        if name not in self.stages:
            self.stages[name] = Stage(id=name, **columns)
            self.labels[name] = label
        return name

    def carrier(self, name: str, steps: list[Step]) -> str:
        """Add the class of what leaves from a stage, and return its name."""
        self.classes[name] = Class(id=name, route=tuple(steps))
        return name

    def source(self, name: str, of: str, **columns: Any) -> None:  # noqa: ANN401 - of a Source
        """Add what arrives."""
        self.sources[name] = Source.model_validate({"id": name, "class": of, **columns})

    def phase(self, period: float) -> float:
        """Return a beginning within a period that differs from those of other departures."""
        return (len(self.rides) + 1) * GOLDEN % 1.0 * period

    def model(self, name: str) -> Model:
        """Return the model."""
        return Model(
            name=name,
            horizon_h=self.clock.horizon_h,
            warmup_h=self.clock.warmup_h,
            stages=tuple(self.stages.values()),
            classes=tuple(self.classes.values()),
            sources=tuple(self.sources.values()),
            closures=tuple(self.closures.values()),
            pools=tuple(self.pools.values()),
            profiles=tuple(self.profiles.values()),
        )


def with_share(passage: Passage, share: float) -> Passage:
    """Return a passage that only a share meets."""
    return replace(passage, share=share, mean_h=passage.mean_h * share)
