"""How the daemon ends: whoever is at work comes to a safe point, and who does not in time is left there."""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event, Thread

import structlog

GRACE = 20.0
"""Real seconds in which every job has to come to a safe point; ECS kills after 30."""
PARTING = 3.0
"""Real seconds that the last things may take."""

log = structlog.get_logger("guardian")


@dataclass
class Ending:
    """`code` is the exit code, `at_work` names the jobs that run now, `parting` is done in any case.

    `over` says that nothing is left to wait for.
    What is left in the middle is as if the process had been killed: nothing is lost by that and nothing done twice.
    """

    stopping: Event
    at_work: Callable[[], Iterable[str]] = tuple
    parting: Callable[[], object] = lambda: None
    code: int = 0
    over: Event = field(default_factory=Event)

    def watch(self) -> None:
        """End the process when it was told to stop and did not in time."""
        Thread(target=self._watch, name="ending", daemon=True).start()

    def begin(self, code: int) -> None:
        """Stop without having been told to."""
        self.code = code
        self.stopping.set()

    def _watch(self) -> None:
        self.stopping.wait()
        if self.over.wait(GRACE):
            return
        log.warning("abandoned", jobs=sorted(self.at_work()))
        last = Thread(target=self.parting, name="parting", daemon=True)
        last.start()
        last.join(PARTING)
        sys.stderr.flush()
        os._exit(self.code)
