"""Best-known equilibria of the Transportation Networks repository.

The networks may be used for research only, so they do not ship: the tests skip without them.
"""

import csv
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from karvan.freight.equilibrium import user_equilibrium
from karvan.freight.problem import assignment_problem
from karvan.freight.tntp import read_tntp

FILES = {
    "Braess": "Braess-Example/Braess",
    "SiouxFalls": "SiouxFalls/SiouxFalls",
    "EMA": "Eastern-Massachusetts/EMA",
    "Anaheim": "Anaheim/Anaheim",
    "BerlinMPF": "Berlin-Mitte-Prenzlauerberg-Friedrichshain-Center/"
    "berlin-mitte-prenzlauerberg-friedrichshain-center",
}
EVERY = pytest.mark.parametrize("name", FILES)

GAP = 1e-10
OBJECTIVE_TOLERANCE = 1e-12

COST_TOLERANCE = 1e-5
"""At a gap of 1e-10 a link's flow may be off by its root, and its cost by a power of 4 of that."""


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    found = shared / "reference" / "assignment"
    if not found.is_dir():
        pytest.skip(f"{found} is not here: it holds the TNTP networks, which may not be shipped")
    return found


@cache
def read(folder, name):
    facts = json.loads((folder / "reference.json").read_text())[name]
    problem = read_tntp(
        folder / f"{FILES[name]}_net.tntp",
        folder / f"{FILES[name]}_trips.tntp",
        facts["toll_factor"],
        facts["distance_factor"],
    )
    return problem, facts


@cache
def solve(folder, name):
    return user_equilibrium(read(folder, name)[0], GAP)


def published(folder, name):
    """Rows of (from, to, flow, cost) with nodes from 0; cost is NaN where none is published."""
    file = folder / f"{FILES[name]}_flow.tntp"
    if file.exists():
        lines = [line.split() for line in file.read_text().splitlines()[1:] if line.strip()]
        rows = [[float(word) for word in words[:4]] for words in lines]
    else:
        with (folder / f"{name}_flow.csv").open() as handle:
            rows = [
                [float(r["from"]), float(r["to"]), float(r["flow"]), np.nan]
                for r in csv.DictReader(handle)
            ]
    tail, head, flow, cost = np.array(rows).T
    return (tail - 1).astype(int), (head - 1).astype(int), flow, cost


@EVERY
def test_size_is_that_of_the_reference(folder, name):
    problem, facts = read(folder, name)
    assert (problem.n_nodes, problem.n_links) == (facts["nodes"], facts["links"])
    assert problem.demand.sum() == pytest.approx(facts["demand"], rel=1e-9)


@pytest.mark.published
@EVERY
def test_equilibrium_is_that_of_the_reference(folder, name):
    problem, facts = read(folder, name)
    found = solve(folder, name)
    assert found.converged
    assert 0.0 <= max(found.relative_gap, 0.0) <= GAP
    assert found.conservation_error <= 1e-9
    assert abs(found.objective - facts["Z"]) <= OBJECTIVE_TOLERANCE * facts["Z"]
    assert found.total_cost == pytest.approx(facts["TSTT"], rel=1e-7)
    assert found.unreachable.size == 0
    assert found.flow.min() >= 0.0
    # A coordinate of the certificate once more, by arithmetic of this test alone.
    assert found.flow @ problem.delay.time(found.flow) == pytest.approx(found.total_cost, rel=1e-12)


@pytest.mark.published
@EVERY
def test_link_costs_are_those_of_the_reference_flows(folder, name):
    problem, _ = read(folder, name)
    tail, head, flow, cost = published(folder, name)
    order = np.lexsort((problem.head, problem.tail)), np.lexsort((head, tail))
    assert np.array_equal(problem.tail[order[0]], tail[order[1]])
    assert np.array_equal(problem.head[order[0]], head[order[1]])
    there = np.empty_like(flow)
    there[order[0]] = flow[order[1]]
    expected = problem.delay.time(there)
    found = solve(folder, name).time
    assert found == pytest.approx(expected, rel=COST_TOLERANCE)
    known = ~np.isnan(cost)
    assert found[order[0]][known] == pytest.approx(cost[order[1]][known], rel=COST_TOLERANCE)


@pytest.mark.published
def test_sioux_falls_flows_are_those_of_the_best_known_solution_in_the_repository(folder):
    # Every link of Sioux Falls gets dearer with flow, so its flows are unique.  These are from
    # SiouxFalls_flow.tntp; the table printed in LeBlanc, Morlok, Pierskalla (1975) was not found.
    _, _, flow, _ = published(folder, "SiouxFalls")
    assert solve(folder, "SiouxFalls").flow == pytest.approx(flow, rel=1e-4)


@pytest.mark.published
def test_sioux_falls_in_thousands_and_hours_has_the_objective_of_the_repository_readme(folder):
    # The README gives the optimum in the units of older papers: flow in thousands, time in hours,
    # where the files have units and hundredths of an hour.
    problem, _ = read(folder, "SiouxFalls")
    delay = problem.delay
    scaled = replace(
        problem,
        demand=problem.demand / 1000.0,
        delay=replace(
            delay,
            base=delay.base / 100.0,
            factor=delay.factor / 100.0,
            capacity=delay.capacity / 1000.0,
        ),
    )
    found = user_equilibrium(scaled, GAP)
    assert found.objective == pytest.approx(42.31335287107440, rel=OBJECTIVE_TOLERANCE)
    assert found.flow * 1000.0 == pytest.approx(solve(folder, "SiouxFalls").flow, rel=1e-4)


@pytest.mark.published
def test_braess_costs_92_with_the_bridge_and_83_without(folder):
    problem, _ = read(folder, "Braess")
    found = solve(folder, "Braess")
    assert found.total_cost / 6.0 == pytest.approx(92.0, rel=1e-8)
    kept = np.array([0, 1, 2, 4])
    delay = type(problem.delay)(
        *(getattr(problem.delay, n)[kept] for n in ("kind", "base", "factor", "capacity", "shape"))
    )
    without = assignment_problem(4, problem.tail[kept], problem.head[kept], delay, 0, 1, 6.0)
    assert user_equilibrium(without).total_cost / 6.0 == pytest.approx(83.0, rel=1e-8)


@EVERY
def test_pairs_and_costs_add_up(folder, name):
    found = solve(folder, name)
    problem = found.problem
    skim = np.nan_to_num(found.average_on_paths(found.cost[0]))
    assert skim @ problem.amount == pytest.approx(found.total_cost, rel=1e-12)
    busiest = int(np.argmax(found.flow))
    assert found.select_link(busiest).sum() == pytest.approx(found.flow[busiest], rel=1e-9)
