"""What guardian needs to speak with people: a memory of what they were told, a room to tell it, and what they say."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from guardian.notice import StopNotice, StopWarning, Warned


class Warnings(Protocol):
    """Notices of stops to come, by their identity: each is posted once, and answered once."""

    def foresee(self, notices: Iterable[StopNotice]) -> int:
        """Write notices down; answer how many were new."""
        ...

    def unposted(self) -> tuple[StopNotice, ...]:
        """Those that nobody was told of yet."""
        ...

    def warned(self, identity: str) -> Warned | None:
        """What is known of one; None where there is none."""
        ...

    def foretold(self, identifier: str) -> tuple[StopNotice, ...]:
        """All that were ever about resources of this id, the one that stops last at the end."""
        ...

    def claim_warning(self, identity: str, now: datetime, stale: datetime) -> bool:
        """Reserve one to do something about it; False where that was done, or is being done since `stale` or later."""
        ...

    def release_warning(self, identity: str) -> None:
        """Give a reservation back: nothing was done."""
        ...

    def posted_warning(self, identity: str, references: Iterable[str]) -> None:
        """Mark one as posted, and give the reservation back. A reference has no spaces."""
        ...

    def answer_warning(self, identity: str, answer: str) -> None:
        """Write down for good what was done about it."""
        ...


@dataclass(frozen=True)
class Press:
    """Somebody pressed a button: `warning` is what its value names, `user` and `name` are Slack's word for who it was.

    `channel` is where an answer to this user alone is shown.
    """

    action: str
    warning: str
    user: str
    name: str
    channel: str


@dataclass(frozen=True)
class Typed:
    """Somebody typed a slash command: what comes after its name, who, and where."""

    words: tuple[str, ...]
    user: str
    name: str
    channel: str


class Room(Protocol):
    """Where people are warned, and answered. Any call may raise AccessDenied, Refused, Unavailable."""

    def warn(self, channel: str, warning: StopWarning, user: str) -> str:
        """Post a warning with its buttons; answer a reference to it. `user` is its owner, "" where nobody knows."""
        ...

    def find(self, channel: str, key: str) -> str | None:
        """The reference of what was posted under a warning's identity; None where there is nothing."""
        ...

    def settle(self, reference: str, warning: StopWarning, answer: str, user: str) -> None:
        """Say in a warning what was done about it, and by which user, instead of its buttons."""
        ...

    def whisper(self, channel: str, user: str, said: str) -> None:
        """Tell one user something that nobody else sees."""
        ...

    def user_of(self, address: str) -> str:
        """The id of the user of an e-mail address; empty where there is none."""
        ...

    def direct(self, user: str) -> str:
        """The channel of direct messages with a user."""
        ...

    def members(self, group: str) -> frozenset[str]:
        """The users of a user group."""
        ...
