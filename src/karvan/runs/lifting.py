"""Measures with which more of the cargo could pass that has no room at any price."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from karvan.case import Case
from karvan.case.model import resolve
from karvan.case.settings import Change
from karvan.errors import NoPathError, ScenarioError
from karvan.freight.corridor import CorridorAssignment, assign, without_room

NETWORK = frozenset({"links", "services", "terminals", "transfers", "rates"})
ROOM = (
    *("capacity", "headway", "background", "departure", "calendar_id", "teu_per_train"),
    *("t_per_train", "state", "opens", "closes", "route", "stops"),
)
"""Beginnings of the columns that say how much can pass, and by which ways."""

LEAST_TEU = 1.0
"""Less is the rounding of two solutions."""


def lifting_rows(case: Case, found: CorridorAssignment, left: float) -> Iterator[Mapping[str, Any]]:
    """Return each measure not in force that leaves less than `left` [TEU a year] without room.

    Each is added by itself, as if it were in force in the year of the case, and the flows are
    assigned anew: a bypass lifts a cut as wider places in it do, and what narrows it does not.
    What a measure does to times and costs is left out, as it makes no room but would bring other
    ways into the choice sets.
    """
    remaining = {
        name: _left_with(case, found, name)
        for name, measure in case.measures.items()
        if name not in case.applied and any(map(_makes_room, measure.changes))
    }
    kept = {name: rest for name, rest in remaining.items() if rest < left - LEAST_TEU}
    for name, rest in sorted(kept.items(), key=lambda item: (item[1], item[0])):
        yield {"measure_id": name, "left_over_teu": rest}


def _makes_room(change: Change) -> bool:
    """Whether a change can let more pass: by what is there, or by how much passes."""
    if change.table not in NETWORK:
        return False
    return change.action in {"insert", "remove"} or change.column.startswith(ROOM)


def _left_with(case: Case, found: CorridorAssignment, name: str) -> float:
    """What has no room at any price with one measure more [TEU a year]; inf where it cannot be."""
    own = case.measures[name]
    room = [change for change in own.changes if _makes_room(change)]
    measure = own.model_copy(update={"from_year": case.year, "changes": room})
    try:
        # From the case as read, so that what a scenario sets still comes after its measures.
        changed = resolve(
            replace(case.as_read, measures={**case.measures, name: measure}),
            scenario=case.scenario,
            measures=(*case.applied, name),
            year=case.year,
            overrides=case.overrides,
        )
        cut = without_room(assign(changed, start=found))
    except (ScenarioError, NoPathError):
        return float("inf")
    return cut.left if cut else 0.0
