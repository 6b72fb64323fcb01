"""The results folder: Parquet tables and a manifest, written so that nothing is lost.

A table is written beside its place and moved there in one step; a stage counts as finished once
its record is on disk.  A run that was killed therefore finds every finished stage again.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from karvan import schema
from karvan.errors import ResultsError, did_you_mean

RESULTS_FORMAT = 1
MANIFEST = "manifest.json"
DTYPES: Mapping[str, Any] = {
    "number": pl.Float64,
    "integer": pl.Int64,
    "boolean": pl.Boolean,
    "text": pl.String,
    schema.PROSE: pl.String,
}


@dataclass(frozen=True, slots=True)
class Results:
    """A finished run on disk.

    Attributes
    ----------
    root : Path
    manifest : mapping
        What was run: hashes of inputs, versions, seed, timings, warnings.
    """

    root: Path
    manifest: Mapping[str, Any]

    def table(self, name: str) -> pl.DataFrame:
        """Return a table; ResultsError if the run has none of that name."""
        path = table_path(self.root, name)
        if not path.exists():
            hint = did_you_mean(name, schema.result_tables())
            message = f"{self.root}: no table '{name}' in these results; {hint}".rstrip("; ")
            raise ResultsError(message)
        try:
            return pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            message = f"{path}: cannot read it ({error}); run again to compute it anew"
            raise ResultsError(message) from None

    def names(self) -> tuple[str, ...]:
        """Return the names of the tables that are there."""
        return tuple(sorted(p.stem for p in (self.root / "tables").glob("*.parquet")))


def table_path(root: Path, name: str) -> Path:
    """Return the place of a result table."""
    return root / "tables" / f"{name}.parquet"


def result_frame(name: str, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as the declared result table `name`, with its columns in order."""
    columns = {c.name: DTYPES[c.type] for c in schema.result_tables()[name]}
    return pl.DataFrame([{c: row[c] for c in columns} for row in rows], schema=columns)


def read_results(path: str | Path) -> Results:
    """Return the results in a folder; ResultsError if no run of this format was finished there."""
    root = Path(path)
    manifest = read_manifest(root)
    if manifest is None:
        message = f"{root}: no {MANIFEST} here; expected a folder that 'karvan run' wrote"
        raise ResultsError(message)
    if not manifest.get("complete"):
        message = f"{root}: the run was interrupted; run it again to finish it, then read it"
        raise ResultsError(message)
    return Results(root, manifest)


def read_manifest(root: Path) -> dict[str, Any] | None:
    """Return the manifest of a results folder, None if it has none."""
    path = root / MANIFEST
    if not path.exists():
        return None
    try:
        manifest = dict(json.loads(path.read_text(encoding="utf-8")))
        found = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path}: not a manifest of karvan ({error}); expected JSON with 'format'"
        raise ResultsError(message) from None
    if found != RESULTS_FORMAT:
        versions = manifest.get("versions")
        version = versions.get("karvan", "unknown") if isinstance(versions, dict) else "unknown"
        message = (
            f"{root}: results of format {found}, written by karvan {version}; this karvan reads "
            f"and writes format {RESULTS_FORMAT}. Choose another folder with --out, or remove it"
        )
        raise ResultsError(message)
    return manifest


def prepare_folder(root: Path) -> None:
    """Make the folder and see that it can be written and is ours; nothing is written over."""
    try:
        known = read_manifest(root)
        if known is None and _holds_files(root):
            message = f"{root}: the folder holds other files; choose an empty one with --out"
            raise ResultsError(message)
        for folder in (root / "tables", root / "stages"):
            folder.mkdir(parents=True, exist_ok=True)
        probe = root / "tables" / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        message = f"{root}: cannot write results there ({error.strerror}); choose with --out"
        raise ResultsError(message) from None


def _holds_files(root: Path) -> bool:
    """Tell whether there is anything but what a run makes before its first manifest is in place."""
    if not root.is_dir():
        return root.exists()
    own = f".{MANIFEST}."
    return any(not p.is_dir() and not p.name.startswith(own) for p in root.rglob("*"))


@contextmanager
def _in_one_step(path: Path) -> Iterator[Path]:
    """Give a file to write that then takes the place of `path`: a kill leaves the old or the new.

    Nothing of it stays behind when writing fails or is interrupted.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        message = f"{path}: cannot write it ({getattr(error, 'strerror', None) or error})"
        raise ResultsError(message) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step."""
    with _in_one_step(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON with sorted keys."""
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    write_bytes(path, text.encode() + b"\n")


def write_table(root: Path, name: str, table: pl.DataFrame) -> str:
    """Write a result table and return the SHA-256 of its bytes."""
    with _in_one_step(table_path(root, name)) as temporary:
        table.write_parquet(temporary, compression="zstd")
        return file_hash(temporary)


def take_table(donor: Path, root: Path, name: str) -> None:
    """Put a table of another results folder into this one, without a copy where that is possible.

    Tables are replaced, never written into, so that two folders may share one file.
    """
    with _in_one_step(table_path(root, name)) as temporary:
        try:
            os.link(table_path(donor, name), temporary)
        except OSError:
            shutil.copyfile(table_path(donor, name), temporary)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file; empty if it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
