"""Result tables of flows made by hand: two alternatives, two commodities, one bottleneck."""

from pathlib import Path
from typing import Any

from karvan import schema
from karvan.case.results import Results
from results_by_hand import Rows, results


def filled(table: str, **values: Any) -> dict[str, Any]:
    """A row of a table: what is not given is empty."""
    return {column.name: None for column in schema.result_tables()[table]} | values


def carried(goods: str, alternative: str, teu: float, t: float, hours: float) -> dict[str, Any]:
    return filled(
        "alternative_flows",
        market="east-west",
        commodity_id=goods,
        alternative_id=alternative,
        teu=teu,
        t=t,
        mean_h=hours,
        mean_cost_usd_per_teu=1000.0,
        mean_co2e_kg_per_teu=500.0,
    )


def bottleneck(name: str, price: float, gain: float | None = None, **values: Any) -> dict[str, Any]:
    given = {
        "kind": "service",
        "id": name,
        "from_node": "a",
        "to_node": "b",
        "unit": "departures",
        "rank": 1,
        "capacity": 52.0,
        "load": 52.0 if price else 26.0,
        "utilization": 1.0 if price else 0.5,
        "price_usd": 10.0 * price,
        "price_usd_per_teu": price,
        "step": 52.0,
        "gain_usd": gain,
    }
    return filled("bottlenecks", **{**given, **values})


LIFTING = [filled("lifting", measure_id="more", left_over_teu=40.0)]
"""The measure that lets most pass where a run says how much has no room."""


def flow_results(root: Path, flows: Rows, bottlenecks: Rows, **assignment: Any) -> Results:
    """Results of a run with the flows given, of a ferry `boat` and a train `train`."""
    tables = {
        "alternative_flows": flows,
        "bottlenecks": bottlenecks,
        "assignment": [
            filled("assignment", **{"flows_year": 2024, "converged": True, **assignment})
        ]
        if flows or assignment
        else [],
        "input_alternatives": [
            filled("input_alternatives", id="north", name_en="North"),
            filled("input_alternatives", id="south", name_en="South"),
        ],
        "input_commodities": [
            filled("input_commodities", id="boxes", name_en="Boxes", cargo="container"),
            filled("input_commodities", id="grain", name_en="Grain", cargo="loose"),
        ],
        "input_nodes": [
            filled("input_nodes", id="a", name_en="Aport (harbour)"),
            filled("input_nodes", id="b", name_en="Beport"),
        ],
        "input_services": [
            filled("input_services", id="boat", name_en="Boat", mode="ferry"),
            filled("input_services", id="train", name_en="Train", mode="rail"),
        ],
        "input_links": [
            filled("input_links", id="line", from_node="a", to_node="b", mode="rail"),
        ],
        "input_flows": [
            filled("input_flows", id="f", origin="a", destination="b", commodity_id="boxes")
        ],
        "measures": [
            filled("measures", id=name, title_en=name.title(), applied=name == "done")
            for name in ("done", "more")
        ],
        "lifting": LIFTING if assignment else [],
    }
    return results(root, **tables)
