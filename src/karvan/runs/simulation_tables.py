"""The simulation of a case as result tables."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.case.results import result_frame
from karvan.errors import ModelError, NoPathError
from karvan.motion import tables as of_study
from karvan.motion.build import plan_of
from karvan.motion.movements import movements
from karvan.motion.study import Study, study
from karvan.runs.flow_validation import assigned
from karvan.simulation.simulate import model_hash
from karvan.simulation.statistics import CONFIDENCE, setting_cautions

Row = dict[str, Any]
Progress = Callable[[float], None]

REPLICATIONS = 30
"""Replications of a year, unless a run is asked for others."""

TABLES = (
    "simulation",
    "simulated_journeys",
    "simulated_times",
    "simulated_waits",
    "simulated_resources",
    "simulated_months",
    "simulated_bottlenecks",
    "simulated_movements",
)


def simulation_tables(
    case: Case, progress: Progress, *, seed: int, replications: int = REPLICATIONS
) -> Mapping[str, pl.DataFrame]:
    """Return the tables of the simulation; empty ones where nothing goes through it."""
    empty = {name: result_frame(name, []) for name in TABLES}
    if not case.table("flows").height:
        return empty
    try:
        plan = plan_of(case, assigned(case))
        if not plan.journeys:
            return empty
        found = study(
            plan,
            replications=replications,
            seed=seed,
            threads=2,
            progress=lambda share: progress(0.8 * share),
        )
    except NoPathError:
        return empty
    except ModelError as error:
        return empty | {"simulation": result_frame("simulation", [_stopped(seed, str(error))])}
    moved = movements(plan, seed=seed, days=case.settings.simulation.movement_days)
    rows: dict[str, Iterator[Row]] = {
        "simulation": iter([_summary(found)]),
        "simulated_journeys": of_study.journeys(found),
        "simulated_times": of_study.times(found),
        "simulated_waits": of_study.waits(found),
        "simulated_resources": of_study.resources(found),
        "simulated_months": of_study.months(found),
        "simulated_bottlenecks": iter([]),
        "simulated_movements": moved,
    }
    return {name: result_frame(name, rows[name]) for name in TABLES}


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
    """Return the half-width over the mean of the door-to-door time of a TEU of all journeys."""
    teu = np.array([journey.lot.teu for journey in found.plan.journeys])
    left, mean = found.stack("left") * teu, found.stack("mean_h")
    values = np.nansum(left * mean, axis=1) / np.maximum(left.sum(axis=1), 1.0)
    middle, low, _ = of_study.interval(values)
    return None if middle is None or low is None or not middle else (middle - low) / middle


def _cautions(found: Study) -> Iterator[str]:
    yield from (f"replication {n}: {why}" for n, why in found.lost.items())
    if found.seen:
        fewest = int(min(one.left.sum() for one in found.seen))
        for caution in setting_cautions(len(found.seen), max(fewest, 1)):
            if caution.name != "no_warmup" or not found.plan.clock.warmup_h:
                yield caution.text
    if found.plan.left_out_teu:
        yield f"{found.plan.left_out_teu:,.0f} TEU a year on small itineraries are left out"
    yield from found.plan.notes
