"""The kernel's log of a replication in words."""

from collections.abc import Mapping

import polars as pl

from karvan.kernels import events as k
from karvan.simulation.layout import Layout
from karvan.simulation.replications import Replication

WORDS = {
    int(k.L_ARRIVE): "arrive",
    int(k.L_START): "start",
    int(k.L_END): "end",
    int(k.L_BLOCK): "block",
    int(k.L_INTERRUPT): "interrupt",
    int(k.L_EXIT): "exit",
    int(k.L_LOST): "lost",
    int(k.L_BALK): "balk",
    int(k.L_RENEGE): "renege",
    int(k.L_BOARD): "board",
    int(k.L_ALIGHT): "alight",
    int(k.L_OPEN): "open",
    int(k.L_CLOSE): "close",
}


def event_log(layout: Layout, replication: Replication) -> pl.DataFrame:
    """Return the log of a replication.

    Returns
    -------
    DataFrame
        ``time_h``, ``event``, ``entity`` (source or, for carriers, stage, and a number), ``stage``
        and ``carrier``, which is filled where somebody boards or alights.
    """
    tables = (layout.stages, layout.sources)
    names = {row * k.COLUMNS: name for table in tables for name, row in table.items()}
    names[0] = ""
    kind, who, stage, other = replication.log.T
    boards = pl.Series((kind == k.L_BOARD) | (kind == k.L_ALIGHT))
    return pl.DataFrame(
        {
            "time_h": replication.log_time,
            "event": _words(kind, WORDS),
            "entity": _entities(who, names),
            "stage": _words(stage, names),
            "carrier": _entities(other, names).zip_with(boards, _absent(len(boards))),
        },
        schema_overrides={"carrier": pl.String},
    )


def _words(codes: k.IntArray, words: Mapping[int, str]) -> pl.Series:
    return pl.Series(codes, dtype=pl.Int64).replace_strict(words, return_dtype=pl.String)


def _entities(codes: k.IntArray, names: Mapping[int, str]) -> pl.Series:
    """Return name and number by code; nothing for 0."""
    # Where nobody boards, the number says something else and its upper bits may be no name.
    frame = pl.DataFrame({"code": codes, "of": codes >> k.NUMBER_BITS, "number": codes & k.NUMBER})
    name = pl.col("of").replace_strict(names, default="", return_dtype=pl.String)
    text = (
        pl.when(pl.col("code") == 0)
        .then(pl.lit(""))
        .otherwise(pl.format("{} {}", name, pl.col("number")))
    )
    return frame.select(text.alias("entity")).to_series()


def _absent(n: int) -> pl.Series:
    return pl.Series([None] * n, dtype=pl.String)
