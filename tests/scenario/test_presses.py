"""What presses in Slack come to: each effect once, and a clear answer to everything else."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from guardian.errors import AccessDenied, Unavailable
from guardian.jobs.press import AT_IT, NOT_YOURS, UNKNOWN, press_once
from guardian.kinds.base import KEEP_UNTIL
from guardian.localslack.faults import Fault
from guardian.outcome import By, Result
from guardian.policy.model import Exemption, Mode, Notify
from tests.scenario import slack_floor
from tests.scenario.conftest import eventually
from tests.scenario.slack_floor import DAY, ID, Stage, notice, tag
from tests.unit.judging import HOUR, NOW, TARGET
from tests.unit.sweeping import place

stage = slack_floor.stage

pytestmark = pytest.mark.slow


# Presses


@pytest.mark.parametrize(
    ("action", "until"),
    [
        ("keep-1h", NOW + HOUR),
        ("keep-4h", NOW + 4 * HOUR),
        ("keep-tomorrow", datetime(2026, 11, 24, 9, tzinfo=UTC)),
    ],
)
def test_a_press_keeps_it_alive(stage: Stage, action: str, until: datetime) -> None:
    stage.warn(notice())
    said = press_once(stage.floor, stage.press(action))
    assert said == f"kept alive until {until:%Y-%m-%d %H:%M} UTC by ana in Slack"
    assert tag(stage) == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    (told,) = stage.journal.outcomes(NOW - DAY, NOW + DAY)
    assert (told.result, told.reason) == (Result.KEPT, said)


def test_tomorrow_is_the_policys(stage: Stage) -> None:
    sydney = replace(stage.place.policy, notify=Notify(timezone="Australia/Sydney"))
    stage.place = replace(stage.place, policy=sydney)
    stage.warn(notice())
    press_once(stage.floor, stage.press("keep-tomorrow"))
    assert tag(stage) == "2026-11-23T22:00:00Z"


def test_everybody_who_was_warned_is_told_who_did_what(stage: Stage) -> None:
    stage.warn(notice())
    said = press_once(stage.floor, stage.press("keep-1h"))
    for message in (*stage.said(), *stage.said("@ana")):
        assert f"*{said}* (<@{stage.user('ana')}>)" in str(message["blocks"])
        assert "actions" not in [block["type"] for block in message["blocks"]]
        assert "edited" in message
    assert stage.whispered() == []


def test_somebody_of_the_user_group_may_press_too(stage: Stage) -> None:
    stage.warn(notice(owner=""))
    assert "kept alive" in press_once(stage.floor, stage.press("keep-1h", "finops"))


def test_somebody_else_may_not(stage: Stage) -> None:
    stage.warn(notice())
    for action in ("keep-1h", "stop-now"):
        assert press_once(stage.floor, stage.press(action, "bo")) == NOT_YOURS
    assert stage.whispered("bo") == [NOT_YOURS] * 2
    assert (stage.cloud.kept, stage.cloud.stopped) == ([], [])
    stage.keepers = ""
    assert press_once(stage.floor, stage.press("keep-1h", "finops")) == NOT_YOURS


def test_who_cannot_be_told_apart_may_not(stage: Stage) -> None:
    stage.warn(notice())
    press = stage.press("keep-1h", "bo")
    for method in ("usergroups.users.list", "users.lookupByEmail"):
        stage.slack.faults.add(Fault(method, error="missing_scope"))
        assert "cannot tell who you are" in press_once(stage.floor, press)
    assert stage.cloud.kept == []


def test_a_second_press_changes_nothing_and_is_told_what_was_decided(stage: Stage) -> None:
    stage.warn(notice())
    first = press_once(stage.floor, stage.press("keep-1h"))
    assert (
        press_once(stage.floor, stage.press("keep-4h", "finops")) == f"That was decided: {first}."
    )
    assert press_once(stage.floor, stage.press("stop-now")) == f"That was decided: {first}."
    assert len(stage.cloud.kept) == 1
    assert stage.cloud.stopped == []


def test_of_many_presses_at_once_one_has_an_effect(stage: Stage) -> None:
    stage.warn(notice())
    presses = [stage.press(a, w) for a in ("keep-1h", "keep-4h") for w in ("ana", "finops")] * 2
    floor = stage.floor
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda press: press_once(floor, press), presses))
    assert len(stage.cloud.kept) == 1
    assert sum(answer.startswith("kept alive") for answer in said) == 1
    assert all(answer.startswith(("kept", "That was", AT_IT)) for answer in said)
    assert len(stage.journal.outcomes(NOW - DAY, NOW + DAY)) == 1


def test_a_press_that_failed_can_be_repeated(stage: Stage) -> None:
    stage.warn(notice())
    stage.cloud.denied[TARGET.account] = AccessDenied("no role")
    assert press_once(stage.floor, stage.press("keep-1h")) == "That was not done: no role."
    stage.cloud.denied.clear()
    assert "kept alive" in press_once(stage.floor, stage.press("keep-1h"))
    assert stage.whispered() == ["That was not done: no role."]


def test_a_keep_beyond_the_policy_is_refused_with_the_reason(stage: Stage) -> None:
    stage.place = replace(stage.place, policy=replace(stage.place.policy, max_keep=2 * HOUR))
    stage.warn(notice())
    assert "notify.max_keep" in press_once(stage.floor, stage.press("keep-4h"))
    assert "kept alive" in press_once(stage.floor, stage.press("keep-1h"))


@pytest.mark.parametrize("action", ["keep-1h", "stop-now"])
def test_a_press_that_comes_late_finds_it_over(stage: Stage, action: str) -> None:
    stage.warn(notice())
    del stage.cloud.running[TARGET, ID]
    said = press_once(stage.floor, stage.press(action))
    if action == "keep-1h":
        assert said == "it has ended by itself, or somebody ended it"
        assert said in str(stage.said()[0]["blocks"])
    else:
        assert "or it is gone" in said


def test_a_warning_that_nobody_knows_is_no_order(stage: Stage) -> None:
    for value in ("", "0" * 32, "x'; DROP TABLE warnings; --", ID):
        assert press_once(stage.floor, stage.press("keep-1h", warning=value or "-")) == UNKNOWN
    stage.warn(notice())
    assert press_once(stage.floor, stage.press("delete-all")) == UNKNOWN
    assert stage.cloud.kept == []


def test_the_journal_may_be_down_and_nothing_is_done_then(stage: Stage) -> None:
    stage.warn(notice())
    press = stage.press("keep-1h")
    stage.journal._connection.execute("DROP TABLE warnings")  # noqa: SLF001 - damage
    with pytest.raises(Unavailable):
        press_once(stage.floor, press)
    assert stage.cloud.kept == []


# Stop now


def test_a_stop_by_button_is_a_stop_like_any_other(stage: Stage) -> None:
    stage.warn(notice())
    assert press_once(stage.floor, stage.press("stop-now")) == "stopped by ana in Slack"
    assert stage.cloud.stopped == [ID]
    (told,) = stage.journal.outcomes(NOW - DAY, NOW + DAY)
    assert (told.result, told.reason, told.by) == (
        Result.STOPPED,
        "stopped by ana in Slack",
        By.EVENT,
    )
    assert not told.missed
    assert stage.journal.intended() == ()


def test_a_stop_in_an_account_that_does_not_answer_can_be_pressed_again(stage: Stage) -> None:
    stage.warn(notice())
    stage.cloud.denied[TARGET.account] = Unavailable("silence")
    assert "does not answer" in press_once(stage.floor, stage.press("stop-now"))
    stage.cloud.denied.clear()
    assert press_once(stage.floor, stage.press("stop-now")) == "stopped by ana in Slack"


@pytest.mark.parametrize(
    "seen",
    [
        {"tags": {KEEP_UNTIL: "2026-11-23T18:00:00Z"}},
        {"tags": {"guardian": "keep"}},
        {"status": "PROVISIONING"},
    ],
)
def test_what_a_look_speaks_for_is_not_stopped_by_button_either(
    stage: Stage, seen: dict[str, Any]
) -> None:
    stage.place = place(Exemption(tags={"guardian": "keep"}))
    stage.warn(notice())
    stage.run(**seen)
    assert "something speaks for it" in press_once(stage.floor, stage.press("stop-now"))
    assert stage.cloud.stopped == []


def test_nothing_is_stopped_by_button_in_a_pause_or_under_a_policy_that_observes(
    stage: Stage,
) -> None:
    stage.warn(notice())
    stage.paused = True
    assert "it stops nothing" in press_once(stage.floor, stage.press("stop-now"))
    stage.paused, stage.place = False, place(mode=Mode.OBSERVE)
    assert "it stops nothing" in press_once(stage.floor, stage.press("stop-now"))
    assert stage.cloud.stopped == []


# Through the socket


def test_a_press_on_the_page_arrives_and_the_page_shows_who_did_what(stage: Stage) -> None:
    stage.warn(notice())
    with stage.listening() as results:
        assert "said" not in stage.on_page("keep-4h")
        eventually(lambda: results)
        eventually(lambda: "edited" in stage.said()[0])
    assert "kept alive until 2026-11-23 16:00 UTC by ana in Slack" in stage.slack.render_page()


def test_an_envelope_that_comes_again_and_again_has_one_effect(stage: Stage) -> None:
    stage.warn(notice())
    with stage.listening() as results:
        stage.disturb(duplicates=4)
        stage.on_page("keep-1h")
        eventually(lambda: results)
        envelope = stage.slack.sockets.envelopes[0]
        stage.disturb(redeliver=envelope.id)
        eventually(lambda: envelope.deliveries == 6)
        stage.on_page("keep-1h") if "edited" not in stage.said()[0] else None
    assert len(stage.cloud.kept) == 1
    assert stage.whispered() == []


def test_an_envelope_that_comes_again_after_a_restart_has_no_second_effect(stage: Stage) -> None:
    stage.warn(notice())
    with stage.listening() as results:
        stage.on_page("keep-1h")
        eventually(lambda: results)
    with stage.listening() as results:
        stage.disturb(redeliver=stage.slack.sockets.envelopes[0].id)
        eventually(lambda: results)
        assert results[0].startswith("That was decided: kept alive")
    assert len(stage.cloud.kept) == 1


def test_presses_arrive_after_the_socket_was_lost(stage: Stage) -> None:
    stage.warn(notice())
    with stage.listening() as results:
        stage.disturb(disconnect=True)
        eventually(lambda: stage.slack.sockets.opened >= 2 and stage.slack.sockets.connections)
        stage.on_page("keep-1h")
        eventually(lambda: results)
    assert len(stage.cloud.kept) == 1


def test_a_connection_that_breaks_under_a_press_loses_and_doubles_nothing(stage: Stage) -> None:
    stage.warn(notice())
    with stage.listening() as results:
        stage.disturb(losing=True)
        stage.on_page("keep-1h")
        eventually(lambda: stage.slack.sockets.opened >= 2 and stage.slack.sockets.connections)
        stage.disturb(redeliver=stage.slack.sockets.envelopes[0].id)
        eventually(lambda: results)
    assert len(stage.cloud.kept) == 1


def test_a_slack_that_is_not_there_yet_is_tried_again(stage: Stage) -> None:
    stage.slack.faults.add(Fault("apps.connections.open", times=2, error="internal_error"))
    stage.warn(notice())
    with stage.listening() as results:
        stage.on_page("keep-1h")
        eventually(lambda: results)
