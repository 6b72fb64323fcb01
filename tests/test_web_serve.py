"""``karvan serve``: what it prints, refuses, and how it ends."""

import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

import karvan.cli.serve as command
from karvan.cli import main
from karvan.runs.simulation_tables import REPLICATIONS as OF_A_RUN
from karvan.web import serving
from karvan.web.service import Options
from web_server import PATIENCE_S, PROGRAM, process

TOKEN = "a-secret-for-tests-0123456789"


def test_what_is_not_asked_is_as_the_server_itself_would_have_it() -> None:
    of_command = {option.name: option for option in command.serve.params}
    own = {f.name: f.default for f in fields(Options) if f.name in of_command}
    for name in ("replications", "workers", "queue"):
        assert of_command[name].default == own[name]
    assert f"'karvan run' takes {OF_A_RUN}" in str(of_command["replications"].help)


@pytest.fixture
def refusal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Function that calls ``karvan serve``, which must end at once with 2, and returns why."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KARVAN_TOKEN", raising=False)

    def call(*args: str) -> str:
        with pytest.raises(SystemExit) as end:
            main(["serve", *args])
        out, err = capsys.readouterr()
        assert end.value.code == 2
        assert out == ""
        assert list(tmp_path.iterdir()) == []
        return err

    return call


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org"])
def test_other_computers_need_a_token(refusal: Callable[..., str], host: str) -> None:
    said = refusal("two-port", "--host", host)
    assert "--token" in said
    assert host in said


def test_a_short_token_is_refused(refusal: Callable[..., str]) -> None:
    assert "16" in refusal("two-port", "--token", "short")


def test_a_port_in_use_is_named(refusal: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refusal("two-port", "--port", port)
    assert f"port {port} is in use" in said
    assert "--port" in said


def test_an_address_of_another_computer_is_named(refusal: Callable[..., str]) -> None:
    # 192.0.2.0/24 is for documentation and belongs to nobody.
    assert "192.0.2.1" in refusal("two-port", "--host", "192.0.2.1", "--token", TOKEN)


def test_a_case_that_is_not_there_is_named(refusal: Callable[..., str]) -> None:
    assert "two-prt" in refusal("two-prt")


def test_without_the_extra_it_says_what_to_install(
    refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "EXTRA", ("no_such_module",))
    assert "pip install 'karvan[web]'" in refusal("two-port")


def test_help_does_not_need_the_extra() -> None:
    program = f"import sys; sys.modules['starlette'] = sys.modules['uvicorn'] = None; {PROGRAM}"
    said = subprocess.run(
        [sys.executable, "-c", program, "serve", "--help"], capture_output=True, text=True
    )
    assert said.returncode == 0
    assert "Examples:" in said.stdout


@pytest.mark.parametrize(
    ("line", "host", "port", "opened"),
    [
        ("karvan serve", "127.0.0.1", 8765, False),
        ("karvan serve my-case --port 9000 --open", "127.0.0.1", 9000, True),
        ('karvan serve --host 0.0.0.0 --token "$(openssl rand -hex 16)"', "0.0.0.0", 8765, False),
    ],
)
def test_the_examples_of_the_help_are_understood(
    line: str, host: str, port: int, opened: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def serve(options: Options, host: str, port: int, **more: Any) -> None:
        asked.update(options=options, host=host, port=port, **more)

    assert line in (command.serve.epilog or "")
    monkeypatch.setattr(serving, "serve", serve)
    monkeypatch.delenv("KARVAN_TOKEN", raising=False)
    with pytest.raises(SystemExit) as end:
        main(shlex.split(line)[1:])
    assert end.value.code == 0
    assert (asked["host"], asked["port"], asked["open_browser"]) == (host, port, opened)
    assert asked["options"].case == ("my-case" if "my-case" in line else "middle-corridor")
    assert bool(asked["options"].token) == ("--token" in line)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_it_serves_until_interrupted(tmp_path: Path) -> None:
    with process(tmp_path, "two-port") as (server, address):
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(f"{address}/api/v1/places").status_code == 200
        # Somebody who watches does not hold it up.
        with httpx.Client(base_url=f"{address}/api/v1", timeout=PATIENCE_S) as client:
            run_id = client.post("runs", json={}).json()["id"]
            with client.stream("GET", f"runs/{run_id}/events"):
                server.send_signal(signal.SIGINT)
                assert server.wait(PATIENCE_S) == 0
        assert server.stderr.read() == "karvan: stopped; finished runs are in results/serve\n"


def test_a_server_for_others_asks_for_its_token(tmp_path: Path) -> None:
    with process(tmp_path, "two-port", "--host", "0.0.0.0", KARVAN_TOKEN=TOKEN) as (_, address):
        url = f"{address}/api/v1/places"
        assert httpx.get(url).status_code == 401
        token = {"Authorization": f"Bearer {TOKEN}"}
        assert httpx.get(url, headers=token).status_code == 200
        assert httpx.get(url, headers={**token, "Host": "evil.example"}).status_code == 421


def test_the_browser_is_opened_once_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    class Ended(Exception):
        """Ends the server as soon as the browser was opened."""

    def look(address: str) -> None:
        opened.append(address)
        raise Ended

    monkeypatch.setattr(serving.webbrowser, "open", look)
    options = Options("two-port", tmp_path, token=TOKEN)
    with pytest.raises(Ended):
        serving.serve(options, "127.0.0.1", 0, tell=opened.append, open_browser=True)
    assert opened[1] == f"{opened[0]}?token={TOKEN}"
