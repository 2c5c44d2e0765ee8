"""What `guardian diff` prints: lines that read well in a terminal and, as Markdown, in a pull request."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from guardian.diff import Changed, Locked, Placed, PolicyDiff
from guardian.documents import Document, Json
from guardian.organization import Account
from guardian.policy.changes import SettingChange
from guardian.policy.model import Mode
from guardian.policy.tightness import Change
from guardian.terminal import clean

FEW = 5
"""So many accounts are named; of the others there is a count."""
DIRECTIONS = {Change.TIGHTER: "stricter", Change.LOOSER: "looser"}
_OF_A_KIND = re.compile(r"kinds\.([^.]+)\.([^.]+)")
_PLAIN = re.compile(r"[\w ./:;,+()%-]*")


def lines(diff: PolicyDiff) -> Iterator[str]:
    """The difference in words; without any, only that no account changes."""
    yield from (f"- {_placed(placed)}" for placed in diff.placed)
    for governed in diff.governed:
        who = _accounts(governed.accounts)
        many = _count(governed.accounts, "becomes", "become")
        yield f"- {many} governed by {governed.policy}: {who}"
    for released in diff.released:
        many, who = _count(released.accounts, "is", "are"), _accounts(released.accounts)
        yield f"- {many} governed by {released.policy} no more: {who}; {_safe(released.reason)}"
    for changed in diff.changed:
        yield f"- {_changed(changed)}"
        yield from (f"  - {line}" for line in _settings(changed.settings))
    yield from (f"- {_locked(locked)}" for locked in diff.locked)
    yield from () if diff.empty else ("",)
    yield f"{diff.accounts} of {diff.all_accounts} accounts change"


def _placed(placed: Placed) -> str:
    old, new = (_safe(ou) if ou else "" for ou in (placed.old, placed.new))
    if not old:
        return f"policy {placed.policy} is new, for {new}"
    if not new:
        return f"policy {placed.policy} is gone, it was for {old}"
    return f"policy {placed.policy} is for {new} now, it was for {old}"


def _count(accounts: Sequence[Account], one: str, many: str) -> str:
    return f"1 account {one}" if len(accounts) == 1 else f"{len(accounts) or 'no'} accounts {many}"


def _accounts(accounts: Sequence[Account]) -> str:
    named = ", ".join(f"{_safe(account.name)} ({account.id})" for account in accounts[:FEW])
    return _and_more(named, len(accounts) - FEW)


def _and_more(named: str, more: int) -> str:
    return f"{named} and {more} more" if more > 0 else named


def _changed(changed: Changed) -> str:
    names = _and_more(", ".join(changed.policies[:FEW]), len(changed.policies) - FEW)
    policy = "policy" if len(changed.policies) == 1 else "policies"
    under = f"under {_safe(changed.ou)}"
    who = f": {_accounts(changed.accounts)}" if changed.accounts else ""
    if changed.before is None:
        return f"{_count(changed.accounts, under, under)} ({policy} {names}){who}"
    many = _count(changed.accounts, f"{under} changes", f"{under} change")
    same = "" if changed.settings else ", and no setting changes"
    return f"{many} from policy {changed.before} to {names}{same}{who}"


def _settings(changes: Iterable[SettingChange]) -> Iterator[str]:
    """A line for each; what changes in the same way for several kinds is one."""
    alike: defaultdict[SettingChange, list[str]] = defaultdict(list)
    for each in changes:
        found = _OF_A_KIND.fullmatch(each.setting)
        if found:
            alike[replace(each, setting=found[2])].append(found[1])
        else:
            alike[each] = []
    for each, kinds in alike.items():
        direction = DIRECTIONS.get(each.change)
        yield f"{_line(each, kinds)} ({direction})" if direction else _line(each, kinds)


def _line(change: SettingChange, kinds: Sequence[str]) -> str:
    name, old, new = change.setting, _safe(change.old), _safe(change.new)
    if name == "mode":
        return _mode(change.new, kinds)
    if change.old and change.new:
        where = f"kinds.{kinds[0]}.{name}" if len(kinds) == 1 else name
        others = f" for {', '.join(kinds)}" if len(kinds) > 1 else ""
        return f"{where} {old} -> {new}{others}"
    if not name.startswith("kinds."):
        return f"{name} + {new}" if change.new else f"{name} - {old}"
    kind = name.removeprefix("kinds.")
    return f"{kind} is governed now: {new}" if change.new else f"{kind} is governed no more"


def _mode(new: str, kinds: Sequence[str]) -> str:
    are, were = ("is", "it was") if len(kinds) == 1 else ("are", "they were")
    stopped = new == Mode.STOP
    now, then = ("stopped", "only observed") if stopped else ("only observed", "stopped")
    return f"{', '.join(kinds)} {are} {now} now, {were} {then}"


def _locked(locked: Locked) -> str:
    does = "locks" if locked.change is Change.TIGHTER else "no longer locks"
    return f"policy {locked.policy} {does} {locked.setting} ({DIRECTIONS[locked.change]})"


def _safe(text: str) -> str:
    """Foreign text; as code where Markdown might give it a meaning."""
    shown = clean(text)
    if _PLAIN.fullmatch(shown):
        return shown
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    edge = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def document(diff: PolicyDiff) -> Document:
    """The difference as JSON; accounts are told by their ids."""
    return {
        "accounts": {"changed": diff.accounts, "all": diff.all_accounts},
        "policies": [{"policy": p.policy, "old": p.old, "new": p.new} for p in diff.placed],
        "governed": [{"policy": g.policy, "accounts": _ids(g.accounts)} for g in diff.governed],
        "released": [
            {"policy": r.policy, "reason": r.reason, "accounts": _ids(r.accounts)}
            for r in diff.released
        ],
        "changed": [_changed_document(changed) for changed in diff.changed],
        "locks": [
            {"policy": lock.policy, "setting": lock.setting, "change": DIRECTIONS[lock.change]}
            for lock in diff.locked
        ],
    }


def _changed_document(changed: Changed) -> Document:
    return {
        "path": changed.ou,
        "policies": list(changed.policies),
        "before": changed.before,
        "accounts": _ids(changed.accounts),
        "settings": [
            {
                "name": each.setting,
                "old": each.old or None,
                "new": each.new or None,
                "change": DIRECTIONS.get(each.change, "other"),
            }
            for each in changed.settings
        ],
    }


def _ids(accounts: Iterable[Account]) -> list[Json]:
    return [account.id for account in accounts]
