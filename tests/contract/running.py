"""A kind in an account of local AWS, as guardian sees it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from guardian.aws.connect import Aws
from guardian.documents import Document, pick, text
from guardian.ids import Target
from guardian.kinds.base import Kind, Listing, Phase
from guardian.policy.model import Mode, Rule
from guardian.verdict import Sighting, Verdict, judge
from tests.contract.conftest import in_member
from tests.contract.starting import Account, start


@dataclass
class Place:
    """A kind in an account of its own, and those of it that were started there."""

    guardian: Aws
    kind: Kind
    account: Account

    @property
    def target(self) -> Target:
        return in_member(self.account.id)

    def look(self, identifier: str, idle: tuple[datetime, datetime] | None = None) -> Document:
        return self.guardian.members.look(self.kind, self.target, identifier, idle)

    def phase(self, identifier: str) -> Phase | None:
        return self.kind.phase(text(self.look(identifier), self.kind.status))

    def live(self, identifier: str) -> str:
        """Wait until it may be stopped and tells since when it runs."""

        def runs() -> bool:
            seen = self.look(identifier)
            live = self.kind.phase(text(seen, self.kind.status)) is Phase.LIVE
            return live and pick(seen, self.kind.start) is not None

        self.account.eventually(runs)
        return identifier

    def start(self, name: str) -> str:
        return self.live(start(self.kind, self.account, name))

    def listed(self, listing: Listing | None = None) -> dict[str, datetime | None]:
        kind = replace(self.kind, listing=listing or self.kind.listing)
        return {c.id: c.started for c in self.guardian.members.candidates(kind, self.target)}

    def judged(self, identifier: str, now: datetime, idle: timedelta | None = None) -> Verdict:
        """What a rule without grace says of it."""
        window = (now - idle, now) if idle else None
        sighting = Sighting(identifier, self.target, self.look(identifier, window))
        return judge(self.kind, Rule(self.kind, Mode.STOP, timedelta(0), idle, ()), sighting, now)
