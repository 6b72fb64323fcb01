"""``karvan check``: every problem of a case."""

import click

from karvan.case import read_case
from karvan.case.checks import check_case
from karvan.cli.common import language_option
from karvan.errors import CaseError
from karvan.report.language import Texts


@click.command(epilog="\b\nExamples:\n  karvan check middle-corridor\n  karvan check ./my-case\n")
@click.argument("case_name", metavar="CASE")
@language_option
def check(case_name: str, lang: str) -> None:
    """Check CASE: files, columns, types, units, references, sources, network, measures.

    All problems are listed at once, each with file, row, what was found, what is expected and
    what to do. Ends with 2 if there is any; warnings alone end with 0.
    """
    texts = Texts(lang)
    case = read_case(case_name)
    problems = check_case(case)
    for warning in (p for p in problems if p.severity == "warning"):
        click.echo(f"{texts('warning')}: {warning}", err=True)
    errors = [p for p in problems if p.severity == "error"]
    if errors:
        raise CaseError(errors, subject=f"the case '{case.root.name}'")
    rows = sum(table.height for table in case.tables.values())
    parts = (
        texts.count("{count} row", "{count} rows", rows),
        texts.count("{count} measure", "{count} measures", len(case.measures)),
        texts.count("{count} scenario", "{count} scenarios", len(case.scenarios)),
        texts.count("{count} warning", "{count} warnings", len(problems)),
    )
    click.echo(f"{case.settings.name}: {texts('no problem found')} ({', '.join(parts)})")
