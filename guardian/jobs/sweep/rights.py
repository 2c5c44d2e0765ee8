"""What a sweep may do in an account: less than the member role may, and only what it is about to do."""

from collections.abc import Iterable, Iterator

from guardian.kinds.base import Call, Kind
from guardian.policy.model import Rule
from guardian.stack.access import WHO_STARTED
from guardian.stack.state_machine import permissions


def to_look(rules: Iterable[Rule], intended: Iterable[Kind] = ()) -> tuple[Call, ...]:
    """To list, to look and to ask who started something. `intended` are kinds of which stops are made sure of."""
    rules = tuple(rules)
    listings = [call for rule in rules for call in rule.kind.listing.calls]
    reads = [call for rule in rules for call in _reads(rule)]
    looks = [call for kind in intended for call in kind.reads.values()]
    return (*listings, *reads, *looks, WHO_STARTED)


def to_stop(rules: Iterable[Rule]) -> tuple[Call, ...]:
    """To look a last time, to stop, and to see it end."""
    rules = tuple(rules)
    reads = [call for rule in rules for call in _reads(rule)]
    return (*reads, *(rule.kind.stop for rule in rules), WHO_STARTED)


def to_keep(kind: Kind) -> tuple[Call, ...]:
    """To look at one and to write the tag that keeps it alive."""
    return (*kind.reads.values(), *((kind.keep,) if kind.keep else ()))


def _reads(rule: Rule) -> Iterator[Call]:
    return (call for call in permissions(rule) if call != rule.kind.stop)
