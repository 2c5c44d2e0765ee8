"""Takes secrets out of what is logged. Pure.

A log is read by more people than guardian's settings. What may be a secret is not told: rather a word too few.
"""

import re
from collections.abc import Callable, Iterable, Mapping

HIDDEN = "[redacted]"
SECRET_WORDS = frozenset(
    {
        "apikey",
        "authorization",
        "cookie",
        "credential",
        "credentials",
        "passwd",
        "password",
        "passwords",
        "secret",
        "secrets",
        "signature",
        "token",
        "tokens",
    }
)
"""A key that has one of these words in it has a secret under it."""
SECRET_KEYS = frozenset({"code", "statement", "statements"})
"""People's own code, in sessions and notebooks, under exactly these."""
DEEPEST = 20
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_KEYS = "|".join(sorted(SECRET_WORDS, key=len, reverse=True))
_PATTERNS: tuple[re.Pattern[str], ...] = (
    re.compile(r"xox[a-z]?(?:\.xox[a-z])?-[A-Za-z0-9-]+|xapp-[A-Za-z0-9-]+"),  # Slack's tokens
    re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{12,}"),  # ids of AWS keys
    re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)AWS4-HMAC-SHA256[^\n\"']*"),
    # Session tokens, and AWS's secret keys of forty characters, also after a written \\n; hashes have no capitals.
    re.compile(r"[A-Za-z0-9+/]{100,}={0,2}"),
    re.compile(
        r"(?:(?<![A-Za-z0-9+/])|(?<=\\[nrt]))(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[0-9])"
        r"[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/])"
    ),
)
_NAMED = re.compile(
    rf"(?i)((?:{_KEYS})[\w-]{{0,30}}[\"']?\s*[:=]\s*[\"']?)((?:bearer|basic)\s+)?([^\s\"',;&}}\]]+)"
)
"""A secret under its name in a text: `token=…`, `"SecretAccessKey": "…"`, `X-Amz-Security-Token: …`."""


def redacted(entry: Mapping[str, object]) -> dict[str, object]:
    """A log entry without what may be a secret. Values that are no JSON come as text."""
    return {_text(str(key)): _value(str(key), value, 0) for key, value in entry.items()}


def _value(key: str, value: object, depth: int) -> object:
    if _is_secret(key):
        return HIDDEN if value not in (None, "") else value
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= DEEPEST:
        return HIDDEN
    if isinstance(value, Mapping):
        inner: Iterable[tuple[object, object]] = value.items()
        return {_text(str(k)): _value(str(k), v, depth + 1) for k, v in inner}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value("", each, depth + 1) for each in value]
    return _text(value if isinstance(value, str) else _told(value))


def _told(value: object) -> str:
    # What cannot even be told must not keep the rest of the line from being written.
    told: Callable[[object], str] = str if isinstance(value, BaseException) else repr
    return told(value)


def _is_secret(key: str) -> bool:
    words = {word.lower() for word in _WORDS.findall(key)}
    return bool(words & SECRET_WORDS) or key.lower() in SECRET_KEYS or key.lower() in SECRET_WORDS


def _text(text: str) -> str:
    for pattern in _PATTERNS:
        text = pattern.sub(HIDDEN, text)
    return _NAMED.sub(rf"\g<1>{HIDDEN}", text)
