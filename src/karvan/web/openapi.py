"""The OpenAPI document of the API, made from the register of endpoints and the models."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from karvan import __version__
from karvan.web.endpoints import BASE, PATH_PARAMETERS, Endpoint
from karvan.web.models import Failure

GUARD_ERRORS = (400, 401, 403, 413, 414, 421)
"""What any request may get, before or while it is read."""
REFERENCE = "#/components/schemas/{model}"


def openapi(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    register = tuple(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in register:
        operations = paths.setdefault(BASE + endpoint.path, {})
        operations[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Karvan",
            "version": __version__,
            "summary": "Runs, itineraries and comparisons of a case",
            "description": "Within version 1 of the API names are only added. "
            'Errors are {"error": {"code", "message", "hint"}}; codes do not change.',
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(register),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        # A server on 127.0.0.1 needs no token.
        "security": [{}, {"token": []}],
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": _responses(endpoint),
    }
    if endpoint.body:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(endpoint.body)}},
        }
    return operation


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REFERENCE.format(model=model.__name__)}


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": PATH_PARAMETERS[name]}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    schema = endpoint.query.model_json_schema()
    found = []
    for name, declared in schema.get("properties", {}).items():
        wanted = _without_null(declared)
        parameter: dict[str, Any] = {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": {k: v for k, v in wanted.items() if k not in {"title", "description"}},
        }
        if "description" in declared:
            parameter["description"] = declared["description"]
        found.append(parameter)
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of what may be sent: a query has no null, one leaves the parameter out."""
    choices = [s for s in schema.get("anyOf", ()) if s.get("type") != "null"]
    plain = {k: v for k, v in schema.items() if k != "anyOf" and (k, v) != ("default", None)}
    return {**plain, **choices[0]} if len(choices) == 1 else plain


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    content = {
        media: {"schema": _reference(model) if model else {}}
        for media, model in endpoint.answers.items()
    }
    responses: dict[str, Any] = {
        str(status): {"description": HTTPStatus(status).phrase, "content": content}
        for status in endpoint.statuses
    }
    failure = {"application/json": {"schema": _reference(Failure)}}
    for status in sorted({*GUARD_ERRORS, *endpoint.errors}):
        phrase = HTTPStatus(status).phrase
        responses[str(status)] = {"description": phrase, "content": failure}
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            header = {"schema": {"type": "string"}, "description": "Seconds to wait."}
            responses[str(status)]["headers"] = {"Retry-After": header}
    return responses


def _schemas(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    register = tuple(endpoints)
    sent = {model.__name__: model for e in register for model in e.answers.values() if model}
    taken = {e.body.__name__: e.body for e in register if e.body}
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Failure, "serialization")]
    models += [(model, "serialization") for _, model in sorted(sent.items())]
    models += [(model, "validation") for _, model in sorted(taken.items())]
    _, schema = models_json_schema(models, ref_template=REFERENCE)
    return dict(schema["$defs"])
