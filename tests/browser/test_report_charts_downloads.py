"""The report's map, charts, tables and dialogs, and the files that they save."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_tools import (
    PHONE,
    csv_rows,
    expect,
    ink,
    report_data,
    rows_of,
    saved,
    settle,
    show,
    visiting,
)

Visiting = Callable[..., Any]
STEP_PX = 24


@pytest.fixture(scope="module")
def document(report: Path) -> dict[str, Any]:
    return report_data(report)


def point_at_something(page: Any) -> tuple[float, float]:
    """Move the pointer over the map until facts appear; return where."""
    box = page.locator("canvas.map-top").bounding_box()
    card = page.locator(".map-card")
    for row in range(2, int(box["height"] / STEP_PX) - 1):
        for column in range(2, int(box["width"] / STEP_PX) - 1):
            x, y = box["x"] + column * STEP_PX, box["y"] + row * STEP_PX
            page.mouse.move(x, y)
            if card.is_visible():
                return x, y
    pytest.fail("nothing on the map has facts")


def open_map(page: Any, report: Path, more: str = "") -> None:
    page.goto(f"{report.as_uri()}#/map?lang=en{more}")
    page.locator("canvas.map-top").scroll_into_view_if_needed()
    settle(page)


def test_the_map_shows_facts_under_the_pointer(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        open_map(page, report)
        card = page.locator(".map-card")
        expect(card).to_be_hidden()
        x, y = point_at_something(page)
        expect(card.locator("dt").first).to_be_visible()
        title = card.locator(".map-card-title").inner_text()
        assert title
        page.mouse.click(x, y)
        expect(card).to_have_class(re.compile("pinned"))
        card.get_by_role("button", name="All facts").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator("dt").first).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        card.get_by_role("button", name="Close").click()
        expect(card).to_be_hidden()


def test_the_map_shows_facts_to_a_finger(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        open_map(visit.page, report, "&pair=none")
        box = visit.page.locator("canvas.map-top").bounding_box()
        x, y = point_at_something(visit.page)
        # Where it is on a map of this size, counted from the corner of the map.
        x, y = x - box["x"], y - box["y"]
    with visit_report(has_touch=True) as visit:
        page = visit.page
        open_map(page, report, "&pair=none")
        box = page.locator("canvas.map-top").bounding_box()
        page.touchscreen.tap(box["x"] + x, box["y"] + y)
        expect(page.locator(".map-card.pinned dt").first).to_be_visible()


def test_the_map_can_be_walked_with_the_keyboard(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        open_map(page, report)
        title = page.locator(".map-card-title")
        page.locator("canvas.map-top").focus()
        page.keyboard.press("ArrowRight")
        expect(title).to_be_visible()
        first = title.inner_text()
        page.keyboard.press("ArrowLeft")
        expect(title).not_to_have_text(first)
        page.keyboard.press("Enter")
        expect(page.locator(".map-card.pinned button").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator(".map-card")).to_be_hidden()
        expect(page.locator("canvas.map-top")).to_be_focused()


def test_another_pair_has_its_own_waterfall(
    visit_report: Visiting, report: Path, document: dict[str, Any]
) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/itineraries?lang=en")
        choice = page.locator(".page-itineraries select")
        before = page.locator("figure.chart figcaption > span").inner_text()
        pairs = choice.locator("option").evaluate_all("(all) => all.map((o) => o.value)")
        choice.select_option(pairs[-1])
        expect(page.locator("figure.chart figcaption > span")).not_to_have_text(before)
        legs = [
            leg
            for leg in rows_of(document, "legs")
            if leg["pair_id"] == pairs[-1] and leg["rank"] == 1
        ]
        said = page.locator("figure.chart .chart-canvas").get_attribute("aria-label")
        assert all(f"{leg['leg']}. " in said for leg in legs)
        name, data = saved(page, page.locator("figure.chart").get_by_role("button", name="CSV"))
        assert name.endswith(".csv")
        read = csv_rows(data)
        assert [float(row["move_h"]) for row in read] == [leg["move_h"] for leg in legs]
        page.get_by_role("button", name="Show itinerary 2").click()
        expect(page.locator("h2").first).to_contain_text("Itinerary 2")


def test_numbers_lead_to_their_sources(
    visit_report: Visiting, report: Path, document: dict[str, Any]
) -> None:
    known = {row["id"]: row for row in rows_of(document, "input_sources")}
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/itineraries?lang=en")
        page.locator("td button", has_text="Sources:").first.click()
        dialog = page.get_by_role("dialog", name="Sources")
        cited = dialog.locator("li code").all_inner_texts()
        assert cited
        assert set(cited) <= set(known)
        text = dialog.inner_text()
        assert all(known[one]["title"] in text for one in cited)
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)
        # And from a leg to the row of its service.
        service = page.locator('td button[aria-haspopup="dialog"].link').first
        service.click()
        expect(page.get_by_role("dialog")).to_be_visible()


def test_tables_sort_filter_and_save(
    visit_report: Visiting, report: Path, document: dict[str, Any]
) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/map?lang=en")
        table = page.locator(".data-table", has=page.get_by_label("Filter: Links of the network"))
        table.get_by_label("Filter: Links of the network").fill("ferry")
        wanted = [row for row in rows_of(document, "input_links") if row["mode"] == "ferry"]
        heads = table.locator("thead th").all_inner_texts()
        km = next(i for i, head in enumerate(heads) if head.startswith("km"))
        sort = table.locator("thead th").nth(km).get_by_role("button")
        for state in ("ascending", "descending"):
            sort.click()
            expect(table.locator("thead th").nth(km)).to_have_attribute("aria-sort", state)
        name, data = saved(page, table.get_by_role("button", name="CSV"))
        assert name == "links.csv"
        read = csv_rows(data)
        assert {row["id"] for row in wanted} <= {row["id"] for row in read}
        assert all("ferry" in " ".join(row.values()).lower() for row in read)
        lengths = [float(row["length_km"]) for row in read]
        assert lengths == sorted(lengths, reverse=True)
        shown = table.locator("tbody tr").first.locator("td").nth(km).inner_text()
        assert shown == f"{lengths[0]:,.0f}"
        table.get_by_label("Filter: Links of the network").fill("no such link anywhere")
        expect(table.locator("tbody")).to_have_text("No rows.")


@pytest.mark.parametrize("page_id", ["overview", "itineraries", "alternatives", "evidence"])
def test_charts_are_saved_as_pictures(page_id: str, visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/{page_id}?lang=zh")
        figure = page.locator("figure.chart").first
        check_pictures(visit, figure.get_by_role("button", name="PNG"), "png")
        check_pictures(visit, figure.get_by_role("button", name="SVG"), "svg")


def test_the_map_is_saved_as_pictures(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        open_map(visit.page, report)
        for form in ("PNG", "SVG"):
            check_pictures(
                visit, visit.page.locator(".map-save").get_by_text(form, exact=True), form.lower()
            )


def check_pictures(visit: Any, button: Any, form: str) -> None:
    name, data = saved(visit.page, button)
    assert name.endswith(f".{form}")
    if form == "png":
        assert ink(visit.context, data) > 0.01
        return
    root = ET.fromstring(data)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    drawn = [e for e in root.iter() if e.tag.endswith(("}path", "}line", "}text", "}polyline"))]
    assert len(drawn) > 10
    assert not [e for e in root.iter() if e.tag.endswith("}script")]


def test_hostile_names_are_safe_in_files_and_on_the_map(browser: Any, hostile_report: Path) -> None:
    with visiting(browser, hostile_report.as_uri()) as visit:
        page = visit.page
        open_map(page, hostile_report)
        page.locator("canvas.map-top").focus()
        titles = set()
        for key in ("ArrowRight", "ArrowUp", "ArrowRight", "ArrowRight", "ArrowLeft"):
            page.keyboard.press(key)
            titles.add(page.locator(".map-card-title").inner_text())
        assert any(title.startswith("<img") for title in titles)
        table = page.locator(".data-table", has=page.get_by_label("Filter: Links of the network"))
        _, data = saved(page, table.get_by_role("button", name="CSV"))
        places = {row[side] for row in csv_rows(data) for side in ("from", "to")}
        assert "'=cmd" in places
        assert "=cmd" not in places
        _, svg = saved(page, page.locator(".map-save").get_by_text("SVG", exact=True))
        assert not [e for e in ET.fromstring(svg).iter() if e.tag.endswith(("}img", "}script"))]
        show(page, "itineraries")
        _, chart = saved(page, page.locator("figure.chart").get_by_role("button", name="SVG"))
        assert b"&lt;img src=x" in chart
        page.locator("figure.chart .chart-canvas").hover(position={"x": 500, "y": 80})
        assert page.locator("img").count() == 0
        assert page.evaluate("() => window.__hacked") is None


def test_a_phone_shows_facts_without_leaving_the_screen(
    visit_report: Visiting, report: Path
) -> None:
    with visit_report(viewport=PHONE) as visit:
        page = visit.page
        open_map(page, report, "&pair=none")
        point_at_something(page)
        box = page.locator(".map-card").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
