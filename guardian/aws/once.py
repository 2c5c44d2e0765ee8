"""Asks what holds for many places once, however many threads want to know."""

from collections import defaultdict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Once(Generic[K, V]):
    """Answers by key, kept until they are forgotten. Who comes first asks, the others wait; an error is not kept."""

    def __init__(self) -> None:
        self._answers: dict[K, V] = {}
        self._asking: defaultdict[K, Lock] = defaultdict(Lock)
        self._lock = Lock()

    def of(self, key: K, ask: Callable[[], V]) -> V:
        with self._lock:
            asking = self._asking[key]
        with asking:
            if key not in self._answers:
                self._answers[key] = ask()
            return self._answers[key]

    def forget(self) -> None:
        with self._lock:
            self._answers.clear()
            self._asking.clear()
