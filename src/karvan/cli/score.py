"""``karvan score``: a scoreboard from anybody's data."""

import json
from pathlib import Path

import click
import polars as pl

from karvan.cli.common import console, language_option, write_text
from karvan.cli.progress import Bars
from karvan.errors import ResultsError
from karvan.report import score_terminal
from karvan.report.language import Texts
from karvan.schema.write import safe_csv
from karvan.scoreboard import Config, Scoreboard, build, read_config, to_document
from karvan.scoreboard.document import indices_table
from karvan.scoreboard.model import NO_YEAR

EXAMPLES = """\b
Examples:
  karvan score data.csv framework.csv
  karvan score data.csv framework.csv --config score.toml --json -o score.json
  karvan score data.csv framework.csv --year 2022 --unit KAZ
  karvan score data.csv framework.csv --draws 10000 --seed 7 --csv
"""


@click.command(epilog=EXAMPLES)
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("framework", type=click.Path(path_type=Path))
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="TOML file with the methods; the usual ones without it.",
)
@click.option("--draws", type=click.IntRange(0), help="Draws of the uncertainty analysis.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the draws.")
@click.option("--year", type=int, help="Year shown in the terminal; the last without it.")
@click.option("--unit", default="", help="Show the cells behind the score of this unit.")
@click.option("--element", default="", help="With --unit: the pillar instead of the index.")
@click.option("--json", "form", flag_value="json", help="Write everything as JSON.")
@click.option("--csv", "form", flag_value="csv", help="Write the ranking as CSV.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File instead of the terminal; its ending .json or .csv says the form.",
)
@click.option("--quiet", is_flag=True, help="Show no progress.")
@language_option
def score(
    data: Path,
    framework: Path,
    *,
    config_file: Path | None,
    draws: int | None,
    seed: int | None,
    year: int | None,
    unit: str,
    element: str,
    form: str | None,
    output: Path | None,
    quiet: bool,
    lang: str,
) -> None:
    """Score the units of DATA by the hierarchy of indicators in FRAMEWORK, with uncertainty.

    DATA is a CSV with a row a unit (and year) and a column an indicator, or long with the columns
    unit, indicator and value. FRAMEWORK has a row an indicator or aggregate with its parent.
    """
    config = _config(config_file, draws, seed)
    texts = Texts(lang)
    with _PartBars(quiet=quiet, transient=True) as bars:
        board = build(data, framework, config, tell=bars.tell)
    if form or output:
        write_text(_text(board, form or _form_of(output)), output)
        return
    _show(board, texts, year, unit, element)


def _config(path: Path | None, draws: int | None, seed: int | None) -> Config:
    config = read_config(path)
    changed = {k: v for k, v in (("draws", draws), ("seed", seed)) if v is not None}
    return config.model_copy(update={"uncertainty": config.uncertainty.model_copy(update=changed)})


def _form_of(output: Path | None) -> str:
    return "csv" if output is not None and output.suffix.lower() == ".csv" else "json"


def _text(board: Scoreboard, form: str) -> str:
    if form == "json":
        return json.dumps(to_document(board), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    table = board.ranking()
    if "groups" in table.columns:
        groups = [" ".join(str(g) for g in row) for row in table["groups"].to_list()]
        table = table.with_columns(pl.Series("groups", groups, dtype=pl.String))
    return safe_csv(table)


def _show(board: Scoreboard, texts: Texts, year: int | None, unit: str, element: str) -> None:
    screen = console()
    if unit:
        cells = board.trace(unit, element, year or NO_YEAR)
        screen.print(score_terminal.cells(cells, unit, texts))
        return
    table = board.ranking()
    years = table["year"].unique().sort().to_list()
    shown = year if year is not None else years[-1]
    if shown not in years:
        known = ", ".join(str(y) for y in years if y is not None) or "none: the data have no years"
        message = f"--year {shown}: the data have {known}"
        raise ResultsError(message)
    screen.print(score_terminal.ranking(table, shown, board.config.uncertainty.interval, texts))
    found = board.sensitivity
    warnings = list(board.notes)
    if found is not None:
        warnings += found.warnings
        if found.factors:
            indices = indices_table(board)
            screen.print(score_terminal.sensitivity(indices, found.exact, found.n_runs, texts))
    logs = [(log.step, log.done, log.notes) for log in board.chain.logs]
    screen.print(score_terminal.steps(logs, texts))
    screen.print(score_terminal.notes(board.space.excluded, warnings, texts))


class _PartBars(Bars):
    """A bar for each part of the scoreboard, gone when it is done."""

    def tell(self, name: str, share: float) -> None:
        """Show how far a part has come."""
        if name not in self._tasks:
            self._progress.start()
            self._tasks[name] = self._progress.add_task(name, total=1.0)
        self._progress.update(self._tasks[name], completed=share)
