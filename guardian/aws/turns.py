"""Many things to look at, a few at a time."""

from collections.abc import Hashable, Iterable, Sequence
from threading import Lock
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)
T = TypeVar("T", bound=Hashable)


class Turns(Generic[P, T]):
    """Whose turn it is in a place: everything's the first time, then that of some, and of what was wrong before."""

    def __init__(self, some: int) -> None:
        self._some = some
        self._seen: dict[P, int] = {}
        self._wrong: dict[P, frozenset[T]] = {}
        self._lock = Lock()

    def of(self, place: P, things: Sequence[T]) -> frozenset[T]:
        """The things to look at this time; the next time it is the others' turn."""
        with self._lock:
            seen = self._seen.get(place)
            self._seen[place] = 0 if seen is None else seen + self._some
            if seen is None or len(things) <= self._some:
                return frozenset(things)
            turn = (things[(seen + n) % len(things)] for n in range(self._some))
            return frozenset(turn) | self._wrong.get(place, frozenset())

    def wrong(self, place: P, things: Iterable[T]) -> None:
        """These are to be looked at again the next time, whoever's turn it is."""
        with self._lock:
            self._wrong[place] = frozenset(things)
