"""The five pillars: shape of the framework, what stands behind each value, what is not known."""

import importlib.util
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicator_tables import INDICATORS, UNITS, VALUES, write_scoreboard
from karvan import schema
from karvan.case import Case, read_case
from karvan.case.results import result_frame
from karvan.evidence.indicators import (
    PANEL,
    ancestors,
    coverage,
    indicator_panel,
    pillar_of,
)
from karvan.runs.run_indicators import run_indicators

DOCS = Path(__file__).parents[1] / "docs"
LANGUAGES = ("name_en", "name_ru", "name_az", "name_zh")
PARTNERS = {"AZ", "GE", "AM", "KZ", "UZ", "TM", "KG", "TJ", "TR", "IR", "RU"}


@pytest.fixture(scope="module")
def framework(middle_corridor: Case) -> pl.DataFrame:
    return middle_corridor.table("indicators")


@pytest.fixture(scope="module")
def panel(middle_corridor: Case) -> pl.DataFrame:
    return indicator_panel(middle_corridor.tables)


@pytest.fixture
def scored(two_port: Path) -> Case:
    write_scoreboard(two_port)
    return read_case(two_port)


# The framework of the shipped case


def test_peking_university_five_connectivity_index_2017_shape_5_15_45(
    framework: pl.DataFrame,
) -> None:
    sizes = dict(framework.group_by("level").len().iter_rows())
    assert sizes == {"index": 1, "pillar": 5, "sub_pillar": 15, "indicator": 45}
    below = framework.filter(pl.col("level") == "sub_pillar").group_by("parent_id").len()
    assert below["len"].to_list() == [3] * 5
    leaves = framework.filter(pl.col("level") == "indicator").group_by("parent_id").len()
    assert leaves.height == 15
    assert leaves["len"].min() >= 2  # type: ignore[operator]


def test_pillars_are_those_of_series_claims_and_measures(framework: pl.DataFrame) -> None:
    pillars = set(framework.filter(pl.col("level") == "pillar")["id"])
    declared = schema.tables()["series"].column("pillar").values
    assert pillars == set(declared) - {"all"}


def test_every_row_has_a_name_in_each_language_of_its_own(framework: pl.DataFrame) -> None:
    for column in LANGUAGES:
        assert framework[column].null_count() == 0
        assert framework[column].is_unique().all()


def test_digital_and_green_cut_across_pillars(framework: pl.DataFrame) -> None:
    pillars = pillar_of(framework)
    digital = {pillars[i] for i in framework.filter(pl.col("digital"))["id"]}
    assert len(digital) >= 2
    assert framework.filter(pl.col("green")).height >= 3


def test_days_reliability_frequency_and_capacity_come_from_the_run(
    framework: pl.DataFrame,
) -> None:
    asked = set(framework.filter(pl.col("kind") == "run")["quantity"])
    assert asked >= {"mean_h", "spread_share", "wait_h", "scarcity_usd_per_teu"}


def test_scales_by_nature_hold_every_value(framework: pl.DataFrame, panel: pl.DataFrame) -> None:
    scales = framework.select("id", "goalpost_low", "goalpost_high").drop_nulls()
    outside = panel.join(scales, left_on="indicator_id", right_on="id").filter(
        (pl.col("value") < pl.col("goalpost_low")) | (pl.col("value") > pl.col("goalpost_high"))
    )
    assert outside.height == 0


def test_pairs_are_china_with_each_of_eleven_partners(middle_corridor: Case) -> None:
    units = middle_corridor.table("units")
    assert set(units["reference"]) == {"CN"}
    assert set(units["partner"]) == PARTNERS
    assert units.height == len(PARTNERS)


# Values of the shipped case


def test_every_value_has_a_source(panel: pl.DataFrame) -> None:
    assert panel.height > 1000
    assert panel["value"].null_count() == 0
    assert panel["source_id"].null_count() == 0


def test_what_is_chosen_has_a_reason_and_is_a_small_part(middle_corridor: Case) -> None:
    values = middle_corridor.table("indicator_values")
    assumed = values.filter(pl.col("status") == "assumed")
    assert assumed["reason"].null_count() == 0
    assert assumed.height < 0.02 * values.height


def test_no_number_of_an_observation_is_written_again(middle_corridor: Case) -> None:
    values = middle_corridor.table("indicator_values")
    assert values.filter(pl.col("value").is_not_null() & pl.col("formula").is_not_null()).is_empty()


def test_azerbaijan_has_no_logistics_score_after_2014(panel: pl.DataFrame) -> None:
    mine = panel.filter(
        pl.col("unit_id") == "chn-aze", pl.col("indicator_id").str.starts_with("lpi-")
    )
    assert mine["indicator_id"].n_unique() == 2
    assert mine["year"].max() == 2014


def test_azerbaijan_has_no_liner_shipping_score(panel: pl.DataFrame) -> None:
    shipping = panel.filter(pl.col("indicator_id") == "liner-shipping")
    assert set(shipping["unit_id"]) == {"chn-geo", "chn-tur", "chn-irn", "chn-rus"}


ZERO_IS_A_FINDING = {
    *("partnership-level", "sco-status", "bri-document", "free-trade", "wto-status"),
    *("tir-both", "aiib-status", "currency-swap", "renminbi-clearing", "visa-for-partners"),
}
"""States of which zero is one; beside them only rates of change and shares may be zero."""


def test_no_zero_stands_for_missing(panel: pl.DataFrame) -> None:
    zeros = panel.filter(pl.col("value") == 0, ~pl.col("indicator_id").is_in(ZERO_IS_A_FINDING))
    assert set(zeros.select("indicator_id", "unit_id").iter_rows()) == {
        ("depreciation", "chn-aze"),  # the manat is pegged
        ("depreciation", "chn-irn"),  # the official rate stood still
        ("renewable-power", "chn-tkm"),  # the source says: all from fossil fuels
    }


def test_derived_zeros_say_how_they_follow(middle_corridor: Case) -> None:
    zeros = middle_corridor.table("indicator_values").filter(
        pl.col("value") == 0, pl.col("status") == "derived"
    )
    assert zeros["reason"].null_count() == 0


@pytest.mark.parametrize(
    ("indicator", "unit", "year", "value"),
    [
        ("turnover-gdp", "chn-aze", 2022, 2150 / 78721),
        ("partnership-level", "chn-aze", 2025, 2),
        ("import-share", "chn-tjk", 2023, 0.57),
        ("corruption-perceptions", "chn-geo", 2024, 53),
    ],
)
def test_known_values_come_through(
    panel: pl.DataFrame, indicator: str, unit: str, year: int, value: float
) -> None:
    found = panel.filter(
        pl.col("indicator_id") == indicator, pl.col("unit_id") == unit, pl.col("year") == year
    )
    assert found["value"].to_list() == pytest.approx([value], rel=0.01)


# Panel and coverage


def test_a_value_taken_over_keeps_the_status_and_source_of_its_observation(scored: Case) -> None:
    panel = indicator_panel(scored.tables)
    row = panel.row(by_predicate=pl.col("row_id") == "visits.a", named=True)
    assert (row["value"], row["status"], row["source_id"]) == (9000.0, "reported", "example")
    assert row["observation_ids"] == "traffic.ferry.2023"


def test_a_value_computed_from_observations_is_derived_and_cites_them(scored: Case) -> None:
    panel = indicator_panel(scored.tables)
    row = panel.row(by_predicate=pl.col("row_id") == "visits.b", named=True)
    assert (row["value"], row["status"], row["source_id"]) == (4500.0, "derived", "example")


def test_a_state_has_a_row_for_each_year_it_is_vouched_for(scored: Case) -> None:
    panel = indicator_panel(scored.tables).filter(pl.col("row_id") == "turnover.b")
    assert panel["year"].to_list() == [2020, 2021, 2022]
    assert panel["value"].to_list() == [7.0] * 3


def test_a_changed_observation_changes_the_indicator(two_port: Path) -> None:
    write_scoreboard(two_port)
    path = two_port / "observations.csv"
    path.write_text(path.read_text("utf-8").replace(",9000,", ",8000,"), "utf-8")
    panel = indicator_panel(read_case(two_port).tables)
    assert panel.filter(pl.col("indicator_id") == "visits")["value"].to_list() == [8000.0, 4000.0]


def test_a_case_without_scoreboard_has_an_empty_panel(two_port: Path) -> None:
    case = read_case(two_port)
    panel = indicator_panel(case.tables)
    assert panel.is_empty()
    assert panel.schema == PANEL
    found = coverage(case.table("indicators"), case.table("units"), panel, 2024)
    assert found.is_empty()


def test_coverage_counts_data_and_leaves_out_what_runs_compute(scored: Case) -> None:
    panel = indicator_panel(scored.tables)
    found = coverage(scored.table("indicators"), scored.table("units"), panel, 2023)
    assert found.select("unit_id", "pillar_id", "indicators", "known").rows() == [
        ("a", "trade", 1, 1),
        ("a", "people", 1, 1),
        ("b", "trade", 1, 0),
        ("b", "people", 1, 1),
    ]
    later = coverage(scored.table("indicators"), scored.table("units"), panel, 2024, back=2)
    assert later["known"].to_list() == [1, 1, 1, 1]


def test_a_chain_that_closes_on_itself_ends() -> None:
    table = pl.DataFrame({"id": ["a", "b"], "parent_id": ["b", "a"]})
    assert ancestors(table) == {"a": ["b"], "b": ["a"]}


@given(st.integers(1900, 2190), st.integers(0, 10), st.floats(-1e9, 1e9))
def test_each_year_of_a_row_has_its_value_and_no_other_year(
    year: int, more: int, value: float
) -> None:
    columns = schema.tables()["indicator_values"].names
    row = dict.fromkeys(columns) | {
        "id": "x",
        "indicator_id": "i",
        "unit_id": "u",
        "year": year,
        "year_to": year + more,
        "value": value,
        "status": "reported",
        "source_id": "s",
    }
    types = {"year": pl.Int64, "year_to": pl.Int64, "value": pl.Float64}
    frame = pl.DataFrame(
        [row], schema={name: types.get(name, pl.String) for name in columns}, orient="row"
    )
    nothing = {"id": [], "value": [], "status": [], "source_id": []}
    tables = {"indicator_values": frame, "observations": pl.DataFrame(nothing)}
    panel = indicator_panel(tables)
    assert panel["year"].to_list() == list(range(year, year + more + 1))
    assert set(panel["value"]) == {value}


# What a run computes


def run_tables(**bottleneck: object) -> dict[str, pl.DataFrame]:
    """Results of a run by hand: one itinerary over a ferry, and one limit on the way."""
    itinerary = {"pair_id": "east-west", "rank": 1, "mean_h": 60.0, "p50_h": 50.0, "p90_h": 75.0}
    worse = {**itinerary, "rank": 2, "mean_h": 1.0}
    first = {"pair_id": "east-west", "rank": 1, "leg": 1, "origin": "a", "destination": "b"}
    legs = [
        {**first, "service": "ferry", "wait_h": 4.0, "nodes": "a;c;b", "links": "x;y"},
        {**first, "leg": 2, "origin": "b", "destination": "d", "wait_h": 2.0}
        | {"service": None, "nodes": "b;d", "links": "z"},
    ]
    limit = {"kind": "service", "id": "ferry", "from_node": "a", "to_node": "b"}
    given = {**limit, "unit": "departures", "price_usd_per_teu": 300.0, **bottleneck}

    def frame(name: str, *rows: dict[str, object]) -> pl.DataFrame:
        columns = dict.fromkeys(c.name for c in schema.result_tables()[name])
        return result_frame(name, [columns | row for row in rows])

    return {
        "itineraries": frame("itineraries", itinerary, worse),
        "legs": frame("legs", *legs),
        "bottlenecks": frame("bottlenecks", given),
    }


def with_quantity(root: Path, quantity: str) -> Case:
    write_scoreboard(root)
    path = root / INDICATORS
    path.write_text(path.read_text("utf-8").replace(",mean_h,", f",{quantity},"), "utf-8")
    units = root / UNITS
    head, *rows = units.read_text("utf-8").splitlines()
    linked = [f"{head},pair_id", f"{rows[0]},east-west", f"{rows[1]},"]
    units.write_text("\n".join(linked) + "\n", "utf-8")
    return read_case(root)


@pytest.mark.parametrize(
    ("quantity", "value"),
    [("mean_h", 60.0), ("spread_share", 0.5), ("wait_h", 6.0), ("scarcity_usd_per_teu", 300.0)],
)
def test_run_indicators_read_the_recommended_itinerary(
    quantity: str, value: float, two_port: Path
) -> None:
    found = run_indicators(with_quantity(two_port, quantity), run_tables())
    assert found.rows() == [("days", "a", value)]


@pytest.mark.parametrize(
    ("limit", "price"),
    [
        ({"from_node": "b", "to_node": "a"}, 0.0),
        ({"id": "other"}, 0.0),
        ({"kind": "link", "id": "y", "from_node": "", "to_node": ""}, 300.0),
        ({"kind": "link", "id": "y", "from_node": "c", "to_node": "b"}, 300.0),
        ({"kind": "link", "id": "y", "from_node": "b", "to_node": "c"}, 0.0),
    ],
    ids=["the way back", "another service", "both ways", "along", "against"],
)
def test_only_capacity_on_the_way_has_a_price(
    limit: dict[str, object], price: float, two_port: Path
) -> None:
    case = with_quantity(two_port, "scarcity_usd_per_teu")
    assert run_indicators(case, run_tables(**limit))["value"].to_list() == [price]


def test_a_pair_without_itinerary_has_no_run_indicators(two_port: Path) -> None:
    case = with_quantity(two_port, "mean_h")
    tables = {name: table.clear() for name, table in run_tables().items()}
    assert run_indicators(case, tables).is_empty()


# The page


def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_coverage", DOCS / "build_coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_the_pillars_shows_the_coverage_of_today() -> None:
    page = (DOCS / "methods" / "five-pillars.md").read_text(encoding="utf-8")
    again = builder().renewed(page)
    assert again == page, "run python docs/build_coverage.py"
    assert "<!-- pillars -->" in page


def test_the_page_says_which_pillars_are_below_half(
    middle_corridor: Case, panel: pl.DataFrame
) -> None:
    found = coverage(
        middle_corridor.table("indicators"), middle_corridor.table("units"), panel, 2024, back=10
    )
    below = found.filter(2 * pl.col("known") < pl.col("indicators"))
    people = set(below.filter(pl.col("pillar_id") == "people")["unit_id"])
    assert people == set(found["unit_id"]) - {"chn-aze", "chn-geo", "chn-kaz"}
    assert set(below.filter(pl.col("pillar_id") == "finance")["unit_id"]) == {"chn-tkm"}
    assert set(below.filter(pl.col("pillar_id") == "policy")["unit_id"]) == {
        *("chn-tkm", "chn-tur", "chn-irn")
    }
    assert below.filter(pl.col("pillar_id").is_in(["trade", "facilities"])).is_empty()


def test_the_small_scoreboard_is_where_the_schema_says() -> None:
    declared = schema.tables()
    assert [declared[name].path for name in ("indicators", "units", "indicator_values")] == [
        INDICATORS,
        UNITS,
        VALUES,
    ]
