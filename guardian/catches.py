"""How much of what came due the events announced, and how much only the sweep found. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from guardian.ids import AccountId
from guardian.outcome import By, Outcome, Result

_CAME_DUE = frozenset({Result.STOPPED, Result.WOULD_STOP})


@dataclass(frozen=True)
class Catches:
    """What came due of a kind in an account: `caught` was announced by an event, `missed` the sweep found."""

    account: AccountId
    kind: str
    caught: int
    missed: int


def catches(outcomes: Iterable[Outcome]) -> tuple[Catches, ...]:
    """By account and kind, where most was missed first. `outcomes` are the journal's: each end is one."""
    counts = Counter(
        (outcome.target.account, outcome.kind, outcome.by)
        for outcome in outcomes
        if outcome.result in _CAME_DUE
    )
    groups = {(account, kind) for account, kind, _ in counts}
    rows = (
        Catches(
            account,
            kind,
            counts[account, kind, By.EVENT],
            counts[account, kind, By.SWEEP],
        )
        for account, kind in groups
    )
    return tuple(sorted(rows, key=lambda row: (-row.missed, -row.caught, row.account, row.kind)))
