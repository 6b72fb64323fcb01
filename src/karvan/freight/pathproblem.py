"""Groups of demand with their paths, and what paths use of resources."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError
from karvan.freight.arguments import shown
from karvan.freight.delay import Delay
from karvan.kernels.response import response

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEAST = float(np.finfo(np.float64).tiny)
"""Smallest number that counts as above zero."""


@dataclass(frozen=True, eq=False)
class Uses:
    """What one unit on each path uses of resources, sparse.

    Attributes
    ----------
    start : ndarray of int, shape (n_paths + 1,)
        Entries of path p are ``start[p]`` to ``start[p + 1] - 1``.
    resource : ndarray of int, shape (n_entries,)
        A resource once a path.
    amount : ndarray, shape (n_entries,)
        Capacity used, > 0.
    n_resources : int
    """

    start: IntArray
    resource: IntArray
    amount: FloatArray
    n_resources: int

    @cached_property
    def path(self) -> IntArray:
        """Path of each entry."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def load(self, flow: FloatArray) -> FloatArray:
        """Return the load of each resource; shape (n_resources,)."""
        used = self.amount * flow[self.path]
        return _sums(self.resource, used, self.n_resources)

    def charged(self, price: FloatArray) -> FloatArray:
        """Return what a unit on each path pays at prices of resources; shape (n_paths,)."""
        paid = self.amount * price[self.resource]
        return _sums(self.path, paid, len(self.start) - 1)

    def passed(self, wait: FloatArray) -> FloatArray:
        """Return the sum of the waits at all resources of each path; shape (n_paths,)."""
        return _sums(self.path, wait[self.resource], len(self.start) - 1)


def _sums(index: IntArray, values: FloatArray, length: int) -> FloatArray:
    # bincount of no values at all gives integers.
    return np.bincount(index, values, length).astype(np.float64)


def uses(table: ArrayLike) -> Uses:
    """Return the sparse form of a table of shape (n_resources, n_paths).

    Raises
    ------
    AssignmentError
        No table of numbers.
    """
    try:
        dense = np.asarray(table, dtype=np.float64)
    except (TypeError, ValueError):
        dense = np.zeros(0)
    if dense.ndim != 2:
        raise AssignmentError([f"table is {shown(table)}, expected numbers, resources by paths"])
    path, resource = np.nonzero(dense.T)
    counts = np.bincount(path, minlength=dense.shape[1])
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Uses(start, resource.astype(np.int64), dense.T[path, resource], dense.shape[0])


def summed_uses(
    path: IntArray, resource: IntArray, amount: FloatArray, size: tuple[int, int]
) -> Uses:
    """Return the sparse form of entries, of which several may be of one path and resource.

    Parameters
    ----------
    path, resource : ndarray of int, shape (n,)
    amount : ndarray, shape (n,)
    size : tuple
        Paths and resources.
    """
    used = np.flatnonzero(amount)
    cell, place = np.unique(path[used] * size[1] + resource[used], return_inverse=True)
    start = np.searchsorted(cell, np.arange(size[0] + 1) * size[1]).astype(np.int64)
    return Uses(start, cell % size[1], _sums(place, amount[used], len(cell)), size[1])


@dataclass(frozen=True, eq=False)
class PathProblem:
    """Groups of demand with their paths, and what paths use.

    Attributes
    ----------
    group : ndarray of int, shape (n_paths,)
        Ascending; every group has a path.
    cost : ndarray, shape (n_paths,)
        Generalized cost without waits and prices [USD per unit].
    log_size : ndarray, shape (n_paths,)
        Logarithm of the path size, see :func:`path_sizes`.
    demand : ndarray, shape (n_groups,)
        Units per year, >= 0.
    scale : ndarray, shape (n_groups,)
        Logit scale [1/USD], > 0.
    value_of_time : ndarray, shape (n_groups,)
        [USD per unit and h], >= 0.
    use : Uses
    capacity : ndarray, shape (n_resources,)
        Per year; inf where there is none.
    wait : Delay, optional
        Wait [h] of each resource by its load.
    names : tuple of str
        Of resources, for messages; their numbers without.
    """

    group: IntArray
    cost: FloatArray
    log_size: FloatArray
    demand: FloatArray
    scale: FloatArray
    value_of_time: FloatArray
    use: Uses
    capacity: FloatArray
    wait: Delay | None = None
    names: tuple[str, ...] = ()

    @cached_property
    def first_path(self) -> IntArray:
        """Position of the first path of each group."""
        return np.searchsorted(self.group, np.arange(len(self.demand)))

    @cached_property
    def paths_of_group(self) -> IntArray:
        """Bounds of the paths of each group; shape (n_groups + 1,)."""
        return np.append(self.first_path, len(self.group)).astype(np.int64)

    @cached_property
    def limited(self) -> IntArray:
        """Resources with a capacity that some demand can use."""
        return np.flatnonzero(np.isfinite(self.capacity) & (self.most_response > 0.0))

    @cached_property
    def limited_use(self) -> Uses:
        """What paths use of the limited resources, numbered as in `limited`."""
        use, number = self.use, np.full(self.use.n_resources, -1, dtype=np.int64)
        number[self.limited] = np.arange(len(self.limited))
        kept = np.flatnonzero(number[use.resource] >= 0)
        counts = np.bincount(use.path[kept], minlength=len(use.start) - 1)
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Uses(start, number[use.resource[kept]], use.amount[kept], len(self.limited))

    @cached_property
    def most_response(self) -> FloatArray:
        """Response of each load to its price if all demand had to choose by it."""
        use = self.use
        weight = (self.scale * self.demand)[self.group][use.path]
        return _sums(use.resource, use.amount**2 * weight, use.n_resources)

    def costs(self, price: FloatArray, wait: FloatArray) -> FloatArray:
        """Return the generalized cost of each path with prices and waits [USD per unit]."""
        cost = self.cost + self.use.charged(price)
        if self.wait is not None:
            cost += self.value_of_time[self.group] * self.use.passed(wait)
        return cost

    def shares(self, cost: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the share of each path in its group, and the logsum of each group [USD]."""
        if not len(cost):
            return np.zeros(0), np.zeros(0)
        first, group = self.first_path, self.group
        utility = self.log_size - self.scale[group] * cost
        highest = np.maximum.reduceat(utility, first)
        weight = np.exp(utility - highest[group])
        total = np.add.reduceat(weight, first)
        return weight / total[group], -(highest + np.log(total)) / self.scale

    def response(self, share: FloatArray, charge: FloatArray, weight: FloatArray) -> FloatArray:
        """Return the fall of each load with what each resource charges a unit that passes."""
        return self._response(self.use, share, charge, weight)

    def price_response(self, share: FloatArray) -> FloatArray:
        """Return the fall of the loads of limited resources with their prices."""
        weight = (self.scale * self.demand)[self.group] * share
        return self._response(self.limited_use, share, self.limited_use.amount, weight)

    def _response(
        self, use: Uses, share: FloatArray, charge: FloatArray, weight: FloatArray
    ) -> FloatArray:
        fall: FloatArray = response(
            self.paths_of_group,
            use.start,
            use.resource,
            use.amount,
            charge,
            share,
            weight,
            use.n_resources,
        )
        return fall


def path_sizes(lengths: FloatArray, links: list[IntArray], group: IntArray) -> FloatArray:
    """Return the logarithm of the path size of each path.

    The size of a path is the mean, by length, of 1 / (number of paths of the group on a link): 1
    for a path that shares nothing, 1/2 for one of two that are the same.

    Parameters
    ----------
    lengths : ndarray, shape (n_links,)
        Length of every link that paths name.
    links : list of ndarray of int
        Links of each path.
    group : ndarray of int, shape (n_paths,)

    References
    ----------
    Ben-Akiva and Bierlaire (1999), Discrete choice methods and their applications to short term
    travel decisions, https://doi.org/10.1007/978-1-4615-5203-1_2
    """
    sizes = np.ones(len(links))
    for members in np.split(np.arange(len(group)), np.flatnonzero(np.diff(group)) + 1):
        used = np.zeros((len(members), len(lengths)), dtype=np.bool_)
        for row, path in zip(used, members, strict=True):
            row[links[path]] = True
        total = used @ lengths
        shared = used @ (lengths / np.maximum(used.sum(axis=0), 1))
        long = total > 0.0
        sizes[members[long]] = shared[long] / total[long]
    return np.log(sizes)


def require_sound(problem: PathProblem) -> None:
    """Raise AssignmentError with every number that is out of range, and where."""
    n_groups, n_paths = len(problem.demand), len(problem.group)
    problems = []
    known = (problem.group >= 0) & (problem.group < n_groups)
    problems += [
        f"path {path}: found group {problem.group[path]}, expected 0 to {n_groups - 1}"
        for path in np.flatnonzero(~known)
    ]
    without = np.setdiff1d(np.arange(n_groups), problem.group)
    problems += [f"group {group} has no path: expected one or more" for group in without]
    problems += [
        f"path {path + 1}: found group {problem.group[path + 1]} after {problem.group[path]}, "
        "expected groups that ascend"
        for path in np.flatnonzero(np.diff(problem.group) < 0)
    ]
    columns = (
        ("cost", problem.cost, n_paths, -np.inf, "a number"),
        ("log_size", problem.log_size, n_paths, -np.inf, "a number"),
        ("demand", problem.demand, n_groups, 0.0, "a number >= 0"),
        ("scale", problem.scale, n_groups, LEAST, "a number > 0"),
        ("value_of_time", problem.value_of_time, n_groups, 0.0, "a number >= 0"),
        ("use", problem.use.amount, len(problem.use.resource), LEAST, "a number > 0"),
        ("capacity", problem.capacity, problem.use.n_resources, LEAST, "> 0, inf for none"),
    )
    if problem.wait is not None and problem.wait.n_links != problem.use.n_resources:
        problems.append(
            f"wait: found {problem.wait.n_links} values, expected {problem.use.n_resources}, one "
            "for each resource"
        )
    for name, values, length, least, expected in columns:
        if len(values) != length:
            problems.append(f"{name}: found {len(values)} values, expected {length}")
        sound = (values >= least) & (np.isfinite(values) | (name == "capacity"))
        problems += [
            f"{name} {position}: found {values[position]:g}, expected {expected}"
            for position in np.flatnonzero(~sound)
        ]
    if problems:
        raise AssignmentError(problems)
