"""Servers for tests: one in this process, and ``karvan serve`` as people start it."""

import asyncio
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from karvan.web.app import make_app
from karvan.web.service import Options

PATIENCE_S = 120.0
"""A cold numba cache has to be filled by the first process that asks for the kernels."""
PROGRAM = "from karvan.cli import main; main()"
FINAL = {"done", "failed", "cancelled"}


@dataclass
class Running:
    """A server that answers, and a client that speaks to it."""

    address: str
    client: httpx.Client
    app: Starlette

    @property
    def runs(self) -> Any:
        return self.app.state.service.runs

    def kill_worker(self) -> None:
        """End the process that computes runs, the hard way."""
        os.kill(self.runs._workers[0].pid, 9)


@contextmanager
def running(options: Options) -> Iterator[Running]:
    """Serve on a free port of this computer, in a thread."""
    app = make_app(options)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=f"{address}/api/v1", timeout=PATIENCE_S) as client:
            yield Running(address, client, app)
    finally:
        app.state.service.runs.stop_telling()
        server.should_exit = True
        thread.join()


class Asgi:
    """A client without a network, for what needs no processes."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            base = "http://127.0.0.1:8765"
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())


@contextmanager
def process(
    cwd: Path, *args: str, start_new_session: bool = False, **variables: str
) -> Iterator[tuple[Any, str]]:
    """``karvan serve`` as a process: it and the address that it printed."""
    command = [sys.executable, "-c", PROGRAM, "serve", *args, "--port", "0"]
    child = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=start_new_session,
    )
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        found = re.search(r"http://\S+/", line)
        assert found, line
        yield child, found[0].rstrip("/")
    finally:
        child.kill()
        child.communicate()


def wait_until(true: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def ended(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """The run, once it has ended."""
    end = time.monotonic() + PATIENCE_S
    while True:
        run: dict[str, Any] = client.get(f"runs/{run_id}").json()
        if run["state"] in FINAL:
            return run
        assert time.monotonic() < end, run
        time.sleep(0.02)


def error_code(answer: httpx.Response) -> str:
    """Code of an error, after seeing that it has the form of all errors."""
    body = answer.json()
    assert set(body) == {"error"}, body
    assert set(body["error"]) == {"code", "message", "hint"}
    assert body["error"]["message"]
    return str(body["error"]["code"])
