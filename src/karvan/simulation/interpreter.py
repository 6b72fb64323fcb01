"""The same models in plain Python, for reading and for checking the kernel event by event.

Queues are lists, the event list is a heap of tuples, every entity is an object.  What happens when
is decided here as it is in :mod:`karvan.kernels.events`; nothing is counted but the log.
"""

import heapq
import math
from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import Any

from karvan.simulation.layout import (
    Branches,
    entrances,
    factor_at,
    followers,
    in_cycles,
    key_of,
    limit,
    product,
    step_names,
)
from karvan.simulation.model import Class, Closure, Model, Profile, Source, Stage
from karvan.simulation.variates import Distribution

MASK = (1 << 64) - 1
GOLD = 0x9E3779B97F4A7C15
RANKS = (
    "begin", "end", "finish", "return", "pool return", "open", "arrival", "wake", "deadline", "gap",
    "tick", "renege", "close",
)  # fmt: skip
"""Kinds of events in the order in which those of one instant happen."""

Row = tuple[float, str, str, str]
"""Time [h], entity, stage, what happened."""


def mix(z: int) -> int:
    """Return 64 bits that look unrelated to those given (SplitMix64)."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def uniform(key: int) -> float:
    """Return a number inside (0, 1) for a key."""
    return ((mix(key & MASK) >> 11) + 0.5) * 2.0**-53


def polynomial(coefficients: tuple[float, ...], x: float) -> float:
    """Return a polynomial by Horner's rule, the highest power first."""
    value = coefficients[0]
    for c in coefficients[1:]:
        value = value * x + c
    return value


# Wichura (1988), AS 241: numerators and denominators of the three ranges.
CENTRE = (
    (
        2509.0809287301226727, 33430.575583588128105, 67265.770927008700853,
        45921.953931549871457, 13731.693765509461125, 1971.5909503065514427,
        133.14166789178437745, 3.387132872796366608,
    ),
    (
        5226.495278852545925, 28729.085735721942674, 39307.89580009271061,
        21213.794301586595867, 5394.1960214247511077, 687.1870074920579083,
        42.313330701600911252, 1.0,
    ),
)  # fmt: skip
MIDDLE = (
    (
        7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
        1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
        4.6303378461565452959, 1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
        0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
        2.05319162663775882187, 1.0,
    ),
)  # fmt: skip
TAIL = (
    (
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
        0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
        5.4637849111641143699, 6.6579046435011037772,
    ),
    (
        2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
        7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
        0.59983220655588793769, 1.0,
    ),
)  # fmt: skip


def normal(p: float) -> float:
    """Return the quantile of the standard normal distribution."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * polynomial(CENTRE[0], r) / polynomial(CENTRE[1], r)
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    upper, lower, shift = (*MIDDLE, 1.6) if r <= 5.0 else (*TAIL, 5.0)
    value = polynomial(upper, r - shift) / polynomial(lower, r - shift)
    return -value if q < 0.0 else value


def erlang(k: float, u: float) -> float:
    """Return the quantile of the sum of k unit exponentials, by Halley's steps that stay inside."""
    c = 1.0 - 1.0 / (9.0 * k) + normal(u) / (3.0 * math.sqrt(k))
    x = k * c * c * c
    low, high = 0.0, 800.0 + 4.0 * k
    if not low < x < high:
        x = k * u
    for _ in range(100):
        term = total = 1.0
        for i in range(1, int(k)):
            term *= x / i
            total += term
        error = 1.0 - math.exp(-x) * total - u
        if error > 0.0:
            high = x
        else:
            low = x
        density = math.exp(-x) * term
        step = error / density if density > 0.0 else x
        bend = 0.5 * step * ((k - 1.0) / x - 1.0)
        new = x - step / (1.0 - bend) if abs(bend) < 0.5 else x - step
        # Halley's steps leave the cube of the error.  Who has arrived may lie on the bracket.
        if abs(new - x) <= 1e-6 * x:
            return new
        if not low < new < high:
            new = 0.5 * (low + high)
        x = new
    return x


def draw(d: Distribution, key: int, number: int) -> float:
    """Return the variate of a distribution for a key; of a series the value of that number."""
    v = d.values
    a, b, c = d.parameters()
    if d.kind == "constant":
        return a
    if d.kind == "series":
        return v[number % len(v)] + d.offset
    u = uniform(key)
    match d.kind:
        case "exponential":
            return d.offset - a * math.log(u)
        case "lognormal":
            return d.offset + math.exp(a + b * normal(u))
        case "quantiles":
            place = u * (len(v) - 1)
            low = v[int(place)] + d.offset
            return low + (place - int(place)) * (v[int(place) + 1] + d.offset - low)
        case "uniform":
            return d.offset + (a + (b - a) * u)
        case "erlang":
            return d.offset + a * erlang(b, u)
        case "hyperexponential":
            if u < a:
                return d.offset - b * math.log(u / a)
            return d.offset - c * math.log((1.0 - u) / (1.0 - a))
        case "triangular":
            if u * (c - a) < b - a:
                return d.offset + (a + math.sqrt(u * (c - a) * (b - a)))
            return d.offset + (c - math.sqrt((1.0 - u) * (c - a) * (c - b)))
        case _:
            return d.offset + a * math.exp(math.log(-math.log(u)) / b)


@dataclass(eq=False, slots=True)
class Entity:
    """What moves; a carrier has members."""

    name: str
    key: int
    number: int
    route: "Route"
    step: int = -1
    visits: int = 0
    members: deque["Entity"] = field(default_factory=deque)
    state: str = "moves"
    since: float = 0.0
    due: float = 0.0
    left: float | None = None
    held: bool = False
    token: int = -1
    target: "Place | None" = None


@dataclass(eq=False, slots=True)
class Route:
    """A class: its steps and what follows each; of a carrier the stage that makes it is first."""

    of: Class | None
    places: list["Place"] = field(default_factory=list)
    services: list[tuple[Distribution, int]] = field(default_factory=list)
    branches: list[tuple[Branches, int]] = field(default_factory=list)
    unloads: list[bool] = field(default_factory=list)
    again: list[bool] = field(default_factory=list)
    entry: tuple[Branches, int] = ([], 0)
    priority: int = 1


@dataclass(eq=False, slots=True)
class Place:
    """A stage and its state; `lines` hold those interrupted with members first, then by urgency."""

    of: Stage
    servers: int
    places: int
    lines: list[deque[Entity]]
    levels: list[int]
    profile: Profile | None = None
    tracked: bool = False
    busy: int = 0
    taken: int = 0
    down: int = 0
    blocked: deque[Entity] = field(default_factory=deque)
    serving: list[Entity] = field(default_factory=list)
    last_start: float = -inf
    last_departure: float = 0.0
    departed: int = 0
    armed: bool = False
    gap_armed: bool = False
    overdue: bool = False
    force: bool = False
    woken: bool = False
    carrier: Route | None = None

    def waiting(self) -> int:
        """Return how many wait, the interrupted among them."""
        return sum(map(len, self.lines))

    def first(self) -> Entity:
        """Return who is next."""
        return next(line[0] for line in self.lines if line)

    def is_full(self) -> bool:
        """Whether there is no place left."""
        return self.taken >= self.places


@dataclass(eq=False, slots=True)
class Units:
    """A pool and its state."""

    id: str
    units: int
    free: int
    return_h: Distribution | None
    run_limit: float
    single_track: bool
    direction: int = 0
    run: int = 0
    users: list[Place] = field(default_factory=list)


class Interpreter:
    """One replication in plain Python."""

    def __init__(self, model: Model, seed: int, replication: int) -> None:
        self.now = 0.0
        self.heap: list[tuple[float, int, int, Any, int]] = []
        self.count = 0
        self.log: list[Row] = []
        self.notes: deque[Place | Units] = deque()
        self.moving: deque[Entity] = deque()
        base = mix((seed & MASK) * GOLD & MASK)
        self.base = mix((base + (replication + 1) * GOLD) & MASK)
        self.pools = {
            p.id: Units(p.id, p.units, p.units, p.return_h, p.run or inf, p.single_track)
            for p in model.pools
        }
        self.model = model
        self._places(model)
        self._routes(model)
        self._begin(model)

    # ------------------------------------------------------------ setting up
    def key(self, *words: str) -> int:
        """Return the key of this replication for words."""
        return mix(key_of(*words) ^ self.base)

    def _places(self, model: Model) -> None:
        profiles = {p.id: p for p in model.profiles}
        self.stages: dict[str, Place] = {}
        for stage in model.stages:
            levels = sorted(
                {c.priority for c in model.classes for s in c.route if s.stage == stage.id}
            ) or [1]
            closures = [c for c in model.closures if c.stage == stage.id]
            payload = stage.batch.payload if stage.batch else None
            place = Place(
                stage,
                limit(stage.servers),
                limit(stage.places),
                [deque() for _ in range(len(levels) + 1)],
                levels,
                profiles[payload] if payload else None,
                stage.preemptive or any(c.work != "finishes" for c in closures),
            )
            self.stages[stage.id] = place
            for pool in stage.takes:
                self.pools[pool].users.append(place)

    def _routes(self, model: Model) -> None:
        self.routes: dict[str, Route] = {}
        for c in model.classes:
            names, follows = step_names(c), followers(c)
            route = Route(
                c, priority=c.priority, entry=(entrances(c), self.key("branch", c.id, ""))
            )
            route.again = in_cycles([[s for s, _ in branch] for branch in follows])
            seen: dict[str, int] = {}
            for step, name, branch in zip(c.route, names, follows, strict=True):
                seen[step.stage] = seen.get(step.stage, 0) + 1
                place = self.stages[step.stage]
                service = step.service_h or place.of.service_h
                key = self.key("service", step.stage, str(seen[step.stage]))
                route.places.append(place)
                route.services.append((service, key))
                route.branches.append((branch, self.key("branch", c.id, name)))
                route.unloads.append(step.unloads)
            self.routes[c.id] = route
        for place in self.stages.values():
            batch, name = place.of.batch, place.of.id
            if batch:
                after = self.routes[batch.carrier] if batch.carrier else Route(None)
                shift = [[(s + 1 if s >= 0 else -1, p) for s, p in b] for b, _ in after.branches]
                entry = [(s + 1 if s >= 0 else -1, p) for s, p in after.entry[0]] or [(-1, 1.0)]
                place.carrier = Route(
                    after.of,
                    [place, *after.places],
                    [
                        (place.of.service_h, self.key("service", name, "carrier")),
                        *after.services,
                    ],
                    [
                        (entry, self.key("branch", name, "carrier")),
                        *((b, key) for b, (_, key) in zip(shift, after.branches, strict=True)),
                    ],
                    [batch.carrier is None, *after.unloads],
                    [False, *after.again],
                    priority=after.priority,
                )

    def _begin(self, model: Model) -> None:
        timetables = [p for p in self.stages.values() if p.of.batch and p.of.batch.timetable_h]
        gaps = [p for p in self.stages.values() if p.of.batch and p.of.batch.max_gap_h]
        self.made = {source.id: 0 for source in model.sources}
        self.entities = {source.id: 0 for source in model.sources}
        self.toggles = {closure.id: 0 for closure in model.closures}
        self.ticks = {place.of.id: 0 for place in timetables}
        self.returns: dict[tuple[str, str], int] = {}
        rows: list[Any] = list(self.stages.values())
        rows += [*model.sources, *model.closures, *(("timetable", p) for p in timetables)]
        begins: list[tuple[float, int]] = []
        for n, row in enumerate(rows):
            if isinstance(row, Source) and row.count != 0:
                begins.append((row.start_h, n))
            elif not isinstance(row, Source | Place) or row in gaps:
                begins.append((0.0, n))
        for start, n in sorted(begins):
            self.schedule(start, "begin", rows[n])

    # ------------------------------------------------------------ events
    def schedule(self, time: float, kind: str, what: object) -> int:
        """Add an event and return its number."""
        self.count += 1
        heapq.heappush(self.heap, (time, RANKS.index(kind), self.count, what, self.count))
        return self.count

    def note(self, what: Place | Units) -> None:
        """Remember what has to be looked at within this event."""
        if not any(n is what for n in self.notes):
            self.notes.append(what)

    def write(self, kind: str, entity: str, stage: str) -> None:
        """Append to the log."""
        self.log.append((self.now, entity, stage, kind))

    def run(self, until: float, most_events: int) -> list[Row]:
        """Return the log up to a time or a number of events."""
        while self.heap and self.heap[0][0] <= until and most_events > 0:
            most_events -= 1
            self.now, rank, _, what, number = heapq.heappop(self.heap)
            getattr(self, "on_" + RANKS[rank].replace(" ", "_"))(what, number)
            while self.notes or self.moving:
                if self.notes:
                    noted = self.notes.popleft()
                    if isinstance(noted, Place):
                        self.refresh(noted)
                    else:
                        self.share(noted)
                else:
                    self.arrive(self.moving.popleft())
        return self.log

    def on_begin(self, what: object, _: int) -> None:
        """Set off a source, closure, timetable or longest gap."""
        if isinstance(what, Source):
            self.next_arrival(what)
        elif isinstance(what, Closure):
            self.next_toggle(what, "close")
        elif isinstance(what, tuple):
            self.next_tick(what[1])
        elif isinstance(what, Place) and what.of.batch and what.of.batch.max_gap_h:
            what.gap_armed = True
            self.schedule(self.now + what.of.batch.max_gap_h, "gap", what)

    def on_end(self, e: Entity, _: int) -> None:
        """End a service that nothing could interrupt."""
        self.write("end", e.name, e.route.places[e.step].of.id)
        self.depart(e, front=False)

    def on_finish(self, e: Entity, number: int) -> None:
        """End a service, unless it was interrupted since."""
        if e.token == number:
            e.route.places[e.step].serving.remove(e)
            e.token = -1
            self.on_end(e, number)

    def on_return(self, place: Place, _: int) -> None:
        """Give a server back to its stage."""
        place.busy -= 1
        self.note(place)

    def on_pool_return(self, what: tuple[Units, int], _: int) -> None:
        """Give units back to a pool."""
        what[0].free += what[1]
        self.note(what[0])

    def on_wake(self, place: Place, _: int) -> None:
        """Look again when the headway is over."""
        place.woken = False
        self.note(place)

    def on_renege(self, e: Entity, number: int) -> None:
        """Let who has waited too long leave."""
        if e.token == number:
            place = e.route.places[e.step]
            next(line for line in place.lines if e in line).remove(e)
            place.taken -= 1
            self.note(place)
            self.leave(e, "renege")

    def on_arrival(self, source: Source, _: int) -> None:
        """Make the entities of an arrival."""
        self.made[source.id] += 1
        if source.count is None or self.made[source.id] < source.count:
            self.next_arrival(source)
        route = self.routes[source.class_]
        for _i in range(source.size):
            number = self.entities[source.id]
            self.entities[source.id] += 1
            key = mix((self.key("entity", source.id) + number * GOLD) & MASK)
            e = Entity(f"{source.id} {number}", key, number, route)
            step = self.choose(e, *route.entry, again=False)
            if step >= 0 and route.places[step].is_full():
                e.step = step
                self.leave(e, "lost")
            else:
                self.go(e, step)

    def next_arrival(self, source: Source) -> None:
        """Schedule the next arrival of a source."""
        made = self.made[source.id]
        gap = draw(source.every_h, self.key("arrivals", source.id) + made * GOLD, made)
        due = self.now + gap
        if source.profiles:
            chosen = product([p for p in self.model.profiles if p.id in source.profiles])
            due = operational_time(chosen, self.now, gap)
        if due <= (inf if source.until_h is None else source.until_h):
            self.schedule(due, "arrival", source)

    # ------------------------------------------------------------ moving
    def choose(self, e: Entity, branches: Branches, key: int, *, again: bool) -> int:
        """Return the next step of an entity; -1 is the way out."""
        if len(branches) == 1:
            return branches[0][0]
        u = uniform(key + e.key + (e.visits * GOLD if again else 0))
        level = 0.0
        for step, share in branches[:-1]:
            level += share
            if u < level:
                return step
        return branches[-1][0]

    def successor(self, e: Entity) -> int:
        """Return the step after the one that an entity has done."""
        return self.choose(e, *e.route.branches[e.step], again=e.route.again[e.step])

    def go(self, e: Entity, step: int) -> None:
        """Send an entity to a step whose stage has a place, or out."""
        if step < 0:
            self.leave(e, "exit")
            return
        e.visits += e.route.again[step]
        e.step, e.state = step, "moves"
        e.route.places[step].taken += 1
        self.moving.append(e)

    def leave(self, e: Entity, kind: str) -> None:
        """Let an entity leave the system."""
        e.token = -1
        self.write(kind, e.name, e.route.places[e.step].of.id if e.step >= 0 else "")

    def depart(self, e: Entity, *, front: bool) -> None:
        """Let who is aboard and then the entity go on, as far as there are places."""
        place = e.route.places[e.step]
        following = self.successor(e)
        if following < 0 or e.route.unloads[e.step]:
            while e.members:
                m = e.members[0]
                then = self.successor(m)
                if then >= 0 and m.route.places[then].is_full():
                    self.block(e, place, m.route.places[then], front=front)
                    return
                e.members.popleft()
                self.write("alight", m.name, place.of.id)
                self.go(m, then)
        if following >= 0:
            target = e.route.places[following]
            if target is not place and target.is_full():
                self.block(e, place, target, front=front)
                return
        self.release(e, place)
        self.go(e, following)

    def block(self, e: Entity, place: Place, target: Place, *, front: bool) -> None:
        """Keep an entity on its server until another stage has a place."""
        if e.state != "blocked":
            e.state = "blocked"
            self.write("block", e.name, place.of.id)
        if front and e.target is target:
            target.blocked.appendleft(e)
        else:
            target.blocked.append(e)
        e.target = target

    def release(self, e: Entity, place: Place) -> None:
        """Free what an entity held at a stage."""
        batch = place.of.batch
        if batch and batch.return_h:
            away = draw(batch.return_h, self.key("return", place.of.id) + e.key, e.number)
            self.schedule(self.now + away, "return", place)
        else:
            place.busy -= 1
        if not batch:
            place.taken -= 1
        gives = place.of.takes if place.of.gives is None else place.of.gives
        for pool in self.pools.values():
            if pool.id in gives:
                self.give(place, pool, gives[pool.id])
        # After the pools: of all that wait for one the most urgent has it, not who gave it.
        if not (batch and batch.return_h):
            self.note(place)

    def give(self, place: Place, pool: Units, units: int) -> None:
        """Give units to a pool, at once or after their return."""
        if pool.return_h:
            n = self.returns.get((place.of.id, pool.id), 0)
            self.returns[place.of.id, pool.id] = n + 1
            key = self.key("give", place.of.id, pool.id) + n * GOLD
            self.schedule(self.now + draw(pool.return_h, key, n), "pool return", (pool, units))
        else:
            pool.free += units
            self.note(pool)

    # ------------------------------------------------------------ beginning
    def arrive(self, e: Entity) -> None:
        """Let an entity arrive at its stage."""
        place, step = e.route.places[e.step], e.step
        stage = place.of
        self.write("arrive", e.name, stage.id)
        if stage.balk_at is not None and place.waiting() >= stage.balk_at:
            place.taken -= 1
            if place.blocked:
                self.note(place)
            self.leave(e, "balk")
            return
        level = 1 + place.levels.index(e.route.priority)
        e.state, e.since, e.left = "waits", self.now, None
        place.lines[level].append(e)
        self.begin_all(place)
        if stage.preemptive and e.state == "waits":
            self.preempt(place, level)
        if stage.batch:
            self.arm(place)
        if stage.patience_h and e.state == "waits" and e.step == step:
            again = e.visits * GOLD if e.route.again[step] else 0
            key = self.key("patience", stage.id) + e.key + again
            due = self.now + draw(stage.patience_h, key, e.number)
            e.token = self.schedule(due, "renege", e)

    def begin_all(self, place: Place) -> None:
        """Begin all that a stage can begin."""
        while self.could_begin(place):
            self.begin(place)

    def refresh(self, place: Place) -> None:
        """Begin what can begin, then let in who is blocked in front."""
        self.begin_all(place)
        while place.blocked and not place.is_full():
            self.depart(place.blocked.popleft(), front=True)

    def could_begin(self, place: Place) -> bool:
        """Whether a stage can begin a service now."""
        stage = place.of
        if place.busy >= place.servers - place.down:
            return False
        if stage.batch and not place.lines[0]:
            if self.boarding(place) is None:
                return False
        elif not place.waiting():
            return False
        elif place.first().held:
            return True
        due = place.last_start + stage.headway_h
        if stage.headway_h and self.now < due:
            if not place.woken:
                place.woken = True
                self.schedule(due, "wake", place)
            return False
        return self.units_are_free(place) or self.line_of_held(place) is not None

    def units_are_free(self, place: Place) -> bool:
        """Whether the pools have what a stage needs to begin."""
        return all(
            self.is_free(self.pools[p], units, place.of.direction)
            for p, units in place.of.takes.items()
        )

    def line_of_held(self, place: Place) -> deque[Entity] | None:
        """Return the first line headed by who was interrupted: it has its units of pools."""
        return next((line for line in place.lines[1:] if line and line[0].held), None)

    def is_free(self, pool: Units, units: int, way: int) -> bool:
        """Whether a pool has units for a stage in its direction."""
        if pool.free < units:
            return False
        if not pool.single_track:
            return True
        if way != pool.direction:
            return pool.free >= pool.units
        return pool.run < pool.run_limit or not any(
            u.of.direction != way and u.waiting() and u.busy < u.servers - u.down
            for u in pool.users
        )

    def boarding(self, place: Place) -> int | None:
        """Return how many board now; None if the carrier does not leave yet."""
        batch = place.of.batch
        if batch is None:
            return None
        most = batch.most
        if place.profile:
            most = int(most * factor_at(place.profile, self.now) + 1e-9)
        line = [e for level in place.lines[1:] for e in level]
        fill = batch.most if batch.fill is None else batch.fill
        full = fill > 0 and most > 0 and len(line) >= min(fill, most)
        fits = min(len(line), most)
        length = weight = 0.0
        limited = batch.max_length_m or batch.max_weight_t
        for n, e in enumerate(line[:fits] if limited else ()):
            length += e.route.of.length_m if e.route.of else 0.0
            weight += e.route.of.weight_t if e.route.of else 0.0
            if length > (batch.max_length_m or inf) or weight > (batch.max_weight_t or inf):
                full, fits = n > 0 and fill > 0, n
                break
        if full or ((place.force or place.overdue) and fits >= (not batch.sails_empty)):
            return fits
        return None

    def begin(self, place: Place) -> None:
        """Begin a service, of a carrier with who boards or of who is first in line."""
        n = self.boarding(place) if not place.lines[0] else None
        if n is not None:
            e = self.board(place, n)
        else:
            line = next(line for line in place.lines if line)
            if not line[0].held and not self.units_are_free(place):
                line = self.line_of_held(place) or line
            e = line.popleft()
        if not e.held:
            place.last_start = self.now
            for pool, units in place.of.takes.items():
                self.take(self.pools[pool], units, place.of.direction)
        service = e.left
        if service is None:
            distribution, key = e.route.services[e.step]
            again = e.visits * GOLD if e.route.again[e.step] else 0
            service = draw(distribution, key + e.key + again, e.number)
        e.state, e.held, e.token = "served", False, -1
        place.busy += 1
        self.write("start", e.name, place.of.id)
        e.due = self.now + service
        if place.tracked:
            e.left = service
            place.serving.append(e)
            e.token = self.schedule(e.due, "finish", e)
        else:
            self.schedule(e.due, "end", e)

    def take(self, pool: Units, units: int, way: int) -> None:
        """Take units of a pool."""
        pool.free -= units
        pool.run = pool.run + 1 if pool.direction == way else 1
        pool.direction = way

    def board(self, place: Place, n: int) -> Entity:
        """Return a new carrier with the first n aboard."""
        stage, batch = place.of, place.of.batch
        if batch is None or place.carrier is None:
            raise TypeError(stage.id)
        number = place.departed
        place.departed += 1
        key = mix((self.key("carrier", stage.id) + number * GOLD) & MASK)
        carrier = Entity(f"{stage.id} {number}", key, number, place.carrier, step=0)
        for _ in range(n):
            line = next(line for line in place.lines[1:] if line)
            e = line.popleft()
            e.state, e.token = "aboard", -1
            carrier.members.append(e)
            self.write("board", e.name, stage.id)
        place.taken -= n
        if place.blocked:
            self.note(place)
        place.force = place.overdue = False
        place.last_departure = self.now
        if batch.max_gap_h and not place.gap_armed:
            place.gap_armed = True
            self.schedule(self.now + batch.max_gap_h, "gap", place)
        self.arm(place)
        return carrier

    def share(self, pool: Units) -> None:
        """Let stages begin that wait for a pool: the most urgent, then the longest waiting."""
        while True:
            ready = [p for p in pool.users if p.waiting() and self.could_begin(p)]
            if not ready:
                return
            self.begin(min(ready, key=_urgency))

    # ------------------------------------------------------------ interruptions
    def preempt(self, place: Place, level: int) -> None:
        """Interrupt the least urgent in service, the one begun last, for who is more urgent."""
        if place.servers - place.down <= 0 or not self.units_are_free(place):
            return
        victim, worst = None, level
        for e in reversed(place.serving):
            if 1 + place.levels.index(e.route.priority) > worst:
                victim, worst = e, 1 + place.levels.index(e.route.priority)
        if victim:
            self.interrupt(place, victim, "resumes")
            if self.could_begin(place):
                self.begin(place)

    def interrupt(self, place: Place, e: Entity, rule: str) -> None:
        """Put who is in service back to the front of its line."""
        place.serving.remove(e)
        e.token = -1
        if rule == "resumes":
            e.left = e.due - self.now
        e.held, e.state, e.since = True, "waits", self.now
        place.busy -= 1
        level = 0 if place.of.batch else 1 + place.levels.index(e.route.priority)
        place.lines[level].appendleft(e)
        self.write("interrupt", e.name, place.of.id)

    def on_close(self, closure: Closure, _: int) -> None:
        """Close servers."""
        self.next_toggle(closure, "open")
        place = self.stages[closure.stage]
        self.write("close", "", closure.stage)
        place.down += limit(closure.servers)
        if closure.work != "finishes":
            while place.busy > max(0, place.servers - place.down) and place.serving:
                self.interrupt(place, place.serving[-1], closure.work)
        self._look_around(place)

    def on_open(self, closure: Closure, _: int) -> None:
        """Open servers again."""
        self.next_toggle(closure, "close")
        place = self.stages[closure.stage]
        self.write("open", "", closure.stage)
        place.down -= limit(closure.servers)
        self._look_around(place)

    def _look_around(self, place: Place) -> None:
        self.note(place)
        for pool in self.pools.values():
            if pool.id in place.of.takes:
                self.note(pool)

    def next_toggle(self, closure: Closure, kind: str) -> None:
        """Schedule the next closing or opening."""
        n = self.toggles[closure.id]
        self.toggles[closure.id] = n + 1
        if closure.closed_from_h:
            pairs = zip(closure.closed_from_h, closure.closed_until_h, strict=True)
            due = series_time([t for p in sorted(pairs) for t in p], closure.period_h, n)
        else:
            d = closure.open_h if kind == "close" else closure.closed_h
            if d is None:
                return
            due = self.now + draw(d, self.key("closure", closure.id) + n * GOLD, n >> 1)
        if due < inf:
            self.schedule(due, kind, closure)

    # ------------------------------------------------------------ clocks of batches
    def arm(self, place: Place) -> None:
        """See that somebody looks when the longest waiting has waited long enough."""
        batch = place.of.batch
        fronts = [line[0].since for line in place.lines[1:] if line]
        if batch and batch.max_wait_h is not None and fronts and not place.armed:
            place.armed = True
            self.schedule(max(self.now, min(fronts) + batch.max_wait_h), "deadline", place)

    def on_deadline(self, place: Place, _: int) -> None:
        """Let a carrier leave for who has waited long enough."""
        place.armed = False
        fronts = [line[0].since for line in place.lines[1:] if line]
        batch = place.of.batch
        longest = batch.max_wait_h if batch and batch.max_wait_h is not None else inf
        if fronts and min(fronts) + longest <= self.now:
            place.overdue = True
            self.refresh(place)
        if not place.overdue:
            self.arm(place)

    def on_gap(self, place: Place, _: int) -> None:
        """Let a carrier leave so long after the last one."""
        batch = place.of.batch
        place.gap_armed = False
        due = place.last_departure + (batch.max_gap_h if batch and batch.max_gap_h else inf)
        if due > self.now:
            place.gap_armed = True
            self.schedule(due, "gap", place)
        else:
            place.overdue = True
            self.refresh(place)

    def next_tick(self, place: Place) -> None:
        """Schedule the next departure of a timetable."""
        batch = place.of.batch
        if batch:
            due = series_time(sorted(batch.timetable_h), batch.period_h, self.ticks[place.of.id])
            self.ticks[place.of.id] += 1
            if due < inf:
                self.schedule(due, "tick", place)

    def on_tick(self, place: Place, _: int) -> None:
        """Let a carrier leave by timetable, if there is one."""
        self.next_tick(place)
        place.force = True
        self.refresh(place)
        place.force = False


def _urgency(place: Place) -> tuple[int, float]:
    level = next(n for n, line in enumerate(place.lines) if line)
    return place.levels[level - 1] if level else 0, place.lines[level][0].since


def series_time(times: list[float], period: float | None, n: int) -> float:
    """Return the n-th time of a series that may repeat; inf after its end."""
    cycle, place = divmod(n, len(times))
    if cycle and period is None:
        return inf
    return times[place] + cycle * (period or 0.0)


def operational_time(profile: Profile, t: float, gap: float) -> float:
    """Return when a gap that begins at t is over, at the pace of a profile."""
    period = profile.period_h
    begin = math.floor(t / period) * period if period else 0.0
    starts, n = profile.starts_h, len(profile.starts_h)
    i = 0
    while i + 1 < n and begin + starts[i + 1] <= t:
        i += 1
    while True:
        end = begin + (starts[i + 1] if i + 1 < n else period or inf)
        pace = profile.factors[i]
        room = pace * (end - t) if pace > 0.0 else 0.0
        if pace > 0.0 and gap <= room:
            return t + gap / pace
        if end == inf:
            return inf
        gap, t, i = gap - room, end, i + 1
        if i == n and period:
            if begin + period == begin:
                return inf
            i, begin = 0, begin + period


def interpret(
    model: Model,
    *,
    seed: int = 0,
    replication: int = 0,
    horizon_h: float = inf,
    events: int = 10**6,
) -> list[Row]:
    """Return the log of one replication in plain Python.

    Parameters
    ----------
    model : Model
        Checked.
    seed, replication : int
    horizon_h : float
        [h]
    events : int
        At most so many.

    Returns
    -------
    list of (time [h], entity, stage, what happened)
    """
    return Interpreter(model, seed, replication).run(horizon_h, events)
