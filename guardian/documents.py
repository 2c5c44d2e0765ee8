"""Reads values out of AWS answers by a path, in Python and as JSONata, with the same meaning.

A path is dotted: `session.Session.Status`. A part that ends in `[]` steps into every element of a list, and the value
is then always one flat list: `groups.InstanceGroups[].InstanceType`. `[0]` steps into the first element alone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
Document = Mapping[str, Json]

_JSONATA_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})


def pick(document: Json, path: str) -> Json:
    """The value at `path`, or None where any part of it is missing; all of the document for an empty path."""
    if not path:
        return document
    head, _, rest = path.partition(".")
    if not isinstance(document, Mapping):
        return [] if "[]" in path else None
    value = document.get(head.partition("[")[0])
    if head.endswith("[0]"):
        value = value[0] if isinstance(value, list | tuple) and value else None
    if head.endswith("[]"):
        items = value if isinstance(value, list | tuple) else []
        return _flat([pick(item, rest) if rest else item for item in items])
    return pick(value, rest) if rest else value


def _flat(values: Sequence[Json]) -> list[Json]:
    flat: list[Json] = []
    for value in values:
        if isinstance(value, list | tuple):
            flat += value
        elif value is not None:
            flat.append(value)
    return flat


def text(document: Json, path: str) -> str:
    """The text at `path`; empty where there is none."""
    value = pick(document, path)
    return value if isinstance(value, str) else ""


def jsonata(path: str, variable: str = "$seen") -> str:
    """The JSONata expression for `path` below a variable."""
    parts = (part.partition("[") for part in path.split("."))
    names = ".".join(f"{_name(name)}{'[0]' if index == '0]' else ''}" for name, _, index in parts)
    expression = f"{variable}.{names}"
    return f"[{expression}]" if "[]" in path else expression


def _name(name: str) -> str:
    """A member's name in an expression, quoted where the language would read something else."""
    simple = name.isascii() and name.isidentifier() and name not in _JSONATA_WORDS
    return name if simple else f"`{name}`"


def plain(value: object) -> Json:
    """An AWS answer as JSON: moments become ISO text in UTC, as Step Functions shows them."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def instant(moment: datetime) -> str:
    """A moment as ISO 8601 with milliseconds: `2026-11-23T09:14:27.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(value: Json) -> datetime | None:
    """The moment that ISO text stands for, in UTC; None where it is no such text."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
