"""Answers: JSON and files, compressed where the client can read it, with a tag to ask again by."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from karvan.web.errors import ApiError

JSON, GEOJSON, CSV = "application/json", "application/geo+json", "text/csv"
SMALLEST_COMPRESSED = 1000
LEVEL = 6


def reply(
    request: Request,
    body: bytes | str,
    media_type: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer that revalidates by ETag and is compressed if the client accepts it."""
    data = body.encode() if isinstance(body, str) else body
    sent = _headers(request, _digest(data), headers)
    if _unchanged(request, sent):
        return Response(status_code=304, headers=sent)
    if len(data) >= SMALLEST_COMPRESSED and _accepts_gzip(request):
        sent["Content-Encoding"] = "gzip"
        data = gzip.compress(data, LEVEL, mtime=0)
    return Response(data, status, sent, media_type)


def packed_reply(
    request: Request,
    packed: bytes,
    media_type: str,
    *,
    tag: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return what is compressed already; `tag` tells its versions apart, else its hash does."""
    sent = _headers(request, tag or _digest(packed), headers)
    if _unchanged(request, sent):
        return Response(status_code=304, headers=sent)
    if not _accepts_gzip(request):
        return Response(gzip.decompress(packed), headers=sent, media_type=media_type)
    return Response(packed, headers={**sent, "Content-Encoding": "gzip"}, media_type=media_type)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _headers(request: Request, tag: str, more: Mapping[str, str] | None) -> dict[str, str]:
    sent = {"Vary": "Accept-Encoding", "Cache-Control": "no-store"}
    if request.method in {"GET", "HEAD"}:
        sent |= {"ETag": f'W/"{tag}"', "Cache-Control": "no-cache", **(more or {})}
    return sent


def _unchanged(request: Request, sent: Mapping[str, str]) -> bool:
    """Whether the client has this version already."""
    asked = request.headers.get("if-none-match", "")
    tag = sent.get("ETag")
    return tag is not None and (asked == "*" or tag in (p.strip() for p in asked.split(",")))


def json_reply(request: Request, content: Any, *, status: int = 200) -> Response:  # noqa: ANN401
    """Return plain values or a model as JSON."""
    return reply(request, to_json(content), JSON, status=status)


def to_json(content: Any) -> str:  # noqa: ANN401 - anything that JSON can hold
    """Return plain values or a model as JSON text."""
    if isinstance(content, BaseModel):
        return content.model_dump_json(by_alias=True)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def download(request: Request, body: bytes | str, media_type: str, name: str) -> Response:
    """Return an answer that a browser keeps as the file `name`."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return reply(request, body, media_type, headers=headers)


def error_reply(error: ApiError) -> Response:
    """Return the answer for an error."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after_s:
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(to_json(error.body()), error.status, headers, JSON)


def _accepts_gzip(request: Request) -> bool:
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
