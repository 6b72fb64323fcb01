"""What finds no room at any price, and how exact flows are, as the page of flows shows it."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from browser_tools import LANGS, expect, report_data, rows_of, run_report, visiting

from case_files import set_cell
from karvan.case import find_case

FLOWS, SERVICES = "demand/flows.csv", "network/services.csv"
TITLES = {
    "en": "A ferry every day",
    "ru": "Паром каждый день",
    "az": "Hər gün bərə",
    "zh": "每日渡轮",
}
FERRY = {"en": "The ferry", "ru": "Паром", "az": "Bərə", "zh": "渡轮"}
LACKING = {"en": "lacking", "ru": "не хватает", "az": "çatmazdı", "zh": "尚缺"}
PHONE = {"viewport": {"width": 390, "height": 844}}


def changed(root: Path, *changes: tuple[str, str, str, str]) -> Path:
    """The example case with cells changed: file, row, column, value."""
    shutil.copytree(find_case("two-port"), root)
    for file, row, column, value in changes:
        set_cell(root / file, row, column, value)
    return root


@pytest.fixture(scope="module")
def full(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a case with more cargo than the ferry has places, whatever is paid."""
    root = tmp_path_factory.mktemp("full")
    more = [("east-west-2024", "20000"), ("west-east-2024", "3960")]
    changes = [
        (FLOWS, row, column, value)
        for row, teu in more
        for column, value in (
            ("flow_teu_per_year", teu),
            *((column, "") for column in ("flow_formula", "part_of", "flow_source_id")),
        )
    ]
    return run_report(changed(root / "case", *changes), root / "results")


@pytest.fixture(scope="module")
def cut_off(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a case whose ferry has no places, so that no way leads anywhere."""
    root = tmp_path_factory.mktemp("cut-off")
    case = changed(root / "case", (SERVICES, "ferry", "capacity_teu", "0"))
    return run_report(case, root / "results")


@pytest.mark.parametrize("language", LANGS)
def test_the_page_says_what_has_no_room_why_and_what_would_lift_it(
    language: str, full: Path, browser: Any
) -> None:
    data = report_data(full)
    left = rows_of(data, "assignment")[0]["left_over_teu"]
    lifting = rows_of(data, "lifting")
    assert [row["measure_id"] for row in lifting] == ["daily-ferry"]
    with visiting(browser, full.as_uri(), **PHONE) as visit:
        page = visit.page
        page.goto(f"{full.as_uri()}#/flows?lang={language}")
        answer = page.locator(".no-room-answer")
        expect(answer).to_contain_text(FERRY[language])
        digits = "".join(c for c in answer.inner_text() if c.isdigit())
        assert digits == f"{left:.0f}"
        place = page.locator(".no-room")
        expect(place).to_contain_text(LACKING[language])
        item = place.locator(".lifting li")
        expect(item).to_have_count(len(lifting))
        rest = "".join(c for c in item.inner_text() if c.isdigit())
        assert rest == f"{lifting[0]['left_over_teu']:.0f}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        item.get_by_role("button", name=TITLES[language]).click()
        expect(page.locator("tr.chosen")).to_contain_text(TITLES[language])


IMPATIENT = (
    "from karvan.freight import pathlogit; pathlogit.TOLERANCE = -1.0; "
    "from karvan.cli import main; main()"
)
"""A program for which no flows are exact enough."""


@pytest.fixture(scope="module")
def rough(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on flows that did not converge."""
    out = tmp_path_factory.mktemp("rough") / "results"
    command = [sys.executable, "-X", "utf8", "-c", IMPATIENT, "run", "two-port", "--quiet"]
    command += ["--out", str(out), "--replications", "2"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out / "report.html"


APPROXIMATE = {"en": "approximation", "ru": "приближ", "az": "təxmini", "zh": "近似"}


@pytest.mark.parametrize("language", LANGS)
def test_flows_that_did_not_converge_are_said_to_be_approximate(
    language: str, rough: Path, full: Path, browser: Any
) -> None:
    for report, said in ((rough, True), (full, False)):
        with visiting(browser, report.as_uri()) as visit:
            visit.page.goto(f"{report.as_uri()}#/flows?lang={language}")
            certificate = visit.page.locator(".certificate")
            expect(certificate).to_be_visible()
            assert ("notice" in certificate.get_attribute("class").split()) is said
            assert (APPROXIMATE[language] in certificate.inner_text().lower()) is said


def test_where_all_could_pass_nothing_is_said(report: Path, browser: Any) -> None:
    with visiting(browser, report.as_uri()) as visit:
        page = visit.page
        page.goto(f"{report.as_uri()}#/flows?lang=en")
        expect(page.locator(".bottlenecks li").first).to_be_visible()
        expect(page.locator(".no-room, .no-room-answer")).to_have_count(0)


def test_flows_without_any_way_are_named(cut_off: Path, browser: Any) -> None:
    with visiting(browser, cut_off.as_uri()) as visit:
        page = visit.page
        page.goto(f"{cut_off.as_uri()}#/flows?lang=en")
        expect(page.locator(".notice")).to_have_text(
            "No way at all: East → West (Containers); West → East (Containers)"
        )
