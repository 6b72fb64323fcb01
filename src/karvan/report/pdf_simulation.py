"""The simulation in the PDF report: the distribution of one journey, its waits, the bottlenecks."""

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from karvan.report.flow_words import main_alternative
from karvan.report.pdf_reader import HOURS_PER_DAY, Block, Reader, Row, cells
from karvan.report.simulation_words import (
    SimulationNames,
    calibrated_waits,
    caution_text,
    cautions_of,
    estimate,
    estimate_text,
    simulation_names,
)

FIRST_JOURNEYS, FIRST_WAITS, FIRST_BOTTLENECKS = 8, 10, 10
LEAST_SHARE = 0.0005
"""Below it the tails of a distribution are not drawn."""
MOST_MARKS = 8
HEADROOM = 1.05
MOVING = "moving"


def simulation(reader: Reader) -> Block | None:
    """Return how long simulated journeys take, the first of them as a picture."""
    run, journeys = reader.rows("simulation"), _journeys(reader)
    if not run or not journeys:
        return None
    texts, names = reader.texts, _names(reader)
    first = journeys[0]
    values = {name: reader.days(first[f"{name}_h"]) for name in ("p10", "p50", "p90", "mean")}
    lead = texts(
        "Of 100 shipments from {from} to {to}, 10 arrive within {p10} days, 50 within {p50} and "
        "90 within {p90}; the mean is {mean} days."
    ).format_map(
        {**values, "from": reader.place(first["origin"]), "to": reader.place(first["destination"])}
    )
    return {
        "title": texts("The corridor in motion"),
        "lead": lead,
        "columns": _picture(reader, first, _journey_name(reader, names, first)),
        "head": reader.head(
            (texts("journey"), "left"),
            (texts("days, mean"), "right"),
            (texts("p10–p90"), "right"),
            (texts("TEU a year"), "right"),
        ),
        "widths": [1, 0, 0, 0],
        "rows": [_journey_cells(reader, names, row) for row in journeys[:FIRST_JOURNEYS]],
        "note": _note(reader, names, run[0], len(journeys)),
    }


def waits(reader: Reader) -> Block | None:
    """Return where the time of the first journey goes: by cause, and the longest waits."""
    journeys = _journeys(reader)
    if not journeys:
        return None
    own = reader.table("simulated_waits").filter(pl.col("journey_id") == journeys[0]["journey_id"])
    total = float(own["mean_h"].sum())
    if not total:
        return None
    texts, names = reader.texts, _names(reader)
    by_cause = (
        own.group_by("cause")
        .agg(pl.col("mean_h").sum())
        .sort("mean_h", "cause", descending=[True, False])
    )
    parts = [
        texts.colon(names.cause(cause), texts("{days} days").format(days=reader.days(hours)))
        for cause, hours in by_cause.rows()
        if hours and round(hours / HOURS_PER_DAY, 1) > 0.0
    ]
    standing = own.filter(pl.col("cause") != MOVING)
    longest = standing.sort("mean_h", "step", descending=[True, False]).head(FIRST_WAITS)
    return {
        "title": texts("Where the time goes"),
        "lead": texts("Of {total} days in the mean: {parts}.").format(
            total=reader.days(total), parts=texts.clauses(parts)
        ),
        "head": reader.head(
            (texts("place or way"), "left"),
            (texts("cause"), "left"),
            (texts("hours, mean"), "right"),
        ),
        "widths": [1, 0, 0],
        "rows": [
            cells([names.step(row), names.cause(row["cause"]), _hours(reader, row, "mean")])
            for row in longest.iter_rows(named=True)
        ],
        "note": _waits_note(reader, names, journeys[0], own),
    }


def _waits_note(reader: Reader, names: SimulationNames, journey: Row, own: pl.DataFrame) -> str:
    texts = reader.texts
    lines = [
        texts("The longest times at one step, moving left out; {journey}.").format(
            journey=_journey_name(reader, names, journey)
        )
    ]
    fitted: dict[str, float] = {}
    for row in calibrated_waits(own, reader.table("input_operations")):
        step = names.step(row)
        fitted[step] = fitted.get(step, 0.0) + row["mean_h"]
    if fitted:
        parts = [
            texts.colon(step, texts("{hours} h").format(hours=texts.number(hours, 1)))
            for step, hours in fitted.items()
        ]
        lines.append(
            texts(
                "Not measured, but chosen so that the reported times of journeys come out: {parts}."
            ).format(parts=texts.clauses(parts))
        )
    return ("" if reader.language == "zh" else " ").join(lines)


def bottlenecks(reader: Reader) -> Block | None:
    """Return what one more of each resource saves, with its paired interval."""
    rows = reader.table("simulated_bottlenecks").sort("rank").head(FIRST_BOTTLENECKS).to_dicts()
    if not rows:
        return None
    texts, names = reader.texts, _names(reader)
    titles = reader.names("measures", "title")
    return {
        "title": texts("Bottlenecks: what one more would save"),
        "head": reader.head(
            (texts("what there is one more of"), "left"),
            (texts("hours saved a TEU"), "right"),
            (texts("verdict"), "left"),
            (texts("measures that change it"), "left"),
        ),
        "widths": [3, 0, 0, 2],
        "rows": [
            cells(
                [
                    names.resource(row),
                    _hours(reader, row, "saved"),
                    names.verdict(row),
                    _measures(reader, row, titles),
                ]
            )
            for row in rows
        ],
        "note": texts(
            "Each was enlarged alone, with the same storms, delays and arrivals before and after; "
            "the hours are the mean of all simulated journeys, per TEU. Where the interval holds "
            "zero, the change is not more than noise."
        ),
    }


def _names(reader: Reader) -> SimulationNames:
    return simulation_names(reader.table, reader.texts)


def _journeys(reader: Reader) -> list[dict[str, Any]]:
    """Return the largest journey of each pair and cargo, the first pairs of the case first."""
    pairs = [(row["origin"], row["destination"]) for row in reader.rows("input_pairs")]
    order = {pair: n for n, pair in reversed(list(enumerate(pairs)))}
    main = main_alternative(reader.table("input_alternatives"))
    largest: dict[tuple[str, ...], dict[str, Any]] = {}
    rows = reader.rows("simulated_journeys")
    teu = "arrived_teu_per_year"
    for row in sorted(rows, key=lambda row: (row["alternative_id"] != main, -(row[teu] or 0.0))):
        key = (row["origin"], row["destination"], row["commodity_id"])
        largest.setdefault(key, row)
    first = [(order.get(key[:2], len(order)), -(row[teu] or 0.0)) for key, row in largest.items()]
    numbered = sorted(zip(first, largest.values(), strict=True), key=lambda pair: pair[0])
    return [row for _, row in numbered]


def _journey_name(reader: Reader, names: SimulationNames, row: Row) -> str:
    route = row["alternative_id"]
    way = reader.way(row)
    return reader.texts.clauses([way, names.flows.alternative(route)]) if route else way


def _journey_cells(reader: Reader, names: SimulationNames, row: Row) -> list[Block]:
    arrived = estimate(row, "arrived", "teu_per_year")
    return cells(
        [
            _journey_name(reader, names, row),
            estimate_text(estimate(row, "mean", "h"), reader.texts, reader.days),
            reader.range(row),
            estimate_text(arrived, reader.texts, reader.texts.number),
        ]
    )


def _hours(reader: Reader, row: Row, name: str) -> str:
    found = estimate(row, name, "h")
    return estimate_text(found, reader.texts, lambda hours: reader.texts.number(hours, 1))


def _measures(reader: Reader, row: Row, titles: Mapping[str, str]) -> str:
    named = [titles.get(name, name) for name in (row["measures"] or "").split(";") if name]
    return reader.texts.clauses(named) or "–"


def _note(reader: Reader, names: SimulationNames, run: Row, count: int) -> str:
    texts = reader.texts
    level = reader.percent(run["level_share"] or 0.0)
    stop, space = ("。", "") if reader.language == "zh" else (".", " ")
    made = [
        texts.colon(texts("replications"), texts.number(run["replications"])),
        texts.colon(texts("seed of random numbers"), run["seed"]),
    ]
    lines = []
    if run["replications"] > 1:
        lines += [
            texts(
                "The numbers in brackets are {level} intervals: where the mean would lie if very "
                "many such years were played. They speak of chance in the model, not of what the "
                "model leaves out."
            ).format(level=level),
        ]
    if count > FIRST_JOURNEYS:
        lines.append(
            texts(
                "The first {shown} of {count} journeys; the tables of the results hold all."
            ).format(shown=FIRST_JOURNEYS, count=count)
        )
    lines += [reader.capital(texts.clauses(made)) + stop]
    growing = [
        texts(
            "More arrives than can be served: {where}. The line grows by {growth} a day; times "
            "there are those of this year and would rise further."
        ).format(where=names.resource(row), growth=texts.number(row["growth_per_day"], 1))
        for row in reader.rows("simulated_resources")
        if (row["growth_per_day"] or 0.0) > 0.0
    ]
    lines += growing
    lines += [caution_text(line, names) for line in cautions_of(run)]
    return space.join(lines)


def _picture(reader: Reader, journey: Row, name: str) -> Block | None:
    """Return the distribution of a journey as columns, all places between 0 and 1."""
    own = reader.table("simulated_times").filter(pl.col("journey_id") == journey["journey_id"])
    rows = own.sort("day").to_dicts()
    if any(journey[f"{name}_h"] is None for name in ("p10", "p90")):
        return None
    seen = [n for n, row in enumerate(rows) if (row["arrived_share"] or 0.0) >= LEAST_SHARE]
    if not seen:
        return None
    rows = rows[seen[0] : seen[-1] + 1]
    first, last = rows[0]["day"], rows[-1]["day"] + 1
    ends = [value for row in rows for value in estimate(row, "arrived", "share") if value]
    top = HEADROOM * max(ends)
    low, high = (journey[f"{name}_h"] / HOURS_PER_DAY for name in ("p10", "p90"))
    bars = []
    for row in rows:
        value, least, most = estimate(row, "arrived", "share")
        bars.append(
            {
                "x": (row["day"] - first) / (last - first),
                "height": (value or 0.0) / top,
                "ends": [] if least is None or most is None else [least / top, most / top],
                "strong": row["day"] + 1 > low and row["day"] < high,
            }
        )
    step = math.ceil((last - first) / MOST_MARKS)
    marks = [day for day in range(first, last + 1) if day % step == 0]
    texts = reader.texts
    return {
        "title": texts.colon(texts("Shipments by days door to door"), name),
        "width": 1.0 / (last - first),
        "bars": bars,
        "marks": [
            {"x": (day - first) / (last - first), "text": texts.number(day)} for day in marks
        ],
        "heights": [
            {"y": share / top, "text": reader.fine_percent(share)} for share in _shares(top)
        ],
        "note": texts("Dark bars: eight of ten shipments. Thin lines: intervals."),
    }


def _shares(top: float) -> list[float]:
    """Return two or three round shares below the top."""
    step = next(s for s in (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if top / s < 4.0 or s == 0.5)
    return [step * n for n in range(1, int(top / step) + 1)]
