"""Derived values: formulas over observations, evaluated safely, in order, and recomputed.

A formula holds numbers, ``+ - * / ( )``, observations as ``[observation-id]`` and named
variables that the caller passes, such as ``gc_km``.  It is read with :mod:`ast`; nothing in it
is executed.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter

import polars as pl

from karvan.errors import KarvanError

REFERENCE = re.compile(r"\[([^\[\]]*)\]")
LONGEST_FORMULA = 2000
"""Longer text is no formula of a table; the limit also bounds the depth of the recursion."""
DEEPEST = 200

BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
UNARY: Mapping[type[ast.unaryop], Callable[[float], float]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


class FormulaError(KarvanError, ValueError):
    """A formula that cannot be read or has no finite value."""


class DerivationCycle(KarvanError, ValueError):
    """Derived values that depend on each other.

    Attributes
    ----------
    cycle : tuple of str
        The ids in order; the first is repeated at the end.
    """

    def __init__(self, cycle: tuple[str, ...]) -> None:
        self.cycle = cycle
        super().__init__("derived from itself: " + " <- ".join(cycle))


def references(formula: str) -> list[str]:
    """Return the observation ids that `formula` names, in order, each once."""
    return list(dict.fromkeys(match.strip() for match in REFERENCE.findall(formula)))


def _tree(formula: str) -> tuple[ast.expr, dict[str, str]]:
    """Return the syntax tree and the observation id behind each placeholder in it."""
    if len(formula) > LONGEST_FORMULA:
        msg = f"a formula of {len(formula)} characters; at most {LONGEST_FORMULA}"
        raise FormulaError(msg)
    ids = {f"__{n}": name for n, name in enumerate(references(formula))}
    names = {name: key for key, name in ids.items()}
    text = REFERENCE.sub(lambda match: f" {names[match[1].strip()]} ", formula)
    if "__" in REFERENCE.sub("", formula):
        msg = f"'{formula}' holds '__'; names of that form stand for observations"
        raise FormulaError(msg)
    try:
        return ast.parse(text.strip(), mode="eval").body, ids
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        msg = f"'{formula}' is no formula of numbers, + - * / ( ) and [observation-id]"
        raise FormulaError(msg) from None


def _value(node: ast.expr, known: Mapping[str, float], formula: str, depth: int = 0) -> float:
    if depth > DEEPEST:
        msg = f"'{formula[:40]}...' is nested more than {DEEPEST} deep"
        raise FormulaError(msg)
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name):
            if name in known:
                return known[name]
            msg = f"'{formula}' needs '{name}', which has no value here"
            raise FormulaError(msg)
        case ast.BinOp(op=op) if type(op) in BINARY:
            left = _value(node.left, known, formula, depth + 1)
            return BINARY[type(op)](left, _value(node.right, known, formula, depth + 1))
        case ast.UnaryOp(op=op) if type(op) in UNARY:
            return UNARY[type(op)](_value(node.operand, known, formula, depth + 1))
    msg = f"'{formula}' holds {type(node).__name__}; only numbers, + - * / ( ) and names may stand"
    raise FormulaError(msg)


def evaluate(formula: str, values: Mapping[str, float]) -> float:
    """Return the value of `formula`.

    Parameters
    ----------
    formula : str
        Numbers, ``+ - * / ( )``, ``[observation-id]`` and names.
    values : mapping of str to float
        Values of the observations and names, each in its own unit.

    Raises
    ------
    FormulaError
        Where the text is no formula, a value is missing, or the result is not finite.

    Examples
    --------
    >>> evaluate("[turnover] - [exports]", {"turnover": 3744.0, "exports": 19.7})
    3724.3
    """
    tree, ids = _tree(formula)
    missing = [name for name in ids.values() if name not in values]
    if missing:
        msg = f"'{formula}' names {', '.join(f'[{m}]' for m in missing)}, which has no value"
        raise FormulaError(msg)
    known = {**values, **{key: float(values[name]) for key, name in ids.items()}}
    try:
        result = _value(tree, known, formula)
    except (ZeroDivisionError, OverflowError):
        result = math.nan
    if not math.isfinite(result):
        msg = f"'{formula}' has no finite value with these inputs; is a divisor zero?"
        raise FormulaError(msg)
    return result


def derivation_order(formulas: Mapping[str, str]) -> list[str]:
    """Return the ids of `formulas` so that each comes after those it is derived from.

    Raises
    ------
    DerivationCycle
        With the cycle, where values depend on each other.
    """
    graph = {
        name: [r for r in references(formula) if r in formulas]
        for name, formula in formulas.items()
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise DerivationCycle(tuple(reversed(error.args[1]))) from None


def relative_difference(stated: float | None, recomputed: float | None) -> float | None:
    """Return |stated - recomputed| over the larger magnitude; None where one is missing."""
    if stated is None or recomputed is None:
        return None
    size = max(abs(stated), abs(recomputed))
    return abs(stated - recomputed) / size if size else 0.0


def recompute(observations: pl.DataFrame) -> pl.DataFrame:
    """Return every observation with a formula, its stated and its recomputed value.

    Derived inputs enter with their recomputed values, so that a change of one reported number
    shows in everything derived from it.

    Parameters
    ----------
    observations : DataFrame
        Columns ``id``, ``value``, ``formula``.

    Returns
    -------
    DataFrame
        Columns ``id``, ``stated``, ``recomputed``, ``relative_difference`` and ``problem``:
        null, or why there is no recomputed value.  Rows are in the order of `observations`.

    Raises
    ------
    DerivationCycle
    """
    stated = dict(observations.select("id", "value").iter_rows())
    derived = observations.filter(pl.col("formula").is_not_null())
    formulas: dict[str, str] = dict(derived.select("id", "formula").iter_rows())
    values = {name: value for name, value in stated.items() if value is not None}
    problems: dict[str, str] = {}
    for name in derivation_order(formulas):
        values.pop(name, None)
        try:
            values[name] = evaluate(formulas[name], values)
        except FormulaError as error:
            problems[name] = str(error)
    ids = list(formulas)
    new = [values.get(name) for name in ids]
    return pl.DataFrame(
        {
            "id": ids,
            "stated": [stated[name] for name in ids],
            "recomputed": new,
            "relative_difference": [
                relative_difference(stated[name], value)
                for name, value in zip(ids, new, strict=True)
            ],
            "problem": [problems.get(name) for name in ids],
        },
        schema={
            "id": pl.String,
            "stated": pl.Float64,
            "recomputed": pl.Float64,
            "relative_difference": pl.Float64,
            "problem": pl.String,
        },
    )
