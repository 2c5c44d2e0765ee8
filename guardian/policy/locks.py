"""Locked settings: what lies below may tighten them and not loosen them. Pure."""

from collections.abc import Iterator

from guardian.ids import OuPath
from guardian.places import Position, Problem
from guardian.policy.inheritance import FOR_EVERY_KIND, Chain, effective, settings, source
from guardian.policy.model import Notify, PolicyFile
from guardian.policy.tightness import Change, compare
from guardian.policy.words import said


def violations(ou: OuPath, chain: Chain, notify: Notify) -> Iterator[Problem]:
    """Where the last file of a chain loosens what one above it has locked."""
    above = chain[:-1]
    if not any(other.locked for other in above):
        return
    before, after = (settings(effective(ou, files, notify)) for files in (above, chain))
    for name, old in before.items():
        lock = _lock(name, above)
        if lock is None:
            continue
        if name not in after:
            yield _problem(name, "is governed no more, and it was by", lock, above, chain)
        elif compare(name, old, after[name]) in {Change.LOOSER, Change.OTHER}:
            words = f"{said(after[name])} is looser than {said(old)}, which stands at"
            yield _problem(name, words, lock, above, chain)


def _problem(name: str, words: str, lock: Position, above: Chain, chain: Chain) -> Problem:
    old = source(name, above) or "a default"
    place = source(name, chain[-1:]) or _nearby(name, chain[-1])
    return Problem(place, f"{name}: {words} {old} and is locked at {lock}")


def _nearby(name: str, file: PolicyFile) -> Position:
    """Where a file says something that changes a setting without naming it."""
    return file.positions.get(name.partition(".")[0], file.ou_position)


def _lock(name: str, above: Chain) -> Position | None:
    locks = ((file, number, lock) for file in above for number, lock in enumerate(file.locked))
    return next((f.positions[f"locked[{n}]"] for f, n, lock in locks if _covers(lock, name)), None)


def _covers(lock: str, name: str) -> bool:
    general = lock in FOR_EVERY_KIND and name.startswith("kinds.") and name.endswith(f".{lock}")
    return general or name == lock or name.startswith(f"{lock}.")
