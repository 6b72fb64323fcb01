"""Small frameworks and data for the tests of the scoreboard."""

import numpy as np
import polars as pl

from karvan.scoreboard import read_data, read_framework
from karvan.scoreboard.chain import run_chain
from karvan.scoreboard.read_config import read_config

PLAIN = {"steps": [], "uncertainty": {"draws": 0}}
"""No step before normalisation, no draws."""


def framework(**changes):
    """Two pillars with two and three indicators below an index; columns by element and name."""
    parents = {"a1": "A", "a2": "A", "b1": "B", "b2": "B", "b3": "B", "A": "I", "B": "I", "I": ""}
    rows = [
        {"element": e, "parent": p, "weight": "1", "direction": "1"} for e, p in parents.items()
    ]
    for key, value in changes.items():
        element, column = key.split("_", 1)
        next(r for r in rows if r["element"] == element)[column] = str(value)
    return pl.DataFrame(rows, infer_schema_length=None)


def data(values, years=None, units=None):
    """A wide table; one column an indicator of `framework`."""
    values = np.asarray(values, dtype=float)
    units = units or [f"u{n}" for n in range(len(values))]
    table = {"unit": units} | ({} if years is None else {"year": years})
    names = ("a1", "a2", "b1", "b2", "b3")
    table |= {n: [None if np.isnan(v) else v for v in values[:, j]] for j, n in enumerate(names)}
    return pl.DataFrame(table, schema_overrides=dict.fromkeys(names, pl.Float64))


def chain_of(values, config=PLAIN, sheet=None, **given):
    sheet = read_framework(framework() if sheet is None else sheet)
    panel, _ = read_data(data(values, **given), sheet)
    return run_chain(panel, sheet.framework, read_config(config))


def random_values(rows=8, seed=0):
    return np.random.default_rng(seed).gamma(2.0, 3.0, (rows, 5)) + 1.0
