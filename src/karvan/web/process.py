"""A worker process as the server sees it: give it a job, hear how it goes, end it."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from karvan.web.errors import from_kind

LONGEST_LINE = 64 * 2**20
"""Bytes of one message of a worker; a report with all its data fits."""


class WorkerDiedError(Exception):
    """The process ended before its job did."""


class WorkerTimeoutError(Exception):
    """The job took longer than it may; the process was ended."""


class Worker:
    """One process, started when there is something to do, and again after it died.

    Jobs are done one at a time; :meth:`ask` must not be called while another call is under way.
    """

    def __init__(self, case_root: Path, results: Path, replications: int) -> None:
        self._arguments = (str(case_root), str(results), str(replications))
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Number of the process; None where none is running."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    async def ask(
        self,
        what: str,
        arguments: Mapping[str, Any],
        limit_s: float,
        tell: Callable[[Mapping[str, Any]], None] = lambda event: None,
    ) -> Any:  # noqa: ANN401 - results of jobs differ
        """Return the result of the job `what`.

        Raises
        ------
        ApiError
            The job was refused, as for an unknown place.
        WorkerDiedError, WorkerTimeoutError
        """
        try:
            async with asyncio.timeout(limit_s):
                return await self._ask({"do": what, "with": arguments}, tell)
        except TimeoutError:
            await self.end()
            raise WorkerTimeoutError from None
        except BaseException as error:
            # Whoever gives up waiting leaves a process in the middle of a job: it must go.
            if isinstance(error, asyncio.CancelledError):
                await self.end()
            raise

    async def _ask(self, job: Mapping[str, Any], tell: Callable[[Mapping[str, Any]], None]) -> Any:  # noqa: ANN401
        process = await self._running()
        if process.stdin is None or process.stdout is None:
            raise WorkerDiedError
        with suppress(ConnectionError):
            process.stdin.write(json.dumps(job).encode() + b"\n")
            await process.stdin.drain()
        # Half a line is the last of a process that was ended while it wrote.
        while (line := await process.stdout.readline()).endswith(b"\n"):
            message = json.loads(line)
            if "event" in message:
                tell(message["event"])
            elif "error" in message:
                raise from_kind(message["error"]["kind"], message["error"]["message"])
            else:
                return message["result"]
        await process.wait()
        raise WorkerDiedError

    async def start(self) -> None:
        """Start the process ahead of use, so that the first job need not wait for it."""
        await self._running()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                # The folder one happens to be in must not shadow modules.
                "-P",
                "-m",
                "karvan.web.worker",
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                # Signals from the terminal are for the server, which ends this process.
                start_new_session=True,
            )
        return self._process

    async def end(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
