"""Flows of the assignment in the terms of validation.csv."""

from collections.abc import Callable, Mapping, Set
from functools import lru_cache
from typing import Any

import polars as pl

from karvan.case import Case
from karvan.case.no_alternative import UNSERVED
from karvan.freight.choicesets import PathOfFlow
from karvan.freight.corridor import CorridorAssignment, assign
from karvan.network.model import ArcKind
from karvan.schema import list_of

Row = Mapping[str, Any]

FLOW_QUANTITIES = frozenset({"flow_t", "flow_teu", "flow_share", "trains"})
LAND = "land"
"""How alternatives go whose shares are compared."""


@lru_cache(maxsize=8)
def assigned(case: Case) -> CorridorAssignment:
    """Return the assignment of a case, computed once for all stages and rows that ask for it."""
    return assign(case)


def flow_value(case: Case, row: Row) -> tuple[float | None, str]:
    """Return the modelled value of a row of validation.csv about flows, and what it is of.

    A row may name a route alternative, service, link or terminal as its subject, or the places that
    cargo passes; and the markets and commodities that count.  `flow_share` is the part of the
    alternative, in %, in all that goes by land.
    """
    found = assigned(case)
    passes = _passes(case, row)
    wanted = _wanted(row)
    land = set(case.table("alternatives").filter(pl.col("by") == LAND)["id"])
    total, by_land = 0.0, 0.0
    for position, path in enumerate(found.paths):
        flow = found.flows[path.flow]
        if path.alternative == UNSERVED or not wanted(flow.market, str(flow.goods["id"])):
            continue
        teu = float(found.equilibrium.flow[position])
        amount = teu * flow.goods["payload_t_per_teu"] if row["quantity"] == "flow_t" else teu
        if path.alternative in land:
            by_land += amount
        if passes(position):
            total += amount
    subject = row["subject_id"] or row["via"] or f"{row['origin']} - {row['destination']}"
    detail = f"flows of {found.year}: {subject}"
    if row["quantity"] == "flow_share":
        return (100.0 * total / by_land if by_land else None), detail
    if row["quantity"] == "trains":
        rates = {r["id"]: r for r in case.table("rates").iter_rows(named=True)}
        load = rates[row["rate_id"]]["teu_per_train"] if row["rate_id"] in rates else None
        return (total / load if load else None), detail
    return total, detail


def _wanted(row: Row) -> Callable[[str, str], bool]:
    markets, goods = list_of(row["market"]), list_of(row["commodity_ids"])
    return lambda market, commodity: (
        (not markets or market in markets) and (not goods or commodity in goods)
    )


def _passes(case: Case, row: Row) -> Callable[[int], bool]:
    """Whether a path of the assignment, by its position, is one of those that a row counts."""
    found = assigned(case)
    subject, via = row["subject_id"], frozenset(list_of(row["via"]))

    def counts(position: int) -> bool:
        path = found.paths[position]
        flow = found.flows[path.flow]
        if row["origin"] and (flow.origin, flow.destination) != (row["origin"], row["destination"]):
            return False
        if subject == path.alternative:
            return True
        names = passed(case)[position]
        return via <= names and (not subject or subject in names)

    return counts


@lru_cache(maxsize=8)
def passed(case: Case) -> tuple[Set[str], ...]:
    """Return what each path of the assignment passes, found once for all rows that ask for it."""
    found = assigned(case)
    return tuple(_names(found, path) for path in found.paths)


def _names(found: CorridorAssignment, path: PathOfFlow) -> Set[str]:
    """Nodes, links, services and terminals of a path."""
    network, flow = found.network, found.flows[path.flow]
    names = {flow.origin, flow.destination}
    for arc in path.arcs:
        row = network.arcs[arc]
        if row.kind == ArcKind.MOVE and row.link is not None:
            names |= {str(row.link["id"]), network.node_ids[network.state_node[network.head[arc]]]}
            if row.service is not None:
                names.add(str(row.service["id"]))
        names |= {
            found.resources[use.resource].id
            for use in found.usage.arcs.get(int(arc), ())
            if found.resources[use.resource].kind == "terminal"
        }
    return names
