"""Owners as Slack knows them: who is mentioned, and who is only named. Pure but for the look-up it is given."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from guardian.digest import Digest
from guardian.slack.text import code

ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
USER = re.compile(r"[UW][A-Z0-9]{2,20}")
LOOKUPS = 20  # for one digest: Slack takes about fifty a minute
REMEMBERED = timedelta(days=1)

People = Mapping[str, str]
"""Slack user ids by owner."""


def addresses(digest: Digest) -> tuple[str, ...]:
    """The owners that a digest's tables name and that look like an e-mail address."""
    rows = (*digest.stopped_by.owners, *digest.would_by.owners)
    found = (row.name for row in rows if not row.more and ADDRESS.fullmatch(row.name))
    return tuple(dict.fromkeys(found))[:LOOKUPS]


def owner(name: str, people: People) -> str:
    """An owner for a message: mentioned where Slack knows them."""
    user = people.get(name, "")
    return f"<@{user}>" if USER.fullmatch(user) else code(name)


class Directory:
    """Remembers for a day who is who, and who is nobody.

    `lookup` answers the user id of an address, empty where there is none, and None where nobody may be looked up.
    """

    def __init__(self, lookup: Callable[[str], str | None]) -> None:
        self._lookup = lookup
        self._known: dict[str, tuple[datetime, str]] = {}

    def of(self, found: Iterable[str], now: datetime) -> People:
        """Who these addresses are; those that nobody answers to are left out."""
        self._known = {
            name: (learned, user)
            for name, (learned, user) in self._known.items()
            if learned <= now < learned + REMEMBERED
        }
        people: dict[str, str] = {}
        for address in found:
            user = self._user(address, now)
            if user is None:
                break
            if user:
                people[address] = user
        return people

    def _user(self, address: str, now: datetime) -> str | None:
        if address in self._known:
            return self._known[address][1]
        user = self._lookup(address)
        if user is not None:
            self._known[address] = (now, user)
        return user
