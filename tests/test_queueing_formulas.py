"""Closed formulas against the reference values, their limits, and bad input."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karvan.errors import FormulaError
from karvan.simulation.distributions import poisson_cdf
from karvan.simulation.formulas_batches import (
    batch_arrivals,
    bulk_service,
    fill_up_departures,
    mm1_with_closures,
    tandem_throughput_per_h,
)
from karvan.simulation.formulas_general import (
    constant_gaps,
    erlang_gaps,
    gm1,
    mdc,
    mg1,
    priority_mg1,
    timetable_departures,
)
from karvan.simulation.formulas_markov import (
    birth_death,
    erlang_b,
    erlang_c,
    machine_repair,
    mm1,
    mm1_transient,
    mmc,
    mmc_sojourn_quantile_h,
    mmc_wait_quantile_h,
    mmck,
)
from karvan.simulation.formulas_phases import berth_wait_ratio, tandem_with_blocking
from karvan.simulation.formulas_port import filling_yard, yard_occupancy

REFERENCE_TOLERANCE = 1e-9
"""The reference has 12 digits; its M/D/1 and one ferry are off by 1e-10 of themselves."""

ROUNDING = 1e-12

YEARLY_WAGONS_PER_H = 100_000 / 8_760

load = st.floats(0.001, 0.98)
small_count = st.integers(1, 30)
time_h = st.floats(1e-3, 1e3)


def _queue(queue, *names):
    words = {"Wq": "wait_h", "W": "sojourn_h", "Lq": "queue_length", "L": "in_system"}
    words["P_wait"] = "wait_probability"
    return {name: getattr(queue, words[name]) for name in names}


def _mm1(rate):
    queue = mm1(rate, 1.0)
    found = _queue(queue, "Wq", "W", "L", "Lq", "P_wait")
    # Time in M/M/1 is exponential, so its standard deviation is its mean.
    p95 = mmc_sojourn_quantile_h(0.95, 1, rate, 1.0)
    return found | {"W_p95": p95, "W_sd": queue.sojourn_h}


def _mmc(servers, rate):
    found = _queue(mmc(servers, rate, 1.0), "P_wait", "Wq", "W", "Lq")
    return found | {"Wq_p95": mmc_wait_quantile_h(0.95, servers, rate, 1.0)}


def _mg1(variation):
    return _queue(mg1(0.8, 1.0, variation), "Wq", "Lq")


def _loss(servers, places, rate):
    queue = mmck(servers, places, rate, 1.0)
    return {
        "P_block": queue.blocking_probability,
        "L": queue.in_system,
        "W": queue.sojourn_h,
        "Wq": queue.wait_h,
        "throughput": queue.throughput_per_h,
    }


def _ferry(places, longest_h):
    ferry = fill_up_departures(YEARLY_WAGONS_PER_H, places, longest_h)
    return {
        "mean_wait": ferry.mean_wait_h,
        "mean_load": ferry.mean_load,
        "mean_headway": ferry.mean_headway_h,
    }


def _timetable(arrivals, places):
    ferry = timetable_departures(arrivals, places)
    return {
        "left_behind": ferry.left_behind,
        "queue_before_sailing": ferry.queue_before_departure,
        "load_factor": ferry.load_factor,
        "mean_wait_over_T": ferry.wait_headways,
    }


def _tandem(buffer):
    tandem = tandem_with_blocking(0.5, 1.0, 1.0, buffer)
    return {
        "L1": tandem.first_number,
        "L2": tandem.second_number,
        "W": tandem.sojourn_h,
        "P_blocked": tandem.blocked_share,
    }


def _priorities(preemptive):
    first, second = priority_mg1([0.3, 0.5], [1, 1], [1, 1], preemptive=preemptive)
    if preemptive:
        return {"W1": first.sojourn_h, "W2": second.sojourn_h}
    return {"Wq1": first.wait_h, "Wq2": second.wait_h}


def _yard():
    yard = yard_occupancy(11.4155251142, 20.0)
    return {"L": yard.mean, "var_N": yard.variance, "P_N_le_230": poisson_cdf(230, yard.mean)}


def _repair():
    pool = machine_repair(12, 2, 0.1, 1.0)
    return {
        "L_down": pool.down,
        "availability": pool.availability_share,
        "throughput": pool.throughput_per_h,
    }


def _jackson():
    # Burke: each of the ten stations is an M/M/1 with independent exponential times.
    one = mm1(0.8, 1.0)
    spread = math.sqrt(10) * one.sojourn_h
    return {"W": 10 * one.sojourn_h, "Wq_each": one.wait_h, "W_sd": spread}


def _closures():
    queue = mm1_with_closures(0.6, 1.0, 20.0, 5.0)
    return {"availability": 20.0 / 25.0} | _queue(queue, "L", "W")


def _saturated(buffer):
    return {"throughput": tandem_throughput_per_h(1.0, 1.0, buffer)}


SATURATED = "tandem 2 stations saturated, exp(1), buffer {}, blocking after service"
TANDEM = (
    "tandem 2 stations Poisson lam=0.5, exp(1),exp(1), buffer {} between, blocking after service, "
    "first queue unlimited"
)
FERRY = (
    "ferry accumulate lam=11.415525/h: sail when {} on board or {} h after last sailing, "
    "vessels unlimited"
)
TIMETABLE = "timetable ferry: Poisson {} wagons per headway T, capacity {}"
BERTHS = [(1, 1, 0.5), (1, 2, 0.6), (1, 5, 0.7), (2, 1, 0.5), (2, 2, 0.6), (2, 3, 0.7), (2, 5, 0.7)]

FORMULAS = {
    **{f"MM1 lam={rate} mu=1": lambda r=rate: _mm1(r) for rate in (0.5, 0.8, 0.9)},
    **{
        f"MMc c={c} lam={rate} mu=1": lambda c=c, r=rate: _mmc(c, r)
        for c, rate in ((2, 1.6), (4, 3.2), (8, 6.4))
    },
    "MG1 D lam=0.8 mean=1": lambda: _mg1(0.0),
    "MG1 Erlang4 lam=0.8 mean=1": lambda: _mg1(0.5),
    "MG1 lognormal cv.5 lam=0.8 mean=1": lambda: _mg1(0.5),
    "MG1 uniform(0,2) lam=0.8 mean=1": lambda: _mg1(1 / math.sqrt(3)),
    "MG1 M lam=0.8 mean=1": lambda: _mg1(1.0),
    **{
        f"MDc c={c} lam={rate} D=1": lambda c=c, r=rate: _queue(mdc(c, r, 1.0), "Wq")
        for c, rate in ((1, 0.8), (2, 1.6), (4, 3.2))
    },
    "GM1 D arrivals rate 0.8, mu=1": lambda: _queue(
        gm1(constant_gaps(0.8), 0.8, 1.0), "Wq", "P_wait"
    ),
    "GM1 Erlang2 arrivals rate 0.8, mu=1": lambda: _queue(
        gm1(erlang_gaps(0.8, 2), 0.8, 1.0), "Wq", "P_wait"
    ),
    **{
        f"berths E{k}/E2/{n} rho={rho}": lambda k=k, n=n, rho=rho: {
            "wait_over_service": berth_wait_ratio(n, rho, arrival_order=k)
        }
        for k, n, rho in BERTHS
    },
    "ErlangB c=5 a=3.0": lambda: {"P_block": erlang_b(5, 3.0)},
    "ErlangB c=10 a=8.0": lambda: {"P_block": erlang_b(10, 8.0)},
    "MMcK c=1 K=5 lam=0.8 mu=1": lambda: _loss(1, 5, 0.8),
    "MMcK c=1 K=10 lam=1.2 mu=1": lambda: _loss(1, 10, 1.2),
    "MMcK c=3 K=8 lam=2.7 mu=1": lambda: _loss(3, 8, 2.7),
    "MGinf lam=11.4155251142 mean S=20 (yard dwell)": _yard,
    "MDinf transient lam=2 D=10": lambda: {
        "EN_t5": filling_yard(2.0, 10.0, 5.0),
        "EN_t20": filling_yard(2.0, 10.0, 20.0),
    },
    "Jackson tandem 10 x M/M/1 rho=.8": _jackson,
    FERRY.format(50, 24): lambda: _ferry(50, 24.0),
    FERRY.format(20, "1e+09"): lambda: _ferry(20, 1e9),
    FERRY.format(50, "1e+09"): lambda: _ferry(50, 1e9),
    TIMETABLE.format(40.0, 50): lambda: _timetable(40.0, 50),
    TIMETABLE.format(45.0, 50): lambda: _timetable(45.0, 50),
    TIMETABLE.format(4.0, 5): lambda: _timetable(4.0, 5),
    "bulk M/M[1..3]/1 lam=2.0 mu=1.0 partial batches": lambda: _queue(
        bulk_service(2.0, 1.0, 3), "L", "W", "Wq"
    ),
    "bulk M/M[1..5]/1 lam=4.5 mu=1.0 partial batches": lambda: _queue(
        bulk_service(4.5, 1.0, 5), "L", "W", "Wq"
    ),
    "train arrivals M[X]/M/1 batches of 10, rate .08, mu=1": lambda: _queue(
        batch_arrivals(0.08, 10, 1.0), "L", "W"
    ),
    **{SATURATED.format(b): lambda b=b: _saturated(b) for b in (0, 1, 2, 5, 10)},
    **{TANDEM.format(b): lambda b=b: _tandem(b) for b in (0, 2)},
    "closures: M/M/1 lam=0.6 mu=1, server open exp mean 20, closed exp mean 5, work resumes": (
        _closures
    ),
    "priority M/M/1 nonpreemptive lam=(.3,.5) mu=1": lambda: _priorities(False),
    "priority M/M/1 preemptive resume lam=(.3,.5) mu=1": lambda: _priorities(True),
    **{
        f"transient M/M/1 lam=.8 mu=1 empty start E[N({t})]": lambda t=t: {
            "EN": mm1_transient(0.8, 1.0, float(t))
        }
        for t in (1, 10, 200)
    },
    "machine repair N=12 locomotives, c=2 repair tracks, fail .1, repair 1": _repair,
}


@pytest.fixture(scope="module")
def reference(shared):
    path = shared / "reference" / "simulation" / "queueing.json"
    return json.loads(path.read_text("utf-8"))


def test_every_case_of_the_reference_has_its_formula(reference):
    assert set(FORMULAS) == set(reference)


@pytest.mark.parametrize("case", FORMULAS)
def test_formula_gives_the_reference(case, reference):
    assert FORMULAS[case]() == pytest.approx(reference[case], rel=REFERENCE_TOLERANCE)


# Limits


@settings(deadline=None)
@given(rho=load, service=time_h)
def test_one_server_of_mmc_is_mm1(rho, service):
    one, many = mm1(rho / service, service), mmc(1, rho / service, service)
    assert many.wait_h == pytest.approx(one.wait_h, rel=1e-10)
    assert many.wait_probability == pytest.approx(rho, rel=1e-10)


@settings(deadline=None)
@given(rho=load, service=time_h)
def test_exponential_service_of_mg1_is_mm1(rho, service):
    found = mg1(rho / service, service, 1.0).wait_h
    assert found == pytest.approx(mm1(rho / service, service).wait_h, rel=ROUNDING)


@settings(deadline=None)
@given(rho=load)
def test_constant_service_of_mg1_is_mdc_with_one_server(rho):
    assert mdc(1, rho, 1.0).wait_h == pytest.approx(mg1(rho, 1.0, 0.0).wait_h, rel=1e-10)


@settings(deadline=None)
@given(rho=load)
def test_poisson_arrivals_of_gm1_are_mm1(rho):
    found = gm1(erlang_gaps(rho, 1), rho, 1.0)
    # The root is found to 1e-16, which counts (1 - rho)^-2 times.
    assert found.wait_h == pytest.approx(mm1(rho, 1.0).wait_h, rel=1e-11)


@settings(max_examples=25, deadline=None)
@given(servers=st.integers(1, 12), rho=load)
def test_berths_of_order_one_are_mmc(servers, rho):
    found = berth_wait_ratio(servers, rho, arrival_order=1, service_order=1)
    assert found == pytest.approx(mmc(servers, servers * rho, 1.0).wait_h, rel=1e-9)


@pytest.mark.parametrize(("order", "rho"), [(1, 0.4), (2, 0.7), (3, 0.9), (6, 0.95)])
def test_one_berth_of_order_k_is_mg1(order, rho):
    found = berth_wait_ratio(1, rho, service_order=order)
    assert found == pytest.approx(mg1(rho, 1.0, order**-0.5).wait_h, rel=1e-10)


@pytest.mark.parametrize(("order", "rho"), [(2, 0.5), (3, 0.9)])
def test_one_berth_with_erlang_arrivals_is_gm1(order, rho):
    found = berth_wait_ratio(1, rho, arrival_order=order, service_order=1)
    assert found == pytest.approx(gm1(erlang_gaps(rho, order), rho, 1.0).wait_h, rel=1e-10)


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_high_order_of_service_tends_to_constant_service(servers):
    # The wait falls with the variance, which is one over the order.
    exact = mdc(servers, 0.7 * servers, 1.0).wait_h
    near = [berth_wait_ratio(servers, 0.7, service_order=order) for order in (1, 2, 4)]
    errors = [ratio - exact for ratio in near]
    assert errors[0] > errors[1] > errors[2] > 0.0
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.1)


@settings(deadline=None)
@given(servers=small_count, places=st.integers(0, 60), offered=st.floats(0.01, 80.0))
def test_mmck_without_queue_is_erlang_b(servers, places, offered):
    assert mmck(servers, servers, offered, 1.0).blocking_probability == pytest.approx(
        erlang_b(servers, offered), rel=1e-10
    )
    queue = mmck(servers, servers + places, offered, 1.0)
    # What gets in is what is served.
    assert queue.throughput_per_h == pytest.approx(queue.utilization * servers, rel=1e-10)


@settings(deadline=None)
@given(servers=small_count, rho=st.floats(0.05, 0.8))
def test_mmck_with_many_places_is_mmc(servers, rho):
    found = mmck(servers, servers + 400, rho * servers, 1.0)
    assert found.wait_h == pytest.approx(mmc(servers, rho * servers, 1.0).wait_h, rel=1e-9)


@settings(deadline=None)
@given(variation=st.floats(0.0, 3.0), rho=load)
def test_one_priority_class_is_mg1(variation, rho):
    (only,) = priority_mg1([rho], [1.0], [variation])
    assert only.wait_h == pytest.approx(mg1(rho, 1.0, variation).wait_h, rel=ROUNDING)


@settings(deadline=None)
@given(
    classes=st.lists(
        st.tuples(st.floats(0.01, 0.3), st.floats(0.1, 1.0), st.floats(0.0, 2.0)),
        min_size=1,
        max_size=3,
    )
)
def test_priorities_share_the_waits_of_mg1_out_kleinrock_conservation_law(classes):
    rate, service, variation = (np.array(values) for values in zip(*classes, strict=True))
    busy = rate * service
    found = priority_mg1(rate, service, variation)
    residual = 0.5 * np.sum(rate * service**2 * (1.0 + variation**2))
    waits = np.sum(busy * [times.wait_h for times in found])
    assert waits == pytest.approx(busy.sum() * residual / (1.0 - busy.sum()), rel=1e-10)


def test_a_preemptive_class_does_not_see_the_lower_ones():
    first, _ = priority_mg1([0.3, 0.6], [1.0, 1.0], [0.5, 2.0], preemptive=True)
    assert first.sojourn_h == pytest.approx(mg1(0.3, 1.0, 0.5).sojourn_h, rel=ROUNDING)


@settings(deadline=None)
@given(rho=load, service=time_h)
def test_without_closures_a_queue_is_mm1(rho, service):
    found = mm1_with_closures(rho / service, service, 20.0, 0.0)
    assert found.sojourn_h == pytest.approx(mm1(rho / service, service).sojourn_h, rel=1e-10)


def test_short_closures_only_slow_the_server_down():
    found = mm1_with_closures(0.6, 1.0, 20e-6, 5e-6)
    assert found.in_system == pytest.approx(mm1(0.6, 1.0 / 0.8).in_system, rel=1e-4)


@pytest.mark.parametrize(("rate", "open_h", "closed_h"), [(0.6, 20.0, 5.0), (0.3, 2.0, 3.0)])
def test_closures_agree_with_a_truncated_chain(rate, open_h, closed_h):
    levels = 1_500
    found = mm1_with_closures(rate, 1.0, open_h, closed_h)
    assert found.in_system == pytest.approx(_chain_with_closures(levels, rate, open_h, closed_h))


def _chain_with_closures(levels, rate, open_h, closed_h):
    """Mean number by solving the balance of a cut queue, level by level from above."""
    close, reopen = 1.0 / open_h, 1.0 / closed_h
    up = rate * np.eye(2)
    down = np.diag([1.0, 0.0])
    switch = np.array([[-close, close], [reopen, -reopen]])
    step = np.zeros((2, 2))
    steps = []
    for level in range(levels, 0, -1):
        leave = down + (up if level < levels else 0.0)
        step = up @ np.linalg.inv(leave - switch - step @ down)
        steps.append(step)
    # At level 0 nothing is served; its balance fixes the ratio of open to closed.
    empty = switch - up + steps[-1] @ down
    chance = np.array([1.0, -empty[0, 0] / empty[1, 0]])
    total, mean = chance.sum(), 0.0
    for level, step in enumerate(reversed(steps), 1):
        chance = chance @ step
        total += chance.sum()
        mean += level * chance.sum()
    return mean / total


@settings(deadline=None)
@given(rho=load)
def test_a_batch_of_one_is_mm1(rho):
    expected = mm1(rho, 1.0).in_system
    assert batch_arrivals(rho, 1, 1.0).in_system == pytest.approx(expected, rel=1e-10)
    assert bulk_service(rho, 1.0, 1).in_system == pytest.approx(expected, rel=1e-10)


@settings(deadline=None)
@given(rate=st.floats(0.1, 50.0), places=st.integers(2, 80))
def test_a_ferry_without_limit_keeps_wagons_for_half_a_filling(rate, places):
    found = fill_up_departures(rate, places)
    assert found.mean_wait_h == pytest.approx(0.5 * (places - 1) / rate, rel=ROUNDING)
    assert found.full_share == 1.0


def test_a_ferry_far_too_large_sails_by_the_clock():
    found = fill_up_departures(2.0, 1_000, 10.0)
    assert found.mean_headway_h == pytest.approx(10.0, rel=1e-12)
    assert found.mean_wait_h == pytest.approx(5.0, rel=1e-12)
    assert found.full_share < 1e-300


def test_ferry_with_limit_agrees_with_drawn_fillings():
    rate, places, limit, cycles = 3.0, 30, 10.0, 40_000
    rng = np.random.default_rng(7)
    arrival = np.cumsum(rng.exponential(1.0 / rate, (cycles, places)), axis=1)
    sails = np.minimum(arrival[:, -1], limit)
    aboard = (arrival <= sails[:, None]).sum(axis=1)
    wait = np.where(arrival <= sails[:, None], sails[:, None] - arrival, 0.0).sum(axis=1)
    found = fill_up_departures(rate, places, limit)
    for drawn, mean in ((aboard, found.mean_load), (sails, found.mean_headway_h)):
        assert abs(drawn.mean() - mean) < 4.0 * drawn.std() / math.sqrt(cycles)
    ratio = wait - found.mean_wait_h * aboard
    assert abs(ratio.mean()) < 4.0 * ratio.std() / math.sqrt(cycles)


@settings(deadline=None)
@given(first=time_h, second=time_h, buffer=st.integers(0, 40))
def test_saturated_tandem_is_the_same_backwards_and_below_each_station(first, second, buffer):
    found = tandem_throughput_per_h(first, second, buffer)
    assert found == pytest.approx(tandem_throughput_per_h(second, first, buffer), rel=1e-10)
    assert found < 1.0 / max(first, second) * (1.0 + ROUNDING)
    assert found <= tandem_throughput_per_h(first, second, buffer + 1) * (1.0 + ROUNDING)


def test_a_tandem_with_much_buffer_is_two_queues():
    found = tandem_with_blocking(0.5, 1.0, 1.0, 120)
    assert found.sojourn_h == pytest.approx(2.0 * mm1(0.5, 1.0).sojourn_h, rel=1e-9)
    assert found.blocked_share < 1e-9


def test_transient_queue_starts_empty_and_settles():
    assert mm1_transient(0.8, 1.0, 0.0) == 0.0
    assert mm1_transient(0.5, 1.0, 500.0) == pytest.approx(1.0, rel=1e-9)
    # Without departures yet, the number is what has arrived.
    assert mm1_transient(0.8, 1.0, 1e-4) == pytest.approx(0.8e-4, rel=1e-4)


def test_one_machine_of_ample_repair_fails_on_its_own():
    pool = machine_repair(5, 5, 0.25, 2.0)
    assert pool.availability_share == pytest.approx(1.0 / 1.5, rel=ROUNDING)
    assert pool.wait_h == pytest.approx(0.0, abs=1e-15)


# What holds for all of them


@settings(deadline=None)
@given(servers=small_count, rho=load, service=time_h, unit=st.floats(1e-3, 1e3))
def test_waits_scale_with_the_unit_of_time(servers, rho, service, unit):
    rate = rho * servers / service
    for queue in (mmc, mdc):
        one, other = queue(servers, rate, service), queue(servers, rate / unit, service * unit)
        assert other.wait_h == pytest.approx(one.wait_h * unit, rel=1e-8, abs=1e-290)
        assert other.queue_length == pytest.approx(one.queue_length, rel=1e-8, abs=1e-290)


@settings(deadline=None)
@given(servers=small_count, low=load, high=load)
def test_waits_rise_with_utilization_and_fall_with_servers(servers, low, high):
    low, high = sorted((low, high))
    for queue in (mmc, mdc):
        below, above = queue(servers, low * servers, 1.0), queue(servers, high * servers, 1.0)
        assert below.wait_h <= above.wait_h * (1.0 + 1e-9)
        assert queue(servers + 1, high * servers, 1.0).wait_h <= above.wait_h * (1.0 + 1e-9)
    assert mdc(servers, high * servers, 1.0).wait_h <= mmc(servers, high * servers, 1.0).wait_h * (
        1.0 + 1e-9
    )


@settings(deadline=None)
@given(servers=small_count)
def test_a_rare_customer_does_not_wait(servers):
    for queue in (mmc, mdc):
        assert queue(servers, 0.0, 2.0).wait_h == 0.0
        assert queue(servers, 1e-9, 2.0).wait_h < 1e-8
    assert berth_wait_ratio(servers, 0.0) == 0.0
    assert berth_wait_ratio(1, 1e-9) == pytest.approx(0.75e-9, rel=1e-6)


@settings(deadline=None)
@given(servers=small_count, rho=load, probability=st.floats(0.01, 0.999))
def test_wait_quantile_is_where_the_tail_is(servers, rho, probability):
    wait = mmc_wait_quantile_h(probability, servers, rho * servers, 1.0)
    tail = erlang_c(servers, rho * servers) * math.exp(-wait * servers * (1.0 - rho))
    if wait > 0.0:
        assert tail == pytest.approx(1.0 - probability, rel=1e-9)
    else:
        assert tail <= 1.0 - probability
    assert mmc_sojourn_quantile_h(probability, servers, rho * servers, 1.0) >= wait


def test_sojourn_quantile_agrees_with_drawn_times():
    rng = np.random.default_rng(3)
    servers, rate, size = 4, 3.2, 400_000
    queue = mmc(servers, rate, 1.0)
    waits = rng.random(size) < queue.wait_probability
    times = waits * rng.exponential(1.0 / (servers - rate), size) + rng.exponential(1.0, size)
    for probability in (0.1, 0.5, 0.95):
        below = np.mean(times <= mmc_sojourn_quantile_h(probability, servers, rate, 1.0))
        spread = math.sqrt(probability * (1.0 - probability) / size)
        assert abs(below - probability) < 4.0 * spread


def test_sojourn_quantile_where_wait_and_service_are_equally_fast():
    # c - a = 1: the general formula divides 0 by 0 there.
    near = mmc_sojourn_quantile_h(0.9, 2, 1.0 + 1e-9, 1.0)
    assert mmc_sojourn_quantile_h(0.9, 2, 1.0, 1.0) == pytest.approx(near, rel=1e-7)


@given(size=st.integers(1, 3_000), ratio=st.floats(0.01, 100.0))
@settings(max_examples=30, deadline=None)
def test_long_chains_neither_overflow_nor_lose_probability(size, ratio):
    chance = birth_death(np.full(size, ratio), np.ones(size))
    assert np.all(np.isfinite(chance))
    assert chance.sum() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("places", [1, 2, 5, 50, 300])
@pytest.mark.parametrize("rho", [0.7, 0.9, 0.97])
def test_spitzer_and_the_zeros_agree_on_what_is_left_behind(places, rho):
    from karvan.simulation.formulas_general import _by_spitzer, _by_zeros

    decay = places * (rho - 1.0 - math.log(rho))
    terms = math.ceil(40.0 / decay) + 1
    expected = _by_spitzer(places, rho * places, terms)
    # The zeros lose what cancels between numbers of the size of `places`.
    assert _by_zeros(places, rho * places) == pytest.approx(expected, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("rho", [0.99, 0.999, 0.99999])
def test_a_queue_that_is_almost_full_is_still_right(rho):
    assert mdc(1, rho, 1.0).wait_h == pytest.approx(mg1(rho, 1.0, 0.0).wait_h, rel=1e-9)
    found = gm1(erlang_gaps(rho, 1), rho, 1.0).wait_h
    assert found == pytest.approx(mm1(rho, 1.0).wait_h, rel=1e-6)


# Bad input


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (mm1, (1.0, 1.0), ["arrivals_per_h", "utilization of 1", "no mean"]),
        (mm1, (2.0, 1.0), ["arrivals_per_h", "the queue grows by 1 per h"]),
        (mm1, (math.nan, 1.0), ["arrivals_per_h", "found nan"]),
        (mm1, (-0.1, 1.0), ["arrivals_per_h", "at least 0"]),
        (mm1, ("0.5", 1.0), ["arrivals_per_h", "'0.5'"]),
        (mm1, (0.5, 0.0), ["service_h", "above 0"]),
        (mm1, (0.5, math.inf), ["service_h", "found inf"]),
        (mm1, (True, 1.0), ["arrivals_per_h", "True"]),
        (mm1, (10**400, 1.0), ["arrivals_per_h"]),
        (mmc, (0, 0.5, 1.0), ["servers", "a whole number from 1"]),
        (mmc, (2.5, 0.5, 1.0), ["servers", "2.5"]),
        (mmc, (10**12, 0.5, 1.0), ["servers", "1,000,000"]),
        (mmc, (math.nan, 0.5, 1.0), ["servers", "nan"]),
        (mmc, (2, 3.0, 1.0), ["a utilization of 1.5", "add servers"]),
        (mmc_wait_quantile_h, (1.0, 2, 1.0, 1.0), ["probability", "below 1"]),
        (mmc_sojourn_quantile_h, (0.0, 2, 1.0, 1.0), ["probability", "above 0"]),
        (erlang_b, (-1, 1.0), ["servers"]),
        (erlang_c, (2, 2.0), ["utilization of 1"]),
        (mmck, (3, 2, 1.0, 1.0), ["places", "at least the 3 server(s)"]),
        (mg1, (0.5, 1.0, -1.0), ["service_variation"]),
        (mdc, (2, 2.0, 1.0), ["utilization of 1"]),
        (gm1, (constant_gaps(1.0), 1.0, 1.0), ["utilization of 1"]),
        (erlang_gaps, (1.0, 0), ["order"]),
        (priority_mg1, ([0.5, 0.5], [1, 1], [1, 1]), ["a utilization of 1 by all classes"]),
        (priority_mg1, ([0.1], [1, 1], [1]), ["2 class(es)"]),
        (priority_mg1, ([], [], []), ["0 value(s)"]),
        (timetable_departures, (50.0, 50), ["fewer than the places"]),
        (bulk_service, (3.0, 1.0, 3), ["full batch"]),
        (batch_arrivals, (0.1, 10, 1.0), ["utilization of 1"]),
        (mm1_with_closures, (0.8, 1.0, 20.0, 5.0), ["utilization of 1"]),
        (mm1_with_closures, (0.5, 1.0, 0.0, 5.0), ["open_h"]),
        (fill_up_departures, (1.0, 0), ["places"]),
        (fill_up_departures, (1.0, 5, -1.0), ["longest_h"]),
        (tandem_with_blocking, (0.7, 1.0, 1.0, 0), ["below 0.666667"]),
        (tandem_throughput_per_h, (1.0, 1.0, -1), ["buffer"]),
        (berth_wait_ratio, (0, 0.5), ["berths"]),
        (berth_wait_ratio, (10**9, 0.5), ["berths", "10,000"]),
        (berth_wait_ratio, (3, 1.0), ["utilization", "below 1"]),
        (berth_wait_ratio, (500, 0.5), ["or 501 states", "simulate"]),
        (machine_repair, (0, 1, 0.1, 1.0), ["machines"]),
        (mm1_transient, (0.8, 1.0, 1e9), ["use mm1 for the steady state"]),
    ],
)
def test_what_a_formula_cannot_answer_is_named(function, arguments, words):
    with pytest.raises(FormulaError) as caught:
        function(*arguments)
    assert [word for word in words if word not in str(caught.value)] == []


def test_all_faults_are_told_at_once():
    with pytest.raises(FormulaError) as caught:
        mmc(0, math.nan, -1.0)
    assert len(caught.value.problems) == 3
    assert "3 problem(s) in the numbers for mmc" in str(caught.value)


def test_a_fault_is_not_followed_by_a_judgement_of_its_stand_in():
    with pytest.raises(FormulaError) as caught:
        mmc("two", 1.0, 1.0)
    assert len(caught.value.problems) == 1
