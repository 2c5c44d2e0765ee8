"""How many stops one sweep may make: of each policy as many as it allows, and of all no more than the settings."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from guardian.ids import Slug
from guardian.jobs.sweep.places import Found


@dataclass(frozen=True)
class Held:
    """What is due and has to wait for a later sweep."""

    found: Found
    reason: str


@dataclass
class Brake:
    """Counts what one sweep lets go. So many may: `most`, or `share` of what was seen where that is more.

    Where `most` is 0, none may.
    """

    most: int
    share: float
    gone: int = 0
    of_policy: Counter[Slug] = field(default_factory=Counter)

    def part(self, stopping: Iterable[Found], seen: int) -> tuple[list[Found], list[Held]]:
        """Those that may go now, in their order, and those that are held; `seen` is how many were seen so far."""
        going: list[Found] = []
        held: list[Held] = []
        for found in stopping:
            if reason := self._why_held(found, seen):
                held.append(Held(found, reason))
                continue
            self.gone += 1
            self.of_policy[found.place.policy.slug] += 1
            going.append(found)
        return going, held

    def _why_held(self, found: Found, seen: int) -> str:
        policy, allowed = found.place.policy, self.most and max(self.most, int(self.share * seen))
        own = policy.limits.stops_per_sweep
        if own is not None and self.of_policy[policy.slug] >= own:
            reason = f"held: more than {own} of policy {policy.slug} were due in one sweep"
            return f"{reason} (limits.stops_per_sweep)"
        return f"held: more than {allowed} were due in one sweep" if self.gone >= allowed else ""
