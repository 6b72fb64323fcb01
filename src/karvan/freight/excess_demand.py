"""Linear elastic demand as a fixed demand, some of which stays at home on links of its own."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from karvan.freight.delay import Delay, delays
from karvan.freight.equilibrium import user_equilibrium
from karvan.freight.problem import AssignmentProblem, UserClass, assignment_problem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def linear_demand(
    problem: AssignmentProblem, most: FloatArray, fall: FloatArray, relative_gap: float
) -> FloatArray:
    """Return the demand of each pair in equilibrium, shape (n_pairs,), where it falls linearly.

    Parameters
    ----------
    problem : AssignmentProblem
    most : ndarray, shape (n_pairs,)
        Demand of each pair at no cost.
    fall : ndarray, shape (n_pairs,)
        What a unit of cost takes away; 0 where demand is fixed.
    relative_gap : float
        Wanted of the network with the links of those who stay.

    Notes
    -----
    The link of those who stay costs what the last of them would have paid: their number / `fall`.

    References
    ----------
    Gartner (1980), Optimal traffic assignment with elastic demands, part II,
    https://doi.org/10.1287/trsc.14.2.192
    """
    may_stay = np.flatnonzero((fall > 0.0) & (most > 0.0) & (problem.origin != problem.destination))
    nothing = np.zeros(len(may_stay))
    units = np.array([c.units for c in problem.classes])[problem.user_class]
    stay = delays("linear", base=nothing, factor=1.0 / fall[may_stay], capacity=units[may_stay])
    wide = with_ways_to_stay(replace(problem, demand=most), stay, may_stay)
    flow = user_equilibrium(wide, relative_gap).flow
    stays = flow[problem.n_links : problem.n_links + len(may_stay)] / units[may_stay]
    demand = most.copy()
    demand[may_stay] = np.maximum(demand[may_stay] - stays, 0.0)
    return demand


def with_ways_to_stay(
    problem: AssignmentProblem, stay: Delay, pairs: IntArray
) -> AssignmentProblem:
    """Return the network with links from each origin and each destination to a new node.

    Closed nodes get a twin where paths end, which the links to the new nodes leave.

    Parameters
    ----------
    problem : AssignmentProblem
    stay : Delay
        Of the links of those who stay, which follow those of the network.
    pairs : ndarray of int, shape (stay.n_links,)
        Pairs that may stay.
    """
    closed = problem.first_through_node
    head = np.where(problem.head < closed, problem.head + problem.n_nodes, problem.head)
    end = np.where(
        problem.destination < closed, problem.destination + problem.n_nodes, problem.destination
    )
    new = problem.n_nodes + closed + np.arange(len(pairs))
    arrive = delays("constant", base=np.zeros(len(pairs)))
    target = end.copy()
    target[pairs] = new
    return assignment_problem(
        problem.n_nodes + closed + len(pairs),
        np.concatenate((problem.tail, problem.origin[pairs], end[pairs])),
        np.concatenate((head, new, new)),
        joined(problem.delay, stay, arrive),
        problem.origin,
        target,
        problem.demand,
        user_class=problem.user_class,
        classes=[widened(c, 2 * len(pairs)) for c in problem.classes],
    )


def joined(*parts: Delay) -> Delay:
    """Return the functions of several sets of links, one after the other."""
    return Delay(
        np.concatenate([d.kind for d in parts]),
        np.concatenate([d.base for d in parts]),
        np.concatenate([d.factor for d in parts]),
        np.concatenate([d.capacity for d in parts]),
        np.concatenate([d.shape for d in parts]),
    )


def widened(user_class: UserClass, n_new: int) -> UserClass:
    """Return the class with new links, which are free and open to it."""
    money, allowed = user_class.money, user_class.allowed
    return replace(
        user_class,
        money=None if money is None else np.append(money, np.zeros(n_new)),
        allowed=None if allowed is None else np.append(allowed, np.ones(n_new, dtype=np.bool_)),
    )
