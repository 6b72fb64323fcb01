"""Set, scale, add, insert and remove rows; provenance goes with the value."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from karvan.case import Case, read_case
from karvan.case.changes import apply_changes
from karvan.case.settings import Change
from karvan.errors import ScenarioError
from karvan.schema.read import ROW

CASE = read_case("two-port")
WEST = "west-port-west"
LENGTH_PROVENANCE = ["length_status", "length_source_id", "length_formula", "length_reason"]


def change(table: str = "links", action: str = "set", **given: Any) -> Change:
    defaults: dict[str, Any] = {"status": "assumed", "reason": "tried in a test"}
    if action != "insert":
        defaults["where"] = {"id": WEST}
    if action in {"set", "scale", "add"}:
        defaults["column"] = "length_km"
    return Change.model_validate({"table": table, "action": action, **defaults, **given})


def changed(*changes: Change, tables: Mapping[str, pl.DataFrame] = CASE.tables) -> pl.DataFrame:
    """Return the table that the changes speak of, after them."""
    return apply_changes(tables, changes, "measures/x.toml")[changes[-1].table]


def row_of(table: pl.DataFrame, key: str) -> dict[str, Any]:
    return table.row(by_predicate=pl.col("id") == key, named=True)


def error_of(*changes: Change) -> str:
    with pytest.raises(ScenarioError) as error:
        changed(*changes)
    assert error.value.exit_code == 2
    return str(error.value)


@pytest.mark.parametrize(
    ("action", "value", "expected"),
    [
        ("set", 470, 470.0),
        ("set", 470.5, 470.5),
        ("set", "470", 470.0),
        ("scale", 1.5, 720.0),
        ("add", -30, 450.0),
        ("scale", 0, 0.0),
    ],
)
def test_a_number_is_set_scaled_or_added_to(action: str, value: Any, expected: float) -> None:
    table = changed(change(action=action, value=value))
    assert row_of(table, WEST)["length_km"] == expected
    others = pl.col("id") != WEST
    assert_frame_equal(table.filter(others), CASE.table("links").filter(others))


@pytest.mark.parametrize(
    ("table", "key", "column", "value", "expected"),
    [
        ("links", WEST, "both_directions", False, False),
        ("links", WEST, "both_directions", "no", False),
        ("links", WEST, "gauge_mm", 1435, "1435"),
        ("links", WEST, "opens", "2027-05", "2027-05"),
        ("links", WEST, "from_node", "east-port", "east-port"),
        ("services", "ferry", "route", "east-port ; west-port", "east-port;west-port"),
        ("terminals", "east-port-ferry", "berths", 3, 3),
        ("nodes", "west", "name_zh", "西", "西"),
    ],
)
def test_set_takes_every_type(table: str, key: str, column: str, value: Any, expected: Any) -> None:
    new = changed(change(table, where={"id": key}, column=column, value=value))
    assert row_of(new, key)[column] == expected
    assert new.schema == CASE.table(table).schema


def test_an_empty_text_clears_a_cell_as_in_a_file() -> None:
    closed = change(column="closes", value="2030")
    table = changed(closed, change(column="closes", value=""))
    assert row_of(table, WEST)["closes"] is None
    both = change(column="both_directions", value=False)
    table = changed(both, change(column="both_directions", value=""))
    assert row_of(table, WEST)["both_directions"] is True, "the schema's default"
    assert "found '', expected a number" in error_of(change(value=""))


def test_rows_are_selected_by_every_condition() -> None:
    rail = changed(change(where={"mode": "rail"}, value=1000))
    assert rail["length_km"].to_list() == [1000.0, 450.0, 1000.0]
    both = changed(change(where={"mode": "rail", "to_node": "west"}, value=1000))
    assert both["length_km"].to_list() == [400.0, 450.0, 1000.0]
    some = changed(change(where={"id": [WEST, "east-east-port"]}, value=1000))
    assert some["length_km"].to_list() == [1000.0, 450.0, 1000.0]


@pytest.mark.parametrize(
    "where",
    [
        {"length_km": 480},
        {"length_km": 480.0},
        {"gauge_mm": 1520, "from_node": "west-port"},
        {"both_directions": True, "id": WEST},
        {"both_directions": "yes", "id": WEST},
    ],
)
def test_words_of_a_condition_compare_as_cells_do(where: dict[str, Any]) -> None:
    assert row_of(changed(change(where=where, value=1000)), WEST)["length_km"] == 1000.0


def test_rows_without_a_value_stay_without_one() -> None:
    table = changed(
        change(column="travel_h", value=10),
        change(action="scale", where={"mode": "rail"}, column="travel_h", value=2),
    )
    assert table["travel_h"].to_list() == [None, None, 20.0]


def test_remove_drops_the_selected_rows_only() -> None:
    table = changed(change(action="remove"))
    assert_frame_equal(table, CASE.table("links").filter(pl.col("id") != WEST))


def test_insert_appends_a_row_with_defaults_and_provenance() -> None:
    row = {
        "id": "short-cut",
        "from_node": "east",
        "to_node": "west",
        "mode": "rail",
        "gauge_mm": 1520,
        "rate_id": "rail",
        "length_km": 1100,
        "state": "planned",
    }
    before = CASE.table("links")
    table = changed(change(action="insert", row=row, source_id="example", status="reported"))
    assert_frame_equal(table.head(-1), before)
    new = row_of(table, "short-cut")
    assert new["both_directions"] is True
    assert (new["length_km"], new["gauge_mm"], new["travel_h"]) == (1100.0, "1520", None)
    assert [new[c] for c in ("length_status", "length_source_id")] == ["reported", "example"]
    assert new["travel_status"] is None, "there is no running time to say anything of"
    assert new[ROW] is None, "it stands in no file"


def test_a_row_may_bring_its_own_provenance() -> None:
    row = {
        "id": "slow",
        "mode": "rail",
        "speed_kmh": 20,
        "speed_low_kmh": 15,
        "speed_high_kmh": 25,
        "speed_status": "reported",
        "speed_source_id": "example",
        "cost_usd_per_teu_km": 0.2,
        "co2e_g_per_tkm": 20,
    }
    new = row_of(changed(change("rates", "insert", row=row)), "slow")
    assert (new["speed_status"], new["speed_source_id"]) == ("reported", "example")
    assert (new["cost_status"], new["cost_reason"]) == ("assumed", "tried in a test")


def test_a_changed_value_takes_over_the_provenance_of_the_change() -> None:
    table = changed(change(value=470, status="reported", source_id="example", reason=""))
    assert row_of(table, WEST)["length_status"] == "reported"
    assert row_of(table, WEST)["length_source_id"] == "example"
    assert row_of(table, WEST)["length_reason"] is None
    assert row_of(table, WEST)["capacity_status"] is None
    assert row_of(table, "east-east-port")["length_status"] == "assumed"


def test_a_formula_does_not_survive_a_change_of_its_value() -> None:
    where = {"id": "traffic.ferry.2024"}
    table = changed(change("observations", where=where, column="value", value=10000))
    new = row_of(table, "traffic.ferry.2024")
    assert (new["value"], new["formula"], new["status"]) == (10000.0, None, "assumed")


def test_a_factor_without_a_reason_names_itself() -> None:
    table = changed(change(action="scale", value=1.1, reason="", source_id="example"))
    assert row_of(table, WEST)["length_reason"] == (
        "scale 1.1 by measures/x.toml change 1 (scale links)"
    )


def test_tables_with_one_status_a_row_take_it_over_too() -> None:
    where = {"calendar_id": "storms"}
    table = changed(
        change("calendars", where=where, column="closed_share", value=0.5, status="derived")
    )
    assert set(table.filter(pl.col("kind") == "closure")["status"]) == {"derived"}
    assert set(table.filter(pl.col("kind") == "departure")["status"]) == {"assumed"}


def test_names_carry_no_provenance() -> None:
    table = changed(change("nodes", where={"id": "west"}, column="name_en", value="Far West"))
    assert_frame_equal(table.drop("name_en"), CASE.table("nodes").drop("name_en"))


def test_changes_follow_each_other() -> None:
    table = changed(
        change(action="add", value=20),
        change(action="scale", value=2),
        change(value=7, table="links"),
    )
    assert row_of(table, WEST)["length_km"] == 7.0
    table = changed(change(action="add", value=20), change(action="scale", value=2))
    assert row_of(table, WEST)["length_km"] == 1000.0


def test_the_given_tables_stay_as_they_are() -> None:
    case = read_case("two-port")
    changed(
        change(value=1),
        change(action="remove", where={"mode": "rail"}),
        tables=case.tables,
    )
    for name, table in CASE.tables.items():
        assert_frame_equal(case.table(name), table)


def test_tables_that_are_not_changed_are_the_same_objects() -> None:
    after = apply_changes(CASE.tables, [change(value=1)], "x")
    assert [n for n in after if after[n] is not CASE.tables[n]] == ["links"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (change("linsk", value=1), "no table 'linsk'; did you mean 'links'?"),
        (change(column="lenght_km", value=1), "no column 'lenght_km'; did you mean 'length_km'?"),
        (change(column="row", value=1), "no column 'row'"),
        (change(value=None), "no value for column 'length_km'"),
        (change(value="far"), "length_km: found 'far', expected a number [km]"),
        (change(value=-1), "length_km: found -1, expected a number >= 0 [km]"),
        (change(value=float("nan")), "length_km: found nan, expected a finite number [km]"),
        (change(column="mode", value="fery"), "mode: found 'fery', expected one of rail, sea"),
        (change(column="opens", value="soon"), "opens: found 'soon', expected a date"),
        (change(column="tracks", value=2.5), "tracks: found 2.5, expected one of 1, 2, 3, 4"),
        (change(where={}, value=1), "no 'where'; name the rows"),
        (change(where={"idd": WEST}, value=1), "no column 'idd' in 'where'"),
        (
            change(where={"id": "west-port-wset"}, value=1),
            "no row with id = 'west-port-wset'; did you mean 'west-port-west'?",
        ),
        (change(where={"id": [WEST, "nowhere"]}, value=1), "no row with id = 'nowhere'"),
        (change(where={"id": WEST, "mode": "ferry"}, value=1), "no row fits"),
        (change(where={"id": []}, value=1), "no row fits"),
        (change(where={"both_directions": 1}, value=1), "no row with both_directions = '1'"),
        (change(action="remove", where={"id": "nowhere"}), "no row with id = 'nowhere'"),
        (change(action="scale", column="mode", value=2), "'scale' needs a number column"),
        (
            change("terminals", "add", where={"node": "east-port"}, column="berths", value=1),
            "'add' needs a number column, 'berths' is not",
        ),
        (change(action="scale", value="2"), "found '2', expected a finite number"),
        (change(action="scale", value=True), "found True, expected a finite number"),
        (change(action="scale", value=float("inf")), "found inf, expected a finite number"),
        (change(action="scale", value=-1), "the result is -470, expected a number >= 0 [km]"),
        (change(action="add", value=-471), "the result is -1, expected a number >= 0 [km]"),
        (change(action="scale", value=1e308), "the result is inf, expected a finite number"),
        (change(action="scale", column="travel_h", value=2), "no value to change"),
        (change(action="insert", row={"id": "x"}), "no 'from_node' in the new row: One end"),
        (change(action="insert", row={"id": "x", "lenght_km": 1}), "no column 'lenght_km'"),
        (
            change("pairs", "insert", row={"id": "x", "origin": "a b"}),
            "origin: found 'a b', expected an id",
        ),
        (
            change(
                "pairs",
                "insert",
                row={
                    "id": "east-west",
                    "origin": "east",
                    "destination": "west",
                    "commodity_id": "containers",
                },
            ),
            "a row with id = 'east-west' exists; use 'set' to change it",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_that_does_not_fit_is_named(wrong: Change, message: str) -> None:
    text = error_of(change(value=470), wrong)
    assert text.startswith(f"measures/x.toml change 2 ({wrong.action} {wrong.table})")
    assert message in text


LENGTHS = st.floats(0, 1e6)
KEYS = st.sampled_from(CASE.table("links")["id"].to_list())


@given(key=KEYS, value=LENGTHS)
def test_set_and_set_back_changes_provenance_only(key: str, value: float) -> None:
    before = CASE.table("links")
    back = row_of(before, key)["length_km"]
    table = changed(change(where={"id": key}, value=value), change(where={"id": key}, value=back))
    assert_frame_equal(table.drop(LENGTH_PROVENANCE), before.drop(LENGTH_PROVENANCE))


@given(key=KEYS, value=LENGTHS)
def test_set_twice_is_set_once(key: str, value: float) -> None:
    once = change(where={"id": key}, value=value)
    assert_frame_equal(changed(once, once), changed(once))


@given(keys=st.lists(KEYS, min_size=1, unique=True), factor=st.floats(0, 1e3))
def test_scaling_rows_together_or_one_by_one_is_the_same(keys: list[str], factor: float) -> None:
    together = changed(change(action="scale", where={"id": keys}, value=factor))
    single = changed(*(change(action="scale", where={"id": k}, value=factor) for k in keys))
    # The reason that a row takes over is the same given text.
    assert_frame_equal(together, single)


@given(key=KEYS)
def test_remove_and_insert_again_restores_the_row_at_the_end(key: str) -> None:
    before = CASE.table("links")
    old = {k: v for k, v in row_of(before, key).items() if v is not None and k != ROW}
    table = changed(change(action="remove", where={"id": key}), change(action="insert", row=old))
    assert_frame_equal(table.sort("id").drop(ROW), before.sort("id").drop(ROW))


def test_a_case_with_measures_leaves_the_case_it_came_from(two_port_case: Case) -> None:
    before = two_port_case.table("services").clone()
    after = two_port_case.with_measures(["daily-ferry"], year=2030)
    assert row_of(after.table("services"), "ferry")["headway_h"] == 24.0
    assert_frame_equal(two_port_case.table("services"), before)
    assert two_port_case.applied == ()
