"""Read a configuration; every fault by its path."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from karvan.errors import Problem, ScoreboardError, did_you_mean
from karvan.scoreboard import settings
from karvan.scoreboard.settings import Config

Given = Config | Mapping[str, Any] | str | Path | None

KEYS = sorted(
    {
        key
        for model in vars(settings).values()
        if isinstance(model, type) and issubclass(model, settings.Model)
        for key in model.model_fields
    }
)


def read_config(given: Given | object) -> Config:
    """Return a configuration from a model, a mapping or a TOML file; the default from None.

    Raises
    ------
    ScoreboardError
        With every fault found.
    """
    if given is None:
        return Config()
    if isinstance(given, Config):
        return given
    where = "config"
    if isinstance(given, str | Path):
        where = Path(given).name
        try:
            given = tomllib.loads(Path(given).read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            problem = Problem("scoreboard.config.file", where, reason, "a UTF-8 TOML file")
            raise ScoreboardError([problem]) from None
    if not isinstance(given, Mapping):
        found, expected = (
            f"a {type(given).__name__}",
            "a Config, a mapping or the path of a TOML file",
        )
        raise ScoreboardError([Problem("scoreboard.config.type", where, found, expected)])
    try:
        return Config.model_validate(dict(given))
    except ValidationError as error:
        raise ScoreboardError(list(_problems(error, where))) from None


def _problems(error: ValidationError, where: str) -> Iterator[Problem]:
    for fault in error.errors(include_url=False):
        path = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            last = str(fault["loc"][-1])
            hint = did_you_mean(last, [k for k in KEYS if k != last])
            found = f"unknown key '{last}'"
            yield Problem("scoreboard.config.key", f"{where} {path}", found, "a known key", hint)
        else:
            expected = fault["msg"].removeprefix("Input should be ")
            found = repr(fault["input"])
            yield Problem("scoreboard.config.value", f"{where} {path}", found, expected)
