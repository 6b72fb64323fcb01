"""Indicators of the scoreboard that a run computes: days, reliability, frequency, capacity."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from karvan.case import Case
from karvan.schema import LIST_SEPARATOR

Row = Mapping[str, Any]

RUN_VALUES = {"indicator_id": pl.String, "unit_id": pl.String, "value": pl.Float64}


def run_indicators(case: Case, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the values of the indicators of kind ``run``, by pair.

    Parameters
    ----------
    case : Case
        Its ``indicators`` say what is read, its ``units`` off which O-D pair.
    tables : mapping of str to DataFrame
        Result tables ``itineraries``, ``legs`` and ``bottlenecks`` of a run of the case.

    Returns
    -------
    DataFrame
        Columns ``indicator_id, unit_id, value``, in the units of the indicators. A pair without
        an O-D pair or itinerary has no row: that is no data, not zero.
    """
    best = {r["pair_id"]: r for r in _recommended(tables["itineraries"])}
    legs: dict[str, list[Row]] = {name: [] for name in best}
    for leg in _recommended(tables["legs"]):
        legs[leg["pair_id"]].append(leg)
    asked = case.table("indicators").filter(pl.col("kind") == "run")
    place = dict(case.table("terminals").select("id", "node").iter_rows())
    limits = [
        {**row, "id": place[row["id"]] if row["kind"] == "terminal" else row["id"]}
        for row in tables["bottlenecks"].iter_rows(named=True)
        if row["price_usd_per_teu"] is not None
    ]
    rows = [
        (indicator, unit, _quantity(quantity, best[pair], legs[pair], limits))
        for indicator, quantity in asked.select("id", "quantity").iter_rows()
        for unit, pair in case.table("units").select("id", "pair_id").iter_rows()
        if pair in best
    ]
    return pl.DataFrame(rows, schema=RUN_VALUES, orient="row")


def _recommended(table: pl.DataFrame) -> Iterator[Row]:
    return table.filter(pl.col("rank") == 1).iter_rows(named=True)


def _quantity(
    quantity: str, itinerary: Row, legs: list[Row], limits: list[dict[str, Any]]
) -> float:
    """Return one quantity of a recommended itinerary; its meaning stands in the framework."""
    match quantity:
        case "spread_share":
            return float((itinerary["p90_h"] - itinerary["p50_h"]) / itinerary["p50_h"])
        case "wait_h":
            return float(sum(leg["wait_h"] for leg in legs))
        case "scarcity_usd_per_teu":
            return float(sum(r["price_usd_per_teu"] for r in limits if _passes(legs, r)))
        case _:
            return float(itinerary[quantity])


def _passes(legs: list[Row], limit: Row) -> bool:
    """Whether an itinerary uses a link, service or terminal in the direction that is limited.

    A terminal counts where a leg starts or ends: what only passes it takes none of its capacity.
    """
    for leg in legs:
        nodes = leg["nodes"].split(LIST_SEPARATOR)
        match limit["kind"]:
            case "terminal":
                used = limit["id"] in (leg["origin"], leg["destination"])
            case "service":
                used = leg["service"] == limit["id"]
            case _:
                used = limit["id"] in leg["links"].split(LIST_SEPARATOR)
        if used and _same_direction(nodes, limit["from_node"], limit["to_node"]):
            return True
    return False


def _same_direction(nodes: list[str], start: str | None, end: str | None) -> bool:
    """Whether `nodes` run from `start` to `end`; true where both directions share the limit."""
    if not start or not end or start not in nodes or end not in nodes:
        return True
    return nodes.index(start) < nodes.index(end)
