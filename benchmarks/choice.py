"""Time logit equilibrium, elastic demand and derivatives on TNTP networks.

python benchmarks/choice.py FOLDER [FOLDER ...]: each holds one *_net.tntp and one *_trips.tntp.
The loading towards all destinations is also timed as NumPy's dense solution of its equations.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from karvan.freight import (
    demand_function,
    elastic_equilibrium,
    linearise,
    markovian_equilibrium,
    read_tntp,
    user_equilibrium,
)
from karvan.freight.elastic import pair_costs
from karvan.freight.soft_paths import choices_of, soft_flows


def timed(call):
    begin = time.process_time()
    result = call()
    return time.process_time() - begin, result


def dense_loading(choices, cost):
    """Flows by the equations as printed, one dense solution for each destination."""
    pattern, total = choices.pattern, np.zeros(len(cost))
    n = choices.start.shape[1]
    for row, scale in enumerate(choices.scale[choices.user_class]):
        weight = np.where(choices.usable[row], np.exp(-scale * cost), 0.0)
        matrix = np.eye(n)
        np.subtract.at(matrix, (pattern.tail, pattern.head), weight)
        end = np.eye(n)[choices.target[row]]
        z = np.linalg.solve(matrix, end)
        start = np.divide(choices.start[row], z, out=np.zeros(n), where=z > 0.0)
        visits = np.linalg.solve(matrix.T, start)
        total += visits[pattern.tail] * weight * z[pattern.head]
    return total


def main(folders):
    for folder in map(Path, folders):
        problem = read_tntp(next(folder.glob("*_net.tntp")), next(folder.glob("*_trips.tntp")))
        print(f"{folder.name}: {problem.n_nodes} nodes, {problem.n_links} links")
        exact_s, exact = timed(lambda p=problem: user_equilibrium(p, 1e-13))
        print(f"  user equilibrium, gap {exact.relative_gap:.0e}: {exact_s:.2f} s")
        scale = 100.0 / pair_costs(problem, exact.time).mean()
        choices = choices_of(problem, np.array([scale]))
        soft_flows(choices, exact.time)
        ours_s, ours = timed(lambda c=choices, e=exact: soft_flows(c, e.time).link_flow)
        dense_s, dense = timed(lambda c=choices, e=exact: dense_loading(c, e.time))
        apart = np.abs(ours - dense).max() / ours.max()
        print(f"  loading: {ours_s:.4f} s, dense {dense_s:.3f} s, apart by {apart:.0e}")
        logit_s, logit = timed(lambda p=problem, s=scale: markovian_equilibrium(p, s))
        print(
            f"  logit, scale {scale:.2g}: {logit_s:.2f} s, {logit.iterations} iterations, "
            f"residual {logit.residual:.0e}"
        )
        cost = np.maximum(pair_costs(problem, exact.time), 1e-9)
        for name, steepness in (("power", 1.0), ("linear", 1.0 / cost.mean())):
            function = demand_function(name, demand=problem.demand, cost=cost, steepness=steepness)
            more = replace(function, demand=1.5 * function.demand)
            elastic_s, elastic = timed(lambda p=problem, f=more: elastic_equilibrium(p, f))
            print(
                f"  {name} demand: {elastic_s:.2f} s, {elastic.iterations} equilibria, "
                f"gap {elastic.demand_gap:.0e}"
            )
        all_s, change = timed(lambda e=exact: linearise(e))
        one_s, _ = timed(
            lambda c=change: c.flow("demand", int(c.equilibrium.problem.demand.argmax()))
        )
        print(f"  linearised: {all_s:.2f} s, then {one_s:.4f} s a derivative")


if __name__ == "__main__":
    main(sys.argv[1:])
