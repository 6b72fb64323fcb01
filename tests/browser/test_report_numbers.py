"""Numbers in the report are written as the language of the reader writes them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_tools import PHONE, expect, report_data, rows_of, saved

Visiting = Callable[..., Any]
DECIMAL = {"en": "0.2", "ru": "0,2", "az": "0,2", "zh": "0.2"}
BILLION = {"en": "billion USD", "ru": "млрд долл.", "az": "mlrd USD", "zh": "亿美元"}


@pytest.mark.parametrize("language", DECIMAL)
def test_the_marks_of_an_axis(language: str, report: Path, visit_report: Visiting) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/pillars?lang={language}")
        # The last of the page: what moves the ranks, with marks between 0 and 1.
        last = page.locator(".page-pillars figure.chart").nth(4)
        svg = saved(page, last.get_by_role("button", name="SVG"))[1].decode()
        marks = set(re.findall(r">([\d.,]+)</text>", svg))
        assert DECIMAL[language] in marks
        assert {"en": "0,2", "ru": "0.2", "az": "0.2", "zh": "0,2"}[language] not in marks


@pytest.mark.parametrize("language", BILLION)
def test_billions_are_written_in_short(language: str, report: Path, visit_report: Visiting) -> None:
    costs = [row["cost_musd"] or 0.0 for row in rows_of(report_data(report), "measures")]
    assert max(costs) >= 1000.0
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/measures?lang={language}")
        expect(page.locator(".page-measures")).to_contain_text(BILLION[language])


def test_less_than_nothing_has_a_minus_sign(report: Path, visit_report: Visiting) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/simulation?lang=en")
        expect(page.locator(".page-simulation .data-table").first).to_be_visible()
        cells = page.locator(".page-simulation td").all_inner_texts()
        assert [cell for cell in cells if re.search(r"(^|\s)-\d", cell)] == []


@pytest.mark.parametrize("language", ["en", "az"])
def test_shares_of_the_evidence_are_whole_percentages(
    language: str, report: Path, visit_report: Visiting
) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/evidence?lang={language}")
        last = page.locator(".page-evidence figure.chart").nth(1)
        svg = saved(page, last.get_by_role("button", name="SVG"))[1].decode()
        marks = re.findall(r">([\d.,]+%)</text>", svg)
        assert marks == ["0%", "20%", "40%", "60%", "80%", "100%"]


def test_a_legend_of_two_rows_leaves_the_bars_free(report: Path, visit_report: Visiting) -> None:
    with visit_report(viewport=PHONE) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/claims?lang=ru")
        chart = page.locator(".page-claims figure.chart").first
        svg = saved(page, chart.get_by_role("button", name="SVG"))[1].decode()
        placed = re.findall(r'translate\([\d.]+ ([\d.]+)\)"[^>]*>([^<]+)</text>', svg)
        at = {text: float(y) for y, text in placed}
        assert at["Нет данных"] + 10 < at["Политика"]
