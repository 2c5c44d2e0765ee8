"""The port answers what it is asked, GET and HEAD only, and bears clients of every kind."""

import http.client
import socket
from collections.abc import Iterator

import pytest

from guardian.health.server import AT_ONCE, Answer, HealthServer, said


def ask(path: str) -> Answer | None:
    if path == "/bug":
        raise ZeroDivisionError
    return said(200, "here") if path == "/" else None


@pytest.fixture
def server() -> Iterator[HealthServer]:
    made = HealthServer("127.0.0.1", 0, ask)
    yield made
    made.close()


def answer(
    server: HealthServer, path: str = "/", method: str = "GET", **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
    try:
        connection.request(method, path, headers=headers)
        got = connection.getresponse()
        return got.status, got.read(), got.headers
    finally:
        connection.close()


def test_a_page_is_answered_with_headers_that_keep_browsers_from_harm(
    server: HealthServer,
) -> None:
    status, body, headers = answer(server, "/?x=1")
    assert (status, body) == (200, b"here\n")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_head_is_answered_without_a_body(server: HealthServer) -> None:
    status, body, headers = answer(server, method="HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", "5")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_else_is(server: HealthServer, method: str) -> None:
    assert answer(server, method=method)[0] == 501


@pytest.mark.parametrize("path", ["/nothing", "/../etc/passwd", "/healthz/", "/%2e%2e"])
def test_other_pages_are_not_there(server: HealthServer, path: str) -> None:
    assert answer(server, path)[0] == 404


@pytest.mark.parametrize("path", ["//[", "//[x]/"])
def test_a_path_that_is_none_is_no_bug(server: HealthServer, path: str) -> None:
    assert answer(server, path)[0] == 404


def test_a_bug_in_a_page_is_told_and_the_port_goes_on(
    server: HealthServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(server, "/bug")[0] == 500
    capsys.readouterr()
    assert answer(server)[0] == 200


def test_another_name_that_leads_here_is_refused(server: HealthServer) -> None:
    assert answer(server, Host="evil.example")[0] == 403
    assert answer(server, Host="evil.example:80")[0] == 403
    assert answer(server, Host="[")[0] == 403
    assert answer(server, Host=f"localhost:{server.port}")[0] == 200
    assert answer(server, Host="[::1]")[0] == 200


def test_on_an_address_for_others_any_name_will_do() -> None:
    server = HealthServer("0.0.0.0", 0, ask)  # noqa: S104 - for this test
    try:
        assert answer(server, Host="guardian.internal")[0] == 200
    finally:
        server.close()


def test_clients_that_say_nothing_take_no_more_than_their_places(server: HealthServer) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(AT_ONCE)]
    with pytest.raises((http.client.HTTPException, OSError)):
        answer(server)  # hung up on, not kept waiting
    for one in silent:
        one.close()
    assert any(answered(server) for _ in range(500))  # as soon as the threads have noticed


def answered(server: HealthServer) -> bool:
    try:
        return answer(server)[0] == 200
    except (http.client.HTTPException, OSError):
        return False
