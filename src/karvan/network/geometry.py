"""Lines of links for maps, from ``network/geometry.geojson``."""

import json
from collections.abc import Sequence
from pathlib import Path

from karvan.errors import CaseError, Problem

GEOMETRY = "network/geometry.geojson"


def read_geometry(root: Path) -> dict[str, Sequence[Sequence[float]]]:
    """Return (longitude, latitude) points by link id; empty where the case has no geometry."""
    path = root / GEOMETRY
    if not path.exists():
        return {}
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        return {f["properties"]["link_id"]: f["geometry"]["coordinates"] for f in features}
    except (ValueError, KeyError, TypeError) as error:
        expected = "a GeoJSON FeatureCollection of lines with a property link_id"
        raise CaseError([Problem("geometry.file", GEOMETRY, repr(error), expected)]) from None
