"""The daemon is killed at the worst moments, and started again: the story finishes, nothing lost, nothing twice."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from guardian.demo.cast import HOME
from guardian.localslack import LocalSlack
from guardian.outcome import Result
from tests.scenario.conftest import Installation, eventually
from tests.scenario.daemons import free_lease
from tests.scenario.delays import slow_down, slowed_down

QUICK = {"GUARDIAN_SLACK_DIGEST": "*/30 * * * *"}
"""Half an hour is three seconds here."""
STOPS_WITHIN = 25.0  # seconds
PARTS = 3
"""Of a digest with stops: the summary, and the chart and the details in its thread."""

pytestmark = pytest.mark.slow


@contextmanager
def daemon(installation: Installation) -> Iterator[subprocess.Popen[str]]:
    """A daemon that is killed without a warning at the end of the block."""
    process = installation.start("run", **QUICK)
    try:
        yield process
        assert process.poll() is None, "it ended by itself"
    finally:
        process.send_signal(signal.SIGKILL)
        sys.stderr.write(process.communicate()[1])  # pytest shows it when a test fails
        free_lease(installation)


def waiting(installation: Installation) -> int:
    """How many messages are in the hub's queue."""
    sqs = installation.cast.estate.client("sqs", HOME)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = sqs.get_queue_attributes(QueueUrl=installation.cast.queue_url, AttributeNames=names)
    return sum(int(number) for number in told["Attributes"].values())


def results(installation: Installation) -> Counter[tuple[str, Result]]:
    return Counter((outcome.id, outcome.result) for outcome in installation.outcomes())


def digests(slack: LocalSlack) -> dict[str, list[dict[str, Any]]]:
    """The messages of each digest in the channel, summary first, by the digest's key; each key is there once."""
    messages = slack.messages()
    summaries = [m for m in messages if m.get("thread_ts", m["ts"]) == m["ts"]]
    keys = [summary["metadata"]["event_payload"]["key"] for summary in summaries]
    assert len(keys) == len(set(keys))
    return {
        key: [summary, *(m for m in messages if m.get("thread_ts") == summary["ts"] != m["ts"])]
        for key, summary in zip(keys, summaries, strict=True)
    }


def told(slack: LocalSlack) -> int:
    """How many stops the summaries tell of."""
    firsts = [summary["text"].partition(" ")[0] for summary, *_ in digests(slack).values()]
    return sum(int(first) for first in firsts if first.isdigit())


def whole(slack: LocalSlack) -> bool:
    """Whether the digests that tell of stops have their threads."""
    found = digests(slack).values()
    return all(len(d) == PARTS for d in found if d[0]["text"][0].isdigit())


def test_a_daemon_that_is_killed_again_and_again_finishes_the_story(
    installation: Installation,
) -> None:
    cast, slack = installation.cast, installation.slack
    killed_in_the_middle_of_the_rollout(installation)
    told_to_stop_in_the_middle_of_the_rollout(installation)
    with daemon(installation):
        eventually(lambda: installation.plan().changes == (), within=30)
    opened = {
        cast.person("ana", "ana").open_glue_session("one"),
        cast.person("ana", "ana").open_glue_session("two"),
        cast.person("ben", "ben").open_notebook("three", "ml.t3.medium"),
    }
    stopped = Counter({(identifier, Result.STOPPED): 1 for identifier in opened})
    eventually(lambda: waiting(installation) == len(opened), within=30)
    assert installation.outcomes() == ()

    killed_between_the_journal_and_the_queue(installation)
    assert set(results(installation)) <= set(stopped)
    with daemon(installation):
        eventually(lambda: waiting(installation) == 0, within=30)
        assert results(installation) == stopped
        eventually(lambda: told(slack) > 0, within=30)
    assert not whole(slack)
    with daemon(installation):
        eventually(lambda: told(slack) == len(opened) and whole(slack), within=30)
        before = len(digests(slack))
        eventually(lambda: len(digests(slack)) > before, within=30)  # the next tells nothing twice
    assert results(installation) == stopped
    assert (told(slack), whole(slack)) == (len(opened), True)


def killed_in_the_middle_of_the_rollout(installation: Installation) -> None:
    slow_down(installation, "cloudformation", "ListStackSetOperationResults")
    with daemon(installation):
        eventually(lambda: slowed_down(installation), within=30)
    assert installation.deployed()["guardian-sandbox"] == set()


def told_to_stop_in_the_middle_of_the_rollout(installation: Installation) -> None:
    slow_down(installation, "cloudformation", "ListStackSetOperationResults")
    with installation.start("run", **QUICK) as process:
        eventually(lambda: slowed_down(installation), within=30)
        process.terminate()
        process.communicate(timeout=STOPS_WITHIN)
    assert process.returncode == 0


def killed_between_the_journal_and_the_queue(installation: Installation) -> None:
    slow_down(installation, "sqs", "DeleteMessageBatch")
    with daemon(installation):
        eventually(lambda: slowed_down(installation), within=30)
    assert installation.outcomes() != ()
    assert waiting(installation) > 0
