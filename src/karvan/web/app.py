"""The application: endpoints, page and guard put together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from karvan.errors import KarvanError
from karvan.web import api_case, api_runs
from karvan.web.endpoints import BASE, Endpoint
from karvan.web.errors import ApiError, from_kind
from karvan.web.openapi import openapi
from karvan.web.pages import Assets
from karvan.web.parameters import Query, read_query
from karvan.web.replies import error_reply, json_reply
from karvan.web.security import Guard
from karvan.web.service import Options, Service, make_service

ENDPOINTS: tuple[Endpoint, ...] = (*api_case.ENDPOINTS, *api_runs.ENDPOINTS)
LOG = logging.getLogger("karvan.web")
HINTS = {
    404: "GET /api/v1/openapi.json lists what there is",
    405: "GET /api/v1/openapi.json says which methods there are",
}


def make_app(options: Options) -> Starlette:
    """Return the application for a case; processes start with the application."""
    service = make_service(options)
    described = openapi(ENDPOINTS)

    assets = Assets()

    async def document(request: Request) -> Response:
        return json_reply(request, described)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if options.warm:
            await service.start()
            await asyncio.to_thread(assets.page_files)
        try:
            yield
        finally:
            await service.close()

    guard = Middleware(
        Guard, hosts=options.hosts, any_address=options.any_address, token=options.token
    )
    app = Starlette(
        routes=[
            Route("/", assets.page),
            Route("/assets/{name}", assets.asset),
            Route(f"{BASE}/openapi.json", document),
            *_routes(service),
        ],
        middleware=[guard],
        exception_handlers={ApiError: _api_error, HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.service = service
    return app


def _routes(service: Service) -> list[Route]:
    """One route a path, so that a wrong method is answered with all that are right."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [_route(path, of_method, service) for path, of_method in by_path.items()]


def _route(path: str, of_method: Mapping[str, Endpoint], service: Service) -> Route:
    async def answer(request: Request) -> Response:
        endpoint = of_method["GET" if request.method == "HEAD" else request.method]
        try:
            query: Query = read_query(request.query_params, endpoint.query)
            return await endpoint.handler(service, request, query)
        except ApiError:
            raise
        except KarvanError as error:
            raise from_kind(type(error).__name__, str(error)) from None
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            LOG.exception("%s %s", request.method, request.url.path)
            raise from_kind(type(error).__name__, str(error)) from None

    return Route(BASE + path, answer, methods=list(of_method))


async def _api_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return error_reply(error)


async def _http_error(request: Request, error: Exception) -> Response:
    """Errors of the framework, in the form of all others."""
    if not isinstance(error, HTTPException):
        raise error
    code = "not_found" if error.status_code == 404 else "request_refused"
    answer = error_reply(
        ApiError(error.status_code, code, error.detail, HINTS.get(error.status_code, ""))
    )
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer
