"""Which methods go together, declared; the reason where they do not."""

from karvan.scoreboard.aggregate import NOT_NEGATIVE, POSITIVE
from karvan.scoreboard.model import Framework
from karvan.scoreboard.settings import Aggregate, Normalise, Treat

SIGN_OF_RESULT = {
    "min_max": "range",
    "goalposts": "range",
    "z_score": "any",
    "rank": "positive",
    "borda": "not negative",
    "percentile_rank": "not negative",
    "distance_to_maximum": "not negative",
    "distance_to_target": "any",
}
"""What signs a normalised value may have; "any" is looked at in the data."""


def sign_of_result(method: Normalise) -> str:
    """Return "positive", "not negative", "negative" or "any"."""
    declared = SIGN_OF_RESULT[method.method]
    if declared != "range":
        return declared
    low = min(method.range)
    # Fixed posts may be such that no unit comes down to the lower one.
    own_ends = method.method == "min_max" or method.posts != "framework"
    if method.method == "goalposts" and (not method.clip or (low <= 0 and not own_ends)):
        return "any"
    return "positive" if low > 0 else "not negative" if low == 0 else "negative"


def impossible(framework: Framework, normalised: Normalise, method: Aggregate) -> str:
    """Return why a normalisation and an aggregation exclude each other by declaration, or ""."""
    sign = sign_of_result(normalised)
    given = [method.method] if isinstance(method.method, str) else method.method
    # Zeros of indicators need not be zeros of scores: levels above the first look at the data.
    first = given[0]
    power = method.power if first == "generalised" else 1.0
    strict = first in POSITIVE or power <= 0.0
    if strict and sign in ("not negative", "negative"):
        return (
            f"'{label(normalised)}' gives values {'of zero' if sign == 'not negative' else '< 0'}, "
            f"'{first}' needs values above zero"
        )
    if sign == "negative" and (first in NOT_NEGATIVE or power != 1.0):
        return f"'{label(normalised)}' gives values below zero, '{first}' needs none"
    return ""


def needs_units(method: Normalise) -> bool:
    """Tell whether a normalisation compares with numbers in units of the indicator."""
    return method.method == "distance_to_target" or (
        method.method == "goalposts" and method.posts == "framework"
    )


def label(method: Normalise | Aggregate | Treat) -> str:
    """Return a short name of a method with what tells it apart."""
    if isinstance(method, Normalise):
        if method.method in ("min_max", "goalposts"):
            return f"{method.method} {method.range[0]:g} to {method.range[1]:g}"
        if method.method == "z_score":
            return f"z_score mean {method.mean:g}, sd {method.sd:g}"
        return method.method
    if isinstance(method, Treat):
        if not method.attempts:
            return "no treatment"
        words = [
            f"winsorise {method.max_winsorised}" if a == "winsorise" else a for a in method.attempts
        ]
        return " then ".join(words)
    given = [method.method] if isinstance(method.method, str) else method.method
    words = [f"generalised {method.power:g}" if m == "generalised" else m for m in given]
    return ", ".join(words)
