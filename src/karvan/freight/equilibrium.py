"""User equilibrium with a certificate, by bushes and paired alternative segments."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import (
    above_zero,
    at_least_one,
    is_a,
    must_be,
    numbers,
    shown,
    whole_number,
)
from karvan.freight.bushes import Rows, Start, all_pairs, first_rows, same_array
from karvan.freight.certificate import Certificate
from karvan.freight.problem import AssignmentProblem
from karvan.freight.sweeps import Task, solve, solve_near
from karvan.kernels.bush import Pairs, average

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """Result of :func:`user_equilibrium`.

    Attributes
    ----------
    flow : ndarray, shape (n_links,)
    class_flow : ndarray, shape (n_classes, n_links)
    time : ndarray, shape (n_links,)
        Delay at `flow`.
    cost : ndarray, shape (n_classes, n_links)
        Time plus tolls; inf where a class may not go.
    objective : float
        Beckmann's.
    total_cost, shortest_cost, relative_gap, average_excess_cost, conservation_error : float
        The certificate; see :class:`~karvan.freight.certificate.Certificate`.
    converged : bool
        Whether the relative gap is as small as was asked.
    iterations : int
        Looks at bushes: at all of them, or after a start at those that may have shorter paths; 0
        where a start needs none.
    unreachable : ndarray of int
        Pairs with demand but no path; they are not in the flows.
    problem : AssignmentProblem
    """

    flow: FloatArray
    class_flow: FloatArray
    time: FloatArray
    cost: FloatArray
    objective: float
    total_cost: float
    shortest_cost: float
    relative_gap: float
    average_excess_cost: float
    conservation_error: float
    converged: bool
    iterations: int
    unreachable: IntArray
    problem: AssignmentProblem
    _bushes: "Rows"

    def average_on_paths(self, values: ArrayLike) -> FloatArray:
        """Return the sum of a link attribute along the used paths of each pair, by flow.

        Used paths carry flow as the bushes split it.  With time it is the skim of time, with a
        part of cost the skim of that part.

        Parameters
        ----------
        values : array_like, shape (n_links,)

        Returns
        -------
        ndarray, shape (n_pairs,)
            NaN where nothing moves.

        Raises
        ------
        AssignmentError
        """
        n_links = self.problem.n_links
        values = numbers("values", values)
        if len(values) != n_links:
            message = f"values has {len(values)} entries, expected one for each of {n_links} links"
            raise AssignmentError([message])
        rows = self._bushes
        inside = average(rows.arcs, rows.bushes, np.ascontiguousarray(values[rows.link]))
        result = np.full(len(self.problem.demand), np.nan)
        moves = rows.bushes.demand > 0.0
        result[rows.pair[moves]] = inside[moves]
        return result

    def select_link(self, link: int) -> FloatArray:
        """Return the flow of each pair that uses a link, shape (n_pairs,).

        Raises
        ------
        AssignmentError
            No link of that number.
        """
        n_links, link = self.problem.n_links, whole_number("link", link)
        if not 0 <= link < n_links:
            raise AssignmentError([f"link is {link}, expected 0 to {n_links - 1}"])
        on_link = np.zeros(n_links)
        on_link[link] = 1.0
        return np.nan_to_num(self.average_on_paths(on_link)) * self.problem.amount


def user_equilibrium(
    problem: AssignmentProblem,
    relative_gap: float = 1e-10,
    *,
    max_iterations: int = 1000,
    start: Equilibrium | None = None,
    threads: int | None = None,
    progress: Callable[[int, float], None] = lambda iteration, gap: None,
) -> Equilibrium:
    """Return flows in which nobody can find a cheaper path.

    Parameters
    ----------
    problem : AssignmentProblem
    relative_gap : float
        Wanted (total - shortest) / total cost, > 0.
    max_iterations : int
        Looks at bushes, at least 1; the result says if they were too few.
    start : Equilibrium, optional
        Of a problem with the same network; what it knows is used, the answer does not depend on it
        beyond `relative_gap`.
    threads : int, optional
        At most; all cores without it.  The result is the same to the last bit.
    progress : callable
        Takes the iteration and an estimate of the gap.

    Raises
    ------
    AssignmentError
        An argument out of range, a start of another network, or flows that do not add up.

    References
    ----------
    Wardrop (1952), Some theoretical aspects of road traffic research,
    https://doi.org/10.1680/ipeds.1952.11259; the method: :mod:`karvan.kernels.bush`.
    """
    _check_arguments(relative_gap, max_iterations, threads, start, problem)
    rows, loads = first_rows(problem, _known(start))
    borrowed = start is not None
    task = Task(problem, rows, loads, relative_gap, max_iterations, threads, progress, borrowed)
    if start is not None:
        return _result(task, *solve_near(task, start.total_cost), None)
    certificate, iterations = solve(task)
    # Whoever changes one thing and solves again will begin with them.
    return _result(task, certificate, iterations, all_pairs(rows))


def _check_arguments(
    relative_gap: float,
    max_iterations: int,
    threads: int | None,
    start: Equilibrium | None,
    problem: AssignmentProblem,
) -> None:
    must_be(AssignmentProblem, "problem", problem, "assignment_problem")
    problems = above_zero("relative_gap", relative_gap)
    problems += at_least_one("max_iterations", max_iterations)
    if threads is not None:
        problems += at_least_one("threads", threads)
    if start is not None and not is_a(Equilibrium, start):
        problems.append(f"start is {shown(start)}, expected an Equilibrium")
    elif start is not None and not _same_network(start.problem, problem):
        problems.append("start belongs to another network: expected the same nodes and links")
    if problems:
        raise AssignmentError(problems)


def _same_network(one: AssignmentProblem, other: AssignmentProblem) -> bool:
    return (
        one.n_nodes == other.n_nodes
        and one.first_through_node == other.first_through_node
        and len(one.classes) == len(other.classes)
        and same_array(one.tail, other.tail)
        and same_array(one.head, other.head)
    )


def _known(start: Equilibrium | None) -> Start | None:
    return None if start is None else Start(start.problem, start._bushes, start.flow)


def _result(
    task: Task, certificate: Certificate, iterations: int, pairs: Pairs | None
) -> Equilibrium:
    problem, rows = task.problem, task.rows
    time, class_flow = certificate.time, certificate.class_flow
    return Equilibrium(
        flow=class_flow.sum(axis=0) if len(class_flow) > 1 else class_flow[0].copy(),
        class_flow=class_flow,
        time=time,
        cost=time + problem.toll,
        objective=certificate.objective,
        total_cost=certificate.total_cost,
        shortest_cost=certificate.shortest_cost,
        relative_gap=certificate.relative_gap,
        average_excess_cost=certificate.average_excess_cost,
        conservation_error=certificate.conservation_error,
        converged=bool(certificate.relative_gap <= task.relative_gap),
        iterations=iterations,
        unreachable=rows.unreachable,
        problem=problem,
        _bushes=replace(rows, pairs=pairs),
    )
