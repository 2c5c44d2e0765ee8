"""Whether the resource policy of an event bus lets another account put events on it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Sender:
    """Who puts which event; `organization` is None for an account in none."""

    account: str
    organization: str | None
    source: str
    detail_type: str

    def context(self) -> Mapping[str, str]:
        """The condition keys that are known, in lower case: AWS compares them so."""
        known = {
            "aws:principalaccount": self.account,
            "aws:principalorgid": self.organization,
            "events:source": self.source,
            "events:detail-type": self.detail_type,
        }
        return {key: value for key, value in known.items() if value is not None}


def allows(statements: Iterable[Statement], bus_arn: str, sender: Sender) -> bool:
    """Whether one statement allows and none denies `events:PutEvents` on the bus."""
    effects = {
        statement.get("Effect", "Allow")
        for statement in statements
        if _applies(statement, bus_arn, sender)
    }
    return effects == {"Allow"}


def _applies(statement: Statement, bus_arn: str, sender: Sender) -> bool:
    return (
        any(_like(action, "events:PutEvents") for action in _listed(statement.get("Action")))
        and any(_like(resource, bus_arn) for resource in _listed(statement.get("Resource", "*")))
        and _names(statement.get("Principal"), sender.account)
        and _conditions_hold(statement, sender)
    )


def _names(principal: Any, account: str) -> bool:
    named = principal.get("AWS", []) if isinstance(principal, Mapping) else principal
    return any(
        name in {"*", account} or re.fullmatch(rf"arn:[^:]+:iam::(\*|{account}):.*", name)
        for name in _listed(named)
    )


def _conditions_hold(statement: Statement, sender: Sender) -> bool:
    # What is unknown here must not let anybody in: it fails an Allow and arms a Deny.
    unknown = statement.get("Effect", "Allow") == "Deny"
    context = sender.context()
    for operator, wanted in (statement.get("Condition") or {}).items():
        test = _TESTS.get(operator)
        if test is None:
            return unknown
        for key, values in wanted.items():
            actual = context.get(key.lower())
            if actual is None or not test(actual, _listed(values)):
                return False
    return True


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _like(pattern: str, text: str) -> bool:
    regex = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in pattern)
    return re.fullmatch(regex, text) is not None


_TESTS: Mapping[str, Callable[[str, list[str]], bool]] = {
    "StringEquals": lambda actual, wanted: actual in wanted,
    "StringNotEquals": lambda actual, wanted: actual not in wanted,
    "StringLike": lambda actual, wanted: any(_like(value, actual) for value in wanted),
    "ForAnyValue:StringEquals": lambda actual, wanted: actual in wanted,
    "ForAnyValue:StringLike": lambda actual, wanted: any(_like(v, actual) for v in wanted),
}
