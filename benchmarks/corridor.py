"""Time the assignment of the shipped case: python benchmarks/corridor.py (under a minute).

CPU seconds of one process, median of repeats after one call to warm up.  Each case is read anew, so
that the network is compiled again, as for a new scenario.
"""

# ruff: noqa: E402 - threads are limited before numpy is imported

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import statistics
import time
from collections.abc import Callable

from karvan.case import Case, read_case
from karvan.case.model import resolve
from karvan.case.settings import Change
from karvan.freight.corridor import CorridorAssignment, assign, with_capacity

REPEATS = 5
SCENARIO = "base-2024"


def change(table: str, row: str, column: str, factor: float) -> Change:
    return Change(
        table=table,
        action="scale",
        where={"id": row},
        column=column,
        value=factor,
        status="assumed",
        reason="a benchmark",
    )


def median(prepare: Callable[[], Case], work: Callable[[Case], object]) -> float:
    times = []
    for _ in range(REPEATS + 1):
        case = prepare()
        began = time.process_time()
        work(case)
        times.append(time.process_time() - began)
    return statistics.median(times[1:])


def main() -> None:
    read = read_case("middle-corridor")
    base = assign(resolve(read, scenario=SCENARIO))

    def with_changes(*changes: Change) -> Callable[[], Case]:
        return lambda: resolve(read, scenario=SCENARIO, overrides=changes)

    def warm(case: Case) -> CorridorAssignment:
        return assign(case, start=base)

    room = with_changes(change("terminals", "alat-container", "capacity_teu_per_year", 1.5))
    sailings = with_changes(change("services", "aktau-alat-rail-ferry", "headway_h", 0.8))
    scarce = int(base.equilibrium.price.argmax())
    cold = median(with_changes(), assign)
    rows = {
        "cold": cold,
        "warm: more room in a terminal": median(room, warm),
        "warm: more sailings": median(sailings, warm),
        "more of one capacity, same paths": median(
            with_changes(), lambda case: with_capacity(base, scarce, 1.0)
        ),
    }
    limited = len(base.problem.limited)
    print(f"{len(base.flows)} flows, {len(base.paths)} paths, {limited} capacities in use")
    for name, seconds in rows.items():
        print(f"{name:34} {seconds:6.3f} CPU s {seconds / cold:6.0%}")


if __name__ == "__main__":
    main()
