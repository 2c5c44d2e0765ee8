"""Every question of the judgement, answered alike in Python and by the state machine."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from guardian.ids import AccountId
from guardian.kinds import all_kinds
from guardian.kinds.base import KEEP_UNTIL
from guardian.policy.durations import spoken
from guardian.policy.model import Exemption
from guardian.policy.patterns import matches
from guardian.verdict import (
    UNCLEAR_KEEP_UNTIL,
    UNKNOWN_ORIGIN,
    Gone,
    Keep,
    LookAgain,
    Stop,
    Verdict,
    judge,
)
from tests.unit.judging import (
    HOUR,
    LONG_AGO,
    MINUTE,
    NOW,
    PRINCIPAL,
    SECOND,
    TARGET,
    Case,
    again,
    both_judge,
    cluster,
    judged_by_the_machine,
    rule,
    session,
    sighting,
)

GLUE = rule("glue-session")
IDLE = rule("emr-cluster", grace=timedelta(0), idle=HOUR)
QUIET = [1.0] * 12
TAGGED = Exemption(tags={"guardian": "keep"})
BY_PROD = Exemption(principal="*:role/prod-*", reason="production")
TODAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 24)


def glue(verdict: Verdict, *exempt: Exemption, **seen: Any) -> Case:
    return Case(rule("glue-session", *exempt), sighting(session(**seen)), verdict)


def emr(verdict: Verdict, *exempt: Exemption, **seen: Any) -> Case:
    return Case(replace(IDLE, exempt=exempt), sighting(cluster(**seen)), verdict)


def seen_by(verdict: Verdict, exempt: Exemption, *principals: str, **tags: str) -> Case:
    return Case(
        rule("glue-session", exempt), sighting(session(tags=tags), principals=principals), verdict
    )


def started(verdict: Verdict, began: datetime, since: datetime) -> Case:
    return Case(GLUE, sighting(session(began=began), since), verdict)


def started_from(verdict: Verdict, exempt: Exemption, *origins: str) -> Case:
    return Case(rule("glue-session", exempt), sighting(session(), origins=origins), verdict)


def bounded(verdict: Verdict, age: timedelta) -> Case:
    """A session of this age whose grace of half an hour cannot be, for twenty minutes are the most."""
    governed = replace(GLUE, max_age=20 * MINUTE)
    return Case(governed, sighting(session(began=NOW - age)), verdict)


def kept_until(tag: str) -> dict[str, str]:
    return {KEEP_UNTIL: tag}


OVER = Stop(LONG_AGO + 30 * MINUTE, "grace of 30m is over")
IDLED = Stop(LONG_AGO + HOUR, "idle for 1h")
YOUNG = "its grace of 30m is not over"
KEPT_BY_TAG = Keep("exempt: tag guardian=keep")
STUDIO = Exemption(origin="GlueStudio*", reason="Studio")
WHO = again("who started it is unknown and an exemption depends on it")

CASES = {
    # its phase
    "a session that stopped": glue(Gone("it is STOPPED"), status="STOPPED"),
    "a session that timed out while exempt": glue(
        Gone("it is TIMEOUT"), TAGGED, status="TIMEOUT", tags={"guardian": "keep"}
    ),
    "a session on its way out": glue(again("it is STOPPING"), status="STOPPING"),
    "a status that AWS has added since": glue(
        again("its status BRAND_NEW is unknown to guardian"), status="BRAND_NEW"
    ),
    "no status": glue(again("its status  is unknown to guardian"), status=None),
    # what somebody has said
    "termination protection": emr(Keep("termination protection is on"), protected=True),
    "protection before exemption": emr(
        Keep("termination protection is on"),
        TAGGED,
        protected=True,
        tags=[{"Key": "guardian", "Value": "keep"}],
    ),
    "an exempt tag": glue(KEPT_BY_TAG, TAGGED, tags={"guardian": "keep"}),
    "an exempt tag on something young": glue(
        KEPT_BY_TAG, TAGGED, tags={"guardian": "keep"}, began=NOW
    ),
    "an exempt tag in pairs": emr(
        KEPT_BY_TAG, TAGGED, tags=[{"Key": "guardian", "Value": "keep"}]
    ),
    "a tag in pairs without a value": emr(
        Keep("exempt: tag guardian=*"),
        Exemption(tags={"guardian": "*"}),
        tags=[{"Key": "guardian"}],
    ),
    "another value of the tag": glue(OVER, TAGGED, tags={"guardian": "keeper"}),
    "another tag": glue(OVER, TAGGED, tags={"team": "keep"}),
    "one of two tags": glue(
        OVER, Exemption(tags={"guardian": "keep", "team": "a"}), tags={"guardian": "keep"}
    ),
    "the account": glue(Keep("exempt: its account"), Exemption(accounts=(TARGET.account,))),
    "another account": glue(OVER, Exemption(accounts=(AccountId("999999999999"),))),
    "the id": glue(Keep("exempt: id note*-?"), Exemption(id="note*-?")),
    "part of the id": glue(OVER, Exemption(id="note")),
    "who started it": seen_by(Keep("exempt: production"), BY_PROD, "arn:aws:sts::x", PRINCIPAL),
    "somebody else started it": seen_by(OVER, BY_PROD, "arn:aws:iam::111122223333:role/dev"),
    "nobody can say who started it": seen_by(WHO, BY_PROD),
    "an expired exemption by who started it": seen_by(OVER, replace(BY_PROD, expires=TODAY)),
    "an exemption that lasts by who started it": seen_by(WHO, replace(BY_PROD, expires=TOMORROW)),
    "an exemption on its last day": glue(
        KEPT_BY_TAG, replace(TAGGED, expires=TOMORROW), tags={"guardian": "keep"}
    ),
    "an exemption on the day it expires": glue(
        OVER, replace(TAGGED, expires=TODAY), tags={"guardian": "keep"}
    ),
    "the tag of another principal": seen_by(
        OVER, replace(BY_PROD, tags={"guardian": "keep"}), PRINCIPAL
    ),
    "the first exemption that holds": glue(
        Keep("exempt: second"),
        replace(TAGGED, reason="first", expires=TODAY),
        replace(TAGGED, reason="second"),
        replace(TAGGED, reason="third"),
        tags={"guardian": "keep"},
    ),
    "where it was started from": started_from(
        Keep("exempt: Studio"), STUDIO, "GlueStudioNotebook"
    ),
    "started from elsewhere": started_from(OVER, STUDIO, "MyGlueStudio"),
    "a start request that says nothing of its origin": started_from(OVER, STUDIO, ""),
    "no origin fits no pattern": started_from(OVER, replace(STUDIO, origin="*"), ""),
    "an expired exemption by origin": started_from(
        OVER, replace(STUDIO, expires=TODAY), "GlueStudioNotebook"
    ),
    "a kind whose start requests have no origin": emr(IDLED, STUDIO, samples=QUIET),
    # keep-until
    "kept alive": glue(
        LookAgain(NOW + SECOND, "kept alive until 2026-11-23T12:00:01Z"),
        tags=kept_until("2026-11-23T12:00:01Z"),
    ),
    "kept alive until now": glue(OVER, tags=kept_until("2026-11-23T12:00:00Z")),
    "kept alive until a moment ago": glue(OVER, tags=kept_until("2026-11-23T11:59:59Z")),
    "an exemption outweighs keep-until": glue(
        KEPT_BY_TAG, TAGGED, tags={"guardian": "keep", **kept_until("2026-11-23T12:00:01Z")}
    ),
    # when it began
    "no start": glue(again("when it began is unknown"), began=None),
    "a second before the grace is over": started(
        LookAgain(NOW + SECOND, YOUNG), NOW - 30 * MINUTE + SECOND, LONG_AGO
    ),
    "the moment the grace is over": started(
        Stop(NOW, "grace of 30m is over"), NOW - 30 * MINUTE, LONG_AGO
    ),
    "announced after it began": started(
        LookAgain(NOW + 20 * MINUTE, YOUNG), LONG_AGO, NOW - 10 * MINUTE
    ),
    "started again since it was announced": started(
        LookAgain(NOW + 20 * MINUTE, YOUNG), NOW - 10 * MINUTE, LONG_AGO
    ),
    "not to be stopped yet": glue(again("it cannot be stopped yet"), status="PROVISIONING"),
    "young and not to be stopped yet": Case(
        GLUE,
        sighting(session("PROVISIONING", NOW), NOW),
        LookAgain(NOW + 30 * MINUTE, YOUNG),
    ),
    "a second before the most it may be": bounded(
        LookAgain(NOW + SECOND, "it is not older than 20m"), 20 * MINUTE - SECOND
    ),
    "as old as it may be before its grace is over": bounded(
        Stop(NOW, "older than 20m"), 20 * MINUTE
    ),
    # nothing speaks for it
    "a grace that is over": glue(OVER),
    "a kind that cannot tell whether it is idle goes by its grace": Case(
        replace(GLUE, idle=HOUR), sighting(session()), OVER
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_question_is_answered_alike_in_both_languages(case: Case) -> None:
    assert both_judge(case) == case.verdict


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "tomorrow",
        "2026-11-24",
        "2026-11-24T12:00:00",
        "2026-11-24T12:00:00+01:00",
        "2026-11-24T12:00:00z",
        "2026-11-24 12:00:00Z",
        "2026-11-24T12:00:00.5Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T12:60:00Z",
        "2026-11-31T12:00:00Z",
        "2027-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "9026-11-24T12:00:00Z",
        " 2026-11-24T12:00:00Z",
        "2026-11-24T12:00:00Z\n",
    ],
)
def test_a_keep_until_that_cannot_be_read_keeps(tag: str) -> None:
    seen = sighting(session(tags=kept_until(tag)))
    assert judge(GLUE.kind, GLUE, seen, NOW) == Keep(UNCLEAR_KEEP_UNTIL)
    assert judged_by_the_machine(GLUE, seen) == Keep(UNCLEAR_KEEP_UNTIL)


@pytest.mark.parametrize("day", ["2026-11-30", "2026-12-31", "2027-02-28", "2028-02-28"])
def test_keep_until_may_name_the_last_day_of_a_month(day: str) -> None:
    until = f"{day}T23:59:59Z"
    expected = LookAgain(datetime.fromisoformat(until), f"kept alive until {until}")
    seen = sighting(session(tags=kept_until(until)))
    assert judge(GLUE.kind, GLUE, seen, NOW) == expected
    assert judged_by_the_machine(GLUE, seen) == expected


@pytest.mark.parametrize(("before", "verdict"), [(SECOND, KEPT_BY_TAG), (timedelta(0), OVER)])
def test_an_exemption_expires_at_midnight(before: timedelta, verdict: Verdict) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC) - before
    governed = rule("glue-session", replace(TAGGED, expires=TODAY))
    seen = sighting(session(tags={"guardian": "keep"}))
    assert judge(governed.kind, governed, seen, now) == verdict
    assert judged_by_the_machine(governed, seen, now) == verdict


def test_an_exemption_by_origin_needs_to_know_the_origin() -> None:
    governed = rule("glue-session", STUDIO)
    unknown = sighting(session(), origins=())
    assert judge(governed.kind, governed, unknown, NOW) == again(UNKNOWN_ORIGIN)
    expired = replace(governed, exempt=(replace(STUDIO, expires=TODAY),))
    assert judge(expired.kind, expired, unknown, NOW) == OVER


def test_without_an_announcement_only_the_resource_tells_when_it_began() -> None:
    seen = sighting(session(began=NOW - HOUR), since=None)
    assert judge(GLUE.kind, GLUE, seen, NOW) == Stop(NOW - 30 * MINUTE, "grace of 30m is over")


@pytest.mark.parametrize("key", all_kinds())
def test_nothing_seen_means_look_again(key: str) -> None:
    bare = rule(key)
    verdict = again("its status  is unknown to guardian")
    assert judge(bare.kind, bare, sighting({}), NOW) == verdict
    assert judged_by_the_machine(bare, sighting({})) == verdict


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("prod-*", "prod-etl", True),
        ("prod-*", "prod-", True),
        ("prod-*", "my-prod-etl", False),
        ("prod-?", "prod-1", True),
        ("prod-?", "prod-12", False),
        ("a.c", "abc", False),
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("*", "two\nlines", True),
        ("KEEP", "keep", False),
        ("[a]|(b)", "[a]|(b)", True),
    ],
)
def test_a_pattern_fits_all_of_a_text_or_none(pattern: str, value: str, fits: bool) -> None:  # noqa: FBT001 - a table
    assert matches(pattern, value) is fits


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=30), "30s"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=2, seconds=1), "2d1s"),
    ],
)
def test_durations_are_spoken_as_policies_write_them(span: timedelta, words: str) -> None:
    assert spoken(span) == words
