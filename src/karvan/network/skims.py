"""One-to-all and all-pairs tables of expected time, cost and emissions."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from karvan.kernels.graph import path_to, shortest_times
from karvan.network.model import CO2E, COST, TIME, FloatArray, Network

Objective = Literal["time", "cost", "co2e"]
COLUMN: dict[str, int] = {"time": TIME, "cost": COST, "co2e": CO2E}


@dataclass(frozen=True, slots=True)
class Skims:
    """O-D tables along the best itinerary by one objective.

    Attributes
    ----------
    node_ids : tuple of str
        Origins and destinations, in the order of the arrays.
    objective : {"time", "cost", "co2e"}
        What the itineraries minimise.
    time_h, cost_usd_per_teu, co2e_kg_per_teu : ndarray, shape (n_origins, n_nodes)
        inf where no itinerary exists; zero from a node to itself.
    """

    node_ids: tuple[str, ...]
    origins: tuple[str, ...]
    objective: Objective
    time_h: FloatArray
    cost_usd_per_teu: FloatArray
    co2e_kg_per_teu: FloatArray


def skims(
    network: Network,
    origins: tuple[str, ...] | None = None,
    *,
    objective: Objective = "time",
) -> Skims:
    """Return O-D tables from `origins` (all nodes without it) to every node.

    Waits for timetables enter with their mean, as there is no departure date.
    """
    names = network.node_ids if origins is None else origins
    cost = network.static_cost()
    tables = np.full((3, len(names), len(network.node_ids)), np.inf)
    for row, name in enumerate(names):
        tables[:, row, :] = _from_one(network, cost, network.node(name), COLUMN[objective])
    return Skims(network.node_ids, names, objective, tables[TIME], tables[COST], tables[CO2E])


def _from_one(network: Network, cost: FloatArray, node: int, column: int) -> FloatArray:
    """Costs from one origin to every node, summed along the tree of the chosen objective."""
    weight = np.ascontiguousarray(cost[:, column])
    found = shortest_times(network.start, network.head, weight, int(network.origin_state[node]))
    values = np.full((3, len(network.node_ids)), np.inf)
    for destination, state in enumerate(network.destination_state):
        if np.isfinite(found.distance[state]):
            arcs = path_to(network.start, found.previous_arc, int(state))
            values[:, destination] = cost[arcs].sum(axis=0)
    values[:, node] = 0.0
    return values
