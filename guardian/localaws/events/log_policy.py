"""Whether the resource policies of CloudWatch Logs let a rule write into a log group."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

Statement = Mapping[str, Any]

WRITERS = frozenset({"events.amazonaws.com", "delivery.logs.amazonaws.com"})
"""EventBridge writes as both: a policy that names only one of them lets nothing through."""
OPERATORS = frozenset({"ArnLike", "ArnEquals", "StringEquals", "StringLike"})
STREAM = "logs:CreateLogStream"
WRITE = "logs:PutLogEvents"


def may_write(documents: Iterable[str], log_group: str, rule: str) -> bool:
    """Whether policies, as JSON, let a rule make streams in a log group and write to them; both are ARNs."""
    statements = [s for document in documents for s in _listed(json.loads(document)["Statement"])]
    stream = f"{log_group}:log-stream:any"
    # Who makes a stream tells no rule: a condition on it never holds there.
    asked = {STREAM: {}, WRITE: {"aws:sourcearn": rule, "aws:sourceaccount": rule.split(":")[4]}}
    return all(
        any(_allows(statement, action, writer, stream, context) for statement in statements)
        for writer in WRITERS
        for action, context in asked.items()
    )


def _allows(
    statement: Statement, action: str, writer: str, stream: str, context: Mapping[str, str]
) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service") if isinstance(principal, Mapping) else None
    return (
        statement.get("Effect") == "Allow"
        and writer in _listed(services)
        and any(_like(each, action) for each in _listed(statement.get("Action")))
        and any(_like(each, stream) for each in _listed(statement.get("Resource")))
        and _holds(statement.get("Condition") or {}, context)
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """An operator or a key that is not known here lets nobody in."""
    return condition.keys() <= OPERATORS and all(
        any(_like(each, context.get(key.lower(), "")) for each in _listed(value))
        for wanted in condition.values()
        for key, value in wanted.items()
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _like(pattern: str, text: str) -> bool:
    regex = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in pattern)
    return re.fullmatch(regex, text) is not None
