"""Checks of operations.csv: what the simulation needs beyond capacity."""

from collections.abc import Callable, Iterator, Mapping

from karvan.case.cells import place_of, repeats_of, rows_of
from karvan.case.model import Case
from karvan.errors import Problem, did_you_mean

Problems = Iterator[Problem]
DAY_H = 24.0

QUANTITIES_OF: Mapping[str, tuple[str, ...]] = {
    "terminals": ("ship_handling_h", "teu_per_call"),
    "services": ("fleet", "max_gap_h"),
    "transfers": ("handling_h", "inspection_share", "inspection_h", "opens_h", "closes_h"),
    "commodities": ("lot_teu", "lot_t"),
}
"""Which quantities say something of a row of which table."""

ABOVE_ZERO = frozenset({"teu_per_call", "lot_teu", "lot_t"})
PAIRED = {"inspection_share": "inspection_h", "inspection_h": "inspection_share"}
"""What says how many are held, and how long."""
BORDER = "border"
OPERATED = ("terminals", "services", "transfers", "commodities")


def check_subjects(case: Case) -> Problems:
    """A row is about a row that exists, by a quantity that it has, and once."""
    ids = {table: set(case.table(table)["id"]) for table in QUANTITIES_OF}
    for row in rows_of(case, "operations"):
        table = row["subject_table"]
        if row["subject_id"] not in ids[table]:
            yield Problem(
                "operations.subject_id.reference",
                place_of("operations", row, "subject_id"),
                f"'{row['subject_id']}'",
                f"the id of a row of {table}",
                did_you_mean(row["subject_id"], ids[table]),
            )
        if row["quantity"] not in QUANTITIES_OF[table]:
            yield Problem(
                "operations.quantity.subject",
                place_of("operations", row, "quantity"),
                f"{row['quantity']} of {table}",
                f"one of {', '.join(QUANTITIES_OF[table])}",
            )
    once = ("subject_table", "subject_id", "quantity", "opens", "closes")
    for row, first in repeats_of(case, "operations", once):
        yield Problem(
            "operations.quantity.duplicate",
            place_of("operations", row, "quantity"),
            f"{row['quantity']} of '{row['subject_id']}' again, as in row '{first}'",
            "one row for the same time",
        )


def check_values(case: Case) -> Problems:
    """Values are possible: a fleet has ships, shares are shares, ends lie around the mean."""
    for row in rows_of(case, "operations"):
        quantity, value = row["quantity"], row["value"]
        expected = ""
        if quantity == "fleet" and (value < 1 or value != int(value)):
            expected = "a whole number of at least 1; without any nothing could ever leave"
        elif quantity in ABOVE_ZERO and value == 0:
            expected = "a number above 0"
        elif quantity == "inspection_share" and value > 1:
            expected = "a share from 0 to 1"
        elif quantity in {"opens_h", "closes_h"} and value > DAY_H:
            expected = f"an hour of the day, at most {DAY_H:g}"
        if expected:
            where = place_of("operations", row, "value")
            yield Problem(f"operations.value.{quantity}", where, f"{value:g}", expected)
        low = value if row["value_low"] is None else row["value_low"]
        high = value if row["value_high"] is None else row["value_high"]
        if not low <= value <= high:
            yield Problem(
                "operations.value.order",
                place_of("operations", row, "value"),
                f"{value:g} outside {low:g} to {high:g}",
                "value_low <= value <= value_high",
            )


def check_hours(case: Case) -> Problems:
    """A border opens before it closes."""
    hours: dict[tuple[str, str], dict[str, float]] = {}
    rows = {}
    for row in rows_of(case, "operations"):
        if row["quantity"] in {"opens_h", "closes_h"}:
            key = (row["subject_table"], row["subject_id"])
            hours.setdefault(key, {})[row["quantity"]] = row["value"]
            rows[key] = row
    for key, pair in hours.items():
        if pair.get("opens_h", 0.0) >= pair.get("closes_h", DAY_H):
            yield Problem(
                "operations.value.hours",
                place_of("operations", rows[key], "value"),
                f"open from {pair.get('opens_h', 0.0):g} to {pair.get('closes_h', DAY_H):g} h",
                "opens_h before closes_h; nothing could ever pass",
            )


def check_read(case: Case) -> Problems:
    """The simulation reads every row; one that it would pass over is named."""
    kinds = dict(case.table("transfers").select("id", "kind").iter_rows())
    departures = dict(case.table("services").select("id", "departure").iter_rows())
    there = {(row["subject_id"], row["quantity"]) for row in rows_of(case, "operations")}
    for row in rows_of(case, "operations"):
        subject, quantity = row["subject_id"], row["quantity"]
        expected = ""
        if quantity in {"opens_h", "closes_h"} and kinds.get(subject, BORDER) != BORDER:
            expected = "hours of a border; other transfers work day and night"
        elif quantity == "handling_h" and kinds.get(subject) == BORDER:
            expected = "inspection_share and inspection_h; a border has no handling"
        elif quantity in PAIRED and kinds.get(subject, BORDER) != BORDER:
            if (subject, PAIRED[quantity]) not in there:
                expected = f"a row with {PAIRED[quantity]} as well; one alone holds nobody"
        elif quantity == "fleet" and departures.get(subject) == "timetable":
            expected = "no fleet; a service with a timetable has a ship for each departure"
        elif quantity == "teu_per_call" and (subject, "ship_handling_h") not in there:
            expected = "a row with ship_handling_h as well; ships take no time without"
        if expected:
            yield Problem(
                "operations.quantity.unread",
                place_of("operations", row, "quantity"),
                f"{quantity} of '{subject}', which the simulation passes over",
                expected,
                severity="warning",
            )


OPERATION_CHECKS: Mapping[Callable[[Case], Problems], frozenset[str]] = {
    check_subjects: frozenset({"operations", *OPERATED}),
    check_values: frozenset({"operations"}),
    check_hours: frozenset({"operations"}),
    check_read: frozenset({"operations", "services", "transfers"}),
}
"""Checks with the tables they read."""
