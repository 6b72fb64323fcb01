"""Movements of trains, ships and trucks in the first days of one replication."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from karvan.errors import SimulationError
from karvan.motion.clock import DAY_H
from karvan.motion.plan import Plan
from karvan.simulation.layout import lay_out
from karvan.simulation.log import event_log
from karvan.simulation.replications import Limits, run_replication
from karvan.simulation.simulate import MOST_EVENTS, MOST_INSIDE

Row = dict[str, Any]


def movements(plan: Plan, *, seed: int, days: int) -> Iterator[Row]:
    """Yield the rows of ``simulated_movements``.

    Parameters
    ----------
    plan : Plan
    seed : int
        The replication is the first of the study with this seed.
    days : int
        From the first day of the year; movements that begin in them are given.
    """
    log = _log(plan, seed, days)
    moved = _moved(plan, log)
    loads = _loads(plan, log)
    legs: dict[str, int] = {}
    for vehicle, ride, leg, start, end in moved.iter_rows():
        boarding = plan.rides[ride]
        _, from_node, to_node, link = boarding.legs[leg]
        legs[vehicle] = number = legs.get(vehicle, 0) + 1
        yield {
            "vehicle": vehicle,
            "leg": number,
            "kind": boarding.kind,
            "service": boarding.service,
            "from_node": from_node,
            "to_node": to_node,
            "links": link,
            "departs_h": start - plan.clock.warmup_h,
            "arrives_h": end - plan.clock.warmup_h,
            "load_teu": loads.get(vehicle, 0.0),
            "places_teu": boarding.places_teu,
        }


def _log(plan: Plan, seed: int, days: int) -> pl.DataFrame:
    layout = lay_out(plan.model)
    end = plan.clock.warmup_h + DAY_H * days
    limits = Limits(end, MOST_INSIDE, MOST_EVENTS)
    done = run_replication(
        layout, seed, 0, limits, warmup_h=0.0, bins=0, log=True, go_on=lambda: True
    )
    if done is None:  # nobody stops it
        raise SimulationError("the replication for the movements was given up")  # noqa: EM101
    return event_log(layout, done)


def _moved(plan: Plan, log: pl.DataFrame) -> pl.DataFrame:
    """Return vehicle, ride, leg, start and end of the movements that end in the log."""
    legs = pl.DataFrame(
        [
            {"ride": ride, "leg": n, "stage": stage}
            for ride, boarding in plan.rides.items()
            for n, (stage, *_) in enumerate(boarding.legs)
        ],
        schema={"ride": pl.String, "leg": pl.Int64, "stage": pl.String},
    )
    of_rides = log.with_columns(ride=pl.col("entity").str.replace(r" \d+$", ""))
    begun = of_rides.filter(pl.col("event") == "start").join(legs, on=["ride", "stage"])
    ended = log.filter(pl.col("event") == "end").select("entity", "stage", end_h="time_h")
    begun = begun.filter(pl.col("time_h") >= plan.clock.warmup_h)
    found = begun.join(ended, on=["entity", "stage"])
    return found.sort("entity", "time_h", "leg").select("entity", "ride", "leg", "time_h", "end_h")


def _loads(plan: Plan, log: pl.DataFrame) -> dict[str, float]:
    """Return the TEU aboard by vehicle."""
    lots = pl.DataFrame(
        {
            "source": [journey.id for journey in plan.journeys],
            "teu": [journey.lot.teu for journey in plan.journeys],
        },
        schema={"source": pl.String, "teu": pl.Float64},
    )
    boards = log.filter(pl.col("event") == "board")
    boards = boards.with_columns(source=pl.col("entity").str.replace(r" \d+$", ""))
    loads = boards.join(lots, on="source").group_by("carrier").agg(pl.col("teu").sum())
    return dict(loads.iter_rows())
