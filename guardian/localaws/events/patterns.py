"""Whether an event matches an event pattern."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Pattern = Mapping[str, Any]
_NO_FIELDS: Mapping[str, Any] = {}


def matches(pattern: Pattern, node: Any) -> bool:
    """Whether `node` has what `pattern` wants; of an array, one element must have all of it."""
    if isinstance(node, list) and node:
        return any(matches(pattern, element) for element in node)
    fields = node if isinstance(node, Mapping) else _NO_FIELDS
    return all(_field_matches(name, wanted, fields) for name, wanted in pattern.items())


def _field_matches(name: str, wanted: Any, fields: Mapping[str, Any]) -> bool:
    if is_or(name, wanted):
        return any(matches(branch, fields) for branch in wanted)
    if isinstance(wanted, Mapping):
        return matches(wanted, fields.get(name))
    leaves = list(_leaves(fields[name])) if name in fields else []
    return any(_condition_holds(condition, leaves) for condition in wanted)


def is_or(name: str, wanted: Any) -> bool:
    """Whether a field of a pattern is no field but a choice."""
    return name == "$or" and isinstance(wanted, list) and all(isinstance(b, dict) for b in wanted)


def _leaves(value: Any) -> Iterator[Any]:
    """The values that conditions look at: an object is none, an array is those of its elements."""
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif not isinstance(value, Mapping):
        yield value


def _condition_holds(condition: Any, leaves: list[Any]) -> bool:
    if not isinstance(condition, Mapping):
        return any(_equal(condition, leaf) for leaf in leaves)
    ((operator, operand),) = condition.items()
    if operator == "exists":
        return bool(leaves) == operand
    return any(_OPERATORS[operator](operand, leaf) for leaf in leaves)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(left: Any, right: Any) -> bool:
    # in Python True == 1, in JSON true is no number
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def alternatives(operand: Any) -> list[Any]:
    return operand if isinstance(operand, list) else [operand]


def _affix(found: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def holds(operand: Any, leaf: Any) -> bool:
        if not isinstance(leaf, str):
            return False
        if isinstance(operand, Mapping):
            return _affix_ignoring_case(operand["equals-ignore-case"], leaf)
        return any(found(leaf, affix) for affix in alternatives(operand))

    def _affix_ignoring_case(operand: Any, leaf: str) -> bool:
        return any(found(leaf.lower(), affix.lower()) for affix in alternatives(operand))

    return holds


def _equals_ignoring_case(operand: Any, leaf: Any) -> bool:
    return isinstance(leaf, str) and leaf.lower() in [
        text.lower() for text in alternatives(operand)
    ]


def _wildcard(operand: Any, leaf: Any) -> bool:
    return isinstance(leaf, str) and any(
        re.fullmatch(_as_regex(wildcard), leaf, re.DOTALL) for wildcard in alternatives(operand)
    )


def _as_regex(wildcard: str) -> str:
    parts = re.findall(r"\\[*\\]|.", wildcard, re.DOTALL)
    return "".join(
        ".*" if part == "*" else re.escape(part[1:] if len(part) > 1 else part) for part in parts
    )


def _anything_but(operand: Any, leaf: Any) -> bool:
    if isinstance(operand, Mapping):
        ((operator, unwanted),) = operand.items()
        return not _OPERATORS[operator](unwanted, leaf)
    return not any(_equal(unwanted, leaf) for unwanted in alternatives(operand))


COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "=": lambda left, right: left == right,
    ">=": lambda left, right: left >= right,
    ">": lambda left, right: left > right,
}


def _numeric(operand: Any, leaf: Any) -> bool:
    limits = zip(operand[::2], operand[1::2], strict=True)
    return is_number(leaf) and all(COMPARISONS[sign](leaf, limit) for sign, limit in limits)


def _cidr(operand: Any, leaf: Any) -> bool:
    try:
        return ipaddress.ip_address(leaf) in ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return False


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "prefix": _affix(str.startswith),
    "suffix": _affix(str.endswith),
    "equals-ignore-case": _equals_ignoring_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}
