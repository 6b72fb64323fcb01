"""Time the simulation of the corridor by its parts: python benchmarks/corridor_simulation.py.

CPU seconds of one process, least of repeats after one run to warm up; a replication on one thread
and on two, then each part of the stage `simulate` with its default effort.
"""

# ruff: noqa: E402 - threads are limited before numpy is imported

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import resource
import time

from karvan.case import read_case
from karvan.motion import tables
from karvan.motion.bottlenecks import bottlenecks
from karvan.motion.build import plan_of
from karvan.motion.movements import movements
from karvan.motion.study import study
from karvan.runs.flow_validation import assigned


def cpu(call, repeats=1):
    """CPU seconds of a call, least of repeats, and what it returned last."""
    best, found = float("inf"), None
    for _ in range(repeats):
        begun = time.process_time()
        found = call()
        best = min(best, time.process_time() - begun)
    return best, found


def main():
    """Print a line a part."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--scenario", default="base-2024")
    options.add_argument("--replications", type=int, default=30)
    options.add_argument("--repeats", type=int, default=3)
    given = options.parse_args()
    case = read_case("middle-corridor").with_scenario(given.scenario)
    flows = assigned(case)
    seconds, plan = cpu(lambda: plan_of(case, flows), given.repeats)
    print(f"plan                       {seconds:7.3f}")
    one = study(plan, replications=1)
    for threads in (1, 2):
        n = 2 * threads
        seconds, _ = cpu(lambda: study(plan, replications=n, threads=threads), given.repeats)  # noqa: B023
        print(f"replication, {threads} thread(s)   {seconds / n:7.3f}")
    print(f"events a replication       {one.seen[0].events:,}")
    seconds, found = cpu(lambda: study(plan, replications=given.replications, threads=2))
    print(f"study of {given.replications:3d}               {seconds:7.3f}")
    parts = (tables.journeys, tables.times, tables.waits, tables.resources, tables.months)
    seconds, _ = cpu(lambda: [list(part(found)) for part in parts], given.repeats)
    print(f"tables                     {seconds:7.3f}")
    seconds, _ = cpu(lambda: list(bottlenecks(case, found, threads=2, progress=lambda share: None)))
    print(f"bottlenecks                {seconds:7.3f}")
    seconds, _ = cpu(lambda: list(movements(plan, seed=0, days=60)))
    print(f"movements                  {seconds:7.3f}")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"largest memory          {most:7.0f} MB")


if __name__ == "__main__":
    main()
