"""Flows in the app: cards, comparison, what the map says of a link, the page of flows, phones."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from browser_tools import LANGS, PHONE, RUN_MS, csv_rows, expect, layout_faults, saved, settle

Visiting = Callable[..., Any]
SCENARIO, LATER = "base-2024", "base-2025"
SVG = "{http://www.w3.org/2000/svg}"
COUNTRY = {"en": "Azerbaijan", "ru": "Азербайджан", "az": "Azərbaycan", "zh": "阿塞拜疆"}
MONEY = {
    "en": r"\d (million|billion) USD",
    "ru": r"\d\s(млн|млрд) долл\.",
    "az": r"\d mln USD",
    "zh": r"\d[万亿]美元",
}
AMOUNT = {
    "en": r"([\d.]+) (million) USD a year",
    "ru": r"([\d,]+)\s(млн) долл\. в год",
    "az": r"ildə ([\d,]+) (mln) USD",
    "zh": r"每年([\d.]+)(万)美元",
}
# A box that cuts off its contents, or lets them run over its edge; what scrolls says so by itself.
BOXES = """() => [...document.querySelectorAll("#karvan *")]
  .filter((el) => el.checkVisibility() && el.clientWidth > 1 &&
    !el.closest("svg, canvas, select") &&
    el.scrollWidth > el.clientWidth + 2 &&
    !["auto", "scroll"].includes(getComputedStyle(el).overflowX) &&
    getComputedStyle(el).display !== "inline" && getComputedStyle(el).clipPath === "none")
  .map((el) => `${el.tagName}.${el.className} + ${el.scrollWidth - el.clientWidth} px: ` +
    el.textContent.trim().slice(0, 60))"""


def open_page(visit: Any, address: str, page_id: str, lang: str = "en", more: str = "") -> Any:
    page = visit.page
    page.goto(f"{address}#/{page_id}?scenario={SCENARIO}&lang={lang}{more}")
    expect(page.locator(".app-flows .app-card")).to_have_count(3, timeout=RUN_MS)
    expect(page.locator(f".page-{page_id} > *").first).to_be_attached(timeout=RUN_MS)
    return page


@pytest.fixture(scope="module")
def tables(browser: Any, server: Any) -> Callable[[str, str], pl.DataFrame]:
    """Function that gives a table of a scenario as the API sends it."""
    context = browser.new_context()
    api = f"{server.address}api/v1"

    def run_of(scenario: str) -> str:
        asked = {"scenario": scenario, "measures": []}
        answer = context.request.post(f"{api}/runs", data=asked).json()
        context.request.get(f"{api}/runs/{answer['id']}/events", timeout=RUN_MS)
        return str(answer["id"])

    def table(scenario: str, name: str) -> pl.DataFrame:
        path = f"{api}/runs/{run_of(scenario)}/tables/{name}?format=parquet"
        return pl.read_parquet(io.BytesIO(context.request.get(path).body()))

    return table


def amount_of(text: str, lang: str) -> float:
    """Return the dollars of an amount in millions as the language writes them."""
    number, word = re.fullmatch(AMOUNT[lang], text).groups()  # type: ignore[union-attr]
    return float(number.replace(",", ".")) * (1e4 if word == "万" else 1e6)


def carried(tables: Any, scenario: str) -> tuple[str, float]:
    """Id of the main alternative, and the TEU in containers that it carries."""
    main = tables(scenario, "input_alternatives").filter(pl.col("main"))["id"][0]
    loose = tables(scenario, "input_commodities").filter(pl.col("cargo") == "loose")["id"]
    flows = tables(scenario, "alternative_flows").filter(pl.col("alternative_id") == main)
    boxes = flows.filter(~pl.col("commodity_id").is_in(loose.implode()))
    return main, float(boxes["teu"].sum())


@pytest.mark.parametrize("lang", LANGS)
def test_the_cards_of_flows_say_what_the_tables_say(
    lang: str, visit_app: Visiting, server: Any, tables: Any
) -> None:
    main, teu = carried(tables, SCENARIO)
    names = tables(SCENARIO, "input_alternatives").filter(pl.col("id") == main)
    with visit_app() as visit:
        page = open_page(visit, server.address, "overview", lang)
        cards = page.locator(".app-flows .app-card")
        expect(cards.first.locator(".app-card-title")).to_have_text(names[f"name_{lang}"][0])
        shown = cards.first.locator(".app-card-value").inner_text()
        assert re.sub(r"\D", "", shown) == str(round(teu))
        gain = float(tables(SCENARIO, "bottlenecks")["gain_usd"].max())
        money = cards.last.locator(".app-card-value").inner_text()
        assert amount_of(money, lang) == pytest.approx(gain, rel=0.005)


def test_the_comparison_says_which_flows_did_not_converge(
    visit_app: Visiting, server: Any, tables: Any
) -> None:
    def spoilt(route: Any) -> None:
        """Pass a document on as if its flows had not converged."""
        found = route.fetch()
        document = found.json()
        flows = document["tables"]["assignment"]
        names = [column["name"] for column in flows["columns"]]
        flows["rows"][0][names.index("converged")] = False
        route.fulfill(status=200, json=document)

    for run in (SCENARIO, LATER):
        assert tables(run, "assignment")["converged"].to_list() == [True]
    with visit_app() as visit:
        page = visit.page
        page.route(re.compile(r"/document\?part=first$"), spoilt)
        page.goto(f"{server.address}#/compare?a={SCENARIO}&b={LATER}&lang=en")
        place = page.get_by_role("region", name="Flows", exact=True)
        notices = place.locator(".notice")
        expect(notices).to_have_count(2, timeout=RUN_MS)
        expect(notices.first).to_contain_text("The flows of 2024 are an approximation")
        expect(notices.last).to_contain_text("The flows of 2025 are an approximation")


def test_two_scenarios_are_compared_with_their_flows(
    visit_app: Visiting, server: Any, tables: Any
) -> None:
    with visit_app() as visit:
        page = visit.page
        page.goto(f"{server.address}#/compare?a={SCENARIO}&b={LATER}&lang=en")
        place = page.get_by_role("region", name="Flows", exact=True)
        expect(place.get_by_role("heading", name="Flows and bottlenecks")).to_be_visible(
            timeout=RUN_MS
        )
        expect(place.locator(".notice")).to_have_count(0)
        name, data = saved(page, place.get_by_role("button", name="CSV").first)
        assert name == "compared-alternatives.csv"
        main, before = carried(tables, SCENARIO)
        titles = tables(SCENARIO, "input_alternatives")
        title = titles.filter(pl.col("id") == main)["name_en"][0]
        (row,) = (row for row in csv_rows(data) if row["alternative"] == title)
        after = carried(tables, LATER)[1]
        assert float(row["teu_before"]) == pytest.approx(before, rel=1e-5)
        assert float(row["teu_after"]) == pytest.approx(after, rel=1e-5)
        assert float(row["teu_change"]) == pytest.approx(after - before, rel=1e-3, abs=1.0)
        name, data = saved(page, place.get_by_role("button", name="CSV").nth(1))
        assert name == "compared-flows.csv"
        together = {row["column"]: row for row in csv_rows(data)}
        old, new = (tables(run, "assignment").to_dicts()[0] for run in (SCENARIO, LATER))
        expect(place.locator(".demand-year")).to_have_text(
            f"Demand is that of {old['flows_year']} before and of {new['flows_year']} after: "
            "what changes is due to both, demand and measures."
        )
        assert float(together["teu"]["before"]) == pytest.approx(old["teu"], rel=1e-5)
        # A document holds six digits of a number.
        tonnes = pytest.approx(new["t"] - old["t"], abs=2e-6 * new["t"])
        assert float(together["t"]["change"]) == tonnes
        days = (new["mean_h"] - old["mean_h"]) / 24.0
        assert float(together["mean_h"]["change"]) == pytest.approx(days, abs=0.11)
        assert {"mean_cost_usd_per_teu", "co2e_t", "unserved_teu"} < set(together)
        name, data = saved(page, place.get_by_role("button", name="CSV").last)
        assert name == "compared-bottlenecks.csv"
        moved = csv_rows(data)
        assert moved
        assert all(abs(float(row["price_change"])) >= 1 for row in moved)
        worth = [
            max(float(row[f"gain_{when}"] or 0) for when in ("before", "after")) for row in moved
        ]
        assert worth == sorted(worth, reverse=True)


def middles(page: Any) -> list[tuple[float, float]]:
    """Points of the lines on the map, in the middle of each, in pixels."""
    _, data = saved(page, page.locator(".app-map-place").get_by_role("button", name="SVG"))
    points = []
    for path in ET.fromstring(data).iter(f"{SVG}path"):
        if path.get("fill") == "none" and path.get("d"):
            found = re.findall(r"(-?[\d.]+)[ ,](-?[\d.]+)", path.attrib["d"])
            points.append(tuple(map(float, found[len(found) // 2])))
    return points


def test_the_map_says_what_goes_over_a_link(visit_app: Visiting, server: Any) -> None:
    with visit_app() as visit:
        page = open_page(visit, server.address, "overview")
        canvas = page.locator(".app-map-place canvas.map-top")
        canvas.scroll_into_view_if_needed()
        card = page.locator(".app-map-place .map-card")
        box = canvas.bounding_box()
        for x, y in middles(page):
            if not (0 < x < box["width"] and 0 < y < box["height"]):
                continue
            canvas.hover(position={"x": x, "y": y})
            settle(page)
            if card.is_visible() and "TEU a year" in card.inner_text():
                break
        expect(card).to_contain_text(re.compile(r"→.*\d TEU a year", re.DOTALL))
        expect(card).to_contain_text("Click or press Enter for sources")
        canvas.click(position={"x": x, "y": y})
        card.get_by_role("button", name="All facts").click()
        expect(page.get_by_role("dialog")).to_contain_text("links.csv")


def test_the_part_of_the_world_on_the_map_is_in_the_link(visit_app: Visiting, server: Any) -> None:
    with visit_app() as visit:
        page = open_page(visit, server.address, "overview")
        assert "at=" not in page.url
        page.get_by_role("button", name="Zoom in").click()
        page.locator(".app-map-place canvas.map-top").press("Shift+ArrowLeft")
        page.wait_for_url(re.compile(r"[?&]at=[\d.,-]+"))
        page.locator('.app-tabs a[data-page="flows"]').click()
        expect(page.locator(".page-flows .certificate")).to_be_visible()
        assert "at=" in page.url
        seen = middles(page)
        other = visit.new_page()
        other.goto(page.url)
        expect(other.locator(".page-flows .certificate")).to_be_visible(timeout=RUN_MS)
        for (x, y), (own_x, own_y) in zip(middles(other), seen, strict=True):
            assert x == pytest.approx(own_x, abs=3)
            assert y == pytest.approx(own_y, abs=3)
        page.locator(".app-map-place .map-zoom button").nth(2).click()
        page.wait_for_url(re.compile(r"^(?!.*[?&]at=)"))


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_runs_over_its_box_on_a_phone(lang: str, visit_app: Visiting, server: Any) -> None:
    found: list[str] = []
    with visit_app(viewport=PHONE) as visit:
        for page_id in ("overview", "flows"):
            page = open_page(visit, server.address, page_id, lang)
            if page_id == "flows":
                page.locator(".page-flows .data-table button.unfold").first.click()
            settle(page)
            faults = [*layout_faults(page), *page.evaluate(BOXES)]
            found += [f"{page_id}: {fault}" for fault in faults]
    assert found == []


@pytest.mark.parametrize("lang", LANGS)
def test_money_and_countries_are_written_as_the_language_writes_them(
    lang: str, visit_app: Visiting, server: Any
) -> None:
    with visit_app() as visit:
        page = open_page(visit, server.address, "flows", lang)
        text = page.locator(".page-flows").inner_text()
        assert re.search(MONEY[lang], text)
        assert "百万" not in text
        page = open_page(visit, server.address, "events", lang)
        events = page.locator(".page-events .data-table")
        expect(events).to_contain_text(COUNTRY[lang])
        assert not re.search(r"\b(AZE?|CHN?)\b", events.inner_text())
