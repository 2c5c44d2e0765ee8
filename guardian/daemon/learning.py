"""The prices as a job of the daemon."""

from dataclasses import dataclass

import structlog

from guardian.app import Guardian
from guardian.daemon.held import HeldPolicies
from guardian.daemon.notes import Notes
from guardian.errors import AccessDenied
from guardian.jobs.prices import learn_once
from guardian.outcome import About

log = structlog.get_logger("guardian")


@dataclass
class Learning:
    """Keeps the prices of governed regions a week old at most, where the Price List may be asked."""

    guardian: Guardian
    policies: HeldPolicies
    notes: Notes

    def prices(self) -> None:
        """Ask the Price List, if what it said is old. Raises Unavailable: the prices that hold still do."""
        guardian = self.guardian
        governed = self.policies.world.governance.regions.values()
        regions = {region for regions in governed for region in regions}
        try:
            told = learn_once(
                guardian.aws.price_list, guardian.journal, regions, guardian.prices, guardian.now()
            )
        except AccessDenied as error:
            self.notes.note_once(About.ACCESS, "prices", f"they grow old: {error}")
            return
        if told:
            log.info("prices", as_of=told.own.as_of, changed=len(told.changed))
