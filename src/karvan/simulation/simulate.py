"""Replications of a model on threads, and their result."""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from math import inf, nan
from typing import Generic, TypeVar

import numpy as np
import polars as pl
from pydantic import ValidationError

from karvan.errors import ModelError, SimulationError
from karvan.kernels import events as k
from karvan.simulation.checks import check
from karvan.simulation.endings import endings
from karvan.simulation.layout import Layout, lay_out
from karvan.simulation.loads import overloads
from karvan.simulation.log import event_log
from karvan.simulation.model import Model
from karvan.simulation.precision import Decision, PrecisionRule, run_until_precise
from karvan.simulation.reader import problems_of
from karvan.simulation.replications import Limits, Replication, run_replication
from karvan.simulation.results import tables
from karvan.simulation.statistics import CONFIDENCE, Caution
from karvan.simulation.summary import cautions, intervals, unsettled, waits
from karvan.simulation.waits import WaitSummary

T = TypeVar("T")

MOST_INSIDE = 1_000_000
"""Entities inside at which a replication stops, if no other limit is given."""

LOOK_S = 0.2
"""Seconds between two looks at whether somebody pressed Ctrl-C."""

MOST_EVENTS = 1 << 35
"""Events after which a replication stops: the counter in an event's key has 36 bits."""


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """Result of :func:`simulate`.

    Attributes
    ----------
    seed : int
    model_hash : str
        SHA-256 of the model's tables.
    replications : DataFrame
        ``replication``, ``ended`` (why), ``time_h`` counted, ``events``, ``law_error``: the largest
        relative difference between the sides of conservation and Little's law.
    stages, classes, pools : DataFrame
        A row for each replication and stage, class or pool; means in h or numbers inside.
    series : DataFrame
        The stages in bins of time; empty unless asked for.
    intervals : DataFrame
        Mean of each measure with its t interval, see :func:`karvan.simulation.summary.intervals`.
    waits : WaitSummary or None
        By stage and cause, an entity that came in; None for a single replication.
    decision : Decision or None
        Of sequential stopping, if asked for.
    cautions : tuple of Caution
        What makes the intervals less sure than they look.
    confidence : float
        Of all intervals.
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
    intervals: pl.DataFrame
    waits: WaitSummary | None
    decision: Decision | None
    cautions: tuple[Caution, ...]
    confidence: float
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
    precision: PrecisionRule | None = None,
    confidence: float = CONFIDENCE,
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
    precision : PrecisionRule, optional
        Go on until the mean time in the system of each class is as precise as that; `replications`
        is not looked at.
    confidence : float
        Of the intervals; a rule of precision has its own.

    Raises
    ------
    ModelError
        The model cannot be run as it stands.
    SimulationError
        No replication came to an end.
    """
    counts = {"replications": replications, "threads": threads}
    limits = {"most_inside": most_inside, "most_events": most_events}
    _see_numbers({**counts, **limits}, 1)
    _see_numbers({"first": first, "bins": bins}, 0)
    model = _changed(model, {"horizon_h": horizon_h, "warmup_h": warmup_h})
    check(model)
    layout = lay_out(model)
    ends = Limits(
        model.horizon_h or inf, min(most_inside, k.MOST_ROWS // 4), min(most_events, MOST_EVENTS)
    )

    def one(number: int, stop: threading.Event) -> Replication | None:
        if stop.is_set():
            return None
        return run_replication(
            layout,
            seed,
            number,
            ends,
            warmup_h=model.warmup_h,
            bins=bins,
            log=log and number == first,
            go_on=lambda: not stop.is_set(),
        )

    run = Runs(one, threads)
    decision = None
    if precision is None:
        run.more(range(first, first + replications))
    else:
        decision = _until_precise(run, layout, model, precision, first)
    if not run.done:
        reasons = "; ".join(f"replication {n}: {why}" for n, why in run.lost.items())
        message = f"no replication came to an end: {reasons or 'interrupted'}"
        raise SimulationError(message)
    return _result(layout, model, run, seed=seed, log=log, decision=decision, confidence=confidence)


def _see_numbers(numbers: Mapping[str, object], least: int) -> None:
    """Refuse options that are not whole numbers of at least so much."""
    wrong = [
        f"{name}={value!r}"
        for name, value in numbers.items()
        if not isinstance(value, int) or isinstance(value, bool) or value < least
    ]
    if wrong:
        message = f"simulate: found {', '.join(wrong)}; expected whole numbers of at least {least}"
        raise SimulationError(message)


def _changed(model: Model, changes: dict[str, float | None]) -> Model:
    """Return a model with other times."""
    values = {**dict(model), **{n: v for n, v in changes.items() if v is not None}}
    try:
        return Model(**values)
    except ValidationError as error:
        raise ModelError(problems_of(error, values)) from None


class Runs(Generic[T]):
    """Replications on threads, with what has become of them.

    Parameters
    ----------
    one : callable
        Takes the number of a replication and what is set when it has to end early; returns what
        is kept of it, or None where it was given up.
    threads : int
    progress : callable
        Takes the share that is done of the numbers asked for.
    """

    def __init__(
        self,
        one: Callable[[int, threading.Event], T | None],
        threads: int,
        progress: Callable[[float], None] = lambda share: None,
    ) -> None:
        self._one = one
        self._threads = threads
        self._progress = progress
        self._stop = threading.Event()
        self.done: list[T] = []
        self.lost: dict[int, str] = {}

    @property
    def interrupted(self) -> bool:
        """Whether somebody stopped it."""
        return self._stop.is_set()

    def more(self, numbers: range) -> None:
        """Run replications; Ctrl-C ends those at work and keeps those that are finished."""
        done: dict[int, T] = {}
        lost: dict[int, str] = {}
        todo = iter(numbers)
        taking = threading.Lock()

        def work() -> None:
            while not self._stop.is_set():
                with taking:
                    number = next(todo, None)
                if number is None:
                    return
                try:
                    result = self._one(number, self._stop)
                except Exception as error:
                    lost[number] = f"{type(error).__name__}: {error}"
                else:
                    if result is not None:
                        done[number] = result

        with ThreadPoolExecutor(self._threads) as pool:
            workers = [pool.submit(work) for _ in range(min(self._threads, len(numbers)))]
            try:
                # A wait without an end is not woken where another thread takes the signal.
                while wait(workers, timeout=LOOK_S).not_done:
                    self._progress((len(done) + len(lost)) / len(numbers))
                self._progress(1.0)
            except BaseException as error:
                self._stop.set()
                wait(workers)
                if not isinstance(error, KeyboardInterrupt):
                    raise
        self.done += [done[number] for number in sorted(done)]
        self.lost |= {number: lost[number] for number in sorted(lost)}


def _until_precise(
    run: Runs[Replication], layout: Layout, model: Model, rule: PrecisionRule, first: int
) -> Decision | None:
    """Return how sequential stopping ended; None if it was interrupted in the first round."""
    sources = {source.class_ for source in model.sources}
    rows = {name: row for name, row in layout.classes.items() if name in sources}

    def values(numbers: range) -> Mapping[str, Sequence[float]]:
        numbers = range(first + numbers.start, first + numbers.stop)
        run.more(numbers)
        if run.interrupted:
            raise KeyboardInterrupt
        found = {r.number: r for r in run.done}
        return {
            name: [_mean_time(found[n], row) if n in found else nan for n in numbers]
            for name, row in rows.items()
        }

    try:
        return run_until_precise(rule, values)[1]
    except KeyboardInterrupt:
        return None


def _mean_time(replication: Replication, row: int) -> float:
    left = int(replication.thing[row, k.C_EXITS])
    return float(replication.real[row, k.X_C_SUM]) / left if left else nan


def _result(
    layout: Layout,
    model: Model,
    run: Runs[Replication],
    *,
    seed: int,
    log: bool,
    decision: Decision | None,
    confidence: float,
) -> SimulationResult:
    done = run.done
    found = tables(layout, done)
    warnings = [*overloads(model), *endings(layout, done), *unsettled(layout, model, done)]
    warnings += [f"replication {n} died and is left out: {why}" for n, why in run.lost.items()]
    return SimulationResult(
        seed=seed,
        model_hash=model_hash(model),
        **found,
        intervals=intervals(found, confidence),
        waits=waits(layout, model, done, confidence),
        decision=decision,
        cautions=cautions(layout, model, done),
        confidence=confidence,
        histograms=_histograms(layout, model, done),
        log=event_log(layout, done[0]) if log else None,
        warnings=tuple(warnings),
        lost=run.lost,
        interrupted=run.interrupted,
    )


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
    total = np.zeros(layout.n_histograms * k.BINS)
    for r in done:
        total[r.filled] += r.counts
    return {name: total[row * k.BINS : (row + 1) * k.BINS] for name, row in rows.items()}
