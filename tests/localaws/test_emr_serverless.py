"""EMR Serverless applications and job runs live as AWS's do."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Eventually, HttpCall
from tests.localaws.emr_serverless import ROLE, SESSIONS, Application, Make, refused

CAPACITY = {
    "DRIVER": {"workerCount": 1, "workerConfiguration": {"cpu": "4vCPU", "memory": "16GB"}}
}


@pytest.fixture
def make(aws: Aws, eventually: Eventually, http: HttpCall) -> Make:
    """Creates an application, with sessions enabled."""
    return lambda **changes: Application(aws("emr-serverless"), eventually, http, **changes)


@pytest.fixture
def events(aws: Aws) -> Callable[[], list[dict[str, Any]]]:
    """What the default bus got from EMR Serverless so far, in order."""
    sqs, seen = aws("sqs"), list[dict[str, Any]]()
    queue = sqs.create_queue(QueueName="events")["QueueUrl"]
    pattern = json.dumps({"source": ["aws.emr-serverless"]})
    aws("events").put_rule(Name="events", EventPattern=pattern)
    target = {"Id": "queue", "Arn": "arn:aws:sqs:eu-west-1:123456789012:events"}
    aws("events").put_targets(Rule="events", Targets=[target])

    def received() -> list[dict[str, Any]]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        seen.extend(json.loads(sent["Body"]) for sent in answer.get("Messages", []))
        return seen

    return received


def test_an_application_starts_and_stops(make: Make) -> None:
    application = make().started()
    application.api.stop_application(applicationId=application.id)
    assert application.state() in ("STOPPING", "STOPPED")
    application.becomes("STOPPED")
    application.api.start_application(applicationId=application.id)
    application.becomes("STARTED")


def test_an_application_keeps_what_it_was_created_with(make: Make) -> None:
    found = make(initialCapacity=CAPACITY, tags={"Owner": "ana"}).get()
    assert found["initialCapacity"] == CAPACITY
    assert found["tags"] == {"Owner": "ana"}
    assert found["interactiveConfiguration"] == SESSIONS
    assert found["autoStopConfiguration"] == {"enabled": True, "idleTimeoutMinutes": 15}
    assert found["autoStartConfiguration"] == {"enabled": True}
    assert found["type"] == "Spark"


def test_the_same_client_token_makes_one_application(make: Make) -> None:
    assert make(clientToken="t").id == make(clientToken="t").id
    code, _ = refused(lambda: make(clientToken="t", name="other"))
    assert code == "ConflictException"


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "PRESTO"},
        {"releaseLabel": "emr-nine"},
        {"autoStopConfiguration": {"idleTimeoutMinutes": 10_081}},
    ],
)
def test_a_wrong_application_is_refused(make: Make, changes: dict[str, Any]) -> None:
    assert refused(lambda: make(**changes))[0] == "ValidationException"


def test_an_unknown_application_is_not_found(aws: Aws) -> None:
    api = aws("emr-serverless")
    with pytest.raises(api.exceptions.ResourceNotFoundException, match="none") as error:
        api.get_application(applicationId="none")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_only_a_starting_or_started_application_can_be_stopped(make: Make) -> None:
    application = make().becomes("CREATED")
    code, message = refused(lambda: application.api.stop_application(applicationId=application.id))
    assert (code, "[STARTING, STARTED]" in message) == ("ValidationException", True)


def test_a_started_application_can_be_neither_started_nor_changed_nor_deleted(make: Make) -> None:
    application = make().started()
    api, which = application.api, {"applicationId": application.id}
    assert refused(lambda: api.start_application(**which))[0] == "ValidationException"
    assert refused(lambda: api.delete_application(**which))[0] == "ValidationException"
    change = {"autoStopConfiguration": {"enabled": False}}
    assert refused(lambda: api.update_application(**which, **change))[0] == "ValidationException"


def test_an_application_can_be_changed_and_deleted_before_it_starts(make: Make) -> None:
    application = make().becomes("CREATED")
    stop = {"enabled": True, "idleTimeoutMinutes": 30}
    application.api.update_application(applicationId=application.id, autoStopConfiguration=stop)
    assert application.get()["autoStopConfiguration"] == stop
    application.api.delete_application(applicationId=application.id)
    assert application.state() == "TERMINATED"


@pytest.mark.slow
def test_an_idle_application_stops_by_itself(make: Make) -> None:
    application = make(autoStopConfiguration={"idleTimeoutMinutes": 2}).started()
    started = application.get()["updatedAt"]
    application.becomes("STOPPED")
    lasted = application.get()["updatedAt"] - started
    assert lasted == timedelta(minutes=2, seconds=20)


@pytest.mark.slow
def test_an_application_without_auto_stop_stays_started(
    make: Make, eventually: Eventually
) -> None:
    stopping = make(autoStopConfiguration={"idleTimeoutMinutes": 2}).started()
    staying = make(autoStopConfiguration={"enabled": False, "idleTimeoutMinutes": 2}).started()
    stopping.becomes("STOPPED")
    session = staying.session(idleTimeoutMinutes=1)
    eventually(lambda: staying.get_session(session)["state"] == "TERMINATED")
    assert staying.state() == "STARTED"


def test_applications_are_listed_by_state_in_pages(make: Make, aws: Aws, member: str) -> None:
    ids = [make().id for _ in range(3)]
    started = make().started().id
    api = aws("emr-serverless")
    pages = api.get_paginator("list_applications").paginate(PaginationConfig={"PageSize": 2})
    listed = [page["applications"] for page in pages]
    assert [len(page) for page in listed] == [2, 2]
    assert {found["id"] for page in listed for found in page} == {*ids, started}
    [found] = api.list_applications(states=["STARTED", "STOPPING"])["applications"]
    assert found["id"] == started
    assert aws("emr-serverless", account=member).list_applications()["applications"] == []
    assert aws("emr-serverless", "us-east-1").list_applications()["applications"] == []


def test_a_bad_page_is_refused(aws: Aws) -> None:
    api = aws("emr-serverless")
    assert refused(lambda: api.list_applications(nextToken="x"))[0] == "ValidationException"


def test_tags_are_kept_of_applications_sessions_and_job_runs(make: Make) -> None:
    application = make(tags={"owner": "ana"}).becomes("CREATED")
    session = application.session(tags={"owner": "ben"})
    run = application.job_run()
    api, arn = application.api, application.arn
    api.tag_resource(resourceArn=arn, tags={"guardian": "keep"})
    api.untag_resource(resourceArn=arn, tagKeys=["owner"])
    assert api.list_tags_for_resource(resourceArn=arn)["tags"] == {"guardian": "keep"}
    of_session = api.list_tags_for_resource(resourceArn=f"{arn}/sessions/{session}")
    assert of_session["tags"] == {"owner": "ben"}
    assert api.list_tags_for_resource(resourceArn=f"{arn}/jobruns/{run}")["tags"] == {}
    code, _ = refused(lambda: api.list_tags_for_resource(resourceArn=f"{arn}/jobruns/none"))
    assert code == "ResourceNotFoundException"


@pytest.mark.slow
def test_a_job_run_starts_its_application_and_succeeds(make: Make, eventually: Eventually) -> None:
    application = make().becomes("CREATED")
    run = application.job_run("sleep", "60", name="nightly")
    eventually(lambda: application.job_state(run) == "RUNNING")
    eventually(lambda: application.job_state(run) == "SUCCESS")
    [found] = application.api.list_job_runs(applicationId=application.id)["jobRuns"]
    assert (found["id"], found["name"], found["state"]) == (run, "nightly", "SUCCESS")
    answer = application.api.get_job_run(applicationId=application.id, jobRunId=run)
    assert answer["jobRun"]["totalExecutionDurationSeconds"] == 60
    which = {"applicationId": application.id, "jobRunId": run}
    assert refused(lambda: application.api.cancel_job_run(**which))[0] == "ValidationException"


@pytest.mark.slow
def test_every_state_of_an_application_is_an_event(
    make: Make, events: Callable[[], list[dict[str, Any]]], eventually: Eventually
) -> None:
    application = make(autoStopConfiguration={"idleTimeoutMinutes": 2}).started()
    application.becomes("STOPPED")
    application.api.delete_application(applicationId=application.id)
    states = ["CREATING", "CREATED", "STARTING", "STARTED", "STOPPING", "STOPPED", "TERMINATED"]

    def changes() -> list[dict[str, Any]]:
        kind = "EMR Serverless Application State Change"
        return [event for event in events() if event["detail-type"] == kind]

    eventually(lambda: [event["detail"]["state"] for event in changes()] == states)
    seen = changes()
    assert {event["account"] for event in seen} == {"123456789012"}
    assert [event["detail"].get("previousState") for event in seen] == [None, *states[:-1]]
    detail = seen[3]["detail"]
    assert (detail["applicationId"], detail["arn"]) == (application.id, application.arn)
    assert detail["autoStopConfig"] == {"enabled": True, "idleTimeout": 2}
    assert detail["autoStartConfig"] == {"enabled": True}


def test_calls_are_recorded_as_cloudtrail_writes_them(
    make: Make,
    events: Callable[[], list[dict[str, Any]]],
    eventually: Eventually,
) -> None:
    application = make(clientToken="c").started()
    session = application.session(clientToken="s", tags={"Owner": "ana"}, idleTimeoutMinutes=600)

    def records() -> dict[str, dict[str, Any]]:
        details = [event["detail"] for event in events()]
        return {detail["eventName"]: detail for detail in details if "eventName" in detail}

    wanted = {"CreateApplication", "StartApplication", "StartSession"}
    eventually(lambda: set(records()) == wanted)
    found = records()
    assert {record["eventSource"] for record in found.values()} == {"emr-serverless.amazonaws.com"}
    identity = {"applicationId": application.id, "arn": application.arn}
    assert found["CreateApplication"]["responseElements"] == {**identity, "name": "adhoc"}
    assert found["StartApplication"]["requestParameters"] == {"applicationId": application.id}
    assert found["StartApplication"]["responseElements"] is None
    assert found["StartSession"]["requestParameters"] == {
        "applicationId": application.id,
        "clientToken": "s",
        "executionRoleArn": ROLE,
        "idleTimeoutMinutes": 600,
        "tags": {"Owner": "ana"},
    }
    assert found["StartSession"]["responseElements"] == {
        "applicationId": application.id,
        "sessionId": session,
        "arn": f"{application.arn}/sessions/{session}",
    }
