"""All that is in a journal, as it is carried from one store to another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class KeptEntry:
    """An outcome or a finding; `recorded` and `at` are ISO moments, `entry` is JSON."""

    sort: Literal["outcomes", "findings"]
    identity: str
    recorded: str
    at: str
    entry: str


@dataclass(frozen=True)
class KeptIntention:
    identity: str
    entry: str


@dataclass(frozen=True)
class KeptMemory:
    name: str
    entry: str


@dataclass(frozen=True)
class KeptWindow:
    """A window that was claimed; None for the reference where it is not known to be posted."""

    channel: str
    since: str
    until: str
    claimed: str
    reference: str | None


@dataclass(frozen=True)
class KeptWarning:
    """A notice as JSON, and what became of it; None for what did not happen."""

    identity: str
    entry: str
    claimed: str | None
    posted: str | None
    answer: str | None


Content = KeptEntry | KeptIntention | KeptMemory | KeptWindow | KeptWarning


class Portable(Protocol):
    """A journal's contents; the lease is none of them, for it belongs to the store."""

    def contents(self) -> Iterator[Content]:
        """Everything, in no order, read a few at a time; what comes meanwhile may be missing."""
        ...

    def fill(self, contents: Iterable[Content]) -> int:
        """Write everything as it was elsewhere, moments of recording included; answer how much that was.

        Raises InputError for a journal that is not empty.
        """
        ...
