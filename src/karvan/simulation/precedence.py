"""What each event of a log waited for: the event before it on the critical path.

The log says when; the model says why.  A return of a server or of units is not in the log, so it
is drawn again from its key, which gives the same hour to the last bit.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from math import inf
from typing import NamedTuple

import polars as pl

from karvan.errors import SimulationError
from karvan.simulation.interpreter import GOLD, Interpreter, draw, mix
from karvan.simulation.model import Batch, Model, Stage

GONE = frozenset({"arrive", "exit", "balk", "lost"})
"""What follows an end, or an end and a block, when somebody leaves a stage."""


POOL = "\x1fpool "
"""Before the name of a pool, where it stands beside stages."""


class Piece(NamedTuple):
    """A stretch of time that ends at an event: since when [h], who, where, doing what, ended by."""

    since: float
    entity: str
    stage: str
    activity: str
    ended_by: str


class Step(NamedTuple):
    """From an event to the one before it on the path; -1 where nothing in the system is before.

    The pieces cover the time between, the latest first; `waited` is the cause of the wait that
    this step explains by somebody else.
    """

    before: int
    pieces: tuple[Piece, ...] = ()
    waited: str = ""


Departure = tuple[int, int]
"""Where in the log a server became free, and the event of who left."""
Instants = dict[tuple[str, float], list[Departure]]


class Precedence:
    """A log, indexed.

    Parameters
    ----------
    model : Model
    log : DataFrame
        Of :func:`karvan.simulation.log.event_log`.
    seed, replication : int
        Of the log.
    """

    def __init__(self, model: Model, log: pl.DataFrame, seed: int, replication: int) -> None:
        self.stages = {stage.id: stage for stage in model.stages}
        carriers = {stage.id for stage in model.stages if stage.batch}
        twice = carriers & {source.id for source in model.sources}
        if twice:
            message = (
                f"critical path: source and batch stage are both called {min(twice)!r}, so the log "
                "does not tell their entities apart; give one of them another id"
            )
            raise SimulationError(message)
        self._returns = {pool.id: pool.return_h for pool in model.pools}
        self._numbers = Interpreter(model, seed, replication)
        self.time: list[float] = log["time_h"].to_list()
        self.kind: list[str] = log["event"].to_list()
        self.who: list[str] = log["entity"].to_list()
        self.at: list[str] = log["stage"].to_list()
        self._carrier: list[str | None] = log["carrier"].to_list()
        self.own: dict[str, list[int]] = defaultdict(list)
        self._previous = [-1] * len(self.time)
        self._released: Instants = defaultdict(list)
        self._returned: Instants = defaultdict(list)
        self._freed: Instants = defaultdict(list)
        self._opened: dict[tuple[str, float], float] = {}
        self._departures: dict[str, list[int]] = defaultdict(list)
        self._starts: dict[str, list[int]] = defaultdict(list)
        self._sailings: dict[str, list[int]] = defaultdict(list)
        self._arrivals: dict[str, list[int]] = defaultdict(list)
        self._alights: dict[str, list[int]] = defaultdict(list)
        self._gives: dict[tuple[str, str], int] = defaultdict(int)
        self._index()

    # ------------------------------------------------------------ the index
    def _index(self) -> None:
        closed: dict[str, int] = defaultdict(int)
        since: dict[str, float] = {}
        left: list[Departure] = []
        for i, (t, kind, who, at) in enumerate(
            zip(self.time, self.kind, self.who, self.at, strict=True)
        ):
            if kind == "close":
                if not closed[at]:
                    since[at] = t
                closed[at] += 1
            elif kind == "open":
                closed[at] -= 1
                self._opened.setdefault((at, t), since[at])
            if not who:
                continue
            mine = self.own[who]
            p = mine[-1] if mine else -1
            self._previous[i] = p
            mine.append(i)
            if kind in GONE and p >= 0 and self.kind[p] in {"end", "block"}:
                left.append((p if self.kind[p] == "end" else i, i))
            if kind == "start":
                self._index_start(i, p)
            elif kind == "arrive":
                self._arrivals[at].append(i)
            elif kind == "alight":
                self._alights[str(self._carrier[i])].append(i)
            elif kind == "renege":
                self._freed[at, t].append((i, i))
        for departure in sorted(left):
            self._index_departure(departure)

    def _index_start(self, i: int, p: int) -> None:
        at = self.at[i]
        if p < 0 or self.kind[p] != "interrupt":
            self._starts[at].append(i)
        if p < 0:
            self._sailings[at].append(i)
            self._freed[at, self.time[i]].append((i, i))

    def _index_departure(self, departure: Departure) -> None:
        i = departure[1]
        t, at = self.time[i], self.at[self._previous[i]]
        stage = self.stages[at]
        self._departures[at].append(i)
        if not stage.batch:
            self._freed[at, t].append(departure)
        if stage.batch and stage.batch.return_h:
            number = int(self.who[i].rsplit(" ", 1)[1])
            key = mix((self._numbers.key("carrier", at) + number * GOLD) % (1 << 64))
            away = draw(stage.batch.return_h, self._numbers.key("return", at) + key, number)
            self._returned[at, t + away].append(departure)
        else:
            self._released[at, t].append(departure)
        for pool in stage.takes if stage.gives is None else stage.gives:
            distribution = self._returns[pool]
            if distribution is None:
                self._released[POOL + pool, t].append(departure)
                continue
            n = self._gives[at, pool]
            self._gives[at, pool] = n + 1
            key = self._numbers.key("give", at, pool) + n * GOLD
            self._returned[POOL + pool, t + draw(distribution, key, n)].append(departure)

    # ------------------------------------------------------------ one event back
    def step(self, i: int, boarder: str = "") -> Step:
        """Return the step to the event before; `boarder` is who came from aboard."""
        kind, t, p = self.kind[i], self.time[i], self._previous[i]
        if kind == "alight":
            return self._before_alighting(i)
        if kind == "start":
            return self._before_sailing(i, boarder) if p < 0 else self._before_start(i)
        if p < 0:
            source = Piece(-inf, self.who[i], self.at[i], "arrival", "arrival")
            return Step(-1, (source,))
        if kind in {"end", "interrupt"}:
            done = "service" if kind == "end" else "interruption"
            return Step(p, (Piece(self.time[p], self.who[i], self.at[i], "work", done),))
        if self.time[p] < t:
            if self.kind[p] == "block":
                return self._before_unblocking(i)
            return self.own_wait(i)
        return Step(p)

    def own_wait(self, i: int) -> Step:
        """Return the step over a wait of which nobody else is known to be the cause."""
        p = self._previous[i]
        if p < 0:
            return Step(-1, (Piece(-inf, self.who[i], self.at[i], "queue", ""),))
        if self.time[p] == self.time[i]:
            return Step(p)
        stage = self.stages[self.at[p]]
        cause = "pool" if stage.takes and stage.servers == "unlimited" else "queue"
        if self.kind[p] == "block":
            cause = "blocked"
        return Step(p, (Piece(self.time[p], self.who[i], self.at[p], cause, ""),))

    def was_interrupted(self, i: int) -> int:
        """Return the interruption that ends with this start after a while, or -1."""
        p = self._previous[i]
        if self.kind[i] != "start" or p < 0 or self.kind[p] != "interrupt":
            return -1
        return p if self.time[p] < self.time[i] else -1

    def carrier(self, i: int) -> str:
        """Return from which carrier somebody alights."""
        return str(self._carrier[i]) if self.kind[i] == "alight" else ""

    def _before_start(self, i: int) -> Step:
        p = self._previous[i]
        if self.time[p] == self.time[i]:
            return Step(p)
        found = self._opening(i, p, "queue") or self._giving(i, self.kind[p] == "interrupt")
        return found or self.own_wait(i)

    def _opening(self, i: int, waits: int, cause: str) -> Step | None:
        """Return the step over a closure that ends now; `waits` is since when somebody waits."""
        t, at = self.time[i], self.at[i]
        closed = self._opened.get((at, t))
        if closed is None:
            return None
        since = self.time[waits]
        departures = self._departures[at]
        n = bisect_left(departures, t, key=self.time.__getitem__)
        if n and self.time[departures[n - 1]] > max(since, closed):
            last = departures[n - 1]
            piece = Piece(self.time[last], self.who[waits], at, "closure", "opening")
            return Step(last, (piece,), "queue")
        pieces = [Piece(max(since, closed), self.who[waits], at, "closure", "opening")]
        if closed > since:
            pieces.append(Piece(since, self.who[waits], at, cause, "closing"))
        return Step(waits, tuple(pieces))

    def _giving(self, i: int, held: bool) -> Step | None:
        """Return the step to who gave a server or a unit back now, or began a headway before."""
        t, stage = self.time[i], self.stages[self.at[i]]
        if stage.servers != "unlimited":
            found = self._given(stage.id, "queue", i)
            if found:
                return found
        for pool in () if held else stage.takes:
            found = self._given(POOL + pool, "pool", i)
            if found:
                return found
        starts = self._starts[stage.id]
        n = bisect_left(starts, i)
        if stage.headway_h and n and not held and self.time[starts[n - 1]] + stage.headway_h == t:
            last = starts[n - 1]
            piece = Piece(self.time[last], self.who[i], stage.id, "headway", "headway")
            return Step(last, (piece,), "queue")
        return None

    def _given(self, what: str, cause: str, i: int) -> Step | None:
        t = self.time[i]
        found = self._last(self._released.get((what, t), ()), i)
        if found >= 0:
            return Step(found, (), cause)
        found = self._last(self._returned.get((what, t), ()), i)
        if found >= 0:
            at = self.at[self._previous[found]]
            piece = Piece(self.time[found], self.who[found], at, "return", "return")
            return Step(found, (piece,), cause)
        return None

    def _last(self, departures: Iterable[Departure], i: int) -> int:
        """Return the event of who left last before one of the same instant; -1 if nobody did.

        Who was blocked frees its server before its next arrival is written, so that may come later.
        """
        found = list(departures)
        before = [d for d in found if d[0] < i]
        if before:
            return max(before)[1]
        blocked = [
            d[1] for d in found if d[0] == d[1] and self.kind[self._previous[d[1]]] == "block"
        ]
        return min((d for d in blocked if self.who[d] != self.who[i]), default=-1)

    # ------------------------------------------------------------ places
    def _before_unblocking(self, i: int) -> Step:
        p = self._previous[i]
        alights = self._alights.get(self.who[i], [])
        n = bisect_left(alights, i)
        if n and alights[n - 1] > p and self.time[alights[n - 1]] == self.time[i]:
            return Step(alights[n - 1], (), "blocked")
        if self.kind[i] == "arrive":
            found = self._last(self._freed.get((self.at[i], self.time[i]), ()), i)
            if found >= 0:
                return Step(found, (), "blocked")
        return self.own_wait(i)

    def _before_alighting(self, i: int) -> Step:
        t, ship, mine = self.time[i], str(self._carrier[i]), self.own[self.who[i]]
        ships = self.own[ship]
        p = ships[bisect_left(ships, i) - 1]
        if self.time[p] == t:
            return Step(p)
        n = bisect_left(mine, i) + 1
        if n < len(mine) and self.kind[mine[n]] == "arrive":
            found = self._last(self._freed.get((self.at[mine[n]], t), ()), i)
            if found >= 0:
                return Step(found, (), "blocked")
        alights = self._alights[ship]
        n = bisect_left(alights, i)
        if n and self.time[alights[n - 1]] == t:
            return Step(alights[n - 1], (), "blocked")
        return Step(p, (Piece(self.time[p], ship, self.at[i], "blocked", ""),))

    # ------------------------------------------------------------ batches
    def _before_sailing(self, i: int, boarder: str) -> Step:
        t, at = self.time[i], self.at[i]
        batch = self.stages[at].batch
        members = self._aboard(i)
        if batch is None or not members:
            found = self._giving(i, held=False)
            return found or Step(-1, (Piece(-inf, self.who[i], at, "batch", "timetable"),))
        last = max(members)
        waits = next((m for m in members if self.who[m] == boarder), last)
        fill = batch.most if batch.fill is None else batch.fill
        if self.time[last] == t and 0 < fill <= len(members):
            return Step(last, (), "batch")
        return (
            self._opening(i, waits, "batch")
            or self._giving(i, held=False)
            or self._clock(i, batch, members, waits)
            or self._last_to_come(i, waits)
        )

    def _aboard(self, i: int) -> list[int]:
        """Return the arrivals of who boards the carrier that begins here."""
        members = []
        j = i - 1
        while j >= 0 and self.kind[j] == "board" and self._carrier[j] == self.who[i]:
            members.append(self._previous[j])
            j -= 1
        return members

    def _clock(self, i: int, batch: Batch, members: Iterable[int], waits: int) -> Step | None:
        """Return the step over the time until a clock lets a carrier leave."""
        t, at = self.time[i], self.at[i]
        sailings = self._sailings[at]
        n = bisect_left(sailings, i)
        if is_tick(batch, t) or (n == 0 and batch.max_gap_h == t):
            clock = "timetable" if is_tick(batch, t) else "longest gap"
            piece = Piece(self.time[waits], self.who[waits], at, "batch", clock)
            return Step(waits, (piece,))
        first = min(members)
        if batch.max_wait_h is not None and self.time[first] + batch.max_wait_h == t:
            piece = Piece(self.time[first], self.who[first], at, "batch", "longest wait")
            return Step(first, (piece,), "batch")
        if batch.max_gap_h and n and self.time[sailings[n - 1]] + batch.max_gap_h == t:
            before = sailings[n - 1]
            piece = Piece(self.time[before], self.who[waits], at, "batch", "longest gap")
            return Step(before, (piece,), "batch")
        return None

    def _last_to_come(self, i: int, waits: int) -> Step:
        t, at = self.time[i], self.at[i]
        arrivals = self._arrivals[at]
        last = arrivals[bisect_left(arrivals, i) - 1]
        if self.time[last] == t:
            return Step(last, (), "batch")
        return Step(waits, (Piece(self.time[waits], self.who[waits], at, "batch", ""),))


def is_tick(batch: Batch, t: float) -> bool:
    """Whether a timetable has a departure at a time [h]."""
    if batch.period_h is None:
        return t in batch.timetable_h
    return any(d + round((t - d) / batch.period_h) * batch.period_h == t for d in batch.timetable_h)


def class_of(model: Model, entity: str) -> str:
    """Return the class of an entity of a log."""
    name = entity.rsplit(" ", 1)[0]
    stage: Stage | None = next((s for s in model.stages if s.batch and s.id == name), None)
    if stage is not None and stage.batch is not None:
        return stage.batch.carrier or f"{name} (carrier)"
    return next(s.class_ for s in model.sources if s.id == name)
