"""Models on disk: one TOML file, or a folder of ``model.toml`` and CSV tables."""

import csv
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from karvan.errors import ModelError, Problem, did_you_mean
from karvan.simulation.checks import check
from karvan.simulation.model import Class, Closure, Model, Pool, Profile, Row, Source, Stage, Step

TABLES: dict[str, type[Row]] = {
    "stages": Stage,
    "classes": Class,
    "sources": Source,
    "closures": Closure,
    "pools": Pool,
    "profiles": Profile,
}
STEPS = "steps"
LISTS = {
    "timetable_h", "closed_from_h", "closed_until_h", "starts_h", "factors", "profiles", "route",
}  # fmt: skip
AMOUNTS = {"servers", "places"}
MAPS = {"takes", "gives", "next"}
SHOWN = 80
"""Characters of a value that a message shows."""
NOT_NAMES = ("constrained", "literal", "int", "function")
"""How pydantic's own words in the place of an error begin."""


def read_model(path: str | Path) -> Model:
    """Return a model from a TOML file or a folder.

    In a folder, ``model.toml`` may be completed by ``stages.csv``, ``classes.csv``, ``steps.csv``
    (columns ``class`` and those of a step), ``sources.csv``, ``closures.csv``, ``pools.csv`` and
    ``profiles.csv``.  Columns of a batch are written ``batch.most`` and so on; a list's parts are
    parted by blanks, ``takes`` and ``next`` are written ``crane:2 crew:1``; empty cells are not
    given.

    Raises
    ------
    ModelError
        With all problems found.
    """
    root = Path(path)
    file = root / "model.toml" if root.is_dir() else root
    data: dict[str, Any] = {}
    if file.exists() or not root.is_dir():
        data = _toml(file)
    if root.is_dir():
        for name in (*TABLES, STEPS):
            table = root / f"{name}.csv"
            if table.exists():
                data[name] = [*_rows(name, data.get(name, [])), *_csv(table)]
    return model_from(data)


def model_from(data: dict[str, Any]) -> Model:
    """Return a checked model from nested dictionaries and lists, as TOML gives them.

    Raises
    ------
    ModelError
    """
    data = dict(data)
    steps = data.pop(STEPS, [])
    if steps:
        data["classes"] = _with_routes(data.get("classes", []), steps)
    try:
        model = Model(**data)
    except ValidationError as error:
        raise ModelError(problems_of(error, data)) from None
    check(model)
    return model


def problems_of(error: ValidationError, data: dict[str, Any]) -> list[Problem]:
    """Return what is wrong with the values of a model, each fault once.

    Pydantic also says that a table is too short from which it has left out faulty rows, and of an
    amount both that it is no number and that it is not the word "unlimited".
    """
    found = error.errors()
    places = [e["loc"] for e in found]
    return [
        _problem(e, data)
        for e in found
        if not (
            (e["type"] == "too_short" and any(p[: len(e["loc"])] == e["loc"] != p for p in places))
            or (e["type"] == "literal_error" and str(e["loc"][-1]).startswith("literal["))
        )
    ]


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        found, expected = error.strerror or "no file", "a TOML file or a folder with model.toml"
    except UnicodeDecodeError:
        found, expected = "bytes that are not UTF-8", "a text in UTF-8"
    except tomllib.TOMLDecodeError as error:
        found, expected = str(error), "TOML"
    raise ModelError([Problem("model.file", str(file), found, expected)])


def _csv(file: Path) -> list[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows, header = list(reader), list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelError([Problem("model.csv", str(file), str(error), "CSV in UTF-8")]) from None
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        found = f"column {twice[0]} twice"
        raise ModelError([Problem("model.csv.header", str(file), found, "each column once")])
    return [_row(f"{file} row {n}", cells) for n, cells in enumerate(rows, 2)]


def _row(where: str, cells: dict[Any, Any]) -> dict[str, Any]:
    """Return the cells of a row that are given; those of ``batch.`` in a table of their own."""
    row: dict[str, Any] = {}
    for name, text in cells.items():
        if name is None or text is None:
            found = "more cells than columns" if name is None else "fewer cells than columns"
            raise ModelError([Problem("model.csv.cells", where, found, "one for each column")])
        if text.strip():
            *outer, inner = name.strip().split(".")
            target = row
            for part in outer:
                target = target.setdefault(part, {})
                if not isinstance(target, dict):
                    found = f"columns {part} and {name.strip()}"
                    expected = f"only columns that begin with {part}."
                    raise ModelError([Problem("model.csv.nested", where, found, expected)])
            target[inner] = _cell(inner, text.strip())
    return row


def _cell(name: str, text: str) -> Any:  # noqa: ANN401 - what TOML would give
    if name in LISTS:
        return text.split()
    if name in MAPS:
        return {k: v for k, _, v in (part.rpartition(":") for part in text.split())}
    if name in AMOUNTS and text != "unlimited":
        try:
            return int(text)
        except ValueError:
            return text
    return text


def _rows(table: str, value: object) -> list[dict[str, Any]]:
    """Return the rows of a table; one that is none is refused."""
    if not isinstance(value, list | tuple) or not all(isinstance(row, dict) for row in value):
        found = repr(value)
        problem = Problem(
            f"{table}.rows",
            table,
            found if len(found) < SHOWN else found[: SHOWN - 3] + "...",
            "a list of rows with named columns",
        )
        raise ModelError([problem])
    return [dict(row) for row in value]


def _with_routes(classes: object, steps: object) -> list[dict[str, Any]]:
    result = _rows("classes", classes)
    known = {str(c.get("id")): c for c in result}
    for n, step in enumerate(_rows(STEPS, steps), 2):
        owner = str(step.get("class"))
        if owner not in known:
            problem = Problem(
                "steps.class.unknown",
                f"steps row {n} class",
                f"'{owner}'",
                "the id of a row of classes",
                did_you_mean(owner, list(known)),
            )
            raise ModelError([problem])
        route = known[owner].get("route", [])
        if not isinstance(route, list | tuple):
            # What is wrong with it is said where the classes are read.
            continue
        known[owner]["route"] = [*route, {k: v for k, v in step.items() if k != "class"}]
    return result


def _problem(error: Any, data: dict[str, Any]) -> Problem:  # noqa: ANN401 - pydantic's ErrorDetails
    table, *rest = error["loc"] or ("model",)
    where = [str(table)]
    names: list[str] = []
    if rest and isinstance(rest[0], int):
        row = data.get(str(table), [])[rest[0]]
        name = row.get("id", "") if isinstance(row, dict) else ""
        where.append(f"row {rest[0] + 1}" + (f" ({name})" if name else ""))
        rest = rest[1:]
    follows = False
    for part in rest:
        if isinstance(part, int):
            where.append(f"no. {part + 1}")
            follows = False
        elif not part.startswith(NOT_NAMES):
            names.append(part)
            if follows:
                where[-1] += f".{part}"
            else:
                where.append(part)
            follows = True
    expected = error["msg"].removeprefix("Value error, ").removeprefix("expected ")
    hint = ""
    if error["type"] == "extra_forbidden" and names:
        kinds: dict[str, type[Row]] = {STEPS: Step, **TABLES}
        kind = kinds.get(str(table), Model)
        known = [f.alias or n for n, f in kind.model_fields.items()]
        expected, hint = "a column that exists", did_you_mean(names[-1], known)
    if names and names[-1] in AMOUNTS:
        expected += ", or 'unlimited'"
    found = repr(error["input"])
    if error["type"] == "missing":
        found, expected = "nothing", "a value: without it there is no model"
    return Problem(
        f"{table}.{names[0] if names else 'row'}.{error['type']}",
        " ".join(where),
        found if len(found) < SHOWN else found[: SHOWN - 3] + "...",
        expected[0].lower() + expected[1:],
        hint,
    )
