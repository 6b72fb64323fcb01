"""Replications of a model on threads, and their result."""

import hashlib
import json
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from math import inf

import polars as pl

from karvan.errors import SimulationError
from karvan.kernels import events as k
from karvan.simulation.checks import check, overloads
from karvan.simulation.layout import Layout, lay_out
from karvan.simulation.log import event_log
from karvan.simulation.model import Model
from karvan.simulation.replications import Limits, Replication, run_replication
from karvan.simulation.results import tables

MOST_INSIDE = 1_000_000
"""Entities inside at which a replication stops, if no other limit is given."""

MOST_EVENTS = 1 << 35
"""Events after which a replication stops: the counter in an event's key has 36 bits."""

STANDING_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """Result of :func:`simulate`.

    Attributes
    ----------
    seed : int
    model_hash : str
        SHA-256 of the model's tables.
    replications : DataFrame
        ``replication``, ``ended`` (why), ``time_h`` counted, ``events``.
    stages, classes, pools : DataFrame
        A row for each replication and stage, class or pool; means in h or numbers inside.
    series : DataFrame
        The stages in bins of time; empty unless asked for.
    histograms : dict of ndarray, shape (BINS,)
        Times in the system by class, over all replications, see
        :func:`karvan.simulation.results.bin_edges`; monitored stages: their waits under
        ``wait at <stage>``, the time with 0, 1, ... there under ``number at <stage>``.
    log : DataFrame or None
        Of the first replication, if asked for.
    warnings : tuple of str
    lost : dict
        Replications that died, with the reason.
    interrupted : bool
        Whether somebody stopped it; what was finished is kept.
    """

    seed: int
    model_hash: str
    replications: pl.DataFrame
    stages: pl.DataFrame
    classes: pl.DataFrame
    pools: pl.DataFrame
    series: pl.DataFrame
    histograms: dict[str, k.FloatArray]
    log: pl.DataFrame | None
    warnings: tuple[str, ...]
    lost: dict[int, str]
    interrupted: bool


def model_hash(model: Model) -> str:
    """Return the SHA-256 of a model's tables."""
    text = json.dumps(model.model_dump(by_alias=True), sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def simulate(
    model: Model,
    *,
    replications: int = 1,
    first: int = 0,
    seed: int = 0,
    threads: int = 1,
    horizon_h: float | None = None,
    warmup_h: float | None = None,
    bins: int = 0,
    log: bool = False,
    most_inside: int = MOST_INSIDE,
    most_events: int = MOST_EVENTS,
) -> SimulationResult:
    """Return what replications of a model leave.

    The result is the same for any number of threads, and the replications of two calls with
    ``first`` are those of one.

    Parameters
    ----------
    model : Model
    replications : int
        At least 1.
    first : int
        Number of the first one.
    seed : int
    threads : int
        At least 1.
    horizon_h, warmup_h : float, optional
        Instead of the model's [h].
    bins : int
        Parts of the time after the warm-up in the table ``series``; needs a horizon.
    log : bool
        Keep every event of the first replication.
    most_inside, most_events : int
        A replication stops there; what it has counted so far is kept, and a warning says so.

    Raises
    ------
    ModelError
        The model cannot be run as it stands.
    SimulationError
        No replication came to an end.
    """
    if replications < 1 or threads < 1 or first < 0 or bins < 0:
        message = (
            f"simulate: found replications={replications}, threads={threads}, first={first}, "
            f"bins={bins}; expected at least 1, 1, 0 and 0"
        )
        raise SimulationError(message)
    changes = {"horizon_h": horizon_h, "warmup_h": warmup_h}
    model = Model(**{**dict(model), **{n: v for n, v in changes.items() if v is not None}})
    check(model)
    layout = lay_out(model)
    limits = Limits(
        model.horizon_h or inf, min(most_inside, k.MOST_ROWS // 4), min(most_events, MOST_EVENTS)
    )
    stop = threading.Event()
    numbers = range(first, first + replications)

    def one(number: int) -> Replication | None:
        if stop.is_set():
            return None
        return run_replication(
            layout,
            seed,
            number,
            limits,
            warmup_h=model.warmup_h,
            bins=bins,
            log=log and number == first,
            go_on=lambda: not stop.is_set(),
        )

    with ThreadPoolExecutor(threads) as pool:
        futures = {number: pool.submit(one, number) for number in numbers}
        try:
            wait(futures.values())
        except KeyboardInterrupt:
            stop.set()
            wait(futures.values())
    done, lost = _gather(futures)
    if not done:
        reasons = "; ".join(f"replication {n}: {why}" for n, why in lost.items())
        message = f"no replication came to an end: {reasons or 'interrupted'}"
        raise SimulationError(message)
    found = tables(layout, done)
    warnings = [*overloads(model), *_endings(layout, done)]
    warnings += [f"replication {n} died and is left out: {why}" for n, why in lost.items()]
    return SimulationResult(
        seed=seed,
        model_hash=model_hash(model),
        **found,
        histograms=_histograms(layout, model, done),
        log=event_log(layout, done[0]) if log else None,
        warnings=tuple(warnings),
        lost=lost,
        interrupted=stop.is_set(),
    )


def _gather(
    futures: dict[int, "Future[Replication | None]"],
) -> tuple[list[Replication], dict[int, str]]:
    done, lost = [], {}
    for number, future in futures.items():
        error = future.exception()
        if error is not None:
            lost[number] = f"{type(error).__name__}: {error}"
            continue
        result = future.result()
        if result is not None:
            done.append(result)
    return done, lost


def _histograms(
    layout: Layout, model: Model, done: Sequence[Replication]
) -> dict[str, k.FloatArray]:
    rows = {name: int(layout.thing[c, k.C_HIST]) for name, c in layout.classes.items()}
    for stage in model.stages:
        s = layout.stages[stage.id]
        if stage.monitor:
            rows[f"wait at {stage.id}"] = int(layout.thing[s, k.HIST])
        if stage.count:
            rows[f"number at {stage.id}"] = int(layout.thing[s, k.OCC_HIST])
    return {
        name: sum((r.histogram[row] for r in done[1:]), done[0].histogram[row])
        for name, row in rows.items()
    }


def _endings(layout: Layout, done: Sequence[Replication]) -> list[str]:
    """Return a sentence for each way in which replications ended early."""
    names = {row: name for name, row in layout.stages.items()}
    found: dict[str, list[Replication]] = {}
    for r in done:
        if r.ended not in {"horizon", "empty"}:
            found.setdefault(r.ended, []).append(r)
    result = []
    for ended, of in found.items():
        r = of[0]
        numbers = f"replication(s) {', '.join(str(x.number) for x in of[:10])}"
        numbers += " ..." if len(of) > 10 else ""
        standing = sorted(r.inside.items(), key=lambda item: -item[1])[:STANDING_SHOWN]
        where = ", ".join(f"{n} at {names.get(s, '-')}" for s, n in standing)
        if ended == "deadlock":
            ring = _ring(r.waits_for, names)
            result.append(
                f"{numbers}: deadlock after {r.time_h:g} h: {ring}; each is full and all its "
                "servers hold who waits for the next: give one of them more places"
            )
        elif ended == "stuck":
            result.append(f"{numbers}: nothing can happen any more, still inside: {where}")
        else:
            result.append(
                f"{numbers}: stopped after {r.time_h:g} h, {ended} ({where}); "
                "what was counted so far is kept"
            )
    return result


def _ring(pairs: Sequence[tuple[int, int]], names: dict[int, str]) -> str:
    """Return a ring of stages that wait for each other as a text."""
    after = dict(pairs)
    at = pairs[0][0] if pairs else 0
    seen: list[int] = []
    while at in after and at not in seen:
        seen.append(at)
        at = after[at]
    ring = seen[seen.index(at) :] if at in seen else seen
    return " waits for ".join(names[s] for s in [*ring, at])
