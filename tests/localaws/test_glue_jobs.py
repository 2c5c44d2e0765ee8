import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Eventually
from tests.localaws.statemachines import ROLE, machine, task

NAME = "nightly-etl"
ARN = f"arn:aws:glue:eu-west-1:123456789012:job/{NAME}"


@pytest.fixture
def glue(aws: Aws) -> Any:
    """A client of an account and region that have a job."""
    client = aws("glue")
    create(client)
    return client


def create(glue: Any, name: str = NAME, **request: Any) -> None:
    usual = {
        "Role": "arn:aws:iam::123456789012:role/Glue",
        "Command": {"Name": "glueetl"},
        "GlueVersion": "4.0",
        "WorkerType": "G.2X",
        "NumberOfWorkers": 5,
        "ExecutionProperty": {"MaxConcurrentRuns": 10},
    }
    glue.create_job(Name=name, **(usual | request))


def start(glue: Any, name: str = NAME, **request: Any) -> str:
    return str(glue.start_job_run(JobName=name, **request)["JobRunId"])


def run_of(glue: Any, run: str, name: str = NAME) -> dict[str, Any]:
    found: dict[str, Any] = glue.get_job_run(JobName=name, RunId=run)["JobRun"]
    return found


def becomes(glue: Any, run: str, state: str) -> Callable[[], bool]:
    return lambda: bool(run_of(glue, run)["JobRunState"] == state)


@pytest.mark.slow
def test_a_run_starts_runs_and_succeeds_after_what_it_sleeps(
    glue: Any, eventually: Eventually
) -> None:
    run = start(glue, Arguments={"--sleep": "90", "--day": "2026-11-19"})
    found = run_of(glue, run)
    assert found["JobRunState"] == "STARTING"
    assert "CompletedOn" not in found
    eventually(becomes(glue, run, "RUNNING"))
    eventually(becomes(glue, run, "SUCCEEDED"))
    found = run_of(glue, run)
    assert found["CompletedOn"] - found["StartedOn"] == timedelta(seconds=10 + 90)
    assert found["ExecutionTime"] == 90
    assert found["Arguments"]["--day"] == "2026-11-19"
    assert (found["MaxCapacity"], found["NumberOfWorkers"], found["WorkerType"]) == (10, 5, "G.2X")
    assert found["ExecutionClass"] == "STANDARD"


def test_a_run_that_does_not_end_runs_into_its_timeout(glue: Any, eventually: Eventually) -> None:
    create(glue, "short", Timeout=1)
    run = start(glue, "short", Arguments={"--sleep": "90"})
    eventually(lambda: run_of(glue, run, "short")["JobRunState"] == "TIMEOUT")
    assert run_of(glue, run, "short")["ExecutionTime"] == 60


@pytest.mark.parametrize(("version", "minutes"), [("4.0", 2880), ("5.0", 480)])
def test_the_timeout_depends_on_the_version_of_glue(glue: Any, version: str, minutes: int) -> None:
    create(glue, "versioned", GlueVersion=version)
    run = start(glue, "versioned")
    assert run_of(glue, run, "versioned")["Timeout"] == minutes
    again = start(glue, "versioned", Timeout=7)
    assert run_of(glue, again, "versioned")["Timeout"] == 7


def test_a_running_run_is_stopped(glue: Any, eventually: Eventually) -> None:
    run = start(glue)
    eventually(becomes(glue, run, "RUNNING"))
    stopped = glue.batch_stop_job_run(JobName=NAME, JobRunIds=[run])
    assert stopped["SuccessfulSubmissions"] == [{"JobName": NAME, "JobRunId": run}]
    assert stopped["Errors"] == []
    assert run_of(glue, run)["JobRunState"] in ("STOPPING", "STOPPED")
    eventually(becomes(glue, run, "STOPPED"))
    assert run_of(glue, run)["CompletedOn"] > run_of(glue, run)["StartedOn"]


def test_a_run_that_is_starting_is_stopped_without_having_run(
    glue: Any, eventually: Eventually
) -> None:
    run = start(glue)
    glue.batch_stop_job_run(JobName=NAME, JobRunIds=[run])
    eventually(becomes(glue, run, "STOPPED"))
    assert run_of(glue, run)["ExecutionTime"] < 10


def test_what_cannot_be_stopped_is_an_error_beside_what_was(
    glue: Any, eventually: Eventually
) -> None:
    over, alive = start(glue, Arguments={"--sleep": "1"}), start(glue)
    eventually(becomes(glue, over, "SUCCEEDED"))
    stopped = glue.batch_stop_job_run(JobName=NAME, JobRunIds=[over, alive, "jr_gone"])
    assert [run["JobRunId"] for run in stopped["SuccessfulSubmissions"]] == [alive]
    codes = {error["JobRunId"]: error["ErrorDetail"]["ErrorCode"] for error in stopped["Errors"]}
    assert codes == {over: "JobRunCannotBeStoppedException", "jr_gone": "EntityNotFoundException"}
    assert run_of(glue, over)["JobRunState"] == "SUCCEEDED"


def test_runs_are_listed_newest_first_and_paged(glue: Any) -> None:
    started = [start(glue) for _ in range(5)]
    listed: list[str] = []
    request: dict[str, Any] = {"JobName": NAME, "MaxResults": 2}
    while True:
        page = glue.get_job_runs(**request)
        listed += [run["Id"] for run in page["JobRuns"]]
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert listed == started[::-1]


def test_a_job_runs_as_often_at_a_time_as_it_may(glue: Any, eventually: Eventually) -> None:
    create(glue, "single", ExecutionProperty={"MaxConcurrentRuns": 1})
    run = start(glue, "single")
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        start(glue, "single")
    glue.batch_stop_job_run(JobName="single", JobRunIds=[run])
    eventually(lambda: run_of(glue, run, "single")["JobRunState"] == "STOPPED")
    assert start(glue, "single") != run


def test_what_does_not_exist_is_not_found(glue: Any) -> None:
    missing = glue.exceptions.EntityNotFoundException
    with pytest.raises(missing):
        start(glue, "gone")
    with pytest.raises(missing):
        run_of(glue, "jr_gone")
    with pytest.raises(missing):
        glue.get_job_runs(JobName="gone")
    with pytest.raises(missing):
        glue.get_tags(ResourceArn=ARN + "-gone")


def test_what_is_wrong_with_a_request_is_said(glue: Any) -> None:
    refused = glue.exceptions.InvalidInputException
    with pytest.raises(refused, match="sleep"):
        start(glue, Arguments={"--sleep": "long"})
    with pytest.raises(refused, match="Timeout"):
        start(glue, Timeout=10081)
    with pytest.raises(refused, match="NextToken"):
        glue.get_job_runs(JobName=NAME, NextToken="nonsense")
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        create(glue)
    assert glue.get_job_runs(JobName=NAME)["JobRuns"] == []


def test_jobs_have_tags_that_are_gone_with_them(glue: Any) -> None:
    glue.tag_resource(ResourceArn=ARN, TagsToAdd={"owner": "ana", "team": "data"})
    glue.untag_resource(ResourceArn=ARN, TagsToRemove=["team"])
    assert glue.get_tags(ResourceArn=ARN)["Tags"] == {"owner": "ana"}
    assert glue.list_jobs(Tags={"owner": "ana"})["JobNames"] == [NAME]
    glue.delete_job(JobName=NAME)
    create(glue)
    assert glue.get_tags(ResourceArn=ARN)["Tags"] == {}


def test_the_start_is_told_by_cloudtrail_and_the_end_by_glue(
    glue: Any, aws: Aws, eventually: Eventually
) -> None:
    queues, events = aws("sqs"), aws("events")
    url = queues.create_queue(QueueName="events")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    events.put_rule(Name="glue", EventPattern=json.dumps({"source": ["aws.glue"]}))
    events.put_targets(Rule="glue", Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])
    run = start(glue, Arguments={"--day": "2026-11-19"})
    glue.batch_stop_job_run(JobName=NAME, JobRunIds=[run])
    told: dict[str, Any] = {}

    def ended() -> bool:
        for message in queues.receive_message(QueueUrl=url).get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            told[detail.get("eventName", detail.get("state"))] = detail
        return "STOPPED" in told

    eventually(ended)
    assert told["StartJobRun"]["requestParameters"] == {
        "jobName": NAME,
        "arguments": {"--day": "2026-11-19"},
    }
    assert told["StartJobRun"]["responseElements"] == {"jobRunId": run}
    assert told["STOPPED"] == {
        "jobName": NAME,
        "severity": "INFO",
        "state": "STOPPED",
        "jobRunId": run,
        "message": "Job run stopped",
    }
    assert set(told) == {"StartJobRun", "BatchStopJobRun", "STOPPED"}


@pytest.mark.slow
def test_a_state_machine_stops_a_run(glue: Any, aws: Aws, eventually: Eventually) -> None:
    run = start(glue)
    stop = task("glue:batchStopJobRun", {"JobName": NAME, "JobRunIds": [run]})
    sfn = aws("stepfunctions")
    made = sfn.create_state_machine(
        name="stopper", definition=machine({"Stop": stop}), roleArn=ROLE
    )
    execution = sfn.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]

    def ended() -> Any:
        answer = sfn.describe_execution(executionArn=execution)
        return answer["status"] != "RUNNING" and answer

    answer = eventually(ended, within=30)
    assert json.loads(answer["output"])["Errors"] == []
    eventually(becomes(glue, run, "STOPPED"))
