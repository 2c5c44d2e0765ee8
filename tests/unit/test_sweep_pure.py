"""The sweep over a small cloud that remembers what was done to it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import pytest

from guardian.documents import instant
from guardian.errors import AccessDenied, NotFound, Refused, Unavailable
from guardian.ids import AccountId, OuPath, Region, Slug, Target
from guardian.jobs.sweep import Place, Search, Swept, governed_places, sweep_once
from guardian.jobs.sweep.stop import BETWEEN_CONFIRMATIONS, CONFIRMATIONS
from guardian.kinds.base import Kind
from guardian.outcome import About, By, Finding, Outcome, Result
from guardian.policy.hours import Hours, parse_window
from guardian.policy.model import Exemption, Limits, Mode, Policy, Rule
from guardian.policy.resolve import Governance
from guardian.ports import Origin
from tests.unit.cloud import Cloud
from tests.unit.conftest import Book
from tests.unit.judging import LONG_AGO, NOW, PRINCIPAL, TARGET, cluster, rule, session
from tests.unit.policies import IRELAND, VIRGINIA, policy

GRACE, MARGIN = timedelta(minutes=30), timedelta(minutes=10)
OTHER = replace(TARGET, account=AccountId("444455556666"))
DEV = Origin(("arn:aws:iam::111122223333:role/dev",), "ana")
PROD = Origin((PRINCIPAL,), "etl")
STUDIO = replace(DEV, origin="GlueStudioNotebook")
FROM_STUDIO = Exemption(origin="GlueStudio*", reason="Studio")
BY_PROD = Exemption(principal="*:role/prod-*", reason="production")
TAGGED = Exemption(tags={"guardian": "keep"})


def place(*exempt: Exemption, target: Target = TARGET, mode: Mode = Mode.STOP) -> Place:
    governed: Rule = rule("glue-session", *exempt, grace=GRACE, mode=mode)
    holding = Policy(Slug("sandbox"), OuPath("/Sandbox"), "s.yaml", (IRELAND,), (governed,))
    return Place(holding, target, governed)


def ruled(here: Place, **changed: Any) -> Place:
    """The place under a rule that differs in some settings."""
    return replace(here, rule=replace(here.rule, **changed))


def limited(here: Place, slug: str, stops: int) -> Place:
    """The place under a policy that allows this many stops in a sweep."""
    allowed = replace(here.policy, slug=Slug(slug), limits=Limits(stops))
    return replace(here, policy=allowed)


def search(waited: list[timedelta] | None = None, **changed: Any) -> Search:
    waits = [] if waited is None else waited
    usual: dict[str, Any] = {"margin": MARGIN, "most": 50, "trace": "sweep-1"}
    return Search(**{**usual, "wait": waits.append, **changed})


class Sweep(Protocol):
    def __call__(self, cloud: Cloud, *places: Place, how: Search | None = None) -> Swept: ...


def identities(entries: Iterable[Outcome | Finding]) -> set[str]:
    return {entry.identity for entry in entries}


@pytest.fixture
def swept(journal: Book) -> Sweep:
    """Sweeps; what it answers is what the journal has."""

    def sweep(cloud: Cloud, *places: Place, how: Search | None = None) -> Swept:
        found = sweep_once(cloud, journal, places or [place()], how or search(), lambda: NOW)
        assert identities(journal.all_outcomes()) == identities(found.outcomes)
        assert identities(journal.all_findings()) == identities(found.findings)
        return found

    return sweep


def holding(*identifiers: str, target: Target = TARGET, **seen: Any) -> Cloud:
    return Cloud({(target, identifier): session(**seen) for identifier in identifiers})


def results(found: Swept) -> list[tuple[str, Result]]:
    return [(outcome.id, outcome.result) for outcome in found.outcomes]


def test_a_forgotten_session_is_stopped_and_told_of(swept: Sweep) -> None:
    cloud = holding("one", tags={"owner": "ana"})
    (outcome,) = swept(cloud).outcomes
    assert cloud.stopped == ["one"]
    assert outcome == Outcome(
        result=Result.STOPPED,
        kind="glue-session",
        id="one",
        target=TARGET,
        policy="sandbox",
        at=NOW,
        by=By.SWEEP,
        reason="grace of 30m is over",
        owner="ana",
        started=LONG_AGO,
        due=LONG_AGO + GRACE,
        trace="sweep-1",
    )
    assert outcome.missed


def test_the_facts_that_price_a_stop_are_told(swept: Sweep) -> None:
    cloud = holding("one")
    cloud.running[TARGET, "one"]["session"]["Session"] |= {
        "MaxCapacity": 5.0,
        "WorkerType": "G.1X",
    }
    (outcome,) = swept(cloud).outcomes
    assert outcome.facts == {"max_capacity": 5.0, "worker_type": "G.1X"}


@pytest.mark.parametrize(
    ("age", "stopped"),
    [
        (GRACE - timedelta(seconds=1), []),
        (GRACE + MARGIN - timedelta(seconds=1), []),
        (GRACE + MARGIN, ["one"]),
    ],
)
def test_what_is_within_its_grace_and_a_margin_is_left_to_its_own_machine(
    swept: Sweep, age: timedelta, stopped: list[str]
) -> None:
    cloud = holding("one", began=NOW - age)
    swept(cloud)
    assert cloud.stopped == stopped


@pytest.mark.parametrize("error", [AccessDenied("no role"), Unavailable("throttled")])
def test_an_account_that_cannot_be_looked_into_does_not_stop_the_others(
    swept: Sweep, error: Exception
) -> None:
    cloud = holding("one", target=OTHER)
    cloud.denied[TARGET.account] = error
    found = swept(cloud, place(), place(target=OTHER))
    assert results(found) == [("one", Result.STOPPED)]
    (finding,) = found.findings
    assert (finding.about, finding.target, finding.reason) == (About.ACCESS, TARGET, str(error))


def test_a_resource_that_cannot_be_looked_at_does_not_hide_its_neighbours(swept: Sweep) -> None:
    cloud = holding("a", "b", "c")
    cloud.refusing["b"] = Refused("instance fleets are not groups")
    found = swept(cloud)
    assert cloud.stopped == ["a", "c"]
    assert [finding.reason for finding in found.findings] == ["b: instance fleets are not groups"]
    assert found.seen == 3


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
    assert sorted(results(found)) == [("one", Result.STOPPED), ("two", Result.WOULD_STOP)]


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, []),
        (PROD, [("one", Result.KEPT)]),
        (DEV, [("one", Result.STOPPED)]),
    ],
    ids=["unknown", "exempt", "somebody else"],
)
def test_an_exemption_by_who_started_it_needs_to_know_who(
    swept: Sweep, origin: Origin | None, expected: list[tuple[str, Result]]
) -> None:
    cloud = holding("one")
    if origin:
        cloud.origins["one"] = origin
    assert results(swept(cloud, place(BY_PROD))) == expected


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, []),
        (STUDIO, [("one", Result.KEPT)]),
        (replace(STUDIO, origin="Console"), [("one", Result.STOPPED)]),
        (DEV, [("one", Result.STOPPED)]),
    ],
    ids=["unknown", "exempt", "from elsewhere", "from nowhere in particular"],
)
def test_an_exemption_by_origin_needs_to_know_what_the_start_request_said(
    swept: Sweep, origin: Origin | None, expected: list[tuple[str, Result]]
) -> None:
    cloud = holding("one")
    if origin:
        cloud.origins["one"] = origin
    assert results(swept(cloud, place(FROM_STUDIO))) == expected
    assert cloud.asked[:1] == [f"{TARGET} glue-session one"]


def test_the_origin_of_what_would_not_be_stopped_anyway_is_not_asked_for(swept: Sweep) -> None:
    cloud = holding("kept", tags={"guardian": "keep"})
    cloud.running[TARGET, "young"] = session(began=NOW - GRACE)
    swept(cloud, place(FROM_STUDIO, TAGGED))
    assert cloud.asked == []


@pytest.mark.parametrize(
    ("window", "stopped"),
    [
        ("mon 07:00-20:00", []),
        ("mon 11:00-11:51", []),  # NOW is noon: the executions were woken nine minutes ago
        ("mon 11:00-11:50", ["one"]),
        ("mon 12:01-20:00", ["one"]),
    ],
)
def test_what_rests_or_rested_a_moment_ago_is_left(
    swept: Sweep, window: str, stopped: list[str]
) -> None:
    cloud = holding("one")
    hours = Hours("Europe/London", (parse_window(window),), rests=True)
    swept(cloud, ruled(place(), hours=hours))
    assert cloud.stopped == stopped
    assert (cloud.asked != []) is (stopped != [])


@pytest.mark.parametrize(
    ("age", "stopped"),
    [
        (timedelta(hours=6), []),
        (timedelta(hours=6) + MARGIN - timedelta(seconds=1), []),
        (timedelta(hours=6) + MARGIN, ["j-1"]),
    ],
)
def test_what_is_at_work_is_stopped_a_margin_after_it_became_too_old(
    swept: Sweep, age: timedelta, stopped: list[str]
) -> None:
    idle, longest = timedelta(hours=1), timedelta(hours=6)
    governed = replace(rule("emr-cluster", idle=idle), max_age=longest)
    cloud = Cloud({(TARGET, "j-1"): cluster("RUNNING", NOW - age)})
    found = swept(cloud, replace(place(), rule=governed))
    assert cloud.stopped == stopped
    assert [(o.result, o.reason, o.due) for o in found.outcomes] == [
        (Result.STOPPED, "older than 6h", NOW - age + GRACE + idle) for _ in stopped
    ]


@pytest.mark.parametrize(("minutes", "stopped"), [(19, []), (20, []), (29, []), (30, ["one"])])
def test_a_grace_longer_than_the_greatest_age_is_cut_short(
    swept: Sweep, minutes: int, stopped: list[str]
) -> None:
    cloud = holding("one", began=NOW - timedelta(minutes=minutes))
    found = swept(cloud, ruled(place(), max_age=timedelta(minutes=20)))
    assert cloud.stopped == stopped
    assert [outcome.reason for outcome in found.outcomes] == ["older than 20m" for _ in stopped]


def test_a_policy_may_allow_fewer_stops_than_the_brake_and_holds_only_its_own(
    swept: Sweep,
) -> None:
    ages = {"new": 2, "old": 9, "older": 20}
    cloud = Cloud(
        {(TARGET, i): session(began=NOW - timedelta(hours=age)) for i, age in ages.items()}
    )
    cloud.running[OTHER, "other"] = session(began=NOW - timedelta(hours=1))
    found = swept(cloud, limited(place(), "careful", 1), limited(place(target=OTHER), "free", 9))
    assert cloud.stopped == ["older", "other"]
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
    assert cloud.stopped == ["a", "c"]
    assert [(finding.subject, finding.reason) for finding in found.findings] == [
        (
            "b",
            "held: more than 1 of policy careful were due in one sweep (limits.stops_per_sweep)",
        ),
        ("d", "held: more than 2 were due in one sweep"),
    ]


def test_who_started_it_owns_it_where_no_tag_says_so(swept: Sweep) -> None:
    cloud = holding("one")
    cloud.origins["one"] = DEV
    (outcome,) = swept(cloud).outcomes
    assert outcome.owner == "ana"


def test_nobody_is_asked_who_started_what_would_not_be_stopped_anyway(swept: Sweep) -> None:
    cloud = holding("kept", tags={"guardian": "keep"})
    cloud.running[TARGET, "young"] = session(began=NOW - GRACE)
    cloud.running[TARGET, "ending"] = session("STOPPING")
    swept(cloud, place(BY_PROD, TAGGED))
    assert cloud.asked == []


def test_what_is_exempt_is_told_as_kept(swept: Sweep) -> None:
    cloud = holding("one", tags={"guardian": "keep"})
    (outcome,) = swept(cloud, place(TAGGED)).outcomes
    assert (outcome.result, outcome.reason) == (Result.KEPT, "exempt: tag guardian=keep")
    assert outcome.due is None
    assert cloud.stopped == []


def test_a_tag_set_a_moment_before_the_stop_is_respected(swept: Sweep) -> None:
    cloud = holding("one", tags={})

    def press_keep(identifier: str) -> None:
        cloud.running[TARGET, identifier] = session(tags={"guardian": "keep"})

    cloud.meanwhile = press_keep  # after the first look
    found = swept(cloud, place(TAGGED))
    assert cloud.stopped == []
    assert Result.STOPPED not in dict(results(found)).values()


def test_what_ends_between_two_looks_is_no_failure(swept: Sweep) -> None:
    cloud = holding("one")
    cloud.meanwhile = lambda identifier: cloud.running.pop((TARGET, identifier))
    assert swept(cloud).outcomes == ()
    assert cloud.stopped == []


def test_what_is_gone_when_the_stop_call_comes_is_told_as_gone(swept: Sweep) -> None:
    class Late(Cloud):
        def stop(self, kind: Kind, target: Target, identifier: str) -> None:
            raise NotFound(f"{target} has no {kind.key} {identifier}")

    assert results(swept(Late(holding("one").running))) == [("one", Result.GONE)]


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
    assert results(found) == [("locked", Result.FAILED), ("open", Result.STOPPED)]
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
    assert results(found) == [("one", Result.WOULD_STOP)]
    assert cloud.stopped == []


def test_a_sweep_that_is_halted_stops_nothing_more(swept: Sweep) -> None:
    cloud = holding("a", "b", "c")
    how = search(halted=lambda: len(cloud.stopped) == 1)
    assert results(swept(cloud, how=how)) == [("a", Result.STOPPED)]


def test_what_cannot_be_stopped_yet_or_ended_already_is_left(swept: Sweep) -> None:
    cloud = Cloud(
        {(TARGET, s): session(s) for s in ("PROVISIONING", "STOPPING", "STOPPED", "BRAND_NEW")}
    )
    assert swept(cloud).outcomes == ()
    assert cloud.stopped == []


def test_idleness_is_judged_over_the_window_and_what_its_own_machine_would_need(
    swept: Sweep,
) -> None:
    idle = timedelta(hours=1)
    governed = rule("emr-cluster", grace=timedelta(0), idle=idle)
    here = replace(place(), rule=governed)
    busy_before = [1.0] * 12 + [0.0]
    cloud = Cloud({(TARGET, "j-1"): cluster(samples=busy_before)})
    assert swept(cloud, here).outcomes == ()
    (window,) = cloud.windows
    assert window is not None
    assert window[1] == NOW
    assert window[1] - window[0] > idle + MARGIN


def test_governed_places_are_every_account_region_and_kind() -> None:
    governed = policy(slug="sandbox")
    accounts = {TARGET.account: governed.slug, OTHER.account: governed.slug}
    places = list(
        governed_places(
            Governance((governed,), accounts, {}, dict.fromkeys(accounts, governed.regions))
        )
    )
    assert {(p.target, p.rule.kind.key) for p in places} == {
        (Target(account, region), r.kind.key)
        for account in accounts
        for region in (IRELAND, VIRGINIA)
        for r in governed.rules
    }
    assert len(places) == len(accounts) * 2 * len(governed.rules)


def test_a_sweep_counts_what_it_looked_at(swept: Sweep) -> None:
    cloud = holding("one", "two")
    cloud.running[OTHER, "three"] = session(began=NOW)
    found = swept(
        cloud,
        place(),
        place(target=OTHER),
        place(target=replace(OTHER, region=Region("eu-north-1"))),
    )
    assert (found.places, found.seen) == (3, 2)
    assert instant(found.outcomes[0].at) == instant(NOW)


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

    assert results(after) == [("one", Result.STOPPED)]
    assert identities(journal.all_outcomes()) == identities(after.outcomes)
    assert journal.intended() == ()


def test_a_kill_before_the_stop_took_effect_leaves_it_to_be_stopped_once(journal: Book) -> None:
    cloud = Fatal(holding("one").running, unstoppable=frozenset({"one"}))
    with pytest.raises(Killed):
        sweep_once(cloud, journal, [place()], search(), lambda: NOW)

    again = Cloud(cloud.running)
    after = sweep_once(again, journal, [place()], search(), lambda: NOW)

    assert (results(after), again.stopped) == ([("one", Result.STOPPED)], ["one"])
    assert len(journal.all_outcomes()) == 1


def test_a_stop_whose_answer_was_lost_is_not_called_a_failure(journal: Book) -> None:
    class Silent(Cloud):
        def stop(self, kind: Kind, target: Target, identifier: str) -> None:
            super().stop(kind, target, identifier)
            raise Unavailable("timed out")

    cloud = Silent(holding("one").running)
    assert sweep_once(cloud, journal, [place()], search(), lambda: NOW).outcomes == ()

    cloud.denied = {TARGET.account: AccessDenied("not now")}
    cloud.refusing = {"one": AccessDenied("not now")}
    assert sweep_once(cloud, journal, [place()], search(), lambda: NOW).outcomes == ()

    cloud.denied, cloud.refusing = {}, {}
    after = sweep_once(cloud, journal, [place()], search(), lambda: NOW)
    assert results(after) == [("one", Result.STOPPED)]


def test_a_sweep_that_is_told_to_stop_calls_no_stop_a_failure(journal: Book) -> None:
    told = [False, False]  # one place, one stop: from then on guardian ends
    cloud = holding("one")
    cloud.unstoppable = frozenset({"one"})
    how = search(halted=lambda: told.pop() if told else True)
    assert sweep_once(cloud, journal, [place()], how, lambda: NOW).outcomes == ()
    assert [intended.id for intended in journal.intended()] == ["one"]
