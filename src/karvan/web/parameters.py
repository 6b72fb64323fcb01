"""What may stand in the query of an address; unknown names and wrong values are refused."""

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.datastructures import QueryParams

from karvan.web.errors import ApiError

LONGEST_TEXT = 200
MOST_WORDS = 500
MOST_ROWS = 10_000
MOST_RUNS = 200

WHOLE_NUMBERS = ("offset", "limit", "max_transfers", "year")

Q = TypeVar("Q", bound=BaseModel)


ShortText = Annotated[str, Field(max_length=LONGEST_TEXT)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Words = Annotated[list[ShortText], Field(max_length=MOST_WORDS)]
Offset = Annotated[int, Field(ge=0, le=100_000_000, description="Rows to leave out first.")]


class Query(BaseModel):
    """A query without parameters; base of the others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator(*WHOLE_NUMBERS, mode="before", check_fields=False)
    @classmethod
    def _whole_number(cls, value: Any) -> Any:  # noqa: ANN401 - whatever was sent
        # Python and pydantic would also take "1_000", " 7" and "7.0".
        if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,12}", value):
            message = "a whole number is expected"
            raise ValueError(message)
        return value


class CaseQuery(Query):
    """How much of the case."""

    language: Annotated[
        Literal["en", "ru", "az", "zh"] | None,
        Field(description="Send only the translations into this language; all without it."),
    ] = None


class DocumentQuery(Query):
    """Which part of a document."""

    part: Annotated[
        Literal["first", "evidence", "details", "simulation", "movements"] | None,
        Field(
            description="Only this part. The first holds what a first picture shows, says under "
            '"later" what is in the others, and leaves out texts and boundaries, which are those '
            "of the case. Parts with the same digest are the same. The whole without it."
        ),
    ] = None


class RunsQuery(Query):
    """Which runs."""

    offset: Offset = 0
    limit: Annotated[int, Field(ge=1, le=MOST_RUNS)] = 50


class TableQuery(Query):
    """Which rows of a table, in which form; files have all rows unless `limit` says otherwise."""

    format: Literal["json", "csv", "parquet"] = "json"
    offset: Offset = 0
    limit: Annotated[
        Annotated[int, Field(ge=1, le=MOST_ROWS)] | None,
        Field(description="Most rows; 1000 for JSON without it."),
    ] = None


class PlacesQuery(Query):
    """Which places."""

    q: Annotated[ShortText, Field(description="Part of a name in any language, id or code.")] = ""
    offset: Offset = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class CompareQuery(Query):
    """Which runs to compare, by id."""

    before: Name
    after: Name
    offset: Offset = 0
    limit: Annotated[int, Field(ge=0, le=MOST_RUNS * 10)] = 200


class RouteQuery(Query):
    """From where, to where, under which conditions; words may be repeated or parted by commas."""

    origin: Annotated[Name, Field(description="Place by id, UN/LOCODE or name in any language.")]
    destination: Annotated[Name, Field(description="Place, as for origin.")]
    depart: Annotated[
        str, Field(pattern=r"^(\d{4}-\d\d-\d\d(T\d\d:\d\d)?)?$", description="2024-03-01T08:00")
    ] = ""
    objectives: Annotated[
        list[Literal["time", "cost", "co2e"]], Field(max_length=3, description="All without it.")
    ] = []
    max_transfers: Annotated[int, Field(ge=0, le=50)] | None = None
    avoid: Annotated[
        Words, Field(description="Places, countries, modes, services or links not to use.")
    ] = []
    via: Annotated[
        list[ShortText], Field(max_length=10, description="Places to pass, in this order.")
    ] = []
    scenario: Annotated[
        ShortText | None, Field(description="Id of a scenario; the case's default without it.")
    ] = None
    measures: Annotated[Words, Field(description="Measures to take beside the scenario's.")] = []
    without: Annotated[Words, Field(description="Measures of the scenario to leave out.")] = []
    year: Annotated[int, Field(ge=1000, le=2200)] | None = None
    commodity: Annotated[ShortText, Field(description="The case's default without it.")] = ""
    format: Literal["json", "geojson", "csv"] = "json"


LISTS = frozenset({"objectives", "avoid", "via", "measures", "without"})
"""Parameters that take several words."""


def read_query(query: QueryParams, model: type[Q]) -> Q:
    """Return the query as `model`; ApiError 400 names the first thing that is wrong."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(query):
        values = query.getlist(name)
        if name in LISTS and name in model.model_fields:
            found[name] = [w.strip() for v in values for w in v.split(",") if w.strip()]
        elif len(values) > 1:
            message = f"{name[:40]}: given {len(values)} times"
            raise ApiError(400, "query_invalid", message, "give it once")
        else:
            found[name] = values[0]
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise invalid(error, "query_invalid") from None


def invalid(error: ValidationError, code: str) -> ApiError:
    """Return the API's error for data that a model refuses."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"])[:80]
    message = f"{where or 'the request'}: {fault['msg']}"
    return ApiError(400, code, message, "GET /api/v1/openapi.json says what is expected")
