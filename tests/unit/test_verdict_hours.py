"""The hours in which a rule rests, asked alike in Python and by the state machine."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from guardian.policy.hours import Hours, parse_window
from guardian.policy.model import Exemption
from guardian.verdict import RESTING, Gone, Keep, LookAgain, Stop, Verdict
from tests.unit.judging import (
    HOUR,
    LONG_AGO,
    MINUTE,
    NOW,
    Case,
    both_judge,
    rule,
    session,
    sighting,
)

GLUE = rule("glue-session")
TAGGED = Exemption(tags={"guardian": "keep"})
TODAY = date(2026, 11, 23)


def at_noon(verdict: Verdict, hours: Hours, seen: Any = None, exempt: Exemption = TAGGED) -> Case:
    """NOW is a Monday, and noon in London."""
    governed = replace(GLUE, hours=hours, exempt=(exempt,))
    return Case(governed, sighting(session() if seen is None else seen), verdict)


def rests(*windows: str, zone: str = "Europe/London", holidays: tuple[date, ...] = ()) -> Hours:
    return Hours(zone, tuple(map(parse_window, windows)), rests=True, holidays=holidays)


OVER = Stop(LONG_AGO + 30 * MINUTE, "grace of 30m is over")
YOUNG = "its grace of 30m is not over"
KEPT_BY_TAG = Keep("exempt: tag guardian=keep")
WORKDAYS = rests("mon-fri 07:00-20:00")
TILL_EIGHT = LookAgain(NOW + 8 * HOUR, RESTING)

CASES = {
    "in the hours in which its rule rests": at_noon(TILL_EIGHT, WORKDAYS),
    "outside the hours in which its rule applies": at_noon(
        TILL_EIGHT, replace(rests("mon-fri 20:00-24:00", "00:00-07:00"), rests=False)
    ),
    "outside the hours in which its rule rests": at_noon(
        OVER, rests("mon 12:01-24:00", "tue 00:00-24:00")
    ),
    "the minute at which the rest begins": at_noon(
        LookAgain(NOW + MINUTE, RESTING), rests("mon 12:00-12:01")
    ),
    "the minute at which the rest ends": at_noon(OVER, rests("mon 11:00-12:00")),
    "noon is half past five in Kolkata": at_noon(
        LookAgain(NOW + MINUTE, RESTING), rests("17:30-17:31", zone="Asia/Kolkata")
    ),
    "a holiday is no Monday": at_noon(OVER, replace(WORKDAYS, holidays=(TODAY,))),
    "a rest on holidays": at_noon(
        LookAgain(NOW + 12 * HOUR, RESTING), rests("holiday 00:00-24:00", holidays=(TODAY,))
    ),
    "a rest without end goes on at midnight": at_noon(
        LookAgain(NOW + 12 * HOUR, RESTING), rests("00:00-24:00")
    ),
    "hours without a rest": at_noon(OVER, replace(rests("00:00-24:00"), rests=False)),
    "over while its rule rests": at_noon(Gone("it is STOPPED"), WORKDAYS, session("STOPPED")),
    "exempt while its rule rests": at_noon(
        KEPT_BY_TAG, WORKDAYS, session(tags={"guardian": "keep"})
    ),
    "young while its rule rests": Case(
        replace(GLUE, hours=WORKDAYS),
        sighting(session(began=NOW - 20 * MINUTE)),
        LookAgain(NOW + 10 * MINUTE, YOUNG),
    ),
    "too old while its rule rests": Case(
        replace(GLUE, hours=WORKDAYS, max_age=HOUR), sighting(session()), TILL_EIGHT
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_question_is_answered_alike_in_both_languages(case: Case) -> None:
    assert both_judge(case) == case.verdict
