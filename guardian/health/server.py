"""One port that only answers GET and HEAD. It knows nothing of guardian: what to say is asked of a function."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import BoundedSemaphore, Thread
from typing import Any
from urllib.parse import urlsplit

import structlog

AT_ONCE = 8
"""So many requests are answered at the same time; more are hung up on."""
REQUEST_WITHIN = 5.0
"""Seconds in which a client must send the next part of its request, and take the next part of the answer."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
TEXT = "text/plain; charset=utf-8"

log = structlog.get_logger("guardian.health")


@dataclass(frozen=True)
class Answer:
    """What a request is answered with."""

    status: int
    body: bytes
    content_type: str = TEXT


def said(status: int, text: str) -> Answer:
    """A line of text."""
    return Answer(status, f"{text}\n".encode())


Ask = Callable[[str], Answer | None]
"""The answer for a path, None where there is none."""


class HealthServer:
    """Answers on a port of its own until it is closed. Raises OSError where it cannot listen."""

    def __init__(self, host: str, port: int, ask: Ask) -> None:
        self._server = _server(host, port, ask)
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.1,), name="health", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port, also where any free one was asked for."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client that is slow holds up nobody's end
    request_queue_size = 16

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._free = BoundedSemaphore(AT_ONCE)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away; a bug in an answer has been logged where it was."""


class _SixServer(_Server):
    address_family = socket.AF_INET6


def _server(host: str, port: int, ask: Ask) -> _Server:
    loopback = host == "localhost" or ip_address(host).is_loopback

    class Handler(_Handler):
        answers = staticmethod(ask)
        only_here = loopback

    made = _SixServer if ":" in host else _Server
    return made((host, port), Handler)


class _Handler(BaseHTTPRequestHandler):
    answers: Ask
    only_here: bool
    timeout = REQUEST_WITHIN
    server_version = "guardian"
    sys_version = ""

    def do_GET(self) -> None:
        self._send(self._answer(), with_body=True)

    def do_HEAD(self) -> None:
        self._send(self._answer(), with_body=False)

    def _answer(self) -> Answer:
        # A page of a browser on this machine may have any name resolve to it.
        if self.only_here and not _names_this_machine(self.headers.get("Host", "localhost")):
            return said(403, "this port is asked for by the name localhost or its address only")
        try:
            return type(self).answers(urlsplit(self.path).path) or said(
                404, "there is no such page"
            )
        except Exception:  # a bug in a page: it must not look like a dead daemon
            log.exception("health_crashed", path=self.path[:80])
            return said(500, "a bug of guardian: see its log")

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        self.send_response(answer.status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """A probe every few seconds is no news."""


def _names_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
