"""Which stack set operations guardian began itself, since it was started."""

from collections import deque

REMEMBERED = 1000


class Begun:
    """The ids of the last operations. May be used by many threads."""

    def __init__(self) -> None:
        self._ids: deque[str] = deque(maxlen=REMEMBERED)

    def add(self, operation: str) -> None:
        self._ids.append(operation)

    def __contains__(self, operation: str) -> bool:
        return operation in tuple(self._ids)
