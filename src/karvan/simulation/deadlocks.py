"""Who waits for whom for ever at the end of a replication: rings through servers, places and pools.

Everybody inside is at a *spot*: in the line of a stage, or on its servers.  What may still go on
is found from what is sure to happen (services under way, units and carriers on their way back,
closures that end) by asking over and over who would be freed by that.  Whoever is left waits for
somebody who waits as well, and can never move, whatever else arrives.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from karvan.kernels import events as k
from karvan.simulation.layout import Layout

LINE, SERVERS, POOL = "line", "servers", "pool"


class Spot(NamedTuple):
    """A line of a stage, the servers of one, or a pool; `row` is that of the stage or pool."""

    kind: str
    row: int


def ring_of(world: k.World, layout: Layout) -> tuple[str, ...]:
    """Return, in words, the links of a ring of those who can never move; empty if there is none.

    Where there is no ring, but a pool that nobody gives units back to, the way there.

    Parameters
    ----------
    world : World
        At the end of a replication.
    layout : Layout
    """
    stages = list(layout.stages.values())
    waiting = world.thing[stages, k.WAITING] > 0
    if not (
        np.any(world.thing[stages, k.BLOCKED] > 0)
        or np.any(waiting & (world.thing[stages, k.CAUSE] == k.C_POOL))
    ):
        return ()
    state = _State(world, layout)
    stuck = state.stuck()
    unfinished: tuple[str, ...] = ()
    for start in sorted(spot for spot in stuck if spot.kind != POOL):
        seen: list[Spot] = []
        at: Spot | None = start
        while at is not None and at not in seen:
            seen.append(at)
            at = next((n for n in sorted(state.helpers(at)) if n in stuck), None)
        if at is not None:
            ring = seen[seen.index(at) :]
            while ring[0].kind == POOL:
                ring = [*ring[1:], ring[0]]
            return tuple(map(state.link, ring, [*ring[1:], ring[0]]))
        if not unfinished and seen[-1].kind == POOL:
            unfinished = tuple(map(state.link, seen, [*seen[1:], None]))
    return unfinished


class _State:
    """Who stands where and what is sure to happen."""

    def __init__(self, world: k.World, layout: Layout) -> None:
        self.thing = world.thing
        self.layout = layout
        self.names = {row: name for t in (layout.stages, layout.pools) for name, row in t.items()}
        stages = layout.stages.values()
        self.uses, self.releases = (
            {s: frozenset(p for p, _ in self._chain(s, column)) for s in stages}
            for column in (k.USES, k.RELEASES)
        )
        self.moving = self._moving(world)
        self.blocked_at, self.places = self._entities(world)

    def _moving(self, world: k.World) -> set[Spot]:
        """Return the spots that something already under way will free."""
        n = int(world.thing[k.CLOCK, k.LEAVES])
        keys = world.event[n : 2 * n, 1]
        used = np.flatnonzero(keys != k.NO_KEY)
        kinds = (keys[used] >> np.uint64(60)).astype(np.int64)
        found: set[Spot] = set()
        of_entities = np.isin(kinds, [k.END, k.FINISH, k.RENEGE])
        entities = world.holder[used[of_entities]] // k.ENTITY_COLUMNS
        tokens = world.entity[entities, k.E_TOKEN]
        holds = (kinds[of_entities] == k.END) | (tokens == keys[used[of_entities]].astype(np.int64))
        steps = world.entity[entities, k.E_STEP] // k.COLUMNS
        stages = world.thing[steps, k.STAGE] // k.COLUMNS
        leaves_line = kinds[of_entities] == k.RENEGE
        for stage, from_line in set(zip(stages[holds], leaves_line[holds], strict=True)):
            found.add(Spot(LINE if from_line else SERVERS, int(stage)))
        for slot, kind in zip(used[~of_entities], kinds[~of_entities], strict=True):
            row = int(world.holder[slot]) // k.COLUMNS
            if kind in (k.RETURN, k.WAKE):
                found.add(Spot(LINE, row))
            elif kind == k.POOL_RETURN:
                found.add(Spot(POOL, self._row(row, k.R_POOL)))
            elif kind == k.OPEN:
                found.add(Spot(LINE, self._row(row, k.O_STAGE)))
        return found

    def _entities(self, world: k.World) -> tuple[dict[int, set[int]], dict[int, set[Spot]]]:
        """Return whom those on the servers of a stage wait for, and where holders of a pool are.

        Holders are those who took units at an earlier stage and have not given them back.
        """
        blocked: dict[int, set[int]] = {}
        later: dict[int, set[Spot]] = {p: set() for p in self.layout.pools.values()}
        states = world.entity[:, k.E_STATE]
        columns = [k.E_STATE, k.E_STEP, k.E_TARGET]
        chosen = world.entity[(states == k.IS_BLOCKED) | (states == k.WAITS)][:, columns]
        chosen[chosen[:, 0] == k.WAITS, 2] = 0
        for state, at, target in np.unique(chosen, axis=0):
            step = int(at) // k.COLUMNS
            stage = self._row(step, k.STAGE)
            spot = Spot(LINE, stage)
            if state == k.IS_BLOCKED:
                blocked.setdefault(stage, set()).add(int(target) // k.COLUMNS)
                spot = Spot(SERVERS, stage)
            for pool, spots in later.items():
                if spot not in spots and self._holds(step, pool):
                    spots.add(spot)
        return blocked, later

    def _holds(self, step: int, pool: int) -> bool:
        """Whether who is before a step gives units of a pool back before it would take any."""
        seen: set[int] = set()
        todo = [step]
        while todo:
            at = todo.pop()
            if at in seen or at == 0:
                continue
            seen.add(at)
            stage = self._row(at, k.STAGE)
            if pool in self.uses[stage]:
                continue
            if pool in self.releases[stage]:
                return True
            if self.thing[at, k.NEXT] >= 0:
                todo.append(self._row(at, k.NEXT))
                continue
            first, n = self._row(at, k.BRANCHES), self._row(at, k.N_BRANCHES)
            todo += [self._row(branch, k.NEXT) for branch in range(first, first + n)]
        return False

    def _row(self, row: int, column: int) -> int:
        return int(self.thing[row, column]) // k.COLUMNS

    def _chain(self, stage: int, column: int) -> Iterator[tuple[int, int]]:
        """Yield pool and row of each use or release of pools by a stage."""
        row = self._row(stage, column)
        while row:
            yield self._row(row, k.R_POOL), row
            row = self._row(row, k.R_NEXT)

    def helpers(self, spot: Spot) -> set[Spot]:
        """Return the spots any of which might free this one; itself if it can go on by itself."""
        t = self.thing
        if spot.kind == SERVERS:
            full = self.blocked_at.get(spot.row, set())
            return {Spot(kind, stage) for stage in full for kind in (LINE, SERVERS)}
        if spot.kind == POOL:
            return self._holders(spot.row)
        if t[spot.row, k.BUSY] >= t[spot.row, k.SERVERS] - t[spot.row, k.DOWN]:
            return {Spot(SERVERS, spot.row)}
        return self._missing(spot.row) or {spot}

    def _missing(self, stage: int) -> set[Spot]:
        """Return the pools that lack what the first in the line of a stage needs."""
        if self.thing[stage, k.CAUSE] != k.C_POOL:
            return set()
        return {Spot(POOL, p) for p, use in self._chain(stage, k.USES) if self._short(p, use)}

    def _short(self, pool: int, use: int) -> bool:
        t = self.thing
        if t[pool, k.P_FREE] < t[use, k.R_UNITS]:
            return True
        wrong_way = t[pool, k.P_DIRECTED] and t[use, k.R_DIRECTION] != t[pool, k.P_DIRECTION]
        return bool(wrong_way and t[pool, k.P_FREE] < t[pool, k.P_UNITS])

    def _holders(self, pool: int) -> set[Spot]:
        """Return where units of a pool may be: on servers that took them, or taken further."""
        t = self.thing
        takers = {
            s for s in self.layout.stages.values() if t[s, k.BUSY] > 0 and pool in self.uses[s]
        }
        return {Spot(SERVERS, s) for s in takers} | self.places[pool]

    def stuck(self) -> set[Spot]:
        """Return the spots where somebody is, or whose units are out, that nothing can free."""
        t = self.thing
        spots = {Spot(LINE, s) for s in self.layout.stages.values() if t[s, k.WAITING] > 0}
        spots |= {Spot(SERVERS, s) for s in self.layout.stages.values() if t[s, k.BUSY] > 0}
        spots |= {Spot(POOL, p) for p in self.layout.pools.values()}
        free = {s for s in spots if s in self.moving or s in self.helpers(s)}
        while True:
            more = {s for s in spots - free if self._is_freed(s, free)}
            if not more:
                return spots - free
            free |= more

    def _is_freed(self, spot: Spot, free: set[Spot]) -> bool:
        """Whether those who can move free a spot: all pools that a line lacks, else any of them."""
        if spot.kind == LINE:
            missing = self._missing(spot.row)
            if missing and self.helpers(spot) == missing:
                return missing <= free
        return bool(self.helpers(spot) & free)

    def link(self, spot: Spot, following: Spot | None) -> str:
        """Return what those at a spot wait for, and who has it."""
        if spot.kind == POOL and following is None:
            return "of which nobody who is left gives units back"
        if spot.kind == POOL and following is not None:
            return f"held by {self._who(following)}"
        if following is not None and following.kind == POOL:
            return f"{self._who(spot)} waits for pool {self.names[following.row]}"
        if spot.kind == LINE:
            return f"{self._who(spot)} waits for a server"
        place = self.names[following.row] if following is not None else ""
        return f"{self._who(spot)} waits for a place at {place}"

    def _who(self, spot: Spot) -> str:
        name = self.names[spot.row]
        if spot.kind == LINE:
            return f"the line of {name}"
        held = sorted({self.names[p] for p, _ in self._chain(spot.row, k.USES)})
        return f"who is on the servers of {name}" + (f" with {', '.join(held)}" if held else "")
