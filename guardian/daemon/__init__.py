"""The daemon: the same jobs as the commands, on a schedule, until it is told to stop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from guardian.app import Guardian, editions, open_guardian
from guardian.clock import system_now
from guardian.daemon import people, watched
from guardian.daemon.due import last_due
from guardian.daemon.health import MEASURE_EVERY, Measuring, Pages, serving
from guardian.daemon.held import HeldPolicies, hold
from guardian.daemon.schedule import add, open_scheduler, run_now
from guardian.daemon.signals import on_signals
from guardian.desire import desire
from guardian.errors import GuardianError, Unavailable
from guardian.health.record import Record
from guardian.jobs.announce import announce_once
from guardian.jobs.collect import collect_once
from guardian.jobs.detect import detect_once, settled
from guardian.jobs.editions import Edition
from guardian.jobs.held import drifted, held_plan, held_stops
from guardian.jobs.pause import note_pause
from guardian.jobs.reconcile import Reconciliation, apply_once, plan_once
from guardian.jobs.sweep import governed_places, sweep_once
from guardian.logs import configure_logs
from guardian.outcome import About, Finding

LONG_POLL = timedelta(seconds=10)
AFTER_TROUBLE = timedelta(seconds=15)
ANNOUNCE_EVERY = timedelta(minutes=1)
RELOAD_EVERY = timedelta(seconds=10)
COLLECT = "collect"
WARN_EVERY = timedelta(seconds=10)
FIRST_DETECTION = 1 / 24
"""The part of its interval after which it comes first: a roll-out at the start is not to wait for a detection."""

log = structlog.get_logger("guardian")


@dataclass
class Daemon:
    """Runs the jobs of one guardian by the policies it holds; who changes stacks holds `rollout`.

    `rolled_out_hash` tells whose roll-out began last, `reconcile_now` begins one without waiting for its turn;
    `paused` is whether the last one found guardian paused, `sweep_held` whether the last sweep had to hold stops,
    `undelivered` why digests do not get where they should.
    """

    guardian: Guardian
    policies: HeldPolicies
    rolled_out_hash: str = ""
    reconcile_now: Callable[[], object] = lambda: None
    noted: set[tuple[About, str]] = field(default_factory=set)
    rollout: Lock = field(default_factory=Lock)
    rolled_out: Event = field(default_factory=Event)
    paused: bool = False
    sweep_held: bool = False
    undelivered: dict[str, str] = field(default_factory=dict)
    record: Record = field(init=False)

    def __post_init__(self) -> None:
        self.record = Record(self.guardian.now())

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

    def detect(self) -> None:
        """Ask CloudFormation for drift; the roll-out goes on meanwhile, but for the stack set that is looked at."""
        if not self._after_first_rollout() or self.guardian.paused:
            return
        guardian, world = self.guardian, self.policies.current()
        fleet = guardian.fleet(world.organization)
        with self.rollout:
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

    def _after_first_rollout(self) -> bool:
        """Wait until the accounts have been given their roles; False when it is time to stop."""
        stopping = self.guardian.stopping
        while not self.rolled_out.wait(0.5):
            if stopping.is_set():
                return False
        return not stopping.is_set()

    def _plan_and_apply(self, *, probing: bool) -> None:
        self.rolled_out_hash = self.policies.state.good_hash
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
        if self._note_once(About.ROLLOUT, f"plan {made.plan.id}", reason):
            self.policies.tell(held_plan(made))

    def sweep(self) -> None:
        """Look into every governed account for what no event announced; in a pause only look."""
        if not self._after_first_rollout():
            return
        guardian, world = self.guardian, self.policies.current()
        places, search = governed_places(world.governance), guardian.search()
        swept = sweep_once(guardian.aws.members, guardian.journal, places, search, guardian.now)
        self.record.swept(watched.swept_figures(swept))
        log.info(
            "swept",
            accounts=swept.accounts,
            places=swept.places,
            seen=swept.seen,
            kept=swept.kept,
            outcomes=len(swept.outcomes),
            troubles=len(swept.troubles),
            held=swept.held,
        )
        if swept.held and not self.sweep_held:
            self.policies.tell(held_stops(swept, search.trace))
        self.sweep_held = bool(swept.held)

    def announce(self) -> None:
        """Send every digest that is due and was not sent yet; where one cannot be, it stays due."""
        guardian = self.guardian
        for edition in editions(self.policies.world, guardian.settings.notify):
            if not guardian.reaches(edition.audience):
                continue
            channel = edition.audience.channel
            try:
                self._announce(edition)
                self.undelivered.pop(channel, None)
            except Unavailable as error:  # the others may be reached all the same
                log.warning("announce_failed", channel=channel, error=str(error))
            except GuardianError as error:  # nothing that waiting would mend
                self._note_undelivered(channel, str(error))

    def _announce(self, edition: Edition) -> None:
        guardian, audience, now = self.guardian, edition.audience, self.guardian.now()
        until = last_due(edition.notify, now)
        for announced in announce_once(guardian.desk(audience), audience, until, now):
            log.info("announced", channel=audience.channel, reference=announced.reference)

    def _note_undelivered(self, channel: str, reason: str) -> None:
        """Let the log, the status and the other digests tell of it, once while it lasts."""
        log.warning("announce_refused", channel=channel, error=reason)
        if self.undelivered.get(channel) != reason:
            self.undelivered[channel] = reason
            finding = Finding(About.DIGEST, channel, reason, self.guardian.now())
            self.guardian.journal.note([finding])

    def warn(self) -> None:
        """Warn people of stops to come."""
        told = people.warn(self.guardian, self.policies.world)
        for channel, reason in told.troubles.items():
            log.warning("not_warned", channel=channel, error=reason)
            self._note_once(About.ACCESS, f"Slack {channel}", reason)

    def collect(self) -> None:
        """Take reports off the queue until told to stop."""
        guardian = self.guardian
        wait = LONG_POLL * guardian.scale
        while not guardian.stopping.is_set():
            poll = watched.Watch(COLLECT, self.record, guardian.now)
            try:
                collected = collect_once(guardian.aws.inbox, guardian.journal, wait)
            except GuardianError as error:
                log.warning("collect_failed", error=str(error))
                poll.failed(error)
                guardian.pause(AFTER_TROUBLE)
                continue
            poll.received(collected, system_now())
            if collected.received:
                log.info("collected", received=collected.received, new=collected.new)

    def reload(self) -> None:
        """Let policies that changed hold, if all of them are right, and roll them out; go on after a pause."""
        self.policies.look()
        due = self.policies.state.good_hash != self.rolled_out_hash
        resumed = self.paused and self.guardian.paused is None
        if (due or resumed) and not self.rollout.locked():
            self.reconcile_now()
        self.policies.post_notices()

    def _note_once(self, about: About, subject: str, reason: str) -> bool:
        """Note it, and answer whether it is news."""
        news = (about, reason) not in self.noted
        if news:
            self.noted.add((about, reason))
            self.guardian.journal.note([Finding(about, subject, reason, self.guardian.now())])
        return news


def run_daemon(directory: Path) -> int:
    """Be the daemon until SIGTERM or SIGINT; a second signal ends it at once. Answers the exit code."""
    configure_logs()
    stopping = Event()
    guardian = open_guardian(directory, stopping=stopping)
    identity = guardian.aws.whoami()
    daemon = open_daemon(guardian)
    on_signals(stopping)
    log.info("started", identity=identity.arn, directory=str(directory))
    with serving(Pages(guardian, daemon.policies, daemon.record)):
        return _work(daemon)


def _work(daemon: Daemon) -> int:
    """Run the jobs until it is time to stop. Answers the exit code."""
    stopping = daemon.guardian.stopping
    scheduler = _schedule(daemon)
    collector = Thread(target=daemon.collect, name="collect")
    collector.start()
    listener = _listening(daemon)
    scheduler.start()
    while not stopping.wait(0.5):
        if not collector.is_alive():  # a bug, not an outage: let the supervisor start us anew
            log.critical("collector_died")
            stopping.set()
            scheduler.shutdown(wait=True)
            return 1
    scheduler.shutdown(wait=True)
    collector.join()
    listener.join()
    log.info("stopped")
    return 0


def _listening(daemon: Daemon) -> Thread:
    """Listens to what people do in Slack, where a token lets it."""
    socket = people.socket(daemon.guardian, daemon.policies)

    def listen() -> None:
        if socket:
            socket.run(daemon.guardian.stopping)

    listener = Thread(target=listen, name="socket", daemon=True)
    listener.start()
    return listener


def open_daemon(guardian: Guardian) -> Daemon:
    """A daemon with the policies as they are now. Raises InputError, AccessDenied, Unavailable."""
    policies = hold(guardian)
    log.info("prices", as_of=guardian.prices.as_of)  # what is wrong with them is told now
    guardian.aws.stacks.take_turns()
    return Daemon(guardian, policies, rolled_out_hash=policies.state.good_hash)


def _schedule(daemon: Daemon) -> BackgroundScheduler:
    """Every job runs alone; what was missed is run once."""
    settings, scale = daemon.guardian.settings, daemon.guardian.scale
    scheduler = open_scheduler()
    jobs: dict[Callable[[], None], timedelta] = {
        daemon.reconcile: settings.schedules.reconcile,
        daemon.drift: settings.schedules.drift,
        daemon.detect: settings.schedules.detect,
        daemon.sweep: settings.schedules.sweep,
        daemon.announce: ANNOUNCE_EVERY,
        daemon.reload: RELOAD_EVERY,
        Measuring(daemon.guardian, daemon.record).measure: MEASURE_EVERY,
        daemon.warn: WARN_EVERY,
    }
    names = {job.__name__: every for job, every in jobs.items()} | {COLLECT: LONG_POLL}
    daemon.record.expect(watched.duties(names, settings.sweep_deadline, scale))
    for job, every in jobs.items():
        seconds = max(1.0, every.total_seconds() * scale)
        later = timedelta(seconds=seconds * FIRST_DETECTION if job == daemon.detect else 0)
        run = watched.guarded(job, daemon.record, daemon.guardian.now)
        added = add(scheduler, run, job.__name__, seconds, system_now() + later)
        if job == daemon.reconcile:
            daemon.reconcile_now = partial(run_now, added)
    return scheduler


def _told(stack_set: str, action: str, done: int, total: int) -> None:
    log.debug("progress", stack_set=stack_set, action=action, done=done, total=total)
