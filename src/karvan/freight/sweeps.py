"""From bushes to equilibrium: looks at bushes, shifts between pairs of segments, certificates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError
from karvan.freight.bushes import Rows, all_pairs, room_for_pairs, with_own_orders, with_room
from karvan.freight.certificate import CONSERVATION_TOLERANCE, Certificate, certify_rows
from karvan.freight.problem import AssignmentProblem
from karvan.kernels.bush import Loads, Pairs, repeat, settle, slopes, sweep, update
from karvan.kernels.newton import newton_step, promise, take_back
from karvan.kernels.segments import excess_by_row

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PAIRS_LEFT = 0.01
"""Kept pairs are used again until this share of their excess is left ..."""

SPARE = 0.02
"""... or this share of the excess that the gap asked for leaves ..."""

VISITS_PER_SWEEP = 6
"""... or as many arcs were visited as this many sweeps over all bushes would."""

ALONE = 1e-3
"""Share of the mean excess of a pair below which an arc is left for later sweeps."""

ROUNDING = 1e-12
"""Imbalance, as a share of an origin's demand, up to which flows need not be brought to add up."""

FALL = 0.1
"""Fall of the gap by one iteration that may be counted on, however much the last one brought."""

RELAX = 1.4
"""Multiple of Newton's step between kept pairs; by measurement."""

SLOW, SLOW_BELOW = 0.6, 1e-3
"""Fall of the gap, where it is small, after which pairs are found at the costs before the
look; by measurement."""

FORGET = 4
"""Iterations after which pairs are found anew; until then the earlier ones stay in use."""

TOGETHER = 0.1
"""Gap below which pairs that hold each other back are shifted all together."""

STEPS = 6
"""Newton steps together at most between two looks; each must halve the excess of the pairs."""

PRECISION, PRODUCTS = 1e-2, 100
"""Share of the error that conjugate gradients leave, and their products at most; by measurement."""

OVERSHOOT, SHORTER = 0.3, 6
"""Slope behind a step, as a share of that before it, up to which it is not shortened; how often."""

NEAR_ROUNDS = 30
"""Rounds over the pairs of a start at most before they are shifted all together; by
measurement."""

NEAR_LOOKS = 6
"""Looks at some bushes after which a start is no nearer than any other flows."""

LEFT = 0.3
"""Share of the excess that the gap asked for leaves which bushes that nobody looks at may hold."""


@dataclass(slots=True, eq=False)
class Task:
    """What is to be solved, how far, and what changes on the way.

    Attributes
    ----------
    problem : AssignmentProblem
    rows : Rows
    loads : Loads
    relative_gap : float
    max_iterations : int
    threads : int or None
    progress : callable
        Takes the iteration and an estimate of the gap.
    borrowed : bool
        Whether the orders in `rows` are those of another result, which must not change.
    """

    problem: AssignmentProblem
    rows: Rows
    loads: Loads
    relative_gap: float
    max_iterations: int
    threads: int | None
    progress: Callable[[int, float], None]
    borrowed: bool

    def certificate(self) -> Certificate:
        """Return the certificate of the flows as they are, which are made to add up if need be.

        Raises
        ------
        AssignmentError
            They do not add up, or the objective is no number.
        """
        found = self._certified()
        if not found.conservation_error <= ROUNDING:
            self.add_up()
            found = self._certified()
        if not found.conservation_error <= CONSERVATION_TOLERANCE:
            message = (
                f"flows do not add up: imbalance {found.conservation_error:.1e} of an origin's "
                f"demand, allowed {CONSERVATION_TOLERANCE:.0e}; numbers of very different size in "
                "one problem cause this, see the demand and the volume-delay functions"
            )
            raise AssignmentError([message])
        if not np.isfinite(found.objective):
            message = (
                f"the objective is {found.objective:g}, expected a finite number; did the "
                "volume-delay functions change after they were made?"
            )
            raise AssignmentError([message])
        return found

    def add_up(self) -> None:
        """Make flows add up to the last digit: what shifts have left at nodes by rounding goes."""
        every = np.ones(len(self.rows.bushes.source), dtype=np.bool_)
        settle(self.rows.arcs, self.loads, self.rows.bushes, every)

    def _certified(self) -> Certificate:
        bushes = self.rows.bushes
        return certify_rows(
            self.problem,
            self.rows.layout,
            bushes.flow,
            order=bushes.order,
            tree=bushes.nearest,
            threads=self.threads,
        )

    def look(
        self, which: IntArray, pairs: Pairs, keep: bool, ignore: float, still: bool = False
    ) -> tuple[float, float, float, float]:
        """Look at bushes; see :func:`karvan.kernels.bush.sweep`."""
        if self.borrowed:
            self.rows, self.borrowed = with_own_orders(self.rows), False
        rows = self.rows
        found: tuple[float, float, float, float] = sweep(
            rows.arcs, self.loads, rows.bushes, which, pairs, keep, ignore, still
        )
        return found

    def shift(self, pairs: Pairs, enough: float, visits: int) -> float:
        """Shift flow between pairs, one after the other; returns the excess that was left."""
        arcs, loads, bushes = self.rows.arcs, self.loads, self.rows.bushes
        left: float = repeat(arcs, loads, bushes, pairs, enough, visits, RELAX)
        return left

    def finish(self, left: float, enough: float) -> None:
        """Shift flow between the pairs that divide the flows, all together, while that helps."""
        pairs = all_pairs(self.rows)
        arcs, loads, bushes = self.rows.arcs, self.loads, self.rows.bushes
        for _ in range(STEPS):
            if left <= enough or not self._newton(pairs):
                break
            before = left
            left = repeat(arcs, loads, bushes, pairs, enough, 1, 1.0)
            if left > 0.5 * before:
                break

    def _newton(self, pairs: Pairs) -> bool:
        """Take one Newton step, or as much of it as lowers the objective; whether any does."""
        arcs, loads, bushes = self.rows.arcs, self.loads, self.rows.bushes
        segments = pairs.bush, pairs.start, pairs.middle, pairs.arc
        shift = np.empty(len(pairs.bush))
        before = newton_step(
            arcs.tail,
            arcs.head,
            slopes(arcs, loads),
            loads.cost,
            loads.flow,
            bushes.flow,
            bushes.user_class,
            bushes.rank,
            *segments,
            shift,
            PRECISION,
            PRODUCTS,
        )
        for _ in range(SHORTER):
            update(arcs, loads)
            after = promise(loads.cost, bushes.user_class, *segments, shift)
            if not before > 0.0 or after >= -OVERSHOOT * before:
                break
            share = after / (after - before)
            take_back(loads.flow, bushes.flow, *segments, shift, share)
            before *= 1.0 - share
        if before > 0.0:
            update(arcs, loads)
            return True
        take_back(loads.flow, bushes.flow, *segments, shift, 1.0)
        update(arcs, loads)
        return False


def solve(task: Task, first: int = 0) -> tuple[Certificate, int]:
    """Return the certificate of flows in equilibrium, which `task` holds, and the iterations.

    Parameters
    ----------
    task : Task
    first : int
        Iterations done before.
    """
    every = np.arange(len(task.rows.bushes.source))
    pairs = room_for_pairs(task.rows.bushes)
    visits = VISITS_PER_SWEEP * task.rows.bushes.flow.size
    certificate = None
    before, asked = 0.0 if first == 0 else np.inf, np.inf
    ignore, iteration, still = 0.0, first, False
    while iteration < task.max_iterations:
        iteration += 1
        keep = iteration % FORGET != 1
        excess, treated, blocked, shortest = task.look(every, pairs, keep, ignore, still)
        enough = PAIRS_LEFT * treated
        allowed = task.relative_gap * (shortest + excess)
        if blocked <= allowed:
            enough = max(enough, SPARE * allowed)
        if treated == 0.0 and excess > allowed:
            task.add_up()
        gap = excess / (shortest + excess) if excess > 0.0 else 0.0
        left = task.shift(pairs, enough, visits)
        if left > enough and gap < TOGETHER:
            task.finish(left, enough)
        ignore = ALONE * treated / max(int(pairs.in_use[0]), 1)
        task.progress(iteration, gap)
        # The gap was measured before these shifts: they have brought it down as the last did.
        likely = gap * min(max(gap / before, FALL), 1.0) if before > 0.0 else gap
        still = SLOW * before < gap < SLOW_BELOW
        before = gap
        if likely > min(task.relative_gap, asked):
            asked *= 2.0
            continue
        certificate = task.certificate()
        if certificate.relative_gap <= task.relative_gap:
            break
        # Something that the bushes do not see: traces of flow that lead nowhere.
        task.add_up()
        certificate, asked = None, 0.5 * likely or np.inf
    return certificate or task.certificate(), iteration


def solve_near(task: Task, total: float) -> tuple[Certificate, int]:
    """As :func:`solve`, from flows that were in equilibrium, at a `total` cost, and are near it.

    Pairs that divide the flows are brought to balance first.  The certificate then says which
    bushes have found shorter paths, and only those are looked at.
    """
    pairs = task.rows.pairs or all_pairs(task.rows)
    visits = VISITS_PER_SWEEP * task.rows.bushes.flow.size
    for looks in range(NEAR_LOOKS):
        enough = SPARE * task.relative_gap * total
        rounds = NEAR_ROUNDS * int(pairs.start[pairs.in_use[0]])
        left = task.shift(pairs, enough, min(visits, rounds))
        if left > enough:
            task.finish(left, enough)
        certificate = task.certificate()
        task.progress(looks, certificate.relative_gap)
        if certificate.relative_gap <= task.relative_gap or looks == task.max_iterations:
            return certificate, looks
        total = certificate.total_cost
        which = _worth_a_look(task, certificate, LEFT * task.relative_gap * total)
        if looks == 0:
            pairs = with_room(pairs, task.rows.bushes)
        task.look(which, pairs, True, ALONE * task.relative_gap * total)
    return solve(task, NEAR_LOOKS)


def _worth_a_look(task: Task, certificate: Certificate, may_stay: float) -> IntArray:
    """Bushes with the largest excess; the others have `may_stay` of it together."""
    bushes = task.rows.bushes
    excess = np.empty(len(bushes.source))
    excess_by_row(
        bushes.flow,
        bushes.user_class,
        task.loads.cost,
        certificate.shortest_by_row,
        excess,
    )
    order = np.argsort(excess, kind="stable")
    stay = int(np.searchsorted(np.cumsum(excess[order]), may_stay))
    return np.sort(order[stay:])
