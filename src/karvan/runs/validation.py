"""Compare the model with reported facts, row by row of validation.csv."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import polars as pl

from karvan.case import Case
from karvan.case.model import resolve
from karvan.case.results import result_frame
from karvan.errors import KarvanError
from karvan.freight import Itinerary, itineraries
from karvan.network.compile import dwell_mean
from karvan.runs.flow_validation import FLOW_QUANTITIES, flow_value
from karvan.runs.simulated_validation import Answer, simulated_answers
from karvan.schema import list_of

ITINERARY_QUANTITIES: Mapping[str, str] = {
    "mean_h": "mean_h",
    "transit_h": "transit_h",
    "p10_h": "p10_h",
    "p50_h": "p50_h",
    "p90_h": "p90_h",
    "length_km": "km",
    "cost_usd_per_teu": "cost_usd_per_teu",
    "co2e_kg_per_teu": "co2e_kg_per_teu",
}
SPREAD = frozenset({"mean_h", "p50_h"})
"""Quantities for which the model gives an interval: 10 to 90 % of door-to-door time."""

ROW_QUANTITIES: Mapping[str, tuple[str, ...]] = {
    "capacity_t_per_year": ("terminals", "links"),
    "capacity_teu_per_year": ("terminals", "transfers"),
    "headway_h": ("services", "rates"),
    "dwell_h": ("transfers",),
}


def validate(case: Case, progress: Callable[[float], None] = lambda share: None) -> pl.DataFrame:
    """Return the table ``validation``: reported, modelled, inside or outside.

    A row is computed in its own scenario of the case as read, whatever scenario and changes the
    run is of; a row that no engine computes yet says so.  Nothing is fitted here.
    """
    rows = list(case.as_read.table("validation").iter_rows(named=True))
    # Each scenario is resolved once, so that its compiled network is found again.
    base = case.as_read
    in_scenario = cache(lambda name: resolve(base, scenario=name) if name else base)
    answers = simulated_answers(rows, in_scenario)
    results = []
    for n, row in enumerate(rows):
        progress(n / len(rows))
        simulated = answers.get(row["id"], (None, None, None))
        results.append(_compare(in_scenario, row, simulated))
    return result_frame("validation", results)


def _compare(
    in_scenario: Callable[[str], Case], row: Mapping[str, Any], simulated: Answer
) -> dict[str, Any]:
    low = row["expected_low"] if row["expected_low"] is not None else row["expected"]
    high = row["expected_high"] if row["expected_high"] is not None else row["expected"]
    low, high = low * (1.0 - row["tolerance_share"]), high * (1.0 + row["tolerance_share"])
    found: dict[str, float | None] = {"modelled": None, "modelled_low": None, "modelled_high": None}
    try:
        values, detail = _modelled(in_scenario(row["scenario_id"] or ""), row)
        found |= values
        modelled = found["modelled"]
        verdict = "not modelled" if modelled is None else _verdict(low, modelled, high)
    except KarvanError as error:
        verdict, detail = "no route", str(error)
    return {
        **{name: row[name] for name in ("id", "quantity", "expected", "unit", "role")},
        "expected_low": low,
        "expected_high": high,
        "verdict": verdict,
        "detail": detail,
        "engine": _engine(row),
        **found,
        **dict(zip(("simulated", "simulated_low", "simulated_high"), simulated, strict=True)),
        "simulated_verdict": "" if simulated[0] is None else _verdict(low, simulated[0], high),
    }


def _verdict(low: float, value: float, high: float) -> str:
    return "inside" if low <= value <= high else "outside"


def _engine(row: Mapping[str, Any]) -> str:
    """Say what the modelled value of a row comes from."""
    if row["quantity"] in FLOW_QUANTITIES:
        return "assignment"
    return "input" if row["subject_id"] else "itinerary"


def _modelled(case: Case, row: Mapping[str, Any]) -> tuple[dict[str, float | None], str]:
    quantity = row["quantity"]
    if quantity in FLOW_QUANTITIES:
        value, detail = flow_value(case, row)
        return {"modelled": value}, detail
    if row["subject_id"]:
        return _of_row(case, quantity, row["subject_id"])
    best = _itinerary(case, row)
    values: dict[str, float | None] = {"modelled": getattr(best, ITINERARY_QUANTITIES[quantity])}
    if quantity in SPREAD:
        values |= {"modelled_low": best.p10_h, "modelled_high": best.p90_h}
    return values, " - ".join(_ends(best))


def _ends(itinerary: Itinerary) -> list[str]:
    return [itinerary.legs[0].origin, *(leg.destination for leg in itinerary.legs)]


def _itinerary(case: Case, row: Mapping[str, Any]) -> Itinerary:
    """The recommended itinerary; door-to-door quantities leave loading and unloading in."""
    found = itineraries(
        case,
        row["origin"],
        row["destination"],
        via=list_of(row["via"]),
        avoid=list_of(row["avoid"]),
    )
    return found.found[0]


def _of_row(case: Case, quantity: str, subject: str) -> tuple[dict[str, float | None], str]:
    for table in ROW_QUANTITIES.get(quantity, ()):
        rows = case.table(table).filter(pl.col("id") == subject)
        if rows.height:
            row = rows.row(0, named=True)
            value = dwell_mean(row) if quantity == "dwell_h" else row[quantity]
            return {"modelled": value}, f"{table} {subject}"
    return {}, f"no table has '{subject}' with {quantity}"
