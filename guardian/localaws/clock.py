"""The clock of local AWS: it starts at the real time and may run faster."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Clock:
    """Local time at `1 / scale` times the real pace.

    `scale` is what a wait is multiplied by (`--time-scale`): 0.01 turns 100 seconds into one.
    Raises ValueError unless it is above 0.
    """

    scale: float = 1.0
    origin: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"the time scale must be above 0, not {self.scale:g}")

    def timestamp(self) -> float:
        """Seconds since the epoch, in local AWS's time."""
        return self.origin + (time.time() - self.origin) / self.scale

    def now(self) -> datetime:
        """The moment it is in local AWS, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def after(self, seconds: float) -> datetime:
        """The moment `seconds` of local time from now."""
        return self.now() + timedelta(seconds=seconds)

    def real(self, seconds: float) -> float:
        """How many real seconds `seconds` of local time take."""
        return seconds * self.scale


def iso(moment: datetime, sep: str = "T", timespec: str = "milliseconds") -> str:
    """Write `moment` as AWS's JSON does: `2024-06-03T09:14:27.123Z`."""
    utc = datetime.fromtimestamp(moment.timestamp(), UTC)
    return utc.isoformat(sep, timespec).replace("+00:00", "Z")
