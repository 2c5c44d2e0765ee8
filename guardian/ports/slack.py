"""What guardian needs of the places where people read and press."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from guardian.digest import Digest
from guardian.notice import StopWarning


class Announcer(Protocol):
    """Where digests go. Raises AccessDenied, Refused for a channel that takes none, Unavailable."""

    def post(self, digest: Digest, key: str, resume: str = "") -> str:
        """Post a digest to its channel under a key; answer a reference to it.

        `resume` is the reference of a post that was cut short: only what is missing of it is posted.
        """
        ...

    def find(self, channel: str, key: str) -> str | None:
        """The reference of a digest or notice posted under `key`, whole or cut short; None where there is none."""
        ...

    def check(self) -> None:
        """Raises AccessDenied for a wrong token, Unavailable when Slack cannot be reached."""
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


class NoticeBoard(Protocol):
    """Where short notices go. Raises AccessDenied, Refused for a channel that takes none, Unavailable."""

    def announce_notice(self, key: str, channel: str, lines: Sequence[str]) -> str:
        """Post a short text under a key; answer a reference to it.

        The first line is guardian's own; the others may hold other people's words and are shown as they are.
        """
        ...

    def latest(self, channel: str, keys: Collection[str]) -> str | None:
        """The one of the keys under which something was posted last; None where nothing was under any."""
        ...


@dataclass(frozen=True)
class Bot:
    """Who guardian is in Slack, and what its token may do; None where Slack does not tell."""

    name: str
    team: str
    scopes: frozenset[str] | None


@dataclass(frozen=True)
class ChannelState:
    """A channel as Slack tells of it."""

    is_member: bool
    is_archived: bool
    is_private: bool


class SlackApp(Protocol):
    """Guardian's Slack app, only looked at. Any call may raise AccessDenied, Refused, Unavailable."""

    def bot(self) -> Bot: ...

    def channel(self, name: str) -> ChannelState | None:
        """A channel by its id or `#name`; None where there is none, or none that the bot may see."""
        ...

    def connect(self) -> None:
        """Ask for the address of a socket with the app's own token, and leave it."""
        ...
