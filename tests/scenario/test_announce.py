"""Each window is announced exactly once, whatever dies in between."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from guardian.clock import Clock
from guardian.digest import Audience, Digest, Window
from guardian.errors import Unavailable
from guardian.ids import AccountId
from guardian.jobs.announce import SKIPPED, Announced, Desk, announce_once
from guardian.journal.sqlite import SqliteJournal
from guardian.outcome import Outcome
from guardian.prices import load_prices
from tests.unit.test_digest import DATA, NINE, glue

DAY = timedelta(days=1)
ROOM = "#data-costs"
PARTS = 3


class PowerCut(BaseException):
    """The process is no more: nothing catches this."""


@dataclass
class Power:
    """Lasts for so many steps."""

    steps: int = 1_000_000

    def use(self) -> None:
        if not self.steps:
            raise PowerCut
        self.steps -= 1


@dataclass
class Room:
    """A channel that outlives processes: what is posted stays posted."""

    power: Power = field(default_factory=Power)
    posts: list[tuple[str, int]] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)
    down: bool = False

    def post(self, digest: Digest, key: str, resume: str = "") -> str:
        if self.down:
            raise Unavailable("Slack cannot be reached")
        for part in range(PARTS):
            self.power.use()
            if not (resume and (key, part) in self.posts):
                self.posts.append((key, part))
        self.digests.append(digest)
        self.power.use()
        return f"C1/{key}"

    def find(self, channel: str, key: str) -> str | None:
        self.power.use()
        if self.down:
            raise Unavailable("Slack cannot be reached")
        assert channel == ROOM
        return f"C1/{key}" if (key, 0) in self.posts else None

    def check(self) -> None:
        self.power.use()


class FragileJournal(SqliteJournal):
    """A real journal whose process may die before and after each write."""

    def __init__(self, path: Path, clock: Clock, power: Power) -> None:
        super().__init__(path, clock)
        self._power = power

    def claim(self, channel: str, window: Window, now: datetime) -> bool:
        self._power.use()
        claimed = super().claim(channel, window, now)
        self._power.use()
        return claimed

    def posted(self, channel: str, window: Window, reference: str) -> None:
        self._power.use()
        super().posted(channel, window, reference)
        self._power.use()


Announce = Callable[[datetime], tuple[Announced, ...]]


@dataclass
class Guardian:
    """One process after another, with the same file and the same channel."""

    path: Path
    room: Room = field(default_factory=Room)
    now: datetime = NINE
    audience: Audience = field(default_factory=lambda: Audience(ROOM))

    def journal(self) -> FragileJournal:
        return FragileJournal(self.path, lambda: self.now, self.room.power)

    def learn(self, outcome: Outcome, at: datetime) -> None:
        self.now = at
        self.journal().record([outcome])

    def announce(self, until: datetime) -> tuple[Announced, ...]:
        self.now = max(self.now, until)
        desk = Desk(self.journal(), self.room, load_prices())
        return announce_once(desk, self.audience, until, self.now)

    def told(self) -> list[list[str]]:
        """What the ids in each digest were."""
        return [[p.outcome.id for p in digest.stopped] for digest in self.room.digests]


@pytest.fixture
def guardian(tmp_path: Path) -> Guardian:
    return Guardian(tmp_path / "journal.sqlite")


def test_a_window_is_announced_once(guardian: Guardian) -> None:
    guardian.learn(glue("a"), NINE - DAY / 2)
    (announced,) = guardian.announce(NINE)
    assert announced.digest.window == Window(NINE - DAY, NINE)
    assert guardian.announce(NINE) == ()
    assert guardian.told() == [["a"]]


def test_a_window_that_was_told_before_is_never_due_again(guardian: Guardian) -> None:
    guardian.announce(NINE)
    assert guardian.announce(NINE - DAY / 2) == ()


def test_the_next_window_begins_where_the_last_one_ended(guardian: Guardian) -> None:
    guardian.announce(NINE)
    guardian.learn(glue("a"), NINE + DAY / 2)
    (announced,) = guardian.announce(NINE + DAY)
    assert announced.digest.window == Window(NINE, NINE + DAY)
    assert guardian.told() == [[], ["a"]]


def test_days_without_guardian_are_told_in_one_digest(guardian: Guardian) -> None:
    guardian.announce(NINE)
    for day in range(3):
        guardian.learn(replace(glue(f"day {day}"), at=NINE + day * DAY), NINE + day * DAY)
    (announced,) = guardian.announce(NINE + 4 * DAY)
    assert announced.digest.window == Window(NINE, NINE + 4 * DAY)
    assert guardian.told() == [[], ["day 0", "day 1", "day 2"]]


def test_what_arrives_late_is_told_in_the_next_digest(guardian: Guardian) -> None:
    guardian.announce(NINE)
    guardian.learn(replace(glue("late"), at=NINE - DAY / 2), NINE + DAY / 2)
    guardian.announce(NINE + DAY)
    assert guardian.told() == [[], ["late"]]


def test_the_trend_looks_at_the_window_before(guardian: Guardian) -> None:
    guardian.learn(glue("a"), NINE - DAY / 2)
    guardian.announce(NINE)
    (announced,) = guardian.announce(NINE + DAY)
    assert announced.digest.previous.stopped == 1


def test_channels_have_their_own_windows(guardian: Guardian) -> None:
    guardian.learn(glue("a"), NINE - DAY / 2)
    guardian.announce(NINE)
    guardian.audience = Audience("#platform", frozenset({DATA}))
    (announced,) = guardian.announce(NINE)
    assert announced.digest.channel == "#platform"
    assert guardian.told() == [["a"], ["a"]]


@pytest.mark.parametrize("steps", range(12))
def test_a_crash_at_any_step_neither_loses_nor_doubles_a_digest(
    guardian: Guardian, steps: int
) -> None:
    guardian.learn(glue("a"), NINE - DAY / 2)
    guardian.room.power.steps = steps
    try:
        guardian.announce(NINE)
        crashed = False
    except PowerCut:
        crashed = True
    guardian.room.power.steps = 1_000
    guardian.learn(glue("after the crash"), NINE + DAY / 2)
    guardian.announce(NINE)
    guardian.announce(NINE + DAY)
    assert sorted(guardian.room.posts) == sorted(
        (f"{ROOM} 2026-11-{day}T09:00:00.000Z", part) for day in (23, 24) for part in range(PARTS)
    )
    assert guardian.told()[-1] == ["after the crash"]
    assert all(told == ["a"] for told in guardian.told()[:-1])
    assert crashed is (steps < 8)


def test_crash_after_crash_still_posts_one_digest(guardian: Guardian) -> None:
    guardian.learn(glue("a"), NINE - DAY / 2)
    for steps in (1, 3, 2, 4, 1, 6):
        guardian.room.power.steps = steps
        with pytest.raises(PowerCut):
            guardian.announce(NINE)
    guardian.room.power.steps = 1_000
    guardian.announce(NINE)
    assert guardian.room.posts == [(f"{ROOM} 2026-11-23T09:00:00.000Z", n) for n in range(PARTS)]


def test_an_outage_of_days_loses_nothing(guardian: Guardian) -> None:
    guardian.learn(glue("a"), NINE - DAY / 2)
    guardian.room.down = True
    for day in range(3):
        with pytest.raises(Unavailable):
            guardian.announce(NINE + day * DAY)
        noon = NINE + day * DAY + DAY / 2
        guardian.learn(replace(glue(f"day {day}"), at=noon), noon)
    guardian.room.down = False
    guardian.announce(NINE + 3 * DAY)
    assert guardian.told() == [["a"], ["day 0", "day 1", "day 2"]]


def test_where_silence_is_wished_a_quiet_window_is_told_by_nothing_and_told(
    guardian: Guardian,
) -> None:
    guardian.audience = Audience(ROOM, skips_quiet=True)
    (announced,) = guardian.announce(NINE)
    assert (announced.digest.quiet, announced.reference) == (True, SKIPPED)
    guardian.learn(replace(glue("a"), at=NINE + DAY / 2), NINE + DAY / 2)
    assert guardian.announce(NINE) == ()
    assert guardian.room.posts == []
    (announced,) = guardian.announce(NINE + DAY)
    assert announced.digest.window == Window(NINE, NINE + DAY)
    assert guardian.told() == [["a"]]


@pytest.mark.parametrize("steps", range(4))
def test_a_crash_in_a_quiet_window_tells_nobody_either(guardian: Guardian, steps: int) -> None:
    guardian.audience = Audience(ROOM, skips_quiet=True)
    guardian.room.power.steps = steps
    with contextlib.suppress(PowerCut):
        guardian.announce(NINE)
    guardian.room.power.steps = 1_000
    guardian.announce(NINE)
    assert guardian.announce(NINE) == ()
    assert guardian.room.posts == []


@pytest.mark.parametrize(
    ("accounts", "day", "spent"),
    [
        (None, NINE, ("until 2026-11-23",)),
        (None, NINE + DAY, ()),
        (frozenset({DATA}), NINE, ()),
    ],
    ids=["on Monday", "on Tuesday", "who hears of some accounts"],
)
def test_once_a_week_the_whole_organization_is_told_what_was_really_spent(
    guardian: Guardian,
    accounts: frozenset[AccountId] | None,
    day: datetime,
    spent: tuple[str, ...],
) -> None:
    desk = Desk(
        guardian.journal(), guardian.room, load_prices(), spent=lambda today: (f"until {today}",)
    )
    (announced,) = announce_once(desk, Audience(ROOM, accounts), day, day)
    assert announced.digest.spent == spent
