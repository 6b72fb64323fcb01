"""The page of the simulation: numbers with intervals, waits, bottlenecks, the map in motion.

Its tables are made by rule (``simulated_tables``), so that overload, noise and thinning are there.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from browser_tools import (
    DESKTOP,
    LANGS,
    PHONE,
    REQUIRED,
    csv_rows,
    expect,
    layout_faults,
    report_data,
    rows_of,
    saved,
    settle,
    visiting,
)

from karvan.case.results import read_results
from karvan.report.html import write_report
from simulated_tables import with_simulation

if not REQUIRED:
    pytest.importorskip("axe_playwright_python", reason="pip install 'karvan[browser]'")
from test_accessibility import violations

Visiting = Callable[..., Any]
DATES = {"en": "Jan 2, 00:00", "ru": "2 янв., 00:00", "az": "2 yan, 00:00", "zh": "1月2日 00:00"}
MOVED = "() => document.querySelector('.movement-controls input').value"


@pytest.fixture(scope="module")
def simulated(report: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on the shipped case with simulation tables made by rule."""
    made = with_simulation(read_results(report.parent), tmp_path_factory.mktemp("sim") / "results")
    return write_report(made, made.root / "simulated.html")


@pytest.fixture
def visit(browser: Any, simulated: Path) -> Visiting:
    return partial(visiting, browser, simulated.as_uri())


def address(simulated: Path, language: str = "en", **params: str) -> str:
    query = "&".join(f"{key}={value}" for key, value in {**params, "lang": language}.items())
    return f"{simulated.as_uri()}#/simulation?{query}"


def opened(page: Any, simulated: Path, language: str = "en", **params: str) -> None:
    """Go to the page and wait until its map is there."""
    page.goto(address(simulated, language, **params))
    expect(page.locator(".movement-controls")).to_be_visible()
    settle(page)


@pytest.mark.parametrize("language", LANGS)
def test_the_page_in_every_language(
    language: str, simulated: Path, visit: Visiting, screenshots: Path
) -> None:
    journeys = rows_of(report_data(simulated), "simulated_journeys")
    # The longest and the shortest words on the narrow screen.
    viewport = PHONE if language in ("ru", "zh") else DESKTOP
    scheme = "dark" if language in ("az", "zh") else "light"
    with visit(viewport=viewport, color_scheme=scheme) as visited:
        page = visited.page
        opened(page, simulated, language)
        expect(page.get_by_role("combobox").nth(1).locator("option")).to_have_count(len(journeys))
        expect(page.locator(".simulated-figures > div")).to_have_count(5)
        expect(page.locator("figure.chart")).to_have_count(4)
        expect(page.locator(".busy-heat tbody tr")).not_to_have_count(0)
        expect(page.locator(".movement-date")).to_have_text(DATES[language])
        assert layout_faults(page) == []
        page.screenshot(
            path=screenshots / f"simulation-{language}-{viewport['width']}.png", full_page=True
        )


@pytest.mark.parametrize("language", LANGS)
def test_how_it_was_made_is_read_on_a_phone(
    language: str, simulated: Path, visit: Visiting
) -> None:
    with visit(viewport=PHONE) as visited:
        opened(visited.page, simulated, language)
        widths = visited.page.locator(".facts.hashes dd").evaluate_all(
            "all => all.map((one) => one.clientWidth)"
        )
        # A number of ten digits stands on one line.
        assert widths
        assert min(widths) >= 100


def test_what_was_fitted_is_named_beside_the_times(simulated: Path, visit: Visiting) -> None:
    data = report_data(simulated)
    fitted = {
        row["subject_id"]
        for row in rows_of(data, "input_operations")
        if row["status"] == "calibrated" and row["subject_table"] in ("transfers", "terminals")
    }
    hours: dict[str, float] = {}
    for row in rows_of(data, "simulated_waits"):
        if row["id"] in fitted and row["cause"] in ("handling", "customs"):
            hours[row["journey_id"]] = hours.get(row["journey_id"], 0.0) + row["mean_h"]
    with visit() as visited:
        page = visited.page
        note = page.get_by_text("Not measured, but chosen so that")
        for journey in [row["journey_id"] for row in rows_of(data, "simulated_journeys")][:6]:
            opened(page, simulated, journey=journey)
            expect(note).to_have_count(1 if journey in hours else 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_barred_from_the_page(scheme: str, simulated: Path, visit: Visiting) -> None:
    with visit(color_scheme=scheme) as visited:
        opened(visited.page, simulated)
        assert violations(visited.page) == []


def test_another_journey_is_chosen_and_stands_in_the_address(
    simulated: Path, visit: Visiting
) -> None:
    data = report_data(simulated)
    row = rows_of(data, "simulated_journeys")[4]
    with visit() as visited:
        page = visited.page
        opened(page, simulated)
        page.get_by_role("combobox", name="Journey").select_option(row["journey_id"])
        first = page.locator(".simulated-figures .value").first
        expect(first).to_contain_text(f"{row['mean_h'] / 24:.1f}")
        assert f"journey={row['journey_id']}" in page.url
        figure = page.locator("figure.chart").nth(1)
        rows = csv_rows(saved(page, figure.get_by_role("button", name="CSV"))[1])
        own = [
            wait
            for wait in rows_of(data, "simulated_waits")
            if wait["journey_id"] == row["journey_id"]
        ]
        assert len(rows) == len(own)
        assert sum(float(wait["mean_h"]) for wait in rows) == pytest.approx(row["mean_h"], rel=1e-4)


def test_bars_tell_their_interval(simulated: Path, visit: Visiting) -> None:
    with visit() as visited:
        page = visited.page
        opened(page, simulated)
        canvas = page.locator("figure.chart canvas").first
        box = canvas.bounding_box()
        canvas.hover(position={"x": box["width"] * 0.4, "y": box["height"] * 0.7})
        tip = page.locator("figure.chart .tooltip").first
        expect(tip).to_have_text(re.compile(r"share of the shipments\d+.*%.*\(\d.*–.*%\)"))


def test_overload_lost_replications_and_cautions_are_said(simulated: Path, visit: Visiting) -> None:
    data = report_data(simulated)
    (run,) = rows_of(data, "simulation")
    with visit() as visited:
        page = visited.page
        opened(page, simulated)
        notice = page.locator(".notice")
        expect(notice).to_contain_text("More arrives than can be served")
        expect(notice).to_contain_text("The line grows by 0.3 a day")
        expect(notice).to_contain_text("count for nothing: 1")
        expect(notice).to_contain_text(run["cautions"].split("\n")[-1])
        expect(notice).to_contain_text("The line grows by 1.5 boxes and wagons a day.")
        expect(notice).not_to_contain_text("can serve; the line grows")
        expect(page.locator(".facts.hashes")).to_contain_text(run["model_hash"])


def test_noise_is_told_from_gain_and_a_measure_leads_to_its_row(
    simulated: Path, visit: Visiting
) -> None:
    gains = rows_of(report_data(simulated), "simulated_bottlenecks")
    noise = [row for row in gains if row["saved_low_h"] <= 0 <= row["saved_high_h"]]
    with visit() as visited:
        page = visited.page
        opened(page, simulated)
        table = page.locator(".data-table", has_text="What one more of each saves")
        expect(table.locator(".mark.none")).to_have_count(len(noise))
        table.get_by_role("button", name="Port of Baku (Alat), phase 2").click()
        expect(page.locator("h1")).to_have_text("Measures and scenarios")
        chosen = page.locator("tr.chosen")
        expect(chosen).to_contain_text("Port of Baku (Alat), phase 2")
        expect(chosen).to_be_in_viewport()
        expect(chosen.locator("button.unfold")).to_be_focused()


def test_the_film_plays_pauses_and_is_turned_by_keyboard(simulated: Path, visit: Visiting) -> None:
    with visit() as visited:
        page = visited.page
        opened(page, simulated)
        play = page.get_by_role("button", name="Play")
        play.focus()
        before = int(page.evaluate(MOVED))
        page.locator("canvas.map-top").scroll_into_view_if_needed()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Pause")).to_be_focused()
        page.wait_for_function(f"() => ({MOVED})() > {before}")
        page.keyboard.press("Enter")
        stopped = page.evaluate(MOVED)
        slider = page.get_by_role("slider", name="Time")
        slider.focus()
        page.keyboard.press("ArrowRight")
        assert int(page.evaluate(MOVED)) == int(stopped) + 1
        expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^Jan \d+, \d\d:00$"))
        page.keyboard.press("End")
        expect(page.locator(".movement-date")).to_have_text(re.compile(r"^(Feb 29|Mar 1),"))


def test_the_map_shows_other_places_at_another_time(simulated: Path, visit: Visiting) -> None:
    with visit() as visited:
        page = visited.page
        opened(page, simulated)
        canvas = page.locator("canvas.map-top")
        pixels = "(canvas) => canvas.toDataURL()"
        first = canvas.evaluate(pixels)
        page.get_by_role("slider", name="Time").fill("300")
        settle(page)
        assert canvas.evaluate(pixels) != first
        expect(page.locator(".movement-counts")).to_contain_text("trains")


def test_who_wants_no_motion_gets_jumps(simulated: Path, visit: Visiting) -> None:
    """Between two jumps nothing changes on the map."""
    still = """() => new Promise((done) => {
      const canvas = document.querySelector("canvas.map-top");
      const pictures = new Set();
      let left = 20;
      const look = () => {
        pictures.add(canvas.toDataURL());
        (left -= 1) ? requestAnimationFrame(look) : done(pictures.size);
      };
      requestAnimationFrame(look);
    })"""
    with visit(reduced_motion="reduce") as visited:
        page = visited.page
        opened(page, simulated)
        page.locator("canvas.map-top").scroll_into_view_if_needed()
        page.get_by_role("button", name="Play").click()
        assert page.evaluate(still) <= 2


def test_movements_are_unpacked_only_for_their_page(simulated: Path, visit: Visiting) -> None:
    with visit() as visited:
        page = visited.page
        page.add_init_script(
            """window.unpacked = [];
            const parse = JSON.parse;
            JSON.parse = (text, ...more) => {
              const data = parse(text, ...more);
              window.unpacked.push(...Object.keys(data?.tables ?? {}));
              return data;
            };"""
        )
        page.goto(f"{simulated.as_uri()}#/evidence?lang=ru")
        expect(page.locator(".data-table").first).to_be_visible()
        names = set(page.evaluate("() => window.unpacked"))
        assert "input_observations" in names
        assert not {"simulation", "movement_legs"} & names
        page.goto(address(simulated))
        expect(page.locator(".movement-controls")).to_be_visible()
        assert {"simulation", "movement_legs"} <= set(page.evaluate("() => window.unpacked"))


def test_a_run_without_a_simulation_says_how_to_get_one(simulated: Path, visit: Visiting) -> None:
    gone = json.dumps(["simulation", "simulated_journeys"])
    with visit() as visited:
        page = visited.page
        page.add_init_script(
            f"""const parse = JSON.parse;
            JSON.parse = (text, ...more) => {{
              const data = parse(text, ...more);
              for (const name of {gone}) delete data?.tables?.[name];
              return data;
            }};"""
        )
        page.goto(address(simulated))
        expect(page.locator(".notice")).to_contain_text("the stage “simulate” is missing")
        expect(page.locator(".notice")).to_contain_text("karvan run")
        expect(page.locator("figure.chart")).to_have_count(0)
