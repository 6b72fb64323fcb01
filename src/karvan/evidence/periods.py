"""Periods as they are written in tables: a year, half, quarter, month, day or a span of them."""

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date

ONE = re.compile(
    r"(?P<year>\d{4})"
    r"(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<month>\d{2})(?:-(?P<day>\d{2}))?))?"
)
FORMS = "YYYY, YYYY-MM, YYYY-MM-DD, YYYY-Q1, YYYY-H1 or start/end"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """First and last day of a period; earlier starts sort first, then earlier ends.

    Attributes
    ----------
    start, end : date
        Both belong to the period.
    text : str
        As it was written; not compared.
    """

    start: date
    end: date
    text: str = field(compare=False, default="")

    def __str__(self) -> str:
        """As it was written."""
        return self.text

    @property
    def is_full_year(self) -> bool:
        """Whether it is exactly one calendar year."""
        return self.part_of_year == ((1, 1), (12, 31))

    @property
    def part_of_year(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Month and day of both ends, so that the same part of other years can be found.

        The last day of February counts as the 29th; None where the period crosses New Year.
        """
        if self.start.year != self.end.year:
            return None
        last = (self.end.month, self.end.day)
        return (self.start.month, self.start.day), (2, 29) if last == (2, 28) else last

    def contains(self, other: "Period") -> bool:
        """Whether `other` lies within this period."""
        return self.start <= other.start and other.end <= self.end


def _days(text: str) -> tuple[date, date]:
    match = ONE.fullmatch(text)
    if not match:
        msg = f"'{text}' is no period; write {FORMS}"
        raise ValueError(msg)
    year = int(match["year"])
    first, last = 1, 12
    if match["quarter"]:
        first = 3 * int(match["quarter"]) - 2
        last = first + 2
    elif match["half"]:
        first = 6 * int(match["half"]) - 5
        last = first + 5
    elif match["month"]:
        first = last = int(match["month"])
    try:
        if match["day"]:
            day = date(year, first, int(match["day"]))
            return day, day
        return date(year, first, 1), date(year, last, monthrange(year, last)[1])
    except ValueError as error:
        msg = f"'{text}' is no day of the calendar: {error}"
        raise ValueError(msg) from None


def parse_period(text: str) -> Period:
    """Return the first and last day of the period written as `text`.

    Raises
    ------
    ValueError
        Where the text is no period, no day of the calendar, or ends before it starts.

    Examples
    --------
    >>> period = parse_period("2024-01/2024-10")
    >>> period.start.isoformat(), period.end.isoformat()
    ('2024-01-01', '2024-10-31')
    """
    first, slash, last = text.strip().partition("/")
    start, end = _days(first)
    if slash:
        end = _days(last)[1]
    if end < start:
        msg = f"'{text}' ends before it starts; write the earlier date first"
        raise ValueError(msg)
    return Period(start, end, text.strip())
