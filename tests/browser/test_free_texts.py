"""Free texts of the case on the pages: in the reader's language, else marked as English."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_tools import RUN_MS, expect, report_data, rows_of, settle, visiting

Visiting = Callable[..., Any]
TRANSLATED = ("ru", "az", "zh")
READING = ("claims", "measures", "events", "evidence", "validation", "alternatives", "sources")
MEASURE = "khizi-absheron-wind"


UNFOLD = """() => document.querySelectorAll("main tbody button[aria-expanded=false]")
    .forEach((button) => button.click())"""


@pytest.fixture(scope="module")
def data(report: Path) -> dict[str, Any]:
    return report_data(report)


def translations(data: dict[str, Any], lang: str) -> dict[str, str]:
    rows = rows_of(data, "texts")
    return {row["text"]: row["translation"] for row in rows if row["language"] == lang}


@pytest.mark.parametrize("lang", TRANSLATED)
def test_no_page_shows_an_english_sentence(
    lang: str, visit_report: Visiting, report: Path, data: dict[str, Any]
) -> None:
    texts = translations(data, lang)
    with visit_report() as visit:
        page = visit.page
        for page_id in READING:
            page.goto(f"{report.as_uri()}#/{page_id}?lang={lang}")
            expect(page.locator(f".page-{page_id}")).to_be_visible()
            page.evaluate(UNFOLD)
            settle(page)
            english = page.locator("main [lang=en]").all_inner_texts()
            # Licences and dates of sources may have nothing to translate.
            assert [text for text in english if text != "CC BY 4.0"] == [], page_id
        page.goto(f"{report.as_uri()}#/claims?lang={lang}")
        expect(page.locator(".page-claims")).to_be_visible()
        page.evaluate(UNFOLD)
        said = page.locator("main").inner_text()
        readings = [row["reading"] for row in rows_of(data, "input_claims")]
        assert [text for text in readings if texts[text] not in said] == []


def test_a_sentence_without_translation_is_marked_as_english(
    visit_report: Visiting, report: Path, data: dict[str, Any]
) -> None:
    texts = translations(data, "ru")
    row = next(
        row
        for row in rows_of(data, "input_observations")
        if row["note"] and row["note"] not in texts and row["definition"] is None
    )
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/evidence?series={row['series_id']}&lang=ru")
        expect(page.locator(".page-evidence")).to_be_visible()
        page.evaluate(UNFOLD)
        page.get_by_role("button", name=row["id"], exact=True).click()
        english = page.locator("dialog dd [lang=en]")
        expect(english).to_have_text(row["note"])
        page.keyboard.press("Escape")
        page.goto(f"{report.as_uri()}#/evidence?series={row['series_id']}&lang=en")
        expect(page.locator(".page-evidence")).to_be_visible()
        page.evaluate(UNFOLD)
        page.get_by_role("button", name=row["id"], exact=True).click()
        expect(page.locator("dialog dd", has_text=row["note"])).to_have_count(1)
        expect(page.locator("dialog dd [lang=en]")).to_have_count(0)


@pytest.mark.parametrize("lang", TRANSLATED)
def test_chosen_numbers_say_why_in_the_language(
    lang: str, visit_report: Visiting, report: Path, data: dict[str, Any]
) -> None:
    texts = set(translations(data, lang).values())
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/itineraries?lang={lang}")
        page.locator(".page-itineraries details summary").first.click()
        rows = page.locator(".page-itineraries details").first.locator("tbody tr")
        why = rows.locator("td:last-child").all_inner_texts()
        assert why
        assert [text for text in why if text not in texts] == []
        assert rows.locator(".mark").count() == rows.count()
        rows.first.locator("button").click()
        expect(page.locator("dialog[open] dl.row")).to_be_visible()


def test_a_table_is_filtered_by_what_it_shows(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/events?lang=ru")
        page.locator(".page-events input[type=search]").fill("железнодорожная связь с Турцией")
        expect(page.locator(".page-events tbody tr")).to_have_count(1)


def test_the_app_names_authorities_in_the_language(browser: Any, server: Any) -> None:
    with visiting(browser, server.address) as visit:
        page = visit.page
        page.goto(f"{server.address}#/overview?scenario=base-2025&lang=ru")
        expect(page.locator(".app-card-value").first).to_be_visible(timeout=RUN_MS)
        page.locator("input[type=search]").first.fill(MEASURE)
        about = page.locator("li.app-measure:visible details.app-measure-about")
        about.locator("summary").click()
        expect(about).to_contain_text("ACWA Power (Саудовская Аравия)")
        expect(about.locator("[lang=en]")).to_have_count(0)
