"""Draw docs/images/corridor.svg: the shipped network and the recommended route Xi'an - Baku.

Run it from the root of the repository: ``python docs/draw_corridor.py``.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from karvan.case import Case, read_case
from karvan.freight import Itinerary, itineraries
from karvan.network.geometry import read_geometry

OUT = Path(__file__).parent / "images" / "corridor.svg"
ORIGIN, DESTINATION = "xian", "absheron"

WEST, EAST, SOUTH, NORTH = 24.0, 112.5, 32.0, 55.5
WIDTH = 1240.0
MIDDLE_LATITUDE = 43.0
SCALE = WIDTH / (EAST - WEST)
STRETCH = 1.0 / math.cos(math.radians(MIDDLE_LATITUDE))
TOP = 56.0
HEIGHT = TOP + (NORTH - SOUTH) * SCALE * STRETCH + 78.0

COLOUR = {"rail": "#6b6257", "sea": "#3b82c4", "ferry": "#1aa39a", "road": "#c49a3b"}
NAME = {"rail": "railway", "sea": "container ship", "ferry": "ferry", "road": "road"}
ROUTE = "#d6322d"
FONT = "font-family='DejaVu Sans, Verdana, Arial, sans-serif'"

# Node id -> (text, horizontal and vertical offset of the label, anchor).
LABELS = {
    "xian": ("Xi'an", 0, 20, "middle"),
    "lanzhou": ("Lanzhou", 0, -9, "middle"),
    "urumqi": ("Urumqi", 6, -9, "start"),
    "kashgar": ("Kashgar", 8, 14, "start"),
    "altynkol": ("Khorgos / Altynkol", 2, 34, "start"),
    "dostyk": ("Dostyk / Alashankou", 10, -6, "start"),
    "almaty": ("Almaty", 4, 18, "middle"),
    "astana": ("Astana", 8, 4, "start"),
    "zhezkazgan": ("Zhezkazgan", 0, 20, "middle"),
    "tashkent": ("Tashkent", 12, 12, "start"),
    "beineu": ("Beineu", -4, -9, "middle"),
    "aktau": ("Aktau", -7, -6, "end"),
    "kuryk": ("Kuryk", 8, 12, "start"),
    "turkmenbashi": ("Turkmenbashi", 4, 18, "start"),
    "ashgabat": ("Ashgabat", 0, 18, "middle"),
    "absheron": ("Baku", 8, -6, "start"),
    "tbilisi": ("Tbilisi", 2, -8, "middle"),
    "poti": ("Poti", -6, -7, "end"),
    "kars": ("Kars", -4, 16, "end"),
    "aprin": ("Tehran", 8, 14, "start"),
    "ankara": ("Ankara", 0, 17, "middle"),
    "halkali": ("Istanbul", 2, 19, "middle"),
    "constanta": ("Constanța", 8, -4, "start"),
    "mersin": ("Mersin", 8, 12, "start"),
    "moscow": ("Moscow", 8, 4, "start"),
    "kartaly": ("Kartaly", 8, 12, "start"),
}
WATERS = (("Black Sea", 36.6, 44.0), ("Caspian", 48.9, 42.75), ("Sea", 48.9, 42.05))

Point = tuple[float, float]


def project(lon: float, lat: float) -> Point:
    """Return the place on the page: equal distances both ways at the middle latitude."""
    return (lon - WEST) * SCALE, TOP + (NORTH - lat) * SCALE * STRETCH


def path(points: Iterable[Sequence[float]]) -> str:
    """Return the ``d`` of a line through (longitude, latitude) points."""
    places = [project(lon, lat) for lon, lat in points]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def in_view(points: Iterable[Sequence[float]]) -> bool:
    """Whether any point lies on the map."""
    return any(WEST <= lon <= EAST and SOUTH <= lat <= NORTH for lon, lat in points)


def lines(case: Case) -> dict[str, list[list[float]]]:
    """Return the (longitude, latitude) points of every link, straight where none are given."""
    at = {i: [lon, lat] for i, lon, lat in case.table("nodes").select("id", "lon", "lat").rows()}
    drawn = read_geometry(case.root).points
    return {
        row["id"]: list(map(list, drawn.get(row["id"], (at[row["from_node"]], at[row["to_node"]]))))
        for row in case.table("links").iter_rows(named=True)
    }


def network(case: Case, shapes: dict[str, list[list[float]]]) -> list[str]:
    """Return the links by mode; what is not in operation is dashed."""
    parts = []
    for mode, colour in COLOUR.items():
        for dashed in (False, True):
            rows = case.table("links").filter(mode=mode).iter_rows(named=True)
            ids = [r["id"] for r in rows if (r["state"] != "operating") == dashed]
            shown = [path(shapes[i]) for i in ids if in_view(shapes[i])]
            if shown:
                dash = " stroke-dasharray='5 4'" if dashed else ""
                parts.append(
                    f"<path d='{''.join(shown)}' stroke='{colour}' stroke-width='1.6'{dash}/>"
                )
    return parts


def route(best: Itinerary, shapes: dict[str, list[list[float]]]) -> list[str]:
    """Return the recommended itinerary: a white casing under a bold line."""
    d = "".join(path(shapes[link]) for leg in best.legs for link in leg.links)
    return [
        f"<path d='{d}' stroke='#fff' stroke-width='8' stroke-linecap='round'/>",
        f"<path d='{d}' stroke='{ROUTE}' stroke-width='4.2' stroke-linecap='round'/>",
    ]


def places(case: Case, best: Itinerary) -> list[str]:
    """Return dots and names; the ends and changes of carrier of the route are filled."""
    parts = []
    stops = {best.legs[0].origin, *(leg.destination for leg in best.legs)}
    for row in case.table("nodes").iter_rows(named=True):
        if not in_view([(row["lon"], row["lat"])]):
            continue
        x, y = project(row["lon"], row["lat"])
        name, is_stop = LABELS.get(row["id"]), row["id"] in stops
        radius, fill = (4.6, ROUTE) if is_stop else (3.2 if name else 1.8, "#fff")
        parts.append(
            f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius}' fill='{fill}' stroke='#333'/>"
        )
        if name:
            text, dx, dy, anchor = name
            weight = " font-weight='bold'" if is_stop else ""
            parts.append(
                f"<text x='{x + dx:.1f}' y='{y + dy:.1f}' text-anchor='{anchor}'{weight} "
                "stroke='#fbfaf6' stroke-width='3.5' paint-order='stroke'>"
                f"{escape(text)}</text>"
            )
    return parts


def waters() -> list[str]:
    """Return the names of the two seas the corridor crosses."""
    parts = []
    for text, lon, lat in WATERS:
        x, y = project(lon, lat)
        parts.append(
            f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='middle' fill='#6f9cc4' "
            f"font-style='italic'>{text}</text>"
        )
    return parts


def title(case: Case, best: Itinerary) -> str:
    """Return the line above the map: what the bold route is."""
    names = dict(case.table("nodes").select("id", "name_en").iter_rows())
    stops = [leg.destination for leg in best.legs[:-1]]
    by = f" by {', '.join(names[stop] for stop in stops)}" if stops else ""
    return f"Xi'an to Baku in {case.year}: the recommended itinerary{by}"


def legend() -> list[str]:
    """Return the legend and the attribution below the map."""
    y = HEIGHT - 46
    entries = [("recommended itinerary", ROUTE, 4.2, "")]
    entries += [(NAME[mode], colour, 2.4, "") for mode, colour in COLOUR.items()]
    entries.append(("planned or under construction", COLOUR["rail"], 1.8, "5 4"))
    parts, x = [], 20.0
    for text, colour, width, dash in entries:
        parts.append(
            f"<path d='M{x:.0f} {y - 4}h30' stroke='{colour}' stroke-width='{width}'"
            + (f" stroke-dasharray='{dash}'" if dash else "")
            + f"/><text x='{x + 37:.0f}' y='{y}'>{text}</text>"
        )
        x += 62 + 7.3 * len(text)
    parts.append(
        f"<text x='20' y='{y + 28}' font-size='11' fill='#666'>Lines along railways: "
        "© OpenStreetMap contributors (ODbL); other lines are schematic</text>"
    )
    return parts


def draw() -> str:
    """Return the picture as SVG text."""
    case = read_case("middle-corridor")
    best = itineraries(case, ORIGIN, DESTINATION).found[0]
    shapes = lines(case)
    bottom = TOP + (NORTH - SOUTH) * SCALE * STRETCH
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH:.0f} {HEIGHT:.0f}' "
        f"width='{WIDTH:.0f}' height='{HEIGHT:.0f}' {FONT} font-size='13' fill='#222'>",
        f"<rect width='{WIDTH:.0f}' height='{HEIGHT:.0f}' fill='#fbfaf6'/>",
        f"<text x='20' y='35' font-size='18'>{escape(title(case, best))}</text>",
        f"<clipPath id='map'><rect y='{TOP:.0f}' width='{WIDTH:.0f}' "
        f"height='{bottom - TOP:.0f}'/></clipPath>",
        "<g clip-path='url(#map)'>",
        f"<rect y='{TOP:.0f}' width='{WIDTH:.0f}' height='{bottom - TOP:.0f}' fill='#f3f1e9'/>",
        *waters(),
        "<g fill='none' stroke-linejoin='round'>",
        *network(case, shapes),
        *route(best, shapes),
        "</g>",
        *places(case, best),
        "</g>",
        *legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    OUT.write_text(draw(), encoding="utf-8")
