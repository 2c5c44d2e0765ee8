"""Locked settings: what lies below may tighten them and not loosen them. Pure.

A lock binds the files below the one that says it. Naming other kinds loosens every setting of a kind that is governed
no more. Under a lock on `kinds` alone a further kind may be named with any settings: until then it was not governed.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from guardian.ids import OuPath
from guardian.places import Position, Problem
from guardian.policy.inheritance import FOR_EVERY_KIND, Chain, effective, rule_of, settings, source
from guardian.policy.model import Notify, Policy
from guardian.policy.tightness import Change, compare
from guardian.policy.words import said

_WORDS = {Change.LOOSER: "is looser than", Change.OTHER: "differs from"}


def violations(ou: OuPath, chain: Chain, notify: Notify) -> Iterator[Problem]:
    """Where the last file of a chain loosens what one above it has locked."""
    above = chain[:-1]
    if not any(other.locked for other in above):
        return
    before, after = (effective(ou, files, notify) for files in (above, chain))
    yield from _dropped(before, after, chain)
    yield from _exempted(before, chain)
    yield from _loosened(before, after, chain)


def _dropped(before: Policy, after: Policy, chain: Chain) -> Iterator[Problem]:
    kept, file = _keys(after), chain[-1]
    left_out: dict[Position, list[str]] = {}
    for rule in before.rules:
        key = rule.kind.key
        names = settings(replace(before, rules=(rule,)))
        locks = (_lock(name, chain[:-1]) for name in names if name.startswith("kinds."))
        lock = next(filter(None, locks), None)
        if lock and key not in kept:
            left_out.setdefault(lock, []).append(key)
    for lock, keys in left_out.items():
        message = f"kinds: governed above and left out here: {', '.join(keys)}; locked at {lock}"
        yield Problem(file.positions.get("kinds", file.ou_position), message)


def _exempted(before: Policy, chain: Chain) -> Iterator[Problem]:
    lock, file = _lock("exempt", chain[:-1]), chain[-1]
    known = settings(before)["exempt"]
    for number, exempt in enumerate(file.exempt):
        if lock and isinstance(known, Collection) and exempt not in known:
            name = f"exempt[{number}]"
            place = file.positions.get(name, file.ou_position)
            yield Problem(place, f"{name}: one more exemption, locked at {lock}")


def _loosened(before: Policy, after: Policy, chain: Chain) -> Iterator[Problem]:
    above, governed = chain[:-1], _keys(before)
    inherited = replace(before, rules=tuple(rule_of(rule.kind, above) for rule in after.rules))
    new = settings(after)
    found: dict[tuple[Position, str], list[str]] = {}
    for name, old in settings(inherited).items():
        words = _WORDS.get(compare(name, old, new[name]))
        lock = _lock(name, above, added=_is_added(name, governed))
        if words and lock and name != "exempt":
            origin = source(name, above) or "a default"
            change = f"{said(new[name])} {words} {said(old)} ({origin}), locked at {lock}"
            place = source(name, chain[-1:]) or chain[-1].ou_position
            found.setdefault((place, change), []).append(name)
    for (place, change), names in found.items():
        yield Problem(place, f"{_together(names)}: {change}")


def _together(names: Sequence[str]) -> str:
    """Several are what a file says for every kind at once."""
    return names[0] if len(names) == 1 else f"{names[0].split('.')[-1]} of {len(names)} kinds"


def _keys(policy: Policy) -> frozenset[str]:
    return frozenset(rule.kind.key for rule in policy.rules)


def _is_added(name: str, governed: Collection[str]) -> bool:
    return name.startswith("kinds.") and name.split(".")[1] not in governed


def _lock(name: str, above: Chain, *, added: bool = False) -> Position | None:
    """Where the first lock stands that covers a setting; `added` is one of a kind that is not governed above."""
    locks = ((file, number, lock) for file in above for number, lock in enumerate(file.locked))
    binding = (
        (f, n) for f, n, lock in locks if _covers(lock, name) and not (added and lock == "kinds")
    )
    return next((f.positions[f"locked[{n}]"] for f, n in binding), None)


def _covers(lock: str, name: str) -> bool:
    general = lock in FOR_EVERY_KIND and name.startswith("kinds.") and name.endswith(f".{lock}")
    return general or name == lock or name.startswith(f"{lock}.")
