"""``karvan scenarios`` and ``karvan places``."""

import click

from karvan.case import read_case
from karvan.cli.common import DEFAULT_CASE, case_option, console, language_option
from karvan.network import resolve_place
from karvan.report import terminal
from karvan.report.language import Texts


@click.command(epilog="\b\nExamples:\n  karvan scenarios\n  karvan scenarios --lang ru\n")
@click.argument("case_name", metavar="[CASE]", default=DEFAULT_CASE)
@language_option
def scenarios(case_name: str, lang: str) -> None:
    """List the scenarios of CASE and its measures by pillar."""
    case = read_case(case_name)
    texts = Texts(lang)
    screen = console()
    screen.print(
        terminal.listing(
            texts("Scenarios"),
            [texts("scenario"), texts("year"), texts("title"), texts("measures")],
            [
                (s.id, str(s.year), s.title.in_language(lang), str(len(s.measures)))
                for s in case.scenarios.values()
            ],
        )
    )
    rows = [
        (
            texts(m.pillar),
            m.id,
            m.title.in_language(lang),
            str(m.from_year),
            texts(m.state.replace("_", " ")),
            str(len(m.changes)),
        )
        for m in sorted(case.measures.values(), key=lambda m: (m.pillar, m.from_year, m.id))
    ]
    headers = [texts(h) for h in ("pillar", "measure", "title", "from year", "state", "changes")]
    screen.print(terminal.listing(texts("Measures"), headers, rows))


@click.command(epilog="\b\nExamples:\n  karvan places\n  karvan places 巴库 --lang az\n")
@click.argument("name", required=False)
@case_option
@language_option
def places(name: str | None, case_name: str, lang: str) -> None:
    """List the places of a case, or say which one NAME stands for."""
    case = read_case(case_name)
    texts = Texts(lang)
    nodes = case.table("nodes")
    wanted = {resolve_place(nodes, name)} if name else set(nodes["id"])
    shown = texts.names(nodes)
    rows = [
        (
            r["id"],
            r["locode"] or "",
            shown[r["id"]],
            r["country"],
            texts(r["kind"].replace("_", " ")),
        )
        for r in nodes.iter_rows(named=True)
        if r["id"] in wanted
    ]
    headers = [texts(h) for h in ("id", "UN/LOCODE", "name", "country", "kind")]
    console().print(terminal.listing(texts("Places"), headers, rows))
