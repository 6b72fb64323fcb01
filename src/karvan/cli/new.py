"""``karvan new``: a minimal case to start one's own."""

import re
import shutil
from pathlib import Path

import click

from karvan.case import find_case
from karvan.errors import CaseNotFoundError

TEMPLATE = "two-port"


@click.command(
    epilog="""\b
Examples:
  karvan new my-case
  karvan new my-case --from middle-corridor
"""
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "template",
    default=TEMPLATE,
    show_default=True,
    help="Case to copy: a shipped one by name, or a folder.",
)
def new(folder: Path, *, template: str) -> None:
    """Make a case in FOLDER: four places, one ferry, one measure, invented numbers to replace.

    Nothing is written over: FOLDER must not exist or be empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder}: exists and is not empty; choose a new folder"
        raise CaseNotFoundError(message)
    source = find_case(template)
    try:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        settings = folder / "case.toml"
        text = settings.read_text(encoding="utf-8")
        name = re.sub(r"[^\w.-]+", "-", folder.resolve().name)
        settings.write_text(
            re.sub(r'(?m)^name = ".*"$', f'name = "{name}"', text), encoding="utf-8"
        )
    except OSError as error:
        message = f"{folder}: cannot write the case ({error.strerror}); choose another folder"
        raise CaseNotFoundError(message) from None
    click.echo(f"made {folder}; next: edit its tables, then 'karvan check {folder}'")
