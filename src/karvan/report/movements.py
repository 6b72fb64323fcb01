"""Movements of one simulated replication as a document sends them: whole numbers, each way once.

A page draws thousands of legs.  Their ways repeat, so a way is sent once with the links it uses,
and a leg is its way, the times it waits and lasts in steps of six minutes, and its load.  Of a
kind with more legs than a page can carry every second, third, ... vehicle is sent, and the page
says so.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from karvan.schema import ResultColumn

MOVEMENTS = "simulated_movements"
"""The table of a run that the tables below stand for in a document."""
WAYS, LEGS, KINDS = "movement_ways", "movement_legs", "movement_kinds"
STEPS_PER_H = 10
MOST_LEGS = 12000
"""Legs of one kind of vehicle that a document carries."""
_WAY = ["kind", "service", "from_node", "to_node", "links"]
_BY_VEHICLE = ["kind", "vehicle"]


def _columns(*described: tuple[str, str, str, str]) -> tuple[ResultColumn, ...]:
    return tuple(
        ResultColumn(name, kind, unit, key=n == 0, description=text)
        for n, (name, kind, unit, text) in enumerate(described)
    )


COLUMNS: Mapping[str, tuple[ResultColumn, ...]] = MappingProxyType(
    {
        WAYS: _columns(
            ("way", "integer", "", "Number of the way"),
            ("kind", "text", "", "train, vessel or truck"),
            ("service", "text", "", "Service; empty where it runs for no service"),
            ("from_node", "text", "", "From"),
            ("to_node", "text", "", "To"),
            ("links", "text", "", "Links used, separated by ;"),
        ),
        LEGS: _columns(
            ("new", "integer", "", "1 where another vehicle begins"),
            ("way", "integer", "", "Number of the way"),
            ("after", "integer", "", "Tenths of an hour since the arrival before, or the start"),
            ("lasts", "integer", "", "Tenths of an hour from departure to arrival"),
            ("load_teu", "integer", "TEU", "Load"),
        ),
        KINDS: _columns(
            ("kind", "text", "", "train, vessel or truck"),
            ("vehicles", "integer", "", "Vehicles that moved"),
            ("every", "integer", "", "Every how many vehicles one is in the document"),
        ),
    }
)
"""Columns of the tables that documents have in place of the movements."""


def movement_tables(movements: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the tables of ``COLUMNS``; the legs vehicle by vehicle, in order of departure."""
    kept, kinds = _thinned(_in_steps(movements))
    ways = kept.select(_WAY).unique(maintain_order=True).with_row_index("way")
    legs = kept.join(ways, on=_WAY, nulls_equal=True, maintain_order="left")
    before = pl.col("arrives").shift(1).over(_BY_VEHICLE).fill_null(0)
    numbers = legs.select(
        pl.struct(_BY_VEHICLE).is_first_distinct().cast(pl.Int64).alias("new"),
        pl.col("way").cast(pl.Int64),
        (pl.col("departs") - before).alias("after"),
        (pl.col("arrives") - pl.col("departs")).alias("lasts"),
        pl.col("load_teu").fill_null(0).round().cast(pl.Int64),
    )
    return {WAYS: ways, LEGS: numbers, KINDS: kinds}


def _in_steps(movements: pl.DataFrame) -> pl.DataFrame:
    """Return the legs with times in steps, none before the one before it has arrived."""
    timed = movements.drop_nulls(["vehicle", "departs_h", "arrives_h"]).select(
        *_BY_VEHICLE, "leg", "service", "from_node", "to_node", "links", "load_teu",
        *((pl.col(f"{when}_h") * STEPS_PER_H).round().cast(pl.Int64).alias(when)
          for when in ("departs", "arrives")),
    )  # fmt: skip
    first = pl.col("departs").min().over(_BY_VEHICLE)
    timed = timed.sort(first, *_BY_VEHICLE, "leg", maintain_order=True)
    reached = pl.max_horizontal("departs", "arrives").cum_max().over(_BY_VEHICLE)
    before = reached.shift(1).over(_BY_VEHICLE).fill_null(0)
    return timed.with_columns(departs=pl.max_horizontal("departs", before)).with_columns(
        arrives=pl.max_horizontal("departs", "arrives")
    )


def _thinned(legs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the legs of every n-th vehicle, and by kind the number of vehicles and that n."""
    vehicles = legs.group_by(_BY_VEHICLE, maintain_order=True).agg(pl.len().alias("legs"))
    kinds = vehicles.group_by("kind", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("vehicles"), pl.col("legs").sum()
    )
    every = [max(1, math.ceil(count / MOST_LEGS)) for count in kinds["legs"]]
    kinds = kinds.select("kind", "vehicles", pl.Series("every", every, dtype=pl.Int64))
    place = pl.int_range(pl.len()).over("kind")
    numbered = vehicles.with_columns(place=place).join(kinds, on="kind", maintain_order="left")
    chosen = numbered.filter(pl.col("place") % pl.col("every") == 0)
    return legs.join(chosen, on=_BY_VEHICLE, how="semi"), kinds
