"""``karvan report``: one HTML file about a finished run."""

from pathlib import Path

import click

from karvan.case.results import read_results
from karvan.cli.common import language_option
from karvan.report.html import write_report

REPORT = "report.html"


@click.command(
    epilog="""\b
Examples:
  karvan report results/a
  karvan report results/a -o corridor.html --lang ru
"""
)
@click.argument("results", metavar="RESULTS", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; report.html in RESULTS without it.",
)
@language_option
def report(results: Path, *, out: Path | None, lang: str) -> None:
    """Write a report on RESULTS, the folder of a finished run, as one HTML file.

    It opens in a browser without a network, holds all four languages, and is drawn from the
    tables of the run alone.  --lang is the language it opens in.
    """
    path = write_report(read_results(results), out or results / REPORT, lang)
    click.echo(str(path))
