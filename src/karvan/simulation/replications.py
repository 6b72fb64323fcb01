"""One replication: the kernel is called until it is done, its arrays grow, its accounts close."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import NamedTuple

import numpy as np

from karvan.errors import SimulationError
from karvan.kernels import events as k
from karvan.simulation.deadlocks import ring_of
from karvan.simulation.laws import LawCheck, conservation
from karvan.simulation.layout import Layout, replication_keys

SLICE = 4_000_000
"""Events between two looks at whether to go on: about a second."""

LAW_TOLERANCE = 1e-7
"""Share by which two ways of adding up the same time may differ: rounding of 1e7 sums."""

FIRST_ROWS = 256
CACHE_LINE = 8
"""Numbers in a line of the processor's cache."""

COURSE_BINS = 100
"""Parts of a replication whose mean number inside is kept, to see whether it settles."""
COURSES_KEPT = 100
"""Replications, the first ones, of which that is kept: their mean is smooth enough."""

ENDED = {
    k.UNTIL: "horizon",
    k.EMPTY: "empty",
    k.STUCK: "stuck",
    k.TOO_MANY_INSIDE: "too many inside",
    k.TOO_MANY_EVENTS: "too many events",
    k.DEADLOCK: "deadlock",
}


Areas = list[k.FloatArray]


class Limits(NamedTuple):
    """Where a replication stops at the latest."""

    horizon_h: float
    inside: int
    events: int


@dataclass(frozen=True, slots=True)
class Replication:
    """What one replication leaves.

    Attributes
    ----------
    number : int
    ended : str
        One of :data:`ENDED`, or ``interrupted``.
    time_h : float
        Time counted, after the warm-up [h]; all of it if it ended before that was over.
    in_warmup : bool
        Whether it ended before the warm-up was over: what it has is from the beginning.
    events : int
    thing, real : ndarray
        Rows of the kernel with their accounts closed at the end.
    filled : ndarray of int
        Bins of all histograms, as one array, in which something was counted.
    counts : ndarray
        How much: times in a histogram of times, hours in one of numbers.
    snapshot_h : ndarray, shape (n_bins,)
        Ends of the bins [h].
    snapshot_thing, snapshot_real : ndarray, shape (n_bins, n_rows, ...)
        Rows at those times.
    course : ndarray, shape (COURSE_BINS, n_classes)
        Mean number inside in equal parts of the time counted; empty without a horizon, and of
        all but the first replications.
    law_error : float
        Largest relative difference between the two sides of a law, see :func:`check_laws`.
    inside : dict
        How many stand where at the end: by row of stage.
    waits_for : tuple of (int, int)
        Pairs of stages, the one that is blocked and the one that is full.
    ring : tuple of str
        Who can never move because each waits for the next, through servers, places and pools; see
        :func:`karvan.simulation.deadlocks.ring_of`.
    log_time : ndarray
    log : ndarray, shape (n_log, 4)
    """

    number: int
    ended: str
    time_h: float
    in_warmup: bool
    events: int
    thing: k.IntArray
    real: k.FloatArray
    filled: k.IntArray
    counts: k.FloatArray
    snapshot_h: k.FloatArray
    snapshot_thing: k.IntArray
    snapshot_real: k.FloatArray
    course: k.FloatArray
    law_error: float
    inside: dict[int, int]
    waits_for: tuple[tuple[int, int], ...]
    ring: tuple[str, ...]
    log_time: k.FloatArray
    log: k.IntArray

    def histogram(self, number: int) -> k.FloatArray:
        """Return a histogram, shape (BINS,)."""
        first = number * k.BINS
        part = slice(*np.searchsorted(self.filled, [first, first + k.BINS]))
        result = np.zeros(k.BINS)
        result[self.filled[part] - first] = self.counts[part]
        return result


def build(layout: Layout, seed: int, replication: int, limits: Limits, *, log: bool) -> k.World:
    """Return a world before its first event."""
    thing = layout.thing.copy()
    replication_keys(thing, seed, replication)
    rows = max(FIRST_ROWS, 2 * int(thing[k.CLOCK, k.BURST]))
    entity = np.zeros((0, k.ENTITY_COLUMNS), np.int64)
    world = k.World(
        thing=thing,
        real=layout.real.copy(),
        entity=entity,
        time=entity.view(np.float64),
        event=np.zeros((0, 2), np.uint64),
        holder=np.zeros(0, np.int64),
        table=layout.table,
        histogram=np.zeros((layout.n_histograms, k.BINS)),
        log_time=np.zeros(16 * rows if log else 0),
        log=np.zeros((16 * rows if log else 0, 4), np.int64),
    )
    clock = thing[k.CLOCK]
    clock[k.LOGGING] = log
    clock[k.MOST_INSIDE] = limits.inside
    clock[k.MOST_EVENTS] = limits.events
    clock[k.HOLE] = k.NO_SLOT
    return _more_entities(_first_events(world, layout.begins, rows), rows)


def _first_events(world: k.World, begins: Sequence[tuple[float, int]], slots: int) -> k.World:
    """Return a world whose tournament holds the events that set things off, in their order."""
    n = len(begins)
    leaves = 1
    while leaves < n:
        leaves *= 2
    event = np.full((2 * (slots + leaves), 2), k.NO_KEY, np.uint64)
    event[:, 0] = k.NEVER
    for i, (time, _) in enumerate(begins):
        event[leaves + i] = (np.float64(time + 0.0).view(np.uint64), (i << 24) | i)
    for i in range(leaves - 1, 0, -1):
        event[i] = min(event[2 * i : 2 * i + 2].tolist())
    holder = np.arange(1, slots + leaves + 1)
    holder[leaves - 1] = k.NO_SLOT
    holder[:n] = [row * k.COLUMNS for _, row in begins]
    clock = world.thing[k.CLOCK]
    clock[[k.PENDING, k.SEQ, k.LEAVES]] = n, n, leaves
    clock[k.SPARE] = n if n < leaves else k.NO_SLOT
    return world._replace(event=event, holder=holder)


def _longer(array: np.ndarray, size: int) -> np.ndarray:
    """Return an array with room for more rows, which are zero."""
    result = np.zeros((size, *array.shape[1:]), array.dtype)
    result[: len(array)] = array
    return result


def _more_entities(world: k.World, size: int) -> k.World:
    """Return a world with more rows of entities, chained to those that are free."""
    if size > k.MOST_ROWS:
        message = f"more than {k.MOST_ROWS:,} entities at once: set a lower limit of who is inside"
        raise SimulationError(message)
    old = max(1, len(world.entity))
    # So that the first eight columns are one line of the processor's cache.
    cells = np.zeros(size * k.ENTITY_COLUMNS + CACHE_LINE, np.int64)
    first = -(cells.ctypes.data // cells.itemsize) % CACHE_LINE
    entity = cells[first : first + size * k.ENTITY_COLUMNS].reshape(size, k.ENTITY_COLUMNS)
    entity[: len(world.entity)] = world.entity
    entity[old : size - 1, k.E_NEXT] = np.arange(old + 1, size) * k.ENTITY_COLUMNS
    entity[size - 1, k.E_NEXT] = world.thing[k.CLOCK, k.FREE]
    world.thing[k.CLOCK, k.FREE] = old * k.ENTITY_COLUMNS
    return world._replace(entity=entity, time=entity.view(np.float64))


def grow(world: k.World, status: int) -> k.World:
    """Return a world with twice the room of what was short."""
    if status == k.GROW_EVENTS:
        size = 2 * len(world.holder)
        return world._replace(
            event=_longer(world.event, 2 * size), holder=_longer(world.holder, size)
        )
    if status == k.GROW_ENTITIES:
        return _more_entities(world, min(2 * len(world.entity), k.MOST_ROWS + 1))
    size = 2 * len(world.log_time)
    return world._replace(log_time=_longer(world.log_time, size), log=_longer(world.log, size))


def run_until(
    world: k.World, until: float, go_on: Callable[[], bool]
) -> tuple[k.World, int | None]:
    """Return the world at a time and why it stopped; None if somebody said so."""
    while True:
        status = int(k.advance(world, until, SLICE))
        if status in (k.GROW_EVENTS, k.GROW_ENTITIES, k.GROW_LOG):
            world = grow(world, status)
        elif status != k.SLICE:
            return world, status
        elif not go_on():
            return world, None


def close_accounts(world: k.World, now: float) -> tuple[k.IntArray, k.FloatArray]:
    """Return the rows with all integrals over time brought up to now."""
    thing, real = world.thing.copy(), world.real.copy()
    stages = _stages(thing)
    for s in stages:
        real[s, k.X_QUEUE + thing[s, k.CAUSE]] += thing[s, k.WAITING] * (now - real[s, k.X_LAST])
        real[s, k.X_BLOCKED] += thing[s, k.BLOCKED] * (now - real[s, k.X_BLOCK_LAST])
        down = min(thing[s, k.DOWN], thing[s, k.SERVERS])
        real[s, k.X_DOWN] += down * (now - real[s, k.X_DOWN_LAST])
        real[s, [k.X_LAST, k.X_BLOCK_LAST, k.X_DOWN_LAST]] = now
    for kind, column, row_of in (
        (k.END, k.X_WORK, None),
        (k.FINISH, k.X_WORK, None),
        (k.RETURN, k.X_AWAY, "stage"),
    ):
        due, rows = _pending(world, int(kind))
        at = rows if row_of else stage_of(world, rows)
        np.add.at(real[:, column], at, now - due)
    return thing, real


def _pending(world: k.World, kind: int) -> tuple[k.FloatArray, k.IntArray]:
    """Return times and rows of events of a kind that still hold."""
    n = int(world.thing[k.CLOCK, k.LEAVES])
    times, keys = world.event[n : 2 * n].T
    used = np.flatnonzero((keys != k.NO_KEY) & (keys >> np.uint64(60) == kind))
    columns = k.COLUMNS if kind == k.RETURN else k.ENTITY_COLUMNS
    rows = world.holder[used] // columns
    if kind == k.FINISH:
        holds = world.entity[rows, k.E_TOKEN] == keys[used].astype(np.int64)
        used, rows = used[holds], rows[holds]
    due: k.FloatArray = times[used].copy().view(np.float64)
    return due, rows


def stage_of(world: k.World, entities: k.IntArray) -> k.IntArray:
    """Return the rows of the stages where entities are."""
    steps = world.entity[entities, k.E_STEP] // k.COLUMNS
    stages: k.IntArray = world.thing[steps, k.STAGE] // k.COLUMNS
    return stages


def _stages(thing: k.IntArray) -> range:
    first = int(thing[k.CLOCK, k.FIRST_STAGE]) // k.COLUMNS
    return range(first, first + int(thing[k.CLOCK, k.N_STAGES]))


COUNTERS = (
    k.STARTED, k.DELAYED, k.ARRIVED, k.SERVICES, k.BALKED, k.RENEGED, k.MISSED,
    k.INTERRUPTED, k.LOST,
)  # fmt: skip
SUMS = (
    k.X_SUM_WAIT, k.X_WORK, k.X_QUEUE, k.X_CLOSED, k.X_BATCH, k.X_POOL, k.X_BLOCKED, k.X_DOWN,
    k.X_QUIT_WAIT, k.X_LOAD, k.X_AWAY, k.X_LEFT,
)  # fmt: skip
CLASS_COUNTERS = (k.C_CREATED, k.C_EXITS, k.C_LOST, k.C_BALKED, k.C_RENEGED)
CLASS_SUMS = (k.X_C_AREA, k.X_C_SUM, k.X_C_SQUARES, k.X_C_QUIT)


class Carried(NamedTuple):
    """What lies before the warm-up and ends after it."""

    waits_h: k.FloatArray
    stays_h: k.FloatArray
    inside: k.IntArray


def forget(world: k.World, layout: Layout, now: float) -> Carried:
    """Set the accounts of a world to zero at the end of the warm-up."""
    _, real = close_accounts(world, now)
    carried = _open_ends(world, layout, now)
    stages = list(layout.stages.values())
    pending = world.real[:, [k.X_WORK, k.X_AWAY]] - real[:, [k.X_WORK, k.X_AWAY]]
    world.thing[np.ix_(stages, COUNTERS)] = 0
    world.real[np.ix_(stages, SUMS)] = 0.0
    world.real[np.ix_(stages, [k.X_WORK, k.X_AWAY])] = pending[stages]
    world.real[np.ix_(stages, [k.X_LAST, k.X_BLOCK_LAST, k.X_DOWN_LAST, k.X_OCC_LAST])] = now
    classes = list(layout.classes.values())
    world.thing[np.ix_(classes, CLASS_COUNTERS)] = 0
    world.real[np.ix_(classes, CLASS_SUMS)] = 0.0
    world.real[classes, k.X_C_LAST] = now
    pools = list(layout.pools.values())
    world.real[pools, k.X_P_AREA] = 0.0
    world.real[pools, k.X_P_LAST] = now
    world.histogram[:] = 0.0
    return carried


def _open_ends(world: k.World, layout: Layout, now: float) -> Carried:
    """Return waits and stays up to now of those who have not ended them, by row."""
    steps = world.entity[:, k.E_STEP] // k.COLUMNS
    waits, stays = np.zeros(len(world.thing)), np.zeros(len(world.thing))
    waiting = world.entity[:, k.E_STATE] == k.WAITS
    stage = world.thing[steps[waiting], k.STAGE] // k.COLUMNS
    np.add.at(waits, stage, now - world.time[waiting, k.E_SINCE])
    inside = world.entity[:, k.E_STATE] != k.GONE
    of_class = world.thing[steps[inside], k.CLASS] // k.COLUMNS
    np.add.at(stays, of_class, now - world.time[inside, k.E_BORN])
    return Carried(waits, stays, world.thing[:, k.C_INSIDE].copy())


def check_laws(
    world: k.World,
    layout: Layout,
    carried: Carried,
    accounts: tuple[k.IntArray, k.FloatArray],
    now: float,
) -> list[LawCheck]:
    """Return both sides of conservation and of Little's law for each stage and class.

    The number inside, added up over time, against the times of all entities: exact on a window.

    Raises
    ------
    SimulationError
        The engine has lost somebody or some time: a fault of ours.
    """
    thing, real = accounts
    ends = _open_ends(world, layout, now)
    found = []
    for name, s in layout.stages.items():
        area = real[s, [k.X_QUEUE, k.X_CLOSED, k.X_BATCH, k.X_POOL]].sum()
        added = (
            real[s, k.X_SUM_WAIT] + real[s, k.X_QUIT_WAIT] + ends.waits_h[s] - carried.waits_h[s]
        )
        found.append(_little(f"Little's law at stage {name}", area, added, now))
    for name, c in layout.classes.items():
        gone = int(thing[c, list(CLASS_COUNTERS[1:])].sum())
        came = int(thing[c, k.C_CREATED] + carried.inside[c])
        law = conservation(came, gone, int(thing[c, k.C_INSIDE]))
        found.append(replace(law, law=f"conservation of class {name}"))
        area = real[c, k.X_C_AREA] + thing[c, k.C_INSIDE] * (now - real[c, k.X_C_LAST])
        added = real[c, k.X_C_SUM] + real[c, k.X_C_QUIT] + ends.stays_h[c] - carried.stays_h[c]
        found.append(_little(f"Little's law for class {name}", area, added, now))
    for law in found:
        if not law.holds:
            message = (
                f"{law.law} does not hold: {law.left!r} against {law.right!r}; "
                "this is a fault of karvan's engine: please report the model and the seed"
            )
            raise SimulationError(message)
    return found


def _little(law: str, left: float, right: float, now: float) -> LawCheck:
    # Both sides are differences of times of the order of `now`: of a short wait only rounding is
    # left, which says nothing about the law.
    scale = max(abs(left), abs(right), now)
    error = abs(left - right) / scale if scale > 0.0 else 0.0
    return LawCheck(law, float(left), float(right), float(error), LAW_TOLERANCE)


def run_replication(
    layout: Layout,
    seed: int,
    number: int,
    limits: Limits,
    *,
    warmup_h: float = 0.0,
    bins: int = 0,
    log: bool = False,
    go_on: Callable[[], bool] = lambda: True,
) -> Replication | None:
    """Run one replication.

    Parameters
    ----------
    layout : Layout
    seed, number : int
    limits : Limits
    warmup_h : float
        [h]
    bins : int
        Parts of the time after the warm-up for which accounts are kept; needs a horizon.
    log : bool
    go_on : callable
        Asked from time to time; if it says no, the replication is given up.

    Returns
    -------
    Replication or None
        None if it was given up.
    """
    world = build(layout, seed, number, limits, log=log)
    carried = _open_ends(world, layout, 0.0)
    horizon = limits.horizon_h
    status: int | None = k.UNTIL
    in_warmup = False
    if warmup_h > 0.0:
        world, status = run_until(world, warmup_h, go_on)
        in_warmup = status not in (k.UNTIL, k.EMPTY, k.STUCK)
        if not in_warmup:
            carried = forget(world, layout, warmup_h)
    world, status, edges, seen, areas = _watch(
        world, layout, number, status, warmup_h, horizon, bins, go_on
    )
    if status == k.UNTIL:
        world, status = run_until(world, horizon, go_on)
    if status is None:
        return None
    now = float(world.real[k.CLOCK, k.NOW])
    if horizon < inf and status in (k.UNTIL, k.EMPTY, k.STUCK):
        now = horizon
    if not in_warmup:
        # Without a horizon all may be over before the warm-up is.
        now = max(now, warmup_h)
    thing, real = close_accounts(world, now)
    laws = check_laws(world, layout, carried, (thing, real), now)
    histogram = world.histogram.copy()
    _close_classes(world, layout, thing, real, histogram, now)
    filled = np.flatnonzero(histogram)
    logged = int(world.thing[k.CLOCK, k.LOGGED])
    return Replication(
        number=number,
        ended=ENDED[status],
        time_h=now if in_warmup else now - warmup_h,
        in_warmup=in_warmup,
        events=int(world.thing[k.CLOCK, k.EVENTS]),
        thing=thing,
        real=real,
        filled=filled,
        counts=histogram.ravel()[filled],
        snapshot_h=np.array(edges[: len(seen)]),
        snapshot_thing=np.array([t for t, _ in seen]),
        snapshot_real=np.array([r for _, r in seen]),
        course=_course(areas, now - warmup_h),
        law_error=max((law.relative_error for law in laws), default=0.0),
        inside=_where(world),
        ring=ring_of(world, layout) if status in (k.UNTIL, k.STUCK) else (),
        waits_for=_waits_for(world, marked=status == k.DEADLOCK),
        log_time=world.log_time[:logged].copy(),
        log=world.log[:logged].copy(),
    )


def _watch(
    world: k.World,
    layout: Layout,
    number: int,
    status: int | None,
    warmup_h: float,
    horizon_h: float,
    bins: int,
    go_on: Callable[[], bool],
) -> tuple[k.World, int | None, k.FloatArray, list[tuple[k.IntArray, k.FloatArray]], Areas]:
    """Run to the horizon and look at the accounts on the way, at the ends of bins and of parts."""
    none: k.FloatArray = np.array([])
    seen: list[tuple[k.IntArray, k.FloatArray]] = []
    areas: Areas = []
    if horizon_h == inf or (not bins and number >= COURSES_KEPT):
        return world, status, none, seen, areas
    edges = np.linspace(warmup_h, horizon_h, bins + 1)[1:]
    parts = COURSE_BINS if number < COURSES_KEPT else 0
    ends_of_bins = set(edges.tolist())
    ends_of_parts = set(np.linspace(warmup_h, horizon_h, parts + 1)[1:].tolist())
    classes = np.array(list(layout.classes.values()))
    for edge in sorted(ends_of_bins | ends_of_parts):
        if status == k.UNTIL:
            world, status = run_until(world, edge, go_on)
        if status not in (k.UNTIL, k.EMPTY, k.STUCK):
            break
        if edge in ends_of_bins:
            seen.append(close_accounts(world, edge))
        if edge in ends_of_parts:
            areas.append(_class_areas(world, classes, edge))
    return world, status, edges, seen, areas


def _class_areas(world: k.World, classes: k.IntArray, now: float) -> k.FloatArray:
    """Return the entity hours inside of each class up to now."""
    # Columns first, then rows: a quarter of the time of both at once, and threads wait for it.
    thing, real = world.thing, world.real
    inside = thing[:, k.C_INSIDE][classes]
    since = now - real[:, k.X_C_LAST][classes]
    areas: k.FloatArray = real[:, k.X_C_AREA][classes] + inside * since
    return areas


def _course(areas: Areas, hours: float) -> k.FloatArray:
    """Return the mean number inside in each part of the time; empty if it ended early."""
    if len(areas) < COURSE_BINS:
        return np.zeros((0, 0))
    result: k.FloatArray = np.diff(np.array(areas), axis=0, prepend=0.0) * (COURSE_BINS / hours)
    return result


def _close_classes(
    world: k.World,
    layout: Layout,
    thing: k.IntArray,
    real: k.FloatArray,
    histogram: k.FloatArray,
    now: float,
) -> None:
    for c in layout.classes.values():
        real[c, k.X_C_AREA] += thing[c, k.C_INSIDE] * (now - real[c, k.X_C_LAST])
    for p in layout.pools.values():
        used = thing[p, k.P_UNITS] - thing[p, k.P_FREE]
        real[p, k.X_P_AREA] += used * (now - real[p, k.X_P_LAST])
    for s in layout.stages.values():
        if thing[s, k.FLAGS] & k.F_OCCUPANCY:
            n = min(thing[s, k.TAKEN], k.BINS - 1)
            histogram[thing[s, k.OCC_HIST], n] += now - real[s, k.X_OCC_LAST]


def _where(world: k.World) -> dict[int, int]:
    inside = np.flatnonzero(world.entity[:, k.E_STATE] != k.GONE)
    stage, count = np.unique(stage_of(world, inside), return_counts=True)
    return {int(s): int(n) for s, n in zip(stage, count, strict=True)}


def _waits_for(world: k.World, *, marked: bool) -> tuple[tuple[int, int], ...]:
    """Return who is blocked by whom; of a deadlock only the stages in it."""
    blocked = np.flatnonzero(world.entity[:, k.E_STATE] == k.IS_BLOCKED)
    at = stage_of(world, blocked)
    target = world.entity[blocked, k.E_TARGET] // k.COLUMNS
    pairs = {(int(a), int(b)) for a, b in zip(at, target, strict=True)}
    if marked:
        pairs = {p for p in pairs if world.thing[p[0], k.MARK] and world.thing[p[1], k.MARK]}
    return tuple(sorted(pairs))
