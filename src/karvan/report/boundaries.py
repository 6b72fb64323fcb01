"""Country polygons under the map: those of the case, else those that ship with karvan.

The shipped ones follow the conventions of the United Nations as far as their source lets them;
``docs/boundaries.md`` says where they come from and what was changed.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

DISCLAIMER = "The boundaries shown do not imply any opinion on the legal status of any territory."
"""Stands below every map; a key of the text catalogues."""


@cache
def _shipped() -> dict[str, Any]:
    text = files("karvan.report").joinpath("boundaries.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def boundaries(own: pl.DataFrame | None = None) -> dict[str, Any]:
    """Return the part ``boundaries`` of a document.

    Parameters
    ----------
    own : polars.DataFrame, optional
        Result table ``boundaries``; without rows the case brought no polygons.

    Returns
    -------
    dict
        ``countries`` (``id``: ISO 3166-1 alpha-2, empty where no name may stand; ``polygons``:
        rings of longitude and latitude), ``attribution``, ``disclaimer``.
    """
    if own is None or own.is_empty():
        return {**_shipped(), "disclaimer": DISCLAIMER}
    countries = [
        {"id": row["id"], "polygons": _polygons(row["polygons"])}
        for row in own.iter_rows(named=True)
    ]
    attribution = "; ".join(sorted({text for text in own["attribution"] if text}))
    return {"countries": countries, "attribution": attribution, "disclaimer": DISCLAIMER}


def _polygons(text: str) -> list[list[list[list[float]]]]:
    return [[_ring(ring) for ring in polygon.split(";")] for polygon in text.split("|") if polygon]


def _ring(text: str) -> list[list[float]]:
    return [[float(number) for number in point.split(",")] for point in text.split(" ")]
