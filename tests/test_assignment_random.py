"""Small random networks, solved once more by listing paths and minimizing Beckmann's function."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, minimize

from assignment_networks import random_problem
from karvan.freight.equilibrium import user_equilibrium

QUICK = 30
MANY = 1_000

GAP = 1e-10

SLACK = 1e-9
"""Share of the total cost that rounding in the bracket may take."""

COARSE = 2e-4
"""How far the general optimizer may stay above its own lower bound, as a share of total cost."""


def simple_paths(problem, user_class, origin, destination):
    """All paths that visit no node twice and pass no closed one, as rows of link counts."""
    open_to = np.isfinite(problem.toll[user_class])
    found = []

    def go(node, seen, links):
        if node == destination and links:
            found.append(np.bincount(links, minlength=problem.n_links).astype(float))
            return
        if links and node < problem.first_through_node:
            return
        for link in np.flatnonzero((problem.tail == node) & open_to):
            there = int(problem.head[link])
            if there not in seen:
                go(there, seen | {there}, [*links, int(link)])

    go(origin, {origin}, [])
    return np.array(found).reshape(-1, problem.n_links)


class PathModel:
    """A problem as flows on listed paths."""

    def __init__(self, problem):
        self.problem = problem
        blocks, tolls, self.pairs, self.lost = [], [], [], []
        for pair in np.flatnonzero(problem.amount > 0.0):
            c = int(problem.user_class[pair])
            ends = int(problem.origin[pair]), int(problem.destination[pair])
            paths = simple_paths(problem, c, *ends)
            if not len(paths):
                self.lost.append(int(pair))
                continue
            blocks.append(paths)
            toll = np.where(np.isfinite(problem.toll[c]), problem.toll[c], 0.0)
            tolls.append(paths @ toll)
            self.pairs.append(pair)
        self.amount = problem.amount[self.pairs]
        self.size = [len(b) for b in blocks]
        self.start = np.cumsum([0, *self.size])
        self.paths = np.concatenate(blocks) if blocks else np.zeros((0, problem.n_links))
        self.toll = np.concatenate(tolls) if tolls else np.zeros(0)

    def flow(self, x):
        return np.maximum(x, 0.0) @ self.paths

    def objective(self, x):
        return self.problem.delay.integral(self.flow(x)).sum() + self.toll @ np.maximum(x, 0.0)

    def cost(self, link_flow):
        return self.paths @ self.problem.delay.time(link_flow) + self.toll

    def cheapest(self, cost):
        """Cheapest cost of each pair."""
        return np.minimum.reduceat(cost, self.start[:-1])

    def solve(self):
        """Flows on paths by sequential quadratic programming, made exact in what they add up to."""
        row = np.repeat(np.arange(len(self.size)), self.size)
        belongs = (np.arange(len(self.size))[:, None] == row).astype(float)
        first = self.amount[row] / np.array(self.size)[row]
        scale = max(self.objective(first), 1e-9)
        result = minimize(
            lambda x: self.objective(x) / scale,
            first,
            jac=lambda x: self.cost(self.flow(x)) / scale,
            bounds=Bounds(0.0, np.inf),
            constraints=LinearConstraint(belongs, self.amount, self.amount),
            method="SLSQP",
            options={"maxiter": 500, "ftol": 1e-14},
        )
        x = np.maximum(result.x, 0.0)
        return x * (self.amount / (belongs @ x))[row]


def check(seed):
    problem = random_problem(seed)
    model = PathModel(problem)
    found = user_equilibrium(problem, GAP)
    assert found.converged
    assert found.unreachable.tolist() == model.lost
    if not model.pairs:
        assert not found.flow.any()
        return
    # By the listed paths nobody can do better either.
    shortest = model.amount @ model.cheapest(model.cost(found.flow))
    assert found.shortest_cost == pytest.approx(shortest, rel=1e-9, abs=1e-12)
    assert found.total_cost - shortest <= GAP * found.total_cost + SLACK * 1e-3
    # Beckmann's function is convex: at any flows it is above the optimum, and its tangent there
    # (all to the cheapest paths) is below.
    x = model.solve()
    above, cost = model.objective(x), model.cost(model.flow(x))
    below = above - (cost @ x - model.amount @ model.cheapest(cost))
    slack = SLACK * max(cost @ x, 1.0)
    assert below - slack <= found.objective <= above + slack
    assert above - below <= COARSE * max(cost @ x, 1.0)


@pytest.mark.parametrize("seed", range(QUICK))
def test_random_networks_agree_with_listed_paths(seed):
    check(seed)


@pytest.mark.parametrize("seed", [827, 3854, 3992])
def test_pairs_that_share_queues_beyond_their_limit_do_not_hold_each_other_back(seed):
    # Two pairs over the same steep links, each of which undoes the other: sublinear without help.
    found = user_equilibrium(random_problem(seed), GAP)
    assert found.converged
    assert found.iterations < 100


def test_an_estimate_of_zero_does_not_end_the_looking():
    # The first trees have no excess of their own, whatever the network offers beside them.
    found = user_equilibrium(random_problem(462), GAP)
    assert found.converged
    assert found.iterations < 20


@pytest.mark.slow
def test_a_thousand_random_networks_agree_with_listed_paths():
    for seed in range(QUICK, MANY):
        check(seed)
