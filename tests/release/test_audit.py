"""`make audit` fails on a vulnerability, and where the service does not answer: silence is no clean bill."""

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
ADVISORY = {
    "id": "TEST-2026-1",
    "summary": "an advisory of this test",
    "affected": [
        {"package": {"name": "urllib3", "ecosystem": "PyPI"}, "ranges": [], "versions": []}
    ],
}


class Advisories(BaseHTTPRequestHandler):
    """OSV's query: one package has an advisory, the others have none."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = [ADVISORY] if asked["package"]["name"] == self.server.bad else []  # type: ignore[attr-defined]
        body = json.dumps({"vulns": found} if found else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def service() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    made.bad = ""  # type: ignore[attr-defined]
    thread = Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def audit(tools: Path, port: int) -> "subprocess.CompletedProcess[str]":
    """The command of the Makefile, over the runtime's lock, against a service here."""
    line = re.search(r"\S+/(pip-audit .*?) -r requirements", (ROOT / "Makefile").read_text())
    assert line
    _, *options = line[1].split()
    where = ("--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{port}/query")
    return subprocess.run(  # noqa: S603 - our own arguments
        [tools / "pip-audit", *options, "-r", ROOT / "requirements/runtime.txt", *where],
        capture_output=True,
        text=True,
        check=False,
    )


def test_where_nothing_is_known_it_passes(tools: Path, service: ThreadingHTTPServer) -> None:
    ended = audit(tools, service.server_port)
    assert ended.returncode == 0, ended.stderr
    assert "No known vulnerabilities found" in ended.stderr


def test_a_known_vulnerability_fails_it_by_name(tools: Path, service: ThreadingHTTPServer) -> None:
    service.bad = "urllib3"  # type: ignore[attr-defined]
    ended = audit(tools, service.server_port)
    assert ended.returncode == 1
    assert "urllib3" in ended.stdout
    assert "TEST-2026-1" in ended.stdout


def test_a_service_that_does_not_answer_fails_it(tools: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    ended = audit(tools, port)
    assert ended.returncode != 0
    assert "Connection" in ended.stderr
    assert "No known vulnerabilities" not in ended.stderr


def test_the_workflows_have_no_mistake_that_is_known(tools: Path) -> None:
    ended = subprocess.run(  # noqa: S603 - our own arguments
        [tools / "zizmor", "--offline", "--pedantic", "--strict-collection", ROOT / ".github"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
