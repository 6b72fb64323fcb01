"""Assign the flows of a case to its network under capacity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from karvan.case import Case
from karvan.errors import AssignmentError, NoPathError
from karvan.freight.arguments import is_number, require_a, shown, whole_number
from karvan.freight.choicesets import ChoiceSets, Flow, PathOfFlow, flows_of
from karvan.freight.moves import offsets
from karvan.freight.pathlogit import PathEquilibrium, path_equilibrium
from karvan.freight.pathproblem import PathProblem, Uses
from karvan.freight.pathsets import PathFinder, alternatives_of
from karvan.freight.prices import LEFT_OVER, Cut, left_over
from karvan.freight.resources import Resource, Usage, usage_of
from karvan.freight.rounds import Round, Rounds
from karvan.freight.routing import network_at
from karvan.network.model import CO2E, Network

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ROUNDS_OF_PATHS = 4
"""Times that prices are looked at for paths that the sets do not hold yet."""

FULL = 0.999
"""Utilization from which a resource counts as full."""

SAME_CAPACITY = 1e-9
"""Relative difference of capacities that is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class CorridorAssignment:
    """Result of :func:`assign`.

    Attributes
    ----------
    network : Network
    year : int
        Year of the flows, the last one with flows up to the year of the case.
    flows : tuple of Flow
    unreachable : tuple of Flow
        No path leads there.
    paths : tuple of PathOfFlow
        Grouped by flow.
    usage : Usage
    problem : PathProblem
    equilibrium : PathEquilibrium
    twins : mapping of int to tuple of int
        Resource -> others that exactly the same cargo passes, as the next sections of a line.  Only
        the first of the tightest has a price; those with the same capacity would have to grow with
        it.
    path_gap : float
        Largest share by which a path outside the sets would be cheaper than the cheapest inside, at
        the prices found; what the path sets may miss.
    finder : PathFinder
        Keeps what a next assignment need not search again.
    rounds : tuple of Round
        What was found each time before paths were looked for: a next assignment begins with it.
    """

    network: Network
    year: int
    flows: tuple[Flow, ...]
    unreachable: tuple[Flow, ...]
    paths: tuple[PathOfFlow, ...]
    usage: Usage
    problem: PathProblem
    equilibrium: PathEquilibrium
    twins: Mapping[int, tuple[int, ...]]
    path_gap: float
    finder: PathFinder
    rounds: tuple[Round, ...]

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources, in the order of loads and prices."""
        return self.usage.resources

    def path_costs(self, column: int) -> FloatArray:
        """Return time [h], money [USD/TEU] or kg CO2e/TEU of each path, without prices.

        0 for what is not served.  Moves emit by the tonnes of a TEU, handling by the TEU.
        """
        arcs = [path.arcs for path in self.paths]
        bounds = offsets(arcs)
        served = np.flatnonzero(np.diff(bounds) > 0)
        total = np.zeros(len(arcs))
        passed, begins = np.concatenate(arcs), bounds[served]
        total[served] = np.add.reduceat(self.finder.static[passed, column], begins)
        if column == CO2E:
            payload = [self.flows[path.flow].goods["payload_t_per_teu"] for path in self.paths]
            handling = np.zeros(len(arcs))
            handling[served] = np.add.reduceat(_handling_co2e(self.network)[passed], begins)
            heavier = np.array(payload) / self.network.payload_t_per_teu
            total = handling + (total - handling) * heavier
        return total


def assign(
    case: Case,
    *,
    start: "CorridorAssignment | None" = None,
    progress: Callable[[float], None] = lambda share: None,
) -> CorridorAssignment:
    """Return the flows of a case on its network, under the capacity of everything it passes.

    Every flow divides over its paths by path-size logit on generalized cost: money, value of time
    times expected time, the constant of the route alternative, and the price of each full resource.

    Parameters
    ----------
    case : Case
    start : CorridorAssignment, optional
        Of the same case with other measures: its prices are the first guess.
    progress : callable
        Takes the share done.

    Raises
    ------
    NoPathError
        No flow has a path.
    AssignmentError
    """
    require_a(Case, "case", case, "what read_case() returns")
    if start is not None:
        require_a(CorridorAssignment, "start", start, "what assign() returns")
    network = network_at(case)
    usage = usage_of(case, network)
    finder = PathFinder(network, usage, alternatives_of(case))
    year, wanted = flows_of(case)
    if start is not None:
        for goods in {flow.goods["id"]: flow.goods for flow in wanted}.values():
            finder.take_over(start.finder, goods)
    sets = ChoiceSets(case, finder, wanted, progress)
    finder.let_go()
    if not sets.flows:
        raise NoPathError(year, [flow.id for flow in sets.unreachable])
    problem, equilibrium, rounds = sets.problem(), None, list[Round]()
    known = None if start is None else Rounds(start.rounds, start.resources, usage.resources)
    while True:
        guess = equilibrium
        if start is not None and known is not None:
            last = np.zeros(len(usage.resources)) if equilibrium is None else equilibrium.price
            price = known.guess(len(rounds), last, sets.twins)
            guess = replace(start.equilibrium, price=price, wait_h=np.zeros(len(price)))
        equilibrium = path_equilibrium(problem, start=guess, surplus=int(start is not None))
        rounds.append(Round(equilibrium.price, sets.twins))
        missing, gap = sets.missing_at(equilibrium)
        if not missing or len(rounds) > ROUNDS_OF_PATHS:
            break
        sets.add(missing)
        problem = sets.problem()
    progress(1.0)
    return CorridorAssignment(
        network=network,
        year=year,
        flows=tuple(sets.flows),
        unreachable=tuple(sets.unreachable),
        paths=tuple(sets.listed()),
        usage=usage,
        problem=problem,
        equilibrium=equilibrium,
        twins=sets.twins,
        path_gap=gap,
        finder=finder,
        rounds=tuple(rounds),
    )


def _handling_co2e(network: Network) -> FloatArray:
    """Emissions of the handling and the borders on each arc [kg CO2e/TEU]."""
    by_arc = [sum(row["co2e_kg_per_teu"] for row in arc.transfers) for arc in network.arcs]
    return np.array(by_arc, dtype=np.float64)


def with_capacity(
    assignment: CorridorAssignment, resource: int, more: float
) -> tuple[PathEquilibrium, float]:
    """Return the equilibrium with `more` of a resource, and the gain of all [USD a year].

    The gain is that of users and of those who own what is scarce together, so that what one pays
    the other is no gain.  Twins of the same capacity grow as well, others set a limit.

    Raises
    ------
    AssignmentError
        No resource of that number, or one that would be left without capacity.
    """
    require_a(CorridorAssignment, "assignment", assignment, "what assign() returns")
    resource, n_resources = whole_number("resource", resource), len(assignment.resources)
    if not 0 <= resource < n_resources:
        raise AssignmentError([f"resource is {resource}, expected 0 to {n_resources - 1}"])
    if not is_number(more):
        raise AssignmentError([f"more is {shown(more)}, expected a number"])
    problem, before = assignment.problem, assignment.equilibrium
    capacity = problem.capacity.copy()
    own = capacity[resource] * (1.0 + SAME_CAPACITY)
    others = [assignment.resources[t].capacity for t in assignment.twins.get(resource, ())]
    limit = min((c for c in others if c > own), default=np.inf)
    capacity[resource] = min(capacity[resource] + more, limit)
    after = path_equilibrium(replace(problem, capacity=capacity), start=before)
    gain = _welfare(problem, after, capacity) - _welfare(problem, before, problem.capacity)
    # Room harms nobody: what is below zero is the rounding of a difference of large sums.
    return after, max(gain, 0.0)


def without_room(assignment: CorridorAssignment) -> Cut | None:
    """Return what of the unserved could not pass at any price; None where all of it could.

    What stays away because room is dear could pass if others made way for it, or by a way that it
    finds too dear.
    """
    problem, flow = assignment.problem, assignment.equilibrium.flow
    last = problem.paths_of_group[1:] - 1
    use = problem.use
    served = replace(
        problem,
        group=np.delete(problem.group, last),
        cost=np.delete(problem.cost, last),
        log_size=np.delete(problem.log_size, last),
        use=Uses(np.delete(use.start, last), use.resource, use.amount, use.n_resources),
    )
    if _room_for(served, flow[last], problem.capacity - assignment.equilibrium.load):
        return None
    cut = left_over(served)
    return cut if cut.excess > LEFT_OVER else None


def _room_for(problem: PathProblem, wanted: FloatArray, spare: FloatArray) -> bool:
    """Whether each group finds one path with room for all it wants; if not there may yet be."""
    use, spare = problem.use, spare.copy()
    for group in np.flatnonzero(wanted > 0.0):
        first, end = problem.paths_of_group[group : group + 2]
        room = np.full(end - first, np.inf)
        entries = slice(use.start[first], use.start[end])
        each = spare[use.resource[entries]] / use.amount[entries]
        np.minimum.at(room, use.path[entries] - first, each)
        best = int(room.argmax())
        if room[best] < wanted[group]:
            return False
        taken = slice(use.start[first + best], use.start[first + best + 1])
        spare[use.resource[taken]] -= use.amount[taken] * wanted[group]
    return True


def _welfare(problem: PathProblem, found: PathEquilibrium, capacity: FloatArray) -> float:
    """Users' surplus plus what resources earn by their prices, up to a constant [USD a year]."""
    limited = np.isfinite(capacity)
    earned = float(capacity[limited] @ found.price[limited])
    return earned - float(problem.demand @ found.expected_cost)


def queue_h(resource: Resource, load: float) -> float | None:
    """Return the mean wait for room in a departure [h], beyond half the headway.

    Of a queue of Poisson arrivals for departures at regular times (Pollaczek and Khinchine for
    deterministic service): headway / 2 * u / (1 - u) at utilization u.  None without departures,
    and where nothing is left, as the wait then has no bound and the price decides.
    """
    used = load / resource.capacity if resource.capacity > 0.0 else 1.0
    if not resource.headway_h or used >= FULL:
        return None
    return resource.headway_h / 2.0 * used / (1.0 - used)
