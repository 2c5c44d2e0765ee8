"""When a rule rests, as JSONata: the hours of `guardian.policy.hours` with the changes of the clocks written out.

Step Functions knows no time zones. `$ends` becomes the milliseconds at which the rest that `$now` lies in ends, and
does not exist where the rule applies.
"""

from collections.abc import Iterable, Iterator, Mapping

from guardian.policy.hours import DAYS, HOLIDAY, MIDNIGHT, WEEKDAYS, Hours, Span, offsets

MINUTE = 60_000
DAY = MIDNIGHT * MINUTE
EPOCH_DAY = DAYS.index("thu")
"""1970-01-01 was a Thursday."""

Week = Mapping[tuple[Span, ...], tuple[int, ...]]
"""The kinds of days, by their numbers, that rest at the same minutes."""


def definitions(hours: Hours) -> Mapping[str, str]:
    """The variables that lead to `$ends`, in order; none where the rule never rests."""
    week = _week(hours)
    if not week:
        return {}
    day = f"($floor($local / {DAY}) + {EPOCH_DAY}) % 7"
    if hours.holidays:
        dates = " ".join(map(str, hours.holidays))
        today = "$substring($fromMillis($local), 0, 10)"
        day = f'$contains("{dates}", {today}) ? {DAYS.index(HOLIDAY)} : {day}'
    chosen = ((_among(days, hours), f"({_end(spans)})") for spans, days in week.items())
    return {
        "local": f"$now + {MINUTE} * {_offset(hours.timezone)}",
        "day": day,
        "minute": f"$floor($local % {DAY} / {MINUTE})",
        "rest": _chosen(chosen),
        "ends": f"$now - $local % {DAY} + $rest * {MINUTE}",
    }


def _week(hours: Hours) -> Week:
    week: dict[tuple[Span, ...], tuple[int, ...]] = {}
    for day, spans in hours.resting().items():
        if spans and day in _days(hours):
            week[spans] = (*week.get(spans, ()), DAYS.index(day))
    return week


def _offset(timezone: str) -> str:
    """Minutes ahead of UTC, by how many changes of the clocks have been."""
    table = offsets(timezone)
    minutes = [int(offset.total_seconds()) // 60 for _, offset in table]
    if len(minutes) == 1:
        return str(minutes[0])
    # To the minute, and two that take turns instead of all: a template holds 51,200 bytes.
    since = ",".join(str(int(moment.timestamp()) // 60) for moment, _ in table[1:])
    passed = f"$count($filter([{since}], function($m) {{$m * {MINUTE} <= $now}}))"
    if minutes == (minutes[:2] * len(minutes))[: len(minutes)]:
        return f"({passed} % 2 = 0 ? {minutes[0]} : {minutes[1]})"
    return f"[{','.join(map(str, minutes))}][{passed}]"


def _days(hours: Hours) -> tuple[str, ...]:
    return DAYS if hours.holidays else WEEKDAYS


def _among(days: tuple[int, ...], hours: Hours) -> str:
    every = len(days) == len(_days(hours))
    return "" if every else f"$day in [{','.join(map(str, days))}]"


def _end(spans: Iterable[Span]) -> str:
    """The minute at which the span ends that `$minute` lies in."""
    return _chosen((" and ".join(_within(*span)), str(span[1])) for span in spans)


def _within(start: int, end: int) -> Iterator[str]:
    if start > 0:
        yield f"$minute >= {start}"
    if end < MIDNIGHT:
        yield f"$minute < {end}"


def _chosen(choices: Iterable[tuple[str, str]]) -> str:
    """The value of the first condition that holds; nothing where none does. An empty one always holds."""
    return " : ".join(
        f"{condition} ? {value}" if condition else value for condition, value in choices
    )
