"""The page of the five pillars: scores with coverage, visible holes, cells that lead to sources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_tools import LANGS, PHONE, expect, report_data, rows_of

Visiting = Callable[..., Any]
NAMES = {"en": "name_en", "ru": "name_ru", "az": "name_az", "zh": "name_zh"}


@pytest.mark.parametrize("language", LANGS)
def test_scores_stand_beside_their_coverage_and_holes_are_empty(
    language: str, report: Path, visit_report: Visiting
) -> None:
    data = report_data(report)
    cells = rows_of(data, "score_cells")
    units = rows_of(data, "input_units")
    with visit_report(viewport=PHONE) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/pillars?lang={language}")
        heat = page.locator("table.heat")
        expect(heat.locator("th.pair")).to_have_text([row[NAMES[language]] for row in units])
        expect(heat.locator("td.hole")).to_have_count(sum(c["value"] is None for c in cells))
        expect(heat.locator("td button")).to_have_count(sum(c["value"] is not None for c in cells))
        pillars = [r for r in rows_of(data, "scores") if r["level"] == "pillar"]
        expect(heat.locator("td.no-score")).to_have_count(
            sum(row["score"] is None for row in pillars)
        )
        expect(heat.locator(".heat-coverage").first).to_have_text(
            f"{pillars[0]['known']}/{pillars[0]['indicators']}"
        )


def test_a_cell_leads_to_its_value_and_its_source(report: Path, visit_report: Visiting) -> None:
    data = report_data(report)
    known = [c for c in rows_of(data, "score_cells") if c["status"] == "imputed"]
    first = known[0]
    sources = {row["id"]: row for row in rows_of(data, "input_sources")}
    cited = sources[first["source_id"].split(";")[0]]
    indicators = {row["id"]: row["name_en"] for row in rows_of(data, "input_indicators")}
    units = {row["id"]: row["name_en"] for row in rows_of(data, "input_units")}
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/pillars?lang=en")
        name = f"{units[first['unit_id']]}, {indicators[first['indicator_id']]}"
        page.locator(f'table.heat button[aria-label^="{name}: "]').click()
        dialog = page.locator("dialog")
        expect(dialog).to_contain_text(str(first["value_year"]))
        expect(dialog).to_contain_text("carried on")
        expect(dialog.locator(".sources")).to_contain_text(cited["title"])


def test_another_pair_can_be_chosen_and_is_in_the_address(
    report: Path, visit_report: Visiting
) -> None:
    last = rows_of(report_data(report), "input_units")[-1]
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/pillars?lang=en")
        page.get_by_label("Pair of countries").select_option(last["id"])
        expect(page.locator("figure.chart").first).to_contain_text(last["name_en"])
        assert f"unit={last['id']}" in page.url
