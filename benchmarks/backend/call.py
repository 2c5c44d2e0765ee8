"""A call as its handler sees it: who asks, in which account and region, for what."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from benchmarks.backend.estate import Estate, Place, Stage, Stopped, Thing
from benchmarks.backend.failures import Failure, invalid
from benchmarks.backend.keys import Signer

T = TypeVar("T")
Answer = Mapping[str, object]
Handler = Callable[["Call"], Answer]


@dataclass(slots=True)
class Call:
    """`stops` are the stops that it made, of which its caller does not know until the answer is sent."""

    estate: Estate
    signer: Signer
    action: str
    arguments: Mapping[str, object]
    now: float
    stops: list[Stopped] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.signer.account, self.signer.region)

    def takes(self, *names: str) -> None:
        """Refuse arguments that the handler does not know: better no answer than a wrong one."""
        if unknown := self.arguments.keys() - set(names):
            told = ", ".join(sorted(unknown))
            raise Failure("NotImplemented", f"{self.action}: not known here: {told}", 501)

    def text(self, name: str) -> str:
        """Raises Failure where it is missing."""
        value = self.arguments.get(name)
        if not isinstance(value, str) or not value:
            raise invalid(f"{name} must be given")
        return value

    def text_or(self, name: str, default: str = "") -> str:
        value = self.arguments.get(name, default)
        if not isinstance(value, str):
            raise invalid(f"{name} must be text")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts, empty where it is not given."""
        value = self.arguments.get(name, [])
        if not isinstance(value, list):
            raise invalid(f"{name} must be a list")
        return [str(each) for each in value]

    def number(self, name: str, default: int, allowed: range) -> int:
        value = self.arguments.get(name, default)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if not isinstance(value, int) or value not in allowed:
            raise invalid(f"{name} must be {allowed.start} to {allowed.stop - 1}")
        return value

    def moment(self, name: str, default: float) -> float:
        """Seconds since 1970."""
        value = self.arguments.get(name, default)
        if not isinstance(value, int | float):
            raise invalid(f"{name} must be a moment")
        return float(value)

    def page(
        self, items: Sequence[T], wanted: Callable[[T], bool], size: int, key: str = "NextToken"
    ) -> tuple[list[T], Answer]:
        """The next so many wanted items, and the argument for more of them, if there are more.

        A token counts all items, wanted or not: what changes between two pages moves no other.
        """
        start = self._start(key, len(items))
        found: list[T] = []
        for position, item in enumerate(items[start:], start):
            if wanted(item):
                if len(found) == size:
                    return found, {key: f"{self.action}.{position}"}
                found.append(item)
        return found, {}

    def _start(self, key: str, end: int) -> int:
        token = self.arguments.get(key)
        if token is None:
            return 0
        action, _, position = str(token).partition(".")
        if action != self.action or not position.isdecimal() or int(position) >= end:
            raise invalid(f"{key} is not valid")
        return int(position)

    def stage(self, thing: Thing) -> Stage:
        return self.estate.stage(thing, self.now)

    def stop(self, thing: Thing) -> bool:
        """Begin to stop a thing; False where somebody did so before."""
        before = self.estate.stopped.get(thing)
        if before is not None:
            before.again += before.told
            return False
        stopped = Stopped(self.now)
        self.estate.stopped[thing] = stopped
        self.stops.append(stopped)
        return True


def pairs(tags: Mapping[str, str]) -> list[Answer]:
    """Tags as most services write them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def among(wanted: Iterable[str]) -> Callable[[str], bool]:
    """Whether a state is one of those asked for; every state is where none are."""
    chosen = frozenset(wanted)
    return (lambda state: state in chosen) if chosen else (lambda _: True)
