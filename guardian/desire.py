"""What should be deployed: policies and an organization, turned into stack sets. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from guardian.ids import AccountId, OuId, Region, Target
from guardian.organization import Organization
from guardian.policy.model import ALL_ENABLED, Mode, Policy
from guardian.policy.resolve import Governance
from guardian.stack import names
from guardian.stack.access import access_template
from guardian.stack.names import Hub
from guardian.stack.template import fingerprint, template


@dataclass(frozen=True)
class WantedStackSet:
    """A stack set as it should be. `template` is JSON text; `fingerprint` changes when its meaning does.

    `ou_of` gives the OU that each governed account is directly in: service-managed operations go by OU. `stops` says
    whether it stops anything, or only observes; `rollout` names a rollout that it had before, to go back to.
    """

    name: str
    description: str
    template: str
    fingerprint: str
    targets: frozenset[Target]
    ou_of: Mapping[AccountId, OuId]
    stops: bool = False
    rollout: str = ""


@dataclass(frozen=True)
class Skip:
    """What is left alone, and why; `region` is None where all regions are meant."""

    account: AccountId
    region: Region | None
    reason: str


@dataclass(frozen=True)
class DesiredState:
    """The stack sets in the order in which they go out: access first. `frozen` accounts are not to be touched.

    `unsure` accounts are governed in all the regions they have enabled, and nobody knows which those are: what is there
    already stays.
    """

    stack_sets: tuple[WantedStackSet, ...]
    skips: tuple[Skip, ...]
    frozen: frozenset[AccountId] = frozenset()
    unsure: frozenset[AccountId] = frozenset()


def desire(
    governance: Governance, organization: Organization, hub: Hub, home: Region
) -> DesiredState:
    """What the policies ask for. `home` is where the member role's stack instances live."""
    speaking = set(governance.policy_of.values())
    policies = [policy for policy in governance.policies if policy.slug in speaking]
    ou_of = {a.id: organization.ous[a.ou] for a in organization.accounts}
    governed = sorted(governance.policy_of)
    access = _wanted(
        names.ACCESS,
        "guardian: the member role, for the hub's sweep and repairs",
        access_template(policies, hub),
        frozenset(Target(account, home) for account in governed),
        ou_of,
    )
    sets = [_of_policy(policy, _targets(policy, governance), hub, ou_of) for policy in policies]
    frozen = frozenset(a.id for a in organization.accounts if not a.active)
    wanted = (access, *sets) if governed else ()
    unsure = frozenset(_unsure(governance, organization))
    return DesiredState(wanted, tuple(_skips(governance)), frozen, unsure)


def _unsure(governance: Governance, organization: Organization) -> Iterator[AccountId]:
    everywhere = {p.slug for p in governance.policies if ALL_ENABLED in p.regions}
    for account, slug in governance.policy_of.items():
        if slug in everywhere and account not in organization.enabled:
            yield account


def _targets(policy: Policy, governance: Governance) -> frozenset[Target]:
    return frozenset(
        Target(account, region)
        for account, slug in governance.policy_of.items()
        if slug == policy.slug
        for region in governance.regions[account]
    )


def _skips(governance: Governance) -> Iterator[Skip]:
    for account, why in sorted(governance.ungoverned.items()):
        yield Skip(account, None, why)
    named = {policy.slug: policy.regions for policy in governance.policies}
    for account, slug in sorted(governance.policy_of.items()):
        for region in sorted({*named[slug]} - {*governance.regions[account], ALL_ENABLED}):
            yield Skip(account, region, "the region is not enabled in the account")


def _of_policy(
    policy: Policy, targets: frozenset[Target], hub: Hub, ou_of: Mapping[AccountId, OuId]
) -> WantedStackSet:
    description = f"guardian: policy {policy.slug} of {policy.ou}"
    wanted = _wanted(
        names.stack_set(policy.slug), description, template(policy, hub), targets, ou_of
    )
    return replace(wanted, stops=any(rule.mode is Mode.STOP for rule in policy.rules))


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
