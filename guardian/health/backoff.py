"""How much less often a job runs that fails again and again. Pure."""

from datetime import timedelta

LONGEST = timedelta(minutes=5)
"""Only jobs that run more often than this wait longer than they do otherwise: the others leave AWS alone anyway."""
MOST_DOUBLINGS = 10
"""Of a second: they come to more than the longest pause."""


def pause(every: timedelta, failures: int) -> timedelta:
    """How long it is from a run to the next, after so many failures in a row.

    Twice as long with each failure after the first, up to five minutes, and never less than `every`.
    """
    times: int = 2 ** min(max(0, failures - 1), MOST_DOUBLINGS)
    return max(every, min(every * times, LONGEST))
