"""The real Slack client against local Slack, over HTTP."""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

import pytest

from guardian.digest import NO_PAST, Audience, Digest, compose
from guardian.errors import AccessDenied, Refused, Unavailable
from guardian.jobs.announce import Announced, Desk, announce_once
from guardian.journal import open_journal
from guardian.localslack import LocalSlack
from guardian.localslack.faults import Fault
from guardian.ports import Announcer
from guardian.slack.client import SlackAnnouncer
from tests.unit.test_digest import DAY, NINE, PRICES, glue

ROOM = "#data-costs"

pytestmark = pytest.mark.slow


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    local = LocalSlack()
    local.start()
    yield local
    local.stop()


@pytest.fixture
def announcer(slack: LocalSlack) -> Announcer:
    return SlackAnnouncer("xoxb-good", slack.endpoint, timeout=5)


def digest(stops: int = 2, channel: str = ROOM) -> Digest:
    outcomes = [glue(f"<!channel> & `{n}`") for n in range(stops)]
    return compose(Audience(channel), DAY, outcomes, [], NO_PAST, PRICES)


def thread(slack: LocalSlack, reference: str) -> list[Mapping[str, object]]:
    return [m for m in slack.messages() if m.get("thread_ts") == reference.partition("/")[2]]


def summaries(slack: LocalSlack) -> list[str]:
    return [m["text"] for m in slack.messages() if "parent_user_id" not in m]


def test_a_digest_is_a_message_with_chart_and_details_in_its_thread(
    slack: LocalSlack, announcer: Announcer
) -> None:
    announcer.check()
    reference = announcer.post(digest(), "key-1")
    summary, chart, details = thread(slack, reference)
    assert summary["text"] == (
        "2 forgotten sessions stopped, up to $4.40 avoided (22 Nov 09:00 to 23 Nov 09:00 UTC)"
    )
    assert summary["metadata"] == {
        "event_type": "guardian_digest",
        "event_payload": {"key": "key-1", "part": 0},
    }
    (file,) = slack.workspace.files.values()
    assert chart["files"]
    assert (file.content or b"").startswith(b"\x89PNG")
    assert file.alt_text.startswith("2 forgotten sessions stopped")
    assert "&lt;!channel&gt;" in str(details["blocks"])


def test_a_digest_is_found_by_its_key_alone(announcer: Announcer) -> None:
    reference = announcer.post(digest(), "key-1")
    announcer.post(digest(), "key-2")
    assert announcer.find(ROOM, "key-1") == reference
    assert announcer.find("data-costs", "key-3") is None
    assert announcer.find("#finops", "key-1") is None


def test_a_digest_is_found_behind_hundreds_of_others(announcer: Announcer) -> None:
    reference = announcer.post(digest(0), "first")
    for number in range(210):
        announcer.post(digest(0), f"later {number}")
    assert announcer.find(ROOM, "first") == reference


def test_what_is_posted_already_is_not_posted_again(
    slack: LocalSlack, announcer: Announcer
) -> None:
    reference = announcer.post(digest(), "key-1")
    before = len(slack.messages())
    assert announcer.post(digest(), "key-1", reference) == reference
    assert len(slack.messages()) == before


@pytest.mark.parametrize("kept", [1, 2])
def test_a_post_that_was_cut_short_is_completed(
    slack: LocalSlack, announcer: Announcer, kept: int
) -> None:
    reference = announcer.post(digest(), "key-1")
    (channel,) = [c for c in slack.workspace.channels.values() if c.messages]
    for ts in list(channel.messages)[kept:]:
        del channel.messages[ts]
    announcer.post(digest(), "key-1", reference)
    assert len(summaries(slack)) == 1
    assert len(thread(slack, reference)) == 3


def test_a_digest_of_thousands_is_within_slacks_limits(
    slack: LocalSlack, announcer: Announcer
) -> None:
    worst = [replace(glue(f"{n}" + "&" * 255), owner="&" * 255) for n in range(2000)]
    reference = announcer.post(compose(Audience(ROOM), DAY, worst, [], NO_PAST, PRICES), "key-1")
    _, _, sheet, *details = thread(slack, reference)
    assert len(details) == 2
    (_, file) = slack.workspace.files.values()
    assert sheet["files"]
    assert (file.content or b"").count(b"\r\n") == 2001


def test_a_rate_limit_is_waited_out(slack: LocalSlack, announcer: Announcer) -> None:
    slack.faults.add(Fault("chat.postMessage", times=1, retry_after=1))
    begun = time.monotonic()
    announcer.post(digest(), "key-1")
    assert time.monotonic() - begun >= 1
    assert len(summaries(slack)) == 1


def test_a_rate_limit_without_end_leaves_the_digest_for_later(
    slack: LocalSlack, announcer: Announcer
) -> None:
    slack.faults.add(Fault("chat.postMessage", times=50, retry_after=0))
    with pytest.raises(Unavailable, match="ratelimited"):
        announcer.post(digest(), "key-1")


def test_reading_is_tried_again_when_slack_stumbles(
    slack: LocalSlack, announcer: Announcer
) -> None:
    reference = announcer.post(digest(), "key-1")
    slack.faults.add(Fault("conversations.history", status=500))
    slack.faults.add(Fault("conversations.list", status=503))
    assert announcer.find(ROOM, "key-1") == reference


def test_a_message_that_may_have_arrived_is_not_sent_again(
    slack: LocalSlack, announcer: Announcer
) -> None:
    slack.faults.add(Fault("chat.postMessage", status=500))
    with pytest.raises(Unavailable):
        announcer.post(digest(), "key-1")
    assert slack.messages() == []


@pytest.mark.parametrize(
    ("code", "error", "advice"),
    [
        ("token_revoked", AccessDenied, "install the app again"),
        ("account_inactive", AccessDenied, "install the app again"),
        ("not_in_channel", Refused, "invite the bot"),
        ("is_archived", Refused, "archived"),
        ("msg_blocks_too_long", Refused, "msg_blocks_too_long"),
        ("internal_error", Unavailable, "internal_error"),
    ],
)
def test_slacks_errors_say_what_to_do(
    slack: LocalSlack, announcer: Announcer, code: str, error: type[Exception], advice: str
) -> None:
    slack.faults.add(Fault("chat.postMessage", error=code))
    with pytest.raises(error, match=advice):
        announcer.post(digest(), "key-1")


def test_a_wrong_token_is_told(slack: LocalSlack) -> None:
    with pytest.raises(AccessDenied, match="invalid_auth: the bot token is wrong"):
        SlackAnnouncer("wrong", slack.endpoint).check()


def test_a_channel_that_is_not_there_is_told(announcer: Announcer) -> None:
    with pytest.raises(Refused, match="invite the bot"):
        announcer.post(digest(channel="#nowhere"), "key-1")
    with pytest.raises(Refused, match="invite the bot"):
        announcer.find("#nowhere", "key-1")


def test_slack_out_of_reach_is_told() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        SlackAnnouncer("xoxb-good", "http://127.0.0.1:9/api/", timeout=1).check()


def test_a_chart_that_may_not_be_uploaded_holds_up_nothing(
    slack: LocalSlack, announcer: Announcer
) -> None:
    slack.faults.add(Fault("files.getUploadURLExternal", error="missing_scope"))
    reference = announcer.post(digest(), "key-1")
    _, chart, details = thread(slack, reference)
    assert "missing_scope: the app lacks a scope" in str(chart["text"])
    assert str(details["text"]).startswith("Details")


def test_a_quiet_digest_is_one_message(slack: LocalSlack, announcer: Announcer) -> None:
    announcer.post(digest(0), "key-1")
    assert len(slack.messages()) == 1


@dataclass
class Process:
    """Guardian with its journal, begun anew at each call."""

    journal: Path
    announcer: Announcer

    def announce(self) -> tuple[Announced, ...]:
        journal = open_journal(f"sqlite:///{self.journal}", lambda: NINE)
        return announce_once(Desk(journal, self.announcer, PRICES), Audience(ROOM), NINE, NINE)


@pytest.mark.parametrize(
    ("method", "begun"),
    [
        ("chat.postMessage", 0),
        ("files.getUploadURLExternal", 1),
        ("files.completeUploadExternal", 1),
    ],
)
def test_an_outage_at_any_call_ends_in_one_whole_digest(
    slack: LocalSlack, announcer: Announcer, tmp_path: Path, method: str, begun: int
) -> None:
    guardian = Process(tmp_path / "journal.sqlite", announcer)
    open_journal(f"sqlite:///{guardian.journal}", lambda: DAY.since).record([glue()])
    slack.faults.add(Fault(method, status=500))
    with pytest.raises(Unavailable):
        guardian.announce()
    assert len(summaries(slack)) == begun
    (announced,) = guardian.announce()
    assert guardian.announce() == ()
    assert len(summaries(slack)) == 1
    assert len(thread(slack, announced.reference)) == 3


def open_fonts() -> int:
    files = Path("/proc/self/fd").iterdir()
    return sum(os.path.realpath(file).endswith(".ttf") for file in files)


def test_however_many_threads_post_the_fonts_of_charts_are_opened_once(
    announcer: Announcer,
) -> None:
    announcer.post(digest(), "key-0")
    before = open_fonts()
    for number in range(1, 4):
        other = Thread(target=announcer.post, args=(digest(), f"key-{number}"))
        other.start()
        other.join()
    assert announcer.find(ROOM, "key-3")
    assert open_fonts() == before
