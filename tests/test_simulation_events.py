"""The compiled kernel and the interpreter in plain Python do the same, event by event."""

# ruff: noqa: E501 - a row of a table of models is a line

import os
from math import inf
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numba import njit

from karvan.kernels import events as k
from karvan.simulation.interpreter import interpret
from karvan.simulation.layout import lay_out
from karvan.simulation.log import event_log
from karvan.simulation.model import Closure, Model
from karvan.simulation.replications import Limits, run_replication
from simulation_models import corridor, queue, tandem

MOST = 20_000


def both(model: Model, *, seed: int = 1, horizon: float = inf, events: int = MOST) -> list[Any]:
    """The log of a replication; the same of kernel and interpreter."""
    layout = lay_out(model)
    done = run_replication(layout, seed, 0, Limits(horizon, 10**6, events), log=True)
    assert done is not None
    compiled = event_log(layout, done).select("time_h", "entity", "stage", "event").rows()
    plain = interpret(model, seed=seed, horizon_h=horizon, events=events)
    for n, (left, right) in enumerate(zip(compiled, plain, strict=False)):
        assert left == right, f"row {n}: {plain[max(0, n - 8) : n + 3]}"
    if done.ended != "deadlock":
        assert len(compiled) == len(plain)
    return compiled


def ferry(**batch: Any) -> Model:
    return Model(
        stages=[
            {"id": "yard", "servers": 2, "service_h": "exponential(1)"},
            {"id": "ferry", "servers": 2, "service_h": "lognormal(9, 0.4)", "batch": batch},
            {"id": "port", "servers": 3, "service_h": "erlang(1.5, 3)"},
        ],
        classes=[{"id": "wagon", "route": ["yard", "ferry", "port"]}],
        sources=[{"id": "rail", "class": "wagon", "every_h": "exponential(0.7)", "count": 600}],
        profiles=[{"id": "level", "starts_h": [0, 100], "factors": [1, 0.75], "period_h": 200}],
    )


def trains() -> Model:
    """Wagons form trains, which cross a section with a loop both ways and part in a port."""
    return Model(
        stages=[
            {
                "id": "yard",
                "servers": "unlimited",
                "batch": {"most": 5, "max_wait_h": 6, "carrier": "train", "max_length_m": 70},
            },
            {"id": "first east", "service_h": 1.0, "takes": {"track a": 1}, "direction": 1},
            {"id": "loop east", "places": 2, "servers": "unlimited", "service_h": 0.1},
            {
                "id": "second east",
                "service_h": "uniform(1, 2)",
                "takes": {"track b": 1},
                "direction": 1,
                "headway_h": 0.2,
            },
            {"id": "second west", "service_h": 1.2, "takes": {"track b": 1}, "direction": 2},
            {"id": "first west", "service_h": 1.2, "takes": {"track a": 1}, "direction": 2},
            {"id": "port", "servers": 2, "service_h": "triangular(0.1, 0.2, 0.6)"},
        ],
        classes=[
            {"id": "wagon", "route": ["yard", "port"], "length_m": 14},
            {"id": "long wagon", "route": ["yard", "port"], "length_m": 25},
            {"id": "train", "route": ["first east", "loop east", "second east"]},
            {"id": "empty train", "route": ["second west", "first west"]},
        ],
        sources=[
            {"id": "a", "class": "wagon", "every_h": "exponential(1)", "count": 300},
            {"id": "b", "class": "long wagon", "every_h": "exponential(2)", "count": 150},
            {"id": "c", "class": "empty train", "every_h": "exponential(5)", "count": 80},
        ],
        pools=[
            {"id": "track a", "units": 2, "single_track": True, "run": 2},
            {"id": "track b", "units": 1, "single_track": True},
        ],
    )


MODELS: dict[str, Model] = {
    "M/M/1": queue(count=2000),
    "M/M/8": queue(8, "exponential(0.15)", count=2000),
    "M/M/1/3": queue(places=3, every="exponential(0.9)", count=2000),
    "balking and reneging": queue(balk_at=6, patience_h="weibull(2, 1.5)", count=2000),
    "bulk": queue(every="exponential(0.5)", batch={"most": 3, "fill": 1}, count=2000),
    "trains arrive": queue(size=4, every="exponential(5)", count=400),
    "tandem": tandem(10, 400),
    "tandem with places": tandem(4, 800, places=2),
    "corridor": corridor(),
    "ferry when full": ferry(most=20),
    "ferry by timetable": ferry(most=20, fill=0, timetable_h=[5, 11, 30], period_h=36, return_h=2),
    "ferry when full or after a wait": ferry(most=20, max_wait_h=7, return_h="uniform(1, 4)"),
    "ferry when full or after a gap": ferry(most=20, max_gap_h=12, payload="level"),
    "ferry that sails empty": ferry(most=8, fill=0, timetable_h=[1], period_h=2, sails_empty=True),
    "trains on single track": trains(),
}


@pytest.mark.parametrize("name", MODELS)
def test_kernel_and_interpreter_agree_event_by_event(name: str) -> None:
    assert both(MODELS[name], horizon=MODELS[name].horizon_h or inf)


WORK = ("finishes", "resumes", "repeats")


@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("servers", [1, "unlimited"])
def test_closures_agree(work: str, servers: Any) -> None:
    closures = [
        {"id": "storm", "stage": "desk", "open_h": "exponential(20)", "closed_h": "lognormal(4, 1)", "work": work, "servers": servers},
        {"id": "night", "stage": "desk", "closed_from_h": [20], "closed_until_h": [24], "period_h": 24, "work": work},
    ]  # fmt: skip
    model = queue(3, "exponential(0.5)", count=1500)
    model = model.model_copy(update={"closures": tuple(Closure(**c) for c in closures)})
    assert both(model, horizon=1000.0)


def test_preemption_agrees_with_closures() -> None:
    model = Model(
        stages=[{"id": "desk", "servers": 2, "service_h": "exponential(1)", "preemptive": True}],
        classes=[
            {"id": n, "route": ["desk"], "priority": p} for n, p in (("a", 1), ("b", 5), ("c", 9))
        ],
        sources=[{"id": n, "class": n, "every_h": "exponential(2)", "count": 500} for n in "abc"],
        closures=[
            {"id": "x", "stage": "desk", "open_h": 30, "closed_h": "uniform(0, 3)", "servers": 1}
        ],
    )
    assert any(row[3] == "interrupt" for row in both(model, horizon=2000.0))


# ---------------------------------------------------------------- random models
time_text = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "0.5",
        "exponential(1)",
        "lognormal(1, 0.7)",
        "uniform(0, 2)",
        "series(1, 0, 2, 1)",
        "erlang(1, 2)",
        "quantiles(0, 1, 3)",
        "weibull(1, 0.8)",
        "triangular(0, 1, 2)",
        "0.5 + exponential(0.5)",
        "hyperexponential(1, 2)",
    ]
)


@st.composite
def models(draw: st.DrawFn) -> Model:
    n = draw(st.integers(1, 4))
    names = [f"s{i}" for i in range(n)]
    stages = []
    for name in names:
        stage: dict[str, Any] = {
            "id": name,
            "servers": draw(st.sampled_from([1, 2, "unlimited"])),
            "service_h": draw(time_text),
            "places": draw(st.sampled_from(["unlimited", "unlimited", 1, 2, 5])),
        }
        extra = draw(
            st.sampled_from(["", "", "batch", "patience", "balk", "preempt", "headway", "pool"])
        )
        if extra == "batch":
            stage["places"] = draw(st.sampled_from(["unlimited", 6]))
            stage["batch"] = {
                "most": draw(st.integers(1, 4)),
                **draw(st.sampled_from([{}, {"max_wait_h": 2}, {"max_gap_h": 3}, {"fill": 0, "timetable_h": [1, 2], "period_h": 4}, {"fill": 1}, {"return_h": 1, "max_wait_h": 0}, {"carrier": "carrier", "max_wait_h": 1}])),
            }  # fmt: skip
        elif extra == "patience":
            stage["patience_h"] = draw(time_text)
        elif extra == "balk":
            stage["balk_at"] = draw(st.integers(0, 3))
        elif extra == "preempt":
            stage["preemptive"] = True
        elif extra == "headway":
            stage["headway_h"] = 0.5
        if extra == "pool" or draw(st.sampled_from([False, False, True])):
            stage["takes"] = {"pool": draw(st.integers(1, 2))}
            stage["direction"] = draw(st.integers(1, 2))
        stages.append(stage)
    stages.append(
        {
            "id": "deck",
            "servers": 2,
            "service_h": draw(time_text),
            "places": draw(st.sampled_from(["unlimited", 2])),
        }
    )
    plain = [s["id"] for s in stages if not ({"batch"} & set(s))]
    classes: list[dict[str, Any]] = [{"id": "carrier", "route": ["deck"]}]
    sources = []
    for i in range(draw(st.integers(1, 3))):
        route: list[Any] = [
            {"stage": s, "probability": draw(st.sampled_from([1, 1, 0.6]))}
            for s in draw(st.lists(st.sampled_from(names), min_size=1, max_size=5))
        ]
        if draw(st.booleans()):
            route.append({"stage": names[0], "id": "last", "next": {"last": 0.25, "exit": 0.75}})
        classes.append({"id": f"c{i}", "route": route, "priority": draw(st.integers(1, 3))})
        sources.append(
            {
                "id": f"a{i}",
                "class": f"c{i}",
                "every_h": draw(st.sampled_from(["1", "exponential(1)", "0.5", "uniform(0, 2)"])),
                "size": draw(st.sampled_from([1, 1, 3])),
                "count": draw(st.integers(0, 40)),
                "profiles": draw(st.sampled_from([(), ("day",)])),
            }
        )
    closures = []
    if draw(st.booleans()):
        closures.append(
            {
                "id": "closure",
                "stage": draw(st.sampled_from(plain)),
                "work": draw(st.sampled_from(WORK)),
                "servers": draw(st.sampled_from([1, "unlimited"])),
                **draw(st.sampled_from([{"open_h": "exponential(5)", "closed_h": "exponential(1)"}, {"closed_from_h": [2, 5], "closed_until_h": [3, 7], "period_h": 10}])),
            }
        )  # fmt: skip
    return Model(
        stages=stages,
        classes=classes,
        sources=sources,
        closures=closures,
        pools=[
            {
                "id": "pool",
                "units": 2,
                "single_track": draw(st.booleans()),
                "return_h": draw(st.sampled_from([None, "1"])),
            }
        ],
        profiles=[{"id": "day", "starts_h": [0, 1, 3], "factors": [1, 0, 2], "period_h": 4}],
    )


# KARVAN_SLOW=1 looks at many more.
@settings(
    max_examples=1000 if os.environ.get("KARVAN_SLOW") else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(model=models(), seed=st.integers(0, 2**64 - 1))
def test_random_models_agree(model: Model, seed: int) -> None:
    both(model, seed=seed, horizon=100.0, events=2000)


def test_of_equals_that_wait_for_a_pool_the_first_stage_begins() -> None:
    model = Model(
        stages=[{"id": name, "service_h": 0.0, "takes": {"pool": 1}} for name in ("s0", "s1")],
        classes=[{"id": "c", "route": ["s0", "s0", "s1"]}],
        sources=[{"id": "door", "class": "c", "every_h": 1.0, "count": 4}],
        pools=[{"id": "pool", "units": 2, "return_h": 1.0}],
    )
    assert both(model, horizon=100.0)


@njit
def normal(u: float) -> float:
    return k.normal(u)


@njit
def erlang(n: float, u: float) -> float:
    return k.erlang(n, u)


def starts(model: Model) -> list[tuple[float, str]]:
    return [(time, who) for time, who, _, what in both(model) if what == "start"]


def test_a_pool_goes_to_who_has_waited_longest_not_to_the_stage_that_gave_it() -> None:
    model = Model(
        stages=[{"id": n, "service_h": 3, "servers": 2, "takes": {"crane": 1}} for n in "ab"],
        classes=[{"id": n, "route": [n]} for n in "ab"],
        sources=[
            {"id": "a", "class": "a", "every_h": "series(1, 1, 1)", "count": 3},
            {"id": "b", "class": "b", "every_h": 1.5, "count": 1},
        ],
        pools=[{"id": "crane", "units": 1}],
    )
    assert starts(model) == [(1.0, "a 0"), (4.0, "b 0"), (7.0, "a 1"), (10.0, "a 2")]


def test_a_pool_goes_to_the_most_urgent_not_to_the_stage_that_gave_it() -> None:
    model = Model(
        stages=[{"id": n, "service_h": 3, "servers": 2, "takes": {"crane": 1}} for n in "ab"],
        classes=[{"id": n, "route": [n], "priority": p} for n, p in (("a", 2), ("b", 1))],
        sources=[
            {"id": "a", "class": "a", "every_h": "series(1, 1, 1)", "count": 3},
            {"id": "b", "class": "b", "every_h": 3.5, "count": 1},
        ],
        pools=[{"id": "crane", "units": 1}],
    )
    assert starts(model) == [(1.0, "a 0"), (4.0, "b 0"), (7.0, "a 1"), (10.0, "a 2")]


PREEMPTIVE_WITH_POOL: dict[str, Any] = {
    "stages": [{"id": "a", "service_h": 3, "preemptive": True, "takes": {"crew": 1}}],
    "classes": [{"id": n, "route": ["a"], "priority": p} for n, p in (("u", 1), ("l", 2))],
    "sources": [
        {"id": "u", "class": "u", "every_h": 2, "count": 1},
        {"id": "l", "class": "l", "every_h": 1, "count": 2},
    ],
}


def test_who_lacks_units_does_not_interrupt_who_holds_them() -> None:
    one = Model(**PREEMPTIVE_WITH_POOL, pools=[{"id": "crew", "units": 1}])
    assert starts(one) == [(1.0, "l 0"), (4.0, "u 0"), (7.0, "l 1")]
    two = Model(**PREEMPTIVE_WITH_POOL, pools=[{"id": "crew", "units": 2}])
    assert starts(two) == [(1.0, "l 0"), (2.0, "u 0"), (5.0, "l 0"), (7.0, "l 1")]


def test_who_was_interrupted_by_a_closure_goes_on_before_the_urgent_that_lack_its_units() -> None:
    model = Model(
        **{**PREEMPTIVE_WITH_POOL, "stages": [{"id": "a", "service_h": 3, "takes": {"crew": 1}}]},
        pools=[{"id": "crew", "units": 1}],
        closures=[{"id": "x", "stage": "a", "closed_from_h": [1.5], "closed_until_h": [5]}],
    )
    assert starts(model) == [(1.0, "l 0"), (5.0, "l 0"), (7.5, "u 0"), (10.5, "l 1")]


def test_what_a_stage_that_interrupts_left_of_a_service_ends_there() -> None:
    model = Model(
        stages=[{"id": "s0", "service_h": 1.0}, {"id": "s1", "preemptive": True}],
        classes=[
            {
                "id": "c",
                "route": ["s1", {"stage": "s0", "id": "last", "next": {"last": 0.5, "exit": 0.5}}],
            }
        ],
        sources=[{"id": "door", "class": "c", "every_h": 1.0, "count": 20}],
    )
    assert both(model, horizon=100.0)


@pytest.mark.parametrize("u", [1e-300, 1e-17, 0.001, 0.3, 0.5, 0.7, 0.999999, 1 - 2**-53])
def test_normal_quantiles_are_those_of_scipy(u: float) -> None:
    from scipy.stats import norm

    assert normal(u) == pytest.approx(norm.ppf(u), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("n", [1, 2, 4, 30, 400])
@pytest.mark.parametrize("u", [1e-4, 0.4, 0.7024236244840348, 0.9, 1 - 1e-9])
def test_erlang_quantiles_are_those_of_scipy(n: int, u: float) -> None:
    from scipy.stats import gamma

    assert erlang(float(n), u) == pytest.approx(gamma.ppf(u, n), rel=1e-7)
