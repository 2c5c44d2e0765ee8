"""What the journal needs of a table of DynamoDB: items by two keys, and writes that are all made or none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from guardian.errors import Refused

Value = str | int
Item = Mapping[str, Value]
"""Its keys `pk` and `sk` and its other attributes; empty texts are allowed, but not as keys."""


class Key(NamedTuple):
    """The items of one `pk` lie together, in the order of `sk`."""

    pk: str
    sk: str


def item(key: Key, **attributes: Value) -> Item:
    return {"pk": key.pk, "sk": key.sk, **attributes}


@dataclass(frozen=True)
class If:
    """What has to hold for an attribute of an item; with `or_absent` also where there is no such attribute."""

    attribute: str
    relation: Literal["=", "<", "<=", "<>", "absent", "present"]
    value: Value = ""
    or_absent: bool = False


ABSENT, PRESENT = If("pk", "absent"), If("pk", "present")
"""There is no such item; there is one."""


@dataclass(frozen=True)
class Put:
    """Write an item in place of what is there."""

    item: Item
    when: tuple[If, ...] = ()

    @property
    def key(self) -> Key:
        return Key(str(self.item["pk"]), str(self.item["sk"]))


@dataclass(frozen=True)
class Change:
    """Set and remove attributes of an item; one that is not there is made."""

    key: Key
    values: Mapping[str, Value]
    remove: tuple[str, ...] = ()
    when: tuple[If, ...] = ()


@dataclass(frozen=True)
class Delete:
    key: Key
    when: tuple[If, ...] = ()


@dataclass(frozen=True)
class Check:
    """Write nothing here, but nothing anywhere unless this holds."""

    key: Key
    when: tuple[If, ...]


Write = Put | Change | Delete | Check
MOST_WRITES, MOST_BYTES = 100, 3_000_000
"""Of one transaction; AWS says 4 MB, and counts more than the texts."""


class Unmet(Refused):
    """A condition did not hold: nothing was written. `writes` are the places of those whose condition it was."""

    def __init__(self, writes: frozenset[int]) -> None:
        super().__init__(f"nothing was written: a condition did not hold ({sorted(writes)})")
        self.writes = writes


class Table(Protocol):
    """One table, read as it is now. Any call may raise AccessDenied, Unavailable, and NotFound for no such table."""

    @property
    def name(self) -> str: ...

    def get(self, key: Key) -> Item | None: ...

    def query(self, pk: str, since: str = "", until: str = "") -> Iterator[Item]:
        """The items of a `pk`, by `sk`: all, or since <= sk <= until. Asked for as they are taken."""
        ...

    def scan(self) -> Iterator[Item]:
        """Every item, in no order. Asked for as they are taken."""
        ...

    def write(self, writes: Sequence[Write]) -> None:
        """Make at most a hundred writes, to as many items, together or not at all. Raises Unmet."""
        ...

    def hasty(self) -> "Table":
        """The same table, but an answer is not waited for longer than a few seconds."""
        ...
