"""The report, opened from disk: every page in every language, on a desk and on a phone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_tools import (
    DESKTOP,
    LANGS,
    PAGES,
    PHONE,
    expect,
    layout_faults,
    report_data,
    rows_of,
    settle,
    show,
    visiting,
)

Visiting = Callable[..., Any]
SCREENS = {"desk": DESKTOP, "phone": PHONE}
ALL_PICTURES = "KARVAN_SCREENSHOTS" in os.environ
HEADINGS = """() => [...document.querySelectorAll(
    "h1, h2, h3, thead th, button, summary, legend, label > span, nav a, figcaption > span, .lead"
  )].filter((el) => !el.closest("td, dialog, .route-list")).map((el) => el.textContent.trim())"""


@pytest.fixture(scope="module")
def english(browser: Any, report: Path) -> dict[str, set[str]]:
    """Headings, buttons and labels of every page in English."""
    with visiting(browser, report.as_uri()) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/overview?lang=en")
        found = {}
        for page_id in PAGES:
            show(page, page_id)
            found[page_id] = set(page.evaluate(HEADINGS))
        return found


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("lang", LANGS)
def test_every_page_in_every_language(
    lang: str,
    screen: str,
    visit_report: Visiting,
    report: Path,
    english: dict[str, set[str]],
    screenshots: Path,
) -> None:
    translated = {} if lang == "en" else report_data(report)["texts"][lang]
    layout: list[str] = []
    left: list[str] = []
    with visit_report(viewport=SCREENS[screen]) as visit:
        page = visit.page
        visit.context.set_offline(True)
        page.goto(f"{report.as_uri()}#/overview?lang={lang}")
        expect(page.locator("h1")).to_be_visible()
        ids = page.locator("nav a").evaluate_all("(links) => links.map((a) => a.dataset.page)")
        assert tuple(ids) == PAGES
        for page_id in PAGES:
            title = show(page, page_id)
            assert page.title().startswith(title)
            assert page.locator("html").get_attribute("lang") == lang
            settle(page)
            layout += [f"{page_id}: {fault}" for fault in layout_faults(page)]
            # A text that has a translation but stands there in English was not asked for it.
            same = english[page_id] & set(page.evaluate(HEADINGS))
            left += [f"{page_id}: {x}" for x in same if translated.get(x, x) != x]
            if lang != "en" and title in english[page_id]:
                left.append(f"{page_id}: its title")
            if lang == "en" or ALL_PICTURES:
                path = screenshots / f"report-{page_id}-{lang}-{screen}.png"
                page.screenshot(path=path, full_page=True)
    assert left == []
    assert layout == []
    assert {url.split("#")[0] for url in visit.requests} == {report.as_uri()}


def test_another_language_keeps_the_page(visit_report: Visiting, report: Path) -> None:
    pair = rows_of(report_data(report), "itineraries")[-1]["pair_id"]
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/itineraries?pair={pair}&lang=en")
        choice = page.locator(".page-itineraries select")
        expect(choice).to_have_value(pair)
        titles = {page.locator("h1").inner_text()}
        for lang in ("ru", "az", "zh"):
            page.locator("header select").select_option(lang)
            expect(page.locator("html")).to_have_attribute("lang", lang)
            expect(choice).to_have_value(pair)
            assert f"#/itineraries?pair={pair}&lang={lang}" in page.url
            titles.add(page.locator("h1").inner_text())
        assert len(titles) == 4
        page.go_back()
        expect(page.locator("html")).to_have_attribute("lang", "az")


def test_a_report_opens_in_the_language_it_was_written_in(
    visit_report: Visiting, report: Path
) -> None:
    with visit_report(locale="zh-CN") as visit:
        visit.page.goto(f"{report.as_uri()}#/overview")
        expect(visit.page.locator("html")).to_have_attribute("lang", "en")


def test_dark_and_light(visit_report: Visiting, report: Path, screenshots: Path) -> None:
    ground = "() => getComputedStyle(document.documentElement).backgroundColor"
    with visit_report(color_scheme="dark") as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/map?lang=en")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        dark = page.evaluate(ground)
        for page_id in PAGES:
            show(page, page_id)
            page.screenshot(path=screenshots / f"report-{page_id}-en-dark.png", full_page=True)
        page.get_by_role("button", name="Light colours").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        expect(page.get_by_role("button", name="Dark colours")).to_be_visible()
        assert page.evaluate(ground) != dark
        expect(page.locator("h1")).to_have_text("Method and limits")


def test_the_keyboard_is_enough(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/overview?lang=en")
        expect(page.locator("h1")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        link = page.locator('nav a[data-page="itineraries"]')
        for _ in range(20):
            page.keyboard.press("Tab")
            if link.evaluate("(el) => el === document.activeElement"):
                break
        expect(link).to_be_focused()
        # Whoever uses the keyboard sees where they are.
        assert link.evaluate("(el) => getComputedStyle(el).outlineStyle") != "none"
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_be_focused()
        expect(page.locator("h1")).to_have_text("Itineraries")


def test_print_all_shows_every_page(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        page.add_init_script("window.print = () => { window.__printed = true; };")
        page.goto(f"{report.as_uri()}#/validation?lang=ru")
        title = page.locator("h1").inner_text()
        page.locator("header .switches button").last.click()
        page.wait_for_function("() => window.__printed")
        sections = page.locator("section.print-page")
        expect(sections).to_have_count(len(PAGES))
        for i in range(len(PAGES)):
            expect(sections.nth(i).locator("h1")).to_be_visible()
            assert sections.nth(i).locator(".page > *").count() > 0
        pdf = page.pdf(format="A4")
        assert pdf.startswith(b"%PDF")
        assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= len(PAGES)
        page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
        expect(page.locator("section.print-page")).to_have_count(0)
        expect(page.locator("h1")).to_have_text(title)


def test_names_with_markup_stay_text(browser: Any, hostile_report: Path) -> None:
    with visiting(browser, hostile_report.as_uri()) as visit:
        page = visit.page
        page.goto(f"{hostile_report.as_uri()}#/overview?lang=en")
        shown = ""
        for page_id in PAGES:
            show(page, page_id)
            settle(page)
            shown += page.locator("main").inner_text()
        assert "<img src=x onerror=" in shown
        assert page.locator("img").count() == 0
        assert page.evaluate("() => window.__hacked") is None
