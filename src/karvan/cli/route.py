"""``karvan route``: itineraries between two places."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from karvan.case import Case
from karvan.cli.common import (
    case_option,
    case_texts,
    console,
    language_option,
    open_case,
    scenario_options,
    write_text,
)
from karvan.freight.documents import chosen_numbers, to_document, to_rows
from karvan.freight.lines import drawing_of, to_geojson
from karvan.freight.routing import OBJECTIVES, itineraries
from karvan.report import route_tables
from karvan.report.language import Texts
from karvan.schema.write import rows_csv

EXAMPLES = """\b
Examples:
  karvan route "Xi'an" Baku --depart 2024-03-01
  karvan route CNSHA NLRTM --objectives time,cost --limit 3
  karvan route Urumqi Budapest --avoid RU --via Poti
  karvan route Altynkol Poti --sources all
  karvan route Баку Стамбул --lang ru --geojson -o route.geojson
"""


@click.command(epilog=EXAMPLES)
@click.argument("origin")
@click.argument("destination")
@click.option("--depart", metavar="DATE", help="Departure, 2024-03-01 or 2024-03-01T08:00.")
@click.option(
    "--objectives",
    default=",".join(OBJECTIVES),
    show_default=True,
    help="What counts in the Pareto set, separated by commas.",
)
@click.option("--max-transfers", type=int, help="Most changes of carrier.")
@click.option(
    "--avoid",
    multiple=True,
    metavar="WORD",
    help="Place, country code, mode, service or link not to use; may be repeated.",
)
@click.option(
    "--via", multiple=True, metavar="PLACE", help="Place to pass; may be repeated, in order."
)
@click.option(
    "--commodity", default="", help="Row of commodities.csv; the case's default without it."
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Itineraries shown in the terminal; files have all.",
)
@click.option("--json", "form", flag_value="json", help="Write JSON.")
@click.option("--csv", "form", flag_value="csv", help="Write CSV, a row a leg.")
@click.option("--geojson", "form", flag_value="geojson", help="Write GeoJSON for maps.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File instead of the terminal; its ending .json, .csv or .geojson says the form.",
)
@click.option(
    "--sources",
    "detail",
    type=click.Choice(["none", "titles", "all"]),
    default="titles",
    show_default=True,
    help="Sources of the recommended itinerary; all: with ids, addresses and what no source gives.",
)
@case_option
@scenario_options
@language_option
def route(
    origin: str,
    destination: str,
    *,
    form: str | None,
    output: Path | None,
    limit: int,
    detail: str,
    case_name: str,
    scenario: str,
    measures: tuple[str, ...],
    year: int | None,
    settings: tuple[str, ...],
    lang: str,
    objectives: str,
    **question: Any,  # noqa: ANN401 - handed on to itineraries()
) -> None:
    """Find all itineraries from ORIGIN to DESTINATION that no other beats in time, cost and CO2e.

    Places are named by id, UN/LOCODE, or in English, Russian, Azerbaijani or Chinese.
    """
    case = open_case(case_name, scenario, measures, year, settings)
    wanted = [word.strip() for word in objectives.split(",") if word.strip()]
    document = to_document(itineraries(case, origin, destination, objectives=wanted, **question))
    if form or output:
        write_text(_text(case, document, form or _form_of(output)), output)
        return
    texts = case_texts(case, lang)
    places, services = texts.names(case.table("nodes")), texts.names(case.table("services"))
    screen = console()
    screen.print(route_tables.itineraries(document, places, services, texts, limit))
    if detail != "none":
        legs = document["itineraries"][0]["legs"]
        screen.print(_sources(case, legs, texts, in_full=detail == "all"), soft_wrap=True)


def _sources(
    case: Case, legs: list[dict[str, Any]], texts: Texts, *, in_full: bool
) -> RenderableType:
    ids = dict.fromkeys(i for leg in legs for i in leg["source_ids"])
    rows = {row["id"]: row for row in case.table("sources").iter_rows(named=True)}
    numbers = dict.fromkeys(n for leg in legs for n in leg["assumed_or_calibrated"])
    chosen = chosen_numbers(case.tables, numbers)
    return route_tables.sources([rows[i] for i in ids], chosen, texts, in_full=in_full)


def _form_of(output: Path | None) -> str:
    """Form that the name of a file asks for; JSON where it asks for none."""
    suffix = output.suffix.lstrip(".").lower() if output else ""
    return suffix if suffix in {"csv", "geojson"} else "json"


def _text(case: Case, document: dict[str, Any], form: str) -> str:
    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if form == "geojson":
        return json.dumps(to_geojson(document, drawing_of(case)), ensure_ascii=False) + "\n"
    return rows_csv(to_rows(document))
