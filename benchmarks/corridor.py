"""Time the assignment of the shipped case: python benchmarks/corridor.py (about a minute).

CPU seconds of one process, least of repeats after one call to warm up, with the network compiled.
Every measure is solved from nothing and from the base of its year; paths must be the same.
"""

# ruff: noqa: E402 - threads are limited before numpy is imported

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import time
from collections.abc import Callable

import numpy as np

from karvan.case import read_case
from karvan.case.model import resolve
from karvan.freight.corridor import CorridorAssignment, assign, with_capacity
from karvan.freight.routing import network_at

REPEATS = 3
SCENARIO = "base-2024"


def least(work: Callable[[], CorridorAssignment]) -> tuple[float, CorridorAssignment]:
    """CPU seconds of the fastest call, and its result."""
    times = []
    for _ in range(REPEATS + 1):
        began = time.process_time()
        found = work()
        times.append(time.process_time() - began)
    return min(times[1:]), found


def same(one: CorridorAssignment, other: CorridorAssignment) -> str:
    paths = [[(p.flow, tuple(p.arcs)) for p in found.paths] for found in (one, other)]
    if paths[0] != paths[1]:
        return "paths differ"
    return f"{np.abs(one.equilibrium.flow - other.equilibrium.flow).max():.0e} TEU apart"


def main() -> None:
    read = read_case("middle-corridor")
    case = resolve(read, scenario=SCENARIO)
    network_at(case)
    cold, base = least(lambda: assign(case))
    scarce = int(base.equilibrium.price.argmax())
    began = time.process_time()
    for _ in range(100):
        with_capacity(base, scarce, 1.0)
    more = (time.process_time() - began) / 100
    limited = len(base.problem.limited)
    print(f"{len(base.flows)} flows, {len(base.paths)} paths, {limited} capacities in use")
    print(f"{SCENARIO} {cold:.3f} CPU s; more of one capacity, same paths {more:.4f} CPU s")
    bases: dict[int, CorridorAssignment] = {}
    ratios = []
    for name, measure in read.measures.items():
        if not measure.changes:
            continue
        year = max(case.year, measure.from_year)
        if year not in bases:
            bases[year] = assign(resolve(read, scenario=SCENARIO, year=year))
        changed = resolve(read, scenario=SCENARIO, measures=[name], year=year)
        network_at(changed)
        afresh, found = least(lambda changed=changed: assign(changed))
        start = bases[year]
        again, warm = least(lambda changed=changed, start=start: assign(changed, start=start))
        ratios.append(again / afresh)
        print(f"{name:34} {afresh:.3f} {again:.3f} {ratios[-1]:5.0%}  {same(found, warm)}")
    print(f"warm / cold: {min(ratios):.0%} to {max(ratios):.0%}, mean {np.mean(ratios):.0%}")


if __name__ == "__main__":
    main()
