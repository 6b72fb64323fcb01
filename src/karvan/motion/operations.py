"""Rows of operations.csv by what they are about."""

from dataclasses import dataclass
from typing import Any

from karvan.case import Case
from karvan.freight.routing import date_of
from karvan.motion.times import pert_of_mean
from karvan.network.opening import open_rows
from karvan.simulation.variates import Distribution

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operations:
    """How things are operated on the date of a case.

    Attributes
    ----------
    rows : dict
        By table, id and quantity.
    lot_teu, lot_t : float
        What moves as one where a commodity says nothing.
    """

    rows: dict[tuple[str, str, str], Row]
    lot_teu: float
    lot_t: float

    def value(self, table: str, subject: str, quantity: str, default: float) -> float:
        """Return a value, or what is taken without a row."""
        row = self.rows.get((table, subject, quantity))
        return default if row is None else float(row["value"])

    def time(self, table: str, subject: str, quantity: str) -> Distribution | None:
        """Return a time as a distribution [h], or None without a row."""
        row = self.rows.get((table, subject, quantity))
        if row is None:
            return None
        return pert_of_mean(float(row["value"]), row["value_low"], row["value_high"])


def operations_of(case: Case) -> Operations:
    """Return the rows of operations.csv that are open at the date of a case."""
    rows: list[Row] = open_rows(case.table("operations"), date_of(case))
    settings = case.settings.simulation
    return Operations(
        {(str(r["subject_table"]), str(r["subject_id"]), str(r["quantity"])): r for r in rows},
        settings.lot_teu,
        settings.lot_t,
    )
