"""Result tables of a scoreboard made by hand: three pairs, an index of two pillars."""

from pathlib import Path
from typing import Any

from flow_tables import filled
from karvan.case.results import Results
from results_by_hand import Rows, results

YEAR = 2024
INDEX, PILLARS, UNITS = "index", ("roads", "words"), ("a", "b", "c")


def score(unit: str, element: str, value: float | None, **more: Any) -> dict[str, Any]:
    """A score with an interval of ten points on both sides, second of two, of four of five."""
    level = "index" if element == INDEX else "pillar"
    known = value is not None
    given: dict[str, Any] = {
        "level": level,
        "score": value,
        "score_low": value - 10.0 if value is not None else None,
        "score_high": value + 10.0 if value is not None else None,
        "rank": 2 if known else None,
        "rank_low": 1.0 if known else None,
        "rank_high": 2.0 if known else None,
        "ranked": 2 if known else None,
        "indicators": 5,
        "known": 4 if known else 2,
        "coverage_share": 0.8 if known else 0.4,
        "reason": None if known else "below half",
    }
    keys = {"unit_id": unit, "element_id": element, "year": YEAR}
    return filled("scores", **{**keys, **given, **more})


def score_results(root: Path, scores: Rows, **tables: Rows) -> Results:
    """Results with the scores given; without any, those of a case without a scoreboard."""
    board = {
        "year": YEAR, "run_year": YEAR, "units": len(UNITS), "indicators": 10,
        "carried_years": 10, "draws": 1000, "interval_share": 0.9,
    }  # fmt: skip
    names = {INDEX: "Whole", "roads": "Roads", "words": "Words"}
    made: dict[str, Rows] = {
        "scores": scores,
        "scoreboard": [filled("scoreboard", **board)] if scores else [],
        "input_units": [
            filled("input_units", id=unit, name_en=f"Pair {unit}") for unit in UNITS if scores
        ],
        "input_indicators": [
            filled("input_indicators", id=name, name_en=text) for name, text in names.items()
        ],
        **tables,
    }
    return results(root, **made)
