"""Whatever happens to guardian, nothing is lost and nothing is done twice. `make faults` kills oftener."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from threading import Timer

import pytest

from guardian.demo.cast import HOME
from guardian.localslack.faults import Fault
from tests.scenario.boundaries import CRASHED, JOBS, TROUBLED
from tests.scenario.conftest import Installation, session_status
from tests.scenario.kills import Trials, workshop
from tests.scenario.rollouts import forget_faults

POINTS = 20
SEED = 20261129

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def trials(governed: Installation) -> Iterator[Trials]:
    governed.cast.aws.post(
        "/localaws/trail", {"logging": False}
    )  # no event: all is left to the sweep
    with workshop(governed) as made:
        yield Trials(made, Random(SEED))  # noqa: S311 - no secret


def test_jobs_that_are_killed_anywhere_lose_nothing_and_do_nothing_twice(trials: Trials) -> None:
    jobs = [*JOBS] * (POINTS // len(JOBS) + 1)
    for job in jobs[:POINTS]:
        print(trials.kill(job))  # noqa: T201 - what pytest shows of a failure
    assert trials.killed >= POINTS * 3 // 4
    trials.check()


@pytest.mark.parametrize("job", ["collect", "sweep", "announce"])
def test_a_full_disk_loses_nothing(trials: Trials, job: str) -> None:
    done = trials.prepare(job)
    ended = trials.workshop.run(job, largest_file=1)
    assert (ended.code, "journal" in ended.said) == (TROUBLED, True), ended.said
    assert not done()
    if job == "sweep":  # what cannot be written down beforehand is not stopped
        session = f"session-{trials.number}"
        assert session_status(trials.installation.cast, "ana", session) == "READY"
    trials.finish(job, done)
    trials.check()


def test_a_journal_that_somebody_has_locked_is_waited_for(trials: Trials) -> None:
    job = "collect"
    done = trials.prepare(job)
    file = trials.installation.directory / "guardian.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    letting_go = Timer(1, other.execute, ["ROLLBACK"])
    letting_go.start()
    assert trials.workshop.run(job).code == 0
    letting_go.join()
    other.close()
    trials.finish(job, done)
    trials.check()


def test_nothing_answers_for_a_while(trials: Trials) -> None:
    jobs = ("collect", "sweep", "drift")
    done = {job: trials.prepare(job) for job in jobs}
    aws = trials.installation.cast.aws
    for service in ("sts", "organizations", "cloudformation", "sqs", "glue"):
        fault = {"service": service, "error": "ServiceUnavailable", "status": 503, "times": 10**6}
        aws.post("/localaws/faults", fault)
    quickly = {"AWS_MAX_ATTEMPTS": "1"}
    ended = {job: trials.workshop.run(job, environment=quickly).code for job in jobs}
    forget_faults(trials.installation)
    assert ended == dict.fromkeys(jobs, TROUBLED)
    for job in jobs:
        trials.finish(job, done[job])
    trials.check()


def test_credentials_expire_in_the_midst(trials: Trials) -> None:
    done = trials.prepare("sweep")
    for service in ("sts", "glue"):
        fault = {"service": service, "error": "ExpiredTokenException", "every": 2, "times": 2}
        trials.installation.cast.aws.post("/localaws/faults", fault)
        assert trials.workshop.run("sweep").code in {0, TROUBLED}
    forget_faults(trials.installation)
    trials.finish("sweep", done)
    trials.check()


def test_slack_breaks_in_the_midst_of_a_digest(trials: Trials) -> None:
    slack = trials.installation.slack
    for fault in (
        Fault("files.completeUploadExternal", status=500),
        Fault("chat.postMessage", retry_after=1),
    ):
        done = trials.prepare("announce")
        slack.faults.add(fault)
        assert trials.workshop.run("announce").code != CRASHED
        slack.faults.clear()
        trials.finish("announce", done)
    trials.check()


@pytest.mark.parametrize("hours", [1, -1])
def test_the_clock_jumps(trials: Trials, hours: int) -> None:
    aws = trials.installation.cast.aws
    # What the scaled clock says grows by less than nothing with its origin.
    origin = aws.origin + hours * 3600 / (1 - 1 / aws.scale)
    jumped = {"GUARDIAN_CLOCK": f"{origin:.6f}:{aws.scale}"}
    jobs = ("collect", "announce", "sweep")
    done = {job: trials.prepare(job) for job in jobs}
    for job in jobs:
        assert trials.workshop.run(job, environment=jumped).code == 0
    trials.guardian.pause(timedelta(hours=1))  # until the clocks go alike again
    trials.guardian.journal.record([trials.outcome(f"after the jump {hours}")])
    trials.guardian.pause(timedelta(minutes=1))
    for job in jobs:
        trials.finish(job, done[job])
    assert trials.workshop.run("announce").code == 0
    trials.check()


def test_what_nobody_can_read_ends_apart_and_holds_up_nothing(trials: Trials) -> None:
    sqs, url = (
        trials.installation.cast.estate.client("sqs", HOME),
        trials.installation.cast.queue_url,
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    for body in ("", "{", "[]", '{"source": "guardian", "detail-type": "Guardian Outcome"}'):
        sqs.send_message(QueueUrl=url, MessageBody=body or "\u0001")
    done = trials.prepare("collect")
    assert trials.workshop.run("collect").code == 0
    trials.finish("collect", done)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    apart = f"{url}-unreadable"
    found = sqs.receive_message(QueueUrl=apart, MaxNumberOfMessages=10)["Messages"]
    sqs.purge_queue(QueueUrl=apart)
    assert len(found) == 4
    trials.check()
