"""The case: declared tables, measures and scenarios in; results out."""

from karvan.case.folder import find_case, read_case, shipped_cases
from karvan.case.model import Case

__all__ = ["Case", "find_case", "read_case", "shipped_cases"]
