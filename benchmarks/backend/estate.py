"""All that runs in all accounts: made by rule from the seed, so that only what changes takes memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from benchmarks.backend.seed import Seed

NAMES = {
    "sagemaker-notebook": "nb-{account}-{number}",
    "sagemaker-app": "space-{account}-{number}",
    "glue-session": "gs-{account}-{number}",
    "emr-cluster": "j-{account}A{number}",
    "emr-session": "es-{account}-{number}",
    "emr-serverless-application": "00{account}a{number}",
    "emr-serverless-session": "00{account}s{number}",
    "athena-session": "{number:08}-0000-4000-8000-{account}",
}
"""Every id names its account, so that a call with another account's credentials is found out."""


class Stage(Enum):
    LIVE = 0
    ENDING = 1
    OVER = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A region of an account."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that runs."""

    kind: str
    place: Place
    number: int

    @property
    def name(self) -> str:
        return NAMES[self.kind].format(account=self.place.account, number=self.number)


@dataclass(slots=True)
class Stopped:
    """That a thing was stopped. `told` once whoever asked has the answer; `again` counts the calls after that."""

    at: float
    told: bool = False
    again: int = 0


@dataclass
class Estate:
    """`began` is the moment of the seed, in seconds since 1970."""

    seed: Seed
    began: float
    stopped: dict[Thing, Stopped] = field(default_factory=dict)

    @cached_property
    def accounts(self) -> frozenset[str]:
        return frozenset(self.seed.account_ids)

    def things(self, kind: str, place: Place) -> tuple[Thing, ...]:
        count = self.seed.things.get(kind, 0) if self._inhabited(place) else 0
        return tuple(Thing(kind, place, number) for number in range(count))

    def _inhabited(self, place: Place) -> bool:
        if place.account not in self.accounts or place.region not in self.seed.regions:
            return False
        regions = self.seed.regions
        number = (int(place.account[4:]) - 1) * len(regions) + regions.index(place.region)
        return number % self.seed.every == 0

    def find(self, kind: str, place: Place, name: str) -> Thing | None:
        """The thing of that name in a place."""
        return next((thing for thing in self.things(kind, place) if thing.name == name), None)

    def is_due(self, thing: Thing) -> bool:
        """Whether it lacks the tag that keeps it."""
        return thing.number % self.seed.due_every == 0

    def tags(self, thing: Thing) -> dict[str, str]:
        kept = {} if self.is_due(thing) else {"guardian": "keep"}
        return {"owner": "ana", **kept}

    def started(self, thing: Thing) -> float:
        """Since when it runs: no two of a place began at once."""
        return self.began - self.seed.age - thing.number

    def stage(self, thing: Thing, now: float) -> Stage:
        stopped = self.stopped.get(thing)
        if stopped is None:
            return Stage.LIVE
        return Stage.ENDING if now < stopped.at + self.seed.stopping else Stage.OVER

    def changed(self, thing: Thing) -> float:
        """When it last went from one state to another, as far as that was before it was over."""
        stopped = self.stopped.get(thing)
        return stopped.at if stopped else self.started(thing)

    def due(self) -> Iterator[Thing]:
        """Everything that is to be stopped."""
        for account in self.seed.account_ids:
            for region in self.seed.regions:
                for kind in self.seed.things:
                    things = self.things(kind, Place(account, region))
                    yield from (thing for thing in things if self.is_due(thing))
