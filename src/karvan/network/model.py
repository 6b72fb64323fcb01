"""The compiled network: a state graph in CSR arrays, with the rows each arc came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Row = Mapping[str, Any]

TIME, COST, CO2E = 0, 1, 2
"""Columns of ``Network.cost``: h, USD per TEU, kg CO2e per TEU."""


class StateKind(IntEnum):
    """What cargo is doing in a state."""

    ORIGIN = 0
    PLATFORM = 1
    BOARDED = 2
    ARRIVED = 3
    DESTINATION = 4


class ArcKind(IntEnum):
    """What moves cargo from one state to the next."""

    LOAD = 0
    BOARD = 1
    MOVE = 2
    TRANSFER = 3
    UNLOAD = 4


@dataclass(frozen=True, slots=True)
class Carrier:
    """What cargo travels on: trains or trucks in general, or one direction of a service.

    Attributes
    ----------
    name : str
        ``rail-1435``, ``rail-1520``, ``road``, or the id of the service.
    mode : str
    gauge_mm : str
        Empty off the rails and for services by sea and road.
    service : mapping or None
        Row of services.csv.
    """

    name: str
    mode: str
    gauge_mm: str = ""
    service: Row | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Arc:
    """Where an arc comes from: enough to explain every number of an itinerary.

    Attributes
    ----------
    kind : ArcKind
    link : mapping or None
        Row of links.csv (moves only).
    rate : mapping or None
        Row of rates.csv (moves, and the wait for trains in general).
    transfers : tuple of mapping
        Rows of transfers.csv: the handling, or the borders passed.
    service : mapping or None
    wait_h, move_h, dwell_h : float
        Expected time; the wait for a timetable is not in it.
    move_fast_h, move_slow_h : float
        5th and 95th percentile of the time moving.
    headway_h : float
        Mean time between departures boarded here; 0 where none is boarded.
    closed_share, closure_mean_h : float
        Share of time closed by weather and mean length of a closure.
    length_km : float
    """

    kind: ArcKind
    link: Row | None = None
    rate: Row | None = None
    transfers: tuple[Row, ...] = ()
    service: Row | None = None
    wait_h: float = 0.0
    move_h: float = 0.0
    dwell_h: float = 0.0
    move_fast_h: float = 0.0
    move_slow_h: float = 0.0
    headway_h: float = 0.0
    closed_share: float = 0.0
    closure_mean_h: float = 0.0
    length_km: float = 0.0


@dataclass(frozen=True, slots=True)
class Timetables:
    """Departures of the timetables in CSR form.

    Attributes
    ----------
    start : ndarray of int, shape (n_timetables + 1,)
    departure_h : ndarray
        Hours after Monday 00:00, ascending within a timetable.
    period_h : ndarray, shape (n_timetables,)
        Time after which a timetable repeats.
    """

    start: IntArray
    departure_h: FloatArray
    period_h: FloatArray

    def next_wait_h(self, timetable: int, clock_h: FloatArray) -> FloatArray:
        """Return the wait from each `clock_h` (hours after a Monday 00:00) to a departure [h]."""
        departures = self.departure_h[self.start[timetable] : self.start[timetable + 1]]
        period = self.period_h[timetable]
        hour = np.mod(clock_h, period)
        ahead = np.append(departures, departures[0] + period)
        index = np.searchsorted(ahead, hour - CLOCK_TOLERANCE_H)
        wait: FloatArray = np.maximum(ahead[index] - hour, 0.0)
        return wait

    def mean_wait_h(self, timetable: int) -> float:
        """Return the mean wait of an arrival at a random time [h]: sum gap^2 / (2 period)."""
        departures = self.departure_h[self.start[timetable] : self.start[timetable + 1]]
        period = self.period_h[timetable]
        gaps = np.diff(np.append(departures, departures[0] + period))
        return float((gaps**2).sum() / (2 * period))


CLOCK_TOLERANCE_H = 1e-9
"""A departure at the very moment of arrival is caught in spite of rounding."""


@dataclass(frozen=True, slots=True)
class Network:
    """State graph of a case at one date.

    A state is cargo at a node: at its origin, on the platform of a carrier, boarded there,
    arrived aboard, or unloaded.  Arcs load, board, move, transfer and unload; cargo that has
    boarded moves before it can leave the carrier again.  Arcs are sorted by tail (CSR).

    Attributes
    ----------
    node_ids : tuple of str
    node_rows : tuple of mapping
    carriers : tuple of Carrier
    state_node, state_carrier, state_kind : ndarray of int, shape (n_states,)
        Carrier is -1 at origin and destination.
    origin_state, destination_state : ndarray of int, shape (n_nodes,)
    start, head : ndarray of int
        CSR rows: arcs ``start[s]:start[s + 1]`` leave state s for ``head``.
    cost : ndarray, shape (n_arcs, 3)
        Expected h, USD per TEU, kg CO2e per TEU; without the wait for timetables.
    timetable : ndarray of int, shape (n_arcs,)
        Index into `timetables`, -1 for none.
    transfer : ndarray of int, shape (n_arcs,)
        1 where the arc is a transfer.
    arcs : tuple of Arc
    timetables : Timetables
    payload_t_per_teu : float
    """

    node_ids: tuple[str, ...]
    node_rows: tuple[Row, ...]
    carriers: tuple[Carrier, ...]
    state_node: IntArray
    state_carrier: IntArray
    state_kind: IntArray
    origin_state: IntArray
    destination_state: IntArray
    start: IntArray
    head: IntArray
    cost: FloatArray
    timetable: IntArray
    transfer: IntArray
    arcs: tuple[Arc, ...]
    timetables: Timetables
    payload_t_per_teu: float

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.state_node)

    def tail(self) -> IntArray:
        """Return the state that each arc leaves, shape (n_arcs,)."""
        return np.repeat(np.arange(self.n_states), np.diff(self.start))

    def node(self, node_id: str) -> int:
        """Return the index of a node; ValueError if there is none."""
        return self.node_ids.index(node_id)

    def static_cost(self) -> FloatArray:
        """Return `cost` with the mean wait of each timetable in the time column."""
        cost = self.cost.copy()
        for arc in np.flatnonzero(self.timetable >= 0):
            cost[arc, TIME] += self.timetables.mean_wait_h(int(self.timetable[arc]))
        return cost
