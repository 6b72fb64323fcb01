"""Write docs/reference/*.md from the declarations and the code.

Run it from the root of the repository: ``python docs/build_reference.py``.  A test compares the
committed pages with what this writes.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from inspect import getsource
from pathlib import Path
from types import ModuleType

from karvan.case import (
    checks,
    demand_checks,
    folder,
    indicator_checks,
    network_checks,
    operation_checks,
    settings,
    texts,
)
from karvan.case.changes import apply_changes
from karvan.evidence.claims import TESTS
from karvan.runs import STAGES, Stage
from karvan.schema import INPUT, Column, TableSchema, read, result_tables, tables
from karvan.scoreboard import settings as score

OUT = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by docs/build_reference.py; do not edit. -->\n"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    names = list(header)
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def code(text: str) -> str:
    """Return `text` as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def _range(column: Column) -> str:
    low, high = column.minimum, column.maximum
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"≥ {low:g}"
    return f"≤ {high:g}" if high is not None else ""


def _allowed(column: Column) -> str:
    words = [code(value) for value in column.values]
    if column.references:
        words.append(f"id of [{column.references}](#{column.references})")
    return ", ".join([*words, *filter(None, [_range(column)])])


def _needed(column: Column) -> str:
    if column.required:
        return "yes, unique" if column.key else "yes"
    return f"default {code(column.default)}" if column.default else ""


def _schema_table(declared: TableSchema) -> str:
    rows = (
        (code(c.name), c.type, c.unit, _needed(c), _allowed(c), c.description)
        for c in declared.columns
    )
    needed = "Every case has it." if declared.required else "A case may leave it out."
    return (
        f"## {declared.name}\n\n{declared.description}. File: `{declared.path}`. {needed}\n\n"
        + table(("column", "type", "unit", "required", "allowed", "meaning"), rows)
    )


def schema_page() -> str:
    """Return the page of the tables of a case."""
    types = (
        ("id", "letters of any script, digits, `-`, `_`, `.` or `+`, without blanks"),
        ("text", "any text"),
        ("prose", "English sentences, which the case's catalogues may translate"),
        ("number", "a finite decimal number; `.` is the decimal point"),
        ("integer", "a whole number"),
        ("boolean", "`yes` or `no`"),
        ("enum", "one of the words listed"),
        ("date", "`YYYY`, `YYYY-MM` or `YYYY-MM-DD`"),
        ("period", "a date, `YYYY-Q1`, `YYYY-H1`, or `start/end`"),
        ("country", "ISO 3166-1 alpha-2 code"),
        ("ref", "an id of the table named"),
        ("refs", "ids of the table named, separated by `;`"),
    )
    found = "\n\n".join(_schema_table(declared) for declared in tables().values())
    return (
        f"{NOTICE}\n# Tables of a case\n\n"
        "What the CSV files of a case may hold. Reading and checking follow the same "
        "declarations. An empty cell is no data, or the default where there is one.\n\n"
        + table(("type", "a cell holds"), types)
        + f"\n\n{found}\n"
    )


def results_page() -> str:
    """Return the page of the tables of a run."""
    parts = []
    for name, columns in result_tables().items():
        if name.startswith(INPUT):
            continue
        rows = (
            (code(c.name), c.type, c.unit, "yes" if c.key else "", c.description) for c in columns
        )
        header = ("column", "type", "unit", "key", "meaning")
        parts.append(f"## {name}\n\nFile: `tables/{name}.parquet`.\n\n{table(header, rows)}")
    return (
        f"{NOTICE}\n# Tables of a run\n\n"
        "Rows of two runs are matched by the key columns when they are compared.\n\n"
        + "\n\n".join(parts)
        + f"\n\n## Tables of the case\n\nFiles: `tables/{INPUT}<table>.parquet`, one for each "
        "table of the case, with its measures applied. Columns: [Tables of a case](schema.md).\n"
    )


def _written(stage: Stage) -> list[str]:
    """Names of the tables a stage writes; copies of the case's own tables as one."""
    return list(dict.fromkeys(f"{INPUT}TABLE" if n.startswith(INPUT) else n for n in stage.writes))


def _reads(stage: Stage) -> str:
    names = "all tables" if set(stage.reads) == set(tables()) else ", ".join(stage.reads)
    return f"{names}: of the case as read, whatever is changed" if stage.as_read else names


def _result_link(name: str) -> str:
    place = "tables-of-the-case" if name.startswith(INPUT) else name
    return f"[{name}](results.md#{place})"


def _diagram() -> str:
    lines = ["```mermaid", "flowchart LR", "  case[(case)]"]
    for stage in STAGES:
        lines.append(f'  case --> {stage.name}["{stage.name}"]')
        lines.append(f'  {stage.name} --> {stage.name}_out["{"<br>".join(_written(stage))}"]')
    return "\n".join([*lines, "```"])


def stages_page() -> str:
    """Return the page of the stages of a run."""
    rows = (
        (
            code(stage.name),
            stage.title,
            _reads(stage),
            "yes" if stage.reads_definitions else "",
            ", ".join(map(_result_link, _written(stage))),
        )
        for stage in STAGES
    )
    header = ("stage", "shown as", "reads", "reads measures and scenarios not applied", "writes")
    return (
        f"{NOTICE}\n# Stages of a run\n\n"
        "The stages run in this order. A stage is computed again only if the code, the seed or "
        f"a table it reads has changed.\n\n{table(header, rows)}\n\n{_diagram()}\n"
    )


PLACEHOLDERS: Mapping[str, str] = {
    "declared.name": "<table>",
    "schema.name": "<table>",
    "table": "<table>",
    "column.name": "<column>",
    "column": "<column>",
    "column.references": "<table>",
    "prefix": "<quantity>_",
    "fault.kind": "<fault>",
    "kind": "<folder>",
}
"""Expressions in the names of checks -> what a reader sees; others are shown as <...>."""


def _name(node: ast.expr, known: Mapping[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_name(value, known) for value in node.values)
    if isinstance(node, ast.FormattedValue):
        return _name(node.value, known)
    text = ast.unparse(node)
    return known.get(text) or PLACEHOLDERS.get(text, f"<{text}>")


def _functions(module: ModuleType) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(getsource(module))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _problems(
    function: ast.FunctionDef, functions: Mapping[str, ast.FunctionDef], seen: set[str]
) -> Iterator[str]:
    """Names of the problems that a function of a module, or one it calls there, can yield."""
    if function.name in seen:
        return
    seen.add(function.name)
    known: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.JoinedStr):
            known[ast.unparse(node.targets[0])] = _name(node.value, {})
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "Problem":
                yield _name(node.args[0], known)
            elif node.func.id in functions:
                yield from _problems(functions[node.func.id], functions, seen)


def _check_rows(module: ModuleType) -> Iterator[tuple[str, str]]:
    functions = _functions(module)
    listed = {check.__name__ for check in checks.CHECKS}
    for name, function in functions.items():
        if name in listed:
            names = dict.fromkeys(_problems(function, functions, set()))
            yield ", ".join(map(code, names)), ast.get_docstring(function) or ""


FAULTS: Mapping[str, str] = {
    "enum": "one of the words that the column allows",
    "finite": "a finite number; an empty cell where there is no data",
    "maximum": "a number of at most the declared maximum",
    "minimum": "a number of at least the declared minimum",
    "missing": "a value, as the column is required",
    "range": "a year between 1000 and 2200",
    "size": "a number of at most 1e18 in size",
    "type": "text of the column's type",
}
"""Kinds of faults of one cell -> what is expected instead."""


def _fault_rows() -> Iterator[tuple[str, str]]:
    kinds = {
        _name(word.value, {})
        for node in ast.walk(ast.parse(getsource(read)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "BadCell"
        for word in node.keywords
        if word.arg == "kind"
    }
    return ((code(f"<table>.<column>.{kind}"), FAULTS[kind]) for kind in sorted(kinds))


def _read_names(module: ModuleType, known: Mapping[str, str]) -> list[str]:
    """Names of the problems found while a file is read, but for those of single cells."""
    calls = [n for n in ast.walk(ast.parse(getsource(module))) if isinstance(n, ast.Call)]
    names = {_name(n.args[0], known) for n in calls if ast.unparse(n.func) == "Problem"}
    faults = {_name(n.args[0], known) for n in calls if ast.unparse(n.func) == "fault"}
    names |= {f"<table>.file.{kind}" for kind in faults}
    return sorted(n for n in names if "<column>" not in n and "<kind>" not in n)


def checks_page() -> str:
    """Return the page of the checks and their stable names."""
    parts = (
        checks,
        network_checks,
        operation_checks,
        demand_checks,
        indicator_checks,
        texts,
    )
    content = [row for part in parts for row in _check_rows(part)]
    files = ", ".join(map(code, _read_names(read, {"name": "<table>", "kind": "<kind>"})))
    toml = ", ".join(map(code, _read_names(folder, {"name": "<file>"})))
    return (
        f"{NOTICE}\n# Checks\n\n"
        "Each problem ends with the stable name of its check in brackets. `case.toml` may make "
        "a warning an error (`[checks] strict`) or not show it (`quiet`) by that name. "
        "`<table>`, `<column>` and `<quantity>` stand for names of [tables](schema.md) and their "
        "columns, `<folder>` for measures or scenarios.\n\n"
        "## Content of a case\n\n"
        + table(("names", "what holds in a sound case"), content)
        + "\n\n## Cells\n\n"
        + table(("name", "what is expected"), _fault_rows())
        + f"\n\n## Files\n\nCSV files: {files}.\n\nTOML files: {toml}; `<file>` is case, "
        "measures or scenarios.\n"
    )


def _first_line(thing: object) -> str:
    return (getattr(thing, "__doc__", "") or "").splitlines()[0]


def claims_page() -> str:
    """Return the page of the tests of claims."""
    rows = ((code(name), _first_line(test)) for name, test in TESTS.items())
    return f"{NOTICE}\n# Tests of claims\n\n{table(('test', 'what it finds'), rows)}\n"


def _toml_rows(model: type[settings.Strict | score.Model]) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        kind = re.sub(
            r"karvan\.(case|scoreboard)\.settings\.|typing\.|<class '|'>", "", str(field.annotation)
        )
        default = "" if field.is_required() else repr(field.get_default(call_default_factory=True))
        yield code(name), code(kind), "yes" if field.is_required() else f"default {code(default)}"


def toml_page() -> str:
    """Return the page of the keys of the TOML files of a case."""
    parts = [
        f"## {title}\n\n{_first_line(model)}\n\n"
        + table(("key", "type", "required"), _toml_rows(model))
        for title, model in (
            ("case.toml", settings.Settings),
            ("case.toml, [checks]", settings.CheckSettings),
            ("case.toml, [choice]", settings.ChoiceSettings),
            ("case.toml, [simulation]", settings.SimulationSettings),
            ("measures/*.toml", settings.Measure),
            ("scenarios/*.toml", settings.Scenario),
            ("A change", settings.Change),
            ("A text", settings.Text),
            ("Configuration of a scoreboard (`karvan score --config`)", score.Config),
            *(
                (f"Scoreboard, {name}", getattr(score, name.strip("[]").capitalize()))
                for name in (
                    "[screen]",
                    "[[impute]]",
                    "[treat]",
                    "[normalise]",
                    "[weigh]",
                    "[aggregate]",
                    "[uncertainty]",
                    "[sensitivity]",
                )
            ),
        )
    ]
    return (
        f"{NOTICE}\n# Keys of the TOML files\n\nUnknown keys are refused. "
        f"How changes are applied: `karvan.case.changes.{apply_changes.__name__}`.\n\n"
        + "\n\n".join(parts)
        + "\n"
    )


PAGES = {
    "schema.md": schema_page,
    "results.md": results_page,
    "stages.md": stages_page,
    "checks.md": checks_page,
    "claims.md": claims_page,
    "toml.md": toml_page,
}

if __name__ == "__main__":
    for file, page in PAGES.items():
        (OUT / file).write_text(page(), encoding="utf-8")
