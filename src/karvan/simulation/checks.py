"""Checks of a model, all problems at once."""

from collections.abc import Callable, Iterator
from math import inf

from karvan.errors import ModelError, Problem, did_you_mean
from karvan.simulation.layout import EXIT, followers, product, step_names
from karvan.simulation.loads import mean_factor, profile_of
from karvan.simulation.model import UNLIMITED, Class, Closure, Model

SUM_TOLERANCE = 1e-9
MOST_CYCLES = 100_000
"""Of one profile within another, whose product has as many steps; between two arrivals."""
TINY = 1e-300


def check(model: Model) -> None:
    """Raise all problems of a model in one error.

    Raises
    ------
    ModelError
    """
    problems = list(_names(model)) or [p for test in CHECKS for p in test(model)]
    # It multiplies profiles, which those have to be right for.
    problems = problems or list(_sparse(model))
    if problems:
        raise ModelError(problems)


def _names(model: Model) -> Iterator[Problem]:
    """Every id is there once; every name that refers to a row has that row."""
    tables = {
        "stages": [s.id for s in model.stages],
        "classes": [c.id for c in model.classes],
        "sources": [s.id for s in model.sources],
        "closures": [c.id for c in model.closures],
        "pools": [p.id for p in model.pools],
        "profiles": [p.id for p in model.profiles],
    }
    for table, ids in tables.items():
        for name in sorted({n for n in ids if ids.count(n) > 1}):
            yield Problem(f"{table}.id.unique", f"{table} ({name}) id", "twice", "an id once")
    for where, name, table in _references(model):
        if name not in tables[table]:
            yield Problem(
                f"{where.split()[0]}.{where.split()[-1]}.unknown",
                where,
                f"'{name}'",
                f"the id of a row of {table}",
                did_you_mean(name, tables[table]),
            )


def _references(model: Model) -> Iterator[tuple[str, str, str]]:
    for c in model.classes:
        for n, step in enumerate(c.route, 1):
            yield f"classes ({c.id}) step {n} stage", step.stage, "stages"
    for source in model.sources:
        yield f"sources ({source.id}) class", source.class_, "classes"
        for name in source.profiles:
            yield f"sources ({source.id}) profiles", name, "profiles"
    for closure in model.closures:
        yield f"closures ({closure.id}) stage", closure.stage, "stages"
    for stage in model.stages:
        for name in (*stage.takes, *(stage.gives or ())):
            yield f"stages ({stage.id}) takes", name, "pools"
        if stage.batch and stage.batch.carrier is not None:
            yield f"stages ({stage.id}) batch.carrier", stage.batch.carrier, "classes"
        if stage.batch and stage.batch.payload is not None:
            yield f"stages ({stage.id}) batch.payload", stage.batch.payload, "profiles"


def _routes(model: Model) -> Iterator[Problem]:
    """Where a route branches, its steps exist and the probabilities sum to 1; it has a way out."""
    for c in model.classes:
        names = step_names(c)
        known = [*names, EXIT]
        unknown = False
        for name, step in zip(names, c.route, strict=True):
            where = f"classes ({c.id}) step {name} next"
            for target in step.next or ():
                if target not in known:
                    unknown = True
                    yield Problem(
                        "classes.next.unknown",
                        where,
                        f"'{target}'",
                        f"a step of the route or '{EXIT}'",
                        did_you_mean(target, known),
                    )
            if step.next is not None and abs(sum(step.next.values()) - 1.0) > SUM_TOLERANCE:
                found = f"probabilities that sum to {sum(step.next.values()):g}"
                yield Problem("classes.next.sum", where, found, "a sum of 1")
        carriers = {s.batch.carrier for s in model.stages if s.batch}
        if not unknown and c.id in carriers and not _ends(c):
            yield Problem(
                "classes.route.end",
                f"classes ({c.id}) route",
                "a route of a carrier without an end",
                "a way out, where the carrier and who is aboard go on",
            )


def _rings(model: Model) -> Iterator[Problem]:
    """No route leads round, with certainty, through steps that take no time."""
    stages = {s.id: s for s in model.stages}
    for c in model.classes:
        names, ways = step_names(c), followers(c)
        at_once: dict[int, int] = {}
        for i, (step, branch) in enumerate(zip(c.route, ways, strict=True)):
            stage = stages[step.stage]
            passes = stage.batch is None and not stage.headway_h
            if passes and len(branch) == 1 and (step.service_h or stage.service_h).mean() == 0.0:
                at_once[i] = branch[0][0]
        for start in at_once:
            at, seen = start, {start}
            while at in at_once and at_once[at] not in seen:
                at = at_once[at]
                seen.add(at)
            if at in at_once and at_once[at] == start == min(seen):
                yield Problem(
                    "classes.route.instant",
                    f"classes ({c.id}) step {names[start]} next",
                    "a way round that takes no time",
                    "a service of more than 0 h, or a way out",
                    "at one instant there would be no end of events",
                )


def _ends(c: Class) -> bool:
    return any(target < 0 for branch in followers(c) for target, _ in branch)


def _batches(model: Model) -> Iterator[Problem]:
    """Every batch fits its carrier and can leave; a carrier is made by batches only."""
    made = {s.class_ for s in model.sources}
    for stage in model.stages:
        batch = stage.batch
        if batch is None:
            continue
        where = f"stages ({stage.id}) batch"
        if batch.fill is not None and batch.fill > batch.most:
            yield Problem(
                "stages.batch.fill",
                f"{where}.fill",
                f"{batch.fill}, more than the {batch.most} places of a carrier",
                f"at most {batch.most}",
                "no carrier would ever leave",
            )
        hours = (batch.timetable_h, batch.max_wait_h is not None, batch.max_gap_h)
        if batch.fill == 0 and not any(hours):
            yield Problem(
                "stages.batch.never",
                where,
                "fill = 0 and no hour of departure",
                "fill, timetable_h, max_wait_h or max_gap_h",
                "nothing would ever leave here",
            )
        if stage.places != UNLIMITED and not any(hours):
            need = batch.fill or batch.most
            if int(stage.places) < need:
                yield Problem(
                    "stages.batch.places",
                    where,
                    f"{stage.places} places for who waits, {need} to leave",
                    f"at least {need} places",
                    "nothing would ever leave here",
                )
        profile = next((p for p in model.profiles if p.id == batch.payload), None)
        if profile and batch.most * max(profile.factors) < 1.0 - SUM_TOLERANCE:
            yield Problem(
                "stages.batch.payload",
                f"{where}.payload",
                f"at most {max(profile.factors):g} of {batch.most} places, which is none",
                "a payload of at least one place at some time",
                "nothing would ever leave here",
            )
        if stage.preemptive:
            yield Problem(
                "stages.batch.preemptive", where, "preemptive", "batches that are not interrupted"
            )
        if batch.carrier in made:
            yield Problem(
                "stages.batch.carrier",
                f"{where}.carrier",
                f"'{batch.carrier}', which a source makes too",
                "a class that only batches make",
            )
        yield from _leavers(model, batch.carrier)
        yield from _too_big(model, stage.id)
        if batch.period_h and max(batch.timetable_h, default=0.0) >= batch.period_h + min(
            batch.timetable_h, default=0.0
        ):
            yield Problem(
                "stages.batch.period",
                f"{where}.timetable_h",
                f"departures further apart than the period of {batch.period_h:g} h",
                "hours within one period",
            )


def _leavers(model: Model, carrier: str | None) -> Iterator[Problem]:
    for c in model.classes:
        if c.id != carrier:
            continue
        passed = {step.stage for step in c.route}
        for stage in model.stages:
            left = stage.patience_h is not None or stage.balk_at is not None
            if left and stage.id in passed:
                yield Problem(
                    "stages.carrier.leaves",
                    f"stages ({stage.id})",
                    f"patience_h or balk_at where carriers of class {carrier} come",
                    "stages that carriers do not leave untended",
                    "who is aboard would be lost with them",
                )


def _too_big(model: Model, stage_id: str) -> Iterator[Problem]:
    stage = next(s for s in model.stages if s.id == stage_id)
    if stage.batch is None:
        return
    for c in model.classes:
        sizes = (
            ("m long", c.length_m, stage.batch.max_length_m),
            ("t heavy", c.weight_t, stage.batch.max_weight_t),
        )
        # Sizes first: routes are long, and hardly anything is too big.
        over = [size for size in sizes if size[2] is not None and size[1] > size[2]]
        if not over or not any(step.stage == stage.id for step in c.route):
            continue
        for what, size, most in over:
            yield Problem(
                "classes.size.carrier",
                f"classes ({c.id})",
                f"{size:g} {what}",
                f"at most the {most:g} of a carrier of stage {stage.id}",
                "it would wait for ever",
            )


def _pools(model: Model) -> Iterator[Problem]:
    """A pool has the units that a stage takes at once."""
    for pool in model.pools:
        if pool.units == 0:
            yield Problem(
                "pools.units.zero",
                f"pools ({pool.id}) units",
                "0",
                "at least 1",
                "a fleet or pool of nothing lets nobody pass",
            )
        for stage in model.stages:
            need = stage.takes.get(pool.id, 0)
            if need > pool.units > 0:
                yield Problem(
                    "stages.takes.units",
                    f"stages ({stage.id}) takes",
                    f"{need} of {pool.id}",
                    f"at most its {pool.units} units",
                )


def _closures(model: Model) -> Iterator[Problem]:
    """A closure opens again; a process has both times, a series has pairs in order."""
    for c in model.closures:
        where = f"closures ({c.id})"
        process = c.open_h is not None or c.closed_h is not None
        if process == bool(c.closed_from_h) or (process and not (c.open_h and c.closed_h)):
            yield Problem(
                "closures.kind",
                where,
                "neither a process nor a series, or both",
                "open_h and closed_h, or closed_from_h and closed_until_h",
            )
            continue
        if process:
            if c.open_h and c.closed_h and c.open_h.mean() + c.closed_h.mean() == 0.0:
                yield Problem("closures.zero", where, "times of 0", "times above 0")
            if c.open_h and c.open_h.mean() == 0.0:
                yield _always_closed(model, c.stage, where)
            continue
        if len(c.closed_from_h) != len(c.closed_until_h):
            yield Problem("closures.pairs", where, "unequal numbers of times", "as many ends")
            continue
        times = [
            t for pair in sorted(zip(c.closed_from_h, c.closed_until_h, strict=True)) for t in pair
        ]
        if times != sorted(times) or (c.period_h and times[-1] > times[0] + c.period_h):
            yield Problem(
                "closures.order", where, "closures that overlap", "each to end before the next"
            )
        # What lies after the horizon is no hour of the replication.
        end = inf if c.period_h else model.horizon_h or inf
        closed = sum(min(t, end) for t in c.closed_until_h) - sum(
            min(t, end) for t in c.closed_from_h
        )
        if closed >= (c.period_h or end):
            yield _always_closed(model, c.stage, where)


def _closed_together(model: Model) -> Iterator[Problem]:
    """Closures that repeat after the same time leave a stage open at some hour."""
    found: dict[tuple[str, float], list[Closure]] = {}
    for c in model.closures:
        whole = c.servers == UNLIMITED
        if c.period_h and whole and len(c.closed_from_h) == len(c.closed_until_h):
            found.setdefault((c.stage, c.period_h), []).append(c)
    for (stage, period), closures in found.items():
        parts = sorted(
            (start % period, start % period + until - start)
            for c in closures
            for start, until in zip(c.closed_from_h, c.closed_until_h, strict=True)
        )
        reach = max((until - period for _, until in parts), default=0.0)
        for start, until in parts:
            if start > max(reach, 0.0):
                break
            reach = max(reach, until)
        if reach >= period and len(closures) > 1:
            yield _always_closed(model, stage, f"closures ({', '.join(c.id for c in closures)})")


def _always_closed(model: Model, stage: str, where: str) -> Problem:
    through = [c.id for c in model.classes if any(s.stage == stage for s in c.route)]
    return Problem(
        "closures.always",
        where,
        f"stage {stage} closed at all times",
        "hours when it is open",
        f"nothing of {', '.join(through) or 'any class'} could ever leave it",
    )


def _profiles(model: Model) -> Iterator[Problem]:
    """Profiles begin at 0, rise, stay within their period and are not 0 for ever."""
    for p in model.profiles:
        where = f"profiles ({p.id})"
        if len(p.starts_h) != len(p.factors):
            yield Problem("profiles.pairs", where, "unequal numbers", "a factor for each start")
        elif p.starts_h[0] != 0.0 or any(
            b <= a for a, b in zip(p.starts_h, p.starts_h[1:], strict=False)
        ):
            yield Problem("profiles.order", where, f"starts {p.starts_h}", "0 and then rising")
        elif p.period_h and p.starts_h[-1] >= p.period_h:
            yield Problem("profiles.period", where, "starts past the period", "starts within it")
        elif max(p.factors) == 0.0:
            yield Problem("profiles.zero", where, "factors of 0 only", "one above 0")
    if any(p.starts_h[0] or len(p.starts_h) != len(p.factors) for p in model.profiles):
        return
    for source in model.sources:
        chosen = [p for p in model.profiles if p.id in source.profiles]
        periods = [p.period_h for p in chosen if p.period_h]
        if periods and max(periods) / min(periods) > MOST_CYCLES:
            yield Problem(
                "sources.profiles.periods",
                f"sources ({source.id}) profiles",
                f"periods of {min(periods):g} h and {max(periods):g} h",
                f"at most {MOST_CYCLES:,} of the shorter in the longer",
            )
        elif chosen and max(product(chosen).factors) == 0.0:
            yield Problem(
                "sources.profiles.zero",
                f"sources ({source.id}) profiles",
                "factors whose product is 0 at all times",
                "an hour at which something arrives",
            )


def _sparse(model: Model) -> Iterator[Problem]:
    """Arrivals are not so rare that a profile repeats without end between two of them."""
    for source in model.sources:
        profile = profile_of(model, source)
        if profile is None or not profile.period_h:
            continue
        periods = source.every_h.mean() / max(mean_factor(profile) * profile.period_h, TINY)
        if periods > MOST_CYCLES:
            yield Problem(
                "sources.profiles.sparse",
                f"sources ({source.id}) every_h",
                f"{periods:.3g} periods of its profiles between two arrivals",
                f"at most {MOST_CYCLES:,}",
                "raise the factors, or let the profile repeat after a longer time",
            )


def _times(model: Model) -> Iterator[Problem]:
    """A source ends after it begins."""
    for source in model.sources:
        if source.until_h is not None and source.until_h < source.start_h:
            yield Problem(
                "sources.until_h.start",
                f"sources ({source.id}) until_h",
                f"{source.until_h:g} h",
                f"at least its start_h of {source.start_h:g} h",
                "nothing would ever arrive",
            )


def _ends_somewhere(model: Model) -> Iterator[Problem]:
    """A replication ends: by a horizon or by sources that run out; it is counted after warm-up."""
    if model.horizon_h is not None:
        if model.warmup_h >= model.horizon_h:
            yield Problem(
                "model.warmup_h.horizon",
                "model warmup_h",
                f"{model.warmup_h:g} h",
                f"less than the horizon of {model.horizon_h:g} h",
            )
        return
    endless = [s.id for s in model.sources if s.count is None and s.until_h is None]
    clocks = [s.id for s in model.stages if s.batch and s.batch.period_h]
    clocks += [s.id for s in model.stages if s.batch and s.batch.max_gap_h]
    clocks += [c.id for c in model.closures if c.period_h or c.open_h]
    if endless or clocks:
        yield Problem(
            "model.horizon_h.missing",
            "model horizon_h",
            f"none, though {', '.join([*endless, *clocks])} never end",
            "a horizon, or a count or an end of each source",
        )


def _pace(model: Model) -> Iterator[Problem]:
    """Arrivals take time: a source without limit of number has a time between arrivals above 0."""
    for s in model.sources:
        if s.every_h.mean() == 0.0 and s.count is None:
            yield Problem(
                "sources.every_h.zero",
                f"sources ({s.id}) every_h",
                "0 without a count",
                "a time above 0, or a count of arrivals",
            )


CHECKS: tuple[Callable[[Model], Iterator[Problem]], ...] = (
    _routes,
    _rings,
    _batches,
    _pools,
    _closures,
    _closed_together,
    _profiles,
    _times,
    _ends_somewhere,
    _pace,
)
