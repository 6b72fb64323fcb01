"""Errors a user can meet, and the problems they carry.

Every error raised on purpose derives from :class:`KarvanError`; the command line prints its
text and ends with :attr:`KarvanError.exit_code`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Severity = Literal["error", "warning"]


class KarvanError(Exception):
    """Base of every error raised on purpose."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend in a case.

    Attributes
    ----------
    check : str
        Stable name of the check, e.g. ``links.mode.enum``.
    where : str
        File, row and column, e.g. ``network/links.csv row 14 (aktau-alat) mode``.
    found, expected, hint : str
        What is there, what would be right, what to do.
    severity : {"error", "warning"}
        A warning does not stop a run unless the case makes it strict.
    """

    check: str
    where: str
    found: str
    expected: str
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        """Two lines: place and finding, then remedy."""
        remedy = f"expected {self.expected}" + (f"; {self.hint}" if self.hint else "")
        return f"{self.where}: found {self.found}\n     {remedy}  [{self.check}]"


MOST_PROBLEMS_PRINTED = 50


class CaseError(KarvanError):
    """The case folder cannot be run as it stands; carries every problem found."""

    def __init__(self, problems: Sequence[Problem], subject: str = "the case") -> None:
        self.problems = tuple(problems)
        shown = self.problems[:MOST_PROBLEMS_PRINTED]
        lines = "\n".join(f"  {n}. {p}" for n, p in enumerate(shown, 1))
        rest = len(self.problems) - len(shown)
        if rest:
            lines += f"\n  ... and {rest} more of the same kinds"
        super().__init__(f"{len(self.problems)} problem(s) in {subject}:\n{lines}")


class ScoreboardError(CaseError):
    """A scoreboard that cannot be computed as asked; carries every problem found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems, subject="the scoreboard")


class CaseNotFoundError(KarvanError):
    """No case of that name or at that path."""


class PlaceError(KarvanError):
    """A place that is not in the network, or a name that fits several."""


class RouteError(KarvanError):
    """No itinerary exists, or the question has no answer."""


class AssignmentError(KarvanError):
    """An assignment problem that cannot be solved as it stands; carries every problem found."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        shown = self.problems[:MOST_PROBLEMS_PRINTED]
        lines = "\n".join(f"  {n}. {p}" for n, p in enumerate(shown, 1))
        rest = len(self.problems) - len(shown)
        if rest:
            lines += f"\n  ... and {rest} more"
        super().__init__(f"{len(self.problems)} problem(s) in the assignment:\n{lines}")


class NoPathError(AssignmentError):
    """No flow of a case has a path; carries their ids."""

    def __init__(self, year: int, flows: Sequence[str]) -> None:
        self.year = year
        self.flows = tuple(flows)
        super().__init__([f"no flow of {year} has a path: {', '.join(flows)}"])


class FormulaError(KarvanError):
    """A formula or statistic asked about numbers that it does not hold for; carries every one."""

    def __init__(self, function: str, problems: Sequence[str]) -> None:
        self.function = function
        self.problems = tuple(problems)
        lines = "\n".join(f"  {n}. {p}" for n, p in enumerate(self.problems, 1))
        super().__init__(f"{len(self.problems)} problem(s) in the numbers for {function}:\n{lines}")


class ScenarioError(KarvanError):
    """A scenario, measure or override that the case does not have."""


class ModelError(CaseError):
    """A simulation model that cannot be run as it stands; carries every problem found."""

    def __init__(self, problems: Sequence[Problem], subject: str = "the model") -> None:
        super().__init__(problems, subject)


class SimulationError(KarvanError):
    """A simulation that could not be carried out."""


class ResultsError(KarvanError):
    """A results folder that cannot be read or written."""


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return a hint naming the closest known word, or nothing."""
    close = get_close_matches(word, known, n=1)
    return f"did you mean '{close[0]}'?" if close else ""
