"""Rings of those who wait for each other through pools and tracks; runs that are stopped or die."""

# ruff: noqa: E501 - a row of a table of models is a line

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karvan.simulation import Model, model_from, simulate
from karvan.simulation.layout import lay_out
from karvan.simulation.replications import Limits, run_replication
from test_simulation_events import models


def crossed(count: int | None, horizon: float | None = 100.0) -> Model:
    """Two kinds of trains that take a crew and a locomotive, each in the other's order."""
    return model_from(
        {
            "horizon_h": horizon,
            "stages": [
                {"id": "crew first", "service_h": 1, "takes": {"crew": 1}, "gives": {}},
                {"id": "then locomotive", "service_h": 1, "takes": {"locomotive": 1}, "gives": {"crew": 1, "locomotive": 1}},
                {"id": "locomotive first", "service_h": 1, "takes": {"locomotive": 1}, "gives": {}},
                {"id": "then crew", "service_h": 1, "takes": {"crew": 1}, "gives": {"crew": 1, "locomotive": 1}},
            ],
            "classes": [
                {"id": "x", "route": ["crew first", "then locomotive"]},
                {"id": "y", "route": ["locomotive first", "then crew"]},
            ],
            "sources": [{"id": n, "class": n, "every_h": 3, "count": count} for n in "xy"],
            "pools": [{"id": "crew", "units": 1}, {"id": "locomotive", "units": 1}],
        }
    )  # fmt: skip


@pytest.mark.parametrize("count", [None, 2])
def test_a_ring_through_pools_is_named_with_who_holds_what(count: int | None) -> None:
    warning = simulate(crossed(count, 100.0 if count is None else None)).warnings[-1]
    assert (
        "the line of then locomotive waits for pool locomotive, held by the line of then crew"
        in warning
    )
    assert (
        "the line of then crew waits for pool crew, held by the line of then locomotive" in warning
    )


def test_a_ring_through_a_single_track_and_a_station_is_named() -> None:
    track: dict[str, Any] = {"servers": 1, "places": 1, "service_h": 1, "takes": {"track": 1}}
    model = model_from(
        {
            "horizon_h": 100,
            "stages": [
                {"id": "east", **track, "direction": 1},
                {"id": "station", "places": 1, "service_h": 0.5},
                {"id": "west", **track, "direction": 2},
            ],
            "classes": [{"id": "e", "route": ["east", "station"]}, {"id": "w", "route": ["station", "west"]}],
            "sources": [{"id": n, "class": n, "every_h": "exponential(2)"} for n in "ew"],
            "pools": [{"id": "track", "units": 1, "single_track": True}],
        }
    )  # fmt: skip
    warning = simulate(model).warnings[-1]
    assert "the line of west waits for pool track, held by who is on the servers of east" in warning
    assert "who is on the servers of east with track waits for a place at station" in warning
    assert "who is on the servers of station waits for a place at west" in warning


def test_a_pool_that_nobody_gives_back_to_is_named() -> None:
    model = model_from(
        {
            "horizon_h": 50,
            "stages": [{"id": "desk", "service_h": 1, "takes": {"seal": 1}, "gives": {}}],
            "classes": [{"id": "c", "route": ["desk"]}],
            "sources": [{"id": "s", "class": "c", "every_h": 2}],
            "pools": [{"id": "seal", "units": 3}],
        }
    )
    assert (
        "waits for pool seal, of which nobody who is left gives units back"
        in simulate(model).warnings[-1]
    )


def test_who_waits_for_ever_without_a_ring_is_told_for_what() -> None:
    stages = [{"id": "ferry", "batch": {"most": 5}}]
    classes = [{"id": "c", "route": ["ferry"]}]
    sources = [{"id": "s", "class": "c", "every_h": 1, "count": 7}]
    model = model_from({"stages": stages, "classes": classes, "sources": sources})
    assert "2 at ferry (a carrier waits for more)" in simulate(model).warnings[-1]


def test_a_run_in_which_nothing_leaves_says_where_all_stand() -> None:
    model = model_from(
        {
            "horizon_h": 50,
            "stages": [{"id": "desk", "service_h": 1}],
            "classes": [{"id": "c", "route": ["desk"]}],
            "sources": [{"id": "s", "class": "c", "every_h": 2}],
            "closures": [
                {"id": "x", "stage": "desk", "closed_from_h": [0.1], "closed_until_h": [1e9]}
            ],
        }
    )
    assert "nothing left until the end; inside: 25 at desk (closed)" in simulate(model).warnings[-1]


def test_waits_that_will_end_are_no_deadlock() -> None:
    assert simulate(crossed(1, None)).replications["ended"].to_list() == ["stuck"]
    slow = crossed(None).model_copy(update={"horizon_h": 3.5})
    assert not any("deadlock" in w for w in simulate(slow).warnings)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(model=models(), seed=st.integers(0, 2**64 - 1))
def test_who_can_never_move_has_not_moved_later(model: Model, seed: int) -> None:
    layout = lay_out(model)
    early = run_replication(layout, seed, 0, Limits(30.0, 10**6, 10**5))
    assert early is not None
    if early.ring:
        late = run_replication(layout, seed, 0, Limits(300.0, 10**6, 10**5))
        assert late is not None
        assert late.ring or late.ended not in {"horizon", "stuck"}


QUEUE = """
horizon_h = 100_000
stages = [{ id = "desk", service_h = "exponential(1)" }]
classes = [{ id = "c", route = ["desk"] }]
sources = [{ id = "s", class = "c", every_h = "exponential(1.25)" }]
"""
PATIENCE_S = 60.0


def test_ctrl_c_keeps_the_replications_that_are_finished(tmp_path: Path) -> None:
    """A real signal to a real process; the log file is made when the work begins."""
    (tmp_path / "m.toml").write_text(QUEUE, "utf-8")
    log = tmp_path / "e.parquet"
    command = ["simulate", str(tmp_path / "m.toml"), "--replications", "1000000", "--threads", "2"]
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from karvan.cli import main; main()",
            *command,
            "--json",
            "--log",
            str(log),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    end = time.monotonic() + PATIENCE_S
    while not log.exists() and time.monotonic() < end and process.poll() is None:
        time.sleep(0.05)
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    found = json.loads(out)
    kept = len(found["replications"])
    assert found["interrupted"]
    assert 1 <= kept < 1_000_000
    assert f"interrupted; {kept} finished replications are kept" in err
