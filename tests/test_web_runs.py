"""Runs behind the app: progress, cancelling, a full queue, crashes, and a server that is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from karvan.case import find_case
from karvan.runs import STAGES
from karvan.web.service import Options
from web_server import PATIENCE_S, Running, ended, error_code, process, running, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.case]

LONG = "middle-corridor"
"""A case whose run takes seconds, so that there is time to disturb it."""
YEARS = 2
"""Of its simulation: it is not what is tested here."""
BRIEF = ("--replications", str(YEARS))
NAMES = [stage.name for stage in STAGES]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(
        Options(LONG, tmp_path / "results", queue=1, warm=True, replications=YEARS)
    ) as found:
        yield found


def ask(client: httpx.Client, year: int = 2024) -> dict[str, Any]:
    answer = client.post("runs", json={"year": year})
    assert answer.status_code == 202, answer.text
    run: dict[str, Any] = answer.json()
    return run


def wait_for_stage(client: httpx.Client, run_id: str, name: str) -> None:
    """Wait until a stage has begun, so that those before it are on disk."""

    def begun() -> bool:
        run = client.get(f"runs/{run_id}").json()
        assert run["state"] in {"queued", "running"}, run
        # On a busy machine a short stage may be over before anybody looks.
        return any(s["name"] == name and s["state"] != "waiting" for s in run["stages"])

    wait_until(begun)


def events(client: httpx.Client, run_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    with client.stream("GET", f"runs/{run_id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        kind = ""
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                yield kind, json.loads(value)


def test_a_run_is_watched_cancelled_and_goes_on(server: Running) -> None:
    client = server.client
    run = ask(client)
    # A watcher that leaves changes nothing.
    for _, seen in events(client, run["id"]):
        assert seen["id"] == run["id"]
        break
    wait_for_stage(client, run["id"], "itineraries")
    cancelled = client.delete(f"runs/{run['id']}")
    assert cancelled.status_code == 200
    assert cancelled.json()["state"] == "cancelled"
    assert cancelled.json()["error"]["code"] == "cancelled"
    assert [kind for kind, _ in events(client, run["id"])] == ["failed"]

    assert ask(client)["id"] == run["id"]
    told = list(events(client, run["id"]))
    kinds = [kind for kind, _ in told]
    assert kinds[-1] == "done"
    assert set(kinds[:-1]) <= {"stage", "progress"}
    shares = [seen["share"] for _, seen in told]
    assert shares == sorted(shares)
    last = told[-1][1]
    assert last["state"] == "done"
    stages = {s["name"]: s["state"] for s in told[-2][1]["stages"]}
    assert stages["check"] == stages["network"] == "kept"
    assert client.get(f"runs/{run['id']}/document").json()["meta"]["complete"] is True
    # Who comes after the end hears the end.
    assert [kind for kind, _ in events(client, run["id"])] == ["done"]


def test_a_full_queue_says_when_to_come_back(server: Running) -> None:
    client = server.client
    first, second = ask(client, 2024), ask(client, 2025)
    waiting = client.get(f"runs/{second['id']}").json()
    # The one that is under way has to end first.
    assert (waiting["state"], waiting["position"]) == ("queued", 1)
    answer = client.post("runs", json={"year": 2026})
    assert answer.status_code == 429
    assert error_code(answer) == "queue_full"
    assert int(answer.headers["retry-after"]) > 0
    # A question that is there already takes no place.
    assert client.post("runs", json={"year": 2025}).json()["id"] == second["id"]
    listed = [r["id"] for r in client.get("runs").json()["runs"]]
    assert set(listed) == {first["id"], second["id"]}
    assert client.delete(f"runs/{second['id']}").json()["state"] == "cancelled"
    third = ask(client, 2026)
    for run in (first, third):
        client.delete(f"runs/{run['id']}")


def test_a_crash_of_a_run_leaves_the_server_up(server: Running) -> None:
    client = server.client
    run, waiting = ask(client, 2024), ask(client, 2025)
    wait_for_stage(client, run["id"], "itineraries")
    server.kill_worker()
    failed = ended(client, run["id"])
    assert failed["state"] == "failed"
    assert failed["error"]["code"] == "worker_died"
    assert client.get("case").status_code == 200
    wait_until(lambda: client.get(f"runs/{waiting['id']}").json()["state"] == "running")
    client.delete(f"runs/{waiting['id']}")
    ask(client, 2024)
    assert ended(client, run["id"])["state"] == "done"


def test_a_run_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with running(Options(LONG, tmp_path, replications=YEARS, run_limit_s=0.05)) as server:
        failed = ended(server.client, ask(server.client)["id"])
        assert failed["error"]["code"] == "time_limit"


def test_an_answer_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    with running(Options(LONG, tmp_path, answer_limit_s=0.05)) as server:
        ends = {"origin": "xian", "destination": "poti"}
        answer = server.client.get("route", params=ends)
        assert answer.status_code == 503
        assert error_code(answer) == "time_limit"


def test_a_case_that_is_not_sound_fails_with_its_problems(tmp_path: Path, two_port: Path) -> None:
    from case_files import set_cell

    set_cell(two_port / "network" / "links.csv", "east-east-port", "rate_id", "nothing")
    with running(Options(str(two_port), tmp_path / "results")) as server:
        failed = ended(server.client, ask(server.client)["id"])
        assert failed["state"] == "failed"
        assert failed["error"]["code"] == "case_unsound"
        assert "nothing" in failed["error"]["message"]


def test_a_worker_whose_server_is_gone_ends_without_a_word(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "karvan.web.worker", str(find_case(LONG)), str(tmp_path)]
    command.append(str(YEARS))
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as worker:

        def give(job: str, **arguments: Any) -> None:
            worker.stdin.write(json.dumps({"do": job, "with": arguments}).encode() + b"\n")
            worker.stdin.flush()

        asked = {"scenario": "", "measures": [], "without": [], "year": 2024}
        give("question", asked=asked)
        run_id = json.loads(worker.stdout.readline())["result"]["id"]
        # As after a kill: nobody reads what it says, while its input is still open.
        worker.stdout.close()
        give("run", id=run_id, asked=asked, document="document.json.gz")
        assert worker.wait(PATIENCE_S) == 0
        assert worker.stderr.read() == b""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="sends signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_a_server_that_is_ended_during_a_run_prints_no_traceback(name: str, tmp_path: Path) -> None:
    with process(tmp_path, LONG, *BRIEF, start_new_session=True) as (server, address):
        with httpx.Client(base_url=f"{address}/api/v1", timeout=PATIENCE_S) as client:
            wait_for_stage(client, ask(client)["id"], "itineraries")
        # As a terminal does it: to the whole group.
        os.killpg(server.pid, getattr(signal, name))
        # Reading to the end waits for the workers too: they hold the same standard error.
        said = server.stderr.read()
    assert "Traceback" not in said
    assert said.count("\n") <= 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_server_that_is_killed_finds_its_finished_stages_again(tmp_path: Path) -> None:
    results = tmp_path / "results" / "serve"
    with process(tmp_path, LONG, *BRIEF) as (server, address):
        with httpx.Client(base_url=f"{address}/api/v1", timeout=PATIENCE_S) as client:
            run = ask(client)
            wait_for_stage(client, run["id"], "itineraries")
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
    folder = results / run["id"]
    finished = {p.stem: p.stat().st_mtime_ns for p in (folder / "stages").glob("*.json")}
    assert {"check", "network"} <= set(finished)
    # Nobody goes on with the work of a dead server.
    time.sleep(1.0)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}

    with process(tmp_path, LONG, *BRIEF) as (server, address):
        with httpx.Client(base_url=f"{address}/api/v1", timeout=PATIENCE_S) as client:
            found = client.get(f"runs/{run['id']}").json()
            assert found["state"] == "failed"
            assert found["error"]["code"] == "interrupted"
            assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
            assert ask(client)["id"] == run["id"]
            assert ended(client, run["id"])["state"] == "done"
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE_S) == 0
    assert (folder / "stages" / "network.json").stat().st_mtime_ns == finished["network"]
