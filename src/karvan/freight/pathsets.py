"""Sets of itineraries between two places for a commodity, for the choice among them."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from karvan.case import Case
from karvan.case.no_alternative import NO_ALTERNATIVE
from karvan.freight.earlier import Changes, changes, found_again, same_arcs
from karvan.freight.moves import groups_of, moves_of, offsets
from karvan.freight.pathproblem import path_sizes
from karvan.freight.priced import Wanted, cheapest_by_alternative
from karvan.freight.resources import Usage
from karvan.kernels.detours import NOTHING, Detours, detours
from karvan.kernels.graph import closed_costs, compressed_rows
from karvan.network.model import COST, TIME, Network, Row
from karvan.schema import list_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Key = tuple[str, str, str]
"""Origin, destination and commodity of a search."""

PENALTY = 1.25
"""A link or service that was found costs that many times more in the next search."""

ROUNDS = 6
"""Searches with penalties for each route alternative."""

DEAREST = 2.5
"""A path is kept up to that many times the generalized cost of the cheapest."""


ASKED, WORTHWHILE = 8, 0.4
"""Sets that are asked for paths found before, and the share of those found again that is worth it:
what has to be known of the network for an answer takes as long as a good part of the searches."""


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


def alternatives_of(case: Case) -> tuple[Alternative, ...]:
    """Return the route alternatives of a case, in the order that decides between them."""
    return tuple(
        Alternative(row["id"], frozenset(list_of(row["gateways"])))
        for row in case.table("alternatives").iter_rows(named=True)
    )


class ChoiceSet(NamedTuple):
    """Different paths between two places for a commodity, cheapest first.

    Attributes
    ----------
    paths : list of ndarray of int
        Arcs in order of travel.
    alternatives : list of str
        Of each path.
    cost : ndarray, shape (n_paths,)
        Generalized cost without constants and prices [USD/TEU].
    log_size : ndarray, shape (n_paths,)
        Logarithm of the path size.
    """

    paths: list[IntArray]
    alternatives: list[str]
    cost: FloatArray
    log_size: FloatArray


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
        self.names = (*(alternative.id for alternative in alternatives), NO_ALTERNATIVE)
        self.static = network.static_cost()
        self.moves = moves_of(network)
        self._back = compressed_rows(network.n_states, network.head, self.moves.tail)
        self._groups, number = groups_of(self.moves.names)
        self._alternative = np.full(len(network.arcs), len(self.alternatives))
        passing = [self._arcs_of(alternative.gateways, number) for alternative in self.alternatives]
        for position in range(len(self.alternatives) - 1, -1, -1):
            self._alternative[passing[position]] = position
        closings = list(dict.fromkeys(_closings(self.alternatives)))
        self._closed = np.zeros((len(closings), len(network.arcs)), dtype=np.bool_)
        for row, names in zip(self._closed, closings, strict=True):
            row[self._arcs_of(names, number)] = True
        self._closed_back = self._closed[:, self._back.arc]
        self._costs: dict[str, FloatArray] = {}
        self._bounds: dict[tuple[str, str], FloatArray] = {}
        self._found: dict[Key, Detours] = {}
        self._choices: dict[Key, ChoiceSet] = {}
        self._from: dict[tuple[str, str], FloatArray] = {}
        self._earlier: PathFinder | None = None
        self._became = np.zeros(0, dtype=np.int64)
        self._asked = np.zeros(3, dtype=np.int64)
        self._changes: dict[str, Changes] = {}

    def _arcs_of(self, names: Iterable[str], number: Mapping[str, int]) -> IntArray:
        first, arcs = self._groups.group_first, self._groups.group_arc
        groups = [number[name] for name in names if name in number]
        found = [arcs[first[group] : first[group + 1]] for group in groups]
        return np.concatenate([np.zeros(0, dtype=np.int64), *found])

    def cost_of(self, goods: Row) -> FloatArray:
        """Return the generalized cost of each arc [USD/TEU]; inf where it is not carried."""
        if goods["id"] not in self._costs:
            self._costs[goods["id"]] = self._cost_of(goods)
        return self._costs[goods["id"]]

    def _cost_of(self, goods: Row) -> FloatArray:
        value_of_time = goods["value_of_time_usd_per_teu_h"]
        cost: FloatArray = self.static[:, COST] + value_of_time * self.static[:, TIME]
        cost[self.usage.closed_to(goods)] = np.inf
        modes = list_of(goods["modes"])
        if modes:
            cost[~np.isin(self.moves.mode, ("", *modes))] = np.inf
        return cost

    def alternative_of(self, path: IntArray) -> str:
        """Return the first alternative one of whose gateways a path passes."""
        return self.alternatives_of([path])[0]

    def alternatives_of(self, paths: Sequence[IntArray]) -> list[str]:
        """Return the alternative of each path; none of them is empty."""
        first = np.minimum.reduceat(self._alternative[np.concatenate(paths)], offsets(paths)[:-1])
        return [self.names[position] for position in first]

    def ends(self, origin: str, destination: str) -> tuple[int, int] | None:
        """Return the states where cargo begins and ends; None for places off the network."""
        network = self.network
        if origin not in network.node_ids or destination not in network.node_ids:
            return None
        source = int(network.origin_state[network.node(origin)])
        return source, int(network.destination_state[network.node(destination)])

    def choices(self, origin: str, destination: str, goods: Row) -> ChoiceSet:
        """Return different paths, cheapest first; none where no path leads there.

        For each route alternative the gateways of the others are closed, and the links and services
        of each path that is found are made dearer for the next search (de la Barra, Perez and Anez
        1993, Multidimensional path search and assignment).
        """
        key = origin, destination, goods["id"]
        if key not in self._choices:
            self._choices[key] = self._searched(origin, destination, goods)
        return self._choices[key]

    def take_over(self, earlier: "PathFinder", goods: Row) -> None:
        """Take what a finder found for a commodity wherever it would be found here again."""
        if self.alternatives != earlier.alternatives:
            return
        if self._earlier is not earlier:
            self._earlier, self._changes = earlier, {}
            self._asked[:] = 0
            became = same_arcs((earlier.network, earlier.moves), (self.network, self.moves))
            old = became >= 0
            if not np.array_equal(self._closed[:, became[old]], earlier._closed[:, old]):
                became[:] = -1
            self._became = became
        if goods["id"] not in earlier._costs:
            return
        before = earlier._costs[goods["id"]]
        changed = changes(self._became, before, self.cost_of(goods))
        self._changes[goods["id"]] = changed
        if changed.none and np.array_equal(self._became, np.arange(len(self.network.arcs))):
            own = goods["id"]
            self._bounds.update({k: v for k, v in earlier._bounds.items() if k[-1] == own})
            self._found.update({k: v for k, v in earlier._found.items() if k[-1] == own})
            self._choices.update({k: v for k, v in earlier._choices.items() if k[-1] == own})

    def let_go(self) -> None:
        """Forget the finder that was taken over from, so that no chain of them is held."""
        self._earlier = None

    def _searched(self, origin: str, destination: str, goods: Row) -> ChoiceSet:
        ends = self.ends(origin, destination)
        if ends is None:
            return self.measured([], goods)
        key = origin, destination, goods["id"]
        found = detours(
            self.network.start,
            self.network.head,
            self.cost_of(goods),
            self._bound(destination, goods),
            *ends,
            self._closed,
            self._groups,
            PENALTY,
            ROUNDS,
            self._known(key, goods),
        )
        self._found[key] = found
        paths = self._different(found, self.cost_of(goods))
        before = None if self._earlier is None else self._earlier._choices.get(key)
        return self.measured(paths, goods, before)

    def _known(self, key: Key, goods: Row) -> Detours:
        """What an earlier finder found that would be found again."""
        changed = self._changes.get(goods["id"])
        if self._earlier is None or changed is None or self._futile():
            return NOTHING
        before = self._earlier._found.get(key, NOTHING)
        arcs = changed.cheaper
        ahead = self._bound(key[1], goods)[:, self.network.head[arcs]]
        through = self._reached(key[0], goods)[:, self.moves.tail[arcs]] + ahead
        through += self.cost_of(goods)[arcs]
        again = found_again(before, self._closed[:, arcs], through, changed.dearer)
        self._asked += np.array([1, len(again), again.sum()])
        length = np.diff(before.offset)
        return Detours(
            self._became[before.arcs[np.repeat(again, length)]],
            np.append(0, np.cumsum(length[again])),
            before.cost[again],
            before.closing[again],
        )

    def _futile(self) -> bool:
        """Whether so little would be found again that to ask costs more than to search."""
        keys, paths, again = self._asked
        return bool(keys >= ASKED and again < WORTHWHILE * paths)

    def _reached(self, origin: str, goods: Row) -> FloatArray:
        """Cheapest cost from an origin to each state, under each closing."""
        key = origin, goods["id"]
        if key not in self._from:
            network, cost = self.network, self.cost_of(goods)
            source = int(network.origin_state[network.node(origin)])
            self._from[key] = closed_costs(network.start, network.head, cost, self._closed, source)
        return self._from[key]

    def _different(self, found: Detours, cost: FloatArray) -> list[IntArray]:
        """Paths that differ in what they pass, cheapest first, without those that are far dearer.

        What tells paths apart is link, service and ends of each move.
        """
        if not len(found.arcs):
            return []
        passed = self.moves.kind[found.arcs]
        place = np.concatenate([[0], np.cumsum(passed >= 0)])[found.offset] * passed.itemsize
        names = passed[passed >= 0].tobytes()
        first: dict[bytes, int] = {}
        for path, (begin, end) in enumerate(itertools.pairwise(place.tolist())):
            first.setdefault(names[begin:end], path)
        paths = [found.arcs[found.offset[path] : found.offset[path + 1]] for path in first.values()]
        dear = np.add.reduceat(cost[np.concatenate(paths)], offsets(paths)[:-1])
        order = np.argsort(dear, kind="stable")
        return [paths[one] for one in order if dear[one] <= DEAREST * dear[order[0]]]

    def measured(
        self, paths: list[IntArray], goods: Row, before: ChoiceSet | None = None
    ) -> ChoiceSet:
        """Return paths of a commodity with what the choice among them depends on.

        Parameters
        ----------
        paths : list of ndarray of int
        goods : mapping
        before : ChoiceSet, optional
            Of the finder that was taken over from: what only depends on the paths is kept.
        """
        if not paths:
            return ChoiceSet([], [], np.zeros(0), np.zeros(0))
        arcs = np.concatenate(paths)
        cost = np.add.reduceat(self.cost_of(goods)[arcs], offsets(paths)[:-1])
        if before is not None and self._same_paths(before.paths, paths):
            return before._replace(paths=paths, cost=cost)
        # Sizes by the kilometres of links and services that paths share.
        parts = [self.moves.part[path] for path in paths]
        links = [part[part >= 0] for part in parts]
        size = path_sizes(self.moves.part_km, links, np.zeros(len(links), dtype=np.int64))
        return ChoiceSet(paths, self.alternatives_of(paths), cost, size)

    def _same_paths(self, before: Sequence[IntArray], now: Sequence[IntArray]) -> bool:
        """Whether paths of the earlier network, of which there are some, became these."""
        return [*map(len, before)] == [*map(len, now)] and np.array_equal(
            self._became[np.concatenate(before)], np.concatenate(now)
        )

    def _bound(self, destination: str, goods: Row) -> FloatArray:
        """Cheapest cost from each state to a destination, under each closing."""
        key = destination, goods["id"]
        if key not in self._bounds:
            back, cost = self._back, self.cost_of(goods)[self._back.arc]
            target = int(self.network.destination_state[self.network.node(destination)])
            self._bounds[key] = closed_costs(back.start, back.head, cost, self._closed_back, target)
        return self._bounds[key]

    def cheapest(self, wanted: Wanted) -> Iterator[tuple[str, int, IntArray]]:
        """Yield alternative, search and arcs of the cheapest path of each by each alternative."""
        for position, search, arcs in cheapest_by_alternative(
            self.network, self._alternative, len(self.alternatives), wanted
        ):
            yield self.names[position], search, arcs


def _closings(alternatives: Sequence[Alternative]) -> Iterator[frozenset[str]]:
    """Gateways that are closed, so that paths of each alternative are found.

    For each one those of all others; and those of the rows before it alone, as a path may go on
    over gateways of later rows, by the ocean and the Black Sea, say.
    """
    yield frozenset()
    for position, chosen in enumerate(alternatives):
        before = frozenset[str]().union(*(a.gateways for a in alternatives[:position]))
        after = frozenset[str]().union(*(a.gateways for a in alternatives[position + 1 :]))
        yield (before | after) - chosen.gateways
        if before - chosen.gateways and after - chosen.gateways:
            yield before - chosen.gateways


def goods_of(case: Case) -> Mapping[str, Row]:
    """Return the rows of commodities.csv by id."""
    return {row["id"]: row for row in case.table("commodities").iter_rows(named=True)}
