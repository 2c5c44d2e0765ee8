"""What the daemon answers of itself on its port."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from guardian.app import Guardian
from guardian.coverage import coverage
from guardian.daemon.held import HeldPolicies
from guardian.daemon.tenure import Tenure
from guardian.errors import InputError
from guardian.health.measure import look_back, measure_once
from guardian.health.page import View, render
from guardian.health.readiness import Policies, unready
from guardian.health.record import Record
from guardian.health.server import Answer, HealthServer, said
from guardian.terminal import clean

log = structlog.get_logger("guardian")

MEASURE_EVERY = timedelta(seconds=15)
MOST_REASONS = 50
SETTLED = timedelta(seconds=2)
"""What other processes write comes into the journal a little after its moment."""


@dataclass
class Measuring:
    """Follows the journal: what it learned of before `until` is counted, None before anything is."""

    guardian: Guardian
    record: Record
    until: datetime | None = None

    def measure(self) -> None:
        """Count what the journal learned of since the last time. Raises Unavailable: it is counted the next time."""
        guardian, now = self.guardian, self.guardian.now() - SETTLED
        self.record.found_paused(guardian.paused is not None)
        if self.until is None:
            look_back(guardian.journal, self.record, now)
            self.until = now
        if self.until < now:
            measure_once(guardian.journal, self.record, guardian.prices, self.until, now)
            self.until = now


class Shown(Protocol):
    """What is shown beside `/healthz`."""

    def page(self) -> Answer: ...

    def ready(self) -> Answer: ...

    def metrics(self) -> Answer: ...


class Front:
    """Every page by its path: a standby's, and from when it leads the daemon's."""

    def __init__(self, guardian: Guardian, tenure: Tenure) -> None:
        self.where, self.tenure = guardian.settings.health, tenure
        self._shown: Shown = Standby(guardian, tenure, Record(guardian.now()))

    def lead(self, shown: Shown) -> None:
        """Show what the daemon does from now on."""
        self._shown = shown

    def answer(self, path: str) -> Answer | None:
        shown = self._shown
        pages: Mapping[str, Callable[[], Answer]] = {
            "/": shown.page,
            "/healthz": self.alive,
            "/readyz": shown.ready,
            "/metrics": shown.metrics,
        }
        page = pages.get(path)
        return page() if page else None

    def alive(self) -> Answer:
        """The process ends when a part of it dies: that it answers says that it is alive."""
        return said(200, "alive")


@dataclass(frozen=True)
class Standby:
    """What one shows that waits for the lease, or has it and has not begun yet."""

    guardian: Guardian
    tenure: Tenure
    record: Record

    def page(self) -> Answer:
        return said(200, f"guardian: {clean(self._reason())}")

    def ready(self) -> Answer:
        return said(503, clean(self._reason()))

    def metrics(self) -> Answer:
        from guardian.health.metrics import CONTENT_TYPE, exposition, waiting

        calls = self.guardian.aws.clients.calls.counts
        scene = waiting(self.record.health, calls, self.tenure.standing)
        return Answer(200, exposition(scene), CONTENT_TYPE)

    def _reason(self) -> str:
        return self.tenure.standing.reason or "it has the lease and begins"


@dataclass(frozen=True)
class Pages:
    """What the daemon shows that leads. It reads what is known already, and makes no call."""

    guardian: Guardian
    policies: HeldPolicies
    record: Record
    tenure: Tenure

    def ready(self) -> Answer:
        reasons = self.reasons()
        return (
            said(503, "\n".join(map(clean, reasons[:MOST_REASONS])))
            if reasons
            else said(200, "ready")
        )

    def metrics(self) -> Answer:
        # Loading it takes a tenth of a second and some megabytes: only where somebody scrapes.
        from guardian.health.metrics import CONTENT_TYPE, Scene, exposition

        governance = self.policies.world.governance
        scene = Scene(
            self.record.health,
            self.guardian.aws.clients.calls.counts,
            governed=len(governance.policy_of),
            ungoverned=len(governance.ungoverned),
            reasons=len(self.reasons()),
            standing=self.tenure.standing,
        )
        return Answer(200, exposition(scene), CONTENT_TYPE)

    def page(self) -> Answer:
        world = self.policies.world
        view = View(
            self.record.health,
            self.reasons(),
            coverage(world.organization, world.governance),
            governed=len(world.governance.policy_of),
            names=world.names,
            now=self.guardian.now(),
            standing=self.tenure.standing,
        )
        return Answer(200, render(view).encode(), "text/html; charset=utf-8")

    def reasons(self) -> tuple[str, ...]:
        """Why guardian is not ready."""
        broken, misfit = self.policies.state.broken, self.policies.misfit
        policies = Policies(
            broken.problems if broken else (),
            misfit.problems if misfit else (),
        )
        lease = self.tenure.standing.reason
        others = unready(self.record.health, policies, self.guardian.now())
        return (lease, *others) if lease else others


@contextmanager
def serving(front: Front) -> Iterator[None]:
    """Answer where the settings say so. Raises InputError where that cannot be."""
    where = front.where
    if where is None:
        yield
        return
    try:
        server = HealthServer(where.host, where.port, front.answer)
    except OSError as error:
        raise InputError(f"health: cannot listen on {where}: {error.strerror}") from error
    log.info("health", host=where.host, port=server.port)
    try:
        yield
    finally:
        server.close()
