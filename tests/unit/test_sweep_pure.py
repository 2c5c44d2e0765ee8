"""What a sweep over a small cloud finds, and what it leaves alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from guardian.documents import instant
from guardian.errors import AccessDenied, Refused, Unavailable
from guardian.ids import Region, Target
from guardian.jobs.sweep import Trouble, governed_places
from guardian.outcome import By, Outcome, Result
from guardian.policy.hours import Hours, parse_window
from guardian.policy.resolve import Governance
from guardian.ports import Origin
from tests.unit.cloud import Cloud
from tests.unit.conftest import Book
from tests.unit.judging import LONG_AGO, NOW, TARGET, cluster, rule, session
from tests.unit.policies import IRELAND, VIRGINIA, policy
from tests.unit.sweeping import (
    BY_PROD,
    DEV,
    FROM_STUDIO,
    GRACE,
    MARGIN,
    OTHER,
    PROD,
    STUDIO,
    TAGGED,
    Sweep,
    holding,
    place,
    results,
    ruled,
    sweeping_into,
)


@pytest.fixture
def swept(journal: Book) -> Sweep:
    return sweeping_into(journal)


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
    assert results(found.outcomes) == [("one", Result.STOPPED)]
    assert found.troubles == (Trouble(TARGET, "account", str(error)),)
    assert found.findings == ()


def test_a_resource_that_cannot_be_looked_at_does_not_hide_its_neighbours(swept: Sweep) -> None:
    cloud = holding("a", "b", "c")
    cloud.refusing["b"] = Refused("instance fleets are not groups")
    found = swept(cloud)
    assert cloud.stopped == ["a", "c"]
    assert [t.reason for t in found.troubles] == ["b: instance fleets are not groups"]
    assert found.seen == 3


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
    swept: Sweep, journal: Book, origin: Origin | None, expected: list[tuple[str, Result]]
) -> None:
    cloud = holding("one")
    if origin:
        cloud.origins["one"] = origin
    swept(cloud, place(BY_PROD))
    assert results(journal.all_outcomes()) == expected


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
    swept: Sweep, journal: Book, origin: Origin | None, expected: list[tuple[str, Result]]
) -> None:
    cloud = holding("one")
    if origin:
        cloud.origins["one"] = origin
    swept(cloud, place(FROM_STUDIO))
    assert results(journal.all_outcomes()) == expected
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


def test_nobody_is_asked_who_started_what_names_its_owner(swept: Sweep) -> None:
    cloud = holding("one", tags={"owner": "ana"})
    (outcome,) = swept(cloud).outcomes
    assert (outcome.owner, cloud.asked) == ("ana", [])


def test_what_is_exempt_is_told_as_kept(swept: Sweep, journal: Book) -> None:
    cloud = holding("one", tags={"guardian": "keep"})
    assert swept(cloud, place(TAGGED)).kept == 1
    (outcome,) = journal.all_outcomes()
    assert (outcome.result, outcome.reason) == (Result.KEPT, "exempt: tag guardian=keep")
    assert outcome.due is None
    assert cloud.stopped == []


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
