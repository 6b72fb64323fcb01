"""What the app has to know of a case before anything is run."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, get_args

from karvan import __version__
from karvan.case import Case
from karvan.case.results import result_frame
from karvan.case.settings import LANGUAGES, Measure, Pillar, Text
from karvan.network.boundaries import read_boundaries
from karvan.network.calls import node_weights
from karvan.network.geometry import read_geometry
from karvan.network.places import suggest_places
from karvan.report.boundaries import boundaries
from karvan.report.document import catalogues
from karvan.schema import list_of
from karvan.web.models import (
    CaseInfo,
    Commodity,
    LinkLine,
    MeasureInfo,
    Pair,
    Place,
    ScenarioInfo,
)

API_VERSION = "1"
OBJECTIVES = ("time", "cost", "co2e")


def case_info(case: Case) -> CaseInfo:
    """Return the description of a case."""
    settings = case.settings
    years = {case.year, *(scenario.year for scenario in case.scenarios.values())}
    return CaseInfo(
        api=API_VERSION,
        version=__version__,
        name=settings.name,
        title=settings.title,
        languages=list(LANGUAGES),
        base_year=settings.base_year,
        years=sorted(years),
        pillars=list(get_args(Pillar)),
        objectives=list(OBJECTIVES),
        scenario=settings.scenario,
        scenarios=[
            ScenarioInfo(
                id=s.id, year=s.year, title=s.title, summary=s.summary, measures=list(s.measures)
            )
            for s in case.scenarios.values()
        ],
        measures=[_measure(measure) for measure in case.measures.values()],
        places=places(case),
        commodities=[
            Commodity(id=row["id"], names=_names(row)) for row in _rows(case, "commodities")
        ],
        commodity=settings.commodity,
        pairs=[
            Pair(
                id=row["id"],
                origin=row["origin"],
                destination=row["destination"],
                commodity=row["commodity_id"],
            )
            for row in _rows(case, "pairs")
        ],
        lines=list(_lines(case)),
        boundaries=boundaries(result_frame("boundaries", read_boundaries(case.root))),
        texts=catalogues(),
    )


def _rows(case: Case, table: str) -> list[dict[str, Any]]:
    return case.table(table).to_dicts()


def _names(row: dict[str, Any]) -> Text:
    return Text(**{language: row[f"name_{language}"] or "" for language in LANGUAGES})


def _measure(measure: Measure) -> MeasureInfo:
    return MeasureInfo(
        id=measure.id,
        title=measure.title,
        summary=measure.summary,
        pillar=measure.pillar,
        tags=list(measure.tags),
        state=measure.state,
        from_year=measure.from_year,
        authority=measure.authority,
        cost_musd=measure.cost_musd,
        cost_low_musd=measure.cost_low_musd,
        cost_high_musd=measure.cost_high_musd,
        source_ids=[
            s
            for cell in dict.fromkeys((measure.source_id, measure.cost_source_id))
            for s in list_of(cell)
        ],
        confidence=measure.confidence,
        note=measure.note,
        pending=measure.pending,
        changes=len(measure.changes),
    )


def _lines(case: Case) -> Iterator[LinkLine]:
    known = read_geometry(case.root).points
    for row in _rows(case, "links"):
        points = [[float(x) for x in point] for point in known.get(row["id"], ())]
        yield LinkLine(
            id=row["id"],
            from_node=row["from_node"],
            to_node=row["to_node"],
            mode=row["mode"],
            coordinates=points,
        )


def places(case: Case, text: str = "") -> list[Place]:
    """Return the places that `text` may mean, the likeliest first; without a text all."""
    known, weights = _known_places(case)
    return [known[node] for node in suggest_places(case.table("nodes"), text, weights)]


@lru_cache(maxsize=4)
def _known_places(case: Case) -> tuple[Mapping[str, Place], Mapping[str, tuple[bool, int]]]:
    """The places of a case by id, and how much each matters: they are asked for at every letter."""
    known = {
        row["id"]: Place(
            id=row["id"],
            locode=row["locode"] or "",
            names=_names(row),
            country=row["country"],
            kind=row["kind"],
            lat=row["lat"],
            lon=row["lon"],
        )
        for row in _rows(case, "nodes")
    }
    return known, node_weights(case.table("services"), case.table("terminals"))
