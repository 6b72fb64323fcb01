"""Starting an assignment from an earlier one: what is kept, and that nothing shows it."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor_cases import BOXES_EAST, BOXES_WEST, LENGTHS, ROUTES, fork
from karvan.case import Case, read_case
from karvan.case.model import resolve
from karvan.case.settings import Change
from karvan.freight.corridor import CorridorAssignment, assign
from karvan.freight.earlier import changes, found_again, same_arcs
from karvan.freight.resources import Resource
from karvan.freight.rounds import Round, Rounds
from karvan.kernels.detours import Detours

NEAR_TEU, NEAR_USD = 2e-7, 2e-6
"""A start from nothing ends that far from the solution itself: see docs/performance.md."""


def check_same(again: CorridorAssignment, afresh: CorridorAssignment) -> None:
    """Paths, sets and prices are those of a start from nothing."""
    assert [f.id for f in again.flows] == [f.id for f in afresh.flows]
    paths = [
        [(p.flow, list(p.arcs), p.alternative, p.cost) for p in found.paths]
        for found in (again, afresh)
    ]
    assert paths[0] == paths[1]
    # A new link comes into the sums of others in another place.
    assert again.problem.log_size == pytest.approx(afresh.problem.log_size, rel=1e-12, abs=1e-14)
    one, other = again.equilibrium, afresh.equilibrium
    assert one.converged
    assert one.flow == pytest.approx(other.flow, rel=1e-9, abs=NEAR_TEU)
    assert one.price == pytest.approx(other.price, rel=1e-9, abs=NEAR_USD)
    assert again.path_gap == pytest.approx(afresh.path_gap, abs=1e-9)
    assert again.twins == afresh.twins


@st.composite
def forks(draw: st.DrawFn) -> Case:
    """The three railways with other lengths, capacities and demand, and perhaps a fourth one."""
    lengths = st.sampled_from([0.0, 0.0, 0.0, -41.3, 23.7, 88.9])
    trains = st.sampled_from(["", "", 0.05, 0.1, 0.3])
    links: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        for name in ("a" + route, route + "b"):
            length = LENGTHS[route] / 2.0 + draw(lengths)
            links[name] = {"length_km": length, "capacity_trains_per_day": draw(trains)}
    demand = draw(st.sampled_from([0.5, 1.0, 1.0, 2.0]))
    flows = [
        {"commodity_id": "containers", **row, "flow_teu_per_year": demand * teu}
        for row, teu in ((BOXES_WEST, 10000), (BOXES_EAST, 4000))
    ]
    ends = draw(st.sampled_from([None, ("a", "b"), ("x", "y"), ("far", "b"), ("a", "far")]))
    more = [] if ends is None else [_railway(*ends, draw(st.sampled_from([61.7, 152.3, 503.9])))]
    return fork(links=links, more_links=more, flows=flows)


def _railway(one: str, other: str, km: float) -> dict[str, Any]:
    ends = {"from_node": one, "to_node": other}
    # First by name and first in its table: arcs and states get other numbers.
    return {"id": "aaa", **ends, "gauge_mm": 1520, "length_km": km}


@given(forks(), forks())
@settings(max_examples=60)
def test_a_small_case_is_solved_from_any_other_as_from_nothing(before: Case, after: Case) -> None:
    check_same(assign(after, start=assign(before)), assign(after))


@given(forks(), forks(), forks())
@settings(max_examples=15)
def test_starts_may_follow_one_another(first: Case, second: Case, third: Case) -> None:
    again = assign(third, start=assign(second, start=assign(first)))
    check_same(again, assign(third))


def test_no_chain_of_earlier_assignments_is_held() -> None:
    first = assign(fork())
    finder = weakref.ref(first.finder)
    second = assign(fork(links={"ax": {"length_km": 149.0}}), start=first)
    del first
    gc.collect()
    assert finder() is None
    assert second.equilibrium.converged


@pytest.mark.parametrize("capacity_teu", [10, 30, 200])
@pytest.mark.parametrize("headway_h", [40, 84, 300])
def test_the_two_port_case_is_solved_again(capacity_teu: int, headway_h: int) -> None:
    ferry = {"table": "services", "action": "set", "status": "assumed", "where": {"id": "ferry"}}
    changed = resolve(
        read_case("two-port"),
        overrides=[
            Change(**ferry, column="capacity_teu", value=capacity_teu),
            Change(**ferry, column="headway_h", value=headway_h),
        ],
    )
    check_same(assign(changed, start=assign(read_case("two-port"))), assign(changed))


@pytest.fixture(scope="module")
def base_2024(middle_corridor: Case) -> CorridorAssignment:
    return assign(middle_corridor.with_scenario("base-2024"))


@pytest.mark.parametrize("seed", range(6))
def test_random_changes_of_the_shipped_case_are_solved_as_from_nothing(
    base_2024: CorridorAssignment, middle_corridor: Case, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    case = middle_corridor.with_scenario("base-2024")
    changes_made = []
    for table, column in (("links", "length_km"), ("links", "capacity_trains_per_day")):
        rows = case.table(table).drop_nulls(column)
        for number in draw.choice(rows.height, size=1 + seed // 2, replace=False):
            row = rows.row(int(number), named=True)
            value = float(row[column] * draw.choice([0.5, 0.9, 1.2, 2.0]))
            where = {
                "table": table,
                "action": "set",
                "status": "assumed",
                "where": {"id": row["id"]},
            }
            changes_made.append(Change(**where, column=column, value=value))
    changed = resolve(middle_corridor, scenario="base-2024", overrides=changes_made)
    check_same(assign(changed, start=base_2024), assign(changed))


def test_arcs_are_found_again_by_what_they_are_and_not_by_number() -> None:
    before, after = assign(fork()), assign(fork(more_links=[_railway("a", "b", 150.0)]))
    became = same_arcs(*((one.network, one.finder.moves) for one in (before, after)))
    assert (became >= 0).all()
    assert len(set(became)) == len(became) < len(after.network.arcs)
    for old, new in enumerate(became):
        one, other = before.network.arcs[old], after.network.arcs[int(new)]
        assert one.kind == other.kind
        assert (one.link and one.link["id"]) == (other.link and other.link["id"])
    assert not np.array_equal(became, np.arange(len(became)))


def test_a_link_of_another_length_is_another_one() -> None:
    before, after = assign(fork()), assign(fork(links={"ax": {"length_km": 149.0}}))
    became = same_arcs(*((one.network, one.finder.moves) for one in (before, after)))
    gone = {before.network.arcs[old].link["id"] for old in np.flatnonzero(became < 0)}
    assert gone == {"ax"}


def test_arcs_that_cost_more_less_or_as_much_are_told_apart() -> None:
    became = np.array([1, -1, 2, 0])
    before, now = np.array([5.0, 1.0, 3.0, np.inf]), np.array([7.0, 5.0, 4.0, 9.0])
    found = changes(became, before, now)
    assert list(found.cheaper) == [0, 3]  # could not be used before, and is new
    assert list(found.dearer) == [False, True, True, False]
    assert not found.none
    assert changes(np.arange(4), before, before).none


def test_paths_are_found_again_up_to_the_first_that_a_change_may_move() -> None:
    found = Detours(
        np.array([0, 1, 0, 2, 0, 3]),
        np.array([0, 1, 2, 3, 4, 5, 6]),
        np.array([10.0, 12.0, 14.0, 20.0, 21.0, 22.0]),
        np.array([0, 0, 0, 1, 1, 1]),
    )
    open_, shut = np.zeros((2, 1), np.bool_), np.array([[False], [True]])
    none = np.zeros(4, np.bool_)
    # A way over the cheaper arc costs 13: it may be the third of the first closing.
    through = np.full((2, 1), 13.0)
    assert list(found_again(found, shut, through, none)) == [True, True, False, True, True, True]
    assert list(found_again(found, open_, through, none)) == [True, True, *[False] * 4]
    # An arc that became dearer stands on the second path of the second closing.
    dearer = np.array([False, False, False, False])
    dearer[2] = True
    assert list(found_again(found, shut, through, dearer))[3:] == [False] * 3
    nothing = np.zeros((2, 0))
    assert found_again(found, np.zeros((2, 0), np.bool_), nothing, none).all()


def resource(name: str) -> Resource:
    return Resource("link", name, "a", "b", "trains", 1.0)


def test_prices_move_from_round_to_round_as_they_did_before() -> None:
    before, now = [resource(n) for n in "pqr"], [resource(n) for n in "rxp"]
    earlier = [Round(np.array([4.0, 9.0, 1.0]), {}), Round(np.array([5.0, 9.0, 0.0]), {})]
    rounds = Rounds(earlier, before, now)
    assert list(rounds.guess(0, np.zeros(3), {})) == [1.0, 0.0, 4.0]
    # From 4 to 5 for p, from 1 to 0 for r; no price is below zero; x was not there.
    assert list(rounds.guess(1, np.array([0.5, 2.0, 7.0]), {})) == [0.0, 2.0, 8.0]
    assert list(rounds.guess(2, np.array([0.5, 2.0, 7.0]), {})) == [0.5, 2.0, 7.0]


def test_a_price_that_twins_shared_is_not_taken_over_when_they_are_none() -> None:
    names = [resource(n) for n in "pqr"]
    rounds = Rounds([Round(np.array([80.0, 0.0, 3.0]), {0: (1,)})], names, names)
    assert list(rounds.guess(0, np.zeros(3), {0: (1,)})) == [80.0, 0.0, 3.0]
    assert list(rounds.guess(0, np.zeros(3), {})) == [0.0, 0.0, 3.0]
    assert list(rounds.guess(0, np.zeros(3), {0: (1, 2)})) == [0.0, 0.0, 0.0]
