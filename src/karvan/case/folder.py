"""Find a case by name or path and read its folder."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import polars as pl
from pydantic import ValidationError

from karvan import schema
from karvan.case.model import Case
from karvan.case.settings import CASE_FORMAT, FOREIGN_KEY, Measure, Scenario, Settings, Strict
from karvan.errors import CaseError, CaseNotFoundError, Problem, did_you_mean
from karvan.schema.read import empty_table, read_table

M = TypeVar("M", bound=Strict)
D = TypeVar("D", Measure, Scenario)


def _shipped_root() -> Path:
    return Path(str(files("karvan"))) / "cases"


def shipped_cases() -> tuple[str, ...]:
    """Return the names of the cases that come with the package."""
    return tuple(sorted(p.parent.name for p in _shipped_root().glob("*/case.toml")))


def find_case(name: str | Path) -> Path:
    """Return the folder of a case given by path, or by the name of a shipped case.

    A folder that exists beats a shipped name.
    """
    path = Path(name)
    if (path / "case.toml").is_file():
        return path
    if str(name) in shipped_cases():
        return _shipped_root() / str(name)
    if path.is_dir():
        message = f"{path}: the folder has no case.toml; 'karvan new FOLDER' makes a case"
        raise CaseNotFoundError(message)
    hint = did_you_mean(str(name), shipped_cases()) or f"shipped: {', '.join(shipped_cases())}"
    message = f"no case '{name}': neither a folder with case.toml nor a shipped case; {hint}"
    raise CaseNotFoundError(message)


def read_case(name: str | Path) -> Case:
    """Return the case at a path or of a shipped name.

    Raises
    ------
    CaseNotFoundError
    CaseError
        With every problem of reading; the checks of content are in ``karvan.case.checks``.
    """
    root = find_case(name)
    settings, problems = _read_toml(root, root / "case.toml", Settings)
    if settings is not None and settings.format != CASE_FORMAT:
        problems.append(_format_problem(settings.format))
    tables: dict[str, pl.DataFrame] = {}
    for declared in schema.tables().values():
        path = root / declared.path
        if not declared.required and not path.exists():
            tables[declared.name] = empty_table(declared)
            continue
        tables[declared.name], faults = read_table(path, declared)
        problems += faults
    measures = _read_folder(root, "measures", Measure, problems)
    scenarios = _read_folder(root, "scenarios", Scenario, problems)
    if problems or settings is None:
        raise CaseError(problems, subject=f"the case '{root.name}'")
    return Case(
        root=root,
        settings=settings,
        tables=MappingProxyType(tables),
        measures=measures,
        scenarios=scenarios,
        year=settings.base_year,
    )


def _format_problem(found: int) -> Problem:
    newer = found > CASE_FORMAT
    hint = "update karvan" if newer else "this is the first format: check the number"
    return Problem(
        "case.format", "case.toml format", str(found), f"{CASE_FORMAT} for this karvan", hint
    )


def _read_folder(
    root: Path, folder: str, model: type[D], problems: list[Problem]
) -> Mapping[str, D]:
    things: dict[str, D] = {}
    for path in sorted((root / folder).glob("*.toml")):
        thing, faults = _read_toml(root, path, model)
        problems += faults
        if thing is None:
            continue
        if thing.id != path.stem:
            problems.append(
                Problem(
                    f"{folder}.id.file",
                    f"{folder}/{path.name} id",
                    repr(thing.id),
                    f"'{path.stem}', as the file is called",
                )
            )
        things[path.stem] = thing
    return MappingProxyType(things)


def _read_toml(root: Path, path: Path, model: type[M]) -> tuple[M | None, list[Problem]]:
    where = path.relative_to(root).as_posix()
    name = where.split("/")[0].removesuffix(".toml")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return None, [Problem(f"{name}.file.toml", where, str(error), "a UTF-8 TOML file")]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, list(_toml_problems(error, name, where, model, data))


def _toml_problems(
    error: ValidationError, name: str, where: str, model: type[Strict], data: dict[str, Any]
) -> Iterator[Problem]:
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"])
        last = str(fault["loc"][-1]) if fault["loc"] else ""
        if fault["type"] == "extra_forbidden":
            hint = did_you_mean(last, tuple(model.model_fields))
            yield Problem(
                f"{name}.key.unknown",
                f"{where} {key}",
                f"unknown key '{last}'",
                "only declared keys",
                hint,
            )
        elif fault["type"] == FOREIGN_KEY:
            foreign = fault["ctx"]["key"]
            yield Problem(
                f"{name}.key.action", f"{where} {key}.{foreign}", f"key '{foreign}'", fault["msg"]
            )
        elif fault["type"] == "missing":
            yield Problem(f"{name}.key.missing", f"{where} {key}", "no such key", f"'{last}'")
        else:
            expected = fault["msg"].removeprefix("Input should be ")
            yield Problem(f"{name}.key.value", f"{where} {key}", repr(fault["input"]), expected)
