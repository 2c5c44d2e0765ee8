"""The daemon: the same jobs as the commands, on a schedule, until it is told to stop."""

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from types import FrameType
from zoneinfo import ZoneInfo

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from guardian.app import Guardian, editions, open_guardian
from guardian.clock import system_now
from guardian.daemon.held import HeldPolicies, hold
from guardian.errors import GuardianError
from guardian.jobs.announce import announce_once
from guardian.jobs.collect import collect_once
from guardian.jobs.reconcile import apply_once, plan_once
from guardian.jobs.sweep import governed_places, sweep_once
from guardian.logs import configure_logs
from guardian.outcome import About, Finding
from guardian.policy.model import Notify

LONG_POLL = timedelta(seconds=10)
AFTER_TROUBLE = timedelta(seconds=15)
ANNOUNCE_EVERY = timedelta(minutes=1)
RELOAD_EVERY = timedelta(seconds=10)
LOOKBACKS = (timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=367))

log = structlog.get_logger("guardian")


@dataclass
class Daemon:
    """Runs the jobs of one guardian by the policies it holds; who changes stacks holds `rollout`.

    `rolled_out_hash` tells whose roll-out began last, `reconcile_now` begins one without waiting for its turn.
    """

    guardian: Guardian
    policies: HeldPolicies
    rolled_out_hash: str = ""
    reconcile_now: Callable[[], object] = lambda: None
    noted: set[tuple[About, str]] = field(default_factory=set)
    rollout: Lock = field(default_factory=Lock)
    rolled_out: Event = field(default_factory=Event)

    def reconcile(self) -> None:
        """Bring the stack sets to what the policies say."""
        try:
            with self.rollout:
                self._plan_and_apply(probing=False)
        finally:
            self.rolled_out.set()

    def drift(self) -> None:
        """The same, with a look into every account."""
        if self._after_first_rollout():
            with self.rollout:
                self._plan_and_apply(probing=True)

    def _after_first_rollout(self) -> bool:
        """Wait until the accounts have been given their roles; False when it is time to stop."""
        stopping = self.guardian.stopping
        while not self.rolled_out.wait(0.5):
            if stopping.is_set():
                return False
        return not stopping.is_set()

    def _plan_and_apply(self, *, probing: bool) -> None:
        self.rolled_out_hash = self.policies.state.good_hash
        guardian, world = self.guardian, self.policies.current()
        fleet = guardian.fleet(world.organization)
        made = plan_once(
            fleet,
            world.governance,
            world.organization,
            guardian.brakes,
            guardian.now(),
            probing=probing,
        )
        log.info("planned", plan=made.plan.id, changes=len(made.plan.changes), held=made.held)
        if made.held:
            reason = f"held: {made.held}; guardian apply --release {made.plan.id} lets it go"
            self._note_once(About.ROLLOUT, f"plan {made.plan.id}", reason)
            return
        applied = apply_once(fleet, made, guardian.journal, _told, guardian.now())
        log.info(
            "applied",
            done=len(applied.done),
            failed=len(applied.failed),
            waiting=len(applied.waiting),
        )

    def sweep(self) -> None:
        """Look into every governed account for what no event announced."""
        if not self._after_first_rollout():
            return
        guardian, world = self.guardian, self.policies.current()
        places = list(governed_places(world.governance))
        search = guardian.search()
        swept = sweep_once(guardian.aws.members, guardian.journal, places, search, guardian.now)
        log.info(
            "swept",
            places=swept.places,
            seen=swept.seen,
            outcomes=len(swept.outcomes),
            held=swept.held,
        )

    def announce(self) -> None:
        """Post every digest that is due and not posted yet."""
        guardian = self.guardian
        if not guardian.settings.slack.token:
            return
        world, now, desk = self.policies.world, guardian.now(), guardian.desk()
        for edition in editions(world, guardian.settings.notify):
            until = last_due(edition.notify, now)
            for announced in announce_once(desk, edition.audience, until, now):
                log.info(
                    "announced", channel=edition.audience.channel, reference=announced.reference
                )

    def collect(self) -> None:
        """Take reports off the queue until told to stop."""
        guardian = self.guardian
        wait = LONG_POLL * guardian.scale
        while not guardian.stopping.is_set():
            try:
                collected = collect_once(guardian.aws.inbox, guardian.journal, wait)
            except GuardianError as error:
                log.warning("collect_failed", error=str(error))
                guardian.pause(AFTER_TROUBLE)
                continue
            if collected.received:
                log.info("collected", received=collected.received, new=collected.new)

    def reload(self) -> None:
        """Let policies that changed hold, if all of them are right, and roll them out."""
        self.policies.look()
        if self.policies.state.good_hash != self.rolled_out_hash and not self.rollout.locked():
            self.reconcile_now()
        self.policies.post_notices()

    def _note_once(self, about: About, subject: str, reason: str) -> None:
        if (about, reason) not in self.noted:
            self.noted.add((about, reason))
            self.guardian.journal.note([Finding(about, subject, reason, self.guardian.now())])


def last_due(notify: Notify, now: datetime) -> datetime:
    """The last moment at which the cron was due; `now` where it never was in a year."""
    trigger = CronTrigger.from_crontab(notify.digest, ZoneInfo(notify.timezone))
    for lookback in LOOKBACKS:
        due, last = trigger.get_next_fire_time(None, now - lookback), None
        while due is not None and due <= now:
            last, due = due, trigger.get_next_fire_time(due, due + timedelta(seconds=1))
        if last is not None:
            return datetime.fromtimestamp(last.timestamp(), now.tzinfo)
    return now


def run_daemon(directory: Path) -> int:
    """Be the daemon until SIGTERM or SIGINT; a second signal ends it at once. Answers the exit code."""
    configure_logs()
    stopping = Event()
    guardian = open_guardian(directory, stopping=stopping)
    identity = guardian.aws.whoami()
    daemon = open_daemon(guardian)
    _on_signals(stopping)
    log.info("started", identity=identity.arn, directory=str(directory))
    scheduler = _schedule(daemon)
    collector = Thread(target=daemon.collect, name="collect")
    collector.start()
    scheduler.start()
    while not stopping.wait(0.5):
        if not collector.is_alive():  # a bug, not an outage: let the supervisor start us anew
            log.critical("collector_died")
            stopping.set()
            scheduler.shutdown(wait=True)
            return 1
    scheduler.shutdown(wait=True)
    collector.join()
    log.info("stopped")
    return 0


def open_daemon(guardian: Guardian) -> Daemon:
    """A daemon with the policies as they are now. Raises InputError, AccessDenied, Unavailable."""
    policies = hold(guardian)
    return Daemon(guardian, policies, rolled_out_hash=policies.state.good_hash)


def _schedule(daemon: Daemon) -> BackgroundScheduler:
    """Every job runs alone; what was missed is run once."""
    settings, scale = daemon.guardian.settings, daemon.guardian.scale
    scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(5)}, timezone="UTC")
    jobs: dict[Callable[[], None], timedelta] = {
        daemon.reconcile: settings.schedules.reconcile,
        daemon.drift: settings.schedules.drift,
        daemon.sweep: settings.schedules.sweep,
        daemon.announce: ANNOUNCE_EVERY,
        daemon.reload: RELOAD_EVERY,
    }
    for job, every in jobs.items():
        seconds = max(1.0, every.total_seconds() * scale)
        added = scheduler.add_job(
            _guarded(job),
            IntervalTrigger(seconds=seconds, jitter=min(30.0, seconds / 10)),
            name=job.__name__,
            next_run_time=system_now(),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        if job == daemon.reconcile:
            daemon.reconcile_now = partial(_run_now, added)
    return scheduler


def _run_now(job: Job) -> None:
    job.modify(next_run_time=system_now())


def _guarded(job: Callable[[], None]) -> Callable[[], None]:
    """A job whose trouble is logged and whose next run comes all the same."""

    def guarded() -> None:
        try:
            job()
        except GuardianError as error:
            log.warning("job_failed", job=job.__name__, error=str(error))
        except Exception:  # a bug in one job must not end the others; it is louder than an outage
            log.exception("job_crashed", job=job.__name__)

    return guarded


def _on_signals(stopping: Event) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT)

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()
        # The next one ends the process, whatever its threads are waiting for.
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)

    for number in numbers:
        signal.signal(number, stop)


def _told(stack_set: str, action: str, done: int, total: int) -> None:
    log.debug("progress", stack_set=stack_set, action=action, done=done, total=total)
