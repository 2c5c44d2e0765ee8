"""What a backend saw: every call by account, and what was wrong with some."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from benchmarks.backend.estate import Estate, Thing

SHOWN = 20
"""Examples of what must not happen: more tell nothing new."""


class Made(NamedTuple):
    """A call: the account whose it is or, where a role is assumed, that it leads into."""

    account: str
    region: str
    service: str
    action: str


@dataclass
class Record:
    """What happened since the seed.

    `open` calls wait for their answer now and will get one, `most_open` did so at once. `mixed_up` are calls with
    credentials, or parts of them, of another account than they concern.
    """

    calls: Counter[Made] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    mixed_up: list[str] = field(default_factory=list)
    open: int = 0
    most_open: int = 0

    def began(self) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)

    def ended(self) -> None:
        self.open -= 1

    def told(self, estate: Estate) -> dict[str, object]:
        """All of it as JSON."""
        due, stopped = set(estate.due()), estate.stopped
        again = {thing for thing, stop in stopped.items() if stop.again}
        return {
            "total": self.calls.total(),
            "calls": [[*made, count] for made, count in self.calls.items()],
            "accounts": len({made.account for made in self.calls} & estate.accounts),
            "most_open": self.most_open,
            "faults": dict(self.faults),
            "refusals": dict(self.refusals),
            "unknown": dict(self.unknown),
            "mixed_up": len(self.mixed_up),
            "mixed_up_examples": self.mixed_up[:SHOWN],
            "due": len(due),
            "stopped": len(stopped),
            "stopped_again": _shown(again),
            "stopped_wrongly": _shown(stopped.keys() - due),
            "last_stop": max((stop.at - estate.began for stop in stopped.values()), default=0.0),
            "missed": [_line(thing) for thing in due - stopped.keys()],
        }


def _shown(things: set[Thing]) -> list[dict[str, str]]:
    return [_line(thing) for thing in islice(things, SHOWN)]


def _line(thing: Thing) -> dict[str, str]:
    place = thing.place
    return {
        "kind": thing.kind,
        "account": place.account,
        "region": place.region,
        "id": thing.name,
    }
