"""The daemon's jobs together, and when each of them runs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from guardian.app import Guardian
from guardian.clock import system_now
from guardian.daemon import watched
from guardian.daemon.collector import COLLECT, LONG_POLL, Collector
from guardian.daemon.early import Early
from guardian.daemon.health import MEASURE_EVERY, Measuring
from guardian.daemon.held import HeldPolicies, hold
from guardian.daemon.letters import Letters
from guardian.daemon.notes import Notes
from guardian.daemon.queues import Queues
from guardian.daemon.rollouts import Rollouts
from guardian.daemon.schedule import Schedule, Turn
from guardian.daemon.sweeps import Sweeps
from guardian.health.record import Record

ANNOUNCE_EVERY = timedelta(minutes=1)
RELOAD_EVERY = timedelta(seconds=10)
WARN_EVERY = timedelta(seconds=10)
QUEUES_EVERY = timedelta(minutes=2)
GATHER = timedelta(seconds=30)
"""How long more hints of a change are waited for before a reconcile: they come in crowds."""
FIRST_DETECTION = 1 / 24
"""The part of its interval after which it comes first: a roll-out at the start is not to wait for a detection."""

log = structlog.get_logger("guardian")


@dataclass
class Daemon:
    """The jobs of one guardian, by the policies it holds; `early` lets a reconcile run before its turn."""

    guardian: Guardian
    policies: HeldPolicies
    record: Record
    rollouts: Rollouts
    sweeps: Sweeps
    letters: Letters
    collector: Collector
    early: Early

    def reload(self) -> None:
        """Let policies that changed hold, if all of them are right, and roll them out; go on after a pause."""
        self.policies.look()
        if self.rollouts.due:
            self.early.turn.within(0)
        self.policies.post_notices()


def open_daemon(guardian: Guardian) -> Daemon:
    """A daemon with the policies as they are now. Raises InputError, AccessDenied, Unavailable."""
    policies = hold(guardian)
    log.info("prices", as_of=guardian.prices.as_of)  # what is wrong with them is told now
    guardian.aws.stacks.take_turns()
    record, notes = Record(guardian.now()), Notes(guardian)
    early = Early(Turn(), max(1.0, GATHER.total_seconds() * guardian.scale))
    rollouts = Rollouts(guardian, policies, record, notes, policies.state.good_hash)
    return Daemon(
        guardian,
        policies,
        record,
        rollouts,
        Sweeps(guardian, policies, record, rollouts),
        Letters(guardian, policies, notes),
        Collector(guardian, record, early),
        early,
    )


def scheduled(daemon: Daemon) -> Schedule:
    """A schedule of all jobs, not started yet. Every job runs alone; what was missed is run once."""
    settings, scale = daemon.guardian.settings, daemon.guardian.scale
    schedule = Schedule()
    jobs = _intervals(daemon)
    names = {job.__name__: every for job, every in jobs.items()} | {COLLECT: LONG_POLL}
    daemon.record.expect(watched.duties(names, settings.sweep_deadline, scale))
    for job, every in jobs.items():
        seconds = max(1.0, every.total_seconds() * scale)
        first = FIRST_DETECTION if job == daemon.rollouts.detect else 0
        reconciles = job == daemon.rollouts.reconcile
        turn = daemon.early.turn if reconciles else Turn()
        guarded = _guarded(daemon, job, turn)
        run = daemon.early.around(guarded) if reconciles else guarded
        start = system_now() + timedelta(seconds=seconds * first)
        schedule.add(turn, run, job.__name__, seconds, start)
    return schedule


def _guarded(daemon: Daemon, job: Callable[[], None], turn: Turn) -> Callable[[], None]:
    guardian = daemon.guardian

    def later(span: timedelta) -> None:
        turn.after(span.total_seconds() * guardian.scale)

    way = watched.giving_way(job, guardian.acting)
    return watched.guarded(way, daemon.record, guardian.now, guardian.stopping.is_set, later)


def _intervals(daemon: Daemon) -> dict[Callable[[], None], timedelta]:
    times, rollouts, letters = daemon.guardian.settings.schedules, daemon.rollouts, daemon.letters
    return {
        rollouts.reconcile: times.reconcile,
        rollouts.drift: times.drift,
        rollouts.detect: times.detect,
        daemon.sweeps.sweep: times.sweep,
        letters.announce: ANNOUNCE_EVERY,
        daemon.reload: RELOAD_EVERY,
        Measuring(daemon.guardian, daemon.record).measure: MEASURE_EVERY,
        letters.warn: WARN_EVERY,
        Queues(daemon.guardian, daemon.record).queues: QUEUES_EVERY,
    }
