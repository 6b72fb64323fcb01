"""Endpoints about the case: what it holds, routes through it, and what differs between runs."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from karvan.web.case_info import places
from karvan.web.endpoints import Endpoint
from karvan.web.errors import ApiError
from karvan.web.models import (
    CaseInfo,
    ComparisonInfo,
    FeatureCollection,
    PlaceList,
    RouteInfo,
)
from karvan.web.parameters import CaseQuery, CompareQuery, PlacesQuery, RouteQuery
from karvan.web.replies import (
    CSV,
    GEOJSON,
    JSON,
    download,
    json_reply,
    packed_reply,
    reply,
    to_json,
)
from karvan.web.service import Service


async def get_case(service: Service, request: Request, query: CaseQuery) -> Response:
    """Send all that the app needs to know before anything is run."""
    return packed_reply(request, await service.packed_case(query.language or ""), JSON)


async def find_places(service: Service, request: Request, query: PlacesQuery) -> Response:
    """Find places by part of a name in any language."""
    found = places(service.case, query.q)
    page = found[query.offset : query.offset + query.limit]
    answer = PlaceList(total=len(found), offset=query.offset, limit=query.limit, places=page)
    return json_reply(request, answer)


async def find_route(service: Service, request: Request, query: RouteQuery) -> Response:
    """Search itineraries; the JSON is that of ``karvan route --json``."""
    asked = {
        "scenario": query.scenario,
        "measures": query.measures,
        "without": query.without,
        "year": query.year,
    }
    conditions: dict[str, Any] = {
        "origin": query.origin,
        "destination": query.destination,
        "depart": query.depart or None,
        "max_transfers": query.max_transfers,
        "avoid": query.avoid,
        "via": query.via,
        "commodity": query.commodity,
    }
    if query.objectives:
        conditions["objectives"] = query.objectives
    work = {"asked": asked, "form": query.format, "conditions": conditions}
    found = await service.answers.ask("route", work, keep=True)
    if query.format == "csv":
        return download(request, found, CSV, "route.csv")
    return reply(request, to_json(found), GEOJSON if query.format == "geojson" else JSON)


async def compare_runs(service: Service, request: Request, query: CompareQuery) -> Response:
    """Compare two finished runs."""
    runs = [service.runs.get(run_id) for run_id in (query.before, query.after)]
    for run in runs:
        if run.state != "done":
            message = f"run {run.id} is {run.state}"
            raise ApiError(409, "not_finished", message, "wait until it is done")
    work = {"before": query.before, "after": query.after}
    found = await service.answers.ask("compare", work, keep=True)
    cells = found["cells"][query.offset : query.offset + query.limit]
    sent = {**found, "cells": cells, "offset": query.offset, "limit": query.limit}
    sent |= {"before": runs[0].model_dump(), "after": runs[1].model_dump()}
    return json_reply(request, sent)


ENDPOINTS = (
    Endpoint("GET", "/case", "getCase", "The case: scenarios, measures, places, map, texts",
             get_case, {JSON: CaseInfo}, CaseQuery, errors=(409,)),
    Endpoint("GET", "/places", "findPlaces", "Places by part of a name in any language",
             find_places, {JSON: PlaceList}, PlacesQuery),
    Endpoint(
        "GET", "/route", "findRoute", "Itineraries that no other beats, the recommended one first",
        find_route, {JSON: RouteInfo, GEOJSON: FeatureCollection, CSV: None}, RouteQuery,
        errors=(404, 409, 429, 500, 503),
    ),
    Endpoint("GET", "/compare", "compareRuns", "What differs between two finished runs",
             compare_runs, {JSON: ComparisonInfo}, CompareQuery,
             errors=(404, 409, 429, 500, 503)),
)  # fmt: skip
