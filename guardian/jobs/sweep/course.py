"""The course of a sweep: looks, then stops, then a second turn for what did not answer, all by the same threads."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import groupby

import structlog
from structlog.contextvars import bound_contextvars

from guardian.errors import GuardianError
from guardian.ids import AccountId
from guardian.jobs.sweep.brake import Brake, Held
from guardian.jobs.sweep.places import Found, Search, Trouble, Visit
from guardian.jobs.sweep.side_by_side import SideBySide
from guardian.jobs.sweep.stop import Stopped, Stopping
from guardian.jobs.sweep.tally import Tally
from guardian.jobs.sweep.visit import Looked, look_into
from guardian.ports import Journal, Members

AT_ONCE = 128
"""Accounts that are looked into at the same time: enough to fill the waits of one process with work."""

log = structlog.get_logger("guardian.sweep")


@dataclass(frozen=True)
class Stops:
    """What is to be stopped in one account, in this order. `again` is its second turn, the last."""

    found: tuple[Found, ...]
    again: bool = False


Task = Visit | Stops
Then = Callable[[], None]
"""What is to be done about what a task came to, by the one thread that counts."""


@dataclass
class Course:
    """One sweep. `waiting` is what the brake holds; `calm` once all have been looked into but those that are slow."""

    members: Members
    journal: Journal
    search: Search
    clock: Callable[[], datetime]
    tally: Tally
    brake: Brake
    waiting: list[Held] = field(default_factory=list)
    calm: bool = False
    tasks: SideBySide[Task, Then] = field(init=False)

    def run(self, visits: Iterable[Visit]) -> list[Held]:
        """Make it. Answers what is held at its end. Raises Unavailable where the journal cannot be used."""
        self.tasks = SideBySide(self._do, visits, AT_ONCE)
        with self.tasks:
            while self.tasks.left:
                for task, future in self.tasks.done():
                    self._done(task, future)
                # Nothing is stopped before: the brake goes by how much there is, and the longest overdue comes first.
                self.calm = True
                self._let_go()
        return self.waiting

    def _do(self, task: Task) -> Then:
        with bound_contextvars(account=_account(task)):
            return self._does(task)

    def _does(self, task: Task) -> Then:
        match task:
            case Visit():
                looked = look_into(self.members, self.journal, self.search, self.clock, task)
                return partial(self._looked, task, looked)
            case Stops():
                stopped = self._stopping(task).stop_all(task.found)
                return partial(self._stopped, task, stopped)

    def _stopping(self, task: Stops) -> Stopping:
        return Stopping(self.members, self.journal, self.search, self.clock, task.again)

    def _done(self, task: Task, future: Future[Then]) -> None:
        error = future.exception()
        # What guardian expects comes from the journal here, and ends the sweep.
        if error is None or isinstance(error, GuardianError) or not isinstance(error, Exception):
            future.result()()
        else:
            self._crashed(task, error)

    def _crashed(self, task: Task, error: Exception) -> None:
        """What a bug leaves of a task: the other accounts have theirs all the same."""
        log.error("sweep_crashed", account=_account(task), exc_info=error)
        if isinstance(task, Visit):
            reason = f"a bug of guardian, see its log: {type(error).__name__}"
            self._looked(task, Looked(troubles=(Trouble(task.target, "account", reason),)))

    def _looked(self, visit: Visit, looked: Looked) -> None:
        if left_alone := [found.outcome for found in looked.found if not found.stops]:
            self.journal.record(left_alone)
        self.tally.add(visit.account, looked)
        if looked.unanswered:
            self.tasks.add(replace(visit, places=looked.unanswered, intended=(), again=True))
        if self.calm:
            self._let_go()

    def _stopped(self, stops: Stops, stopped: Stopped) -> None:
        self.tally.stopped(stopped)
        if stopped.unanswered and not stops.again:
            self.tasks.add(Stops(stopped.unanswered, again=True))

    def _let_go(self) -> None:
        """Have stopped what the brake lets go, account by account. What is held may go when more has been seen."""
        due = self.tally.take_due(each.found for each in self.waiting)
        going, self.waiting = self.brake.part(due, self.tally.progress.seen)
        by_account = sorted(going, key=lambda found: found.place.target.account)
        for _, found in groupby(by_account, lambda found: found.place.target.account):
            self.tasks.add(Stops(tuple(found)))


def _account(task: Task) -> AccountId:
    return task.account if isinstance(task, Visit) else task.found[0].place.target.account
