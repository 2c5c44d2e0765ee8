"""A way to Slack on which answers get lost: the request arrives, and nobody hears what came of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Lossy(ThreadingHTTPServer):
    """Passes every request on; of those whose path ends in `lose`, the `lose_at`-th answer is lost."""

    daemon_threads = True

    def __init__(self, upstream: str, lose: str, lose_at: int = 1) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream)
        self._lose, self._left, self._lock = lose, lose_at, threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/"

    def loses(self, path: str) -> bool:
        with self._lock:
            self._left -= path.endswith(self._lose)
            return path.endswith(self._lose) and self._left == 0


class _Handler(BaseHTTPRequestHandler):
    server: Lossy

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        there = HTTPConnection(self.server.upstream.netloc, timeout=20)
        there.request("POST", self.path, body, dict(self.headers))
        answer = there.getresponse()
        content = answer.read()
        there.close()
        if self.server.loses(self.path):
            self.close_connection = True  # the client reads an end instead of an answer
            return
        self.send_response(answer.status)
        for name in ("Content-Type", "Retry-After"):
            if answer.headers.get(name):
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST  # noqa: N815 - so it is called for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def lossy(upstream: str, lose: str, lose_at: int = 1) -> Iterator[str]:
    """The endpoint of such a way while it is open."""
    server = Lossy(upstream, lose, lose_at)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
