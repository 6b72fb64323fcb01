"""Measures and scenarios of a case as rows of result tables."""

from collections.abc import Iterator
from typing import Any

from karvan.case import Case
from karvan.case.settings import LANGUAGES, Text
from karvan.schema import LIST_SEPARATOR

PLAIN = (
    "id", "pillar", "state", "from_year", "authority", "cost_musd", "cost_low_musd",
    "cost_high_musd", "source_id", "confidence", "pending", "note",
)  # fmt: skip


def _in_languages(name: str, text: Text | None) -> dict[str, str | None]:
    return {f"{name}_{lang}": getattr(text, lang) if text else None for lang in LANGUAGES}


def measure_rows(case: Case) -> Iterator[dict[str, Any]]:
    """Yield the rows of the result table ``measures``."""
    for measure in case.measures.values():
        yield {
            **{name: getattr(measure, name) for name in PLAIN},
            "tags": LIST_SEPARATOR.join(measure.tags),
            "applied": measure.id in case.applied,
            "changes": len(measure.changes),
            **_in_languages("title", measure.title),
            **_in_languages("summary", measure.summary),
        }


def scenario_rows(case: Case) -> Iterator[dict[str, Any]]:
    """Yield the rows of the result table ``scenarios``."""
    for scenario in case.scenarios.values():
        yield {
            "id": scenario.id,
            "year": scenario.year,
            "measures": LIST_SEPARATOR.join(scenario.measures),
            **_in_languages("title", scenario.title),
            **_in_languages("summary", scenario.summary),
        }
