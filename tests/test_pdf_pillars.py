"""The five pillars in the PDF: bars with intervals, ranks, coverage, and why there is no score."""

from pathlib import Path
from typing import Any

import pytest

from karvan.report.language import Texts
from karvan.report.pdf_pillars import pillars
from karvan.report.pdf_reader import Reader
from score_tables import INDEX, YEAR, score, score_results

SCORES = [
    score("a", INDEX, None, known=6, indicators=10, reason="pillar without score"),
    score("a", "roads", 40.0, rank=1),
    score("a", "words", None),
    score("b", INDEX, 55.4, known=8, indicators=10),
    score("b", "roads", 60.6),
    score("b", "words", 0.0, score_low=0.0, score_high=3.0),
    score("c", INDEX, None, reason="pillar without score"),
    score("c", "roads", None),
    score("c", "words", None),
]
# Scores of another year, which no page may take for today's.
EARLIER = [score(unit, "roads", 99.0, year=YEAR - 1) for unit in ("a", "b")]


@pytest.fixture
def block(tmp_path: Path) -> dict[str, Any]:
    found = pillars(Reader(score_results(tmp_path, [*EARLIER, *SCORES]), "en"))
    assert found is not None
    return found


def texts_of(table: dict[str, Any]) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in table["rows"]]


def test_bars_are_of_the_first_pair_with_interval_coverage_and_rank(block: dict[str, Any]) -> None:
    bars = block["bars"]
    assert bars["title"] == "Scores: Pair a"
    roads = bars["rows"][1]
    assert (roads["score"], roads["low"], roads["high"]) == (40.0, 30.0, 50.0)
    assert roads["words"] == ["40", "30–50", "4 of 5", "1 of 2 (1–2)"]


def test_no_score_has_no_bar_and_says_why(block: dict[str, Any]) -> None:
    whole, _, words = block["bars"]["rows"]
    assert (whole["score"], whole["reason"]) == (None, "no score of Words")
    assert (words["score"], words["reason"]) == (
        None,
        "2 of 5 indicators with data, less than half",
    )
    assert words["words"] == ["–", "–", "2 of 5", "–"]


def test_all_pairs_stand_with_coverage_and_a_score_of_zero_is_one(block: dict[str, Any]) -> None:
    scores, ranks = block["tables"]
    assert texts_of(scores) == [
        ["Pair a", "– (6/10)", "40 (4/5)", "– (2/5)"],
        ["Pair b", "55 (8/10)", "61 (4/5)", "0 (4/5)"],
        ["Pair c", "– (2/5)", "– (2/5)", "– (2/5)"],
    ]
    assert texts_of(ranks)[0] == ["Pair a", "–", "1 (1–2)", "–"]


def test_the_lead_says_who_has_an_index_and_what_the_others_lack(block: dict[str, Any]) -> None:
    assert block["lead"].endswith(
        "1 of 3 pairs have that. The others have too little data, by pillar (pairs):"
        " Words (2), Roads (1)."
    )


def test_the_note_says_what_intervals_hold(block: dict[str, Any]) -> None:
    assert block["note"].startswith("Lines hold 90% of 1,000 draws of weights")


def test_a_case_without_a_scoreboard_has_no_such_section(tmp_path: Path) -> None:
    assert pillars(Reader(score_results(tmp_path, []), "en")) is None


@pytest.mark.parametrize(("language", "between"), [("en", " "), ("zh", "")])
def test_sentences_follow_each_other_as_the_language_does_it(language: str, between: str) -> None:
    assert Texts(language).sentences(["a。", "b。"]) == f"a。{between}b。"
