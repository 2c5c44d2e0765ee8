"""Outcomes, findings and intentions of a journal in DynamoDB."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import TypeVar

from guardian.clock import Clock
from guardian.documents import instant
from guardian.errors import Unavailable
from guardian.journal.dynamodb import keys
from guardian.journal.dynamodb.part import ATTEMPTS, Part
from guardian.journal.dynamodb.pen import ROOM, New, Pen
from guardian.journal.dynamodb.sizes import chunks, fitting, once, unpacked
from guardian.journal.entries import finding_text, outcome_text, read_finding, read_outcome
from guardian.outcome import Finding, Outcome
from guardian.ports import Table
from guardian.ports.table import (
    ABSENT,
    MOST_BYTES,
    Check,
    Delete,
    If,
    Item,
    Key,
    Put,
    Unmet,
    Write,
    item,
)

OUTCOMES, FINDINGS = "outcomes", "findings"
DAY_SECONDS = 24 * 60 * 60

Kept = tuple[str, Item]
"""An entry's identity and attributes."""
Entry = TypeVar("Entry", Outcome, Finding)


class DynamoEntries(Part):
    """Each entry is two items: one says that it is known, the other lies where it was learned."""

    def __init__(self, table: Table, pen: Pen, clock: Clock) -> None:
        super().__init__(table, pen, clock)
        self._horizon = ""
        self._shards: dict[str, set[str]] = {OUTCOMES: set(), FINDINGS: set()}

    def record(self, outcomes: Iterable[Outcome]) -> int:
        return self._learn(OUTCOMES, map(_outcome, outcomes))

    def note(self, findings: Iterable[Finding]) -> int:
        return self._learn(FINDINGS, map(_finding, findings))

    def outcomes(self, since: datetime, until: datetime) -> tuple[Outcome, ...]:
        found = self._found(OUTCOMES, since, until)
        return _in_order((read_outcome(unpacked(each)), each) for each in found)

    def findings(self, since: datetime, until: datetime) -> tuple[Finding, ...]:
        found = self._found(FINDINGS, since, until)
        return _in_order((read_finding(unpacked(each)), each) for each in found)

    def each_outcome(self, since: datetime, until: datetime) -> Iterator[Outcome]:
        return (read_outcome(unpacked(each)) for each in self._found(OUTCOMES, since, until))

    def each_finding(self, since: datetime, until: datetime) -> Iterator[Finding]:
        return (read_finding(unpacked(each)) for each in self._found(FINDINGS, since, until))

    def intend(self, outcome: Outcome) -> None:
        identity, attributes = _outcome(outcome)
        self._pen.write(Put({**item(keys.intent(identity)), **attributes}))

    def intended(self) -> tuple[Outcome, ...]:
        return tuple(read_outcome(unpacked(found)) for found in self._table.query(keys.INTENTS))

    def settle(self, intended: Outcome, outcomes: Iterable[Outcome]) -> None:
        identity, _ = _outcome(intended)
        self._learn(OUTCOMES, map(_outcome, outcomes), Delete(keys.intent(identity)))

    def _learn(self, sort: str, entries: Iterable[Kept], *last: Write) -> int:
        """Write entries and, with the last of them, `last`; answer how many were new."""
        kept = once(entries).items()
        parts = list(chunks(kept, _size, ROOM // 2, MOST_BYTES)) or [()]
        before = sum(self._learn_together(sort, part) for part in parts[:-1])
        return before + self._learn_together(sort, parts[-1], *last)

    def _learn_together(self, sort: str, kept: Sequence[Kept], *more: Write) -> int:
        """An entry that comes after a window was claimed belongs to the next one, whatever the clock says."""
        for _ in range(ATTEMPTS):
            try:
                with self._pen.turn():  # the clock is read when it is this one's turn
                    return self._write_at(instant(self._clock()), sort, kept, *more)
            except Unmet:
                found = self._table.get(keys.HORIZON)
                self._horizon = str(found["until"]) if found else ""
        raise Unavailable("windows of the journal are claimed faster than it can be written")

    def _write_at(self, now: str, sort: str, kept: Sequence[Kept], *more: Write) -> int:
        recorded = max(now, self._horizon)
        news = [New(new_entry(sort, recorded, identity, entry)) for identity, entry in kept]
        guard = [Check(keys.HORIZON, (If("until", "<=", recorded, or_absent=True),))]
        shards = {keys.shard(recorded, identity) for identity, _ in kept} - self._shards[sort]
        marks = (mark(sort, shard) for shard in shards)
        count = self._pen.add(news, *(guard if kept else ()), *marks, *more)
        self._shards[sort] |= shards
        return count

    def _found(self, sort: str, since: datetime, until: datetime) -> Iterator[Item]:
        """Entries of since <= learned < until, in that order."""
        first, last = instant(since), instant(until)
        if first >= last:
            return
        listed = self._table.query(keys.days(sort), first[:10], keys.after(f"{last[:10]}#"))
        by_day = groupby(listed, key=lambda mark: str(mark["sk"])[:10])
        for shards in [[str(mark["sk"]) for mark in marks] for _, marks in by_day]:
            # The key goes on after the moment: what was learned at `last` sorts after it.
            queries = (
                self._table.query(keys.shard_of(sort, each), first, last) for each in shards
            )
            yield from merge(*queries, key=_order)


def _outcome(outcome: Outcome) -> Kept:
    kept, attributes = fitting(outcome, outcome_text, read_outcome)
    return kept.identity, attributes


def _finding(finding: Finding) -> Kept:
    kept, attributes = fitting(finding, finding_text, read_finding)
    return kept.identity, attributes


def _size(kept: Kept) -> int:
    return sum(len(str(value)) for value in kept[1].values())


def new_entry(sort: str, recorded: str, identity: str, attributes: Item) -> tuple[Put, Put]:
    """An entry's items; the first says whether it was known before."""
    expires = keys.expires(recorded)
    known = item(keys.known(sort, identity), recorded=recorded, expires=expires)
    entry = item(keys.learned(sort, recorded, identity), expires=expires, **attributes)
    return Put(known, (ABSENT,)), Put(entry)


def mark(sort: str, shard: str) -> Put:
    """Lists a part of a day that has entries; it is kept as long as the last of them."""
    expires = keys.expires(shard[:10]) + DAY_SECONDS
    return Put(item(Key(keys.days(sort), shard), expires=expires))


def _order(found: Item) -> str:
    return str(found["sk"])


def _in_order(pairs: Iterable[tuple[Entry, Item]]) -> tuple[Entry, ...]:
    """By when they happened, then by their identities."""
    found = sorted(pairs, key=lambda pair: (pair[0].at, _order(pair[1]).rpartition("#")[2]))
    return tuple(entry for entry, _ in found)
