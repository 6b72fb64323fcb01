"""Uncertainty and sensitivity of a scoreboard against a plain numpy loop.

python benchmarks/scoreboard.py [--asem FOLDER] [--large]: the folder holds the ASEM example data
with 100 weight sets and 1,000 parameter rows; without it data of the same size are made.  --large
adds 200 units, 200 indicators and 20 years with 10,000 draws (about a minute).
"""

import argparse
import csv
import resource
import time
from pathlib import Path

import numpy as np
import polars as pl

from karvan.scoreboard.chain import run_chain
from karvan.scoreboard.read_config import read_config
from karvan.scoreboard.read_data import read_data
from karvan.scoreboard.read_framework import read_framework
from karvan.scoreboard.sensitivity import sensitivity
from karvan.scoreboard.settings import Sensitivity
from karvan.scoreboard.space import space_of
from karvan.scoreboard.uncertainty import draw_choices, uncertainty

CONFIG = {
    "steps": ["denominate", "impute", "screen", "treat"],
    "screen": {"min_data_share": 0.9},
    "impute": [{"method": "mean", "by": "EurAsia_group"}],
    "uncertainty": {
        "imputation_draws": False,
        "treat": [{"max_winsorised": k} for k in range(1, 6)],
        "normalise": [
            {"method": "min_max", "range": [1.0, 100.0]},
            {"method": "z_score", "mean": 10.0, "sd": 2.0},
        ],
        "aggregate": [{"method": "arithmetic"}, {"method": "geometric"}],
    },
}


def asem(folder):
    """Chain, weight sets and choices of the reference draws."""
    sheet = read_framework(folder / "iMeta.csv")
    panel, _ = read_data(folder / "iData.csv", sheet)
    chain = run_chain(panel, sheet.framework, read_config(CONFIG))
    sets = np.tile(sheet.framework.weight, (100, 1))
    with (folder / "U00_noisy_weight_sets.csv").open() as file:
        for row in csv.DictReader(file):
            position = sheet.framework.position(row["iCode"])
            sets[int(row["set"]) - 1, position] = float(row["Weight"])
    with (folder / "U01_UA1000__parameters.csv").open() as file:
        choice = [
            [
                int(row["winmax"]) - 1,
                int(row["norm"] == "n_zscore"),
                int(row["agg"] == "a_gmean"),
                int(row["wset"]) - 1,
            ]
            for row in csv.DictReader(file)
        ]
    return chain, sets, np.array(choice)


def made(units, indicators, years, seed=0):
    """A panel of skewed data without holes, 8 pillars, 2 sub-indices; and its configuration."""
    random = np.random.default_rng(seed)
    pillars = [f"p{k}" for k in range(8)]
    rows = [{"element": f"i{j}", "parent": pillars[j % 8]} for j in range(indicators)]
    rows += [{"element": p, "parent": f"s{k % 2}"} for k, p in enumerate(pillars)]
    rows += [{"element": s, "parent": "index"} for s in ("s0", "s1")]
    rows += [{"element": "index", "parent": ""}]
    sheet = read_framework(pl.DataFrame(rows))
    values = random.gamma(2.0, 1.0, (units * years, indicators))
    table = {"unit": [f"u{n % units}" for n in range(units * years)]}
    table["year"] = [2000 + n // units for n in range(units * years)]
    table |= {f"i{j}": values[:, j] for j in range(indicators)}
    panel, _ = read_data(pl.DataFrame(table), sheet)
    config = {**CONFIG, "steps": ["treat"], "impute": []}
    return run_chain(panel, sheet.framework, read_config(config)), read_config(config)


def skew_and_kurtosis(x):
    n, d = len(x), x - x.mean()
    s2, s3, s4 = (d**2).sum(), (d**3).sum(), (d**4).sum()
    skew = np.sqrt(n) * s3 / s2**1.5 * np.sqrt(n * (n - 1)) / (n - 2)
    return skew, ((n + 1) * (n * s4 / s2**2 - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))


def plain_treatment(x, most):
    """Winsorise one column, then the logarithm, as the reference describes it."""

    def passes(v):
        skew, kurtosis = skew_and_kurtosis(v)
        return abs(skew) < 2 or kurtosis < 3.5

    if passes(x):
        return x
    y, high, low = x.copy(), 0, 0
    while not passes(y) and high + low < most:
        if skew_and_kurtosis(y)[0] >= 0:
            at = y == y.max()
            y[at], high = y[~at].max(), int(at.sum())
        else:
            at = y == y.min()
            y[at], low = y[~at].min(), int(at.sum())
    return y if passes(y) else np.log(x - x.min() + 0.01 * np.ptp(x))


def plain_loop(framework, values, sets, choice):
    """Index scores and ranks of each draw, one after the other; no part shared between draws."""
    scores, ranks = [], []
    for most, z, geometric, wset in choice:
        x = np.stack([plain_treatment(column, most + 1) for column in values.T], axis=1)
        x = x * framework.direction
        if z:
            x = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1) * 2.0 + 10.0
        else:
            x = (x - x.min(axis=0)) / np.ptp(x, axis=0) * 99.0 + 1.0
        score = [x[:, j] for j in range(framework.n_indicators)]
        for node in framework.aggregates:
            kids = framework.children(node)
            table = np.stack([score[k] for k in kids], axis=1)
            weight = sets[wset][kids] / sets[wset][kids].sum()
            score.append(np.exp(np.log(table) @ weight) if geometric else table @ weight)
        scores.append(score[-1])
        ranks.append((score[-1][None, :] > score[-1][:, None]).sum(axis=1) + 1)
    return np.array(scores), np.array(ranks)


def cpu(call, repeats=5):
    """Least CPU seconds of several runs, and the last result."""
    least = np.inf
    for _ in range(repeats):
        began = time.process_time()
        result = call()
        least = min(least, time.process_time() - began)
    return least, result


def small(chain, sets, choice):
    config = read_config(CONFIG)

    def ours(choices=choice, n=1000):
        space = space_of(chain, config, pool=n, seed=0, weight_sets=sets)
        return uncertainty(space, chain, choices)

    seconds, _ = cpu(ours)
    values = chain.stages["screened" if "screened" in chain.stages else "raw"].value
    few = choice[:: max(1, len(choice) // 100)]
    plain_s, _ = cpu(lambda: plain_loop(chain.framework, values, sets, few), 2)
    plain_s *= len(choice) / len(few)
    print(
        f"1,000 draws: {seconds:.3f} s, plain loop {plain_s:.2f} s ({len(few)} draws timed), "
        f"ratio {seconds / plain_s:.4f}"
    )
    space = space_of(chain, config, pool=1000, seed=0, weight_sets=sets)
    many = draw_choices(space, 10_000, 0)
    seconds, _ = cpu(lambda: ours(many), 3)
    print(f"10,000 draws: {seconds:.3f} s")

    def exact():
        whole = space_of(chain, config, pool=1000, seed=0, weight_sets=sets)
        return sensitivity(whole, chain, Sensitivity(), 0)

    seconds, found = cpu(exact)
    print(f"exact Sobol' over {found.n_runs:,} combinations: {seconds:.3f} s")
    usual = {**CONFIG, "uncertainty": {"imputation_draws": True, "relative_error": 0.05}}

    def noisy():
        whole = space_of(chain, read_config(usual), pool=1000, seed=0)
        return uncertainty(whole, chain, draw_choices(whole, 1000, 0))

    seconds, _ = cpu(noisy, 3)
    print(f"1,000 draws with an error in every cell: {seconds:.3f} s")


def large():
    began = time.process_time()
    chain, config = made(200, 200, 20)
    print(f"200 units, 200 indicators, 20 years: nominal {time.process_time() - began:.1f} s")
    began = time.process_time()
    space = space_of(chain, config, pool=10_000, seed=0)
    draws = uncertainty(space, chain, draw_choices(space, 10_000, 0))
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"10,000 draws of methods and of all weights, {len(draws)} years: {seconds:.1f} s, "
        f"peak {peak:.2f} GB"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--asem", type=Path)
    parser.add_argument("--large", action="store_true")
    wanted = parser.parse_args()
    if wanted.asem:
        small(*asem(wanted.asem))
    else:
        chain, config = made(51, 49, 1)
        sets = chain.weight * np.random.default_rng(1).uniform(0.75, 1.25, (100, len(chain.weight)))
        space = space_of(chain, config, pool=1000, seed=0, weight_sets=sets)
        small(chain, sets, draw_choices(space, 1000, 0))
    if wanted.large:
        large()


if __name__ == "__main__":
    main()
