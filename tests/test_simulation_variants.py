"""The engine against closed formulas beyond the reference: other servers, loads and distributions.

``KARVAN_SLOW=1`` runs all at the precision of the reference's rule; without it a few run, less
precise.  Formulas are those of ``karvan.simulation.formulas_*``, which are tested on their own.
"""

# ruff: noqa: E501 - a row of a table of models is a line

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from karvan.simulation import SimulationResult
from karvan.simulation.formulas_batches import (
    batch_arrivals,
    bulk_service,
    fill_up_departures,
    mm1_with_closures,
    tandem_throughput_per_h,
)
from karvan.simulation.formulas_general import gm1, mdc, mg1, priority_mg1, timetable_departures
from karvan.simulation.formulas_markov import (
    birth_death,
    erlang_b,
    machine_repair,
    mm1_transient,
    mmc,
    mmck,
)
from karvan.simulation.formulas_phases import berth_wait_ratio, tandem_with_blocking
from karvan.simulation.variates import read_distribution
from queueing_cases import (
    PRECISION,
    SLOW,
    Case,
    Estimates,
    Verdict,
    _at_times,
    _bulk,
    _ferry,
    _timetable,
    build,
    judged,
    one,
    usual,
)

Variant = Callable[[], tuple[Case, dict[str, float]]]


def waits_of(found: Any) -> dict[str, float]:
    return {"Wq": found.wait_h, "W": found.sojourn_h, "Lq": found.queue_length}


def many_servers(c: int, rate: float) -> Variant:
    def make() -> tuple[Case, dict[str, float]]:
        exact = mmc(c, rate, 1.0)
        return one(c, rate, "exponential(1)", 300_000), {
            **waits_of(exact),
            "P_wait": exact.wait_probability,
        }

    return make


def service(text: str, variation: float, rate: float) -> Variant:
    def make() -> tuple[Case, dict[str, float]]:
        return one(1, rate, text, 1_000_000), waits_of(mg1(rate, 1.0, variation))

    return make


def gaps(text: str, transform: Callable[[float], float]) -> Variant:
    def make() -> tuple[Case, dict[str, float]]:
        exact = gm1(transform, 0.8, 1.0)
        return one(1, 0.8, "exponential(1)", 500_000, every=text), {
            "Wq": exact.wait_h,
            "P_wait": exact.wait_probability,
        }

    return make


def hyperexponential_gaps(s: float) -> float:
    share, a, b = read_distribution("hyperexponential(1.25, 1.5)").parameters()
    return share / (1.0 + a * s) + (1.0 - share) / (1.0 + b * s)


def uniform_gaps(s: float) -> float:
    return -math.expm1(-2.5 * s) / (2.5 * s)


def impatient(c: int, rate: float, patience_h: float) -> tuple[Case, dict[str, float]]:
    """M/M/c whose customers leave the line after exponential times: birth and death."""
    n = np.arange(400)
    chance = birth_death(
        np.full(400, rate), np.minimum(n + 1.0, c) + np.maximum(n + 1.0 - c, 0.0) / patience_h
    )
    line = float(chance @ np.maximum(np.arange(401) - c, 0))
    desk = {
        "id": "desk",
        "servers": c,
        "service_h": "exponential(1)",
        "patience_h": f"exponential({patience_h})",
    }
    model = build([desk], {"door": {"every_h": f"exponential({1 / rate!r})"}}, hours=300_000)

    def read(r: SimulationResult) -> Estimates:
        s, k = r.stages.row(0, named=True), r.classes.row(0, named=True)
        return {"Lq": s["waiting_mean"], "P_leave": k["reneged"] / k["arrived"]}

    return Case(model, read), {"Lq": line, "P_leave": line / patience_h / rate}


def balking(most_waiting: int, rate: float) -> tuple[Case, dict[str, float]]:
    """Who finds so many waiting goes away: places for one more."""
    exact = mmck(1, most_waiting + 1, rate, 1.0)
    case = one(1, rate, "exponential(1)", balk_at=most_waiting)

    def read(r: SimulationResult) -> Estimates:
        k = r.classes.row(0, named=True)
        return {"P_block": k["balked"] / k["arrived"], "Wq": r.stages["wait_h"][0]}

    return Case(case.model, read), {"P_block": exact.blocking_probability, "Wq": exact.wait_h}


def day_and_night() -> tuple[Case, dict[str, float]]:
    """Arrivals by the hour at a yard without limit: the mean inside is the mean rate times the stay."""
    model = build(
        [{"id": "yard", "servers": "unlimited", "service_h": "erlang(8, 3)"}],
        {"rail": {"every_h": "exponential(0.5)", "profiles": ["day"]}},
        hours=100_000,
        profiles=[{"id": "day", "starts_h": [0, 6, 20], "factors": [0, 1.5, 0.5], "period_h": 24}],
    )
    pace = (14 * 1.5 + 4 * 0.5) / 24
    case = Case(
        model,
        lambda r: {
            "L": r.classes["inside_mean"][0],
            "throughput": r.classes["throughput_per_h"][0],
        },
    )
    return case, {"L": 2.0 * pace * 8.0, "throughput": 2.0 * pace}


def loss(c: int, load: float, text: str) -> tuple[Case, dict[str, float]]:
    """Erlang's loss formula holds for any service time."""
    return one(c, load, text, places=c), {"P_block": erlang_b(c, load)}


def closing() -> tuple[Case, dict[str, float]]:
    exact = mm1_with_closures(0.5, 1.0, 50.0, 10.0)
    storm = {
        "id": "storm",
        "stage": "desk",
        "open_h": "exponential(50)",
        "closed_h": "exponential(10)",
    }
    desk = {"id": "desk", "service_h": "exponential(1)"}
    model = build(
        [desk], {"door": {"every_h": "exponential(2)"}}, hours=3_000_000, closures=[storm]
    )
    return Case(model, usual), {"L": exact.in_system, "W": exact.sojourn_h}


def urgency(*, preemptive: bool) -> tuple[Case, dict[str, float]]:
    """Three classes; who interrupts needs exponential services here, who does not may have any."""
    rates, means = (0.2, 0.3, 0.25), (0.5, 1.0, 1.2)
    variation = (1.0, 1.0, 1.0) if preemptive else (0.0, 0.5, 1.0)
    exact = priority_mg1(rates, means, variation, preemptive=preemptive)
    texts = (
        [f"exponential({m})" for m in means]
        if preemptive
        else ["0.5", "erlang(1, 4)", "exponential(1.2)"]
    )
    stages = [{"id": "desk", "preemptive": preemptive}]
    classes = [
        {"id": f"c{n}", "route": [{"stage": "desk", "service_h": text}], "priority": n}
        for n, text in enumerate(texts, 1)
    ]
    sources = [
        {"id": f"s{n}", "class": f"c{n}", "every_h": f"exponential({1 / rate!r})"}
        for n, rate in enumerate(rates, 1)
    ]
    from karvan.simulation import model_from

    model = model_from(
        {"stages": stages, "classes": classes, "sources": sources, "horizon_h": 500_000}
    )
    names = [f"W{n}" for n in (1, 2, 3)]
    case = Case(model, lambda r: dict(zip(names, r.classes["time_mean_h"].to_list(), strict=True)))
    return case, dict(zip(names, [c.sojourn_h for c in exact], strict=True))


def blocking() -> tuple[Case, dict[str, float]]:
    exact = tandem_with_blocking(0.5, 0.8, 1.2, 4)
    stages = [
        {"id": "first", "service_h": "exponential(0.8)"},
        {"id": "second", "service_h": "exponential(1.2)", "places": 5},
    ]
    model = build(stages, {"door": {"every_h": "exponential(2)"}}, hours=500_000)
    return Case(model, lambda r: {"W": r.classes["time_mean_h"][0]}), {"W": exact.sojourn_h}


def never_idle() -> tuple[Case, dict[str, float]]:
    stages = [
        {"id": "first", "service_h": "exponential(0.7)"},
        {"id": "second", "service_h": "exponential(1.1)", "places": 4},
    ]
    route = ["first", {"stage": "second", "next": {"first": 1}}]
    model = build(stages, {"supply": {"every_h": 0, "count": 1, "size": 6}}, route=route)
    case = Case(model, lambda r: {"throughput": r.stages["throughput_per_h"][1]})
    return case, {"throughput": tandem_throughput_per_h(0.7, 1.1, 3)}


def repair() -> tuple[Case, dict[str, float]]:
    exact = machine_repair(6, 1, 0.2, 1.0)
    stages = [
        {"id": "line", "servers": "unlimited", "service_h": "exponential(5)"},
        {"id": "repair", "service_h": "exponential(1)"},
    ]
    route = ["line", {"stage": "repair", "next": {"line": 1}}]
    model = build(stages, {"fleet": {"every_h": 0, "count": 1, "size": 6}}, route=route)
    case = Case(
        model,
        lambda r: {
            "throughput": r.stages["throughput_per_h"][1],
            "waiting": r.stages["waiting_mean"][1],
        },
    )
    return case, {"throughput": exact.throughput_per_h, "waiting": exact.waiting}


def filling(places: int, longest: float) -> tuple[Case, dict[str, float]]:
    exact = fill_up_departures(8.0, places, longest)
    case = _ferry(8.0, places, longest)
    # The formula's vessel sails at the limit even with nobody aboard.
    stage = case.model.stages[0]
    batch = stage.batch
    assert batch is not None
    stages = (stage.model_copy(update={"batch": batch.model_copy(update={"sails_empty": True})}),)
    model = case.model.model_copy(update={"stages": stages})
    return Case(model, case.read), {
        "mean_wait": exact.mean_wait_h,
        "mean_load": exact.mean_load,
        "mean_headway": exact.mean_headway_h,
    }


def timetable(mean: float, places: int) -> tuple[Case, dict[str, float]]:
    exact = timetable_departures(mean, places)
    return _timetable(mean, places), {
        "left_behind": exact.left_behind,
        "mean_wait_over_T": exact.wait_headways,
    }


def batches(size: int, rate: float) -> tuple[Case, dict[str, float]]:
    exact = batch_arrivals(rate, size, 1.0)
    source = {"every_h": f"exponential({1 / rate!r})", "size": size}
    desk = {"id": "desk", "service_h": "exponential(1)"}
    return Case(build([desk], {"door": source}, hours=1_000_000), usual), {
        "L": exact.in_system,
        "W": exact.sojourn_h,
    }


def berths(order: int, service_order: int, n: int, load: float) -> tuple[Case, dict[str, float]]:
    mean = 1 / (load * n)
    case = one(n, 1.0, f"erlang(1, {service_order})", 300_000, every=f"erlang({mean!r}, {order})")
    exact = berth_wait_ratio(n, load, arrival_order=order, service_order=service_order)
    return case, {"wait_over_service": exact}


VARIANTS: dict[str, Variant] = {
    "M/M/3 at 0.7": many_servers(3, 2.1),
    "M/M/12 at 0.9": many_servers(12, 10.8),
    "M/M/30 at 0.95": many_servers(30, 28.5),
    "M/H2/1, variation 2": service("hyperexponential(1, 2)", 2.0, 0.7),
    "M/triangular/1": service("triangular(0, 1, 2)", math.sqrt(1 / 6), 0.85),
    "M/lognormal/1, variation 1.5": service("lognormal(1, 1.5)", 1.5, 0.6),
    "M/shifted exponential/1": service("0.5 + exponential(0.5)", 0.5, 0.8),
    "H2/M/1": gaps("hyperexponential(1.25, 1.5)", hyperexponential_gaps),
    "uniform/M/1": gaps("uniform(0, 2.5)", uniform_gaps),
    "M/D/6 at 0.85": lambda: (one(6, 5.1, "1", 300_000), {"Wq": mdc(6, 5.1, 1.0).wait_h}),
    "E3/E4/2 at 0.65": lambda: berths(3, 4, 2, 0.65),
    "E2/E3/4 at 0.8": lambda: berths(2, 3, 4, 0.8),
    "M/lognormal/7/7": lambda: loss(7, 5.0, "lognormal(1, 1.2)"),
    "M/D/3/3": lambda: loss(3, 2.0, "1"),
    "M/M/2/12": lambda: (
        one(2, 1.9, "exponential(1)", places=12),
        {"P_block": mmck(2, 12, 1.9, 1.0).blocking_probability, "Wq": mmck(2, 12, 1.9, 1.0).wait_h},
    ),
    "M/M/3+M": lambda: impatient(3, 3.3, 2.0),
    "M/M/1+M, short patience": lambda: impatient(1, 1.5, 0.5),
    "balking at 4": lambda: balking(4, 0.9),
    "day and night": day_and_night,
    "closures 50, 10": closing,
    "three classes, none interrupts": lambda: urgency(preemptive=False),
    "three classes, interrupting": lambda: urgency(preemptive=True),
    "tandem with unequal stations": blocking,
    "saturated tandem with unequal stations": never_idle,
    "six machines, one repair place": repair,
    "ferry of 20 or 1.5 h": lambda: filling(20, 1.5),
    "ferry of 6 or 1 h": lambda: filling(6, 1.0),
    "timetable, 3 for 4 places": lambda: timetable(3.0, 4),
    "shuttle of 4": lambda: (
        _bulk(3.0, 4),
        {"L": bulk_service(3.0, 1.0, 4).in_system, "W": bulk_service(3.0, 1.0, 4).sojourn_h},
    ),
    "trains of 4": lambda: batches(4, 0.2),
    "transient M/M/1 at 0.5 after 5 h": lambda: (
        _at_times(0.5, 1, "exponential(1)", {"EN": 5.0}),
        {"EN": mm1_transient(0.5, 1.0, 5.0)},
    ),
}
QUICK = ["M/M/3+M", "balking at 4", "day and night", "M/D/3/3", "six machines, one repair place"]


def judge(name: str, *, precision: float, most: int) -> dict[str, Verdict]:
    """Estimates beside the formula, and whether the rule holds."""
    case, exact = VARIANTS[name]()
    return judged(case, exact, 7, precision=precision, most=most)


@pytest.mark.parametrize("name", QUICK)
def test_quick_variants_hold(name: str) -> None:
    for q, (value, exact, se, passes) in judge(name, precision=0.01, most=10).items():
        assert passes, f"{name} {q}: {value} +- {se}, formula {exact}"


@pytest.mark.slow
@pytest.mark.skipif(not SLOW, reason="minutes of computing: set KARVAN_SLOW=1")
@pytest.mark.parametrize("name", VARIANTS)
def test_all_variants_hold_by_the_pass_rule(name: str) -> None:
    for q, (value, exact, se, passes) in judge(name, precision=PRECISION, most=400).items():
        assert se <= PRECISION * abs(exact), f"{name} {q}: {se / abs(exact):.2%}"
        assert passes, f"{name} {q}: {value} +- {se}, formula {exact}"
