"""The fifteen numbers of the facts that the shipped evidence must reproduce."""

from pathlib import Path

import polars as pl
import pytest

import karvan
from karvan.evidence.claims import evaluate_claims
from karvan.evidence.derivations import recompute
from karvan.evidence.state import contradictions
from karvan.schema import tables
from karvan.schema.read import read_table

CASE = Path(karvan.__file__).parent / "cases" / "middle-corridor"
SEVEN_DIGITS = 1e-6
"""Derived values are stored with seven significant digits."""
AS_PRINTED = 0.005
"""The documents print three digits or more."""


@pytest.fixture(scope="module")
def case() -> dict[str, pl.DataFrame]:
    names = ("sources", "series", "observations", "claims", "events")
    read = {name: read_table(CASE / f"{name}.csv", tables()[name]) for name in names}
    assert [str(p) for _, problems in read.values() for p in problems] == []
    return {name: table for name, (table, _) in read.items()}


@pytest.fixture(scope="module")
def value(case: dict[str, pl.DataFrame]) -> dict[str, float]:
    return dict(case["observations"].select("id", "value").iter_rows())


@pytest.fixture(scope="module")
def verdict(case: dict[str, pl.DataFrame]) -> dict[str, str]:
    found = evaluate_claims(case["claims"], case["observations"], case["series"], case["events"])
    return dict(found.select("claim_id", "verdict").iter_rows())


NUMBERS = {
    "1 turnover": {
        "trade.turnover.aze-chn.2024": 3744e6,
        "trade.turnover.aze-chn.2025": 4870e6,
    },
    "2 export share": {"trade.exports-share.aze-chn.2024": 0.00526},
    "3 imports": {"trade.imports.aze-chn.2024": 3724.3e6, "trade.imports.aze.2024": 21.05e9},
    "4 first quarter": {
        "trade.exports.aze-chn.2024-Q1": 5.1e6,
        "trade.exports.aze-chn.2023-Q1": 36.0e6,
    },
    "5 import share": {
        "trade.share.chn-in-aze-imports.2014": 0.076,
        "trade.share.chn-in-aze-imports.2017": 0.099,
        "trade.share.chn-in-aze-imports.2022": 0.10,
        "trade.share.chn-in-aze-imports.2023": 0.16,
        "trade.share.chn-in-aze-imports.2024": 0.1769,
    },
    "6 mirror ratio": {"trade.mirror-ratio.aze-chn.2024-01_2024-10": 3.0 / 2.0016},
    "7 hybrids": {
        "cars.hybrid.imports.chn-aze.2025": 62488,
        "cars.hybrid.unit-value.chn-aze.2025": 18124,
        "cars.hybrid.turnover-share.chn-aze.2025": 0.2326,
    },
    "8 visitors": {
        "visitors.chn-aze.2024": 44798,
        "visitors.chn-aze.2025": 63479,
        "visitors.growth.chn-aze.2024-H1": 1.35,
    },
    "9 flights": {
        "flights.aze-chn.2023-03-26": 2,
        "flights.aze-chn.2024-12-20": 5,
        "flights.aze-chn.2025-10-30": 8,
    },
    "10 block trains": {
        "trains.block.chn-aze.2024": 287,
        "trains.block.chn-aze.2024.2": 358,
        "trains.block-teu.chn-aze.2024": 36248,
        "trains.block-load.chn-aze.2024": 101.25,
    },
    "11 transit": {
        "transit-time.middle.xian-baku.2024-03": 11 * 24,
        "transit-time.middle.xian-baku.2024-07": 12 * 24,
        "trains.export-load.aze-chn.2024-11-24": 2 * 62,
        "trains.export-tonnes.aze-chn.2024-11-24": 1664,
    },
    "12 plan and outcome": {
        "trains.block-plan.chn-aze.2025.2": 1000,
        "trains.block-plan.chn-aze.2025": 600,
        "trains.block.chn-aze.2025-01_2025-10": 317,
    },
    "13 power": {
        "power.generation.aze.2024": 28_394_100,
        "power.capacity.aze.2025-10": 9732.5,
        "power.capacity-renewable-share.aze.2025-10": 0.188,
        "power.capacity-renewable-share.aze.2025-10.2": 0.188,
    },
    "14 Gobustan": {
        "power.capacity.gobustan.2024-11": 100,
        "power.gobustan.generation.2024-11": 260_000,
        "power.gobustan.avoided-gas.2024-11": 57e6,
        "power.gobustan.avoided-co2.2024-11": 124_000,
        "power.avoided-emissions.aze.gobustan.2024-11": 0.477,
        "power.capacity-factor.gobustan.2024-11": 0.297,
    },
}


@pytest.mark.parametrize("subject", NUMBERS)
def test_the_shipped_evidence_reproduces(subject: str, value: dict[str, float]) -> None:
    expected = NUMBERS[subject]
    found = {name: value[name] for name in expected}
    assert found == pytest.approx(expected, rel=AS_PRINTED)


def test_exports_of_the_first_quarter_fell_by_86_percent(value: dict[str, float]) -> None:
    before, after = (value[f"trade.exports.aze-chn.{y}-Q1"] for y in (2023, 2024))
    assert after / before - 1 == pytest.approx(-0.86, abs=0.005)


@pytest.mark.parametrize(
    ("total", "parts", "period"),
    [
        ("generation", ("thermal", "hydro", "solar", "waste", "wind"), "2024"),
        ("capacity", ("thermal", "hydro", "solar", "wind", "waste", "hybrid"), "2025-10"),
    ],
)
def test_the_power_balance_adds_up(
    total: str, parts: tuple[str, ...], period: str, value: dict[str, float]
) -> None:
    found = sum(value[f"power.{total}-{part}.aze.{period}"] for part in parts)
    assert found == pytest.approx(value[f"power.{total}.aze.{period}"], rel=SEVEN_DIGITS)


def test_fifteen_the_date_of_the_report_is_flagged(verdict: dict[str, str]) -> None:
    assert verdict["c44"] == "contradicted"


@pytest.mark.parametrize("claim", ["c10", "c13", "c30", "c42", "c44"])
def test_claims_that_the_evidence_contradicts(claim: str, verdict: dict[str, str]) -> None:
    assert verdict[claim] == "contradicted"


@pytest.mark.parametrize(
    "claim", ["c02", "c06", "c11", "c12", "c14", "c16", "c24", "c31", "c45", "c46", "c47"]
)
def test_claims_that_the_evidence_supports(claim: str, verdict: dict[str, str]) -> None:
    assert verdict[claim] == "supported"


@pytest.mark.parametrize("claim", ["c27", "c29", "c39"])
def test_the_article_is_no_evidence_for_itself(claim: str, verdict: dict[str, str]) -> None:
    assert verdict[claim] == "no data"


def test_every_derived_value_is_recomputed_from_its_formula(case: dict[str, pl.DataFrame]) -> None:
    found = recompute(case["observations"])
    assert found["problem"].drop_nulls().to_list() == []
    assert found["relative_difference"].max() < SEVEN_DIGITS


def test_exactly_one_of_the_observations_of_the_same_thing_is_used(
    case: dict[str, pl.DataFrame],
) -> None:
    used = case["observations"].group_by("series_id", "period", "coverage").agg(pl.sum("used"))
    assert used["used"].unique().to_list() == [1]


def test_contradicting_sources_stay_side_by_side(case: dict[str, pl.DataFrame]) -> None:
    found = contradictions(case["observations"])
    subjects = set(found.select("series_id", "period").rows())
    assert ("trains.block.chn-aze", "2024") in subjects
    assert ("trade.turnover.aze-chn", "2024-01/2024-10") in subjects
    assert ("power.generation-solar.aze", "2024") in subjects


@pytest.mark.parametrize("table", ["series", "events"])
def test_every_name_is_given_in_four_languages(table: str, case: dict[str, pl.DataFrame]) -> None:
    names = case[table].select("name_en", "name_ru", "name_az", "name_zh")
    assert names.null_count().row(0) == (0, 0, 0, 0)


@pytest.mark.parametrize("table", ["observations", "claims", "events"])
def test_every_source_named_is_in_the_list(table: str, case: dict[str, pl.DataFrame]) -> None:
    named = case[table]["source_id"].drop_nulls().str.split(";").explode()
    assert set(named) <= set(case["sources"]["id"])


def test_what_is_not_sourced_gives_its_reason(case: dict[str, pl.DataFrame]) -> None:
    o = case["observations"].filter(
        pl.any_horizontal(pl.col("value", "value_low", "value_high").is_not_null())
    )
    bare = o.filter(
        ((pl.col("status") == "reported") & pl.col("source_id").is_null())
        | ((pl.col("status") == "assumed") & pl.col("reason").is_null())
        | (
            (pl.col("status") == "derived")
            & pl.col("formula").is_null()
            & pl.col("reason").is_null()
        )
    )
    assert bare["id"].to_list() == []
