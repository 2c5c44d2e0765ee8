"""Whoever has the lease is killed, or paused until another one has it: never do two act, and soon one does."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest

from tests.faults.conftest import Told
from tests.scenario.conftest import eventually

KILLS = 8
TAKES_OVER = 120.0
"""Seconds; 30 are promised, and the machine may be loaded."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]


class Holders:
    """Processes that want the lease, and what each said when."""

    def __init__(self, journal: Path) -> None:
        self.url, self.said = f"sqlite:///{journal}", list[dict[str, Any]]()
        self.processes: dict[int, subprocess.Popen[str]] = {}
        self.listeners: list[Thread] = []

    def start(self) -> None:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "tests.faults.holder", self.url],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes[process.pid] = process
        self.listeners.append(Thread(target=self._listen, args=[process], daemon=True))
        self.listeners[-1].start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                if line.startswith('{"pid"') and line.endswith("\n"):  # the rest is its log
                    self.said.append(json.loads(line))

    def acting(self, above: int) -> dict[str, Any] | None:
        """What was said last by one whose token is larger."""
        return next((s for s in reversed(self.said) if s["token"] > above), None)

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        for listener in self.listeners:
            listener.join(15)


@pytest.fixture
def holders(tmp_path: Path) -> Iterator[Holders]:
    made = Holders(tmp_path / "journal.sqlite")
    for _ in range(3):
        made.start()
    yield made
    made.end()


def test_never_do_two_act_and_soon_one_does(holders: Holders, dice: Random, tell: Told) -> None:
    token, paused = 0, list[int]()
    for _ in range(KILLS):
        found = eventually(lambda: holders.acting(token), within=TAKES_OVER)  # noqa: B023 - asked at once
        assert found
        token = found["token"]
        holder = holders.processes[found["pid"]]
        if dice.random() < 0.5:
            holder.kill()
            tell(f"the holder of {token} was killed")
        else:
            holder.send_signal(signal.SIGSTOP)
            paused.append(holder.pid)
            tell(f"the holder of {token} was paused")
        holders.start()
        while len(paused) > 1:
            holders.processes[paused.pop(0)].send_signal(signal.SIGCONT)
    eventually(lambda: holders.acting(token), within=TAKES_OVER)
    for pid in paused:
        holders.processes[pid].send_signal(signal.SIGCONT)
    eventually(lambda: all(holders.processes[pid].poll() for pid in paused), within=TAKES_OVER)
    said = sorted(holders.said, key=lambda each: float(each["at"]))
    assert len({(each["token"], each["pid"]) for each in said}) == len({e["token"] for e in said})
    # Who was paused between a look and its word may say it late; it looked before the next one acted.
    looked = sorted(said, key=lambda each: float(each["began"]))
    tokens = [each["token"] for each in looked]
    assert tokens == sorted(tokens)
    tell(f"{len(said)} times somebody acted, with {len(set(tokens))} tokens")
