"""Why values cannot be put on a scale, by name."""

from collections.abc import Iterator

import numpy as np

from karvan.errors import Problem
from karvan.scoreboard import compatibility
from karvan.scoreboard.model import NO_YEAR, TRANSFORMED, BoolArray, FloatArray, Framework, Panel
from karvan.scoreboard.settings import Normalise


def faults_of_posts(panel: Panel, framework: Framework, method: Normalise) -> Iterator[Problem]:
    """Yield what makes a normalisation impossible before a value is looked at."""
    if method.range[0] >= method.range[1]:
        yield Problem(
            "scoreboard.normalise.range", "normalise.range", str(method.range), "low < high"
        )
    first, last = method.quantiles
    if method.method == "goalposts" and not 0.0 <= first < last <= 1.0:
        yield Problem(
            "scoreboard.normalise.quantiles",
            "normalise.quantiles",
            str(method.quantiles),
            "two shares in 0 to 1, the smaller one first",
        )
    if method.year is not None and method.year not in panel.years:
        found = str(method.year)
        known = ", ".join(str(y) for y in panel.years if y != NO_YEAR)
        expected = f"one of {known}" if known else "no year, as the data have none"
        yield Problem("scoreboard.normalise.year", "normalise.year", found, expected)
    if not compatibility.needs_units(method):
        return
    needed = ("target",) if method.method == "distance_to_target" else ("low", "high")
    given: dict[str, FloatArray] = {"target": framework.target, "low": framework.low}
    given["high"] = framework.high
    for j, name in enumerate(framework.indicator):
        for column in needed:
            if np.isnan(given[column][j]):
                yield Problem(
                    "scoreboard.normalise.posts",
                    f"framework {name} {column}",
                    "no number",
                    f"one, for the method '{method.method}'",
                    "or choose goalposts with posts = 'quantiles' or 'range'",
                )
        if (panel.status[:, j] & TRANSFORMED).any():
            yield Problem(
                "scoreboard.normalise.transformed",
                f"indicator {name}",
                "values that treatment brought to another unit",
                f"the unit of the framework's numbers, for the method '{method.method}'",
                "treat with attempts = ['winsorise'] only, or not at all",
            )


def why_lost(
    panel: Panel, framework: Framework, method: Normalise, lost: BoolArray
) -> Iterator[Problem]:
    """Yield each indicator that has no scale, and why.

    Parameters
    ----------
    panel : Panel
        Before normalisation.
    framework : Framework
    method : Normalise
    lost : ndarray of bool, shape (n_rows, n_indicators)
        Cells with data whose normalised value is not finite.
    """
    for j in np.flatnonzero(lost.any(axis=0)):
        x = panel.value[lost[:, j], j]
        rows = int(np.unique(panel.value[:, j][~np.isnan(panel.value[:, j])]).size)
        years = ""
        if method.over == "each_year" and panel.years != [NO_YEAR]:
            years = " in " + ", ".join(str(y) for y in sorted(set(panel.year[lost[:, j]].tolist())))
        if method.method == "distance_to_target":
            found = f"a target of {framework.target[j]:g} that equals the worst value"
            expected, hint = "a target beyond it", ""
        else:
            found = _found_on_scale(
                panel, method, int(j), years, float(x[0]), alone_value=rows == 1
            )
            expected = f"values that differ, for the method '{method.method}'"
            hint = (
                "leave it out (screen.constant_indicators = 'drop'), share the scale of all years, "
                "or give goalposts"
            )
        where = f"indicator {framework.indicator[j]}"
        yield Problem("scoreboard.indicator.constant", where, found, expected, hint)


def _found_on_scale(
    panel: Panel, method: Normalise, column: int, years: str, value: float, *, alone_value: bool
) -> str:
    """What a scale would have to be made of."""
    if method.year is not None:
        base = panel.value[panel.year == method.year, column]
        base = base[~np.isnan(base)]
        if not len(base):
            return f"no data in {method.year}, whose scale all years use"
        years, value = f" in {method.year}", float(base[0])
    alone = len(set(panel.unit)) == 1
    one = "one unit only" if alone else "one value only" if years or alone_value else "values"
    return f"{one}{years}: {value + 0.0:g}"
