"""What the weights of the five pillars mean: importance, overlap, and what depends on what."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import polars as pl

from karvan.case import Case
from karvan.evidence.indicators import pillar_of
from karvan.runs.score_board import Board, Row, index_of, none
from karvan.runs.score_history import History
from karvan.scoreboard.chain import Chain
from karvan.scoreboard.importance import (
    both_known,
    correlation_of,
    importance,
    overlap_weights,
    reliability,
)
from karvan.scoreboard.model import FloatArray
from karvan.scoreboard.removal import scores_without
from karvan.scoreboard.settings import Aggregate
from karvan.scoreboard.statistics import score_ranks
from karvan.scoreboard.steps import keep_indicators, keep_rows
from karvan.scoreboard.weigh import CLOSE, adjust

MEAN = Aggregate()
"""The nominal scores are weighted arithmetic means."""

PAIRS, PAIR_YEARS = "pairs", "pair-years"
LEAST_ROWS = 8
"""Rows below which nothing is fitted to them."""


def _chains(board: Board, history: History) -> Iterator[tuple[str, Chain]]:
    """Nominal scores to look at: of the pairs of the run, and of all pair-years."""
    if board.scored is not None:
        yield PAIRS, board.scored
    if history.chain is not None:
        yield PAIR_YEARS, history.chain


def correlation_rows(case: Case, board: Board, history: History) -> Iterator[Row]:
    """Yield the rows of ``score_correlations``."""
    pillars = case.table("indicators").filter(pl.col("level") == "pillar")["id"].to_list()
    for k, pillar in enumerate(pillars):
        for other in pillars[k + 1 :]:
            x, y = (board.score[:, board.elements.index(name)] for name in (pillar, other))
            past = [_column(history.chain, name) for name in (pillar, other)]
            yield {
                "element_id": pillar,
                "other_element_id": other,
                "year": case.settings.base_year,
                "units": int(both_known(x, y).sum()),
                "correlation": correlation_of(x, y),
                "pair_years": int(both_known(*past).sum()),
                "pair_years_correlation": correlation_of(*past),
            }


def _column(chain: Chain | None, element: str) -> FloatArray:
    if chain is None or element not in chain.framework.element:
        return np.full(chain.panel.n_rows if chain else 0, np.nan)
    return np.asarray(chain.score[:, chain.framework.position(element)])


def importance_rows(case: Case, board: Board, history: History) -> Iterator[Row]:
    """Yield the rows of ``score_importance``."""
    for over, chain in _chains(board, history):
        overlap = overlap_weights(chain, LEAST_ROWS)
        fitted = _adjusted(case, chain)
        framework = chain.framework
        for row in importance(chain).iter_rows(named=True):
            child, parent = row["element"], row["parent"]
            x, y = _column(chain, child), _column(chain, parent)
            rows = int(both_known(x, y).sum())
            weight, state = fitted.get(child, (None, None))
            yield {
                "element_id": child,
                "over": over,
                "year": case.settings.base_year,
                "parent_id": parent,
                "rows": rows,
                "weight_share": row["weight_share"],
                "correlation": correlation_of(x, y),
                "correlation_ratio": row["correlation_ratio"] if rows >= LEAST_ROWS else None,
                "importance_share": row["importance_share"] if rows >= LEAST_ROWS else None,
                "overlap_weight_share": float(overlap[framework.position(child)]),
                "target_weight_share": weight,
                "target": state,
            }


def _adjusted(case: Case, chain: Chain) -> dict[str, tuple[float | None, str]]:
    """Weights of pillars in the index and of sub-pillars in their pillar, and how it went."""
    level = dict(case.table("indicators").select("id", "level").iter_rows())
    found: dict[str, tuple[float | None, str]] = {}
    for node in chain.framework.aggregates:
        if level[chain.framework.element[node]] in ("index", "pillar"):
            found |= _adjusted_children(chain, int(node))
    return found


def _adjusted_children(chain: Chain, node: int) -> dict[str, tuple[float | None, str]]:
    framework = chain.framework
    kids = [int(kid) for kid in framework.children(node)]
    names = [framework.element[kid] for kid in kids]
    if len(kids) == 1 or (chain.weight[kids] == 0.0).any():
        # Nothing trades off, or what has no weight can have no importance.
        return {}
    rows = ~np.isnan(chain.score[:, node])
    related = [correlation_of(chain.score[rows, k], chain.score[rows, node]) for k in kids]
    if rows.sum() < max(LEAST_ROWS, 2 * len(kids)) or None in related:
        return dict.fromkeys(names, (None, "too few data"))
    inside = np.zeros(framework.n_indicators, dtype=np.bool_)
    inside[framework.leaves(node)] = True
    panel, part = keep_indicators(keep_rows(chain.panel, rows), framework, inside)
    parent = part.position(framework.element[node])
    weight = chain.weight[[framework.position(name) for name in part.element]]
    # Its own weight among its siblings does not matter here, and may be zero.
    weight[parent] = 1.0
    blocks = [np.arange(panel.n_rows)]
    wanted = np.ones(len(part.element))
    for kid, name in zip(kids, names, strict=True):
        wanted[part.position(name)] = chain.weight[kid]
    best, gap = adjust(part, panel.value, weight, MEAN, blocks, int(part.level[parent]), wanted)
    state = "reached" if gap <= CLOSE else "not reached"
    return {name: (float(best[part.position(name)]), state) for name in names}


def reliability_rows(case: Case, board: Board, history: History) -> Iterator[Row]:
    """Yield the rows of ``score_reliability``."""
    for over, chain in _chains(board, history):
        for row in reliability(chain).iter_rows(named=True):
            node = chain.framework.position(row["element"])
            kids = chain.framework.children(node)
            whole = ~np.isnan(chain.score[:, kids]).any(axis=1)
            yield {
                "element_id": row["element"],
                "over": over,
                "year": case.settings.base_year,
                "children": len(kids),
                "rows": int(whole.sum()),
                "children_alpha": row["children_alpha"],
                "indicators": len(chain.framework.leaves(node)),
                "indicators_alpha": row["indicators_alpha"],
            }


def weighting_rows(case: Case, board: Board, importances: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of ``score_weightings``: the index by other weights of the pillars.

    Parameters
    ----------
    case : Case
    board : Board
    importances : iterable of mapping
        From :func:`importance_rows`.
    """
    chain, index = board.scored, index_of(case.table("indicators"))
    if chain is None or index not in chain.framework.element:
        return
    nominal = {name: float(chain.weight[k]) for k, name in enumerate(chain.framework.element)}
    kids = [chain.framework.element[k] for k in chain.framework.children(len(nominal) - 1)]
    rows = {
        row["element_id"]: row
        for row in importances
        if row["parent_id"] == index and row["over"] == PAIR_YEARS
    }
    weightings = {
        "nominal": nominal,
        "overlap": {name: rows[name]["overlap_weight_share"] for name in kids if name in rows},
        "target": {name: rows[name]["target_weight_share"] for name in kids if name in rows},
    }
    first = None
    for name, weight in weightings.items():
        if any(weight.get(kid) is None for kid in kids):
            continue
        share = np.array([weight[kid] for kid in kids])
        scores = np.stack([_column(chain, kid) for kid in kids], axis=1) @ (share / share.sum())
        scores[np.isnan(_column(chain, index))] = np.nan
        rank = score_ranks(scores)
        first = rank if first is None else first
        for row, unit in enumerate(chain.panel.unit):
            if not np.isnan(scores[row]):
                yield {
                    "weighting": name,
                    "unit_id": unit,
                    "year": case.settings.base_year,
                    "score": float(scores[row]),
                    "rank": int(rank[row]),
                    "rank_change": int(rank[row] - first[row]),
                }


def removal_rows(case: Case, board: Board) -> Iterator[Row]:
    """Yield the rows of ``score_removals``: each element left out, one at a time."""
    chain = board.scored
    if chain is None:
        return
    framework = chain.framework
    level = dict(case.table("indicators").select("id", "level").iter_rows())
    pillar = pillar_of(case.table("indicators"))
    for k, name in enumerate(framework.element[:-1]):
        without = _without(chain, k, level)
        if without is None:
            continue
        own = pillar[framework.element[framework.leaves(k)[0]]]
        for element in framework.aggregate:
            if level[element] == "index" or (element == own and element != name):
                yield from _removed(case, chain, without, name, element)


def _without(chain: Chain, k: int, level: Mapping[str, str]) -> FloatArray | None:
    """Scores without an element, shape (n_rows, n_elements); None where nothing is left."""
    score = scores_without(chain, MEAN, k)
    if score is None:
        return None
    score[np.isnan(chain.score)] = np.nan
    # The index stands on all pillars: one that loses its last indicator leaves none.
    for j, name in enumerate(chain.framework.element):
        if level[name] == "pillar" and j != k:
            lost = np.isnan(score[:, j]) & ~np.isnan(chain.score[:, j])
            score[lost, -1] = np.nan
    return score


def _removed(
    case: Case, chain: Chain, without: FloatArray, removed: str, element: str
) -> Iterator[Row]:
    j = chain.framework.position(element)
    before, after = chain.score[:, j], without[:, j]
    old, new = score_ranks(before), score_ranks(after)
    for row, unit in enumerate(chain.panel.unit):
        if not np.isnan(before[row]):
            there = not np.isnan(after[row])
            yield {
                "element_id": element,
                "removed_id": removed,
                "unit_id": unit,
                "year": case.settings.base_year,
                "score": none(after[row]),
                "score_change": none(after[row] - before[row]),
                "rank": int(new[row]) if there else None,
                "rank_change": int(new[row] - old[row]) if there else None,
            }
