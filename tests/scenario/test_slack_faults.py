"""Each window is exactly one digest, whatever Slack and the way there do; the real client, over HTTP."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from guardian.digest import Audience
from guardian.errors import GuardianError
from guardian.jobs.announce import Announced, Desk, announce_once
from guardian.journal import open_journal
from guardian.localslack import LocalSlack
from guardian.localslack.faults import Fault
from guardian.ports import Announcer
from guardian.slack.client import SlackAnnouncer
from guardian.slack.details import LIST
from tests.scenario.lossy import lossy
from tests.unit.test_digest import DAY, NINE, PRICES, glue

ROOM = "#data-costs"
STOPS = LIST + 5  # so many that there is a spreadsheet
PARTS = ["avoided-cost.png", "guardian.csv", 3]
POST, GET_URL = "chat.postMessage", "files.getUploadURLExternal"
COMPLETE, REPLIES, HISTORY = (
    "files.completeUploadExternal",
    "conversations.replies",
    "conversations.history",
)


pytestmark = pytest.mark.slow


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    local = LocalSlack()
    local.start()
    yield local
    local.stop()


@dataclass
class Process:
    """Guardian with its journal, begun anew at each call."""

    journal: Path

    def learn(self) -> None:
        journal = open_journal(f"sqlite:///{self.journal}", lambda: DAY.since)
        journal.record(
            replace(glue(f"session {n}"), owner="ana@example.com") for n in range(STOPS)
        )

    def announce(self, endpoint: str) -> tuple[Announced, ...]:
        announcer: Announcer = SlackAnnouncer("xoxb-good", endpoint, timeout=5)
        journal = open_journal(f"sqlite:///{self.journal}", lambda: NINE)
        return announce_once(Desk(journal, announcer, PRICES), Audience(ROOM), NINE, NINE)

    def announce_until_done(self, endpoint: str) -> int:
        """How often it had to begin."""
        for attempt in range(1, 20):
            try:
                self.announce(endpoint)
            except GuardianError:
                continue
            return attempt
        raise AssertionError("it is never done")


@pytest.fixture
def guardian(tmp_path: Path) -> Process:
    made = Process(tmp_path / "journal.sqlite")
    made.learn()
    return made


def part(message: Mapping[str, object]) -> object:
    files, metadata = message.get("files"), message.get("metadata")
    if isinstance(files, list):
        return files[0]["name"]
    assert isinstance(metadata, Mapping)
    return metadata["event_payload"]["part"]


def assert_one_whole_digest(slack: LocalSlack) -> None:
    found = slack.messages()
    (summary,) = [m for m in found if "parent_user_id" not in m]
    told = Counter(part(m) for m in found if m["ts"] != summary["ts"])
    assert told == Counter(PARTS)


@pytest.mark.parametrize(
    ("method", "at"),
    [(POST, 1), (POST, 2), (GET_URL, 1), (GET_URL, 2), (COMPLETE, 1), (COMPLETE, 2)],
)
def test_an_answer_that_is_lost_after_slack_took_the_call_doubles_nothing(
    slack: LocalSlack, guardian: Process, method: str, at: int
) -> None:
    with lossy(slack.endpoint, method, at) as endpoint:
        assert guardian.announce_until_done(endpoint) == 2
    assert guardian.announce(slack.endpoint) == ()
    assert_one_whole_digest(slack)


@pytest.mark.parametrize("method", [POST, GET_URL, COMPLETE, "users.lookupByEmail"])
def test_a_storm_of_429_is_waited_out(slack: LocalSlack, guardian: Process, method: str) -> None:
    slack.faults.add(Fault(method, times=7, retry_after=0))
    assert guardian.announce_until_done(slack.endpoint) <= 2
    assert_one_whole_digest(slack)


@pytest.mark.parametrize("method", [POST, GET_URL, COMPLETE, REPLIES, HISTORY])
def test_500s_end_in_one_digest(slack: LocalSlack, guardian: Process, method: str) -> None:
    slack.faults.add(Fault(method, times=4, status=500))
    slack.faults.add(Fault(POST, times=1, status=503))
    guardian.announce_until_done(slack.endpoint)
    assert_one_whole_digest(slack)


@pytest.mark.parametrize(
    "code", ["channel_not_found", "not_in_channel", "invalid_auth", "token_revoked"]
)
def test_what_slack_refuses_stays_due_until_somebody_mends_it(
    slack: LocalSlack, guardian: Process, code: str
) -> None:
    slack.faults.add(Fault(POST, times=3, error=code))
    for _ in range(3):
        with pytest.raises(GuardianError, match=code):
            guardian.announce(slack.endpoint)
    assert slack.messages() == []
    (announced,) = guardian.announce(slack.endpoint)
    assert len(announced.digest.stopped) == STOPS
    assert_one_whole_digest(slack)


def test_an_owner_whom_slack_knows_is_mentioned(slack: LocalSlack, guardian: Process) -> None:
    guardian.announce(slack.endpoint)
    summary, *thread = slack.messages()
    user = slack.workspace.person("ana@example.com")
    assert f"• <@{user}> · {STOPS} · $" in str(summary["blocks"])
    assert "<@" not in str([m.get("blocks") for m in thread])


@pytest.mark.parametrize("fault", ["users_not_found", "missing_scope", "account_inactive"])
def test_an_owner_whom_slack_does_not_tell_is_named(
    slack: LocalSlack, guardian: Process, fault: str
) -> None:
    slack.faults.add(Fault("users.lookupByEmail", times=9, error=fault))
    guardian.announce(slack.endpoint)
    assert "• `ana@example.com` · " in str(slack.messages()[0]["blocks"])
    assert_one_whole_digest(slack)


def test_a_spreadsheet_that_may_not_be_uploaded_holds_up_nothing(
    slack: LocalSlack, guardian: Process
) -> None:
    slack.faults.add(Fault(GET_URL, times=2, error="missing_scope"))
    guardian.announce(slack.endpoint)
    _, chart, sheet, details = slack.messages()
    assert "All of it as a spreadsheet" in str(sheet["text"])
    assert [part(m) for m in (chart, sheet, details)] == [1, 2, 3]
