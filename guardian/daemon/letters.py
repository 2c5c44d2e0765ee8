"""The jobs that tell people: digests and warnings."""

from dataclasses import dataclass, field

import structlog

from guardian.app import Guardian, editions
from guardian.daemon import people
from guardian.daemon.due import last_due
from guardian.daemon.held import HeldPolicies
from guardian.daemon.notes import Notes
from guardian.errors import GuardianError, Unavailable
from guardian.jobs.announce import announce_once
from guardian.jobs.editions import Edition
from guardian.outcome import About, Finding

log = structlog.get_logger("guardian")


@dataclass
class Letters:
    """`undelivered` is why digests do not get where they should, by channel."""

    guardian: Guardian
    policies: HeldPolicies
    notes: Notes
    undelivered: dict[str, str] = field(default_factory=dict)

    def announce(self) -> None:
        """Send every digest that is due and was not sent yet; where one cannot be, it stays due."""
        guardian = self.guardian
        for edition in editions(self.policies.world, guardian.settings.notify):
            if guardian.stopping.is_set():
                return
            if not guardian.reaches(edition.audience):
                continue
            channel = edition.audience.channel
            try:
                self._announce(edition)
                self.undelivered.pop(channel, None)
            except Unavailable as error:  # the others may be reached all the same
                log.warning("announce_failed", channel=channel, error=str(error))
            except GuardianError as error:  # nothing that waiting would mend
                self._note_undelivered(channel, str(error))

    def _announce(self, edition: Edition) -> None:
        guardian, audience, now = self.guardian, edition.audience, self.guardian.now()
        until = last_due(edition.notify, now)
        for announced in announce_once(guardian.desk(audience), audience, until, now):
            log.info("announced", channel=audience.channel, reference=announced.reference)

    def _note_undelivered(self, channel: str, reason: str) -> None:
        """Let the log, the status and the other digests tell of it, once while it lasts."""
        log.warning("announce_refused", channel=channel, error=reason)
        if self.undelivered.get(channel) != reason:
            self.undelivered[channel] = reason
            finding = Finding(About.DIGEST, channel, reason, self.guardian.now())
            self.guardian.journal.note([finding])

    def warn(self) -> None:
        """Warn people of stops to come."""
        told = people.warn(self.guardian, self.policies.world)
        for channel, reason in told.troubles.items():
            log.warning("not_warned", channel=channel, error=reason)
            self.notes.note_once(About.ACCESS, f"Slack {channel}", reason)
