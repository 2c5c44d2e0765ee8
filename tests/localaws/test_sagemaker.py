import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually

ROLE = "arn:aws:iam::123456789012:role/SageMakerExec"


def create(sagemaker: Any, name: str = "Churn-Model", **request: Any) -> str:
    """Create a notebook instance; answers its ARN."""
    request = {"InstanceType": "ml.g5.2xlarge", "RoleArn": ROLE} | request
    answer = sagemaker.create_notebook_instance(NotebookInstanceName=name, **request)
    return str(answer["NotebookInstanceArn"])


def status(sagemaker: Any, name: str = "Churn-Model") -> str:
    found = sagemaker.describe_notebook_instance(NotebookInstanceName=name)
    return str(found["NotebookInstanceStatus"])


def in_service(sagemaker: Any, eventually: Eventually, name: str = "Churn-Model") -> str:
    arn = create(sagemaker, name)
    eventually(lambda: status(sagemaker, name) == "InService")
    return arn


def message(error: pytest.ExceptionInfo[ClientError]) -> str:
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return str(error.value.response["Error"]["Message"])


def test_a_notebook_starts_stops_and_starts_again(aws: Aws, eventually: Eventually) -> None:
    sagemaker = aws("sagemaker")
    create(sagemaker)
    assert status(sagemaker) == "Pending"
    eventually(lambda: status(sagemaker) == "InService")
    sagemaker.stop_notebook_instance(NotebookInstanceName="Churn-Model")
    assert status(sagemaker) in ("Stopping", "Stopped")
    eventually(lambda: status(sagemaker) == "Stopped")
    sagemaker.start_notebook_instance(NotebookInstanceName="Churn-Model")
    assert status(sagemaker) == "Pending"
    eventually(lambda: status(sagemaker) == "InService")


def test_the_last_change_moves_with_each_transition(aws: Aws, eventually: Eventually) -> None:
    sagemaker = aws("sagemaker")
    in_service(sagemaker, eventually)
    found = sagemaker.describe_notebook_instance(NotebookInstanceName="Churn-Model")
    took = found["LastModifiedTime"] - found["CreationTime"]
    assert took.total_seconds() == pytest.approx(30, abs=0.1)
    assert found["InstanceType"] == "ml.g5.2xlarge"


def test_only_a_notebook_in_service_can_be_stopped(aws: Aws) -> None:
    sagemaker = aws("sagemaker")
    arn = create(sagemaker)
    with pytest.raises(ClientError) as error:
        sagemaker.stop_notebook_instance(NotebookInstanceName="Churn-Model")
    assert message(error) == (
        "Status (Pending) not in ([InService]). Unable to transition to (Stopping) "
        f"for Notebook Instance ({arn})"
    )


def test_only_a_stopped_notebook_can_be_started_or_deleted(
    aws: Aws, eventually: Eventually
) -> None:
    sagemaker = aws("sagemaker")
    in_service(sagemaker, eventually)
    for call in (sagemaker.start_notebook_instance, sagemaker.delete_notebook_instance):
        with pytest.raises(ClientError) as error:
            call(NotebookInstanceName="Churn-Model")
        assert message(error).startswith("Status (InService) not in ([Stopped, Failed])")


def test_an_unknown_notebook_is_a_validation_error(aws: Aws) -> None:
    sagemaker = aws("sagemaker")
    for call in (sagemaker.stop_notebook_instance, sagemaker.describe_notebook_instance):
        with pytest.raises(ClientError) as error:
            call(NotebookInstanceName="gone")
        assert "RecordNotFound" in message(error)


def test_an_instance_type_that_does_not_exist_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError) as error:
        create(aws("sagemaker"), InstanceType="ml.huge")
    assert "ml.huge" in message(error)


def test_the_name_is_in_lower_case_in_the_arn_only(aws: Aws) -> None:
    sagemaker = aws("sagemaker")
    assert create(sagemaker).endswith(":notebook-instance/churn-model")
    listed = sagemaker.list_notebook_instances()["NotebookInstances"]
    assert [notebook["NotebookInstanceName"] for notebook in listed] == ["Churn-Model"]


def test_tags_are_added_replaced_and_removed(aws: Aws) -> None:
    sagemaker = aws("sagemaker")
    arn = create(sagemaker, Tags=[{"Key": "owner", "Value": "ana"}])
    added = [{"Key": "owner", "Value": "bo"}, {"Key": "team", "Value": "ml"}]
    sagemaker.add_tags(ResourceArn=arn, Tags=added)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == added
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["owner"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == added[1:]


def test_lists_are_paged_and_filtered(aws: Aws, eventually: Eventually) -> None:
    sagemaker = aws("sagemaker")
    for number in range(12):
        create(sagemaker, f"n{number:02}")

    def listed(**request: Any) -> list[str]:
        pages = sagemaker.get_paginator("list_notebook_instances").paginate(**request)
        return [n["NotebookInstanceName"] for page in pages for n in page["NotebookInstances"]]

    assert len(sagemaker.list_notebook_instances()["NotebookInstances"]) == 10
    assert listed() == [f"n{number:02}" for number in range(12)]
    assert listed(SortOrder="Descending", PaginationConfig={"PageSize": 5})[0] == "n11"
    assert listed(NameContains="n1") == ["n10", "n11"]
    eventually(lambda: len(listed(StatusEquals="InService")) == 12)
    sagemaker.stop_notebook_instance(NotebookInstanceName="n03")
    assert "n03" not in listed(StatusEquals="InService")


def test_lists_can_be_bounded_in_time(aws: Aws) -> None:
    sagemaker = aws("sagemaker")
    create(sagemaker)
    created = sagemaker.describe_notebook_instance(NotebookInstanceName="Churn-Model")
    later = created["CreationTime"] + timedelta(seconds=1)
    before = sagemaker.list_notebook_instances(CreationTimeBefore=later)
    after = sagemaker.list_notebook_instances(CreationTimeAfter=later)
    assert len(before["NotebookInstances"]) == 1
    assert after["NotebookInstances"] == []


def test_accounts_and_regions_do_not_see_each_other(aws: Aws, member: str) -> None:
    create(aws("sagemaker"))
    assert aws("sagemaker", "us-east-1").list_notebook_instances()["NotebookInstances"] == []
    assert aws("sagemaker", account=member).list_notebook_instances()["NotebookInstances"] == []


def test_a_page_is_at_most_a_hundred(aws: Aws) -> None:
    with pytest.raises(ClientError) as error:
        aws("sagemaker").list_notebook_instances(MaxResults=101)
    assert "maxResults" in message(error)


@pytest.mark.slow
def test_each_transition_is_an_event(aws: Aws, eventually: Eventually) -> None:
    sagemaker, events, sqs = aws("sagemaker"), aws("events"), aws("sqs")
    queue = sqs.create_queue(QueueName="states")["QueueUrl"]
    events.put_rule(Name="states", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    target = "arn:aws:sqs:eu-west-1:123456789012:states"
    events.put_targets(Rule="states", Targets=[{"Id": "queue", "Arn": target}])
    arn = create(sagemaker, Tags=[{"Key": "owner", "Value": "ana"}])
    seen: list[dict[str, Any]] = []

    def states() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for sent in answer.get("Messages", []):
            event = json.loads(sent["Body"])
            if event["detail-type"] == "SageMaker Notebook Instance State Change":
                seen.append(event)
        return [event["detail"]["NotebookInstanceStatus"] for event in seen]

    eventually(lambda: states() == ["Pending", "InService"])
    sagemaker.stop_notebook_instance(NotebookInstanceName="Churn-Model")
    eventually(lambda: states() == ["Pending", "InService", "Stopping", "Stopped"])
    assert seen[0]["resources"] == [arn]
    assert seen[0]["detail"]["NotebookInstanceName"] == "Churn-Model"
    assert seen[0]["detail"]["Tags"] == {"owner": "ana"}
    took = seen[1]["detail"]["LastModifiedTime"] - seen[1]["detail"]["CreationTime"]
    assert took == pytest.approx(30_000, abs=2)
