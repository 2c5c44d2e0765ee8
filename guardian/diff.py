"""What a change of policy files comes to: which accounts it touches, and where it is stricter or looser. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from guardian.ids import ROOT, OuPath, Slug, ancestors
from guardian.organization import Account, Organization
from guardian.policy.changes import SettingChange, changes
from guardian.policy.model import Policy, PolicyFile
from guardian.policy.resolve import Governance
from guardian.policy.tightness import Change


@dataclass(frozen=True)
class Policies:
    """The files of one side and what they come to in the organization."""

    files: tuple[PolicyFile, ...]
    governance: Governance


@dataclass(frozen=True)
class Placed:
    """A policy that is new, gone or for another OU."""

    policy: Slug
    old: OuPath | None
    new: OuPath | None


@dataclass(frozen=True)
class Governed:
    """Accounts that become governed."""

    accounts: tuple[Account, ...]
    policy: Slug


@dataclass(frozen=True)
class Released:
    """Accounts that are governed no more; `policy` is the one that did."""

    accounts: tuple[Account, ...]
    policy: Slug
    reason: str


@dataclass(frozen=True)
class Changed:
    """Accounts that stay governed and for which the same changes: none where a policy has no account yet.

    `ou` is the nearest that they all lie below, `before` the policy they had where it was another one.
    """

    accounts: tuple[Account, ...]
    ou: OuPath
    policies: tuple[Slug, ...]
    before: Slug | None
    settings: tuple[SettingChange, ...]


@dataclass(frozen=True)
class Locked:
    """A setting that a policy locks from now on (tighter), or no more (looser)."""

    policy: Slug
    setting: str
    change: Change


@dataclass(frozen=True)
class PolicyDiff:
    """`all_accounts` is how many there are in the organization."""

    all_accounts: int
    placed: tuple[Placed, ...] = ()
    governed: tuple[Governed, ...] = ()
    released: tuple[Released, ...] = ()
    changed: tuple[Changed, ...] = ()
    locked: tuple[Locked, ...] = ()

    @property
    def accounts(self) -> int:
        """How many accounts change."""
        groups: tuple[Governed | Released | Changed, ...]
        groups = (*self.governed, *self.released, *self.changed)
        return sum(len(group.accounts) for group in groups)

    @property
    def empty(self) -> bool:
        """Whether both sides mean the same."""
        return self == PolicyDiff(self.all_accounts)


Fates = Mapping[tuple[Slug | None, Slug | None], list[Account]]
"""The accounts by the policies they had and have."""


def diff(old: Policies, new: Policies, organization: Organization) -> PolicyDiff:
    """What becomes of the organization's accounts when `new` takes the place of `old`."""
    fates = _fates(old, new, organization)
    return PolicyDiff(
        all_accounts=len(organization.accounts),
        placed=tuple(_placed(_by_slug(old), _by_slug(new))),
        governed=tuple(
            Governed(tuple(accounts), after)
            for (before, after), accounts in fates.items()
            if before is None and after is not None
        ),
        released=tuple(_released(fates, new.governance)),
        changed=tuple(_changed(fates, _by_slug(old), _by_slug(new))),
        locked=tuple(_locked(_locks(old), _locks(new))),
    )


def _by_slug(side: Policies) -> Mapping[Slug, Policy]:
    return {policy.slug: policy for policy in side.governance.policies}


def _fates(old: Policies, new: Policies, organization: Organization) -> Fates:
    """With every policy that stays, be there accounts or not, in the order of its name."""
    before, after = old.governance.policy_of, new.governance.policy_of
    kept = _by_slug(old).keys() & _by_slug(new).keys()
    fates: defaultdict[tuple[Slug | None, Slug | None], list[Account]] = defaultdict(list)
    fates.update({(slug, slug): [] for slug in kept})
    for account in sorted(organization.accounts, key=lambda account: (account.name, account.id)):
        fates[before.get(account.id), after.get(account.id)].append(account)
    return dict(sorted(fates.items(), key=lambda fate: (fate[0][1] or "", fate[0][0] or "")))


def _placed(old: Mapping[Slug, Policy], new: Mapping[Slug, Policy]) -> Iterator[Placed]:
    for slug in sorted(old.keys() | new.keys()):
        before, after = (side[slug].ou if slug in side else None for side in (old, new))
        if before != after:
            yield Placed(slug, before, after)


def _released(fates: Fates, governance: Governance) -> Iterator[Released]:
    for (before, after), accounts in fates.items():
        if before is None or after is not None:
            continue
        by_reason: defaultdict[str, list[Account]] = defaultdict(list)
        for account in accounts:
            by_reason[governance.ungoverned[account.id]].append(account)
        for reason, group in by_reason.items():
            yield Released(tuple(group), before, reason)


def _changed(
    fates: Fates, old: Mapping[Slug, Policy], new: Mapping[Slug, Policy]
) -> Iterator[Changed]:
    alike: defaultdict[tuple[SettingChange, ...], dict[Slug, list[Account]]] = defaultdict(dict)
    for (before, after), accounts in fates.items():
        if before is None or after is None:
            continue
        found = tuple(changes(old[before], new[after]))
        if before != after:
            yield Changed(
                tuple(accounts), _common([a.ou for a in accounts]), (after,), before, found
            )
        elif found:
            alike[found][after] = accounts
    for found, by_policy in alike.items():
        members = [account for accounts in by_policy.values() for account in accounts]
        ous = [account.ou for account in members] or [new[slug].ou for slug in by_policy]
        yield Changed(tuple(members), _common(ous), tuple(by_policy), None, found)


def _common(ous: Iterable[OuPath]) -> OuPath:
    """The nearest OU that is above all of them, or one of them."""
    chains = [ancestors(ou) for ou in set(ous)]
    shared = [steps[0] for steps in zip(*chains, strict=False) if len(set(steps)) == 1]
    return shared[-1] if shared else ROOT


def _locks(side: Policies) -> Mapping[Slug, tuple[str, ...]]:
    return {file.slug: file.locked for file in side.files}


def _locked(
    old: Mapping[Slug, tuple[str, ...]], new: Mapping[Slug, tuple[str, ...]]
) -> Iterator[Locked]:
    for slug in sorted(old.keys() | new.keys()):
        before, after = old.get(slug, ()), new.get(slug, ())
        yield from (Locked(slug, name, Change.TIGHTER) for name in after if name not in before)
        yield from (Locked(slug, name, Change.LOOSER) for name in before if name not in after)
