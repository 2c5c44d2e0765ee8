"""Fills the placeholders of a kind's declaration: `{id}` or another part of it, `{arn}`, `{account}` … Pure.

In one pass and never with str.format: an id is chosen by a stranger and may hold any character, braces too.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from guardian.aws.regions import partition_of
from guardian.documents import Document, Json, instant
from guardian.ids import Target
from guardian.kinds.base import Kind

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\??\}")


def filled(template: Json, values: Mapping[str, str]) -> Json:
    """The template with every placeholder that has a value replaced, however deep it lies."""
    if isinstance(template, str):
        return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)
    if isinstance(template, Mapping):
        return filled_all(template, values)
    if isinstance(template, list | tuple):
        return [filled(item, values) for item in template]
    return template


def filled_all(template: Document, values: Mapping[str, str]) -> dict[str, Json]:
    """The same for a mapping; an argument that is only `{part?}` is left out where that part is empty."""
    given = {key: item for key, item in template.items() if not _is_left_out(item, values)}
    return {key: filled(item, values) for key, item in given.items()}


def _is_left_out(item: Json, values: Mapping[str, str]) -> bool:
    only = _PLACEHOLDER.fullmatch(item) if isinstance(item, str) else None
    return only is not None and only[0].endswith("?}") and not values.get(only[1])


def values_of(
    kind: Kind, target: Target, identifier: str, idle: tuple[datetime, datetime] | None = None
) -> dict[str, str]:
    """What the placeholders stand for, of one resource; `idle` is the window of its idle read."""
    parts = kind.parts_of(identifier)
    values = {
        **parts,
        **{f"{part}_lower": value.lower() for part, value in parts.items()},
        "account": target.account,
        "region": target.region,
        "partition": partition_of(target.region),
    }
    if idle is not None:
        values |= {"idle_from": instant(idle[0]), "now": instant(idle[1])}
    return values | {"arn": str(filled(kind.arn, values))}
