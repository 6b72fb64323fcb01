"""From raw values to scores: the nominal chain of a configuration."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from karvan.errors import Problem, ScoreboardError
from karvan.scoreboard import steps
from karvan.scoreboard.aggregate import aggregate
from karvan.scoreboard.compatibility import impossible, label
from karvan.scoreboard.lineage import StepLog, skipped
from karvan.scoreboard.model import (
    OBSERVED,
    BoolArray,
    FloatArray,
    Framework,
    IntArray,
    Panel,
)
from karvan.scoreboard.settings import Config
from karvan.scoreboard.statistics import TIE, score_ranks
from karvan.scoreboard.weigh import weights


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The nominal scores and all that led to them.

    Attributes
    ----------
    framework : Framework
        Without what screening dropped.
    stages : dict of Panel
        The panel as read ("raw") and after each step that was done, "normalised" last.
    before_imputation : Panel
        Input of the first step that may have been otherwise, where uncertain draws begin.
    logs : tuple of StepLog
        One for each step, also of those skipped.
    weight : ndarray, shape (n_elements,)
        Shares among siblings.
    score : ndarray, shape (n_rows, n_elements)
        Normalised indicators, then aggregates; NaN is no score.
    rank : ndarray, shape (n_rows, n_elements)
        Within the year, 1 for the highest.
    coverage : ndarray, shape (n_rows, n_elements)
        Weighted share of indicators below each element whose value is observed, not imputed.
    blocks : list of ndarray
        Rows of each year.
    tie : float
        Share of the largest score below which two scores have one rank.
    """

    framework: Framework
    stages: dict[str, Panel]
    before_imputation: Panel
    logs: tuple[StepLog, ...]
    weight: FloatArray
    score: FloatArray
    rank: FloatArray
    coverage: FloatArray
    blocks: list[IntArray]
    tie: float = TIE

    @property
    def panel(self) -> Panel:
        """The normalised panel."""
        return self.stages["normalised"]


def run_chain(panel: Panel, framework: Framework, config: Config) -> Chain:
    """Return nominal scores and ranks.

    Raises
    ------
    ScoreboardError
        With the reasons why a step cannot be done.
    """
    stages, logs = {"raw": panel}, []
    panel, framework, empty = _without_empty(panel, framework, config)
    before, uncertain = panel, False
    for step in _once_each(config):
        uncertain |= step in ("impute", "treat")
        if step == "screen":
            panel, framework, log = steps.screen(panel, framework, config.screen)
            before = _same_rows(before, panel)
        else:
            panel, log = _step(step, panel, framework, config)
        before = before if uncertain else panel
        logs.append(log)
        if log.done:
            stages[f"{step}d" if step.endswith("e") else f"{step}ed"] = panel
    missing = [s for s in ("denominate", "screen", "impute", "treat") if s not in config.steps]
    logs += [skipped(s, "not among the steps of the configuration") for s in missing]
    reason = impossible(framework, config.normalise, config.aggregate)
    if reason:
        raise ScoreboardError([_impossible(config, reason)])
    scaled, log = steps.put_on_scale(panel, framework, config.normalise)
    stages["normalised"] = scaled
    logs.append(log)
    blocks = scaled.rows_by_year()
    weight, notes = weights(framework, scaled.value, config.weigh, config.aggregate, blocks)
    logs.append(replace(skipped("weigh", ""), done=True, notes=(config.weigh.method, *notes)))
    score = _scores(framework, scaled, weight, config, blocks)
    logs.append(_log_of_scores(framework, scaled, score, config, empty))
    return Chain(
        framework=framework,
        stages=stages,
        before_imputation=before,
        logs=tuple(logs),
        weight=framework.shares(weight),
        score=score,
        rank=ranks_by_year(score, blocks, config.tie),
        coverage=_coverage(framework, scaled, weight),
        blocks=blocks,
        tie=config.tie,
    )


def ranks_by_year(score: FloatArray, blocks: list[IntArray], tie: float = TIE) -> FloatArray:
    """Return ranks within each year, shape as `score` (n_rows, n)."""
    rank = np.empty_like(score)
    for rows in blocks:
        rank[rows] = score_ranks(score[rows].T, tie).T
    return rank


def _without_empty(
    panel: Panel, framework: Framework, config: Config
) -> tuple[Panel, Framework, list[str]]:
    empty: BoolArray = np.asarray(np.isnan(panel.value).all(axis=0))
    names = [panel.indicator[j] for j in np.flatnonzero(empty)]
    if names and config.screen.empty_indicators == "refuse":
        raise ScoreboardError(
            [
                Problem(
                    "scoreboard.indicator.empty",
                    f"indicator {name}",
                    "no data for any unit",
                    "a value or more",
                    "take it out of the framework, or screen.empty_indicators = 'drop'",
                )
                for name in names
            ]
        )
    if empty.all():
        found = "no data at all"
        raise ScoreboardError([Problem("scoreboard.data.empty", "data", found, "values")])
    if names:
        panel, framework = steps.keep_indicators(panel, framework, ~empty)
    return panel, framework, names


def _once_each(config: Config) -> list[str]:
    twice = sorted({s for s in config.steps if config.steps.count(s) > 1})
    if twice:
        found = f"{', '.join(twice)} more than once"
        raise ScoreboardError([Problem("scoreboard.steps.twice", "steps", found, "each step once")])
    order = [s for s in config.steps if s != "screen"]
    right = [s for s in ("denominate", "impute", "treat") if s in order]
    if order != right:
        expected = f"{', then '.join(right)}; screen may stand anywhere"
        raise ScoreboardError(
            [Problem("scoreboard.steps.order", "steps", ", then ".join(order), expected)]
        )
    return list(config.steps)


def _step(step: str, panel: Panel, framework: Framework, config: Config) -> tuple[Panel, StepLog]:
    known: dict[str, Callable[[], tuple[Panel, StepLog]]] = {
        "denominate": lambda: steps.denominate(panel, framework),
        "impute": lambda: steps.fill(panel, config.impute),
        "treat": lambda: steps.curb(panel, config.treat),
    }
    return known[step]()


def _same_rows(before: Panel, screened: Panel) -> Panel:
    """Take from `before` what screening left of rows and indicators."""
    wanted = set(zip(screened.unit, screened.year.tolist(), strict=True))
    keep = np.array(
        [k in wanted for k in zip(before.unit, before.year.tolist(), strict=True)], dtype=np.bool_
    )
    columns = [before.indicator.index(i) for i in screened.indicator]
    rows = steps.keep_rows(before, keep)
    return replace(
        rows,
        indicator=screened.indicator,
        value=rows.value[:, columns],
        status=rows.status[:, columns],
        spread=rows.spread[:, columns],
        source=None if rows.source is None else rows.source[:, columns],
    )


def _scores(
    framework: Framework, panel: Panel, weight: FloatArray, config: Config, blocks: list[IntArray]
) -> FloatArray:
    above = aggregate(framework, panel.value[None], weight[None], config.aggregate, blocks)[0]
    return np.concatenate([panel.value, above], axis=1)


def _impossible(config: Config, reason: str) -> Problem:
    return Problem(
        "scoreboard.methods.impossible",
        f"normalise '{label(config.normalise)}' with aggregate '{label(config.aggregate)}'",
        reason,
        "methods that go together",
        "e.g. min_max with range = [1, 100] before a geometric mean",
    )


def _coverage(framework: Framework, panel: Panel, weight: FloatArray) -> FloatArray:
    observed = ((panel.status & OBSERVED) > 0).astype(np.float64)
    share = framework.shares(weight)
    parts = [observed[:, j] for j in range(framework.n_indicators)]
    for node in framework.aggregates:
        kids = framework.children(node)
        parts.append(sum(share[k] * parts[k] for k in kids) + np.zeros(panel.n_rows))
    return np.stack(parts, axis=1)


def _log_of_scores(
    framework: Framework, panel: Panel, score: FloatArray, config: Config, empty: list[str]
) -> StepLog:
    notes = [label(config.aggregate)]
    if empty:
        notes.append(f"indicators without data, dropped: {', '.join(empty)}")
    hole = np.isnan(score[:, framework.n_indicators :])
    for row in np.flatnonzero(hole.any(axis=1)):
        names = [framework.aggregate[k] for k in np.flatnonzero(hole[row])]
        there = int((~np.isnan(panel.value[row])).sum())
        what = "no data at all" if not there else f"{there} of {framework.n_indicators} indicators"
        notes.append(f"{panel.row_name(int(row))}: no score of {', '.join(names)}, {what}")
    return StepLog("aggregate", True, tuple(notes), skipped("aggregate", "").changes)
