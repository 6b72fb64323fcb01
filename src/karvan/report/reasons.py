"""The reasons of verdicts in four languages, from the facts that the results table keeps."""

import json
from collections.abc import Mapping
from typing import Any

from karvan.evidence.reasons import Language, reason_text
from karvan.report.language import Texts

Names = Mapping[str, Mapping[str, str]]
"""``series`` and ``event`` -> id -> name in the language."""


def reason(row: Mapping[str, Any], names: Names, texts: Texts) -> str:
    """Return why a claim got its verdict, in a language.

    Parameters
    ----------
    row : mapping
        Row of the result table ``claims``.
    names : mapping
        Names of the series and of the events of the case, in the language.
    texts : Texts
    """
    language = Language(
        translate=texts,
        unit=texts.unit,
        number=texts.number,
        name=lambda kind, name: names[kind].get(name, name),
    )
    return reason_text(row["why_key"], json.loads(row["why_values"]), language)
