"""What one more berth, ship, track or train a day brings, measured with the same draws."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from karvan.case import Case
from karvan.motion.clock import DAY_H
from karvan.motion.plan import Fleet, Place, Plan
from karvan.motion.study import FloatArray, Study, study
from karvan.motion.tables import PLACE, fleet_place, passing, resources
from karvan.schema import LIST_SEPARATOR
from karvan.simulation.comparison import rank_bottlenecks

MOST_TRIED = 6
"""Resources that one more is tried of: those that cargo waits longest for.

Berths come after the fleets that wait for them, though a berth more speeds up every ship; with
fewer, the ferry bridges of Alat, which save most in the shipped case, would not be tried.
"""

BUSY_FROM = 0.4
"""Utilization below which waiting is no lack of the resource but of something to do for it.

Assumed: it only decides what is tried, and a line of one server has a sixth of the wait there
that it has at 0.8.
"""

LEAST_REPLICATIONS = 5
"""Of each pair, where the run has as many: with fewer hardly any gain is told from chance."""

PART_OF_RUN = 3
"""One of so many replications of the run is played again: who asks for more gets sharper gains."""

YARD_STEP = 50
"""Slots of a yard that are tried, a hundred TEU of forty-foot boxes."""

TABLES_OF: Mapping[str, str] = {
    "link": "links",
    "terminal": "terminals",
    "service": "services",
    "fleet": "services",
    "transfer": "transfers",
    "border": "transfers",
}


def bottlenecks(
    case: Case, found: Study, *, threads: int, progress: Callable[[float], None]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``simulated_bottlenecks``.

    Parameters
    ----------
    case : Case
    found : Study
    threads : int
    progress : callable
    """
    n = min(max(LEAST_REPLICATIONS, len(found.seen) // PART_OF_RUN), len(found.seen))
    tried = _candidates(found)
    if n < 2 or not tried:
        return
    base = replace(found, seen=found.seen[:n])
    steps, after = {}, {}
    for count, place in enumerate(tried):
        plan, steps[place] = with_one_more(found.plan, place)
        more = study(plan, replications=n, seed=found.seed, threads=threads)
        if [one.number for one in more.seen] == [one.number for one in base.seen]:
            after[place] = hours_a_teu(more)
        progress((count + 1) / len(tried))
    if not after:
        return
    names = {"\t".join(place): place for place in after}
    values = {name: after[place] for name, place in names.items()}
    lifting = _measures(case)
    for row in rank_bottlenecks(hours_a_teu(base), values):
        place = names[row.stage]
        yield {
            **dict(zip(PLACE, place, strict=True)),
            "rank": row.rank,
            "step": steps[place],
            "saved_h": row.gain.estimate,
            "saved_low_h": row.gain.low,
            "saved_high_h": row.gain.high,
            "replications": n,
            "measures": LIST_SEPARATOR.join(lifting.get((TABLES_OF[place[0]], place[1]), ())),
        }


def hours_a_teu(found: Study) -> FloatArray:
    """Return the time of a TEU of all journeys [h] in each replication, shape (n_replications,).

    TEU hours on the way over TEU that came: what is still on the way counts as long as it was.
    """
    teu = [journey.lot.teu for journey in found.plan.journeys]
    hours: FloatArray = (found.stack("inside_h") @ teu) / (found.stack("came") @ teu)
    return hours


def _candidates(found: Study) -> list[Place]:
    """Return the limited resources in front of which cargo spends most TEU hours."""
    through = passing(found)
    waits: dict[Place, float] = {}
    for row in resources(found):
        place: Place = (row["kind"], row["id"], row["from_node"], row["to_node"], row["resource"])
        if (
            row["wait_h"]
            and (row["busy_share"] or 0.0) >= BUSY_FROM
            and _can_grow(found.plan, place)
        ):
            waits[place] = row["wait_h"] * through.get(place, 0.0)
    return sorted((p for p in waits if waits[p] > 0.0), key=lambda p: (-waits[p], p))[:MOST_TRIED]


def _can_grow(plan: Plan, place: Place) -> bool:
    if _fleet(plan, place) is not None:
        return True
    labels = [label for label in plan.labels.values() if label.place == place]
    return any(label.servers or label.hours_each for label in labels)


def _fleet(plan: Plan, place: Place) -> Fleet | None:
    return next((fleet for fleet in plan.fleets if fleet_place(fleet) == place), None)


def with_one_more(plan: Plan, place: Place) -> tuple[Plan, float]:
    """Return the plan with one more of a resource, and how many more that is.

    One more ship, berth or track of a yard; a hundred TEU of a yard; a train a day.
    """
    fleet = _fleet(plan, place)
    if fleet is not None:
        own = [pool for pool in plan.model.pools if pool.id in fleet.pools]
        home = max(own, key=lambda pool: pool.units).id
        pools = tuple(
            pool.model_copy(update={"units": pool.units + (pool.id == home)})
            for pool in plan.model.pools
        )
        return replace(plan, model=plan.model.model_copy(update={"pools": pools})), 1.0
    step = 1.0
    stages = []
    for stage in plan.model.stages:
        label = plan.labels[stage.id]
        if label.place == place and label.servers:
            step = float(YARD_STEP if place[4] == "yard" else 1)
            stage = stage.model_copy(update={"servers": int(stage.servers) + int(step)})
        elif label.place == place and label.hours_each:
            headway = DAY_H / (DAY_H / stage.headway_h + step)
            stage = stage.model_copy(update={"headway_h": headway})
        stages.append(stage)
    model = plan.model.model_copy(update={"stages": tuple(stages)})
    return replace(plan, model=model), step


def _measures(case: Case) -> Mapping[tuple[str, str], list[str]]:
    """Return measures by table and row of what they change, in force or not."""
    found: dict[tuple[str, str], list[str]] = {}
    subjects = {
        row["id"]: (row["subject_table"], row["subject_id"])
        for row in case.as_read.table("operations").iter_rows(named=True)
    }
    for measure in case.measures.values():
        for change in measure.changes:
            for name in change.named_ids:
                key = (change.table, name)
                if change.table == "operations":
                    key = subjects.get(name, key)
                own = found.setdefault(key, [])
                own += [] if measure.id in own else [measure.id]
    return found
