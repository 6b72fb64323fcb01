"""Command line.

Commands are imported when they are called, so that ``karvan --help`` stays quick.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Timer
from typing import Any

import click

from karvan import __version__
from karvan.errors import KarvanError

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run:run_command", "Compute a case: itineraries, evidence, validation."),
    "report": ("report:report", "Write a report on a run as one HTML file."),
    "route": ("route:route", "Find itineraries between two places."),
    "serve": ("serve:serve", "Open a case as an app in the browser, with a JSON API."),
    "simulate": ("simulate:simulate_command", "Simulate a model of stages, routes and fleets."),
    "check": ("check:check", "Check a case and list every problem."),
    "validate": ("validate:validate_command", "Compare the model with reported facts."),
    "claims": ("evidence:claims", "Test the founding article's claims against the evidence."),
    "evidence": ("evidence:evidence", "Show the state of the data, table by table."),
    "compare": ("compare:compare_command", "Show what changed between two runs or scenarios."),
    "score": ("score:score", "Score units by a hierarchy of indicators, with uncertainty."),
    "scenarios": ("lists:scenarios", "List the scenarios and measures of a case."),
    "places": ("lists:places", "List the places of a case, or find one."),
    "texts": ("texts:texts", "Count the free texts of a case, or write them for translators."),
    "new": ("new:new", "Make a minimal case to start one's own."),
    "warmup": ("warmup:warmup", "Compile the numerical kernels once, ahead of use."),
    "completion": ("completion:completion", "Print the script for completion in a shell."),
}

EXAMPLES = """\b
Examples:
  karvan run middle-corridor
  karvan route "Xi'an" Baku --depart 2024-03-01
  karvan route 西安 Поти --scenario committed-2030 --lang ru
  karvan compare base-2024 committed-2030
"""
INTERRUPTED = 130
PATIENCE_S = 3.0
"""An import that takes longer compiles the kernels, for some 40 s."""

COMPILING = "Compiling the numerical kernels; only the first command after an installation does it."


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        with explained_if_slow():
            command = getattr(import_module(f"karvan.cli.{module}"), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and their short help without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@contextmanager
def explained_if_slow() -> Iterator[None]:
    """Say on a terminal what takes so long, if it does."""
    timer = Timer(PATIENCE_S, click.echo, [COMPILING], {"err": True})
    timer.daemon = True
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


@click.group(
    cls=LazyGroup, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="karvan")
def cli() -> None:
    """Show what follows from a cooperation measure along the Middle Corridor.

    A case (evidence, network, measures) goes in; itineraries, their cost, time and emissions, and
    the comparison with what the world reported come out, every number with its source or with
    the reason why it was chosen.
    """


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit: 0 fine, 2 wrong input, 130 interrupted."""
    sys.exit(_status(args))


def _status(args: list[str] | None) -> int:
    try:
        result: Any = cli.main(args, prog_name="karvan", standalone_mode=False)
    except KarvanError as error:
        click.echo(f"karvan: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("karvan: interrupted; what was finished is kept, run again to go on", err=True)
        return INTERRUPTED
    return result if isinstance(result, int) else 0
