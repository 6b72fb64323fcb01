"""The simulation of a case: built as its tables say, conserving cargo, the same on any threads."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karvan.case import Case
from karvan.errors import ModelError
from karvan.motion import tables as of_study
from karvan.motion.bottlenecks import bottlenecks, hours_a_teu, with_one_more
from karvan.motion.clock import Clock
from karvan.motion.study import Study, study, study_until
from karvan.motion.times import moving, pert, pert_of_mean
from karvan.network.distribution import pert_mean
from karvan.runs.simulation_tables import TABLES, simulation_tables
from karvan.runs.simulation_tables import _cautions as cautions
from karvan.schema import result_tables
from karvan.simulation.layout import factor_at
from karvan.simulation.precision import PrecisionRule
from karvan.simulation.variates import constant
from motion_cases import CROSSING_H, crossing, fleet, plan, stormy

ROUNDING = 1e-9
SHARE_OF_SAMPLING = 0.03
"""Thousands of boxes with waits of at most a day: their mean is known that well."""

ON_FILL = {"departure": "on_fill", "headway_h": 24, "capacity_teu": 20}


def simulated(case: Case, replications: int = 2, **options: int) -> Study:
    return study(plan(case), replications=replications, **options)


def tables_of(case: Case, replications: int = 2) -> dict[str, pl.DataFrame]:
    return dict(simulation_tables(case, lambda share: None, seed=0, replications=replications))


def without_rows(case: Case, *names: str) -> Case:
    emptied = {name: case.table(name).clear() for name in names}
    return replace(case, tables=MappingProxyType({**case.tables, **emptied}))


# What is built


def test_a_steady_crossing_takes_what_its_parts_add_up_to() -> None:
    # Loading 2 h, a departure a day, so 12 h in the mean, the crossing, unloading 2 h.
    found = simulated(crossing(flows={"west": 4000.0}, service={"capacity_teu": 1000}))
    expected = 2.0 + 12.0 + CROSSING_H + 2.0
    assert found.stack("mean_h").mean() == pytest.approx(expected, rel=SHARE_OF_SAMPLING)
    waits = list(of_study.waits(found))
    assert [row["cause"] for row in waits] == ["handling", "batch", "moving", "handling"]
    assert sum(row["mean_h"] for row in waits) == pytest.approx(expected, rel=SHARE_OF_SAMPLING)


def test_departures_of_a_timetable_leave_on_their_days(two_port_case: Case) -> None:
    built = plan(two_port_case)
    stage = next(s for s in built.model.stages if s.id == "ship ferry east-port>west-port")
    assert stage.batch is not None
    # 2024 began on a Monday and the warm-up is 60 days, which are 4 more than eight weeks:
    # Tuesday 8 h is 32 h after a Monday, and 96 h later in the clock of the model.
    expected = {(32.0 + 60 * 24.0) % 168.0, (104.0 + 60 * 24.0) % 168.0}
    assert set(stage.batch.timetable_h) == expected


def test_months_of_a_profile_are_those_of_the_year_after_the_warm_up() -> None:
    clock = Clock(2024, 24.0 * 60)
    january = clock.monthly("january", {1: 1.0})
    for day, factor in ((0, 1.0), (30, 1.0), (31, 0.0), (365, 0.0)):
        assert factor_at(january, clock.warmup_h + 24.0 * day + 1.0) == factor
    # The warm-up begins in November.
    november = clock.monthly("november", {11: 1.0})
    assert factor_at(november, 1.0) == 1.0


def test_storms_close_the_share_of_a_month_that_the_calendar_says() -> None:
    case = stormy(0.3)
    found = simulated(case, replications=8)
    names = [pool.id for pool in found.plan.model.pools]
    closed = found.stack("used")[:, names.index("way out storms")]
    # Eight years of some 110 storms each: the standard error is about 0.01.
    assert closed.mean() == pytest.approx(0.3, abs=0.03)


def test_ships_come_back_also_where_nothing_is_to_be_carried() -> None:
    case = crossing(
        flows={"west": 2000.0}, service={**ON_FILL, "headway_h": 48}, operations=[fleet(1)]
    )
    found = simulated(case)
    row = next(row for row in of_study.resources(found) if row["resource"] == "vessels")
    sailed = {
        stage: found.stack("services")[:, n].mean()
        for n, stage in enumerate(s.id for s in found.plan.model.stages)
        if stage.startswith("ship ")
    }
    assert abs(sailed["ship ship a>b"] - sailed["ship ship b>a"]) <= 1.0
    # 20 TEU a sailing at most, and one in two days at least.
    assert sailed["ship ship a>b"] >= 100.0
    assert 0.0 < row["busy_share"] < 1.0


@settings(max_examples=50)
@given(st.floats(0.0, 100.0), st.floats(0.0, 1.0), st.floats(0.1, 500.0))
def test_a_pert_time_keeps_its_mean_and_its_ends(low: float, place: float, width: float) -> None:
    mode, high = low + place * width, low + width
    found = pert(low, mode, high)
    assert found.mean() == pytest.approx(pert_mean(low, mode, high))
    assert found.values[0] >= low - ROUNDING
    assert list(found.values) == sorted(found.values)


def test_times_without_spread_are_constants() -> None:
    assert pert(3.0, 3.0, 3.0).mean() == pert_of_mean(3.0, None, None).mean() == 3.0
    assert moving(5.0, 5.0, 5.0).kind == "constant"
    assert moving(5.0, 4.0, 8.0).mean() == pytest.approx(5.0)
    # A mean that its ends do not allow is kept.
    assert pert_of_mean(9.0, 1.0, 10.0).mean() == pytest.approx(9.0)


# What always holds


@pytest.fixture(scope="module")
def two_ports(two_port_case: Case) -> Study:
    return simulated(two_port_case, replications=3)


def test_cargo_that_came_arrived_or_is_inside(two_ports: Study) -> None:
    for one in two_ports.seen:
        assert one.law_error < 1e-6
        # Lots that were inside when counting began are not among those that came.
        assert (one.left <= one.came + 1000).all()
        assert (one.inside >= 0).all()
    rows = pl.DataFrame(list(of_study.journeys(two_ports)), infer_schema_length=None)
    wanted = {"east": 5940.0, "west": 3960.0}
    for row in rows.iter_rows(named=True):
        assert row["arrived_teu_per_year"] + row["left_behind_teu"] == pytest.approx(
            wanted[row["origin"]], rel=0.1
        )


def test_one_and_two_threads_give_the_same_numbers(two_ports: Study) -> None:
    again = study(two_ports.plan, replications=3, threads=2)
    for name in ("mean_h", "left", "days", "waits_h", "started_by_month"):
        np.testing.assert_array_equal(two_ports.stack(name), again.stack(name))


def test_replications_of_two_calls_are_those_of_one(two_ports: Study) -> None:
    last = study(two_ports.plan, replications=1, first=2)
    np.testing.assert_array_equal(two_ports.seen[2].mean_h, last.seen[0].mean_h)


def test_a_precision_is_reached_or_the_limit_is(two_ports: Study) -> None:
    rule = PrecisionRule(0.05, fewest=4, most=40)
    found = study_until(two_ports.plan, rule)
    assert 4 <= len(found.seen) <= 40
    numbers = [one.number for one in found.seen]
    assert numbers == list(range(len(numbers)))


def test_tables_have_the_declared_columns_and_keys(two_port_case: Case) -> None:
    found = tables_of(two_port_case)
    assert set(found) == set(TABLES)
    for name, table in found.items():
        columns = result_tables()[name]
        assert table.columns == [column.name for column in columns]
        keys = [column.name for column in columns if column.key]
        assert table.select(keys).is_unique().all()
    assert found["simulation"]["law_error"][0] < 1e-6
    shares = found["simulated_times"].group_by("journey_id").agg(pl.col("arrived_share").sum())
    assert shares["arrived_share"].to_list() == pytest.approx([1.0] * shares.height)
    moved = found["simulated_movements"]
    assert (moved["arrives_h"] >= moved["departs_h"]).all()
    assert moved["kind"].is_in(["train", "vessel", "truck"]).all()


def test_waits_along_a_journey_add_up_to_its_time(two_ports: Study) -> None:
    means = {row["journey_id"]: row["mean_h"] for row in of_study.journeys(two_ports)}
    sums: dict[str, float] = {}
    for row in of_study.waits(two_ports):
        sums[row["journey_id"]] = sums.get(row["journey_id"], 0.0) + row["mean_h"]
    for journey, mean in means.items():
        assert sums[journey] == pytest.approx(mean, rel=SHARE_OF_SAMPLING)


def test_times_that_are_inputs_have_no_interval(two_ports: Study) -> None:
    for row in of_study.waits(two_ports):
        given = row["cause"] in {"handling", "moving"}
        assert (row["mean_low_h"] is None) == (row["mean_high_h"] is None) == given, row


# What a change does


def test_a_ship_less_never_speeds_up_a_fleet_that_is_short() -> None:
    flows = {"west": 20.0 * 365 * 0.9}
    times = []
    for ships in (1, 2):
        case = crossing(flows=flows, service=ON_FILL, operations=[fleet(ships)])
        times.append(hours_a_teu(simulated(case, replications=4)))
    assert (times[0] >= times[1] - ROUNDING).all()


def test_one_more_of_a_fleet_is_what_the_bottleneck_tries() -> None:
    case = crossing(flows={"west": 5000.0}, service=ON_FILL, operations=[fleet(1)])
    built = plan(case)
    more, step = with_one_more(built, ("fleet", "ship", "", "", "vessels"))
    assert step == 1.0
    assert sum(p.units for p in more.model.pools) == sum(p.units for p in built.model.pools) + 1


def test_a_service_that_cannot_keep_up_is_named_with_its_growth() -> None:
    # The assignment keeps to the capacity; the simulation is given what it cannot carry.
    case = crossing(flows={"west": 6000.0}, service={"capacity_teu": 100, "headway_h": 24})
    built = plan(case)
    stages = tuple(
        s.model_copy(update={"batch": s.batch.model_copy(update={"max_length_m": 4.0})})
        if s.batch
        else s
        for s in built.model.stages
    )
    narrow = replace(built, model=built.model.model_copy(update={"stages": stages}))
    found = study(narrow, replications=3)
    # What the next departure takes is no line that grows, however sure it is there.
    started = np.full_like(found.seen[0].started, 50.0)
    one_more = replace(found.seen[0], started=started, arrived=started + 1.0)
    steady = replace(found, seen=(one_more, replace(one_more, number=1)))
    assert list(of_study.lines_left_behind(steady)) == []
    # Lots of two TEU come, two lots a day leave.
    ((service, node, growth),) = of_study.lines_left_behind(found)
    assert (service, node) == ("ship", "a")
    assert growth == pytest.approx(built.journeys[0].teu_per_year / 2.0 / 366.0 - 2.0, rel=0.05)


def test_the_months_of_a_fleet_add_up_to_its_year() -> None:
    case = crossing(flows={"west": 4000.0, "east": 1000.0}, service=ON_FILL, operations=[fleet(2)])
    found = simulated(case, replications=3)
    (year,) = [row for row in of_study.resources(found) if row["resource"] == "vessels"]
    own = [row for row in of_study.months(found) if row["resource"] == "vessels"]
    assert [row["month"] for row in own] == list(range(1, 13))
    busy = [row["busy_share"] for row in own]
    assert all(0.0 <= share <= 1.0 for share in busy)
    # Months are of one length, so that of the year is their mean.
    assert np.mean(busy) == pytest.approx(year["busy_share"], abs=ROUNDING)
    passed = sum(row["passed_teu"] for row in own)
    assert passed == pytest.approx(year["passed_teu_per_year"], rel=ROUNDING)


def test_more_replications_of_a_run_sharpen_its_bottlenecks() -> None:
    case = crossing(
        flows={"west": 14_000.0}, service={**ON_FILL, "headway_h": 12}, operations=[fleet(1)]
    )
    pairs = {}
    for replications in (2, 6, 18):
        rows = bottlenecks(
            case, simulated(case, replications), threads=1, progress=lambda share: None
        )
        (row,) = rows
        pairs[replications] = row["replications"]
    assert pairs == {2: 2, 6: 5, 18: 6}


def test_a_fleet_that_cannot_keep_up_is_named_with_the_cargo_that_waits() -> None:
    built = plan(crossing(flows={"west": 20_000.0}, service=ON_FILL, operations=[fleet(1)]))
    sea = next(stage for stage in built.model.stages if stage.id.startswith("sea ship a>b"))
    # The assignment keeps to the capacity; ships that take ten times as long do not.
    slow = sea.model_copy(update={"service_h": constant(40.0)})
    stages = tuple(slow if stage is sea else stage for stage in built.model.stages)
    found = study(
        replace(built, model=built.model.model_copy(update={"stages": stages})), replications=3
    )
    (said,) = [line for line in cautions(found) if line.startswith("fleet ship: more arrives")]
    assert said.endswith("lots a day")


# What has nothing in it, and what is wrong


def test_a_case_without_flows_has_empty_tables(two_port_case: Case) -> None:
    found = tables_of(without_rows(two_port_case, "flows"))
    assert all(table.is_empty() for table in found.values())


def test_a_case_whose_alternatives_are_not_simulated_has_empty_tables() -> None:
    case = crossing(
        flows={"west": 1000.0}, alternatives=[{"id": "over-the-sea", "gateways": "sea"}]
    )
    assert all(table.is_empty() for table in tables_of(case).values())


def test_a_case_without_fleets_and_terminals_is_simulated(two_port_case: Case) -> None:
    found = tables_of(without_rows(two_port_case, "fleets", "terminals", "operations"))
    assert found["simulated_journeys"].height == 2


def test_a_port_that_is_always_closed_is_named() -> None:
    case = stormy(1)
    with pytest.raises(ModelError, match="closed at all times"):
        simulated(case)
    found = tables_of(case)
    (said,) = found["simulation"]["cautions"].to_list()
    assert "weather storms" in said
    assert "could ever leave" in said
    assert found["simulated_journeys"].is_empty()


def test_a_lot_larger_than_any_ship_is_named_with_the_ship() -> None:
    lot = {"subject_table": "commodities", "subject_id": "containers", "quantity": "lot_teu"}
    case = crossing(
        flows={"west": 2000.0},
        service={"capacity_teu": 100},
        operations=[{"id": "lot", "value": 150, **lot}],
    )
    with pytest.raises(ModelError, match="150 TEU and") as caught:
        plan(case)
    (problem,) = caught.value.problems
    assert problem.check == "operations.lot.size"
    assert "the 100 TEU" in problem.expected
    assert "'ship'" in problem.expected
    (said,) = tables_of(case)["simulation"]["cautions"].to_list()
    assert "would wait for ever" in said


def test_a_fleet_of_a_year_without_ships_falls_back_to_its_headway() -> None:
    # operations.csv refuses a fleet of zero; without a row the declared departures count.
    case = crossing(flows={"west": 1000.0}, service=ON_FILL)
    assert not plan(case).fleets
    assert simulated(case).seen
