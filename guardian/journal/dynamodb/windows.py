"""The windows of a journal in DynamoDB: which digests were begun, and which were posted.

A channel has one item that tells until when its windows are claimed and posted, so that nothing old has to be read; the
journal has one that tells the same of all channels (the horizon), which every entry is checked against.
"""

from datetime import datetime

from guardian.digest import Window
from guardian.documents import instant, moment
from guardian.errors import Unavailable
from guardian.journal.dynamodb import keys
from guardian.journal.dynamodb.part import ATTEMPTS, Part
from guardian.ports.table import (
    ABSENT,
    PRESENT,
    Change,
    Delete,
    If,
    Key,
    Put,
    Unmet,
    Write,
    item,
)


class DynamoWindows(Part):
    """Claims and posts are conditional on what others may have written meanwhile."""

    def posted_until(self, channel: str) -> datetime | None:
        found = self._table.get(keys.head(channel))
        return moment(found.get("posted")) if found else None

    def claim(self, channel: str, window: Window, now: datetime) -> bool:
        since, until = instant(window.since), instant(window.until)
        claimed = keys.claimed(channel, until)
        begun: list[Write] = [
            Change(keys.head(channel), {"until": until}, when=(_at_most(since, "until"),)),
            Put(item(claimed, since=since, until=until, claimed=instant(now)), (ABSENT,)),
        ]
        for _ in range(ATTEMPTS):
            try:
                self._pen.write(*begun, *self._moved(keys.HORIZON, "until", until))
            except Unmet as error:
                if error.writes & {0, 1}:
                    return False
            else:
                return True
        raise Unavailable(f"the windows of {channel} are claimed by too many at once")

    def posted(self, channel: str, window: Window, reference: str) -> None:
        since, until = instant(window.since), instant(window.until)
        done = item(
            keys.posted(channel, until),
            since=since,
            until=until,
            reference=reference,
            expires=keys.expires(until),
        )
        writes: list[Write] = [Delete(keys.claimed(channel, until), (PRESENT,)), Put(done)]
        for _ in range(ATTEMPTS):
            try:
                self._pen.write(*writes, *self._moved(keys.head(channel), "posted", until))
            except Unmet as error:
                if 0 in error.writes:
                    return  # it was posted before, or never claimed
            else:
                return
        raise Unavailable(f"the windows of {channel} are posted by too many at once")

    def unfinished(self, channel: str) -> tuple[Window, ...]:
        pk, first = keys.claimed(channel, "")
        found = self._table.query(pk, first, keys.after(first))
        return tuple(
            Window(
                datetime.fromisoformat(str(each["since"])),
                datetime.fromisoformat(str(each["until"])),
            )
            for each in found
        )

    def _moved(self, key: Key, attribute: str, until: str) -> list[Write]:
        """Moves a moment on, unless it is later already: it never goes back."""
        found = self._table.get(key)
        if found and str(found.get(attribute, "")) >= until:
            return []
        return [Change(key, {attribute: until}, when=(_at_most(until, attribute),))]


def _at_most(value: str, attribute: str) -> If:
    return If(attribute, "<=", value, or_absent=True)
