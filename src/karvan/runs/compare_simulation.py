"""What changed between the simulations of two runs, with intervals of the differences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from karvan.case.results import Results
from karvan.simulation.comparison import paired_comparison

FEWEST = 2


@dataclass(frozen=True, slots=True)
class Difference:
    """A number in both runs, and what it changed by.

    Attributes
    ----------
    before, after : float or None
    change, low, high : float or None
        Mean difference of the replications that both have, and its interval at 95 %; None where
        the draws are not the same, or there are too few.
    """

    before: float | None
    after: float | None
    change: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class JourneyChange:
    """Cargo of an alternative, or of one of its journeys, in both runs.

    Attributes
    ----------
    alternative_id, journey_id : str
        The journey is empty for all of an alternative together.
    later_id : str
        The journey in the later run, where its rank may be another; no part of what changed.
    teu, mean_h, p90_h : Difference
        What arrives in a year, and its door-to-door time; the 90 % quantile of all of an
        alternative is the mean of those of its journeys.
    """

    alternative_id: str
    journey_id: str
    teu: Difference
    mean_h: Difference
    p90_h: Difference
    later_id: str = field(default="", compare=False)


def compare_simulation(
    before: Results, after: Results, limit: int | None = None
) -> tuple[JourneyChange, ...]:
    """Return what differs: each alternative, then the largest journeys that both runs have.

    Parameters
    ----------
    before, after : Results
    limit : int, optional
        Most journeys; all of them otherwise.
    """
    paired = _seed(before) is not None and _seed(before) == _seed(after)
    sides = [_rows(one) for one in (before, after)]
    if any(side.is_empty() for side in sides):
        return ()
    found = []
    for alternative in sorted(set(sides[0]["alternative_id"]) & set(sides[1]["alternative_id"])):
        of_it = [side.filter(pl.col("alternative_id") == alternative) for side in sides]
        found.append(_change(alternative, "", of_it, paired=paired))
    for alternative, journey, way in _largest(sides, limit):
        of_it = [side.filter(pl.col("way") == way) for side in sides]
        later = str(of_it[1]["journey_id"][0])
        found.append(_change(alternative, journey, of_it, later, paired=paired))
    return tuple(found)


def _seed(results: Results) -> int | None:
    table = results.table("simulation")
    return None if table.is_empty() else int(table["seed"][0])


WAY = ("origin", "destination", "commodity_id", "alternative_id", "nodes", "services")
"""What makes journeys of two runs the same: their ranks may differ."""


def _rows(results: Results) -> pl.DataFrame:
    """Return the rows by replication with the alternative and the way of their journey."""
    way = pl.concat_str([pl.col(name) for name in WAY], separator="\t")
    # Journeys that even these do not tell apart are matched in their order.
    way = (way + "\t" + pl.int_range(pl.len()).over(WAY).cast(pl.String)).alias("way")
    journeys = (
        results.table("simulated_journeys")
        .sort("journey_id")
        .join(_services(results), on="journey_id", how="left")
        .with_columns(pl.col("services").fill_null(""))
        .select("journey_id", "alternative_id", way)
    )
    return results.table("simulated_replications").join(journeys, on="journey_id")


def _services(results: Results) -> pl.DataFrame:
    """Return by journey the services that it takes, in order."""
    steps = results.table("simulated_waits").filter(pl.col("kind") == "service")
    # A step has a row for each cause, and other causes in another run.
    each = steps.sort("journey_id", "step").unique(["journey_id", "id"], maintain_order=True)
    return each.group_by("journey_id", maintain_order=True).agg(
        pl.col("id").str.join(" ").alias("services")
    )


def _largest(sides: list[pl.DataFrame], limit: int | None) -> Iterator[tuple[str, str, str]]:
    """Yield alternative, name before and way of the largest journeys that both runs have."""
    both = set(sides[1]["way"])
    sums = (
        sides[0]
        .filter(pl.col("way").is_in(sorted(both)))
        .group_by("alternative_id", "journey_id", "way")
        .agg(pl.col("arrived_teu").sum())
        .sort(["arrived_teu", "journey_id"], descending=[True, False])
    )
    shown = sums if limit is None else sums.head(limit)
    yield from shown.select("alternative_id", "journey_id", "way").iter_rows()


def _change(
    alternative: str,
    journey: str,
    sides: list[pl.DataFrame],
    later: str = "",
    *,
    paired: bool,
) -> JourneyChange:
    values = [_by_replication(side) for side in sides]
    names = ("teu", "mean_h", "p90_h")
    return JourneyChange(
        alternative,
        journey,
        **{n: _difference([value[n] for value in values], paired=paired) for n in names},
        later_id=later,
    )


def _by_replication(rows: pl.DataFrame) -> Mapping[str, Mapping[int, float]]:
    """Return TEU, and times weighted by it, by replication."""
    weighted = rows.group_by("replication").agg(
        pl.col("arrived_teu").sum().alias("teu"),
        *(
            ((pl.col(name) * pl.col("arrived_teu")).sum() / pl.col("arrived_teu").sum()).alias(name)
            for name in ("mean_h", "p90_h")
        ),
    )
    # Where nothing arrived there is no time, and zero weights leave NaN.
    there = weighted.fill_nan(None).sort("replication")
    return {
        name: dict(there.select("replication", name).drop_nulls().iter_rows())
        for name in ("teu", "mean_h", "p90_h")
    }


def _difference(sides: list[Mapping[int, float]], *, paired: bool) -> Difference:
    first, second = (float(np.mean(list(side.values()))) if side else None for side in sides)
    common = sorted(set(sides[0]) & set(sides[1]))
    if not paired or len(common) < FEWEST:
        return Difference(first, second)
    old, new = ([side[number] for number in common] for side in sides)
    found = paired_comparison(old, new).difference
    return Difference(first, second, found.estimate, found.low, found.high)
