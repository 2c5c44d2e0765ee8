"""Organizations, what is deployed in them, and what StackSets would make of a plan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from guardian.desire import DesiredState, desire
from guardian.ids import ROOT, AccountId, OuId, OuPath, Slug, Target
from guardian.kinds import all_kinds
from guardian.organization import Account, AccountState, Organization
from guardian.plan import Action, Change, DeployedInstance, DeployedStackSet, InstanceStatus
from guardian.policy.resolve import Governance
from guardian.stack import names
from tests.unit.policies import HUB, IRELAND, VIRGINIA, policy

GLUE = (all_kinds()["glue-session"],)
OUS = {path: OuId(f"ou-{n}") for n, path in enumerate([ROOT, OuPath("/Sandbox"), OuPath("/Work")])}
ACCOUNTS = [AccountId(f"{n:012}") for n in range(1, 7)]
SLUGS = [Slug(slug) for slug in ("alpha", "beta", "gamma")]
POLICIES = (
    policy(slug="alpha", kinds=GLUE, regions=(IRELAND,)),
    policy(slug="beta", kinds=GLUE),
    policy(slug="gamma", kinds=GLUE, regions=(VIRGINIA,)),
)
NAMES = [names.ACCESS, *map(names.stack_set, SLUGS), "guardian-left-over"]


def organization(states: Mapping[AccountId, AccountState] | None = None) -> Organization:
    """An organization of six accounts, active where nothing else is said."""
    accounts = [
        Account(a, f"account {a}", (states or {}).get(a, AccountState.ACTIVE), OuPath("/Work"))
        for a in ACCOUNTS
    ]
    return Organization("o-exampleorgid", HUB.account, OUS, tuple(accounts))


def governance(policy_of: Mapping[AccountId, Slug]) -> Governance:
    """Who is governed by what; nobody speaks for the others."""
    others = [account for account in ACCOUNTS if account not in policy_of]
    named = {policy.slug: policy.regions for policy in POLICIES}
    regions = {account: named[slug] for account, slug in policy_of.items()}
    return Governance(
        POLICIES, policy_of, dict.fromkeys(others, "no policy speaks for it"), regions
    )


def desired(
    policy_of: Mapping[AccountId, Slug], states: Mapping[AccountId, AccountState] | None = None
) -> DesiredState:
    tree = organization(states)
    active = {account.id for account in tree.accounts if account.active}
    governed = {account: slug for account, slug in policy_of.items() if account in active}
    return desire(governance(governed), tree, HUB, IRELAND)


def brief(state: DesiredState) -> DesiredState:
    """The same with a word for each template: an example that fails is to be read."""
    sets = tuple(replace(s, template=f"template of {s.name}") for s in state.stack_sets)
    return replace(state, stack_sets=sets)


desires = st.builds(
    desired,
    st.dictionaries(st.sampled_from(ACCOUNTS), st.sampled_from(SLUGS)),
    st.dictionaries(st.sampled_from(ACCOUNTS), st.sampled_from(AccountState), max_size=2),
).map(brief)
FINGERPRINTS = {
    s.name: s.fingerprint for s in desired(dict(zip(ACCOUNTS, SLUGS, strict=False))).stack_sets
}
targets = st.builds(Target, st.sampled_from(ACCOUNTS), st.sampled_from([IRELAND, VIRGINIA]))


@st.composite
def deployments(draw: st.DrawFn) -> tuple[DeployedStackSet, ...]:
    """Some of our stack sets, current or old, in whatever places, some of them busy."""
    found = draw(st.lists(st.sampled_from(NAMES), unique=True))
    status = st.sampled_from(InstanceStatus)
    return tuple(
        DeployedStackSet(
            name,
            draw(st.sampled_from([FINGERPRINTS.get(name, "old"), "old"])),
            tuple(
                DeployedInstance(target, draw(status), "AWS says so")
                for target in draw(st.lists(targets, unique=True, max_size=6))
            ),
            draw(st.sampled_from(["", "", "operation-1"])),
        )
        for name in found
    )


@dataclass
class Fleet:
    """Does what StackSets would do, and refuses what they would refuse."""

    wanted: DesiredState
    fingerprints: dict[str, str] = field(default_factory=dict)
    instances: dict[str, dict[Target, InstanceStatus]] = field(default_factory=dict)
    busy: frozenset[str] = frozenset()

    @classmethod
    def of(cls, wanted: DesiredState, deployed: Iterable[DeployedStackSet]) -> "Fleet":
        there = tuple(deployed)
        return cls(
            wanted,
            {s.name: s.fingerprint for s in there},
            {s.name: {i.target: i.status for i in s.instances} for s in there},
            frozenset(s.name for s in there if s.busy),
        )

    def apply(self, change: Change) -> None:
        name, target = change.stack_set, change.target
        assert name not in self.busy
        new = {s.name: s.fingerprint for s in self.wanted.stack_sets}
        if change.action is Action.CREATE_STACK_SET:
            assert name not in self.fingerprints
            self.fingerprints[name], self.instances[name] = new[name], {}
        elif change.action is Action.UPDATE_STACK_SET:
            self.fingerprints[name] = new[name]
            for there, status in self.instances[name].items():
                if status is InstanceStatus.OUTDATED:
                    self.instances[name][there] = InstanceStatus.CURRENT
        elif change.action is Action.DELETE_STACK_SET:
            assert not self.instances.pop(name)
            del self.fingerprints[name]
        elif target is not None and change.action is Action.CREATE_INSTANCE:
            assert target not in self.instances[name]
            self.instances[name][target] = InstanceStatus.CURRENT
        elif target is not None and change.action is Action.DELETE_INSTANCE:
            del self.instances[name][target]

    def deployed(self) -> tuple[DeployedStackSet, ...]:
        """What is there once every running operation has ended."""
        return tuple(
            DeployedStackSet(
                name,
                fingerprint,
                tuple(DeployedInstance(t, status) for t, status in self.instances[name].items()),
            )
            for name, fingerprint in self.fingerprints.items()
        )
