"""The texts of the front end: literals handed to ``t()`` and ``tx()`` in frontend/src."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "frontend" / "src"
DEFINITIONS = SOURCES / "core" / "texts.ts"
"""Where ``t`` and ``tx`` are defined: their parameters are no texts."""

Key = tuple[str, str]
"""Context (mostly empty) and English text."""

STRING = r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`$\\]*`)"""
JOINED = rf"{STRING}(?:\s*\+\s*{STRING})*"
CALL = re.compile(rf"(?<![\w.$])(?P<name>tx?)\(\s*(?P<first>{JOINED})?(?P<rest>\s*[,)]\s*)?")
SECOND = re.compile(JOINED)
COMMENT = re.compile(r"/\*.*?\*/|^[ \t]*//[^\n]*", re.DOTALL | re.MULTILINE)


def literal(joined: str) -> str:
    """Return the text of one string literal, or of several joined by plus signs."""
    parts = re.findall(STRING, joined)
    return "".join(p[1:-1] if p.startswith("`") else ast.literal_eval(p) for p in parts)


def texts_in(source: str) -> Iterator[tuple[int, Key | None]]:
    """Find the calls in TypeScript: line, and the key; none where it is not literal."""
    # Comments go, lines stay: their numbers are reported.
    code = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), source)
    for call in CALL.finditer(code):
        line = code.count("\n", 0, call.start()) + 1
        yield line, _key(code, call)


def _key(code: str, call: re.Match[str]) -> Key | None:
    if not call["first"] or not call["rest"]:
        return None
    first = literal(call["first"])
    if call["name"] == "t":
        return "", first
    second = SECOND.match(code, call.end())
    return (first, literal(second[0])) if second else None


@cache
def written_in_frontend() -> dict[Key | None, list[str]]:
    """Return the keys and where each is used; under none the calls without a literal."""
    found: dict[Key | None, list[str]] = {}
    for file in sorted(SOURCES.rglob("*.ts")):
        if file == DEFINITIONS or file.name.endswith(".test.ts"):
            continue
        for line, key in texts_in(file.read_text(encoding="utf-8")):
            found.setdefault(key, []).append(f"{file.relative_to(SOURCES).as_posix()}:{line}")
    return found


def frontend_keys() -> set[Key]:
    return {key for key in written_in_frontend() if key is not None}
