"""Some of doctor's checks, what they found, and how to break what they look at."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from guardian.clock import Clock, system_now
from guardian.demo.cast import HOME
from guardian.doctor import Check, Examined, examine
from guardian.doctor.all import checks
from guardian.doctor.patient import Patient
from tests.scenario.conftest import RESEARCH_POLICY, SANDBOX_POLICY, Installation
from tests.scenario.rollouts import forget_faults


class Found(dict[str, Examined]):
    """What was examined, by name."""

    def said(self, name: str) -> str:
        return "\n".join(finding.said for finding in self[name].findings)

    def advice(self, name: str) -> str:
        """The one way to mend it."""
        (fix,) = {finding.fix for finding in self[name].findings if finding.fix}
        return fix

    def fix(self, name: str) -> list[str]:
        """The words of the one command that mends it."""
        return shlex.split(self.advice(name))


Ask = Callable[..., Found]


@pytest.fixture
def ask(governed: Installation) -> Ask:
    """Makes some checks, and those that they need; `changed` are variables of the environment."""

    def asked(*names: str, clock: Clock = system_now, **changed: str) -> Found:
        environment = {**governed.environment, **changed}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in changed.items():
                patch.setenv(name, value)
            patient = Patient(governed.directory, environment, clock=clock)
            wanted = with_needed(names, checks(patient))
            return Found({each.name: each for each in examine(wanted)})

    return asked


def with_needed(names: tuple[str, ...], every: tuple[Check, ...]) -> list[Check]:
    by_name = {check.name: check for check in every}
    wanted, left = set[str](), [*names]
    while left:
        check = by_name[left.pop()]
        wanted.add(check.name)
        left += check.needs
    return [check for check in every if check.name in wanted]


def client(installation: Installation, service: str) -> Any:
    return installation.cast.estate.client(service, HOME)


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


@contextmanager
def changed(thing: object, **attributes: object) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in attributes.items():
            patch.setattr(thing, name, value)
        yield


@contextmanager
def fault(installation: Installation, **asked: object) -> Iterator[None]:
    installation.cast.aws.post("/localaws/faults", {"times": 10**6, **asked})
    try:
        yield
    finally:
        forget_faults(installation)


@contextmanager
def written(installation: Installation, **policies: str) -> Iterator[None]:
    installation.write(**policies)
    try:
        yield
    finally:
        installation.write(sandbox=SANDBOX_POLICY, research=RESEARCH_POLICY)
