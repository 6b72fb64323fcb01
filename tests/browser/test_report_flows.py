"""The page of flows and bottlenecks, and the layer of flows on the map."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_tools import LANGS, csv_rows, expect, report_data, rows_of, saved, settle, show

Visiting = Callable[..., Any]
NAMES = {"en": "name_en", "ru": "name_ru", "az": "name_az", "zh": "name_zh"}


@pytest.mark.parametrize("language", LANGS)
def test_the_page_answers_in_every_language(
    language: str, report: Path, visit_report: Visiting
) -> None:
    data = report_data(report)
    main = next(row for row in rows_of(data, "input_alternatives") if row["main"])
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/flows?lang={language}")
        expect(page.locator(".certificate")).to_contain_text(
            str(rows_of(data, "assignment")[0]["flows_year"])
        )
        expect(page.locator(".main-share")).to_contain_text(main[NAMES[language]])
        gains = [row for row in rows_of(data, "bottlenecks") if (row["gain_usd"] or 0) >= 1000]
        expect(page.locator(".bottlenecks li")).to_have_count(min(12, len(gains)))


@pytest.mark.parametrize("language", LANGS)
def test_the_page_says_how_much_of_its_basis_is_assumed(
    language: str, report: Path, visit_report: Visiting
) -> None:
    data = report_data(report)
    year = rows_of(data, "assignment")[0]["flows_year"]
    flows = [row for row in rows_of(data, "input_flows") if row["year"] == year]
    assumed = sum(row["flow_status"] == "assumed" for row in flows)
    constants = [r for r in rows_of(data, "input_constants") if r["constant_usd_per_teu"]]
    statuses = [row["constant_status"] for row in constants]
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/flows?lang={language}")
        hint = page.locator(".main-share ~ .hint").first
        expect(hint).to_contain_text(str(year))
        numbers = set(re.findall(r"\d+", re.sub(r"(?<=\d)[.,\s](?=\d{3})", "", hint.inner_text())))
        most = max(row["constant_usd_per_teu"] for row in constants)
        told = (assumed, len(flows), statuses.count("calibrated"), statuses.count("assumed"), most)
        assert {f"{value:.0f}" for value in told} <= numbers


def test_shares_are_of_all_that_wants_to_move(report: Path, visit_report: Visiting) -> None:
    """The sentence and the bars below it count what stays away as a part of all."""
    data = report_data(report)
    main = next(row["id"] for row in rows_of(data, "input_alternatives") if row["main"])
    loose = {row["id"] for row in rows_of(data, "input_commodities") if row["cargo"] == "loose"}
    flows = [r for r in rows_of(data, "alternative_flows") if r["commodity_id"] in loose]
    own = sum(row["t"] for row in flows if row["alternative_id"] == main)
    share = round(100 * own / sum(row["t"] for row in flows))
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/flows?lang=en")
        expect(page.locator(".main-share")).to_contain_text(f"loose cargo ({share}% of all)")


def test_the_overview_says_what_the_flows_rest_on(report: Path, visit_report: Visiting) -> None:
    state = {row["table"]: row for row in rows_of(report_data(report), "evidence_state")}
    assumed, count = (state["flows"][name] for name in ("assumed", "quantities"))
    with visit_report() as visit:
        visit.page.goto(f"{report.as_uri()}#/overview?lang=en")
        expect(visit.page.locator(".flows-doubt")).to_have_text(
            f"The demand behind it is assumed: {assumed} of {count} figures."
        )


def test_shares_can_be_read_by_hovering_and_saved(report: Path, visit_report: Visiting) -> None:
    data = report_data(report)
    loose = {row["id"] for row in rows_of(data, "input_commodities") if row["cargo"] == "loose"}
    flows = [r for r in rows_of(data, "alternative_flows") if r["commodity_id"] not in loose]
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/flows?lang=en")
        figure = page.locator("figure.chart").first
        canvas = figure.locator("canvas").first
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        canvas.hover(position={"x": box["width"] * 0.6, "y": box["height"] * 0.4})
        expect(figure.locator(".tooltip")).to_contain_text("TEU")
        rows = csv_rows(saved(page, figure.get_by_role("button", name="CSV"))[1])
        whole = sum(float(row["teu"]) for row in rows if row["group"] == "All")
        assert whole == pytest.approx(sum(row["teu"] for row in flows), rel=1e-6)
        page.get_by_label("Bars").select_option("market")
        expect(page.locator("figure.chart").first).to_contain_text("Containers by market")


def test_a_flow_unfolds_to_its_itineraries(report: Path, visit_report: Visiting) -> None:
    data = report_data(report)
    sizes: dict[str, float] = {}
    for row in rows_of(data, "flow_itineraries"):
        sizes[row["flow_id"]] = sizes.get(row["flow_id"], 0.0) + row["teu"]
    largest = max(sizes, key=lambda flow: sizes[flow])
    own = [row for row in rows_of(data, "flow_itineraries") if row["flow_id"] == largest]
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/flows?lang=en")
        table = page.locator(".data-table").last
        table.locator("button.unfold").first.click()
        expect(table.locator(".flow-ways tbody tr")).to_have_count(len(own))
        name, content = saved(page, table.get_by_role("button", name="CSV"))
        assert name == "karvan-flows.csv"
        assert len(csv_rows(content)) == len(sizes)


def test_a_bottleneck_leads_to_its_row(report: Path, visit_report: Visiting) -> None:
    data = report_data(report)
    most = max(rows_of(data, "bottlenecks"), key=lambda row: row["gain_usd"] or 0.0)
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/flows?lang=en")
        page.locator(".bottlenecks li").first.get_by_role("button", name="Row").click()
        expect(page.locator("dialog")).to_contain_text(most["id"])


def test_a_run_without_flows_says_so(report: Path, visit_report: Visiting) -> None:
    empty = ("assignment", "flow_itineraries", "alternative_flows", "loads", "bottlenecks")
    with visit_report() as visit:
        page = visit.page
        page.add_init_script(
            f"""const parse = JSON.parse;
            JSON.parse = (text, ...more) => {{
              const data = parse(text, ...more);
              for (const name of {list(empty)!r})
                if (data?.tables?.[name]) data.tables[name].rows = [];
              return data;
            }};"""
        )
        page.goto(f"{report.as_uri()}#/flows?lang=en")
        expect(page.locator(".notice")).to_contain_text("The run assigns no freight")
        expect(page.locator("figure.chart")).to_have_count(0)
        show(page, "map")
        expect(page.locator(".map-flows")).to_have_count(0)


def test_the_map_shows_flows_when_they_are_switched_on(
    report: Path, visit_report: Visiting
) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/map?lang=en&pair=none")
        switch, key = page.locator(".map-flows"), page.locator(".map-flow-key")
        expect(switch).to_have_attribute("aria-pressed", "false")
        expect(key).to_be_hidden()
        save = page.locator(".map-save button", has_text="SVG")
        without = saved(page, save)[1]
        switch.click()
        settle(page)
        expect(key).to_be_visible()
        assert saved(page, save)[1].count(b"<path") > without.count(b"<path")
