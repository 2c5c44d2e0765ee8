"""Items, conditions and writes as DynamoDB's API spells them. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from guardian.ports.table import Change, Check, Delete, If, Item, Key, Put, Value, Write

Spelt = Mapping[str, Any]
WHOLE = re.compile(r"-?[0-9]+")


def as_item(values: Mapping[str, Value]) -> Spelt:
    return {name: _spelt(value) for name, value in values.items()}


def as_key(key: Key) -> Spelt:
    return as_item({"pk": key.pk, "sk": key.sk})


def from_item(spelt: Spelt) -> Item:
    """The texts and whole numbers of an item; what else it may have is none of ours."""
    found: dict[str, Value] = {}
    for name, typed in spelt.items():
        if "S" in typed:
            found[name] = str(typed["S"])
        elif WHOLE.fullmatch(str(typed.get("N", ""))):
            found[name] = int(typed["N"])
    return found


def _spelt(value: Value) -> Spelt:
    if isinstance(value, int):
        return {"N": str(value)}
    # A lone surrogate has no UTF-8. Where one matters it is escaped before it comes here.
    return {"S": value.encode("utf-8", "replace").decode()}


def as_operation(write: Write, table: str) -> Spelt:
    """One operation of TransactWriteItems."""
    words = _Words()
    name, about = _about(write, words)
    if write.when:
        about["ConditionExpression"] = " AND ".join(_condition(words, one) for one in write.when)
    return {name: {"TableName": table, **about, **words.spelt()}}


def _about(write: Write, words: "_Words") -> tuple[str, dict[str, Any]]:
    match write:
        case Put(item=written):
            return "Put", {"Item": as_item(written)}
        case Change(key=key, values=values, remove=remove):
            update = _update(words, values, remove)
            return "Update", {"Key": as_key(key), "UpdateExpression": update}
        case Delete(key=key):
            return "Delete", {"Key": as_key(key)}
        case Check(key=key):
            return "ConditionCheck", {"Key": as_key(key)}


class _Words:
    """The placeholders of an expression: many a name is a word of the language."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Value] = {}

    def name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#n{len(self._names)}")

    def value(self, value: Value) -> str:
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def spelt(self) -> dict[str, Any]:
        names = {placeholder: name for name, placeholder in self._names.items()}
        spelt: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        return spelt | (
            {"ExpressionAttributeValues": as_item(self._values)} if self._values else {}
        )


def _update(words: _Words, values: Mapping[str, Value], remove: Iterable[str]) -> str:
    sets = ", ".join(
        f"{words.name(name)} = {words.value(value)}" for name, value in values.items()
    )
    removes = ", ".join(words.name(name) for name in remove)
    return " ".join(
        [*([f"SET {sets}"] if sets else []), *([f"REMOVE {removes}"] if removes else [])]
    )


def _condition(words: _Words, one: If) -> str:
    name = words.name(one.attribute)
    if one.relation == "absent":
        return f"attribute_not_exists({name})"
    if one.relation == "present":
        return f"attribute_exists({name})"
    compared = f"{name} {one.relation} {words.value(one.value)}"
    return f"({compared} OR attribute_not_exists({name}))" if one.or_absent else compared
