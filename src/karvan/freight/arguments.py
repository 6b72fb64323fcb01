"""What callers pass, as vectors and numbers; anything else is refused by the argument's name."""

import operator
from decimal import Decimal
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from karvan.errors import AssignmentError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

EXPECTED = "expected a number, or a list of numbers"

LARGEST_WHOLE = 2.0**53
"""Above it not every whole number is a float."""


def numbers(name: str, values: ArrayLike) -> FloatArray:
    """Return values as a vector of floats, without a copy where they are one.

    A number alone gives a vector of one.

    Raises
    ------
    AssignmentError
        Text, nothing, a table, or lists of different length.
    """
    return np.atleast_1d(_flat(name, values)).astype(np.float64, copy=False)


def whole_numbers(name: str, values: ArrayLike) -> IntArray:
    """Return values as a vector of whole numbers, without a copy where they are one.

    Raises
    ------
    AssignmentError
        As :func:`numbers`, and a fraction, NaN, or a number of more than 15 digits.
    """
    found = np.atleast_1d(_flat(name, values))
    if found.dtype.kind == "i":
        return found.astype(np.int64, copy=False)
    amounts = found.astype(np.float64)
    # NaN is neither.
    wrong = ~((amounts == np.trunc(amounts)) & (np.abs(amounts) <= LARGEST_WHOLE))
    if wrong.any():
        raise AssignmentError(
            [
                f"{name} {i}: found {amounts[i]:g}, expected a whole number"
                for i in np.flatnonzero(wrong)
            ]
        )
    return amounts.astype(np.int64)


def whole_number(name: str, value: object) -> int:
    """Return a value as a whole number; 3.0 is one.

    Raises
    ------
    AssignmentError
    """
    if is_number(value):
        try:
            return int(operator.index(value))  # type: ignore[arg-type]
        except TypeError:
            amount = float(value)  # type: ignore[arg-type]
            if amount.is_integer():
                return int(amount)
    raise AssignmentError([f"{name} is {shown(value)}, expected a whole number"])


def is_number(value: object) -> bool:
    """Return whether a value is one real number, whatever its declared type says."""
    return isinstance(value, Real)


def is_a(kind: type, value: object) -> bool:
    """Return whether a value is of a class, whatever its declared type says."""
    return isinstance(value, kind)


def must_be(kind: type, name: str, value: object, maker: str) -> None:
    """Refuse a value that is not of a class, and say what makes one.

    Raises
    ------
    AssignmentError
    """
    if not isinstance(value, kind):
        raise AssignmentError([f"{name} is {shown(value)}, expected what {maker}() returns"])


def above_zero(name: str, value: object) -> list[str]:
    """Return the fault of what should be a number above zero, inf included; none if it is."""
    if isinstance(value, Real) and float(value) > 0.0:
        return []
    return [f"{name} is {shown(value)}, expected a number > 0"]


def at_least_one(name: str, value: object) -> list[str]:
    """Return the fault of what should be a whole number of at least 1; none if it is."""
    try:
        sound = operator.index(value) >= 1  # type: ignore[arg-type]
    except TypeError:
        return [f"{name} is {shown(value)}, expected a whole number, at least 1"]
    return [] if sound else [f"{name} is {shown(value)}, expected at least 1"]


def shown(value: object) -> str:
    """Return a value as messages show it."""
    if isinstance(value, Real):
        return f"{float(value):g}"
    return f"'{str(value)[:40]}'"


def _flat(name: str, values: ArrayLike) -> NDArray[np.generic]:
    """One number or a vector of them."""
    try:
        found = np.asarray(values)
    except ValueError:
        raise AssignmentError([f"{name}: found lists of different length, {EXPECTED}"]) from None
    if found.ndim > 1:
        size = " x ".join(map(str, found.shape))
        raise AssignmentError([f"{name}: found a table of {size}, {EXPECTED}"])
    if found.dtype.kind not in "biuf":
        wrong = [v for v in found.ravel().tolist() if not isinstance(v, Real | Decimal)]
        if wrong:
            raise AssignmentError([f"{name}: found {shown(wrong[0])}, {EXPECTED}"])
        try:
            return found.astype(np.float64)
        except OverflowError:
            message = f"{name}: found a number above 1e308, {EXPECTED} that a float can hold"
            raise AssignmentError([message]) from None
    return found
