"""What each step did to which cell, and which steps did nothing, with the reason."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from karvan.scoreboard.model import NO_YEAR, BoolArray, FloatArray, Panel

SCHEMA = {
    "unit": pl.String,
    "year": pl.Int64,
    "indicator": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "how": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False)
class StepLog:
    """Lineage of one step.

    Attributes
    ----------
    step : str
    done : bool
        False if the step was skipped; the notes say why.
    notes : tuple of str
    changes : DataFrame
        A row a changed cell: unit, year, indicator, before, after, how.
    """

    step: str
    done: bool
    notes: tuple[str, ...]
    changes: pl.DataFrame


def skipped(step: str, reason: str) -> StepLog:
    """Return the log of a step that was not done."""
    return StepLog(step, done=False, notes=(reason,), changes=pl.DataFrame(schema=SCHEMA))


def cell_changes(
    panel: Panel, changed: BoolArray, after: FloatArray, how: str | NDArray[np.object_]
) -> pl.DataFrame:
    """Return a row for each changed cell; `how` for all of them, or for each indicator."""
    row, column = np.nonzero(changed)
    words = [how] * len(row) if isinstance(how, str) else [str(how[j]) for j in column]
    year = [None if y == NO_YEAR else int(y) for y in panel.year[row]]
    return pl.DataFrame(
        {
            "unit": [panel.unit[i] for i in row],
            "year": year,
            "indicator": [panel.indicator[j] for j in column],
            "before": panel.value[row, column],
            "after": after[row, column],
            "how": words,
        },
        schema=SCHEMA,
    ).with_columns(pl.col("before", "after").fill_nan(None))
