"""The app in a browser: measures, progress, comparison, planner, sharing, files, a lost server."""

import io
import json
import re
import shutil
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from browser_tools import (
    DESKTOP,
    LANGS,
    PHONE,
    RUN_MS,
    csv_rows,
    expect,
    ink,
    layout_faults,
    saved,
    settle,
    visiting,
)

from karvan.case import find_case

Visiting = Callable[..., Any]
SCENARIO = "base-2025"
MEASURE = "china-95306-digital-port"
OTHER_MEASURE = "khorgos-gateway-tracks"
HOSTILE = "<img src=x onerror="
PARTS = ("before", "after", "change")
SCREENS = {"desk": DESKTOP, "phone": PHONE}
XIAN_BAKU = "from=xian&to=absheron"


# The route is the broadest line; a name covers it where a point of it lies in the name's box.
NAMES_OVER_THE_ROUTE = """() => {
  const svg = document.querySelector("svg");
  const widest = (a, b) => b.getAttribute("stroke-width") - a.getAttribute("stroke-width");
  const route = [...svg.querySelectorAll("path[stroke-width='6']")].sort(widest)[0];
  const length = route.getTotalLength();
  const points = [];
  for (let at = 0; at <= length; at += 2) points.push(route.getPointAtLength(at));
  const texts = [...svg.querySelectorAll("text")].slice(0, -1);
  const over = texts.filter((text) => {
    const { x, y, width, height } = text.getBBox();
    return points.some((p) => p.x > x && p.x < x + width && p.y > y && p.y < y + height);
  });
  return { all: texts.length, over: over.map((text) => text.textContent) };
}"""


def open_app(visit: Any, address: str, where: str = f"/overview?scenario={SCENARIO}") -> Any:
    """Open the app and wait for its figures; return the answer with the page."""
    mark = "&" if "?" in where else "?"
    lang = "" if "lang=" in where else f"{mark}lang=en"
    answer = visit.page.goto(f"{address}#{where}{lang}")
    ready(visit.page)
    return answer


def ready(page: Any) -> None:
    """Wait until the figures are those of what is asked."""
    expect(page.locator(".app-card-value").first).to_be_visible(timeout=RUN_MS)
    expect(page.locator(".app-main.is-waiting")).to_have_count(0, timeout=RUN_MS)


def switch(page: Any, case: dict[str, Any], measure: str) -> Any:
    """Find a measure in the panel; return its switch."""
    title = next(m["title"]["en"] for m in case["measures"] if m["id"] == measure)
    page.get_by_label("Find a measure").fill(title)
    found = page.locator("li.app-measure:visible").get_by_role("switch")
    expect(found).to_have_count(1)
    return found


@pytest.fixture(scope="module")
def case(browser: Any, server: Any) -> dict[str, Any]:
    """What the server says about its case."""
    with visiting(browser, server.address) as visit:
        answer = visit.context.request.get(f"{server.address}api/v1/case")
        found: dict[str, Any] = answer.json()
        return found


def test_the_first_page_is_the_answer(visit_app: Visiting, server: Any) -> None:
    with visit_app() as visit:
        answer = open_app(visit, server.address, "/")
        policy = answer.headers["content-security-policy"]
        scripts = re.search(r"script-src ([^;]*)", policy)
        assert scripts
        assert scripts[1] == "'self'"
        assert "default-src 'none'" in policy
        page = visit.page
        expect(page.locator(".app-card-value").first).to_have_text(re.compile(r"^\d+(\.\d)? days$"))
        expect(page.locator(".app-card-note").first).to_contain_text("eight in ten")
        settle(page)
        box = page.locator(".app-map-place").bounding_box()
        assert box["y"] < DESKTOP["height"] / 2
        assert ink(visit.context, page.locator(".app-map-place .map-stage").screenshot()) > 0.01


def test_measures_stand_under_the_five_pillars(
    visit_app: Visiting, server: Any, case: dict[str, Any]
) -> None:
    with visit_app() as visit:
        page = visit.page
        open_app(visit, server.address)
        groups = page.locator("details.app-pillar")
        expect(groups).to_have_count(5)
        switches = [groups.nth(i).locator("input[role=switch]").count() for i in range(5)]
        of_pillar = [m["pillar"] for m in case["measures"]]
        assert switches == [of_pillar.count(pillar) for pillar in case["pillars"]]


def test_a_measure_is_switched_and_the_number_follows(
    visit_app: Visiting, server: Any, case: dict[str, Any]
) -> None:
    with visit_app() as visit:
        page = visit.page
        open_app(visit, server.address)
        days = page.locator(".app-card-value").first
        before = days.inner_text()
        box = switch(page, case, MEASURE)
        expect(box).to_be_checked()
        box.click()
        expect(page.locator(".app-progress")).to_be_visible()
        # The scenarios that the app prepares may be ahead of it.
        expect(page.locator(".app-progress-text")).to_contain_text("%", timeout=RUN_MS)
        expect(days).not_to_have_text(before, timeout=RUN_MS)
        ready(page)
        expect(page.locator(".app-progress")).to_be_hidden()
        expect(page.locator(".app-changes")).to_have_text("Changed by you: 1")
        assert f"off={MEASURE}" in page.url
        change = page.locator(".app-card").first.locator(".app-change")
        expect(change).to_contain_text("days", timeout=RUN_MS)
        # What was computed is kept: going back takes no time and no run.
        asked = len([u for u in visit.requests if u.endswith("/runs")])
        page.get_by_role("button", name="Undo my changes").click()
        expect(days).to_have_text(before)
        assert len([u for u in visit.requests if u.endswith("/runs")]) == asked
        page.go_back()
        expect(days).not_to_have_text(before)


def drawing(page: Any) -> bytes:
    """The map as the reader would save it."""
    name, data = saved(page, page.locator(".app-map-place").get_by_role("button", name="SVG"))
    assert name == "map.svg"
    return data


def dots(page: Any) -> list[tuple[str, ...]]:
    """Where the places of the network stand on the map."""
    circles = ET.fromstring(drawing(page)).iter("{http://www.w3.org/2000/svg}circle")
    return [tuple(circle.attrib[key] for key in ("cx", "cy")) for circle in circles]


def test_the_map_stays_where_the_reader_moved_it(
    visit_app: Visiting, server: Any, case: dict[str, Any]
) -> None:
    with visit_app() as visit:
        page = visit.page
        open_app(visit, server.address)
        whole = dots(page)
        page.get_by_role("button", name="Zoom in").click()
        page.locator(".app-map-place canvas.map-top").press("Shift+ArrowLeft")
        chosen = dots(page)
        assert chosen != whole
        switch(page, case, MEASURE).click()
        expect(page.locator(".app-changes")).to_have_text("Changed by you: 1")
        ready(page)
        assert dots(page) == chosen
        page.get_by_role("button", name="Dark colours").click()
        assert dots(page) == chosen
        page.locator(".app-settings select").select_option("ru")
        expect(page.locator("html")).to_have_attribute("lang", "ru")
        ready(page)
        assert dots(page) == chosen
        page.locator(".map-zoom button").nth(2).click()
        assert dots(page) == whole


@pytest.mark.parametrize("lang", LANGS)
def test_no_name_on_the_map_lies_over_the_route(
    lang: str, visit_app: Visiting, server: Any
) -> None:
    with visit_app() as visit:
        page = visit.page
        open_app(visit, server.address, f"/overview?scenario={SCENARIO}&lang={lang}")
        svg = drawing(page).decode()
        plain = visit.context.new_page()
        plain.set_content(f"<body style='margin:0'>{svg}</body>")
        names = plain.evaluate(NAMES_OVER_THE_ROUTE)
        assert names["all"] > 30
        assert names["over"] == []


def test_a_run_can_be_cancelled(visit_app: Visiting, server: Any, case: dict[str, Any]) -> None:
    with visit_app() as visit:
        page = visit.page
        open_app(visit, server.address)
        before = page.locator(".app-card-value").first.inner_text()
        box = switch(page, case, OTHER_MEASURE)
        box.click()
        expect(page.locator(".app-progress")).to_be_visible()
        with page.expect_response(lambda r: r.request.method == "DELETE") as waiting:
            page.locator(".app-progress").get_by_role("button", name="Cancel").click()
        assert waiting.value.ok
        expect(page.locator(".app-progress")).to_be_hidden()
        expect(box).to_be_checked()
        expect(page.locator(".app-card-value").first).to_have_text(before)
        assert "off=" not in page.url


def test_two_scenarios_are_compared(visit_app: Visiting, server: Any) -> None:
    with visit_app() as visit:
        page = visit.page
        open_app(visit, server.address)
        page.get_by_role("link", name="Compare").click()
        expect(page.locator("h1")).to_have_text("Compare two scenarios")
        page.get_by_label("Before").select_option("base-2024")
        page.get_by_label("After").select_option("base-2025")
        expect(page.locator(".app-maps canvas.map-top")).to_have_count(2, timeout=RUN_MS)
        expect(page.locator(".app-card-value").first).to_have_text(re.compile(r"^\d+ of \d+$"))
        expect(page.get_by_role("heading", name="What changed in the tables")).to_be_visible()
        table = page.get_by_role("region", name="Pairs", exact=True).locator(".data-table").first
        name, data = saved(page, table.get_by_role("button", name="CSV"))
        assert name.endswith(".csv")
        rows = csv_rows(data)
        assert rows
        for row in rows:
            for figure in ("mean_h", "cost_usd_per_teu", "co2e_kg_per_teu"):
                before, after, change = (row[f"{figure}_{part}"] for part in PARTS)
                if change:
                    expected = float(after) - float(before)
                    assert float(change) == pytest.approx(expected, abs=1e-6)
        page.get_by_role("button", name="Swap").click()
        expect(page.get_by_label("Before")).to_have_value("base-2025")


def test_the_planner_finds_and_draws_routes(visit_app: Visiting, server: Any) -> None:
    with visit_app() as visit:
        page = visit.page
        open_app(visit, server.address)
        page.get_by_role("link", name="Route planner").click()
        for label, text, place in (("From", "Xi'an", "Xi'an"), ("To", "Baku", "Baku")):
            box = page.get_by_role("combobox", name=label, exact=True)
            box.press_sequentially(text)
            options = page.get_by_role("listbox", name=label, exact=True).get_by_role("option")
            expect(options.first).to_contain_text(place)
            box.press("ArrowDown")
            box.press("Enter")
            expect(box).to_have_value(re.compile(place))
        page.get_by_role("button", name="Find routes").click()
        routes = page.locator(".app-routes li")
        expect(routes.first).to_be_visible(timeout=RUN_MS)
        assert routes.count() > 1
        expect(routes.first).to_contain_text("days")
        expect(page.locator("canvas.map-top")).to_be_visible()
        settle(page)
        assert ink(visit.context, page.locator(".map-stage").screenshot()) > 0.01
        legs = page.locator(".data-table tbody tr")
        expect(legs.first).to_contain_text("Xi'an")
        expect(legs.last).to_contain_text("Baku")
        _, csv_data = saved(page, page.locator(".app-links").get_by_text("CSV", exact=True))
        assert csv_rows(csv_data)
        _, geo = saved(page, page.locator(".app-links").get_by_text("GeoJSON", exact=True))
        assert "© OpenStreetMap contributors" in json.loads(geo)["attribution"]
        routes.nth(1).get_by_role("button").click()
        expect(routes.nth(1).get_by_role("button")).to_have_attribute("aria-pressed", "true")
        assert "pick=2" in page.url


def test_a_place_that_does_not_exist_is_said(visit_app: Visiting, server: Any) -> None:
    with visit_app() as visit:
        visit.forgive("status of 4")
        page = visit.page
        page.goto(f"{server.address}#/plan?from=nowhere-at-all&to=absheron&lang=en")
        expect(page.get_by_role("alert")).to_contain_text("nowhere-at-all", timeout=RUN_MS)


def test_a_shared_address_shows_the_same(visit_app: Visiting, server: Any) -> None:
    with visit_app() as visit:
        page = visit.page
        visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
        open_app(visit, server.address, f"/validation?scenario={SCENARIO}&off={MEASURE}")
        pairs = page.locator(".app-pair option").evaluate_all("(all) => all.map((o) => o.value)")
        page.locator(".app-pair select").select_option(pairs[2])
        page.get_by_role("button", name="Share").click()
        expect(page.get_by_text("Link copied")).to_be_visible()
        link = page.evaluate("() => navigator.clipboard.readText()")
        seen = page.locator(".app-card-value").all_inner_texts()
        other = visit.new_page()
        other.goto(link)
        ready(other)
        expect(other.locator(".app-pair select")).to_have_value(pairs[2])
        expect(other.locator(".app-card-value")).to_have_text(seen)
        expect(other.locator('.app-tabs a[data-page="validation"]')).to_have_attribute(
            "aria-current", "page"
        )
        expect(other.locator(".app-title")).to_have_text(page.locator(".app-title").inner_text())


def test_results_are_downloaded_and_read_back(visit_app: Visiting, server: Any) -> None:
    with visit_app() as visit:
        page = visit.page
        open_app(visit, server.address)
        page.locator(".app-downloads summary").click()
        place = page.locator(".app-downloads")
        form = place.locator(".app-table-files")
        form.get_by_label("Table").select_option("itineraries")
        name, data = saved(page, form.get_by_text("PARQUET", exact=True))
        assert name.endswith(".parquet")
        table = pl.read_parquet(io.BytesIO(data))
        name, data = saved(page, form.get_by_text("CSV", exact=True))
        assert name.endswith(".csv")
        rows = csv_rows(data)
        assert [row["pair_id"] for row in rows] == table["pair_id"].to_list()
        assert [float(row["mean_h"]) for row in rows] == pytest.approx(table["mean_h"].to_list())
        _, data = saved(page, place.get_by_text("GeoJSON"))
        lines = json.loads(data)
        assert "© OpenStreetMap contributors" in lines["attribution"]
        features = lines["features"]
        assert features
        assert all(feature["geometry"]["coordinates"] for feature in features)
        _, data = saved(page, place.get_by_text("Scenario file"))
        scenario = tomllib.loads(data.decode())
        assert scenario["year"] == 2025
        assert MEASURE in scenario["measures"]
        _, data = saved(page, place.get_by_text("Report"))
        assert data.startswith(b"<!doctype html>")


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("lang", LANGS)
def test_every_view_in_every_language(
    lang: str, screen: str, visit_app: Visiting, server: Any, screenshots: Path
) -> None:
    views = {"overview": "", "plan": f"&{XIAN_BAKU}", "compare": "&a=base-2024&b=base-2025"}
    layout = []
    with visit_app(viewport=SCREENS[screen]) as visit:
        page = visit.page
        open_app(visit, server.address, f"/overview?scenario={SCENARIO}&lang={lang}")
        assert page.locator("html").get_attribute("lang") == lang
        for view, more in views.items():
            page.goto(f"{server.address}#/{view}?scenario={SCENARIO}&lang={lang}{more}")
            expect(page.locator("canvas.map-top").first).to_be_visible(timeout=RUN_MS)
            settle(page)
            layout += [f"{view}: {fault}" for fault in layout_faults(page)]
            path = screenshots / f"app-{view}-{lang}-{screen}.png"
            page.screenshot(path=path, full_page=True)
        if lang != "en":
            assert page.locator("h1").inner_text() != "Compare two scenarios"
    assert layout == []


def test_every_page_of_the_results(visit_app: Visiting, server: Any) -> None:
    with visit_app() as visit:
        page = visit.page
        open_app(visit, server.address)
        links = page.locator(".app-tabs a")
        for i in range(links.count()):
            title = links.nth(i).inner_text()
            links.nth(i).click()
            expect(page.locator(".app-page-title")).to_have_text(title)
            expect(page.locator(".app-page [role=alert]")).to_have_count(0)


@pytest.fixture
def case_with_a_closed_way(tmp_path: Path) -> Path:
    """A copy of ``two-port`` with a scenario in which no ship sails."""
    root = tmp_path / "two-port"
    shutil.copytree(find_case("two-port"), root)
    scenario = (root / "scenarios" / "daily-2030.toml").read_text(encoding="utf-8")
    closed = scenario.replace('id = "daily-2030"', 'id = "no-ferry"').replace("Daily", "No")
    closed = closed.replace('measures = ["daily-ferry"]', "measures = []")
    change = '\n[[overrides]]\ntable = "services"\naction = "remove"\nwhere = { id = "ferry" }\n'
    change += 'status = "assumed"\nreason = "an example"\n'
    # The way over the sea is marked by the ferry: without it there is no such alternative.
    change += change.replace("services", "alternatives").replace("ferry", "over-the-sea")
    path = root / "scenarios" / "no-ferry.toml"
    path.write_text(closed + change, encoding="utf-8")
    return root


def test_a_pair_that_loses_its_way_is_not_hidden(
    browser: Any, serve: Callable[..., Any], case_with_a_closed_way: Path
) -> None:
    server = serve(case_with_a_closed_way)
    with visiting(browser, server.address) as visit:
        page = visit.page
        open_app(visit, server.address, "/overview?scenario=no-ferry&pair=east-west")
        expect(page.locator(".app-pair select")).to_have_value("east-west")
        expect(page.locator(".app-card").first).to_contain_text("This run finds no itinerary")
        for page_id in ("itineraries", "alternatives"):
            page.goto(f"{server.address}#/{page_id}?scenario=no-ferry&pair=east-west&lang=en")
            notice = page.locator(f".page-{page_id} .notice")
            expect(notice).to_have_text("No route connects East → West in this run.")
            expect(page.locator(f".page-{page_id} select")).to_have_value("east-west")
        page.goto(f"{server.address}#/compare?a=daily-2030&b=no-ferry&lang=en")
        expect(page.get_by_role("region", name="Pairs", exact=True)).to_contain_text(
            "no route", timeout=RUN_MS
        )
        expect(page.locator(".app-card-value").first).to_have_text("2 of 2")


def hostile_everywhere(page: Any, address: str) -> None:
    """Show the place that is called like markup wherever the app names places."""
    suggested = page.get_by_role("listbox", name="From", exact=True).get_by_role("option")
    page.goto(f"{address}#/plan?lang=en")
    page.get_by_role("combobox", name="From", exact=True).press_sequentially("img")
    expect(suggested.first).to_contain_text(HOSTILE)
    page.goto(f"{address}#/plan?from=east&to=west&lang=en")
    expect(page.locator(".app-routes li").first).to_contain_text(HOSTILE, timeout=RUN_MS)
    expect(page.locator(".data-table")).to_contain_text(HOSTILE)
    page.goto(f"{address}#/compare?a=daily-2030&b=daily-2030,2024&lang=en")
    expect(page.locator("canvas.map-top")).to_have_count(2, timeout=RUN_MS)
    expect(page.get_by_role("region", name="Pairs", exact=True)).to_contain_text(HOSTILE)
    page.goto(f"{address}#/map?scenario=daily-2030&lang=en")
    expect(page.locator(".page-map")).to_contain_text(HOSTILE, timeout=RUN_MS)
    assert page.locator("img").count() == 0
    assert page.evaluate("() => window.__hacked") is None


def test_hostile_names_and_a_server_that_goes_away(
    browser: Any, serve: Callable[..., Any], hostile_case: Path
) -> None:
    server = serve(hostile_case)
    with visiting(browser, server.address) as visit:
        page = visit.page
        open_app(visit, server.address, "/itineraries?scenario=daily-2030")
        expect(page.locator(".app-pair option").first).to_contain_text(HOSTILE)
        hostile_everywhere(page, server.address)
        open_app(visit, server.address, "/itineraries?scenario=daily-2030")
        port = server.port
        server.stop()
        visit.forgive("Failed to load resource|ERR_CONNECTION")
        page.get_by_label("Year").first.select_option("2025")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("The server does not answer.")
        server.start(port)
        alert.get_by_role("button", name="Try again").click()
        ready(page)
        expect(alert).to_have_count(0)
        expect(page.locator(".app-title")).to_contain_text("2025")
        assert page.evaluate("() => window.__hacked") is None
