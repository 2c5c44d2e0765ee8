"""How a sweep goes through accounts: many at the same time, each by itself, with no more rights than it needs."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from threading import Event, Lock

import pytest
from structlog.contextvars import get_contextvars

from guardian.errors import AccessDenied
from guardian.ids import AccountId, Target
from guardian.jobs.sweep import Place, Progress, sweep_once
from guardian.jobs.sweep.course import AT_ONCE
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.outcome import Outcome, Result
from guardian.policy.model import Mode
from guardian.ports import Candidate
from guardian.stack.access import WHO_STARTED
from tests.unit.cloud import Cloud
from tests.unit.conftest import Book
from tests.unit.judging import LONG_AGO, NOW, TARGET, rule, session
from tests.unit.sweeping import (
    BY_PROD,
    OTHER,
    Sweep,
    holding,
    place,
    places_in,
    results,
    search,
    sweeping_into,
)


@pytest.fixture
def swept(journal: Book) -> Sweep:
    return sweeping_into(journal)


def account(number: int) -> Target:
    return replace(TARGET, account=AccountId(f"{number:012}"))


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
