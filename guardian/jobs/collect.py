"""Takes what member accounts report off the hub's queue and into the journal."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from guardian.errors import InputError
from guardian.hints import Hint, hint_of, is_hint
from guardian.notice import StopNotice, is_notice, parse_notice
from guardian.outcome import About, Finding, Outcome, parse_event
from guardian.ports import Inbox, Journal, Message

MOST = 10
"""Messages that one look can find."""
SHOWN = 200  # characters of a message that cannot be read

log = structlog.get_logger("guardian.collect")


@dataclass(frozen=True)
class Collected:
    """How many messages were received, how many told something new, and what hints at changes.

    `unreadable` are those that cannot be read and were not seen before; they stay in the queue. `oldest` is when the
    queue took the oldest of the others, None where there was none.
    """

    received: int = 0
    new: int = 0
    unreadable: tuple[Finding, ...] = ()
    hints: tuple[Hint, ...] = ()
    oldest: datetime | None = field(default=None, compare=False)


def collect_once(inbox: Inbox, journal: Journal, wait: timedelta) -> Collected:
    """Receive up to `MOST` messages and keep what they say. Raises AccessDenied, Unavailable.

    A message is acknowledged when the journal has it, not before: a crash makes it come again, which is harmless. One
    that cannot be read is never acknowledged: the queue moves it to its dead-letter queue after some receipts, where
    people can read it, and a later guardian too.
    """
    messages = inbox.receive(wait)
    if not messages:
        return Collected()
    read = _read(messages)
    new = journal.record(read.outcomes) if read.outcomes else 0
    new += journal.foresee(read.notices) if read.notices else 0
    unreadable = tuple(finding for finding in read.findings if journal.note([finding]))
    if read.messages:
        inbox.acknowledge(read.messages)
    return Collected(
        len(messages),
        new,
        unreadable,
        tuple(hint for hint in read.hints if hint.reason),
        min((message.sent for message in read.messages), default=None),
    )


@dataclass
class _Read:
    """What messages tell; `messages` are those of them that could be read."""

    outcomes: list[Outcome] = field(default_factory=list)
    notices: list[StopNotice] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def take(self, message: Message) -> None:
        event = json.loads(message.body)
        if is_notice(event):
            self.notices.append(parse_notice(event))
        elif is_hint(event):
            self.hints.append(hint_of(event))
        else:
            self.outcomes.append(parse_event(event))
        self.messages.append(message)


def _read(messages: Sequence[Message]) -> _Read:
    read = _Read()
    for message in messages:
        try:
            read.take(message)
        except (InputError, ValueError, RecursionError) as error:
            read.findings.append(_unreadable(message, str(error)))
        except Exception as error:  # a bug: it must not hold up the other messages, time and again
            log.exception("message_crashed", message=message.id)
            read.findings.append(
                _unreadable(message, f"a bug of guardian: {type(error).__name__}")
            )
    return read


def _unreadable(message: Message, why: str) -> Finding:
    # `sent`, not now: the same message received twice is the same finding.
    body = json.dumps(message.body[:SHOWN])
    reason = f"unreadable: {why}: {body}"
    return Finding(About.COLLECT, f"message {message.id}", reason, message.sent)
