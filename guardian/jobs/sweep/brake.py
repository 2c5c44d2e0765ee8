"""How many stops one sweep may make: of each policy as many as it allows, and of all no more than the settings."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from guardian.ids import Slug
from guardian.jobs.sweep.places import Found


@dataclass(frozen=True)
class Held:
    """What is due and has to wait for a later sweep."""

    found: Found
    reason: str


def brake(stopping: Iterable[Found], most: int) -> tuple[list[Found], list[Held]]:
    """Those of `stopping` that may go, in their order, and those that are held."""
    going: list[Found] = []
    held: list[Held] = []
    of_policy = Counter[Slug]()
    for found in stopping:
        policy = found.place.policy
        allowed = policy.limits.stops_per_sweep
        if allowed is not None and of_policy[policy.slug] >= allowed:
            reason = f"held: more than {allowed} of policy {policy.slug} were due in one sweep"
            held.append(Held(found, f"{reason} (limits.stops_per_sweep)"))
        elif len(going) >= most:
            held.append(Held(found, f"held: more than {most} were due in one sweep"))
        else:
            of_policy[policy.slug] += 1
            going.append(found)
    return going, held
