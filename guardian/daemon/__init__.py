"""The daemon: the same jobs as the commands, on a schedule, until it is told to stop."""

from pathlib import Path
from threading import Event, Thread

import structlog

from guardian.app import Guardian, open_guardian
from guardian.daemon import people
from guardian.daemon.ending import Ending
from guardian.daemon.health import Front, Pages, serving
from guardian.daemon.jobs import Daemon, open_daemon, scheduled
from guardian.daemon.signals import on_signals
from guardian.daemon.tenure import Tenure
from guardian.errors import GuardianError

__all__ = ["Daemon", "open_daemon", "run_daemon"]

log = structlog.get_logger("guardian")


def run_daemon(directory: Path) -> int:
    """Be the daemon until SIGTERM or SIGINT; a second signal ends it at once. Answers the exit code."""
    ending, tenure = Ending(Event()), Tenure()
    with on_signals(ending.stopping):
        ending.watch()
        try:
            guardian = open_guardian(directory, stopping=ending.stopping, acting=tenure)
            return _wait_and_work(guardian, ending, tenure)
        except GuardianError:
            ending.over.set()
            if ending.stopping.is_set():  # it was told to stop before it had begun
                return ending.code
            raise


def _wait_and_work(guardian: Guardian, ending: Ending, tenure: Tenure) -> int:
    """Stand by until nobody else is at work, then be the one that is."""
    guardian.configuration.files()  # what is wrong with them is told now, and not when it takes over
    identity = guardian.aws.whoami()
    log.info("started", identity=identity.arn, directory=str(guardian.configuration.directory))
    front = Front(guardian, tenure)
    with serving(front):
        lease = tenure.wait(guardian.journal, ending.stopping)
        if lease is None:
            log.info("stopped")
            return ending.code
        guardian.journal.fence(lease)
        tenure.keep()
        ending.parting = tenure.give_up
        try:
            return _lead(guardian, ending, front)
        finally:
            tenure.give_up()


def _lead(guardian: Guardian, ending: Ending, front: Front) -> int:
    daemon = open_daemon(guardian)
    ending.at_work = daemon.record.at_work
    front.lead(Pages(guardian, daemon.policies, daemon.record, front.tenure))
    return _work(daemon, ending)


def _work(daemon: Daemon, ending: Ending) -> int:
    """Run the jobs until it is time to stop. Answers the exit code."""
    schedule = scheduled(daemon)
    collector = Thread(target=daemon.collector.run, name="collect")
    collector.start()
    listener = _listening(daemon)
    schedule.start()
    while not ending.stopping.wait(0.5):
        if not collector.is_alive():  # a bug, not an outage: let the supervisor start us anew
            log.critical("collector_died")
            ending.begin(1)
    log.info("stopping", jobs=sorted(daemon.record.at_work()))
    schedule.end()
    collector.join()
    listener.join()
    log.info("stopped")
    return ending.code


def _listening(daemon: Daemon) -> Thread:
    """Listens to what people do in Slack, where a token lets it."""
    socket = people.socket(daemon.guardian, daemon.policies)

    def listen() -> None:
        if socket:
            socket.run(daemon.guardian.stopping)

    listener = Thread(target=listen, name="socket", daemon=True)
    listener.start()
    return listener
