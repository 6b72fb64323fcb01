"""Legs of itineraries as lines on a map: GeoJSON that names whom the lines owe."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from karvan.case import Case
from karvan.network.geometry import read_geometry

Coordinates = Sequence[Sequence[float]]
Feature = dict[str, Any]
LISTS_OF_A_LEG = frozenset({"nodes", "links"})
"""What the line itself shows is not repeated in its properties."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What legs are drawn with.

    Attributes
    ----------
    lines : mapping
        Points (longitude, latitude) by link id; links without one are drawn straight.
    starts : mapping
        Node that each line starts at, by link id.
    positions : mapping
        (longitude, latitude) by node id.
    attribution : str
        Whom the lines owe.
    """

    lines: Mapping[str, Coordinates]
    starts: Mapping[str, str]
    positions: Mapping[str, Sequence[float]]
    attribution: str

    def leg(self, leg: Mapping[str, Any]) -> Feature:
        """Return a leg, with lists of the ``nodes`` and ``links`` it passes, as a line."""
        properties = {k: v for k, v in leg.items() if k not in LISTS_OF_A_LEG}
        return _feature("LineString", self._line(leg["nodes"], leg["links"]), properties)

    def node(self, node: str) -> Feature:
        """Return a node as a point."""
        return _feature("Point", list(self.positions[node]), {"node": node})

    def collection(self, features: Iterable[Feature]) -> dict[str, Any]:
        """Return features as a file of their own; the attribution travels with them."""
        return {
            "type": "FeatureCollection",
            "attribution": self.attribution,
            "features": list(features),
        }

    def _line(self, nodes: Sequence[str], links: Sequence[str]) -> list[list[float]]:
        """The links in order, each turned the way it is travelled."""
        line: list[list[float]] = []
        for here, there, link in zip(nodes, nodes[1:], links, strict=False):
            part = self.lines.get(link, (self.positions[here], self.positions[there]))
            if link in self.lines and self.starts[link] != here:
                part = part[::-1]
            points = [list(point) for point in part]
            line += points if not line or line[-1] != points[0] else points[1:]
        return line


def _feature(kind: str, coordinates: list[Any], properties: dict[str, Any]) -> Feature:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def drawing_of(case: Case) -> Drawing:
    """Return what the legs of a case are drawn with."""
    drawn = read_geometry(case.root)
    nodes, links = case.table("nodes"), case.table("links")
    return Drawing(
        lines=drawn.points,
        starts=dict(links.select("id", "from_node").iter_rows()),
        positions={i: (lon, lat) for i, lon, lat in nodes.select("id", "lon", "lat").iter_rows()},
        attribution=drawn.attribution,
    )


def to_geojson(document: Mapping[str, Any], drawing: Drawing) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection with one line a leg and one point a node passed.

    Parameters
    ----------
    document : mapping
        From :func:`karvan.freight.documents.to_document`.
    drawing : Drawing
    """
    features: list[Feature] = []
    passed: dict[str, None] = {}
    for rank, found in enumerate(document["itineraries"], 1):
        for n, leg in enumerate(found["legs"], 1):
            features.append(drawing.leg({"itinerary": rank, "leg": n, **leg}))
            passed.update(dict.fromkeys(leg["nodes"]))
    return drawing.collection([*features, *map(drawing.node, passed)])
