"""Time user equilibrium under hard capacities on TNTP networks, as multiples of one without them.

python benchmarks/capacitated.py FOLDER [FOLDER ...]: each holds one *_net.tntp and one
*_trips.tntp.  The fullest links may carry less than they would; CPU seconds, least of three.
"""

import sys
import time
from pathlib import Path

import numpy as np

from karvan.errors import AssignmentError
from karvan.freight import capacitated_equilibrium, read_tntp, user_equilibrium

SHARE_OF_LINKS = 0.02
SHARES_OF_FLOW = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
REPEATS = 3


def timed(call):
    best, result = np.inf, None
    for _ in range(REPEATS):
        begin = time.process_time()
        result = call()
        best = min(best, time.process_time() - begin)
    return best, result


def limited(problem, flow, busy):
    """The least of the shares whose limits the demand can pass."""
    for share in SHARES_OF_FLOW:
        limit = np.full(problem.n_links, np.inf)
        limit[busy] = share * flow[busy]
        try:
            capacitated_equilibrium(problem, limit, threads=1)
        except AssignmentError:
            continue
        return limit, share
    return np.full(problem.n_links, np.inf), np.inf


def main(folders):
    for folder in map(Path, folders):
        problem = read_tntp(next(folder.glob("*_net.tntp")), next(folder.glob("*_trips.tntp")))
        free_s, free = timed(lambda p=problem: user_equilibrium(p, threads=1))
        busy = np.argsort(free.flow / problem.delay.capacity * (problem.delay.factor > 0.0))
        # A link that is the only way for someone has no tighter limit that the demand passes.
        ways_out = np.bincount(problem.tail, minlength=problem.n_nodes)[problem.tail]
        ways_in = np.bincount(problem.head, minlength=problem.n_nodes)[problem.head]
        busy = busy[(np.minimum(ways_out, ways_in) > 2)[busy]]
        busy = busy[-max(int(SHARE_OF_LINKS * problem.n_links), 3) :]
        limit, share = limited(problem, free.flow, busy)
        cold_s, cold = timed(lambda p=problem, u=limit: capacitated_equilibrium(p, u, threads=1))
        other = limit.copy()
        other[busy[0]] *= 1.01
        warm_s, warm = timed(
            lambda p=problem, u=other, s=cold: capacitated_equilibrium(p, u, start=s, threads=1)
        )
        print(
            f"{folder.name}: {problem.n_links} links, {len(busy)} limited to "
            f"{share:g} of their flow, "
            f"{(cold.price > 0.0).sum()} priced; free {free_s:.3f} s, cold {cold_s:.3f} s "
            f"({cold_s / free_s:.1f}x, {cold.iterations} changes of prices, converged "
            f"{cold.converged}), warm {warm_s:.3f} s ({warm_s / cold_s:.2f} of cold, "
            f"converged {warm.converged})"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
