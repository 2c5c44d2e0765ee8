"""Stack sets and accounts in memory that do what they are told, and guardian over them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from guardian.brakes import Brakes
from guardian.desire import WantedStackSet
from guardian.errors import AccessDenied, GuardianError, Refused
from guardian.ids import AccountId, OuPath, Slug, Target
from guardian.jobs.reconcile import Applied, Fleet, Reconciliation, apply_once, plan_once
from guardian.organization import Organization
from guardian.plan import (
    Action,
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Purpose,
    operation_name,
)
from guardian.ports import Progress
from guardian.repair import Drift, Expected
from guardian.waves import Waves
from tests.unit.conftest import Book
from tests.unit.fleets import governance, organization
from tests.unit.judging import NOW
from tests.unit.policies import HUB, IRELAND


@dataclass
class Rollout:
    """Stack sets in memory. `failing` accounts take no stack, `errors` are what a stack set raises."""

    sets: dict[str, DeployedStackSet] = field(default_factory=dict)
    failing: dict[AccountId, str] = field(default_factory=dict)
    errors: dict[str, GuardianError] = field(default_factory=dict)
    now: datetime = NOW

    def observe(self) -> tuple[DeployedStackSet, ...]:
        return tuple(self.sets.values())

    def create(self, wanted: WantedStackSet) -> None:
        self._check(wanted.name)
        assert wanted.name not in self.sets
        self.sets[wanted.name] = DeployedStackSet(
            wanted.name, wanted.fingerprint, (), template=wanted.template
        )

    def update(self, wanted: WantedStackSet, progress: Progress) -> Mapping[Target, str]:
        there = self._check(wanted.name)
        failed = self._failed(i.target for i in there.instances)
        after = tuple(
            replace(
                i, status=InstanceStatus.OUTDATED if i.target in failed else InstanceStatus.CURRENT
            )
            for i in there.instances
        )
        self.sets[wanted.name] = DeployedStackSet(
            wanted.name, wanted.fingerprint, after, updated=self.now, template=wanted.template
        )
        progress(len(after) - len(failed), len(after))
        return failed

    def update_some(
        self,
        wanted: WantedStackSet,
        targets: Iterable[Target],
        purpose: Purpose,
        progress: Progress,
    ) -> Mapping[Target, str]:
        there, asked = self._check(wanted.name), set(targets)
        if purpose is Purpose.WAVE and wanted.fingerprint != there.fingerprint:
            outdated = (replace(i, status=InstanceStatus.OUTDATED) for i in there.instances)
            there = replace(
                there,
                fingerprint=wanted.fingerprint,
                template=wanted.template,
                rollout=f"of {wanted.fingerprint}",
                instances=tuple(outdated),
            )
        failed = self._failed(asked)
        operation = f"{operation_name(purpose, there.rollout)}-1"
        after = tuple(
            replace(
                i,
                status=InstanceStatus.OUTDATED if i.target in failed else InstanceStatus.CURRENT,
                reason=failed.get(i.target, ""),
                operation=operation,
            )
            if i.target in asked
            else i
            for i in there.instances
        )
        self.sets[wanted.name] = replace(there, instances=after, updated=self.now)
        progress(len(asked) - len(failed), len(asked))
        return failed

    def deploy(
        self, wanted: WantedStackSet, targets: Iterable[Target], progress: Progress
    ) -> Mapping[Target, str]:
        there, asked = self._check(wanted.name), list(targets)
        failed = self._failed(asked)
        operation = f"{operation_name(Purpose.CREATE, there.rollout)}-1"
        new = [
            DeployedInstance(t, InstanceStatus.CURRENT, operation=operation)
            for t in asked
            if t not in failed
        ]
        self.sets[wanted.name] = replace(
            there, instances=(*there.instances, *new), created=self.now
        )
        progress(len(new), len(asked))
        return failed

    def withdraw(
        self, name: str, targets: Iterable[Target], progress: Progress
    ) -> Mapping[Target, str]:
        there, asked = self._check(name), list(targets)
        failed = self._failed(asked)
        left = tuple(i for i in there.instances if i.target not in asked or i.target in failed)
        self.sets[name] = replace(there, instances=left)
        progress(len(asked) - len(failed), len(asked))
        return failed

    def delete(self, name: str) -> None:
        if self._check(name).instances:
            raise Refused("it is not empty")
        del self.sets[name]

    def _check(self, name: str) -> DeployedStackSet:
        if name in self.errors:
            raise self.errors[name]
        return self.sets.get(name, DeployedStackSet(name, "", ()))

    def _failed(self, targets: Iterable[Target]) -> dict[Target, str]:
        return {t: self.failing[t.account] for t in targets if t.account in self.failing}


@dataclass
class Inside:
    """What guardian's stacks look like inside the accounts. `stubborn` accounts cannot be mended."""

    drifted: dict[Target, tuple[Drift, ...]] = field(default_factory=dict)
    closed: dict[AccountId, GuardianError] = field(default_factory=dict)
    stubborn: frozenset[AccountId] = frozenset()
    looked_at: list[Target] = field(default_factory=list)

    def forget(self) -> None:
        """Nothing is kept in mind here."""

    def take_turns(self) -> None:
        """Everything is looked at here."""

    def drift(self, expected: Expected, target: Target) -> tuple[Drift, ...]:
        assert all(target.account in machine.arn for machine in expected.machines)
        self.looked_at.append(target)
        if target.account in self.closed:
            raise self.closed[target.account]
        return self.drifted.get(target, ())

    def mend(self, expected: Expected, target: Target, drift: Drift) -> None:
        rules, machines = expected.rules, expected.machines
        assert drift.resource in {rule.name for rule in rules} | {m.name for m in machines}
        if target.account in self.stubborn:
            raise AccessDenied("PutRule is denied")
        self.drifted[target] = tuple(d for d in self.drifted[target] if d != drift)


@dataclass
class Installation:
    """An installation of guardian, to be reconciled again and again."""

    journal: Book
    rollout: Rollout = field(default_factory=Rollout)
    inside: Inside = field(default_factory=Inside)
    brakes: Brakes = field(default_factory=Brakes)
    waves: Waves = field(default_factory=Waves)
    told: list[tuple[str, Action, int, int]] = field(default_factory=list)
    ous: dict[AccountId, OuPath] = field(default_factory=dict)
    """Where accounts are that are not in `/Work`."""

    @property
    def fleet(self) -> Fleet:
        return Fleet(self.rollout, self.inside, HUB, IRELAND, self.journal, self.waves)

    @property
    def organization(self) -> Organization:
        tree = organization()
        placed = (replace(a, ou=self.ous.get(a.id, a.ou)) for a in tree.accounts)
        return replace(tree, accounts=tuple(placed))

    def plan(self, policy_of: Mapping[AccountId, Slug], *, probing: bool = True) -> Reconciliation:
        governed, now = governance(policy_of), self.rollout.now
        return plan_once(
            self.fleet, governed, self.organization, self.brakes, now, probing=probing
        )

    def apply(self, policy_of: Mapping[AccountId, Slug]) -> Applied:
        def told(*progress: str | Action | int) -> None:
            name, action, done, total = progress
            assert isinstance(action, Action)
            self.told.append((str(name), action, int(done), int(total)))

        made = self.plan(policy_of)
        return apply_once(self.fleet, made, self.journal, told, self.rollout.now)

    def instances(self, name: str) -> set[Target]:
        return {instance.target for instance in self.rollout.sets[name].instances}
