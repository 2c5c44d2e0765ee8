"""What people are told of a window: the numbers, what was stopped, kept and found, and what it was worth. Pure."""

from guardian.digest.compose import compose
from guardian.digest.days import begins_week
from guardian.digest.document import document
from guardian.digest.history import NO_PAST, Past, past_of
from guardian.digest.model import (
    Audience,
    Breakdown,
    Digest,
    Expiring,
    Keeper,
    Mean,
    Money,
    Noticed,
    Priced,
    Row,
    Window,
)
from guardian.digest.worth import BASIS, avoided, title, total

__all__ = [
    "BASIS",
    "NO_PAST",
    "Audience",
    "Breakdown",
    "Digest",
    "Expiring",
    "Keeper",
    "Mean",
    "Money",
    "Noticed",
    "Past",
    "Priced",
    "Row",
    "Window",
    "avoided",
    "begins_week",
    "compose",
    "document",
    "past_of",
    "title",
    "total",
]
