"""What a deployed stack must look like inside an account, and in what it does not. Pure."""

from collections.abc import Mapping
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
class Expected:
    """Everything guardian's stack put into one account and region."""

    rules: tuple[ExpectedRule, ...]
    machines: tuple[ExpectedMachine, ...]


class What(StrEnum):
    RULE_MISSING = "rule missing"
    RULE_DISABLED = "rule disabled"
    RULE_CHANGED = "rule changed"
    MACHINE_MISSING = "state machine missing"
    MACHINE_CHANGED = "state machine changed"


@dataclass(frozen=True)
class Drift:
    """One resource that is not as it was deployed. `detail` says in what."""

    what: What
    resource: str
    detail: str = ""
