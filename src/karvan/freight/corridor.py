"""Assign the flows of a case to its network under capacity."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from karvan.case import Case
from karvan.errors import AssignmentError
from karvan.freight.pathlogit import (
    PathEquilibrium,
    PathProblem,
    path_equilibrium,
    path_sizes,
    uses,
)
from karvan.freight.pathsets import PathFinder, alternatives_of, goods_of
from karvan.freight.resources import Resource, Usage, usage_of
from karvan.freight.routing import network_at
from karvan.network.model import CO2E, ArcKind, Network, Row

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

UNSERVED = "unserved"
"""The alternative of cargo for which there is no room at a price that it would pay."""

CHOKE = 2.0
"""Cargo stays away where prices lift its cost to that many times the cheapest path's (assumed)."""

DEFAULT_SCALE = 0.004
"""Logit scale [1/USD] where commodities.csv has none (assumed): routes that differ by USD 250 per
TEU divide 73 to 27 %."""

ROUNDS_OF_PATHS = 4
"""Times that prices are looked at for paths that the sets do not hold yet."""

FULL = 0.999
"""Utilization from which a resource counts as full."""

SAME_CAPACITY = 1e-9
"""Relative difference of capacities that is rounding."""

WORTH_ADDING = 0.02
"""A path found at the prices is added if it costs that share less than the group's dearest used."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A row of flows.csv that is assigned.

    Attributes
    ----------
    id : str
    origin, destination : str
    goods : mapping
        Row of commodities.csv.
    market : str
    teu : float
        TEU or TEU-equivalents a year.
    """

    id: str
    origin: str
    destination: str
    goods: Row
    market: str
    teu: float


@dataclass(frozen=True, slots=True, eq=False)
class PathOfFlow:
    """A path in the choice set of a flow.

    Attributes
    ----------
    flow : int
        Position in ``CorridorAssignment.flows``.
    arcs : ndarray of int
        Arcs of the network in order of travel; empty for what is not served.
    alternative : str
    """

    flow: int
    arcs: IntArray
    alternative: str


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

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources, in the order of loads and prices."""
        return self.usage.resources

    def path_cost(self, path: int, column: int) -> float:
        """Return time [h], money [USD/TEU] or kg CO2e/TEU of a path, without prices."""
        found = self.paths[path]
        total = float(self.network.static_cost()[found.arcs, column].sum())
        if column == CO2E:
            goods = self.flows[found.flow].goods
            total *= goods["payload_t_per_teu"] / self.network.payload_t_per_teu
        return total


def flows_of(case: Case) -> tuple[int, tuple[Flow, ...]]:
    """Return the flows of the last year with flows up to the year of the case, and that year.

    Raises
    ------
    AssignmentError
        There are none.
    """
    table = case.table("flows")
    years = sorted({int(y) for y in table["year"] if y <= case.year})
    if not years:
        found = f"flows of {min(table['year'])} and later" if table.height else "no flows"
        message = (
            f"demand/flows.csv has {found}: expected flows of {case.year} or before; add rows, or "
            "choose a later year"
        )
        raise AssignmentError([message])
    goods = goods_of(case)
    rows = [r for r in table.iter_rows(named=True) if r["year"] == years[-1]]
    return years[-1], tuple(_flow(row, goods[row["commodity_id"]]) for row in rows)


def _flow(row: Mapping[str, Any], goods: Row) -> Flow:
    teu = row["flow_teu_per_year"]
    if teu is None:
        teu = row["flow_t_per_year"] / goods["payload_t_per_teu"]
    return Flow(row["id"], row["origin"], row["destination"], goods, row["market"], float(teu))


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
    AssignmentError
    """
    network = network_at(case)
    usage = usage_of(case, network)
    finder = PathFinder(network, usage, alternatives_of(case))
    year, wanted = flows_of(case)
    sets = _Sets(case, finder, wanted, progress)
    equilibrium, problem, gap = None, sets.problem(), 0.0
    guess = _prices(start, usage) if start is not None else None
    for _ in range(ROUNDS_OF_PATHS):
        equilibrium = path_equilibrium(problem, start=_resized(guess, problem))
        added, gap = sets.add_at(equilibrium)
        if not added:
            break
        guess, problem = equilibrium, sets.problem()
    else:
        equilibrium = path_equilibrium(problem, start=_resized(guess, problem))
    progress(1.0)
    if equilibrium is None:
        raise AssignmentError(["no flow has a path"])
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
    )


def with_capacity(
    assignment: CorridorAssignment, resource: int, more: float
) -> tuple[PathEquilibrium, float]:
    """Return the equilibrium with `more` of a resource, and the gain of all [USD a year].

    The gain is that of users and of those who own what is scarce together, so that what one pays
    the other is no gain.  Twins of the same capacity grow as well, others set a limit.
    """
    problem, before = assignment.problem, assignment.equilibrium
    capacity = problem.capacity.copy()
    own = capacity[resource] * (1.0 + SAME_CAPACITY)
    others = [assignment.resources[t].capacity for t in assignment.twins.get(resource, ())]
    limit = min((c for c in others if c > own), default=np.inf)
    capacity[resource] = min(capacity[resource] + more, limit)
    after = path_equilibrium(replace(problem, capacity=capacity), start=before)
    return after, _welfare(problem, after, capacity) - _welfare(problem, before, problem.capacity)


def _welfare(problem: PathProblem, found: PathEquilibrium, capacity: FloatArray) -> float:
    """Users' surplus plus what resources earn by their prices, up to a constant [USD a year]."""
    limited = np.isfinite(capacity)
    earned = float(capacity[limited] @ found.price[limited])
    return earned - float(problem.demand @ found.expected_cost)


def _prices(start: CorridorAssignment, usage: Usage) -> PathEquilibrium:
    """Prices of an earlier assignment in the order of this one's resources."""
    known = {
        (r.kind, r.id, r.from_node, r.to_node, r.unit): price
        for r, price in zip(start.resources, start.equilibrium.price, strict=True)
    }
    price = np.array(
        [known.get((r.kind, r.id, r.from_node, r.to_node, r.unit), 0.0) for r in usage.resources]
    )
    return replace(start.equilibrium, price=price, wait_h=np.zeros(len(price)))


def _resized(guess: PathEquilibrium | None, problem: PathProblem) -> PathEquilibrium | None:
    return guess if guess is not None and len(guess.price) == len(problem.capacity) else None


class _Sets:
    """The path sets of all flows, and the problem they make."""

    def __init__(
        self,
        case: Case,
        finder: PathFinder,
        wanted: Sequence[Flow],
        progress: Callable[[float], None],
    ) -> None:
        self.finder = finder
        self.constant = _constants(case)
        goods = {f.goods["id"]: f.goods for f in wanted}
        self.cost = {name: finder.cost_of(row) for name, row in goods.items()}
        self.flows: list[Flow] = []
        self.unreachable: list[Flow] = []
        self.paths: list[list[PathOfFlow]] = []
        self.twins: Mapping[int, tuple[int, ...]] = {}
        for n, flow in enumerate(wanted):
            progress(0.9 * n / len(wanted))
            arcs = finder.choices(flow.origin, flow.destination, self.cost[flow.goods["id"]])
            if arcs:
                number = len(self.flows)
                self.flows.append(flow)
                self.paths.append([self._path(number, a) for a in arcs])
            else:
                self.unreachable.append(flow)

    def _path(self, flow: int, arcs: IntArray) -> PathOfFlow:
        return PathOfFlow(flow, arcs, self.finder.alternative_of(arcs))

    def listed(self) -> list[PathOfFlow]:
        """Paths by flow, the last of each flow being not to be served."""
        none = np.zeros(0, dtype=np.int64)
        return [
            path
            for flow, paths in enumerate(self.paths)
            for path in (*paths, PathOfFlow(flow, none, UNSERVED))
        ]

    def _own_cost(self, path: PathOfFlow) -> float:
        goods = self.flows[path.flow].goods["id"]
        constant = self.constant[path.alternative, goods]
        return float(self.cost[goods][path.arcs].sum()) + constant

    def problem(self) -> PathProblem:
        """Return the problem of the sets as they are."""
        paths, usage = self.listed(), self.finder.usage
        cost = np.array([self._own_cost(path) for path in paths])
        group = np.array([path.flow for path in paths], dtype=np.int64)
        cheapest = np.full(len(self.flows), np.inf)
        served = np.array([path.alternative != UNSERVED for path in paths])
        np.minimum.at(cheapest, group[served], cost[served])
        cost[~served] = CHOKE * np.maximum(cheapest, 1.0)[group[~served]]
        use = np.zeros((len(usage.resources), len(paths)))
        for column, path in enumerate(paths):
            goods = self.flows[path.flow].goods
            for arc in path.arcs:
                for used in usage.arcs.get(int(arc), ()):
                    use[used.resource, column] += used.of_unit(goods)
        capacity = np.array([r.capacity for r in usage.resources])
        # What has no room left is on no path.
        capacity[capacity <= 0.0] = np.inf
        self.twins = _twins(use, capacity)
        for others in self.twins.values():
            capacity[list(others)] = np.inf
        scale = [f.goods["choice_scale_per_usd"] or DEFAULT_SCALE for f in self.flows]
        return PathProblem(
            group=group,
            cost=cost,
            log_size=self._sizes(paths, group),
            demand=np.array([f.teu for f in self.flows]),
            scale=np.array(scale),
            value_of_time=np.array([f.goods["value_of_time_usd_per_teu_h"] for f in self.flows]),
            use=uses(use),
            capacity=capacity,
        )

    def _sizes(self, paths: Sequence[PathOfFlow], group: IntArray) -> FloatArray:
        """Path sizes by the kilometres of links and services that paths share."""
        names: dict[tuple[str, str], int] = {}
        lengths: list[float] = []
        links = []
        for path in paths:
            used = []
            for position in path.arcs:
                arc = self.finder.network.arcs[position]
                if arc.kind == ArcKind.MOVE and arc.link is not None:
                    service = arc.service["id"] if arc.service is not None else ""
                    key = (arc.link["id"], service)
                    if key not in names:
                        names[key] = len(names)
                        lengths.append(arc.length_km)
                    used.append(names[key])
            links.append(np.array(used, dtype=np.int64))
        return path_sizes(np.array(lengths), links, group)

    def add_at(self, found: PathEquilibrium) -> tuple[int, float]:
        """Add paths that are cheaper at the prices; how many, and the largest gap met."""
        price = np.zeros(len(self.finder.network.arcs))
        added, worst = 0, 0.0
        by_arc: dict[str, FloatArray] = {}
        first = np.searchsorted([p.flow for p in self.listed()], np.arange(len(self.flows) + 1))
        for number, flow in enumerate(self.flows):
            goods = flow.goods
            if goods["id"] not in by_arc:
                price = np.zeros(len(self.finder.network.arcs))
                for arc, uses in self.finder.usage.arcs.items():
                    price[arc] = sum(
                        u.of_unit(goods) * found.price[u.resource]
                        for u in uses
                        if found.price[u.resource] > 0.0
                    )
                by_arc[goods["id"]] = self.cost[goods["id"]] + price
            arcs = self.finder.cheapest(flow.origin, flow.destination, by_arc[goods["id"]])
            if arcs is None:
                continue
            path = self._path(number, arcs)
            here = float(by_arc[goods["id"]][arcs].sum())
            here += self.constant[path.alternative, goods["id"]]
            best = float(found.cost[first[number] : first[number + 1]].min())
            gap = (best - here) / best if best > 0.0 else 0.0
            worst = max(worst, gap)
            if gap > WORTH_ADDING and not self._known(path):
                self.paths[number].append(path)
                added += 1
        return added, worst

    def _known(self, path: PathOfFlow) -> bool:
        return any(np.array_equal(path.arcs, p.arcs) for p in self.paths[path.flow])


def _twins(use: FloatArray, capacity: FloatArray) -> dict[int, tuple[int, ...]]:
    """The tightest of the resources that the same cargo uses alike, with the others.

    Together they would have no single price: any split of it fits.
    """
    alike: dict[bytes, list[int]] = defaultdict(list)
    for resource in np.flatnonzero(np.isfinite(capacity) & use.any(axis=1)):
        alike[use[resource].tobytes()].append(int(resource))
    return {
        tightest: tuple(r for r in members if r != tightest)
        for members in alike.values()
        if len(members) > 1
        for tightest in [min(members, key=lambda r: (capacity[r], r))]
    }


def _constants(case: Case) -> defaultdict[tuple[str, str], float]:
    """Constant of each alternative and commodity [USD/TEU]; 0 where none is given."""
    constants: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row in case.table("constants").iter_rows(named=True):
        constants[row["alternative_id"], row["commodity_id"]] = row["constant_usd_per_teu"]
    return constants


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
