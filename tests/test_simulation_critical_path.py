"""critical_path and critical_shares: hand-worked traces, random models, bad input."""

# ruff: noqa: E501 - a row of a table of models is a line

import json
import os
from math import fsum
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karvan.cli.simulate import simulate_command
from karvan.errors import SimulationError
from karvan.simulation import Model, critical_path, critical_shares, simulate
from karvan.simulation.critical_path import stretches
from karvan.simulation.precedence import Precedence
from simulation_models import queue, tandem, whole_corridor
from test_simulation_events import models

Row = tuple[float, float, str, str, str, str, str | None]
ROW = ["from_h", "until_h", "entity", "stage", "activity", "ended_by", "explains"]


def path(model: Model, entity: str, **options: Any) -> list[Row]:
    return critical_path(model, simulate(model, log=True, **options), entity).select(ROW).rows()


def arrivals(*times: float) -> dict[str, Any]:
    """A source's column `every_h` and count for arrivals at given hours."""
    gaps = [b - a for a, b in zip((0.0, *times), times, strict=False)]
    return {"every_h": f"series({', '.join(map(str, gaps))})", "count": len(times)}


def model_of(stages: list[Any], sources: dict[str, tuple[list[Any], Any]], **more: Any) -> Model:
    """A model whose sources and classes have the same names."""
    classes = [{"id": name, "route": route} for name, (route, _) in sources.items()]
    rows = [{"id": name, "class": name, **when} for name, (_, when) in sources.items()]
    classes += more.pop("classes", [])
    return Model(stages=stages, classes=classes, sources=rows, **more)


def ferries() -> Model:
    """Three vessels of 20 that sail when full or after a day; each needs some time to come back."""
    batch = {"most": 20, "max_wait_h": 24, "return_h": "lognormal(20, 0.5)"}
    ferry = {"id": "ferry", "servers": 3, "service_h": "lognormal(20, 0.5)", "batch": batch}
    return model_of([ferry], {"w": (["ferry"], {"every_h": "exponential(0.7)", "count": 2000})})


def test_queue_hangs_on_who_is_served_before() -> None:
    # Arrivals at 1, 2, 3; service 2 h: 1-3, 3-5, 5-7.
    model = model_of([{"id": "desk", "service_h": 2}], {"a": (["desk"], arrivals(1, 2, 3))})
    assert path(model, "a 0") == [(1, 3, "a 0", "desk", "work", "service", None)]
    assert path(model, "a 2") == [
        (3, 5, "a 1", "desk", "work", "service", "queue"),
        (5, 7, "a 2", "desk", "work", "service", None),
    ]


def test_the_path_leaves_who_only_hurried_to_wait() -> None:
    # b's 4 h at the yard end at 5, the berth is a's until 10: the yard has slack and is not on it.
    model = model_of(
        [{"id": "yard", "service_h": 4}, {"id": "berth", "service_h": 8}],
        {"a": (["berth"], arrivals(2)), "b": (["yard", "berth"], arrivals(1))},
    )
    assert path(model, "b 0") == [
        (1, 2, "a 0", "berth", "arrival", "arrival", None),
        (2, 10, "a 0", "berth", "work", "service", "queue"),
        (10, 18, "b 0", "berth", "work", "service", None),
    ]


def test_ferry_waits_for_the_last_to_come() -> None:
    model = model_of(
        [
            {"id": "yard", "servers": 3, "service_h": 2},
            {"id": "ferry", "service_h": 5, "batch": {"most": 2}},
        ],
        {"w": (["yard", "ferry"], arrivals(0, 3))},
    )
    assert path(model, "w 0") == [
        (0, 3, "w 1", "yard", "arrival", "arrival", None),
        (3, 5, "w 1", "yard", "work", "service", "batch"),
        (5, 10, "ferry 0", "ferry", "work", "service", None),
    ]


def test_ferry_that_has_to_come_back() -> None:
    # Full at 1, sails 1-6, is back at 6 + 4 = 10; the second pair is there at 3.
    batch = {"most": 2, "return_h": 4}
    model = model_of(
        [{"id": "ferry", "service_h": 5, "batch": batch}],
        {"w": (["ferry"], arrivals(0, 1, 2, 3))},
    )
    assert path(model, "w 3") == [
        (3, 6, "ferry 0", "ferry", "work", "service", None),
        (6, 10, "ferry 0", "ferry", "return", "return", "queue"),
        (10, 15, "ferry 1", "ferry", "work", "service", None),
    ]


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        ({"timetable_h": [6], "period_h": 6, "fill": 0}, (1, 6, "w 0", "ferry", "batch", "timetable", None)),
        ({"max_wait_h": 3}, (1, 4, "w 0", "ferry", "batch", "longest wait", None)),
        ({"max_gap_h": 7}, (1, 7, "w 0", "ferry", "batch", "longest gap", None)),
    ],
)  # fmt: skip
def test_ferry_that_a_clock_lets_sail(batch: dict[str, Any], expected: Row) -> None:
    model = model_of(
        [{"id": "ferry", "service_h": 5, "batch": {"most": 9, **batch}}],
        {"w": (["ferry"], arrivals(1))},
    )
    sails = expected[1]
    assert path(model, "w 0", horizon_h=20.0) == [
        expected,
        (sails, sails + 5, "ferry 0", "ferry", "work", "service", None),
    ]


def test_who_passes_in_no_time_is_not_its_own_cause() -> None:
    model = model_of(
        [{"id": "ferry", "service_h": 0, "batch": {"most": 2, "max_wait_h": 2}}],
        {"w": (["ferry"], arrivals(1))},
    )
    assert path(model, "w 0") == [(1, 3, "w 0", "ferry", "batch", "longest wait", None)]


def test_longest_wait_is_that_of_the_first() -> None:
    model = model_of(
        [{"id": "ferry", "service_h": 5, "batch": {"most": 9, "max_wait_h": 3}}],
        {"w": (["ferry"], arrivals(1, 2))},
    )
    assert path(model, "w 1")[0] == (2, 4, "w 0", "ferry", "batch", "longest wait", "batch")


def test_blocking_hangs_on_who_is_ahead() -> None:
    # a 0 is at second 1-6; a 1 is done at first at 2 and blocked until 6, then served 6-11.
    model = model_of(
        [{"id": "first", "service_h": 1}, {"id": "second", "service_h": 5, "places": 1}],
        {"a": (["first", "second"], arrivals(0, 0.5, 0.75))},
    )
    assert path(model, "a 1") == [
        (0.5, 1, "a 0", "first", "work", "service", None),
        (1, 6, "a 0", "second", "work", "service", "blocked"),
        (6, 11, "a 1", "second", "work", "service", None),
    ]
    # a 2 waits for a 1, which is blocked until 6 by a 0; then for a 1 itself at second.
    assert path(model, "a 2") == [
        (0.75, 1, "a 0", "first", "work", "service", None),
        (1, 6, "a 0", "second", "work", "service", "blocked"),
        (6, 11, "a 1", "second", "work", "service", "blocked"),
        (11, 16, "a 2", "second", "work", "service", None),
    ]


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("finishes", [(1, 3, "a 0", "berth", "work", "service", "queue"), (3, 6, "a 1", "berth", "closure", "opening", None), (6, 8, "a 1", "berth", "work", "service", None)]),
        ("resumes", [(1, 2, "a 0", "berth", "work", "interruption", None), (2, 6, "a 0", "berth", "closure", "opening", None), (6, 7, "a 0", "berth", "work", "service", "queue"), (7, 9, "a 1", "berth", "work", "service", None)]),
        ("repeats", [(1, 2, "a 0", "berth", "work", "interruption", None), (2, 6, "a 0", "berth", "closure", "opening", None), (6, 8, "a 0", "berth", "work", "service", "queue"), (8, 10, "a 1", "berth", "work", "service", None)]),
    ],
)  # fmt: skip
def test_closure_lasts_until_it_opens(work: str, expected: list[Row]) -> None:
    model = model_of(
        [{"id": "berth", "service_h": 2}],
        {"a": (["berth"], arrivals(1, 1))},
        closures=[
            {"id": "storm", "stage": "berth", "closed_from_h": [2], "closed_until_h": [6], "work": work}
        ],
    )  # fmt: skip
    assert path(model, "a 1") == expected


def test_who_comes_while_it_is_closed_waits_for_the_opening() -> None:
    model = model_of(
        [{"id": "berth", "service_h": 2}],
        {"a": (["berth"], arrivals(3))},
        closures=[{"id": "x", "stage": "berth", "closed_from_h": [2], "closed_until_h": [6]}],
    )
    assert path(model, "a 0") == [
        (3, 6, "a 0", "berth", "closure", "opening", None),
        (6, 8, "a 0", "berth", "work", "service", None),
    ]


def test_unit_of_a_pool_hangs_on_who_gives_it_back() -> None:
    # One crane: a has it 0-4 at its own stage, it is back after 2 h more, b needs it at 1.
    for back, middle in ((None, []), (2, [(4, 6, "a 0", "east", "return", "return", "pool")])):
        model = model_of(
            [
                {"id": "east", "servers": "unlimited", "service_h": 4, "takes": {"crane": 1}},
                {"id": "west", "servers": "unlimited", "service_h": 3, "takes": {"crane": 1}},
            ],
            {"a": (["east"], arrivals(0)), "b": (["west"], arrivals(1))},
            pools=[{"id": "crane", "units": 1, "return_h": back}],
        )
        start = 6 if back else 4
        explains = None if back else "pool"
        assert path(model, "b 0") == [
            (1, 4, "a 0", "east", "work", "service", explains),
            *middle,
            (start, start + 3, "b 0", "west", "work", "service", None),
        ]


def test_the_interrupted_goes_on_where_it_was() -> None:
    # slow works 0-2, fast interrupts 2-5, slow has 8 h left: 5-13.
    model = Model(
        stages=[{"id": "desk", "service_h": 10, "preemptive": True}],
        classes=[
            {"id": "slow", "route": ["desk"], "priority": 2},
            {"id": "fast", "route": [{"stage": "desk", "service_h": 3}], "priority": 1},
        ],
        sources=[
            {"id": "slow", "class": "slow", **arrivals(0)},
            {"id": "fast", "class": "fast", **arrivals(2)},
        ],
    )
    assert path(model, "slow 0") == [
        (0, 2, "slow 0", "desk", "work", "interruption", None),
        (2, 5, "fast 0", "desk", "work", "service", "queue"),
        (5, 13, "slow 0", "desk", "work", "service", None),
    ]


def test_headway_is_kept_to_who_began_before() -> None:
    model = model_of(
        [{"id": "line", "servers": "unlimited", "service_h": 3, "headway_h": 2}],
        {"t": (["line"], arrivals(0, 1))},
    )
    assert path(model, "t 1") == [
        (1, 2, "t 1", "line", "headway", "headway", None),
        (2, 5, "t 1", "line", "work", "service", None),
    ]


def test_shares_are_those_of_the_paths() -> None:
    model = model_of([{"id": "desk", "service_h": 2}], {"a": (["desk"], arrivals(1, 2, 3))})
    shares = critical_shares(model, simulate(model, log=True), "a")
    # 2 h, 1 + 2 h and 2 + 2 h of work at the desk.
    assert shares.rows() == [("a", "desk", "work", 3.0, 1.0, 3)]
    late = critical_shares(model, simulate(model, log=True), "a", warmup_h=6.0)
    assert late.rows() == [("a", "desk", "work", 4.0, 1.0, 1)]


def test_shares_of_a_corridor_sum_to_the_mean_time() -> None:
    model = whole_corridor(2.0).model_copy(update={"horizon_h": 1500.0})
    result = simulate(model, log=True)
    shares = critical_shares(model, result, "wagon")
    assert shares["share"].sum() == pytest.approx(1.0, abs=1e-12)
    row = next(r for r in result.classes.to_dicts() if r["class"] == "wagon")
    assert shares["mean_h"].sum() == pytest.approx(row["time_mean_h"], rel=1e-9)
    assert shares["shipments"][0] == row["left"]
    activities = set(shares["activity"])
    assert {"work", "arrival", "closure", "batch"} <= activities


def test_vessels_that_come_back_have_their_share() -> None:
    shares = critical_shares(ferries(), simulate(ferries(), log=True), "w")
    found = {row["activity"]: row["share"] for row in shares.to_dicts()}
    # The fleet is the bottleneck: voyages there and back take as long in the mean.
    assert found["work"] > 0.3
    assert found["return"] > 0.3


def see_that_it_covers(model: Model, **options: Any) -> tuple[float, float]:
    """Hours of all paths, and of those parts whose cause is not known."""
    result = simulate(model, log=True, **options)
    assert result.log is not None
    found = Precedence(model, result.log, result.seed, 0)
    total = unknown = 0.0
    for i, kind in enumerate(found.kind):
        if kind != "exit":
            continue
        rows = list(stretches(found, i))[::-1]
        first = found.time[found.own[found.who[i]][0]]
        bounds = [first, *(row[1] for row in rows)]
        assert [row[0] for row in rows] == bounds[:-1]
        assert bounds[-1] == found.time[i]
        assert all(row[0] < row[1] for row in rows)
        hours = fsum(row[1] - row[0] for row in rows)
        assert hours == pytest.approx(found.time[i] - first, rel=1e-12, abs=1e-12)
        total += hours
        unknown += fsum(row[1] - row[0] for row in rows if row[5] == "")
    return total, unknown


@settings(
    max_examples=1000 if os.environ.get("KARVAN_SLOW") else 60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(model=models(), seed=st.integers(0, 2**64 - 1))
def test_paths_cover_the_time_in_the_system(model: Model, seed: int) -> None:
    see_that_it_covers(model, seed=seed, horizon_h=100.0, most_events=2000)


@pytest.mark.parametrize(
    ("model", "most"),
    [(ferries(), 0.0), (queue(count=500), 0.0), (queue(3, "exponential(0.4)", count=500), 0.0), (tandem(4, 300, places=2), 0.0), (whole_corridor(1.0).model_copy(update={"horizon_h": 800.0}), 0.02)],
    ids=["ferries", "M/M/1", "M/M/3", "tandem with places", "corridor"],
)  # fmt: skip
def test_the_cause_is_known(model: Model, most: float) -> None:
    total, unknown = see_that_it_covers(model)
    assert unknown <= most * total


def in_a_row(longer: str, by: float) -> Model:
    """Wagons that are all there at hour 0 pass a tandem with few places and two vessels."""
    times = {"yard": "lognormal({}, 0.5)", "gate": "lognormal({}, 0.8)", "ferry": "lognormal({}, 0.3)", "port": "lognormal({}, 0.6)"}  # fmt: skip
    means = {"yard": 1.0, "gate": 1.1, "ferry": 3.0, "port": 0.9}
    means[longer] *= by
    stages: list[dict[str, Any]] = [
        {"id": name, "service_h": text.format(repr(means[name]))} for name, text in times.items()
    ]
    stages[1]["places"] = 2
    stages[2] |= {"servers": 2, "batch": {"most": 4, "return_h": 2}}
    when = {"every_h": 0, "count": 1, "size": 40}
    return model_of(stages, {"w": (list(times), when)})


@pytest.mark.parametrize("stage", ["yard", "gate", "ferry", "port"])
def test_hours_on_the_path_are_the_derivative_of_the_exit(stage: str) -> None:
    """A stage that takes 1e-6 longer delays each wagon by 1e-6 of its hours on the wagon's path."""
    model, step = in_a_row(stage, 1.0), 1e-6
    before = simulate(model, log=True)
    after = simulate(in_a_row(stage, 1.0 + step), log=True)
    assert before.log is not None
    assert after.log is not None
    left = dict(after.log.filter(pl.col("event") == "exit").select("entity", "time_h").rows())
    seen = 0
    for entity in (f"w {n}" for n in range(40)):
        table = critical_path(model, before, entity)
        work = table.filter((pl.col("stage") == stage) & (pl.col("activity") == "work"))
        hours = (work["until_h"] - work["from_h"]).sum()
        assert (left[entity] - table["until_h"][-1]) / step == pytest.approx(hours, abs=1e-4)
        seen += hours > 0.0
    assert seen == 40


# ---------------------------------------------------------------- bad input
def test_bad_input_is_named() -> None:
    model = queue(count=3)
    result = simulate(model, log=True)
    with pytest.raises(SimulationError, match="no class 'custmer'; did you mean 'customer'"):
        critical_shares(model, result, "custmer")
    with pytest.raises(SimulationError, match="no entity 'door 3'"):
        critical_path(model, result, "door 3")
    with pytest.raises(SimulationError, match="log=True"):
        critical_path(model, simulate(model), "door 0")
    with pytest.raises(SimulationError, match="nobody of class 'customer' left after 1e"):
        critical_shares(model, result, "customer", warmup_h=1e9)
    cut = simulate(model, log=True, most_events=2)
    with pytest.raises(SimulationError, match="'door 0' has not left"):
        critical_path(model, cut, "door 0")


def test_a_log_that_does_not_tell_entities_apart_is_refused() -> None:
    model = model_of([{"id": "a", "batch": {"most": 1}}], {"a": (["a"], arrivals(1))})
    with pytest.raises(SimulationError, match="both called 'a'"):
        critical_path(model, simulate(model, log=True), "a 0")


# ---------------------------------------------------------------- command line
FERRY = """horizon_h = 2000
classes = [{ id = "wagon", route = ["ferry"] }]
sources = [{ id = "rail", class = "wagon", every_h = "exponential(0.7)" }]
[[stages]]
id = "ferry"
servers = 4
service_h = "lognormal(20, 0.5)"
batch = { most = 20, max_wait_h = 10, return_h = "lognormal(20, 0.5)" }
"""


@pytest.mark.parametrize(
    ("lang", "title"),
    [("en", "Critical path of class"), ("ru", "Критический путь"), ("az", "kritik yolu"), ("zh", "关键路径")],
)  # fmt: skip
def test_command_shows_the_shares(lang: str, title: str, tmp_path: Path) -> None:
    file = tmp_path / "ferry.toml"
    file.write_text(FERRY, "utf-8")
    options = [str(file), "--replications", "2", "--critical-path", "wagon"]
    shown = CliRunner().invoke(simulate_command, [*options, "--lang", lang])
    assert title in shown.stdout
    done = CliRunner().invoke(simulate_command, [*options, "--json", "--warmup", "100"])
    rows = json.loads(done.stdout)["critical_path"]
    assert fsum(row["share"] for row in rows) == pytest.approx(1.0)
    assert {row["activity"] for row in rows} >= {"work", "return"}
    without = CliRunner().invoke(simulate_command, [str(file), "--replications", "2", "--json"])
    assert "critical_path" not in json.loads(without.stdout)


def test_command_refuses_a_class_before_it_simulates(tmp_path: Path) -> None:
    (tmp_path / "ferry.toml").write_text(FERRY, "utf-8")
    options = [str(tmp_path / "ferry.toml"), "--critical-path", "waggon"]
    done = CliRunner().invoke(simulate_command, options)
    assert isinstance(done.exception, SimulationError)
    assert "did you mean 'wagon'" in str(done.exception)
