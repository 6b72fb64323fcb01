"""The stages of a run: what each reads and writes, and the function that does it.

Plan, progress, cache keys, resumption and the diagram in the documentation all come from
:data:`STAGES`.  A stage sees the case and the tables of earlier stages, and returns tables.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from karvan.case import Case
from karvan.case.checks import require_sound
from karvan.case.results import result_frame
from karvan.case.texts import TRANSLATED, free_texts, read_catalogue
from karvan.evidence.claims import evaluate_claims
from karvan.evidence.state import evidence_state
from karvan.freight.routing import network_at
from karvan.network import skims
from karvan.network.boundaries import read_boundaries
from karvan.network.geometry import read_geometry
from karvan.network.model import Row
from karvan.runs.assignment_tables import TABLES, assignment_tables
from karvan.runs.definitions import measure_rows, scenario_rows
from karvan.runs.itinerary_tables import itinerary_tables
from karvan.runs.score_tables import TABLES as SCORE_TABLES
from karvan.runs.score_tables import score_tables
from karvan.runs.simulation_tables import REPLICATIONS, simulation_tables
from karvan.runs.simulation_tables import TABLES as SIMULATION_TABLES
from karvan.runs.validation import validate
from karvan.schema import INPUT, tables

Tables = Mapping[str, pl.DataFrame]
NETWORK_TABLES = ("nodes", "rates", "links", "transfers", "services", "calendars", "commodities")
ASSIGNMENT_TABLES = (*NETWORK_TABLES, "terminals", "flows", "alternatives", "constants", "markets")
SCORE_INPUTS = ("indicators", "units", "indicator_values", "observations")
ALL_TABLES = tuple(tables())


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a run may simulate.

    Attributes
    ----------
    replications : int
        Of a year; the fewest where a precision is asked for.
    precision : float or None
        Share of the mean times that the half-width of their intervals may have.
    """

    replications: int = REPLICATIONS
    precision: float | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a stage is given beside the case.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        Result tables of earlier stages, those that the stage says it `uses`.
    seed : int
        Of the run.
    effort : Effort
    """

    tables: Tables = field(default_factory=dict)
    seed: int = 0
    effort: Effort = field(default_factory=Effort)


Function = Callable[[Case, Callable[[float], None], Given], Tables]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a run.

    Attributes
    ----------
    name : str
    title : str
        What a user sees while it runs; a key of the text catalogues.
    function : callable
        ``(case, progress, given) -> tables``; `progress` takes the share done, 0 to 1.
    reads : tuple of str
        Tables of the case that it depends on, also by what it uses of earlier stages.
    writes : tuple of str
        Result tables.
    uses : tuple of str
        Result tables of earlier stages that it is given.
    reads_definitions : bool
        Whether it also looks at measures and scenarios that are not applied.
    reads_applied : bool
        Whether it also says which measures are applied, and keeps files beside the tables.
    simulates : bool
        Whether it depends on how long a run may simulate.
    as_read : bool
        Whether its tables are those of the case as read, whatever the run has changed.
    """

    name: str
    title: str
    function: Function
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    uses: tuple[str, ...] = ()
    reads_definitions: bool = False
    reads_applied: bool = False
    simulates: bool = False
    as_read: bool = False


def _check(case: Case, progress: Callable[[float], None], given: Given) -> Tables:
    problems = require_sound(case)
    rows = [
        {
            "check": p.check,
            "where": p.where,
            "severity": p.severity,
            "found": p.found,
            "expected": p.expected,
            "hint": p.hint,
        }
        for p in problems
    ]
    return {"problems": result_frame("problems", rows)}


def _network(case: Case, progress: Callable[[float], None], given: Given) -> Tables:
    network = network_at(case)
    calls = pl.Series(network.state_node[network.state_carrier >= 0]).value_counts()
    carriers = dict(calls.iter_rows())
    nodes = [
        {**row, "carriers": carriers.get(n, 0) // 2} for n, row in enumerate(network.node_rows)
    ]
    progress(0.2)
    rates = {row["id"]: row for row in case.table("rates").iter_rows(named=True)}
    open_links = {str(arc.link["id"]): arc.link for arc in network.arcs if arc.link is not None}
    links = [
        {**link, **_in_general(link, rates[link["rate_id"]], network.payload_t_per_teu)}
        for _, link in sorted(open_links.items())
    ]
    table = skims(network)
    progress(0.9)
    pairs = [
        {
            "origin": origin,
            "destination": destination,
            "time_h": float(table.time_h[i, j]),
            "cost_usd_per_teu": float(table.cost_usd_per_teu[i, j]),
            "co2e_kg_per_teu": float(table.co2e_kg_per_teu[i, j]),
        }
        for i, origin in enumerate(table.origins)
        for j, destination in enumerate(table.node_ids)
        if table.time_h[i, j] < float("inf")
    ]
    return {
        "network_nodes": result_frame("network_nodes", nodes),
        "network_links": result_frame("network_links", links),
        "skims": result_frame("skims", pairs),
    }


def _in_general(link: Row, rate: Row, payload_t_per_teu: float) -> dict[str, float]:
    """Time, money and emissions of trains and ships that belong to no service."""
    km = link["length_km"]
    hours = link["travel_h"] if link["travel_h"] is not None else km / rate["speed_kmh"]
    return {
        "move_h": hours * rate["general_time_factor"],
        "cost_usd_per_teu": km * rate["cost_usd_per_teu_km"] * rate["general_cost_factor"],
        "co2e_kg_per_teu": km * rate["co2e_g_per_tkm"] * payload_t_per_teu / 1000.0,
    }


def _evidence(case: Case, progress: Callable[[float], None], given: Given) -> Tables:
    state = evidence_state(case.tables)
    claims = evaluate_claims(
        case.table("claims"), case.table("observations"), case.table("series"), case.table("events")
    )
    return {
        "evidence_state": result_frame("evidence_state", state.iter_rows(named=True)),
        "claims": result_frame("claims", claims.iter_rows(named=True)),
    }


def _validation(case: Case, progress: Callable[[float], None], given: Given) -> Tables:
    return {"validation": validate(case, progress)}


def _inputs(case: Case, progress: Callable[[float], None], given: Given) -> Tables:
    """Copy what readers of the results need: tables as used, measures, texts, lines."""
    drawn = read_geometry(case.root)
    lines = [
        {
            "link_id": link,
            "coordinates": " ".join(f"{lon:g},{lat:g}" for lon, lat in points),
            "attribution": drawn.attribution,
        }
        for link, points in sorted(drawn.points.items())
    ]
    copies = {
        INPUT + name: result_frame(INPUT + name, case.table(name).iter_rows(named=True))
        for name in tables()
    }
    return {
        **copies,
        "measures": result_frame("measures", measure_rows(case)),
        "scenarios": result_frame("scenarios", scenario_rows(case)),
        "texts": result_frame("texts", _translations(case)),
        "geometry": result_frame("geometry", lines),
        "boundaries": result_frame("boundaries", read_boundaries(case.root)),
    }


def _itineraries(case: Case, progress: Callable[[float], None], given: Given) -> Tables:
    return itinerary_tables(case, progress)


def _assign(case: Case, progress: Callable[[float], None], given: Given) -> Tables:
    return assignment_tables(case, progress)


def _simulate(case: Case, progress: Callable[[float], None], given: Given) -> Tables:
    return simulation_tables(
        case,
        progress,
        seed=given.seed,
        replications=given.effort.replications,
        precision=given.effort.precision,
    )


def _score(case: Case, progress: Callable[[float], None], given: Given) -> Tables:
    return score_tables(case, progress, given.tables, given.seed)


def _translations(case: Case) -> Iterator[dict[str, str]]:
    """Translations of the case's free texts, those of one text together.

    They are of the case as it was read: runs of two scenarios have the same.
    """
    texts = sorted({one.text for one in free_texts(case.as_read)})
    catalogues = {language: read_catalogue(case.root, language) for language in TRANSLATED}
    for text in texts:
        for language, catalogue in catalogues.items():
            if text in catalogue:
                yield {"language": language, "text": text, "translation": catalogue[text]}


STAGES: tuple[Stage, ...] = (
    Stage("check", "checking the case", _check, ALL_TABLES, ("problems",), reads_definitions=True),
    Stage(
        "network",
        "compiling the network",
        _network,
        NETWORK_TABLES,
        ("network_nodes", "network_links", "skims"),
    ),
    Stage(
        "itineraries",
        "searching itineraries",
        _itineraries,
        (*NETWORK_TABLES, "pairs"),
        ("itineraries", "legs"),
    ),
    Stage(
        "assign",
        "assigning freight",
        _assign,
        ASSIGNMENT_TABLES,
        TABLES,
        reads_definitions=True,
        reads_applied=True,
    ),
    Stage(
        "score",
        "scoring the five pillars",
        _score,
        (*ASSIGNMENT_TABLES, "pairs", *SCORE_INPUTS),
        SCORE_TABLES,
        uses=("itineraries", "legs", "bottlenecks"),
    ),
    Stage(
        "inputs",
        "keeping what was used",
        _inputs,
        ALL_TABLES,
        (
            *(INPUT + name for name in tables()),
            "measures",
            "scenarios",
            "texts",
            "geometry",
            "boundaries",
        ),
        reads_definitions=True,
        reads_applied=True,
    ),
    Stage(
        "evidence",
        "weighing the evidence",
        _evidence,
        ALL_TABLES,
        ("evidence_state", "claims"),
    ),
    Stage(
        "validation",
        "comparing with reported facts",
        _validation,
        (*ASSIGNMENT_TABLES, "operations", "fleets", "validation"),
        ("validation",),
        reads_definitions=True,
        as_read=True,
    ),
    # Last, because it takes longest and nothing waits for it.
    Stage(
        "simulate",
        "simulating the corridor",
        _simulate,
        (*ASSIGNMENT_TABLES, "operations", "fleets"),
        SIMULATION_TABLES,
        reads_definitions=True,
        simulates=True,
    ),
)
