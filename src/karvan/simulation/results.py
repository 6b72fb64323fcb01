"""Tables of what replications left."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from karvan.kernels import events as k
from karvan.simulation.layout import Layout
from karvan.simulation.replications import Replication

LOWEST_BIN = 2.0**-20
BINS_PER_DOUBLING = 128


@cache
def bin_edges() -> k.FloatArray:
    """Return the lower ends of the bins of histograms of times, and the upper end of the last [h].

    Shape (BINS + 1,); the first bin begins at 0.
    """
    n = np.arange(k.BINS + 1)
    edges = LOWEST_BIN * 2.0 ** (n // BINS_PER_DOUBLING) * (1.0 + n % BINS_PER_DOUBLING / 128.0)
    edges[0] = 0.0
    result: k.FloatArray = edges
    return result


def histogram_quantile(counts: k.FloatArray, level: float) -> float:
    """Return a quantile from a histogram of times, straight inside a bin [h].

    NaN if it is empty, or if the quantile lies in the last bin, which holds all that is longer.
    """
    total = float(counts.sum())
    if total == 0.0:
        return float("nan")
    below = np.cumsum(counts)
    at = int(np.searchsorted(below, level * total))
    if at >= len(counts) - 1:
        return float("nan")
    if at == 0:
        return 0.0
    edges = bin_edges()
    share = (level * total - (below[at] - counts[at])) / counts[at]
    return float(edges[at] + share * (edges[at + 1] - edges[at]))


def stage_columns(thing: k.IntArray, real: k.FloatArray, s: int, hours: float) -> dict[str, Any]:
    """Return the row of a stage; areas and sums of waits are in entity hours."""
    started = int(thing[s, k.STARTED])
    servers = int(thing[s, k.SERVERS])
    areas = real[s, [k.X_QUEUE, k.X_CLOSED, k.X_BATCH, k.X_POOL]]
    busy = float(real[s, k.X_WORK] + real[s, k.X_BLOCKED] + real[s, k.X_AWAY])
    per_start = max(started, 1)
    return {
        "arrived": int(thing[s, k.ARRIVED]),
        "started": started,
        "services": int(thing[s, k.SERVICES]),
        "delayed": int(thing[s, k.DELAYED]),
        "lost": int(thing[s, k.LOST]),
        "balked": int(thing[s, k.BALKED]),
        "reneged": int(thing[s, k.RENEGED]),
        "interrupted": int(thing[s, k.INTERRUPTED]),
        "missed_departures": int(thing[s, k.MISSED]),
        "waiting_at_end": int(thing[s, k.WAITING]),
        "wait_h": float(real[s, k.X_SUM_WAIT]) / per_start,
        "queue_h": float(areas[0]) / per_start,
        "closure_h": float(areas[1]) / per_start,
        "batch_h": float(areas[2]) / per_start,
        "pool_h": float(areas[3]) / per_start,
        "blocked_h": float(real[s, k.X_BLOCKED]) / per_start,
        "waiting_mean": float(areas.sum()) / hours,
        "serving_mean": float(real[s, k.X_WORK]) / hours,
        "blocked_mean": float(real[s, k.X_BLOCKED]) / hours,
        "utilization": busy / hours / servers if servers < k.UNLIMITED else None,
        "closed_share": float(real[s, k.X_DOWN]) / hours / servers
        if servers < k.UNLIMITED
        else None,
        "load_mean": float(real[s, k.X_LOAD]) / max(int(thing[s, k.SERVICES]), 1)
        if thing[s, k.FLAGS] & k.F_BATCH
        else None,
        "left_behind_mean": float(real[s, k.X_LEFT]) / max(int(thing[s, k.SERVICES]), 1)
        if thing[s, k.FLAGS] & k.F_BATCH
        else None,
        "throughput_per_h": started / hours,
    }


def class_columns(
    replication: Replication, c: int, hours: float, levels: Sequence[float]
) -> dict[str, Any]:
    """Return the row of a class."""
    thing, real = replication.thing, replication.real
    exits = int(thing[c, k.C_EXITS])
    mean = float(real[c, k.X_C_SUM]) / exits if exits else None
    variance = (
        (float(real[c, k.X_C_SQUARES]) - exits * mean * mean) / (exits - 1)
        if mean is not None and exits > 1
        else None
    )
    counts = replication.histogram(int(thing[c, k.C_HIST]))
    return {
        "arrived": int(thing[c, k.C_CREATED]),
        "left": exits,
        "lost": int(thing[c, k.C_LOST]),
        "balked": int(thing[c, k.C_BALKED]),
        "reneged": int(thing[c, k.C_RENEGED]),
        "inside_at_end": int(thing[c, k.C_INSIDE]),
        "inside_mean": float(real[c, k.X_C_AREA]) / hours,
        "time_mean_h": mean,
        "time_sd_h": max(variance, 0.0) ** 0.5 if variance is not None else None,
        **{f"time_p{round(100 * q)}_h": histogram_quantile(counts, q) for q in levels},
        "throughput_per_h": exits / hours,
    }


LEVELS = (0.1, 0.5, 0.9, 0.95)
SERIES_SUMS = [k.X_SUM_WAIT, k.X_WORK, k.X_QUEUE, k.X_CLOSED, k.X_BATCH, k.X_POOL]


def tables(layout: Layout, done: Sequence[Replication]) -> dict[str, pl.DataFrame]:
    """Return the tables ``replications``, ``stages``, ``classes``, ``pools`` and ``series``."""
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("replications", "stages", "classes", "pools", "series")
    }
    for r in done:
        number = {"replication": r.number}
        hours = max(r.time_h, 1e-300)
        rows["replications"].append(
            {
                **number,
                "ended": r.ended,
                "time_h": r.time_h,
                "events": r.events,
                "law_error": r.law_error,
            }
        )
        for name, s in layout.stages.items():
            row = stage_columns(r.thing, r.real, s, hours)
            h = int(r.thing[s, k.HIST])
            row["wait_p95_h"] = histogram_quantile(r.histogram(h), 0.95) if h >= 0 else None
            rows["stages"].append({**number, "stage": name, **row})
        for name, c in layout.classes.items():
            rows["classes"].append({**number, "class": name, **class_columns(r, c, hours, LEVELS)})
        for name, p in layout.pools.items():
            used = float(r.real[p, k.X_P_AREA]) / hours
            rows["pools"].append({**number, "pool": name, "used_mean": used})
        rows["series"] += _series(layout, r)
    return {name: pl.DataFrame(part, infer_schema_length=None) for name, part in rows.items()}


def _series(layout: Layout, r: Replication) -> list[dict[str, Any]]:
    """Return waits, work and departures of each stage in each bin of time."""
    ends = r.snapshot_h
    if len(ends) == 0:
        return []
    width = float(ends[1] - ends[0]) if len(ends) > 1 else r.time_h
    rows = list(layout.stages.values())
    sums = r.snapshot_real[:, rows][:, :, SERIES_SUMS]
    sums = np.diff(sums, axis=0, prepend=np.zeros((1, *sums.shape[1:])))
    started = r.snapshot_thing[:, rows][:, :, k.STARTED]
    started = np.diff(started, axis=0, prepend=np.zeros((1, len(rows)), np.int64))
    return [
        {
            "replication": r.number,
            "start_h": float(end) - width,
            "end_h": float(end),
            "stage": name,
            "started": int(started[b, i]),
            "waiting_mean": float(sums[b, i, 2:].sum()) / width,
            "serving_mean": float(sums[b, i, 1]) / width,
            "wait_h": float(sums[b, i, 0]) / max(int(started[b, i]), 1),
        }
        for b, end in enumerate(ends)
        for i, name in enumerate(layout.stages)
    ]
