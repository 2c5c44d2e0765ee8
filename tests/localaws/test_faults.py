"""Faults on request, the log of calls, and calls that nobody can answer."""

import time
import urllib.error
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from guardian.localaws.faults import parse
from tests.localaws.conftest import Aws, HttpCall


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("glue", "ListSessions"),
        ("sts", "GetCallerIdentity"),
        ("ec2", "DescribeInstances"),
        ("emr-serverless", "ListApplications"),
        ("s3", "ListBuckets"),
        ("sqs", "ListQueues"),
        ("cloudwatch", "ListMetrics"),
        ("cloudformation", "ListStackSets"),
        ("organizations", "ListRoots"),
        ("dynamodb", "ListTables"),
        ("emr", "ListClusters"),
        ("stepfunctions", "ListStateMachines"),
    ],
)
def test_the_next_call_fails_as_asked(
    aws: Aws, http: HttpCall, service: str, operation: str
) -> None:
    http(
        "POST",
        "/localaws/faults",
        {
            "service": service,
            "operation": operation,
            "error": "ThrottlingException",
            "times": 1,
        },
    )
    client = aws(service, "us-east-1")
    assert code(getattr(client, xform_name(operation))) == ("ThrottlingException")
    assert http("GET", "/localaws/faults")[0]["fired"] == 1


def test_a_modelled_error_is_raised_as_its_class(aws: Aws, http: HttpCall) -> None:
    http(
        "POST",
        "/localaws/faults",
        {
            "service": "cloudformation",
            "error": "OperationInProgressException",
            "status": 409,
        },
    )
    cloudformation = aws("cloudformation")
    with pytest.raises(cloudformation.exceptions.OperationInProgressException) as error:
        cloudformation.list_stack_sets()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_a_fault_ends_after_so_many_times(aws: Aws, http: HttpCall) -> None:
    http("POST", "/localaws/faults", {"service": "sqs", "error": "Throttled", "times": 2})
    sqs = aws("sqs")
    assert [code(sqs.list_queues), code(sqs.list_queues)] == ["Throttled"] * 2
    assert sqs.list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_fault_can_meet_only_every_so_many_calls(aws: Aws, http: HttpCall) -> None:
    fault = {"service": "sqs", "error": "Throttled", "times": 2, "every": 3}
    http("POST", "/localaws/faults", fault)
    sqs = aws("sqs")
    for _ in range(2):
        assert sqs.list_queues()
        assert sqs.list_queues()
        assert code(sqs.list_queues) == "Throttled"
    assert all(sqs.list_queues() for _ in range(3))


def test_a_fault_meets_only_the_account_and_region_it_names(
    aws: Aws, http: HttpCall, member: str
) -> None:
    fault = {"service": "sqs", "account": member, "region": "us-east-1", "error": "Denied"}
    http("POST", "/localaws/faults", {**fault, "times": 9})
    aws("sqs").list_queues()
    aws("sqs", account=member).list_queues()
    aws("sqs", "us-east-1").list_queues()
    assert code(aws("sqs", "us-east-1", member).list_queues) == "Denied"


def test_a_call_can_be_delayed_and_still_succeed(aws: Aws, http: HttpCall) -> None:
    http("POST", "/localaws/faults", {"service": "sqs", "delay_seconds": 0.3})
    sqs = aws("sqs")
    start = time.monotonic()
    sqs.list_queues()
    assert time.monotonic() - start >= 0.3


def test_faults_can_be_called_off(aws: Aws, http: HttpCall) -> None:
    http("POST", "/localaws/faults", {"service": "sqs", "error": "Throttled"})
    http("DELETE", "/localaws/faults")
    assert aws("sqs").list_queues()
    assert http("GET", "/localaws/faults") == []


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (None, "at least a service"),
        ({"error": "E"}, "at least a service"),
        ({"service": "glue"}, "an error, a delay_seconds, or both"),
        ({"service": "glue", "error": "E", "often": 2}, "has no often"),
        ({"service": "glue", "error": "E", "times": "2"}, "times must be a number"),
        ({"service": "glue", "error": "E", "every": 0}, "every must be at least 1"),
        ({"service": "glue", "error": 1}, "error must be text"),
        ({"service": "glue", "operation": "Fly", "error": "E"}, "no operation Fly"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(asked: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(asked)


def test_a_refused_fault_is_a_bad_request(http: HttpCall) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        http("POST", "/localaws/faults", {"service": "no-such-service", "operation": "A"})


def test_calls_are_counted_by_who_made_them(aws: Aws, http: HttpCall, member: str) -> None:
    sqs = aws("sqs", account=member)
    http("DELETE", "/localaws/calls")
    sqs.list_queues()
    sqs.list_queues()
    role = f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole"
    assert http("GET", "/localaws/calls") == [
        {
            "account": member,
            "region": "eu-west-1",
            "service": "sqs",
            "operation": "ListQueues",
            "principal": role,
            "count": 2,
        }
    ]


def test_the_clock_can_be_read(http: HttpCall, local_aws: dict[str, Any]) -> None:
    first, second = http("GET", "/localaws/clock"), http("GET", "/localaws/clock")
    assert first["now"] <= second["now"]
    assert first["timestamp"] < second["timestamp"]
    assert first["scale"] == local_aws["clock"]["scale"]


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("glue", "GetDataQualityModel", {"ProfileId": "p"}),
        ("iam", "GetServiceLastAccessedDetails", {"JobId": "0" * 36}),
        ("ec2", "DescribeIpams", {}),
        ("emr-serverless", "GetDashboardForJobRun", {"applicationId": "a", "jobRunId": "j"}),
        ("braket", "SearchDevices", {"filters": []}),
    ],
)
def test_a_call_that_local_aws_cannot_do_is_an_error_at_once(
    aws: Aws, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    call = getattr(aws(service), xform_name(operation))
    assert code(call, **arguments) == "NotImplemented"
