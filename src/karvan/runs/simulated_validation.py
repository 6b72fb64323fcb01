"""Times of validation.csv that the simulation answers, beside the itineraries."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from karvan.case import Case
from karvan.errors import KarvanError
from karvan.freight.pathsets import alternatives_of
from karvan.motion import tables as of_study
from karvan.motion.build import plan_of
from karvan.motion.journeys import Journey, Ride, simulated_alternatives
from karvan.motion.probes import Question, probe_of
from karvan.motion.study import LEVELS, FloatArray, Study, study
from karvan.runs.flow_validation import assigned
from karvan.schema import list_of

Row = Mapping[str, Any]
Answer = tuple[float | None, float | None, float | None]

REPLICATIONS = 6
"""Years that the answers are the mean of; their intervals are wider than those of a run."""

QUANTILES = {"p10_h": LEVELS.index(0.1), "p50_h": LEVELS.index(0.5), "p90_h": LEVELS.index(0.9)}
QUANTITIES = frozenset({"mean_h", "transit_h", *QUANTILES})


def simulated_answers(
    rows: Sequence[Row], in_scenario: Callable[[str], Case]
) -> Mapping[str, Answer]:
    """Return mean, lower and upper end by row of validation.csv, of those that can be simulated.

    A few boxes a week are sent on the itinerary of each row, beside the cargo of its scenario.
    Rows whose itinerary does not cross what is simulated, and those without one, are left out; so
    are inputs, which check a row of the case and no model.
    """
    found: dict[str, Answer] = {}
    asked = [row for row in rows if _is_asked(row)]
    for scenario in sorted({row["scenario_id"] or "" for row in asked}):
        of_scenario = [row for row in asked if (row["scenario_id"] or "") == scenario]
        found |= _of_scenario(in_scenario, scenario, of_scenario)
    return found


def _is_asked(row: Row) -> bool:
    return row["quantity"] in QUANTITIES and not row["subject_id"] and row["role"] != "input"


def _of_scenario(
    in_scenario: Callable[[str], Case], scenario: str, rows: Sequence[Row]
) -> Mapping[str, Answer]:
    try:
        case = in_scenario(scenario)
        if not case.table("flows").height:
            return {}
        probes = {str(row["id"]): probe for row in rows for probe in _probe(case, row)}
        if not probes:
            return {}
        distinct = {probe.id: probe for probe in probes.values()}
        plan = plan_of(case, assigned(case), list(distinct.values()))
        if plan is None:
            return {}
        done = study(plan, replications=REPLICATIONS, threads=1)
    except KarvanError:
        # The row of the itineraries says what is wrong.
        return {}
    places = {journey.id: j for j, journey in enumerate(plan.journeys)}
    return {
        str(row["id"]): of_study.interval(_values(done, row, places[probes[str(row["id"])].id]))
        for row in rows
        if str(row["id"]) in probes and done.seen
    }


def _probe(case: Case, row: Row) -> list[Journey]:
    """Return the probe of a row, if it goes by an alternative that is simulated."""
    via, avoid = list_of(row["via"]), list_of(row["avoid"])
    try:
        # Rows that ask for the same way share a probe.
        name = " ".join((row["origin"], row["destination"], *via, "/", *avoid))
        probe = probe_of(case, Question(name, row["origin"], row["destination"], via, avoid))
    except KarvanError:
        return []
    passed = _passed(probe)
    by = next((a.id for a in alternatives_of(case) if a.gateways & passed), "")
    return [probe] if by in simulated_alternatives(case) else []


def _passed(journey: Journey) -> set[str]:
    """Return nodes, links and services."""
    names = set(journey.nodes)
    for part in journey.parts:
        if isinstance(part, Ride):
            names |= {str(move.link["id"]) for move in part.moves}
            names |= {part.carrier.name}
    return names


def _values(done: Study, row: Row, j: int) -> FloatArray:
    """Return the value of a row in each replication [h]."""
    if row["quantity"] in QUANTILES:
        return done.stack("quantile_h")[:, QUANTILES[row["quantity"]], j]
    mean = done.stack("mean_h")[:, j]
    if row["quantity"] == "mean_h":
        return mean
    values: FloatArray = mean - of_study.at_the_ends(done, done.plan.journeys[j])
    return np.asarray(values, dtype=np.float64)
