"""``karvan validate``: the model against what the world reported."""

import click

from karvan.case import read_case
from karvan.case.checks import require_sound
from karvan.cli.common import DEFAULT_CASE, console, language_option
from karvan.report import terminal
from karvan.report.language import Texts
from karvan.runs.validation import validate


@click.command(
    epilog="\b\nExamples:\n  karvan validate\n  karvan validate middle-corridor --lang zh\n"
)
@click.argument("case_name", metavar="[CASE]", default=DEFAULT_CASE)
@language_option
def validate_command(case_name: str, lang: str) -> None:
    """Print each row of validation.csv: reported, modelled with its interval, inside or outside.

    Rows the model was calibrated to are marked; a miss is shown as a miss.
    """
    case = read_case(case_name)
    require_sound(case)
    texts = Texts(lang)
    facts = case.table("validation")
    names = texts.names(facts)
    for name, period in zip(facts["id"], facts["year"], strict=True):
        names[name] = texts.dated(names[name], period)
    console().print(terminal.validation(validate(case), names, texts))
