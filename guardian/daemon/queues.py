"""How much waits in the hub's queues."""

from dataclasses import dataclass

import structlog

from guardian.app import Guardian
from guardian.errors import AccessDenied, NotFound
from guardian.health.record import Depths, Record

log = structlog.get_logger("guardian")


@dataclass
class Queues:
    """`blind` is why nobody can tell, told once."""

    guardian: Guardian
    record: Record
    blind: str = ""

    def queues(self) -> None:
        """Count the messages. Raises Unavailable; that an older hub's stack does not let guardian is no failure."""
        try:
            depths, blind = self._counted(), ""
        except (AccessDenied, NotFound) as error:
            depths, blind = None, str(error)
        self.record.measured(depths)
        if blind and not self.blind:
            log.warning("queues_unknown", error=blind)
        self.blind = blind

    def _counted(self) -> Depths:
        parts = self.guardian.aws.hub_parts
        queue = parts.queue()
        unreadable = parts.unreadable(queue.unreadable)[1] if queue.unreadable else None
        return Depths(queue.messages, unreadable)
