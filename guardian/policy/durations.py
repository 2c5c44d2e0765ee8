"""Durations as people write them: `30s`, `15m`, `4h`, `2d`, `1h30m`, or ISO 8601 `PT30M`."""

import re
from datetime import timedelta

LONGEST = timedelta(days=365)
"""A Step Functions execution lives no longer, so no wait can."""

SHORT = re.compile(
    r"(?:(?P<days>\d{1,9})d)?(?:(?P<hours>\d{1,9})h)?"
    r"(?:(?P<minutes>\d{1,9})m)?(?:(?P<seconds>\d{1,9})s)?",
    re.ASCII,
)
ISO = re.compile(
    r"P(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)


def parse_duration(text: str) -> timedelta:
    """The span that `text` stands for, at most a year, or ValueError."""
    found = SHORT.fullmatch(text) or ISO.fullmatch(text)
    parts = {unit: int(n) for unit, n in found.groupdict().items() if n} if found else {}
    if not parts:
        raise ValueError(f"{text!r} is not a duration: write 30s, 15m, 4h, 2d, 1h30m or PT30M")
    try:
        span = timedelta(**parts)
    except OverflowError:
        span = timedelta.max
    if span > LONGEST:
        raise ValueError(f"{text!r} is longer than a year")
    return span


def spoken(span: timedelta) -> str:
    """A duration as policies write it: `30m`, `1h30m`, `2d`."""
    seconds, parts = int(span.total_seconds()), []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
