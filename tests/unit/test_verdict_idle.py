"""Idleness and age, judged alike in Python and by the state machine."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from guardian.documents import instant
from guardian.kinds import all_kinds
from guardian.kinds.base import IdleSamples
from guardian.policy.model import Exemption
from guardian.verdict import (
    UNKNOWN_IDLE,
    WORKED,
    LookAgain,
    Stop,
    Verdict,
    idle_pause,
    judge,
    samples_needed,
    stop_of,
)
from tests.unit.judging import (
    HOUR,
    LONG_AGO,
    MINUTE,
    NOW,
    Case,
    again,
    both_judge,
    cluster,
    put,
    rule,
    sighting,
)

IDLE = rule("emr-cluster", grace=timedelta(0), idle=HOUR)
SESSION = rule("athena-session", idle=HOUR)
QUIET = [1.0] * 12
LATER = idle_pause(HOUR)
AT_WORK: dict[str, Any] = {"state": "RUNNING", "samples": QUIET}
IDLED = Stop(LONG_AGO + HOUR, "idle for 1h")


def emr(verdict: Verdict, *exempt: Exemption, **seen: Any) -> Case:
    return Case(replace(IDLE, exempt=exempt), sighting(cluster(**seen)), verdict)


def aged(verdict: Verdict, age: timedelta, *, grace: timedelta = 30 * MINUTE, **seen: Any) -> Case:
    """A cluster of this age where an hour's idleness is due, and so is whatever is older than six."""
    governed = replace(IDLE, grace=grace, max_age=6 * HOUR)
    return Case(governed, sighting(cluster(began=NOW - age, **seen)), verdict)


def athena(
    verdict: Verdict,
    since: datetime | str | None,
    *,
    age: timedelta = 48 * HOUR,
    status: str = "IDLE",
    max_age: timedelta | None = None,
) -> Case:
    """A session of this age, idle since a moment, under an hour of idleness."""
    seen: dict[str, Any] = {}
    put(seen, "session.Status.State", status)
    put(seen, "session.Status.StartDateTime", instant(NOW - age))
    if since is not None:
        known = since if isinstance(since, str) else instant(since)
        put(seen, "session.Status.IdleSinceDateTime", known)
    governed = replace(SESSION, max_age=max_age)
    return Case(governed, sighting(seen, NOW - age), verdict)


CASES = {
    # whether it is too old
    "at work and too old": aged(
        Stop(LONG_AGO + 90 * MINUTE, "older than 6h"), 48 * HOUR, **AT_WORK
    ),
    "at work and as old as it may be": aged(
        Stop(NOW - 4 * HOUR - 30 * MINUTE, "older than 6h"), 6 * HOUR, **AT_WORK
    ),
    "at work and soon too old": aged(
        LookAgain(NOW + 2 * MINUTE, "it is at work"), 6 * HOUR - 2 * MINUTE, **AT_WORK
    ),
    "no samples and soon too old": aged(
        LookAgain(NOW + 2 * MINUTE, "too few samples to call it idle"), 6 * HOUR - 2 * MINUTE
    ),
    "at work and not old": aged(again("it is at work", LATER), 3 * HOUR, **AT_WORK),
    "idle and not old": aged(Stop(NOW - 90 * MINUTE, "idle for 1h"), 3 * HOUR, samples=QUIET),
    "too young to have been idle and soon too old": aged(
        LookAgain(NOW + 30 * MINUTE, "it is too young to have been idle for 1h"),
        5 * HOUR + 30 * MINUTE,
        grace=5 * HOUR + 15 * MINUTE,
        samples=QUIET,
    ),
    "too old before it could have been idle": aged(
        Stop(NOW, "older than 6h"), 6 * HOUR, grace=5 * HOUR + 15 * MINUTE, **AT_WORK
    ),
    # whether it is idle
    "at work": emr(again("it is at work", LATER), state="RUNNING", samples=QUIET),
    "no samples": emr(again("too few samples to call it idle", LATER)),
    "one sample too few": emr(again("too few samples to call it idle", LATER), samples=[1.0] * 10),
    "just enough samples": emr(IDLED, samples=[1.0] * 11),
    "one sample at work": emr(
        again("it was at work lately", LATER), samples=[*QUIET[:5], 0.0, *QUIET[5:]]
    ),
    "a sample half at work": emr(again("it was at work lately", LATER), samples=[0.5, *QUIET]),
    "idle all the time": emr(IDLED, samples=QUIET),
    # since when it is idle, where its service tells
    "idle since long ago": athena(Stop(NOW - HOUR, "idle for 1h"), NOW - 2 * HOUR),
    "idle for just long enough": athena(Stop(NOW, "idle for 1h"), NOW - HOUR),
    "idle for a second less": athena(
        LookAgain(NOW + MINUTE / 60, WORKED), NOW - HOUR + MINUTE / 60
    ),
    "idle since just now": athena(LookAgain(NOW + HOUR, WORKED), NOW),
    "idle since a moment to come": athena(LookAgain(NOW + 2 * HOUR, WORKED), NOW + HOUR),
    "idle since before its grace was over": athena(
        Stop(NOW - 10 * MINUTE, "idle for 1h"), NOW - 80 * MINUTE, age=40 * MINUTE
    ),
    "idle since nobody knows when": athena(again(UNKNOWN_IDLE, LATER), None),
    "idle since no moment": athena(again(UNKNOWN_IDLE, LATER), ""),
    "busy and idle since long ago": athena(
        again("it is at work", LATER), NOW - 2 * HOUR, status="BUSY"
    ),
    "idle since just now and soon too old": athena(
        LookAgain(NOW + 5 * MINUTE, WORKED), NOW, age=6 * HOUR - 5 * MINUTE, max_age=6 * HOUR
    ),
    "idle since nobody knows when and soon too old": athena(
        LookAgain(NOW + 5 * MINUTE, UNKNOWN_IDLE),
        None,
        age=6 * HOUR - 5 * MINUTE,
        max_age=6 * HOUR,
    ),
    "idle since just now and too old": athena(
        Stop(NOW - HOUR, "older than 6h"), NOW, age=7 * HOUR, max_age=6 * HOUR
    ),
    "idle since nobody knows when and too old": athena(
        Stop(NOW - 5 * HOUR - 30 * MINUTE, "older than 6h"), None, age=7 * HOUR, max_age=6 * HOUR
    ),
    "nobody asks whether it is idle": Case(
        replace(SESSION, idle=None),
        athena(IDLED, NOW).sighting,
        Stop(LONG_AGO + 30 * MINUTE, "grace of 30m is over"),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_question_is_answered_alike_in_both_languages(case: Case) -> None:
    assert both_judge(case) == case.verdict


def test_a_stop_is_due_since_its_idleness_was_long_enough() -> None:
    case = athena(IDLED, NOW - 3 * HOUR)
    assert stop_of(case.rule.kind, case.rule, case.sighting, NOW).due == NOW - 2 * HOUR
    assert judge(case.rule.kind, case.rule, case.sighting, NOW) == Stop(
        NOW - 2 * HOUR, "idle for 1h"
    )


def test_a_window_is_believed_with_all_but_one_of_its_samples() -> None:
    idle = all_kinds()["emr-cluster"].idle
    assert isinstance(idle, IdleSamples)
    needed = [samples_needed(idle, timedelta(minutes=m)) for m in (1, 5, 10, 20, 60)]
    assert needed == [1, 1, 1, 3, 11]


def test_looks_for_idleness_are_a_quarter_of_the_window_apart_but_five_minutes_at_least() -> None:
    assert idle_pause(10 * MINUTE) == 5 * MINUTE
    assert idle_pause(4 * HOUR) == HOUR
