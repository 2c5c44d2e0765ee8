"""Looks whether the policies changed, and lets them hold only when all of them are right together."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from guardian.errors import InputError
from guardian.policy.model import PolicyFile
from guardian.policy.source import PolicyText, fingerprint
from guardian.ports import NoticeBoard, PolicySource

Check = Callable[[tuple[PolicyText, ...]], tuple[PolicyFile, ...]]
"""Makes policies of texts. Raises InputError where they are wrong, or do not fit the organization."""


@dataclass(frozen=True)
class Broken:
    """Policies that do not hold because something is wrong with them; `hash` is theirs."""

    hash: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class PolicyState:
    """The policies that hold, since when, and those that were found after them and are wrong.

    `seen` is what was there at the last look, and `among` what the organization then was: a set that did not fit may
    fit when it has changed.
    """

    files: tuple[PolicyFile, ...]
    good_hash: str
    since: datetime
    broken: Broken | None = None
    seen: str = ""
    among: object = None


@dataclass(frozen=True)
class Notice:
    """A short message for the organization's channel, under a key.

    `other` is the key of its opposite, and `answers` says that it makes sense only after that.
    """

    key: str
    lines: tuple[str, ...]
    other: str
    answers: bool = False


def begin(source: PolicySource, check: Check, now: datetime) -> PolicyState:
    """The first policies. Raises InputError where they are wrong: there is nothing that could hold instead."""
    texts = source.read()
    found = fingerprint(texts)
    return PolicyState(check(texts), found, now, seen=found)


def reload_once(
    source: PolicySource, state: PolicyState, check: Check, now: datetime, among: object = None
) -> PolicyState:
    """Look once: the state that holds from now on.

    What is found has to be found twice in a row before it counts, for somebody may be in the middle of writing it. A
    set that is wrong is checked again only when it changed, or when `among` did. Raises AccessDenied, Unavailable:
    nobody knows then, and all stays as it is.
    """
    try:
        texts = source.read()
        found = fingerprint(texts)
    except InputError as error:
        return _unreadable(state, error, among)
    looked = replace(state, seen=found, among=among)
    if found == state.good_hash:
        return replace(looked, broken=None)
    if found != state.seen or _is_known_broken(state, found, among):
        return replace(looked, among=state.among)
    try:
        return PolicyState(check(texts), found, now, None, found, among)
    except InputError as error:
        return replace(looked, broken=Broken(found, error.problems))


def _is_known_broken(state: PolicyState, found: str, among: object) -> bool:
    return state.broken is not None and state.broken.hash == found and state.among == among


def _unreadable(state: PolicyState, error: InputError, among: object) -> PolicyState:
    found = unfit(error)
    broken = found if found.hash == state.seen else state.broken
    return replace(state, seen=found.hash, among=among, broken=broken)


def unfit(error: InputError) -> Broken:
    """Policies of which nothing is known but what is wrong with them."""
    said = "\n".join(error.problems).encode("utf-8", "surrogateescape")
    return Broken(hashlib.sha256(said).hexdigest(), error.problems)


def news(before: Broken | None, after: Broken | None) -> Notice | None:
    """What people should be told when `after` is wrong and `before` was; None where it is no news to them."""
    if after and (before is None or before.hash != after.hash):
        said = "The policies are broken: the last good ones go on to hold"
        return Notice(_broken(after), (said, *after.problems), _right(after))
    if before and not after:
        said = "The policies are right again, and hold"
        return Notice(_right(before), (said,), _broken(before), answers=True)
    return None


def _broken(broken: Broken) -> str:
    return f"policies {broken.hash} broken"


def _right(broken: Broken) -> str:
    return f"policies {broken.hash} right again"


def tell_once(board: NoticeBoard, channel: str, notice: Notice) -> str | None:
    """Post a notice; answer its reference, or None where the channel knows already.

    What the channel was told last decides, so that neither a restart nor a second guardian repeats it, and the same
    mistake made anew is told anew. Raises AccessDenied, Refused, Unavailable.
    """
    last = board.latest(channel, (notice.key, notice.other))
    if last == notice.key or (notice.answers and last is None):
        return None
    return board.announce_notice(notice.key, channel, notice.lines)
