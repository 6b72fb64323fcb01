"""The simulation of a case for the terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from rich.console import RenderableType

from karvan.case.results import Results
from karvan.report.flow_words import FlowNames
from karvan.report.language import Texts
from karvan.report.simulation_words import simulation_names
from karvan.report.terminal import HOURS_PER_DAY, table_of


def summary(results: Results, texts: Texts) -> list[str]:
    """Return lines about the simulation: days of the first pair, the first bottleneck, cautions.

    The pair is the first of the case that cargo of the simulation travels between, else the
    largest journey.  A run without simulation has no lines.
    """
    journeys = results.table("simulated_journeys")
    if journeys.is_empty():
        cautions = results.table("simulation")["cautions"].to_list()
        return [texts.colon(texts("simulation"), text) for text in cautions if text]
    places = texts.names(results.table("network_nodes"))
    row = _first(results.table("input_pairs"), journeys)
    title = texts("{origin} – {destination}, simulated").format(
        origin=places.get(row["origin"], row["origin"]),
        destination=places.get(row["destination"], row["destination"]),
    )
    days = texts("mean {mean} days, nine of ten within {p90} days").format(
        mean=_days(row, "mean", texts), p90=_days(row, "p90", texts)
    )
    return [texts.colon(title, days), *_bottleneck(results, texts)]


def _first(pairs: pl.DataFrame, journeys: pl.DataFrame) -> dict[str, Any]:
    """Return the largest journey of the first pair that has one, else the largest of all."""
    by_size = journeys.sort(["arrived_teu_per_year", "journey_id"], descending=[True, False])
    for origin, destination in pairs.select("origin", "destination").iter_rows():
        own = by_size.filter(origin=origin, destination=destination)
        if not own.is_empty():
            return own.row(0, named=True)
    return by_size.row(0, named=True)


def _days(row: dict[str, Any], name: str, texts: Texts) -> str:
    middle, low, high = (row[f"{name}{end}_h"] for end in ("", "_low", "_high"))
    text = texts.number(None if middle is None else middle / HOURS_PER_DAY, 1)
    if low is None:
        return text
    ends = (texts.number(value / HOURS_PER_DAY, 1) for value in (low, high))
    return texts.bracketed(text, "–".join(ends))


def _bottleneck(results: Results, texts: Texts) -> list[str]:
    table = results.table("simulated_bottlenecks")
    gains = table.filter(pl.col("saved_low_h") > 0.0).sort("rank")
    if gains.is_empty():
        tried = not table.is_empty()
        none = texts("no single addition saves more than noise") if tried else texts("none")
        return [texts.colon(texts("first bottleneck, simulated"), none)]
    row = gains.row(0, named=True)
    saved = texts("one more saves {hours} h a TEU").format(hours=texts.number(row["saved_h"], 1))
    place = simulation_names(results.table, texts).resource(row)
    return [texts.colon(texts("first bottleneck, simulated"), texts.clauses((place, saved)))]


def comparison(
    changes: Iterable[Any], names: FlowNames, journeys: Mapping[str, str]
) -> RenderableType:
    """Return what changed in the simulation: what arrives, and how long it takes.

    `journeys` gives the names of the later run's journeys by their ids.
    """
    texts = names.texts
    table = table_of(
        texts("Simulated journeys"),
        [
            (texts("journey"), False),
            (texts("TEU a year"), True),
            (texts("days, mean"), True),
            (texts("days, nine of ten"), True),
        ],
    )
    for change in changes:
        own = names.alternative(change.alternative_id)
        if change.journey_id:
            own = journeys.get(change.later_id, change.journey_id)
        table.add_row(
            own,
            _cell(change.teu, 1.0, 0, texts),
            _cell(change.mean_h, HOURS_PER_DAY, 1, texts),
            _cell(change.p90_h, HOURS_PER_DAY, 1, texts),
        )
    table.caption = texts("In brackets: the 95% interval of the change.")
    table.caption_justify, table.caption_style = "left", "none"
    return table


def _cell(difference: Any, scale: float, digits: int, texts: Texts) -> str:  # noqa: ANN401 - of runs
    def shown(value: float | None) -> str:
        return texts.number(None if value is None else value / scale, digits)

    text = f"{shown(difference.before)} → {shown(difference.after)}"
    if difference.change is None:
        return text
    return texts.bracketed(text, f"{shown(difference.low)} … {shown(difference.high)}")
