"""Timetables and weather closures from calendars.csv."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from karvan.network.model import Timetables

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK_H = 168.0
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Closures:
    """Weather closures of one calendar.

    Attributes
    ----------
    closed_share : dict of int to float
        Share of the hours of each month (1-12) that are closed; months without a row are open.
    mean_h : dict of int to float
        Mean length of a closure in the month [h].
    """

    closed_share: dict[int, float]
    mean_h: dict[int, float]

    def in_month(self, month: int | None) -> tuple[float, float]:
        """Return closed share and mean length [h] in a month, or over the year for None.

        Over the year the expected wait, share times length, is what is averaged.
        """
        if month is not None:
            return self.closed_share.get(month, 0.0), self.mean_h.get(month, 0.0)
        share = sum(self.closed_share.values()) / MONTHS
        wait = sum(s * self.mean_h[m] for m, s in self.closed_share.items()) / MONTHS
        return share, wait / share if share else 0.0


def closures_of(calendars: pl.DataFrame) -> dict[str, Closures]:
    """Return the closures by calendar."""
    share: dict[str, dict[int, float]] = defaultdict(dict)
    mean: dict[str, dict[int, float]] = defaultdict(dict)
    for row in calendars.filter(pl.col("kind") == "closure").iter_rows(named=True):
        share[row["calendar_id"]][row["month"]] = row["closed_share"]
        mean[row["calendar_id"]][row["month"]] = row["closure_mean_h"]
    return {name: Closures(share[name], mean[name]) for name in share}


def timetables_of(calendars: pl.DataFrame, calendar_ids: Sequence[str]) -> Timetables:
    """Return the weekly departures of `calendar_ids`, in that order."""
    by_calendar: dict[str, list[float]] = {name: [] for name in calendar_ids}
    for row in calendars.filter(pl.col("kind") == "departure").iter_rows(named=True):
        if row["calendar_id"] in by_calendar:
            day = WEEKDAYS.index(row["weekday"])
            by_calendar[row["calendar_id"]].append(24.0 * day + row["departure_h"])
    departures = [sorted(by_calendar[name]) for name in calendar_ids]
    return Timetables(
        start=np.cumsum([0, *map(len, departures)], dtype=np.int64),
        departure_h=np.array([h for hours in departures for h in hours], dtype=np.float64),
        period_h=np.full(len(departures), WEEK_H),
    )
