"""The simulation of a case as result tables."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.case.results import result_frame
from karvan.errors import ModelError, NoPathError
from karvan.motion import tables as of_study
from karvan.motion.bottlenecks import bottlenecks
from karvan.motion.build import plan_of
from karvan.motion.movements import movements
from karvan.motion.plan import Plan
from karvan.motion.study import Study, alternative_times, study, study_until
from karvan.runs.flow_validation import assigned
from karvan.simulation.precision import FEWEST, PrecisionRule
from karvan.simulation.simulate import model_hash
from karvan.simulation.statistics import CONFIDENCE, setting_cautions

Row = dict[str, Any]
Progress = Callable[[float], None]

REPLICATIONS = 30
"""Replications of a year, unless a run is asked for others."""

MOST_REPLICATIONS = 300
"""Replications at which a run for a precision stops."""

TABLES = (
    "simulation",
    "simulated_journeys",
    "simulated_replications",
    "simulated_times",
    "simulated_waits",
    "simulated_resources",
    "simulated_months",
    "simulated_bottlenecks",
    "simulated_movements",
)


def simulation_tables(
    case: Case, progress: Progress, *, seed: int, replications: int, precision: float | None = None
) -> Mapping[str, pl.DataFrame]:
    """Return the tables of the simulation; empty ones where nothing goes through it.

    Parameters
    ----------
    case : Case
    progress : callable
    seed, replications : int
    precision : float, optional
        Go on until the mean time by each alternative is so precise, a share; `replications` is
        then the fewest.
    """
    empty = {name: result_frame(name, []) for name in TABLES}
    if not case.table("flows").height:
        return empty
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    try:
        plan = plan_of(case, assigned(case))
        if plan is None:
            return empty
        found = _study(
            plan, seed, replications, precision, threads, lambda share: progress(0.6 * share)
        )
    except NoPathError:
        return empty
    except ModelError as error:
        # A scenario may shut a port for good: the run goes on and says what can never leave.
        return empty | {"simulation": result_frame("simulation", [_stopped(seed, str(error))])}
    if not found.seen:
        why = "\n".join(_cautions(found))
        return empty | {"simulation": result_frame("simulation", [_stopped(seed, why)])}
    tight = bottlenecks(
        case, found, threads=threads, progress=lambda share: progress(0.6 + 0.35 * share)
    )
    rows: dict[str, Iterator[Row]] = {
        "simulation": iter([_summary(found)]),
        "simulated_journeys": of_study.journeys(found),
        "simulated_replications": of_study.replications(found),
        "simulated_times": of_study.times(found),
        "simulated_waits": of_study.waits(found),
        "simulated_resources": of_study.resources(found),
        "simulated_months": of_study.months(found),
        "simulated_bottlenecks": tight,
        "simulated_movements": movements(
            plan, seed=seed, days=case.settings.simulation.movement_days
        ),
    }
    return {name: result_frame(name, rows[name]) for name in TABLES}


def _study(
    plan: Plan,
    seed: int,
    replications: int,
    precision: float | None,
    threads: int,
    progress: Progress,
) -> Study:
    if precision is None:
        return study(plan, replications=replications, seed=seed, threads=threads, progress=progress)
    fewest = max(replications, FEWEST)
    rule = PrecisionRule(precision, fewest=fewest, most=max(MOST_REPLICATIONS, fewest))
    return study_until(plan, rule, seed=seed, threads=threads, progress=progress)


def _summary(found: Study) -> Row:
    plan = found.plan
    return {
        "model_hash": model_hash(plan.model),
        "seed": found.seed,
        "replications": len(found.seen),
        "lost": len(found.lost),
        "horizon_h": plan.clock.year_h,
        "warmup_h": plan.clock.warmup_h,
        "events": sum(one.events for one in found.seen),
        "level_share": CONFIDENCE,
        "precision_share": _precision(found),
        "law_error": max((one.law_error for one in found.seen), default=0.0),
        "cautions": "\n".join(_cautions(found)),
    }


def _stopped(seed: int, why: str) -> Row:
    zeros = dict.fromkeys(("replications", "lost", "events"), 0)
    return {
        "model_hash": "",
        "seed": seed,
        **zeros,
        "horizon_h": 0.0,
        "warmup_h": 0.0,
        "level_share": CONFIDENCE,
        "precision_share": None,
        "law_error": 0.0,
        "cautions": why,
    }


def _precision(found: Study) -> float | None:
    """Return the largest half-width over mean of the mean times by the alternatives."""
    times = [alternative_times(found.plan, one) for one in found.seen]
    shares = []
    for name in {name for by in times for name in by}:
        middle, low, _ = of_study.interval(np.array([by.get(name, np.nan) for by in times]))
        if middle and low is not None:
            shares.append((middle - low) / middle)
    return max(shares, default=None)


def _cautions(found: Study) -> Iterator[str]:
    yield from (f"replication {n}: {why}" for n, why in found.lost.items())
    if not found.seen:
        return
    fewest = int(min(one.left.sum() for one in found.seen))
    for caution in setting_cautions(len(found.seen), max(fewest, 1)):
        if caution.name != "no_warmup" or not found.plan.clock.warmup_h:
            yield caution.text
    for row in of_study.resources(found):
        if row["growth_per_day"]:
            # Cargo waits for ships and wagon sets, not they.
            unit = "lots" if row["kind"] == "fleet" else row["unit"]
            yield (
                f"{row['kind']} {row['id']}: more arrives than {row['resource']} can serve; the "
                f"line grows by {row['growth_per_day']:.2g} {unit} a day"
            )
    for service, node, lots in of_study.lines_left_behind(found):
        yield (
            f"service {service}: more arrives at {node} than its departures take; the line grows "
            f"by {lots:.2g} lots a day"
        )
    if found.plan.left_out_teu:
        yield f"{found.plan.left_out_teu:,.0f} TEU a year on small itineraries are left out"
