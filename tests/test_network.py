import datetime as dt

import numpy as np
import pytest

from karvan.errors import PlaceError
from karvan.network import compile_network, great_circle_km, resolve_place, skims
from karvan.network.calls import node_weights
from karvan.network.model import TIME, ArcKind, StateKind
from karvan.network.opening import is_open
from karvan.network.places import place_key, suggest_places
from network_tables import BASIC_TRANSFERS, tables

DATE = dt.date(2024, 12, 31)
RAIL = {"mode": "rail", "gauge_mm": 1520}
MEAN_DWELL_H = (1 + 4 * 2 + 9) / 6


def link(a, b, **more):
    return {"id": f"{a}-{b}", "from_node": a, "to_node": b, **RAIL, **more}


def times(built):
    """Expected hours by the pair of nodes, from the skims."""
    found = skims(built)
    return {
        (o, d): found.time_h[i, j]
        for i, o in enumerate(found.origins)
        for j, d in enumerate(found.node_ids)
    }


def test_one_link_takes_loading_half_a_headway_running_and_unloading():
    built = compile_network(tables(nodes=["a", "b"], links=[link("a", "b")]), DATE, 10)
    expected = MEAN_DWELL_H + 24 / 2 + 100 / 50 + MEAN_DWELL_H
    assert times(built)["a", "b"] == pytest.approx(expected)
    assert times(built)["b", "a"] == pytest.approx(expected)


def test_emissions_are_factor_times_payload_times_km():
    built = compile_network(tables(nodes=["a", "b"], links=[link("a", "b")]), DATE, 10)
    found = skims(built)
    assert found.co2e_kg_per_teu[0, 1] == pytest.approx(100 * 20 * 10 / 1000)
    assert found.cost_usd_per_teu[0, 1] == pytest.approx(100 + 10 + 10)


def test_trains_in_general_are_slower_and_dearer_than_a_block_train():
    rates = [
        {"id": "rail", "mode": "rail", "headway_h": 24, "general_time_factor": 2,
         "general_cost_factor": 1.5},
    ]  # fmt: skip
    block = {"id": "block", "mode": "rail", "route": "a;b", "headway_h": 24}
    one = {"nodes": ["a", "b"], "links": [link("a", "b")], "rates": rates}
    general = compile_network(tables(**one), DATE, 10)
    both = compile_network(tables(**one, services=[block]), DATE, 10)
    assert times(general)["a", "b"] - times(both)["a", "b"] == pytest.approx(100 / 50)
    assert skims(general).cost_usd_per_teu[0, 1] == pytest.approx(150 + 20)
    assert skims(both, objective="cost").cost_usd_per_teu[0, 1] == pytest.approx(100 + 20)


def test_one_way_link_cannot_be_used_backwards():
    built = compile_network(
        tables(nodes=["a", "b"], links=[link("a", "b", both_directions="no")]), DATE, 10
    )
    assert np.isfinite(times(built)["a", "b"])
    assert np.isinf(times(built)["b", "a"])


def test_parallel_links_give_the_better_one():
    links = [link("a", "b"), {**link("a", "b"), "id": "short", "length_km": 50}]
    built = compile_network(tables(nodes=["a", "b"], links=links), DATE, 10)
    assert times(built)["a", "b"] == pytest.approx(2 * MEAN_DWELL_H + 12 + 1)


def test_gauge_break_needs_a_transfer():
    links = [link("a", "b"), {**link("b", "c"), "gauge_mm": 1435}]
    without = compile_network(tables(nodes=["a", "b", "c"], links=links), DATE, 10)
    assert np.isinf(times(without)["a", "c"])
    change = {"id": "bogies", "kind": "gauge_change", "node": "b", "from_mode": "rail",
              "to_mode": "rail", "from_gauge_mm": 1520, "to_gauge_mm": 1435}  # fmt: skip
    rows = (*BASIC_TRANSFERS, change)
    built = compile_network(tables(nodes=["a", "b", "c"], links=links, transfers=rows), DATE, 10)
    expected = 3 * MEAN_DWELL_H + 2 * 12 + 2 * 2
    assert times(built)["a", "c"] == pytest.approx(expected)
    assert times(built)["c", "a"] == pytest.approx(expected)


def test_gauge_change_one_way_only_where_the_row_says_so():
    links = [link("a", "b"), {**link("b", "c"), "gauge_mm": 1435}]
    change = {"id": "g", "kind": "gauge_change", "node": "b", "from_gauge_mm": 1520,
              "to_gauge_mm": 1435, "both_directions": "no"}  # fmt: skip
    built = compile_network(
        tables(nodes=["a", "b", "c"], links=links, transfers=(*BASIC_TRANSFERS, change)), DATE, 10
    )
    assert np.isfinite(times(built)["a", "c"])
    assert np.isinf(times(built)["c", "a"])


def test_border_is_counted_once_on_each_crossing():
    nodes = [{"id": "a"}, {"id": "b", "country": "BB"}]
    border = {"id": "border", "kind": "border", "node": "b", "other_country": "AA"}
    one = {"nodes": nodes, "links": [link("a", "b")]}
    free = compile_network(tables(**one), DATE, 10)
    built = compile_network(tables(**one, transfers=(*BASIC_TRANSFERS, border)), DATE, 10)
    for pair in (("a", "b"), ("b", "a")):
        assert times(built)[pair] - times(free)[pair] == pytest.approx(MEAN_DWELL_H)


def test_own_row_of_a_node_beats_the_default_row():
    own = {"id": "own", "kind": "origin", "node": "a", "dwell_min_h": 0, "dwell_typical_h": 0,
           "dwell_max_h": 0}  # fmt: skip
    built = compile_network(
        tables(nodes=["a", "b"], links=[link("a", "b")], transfers=(*BASIC_TRANSFERS, own)),
        DATE,
        10,
    )
    assert times(built)["a", "b"] == pytest.approx(MEAN_DWELL_H + 12 + 2)


def test_ships_sail_only_where_a_service_says_so():
    sea = {"id": "sea", "from_node": "a", "to_node": "b", "mode": "sea", "rate_id": "sea"}
    none = compile_network(tables(nodes=["a", "b"], links=[sea]), DATE, 10)
    assert np.isinf(times(none)["a", "b"])
    service = {"id": "ship", "route": "a;b", "headway_h": 48}
    built = compile_network(tables(nodes=["a", "b"], links=[sea], services=[service]), DATE, 10)
    assert times(built)["a", "b"] == pytest.approx(2 * MEAN_DWELL_H + 24 + 4)


def test_train_service_is_boarded_at_its_ends_only_and_a_ship_at_every_port():
    links = [link("a", "b"), link("b", "c")]
    rates = [{"id": "rail", "mode": "rail"}, {"id": "sea", "mode": "sea"}]
    train = {"id": "block", "mode": "rail", "route": "a;b;c", "headway_h": 24}
    built = compile_network(
        tables(nodes=["a", "b", "c"], links=links, services=[train], rates=rates), DATE, 10
    )
    assert np.isfinite(times(built)["a", "c"])
    assert np.isinf(times(built)["a", "b"])
    stops = {**train, "stops": "a;b"}
    built = compile_network(
        tables(nodes=["a", "b", "c"], links=links, services=[stops], rates=rates), DATE, 10
    )
    assert np.isfinite(times(built)["a", "b"])
    assert np.isinf(times(built)["a", "c"])


def test_service_travel_time_and_freight_are_shared_by_length():
    links = [
        {"id": "1", "from_node": "a", "to_node": "b", "mode": "sea", "rate_id": "sea"},
        {"id": "2", "from_node": "b", "to_node": "c", "mode": "sea", "rate_id": "sea",
         "length_km": 300},
    ]  # fmt: skip
    ship = {"id": "ship", "route": "a;b;c", "headway_h": 48, "travel_h": 40,
            "cost_usd_per_teu": 400}  # fmt: skip
    built = compile_network(tables(nodes=["a", "b", "c"], links=links, services=[ship]), DATE, 10)
    assert times(built)["a", "b"] == pytest.approx(2 * MEAN_DWELL_H + 24 + 10)
    assert skims(built).cost_usd_per_teu[0, 2] == pytest.approx(420)


def test_closures_add_share_times_mean_length_in_their_month():
    sea = {"id": "sea", "from_node": "a", "to_node": "b", "mode": "sea", "rate_id": "sea"}
    ship = {"id": "ship", "route": "a;b", "headway_h": 48, "closure_calendar_id": "storms"}
    storm = {"id": "s", "calendar_id": "storms", "kind": "closure", "month": 11,
             "closed_share": 0.5, "closure_mean_h": 40}  # fmt: skip
    rows = tables(nodes=["a", "b"], links=[sea], services=[ship], calendars=[storm])
    calm = times(compile_network(rows, DATE, 10, month=6))["a", "b"]
    storms = times(compile_network(rows, DATE, 10, month=11))["a", "b"]
    year = times(compile_network(rows, DATE, 10))["a", "b"]
    assert storms - calm == pytest.approx(0.5 * 40)
    assert year - calm == pytest.approx(0.5 * 40 / 12)


def test_timetable_mean_wait_is_half_the_mean_square_gap():
    sea = {"id": "sea", "from_node": "a", "to_node": "b", "mode": "sea", "rate_id": "sea"}
    ship = {"id": "ship", "route": "a;b", "departure": "timetable", "calendar_id": "week"}
    days = [
        {"id": day, "calendar_id": "week", "kind": "departure", "weekday": day, "departure_h": 12}
        for day in ("tue", "fri")
    ]
    built = compile_network(
        tables(nodes=["a", "b"], links=[sea], services=[ship], calendars=days), DATE, 10
    )
    assert built.timetables.mean_wait_h(0) == pytest.approx((72**2 + 96**2) / (2 * 168))
    waits = built.timetables.next_wait_h(0, np.array([36.0, 35.0, 36.5, 108.0, 167.0]))
    np.testing.assert_allclose(waits, [0.0, 1.0, 71.5, 0.0, 37.0])


def test_waypoint_has_no_handling():
    nodes = [{"id": "a"}, {"id": "cape", "kind": "waypoint"}, {"id": "b"}]
    links = [
        {"id": f"{u}-{v}", "from_node": u, "to_node": v, "mode": "sea", "rate_id": "sea"}
        for u, v in (("a", "cape"), ("cape", "b"))
    ]
    ship = {"id": "ship", "route": "a;cape;b", "headway_h": 48}
    built = compile_network(tables(nodes=nodes, links=links, services=[ship]), DATE, 10)
    assert np.isinf(times(built)["a", "cape"])
    assert np.isfinite(times(built)["a", "b"])


def test_what_is_boarded_moves_before_it_is_left():
    built = compile_network(tables(nodes=["a", "b"], links=[link("a", "b")]), DATE, 10)
    tail = np.repeat(np.arange(built.n_states), np.diff(built.start))
    for arc, end in zip(built.arcs, tail, strict=True):
        if built.state_kind[end] == StateKind.BOARDED:
            assert arc.kind == ArcKind.MOVE


@pytest.mark.parametrize(
    ("opens", "closes", "expected"),
    [
        ("", "", True),
        ("2025", "", False),
        ("2024-12-31", "", True),
        ("2024-12", "2024-12-31", False),
        ("", "2024", False),
        ("", "2025-01", True),
        ("2024-02-31", "", True),
    ],
)
def test_open_from_its_first_day_to_the_day_before_it_closes(opens, closes, expected):
    assert is_open(opens, closes, DATE) is expected


def test_planned_link_stays_closed_whatever_the_date():
    rows = tables(nodes=["a", "b"], links=[link("a", "b", state="planned", opens="2020")])
    assert np.isinf(times(compile_network(rows, DATE, 10))["a", "b"])


def test_more_of_a_thing_never_slows(middle_corridor):
    """Taking a measure's new link away again cannot make any skim better."""
    full = middle_corridor.with_measures(["cku-railway"], year=2031)
    date = dt.date(2031, 12, 31)
    with_link = compile_network(full.tables, date, 10)
    without = compile_network(full.tables, date, 10, closed={"kashgar-torugart-rail"})
    rounding = 1e-9
    assert (skims(with_link).time_h <= skims(without).time_h + rounding).all()


def test_static_cost_adds_timetable_waits_only(middle_corridor):
    built = compile_network(middle_corridor.tables, DATE, 10)
    extra = built.static_cost() - built.cost
    assert (extra[built.timetable < 0] == 0).all()
    assert (extra[built.timetable >= 0, TIME] > 0).all()


def test_quarter_of_the_equator_and_a_known_pair():
    assert great_circle_km(0, 0, 0, 90) == pytest.approx(6371.0088 * np.pi / 2)
    # Baku - Xi'an airports, any great-circle calculator: 5,128 km within rounding of positions.
    assert great_circle_km(40.467, 50.047, 34.447, 108.752) == pytest.approx(5128, rel=0.005)


@pytest.mark.parametrize("text", ["Xi'an", "Xi’an", "XIAN", "xian", "Сиань", "西安", "Sian"])
def test_places_resolve_whatever_the_spelling(middle_corridor, text):
    assert resolve_place(middle_corridor.table("nodes"), text) == "xian"


@pytest.mark.parametrize("text", ["Baku", "Баку", "Bakı", "baki", "BAKU", "巴库"])
def test_baku_is_the_rail_terminal_of_the_capital(middle_corridor, text):
    assert resolve_place(middle_corridor.table("nodes"), text) == "absheron"


def test_no_name_is_ambiguous_in_the_shipped_case(middle_corridor):
    from karvan.network.places import place_index

    index = place_index(middle_corridor.table("nodes"))
    assert {key: ids for key, ids in index.items() if len(ids) > 1} == {}


def test_miss_suggests_the_nearest_names(middle_corridor):
    with pytest.raises(PlaceError, match=r"no place 'Bakuu'.*absheron"):
        resolve_place(middle_corridor.table("nodes"), "Bakuu")


@pytest.mark.parametrize("text", ["Bak", "bak", "Бак", "Bakı", "巴库", "AZBAK"])
def test_half_a_word_suggests_baku_in_every_language(middle_corridor, text):
    found = suggested(middle_corridor, text)
    assert found[0] in {"alat", "absheron"}
    # Bakhty begins so too, but no service calls there.
    assert "bakhty" not in found[:2]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Baku", "absheron"), ("Баку", "absheron"), ("alat", "alat"), ("CNSHA", "shanghai"),
        ("Akt", "aktau"), ("Акт", "aktau"), ("西", "xian"), ("Тбил", "tbilisi"),
        ("Port of B", "alat"),
    ],
)  # fmt: skip
def test_the_likeliest_place_is_suggested_first(middle_corridor, text, first):
    assert suggested(middle_corridor, text)[0] == first


def test_a_name_that_begins_so_beats_one_that_holds_it(middle_corridor):
    found = suggested(middle_corridor, "kh")
    assert found.index("khashuri") < found.index("akhalkalaki") < found.index("ashgabat")


def test_no_letters_suggest_nothing_and_no_text_suggests_all(middle_corridor):
    assert suggested(middle_corridor, "?!") == []
    assert suggested(middle_corridor, " ") == middle_corridor.table("nodes")["id"].to_list()


def suggested(case, text):
    weights = node_weights(case.table("services"), case.table("terminals"))
    return suggest_places(case.table("nodes"), text, weights)


def test_place_key_drops_case_accents_and_punctuation():
    assert place_key("  Ələt (Baku)") == place_key("elet baku")
    assert place_key("Łódź") == "lodz"
