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

JSON = "application/json"
SMALLEST_COMPRESSED = 1000
LEVEL = 6


def reply(
    request: Request,
    body: bytes | str,
    media_type: str,
    *,
    status: int = 200,
    tag: str = "",
    packed: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer that revalidates by ETag and is compressed if the client accepts it.

    Parameters
    ----------
    request : Request
    body : bytes or str
        Ignored where `packed` is sent.
    media_type : str
    status : int
    tag : str
        What tells versions of the answer apart; the hash of the body without it.
    packed : bytes, optional
        The body compressed already.
    headers : mapping, optional
    """
    data = body.encode() if isinstance(body, str) else body
    tag = f'W/"{tag or hashlib.sha256(packed or data).hexdigest()[:32]}"'
    sent = {"Vary": "Accept-Encoding", "Cache-Control": "no-store"}
    if request.method in {"GET", "HEAD"}:
        sent |= {"ETag": tag, "Cache-Control": "no-cache", **(headers or {})}
        if _known(request, tag):
            return Response(status_code=304, headers=sent)
    if _accepts_gzip(request) and (packed is not None or len(data) >= SMALLEST_COMPRESSED):
        sent["Content-Encoding"] = "gzip"
        data = packed if packed is not None else gzip.compress(data, LEVEL, mtime=0)
    elif packed is not None:
        data = gzip.decompress(packed)
    return Response(data, status, sent, media_type)


def json_reply(request: Request, content: Any, *, status: int = 200, tag: str = "") -> Response:  # noqa: ANN401
    """Return plain values or a model as JSON."""
    return reply(request, to_json(content), JSON, status=status, tag=tag)


def to_json(content: Any) -> str:  # noqa: ANN401 - anything that JSON can hold
    """Return plain values or a model as JSON text."""
    if isinstance(content, BaseModel):
        return content.model_dump_json(by_alias=True)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def download(
    request: Request, body: bytes | str, media_type: str, name: str, tag: str = ""
) -> Response:
    """Return an answer that a browser keeps as the file `name`."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return reply(request, body, media_type, tag=tag, headers=headers)


def error_reply(error: ApiError) -> Response:
    """Return the answer for an error."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after_s:
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(to_json(error.body()), error.status, headers, JSON)


def _known(request: Request, tag: str) -> bool:
    asked = request.headers.get("if-none-match", "")
    return asked == "*" or tag in (part.strip() for part in asked.split(","))


def _accepts_gzip(request: Request) -> bool:
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
