"""The JSON API over a real connection: every endpoint, its errors, and what files hold."""

import io
import json
import socket
import struct
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import httpx
import polars as pl
import pytest

from karvan.case import Case, read_case
from karvan.case.model import resolve
from karvan.case.results import read_results
from karvan.case.settings import Scenario
from karvan.freight import itineraries
from karvan.freight.documents import to_document, to_rows
from karvan.report.document import report_document
from karvan.report.html import report_page
from karvan.runs import STAGES
from karvan.schema.write import rows_csv
from karvan.web.app import ENDPOINTS, make_app
from karvan.web.pages import Assets
from karvan.web.service import Options
from web_server import Asgi, Running, ended, error_code, running, wait_until

UNKNOWN = "0123456789abcdef"
BASE: dict[str, Any] = {}
DAILY = {"scenario": "daily-2030"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(Options("two-port", tmp_path_factory.mktemp("web"))) as found:
        yield found


@pytest.fixture(scope="module")
def client(server: Running) -> httpx.Client:
    return server.client


@pytest.fixture(scope="module")
def runs(client: httpx.Client) -> tuple[str, str]:
    """Ids of two finished runs: the case as it is, and with a measure."""
    ids = [client.post("runs", json=question).json()["id"] for question in (BASE, DAILY)]
    for run_id in ids:
        run = ended(client, run_id)
        assert run["state"] == "done", run
    return ids[0], ids[1]


# The case


def test_case_says_what_can_be_asked(client: httpx.Client, two_port_case: Case) -> None:
    case = client.get("case").json()
    assert case["name"] == "two-port"
    assert [m["id"] for m in case["measures"]] == list(two_port_case.measures)
    assert [s["id"] for s in case["scenarios"]] == list(two_port_case.scenarios)
    assert case["years"] == [2024, 2030]
    assert [p["id"] for p in case["places"]] == list(two_port_case.table("nodes")["id"])
    assert set(case["texts"]) == {"ru", "az", "zh"}
    assert case["boundaries"]["countries"]
    ids = {p["id"] for p in case["places"]}
    assert all({line["from_node"], line["to_node"]} <= ids for line in case["lines"])


def test_case_is_sent_once(client: httpx.Client) -> None:
    first = client.get("case")
    assert first.headers["content-encoding"] == "gzip"
    again = client.get("case", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    plain = client.get("case", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json()


def test_places_are_found_in_any_language(client: httpx.Client) -> None:
    assert client.get("places").json()["total"] == 4
    for text in ("east-p", "Восток", "ŞƏRQ", "东"):
        found = client.get("places", params={"q": text}).json()["places"]
        assert found[0]["id"].startswith("east"), text
    assert client.get("places", params={"q": "nowhere"}).json()["places"] == []
    page = client.get("places", params={"offset": 1, "limit": 2}).json()
    assert (page["total"], len(page["places"])) == (4, 2)


# Runs


def test_a_run_is_asked_for_and_found_again(client: httpx.Client, runs: tuple[str, str]) -> None:
    assert runs[0] != runs[1]
    for question, run_id in ((BASE, runs[0]), (DAILY, runs[1])):
        answer = client.post("runs", json=question)
        assert answer.status_code == 200
        assert answer.json()["id"] == run_id
        assert answer.headers["location"] == f"/api/v1/runs/{run_id}"
    run = client.get(f"runs/{runs[1]}").json()
    assert run["scenario"] == "daily-2030"
    assert run["year"] == 2030
    assert run["measures"] == ["daily-ferry"]
    assert run["share"] == 1.0
    assert [stage["name"] for stage in run["stages"]] == sorted(s.name for s in STAGES)
    listed = client.get("runs", params={"limit": 1}).json()
    assert listed["total"] >= 2
    assert len(listed["runs"]) == 1


def test_another_server_finds_finished_runs_again(
    server: Running, client: httpx.Client, runs: tuple[str, str]
) -> None:
    ask = Asgi(make_app(Options("two-port", server.app.state.service.store.root)))
    for run_id in runs:
        found = ask("GET", f"/api/v1/runs/{run_id}").json()
        assert found == client.get(f"runs/{run_id}").json()
        assert found["state"] == "done"
        document = client.get(f"runs/{run_id}/document").json()
        assert ask("GET", f"/api/v1/runs/{run_id}/document").json() == document
    assert {r["id"] for r in ask("GET", "/api/v1/runs").json()["runs"]} >= set(runs)


def test_other_words_for_the_same_question_are_the_same_run(
    client: httpx.Client, runs: tuple[str, str]
) -> None:
    same = [
        {"scenario": None, "measures": [], "without": [], "year": None},
        {"scenario": "", "year": 2024},
        # Before its first year a measure changes nothing.
        {"measures": ["daily-ferry"], "year": 2024},
    ]
    assert {client.post("runs", json=q).json()["id"] for q in same} == {runs[0]}
    more = {"scenario": "daily-2030", "measures": ["daily-ferry", "daily-ferry"]}
    assert client.post("runs", json=more).json()["id"] == runs[1]


def test_a_measure_of_the_scenario_can_be_left_out(
    client: httpx.Client, runs: tuple[str, str]
) -> None:
    asked = client.post("runs", json={**DAILY, "without": ["daily-ferry"]}).json()
    run = ended(client, asked["id"])
    assert run["state"] == "done"
    assert run["measures"] == []
    found = client.get("compare", params={"before": run["id"], "after": runs[1]}).json()
    assert any(cell["table"] == "itineraries" for cell in found["cells"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "question_invalid"),
        (b"[]", 400, "question_invalid"),
        (b'{"scenario": 3}', 400, "question_invalid"),
        (b'{"year": 12}', 400, "question_invalid"),
        (b'{"year": "2030"}', 400, "question_invalid"),
        (b'{"measure": ["x"]}', 400, "question_invalid"),
        (b'{"scenario": "daily-2031"}', 404, "question_unknown"),
        (b'{"measures": ["daily-fery"]}', 404, "question_unknown"),
        (b'{"scenario": "daily-2030", "without": ["daily-fery"]}', 404, "question_unknown"),
    ],
)
def test_questions_that_make_no_sense(
    client: httpx.Client, body: bytes, status: int, code: str
) -> None:
    answer = client.post("runs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert error_code(answer) == code


def test_a_misspelt_measure_gets_a_hint(client: httpx.Client) -> None:
    error = client.post("runs", json={"measures": ["daily-fery"]}).json()["error"]
    assert "daily-ferry" in error["hint"]


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_questions_are_json(client: httpx.Client, kind: str) -> None:
    answer = client.post("runs", content=b"{}", headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert error_code(answer) == "content_type"


@pytest.mark.parametrize(
    "path",
    ["", "/events", "/document", "/report", "/tables", "/tables/legs", "/scenario.toml",
     "/geojson"],
)  # fmt: skip
@pytest.mark.parametrize("run_id", [UNKNOWN, "x", "0" * 64, "..", "<img src=x>"])
def test_unknown_runs(client: httpx.Client, run_id: str, path: str) -> None:
    answer = client.get(f"runs/{run_id}{path}")
    assert answer.status_code == 404
    assert error_code(answer) == "not_found"


def test_what_is_finished_cannot_be_cancelled(client: httpx.Client, runs: tuple[str, str]) -> None:
    answer = client.delete(f"runs/{runs[0]}")
    assert answer.status_code == 409
    assert error_code(answer) == "not_running"
    assert client.delete(f"runs/{UNKNOWN}").status_code == 404


# Results of a run


def test_the_parts_of_a_document_are_the_whole(client: httpx.Client, runs: tuple[str, str]) -> None:
    documents = []
    for run_id in runs:
        whole = client.get(f"runs/{run_id}/document").json()
        first = client.get(f"runs/{run_id}/document?part=first").json()
        later = first.pop("later")
        case = client.get("case").json()
        made = {**first, "texts": case["texts"], "boundaries": case["boundaries"]}
        for name, described in later.items():
            answer = client.get(f"runs/{run_id}/document?part={name}")
            tables = answer.json()["tables"]
            assert {table: len(held["rows"]) for table, held in tables.items()} == described["rows"]
            made["tables"] |= tables
            known = {"If-None-Match": answer.headers["etag"]}
            again = client.get(f"runs/{run_id}/document?part={name}", headers=known)
            assert again.status_code == 304
        assert made == whole
        documents.append(later)
    # A measure changes no evidence: whoever has it from one run need not fetch it from another.
    assert documents[0]["evidence"]["digest"] == documents[1]["evidence"]["digest"]
    assert client.get(f"runs/{runs[0]}/document?part=all").status_code == 400


def test_the_case_is_sent_with_the_texts_of_one_language(client: httpx.Client) -> None:
    whole = client.get("case").json()
    for language in whole["languages"]:
        one = client.get("case", params={"language": language}).json()
        wanted = {language: whole["texts"][language]} if language != "en" else {}
        assert one == {**whole, "texts": wanted}
    assert client.get("case?language=xx").status_code == 400


def test_the_document_is_that_of_the_results(
    client: httpx.Client, server: Running, runs: tuple[str, str]
) -> None:
    answer = client.get(f"runs/{runs[0]}/document")
    assert answer.headers["content-encoding"] == "gzip"
    folder = server.app.state.service.store.root / runs[0]
    made = json.loads(json.dumps(report_document(read_results(folder))))
    assert answer.json() == made
    known = {"If-None-Match": answer.headers["etag"]}
    assert client.get(f"runs/{runs[0]}/document", headers=known).status_code == 304
    plain = client.get(f"runs/{runs[0]}/document", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == made


def test_the_report_is_a_file_to_keep(
    client: httpx.Client, server: Running, runs: tuple[str, str]
) -> None:
    answer = client.get(f"runs/{runs[0]}/report")
    if answer.status_code == 503:
        assert error_code(answer) == "not_built"
        pytest.skip("the front end has not been built: cd frontend && npm run build")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "content-encoding" in answer.headers
    results = read_results(server.app.state.service.store.root / runs[0])
    assert answer.text == report_page(results)


def test_tables_are_listed_with_sizes(
    client: httpx.Client, server: Running, runs: tuple[str, str]
) -> None:
    results = read_results(server.app.state.service.store.root / runs[0])
    tables = client.get(f"runs/{runs[0]}/tables").json()["tables"]
    assert [t["name"] for t in tables] == list(results.names())
    assert all(t["rows"] == results.table(t["name"]).height for t in tables)


def test_a_table_comes_page_by_page(
    client: httpx.Client, server: Running, runs: tuple[str, str]
) -> None:
    table = read_results(server.app.state.service.store.root / runs[0]).table("skims")
    path = f"runs/{runs[0]}/tables/skims"
    whole = client.get(path).json()
    assert [c["name"] for c in whole["columns"]] == table.columns
    assert whole["rows"] == [list(row) for row in table.rows()]
    page = client.get(path, params={"offset": 3, "limit": 5}).json()
    assert page["rows"] == whole["rows"][3:8]
    assert page["total"] == table.height
    assert client.get(path, params={"offset": 10**6}).json()["rows"] == []


def test_tables_as_files_are_read_back_by_other_programs(
    client: httpx.Client, server: Running, runs: tuple[str, str], tmp_path: Path
) -> None:
    table = read_results(server.app.state.service.store.root / runs[0]).table("legs")
    path = f"runs/{runs[0]}/tables/legs"
    parquet = client.get(path, params={"format": "parquet"})
    assert pl.read_parquet(io.BytesIO(parquet.content)).equals(table)
    file = tmp_path / "legs.parquet"
    file.write_bytes(parquet.content)
    assert duckdb.sql(f"select count(*) from '{file}'").fetchall() == [(table.height,)]
    text = client.get(path, params={"format": "csv"})
    assert text.headers["content-disposition"] == 'attachment; filename="legs.csv"'
    assert pl.read_csv(text.content).height == table.height


@pytest.mark.parametrize("name", ["nothing", "Legs", "legs.parquet", "input_", "manifest"])
def test_unknown_tables(client: httpx.Client, runs: tuple[str, str], name: str) -> None:
    answer = client.get(f"runs/{runs[0]}/tables/{name}")
    assert answer.status_code == 404
    assert error_code(answer) == "not_found"


@pytest.mark.parametrize("name", ["", "daily-2030"])
def test_the_scenario_file_asks_the_same(
    client: httpx.Client, runs: tuple[str, str], two_port: Path, name: str
) -> None:
    run_id = runs[1] if name else runs[0]
    answer = client.get(f"runs/{run_id}/scenario.toml")
    scenario = Scenario.model_validate(tomllib.loads(answer.text))
    assert answer.headers["content-disposition"].endswith(f'"{scenario.id}.toml"')
    (two_port / "scenarios" / f"{scenario.id}.toml").write_text(answer.text, encoding="utf-8")
    case = read_case(two_port)
    found, wanted = resolve(case, scenario=scenario.id), resolve(case, scenario=name)
    assert found.year == wanted.year
    assert found.applied == wanted.applied
    assert all(found.table(t).equals(wanted.table(t)) for t in case.tables)


def test_lines_join_origin_and_destination(client: httpx.Client, runs: tuple[str, str]) -> None:
    answer = client.get(f"runs/{runs[0]}/geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    lines = answer.json()["features"]
    assert lines
    places = {p["id"]: [p["lon"], p["lat"]] for p in client.get("places").json()["places"]}
    for line in lines:
        ends = [line["geometry"]["coordinates"][n] for n in (0, -1)]
        assert ends == [places[line["properties"][end]] for end in ("origin", "destination")]


def test_lines_follow_the_geometry_of_the_case_and_say_whom_they_owe(
    two_port: Path, tmp_path: Path
) -> None:
    owed = "Railway lines: © somebody"
    bend = [[20.0, 41.0], [21.5, 43.5], [24.0, 42.0]]
    feature = {
        "type": "Feature",
        "properties": {"link_id": "west-port-west"},
        "geometry": {"type": "LineString", "coordinates": bend},
    }
    drawn = {"type": "FeatureCollection", "attribution": owed, "features": [feature]}
    (two_port / "network" / "geometry.geojson").write_text(json.dumps(drawn), encoding="utf-8")
    with running(Options(str(two_port), tmp_path / "results")) as server:
        run = ended(server.client, server.client.post("runs", json={}).json()["id"])
        ends = {"origin": "west", "destination": "east"}
        files = [
            server.client.get(f"runs/{run['id']}/geojson"),
            server.client.get("route", params={**ends, "format": "geojson"}),
        ]
    for file in files:
        assert file.json()["attribution"] == owed
        tracks = [f["geometry"]["coordinates"] for f in file.json()["features"]]
        # Travelled one way or the other, the line keeps its bend.
        assert any(bend[1] in track for track in tracks)


# Comparisons


def test_a_comparison_shows_what_differs(client: httpx.Client, runs: tuple[str, str]) -> None:
    before, after = runs
    found = client.get("compare", params={"before": before, "after": after}).json()
    assert found["before"]["id"] == before
    assert found["after"]["id"] == after
    assert {t["table"] for t in found["tables"]} >= {"itineraries", "input_services"}
    assert found["total_cells"] >= len(found["cells"]) > 0
    pair = found["pairs"][0]
    assert pair["before"]["mean_h"] > pair["after"]["mean_h"]
    page = client.get("compare", params={"before": before, "after": after, "limit": 1}).json()
    assert page["cells"] == found["cells"][:1]
    nothing = client.get("compare", params={"before": before, "after": before}).json()
    assert (nothing["tables"], nothing["cells"], nothing["pairs"]) == ([], [], [])


def test_comparisons_need_two_runs(client: httpx.Client, runs: tuple[str, str]) -> None:
    assert client.get("compare", params={"before": runs[0]}).status_code == 400
    answer = client.get("compare", params={"before": runs[0], "after": UNKNOWN})
    assert answer.status_code == 404


# Routes


def test_a_route_is_that_of_the_command_line(client: httpx.Client, two_port_case: Case) -> None:
    ends = {"origin": "west", "destination": "Восток"}
    found = client.get("route", params={**ends, "depart": "2024-03-01"}).json()
    wanted = to_document(itineraries(two_port_case, "west", "east", depart="2024-03-01"))
    assert found == wanted
    daily = client.get("route", params={**ends, "scenario": "daily-2030"}).json()
    assert daily["itineraries"][0]["mean_h"] < found["itineraries"][0]["mean_h"]


def test_a_route_as_lines_and_as_a_table(client: httpx.Client) -> None:
    ends = {"origin": "west", "destination": "east"}
    found = client.get("route", params=ends).json()
    lines = client.get("route", params={**ends, "format": "geojson"})
    assert lines.headers["content-type"] == "application/geo+json"
    legs = [leg for found in found["itineraries"] for leg in found["legs"]]
    kinds = [f["geometry"]["type"] for f in lines.json()["features"]]
    assert kinds.count("LineString") == len(legs)
    csv = client.get("route", params={**ends, "format": "csv"})
    assert pl.read_csv(csv.content).height == len(legs)
    # The command line writes the same, made safe for spreadsheets in the same way.
    assert csv.text == rows_csv(to_rows(found))


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"origin": "west"}, 400, "query_invalid"),
        ({"origin": "west", "destination": "atlantis"}, 404, "place_unknown"),
        ({"origin": "west", "destination": "west"}, 404, "no_route"),
        ({"origin": "west", "destination": "east", "avoid": "ferry"}, 404, "no_route"),
        ({"origin": "west", "destination": "east", "avoid": "zz"}, 404, "place_unknown"),
        ({"origin": "west", "destination": "east", "depart": "soon"}, 400, "query_invalid"),
        ({"origin": "west", "destination": "east", "depart": "2024-02-31"}, 404, "no_route"),
        ({"origin": "west", "destination": "east", "objectives": "speed"}, 400, "query_invalid"),
        ({"origin": "west", "destination": "east", "max_transfers": "1.0"}, 400, "query_invalid"),
        ({"origin": "west", "destination": "east", "max_transfers": "-1"}, 400, "query_invalid"),
        ({"origin": "west", "destination": "east", "scenario": "x"}, 404, "question_unknown"),
        ({"origin": "west", "destination": "east", "commodity": "x"}, 404, "place_unknown"),
        ({"origin": "west", "destination": "east", "speed": "1"}, 400, "query_invalid"),
        ({"origin": ["west", "east"], "destination": "east"}, 400, "query_invalid"),
        ({"origin": "west", "destination": "x" * 300}, 400, "query_invalid"),
    ],
)
def test_routes_that_cannot_be_answered(
    client: httpx.Client, params: dict[str, Any], status: int, code: str
) -> None:
    answer = client.get("route", params=params)
    assert answer.status_code == status
    assert error_code(answer) == code


# The rest


def test_unknown_addresses_and_methods_are_answered_in_the_same_form(client: httpx.Client) -> None:
    assert error_code(client.get("nothing")) == "not_found"
    answer = client.put("runs", json={})
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert error_code(answer) == "request_refused"


def test_the_page_and_its_files(server: Running) -> None:
    page = httpx.get(f"{server.address}/")
    if page.status_code == 503:
        pytest.skip("the front end has not been built: cd frontend && npm run build")
    files = [p.split('"')[0] for p in page.text.split('="/assets/')[1:]]
    assert sorted(f.split("?")[0] for f in files) == ["app.css", "app.js"]
    for name in files:
        asset = httpx.get(f"{server.address}/assets/{name}")
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-encoding"] == "gzip"
        again = {"If-None-Match": asset.headers["etag"]}
        assert httpx.get(f"{server.address}/assets/{name}", headers=again).status_code == 304
    old = httpx.get(f"{server.address}/assets/app.js?v=old")
    assert old.headers["cache-control"] == "no-cache"


def test_a_front_end_that_is_not_built_says_so(tmp_path: Path) -> None:
    from karvan.web.app import make_app

    app = make_app(Options("two-port", tmp_path))
    assets = Assets(tmp_path)
    app.router.routes[0] = type(app.router.routes[0])("/", assets.page)
    answer = Asgi(app)("GET", "/")
    assert answer.status_code == 503
    assert "npm run build" in answer.text


def test_clients_that_hang_up_do_no_harm(
    server: Running, client: httpx.Client, runs: tuple[str, str]
) -> None:
    host = urlsplit(server.address).netloc
    route = "/api/v1/route?origin=west&destination=east&objectives=time"
    head = f"HTTP/1.1\r\nHost: {host}\r\n"
    json_head = f"{head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    words = {
        "half a question": f"POST /api/v1/runs {json_head}{{",
        "half a header": "GET /api/v1/case HT",
        "a file before it is there": f"GET /api/v1/runs/{runs[0]}/report {head}\r\n",
        "a document": f"GET /api/v1/runs/{runs[0]}/document {head}\r\n",
        "events": f"GET /api/v1/runs/{runs[0]}/events {head}\r\n",
        "a route before it is found": f"GET {route} {head}\r\n",
    }
    port = urlsplit(server.address).port
    for text in words.values():
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                # It does not even say goodbye: the connection is reset.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(text.encode())
    answers = server.app.state.service.answers
    wait_until(lambda: answers._waiting == 0)
    assert client.get("route?origin=west&destination=east").status_code == 200
    assert client.get(f"runs/{runs[0]}/document").status_code == 200
    assert client.post("runs", json=BASE).json()["state"] == "done"


def test_names_with_markup_stay_data(tmp_path: Path, two_port: Path, edit_cell: Any) -> None:
    from karvan.web.app import make_app

    edit_cell("network/nodes.csv", "east", "name_en", "<img onerror=alert(1)>")
    ask = Asgi(make_app(Options(str(two_port), tmp_path / "results")))
    answer = ask("GET", "/api/v1/places?q=img")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["places"][0]["names"]["en"] == "<img onerror=alert(1)>"
    assert "<img" not in ask("GET", "/").text
    assert ask("GET", "/api/v1/places/<img>").headers["content-type"] == "application/json"


def test_every_endpoint_is_documented_for_people() -> None:
    text = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
    missing = [e.path for e in ENDPOINTS if f"`{e.method} {e.path}`" not in text]
    assert missing == []


def test_a_case_may_have_any_name(two_port: Path, tmp_path: Path) -> None:
    settings = two_port / "case.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('"two-port"', '"../Кейс \\"1\\""'), encoding="utf-8")
    with running(Options(str(two_port), tmp_path / "results")) as server:
        run = ended(server.client, server.client.post("runs", json={}).json()["id"])
        assert run["state"] == "done"
        answer = server.client.get(f"runs/{run['id']}/scenario.toml")
        assert Scenario.model_validate(tomllib.loads(answer.text)).id == f"1-{run['id'][:8]}"
        assert server.client.get(f"runs/{run['id']}/document").status_code == 200
