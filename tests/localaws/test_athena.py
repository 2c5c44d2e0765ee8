import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from guardian.localaws.athena_session import SparkSession
from tests.localaws.conftest import Aws, Eventually
from tests.localaws.statemachines import ROLE, machine, task

GROUP = "notebooks"
ENGINE = {"CoordinatorDpuSize": 1, "MaxConcurrentDpus": 20, "DefaultExecutorDpuSize": 1}
UNKNOWN = "a2c1ebba-ad01-865f-ed2d-a142b7451f7e"
SPARK = {"EngineVersion": {"SelectedEngineVersion": "PySpark engine version 3"}}


@pytest.fixture
def athena(aws: Aws) -> Any:
    """A client of an account and region that have a Spark workgroup."""
    client = aws("athena")
    make_group(client)
    return client


def make_group(athena: Any, name: str = GROUP, **request: Any) -> None:
    athena.create_work_group(Name=name, Configuration=SPARK, **request)


def start(athena: Any, group: str = GROUP, **request: Any) -> str:
    asked = {"WorkGroup": group, "EngineConfiguration": ENGINE} | request
    answer = athena.start_session(**asked)
    return str(answer["SessionId"])


def status(athena: Any, session: str) -> dict[str, Any]:
    found: dict[str, Any] = athena.get_session_status(SessionId=session)["Status"]
    return found


def becomes(athena: Any, session: str, state: str) -> Callable[[], bool]:
    return lambda: bool(status(athena, session)["State"] == state)


def idle(athena: Any, eventually: Eventually, **request: Any) -> str:
    session = start(athena, **request)
    eventually(becomes(athena, session, "IDLE"))
    return session


def arn_of(session: str) -> str:
    return f"arn:aws:athena:eu-west-1:123456789012:workgroup/{GROUP}/session/{session}"


def test_a_session_is_created_becomes_idle_and_is_terminated(
    athena: Any, eventually: Eventually
) -> None:
    session = start(athena)
    assert status(athena, session)["State"] in ("CREATING", "CREATED")
    assert "IdleSinceDateTime" not in status(athena, session)
    eventually(becomes(athena, session, "IDLE"))
    found = status(athena, session)
    assert found["IdleSinceDateTime"] - found["StartDateTime"] == timedelta(seconds=20)
    assert athena.terminate_session(SessionId=session)["State"] == "TERMINATING"
    eventually(becomes(athena, session, "TERMINATED"))
    found = status(athena, session)
    assert found["EndDateTime"] > found["StartDateTime"]
    assert "IdleSinceDateTime" not in found


def test_a_session_is_described_as_it_was_asked_for(athena: Any) -> None:
    session = start(athena, Description="adhoc", NotebookVersion="Athena notebook version 1")
    found = athena.get_session(SessionId=session)
    assert (found["SessionId"], found["WorkGroup"]) == (session, GROUP)
    assert found["EngineConfiguration"] == ENGINE
    assert found["EngineVersion"] == "PySpark engine version 3"
    assert found["Description"] == "adhoc"
    assert found["SessionConfiguration"]["SessionIdleTimeoutInMinutes"] == 20
    assert found["SessionConfiguration"]["IdleTimeoutSeconds"] == 1200


def test_terminating_twice_succeeds_and_changes_nothing(
    athena: Any, eventually: Eventually
) -> None:
    session = idle(athena, eventually)
    athena.terminate_session(SessionId=session)
    eventually(becomes(athena, session, "TERMINATED"))
    ended = status(athena, session)
    assert athena.terminate_session(SessionId=session)["State"] == "TERMINATED"
    assert status(athena, session) == ended


def test_an_idle_session_ends_by_itself(athena: Any, eventually: Eventually) -> None:
    session = start(athena, SessionIdleTimeoutInMinutes=1)
    eventually(becomes(athena, session, "TERMINATED"))
    found = status(athena, session)
    assert found["EndDateTime"] - found["StartDateTime"] == timedelta(seconds=20 + 60 + 10)
    used = athena.get_session(SessionId=session)["Statistics"]["DpuExecutionInMillis"]
    assert used == (15 + 60 + 10) * 1000


def test_an_idle_session_lives_for_twenty_minutes_unless_told_otherwise() -> None:
    began = datetime(2026, 11, 20, 9, 20, tzinfo=UTC)
    history = SparkSession(arn_of(UNKNOWN), {"WorkGroup": GROUP}, {}, began).history()
    assert history.first("IDLE") == began + timedelta(seconds=20)
    assert history.first("TERMINATING") == began + timedelta(seconds=20, minutes=20)


@pytest.mark.slow
def test_a_calculation_keeps_a_session_busy(athena: Any, eventually: Eventually) -> None:
    session = idle(athena, eventually, SessionIdleTimeoutInMinutes=1)
    made = athena.start_calculation_execution(SessionId=session, CodeBlock="time.sleep(90)")
    assert made["State"] == "CREATING"
    assert status(athena, session)["State"] == "BUSY"
    assert "IdleSinceDateTime" not in status(athena, session)
    with pytest.raises(
        athena.exceptions.InvalidRequestException, match="BUSY state; must be IDLE"
    ):
        athena.start_calculation_execution(SessionId=session, CodeBlock="print(1)")
    eventually(becomes(athena, session, "IDLE"))
    calculation = athena.get_calculation_execution(
        CalculationExecutionId=made["CalculationExecutionId"]
    )
    assert calculation["Status"]["State"] == "COMPLETED"
    assert calculation["SessionId"] == session
    ended = calculation["Status"]["CompletionDateTime"]
    assert ended - calculation["Status"]["SubmissionDateTime"] == timedelta(seconds=91)
    assert status(athena, session)["IdleSinceDateTime"] == ended


def test_a_calculation_can_be_stopped(athena: Any, eventually: Eventually) -> None:
    session = idle(athena, eventually)
    made = athena.start_calculation_execution(SessionId=session, CodeBlock="sleep(600)")
    known = {"CalculationExecutionId": made["CalculationExecutionId"]}
    assert athena.stop_calculation_execution(**known)["State"] == "CANCELED"
    assert athena.get_calculation_execution_status(**known)["Status"]["State"] == "CANCELED"
    assert status(athena, session)["State"] == "IDLE"
    listed = athena.list_calculation_executions(SessionId=session, StateFilter="CANCELED")
    assert [one["CalculationExecutionId"] for one in listed["Calculations"]] == [*known.values()]


def test_terminating_a_busy_session_cancels_what_it_calculates(
    athena: Any, eventually: Eventually
) -> None:
    session = idle(athena, eventually)
    athena.start_calculation_execution(SessionId=session, CodeBlock="sleep(600)")
    athena.terminate_session(SessionId=session)
    eventually(becomes(athena, session, "TERMINATED"))
    (calculation,) = athena.list_calculation_executions(SessionId=session)["Calculations"]
    assert calculation["Status"]["State"] == "CANCELED"


def test_only_an_idle_session_takes_calculations(athena: Any) -> None:
    session = start(athena)
    with pytest.raises(athena.exceptions.InvalidRequestException, match="must be IDLE"):
        athena.start_calculation_execution(SessionId=session, CodeBlock="print(1)")


def test_active_sessions_are_listed_newest_first_and_paged(athena: Any) -> None:
    started = [start(athena) for _ in range(5)]
    make_group(athena, "others")
    start(athena, "others")
    listed: list[str] = []
    request: dict[str, Any] = {"WorkGroup": GROUP, "MaxResults": 2}
    while True:
        page = athena.list_sessions(**request)
        listed += [session["SessionId"] for session in page["Sessions"]]
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert listed == started[::-1]


def test_ended_sessions_are_listed_only_when_asked_for(
    athena: Any, eventually: Eventually
) -> None:
    ended, alive = idle(athena, eventually), idle(athena, eventually)
    athena.terminate_session(SessionId=ended)
    eventually(becomes(athena, ended, "TERMINATED"))

    def listed(**request: str) -> list[str]:
        found = athena.list_sessions(WorkGroup=GROUP, **request)["Sessions"]
        return [session["SessionId"] for session in found]

    assert listed() == [alive]
    assert listed(StateFilter="TERMINATED") == [ended]
    assert listed(StateFilter="IDLE") == [alive]
    assert listed(StateFilter="BUSY") == []
    with pytest.raises(athena.exceptions.InvalidRequestException):
        listed(StateFilter="STOPPED")


def test_the_same_token_starts_one_session(athena: Any) -> None:
    token = "t" * 32
    assert start(athena, ClientRequestToken=token) == start(athena, ClientRequestToken=token)
    with pytest.raises(athena.exceptions.InvalidRequestException):
        start(athena, ClientRequestToken=token, SessionIdleTimeoutInMinutes=5)


@pytest.mark.parametrize(
    ("call", "request_of"),
    [
        ("get_session", {"SessionId": UNKNOWN}),
        ("get_session_status", {"SessionId": UNKNOWN}),
        ("terminate_session", {"SessionId": UNKNOWN}),
        ("list_sessions", {"WorkGroup": "gone"}),
        ("start_session", {"WorkGroup": "gone", "EngineConfiguration": ENGINE}),
        ("list_tags_for_resource", {"ResourceARN": arn_of(UNKNOWN)}),
        ("get_calculation_execution", {"CalculationExecutionId": UNKNOWN}),
    ],
)
def test_what_does_not_exist_is_not_found(
    athena: Any, call: str, request_of: dict[str, Any]
) -> None:
    with pytest.raises(athena.exceptions.ResourceNotFoundException):
        getattr(athena, call)(**request_of)


def test_only_spark_workgroups_take_sessions(athena: Any) -> None:
    with pytest.raises(athena.exceptions.InvalidRequestException, match="Spark"):
        start(athena, "primary")


def test_limits_out_of_range_are_refused(athena: Any) -> None:
    with pytest.raises(athena.exceptions.InvalidRequestException, match="1 to 480"):
        start(athena, SessionIdleTimeoutInMinutes=481)
    with pytest.raises(athena.exceptions.InvalidRequestException, match="2 to 5000"):
        start(athena, EngineConfiguration={"MaxConcurrentDpus": 5001})


def test_workgroups_are_listed_with_their_engine_and_their_age(athena: Any) -> None:
    before = athena.list_work_groups()["WorkGroups"]
    engines = {group["Name"]: group["EngineVersion"] for group in before}
    assert engines[GROUP]["EffectiveEngineVersion"] == "PySpark engine version 3"
    assert engines["primary"]["EffectiveEngineVersion"] == "Athena engine version 3"
    assert athena.list_work_groups()["WorkGroups"] == before
    page = athena.list_work_groups(MaxResults=1)
    rest = athena.list_work_groups(NextToken=page["NextToken"])
    assert page["WorkGroups"] + rest["WorkGroups"] == before


def test_a_workgroup_is_deleted_once_its_sessions_have_ended(
    athena: Any, eventually: Eventually
) -> None:
    session = idle(athena, eventually)
    with pytest.raises(athena.exceptions.InvalidRequestException, match="not empty"):
        athena.delete_work_group(WorkGroup=GROUP)
    with pytest.raises(athena.exceptions.InvalidRequestException, match="active"):
        athena.delete_work_group(WorkGroup=GROUP, RecursiveDeleteOption=True)
    athena.terminate_session(SessionId=session)
    eventually(becomes(athena, session, "TERMINATED"))
    athena.delete_work_group(WorkGroup=GROUP, RecursiveDeleteOption=True)
    with pytest.raises(athena.exceptions.InvalidRequestException, match="not found"):
        athena.get_work_group(WorkGroup=GROUP)
    with pytest.raises(athena.exceptions.ResourceNotFoundException):
        athena.get_session(SessionId=session)


def test_workgroups_and_sessions_have_tags(athena: Any) -> None:
    make_group(athena, "tagged", Tags=[{"Key": "team", "Value": "data"}])

    def tags(arn: str) -> dict[str, str]:
        found = athena.list_tags_for_resource(ResourceARN=arn)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in found}

    group = "arn:aws:athena:eu-west-1:123456789012:workgroup/"
    assert tags(group + "tagged") == {"team": "data"}
    assert tags(group + GROUP) == {}
    plain = start(athena, "tagged")
    assert tags(f"{group}tagged/session/{plain}") == {}
    owner = [{"Key": "owner", "Value": "ana"}]
    session = start(athena, "tagged", Tags=owner, CopyWorkGroupTags=True)
    arn = f"{group}tagged/session/{session}"
    assert tags(arn) == {"team": "data", "owner": "ana"}
    athena.tag_resource(ResourceARN=arn, Tags=[{"Key": "guardian", "Value": "keep"}])
    athena.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert tags(arn) == {"owner": "ana", "guardian": "keep"}


def test_accounts_and_regions_do_not_see_each_others_sessions(
    athena: Any, aws: Aws, member: str
) -> None:
    session = start(athena)
    for other in (aws("athena", "us-east-1"), aws("athena", account=member)):
        make_group(other)
        assert other.list_sessions(WorkGroup=GROUP)["Sessions"] == []
        with pytest.raises(other.exceptions.ResourceNotFoundException):
            other.terminate_session(SessionId=session)


def test_what_is_not_simulated_is_an_error(athena: Any) -> None:
    session = start(athena)
    with pytest.raises(ClientError) as refused:
        athena.get_session_endpoint(SessionId=session)
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


def test_cloudtrail_tells_of_a_session_as_aws_does(
    athena: Any, aws: Aws, eventually: Eventually
) -> None:
    session = start(athena, SessionIdleTimeoutInMinutes=480)

    def told() -> Any:
        found = aws("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "StartSession"}]
        )["Events"]
        return [json.loads(event["CloudTrailEvent"]) for event in found]

    (record,) = eventually(told)
    assert record["eventSource"] == "athena.amazonaws.com"
    assert record["requestParameters"] == {
        "workGroup": GROUP,
        "engineConfiguration": {
            "coordinatorDpuSize": 1,
            "maxConcurrentDpus": 20,
            "defaultExecutorDpuSize": 1,
        },
        "sessionIdleTimeoutInMinutes": 480,
    }
    assert record["responseElements"] == {"sessionId": session, "state": "CREATING"}


@pytest.mark.slow
def test_a_state_machine_terminates_a_session(
    athena: Any, aws: Aws, eventually: Eventually
) -> None:
    session = idle(athena, eventually)
    stop = task("athena:terminateSession", {"SessionId": session}, Output="{% $states.result %}")
    missing = task(
        "athena:getSessionStatus",
        {"SessionId": UNKNOWN},
        Catch=[{"ErrorEquals": ["Athena.ResourceNotFoundException"], "Next": "Done"}],
    )
    states = {
        "Stop": {key: value for key, value in stop.items() if key != "End"} | {"Next": "Missing"},
        "Missing": missing,
        "Done": {"Type": "Succeed"},
    }
    sfn = aws("stepfunctions")
    made = sfn.create_state_machine(name="stopper", definition=machine(states), roleArn=ROLE)
    run = sfn.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
    eventually(lambda: sfn.describe_execution(executionArn=run)["status"] != "RUNNING", within=30)
    assert sfn.describe_execution(executionArn=run)["status"] == "SUCCEEDED"
    eventually(becomes(athena, session, "TERMINATED"))
