"""Takes what member accounts report off the hub's queue and into the journal."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from guardian.errors import InputError
from guardian.notice import StopNotice, is_notice, parse_notice
from guardian.outcome import About, Finding, Outcome, parse_event
from guardian.ports import Inbox, Journal, Message

SHOWN = 200  # characters of a message that cannot be read


@dataclass(frozen=True)
class Collected:
    """How many messages were received, how many told something new, how many could not be read.

    `oldest` is when the queue took the oldest of them, None where there was none.
    """

    received: int = 0
    new: int = 0
    unreadable: int = 0
    oldest: datetime | None = field(default=None, compare=False)


def collect_once(inbox: Inbox, journal: Journal, wait: timedelta) -> Collected:
    """Receive up to ten messages and keep what they say. Raises AccessDenied, Unavailable.

    A message is acknowledged when the journal has it, not before: a crash makes it come again, which is harmless.
    """
    messages = inbox.receive(wait)
    if not messages:
        return Collected()
    read = _read(messages)
    new = journal.record(read.outcomes) + journal.foresee(read.notices)
    journal.note(read.findings)
    inbox.acknowledge(messages)
    oldest = min(message.sent for message in messages)
    return Collected(len(messages), new, len(read.findings), oldest)


@dataclass
class _Read:
    """What messages tell."""

    outcomes: list[Outcome] = field(default_factory=list)
    notices: list[StopNotice] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def _read(messages: Sequence[Message]) -> _Read:
    read = _Read()
    for message in messages:
        try:
            event = json.loads(message.body)
            if is_notice(event):
                read.notices.append(parse_notice(event))
            else:
                read.outcomes.append(parse_event(event))
        except (InputError, ValueError, RecursionError) as error:
            read.findings.append(_unreadable(message, error))
    return read


def _unreadable(message: Message, error: Exception) -> Finding:
    # `sent`, not now: the same message received twice is the same finding.
    body = json.dumps(message.body[:SHOWN])
    return Finding(
        About.COLLECT, f"message {message.id}", f"unreadable: {error}: {body}", message.sent
    )
