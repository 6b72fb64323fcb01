"""Execute the stages of a run: skip what is finished, keep what finishes, lose nothing."""

import hashlib
import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from karvan import __version__
from karvan.case import Case
from karvan.case.results import (
    MANIFEST,
    RESULTS_FORMAT,
    Results,
    file_hash,
    prepare_folder,
    read_manifest,
    read_results,
    table_path,
    take_table,
    write_json,
    write_table,
)
from karvan.case.texts import FILES as CATALOGUES
from karvan.network.boundaries import BOUNDARIES
from karvan.network.geometry import GEOMETRY
from karvan.runs.stages import STAGES, Effort, Given, Stage

LIBRARIES = ("numpy", "numba", "polars")
CODE_SUFFIXES = (".py", ".csv")
NOT_COMPUTING = frozenset({"cases", "cli", "report", "web"})


@dataclass(frozen=True, slots=True)
class Event:
    """What a run tells while it works.

    Attributes
    ----------
    stage : Stage
    kind : {"start", "progress", "kept", "done"}
        ``kept`` means that the stage was finished by an earlier run with the same inputs.
    share : float
        Share of the stage that is done.
    seconds : float
        Time the stage took.
    """

    stage: Stage
    kind: Literal["start", "progress", "kept", "done"]
    share: float = 0.0
    seconds: float = 0.0


def run(
    case: Case,
    out: str | Path,
    *,
    seed: int = 0,
    effort: Effort | None = None,
    fresh: bool = False,
    others: Path | None = None,
    tell: Callable[[Event], None] = lambda event: None,
) -> Results:
    """Return the results of `case`, written to the folder `out`.

    Parameters
    ----------
    case : Case
        With measures and scenario applied.
    out : path
        New, empty, or an earlier run of this format: stages whose inputs are unchanged are kept.
    seed : int
        Enters the keys of stages and the manifest; stages that draw numbers start from it.
    effort : Effort, optional
        How many replications, or how precise.
    fresh : bool
        Compute every stage anew.
    others : path, optional
        Folder of other runs: a stage that one of them finished with the same inputs is taken over.
    tell : callable
        Takes an :class:`Event` when something happens.

    Raises
    ------
    CaseError
        The case does not pass its checks; nothing later is computed.
    ResultsError
        The folder cannot be used.
    """
    root = Path(out)
    prepare_folder(root)
    records: dict[str, dict[str, Any]] = {}
    unfinished = partial(_write_manifest, root, case, seed, records, complete=False)
    if read_manifest(root) is None:
        unfinished()
    effort = effort or Effort()
    for stage in STAGES:
        key = stage_key(stage, case, seed, effort)
        record = None if fresh else _finished(root, stage, key)
        if record is None and others and not fresh:
            record = _taken_over(root, stage, key, others, unfinished)
        if record is None:
            given = _given(root, stage, seed, effort)
            record = _compute(root, stage, case, given, key, tell, unfinished)
        else:
            tell(Event(stage, "kept", 1.0, record["seconds"]))
        records[stage.name] = record
    _write_manifest(root, case, seed, records, complete=True)
    return read_results(root)


def _compute(
    root: Path,
    stage: Stage,
    case: Case,
    given: Given,
    key: str,
    tell: Callable[[Event], None],
    unfinished: Callable[[], None],
) -> dict[str, Any]:
    tell(Event(stage, "start"))
    began = time.perf_counter()
    tables = stage.function(case, lambda share: tell(Event(stage, "progress", share)), given)
    # From here on the tables in the folder need not be all of one run.
    unfinished()
    outputs = {name: write_table(root, name, tables[name]) for name in stage.writes}
    seconds = round(time.perf_counter() - began, 3)
    record = {"key": key, "outputs": outputs, "seconds": seconds}
    write_json(_record_path(root, stage), record)
    tell(Event(stage, "done", 1.0, seconds))
    return record


def _given(root: Path, stage: Stage, seed: int, effort: Effort) -> Given:
    earlier = Results(root, {})
    return Given({name: earlier.table(name) for name in stage.uses}, seed, effort)


def _record_path(root: Path, stage: Stage) -> Path:
    return root / "stages" / f"{stage.name}.json"


def _finished(root: Path, stage: Stage, key: str) -> dict[str, Any] | None:
    """The record of a finished stage with this key whose tables are still what was written."""
    try:
        record = json.loads(_record_path(root, stage).read_text(encoding="utf-8"))
        sound = record["key"] == key and set(record["outputs"]) == set(stage.writes)
        sound = sound and isinstance(record["seconds"], float)
        sound = sound and all(
            file_hash(table_path(root, name)) == digest
            for name, digest in record["outputs"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(record) if sound else None


def _taken_over(
    root: Path, stage: Stage, key: str, others: Path, unfinished: Callable[[], None]
) -> dict[str, Any] | None:
    """The record of the stage after its tables were taken from a run that finished the same."""
    for path in others.glob(f"*/stages/{stage.name}.json"):
        donor = path.parent.parent
        record = _finished(donor, stage, key)
        if record is None:
            continue
        unfinished()
        for name in stage.writes:
            take_table(donor, root, name)
        write_json(_record_path(root, stage), record)
        # Another process may have worked on the donor meanwhile.
        return _finished(root, stage, key)
    return None


def stage_key(stage: Stage, case: Case, seed: int, effort: Effort | None = None) -> str:
    """Return the hash of all that the result of a stage depends on."""
    read = case.as_read if stage.as_read else case
    parts = [stage.name, code_hash(), str(seed), str(read.year), case.settings.model_dump_json()]
    parts += [f"{name} {table_hash(read, name)}" for name in stage.reads]
    if stage.simulates:
        parts.append(repr(effort or Effort()))
    if stage.reads_applied:
        parts += [file_hash(case.root / name) for name in (GEOMETRY, BOUNDARIES)]
        parts += case.applied
    if stage.reads_definitions:
        parts += [file_hash(case.root / name) for name in CATALOGUES]
        # Scenarios start from the case as it was read, whatever the run has changed.
        parts += [f"{name} {table_hash(case.as_read, name)} as read" for name in stage.reads]
        for things in (case.measures, case.scenarios):
            parts += [thing.model_dump_json() for thing in things.values()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def table_hash(case: Case, name: str) -> str:
    """Return the SHA-256 of a table's content as it stands with measures applied."""
    return hashlib.sha256(case.table(name).write_csv().encode()).hexdigest()


@cache
def code_hash() -> str:
    """Return the hash of the code and declarations that compute; a change makes stages run anew.

    What only shows results, and the cases themselves (hashed as inputs), are left out.
    """
    root = Path(str(files("karvan")))
    digest = hashlib.sha256(__version__.encode())
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.suffix in CODE_SUFFIXES and parts[0] not in NOT_COMPUTING:
            digest.update("/".join(parts).encode() + path.read_bytes())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    found = {name: metadata.version(name) for name in LIBRARIES}
    return {"karvan": __version__, "python": platform.python_version(), **found}


def _write_manifest(
    root: Path, case: Case, seed: int, records: Mapping[str, Mapping[str, Any]], *, complete: bool
) -> None:
    warnings: Iterable[Any] = ()
    if complete:
        problems = Results(root, {}).table("problems")
        warnings = [f"{r['check']}: {r['where']}" for r in problems.iter_rows(named=True)]
    simulated = Results(root, {}).table("simulation").to_dicts() if complete else []
    assigned = Results(root, {}).table("assignment").to_dicts() if complete else []
    manifest = {
        "format": RESULTS_FORMAT,
        "complete": complete,
        "case": case.settings.name,
        "title": case.settings.title.model_dump(),
        "scenario": case.scenario,
        "year": case.year,
        "measures": list(case.applied),
        "overrides": [change.model_dump(exclude_defaults=True) for change in case.overrides],
        "seed": seed,
        "versions": _versions(),
        "code": code_hash(),
        "inputs": {name: table_hash(case, name) for name in sorted(case.tables)},
        "stages": {name: dict(record) for name, record in records.items()},
        "warnings": list(warnings),
        "assignment": _certificate(assigned[0]) if assigned else None,
        "simulation": _precision(simulated[0]) if simulated else None,
    }
    write_json(root / MANIFEST, manifest)


def _certificate(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return how exact the flows are: whether they are computed to the end, and their errors."""
    names = ("converged", "choice_error", "capacity_error", "slack_error", "conservation_error")
    return {name: summary[name] for name in (*names, "path_gap", "steps")}


def _precision(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return how sure a simulation is: replications, precision, what to beware of."""
    cautions = [line for line in summary["cautions"].splitlines() if line]
    names = ("replications", "lost", "precision_share")
    return {**{name: summary[name] for name in names}, "cautions": cautions}


def default_folder(case: Case, settings: Iterable[str] = ()) -> Path:
    """Return where a run of the case goes unless told otherwise; other inputs, other folder.

    `settings` are those of the command line.
    """
    scenario = case.scenarios[case.scenario] if case.scenario else None
    parts = [case.settings.name, case.scenario or str(case.year)]
    if scenario and scenario.year != case.year:
        parts.append(str(case.year))
    of_scenario = scenario.measures if scenario else []
    extra = [*(m for m in case.applied if m not in of_scenario), *settings]
    if extra:
        parts.append(hashlib.sha256(";".join(extra).encode()).hexdigest()[:8])
    return Path("results") / "-".join(parts)
