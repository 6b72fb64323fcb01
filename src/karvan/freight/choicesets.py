"""The flows of a case with the paths that each can take: what the assignment chooses from."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from karvan.case import Case
from karvan.case.no_alternative import UNSERVED
from karvan.errors import AssignmentError
from karvan.freight.moves import offsets
from karvan.freight.pathlogit import PathEquilibrium
from karvan.freight.pathproblem import PathProblem, Uses, summed_uses
from karvan.freight.pathsets import ChoiceSet, PathFinder, goods_of
from karvan.freight.priced import Wanted
from karvan.network.model import Row

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WORTH_ADDING = 0.02
"""A path found at the prices is added if it costs that share less than any of its alternative."""

SHARE_WORTH_ADDING = 0.01
"""... and if it would be taken that often beside the cheapest path, or more; both are chosen."""


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
    """

    flow: int
    arcs: IntArray
    alternative: str
    cost: float


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
    rows = table.filter(pl.col("year") == years[-1]).iter_rows(named=True)
    return years[-1], tuple(_flow(row, goods[row["commodity_id"]]) for row in rows)


def _flow(row: Mapping[str, Any], goods: Row) -> Flow:
    teu = row["flow_teu_per_year"]
    if teu is None:
        teu = row["flow_t_per_year"] / goods["payload_t_per_teu"]
    return Flow(row["id"], row["origin"], row["destination"], goods, row["market"], float(teu))


class _Block(NamedTuple):
    """What the paths of a flow bring into the problem; the last one is not to be served."""

    cost: FloatArray
    log_size: FloatArray
    n_uses: IntArray
    resource: IntArray
    amount: FloatArray


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
        self.stays_away = _unserved_factors(case)
        self.assumed = case.settings.choice
        self.flows: list[Flow] = []
        self.unreachable: list[Flow] = []
        self.paths: list[list[PathOfFlow]] = []
        self.twins: Mapping[int, tuple[int, ...]] = {}
        log_size: list[FloatArray] = []
        for n, flow in enumerate(wanted):
            progress(0.9 * n / len(wanted))
            found = finder.choices(flow.origin, flow.destination, flow.goods)
            if found.paths:
                self.flows.append(flow)
                self.paths.append(self._paths(len(self.flows) - 1, found))
                log_size.append(_with_unserved(found))
            else:
                self.unreachable.append(flow)
        self.goods = {flow.goods["id"]: flow.goods for flow in self.flows}
        position = {name: n for n, name in enumerate(self.goods)}
        self.goods_of = np.array([position[f.goods["id"]] for f in self.flows], dtype=np.int64)
        usage = finder.usage
        self.names = tuple(" ".join(filter(None, r.key)) for r in usage.resources)
        self.of_unit = np.array([usage.of_unit(row) for row in self.goods.values()])
        self.ends = np.array([finder.ends(f.origin, f.destination) for f in self.flows])
        self.blocks: dict[int, _Block] = {}
        if self.flows:
            self._fill(dict(enumerate(log_size)))

    def _paths(self, flow: int, found: ChoiceSet) -> list[PathOfFlow]:
        goods = self.flows[flow].goods["id"]
        return [
            PathOfFlow(flow, arcs, alternative, float(cost) + self.constant[alternative, goods])
            for arcs, alternative, cost in zip(*found[:3], strict=True)
        ]

    def listed(self) -> list[PathOfFlow]:
        """Paths by flow, the last of each flow being not to be served."""
        return [path for paths in self.paths for path in (*paths, self._unserved(paths))]

    def _unserved(self, paths: Sequence[PathOfFlow]) -> PathOfFlow:
        cheapest = max(1.0, min(path.cost for path in paths))
        market = self.flows[paths[0].flow].market
        cost = self.stays_away.get(market, self.assumed.unserved_cost_factor) * cheapest
        return PathOfFlow(paths[0].flow, np.zeros(0, dtype=np.int64), UNSERVED, cost)

    def problem(self) -> PathProblem:
        """Return the problem of the sets as they are."""
        blocks = [self.blocks[number] for number in range(len(self.flows))]
        cost, log_size, n_uses, resource, amount = (
            np.concatenate(parts) for parts in zip(*blocks, strict=True)
        )
        n_resources = len(self.names)
        use = Uses(np.append(0, np.cumsum(n_uses)), resource, amount, n_resources)
        capacity = self.finder.usage.capacity.copy()
        # What has no room left is on no path.
        capacity[capacity <= 0.0] = np.inf
        self.twins = _twins(use, capacity)
        for others in self.twins.values():
            capacity[list(others)] = np.inf
        return PathProblem(
            group=np.repeat(np.arange(len(blocks)), [len(block.cost) for block in blocks]),
            cost=cost,
            log_size=log_size,
            demand=np.array([f.teu for f in self.flows]),
            scale=np.array([self._scale(flow) for flow in self.flows]),
            value_of_time=np.array([f.goods["value_of_time_usd_per_teu_h"] for f in self.flows]),
            use=use,
            capacity=capacity,
            names=self.names,
        )

    def missing_at(self, found: PathEquilibrium) -> tuple[list[PathOfFlow], float]:
        """Return paths that prices make worth taking, and the largest gap met.

        The gap is the largest share by which a path outside the sets is cheaper than all inside.
        """
        finder = self.finder
        inside = self._cheapest_inside(found)
        worth = [self._worth_adding(f, own) for f, own in zip(self.flows, inside, strict=True)]
        best = np.array([min(own.values()) for own in inside])
        cost = np.array([self._priced(row, found.price) for row in self.goods.values()])
        most = np.maximum([[*limits.values()] for limits in worth], best[:, None])
        for number, flow in enumerate(self.flows):
            most[number] -= [self.constant[name, flow.goods["id"]] for name in finder.names]
        missing, worst = [], 0.0
        for alternative, number, arcs in finder.cheapest(
            Wanted(cost, self.goods_of, self.ends, most)
        ):
            goods = self.flows[number].goods
            constant = self.constant[alternative, goods["id"]]
            here = float(cost[self.goods_of[number], arcs].sum()) + constant
            if best[number] > 0.0:
                worst = max(worst, float(best[number] - here) / float(best[number]))
            if here < worth[number][alternative]:
                alone = float(finder.cost_of(goods)[arcs].sum()) + constant
                missing.append(PathOfFlow(number, arcs, alternative, alone))
        return missing, worst

    def _worth_adding(self, flow: Flow, inside: Mapping[str, float]) -> dict[str, float]:
        """Cost with prices below which a path of each alternative is added to the set of a flow."""
        dearest = min(inside.values()) - np.log(SHARE_WORTH_ADDING) / self._scale(flow)
        return {
            name: min((1.0 - WORTH_ADDING) * inside.get(name, np.inf), dearest)
            for name in self.finder.names
        }

    def _cheapest_inside(self, found: PathEquilibrium) -> list[dict[str, float]]:
        """Cost with prices of the cheapest path of each alternative, by flow."""
        inside: list[dict[str, float]] = [{} for _ in self.flows]
        for path, cost in zip(self.listed(), found.cost.tolist(), strict=True):
            own = inside[path.flow]
            own[path.alternative] = min(cost, own.get(path.alternative, np.inf))
        return inside

    def _scale(self, flow: Flow) -> float:
        return float(flow.goods["choice_scale_per_usd"] or self.assumed.scale_per_usd)

    def _priced(self, goods: Row, price: FloatArray) -> FloatArray:
        """Generalized cost of each arc with the prices of what it uses."""
        usage, cost = self.finder.usage, self.finder.cost_of(goods)
        paid = price[usage.resource]
        # What a commodity cannot use has no price, and the arc is closed to it already.
        used = np.flatnonzero(paid > 0.0)
        charged = np.nan_to_num(usage.of_unit(goods)[used]) * paid[used]
        return cost + np.bincount(usage.arc[used], charged, len(cost))

    def _fill(self, log_size: Mapping[int, FloatArray]) -> None:
        """Make the blocks of flows anew, of which logarithms of path sizes are given."""
        paths = {n: [*self.paths[n], self._unserved(self.paths[n])] for n in log_size}
        use = self._uses([path for own in paths.values() for path in own])
        first = 0
        for number, own in paths.items():
            bounds = use.start[first : first + len(own) + 1]
            entries = slice(bounds[0], bounds[-1])
            cost = np.array([path.cost for path in own])
            uses = use.resource[entries], use.amount[entries]
            self.blocks[number] = _Block(cost, log_size[number], np.diff(bounds), *uses)
            first += len(own)

    def _uses(self, paths: Sequence[PathOfFlow]) -> Uses:
        """What a TEU on each path uses of resources."""
        usage = self.finder.usage
        arcs = [path.arcs for path in paths]
        arc = np.concatenate(arcs)
        # Uses of each arc of each path: those of an arc stand side by side.
        first, last = (np.searchsorted(usage.arc, arc, side) for side in ("left", "right"))
        count = last - first
        begin = np.repeat(first - (np.cumsum(count) - count), count)
        entry = begin + np.arange(len(begin))
        path = np.repeat(np.repeat(np.arange(len(paths)), np.diff(offsets(arcs))), count)
        row = self.goods_of[[path.flow for path in paths]]
        amount = self.of_unit[row[path], entry]
        return summed_uses(path, usage.resource[entry], amount, (len(paths), len(usage.resources)))

    def add(self, paths: Iterable[PathOfFlow]) -> None:
        """Put paths into the sets of their flows."""
        log_size = {}
        for path in paths:
            own = self.paths[path.flow]
            own.append(path)
            found = self.finder.measured([p.arcs for p in own], self.flows[path.flow].goods)
            log_size[path.flow] = _with_unserved(found)
        self._fill(log_size)


def _with_unserved(found: ChoiceSet) -> FloatArray:
    """Logarithms of path sizes, and that of not being served, which shares nothing."""
    return np.append(found.log_size, 0.0)


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


def _constants(case: Case) -> defaultdict[tuple[str, str], float]:
    """Constant of each alternative and commodity [USD/TEU]; 0 where none is given."""
    constants: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row in case.table("constants").iter_rows(named=True):
        constants[row["alternative_id"], row["commodity_id"]] = row["constant_usd_per_teu"]
    return constants


def _unserved_factors(case: Case) -> dict[str, float]:
    """Cost of not being served over that of the cheapest path, of markets that have their own."""
    rows = case.table("markets").iter_rows(named=True)
    return {
        row["id"]: row["unserved_cost_factor"]
        for row in rows
        if row["unserved_cost_factor"] is not None
    }
