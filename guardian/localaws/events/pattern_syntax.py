"""Which event patterns EventBridge accepts."""

import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Any

from guardian.localaws.events.patterns import (
    COMPARISONS,
    Pattern,
    alternatives,
    is_number,
    is_or,
)


class InvalidPattern(ValueError):
    """EventBridge would refuse this pattern; the message is its reason."""


def parse(text: str) -> Pattern:
    """Read a pattern. Raises InvalidPattern."""
    try:
        pattern = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidPattern("Invalid JSON") from error
    if not isinstance(pattern, dict):
        raise InvalidPattern("Filter is not an object")
    _check_fields(pattern)
    return pattern


def _check_fields(pattern: Mapping[str, Any]) -> None:
    if not pattern:
        raise InvalidPattern("Empty objects are not allowed")
    for name, wanted in pattern.items():
        if is_or(name, wanted):
            _check_or(wanted)
        elif isinstance(wanted, dict):
            _check_fields(wanted)
        elif isinstance(wanted, list):
            _check_conditions(wanted)
        else:
            raise InvalidPattern(f"'{name}' must be an object or an array")


def _check_or(branches: list[Any]) -> None:
    if len(branches) < 2:  # noqa: PLR2004 - one branch is no choice
        raise InvalidPattern("There must be at least 2 objects in $or relationship")
    for branch in branches:
        _check_fields(branch)


def _check_conditions(conditions: list[Any]) -> None:
    if not conditions:
        raise InvalidPattern("Empty arrays are not allowed")
    for condition in conditions:
        if isinstance(condition, list):
            raise InvalidPattern("Match value must be String, number, true, false, or null")
        if isinstance(condition, dict):
            _check_operator(condition)


def _check_operator(condition: Mapping[str, Any]) -> None:
    if len(condition) != 1:
        raise InvalidPattern("Only one key allowed in match expression")
    ((operator, operand),) = condition.items()
    check = _OPERAND_CHECKS.get(operator)
    if check is None:
        raise InvalidPattern(f"Unrecognized match type {operator}")
    if not check(operand):
        raise InvalidPattern(f"Invalid value of match type {operator}: {json.dumps(operand)}")


def _is_text(operand: Any) -> bool:
    return isinstance(operand, str) and operand != ""


def _is_affix(operand: Any) -> bool:
    if isinstance(operand, dict):
        return list(operand) == ["equals-ignore-case"] and _is_text(operand["equals-ignore-case"])
    return _is_text(operand)


def _is_wildcard(operand: Any) -> bool:
    return _is_text(operand) and "**" not in operand


def _is_range(operand: Any) -> bool:
    return (
        isinstance(operand, list)
        and len(operand) in {2, 4}
        and all(sign in COMPARISONS for sign in operand[::2])
        and all(is_number(limit) for limit in operand[1::2])
    )


def _is_network(operand: Any) -> bool:
    try:
        ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return False
    return isinstance(operand, str)


def _is_unwanted(operand: Any) -> bool:
    if isinstance(operand, dict):
        return list(operand) in _NEGATED and all(
            bool(texts) and all(_is_text(text) for text in alternatives(texts))
            for texts in operand.values()
        )
    return bool(alternatives(operand)) and all(
        isinstance(value, str) or is_number(value) for value in alternatives(operand)
    )


_NEGATED = [["prefix"], ["suffix"], ["equals-ignore-case"], ["wildcard"]]
_OPERAND_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "exists": lambda operand: isinstance(operand, bool),
    "prefix": _is_affix,
    "suffix": _is_affix,
    "equals-ignore-case": _is_text,
    "wildcard": _is_wildcard,
    "anything-but": _is_unwanted,
    "numeric": _is_range,
    "cidr": _is_network,
}
