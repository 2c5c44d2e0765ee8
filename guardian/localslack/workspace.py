"""What the workspace holds: channels, messages and files, in memory."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import RLock
from typing import Any

DEFAULT_CHANNELS = ("data-costs", "finops")
TEAM_ID = "T0LOCAL00"
APP_ID = "A0GUARDIAN"
BOT_ID = "B0GUARDIAN"
BOT_USER = "U0GUARDIAN"
BOT_NAME = "guardian"
DEFAULT_GROUPS: Mapping[str, Iterable[str]] = {"S0KEEPERS": ("finops@example.com",)}
"""User groups by id, each with the addresses of its members."""
SCOPES = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:write",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
"""What the bot's token may do unless `Workspace.scopes` is changed."""
PEOPLE = "@example.com"
"""Every address at this domain is a person of the workspace; no other address is."""


@dataclass(frozen=True)
class File:
    """An uploaded file; `content` is None until its bytes have arrived."""

    id: str
    name: str
    length: int
    created: int
    alt_text: str = ""
    title: str = ""
    content: bytes | None = None


@dataclass(frozen=True)
class Message:
    """A message; `thread_ts` is the parent's, or None outside of a thread."""

    ts: str
    text: str
    blocks: Sequence[Mapping[str, Any]] = ()
    thread_ts: str | None = None
    metadata: Mapping[str, Any] | None = None
    file_ids: tuple[str, ...] = ()
    edited_ts: str | None = None
    broadcast: bool = False
    only_for: str | None = None
    """The user who alone sees it, of an ephemeral message."""

    @property
    def is_reply(self) -> bool:
        return self.thread_ts not in (None, self.ts)


@dataclass
class Channel:
    """A public channel, which the bot may be in, or its direct messages with `user`.

    Its messages are by `ts`, oldest first.
    """

    id: str
    name: str
    user: str = ""
    is_member: bool = True
    is_archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)

    def replies(self, ts: str) -> list[Message]:
        """The replies in the thread under the message `ts`, oldest first."""
        return [m for m in self.messages.values() if m.is_reply and m.thread_ts == ts]


class Workspace:
    """All state of a local Slack. Its methods are safe to call from several threads."""

    def __init__(
        self,
        channels: Iterable[str] = DEFAULT_CHANNELS,
        groups: Mapping[str, Iterable[str]] = DEFAULT_GROUPS,
    ) -> None:
        names = [name.removeprefix("#") for name in channels]
        self.channels = {found.id: found for found in (Channel(_id("C", n), n) for n in names)}
        self.files: dict[str, File] = {}
        self.names: dict[str, str] = {BOT_USER: BOT_NAME}
        self.lock = RLock()
        self.scopes = SCOPES
        self.groups = {
            group: tuple(user for email in members if (user := self.person(email)))
            for group, members in groups.items()
        }
        self._last_ts = 0

    def channel(self, wanted: str, *, by_name: bool = False) -> Channel | None:
        """The channel of this id, or of this `#name` where Slack takes one."""
        if wanted in self.channels or not by_name:
            return self.channels.get(wanted)
        name = wanted.removeprefix("#")
        return next((found for found in self.channels.values() if found.name == name), None)

    def post(self, channel: Channel, message: Message) -> Message:
        """Add `message` under a timestamp of its own; answers it as it was added."""
        with self.lock:
            posted = replace(message, ts=self.new_ts())
            channel.messages[posted.ts] = posted
        return posted

    def direct(self, user: str) -> Channel:
        """The bot's direct messages with somebody."""
        with self.lock:
            channel = Channel(_id("D", user), f"@{self.names[user]}", user)
            return self.channels.setdefault(channel.id, channel)

    def new_ts(self) -> str:
        """The time in Slack's form, later than any before it."""
        with self.lock:
            self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06}"

    def expect_file(self, name: str, length: int, alt_text: str) -> File:
        """Make room for a file whose bytes are still to come."""
        with self.lock:
            created = time.time_ns() // 1_000_000_000
            file = File(_id("F", f"{name}/{self.new_ts()}"), name, length, created, alt_text)
            self.files[file.id] = file
        return file

    def person(self, email: str) -> str | None:
        """The user id of the person of this address, or None."""
        name, _, domain = email.lower().partition("@")
        if not name or f"@{domain}" != PEOPLE:
            return None
        user_id = _id("U", email.lower())
        self.names[user_id] = name
        return user_id


def _id(prefix: str, seed: str) -> str:
    """An id in Slack's form, the same for the same seed."""
    return prefix + sha256(f"{prefix}{seed}".encode()).hexdigest()[:10].upper()
