"""User equilibrium under hard capacities of links, with the price of every full one.

Larsson and Patriksson (1995) solve it by multipliers and ordinary equilibria, as here; what differs
is the solver inside, which starts from where it was, and the extrapolation of prices.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import above_zero, at_least_one, must_be
from karvan.freight.certificate import CONSERVATION_TOLERANCE, Certificate, certify
from karvan.freight.delay import delays
from karvan.freight.equilibrium import Equilibrium, user_equilibrium
from karvan.freight.excess_demand import with_ways_to_stay
from karvan.freight.extrapolation import Extrapolation
from karvan.freight.gates import SHARP, Gates, with_gates
from karvan.freight.problem import AssignmentProblem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CAPACITY_TOLERANCE = 1e-9
"""Largest relative overflow, and largest value of unused priced capacity, that counts as none."""

FIRST_GAP = 1e-6
"""Relative gap of the equilibrium without prices that comes first."""

INNER = 1e-3
"""Relative gap of equilibria at given prices, as a share of the one asked for."""

SWEEPS = 3
"""Sweeps over all bushes between changes of prices; by measurement."""

ROUGH = 1e-3
"""Relative gap of the equilibrium inside above which its flows say nothing about prices."""

ROUND, ROUND_STEP = 3.0, 100.0
"""Steepness of corners where sharp ones make flow jump to and fro, and its growth by a step."""

WEIGHT = 10.0
"""Fall of flow by all of the capacity for this multiple of the mean cost of a link; measured."""

WEIGHT_STEP = 3.0

PATIENCE = 15
"""Steps that do not halve the error, after which the weight changes and the cut is looked for."""

UNSETTLED, JUMPY = 1e-6, 1e-4
"""Relative gaps of the equilibrium inside: too rough to extrapolate from, hard for its weight."""

LEFT_OVER_TOLERANCE = 1e-7
"""Share of demand that may be left over by rounding where capacities just hold it."""

MOST_ROOM_STEPS = 300

LEAST_PRICE = 1e-3
"""Demand that a unit of capacity must let pass to be part of the cut."""

MOST_NAMED = 10


@dataclass(frozen=True, slots=True, eq=False)
class CapacitatedEquilibrium:
    """Result of :func:`capacitated_equilibrium`.

    Attributes
    ----------
    flow : ndarray, shape (n_links,)
    class_flow : ndarray, shape (n_classes, n_links)
    time : ndarray, shape (n_links,)
        Delay at `flow`, without prices.
    price : ndarray, shape (n_links,)
        Wait at a full link, in units of time, that keeps its flow at the capacity: the shadow price
        of one more unit.  A class pays it times its value of time.  0 where there is room.
    cost : ndarray, shape (n_classes, n_links)
        Time, price and tolls; inf where a class may not go.
    objective : float
        Beckmann's, without prices.
    total_cost : float
        Of the demand, without prices.
    priced_cost : float
        Of the demand, with prices.
    relative_gap, average_excess_cost, conservation_error : float
        The certificate at costs with prices; see
        :class:`~karvan.freight.certificate.Certificate`.
    capacity_error : float
        Largest flow above capacity, relative to the capacity.
    slack_error : float
        Sum of price times unused capacity, relative to `priced_cost`.
    converged : bool
        Whether the relative gap is as small as was asked, and both errors are at most
        ``CAPACITY_TOLERANCE``.
    iterations : int
        Changes of prices.
    unreachable : ndarray of int
        Pairs with demand but no path; they are not in the flows.
    capacity : ndarray, shape (n_links,)
    problem : AssignmentProblem
    """

    flow: FloatArray
    class_flow: FloatArray
    time: FloatArray
    price: FloatArray
    cost: FloatArray
    objective: float
    total_cost: float
    priced_cost: float
    relative_gap: float
    average_excess_cost: float
    conservation_error: float
    capacity_error: float
    slack_error: float
    converged: bool
    iterations: int
    unreachable: IntArray
    capacity: FloatArray
    problem: AssignmentProblem
    _inside: Equilibrium
    _gates: Gates
    _weight: FloatArray

    def average_on_paths(self, values: FloatArray) -> FloatArray:
        """Return the sum of a link attribute along the used paths of each pair, by flow.

        As :meth:`Equilibrium.average_on_paths`; with `price` it is what a unit of a pair waits.
        """
        n_links = self.problem.n_links
        if len(values) != n_links:
            message = f"values has {len(values)} entries, expected one for each of {n_links} links"
            raise AssignmentError([message])
        more = np.zeros(self._inside.problem.n_links - n_links)
        return self._inside.average_on_paths(np.append(values, more))

    def select_link(self, link: int) -> FloatArray:
        """Return the flow of each pair that uses a link, shape (n_pairs,)."""
        n_links = self.problem.n_links
        if not 0 <= link < n_links:
            raise AssignmentError([f"link is {link}, expected 0 to {n_links - 1}"])
        return self._inside.select_link(link)


def capacitated_equilibrium(
    problem: AssignmentProblem,
    capacity: ArrayLike,
    relative_gap: float = 1e-10,
    *,
    max_iterations: int = 300,
    start: CapacitatedEquilibrium | None = None,
    threads: int | None = None,
    progress: Callable[[int, float], None] = lambda iteration, error: None,
) -> CapacitatedEquilibrium:
    """Return flows within capacities in which nobody can find a cheaper path at the prices.

    Parameters
    ----------
    problem : AssignmentProblem
    capacity : array_like, shape (n_links,)
        Most flow of all classes together, > 0, in the unit of flow; inf where there is no limit.
        It has nothing to do with the capacity of a volume-delay function.
    relative_gap : float
        Wanted (total - shortest) / total cost with prices, > 0.
    max_iterations : int
        Changes of prices, at least 1; the result says if they were too few.
    start : CapacitatedEquilibrium, optional
        Of a problem with the same network; the answer does not depend on it beyond the tolerances,
        save for prices and flows that are not unique.
    threads : int, optional
        At most; all cores without it.
    progress : callable
        Takes the iteration and the largest relative overflow.

    Raises
    ------
    AssignmentError
        An argument out of range; flows that do not add up; or a demand that the capacities cannot
        hold, with the links that hold it up and what is left over.

    Notes
    -----
    Minimises Beckmann's function under flow <= capacity.  Prices are its multipliers.

    References
    ----------
    Larsson and Patriksson (1995), An augmented Lagrangean dual algorithm for link capacity side
    constrained traffic assignment problems, Transportation Research B 29(6), 433-455 (multipliers
    with ordinary equilibria inside; abstract read);
    Larsson and Patriksson (1999), Side constrained traffic equilibrium models: analysis,
    computation and applications, Transportation Research B 33(4), 233-264 (multipliers as queueing
    delays in equilibrium; abstract read);
    Walker and Ni (2011), Anderson acceleration for fixed-point iterations,
    https://doi.org/10.1137/10078356X (extrapolation of prices; not opened).
    """
    limit = _checked_capacity(problem, capacity)
    _check_arguments(problem, relative_gap, max_iterations, threads, start)
    search = _Search(problem, limit, relative_gap, threads, start)
    for iteration in range(1, max_iterations + 1):
        search.step()
        progress(iteration, search.overflow)
        if search.near():
            found = search.certified(iteration)
            if found.converged:
                return found
        if search.stuck():
            if not search.room_known:
                _require_room(problem, limit, search.inside.unreachable)
                search.room_known = True
            search.reconsider()
    if not search.room_known:
        _require_room(problem, limit, search.inside.unreachable)
    return search.certified(max_iterations)


class _Search:
    """Prices on their way, and the equilibrium inside at the last of them."""

    def __init__(
        self,
        problem: AssignmentProblem,
        capacity: FloatArray,
        relative_gap: float,
        threads: int | None,
        start: CapacitatedEquilibrium | None,
    ) -> None:
        self.problem, self.capacity = problem, capacity
        self.relative_gap, self.threads = relative_gap, threads
        self.gates = with_gates(problem, capacity)
        self.room_known = False
        if start is None:
            self.inside = user_equilibrium(self.gates.problem, FIRST_GAP, threads=threads)
            self.price = np.zeros(len(self.gates.link))
            self.weight = WEIGHT * _mean_cost(self.inside) / self.gates.capacity
        else:
            self._take(start)
        self.charged = self.price
        self.overflow = np.inf
        self._least, self._since = np.inf, 0
        self._steepness, self._rough = SHARP, 0
        self._extrapolation = Extrapolation()

    def _take(self, start: CapacitatedEquilibrium) -> None:
        """Begin where another search ended, with its bushes if the gates are at the same links."""
        self.price = start.price[self.gates.link]
        if np.array_equal(start._gates.column, self.gates.column):
            self.inside, self.weight = start._inside, start._weight
            return
        self.inside = user_equilibrium(self.gates.problem, FIRST_GAP, threads=self.threads)
        self.weight = WEIGHT * _mean_cost(self.inside) / self.gates.capacity

    def step(self) -> None:
        """Find flows at the prices, and the prices that these flows call for."""
        self.inside = user_equilibrium(
            self.gates.charging(self.price, self.weight, self._steepness),
            INNER * self.relative_gap,
            max_iterations=SWEEPS,
            start=self.inside,
            threads=self.threads,
        )
        over = self.inside.flow[self.gates.link] - self.gates.capacity
        self.charged = np.maximum(self.price + self.weight * over, 0.0)
        self.overflow = float((over / self.gates.capacity).max(initial=0.0))
        if self.inside.relative_gap > ROUGH:
            self._smooth()
            return
        self._rough, self._steepness = 0, min(ROUND_STEP * self._steepness, SHARP)
        root = np.sqrt(self.weight)
        error = float(np.linalg.norm((self.charged - self.price) / root))
        settled = self.inside.relative_gap <= UNSETTLED
        self.price = self._extrapolation.next(self.price, self.charged, root, settled)
        if error <= 0.5 * self._least:
            self._least, self._since = error, 0
        else:
            self._since += 1

    def _smooth(self) -> None:
        """Make the next equilibrium easier, if this is not the first that was hard to find."""
        self._rough += 1
        self._since += 1
        if self._rough > 1:
            if self._steepness < SHARP:
                self.weight = self.weight / WEIGHT_STEP
            self._steepness, self._rough = ROUND, 0
            self._extrapolation = Extrapolation()

    def near(self) -> bool:
        """Whether a certificate is worth its cost."""
        unused = self.gates.capacity - self.inside.flow[self.gates.link]
        value = float(self.charged @ np.abs(unused))
        return (
            self.overflow <= CAPACITY_TOLERANCE
            and value <= CAPACITY_TOLERANCE * self.inside.total_cost
            and self.inside.relative_gap <= self.relative_gap
        )

    def stuck(self) -> bool:
        """Whether errors have not become smaller for a while."""
        return self._since >= PATIENCE

    def reconsider(self) -> None:
        """Weigh overflow less where the equilibrium inside is hard to find, else more."""
        change = WEIGHT_STEP if self.inside.relative_gap <= JUMPY else 1.0 / WEIGHT_STEP
        self.weight = self.weight * change
        self._extrapolation = Extrapolation()
        self._least, self._since = np.inf, 0

    def certified(self, iterations: int) -> CapacitatedEquilibrium:
        """The flows as they are, judged by code that does not know how they were found."""
        problem = self.problem
        price = np.zeros(problem.n_links)
        # A gate bends a little before its price begins: the price is what it did charge.
        full = self.inside.flow[self.gates.link] >= (1.0 - CAPACITY_TOLERANCE) * self.gates.capacity
        price[self.gates.link] = np.where(
            full | (self.charged > 0.0), np.maximum(self.gates.charged(self.inside.time), 0.0), 0.0
        )
        certificate = _certificate(problem, price, self.inside, self.threads)
        flow = certificate.class_flow.sum(axis=0)
        limited = np.isfinite(self.capacity)
        unused = self.capacity[limited] - flow[limited]
        overflow = float(np.max(-unused / self.capacity[limited], initial=0.0))
        value = float(price[limited] @ np.maximum(unused, 0.0))
        slack = value / certificate.total_cost if certificate.total_cost > 0.0 else 0.0
        paid = float(price @ flow)
        time = certificate.time - price
        return CapacitatedEquilibrium(
            flow=flow,
            class_flow=certificate.class_flow,
            time=time,
            price=price,
            cost=certificate.time + problem.toll,
            objective=certificate.objective - paid,
            total_cost=certificate.total_cost - paid,
            priced_cost=certificate.total_cost,
            relative_gap=certificate.relative_gap,
            average_excess_cost=certificate.average_excess_cost,
            conservation_error=certificate.conservation_error,
            capacity_error=overflow,
            slack_error=slack,
            converged=bool(
                certificate.relative_gap <= self.relative_gap
                and max(overflow, slack) <= CAPACITY_TOLERANCE
            ),
            iterations=iterations,
            unreachable=self.inside.unreachable,
            capacity=self.capacity,
            problem=problem,
            _inside=self.inside,
            _gates=self.gates,
            _weight=self.weight,
        )


def _checked_capacity(problem: AssignmentProblem, capacity: ArrayLike) -> FloatArray:
    must_be(AssignmentProblem, "problem", problem, "assignment_problem")
    try:
        limit = np.array(capacity, dtype=np.float64)
    except (TypeError, ValueError):
        message = "capacity must be numbers, one for each link, inf where there is no limit"
        raise AssignmentError([message]) from None
    if limit.shape != (problem.n_links,):
        message = (
            f"capacity has shape {limit.shape}, expected one number for each of "
            f"{problem.n_links} links, inf where there is no limit"
        )
        raise AssignmentError([message])
    problems = [
        f"link {link}: capacity is {limit[link]:g}, expected a number > 0, or inf for no limit; "
        "close a link by `allowed` of the user classes"
        for link in np.flatnonzero(~(limit > 0.0))
    ]
    if problems:
        raise AssignmentError(problems)
    return limit


def _check_arguments(
    problem: AssignmentProblem,
    relative_gap: float,
    max_iterations: int,
    threads: int | None,
    start: CapacitatedEquilibrium | None,
) -> None:
    if start is not None:
        must_be(CapacitatedEquilibrium, "start", start, "capacitated_equilibrium")
    problems = above_zero("relative_gap", relative_gap)
    problems += at_least_one("max_iterations", max_iterations)
    if threads is not None:
        problems += at_least_one("threads", threads)
    if start is not None and not (
        start.problem.n_nodes == problem.n_nodes
        and start.problem.first_through_node == problem.first_through_node
        and len(start.problem.classes) == len(problem.classes)
        and np.array_equal(start.problem.tail, problem.tail)
        and np.array_equal(start.problem.head, problem.head)
    ):
        problems.append("start belongs to another network: expected the same nodes and links")
    if problems:
        raise AssignmentError(problems)


def _mean_cost(equilibrium: Equilibrium) -> float:
    """Mean cost of a link, by flow; of all links where those in use cost nothing."""
    moved = float(equilibrium.flow.sum())
    if moved > 0.0 and equilibrium.total_cost > 0.0:
        return equilibrium.total_cost / moved
    finite = equilibrium.cost[np.isfinite(equilibrium.cost)]
    return float(finite.mean()) if finite.any() else 1.0


def _certificate(
    problem: AssignmentProblem, price: FloatArray, inside: Equilibrium, threads: int | None
) -> Certificate:
    rows = inside._bushes
    flow = np.empty_like(rows.bushes.flow)
    flow[:, rows.link] = rows.bushes.flow
    served = problem.amount > 0.0
    served[inside.unreachable] = False
    certificate = certify(
        replace(problem, delay=problem.delay.plus(price)),
        rows.bushes.source,
        rows.bushes.user_class,
        flow[:, : problem.n_links],
        served=served,
        threads=threads,
    )
    if not certificate.conservation_error <= CONSERVATION_TOLERANCE:
        message = (
            f"flows do not add up: imbalance {certificate.conservation_error:.1e} of an origin's "
            f"demand, allowed {CONSERVATION_TOLERANCE:.0e}; numbers of very different size in one "
            "problem cause this, see the demand, the capacities and the volume-delay functions"
        )
        raise AssignmentError([message])
    return certificate


def _require_room(problem: AssignmentProblem, capacity: FloatArray, unreachable: IntArray) -> None:
    """Refuse a demand that capacities cannot hold.

    Found as an equilibrium again, in which ways cost nothing but not to move costs 1: who does not
    move is the least that cannot, and a link has a price where more capacity would let more pass.
    """
    pairs = np.setdiff1d(np.flatnonzero(problem.amount > 0.0), unreachable)
    n_links = problem.n_links
    free = replace(
        problem,
        delay=delays("constant", base=np.zeros(n_links)),
        classes=tuple(replace(c, money=None) for c in problem.classes),
    )
    wide = with_ways_to_stay(free, delays("constant", base=np.ones(len(pairs))), pairs)
    room = np.append(capacity, np.full(wide.n_links - n_links, np.inf))
    search = _Search(wide, room, LEFT_OVER_TOLERANCE, None, None)
    for _ in range(MOST_ROOM_STEPS):
        search.step()
        if search.near():
            break
        if search.stuck():
            search.reconsider()
    found = search.certified(0)
    limited = np.isfinite(room)
    # Weak duality: whatever the prices are, no less than this is left over.
    least = found.priced_cost * (1.0 - found.relative_gap) - found.price[limited] @ room[limited]
    if least > LEFT_OVER_TOLERANCE * problem.amount.sum():
        stays = found.flow[n_links : n_links + len(pairs)]
        left = f"{stays.sum():g}" if found.converged else f"at least {least:g}"
        raise AssignmentError([_cut(problem, capacity, pairs[stays > 0.0], left, found.price)])


def _cut(
    problem: AssignmentProblem,
    capacity: FloatArray,
    held_up: IntArray,
    left: str,
    price: FloatArray,
) -> str:
    full = np.flatnonzero(price[: problem.n_links] > LEAST_PRICE)
    links = [
        f"{a} (node {problem.tail[a]} to {problem.head[a]}, capacity {capacity[a]:g})" for a in full
    ]
    who = [f"{problem.origin[p]} to {problem.destination[p]}" for p in held_up]
    return (
        f"demand of {problem.amount.sum():g} cannot pass: {left} of it is left over at any price, "
        f"because of the capacity of link(s) {_listed(links)}; held up: O-D pair(s) "
        f"{_listed(who)}; add capacity to these links, or a way round them, or lower the demand"
    )


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
