"""Operation preferences: how many accounts at a time, and how many may fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from guardian.localaws.stacksets.errors import ValidationError

PAIRS = (
    ("FailureToleranceCount", "FailureTolerancePercentage"),
    ("MaxConcurrentCount", "MaxConcurrentPercentage"),
)


@dataclass(frozen=True)
class Preferences:
    """What the caller asked for, and AWS's defaults for the rest: one at a time, none may fail."""

    asked: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, asked: Mapping[str, Any] | None) -> "Preferences":
        """Raises ValidationError when a count and its percentage are both given."""
        asked = asked or {}
        for count, percentage in PAIRS:
            if count in asked and percentage in asked:
                raise ValidationError(f"{count} and {percentage} cannot both be specified")
        return cls(asked)

    @classmethod
    def of_automatic_deployment(cls) -> "Preferences":
        """All at once, whatever fails: a set's preferences do not apply to it."""
        return cls(
            {
                "RegionConcurrencyType": "PARALLEL",
                "MaxConcurrentPercentage": 100,
                "FailureTolerancePercentage": 100,
            }
        )

    def tolerance(self, accounts: int) -> int:
        """How many of a region's `accounts` may fail before the operation does."""
        if "FailureTolerancePercentage" in self.asked:
            return accounts * int(self.asked["FailureTolerancePercentage"]) // 100
        return int(self.asked.get("FailureToleranceCount", 0))

    def concurrency(self, accounts: int, failures: int) -> int:
        """How many of a region's `accounts` to take next, `failures` having failed so far."""
        if "MaxConcurrentPercentage" in self.asked:
            wanted = accounts * int(self.asked["MaxConcurrentPercentage"]) // 100
        else:
            wanted = int(self.asked.get("MaxConcurrentCount", 1))
        if self.asked.get("ConcurrencyMode") != "SOFT_FAILURE_TOLERANCE":
            wanted = min(wanted, self.tolerance(accounts) + 1 - failures)
        return max(wanted, 1)

    def waves(self, regions: Sequence[str]) -> list[list[str]]:
        """The regions in the order they are taken; those of one wave are taken together."""
        order = list(self.asked.get("RegionOrder") or [])
        ordered = sorted(
            regions, key=lambda region: order.index(region) if region in order else len(order)
        )
        if self.asked.get("RegionConcurrencyType") == "PARALLEL":
            return [ordered] if ordered else []
        return [[region] for region in ordered]
