"""Pareto paths through the state graph, by way of places to pass."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from karvan.kernels.pareto import pareto_labels
from karvan.network.model import BoolArray, IntArray, Network


@dataclass(frozen=True, slots=True)
class Layers:
    """Copies of the network, one for each place still to pass.

    Reaching the next place to pass leads into the next copy, so that a path to the destination
    in the last copy has passed them all in order, and Pareto optimality stays exact.
    """

    start: IntArray
    head: IntArray
    copies: int


def layered(network: Network, via: Sequence[str]) -> Layers:
    """Return the network copied ``len(via) + 1`` times."""
    n_states, n_arcs = network.n_states, len(network.head)
    starts, heads = [], []
    node_of_head = network.state_node[network.head]
    for copy in range(len(via) + 1):
        head = network.head + copy * n_states
        if copy < len(via):
            head = head + n_states * (node_of_head == network.node(via[copy]))
        heads.append(head)
        starts.append(network.start[:-1] + copy * n_arcs)
    copies = len(via) + 1
    start = np.append(np.concatenate(starts), copies * n_arcs).astype(np.int64)
    return Layers(start, np.concatenate(heads).astype(np.int64), copies)


def pareto_paths(
    network: Network,
    places: Sequence[str],
    depart_clock_h: float | None,
    objectives: BoolArray,
    max_transfers: int | None,
) -> list[IntArray]:
    """Return the non-dominated paths as arcs of `network`, in order of travel.

    Parameters
    ----------
    network : Network
    places : sequence of str
        Origin, places to pass in order, destination.
    depart_clock_h : float or None
        Hours after Monday 00:00; None takes the mean wait of every timetable.
    objectives : ndarray of bool, shape (3,)
        Which of time, cost and emissions count.
    max_transfers : int or None
    """
    origin, *via, destination = places
    layers = layered(network, via)
    timed = depart_clock_h is not None
    cost = network.cost if timed else network.static_cost()
    timetable = network.timetable if timed else np.full(len(network.head), -1, dtype=np.int64)
    last = (layers.copies - 1) * network.n_states
    result = pareto_labels(
        layers.start,
        layers.head,
        np.tile(cost, (layers.copies, 1)),
        int(network.origin_state[network.node(origin)]),
        last + int(network.destination_state[network.node(destination)]),
        objectives=objectives,
        resource=np.tile(network.transfer, layers.copies),
        max_resource=-1 if max_transfers is None else max_transfers,
        timetable=np.tile(timetable, layers.copies),
        departure_start=network.timetables.start,
        departure_h=network.timetables.departure_h,
        period_h=network.timetables.period_h,
        depart_h=depart_clock_h or 0.0,
    )
    n_arcs = len(network.head)
    return [
        result.arcs[first:end] % n_arcs
        for first, end in zip(result.offset, result.offset[1:], strict=False)
    ]
