"""Networks whose capacities are kept by gates: links that charge a price which rises with flow."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from karvan.freight.delay import Delay, delays
from karvan.freight.excess_demand import joined, widened
from karvan.freight.problem import AssignmentProblem
from karvan.kernels.bush import CONICAL, CONSTANT, LINEAR

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SHARP = 1e12
"""Steepness of a cone that bends where its price begins all but at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Gates:
    """A problem with a gate for each capacity that may bind; made by :func:`with_gates`.

    Attributes
    ----------
    problem : AssignmentProblem
        With one more node and link for each gate behind a link whose time depends on flow; the
        links of the problem itself come first.  Gates are open: nothing is charged.
    link : ndarray of int, shape (n_gates,)
        Link that the capacity belongs to.
    column : ndarray of int, shape (n_gates,)
        Link of `problem` that charges the price.
    capacity : ndarray, shape (n_gates,)
    """

    problem: AssignmentProblem
    link: IntArray
    column: IntArray
    capacity: FloatArray

    def charging(
        self, price: FloatArray, weight: FloatArray, steepness: float = SHARP
    ) -> AssignmentProblem:
        """Return the problem with gates that charge ``max(0, price + weight * (flow - capacity))``.

        Parameters
        ----------
        price, weight : ndarray, shape (n_gates,)
            In units of time, and of time per unit of flow, > 0.
        steepness : float
            > 1; the smaller, the rounder is the corner.

        Notes
        -----
        Where the price is above 0 at any flow this is a line; else the bend is that of Spiess's
        conical function, which starts at a trillionth of what it
        rises by, so that the solver has a slope everywhere.
        """
        delay = self.problem.delay
        kind, base, factor = delay.kind.copy(), delay.base.copy(), delay.factor.copy()
        size, shape = delay.capacity.copy(), delay.shape.copy()
        bend = self.capacity - price / weight
        bent = bend > 0.0
        line, cone = self.column[~bent], self.column[bent]
        kind[line], size[line], factor[line] = LINEAR, 1.0, weight[~bent]
        base[line] += np.maximum(-bend * weight, 0.0)[~bent]
        kind[cone], size[cone], shape[cone] = CONICAL, bend[bent], steepness
        factor[cone] = 0.5 * (weight * bend)[bent] / steepness
        return replace(self.problem, delay=Delay(kind, base, factor, size, shape))

    def charged(self, time: FloatArray) -> FloatArray:
        """Return what gates charge, shape (n_gates,), by the times of a charging problem."""
        return time[self.column] - self.problem.delay.base[self.column]


def with_gates(problem: AssignmentProblem, capacity: FloatArray) -> Gates:
    """Return a problem with gates where all demand together is above the capacity.

    Parameters
    ----------
    problem : AssignmentProblem
    capacity : ndarray, shape (n_links,)
        inf where there is none.
    """
    link = np.flatnonzero(capacity < problem.amount.sum())
    column = link.copy()
    behind = problem.delay.kind[link] != CONSTANT
    moved = link[behind]
    column[behind] = problem.n_links + np.arange(len(moved))
    new = problem.n_nodes + np.arange(len(moved))
    head = problem.head.copy()
    head[moved] = new
    wide = replace(
        problem,
        n_nodes=problem.n_nodes + len(new),
        tail=np.append(problem.tail, new),
        head=np.append(head, problem.head[moved]),
        delay=joined(problem.delay, delays("constant", base=np.zeros(len(new)))),
        classes=tuple(widened(c, len(new)) for c in problem.classes),
    )
    return Gates(wide, link, column, capacity[link])
