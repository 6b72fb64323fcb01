"""What replications say together: intervals of each measure, waits by cause, what to beware of."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from karvan.kernels import events as k
from karvan.simulation.layout import Layout
from karvan.simulation.model import Model
from karvan.simulation.replications import COURSES_KEPT, Replication
from karvan.simulation.statistics import Caution, interval_of, setting_cautions
from karvan.simulation.waits import WaitSummary, wait_summary
from karvan.simulation.warmup import mser

CAUSES = {
    "queue": k.X_QUEUE,
    "closure": k.X_CLOSED,
    "batch": k.X_BATCH,
    "pool": k.X_POOL,
    "blocked": k.X_BLOCKED,
}
"""Why somebody does not go on, and the account of its entity hours."""

COUNTS = frozenset({"replication", "waiting_at_end", "inside_at_end"})
"""Numbers of a single moment, or of no measure at all."""

LEAST_WATCHED = 5
"""Replications whose mean course is smooth enough to look for a warm-up (assumed)."""


def intervals(tables: dict[str, pl.DataFrame], confidence: float) -> pl.DataFrame:
    """Return the mean of each measure over replications with its t interval.

    Parameters
    ----------
    tables : dict of DataFrame
        ``stages``, ``classes`` and ``pools`` of a result.
    confidence : float

    Returns
    -------
    DataFrame
        ``table``, ``id``, ``measure``, ``estimate``, ``half_width`` (null for one replication),
        ``standard_deviation``, ``replications``: those in which there is a value, e.g. a mean time
        only where somebody left.
    """
    rows = [
        _interval(table, str(name), part[measure], confidence)
        for table, key in (("stages", "stage"), ("classes", "class"), ("pools", "pool"))
        for (name,), part in _parts(tables[table], key)
        for measure in part.columns
        if measure != key and measure not in COUNTS
    ]
    schema = {
        "table": pl.String, "id": pl.String, "measure": pl.String, "estimate": pl.Float64,
        "half_width": pl.Float64, "standard_deviation": pl.Float64, "replications": pl.Int64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _parts(frame: pl.DataFrame, key: str) -> list[tuple[tuple[object, ...], pl.DataFrame]]:
    return list(frame.group_by(key, maintain_order=True)) if frame.width else []


def _interval(
    table: str, name: str, column: pl.Series, confidence: float
) -> tuple[str | float | None, ...]:
    # By numpy: a query of polars costs a tenth of a millisecond, and measures are hundreds.
    values = np.zeros(0) if column.dtype == pl.Null else column.to_numpy().astype(np.float64)
    there = values[~np.isnan(values)]
    what = (table, name, column.name)
    if len(there) == 0:
        return (*what, None, None, None, 0)
    if len(there) == 1:
        return (*what, float(there[0]), None, None, 1)
    found = interval_of(there, confidence, ())
    return (*what, found.estimate, found.half_width, found.standard_deviation, len(there))


def waits(
    layout: Layout, model: Model, done: Sequence[Replication], confidence: float
) -> WaitSummary | None:
    """Return waits by stage and cause, an entity that came in from a source [h].

    Entity hours of waiting over arrivals from sources, so that they add up; a carrier waits once,
    however many it carries.  None for one replication, or where nobody came in one of them.
    """
    from_sources = {source.class_ for source in model.sources}
    entering = [row for name, row in layout.classes.items() if name in from_sources]
    stages = list(layout.stages.values())
    accounts = list(CAUSES.values())
    found = []
    for r in done:
        came = int(r.thing[entering, k.C_CREATED].sum())
        if came == 0:
            return None
        found.append(r.real[np.ix_(stages, accounts)] / came)
    if len(found) < 2:
        return None
    # Integrals of a number inside over time end a rounding below 0 where nobody ever waits.
    by = np.maximum(np.array(found), 0.0)
    return wait_summary(by, list(layout.stages), list(CAUSES), confidence=confidence)


def cautions(layout: Layout, model: Model, done: Sequence[Replication]) -> tuple[Caution, ...]:
    """Return what makes the intervals less sure than they look."""
    entering = {source.class_ for source in model.sources}
    left = [
        min(int(r.thing[row, k.C_EXITS]) for r in done)
        for name, row in layout.classes.items()
        if name in entering
    ]
    found = list(setting_cautions(len(done), max(1, min(left)))) if left else []
    # A warm-up deletes hours here, not observations.
    if model.warmup_h > 0.0:
        found = [caution for caution in found if caution.name != "no_warmup"]
    return tuple(found)


def unsettled(layout: Layout, model: Model, done: Sequence[Replication]) -> list[str]:
    """Return a sentence for each class whose number inside has not settled after the warm-up.

    MSER-5 looks at the mean course of the number inside.  What it would leave out counts only if it
    moves the mean by more than the half-width of its interval: the settled course wanders as well.
    Where the model itself has a season, a day or a timetable nothing settles, and nothing is said.
    """
    watched = [r for r in done if r.number < COURSES_KEPT]
    whole = [r for r in watched if r.ended == "horizon" and len(r.course)]
    if len(whole) < max(LEAST_WATCHED, len(watched)) or _has_a_calendar(model):
        return []
    courses = np.array([r.course for r in whole])
    result = []
    for column, name in enumerate(layout.classes):
        course = courses[:, :, column].mean(axis=0)
        found = mser(course)
        reach = interval_of(courses[:, :, column].mean(axis=1), 0.95, ()).half_width
        moved = abs(float(course[found.observations :].mean() - course.mean()))
        if moved <= reach:
            continue
        hours = found.observations * whole[0].time_h / len(course)
        more = (
            f"leave out {hours:,.4g} h more (--warmup)"
            if found.long_enough
            else "no settled part was found: run longer, or see whether it is stable"
        )
        result.append(
            f"class {name}: the number inside has not settled when counting begins, which moves "
            f"its mean by {moved:,.3g}; {more}  [warmup_too_short]"
        )
    return result


def _has_a_calendar(model: Model) -> bool:
    return (
        any(source.profiles for source in model.sources)
        or any(closure.closed_from_h for closure in model.closures)
        or any(stage.batch and stage.batch.period_h for stage in model.stages)
    )
