"""Runs jobs of guardian in processes that end themselves at a boundary: before, in or after a call that leaves them.

`python -m tests.scenario.boundaries` imports guardian once and then forks: a line of JSON on stdin is a run, a line of
JSON on stdout is how it ended. Boundaries are the calls over HTTP, AWS's and Slack's alike (before it is sent, sent
and not answered, answered), and the transactions of the journal (before, in the midst, written).
"""

import http.client
import json
import os
import resource
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial, wraps
from pathlib import Path
from threading import Lock
from typing import Any

import botocore.loaders
import botocore.session

from guardian.app import Guardian, editions, open_guardian
from guardian.clock import system_now
from guardian.configuration import World
from guardian.daemon.people import scene_of
from guardian.desire import desire
from guardian.errors import GuardianError
from guardian.jobs.announce import announce_once
from guardian.jobs.collect import collect_once
from guardian.jobs.detect import detect_once, settled
from guardian.jobs.reconcile import apply_once, plan_once
from guardian.jobs.sweep import governed_places, sweep_once
from guardian.jobs.warn import CLAIM, warn_once

CRASHED = 70
"""How a process ends in which a bug showed: what guardian does not expect."""
TROUBLED = 3
"""How one ends that met what guardian expects, such as an outage."""
LONG_POLL = timedelta(seconds=1)


@dataclass
class Tap:
    """Counts boundaries, and ends the process at one of them as `kill -9` does; at none where `last` is 0."""

    last: int = 0
    passed: int = 0
    lock: Lock = field(default_factory=Lock)

    def boundary(self) -> None:
        with self.lock:
            self.passed += 1
            if self.passed == self.last:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def tapped(*args: Any, **named: Any) -> Any:
            self.boundary()
            answer = function(*args, **named)
            self.boundary()
            return answer

        return tapped


TAP = Tap()


class TappedConnection(sqlite3.Connection):
    """The journal's file; a transaction's ends are boundaries."""

    def execute(self, *args: Any) -> sqlite3.Cursor:
        if not str(args[0]).startswith(("BEGIN", "COMMIT")):
            return super().execute(*args)
        TAP.boundary()
        cursor = super().execute(*args)
        TAP.boundary()
        return cursor


def tap() -> None:
    """Put the tap where calls leave the process."""
    connection: Any = http.client.HTTPConnection
    connection.getresponse = TAP.around(connection.getresponse)
    stock = connection.endheaders

    def endheaders(*args: Any, **named: Any) -> None:
        TAP.boundary()
        stock(*args, **named)

    connection.endheaders = endheaders
    vars(sqlite3)["connect"] = partial(sqlite3.connect, factory=TappedConnection)
    loader = botocore.loaders.create_loader()
    vars(botocore.session)["create_loader"] = lambda *_: loader


def _rollout(guardian: Guardian, world: World, *, probing: bool) -> None:
    fleet, now = guardian.fleet(world.organization), guardian.now()
    made = plan_once(
        fleet, world.governance, world.organization, guardian.brakes, now, probing=probing
    )
    assert not made.held, made.held
    apply_once(fleet, made, guardian.journal, lambda *_: None, now)


def reconcile(guardian: Guardian) -> None:
    _rollout(guardian, guardian.world(), probing=False)


def drift(guardian: Guardian) -> None:
    _rollout(guardian, guardian.world(), probing=True)


def detect(guardian: Guardian) -> None:
    world = guardian.world()
    fleet = guardian.fleet(world.organization)
    desired = desire(world.governance, world.organization, fleet.hub, fleet.home)
    ready = tuple(settled(fleet.stack_sets.observe(), desired))
    detect_once(guardian.aws.detection, ready, guardian.journal, guardian.now())


def sweep(guardian: Guardian) -> None:
    places = governed_places(guardian.world().governance)
    sweep_once(guardian.aws.members, guardian.journal, places, guardian.search(), guardian.now)


def collect(guardian: Guardian) -> None:
    while collect_once(guardian.aws.inbox, guardian.journal, LONG_POLL).received:
        pass


def announce(guardian: Guardian) -> None:
    now = guardian.now()
    for edition in editions(guardian.world(), guardian.settings.notify):
        announce_once(guardian.desk(edition.audience), edition.audience, now, now)


def warn(guardian: Guardian) -> None:
    # Who was killed has claimed the warning, perhaps: the one who comes after comes when that is old.
    later = timedelta() if TAP.last else CLAIM + timedelta(seconds=1)
    scene, now = scene_of(guardian, guardian.world()), guardian.now()
    warn_once(guardian.room(), guardian.journal, scene, now, lambda: system_now() + later)


JOBS: Mapping[str, Callable[[Guardian], None]] = {
    job.__name__: job for job in (reconcile, drift, detect, sweep, collect, announce, warn)
}


def serve() -> None:
    """Run what stdin asks for, each in a process of its own, until it ends."""
    tap()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what is logged is no answer
    for line in sys.stdin:
        answers.write(json.dumps(_forked(json.loads(line))) + "\n")
        answers.flush()


def _forked(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        os._exit(_run(asked, write))
    os.close(write)
    with os.fdopen(read) as told:
        said = told.read()
    _, status = os.waitpid(child, 0)
    return {"code": os.waitstatus_to_exitcode(status), "said": said}


def _run(asked: Mapping[str, Any], write: int) -> int:
    """The whole life of a child; answers its exit code."""
    os.environ.update(asked["environment"])
    TAP.last, TAP.passed = asked["last"], 0
    code, said = 0, ""
    try:
        guardian = open_guardian(Path(asked["directory"]))
        if most := asked.get("largest_file"):  # as if the disk were full from there on
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        JOBS[asked["job"]](guardian)
    except GuardianError as error:
        code, said = TROUBLED, str(error)
    except Exception:  # noqa: BLE001 - the outermost of the process: what it was is told
        code, said = CRASHED, traceback.format_exc()
    os.write(write, (said or str(TAP.passed)).encode()[-8000:])
    return code


if __name__ == "__main__":
    serve()
