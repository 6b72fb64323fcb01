"""All that the endpoints share: the case, runs, the process that answers questions, caches."""

import asyncio
import gzip
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from karvan.case import Case, read_case
from karvan.case.settings import LANGUAGES
from karvan.errors import KarvanError
from karvan.web.case_info import case_info
from karvan.web.effort import REPLICATIONS
from karvan.web.errors import ApiError
from karvan.web.models import CaseInfo
from karvan.web.process import Worker, WorkerDiedError, WorkerTimeoutError
from karvan.web.runs import Runs
from karvan.web.stored import Store, part_file

MOST_WAITING = 256
"""Questions that may wait for the one process that answers them."""
MOST_KEPT_ANSWERS = 64
DOCUMENT_SUFFIXES = (".py", ".js", ".po", ".json", ".csv", ".geojson")


@dataclass(frozen=True, slots=True)
class Options:
    """How a server is set up.

    Attributes
    ----------
    case : str
        Shipped case by name, or folder.
    results : Path
        Folder for runs; made when the first is asked.
    token : str
        What clients have to show; empty for none.
    hosts : tuple of str
        Further names under which the server may be called.
    any_address : bool
        Whether the server listens on all addresses of the computer.
    workers, queue : int
        Runs at a time, and runs that may wait.
    run_limit_s, answer_limit_s : float
        Longest time of a run, and of a route search or comparison.
    warm : bool
        Start the processes at once instead of with the first question.
    replications : int
        Of the simulation of each run; fewer than of a run of its own, because somebody waits.
    """

    case: str
    results: Path
    token: str = ""
    hosts: tuple[str, ...] = ()
    any_address: bool = False
    workers: int = 1
    queue: int = 8
    run_limit_s: float = 900.0
    answer_limit_s: float = 30.0
    warm: bool = False
    replications: int = REPLICATIONS


class Answers:
    """The process that answers what is no run: routes, comparisons, documents, ids of questions.

    A crash or an endless search costs one answer, never the server.
    """

    def __init__(self, worker: Worker, limit_s: float) -> None:
        self._worker = worker
        self._limit_s = limit_s
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._kept: OrderedDict[str, Any] = OrderedDict()

    async def ask(self, what: str, arguments: Mapping[str, Any], *, keep: bool = False) -> Any:  # noqa: ANN401
        """Return the answer to a question; `keep` those that cannot change while we run."""
        key = json.dumps([what, arguments], sort_keys=True)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if self._waiting >= MOST_WAITING:
            message = "too many questions at once"
            raise ApiError(429, "busy", message, "ask again in a moment", retry_after_s=2)
        self._waiting += 1
        try:
            async with self._turn:
                if key not in self._kept:
                    answer = await self._ask(what, arguments)
                    if not keep:
                        return answer
                    self._kept[key] = answer
        finally:
            self._waiting -= 1
        if len(self._kept) > MOST_KEPT_ANSWERS:
            self._kept.popitem(last=False)
        return self._kept[key]

    async def _ask(self, what: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401
        try:
            return await self._worker.ask(what, arguments, self._limit_s)
        except WorkerDiedError:
            message = "the process that answers this ended unexpectedly"
            raise ApiError(500, "worker_died", message, "ask again, or ask for less") from None
        except WorkerTimeoutError:
            message = f"this takes longer than {self._limit_s:g} s"
            raise ApiError(503, "time_limit", message, "ask for less", retry_after_s=5) from None

    async def start(self) -> None:
        """Start the process ahead of use."""
        await self._worker.start()

    async def close(self) -> None:
        """End the process."""
        await self._worker.end()


@dataclass(slots=True)
class Service:
    """What one server works with."""

    options: Options
    case: Case
    store: Store
    runs: Runs
    answers: Answers
    document_name: str
    report_name: str
    case_bodies: dict[str, bytes] = field(default_factory=dict)
    case_turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    warming: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        """Start the processes and, behind, what is asked first."""
        await self.answers.start()
        await self.runs.start()
        self.warming = asyncio.create_task(self._get_ready())

    async def packed_case(self, language: str = "") -> bytes:
        """Return the description of the case as compressed JSON, made once for each language.

        With a language only its translations are in it, else those of all.
        """
        async with self.case_turn:
            if language not in self.case_bodies:
                self.case_bodies[language] = await asyncio.to_thread(_packed, self.case, language)
        return self.case_bodies[language]

    async def _get_ready(self) -> None:
        """Do ahead what the first client would wait for."""
        with suppress(KarvanError):
            for language in LANGUAGES:
                await self.packed_case(language)
        for scenario in self.case.scenarios.values():
            asked = {"scenario": scenario.id, "measures": [], "without": [], "year": scenario.year}
            # Whatever is wrong with it is said to whoever asks for it.
            with suppress(ApiError):
                await self.answers.ask("question", {"asked": asked}, keep=True)

    async def close(self) -> None:
        """Stop what is going on; finished stages stay on disk."""
        if self.warming:
            self.warming.cancel()
            await asyncio.wait([self.warming])
        await self.runs.close()
        await self.answers.close()

    async def kept_part(self, run_id: str, part: str) -> bytes:
        """Return a part of the document of a finished run; all are made if it is missing."""
        name = self.document_name
        return await self._kept(run_id, "parts", name, part_file(name, part))

    async def kept_file(self, run_id: str, what: str, name: str) -> bytes:
        """Return a compressed file beside the tables of a finished run, made if it is missing."""
        return await self._kept(run_id, what, name, name)

    async def _kept(self, run_id: str, what: str, name: str, file: str) -> bytes:
        path = self.store.finished(run_id).root / file
        if not path.is_file():
            await self.answers.ask(what, {"id": run_id, "name": name})
        return await asyncio.to_thread(path.read_bytes)


def make_service(options: Options) -> Service:
    """Return the service for a case; nothing is started or written yet.

    Raises
    ------
    CaseNotFoundError, CaseError
    """
    case = read_case(options.case)
    results = options.results.resolve()
    root = case.root.resolve()
    store = Store(results, case.settings.name)
    version = report_version()
    document = f"document-{version}.json.gz"
    workers = [Worker(root, results, options.replications) for _ in range(options.workers)]
    return Service(
        options=options,
        case=case,
        store=store,
        runs=Runs(
            store, workers, queue=options.queue, limit_s=options.run_limit_s, document=document
        ),
        answers=Answers(Worker(root, results, options.replications), options.answer_limit_s),
        document_name=document,
        report_name=f"report-{version}.html.gz",
    )


def report_version() -> str:
    """Return the hash of what documents and reports are made of, beside the results."""
    root = Path(str(files("karvan.report")))
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in DOCUMENT_SUFFIXES or path.parent.name == "assets":
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=1)
def _info(case: Case) -> CaseInfo:
    return case_info(case)


def _packed(case: Case, language: str) -> bytes:
    info = _info(case)
    if language:
        texts = {name: texts for name, texts in info.texts.items() if name == language}
        info = info.model_copy(update={"texts": texts})
    # As small as it gets: it is sent often.
    return gzip.compress(info.model_dump_json().encode(), 9, mtime=0)
