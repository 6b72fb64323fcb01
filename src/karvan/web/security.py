"""Who may ask, from where, how much: checked before anything else sees a request."""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from karvan.web.errors import ApiError
from karvan.web.replies import error_reply

LARGEST_BODY = 64 * 1024
LONGEST_QUERY = 8 * 1024
SHORTEST_TOKEN = 16
COOKIE = "karvan_session"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# A redirect would still belong to the link that was followed, and a strict cookie would not be
# sent with it; a page that loads the next one starts anew.
SIGNED_IN = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Karvan</title>'
    '<meta http-equiv="refresh" content="0;url=/"></head>'
    '<body><a href="/">Karvan</a></body></html>'
)


def is_local(host: str) -> bool:
    """Tell whether an address to listen on is reached from this computer only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """Middleware: Host, Origin, token, sizes, and the headers of every answer.

    Parameters
    ----------
    app : ASGI application
    hosts : iterable of str
        Names under which the server may be called, besides those of this computer.
    any_address : bool
        Whether every IP address may be used: so where the server listens on all of them.  A page
        that makes its own name point here (DNS rebinding) still comes with that name.
    token : str
        What clients have to show; empty for none.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Iterable[str] = (), any_address: bool = False, token: str = ""
    ) -> None:
        self._app = app
        self._hosts = LOCAL_NAMES | {host.lower().strip("[]") for host in hosts}
        self._any_address = any_address
        self._token = token
        # The cookie must not be the token: it dies with the server.
        self._session = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is refused; hand on everything else."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, _Limited(receive), send_with_headers)
        else:
            await refusal(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that goes no further; None for one that does."""
        try:
            headers = Headers(scope=scope)
            self._check_host(headers)
            self._check_origin(headers)
            self._check_size(scope, headers)
            return self._check_token(scope, headers)
        except ApiError as error:
            return error_reply(error)

    def _check_host(self, headers: Headers) -> None:
        name = _host_name(headers.get("host", ""))
        if name in self._hosts or (self._any_address and _is_address(name)):
            return
        message = "this server is not called so"
        hint = "use the address that 'karvan serve' printed; --allow-host adds another name"
        raise ApiError(421, "host_unknown", message, hint)

    def _check_origin(self, headers: Headers) -> None:
        origin = headers.get("origin")
        same = origin is None or _site(origin) == headers["host"].lower()
        foreign = headers.get("sec-fetch-site") == "cross-site"
        if same and not (foreign and headers.get("sec-fetch-mode") != "navigate"):
            return
        message = "requests from pages of other sites are refused"
        raise ApiError(403, "origin_refused", message, "open the app itself")

    def _check_size(self, scope: Scope, headers: Headers) -> None:
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            raise _too_large()
        if len(scope["query_string"]) > LONGEST_QUERY:
            message = f"the query is longer than {LONGEST_QUERY} characters"
            raise ApiError(414, "query_too_long", message, "ask for less at once")

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        if not self._token:
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and same_secret(given.strip(), self._token):
            return None
        if same_secret(_cookie(headers.get("cookie", "")), self._session):
            return None
        if scope["path"] == "/" and scope["method"] == "GET":
            query = parse_qs(scope["query_string"].decode("latin-1"))
            if same_secret(query.get("token", [""])[0], self._token):
                answer = HTMLResponse(SIGNED_IN, headers={"Cache-Control": "no-store"})
                answer.set_cookie(
                    COOKIE,
                    self._session,
                    httponly=True,
                    samesite="strict",
                    secure=scope["scheme"] == "https",
                )
                return answer
        hint = "send 'Authorization: Bearer TOKEN', or open /?token=TOKEN once in a browser"
        raise ApiError(401, "token_missing", "this server asks for its token", hint)


class _Limited:
    """Hands on a request's body up to the limit; a length that was not announced counts too."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > LARGEST_BODY:
                raise _too_large()
        return message


def _too_large() -> ApiError:
    message = f"the request is larger than {LARGEST_BODY // 1024} KB"
    return ApiError(413, "request_too_large", message, "send a question, not data")


def same_secret(given: str, secret: str) -> bool:
    """Compare in a time that tells nothing about the secret."""
    one, other = (hashlib.sha256(text.encode()).digest() for text in (given, secret))
    return hmac.compare_digest(one, other)


def _cookie(text: str) -> str:
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; empty if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        # Reading the port checks it.
        _ = parts.port
    except ValueError:
        return ""
    plain = not (parts.username or parts.password or parts.path or parts.query or parts.fragment)
    return (parts.hostname or "") if plain else ""


def _site(origin: str) -> str:
    """Name and port of an Origin header; empty if it is malformed or ``null``."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
