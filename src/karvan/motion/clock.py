"""The hours of a simulated year: a warm-up, then the year from its first day."""

import calendar
import datetime as dt
from dataclasses import dataclass

from karvan.network.calendars import MONTHS, WEEK_H
from karvan.simulation.model import Profile

DAY_H = 24.0


@dataclass(frozen=True, slots=True)
class Clock:
    """When the model begins, counts and ends.

    Attributes
    ----------
    year : int
    warmup_h : float
        The year begins after it [h].
    """

    year: int
    warmup_h: float

    @property
    def year_h(self) -> float:
        """Hours of the year."""
        return DAY_H * (366 if calendar.isleap(self.year) else 365)

    @property
    def horizon_h(self) -> float:
        """End of a replication, warm-up and year [h]."""
        return self.warmup_h + self.year_h

    def month_starts_h(self) -> list[float]:
        """Return the hour of the model at which each month begins, and the end of December."""
        first = dt.date(self.year, 1, 1)
        days = [(dt.date(self.year, month, 1) - first).days for month in range(1, MONTHS + 1)]
        return [self.warmup_h + DAY_H * day for day in days] + [self.horizon_h]

    def monthly(self, name: str, factors: dict[int, float]) -> Profile:
        """Return a profile with a factor for each month, 0 for those without, over the years."""
        edges = self.month_starts_h()
        year = self.year_h
        pieces = sorted(
            (edges[month - 1] % year, factors.get(month, 0.0)) for month in range(1, MONTHS + 1)
        )
        if pieces[0][0] > 0.0:
            # What the warm-up begins in the middle of is the month that begins last.
            pieces.insert(0, (0.0, pieces[-1][1]))
        starts, values = zip(*pieces, strict=True)
        return Profile(id=name, starts_h=starts, factors=values, period_h=year)

    def of_week(self, hours_after_monday: float) -> float:
        """Return the first hour of the model, in [0, 168), at that time of the week."""
        new_year = DAY_H * dt.date(self.year, 1, 1).weekday()
        return (hours_after_monday - new_year + self.warmup_h) % WEEK_H
