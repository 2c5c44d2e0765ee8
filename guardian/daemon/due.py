"""When a digest was last due, by the clock on somebody's wall. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from guardian.policy.model import Notify

LOOKBACKS = (timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=367))


def last_due(notify: Notify, now: datetime) -> datetime:
    """The last moment at which the cron was due; `now` where it never was in a year."""
    trigger = CronTrigger.from_crontab(notify.digest, ZoneInfo(notify.timezone))
    for lookback in LOOKBACKS:
        last = max(_due(trigger, now - lookback, now), default=None)
        if last is not None:
            return last.astimezone(now.tzinfo)
    return now


def _due(trigger: CronTrigger, since: datetime, until: datetime) -> Iterator[datetime]:
    """The moments in UTC at which a cron is due from `since` to `until`.

    In an hour that clocks go through twice it is due the first time only. The trigger is not asked for what comes after
    an answer of its own: in that hour it would go round for ever.
    """
    moment = since.astimezone(UTC)
    while moment <= until:
        due = trigger.get_next_fire_time(None, moment)
        if due is None or due.timestamp() > until.timestamp():
            return
        found = datetime.fromtimestamp(due.timestamp(), UTC)
        if found >= moment and not found.astimezone(trigger.timezone).fold:
            yield found
        moment = max(found, moment) + timedelta(minutes=1)
