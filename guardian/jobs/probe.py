"""Looks into accounts for drift of our own things: CloudFormation sees less of it, and mends none."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from guardian.errors import GuardianError, Unavailable
from guardian.ids import Target
from guardian.outcome import About, Finding
from guardian.plan import DeployedStackSet, Drifts
from guardian.ports import Stacks
from guardian.repair import MADE_ANEW, TOLD, Drift, Expected, What
from guardian.stack import names

AT_ONCE = 8
ADVICE: Mapping[What, str] = {
    What.UNLOGGED: "guardian learns of starts by the sweep only, until a trail logs all management events there",
    What.UNDELIVERED: "each is an event that did not reach a state machine or the hub; read them, then purge the queue",
    What.LEFT_BEHIND: "no stack of guardian's has it; whoever administers the account deletes what was left",
}
HELD_UP = "made anew once no role has more than guardian gave it"


@dataclass(frozen=True)
class Place:
    """A stack of ours in an account and region, and what it must look like there.

    `beside` are the stack sets that have another stack there.
    """

    stack_set: str
    target: Target
    expected: Expected
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Probed:
    """What guardian can put right, where it could not look, and what people have to put right."""

    drifts: Drifts
    unseen: tuple[Finding, ...]
    told: tuple[Finding, ...]


def probe(
    stacks: Stacks,
    places: Iterable[Place],
    now: datetime,
    ending: Callable[[], bool] = bool,
) -> Probed:
    """What is not as it was deployed; an account that cannot be looked into is a finding.

    Raises Unavailable once `ending` says that it is time to stop.
    """
    drifts: dict[tuple[str, Target], tuple[Drift, ...]] = {}
    unseen: list[Finding] = []
    told: list[Finding] = []
    everywhere = tuple(places)
    stacks.forget()
    with ThreadPoolExecutor(AT_ONCE, "probe") as pool:
        looks = pool.map(lambda place: _look(stacks, place), everywhere)
        for place, seen in zip(everywhere, looks, strict=True):
            if ending():
                pool.shutdown(wait=False, cancel_futures=True)
                raise Unavailable("told to stop before every account was looked into")
            if isinstance(seen, GuardianError):
                trouble = Finding(About.ACCESS, place.stack_set, str(seen), now, place.target)
                unseen.append(trouble)
                continue
            mendable, rest = _sorted(seen)
            if mendable:
                drifts[place.stack_set, place.target] = mendable
            told += _findings(place, rest, now)
    return Probed(drifts, tuple(unseen), tuple(told))


def standing_together(
    deployed: Iterable[DeployedStackSet],
) -> Mapping[Target, frozenset[str]]:
    """The stack sets that have a stack in each target, in whatever state."""
    there: defaultdict[Target, set[str]] = defaultdict(set)
    for stack_set in deployed:
        for instance in stack_set.instances:
            there[instance.target].add(stack_set.name)
    return {target: frozenset(found) for target, found in there.items()}


def _look(stacks: Stacks, place: Place) -> tuple[Drift, ...] | GuardianError:
    try:
        return stacks.drift(place.expected, place.target)
    except GuardianError as error:
        return error


def _sorted(seen: tuple[Drift, ...]) -> tuple[tuple[Drift, ...], tuple[Drift, ...]]:
    """What guardian can put right, and what it cannot: CloudFormation deletes no role that others gave policies to."""
    beyond = {*TOLD, *MADE_ANEW} if any(d.what is What.ROLE_EXTENDED for d in seen) else TOLD
    rest = tuple(drift for drift in seen if drift.what in beyond)
    return tuple(drift for drift in seen if drift not in rest), rest


def _findings(place: Place, seen: Iterable[Drift], now: datetime) -> Iterator[Finding]:
    for drift in _gathered(place, seen):
        about = About.ACCESS if drift.what is What.UNSEEN else About.DRIFT
        advice = HELD_UP if drift.what in MADE_ANEW else ADVICE.get(drift.what, "")
        reason = f"{drift}; {advice}" if advice else str(drift)
        yield Finding(about, place.stack_set, reason, now, place.target)


def _gathered(place: Place, seen: Iterable[Drift]) -> Iterator[Drift]:
    """What is told: all that one stack left behind is one thing, and what another stack has is not left behind."""
    left: list[Drift] = []
    for drift in seen:
        if drift.what is What.LEFT_BEHIND:
            left += [] if any(map(drift.resource.startswith, _owners(place))) else [drift]
        else:
            yield drift
    if left:
        listed = ", ".join(f"{drift.detail} {drift.resource}" for drift in left)
        yield Drift(What.LEFT_BEHIND, listed)


def _owners(place: Place) -> tuple[str, ...]:
    """What the names of the things of the other stacks there begin with."""
    return tuple(f"{names.things_of(stack_set)}-" for stack_set in place.beside)
