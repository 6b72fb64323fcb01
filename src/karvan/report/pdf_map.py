"""The map of the PDF report: lines and outlines in millimetres on paper, from result tables."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]
Point = tuple[float, float]

WIDTH_MM = 174.0
LEAST_HEIGHT_MM, LARGEST_HEIGHT_MM = 62.0, 96.0
MARGIN_SHARE = 0.18
"""Part of the route's width that is shown on each side of it, so that neighbours can be seen."""
LEAST_MARGIN_DEG = 1.0
CLOSEST_MM = 0.12
"""Points nearer than this to the one before add nothing on paper."""
BEYOND_EDGE_MM = 2.0
BETWEEN_BEADS_MM = 1.5
MOST_LABELS = 32
RANKS = {"port": 1, "station": 2, "city": 2, "gauge_change": 3, "border": 3, "dry_port": 3}
"""Order of names after those of the stops."""


@dataclass(frozen=True, slots=True)
class View:
    """What part of the world is on paper; equirectangular, true to scale at its middle."""

    west: float
    north: float
    east_west: float
    mm_per_deg: float
    height: float

    def place(self, lon: float, lat: float) -> Point:
        """Return millimetres from the left and from the top."""
        return (
            (lon - self.west) * self.east_west * self.mm_per_deg,
            (self.north - lat) * self.mm_per_deg,
        )


def corridor_map(
    nodes: Sequence[Row],
    links: Sequence[Row],
    geometry: Mapping[str, str],
    legs: Sequence[Row],
    countries: Iterable[Row],
    names: Mapping[str, str],
) -> dict[str, Any] | None:
    """Return the drawing around an itinerary, or around all places where there is none.

    Parameters
    ----------
    nodes, links : sequence of mappings
        Rows of ``network_nodes`` and ``network_links``.
    geometry : mapping
        Link -> points, as in the result table ``geometry``.
    legs : sequence of mappings
        Legs of the itinerary to stress.
    countries : iterable of mappings
        As in the part ``boundaries`` of a document.
    names : mapping
        Node -> name.

    Returns
    -------
    dict or None
        Lengths in millimetres; ``beads`` are points along the route, ``labels`` are sorted, the
        most important first.  None without places.
    """
    at = {n["id"]: (n["lon"], n["lat"]) for n in nodes if _is_place(n["lon"], n["lat"])}
    lines = {link["id"]: _points(link, geometry.get(link["id"], ""), at) for link in links}
    used = {i for leg in legs for i in _ids(leg["links"])}
    stressed = [line for i, line in lines.items() if i in used and line]
    shown = [point for line in stressed for point in line] or list(at.values())
    if not shown:
        return None
    view = _view(shown)
    paths = [
        {"mode": link["mode"], "route": link["id"] in used, "points": path}
        for link in sorted(links, key=lambda link: link["id"] in used)
        if (path := _path(lines[link["id"]], view))
    ]
    return {
        "width": WIDTH_MM,
        "height": round(view.height, 2),
        "land": list(_land(countries, view)),
        "lines": paths,
        "beads": list(_beads(path["points"] for path in paths if path["route"])),
        "labels": _labels(nodes, at, legs, view, names),
    }


def _is_place(lon: object, lat: object) -> bool:
    return all(isinstance(v, float | int) and math.isfinite(v) for v in (lon, lat))


def _ids(text: str | None) -> list[str]:
    return [i for i in (text or "").split(";") if i]


def _points(link: Row, coordinates: str, at: Mapping[str, Point]) -> list[Point]:
    """Return the line of a link; a straight one where the case draws none."""
    if coordinates:
        pairs = (pair.split(",") for pair in coordinates.split())
        return [(float(lon), float(lat)) for lon, lat in pairs]
    ends = (link["from_node"], link["to_node"])
    return [at[end] for end in ends] if all(end in at for end in ends) else []


def _view(points: Sequence[Point]) -> View:
    """Return the view that holds all points with a margin and fits the page."""
    lons, lats = zip(*points, strict=True)
    margin = max(MARGIN_SHARE * (max(lons) - min(lons)), LEAST_MARGIN_DEG)
    west, width = min(lons) - margin, max(lons) - min(lons) + 2 * margin
    middle = (min(lats) + max(lats)) / 2
    needed = max(lats) - min(lats) + margin
    east_west = max(math.cos(math.radians(middle)), 0.1)
    mm_per_deg = WIDTH_MM / (width * east_west)
    height = min(max(needed * mm_per_deg, LEAST_HEIGHT_MM), LARGEST_HEIGHT_MM)
    if needed * mm_per_deg > height:
        # A route from south to north: what limits the scale is the height.
        mm_per_deg = height / needed
        spare = WIDTH_MM / (mm_per_deg * east_west) - width
        west -= spare / 2
    return View(west, middle + height / mm_per_deg / 2, east_west, mm_per_deg, height)


def _inside(point: Point, view: View, beyond: float = 0.0) -> bool:
    x, y = point
    return -beyond <= x <= WIDTH_MM + beyond and -beyond <= y <= view.height + beyond


def _path(line: Sequence[Point], view: View) -> list[Point]:
    """Return a line on paper; empty where it passes beside the view."""
    placed = _thinned(view.place(*point) for point in line)
    if not placed:
        return []
    xs, ys = zip(*placed, strict=True)
    if max(xs) < 0 or min(xs) > WIDTH_MM or max(ys) < 0 or min(ys) > view.height:
        return []
    return _rounded(placed)


def _thinned(points: Iterable[Point]) -> list[Point]:
    kept: list[Point] = []
    last: Point = (math.inf, math.inf)
    for point in points:
        last = point
        if not kept or math.dist(point, kept[-1]) > CLOSEST_MM:
            kept.append(point)
    if kept and kept[-1] != last:
        kept.append(last)
    return kept


def _rounded(points: Iterable[Point]) -> list[Point]:
    return [(round(x, 2), round(y, 2)) for x, y in points]


def _land(countries: Iterable[Row], view: View) -> Iterator[list[list[Point]]]:
    """Give the polygons in the view as lists of rings, cut off just beyond its edges."""
    for country in countries:
        for polygon in country["polygons"]:
            rings = [_cut([view.place(lon, lat) for lon, lat in ring], view) for ring in polygon]
            rings = [_rounded(_thinned(ring)) for ring in rings if len(ring) > 2]
            if rings:
                yield rings


def _cut(ring: list[Point], view: View) -> list[Point]:
    """Return the part of a ring in the view (Sutherland and Hodgman: edge after edge)."""
    near, right, bottom = -BEYOND_EDGE_MM, WIDTH_MM + BEYOND_EDGE_MM, view.height + BEYOND_EDGE_MM
    for axis, limit, sign in ((0, near, 1), (0, right, -1), (1, near, 1), (1, bottom, -1)):
        inside = [sign * (point[axis] - limit) >= 0 for point in ring]
        if all(inside):
            continue
        if not any(inside):
            return []
        kept: list[Point] = []
        for n, point in enumerate(ring):
            if inside[n] != inside[n - 1]:
                kept.append(_crossing(ring[n - 1], point, axis, limit))
            if inside[n]:
                kept.append(point)
        ring = kept
    return ring


def _crossing(a: Point, b: Point, axis: int, limit: float) -> Point:
    share = (limit - a[axis]) / (b[axis] - a[axis])
    x, y = (a[i] + share * (b[i] - a[i]) for i in (0, 1))
    return (x, y)


def _beads(lines: Iterable[Sequence[Point]]) -> Iterator[Point]:
    """Give points along lines, near enough to each other for names to keep off the lines."""
    for line in lines:
        for (x1, y1), (x2, y2) in pairwise(line):
            steps = math.ceil(math.dist((x1, y1), (x2, y2)) / BETWEEN_BEADS_MM) or 1
            for n in range(steps):
                share = n / steps
                yield round(x1 + share * (x2 - x1), 2), round(y1 + share * (y2 - y1), 2)


def _labels(
    nodes: Sequence[Row],
    at: Mapping[str, Point],
    legs: Sequence[Row],
    view: View,
    names: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return names to write: ends and stops of the route, its ports and borders, busy places."""
    stops = {leg["origin"] for leg in legs} | {leg["destination"] for leg in legs}
    found = []
    for node in nodes:
        point = view.place(*at[node["id"]]) if node["id"] in at else None
        if point is None or node["kind"] == "waypoint" or not _inside(point, view, -1.0):
            continue
        rank = 0 if node["id"] in stops else RANKS.get(node["kind"], 4)
        found.append(((rank, -(node["carriers"] or 0), node["id"]), node["id"], point, rank == 0))
    found.sort()
    return [
        {"text": names.get(i, i), "x": round(x, 2), "y": round(y, 2), "stop": stop}
        for _, i, (x, y), stop in found[:MOST_LABELS]
    ]
