"""The five pillars in the app: what moved between two scenarios, and weights that stay."""

from collections.abc import Callable
from typing import Any

import pytest
from browser_tools import PHONE, RUN_MS, csv_rows, expect, layout_faults, saved, settle

Visiting = Callable[..., Any]
SCENARIO, LATER = "base-2024", "base-2025"


def compared(visit: Any, address: str) -> list[dict[str, Any]]:
    """What the server says of the scores of both scenarios."""
    ids = []
    for scenario in (SCENARIO, LATER):
        asked = {"scenario": scenario, "measures": []}
        answer = visit.context.request.post(f"{address}api/v1/runs", data=asked).json()
        ids.append(answer["id"])
    found = visit.context.request.get(
        f"{address}api/v1/compare", params={"before": ids[0], "after": ids[1]}
    )
    scores: list[dict[str, Any]] = found.json()["scores"]
    return scores


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_the_comparison_says_which_pillar_moved_by_what_and_how_surely(
    screen: str, visit_app: Visiting, server: Any
) -> None:
    options = {"viewport": PHONE} if screen == "phone" else {}
    with visit_app(**options) as visit:
        page = visit.page
        page.goto(f"{server.address}#/compare?a={SCENARIO}&b={LATER}&lang=en")
        section = page.get_by_role("region", name="Five pillars")
        expect(section.locator("tbody tr").first).to_be_visible(timeout=RUN_MS)
        scores = compared(visit, server.address)
        assert scores
        expect(section).to_contain_text(f"Scores that moved: {len(scores)}")
        name, content = saved(page, section.get_by_role("button", name="CSV"))
        assert name == "compared-pillars.csv"
        rows = {(row["unit_id"], row["element_id"]): row for row in csv_rows(content)}
        assert rows.keys() == {(s["unit_id"], s["element_id"]) for s in scores}
        for score in scores:
            row = rows[score["unit_id"], score["element_id"]]
            assert float(row["change"]) == pytest.approx(score["after"] - score["before"])
            assert row["noise"] == ("yes" if score["beyond_noise"] else "no")
            assert f"{abs(score['parts'][0]['points']):.1f}" in row["by"]
        settle(page)
        assert layout_faults(page) == []


def test_weights_of_the_reader_stay_when_the_scenario_changes(
    visit_app: Visiting, server: Any
) -> None:
    with visit_app() as visit:
        page = visit.page
        page.goto(f"{server.address}#/pillars?scenario={SCENARIO}&weights=facilities_3&lang=en")
        status = page.locator(".weights-status")
        expect(status).to_contain_text("by your weights", timeout=RUN_MS)
        before = status.inner_text()
        page.locator(".app-question select").first.select_option(LATER)
        expect(status).not_to_have_text(before, timeout=RUN_MS)
        expect(status).to_contain_text("by your weights")
        assert "weights=facilities_3" in page.url
        assert f"scenario={LATER}" in page.url
