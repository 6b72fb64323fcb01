"""The steps before weights: each takes a panel and returns one, with what it changed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from karvan.errors import Problem, ScoreboardError
from karvan.scoreboard import compatibility
from karvan.scoreboard.impute import impute
from karvan.scoreboard.lineage import StepLog, cell_changes, skipped
from karvan.scoreboard.model import (
    IMPUTED,
    NO_YEAR,
    TRANSFORMED,
    WINSORISED,
    BoolArray,
    FloatArray,
    Framework,
    IntArray,
    Panel,
)
from karvan.scoreboard.normalise import Posts, normalise
from karvan.scoreboard.scale_faults import faults_of_posts, why_lost
from karvan.scoreboard.settings import Impute, Normalise, Screen, Treat
from karvan.scoreboard.statistics import constant_columns
from karvan.scoreboard.treat import PASSED, UNTREATED, Treated, treat

LISTED = 10
"""Names in a note before it says how many more there are."""


def denominate(panel: Panel, framework: Framework) -> tuple[Panel, StepLog]:
    """Divide indicators by their denominators; a denominator without data leaves no data.

    Raises
    ------
    ScoreboardError
        Denominators of zero or less.
    """
    named = [(j, d) for j, d in enumerate(framework.denominator) if d]
    if not named:
        return panel, skipped("denominate", "no indicator of the framework has a denominator")
    problems = [
        Problem(
            "scoreboard.denominator.zero",
            f"{panel.row_name(int(row))} {d}",
            f"{panel.denominator[d][row]:g}",
            "a number above zero, since indicators are divided by it",
        )
        for d in dict.fromkeys(d for _, d in named)
        for row in np.flatnonzero(panel.denominator[d] <= 0)
    ]
    if problems:
        raise ScoreboardError(problems)
    by = np.ones_like(panel.value)
    for j, d in named:
        by[:, j] = panel.denominator[d]
    value = panel.value / by
    lost = np.isnan(value) & ~np.isnan(panel.value)
    how = np.array([f"divided by {d}" if d else "" for d in framework.denominator], dtype=object)
    changed = ~np.isnan(panel.value) & (how != "")[None, :]
    notes = [f"{len(named)} indicators divided"]
    if lost.any():
        notes.append(f"no data any more, as the denominator has none: {_cells(panel, lost)}")
    spread = np.where(np.isnan(value), 0.0, panel.spread / by)
    result = replace(panel, value=value, spread=spread, status=np.where(lost, 0, panel.status))
    return result, StepLog(
        "denominate", True, tuple(notes), cell_changes(panel, changed, value, how)
    )


def screen(panel: Panel, framework: Framework, rule: Screen) -> tuple[Panel, Framework, StepLog]:
    """Keep rows with enough data, and indicators that say something."""
    drop = np.zeros(len(panel.indicator), dtype=np.bool_)
    if rule.constant_indicators == "drop":
        drop = constant_columns(panel.value)
    notes = []
    if drop.any():
        names = ", ".join(np.array(panel.indicator)[drop])
        notes.append(f"indicators with one value, dropped: {names}")
        panel, framework = keep_indicators(panel, framework, ~drop)
    there = ~np.isnan(panel.value)
    share = there.mean(axis=1)
    nonzero = (there & (panel.value != 0)).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    keep = (share >= rule.min_data_share) & (nonzero >= rule.min_nonzero_share)
    if rule == Screen():
        return panel, framework, skipped("screen", "no rule: every unit and indicator is kept")
    notes += [
        f"{panel.row_name(int(row))} left out: {share[row]:.0%} of its indicators have data, "
        f"{nonzero[row]:.0%} of those are not zero"
        for row in np.flatnonzero(~keep)
    ]
    if not keep.any():
        found = f"no unit with {rule.min_data_share:.0%} of the data"
        raise ScoreboardError(
            [Problem("scoreboard.screen.all", "screen", found, "a rule that some unit meets")]
        )
    notes = notes or [f"all {panel.n_rows} rows kept"]
    log = StepLog("screen", True, tuple(notes), skipped("screen", "").changes)
    return keep_rows(panel, keep), framework, log


def keep_rows(panel: Panel, keep: BoolArray) -> Panel:
    """Return the panel with the rows that are kept."""
    rows = np.flatnonzero(keep)
    return replace(
        panel,
        unit=tuple(panel.unit[r] for r in rows),
        year=panel.year[rows],
        value=panel.value[rows],
        status=panel.status[rows],
        spread=panel.spread[rows],
        group={g: tuple(v[r] for r in rows) for g, v in panel.group.items()},
        denominator={d: v[rows] for d, v in panel.denominator.items()},
        source=None if panel.source is None else panel.source[rows],
    )


def keep_indicators(panel: Panel, framework: Framework, keep: BoolArray) -> tuple[Panel, Framework]:
    """Return panel and framework with the indicators that are kept, without empty pillars."""
    columns = np.flatnonzero(keep)
    alive = np.zeros(len(framework.element), dtype=np.bool_)
    alive[columns] = True
    for node in framework.aggregates:
        alive[node] = alive[framework.children(node)].any()
    order = np.flatnonzero(alive)
    place = np.full(len(alive) + 1, -1)
    place[order] = np.arange(len(order))
    smaller = replace(
        framework,
        element=tuple(framework.element[k] for k in order),
        name=tuple(framework.name[k] for k in order),
        parent=place[framework.parent[order]],
        level=framework.level[order],
        weight=framework.weight[order],
        direction=framework.direction[columns],
        target=framework.target[columns],
        low=framework.low[columns],
        high=framework.high[columns],
        denominator=tuple(framework.denominator[j] for j in columns),
        unit=tuple(framework.unit[k] for k in order),
    )
    table = replace(
        panel,
        indicator=tuple(panel.indicator[j] for j in columns),
        value=panel.value[:, columns],
        status=panel.status[:, columns],
        spread=panel.spread[:, columns],
        source=None if panel.source is None else panel.source[:, columns],
    )
    return table, smaller


def fill(panel: Panel, methods: Sequence[Impute]) -> tuple[Panel, StepLog]:
    """Fill holes by the first method that can; every filled cell is flagged as imputed."""
    holes = np.isnan(panel.value)
    if not holes.any():
        return panel, skipped("impute", "no cell without data")
    if not methods:
        reason = f"no method: {int(holes.sum())} of {holes.size} cells have no data and stay so"
        return panel, skipped("impute", reason)
    problems = [
        Problem(
            "scoreboard.impute.group",
            "impute.by",
            f"'{m.by}'",
            f"a group of the framework: {', '.join(panel.group) or 'it has none'}",
        )
        for m in methods
        if m.by and m.by not in panel.group
    ]
    if problems:
        raise ScoreboardError(problems)
    now, logs = panel, []
    for method in methods:
        value, spread = impute(now, method)
        filled = np.isnan(now.value) & ~np.isnan(value)
        word = f"{method.method} by {method.by}" if method.by else method.method
        new = np.where(filled, value, now.value)
        logs.append(cell_changes(now, filled, new, word))
        now = replace(
            now,
            value=new,
            spread=np.where(filled, spread, now.spread),
            status=np.where(filled, IMPUTED, now.status).astype(np.uint8),
        )
    left = np.isnan(now.value)
    notes = [f"{int(holes.sum() - left.sum())} of {int(holes.sum())} cells filled"]
    if left.any():
        notes.append(f"still no data: {_cells(now, left)}")
    changes = logs[0].vstack(logs[1]) if len(logs) == 2 else logs[0]
    for more in logs[2:]:
        changes = changes.vstack(more)
    return now, StepLog("impute", True, tuple(notes), changes)


def curb(panel: Panel, method: Treat) -> tuple[Panel, StepLog]:
    """Treat outliers; cells that were moved and columns that were transformed are flagged."""
    if not method.attempts:
        return panel, skipped("treat", "no attempts: outliers stay")
    result, parts = treated(panel, method)
    notes: list[str] = []
    how = np.full(panel.value.shape, "", dtype=object)
    for rows, part in parts:
        notes += _treatment_notes(panel, rows, part, method)
        for j in np.flatnonzero(part.attempt >= 0):
            how[rows, j] = method.attempts[part.attempt[j]]
    changed = (result.status & (WINSORISED | TRANSFORMED)) > 0
    if not notes:
        notes = ["no indicator exceeds both thresholds"]
    changes = cell_changes(panel, changed, result.value, "")
    row, column = np.nonzero(changed)
    words = [str(how[i, j]) for i, j in zip(row, column, strict=True)]
    changes = changes.with_columns(pl.Series("how", words, dtype=pl.String))
    return result, StepLog("treat", True, tuple(notes), changes)


def treated(panel: Panel, method: Treat) -> tuple[Panel, list[tuple[IntArray, Treated]]]:
    """Return the treated panel with flags, and what was done to each block of rows."""
    value, parts = treat_blocks(panel.value, scale_blocks(panel, method.over), method)
    status = panel.status.copy()
    for rows, part in parts:
        for j in np.flatnonzero(part.attempt >= 0):
            winsorised = method.attempts[part.attempt[j]] == "winsorise"
            there = ~np.isnan(panel.value[rows, j])
            moved = value[rows, j] != panel.value[rows, j] if winsorised else there
            status[rows[moved & there], j] |= WINSORISED if winsorised else TRANSFORMED
    return replace(panel, value=value, status=status), parts


def _treatment_notes(panel: Panel, rows: IntArray, part: Treated, method: Treat) -> Iterator[str]:
    year = int(panel.year[rows[0]]) if method.over == "each_year" else NO_YEAR
    when = "" if year == NO_YEAR else f" {year}"
    for j in np.flatnonzero(part.attempt != PASSED):
        name = f"{panel.indicator[j]}{when}"
        if part.attempt[j] == UNTREATED:
            if not np.isnan(panel.value[rows, j]).all():
                yield f"{name} not looked at: fewer than 3 values, or one value only"
            continue
        word = method.attempts[part.attempt[j]]
        points = f" {part.winsorised[j]} point(s)" if word == "winsorise" else ""
        still = "" if part.passes[j] else ", which is still beyond the thresholds"
        yield f"{name}: {word}{points}{still}"


def scale_blocks(panel: Panel, over: str) -> list[IntArray]:
    """Return the rows that share one treatment or scale."""
    return panel.rows_by_year() if over == "each_year" else [np.arange(panel.n_rows)]


def treat_blocks(
    x: FloatArray, blocks: Sequence[IntArray], method: Treat
) -> tuple[FloatArray, list[tuple[IntArray, Treated]]]:
    """Treat the columns of each block; shapes as in `treat`."""
    value = x.copy()
    parts = []
    if method.attempts:
        for rows in blocks:
            part = treat(x[rows], method)
            value[rows] = part.value
            parts.append((rows, part))
    return value, parts


def normalise_blocks(
    x: FloatArray, panel: Panel, framework: Framework, method: Normalise
) -> FloatArray:
    """Return normalised values.

    Parameters
    ----------
    x : ndarray, shape (n_rows, n_repeats * n_indicators)
        The indicators of the framework, once or several times.
    panel : Panel
        Its years.
    framework : Framework
    method : Normalise
    """
    repeats = x.shape[1] // framework.n_indicators
    posts = Posts(*(np.tile(p, repeats) for p in (framework.low, framework.high, framework.target)))
    direction = np.tile(framework.direction, repeats)
    result = np.empty_like(x)
    blocks = scale_blocks(panel, method.over if method.year is None else "each_year")
    base = None if method.year is None else x[panel.year == method.year]
    for rows in blocks:
        basis = x[rows] if base is None else base
        result[rows] = normalise(x[rows], direction, method, posts, basis)
    return result


def put_on_scale(panel: Panel, framework: Framework, method: Normalise) -> tuple[Panel, StepLog]:
    """Normalise; every value has its line in the lineage."""
    value = scaled_values(panel, framework, method)
    note = f"{compatibility.label(method)}; {int((framework.direction < 0).sum())} turned round"
    changes = cell_changes(panel, ~np.isnan(value), value, compatibility.label(method))
    return replace(panel, value=value, spread=np.zeros_like(value)), StepLog(
        "normalise", True, (note,), changes
    )


def scaled_values(panel: Panel, framework: Framework, method: Normalise) -> FloatArray:
    """Return normalised values; an indicator that cannot be is named, never left as NaN.

    Raises
    ------
    ScoreboardError
        Constant indicators, goalposts or targets that are missing or of no use.
    """
    problems = list(faults_of_posts(panel, framework, method))
    if problems:
        raise ScoreboardError(problems)
    value = normalise_blocks(panel.value, panel, framework, method)
    lost = ~np.isfinite(value) & ~np.isnan(panel.value)
    if lost.any():
        raise ScoreboardError(list(why_lost(panel, framework, method, lost)))
    return value


def _cells(panel: Panel, which: BoolArray) -> str:
    row, column = np.nonzero(which)
    names = [
        f"{panel.row_name(int(i))} {panel.indicator[j]}"
        for i, j in zip(row[:LISTED], column[:LISTED], strict=True)
    ]
    more = len(row) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
