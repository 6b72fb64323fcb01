"""Distributions as tables write them: ``3``, ``exponential(2)``, ``1 + lognormal(20, 0.5)``."""

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches

KINDS = {
    "constant": ("value",),
    "exponential": ("mean",),
    "lognormal": ("mean", "cv"),
    "uniform": ("low", "high"),
    "erlang": ("mean", "k"),
    "triangular": ("low", "mode", "high"),
    "weibull": ("scale", "shape"),
    "quantiles": (),
    "series": (),
    "hyperexponential": ("mean", "cv"),
}
"""Name and parameters of each kind; the order is the kernel's.  Those without take a list."""

LEAST_QUANTILES = 2
MOST_ERLANG = 400
"""Above, the sum of powers that the quantile is found by leaves the range of doubles."""
MOST_VARIATION = 1000.0
LEAST_SHAPE = 0.05
"""Of Weibull: below, draws leave the range of doubles."""
MOST_HOURS = 1e12
"""Above, doubles do not tell seconds apart."""
_PATTERN = re.compile(r"^\s*(?:([^\s()+]+)\s*\+\s*)?([a-z]+)\s*\(([^()]*)\)\s*$")


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of times.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    values : tuple of float
        Its parameters; of ``quantiles`` the values at equal levels from 0 to 1; of ``series``
        the value of the first, second, ... draw, over and over.
    offset : float
        Added to each draw.
    """

    kind: str
    values: tuple[float, ...]
    offset: float = 0.0

    def mean(self) -> float:
        """Return the mean."""
        v = self.values
        match self.kind:
            case "uniform":
                inner = (v[0] + v[1]) / 2.0
            case "triangular":
                inner = sum(v) / 3.0
            case "weibull":
                inner = v[0] * math.gamma(1.0 + 1.0 / v[1])
            case "quantiles":
                inner = (sum(v) - (v[0] + v[-1]) / 2.0) / (len(v) - 1)
            case "series":
                inner = sum(v) / len(v)
            case _:
                inner = v[0]
        return self.offset + inner

    def parameters(self) -> tuple[float, float, float]:
        """Return the three numbers that the kernel computes with."""
        v = self.values
        match self.kind:
            case "constant":
                return (v[0] + self.offset, 0.0, 0.0)
            case "lognormal":
                variance = math.log1p(v[1] * v[1])
                return (math.log(v[0]) - variance / 2.0, math.sqrt(variance), 0.0)
            case "erlang":
                return (v[0] / v[1], v[1], 0.0)
            case "hyperexponential":
                # Two exponentials that each bring half of the mean ("balanced means").
                share = (1.0 + math.sqrt((v[1] ** 2 - 1.0) / (v[1] ** 2 + 1.0))) / 2.0
                return (share, v[0] / (2.0 * share), v[0] / (2.0 * (1.0 - share)))
            case "quantiles" | "series":
                return (0.0, 0.0, 0.0)
            case _:
                a, b, c = (*v, 0.0, 0.0)[:3]
                return (a, b, c)


def constant(value: float) -> Distribution:
    """Return the distribution of one value."""
    return Distribution("constant", (float(value),))


def read_distribution(value: object) -> Distribution:
    """Return the distribution that a cell says.

    Raises
    ------
    ValueError
        Says what is wrong and what is expected.
    """
    if isinstance(value, Distribution):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        message = f"expected a number or a distribution such as 'exponential(2)', not {value!r}"
        raise ValueError(message)  # noqa: TRY004 - what pydantic collects
    if isinstance(value, str):
        match = _PATTERN.match(value)
        if match:
            return _named(match[2], match[3], match[1])
        value = _number(value)
    return _checked(constant(value))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        message = f"'{text.strip()}' is neither a number nor like 'lognormal(20, 0.5)'"
        raise ValueError(message) from None


def _named(kind: str, inside: str, offset: str | None) -> Distribution:
    if kind not in KINDS:
        close = get_close_matches(kind, KINDS, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        message = f"unknown distribution '{kind}', expected one of {', '.join(KINDS)}{hint}"
        raise ValueError(message)
    values = tuple(_number(part) for part in inside.split(",") if part.strip())
    names = KINDS[kind]
    if names and len(values) != len(names):
        message = f"expected {kind}({', '.join(names)}), found {len(values)} number(s)"
        raise ValueError(message)
    return _checked(Distribution(kind, values, _number(offset) if offset else 0.0))


def _checked(d: Distribution) -> Distribution:
    numbers = (*d.values, d.offset)
    if not all(math.isfinite(x) for x in numbers):
        fault = "numbers that are finite"
    elif min(numbers) < 0.0:
        fault = "times that are not negative"
    elif max(numbers) > MOST_HOURS:
        fault = f"numbers of at most {MOST_HOURS:g}"
    else:
        fault = _fault(d.kind, d.values)
    if fault:
        message = f"expected {fault}"
        raise ValueError(message)
    return d


def _fault(kind: str, v: tuple[float, ...]) -> str:
    """Return what is expected of the parameters of a kind where they are not so."""
    match kind:
        case "series" if not v:
            return "at least one value"
        case "quantiles" if len(v) < LEAST_QUANTILES or sorted(v) != list(v):
            return "at least two values that do not fall"
        case "uniform" | "triangular" if sorted(v) != list(v):
            return " <= ".join(KINDS[kind])
        case "lognormal" | "weibull" if min(v) <= 0.0:
            return "numbers above 0"
        case "lognormal" if v[1] > MOST_VARIATION:
            return f"a coefficient of variation of at most {MOST_VARIATION:g}"
        case "weibull" if v[1] < LEAST_SHAPE:
            return f"a shape of at least {LEAST_SHAPE:g}"
        case "hyperexponential" if not 1.0 <= v[1] <= MOST_VARIATION:
            return f"a coefficient of variation from 1 to {MOST_VARIATION:g}"
        case "erlang" if not (v[1] == int(v[1]) and 1 <= v[1] <= MOST_ERLANG):
            return f"k a whole number from 1 to {MOST_ERLANG}"
    return ""
