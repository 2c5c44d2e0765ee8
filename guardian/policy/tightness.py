"""Whether a setting became tighter or looser: a tighter one stops more, or allows less. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import cast

from guardian.ids import Region
from guardian.policy.hours import HOLIDAY, WEEKDAYS, Hours, Span
from guardian.policy.inheritance import Value
from guardian.policy.model import ALL_ENABLED, Exemption, Mode


class Change(StrEnum):
    SAME = "same"
    TIGHTER = "tighter"
    LOOSER = "looser"
    OTHER = "other"
    """Neither: tighter here and looser there, or a matter of taste."""


def compare(name: str, old: Value, new: Value) -> Change:
    """What became of the setting of this dotted name."""
    if old == new:
        return Change.SAME
    scale = _SCALES.get(name.rpartition(".")[2])
    if scale is None:
        return Change.OTHER
    return _CHANGES[scale(old, new), scale(new, old)]


# By: the old one is at least as tight as the new one, and the other way round.
_CHANGES = {
    (True, True): Change.SAME,
    (True, False): Change.LOOSER,
    (False, True): Change.TIGHTER,
    (False, False): Change.OTHER,
}


def _stops(one: Value, other: Value) -> bool:
    return one is Mode.STOP or other is Mode.OBSERVE


def _shorter(one: Value, other: Value) -> bool:
    """No such condition is the tightest."""
    return cast("timedelta", one or timedelta()) <= cast("timedelta", other or timedelta())


def _lower(one: Value, other: Value) -> bool:
    """No bound is the loosest."""
    return other is None or (one is not None and cast("int", one) <= cast("int", other))


def _more_regions(one: Value, other: Value) -> bool:
    mine, others = cast("Collection[Region]", one), cast("Collection[Region]", other)
    return ALL_ENABLED in mine or set(others) <= set(mine)


def _fewer_exemptions(one: Value, other: Value) -> bool:
    mine, others = cast("Collection[Exemption]", one), cast("Collection[Exemption]", other)
    return all(exempt in others for exempt in mine)


def _less_rest(one: Value, other: Value) -> bool:
    mine, others = cast("Hours | None", one), cast("Hours | None", other)
    if mine is None or not any(mine.resting().values()):
        return True
    if others is None or mine.timezone != others.timezone:
        return False
    resting, allowed = mine.resting(), others.resting()
    return all(_within(resting[day], allowed[same]) for day, same in _days(mine, others))


def _days(one: Hours, other: Hours) -> Iterator[tuple[str, str]]:
    """What each sort of day is to one and to the other: the weekdays, and every holiday of either."""
    yield from ((day, day) for day in WEEKDAYS)
    for holiday in {*one.holidays, *other.holidays}:
        weekday = WEEKDAYS[holiday.weekday()]
        yield (
            HOLIDAY if holiday in one.holidays else weekday,
            HOLIDAY if holiday in other.holidays else weekday,
        )


def _within(spans: Collection[Span], others: Collection[Span]) -> bool:
    return all(
        any(first <= start and end <= last for first, last in others) for start, end in spans
    )


_SCALES: Mapping[str, Callable[[Value, Value], bool]] = {
    "mode": _stops,
    "grace": _shorter,
    "idle": _shorter,
    "max_age": _lower,
    "max_keep": _lower,
    "regions": _more_regions,
    "exempt": _fewer_exemptions,
    "hours": _less_rest,
    "stops_per_sweep": _lower,
}
