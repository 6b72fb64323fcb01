"""Small corridors for tests of the simulation of a case."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from karvan.case import Case, read_case
from karvan.freight.corridor import assign
from karvan.motion.build import plan_of
from karvan.motion.plan import Plan
from network_tables import tables

SAME = {"dwell_min_h": 2, "dwell_typical_h": 2, "dwell_max_h": 2}
TRANSFERS = (
    {"id": "origin", "kind": "origin", **SAME},
    {"id": "destination", "kind": "destination", **SAME},
    {"id": "port", "kind": "port", **SAME},
)
STEADY = {"speed_kmh": 25, "speed_low_kmh": 25, "speed_high_kmh": 25}
RATES = (
    {"id": "sea", "mode": "sea", **STEADY},
    {"id": "rail", "mode": "rail", "headway_h": 24, "teu_per_train": 50, "t_per_train": 1000},
)
CROSSING_H = 100.0 / 25.0


def crossing(
    *,
    flows: Mapping[str, float],
    service: Mapping[str, Any] | None = None,
    operations: list[dict[str, Any]] | None = None,
    **more: Any,
) -> Case:
    """Two ports 100 km apart, a ship between them, flows by direction, ``west`` and ``east``.

    Nothing varies: ships make 25 km/h and every handling takes two hours.
    """
    ends = {"west": ("a", "b"), "east": ("b", "a")}
    rows: dict[str, Any] = {
        "nodes": [{"id": n, "kind": "port"} for n in ("a", "b")],
        "rates": RATES,
        "transfers": TRANSFERS,
        "links": [
            {
                "id": "sea",
                "from_node": "a",
                "to_node": "b",
                "both_directions": "yes",
                "mode": "sea",
                "rate_id": "sea",
                "length_km": 100,
            }
        ],
        "services": [
            {
                "id": "ship",
                "mode": "sea",
                "route": "a;b",
                "departure": "frequency",
                "headway_h": 24,
                "capacity_teu": 100,
                **(service or {}),
            }
        ],
        "alternatives": [{"id": "over-the-sea", "gateways": "sea", "simulated": "yes"}],
        "commodities": [{"id": "containers"}],
        "flows": [
            {
                "id": name,
                "origin": ends[name][0],
                "destination": ends[name][1],
                "commodity_id": "containers",
                "flow_teu_per_year": teu,
            }
            for name, teu in flows.items()
        ],
        "operations": [{"status": "assumed", "reason": "x", **row} for row in operations or []],
        **more,
    }
    return replace(read_case("two-port"), tables=MappingProxyType(tables(**rows)))


def stormy(share: float) -> Case:
    """The crossing with storms of a day in the mean that take that share of every month."""
    rows = [
        {
            "id": f"storms-{month}",
            "calendar_id": "storms",
            "kind": "closure",
            "month": month,
            "closed_share": share,
            "closure_mean_h": 24,
        }
        for month in range(1, 13)
    ]
    return crossing(
        flows={"west": 2000.0}, service={"closure_calendar_id": "storms"}, calendars=rows
    )


def plan(case: Case) -> Plan:
    found = plan_of(case, assign(case))
    assert found is not None
    return found


def fleet(ships: int) -> dict[str, Any]:
    return {
        "id": "fleet",
        "subject_table": "services",
        "subject_id": "ship",
        "quantity": "fleet",
        "value": ships,
    }
