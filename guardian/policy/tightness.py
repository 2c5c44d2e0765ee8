"""Whether a setting became tighter or looser: a tighter one stops more, or allows less. Pure."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import cast

from guardian.ids import Region
from guardian.policy.hours import Hours, Span
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
    if one is None or other is None:
        return one is None
    mine, others = cast("Hours", one), cast("Hours", other)
    if (mine.timezone, set(mine.holidays)) != (others.timezone, set(others.holidays)):
        return False
    return _within(mine.resting(), others.resting())


def _within(one: Mapping[str, Collection[Span]], other: Mapping[str, Collection[Span]]) -> bool:
    return all(
        any(first <= start and end <= last for first, last in other[day])
        for day, spans in one.items()
        for start, end in spans
    )


_SCALES: Mapping[str, Callable[[Value, Value], bool]] = {
    "mode": _stops,
    "grace": _shorter,
    "idle": _shorter,
    "max_age": _lower,
    "regions": _more_regions,
    "exempt": _fewer_exemptions,
    "hours": _less_rest,
    "stops_per_sweep": _lower,
}
