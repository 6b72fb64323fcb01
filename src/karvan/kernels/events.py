"""One compiled event loop for every simulation model.

A model is a table of *things* (stages, steps of routes, sources, pools, ...), one row each, with
columns for whole numbers and columns, named ``X_``, for reals.  A row refers to another by its
*place*, the number of its first cell in the table as one long array; 0 is none, and also the place
of row :data:`CLOCK`, which holds counters and the time.  So ``w.thing[s + BUSY]`` is a cell of the
row at place s, and nothing is multiplied.  What moves through the stages are *entities*, in a table
of their own whose rows are used again, so memory follows what is inside.  The rules are those of
:mod:`karvan.simulation.interpreter`, in plain Python, event by event.

Nothing is allocated here: before each event the loop sees whether the arrays have room for all
that one event can add, and else returns a status; the caller grows them and calls again.

The event list is a tournament.  Each event has a *slot*; a binary tree over the slots holds at each
node the earlier of its two children, so the next event is at the root.  Replacing the event that
is handled by the one that it schedules compares once on each level on the way up, and where that
leads is known beforehand: no branch that the processor could guess wrongly, as there are in a heap.

An event's key holds its kind (4 bits; decides between events of one instant, see `END` to
`CLOSE`), a number that counts up (36 bits) and its slot (24 bits).

References
----------
Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators,
https://doi.org/10.1145/2660193.2660195 (SplitMix64; the constants are those of its common code;
the paper was not opened);
Wichura (1988), Algorithm AS 241, https://doi.org/10.2307/2347330 (coefficients from the project's
prototype; checked against scipy in the tests).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from karvan.kernels.parts import Parts

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
KeyArray = NDArray[np.uint64]

U = np.uint64
GOLD = U(0x9E3779B97F4A7C15)
_MIX1, _MIX2 = U(0xBF58476D1CE4E5B9), U(0x94D049BB133111EB)
_11, _24, _27, _30, _31, _60 = U(11), U(24), U(27), U(30), U(31), U(60)
_63 = np.int64(63)
MOST_ROWS = 0xFFFFFF
"""Events that can be pending: slots that a key can name."""
_SLOT = U(MOST_ROWS)
UNLIMITED = 1 << 40
"""Servers or places without a limit."""

# Kinds of events in the order in which those of one instant happen: who leaves makes room first,
# who comes at the instant of a departure still boards, and a closure comes last.
_N = np.int64
BEGIN = _N(0)
END, FINISH, RETURN, POOL_RETURN, OPEN, ARRIVAL = (
    _N(1),
    _N(2),
    _N(3),
    _N(4),
    _N(5),
    _N(6),
)
WAKE, DEADLINE, GAP, TICK, RENEGE, CLOSE = (
    _N(7),
    _N(8),
    _N(9),
    _N(10),
    _N(11),
    _N(12),
)

# Why the loop returned.
UNTIL, GROW_EVENTS, GROW_ENTITIES, GROW_LOG, SLICE = 0, 1, 2, 3, 4
TOO_MANY_INSIDE, TOO_MANY_EVENTS, DEADLOCK, STUCK, EMPTY = 5, 6, 7, 8, 9

# Kinds of rows in the log.
L_ARRIVE, L_START, L_END, L_BLOCK, L_INTERRUPT, L_EXIT = (
    _N(1),
    _N(2),
    _N(3),
    _N(4),
    _N(5),
    _N(6),
)
L_LOST, L_BALK, L_RENEGE, L_BOARD, L_ALIGHT, L_OPEN, L_CLOSE = (
    _N(7),
    _N(8),
    _N(9),
    _N(10),
    _N(11),
    _N(12),
    _N(13),
)

# Distributions.
CONSTANT, EXPONENTIAL, LOGNORMAL, UNIFORM, ERLANG = 0, 1, 2, 3, 4
TRIANGULAR, WEIBULL, QUANTILES, SERIES, HYPEREXPONENTIAL = 5, 6, 7, 8, 9

# What a stage has beyond servers and an unlimited queue, as bits of FLAGS.
F_PLACES, F_BATCH, F_TRACKED, F_PREEMPT, F_POOL = 1, 2, 4, 8, 16
F_HEADWAY, F_PATIENCE, F_BALK, F_RETURN, F_OCCUPANCY, F_LEVELS, F_CLOSES = (
    32,
    64,
    128,
    256,
    512,
    1024,
    2048,
)

# Causes of a wait: servers busy, closed, the batch is not full or its hour not come, no unit of a
# pool, no headway or the track is taken.
C_QUEUE, C_CLOSED, C_BATCH, C_POOL = 0, 1, 2, 3

# Rules of a closure for what is in service.
# Not to compile a function again for each value, constants that are arguments have a NumPy type.
IN, OUT, NOT, BACK, FRONT = _N(1), _N(-1), _N(0), _N(0), _N(1)

FINISHES, RESUMES, REPEATS = (
    _N(0),
    _N(1),
    _N(2),
)

# ---- columns of whole numbers ----
CLOCK = 0
PENDING, SEQ, FREE, INSIDE, EVENTS, HOLE, LOGGING, LOGGED = 0, 1, 2, 3, 4, 5, 6, 7
A_HEAD, A_TAIL, N_HEAD, N_TAIL, MOST_INSIDE, MOST_EVENTS, BURST = 8, 9, 10, 11, 12, 13, 14
LOOPS, FIRST_STAGE, N_STAGES, BLOCKING, USED, CARRIES = 15, 16, 17, 18, 19, 20
FIRST_SOURCE, FIRST_CLOSURE, FIRST_TIMETABLE = 21, 22, 23
LEAVES, SPARE = 25, 26

KEY, KEY2, KEY3 = 45, 46, 47
"""Columns that hold keys of draws, in every kind of row."""

# of a stage
FLAGS, SERVERS, BUSY, WAITING, QUEUE, STARTED, DELAYED, HIST = 0, 1, 2, 3, 4, 5, 6, 7
ARRIVED, SERVICES, PLACES, TAKEN, DOWN, CAUSE, NOTED, NOTE_NEXT = 8, 9, 10, 11, 12, 13, 14, 15
BLOCKED, FILL, MOST, LEAST = 18, 21, 22, 23
B_HEAD, B_TAIL, S_HEAD, S_TAIL = _N(16), _N(17), _N(19), _N(20)
CARRIER, PAYLOAD, BALK, PATIENCE, RETURNING, USES, RELEASES, OCC_HIST = (
    24,
    25,
    26,
    27,
    28,
    29,
    30,
    31,
)
ARMED, OVERDUE, FORCE, WOKEN, DEPARTED, BALKED, RENEGED, MISSED = 32, 33, 34, 35, 36, 37, 38, 39
INTERRUPTED, LOST, LEVELS, GAP_ARMED, MARK = 40, 41, 42, 43, 44
# of a line of a queue
Q_HEAD, Q_TAIL, Q_COUNT, Q_PRIORITY = _N(0), _N(1), 2, 3
# of a step
STAGE, CLASS, LEVEL, SERVICE, NEXT, BRANCHES, N_BRANCHES, UNLOADS, AGAIN = 0, 1, 2, 3, 4, 5, 6, 7, 8
PLAIN = 9
"""Of a step and of a source: what comes next needs none of the rarer rules, so the fast path does
it.  1: from a stage with nothing but servers and a line to the next one or out; of a source: one at
a time to such a stage."""
# of a class
C_INSIDE, C_CREATED, C_EXITS, C_LOST, C_BALKED, C_RENEGED, C_HIST = 0, 1, 2, 3, 4, 5, 6
# of a distribution, a profile, a timetable or a closure: a part of the table of reals
KIND, FIRST, LENGTH = 0, 1, 2
# of a source
S_STEP, S_EVERY, S_SIZE, S_COUNT, S_PROFILE, S_MADE, S_NUMBER = 0, 1, 2, 3, 4, 6, 7
# of a closure (KIND, FIRST, LENGTH as above: KIND 1 is a series)
O_STAGE, O_SERVERS, O_RULE, O_OPEN, O_CLOSED, O_COUNT = 3, 4, 5, 6, 7, 8
# of a timetable
T_STAGE, T_COUNT = 3, 4
# of a pool; of a use or a release of it by a stage
P_FREE, P_DIRECTED, P_RUN, P_DIRECTION, P_USERS, P_UNITS = 0, 1, 2, 3, 4, 5
R_POOL, R_UNITS, R_DIRECTION, R_NEXT, R_STAGE, R_NEXT_USER, R_RETURN, R_COUNT = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
)
COLUMNS = 48

# ---- columns of reals ----
NOW = 0
# of a stage; areas are integrals over time, in entity hours
X_LAST, X_SUM_WAIT, X_WORK, X_QUEUE, X_CLOSED, X_BATCH, X_POOL, X_BLOCKED = 0, 1, 2, 3, 4, 5, 6, 7
X_HEADWAY, X_LAST_START, X_MAX_WAIT, X_MAX_GAP, X_LAST_DEPARTURE, X_LENGTH, X_WEIGHT = (
    8,
    9,
    10,
    11,
    12,
    13,
    14,
)
X_DOWN, X_OCC_LAST, X_QUIT_WAIT, X_LOAD, X_BLOCK_LAST, X_DOWN_LAST, X_AWAY, X_LEFT = (
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
)
# of a class
X_C_LAST, X_C_AREA, X_C_SUM, X_C_SQUARES, X_C_LENGTH, X_C_WEIGHT = 0, 1, 2, 3, 5, 6
X_C_QUIT = 7
# of a distribution (scale, shape, third, offset), a branch, a source, a profile, a closure
X_A, X_B, X_C, X_OFFSET = 0, 1, 2, 3
X_CUMULATIVE, X_UNTIL, X_PERIOD, X_GAP = 0, 1, 0, 2
# of a pool: integral of units in use
X_P_LAST, X_P_AREA = 0, 1
REALS = COLUMNS
"""As many, so that a row has one place in both."""

# ---- columns of an entity ----
# The first eight, what most events need, are a line of the processor's cache.
E_NEXT, E_STEP, E_KEY, E_STATE, E_BEFORE, E_ID, E_VISITS, E_MEMBERS = 0, 1, 2, 3, 4, 5, 8, 9
E_TOKEN, E_HELD, E_TARGET = 10, 11, 12
# These are reals: the same memory, looked at as such.
E_SINCE, E_AHEAD, E_BORN, E_DUE, E_LEFT = 6, 7, 13, 14, 15
ENTITY_COLUMNS = 16
NUMBER_BITS = 40
NUMBER = (1 << NUMBER_BITS) - 1
"""Part of E_ID that is the number of an entity; above is the place of the row that made it."""
GONE, WAITS, SERVED, IS_BLOCKED, MOVES, ABOARD = 0, 1, 2, 3, 4, 5

BINS = 5120
"""Bins of a histogram: 128 to a doubling, from 2**-20 to 2**20; or one for each number inside."""


class World(NamedTuple):
    """A model and its state, see the module.

    Attributes
    ----------
    thing : ndarray of int, shape (n_things, COLUMNS)
    real : ndarray, shape (n_things, REALS)
    entity : ndarray of int, shape (n_entities, ENTITY_COLUMNS)
    time : ndarray, shape (n_entities, ENTITY_COLUMNS)
        The same memory as `entity`, looked at as reals.
    event : ndarray of uint64, shape (2 * n_slots, 2)
        The tournament: from row 1, the root, rows 2 i and 2 i + 1 are the children of row i; the
        last LEAVES of the rows in use are the slots.  Bits of the time, which are in order as the
        times are, and key.
    holder : ndarray of int, shape (n_slots,)
        Place of the row that the event in a slot is about; of a free slot the next free one.
    table : ndarray
        Reals that series, profiles and quantiles are parts of.
    histogram : ndarray, shape (n_histograms, BINS)
    log_time : ndarray, shape (n_log,)
    log : ndarray of int, shape (n_log, 4)
        Kind, entity, stage, and the carrier where somebody boards or alights.
    """

    thing: IntArray
    real: FloatArray
    entity: IntArray
    time: FloatArray
    event: KeyArray
    holder: IntArray
    table: FloatArray
    histogram: FloatArray
    log_time: FloatArray
    log: IntArray


class Memory(NamedTuple):
    """Where the arrays of a world begin: the compiled functions read and write there.

    A pointer is one argument, an array seven, and what is compiled for each access is a third.
    """

    thing: Any
    real: Any
    entity: Any
    time: Any
    event: Any
    holder: Any
    table: Any
    histogram: Any
    log_time: Any
    log: Any


_I, _F = types.int64, types.float64
_I1, _I2, _F1, _F2, _U2 = _I[::1], _I[:, ::1], _F[::1], _F[:, ::1], types.uint64[:, ::1]
WORLD = types.NamedTuple([_I2, _F2, _I2, _F2, _U2, _I1, _F1, _F2, _F1, _I2], World)
_PART: dict[str, Any] = {"error_model": "numpy", "nogil": True}
# Only compiled functions may call an inner one: called from Python it ends the process.
_INNER: dict[str, Any] = {
    **_PART,
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "no_rewrites": True,
    "pipeline_class": Parts,
}
_HOT: dict[str, Any] = {**_INNER, "forceinline": True}
_ENTRY: dict[str, Any] = {
    **_PART,
    "_nrt": False,
    "no_cfunc_wrapper": True,
    "no_rewrites": True,
    "cache": True,
}


def _beginning(_context: Any, array: Any) -> Any:  # noqa: ANN401 - numba's own types
    """Return the pointer to the first element of an array."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), code


beginning: Any = intrinsic(_beginning)


@njit(**_HOT)
def smaller(a: float, b: float) -> float:
    """Return the smaller of two; of `min` numba makes a function for each kind of call."""
    return a if a < b else b


@njit(**_HOT)
def larger(a: float, b: float) -> float:
    """Return the larger of two."""
    return a if a > b else b


# ---------------------------------------------------------------- draws
@njit(**_INNER)
def mix(z: np.uint64) -> np.uint64:
    """Return 64 bits that look unrelated to those given (the finalizer of SplitMix64)."""
    z = (z ^ (z >> _30)) * _MIX1
    z = (z ^ (z >> _27)) * _MIX2
    return z ^ (z >> _31)


@njit(**_INNER)
def uniform(key: np.uint64) -> float:
    """Return a number inside (0, 1) for a key."""
    return ((mix(key) >> _11) + 0.5) * 1.1102230246251565e-16


@njit(**_INNER)
def normal(p: float) -> float:
    """Return the quantile of the standard normal distribution (AS 241, 16 digits)."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return (
            q
            * (
                (
                    (
                        (
                            (
                                (
                                    (r * 2509.0809287301226727 + 33430.575583588128105) * r
                                    + 67265.770927008700853
                                )
                                * r
                                + 45921.953931549871457
                            )
                            * r
                            + 13731.693765509461125
                        )
                        * r
                        + 1971.5909503065514427
                    )
                    * r
                    + 133.14166789178437745
                )
                * r
                + 3.387132872796366608
            )
            / (
                (
                    (
                        (
                            (
                                (
                                    (r * 5226.495278852545925 + 28729.085735721942674) * r
                                    + 39307.89580009271061
                                )
                                * r
                                + 21213.794301586595867
                            )
                            * r
                            + 5394.1960214247511077
                        )
                        * r
                        + 687.1870074920579083
                    )
                    * r
                    + 42.313330701600911252
                )
                * r
                + 1.0
            )
        )
    r = p if q < 0.0 else 1.0 - p
    r = math.sqrt(-math.log(r))
    if r <= 5.0:
        r -= 1.6
        v = (
            (
                (
                    (
                        (
                            (
                                (r * 7.7454501427834140764e-4 + 0.0227238449892691845833) * r
                                + 0.24178072517745061177
                            )
                            * r
                            + 1.27045825245236838258
                        )
                        * r
                        + 3.64784832476320460504
                    )
                    * r
                    + 5.7694972214606914055
                )
                * r
                + 4.6303378461565452959
            )
            * r
            + 1.42343711074968357734
        ) / (
            (
                (
                    (
                        (
                            (
                                (r * 1.05075007164441684324e-9 + 5.475938084995344946e-4) * r
                                + 0.0151986665636164571966
                            )
                            * r
                            + 0.14810397642748007459
                        )
                        * r
                        + 0.68976733498510000455
                    )
                    * r
                    + 1.6763848301838038494
                )
                * r
                + 2.05319162663775882187
            )
            * r
            + 1.0
        )
    else:
        r -= 5.0
        v = (
            (
                (
                    (
                        (
                            (
                                (r * 2.01033439929228813265e-7 + 2.71155556874348757815e-5) * r
                                + 0.0012426609473880784386
                            )
                            * r
                            + 0.026532189526576123093
                        )
                        * r
                        + 0.29656057182850489123
                    )
                    * r
                    + 1.7848265399172913358
                )
                * r
                + 5.4637849111641143699
            )
            * r
            + 6.6579046435011037772
        ) / (
            (
                (
                    (
                        (
                            (
                                (r * 2.04426310338993978564e-15 + 1.4215117583164458887e-7) * r
                                + 1.8463183175100546818e-5
                            )
                            * r
                            + 7.868691311456132591e-4
                        )
                        * r
                        + 0.0148753612908506148525
                    )
                    * r
                    + 0.13692988092273580531
                )
                * r
                + 0.59983220655588793769
            )
            * r
            + 1.0
        )
    return -v if q < 0.0 else v


@njit(**_INNER)
def erlang(k: float, u: float) -> float:
    """Return the quantile of the sum of k unit exponentials (k whole), by Halley's steps."""
    z = normal(u)
    c = 1.0 - 1.0 / (9.0 * k) + z / (3.0 * math.sqrt(k))
    x = k * c * c * c
    low, high = 0.0, 800.0 + 4.0 * k
    if not (low < x < high):
        x = k * u
    for _ in range(100):
        term = 1.0
        total = 1.0
        i = 1.0
        while i < k:
            term *= x / i
            total += term
            i += 1.0
        scale = math.exp(-x)
        error = 1.0 - scale * total - u
        if error > 0.0:
            high = x
        else:
            low = x
        density = scale * term
        step = error / density if density > 0.0 else x
        bend = 0.5 * step * ((k - 1.0) / x - 1.0)
        new = x - step / (1.0 - bend) if abs(bend) < 0.5 else x - step
        # Halley's steps leave the cube of the error.  Who has arrived may lie on the bracket.
        if abs(new - x) <= 1e-6 * x:
            return new
        if not (low < new < high):
            new = 0.5 * (low + high)
        x = new
    return x


@njit(**_INNER)
def quantile(kind: int, a: float, b: float, c: float, u: float) -> float:
    """Return the value of a distribution at the level u; its parameters as compiled."""
    if kind == UNIFORM:
        return a + (b - a) * u
    if kind == ERLANG:
        return a * erlang(b, u)
    if kind == TRIANGULAR:
        if u * (c - a) < b - a:
            return a + math.sqrt(u * (c - a) * (b - a))
        return c - math.sqrt((1.0 - u) * (c - a) * (c - b))
    if kind == HYPEREXPONENTIAL:
        return -b * math.log(u / a) if u < a else -c * math.log((1.0 - u) / (1.0 - a))
    return a * math.exp(math.log(-math.log(u)) / b)


@njit(**_INNER)
def draw(w: Memory, d: int, key: np.uint64, number: int) -> float:
    """Return the variate of distribution d for a key; of a series the value of that number."""
    thing = w.thing
    real = w.real
    kind = thing[d + KIND]
    if kind == CONSTANT:
        return real[d + X_A]
    if kind == SERIES:
        return w.table[thing[d + FIRST] + number % thing[d + LENGTH]]
    u = uniform(key)
    if kind == EXPONENTIAL:
        return real[d + X_OFFSET] - real[d + X_A] * math.log(u)
    if kind == LOGNORMAL:
        return real[d + X_OFFSET] + math.exp(real[d + X_A] + real[d + X_B] * normal(u))
    if kind == QUANTILES:
        place = u * (thing[d + LENGTH] - 1)
        i = int(place)
        at = thing[d + FIRST] + i
        return w.table[at] + (place - i) * (w.table[at + 1] - w.table[at])
    return real[d + X_OFFSET] + quantile(kind, real[d + X_A], real[d + X_B], real[d + X_C], u)


# ---------------------------------------------------------------- the event list
NEVER = U(0x7FF0000000000000)
"""The bits of infinity."""
NO_KEY = U(0xFFFFFFFFFFFFFFFF)
NO_SLOT: Any = _N(-1)


@njit(**_HOT)
def replace(w: Memory, slot: int, due: np.uint64, key: np.uint64) -> None:
    """Put an event into the slot of the first one, and find the new first."""
    event = w.event
    node = w.thing[CLOCK + LEAVES] + slot
    event[2 * node] = due
    event[2 * node + 1] = key
    while node > 1:
        other = 2 * (node ^ 1)
        t = event[other]
        k = event[other + 1]
        # All bits if the other is earlier, else none: a branch would be guessed wrongly every other
        # time.  Times as bits are below 2**63, so the sign of the difference is right.
        other_is_earlier = U(np.int64(t - due - U(k < key)) >> _63)
        due ^= (due ^ t) & other_is_earlier
        key ^= (key ^ k) & other_is_earlier
        node >>= 1
        event[2 * node] = due
        event[2 * node + 1] = key


@njit(**_HOT)
def enter(w: Memory, slot: int, due: np.uint64, key: np.uint64) -> None:
    """Put an event into a free slot: on its way up until it meets an earlier one."""
    event = w.event
    node = w.thing[CLOCK + LEAVES] + slot
    event[2 * node] = due
    event[2 * node + 1] = key
    node >>= 1
    while node > 0:
        t = event[2 * node]
        if t < due or (t == due and event[2 * node + 1] < key):
            break
        event[2 * node] = due
        event[2 * node + 1] = key
        node >>= 1


@njit(**_INNER)
def widen(w: Memory) -> int:
    """Return a free slot after doubling the slots in use."""
    thing = w.thing
    event = w.event
    n = thing[CLOCK + LEAVES]
    for slot in range(n - 1, -1, -1):
        event[2 * (2 * n + slot)] = event[2 * (n + slot)]
        event[2 * (2 * n + slot) + 1] = event[2 * (n + slot) + 1]
    for slot in range(n, 2 * n):
        event[2 * (2 * n + slot)] = NEVER
        event[2 * (2 * n + slot) + 1] = NO_KEY
        w.holder[slot] = slot + 1
    w.holder[2 * n - 1] = NO_SLOT
    for node in range(2 * n - 1, 0, -1):
        a = 4 * node
        b = a + 2
        if event[b] < event[a] or (event[b] == event[a] and event[b + 1] < event[a + 1]):
            a = b
        event[2 * node] = event[a]
        event[2 * node + 1] = event[a + 1]
    thing[CLOCK + LEAVES] = 2 * n
    return n


@njit(**_HOT)
def next_key(w: Memory, slot: int, kind: int, row: int) -> np.uint64:
    """Give an event about a row the next number; return its key."""
    thing = w.thing
    seq = thing[CLOCK + SEQ]
    thing[CLOCK + SEQ] = seq + 1
    w.holder[slot] = row
    return (U(kind) << _60) | (U(seq) << _24) | U(slot)


@njit(**_HOT)
def add(w: Memory, t: float, kind: int, row: int) -> np.uint64:
    """Add an event in a slot of its own and return its key."""
    thing = w.thing
    slot = thing[CLOCK + SPARE]
    if slot < 0:
        slot = widen(w)
    thing[CLOCK + SPARE] = w.holder[slot]
    thing[CLOCK + PENDING] += 1
    key = next_key(w, slot, kind, row)
    enter(w, slot, np.float64(t).view(np.uint64), key)
    return key


@njit(**_HOT)
def succeed(w: Memory, slot: int, t: float, kind: int, row: int) -> np.uint64:
    """Add an event in the slot of the one that is handled and return its key."""
    key = next_key(w, slot, kind, row)
    replace(w, slot, np.float64(t).view(np.uint64), key)
    return key


@njit(**_HOT)
def drop(w: Memory, slot: int) -> None:
    """Free the slot of the event that is handled."""
    thing = w.thing
    thing[CLOCK + PENDING] -= 1
    w.holder[slot] = thing[CLOCK + SPARE]
    thing[CLOCK + SPARE] = slot
    replace(w, slot, NEVER, NO_KEY)


@njit(**_INNER)
def schedule(w: Memory, t: float, kind: int, row: int) -> np.uint64:
    """Add an event and return its key; the first added by an event takes that one's slot."""
    thing = w.thing
    slot = thing[CLOCK + HOLE]
    if slot < 0:
        return add(w, t, kind, row)
    thing[CLOCK + HOLE] = NO_SLOT
    return succeed(w, slot, t, kind, row)


@njit(**_INNER)
def write(w: Memory, kind: int, entity: int, stage: int, other: int) -> None:
    """Append a row to the log."""
    thing = w.thing
    n = thing[CLOCK + LOGGED]
    w.log_time[n] = w.real[CLOCK + NOW]
    w.log[4 * n] = kind
    w.log[4 * n + 1] = entity
    w.log[4 * n + 2] = stage
    w.log[4 * n + 3] = other
    thing[CLOCK + LOGGED] = n + 1


# ---------------------------------------------------------------- accounts
@njit(**_INNER)
def account(w: Memory, s: int) -> None:
    """Add what waited at a stage since the last change to the area of its cause."""
    thing = w.thing
    real = w.real
    now = real[CLOCK + NOW]
    area = X_QUEUE + thing[s + CAUSE]
    real[s + area] += thing[s + WAITING] * (now - real[s + X_LAST])
    real[s + X_LAST] = now


@njit(**_INNER)
def occupy(w: Memory, s: int, change: int) -> None:
    """Take or free places of a stage; the monitor of its numbers, if any, gets the time."""
    thing = w.thing
    real = w.real
    if thing[s + FLAGS] & F_OCCUPANCY:
        now = real[CLOCK + NOW]
        n = smaller(thing[s + TAKEN], BINS - 1)
        w.histogram[thing[s + OCC_HIST] * BINS + n] += now - real[s + X_OCC_LAST]
        real[s + X_OCC_LAST] = now
    thing[s + TAKEN] += change


@njit(**_INNER)
def hold_up(w: Memory, s: int, change: int) -> None:
    """Change how many are blocked on the servers of a stage."""
    thing = w.thing
    real = w.real
    now = real[CLOCK + NOW]
    real[s + X_BLOCKED] += thing[s + BLOCKED] * (now - real[s + X_BLOCK_LAST])
    real[s + X_BLOCK_LAST] = now
    thing[s + BLOCKED] += change


@njit(**_HOT)
def tally(w: Memory, row: int, value: float) -> None:
    """Count a value in a histogram."""
    n = 0
    if value > 0.0:
        n = int(np.float64(value).view(np.int64) >> 45) - 128 * (1023 - 20)
        n = larger(0, smaller(n, BINS - 1))
    w.histogram[row * BINS + n] += 1.0


@njit(**_HOT)
def census(w: Memory, c: int, change: int) -> None:
    """Change how many of a class are inside."""
    thing = w.thing
    real = w.real
    now = real[CLOCK + NOW]
    real[c + X_C_AREA] += thing[c + C_INSIDE] * (now - real[c + X_C_LAST])
    real[c + X_C_LAST] = now
    thing[c + C_INSIDE] += change
    thing[CLOCK + INSIDE] += change


@njit(**_HOT)
def leave(w: Memory, e: int, kind: int) -> None:
    """Let an entity leave the system, and free its row."""
    thing = w.thing
    real = w.real
    entity = w.entity
    c = thing[entity[e + E_STEP] + CLASS]
    stay = real[CLOCK + NOW] - w.time[e + E_BORN]
    census(w, c, OUT)
    if kind == L_EXIT:
        thing[c + C_EXITS] += 1
        real[c + X_C_SUM] += stay
        real[c + X_C_SQUARES] += stay * stay
        tally(w, thing[c + C_HIST], stay)
    else:
        real[c + X_C_QUIT] += stay
        thing[c + C_LOST + kind - L_LOST] += 1
    if thing[CLOCK + LOGGING] != 0:
        write(w, kind, entity[e + E_ID], thing[entity[e + E_STEP] + STAGE], NOT)
    entity[e + E_TOKEN] = 0
    entity[e + E_STATE] = GONE
    entity[e + E_NEXT] = thing[CLOCK + FREE]
    thing[CLOCK + FREE] = e
    thing[CLOCK + USED] -= 1


@njit(**_HOT)
def create(w: Memory, step: int, origin: int, number: int, key: np.uint64) -> int:
    """Return the row of a new entity before its first step."""
    thing = w.thing
    entity = w.entity
    time = w.time
    e = thing[CLOCK + FREE]
    thing[CLOCK + FREE] = entity[e + E_NEXT]
    thing[CLOCK + USED] += 1
    entity[e + E_STEP] = step
    entity[e + E_KEY] = np.int64(mix(key + U(number) * GOLD))
    entity[e + E_TOKEN] = 0
    entity[e + E_MEMBERS] = 0
    entity[e + E_STATE] = MOVES
    entity[e + E_ID] = (origin << NUMBER_BITS) | number
    entity[e + E_VISITS] = 0
    entity[e + E_HELD] = 0
    time[e + E_BORN] = w.real[CLOCK + NOW]
    time[e + E_LEFT] = -1.0
    c = thing[step + CLASS]
    thing[c + C_CREATED] += 1
    census(w, c, IN)
    return e


# ---------------------------------------------------------------- lines
@njit(**_HOT)
def append(w: Memory, row: int, e: int, head: int, tail: int) -> None:
    """Put an entity at the end of a linked list; `head` and `tail` are its columns in `row`."""
    thing = w.thing
    entity = w.entity
    last = thing[row + tail]
    entity[e + E_NEXT] = 0
    entity[e + E_BEFORE] = last
    thing[row + tail] = e
    if last != 0:
        entity[last + E_NEXT] = e
    else:
        thing[row + head] = e


@njit(**_HOT)
def join(w: Memory, row: int, e: int, head: int, tail: int, front: int) -> None:
    """Put an entity at the end or the front of a linked list."""
    if front == 0:
        append(w, row, e, head, tail)
        return
    thing = w.thing
    entity = w.entity
    old = thing[row + head]
    entity[e + E_NEXT] = old
    entity[e + E_BEFORE] = 0
    thing[row + head] = e
    if old != 0:
        entity[old + E_BEFORE] = e
    else:
        thing[row + tail] = e


@njit(**_HOT)
def unlink(w: Memory, row: int, e: int, head: int, tail: int) -> None:
    """Take an entity out of a linked list, wherever it stands."""
    thing = w.thing
    entity = w.entity
    before = entity[e + E_BEFORE]
    after = entity[e + E_NEXT]
    if before != 0:
        entity[before + E_NEXT] = after
    else:
        thing[row + head] = after
    if after != 0:
        entity[after + E_BEFORE] = before
    else:
        thing[row + tail] = before


@njit(**_HOT)
def line_up(w: Memory, q: int, e: int, front: int) -> None:
    """Put an entity at the end or the front of a line."""
    join(w, q, e, Q_HEAD, Q_TAIL, front)
    w.thing[q + Q_COUNT] += 1
    w.entity[e + E_STATE] = WAITS
    w.time[e + E_SINCE] = w.real[CLOCK + NOW]


@njit(**_HOT)
def first_in_use(w: Memory, q: int) -> int:
    """Return the first line, from one on, in which somebody waits; there must be one."""
    while w.thing[q + Q_HEAD] == 0:
        q += COLUMNS
    return q


@njit(**_INNER)
def step_out(w: Memory, q: int, e: int) -> None:
    """Take an entity out of a line, wherever it stands."""
    unlink(w, q, e, Q_HEAD, Q_TAIL)
    w.thing[q + Q_COUNT] -= 1


@njit(**_INNER)
def note(w: Memory, row: int) -> None:
    """Remember a stage or pool that has to be looked at within this event."""
    thing = w.thing
    if thing[row + NOTED] != 0:
        return
    thing[row + NOTED] = 1
    thing[row + NOTE_NEXT] = 0
    last = thing[CLOCK + N_TAIL]
    if last != 0:
        thing[last + NOTE_NEXT] = row
    else:
        thing[CLOCK + N_HEAD] = row
    thing[CLOCK + N_TAIL] = row


@njit(**_HOT)
def key_of_visit(w: Memory, key: int, e: int, step: int, visits: int) -> np.uint64:
    """Return the key of a draw for an entity, another one each time if its route goes round."""
    found = U(key) + U(w.entity[e + E_KEY])
    if w.thing[step + AGAIN] != 0:
        found += U(visits) * GOLD
    return found


@njit(**_INNER)
def successor(w: Memory, e: int) -> int:
    """Return the step after the one an entity has done; 0 is the way out."""
    thing = w.thing
    entity = w.entity
    step = entity[e + E_STEP]
    following = thing[step + NEXT]
    if following >= 0:
        return following
    u = uniform(key_of_visit(w, thing[step + KEY2], e, step, entity[e + E_VISITS]))
    first = thing[step + BRANCHES]
    last = first + thing[step + N_BRANCHES] - COLUMNS
    while first < last and u >= w.real[first + X_CUMULATIVE]:
        first += COLUMNS
    return thing[first + NEXT]


@njit(**_HOT)
def go(w: Memory, e: int, step: int) -> None:
    """Send an entity, which holds no server, to a step whose stage has a place, or out."""
    thing = w.thing
    entity = w.entity
    if step == 0:
        leave(w, e, L_EXIT)
        return
    entity[e + E_VISITS] += thing[step + AGAIN]
    entity[e + E_STEP] = step
    entity[e + E_STATE] = MOVES
    entity[e + E_NEXT] = 0
    s = thing[step + STAGE]
    if thing[s + FLAGS] != 0:
        occupy(w, s, IN)
    last = thing[CLOCK + A_TAIL]
    if last != 0:
        entity[last + E_NEXT] = e
    else:
        thing[CLOCK + A_HEAD] = e
    thing[CLOCK + A_TAIL] = e


# ---------------------------------------------------------------- profiles
@njit(**_INNER)
def factor(w: Memory, p: int, t: float) -> float:
    """Return the factor of a profile at a time: steps that repeat after a period."""
    thing = w.thing
    period = w.real[p + X_PERIOD]
    phase = t - math.floor(t / period) * period if period < np.inf else t
    first = thing[p + FIRST]
    n = thing[p + LENGTH]
    i = 0
    while i + 1 < n and w.table[first + i + 1] <= phase:
        i += 1
    return w.table[first + n + i]


@njit(**_INNER)
def operational_time(w: Memory, p: int, t: float, gap: float) -> float:
    """Return when a gap, at the pace of a profile, that begins at t is over."""
    thing = w.thing
    period = w.real[p + X_PERIOD]
    first = thing[p + FIRST]
    n = thing[p + LENGTH]
    begin = math.floor(t / period) * period if period < np.inf else 0.0
    i = 0
    while i + 1 < n and begin + w.table[first + i + 1] <= t:
        i += 1
    while True:
        end = begin + (w.table[first + i + 1] if i + 1 < n else period)
        pace = w.table[first + n + i]
        room = pace * (end - t) if pace > 0.0 else 0.0
        if gap <= room and pace > 0.0:
            return t + gap / pace
        if end == np.inf:
            return np.inf
        gap -= room
        t = end
        i += 1
        if i == n:
            i = 0
            # So late that a period more is no later: there is no end to this.
            if begin + period == begin:
                return np.inf
            begin += period


@njit(**_INNER)
def longest_since(w: Memory, s: int) -> float:
    """Return since when the one waits who has waited longest at a batch stage; inf if nobody."""
    thing = w.thing
    since = np.inf
    q = thing[s + QUEUE]
    for _ in range(thing[s + LEVELS]):
        q += COLUMNS
        if thing[q + Q_HEAD] != 0:
            since = smaller(since, w.time[thing[q + Q_HEAD] + E_SINCE])
    return since


# ---------------------------------------------------------------- pools
@njit(**_INNER)
def available(w: Memory, s: int) -> int:
    """Return the servers of a stage that are not closed."""
    thing = w.thing
    return larger(0, thing[s + SERVERS] - thing[s + DOWN])


@njit(**_INNER)
def others_want(w: Memory, p: int, way: int) -> bool:
    """Whether somebody waits to use a track against a direction, with a server at hand."""
    thing = w.thing
    user = thing[p + P_USERS]
    while user != 0:
        s = thing[user + R_STAGE]
        if (
            thing[user + R_DIRECTION] != way
            and thing[s + WAITING] > 0
            and thing[s + BUSY] < available(w, s)
        ):
            return True
        user = thing[user + R_NEXT_USER]
    return False


@njit(**_INNER)
def units_are_free(w: Memory, s: int) -> bool:
    """Whether the pools have what a stage needs to begin, in its direction."""
    thing = w.thing
    use = thing[s + USES]
    while use != 0:
        p = thing[use + R_POOL]
        if thing[p + P_FREE] < thing[use + R_UNITS]:
            return False
        if thing[p + P_DIRECTED] != 0:
            way = thing[use + R_DIRECTION]
            same = way == thing[p + P_DIRECTION]
            if not same and thing[p + P_FREE] < thing[p + P_UNITS]:
                return False
            if same and thing[p + P_RUN] >= thing[p + P_DIRECTED] and others_want(w, p, way):
                return False
        use = thing[use + R_NEXT]
    return True


@njit(**_INNER)
def count_units(w: Memory, p: int, change: int) -> None:
    """Change the free units of a pool."""
    thing = w.thing
    real = w.real
    now = real[CLOCK + NOW]
    used = thing[p + P_UNITS] - thing[p + P_FREE]
    real[p + X_P_AREA] += used * (now - real[p + X_P_LAST])
    real[p + X_P_LAST] = now
    thing[p + P_FREE] += change


@njit(**_INNER)
def take_units(w: Memory, s: int) -> None:
    """Take what a stage needs from the pools."""
    thing = w.thing
    use = thing[s + USES]
    while use != 0:
        p = thing[use + R_POOL]
        count_units(w, p, -thing[use + R_UNITS])
        if thing[p + P_DIRECTED] != 0:
            if thing[p + P_DIRECTION] == thing[use + R_DIRECTION]:
                thing[p + P_RUN] += 1
            else:
                thing[p + P_DIRECTION] = thing[use + R_DIRECTION]
                thing[p + P_RUN] = 1
        use = thing[use + R_NEXT]


@njit(**_INNER)
def give_units(w: Memory, s: int) -> None:
    """Return to the pools what a stage gives back at its end, at once or after a return."""
    thing = w.thing
    row = thing[s + RELEASES]
    while row != 0:
        p = thing[row + R_POOL]
        if thing[row + R_RETURN] != 0:
            n = thing[row + R_COUNT]
            thing[row + R_COUNT] = n + 1
            away = draw(w, thing[row + R_RETURN], U(thing[row + KEY]) + U(n) * GOLD, n)
            schedule(w, w.real[CLOCK + NOW] + away, POOL_RETURN, row)
        else:
            count_units(w, p, thing[row + R_UNITS])
            note(w, p)
        row = thing[row + R_NEXT]


# ---------------------------------------------------------------- the end of a service
@njit(**_INNER)
def block(w: Memory, e: int, s: int, t: int, front: int) -> None:
    """Keep an entity on its server at stage s until stage t has a place."""
    thing = w.thing
    entity = w.entity
    if entity[e + E_STATE] != IS_BLOCKED:
        hold_up(w, s, IN)
        entity[e + E_STATE] = IS_BLOCKED
        if thing[CLOCK + LOGGING] != 0:
            write(w, L_BLOCK, entity[e + E_ID], s, t)
    entity[e + E_TARGET] = t
    join(w, t, e, B_HEAD, B_TAIL, front)
    thing[CLOCK + BLOCKING] = 1


@njit(**_INNER)
def release(w: Memory, e: int, s: int) -> None:
    """Free the server that an entity held, its place and what it returns to pools."""
    thing = w.thing
    real = w.real
    entity = w.entity
    if entity[e + E_STATE] == IS_BLOCKED:
        hold_up(w, s, OUT)
    flags = thing[s + FLAGS]
    if flags & F_RETURN:
        key = U(thing[s + KEY]) + U(entity[e + E_KEY])
        away = draw(w, thing[s + RETURNING], key, entity[e + E_ID] & NUMBER)
        real[s + X_AWAY] += away
        schedule(w, real[CLOCK + NOW] + away, RETURN, s)
    else:
        thing[s + BUSY] -= 1
    if flags != 0 and not (flags & F_BATCH):
        occupy(w, s, OUT)
    # Pools first: of all that wait for one the most urgent has it, not the stage that gave it.
    if thing[s + RELEASES] != 0:
        give_units(w, s)
    if not (flags & F_RETURN):
        note(w, s)


@njit(**_INNER)
def depart(w: Memory, e: int, front: int) -> None:
    """Let whose service is over go on: first what it carries, if that alights here, then itself.

    Who finds the next stage full stays on the server (blocking after service), at the front of
    those who wait for that stage if it has been there before.
    """
    thing = w.thing
    entity = w.entity
    step = entity[e + E_STEP]
    s = thing[step + STAGE]
    following = successor(w, e)
    if entity[e + E_MEMBERS] != 0 and (following == 0 or thing[step + UNLOADS] != 0):
        while entity[e + E_MEMBERS] != 0:
            m = entity[e + E_MEMBERS]
            then = successor(w, m)
            if then != 0:
                t = thing[then + STAGE]
                if thing[t + FLAGS] & F_PLACES and thing[t + TAKEN] >= thing[t + PLACES]:
                    block(w, e, s, t, front if entity[e + E_TARGET] == t else BACK)
                    return
            entity[e + E_MEMBERS] = entity[m + E_NEXT]
            if thing[CLOCK + LOGGING] != 0:
                write(w, L_ALIGHT, entity[m + E_ID], s, entity[e + E_ID])
            go(w, m, then)
    if following != 0:
        t = thing[following + STAGE]
        if t != s and thing[t + FLAGS] & F_PLACES and thing[t + TAKEN] >= thing[t + PLACES]:
            block(w, e, s, t, front if entity[e + E_TARGET] == t else BACK)
            return
    release(w, e, s)
    go(w, e, following)


# ---------------------------------------------------------------- the beginning of a service
@njit(**_INNER)
def boarding(w: Memory, s: int) -> int:
    """Return how many board at a batch stage now; -1 if its carrier does not leave yet."""
    thing = w.thing
    real = w.real
    entity = w.entity
    most = thing[s + MOST]
    if thing[s + PAYLOAD] != 0:
        most = int(most * factor(w, thing[s + PAYLOAD], real[CLOCK + NOW]) + 1e-9)
    count = thing[s + WAITING] - thing[thing[s + QUEUE] + Q_COUNT]
    fits = smaller(count, most)
    full = count >= smaller(thing[s + FILL], most) and thing[s + FILL] < UNLIMITED and most > 0
    longest = real[s + X_LENGTH]
    heaviest = real[s + X_WEIGHT]
    if longest < np.inf or heaviest < np.inf:
        length = 0.0
        weight = 0.0
        n = 0
        q = thing[s + QUEUE] + COLUMNS
        e = thing[q + Q_HEAD]
        while n < fits:
            while e == 0:
                q += COLUMNS
                e = thing[q + Q_HEAD]
            c = thing[entity[e + E_STEP] + CLASS]
            length += real[c + X_C_LENGTH]
            weight += real[c + X_C_WEIGHT]
            if length > longest or weight > heaviest:
                full = n > 0 and thing[s + FILL] < UNLIMITED
                break
            n += 1
            e = entity[e + E_NEXT]
        fits = n
    if full:
        return fits
    if (thing[s + FORCE] != 0 or thing[s + OVERDUE] != 0) and fits >= thing[s + LEAST]:
        return fits
    return -1


NOBODY, HEAD, HELD = -1, -2, -3


@njit(**_INNER)
def line_of_held(w: Memory, s: int) -> int:
    """Return the first line of a stage headed by who was interrupted; 0 if there is none."""
    thing = w.thing
    q = thing[s + QUEUE]
    for _ in range(thing[s + LEVELS]):
        q += COLUMNS
        if thing[q + Q_HEAD] != 0 and w.entity[thing[q + Q_HEAD] + E_HELD] != 0:
            return q
    return 0


@njit(**_INNER)
def could_begin(w: Memory, s: int) -> int:  # noqa: C901 - one question after the other
    """Return what a stage can begin now: HEAD of its line, HELD, how many board, or NOBODY.

    HELD is who was interrupted and stands behind somebody more urgent who lacks units of a pool: it
    has its own, and may be the one that gives them back.  Says in CAUSE why nobody can.
    """
    thing = w.thing
    real = w.real
    open_servers = thing[s + SERVERS] - thing[s + DOWN]
    busy = thing[s + BUSY]
    cause = C_QUEUE
    result = NOBODY
    flags = thing[s + FLAGS]
    if busy >= open_servers:
        if thing[s + DOWN] > 0 and busy < thing[s + SERVERS]:
            cause = C_CLOSED
    elif thing[s + WAITING] > 0 or (flags & F_BATCH and thing[s + LEAST] == 0):
        result = HEAD
        if flags & F_BATCH and thing[thing[s + QUEUE] + Q_HEAD] == 0:
            result = boarding(w, s)
            cause = C_BATCH
        if result != NOBODY:
            q = thing[s + QUEUE]
            last = q + thing[s + LEVELS] * COLUMNS
            while q < last and thing[q + Q_HEAD] == 0:
                q += COLUMNS
            e = thing[q + Q_HEAD]
            held = result == HEAD and w.entity[e + E_HELD] != 0
            if not held:
                cause = C_POOL
                if flags & F_HEADWAY:
                    due = real[s + X_LAST_START] + real[s + X_HEADWAY]
                    if real[CLOCK + NOW] < due:
                        result = NOBODY
                        if thing[s + WOKEN] == 0:
                            thing[s + WOKEN] = 1
                            schedule(w, due, WAKE, s)
                if result != NOBODY and flags & F_POOL and not units_are_free(w, s):
                    result = HELD if result == HEAD and line_of_held(w, s) != 0 else NOBODY
    if result == NOBODY and cause != thing[s + CAUSE]:
        account(w, s)
        thing[s + CAUSE] = cause
    return result


@njit(**_INNER)
def arm(w: Memory, s: int) -> None:
    """See that somebody looks when the longest waiting at a batch stage has waited long enough."""
    thing = w.thing
    real = w.real
    if thing[s + ARMED] != 0 or real[s + X_MAX_WAIT] == np.inf:
        return
    since = longest_since(w, s)
    if since < np.inf:
        thing[s + ARMED] = 1
        schedule(w, larger(real[CLOCK + NOW], since + real[s + X_MAX_WAIT]), DEADLINE, s)


@njit(**_INNER)
def end_wait(w: Memory, s: int, e: int) -> None:
    """Count the wait of who begins or boards."""
    thing = w.thing
    real = w.real
    time = w.time
    wait = real[CLOCK + NOW] - time[e + E_SINCE]
    real[s + X_SUM_WAIT] += wait
    if time[e + E_LEFT] < 0.0:
        thing[s + STARTED] += 1
        if wait > 0.0:
            thing[s + DELAYED] += 1
        if thing[s + HIST] >= 0:
            tally(w, thing[s + HIST], wait)


@njit(**_INNER)
def board(w: Memory, s: int, n: int) -> int:
    """Return a new carrier with the first n of a batch stage aboard."""
    thing = w.thing
    real = w.real
    entity = w.entity
    number = thing[s + DEPARTED]
    thing[s + DEPARTED] = number + 1
    carrier = create(w, thing[s + CARRIER], s, number, U(thing[s + KEY3]))
    last = 0
    q = thing[s + QUEUE] + COLUMNS
    for _ in range(n):
        q = first_in_use(w, q)
        e = thing[q + Q_HEAD]
        step_out(w, q, e)
        end_wait(w, s, e)
        entity[e + E_STATE] = ABOARD
        entity[e + E_TOKEN] = 0
        entity[e + E_NEXT] = 0
        if last != 0:
            entity[last + E_NEXT] = e
        else:
            entity[carrier + E_MEMBERS] = e
        last = e
        if thing[CLOCK + LOGGING] != 0:
            write(w, L_BOARD, entity[e + E_ID], s, entity[carrier + E_ID])
    thing[s + WAITING] -= n
    occupy(w, s, -n)
    if thing[s + B_HEAD] != 0:
        note(w, s)
    thing[s + FORCE] = 0
    thing[s + OVERDUE] = 0
    real[s + X_LOAD] += n
    real[s + X_LEFT] += thing[s + WAITING] - thing[thing[s + QUEUE] + Q_COUNT]
    real[s + X_LAST_DEPARTURE] = real[CLOCK + NOW]
    if real[s + X_MAX_GAP] < np.inf and thing[s + GAP_ARMED] == 0:
        thing[s + GAP_ARMED] = 1
        schedule(w, real[CLOCK + NOW] + real[s + X_MAX_GAP], GAP, s)
    arm(w, s)
    return carrier


@njit(**_INNER)
def service_time(w: Memory, e: int, step: int, visits: int) -> float:
    """Return the time that a step takes an entity that has been there so often before."""
    thing = w.thing
    key = key_of_visit(w, thing[step + KEY], e, step, visits)
    return draw(w, thing[step + SERVICE], key, w.entity[e + E_ID] & NUMBER)


@njit(**_HOT)
def foresee(w: Memory, e: int, step: int) -> None:
    """Draw the time of the plain step that an entity does next; see :func:`start`."""
    if step != 0:
        visits = 0
        if w.thing[step + AGAIN] != 0:
            visits = w.entity[e + E_VISITS] + 1
        w.time[e + E_AHEAD] = service_time(w, e, step, visits)


@njit(**_INNER)
def serve(w: Memory, s: int, e: int, service: float) -> None:
    """Put an entity on a server for a time."""
    thing = w.thing
    real = w.real
    entity = w.entity
    time = w.time
    flags = thing[s + FLAGS]
    thing[s + BUSY] += 1
    real[s + X_WORK] += service
    entity[e + E_STATE] = SERVED
    entity[e + E_HELD] = 0
    due = real[CLOCK + NOW] + service
    if thing[CLOCK + LOGGING] != 0:
        write(w, L_START, entity[e + E_ID], s, NOT)
    if flags & F_TRACKED:
        time[e + E_DUE] = due
        time[e + E_LEFT] = service
        append(w, s, e, S_HEAD, S_TAIL)
        entity[e + E_TOKEN] = np.int64(schedule(w, due, FINISH, e))
    else:
        entity[e + E_TOKEN] = 0
        schedule(w, due, END, e)
        if thing[entity[e + E_STEP] + PLAIN] != 0:
            foresee(w, e, thing[entity[e + E_STEP] + NEXT])


@njit(**_INNER)
def begin(w: Memory, s: int, what: int) -> None:
    """Begin the service that :func:`could_begin` found."""
    thing = w.thing
    real = w.real
    entity = w.entity
    account(w, s)
    flags = thing[s + FLAGS]
    now = real[CLOCK + NOW]
    if what < NOBODY:
        q = first_in_use(w, thing[s + QUEUE]) if what == HEAD else line_of_held(w, s)
        e = thing[q + Q_HEAD]
        step_out(w, q, e)
        thing[s + WAITING] -= 1
        end_wait(w, s, e)
    else:
        e = board(w, s, what)
    if flags & F_HEADWAY and entity[e + E_HELD] == 0:
        real[s + X_LAST_START] = now
    if flags & F_POOL and entity[e + E_HELD] == 0:
        take_units(w, s)
    service = w.time[e + E_LEFT]
    if service < 0.0:
        service = service_time(w, e, entity[e + E_STEP], entity[e + E_VISITS])
        thing[s + SERVICES] += 1
    serve(w, s, e, service)


@njit(**_INNER)
def off_server(w: Memory, s: int, e: int) -> None:
    """Take an entity out of the list of those in service."""
    unlink(w, s, e, S_HEAD, S_TAIL)
    w.entity[e + E_TOKEN] = 0


@njit(**_INNER)
def interrupt(w: Memory, s: int, e: int, rule: int) -> None:
    """Put who is in service back to the front of its line, keeping what it took from pools."""
    thing = w.thing
    real = w.real
    entity = w.entity
    time = w.time
    account(w, s)
    off_server(w, s, e)
    left = time[e + E_DUE] - real[CLOCK + NOW]
    real[s + X_WORK] -= left
    if rule == RESUMES:
        time[e + E_LEFT] = left
    entity[e + E_HELD] = 1
    thing[s + BUSY] -= 1
    thing[s + INTERRUPTED] += 1
    q = thing[s + QUEUE]
    if not (thing[s + FLAGS] & F_BATCH):
        q += thing[entity[e + E_STEP] + LEVEL]
    line_up(w, q, e, FRONT)
    thing[s + WAITING] += 1
    if thing[CLOCK + LOGGING] != 0:
        write(w, L_INTERRUPT, entity[e + E_ID], s, NOT)


@njit(**_INNER)
def refresh(w: Memory, s: int) -> None:
    """Begin what a stage can begin, then let in who is blocked in front of it."""
    thing = w.thing
    while True:
        what = could_begin(w, s)
        if what == NOBODY:
            break
        begin(w, s, what)
    while thing[s + B_HEAD] != 0 and thing[s + TAKEN] < thing[s + PLACES]:
        e = thing[s + B_HEAD]
        thing[s + B_HEAD] = w.entity[e + E_NEXT]
        if thing[s + B_HEAD] == 0:
            thing[s + B_TAIL] = 0
        depart(w, e, FRONT)


@njit(**_INNER)
def share_pool(w: Memory, p: int) -> None:
    """Let the stages that wait for a pool begin: the most urgent first, then who waits longest.

    Of equals the first stage of the model, which is the last in the list of users.
    """
    thing = w.thing
    while True:
        best = 0
        best_priority = 0
        best_since = 0.0
        user = thing[p + P_USERS]
        while user != 0:
            s = thing[user + R_STAGE]
            if thing[s + WAITING] > 0 and could_begin(w, s) != NOBODY:
                q = first_in_use(w, thing[s + QUEUE])
                since = w.time[thing[q + Q_HEAD] + E_SINCE]
                priority = thing[q + Q_PRIORITY]
                if (
                    best == 0
                    or priority < best_priority
                    or (priority == best_priority and since <= best_since)
                ):
                    best = s
                    best_priority = priority
                    best_since = since
            user = thing[user + R_NEXT_USER]
        if best == 0:
            return
        begin(w, best, could_begin(w, best))


@njit(**_INNER)
def preempt(w: Memory, s: int, level: int) -> None:
    """Interrupt the least urgent in service, the one begun last, for who is more urgent."""
    thing = w.thing
    entity = w.entity
    # Who lacks units would only send away who may be about to give them back.
    if available(w, s) == 0 or (thing[s + FLAGS] & F_POOL and not units_are_free(w, s)):
        return
    victim = 0
    worst = level
    e = thing[s + S_TAIL]
    while e != 0:
        if thing[entity[e + E_STEP] + LEVEL] > worst:
            worst = thing[entity[e + E_STEP] + LEVEL]
            victim = e
        e = entity[e + E_BEFORE]
    if victim != 0:
        interrupt(w, s, victim, RESUMES)
        what = could_begin(w, s)
        if what != NOBODY:
            begin(w, s, what)


@njit(**_INNER)
def arrive(w: Memory, e: int) -> None:
    """Let an entity arrive at a stage with more than servers and a line."""
    thing = w.thing
    entity = w.entity
    step = entity[e + E_STEP]
    s = thing[step + STAGE]
    flags = thing[s + FLAGS]
    if flags & F_BALK and thing[s + WAITING] >= thing[s + BALK]:
        occupy(w, s, OUT)
        thing[s + BALKED] += 1
        if thing[s + B_HEAD] != 0:
            note(w, s)
        leave(w, e, L_BALK)
        return
    account(w, s)
    level = thing[step + LEVEL]
    line_up(w, thing[s + QUEUE] + level, e, BACK)
    w.time[e + E_LEFT] = -1.0
    thing[s + WAITING] += 1
    while True:
        what = could_begin(w, s)
        if what == NOBODY:
            break
        begin(w, s, what)
    if flags & F_PREEMPT and entity[e + E_STATE] == WAITS:
        preempt(w, s, level)
    if flags & F_BATCH:
        arm(w, s)
    if flags & F_PATIENCE and entity[e + E_STATE] == WAITS and entity[e + E_STEP] == step:
        key = key_of_visit(w, thing[s + KEY2], e, step, entity[e + E_VISITS])
        patience = draw(w, thing[s + PATIENCE], key, entity[e + E_ID] & NUMBER)
        token = schedule(w, w.real[CLOCK + NOW] + patience, RENEGE, e)
        entity[e + E_TOKEN] = np.int64(token)


# ---------------------------------------------------------------- plain stages
@njit(**_HOT)
def start(w: Memory, s: int, e: int, slot: int) -> None:
    """Begin a service at a stage with nothing but servers and a line.

    Its end takes a slot if the event that is handled has left one.  Its time has been drawn before:
    the next event depends on when this one ends, and need not wait for logarithms if the
    processor can work at them beside the event list.
    """
    thing = w.thing
    real = w.real
    entity = w.entity
    if thing[CLOCK + LOGGING] != 0:
        write(w, L_START, entity[e + E_ID], s, NOT)
    service = w.time[e + E_AHEAD]
    thing[s + SERVICES] += 1
    real[s + X_WORK] += service
    entity[e + E_STATE] = SERVED
    if slot >= 0:
        succeed(w, slot, real[CLOCK + NOW] + service, END, e)
    else:
        add(w, real[CLOCK + NOW] + service, END, e)
    step = entity[e + E_STEP]
    if thing[step + PLAIN] != 0:
        foresee(w, e, thing[step + NEXT])


@njit(**_HOT)
def come(w: Memory, s: int, e: int, slot: int) -> int:
    """Let an entity arrive at such a stage; return the slot if it is still free."""
    thing = w.thing
    real = w.real
    thing[s + ARRIVED] += 1
    if thing[CLOCK + LOGGING] != 0:
        write(w, L_ARRIVE, w.entity[e + E_ID], s, NOT)
    if thing[s + BUSY] < thing[s + SERVERS]:
        thing[s + BUSY] += 1
        thing[s + STARTED] += 1
        if thing[s + HIST] >= 0:
            tally(w, thing[s + HIST], 0.0)
        start(w, s, e, slot)
        return NO_SLOT
    now = real[CLOCK + NOW]
    real[s + X_QUEUE] += thing[s + WAITING] * (now - real[s + X_LAST])
    real[s + X_LAST] = now
    thing[s + WAITING] += 1
    line_up(w, thing[s + QUEUE] + COLUMNS, e, BACK)
    return slot


@njit(**_HOT)
def serve_next(w: Memory, s: int, slot: int) -> int:
    """Let the first in line begin where a server has become free; return the slot if unused."""
    thing = w.thing
    real = w.real
    entity = w.entity
    waiting = thing[s + WAITING]
    if waiting == 0:
        thing[s + BUSY] -= 1
        return slot
    now = real[CLOCK + NOW]
    q = thing[s + QUEUE] + COLUMNS
    e = thing[q + Q_HEAD]
    after = entity[e + E_NEXT]
    thing[q + Q_HEAD] = after
    # Row 0 of entities is nobody: who is last in line may write there.
    entity[after + E_BEFORE] = 0
    if after == 0:
        thing[q + Q_TAIL] = 0
    real[s + X_QUEUE] += waiting * (now - real[s + X_LAST])
    real[s + X_LAST] = now
    thing[s + WAITING] = waiting - 1
    wait = now - w.time[e + E_SINCE]
    real[s + X_SUM_WAIT] += wait
    thing[s + STARTED] += 1
    if wait > 0.0:
        thing[s + DELAYED] += 1
    if thing[s + HIST] >= 0:
        tally(w, thing[s + HIST], wait)
    start(w, s, e, slot)
    return NO_SLOT


# ---------------------------------------------------------------- clocks
@njit(**_INNER)
def series_time(w: Memory, row: int, n: int) -> float:
    """Return the n-th time of a series that may repeat after a period; inf after its end."""
    thing = w.thing
    real = w.real
    length = thing[row + LENGTH]
    cycle = n // length
    if cycle > 0 and real[row + X_PERIOD] == np.inf:
        return np.inf
    at = w.table[thing[row + FIRST] + n % length]
    return at + cycle * real[row + X_PERIOD] if cycle > 0 else at


@njit(**_INNER)
def next_toggle(w: Memory, c: int, kind: int) -> None:
    """Schedule the next opening or closing of a closure."""
    thing = w.thing
    real = w.real
    n = thing[c + O_COUNT]
    if thing[c + KIND] != 0:
        due = series_time(w, c, n)
    else:
        lasts = thing[c + (O_OPEN if kind == CLOSE else O_CLOSED)]
        due = real[CLOCK + NOW] + draw(w, lasts, U(thing[c + KEY]) + U(n) * GOLD, n >> 1)
    thing[c + O_COUNT] = n + 1
    if due < np.inf:
        schedule(w, due, kind, c)


@njit(**_INNER)
def toggle(w: Memory, c: int, kind: int) -> None:
    """Close or open servers of a stage."""
    thing = w.thing
    real = w.real
    s = thing[c + O_STAGE]
    next_toggle(w, c, OPEN if kind == CLOSE else CLOSE)
    now = real[CLOCK + NOW]
    account(w, s)
    down = smaller(thing[s + DOWN], thing[s + SERVERS])
    real[s + X_DOWN] += down * (now - real[s + X_DOWN_LAST])
    real[s + X_DOWN_LAST] = now
    if thing[CLOCK + LOGGING] != 0:
        write(w, L_CLOSE if kind == CLOSE else L_OPEN, NOT, s, NOT)
    if kind == OPEN:
        thing[s + DOWN] -= thing[c + O_SERVERS]
    else:
        thing[s + DOWN] += thing[c + O_SERVERS]
        if thing[c + O_RULE] != FINISHES:
            left = available(w, s)
            while thing[s + BUSY] > left and thing[s + S_TAIL] != 0:
                interrupt(w, s, thing[s + S_TAIL], thing[c + O_RULE])
    note(w, s)
    use = thing[s + USES]
    while use != 0:
        note(w, thing[use + R_POOL])
        use = thing[use + R_NEXT]


@njit(**_HOT)
def gap(w: Memory, source: int, made: int) -> float:
    """Return the time between the arrival of that number of a source and the one before."""
    thing = w.thing
    return draw(w, thing[source + S_EVERY], U(thing[source + KEY]) + U(made) * GOLD, made)


@njit(**_HOT)
def arrival_after(w: Memory, source: int, gap: float) -> float:
    """Return when a source has its next arrival; inf if it has none."""
    thing = w.thing
    real = w.real
    due = real[CLOCK + NOW] + gap
    if thing[source + S_PROFILE] != 0:
        due = operational_time(w, thing[source + S_PROFILE], real[CLOCK + NOW], gap)
    return due if due <= real[source + X_UNTIL] else np.inf


@njit(**_HOT)
def one_more(w: Memory, source: int) -> int:
    """Return a new entity of a source before its first step."""
    thing = w.thing
    number = thing[source + S_NUMBER]
    thing[source + S_NUMBER] = number + 1
    return create(w, thing[source + S_STEP], source, number, U(thing[source + KEY2]))


@njit(**_INNER)
def arrivals(w: Memory, source: int) -> None:
    """Let a source make its entities, and schedule its next arrival."""
    thing = w.thing
    made = thing[source + S_MADE] + 1
    thing[source + S_MADE] = made
    if made < thing[source + S_COUNT]:
        due = arrival_after(w, source, gap(w, source, made))
        if due < np.inf:
            schedule(w, due, ARRIVAL, source)
    for _ in range(thing[source + S_SIZE]):
        e = one_more(w, source)
        step = successor(w, e)
        s = thing[step + STAGE]
        if step != 0 and thing[s + FLAGS] & F_PLACES and thing[s + TAKEN] >= thing[s + PLACES]:
            w.entity[e + E_STEP] = step
            thing[s + LOST] += 1
            leave(w, e, L_LOST)
        else:
            go(w, e, step)


@njit(**_INNER)
def set_off(w: Memory, row: int) -> None:
    """Set off a source, a closure, a timetable or the longest gap of a stage."""
    thing = w.thing
    real = w.real
    if row >= thing[CLOCK + FIRST_TIMETABLE]:
        schedule(w, series_time(w, row, NOT), TICK, row)
    elif row >= thing[CLOCK + FIRST_CLOSURE]:
        next_toggle(w, row, CLOSE)
    elif row >= thing[CLOCK + FIRST_SOURCE]:
        due = arrival_after(w, row, gap(w, row, NOT))
        if due < np.inf:
            schedule(w, due, ARRIVAL, row)
            real[row + X_GAP] = gap(w, row, IN)
    else:
        thing[row + GAP_ARMED] = 1
        schedule(w, real[CLOCK + NOW] + real[row + X_MAX_GAP], GAP, row)


@njit(**_INNER)
def deadlocked(w: Memory) -> bool:
    """Whether stages wait for each other in a ring; MARK says which.

    A stage stays stuck if all who hold its servers are blocked by stuck stages.
    """
    thing = w.thing
    entity = w.entity
    first = thing[CLOCK + FIRST_STAGE]
    last = first + thing[CLOCK + N_STAGES] * COLUMNS
    marked = 0
    for s in range(first, last, COLUMNS):
        thing[s + MARK] = 0
        if (
            thing[s + BLOCKED] > 0
            and thing[s + BLOCKED] == thing[s + BUSY]
            and (thing[s + BUSY] >= thing[s + SERVERS] or thing[s + WAITING] == 0)
            and thing[s + TAKEN] >= thing[s + PLACES]
        ):
            thing[s + MARK] = 1
            marked += 1
    changed = True
    while changed and marked > 0:
        changed = False
        for t in range(first, last, COLUMNS):
            if thing[t + MARK] != 0:
                continue
            e = thing[t + B_HEAD]
            while e != 0:
                s = thing[entity[e + E_STEP] + STAGE]
                if thing[s + MARK] != 0:
                    thing[s + MARK] = 0
                    marked -= 1
                    changed = True
                e = entity[e + E_NEXT]
    return marked > 0


@njit(**_INNER)
def happen(w: Memory, kind: int, row: int, key: np.uint64) -> None:  # noqa: C901, PLR0915 - one branch for each kind of event
    """Do what an event of the rarer kinds does."""
    thing = w.thing
    real = w.real
    entity = w.entity
    now = real[CLOCK + NOW]
    if kind == END or (kind == FINISH and U(entity[row + E_TOKEN]) == key):
        s = thing[entity[row + E_STEP] + STAGE]
        if kind == FINISH:
            off_server(w, s, row)
        if thing[CLOCK + LOGGING] != 0:
            write(w, L_END, entity[row + E_ID], s, NOT)
        depart(w, row, BACK)
    elif kind == ARRIVAL:
        arrivals(w, row)
    elif kind == RETURN:
        thing[row + BUSY] -= 1
        note(w, row)
    elif kind == POOL_RETURN:
        count_units(w, thing[row + R_POOL], thing[row + R_UNITS])
        note(w, thing[row + R_POOL])
    elif kind == OPEN or kind == CLOSE:  # noqa: SIM109 - numba makes a function for `in`
        toggle(w, row, kind)
    elif kind == WAKE:
        thing[row + WOKEN] = 0
        note(w, row)
    elif kind == DEADLINE:
        thing[row + ARMED] = 0
        if longest_since(w, row) + real[row + X_MAX_WAIT] <= now:
            thing[row + OVERDUE] = 1
            refresh(w, row)
        if thing[row + OVERDUE] == 0:
            arm(w, row)
    elif kind == GAP:
        thing[row + GAP_ARMED] = 0
        due = real[row + X_LAST_DEPARTURE] + real[row + X_MAX_GAP]
        if due > now:
            thing[row + GAP_ARMED] = 1
            schedule(w, due, GAP, row)
        else:
            thing[row + OVERDUE] = 1
            refresh(w, row)
    elif kind == TICK:
        s = thing[row + T_STAGE]
        n = thing[row + T_COUNT] + 1
        thing[row + T_COUNT] = n
        due = series_time(w, row, n)
        if due < np.inf:
            schedule(w, due, TICK, row)
        before = thing[s + DEPARTED]
        thing[s + FORCE] = 1
        refresh(w, s)
        thing[s + FORCE] = 0
        if thing[s + DEPARTED] == before:
            thing[s + MISSED] += 1
    elif kind == BEGIN:
        set_off(w, row)
    elif kind == RENEGE and U(entity[row + E_TOKEN]) == key:
        step = entity[row + E_STEP]
        s = thing[step + STAGE]
        account(w, s)
        step_out(w, thing[s + QUEUE] + thing[step + LEVEL], row)
        thing[s + WAITING] -= 1
        thing[s + RENEGED] += 1
        real[s + X_QUIT_WAIT] += now - w.time[row + E_SINCE]
        occupy(w, s, OUT)
        note(w, s)
        leave(w, row, L_RENEGE)


@njit(**_INNER)
def look(w: Memory, row: int) -> None:
    """Look at a stage, or at a pool, that was noted."""
    thing = w.thing
    first = thing[CLOCK + FIRST_STAGE]
    if first <= row < first + thing[CLOCK + N_STAGES] * COLUMNS:
        refresh(w, row)
    else:
        share_pool(w, row)


@njit(**_INNER)
def settle(w: Memory) -> None:
    """Look at what was noted, and let arrive who is under way, until nothing is left to do."""
    thing = w.thing
    entity = w.entity
    while True:
        row = thing[CLOCK + N_HEAD]
        if row != 0:
            thing[CLOCK + N_HEAD] = thing[row + NOTE_NEXT]
            if thing[row + NOTE_NEXT] == 0:
                thing[CLOCK + N_TAIL] = 0
            thing[row + NOTED] = 0
            look(w, row)
            continue
        e = thing[CLOCK + A_HEAD]
        if e == 0:
            return
        thing[CLOCK + A_HEAD] = entity[e + E_NEXT]
        if entity[e + E_NEXT] == 0:
            thing[CLOCK + A_TAIL] = 0
        s = thing[entity[e + E_STEP] + STAGE]
        if thing[s + FLAGS] == 0:
            step = entity[e + E_STEP]
            # A stage that interrupts has left what remained of its service there.
            w.time[e + E_LEFT] = -1.0
            w.time[e + E_AHEAD] = service_time(w, e, step, entity[e + E_VISITS])
            thing[CLOCK + HOLE] = come(w, s, e, thing[CLOCK + HOLE])
            continue
        thing[s + ARRIVED] += 1
        if thing[CLOCK + LOGGING] != 0:
            write(w, L_ARRIVE, entity[e + E_ID], s, NOT)
        arrive(w, e)


@njit(**_INNER)
def room(w: Memory, slots: int, rows: int, log_rows: int, stop: int) -> int:
    """Return how many plain events have room in the arrays and below the limits; else why not.

    Reasons are negative statuses.  A plain event adds at most one entity, one event and four rows
    of the log.
    """
    thing = w.thing
    inside = thing[CLOCK + INSIDE]
    burst = thing[CLOCK + BURST]
    events = thing[CLOCK + EVENTS]
    free = slots - burst - thing[CLOCK + PENDING] - 2 * inside
    if free < 0:
        return -GROW_EVENTS
    carries = thing[CLOCK + CARRIES]
    free_rows = rows - burst - thing[CLOCK + USED] - carries * inside
    if free_rows < 0:
        return -GROW_ENTITIES
    calm = smaller(free // 3, free_rows // 2)
    if thing[CLOCK + LOGGING] != 0:
        free = log_rows - 8 * burst - thing[CLOCK + LOGGED] - 8 * inside
        if free < 0:
            return -GROW_LOG
        calm = smaller(calm, free // 12)
    if inside > thing[CLOCK + MOST_INSIDE]:
        return -TOO_MANY_INSIDE
    if events >= stop:
        return -SLICE
    if events >= thing[CLOCK + MOST_EVENTS]:
        return -TOO_MANY_EVENTS
    calm = smaller(calm, thing[CLOCK + MOST_INSIDE] - inside)
    return larger(1, smaller(calm, smaller(stop - events, thing[CLOCK + MOST_EVENTS] - events)))


@njit(_I(WORLD, _F, _I), **_ENTRY)
def advance(world: World, until: float, events: int) -> int:  # noqa: C901, PLR0915 - the fast path is spelled out, see decision 014
    """Let events happen up to a time.

    Parameters
    ----------
    world : World
        Changes in place.
    until : float
        Events later than this stay.
    events : int
        At most so many; then the status is `SLICE`.

    Returns
    -------
    int
        Why it stopped: `UNTIL` to `EMPTY`.
    """
    w = Memory(
        beginning(world.thing),
        beginning(world.real),
        beginning(world.entity),
        beginning(world.time),
        beginning(world.event),
        beginning(world.holder),
        beginning(world.table),
        beginning(world.histogram),
        beginning(world.log_time),
        beginning(world.log),
    )
    thing, real, entity, event = w.thing, w.real, w.entity, w.event
    slots = world.holder.size
    rows = world.entity.shape[0] - 1
    log_rows = world.log_time.size
    stop = thing[CLOCK + EVENTS] + events
    calm = 0
    while True:
        if thing[CLOCK + PENDING] == 0:
            return EMPTY if thing[CLOCK + INSIDE] == 0 else STUCK
        now = U(event[2]).view(np.float64)
        if now > until:
            real[CLOCK + NOW] = until
            return UNTIL
        if calm <= 0:
            calm = room(w, slots, rows, log_rows, stop)
            if calm < 0:
                return -calm
        calm -= 1
        real[CLOCK + NOW] = now
        thing[CLOCK + EVENTS] += 1
        key = event[3]
        kind = np.int64(key >> _60)
        slot = np.int64(key & _SLOT)
        row = w.holder[slot]
        if kind == END and thing[entity[row + E_STEP] + PLAIN] != 0:
            step = entity[row + E_STEP]
            s = thing[step + STAGE]
            following = thing[step + NEXT]
            if thing[CLOCK + LOGGING] != 0:
                write(w, L_END, entity[row + E_ID], s, NOT)
            if following == 0:
                leave(w, row, L_EXIT)
                slot = serve_next(w, s, slot)
            else:
                if thing[following + AGAIN] != 0:
                    entity[row + E_VISITS] += 1
                entity[row + E_STEP] = following
                slot = serve_next(w, s, slot)
                slot = come(w, thing[following + STAGE], row, slot)
        elif kind == ARRIVAL and thing[row + PLAIN] != 0:
            made = thing[row + S_MADE] + 1
            thing[row + S_MADE] = made
            if made < thing[row + S_COUNT]:
                due = arrival_after(w, row, real[row + X_GAP])
                if due < np.inf:
                    succeed(w, slot, due, ARRIVAL, row)
                    slot = NO_SLOT
                    real[row + X_GAP] = gap(w, row, made + 1)
            e = one_more(w, row)
            step = thing[entity[e + E_STEP] + NEXT]
            foresee(w, e, step)
            entity[e + E_VISITS] = thing[step + AGAIN]
            entity[e + E_STEP] = step
            slot = come(w, thing[step + STAGE], e, slot)
        else:
            calm = 0
            thing[CLOCK + HOLE] = slot
            happen(w, kind, row, key)
            settle(w)
            slot = thing[CLOCK + HOLE]
            thing[CLOCK + HOLE] = NO_SLOT
        if slot >= 0:
            drop(w, slot)
        if thing[CLOCK + BLOCKING] != 0:
            thing[CLOCK + BLOCKING] = 0
            if thing[CLOCK + LOOPS] != 0 and deadlocked(w):
                return DEADLOCK
