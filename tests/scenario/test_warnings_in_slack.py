"""Warnings in Slack: what they say, to whom, and each of them once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from guardian.localslack.faults import Fault
from guardian.policy.model import Notify
from tests.scenario import slack_floor
from tests.scenario.slack_floor import ROOM, TEN, Stage, notice
from tests.unit.judging import NOW

stage = slack_floor.stage

pytestmark = pytest.mark.slow


def test_a_warning_says_what_whose_where_since_when_what_it_costs_and_when_it_ends(
    stage: Stage,
) -> None:
    assert stage.warn(notice()).posted == 1
    (message,) = stage.said()
    assert message["text"] == "Glue interactive session `notebook-1` will be stopped at 12:10 UTC"
    shown = str(message["blocks"])
    assert f"<@{stage.user('ana')}>" in shown
    assert "ana's &lt;sandbox&gt;" in shown
    assert "2026-11-23 11:40 UTC" in shown
    assert "2026-11-23 12:10 UTC" in shown
    assert "about $2.20 an hour" in shown
    labels = [e["text"]["text"] for e in message["blocks"][-1]["elements"]]
    assert labels == ["Keep 1 h", "Keep 4 h", "Keep until tomorrow 09:00", "Stop now"]
    values = {e["value"] for e in message["blocks"][-1]["elements"]}
    assert values == {notice().identity}


def test_the_owner_is_told_directly(stage: Stage) -> None:
    stage.warn(notice())
    assert len(stage.said("@ana")) == 1


@pytest.mark.parametrize("owner", ["", "ana", "ana@elsewhere.example", "<!channel>"])
def test_an_owner_that_slack_does_not_know_is_named_and_not_called(
    stage: Stage, owner: str
) -> None:
    stage.warn(notice(owner=owner))
    (message,) = stage.said()
    assert "<!channel>" not in str(message["blocks"])
    assert "<@" not in str(message["blocks"])


def test_a_warning_is_posted_once(stage: Stage) -> None:
    stage.warn(notice(), notice(execution="another"))
    assert stage.warn(notice()).posted == 0
    assert len(stage.said()) == 1


def test_two_machines_that_tell_of_one_run_are_one_warning(stage: Stage) -> None:
    later = notice(stops=NOW + 2 * TEN)
    assert stage.warn(notice(), later).dropped == 1
    assert len(stage.said()) == 1
    assert stage.warn().posted == 0


def test_another_machine_may_tell_of_it_when_people_have_been_warned(stage: Stage) -> None:
    stage.warn(notice())
    assert stage.warn(notice(stops=NOW + 2 * TEN)).dropped == 1
    again = notice(stops=NOW + 6 * TEN, at=NOW + 5 * TEN)
    stage.now = NOW + 5 * TEN
    assert stage.warn(again).posted == 1


def test_a_warning_that_comes_too_late_is_not_posted(stage: Stage) -> None:
    stage.now = NOW + TEN
    told = stage.warn(notice())
    assert (told.posted, told.dropped) == (0, 1)
    assert stage.said() == []


def test_an_outage_of_slack_delays_a_warning_and_a_refusal_is_told(stage: Stage) -> None:
    stage.slack.faults.add(Fault("chat.postMessage", error="not_in_channel"))
    told = stage.warn(notice())
    assert "invite the bot" in told.troubles[ROOM]
    assert stage.warn().posted == 1


def test_a_warning_whose_answer_was_lost_is_not_posted_twice(stage: Stage) -> None:
    stage.journal.foresee([notice()])
    stage.room.warn(ROOM, stage.scene.warning(notice()), "")  # and then the process died
    stage.now = NOW + timedelta(minutes=5)
    assert stage.warn().posted == 1
    assert len(stage.said()) == 1


def test_a_policy_has_a_channel_of_its_own(stage: Stage) -> None:
    own = replace(stage.place.policy, notify=Notify(channel="#finops"))
    stage.place = replace(stage.place, policy=own)
    stage.warn(notice())
    assert len(stage.said("#finops")) == 1
