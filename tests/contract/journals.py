"""Journals of every kind, and entries for them. A new implementation joins by a line in `OPENERS`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from guardian.clock import Clock
from guardian.ids import Region, Target, parse_account
from guardian.journal import open_journal
from guardian.notice import StopNotice
from guardian.outcome import About, By, Finding, Outcome, Result
from guardian.ports import Journal

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
TARGET = Target(parse_account("111122223333"), Region("eu-west-1"))

Opener = Callable[[Path, Clock], Journal]
OPENERS: dict[str, Opener] = {
    "sqlite": lambda path, clock: open_journal(f"sqlite:///{path}/journal.sqlite", clock),
}


@dataclass
class Hand:
    """A clock that a test sets."""

    now: datetime = NINE

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Place:
    """One journal's place, which can be opened again as a new process would."""

    path: Path
    clock: Hand
    opener: Opener

    def open(self) -> Journal:
        return self.opener(self.path, self.clock)


def stopped(name: str = "session-1", at: datetime = NINE) -> Outcome:
    return Outcome(
        Result.STOPPED,
        "glue-session",
        name,
        TARGET,
        "data",
        at,
        By.EVENT,
        reason="its grace of 30m is over",
        owner="ana@example.com",
        started=at - HOUR,
        due=at - HOUR / 2,
        facts={"max_capacity": 5.0, "types": ["a", None, {"b": True}]},
        trace="execution-1",
    )


def notice(name: str = "session-1") -> StopNotice:
    return StopNotice(
        "glue-session",
        name,
        TARGET,
        "data",
        stops=NINE + HOUR,
        at=NINE,
        owner="ana\ud800",
        started=NINE - HOUR,
        due=NINE,
        facts={"workers": 5},
        execution="execution-1",
    )


def drift(at: datetime = NINE) -> Finding:
    return Finding(About.DRIFT, "guardian-glue", "rule disabled", at, TARGET, mended=True)
