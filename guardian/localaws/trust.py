"""Who may assume a role: the part of IAM's policy language that trust policies use."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ASSUME = ("sts:AssumeRole", "sts:*", "*")


@dataclass(frozen=True)
class Caller:
    """Whoever makes a call.

    `arn` is what GetCallerIdentity says; `principal_arn` is `aws:PrincipalArn`, the role itself
    for a session of a role. `organization` is an id (`o-...`), `path` ends in a slash.
    """

    account: str
    arn: str
    principal_arn: str
    organization: str = ""
    path: str = ""
    is_session: bool = False

    def facts(self) -> dict[str, str]:
        """The condition keys that are known of a caller."""
        return {
            "aws:principalarn": self.principal_arn,
            "aws:principalaccount": self.account,
            "aws:principalorgid": self.organization,
            "aws:principalorgpaths": self.path,
        }


def may_assume(policy: Mapping[str, Any], caller: Caller, external_id: str | None = None) -> bool:
    """Whether a role with this trust policy lets `caller` assume it.

    A condition that local AWS does not know is not met, so that an Allow with one allows
    nothing; a Deny with one denies.
    """
    facts = {**caller.facts(), "sts:externalid": external_id or ""}
    effects = [
        statement["Effect"]
        for statement in _several(policy.get("Statement", []))
        if any(action in ASSUME for action in _several(statement.get("Action", [])))
        and _names(statement.get("Principal", {}), caller)
        and _met(statement, facts)
    ]
    return "Allow" in effects and "Deny" not in effects


def _names(principal: Any, caller: Caller) -> bool:
    named = _several(principal.get("AWS", []) if isinstance(principal, Mapping) else principal)
    return any(_is(name, caller) for name in named)


def _is(name: str, caller: Caller) -> bool:
    root = f":iam::{caller.account}:root"
    return name in ("*", caller.account, caller.arn, caller.principal_arn) or name.endswith(root)


def _met(statement: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    return all(
        _holds(operator, facts.get(key.lower()), _several(expected), statement["Effect"])
        for operator, wanted in statement.get("Condition", {}).items()
        for key, expected in wanted.items()
    )


def _holds(operator: str, fact: str | None, expected: list[str], effect: str) -> bool:
    name = operator.rpartition(":")[2]  # a set operator: here every fact has one value
    compare = COMPARISONS.get(name.removesuffix("IfExists"))
    if compare is None or fact is None:
        return effect == "Deny"
    if not fact:
        return name.endswith("IfExists") or "Not" in name
    matched = any(compare(pattern, fact) for pattern in expected)
    return matched != ("Not" in name)


def _like(pattern: str, text: str) -> bool:
    parts = ({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _arn_like(pattern: str, arn: str) -> bool:
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    return len(patterns) == len(parts) and all(map(_like, patterns, parts))


COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringNotEquals": str.__eq__,
    "StringLike": _like,
    "StringNotLike": _like,
    "ArnEquals": _arn_like,
    "ArnNotEquals": _arn_like,
    "ArnLike": _arn_like,
    "ArnNotLike": _arn_like,
}


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
