"""Finished runs in the results folder: the only place from which their files are read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import polars as pl

from karvan import schema
from karvan.case.results import MANIFEST, Results, read_manifest, table_path
from karvan.errors import ResultsError
from karvan.web.errors import not_found
from karvan.web.models import RUN_ID, TABLE_NAME, Run, StageState, TableColumn, TableInfo

INTERRUPTED = {
    "code": "interrupted",
    "message": "the run was interrupted",
    "hint": "ask again: what was finished is kept",
}


def part_file(document: str, part: str) -> str:
    """Return the name of the file of a part of a document, from the name of the whole."""
    return document.replace(".", f"-{part}.", 1)


@dataclass(frozen=True, slots=True)
class Store:
    """The results folder of the app: one folder a run, named by the run's id."""

    root: Path
    case: str

    def folder(self, run_id: str) -> Path:
        """Return the folder of a run; ids that are no ids lead nowhere."""
        if not re.fullmatch(RUN_ID, run_id):
            message = f"no run '{run_id[:40]}'"
            raise not_found(message, "ids have 16 letters and digits; GET /api/v1/runs lists them")
        return self.root / run_id

    def find(self, run_id: str) -> Run | None:
        """Return a run that this or an earlier server worked on; None if there is none."""
        try:
            manifest = read_manifest(self.folder(run_id))
        except ResultsError:
            return None
        return _run(run_id, manifest) if manifest else None

    def finished(self, run_id: str) -> Results:
        """Return the results of a finished run; ApiError 404 if there are none."""
        folder = self.folder(run_id)
        manifest = read_manifest(folder)
        if manifest is None or not manifest.get("complete"):
            message = f"no finished run '{run_id}'"
            raise not_found(message, "POST /api/v1/runs asks for one; GET /api/v1/runs lists them")
        return Results(folder, manifest)

    def newest(self) -> Iterator[Run]:
        """Yield the runs of the case on disk, the latest first."""
        if not self.root.is_dir():
            return
        folders = [p for p in self.root.iterdir() if re.fullmatch(RUN_ID, p.name)]
        for folder in sorted(folders, key=_age):
            try:
                manifest = read_manifest(folder)
            except ResultsError:
                continue
            if manifest and manifest.get("case") == self.case:
                yield _run(folder.name, manifest)


def _age(folder: Path) -> tuple[float, str]:
    manifest = folder / MANIFEST
    return (-manifest.stat().st_mtime if manifest.exists() else 0.0, folder.name)


def _run(run_id: str, manifest: dict[str, Any]) -> Run:
    complete = bool(manifest.get("complete"))
    stages = [
        StageState(name=name, title=name, state="done", seconds=record["seconds"])
        for name, record in manifest["stages"].items()
    ]
    return Run.model_validate(
        {
            "id": run_id,
            "state": "done" if complete else "failed",
            "scenario": manifest["scenario"],
            "year": manifest["year"],
            "measures": manifest["measures"],
            "stage": "",
            "share": 1.0 if complete else 0.0,
            "seconds": round(sum(stage.seconds for stage in stages), 3),
            "stages": stages,
            "position": 0,
            "error": None if complete else INTERRUPTED,
        }
    )


def columns_of(name: str) -> list[TableColumn]:
    """Return the declared columns of a result table; ApiError 404 if there is no such table."""
    tables = schema.result_tables()
    if not re.fullmatch(TABLE_NAME, name) or name not in tables:
        message = f"no table '{name[:60]}'"
        raise not_found(message, "GET /api/v1/runs/{id}/tables lists them")
    types = get_args(TableColumn.model_fields["type"].annotation)
    return [
        TableColumn(
            name=column.name,
            type=column.type if column.type in types else "text",  # type: ignore[arg-type]
            unit=column.unit,
            key=column.key,
            description=column.description,
        )
        for column in tables[name]
    ]


def table_infos(results: Results) -> list[TableInfo]:
    """Return the tables of a run, with their sizes."""
    return [
        TableInfo(
            name=name,
            rows=pl.scan_parquet(table_path(results.root, name)).select(pl.len()).collect().item(),
            columns=columns_of(name),
        )
        for name in results.names()
        if name in schema.result_tables()
    ]
