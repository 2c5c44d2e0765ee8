"""The service at work in its image, against a local AWS, and the demo in its own."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import psutil
import pytest

from tests.image.engine import Container, Image
from tests.scenario.conftest import (
    BOTH,
    FOREIGN,
    Installation,
    cast,
    eventually,
    installation,
    server,
    slack_server,
)

__all__ = ["cast", "installation", "server", "slack_server"]  # fixtures of the scenarios


@pytest.fixture
def daemon(container: Container, installation: Installation) -> Iterator["subprocess.Popen[str]"]:
    given = {k: v for k, v in os.environ.items() if k.startswith(FOREIGN)}
    given |= {"GUARDIAN_JOURNAL": "sqlite:///var/guardian.db", "GUARDIAN_HEALTH": "127.0.0.1:0"}
    arguments = ("guardian", "run", "--config", "/config")
    process = container.start(installation.directory, arguments, given)
    yield process
    process.kill()
    process.wait()
    for pipe in (process.stdout, process.stderr):
        assert pipe
        pipe.close()


def test_the_daemon_rolls_out_answers_and_ends_when_told(
    daemon: "subprocess.Popen[str]", container: Container, installation: Installation
) -> None:
    log: list[str] = []
    reading = Thread(target=lambda: log.extend(daemon.stderr or ()))
    reading.start()
    eventually(lambda: set(installation.deployed()) >= BOTH, within=120)

    port = re.findall(r'"port": (\d+)', "".join(log))[0]
    asked = container.run(installation.directory, *HEALTH, GUARDIAN_HEALTH=port)
    assert (asked.returncode, asked.stdout) == (0, "alive\n"), asked.stderr

    (first,) = psutil.Process(daemon.pid).children()  # process 1 of its own world
    assert first.uids().effective == 10001
    first.send_signal(signal.SIGTERM)
    assert daemon.wait(60) == 0, "".join(log)
    reading.join()

    dead = container.run(installation.directory, *HEALTH, GUARDIAN_HEALTH=port)
    assert dead.returncode == 1


TRIES = 3
"""On a machine with much else to do the demo's fast clock outruns a step now and then."""
HEALTH = ("guardian", "health", "--config", "/config")


def test_the_demo_runs_in_its_image(demo: Image, examples: Path) -> None:
    config = demo.config()
    assert config["Cmd"] == ["demo", "--output", "/tmp/demo-output"]  # noqa: S108 - in the container
    container = demo.container()
    for _ in range(TRIES):
        told = container.run(examples, "guardian", *config["Cmd"])
        print(told.stdout)  # noqa: T201 - what it is run for
        assert "See /tmp/demo-output/slack.html" in told.stdout, told.stderr
        if told.returncode == 0:
            return
    pytest.fail("a step of the demo did not happen")
