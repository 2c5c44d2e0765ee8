"""What is kept alive, for how long, and what is said where it cannot be."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.errors import InputError, NotFound, Refused
from guardian.ids import AccountId, Region, Target
from guardian.jobs.keep import Kept, Wish, keep_once, place_of, writable
from guardian.jobs.sweep.places import Place
from guardian.kinds.base import KEEP_UNTIL
from guardian.outcome import Result
from guardian.policy.model import Mode
from guardian.policy.resolve import Governance
from guardian.verdict import KEEP_UNTIL_FORM, LookAgain, judge
from tests.unit.cloud import Cloud
from tests.unit.conftest import Book
from tests.unit.judging import HOUR, NOW, TARGET, sighting
from tests.unit.sweeping import holding, place

ID = "notebook-1"


def keep(
    cloud: Cloud,
    journal: Book,
    until: datetime = NOW + 4 * HOUR,
    *,
    by: str = "ana",
    here: Place | None = None,
    now: datetime = NOW,
) -> Kept:
    return keep_once(cloud, journal, here or place(), ID, Wish(until, by), now)


def test_what_is_kept_alive_is_not_stopped_until_then(journal: Book) -> None:
    cloud, until = holding(ID), NOW + 4 * HOUR
    assert keep(cloud, journal) == Kept(until, new=True)
    seen = sighting(cloud.running[TARGET, ID])
    rule = place().rule
    assert judge(rule.kind, rule, seen, NOW) == LookAgain(
        until, "kept alive until 2026-11-23T16:00:00Z"
    )


def test_the_journal_knows_who_kept_what_until_when(journal: Book) -> None:
    keep(holding(ID, tags={"owner": "ana"}), journal, by="bo")
    (told,) = journal.all_outcomes()
    assert (told.result, told.id, told.owner) == (Result.KEPT, ID, "ana")
    assert told.reason == "kept alive until 2026-11-23 16:00 UTC by bo"


def test_each_keep_of_a_run_is_told(journal: Book) -> None:
    cloud = holding(ID)
    for hours in (1, 2, 3):
        keep(cloud, journal, NOW + hours * HOUR)
    assert len(journal.all_outcomes()) == len(cloud.kept) == 3


def test_the_same_keep_again_changes_nothing(journal: Book) -> None:
    cloud = holding(ID)
    assert keep(cloud, journal).new
    assert not keep(cloud, journal).new
    assert len(journal.all_outcomes()) == len(cloud.kept) == 1


def test_a_keep_is_never_made_shorter(journal: Book) -> None:
    cloud = holding(ID)
    keep(cloud, journal, NOW + 8 * HOUR)
    assert keep(cloud, journal, NOW + HOUR, by="bo") == Kept(NOW + 8 * HOUR, new=False)
    assert len(journal.all_outcomes()) == 1


def test_other_tags_stay(journal: Book) -> None:
    cloud = holding(ID, tags={"owner": "ana"})
    keep(cloud, journal)
    assert cloud.running[TARGET, ID]["tags"]["Tags"].keys() == {"owner", KEEP_UNTIL}


def test_repeated_keeps_do_not_go_on_for_ever(journal: Book) -> None:
    cloud, now = holding(ID), NOW
    for _ in range(4):
        now = keep(cloud, journal, now + 5 * HOUR, now=now).until
    with pytest.raises(Refused) as refused:
        keep(cloud, journal, now + 5 * HOUR, now=now)
    assert str(refused.value) == (
        "it may be kept alive until 2026-11-24 12:00 UTC at most: for 1d in all from 2026-11-23 12:00 UTC,"
        " says policy sandbox (notify.max_keep)"
    )


def test_a_policy_says_for_how_long_in_all(journal: Book) -> None:
    here = place()
    short = replace(here, policy=replace(here.policy, max_keep=2 * HOUR))
    with pytest.raises(Refused, match="2h in all"):
        keep(holding(ID), journal, NOW + 3 * HOUR, here=short)
    assert keep(holding(ID), journal, NOW + 2 * HOUR, here=short).new


def test_the_time_of_what_is_not_due_yet_counts_from_when_it_is(journal: Book) -> None:
    here, young = place(), NOW - timedelta(minutes=10)
    late = NOW + timedelta(minutes=20) + here.policy.max_keep
    assert keep(holding(ID, began=young), journal, late).new
    with pytest.raises(Refused):
        keep(holding(ID, began=young), journal, late + timedelta(seconds=1))


def test_a_new_run_has_its_own_time(journal: Book) -> None:
    day = timedelta(days=1)
    keep(holding(ID), journal, NOW + day)
    again = NOW + day
    assert keep(holding(ID, began=again), journal, again + day, now=again).new


@pytest.mark.parametrize("status", ["STOPPING", "STOPPED", "TIMEOUT"])
def test_what_ends_or_has_ended_is_past_keeping(journal: Book, status: str) -> None:
    with pytest.raises(NotFound, match=f"{ID} is {status} already"):
        keep(holding(ID, status=status), journal)


def test_what_is_gone_is_past_keeping(journal: Book) -> None:
    with pytest.raises(NotFound, match="it is gone, or never was"):
        keep(Cloud(), journal)
    assert journal.all_outcomes() == ()


def test_what_is_only_observed_need_not_be_kept(journal: Book) -> None:
    with pytest.raises(Refused, match="only observes glue-session"):
        keep(holding(ID), journal, here=place(mode=Mode.OBSERVE))


def test_a_kind_that_cannot_be_tagged_is_refused(journal: Book) -> None:
    here = place()
    bare = replace(here, rule=replace(here.rule, kind=replace(here.rule.kind, keep=None)))
    with pytest.raises(Refused, match="cannot be tagged"):
        keep(holding(ID), journal, here=bare)


def test_a_moment_that_is_over_keeps_nothing(journal: Book) -> None:
    with pytest.raises(Refused, match="is over"):
        keep(holding(ID), journal, NOW)


def test_a_tag_that_nobody_can_read_is_left_to_its_writer(journal: Book) -> None:
    cloud = holding(ID, tags={KEEP_UNTIL: "friday"})
    with pytest.raises(Refused, match="correct the tag"):
        keep(cloud, journal)
    assert cloud.kept == []


def test_a_visit_may_look_and_tag_and_nothing_else(journal: Book) -> None:
    cloud = holding(ID)
    keep(cloud, journal)
    ((_, may),) = cloud.visits
    assert may == {"glue:GetSession", "glue:GetTags", "glue:TagResource"}


@given(st.datetimes(datetime(2024, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants it so
def test_every_moment_can_be_said_by_the_tag(at: datetime) -> None:
    said = writable(at)
    assert timedelta(seconds=-1) < said - at <= timedelta(days=1)
    assert re.fullmatch(KEEP_UNTIL_FORM, f"{said:%Y-%m-%dT%H:%M:%SZ}")


def governed(here: Place) -> Governance:
    account = here.target.account
    return Governance(
        (here.policy,),
        {account: here.policy.slug},
        {AccountId("2" * 12): "it is suspended"},
        {account: (here.target.region,)},
    )


def test_the_place_of_a_kind_is_where_its_rule_holds() -> None:
    here = place()
    assert place_of(governed(here), here.target, "glue-session") == here


@pytest.mark.parametrize(
    ("target", "kind", "said"),
    [
        (TARGET, "glue-sesion", "there is no kind glue-sesion; did you mean glue-session?"),
        (TARGET, "emr-cluster", "policy sandbox does not govern emr-cluster"),
        (replace(TARGET, region=Region("us-east-1")), "glue-session", "is not governed in"),
        (Target(AccountId("2" * 12), TARGET.region), "glue-session", "it is suspended"),
        (Target(AccountId("3" * 12), TARGET.region), "glue-session", "not in the organization"),
    ],
)
def test_where_nothing_is_governed_it_is_said_why(target: Target, kind: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        place_of(governed(place()), target, kind)
    assert said in str(raised.value)
