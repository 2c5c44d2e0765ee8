"""How a sweep stops things: as many as it may, and none twice or unheard of."""

from datetime import timedelta

import pytest

from guardian.errors import AccessDenied, NotFound, Unavailable
from guardian.ids import Target
from guardian.jobs.sweep import sweep_once
from guardian.jobs.sweep.stop import BETWEEN_CONFIRMATIONS, CONFIRMATIONS
from guardian.kinds.base import Kind
from guardian.outcome import About, Result
from guardian.policy.model import Mode
from tests.unit.cloud import Cloud
from tests.unit.conftest import Book
from tests.unit.judging import LONG_AGO, NOW, TARGET, session
from tests.unit.sweeping import (
    GRACE,
    MARGIN,
    OTHER,
    TAGGED,
    Sweep,
    holding,
    identities,
    limited,
    place,
    results,
    ruled,
    search,
    sweeping_into,
)


@pytest.fixture
def swept(journal: Book) -> Sweep:
    return sweeping_into(journal)


def test_the_brake_holds_the_rest_and_lets_the_longest_overdue_go_first(swept: Sweep) -> None:
    ages = {"new": 2, "old": 9, "older": 20}
    cloud = Cloud(
        {(TARGET, i): session(began=NOW - timedelta(hours=age)) for i, age in ages.items()}
    )
    found = swept(cloud, how=search(most=2))
    assert cloud.stopped == ["older", "old"]
    assert found.held == 1
    (finding,) = found.findings
    assert (finding.about, finding.subject) == (About.SWEEP, "new")
    assert finding.reason == "held: more than 2 were due in one sweep"


def test_what_is_only_watched_does_not_count_for_the_brake(swept: Sweep) -> None:
    cloud = holding("one")
    cloud.running[OTHER, "two"] = session(began=LONG_AGO - timedelta(days=1))
    watched = place(target=OTHER, mode=Mode.OBSERVE)
    found = swept(cloud, place(), watched, how=search(most=1))
    assert found.held == 0
    assert sorted(results(found.outcomes)) == [("one", Result.STOPPED), ("two", Result.WOULD_STOP)]


def test_a_policy_may_allow_fewer_stops_than_the_brake_and_holds_only_its_own(
    swept: Sweep,
) -> None:
    ages = {"new": 2, "old": 9, "older": 20}
    cloud = Cloud(
        {(TARGET, i): session(began=NOW - timedelta(hours=age)) for i, age in ages.items()}
    )
    cloud.running[OTHER, "other"] = session(began=NOW - timedelta(hours=1))
    found = swept(cloud, limited(place(), "careful", 1), limited(place(target=OTHER), "free", 9))
    assert sorted(cloud.stopped) == ["older", "other"]
    assert found.held == 2
    assert [finding.subject for finding in found.findings] == ["old", "new"]
    assert {finding.reason for finding in found.findings} == {
        "held: more than 1 of policy careful were due in one sweep (limits.stops_per_sweep)"
    }


def test_the_limit_of_a_policy_holds_for_all_its_places_together(swept: Sweep) -> None:
    cloud = holding("one")
    cloud.running[OTHER, "two"] = session(began=LONG_AGO - timedelta(days=1))
    swept(cloud, *(limited(place(target=target), "careful", 1) for target in (TARGET, OTHER)))
    assert cloud.stopped == ["two"]


def test_what_a_policy_holds_leaves_its_turn_to_others_under_the_brake(swept: Sweep) -> None:
    cloud = holding("a", "b", began=LONG_AGO)
    cloud.running[OTHER, "c"] = session(began=NOW - timedelta(hours=2))
    cloud.running[OTHER, "d"] = session(began=NOW - timedelta(hours=1))
    places = limited(place(), "careful", 1), limited(place(target=OTHER), "free", 9)
    found = swept(cloud, *places, how=search(most=2))
    assert sorted(cloud.stopped) == ["a", "c"]
    assert [(finding.subject, finding.reason) for finding in found.findings] == [
        (
            "b",
            "held: more than 1 of policy careful were due in one sweep (limits.stops_per_sweep)",
        ),
        ("d", "held: more than 2 were due in one sweep"),
    ]


def test_a_tag_set_a_moment_before_the_stop_is_respected(swept: Sweep) -> None:
    cloud = holding("one", tags={})

    def press_keep(identifier: str) -> None:
        cloud.running[TARGET, identifier] = session(tags={"guardian": "keep"})

    cloud.meanwhile = press_keep  # after the first look
    found = swept(cloud, place(TAGGED))
    assert cloud.stopped == []
    assert Result.STOPPED not in dict(results(found.outcomes)).values()


def test_what_ends_between_two_looks_is_no_failure(swept: Sweep) -> None:
    cloud = holding("one")
    cloud.meanwhile = lambda identifier: cloud.running.pop((TARGET, identifier))
    assert swept(cloud).outcomes == ()
    assert cloud.stopped == []


def test_what_is_gone_when_the_stop_call_comes_is_told_as_gone(swept: Sweep) -> None:
    class Late(Cloud):
        def stop(self, kind: Kind, target: Target, identifier: str) -> None:
            raise NotFound(f"{target} has no {kind.key} {identifier}")

    assert results(swept(Late(holding("one").running)).outcomes) == [("one", Result.GONE)]


def test_a_stop_that_does_not_take_effect_is_a_failure(swept: Sweep) -> None:
    cloud, waited = holding("one"), list[timedelta]()
    cloud.unstoppable = frozenset({"one"})
    (outcome,) = swept(cloud, how=search(waited)).outcomes
    assert (outcome.result, outcome.reason) == (Result.FAILED, "it runs on after a stop call")
    assert waited == [BETWEEN_CONFIRMATIONS] * CONFIRMATIONS


def test_a_stop_that_is_refused_is_a_failure_and_the_next_is_tried(swept: Sweep) -> None:
    class Locked(Cloud):
        def stop(self, kind: Kind, target: Target, identifier: str) -> None:
            if identifier == "locked":
                raise AccessDenied("a service control policy says no")
            super().stop(kind, target, identifier)

    cloud = Locked(holding("locked", "open").running)
    found = swept(cloud)
    assert results(found.outcomes) == [("locked", Result.FAILED), ("open", Result.STOPPED)]
    assert found.outcomes[0].reason == "a service control policy says no"


def test_what_was_stopped_is_in_the_journal_before_the_next_is_stopped(
    swept: Sweep, journal: Book
) -> None:
    class Crash(BaseException):
        pass

    class Crashing(Cloud):
        def stop(self, kind: Kind, target: Target, identifier: str) -> None:
            if self.stopped:
                raise Crash
            super().stop(kind, target, identifier)

    with pytest.raises(Crash):
        swept(Crashing(holding("a", "b").running))
    assert [(o.id, o.result) for o in journal.all_outcomes()] == [("a", Result.STOPPED)]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_sweep_that_only_observes_stops_nothing(swept: Sweep, mode: Mode) -> None:
    cloud = holding("one")
    found = swept(cloud, place(mode=mode), how=search(observe=True))
    assert results(found.outcomes) == [("one", Result.WOULD_STOP)]
    assert cloud.stopped == []


def test_a_sweep_that_is_halted_stops_nothing_more(swept: Sweep) -> None:
    cloud = holding("a", "b", "c")
    how = search(halted=lambda: len(cloud.stopped) == 1)
    assert results(swept(cloud, how=how).outcomes) == [("a", Result.STOPPED)]


class Killed(BaseException):
    """Nothing of guardian's catches it, as nothing catches kill -9."""


class Fatal(Cloud):
    """Takes the stop and lets nobody live to hear of it."""

    def stop(self, kind: Kind, target: Target, identifier: str) -> None:
        super().stop(kind, target, identifier)
        raise Killed


def test_a_stop_that_a_kill_kept_from_the_journal_is_told_by_the_next_sweep(
    journal: Book,
) -> None:
    cloud = Fatal(holding("one").running)
    with pytest.raises(Killed):
        sweep_once(cloud, journal, [place()], search(), lambda: NOW)
    assert journal.all_outcomes() == ()

    after = sweep_once(Cloud(cloud.running), journal, [place()], search(), lambda: NOW)

    assert results(after.outcomes) == [("one", Result.STOPPED)]
    assert identities(journal.all_outcomes()) == identities(after.outcomes)
    assert journal.intended() == ()


def test_a_kill_before_the_stop_took_effect_leaves_it_to_be_stopped_once(journal: Book) -> None:
    cloud = Fatal(holding("one").running, unstoppable=frozenset({"one"}))
    with pytest.raises(Killed):
        sweep_once(cloud, journal, [place()], search(), lambda: NOW)

    again = Cloud(cloud.running)
    after = sweep_once(again, journal, [place()], search(), lambda: NOW)

    assert (results(after.outcomes), again.stopped) == ([("one", Result.STOPPED)], ["one"])
    assert len(journal.all_outcomes()) == 1


class Silent(Cloud):
    """Does as it is told, and does not answer a stop call."""

    def stop(self, kind: Kind, target: Target, identifier: str) -> None:
        super().stop(kind, target, identifier)
        raise Unavailable("timed out")


def test_a_stop_whose_answer_was_lost_is_seen_to_have_been_made(journal: Book) -> None:
    cloud = Silent(holding("one", "two").running)
    found = sweep_once(cloud, journal, [place()], search(), lambda: NOW)
    assert results(found.outcomes)[0] == ("one", Result.STOPPED)
    assert cloud.stopped == ["one", "two"]
    after = sweep_once(cloud, journal, [place()], search(), lambda: NOW)
    assert (results(after.outcomes), cloud.stopped) == ([("two", Result.STOPPED)], ["one", "two"])


def test_a_stop_of_which_nobody_can_tell_is_not_called_a_failure(journal: Book) -> None:
    class Deaf(Silent):
        def stop(self, kind: Kind, target: Target, identifier: str) -> None:
            self.refusing = {"one": Unavailable("timed out")}
            super().stop(kind, target, identifier)

    cloud = Deaf(holding("one").running)
    assert sweep_once(cloud, journal, [place()], search(), lambda: NOW).outcomes == ()

    cloud.denied = {TARGET.account: AccessDenied("not now")}
    assert sweep_once(cloud, journal, [place()], search(), lambda: NOW).outcomes == ()

    cloud.denied, cloud.refusing = {}, {}
    after = sweep_once(cloud, journal, [place()], search(), lambda: NOW)
    assert results(after.outcomes) == [("one", Result.STOPPED)]


def test_a_sweep_that_is_told_to_stop_calls_no_stop_a_failure(journal: Book) -> None:
    tried: list[str] = []  # from the first stop call on guardian ends

    class Slow(Cloud):
        def stop(self, kind: Kind, target: Target, identifier: str) -> None:
            assert (kind.key, target) == ("glue-session", TARGET)
            tried.append(identifier)

    cloud, how = Slow(holding("one").running), search(halted=lambda: bool(tried))
    assert sweep_once(cloud, journal, [place()], how, lambda: NOW).outcomes == ()
    assert [intended.id for intended in journal.intended()] == ["one"]


def test_what_is_warned_of_is_left_to_its_machine_for_as_long_as_it_warns(swept: Sweep) -> None:
    ten = timedelta(minutes=10)
    warned = ruled(place(), warn_before=ten)
    fresh = holding("a", began=NOW - GRACE - MARGIN - ten + timedelta(seconds=1))
    assert swept(fresh, warned).outcomes == ()
    late = holding("a", began=NOW - GRACE - MARGIN - ten)
    assert results(swept(late, warned).outcomes) == [("a", Result.STOPPED)]
