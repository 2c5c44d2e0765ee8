"""The one place that reads the clock. Everything else is given the time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_now() -> datetime:
    """The moment it is, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class ScaledClock:
    """The clock of a local AWS that runs faster than the world.

    `origin` is seconds since the epoch; `scale` is what a wait is multiplied by (0.01: hundredfold speed).
    """

    origin: float
    scale: float

    def __call__(self) -> datetime:
        elapsed = (time.time() - self.origin) / self.scale
        return datetime.fromtimestamp(self.origin + elapsed, UTC)
