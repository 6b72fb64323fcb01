"""Replications of a plan, reduced to the numbers that results need as soon as each is done."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from karvan.kernels import events as k
from karvan.motion.clock import DAY_H
from karvan.motion.plan import Plan
from karvan.network.calendars import MONTHS
from karvan.simulation.checks import check
from karvan.simulation.endings import endings
from karvan.simulation.layout import Layout, lay_out
from karvan.simulation.precision import PrecisionRule, run_until_precise
from karvan.simulation.replications import Limits, Replication, run_replication
from karvan.simulation.results import bin_edges, histogram_quantile
from karvan.simulation.simulate import MOST_EVENTS, MOST_INSIDE, Runs

FloatArray = NDArray[np.float64]

DAYS = 366
"""Full days on the way that are told apart; what takes longer counts as the last."""

LEVELS = (0.1, 0.5, 0.9)
WAITS = {
    "queue": k.X_QUEUE,
    "closure": k.X_CLOSED,
    "batch": k.X_BATCH,
    "pool": k.X_POOL,
    "blocked": k.X_BLOCKED,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of one replication; rows in the order of the plan.

    Attributes
    ----------
    number : int
    events : int
    law_error : float
    hours : float
        Time counted [h].
    left, came, inside : ndarray, shape (n_journeys,)
        Lots that arrived, entered, and are under way at the end.
    inside_h : ndarray, shape (n_journeys,)
        Lot hours on the way.
    mean_h : ndarray, shape (n_journeys,)
    quantile_h : ndarray, shape (3, n_journeys)
    days : ndarray, shape (n_journeys, DAYS)
        Lots by full days on the way.
    started, arrived, services, work_h : ndarray, shape (n_stages,)
    waits_h : ndarray, shape (5, n_stages)
        Entity hours by cause, in the order of :data:`WAITS`.
    used : ndarray, shape (n_pools,)
        Mean units in use.
    left_by_month, started_by_month, work_by_month, used_by_month : ndarray, shape (12, ...)
        Of twelve equal parts of the year; of pools unit hours in use.
    """

    number: int
    events: int
    law_error: float
    hours: float
    left: FloatArray
    came: FloatArray
    inside: FloatArray
    inside_h: FloatArray
    mean_h: FloatArray
    quantile_h: FloatArray
    days: FloatArray
    started: FloatArray
    arrived: FloatArray
    services: FloatArray
    work_h: FloatArray
    waits_h: FloatArray
    used: FloatArray
    left_by_month: FloatArray
    started_by_month: FloatArray
    work_by_month: FloatArray
    used_by_month: FloatArray


@dataclass(frozen=True, slots=True)
class Study:
    """Replications of a plan.

    Attributes
    ----------
    plan : Plan
    seed : int
    seen : tuple of Seen
        In the order of their numbers; those that did not reach the end of the year are left out.
    lost : dict
        Why replications are left out.
    """

    plan: Plan
    seed: int
    seen: tuple[Seen, ...]
    lost: dict[int, str]

    def stack(self, name: str) -> FloatArray:
        """Return an attribute of all replications, replications first."""
        return np.array([getattr(one, name) for one in self.seen])


def study(
    plan: Plan,
    *,
    replications: int,
    first: int = 0,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Study:
    """Return replications of a plan; the same for any number of threads.

    Parameters
    ----------
    plan : Plan
    replications, first : int
        How many, and the number of the first one.
    seed, threads : int
    progress : callable
        Takes the share done.

    Raises
    ------
    ModelError
        The model cannot be run as it stands.
    """
    check(plan.model)
    layout = lay_out(plan.model)
    limits = Limits(plan.clock.horizon_h, MOST_INSIDE, MOST_EVENTS)
    early: dict[int, str] = {}

    def one(number: int, stop: threading.Event) -> Seen | None:
        done = run_replication(
            layout,
            seed,
            number,
            limits,
            warmup_h=plan.clock.warmup_h,
            bins=MONTHS,
            log=False,
            go_on=lambda: not stop.is_set(),
        )
        if done is None:
            return None
        if done.ended not in {"horizon", "empty"}:
            early[number] = "; ".join(endings(layout, [done])) or done.ended
            return None
        return _seen(layout, plan, done)

    run = Runs(one, threads, progress)
    run.more(range(first, first + replications))
    if run.interrupted:
        raise KeyboardInterrupt
    return Study(plan, seed, tuple(run.done), dict(sorted((early | run.lost).items())))


def study_until(
    plan: Plan,
    rule: PrecisionRule,
    *,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Study:
    """Return as many replications as the mean times of all alternatives need to be so precise.

    Numbers go on from round to round, so that the study is that of one call with as many.
    """
    done: list[Study] = []

    def more(numbers: range) -> Mapping[str, Sequence[float]]:
        done.append(
            study(
                plan,
                replications=len(numbers),
                first=numbers.start,
                seed=seed,
                threads=threads,
                progress=lambda share: progress(share if not done else 1.0),
            )
        )
        found = {one.number: one for one in done[-1].seen}
        times = {n: alternative_times(plan, one) for n, one in found.items()}
        names = sorted({journey.alternative for journey in plan.journeys})
        return {
            name: [times[n].get(name, nan) if n in times else nan for n in numbers]
            for name in names
        }

    run_until_precise(rule, more)
    seen = tuple(one for part in done for one in part.seen)
    lost = {n: why for part in done for n, why in part.lost.items()}
    return replace(done[0], seen=seen, lost=lost)


def alternative_times(plan: Plan, one: Seen) -> dict[str, float]:
    """Return the mean time of a TEU that arrived by each alternative [h]."""
    sums: dict[str, list[float]] = {}
    for j, journey in enumerate(plan.journeys):
        if one.left[j]:
            teu = float(one.left[j]) * journey.lot.teu
            total = sums.setdefault(journey.alternative, [0.0, 0.0])
            total[0] += teu * float(one.mean_h[j])
            total[1] += teu
    return {name: hours / teu for name, (hours, teu) in sums.items()}


def _seen(layout: Layout, plan: Plan, r: Replication) -> Seen:
    classes = [layout.classes[journey.id] for journey in plan.journeys]
    stages, pools = list(layout.stages.values()), list(layout.pools.values())
    left = r.thing[classes, k.C_EXITS].astype(np.float64)
    histogram = np.array([r.histogram(int(number)) for number in r.thing[classes, k.C_HIST]])
    histogram = histogram.reshape(-1, k.BINS)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(left > 0.0, r.real[classes, k.X_C_SUM] / left, nan)
    work = r.real[stages][:, [k.X_WORK, k.X_BLOCKED, k.X_AWAY]].sum(axis=1)
    by_month = r.snapshot_real[:, stages][:, :, [k.X_WORK, k.X_BLOCKED, k.X_AWAY]].sum(axis=2)
    hours = max(r.time_h, 1e-300)
    return Seen(
        number=r.number,
        events=r.events,
        law_error=r.law_error,
        hours=hours,
        left=left,
        came=r.thing[classes, k.C_CREATED].astype(np.float64),
        inside=r.thing[classes, k.C_INSIDE].astype(np.float64),
        inside_h=r.real[classes, k.X_C_AREA],
        mean_h=mean,
        quantile_h=np.array([[histogram_quantile(h, q) for h in histogram] for q in LEVELS]),
        days=_days(histogram),
        started=r.thing[stages, k.STARTED].astype(np.float64),
        arrived=r.thing[stages, k.ARRIVED].astype(np.float64),
        services=r.thing[stages, k.SERVICES].astype(np.float64),
        work_h=work,
        waits_h=np.maximum(r.real[stages][:, list(WAITS.values())].T, 0.0),
        used=r.real[pools, k.X_P_AREA] / hours,
        left_by_month=_steps(r.snapshot_thing[:, classes, k.C_EXITS]),
        started_by_month=_steps(r.snapshot_thing[:, stages, k.STARTED]),
        work_by_month=_steps(by_month),
        used_by_month=_steps(_used_until(r, pools)),
    )


def _used_until(r: Replication, pools: Sequence[int]) -> FloatArray:
    """Return the unit hours of pools up to the end of each part [h], shape (12, n_pools).

    What is in use at an end counts up to it, though its account waits for the next change.
    """
    real, thing = r.snapshot_real[:, pools], r.snapshot_thing[:, pools]
    taken = thing[:, :, k.P_UNITS] - thing[:, :, k.P_FREE]
    since = r.snapshot_h[:, None] - real[:, :, k.X_P_LAST]
    found: FloatArray = real[:, :, k.X_P_AREA] + taken * since
    return found


def _steps(totals: NDArray[np.float64] | NDArray[np.int64]) -> FloatArray:
    """Return what each part added to running totals."""
    found: FloatArray = np.diff(totals.astype(np.float64), axis=0, prepend=0.0)
    return found


def _days(histogram: FloatArray) -> FloatArray:
    """Return counts by full days from histograms of hours, by the middle of each bin."""
    edges = bin_edges()
    day = np.minimum((edges[:-1] + edges[1:]) / 2.0 // DAY_H, DAYS - 1).astype(np.int64)
    found = np.zeros((len(histogram), DAYS))
    rows = np.arange(len(histogram))[:, None]
    np.add.at(found, (rows, day[None, :]), histogram)
    return found
