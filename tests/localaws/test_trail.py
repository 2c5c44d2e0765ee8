"""CloudTrail: which calls become events, what is in them, where none comes."""

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually, HttpCall

MANAGEMENT = "123456789012"
Events = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def listen(aws: Aws) -> Callable[..., Events]:
    """Sends the matching events of a default bus to a queue; answers a call that receives them."""

    def start(pattern: dict[str, Any], **place: str) -> Events:
        queues = aws("sqs", **place)
        url = queues.create_queue(QueueName="events")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        events = aws("events", **place)
        events.put_rule(Name="all", EventPattern=json.dumps(pattern))
        events.put_targets(
            Rule="all", Targets=[{"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}]
        )

        def receive() -> list[dict[str, Any]]:
            answer = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

        return receive

    return start


def calls_of(service: str) -> dict[str, Any]:
    return {"source": [f"aws.{service}"], "detail-type": ["AWS API Call via CloudTrail"]}


def data_preview(name: str) -> dict[str, Any]:
    return {
        "Id": name,
        "Role": f"arn:aws:iam::{MANAGEMENT}:role/Glue",
        "Command": {"Name": "glueetl", "PythonVersion": "3"},
        "IdleTimeout": 30,
        "MaxCapacity": 2,
        "GlueVersion": "4.0",
        "RequestOrigin": "GlueStudioDataPreview",
        "Tags": {"Owner": "ana"},
    }


def test_a_glue_session_is_told_of_as_in_the_founding_event(
    aws: Aws, member: str, listen: Callable[..., Events], eventually: Eventually
) -> None:
    receive = listen(calls_of("glue"), account=member)
    aws("glue", account=member).create_session(**data_preview("preview-1"))

    (event,) = eventually(receive)
    detail = event["detail"]
    assert (event["source"], event["account"], event["region"]) == (
        "aws.glue",
        member,
        "eu-west-1",
    )
    assert (detail["eventSource"], detail["eventName"]) == ("glue.amazonaws.com", "CreateSession")
    assert detail["requestParameters"] == {
        "id": "preview-1",
        "role": f"arn:aws:iam::{MANAGEMENT}:role/Glue",
        "command": {"name": "glueetl", "pythonVersion": "3"},
        "idleTimeout": 30,
        "maxCapacity": 2,
        "glueVersion": "4.0",
        "requestOrigin": "GlueStudioDataPreview",
        "tags": {"Owner": "ana"},
    }
    assert detail["responseElements"]["session"]["id"] == "preview-1"
    assert detail["responseElements"]["session"]["status"] == "PROVISIONING"
    assert detail["recipientAccountId"] == member
    assert detail["readOnly"] is False
    assert detail["eventTime"].endswith("Z")


def test_a_role_session_is_named_as_its_owner_named_it(
    aws: Aws, member: str, listen: Callable[..., Events], eventually: Eventually
) -> None:
    receive = listen(calls_of("glue"), account=member)
    aws("glue", account=member).create_session(**data_preview("preview-1"))

    identity = eventually(receive)[0]["detail"]["userIdentity"]
    role = f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole"
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == (
        f"arn:aws:sts::{member}:assumed-role/OrganizationAccountAccessRole/tests"
    )
    assert identity["principalId"].endswith(":tests")
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role


def test_keys_that_nobody_issued_are_those_of_root(
    aws: Aws, listen: Callable[..., Events], eventually: Eventually
) -> None:
    receive = listen(calls_of("glue"))
    aws("glue").create_session(**data_preview("preview-1"))

    identity = eventually(receive)[0]["detail"]["userIdentity"]
    assert (identity["type"], identity["arn"]) == ("Root", f"arn:aws:iam::{MANAGEMENT}:root")


def test_a_call_that_failed_says_why_and_answers_nothing(
    aws: Aws, listen: Callable[..., Events], eventually: Eventually
) -> None:
    receive = listen(calls_of("glue") | {"detail": {"errorCode": [{"exists": True}]}})
    with pytest.raises(ClientError) as refused:
        aws("glue").stop_session(Id="nobody")

    detail = eventually(receive)[0]["detail"]
    error = refused.value.response["Error"]
    assert (detail["errorCode"], detail["errorMessage"]) == (error["Code"], error["Message"])
    assert detail["requestParameters"] == {"id": "nobody"}
    assert detail["responseElements"] is None


def test_reading_is_not_told_of(
    aws: Aws, listen: Callable[..., Events], eventually: Eventually
) -> None:
    receive = listen(calls_of("glue"))
    glue = aws("glue")
    glue.get_databases()
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.get_database(Name="lake")
    glue.delete_database(Name="lake")

    names: list[str] = []

    def deleted() -> bool:
        names.extend(event["detail"]["eventName"] for event in receive())
        return "DeleteDatabase" in names

    eventually(deleted)
    assert sorted(names) == ["CreateDatabase", "DeleteDatabase"]


def test_ec2_has_sets_of_items(
    aws: Aws, listen: Callable[..., Events], eventually: Eventually
) -> None:
    receive = listen(calls_of("ec2") | {"detail": {"eventName": ["RunInstances"]}})
    ec2 = aws("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(
        ImageId=image,
        MinCount=2,
        MaxCount=2,
        InstanceType="m6i.large",
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "owner", "Value": "ana"}]}
        ],
    )["Instances"]

    detail = eventually(receive)[0]["detail"]
    assert detail["requestParameters"]["instancesSet"] == {
        "items": [{"imageId": image, "minCount": 2, "maxCount": 2}]
    }
    assert detail["requestParameters"]["tagSpecificationSet"] == {
        "items": [{"resourceType": "instance", "tags": [{"key": "owner", "value": "ana"}]}]
    }
    told = [item["instanceId"] for item in detail["responseElements"]["instancesSet"]["items"]]
    assert told == [instance["InstanceId"] for instance in made]


def test_emr_serverless_and_emr_go_by_their_own_sources(
    aws: Aws, listen: Callable[..., Events], eventually: Eventually
) -> None:
    receive = listen(
        {
            "source": ["aws.emr-serverless", "aws.elasticmapreduce"],
            "detail-type": ["AWS API Call via CloudTrail"],
        },
        region="us-east-1",
    )
    made = aws("emr-serverless", "us-east-1").create_application(
        name="adhoc", releaseLabel="emr-7.1.0", type="SPARK", clientToken="once"
    )
    aws("emr", "us-east-1").run_job_flow(
        Name="adhoc",
        ReleaseLabel="emr-7.1.0",
        Instances={
            "MasterInstanceType": "m5.xlarge",
            "InstanceCount": 1,
            "KeepJobFlowAliveWhenNoSteps": True,
        },
    )
    told: dict[str, Any] = {}

    def both() -> bool:
        told.update({event["detail"]["eventName"]: event for event in receive()})
        return len(told) > 1

    eventually(both)
    serverless, cluster = told["CreateApplication"], told["RunJobFlow"]
    assert serverless["detail"]["eventSource"] == "emr-serverless.amazonaws.com"
    assert serverless["detail"]["responseElements"]["applicationId"] == made["applicationId"]
    assert cluster["source"] == "aws.elasticmapreduce"
    assert cluster["detail"]["requestParameters"]["instances"]["keepJobFlowAliveWhenNoSteps"]
    assert cluster["detail"]["responseElements"]["jobFlowId"].startswith("j-")


def test_no_event_comes_where_no_trail_is_logging(
    aws: Aws, listen: Callable[..., Events], eventually: Eventually, http: HttpCall
) -> None:
    receive = listen(calls_of("glue"))
    glue = aws("glue")
    http("POST", "/localaws/trail", {"logging": False, "account": MANAGEMENT})
    glue.create_session(**data_preview("unseen"))
    http("POST", "/localaws/trail", {"logging": True, "account": MANAGEMENT})
    glue.create_session(**data_preview("seen"))

    (event,) = eventually(receive)
    assert event["detail"]["requestParameters"]["id"] == "seen"


def test_the_organization_trail_is_seen_by_members_and_says_whether_it_logs(
    aws: Aws, member: str, http: HttpCall
) -> None:
    trails = aws("cloudtrail", account=member)
    (trail,) = trails.describe_trails(includeShadowTrails=True)["trailList"]
    assert trail["IsOrganizationTrail"]
    assert trail["IsMultiRegionTrail"]
    assert trails.get_trail_status(Name=trail["TrailARN"])["IsLogging"]

    http("POST", "/localaws/trail", {"logging": False, "account": member, "region": "eu-west-1"})
    elsewhere = aws("cloudtrail", "us-east-1", member)
    assert not trails.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
    assert elsewhere.get_trail_status(Name=trail["TrailARN"])["IsLogging"]


def test_only_the_management_account_stops_the_organization_trail(aws: Aws, member: str) -> None:
    with pytest.raises(ClientError, match="NotOrganizationMasterAccount"):
        aws("cloudtrail", account=member).stop_logging(Name="organization-trail")
    aws("cloudtrail", "us-east-1").stop_logging(Name="organization-trail")
    status = aws("cloudtrail", account=member).get_trail_status(Name="organization-trail")
    assert not status["IsLogging"]


@pytest.mark.parametrize("asked", [{}, [], {"logging": "off"}])
def test_a_switch_that_says_neither_on_nor_off_is_refused(http: HttpCall, asked: object) -> None:
    with pytest.raises(HTTPError, match="400") as refused:
        http("POST", "/localaws/trail", asked)
    refused.value.close()


def looked_up(aws: Aws, name: str) -> list[dict[str, Any]]:
    wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
    events: list[dict[str, Any]] = aws("cloudtrail").lookup_events(LookupAttributes=wanted)[
        "Events"
    ]
    return events


def test_event_history_finds_a_call(aws: Aws, eventually: Eventually) -> None:
    glue = aws("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.delete_database(Name="lake")
    (found,) = eventually(lambda: looked_up(aws, "DeleteDatabase"))
    record = json.loads(found["CloudTrailEvent"])
    assert record["requestParameters"] == {"name": "lake"}
    assert (found["EventSource"], found["Username"]) == ("glue.amazonaws.com", "root")
    assert len(looked_up(aws, "CreateDatabase")) == 1
