"""Each test of the claims ledger, on evidence small enough to see the verdict."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from karvan.evidence.claims import TESTS, evaluate_claims
from karvan.evidence.reasons import WHY
from karvan.schema import tables

N, T = pl.Float64, pl.String


def observation(period: str, value: float | None, **more: object) -> dict[str, object]:
    row = dict.fromkeys(("value_low", "value_high", "side", "coverage"))
    row |= {"series_id": "s", "used": True, "confidence": "high", "period": period}
    return row | {"value": value, "id": f"s.{period}".replace("/", "_")} | more


OBSERVATION_TYPES = {
    "id": T, "series_id": T, "period": T, "value": N, "value_low": N, "value_high": N,
    "used": pl.Boolean, "side": T, "coverage": T, "confidence": T,
}  # fmt: skip
CLAIM_TYPES = {
    "id": T, "pillar": T, "test": T, "series_id": T, "event_id": T, "period_from": T,
    "period_to": T, "expected": T, "tolerance_share": N,
}  # fmt: skip


def run(
    test: str,
    rows: list[dict[str, object]] | None = None,
    *,
    date: str = "2024-11-24",
    confidence: str = "high",
    **claim: object,
) -> dict[str, object]:
    """Return the verdict on one claim about series ``s`` or event ``e``."""
    claims = pl.DataFrame(
        [dict.fromkeys(CLAIM_TYPES) | {"id": "c", "pillar": "trade", "test": test} | claim],
        schema=CLAIM_TYPES,
    )
    observations = pl.DataFrame(rows or [], schema=OBSERVATION_TYPES)
    series = pl.DataFrame({"id": ["s"], "name_en": ["Trade"], "unit": ["USD"]})
    event = {"id": ["e"], "name_en": ["Train"], "date": [date], "confidence": [confidence]}
    return evaluate_claims(claims, observations, series, pl.DataFrame(event)).row(0, named=True)


def path(test: str, *values: float, **claim: object) -> dict[str, object]:
    rows = [observation(str(2020 + n), v) for n, v in enumerate(values)]
    ends = {"period_from": "2020", "period_to": str(2019 + len(values))}
    return run(test, rows, series_id="s", **(ends | claim))


def at(test: str, value: float | None, expected: str, **claim: object) -> dict[str, object]:
    rows = [observation("2024", value)]
    return run(test, rows, series_id="s", period_to="2024", expected=expected, **claim)


def test_every_declared_test_has_its_function_and_every_message_is_used_by_a_key() -> None:
    assert set(TESTS) == set(tables()["claims"].column("test").values)
    assert all(text.endswith(".") for text in WHY.values())


@pytest.mark.parametrize(
    ("value", "expected", "tolerance", "verdict"),
    [
        (264.0, "264", 0.0, "supported"),
        (270.0, "264", 0.05, "supported"),
        (300.0, "264", 0.05, "contradicted"),
        (None, "264", 0.0, "no data"),
    ],
)
def test_level(value: float | None, expected: str, tolerance: float, verdict: str) -> None:
    assert at("level", value, expected, tolerance_share=tolerance)["verdict"] == verdict


def test_level_within_a_printed_range_is_supported_and_outside_it_contradicted() -> None:
    rows = [observation("2024", None, value_low=360.0, value_high=480.0)]
    claim = {"series_id": "s", "period_to": "2024"}
    assert run("level", rows, expected="400", **claim)["verdict"] == "supported"
    assert run("level", rows, expected="264", **claim)["verdict"] == "contradicted"


def test_a_part_never_stands_for_the_whole_period() -> None:
    rows = [observation("2024-H1", 16609.0)]
    found = run("level", rows, series_id="s", period_to="2024", expected="16609")
    assert (found["verdict"], found["why_key"]) == ("no data", "series.missing")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(1000.0, "supported"), (1001.0, "supported"), (999.0, "contradicted"), (None, "no data")],
)
def test_at_least(value: float | None, verdict: str) -> None:
    assert at("at_least", value, "1000")["verdict"] == verdict


@pytest.mark.parametrize(
    ("first", "last", "verdict"),
    [(100.0, 200.0, "supported"), (100.0, 150.0, "contradicted"), (0.0, 5.0, "no data")],
)
def test_ratio(first: float, last: float, verdict: str) -> None:
    rows = [observation("2023", first), observation("2024", last)]
    ends = {"period_from": "2023", "period_to": "2024", "series_id": "s"}
    found = run("ratio", rows, expected="2", tolerance_share=0.05, **ends)
    assert found["verdict"] == verdict


def test_a_ratio_across_two_counting_sides_is_no_data() -> None:
    rows = [observation("2023", 2.0, side="AZ"), observation("2024", 4.0, side="CN")]
    ends = {"period_from": "2023", "period_to": "2024", "series_id": "s"}
    assert run("ratio", rows, expected="2", **ends)["why_key"] == "series.sides"


@pytest.mark.parametrize(
    ("values", "rising", "steady"),
    [
        ((1, 2, 3), "supported", "supported"),
        ((1, 2, 2), "contradicted", "supported"),
        ((2.18, 1.78, 2.16), "contradicted", "contradicted"),
        ((1,), "no data", "no data"),
    ],
)
def test_paths(values: tuple[float, ...], rising: str, steady: str) -> None:
    assert path("rising", *values)["verdict"] == rising
    assert path("steady", *values)["verdict"] == steady


def test_a_fall_is_told_with_its_years() -> None:
    found = path("steady", 2180, 1780, 3100)
    assert "2,180 USD in 2020, 1,780 USD in 2021" in str(found["why_en"])
    assert found["observation_ids"] == "s.2020;s.2021;s.2022"


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=9, unique=True))
def test_sorted_values_rise_and_reversed_ones_fall(values: list[int]) -> None:
    assert path("rising", *sorted(values))["verdict"] == "supported"
    assert path("steady", *sorted(values, reverse=True))["verdict"] == "contradicted"


def test_quarters_are_compared_with_the_same_quarter() -> None:
    rows = [
        observation("2023-Q1", 36.0), observation("2023-Q4", 1.0), observation("2023", 90.0),
        observation("2024-Q1", 5.1),
    ]  # fmt: skip
    found = run("rising", rows, series_id="s", period_from="2023-Q1", period_to="2024-Q1")
    assert found["verdict"] == "contradicted"
    assert found["observation_ids"] == "s.2023-Q1;s.2024-Q1"


def test_a_path_keeps_to_the_side_that_counts_most_years() -> None:
    rows = [
        observation("2020", 9.0, side="CN"), observation("2021", 1.0, side="AZ"),
        observation("2022", 2.0, side="AZ"),
    ]  # fmt: skip
    found = run("rising", rows, series_id="s", period_from="2020", period_to="2022")
    assert (found["verdict"], found["observation_ids"]) == ("supported", "s.2021;s.2022")


def test_parts_and_values_not_used_stay_out_of_a_path() -> None:
    rows = [
        observation("2020", 1.0), observation("2021", 2.0),
        observation("2021", 0.5, used=False, id="other"),
        observation("2022", 0.1, coverage="transit", id="part"),
    ]  # fmt: skip
    found = run("rising", rows, series_id="s", period_from="2020", period_to="2022")
    assert found["observation_ids"] == "s.2020;s.2021"


def test_evidence_of_low_confidence_decides_nothing() -> None:
    rows = [observation("2023", 23000.0, confidence="low")]
    found = run("at_least", rows, series_id="s", period_to="2023", expected="23000")
    assert (found["verdict"], found["why_key"]) == ("no data", "series.weak")
    assert found["observation_ids"] == "s.2023"
    event = run("event_date", confidence="low", event_id="e", expected="2024-11-24")
    assert (event["verdict"], event["why_key"]) == ("no data", "event.weak")


@pytest.mark.parametrize(
    ("date", "expected", "verdict"),
    [
        ("1992-04-02", "1992-04-02", "supported"),
        ("2015-12-10", "2015", "supported"),
        ("2024-11-24", "2024-11", "supported"),
        ("2015", "2015-12-10", "no data"),
        ("2024-11-24", "2024-10", "contradicted"),
    ],
)
def test_event_date_is_compared_at_the_precision_of_the_claim(
    date: str, expected: str, verdict: str
) -> None:
    assert run("event_date", date=date, event_id="e", expected=expected)["verdict"] == verdict


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        ("2024-10-10", "contradicted"),
        ("2025-01-10", "supported"),
        ("2024-11", "supported"),
        ("2024-11-24", "supported"),
    ],
)
def test_a_report_cannot_describe_what_came_later(report: str, verdict: str) -> None:
    assert run("report_date", event_id="e", expected=report)["verdict"] == verdict


def test_a_report_within_the_vague_date_of_an_event_decides_nothing() -> None:
    found = run("report_date", date="2024-11", event_id="e", expected="2024-11-10")
    assert (found["verdict"], found["why_key"]) == ("no data", "event.vague")


def test_an_event_exists_or_is_missing() -> None:
    assert run("exists", event_id="e")["verdict"] == "supported"
    assert run("exists", event_id="nowhere")["why_key"] == "event.missing"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [((0.0, 3.0), "supported"), ((0.0, 0.0), "contradicted"), ((), "no data")],
)
def test_a_positive_observation_exists(values: tuple[float, ...], verdict: str) -> None:
    rows = [observation(str(2020 + n), v) for n, v in enumerate(values)]
    assert run("exists", rows, series_id="s")["verdict"] == verdict


def test_member_reads_the_coverages_with_a_positive_value() -> None:
    rows = [
        observation("2025", 1.0, coverage="KAZ", id="k"),
        observation("2025", 0.0, coverage="PAK", id="p"),
    ]
    claim = {"series_id": "s", "period_from": "2025", "period_to": "2025"}
    assert run("member", rows, expected="KAZ", **claim)["verdict"] == "supported"
    assert run("member", rows, expected="IND; PAK", **claim)["verdict"] == "contradicted"
    assert run("member", [], expected="IND", **claim)["verdict"] == "no data"


def test_a_claim_without_a_test_is_no_data() -> None:
    assert run("none")["verdict"] == "no data"


@pytest.mark.parametrize(
    ("test", "claim", "text"),
    [
        ("level", {"expected": "many", "period_to": "2024"}, "claim c: .*number.*'many'"),
        ("level", {"expected": "1"}, "claim c: .*needs period"),
        ("rising", {"period_from": "2023", "period_to": "2024-Q1"}, "same part of two years"),
        ("event_date", {"event_id": "e", "expected": "soon"}, "claim c: 'soon' is no period"),
        ("guess", {}, "claim c: no test 'guess'"),
    ],
)
def test_a_claim_that_cannot_be_tested_as_written_is_refused_by_name(
    test: str, claim: dict[str, str], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        run(test, [observation("2024", 1.0)], series_id="s", **claim)


def test_the_facts_of_a_reason_are_kept_apart_from_its_english_text() -> None:
    found = at("level", 264.0, "300")
    facts = json.loads(str(found["why_values"]))
    assert facts["series"] == "s"
    assert (facts["found"]["value"], facts["expected"]["value"]) == (264.0, 300.0)
    assert found["why_en"] == "Trade: 264 USD in 2024, not 300 USD."
    assert (found["found"], found["expected"]) == ("264 USD", "300 USD")
