"""What the README and the pages of docs show is what happens: commands, output, Python, TOML."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from karvan.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"(?ms)^```([^\n]*)\n(.*?)^```$")
KINDS = frozenset({"sh", "console", "python", "toml", "text", "mermaid"})
"""``text`` and ``mermaid`` are for the eye; anything else is run or read below."""
OPERATORS = frozenset({"|", ">", ">>", ";", "&&"})


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    kind: str
    body: str


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        yield Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2])


BLOCKS = [block for page in PAGES for block in blocks(page)]
PAGES_THAT_RUN = list(dict.fromkeys(b.page for b in BLOCKS if b.kind in {"console", "python"}))


def test_the_pages_have_blocks_to_test() -> None:
    assert {b.kind for b in BLOCKS} >= {"sh", "console", "python", "toml"}
    assert ROOT / "README.md" in PAGES_THAT_RUN


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: f"{name(b.page)}:{b.line}")
def test_every_block_is_of_a_kind_that_is_tested(block: Block) -> None:
    assert block.kind in KINDS, "add the kind here with the way it is tested"
    if block.kind == "toml":
        assert tomllib.loads(block.body)


def test_the_two_commands_of_the_readme_are_run_by_ci_word_for_word() -> None:
    commands = [b.body.strip() for b in blocks(ROOT / "README.md") if b.kind == "sh"]
    assert len(commands) == 2
    lines = [line.strip() for line in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()]
    for command in commands:
        assert "\n" not in command
        assert command in lines
    assert "karvan run middle-corridor" in commands[0]
    assert "pytest" in commands[1]


def test_programs_named_in_shell_blocks_are_there() -> None:
    named = [
        word
        for b in BLOCKS
        if b.kind == "sh"
        for word in b.body.split()
        if word.endswith(".py") and "/" in word
    ]
    assert [word for word in named if not (ROOT / word).is_file()] == []


LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    missing = [target for target in LINK.findall(text) if not (page.parent / target).exists()]
    assert missing == []


# Pages are run from top to bottom, each in an empty folder of its own.


class Reader:
    """Someone who types what a page shows, and compares."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._names: dict[str, Any] = {"__name__": "page"}

    def follow(self, block: Block) -> None:
        if block.kind == "console":
            self._type(block)
        elif block.kind == "python":
            # Blank lines put the line numbers of the page into a traceback.
            code = "\n" * block.line + block.body
            exec(compile(code, name(block.page), "exec"), self._names)
            self._capsys.readouterr()

    def _type(self, block: Block) -> None:
        lines = block.body.splitlines()
        assert lines[0].startswith("$ "), f"{name(block.page)}:{block.line}"
        for n, line in enumerate(lines):
            if line.startswith("$ "):
                shown = [
                    text.rstrip() for text in takewhile(lambda t: t[:2] != "$ ", lines[n + 1 :])
                ]
                found = [text.rstrip() for text in self._output(line[2:]).splitlines()]
                where = f"{name(block.page)}:{block.line + n + 1}"
                assert found == shown, f"{where}: run python docs/build_console.py"

    def _output(self, command: str) -> str:
        """What a command prints: errors only where it fails, as progress is no output."""
        words = shlex.split(command, posix=True)
        own = list(takewhile(lambda word: word not in OPERATORS, words))
        rest = words[len(own) :]
        if own[0] != "karvan" or (rest and (rest[0] != "|" or ";" in command)):
            return self._shell(command)
        with pytest.raises(SystemExit) as end:
            main(own[1:])
        out, err = self._capsys.readouterr()
        if not rest:
            return out + (err if end.value.code else "")
        return self._shell(shlex.join(rest[1:]).replace("'|'", "|"), out)

    def _shell(self, command: str, given: str = "") -> str:
        program = "from karvan.cli import main; main()"
        alias = f'karvan() {{ {shlex.quote(sys.executable)} -c "{program}" "$@"; }}'
        done = subprocess.run(
            f"{alias}\n{command}",
            shell=True,
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        return done.stdout + (done.stderr if done.returncode else "")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the pages speak to a Unix shell")
@pytest.mark.parametrize("page", PAGES_THAT_RUN, ids=name)
def test_a_page_shows_what_happens(
    page: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KARVAN_LANG", raising=False)
    monkeypatch.setenv("PYTHONUTF8", "1")
    reader = Reader(capsys)
    for block in blocks(page):
        reader.follow(block)
