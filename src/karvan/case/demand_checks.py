"""Checks of demand: flows, their formulas and totals, route alternatives, background traffic."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from karvan import schema
from karvan.case.cells import place_of, repeats_of, rows_of
from karvan.case.model import Case
from karvan.case.no_alternative import NO_ALTERNATIVE, UNSERVED
from karvan.errors import Problem, did_you_mean
from karvan.evidence.derivations import DerivationCycle, FormulaError, evaluate, recompute
from karvan.schema import list_of

Problems = Iterator[Problem]
FLOW_TOLERANCE = 0.005
"""Flows are printed rounded; sums and formulas may differ by that much."""
RESERVED_ALTERNATIVES = frozenset({NO_ALTERNATIVE, UNSERVED})
"""No alternative of a case may be called so."""

LEAST_LOAD = 1e-3
"""Tonnes or TEU of a load, or hours of a headway, below which it is a slip: all are divided by."""

TOTAL_COLUMNS: Mapping[str, str] = {"t": "flow_t_per_year", "TEU": "flow_teu_per_year"}
"""Unit of a series that flows may add up to -> column of the flow."""


def check_flows(case: Case) -> Problems:
    """A flow leads to another place, has a size, and is given once a year."""
    first: dict[tuple[Any, ...], str] = {}
    for row in rows_of(case, "flows"):
        if row["origin"] == row["destination"]:
            yield Problem(
                "flows.destination.same",
                place_of("flows", row, "destination"),
                f"'{row['destination']}' twice",
                "another place than the origin",
            )
        if row["flow_t_per_year"] is None and row["flow_teu_per_year"] is None:
            yield Problem(
                "flows.flow_t_per_year.missing",
                place_of("flows", row, "flow_t_per_year"),
                "neither tonnes nor TEU",
                "flow_t_per_year or flow_teu_per_year; the payload gives the other",
                "leave the row out where there is no data",
            )
        key = (row["origin"], row["destination"], row["commodity_id"], row["year"])
        if key in first:
            yield Problem(
                "flows.year.duplicate",
                place_of("flows", row, "year"),
                f"{row['origin']} - {row['destination']}, {row['commodity_id']}, {row['year']} "
                f"again (first in row {first[key]})",
                "one row for a pair, commodity and year: all routes together",
            )
        first.setdefault(key, row["id"])


def check_flow_sizes(case: Case) -> Problems:
    """Tonnes and TEU of a flow, where both are given, agree by the payload."""
    payload = dict(case.table("commodities").select("id", "payload_t_per_teu").iter_rows())
    for row in rows_of(case, "flows"):
        t, teu = row["flow_t_per_year"], row["flow_teu_per_year"]
        load = payload.get(row["commodity_id"])
        if None not in (t, teu, load) and not _close(t, teu * load):
            yield Problem(
                "flows.flow_t_per_year.payload",
                place_of("flows", row, "flow_t_per_year"),
                f"{t:g} t beside {teu:g} TEU",
                f"{teu * load:g} t, as {row['commodity_id']} have {load:g} t a TEU",
                "leave one of the two empty, or correct the payload in demand/commodities.csv",
            )


def check_payloads(case: Case) -> Problems:
    """A TEU's weight, what a departure or train takes, and a headway are more than a trace."""
    for row in rows_of(case, "commodities"):
        if row["payload_t_per_teu"] < LEAST_LOAD:
            yield Problem(
                "commodities.payload_t_per_teu.trace",
                place_of("commodities", row, "payload_t_per_teu"),
                f"{row['payload_t_per_teu']:g}",
                f"tonnes of at least {LEAST_LOAD:g}: what a TEU weighs turns tonnes into TEU",
            )
    yield from _traces(case, "services", ("capacity_teu", "capacity_t", "headway_h"))
    yield from _traces(case, "rates", ("teu_per_train", "t_per_train"))


def _traces(case: Case, table: str, columns: tuple[str, ...]) -> Problems:
    for row in rows_of(case, table):
        for column in columns:
            if 0.0 < (row[column] or 0.0) < LEAST_LOAD:
                yield Problem(
                    f"{table}.{column}.trace",
                    place_of(table, row, column),
                    f"{row[column]:g}",
                    f"at least {LEAST_LOAD:g}, 0 for nothing, an empty cell where it is not known",
                )


def check_alternatives(case: Case) -> Problems:
    """An alternative has a name of its own, and gateways that are links, services or nodes."""
    known = {name for table in ("links", "services", "nodes") for name in case.table(table)["id"]}
    for row in rows_of(case, "alternatives"):
        if row["id"] in RESERVED_ALTERNATIVES:
            yield Problem(
                "alternatives.id.reserved",
                place_of("alternatives", row, "id"),
                f"'{row['id']}'",
                f"another name: results call ways by no gateway '{NO_ALTERNATIVE}', and cargo that "
                f"stays away '{UNSERVED}'",
            )
        for word in list_of(row["gateways"]):
            if word not in known:
                yield Problem(
                    "alternatives.gateways.reference",
                    place_of("alternatives", row, "gateways"),
                    f"'{word}'",
                    "an id of network/links.csv, services.csv or nodes.csv",
                    did_you_mean(word, known),
                )


def check_main_alternative(case: Case) -> Problems:
    """One alternative at most is the one that the case is about."""
    for row in [row for row in rows_of(case, "alternatives") if row["main"]][1:]:
        yield Problem(
            "alternatives.main.duplicate",
            place_of("alternatives", row, "main"),
            "yes again",
            "one alternative that the case is about",
        )


def check_markets(case: Case) -> Problems:
    """Where markets have a table, those of flows and of validation are rows of it."""
    known = set(case.table("markets")["id"])
    told: set[tuple[str, str]] = set()
    for table in ("flows", "validation") if known else ():
        for row in rows_of(case, table):
            for market in list_of(row["market"]):
                if market in known or (table, market) in told:
                    continue
                told.add((table, market))
                yield Problem(
                    f"{table}.market.reference",
                    place_of(table, row, "market"),
                    f"'{market}'",
                    "an id of demand/markets.csv",
                    did_you_mean(market, known) or "add a row with its names there",
                )


def check_constants(case: Case) -> Problems:
    """An alternative has one constant for a commodity."""
    for row, first in repeats_of(case, "constants", ("alternative_id", "commodity_id")):
        yield Problem(
            "constants.commodity_id.duplicate",
            place_of("constants", row, "commodity_id"),
            f"{row['alternative_id']} and {row['commodity_id']} again (first in row {first})",
            "one constant for an alternative and commodity",
        )


def check_choice(case: Case) -> Problems:
    """The scale of the route choice is above zero, and commodities go by known modes."""
    modes = schema.tables()["links"].column("mode").values
    for row in rows_of(case, "commodities"):
        if row["choice_scale_per_usd"] == 0:
            yield Problem(
                "commodities.choice_scale_per_usd.zero",
                place_of("commodities", row, "choice_scale_per_usd"),
                "0",
                "a scale above 0; with 0 no price or time would matter",
            )
        for word in list_of(row["modes"]):
            if word not in modes:
                yield Problem(
                    "commodities.modes.unknown",
                    place_of("commodities", row, "modes"),
                    f"'{word}'",
                    "modes of links: " + ", ".join(modes),
                    did_you_mean(word, modes),
                )


def check_background(case: Case) -> Problems:
    """Background traffic leaves some of the capacity (a warning)."""
    for table in ("terminals", "links"):
        for quantity in ("teu_per_year", "t_per_year", "trains_per_day"):
            yield from _background(case, table, quantity)


def _background(case: Case, table: str, quantity: str) -> Problems:
    background, capacity = f"background_{quantity}", f"capacity_{quantity}"
    if background not in schema.tables()[table].names:
        return
    for row in rows_of(case, table):
        if None not in (row[background], row[capacity]) and row[background] > row[capacity]:
            yield Problem(
                f"{table}.{background}.capacity",
                place_of(table, row, background),
                f"{row[background]:g} of a capacity of {row[capacity]:g}",
                "background traffic below the capacity",
                "nothing is left for the flows; is part of it in demand/flows.csv already?",
                severity="warning",
            )


def check_train_loads(case: Case) -> Problems:
    """A limit of trains holds for flows only if the load of a train is known (a warning)."""
    if not case.table("flows").height:
        return
    loads = dict(case.table("rates").select("id", "teu_per_train").iter_rows())
    for row in rows_of(case, "links"):
        # No train at all needs no load.
        if row["capacity_trains_per_day"] and row["rate_id"] in loads and not loads[row["rate_id"]]:
            yield Problem(
                "links.capacity_trains_per_day.load",
                place_of("links", row, "capacity_trains_per_day"),
                f"{row['capacity_trains_per_day']:g} trains of unknown load",
                f"teu_per_train in the row '{row['rate_id']}' of network/rates.csv",
                "without it the flows of demand/flows.csv do not count in trains: no limit",
                severity="warning",
            )


def check_flow_formulas(case: Case) -> Problems:
    """Derived flows are recomputed from their formulas over observations."""
    case = case.as_read  # a scenario may scale flows
    values = _observed(case)
    for row in rows_of(case, "flows") if values is not None else ():
        if not row["flow_formula"]:
            continue
        column = "flow_t_per_year" if row["flow_t_per_year"] is not None else "flow_teu_per_year"
        try:
            value = evaluate(row["flow_formula"], values or {})
        except FormulaError as error:
            yield Problem(
                "flows.flow_formula.value",
                place_of("flows", row, "flow_formula"),
                f"'{row['flow_formula']}'",
                "numbers, + - * / ( ) and [observation-id]",
                str(error),
            )
            continue
        if row[column] is not None and not _close(row[column], value):
            yield Problem(
                "flows.flow_formula.differs",
                place_of("flows", row, column),
                f"{row[column]:g}",
                f"{value:g} by its formula",
                "correct the value or the formula",
            )


def check_flow_totals(case: Case) -> Problems:
    """Flows that are parts of a total add up to it."""
    case = case.as_read  # a scenario may scale flows
    values = _observed(case)
    if values is None:
        return
    units = dict(case.table("series").select("id", "unit").iter_rows())
    series = dict(case.table("observations").select("id", "series_id").iter_rows())
    payload = dict(case.table("commodities").select("id", "payload_t_per_teu").iter_rows())
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(case, "flows"):
        for total in list_of(row["part_of"]):
            parts[total].append(row)
    for total, rows in parts.items():
        unit, where = units[series[total]], place_of("flows", rows[-1], "part_of")
        if unit not in TOTAL_COLUMNS or total not in values:
            yield Problem(
                "flows.part_of.unit",
                where,
                f"'{total}' in {unit}" if total in values else f"'{total}' without a value",
                "a total in t or TEU that has a value",
            )
            continue
        found = sum(_size(row, unit, payload[row["commodity_id"]]) for row in rows)
        if not _close(found, values[total]):
            yield Problem(
                "flows.part_of.sum",
                where,
                f"{len(rows)} rows of '{total}' that add up to {found:g} {unit}",
                f"{values[total]:g} {unit}",
                "correct the split, or name the total only where a row is a part of it",
            )


def _observed(case: Case) -> dict[str, float] | None:
    """Value of every observation, derived ones recomputed; None where they form a cycle."""
    table = case.table("observations")
    values = {i: v for i, v in table.select("id", "value").iter_rows() if v is not None}
    try:
        derived = recompute(table)
    except DerivationCycle:
        return None
    return values | {
        i: v for i, v in derived.select("id", "recomputed").iter_rows() if v is not None
    }


def _size(row: dict[str, Any], unit: str, payload: float) -> float:
    """The flow of a row in `unit`, by the payload where only the other unit is given."""
    given: float | None = row[TOTAL_COLUMNS[unit]]
    if given is not None:
        return given
    other: float = row[TOTAL_COLUMNS["TEU" if unit == "t" else "t"]] or 0.0
    return other * payload if unit == "t" else other / payload


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= FLOW_TOLERANCE * max(abs(one), abs(other))


DEMAND_CHECKS: Mapping[Callable[[Case], Problems], frozenset[str]] = {
    check_flows: frozenset({"flows"}),
    check_flow_sizes: frozenset({"flows", "commodities"}),
    check_payloads: frozenset({"commodities", "services", "rates"}),
    check_alternatives: frozenset({"alternatives", "links", "services", "nodes"}),
    check_main_alternative: frozenset({"alternatives"}),
    check_markets: frozenset({"markets", "flows", "validation"}),
    check_constants: frozenset({"constants"}),
    check_choice: frozenset({"commodities"}),
    check_train_loads: frozenset({"flows", "links", "rates"}),
    check_background: frozenset({"terminals", "links"}),
}
"""What holds in a case and in every scenario of it, with the tables that each check reads."""

FLOW_EVIDENCE_CHECKS: tuple[Callable[[Case], Iterator[Problem]], ...] = (
    check_flow_formulas,
    check_flow_totals,
)
"""What holds in the case as read; a scenario may well scale a flow."""
