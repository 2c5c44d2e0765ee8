"""Many pieces of work at the same time, of which a slow one holds up nobody but itself."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

PATIENCE = 1.0
"""Real seconds in which one of the last ones must get done, or they are not waited for."""


class SideBySide(Generic[Item, Answer]):
    """Does the same to every item, to at most `at_once` of them at a time; items are taken as room is made for them.

    Those that are added meanwhile come after all others.
    """

    def __init__(
        self, work: Callable[[Item], Answer], items: Iterable[Item], at_once: int
    ) -> None:
        self._work = work
        self._items = iter(items)
        self._added: deque[Item] = deque()
        self._at_once = at_once
        self._pool = ThreadPoolExecutor(at_once, "sweep")
        self._pending: dict[Future[Answer], Item] = {}
        self._ended: SimpleQueue[Future[Answer]] = SimpleQueue()
        self._exhausted = False

    def __enter__(self) -> Self:
        self._fill()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def left(self) -> bool:
        """Whether anything is not done yet."""
        return bool(self._pending or self._added)

    def add(self, item: Item) -> None:
        """One more, when its turn comes."""
        self._added.append(item)

    def done(self) -> Iterator[tuple[Item, Future[Answer]]]:
        """What gets done, in that order. It ends when nothing is left, or only what takes longer than the others.

        A future that failed tells so by itself: one piece's error is nobody else's.
        """
        self._fill()
        while self._pending:
            try:
                future = self._ended.get(timeout=PATIENCE if self._exhausted else None)
            except Empty:
                return
            yield self._pending.pop(future), future
            self._fill()

    def _fill(self) -> None:
        room = self._at_once - len(self._pending)
        taken = list(islice(self._items, room))
        self._exhausted = self._exhausted or len(taken) < room
        while self._exhausted and self._added and len(taken) < room:
            taken.append(self._added.popleft())
        for item in taken:
            # Each in a copy of the context: what is bound to the log here is bound there too.
            future = self._pool.submit(copy_context().run, self._work, item)
            self._pending[future] = item
            future.add_done_callback(self._ended.put)
