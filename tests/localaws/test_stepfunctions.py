"""State machines execute as those of Step Functions do."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Eventually, HttpCall
from tests.localaws.statemachines import ROLE, States, machine, task

Run = Callable[..., Any]


@pytest.fixture
def run(aws: Aws, eventually: Eventually) -> Run:
    """Executes a machine of these states to its end; answers DescribeExecution."""

    def execute(
        states: States, given: object = None, account: str | None = None, **options: Any
    ) -> Any:
        sfn = aws("stepfunctions", account=account)
        role = ROLE.replace("123456789012", account or "123456789012")
        arn = sfn.create_state_machine(
            name="machine", definition=machine(states, **options), roleArn=role
        )["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))

        def ended() -> Any:
            answer = sfn.describe_execution(executionArn=execution["executionArn"])
            return answer["status"] != "RUNNING" and answer

        return eventually(ended, within=30)

    return execute


def output(answer: Mapping[str, Any]) -> Any:
    assert answer["status"] == "SUCCEEDED", answer
    return json.loads(answer["output"])


def test_a_wait_passes_in_local_time(run: Run) -> None:
    answer = run({"Wait": {"Type": "Wait", "Seconds": 90, "End": True}})
    assert answer["status"] == "SUCCEEDED"
    assert answer["stopDate"] - answer["startDate"] >= timedelta(seconds=90)


def test_a_wait_until_a_moment_ends_at_that_moment(run: Run) -> None:
    until = "{% $fromMillis($toMillis($states.input.start) + 60000) %}"
    states = {
        "Start": {
            "Type": "Pass",
            "Output": {"start": "{% $states.context.Execution.StartTime %}"},
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Timestamp": until, "Next": "End"},
        "End": {
            "Type": "Pass",
            "Output": "{% $toMillis($now()) - $toMillis($states.input.start) %}",
            "End": True,
        },
    }
    assert output(run(states)) >= 60_000


@pytest.mark.parametrize("seconds", ["{% 'soon' %}", "{% -1 %}", "{% 1.5 %}"])
def test_a_wait_of_no_whole_number_of_seconds_fails(run: Run, seconds: str) -> None:
    answer = run({"Wait": {"Type": "Wait", "Seconds": seconds, "End": True}})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.QueryEvaluationError")


def test_dates_in_the_context_and_in_results_are_local_and_text(run: Run, http: HttpCall) -> None:
    dates = {
        "started": "{% $states.context.Execution.StartTime %}",
        "entered": "{% $states.context.State.EnteredTime %}",
        "now": "{% $now() %}",
    }
    answer = run({"Dates": {"Type": "Pass", "Output": dates, "End": True}})
    local = http("GET", "/localaws/clock")["now"]
    texts = output(answer)
    assert texts["started"] <= texts["entered"] <= texts["now"] <= local
    assert all(len(text) == len("2024-06-03T09:14:27.123Z") for text in texts.values())


def test_tasks_run_in_the_account_of_their_machine_as_its_role(run: Run, member: str) -> None:
    identity = output(run({"Who": task("sts:getCallerIdentity")}, account=member))
    assert identity["Account"] == member
    assert identity["Arn"].startswith(f"arn:aws:sts::{member}:assumed-role/stopper/")


def test_a_date_that_a_service_answers_is_text(run: Run, aws: Aws) -> None:
    aws("emr-serverless").create_application(name="a", releaseLabel="emr-7.0.0", type="SPARK")
    applications = output(run({"List": task("emrserverless:listApplications")}))["Applications"]
    assert applications[0]["CreatedAt"].endswith("Z")


def test_arguments_of_an_api_in_camel_case_are_pascal_case(run: Run, aws: Aws) -> None:
    created = aws("emr-serverless").create_application(
        name="a", releaseLabel="emr-7.0.0", type="SPARK", tags={"keyAsIs": "1"}
    )
    arguments = {"ApplicationId": created["applicationId"]}
    found = output(run({"Get": task("emrserverless:getApplication", arguments)}))["Application"]
    assert found["ApplicationId"] == created["applicationId"]
    assert found["Tags"] == {"keyAsIs": "1"}


@pytest.mark.parametrize(
    ("action", "arguments", "error"),
    [
        ("glue:getSession", {"Id": "none"}, "Glue.EntityNotFoundException"),
        (
            "sagemaker:describeNotebookInstance",
            {"NotebookInstanceName": "none"},
            "SageMaker.SageMakerException",
        ),
        ("emr:describeCluster", {"ClusterId": "j-NONE"}, "Emr.InvalidRequestException"),
        (
            "emrserverless:getApplication",
            {"ApplicationId": "none"},
            "EmrServerless.ResourceNotFoundException",
        ),
        ("dynamodb:describeTable", {"TableName": "none"}, "DynamoDb.ResourceNotFoundException"),
        ("ec2:stopInstances", {"InstanceIds": ["i-0"]}, "Ec2.Ec2Exception"),
    ],
)
def test_errors_have_the_names_that_aws_gives_them(
    run: Run, action: str, arguments: object, error: str
) -> None:
    answer = run({"Fail": task(action, arguments)})
    assert (answer["status"], answer["error"]) == ("FAILED", error)


def test_a_throttle_is_caught_by_its_name_after_its_retries(run: Run, http: HttpCall) -> None:
    fault = {"service": "glue", "operation": "ListSessions", "error": "ThrottlingException"}
    http("POST", "/localaws/faults", {**fault, "times": 3})
    names = ["Glue.ThrottlingException"]
    caught = {"ErrorEquals": names, "Output": "{% $states.errorOutput.Error %}", "Next": "Caught"}
    retry = {"ErrorEquals": names, "IntervalSeconds": 20, "MaxAttempts": 2}
    state = task("glue:listSessions", {}, Retry=[retry], Catch=[caught])
    states = {"List": state, "Caught": {"Type": "Succeed"}}
    answer = run(states)
    assert output(answer) == "Glue.ThrottlingException"
    assert http("GET", "/localaws/faults")[0]["fired"] == 3
    assert answer["stopDate"] - answer["startDate"] >= timedelta(seconds=20 + 40)


def test_put_events_that_a_bus_refuses_fails_the_task(run: Run) -> None:
    entry = {"Source": "mine", "DetailType": "t", "Detail": {"a": 1}, "EventBusName": "none"}
    answer = run({"Put": task("events:putEvents", {"Entries": [entry]})})
    assert (answer["status"], answer["error"]) == ("FAILED", "EventBridge.FailedEntry")


def test_put_events_that_a_bus_takes_succeeds(run: Run) -> None:
    entry = {"Source": "mine", "DetailType": "t", "Detail": {"a": 1}, "EventBusName": "default"}
    answer = run({"Put": task("events:putEvents", {"Entries": [entry]})})
    assert output(answer)["FailedEntryCount"] == 0


def test_a_message_is_published_as_json(run: Run, aws: Aws, eventually: Eventually) -> None:
    topic = aws("sns").create_topic(Name="t")["TopicArn"]
    queue = aws("sqs").create_queue(QueueName="q")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-1:123456789012:q"
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    output(run({"Tell": task("sns:publish", {"TopicArn": topic, "Message": {"said": 1}})}))
    messages = eventually(lambda: aws("sqs").receive_message(QueueUrl=queue).get("Messages"))
    assert json.loads(json.loads(messages[0]["Body"])["Message"]) == {"said": 1}


def test_metric_data_can_be_read(run: Run) -> None:
    metric = {"Namespace": "AWS/ElasticMapReduce", "MetricName": "IsIdle"}
    query = {"Id": "idle", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Minimum"}}
    arguments = {
        "MetricDataQueries": [query],
        "StartTime": "{% $fromMillis($millis() - 3600000) %}",
        "EndTime": "{% $now() %}",
    }
    answer = output(run({"Read": task("cloudwatch:getMetricData", arguments)}))
    assert answer["MetricDataResults"][0]["Values"] == []


def test_a_running_execution_keeps_the_definition_it_started_with(
    aws: Aws, eventually: Eventually
) -> None:
    sfn = aws("stepfunctions")

    def version(text: str) -> str:
        wait = {"Type": "Wait", "Seconds": 100, "Next": "Say"}
        return machine({"Wait": wait, "Say": {"Type": "Pass", "Output": text, "End": True}})

    def start() -> str:
        return str(sfn.start_execution(stateMachineArn=arn)["executionArn"])

    def said(execution: str) -> Any:
        return eventually(lambda: sfn.describe_execution(executionArn=execution).get("output"))

    arn = sfn.create_state_machine(name="m", definition=version("old"), roleArn=ROLE)[
        "stateMachineArn"
    ]
    old = start()
    sfn.update_state_machine(stateMachineArn=arn, definition=version("new"))
    new = start()
    assert (said(old), said(new)) == ('"old"', '"new"')


@pytest.mark.slow
def test_an_execution_that_takes_too_long_times_out_in_local_time(run: Run) -> None:
    wait = {"Type": "Wait", "Seconds": 100_000, "End": True}
    answer = run({"Wait": wait}, TimeoutSeconds=300)
    assert answer["status"] == "TIMED_OUT"
    assert answer["stopDate"] - answer["startDate"] >= timedelta(seconds=300)


def test_a_stopped_execution_is_aborted_and_has_a_history(
    aws: Aws, eventually: Eventually
) -> None:
    sfn = aws("stepfunctions")
    definition = machine({"Wait": {"Type": "Wait", "Seconds": 100_000, "End": True}})
    arn = sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)
    execution = sfn.start_execution(stateMachineArn=arn["stateMachineArn"])["executionArn"]
    sfn.stop_execution(executionArn=execution, error="Mine", cause="because")
    eventually(lambda: sfn.describe_execution(executionArn=execution)["status"] == "ABORTED")
    assert sfn.describe_execution(executionArn=execution)["cause"] == "because"
    events = sfn.get_execution_history(executionArn=execution)["events"]
    assert [event["type"] for event in events][-1] == "ExecutionAborted"


def test_an_execution_says_on_the_bus_how_it_ended(
    run: Run, aws: Aws, eventually: Eventually
) -> None:
    queue = aws("sqs").create_queue(QueueName="q")["QueueUrl"]
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
    aws("events").put_rule(Name="failed", EventPattern=json.dumps(pattern))
    target = {"Id": "q", "Arn": "arn:aws:sqs:eu-west-1:123456789012:q"}
    aws("events").put_targets(Rule="failed", Targets=[target])
    run({"Fail": {"Type": "Fail", "Error": "Mine", "Cause": "because"}})
    messages = eventually(lambda: aws("sqs").receive_message(QueueUrl=queue).get("Messages"))
    event = json.loads(messages[0]["Body"])
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["detail"]["error"] == "Mine"
