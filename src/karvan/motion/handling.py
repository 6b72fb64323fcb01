"""Stages of loading, unloading, transfers and borders."""

from karvan.motion.bench import Bench, with_share
from karvan.motion.clock import DAY_H
from karvan.motion.journeys import Handling, Move
from karvan.motion.plan import Label, Passage
from karvan.motion.times import pert
from karvan.network.compile import dwell_mean
from karvan.network.model import Row
from karvan.simulation.model import UNLIMITED, Closure, Step
from karvan.simulation.variates import Distribution

TRANSFERS = "transfers"


def time_of(bench: Bench, transfer: Row) -> Distribution:
    """Return the time of a transfer [h]: without waiting, where operations.csv says it."""
    own = bench.operations.time(TRANSFERS, transfer["id"], "handling_h")
    if own is not None:
        return own
    ends = ("dwell_min_h", "dwell_typical_h", "dwell_max_h")
    return pert(*(float(transfer[name]) for name in ends))


def handling(bench: Bench, part: Handling) -> Passage:
    """Return the stage where cargo is loaded, unloaded or transferred."""
    name = f"{part.transfer['id']} at {part.node}"
    time = time_of(bench, part.transfer)
    label = Label(("transfer", part.transfer["id"], part.node, "", ""), "handling", "TEU")
    bench.stage(name, label, servers=UNLIMITED, service_h=time)
    return Passage(name, time.mean(), part.node)


def border(bench: Bench, move: Move) -> tuple[list[Step], list[Passage]]:
    """Return the steps of the borders that a movement passes: documents, then inspection of some.

    The three times of a row of transfers.csv are read so: documents take everybody between the
    least and the typical time; a share is held longer, up to the largest.  The share follows from
    the mean of the row, so that the border takes as long as it does for itineraries; rows of
    operations.csv say otherwise.
    """
    steps, passages = [], []
    for row in move.arc.transfers:
        documents, inspection, share = _split(bench, row)
        name = f"border {row['id']} documents"
        label = Label(
            ("border", row["id"], "", "", "documents"), "customs", "trains", resource=True
        )
        bench.stage(name, label, servers=UNLIMITED, service_h=documents)
        _working_hours(bench, row, name)
        steps.append(Step(stage=name))
        passages.append(Passage(name, documents.mean(), row["node"]))
        if share > 0.0:
            name = f"border {row['id']} inspection"
            place = ("border", row["id"], "", "", "inspection")
            label = Label(place, "customs", "trains", resource=True)
            bench.stage(name, label, servers=UNLIMITED, service_h=inspection)
            _working_hours(bench, row, name)
            steps.append(Step(stage=name, probability=share))
            passages.append(with_share(Passage(name, inspection.mean(), row["node"]), share))
    return steps, passages


def _split(bench: Bench, row: Row) -> tuple[Distribution, Distribution, float]:
    low, typical, high = (float(row[f"dwell_{n}_h"]) for n in ("min", "typical", "max"))
    documents = Distribution("uniform", (low, typical))
    own = bench.operations.time(TRANSFERS, row["id"], "inspection_h")
    inspection = own or Distribution("uniform", (0.0, high))
    left = dwell_mean(row) - documents.mean()
    share = min(max(left / inspection.mean(), 0.0), 1.0) if inspection.mean() > 0.0 else 0.0
    return (
        documents,
        inspection,
        bench.operations.value(TRANSFERS, row["id"], "inspection_share", share),
    )


def _working_hours(bench: Bench, row: Row, stage: str) -> None:
    """Close a stage outside the working hours of a border; who is being served is finished."""
    opens = bench.operations.value(TRANSFERS, row["id"], "opens_h", 0.0)
    closes = bench.operations.value(TRANSFERS, row["id"], "closes_h", DAY_H)
    if closes - opens >= DAY_H or f"hours {stage}" in bench.closures:
        return
    start = (closes + bench.clock.warmup_h) % DAY_H
    bench.closures[f"hours {stage}"] = Closure(
        id=f"hours {stage}",
        stage=stage,
        closed_from_h=(start,),
        closed_until_h=(start + DAY_H - (closes - opens),),
        period_h=DAY_H,
        work="finishes",
    )
