"""What a reader of the report relies on: tables that fit, time to scale, choices, paper."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from browser_tools import (
    LANGS,
    PAGES,
    PHONE,
    csv_rows,
    expect,
    report_data,
    rows_of,
    saved,
    settle,
    show,
)

Visiting = Callable[..., Any]
NARROW_DESK = {"width": 1280, "height": 900}
WIDER_THAN_PLACE = """() => [...document.querySelectorAll(".table-scroll")]
  .filter((el) => el.scrollWidth > el.clientWidth + 1 && !el.classList.contains("scrolls"))
  .map((el) => el.getAttribute("aria-label"))"""
SCROLLING = """() => [...document.querySelectorAll(".table-scroll.scrolls")]
  .map((el) => el.getAttribute("aria-label"))"""
SVG = "{http://www.w3.org/2000/svg}"
TRADE = "trade.turnover.aze-chn"
TEXT_ENDS = """(texts) => {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `12px ${getComputedStyle(document.documentElement).fontFamily}`;
  return texts.map(([text, x]) => x + pen.measureText(text).width);
}"""
CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
PX = 1.5
"""Drawings are rounded to pixels."""
MOST_PRINTED = 200
PAGE_ROWS = 25
VIEW_STEP = 0.03
"""An address holds two decimals; zooming out makes the rounding half as large again."""
HAN_AND_LATIN_SIGN = re.compile(r"[\u4e00-\u9fff）][,;:(]|[,;:)] ?[\u4e00-\u9fff]")


def table(page: Any, caption: str) -> Any:
    return page.locator(".data-table", has=page.get_by_role("region", name=caption))


def drawing(page: Any) -> ET.Element:
    """The first chart of the page as it is saved."""
    figure = page.locator("figure.chart").first
    return ET.fromstring(saved(page, figure.get_by_role("button", name="SVG"))[1])


def texts(svg: ET.Element) -> list[tuple[str, float, float]]:
    """Texts of a drawing with their places."""
    found = []
    for element in svg.iter(f"{SVG}text"):
        moved = re.match(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)", element.get("transform", ""))
        x, y = (moved[1], moved[2]) if moved else (element.get("x", "0"), element.get("y", "0"))
        found.append(("".join(element.itertext()), float(x), float(y)))
    return found


def lines(svg: ET.Element, width: str) -> list[list[tuple[float, float]]]:
    """Lines of one width, as points; a gap begins a new one."""
    paths = [p.get("d", "") for p in svg.iter(f"{SVG}path") if p.get("stroke-width") == width]
    pieces = [piece for path in paths for piece in path.split("M") if piece]
    return [
        [(float(x), float(y)) for x, y in re.findall(r"([-\d.]+)[ ,]([-\d.]+)", piece)]
        for piece in pieces
    ]


# Tables


@pytest.mark.parametrize("lang", LANGS)
def test_no_table_is_wider_than_a_desk(lang: str, visit_report: Visiting, report: Path) -> None:
    wide = []
    with visit_report(viewport=NARROW_DESK) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/overview?lang={lang}")
        for page_id in PAGES:
            show(page, page_id)
            settle(page)
            wide += [f"{page_id}: {x}" for x in page.evaluate(SCROLLING)]
            wide += [f"{page_id}: {x}" for x in page.evaluate(WIDER_THAN_PLACE)]
    assert wide == []


@pytest.mark.parametrize("lang", LANGS)
def test_what_a_phone_has_to_scroll_says_so(
    lang: str, visit_report: Visiting, report: Path
) -> None:
    with visit_report(viewport=PHONE) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/overview?lang={lang}")
        for page_id in PAGES:
            show(page, page_id)
            settle(page)
            assert page.evaluate(WIDER_THAN_PLACE) == []
            for one in page.locator(".data-table:has(.scrolls)").all():
                expect(one.locator(".sideways")).to_be_visible()


def test_columns_without_room_are_in_the_fold_out(visit_report: Visiting, report: Path) -> None:
    """Nothing is lost on a phone: headings and fold-out together are the columns of a desk."""
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/itineraries?lang=en")
        legs = table(page, "The legs")
        settle(page)
        expect(legs.locator("tbody tr").first).to_be_visible()

        def names() -> list[str]:
            heads = legs.locator("thead th").all_inner_texts()
            if legs.locator("button.unfold").count():
                legs.locator("button.unfold").first.click()
                heads += legs.locator("tr.more").first.locator("dt").all_inner_texts()
            return sorted(head.strip() for head in heads)

        on_a_desk = names()
        page.set_viewport_size(PHONE)
        expect(legs.locator("thead th")).not_to_have_count(len(on_a_desk))
        assert legs.locator("thead th").count() < len(on_a_desk)
        assert names() == on_a_desk


def test_claims_are_chosen_and_unfold(visit_report: Visiting, report: Path) -> None:
    claims = rows_of(report_data(report), "claims")
    against = [row for row in claims if row["verdict"] == "contradicted"]
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/overview?lang=en")
        page.get_by_role("button", name=f"contradicted: {len(against)}").click()
        expect(page.locator("h1")).to_have_text("Claims")
        ledger = table(page, "Ledger")
        rows = ledger.locator("tbody tr.unfolds")
        expect(rows).to_have_count(len(against))
        rows.first.locator("button.unfold").click()
        more = ledger.locator("tr.more").first
        expect(more).to_be_visible()
        expect(more).to_contain_text(against[0]["why_en"])
        ledger.get_by_label("Verdict").select_option("supported")
        expect(rows).to_have_count(sum(row["verdict"] == "supported" for row in claims))
        _, data = saved(page, ledger.get_by_role("button", name="CSV"))
        assert {row["verdict"] for row in csv_rows(data)} == {"supported"}
        ledger.get_by_label("Verdict").select_option("")
        ledger.get_by_role("button", name="Unfold all").click()
        expect(ledger.locator("tr.more:visible")).to_have_count(len(claims))


def test_measures_are_chosen_by_pillar_and_state(visit_report: Visiting, report: Path) -> None:
    measures = rows_of(report_data(report), "measures")
    wanted = [m for m in measures if m["pillar"] == "trade" and m["state"] == "done"]
    assert 0 < len(wanted) < len(measures)
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/measures?lang=en")
        all_measures = table(page, "All measures")
        all_measures.get_by_label("Pillar").select_option("trade")
        all_measures.get_by_label("State").select_option("done")
        rows = all_measures.locator("tbody tr.unfolds")
        expect(rows).to_have_count(len(wanted))
        rows.first.click()
        expect(all_measures.locator("tr.more").first).to_contain_text(wanted[0]["summary_en"])


# What was typed and chosen


def test_filters_stay_in_other_colours_and_languages(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/claims?lang=en")
        box = page.locator(".data-table input[type=search]")
        box.fill("c1")
        page.locator(".table-tools").get_by_label("Pillar").select_option("trade")
        rows = page.locator("tbody tr.unfolds")
        count = rows.count()
        assert 0 < count < len(rows_of(report_data(report), "claims"))
        page.get_by_role("button", name="Dark colours").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(box).to_have_value("c1")
        expect(rows).to_have_count(count)
        page.locator("header select").focus()
        page.locator("header select").select_option("zh")
        expect(page.locator("html")).to_have_attribute("lang", "zh")
        expect(box).to_have_value("c1")
        expect(page.locator(".data-table select").nth(1)).to_have_value("trade")
        expect(rows).to_have_count(count)
        expect(page.locator("header select")).to_be_focused()
        show(page, "evidence")
        page.locator(".reading-tools input").fill("zzz")
        page.locator("header .switches > button").first.click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        expect(page.locator(".reading-tools input")).to_have_value("zzz")


def test_the_menu_closes_when_the_shown_page_is_chosen(
    visit_report: Visiting, report: Path
) -> None:
    with visit_report(viewport=PHONE) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/events?lang=en")
        menu = page.locator(".menu-button")
        menu.click()
        here = page.locator('nav a[data-page="events"]')
        expect(here).to_be_visible()
        here.click()
        expect(here).to_be_hidden()
        expect(menu).to_have_attribute("aria-expanded", "false")


# Paper


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_paper_gets_the_rows_of_all_pages(
    colours: str, visit_report: Visiting, report: Path
) -> None:
    document = report_data(report)
    sources = len(rows_of(document, "input_sources"))
    links = len(rows_of(document, "input_links"))
    with visit_report(color_scheme=colours) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/map?lang=en")
        rows = table(page, "Links of the network").locator("tbody tr:not(.more)")
        expect(rows).to_have_count(10)
        page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
        expect(rows).to_have_count(links)
        page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
        expect(rows).to_have_count(10)
        show(page, "sources")
        page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
        expect(page.locator("tbody tr:not(.more)")).to_have_count(MOST_PRINTED)
        foot = page.locator(".table-foot")
        expect(foot).to_contain_text(f"Rows 1–{MOST_PRINTED} of {sources}")
        expect(foot).to_contain_text("CSV file")


def test_paper_says_by_what_the_rows_were_chosen(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/claims?lang=en&verdict=contradicted")
        rows = page.locator("tbody tr.unfolds")
        expect(rows).not_to_have_count(0)
        count = rows.count()
        page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
        expect(page.locator(".table-foot")).to_contain_text("chosen: contradicted")
        # Paper cannot be unfolded.
        expect(page.locator("tr.more:visible")).to_have_count(count)


def test_all_pages_together_stay_short_and_say_what_they_leave_out(
    visit_report: Visiting, report: Path
) -> None:
    data = report_data(report)
    measures, claims = (len(rows_of(data, name)) for name in ("measures", "claims"))
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/claims?lang=en")
        page.evaluate("() => { window.print = () => undefined; }")
        page.locator("button.unfold").first.click()
        page.get_by_role("button", name="Print all").click()
        ledger = page.locator(".print-page", has=page.locator(".page-claims"))
        expect(ledger.locator("tr.unfolds")).to_have_count(claims)
        expect(ledger.locator("tr.more:visible")).to_have_count(1)
        for name in ("claims", "measures"):
            foot = page.locator(f".page-{name} .table-foot").last
            expect(foot).to_contain_text("printed when this page is printed alone")
        expect(page.locator(".page-measures tr.unfolds")).to_have_count(measures)
        documents = page.locator(".page-sources")
        expect(documents.locator("tr.unfolds")).to_have_count(PAGE_ROWS)
        expect(documents.locator(".table-foot")).to_contain_text("CSV file hold all rows")


# Drawings


@pytest.mark.parametrize("size", [NARROW_DESK, PHONE], ids=["desk", "phone"])
def test_parts_of_a_series_stand_below_each_other_with_their_names(
    size: dict[str, int], visit_report: Visiting, report: Path
) -> None:
    with visit_report(viewport=size) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/evidence?lang=en&series=rail.length")
        written = texts(drawing(page))
        rows = [(text, y) for text, x, y in written if "→" in text]
        assert len(rows) >= 10
        heights = [y for _, y in rows]
        assert heights == sorted(set(heights))
        assert [text for text, _ in rows] == sorted((text for text, _ in rows), key=str.casefold)
        assert not [text for text, _ in rows if text[0].islower() or re.search(r"→ [a-z]", text)]


def test_a_link_shows_the_same_part_of_the_world(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/map?lang=en")
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_url("**view=*")
        link = page.url
        middle = re.search(r"view=([^&]+)", link)
        assert middle
        other = visit.new_page()
        other.goto(link)
        other.get_by_role("button", name="Zoom out").click()
        # Out again from there is where the first reader came from.
        other.wait_for_function("(was) => !location.hash.includes(was)", arg=middle[1])
        page.get_by_role("button", name="Zoom out").click()
        page.wait_for_function("(was) => !location.hash.includes(was)", arg=middle[1])
        assert view_of(other.url) == pytest.approx(view_of(page.url), abs=VIEW_STEP)
        page.get_by_role("button", name="Reset the view").click()
        page.wait_for_function("() => !location.hash.includes('view=')")


def view_of(url: str) -> list[float]:
    """Latitude, longitude and degrees across that an address names."""
    found = re.search(r"view=([^&]+)", url)
    assert found
    return [float(number) for number in unquote(found[1]).split(",")]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_years_are_drawn_to_scale(lang: str, visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/evidence?lang={lang}&series={TRADE}")
        svg = drawing(page)
        years = sorted((int(text), x) for text, x, _ in texts(svg) if re.fullmatch(r"\d{4}", text))
        assert len(years) >= 5
        assert years[0][0] == 1992
        steps = [(x2 - x1) / (y2 - y1) for (y1, x1), (y2, x2) in pairwise(years)]
        assert max(steps) - min(steps) < PX
        assert not [text for text, _, _ in texts(svg) if text.endswith("…")]


def test_lines_join_years_that_follow_each_other_and_nothing_else(
    visit_report: Visiting, report: Path
) -> None:
    used = [
        row
        for row in rows_of(report_data(report), "input_observations")
        if row["series_id"] == TRADE and row["used"] and row["value"] is not None
    ]
    whole = {(row["side"], int(row["period"])) for row in used if len(row["period"]) == 4}
    follow = sum((side, year + 1) in whole for side, year in whole)
    assert follow > 3
    assert len(whole) < len(used)
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/evidence?lang=en&series={TRADE}")
        svg = drawing(page)
        years = sorted((int(text), x) for text, x, _ in texts(svg) if re.fullmatch(r"\d{4}", text))
        px_a_year = (years[-1][1] - years[0][1]) / (years[-1][0] - years[0][0])
        steps = [
            x2 - x1
            for line in lines(svg, "1.5")
            for (x1, _), (x2, _) in pairwise(line)
            if x2 - x1 > PX
        ]
        assert len(steps) == follow
        assert all(abs(step - px_a_year) < PX for step in steps)
        expect(page.locator(".signs")).to_contain_text("another time than one year")


def test_a_phone_shows_whole_names_of_facts(visit_report: Visiting, report: Path) -> None:
    document = report_data(report)
    names = {row["id"]: row["name_ru"] for row in rows_of(document, "input_validation")}
    held_out = [
        names[row["id"]]
        for row in rows_of(document, "validation")
        if row["role"] == "held_out" and row["modelled"] is not None
    ]
    with visit_report(viewport=PHONE) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/validation?lang=ru")
        svg = drawing(page)
        found = texts(svg)[1:]  # the title first, which is set smaller where it is long
        ends = page.evaluate(
            TEXT_ENDS, [[text, x] for text, x, _ in found if CYRILLIC.search(text)]
        )
        assert max(ends) <= float(svg.get("width", "0"))
        shown = "".join(text for text, _, _ in found)
        squeezed = re.sub(r"\s", "", shown)
        assert [name for name in held_out if re.sub(r"\s", "", name) not in squeezed] == []


def test_numbers_of_alternatives_keep_apart(visit_report: Visiting, report: Path) -> None:
    with visit_report(viewport=PHONE) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/alternatives?lang=en")
        found = {text: (x, y) for text, x, y in texts(drawing(page)) if re.fullmatch(r"\d", text)}
        assert len(found) >= 3
        places = list(found.values())
        for i, (x1, y1) in enumerate(places):
            assert all(abs(x1 - x2) > 9 or abs(y1 - y2) > 12 for x2, y2 in places[i + 1 :])


# Signs


def test_chinese_has_its_own_signs(visit_report: Visiting, report: Path) -> None:
    """No English comma, colon or bracket beside a Chinese character."""
    said = """() => [
      document.querySelector("main").innerText,
      ...[...document.querySelectorAll("main [aria-label]")].map((el) => el.ariaLabel),
      ...[...document.querySelectorAll("main option")].map((el) => el.textContent),
    ].join("\\n").split("\\n")"""
    wrong = []
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/overview?lang=zh")
        for page_id in PAGES:
            show(page, page_id)
            settle(page)
            wrong += [x for x in page.evaluate(said) if HAN_AND_LATIN_SIGN.search(x)]
    assert wrong == []
