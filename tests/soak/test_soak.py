"""The daemon at work while an organization lives: nothing grows, nothing crashes. An hour is sixty there."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

import psutil
import pytest

from guardian.demo.cast import HOME, RESEARCH, SANDBOX, Cast
from guardian.demo.servers import LocalAwsProcess, local_aws
from guardian.outcome import Result
from tests.scenario.conftest import (  # noqa: F401 - all but the server
    Installation,
    cast,
    eventually,
    installation,
    slack_server,
)
from tests.scenario.daemons import Running, begun

SCALE = 1 / 60
HOUR, BRIEFLY = int(os.environ.get("SOAK_SECONDS", "3600")), 180
"""Real seconds. In the shorter time not all is loaded that is loaded once: there only bounds hold."""
MOST_MEMORY, MOST_HANDLES = 320, 60
WARM = 0.3
"""The part of the time after which all that is loaded once is loaded."""
MIB = 1 << 20
GROWTH, HANDLES = 10 * MIB, 8
EVERY = 2.0
OFTEN = {
    "GUARDIAN_SLACK_DIGEST": "*/10 * * * *",
    "GUARDIAN_SCHEDULES_RECONCILE": "10m",
    "GUARDIAN_SCHEDULES_SWEEP": "10m",
    "GUARDIAN_SCHEDULES_DRIFT": "30m",
    "GUARDIAN_SCHEDULES_DETECT": "1h",
    "MALLOC_ARENA_MAX": "2",  # as the image has it
}
POLICY = """\
ou: {ou}
mode: stop
regions: [{home}]
kinds:
  glue-session: {{grace: {grace}m}}
  sagemaker-notebook: {{grace: 5m}}
notify: {{warn_before: 1m}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LocalAwsProcess]:
    with local_aws(SCALE) as aws:
        yield aws


@dataclass
class Life:
    """What people and administrators do, drawn by lot."""

    installation: Installation
    dice: Random
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    homes: dict[str, str] = field(default_factory=lambda: {"ana": SANDBOX, "ben": SANDBOX})
    opened: list[tuple[str, str]] = field(default_factory=list)

    @property
    def cast(self) -> Cast:
        return self.installation.cast

    def happen(self) -> None:
        """One of the things that happen; starting something is the most frequent."""
        things: tuple[Callable[[], None], ...] = (self.change, self.move, self.keep)
        self.dice.choices((self.start, *things), weights=(8, 1, 1, 2))[0]()

    def start(self) -> None:
        who, name = self.dice.choice(["ana", "ben", "ravi"]), f"session-{next(self.numbers)}"
        self.cast.person(who, who).open_glue_session(name, {"owner": f"{who}@example.com"})
        self.opened.append((who, name))

    def keep(self) -> None:
        if self.opened:
            who, name = self.opened[-1]
            place = (self.cast.accounts[who], HOME, "glue-session", name)
            self.installation.run("keep", *place, "--for", "10m")

    def change(self) -> None:
        grace = self.dice.randint(1, 5)
        self.installation.write(sandbox=POLICY.format(ou=SANDBOX, home=HOME, grace=grace))

    def move(self) -> None:
        who = self.dice.choice([*self.homes])
        here = self.homes[who]
        there = RESEARCH if here == SANDBOX else SANDBOX
        self.cast.move(who, here, there)
        self.homes[who] = there


@dataclass
class Figures:
    """The memory of a process, and how many files it has open, one after the other."""

    memory: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)

    def take(self, process: psutil.Process) -> None:
        self.memory.append(process.memory_info().rss)
        self.handles.append(process.num_fds())

    def growth(self, of: list[int]) -> int:
        """By how much the last fifth is above the fifth after the warm-up, each by its mean."""
        part = max(1, len(of) // 5)
        first = of[int(len(of) * WARM) :][:part]
        return sum(of[-part:]) // part - sum(first) // len(first)


def lived(running: Running, life: Life, seconds: float) -> Figures:
    figures, process = Figures(), psutil.Process(running.process.pid)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        life.happen()
        figures.take(process)
        if len(figures.memory) % 30 == 0:
            rss, stopped = figures.memory[-1] // MIB, len(life.opened)
            sys.stdout.write(f"{rss} MiB, {figures.handles[-1]} files, {stopped} sessions\n")
        time.sleep(EVERY)
    return figures


def unexpected(running: Running) -> list[object]:
    """What was logged that only a bug logs."""
    return [
        entry
        for entry in running.log
        if entry.get("level") in {"error", "critical"} or "exception" in entry
    ]


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(BRIEFLY, marks=[pytest.mark.slow, pytest.mark.timeout(600)]),
        pytest.param(HOUR, marks=[pytest.mark.soak, pytest.mark.timeout(HOUR + 1800)]),
    ],
)
def test_nothing_grows_and_nothing_crashes(installation: Installation, seconds: float) -> None:  # noqa: F811 - a fixture
    life = Life(installation, Random(seconds))  # noqa: S311 - no secret
    life.change()
    installation.write(research=POLICY.format(ou=RESEARCH, home=HOME, grace=2))
    with begun(installation, **OFTEN) as running:
        eventually(lambda: running.told("swept"), within=90)
        figures = lived(running, life, seconds)
        assert unexpected(running) == []
        assert running.process.poll() is None
        running.process.terminate()
        assert running.process.wait(60) == 0
    stopped = {o.id for o in installation.outcomes() if o.result is Result.STOPPED}
    assert stopped
    sys.stdout.write(f"{figures.memory[-1] // MIB} MiB, {len(stopped)} stopped\n")
    assert max(figures.memory) // MIB <= MOST_MEMORY
    assert max(figures.handles) <= MOST_HANDLES
    if seconds == HOUR:
        assert abs(figures.growth(figures.memory)) <= GROWTH
        assert figures.growth(figures.handles) <= HANDLES
