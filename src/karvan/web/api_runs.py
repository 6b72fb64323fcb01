"""Endpoints about runs: ask, watch, cancel, and fetch results."""

import asyncio
import re
from collections.abc import AsyncIterator

import polars as pl
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from karvan.case.results import Results
from karvan.schema.write import safe_csv
from karvan.web.endpoints import Endpoint
from karvan.web.errors import ApiError
from karvan.web.exports import parquet, recommended_lines
from karvan.web.models import (
    DocumentInfo,
    FeatureCollection,
    Question,
    Run,
    RunList,
    TableList,
    TablePage,
)
from karvan.web.parameters import DocumentQuery, Query, RunsQuery, TableQuery, invalid
from karvan.web.replies import CSV, GEOJSON, JSON, download, json_reply, packed_reply, to_json
from karvan.web.scenario_file import scenario_toml
from karvan.web.service import Service
from karvan.web.stored import columns_of, table_infos

PARQUET, HTML, TOML = "application/vnd.apache.parquet", "text/html", "text/toml"
EVENTS = "text/event-stream"
ROWS_OF_A_PAGE = 1000
BODY_WAIT_S = 10.0


async def ask_run(service: Service, request: Request, query: Query) -> Response:
    """Queue a run, or find the one that answers the same question."""
    question = await read_question(request)
    asked = question.model_dump()
    meant = await service.answers.ask("question", {"asked": asked}, keep=True)
    run = service.runs.submit(asked, meant)
    answer = json_reply(request, run, status=200 if run.state == "done" else 202)
    answer.headers["Location"] = f"/api/v1/runs/{run.id}"
    return answer


async def read_question(request: Request) -> Question:
    """Return the question that was sent."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        message = f"content type '{kind[:60]}'"
        raise ApiError(415, "content_type", message, f"send {JSON}")
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            body = await request.body()
    except TimeoutError:
        message = f"the request did not arrive within {BODY_WAIT_S:g} s"
        raise ApiError(408, "request_timeout", message, "send it again") from None
    try:
        return Question.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error, "question_invalid") from None


async def list_runs(service: Service, request: Request, query: RunsQuery) -> Response:
    """List runs, those under way first, then the latest."""
    runs = await service.runs.all()
    page = runs[query.offset : query.offset + query.limit]
    found = RunList(total=len(runs), offset=query.offset, limit=query.limit, runs=page)
    return json_reply(request, found)


async def get_run(service: Service, request: Request, query: Query) -> Response:
    """Say how a run stands."""
    return json_reply(request, service.runs.get(request.path_params["id"]))


async def cancel_run(service: Service, request: Request, query: Query) -> Response:
    """Cancel a run; what it has finished is kept."""
    return json_reply(request, await service.runs.cancel(request.path_params["id"]))


async def watch_run(service: Service, request: Request, query: Query) -> Response:
    """Stream what happens, the run as it stands in each event, until it ends."""
    run_id = request.path_params["id"]
    service.runs.get(run_id)

    async def events() -> AsyncIterator[str]:
        yield "retry: 2000\n\n"
        async for event in service.runs.follow(run_id):
            if event is None:
                yield ": still here\n\n"
            else:
                kind, run = event
                yield f"event: {kind}\ndata: {run.model_dump_json()}\n\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(), media_type=EVENTS, headers=headers)


async def get_document(service: Service, request: Request, query: DocumentQuery) -> Response:
    """Send the report document of a finished run, or a part of it."""
    run_id = request.path_params["id"]
    if query.part:
        tag = f"{run_id}-{service.document_name}-{query.part}"
        packed = await service.kept_part(run_id, query.part)
        return packed_reply(request, packed, JSON, tag=tag)
    packed = await service.kept_file(run_id, "document", service.document_name)
    tag = f"{run_id}-{service.document_name}"
    return packed_reply(request, packed, JSON, tag=tag)


async def get_report(service: Service, request: Request, query: Query) -> Response:
    """Send the single-file report of a finished run."""
    run_id = request.path_params["id"]
    packed = await service.kept_file(run_id, "report", service.report_name)
    headers = {"Content-Disposition": f'attachment; filename="karvan-{run_id}.html"'}
    tag = f"{run_id}-{service.report_name}"
    return packed_reply(request, packed, HTML, tag=tag, headers=headers)


async def get_tables(service: Service, request: Request, query: Query) -> Response:
    """List the tables of a finished run with their columns and sizes."""
    results = service.store.finished(request.path_params["id"])
    infos = await asyncio.to_thread(table_infos, results)
    return json_reply(request, TableList(tables=infos))


async def get_table(service: Service, request: Request, query: TableQuery) -> Response:
    """Send a table, as JSON page by page, or as a file."""
    results = service.store.finished(request.path_params["id"])
    return await asyncio.to_thread(_table, results, request, query)


def _table(results: Results, request: Request, query: TableQuery) -> Response:
    name = request.path_params["name"]
    columns = columns_of(name)
    table = results.table(name)
    limit = query.limit or (ROWS_OF_A_PAGE if query.format == "json" else None)
    page = table.slice(query.offset, limit)
    if query.format == "csv":
        return download(request, safe_csv(page), CSV, f"{name}.csv")
    if query.format == "parquet":
        return download(request, parquet(page), PARQUET, f"{name}.parquet")
    return json_reply(
        request,
        {
            "name": name,
            "total": table.height,
            "offset": query.offset,
            "limit": limit,
            "columns": [column.model_dump() for column in columns],
            "rows": _finite(page).rows(),
        },
    )


def _finite(table: pl.DataFrame) -> pl.DataFrame:
    """The table without infinities, which JSON does not know."""
    floats = pl.col(pl.Float64)
    return table.with_columns(pl.when(floats.is_finite()).then(floats))


async def get_scenario(service: Service, request: Request, query: Query) -> Response:
    """Send a scenario file that asks the question of a run again."""
    run = service.runs.get(request.path_params["id"])
    # The id of a scenario is the name of its file, so it must be one everywhere.
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", run.scenario or service.case.settings.name)
    name = f"{base.strip('.-') or 'scenario'}-{run.id[:8]}"
    text = scenario_toml(service.case, name, run.scenario, run.measures, run.year)
    return download(request, text, TOML, f"{name}.toml")


async def get_lines(service: Service, request: Request, query: Query) -> Response:
    """Send the recommended itineraries of a finished run as lines."""
    results = service.store.finished(request.path_params["id"])
    lines = await asyncio.to_thread(recommended_lines, results)
    return download(request, to_json(lines), GEOJSON, f"karvan-{results.root.name}.geojson")


RUN = "/runs/{id}"
ENDPOINTS = (
    Endpoint(
        "POST", "/runs", "askRun", "Ask for a run; the same question is the same run", ask_run,
        {JSON: Run}, body=Question, statuses=(200, 202),
        errors=(404, 408, 409, 415, 429, 500, 503),
    ),
    Endpoint("GET", "/runs", "listRuns", "Runs, the latest first", list_runs, {JSON: RunList},
             RunsQuery),
    Endpoint("GET", RUN, "getRun", "How a run stands", get_run, {JSON: Run}, errors=(404,)),
    Endpoint("DELETE", RUN, "cancelRun", "Cancel a run", cancel_run, {JSON: Run},
             errors=(404, 409)),
    Endpoint(
        "GET", f"{RUN}/events", "watchRun",
        "Server-sent events stage, progress, done and failed, each with the run as it stands; "
        "ends with the run", watch_run, {EVENTS: None}, errors=(404,),
    ),
    Endpoint(
        "GET", f"{RUN}/document", "getDocument", "Document of a finished run, whole or in parts",
        get_document, {JSON: DocumentInfo}, DocumentQuery, errors=(404, 409, 429, 500, 503),
    ),
    Endpoint("GET", f"{RUN}/report", "getReport", "Report as a single HTML file", get_report,
             {HTML: None}, errors=(404, 409, 429, 500, 503)),
    Endpoint("GET", f"{RUN}/tables", "getTables", "Tables of a finished run", get_tables,
             {JSON: TableList}, errors=(404, 409)),
    Endpoint(
        "GET", f"{RUN}/tables/{{name}}", "getTable",
        "A table: JSON page by page, CSV safe for spreadsheets, or Parquet", get_table,
        {JSON: TablePage, CSV: None, PARQUET: None}, TableQuery, errors=(404, 409),
    ),
    Endpoint("GET", f"{RUN}/scenario.toml", "getScenario", "Scenario file of the question",
             get_scenario, {TOML: None}, errors=(404,)),
    Endpoint("GET", f"{RUN}/geojson", "getLines", "Recommended itineraries as lines", get_lines,
             {GEOJSON: FeatureCollection}, errors=(404, 409)),
)  # fmt: skip
