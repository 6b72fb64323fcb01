"""Closed formulas of lines, berths and yards against the event engine running the same thing."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karvan.simulation import SimulationResult, model_from, simulate
from karvan.simulation.formulas_port import (
    berth_capacity,
    berths_needed,
    filling_yard,
    train_yard_occupancy,
    yard_capacity_teu_per_year,
    yard_slots,
)
from karvan.simulation.formulas_rail import (
    capacity_consumption,
    compress_timetable,
    line_capacity_per_day,
    paired_capacity_per_day,
    scott_capacity_per_day,
    uic405_capacity_per_day,
)

DAYS = 100
STANDARD_ERRORS = 3.5
"""Of an estimate: 1 of 2,000 is further off."""


def of_one_class(
    stages: list[dict[str, Any]], route: list[Any], source: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "stages": stages,
        "classes": [{"id": "train", "route": route}],
        "sources": [{"id": "yard", "class": "train", **source}],
        **more,
    }


def all_at_once(count: int) -> dict[str, Any]:
    return {"every_h": 0, "count": 1, "size": count}


def starts(model: dict[str, Any], stage: str) -> list[float]:
    """Hours at which trains enter a section."""
    log = simulate(model_from(model), log=True).log
    assert log is not None
    chosen = (pl.col("event") == "start") & (pl.col("stage") == stage)
    return log.filter(chosen)["time_h"].to_list()


# ---------------------------------------------------------------- lines
def test_trains_that_wait_for_the_line_run_as_the_compressed_timetable() -> None:
    # Sections that a train frees a while after it has left them.
    runs, release, trains = np.array([0.2, 0.35, 0.15]), 0.05, 12
    enters = np.concatenate([[0.0], np.cumsum(runs)[:-1]])
    begin = np.arange(trains)[:, None] * 1.0 + enters
    found = compress_timetable(begin, begin + runs + release, window_h=24.0)
    stages = [
        {"id": f"s{i}", "servers": "unlimited", "service_h": float(run), "takes": {f"t{i}": 1}}
        for i, run in enumerate(runs)
    ]
    pools = [{"id": f"t{i}", "units": 1, "return_h": release} for i in range(len(runs))]
    model = of_one_class(stages, ["s0", "s1", "s2"], all_at_once(trains + 1), pools=pools)
    # The first section frees trains faster than the second takes them, so times are read there.
    times = np.array(starts(model, "s1")) - runs[0]
    assert times[:-1] == pytest.approx(found.start_h)
    assert times[-1] == pytest.approx(found.occupancy_h)


@settings(max_examples=25, deadline=None)
@given(trains=st.lists(st.tuples(st.booleans(), st.floats(0.05, 3.0)), min_size=1, max_size=12))
def test_a_single_track_is_occupied_as_long_as_the_engine_needs_it(
    trains: list[tuple[bool, float]],
) -> None:
    hours = np.array([h for _, h in trains])
    begin = np.concatenate([[0.0], np.cumsum(hours)[:-1]]) * 2.0
    found = compress_timetable(begin[:, None], (begin + hours)[:, None], window_h=72.0)
    # Trains of both directions stand in the order of the timetable; one more comes last.
    ways = [
        {"id": way, "servers": "unlimited", "service_h": "0", "takes": {"track": 1}, "direction": d}
        for d, way in enumerate(("east", "west"), 1)
    ]
    model = {
        "stages": ways,
        "pools": [{"id": "track", "units": 1, "single_track": True}],
        "classes": [
            {"id": f"c{n}", "route": [{"stage": "east" if east else "west", "service_h": h}]}
            for n, (east, h) in enumerate([*trains, (True, 1.0)])
        ],
        "sources": [
            {"id": f"s{n}", "class": f"c{n}", "every_h": 1e-6 * (n + 1), "count": 1}
            for n in range(len(trains) + 1)
        ],
    }
    log = simulate(model_from(model), log=True).log
    assert log is not None
    times = log.filter(pl.col("event") == "start")["time_h"].to_numpy() - 1e-6
    assert times[:-1] == pytest.approx(found.start_h, abs=1e-9)
    assert times[-1] == pytest.approx(found.occupancy_h, abs=1e-9)


def both_ways(
    sections: list[tuple[float, float]], trains: int, closures: list[dict[str, Any]] | None = None
) -> SimulationResult:
    """A single-track line with loops; a fleet goes out and back for ever, in turn at each loop."""
    n = len(sections)
    stages = [
        {
            "id": f"{way}{i}",
            "servers": "unlimited",
            "service_h": hours[d - 1],
            "takes": {f"track{i}": 1},
            "direction": d,
        }
        for i, hours in enumerate(sections)
        for d, way in enumerate(("out", "back"), 1)
    ]
    route: list[Any] = [f"out{i}" for i in range(n)]
    route += [f"back{i}" for i in reversed(range(n))]
    route[-1] = {"stage": route[-1], "next": {"out0": 1}}
    pools = [{"id": f"track{i}", "units": 1, "single_track": True, "run": 1} for i in range(n)]
    closed = [{"id": s["id"], "stage": s["id"], **c} for s in stages for c in closures or []]
    model = of_one_class(
        stages, route, all_at_once(trains), pools=pools, closures=closed, horizon_h=24.0 * DAYS
    )
    return simulate(model_from(model))


def test_paired_timetable_is_what_the_engine_carries_with_a_window_of_maintenance() -> None:
    window = {"closed_from_h": [9], "closed_until_h": [12.5], "period_h": 24}
    found = both_ways([(0.45 + 0.05, 0.6 + 0.07)], 6, [window])
    expected = paired_capacity_per_day(0.45, 0.6, 0.12, maintenance_h=3.5)
    assert found.stages["started"].to_numpy() / DAYS == pytest.approx(expected, abs=2 / DAYS)


def test_the_longest_section_limits_the_line_in_the_engine() -> None:
    out, back, crossing = [0.4, 0.7, 0.5], [0.45, 0.6, 0.55], [0.1, 0.12, 0.1]
    sections = [(o + c / 2, b + c / 2) for o, b, c in zip(out, back, crossing, strict=True)]
    found = both_ways(sections, 12)
    expected = line_capacity_per_day(out, back, crossing)
    assert expected.section == 1
    pairs = found.stages.filter(pl.col("stage") == "out1")["started"][0] / DAYS
    # The fleet needs a day until it stands where the line is narrowest.
    assert pairs == pytest.approx(expected.pairs_per_day, rel=0.01)


@pytest.mark.parametrize("efficiency", [1.0, 0.75])
def test_scott_counts_the_trains_that_the_engine_carries(efficiency: float) -> None:
    closed = 24.0 * (1.0 - efficiency)
    window = {"closed_from_h": [24.0 - closed], "closed_until_h": [24.0], "period_h": 24}
    found = both_ways([(0.5 + 0.1, 0.5 + 0.1)], 6, [window] if closed else None)
    expected = scott_capacity_per_day(0.5, 0.1, efficiency_share=efficiency)
    assert found.stages["started"].sum() / DAYS == pytest.approx(expected, abs=3 / DAYS)


def test_uic_405_counts_the_trains_that_follow_with_its_margins() -> None:
    headways, sections = np.array([0.1, 0.2, 0.15, 0.35]), 6
    spaced = headways * 1.67 + sections * 0.25 / 60.0
    text = f"series({', '.join(map(repr, spaced.tolist()))})"
    stage = {"id": "line", "service_h": text}
    model = of_one_class([stage], ["line"], all_at_once(20_000), horizon_h=24.0 * DAYS)
    found = simulate(model_from(model)).stages["started"][0] / DAYS
    assert found == pytest.approx(
        uic405_capacity_per_day(float(headways.mean()), sections), abs=2 / DAYS
    )


def test_further_trains_of_a_timetable_fit_into_its_day() -> None:
    # Forty trains of 0.3 h and a third of it added: as many further ones as the engine carries.
    found = capacity_consumption(12.0, 40, window_h=24.0, additional_share=1 / 3)
    stage = {"id": "line", "service_h": 0.3 * 4 / 3}
    model = of_one_class([stage], ["line"], all_at_once(100), horizon_h=24.0 - 1e-6)
    assert simulate(model_from(model)).stages["started"][0] == pytest.approx(
        40 + found.further_trains
    )


# ---------------------------------------------------------------- yards and berths
def shares(result: SimulationResult, name: str) -> np.ndarray:
    """Share of the time with 0, 1, 2, ... at a stage."""
    time = result.histograms[f"number at {name}"]
    return time / time.sum()


def test_yard_of_whole_trains() -> None:
    stage = {"id": "yard", "servers": "unlimited", "service_h": 30, "count": True}
    source = {"every_h": "exponential(5)", "size": 20}
    model = of_one_class([stage], ["yard"], source, horizon_h=20_000, warmup_h=30)
    runs = [shares(simulate(model_from(model), first=n, seed=3), "yard") for n in range(12)]
    exact = train_yard_occupancy(0.2, 20, 30.0, probability=0.9)
    at = np.arange(len(runs[0]))
    for value, expected in (
        ([r @ at for r in runs], exact.mean),
        ([r @ (at - exact.mean) ** 2 for r in runs], exact.variance),
        ([r[: exact.quantile + 1].sum() for r in runs], exact.probability),
    ):
        error = np.std(value, ddof=1) / math.sqrt(len(runs))
        assert np.mean(value) == pytest.approx(expected, abs=STANDARD_ERRORS * error)


def test_yard_has_the_places_that_its_flow_needs() -> None:
    teu, dwell = 20_000.0, 60.0
    service = f"lognormal({dwell}, 0.8)"
    stage = {"id": "yard", "servers": "unlimited", "service_h": service, "count": True}
    source = {"every_h": f"exponential({8_760 / teu!r})"}
    model = of_one_class([stage], ["yard"], source, horizon_h=100_000, warmup_h=1_000)
    places = yard_slots(teu, dwell, probability=0.9)
    runs = [shares(simulate(model_from(model), first=n, seed=5), "yard") for n in range(8)]
    enough, fewer = ([r[: p + 1].sum() for r in runs] for p in (places, places - 1))
    error = np.std(enough, ddof=1) / math.sqrt(len(runs))
    assert np.mean(fewer) - STANDARD_ERRORS * error < 0.9
    assert np.mean(enough) + STANDARD_ERRORS * error > 0.9


@pytest.mark.parametrize("elapsed", [4.0, 25.0])
def test_yard_that_fills(elapsed: float) -> None:
    stage = {"id": "yard", "servers": "unlimited", "service_h": 10}
    source = {"every_h": "exponential(0.5)"}
    model = model_from(of_one_class([stage], ["yard"], source, horizon_h=elapsed))
    inside = simulate(model, replications=1_500, seed=2).classes["inside_at_end"].to_numpy()
    error = inside.std(ddof=1) / math.sqrt(len(inside))
    exact = filling_yard(2.0, 10.0, elapsed)
    assert inside.mean() == pytest.approx(exact, abs=STANDARD_ERRORS * error)


def test_full_yard_turns_over_its_capacity() -> None:
    # 25 slots three high, of which 80 % can be used, and a peak of 1.2: 50 places.
    expected = yard_capacity_teu_per_year(25, 3.0, 120.0, usable_share=0.8, peak_factor=1.2)
    stage = {"id": "yard", "servers": 50, "service_h": "uniform(60, 180)"}
    again = {"stage": "yard", "next": {"yard": 1}}
    model = of_one_class([stage], [again], all_at_once(60), horizon_h=50 * 8_760)
    found = simulate(model_from(model), warmup_h=8_760).stages["throughput_per_h"][0] * 8_760
    assert found == pytest.approx(expected, rel=0.005)


def wait_ratio(berths: int, ships_per_h: float) -> tuple[float, float]:
    """Mean wait over service of M/E2/n, and its standard error."""
    stage = {"id": "berth", "servers": berths, "service_h": "erlang(20, 2)"}
    source = {"every_h": f"exponential({1 / ships_per_h!r})"}
    model = of_one_class([stage], ["berth"], source, horizon_h=2_000_000, warmup_h=2_000)
    found = simulate(model_from(model), replications=10, seed=9).stages["wait_h"].to_numpy() / 20.0
    return float(found.mean()), float(found.std(ddof=1) / math.sqrt(len(found)))


@pytest.mark.parametrize(("berths", "limit"), [(1, 0.4), (3, 0.2)])
def test_ships_wait_as_long_as_the_capacity_of_the_berths_allows(berths: int, limit: float) -> None:
    hours = 8_760.0
    found = berth_capacity(berths, 20.0, 800.0, wait_ratio_limit=limit, open_h_per_year=hours)
    ratio, error = wait_ratio(berths, found.ships_per_year / hours)
    assert ratio == pytest.approx(limit, abs=STANDARD_ERRORS * error)


def test_one_berth_less_than_needed_is_too_few() -> None:
    needed = berths_needed(0.12, 20.0, wait_ratio_limit=0.25)
    enough, error = wait_ratio(needed, 0.12)
    fewer, _ = wait_ratio(needed - 1, 0.12)
    assert enough - STANDARD_ERRORS * error < 0.25 < fewer
