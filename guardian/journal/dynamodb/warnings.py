"""The warnings of a journal in DynamoDB: what was announced, where it was posted, and what was done about it.

A notice is three items: one by its identity, one among those that nobody was told of, one among those of its resource.
"""

from collections.abc import Iterable
from datetime import datetime

from guardian.documents import instant
from guardian.journal.dynamodb import keys
from guardian.journal.dynamodb.part import Part
from guardian.journal.dynamodb.pen import ROOM, New
from guardian.journal.dynamodb.sizes import chunks, fitting, once, unpacked
from guardian.journal.notices import notice_text, read_notice
from guardian.notice import StopNotice, Warned
from guardian.ports.table import (
    ABSENT,
    MOST_BYTES,
    PRESENT,
    Change,
    Delete,
    If,
    Item,
    Key,
    Put,
    Unmet,
    Write,
    item,
)

UNANSWERED = If("answer", "absent")


class DynamoWarnings(Part):
    """The part of a journal that keeps warnings."""

    def foresee(self, notices: Iterable[StopNotice]) -> int:
        fitted = (fitting(notice, notice_text, read_notice) for notice in notices)
        news = once((kept.identity, New(new_warning(kept, entry))) for kept, entry in fitted)
        parts = chunks(news.values(), lambda new: new.size, ROOM // 3, MOST_BYTES)
        return sum(self._pen.add(part) for part in parts)

    def unposted(self) -> tuple[StopNotice, ...]:
        return tuple(map(_notice, self._table.query(keys.UNPOSTED)))

    def warned(self, identity: str) -> Warned | None:
        found = self._table.get(keys.warning(identity))
        if not found:
            return None
        references = str(found.get("posted", "")).split()
        return Warned(_notice(found), tuple(references), str(found.get("answer", "")))

    def foretold(self, identifier: str) -> tuple[StopNotice, ...]:
        found = map(_notice, self._table.query(keys.foretold(identifier)))
        return tuple(sorted(found, key=lambda notice: notice.stops))

    def claim_warning(self, identity: str, now: datetime, stale: datetime) -> bool:
        old = If("claimed", "<", instant(stale), or_absent=True)
        claim = Change(
            keys.warning(identity), {"claimed": instant(now)}, when=(PRESENT, UNANSWERED, old)
        )
        return self._written(claim)

    def release_warning(self, identity: str) -> None:
        self._written(_changed(identity, {}))

    def posted_warning(self, identity: str, references: Iterable[str]) -> None:
        told = Delete(Key(keys.UNPOSTED, identity))
        self._written(_changed(identity, {"posted": " ".join(references)}), told)

    def answer_warning(self, identity: str, answer: str) -> None:
        self._written(_changed(identity, {"answer": answer}))

    def _written(self, *writes: Write) -> bool:
        """Whether that could be written."""
        try:
            self._pen.write(*writes)
        except Unmet:
            return False
        return True


def _changed(identity: str, values: Item) -> Change:
    """A warning with other values, and given back; nothing where there is no such warning."""
    return Change(keys.warning(identity), values, remove=("claimed",), when=(PRESENT,))


def _notice(found: Item) -> StopNotice:
    return read_notice(unpacked(found))


def new_warning(notice: StopNotice, attributes: Item) -> tuple[Put, Put, Put]:
    """A notice's items: by its identity, among those nobody was told of, among those of its resource."""
    identity, last = notice.identity, max(notice.stops, notice.at)
    rest = {**attributes, "expires": keys.expires(instant(last))}
    return (
        Put(item(keys.warning(identity), **rest), (ABSENT,)),
        Put(item(Key(keys.UNPOSTED, identity), **rest)),
        Put(item(Key(keys.foretold(notice.id), identity), **rest)),
    )
