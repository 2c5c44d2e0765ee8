"""The jobs that change stacks, or look for what changed them: reconcile, drift and detect."""

from dataclasses import dataclass, field
from threading import Event, Lock

import structlog

from guardian.app import Guardian
from guardian.daemon import watched
from guardian.daemon.held import HeldPolicies
from guardian.daemon.notes import Notes
from guardian.desire import desire
from guardian.health.record import Record
from guardian.jobs.detect import detect_once, settled
from guardian.jobs.held import drifted, held_plan
from guardian.jobs.pause import note_pause
from guardian.jobs.reconcile import Reconciliation, apply_once, plan_once
from guardian.outcome import About

log = structlog.get_logger("guardian")


@dataclass
class Rollouts:
    """Whoever changes stacks holds `busy`.

    `hash` tells whose rollout began last, `ended_once` that accounts have been given their roles, or could not be;
    `paused` is whether the last one found guardian paused.
    """

    guardian: Guardian
    policies: HeldPolicies
    record: Record
    notes: Notes
    hash: str
    busy: Lock = field(default_factory=Lock)
    ended_once: Event = field(default_factory=Event)
    paused: bool = False

    def reconcile(self) -> None:
        """Bring the stack sets to what the policies say."""
        try:
            with self.busy:
                self._plan_and_apply(probing=False)
        finally:
            self.ended_once.set()

    def drift(self) -> None:
        """The same, with a look into every account."""
        if self.after_first():
            with self.busy:
                self._plan_and_apply(probing=True)

    def detect(self) -> None:
        """Ask CloudFormation for drift; the roll-out goes on meanwhile, but for the stack set that is looked at."""
        if not self.after_first() or self.guardian.paused:
            return
        guardian, world = self.guardian, self.policies.current()
        fleet = guardian.fleet(world.organization)
        with self.busy:
            desired = desire(world.governance, world.organization, fleet.hub, fleet.home)
            ready = tuple(settled(fleet.stack_sets.observe(), desired))
        found = detect_once(
            guardian.aws.detection, ready, guardian.journal, guardian.now(), halted=guardian.halted
        )
        log.info(
            "detected",
            stack_sets=len(found.stack_sets),
            drifted=found.drifted,
            waiting=len(found.waiting),
        )

    def after_first(self) -> bool:
        """Wait until the accounts have been given their roles; False when it is time to stop."""
        stopping = self.guardian.stopping
        while not self.ended_once.wait(0.5):
            if stopping.is_set():
                return False
        return not stopping.is_set()

    @property
    def due(self) -> bool:
        """Whether the policies that hold are not those of the last rollout, or a pause is over that it found."""
        resumed = self.paused and self.guardian.paused is None
        changed = self.policies.state.good_hash != self.hash
        return (changed or resumed) and not self.busy.locked()

    def _plan_and_apply(self, *, probing: bool) -> None:
        self.hash = self.policies.state.good_hash
        guardian = self.guardian
        if self._is_paused():
            return
        world = self.policies.current()
        fleet = guardian.fleet(world.organization)
        made = plan_once(
            fleet,
            world.governance,
            world.organization,
            guardian.brakes,
            guardian.now(),
            probing=probing,
        )
        self.record.planned(watched.rollout_of(made))
        log.info("planned", plan=made.plan.id, changes=len(made.plan.changes), held=made.held)
        if made.held:
            self._hold(made)
            return
        applied = apply_once(
            fleet, made, guardian.journal, _told, guardian.now(), halted=guardian.halted
        )
        log.info(
            "applied",
            plan=made.plan.id,
            done=len(applied.done),
            failed=len(applied.failed),
            waiting=len(applied.waiting),
        )

    def _is_paused(self) -> bool:
        """Whether guardian is paused; every digest of that time tells."""
        paused = self.guardian.paused
        self.paused = paused is not None
        if paused:
            log.info("paused", by=paused.by, since=paused.since.isoformat(), reason=paused.reason)
            note_pause(self.guardian.journal, paused, self.guardian.now())
        return self.paused

    def _hold(self, made: Reconciliation) -> None:
        """Tell of a held plan, and of what its probe found."""
        guardian = self.guardian
        guardian.journal.note(drifted(made, guardian.now()))
        reason = f"held: {made.held}; guardian apply --release {made.plan.id} lets it go"
        if self.notes.note_once(About.ROLLOUT, f"plan {made.plan.id}", reason):
            self.policies.tell(held_plan(made))


def _told(stack_set: str, action: str, done: int, total: int) -> None:
    log.debug("progress", stack_set=stack_set, action=action, done=done, total=total)
