"""The simulation in the app: loaded for its page only, compared with intervals, and downloaded.

On the small case, of which a run takes three seconds.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from browser_tools import (
    LANGS,
    PHONE,
    RUN_MS,
    csv_rows,
    expect,
    layout_faults,
    saved,
    settle,
    visiting,
)

from karvan.simulation.statistics import replication_interval

Visiting = Callable[..., Any]
SCENARIO, MEASURE = "daily-2030", "daily-ferry"
WITHOUT = f"{SCENARIO},!{MEASURE}"
"""The scenario without its measure, as the address of a comparison has it."""
OFFERED = (
    *("simulated_journeys", "simulated_bottlenecks"),
    *("simulated_movements", "simulated_replications"),
)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def small(serve: Any) -> Any:
    """A server of the small case."""
    return serve("two-port")


@pytest.fixture
def visit_app(browser: Any, small: Any) -> Visiting:
    return partial(visiting, browser, small.address)


@pytest.fixture(scope="module")
def table(browser: Any, small: Any) -> Callable[..., list[Row]]:
    """Function that gives the rows of a table of the scenario as the API sends them."""
    context = browser.new_context()
    api = f"{small.address}api/v1"

    def rows(name: str, *without: str) -> list[Row]:
        asked = {"scenario": SCENARIO, "measures": [], "without": without}
        run = context.request.post(f"{api}/runs", data=asked).json()["id"]
        context.request.get(f"{api}/runs/{run}/events", timeout=RUN_MS)
        page = context.request.get(f"{api}/runs/{run}/tables/{name}?limit=10000").json()
        names = [column["name"] for column in page["columns"]]
        return [dict(zip(names, cells, strict=True)) for cells in page["rows"]]

    return rows


def parts(visit: Any) -> list[str]:
    return [found[1] for url in visit.requests if (found := re.search(r"[?&]part=(\w+)", url))]


def test_the_parts_of_the_simulation_are_asked_for_by_its_page_only(
    visit_app: Visiting, small: Any
) -> None:
    with visit_app() as visit:
        page = visit.page
        page.goto(f"{small.address}#/itineraries?scenario={SCENARIO}&lang=en")
        page.wait_for_function("() => document.querySelector('.app-card')", timeout=RUN_MS)
        expect(page.locator(".page-itineraries .data-table").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert {"first", "evidence", "details"} == set(parts(visit))
        page.locator('.app-tabs a[data-page="simulation"]').click()
        expect(page.locator(".movement-controls")).to_be_visible(timeout=RUN_MS)
        assert {"simulation", "movements"} <= set(parts(visit))
        page.locator('.app-tabs a[data-page="flows"]').click()
        page.locator('.app-tabs a[data-page="simulation"]').click()
        expect(page.locator(".movement-controls")).to_be_visible()
        assert parts(visit).count("simulation") == parts(visit).count("movements") == 1


def test_two_simulations_are_compared_with_intervals(
    visit_app: Visiting, small: Any, table: Any
) -> None:
    with visit_app() as visit:
        page = visit.page
        page.goto(f"{small.address}#/compare?a={WITHOUT}&b={SCENARIO}&lang=en")
        place = page.get_by_role("region", name="The corridor in motion", exact=True)
        shown = place.locator(".data-table", has_text="Simulated journeys")
        expect(shown).to_be_visible(timeout=RUN_MS)
        name, data = saved(page, shown.get_by_role("button", name="CSV"))
        assert name == "compared-simulated-journeys.csv"
        first = csv_rows(data)[0]
        now = {row["journey_id"]: row for row in table("simulated_journeys")}
        own = now[first["journey_id"]]
        same = ("origin", "destination", "commodity_id", "nodes")
        then = [
            row
            for row in table("simulated_journeys", MEASURE)
            if all(row[key] == own[key] for key in same)
            and row["mean_h"] == pytest.approx(float(first["mean_before"]), rel=1e-5)
        ]
        assert then
        expect(place).to_contain_text("differences replication by replication")
        changes = [is_ - was for was, is_ in pairs(table, then[0], own)]
        interval = replication_interval(changes)
        found = [float(first[f"mean_{part}"]) for part in ("change", "low", "high")]
        assert found == pytest.approx([interval.estimate, interval.low, interval.high])


def pairs(table: Any, old: Row, now: Row) -> list[tuple[float, float]]:
    """Mean times of a journey in each replication, before and after."""
    sides = (table("simulated_replications", MEASURE), old), (table("simulated_replications"), now)
    was, is_ = (
        {row["replication"]: row["mean_h"] for row in rows if row["journey_id"] == of["journey_id"]}
        for rows, of in sides
    )
    return [(was[number], is_[number]) for number in sorted(was)]


def test_tables_of_the_simulation_can_be_downloaded(
    visit_app: Visiting, small: Any, table: Any
) -> None:
    with visit_app() as visit:
        page = visit.page
        page.goto(f"{small.address}#/itineraries?scenario={SCENARIO}&lang=en")
        page.locator(".app-downloads summary").click(timeout=RUN_MS)
        names = page.locator(".app-downloads option").all_inner_texts()
        offered = {name.split(" ")[0] for name in names}
        assert set(OFFERED) <= offered
        assert not {name for name in offered if name.startswith("movement_")}
        page.locator(".app-downloads select").select_option("simulated_movements")
        _, data = saved(page, page.locator(".app-downloads").get_by_role("link", name="CSV"))
        assert len(csv_rows(data)) == len(table("simulated_movements"))


@pytest.mark.parametrize("lang", LANGS)
def test_nothing_runs_over_its_box_on_a_phone(lang: str, visit_app: Visiting, small: Any) -> None:
    with visit_app(viewport=PHONE) as visit:
        page = visit.page
        page.goto(f"{small.address}#/simulation?scenario={SCENARIO}&lang={lang}")
        expect(page.locator(".movement-controls")).to_be_visible(timeout=RUN_MS)
        settle(page)
        assert layout_faults(page) == []
