"""Digests of an installation: what the daemon sends where, and what the command shows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from guardian.daemon import Daemon, open_daemon
from guardian.demo.cast import HOME
from guardian.ids import AccountId, Target
from guardian.journal import open_journal
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.localslack.workspace import Channel
from guardian.outcome import About, Finding
from guardian.slack.builder import BUILDER
from tests.scenario.conftest import CHANNEL, RESEARCH_POLICY, Installation, Run
from tests.unit.test_digest import DUBLIN, glue

TOPIC = f"arn:aws:sns:{HOME}:{MANAGEMENT_ACCOUNT}:digests"
NOWHERE = "#nowhere"
OFTEN = "* * * * *"
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(installation: Installation) -> Iterator[Installation]:
    """An hour ago ravi's session was stopped; his policy's digests go to a topic and a channel that is not there."""
    notify = f'notify: {{channel: "{NOWHERE}", sns: "{TOPIC}", digest: "{OFTEN}"}}\n'
    installation.write(research=RESEARCH_POLICY + notify)
    # By the system's clock: local AWS's own runs a day in two minutes.
    variables = {k: v for k, v in installation.environment.items() if k != "GUARDIAN_CLOCK"}
    made = replace(installation, environment={**variables, "GUARDIAN_SLACK_DIGEST": OFTEN})
    guardian = made.open()
    earlier = guardian.now() - HOUR
    ravi = Target(AccountId(made.cast.accounts["ravi"]), DUBLIN)
    journal = open_journal(guardian.settings.journal, lambda: earlier)
    journal.record([replace(glue("forgotten"), target=ravi, at=earlier, started=earlier)])
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GUARDIAN_CLOCK")
        patch.setenv("GUARDIAN_SLACK_DIGEST", OFTEN)
        yield made


def mailbox(told: Installation) -> str:
    """A queue that stands for a mailbox which gets what is published."""
    sns, sqs = (told.cast.estate.client(service, HOME) for service in ("sns", "sqs"))
    assert sns.create_topic(Name="digests")["TopicArn"] == TOPIC
    queue = str(sqs.create_queue(QueueName="mailbox")["QueueUrl"])
    arn = f"arn:aws:sqs:{HOME}:{MANAGEMENT_ACCOUNT}:mailbox"
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    return queue


def summaries(told: Installation, channel: str = CHANNEL) -> list[dict[str, Any]]:
    found = [m for m in told.slack.messages() if f"#{m['channel_name']}" == channel]
    return [m for m in found if "parent_user_id" not in m]


def undelivered(told: Installation) -> list[Finding]:
    return [f for f in told.findings() if f.about is About.DIGEST]


def show(told: Installation, *options: str) -> Run:
    run = told.run("digest", *options)
    assert (run.code, run.err) == (0, "")
    return run


def test_the_terminal_shows_the_digest_and_a_link(told: Installation) -> None:
    run = show(told, "--channel", CHANNEL, "--dry-run")
    assert "1 forgotten session stopped, up to $2.20 avoided" in run.out
    link = next(line for line in run.out.splitlines() if BUILDER in line).partition(BUILDER)[2]
    assert json.loads(unquote(link))["blocks"][0]["type"] == "header"


def test_the_blocks_are_those_that_would_be_posted(told: Installation) -> None:
    (made,) = json.loads(show(told, "--channel", CHANNEL, "--format", "blocks").out)
    summary, details = made["messages"]
    assert summary["text"].startswith("1 forgotten session stopped")
    assert "forgotten" in json.dumps(details["blocks"])


def test_a_page_and_data_are_of_all_who_are_told(told: Installation) -> None:
    page = show(told, "--format", "html").out
    assert (page.count("<h1>"), page.startswith("<!doctype html>")) == (3, True)
    found = json.loads(show(told, "--format", "json", "--since", "2h").out)
    assert {made["channel"]: made["stopped"]["count"] for made in found} == {
        CHANNEL: 1,
        NOWHERE: 1,
        TOPIC: 1,
    }


def test_a_channel_that_nobody_names_is_wrong_input(told: Installation) -> None:
    run = told.run("digest", "--channel", "#costs")
    assert run.code == 2
    assert f"known: {CHANNEL}, {NOWHERE}, {TOPIC}" in run.err


def test_the_daemon_tells_whom_it_can_and_the_others_when_it_can(told: Installation) -> None:
    queue = mailbox(told)
    would = show(told, "--post", "--dry-run", "--channel", CHANNEL)
    assert "1 forgotten session stopped" in would.out
    assert summaries(told) == []
    daemon = open_daemon(told.open())
    for _ in range(2):
        daemon.letters.announce()
    assert_told(told, queue)
    assert_due(told, daemon)
    told.slack.workspace.channels["C0NOWHERE"] = Channel("C0NOWHERE", NOWHERE.removeprefix("#"))
    daemon.letters.announce()
    assert daemon.letters.undelivered == {}
    assert daemon.guardian.journal.unfinished(NOWHERE) == ()
    assert summaries(told, NOWHERE)[0]["text"].startswith("1 forgotten session stopped")


def assert_told(told: Installation, queue: str) -> None:
    """The organization's channel and the topic were told once, whatever became of the other channel."""
    assert summaries(told)[0]["text"].startswith("1 forgotten session stopped")
    sqs = told.cast.estate.client("sqs", HOME)
    mail, *_ = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]
    assert "1 forgotten session stopped" in json.loads(mail["Body"])["Message"]


def assert_due(told: Installation, daemon: Daemon) -> None:
    """What could not be delivered is a finding, once, and is still due."""
    (found,) = undelivered(told)
    assert [found.subject] == list(daemon.letters.undelivered) == [NOWHERE]
    assert "channel_not_found" in found.reason
    assert daemon.guardian.journal.unfinished(NOWHERE)
    assert "channel_not_found" in told.run("status").out
    run = told.run("digest", "--post")
    assert run.code == 1
    assert run.err.startswith(f"guardian: Slack: {NOWHERE}: channel_not_found")
