"""The flows of a case with the paths that each can take: what the assignment chooses from."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from karvan.case import Case
from karvan.errors import AssignmentError
from karvan.freight.pathlogit import PathEquilibrium
from karvan.freight.pathproblem import PathProblem, Uses, path_sizes
from karvan.freight.pathsets import PathFinder, goods_of
from karvan.network.model import ArcKind, Row

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

UNSERVED = "unserved"
"""The alternative of cargo for which there is no room at a price that it would pay."""

CHOKE = 2.0
"""Cargo stays away where prices lift its cost to that many times the cheapest path's (assumed)."""

DEFAULT_SCALE = 0.004
"""Logit scale [1/USD] where commodities.csv has none (assumed): routes that differ by USD 250 per
TEU divide 73 to 27 %."""

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
    cost : float
        Generalized cost without prices [USD/TEU].
    uses : mapping of int to float
        What a TEU uses of each resource.
    parts : mapping of (str, str) to float
        Length of each link and service [km].
    """

    flow: int
    arcs: IntArray
    alternative: str
    cost: float
    uses: Mapping[int, float]
    parts: Mapping[tuple[str, str], float]


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


class ChoiceSets:
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
        self.flows: list[Flow] = []
        self.unreachable: list[Flow] = []
        self.paths: list[list[PathOfFlow]] = []
        self.twins: Mapping[int, tuple[int, ...]] = {}
        self.log_size: list[FloatArray] = []
        for n, flow in enumerate(wanted):
            progress(0.9 * n / len(wanted))
            found = finder.choices(flow.origin, flow.destination, flow.goods)
            if found:
                self.flows.append(flow)
                self.paths.append([self._path(len(self.flows) - 1, arcs) for arcs in found])
                self.log_size.append(_sizes(self.paths[-1]))
            else:
                self.unreachable.append(flow)

    def _path(self, flow: int, arcs: IntArray) -> PathOfFlow:
        goods, usage = self.flows[flow].goods, self.finder.usage
        alternative = self.finder.alternative_of(arcs)
        uses: defaultdict[int, float] = defaultdict(float)
        for arc in arcs:
            for use in usage.arcs.get(int(arc), ()):
                uses[use.resource] += use.of_unit(goods)
        return PathOfFlow(
            flow=flow,
            arcs=arcs,
            alternative=alternative,
            cost=float(self.finder.cost_of(goods)[arcs].sum())
            + self.constant[alternative, goods["id"]],
            uses={resource: amount for resource, amount in uses.items() if amount > 0.0},
            parts=self._parts(arcs),
        )

    def _parts(self, arcs: IntArray) -> Mapping[tuple[str, str], float]:
        moves = [self.finder.network.arcs[a] for a in arcs]
        return {
            (move.link["id"], move.service["id"] if move.service is not None else ""): (
                move.length_km
            )
            for move in moves
            if move.kind == ArcKind.MOVE and move.link is not None
        }

    def listed(self) -> list[PathOfFlow]:
        """Paths by flow, the last of each flow being not to be served."""
        return [path for paths in self.paths for path in (*paths, _unserved(paths))]

    def problem(self) -> PathProblem:
        """Return the problem of the sets as they are."""
        paths, resources = self.listed(), self.finder.usage.resources
        group = np.array([path.flow for path in paths], dtype=np.int64)
        use = _uses(paths, len(resources))
        capacity = np.array([r.capacity for r in resources])
        # What has no room left is on no path.
        capacity[capacity <= 0.0] = np.inf
        self.twins = _twins(use, capacity)
        for others in self.twins.values():
            capacity[list(others)] = np.inf
        scale = [f.goods["choice_scale_per_usd"] or DEFAULT_SCALE for f in self.flows]
        return PathProblem(
            group=group,
            cost=np.array([path.cost for path in paths]),
            log_size=np.concatenate(self.log_size),
            demand=np.array([f.teu for f in self.flows]),
            scale=np.array(scale),
            value_of_time=np.array([f.goods["value_of_time_usd_per_teu_h"] for f in self.flows]),
            use=use,
            capacity=capacity,
        )

    def missing_at(self, found: PathEquilibrium) -> tuple[list[PathOfFlow], float]:
        """Return paths that are cheaper at the prices, and the largest gap met."""
        missing, worst = [], 0.0
        goods = {flow.goods["id"]: flow.goods for flow in self.flows}
        cost = {name: self._priced(row, found.price) for name, row in goods.items()}
        best = np.minimum.reduceat(
            found.cost, np.cumsum([0, *(len(paths) + 1 for paths in self.paths[:-1])])
        )
        for number, flow in enumerate(self.flows):
            by_arc = cost[flow.goods["id"]]
            arcs = self.finder.cheapest(flow.origin, flow.destination, by_arc)
            if arcs is None:
                continue
            path = self._path(number, arcs)
            here = float(by_arc[arcs].sum()) + self.constant[path.alternative, flow.goods["id"]]
            gap = float(best[number] - here) / best[number] if best[number] > 0.0 else 0.0
            worst = max(worst, gap)
            if gap > WORTH_ADDING:
                missing.append(path)
        return missing, worst

    def _priced(self, goods: Row, price: FloatArray) -> FloatArray:
        """Generalized cost of each arc with the prices of what it uses."""
        cost = self.finder.cost_of(goods).copy()
        for arc, uses in self.finder.usage.arcs.items():
            for use in uses:
                # What a commodity cannot use has no price, and the arc is closed to it already.
                if price[use.resource] > 0.0 and np.isfinite(cost[arc]):
                    cost[arc] += use.of_unit(goods) * price[use.resource]
        return cost

    def add(self, paths: Iterable[PathOfFlow]) -> None:
        """Put paths into the sets of their flows."""
        for path in paths:
            self.paths[path.flow].append(path)
            self.log_size[path.flow] = _sizes(self.paths[path.flow])


def _unserved(paths: Sequence[PathOfFlow]) -> PathOfFlow:
    cost = CHOKE * max(1.0, min(path.cost for path in paths))
    return PathOfFlow(paths[0].flow, np.zeros(0, dtype=np.int64), UNSERVED, cost, {}, {})


def _twins(use: Uses, capacity: FloatArray) -> dict[int, tuple[int, ...]]:
    """The tightest of the resources that the same cargo uses alike, with the others.

    Together they would have no single price: any split of it fits.
    """
    order = np.argsort(use.resource, kind="stable")
    path, amount = use.path[order], use.amount[order]
    bounds = np.searchsorted(use.resource[order], np.arange(use.n_resources + 1))
    alike: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
    for resource in np.flatnonzero(np.isfinite(capacity) & (np.diff(bounds) > 0)):
        rows = slice(bounds[resource], bounds[resource + 1])
        alike[path[rows].tobytes(), amount[rows].tobytes()].append(int(resource))
    return {
        tightest: tuple(r for r in members if r != tightest)
        for members in alike.values()
        if len(members) > 1
        for tightest in [min(members, key=lambda r: (capacity[r], r))]
    }


def _uses(paths: Sequence[PathOfFlow], n_resources: int) -> Uses:
    counts = [len(path.uses) for path in paths]
    return Uses(
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        resource=np.array([r for path in paths for r in path.uses], dtype=np.int64),
        amount=np.array([a for path in paths for a in path.uses.values()], dtype=np.float64),
        n_resources=n_resources,
    )


def _sizes(paths: Sequence[PathOfFlow]) -> FloatArray:
    """Path sizes of a flow by the kilometres of links and services that its paths share."""
    lengths: dict[tuple[str, str], float] = {}
    for path in paths:
        lengths.update(path.parts)
    number = {part: n for n, part in enumerate(lengths)}
    links = [np.array([number[part] for part in path.parts], dtype=np.int64) for path in paths]
    links.append(np.zeros(0, dtype=np.int64))  # not to be served
    group = np.zeros(len(links), dtype=np.int64)
    return path_sizes(np.array(list(lengths.values())), links, group)


def _constants(case: Case) -> defaultdict[tuple[str, str], float]:
    """Constant of each alternative and commodity [USD/TEU]; 0 where none is given."""
    constants: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row in case.table("constants").iter_rows(named=True):
        constants[row["alternative_id"], row["commodity_id"]] = row["constant_usd_per_teu"]
    return constants
