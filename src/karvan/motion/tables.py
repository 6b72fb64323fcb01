"""Result tables of a study of the corridor."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from math import inf, isnan
from typing import Any

import numpy as np

from karvan.motion.clock import DAY_H
from karvan.motion.journeys import Handling, Journey, Part
from karvan.motion.plan import Fleet, Label, Passage, Place
from karvan.motion.study import DAYS, LEVELS, WAITS, FloatArray, Study
from karvan.network.calendars import MONTHS
from karvan.schema import LIST_SEPARATOR
from karvan.simulation.model import Batch
from karvan.simulation.statistics import CONFIDENCE, interval_of

Row = dict[str, Any]
PLACE = ("kind", "id", "from_node", "to_node", "resource")
Used = tuple[Place, Label, FloatArray, FloatArray, FloatArray, FloatArray, float | None]
LEAST_H = 1e-6
"""Waits shorter than that are the rounding of integrals."""

LEFT_SHARE = 0.01
"""Share of what arrives that has to stay behind before a service counts as too small.

Assumed, as GROWS_FROM: both only decide what is cautioned, and only beside an interval above 0.
"""

GROWS_FROM = 0.95
"""Utilization from which a line that is longer at the end is said to grow."""


def interval(values: FloatArray) -> tuple[float | None, float | None, float | None]:
    """Return mean, lower and upper end over replications; None where there is no value."""
    there = values[~np.isnan(values)]
    if not len(there):
        return None, None, None
    if len(there) == 1:
        return float(there[0]), None, None
    found = interval_of(there, CONFIDENCE, ())
    return (
        found.estimate,
        max(found.estimate - found.half_width, 0.0) if there.min() >= 0.0 else found.low,
        found.estimate + found.half_width,
    )


def named(name: str, unit: str, values: FloatArray) -> Row:
    """Return three columns: ``<name>_<unit>``, ``<name>_low_<unit>``, ``<name>_high_<unit>``."""
    end = f"_{unit}" if unit else ""
    keys = (f"{name}{end}", f"{name}_low{end}", f"{name}_high{end}")
    return dict(zip(keys, interval(values), strict=True))


def journeys(study: Study) -> Iterator[Row]:
    """Yield the rows of ``simulated_journeys``."""
    left, came, mean = (study.stack(n) for n in ("left", "came", "mean_h"))
    quantile = study.stack("quantile_h")
    for j, journey in enumerate(study.plan.journeys):
        yield {
            "journey_id": journey.id,
            "origin": journey.flow.origin,
            "destination": journey.flow.destination,
            "commodity_id": journey.flow.goods["id"],
            "alternative_id": journey.alternative,
            "nodes": LIST_SEPARATOR.join(journey.nodes),
            **named("arrived", "teu_per_year", left[:, j] * journey.lot.teu),
            "left_behind_teu": float((came - left)[:, j].mean()) * journey.lot.teu,
            **named("mean", "h", mean[:, j]),
            **{
                key: value
                for level, values in zip(LEVELS, np.moveaxis(quantile, 1, 0), strict=True)
                for key, value in named(f"p{round(100 * level)}", "h", values[:, j]).items()
            },
        }


def replications(study: Study) -> Iterator[Row]:
    """Yield the rows of ``simulated_replications``, what paired comparisons are made of."""
    for one in study.seen:
        for j, journey in enumerate(study.plan.journeys):
            arrived = bool(one.left[j])
            yield {
                "replication": one.number,
                "journey_id": journey.id,
                "arrived_teu": float(one.left[j]) * journey.lot.teu,
                "mean_h": float(one.mean_h[j]) if arrived else None,
                "p90_h": float(one.quantile_h[LEVELS.index(0.9), j]) if arrived else None,
            }


def times(study: Study) -> Iterator[Row]:
    """Yield the rows of ``simulated_times``: shares by full days on the way."""
    days = study.stack("days")
    total = days.sum(axis=2, keepdims=True)
    with np.errstate(invalid="ignore"):
        shares = np.where(total > 0.0, days / total, np.nan)
    for j, journey in enumerate(study.plan.journeys):
        for day in range(DAYS):
            if days[:, j, day].any():
                yield {
                    "journey_id": journey.id,
                    "day": day,
                    **named("arrived", "share", shares[:, j, day]),
                }


def waits(study: Study) -> Iterator[Row]:
    """Yield the rows of ``simulated_waits``: time by step and cause along each journey.

    A wait is the mean of all who pass the stage: cargo of two journeys in one line waits equally
    long.  What is aboard waits with what carries it.
    """
    mean_wait = _mean_waits(study)
    for journey in study.plan.journeys:
        step, before = 0, None
        found: dict[str, FloatArray] = {}
        for passage in study.plan.passages[journey.id]:
            label = study.plan.labels[passage.stage]
            place = (label.place[0], label.place[1], passage.node, passage.to_node)
            if before is not None and place != before:
                yield from _step_rows(journey.id, step, before, found)
                found = {}
            if place != before:
                step += 1
            before = place
            for cause, hours in _causes(passage, label, mean_wait[passage.stage]):
                found[cause] = found.get(cause, 0.0) + hours
        if before is not None:
            yield from _step_rows(journey.id, step, before, found)


def at_the_ends(study: Study, journey: Journey) -> FloatArray:
    """Return loading, the wait for the first departure and unloading [h] in each replication.

    They are what door-to-door time has beyond the transit time.
    """
    mean_wait = _mean_waits(study)
    passages = study.plan.passages[journey.id]
    first = _handled_at(study, journey.parts[0], passages)
    last = _handled_at(study, journey.parts[-1], passages[::-1])
    ends = (*passages[: first + 1], *passages[len(passages) - last :])
    total = np.zeros(len(study.seen))
    for passage in ends:
        label = study.plan.labels[passage.stage]
        for _, hours in _causes(passage, label, mean_wait[passage.stage]):
            total += hours
    return total


def _handled_at(study: Study, part: Part, passages: Sequence[Passage]) -> int:
    """Return how many of the first passages belong to a handling; none do to a ride."""
    if not isinstance(part, Handling):
        return 0
    places = (study.plan.labels[passage.stage].place for passage in passages)
    own = ("transfer", str(part.transfer["id"]))
    return sum(1 for _ in takewhile(lambda p: p[:2] == own or p[-1] == "yard", places))


def _step_rows(
    journey: str, step: int, place: tuple[str, ...], found: Mapping[str, FloatArray]
) -> Iterator[Row]:
    for cause, hours in found.items():
        if hours.mean() > LEAST_H:
            yield {
                "journey_id": journey,
                "step": step,
                "cause": cause,
                **dict(zip(("kind", "id", "node", "to_node"), place, strict=True)),
                **_mean_of_step(hours),
            }


def _mean_of_step(hours: FloatArray) -> Row:
    """Return the columns of a mean; the time of a distribution of the model has no interval."""
    found = named("mean", "h", hours)
    if len(hours) > 1 and np.ptp(hours) == 0.0:
        found |= {"mean_low_h": None, "mean_high_h": None}
    return found


def _mean_waits(study: Study) -> Mapping[str, FloatArray]:
    """Return by stage the mean waits [h] of who begins there, shape (5, n_replications)."""
    started = np.maximum(study.stack("started"), 1.0)
    each = study.stack("waits_h") / started[:, None, :]
    names = [stage.id for stage in study.plan.model.stages]
    return {name: each[:, :, s].T for s, name in enumerate(names)}


def _causes(
    passage: Passage, label: Label, waits_h: FloatArray
) -> Iterator[tuple[str, FloatArray]]:
    """Yield cause and time of a passage, an array over replications."""
    if passage.mean_h and label.cause:
        yield label.cause, np.full(waits_h.shape[1], passage.mean_h)
    for cause, hours in zip(WAITS, waits_h, strict=True):
        yield (label.waits or {}).get(cause, cause), passage.share * hours


def resources(study: Study) -> Iterator[Row]:
    """Yield the rows of ``simulated_resources``."""
    through = passing(study)
    for place, label, busy, passed, hours, began, growth in _resources(study):
        wait = hours / np.maximum(began, 1.0)
        waiting = float((hours / study.stack("hours")).mean())
        yield {
            **dict(zip(PLACE, place, strict=True)),
            "servers": label.servers,
            **named("busy", "share", busy),
            "unit": label.unit,
            **named("passed", "", passed),
            "passed_teu_per_year": through.get(place, 0.0),
            **named("wait", "h", wait),
            "waiting": waiting,
            "growth_per_day": growth,
        }


def _resources(
    study: Study,
) -> Iterator[Used]:
    """Yield place, label, utilization, number passed, hours waited, by how many, and growth."""
    hours = study.stack("hours")
    started, arrived, work = (study.stack(n) for n in ("started", "arrived", "work_h"))
    waited = study.stack("waits_h").sum(axis=1)
    for s, stage in enumerate(study.plan.model.stages):
        label = study.plan.labels[stage.id]
        if not label.resource:
            continue
        busy = _busy(label, work[:, s], started[:, s], hours)
        more = (arrived - started)[:, s] / hours * DAY_H
        passed = started[:, s]
        yield label.place, label, busy, passed, waited[:, s], passed, _growth(busy, more)
    yield from _fleets(study)


def _busy(label: Label, work: FloatArray, started: FloatArray, hours: FloatArray) -> FloatArray:
    if label.servers:
        return work / hours / label.servers
    if label.hours_each:
        return started * label.hours_each / hours
    return np.full(len(hours), np.nan)


def _growth(busy: FloatArray, more_a_day: FloatArray) -> float | None:
    """Return what is added to a line a day, where its resource is busy all the time."""
    middle, low, _ = interval(more_a_day)
    if middle is None or isnan(float(busy.mean())) or busy.mean() < GROWS_FROM:
        return None
    return middle if low is not None and low > 0.0 else None


def lines_left_behind(study: Study) -> Iterator[tuple[str, str, float]]:
    """Yield service, node and lots a day that departures leave behind, where they cannot keep up.

    Of services that have a train or ship for each departure; those of a fleet are a resource.
    """
    hours = study.stack("hours")
    started, arrived = study.stack("started"), study.stack("arrived")
    of_fleets = {stage for fleet in study.plan.fleets for stage in fleet.boarding}
    for s, stage in enumerate(study.plan.model.stages):
        kind, name, start, *_ = study.plan.labels[stage.id].place
        if stage.batch is None or stage.id in of_fleets or kind != "service":
            continue
        more = (arrived - started)[:, s] / hours * DAY_H
        middle, low, _ = interval(more)
        least = LEFT_SHARE * float(arrived[:, s].mean() / hours.mean()) * DAY_H
        least = max(least, _room(study, stage.batch) / float(hours.mean()) * DAY_H)
        if middle is not None and low is not None and low > 0.0 and middle > least:
            yield name, start, middle


def _room(study: Study, batch: Batch) -> float:
    """Return how many lots one departure takes at least: so many more are gone with the next."""
    lots = [journey.lot for journey in study.plan.journeys]
    places = (batch.max_length_m or inf) / max(max(lot.places_teu for lot in lots), 1e-9)
    weight = (batch.max_weight_t or inf) / max(max(lot.weight_t for lot in lots), 1e-9)
    return min(places, weight, float(batch.most))


def fleet_place(fleet: Fleet) -> Place:
    """Return the place of a fleet in the result tables."""
    return ("fleet", fleet.service, "", "", "vessels" if fleet.unit == "vessels" else "wagons")


def _fleets(
    study: Study,
) -> Iterator[Used]:
    names = [stage.id for stage in study.plan.model.stages]
    used, services, waited = (study.stack(n) for n in ("used", "services", "waits_h"))
    started, arrived = study.stack("started"), study.stack("arrived")
    for fleet in study.plan.fleets:
        idle = _idle(study, fleet, used)
        at = [names.index(stage) for stage in fleet.boarding]
        pool = list(WAITS).index("pool")
        place = fleet_place(fleet)
        label = Label(place, "", fleet.unit, float(fleet.vessels), resource=True)
        busy = 1.0 - idle / fleet.vessels
        hours = waited[:, pool, at].sum(axis=1)
        began = started[:, at].sum(axis=1)
        more = (arrived[:, at].sum(axis=1) - began) / study.stack("hours") * DAY_H
        passed = services[:, at].sum(axis=1)
        yield place, label, busy, passed, hours, began, _growth(busy, more)


def _idle(study: Study, fleet: Fleet, used: FloatArray) -> FloatArray:
    """Return how many ships or wagon sets are free at both ends, by the units in use."""
    own = [p for p, pool in enumerate(study.plan.model.pools) if pool.id in fleet.pools]
    units = sum(study.plan.model.pools[p].units for p in own)
    idle: FloatArray = units - used[:, own].sum(axis=1)
    return idle


def passing(study: Study) -> Mapping[Place, float]:
    """Return the TEU a year of the journeys that pass each resource."""
    left = study.stack("left").mean(axis=0)
    found: dict[Place, float] = defaultdict(float)
    boards = {stage: fleet for fleet in study.plan.fleets for stage in fleet.boarding}
    for j, journey in enumerate(study.plan.journeys):
        places = set()
        for passage in study.plan.passages[journey.id]:
            places.add(study.plan.labels[passage.stage].place)
            if passage.stage in boards:
                places.add(fleet_place(boards[passage.stage]))
        for place in places:
            found[place] += float(left[j]) * journey.lot.teu
    return found


def months(study: Study) -> Iterator[Row]:
    """Yield the rows of ``simulated_months``; months are twelve equal parts of the year."""
    hours = study.stack("hours") / MONTHS
    started, work = study.stack("started_by_month"), study.stack("work_by_month")
    through = passing(study)
    for s, stage in enumerate(study.plan.model.stages):
        label = study.plan.labels[stage.id]
        if not label.resource:
            continue
        total = np.maximum(started[:, :, s].sum(axis=1), 1.0)
        for month in range(MONTHS):
            share = started[:, month, s] / total
            yield {
                **dict(zip(PLACE, label.place, strict=True)),
                "month": month + 1,
                **named(
                    "busy", "share", _busy(label, work[:, month, s], started[:, month, s], hours)
                ),
                **named("passed", "teu", share * through.get(label.place, 0.0)),
            }
    yield from _fleets_by_month(study, through)
    yield from _corridors(study)


def _fleets_by_month(study: Study, through: Mapping[Place, float]) -> Iterator[Row]:
    hours = study.stack("hours") / MONTHS
    started, used = study.stack("started_by_month"), study.stack("used_by_month")
    names = [stage.id for stage in study.plan.model.stages]
    for fleet in study.plan.fleets:
        place = fleet_place(fleet)
        at = [names.index(stage) for stage in fleet.boarding]
        own = started[:, :, at].sum(axis=2)
        total = np.maximum(own.sum(axis=1), 1.0)
        for month in range(MONTHS):
            idle = _idle(study, fleet, used[:, month] / hours[:, None])
            share = own[:, month] / total
            yield {
                **dict(zip(PLACE, place, strict=True)),
                "month": month + 1,
                **named("busy", "share", 1.0 - idle / fleet.vessels),
                **named("passed", "teu", share * through.get(place, 0.0)),
            }


def _corridors(study: Study) -> Iterator[Row]:
    left = study.stack("left_by_month")
    by: dict[str, list[int]] = defaultdict(list)
    for j, journey in enumerate(study.plan.journeys):
        by[journey.alternative].append(j)
    teu = np.array([journey.lot.teu for journey in study.plan.journeys])
    for alternative, columns in sorted(by.items()):
        for month in range(MONTHS):
            passed = (left[:, month, columns] * teu[columns]).sum(axis=1)
            yield {
                **dict(zip(PLACE, ("corridor", alternative, "", "", ""), strict=True)),
                "month": month + 1,
                "busy_share": None,
                "busy_low_share": None,
                "busy_high_share": None,
                **named("passed", "teu", passed),
            }
