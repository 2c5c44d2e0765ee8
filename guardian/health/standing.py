"""Whether this daemon is the one that acts. Pure."""

from dataclasses import dataclass

LATE = 12.0
"""Seconds without a renewal that somebody should know of: two were missed."""


@dataclass(frozen=True)
class Standing:
    """`holder` has the lease, this daemon itself where it is `held`; empty where nobody is known to.

    `token` is that of a lease that is held; `age` is how many real seconds ago its last renewal began.
    """

    held: bool = True
    holder: str = ""
    token: int = 0
    age: float = 0.0

    @property
    def reason(self) -> str:
        """Why that keeps guardian from being ready; empty where it does not."""
        if not self.held:
            return f"standby: {self.holder or 'nobody yet'} holds the lease"
        if self.age > LATE:
            return f"lease: not renewed for {self.age:.0f}s"
        return ""
