"""Hours of the day in which a rule applies or rests, in a time zone. Pure.

A window lies within one day. A holiday is no weekday but a day of its own kind: on it only those windows open
that name it, or that name no day at all.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = "holiday"
DAYS = (*WEEKDAYS, HOLIDAY)
MINUTES = 60
MIDNIGHT = 24 * MINUTES
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
"""The years whose changes of the clocks are known to a rule; before and after, the first and the last offset hold."""

Span = tuple[int, int]
"""From a minute of the day, up to and without another."""

WINDOW = re.compile(
    r"(?:(?P<days>[a-z]+(?:[-,][a-z]+)*) +)?(?P<from>\d\d:\d\d)-(?P<to>\d\d:\d\d)", re.ASCII
)


@dataclass(frozen=True)
class Window:
    """On these days, from a minute of the day up to another."""

    days: tuple[str, ...]
    span: Span

    def __str__(self) -> str:
        names = "" if self.days == DAYS else f"{','.join(_ranges(self.days))} "
        return f"{names}{_clock(self.span[0])}-{_clock(self.span[1])}"


@dataclass(frozen=True)
class Hours:
    """A rule rests inside its windows (`rests`) or outside of them."""

    timezone: str
    windows: tuple[Window, ...]
    rests: bool
    holidays: tuple[date, ...] = ()

    def resting(self) -> Mapping[str, tuple[Span, ...]]:
        """The minutes of each kind of day in which the rule rests, in order and apart."""
        inside = {day: _united(w.span for w in self.windows if day in w.days) for day in DAYS}
        return inside if self.rests else {day: _complement(s) for day, s in inside.items()}

    def rest_ends(self, now: datetime) -> datetime | None:
        """When the rest that `now` lies in ends, midnight at the latest; None where the rule applies."""
        local = now.astimezone(UTC) + offset_at(self.timezone, now)
        since_midnight = local - local.replace(hour=0, minute=0, second=0, microsecond=0)
        minute = since_midnight // timedelta(minutes=1)
        spans = self.resting()[self._day(local.date())]
        end = next((end for start, end in spans if start <= minute < end), None)
        return None if end is None else now + timedelta(minutes=end) - since_midnight

    def _day(self, day: date) -> str:
        return HOLIDAY if day in self.holidays else WEEKDAYS[day.weekday()]

    def __str__(self) -> str:
        windows = "; ".join(map(str, self.windows))
        holidays = f", holidays {', '.join(map(str, self.holidays))}" if self.holidays else ""
        return f"{'rests' if self.rests else 'applies'} {windows} {self.timezone}{holidays}"


def parse_window(text: str) -> Window:
    """`mon-fri 07:00-20:00`, `sat,sun,holiday 00:00-24:00` or, for every day, `07:00-20:00`; or ValueError."""
    found = WINDOW.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no window of hours such as mon-fri 07:00-20:00")
    start, end = _minute(found["from"]), _minute(found["to"])
    if start >= end:
        raise ValueError(
            f"{text!r} ends before it begins: a window lies within one day, write two "
            f"({found['from']}-24:00 and 00:00-{found['to']})"
        )
    return Window(_days(found["days"]) if found["days"] else DAYS, (start, end))


def _minute(clock: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    if minutes >= MINUTES or hours * MINUTES + minutes > MIDNIGHT:
        raise ValueError(f"{clock} is no time of day")
    return hours * MINUTES + minutes


def _clock(minute: int) -> str:
    return f"{minute // MINUTES:02}:{minute % MINUTES:02}"


def _days(text: str) -> tuple[str, ...]:
    named = {day for part in text.split(",") for day in _range(part)}
    return tuple(day for day in DAYS if day in named)


def _range(text: str) -> tuple[str, ...]:
    ends = text.split("-")
    for name in ends:
        if name not in DAYS:
            raise ValueError(f"{name!r} is no day: {', '.join(DAYS)}")
    if len(ends) == 1:
        return (text,)
    if len(ends) > len(("first", "last")) or HOLIDAY in ends:
        raise ValueError(f"{text!r} is no range of days such as mon-fri")
    first, last = map(WEEKDAYS.index, ends)
    count = (last - first) % len(WEEKDAYS) + 1  # fri-mon goes over the weekend
    return tuple(WEEKDAYS[(first + n) % len(WEEKDAYS)] for n in range(count))


def _ranges(days: tuple[str, ...]) -> Iterator[str]:
    """The days with those that follow each other as a range: `mon-fri`, `holiday`."""
    runs: list[list[str]] = []
    for day in days:
        follows = runs and day != HOLIDAY and DAYS.index(runs[-1][-1]) + 1 == DAYS.index(day)
        if follows:
            runs[-1].append(day)
        else:
            runs.append([day])
    return (run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _united(spans: Iterable[Span]) -> tuple[Span, ...]:
    united: list[Span] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return tuple(united)


def _complement(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    ends = [0, *(edge for span in spans for edge in span), MIDNIGHT]
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return tuple((start, end) for start, end in pairs if start < end)


def offset_at(timezone: str, now: datetime) -> timedelta:
    """What a zone's clocks are ahead of UTC."""
    table = offsets(timezone)
    index = bisect_right([since for since, _ in table], now) - 1
    return table[max(index, 0)][1]


@cache
def offsets(timezone: str) -> tuple[tuple[datetime, timedelta], ...]:
    """Every offset of a zone from `FIRST` to `LAST` with the moment (UTC) since when it holds."""
    zone = ZoneInfo(timezone)
    return ((FIRST, _offset(zone, FIRST)), *_changes(zone))


def _changes(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    day = FIRST
    while day < LAST:
        following = day + timedelta(days=1)
        if _offset(zone, day) != _offset(zone, following):
            yield _change(zone, day), _offset(zone, following)
        day = following


def _change(zone: ZoneInfo, day: datetime) -> datetime:
    """The minute of a day from which the next day's offset holds."""
    minutes = range(1, MIDNIGHT + 1)
    before = _offset(zone, day)
    first = bisect_right(
        minutes, 0, key=lambda m: int(_offset(zone, day + timedelta(minutes=m)) != before)
    )
    return day + timedelta(minutes=minutes[first])


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
