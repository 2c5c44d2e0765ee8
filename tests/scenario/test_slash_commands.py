"""What `/guardian` in Slack comes to: an answer to its writer alone."""

from datetime import timedelta

import pytest

from guardian.jobs.press import NOT_YOURS, press_once
from guardian.jobs.slash import HELP, answer_once
from guardian.ports import Typed
from tests.scenario import slack_floor
from tests.scenario.conftest import eventually
from tests.scenario.slack_floor import ID, Stage, notice, tag
from tests.unit.judging import NOW

stage = slack_floor.stage

pytestmark = pytest.mark.slow


def typed(stage: Stage, text: str, name: str = "ana") -> str:
    press = stage.press("", name)
    said = answer_once(stage.desk, Typed(tuple(text.split()), press.user, name, press.channel))
    return "\n".join(said)


def test_status_tells_what_the_day_brought(stage: Stage) -> None:
    stage.warn(notice())
    press_once(stage.floor, stage.press("keep-1h"))
    stage.now = NOW + timedelta(seconds=1)
    assert typed(stage, "status").splitlines() == [
        "Guardian is at work.",
        "Governed accounts: 1. Policies: 1.",
        "In the last day: 0 stopped, 0 would stop, 1 kept, 0 gone, 0 failed; 0 findings.",
    ]
    assert "Guardian is at work." in stage.whispered()[0]


def test_an_account_is_explained(stage: Stage) -> None:
    assert typed(stage, "explain ana s sandbox") == "ana s sandbox is explained"


@pytest.mark.parametrize("text", ["", "help", "snooze", "snooze x", "explain", "status now"])
def test_what_is_no_command_is_answered_with_those_there_are(stage: Stage, text: str) -> None:
    if text == "snooze x":
        assert "not a duration" in typed(stage, "snooze x y")
    else:
        assert typed(stage, text) == "\n".join(HELP)


def test_what_one_was_warned_of_is_snoozed(stage: Stage) -> None:
    stage.warn(notice())
    assert typed(stage, f"snooze {ID} 2h") == (
        f"{ID}: kept alive until 2026-11-23 14:00 UTC by ana in Slack."
    )
    assert tag(stage) == "2026-11-23T14:00:00Z"
    assert "kept alive until" in str(stage.said()[0]["blocks"])


def test_what_is_not_ones_own_or_unknown_is_not_snoozed(stage: Stage) -> None:
    stage.warn(notice())
    assert typed(stage, f"snooze {ID} 2h", "bo") == NOT_YOURS
    assert "Nobody was warned of other" in typed(stage, "snooze other 2h")
    assert "notify.max_keep" in typed(stage, f"snooze {ID} 3d")
    assert stage.cloud.kept == []


def test_a_command_on_the_page_is_answered_to_its_writer_alone(stage: Stage) -> None:
    with stage.listening() as results:
        stage.type_on_page("/guardian status", "bo")
        eventually(lambda: results)
        eventually(lambda: stage.whispered("bo"))
    assert stage.whispered() == []
