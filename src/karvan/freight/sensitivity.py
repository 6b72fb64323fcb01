"""Derivatives of equilibrium flows and times by a number of the problem."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from karvan.errors import AssignmentError, did_you_mean
from karvan.freight.arguments import must_be, whole_number
from karvan.freight.equilibrium import Equilibrium
from karvan.freight.used_cycles import UsedCycles, used_cycles
from karvan.kernels.bush import CONCAVE, CONSTANT

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Parameter = Literal["demand", "base", "capacity", "toll"]

RANK = 1e-10
"""Share of the largest singular value from which a direction counts."""

UNBALANCED = 1e-7
"""Share of the largest change of cost above which cheapest paths do not stay equal."""

ANY = 1e-9
"""What is smaller than this in rows of length 1 is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """The linearised equilibrium; made by :func:`linearise`.

    Attributes
    ----------
    equilibrium : Equilibrium
    free : ndarray, shape (n_links, n_free)
        Orthonormal directions in which link flows can move both ways.
    undetermined : ndarray of bool, shape (n_links,)
        Links whose flow equilibrium does not fix, since nothing on them depends on it.
    """

    equilibrium: Equilibrium
    free: FloatArray
    undetermined: BoolArray
    _cycles: UsedCycles
    _idle: BoolArray

    def flow(self, parameter: Parameter, index: int) -> FloatArray:
        """Return the derivative of the flow of each link, shape (n_links,).

        Parameters
        ----------
        parameter : {"demand", "base", "capacity", "toll"}
            Demand of a pair; free time, capacity, or toll in units of time for every class, of a
            link.  With `base` all else stays: the factor of a BPR function is its own number.
        index : int
            Of the pair or link.

        Returns
        -------
        ndarray
            NaN on links whose flow is not determined.

        Raises
        ------
        AssignmentError
            The derivative does not exist; says where.
        """
        return np.where(self.undetermined, np.nan, self._change(parameter, index)[0])

    def time(self, parameter: Parameter, index: int) -> FloatArray:
        """Return the derivative of the time of each link; arguments as in :meth:`flow`."""
        flow, cost = self._change(parameter, index)
        own = np.zeros_like(cost) if parameter == "toll" else cost
        return _slope(self.equilibrium) * flow + own

    def _change(self, parameter: Parameter, index: int) -> tuple[FloatArray, FloatArray]:
        """Derivative of flows, and of link costs at unchanged flows."""
        moved, cost = _disturbance(self.equilibrium, self._cycles, parameter, index)
        slope = _slope(self.equilibrium)
        root = np.sqrt(slope)[:, None] * self.free
        _, size, right = np.linalg.svd(root, full_matrices=False)
        known = size > RANK * size.max(initial=0.0)
        pull = right @ (self.free.T @ (slope * moved + cost))
        most = np.abs(cost).max(initial=0.0) + np.abs(slope * moved).max(initial=0.0)
        if (np.abs(pull[~known]) > UNBALANCED * most).any():
            message = (
                f"{parameter} {index}: flows would jump between paths whose costs do not depend on "
                "flow, expected a parameter that keeps their costs equal"
            )
            raise AssignmentError([message])
        amount = np.divide(pull, size**2, out=np.zeros_like(pull), where=known)
        flow = moved - self.free @ (right.T @ amount)
        self._require_balance(slope * flow + cost, most, parameter, index)
        return flow, cost

    def _require_balance(self, change: FloatArray, most: float, parameter: str, index: int) -> None:
        """Cheapest paths without flow must stay as cheap: else flows move one way only."""
        cycles = self._cycles
        uneven = np.abs(change @ cycles.cycle) > UNBALANCED * most
        if not uneven.any():
            return
        stuck = self._idle & (np.abs(cycles.idle[:, uneven]) > 0.0).any(axis=1)
        links = ", ".join(str(link) for link in np.unique(cycles.idle_link[stuck])[:10])
        message = (
            f"{parameter} {index}: the derivative does not exist, since paths without flow cost as "
            f"little as used ones and flow would enter them one way only: link(s) {links}"
        )
        raise AssignmentError([message])


def linearise(equilibrium: Equilibrium) -> Sensitivity:
    """Return the linearised equilibrium, for any number of derivatives.

    Parameters
    ----------
    equilibrium : Equilibrium
        As precise as possible: a relative gap of 1e-12 or less.

    Raises
    ------
    AssignmentError
        Flow on paths that are not cheapest, or on a link whose delay has an infinite slope there.

    Notes
    -----
    Dense matrices of links by cycles of used paths: for networks of a few thousand links.

    References
    ----------
    Patriksson (2004), Sensitivity analysis of traffic equilibria,
    https://doi.org/10.1287/trsc.1030.0043 (the quadratic problem, and where the derivative
    exists); Lawson and Hanson (1974), Solving least squares problems, chapter 23 (the test whether
    flow on a path can be positive).
    """
    must_be(Equilibrium, "equilibrium", equilibrium, "user_equilibrium")
    problems = [
        f"link {link}: the slope of its delay is infinite at flow 0, expected a power of at least 1"
        for link in np.flatnonzero(
            (equilibrium.problem.delay.kind == CONCAVE) & (equilibrium.flow <= 0.0)
        )
    ]
    if problems:
        raise AssignmentError(problems)
    cycles = used_cycles(equilibrium)
    idle = _idle(cycles, equilibrium.problem.delay.kind != CONSTANT)
    inside = _null_space(cycles.idle[idle])
    free = _range(cycles.cycle @ inside)
    root = np.sqrt(_slope(equilibrium))[:, None] * free
    loose = free @ _null_space(root)
    undetermined = np.abs(loose).max(axis=1, initial=0.0) > ANY
    return Sensitivity(equilibrium, free, undetermined, cycles, idle)


def flow_derivative(equilibrium: Equilibrium, what: Parameter, index: int) -> FloatArray:
    """Return the derivative of link flows by one number; see :meth:`Sensitivity.flow`."""
    return linearise(equilibrium).flow(what, index)


def _slope(equilibrium: Equilibrium) -> FloatArray:
    return equilibrium.problem.delay.slope(equilibrium.flow)


def _disturbance(
    equilibrium: Equilibrium, cycles: UsedCycles, parameter: str, index: int
) -> tuple[FloatArray, FloatArray]:
    """Flow that enters on some path, and change of link costs, by one unit of the parameter."""
    problem, index = equilibrium.problem, whole_number("index", index)
    known, n_links = get_args(Parameter), problem.n_links
    if parameter not in known:
        message = f"parameter '{parameter}' is not known: expected one of {', '.join(known)}; "
        raise AssignmentError([message + did_you_mean(str(parameter), known)])
    size, thing = (len(problem.demand), "pair") if parameter == "demand" else (n_links, "link")
    if not 0 <= index < size:
        message = f"index is {index}, expected a {thing} from 0 to {size - 1}"
        raise AssignmentError([message])
    moved, cost = np.zeros(n_links), np.zeros(n_links)
    if parameter == "demand":
        if problem.origin[index] != problem.destination[index]:
            if not cycles.path[:, index].any():
                message = f"O-D pair {index}: no flow, expected demand > 0 that has a path"
                raise AssignmentError([message])
            moved = cycles.path[:, index] * problem.classes[problem.user_class[index]].units
    elif parameter == "capacity":
        if problem.delay.kind[index] != CONSTANT:
            ratio = equilibrium.flow[index] / problem.delay.capacity[index]
            cost[index] = -_slope(equilibrium)[index] * ratio
    else:
        cost[index] = 1.0
    return moved, cost


def _idle(cycles: UsedCycles, fixed: BoolArray) -> BoolArray:
    """Links of cheapest paths that carry flow of their origin in no equilibrium.

    Equilibrium fixes the flow of links whose time depends on it, not who is on them; only a
    cheapest path that is without flow in every such split is idle.  It is not where an exchange
    that changes no `fixed` flow brings flow to every path at once; where none does, Gordan's
    theorem names the obstacles.
    """
    used = ~(cycles.idle != 0.0).any(axis=0)
    if _rank(cycles.cycle[:, used]) == _rank(cycles.cycle):
        return np.zeros(len(cycles.idle_link), dtype=np.bool_)
    return _obstacles(cycles.idle @ _null_space(cycles.cycle[fixed]))


def _obstacles(gain: FloatArray) -> BoolArray:
    """Rows of `gain` that no combination of columns makes positive with the others not negative."""
    stuck = np.zeros(len(gain), dtype=np.bool_)
    while not stuck.all():
        inside = _null_space(gain[stuck])
        rows = np.flatnonzero(~stuck)
        here = gain[rows] @ inside
        length = np.linalg.norm(here, axis=1)
        nothing = length <= ANY
        stuck[rows[nothing]] = True
        rows, here, length = rows[~nothing], here[~nothing], length[~nothing]
        if not len(rows):
            return stuck
        weight = _least_combination(here / length[:, None])
        if not weight.any():
            return stuck
        stuck[rows[weight > 0.0]] = True
    return stuck


def _least_combination(rows: FloatArray) -> FloatArray:
    """Weights >= 0 of sum 1 whose combination of unit rows vanishes; all 0 if there is none."""
    system = np.vstack([rows.T, np.ones(len(rows))])
    wanted = np.zeros(len(system))
    wanted[-1] = 1.0
    weight = _nonnegative_least_squares(system, wanted)
    left = np.linalg.norm(system @ weight - wanted)
    return weight if left <= ANY * len(rows) else np.zeros(len(rows))


def _nonnegative_least_squares(matrix: FloatArray, wanted: FloatArray) -> FloatArray:
    """Lawson and Hanson's active-set method."""
    n = matrix.shape[1]
    weight, inside = np.zeros(n), np.zeros(n, dtype=np.bool_)
    for _ in range(3 * n):
        pull = matrix.T @ (wanted - matrix @ weight)
        pull[inside] = -np.inf
        if not pull.max(initial=-np.inf) > ANY:
            break
        inside[pull.argmax()] = True
        while True:
            trial = np.zeros(n)
            trial[inside] = np.linalg.lstsq(matrix[:, inside], wanted, rcond=None)[0]
            below = inside & (trial <= 0.0)
            if not below.any():
                break
            share = (weight[below] / (weight[below] - trial[below])).min()
            weight += share * (trial - weight)
            inside &= weight > ANY**2
            weight[~inside] = 0.0
        weight = trial
    return weight


def _rank(matrix: FloatArray) -> int:
    return int(_range(matrix).shape[1])


def _range(matrix: FloatArray) -> FloatArray:
    """Orthonormal basis of the columns."""
    if not matrix.size:
        return np.zeros((len(matrix), 0))
    # Origins share most cycles; what repeats adds nothing.
    left, size, _ = np.linalg.svd(np.unique(matrix, axis=1), full_matrices=False)
    return left[:, size > RANK * size.max()]


def _null_space(matrix: FloatArray) -> FloatArray:
    """Orthonormal basis of the vectors that the matrix takes to zero."""
    n = matrix.shape[1]
    if not matrix.size:
        return np.eye(n)
    square = np.linalg.qr(matrix, mode="r") if len(matrix) > n else matrix
    _, size, right = np.linalg.svd(square, full_matrices=True)
    return right[int((size > RANK * size.max()).sum()) :].T
