"""The critical path of a shipment: on whose work its time in the system hangs.

From its exit one goes back: what it did last, else whom it waited for, what that one did, and so
on until the hour at which the shipment came.  The definition is ours, after the critical path of
project networks; see docs/methods/simulation-statistics.md.
"""

from collections import defaultdict
from collections.abc import Iterator

import polars as pl

from karvan.errors import SimulationError, did_you_mean
from karvan.simulation.model import Model
from karvan.simulation.precedence import Piece, Precedence, Step, class_of
from karvan.simulation.simulate import SimulationResult

Stretch = tuple[float, float, str, str, str, str, str]
"""From, until [h], entity, stage, activity, what ended it, whose wait it explains."""

SCHEMA = {
    "from_h": pl.Float64, "until_h": pl.Float64, "entity": pl.String, "class": pl.String,
    "stage": pl.String, "activity": pl.String, "ended_by": pl.String, "explains": pl.String,
}  # fmt: skip
SHARES_SCHEMA = {
    "class": pl.String, "stage": pl.String, "activity": pl.String, "mean_h": pl.Float64,
    "share": pl.Float64, "shipments": pl.Int64,
}  # fmt: skip


def critical_path(model: Model, result: SimulationResult, entity: str) -> pl.DataFrame:
    """Return the critical path of an entity that left.

    Parameters
    ----------
    model : Model
    result : SimulationResult
        Of that model, with ``log=True``.
    entity : str
        As the log names it: its source and a number from 0.

    Returns
    -------
    DataFrame
        A row for each stretch of time, without gap or overlap from its arrival to its exit:
        ``from_h``, ``until_h``, ``entity`` (whose stretch it is), ``class``, ``stage``,
        ``activity`` (``work``; ``return`` of a server or unit; ``closure``, ``headway``; ``batch``:
        for a clock; ``arrival``: of who was not there yet; and, where the log does not tell whom it
        waited for, the cause ``queue``, ``pool``, ``batch`` or ``blocked``), ``ended_by``
        (``service``, ``interruption``, ``return``, ``opening``, ``closing``, ``headway``,
        ``timetable``, ``longest wait``, ``longest gap``, ``arrival``, or empty where not known),
        ``explains``: the cause of the wait of the next one on the path that it explains, or null.

    Raises
    ------
    SimulationError
        No log, no such entity, or it has not left.
    """
    found = _precedence(model, result)
    events = found.own.get(entity)
    if not events:
        hint = did_you_mean(entity, list(found.own))
        message = (
            f"critical path: the log has no entity {entity!r}; expected a source and a number, "
            f"e.g. '{model.sources[0].id} 0' {hint}".rstrip()
        )
        raise SimulationError(message)
    if found.kind[events[-1]] != "exit":
        message = (
            f"critical path: {entity!r} has not left through an exit; its last event is "
            f"'{found.kind[events[-1]]}' at {found.time[events[-1]]:g} h"
        )
        raise SimulationError(message)
    rows = [
        (a, b, who, class_of(model, who), stage, activity, ended, explains or None)
        for a, b, who, stage, activity, ended, explains in stretches(found, events[-1])
    ]
    return pl.DataFrame(rows[::-1], schema=SCHEMA, orient="row")


def critical_shares(
    model: Model, result: SimulationResult, of_class: str, *, warmup_h: float | None = None
) -> pl.DataFrame:
    """Return on which stages and activities the time of a class hangs.

    Parameters
    ----------
    model : Model
    result : SimulationResult
        Of that model, with ``log=True``; the paths are those of the replication in the log.
    of_class : str
        Its entities that left after the warm-up.
    warmup_h : float, optional
        Instead of the model's [h].

    Returns
    -------
    DataFrame
        ``class`` (of whose work it is), ``stage``, ``activity``, ``mean_h`` for a shipment, which
        sum to the mean time in the system, ``share``, which sum to 1, ``shipments``; the largest
        first.

    Raises
    ------
    SimulationError
        No log, no such class, or nobody of it left.
    """
    see_class(model, of_class)
    found = _precedence(model, result)
    after = model.warmup_h if warmup_h is None else warmup_h
    by_name: dict[str, str] = {}

    def class_named(entity: str) -> str:
        name = entity.rsplit(" ", 1)[0]
        if name not in by_name:
            by_name[name] = class_of(model, entity)
        return by_name[name]

    hours: dict[tuple[str, str, str], float] = defaultdict(float)
    shipments = 0
    for i, kind in enumerate(found.kind):
        if kind == "exit" and found.time[i] >= after and class_named(found.who[i]) == of_class:
            shipments += 1
            for begin, end, who, stage, activity, *_ in stretches(found, i):
                hours[class_named(who), stage, activity] += end - begin
    if not shipments:
        message = (
            f"critical path: nobody of class {of_class!r} left after {after:g} h in the "
            "replication with the log; simulate longer, or see the warnings"
        )
        raise SimulationError(message)
    total = sum(hours.values())
    rows = [
        (*key, h / shipments, h / total, shipments)
        for key, h in sorted(hours.items(), key=lambda item: (-item[1], item[0]))
    ]
    return pl.DataFrame(rows, schema=SHARES_SCHEMA, orient="row")


def see_class(model: Model, name: str, asked: str = "critical path") -> None:
    """Refuse a class that the model does not have; `asked` is what it was named for."""
    classes = [c.id for c in model.classes]
    classes += [f"{s.id} (carrier)" for s in model.stages if s.batch and not s.batch.carrier]
    if name not in classes:
        hint = did_you_mean(name, classes) or f"the classes are: {', '.join(classes)}"
        message = f"{asked}: the model has no class {name!r}; {hint}"
        raise SimulationError(message)


def _precedence(model: Model, result: SimulationResult) -> Precedence:
    if result.log is None:
        message = "critical path: the result has no log; simulate with log=True"
        raise SimulationError(message)
    return Precedence(model, result.log, result.seed, int(result.replications["replication"][0]))


def stretches(found: Precedence, i: int) -> Iterator[Stretch]:
    """Yield the stretches of the critical path of who leaves at an event, the last one first.

    Who was interrupted goes on where it was, however early the other one had come: at the hour of
    the interruption the path returns to it.
    """
    time = found.time
    floors = [(time[found.own[found.who[i]][0]], -1)]
    aboard: dict[str, str] = {}
    seen: set[int] = set()
    explains = ""
    while True:
        while time[i] <= floors[-1][0]:
            back = floors.pop()[1]
            if back < 0:
                return
            if time[back] != time[i]:
                seen = set()
            i, explains = back, ""
        boarder = aboard.get(found.who[i], "")
        step = _unseen(found, found.step(i, boarder), i, seen)
        pause = found.was_interrupted(i)
        if pause >= 0 and time[pause] > floors[-1][0]:
            floors.append((time[pause], pause))
        if found.carrier(i):
            aboard[found.carrier(i)] = found.who[i]
        own = {found.who[i], boarder}
        waited = "" if found.who[step.before] in own else step.waited
        for since, until, piece in _cut(step.pieces, time[i], floors[-1][0]):
            if waited and piece.entity not in own:
                explains, waited = waited, ""
            yield _stretch(since, until, piece, explains)
            explains = ""
        explains = waited or explains
        before = step.before
        if before < 0:
            # Nothing in the system is before; who was interrupted meanwhile goes on.
            before = floors[-1][1]
            if before < 0:
                return
            floors.pop()
        if time[before] != time[i]:
            seen = set()
        i = before


def _stretch(since: float, until: float, piece: Piece, explains: str) -> Stretch:
    return (
        since, until, piece.entity, piece.stage, piece.activity, piece.ended_by, explains,
    )  # fmt: skip


def _cut(
    pieces: tuple[Piece, ...], until: float, floor: float
) -> Iterator[tuple[float, float, Piece]]:
    """Yield pieces that are longer than nothing, cut where the path begins."""
    for piece in pieces:
        since = max(piece.since, floor)
        if since < until:
            yield since, until, piece
            until = since


def _unseen(found: Precedence, step: Step, i: int, seen: set[int]) -> Step:
    """Return the step, or another one where it would lead round in a ring of one instant."""
    seen.add(i)
    if step.before not in seen:
        return step
    step = found.own_wait(i)
    if step.before not in seen:
        return step
    since = float("-inf")
    return Step(-1, (Piece(since, found.who[i], found.at[i], "queue", ""),))
