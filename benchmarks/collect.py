"""10,000 queued outcomes: how long until the journal has them, and how late the lease is renewed meanwhile.

The queue is a server that does nothing else and answers each call 25 milliseconds late, as AWS would.
"""

import hashlib
import json
import os
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock, Thread

from guardian.app import Guardian, open_guardian
from guardian.daemon.collector import LONG_POLL, Collector
from guardian.daemon.early import Early
from guardian.daemon.schedule import Turn
from guardian.daemon.tenure import Tenure
from guardian.health.record import Duty, Record
from guardian.logs import LogLevel, configure_logs

COUNT, LATENCY, HOME, HUB = 10_000, 0.025, "eu-west-1", "111122223333"


def event(number: int) -> str:
    at = datetime(2026, 11, 23, 9, tzinfo=UTC) + timedelta(seconds=number)
    detail = {
        "version": 1,
        "outcome": "stopped",
        "kind": "glue-session",
        "id": f"GlueStudioDataPreview-{number:08x}",
        "policy": "data-science",
        "owner": "ana",
        "started": f"{at - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "facts": {"worker_type": "G.1X", "workers": 5},
    }
    return json.dumps(
        {
            "source": "guardian",
            "detail-type": "Guardian Outcome",
            "account": "444455556666",
            "region": HOME,
            "detail": detail,
        }
    )


class Queue(BaseHTTPRequestHandler):
    """As much of SQS as a collector asks for, each answer `LATENCY` late."""

    protocol_version = "HTTP/1.1"
    numbers = iter(range(COUNT))
    lock = Lock()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        receives = self.headers["X-Amz-Target"].endswith("ReceiveMessage")
        Event().wait(LATENCY)
        answer = {"Messages": self.messages()} if receives else {"Successful": [], "Failed": []}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def messages(self) -> list[dict[str, object]]:
        with self.lock:
            taken = list(islice(self.numbers, 10))
        return [
            {
                "MessageId": str(number),
                "ReceiptHandle": str(number),
                "Body": (body := event(number)),
                "MD5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
                "Attributes": {"SentTimestamp": "1795424400000"},
            }
            for number in taken
        ]

    def log_message(self, *_: object) -> None:
        """Nothing."""


def serve(told: Connection) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Queue) as server:
        told.send(server.server_address[1])
        server.serve_forever()


def opened(endpoint: str, directory: Path, acting: Tenure) -> Guardian:
    url = f"{endpoint}/{HUB}/guardian"
    (directory / "guardian.yaml").write_text(
        f"home_region: {HOME}\nhub: {{account: '{HUB}', queue_url: '{url}'}}\n"
        f"journal: sqlite:///{directory}/guardian.db\n"
    )
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    os.environ.update({"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": HOME, **keys})
    return open_guardian(directory, acting=acting)


def main() -> None:
    configure_logs(LogLevel.ERROR)
    told, teller = Pipe(duplex=False)
    server = Process(target=serve, args=(teller,), daemon=True)
    server.start()
    try:
        with TemporaryDirectory() as directory:
            measure(f"http://127.0.0.1:{told.recv()}", Path(directory))
    finally:
        server.terminate()


def measure(endpoint: str, directory: Path) -> None:
    tenure, stopping = Tenure(), Event()
    guardian = opened(endpoint, directory, tenure)
    lease = tenure.wait(guardian.journal, stopping)
    if lease is None:
        raise SystemExit("there is no lease")
    guardian.journal.fence(lease)
    tenure.keep()
    record = Record(guardian.now(), [Duty("collect", LONG_POLL, LONG_POLL)])
    collector = Collector(guardian, record, Early(Turn(), 30))
    began, oldest = time.monotonic(), 0.0
    thread = Thread(target=collector.run)
    thread.start()
    while record.health.messages < COUNT:
        oldest = max(oldest, tenure.standing.age)
        stopping.wait(0.05)
    took = time.monotonic() - began
    guardian.stopping.set()
    thread.join()
    kept = sum(
        1
        for _ in guardian.journal.each_outcome(
            guardian.now() - LONG_POLL * 1000, guardian.now() + LONG_POLL
        )
    )
    print(f"{kept:,} outcomes in {took:.1f} s; the lease was never older than {oldest:.1f} s")


if __name__ == "__main__":
    main()
