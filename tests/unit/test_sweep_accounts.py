"""How a sweep goes through accounts: many at the same time, each by itself, none for ever."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta
from threading import Event, Lock, Thread
from time import monotonic

import pytest
from structlog.contextvars import get_contextvars

from guardian.documents import Document, Json
from guardian.errors import AccessDenied, Unavailable
from guardian.ids import AccountId, Region, Target
from guardian.jobs.sweep import Place, Progress, Trouble, sweep_once
from guardian.jobs.sweep.course import AT_ONCE
from guardian.jobs.sweep.streaks import IN_A_ROW
from guardian.jobs.sweep.visit import MOST_TROUBLES, SILENCE
from guardian.kinds import all_kinds
from guardian.kinds.base import Call, Kind
from guardian.outcome import About, Outcome, Result
from guardian.policy.model import Mode
from guardian.ports import Candidate
from guardian.stack.access import WHO_STARTED
from tests.unit.cloud import Cloud, Visited
from tests.unit.conftest import Book
from tests.unit.judging import LONG_AGO, NOW, TARGET, rule, session
from tests.unit.sweeping import (
    BY_PROD,
    OTHER,
    Sweep,
    holding,
    place,
    results,
    search,
    sweeping_into,
)

REGIONS = [Region(f"eu-west-{number}") for number in range(1, 4)]


@pytest.fixture
def swept(journal: Book) -> Sweep:
    return sweeping_into(journal)


def account(number: int) -> Target:
    return replace(TARGET, account=AccountId(f"{number:012}"))


def places_in(*accounts: Target) -> list[Place]:
    return [place(target=target) for target in sorted(accounts)]


class Deaf(Cloud):
    """Accounts in `deaf` answer nothing until `heard` is set; `asked_of` counts the attempts."""

    deaf: frozenset[AccountId] = frozenset()
    heard = Event()

    def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
        if target.account in self.deaf:
            self.asked.append(str(target))
            self.heard.wait(60)
            raise Unavailable("no answer")
        return super().candidates(kind, target)


def test_an_account_that_hangs_does_not_keep_others_from_being_stopped(journal: Book) -> None:
    cloud = Deaf(holding("one", target=OTHER).running)
    cloud.deaf, cloud.heard = frozenset({TARGET.account}), Event()
    ended: list[object] = []

    def sweep() -> None:
        ended.append(sweep_once(cloud, journal, places_in(TARGET, OTHER), search(), lambda: NOW))

    sweeping = Thread(target=sweep)
    sweeping.start()
    try:
        deadline = monotonic() + 30
        while not journal.all_outcomes() and monotonic() < deadline:
            sweeping.join(0.05)
        assert results(journal.all_outcomes()) == [("one", Result.STOPPED)]
        assert ended == []
    finally:
        cloud.heard.set()
        sweeping.join()


def test_an_account_that_stays_silent_is_left_for_the_next_sweep(swept: Sweep) -> None:
    cloud = Deaf()
    cloud.deaf, cloud.heard = frozenset({TARGET.account}), Event()
    cloud.heard.set()
    found = swept(cloud, *(place(target=replace(TARGET, region=r)) for r in REGIONS * 2))
    assert len(cloud.asked) == 2 * SILENCE
    assert cloud.patience == [False, True]
    *silent, left = found.troubles
    assert [t.reason for t in silent] == ["no answer"] * SILENCE
    assert left.reason == f"{2 * len(REGIONS) - SILENCE} of its places were left out of this sweep"


def test_what_did_not_answer_at_first_is_looked_into_again_with_patience(swept: Sweep) -> None:
    class Waking(Deaf):
        def visit(
            self, account: AccountId, calls: Collection[Call], *, patient: bool = False
        ) -> Visited:
            self.deaf = frozenset() if patient else frozenset({TARGET.account})
            return super().visit(account, calls, patient=patient)

    cloud = Waking(holding("one").running)
    cloud.heard = Event()
    cloud.heard.set()
    regions = (replace(TARGET, region=region) for region in REGIONS * 2)
    found = swept(cloud, *(place(target=target) for target in regions))
    assert (results(found.outcomes), found.troubles) == ([("one", Result.STOPPED)], ())
    assert (found.accounts, found.places, found.seen) == (1, 2 * len(REGIONS), 2)


def test_who_lets_nobody_in_at_first_has_a_second_turn(swept: Sweep) -> None:
    cloud = holding("one")
    cloud.running |= holding("two", target=OTHER).running
    cloud.denied = {TARGET.account: Unavailable("STS does not answer")}
    cloud.meanwhile = lambda _: cloud.denied.clear()
    found = swept(cloud, *places_in(TARGET, OTHER))
    assert sorted(cloud.stopped) == ["one", "two"]
    assert (found.accounts, found.troubles) == (2, ())


def test_a_second_turn_waits_for_no_account_that_still_hangs(swept: Sweep) -> None:
    stopped_elsewhere, silences = Event(), list[str]()

    class Hanging(Cloud):
        def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
            if target == OTHER and not stopped_elsewhere.wait(30):
                raise AssertionError("nothing was stopped meanwhile")
            if target == TARGET and not silences:
                silences.append("once")
                raise Unavailable("no answer")
            return super().candidates(kind, target)

        def stop(self, kind: Kind, target: Target, identifier: str) -> None:
            super().stop(kind, target, identifier)
            stopped_elsewhere.set()

    cloud = Hanging(holding("one").running | holding("two", target=OTHER).running)
    found = swept(cloud, *places_in(TARGET, OTHER))
    assert cloud.stopped == ["one", "two"]
    assert (found.accounts, found.troubles, silences) == (2, (), ["once"])


def test_a_refusal_in_one_place_is_no_silence(swept: Sweep) -> None:
    class Forbidden(Cloud):
        def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
            if target.region != TARGET.region:
                raise AccessDenied(f"a service control policy denies {target.region}")
            return super().candidates(kind, target)

    regions = [TARGET.region, *(Region(f"ap-{n}") for n in range(MOST_TROUBLES + 3))]
    cloud = Forbidden(holding("one").running)
    found = swept(cloud, *(place(target=replace(TARGET, region=region)) for region in regions))
    assert cloud.stopped == ["one"]
    assert found.places == len(regions)
    *told, more = found.troubles
    assert len(told) == MOST_TROUBLES
    assert more.reason == "3 more of its places could not be looked into either"


def test_what_is_logged_of_a_place_says_where_it_is(swept: Sweep) -> None:
    bound: list[dict[str, object]] = []

    class Logging(Cloud):
        def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
            bound.append(get_contextvars())
            return super().candidates(kind, target)

        def stop(self, kind: Kind, target: Target, identifier: str) -> None:
            bound.append(get_contextvars())
            super().stop(kind, target, identifier)

    swept(Logging(holding("one").running), place())
    where = {"account": TARGET.account, "region": TARGET.region, "policy": place().policy.slug}
    assert bound == [where, where]
    assert get_contextvars() == {}


def test_a_bug_in_one_account_is_told_and_the_others_are_swept(swept: Sweep) -> None:
    class Strange(Cloud):
        def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
            if target == TARGET:
                raise TypeError("not what a listing answers")
            return super().candidates(kind, target)

    cloud = Strange(holding("one", target=OTHER).running)
    found = swept(cloud, *places_in(TARGET, OTHER))
    assert results(found.outcomes) == [("one", Result.STOPPED)]
    assert found.troubles == (
        Trouble(TARGET, "account", "a bug of guardian, see its log: TypeError"),
    )


def test_stops_that_find_an_account_silent_twice_have_failed(swept: Sweep) -> None:
    looks: list[str] = []

    class Faint(Cloud):
        def look(
            self,
            kind: Kind,
            target: Target,
            identifier: str,
            idle: tuple[object, object] | None,
            told: Json = None,
        ) -> Document:
            assert told is None
            looks.append(identifier)
            if len(looks) > len(self.running):
                raise Unavailable("no answer")
            return super().look(kind, target, identifier, None if idle is None else (NOW, NOW))

    cloud = Faint(holding("a", "b", "c").running)
    found = swept(cloud)
    assert looks == ["a", "b", "c", "a", "a"]
    assert [(o.result, o.reason) for o in found.outcomes] == [(Result.FAILED, "no answer")] * 3
    assert cloud.stopped == []


def test_no_more_accounts_are_looked_into_at_once_than_one_process_can(journal: Book) -> None:
    lock, inside = Lock(), [0, 0]

    class Counting(Cloud):
        def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]:
            with lock:
                inside[0] += 1
                inside[1] = max(inside)
            Event().wait(0.01)
            with lock:
                inside[0] -= 1
            return super().candidates(kind, target)

    taken: list[int] = []

    def lazily() -> Iterable[Place]:
        for number in range(3 * AT_ONCE):
            taken.append(number)
            yield place(target=account(number))
            assert len(taken) <= done[-1].accounts + AT_ONCE + 2, "taken before there was room"

    done = [Progress()]
    sweep_once(Counting(), journal, lazily(), search(), lambda: NOW, done.append)
    assert 1 < inside[1] <= AT_ONCE
    assert done[-1].accounts == 3 * AT_ONCE


def test_progress_is_told_as_it_is_made(journal: Book) -> None:
    cloud = holding("one", "two")
    cloud.denied[OTHER.account] = AccessDenied("no role")
    done: list[Progress] = []
    sweep_once(cloud, journal, places_in(TARGET, OTHER), search(), lambda: NOW, done.append)
    assert done[-1] == Progress(accounts=2, seen=2, stopped=2, troubled=1)
    assert [far.accounts for far in done] == sorted(far.accounts for far in done)


def test_what_the_deadline_leaves_out_is_told(swept: Sweep) -> None:
    cloud = holding("one")
    found = swept(cloud, how=search(deadline=NOW))
    assert (cloud.stopped, cloud.visits) == ([], [])
    assert [t.reason for t in found.troubles] == ["the sweep's time was over before its turn"]


def test_three_sweeps_in_trouble_in_a_row_are_a_finding(journal: Book) -> None:
    cloud = holding("one", target=OTHER)
    cloud.denied[TARGET.account] = AccessDenied("no role")
    for number in range(1, IN_A_ROW + 1):
        found = sweep_once(cloud, journal, places_in(TARGET, OTHER), search(), lambda: NOW)
        assert len(found.findings) == (number == IN_A_ROW)
    (finding,) = journal.all_findings()
    assert (finding.about, finding.target, finding.reason) == (About.ACCESS, TARGET, "no role")


def test_a_sweep_without_trouble_begins_to_count_anew(journal: Book) -> None:
    cloud = Cloud()
    denied: dict[AccountId, Exception] = {TARGET.account: AccessDenied("no role")}
    for cloud.denied in (denied, denied, {}, denied, denied):
        assert sweep_once(cloud, journal, [place()], search(), lambda: NOW).findings == ()


def test_a_sweep_of_a_part_neither_counts_nor_forgets(journal: Book) -> None:
    cloud = Cloud()
    cloud.denied[TARGET.account] = AccessDenied("no role")
    for whole in (True, False, False, True):
        how = search(whole=whole)
        assert sweep_once(cloud, journal, [place()], how, lambda: NOW).findings == ()
    assert sweep_once(cloud, journal, [place()], search(), lambda: NOW).findings


def test_an_account_that_guardian_ends_in_is_in_no_trouble(swept: Sweep) -> None:
    cloud = Cloud()
    visited = search(halted=lambda: bool(cloud.visits), ending=lambda: bool(cloud.visits))
    found = swept(cloud, place(), place(target=replace(TARGET, region=REGIONS[1])), how=visited)
    assert (found.places, found.troubles) == (0, ())


def rights_of(cloud: Cloud) -> list[frozenset[str]]:
    return [permissions for _, permissions in cloud.visits]


def test_a_look_has_no_right_to_stop_and_a_stop_none_to_list(swept: Sweep) -> None:
    cloud = holding("one")
    swept(cloud)
    looking, stopping = rights_of(cloud)
    assert looking == {
        "glue:ListSessions",
        "glue:GetSession",
        "glue:GetTags",
        WHO_STARTED.permission,
    }
    assert stopping == (looking - {"glue:ListSessions"}) | {"glue:StopSession"}


@pytest.mark.parametrize(("mode", "observe"), [(Mode.STOP, True), (Mode.OBSERVE, False)])
def test_who_only_observes_never_has_the_right_to_stop(
    swept: Sweep, mode: Mode, *, observe: bool
) -> None:
    cloud = holding("one")
    swept(cloud, place(mode=mode), how=search(observe=observe))
    assert len(cloud.visits) == 1
    assert "glue:StopSession" not in rights_of(cloud)[0]


def test_what_is_not_due_is_not_visited_twice(swept: Sweep) -> None:
    cloud = holding("young", began=NOW)
    swept(cloud, place(BY_PROD))
    assert len(cloud.visits) == 1


@pytest.mark.parametrize(("share", "gone"), [(0.0, 2), (0.5, 5), (1.0, 10)])
def test_the_brake_lets_a_share_of_what_was_seen_go_where_that_is_more(
    swept: Sweep, share: float, gone: int
) -> None:
    cloud = holding(*(f"s{number}" for number in range(10)), began=LONG_AGO)
    found = swept(cloud, how=search(most=2, share=share))
    assert (len(cloud.stopped), found.held) == (gone, 10 - gone)


def test_a_brake_of_none_holds_everything(swept: Sweep) -> None:
    cloud = holding("one")
    assert swept(cloud, how=search(most=0, share=1.0)).held == 1
    assert cloud.stopped == []


def test_a_stop_left_open_in_an_account_that_nobody_governs_now_is_settled(journal: Book) -> None:
    cloud = holding("one", target=OTHER)
    (stopped,) = sweep_once(cloud, journal, places_in(OTHER), search(), lambda: NOW).outcomes
    journal.intend(replace(stopped, at=NOW + timedelta(hours=1), started=NOW))
    found = sweep_once(cloud, journal, [], search(), lambda: NOW)
    assert [outcome.id for outcome in found.outcomes] == ["one"]
    assert journal.intended() == ()


def test_every_kind_is_looked_at_and_stopped_with_the_rights_of_its_visit(swept: Sweep) -> None:
    kinds = [rule(key) for key in all_kinds()]
    here = [replace(place(), rule=governed) for governed in kinds]
    found = swept(Cloud({(TARGET, "one"): session()}), *here)
    assert found.places == len(kinds)
    assert [t for t in found.troubles if "may not" in t.reason] == []


def test_outcomes_are_the_same_whichever_account_comes_first(journal: Book) -> None:
    def outcomes(*targets: Target) -> set[tuple[str, Result]]:
        cloud = Cloud({(t, f"of-{t.account}"): session(began=LONG_AGO) for t in targets})
        places = [place(target=t) for t in targets]
        swept: tuple[Outcome, ...] = sweep_once(
            cloud, journal, places, search(), lambda: NOW
        ).outcomes
        return set(results(swept))

    targets = [account(number) for number in range(5)]
    assert outcomes(*targets) == outcomes(*reversed(targets))
