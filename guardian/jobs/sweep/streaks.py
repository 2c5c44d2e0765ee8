"""Whose accounts sweeps cannot look into, sweep after sweep: once is a hiccup, three times in a row is a finding."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from guardian.ids import AccountId
from guardian.jobs.sweep.places import Trouble
from guardian.outcome import About, Finding
from guardian.ports import Journal

IN_A_ROW = 3
_NAME = "sweeps in trouble"


@dataclass
class Streaks:
    """How many sweeps in a row each account has been in trouble; accounts without any are not kept."""

    counts: dict[AccountId, int] = field(default_factory=dict)

    def count(self, visited: Iterable[AccountId], troubles: Iterable[Trouble]) -> None:
        """One more sweep that looked into accounts."""
        troubled = {trouble.target.account for trouble in troubles}
        for account in visited:
            if account in troubled:
                self.counts[account] = self.counts.get(account, 0) + 1
            else:
                self.counts.pop(account, None)

    def findings(self, troubles: Iterable[Trouble], now: datetime) -> list[Finding]:
        """The troubles that people should know of."""
        return [
            Finding(About.ACCESS, trouble.subject, trouble.reason, now, trouble.target)
            for trouble in troubles
            if self.counts.get(trouble.target.account, 0) >= IN_A_ROW
        ]


def recall(journal: Journal) -> Streaks:
    """What former sweeps counted. Raises Unavailable."""
    kept: dict[str, int] = json.loads(journal.recall(_NAME) or "{}")
    return Streaks({AccountId(account): count for account, count in kept.items()})


def remember(journal: Journal, streaks: Streaks) -> None:
    """Keep them for the next sweep. Raises Unavailable."""
    journal.remember(_NAME, json.dumps(streaks.counts, sort_keys=True))
