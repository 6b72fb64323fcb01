"""simulate and read_model: exact traces, laws, the same bytes, bad input, limits."""

# ruff: noqa: E501 - a row of a table of models is a line

import heapq
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from karvan.cli.simulate import simulate_command
from karvan.errors import ModelError, SimulationError
from karvan.kernels.events import CLOCK, EVENTS
from karvan.simulation import Model, PrecisionRule, model_from, read_model, simulate
from karvan.simulation import simulate as simulate_function
from karvan.simulation.layout import lay_out
from karvan.simulation.replications import Limits, build, run_until
from simulation_models import corridor, queue, tandem


def log_of(model: Model, **options: Any) -> pl.DataFrame:
    log = simulate(model, log=True, **options).log
    assert log is not None
    return log


def times(log: pl.DataFrame, event: str, stage: str) -> list[float]:
    return log.filter((pl.col("event") == event) & (pl.col("stage") == stage))["time_h"].to_list()


def tables_of(result: Any) -> list[bytes]:
    frames = (getattr(result, f.name) for f in fields(result))
    return [f.write_csv().encode() for f in frames if isinstance(f, pl.DataFrame)]


# ---------------------------------------------------------------- exact
def draws(model: Model, n: int) -> tuple[list[float], list[float]]:
    """Arrivals and services of a queue, read off the log of the same queue without waits."""
    free = Model(**{**dict(model), "stages": (model.stages[0].model_copy(update={"servers": "unlimited"}),)})  # fmt: skip
    log = log_of(free)
    start = log.filter(pl.col("event") == "start").sort("entity")
    end = log.filter(pl.col("event") == "end").sort("entity")
    joined = start.join(end, on="entity").sort("time_h")
    return joined["time_h"].to_list()[:n], (joined["time_h_right"] - joined["time_h"]).to_list()[:n]


@pytest.mark.parametrize("servers", [1, 2, 8])
def test_lindley_and_kiefer_wolfowitz_give_the_same_waits_customer_by_customer(
    servers: int,
) -> None:
    model = queue(servers, f"exponential({1.25 / servers})", count=3000)
    arrivals, services = draws(model, 3000)
    free = [0.0] * servers
    expected = []
    for arrival, service in zip(arrivals, services, strict=True):
        begin = max(arrival, heapq.heappop(free))
        expected.append(begin)
        heapq.heappush(free, begin + service)
    log = log_of(model).filter(pl.col("event") == "start")
    found = dict(zip(log["entity"], log["time_h"], strict=True))
    begun = [found[f"door {i}"] for i in range(3000)]
    assert begun == pytest.approx(expected, rel=1e-9)


def test_two_opposing_trains_meet_at_a_crossing_loop() -> None:
    section = {"service_h": 2.0}
    model = model_from(
        {
            "stages": [
                {"id": "a east", "takes": {"a": 1}, "direction": 1, **section},
                {"id": "b east", "takes": {"b": 1}, "direction": 1, "places": 1, **section},
                {"id": "b west", "takes": {"b": 1}, "direction": 2, **section},
                {"id": "a west", "takes": {"a": 1}, "direction": 2, "places": 1, **section},
            ],
            "classes": [
                {"id": "east", "route": ["a east", "b east"]},
                {"id": "west", "route": ["b west", "a west"]},
            ],
            "sources": [
                {"id": "east", "class": "east", "every_h": 0, "count": 1},
                {"id": "west", "class": "west", "every_h": 1, "count": 1},
            ],
            "pools": [{"id": p, "units": 1, "single_track": True} for p in "ab"],
        }
    )
    log = log_of(model)
    # East runs 0-2 on a; west 1-3 on b; east waits in the loop 2-3 until b is clear, then 3-5;
    # west enters a, which east has left, at once.
    assert times(log, "start", "b east") == [3.0]
    assert times(log, "start", "a west") == [3.0]
    assert times(log, "exit", "b east") == [5.0]
    assert times(log, "exit", "a west") == [5.0]


def test_a_ferry_leaves_exactly_when_it_is_full() -> None:
    batch = {"most": 3, "timetable_h": [10]}
    log = log_of(queue(2, "1", "5", batch=batch, count=7))
    # Wagons at 1, 2, 3 fill it; 4, 5, 6 fill the next; the seventh leaves by timetable at 10, for
    # the first vessel was back at 8.
    assert times(log, "start", "desk") == [3.0, 6.0, 10.0]
    assert times(log, "board", "desk") == [3.0] * 3 + [6.0] * 3 + [10.0]


def test_who_arrives_as_a_closure_begins_is_served_after_it() -> None:
    closures = [{"id": "x", "stage": "desk", "closed_from_h": [1], "closed_until_h": [4]}]
    model = Model(**{**dict(queue(1, "1", "2", count=1)), "closures": closures})
    log = log_of(model)
    assert times(log, "interrupt", "desk") == [1.0]
    assert times(log, "end", "desk") == [6.0]


@pytest.mark.parametrize(("work", "end"), [("finishes", 3.0), ("resumes", 6.0), ("repeats", 7.0)])
def test_work_under_way_when_a_stage_closes(work: str, end: float) -> None:
    closures = [
        {"id": "x", "stage": "desk", "closed_from_h": [2], "closed_until_h": [5], "work": work}
    ]
    model = Model(**{**dict(queue(1, "1", "2", count=1)), "closures": closures})
    assert times(log_of(model), "end", "desk") == [end]


def test_waits_are_told_apart_by_cause() -> None:
    closures = [{"id": "x", "stage": "desk", "closed_from_h": [1.5], "closed_until_h": [4]}]
    model = Model(**{**dict(queue(1, "series(1, 0, 10)", "1", count=3)), "closures": closures})
    s = simulate(model).stages.row(0, named=True)
    # At 1 two come: one begins, is interrupted at 1.5 with half its work and resumes at 4; the
    # other waits 0.5 in the line, 2.5 for the closure and 0.5 in the line again.
    assert s["closure_h"] * s["started"] == pytest.approx(2.5 + 2.5)
    assert s["queue_h"] * s["started"] == pytest.approx(0.5 + 0.5)


def test_pool_units_are_shared_and_come_back_after_their_return() -> None:
    model = queue("unlimited", "1", "1", takes={"wagons": 1}, count=3)
    model = Model(**{**dict(model), "pools": [{"id": "wagons", "units": 1, "return_h": 3}]})
    assert times(log_of(model), "start", "desk") == [1.0, 5.0, 9.0]


# ---------------------------------------------------------------- the same draws
def test_threads_and_splits_change_no_byte() -> None:
    model = queue(2, "exponential(0.6)", horizon_h=200.0)
    whole = tables_of(simulate(model, replications=6, bins=4))
    assert tables_of(simulate(model, replications=6, threads=2, bins=4)) == whole
    assert tables_of(simulate(model, replications=6, threads=5, bins=4)) == whole
    parts = [simulate(model, replications=2, first=i, bins=4) for i in (0, 2, 4)]
    assert pl.concat([p.stages for p in parts]).equals(
        simulate(model, replications=6, bins=4).stages
    )


def test_a_monitor_and_an_unused_stage_change_nothing() -> None:
    plain = corridor()
    more = [s.model_copy(update={"monitor": True, "count": True}) for s in plain.stages]
    more.insert(0, more[0].model_copy(update={"id": "unused"}))
    watched = Model(**{**dict(plain), "stages": tuple(more)})
    a = simulate(plain, horizon_h=500.0, log=True)
    b = simulate(watched, horizon_h=500.0, log=True)
    assert a.log is not None
    assert a.log.equals(b.log)
    assert a.classes.equals(b.classes)
    assert a.model_hash != b.model_hash


def test_another_seed_gives_another_run() -> None:
    model = queue(horizon_h=100.0)
    assert tables_of(simulate(model, seed=1)) != tables_of(simulate(model, seed=2))


def exits(model: Model, seed: int) -> dict[str, float]:
    log = log_of(model, seed=seed).filter(pl.col("event") == "exit")
    return dict(zip(log["entity"], log["time_h"], strict=True))


@settings(max_examples=30, deadline=None)
@given(servers=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_more_servers_never_delay_anybody(servers: int, seed: int) -> None:
    few, more = (exits(queue(n, count=60), seed) for n in (servers, servers + 1))
    assert all(more[e] <= few[e] + 1e-9 for e in few)


@settings(max_examples=30, deadline=None)
@given(places=st.integers(1, 4), n=st.integers(2, 4), seed=st.integers(0, 10**6))
def test_more_places_never_delay_anybody_in_a_row_of_single_servers(
    places: int, n: int, seed: int
) -> None:
    # One server each keeps the order: where some overtake, one more server may delay one of them.
    def row(k: int) -> Model:
        model = tandem(n, 60, places=k)
        first = model.stages[0].model_copy(update={"places": "unlimited"})
        return model.model_copy(update={"stages": (first, *model.stages[1:])})

    few, more = exits(row(places), seed), exits(row(places + 1), seed)
    assert all(more[e] <= few[e] + 1e-9 for e in few)


@settings(max_examples=20, deadline=None)
@given(scale=st.sampled_from([0.25, 2.0, 8.0]), seed=st.integers(0, 10**6))
def test_another_unit_of_time_scales_all_times(scale: float, seed: int) -> None:
    base = log_of(queue(2, "exponential(0.7)", "lognormal(1, 1)", count=50), seed=seed)
    scaled = queue(2, f"exponential({0.7 * scale})", f"lognormal({scale}, 1)", count=50)
    other = log_of(scaled, seed=seed)
    assert other["time_h"].to_list() == pytest.approx((base["time_h"] * scale).to_list())


def network(names: dict[str, str], order: list[int], services: list[str]) -> Model:
    """Four stages that two classes pass, by other names and in another order of rows."""

    def name(word: str) -> str:
        return names.get(word, word)

    extras: list[dict[str, Any]] = [
        {"servers": 2}, {"places": 3}, {"takes": {name("crane"): 1}, "servers": 2},
        {"batch": {"most": 3, "max_wait_h": 4}, "servers": 2},
    ]  # fmt: skip
    stages = [{"id": name(f"s{i}"), "service_h": services[i], **extras[i]} for i in range(4)]
    routes = {"a": [0, 1, 2, 3], "b": [1, 3, 0]}
    classes = [
        {"id": name(c), "route": [name(f"s{i}") for i in route], "priority": p}
        for p, (c, route) in enumerate(routes.items(), 1)
    ]
    sources = [
        {"id": name(f"from {c}"), "class": name(c), "every_h": every, "count": 40}
        for c, every in (("a", services[0]), ("b", services[3]))
    ]
    closures = [
        {"id": name(f"x{i}"), "stage": name(f"s{i}"), "closed_from_h": [5 + i / 7], "closed_until_h": [9], "period_h": 20}
        for i in (0, 2)
    ]  # fmt: skip
    return model_from({
        "stages": [stages[i] for i in order],
        "classes": classes[:: 1 if order[0] % 2 else -1],
        "sources": sources[:: 1 if order[1] % 2 else -1],
        "closures": closures[:: 1 if order[2] % 2 else -1],
        "pools": [{"id": name("crane"), "units": 2}],
        "horizon_h": 400.0,
    })  # fmt: skip


def moves(model: Model, names: dict[str, str], seed: int = 0) -> list[tuple[Any, ...]]:
    """The log as a set of rows, by the old names: within an instant rows may change places."""
    old = {new: word for word, new in names.items()}

    def renamed(entity: str) -> str:
        maker, _, number = entity.rpartition(" ")
        return f"{old.get(maker, maker)} {number}"

    rows = log_of(model, seed=seed).select("time_h", "event", "entity", "stage").rows()
    return sorted((t, e, renamed(who), old.get(where, where)) for t, e, who, where in rows if who)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(4)), seed=st.integers(0, 10**6))
def test_the_order_of_rows_changes_nothing(order: list[int], seed: int) -> None:
    services = ["exponential(1)", "erlang(1, 2)", "lognormal(0.8, 1)", "uniform(0.5, 3)"]
    plain = network({}, [0, 1, 2, 3], services)
    assert moves(network({}, order, services), {}, seed) == moves(plain, {}, seed)


@settings(max_examples=20, deadline=None)
@given(
    texts=st.lists(st.text("abcəж港 -#", min_size=1), min_size=11, max_size=11, unique=True),
    steps=st.lists(st.floats(0.01, 0.99), min_size=4, max_size=4, unique=True),
)
def test_other_names_change_nothing_but_the_draws(texts: list[str], steps: list[float]) -> None:
    # Draws hang on names, so times are given here.
    services = [f"series({', '.join(str(round(s * k % 3.0 + 0.1, 6)) for k in (1, 5, 11, 17, 23))})" for s in steps]  # fmt: skip
    words = ["s0", "s1", "s2", "s3", "a", "b", "from a", "from b", "x0", "x2", "crane"]
    names = dict(zip(words, texts, strict=True))
    found = moves(network(names, [0, 1, 2, 3], services), names)
    assert found == moves(network({}, [0, 1, 2, 3], services), {})


@settings(max_examples=20, deadline=None)
@given(
    servers=st.integers(1, 4),
    work=st.sampled_from(["finishes", "resumes", "repeats"]),
    seed=st.integers(0, 10**6),
)
def test_nothing_is_served_while_all_servers_are_closed(servers: int, work: str, seed: int) -> None:
    closure = {"id": "x", "stage": "desk", "closed_from_h": [0, 50], "closed_until_h": [20, 1e6], "work": work}  # fmt: skip
    plain = queue(servers, "exponential(0.5)", horizon_h=200.0)
    model = Model(**{**dict(plain), "closures": [closure]})
    log = log_of(model, seed=seed)
    begun = log.filter(pl.col("event") == "start")["time_h"].to_numpy()
    assert np.all((begun >= 20.0) & (begun < 50.0))
    result = simulate(model, seed=seed)
    row = result.stages.row(0, named=True)
    assert row["closed_share"] == pytest.approx(170 / 200)
    inside = result.classes.row(0, named=True)
    assert inside["arrived"] == inside["left"] + inside["inside_at_end"]


def test_nothing_arrives() -> None:
    result = simulate(queue(count=0))
    assert result.classes["arrived"].to_list() == [0]
    assert result.replications["ended"].to_list() == ["empty"]


def test_warm_up_is_not_counted() -> None:
    result = simulate(queue(1, "1", "0.5", horizon_h=100.0), warmup_h=50.5)
    assert result.stages["started"].to_list() == [50]
    assert result.stages["utilization"][0] == pytest.approx(0.5, abs=0.02)
    assert result.replications["time_h"].to_list() == [49.5]


# ---------------------------------------------------------------- corridor
def test_memory_follows_who_is_inside_not_who_ever_was() -> None:
    def bytes_after(hours: float) -> tuple[int, int]:
        layout = lay_out(corridor())
        world = build(layout, 1, 0, Limits(hours, 10**6, 10**9), log=False)
        world, _ = run_until(world, hours, lambda: True)
        return sum(array.nbytes for array in world), int(world.thing[CLOCK, EVENTS])

    (short, few), (long, many) = bytes_after(1_000.0), bytes_after(10_000.0)
    assert many > 9 * few
    assert long == short


def test_corridor_year_of_the_reference() -> None:
    r = simulate(corridor(), replications=12, seed=7)
    wagons = r.classes.filter(pl.col("class") == "wagon")
    mean, error = wagons["time_mean_h"].mean(), wagons["time_mean_h"].std() / np.sqrt(12)
    assert mean == pytest.approx(41.17, abs=3.5 * np.hypot(error, 0.06))
    ferry = r.stages.filter(pl.col("stage") == "ferry")
    error = ferry["services"].std() / np.sqrt(12)
    assert ferry["services"].mean() == pytest.approx(2159.5, abs=3.5 * np.hypot(error, 1.3))


# ---------------------------------------------------------------- bad input
def broken(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "stages": [{"id": "desk", "service_h": 1}],
        "classes": [{"id": "c", "route": ["desk"]}],
        "sources": [{"id": "s", "class": "c", "every_h": 2}],
        "horizon_h": 10.0,
    }
    return {**data, **changes}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "missing stage": ({"classes": [{"id": "c", "route": ["dsk"]}]}, "did you mean 'desk'"),
    "missing class": ({"sources": [{"id": "s", "class": "d", "every_h": 2}]}, "sources.class.unknown"),
    "twice": ({"stages": [{"id": "desk"}, {"id": "desk"}]}, "stages.id.unique"),
    "negative": ({"stages": [{"id": "desk", "service_h": -1}]}, "not negative"),
    "nan": ({"stages": [{"id": "desk", "service_h": float("nan")}]}, "finite"),
    "nan in text": ({"stages": [{"id": "desk", "service_h": "exponential(nan)"}]}, "finite"),
    "unknown distribution": ({"stages": [{"id": "desk", "service_h": "exponental(1)"}]}, "did you mean 'exponential'"),
    "servers": ({"stages": [{"id": "desk", "servers": 0}]}, "greater than or equal to 1"),
    "column": ({"stages": [{"id": "desk", "servrs": 1}]}, "did you mean 'servers'"),
    "fill": ({"stages": [{"id": "desk", "batch": {"most": 5, "fill": 6}}]}, "stages.batch.fill"),
    "never": ({"stages": [{"id": "desk", "batch": {"most": 5, "fill": 0}}]}, "nothing would ever leave"),
    "too long": ({"stages": [{"id": "desk", "batch": {"most": 5, "max_length_m": 10}}], "classes": [{"id": "c", "route": ["desk"], "length_m": 14}]}, "wait for ever"),
    "pool of zero": ({"pools": [{"id": "fleet", "units": 0}]}, "pools.units.zero"),
    "pool too small": ({"pools": [{"id": "fleet", "units": 1}], "stages": [{"id": "desk", "takes": {"fleet": 2}}]}, "stages.takes.units"),
    "always closed": ({"closures": [{"id": "x", "stage": "desk", "closed_from_h": [0], "closed_until_h": [24], "period_h": 24}]}, "could ever leave"),
    "sum": ({"classes": [{"id": "c", "route": [{"stage": "desk", "next": {"exit": 0.5}}]}]}, "classes.next.sum"),
    "profile": ({"profiles": [{"id": "p", "starts_h": [1], "factors": [1]}]}, "profiles.order"),
    "no horizon": ({"horizon_h": None}, "model.horizon_h.missing"),
    "warm-up": ({"warmup_h": 10.0}, "model.warmup_h.horizon"),
    "every 0": ({"sources": [{"id": "s", "class": "c", "every_h": 0}]}, "sources.every_h.zero"),
    "empty": ({"stages": []}, "at least 1"),
    "type": ({"stages": 3}, "stages"),
    "nothing": ({"stages": [{"servers": 2}]}, "stages row 1 id: found nothing"),
    "one fault, one problem": ({"stages": [{"id": "desk", "servers": "many"}]}, "1 problem(s)"),
    "amount": ({"stages": [{"id": "desk", "servers": "many"}]}, "or 'unlimited'"),
    "inner column": ({"stages": [{"id": "desk", "batch": {"most": 5, "max_wait_h": -1}}]}, "stages row 1 (desk) batch.max_wait_h: found -1"),
    "step": ({"classes": [{"id": "c", "route": [{"stage": "desk", "next": {"exit": 2}}]}]}, "classes row 1 (c) route no. 1 next.exit: found 2"),
    "steps no table": ({"steps": "desk"}, "steps.rows"),
    "steps of no rows": ({"steps": ["desk"]}, "steps.rows"),
    "classes no table beside steps": ({"classes": "c", "steps": [{"class": "c", "stage": "desk"}]}, "classes.rows"),
    "class of a step": ({"steps": [{"class": ["c"], "stage": "desk"}]}, "steps.class.unknown"),
    "id no text beside steps": ({"classes": [{"id": ["c"]}], "steps": [{"class": "c", "stage": "desk"}]}, "steps.class.unknown"),
    "route no list beside steps": ({"classes": [{"id": "c", "route": 3}], "steps": [{"class": "c", "stage": "desk"}]}, "classes row 1 (c) route: found 3"),
    "hours beyond doubles": ({"stages": [{"id": "desk", "service_h": "exponential(1e308)"}]}, "at most 1e+12"),
    "mean beyond doubles": ({"stages": [{"id": "desk", "service_h": "weibull(1, 0.001)"}]}, "shape of at least"),
    "spread beyond doubles": ({"stages": [{"id": "desk", "service_h": "lognormal(1, 1e9)"}]}, "variation of at most"),
    "horizon of nothing": ({"horizon_h": 1e-308}, "horizon_h"),
    "period of nothing": ({"profiles": [{"id": "p", "starts_h": [0], "factors": [1], "period_h": 1e-12}]}, "profiles.period_h"),
    "hardly ever": ({"profiles": [{"id": "p", "starts_h": [0], "factors": [1e-9], "period_h": 1}], "sources": [{"id": "s", "class": "c", "every_h": 2, "profiles": ["p"]}]}, "sources.profiles.sparse"),
    "ends before it begins": ({"sources": [{"id": "s", "class": "c", "every_h": 2, "start_h": 5, "until_h": 4}]}, "sources.until_h.start"),
    "round in no time": ({"stages": [{"id": "desk"}, {"id": "gate"}], "classes": [{"id": "c", "route": ["desk", {"stage": "gate", "next": {"desk": 1}}]}]}, "classes.route.instant"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_models_are_refused_by_name(name: str) -> None:
    changes, expected = BAD[name]
    with pytest.raises(ModelError) as error:
        model_from(broken(**changes))
    assert expected in str(error.value)
    assert "expected expected" not in str(error.value)


CSV_FAULTS: dict[str, tuple[str, str, str]] = {
    "column twice": ("stages.csv", "id,id\ndesk,desk\n", "model.csv.header"),
    "batch and a part of it": ("stages.csv", "id,batch,batch.most\ndesk,yes,3\n", "model.csv.nested"),
    "cells": ("stages.csv", "id,servers\ndesk\n", "model.csv.cells"),
    "quotes": ("stages.csv", 'id\n"desk', "model.csv"),
    "not a table in TOML": ("model.toml", "stages = 3\n", "stages.rows"),
}  # fmt: skip


@pytest.mark.parametrize("name", CSV_FAULTS)
def test_folders_with_a_fault_are_refused_by_name(name: str, tmp_path: Path) -> None:
    file, text, expected = CSV_FAULTS[name]
    (tmp_path / "stages.csv").write_text("id\ndesk\n", "utf-8")
    (tmp_path / file).write_text(text, "utf-8")
    with pytest.raises(ModelError) as error:
        read_model(tmp_path)
    assert expected in str(error.value)


def test_a_folder_in_the_place_of_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "stages.csv").mkdir()
    with pytest.raises(ModelError, match=r"stages\.csv"):
        read_model(tmp_path)


def test_an_hour_too_late_for_a_profile_ends_the_arrivals() -> None:
    data = broken(
        horizon_h=1e12,
        profiles=[{"id": "p", "starts_h": [0], "factors": [1], "period_h": 1e-6}],
        sources=[{"id": "s", "class": "c", "every_h": 1e-3, "start_h": 9e11, "profiles": ["p"], "count": 5}],
    )  # fmt: skip
    result = simulate(model_from(data))
    assert result.classes["left"].to_list() == [0]


def test_files_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="TOML"):
        read_model(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff")
    with pytest.raises(ModelError, match="UTF-8"):
        read_model(tmp_path / "x.toml")
    (tmp_path / "y.toml").write_text("a = ", "utf-8")
    with pytest.raises(ModelError, match="TOML"):
        read_model(tmp_path / "y.toml")


def test_a_folder_of_tables(tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text('name = "Böyük Kəsik"\nhorizon_h = 50\n', "utf-8")
    (tmp_path / "stages.csv").write_text(
        "id,servers,service_h,batch.most\nсклад,2,1,\nпаром,1,2,4\n", "utf-8"
    )
    (tmp_path / "classes.csv").write_text("id\nвагон\n", "utf-8")
    (tmp_path / "steps.csv").write_text(
        "class,stage,next\nвагон,склад,паром:0.5 exit:0.5\nвагон,паром,\n", "utf-8"
    )
    (tmp_path / "sources.csv").write_text(
        "id,class,every_h\nрельсы,вагон,exponential(1)\n", "utf-8"
    )
    model = read_model(tmp_path)
    assert model.stages[1].batch is not None
    assert simulate(model).classes["arrived"][0] > 0


def ring() -> Model:
    return model_from(
        {
            "stages": [{"id": "a", "places": 1, "service_h": 1}, {"id": "b", "places": 1, "service_h": 1}],
            "classes": [{"id": "x", "route": ["a", "b"]}, {"id": "y", "route": ["b", "a"]}],
            "sources": [{"id": n, "class": n, "every_h": 1, "count": 3} for n in "xy"],
        }
    )  # fmt: skip


def test_a_deadlock_is_explained_with_its_ring() -> None:
    result = simulate(ring())
    assert result.replications["ended"].to_list() == ["deadlock"]
    assert "a waits for b waits for a" in result.warnings[0]


def test_overload_warns_with_stage_and_growth_and_stops_by_the_limit() -> None:
    result = simulate(queue(1, "1", "2", horizon_h=1e6), most_inside=100)
    assert "stage desk: utilization 2.00" in result.warnings[0]
    assert "grows by 0.5 an hour" in result.warnings[0]
    assert result.replications["ended"].to_list() == ["too many inside"]
    assert result.stages["started"][0] > 0


def test_a_pool_that_is_asked_for_too_much_is_named_with_the_growth() -> None:
    stages = [
        {"id": n, "servers": "unlimited", "service_h": 1.5, "takes": {"crane": 1}} for n in "ab"
    ]
    data = broken(
        stages=stages,
        pools=[{"id": "crane", "units": 2, "return_h": 0.5}],
        classes=[{"id": n, "route": [n]} for n in "ab"],
        sources=[{"id": n, "class": n, "every_h": 1 if n == "a" else 2} for n in "ab"],
        horizon_h=1000,
    )
    result = simulate(model_from(data))
    assert result.warnings[0].startswith("pool crane: utilization 1.50, more is needed than its 2")
    assert "the lines of a, b grow by 0.5 an hour" in result.warnings[0]
    assert result.stages["waiting_at_end"].sum() == pytest.approx(500, abs=3)


def test_quantiles_beyond_the_bins_are_not_given() -> None:
    rows = {"horizon_h": 1e8, "stages": [{"id": "desk", "servers": "unlimited", "service_h": 3e6}]}
    result = simulate(model_from(broken(**rows, sources=[
        {"id": "s", "class": "c", "every_h": 1e5},
    ])))  # fmt: skip
    row = result.classes.row(0, named=True)
    assert row["time_mean_h"] == pytest.approx(3e6)
    assert np.isnan(row["time_p50_h"])


def test_who_is_stopped_before_the_warm_up_is_over_is_counted_from_the_beginning() -> None:
    model = model_from(broken(horizon_h=10_000, warmup_h=500, sources=[
        {"id": "s", "class": "c", "every_h": 0.5},
    ]))  # fmt: skip
    result = simulate(model, most_inside=20)
    row = result.replications.row(0, named=True)
    assert row["ended"] == "too many inside"
    assert 0.0 < row["time_h"] < 500
    assert result.stages["throughput_per_h"][0] == pytest.approx(1.0, rel=0.1)
    assert "before the warm-up was over" in " ".join(result.warnings)


def test_what_is_over_before_the_warm_up_is_counts_nothing() -> None:
    sources = [{"id": "s", "class": "c", "every_h": 2, "count": 3}]
    result = simulate(model_from(broken(horizon_h=None, warmup_h=500, sources=sources)))
    assert result.replications["time_h"].to_list() == [0.0]
    assert result.stages["waiting_mean"].to_list() == [0.0]
    assert "nothing is counted" in result.warnings[0]


def test_behind_an_overloaded_stage_comes_only_what_it_serves() -> None:
    stages = [{"id": n, "service_h": 1} for n in ("first", "second")]
    data = broken(
        stages=[*stages, {"id": "third", "service_h": 1.25}],
        classes=[{"id": "c", "route": ["first", "second", "third"]}],
        sources=[{"id": "s", "class": "c", "every_h": 0.5}],
        horizon_h=1000,
    )
    result = simulate(model_from(data))
    assert [w.split(",")[0] for w in result.warnings] == [
        "stage first: utilization 2.00",
        "stage third: utilization 1.25",
    ]
    growth = [float(w.split("grows by ")[1].split()[0]) for w in result.warnings]
    waiting = result.stages["waiting_at_end"].to_numpy()[[0, 2]] / 1000
    assert growth == pytest.approx([1.0, 0.2])
    assert waiting == pytest.approx(growth, abs=0.01)


def test_a_full_stage_behind_another_lets_the_line_before_it_grow() -> None:
    stages: list[dict[str, Any]] = [
        {"id": "first", "service_h": 0.1}, {"id": "second", "service_h": 1, "places": 2},
    ]  # fmt: skip
    data = broken(
        stages=stages,
        classes=[{"id": "c", "route": ["first", "second"]}],
        sources=[{"id": "s", "class": "c", "every_h": 0.5}],
        horizon_h=1000,
    )
    result = simulate(model_from(data))
    assert "stage second: utilization 2.00" in result.warnings[0]
    assert "the line before it grows by 1 an hour" in result.warnings[0]
    assert result.stages["waiting_at_end"][0] == pytest.approx(1000, abs=5)
    # Who finds no place at the first stage, or would wait too long, is lost: no line grows.
    lost = broken(stages=[{"id": "desk", "service_h": 5, "places": 3}])
    balked = broken(stages=[{"id": "desk", "service_h": 5, "balk_at": 3}])
    assert simulate(model_from(lost)).warnings == simulate(model_from(balked)).warnings == ()


def test_a_replication_that_dies_is_named_and_the_others_survive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    module = sys.modules["karvan.simulation.simulate"]
    real = module.run_replication  # type: ignore[attr-defined]

    def fragile(layout: Any, seed: int, number: int, *args: Any, **options: Any) -> Any:
        if number == 2:
            raise MemoryError
        return real(layout, seed, number, *args, **options)

    monkeypatch.setattr(module, "run_replication", fragile)
    result = simulate_function(queue(horizon_h=10.0), replications=4)
    assert result.replications["replication"].to_list() == [0, 1, 3]
    assert list(result.lost) == [2]
    assert "replication 2 died" in result.warnings[-1]


def test_interrupted_runs_keep_what_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    module = sys.modules["karvan.simulation.simulate"]
    real = module.wait  # type: ignore[attr-defined]
    calls: list[int] = []

    def interrupted(futures: Any, timeout: float | None = None) -> Any:
        calls.append(1)
        result = real(futures)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(module, "wait", interrupted)
    result = simulate_function(queue(horizon_h=10.0), replications=3)
    assert result.interrupted
    assert len(result.replications) == 3


def test_numbers_that_make_no_sense() -> None:
    with pytest.raises(SimulationError, match="replications=0"):
        simulate(queue(horizon_h=10.0), replications=0)


def test_command_line(tmp_path: Path) -> None:
    import json

    file = tmp_path / "m.toml"
    file.write_text(
        'horizon_h = 100\nstages = [{ id = "desk", service_h = 1 }]\n'
        'classes = [{ id = "c", route = ["desk"] }]\n'
        'sources = [{ id = "s", class = "c", every_h = 2 }]\n',
        "utf-8",
    )
    runner = CliRunner()
    done = runner.invoke(simulate_command, [str(file), "--replications", "2", "--json"])
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)["stages"]) == 2
    shown = runner.invoke(simulate_command, [str(file), "--log", str(tmp_path / "e.parquet")])
    assert "utilization" in shown.stdout
    assert pl.read_parquet(tmp_path / "e.parquet").height > 100
    assert "Examples" in runner.invoke(simulate_command, ["--help"]).stdout
    (tmp_path / "bad.toml").write_text("horizon_h = 1\n", "utf-8")
    refused = [str(tmp_path / "bad.toml"), "--log", str(tmp_path / "none.parquet")]
    assert isinstance(runner.invoke(simulate_command, refused).exception, ModelError)
    assert not (tmp_path / "none.parquet").exists()


PAGE = Path(__file__).parents[1] / "docs" / "methods" / "simulation.md"
EXAMPLES = re.findall(r"(?ms)^```toml\n(.*?)^```$", PAGE.read_text("utf-8"))
MOST_LINES = 20


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda t: tomllib.loads(t)["name"])
def test_models_of_the_documentation_run(text: str, tmp_path: Path) -> None:
    assert len(text.splitlines()) <= MOST_LINES
    (tmp_path / "m.toml").write_text(text, "utf-8")
    result = simulate(read_model(tmp_path / "m.toml"), horizon_h=2000.0)
    assert result.warnings == ()
    assert result.classes["left"][0] > 0


# ---------------------------------------------------------------- what comes out
def test_intervals_hold_the_exact_waits_of_a_queue_and_waits_add_up() -> None:
    model = queue(1, "exponential(2)", horizon_h=3000.0)
    result = simulate(model, replications=10, seed=3, warmup_h=100.0)
    row = result.intervals.filter((pl.col("id") == "desk") & (pl.col("measure") == "wait_h"))
    estimate, half = row.select("estimate", "half_width").row(0)
    # M/M/1 at 0.5 waits for 1 h in the mean; three half-widths are six standard errors.
    assert abs(estimate - 1.0) < 3.0 * half
    assert result.stages["wait_h"].mean() == pytest.approx(estimate)
    assert result.waits is not None
    causes = sum(w.wait_h.estimate for w in result.waits.by_cause)
    assert causes == pytest.approx(result.waits.total_h.estimate)
    assert 0.0 <= result.replications["law_error"].max() < 1e-9  # type: ignore[operator]


def test_a_warm_up_that_is_too_short_is_named() -> None:
    slow = queue("unlimited", "exponential(1)", "exponential(400)", horizon_h=4000.0)
    assert any("warmup_too_short" in w for w in simulate(slow, replications=6).warnings)
    settled = simulate(slow, replications=6, horizon_h=8000.0, warmup_h=4000.0).warnings
    assert not any("warmup_too_short" in w for w in settled)


def test_replications_go_on_until_the_mean_time_is_precise() -> None:
    model = queue(1, "exponential(2)", horizon_h=500.0)
    result = simulate(model, precision=PrecisionRule(0.05, fewest=4, most=300), seed=1)
    assert result.decision is not None
    assert result.decision.reason == "reached"
    n = len(result.replications)
    assert n > 4
    assert tables_of(simulate(model, replications=n, seed=1)) == tables_of(result)
