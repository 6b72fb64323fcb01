"""A scenario file that asks the question of a run again."""

import json
from collections.abc import Iterable
from typing import Any

from karvan.case import Case
from karvan.case.settings import LANGUAGES, Change, Text


def scenario_toml(case: Case, name: str, scenario: str, measures: Iterable[str], year: int) -> str:
    """Return a scenario file that asks the question of a run again.

    Parameters
    ----------
    case : Case
    name : str
        Id of the new scenario; the file has to be called so.
    scenario : str
        Scenario of the run, empty for none: its overrides go into the file.
    measures : iterable of str
        Measures of the run, in the order applied.
    year : int
    """
    base = case.scenarios.get(scenario)
    lines = [
        "# A scenario of the case; put it into the folder scenarios/ under this name:",
        f"# {name}.toml",
        f"id = {_toml(name)}",
        f"year = {year}",
        "measures = [",
        *(f"  {_toml(measure)}," for measure in measures),
        "]",
    ]
    lines += _text_table("title", base.title if base else case.settings.title, f" ({name})")
    if base and base.summary:
        lines += _text_table("summary", base.summary)
    for change in base.overrides if base else ():
        lines += ["", "[[overrides]]", *_change(change)]
    return "\n".join(lines) + "\n"


def _text_table(key: str, text: Text, more: str = "") -> list[str]:
    said = {language: getattr(text, language) for language in LANGUAGES}
    return ["", f"[{key}]", *(f"{k} = {_toml(v + more)}" for k, v in said.items() if v)]


def _change(change: Change) -> list[str]:
    fields = change.model_dump(exclude_defaults=True)
    return [f"{key} = {_toml(value)}" for key, value in fields.items()]


def _toml(value: Any) -> str:  # noqa: ANN401 - a scalar, a list or a table of them
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON escapes are TOML escapes, except that TOML also wants DEL escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)
