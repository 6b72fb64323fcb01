"""The OpenAPI document is valid, and the server does what it says whatever it is sent."""

import json
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig

from karvan.web.app import ENDPOINTS
from karvan.web.openapi import openapi
from karvan.web.service import Options
from web_server import Running, ended, running

EXAMPLES = 15
DOCUMENT = openapi(ENDPOINTS)
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "negative_data_rejection": {"expected-statuses": ["4xx"]},
            # A word that fits the schema may still name nothing, and many words be too long.
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "404", "409", "414", "429"],
            },
        }
    }
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
OPERATIONS = [(path, method) for path, of in DOCUMENT["paths"].items() for method in of]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(Options("two-port", tmp_path_factory.mktemp("openapi"))) as found:
        yield found


@pytest.fixture(scope="module")
def run_id(server: Running) -> str:
    run = ended(server.client, server.client.post("runs", json={}).json()["id"])
    assert run["state"] == "done"
    return str(run["id"])


def test_the_document_is_served_and_valid(server: Running) -> None:
    served = server.client.get("openapi.json").json()
    assert served == json.loads(json.dumps(DOCUMENT))
    assert served["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(served).validate()


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    named = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert named <= set(DOCUMENT["components"]["schemas"])
    ids = [of["operationId"] for paths in DOCUMENT["paths"].values() for of in paths.values()]
    assert len(set(ids)) == len(ids) == len(ENDPOINTS)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda part: part)
def test_whatever_is_sent_gets_a_declared_answer(
    server: Running, path: str, method: str, mode: GenerationMode
) -> None:
    operation = SCHEMA[path][method]
    if mode == GenerationMode.NEGATIVE and not list(operation.iter_parameters()):
        pytest.skip("takes nothing that could be wrong")
    _send(server, operation.as_strategy(generation_mode=mode))


OF_RUNS = [(path, method) for path, method in OPERATIONS if "{id}" in path]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OF_RUNS, ids=lambda part: part)
def test_a_run_that_is_there_gets_a_declared_answer(
    server: Running, run_id: str, path: str, method: str
) -> None:
    known = {"id": run_id, **({"name": "itineraries"} if "{name}" in path else {})}
    _send(server, SCHEMA[path][method].as_strategy(path_parameters=known))


def _send(server: Running, cases: Any) -> None:
    @hypothesis.given(case=cases)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Case) -> None:
        case.call_and_validate(base_url=server.address)

    check()
