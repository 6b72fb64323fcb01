"""Checks of the scoreboard: the hierarchy of indicators, their scales and weights, their values."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from karvan import schema
from karvan.case.cells import place_of, repeats_of, rows_of
from karvan.case.model import Case
from karvan.errors import Problem
from karvan.evidence.derivations import FormulaError, evaluate
from karvan.evidence.indicators import years_of

Problems = Iterator[Problem]

LEVELS = ("indicator", "sub_pillar", "pillar", "index")
"""From the lowest to the highest."""
DATA_COLUMNS = ("kind", "about", "direction", "unit", "definition", "rhythm", "source_id")
"""What every indicator says; groups of indicators need none of it."""


def check_hierarchy(case: Case) -> Problems:
    """Every indicator hangs below one pillar of one index, and no row below itself."""
    rows = {row["id"]: row for row in rows_of(case, "indicators")}
    indexes = [row for row in rows.values() if row["level"] == "index"]
    if rows and len(indexes) != 1:
        yield Problem(
            "indicators.level.index",
            place_of("indicators", (indexes or list(rows.values()))[-1], "level"),
            f"{len(indexes)} rows of level 'index'",
            "exactly one, at the top",
        )
    for row in rows.values():
        yield from _parent(row, rows)
    parents = {row["parent_id"] for row in rows.values()}
    for row in rows.values():
        if row["level"] != "indicator" and row["id"] not in parents:
            yield Problem(
                "indicators.level.empty",
                place_of("indicators", row, "level"),
                f"a {row['level']} without anything below it",
                "rows whose parent_id names it",
                "leave the row out until it has indicators",
            )


def _parent(row: dict[str, Any], rows: Mapping[str, dict[str, Any]]) -> Problems:
    where = place_of("indicators", row, "parent_id")
    if row["level"] == "index":
        if row["parent_id"] is not None:
            yield Problem(
                "indicators.parent_id.index",
                where,
                f"'{row['parent_id']}' above the index",
                "an empty cell",
            )
        return
    if row["parent_id"] is None:
        yield Problem(
            "indicators.parent_id.missing",
            where,
            f"no parent for level '{row['level']}': it is in no pillar",
            "the id of the row it is a part of",
        )
        return
    chain = [row["id"]]
    while (above := rows[chain[-1]]["parent_id"]) is not None and above not in chain:
        chain.append(above)
    if above == row["id"]:
        yield Problem(
            "indicators.parent_id.loop",
            where,
            " -> ".join([*chain, above]),
            "a chain of parents that ends at the index",
        )
    elif LEVELS.index(rows[row["parent_id"]]["level"]) <= LEVELS.index(row["level"]):
        yield Problem(
            "indicators.parent_id.level",
            where,
            f"a {row['level']} below a {rows[row['parent_id']]['level']}",
            "a parent of a higher level: " + ", ".join(LEVELS),
        )
    elif row["level"] == "indicator" and not any(
        rows[name]["level"] == "pillar" for name in chain[1:]
    ):
        yield Problem(
            "indicators.parent_id.pillar",
            where,
            " -> ".join(chain),
            "an indicator in a pillar",
        )


def check_indicators(case: Case) -> Problems:
    """An indicator says what it counts, which way is better, and whether a run computes it."""
    for row in rows_of(case, "indicators"):
        if row["level"] != "indicator":
            continue
        for column in DATA_COLUMNS:
            if row[column] is None:
                yield Problem(
                    f"indicators.{column}.missing",
                    place_of("indicators", row, column),
                    "an empty cell",
                    schema.tables()["indicators"].column(column).description,
                )
        if row["kind"] is not None and (row["kind"] == "run") != (row["quantity"] is not None):
            yield Problem(
                "indicators.quantity.kind",
                place_of("indicators", row, "quantity"),
                f"kind '{row['kind']}' and quantity '{row['quantity'] or ''}'",
                "a quantity for indicators that a run computes, and for no others",
            )
        yield from _goalposts(row)


def _goalposts(row: dict[str, Any]) -> Problems:
    low, high = row["goalpost_low"], row["goalpost_high"]
    where = place_of("indicators", row, "goalpost_high")
    if (low is None) != (high is None):
        yield Problem(
            "indicators.goalpost_high.missing",
            where,
            "one goalpost without the other",
            "both ends of the scale, or none",
        )
    elif low is not None and low == high:
        yield Problem(
            "indicators.goalpost_high.equal",
            where,
            f"{low:g} at both ends",
            "a scale with some length",
        )
    elif low is not None and low > high:
        yield Problem(
            "indicators.goalpost_high.order",
            where,
            f"{low:g} to {high:g}",
            "the lower end first",
            "where less is better, direction -1 says so",
        )


def check_weights(case: Case) -> Problems:
    """Of the rows below one parent, some weigh more than nothing."""
    siblings: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(case, "indicators"):
        if row["parent_id"] is not None:
            siblings[row["parent_id"]].append(row)
    for parent, rows in siblings.items():
        if sum(row["weight"] for row in rows) == 0:
            yield Problem(
                "indicators.weight.sum",
                place_of("indicators", rows[0], "weight"),
                f"0 for all {len(rows)} rows below '{parent}'",
                "weights of which one at least is above 0",
            )


def check_units(case: Case) -> Problems:
    """A pair joins two countries and stands once."""
    for row in rows_of(case, "units"):
        if row["reference"] == row["partner"]:
            yield Problem(
                "units.partner.same",
                place_of("units", row, "partner"),
                f"'{row['partner']}' twice",
                "another country than the reference",
            )
    for row, first in repeats_of(case, "units", ("reference", "partner")):
        yield Problem(
            "units.partner.duplicate",
            place_of("units", row, "partner"),
            f"{row['reference']} and {row['partner']} again (first in row {first})",
            "one row for a pair",
        )


def check_indicator_values(case: Case) -> Problems:
    """A value belongs to an indicator with data, says how it came about, and stands once a year."""
    framework = {row["id"]: row for row in rows_of(case, "indicators")}
    values = dict(case.table("observations").select("id", "value").iter_rows())
    known = {name: value for name, value in values.items() if value is not None}
    first: dict[tuple[str, str, int], str] = {}
    for row in rows_of(case, "indicator_values"):
        yield from _of_data(row, framework[row["indicator_id"]])
        yield from _amount(row, known)
        yield from _years(row, first)


def _of_data(row: dict[str, Any], indicator: dict[str, Any]) -> Problems:
    what = indicator["level"] if indicator["level"] != "indicator" else indicator["kind"]
    if what != "data":
        yield Problem(
            "indicator_values.indicator_id.kind",
            place_of("indicator_values", row, "indicator_id"),
            f"a value of '{row['indicator_id']}', which is of kind {what}",
            "an indicator of kind data; runs and aggregation compute the others",
        )


def _amount(row: dict[str, Any], known: Mapping[str, float]) -> Problems:
    if (row["value"] is None) == (row["formula"] is None):
        yield Problem(
            "indicator_values.value.formula",
            place_of("indicator_values", row, "value"),
            "both a value and a formula" if row["formula"] else "neither a value nor a formula",
            "one of them",
            "no data is no row",
        )
    if row["formula"] is None:
        return
    try:
        evaluate(row["formula"], known)
    except FormulaError as error:
        yield Problem(
            "indicator_values.formula.value",
            place_of("indicator_values", row, "formula"),
            f"'{row['formula']}'",
            "numbers, + - * / ( ) and [observation-id]",
            str(error),
        )
    if row["status"] != "derived":
        yield Problem(
            "indicator_values.status.formula",
            place_of("indicator_values", row, "status"),
            f"'{row['status']}' with a formula",
            "derived; an observation that is taken over keeps its own status",
        )


def _years(row: dict[str, Any], first: dict[tuple[str, str, int], str]) -> Problems:
    if row["year_to"] is not None and row["year_to"] < row["year"]:
        yield Problem(
            "indicator_values.year_to.order",
            place_of("indicator_values", row, "year_to"),
            f"{row['year']} to {row['year_to']}",
            "the earlier year first",
        )
    for year in years_of(row):
        key = (row["indicator_id"], row["unit_id"], year)
        if key in first:
            yield Problem(
                "indicator_values.year.duplicate",
                place_of("indicator_values", row, "year"),
                f"{row['indicator_id']} of {row['unit_id']} in {year} again "
                f"(first in row {first[key]})",
                "one value for an indicator, pair and year",
                "contradicting sources stand side by side in observations.csv, one is used",
            )
            break
    for year in years_of(row):
        first.setdefault((row["indicator_id"], row["unit_id"], year), row["id"])


INDICATOR_CHECKS: Mapping[Callable[[Case], Problems], frozenset[str]] = {
    check_hierarchy: frozenset({"indicators"}),
    check_indicators: frozenset({"indicators"}),
    check_weights: frozenset({"indicators"}),
    check_units: frozenset({"units"}),
    check_indicator_values: frozenset({"indicators", "indicator_values", "observations"}),
}
"""What holds in a case and in every scenario of it, with the tables that each check reads."""
