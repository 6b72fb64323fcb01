"""Checks of a model, all problems at once."""

from collections.abc import Callable, Iterator, Sequence
from math import inf

from karvan.errors import ModelError, Problem, did_you_mean
from karvan.simulation.layout import EXIT, factor_at, followers, product, step_names
from karvan.simulation.model import UNLIMITED, Class, Closure, Model, Source

SUM_TOLERANCE = 1e-9
FULL = 1.0
LARGE = 1e4
MOST_CYCLES = 100_000
"""Of one profile within another: their product has as many steps."""


def check(model: Model) -> None:
    """Raise all problems of a model in one error.

    Raises
    ------
    ModelError
    """
    problems = list(_names(model)) or [p for test in CHECKS for p in test(model)]
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
        closed = sum(c.closed_until_h) - sum(c.closed_from_h)
        whole = model.horizon_h if times[0] == 0.0 else None
        if closed >= (c.period_h or whole or inf):
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
    _batches,
    _pools,
    _closures,
    _closed_together,
    _profiles,
    _ends_somewhere,
    _pace,
)


def overloads(model: Model) -> list[str]:
    """Return a sentence for each stage that more arrives at than it can serve, with its growth."""
    offered = _offered(model)
    result = []
    for stage in model.stages:
        rate = sum(r for r, _ in offered.get(stage.id, []))
        work = sum(r * t for r, t in offered.get(stage.id, []))
        if stage.servers == UNLIMITED or work == 0.0:
            continue
        servers = int(stage.servers) * _open_share(model, stage.id)
        per_service = float(stage.batch.most) if stage.batch else 1.0
        away = stage.batch.return_h.mean() if stage.batch and stage.batch.return_h else 0.0
        load = (work + rate * away) / per_service / servers if servers else inf
        if load > FULL and stage.places == UNLIMITED and not stage.patience_h:
            growth = rate * (1.0 - 1.0 / load)
            result.append(
                f"stage {stage.id}: utilization {_number(load)}, more arrives than {stage.servers} "
                f"server(s) can serve; the line grows by {growth:.3g} an hour"
            )
    return result


def _number(load: float) -> str:
    return f"{load:.2f}" if load < LARGE else f"{load:.3g}"


def _open_share(model: Model, stage: str) -> float:
    share = 1.0
    for c in model.closures:
        if c.stage != stage or c.servers != UNLIMITED:
            continue
        if c.open_h and c.closed_h:
            share *= c.open_h.mean() / (c.open_h.mean() + c.closed_h.mean())
        elif c.period_h:
            share *= 1.0 - (sum(c.closed_until_h) - sum(c.closed_from_h)) / c.period_h
    return share


def _offered(model: Model) -> dict[str, list[tuple[float, float]]]:
    """Return rate [1/h] and mean service [h] of what comes to each stage, without carriers."""
    found: dict[str, list[tuple[float, float]]] = {}
    stages = {s.id: s for s in model.stages}
    for source in model.sources:
        if source.count is not None or source.every_h.mean() == 0.0:
            continue
        c = next(c for c in model.classes if c.id == source.class_)
        for step, visits in zip(c.route, _visits(c), strict=True):
            service = (step.service_h or stages[step.stage].service_h).mean()
            found.setdefault(step.stage, []).append((visits * _rate(model, source), service))
    return found


def _rate(model: Model, source: Source) -> float:
    chosen: Sequence[object] = [p for p in model.profiles if p.id in source.profiles]
    pace = 1.0
    if chosen:
        profile = product([p for p in model.profiles if p.id in source.profiles])
        if profile.period_h:
            ends = (*profile.starts_h[1:], profile.period_h)
            parts = zip(profile.starts_h, ends, strict=True)
            pace = sum(factor_at(profile, a) * (b - a) for a, b in parts) / profile.period_h
    return pace * source.size / source.every_h.mean()


def _visits(c: Class) -> list[float]:
    """Return how often each step of a route is done, by repeated passes over the branches."""
    from karvan.simulation.layout import entrances

    start = [0.0] * len(c.route)
    for step, share in entrances(c):
        if step >= 0:
            start[step] += share
    branches = followers(c)
    visits = list(start)
    for _ in range(10_000):
        new = list(start)
        for i, branch in enumerate(branches):
            for step, share in branch:
                if step >= 0:
                    new[step] += visits[i] * share
        if max(abs(a - b) for a, b in zip(new, visits, strict=True)) < SUM_TOLERANCE:
            return new
        visits = new
    return visits
