"""The page of the five pillars: scores with coverage, visible holes, cells that lead to sources.

What it computes itself, scores by weights that the reader slides, is computed here once more.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from browser_tools import (
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
)

if not REQUIRED:
    pytest.importorskip("axe_playwright_python", reason="pip install 'karvan[browser]'")
from test_accessibility import violations

Visiting = Callable[..., Any]
Rows = list[dict[str, Any]]
NAMES = {"en": "name_en", "ru": "name_ru", "az": "name_az", "zh": "name_zh"}
DECIMAL = {"en": ".", "ru": ",", "az": ",", "zh": "."}
OPEN_ALL = """() => document.querySelectorAll("main details").forEach((d) => (d.open = true))"""
FIRST = "chn-aze"
SLIDERS = ".weights"


@pytest.fixture(scope="module")
def data(report: Path) -> dict[str, Any]:
    return report_data(report)


@pytest.fixture
def visit_pillars(report: Path, visit_report: Visiting) -> Visiting:
    """Function that opens the page as a new reader; it takes what the address adds."""

    def opened(visit: Any, more: str = "", lang: str = "en") -> Any:
        visit.page.goto(f"{report.as_uri()}#/pillars?lang={lang}{more}")
        expect(visit.page.locator("table.heat").first).to_be_visible()
        return visit.page

    return opened


def score_of(data: dict[str, Any], unit: str, element: str) -> dict[str, Any]:
    return next(
        row
        for row in rows_of(data, "scores")
        if (row["unit_id"], row["element_id"]) == (unit, element)
    )


class Reweighed:
    """Scores by other weights: means of what has data, level by level."""

    def __init__(self, data: dict[str, Any], factors: Mapping[str, float]) -> None:
        self._rows = {row["id"]: row for row in rows_of(data, "input_indicators")}
        self._cells = {
            (row["unit_id"], row["indicator_id"]): row["normalised"]
            for row in rows_of(data, "score_cells")
        }
        self._refused = {
            (row["unit_id"], row["element_id"])
            for row in rows_of(data, "scores")
            if row["reason"] is not None
        }
        self._factors = factors
        self.units = [row["id"] for row in rows_of(data, "input_units")]

    def score(self, unit: str, element: str) -> float | None:
        return None if (unit, element) in self._refused else self._mean(unit, element)

    def _mean(self, unit: str, element: str) -> float | None:
        children = [i for i, row in self._rows.items() if row["parent_id"] == element]
        if not children:
            return self._cells.get((unit, element))
        parts = [
            (self._rows[child]["weight"] * self._factors.get(child, 1.0), value)
            for child in children
            if (value := self._mean(unit, child)) is not None
        ]
        total = sum(weight for weight, _ in parts)
        return sum(weight * value for weight, value in parts) / total if total else None

    def rank(self, unit: str, element: str) -> int | None:
        own = self.score(unit, element)
        if own is None:
            return None
        scores = [self.score(other, element) for other in self.units]
        return 1 + sum(score is not None and score > own for score in scores)


def shown_scores(page: Any) -> dict[tuple[str, int], tuple[str, str]]:
    """Score and rank in each cell of the table of the reader's weights; empty where a hole is."""
    found = {}
    rows = page.locator(".reweighed tbody tr")
    # Parts below the first screen are drawn after the page says that it is loaded.
    rows.first.wait_for()
    for row in rows.all():
        for n, cell in enumerate(row.locator("td").all()):
            hole = "hole" in (cell.get_attribute("class") or "")
            unit = row.get_attribute("data-unit")
            found[unit, n] = (
                ("", "")
                if hole
                else (cell.locator("strong").inner_text(), cell.locator(".score-rank").inner_text())
            )
    return found


def expected_scores(
    data: dict[str, Any], factors: Mapping[str, float]
) -> dict[tuple[str, int], tuple[str, int | None]]:
    again = Reweighed(data, factors)
    elements = [
        row["id"]
        for row in rows_of(data, "input_indicators")
        if row["level"] in ("index", "pillar")
    ]
    found = {}
    for unit in again.units:
        for n, element in enumerate(elements):
            score = again.score(unit, element)
            text = "" if score is None else f"{score:.1f}"
            found[unit, n] = (text, again.rank(unit, element))
    return found


def check_table(page: Any, data: dict[str, Any], factors: Mapping[str, float]) -> None:
    expected = expected_scores(data, factors)
    shown = shown_scores(page)
    assert {place: text for place, (text, _) in shown.items()} == {
        place: text for place, (text, _) in expected.items()
    }
    for place, (_, rank) in expected.items():
        said = re.match(r"rank (\d+)", shown[place][1])
        assert (int(said[1]) if said else None) == rank


def choice(page: Any, label: str) -> Any:
    """The first choice on the page with this label."""
    named = page.get_by_text(label, exact=True)
    return page.locator("label.field", has=named).locator("select").first


def press(page: Any, element: str, key: str, times: int) -> None:
    """Move a slider by keyboard."""
    slider = page.locator(f'{SLIDERS} input[data-element="{element}"]')
    slider.focus()
    for _ in range(times):
        page.keyboard.press(key)


# What the page says


@pytest.mark.parametrize("language", LANGS)
def test_scores_stand_beside_their_coverage_and_holes_are_empty(
    language: str, data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    cells = rows_of(data, "score_cells")
    units = rows_of(data, "input_units")
    with visit_report(viewport=PHONE) as visit:
        page = visit_pillars(visit, lang=language)
        heat = page.locator("table.heat:not(.chances):not(.correlations)")
        expect(heat.locator("th.pair")).to_have_text([row[NAMES[language]] for row in units])
        expect(heat.locator("td.hole")).to_have_count(sum(c["value"] is None for c in cells))
        expect(heat.locator("td button")).to_have_count(sum(c["value"] is not None for c in cells))
        pillars = [r for r in rows_of(data, "scores") if r["level"] == "pillar"]
        expect(heat.locator("td.no-score")).to_have_count(
            sum(row["score"] is None for row in pillars)
        )
        expect(heat.locator(".heat-coverage").first).to_have_text(
            f"{pillars[0]['known']}/{pillars[0]['indicators']}"
        )


@pytest.mark.parametrize("language", LANGS)
def test_the_first_picture_is_the_index_with_interval_rank_and_coverage(
    language: str, data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    index = rows_of(data, "input_indicators")[0]
    row = score_of(data, FIRST, index["id"])
    with visit_report() as visit:
        page = visit_pillars(visit, lang=language)
        values = page.locator(".index-figures .value")
        expect(values.nth(0)).to_have_text(
            f"{row['score']:.0f} {row['score_low']:.0f}–{row['score_high']:.0f}"
        )
        expect(values.nth(1)).to_contain_text(f"{row['rank_low']:.0f}–{row['rank_high']:.0f}")
        expect(values.nth(2)).to_contain_text(str(row["known"]))
        drawn = page.locator(".radar .chart-canvas").get_attribute("aria-label")
        for pillar in rows_of(data, "input_indicators"):
            if pillar["level"] == "pillar":
                score = score_of(data, FIRST, pillar["id"])["score"]
                assert f"{pillar[NAMES[language]]} {score:.0f}" in drawn


def test_a_pair_without_an_index_has_a_gap_and_the_reason(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    names = {row["id"]: row["name_en"] for row in rows_of(data, "input_indicators")}
    unit = next(
        row["unit_id"]
        for row in rows_of(data, "scores")
        if row["level"] == "index" and row["score"] is None
    )
    short = [
        row
        for row in rows_of(data, "scores")
        if row["unit_id"] == unit and row["level"] == "pillar" and row["score"] is None
    ]
    with visit_report() as visit:
        page = visit_pillars(visit, f"&unit={unit}")
        figures = page.locator(".index-figures")
        expect(figures).to_contain_text("no index")
        drawn = page.locator(".radar .chart-canvas").get_attribute("aria-label")
        for row in short:
            name = names[row["element_id"]]
            expect(figures).to_contain_text(name)
            assert f"{name} no score" in drawn
            node = page.locator(f'.score-node[data-element="{row["element_id"]}"] summary')
            expect(node).to_contain_text("less than half")
            expect(node.locator(".score-bar.no-score")).to_have_count(1)


def test_other_pairs_lie_over_the_radar_and_are_in_the_address(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    units = {row["id"]: row["name_en"] for row in rows_of(data, "input_units")}
    others = [unit for unit in units if unit != FIRST][:4]
    with visit_report() as visit:
        page = visit_pillars(visit)
        page.locator(".over summary").click()
        for unit in others[:3]:
            page.get_by_label(units[unit], exact=True).check()
        expect(page.get_by_label(units[others[3]], exact=True)).to_be_disabled()
        drawn = page.locator(".radar .chart-canvas")
        expect(drawn).to_have_attribute("aria-label", re.compile(units[others[2]]))
        assert f"over={'*'.join(others[:3])}" in page.url
        page.reload()
        expect(drawn).to_have_attribute("aria-label", re.compile(units[others[2]]))


def test_a_cell_leads_to_its_value_and_its_source(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    known = [c for c in rows_of(data, "score_cells") if c["status"] == "imputed"]
    first = known[0]
    sources = {row["id"]: row for row in rows_of(data, "input_sources")}
    cited = sources[first["source_id"].split(";")[0]]
    indicators = {row["id"]: row["name_en"] for row in rows_of(data, "input_indicators")}
    units = {row["id"]: row["name_en"] for row in rows_of(data, "input_units")}
    with visit_report() as visit:
        page = visit_pillars(visit)
        name = f"{units[first['unit_id']]}, {indicators[first['indicator_id']]}"
        page.locator(f'table.heat button[aria-label^="{name}: "]').click()
        dialog = page.locator("dialog")
        expect(dialog).to_contain_text(str(first["value_year"]))
        expect(dialog).to_contain_text("carried on")
        expect(dialog.locator(".sources")).to_contain_text(cited["title"])


def test_a_score_opens_down_to_the_address_of_a_source(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    rows = {row["id"]: row for row in rows_of(data, "input_indicators")}
    sources = {row["id"]: row for row in rows_of(data, "input_sources")}
    cells = [
        row
        for row in rows_of(data, "score_cells")
        if row["unit_id"] == FIRST
        and rows[rows[row["indicator_id"]]["parent_id"]]["parent_id"] == "trade"
    ]
    cell = next(row for row in cells if row["source_id"] and row["status"] == "imputed")
    leaf = rows[cell["indicator_id"]]
    cited = sources[cell["source_id"].split(";")[0]]
    with visit_report() as visit:
        page = visit_pillars(visit)
        node = page.locator('.score-node[data-element="trade"]')
        node.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(node.locator(".score-part .score-name").first).to_have_text(
            next(row["name_en"] for row in rows.values() if row["parent_id"] == "trade")
        )
        expect(node.locator(".score-cells li")).to_have_count(len(cells))
        holes = sum(row["value"] is None for row in cells)
        expect(node.locator(".score-cells li.no-cell")).to_have_count(holes)
        item = node.locator(".score-cells li", has_text=leaf["name_en"])
        expect(item).to_contain_text(str(cell["value_year"]))
        expect(item).to_contain_text("carried on")
        expect(item).to_contain_text(f"of 100: {cell['normalised']:.1f}")
        item.get_by_role("button", name=re.compile("^Sources")).click()
        link = page.locator("dialog .sources a").first
        expect(link).to_have_text(cited["title"])
        expect(link).to_have_attribute("href", cited["url"])


def test_ties_and_chances_are_those_of_the_draws(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    units = {row["id"]: row["name_en"] for row in rows_of(data, "input_units")}
    ties: dict[int, list[str]] = {}
    for row in rows_of(data, "score_ties"):
        if row["element_id"] == "trade":
            ties.setdefault(row["tie"], []).append(units[row["unit_id"]])
    chances = [row for row in rows_of(data, "score_chances") if row["element_id"] == "trade"]
    with visit_report() as visit:
        page = visit_pillars(visit)
        choice(page, "Pillar").select_option("trade")
        expect(page.locator(".tie-groups li")).to_have_text(
            [", ".join(group) for group in ties.values() if len(group) > 1]
        )
        page.get_by_text("How likely is each pair above each other, and on each rank?").click()
        matrix = page.locator("table.chances:not(.rank-shares)")
        ranked = {row["unit_id"] for row in chances}
        expect(matrix.locator("tbody tr")).to_have_count(len(ranked))
        expect(matrix.locator("td.self")).to_have_count(len(ranked) + 1)
        shown = matrix.locator("tbody tr.chosen-pair td:not(.self)").all_inner_texts()
        order = matrix.locator("thead th").all_inner_texts()
        own = {
            units[c["other_unit_id"]]: c["above_share"] for c in chances if c["unit_id"] == FIRST
        }
        for name, text in zip([n for n in order if n in own], shown, strict=True):
            share = own[name]
            few, many = 0.0 < share < 0.01, 0.99 < share < 1.0
            said = "under 1%" if few else "over 99%" if many else None
            assert text == said or abs(float(text.rstrip("%")) - 100.0 * share) <= 0.5
        shares = page.locator("table.rank-shares tbody tr.chosen-pair td").all_inner_texts()
        given = [r for r in rows_of(data, "score_ranks") if r["element_id"] == "trade"]
        own_ranks = {r["rank"]: r["draws_share"] for r in given if r["unit_id"] == FIRST}
        assert len(shares) == len(ranked)
        for rank, text in enumerate(shares, 1):
            # A rank that no draw gave is a zero, one that nearly none gave is not.
            assert (text == "0%") == (rank not in own_ranks)


def test_the_first_lines_say_who_has_an_index_and_what_the_others_lack(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    scores = rows_of(data, "scores")
    whole = {r["unit_id"] for r in scores if r["level"] == "index" and r["score"] is not None}
    units = [row["id"] for row in rows_of(data, "input_units")]
    lacks: dict[str, int] = {}
    for row in scores:
        if row["level"] == "pillar" and row["score"] is None and row["unit_id"] not in whole:
            lacks[row["element_id"]] = lacks.get(row["element_id"], 0) + 1
    names = {row["id"]: row["name_en"] for row in rows_of(data, "input_indicators")}
    assert 0 < len(whole) < len(units)
    with visit_report() as visit:
        lead = visit_pillars(visit).locator(".lead")
        expect(lead).to_contain_text(f"{len(whole)} of {len(units)} pairs have that.")
        for pillar, count in lacks.items():
            expect(lead).to_contain_text(f"{names[pillar]} ({count})")


def test_the_changes_of_a_year_add_up(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    parts = [
        row
        for row in rows_of(data, "score_changes")
        if row["unit_id"] == FIRST and row["element_id"] == "people"
    ]
    year = max(row["year"] for row in parts)
    total = sum(row["contribution"] for row in parts if row["year"] == year)
    with visit_report() as visit:
        page = visit_pillars(visit)
        page.get_by_text("What changed the scores, year by year").click()
        table = page.locator(".data-table", has_text="Scores and their changes")
        table.get_by_label("Pillar").select_option("People-to-people bonds")
        row = table.locator("tbody tr", has_text=str(year)).first
        expect(row).to_contain_text(f"+{total:.1f}")
        row.locator("td.unfold button").click()
        expect(table.locator(".score-parts li")).to_have_count(
            sum(row["year"] == year for row in parts)
        )


def test_digital_and_green_say_why_an_indicator_counts(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    own = next(
        row
        for row in rows_of(data, "score_tags")
        if (row["unit_id"], row["tag"]) == (FIRST, "digital")
    )
    tagged = [row for row in rows_of(data, "input_indicators") if row["digital"] and row["unit"]]
    with visit_report() as visit:
        page = visit_pillars(visit)
        node = page.locator('.score-node[data-tag="digital"]')
        expect(node.locator("summary")).to_contain_text(f"{own['score']:.1f}")
        expect(node.locator("summary")).to_contain_text(f"{own['known']} of {own['indicators']}")
        node.locator("summary").click()
        for row in tagged:
            expect(node).to_contain_text(row["name_en"])
            expect(node).to_contain_text(row["tag_reason"])


def test_sensitivity_can_be_asked_for_the_pair(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    rows = [
        row
        for row in rows_of(data, "score_unit_sensitivity")
        if (row["unit_id"], row["element_id"]) == (FIRST, "policy")
    ]
    with visit_report() as visit:
        page = visit_pillars(visit)
        choice(page, "Ranks of").select_option("policy")
        page.get_by_text("Sobol' indices as a table").click()
        table = page.locator(".data-table", has_text="What moves the ranks: Sobol' indices")
        expect(table.locator("tbody tr")).to_have_count(len(rows))
        expect(table.locator("tbody")).to_contain_text(f"{rows[0]['total']:.2f}")


# Weights that the reader slides


def test_without_a_change_the_scores_are_those_of_the_case(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    with visit_report() as visit:
        page = visit_pillars(visit)
        page.locator(f"{SLIDERS} > summary").click()
        check_table(page, data, {})
        again = Reweighed(data, {})
        for row in rows_of(data, "scores"):
            if row["level"] in ("index", "pillar"):
                found = again.score(row["unit_id"], row["element_id"])
                assert found == (
                    None if row["score"] is None else pytest.approx(row["score"], rel=1e-5)
                )


def test_sliders_move_by_keyboard_and_the_numbers_are_exact(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    with visit_report() as visit:
        page = visit_pillars(visit)
        page.locator(f"{SLIDERS} > summary").click()
        press(page, "people", "ArrowRight", 7)
        press(page, "finance", "ArrowLeft", 10)
        page.locator(".slider-parts summary", has_text="Facilities connectivity").click()
        press(page, "facilities-energy", "End", 1)
        factors = {"people": 1.7, "finance": 0.0, "facilities-energy": 4.0}
        check_table(page, data, factors)
        index = Reweighed(data, factors).score(FIRST, "five-pillars")
        expect(page.locator(".weights-status")).to_contain_text(
            f"index {index:.1f} by your weights"
        )
        slider = page.locator(f'{SLIDERS} input[data-element="people"]')
        expect(slider).to_have_attribute("aria-valuetext", "1.7 (36%)")
        assert "weights=people_1.7*finance_0*facilities-energy_4" in page.url
        # Intervals and ranks of the case stay as they are.
        row = score_of(data, FIRST, "five-pillars")
        expect(page.locator(".index-figures .value").first).to_contain_text(f"{row['score']:.0f}")


def test_the_address_keeps_weights_through_language_pair_and_reload(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    factors = {"trade": 2.0, "trade-flows": 0.5}
    with visit_report() as visit:
        page = visit_pillars(visit, "&weights=trade_2*trade-flows_0.5")
        check_table(page, data, factors)
        other = rows_of(data, "input_units")[1]["id"]
        page.get_by_label("Pair of countries").select_option(other)
        expect(page.locator(".reweighed tr.chosen-pair")).to_have_attribute("data-unit", other)
        assert "weights=trade_2*trade-flows_0.5" in page.url
        page.reload()
        check_table(page, data, factors)
        page.locator("header select").select_option("ru")
        expect(page.locator("html")).to_have_attribute("lang", "ru")
        expect(page.locator(".weights-status")).to_be_visible()
        assert "weights=trade_2*trade-flows_0.5" in page.url
        page.locator("header select").select_option("en")
        page.get_by_role("button", name="Back to the case's weights").click()
        check_table(page, data, {})
        assert "weights" not in page.url


NONSENSE = ("policy_x", "policy_-1", "nobody_2", "five-pillars_3", "**", "e" * 300, "policy_1e9")


def test_an_address_with_nonsense_weighs_as_the_case_does(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    with visit_report() as visit:
        for weights in NONSENSE:
            page = visit_pillars(visit, f"&weights={weights}")
            page.reload()
            page.locator(f"{SLIDERS} > summary").click()
            expect(page.get_by_role("button", name="Back to the case's weights")).to_be_disabled()
        check_table(page, data, {})


def test_a_pillar_all_of_whose_parts_weigh_nothing_has_no_score(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    parts = [r["id"] for r in rows_of(data, "input_indicators") if r["parent_id"] == "trade"]
    with visit_report() as visit:
        page = visit_pillars(visit, f"&weights={'*'.join(f'{part}_0' for part in parts)}")
        shown = shown_scores(page)
        assert {text for (_, n), (text, _) in shown.items() if n in (0, 3)} == {""}
        expect(page.locator(".weights-status")).to_contain_text("no index by these weights")


# Everybody can use it


@pytest.mark.parametrize(("scheme", "lang"), [("light", "az"), ("dark", "zh")])
def test_all_that_unfolds_fits_the_phone_and_bars_nobody(
    scheme: str, lang: str, visit_report: Visiting, visit_pillars: Visiting
) -> None:
    with visit_report(viewport=PHONE, color_scheme=scheme) as visit:
        page = visit_pillars(visit, "&unit=chn-uzb&over=chn-kaz&weights=policy_2", lang=lang)
        for _ in range(2):
            page.evaluate(OPEN_ALL)
            settle(page)
        assert layout_faults(page) == []
        assert violations(page) == []


def test_what_is_saved_holds_every_cell_of_the_pair(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    cells = [row for row in rows_of(data, "score_cells") if row["unit_id"] == FIRST]
    with visit_report() as visit:
        page = visit_pillars(visit)
        page.get_by_text("All indicators of the pair as a table").click()
        table = page.locator(".data-table", has_text="Indicators: China")
        _, content = saved(page, table.get_by_role("button", name="CSV"))
        rows = {row["indicator_id"]: row for row in csv_rows(content)}
        assert set(rows) == {cell["indicator_id"] for cell in cells}
        assert [rows[c["indicator_id"]]["value"] for c in cells if c["value"] is None] == [
            ""
        ] * sum(c["value"] is None for c in cells)


def test_another_pair_can_be_chosen_and_is_in_the_address(
    data: dict[str, Any], visit_report: Visiting, visit_pillars: Visiting
) -> None:
    last = rows_of(data, "input_units")[-1]
    with visit_report() as visit:
        page = visit_pillars(visit)
        page.get_by_label("Pair of countries").select_option(last["id"])
        expect(page.locator("figure.chart").first).to_contain_text(last["name_en"])
        assert f"unit={last['id']}" in page.url
