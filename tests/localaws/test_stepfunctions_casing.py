"""Tasks speak PascalCase with every API, also with those that do not."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.model import Shape

from guardian.localaws.statemachines.tasks import (
    from_api,
    operation_model,
    to_api,
    unsupported_fields,
)
from tests.localaws.conftest import Aws, Eventually
from tests.localaws.statemachines import ROLE, machine, task

RUNTIME_ROLE = "arn:aws:iam::123456789012:role/runtime"
Run = Callable[..., Any]


@pytest.fixture
def run(aws: Aws, eventually: Eventually) -> Run:
    """Executes one task to its end; answers DescribeExecution."""

    def execute(action: str, arguments: object, given: object = None, **options: Any) -> Any:
        sfn = aws("stepfunctions")
        definition = machine({"Call": task(action, arguments, **options)})
        made = sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)
        started = sfn.start_execution(
            stateMachineArn=made["stateMachineArn"], input=json.dumps(given or {})
        )

        def ended() -> Any:
            answer = sfn.describe_execution(executionArn=started["executionArn"])
            return answer["status"] != "RUNNING" and answer

        return eventually(ended, within=30)

    return execute


@pytest.fixture
def application(aws: Aws, eventually: Eventually) -> str:
    """The id of an application that was created, with capacity and tags."""
    api = aws("emr-serverless")
    worker = {"cpu": "4vCPU", "memory": "16GB"}
    made = api.create_application(
        name="adhoc",
        releaseLabel="emr-7.13.0",
        type="SPARK",
        tags={"costCentre": "1", "Owner": "ana"},
        initialCapacity={"driver_like": {"workerCount": 2, "workerConfiguration": worker}},
        interactiveConfiguration={"sessionEnabled": True},
    )
    which = {"applicationId": made["applicationId"]}
    eventually(lambda: api.get_application(**which)["application"]["state"] == "CREATED")
    return str(made["applicationId"])


def output(answer: Any) -> Any:
    assert answer["status"] == "SUCCEEDED", answer
    return json.loads(answer["output"])


def shape(action: str, *, of_output: bool = False) -> Shape | None:
    model = operation_model("emrserverless", action)
    return model.output_shape if of_output else model.input_shape


def test_an_answer_is_pascal_case_all_the_way_down(run: Run, application: str) -> None:
    found = output(run("emrserverless:getApplication", {"ApplicationId": application}))
    described = found["Application"]
    assert described["ApplicationId"] == application
    assert described["AutoStopConfiguration"] == {"Enabled": True, "IdleTimeoutMinutes": 15}
    assert described["InteractiveConfiguration"] == {"SessionEnabled": True}
    assert described["CreatedAt"].endswith("Z")


def test_keys_of_maps_are_data_and_their_values_are_not(run: Run, application: str) -> None:
    found = output(run("emrserverless:getApplication", {"ApplicationId": application}))
    described = found["Application"]
    assert described["Tags"] == {"costCentre": "1", "Owner": "ana"}
    worker = {"Cpu": "4vCPU", "Memory": "16GB"}
    assert described["InitialCapacity"] == {
        "driver_like": {"WorkerCount": 2, "WorkerConfiguration": worker}
    }


def test_a_session_is_started_and_read_in_pascal_case(
    run: Run, application: str, aws: Aws
) -> None:
    started = output(
        run(
            "emrserverless:startSession",
            {
                "ApplicationId": application,
                "ClientToken": "t",
                "ExecutionRoleArn": RUNTIME_ROLE,
                "Tags": {"costCentre": "1"},
                "ConfigurationOverrides": {
                    "RuntimeConfiguration": [
                        {"Classification": "spark", "Properties": {"spark.cores": "1"}}
                    ]
                },
            },
        )
    )
    assert set(started) == {"ApplicationId", "SessionId", "Arn"}
    which = {"applicationId": application, "sessionId": started["SessionId"]}
    session = aws("emr-serverless").get_session(**which)["session"]
    assert session["tags"] == {"costCentre": "1"}
    [configuration] = session["configurationOverrides"]["runtimeConfiguration"]
    assert configuration["properties"] == {"spark.cores": "1"}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"applicationId": "a"}, "applicationId"),
        ({"ApplicationID": "a"}, "ApplicationID"),
        ({"ApplicationId": "a", "Tags": {}, "name": "n"}, "name"),
        (
            {"ApplicationId": "a", "ConfigurationOverrides": {"runtimeConfiguration": []}},
            "runtimeConfiguration",
        ),
    ],
)
def test_arguments_in_camel_case_are_refused_with_the_definition(
    aws: Aws, arguments: object, field: str
) -> None:
    sfn = aws("stepfunctions")
    definition = machine({"Call": task("emrserverless:startSession", arguments)})
    complaint = f'The field "{field}" is not supported by Step Functions'
    with pytest.raises(sfn.exceptions.InvalidDefinition, match=complaint):
        sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)


def test_parameters_with_paths_are_read_by_their_names(aws: Aws) -> None:
    sfn = aws("stepfunctions")

    def definition(name: str) -> str:
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:emrserverless:getApplication",
            "Parameters": {f"{name}.$": "$.id"},
            "End": True,
        }
        return json.dumps({"StartAt": "Call", "States": {"Call": state}})

    assert validated(sfn, definition("ApplicationId")) == "OK"
    assert validated(sfn, definition("applicationId")) == "FAIL"


def validated(sfn: Any, definition: str) -> str:
    return str(sfn.validate_state_machine_definition(definition=definition)["result"])


def test_arguments_in_camel_case_that_are_made_at_run_time_fail_the_task(
    run: Run, application: str
) -> None:
    answer = run(
        "emrserverless:getApplication", "{% $states.input %}", {"applicationId": application}
    )
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert 'The field "applicationId" is not supported by Step Functions' in answer["cause"]


def test_arguments_in_pascal_case_that_are_made_at_run_time_are_taken(
    run: Run, application: str
) -> None:
    given = {"ApplicationId": application}
    found = output(run("emrserverless:getApplication", "{% $states.input %}", given))
    assert found["Application"]["Name"] == "adhoc"


@pytest.mark.parametrize(
    ("action", "arguments", "error"),
    [
        ("getApplication", {"ApplicationId": "none"}, "EmrServerless.ResourceNotFoundException"),
        ("stopApplication", {"ApplicationId": "none"}, "EmrServerless.ResourceNotFoundException"),
        (
            "terminateSession",
            {"ApplicationId": "{% $states.input.id %}", "SessionId": "none"},
            "EmrServerless.ResourceNotFoundException",
        ),
        (
            "stopApplication",
            {"ApplicationId": "{% $states.input.id %}"},
            "EmrServerless.ValidationException",
        ),
    ],
)
def test_errors_have_the_names_that_aws_gives_them(
    run: Run, application: str, action: str, arguments: object, error: str
) -> None:
    answer = run(f"emrserverless:{action}", arguments, {"id": application})
    assert (answer["status"], answer["error"]) == ("FAILED", error)


def test_sessions_of_clusters_are_ended_by_tasks(run: Run) -> None:
    arguments = {"ClusterId": "j-NONE", "SessionId": "is-NONE"}
    answer = run("emr:terminateSession", arguments)
    assert (answer["status"], answer["error"]) == ("FAILED", "Emr.InvalidRequestException")


def test_names_are_spelled_by_the_shapes_of_the_api_both_ways() -> None:
    spoken = {
        "ApplicationId": "a",
        "InitialCapacity": {"driver_like": {"WorkerCount": 1}},
        "Tags": {"lower": "l", "Upper": "u"},
        "RuntimeConfiguration": [{"Classification": "c", "Properties": {"a.b": "c"}}],
    }
    request = shape("updateApplication")
    assert list(unsupported_fields({**spoken, "Tags": {}}, request)) == ["Tags"]
    sent = to_api(spoken, shape("createApplication"))
    assert sent["initialCapacity"] == {"driver_like": {"workerCount": 1}}
    assert sent["tags"] == {"lower": "l", "Upper": "u"}
    assert sent["runtimeConfiguration"] == [{"classification": "c", "properties": {"a.b": "c"}}]
    answered = {"application": {"tags": {"lower": "l"}, "networkConfiguration": {"subnetIds": []}}}
    heard = from_api(answered, shape("getApplication", of_output=True))
    assert heard["Application"]["Tags"] == {"lower": "l"}
    assert heard["Application"]["NetworkConfiguration"] == {"SubnetIds": []}
