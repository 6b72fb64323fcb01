"""``karvan report``: one HTML or PDF file about a finished run."""

from pathlib import Path

import click

from karvan.case.results import read_results
from karvan.cli.common import language_option
from karvan.report.html import write_report

REPORT, PDF = "report.html", "report.pdf"
PDF_ENDING = ".pdf"


@click.command(
    epilog="""\b
Examples:
  karvan report results/a
  karvan report results/a -o corridor.html --lang ru
  karvan report results/a --pdf --lang zh
"""
)
@click.argument("results", metavar="RESULTS", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, report.html in RESULTS without it; a name in .pdf means --pdf.",
)
@click.option("--pdf", is_flag=True, help="Write PDF (A4) in one language; needs karvan[pdf].")
@language_option
def report(results: Path, *, out: Path | None, pdf: bool, lang: str) -> None:
    """Write a report on RESULTS, the folder of a finished run, as one HTML file.

    It opens in a browser without a network, holds all four languages, and is drawn from the
    tables of the run alone.  --lang is the language it opens in.
    """
    found = read_results(results)
    if pdf or (out is not None and out.suffix.lower() == PDF_ENDING):
        # What sets the pages is imported only where a PDF is made.
        from karvan.report.pdf import write_pdf

        path = write_pdf(found, out or results / PDF, lang)
    else:
        path = write_report(found, out or results / REPORT, lang)
    click.echo(str(path))
