"""A policy file back as YAML text. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from guardian.documents import Document, Json
from guardian.policy.durations import spoken
from guardian.policy.hours import Hours
from guardian.policy.model import (
    ALL_ENABLED,
    ALSO_OUTCOMES,
    Also,
    Exemption,
    KindSettings,
    PolicyFile,
)
from guardian.policy.nodes import Scalar
from guardian.policy.values import text as read_text

INDENT = "  "

_HARMLESS = re.compile(r"(?![0-9]{4}-)[A-Za-z0-9/]([A-Za-z0-9_ ./@+-]*[A-Za-z0-9_./@+-])?")
"""Without what YAML gives a meaning; a date is one to many readers, so it is quoted."""
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What one reader of YAML or another takes for something else than text."""


def render(file: PolicyFile) -> str:
    """The file as its writer might have written it: read again it says the same, only at other places."""
    return "\n".join((*_lines(_said(_document(file))), ""))


def _document(file: PolicyFile) -> Document:
    notify, limits = file.notify, file.limits
    digests: Document = {
        "channel": notify.channel,
        "digest": notify.digest,
        "timezone": notify.timezone,
        "quiet": notify.quiet,
        "sns": notify.sns,
    }
    warnings = _spans({"warn_before": notify.warn_before, "max_keep": notify.max_keep})
    return {
        "ou": file.ou,
        "mode": file.mode,
        "regions": ALL_ENABLED if file.regions == (ALL_ENABLED,) else _list(file.regions),
        "kinds": {key: _said(_kind(kind)) for key, kind in file.kinds.items()} or None,
        "exempt": [_said(_exemption(exempt)) for exempt in file.exempt] or None,
        "hours": _hours(file.hours),
        "notify": _said({**digests, **warnings}) or None,
        "also": [_said(_also(also)) for also in file.also] or None,
        "limits": _said({"stops_per_sweep": limits.stops_per_sweep}) or None,
        "locked": _list(file.locked),
    }


def _said(document: Document) -> Document:
    return {key: value for key, value in document.items() if value is not None}


def _list(texts: Sequence[str] | None) -> list[Json] | None:
    return list(texts) if texts else None


def _kind(said: KindSettings) -> Document:
    spans = _spans({"grace": said.grace, "idle": said.idle, "max_age": said.max_age})
    return {"mode": said.mode, **spans, "hours": _hours(said.hours)}


def _spans(spans: Mapping[str, timedelta | None]) -> Document:
    return {key: None if span is None else spoken(span) for key, span in spans.items()}


def _hours(hours: Hours | None) -> Document | None:
    if hours is None:
        return None
    said: Document = {
        "rests" if hours.rests else "applies": [str(window) for window in hours.windows],
        "timezone": hours.timezone,
        "holidays": _list([day.isoformat() for day in hours.holidays]),
    }
    return _said(said)


def _exemption(exempt: Exemption) -> Document:
    return {
        "tags": dict(exempt.tags) or None,
        "principal": exempt.principal or None,
        "accounts": _list(exempt.accounts),
        "id": exempt.id or None,
        "origin": exempt.origin or None,
        "reason": exempt.reason or None,
        "owner": exempt.owner or None,
        "expires": exempt.expires.isoformat() if exempt.expires else None,
    }


def _also(also: Also) -> Document:
    """What a reader takes for granted is left out."""
    return {
        "email": _list(also.email),
        "log": also.log or None,
        "start": also.start or None,
        "bus": also.bus or None,
        "retention": None if also.retention == Also.retention else spoken(also.retention),
        "outcomes": None if also.outcomes == ALSO_OUTCOMES else _list(also.outcomes),
        "kinds": _list(also.kinds),
    }


def _lines(document: Document) -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield f"{_scalar(key)}:"
            yield from (INDENT + line for line in _lines(value))
        elif isinstance(value, str | int):
            yield f"{_scalar(key)}: {_scalar(value)}"
        elif isinstance(value, Sequence):
            yield from _items(key, value)


def _items(key: str, values: Sequence[Json]) -> Iterator[str]:
    """Texts in one line, mappings below each other."""
    texts = [_scalar(value) for value in values if isinstance(value, str)]
    yield f"{key}: [{', '.join(texts)}]" if texts else f"{key}:"
    for value in values:
        if isinstance(value, Mapping):
            first, *rest = _lines(value)
            yield f"{INDENT}- {first}"
            yield from (f"{INDENT * 2}{line}" for line in rest)


def _scalar(value: str | int) -> str:
    if not isinstance(value, str) or _plain(value):
        return str(value)
    return f'"{"".join(map(_escaped, value))}"'


def _plain(value: str) -> bool:
    """Whether it is the same text to YAML without quotes."""
    if not _HARMLESS.fullmatch(value) or value.lower() in _WORDS:
        return False
    try:
        return read_text(Scalar(value, "")) == value
    except ValueError:  # a number
        return False


def _escaped(char: str) -> str:
    if char in {'"', "\\"}:
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08x}"
