"""Listen on an address until told to stop."""

import errno
import ipaddress
import socket
import webbrowser
from collections.abc import Callable
from dataclasses import replace

import uvicorn

from karvan.errors import KarvanError
from karvan.web.app import make_app
from karvan.web.security import SHORTEST_TOKEN, is_local
from karvan.web.service import Options

MOST_CONNECTIONS = 1000
LONGEST_HEADER = 16 * 1024
KEEP_ALIVE_S = 20
GRACE_S = 3


class ServeError(KarvanError):
    """The server cannot start as asked."""


def serve(
    options: Options,
    host: str,
    port: int,
    *,
    tell: Callable[[str], None],
    open_browser: bool = False,
) -> None:
    """Serve a case until interrupted.

    Parameters
    ----------
    options : Options
    host : str
        Address to listen on; only those of this computer need no token.
    port : int
        0 takes a free one.
    tell : callable
        Takes the address once the server answers.
    open_browser : bool

    Raises
    ------
    ServeError
        An address that needs a token, or that cannot be had.
    """
    _check_token(host, options.token)
    options = replace(
        options,
        hosts=(*options.hosts, *_names(host)),
        any_address=options.any_address or _is_wildcard(host),
    )
    app = make_app(options)
    listening = _listen(host, port)
    address = _address(host, listening.getsockname()[1])

    def ready() -> None:
        tell(address)
        if open_browser:
            key = f"?token={options.token}" if options.token else ""
            webbrowser.open(f"{address}{key}")

    config = uvicorn.Config(
        app,
        log_level="warning",
        # Addresses may hold a token; who asked what is nobody's business on one's own computer.
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=LONGEST_HEADER,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    with listening:
        _Server(config, ready, app.state.service.runs.stop_telling).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Says when it is ready, and lets those who watch runs go before it waits for them to go."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], closing: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._closing = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing()
        await super().shutdown(sockets)


def _check_token(host: str, token: str) -> None:
    if token and len(token) < SHORTEST_TOKEN:
        message = f"--token: {len(token)} characters; take {SHORTEST_TOKEN} or more, at random"
        raise ServeError(message)
    if not token and not is_local(host):
        message = (
            f"--host {host}: other computers could reach the server; "
            "give --token with a secret of 16 characters or more, or leave --host out"
        )
        raise ServeError(message)


def _is_wildcard(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _names(host: str) -> tuple[str, ...]:
    return (socket.gethostname(), socket.getfqdn()) if _is_wildcard(host) else (host,)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        message = f"--host {host}: not an address of this computer ({error.strerror})"
        raise ServeError(message) from None
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            # On Windows the other option would let two servers share a port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            message = (
                f"port {port} is in use, perhaps by another 'karvan serve'; take another --port"
            )
        else:
            message = f"cannot listen on {host} port {port} ({error.strerror}); take another"
        raise ServeError(message) from None
    return listening


def _address(host: str, port: int) -> str:
    shown = "127.0.0.1" if _is_wildcard(host) else host
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
