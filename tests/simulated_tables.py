"""Result tables of a simulation made by rule from the tables of a finished run: no simulation.

Nothing in them was simulated; they have the form, the sizes and the odd cases (an overload, gains
within noise, unknown intervals) that pages and papers must show.
"""

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from flow_tables import filled
from karvan.case.results import Results, read_results, result_frame, write_table

Row = dict[str, Any]
DAYS = 60
JOURNEYS = 8
SPREAD = 0.03
"""Half-width of the intervals, relative."""
TEU = 50.0
CAUTIONS = (
    "link sea: more arrives than track can serve; the line grows by 0.3 trains a day",
    "service ferry: more arrives at east-port than its departures take; the line grows by 1.5 "
    "lots a day",
    "A longer warm-up would move the mean by more than its half-width.",
)
"""One that a row of the resources says as well, one that is known, one that is not."""


def with_simulation(run: Results, root: Path) -> Results:
    """Copy a finished run and put simulation tables beside its own."""
    shutil.copytree(run.root, root)
    for name, rows in simulated(run).items():
        write_table(root, name, result_frame(name, rows))
    return read_results(root)


def simulated(run: Results) -> dict[str, list[Row]]:
    """Return the rows of every simulation table."""
    best = run.table("itineraries").filter(pl.col("rank") == 1).head(JOURNEYS).to_dicts()
    legs = run.table("legs").filter(pl.col("rank") == 1).sort("pair_id", "leg")
    steps = {row["pair_id"]: list(_waits(row, legs)) for row in best}
    resources = list(_resources(run))
    return {
        "simulation": [_simulation()],
        "simulated_journeys": [_journey(row, steps[row["pair_id"]]) for row in best],
        "simulated_times": [t for row in best for t in _times(row)],
        "simulated_waits": [wait for waits in steps.values() for wait in waits],
        "simulated_resources": resources,
        "simulated_months": [m for row in resources for m in _months(row)] + list(_throughput(run)),
        "simulated_bottlenecks": list(_bottlenecks(resources)),
        "simulated_movements": list(_movements(run)),
    }


def around(name: str, unit: str, value: float, spread: float = SPREAD) -> Row:
    """A value with its interval, in the columns that the tables have for it."""
    tail = f"_{unit}" if unit else ""
    half = abs(value) * spread
    return {
        f"{name}{tail}": value,
        f"{name}_low{tail}": value - half,
        f"{name}_high{tail}": value + half,
    }


def _simulation() -> Row:
    cautions = "\n".join(CAUTIONS)
    return filled(
        "simulation", model_hash="0f" * 16, seed=2026, replications=30, lost=1, horizon_h=8760.0,
        warmup_h=720.0, events=25_000_000, level_share=0.95, precision_share=0.021,
        law_error=2e-13, cautions=cautions,
    )  # fmt: skip


def _journey(row: Row, waits: list[Row]) -> Row:
    mean = sum(wait["mean_h"] for wait in waits)
    values = filled("simulated_journeys", alternative_id="middle-trans-caspian") | {
        "journey_id": row["pair_id"],
        **{k: row[k] for k in ("origin", "destination", "commodity_id", "nodes")},
        **around("arrived", "teu_per_year", 1000.0 + 90.0 * len(row["pair_id"])),
        "left_behind_teu": 12.0,
        **around("mean", "h", mean),
    }
    for name, factor in (("p10", 0.75), ("p50", 0.97), ("p90", 1.3)):
        values |= around(name, "h", factor * mean)
    return values


def _times(row: Row) -> Iterator[Row]:
    middle = row["mean_h"] / 24.0
    days = range(int(middle * 0.6), int(middle * 1.8) + 1)
    weights = [math.exp(-((math.log((day + 0.5) / middle)) ** 2) / 0.08) for day in days]
    for day, weight in zip(days, weights, strict=True):
        share = around("arrived", "share", weight / sum(weights), 4 * SPREAD)
        yield {"journey_id": row["pair_id"], "day": day, **share}


def _waits(row: Row, legs: pl.DataFrame) -> Iterator[Row]:
    step = 0

    def wait(cause: str, hours: float, kind: str, name: str, node: str, to: str = "") -> Row:
        return {
            "journey_id": row["pair_id"], "step": step, "cause": cause, "kind": kind, "id": name,
            "node": node, "to_node": to, **around("mean", "h", hours),
        }  # fmt: skip

    for leg in legs.filter(pl.col("pair_id") == row["pair_id"]).iter_rows(named=True):
        step += 1
        place = {"kind": "transfer", "name": f"{leg['origin']}-step", "node": leg["origin"]}
        yield wait("handling", 0.6 * leg["dwell_h"], **place)
        yield wait("customs", 0.2 * leg["dwell_h"], **place)
        yield wait("queue", 0.2 * leg["dwell_h"] + 0.5 * step, **place)
        step += 1
        ends = {"node": leg["origin"], "to": leg["destination"]}
        if leg["service"]:
            yield wait("batch", 0.8 * leg["wait_h"] + 1.0, "service", leg["service"], **ends)
            if leg["mode"] != "rail":
                yield wait("closure", 9.0, "service", leg["service"], **ends)
                yield wait("pool", 4.0, "service", leg["service"], **ends)
        links = leg["links"].split(";")
        nodes = leg["nodes"].split(";")
        for link, start, end in zip(links, nodes[:-1], nodes[1:], strict=True):
            step += 1
            yield wait("moving", leg["move_h"] / len(links), "link", link, start, end)
            if step % 4 == 0:
                yield wait("blocked", 1.5, "link", link, start, end)


def _resources(run: Results) -> Iterator[Row]:
    tight = run.table("bottlenecks").head(14).to_dicts()
    words = {"link": ("track", "trains"), "service": ("vessels", "vessels")}
    for n, row in enumerate(tight):
        word, unit = words.get(row["kind"], ("berth", "vessels"))
        busy = 0.98 - 0.05 * n
        yield filled("simulated_resources", kind=row["kind"], id=row["id"], resource=word) | {
            "from_node": row["from_node"] or "", "to_node": row["to_node"] or "", "servers": 2.0,
            "unit": unit, "passed_teu_per_year": 9000.0 - 300.0 * n, "waiting": 4.0 * busy**8,
            "growth_per_day": 0.3 if n == 0 else None,
            **around("busy", "share", busy), **around("passed", "", 400.0 - 10.0 * n),
            **around("wait", "h", 30.0 * busy**6),
        }  # fmt: skip


def _months(row: Row) -> Iterator[Row]:
    for month in range(1, 13):
        season = 1.0 - 0.18 * math.cos((month - 7) / 6.0 * math.pi)
        yield {
            **{k: row[k] for k in ("kind", "id", "from_node", "to_node", "resource")},
            "month": month,
            **around("busy", "share", min(1.0, row["busy_share"] * season)),
            **around("passed", "teu", row["passed_teu_per_year"] / 12.0 * season),
        }


def _throughput(run: Results) -> Iterator[Row]:
    for n, row in enumerate(run.table("input_alternatives").head(2).iter_rows(named=True)):
        for month in range(1, 13):
            teu = (4000.0 - 1500.0 * n) * (1.0 - 0.2 * math.cos((month - 7) / 6.0 * math.pi))
            yield filled("simulated_months", kind="corridor", id=row["id"], month=month) | {
                **dict.fromkeys(("from_node", "to_node", "resource"), ""),
                **around("passed", "teu", teu),
            }


def _bottlenecks(resources: list[Row]) -> Iterator[Row]:
    for n, row in enumerate(resources):
        saved, half = 6.0 - 1.1 * n, 1.0
        yield {
            **{k: row[k] for k in ("kind", "id", "from_node", "to_node", "resource")},
            "rank": n + 1, "step": 1.0, "saved_h": saved, "saved_low_h": saved - half,
            "saved_high_h": saved + half, "replications": 30,
            "measures": "alat-port-phase-2;btk-modernisation" if n == 1 else "",
        }  # fmt: skip


def _movements(run: Results) -> Iterator[Row]:
    """Trains and vessels out and back on the first itineraries, one after the other."""
    legs = run.table("legs").filter(pl.col("rank") == 1).unique("links").sort("pair_id", "leg")
    for n, leg in enumerate(legs.head(30).iter_rows(named=True)):
        kind = {"rail": "train", "road": "truck"}.get(leg["mode"], "vessel")
        for v in range(3):
            hour, ends = 4.0 * n + 17.0 * v, (leg["origin"], leg["destination"])
            links = leg["links"].split(";")
            for turn in range(40):
                if hour + leg["move_h"] > 24.0 * DAYS:
                    break
                forward = turn % 2 == 0
                yield {
                    "vehicle": f"{kind}-{n}-{v}", "leg": turn + 1, "kind": kind,
                    "service": leg["service"], "from_node": ends[0 if forward else 1],
                    "to_node": ends[1 if forward else 0],
                    "links": ";".join(links if forward else links[::-1]), "departs_h": hour,
                    "arrives_h": hour + leg["move_h"], "load_teu": TEU if forward else 0.0,
                    "places_teu": 2 * TEU,
                }  # fmt: skip
                hour += leg["move_h"] + 13.0
