"""axe-core finds no serious or critical violation, in light and dark, in report and app."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_tools import PAGES, PHONE, REQUIRED, RUN_MS, expect, settle, show

if not REQUIRED:
    pytest.importorskip("axe_playwright_python", reason="pip install 'karvan[browser]'")
from axe_playwright_python.sync_playwright import Axe

Visiting = Callable[..., Any]
GRAVE = {"serious", "critical"}
OPTIONS = {"resultTypes": ["violations"]}


def violations(page: Any) -> list[str]:
    """What axe-core finds that bars somebody from using the page."""
    settle(page)
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']}; "
        + "; ".join(node["html"][:160] for node in one["nodes"][:3])
        for one in found
        if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report(scheme: str, visit_report: Visiting, report: Path) -> None:
    found = []
    with visit_report(color_scheme=scheme) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/overview?lang=en")
        for page_id in PAGES:
            show(page, page_id)
            found += [f"{page_id}: {one}" for one in violations(page)]
    assert found == []


def test_report_on_a_phone_with_its_menu_open(visit_report: Visiting, report: Path) -> None:
    with visit_report(viewport=PHONE) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/itineraries?lang=zh")
        page.locator(".menu-button").click()
        assert violations(page) == []


def test_dialogs(visit_report: Visiting, report: Path) -> None:
    with visit_report() as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/itineraries?lang=en")
        page.locator('td button[aria-haspopup="dialog"]').first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_app(scheme: str, visit_app: Visiting, server: Any) -> None:
    found = []
    with visit_app(color_scheme=scheme) as visit:
        page = visit.page
        for view in ("overview", "plan?from=xian&to=absheron", "compare?a=base-2024&b=base-2025"):
            page.goto(f"{server.address}#/{view}{'&' if '?' in view else '?'}lang=en")
            expect(page.locator("canvas.map-top").first).to_be_visible(timeout=RUN_MS)
            found += [f"{view}: {one}" for one in violations(page)]
    assert found == []
