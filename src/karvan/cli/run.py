"""``karvan run``: compute a case and write its results."""

from pathlib import Path

import click
import polars as pl

from karvan.case.results import Results
from karvan.cli.common import Share, console, language_option, open_case, scenario_options
from karvan.cli.progress import Bars
from karvan.cli.report import REPORT
from karvan.report import flow_terminal, motion_terminal, pillar_terminal, terminal
from karvan.report.html import AssetsMissingError, write_report
from karvan.report.language import Texts
from karvan.runs.execute import Event, default_folder, run
from karvan.runs.simulation_tables import REPLICATIONS
from karvan.runs.stages import STAGES, Effort

EXAMPLES = """\b
Examples:
  karvan run middle-corridor
  karvan run middle-corridor --scenario committed-2030
  karvan run my-case --measure anaklia-port-phase-1 --out results/anaklia
  karvan run middle-corridor --set links.aktau-alat-sea.length_km=430
"""


@click.command(epilog=EXAMPLES)
@click.argument("case_name", metavar="CASE")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the results; results/<case>-<scenario> without it.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of the stages that draw random numbers.",
)
@click.option(
    "--replications",
    type=click.IntRange(1),
    default=REPLICATIONS,
    show_default=True,
    help="Simulated years; with --precision the fewest.",
)
@click.option(
    "--precision",
    type=Share(),
    metavar="SHARE",
    help="Simulate until mean times are that precise, e.g. 2%.",
)
@click.option("--fresh", is_flag=True, help="Compute all stages anew, also finished ones.")
@click.option("--no-report", is_flag=True, help="Write no report.html beside the tables.")
@click.option("--quiet", is_flag=True, help="Print the folder of the results only.")
@scenario_options
@language_option
def run_command(
    case_name: str,
    *,
    out: Path | None,
    seed: int,
    replications: int,
    precision: float | None,
    fresh: bool,
    no_report: bool,
    quiet: bool,
    scenario: str,
    measures: tuple[str, ...],
    year: int | None,
    settings: tuple[str, ...],
    lang: str,
) -> None:
    """Compute CASE: check it, compile its network, search itineraries, weigh the evidence.

    Finished stages are kept: after an interruption, or when nothing they read has changed, the
    next run goes on from there. Results are Parquet tables, a manifest, and report.html.
    """
    case = open_case(case_name, scenario, measures, year, settings)
    texts = Texts(lang)
    folder = out or default_folder(case, settings)
    with _StageBars(texts, quiet=quiet) as bars:
        effort = Effort(replications, precision)
        results = run(case, folder, seed=seed, effort=effort, fresh=fresh, tell=bars.tell)
    if not no_report:
        _report(results, lang, quiet=quiet)
    if quiet:
        click.echo(str(folder))
        return
    _summary(results, texts)


def _report(results: Results, lang: str, *, quiet: bool) -> None:
    """Write the report; a run is worth its tables also where the front end is not built."""
    try:
        write_report(results, results.root / REPORT, lang)
    except AssetsMissingError as error:
        (results.root / REPORT).unlink(missing_ok=True)
        if not quiet:
            click.echo(f"karvan: no report: {error}", err=True)


def _summary(results: Results, texts: Texts) -> None:
    screen = console()
    places = texts.names(results.table("network_nodes"))
    best = results.table("itineraries").filter(pl.col("rank") == 1)
    goods = texts.names(results.table("input_commodities"))
    screen.print(terminal.recommended(best, places, goods, texts))
    parts = (flow_terminal, motion_terminal, pillar_terminal)
    for line in (line for part in parts for line in part.summary(results, texts)):
        screen.print(line)
    for name in ("validation", "claims"):
        verdicts = sorted(results.table(name)["verdict"].value_counts().iter_rows())
        if verdicts:
            counts = ", ".join(f"{texts(verdict)} {n}" for verdict, n in verdicts)
            screen.print(f"{texts(name)}: {counts}")
    warnings = len(results.manifest["warnings"])
    if warnings:
        screen.print(f"{texts('warnings')}: {warnings} ({results.root}/manifest.json)")
    screen.print(f"{texts('results in')} {results.root}")


class _StageBars(Bars):
    """A bar for each stage of the run."""

    def __init__(self, texts: Texts, *, quiet: bool) -> None:
        super().__init__(quiet=quiet, transient=False)
        self._texts = texts

    def _start(self) -> None:
        """Show the plan, once the folder and the case have let the run begin."""
        self._progress.start()
        for stage in STAGES:
            title = self._texts(stage.title)
            self._tasks[stage.name] = self._progress.add_task(title, total=1.0, start=False)

    def tell(self, event: Event) -> None:
        """Show an event of the run."""
        if not self._tasks:
            self._start()
        task = self._tasks[event.stage.name]
        if event.kind == "start":
            self._progress.start_task(task)
        title = self._texts(event.stage.title)
        if event.kind == "kept":
            title += f" ({self._texts('kept from an earlier run')})"
        self._progress.update(task, completed=event.share, description=title)
