"""Country polygons that a case brings for its maps, from ``boundaries.geojson``."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from karvan.errors import CaseError, Problem

BOUNDARIES = "boundaries.geojson"
ID_PROPERTIES = ("id", "iso_a2", "ISO_A2")
POLYGON_SIGN, RING_SIGN = "|", ";"
FEWEST_POINTS = 4
MOST_BYTES = 20_000_000
"""A map under the routes; a larger file would make every report too large to open."""


def read_boundaries(root: Path) -> list[dict[str, str]]:
    """Return the polygons of a case by id, as rows of the result table ``boundaries``.

    Polygons of features with the same id come together; features without an id are the row with
    the empty id, which maps leave unlabelled.  No rows where the case has no such file.
    """
    path = root / BOUNDARIES
    if not path.exists():
        return []
    try:
        collection = _load(path)
        found: dict[str, list[str]] = {}
        for feature in collection["features"]:
            found.setdefault(_id(feature), []).extend(_polygons(feature["geometry"]))
        attribution = str(collection.get("attribution", ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        expected = "a GeoJSON FeatureCollection of polygons, longitude before latitude in degrees"
        raise CaseError([Problem("boundaries.file", BOUNDARIES, repr(error), expected)]) from None
    return [
        {"id": area, "polygons": POLYGON_SIGN.join(polygons), "attribution": attribution}
        for area, polygons in sorted(found.items())
    ]


def _load(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    size = path.stat().st_size
    if size > MOST_BYTES:
        message = f"{size:,} bytes; at most {MOST_BYTES:,} go on a map"
        raise ValueError(message)
    return json.loads(path.read_text(encoding="utf-8"))


def _id(feature: Mapping[str, Any]) -> str:
    properties = feature.get("properties") or {}
    for name in ID_PROPERTIES:
        if properties.get(name):
            return str(properties[name])
    return ""


def _polygons(geometry: Mapping[str, Any]) -> Iterator[str]:
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind not in {"Polygon", "MultiPolygon"}:
        message = f"a geometry of type {kind!r}"
        raise ValueError(message)
    for polygon in coordinates if kind == "MultiPolygon" else [coordinates]:
        yield RING_SIGN.join(_ring(ring) for ring in polygon)


def _ring(ring: Any) -> str:  # noqa: ANN401 - whatever the file holds
    points = [(float(point[0]), float(point[1])) for point in ring]
    if len(points) < FEWEST_POINTS:
        message = f"a ring of {len(points)} points"
        raise ValueError(message)
    for lon, lat in points:
        if not (math.isfinite(lon) and abs(lon) <= 360 and abs(lat) <= 90):
            message = f"the point {lon:g}, {lat:g}"
            raise ValueError(message)
    return " ".join(f"{lon:g},{lat:g}" for lon, lat in points)
