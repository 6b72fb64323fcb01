"""Options and helpers that several commands share."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from karvan.case import Case, read_case
from karvan.case.model import resolve
from karvan.case.settings import LANGUAGES, Change
from karvan.case.texts import read_catalogue
from karvan.errors import ResultsError, ScenarioError
from karvan.report.language import Texts

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_CASE = "middle-corridor"
WIDTH_WITHOUT_TERMINAL = 120


def language_option(function: F) -> F:
    """Add ``--lang``."""
    return click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        default="en",
        envvar="KARVAN_LANG",
        show_default=True,
        help="Language of what people read (or the variable KARVAN_LANG).",
    )(function)


def scenario_options(function: F) -> F:
    """Add ``--scenario``, ``--measure``, ``--year`` and ``--set``."""
    options = (
        click.option("--scenario", default="", help="Scenario of the case, e.g. committed-2030."),
        click.option(
            "--measure",
            "measures",
            multiple=True,
            metavar="ID",
            help="Measure to take in addition; may be repeated.",
        ),
        click.option(
            "--year", type=click.IntRange(1000, 2200), help="Year, instead of the scenario's."
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="TABLE.ID.COLUMN=VALUE",
            help="Value that beats case, measures and scenario; may be repeated.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def case_option(function: F) -> F:
    """Add ``--case``."""
    return click.option(
        "--case",
        "case_name",
        default=DEFAULT_CASE,
        show_default=True,
        help="Shipped case by name, or the folder of a case.",
    )(function)


class Share(click.ParamType[float]):
    """A share, written as a number or in percent."""

    name = "share"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the share; above 0 and below 1."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            share = 0.0
        if not 0.0 < share < 1.0:
            self.fail(
                f"{text!r}: expected a share above 0 and below 1, e.g. 2% or 0.02", param, ctx
            )
        return share


def open_case(
    name: str,
    scenario: str = "",
    measures: Sequence[str] = (),
    year: int | None = None,
    settings: Sequence[str] = (),
) -> Case:
    """Return the case a command is about, with scenario, measures and settings applied."""
    case = read_case(name)
    overrides = [setting_change(text) for text in settings]
    return resolve(
        case,
        scenario=scenario or case.settings.scenario,
        measures=measures,
        year=year,
        overrides=overrides,
    )


def case_texts(case: Case, lang: str) -> Texts:
    """Return the texts of a language, with those of the case."""
    return Texts(lang, read_catalogue(case.root, lang))


def setting_change(text: str) -> Change:
    """Return the change that ``TABLE.ID.COLUMN=VALUE`` asks for."""
    path, equals, value = text.partition("=")
    table, _, rest = path.partition(".")
    row, _, column = rest.rpartition(".")
    if not (equals and table and row and column):
        message = (
            f"--set {text}: expected TABLE.ID.COLUMN=VALUE, e.g. links.aktau-alat-sea.length_km=430"
        )
        raise ScenarioError(message)
    return Change(
        table=table,
        action="set",
        where={"id": row},
        column=column,
        value=value,
        status="assumed",
        reason="set on the command line",
    )


def console(*, error: bool = False) -> Console:
    """Return a console; wide enough for a table where the output is no terminal."""
    # Names of a case are what they are: "[free zone]" is no markup, and ":ship:" no picture.
    as_it_is = partial(Console, stderr=error, highlight=False, markup=False, emoji=False)
    found = as_it_is()
    if not found.is_terminal:
        found = as_it_is(width=WIDTH_WITHOUT_TERMINAL)
    return found


def write_text(text: str, output: Path | None) -> None:
    """Write to the file of ``-o``, or to the terminal without one.

    Raises
    ------
    ResultsError
        The file cannot be written.
    """
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise not_written(output, error, "-o") from None


def not_written(path: Path, error: OSError, option: str) -> ResultsError:
    """Return the error of a file that an option names and that cannot be written."""
    message = f"{path}: cannot write it ({error.strerror}); choose another file with {option}"
    return ResultsError(message)
