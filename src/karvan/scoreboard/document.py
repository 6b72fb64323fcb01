"""A scoreboard as one JSON document."""

from typing import Any

import numpy as np
import polars as pl

from karvan.scoreboard.board import Scoreboard
from karvan.scoreboard.importance import overlap_weights
from karvan.scoreboard.model import NO_YEAR
from karvan.scoreboard.sensitivity import RankSensitivity


def to_document(board: Scoreboard) -> dict[str, Any]:
    """Return scores, ranks with intervals, chances, sensitivity, weights, steps and notes.

    Numbers that are not known are null.
    """
    return {
        "config": board.config.model_dump(mode="json"),
        "ranking": board.ranking().to_dicts(),
        "scores": board.scores().to_dicts(),
        "weights": _weights(board),
        "steps": [
            {
                "step": log.step,
                "done": log.done,
                "notes": list(log.notes),
                "cells": len(log.changes),
            }
            for log in board.chain.logs
        ],
        "uncertainty": _uncertainty(board),
        "sensitivity": None
        if board.sensitivity is None
        else _sensitivity(board, board.sensitivity),
        "importance": board.importance().to_dicts(),
        "reliability": board.reliability().to_dicts(),
        "without": [
            {"level": level, **row}
            for level in range(1, board.framework.depth)
            for row in board.without(level).table().to_dicts()
        ],
        "correlations": _correlations(board),
        "notes": list(board.notes),
    }


def _correlations(board: Scoreboard) -> list[dict[str, Any]]:
    """Of every two aggregates of one level; those of all elements come from Python."""
    framework = board.framework
    level = {name: int(framework.level[k]) for k, name in enumerate(framework.element)}
    return [
        row
        for row in board.correlations().to_dicts()
        if level[row["element"]] == level[row["other"]] > 1
    ]


def _weights(board: Scoreboard) -> list[dict[str, Any]]:
    framework, chain = board.framework, board.chain
    effective = framework.effective_weights(chain.weight)
    overlap = overlap_weights(chain)
    return [
        {
            "element": element,
            "name": framework.name[k],
            "parent": framework.element[framework.parent[k]] if framework.parent[k] >= 0 else None,
            "level": int(framework.level[k]),
            "weight_share": float(chain.weight[k]),
            "effective_weight": float(effective[k]),
            "overlap_weight_share": float(overlap[k]),
        }
        for k, element in enumerate(framework.element)
    ]


def _uncertainty(board: Scoreboard) -> dict[str, Any]:
    space = board.space
    years = []
    for part in board.draws:
        panel = board.chain.panel
        year = int(panel.year[part.rows[0]])
        units = [panel.unit[r] for r in part.rows]
        years.append(
            {
                "year": None if year == NO_YEAR else year,
                "units": units,
                "rank_share": _rounded(part.count / max(1, part.n_draws)),
                "chance_above": _rounded(part.chance()),
                "tied_groups": [[units[k] for k in group] for group in board.groups(part)],
            }
        )
    return {
        "draws": board.draws[0].n_draws if board.draws else 0,
        "interval": board.config.uncertainty.interval,
        "factors": [
            {"name": f.name, "levels": f.levels, "choices": list(f.labels)} for f in space.factors
        ],
        "excluded": list(space.excluded),
        "years": years,
    }


def _rounded(share: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> list[list[float]]:
    """Shares of draws; more digits than this are longer than the truth."""
    rounded: list[list[float]] = np.round(share, 6).tolist()
    return rounded


def _sensitivity(board: Scoreboard, found: RankSensitivity) -> dict[str, Any]:
    indices = found.indices
    names = ["mean shift of ranks"] + [board.chain.panel.row_name(int(r)) for r in found.rows]
    columns = {
        "first": indices.first,
        "first_low": indices.first_low,
        "first_high": indices.first_high,
        "total": indices.total,
        "total_low": indices.total_low,
        "total_high": indices.total_high,
    }
    rows = [
        {"output": name, "factor": factor}
        | {c: None if np.isnan(v[k, o]) else float(v[k, o]) for c, v in columns.items()}
        for o, name in enumerate(names)
        for k, factor in enumerate(found.factors)
    ]
    return {
        "exact": found.exact,
        "runs": found.n_runs,
        "warnings": list(found.warnings),
        "indices": rows,
    }


def indices_table(board: Scoreboard) -> pl.DataFrame:
    """Return the Sobol' indices as a table, an empty one without."""
    if board.sensitivity is None:
        return pl.DataFrame()
    return pl.DataFrame(_sensitivity(board, board.sensitivity)["indices"], infer_schema_length=None)
