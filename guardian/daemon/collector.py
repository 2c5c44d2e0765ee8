"""Takes reports off the hub's queue, all the time."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from guardian.app import Guardian
from guardian.clock import system_now
from guardian.daemon import watched
from guardian.errors import GuardianError
from guardian.health.record import Record
from guardian.jobs.collect import collect_once

COLLECT = "collect"
LONG_POLL = timedelta(seconds=10)
AFTER_TROUBLE = timedelta(seconds=15)

log = structlog.get_logger("guardian")


@dataclass
class Collector:
    guardian: Guardian
    record: Record

    def run(self) -> None:
        """Look into the queue again and again, until told to stop."""
        guardian = self.guardian
        wait = LONG_POLL * guardian.scale
        while not guardian.stopping.is_set():
            poll = watched.Watch(COLLECT, self.record, guardian.now)
            try:
                collected = collect_once(guardian.aws.inbox, guardian.journal, wait)
            except GuardianError as error:
                log.warning("collect_failed", error=str(error))
                poll.failed(error)
                guardian.pause(AFTER_TROUBLE)
                continue
            poll.received(collected, system_now())
            if collected.received:
                log.info("collected", received=collected.received, new=collected.new)
