"""Run the ```console blocks of the README and the docs and write their output into them.

A line ``$ command`` is run by the shell, in one empty folder for each page; the lines under it
are replaced by what it prints.  ```python blocks above it are run as well, since they may write
the files that a command reads.  Run it from the root of the repository, in an environment with
karvan: ``python docs/build_console.py``, or with the pages to renew.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(?ms)^```(console|python)\n(.*?)^```$")


def output(command: str, folder: str) -> str:
    """Return what a command prints; errors only where it fails, as progress is no output."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    )
    text = done.stdout + (done.stderr if done.returncode else "")
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def renewed(text: str, folder: str) -> str:
    """Return the text of a page with the output of today in its console blocks."""
    names: dict[str, Any] = {"__name__": "page"}
    last = max((m.end() for m in BLOCK.finditer(text) if m[1] == "console"), default=0)

    def block(match: re.Match[str]) -> str:
        if match[1] == "python":
            if match.end() < last:
                with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
                    exec(match[2], names)
            return match[0]
        commands = [line for line in match[2].splitlines() if line.startswith("$ ")]
        body = "".join(f"{line}\n{output(line[2:], folder)}" for line in commands)
        return f"```console\n{body}```"

    return BLOCK.sub(block, text)


def main(pages: list[Path]) -> None:
    """Renew the pages given, or all."""
    for page in pages or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            new = renewed(text, folder)
        if new != text:
            page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
