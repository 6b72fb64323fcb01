"""Compression of timetables and capacity of lines, berths and yards."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from karvan.errors import FormulaError
from karvan.simulation.distributions import poisson_cdf
from karvan.simulation.formulas_phases import berth_wait_ratio
from karvan.simulation.formulas_port import (
    berth_capacity,
    berths_needed,
    filling_yard,
    train_yard_occupancy,
    yard_capacity_teu_per_year,
    yard_occupancy,
    yard_slots,
)
from karvan.simulation.formulas_rail import (
    additional_time_share,
    capacity_consumption,
    compress_timetable,
    line_capacity_per_day,
    paired_capacity_per_day,
    scott_capacity_per_day,
    uic405_capacity_per_day,
)

NONE = math.nan


# Compression


def test_equal_trains_follow_at_their_headway():
    # Three sections of 0.2 h, released 0.05 h after the train: the headway is 0.25 h.
    begin = np.array([0.0, 0.5, 1.4])[:, None] + np.array([0.0, 0.2, 0.4])
    found = compress_timetable(begin, begin + 0.25, window_h=2.0)
    assert found.start_h == pytest.approx([0.0, 0.25, 0.5])
    assert found.occupancy_h == pytest.approx(0.75)
    assert found.occupancy_share == pytest.approx(0.375)
    assert found.critical == (0, 1, 2)


def test_single_track_between_two_loops_takes_the_trains_in_turn():
    # One section that both directions share: 0.5 h out, 0.6 h back, each with 0.1 h of crossing.
    begin = np.array([[0.0], [1.0], [3.0], [4.0]])
    end = begin + np.array([[0.6], [0.7], [0.6], [0.7]])
    found = compress_timetable(begin, end, window_h=24.0)
    assert found.occupancy_h == pytest.approx(2.0 * (0.6 + 0.7))
    pairs = 24.0 / found.occupancy_h * 2.0
    assert pairs == pytest.approx(paired_capacity_per_day(0.5, 0.6, 0.2))


def test_a_slow_train_before_a_fast_one_costs_the_difference_of_their_runs():
    slow, fast = np.array([0.0, 1.0, 2.0]), np.array([4.0, 4.5, 5.0])
    begin = np.array([slow, fast])
    end = np.array([slow + 1.0, fast + 0.5])
    found = compress_timetable(begin, end, window_h=12.0)
    # The fast one leaves the last section half an hour after it enters it, 1 h after it starts.
    assert found.start_h[1] == pytest.approx(3.0 - 1.0)
    # The slow one again follows at the first section, which the fast one frees after half an hour.
    assert found.occupancy_h == pytest.approx(2.0 + 0.5)


def test_an_overtaking_stays_where_it_is():
    # The slow train 0 enters first, waits in a loop after section 0, and train 1 passes it.
    begin = np.array([[0.0, 3.0], [1.5, 2.0]])
    end = np.array([[1.0, 4.0], [2.0, 2.5]])
    found = compress_timetable(begin, end, window_h=10.0)
    # Train 1 can follow no earlier than 1 on section 0, and no later than its stop allows.
    assert found.start_h.tolist() == [0.0, 1.0]
    assert found.occupancy_h == pytest.approx(4.0 - 3.0 + 0.0 + 0.5)


def test_a_train_on_another_track_is_free():
    begin = np.array([[0.0, NONE], [0.5, NONE], [0.1, 0.1]])
    begin[2, 0] = NONE
    found = compress_timetable(begin, begin + 0.2, window_h=1.0)
    assert found.start_h[:2].tolist() == [0.0, pytest.approx(0.2)]
    assert math.isnan(found.start_h[2])
    assert found.occupancy_h == pytest.approx(0.4)


@st.composite
def timetables(draw):
    """Trains that enter sections when free, some in reverse, some leaving sections out."""
    sections = draw(st.integers(1, 4))
    trains = draw(st.integers(1, 6))
    free = np.zeros(sections)
    begin = np.full((trains, sections), np.nan)
    end = begin.copy()
    for train in range(trains):
        order = list(range(sections))
        if draw(st.booleans()):
            order.reverse()
        time = draw(st.floats(0.0, 1.0)) + (0.0 if train == 0 else float(free.min()))
        for section in order:
            if len(order) > 1 and draw(st.integers(0, 4)) == 0:
                continue
            enters = max(time, free[section]) + draw(st.floats(0.0, 2.0))
            leaves = enters + draw(st.floats(0.1, 2.0))
            begin[train, section], end[train, section] = enters, leaves
            free[section], time = leaves, leaves
    assume(np.all(~np.isnan(begin).all(axis=1)))
    return begin, end


def shortest_repetition(begin, end):
    """The same by linear programming: least time until the first train can come again."""
    first = int(np.argmin(np.nanmin(begin, axis=1)))
    trains = len(begin)
    rows, limits = [], []
    for i in range(trains):
        for j in range(trains):
            for s in range(begin.shape[1]):
                if begin[i, s] < begin[j, s]:
                    row = np.zeros(trains + 1)
                    row[i], row[j] = 1.0, -1.0
                    rows.append(row)
                    limits.append(begin[j, s] - end[i, s])
        for s in range(begin.shape[1]):
            if not np.isnan(begin[i, s] + begin[first, s]):
                row = np.zeros(trains + 1)
                row[i], row[trains] = 1.0, -1.0
                rows.append(row)
                limits.append(begin[first, s] - end[i, s])
    equal = np.zeros((1, trains + 1))
    equal[0, first] = 1.0
    cost = np.zeros(trains + 1)
    cost[trains] = 1.0
    # A free train must not run away: none has to move by more than the whole timetable.
    whole = float(np.nanmax(end) - np.nanmin(begin))
    found = linprog(cost, rows, limits, equal, [0.0], bounds=[(-2 * whole, 2 * whole)] * len(cost))
    assert found.status == 0
    return found.fun


@settings(max_examples=60, deadline=None)
@given(timetable=timetables())
def test_occupancy_is_the_optimum_of_a_linear_program(timetable):
    begin, end = timetable
    found = compress_timetable(begin, end, window_h=24.0)
    assert found.occupancy_h == pytest.approx(shortest_repetition(begin, end), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(timetable=timetables(), unit=st.floats(0.01, 100.0), move=st.floats(-50.0, 50.0))
def test_occupancy_scales_with_the_unit_and_not_with_the_clock(timetable, unit, move):
    begin, end = timetable
    one = compress_timetable(begin, end, window_h=24.0)
    other = compress_timetable(begin * unit + move, end * unit + move, window_h=24.0 * unit)
    assert other.occupancy_h == pytest.approx(one.occupancy_h * unit, rel=1e-6, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(timetable=timetables())
def test_compressed_trains_do_not_meet_and_cannot_be_compressed_again(timetable):
    begin, end = timetable
    found = compress_timetable(begin, end, window_h=24.0)
    # A train that then enters elsewhere before the first would be the first the second time.
    assume(np.nanmin(found.start_h) >= 0.0)
    kept = ~np.isnan(found.start_h)
    moved = found.start_h[kept] - (np.nanmin(begin, axis=1)[kept] - np.nanmin(begin))
    # A microhour to spare, as sums of times are rounded.
    again = compress_timetable(
        begin[kept] + moved[:, None], end[kept] + moved[:, None] - 1e-6, window_h=24.0
    )
    assert again.occupancy_h == pytest.approx(found.occupancy_h, abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(timetable=timetables(), extra=st.floats(0.0, 1.0))
def test_quicker_release_never_takes_more_capacity(timetable, extra):
    begin, end = timetable
    quick = begin + (end - begin) * (1.0 - 0.9 * extra)
    before = compress_timetable(begin, end, window_h=24.0).occupancy_h
    assert compress_timetable(begin, quick, window_h=24.0).occupancy_h <= before + 1e-6


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ([[0.0], [0.5]], [[1.0], [1.5]], ["trains 0 and 1 on section 0 at once"]),
        ([[0.0], [0.0]], [[1.0], [1.0]], ["at once"]),
        ([[0.0]], [[0.0]], ["train 0 leaves a section before it enters"]),
        ([[NONE]], [[NONE]], ["train 0 without a section"]),
        ([[0.0, NONE]], [[1.0, 2.0]], ["NaN in both or neither"]),
        ([[0.0]], [[math.inf]], ["finite times"]),
        ([[0.0]], [[1.0, 2.0]], ["another shape"]),
        ([], [], ["begin_h", "1 dimension"]),
        ([["a"]], [[1.0]], ["begin_h", "numbers"]),
    ],
)
def test_a_timetable_that_cannot_be_is_named(begin, end, words):
    with pytest.raises(FormulaError) as caught:
        compress_timetable(begin, end, window_h=1.0)
    assert [word for word in words if word not in str(caught.value)] == []


# Shares and formulas of lines


def test_additional_time_brings_the_occupancy_to_what_is_proposed():
    extra = additional_time_share("mixed", "day")
    found = capacity_consumption(14.4, 60, window_h=24.0, additional_share=extra)
    assert extra == pytest.approx(2 / 3)
    assert found.consumed_share == pytest.approx(1.0)
    assert found.further_trains == pytest.approx(0.0, abs=1e-9)
    assert capacity_consumption(7.2, 30, window_h=24.0, additional_share=extra).further_trains == (
        pytest.approx(30.0)
    )


def test_an_unknown_kind_of_line_is_answered_with_the_closest():
    with pytest.raises(FormulaError, match="did you mean 'suburban'"):
        additional_time_share("suburbn", "peak")
    with pytest.raises(FormulaError, match="peak, day"):
        additional_time_share("mixed", "night")


@pytest.mark.published
def test_worked_example_of_a_paired_timetable_55_minutes_26_pairs():
    # tlookup.ru/wocs-1042-1.html: 2 + 24 + 1 + 2 + 25 + 1 minutes.
    found = paired_capacity_per_day(24 / 60, 25 / 60, 6 / 60)
    assert math.floor(found) == 26


def test_the_longest_section_limits_the_line():
    found = line_capacity_per_day([0.3, 0.5, 0.4], [0.3, 0.4, 0.4], [0.1, 0.1, 0.1])
    assert found.section == 1
    assert found.pairs_per_day == pytest.approx(24.0)
    with pytest.raises(FormulaError, match="2 section"):
        line_capacity_per_day([0.3], [0.3, 0.4], [0.1])


def test_scott_counts_trains_of_both_directions():
    assert scott_capacity_per_day(10 / 60, 2 / 60, efficiency_share=0.9) == pytest.approx(108.0)


def test_uic_405_adds_two_thirds_and_a_quarter_of_a_minute_a_section():
    # 1440 / (6 + 4.02 + 0.25 * 4) minutes.
    assert uic405_capacity_per_day(0.1, 4) == pytest.approx(1_440 / (6 + 4.02 + 1.0))


@settings(deadline=None)
@given(
    out=st.floats(0.01, 5.0),
    back=st.floats(0.01, 5.0),
    crossing=st.floats(0.0, 1.0),
    closed=st.floats(0.0, 20.0),
)
def test_single_track_formulas_agree_on_one_section(out, back, crossing, closed):
    pairs = paired_capacity_per_day(out, back, crossing, maintenance_h=closed)
    assert pairs == pytest.approx(
        paired_capacity_per_day(back, out, crossing, maintenance_h=closed)
    )
    assert paired_capacity_per_day(out, back + 0.1, crossing) < paired_capacity_per_day(
        out, back, crossing
    )
    # Equal runs: Scott counts each train, a crossing being two block operations.
    scott = scott_capacity_per_day(out, crossing / 2, efficiency_share=1.0)
    assert 2.0 * paired_capacity_per_day(out, out, crossing) == pytest.approx(scott)


@pytest.mark.parametrize(
    ("function", "arguments", "options", "word"),
    [
        (scott_capacity_per_day, (0.0, 0.1), {"efficiency_share": 0.7}, "running_h"),
        (scott_capacity_per_day, (1.0, 0.1), {"efficiency_share": 1.2}, "efficiency_share"),
        (paired_capacity_per_day, (1.0, 1.0, -0.1), {}, "crossing_h"),
        (paired_capacity_per_day, (1.0, 1.0, 0.1), {"maintenance_h": 24.0}, "maintenance_h"),
        (uic405_capacity_per_day, (0.0, 2), {}, "headway_h"),
        (uic405_capacity_per_day, (0.1, -2), {}, "sections"),
        (
            capacity_consumption,
            (0.0, 2),
            {"window_h": 24.0, "additional_share": 0.3},
            "occupancy_h",
        ),
    ],
)
def test_bad_numbers_of_lines_are_named(function, arguments, options, word):
    with pytest.raises(FormulaError, match=word):
        function(*arguments, **options)


# Berths


@pytest.mark.parametrize(("berths", "arrival_order"), [(1, 1), (3, 2), (6, 1)])
def test_berth_capacity_is_where_the_wait_reaches_its_limit(berths, arrival_order):
    found = berth_capacity(
        berths,
        20.0,
        300.0,
        wait_ratio_limit=0.3,
        open_h_per_year=8_000.0,
        arrival_order=arrival_order,
    )
    ratio = berth_wait_ratio(berths, found.utilization, arrival_order=arrival_order)
    assert ratio == pytest.approx(0.3, rel=1e-9)
    assert found.ships_per_year == pytest.approx(found.utilization * berths * 8_000.0 / 20.0)
    assert found.teu_per_year == pytest.approx(300.0 * found.ships_per_year)


def test_a_limit_that_is_never_reached_lets_berths_be_full():
    found = berth_capacity(2, 20.0, 1.0, wait_ratio_limit=1e7, open_h_per_year=8_000.0)
    assert 0.9999 < found.utilization < 1.0


def test_more_berths_take_more_than_in_proportion():
    shares = [
        berth_capacity(n, 20.0, 1.0, wait_ratio_limit=0.3, open_h_per_year=8_000.0).utilization
        for n in (1, 2, 4, 8)
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.3 < 0.7 < shares[-1]


def test_berths_needed_is_the_fewest():
    found = berths_needed(0.1, 24.0, wait_ratio_limit=0.2)
    assert berth_wait_ratio(found, 2.4 / found) <= 0.2
    assert berth_wait_ratio(found - 1, 2.4 / (found - 1)) > 0.2


@settings(max_examples=15, deadline=None)
@given(berths=st.integers(1, 6), rho=st.floats(0.05, 0.95))
def test_regular_ships_wait_less_than_random_ones(berths, rho):
    poisson = berth_wait_ratio(berths, rho)
    regular = berth_wait_ratio(berths, rho, arrival_order=2)
    assert regular < poisson
    assert berth_wait_ratio(berths, rho, service_order=3) < poisson
    assert berth_wait_ratio(berths + 1, rho) < poisson


# Yards


@settings(deadline=None)
@given(rate=st.floats(0.0, 50.0), dwell=st.floats(0.1, 500.0), share=st.floats(0.01, 0.999))
def test_yard_places_are_the_fewest_that_are_enough(rate, dwell, share):
    yard = yard_occupancy(rate, dwell, probability=share)
    assert yard.mean == yard.variance == rate * dwell
    assert yard.probability >= share
    assert yard.quantile == 0 or poisson_cdf(yard.quantile - 1, yard.mean) < share


def test_a_yard_of_trains_needs_more_places_than_one_of_single_units():
    single = yard_occupancy(5.0, 48.0)
    trains = train_yard_occupancy(0.1, 50, 48.0)
    assert trains.mean == pytest.approx(single.mean)
    assert trains.variance == pytest.approx(50.0 * single.variance)
    assert trains.quantile > single.quantile
    assert trains.quantile % 50 == 0


def test_yard_of_trains_agrees_with_drawn_days():
    rng = np.random.default_rng(5)
    # Trains of the last 48 h are inside.
    inside = 40 * rng.poisson(0.1 * 48.0, 200_000)
    found = train_yard_occupancy(0.1, 40, 48.0, probability=0.9)
    assert abs(np.mean(inside <= found.quantile) - found.probability) < 0.004


def test_yard_turns_over_its_places():
    found = yard_capacity_teu_per_year(
        1_000, 2.5, 5 * 24.0, usable_share=0.8, peak_factor=1.25, hours_per_year=8_760.0
    )
    assert found == pytest.approx(1_000 * 2.5 * 0.8 / 1.25 * 365 / 5)
    assert yard_slots(100_000.0, 5 * 24.0) > 100_000.0 * 5 / 365


def test_a_yard_fills_until_the_first_leave():
    times = [filling_yard(2.0, 10.0, t) for t in (0.0, 5.0, 10.0, 99.0)]
    assert times == [0.0, 10.0, 20.0, 20.0]


@pytest.mark.parametrize(
    ("function", "arguments", "options", "word"),
    [
        (yard_occupancy, (-1.0, 5.0), {}, "arrivals_per_h"),
        (yard_occupancy, (1.0, 0.0), {}, "dwell_h"),
        (yard_occupancy, (1.0, 1.0), {"probability": 1.0}, "probability"),
        (train_yard_occupancy, (1.0, 0, 1.0), {}, "train_size"),
        (
            yard_capacity_teu_per_year,
            (10, 2.0, 5.0),
            {"usable_share": 0.8, "peak_factor": 0.9},
            "peak_factor",
        ),
        (
            berth_capacity,
            (2, 20.0, 100.0),
            {"wait_ratio_limit": 0.0, "open_h_per_year": 8_000.0},
            "wait_ratio_limit",
        ),
        (
            berth_capacity,
            (2, 20.0, 100.0),
            {"wait_ratio_limit": 0.3, "open_h_per_year": 9_000.0},
            "open_h_per_year",
        ),
        (berths_needed, (-1.0, 24.0), {"wait_ratio_limit": 0.2}, "ships_per_h"),
    ],
)
def test_bad_numbers_of_ports_are_named(function, arguments, options, word):
    with pytest.raises(FormulaError, match=word):
        function(*arguments, **options)
