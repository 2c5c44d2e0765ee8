"""Accounts in trouble: silent, refusing or strange ones, and what becomes of a sweep with them."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from threading import Event, Thread
from time import monotonic

import pytest

from guardian.documents import Document, Json
from guardian.errors import AccessDenied, Unavailable
from guardian.ids import AccountId, Region, Target
from guardian.jobs.sweep import Trouble, sweep_once
from guardian.jobs.sweep.streaks import IN_A_ROW
from guardian.jobs.sweep.visit import MOST_TROUBLES, SILENCE
from guardian.kinds.base import Call, Kind
from guardian.outcome import About, Result
from guardian.ports import Candidate
from tests.unit.cloud import Cloud, Visited
from tests.unit.conftest import Book
from tests.unit.judging import NOW, TARGET
from tests.unit.sweeping import (
    OTHER,
    Sweep,
    holding,
    place,
    places_in,
    results,
    search,
    sweeping_into,
)

REGIONS = [Region(f"eu-west-{number}") for number in range(1, 4)]


@pytest.fixture
def swept(journal: Book) -> Sweep:
    return sweeping_into(journal)


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
