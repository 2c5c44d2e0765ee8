"""Organizations, what is deployed in them, and what StackSets would make of a plan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

from hypothesis import strategies as st

from guardian.desire import DesiredState, desire
from guardian.ids import ROOT, AccountId, OuId, OuPath, Slug, Target
from guardian.kinds import all_kinds
from guardian.organization import Account, AccountState, Organization
from guardian.plan import (
    Action,
    Change,
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Purpose,
    operation_name,
)
from guardian.policy.resolve import Governance
from guardian.stack import names
from tests.unit.judging import NOW
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
    """Some of our stack sets, current or old, in whatever places, some of them busy, some halfway through a rollout."""
    found = draw(st.lists(st.sampled_from(NAMES), unique=True))
    return tuple(draw(deployed_as(name)) for name in found)


@st.composite
def deployed_as(draw: st.DrawFn, name: str) -> DeployedStackSet:
    fingerprint = draw(st.sampled_from([FINGERPRINTS.get(name, "old"), "old"]))
    status = st.sampled_from(InstanceStatus)
    brought = [f"{operation_name(purpose, 'r1')}-1" for purpose in Purpose]
    instances = tuple(
        DeployedInstance(
            target, draw(status), "AWS says so", operation=draw(st.sampled_from(["", *brought]))
        )
        for target in draw(st.lists(targets, unique=True, max_size=6))
    )
    when = st.sampled_from([None, NOW - timedelta(hours=2), NOW - timedelta(minutes=2)])
    busy = draw(st.sampled_from(["", "", "operation-1"]))
    return DeployedStackSet(
        name,
        fingerprint,
        instances,
        busy,
        updated=draw(when),
        created=draw(when),
        rollout=draw(st.sampled_from(["", "r1"])),
    )


@dataclass
class Fleet:
    """Does what StackSets would do, and refuses what they would refuse."""

    wanted: DesiredState
    sets: dict[str, DeployedStackSet] = field(default_factory=dict)
    now: datetime = NOW
    formers: dict[str, str] = field(default_factory=dict)
    rejected: dict[tuple[str, str], str] = field(default_factory=dict)
    rollouts: int = 0

    @classmethod
    def of(cls, wanted: DesiredState, deployed: Iterable[DeployedStackSet]) -> "Fleet":
        return cls(wanted, {s.name: s for s in deployed})

    def apply(self, changes: Iterable[Change]) -> None:
        """Changes of one kind on one stack set are one operation."""
        for (action, name), group in groupby(changes, lambda c: (c.action, c.stack_set)):
            self._operate(action, name, [change.target for change in group])

    def _operate(self, action: Action, name: str, targets: list[Target | None]) -> None:
        new = {s.name: s.fingerprint for s in self.wanted.stack_sets}
        there = self.sets.get(name)
        assert not (there and there.busy)
        places = {target for target in targets if target}
        if action is Action.CREATE_STACK_SET:
            assert there is None
            self.sets[name] = DeployedStackSet(name, new[name], (), rollout=self._new_rollout())
            return
        assert there is not None
        if action is Action.DELETE_STACK_SET:
            assert not there.instances
            del self.sets[name]
        elif action is Action.DELETE_INSTANCE:
            assert places <= {i.target for i in there.instances}
            left = tuple(i for i in there.instances if i.target not in places)
            self.sets[name] = replace(there, instances=left)
        elif action is Action.CREATE_INSTANCE:
            self._create(there, places)
        elif action is Action.UPDATE_STACK_SET:
            self._update(there, new[name], places, Purpose.WAVE if places else Purpose.UPDATE)
        elif action is Action.ROLL_BACK:
            self.rejected[name, new[name]] = "bad"
            self._update(there, self.formers[name], set(), Purpose.UPDATE)
        elif action is Action.RETRY:
            self._update(there, there.fingerprint, places, Purpose.RETRY)

    def _create(self, there: DeployedStackSet, places: set[Target]) -> None:
        assert not places & {i.target for i in there.instances}
        operation = f"{operation_name(Purpose.CREATE, there.rollout)}-2"
        made = (
            DeployedInstance(target, InstanceStatus.CURRENT, operation=operation)
            for target in sorted(places)
        )
        self.sets[there.name] = replace(
            there, instances=(*there.instances, *made), created=self.now
        )

    def _update(
        self, there: DeployedStackSet, fingerprint: str, places: set[Target], purpose: Purpose
    ) -> None:
        anew = fingerprint != there.fingerprint
        rollout = self._new_rollout() if anew else there.rollout
        operation = f"{operation_name(purpose, rollout)}-2"
        assert places <= {i.target for i in there.instances}

        def after(instance: DeployedInstance) -> DeployedInstance:
            if instance.status is InstanceStatus.INOPERABLE:
                assert instance.target not in places
                return instance
            if instance.target in places or not places:
                return replace(instance, status=InstanceStatus.CURRENT, operation=operation)
            return replace(instance, status=InstanceStatus.OUTDATED) if anew else instance

        self.sets[there.name] = replace(
            there,
            fingerprint=fingerprint,
            rollout=rollout,
            instances=tuple(map(after, there.instances)),
            updated=self.now,
        )

    def _new_rollout(self) -> str:
        self.rollouts += 1
        return f"rollout{self.rollouts}"

    def end_operations(self) -> None:
        """Every running operation comes to its end."""
        self.sets = {name: replace(s, busy="") for name, s in self.sets.items()}

    def deployed(self) -> tuple[DeployedStackSet, ...]:
        return tuple(self.sets.values())
