"""The contents of a journal in DynamoDB, carried elsewhere and back."""

import json
from collections.abc import Iterable, Iterator
from typing import Literal

from guardian.errors import InputError
from guardian.journal.dynamodb import keys
from guardian.journal.dynamodb.entries import Kept, mark, new_entry
from guardian.journal.dynamodb.memory import remembered
from guardian.journal.dynamodb.part import Part
from guardian.journal.dynamodb.pen import ROOM
from guardian.journal.dynamodb.sizes import chunks, fitting, unpacked
from guardian.journal.dynamodb.warnings import new_warning
from guardian.journal.entries import finding_text, outcome_text, read_finding, read_outcome
from guardian.journal.notices import notice_text, read_notice
from guardian.ports.contents import (
    Content,
    KeptEntry,
    KeptIntention,
    KeptMemory,
    KeptWarning,
    KeptWindow,
)
from guardian.ports.table import MOST_BYTES, Item, Key, Put, Value, item


class DynamoContents(Part):
    """The part of a journal that is moved."""

    def contents(self) -> Iterator[Content]:
        for found in self._table.scan():
            content = _content(found)
            if content:
                yield content

    def fill(self, contents: Iterable[Content]) -> int:
        if next(self.contents(), None):
            raise InputError("the journal is not empty: name a table that is")
        filling = _Filling()
        for part in chunks(filling.puts(contents), _size, ROOM, MOST_BYTES):
            self._pen.write(*part)
        return filling.count


class _Filling:
    """Turns contents into items: those of each, and at the end those that sum them up."""

    def __init__(self) -> None:
        self.count = 0
        self._marks: set[Key] = set()
        self._claimed: dict[str, str] = {}
        self._posted: dict[str, str] = {}

    def puts(self, contents: Iterable[Content]) -> Iterator[Put]:
        for content in contents:
            yield from self._puts(content)
            self.count += 1
        for channel, until in self._claimed.items():
            told = self._posted.get(channel)
            posted: Item = {"posted": told} if told else {}
            yield Put(item(keys.head(channel), until=until, **posted))
        if self._claimed:
            yield Put(item(keys.HORIZON, until=max(self._claimed.values())))

    def _puts(self, content: Content) -> Iterator[Put]:
        match content:
            case KeptEntry():
                yield from self._entry(content)
            case KeptIntention(entry=entry):
                kept, attributes = fitting(read_outcome(entry), outcome_text, read_outcome)
                yield Put(item(keys.intent(kept.identity), **attributes))
            case KeptMemory(name, entry):
                yield remembered(name, entry)
            case KeptWindow():
                yield self._window(content)
            case KeptWarning():
                yield from _warning(content)

    def _entry(self, content: KeptEntry) -> Iterator[Put]:
        identity, attributes = _fitted(content)
        yield from new_entry(content.sort, content.recorded, identity, attributes)
        listed = mark(content.sort, keys.shard(content.recorded, identity))
        if listed.key not in self._marks:
            self._marks.add(listed.key)
            yield listed

    def _window(self, window: KeptWindow) -> Put:
        channel, until = window.channel, window.until
        self._claimed[channel] = max(until, self._claimed.get(channel, ""))
        about: Item = {"since": window.since, "until": until, "claimed": window.claimed}
        if window.reference is None:
            return Put(item(keys.claimed(channel, until), **about))
        self._posted[channel] = max(until, self._posted.get(channel, ""))
        told: Item = {"reference": window.reference, "expires": keys.expires(until)}
        return Put(item(keys.posted(channel, until), **about, **told))


def _fitted(content: KeptEntry) -> Kept:
    if content.sort == "outcomes":
        outcome, attributes = fitting(read_outcome(content.entry), outcome_text, read_outcome)
        return outcome.identity, attributes
    finding, attributes = fitting(read_finding(content.entry), finding_text, read_finding)
    return finding.identity, attributes


def _warning(warning: KeptWarning) -> Iterator[Put]:
    notice, attributes = fitting(read_notice(warning.entry), notice_text, read_notice)
    became = {"claimed": warning.claimed, "posted": warning.posted, "answer": warning.answer}
    known: Item = {name: value for name, value in became.items() if value is not None}
    first, unposted, foretold = new_warning(notice, attributes)
    yield Put({**first.item, **known})
    yield foretold
    if warning.posted is None:
        yield unposted


def _size(put: Put) -> int:
    return sum(len(str(value)) for value in put.item.values())


def _content(found: Item) -> Content | None:
    """What an item stands for; None for one that only helps to find others."""
    pk, sk = str(found["pk"]), str(found["sk"])
    sort, _, rest = pk.partition("#")
    match sort:
        case "outcomes" | "findings":
            return _entry(sort, sk, unpacked(found))
        case "intents":
            return KeptIntention(sk, unpacked(found))
        case "memory":
            return KeptMemory(keys.read(str(found["name"])), unpacked(found))
        case "channel" if sk != "head":
            return _window(keys.read(rest), found)
        case "warning":
            became = (_known(found.get(name)) for name in ("claimed", "posted", "answer"))
            return KeptWarning(rest, unpacked(found), *became)
        case _:
            return None


def _entry(sort: Literal["outcomes", "findings"], sk: str, entry: str) -> KeptEntry:
    recorded, _, identity = sk.partition("#")
    return KeptEntry(sort, identity, recorded, str(json.loads(entry)["at"]), entry)


def _window(channel: str, found: Item) -> KeptWindow:
    since, until = str(found["since"]), str(found["until"])
    claimed = str(found.get("claimed", until))
    return KeptWindow(channel, since, until, claimed, _known(found.get("reference")))


def _known(value: Value | None) -> str | None:
    return None if value is None else str(value)
