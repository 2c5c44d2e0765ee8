"""Fills the placeholders of a kind's declaration: `{id}`, `{arn}`, `{account}` … Pure.

In one pass and never with str.format: an id is chosen by a stranger and may hold any character, braces too.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from guardian.aws.regions import partition_of
from guardian.documents import Document, Json, instant
from guardian.ids import Target
from guardian.kinds.base import Kind

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


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
    return {key: filled(item, values) for key, item in template.items()}


def values_of(
    kind: Kind, target: Target, identifier: str, idle: tuple[datetime, datetime] | None = None
) -> dict[str, str]:
    """What the placeholders stand for, of one resource; `idle` is the window of its idle read."""
    values = {
        "id": identifier,
        "id_lower": identifier.lower(),
        "account": target.account,
        "region": target.region,
        "partition": partition_of(target.region),
    }
    if idle is not None:
        values |= {"idle_from": instant(idle[0]), "now": instant(idle[1])}
    return values | {"arn": str(filled(kind.arn, values))}
