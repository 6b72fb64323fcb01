"""What comes to each stage of a model and how busy that makes it, from means alone."""

from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

from karvan.simulation.layout import entrances, factor_at, followers, product
from karvan.simulation.model import UNLIMITED, Class, Model, Profile, Source, Stage

FULL = 1.0
LARGE = 1e4
TOLERANCE = 1e-9
PASSES = 10_000
"""Over a route, until what comes to each of its steps is known."""


def overloads(model: Model) -> list[str]:
    """Return a sentence for each stage or pool that more needs than it has, with the growth.

    Behind such a stage comes only what it serves.
    """
    flows = _flows(model)
    stages = {stage.id: stage for stage in model.stages}
    # Whoever finds no place is lost at the first stage of a route, and waits before a later one.
    first = {flow.steps[i][0] for flow in flows for i, _ in entrances(flow.of) if i >= 0}
    passed = dict.fromkeys(stages, 1.0)
    # Each pass settles at least the first stage that has not been settled on every route.
    for _ in range(len(stages) + 1):
        loads = _loads(model, stages, _offered(flows, passed))
        found = {
            name: min(1.0, 1.0 / load) if load > 0.0 else 1.0 for name, (load, _) in loads.items()
        }
        if all(abs(found[name] - passed[name]) < TOLERANCE for name in stages):
            break
        passed = found
    result = []
    for name, (load, rate) in loads.items():
        stage = stages[name]
        limited = stage.places != UNLIMITED
        leaves = stage.patience_h is not None or stage.balk_at is not None
        if load <= FULL + TOLERANCE or leaves or (limited and name in first):
            continue
        line = "the line before it" if limited else "the line"
        result.append(
            f"stage {name}: utilization {_number(load)}, more arrives than {stage.servers} "
            f"server(s) can serve; {line} grows by {rate * (1.0 - 1.0 / load):.3g} an hour"
        )
    return [*result, *_pools(model, _offered(flows, passed), passed)]


def _pools(
    model: Model, offered: dict[str, tuple[float, float]], passed: dict[str, float]
) -> Iterator[str]:
    """Yield a sentence for each pool of which stages need more than it has.

    Where one stage takes units and another gives them back, how long they are out is not known
    from means; and where customers leave or are turned away, no line grows.
    """
    for pool in model.pools:
        users = [s for s in model.stages if pool.id in s.takes or pool.id in (s.gives or ())]
        if any(
            s.gives is not None or s.patience_h or s.balk_at is not None or s.places != UNLIMITED
            for s in users
        ):
            continue
        away = pool.return_h.mean() if pool.return_h else 0.0
        needed = arrivals = 0.0
        for s in users:
            rate, work = (passed[s.id] * x for x in offered.get(s.id, (0.0, 0.0)))
            per_service = float(s.batch.most) if s.batch else 1.0
            needed += s.takes[pool.id] * (work + rate * away) / per_service
            arrivals += rate
        load = needed / pool.units
        if load > FULL + TOLERANCE:
            yield (
                f"pool {pool.id}: utilization {_number(load)}, more is needed than its "
                f"{pool.units} unit(s); the lines of {', '.join(s.id for s in users)} grow by "
                f"{arrivals * (1.0 - 1.0 / load):.3g} an hour"
            )


def _loads(
    model: Model, stages: dict[str, Stage], offered: dict[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Return utilization and arrivals [1/h] of each stage; a stage without limit is never full."""
    result = {}
    for name, stage in stages.items():
        rate, work = offered.get(name, (0.0, 0.0))
        load = 0.0
        if stage.servers != UNLIMITED and work > 0.0:
            servers = int(stage.servers) * _open_share(model, name)
            per_service = float(stage.batch.most) if stage.batch else 1.0
            away = stage.batch.return_h.mean() if stage.batch and stage.batch.return_h else 0.0
            load = (work + rate * away) / per_service / servers if servers else inf
        result[name] = (load, rate)
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


class _Flow(NamedTuple):
    """A class that a source makes: arrivals [1/h], stage and mean service [h] of each step."""

    of: Class
    rate: float
    steps: list[tuple[str, float]]


def _flows(model: Model) -> list[_Flow]:
    stages = {s.id: s for s in model.stages}
    classes = {c.id: c for c in model.classes}
    result = []
    for source in model.sources:
        if source.count is not None or source.every_h.mean() == 0.0:
            continue
        c = classes[source.class_]
        steps = [
            (step.stage, (step.service_h or stages[step.stage].service_h).mean())
            for step in c.route
        ]
        result.append(_Flow(c, _rate(model, source), steps))
    return result


def _offered(flows: Sequence[_Flow], passed: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Return arrivals [1/h] and work at each stage, without carriers, if shares are let through."""
    found: dict[str, tuple[float, float]] = {}
    for flow in flows:
        shares = [passed[stage] for stage, _ in flow.steps]
        for (stage, service), visits in zip(flow.steps, _visits(flow.of, shares), strict=True):
            rate, work = found.get(stage, (0.0, 0.0))
            come = visits * flow.rate
            found[stage] = (rate + come, work + come * service)
    return found


def _rate(model: Model, source: Source) -> float:
    profile = profile_of(model, source)
    pace = mean_factor(profile) if profile and profile.period_h else 1.0
    return pace * source.size / source.every_h.mean()


def profile_of(model: Model, source: Source) -> Profile | None:
    """Return the product of the profiles of a source, if it has any."""
    chosen = [p for p in model.profiles if p.id in source.profiles]
    return product(chosen) if chosen else None


def mean_factor(profile: Profile) -> float:
    """Return the mean of a profile that repeats."""
    period = profile.period_h or inf
    ends = (*profile.starts_h[1:], period)
    parts = zip(profile.starts_h, ends, strict=True)
    return sum(factor_at(profile, a) * (b - a) for a, b in parts) / period


def _visits(c: Class, passed: Sequence[float]) -> list[float]:
    """Return how often each step of a route is come to, by repeated passes over the branches.

    Of those at a step only the share `passed` goes on.
    """
    start = [0.0] * len(c.route)
    for step, share in entrances(c):
        if step >= 0:
            start[step] += share
    branches = followers(c)
    visits = list(start)
    for _ in range(PASSES):
        new = list(start)
        for i, branch in enumerate(branches):
            for step, share in branch:
                if step >= 0:
                    new[step] += visits[i] * passed[i] * share
        if max(abs(a - b) for a, b in zip(new, visits, strict=True)) < TOLERANCE:
            return new
        visits = new
    return visits
