"""What changed between two runs, by table and size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from karvan import schema
from karvan.case.results import Results

SMALLEST_RELATIVE_CHANGE = 1e-9
"""Differences below this are rounding."""


LEFT_OUT = frozenset(
    {
        # Draws: their rows are numbered, and no two runs have the same under a number.
        "simulated_movements",
        "simulated_replications",
        # Journeys are named by ranks, which may mean other ways in two runs; what is left of them
        # is compared by :func:`karvan.runs.compare_simulation.compare_simulation`.
        "simulated_journeys",
        "simulated_times",
        "simulated_waits",
    }
)
"""Tables of which rows by key say nothing."""


@dataclass(frozen=True, slots=True)
class TableChange:
    """Rows that one table gained, lost or changed."""

    table: str
    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class CellChange:
    """One number or word that differs: which row, which column, before and after."""

    table: str
    key: tuple[Any, ...]
    column: str
    unit: str
    before: Any
    after: Any

    @property
    def relative(self) -> float:
        """Size relative to the value before; inf where that was zero, 0 for words."""
        if not isinstance(self.before, int | float) or not isinstance(self.after, int | float):
            return 0.0
        return abs(self.after - self.before) / abs(self.before) if self.before else float("inf")


@dataclass(frozen=True, slots=True)
class PairChange:
    """The recommended itinerary of one O-D pair in both runs; None where there is none."""

    pair_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences of run B against run A."""

    tables: tuple[TableChange, ...]
    cells: tuple[CellChange, ...]
    pairs: tuple[PairChange, ...]


def compare(before: Results, after: Results) -> Comparison:
    """Return what differs between two runs.

    Rows are matched by the declared keys of a table; cells of rows in both runs are compared,
    numbers up to rounding; tables in :data:`LEFT_OUT` are passed over.  Cells of inputs, the
    causes, come first; within them the largest relative changes, then changes from zero, then
    words.
    """
    tables, cells = [], []
    for name, columns in schema.result_tables().items():
        if name in LEFT_OUT:
            continue
        change, differing = _table(name, columns, before.table(name), after.table(name))
        if change.added or change.removed or change.changed:
            tables.append(change)
        cells += differing
    cells.sort(key=_size)
    return Comparison(tuple(tables), tuple(cells), tuple(_pairs(before, after)))


def _size(cell: CellChange) -> tuple[bool, bool, float, str, str, str]:
    """Order of interest; the last parts only make ties reproducible."""
    finite = cell.relative if cell.relative < float("inf") else 0.0
    cause = cell.table.startswith(schema.INPUT)
    return (not cause, finite == 0.0, -finite, cell.table, str(cell.key), cell.column)


def _table(
    name: str,
    columns: tuple[schema.ResultColumn, ...],
    before: pl.DataFrame,
    after: pl.DataFrame,
) -> tuple[TableChange, list[CellChange]]:
    keys = [c.name for c in columns if c.key]
    old, new = (
        {tuple(r[k] for k in keys): r for r in t.iter_rows(named=True)} for t in (before, after)
    )
    cells = [
        CellChange(name, key, column.name, column.unit, old[key][column.name], row[column.name])
        for key, row in new.items()
        if key in old
        for column in columns
        if not column.key and differs(old[key][column.name], row[column.name])
    ]
    changed = len({cell.key for cell in cells})
    return TableChange(name, len(new.keys() - old), len(old.keys() - new), changed), cells


def differs(before: Any, after: Any) -> bool:  # noqa: ANN401 - cells of any type
    """Tell whether two cells differ by more than rounding."""
    if isinstance(before, float) and isinstance(after, float):
        return abs(after - before) > SMALLEST_RELATIVE_CHANGE * max(abs(before), abs(after))
    return bool(before != after)


def _pairs(before: Results, after: Results) -> Iterator[PairChange]:
    best = [
        {
            row["pair_id"]: row
            for row in run.table("itineraries").filter(pl.col("rank") == 1).iter_rows(named=True)
        }
        for run in (before, after)
    ]
    for pair in dict.fromkeys([*best[0], *best[1]]):
        old, new = best[0].get(pair), best[1].get(pair)
        if old is None or new is None or any(differs(old[c], new[c]) for c in old):
            yield PairChange(pair, old, new)
