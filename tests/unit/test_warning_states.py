"""A machine that warns before it stops: when, of what, and that it never stops earlier or unseen for it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from guardian.documents import instant
from guardian.kinds import all_kinds
from guardian.kinds.base import KEEP_UNTIL, Kind
from guardian.policy.hours import Hours, parse_window
from guardian.policy.model import Exemption, Mode, Rule
from guardian.stack.template import template
from tests.unit.judging import HOUR, MINUTE, NOW, SECOND, Machine, rule, session, sighting
from tests.unit.judging import announced as announcing
from tests.unit.policies import HUB, policy

every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())
TEN = 10 * MINUTE
GLUE = replace(rule("glue-session"), warn_before=TEN)
"""Half an hour of grace, and a warning ten minutes before."""
ATHENA = replace(rule("athena-session", idle=15 * MINUTE), warn_before=TEN)


class Watched:
    """A machine at a moment, which is told what it sees and moves to where it waits, calls or ends."""

    def __init__(self, rule: Rule, seen: Mapping[str, Any], since: datetime = NOW) -> None:
        self.machine = Machine(rule, since)
        event = announcing(rule.kind, sighting(seen, since))
        assert self.machine.begin(event) == "Grace"
        self.said: list[dict[str, Any]] = []

    def wait(self, state: str) -> datetime:
        """Until when it waits there; then it is that moment."""
        timestamp = self.machine.value(self.machine.states[state]["Timestamp"])
        self.machine.now = max(self.machine.now, datetime.fromisoformat(timestamp))
        self.machine.enter(state)
        return self.machine.now

    def see(self, seen: Mapping[str, Any]) -> str:
        """Where a look leads to; a notice is sent on the way."""
        after = self.machine.see(seen)
        if after == "Notice":
            known = {"context": {"Execution": {"Id": "arn:execution"}}}
            sent = self.machine.value(self.machine.states["Notice"]["Arguments"], **known)
            self.said.append(sent["Entries"][0])
            after = self.machine.enter("Notice", result={})
        return after


def idle(since: datetime, began: datetime = NOW, state: str = "IDLE") -> dict[str, Any]:
    status = {"State": state, "StartDateTime": instant(began), "IdleSinceDateTime": instant(since)}
    return {"session": {"SessionId": "a", "Status": status}, "tags": {"Tags": []}}


def test_the_warning_comes_before_the_end_of_the_grace_and_the_stop_with_it() -> None:
    seen = session(began=NOW, tags={"owner": "ana"})
    watched = Watched(GLUE, seen)
    assert watched.wait("Grace") == NOW + 20 * MINUTE
    assert watched.see(seen) == "Noticed"
    assert watched.wait("Noticed") == NOW + 30 * MINUTE
    assert watched.see(seen) == "Act"
    assert len(watched.said) == 1


def test_the_notice_says_what_whose_since_when_and_when_it_ends() -> None:
    seen = session(began=NOW, tags={"owner": "ana"})
    watched = Watched(GLUE, seen)
    watched.wait("Grace")
    watched.see(seen)
    (said,) = watched.said
    assert (said["Source"], said["DetailType"]) == ("guardian", "Guardian Noticed")
    assert said["Detail"] == {
        "version": 1,
        "kind": "glue-session",
        "id": "notebook-1",
        "policy": "sandbox",
        "owner": "ana",
        "started": instant(NOW),
        "due": instant(NOW + 30 * MINUTE),
        "stops": instant(NOW + 30 * MINUTE),
        "facts": {},
        "at": instant(NOW + 20 * MINUTE),
        "execution": "arn:execution",
    }


def test_a_late_look_warns_all_the_same_and_stops_as_much_later() -> None:
    seen = session(began=NOW)
    watched = Watched(GLUE, seen)
    watched.wait("Grace")
    watched.machine.now += 5 * MINUTE
    assert watched.see(seen) == "Noticed"
    assert watched.wait("Noticed") == NOW + 35 * MINUTE


def test_a_stop_that_nobody_foresaw_is_warned_of_and_waits() -> None:
    began = NOW - 2 * HOUR
    watched = Watched(GLUE, session(began=began), since=began)
    watched.machine.now = NOW
    assert watched.see(session(began=began)) == "Noticed"
    assert watched.wait("Noticed") == NOW + TEN
    assert watched.see(session(began=began)) == "Act"


def test_a_keep_in_the_meantime_is_heeded_and_its_end_is_warned_of_anew() -> None:
    watched, until = Watched(GLUE, session(began=NOW)), NOW + 4 * HOUR
    watched.wait("Grace")
    watched.see(session(began=NOW))
    watched.wait("Noticed")
    kept = session(began=NOW, tags={KEEP_UNTIL: f"{until:%Y-%m-%dT%H:%M:%SZ}"})
    assert watched.see(kept) == "Again"
    assert watched.wait("Again") == until - TEN
    assert watched.see(kept) == "Noticed"
    assert watched.wait("Noticed") == until
    assert watched.see(kept) == "Act"
    assert len(watched.said) == 2


def test_a_keep_that_ends_before_the_grace_is_no_reason_to_warn() -> None:
    watched, until = Watched(GLUE, session(began=NOW)), NOW + 25 * MINUTE
    watched.wait("Grace")
    assert (
        watched.see(session(began=NOW, tags={KEEP_UNTIL: f"{until:%Y-%m-%dT%H:%M:%SZ}"}))
        == "Again"
    )
    assert watched.wait("Again") == until
    assert watched.said == []


@pytest.mark.parametrize("status", ["PROVISIONING", "STOPPING", "SOMETHING"])
def test_what_cannot_be_stopped_yet_is_not_warned_of(status: str) -> None:
    began = NOW - 2 * HOUR
    watched = Watched(GLUE, session(began=began), since=began)
    watched.machine.now = NOW
    assert watched.see(session(status, began=began)) == "Again"
    assert watched.wait("Again") == NOW + MINUTE
    assert watched.said == []


def test_what_is_exempt_or_gone_is_not_warned_of() -> None:
    exempt = replace(GLUE, exempt=(Exemption(tags={"guardian": "keep"}),))
    watched = Watched(exempt, session(began=NOW))
    watched.wait("Grace")
    assert watched.see(session(began=NOW, tags={"guardian": "keep"})) == "Report"
    assert Watched(GLUE, session()).see(session("STOPPED")) == "Report"
    assert watched.said == []


def test_what_is_idle_is_warned_of_when_its_idle_time_is_nearly_over() -> None:
    since = NOW + 2 * HOUR
    watched = Watched(ATHENA, idle(since))
    watched.machine.now = since
    assert watched.see(idle(since)) == "Again"
    assert watched.wait("Again") == since + 5 * MINUTE
    assert watched.see(idle(since)) == "Noticed"
    assert watched.wait("Noticed") == since + 15 * MINUTE
    assert watched.see(idle(since)) == "Act"


def test_what_is_used_after_the_warning_goes_on_and_is_warned_of_again() -> None:
    since, later = NOW + 2 * HOUR, NOW + 2 * HOUR + 12 * MINUTE
    watched = Watched(ATHENA, idle(since))
    watched.machine.now = since + 5 * MINUTE
    assert watched.see(idle(since)) == "Noticed"
    watched.wait("Noticed")
    assert watched.see(idle(later)) == "Again"
    assert watched.wait("Again") == later + 5 * MINUTE
    assert watched.see(idle(later)) == "Noticed"
    assert watched.wait("Noticed") == later + 15 * MINUTE
    assert len(watched.said) == 2


def test_what_is_at_work_is_not_warned_of() -> None:
    watched = Watched(ATHENA, idle(NOW))
    watched.machine.now = NOW + 2 * HOUR
    assert watched.see(idle(NOW, state="BUSY")) == "Again"
    assert watched.said == []


def test_the_end_of_a_rest_is_warned_of() -> None:
    resting = Hours("UTC", (parse_window("07:00-20:00"),), rests=True)
    began = NOW - 2 * HOUR
    watched = Watched(replace(GLUE, hours=resting), session(began=began), since=began)
    watched.machine.now = NOW
    assert watched.see(session(began=began)) == "Again"
    assert watched.wait("Again") == NOW + 8 * HOUR - TEN
    assert watched.see(session(began=began)) == "Noticed"
    assert watched.wait("Noticed") == NOW + 8 * HOUR


def test_a_stop_call_that_was_accepted_is_not_warned_of_again() -> None:
    began = NOW - 2 * HOUR
    watched = Watched(GLUE, session(began=began), since=began)
    watched.machine.variables |= {"acknowledged": True, "stoppedAt": instant(NOW), "final": {}}
    watched.machine.now = NOW + SECOND
    assert watched.see(session(began=began)) == "Act"
    assert watched.said == []


def test_the_machine_of_a_native_event_lets_the_callers_one_warn_first() -> None:
    watched = Watched(GLUE, session(began=NOW))
    watched.machine.variables["quiet"] = True
    watched.wait("Grace")
    assert watched.see(session(began=NOW)) == "Again"
    assert watched.wait("Again") == NOW + 30 * MINUTE
    assert watched.see(session(began=NOW)) == "Yield"
    watched.wait("Yield")
    assert watched.see(session(began=NOW)) == "Noticed"
    watched.wait("Noticed")
    assert watched.see(session(began=NOW)) == "Act"


@every_kind
def test_a_machine_that_only_observes_warns_of_nothing(kind: Kind) -> None:
    observing = replace(rule(kind.key, mode=Mode.OBSERVE), warn_before=TEN)
    machine = Machine(observing)
    assert machine.states["Start"]["Assign"]["rule"]["warn"] == 0
    watched = Watched(replace(GLUE, mode=Mode.OBSERVE), session(began=NOW))
    assert watched.wait("Grace") == NOW + 30 * MINUTE
    assert watched.see(session(began=NOW)) == "Report"
    assert watched.said == []


@every_kind
def test_a_notice_that_cannot_be_sent_holds_up_no_machine(kind: Kind) -> None:
    states = Machine(replace(rule(kind.key), warn_before=TEN)).states
    assert states["Notice"]["Retry"]
    assert [catch["Next"] for catch in states["Notice"]["Catch"]] == ["Noticed"]
    assert states["Noticed"]["Next"] == "Look"


def test_warnings_take_little_of_a_template_however_many_kinds_there_are() -> None:
    without = policy()
    warned = replace(without, rules=tuple(replace(r, warn_before=TEN) for r in without.rules))
    added = len(template(warned, HUB).encode()) - len(template(without, HUB).encode())
    assert 0 < added < 3500


def test_the_notices_of_a_policy_are_forwarded_only_where_it_warns() -> None:
    without = policy()
    warned = replace(without, rules=tuple(replace(r, warn_before=TEN) for r in without.rules))
    assert "Guardian Noticed" not in template(without, HUB)
    assert '"detail-type":["Guardian Outcome","Guardian Noticed"]' in template(warned, HUB)
