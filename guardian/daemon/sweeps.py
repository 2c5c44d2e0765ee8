"""The sweep as a job of the daemon."""

from dataclasses import dataclass

import structlog

from guardian.app import Guardian
from guardian.daemon import watched
from guardian.daemon.held import HeldPolicies
from guardian.daemon.rollouts import Rollouts
from guardian.health.record import Record
from guardian.jobs.held import held_stops
from guardian.jobs.sweep import governed_places, sweep_once

log = structlog.get_logger("guardian")


@dataclass
class Sweeps:
    """`held` is whether the last sweep had to hold stops."""

    guardian: Guardian
    policies: HeldPolicies
    record: Record
    rollouts: Rollouts
    held: bool = False

    def sweep(self) -> None:
        """Look into every governed account for what no event announced; in a pause only look."""
        if not self.rollouts.after_first():
            return
        guardian, world = self.guardian, self.policies.current()
        places, search = governed_places(world.governance), guardian.search()
        swept = sweep_once(guardian.aws.members, guardian.journal, places, search, guardian.now)
        self.record.swept(watched.swept_figures(swept))
        log.info(
            "swept",
            trace=search.trace,
            accounts=swept.accounts,
            places=swept.places,
            seen=swept.seen,
            kept=swept.kept,
            outcomes=len(swept.outcomes),
            troubles=len(swept.troubles),
            held=swept.held,
        )
        if swept.held and not self.held:
            self.policies.tell(held_stops(swept, search.trace))
        self.held = bool(swept.held)
