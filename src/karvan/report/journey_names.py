"""Names of simulated journeys: their ends, their cargo, and what tells them apart."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from karvan.report.flow_words import FlowNames, Table
from karvan.schema import list_of

Row = Mapping[str, Any]


def journey_names(of: Table, names: FlowNames) -> Mapping[str, str]:
    """Return the name of each simulated journey of a run by its id.

    Where it begins and ends, its commodity unless it is the first of the case, its alternative;
    where another journey has all of these too, a place or a service that only this one passes, or
    its number among them.
    """
    goods = names.texts.names(of("input_commodities"))
    services = _services(of)
    alike: dict[str, list[Row]] = defaultdict(list)
    for row in of("simulated_journeys").iter_rows(named=True):
        alike[_ends(row, names, goods)].append(row)
    found: dict[str, str] = {}
    for name, journeys in alike.items():
        passed = [_passed(row, names, services) for row in journeys]
        for number, journey in enumerate(journeys):
            own = _own(passed, number) or names.texts("no. {number}").format(number=number + 1)
            found[journey["journey_id"]] = (
                name if len(journeys) == 1 else names.texts.bracketed(name, own)
            )
    return found


def _ends(row: Row, names: FlowNames, goods: Mapping[str, str]) -> str:
    way = names.way(row["origin"], row["destination"])
    commodity = row["commodity_id"]
    if commodity and commodity != next(iter(goods), None):
        way = f"{way} · {goods.get(commodity, commodity)}"
    if not row["alternative_id"]:
        return way
    return names.texts.clauses([way, names.alternative(row["alternative_id"])])


def _services(of: Table) -> Mapping[str, Sequence[str]]:
    """Services of each journey, in order."""
    steps = of("simulated_waits").filter(pl.col("kind") == "service").sort("journey_id", "step")
    found: dict[str, list[str]] = defaultdict(list)
    for journey, service in steps.select("journey_id", "id").iter_rows():
        found[journey].append(service)
    return found


def _passed(row: Row, names: FlowNames, services: Mapping[str, Sequence[str]]) -> list[str]:
    """Places and services of a journey, in order."""
    of_services = names.of_rows["service"]
    own = [of_services.get(service, service) for service in services.get(row["journey_id"], ())]
    return [*map(names.place, list_of(row["nodes"])), *own]


def _own(passed: Sequence[Sequence[str]], number: int) -> str:
    """First of what one journey passes that no other one does; empty where there is none."""
    others = {word for n, words in enumerate(passed) if n != number for word in words}
    return next((word for word in passed[number] if word not in others), "")
