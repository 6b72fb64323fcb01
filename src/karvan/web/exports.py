"""Tables and lines in forms that other programs read."""

import io
from collections.abc import Mapping
from typing import Any

import polars as pl

from karvan.case.results import Results
from karvan.schema import INPUT, LIST_SEPARATOR

FORMULA_START = r"^(\s*[=+\-@]|[\t\r])"
"""A spreadsheet takes a cell that starts so for a formula, and runs it."""


def safe_csv(table: pl.DataFrame) -> str:
    """Return a table as CSV whose texts no spreadsheet takes for a formula.

    Only texts are changed, by an apostrophe put before them; numbers stay numbers.
    """
    return table.with_columns(pl.col(pl.String).str.replace(FORMULA_START, "'${0}")).write_csv()


def rows_csv(rows: list[dict[str, Any]]) -> str:
    """Return rows of plain values as CSV that is safe for spreadsheets."""
    return safe_csv(pl.DataFrame(rows, infer_schema_length=None))


def parquet(table: pl.DataFrame) -> bytes:
    """Return a table as Parquet."""
    out = io.BytesIO()
    table.write_parquet(out, compression="zstd")
    return out.getvalue()


def recommended_lines(results: Results) -> dict[str, Any]:
    """Return the recommended itineraries of a run as GeoJSON, one line a leg."""
    nodes = results.table("network_nodes")
    positions = {i: [lon, lat] for i, lon, lat in nodes.select("id", "lon", "lat").iter_rows()}
    lines = {row["link_id"]: points(row["coordinates"]) for row in _rows(results, "geometry")}
    links = {row["id"]: row for row in _rows(results, INPUT + "links")}
    legs = results.table("legs").filter(pl.col("rank") == 1)
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "LineString",
                "coordinates": _line(leg, links, lines, positions),
            },
            "properties": {k: v for k, v in leg.items() if k != "links"},
        }
        for leg in legs.iter_rows(named=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _rows(results: Results, table: str) -> list[dict[str, Any]]:
    return results.table(table).to_dicts()


def points(text: str) -> list[list[float]]:
    """Return ``lon,lat lon,lat ...`` as numbers."""
    return [[float(part) for part in pair.split(",")] for pair in text.split()]


def _line(
    leg: Mapping[str, Any],
    links: Mapping[str, Mapping[str, Any]],
    lines: Mapping[str, list[list[float]]],
    positions: Mapping[str, list[float]],
) -> list[list[float]]:
    """The line of a leg, each link turned the way it is travelled."""
    here = leg["origin"]
    line = [positions[here]]
    for name in filter(None, leg["links"].split(LIST_SEPARATOR)):
        link = links[name]
        forward = link["from_node"] == here
        there = link["to_node"] if forward else link["from_node"]
        part = lines.get(name, [positions[link["from_node"]], positions[link["to_node"]]])
        line += [p for p in (part if forward else part[::-1]) if p != line[-1]]
        here = there
    return line if len(line) > 1 else [*line, positions[leg["destination"]]]
