"""How far the rollout of a stack set is, and what is wrong with it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from guardian.desire import DesiredState, WantedStackSet
from guardian.ids import Target
from guardian.plan import (
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Purpose,
    purpose_of,
)
from guardian.repair import What
from guardian.stack import names
from guardian.waves import Rollout

SKIPPED = "SKIPPED_SUSPENDED_ACCOUNT"
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Standing:
    """How far one stack set is. `there` is it as deployed, `members` those of its instances that updates reach."""

    wanted: WantedStackSet
    there: DeployedStackSet
    members: tuple[DeployedInstance, ...]
    rollout: Rollout

    @classmethod
    def of(
        cls,
        wanted: WantedStackSet,
        there: DeployedStackSet | None,
        desired: DesiredState,
        rollout: Rollout,
    ) -> "Standing":
        found = there or DeployedStackSet(wanted.name, wanted.fingerprint, ())
        staying = desired.unsure & wanted.ou_of.keys()
        members = tuple(
            instance
            for instance in sorted(found.instances, key=lambda i: i.target)
            if instance.status is not InstanceStatus.INOPERABLE
            and instance.target.account not in desired.frozen
            and (instance.target in wanted.targets or instance.target.account in staying)
        )
        return cls(wanted, found, members, rollout)

    def wave(self, target: Target) -> int:
        return self.rollout.order.of(target.account)

    def attempt(self, instance: DeployedInstance) -> Purpose | None:
        """What for the deployed template was last brought to an instance; None where it was not."""
        return purpose_of(instance.operation, self.there.rollout)

    @property
    def outdated(self) -> list[DeployedInstance]:
        return [i for i in self.members if _outdated(i)]

    @property
    def pending(self) -> list[DeployedInstance]:
        """Those that the deployed template was not brought to yet."""
        return [i for i in self.outdated if self.attempt(i) is None]

    @property
    def missing(self) -> frozenset[Target]:
        return self.wanted.targets - {instance.target for instance in self.there.instances}

    @property
    def reached(self) -> int:
        """The last wave in which there is any stack, or the first in which one is wanted."""
        there = (i.target for i in self.there.instances if i.target in self.wanted.targets)
        first = min(map(self.wave, self.wanted.targets), default=0)
        return max(map(self.wave, there), default=first)

    @property
    def beyond(self) -> frozenset[Target]:
        """Where a stack is wanted and no wave has come yet."""
        return frozenset(t for t in self.missing if self.wave(t) > self.reached)

    @property
    def baked(self) -> datetime:
        """When the last update will have been watched for long enough; long ago where AWS tells of none."""
        return self._baked(self.there.updated)

    @property
    def settled(self) -> datetime:
        """The same for whatever brought stacks."""
        return max(self.baked, self._baked(self.there.created))

    def _baked(self, ended: datetime | None) -> datetime:
        return ended + self.rollout.waves.bake if ended else LONG_AGO

    @property
    def under_way(self) -> bool:
        """Whether a template is on its way through the waves, the last one's bake included."""
        return bool(self.pending or self.rollout.now < self.baked)

    def watched(self) -> frozenset[Target]:
        """The instances that must be seen to be right before anything goes on."""
        if not (self.under_way or self.beyond):
            return frozenset()
        return frozenset(
            i.target
            for i in self.members
            if i.status is InstanceStatus.CURRENT
            and self.attempt(i) in {Purpose.WAVE, Purpose.CREATE}
        )

    def fault(self) -> str:
        """What is wrong with a wave that the deployed template was brought to; empty where nothing is."""
        fresh = [
            instance
            for instance in self.members
            if self.attempt(instance) is Purpose.WAVE and instance.detailed != SKIPPED
        ]
        failed = {i.target: f"failed: {i.reason or i.detailed}" for i in fresh if _outdated(i)}
        current = frozenset(i.target for i in fresh if not _outdated(i))
        return self._too_many(failed | (self._wrong(current) if self.under_way else {}))

    def unready(self, up_to: int) -> str:
        """Why nothing may go beyond a wave though it has baked: what is missing, outdated, drifted or unseen."""
        wanted = {t for t in self.wanted.targets if self.wave(t) <= up_to}
        current = {i.target for i in self.there.instances if i.status is InstanceStatus.CURRENT}
        lacking = dict.fromkeys(wanted - current, "is not current")
        return self._too_many(lacking | self._wrong(current & wanted, unseen=True))

    def unseen(self) -> str:
        """Whether too many of what was brought out could not be looked at."""
        return self._too_many(self._unseen(self.watched()))

    def _wrong(self, targets: Iterable[Target], *, unseen: bool = False) -> dict[Target, str]:
        wrong = self._unseen(targets) if unseen else {}
        for target in targets:
            for drift in self.rollout.drifts.get((self.wanted.name, target), ()):
                # Somebody disabled it: no template does that, and it is mended as ever.
                if drift.what is not What.RULE_DISABLED:
                    wrong[target] = f"{drift.what}: {drift.resource}"
        return wrong

    def _unseen(self, targets: Iterable[Target]) -> dict[Target, str]:
        unseen = self.rollout.unseen
        return {t: "cannot be looked into" for t in targets if (self.wanted.name, t) in unseen}

    def _too_many(self, wrong: Mapping[Target, str]) -> str:
        """In words, what is wrong in the first wave in which it is wrong more often than may be."""
        for wave in sorted({self.wave(target) for target in wrong}):
            faults = {t: why for t, why in wrong.items() if self.wave(t) == wave}
            size = len(
                {i.target for i in self.members if self.wave(i.target) == wave} | faults.keys()
            )
            if len(faults) > int(size * self.rollout.waves.max_failures):
                first = min(faults)
                return f"{self.rollout.order.tell(wave)}: {len(faults)} of {size} bad: {first} {faults[first]}"
        return ""


def _outdated(instance: DeployedInstance) -> bool:
    return instance.status is InstanceStatus.OUTDATED


def waved(name: str, fingerprint: str, rollout: Rollout) -> bool:
    """Whether a stack set goes by waves; the member role does not, for guardian looks through it at all else."""
    several = len(rollout.order.names) > 1
    return name != names.ACCESS and (several or (name, fingerprint) in rollout.rejected)


def watched(
    desired: DesiredState, deployed: Iterable[DeployedStackSet], rollout: Rollout
) -> frozenset[tuple[str, Target]]:
    """What a rollout under way needs to be looked at, however little else is."""
    there = {stack_set.name: stack_set for stack_set in deployed}
    return frozenset(
        (wanted.name, target)
        for wanted in desired.stack_sets
        if waved(wanted.name, wanted.fingerprint, rollout) and wanted.name in there
        for target in Standing.of(wanted, there[wanted.name], desired, rollout).watched()
    )
