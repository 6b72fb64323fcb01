"""What goes over the wire; the OpenAPI document is made from these declarations."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from karvan.case.settings import Pillar, Text

RUN_ID = r"^[0-9a-f]{16}$"
ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
TABLE_NAME = r"^[a-z][a-z_]{0,59}$"

State = Literal["queued", "running", "done", "failed", "cancelled"]
Cell = str | int | float | bool | None


class Sent(BaseModel):
    """What the server sends: all fields are there, none is unknown."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class ErrorBody(Sent):
    """What is wrong, and what to do."""

    code: str
    message: str
    hint: str


class Failure(Sent):
    """Every answer with a status of 400 or more."""

    error: ErrorBody


class Question(BaseModel):
    """What a run is asked: a scenario, further measures, a year.

    Measures of the scenario need not be named again.  The order of `measures` does not matter:
    they are applied in the order in which the case lists them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    scenario: Annotated[
        str | None,
        Field(description="Id of a scenario; empty for the case as it is; null for its default."),
    ] = None
    measures: Annotated[
        list[str],
        Field(max_length=500, description="Ids of measures to take beside those of the scenario."),
    ] = []
    without: Annotated[
        list[str], Field(max_length=500, description="Measures of the scenario to leave out.")
    ] = []
    year: Annotated[
        Annotated[int, Field(ge=1000, le=2200)] | None,
        Field(description="Year, instead of the scenario's."),
    ] = None

    @field_validator("year", mode="before")
    @classmethod
    def _whole_number(cls, value: Any) -> Any:  # noqa: ANN401 - whatever was sent
        # To JSON 2030.0 is a whole number.
        return int(value) if isinstance(value, float) and value.is_integer() else value


class StageState(Sent):
    """One stage of a run."""

    name: str
    title: str
    state: Literal["waiting", "running", "kept", "done"]
    seconds: float


class Run(Sent):
    """A run: what was asked, and how far it is."""

    id: Annotated[str, Field(pattern=RUN_ID)]
    state: State
    scenario: str
    year: int
    measures: Annotated[list[str], Field(description="All that are applied, in order.")]
    stage: Annotated[str, Field(description="Title of the stage that is running; else empty.")]
    share: Annotated[float, Field(ge=0, le=1, description="Share of the run that is done.")]
    seconds: Annotated[float, Field(ge=0, description="Time the stages took so far.")]
    stages: list[StageState]
    position: Annotated[int, Field(ge=0, description="Runs that must end first.")]
    error: ErrorBody | None


class RunList(Sent):
    """Runs, the latest first."""

    total: int
    offset: int
    limit: int
    runs: list[Run]


class TableColumn(Sent):
    """A column of a result table."""

    name: str
    type: Literal["text", "prose", "number", "integer", "boolean"]
    unit: str
    key: bool
    description: str


class TableInfo(Sent):
    """A result table."""

    name: str
    rows: int
    columns: list[TableColumn]


class TableList(Sent):
    """The tables of a run."""

    tables: list[TableInfo]


class TablePage(Sent):
    """Some rows of a result table."""

    name: str
    total: int
    offset: int
    limit: int
    columns: list[TableColumn]
    rows: list[list[Cell]]


class DocumentTable(BaseModel):
    """A table of a document: its columns, and its rows as lists in their order."""

    columns: list[TableColumn]
    rows: list[list[Cell]]


class LaterPart(BaseModel):
    """What a part of a document holds; the same digest is the same part, whatever the run."""

    digest: str
    rows: Annotated[dict[str, int], Field(description="Number of rows of each of its tables.")]


class DocumentInfo(BaseModel):
    """The document of a run; of its keys a later part has only `tables`."""

    format: int = 1
    meta: dict[str, Any] = {}
    tables: dict[str, DocumentTable]
    texts: dict[str, dict[str, str]] = {}
    boundaries: dict[str, Any] = {}
    later: Annotated[
        dict[str, LaterPart], Field(description="Only in the first part: the other parts.")
    ] = {}


class ScenarioInfo(Sent):
    """A scenario of the case."""

    id: str
    year: int
    title: Text
    summary: Text | None
    measures: list[str]


class MeasureInfo(Sent):
    """A measure of the case; `changes` is how many cells and rows it touches."""

    id: str
    title: Text
    summary: Text | None
    pillar: Pillar
    tags: list[str]
    state: str
    from_year: int
    authority: str
    cost_musd: float | None
    cost_low_musd: float | None
    cost_high_musd: float | None
    source_ids: list[str]
    confidence: str
    note: str
    pending: str
    changes: int


class Place(Sent):
    """A place of the case."""

    id: str
    locode: str
    names: Text
    country: str
    kind: str
    lat: float
    lon: float


class Commodity(Sent):
    """What is carried."""

    id: str
    names: Text


class Pair(Sent):
    """Origin and destination that every run answers for."""

    id: str
    origin: str
    destination: str
    commodity: str


class LinkLine(Sent):
    """A link on the map; without coordinates it is drawn straight."""

    id: str
    from_node: str
    to_node: str
    mode: str
    coordinates: list[list[float]]


class CaseInfo(Sent):
    """All that the app needs to know of a case before anything is run."""

    api: str
    version: str
    name: str
    title: Text
    languages: list[str]
    base_year: int
    years: list[int]
    pillars: list[str]
    objectives: list[str]
    scenario: Annotated[str, Field(description="The default; empty for the case as it is.")]
    scenarios: list[ScenarioInfo]
    measures: list[MeasureInfo]
    places: list[Place]
    commodities: list[Commodity]
    commodity: Annotated[str, Field(description="The default.")]
    pairs: list[Pair]
    lines: list[LinkLine]
    boundaries: Annotated[
        dict[str, Any], Field(description="Country polygons as in the document of a run.")
    ]
    texts: Annotated[
        dict[str, dict[str, str]], Field(description="Translations by language and English text.")
    ]


class PlaceList(Sent):
    """Places, those that fit best first."""

    total: int
    offset: int
    limit: int
    places: list[Place]


class TableDiff(Sent):
    """Rows that a table gained, lost or changed."""

    table: str
    added: int
    removed: int
    changed: int


class CellDiff(Sent):
    """A cell that differs; `relative` is null where the value before was zero or is no number."""

    table: str
    key: list[Cell]
    column: str
    unit: str
    before: Cell
    after: Cell
    relative: float | None


class PairDiff(Sent):
    """The recommended itinerary of a pair in both runs; null where there is none."""

    pair_id: str
    before: dict[str, Cell] | None
    after: dict[str, Cell] | None


class ScorePart(Sent):
    """What an indicator moves its pillar by, or a pillar the index; in points of 0 to 100."""

    element_id: str
    points: float


class ScoreDiff(Sent):
    """A pillar or index of a pair of countries that moved; null where a run has no score.

    The interval is that of the change over draws that both runs share; a change is more than noise
    where it lies on one side of zero.
    """

    unit_id: str
    element_id: str
    before: float | None
    after: float | None
    change_low: float | None
    change_high: float | None
    beyond_noise: bool
    parts: list[ScorePart]


class Difference(Sent):
    """A number in both runs, and what it changed by replication by replication, with its interval.

    The change is null where the runs were drawn with other seeds, or have too few replications.
    """

    before: float | None
    after: float | None
    change: float | None
    low: float | None
    high: float | None


class JourneyDiff(Sent):
    """Simulated cargo of an alternative, or of one of its journeys, in both runs.

    A journey is named by its id in the first run, and in the second under `later_id`; both are
    empty for all of an alternative together.
    """

    alternative_id: str
    journey_id: str
    later_id: str
    teu: Difference
    mean_h: Difference
    p90_h: Difference


class ComparisonInfo(Sent):
    """What differs between two runs; cells are a page of `total_cells`, largest change first."""

    before: Run
    after: Run
    tables: list[TableDiff]
    pairs: list[PairDiff]
    scores: list[ScoreDiff]
    journeys: list[JourneyDiff]
    total_cells: int
    offset: int
    limit: int
    cells: list[CellDiff]


class RouteLeg(BaseModel):
    """A chain of links by one carrier."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[str, Field(alias="from")]
    to: str
    mode: str
    service: str | None
    transfer: str | None
    km: float
    wait_h: float
    move_h: float
    dwell_h: float
    cost_usd_per_teu: float
    co2e_kg_per_teu: float
    nodes: list[str]
    links: list[str]
    borders: list[str]
    source_ids: list[str]
    assumed_or_calibrated: list[str]


class RouteItinerary(Sent):
    """A chain of legs from door to door."""

    mean_h: float
    p10_h: float
    p50_h: float
    p90_h: float
    transit_h: float
    cost_usd_per_teu: float
    co2e_kg_per_teu: float
    generalized_cost_usd_per_teu: float
    km: float
    transfers: int
    gauge_changes: int
    borders: int
    legs: list[RouteLeg]


class RouteInfo(Sent):
    """The exact Pareto set between two places: the JSON of ``karvan route --json``."""

    origin: str
    destination: str
    depart: str | None
    commodity: str
    value_of_time_usd_per_teu_h: float
    itineraries: list[RouteItinerary]


class FeatureCollection(BaseModel):
    """GeoJSON; `attribution` says whom the lines owe, to be shown wherever they are drawn."""

    type: Literal["FeatureCollection"]
    attribution: str
    features: list[dict[str, Any]]
