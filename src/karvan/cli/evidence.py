"""``karvan claims`` and ``karvan evidence``."""

import click

from karvan.case import read_case
from karvan.cli.common import DEFAULT_CASE, case_texts, console, language_option
from karvan.evidence.claims import evaluate_claims
from karvan.evidence.state import evidence_state
from karvan.report import terminal
from karvan.report.language import Texts
from karvan.schema.write import safe_csv


@click.command(
    epilog="\b\nExamples:\n  karvan claims\n  karvan claims --readings\n  karvan claims --lang az\n"
)
@click.argument("case_name", metavar="[CASE]", default=DEFAULT_CASE)
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV with the observations used.")
@click.option(
    "--readings",
    "with_readings",
    is_flag=True,
    help="Add what an analyst says of every claim, not only of untested ones.",
)
@language_option
def claims(case_name: str, *, as_csv: bool, with_readings: bool, lang: str) -> None:
    """Test each claim of the founding article against the observations and events of CASE.

    The verdict is computed: supported, contradicted or no data, with the evidence used.
    """
    case = read_case(case_name)
    result = evaluate_claims(
        case.table("claims"), case.table("observations"), case.table("series"), case.table("events")
    )
    if as_csv:
        click.echo(safe_csv(result), nl=False)
        return
    texts = case_texts(case, lang)
    table = case.table("claims")
    statements = {
        row["id"]: row[f"claim_{lang}"] or row["claim_en"] for row in table.iter_rows(named=True)
    }
    names = {
        "series": texts.names(case.table("series")),
        "event": texts.names(case.table("events")),
    }
    readings = {
        row["id"]: texts.free(row["reading"]) if with_readings or row["test"] == "none" else ""
        for row in table.iter_rows(named=True)
    }
    console().print(terminal.claims(result, statements, readings, names, texts))


@click.command(epilog="\b\nExamples:\n  karvan evidence\n  karvan evidence ./my-case\n")
@click.argument("case_name", metavar="[CASE]", default=DEFAULT_CASE)
@language_option
def evidence(case_name: str, lang: str) -> None:
    """Show for each table of CASE how many values are reported, derived, assumed or calibrated.

    Contradicted counts the things that sources disagree on; the values stay side by side.
    """
    case = read_case(case_name)
    console().print(terminal.evidence(evidence_state(case.tables), Texts(lang)))
