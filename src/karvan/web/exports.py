"""Results of runs in forms that other programs read."""

import io
from typing import Any

import polars as pl

from karvan.case.results import Results
from karvan.freight.lines import LISTS_OF_A_LEG, Drawing
from karvan.schema import INPUT, LIST_SEPARATOR


def parquet(table: pl.DataFrame) -> bytes:
    """Return a table as Parquet."""
    out = io.BytesIO()
    table.write_parquet(out, compression="zstd")
    return out.getvalue()


def recommended_lines(results: Results) -> dict[str, Any]:
    """Return the recommended itineraries of a run as GeoJSON, one line a leg."""
    drawing = _drawing_of(results)
    legs = results.table("legs").filter(pl.col("rank") == 1)
    lists = pl.col(sorted(LISTS_OF_A_LEG)).str.split(LIST_SEPARATOR)
    return drawing.collection(
        drawing.leg(leg) for leg in legs.with_columns(lists).iter_rows(named=True)
    )


def _drawing_of(results: Results) -> Drawing:
    """What the legs of a run are drawn with, as its tables keep it."""
    geometry = results.table("geometry")
    nodes = results.table("network_nodes").select("id", "lon", "lat")
    links = results.table(INPUT + "links").select("id", "from_node")
    owed = geometry["attribution"].drop_nulls().unique(maintain_order=True)
    return Drawing(
        lines={
            link: _points(text)
            for link, text in geometry.select("link_id", "coordinates").iter_rows()
        },
        starts=dict(links.iter_rows()),
        positions={i: (lon, lat) for i, lon, lat in nodes.iter_rows()},
        attribution="; ".join(filter(None, owed)),
    )


def _points(text: str) -> list[list[float]]:
    """The numbers of ``lon,lat lon,lat ...``."""
    return [[float(part) for part in pair.split(",")] for pair in text.split()]
