"""What a deployed stack must look like inside an account, and in what it does not. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from guardian.documents import Json


@dataclass(frozen=True)
class ExpectedRule:
    """An EventBridge rule on the default bus. `pattern` is its event pattern; `target` and `role` are ARNs.

    `undelivered` is the ARN of the queue for events that do not arrive, empty where it is not looked at.
    """

    name: str
    pattern: Mapping[str, Json]
    target: str
    role: str
    undelivered: str = ""


@dataclass(frozen=True)
class ExpectedMachine:
    """A state machine. `definition` is its JSON text with nothing left to substitute; `role` an ARN."""

    name: str
    arn: str
    definition: str
    role: str


@dataclass(frozen=True)
class ExpectedRole:
    """An IAM role: who may assume it, and its inline policies by their names. It has no others."""

    name: str
    trust: Json
    policies: Mapping[str, Json]

    def resolved(self, real: Callable[[str], str]) -> "ExpectedRole":
        """The same with `real` put in for CloudFormation's pseudo parameters."""
        trust, policies = json.loads(real(json.dumps([self.trust, self.policies])))
        return ExpectedRole(real(self.name), trust, policies)


@dataclass(frozen=True)
class Expected:
    """Everything guardian's stack put into one account and region.

    `queue` is the name of the queue of undelivered events, empty where it is not looked at; `spared` are the names of
    rules that are the stack's and are not compared.
    """

    rules: tuple[ExpectedRule, ...] = ()
    machines: tuple[ExpectedMachine, ...] = ()
    roles: tuple[ExpectedRole, ...] = ()
    queue: str = ""
    spared: frozenset[str] = frozenset()

    @property
    def sources(self) -> frozenset[str]:
        """The services whose API calls its rules wait for, `glue.amazonaws.com`."""
        return frozenset(source for rule in self.rules for source in _sources(rule.pattern))


def _sources(pattern: Mapping[str, Json]) -> list[str]:
    detail = pattern.get("detail")
    named = detail.get("eventSource") if isinstance(detail, Mapping) else None
    return [each for each in named if isinstance(each, str)] if isinstance(named, list) else []


class What(StrEnum):
    RULE_MISSING = "rule missing"
    RULE_DISABLED = "rule disabled"
    RULE_CHANGED = "rule changed"
    MACHINE_MISSING = "state machine missing"
    MACHINE_CHANGED = "state machine changed"
    ROLE_MISSING = "role missing"
    ROLE_CHANGED = "role changed"
    QUEUE_MISSING = "queue missing"
    ROLE_EXTENDED = "role has more than guardian gave it"
    LEFT_BEHIND = "left behind by another stack"
    UNDELIVERED = "undelivered events"
    UNLOGGED = "no trail tells what starts"
    UNSEEN = "cannot be looked at"


MENDED_IN_PLACE = frozenset(
    {
        What.RULE_MISSING,
        What.RULE_DISABLED,
        What.RULE_CHANGED,
        What.MACHINE_MISSING,
        What.MACHINE_CHANGED,
    }
)
MADE_ANEW = frozenset({What.ROLE_MISSING, What.ROLE_CHANGED, What.QUEUE_MISSING})
"""Guardian may not write these in an account: CloudFormation makes the whole stack instance anew."""
TOLD = frozenset(What) - MENDED_IN_PLACE - MADE_ANEW
"""What people have to put right."""


@dataclass(frozen=True)
class Drift:
    """One resource that is not as it was deployed. `detail` says in what."""

    what: What
    resource: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.resource}" + (f" ({self.detail})" if self.detail else "")
