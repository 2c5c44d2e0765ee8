"""Moments and spans as people write them in options."""

from datetime import datetime

from guardian.documents import moment
from guardian.errors import InputError
from guardian.policy.durations import parse_duration


def parse_when(option: str, text: str, now: datetime) -> datetime:
    """The moment of `7d` (so long ago), `2026-11-23` or `2026-11-23T09:00Z`; UTC where no zone is said.

    Raises InputError, which names the option.
    """
    try:
        return moment(text) or now - parse_duration(text)
    except (ValueError, OverflowError) as error:  # a moment before year 1 overflows
        raise InputError(
            f"{option}: {text!r} is no moment: write 7d, 2026-11-23 or 2026-11-23T09:00Z"
        ) from error
