"""The register of endpoints: routes and the OpenAPI document both come from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from karvan.web.models import RUN_ID, TABLE_NAME
from karvan.web.parameters import Query
from karvan.web.service import Service

BASE = "/api/v1"
Handler = Callable[[Service, Request, Any], Awaitable[Response]]

PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "pattern": RUN_ID},
    "name": {"type": "string", "pattern": TABLE_NAME},
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method at one path.

    Attributes
    ----------
    method, path : str
        `path` below the base, with parameters in braces.
    name : str
        Operation id.
    summary : str
        What it answers.
    handler : callable
        ``(service, request, query) -> response``.
    answers : mapping
        Media types of the answer, each with its model, or None where it has no schema.
    query : model
        What may stand in the query.
    body : model, optional
        JSON that has to be sent.
    statuses : tuple of int
        Of success.
    errors : tuple of int
        That it may answer besides 400 and the guard's.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    answers: dict[str, type[BaseModel] | None]
    query: type[Query] = Query
    body: type[BaseModel] | None = None
    statuses: tuple[int, ...] = (200,)
    errors: tuple[int, ...] = ()
