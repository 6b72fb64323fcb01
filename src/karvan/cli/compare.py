"""``karvan compare``: what changed between two runs."""

from pathlib import Path

import click

from karvan.case.results import MANIFEST, Results, read_results
from karvan.cli.common import case_option, console, language_option, open_case
from karvan.report import flow_terminal, motion_terminal, pillar_terminal, terminal
from karvan.report.flow_words import demand_change, flow_names
from karvan.report.journey_names import journey_names
from karvan.report.language import Texts
from karvan.report.row_names import RowNames
from karvan.runs.compare import compare
from karvan.runs.compare_flows import compare_flows
from karvan.runs.compare_scores import compare_scores
from karvan.runs.compare_simulation import compare_simulation
from karvan.runs.execute import default_folder, run


@click.command(
    epilog="""\b
Examples:
  karvan compare base-2024 committed-2030
  karvan compare results/a results/b --limit 50
"""
)
@click.argument("before")
@click.argument("after")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=15,
    show_default=True,
    help="Largest single changes shown.",
)
@case_option
@language_option
def compare_command(before: str, after: str, *, limit: int, case_name: str, lang: str) -> None:
    """Show what changed from BEFORE to AFTER, by table and size.

    Each is a results folder, or a scenario of the case, which is run first if need be.
    """
    results = [_results(name, case_name) for name in (before, after)]
    found = compare(*results)
    texts = Texts(lang)
    runs = (Path(before).name, Path(after).name)
    named = flow_names(results[1].table, texts)
    if not all(one.table("assignment").is_empty() for one in results):
        for line in demand_change(results[0].table, results[1].table, texts):
            console().print(line)
        console().print(flow_terminal.comparison(compare_flows(*results), named, runs, limit))
    journeys = compare_simulation(results[0], results[1], limit)
    if journeys:
        console().print(
            motion_terminal.comparison(journeys, named, journey_names(results[1].table, named))
        )
    if not all(one.table("scores").is_empty() for one in results):
        console().print(
            pillar_terminal.comparison(
                compare_scores(*results),
                texts.names(results[1].table("input_units")),
                texts.names(results[1].table("input_indicators")),
                texts,
                limit,
            )
        )
    console().print(
        terminal.comparison(
            runs, found.tables, found.cells, found.pairs, RowNames(results[::-1], texts), limit
        )
    )


def _results(name: str, case_name: str) -> Results:
    if (Path(name) / MANIFEST).exists() or Path(name).is_dir():
        return read_results(name)
    case = open_case(case_name, scenario=name)
    return run(case, default_folder(case))
