"""Takes reports off the hub's queue, all the time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta

import structlog
from structlog.contextvars import bind_contextvars

from guardian.app import Guardian
from guardian.clock import system_now
from guardian.daemon import watched
from guardian.daemon.early import Early
from guardian.errors import GuardianError, Superseded
from guardian.health.backoff import pause
from guardian.health.record import Record
from guardian.hints import Hint
from guardian.jobs.collect import MOST, Collected, collect_once

COLLECT = "collect"
LONG_POLL = timedelta(seconds=5)
"""So long is waited for a message, and so long for the end of a look when guardian is to end."""
HELPERS = 8
"""So many looks are under way while there is a backlog: one look takes two calls, some 50 milliseconds at AWS."""
AFTER_TROUBLE = timedelta(seconds=15)

log = structlog.get_logger("guardian")


@dataclass
class Collector:
    """`early` lets a reconcile run soon, where a message hints at changes. So many `failures` came in a row."""

    guardian: Guardian
    record: Record
    early: Early
    failures: int = 0

    def run(self) -> None:
        """Look into the queue again and again, until told to stop; many looks at a time while there is a backlog."""
        bind_contextvars(job=COLLECT)
        while not self.guardian.stopping.is_set():
            collected = self._look(LONG_POLL * self.guardian.scale)
            if collected is None:
                self.failures += 1
                self.guardian.pause(pause(AFTER_TROUBLE, self.failures))
                continue
            self.failures = 0
            if collected.received == MOST:
                self._drain()

    def _drain(self) -> None:
        with ThreadPoolExecutor(HELPERS, "collect") as pool:
            for helper in [pool.submit(copy_context().run, self._help) for _ in range(HELPERS)]:
                helper.result()

    def _help(self) -> None:
        """Look as long as there is something, and nothing goes wrong."""
        while not self.guardian.stopping.is_set():
            collected = self._look(timedelta())
            if collected is None or collected.received == 0:
                return

    def _look(self, wait: timedelta) -> Collected | None:
        """What the queue had; None where something went wrong."""
        guardian = self.guardian
        poll = watched.Watch(COLLECT, self.record, guardian.now)
        try:
            collected = collect_once(guardian.aws.inbox, guardian.journal, wait)
        except Superseded as error:
            guardian.acting.superseded(error)
        except GuardianError as error:
            poll.failed(error, ending=guardian.stopping.is_set())
            return None
        except Exception as error:  # noqa: BLE001  a bug of one look must not end all others
            poll.crashed(error)
            return None
        poll.received(collected, system_now())
        self._tell(collected)
        return collected

    def _tell(self, collected: Collected) -> None:
        if collected.received:
            log.info("collected", received=collected.received, new=collected.new)
        for finding in collected.unreadable:
            log.warning("unreadable", subject=finding.subject, reason=finding.reason)
        if news := self._news(collected.hints):
            log.info("hinted", reasons=news)
            self.early.ask()

    def _news(self, hints: Sequence[Hint]) -> list[str]:
        """What guardian did not do itself: that would have it try again at once what failed."""
        begun = self.guardian.aws.begun
        return sorted({hint.reason for hint in hints if hint.operation not in begun})
