from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from karvan.errors import AssignmentError
from karvan.freight.delay import Delay, delays
from karvan.kernels.bush import CONCAVE, CONSTANT, LINEAR, QUARTIC, QUEUE_LIMIT
from karvan.kernels.bush import _delay as compiled_time
from karvan.kernels.bush import _slope as compiled_slope

BASE, FACTOR, CAPACITY = 3.0, 1.7, 250.0

FUNCTIONS = [
    ("constant", 1.0),
    ("linear", 1.0),
    ("bpr", 0.0),
    ("bpr", 0.3),
    ("bpr", 1.0),
    ("bpr", 2.5),
    ("bpr", 4.0),
    ("conical", 1.5),
    ("conical", 8.0),
    ("queue", 1.0),
    ("queue", 2.0),
    ("queue", 7.0),
]
EVERY = pytest.mark.parametrize(("name", "shape"), FUNCTIONS)
SMOOTH = pytest.mark.parametrize(("name", "shape"), [f for f in FUNCTIONS if f != ("bpr", 0.3)])

# Central differences of step h err by h² f''' / 6 and by rounding over h, all of them by less.
DIFFERENCE_TOLERANCE = 2e-6

ROUNDING = 1e-13


def one(name, shape):
    return delays(name, base=BASE, factor=FACTOR, capacity=CAPACITY, shape=shape)


def time_at(delay, ratio):
    return delay.time([ratio * CAPACITY])[0]


def arguments(delay):
    inverse = 1.0 / delay.capacity[0]
    return int(delay.kind[0]), delay.base[0], delay.factor[0], inverse, delay.shape[0]


# What is printed


def test_bpr_of_the_1964_manual_at_capacity_is_fifteen_per_cent_slower():
    delay = delays("bpr", base=10.0, factor=0.15 * 10.0, capacity=2_000.0, shape=4.0)
    assert delay.time([2_000.0])[0] == pytest.approx(11.5, rel=ROUNDING)
    assert delay.time([4_000.0])[0] == pytest.approx(10.0 + 1.5 * 16.0, rel=ROUNDING)


@pytest.mark.published
@pytest.mark.parametrize("alpha", [1.1, 2.0, 4.0, 10.0])
def test_spiess_1990_conical_doubles_the_time_at_capacity(alpha):
    delay = delays("conical", base=1.0, factor=1.0, capacity=1.0, shape=alpha).plus(-1.0)
    # f(0) = 1 and f(1) = 2 (conditions 2 of the paper), f'(1) = alpha (condition 3).
    assert delay.time([0.0])[0] == pytest.approx(1.0, rel=1e-12)
    assert delay.time([1.0])[0] == pytest.approx(2.0, rel=1e-12)
    assert delay.slope([1.0])[0] == pytest.approx(alpha, rel=1e-12)


@pytest.mark.parametrize("rho", [0.1, 0.5, 0.9])
def test_queue_with_one_server_is_the_wait_of_m_m_1(rho):
    delay = delays("queue", base=0.0, factor=2.0, capacity=5.0, shape=1.0)
    assert delay.time([5.0 * rho])[0] == pytest.approx(2.0 * rho / (1.0 - rho), rel=ROUNDING)


def test_queue_with_three_servers_is_near_erlang_c():
    servers, rho = 3, 0.8
    load = servers * rho
    tail = load**servers / 6.0 / (1.0 - rho)
    busy = tail / (1.0 + load + load**2 / 2.0 + tail)
    erlang = busy / (servers * (1.0 - rho))
    delay = delays("queue", base=0.0, factor=1.0, capacity=1.0, shape=servers)
    # Sakasegawa's formula is an approximation, exact for one server only.
    assert delay.time([rho])[0] == pytest.approx(erlang, rel=0.05)


# Slope and integral


@EVERY
@pytest.mark.parametrize("ratio", [0.05, 0.4, 0.9, 1.3, 4.0])
def test_slope_is_the_derivative(name, shape, ratio):
    delay = one(name, shape)
    step = 1e-4 * ratio
    rise = time_at(delay, ratio + step) - time_at(delay, ratio - step)
    expected = rise / (2.0 * step * CAPACITY)
    found = delay.slope([ratio * CAPACITY])[0]
    assert found == pytest.approx(expected, rel=DIFFERENCE_TOLERANCE, abs=1e-12)


@SMOOTH
def test_slope_is_the_derivative_also_at_zero_flow(name, shape):
    delay = one(name, shape)
    step = 1e-8
    expected = (time_at(delay, step) - time_at(delay, 0.0)) / (step * CAPACITY)
    # One-sided: rounding leaves 1e-16 / 1e-8, a queue of two servers bends by step ** 0.45.
    assert delay.slope([0.0])[0] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_slope_of_a_power_below_one_is_infinite_at_zero_flow_and_finite_above():
    delay = one("bpr", 0.3)
    assert delay.slope([0.0])[0] == np.inf
    assert np.isfinite(delay.slope([1e-9])[0])


@EVERY
@pytest.mark.parametrize("ratio", [0.0, 1e-3, 0.3, 0.9, QUEUE_LIMIT, 1.5, 6.0])
def test_integral_is_the_area_under_the_time(name, shape, ratio):
    delay = one(name, shape)
    kinks = [k for k in (QUEUE_LIMIT,) if 0.0 < k < ratio]
    area, _ = quad(
        lambda r: time_at(delay, r) - BASE,
        0.0,
        ratio,
        points=kinks or None,
        limit=200,
        epsrel=1e-12,
    )
    expected = CAPACITY * (area + BASE * ratio)
    assert delay.integral([ratio * CAPACITY])[0] == pytest.approx(expected, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("servers", [1.0, 1.7, 2.0, 3.0, 30.0])
@pytest.mark.parametrize("ratio", [1e-3, 0.1, 0.5, 0.9, QUEUE_LIMIT])
def test_integral_of_a_queue_is_its_series(servers, ratio):
    delay = delays("queue", base=0.0, factor=1.0, capacity=1.0, shape=servers)
    power = np.sqrt(2.0 * (servers + 1.0)) - 1.0
    # 1 / (1 - r) is the geometric series; 4,000 terms leave 0.98 ** 4000 = 1e-35.
    term = power + 1.0 + np.arange(4_000)
    expected = np.sum(ratio**term / term) / servers
    assert delay.integral([ratio])[0] == pytest.approx(expected, rel=1e-12)


def conical(ratio, alpha):
    """Spiess' function with its small differences taken apart, accurate to the last digits."""
    beta, left = (2.0 * alpha - 1.0) / (2.0 * alpha - 2.0), alpha * (1.0 - ratio)
    return 2.0 - left + left**2 / (np.hypot(left, beta) + beta)


@given(alpha=st.floats(1.0001, 200.0), ratio=st.floats(1e-12, 5.0))
@settings(deadline=None)
def test_integral_of_a_conical_function_keeps_its_digits_at_any_flow(alpha, ratio):
    point, weight = np.polynomial.legendre.leggauss(40)
    # Panels that narrow towards the bend at capacity, of width beta / alpha.
    inner = 1.0 + np.linspace(-40.0, 40.0, 81) / alpha
    bounds = np.unique([0.0, ratio, *inner[(inner > 0.0) & (inner < ratio)]])
    half = 0.5 * np.diff(bounds)[:, None]
    at = bounds[:-1, None] + half * (point + 1.0)
    expected = float((half * weight * conical(at, alpha)).sum())
    delay = delays("conical", base=0.0, factor=1.0, capacity=1.0, shape=alpha)
    # A sum of terms as large as beta, which grows as alpha comes near 1, or alpha.
    size = max((2.0 * alpha - 1.0) / (2.0 * alpha - 2.0), alpha)
    assert delay.integral([ratio])[0] == pytest.approx(expected, rel=20.0 * size * 2.3e-16)


# Compiled twins


@EVERY
@given(ratio=st.floats(0.0, 5.0))
@settings(deadline=None)
def test_compiled_time_is_that_of_numpy(name, shape, ratio):
    delay = one(name, shape)
    flow = ratio * CAPACITY
    assert compiled_time(*arguments(delay), flow) == pytest.approx(
        delay.time([flow])[0], rel=ROUNDING
    )


@SMOOTH
@given(ratio=st.floats(0.0, 5.0))
@settings(deadline=None)
def test_compiled_slope_is_that_of_numpy(name, shape, ratio):
    delay = one(name, shape)
    flow = ratio * CAPACITY
    expected = delay.slope([flow])[0]
    # Conical: 1 - left / root loses digits where the curve is almost flat.
    assert compiled_slope(*arguments(delay), flow) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_compiled_slope_of_a_power_below_one_tells_newton_to_keep_off():
    assert compiled_slope(*arguments(one("bpr", 0.3)), 100.0) == np.inf


@pytest.mark.parametrize("servers", [1.0, 3.0, 20.0])
def test_queue_goes_on_smoothly_beyond_its_limit(servers):
    delay = one("queue", servers)
    below, above = (QUEUE_LIMIT * (1.0 - 1e-12), QUEUE_LIMIT * (1.0 + 1e-12))
    assert time_at(delay, above) == pytest.approx(time_at(delay, below), rel=1e-9)
    slope = delay.slope([above * CAPACITY])[0]
    assert slope == pytest.approx(delay.slope([below * CAPACITY])[0], rel=1e-9)
    assert delay.slope([3.0 * CAPACITY])[0] == slope
    line = time_at(delay, QUEUE_LIMIT) + slope * (3.0 - QUEUE_LIMIT) * CAPACITY
    assert time_at(delay, 3.0) == pytest.approx(line, rel=1e-9)


@EVERY
@given(a=st.floats(0.0, 3.0), b=st.floats(0.0, 3.0))
@settings(deadline=None)
def test_time_never_falls_with_flow(name, shape, a, b):
    delay = one(name, shape)
    low, high = sorted((a, b))
    assert time_at(delay, low) <= time_at(delay, high) * (1.0 + ROUNDING)


# Kinds


def test_powers_take_the_quickest_kind():
    powers = [0.0, 0.5, 1.0, 4.0]
    delay = delays("bpr", base=1.0, factor=2.0, capacity=10.0, shape=powers)
    assert delay.kind.tolist() == [CONSTANT, CONCAVE, LINEAR, QUARTIC]
    # A power of 0 makes r ** 0 = 1 also at zero flow.
    assert delay.time(np.zeros(4)).tolist() == [3.0, 1.0, 1.0, 1.0]


def test_links_of_different_kinds_stand_side_by_side():
    names = ["queue", "constant", "bpr", "linear", "conical"]
    shapes = [2.0, 1.0, 3.0, 1.0, 4.0]
    together = delays(names, base=1.0, factor=2.0, capacity=10.0, shape=shapes)
    flow = np.array([3.0, 40.0, 12.0, 5.0, 8.0])
    for quantity in ("time", "slope", "integral"):
        alone = [
            getattr(delays(n, base=1.0, factor=2.0, capacity=10.0, shape=s), quantity)([f])[0]
            for n, s, f in zip(names, shapes, flow, strict=True)
        ]
        assert getattr(together, quantity)(flow).tolist() == alone


def test_a_cost_added_moves_time_and_integral_but_not_slope():
    delay, flow = one("bpr", 4.0), [300.0]
    dearer = delay.plus(5.0)
    assert dearer.time(flow)[0] == delay.time(flow)[0] + 5.0
    assert dearer.slope(flow)[0] == delay.slope(flow)[0]
    assert dearer.integral(flow)[0] == pytest.approx(delay.integral(flow)[0] + 1_500.0)


@pytest.mark.parametrize("capacity", [0.0, np.nan, np.inf])
def test_the_capacity_of_a_constant_link_is_not_looked_at(capacity):
    delay = delays(["constant", "bpr"], base=2.0, factor=[7.0, 0.0], capacity=capacity, shape=4.0)
    assert delay.time([9.0, 9.0]).tolist() == [2.0, 2.0]
    assert delay.slope([9.0, 9.0]).tolist() == [0.0, 0.0]
    assert delay.integral([9.0, 9.0]).tolist() == [18.0, 18.0]
    assert np.isfinite(delay.capacity).all()


# Faults

FAULTS = [
    ({"base": -1.0}, "link 0: base is -1, expected a finite number >= 0"),
    ({"base": np.nan}, "link 0: base is nan, expected a finite number >= 0"),
    ({"factor": -0.5}, "link 0: factor is -0.5, expected a finite number >= 0"),
    ({"factor": np.inf}, "link 0: factor is inf, expected a finite number >= 0"),
    ({"capacity": 0.0}, "link 0: capacity is 0, expected a finite number > 0"),
    ({"capacity": -3.0}, "link 0: capacity is -3, expected a finite number > 0"),
    ({"capacity": np.nan}, "link 0: capacity is nan, expected a finite number > 0"),
    ({"shape": -1.0}, "link 0: shape is -1, expected a power >= 0"),
    ({"name": "conical", "shape": 1.0}, "link 0: shape is 1, expected alpha > 1"),
    ({"name": "queue", "shape": 0.5}, "link 0: shape is 0.5, expected servers >= 1"),
    ({"name": "pbr"}, "volume-delay function 'pbr' is not known: expected one of constant, linear"),
    ({"name": ["bpr", "bpr"]}, "2 names of functions for 1 links: expected one a link"),
]


@pytest.mark.parametrize(("change", "message"), FAULTS)
def test_faults_are_named(change, message):
    sound = {"name": "bpr", "base": 1.0, "factor": 0.15, "capacity": 100.0, "shape": 4.0}
    delays(**sound)
    with pytest.raises(AssignmentError) as raised:
        delays(**(sound | change))
    assert [p for p in raised.value.problems if p.startswith(message)]


def test_all_faults_are_listed_and_an_unknown_name_has_a_suggestion():
    with pytest.raises(AssignmentError) as raised:
        delays("bpr", base=[1.0, -1.0, 2.0], capacity=[1.0, 1.0, -7.0], factor=1.0)
    assert [p.split(",")[0] for p in raised.value.problems] == [
        "link 1: base is -1",
        "link 2: capacity is -7",
    ]
    with pytest.raises(AssignmentError, match="did you mean 'conical'"):
        delays("conic", base=1.0)


def test_arrays_of_different_length_are_refused():
    with pytest.raises(AssignmentError, match="base 2, factor 1, capacity 3, shape 1"):
        delays("bpr", base=[1.0, 2.0], factor=1.0, capacity=[1.0, 2.0, 3.0])


def test_functions_made_directly_or_by_replace_are_checked_as_those_made_by_name():
    delay = delays("bpr", base=[1.0, 2.0], factor=0.15, capacity=10.0, shape=4.0)
    for change, message in (
        (
            {"capacity": np.array([10.0, 0.0])},
            "link 1: capacity is 0, expected a finite number > 0",
        ),
        ({"capacity": [-1.0, 1.0]}, "link 0: capacity is -1, expected a finite number > 0"),
        # Its inverse is infinite.
        ({"capacity": [1e-310, 1.0]}, "link 0: capacity is 1e-310, expected a finite number > 0"),
        ({"base": [np.nan, 1.0]}, "link 0: base is nan, expected a finite number >= 0"),
        ({"factor": [np.inf, 1.0]}, "link 0: factor is inf, expected a finite number >= 0"),
        ({"shape": [1.0, -1.0]}, "link 1: shape is -1, expected a power >= 0"),
        ({"kind": [0, 9]}, "link 1: kind is 9, expected one of karvan.kernels.bush"),
        ({"base": [1.0]}, "values: kind 2, base 1, factor 2, capacity 2, shape 2; expected one"),
    ):
        with pytest.raises(AssignmentError) as raised:
            replace(delay, **change)
        assert [p for p in raised.value.problems if p.startswith(message)], raised.value.problems


def test_another_power_is_another_kind():
    delay = delays("bpr", base=1.0, factor=1.0, capacity=1.0, shape=4.0)
    assert replace(delay, shape=[2.0]).time([3.0])[0] == 10.0
    assert replace(delay, shape=[0.5]).kind.tolist() == [CONCAVE]


def test_functions_do_not_change_after_they_were_checked():
    base = np.array([1.0, 2.0])
    delay = Delay([LINEAR, LINEAR], base, [1.0, 1.0], [1.0, 1.0], [1.0, 1.0])
    base[0] = -5.0
    assert delay.time([0.0, 0.0]).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        delay.base[0] = -5.0


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        (-5.0, "link 0: base is -4, expected a finite number >= 0"),
        (np.nan, "link 0: base is nan, expected a finite number >= 0"),
        ([0.0, np.inf], "link 1: base is inf, expected a finite number >= 0"),
        ([1.0, 2.0, 3.0], "cost has 3 values, expected one, or one for each of 2 links"),
        ("dear", "cost: found 'dear', expected a number, or a list of numbers"),
        ([[1.0, 2.0]], "cost: found a table of 1 x 2, expected a number, or a list of numbers"),
    ],
)
def test_a_cost_that_cannot_be_added_is_named(cost, message):
    delay = delays("constant", base=[1.0, 1.0])
    with pytest.raises(AssignmentError) as raised:
        delay.plus(cost)
    assert raised.value.problems[0] == message


@pytest.mark.parametrize("quantity", ["time", "slope", "integral"])
def test_flows_of_another_number_than_links_are_refused(quantity):
    function = getattr(delays("linear", base=[1.0, 2.0], factor=1.0), quantity)
    assert function(3.0).tolist() == function([3.0, 3.0]).tolist()
    for flow in ([1.0, 2.0, 3.0], [], "much"):
        with pytest.raises(AssignmentError, match="flow"):
            function(flow)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"name": None},
            "volume-delay function 'None' is not known: expected a name, or one a link",
        ),
        ({"name": 3}, "volume-delay function 3 is not known: expected a name, or one a link"),
        ({"name": [None]}, "volume-delay function 'None' is not known: expected one of"),
        ({"base": "slow"}, "base: found 'slow', expected a number, or a list of numbers"),
        ({"base": None}, "base: found 'None', expected a number, or a list of numbers"),
        ({"base": [[1.0], [1.0, 2.0]]}, "base: found lists of different length, expected"),
        ({"factor": ["1"]}, "factor: found '1', expected a number, or a list of numbers"),
        ({"factor": 1j}, "factor: found '1j', expected a number, or a list of numbers"),
        ({"capacity": 10**400}, "capacity: found a number above 1e308, expected a number"),
        ({"capacity": np.ones((2, 2))}, "capacity: found a table of 2 x 2, expected a number"),
    ],
)
def test_what_is_no_number_or_name_is_refused_by_name(arguments, message):
    with pytest.raises(AssignmentError) as raised:
        delays(**({"name": "bpr", "base": 1.0} | arguments))
    assert raised.value.problems[0].startswith(message)
