"""What should be deployed: policies and an organization, turned into stack sets. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from guardian.ids import AccountId, OuId, Region, Slug, Target
from guardian.organization import Organization
from guardian.policy.model import Policy
from guardian.policy.resolve import Governance
from guardian.stack import names
from guardian.stack.access import access_template
from guardian.stack.names import Hub
from guardian.stack.template import fingerprint, template


@dataclass(frozen=True)
class WantedStackSet:
    """A stack set as it should be. `template` is JSON text; `fingerprint` changes when its meaning does.

    `ou_of` gives the OU that each governed account is directly in: service-managed operations go by OU.
    """

    name: str
    description: str
    template: str
    fingerprint: str
    targets: frozenset[Target]
    ou_of: Mapping[AccountId, OuId]


@dataclass(frozen=True)
class Skip:
    """What is left alone, and why; `region` is None where all regions are meant."""

    account: AccountId
    region: Region | None
    reason: str


@dataclass(frozen=True)
class DesiredState:
    """The stack sets in the order in which they go out: access first. `frozen` accounts are not to be touched."""

    stack_sets: tuple[WantedStackSet, ...]
    skips: tuple[Skip, ...]
    frozen: frozenset[AccountId] = frozenset()


def desire(
    governance: Governance, organization: Organization, hub: Hub, home: Region
) -> DesiredState:
    """What the policies ask for. `home` is where the member role's stack instances live."""
    accounts_of = _accounts_by_policy(governance)
    policies = [policy for policy in governance.policies if accounts_of.get(policy.slug)]
    ou_of = {a.id: organization.ous[a.ou] for a in organization.accounts}
    governed = sorted(governance.policy_of)
    access = _wanted(
        names.ACCESS,
        "guardian: the member role, for the hub's sweep and repairs",
        access_template(policies, hub),
        frozenset(Target(account, home) for account in governed),
        ou_of,
    )
    sets = [_of_policy(policy, accounts_of[policy.slug], hub, ou_of) for policy in policies]
    skips = tuple(
        Skip(account, None, why) for account, why in sorted(governance.ungoverned.items())
    )
    frozen = frozenset(a.id for a in organization.accounts if not a.active)
    return DesiredState((access, *sets) if governed else (), skips, frozen)


def _accounts_by_policy(governance: Governance) -> Mapping[Slug, list[AccountId]]:
    accounts: dict[Slug, list[AccountId]] = {}
    for account, slug in sorted(governance.policy_of.items()):
        accounts.setdefault(slug, []).append(account)
    return accounts


def _of_policy(
    policy: Policy, accounts: list[AccountId], hub: Hub, ou_of: Mapping[AccountId, OuId]
) -> WantedStackSet:
    targets = frozenset(Target(a, region) for a in accounts for region in policy.regions)
    description = f"guardian: policy {policy.slug} of {policy.ou}"
    return _wanted(
        names.stack_set(policy.slug), description, template(policy, hub), targets, ou_of
    )


def _wanted(
    name: str,
    description: str,
    body: str,
    targets: frozenset[Target],
    ou_of: Mapping[AccountId, OuId],
) -> WantedStackSet:
    accounts = {target.account for target in targets}
    ous = {account: ou for account, ou in ou_of.items() if account in accounts}
    return WantedStackSet(name, description, body, fingerprint(body), targets, ous)
