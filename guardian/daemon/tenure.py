"""The lease as this daemon has it: waited for, renewed, and given up.

Docs: docs/explanation/one-active.md. Who loses it ends at once, as if the process had been killed: nothing that is
under way in it may act for guardian any more.
"""

import os
import socket
import sys
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from typing import NoReturn

import structlog

from guardian.errors import AccessDenied, Superseded, Unavailable
from guardian.health.standing import Standing
from guardian.lease import BEAT, POLL, Lease, Sighting, lapsed
from guardian.ports import Leases

LOST = 6
"""The exit code of a daemon that lost its lease."""

log = structlog.get_logger("guardian")


def end_now(reason: str) -> NoReturn:
    """End this process, whatever its threads are at."""
    log.critical("superseded", reason=reason)
    sys.stderr.flush()
    os._exit(LOST)


class Tenure:
    """May be used by many threads. All spans are real time of the monotonic clock."""

    def __init__(
        self, lose: Callable[[str], NoReturn] = end_now, clock: Callable[[], float] = monotonic
    ) -> None:
        self._lose, self._clock = lose, clock
        self._lease: Lease | None = None
        self._renewed = 0.0
        self._seen: Lease | None = None
        self._leases: Leases | None = None
        self._over, self._released = Event(), Event()

    @property
    def standing(self) -> Standing:
        """How it is now."""
        if self._lease is None:
            return Standing(held=False, holder=self._seen.holder if self._seen else "")
        age = self._clock() - self._renewed
        return Standing(held=True, holder=self._lease.holder, token=self._lease.token, age=age)

    def wait(self, leases: Leases, stopping: Event) -> Lease | None:
        """Become the one that acts, as soon as nobody else is; None when it was told to stop before."""
        sighting: Sighting | None = None
        while not stopping.is_set():
            try:
                before = self._clock()
                seen, after = leases.lease(), self._clock()
                sighting = sighting.then(seen, after) if sighting else Sighting(seen, after)
                self._tell(seen)
                if sighting.may_take(before) and (taken := self._take(leases, seen)):
                    return taken
            except (Unavailable, AccessDenied) as error:
                log.warning("lease_unknown", error=str(error))
            stopping.wait(POLL.total_seconds())
        return None

    def _tell(self, seen: Lease | None) -> None:
        if seen and not seen.free and (self._seen is None or seen.token != self._seen.token):
            log.info("standby", holder=seen.holder, lease=seen.token)
        self._seen = seen

    def _take(self, leases: Leases, seen: Lease | None) -> Lease | None:
        began = self._clock()
        taken = leases.take(f"{socket.gethostname()}:{os.getpid()}", seen)
        if taken:
            log.info("lease_taken", lease=taken.token)
            self._leases, self._renewed, self._lease = leases, began, taken
        return taken

    def keep(self) -> None:
        """Renew it from now on, on a thread of its own: no backlog delays that."""
        Thread(target=self._keep, name="lease", daemon=True).start()

    def _keep(self) -> None:
        while not self._over.wait(BEAT.total_seconds()):
            self.check()
            self.renew()

    def renew(self) -> None:
        """Tell that it lives, and end where that is of no use any more."""
        lease, leases, began = self._lease, self._leases, self._clock()
        if lease is None or leases is None or self._over.is_set():
            return
        try:
            renewed = leases.renew(lease)
        except (Unavailable, AccessDenied) as error:
            log.warning("lease_not_renewed", error=str(error))
            return
        if renewed:
            self._renewed = began
        elif not self._over.is_set():
            self._lose(f"somebody took the lease {lease.token} over")

    def check(self) -> None:
        """Nothing while it holds or was never had; else the process ends. Asked before every call to AWS and Slack.

        Raises Superseded once it was given up.
        """
        if self._released.is_set():
            raise Superseded("the lease was given up: this guardian ends")
        if self._lease and not self._over.is_set() and lapsed(self._renewed, self._clock()):
            self._lose(f"the lease {self._lease.token} could not be renewed in time")

    def make_sure(self) -> None:
        """The same, and look at the lease itself. Raises Unavailable, AccessDenied."""
        self.check()
        if self._lease is None or self._leases is None or self._over.is_set():
            return
        there = self._leases.lease()
        if there is None or there.token != self._lease.token:
            self._lose(f"somebody took the lease {self._lease.token} over")

    def superseded(self, error: Superseded) -> NoReturn:
        """A write was refused, because somebody else has the lease by now."""
        self._lose(str(error))

    def give_up(self) -> None:
        """Let the next one begin at once; everything that acts has ended. Raises Unavailable, AccessDenied."""
        self._over.set()
        if self._lease and self._leases:
            self._leases.release(self._lease)
            self._released.set()
            log.info("lease_released", lease=self._lease.token)
