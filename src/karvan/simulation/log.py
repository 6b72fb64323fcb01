"""The kernel's log of a replication in words."""

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
NUMBER = (1 << 40) - 1


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

    def entity(code: int) -> str:
        return f"{names[code >> 40]} {code & NUMBER}" if code else ""

    kind, who, stage, other = replication.log.T
    boards = (kind == k.L_BOARD) | (kind == k.L_ALIGHT)
    return pl.DataFrame(
        {
            "time_h": replication.log_time,
            "event": [WORDS[int(n)] for n in kind],
            "entity": [entity(int(n)) for n in who],
            "stage": [names[int(n)] for n in stage],
            "carrier": [
                entity(int(n)) if on else None for n, on in zip(other, boards, strict=True)
            ],
        },
        schema_overrides={"carrier": pl.String},
    )
