"""The API's contract is written once more for its readers: here the two are held together."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from karvan.case import Case
from karvan.freight import itineraries
from karvan.freight.documents import to_document
from karvan.web import models

FRONT_END = Path(__file__).parents[1] / "frontend" / "src" / "app" / "api.ts"
NAMES = {
    "CaseMeasure": "MeasureInfo",
    "CaseScenario": "ScenarioInfo",
    "CasePlace": "Place",
    "CaseCommodity": "Commodity",
    "RunQuestion": "Question",
    "RunInfo": "Run",
    "ApiFault": "ErrorBody",
    "RouteAnswer": "RouteInfo",
}
"""Interfaces of the front end whose model has another name."""


def names_of(model: type[BaseModel]) -> set[str]:
    """Names as they are sent."""
    return {field.alias or name for name, field in model.model_fields.items()}


def test_a_route_has_the_fields_that_the_api_declares(two_port_case: Case) -> None:
    document = to_document(itineraries(two_port_case, "west", "east"))
    itinerary = document["itineraries"][0]
    for sent, model in [
        (document, models.RouteInfo),
        (itinerary, models.RouteItinerary),
        (itinerary["legs"][0], models.RouteLeg),
    ]:
        assert set(sent) == names_of(model)
    back = models.RouteInfo.model_validate(document, strict=True)
    assert back.model_dump(by_alias=True) == document


def interfaces() -> dict[str, dict[str, str]]:
    """Names and types of the fields that the front end declares, by interface."""
    text = FRONT_END.read_text(encoding="utf-8")
    found = re.findall(r"export interface (\w+) \{\n(.*?)\n\}", text, re.DOTALL)
    return {name: dict(re.findall(r"^  (\w+)\??: (.+);$", body, re.M)) for name, body in found}


def sent_to_the_front_end() -> list[tuple[str, type[BaseModel]]]:
    declared = [(name, getattr(models, NAMES.get(name, name), None)) for name in interfaces()]
    return [(name, model) for name, model in declared if model is not None]


def test_every_interface_of_the_front_end_has_a_model() -> None:
    assert {name for name, _ in sent_to_the_front_end()} == set(interfaces())
    assert NAMES.keys() <= interfaces().keys()


@pytest.mark.parametrize(("name", "model"), sent_to_the_front_end(), ids=lambda part: str(part))
def test_the_front_end_reads_what_is_sent(name: str, model: type[BaseModel]) -> None:
    fields = interfaces()[name]
    assert fields
    for field, kind in fields.items():
        assert field in names_of(model), f"{name}.{field} is never sent"
        if model is models.Question:
            continue  # the one that the front end sends: it need not use every null
        assert kind.endswith("| null") == may_be_null(model, field), f"{name}.{field}: {kind}"


def may_be_null(model: type[BaseModel], name: str) -> bool:
    field = next(f for n, f in model.model_fields.items() if (f.alias or n) == name)
    return type(None) in flat(field.annotation)


def flat(annotation: Any) -> set[Any]:
    """The choices of a type, those inside annotations too."""
    parts = get_args(annotation)
    if type(annotation).__name__ == "UnionType" or hasattr(annotation, "__metadata__"):
        return {kind for part in parts for kind in flat(part)}
    return {annotation}
