"""The frozen bundle of tables that every engine reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import polars as pl

from karvan.case.changes import apply_changes
from karvan.case.settings import Change, Measure, Scenario, Settings
from karvan.errors import ScenarioError, did_you_mean

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Inputs of a run: declared tables with the measures and scenarios that may change them.

    Cases are equal only to themselves, so that what is computed from one can be kept by it.

    Attributes
    ----------
    root : Path
        Folder it was read from.
    settings : Settings
    tables : mapping of str to polars.DataFrame
        By name as in ``karvan.schema.tables()``.
    measures, scenarios : mapping
        Those the case knows, by id.
    year : int
        Year the tables stand for.
    applied : tuple of str
        Measures already in `tables`, in the order they were applied.
    scenario : str
        Scenario already in `tables`; empty for the base.
    overrides : tuple of Change
        What was set beyond measures and scenario, on the command line or by a caller.
    unchanged : Case or None
        The case as it was read, where this one has changes.
    """

    root: Path
    settings: Settings
    tables: Mapping[str, pl.DataFrame]
    measures: Mapping[str, Measure]
    scenarios: Mapping[str, Scenario]
    year: int
    applied: tuple[str, ...] = ()
    scenario: str = ""
    overrides: tuple[Change, ...] = ()
    unchanged: "Case | None" = None

    @property
    def as_read(self) -> "Case":
        """The case as it was read from its folder, without any change."""
        return self.unchanged or self

    def table(self, name: str) -> pl.DataFrame:
        """Return the table called `name`."""
        return self.tables[name]

    def with_measures(self, measures: Iterable[str], year: int | None = None) -> "Case":
        """Return a new case with `measures` applied in order; see :func:`resolve`."""
        return resolve(self, measures=measures, year=year)

    def with_scenario(self, scenario: str) -> "Case":
        """Return a new case that stands for `scenario`; see :func:`resolve`."""
        return resolve(self, scenario=scenario)


def resolve(
    case: Case,
    *,
    scenario: str = "",
    measures: Iterable[str] = (),
    year: int | None = None,
    overrides: Iterable[Change] = (),
) -> Case:
    """Return the case that a question is asked of; the one place where precedence is decided.

    From weak to strong: default of the schema < row of the case < measures of the scenario, then
    `measures`, each in the order named < overrides of the scenario < `overrides` (the command
    line).  `year` beats the scenario's year, which beats the case's base year.  A measure whose
    ``from_year`` lies after the year is named but changes nothing yet.  A case stands for one
    scenario at most.
    """
    chosen = _known(case.scenarios, scenario, "scenario") if scenario else None
    if chosen and case.scenario:
        message = f"the case already stands for scenario '{case.scenario}'; start from case.as_read"
        raise ScenarioError(message)
    year = year or (chosen.year if chosen else case.year)
    wanted = [*(chosen.measures if chosen else ()), *measures]
    tables: Mapping[str, pl.DataFrame] = case.tables
    applied = list(case.applied)
    for name in wanted:
        measure = _known(case.measures, name, "measure")
        if name in applied or measure.from_year > year:
            continue
        tables = apply_changes(tables, measure.changes, f"measures/{name}.toml")
        applied.append(name)
    if chosen:
        tables = apply_changes(tables, chosen.overrides, f"scenarios/{scenario}.toml")
    beyond = tuple(overrides)
    tables = apply_changes(tables, beyond, "command line")
    return replace(
        case,
        tables=MappingProxyType(dict(tables)),
        year=year,
        applied=tuple(applied),
        scenario=scenario or case.scenario,
        overrides=(*case.overrides, *beyond),
        unchanged=case.as_read,
    )


def _known(things: Mapping[str, T], name: str, what: str) -> T:
    try:
        return things[name]
    except KeyError:
        hint = did_you_mean(name, things)
        message = f"no {what} '{name}' in this case; " + (hint or f"it has: {', '.join(things)}")
        raise ScenarioError(message) from None
