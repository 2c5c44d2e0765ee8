"""Takes reports off the hub's queue, all the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from guardian.app import Guardian
from guardian.clock import system_now
from guardian.daemon import watched
from guardian.daemon.early import Early
from guardian.errors import GuardianError
from guardian.health.backoff import pause
from guardian.health.record import Record
from guardian.hints import Hint
from guardian.jobs.collect import Collected, collect_once

COLLECT = "collect"
LONG_POLL = timedelta(seconds=5)
"""So long is waited for a message, and so long for the end of a look when guardian is to end."""
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
        """Look into the queue again and again, until told to stop."""
        while not self.guardian.stopping.is_set():
            if self._looked():
                self.failures = 0
            else:
                self.failures += 1
                self.guardian.pause(pause(AFTER_TROUBLE, self.failures))

    def _looked(self) -> bool:
        guardian = self.guardian
        poll = watched.Watch(COLLECT, self.record, guardian.now)
        try:
            collected = collect_once(
                guardian.aws.inbox, guardian.journal, LONG_POLL * guardian.scale
            )
        except GuardianError as error:
            poll.failed(error, ending=guardian.stopping.is_set())
            return False
        except Exception as error:  # noqa: BLE001  a bug of one look must not end all others
            poll.crashed(error)
            return False
        poll.received(collected, system_now())
        self._tell(collected)
        return True

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
