"""The states a resource goes through on the clock of local AWS, and the news of each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from itertools import count
from threading import Condition, Thread

from guardian.localaws.clock import Clock


@dataclass(frozen=True, order=True)
class Stage:
    """A state and the moment it begins."""

    at: datetime
    state: str


@dataclass(frozen=True)
class History:
    """The stages of one resource, oldest first: those that were and those already planned.

    States are looked up, never stepped: a resource that nobody asks about ages all the same.
    """

    stages: tuple[Stage, ...]

    def at(self, now: datetime) -> Stage:
        """The stage at `now`; the first one when `now` lies before it."""
        begun = [stage for stage in self.stages if stage.at <= now]
        return begun[-1] if begun else self.stages[0]

    def replan(self, now: datetime, *stages: Stage) -> "History":
        """The history up to `now`, followed by `stages` instead of what was planned."""
        return History((*(stage for stage in self.stages if stage.at <= now), *stages))

    def first(self, *states: str) -> datetime | None:
        """When the first of `states` begins, if one ever does."""
        return next((stage.at for stage in self.stages if stage.state in states), None)


class Agenda:
    """Calls functions at moments of local time, in order, in one daemon thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = Condition()
        self._entries: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        Thread(target=self._run, name="local-aws-agenda", daemon=True).start()

    def at(self, moment: datetime, call: Callable[[], None]) -> None:
        """Call `call` at `moment`; at once when that has passed."""
        with self._changed:
            heappush(self._entries, (moment, next(self._order), call))
            self._changed.notify()

    def clear(self) -> None:
        """Call nothing that is still planned."""
        with self._changed:
            self._entries.clear()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            self._next()()

    def _next(self) -> Callable[[], None]:
        with self._changed:
            while (pause := self._pause()) is None or pause > 0:
                self._changed.wait(pause)
            return heappop(self._entries)[2]

    def _pause(self) -> float | None:
        if not self._entries:
            return None
        return self._clock.real((self._entries[0][0] - self._clock.now()).total_seconds())


class Announcer:
    """Says each stage of one resource once, when it begins, unless it was replanned away."""

    def __init__(self, agenda: Agenda, say: Callable[[Stage], None]) -> None:
        self._agenda = agenda
        self._say = say
        self._planned: frozenset[Stage] = frozenset()
        self._noted: set[Stage] = set()

    def follow(self, stages: Iterable[Stage]) -> None:
        """Say these stages from now on, and no others."""
        self._planned = frozenset(stages)
        for stage in sorted(self._planned - self._noted):
            self._noted.add(stage)
            self._agenda.at(stage.at, partial(self._announce, stage))

    def _announce(self, stage: Stage) -> None:
        if stage in self._planned:
            self._say(stage)
