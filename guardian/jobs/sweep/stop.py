"""How a sweep stops what is due, so that no stop is lost whatever ends it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from guardian.documents import pick
from guardian.errors import GuardianError, NotFound, Unavailable
from guardian.ids import Target
from guardian.jobs.sweep import rights
from guardian.jobs.sweep.look import look
from guardian.jobs.sweep.places import Found, Search
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind, Phase
from guardian.outcome import Outcome, Result
from guardian.ports import Candidate, Journal, Members

CONFIRMATIONS = 20
BETWEEN_CONFIRMATIONS = timedelta(seconds=3)


def finish(members: Members, journal: Journal, intended: Iterable[Outcome]) -> list[Outcome]:
    """What a sweep that was killed between a stop call and its outcome has really done."""
    finished: list[Outcome] = []
    for outcome in intended:
        kind = all_kinds()[outcome.kind]
        try:
            stopped = _has_ended(members, kind, outcome.target, outcome.id)
        except GuardianError:
            continue  # nobody can tell now: the next sweep asks again
        # What runs on is judged anew, like everything else.
        outcomes = [outcome] if stopped else []
        journal.settle(outcome, outcomes)
        finished += outcomes
    return finished


@dataclass(frozen=True)
class Stopped:
    """What became of stops; `unanswered` wait for the next turn, those of the second one with their stop call made."""

    outcomes: tuple[Outcome, ...] = ()
    unanswered: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Stopping:
    """What it takes to stop things: `members` of any account. `again` is the second turn of a sweep, the last."""

    members: Members
    journal: Journal
    search: Search
    clock: Callable[[], datetime]
    again: bool = False

    def stop_all(self, due: tuple[Found, ...]) -> Stopped:
        """Stop what is due in one account, one after the other, with rights to no more than that."""
        if self.search.halted():
            return Stopped()
        rules = {found.place.rule.kind.key: found.place.rule for found in due}
        account = due[0].place.target.account
        try:
            there = self.members.visit(account, rights.to_stop(rules.values()), patient=self.again)
        except Unavailable as error:
            return self._silent([], due, str(error))
        except GuardianError as error:
            return Stopped(self._failed(due, str(error)))
        return self._stop_each(there, due)

    def _stop_each(self, there: Members, due: tuple[Found, ...]) -> Stopped:
        outcomes = finish(there, self.journal, self._open(due)) if self.again else []
        finished = {outcome.identity for outcome in outcomes}
        left = [found for found in due if found.outcome.identity not in finished]
        while left and not self.search.halted():
            try:
                with left[0].place.bound():
                    outcomes += self._stop(there, left[0])
            except Unavailable as error:  # it does not answer: nothing more is tried here now
                return self._silent(outcomes, left, str(error))
            left.pop(0)
        return Stopped(tuple(outcomes))

    def _silent(self, outcomes: list[Outcome], left: Sequence[Found], reason: str) -> Stopped:
        if not self.again:
            return Stopped(tuple(outcomes), tuple(left))
        # What a stop call has reached, perhaps, is no failure: the next sweep makes sure of it.
        intended = {each.identity for each in self._open(left)}
        called = tuple(found for found in left if found.outcome.identity in intended)
        failed = (found for found in left if found not in called)
        return Stopped((*outcomes, *self._failed(failed, reason)), called)

    def _open(self, due: Iterable[Found]) -> list[Outcome]:
        """The stop calls among them of which nobody knows yet what they did."""
        ours = {found.outcome.identity for found in due}
        return [intended for intended in self.journal.intended() if intended.identity in ours]

    def _stop(self, there: Members, found: Found) -> list[Outcome]:
        """Stop it if a last look says the same; nothing to report where it does not. Raises Unavailable."""
        where, afresh = found.place, Candidate(found.outcome.id)
        try:
            looks = look(there, where, afresh, self.search, self.clock(), found)
            again = next((seen for seen in looks if seen.stops), None)
        except Unavailable:
            raise
        except GuardianError as error:
            return list(self._failed([found], str(error)))
        return self._stop_surely(there, again) if again else []

    def _stop_surely(self, there: Members, found: Found) -> list[Outcome]:
        # First the intention: neither a crash nor silence loses a stop that was made.
        intended = replace(found.outcome, at=self.clock())
        self.journal.intend(intended)
        outcome = self._stopped(there, found, intended)
        self.journal.settle(intended, [outcome])
        return [outcome]

    def _stopped(self, there: Members, found: Found, intended: Outcome) -> Outcome:
        """Make the stop call and see what comes of it. Raises Unavailable when that cannot be seen."""
        kind, target = found.place.rule.kind, found.place.target
        try:
            there.stop(kind, target, intended.id)
            at = self.clock()
            if self._ended(there, kind, target, intended.id):
                return replace(intended, at=at)
        except NotFound:
            return self._became(intended, Result.GONE, "it is gone")
        except Unavailable:
            raise
        except GuardianError as error:
            return self._became(intended, Result.FAILED, str(error))
        return self._became(intended, Result.FAILED, "it runs on after a stop call")

    def _ended(self, there: Members, kind: Kind, target: Target, identifier: str) -> bool:
        """Whether it is seen to end: a stop call that was accepted proves nothing."""
        for _ in range(CONFIRMATIONS):
            if _has_ended(there, kind, target, identifier):
                return True
            if self.search.halted():
                raise Unavailable("guardian was told to stop before the end was seen")
            self.search.wait(BETWEEN_CONFIRMATIONS)
        return False

    def _failed(self, due: Iterable[Found], reason: str) -> tuple[Outcome, ...]:
        failed = tuple(self._became(found.outcome, Result.FAILED, reason) for found in due)
        self.journal.record(failed)
        return failed

    def _became(self, outcome: Outcome, result: Result, reason: str) -> Outcome:
        return replace(outcome, result=result, reason=reason, at=self.clock())


def _has_ended(members: Members, kind: Kind, target: Target, identifier: str) -> bool:
    try:
        seen = members.look(kind, target, identifier, None)
    except NotFound:
        return True
    return kind.phase(str(pick(seen, kind.status))) in {Phase.ENDING, Phase.OVER}
