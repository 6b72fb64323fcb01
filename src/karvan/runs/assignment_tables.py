"""The freight assignment of a case as result tables."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.case.no_alternative import UNSERVED
from karvan.case.results import result_frame
from karvan.errors import NoPathError
from karvan.freight.corridor import (
    SAME_CAPACITY,
    CorridorAssignment,
    queue_h,
    with_capacity,
    without_room,
)
from karvan.freight.prices import Cut
from karvan.freight.resources import KEY
from karvan.network.model import CO2E, COST, TIME, ArcKind
from karvan.runs.flow_validation import assigned
from karvan.runs.lifting import lifting_rows
from karvan.runs.load_tables import loads, payloads
from karvan.schema import LIST_SEPARATOR

Row = dict[str, Any]

LEAST_TEU = 1.0
"""Itineraries with less a year are left out of the table of itineraries, not of any sum."""

STEPS: Mapping[str, float] = {"departures": 52.0, "trains": 365.0, "TEU": 1000.0, "t": 10000.0}
"""More of a unit a year that a bottleneck is tried with: a sailing a week, a train a day, ..."""


def assignment_tables(case: Case, progress: Callable[[float], None]) -> Mapping[str, pl.DataFrame]:
    """Return the tables of the assignment; empty ones for a case without flows."""
    if not case.table("flows").height:
        return {name: result_frame(name, []) for name in TABLES}
    try:
        found = assigned(case)
    except NoPathError as error:
        # A scenario may cut every route: the run goes on and says what stays behind.
        return {
            name: result_frame(name, [_nothing(error)] if name == "assignment" else [])
            for name in TABLES
        }
    progress(0.7)
    cut = without_room(found)
    rows: dict[str, list[Any]] = {
        "assignment": [_summary(found, cut)],
        "flow_itineraries": list(_itineraries(found)),
        "alternative_flows": list(_alternatives(found)),
        "loads": loads(found),
        "bottlenecks": list(
            _bottlenecks(case, found, cut, lambda share: progress(0.7 + 0.3 * share))
        ),
        "lifting": list(lifting_rows(case, found, cut.left)) if cut else [],
    }
    return {name: result_frame(name, rows[name]) for name in TABLES}


TABLES = ("assignment", "flow_itineraries", "alternative_flows", "loads", "bottlenecks", "lifting")


def _nothing(error: NoPathError) -> Row:
    """The summary of an assignment in which nothing can move."""
    zeros = ("choice_error", "capacity_error", "slack_error", "conservation_error", "path_gap")
    return {
        "flows_year": error.year,
        "converged": True,
        **dict.fromkeys((*zeros, "teu", "t", "unserved_teu", "left_over_teu", "co2e_t"), 0.0),
        **dict.fromkeys(("steps", "flows"), 0),
        "unreachable": LIST_SEPARATOR.join(error.flows),
        "mean_h": None,
        "mean_cost_usd_per_teu": None,
    }


def _summary(found: CorridorAssignment, cut: Cut | None) -> Row:
    solved = found.equilibrium
    served = np.array([path.alternative != UNSERVED for path in found.paths])
    teu = np.where(served, solved.flow, 0.0)
    total = float(teu.sum())

    def mean(column: int) -> float | None:
        return float(teu @ found.path_costs(column)) / total if total else None

    return {
        "flows_year": found.year,
        "converged": solved.converged,
        "choice_error": solved.choice_error,
        "capacity_error": solved.capacity_error,
        "slack_error": solved.slack_error,
        "conservation_error": solved.conservation_error,
        "path_gap": found.path_gap,
        "steps": solved.steps,
        "flows": len(found.flows),
        "unreachable": LIST_SEPARATOR.join(f.id for f in found.unreachable),
        "teu": total,
        "t": float(teu @ payloads(found)),
        "unserved_teu": float(solved.flow[~served].sum()),
        "left_over_teu": cut.left if cut else 0.0,
        "mean_h": mean(TIME),
        "mean_cost_usd_per_teu": mean(COST),
        "co2e_t": float(teu @ found.path_costs(CO2E)) / 1000.0,
    }


def _itineraries(found: CorridorAssignment) -> Iterable[Row]:
    """Itineraries with flow, by flow, the largest first."""
    solved, network = found.equilibrium, found.network
    paid = found.problem.use.charged(solved.price)
    hours, usd, kg = (found.path_costs(column).tolist() for column in (TIME, COST, CO2E))
    by_flow: dict[int, list[int]] = defaultdict(list)
    for position, path in enumerate(found.paths):
        by_flow[path.flow].append(position)
    for number, positions in by_flow.items():
        flow = found.flows[number]
        positions.sort(key=lambda p: -solved.flow[p])
        for rank, position in enumerate(positions, 1):
            teu = float(solved.flow[position])
            if teu < LEAST_TEU:
                continue
            path = found.paths[position]
            moves = [network.arcs[a] for a in path.arcs if network.arcs[a].kind == ArcKind.MOVE]
            nodes = [str(network.node_ids[network.state_node[network.head[a]]]) for a in path.arcs]
            services = [str(m.service["id"]) for m in moves if m.service is not None]
            served = path.alternative != UNSERVED
            yield {
                "flow_id": flow.id,
                "rank": rank,
                "alternative_id": path.alternative,
                "teu": teu,
                "t": teu * flow.goods["payload_t_per_teu"],
                "share": teu / flow.teu if flow.teu else None,
                "time_h": hours[position] if served else None,
                "cost_usd_per_teu": usd[position] if served else None,
                "price_usd_per_teu": float(paid[position]) if served else None,
                "generalized_cost_usd_per_teu": float(solved.cost[position]),
                "co2e_kg_per_teu": kg[position] if served else None,
                "nodes": LIST_SEPARATOR.join(_without_repeats([flow.origin, *nodes]))
                if served
                else "",
                "services": LIST_SEPARATOR.join(_without_repeats(services)),
            }


def _without_repeats(names: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for name in names:
        if not kept or kept[-1] != name:
            kept.append(name)
    return kept


def _alternatives(found: CorridorAssignment) -> Iterable[Row]:
    """TEU and tonnes by market, commodity and route alternative, with their means."""
    sums: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0] * 5)
    totals: dict[tuple[str, str], float] = defaultdict(float)
    flow = found.equilibrium.flow
    weighed = [payloads(found), *(found.path_costs(column) for column in (TIME, COST, CO2E))]
    amounts = np.array([flow, *(flow * values for values in weighed)]).T.tolist()
    for path, own in zip(found.paths, amounts, strict=True):
        of = found.flows[path.flow]
        key = (of.market, of.goods["id"], path.alternative)
        sums[key] = [a + b for a, b in zip(sums[key], own, strict=True)]
        totals[key[:2]] += own[0]
    for (market, goods, alternative), (teu, t, hours, usd, kg) in sorted(sums.items()):
        if teu < LEAST_TEU and alternative == UNSERVED:
            continue
        means = (hours, usd, kg) if alternative != UNSERVED and teu > 0.0 else (None,) * 3
        names = ("mean_h", "mean_cost_usd_per_teu", "mean_co2e_kg_per_teu")
        yield {
            "market": market,
            "commodity_id": goods,
            "alternative_id": alternative,
            "teu": teu,
            "t": t,
            "share": teu / totals[market, goods] if totals[market, goods] else None,
            **{n: None if m is None else m / teu for n, m in zip(names, means, strict=True)},
        }


def _bottlenecks(
    case: Case, found: CorridorAssignment, cut: Cut | None, progress: Callable[[float], None]
) -> Iterable[Row]:
    """Every resource with its load, utilization, price and, where it is full, the gain of more."""
    lacking = dict(zip(cut.resource.tolist(), cut.more.tolist(), strict=True)) if cut else {}
    solved = found.equilibrium
    gains = _gains(found, progress)
    order = sorted(
        range(len(found.resources)), key=lambda i: (-gains.get(i, -1.0), found.resources[i].id)
    )
    lifting = _measures(case)
    for rank, position in enumerate(order, 1):
        resource, price = found.resources[position], float(solved.price[position])
        load = float(solved.load[position])
        limited = 0.0 < resource.capacity < np.inf
        used = load / resource.capacity if limited else None
        yield {
            **dict(zip(KEY, resource.key, strict=True)),
            "rank": rank,
            "capacity": resource.capacity if np.isfinite(resource.capacity) else None,
            "load": load,
            "utilization": used,
            "chain": LIST_SEPARATOR.join(_chain(found, position)),
            "queue_h": queue_h(resource, load),
            "price_usd": price,
            "price_usd_per_teu": price * _per_teu(found, position),
            "step": STEPS[resource.unit],
            "gain_usd": gains.get(position),
            "lacking": lacking.get(position),
            "measures": LIST_SEPARATOR.join(lifting.get((resource.kind, resource.id), ())),
        }


def _gains(found: CorridorAssignment, progress: Callable[[float], None]) -> Mapping[int, float]:
    """What a step more of each capacity with a price brings, each solved again."""
    gains = {}
    priced = np.flatnonzero(found.equilibrium.price > 0.0).tolist()
    for count, position in enumerate(priced, 1):
        step = STEPS[found.resources[position].unit]
        gains[position] = with_capacity(found, position, step)[1]
        progress(count / len(priced))
    return gains


def _measures(case: Case) -> Mapping[tuple[str, str], list[str]]:
    """Measures by the kind and id of what they give another capacity."""
    kinds = {"links": "link", "services": "service", "terminals": "terminal"}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for measure in case.measures.values():
        for change in measure.changes:
            if change.table in kinds and change.column.startswith(("capacity", "headway")):
                for name in change.named_ids:
                    own = found[kinds[change.table], name]
                    own += [] if measure.id in own else [measure.id]
    return found


def _chain(found: CorridorAssignment, position: int) -> list[str]:
    """Ids of what is as tight and passed by the same cargo: it would have to grow as well."""
    own = found.resources[position]
    others = [found.resources[twin] for twin in found.twins.get(position, ())]
    same = [o for o in others if o.capacity <= own.capacity * (1.0 + SAME_CAPACITY)]
    return _without_repeats(f"{o.id} {o.from_node} {o.to_node}".strip() for o in same)


def _per_teu(found: CorridorAssignment, position: int) -> float:
    """Mean use of a unit by the flows that pass."""
    use, flow = found.problem.use, found.equilibrium.flow
    entries = np.flatnonzero(use.resource == position)
    passing = float(flow[use.path[entries]].sum())
    load = float((use.amount[entries] * flow[use.path[entries]]).sum())
    return load / passing if passing > 0.0 else 0.0
