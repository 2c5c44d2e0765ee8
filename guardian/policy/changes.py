"""What changes between two policies, setting by setting, and whether that is tighter or looser. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from guardian.policy.inheritance import Value, settings
from guardian.policy.model import ALL_ENABLED, Also, Exemption, Policy, Rule
from guardian.policy.tightness import Change, compare
from guardian.policy.words import also_words, said


@dataclass(frozen=True)
class SettingChange:
    """Of one setting, by its dotted name, `old` to `new` in words; a thing that was added or dropped has only one.

    Of regions, exemptions, kinds and what else is to happen only what was added or dropped is told.
    """

    setting: str
    old: str
    new: str
    change: Change


def changes(old: Policy, new: Policy) -> Iterator[SettingChange]:
    """What is to be said of a policy that takes another one's place; nothing where both mean the same."""
    yield from _kinds(old, new)
    before, after = settings(old), settings(new)
    for name, value in before.items():
        if name not in after or compare(name, value, after[name]) is Change.SAME:
            continue
        if _is_set(value) and _is_set(after[name]):
            yield from _items(name, value, after[name])
        else:
            change = compare(name, value, after[name])
            yield SettingChange(name, said(value), said(after[name]), change)


def _kinds(old: Policy, new: Policy) -> Iterator[SettingChange]:
    before, after = ({rule.kind.key: rule for rule in policy.rules} for policy in (old, new))
    for key in sorted(after.keys() - before.keys()):
        yield SettingChange(f"kinds.{key}", "", _in_words(new, after[key]), Change.TIGHTER)
    for key in sorted(before.keys() - after.keys()):
        yield SettingChange(f"kinds.{key}", _in_words(old, before[key]), "", Change.LOOSER)


def _in_words(policy: Policy, rule: Rule) -> str:
    own = settings(replace(policy, rules=(rule,)))
    named = {name.rpartition(".")[2]: own[name] for name in own if name.startswith("kinds.")}
    return ", ".join(f"{name} {said(value)}" for name, value in named.items() if value is not None)


def _is_set(value: Value) -> bool:
    return isinstance(value, tuple) and ALL_ENABLED not in value


def _items(name: str, old: Value, new: Value) -> Iterator[SettingChange]:
    before, after = (value if isinstance(value, tuple) else () for value in (old, new))
    added = [item for item in after if item not in before]
    dropped = [item for item in before if item not in after]
    for words in _told(added):
        yield SettingChange(name, "", words, compare(name, before, (*before, *added)))
    for words in _told(dropped):
        yield SettingChange(name, words, "", compare(name, (*after, *dropped), after))


def _told(items: Sequence[str | Exemption | Also]) -> Iterator[str]:
    """Regions together, everything else for itself."""
    names = [item for item in items if isinstance(item, str)]
    exemptions = [", ".join(_exemption(item)) for item in items if isinstance(item, Exemption)]
    yield from [", ".join(names)] if names else []
    others = [also_words(item) for item in items if isinstance(item, Also)]
    yield from dict.fromkeys((*exemptions, *others))


def _exemption(exempt: Exemption) -> Iterator[str]:
    """All of it: two that differ at all differ in their words."""
    yield from (f"tag {key}={value}" for key, value in sorted(exempt.tags.items()))
    patterns = {"principal": exempt.principal, "id": exempt.id, "origin": exempt.origin}
    yield from (f"{name} {pattern}" for name, pattern in patterns.items() if pattern)
    if exempt.accounts:
        yield f"accounts {' '.join(exempt.accounts)}"
    if exempt.reason:
        yield f'because of "{exempt.reason}"'
    if exempt.owner:
        yield f"owner {exempt.owner}"
    if exempt.expires:
        yield f"until {exempt.expires}"
