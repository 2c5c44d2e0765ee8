"""Lets a job come before its turn: many reasons within a while make one run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from guardian.daemon.schedule import Turn


@dataclass
class Early:
    """`seconds` of real time are waited for more reasons to come. What comes while it runs is for another run."""

    turn: Turn
    seconds: float
    _asked: Event = field(default_factory=Event)

    def ask(self) -> None:
        """Let it run soon."""
        self._asked.set()
        self.turn.within(self.seconds)

    def around(self, run: Callable[[], None]) -> Callable[[], None]:
        """The job, as it is to be scheduled."""

        def early() -> None:
            self._asked.clear()
            run()
            if self._asked.is_set():  # its turn may have come while it ran, and is lost then
                self.turn.within(self.seconds)

        return early
