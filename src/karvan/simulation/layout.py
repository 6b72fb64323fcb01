"""The tables of a model as the rows that the kernel runs, and the keys of its draws."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from math import inf

import numpy as np

from karvan.kernels import events as k
from karvan.simulation.model import UNLIMITED, Class, Closure, Model, Pool, Profile, Source, Stage
from karvan.simulation.variates import Distribution, constant

EXIT = "exit"
BRANCHING = -1
REFERENCES = frozenset({
    "QUEUE", "CARRIER", "PAYLOAD", "PATIENCE", "RETURNING", "USES", "RELEASES", "STAGE", "CLASS",
    "LEVEL", "SERVICE", "NEXT", "BRANCHES", "N_BRANCHES", "S_STEP", "S_EVERY", "S_PROFILE",
    "O_STAGE", "O_OPEN", "O_CLOSED", "T_STAGE", "P_USERS", "R_POOL", "R_NEXT", "R_STAGE",
    "R_NEXT_USER", "R_RETURN", "FIRST_STAGE", "FIRST_SOURCE", "FIRST_CLOSURE", "FIRST_TIMETABLE",
})  # fmt: skip
"""Columns that hold rows, or numbers of rows, which the kernel counts in cells."""
MARGIN = 64
"""Rows that one event may add beyond those in proportion to who is inside."""

RULES = {"finishes": k.FINISHES, "resumes": k.RESUMES, "repeats": k.REPEATS}
KIND_NUMBERS = {
    "constant": k.CONSTANT,
    "exponential": k.EXPONENTIAL,
    "lognormal": k.LOGNORMAL,
    "uniform": k.UNIFORM,
    "erlang": k.ERLANG,
    "triangular": k.TRIANGULAR,
    "weibull": k.WEIBULL,
    "quantiles": k.QUANTILES,
    "series": k.SERIES,
    "hyperexponential": k.HYPEREXPONENTIAL,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """A model as rows.

    Attributes
    ----------
    thing, real, table : ndarray
        Of a :class:`karvan.kernels.events.World` before the first event.
    begins : tuple of (float, int)
        Time and row of what sets itself off, in the order of the event list.
    stages, classes, sources, pools : dict
        Row of each id; classes include those of carriers without a class of their own.
    n_histograms : int
    """

    thing: k.IntArray
    real: k.FloatArray
    table: k.FloatArray
    begins: tuple[tuple[float, int], ...]
    stages: dict[str, int]
    classes: dict[str, int]
    sources: dict[str, int]
    pools: dict[str, int]
    n_histograms: int


def key_of(*words: str) -> int:
    """Return 63 bits that stand for words; never 0, which says that there is no key."""
    digest = hashlib.blake2b("\x1f".join(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1 | 1


@dataclass(slots=True)
class _Rows:
    """Rows under construction."""

    thing: list[dict[int, int]] = field(default_factory=lambda: [{}])
    real: list[dict[int, float]] = field(default_factory=lambda: [{}])
    table: list[float] = field(default_factory=list)
    histograms: int = 0

    def add(self) -> int:
        """Return the number of a new row."""
        self.thing.append({})
        self.real.append({})
        return len(self.thing) - 1

    def put(self, row: int, **columns: float) -> None:
        """Set columns, named as in the kernel; those of reals begin with X."""
        for name, value in columns.items():
            if name.startswith("X_"):
                self.real[row][getattr(k, name)] = float(value)
            else:
                cells = k.COLUMNS if name in REFERENCES else 1
                self.thing[row][getattr(k, name)] = int(value) * cells

    def reference(self, row: int, column: int) -> int:
        """Return the row that a row refers to."""
        return self.thing[row].get(column, 0) // k.COLUMNS

    def part(self, row: int, values: Sequence[float]) -> None:
        """Let a row refer to values in the table of reals."""
        self.put(row, FIRST=len(self.table), LENGTH=len(values))
        self.table.extend(values)

    def distribution(self, d: Distribution) -> int:
        """Return the row of a distribution."""
        row = self.add()
        a, b, c = d.parameters()
        self.put(row, KIND=KIND_NUMBERS[d.kind], X_A=a, X_B=b, X_C=c, X_OFFSET=d.offset)
        if d.kind in {"series", "quantiles"}:
            self.part(row, [v + d.offset for v in d.values])
        return row

    def histogram(self) -> int:
        """Return the number of a new histogram."""
        self.histograms += 1
        return self.histograms - 1

    def arrays(self) -> tuple[k.IntArray, k.FloatArray, k.FloatArray]:
        """Return the rows as arrays."""
        thing = np.zeros((len(self.thing), k.COLUMNS), np.int64)
        real = np.zeros((len(self.real), k.REALS))
        for row, columns in enumerate(self.thing):
            for column, value in columns.items():
                thing[row, column] = value
        for row, values in enumerate(self.real):
            for column, number in values.items():
                real[row, column] = number
        return thing, real, np.array(self.table or [0.0])


def limit(amount: int | str) -> int:
    """Return an amount as a number."""
    return k.UNLIMITED if isinstance(amount, str) else amount


def step_names(route_of: Class) -> list[str]:
    """Return the names of the steps of a route: their ids, or the stages' with a count."""
    names: list[str] = []
    seen: dict[str, int] = {}
    for step in route_of.route:
        name = step.id or step.stage
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return names


Branches = list[tuple[int, float]]


def followers(of: Class) -> list[Branches]:
    """Return the steps that may follow each step of a route, with probabilities; -1 is the exit."""
    names = step_names(of)
    result = []
    for i, step in enumerate(of.route):
        if step.next is not None:
            entry = [(-1 if n == EXIT else names.index(n), p) for n, p in step.next.items() if p]
        else:
            entry = [(i + 1 if i + 1 < len(names) else -1, 1.0)]
        result.append(_with_skips(entry, of))
    return result


def entrances(of: Class) -> Branches:
    """Return the first steps of a route, with probabilities."""
    return _with_skips([(0, 1.0)], of)


def _with_skips(entry: Branches, of: Class) -> Branches:
    """Let steps of a probability below 1 be passed over."""
    found: dict[int, float] = {}
    for step, share in entry:
        at, left = step, share
        while 0 <= at < len(of.route) and of.route[at].probability < 1.0:
            found[at] = found.get(at, 0.0) + left * of.route[at].probability
            left *= 1.0 - of.route[at].probability
            at = at + 1 if at + 1 < len(of.route) else -1
        found[at] = found.get(at, 0.0) + left
    return list(found.items())


def in_cycles(edges: Sequence[Sequence[int]]) -> list[bool]:
    """Return which nodes lie on a cycle."""
    result = []
    for start in range(len(edges)):
        seen: set[int] = set()
        todo = list(edges[start])
        while todo:
            node = todo.pop()
            if node >= 0 and node not in seen:
                seen.add(node)
                todo.extend(edges[node])
        result.append(start in seen)
    return result


def lay_out(model: Model) -> Layout:
    """Return the rows of a model that has been checked."""
    rows = _Rows()
    stages = {stage.id: rows.add() for stage in model.stages}
    sources = {source.id: rows.add() for source in model.sources}
    closures = {closure.id: rows.add() for closure in model.closures}
    timetables = {s.id: rows.add() for s in model.stages if s.batch and s.batch.timetable_h}
    pools = {pool.id: rows.add() for pool in model.pools}
    profiles = {profile.id: _profile(rows, profile) for profile in model.profiles}
    classes = {c.id: rows.add() for c in model.classes}
    levels = _levels(model)
    services = {stage.id: rows.distribution(stage.service_h) for stage in model.stages}
    steps: dict[str, list[int]] = {}
    for c in model.classes:
        steps[c.id] = _route(rows, c, classes[c.id], stages, services, levels)
        rows.put(
            classes[c.id], C_HIST=rows.histogram(), X_C_LENGTH=c.length_m, X_C_WEIGHT=c.weight_t
        )
    for pool in model.pools:
        _pool(rows, pool, pools[pool.id])
    for stage in model.stages:
        _stage(rows, stage, stages[stage.id], levels[stage.id], profiles)
        _uses(rows, stage, model.pools, stages, pools)
        if stage.batch:
            _carrier(rows, stage, stages[stage.id], model, classes, steps, services)
            if stage.batch.timetable_h:
                _timetable(rows, stage, timetables[stage.id], stages[stage.id])
    for source in model.sources:
        _source(rows, source, sources[source.id], model, classes, steps)
    for closure in model.closures:
        _closure(rows, closure, closures[closure.id], stages[closure.stage])
    rows.put(
        k.CLOCK,
        N_STAGES=len(stages),
        FIRST_STAGE=1,
        FIRST_SOURCE=1 + len(stages),
        FIRST_CLOSURE=1 + len(stages) + len(sources),
        FIRST_TIMETABLE=1 + len(stages) + len(sources) + len(closures),
        BURST=MARGIN + 2 * max(s.size for s in model.sources),
        CARRIES=any(s.batch for s in model.stages),
        LOOPS=may_lock(model),
    )
    _plain(rows, model, sources, classes, steps)
    begins = [(s.start_h, sources[s.id]) for s in model.sources if s.count != 0]
    begins += [(0.0, row) for row in (*closures.values(), *timetables.values())]
    begins += [(0.0, stages[s.id]) for s in model.stages if s.batch and s.batch.max_gap_h]
    thing, real, table = rows.arrays()
    return Layout(
        thing, real, table, tuple(sorted(begins)), stages, classes, sources, pools, rows.histograms
    )


def _plain(
    rows: _Rows,
    model: Model,
    sources: dict[str, int],
    classes: dict[str, int],
    steps: dict[str, list[int]],
) -> None:
    """Mark the steps and sources that the kernel's fast path can do, see its column PLAIN."""

    def flags(step: int) -> int:
        return rows.thing[rows.reference(step, k.STAGE)].get(k.FLAGS, 0)

    carriers = {s.batch.carrier for s in model.stages if s.batch}
    for c in model.classes:
        for step in steps[c.id] if c.id not in carriers else ():
            following = rows.reference(step, k.NEXT)
            plain = following >= 0 and not flags(step) and not (following and flags(following))
            rows.put(step, PLAIN=plain)
    for source in model.sources:
        row = sources[source.id]
        first = rows.reference(rows.reference(row, k.S_STEP), k.NEXT)
        rows.put(row, PLAIN=first > 0 and not flags(first) and source.size == 1)


def _levels(model: Model) -> dict[str, list[int]]:
    """Return the priorities of who comes to each stage, the most urgent first."""
    found: dict[str, set[int]] = {stage.id: set() for stage in model.stages}
    for c in model.classes:
        for step in c.route:
            found[step.stage].add(c.priority)
    return {stage: sorted(priorities) or [1] for stage, priorities in found.items()}


def _route(
    rows: _Rows,
    of: Class,
    class_row: int,
    stages: dict[str, int],
    services: dict[str, int],
    levels: dict[str, list[int]],
) -> list[int]:
    """Return the rows of the steps of a route."""
    names = step_names(of)
    branches = followers(of)
    again = in_cycles([[step for step, _ in entry] for entry in branches])
    steps = [rows.add() for _ in of.route]
    occurrence: dict[str, int] = {}
    for i, step in enumerate(of.route):
        occurrence[step.stage] = occurrence.get(step.stage, 0) + 1
        rows.put(
            steps[i],
            STAGE=stages[step.stage],
            CLASS=class_row,
            LEVEL=1 + levels[step.stage].index(of.priority),
            SERVICE=rows.distribution(step.service_h) if step.service_h else services[step.stage],
            UNLOADS=step.unloads,
            AGAIN=again[i],
            KEY=key_of("service", step.stage, str(occurrence[step.stage])),
            KEY2=key_of("branch", of.id, names[i]),
        )
        _branch(rows, steps[i], branches[i], steps)
    return steps


def _branch(rows: _Rows, row: int, branches: Branches, steps: list[int]) -> None:
    targets = [0 if step < 0 else steps[step] for step, _ in branches]
    if len(targets) == 1:
        rows.put(row, NEXT=targets[0])
        return
    cumulative = np.cumsum([share for _, share in branches])
    first = 0
    for target, level in zip(targets, cumulative, strict=True):
        branch = rows.add()
        first = first or branch
        rows.put(branch, NEXT=target, X_CUMULATIVE=level)
    rows.put(row, NEXT=BRANCHING, BRANCHES=first, N_BRANCHES=len(targets))


def _pool(rows: _Rows, pool: Pool, row: int) -> None:
    run = (pool.run or k.UNLIMITED) if pool.single_track else 0
    rows.put(row, P_FREE=pool.units, P_UNITS=pool.units, P_DIRECTED=run)


def _uses(
    rows: _Rows,
    stage: Stage,
    of_model: Sequence[Pool],
    stages: dict[str, int],
    pools: dict[str, int],
) -> None:
    """Add what a stage takes from pools and gives to them."""
    s = stages[stage.id]
    for pool in reversed(of_model):
        p = pools[pool.id]
        if pool.id in stage.takes:
            use = rows.add()
            rows.put(
                use,
                R_POOL=p,
                R_UNITS=stage.takes[pool.id],
                R_DIRECTION=stage.direction,
                R_STAGE=s,
                R_NEXT=rows.reference(s, k.USES),
                R_NEXT_USER=rows.reference(p, k.P_USERS),
            )
            rows.put(s, USES=use)
            rows.put(p, P_USERS=use)
        gives = stage.takes if stage.gives is None else stage.gives
        if pool.id in gives:
            row = rows.add()
            rows.put(
                row,
                R_POOL=p,
                R_UNITS=gives[pool.id],
                R_NEXT=rows.reference(s, k.RELEASES),
                R_RETURN=rows.distribution(pool.return_h) if pool.return_h else 0,
                KEY=key_of("give", stage.id, pool.id),
            )
            rows.put(s, RELEASES=row)


def _stage(
    rows: _Rows, stage: Stage, s: int, levels: Sequence[int], profiles: dict[str, int]
) -> None:
    queue = rows.add()
    for priority in levels:
        rows.put(rows.add(), Q_PRIORITY=priority)
    rows.put(
        s,
        SERVERS=limit(stage.servers),
        PLACES=limit(stage.places),
        QUEUE=queue,
        LEVELS=len(levels),
        BALK=k.UNLIMITED if stage.balk_at is None else stage.balk_at,
        HIST=rows.histogram() if stage.monitor else -1,
        X_HEADWAY=stage.headway_h,
        X_LAST_START=-inf,
        X_MAX_WAIT=inf,
        X_MAX_GAP=inf,
        KEY=key_of("return", stage.id),
        KEY2=key_of("patience", stage.id),
        KEY3=key_of("carrier", stage.id),
    )
    flags = {
        k.F_PLACES: stage.places != UNLIMITED,
        k.F_BATCH: stage.batch is not None,
        k.F_TRACKED: stage.preemptive,
        k.F_PREEMPT: stage.preemptive,
        k.F_POOL: bool(stage.takes or stage.gives),
        k.F_HEADWAY: stage.headway_h > 0.0,
        k.F_PATIENCE: stage.patience_h is not None,
        k.F_BALK: stage.balk_at is not None,
        k.F_OCCUPANCY: stage.count,
        k.F_LEVELS: len(levels) > 1,
        k.F_RETURN: stage.batch is not None and stage.batch.return_h is not None,
    }
    rows.put(s, FLAGS=sum(bit for bit, on in flags.items() if on))
    if stage.patience_h:
        rows.put(s, PATIENCE=rows.distribution(stage.patience_h))
    if stage.count:
        rows.put(s, OCC_HIST=rows.histogram())
    batch = stage.batch
    if batch:
        fill = batch.most if batch.fill is None else batch.fill
        rows.put(
            s,
            MOST=batch.most,
            FILL=fill or k.UNLIMITED,
            LEAST=not batch.sails_empty,
            PAYLOAD=profiles[batch.payload] if batch.payload else 0,
            RETURNING=rows.distribution(batch.return_h) if batch.return_h else 0,
            X_MAX_WAIT=inf if batch.max_wait_h is None else batch.max_wait_h,
            X_MAX_GAP=batch.max_gap_h or inf,
            X_LENGTH=batch.max_length_m or inf,
            X_WEIGHT=batch.max_weight_t or inf,
        )


def _carrier(
    rows: _Rows,
    stage: Stage,
    s: int,
    model: Model,
    classes: dict[str, int],
    steps: dict[str, list[int]],
    services: dict[str, int],
) -> None:
    """Add the step of a batch stage that its carrier does."""
    batch = stage.batch
    step = rows.add()
    rows.put(
        step,
        STAGE=s,
        SERVICE=services[stage.id],
        KEY=key_of("service", stage.id, "carrier"),
        KEY2=key_of("branch", stage.id, "carrier"),
    )
    rows.put(s, CARRIER=step)
    if batch and batch.carrier:
        rows.put(step, CLASS=classes[batch.carrier])
        route_of = next(c for c in model.classes if c.id == batch.carrier)
        _branch(rows, step, entrances(route_of), steps[batch.carrier])
    else:
        name = f"{stage.id} (carrier)"
        classes[name] = rows.add()
        rows.put(classes[name], C_HIST=rows.histogram())
        rows.put(step, CLASS=classes[name], UNLOADS=1)


def _timetable(rows: _Rows, stage: Stage, row: int, s: int) -> None:
    batch = stage.batch
    if batch:
        rows.put(row, KIND=1, T_STAGE=s, X_PERIOD=batch.period_h or inf)
        rows.part(row, sorted(batch.timetable_h))


def _source(
    rows: _Rows,
    source: Source,
    row: int,
    model: Model,
    classes: dict[str, int],
    steps: dict[str, list[int]],
) -> None:
    gate = rows.add()
    rows.put(gate, CLASS=classes[source.class_], KEY2=key_of("branch", source.class_, ""))
    route_of = next(c for c in model.classes if c.id == source.class_)
    _branch(rows, gate, entrances(route_of), steps[source.class_])
    every = source.every_h
    count = k.UNLIMITED if source.count is None else source.count
    rows.put(
        row,
        S_STEP=gate,
        S_EVERY=rows.distribution(every),
        S_SIZE=source.size,
        S_COUNT=count,
        X_UNTIL=inf if source.until_h is None else source.until_h,
        KEY=key_of("arrivals", source.id),
        KEY2=key_of("entity", source.id),
    )
    if source.profiles:
        chosen = [p for p in model.profiles if p.id in source.profiles]
        rows.put(row, S_PROFILE=_profile(rows, product(chosen)))


def product(profiles: Sequence[Profile]) -> Profile:
    """Return the profile whose factors are products of those of others."""
    if len(profiles) == 1:
        return profiles[0]
    periods = [p.period_h for p in profiles if p.period_h]
    ends = [p.starts_h[-1] for p in profiles if not p.period_h]
    period = max([*periods, *ends])
    starts = {0.0}
    for p in profiles:
        cycles = int(np.ceil(period / p.period_h)) if p.period_h else 1
        starts |= {c * (p.period_h or 0.0) + s for c in range(cycles) for s in p.starts_h}
    kept = sorted(s for s in starts if s < period or not periods)
    factors = [float(np.prod([factor_at(p, s) for p in profiles])) for s in kept]
    repeats = period if len(periods) == len(profiles) else None
    return Profile(id="*", starts_h=tuple(kept), factors=tuple(factors), period_h=repeats)


def factor_at(profile: Profile, t: float) -> float:
    """Return the factor of a profile at a time [h]."""
    phase = t % profile.period_h if profile.period_h else t
    place = int(np.searchsorted(profile.starts_h, phase, side="right")) - 1
    return profile.factors[max(place, 0)]


def _profile(rows: _Rows, profile: Profile) -> int:
    row = rows.add()
    rows.put(row, KIND=1, X_PERIOD=profile.period_h or inf)
    rows.part(row, [*profile.starts_h, *profile.factors])
    rows.put(row, LENGTH=len(profile.starts_h))
    return row


def _closure(rows: _Rows, closure: Closure, row: int, s: int) -> None:
    series = bool(closure.closed_from_h)
    rows.put(
        row,
        KIND=series,
        O_STAGE=s,
        O_SERVERS=limit(closure.servers),
        O_RULE=int(RULES[closure.work]),
        X_PERIOD=closure.period_h or inf,
        KEY=key_of("closure", closure.id),
    )
    if series:
        pairs = zip(closure.closed_from_h, closure.closed_until_h, strict=True)
        rows.part(row, [t for pair in sorted(pairs) for t in pair])
    else:
        rows.put(
            row,
            O_OPEN=rows.distribution(closure.open_h or constant(0.0)),
            O_CLOSED=rows.distribution(closure.closed_h or constant(0.0)),
        )
    bits = k.F_CLOSES | (0 if closure.work == "finishes" else k.F_TRACKED)
    rows.put(s, FLAGS=rows.thing[s][k.FLAGS] | bits)


def may_lock(model: Model) -> bool:
    """Whether stages with limited places can block each other in a ring."""
    finite = {s.id for s in model.stages if s.places != UNLIMITED}
    edges: dict[str, set[str]] = {s.id: set() for s in model.stages}
    carriers = {s.id: s.batch.carrier for s in model.stages if s.batch}
    routes = {c.id: c for c in model.classes}
    for c in model.classes:
        for step, branches in zip(c.route, followers(c), strict=True):
            froms = {step.stage}
            carrier = carriers.get(step.stage)
            if carrier:
                froms |= {s.stage for s in routes[carrier].route}
            for target, _ in branches:
                if target >= 0:
                    for start in froms:
                        edges[start].add(c.route[target].stage)
    for stage, carrier in carriers.items():
        if carrier:
            edges[stage].add(routes[carrier].route[0].stage)
    kept = {s: {t for t in to if t in finite and t != s} for s, to in edges.items() if s in finite}
    try:
        TopologicalSorter(kept).prepare()
    except CycleError:
        return True
    return False


def replication_keys(thing: k.IntArray, seed: int, replication: int) -> None:
    """Turn the keys of a model into those of one replication, in place."""
    with np.errstate(over="ignore"):
        base = _mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64) * k.GOLD)
        base = _mix(base + np.uint64(replication + 1) * k.GOLD)
        for column in (k.KEY, k.KEY2, k.KEY3):
            keys = thing[:, column].astype(np.uint64)
            mixed = _mix(keys ^ base)
            thing[:, column] = np.where(keys != 0, mixed, 0).astype(np.int64)


def _mix(z: k.KeyArray) -> k.KeyArray:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: k.KeyArray = z ^ (z >> np.uint64(31))
    return result
