"""Who may ask the app what: addresses, origins, tokens, sizes, and headers of every answer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from karvan.web.app import make_app
from karvan.web.security import COOKIE, LARGEST_BODY, LONGEST_QUERY, is_local
from karvan.web.service import Options
from web_server import Asgi, error_code

TOKEN = "a-secret-for-tests-0123456789"
OPENAPI = "/api/v1/openapi.json"
PLACES = "/api/v1/places"
RUNS = "/api/v1/runs"


def client(results: Path, **options: Any) -> Asgi:
    return Asgi(make_app(Options("two-port", results, **options)))


@pytest.fixture
def ask(tmp_path: Path) -> Asgi:
    return client(tmp_path / "results")


@pytest.fixture
def ask_with_token(tmp_path: Path) -> Asgi:
    return client(tmp_path / "results", token=TOKEN)


# Addresses and origins


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "[::1]:8765"])
def test_names_of_this_computer_are_answered(ask: Asgi, host: str) -> None:
    assert ask("GET", PLACES, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "evil.example:8765", "192.168.0.7", "",
     "localhost:80@evil.example", "localhost/..", "[::1", "127.0.0.1:port"],
)  # fmt: skip
def test_other_names_are_refused_so_that_rebinding_fails(ask: Asgi, host: str) -> None:
    answer = ask("GET", PLACES, headers={"Host": host})
    assert answer.status_code == 421
    assert error_code(answer) == "host_unknown"


def test_a_server_on_all_addresses_answers_addresses_and_named_hosts(tmp_path: Path) -> None:
    ask = client(tmp_path, hosts=("karvan.example",), any_address=True, token=TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for host, status in [("192.168.0.7:80", 200), ("KARVAN.example", 200), ("evil.example", 421)]:
        assert ask("GET", PLACES, headers={**headers, "Host": host}).status_code == status


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:3000", "http://[", "127.0.0.1:8765"]
)
def test_pages_of_other_sites_are_refused(ask: Asgi, origin: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = ask(method, RUNS, headers={"Origin": origin}, json={})
        assert answer.status_code == 403
        assert error_code(answer) == "origin_refused"
        assert "access-control-allow-origin" not in answer.headers


def test_the_page_itself_may_ask(ask: Asgi) -> None:
    headers = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}
    assert ask("GET", PLACES, headers=headers).status_code == 200


def test_pictures_and_scripts_of_other_sites_are_refused_but_links_work(ask: Asgi) -> None:
    for mode, status in [("no-cors", 403), ("cors", 403), ("navigate", 200)]:
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
        assert ask("GET", PLACES, headers=headers).status_code == status


# Tokens


@pytest.mark.parametrize("path", ["/", "/assets/app.js", OPENAPI, PLACES, RUNS])
@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"},
     {"Cookie": f"{COOKIE}={TOKEN}"}, {"Cookie": f"{COOKIE}="}],
)  # fmt: skip
def test_nothing_is_answered_without_the_token(
    ask_with_token: Asgi, path: str, headers: dict[str, str]
) -> None:
    answer = ask_with_token("GET", path, headers=headers)
    assert answer.status_code == 401
    assert error_code(answer) == "token_missing"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_programs_show_the_token_in_a_header(ask_with_token: Asgi) -> None:
    answer = ask_with_token("GET", PLACES, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200


def test_browsers_show_the_token_once_and_get_a_cookie(ask_with_token: Asgi) -> None:
    assert ask_with_token("GET", f"{PLACES}?token={TOKEN}").status_code == 401
    assert ask_with_token("GET", "/?token=wrong").status_code == 401
    answer = ask_with_token("GET", f"/?token={TOKEN}")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {p.strip() for p in cookie.split(";")}
    assert TOKEN not in cookie
    assert TOKEN not in answer.text
    name = cookie.split(";")[0]
    assert ask_with_token("GET", PLACES, headers={"Cookie": name}).status_code == 200


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.8.8.8", True),
     ("0.0.0.0", False), ("::", False), ("192.168.0.7", False), ("example.org", False)],
)  # fmt: skip
def test_only_addresses_of_this_computer_need_no_token(host: str, local: bool) -> None:
    assert is_local(host) == local


# Sizes


def test_large_requests_are_refused_announced_or_not(ask: Asgi) -> None:
    body = b'"' + b"x" * LARGEST_BODY + b'"'
    headers = {"Content-Type": "application/json"}
    answer = ask("POST", RUNS, content=body, headers=headers)
    assert answer.status_code == 413
    assert error_code(answer) == "request_too_large"

    async def parts() -> Any:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]
            await asyncio.sleep(0)

    assert ask("POST", RUNS, content=parts(), headers=headers).status_code == 413
    for length in ("-1", "many"):
        wrong = {**headers, "Content-Length": length}
        assert ask("POST", RUNS, content=b"", headers=wrong).status_code == 413


def test_long_queries_are_refused(ask: Asgi) -> None:
    answer = ask("GET", PLACES, params={"q": "x" * LONGEST_QUERY})
    assert answer.status_code == 414
    assert error_code(answer) == "query_too_long"


# Answers


@pytest.mark.parametrize("path", ["/", "/assets/app.js", OPENAPI, PLACES, "/nowhere", f"{RUNS}/x"])
def test_every_answer_tells_the_browser_what_it_may_do(ask: Asgi, path: str) -> None:
    headers = ask("GET", path).headers
    policy = dict(p.strip().split(" ", 1) for p in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


def test_refusals_have_these_headers_too(ask: Asgi) -> None:
    answer = ask("GET", "/", headers={"Host": "evil.example"})
    assert "content-security-policy" in answer.headers
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        f"{RUNS}/../../../../etc/passwd", f"{RUNS}/%2e%2e%2f%2e%2e%2fetc/document",
        f"{RUNS}/..%2f..%2fx/tables/sources", f"{RUNS}/0123456789abcdef%2f../document",
        f"{RUNS}/0123456789abcdef%00/document", f"{RUNS}/0123456789abcdef%0a/document",
        f"{RUNS}/0123456789abcdef/tables/..%2f..%2fmanifest",
        "/assets/..%2f__init__.py", "/assets/%2e%2e/language.py", "/assets//etc/passwd",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_folders(ask: Asgi, path: str) -> None:
    answer = ask("GET", path)
    assert answer.status_code == 404
    assert error_code(answer) == "not_found"
