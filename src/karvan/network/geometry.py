"""Lines of links for maps, from ``network/geometry.geojson``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from karvan.errors import CaseError, Problem

GEOMETRY = "network/geometry.geojson"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of links.

    Attributes
    ----------
    points : mapping
        (longitude, latitude) points by link id.
    attribution : str
        Whom the lines owe; to be shown wherever they are drawn.
    """

    points: Mapping[str, Sequence[Sequence[float]]]
    attribution: str = ""


def read_geometry(root: Path) -> Lines:
    """Return the lines of a case; none where it has no geometry."""
    path = root / GEOMETRY
    if not path.exists():
        return Lines({})
    try:
        collection = json.loads(path.read_text(encoding="utf-8"))
        points = {
            f["properties"]["link_id"]: f["geometry"]["coordinates"] for f in collection["features"]
        }
        return Lines(points, str(collection.get("attribution", "")))
    except (ValueError, KeyError, TypeError) as error:
        expected = "a GeoJSON FeatureCollection of lines with a property link_id"
        raise CaseError([Problem("geometry.file", GEOMETRY, repr(error), expected)]) from None
