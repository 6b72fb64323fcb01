"""Stages of loading, unloading, transfers and borders."""

import math
from dataclasses import replace

from karvan.motion.bench import Bench, with_share
from karvan.motion.clock import DAY_H
from karvan.motion.journeys import Handling, Move
from karvan.motion.plan import Label, Passage
from karvan.motion.times import pert, scaled
from karvan.network.compile import dwell_mean
from karvan.network.model import Row
from karvan.simulation.model import UNLIMITED, Closure, Step
from karvan.simulation.variates import Distribution

TRANSFERS = "transfers"


def time_of(bench: Bench, transfer: Row) -> Distribution:
    """Return the time of a transfer [h], without the waiting that the simulation makes itself.

    Where operations.csv gives the handling, a measure that shortens the dwell of the row shortens
    it in proportion.
    """
    own = bench.operations.time(TRANSFERS, transfer["id"], "handling_h")
    if own is not None:
        return _as_shortened(bench, transfer, own)
    ends = ("dwell_min_h", "dwell_typical_h", "dwell_max_h")
    return pert(*(float(transfer[name]) for name in ends))


def _as_shortened(bench: Bench, transfer: Row, time: Distribution) -> Distribution:
    """Return a time in proportion to what measures have done to the dwell of the row."""
    before = bench.dwell_before.get(transfer["id"])
    return scaled(time, dwell_mean(transfer) / before) if before else time


def handling(bench: Bench, part: Handling) -> list[Passage]:
    """Return the stages where cargo is loaded, unloaded or transferred.

    Between land and a container ship that is the yard, if the terminal has one.  Where
    operations.csv says so, customs then holds a share of the cargo.
    """
    row, time = part.transfer, time_of(bench, part.transfer)
    name = f"{row['id']} at {part.node}"
    place = ("transfer", str(row["id"]), part.node, "", "")
    yard = _yard(bench, part)
    if yard is None:
        bench.stage(name, Label(place, "handling", "TEU"), servers=UNLIMITED, service_h=time)
        passages = [Passage(name, time.mean(), part.node)]
    else:
        slots = max(1, round(yard["yard_teu"] / bench.operations.lot_teu))
        stage = f"yard {yard['id']}"
        of_yard = ("terminal", yard["id"], "", "", "yard")
        bench.stage(stage, Label(of_yard, "handling", "TEU", slots, resource=True), servers=slots)
        passages = [Passage(stage, time.mean(), part.node, time=time)]
    held = bench.operations.time(TRANSFERS, row["id"], "inspection_h")
    share = bench.operations.value(TRANSFERS, row["id"], "inspection_share", 0.0)
    if held is not None and share > 0.0:
        held = _as_shortened(bench, row, held)
        place = ("transfer", str(row["id"]), "", "", "inspection")
        label = Label(place, "customs", "TEU", resource=True)
        bench.stage(f"{name} inspection", label, servers=UNLIMITED, service_h=held)
        hold = Passage(f"{name} inspection", held.mean(), part.node)
        passages.append(with_share(hold, share))
    return passages


def _yard(bench: Bench, part: Handling) -> Row | None:
    """Return the terminal in whose yard containers are handled."""
    ends = {c.mode for c in (part.before, part.after) if c is not None}
    if part.transfer["kind"] != "port" or "sea" not in ends:
        return None
    for terminal in bench.terminals.get(part.node, ()):
        if terminal["kind"] == "container" and terminal["yard_teu"]:
            return terminal
    return None


def limit_lines(bench: Bench) -> None:
    """Let only some shiploads wait at the quay, the rest in the slots of the yard, which it fills.

    Who finds no place in front of the ship keeps its slot; when all slots are taken, cargo waits
    on the trains that bring it.
    """
    modes = dict(bench.case.table("services").select("id", "mode").iter_rows())
    yards = {
        node: f"yard {terminal['id']}"
        for node, terminals in bench.terminals.items()
        for terminal in terminals
        if f"yard {terminal['id']}" in bench.stages
    }
    shiploads = bench.case.settings.simulation.shiploads_at_quay
    for name, stage in list(bench.stages.items()):
        kind, service, start, *_ = bench.labels[name].place
        load = stage.batch.max_length_m if stage.batch else None
        if kind != "service" or modes.get(service) != "sea" or start not in yards or not load:
            continue
        places = shiploads * math.ceil(load / bench.operations.lot_teu)
        bench.stages[name] = stage.model_copy(update={"places": places})
        yard = yards[start]
        left = max(1, int(bench.stages[yard].servers) - places)
        bench.stages[yard] = bench.stages[yard].model_copy(update={"servers": left})
        bench.labels[yard] = replace(bench.labels[yard], servers=float(left))


def border(bench: Bench, move: Move) -> tuple[list[Step], list[Passage]]:
    """Return the steps of the borders that a movement passes: documents, then inspection of some.

    The three times of a row of transfers.csv are read so: documents take everybody between the
    least and the typical time; a share is held longer, up to the largest, all equally likely: the
    shape is assumed, as no times of single trains were found.  The share follows from
    the mean of the row, so that the border takes as long as it does for itineraries; rows of
    operations.csv say otherwise.
    """
    steps, passages = [], []
    unit = "trucks" if move.link["mode"] == "road" else "trains"
    for row in move.arc.transfers:
        documents, inspection, share = _split(bench, row)
        name = f"border {row['id']} documents"
        place = ("border", row["id"], "", "", "documents")
        label = Label(place, "customs", unit, resource=True)
        bench.stage(name, label, servers=UNLIMITED, service_h=documents)
        _working_hours(bench, row, name)
        steps.append(Step(stage=name))
        passages.append(Passage(name, documents.mean(), row["node"]))
        if share > 0.0:
            name = f"border {row['id']} inspection"
            place = ("border", row["id"], "", "", "inspection")
            label = Label(place, "customs", unit, resource=True)
            bench.stage(name, label, servers=UNLIMITED, service_h=inspection)
            _working_hours(bench, row, name)
            steps.append(Step(stage=name, probability=share))
            passages.append(with_share(Passage(name, inspection.mean(), row["node"]), share))
    return steps, passages


def _split(bench: Bench, row: Row) -> tuple[Distribution, Distribution, float]:
    low, typical, high = (float(row[f"dwell_{n}_h"]) for n in ("min", "typical", "max"))
    documents = Distribution("uniform", (low, typical))
    own = bench.operations.time(TRANSFERS, row["id"], "inspection_h")
    inspection = _as_shortened(bench, row, own) if own else Distribution("uniform", (0.0, high))
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
