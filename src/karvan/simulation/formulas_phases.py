"""Queues whose times have phases: berths with Erlang times and tandems, solved exactly.

The chains have levels (customers) of equal form from some level on; their steady state is then a
power of one matrix (Neuts 1981), found by logarithmic reduction.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from karvan.simulation.formulas_batches import tandem_throughput_per_h
from karvan.simulation.inputs import Inputs

FloatArray = NDArray[np.float64]

MOST_STATES = 400
"""States of a level: solving takes their cube."""

_MOST_BERTHS = 10_000
_MOST_ORDER = 100
_MOST_DOUBLINGS = 64


@dataclass(frozen=True, slots=True)
class LevelChain:
    """Rates of a chain that moves up or down by one level.

    Attributes
    ----------
    up, local, down : sequence of ndarray
        ``up[k]`` leads from level k to k + 1, ``local[k]`` stays (rows of all three add up to 0),
        ``down[k]`` leads from level k + 1 to k.  The last of each holds for all levels from there
        on.
    """

    up: Sequence[FloatArray]
    local: Sequence[FloatArray]
    down: Sequence[FloatArray]


@dataclass(frozen=True, slots=True)
class LevelState:
    """Steady state of a chain.

    Attributes
    ----------
    chance : list of ndarray
        By level, up to the last that is given.
    mean_level : float
    mean_beyond : float
        Mean number of levels above the last that is given.
    total : ndarray
        By phase, all levels from the last given on together.
    """

    chance: list[FloatArray]
    mean_level: float
    mean_beyond: float
    total: FloatArray


@dataclass(frozen=True, slots=True)
class Tandem:
    """Means of two stations with blocking after service.

    Attributes
    ----------
    first_number, second_number : float
        Customers at the first station, who is blocked there included; at the second and before it.
    sojourn_h : float
        Through both.
    blocked_share : float
        Of the time that the first station is blocked.
    """

    first_number: float
    second_number: float
    sojourn_h: float
    blocked_share: float


def steady_levels(chain: LevelChain) -> LevelState:
    """Return the steady state of a chain with a mean drift downwards.

    References
    ----------
    Latouche and Ramaswami (1993), A logarithmic reduction algorithm for quasi-birth-death
    processes, https://doi.org/10.2307/3214773 (the algorithm as in textbooks; paper not opened).
    """
    up, local, down = chain.up[-1], chain.local[-1], chain.down[-1]
    rate = _rate_matrix(up, local, down)
    steps: list[FloatArray] = []
    last = len(chain.local) - 1
    inner = local + rate @ down
    for level in range(last, 0, -1):
        step = _divide(chain.up[level - 1], -inner)
        steps.append(step)
        inner = chain.local[level - 1] + step @ chain.down[level - 1]
    chance = [_null_vector(inner)]
    for step in reversed(steps):
        chance.append(chance[-1] @ step)
    size = len(rate)
    # Sums of powers of the rate matrix: 1 / (1 - R) and R / (1 - R)^2.
    total = _divide(chance[-1], np.eye(size) - rate)
    beyond = float(_divide(total @ rate, np.eye(size) - rate).sum())
    whole = sum(float(part.sum()) for part in chance[:-1]) + float(total.sum())
    chance = [part / whole for part in chance]
    below = sum(level * float(part.sum()) for level, part in enumerate(chance[:-1]))
    mean = below + (last * float(total.sum()) + beyond) / whole
    return LevelState(chance, mean, beyond / whole, total / whole)


def berth_wait_ratio(
    berths: int, utilization: float, *, arrival_order: int = 1, service_order: int = 2
) -> float:
    """Return the mean wait of ships over their mean time at the berth, Ek/Em/n.

    Parameters
    ----------
    berths : int
    utilization : float
        At least 0, below 1.
    arrival_order : int
        Of the Erlang times between ships: 1 is Poisson (M), 2 gives E2.
    service_order : int
        Of the Erlang time at the berth.

    Raises
    ------
    FormulaError
        Also for more than 400 states: C(berths + service_order - 1, service_order - 1) times
        `arrival_order`.

    References
    ----------
    UNCTAD (1985), Port development: a handbook for planners in developing countries, annex II
    prints M/E2/n and E2/E2/n (handbook not opened; values compared with the exact chain only).
    """
    inputs = Inputs("berth_wait_ratio")
    count = inputs.count("berths", berths, most=_MOST_BERTHS)
    load = inputs.number("utilization", utilization, least=0.0, below=1.0)
    arrivals = inputs.count("arrival_order", arrival_order, most=_MOST_ORDER)
    services = inputs.count("service_order", service_order, most=_MOST_ORDER)
    inputs.check()
    states = math.comb(count + services - 1, services - 1) * arrivals
    if states > MOST_STATES:
        inputs.refuse(
            "berths",
            f"{count} with orders {arrivals} and {services}, or {states:.4g} states",
            f"at most {MOST_STATES} states; take lower orders, or simulate",
        )
        inputs.check()
    if load == 0.0:
        return 0.0
    chain = _erlang_chain(count, load * count, arrivals, services)
    return steady_levels(chain).mean_beyond / (load * count)


def tandem_with_blocking(
    arrivals_per_h: float, first_h: float, second_h: float, buffer: int
) -> Tandem:
    """Return the means of two exponential stations, blocking after service, first queue unlimited.

    Parameters
    ----------
    arrivals_per_h : float
        Poisson, above 0.
    first_h, second_h : float
        Mean service.
    buffer : int
        Places between the stations, at least 0.

    References
    ----------
    Own set-up of the chain: the level counts the first station, the phase what is past it.
    """
    inputs = Inputs("tandem_with_blocking")
    rate = inputs.positive("arrivals_per_h", arrivals_per_h)
    first = inputs.positive("first_h", first_h)
    second = inputs.positive("second_h", second_h)
    places = inputs.count("buffer", buffer, least=0, most=MOST_STATES - 3)
    inputs.check()
    most = tandem_throughput_per_h(first, second, places)
    if rate >= most:
        inputs.refuse(
            "arrivals_per_h",
            f"{rate:g}",
            f"below {most:g}, which is all that the two stations pass; add buffer or speed",
        )
        inputs.check()
    state = steady_levels(_tandem_chain(rate, 1.0 / first, 1.0 / second, places))
    past = np.minimum(np.arange(places + 3.0), places + 1.0)
    above = state.total
    number = float(state.chance[0] @ past[:-1] + above @ past)
    mean = state.mean_level
    return Tandem(mean, number, (mean + number) / rate, float(above[-1]))


def _rate_matrix(up: FloatArray, local: FloatArray, down: FloatArray) -> FloatArray:
    """R of Neuts, expected visits one level up, by way of the first passage down."""
    size = len(local)
    rise, fall = _solve(-local, up), _solve(-local, down)
    passage, reach = fall.copy(), rise.copy()
    for _ in range(_MOST_DOUBLINGS):
        stay = np.eye(size) - rise @ fall - fall @ rise
        rise, fall = _solve(stay, rise @ rise), _solve(stay, fall @ fall)
        add = reach @ fall
        passage += add
        reach = reach @ rise
        if np.max(np.abs(add)) < 1e-17:
            break
    return _divide(up, -(local + up @ passage))


def _divide(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return rows times the inverse of a matrix."""
    return _solve(matrix.T, rows.T).T


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)


def _null_vector(generator: FloatArray) -> FloatArray:
    """The row vector that a generator takes to zero, adding up to 1."""
    system = generator.T.copy()
    system[-1] = 1.0
    right = np.zeros(len(system))
    right[-1] = 1.0
    return _solve(system, right)


def _erlang_chain(servers: int, rate: float, arrivals: int, services: int) -> LevelChain:
    """Levels are ships; a state is the phase of the next arrival and how many berths are in which.

    From `servers` ships on a completed service brings the next ship to the berth at once, so states
    and rates stay the same; the last matrices are those of these levels.
    """
    states = [_states(busy, arrivals, services) for busy in range(servers + 1)]
    size = [len(level) for level in states]
    up = [np.zeros((n, m)) for n, m in zip(size, [*size[1:], size[-1]], strict=True)]
    local = [np.zeros((n, n)) for n in size]
    down = [np.zeros((n, m)) for n, m in zip([*size[1:], size[-1]], size, strict=True)]
    step, speed = arrivals * rate, float(services)
    for level, here in enumerate(states):
        above = states[min(level + 1, servers)]
        for (phase, berths), row in here.items():
            if phase + 1 < arrivals:
                local[level][row, here[phase + 1, berths]] += step
            else:
                taken = _moved(berths, None, 0) if level < servers else berths
                up[level][row, above[0, taken]] += step
            for k, number in enumerate(berths):
                if number == 0:
                    continue
                if k + 1 < services:
                    local[level][row, here[phase, _moved(berths, k, k + 1)]] += number * speed
                    continue
                below = states[level - 1][phase, _moved(berths, k, None)]
                down[level - 1][row, below] += number * speed
                if level == servers:
                    down[level][row, here[phase, _moved(berths, k, 0)]] += number * speed
    for level, inside in enumerate(local):
        leaving = up[level].sum(axis=1) + inside.sum(axis=1)
        if level > 0:
            leaving = leaving + down[level - 1].sum(axis=1)
        inside -= np.diag(leaving)
    return LevelChain(up, local, down)


Berths = tuple[int, ...]


def _states(busy: int, arrivals: int, services: int) -> dict[tuple[int, Berths], int]:
    """Number the states: phase of the next arrival, and how many busy berths are in each phase."""
    found: dict[tuple[int, Berths], int] = {}
    for phases in combinations_with_replacement(range(services), busy):
        berths = tuple(phases.count(k) for k in range(services))
        for phase in range(arrivals):
            found[phase, berths] = len(found)
    return found


def _moved(berths: Berths, source: int | None, target: int | None) -> Berths:
    """Berths after one leaves a phase (None: was empty) for another (None: becomes empty)."""
    numbers = list(berths)
    if source is not None:
        numbers[source] -= 1
    if target is not None:
        numbers[target] += 1
    return tuple(numbers)


def _tandem_chain(rate: float, first: float, second: float, places: int) -> LevelChain:
    """Levels count the first station, phases those past it; the last phase: and one is blocked."""
    size = places + 3
    up, local, down = (np.zeros((size, size)) for _ in range(3))
    np.fill_diagonal(up, rate)
    for phase in range(places + 1):
        down[phase, phase + 1] = first
        local[phase + 1, phase] = second
    local[size - 2, size - 1] = first
    down[size - 1, size - 2] = second
    local_empty = local[:-1, :-1].copy()
    up_empty = up[:-1]
    local -= np.diag(up.sum(axis=1) + local.sum(axis=1) + down.sum(axis=1))
    local_empty -= np.diag(up_empty.sum(axis=1) + local_empty.sum(axis=1))
    return LevelChain([up_empty, up], [local_empty, local], [down[:, :-1], down])
