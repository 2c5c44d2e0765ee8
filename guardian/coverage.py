"""Which policy governs which OU, how many accounts are in it, and which accounts nobody governs. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from guardian.ids import ROOT, OuPath, ancestors
from guardian.organization import Account, Organization
from guardian.policy.model import Mode, Policy
from guardian.policy.resolve import Governance

NO_POLICY = "no policy for its OU or one above it"


@dataclass(frozen=True)
class Unit:
    """An OU. `accounts` are directly in it, `below` is how many are in the OUs below it.

    `policy` governs it, its own or the nearest above. `folded` counts the OUs below that are left out of `units`.
    """

    path: OuPath
    policy: Policy | None
    accounts: int
    below: int
    units: tuple["Unit", ...] = ()
    folded: int = 0

    @property
    def own(self) -> bool:
        """Whether the policy was written for this very OU."""
        return self.policy is not None and self.policy.ou == self.path

    def walk(self) -> Iterator["Unit"]:
        """The OU and all below it, each before those below it."""
        yield self
        for unit in self.units:
            yield from unit.walk()


@dataclass(frozen=True)
class Coverage:
    """The root with all below it; `ungoverned` are accounts by the reason, the commonest first."""

    root: Unit
    ungoverned: Mapping[str, tuple[Account, ...]]


def coverage(organization: Organization, governance: Governance) -> Coverage:
    """What an organization's OUs are governed by."""
    policies = {policy.ou: policy for policy in governance.policies}
    lone = [a for a in organization.accounts if a.id in governance.ungoverned]
    grouped: dict[str, list[Account]] = {}
    for account in sorted(lone, key=lambda account: (account.ou, account.name, account.id)):
        reason = _reason(account, organization, governance, policies)
        grouped.setdefault(reason, []).append(account)
    commonest = sorted(grouped.items(), key=lambda group: -len(group[1]))
    ungoverned = {reason: tuple(accounts) for reason, accounts in commonest}
    return Coverage(_root(organization, policies), ungoverned)


def _reason(
    account: Account,
    organization: Organization,
    governance: Governance,
    policies: Mapping[OuPath, Policy],
) -> str:
    """The reason, without the OU that it names where that would make a group of every OU."""
    could = account.active and account.id != organization.management_account
    if could and _nearest(account.ou, policies) is None:
        return NO_POLICY
    return governance.ungoverned[account.id]


def _nearest(ou: OuPath, policies: Mapping[OuPath, Policy]) -> Policy | None:
    return next((policies[path] for path in reversed(ancestors(ou)) if path in policies), None)


def _root(organization: Organization, policies: Mapping[OuPath, Policy]) -> Unit:
    children: dict[OuPath, list[OuPath]] = {}
    for path in sorted(organization.ous):
        if path != ROOT:
            above = (p for p in reversed(ancestors(path)[:-1]) if p in organization.ous)
            children.setdefault(next(above, ROOT), []).append(path)
    accounts = Counter(account.ou for account in organization.accounts)

    def unit(path: OuPath) -> Unit:
        units = tuple(unit(child) for child in children.get(path, ()))
        below = sum(u.accounts + u.below for u in units)
        return Unit(path, _nearest(path, policies), accounts[path], below, units)

    return unit(ROOT)


def fold(unit: Unit) -> Unit:
    """The OU without those below that only inherit, and have nothing below but such."""
    kept = tuple(fold(below) for below in unit.units if any(u.own for u in below.walk()))
    shown = {below.path for below in kept}
    gone = sum(1 for below in unit.units if below.path not in shown for _ in below.walk())
    return replace(unit, units=kept, folded=gone)


def modes(policy: Policy) -> Mapping[Mode, Sequence[str]]:
    """The kinds that a policy governs, by mode."""
    found: dict[Mode, list[str]] = {}
    for rule in policy.rules:
        found.setdefault(rule.mode, []).append(rule.kind.key)
    return found
