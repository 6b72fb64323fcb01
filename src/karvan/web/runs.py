"""Runs in progress: a bounded queue, worker processes, and what clients see of them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from karvan.web.errors import ApiError, not_found
from karvan.web.models import ErrorBody, Run, StageState, State
from karvan.web.process import Worker, WorkerDiedError, WorkerTimeoutError
from karvan.web.stored import Store

FINAL = frozenset({"done", "failed", "cancelled"})
REMEMBERED = 200
"""Finished runs whose last words are kept in memory; those on disk are found there anyway."""
HEARTBEAT_S = 15.0
SHORTEST_PAUSE_S = 0.05
"""Between two events: a stage that tells much must not flood its watchers."""
RETRY_AFTER_S = 5
LONG_STAGES = {"simulate": 12.0}
"""Stages that take many times as long as the others, which count as 1 in the share of a run."""


@dataclass(eq=False, slots=True)
class Job:
    """A run of this server: asked, under way, or ended."""

    id: str
    asked: Mapping[str, Any]
    scenario: str
    year: int
    measures: list[str]
    stages: list[StageState]
    state: State = "queued"
    error: ErrorBody | None = None
    running: str = ""
    share_of_stage: float = 0.0
    task: "asyncio.Task[None] | None" = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Wake all who watch."""
        watched, self.changed = self.changed, asyncio.Event()
        watched.set()

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take an event of the worker."""
        for n, stage in enumerate(self.stages):
            if stage.name == event["stage"]:
                kind = event["kind"]
                state = kind if kind in {"kept", "done"} else "running"
                self.stages[n] = stage.model_copy(
                    update={"state": state, "seconds": event["seconds"] or stage.seconds}
                )
                self.running = stage.name if state == "running" else ""
                self.share_of_stage = event["share"] if state == "running" else 0.0
        self.tell()

    def end(self, state: State, error: ErrorBody | None = None) -> None:
        """Close it."""
        self.state, self.error, self.running, self.share_of_stage = state, error, "", 0.0
        self.tell()

    def view(self, position: int) -> Run:
        """Return what clients see."""
        title = next((s.title for s in self.stages if s.name == self.running), "")
        return Run(
            id=self.id,
            state=self.state,
            scenario=self.scenario,
            year=self.year,
            measures=self.measures,
            stage=title,
            share=1.0 if self.state == "done" else round(min(self._share(), 1.0), 4),
            seconds=round(sum(stage.seconds for stage in self.stages), 3),
            stages=list(self.stages),
            position=position,
            error=self.error,
        )

    def _share(self) -> float:
        """Return how much of the work is done."""
        sizes = {stage.name: LONG_STAGES.get(stage.name, 1.0) for stage in self.stages}
        ended = [stage.name for stage in self.stages if stage.state in {"kept", "done"}]
        done = sum(sizes[name] for name in ended)
        done += sizes.get(self.running, 0.0) * self.share_of_stage
        return done / sum(sizes.values()) if sizes else 0.0


class Runs:
    """All runs the server knows.

    Parameters
    ----------
    store : Store
    workers : sequence of Worker
        One run at a time each.
    queue : int
        Most runs that may wait.
    limit_s : float
        Longest time of one run.
    document : str
        Name of the file that the worker leaves beside the tables of a finished run.
    """

    def __init__(
        self, store: Store, workers: list[Worker], *, queue: int, limit_s: float, document: str
    ) -> None:
        self._store = store
        self._workers = workers
        self._idle = deque(workers)
        self._most_waiting = queue
        self._limit_s = limit_s
        self._document = document
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[Job] = deque()
        self._closing = False

    # What clients ask

    def submit(self, asked: Mapping[str, Any], question: Mapping[str, Any]) -> Run:
        """Return the run that answers a question; it is queued unless it is there already.

        `asked` is what the client sent, `question` what it means: see ``Desk.question``.
        """
        run_id = question["id"]
        known = self._jobs.get(run_id)
        if known and known.state in {"queued", "running"}:
            return self._view(known)
        stored = self._store.find(run_id)
        if stored and stored.state == "done":
            return stored
        if self._closing:
            raise ApiError(503, "closing", "the server is shutting down", "start it again")
        if not self._idle and len(self._waiting) >= self._most_waiting:
            message = f"{len(self._waiting)} runs are waiting already: no more are taken"
            hint = "wait for one to finish, or cancel one with DELETE /api/v1/runs/{id}"
            raise ApiError(429, "queue_full", message, hint, RETRY_AFTER_S)
        job = Job(
            id=run_id,
            asked=asked,
            scenario=question["scenario"],
            year=question["year"],
            measures=list(question["measures"]),
            stages=[
                StageState(name=s["name"], title=s["title"], state="waiting", seconds=0.0)
                for s in question["stages"]
            ],
        )
        # Put last, so that the order of the dictionary is the order of asking.
        self._jobs.pop(run_id, None)
        self._jobs[run_id] = job
        self._waiting.append(job)
        self._forget()
        self._start()
        return self._view(job)

    def get(self, run_id: str) -> Run:
        """Return a run; ApiError 404 if neither this server nor an earlier one had it."""
        self._store.folder(run_id)
        job = self._jobs.get(run_id)
        # A finished run is what is on disk; the folder may be gone since.
        if job and job.state != "done":
            return self._view(job)
        found = self._store.find(run_id)
        if found is None:
            message = f"no run '{run_id}'"
            raise not_found(message, "GET /api/v1/runs lists them")
        return found

    async def all(self) -> list[Run]:
        """Return every run: those under way, then what ended, the latest first."""
        stored = await asyncio.to_thread(lambda: list(self._store.newest()))
        active = [job for job in self._jobs.values() if job.state not in FINAL]
        ended = [job for job in reversed(self._jobs.values()) if job.state in FINAL]
        shown = {job.id: self._view(job) for job in (*active, *ended) if job.state != "done"}
        for run in stored:
            shown.setdefault(run.id, run)
        return list(shown.values())

    async def cancel(self, run_id: str) -> Run:
        """Stop a run that waits or is under way; what it has finished is kept."""
        run = self.get(run_id)
        if run.state in {"done", "failed"}:
            message = f"the run is {run.state}: there is nothing to cancel"
            raise ApiError(409, "not_running", message, "its results stay where they are")
        job = self._jobs[run_id]
        if job.state == "queued":
            self._waiting.remove(job)
            job.end("cancelled", _cancelled())
        elif job.task is not None:
            job.task.cancel()
            # The task ends its process before it ends itself.
            await asyncio.wait([job.task])
        return self._view(job)

    async def follow(self, run_id: str) -> AsyncIterator[tuple[str, Run] | None]:
        """Yield (kind, run) whenever something happens, ending with the run; None as heartbeat.

        Who comes late sees how it stands first.  A watcher that leaves changes nothing.
        """
        stage = None
        while True:
            job = self._jobs.get(run_id)
            # Taken before looking, so that no change falls between looking and waiting.
            changed = job.changed if job else None
            run = self.get(run_id)
            if run.state in FINAL:
                yield ("done" if run.state == "done" else "failed"), run
                return
            yield ("progress" if run.stage == stage else "stage"), run
            stage = run.stage
            if changed is None or self._closing:
                return
            while not changed.is_set():
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await changed.wait()
                except TimeoutError:
                    yield None
            await asyncio.sleep(SHORTEST_PAUSE_S)

    async def start(self) -> None:
        """Start the processes ahead of use."""
        for worker in self._workers:
            await worker.start()

    def stop_telling(self) -> None:
        """Let all who watch go: the server is about to close."""
        self._closing = True
        for job in self._jobs.values():
            job.tell()

    async def close(self) -> None:
        """Stop everything; finished stages stay on disk."""
        self.stop_telling()
        self._waiting.clear()
        tasks = [job.task for job in self._jobs.values() if job.task and not job.task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for worker in self._workers:
            await worker.end()

    # What goes on behind

    def _view(self, job: Job) -> Run:
        # Whoever waits does so for a run under way, and for those that wait longer.
        return job.view(self._waiting.index(job) + 1 if job in self._waiting else 0)

    def _start(self) -> None:
        """Give waiting runs to idle workers."""
        while self._idle and self._waiting and not self._closing:
            worker, job = self._idle.popleft(), self._waiting.popleft()
            job.state = "running"
            job.task = asyncio.create_task(self._work(worker, job))
            job.tell()
        for job in self._waiting:
            job.tell()

    async def _work(self, worker: Worker, job: Job) -> None:
        work = {"id": job.id, "asked": job.asked, "document": self._document}
        try:
            await worker.ask("run", work, self._limit_s, job.hear)
            job.end("done")
        except ApiError as error:
            job.end("failed", ErrorBody(**error.body()["error"]))
        except WorkerDiedError:
            message = "the process that computed the run ended unexpectedly"
            hint = "ask again: what was finished is kept; 'karvan run' shows more"
            job.end("failed", ErrorBody(code="worker_died", message=message, hint=hint))
        except WorkerTimeoutError:
            message = f"the run took longer than {self._limit_s:g} s and was stopped"
            hint = "use 'karvan run', which has no limit"
            job.end("failed", ErrorBody(code="time_limit", message=message, hint=hint))
        except asyncio.CancelledError:
            job.end("cancelled", _cancelled())
        finally:
            self._idle.append(worker)
            with suppress(RuntimeError):
                self._start()

    def _forget(self) -> None:
        """Drop the oldest ended runs from memory."""
        ended = [job for job in self._jobs.values() if job.state in FINAL]
        for job in ended[: max(0, len(ended) - REMEMBERED)]:
            del self._jobs[job.id]


def _cancelled() -> ErrorBody:
    hint = "ask again to go on: what was finished is kept"
    return ErrorBody(code="cancelled", message="the run was cancelled", hint=hint)
