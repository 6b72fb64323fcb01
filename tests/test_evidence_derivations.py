"""Formulas, their order, recomputation; and periods, which they are keyed by."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from karvan.evidence.derivations import (
    DerivationCycle,
    FormulaError,
    derivation_order,
    evaluate,
    recompute,
    references,
)
from karvan.evidence.periods import Period, parse_period

FINITE = st.floats(-1e9, 1e9, allow_nan=False)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("-[a] + +1", -6),
        ("[a] / [b.2024-01_2024-10]", 3.5),
        ("[ a ] - [a]", 0),
        ("gc_km * 1.21", 121),
        ("1e3 / 8", 125),
    ],
)
def test_formulas_have_the_value_of_arithmetic(formula: str, value: float) -> None:
    assert evaluate(formula, {"a": 7.0, "b.2024-01_2024-10": 2.0, "gc_km": 100.0}) == value


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os')",
        "[a].real",
        "[a] ** 2",
        "[a] if 1 else 2",
        "'x'",
        "True",
        "[a] and 1",
        "(lambda: 1)()",
        "1, 2",
        "",
        "[a",
        "1 +",
        "1j",
        "[a] // 2",
        "~1",
        "x := 1",
        "__0 + [a]",
        "[a] + 1\0",
        "[a] +\n 1",
    ],
)
def test_anything_but_arithmetic_is_refused(formula: str) -> None:
    with pytest.raises(FormulaError):
        evaluate(formula, {"a": 7.0})


def test_a_missing_value_is_named() -> None:
    with pytest.raises(FormulaError, match=r"\[gone\].*no value"):
        evaluate("[a] + [gone]", {"a": 1.0})
    with pytest.raises(FormulaError, match="'gc_km'"):
        evaluate("gc_km * 2", {})


@pytest.mark.parametrize("formula", ["1 / 0", "[a] / ([a] - [a])", "1e308 * 10"])
def test_a_result_that_is_not_finite_is_refused(formula: str) -> None:
    with pytest.raises(FormulaError, match="finite"):
        evaluate(formula, {"a": 7.0})


@pytest.mark.parametrize("formula", ["(" * 400 + "1" + ")" * 400, "1+" * 900 + "1", "1" * 3000])
def test_a_formula_built_to_exhaust_the_parser_is_refused(formula: str) -> None:
    with pytest.raises(FormulaError):
        evaluate(formula, {})


@given(a=FINITE, b=FINITE)
def test_references_are_values(a: float, b: float) -> None:
    assert evaluate("[a] - [b] * 2", {"a": a, "b": b}) == a - b * 2


def test_references_come_once_and_in_order() -> None:
    assert references("[b] + [a] / [b]") == ["b", "a"]


def test_each_value_comes_after_its_inputs() -> None:
    order = derivation_order({"c": "[b] + [x]", "b": "[a] * 2", "a": "[x]"})
    assert order == ["a", "b", "c"]


@given(st.permutations(range(8)))
def test_any_order_of_rows_is_put_right(rows: list[int]) -> None:
    formulas = {f"o{n}": f"[o{n - 1}] + 1" for n in rows}
    assert derivation_order(formulas) == [f"o{n}" for n in range(8)]


def test_a_cycle_is_shown() -> None:
    with pytest.raises(DerivationCycle) as caught:
        derivation_order({"a": "[b]", "b": "[c]", "c": "[a]", "d": "[a]"})
    assert set(caught.value.cycle) == {"a", "b", "c"}
    assert caught.value.cycle[0] == caught.value.cycle[-1]
    assert "<-" in str(caught.value)


def test_a_value_derived_from_itself_is_a_cycle() -> None:
    with pytest.raises(DerivationCycle, match="a <- a"):
        derivation_order({"a": "[a] + 1"})


def table(*rows: tuple[str, float | None, str | None]) -> pl.DataFrame:
    schema = {"id": pl.String, "value": pl.Float64, "formula": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_recomputation_follows_the_chain_and_measures_the_difference() -> None:
    result = recompute(
        table(("a", 2.0, None), ("c", 9.0, "[b] + 1"), ("b", 4.0, "[a] * 3"), ("z", 0.0, "0 * [a]"))
    )
    assert result["id"].to_list() == ["c", "b", "z"]
    assert result["recomputed"].to_list() == [7.0, 6.0, 0.0]
    assert result["relative_difference"].to_list() == pytest.approx([2 / 9, 1 / 3, 0.0])
    assert result["problem"].null_count() == 3


def test_what_cannot_be_recomputed_says_why() -> None:
    result = recompute(
        table(("a", None, None), ("b", 1.0, "[a] + 1"), ("c", 1.0, "[b] + [nowhere]"))
    )
    assert result["recomputed"].to_list() == [None, None]
    assert result["relative_difference"].to_list() == [None, None]
    assert "[a]" in result["problem"][0]
    assert "[b], [nowhere]" in result["problem"][1]


def test_a_table_without_formulas_recomputes_to_nothing() -> None:
    assert recompute(table(("a", 1.0, None))).height == 0


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024-02-03", date(2024, 2, 3), date(2024, 2, 3)),
        ("2024-Q4", date(2024, 10, 1), date(2024, 12, 31)),
        ("2024-H1", date(2024, 1, 1), date(2024, 6, 30)),
        ("2024-01/2024-10", date(2024, 1, 1), date(2024, 10, 31)),
        ("1995/2025-06", date(1995, 1, 1), date(2025, 6, 30)),
        (" 2024 ", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_periods_have_a_first_and_a_last_day(text: str, start: date, end: date) -> None:
    period = parse_period(text)
    assert (period.start, period.end) == (start, end)
    assert str(period) == text.strip()


@pytest.mark.parametrize(
    "text", ["", "24", "2024-13", "2024-02-30", "2024-Q5", "2024/", "/2024", "2024-1", "soon"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (period|day)"):
        parse_period(text)


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        parse_period("2025/2024")


def test_equal_days_are_equal_periods_however_written() -> None:
    assert parse_period("2024") == parse_period("2024-01/2024-12")
    assert parse_period("2024-Q1") < parse_period("2024-H1") < parse_period("2024")
    assert parse_period("2024").contains(parse_period("2024-Q3"))


def test_the_same_part_of_two_years_is_recognised_also_in_leap_years() -> None:
    first, second = parse_period("2023-01/2023-02"), parse_period("2024-01/2024-02")
    assert first.part_of_year == second.part_of_year
    assert parse_period("2023-11/2024-02").part_of_year is None


@given(st.dates(), st.dates())
def test_only_calendar_years_are_full_years(a: date, b: date) -> None:
    start, end = sorted((a, b))
    full = start == date(start.year, 1, 1) and end == date(start.year, 12, 31)
    assert Period(start, end).is_full_year == full
