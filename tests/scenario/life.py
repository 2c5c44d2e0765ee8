"""What people can do with things of a kind on local AWS, and what it then says of them. Nothing here asks guardian."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from guardian.demo.servers import LocalAwsProcess
from guardian.localaws.people import Person
from tests.scenario.conftest import eventually

Tags = Mapping[str, str]


@dataclass(frozen=True)
class At:
    """Somebody at their desk."""

    person: Person
    aws: LocalAwsProcess

    def __call__(self, service: str) -> Any:
        """A client, made once."""
        return _client(self.person, service)

    @property
    def role(self) -> str:
        return f"arn:aws:iam::{self.person.account}:role/OrganizationAccountAccessRole"


@cache
def _client(person: Person, service: str) -> Any:
    return person.client(service)


@dataclass(frozen=True)
class Life:
    """What can be done with one of a kind. `start` takes a name and tags and answers guardian's id of it.

    `up` is its state when it runs, `over` when it was stopped. `work` keeps it at work for so many seconds of local
    time. `stays` tells whether what must outlive a stop is there.
    """

    start: Callable[[At, str, Tags], str]
    state: Callable[[At, str], str]
    end: Callable[[At, str], object]
    up: str
    over: str
    stop: tuple[str, str]
    prepare: Callable[[At], object] = lambda _: None
    work: Callable[[At, str, int], object] | None = None
    stays: Callable[[At, str], bool] = lambda *_: True

    def wait(self, at: At, identifier: str, state: str) -> None:
        eventually(lambda: self.state(at, identifier) == state, within=30)


def pairs(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def last(identifier: str) -> str:
    return identifier.rpartition("/")[2]
