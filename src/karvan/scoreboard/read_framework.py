"""Read and check the hierarchy of indicators."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from karvan.errors import Problem, ScoreboardError, did_you_mean
from karvan.scoreboard.cells import Table, numbers, read_table, texts
from karvan.scoreboard.model import ROOT, FloatArray, Framework

NAMES = {
    "element": "element", "icode": "element", "code": "element", "indicator": "element",
    "name": "name", "iname": "name", "parent": "parent", "direction": "direction",
    "weight": "weight", "unit": "unit", "target": "target", "low": "low", "high": "high",
    "denominator": "denominator", "type": "type", "level": "level",
}  # fmt: skip
"""Canonical column by the names that frameworks use, COINr's among them."""

TYPES = ("indicator", "aggregate", "group", "denominator")
DIRECTIONS = {"1": 1.0, "+1": 1.0, "1.0": 1.0, "-1": -1.0, "-1.0": -1.0}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A framework with the columns of the data that are not indicators.

    Attributes
    ----------
    framework : Framework
    groups, denominators : tuple of str
    notes : tuple of str
        What was taken as meant, though it may not be.
    """

    framework: Framework
    groups: tuple[str, ...]
    denominators: tuple[str, ...]
    notes: tuple[str, ...]


def read_framework(table: Table) -> Sheet:
    """Return a framework from a CSV file or a table.

    Parameters
    ----------
    table : path or DataFrame
        Columns `element` and `parent`; `type` (indicator, aggregate, group, denominator; by the
        place in the hierarchy without it), `direction` (1 or -1), `weight`, `name`, `unit`,
        `target`, `low`, `high` (goalposts), `denominator` and `level` may be left out.

    Raises
    ------
    ScoreboardError
        With every fault found.
    """
    frame, where = read_table(table, "framework", NAMES)
    problems = [
        Problem("scoreboard.framework.column", where, f"no column '{c}'", f"a column '{c}'")
        for c in ("element", "parent")
        if c not in frame.columns
    ]
    if problems:
        raise ScoreboardError(problems)
    rows = _Rows(frame, where)
    problems += rows.problems
    problems += _faults_of_rows(rows)
    problems += _faults_of_tree(rows)
    if problems:
        raise ScoreboardError(problems)
    framework = _ordered(rows)
    problems = list(_faults_of_weights(framework, where))
    if problems:
        raise ScoreboardError(problems)
    groups = tuple(e for e, t in zip(rows.element, rows.type, strict=True) if t == "group")
    denominators = tuple(
        e for e, t in zip(rows.element, rows.type, strict=True) if t == "denominator"
    )
    return Sheet(framework, groups, denominators, tuple(_notes(framework)))


class _Rows:
    """The columns of a framework, row by row."""

    def __init__(self, frame: pl.DataFrame, where: str) -> None:
        self.where = where
        self.problems: list[Problem] = []
        self.element = texts(frame, "element")
        self.parent = texts(frame, "parent")
        self.name = [n or e for n, e in zip(texts(frame, "name"), self.element, strict=True)]
        self.unit = texts(frame, "unit")
        self.denominator = texts(frame, "denominator")
        self.direction = texts(frame, "direction", "1")
        parents = set(self.parent)
        self.type = [
            t.lower() or ("aggregate" if e in parents else "indicator")
            for t, e in zip(texts(frame, "type"), self.element, strict=True)
        ]
        labels = [f"row {n} ({e})" for n, e in enumerate(self.element, 2)]
        self.label = [f"{where} {text}" for text in labels]
        self.given: dict[str, FloatArray] = {
            c: numbers(frame, c, where, labels, self.problems)
            for c in ("weight", "target", "low", "high", "level")
        }
        self.weight = np.where(np.isnan(self.given["weight"]), 1.0, self.given["weight"])

    def of_type(self, *types: str) -> list[int]:
        return [n for n, t in enumerate(self.type) if t in types]


def _faults_of_rows(rows: _Rows) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for n, element in enumerate(rows.element):
        label = rows.label[n]
        if not element:
            yield Problem("scoreboard.framework.element", label, "no element", "an id")
        elif element in seen:
            other = rows.parent[seen[element]]
            found = f"'{element}' again, below '{rows.parent[n]}'; first below '{other}'"
            yield Problem("scoreboard.framework.twice", label, found, "each element once")
        seen.setdefault(element, n)
        if rows.type[n] not in TYPES:
            hint = did_you_mean(rows.type[n], TYPES)
            expected = f"one of {', '.join(TYPES)}"
            yield Problem(
                "scoreboard.framework.type", f"{label} type", f"'{rows.type[n]}'", expected, hint
            )
    for n in rows.of_type("indicator"):
        yield from _faults_of_indicator(rows, n)
    for n in rows.of_type("indicator", "aggregate"):
        if rows.weight[n] < 0:
            found, where = f"{rows.weight[n]:g}", f"{rows.label[n]} weight"
            hint = "use direction = -1 for what is better when smaller"
            yield Problem("scoreboard.framework.weight", where, found, "a number >= 0", hint)


def _faults_of_indicator(rows: _Rows, n: int) -> Iterator[Problem]:
    label = rows.label[n]
    if rows.direction[n] not in DIRECTIONS:
        found = f"'{rows.direction[n]}'"
        expected = "1 (more is better) or -1 (less is better)"
        yield Problem("scoreboard.framework.direction", f"{label} direction", found, expected)
    low, high = rows.given["low"][n], rows.given["high"][n]
    if low >= high:
        found = f"low {low:g}, high {high:g}"
        hint = "the direction column says which end is better"
        yield Problem(
            "scoreboard.framework.goalposts", f"{label} low, high", found, "low < high", hint
        )
    known = [rows.element[k] for k in rows.of_type("denominator")]
    if rows.denominator[n] and rows.denominator[n] not in known:
        hint = did_you_mean(rows.denominator[n], known)
        where, found = f"{label} denominator", f"'{rows.denominator[n]}'"
        yield Problem(
            "scoreboard.framework.denominator", where, found, "a row of type denominator", hint
        )


def _faults_of_tree(rows: _Rows) -> Iterator[Problem]:
    tree = rows.of_type("indicator", "aggregate")
    parent = {rows.element[n]: rows.parent[n] for n in tree}
    aggregates = {rows.element[n] for n in rows.of_type("aggregate")}
    # A loop takes the index its children, or the hierarchy its index: that needs no second line.
    loops = list(_loops(rows, parent))
    for n in tree:
        up, label = rows.parent[n], rows.label[n]
        if rows.type[n] == "indicator" and not up:
            if loops:
                continue
            yield Problem(
                "scoreboard.framework.orphan", label, "no parent", "the pillar of the indicator"
            )
        elif up and up not in aggregates:
            hint = did_you_mean(up, aggregates)
            where = f"{label} parent"
            yield Problem("scoreboard.framework.parent", where, f"'{up}'", "an aggregate", hint)
    for n in rows.of_type("aggregate"):
        if rows.element[n] not in parent.values():
            yield Problem(
                "scoreboard.framework.empty", rows.label[n], "no children", "an indicator below it"
            )
    yield from loops
    roots = [e for e in aggregates if not parent[e]]
    if len(roots) != 1 and tree and not loops:
        found = f"{len(roots)} elements without parent: {', '.join(sorted(roots)) or 'none'}"
        yield Problem("scoreboard.framework.root", rows.where, found, "one, the index")
    if not rows.of_type("indicator"):
        yield Problem("scoreboard.framework.indicators", rows.where, "no indicator", "one or more")


def _loops(rows: _Rows, parent: dict[str, str]) -> Iterator[Problem]:
    told: set[str] = set()
    for element in filter(None, parent):
        chain, at = [element], parent[element]
        while at and at in parent and at not in chain:
            chain.append(at)
            at = parent[at]
        if at in chain and at not in told:
            loop = chain[chain.index(at) :]
            told.update(loop)
            yield Problem(
                "scoreboard.framework.loop",
                rows.where,
                f"a loop: {' -> '.join([*loop, at])}",
                "parents that lead to the index",
            )


def _ordered(rows: _Rows) -> Framework:
    """Indicators as they come, then aggregates by level."""
    tree = rows.of_type("indicator", "aggregate")
    parent = {rows.element[n]: rows.parent[n] for n in tree}
    level = {rows.element[n]: 1 for n in rows.of_type("indicator")}
    for start in list(level):
        at, height = parent[start], 2
        while at:
            level[at] = max(level.get(at, 0), height)
            at, height = parent[at], level[at] + 1
    order = sorted(tree, key=lambda n: (level[rows.element[n]], n))
    place = {rows.element[n]: k for k, n in enumerate(order)}
    leaves = [n for n in order if rows.type[n] == "indicator"]
    return Framework(
        element=tuple(rows.element[n] for n in order),
        name=tuple(rows.name[n] for n in order),
        parent=np.array([place.get(rows.parent[n], ROOT) for n in order], dtype=np.int64),
        level=np.array([level[rows.element[n]] for n in order], dtype=np.int64),
        weight=rows.weight[order],
        direction=np.array([DIRECTIONS[rows.direction[n]] for n in leaves]),
        target=rows.given["target"][leaves],
        low=rows.given["low"][leaves],
        high=rows.given["high"][leaves],
        denominator=tuple(rows.denominator[n] for n in leaves),
        unit=tuple(rows.unit[n] for n in order),
    )


def _faults_of_weights(framework: Framework, where: str) -> Iterator[Problem]:
    for node in framework.aggregates:
        kids = framework.children(node)
        if not framework.weight[kids].sum() > 0:
            yield Problem(
                "scoreboard.framework.weights",
                f"{where}, children of {framework.element[node]}",
                "weights that are all zero",
                "one above zero",
            )


def _notes(framework: Framework) -> Iterator[str]:
    for node in framework.aggregates:
        weight = framework.weight[framework.children(node)]
        # Fractions look like shares; whole numbers like 1, 2, 3 are ratios.
        if (weight < 1.0).all() and abs(weight.sum() - 1.0) > 1e-6:
            yield (
                f"weights of the children of {framework.element[node]} sum to {weight.sum():g}, "
                "not 1: they are scaled to 1"
            )
