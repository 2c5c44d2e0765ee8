"""Looks into accounts for drift of our own things: CloudFormation sees less of it, and mends none."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from guardian.errors import GuardianError
from guardian.ids import Target
from guardian.outcome import About, Finding
from guardian.plan import Drifts
from guardian.ports import Stacks
from guardian.repair import Drift, Expected

AT_ONCE = 8


@dataclass(frozen=True)
class Place:
    """A stack of ours in an account and region, and what it must look like there."""

    stack_set: str
    target: Target
    expected: Expected


def probe(
    stacks: Stacks, places: Iterable[Place], now: datetime
) -> tuple[Drifts, tuple[Finding, ...]]:
    """What is not as it was deployed; an account that cannot be looked into is a finding."""
    drifts: dict[tuple[str, Target], tuple[Drift, ...]] = {}
    unseen: list[Finding] = []
    everywhere = tuple(places)
    with ThreadPoolExecutor(AT_ONCE, "probe") as pool:
        looks = pool.map(lambda place: _look(stacks, place), everywhere)
        for place, seen in zip(everywhere, looks, strict=True):
            if isinstance(seen, GuardianError):
                trouble = Finding(About.ACCESS, place.stack_set, str(seen), now, place.target)
                unseen.append(trouble)
            elif seen:
                drifts[place.stack_set, place.target] = seen
    return drifts, tuple(unseen)


def _look(stacks: Stacks, place: Place) -> tuple[Drift, ...] | GuardianError:
    try:
        return stacks.drift(place.expected, place.target)
    except GuardianError as error:
        return error
