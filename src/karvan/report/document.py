"""The results document: what one run found, as one JSON value that the front end shows.

Single-file reports hold it, and the server sends it.  It is made from Results alone; columns,
types and units are those declared in ``karvan.schema``.
"""

import io
import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from karvan import schema
from karvan.case.results import Results
from karvan.case.settings import LANGUAGES
from karvan.report.boundaries import boundaries
from karvan.report.movements import COLUMNS, MOVEMENTS, movement_tables

FORMAT = 1
NOT_SENT = frozenset({"skims", "loads", "boundaries", "simulated_replications", MOVEMENTS})
"""Every pair of places, every market and commodity at every place, and every journey of every
replication are too much for a page; polygons have a part of their own, and
``karvan.report.movements`` packs movements."""
LEVELS_OF_YEARS = ("index", "pillar")
"""Sub-pillars of earlier years are five times as many rows, and no page draws them."""
LINK_LOADS = "link_loads"
"""What all cargo together loads on links, for the map: a table that only documents have."""

DIGITS = 6
"""Significant digits of computed numbers; what the case says is sent as it stands."""
EXACT_INTEGER = 2.0**53
CONTEXT_SIGN, PLURAL_SIGN = "\u0004", "\u0000"


def report_document(results: Results) -> dict[str, Any]:
    """Return the document of a finished run."""
    names = [name for name in schema.result_tables() if name in results.names()]
    sent = {name: results.table(name) for name in names if name != "skims"}
    if "score_years" in sent:
        sent["score_years"] = sent["score_years"].filter(pl.col("level").is_in(LEVELS_OF_YEARS))
    return {
        "format": FORMAT,
        "meta": _meta(results.manifest),
        "texts": catalogues(),
        "tables": {
            **{name: _table(name, sent[name]) for name in sent if name not in NOT_SENT},
            **({LINK_LOADS: _link_loads(sent["loads"])} if "loads" in sent else {}),
            **(_movements(sent[MOVEMENTS]) if MOVEMENTS in sent else {}),
        },
        "boundaries": boundaries(sent.get("boundaries")),
    }


def document_json(document: Mapping[str, Any]) -> str:
    """Return a document as compact JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _meta(manifest: Mapping[str, Any]) -> dict[str, Any]:
    title = manifest.get("title") or {"en": manifest["case"]}
    return {
        "case": manifest["case"],
        "title": {language: title.get(language, "") for language in LANGUAGES},
        **{key: manifest[key] for key in ("scenario", "year", "measures", "seed")},
        **{key: manifest[key] for key in ("versions", "code", "warnings", "complete")},
    }


def _link_loads(loads: pl.DataFrame) -> dict[str, Any]:
    """Return the loads of links by direction, summed over markets and commodities."""
    direction = ["id", "from_node", "to_node"]
    links = loads.filter(pl.col("kind") == "link")
    summed = links.group_by(direction, maintain_order=True).agg(pl.col("teu", "t").sum())
    declared = [c for c in schema.result_tables()["loads"] if c.name in summed.columns]
    return _content(declared, summed, is_input=False)


def _movements(movements: pl.DataFrame) -> dict[str, Any]:
    """Return the movements in the tables that only documents have."""
    made = movement_tables(movements)
    return {name: _content(COLUMNS[name], made[name], is_input=False) for name in made}


def _table(name: str, table: pl.DataFrame) -> dict[str, Any]:
    is_input = name.startswith(schema.INPUT)
    return _content(schema.result_tables()[name], table, is_input=is_input)


def _content(
    declared: Iterable[schema.ResultColumn], table: pl.DataFrame, *, is_input: bool
) -> dict[str, Any]:
    declared = tuple(declared)
    columns = [
        {
            "name": column.name,
            "type": column.type,
            "unit": column.unit,
            "key": column.key,
            "description": column.description,
        }
        for column in declared
    ]
    cells = [
        _cells(table[column.name], is_input=is_input)
        if column.name in table.columns
        else [None] * table.height
        for column in declared
    ]
    return {"columns": columns, "rows": [list(row) for row in zip(*cells, strict=True)]}


def _cells(column: pl.Series, *, is_input: bool) -> list[Any]:
    values = column.to_list()
    if column.dtype != pl.Float64:
        return values
    return [None if value is None else _short(value, is_input=is_input) for value in values]


def _short(value: float, *, is_input: bool) -> float | int | None:
    """Return a number with no more digits than it means; JSON knows no infinity."""
    if not math.isfinite(value):
        return None
    if not is_input:
        value = float(f"{value:.{DIGITS}g}")
    return int(value) if value.is_integer() and abs(value) < EXACT_INTEGER else value


@cache
def catalogues() -> dict[str, dict[str, str]]:
    """Return the translations by language and English text.

    A text with a context stands under ``context, U+0004, text``.  A text with plural forms stands
    under the singular text with its first form, and under ``text, U+0000, n`` with form `n`.
    """
    return {language: _catalogue(language) for language in LANGUAGES if language != "en"}


def _catalogue(language: str) -> dict[str, str]:
    # Babel is imported only where a document is made.
    from babel.messages.pofile import read_po

    file = files("karvan.report").joinpath("texts", f"{language}.po").read_bytes()
    found: dict[str, str] = {}
    for message in read_po(io.BytesIO(file), locale=language):
        if not message.id or message.fuzzy:
            continue
        one = message.id if isinstance(message.id, str) else message.id[0]
        key = f"{message.context}{CONTEXT_SIGN}{one}" if message.context else one
        text_or_forms = message.string or ""
        forms = [text_or_forms] if isinstance(text_or_forms, str) else list(text_or_forms)
        if forms and forms[0]:
            found[key] = forms[0]
        if not isinstance(message.id, str):
            found |= {f"{key}{PLURAL_SIGN}{n}": form for n, form in enumerate(forms) if form}
    return found
