"""The servers the demo runs on: local AWS in a process of its own, local Slack in this one."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from guardian.errors import Unavailable
from guardian.localslack.server import LocalSlack

SCALE = 1 / 600
"""Ten minutes of grace pass in a second."""
INHERITED = ("PATH", "HOME", "LANG", "PYTHONPATH", "TMPDIR")
"""What the server's process has of this one's environment."""


@dataclass(frozen=True)
class LocalAwsProcess:
    """A local AWS that runs: where, and by which clock."""

    endpoint: str
    origin: float
    scale: float

    def post(self, path: str, body: object) -> None:
        """Tell local AWS itself something."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data, method="POST")  # noqa: S310  loopback
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  loopback


@contextmanager
def local_aws(scale: float = SCALE) -> Iterator[LocalAwsProcess]:
    """A fresh local AWS, ended with the block."""
    command = [
        sys.executable,
        "-m",
        "guardian.localaws",
        "--port",
        "0",
        "--time-scale",
        str(scale),
    ]
    # Whoever runs this may have profiles, endpoints and proxies set: a server needs none of them.
    clean = {name: os.environ[name] for name in INHERITED if name in os.environ}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean) as process:  # noqa: S603  our own module
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise Unavailable("local AWS did not start: see above")
            ready = json.loads(line)
            clock = ready["clock"]
            yield LocalAwsProcess(ready["endpoint"], clock["origin"], clock["scale"])
        finally:
            process.terminate()
            process.wait(timeout=20)


@contextmanager
def local_slack(channels: tuple[str, ...]) -> Iterator[LocalSlack]:
    """A fresh local Slack, ended with the block."""
    slack = LocalSlack(0, channels)
    slack.start()
    try:
        yield slack
    finally:
        slack.stop()
