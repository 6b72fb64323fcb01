"""The cases of the simulation reference as models, and what is read off their replications."""

# ruff: noqa: E501 - a row of a table of models is a line

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from karvan.simulation import Model, SimulationResult, model_from, simulate

Estimates = dict[str, float]
Verdict = tuple[float, float, float, bool]
"""An estimate, what it should be, its standard error, and whether the rule holds."""
LENGTH_H = 200_000.0

SLOW = bool(os.environ.get("KARVAN_SLOW"))
STANDARD_ERRORS = 3.5
PRECISION = 0.003
ROUNDING = 1e-9
"""Where all replications give the same, e.g. the load of ferries that only sail when full."""


@dataclass(frozen=True, slots=True)
class Case:
    """A model, the length of a replication and what is estimated from one."""

    model: Model
    read: Callable[[SimulationResult], Estimates]
    warmup_h: float = 2_000.0
    at_once: int = 1
    """Replications of a call: many where they are short, and `read` gives their mean."""


def build(
    stages: list[dict[str, Any]],
    sources: dict[str, dict[str, Any]],
    *,
    hours: float = LENGTH_H,
    route: Any = None,
    priorities: tuple[int, ...] = (1,),
    **more: Any,
) -> Model:
    classes = [
        {"id": f"c{p}", "route": route or [s["id"] for s in stages], "priority": p}
        for p in priorities
    ]
    rows = [{"id": n, "class": "c1", **s} for n, s in sources.items()]
    return model_from(
        {"stages": stages, "classes": classes, "sources": rows, "horizon_h": hours, **more}
    )


def usual(r: SimulationResult) -> Estimates:
    """Quantities of a model with one stage and one class."""
    s, c = r.stages.row(0, named=True), r.classes.row(0, named=True)
    return {
        "Wq": s["wait_h"],
        "Lq": s["waiting_mean"],
        "W": c["time_mean_h"],
        "L": c["inside_mean"],
        "W_p95": c["time_p95_h"],
        "W_sd": c["time_sd_h"],
        "P_wait": s["delayed"] / s["started"],
        "Wq_p95": s["wait_p95_h"],
        "P_block": c["lost"] / c["arrived"],
        "throughput": c["throughput_per_h"],
        "wait_over_service": s["wait_h"],
        "availability": 1.0 - (s["closed_share"] or 0.0),
    }


def one(servers: Any, rate: float, service: str, hours: float = LENGTH_H, **stage: Any) -> Case:
    every = stage.pop("every", f"exponential({1 / rate!r})")
    desk = {"id": "desk", "servers": servers, "service_h": service, "monitor": True, **stage}
    return Case(build([desk], {"door": {"every_h": every}}, hours=hours), usual)


def numbers(text: str) -> list[float]:
    return [float(x) for x in re.findall(r"(?<![A-Za-z])\d*\.?\d+(?:e[+-]?\d+)?", text)]


def named(text: str) -> dict[str, float]:
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", text)}


def case_of(name: str) -> Case:  # noqa: C901 - one branch for each family
    n = named(name)
    if name.startswith("MM1"):
        return one(1, n["lam"], "exponential(1)", 2_000_000)
    if name.startswith("MMcK"):
        return one(int(n["c"]), n["lam"], "exponential(1)", places=int(n["K"]))
    if name.startswith("MMc"):
        return one(int(n["c"]), n["lam"], "exponential(1)", 500_000)
    if name.startswith("MG1"):
        service = {
            "D": "1", "Er": "erlang(1, 4)", "lo": "lognormal(1, 0.5)", "un": "uniform(0, 2)", "M ": "exponential(1)",
        }  # fmt: skip
        kind = name.split()[1]
        key = "D" if kind == "D" else "M " if kind == "M" else kind[:2]
        return one(1, n["lam"], service[key], 500_000)
    if name.startswith("MDc"):
        return one(int(n["c"]), n["lam"], "1", 500_000)
    if name.startswith("GM1"):
        every = "1.25" if " D " in name else "erlang(1.25, 2)"
        return one(1, 0.8, "exponential(1)", 500_000, every=every)
    if name.startswith("berths"):
        k, servers = int(name[8]), int(name.split("/")[2].split()[0])
        mean = 1 / (n["rho"] * servers)
        every = f"exponential({mean!r})" if k == 1 else f"erlang({mean!r}, {k})"
        return one(servers, 1.0, "erlang(1, 2)", 500_000, every=every)
    if name.startswith("ErlangB"):
        return one(int(n["c"]), n["a"], "exponential(1)", places=int(n["c"]))
    if name.startswith("MGinf"):
        return _yard()
    if name.startswith("MDinf"):
        return _at_times(2.0, "unlimited", "10", {"EN_t5": 5.0, "EN_t20": 20.0})
    if name.startswith("transient"):
        t = float(re.findall(r"N\((\d+)\)", name)[0])
        return _at_times(0.8, 1, "exponential(1)", {"EN": t})
    if name.startswith("Jackson"):
        return _jackson()
    if name.startswith("ferry accumulate"):
        rate, most, gap = numbers(name)[:3]
        return _ferry(rate, int(most), gap)
    if name.startswith("timetable"):
        rate, most = numbers(name)[:2]
        return _timetable(rate, int(most))
    if name.startswith("bulk"):
        most = int(re.findall(r"\.\.(\d)", name)[0])
        return _bulk(n["lam"], most)
    if name.startswith("train arrivals"):
        desk = {"id": "desk", "service_h": "exponential(1)"}
        source = {"every_h": "exponential(12.5)", "size": 10}
        return Case(build([desk], {"door": source}, hours=2_000_000), usual)
    if name.startswith("tandem 2 stations saturated"):
        return _saturated(int(re.findall(r"buffer (\d+)", name)[0]))
    if name.startswith("tandem"):
        return _blocking(int(re.findall(r"buffer (\d+)", name)[0]))
    if name.startswith("closures"):
        desk = {"id": "desk", "service_h": "exponential(1)"}
        storm = {
            "id": "storm",
            "stage": "desk",
            "open_h": "exponential(20)",
            "closed_h": "exponential(5)",
        }
        source = {"every_h": f"exponential({1 / 0.6!r})"}
        return Case(build([desk], {"door": source}, hours=3_000_000, closures=[storm]), usual)
    if name.startswith("priority"):
        return _priority(preemptive="preemptive resume" in name and "non" not in name)
    if name.startswith("machine"):
        return _repair()
    raise ValueError(name)


def _bulk(rate: float, most: int) -> Case:
    """In the reference, who comes during a service joins it while there is room.

    With exponential times that is a shuttle: it leaves when it is back, with up to `most`, also
    empty, and is back after an exponential time; a service is the time until it leaves.
    """
    shuttle = {"most": most, "fill": 0, "max_gap_h": 1e-9, "sails_empty": True}
    stage = {"id": "desk", "batch": {**shuttle, "return_h": "exponential(1)"}}
    model = build([stage], {"door": {"every_h": f"exponential({1 / rate!r})"}}, hours=500_000)

    def read(r: SimulationResult) -> Estimates:
        c = r.classes.row(0, named=True)
        return {"L": c["inside_mean"], "W": c["time_mean_h"], "Wq": c["time_mean_h"] - 1.0}

    return Case(model, read)


def _yard() -> Case:
    yard = {"id": "yard", "servers": "unlimited", "service_h": "lognormal(20, 0.5)", "count": True}
    model = build(
        [yard], {"rail": {"every_h": f"exponential({1 / 11.4155251142!r})"}}, hours=300_000
    )

    def read(r: SimulationResult) -> Estimates:
        time = r.histograms["number at yard"]
        share = time / time.sum()
        at = np.arange(len(share))
        mean = float(share @ at)
        return {
            "L": mean,
            "var_N": float(share @ (at - mean) ** 2),
            "P_N_le_230": float(share[:231].sum()),
        }

    return Case(model, read)


def _at_times(rate: float, servers: Any, service: str, at: dict[str, float]) -> Case:
    """Queues that begin empty so long before the end; the numbers inside at the end."""
    stages, classes, sources = [], [], []
    for name, t in at.items():
        stages.append({"id": name, "servers": servers, "service_h": service})
        classes.append({"id": name, "route": [name]})
        every = f"exponential({1 / rate!r})"
        start = max(at.values()) - t
        sources.append({"id": name, "class": name, "every_h": every, "start_h": start})
    model = model_from(
        {"stages": stages, "classes": classes, "sources": sources, "horizon_h": max(at.values())}
    )

    def read(r: SimulationResult) -> Estimates:
        inside = r.classes["inside_at_end"].to_numpy().reshape(-1, len(at)).mean(axis=0)
        return dict(zip(at, map(float, inside), strict=True))

    return Case(model, read, 0.0, 1000)


def _jackson() -> Case:
    stages = [{"id": f"s{i}", "service_h": "exponential(1)"} for i in range(10)]
    model = build(stages, {"door": {"every_h": "exponential(1.25)"}}, hours=500_000)

    def read(r: SimulationResult) -> Estimates:
        c = r.classes.row(0, named=True)
        return {
            "W": c["time_mean_h"],
            "W_sd": c["time_sd_h"],
            "Wq_each": float(r.stages["wait_h"].mean()),
        }  # type: ignore[arg-type]

    return Case(model, read)


def _batch_stage(rate: float, batch: dict[str, Any], hours: float) -> Model:
    stage = {"id": "ferry", "servers": "unlimited", "batch": batch}
    return build([stage], {"rail": {"every_h": f"exponential({1 / rate!r})"}}, hours=hours)


def _ferry(rate: float, most: int, gap: float) -> Case:
    def read(r: SimulationResult) -> Estimates:
        s = r.stages.row(0, named=True)
        hours = float(r.replications["time_h"][0])
        return {"mean_wait": s["wait_h"], "mean_load": s["load_mean"], "mean_headway": hours / s["services"]}  # fmt: skip

    return Case(_batch_stage(rate, {"most": most, "max_gap_h": gap}, 50_000.0), read)


def _timetable(rate: float, most: int) -> Case:
    batch = {"most": most, "fill": 0, "timetable_h": [1], "period_h": 1, "sails_empty": True}

    def read(r: SimulationResult) -> Estimates:
        s = r.stages.row(0, named=True)
        return {
            "left_behind": s["left_behind_mean"],
            "queue_before_sailing": s["left_behind_mean"] + s["load_mean"],
            "load_factor": s["load_mean"] / most,
            "mean_wait_over_T": s["wait_h"],
        }

    return Case(_batch_stage(rate, batch, 300_000.0), read)


def _saturated(buffer: int) -> Case:
    stages = [
        {"id": "first", "service_h": "exponential(1)"},
        {"id": "second", "service_h": "exponential(1)", "places": buffer + 1},
    ]
    route = ["first", {"stage": "second", "next": {"first": 1}}]
    source = {"every_h": 0, "count": 1, "size": buffer + 3}
    model = build(stages, {"supply": source}, route=route)

    def read(r: SimulationResult) -> Estimates:
        return {"throughput": r.stages["throughput_per_h"][1]}

    return Case(model, read)


def _blocking(buffer: int) -> Case:
    stages = [
        {"id": "first", "service_h": "exponential(1)"},
        {"id": "second", "service_h": "exponential(1)", "places": buffer + 1},
    ]
    model = build(stages, {"door": {"every_h": "exponential(2)"}}, hours=500_000)

    def read(r: SimulationResult) -> Estimates:
        numbers_ = r.stages.select("waiting_mean", "serving_mean", "blocked_mean").sum_horizontal()
        return {
            "L1": numbers_[0],
            "L2": numbers_[1],
            "W": r.classes["time_mean_h"][0],
            "P_blocked": r.stages["blocked_mean"][0],
        }

    return Case(model, read)


def _priority(*, preemptive: bool) -> Case:
    desk = {"id": "desk", "service_h": "exponential(1)", "preemptive": preemptive}
    sources = {
        "a": {"every_h": f"exponential({1 / 0.3!r})"},
        "b": {"every_h": "exponential(2)", "class": "c2"},
    }
    model = build([desk], sources, hours=2_000_000, priorities=(1, 2))

    def read(r: SimulationResult) -> Estimates:
        first, second = r.classes["time_mean_h"].to_list()
        return {"W1": first, "W2": second, "Wq1": first - 1.0, "Wq2": second - 1.0}

    return Case(model, read)


def _repair() -> Case:
    stages = [
        {"id": "line", "servers": "unlimited", "service_h": "exponential(10)"},
        {"id": "repair", "servers": 2, "service_h": "exponential(1)"},
    ]
    route = ["line", {"stage": "repair", "next": {"line": 1}}]
    source = {"every_h": 0, "count": 1, "size": 12}

    def read(r: SimulationResult) -> Estimates:
        s = r.stages.row(1, named=True)
        down = s["waiting_mean"] + s["serving_mean"]
        return {"L_down": down, "availability": 1 - down / 12, "throughput": s["throughput_per_h"]}

    return Case(build(stages, {"fleet": source}, route=route), read)


def estimate(
    case: Case,
    reference: dict[str, float],
    seed: int,
    *,
    precision: float,
    most: int,
    least: int = 8,
) -> dict[str, tuple[float, float]]:
    """Mean and standard error of each quantity; replications until they are precise enough."""
    found: list[Estimates] = []
    while True:
        r = simulate(
            case.model,
            replications=case.at_once,
            first=len(found) * case.at_once,
            seed=seed,
            warmup_h=case.warmup_h,
        )
        found.append(case.read(r))
        n = len(found)
        if n < least:
            continue
        result = {}
        for name in reference:
            values = np.array([f[name] for f in found])
            result[name] = (float(values.mean()), float(values.std(ddof=1) / np.sqrt(n)))
        enough = all(se <= precision * abs(reference[q]) for q, (_, se) in result.items())
        if n >= most or enough:
            return result


def judged(
    case: Case,
    exact: dict[str, float],
    seed: int,
    *,
    precision: float,
    most: int,
    least: int = 8,
) -> dict[str, Verdict]:
    """Estimates beside what they should be, by the pass rule of the reference."""
    found = estimate(case, exact, seed, precision=precision, most=most, least=least)
    return {
        q: (value, exact[q], se, abs(value - exact[q]) <= STANDARD_ERRORS * se + ROUNDING * abs(exact[q]))
        for q, (value, se) in found.items()
    }  # fmt: skip
