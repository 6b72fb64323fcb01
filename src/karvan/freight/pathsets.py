"""Sets of itineraries between two places for a commodity, for the choice among them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from karvan.case import Case
from karvan.freight.resources import Usage
from karvan.kernels.graph import path_to, shortest_times
from karvan.network.model import COST, TIME, ArcKind, Network, Row
from karvan.schema import LIST_SEPARATOR

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PENALTY = 1.25
"""A link or service that was found costs that many times more in the next search."""

ROUNDS = 6
"""Searches with penalties for each route alternative."""

DEAREST = 2.5
"""A path is kept up to that many times the generalized cost of the cheapest."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A row of alternatives.csv.

    Attributes
    ----------
    id : str
    gateways : frozenset of str
        Links, services or nodes.
    """

    id: str
    gateways: frozenset[str]


NO_ALTERNATIVE = "other"
"""What passes no gateway."""


def alternatives_of(case: Case) -> tuple[Alternative, ...]:
    """Return the route alternatives of a case, in the order that decides between them."""
    return tuple(
        Alternative(row["id"], frozenset(str(row["gateways"]).split(LIST_SEPARATOR)))
        for row in case.table("alternatives").iter_rows(named=True)
    )


class PathFinder:
    """Cheapest paths of a network for commodities, with the constants of route alternatives.

    Parameters
    ----------
    network : Network
    usage : Usage
    alternatives : sequence of Alternative
    """

    def __init__(self, network: Network, usage: Usage, alternatives: Sequence[Alternative]) -> None:
        self.network = network
        self.usage = usage
        self.alternatives = tuple(alternatives)
        self.static = network.static_cost()
        tail = np.repeat(np.arange(network.n_states), np.diff(network.start))
        ends = [network.state_node[tail], network.state_node[network.head]]
        self._passed = [self._names(a, ends) for a in range(len(network.arcs))]
        self._alternative = np.full(len(network.arcs), len(self.alternatives))
        for position in range(len(self.alternatives) - 1, -1, -1):
            gateways = self.alternatives[position].gateways
            using = [a for a, names in enumerate(self._passed) if names & gateways]
            self._alternative[using] = position
        self._costs: dict[str, FloatArray] = {}
        self._choices: dict[tuple[str, str, str], list[IntArray]] = {}
        self._by_name: dict[str, list[int]] = {}
        for arc, names in enumerate(self._passed):
            for name in names:
                self._by_name.setdefault(name, []).append(arc)

    def _names(self, arc: int, ends: Sequence[IntArray]) -> frozenset[str]:
        """Link, service and nodes of an arc that moves."""
        row = self.network.arcs[arc]
        if row.kind != ArcKind.MOVE or row.link is None:
            return frozenset()
        names = {str(row.link["id"]), *(self.network.node_ids[end[arc]] for end in ends)}
        if row.service is not None:
            names.add(str(row.service["id"]))
        return frozenset(names)

    def cost_of(self, goods: Row) -> FloatArray:
        """Return the generalized cost of each arc [USD/TEU]; inf where it is not carried."""
        if goods["id"] not in self._costs:
            self._costs[goods["id"]] = self._cost_of(goods)
        return self._costs[goods["id"]]

    def _cost_of(self, goods: Row) -> FloatArray:
        value_of_time = goods["value_of_time_usd_per_teu_h"]
        cost: FloatArray = self.static[:, COST] + value_of_time * self.static[:, TIME]
        modes = set(str(goods["modes"]).split(LIST_SEPARATOR)) if goods["modes"] else None
        for position, arc in enumerate(self.network.arcs):
            forbidden = modes and arc.link is not None and arc.link["mode"] not in modes
            if forbidden or not self.usage.carries(position, goods):
                cost[position] = np.inf
        return cost

    def alternative_of(self, path: IntArray) -> str:
        """Return the first alternative one of whose gateways a path passes."""
        first = int(self._alternative[path].min(initial=len(self.alternatives)))
        return self.alternatives[first].id if first < len(self.alternatives) else NO_ALTERNATIVE

    def cheapest(self, origin: str, destination: str, cost: FloatArray) -> IntArray | None:
        """Return the arcs of the cheapest path, or None where there is none."""
        network = self.network
        if origin not in network.node_ids or destination not in network.node_ids:
            return None
        source = int(network.origin_state[network.node(origin)])
        target = int(network.destination_state[network.node(destination)])
        tree = shortest_times(network.start, network.head, cost, source)
        if not np.isfinite(tree.distance[target]):
            return None
        return path_to(network.start, tree.previous_arc, target)

    def take_over(self, earlier: "PathFinder", goods: Row) -> None:
        """Take choices from a finder to whose network a commodity cannot see any difference."""
        same = (
            self.alternatives == earlier.alternatives
            and self._passed == earlier._passed
            and np.array_equal(self.network.start, earlier.network.start)
            and np.array_equal(self.network.head, earlier.network.head)
            and np.array_equal(self.cost_of(goods), earlier.cost_of(goods))
        )
        if same:
            kept = {key: found for key, found in earlier._choices.items() if key[2] == goods["id"]}
            self._choices.update(kept)

    def choices(self, origin: str, destination: str, goods: Row) -> list[IntArray]:
        """Return different paths, cheapest first.

        For each route alternative the gateways of the others are closed, and the links and services
        of each path that is found are made dearer for the next search (de la Barra, Perez and Anez
        1993, Multidimensional path search and assignment).
        """
        key = origin, destination, goods["id"]
        if key not in self._choices:
            self._choices[key] = self._search(origin, destination, self.cost_of(goods))
        return self._choices[key]

    def _search(self, origin: str, destination: str, cost: FloatArray) -> list[IntArray]:
        found: dict[tuple[frozenset[str], ...], IntArray] = {}
        for closed in self._closings():
            penalized = cost.copy()
            for gateway in closed:
                penalized[self._by_name.get(gateway, [])] = np.inf
            for _ in range(ROUNDS):
                path = self.cheapest(origin, destination, penalized)
                if path is None:
                    break
                found.setdefault(self._signature(path), path)
                for name in frozenset().union(*(self._passed[arc] for arc in path)):
                    penalized[self._by_name[name]] *= PENALTY
        paths = sorted(found.values(), key=lambda path: float(cost[path].sum()))
        limit = DEAREST * float(cost[paths[0]].sum()) if paths else 0.0
        return [path for path in paths if float(cost[path].sum()) <= limit]

    def _closings(self) -> Iterator[frozenset[str]]:
        yield frozenset()
        for chosen in self.alternatives:
            others = [a.gateways for a in self.alternatives if a is not chosen]
            yield frozenset().union(*others) - chosen.gateways

    def _signature(self, path: IntArray) -> tuple[frozenset[str], ...]:
        """What tells paths apart: the link and service of each move."""
        return tuple(self._passed[arc] for arc in path if self._passed[arc])


def goods_of(case: Case) -> Mapping[str, Row]:
    """Return the rows of commodities.csv by id."""
    return {row["id"]: row for row in case.table("commodities").iter_rows(named=True)}
