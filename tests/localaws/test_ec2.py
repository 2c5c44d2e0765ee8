import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually
from tests.localaws.statemachines import ROLE, machine, task

IMAGE = "ami-0abcdef1234567890"
UNKNOWN = "i-0123456789abcdef0"
SPOT = {"MarketType": "spot"}


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws("ec2")


def launch(ec2: Any, count: int = 1, **request: Any) -> list[str]:
    made = ec2.run_instances(
        ImageId=IMAGE, MinCount=1, MaxCount=count, InstanceType="m6i.large", **request
    )
    return [instance["InstanceId"] for instance in made["Instances"]]


def instance(ec2: Any, name: str) -> dict[str, Any]:
    (reservation,) = ec2.describe_instances(InstanceIds=[name])["Reservations"]
    found: dict[str, Any] = reservation["Instances"][0]
    return found


def state(ec2: Any, name: str) -> str:
    return str(instance(ec2, name)["State"]["Name"])


def becomes(ec2: Any, name: str, wanted: str) -> Callable[[], bool]:
    return lambda: state(ec2, name) == wanted


def running(ec2: Any, eventually: Eventually, **request: Any) -> str:
    (name,) = launch(ec2, **request)
    eventually(becomes(ec2, name, "running"))
    return name


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture
def told(aws: Aws) -> Callable[[], list[dict[str, Any]]]:
    """Sends EC2's events to a queue; answers a call that receives some of them."""
    queues, events = aws("sqs"), aws("events")
    url = queues.create_queue(QueueName="events")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    events.put_rule(Name="ec2", EventPattern=json.dumps({"source": ["aws.ec2"]}))
    events.put_targets(Rule="ec2", Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])

    def receive() -> list[dict[str, Any]]:
        found = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    return receive


def test_an_instance_runs_is_stopped_and_started_again(ec2: Any, eventually: Eventually) -> None:
    (name,) = launch(ec2)
    launched = instance(ec2, name)
    assert launched["State"] == {"Code": 0, "Name": "pending"}
    eventually(becomes(ec2, name, "running"))
    (change,) = ec2.stop_instances(InstanceIds=[name])["StoppingInstances"]
    assert change["PreviousState"] == {"Code": 16, "Name": "running"}
    assert change["CurrentState"] == {"Code": 64, "Name": "stopping"}
    eventually(becomes(ec2, name, "stopped"))
    assert instance(ec2, name)["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    (change,) = ec2.start_instances(InstanceIds=[name])["StartingInstances"]
    assert change["PreviousState"] == {"Code": 80, "Name": "stopped"}
    assert change["CurrentState"] == {"Code": 0, "Name": "pending"}
    eventually(becomes(ec2, name, "running"))
    assert instance(ec2, name)["LaunchTime"] - launched["LaunchTime"] >= timedelta(seconds=35)


def test_stopping_what_is_stopped_changes_nothing(ec2: Any, eventually: Eventually) -> None:
    name = running(ec2, eventually)
    ec2.stop_instances(InstanceIds=[name])
    eventually(becomes(ec2, name, "stopped"))
    before = instance(ec2, name)
    (change,) = ec2.stop_instances(InstanceIds=[name])["StoppingInstances"]
    assert change["CurrentState"] == change["PreviousState"] == {"Code": 80, "Name": "stopped"}
    assert instance(ec2, name) == before


def test_starting_what_runs_does_not_make_it_younger(ec2: Any, eventually: Eventually) -> None:
    name = running(ec2, eventually)
    before = instance(ec2, name)
    ec2.start_instances(InstanceIds=[name])
    assert instance(ec2, name) == before


def test_an_instance_that_never_ran_cannot_be_stopped(ec2: Any) -> None:
    (name,) = launch(ec2)
    with pytest.raises(ClientError, match="never reached the 'running' state") as refused:
        ec2.stop_instances(InstanceIds=[name])
    assert code(refused) == "IncorrectInstanceState"


def test_an_instance_that_is_stopping_cannot_be_started(ec2: Any, eventually: Eventually) -> None:
    name = running(ec2, eventually)
    ec2.stop_instances(InstanceIds=[name])
    with pytest.raises(ClientError, match="from which it can be started") as refused:
        ec2.start_instances(InstanceIds=[name])
    assert code(refused) == "IncorrectInstanceState"


def test_a_terminated_instance_comes_back_no_more(ec2: Any, eventually: Eventually) -> None:
    name = running(ec2, eventually)
    ec2.terminate_instances(InstanceIds=[name])
    eventually(becomes(ec2, name, "terminated"))
    (change,) = ec2.terminate_instances(InstanceIds=[name])["TerminatingInstances"]
    assert change["CurrentState"] == {"Code": 48, "Name": "terminated"}
    for call in (ec2.start_instances, ec2.stop_instances, ec2.reboot_instances):
        with pytest.raises(ClientError) as refused:
            call(InstanceIds=[name])
        assert code(refused) == "IncorrectInstanceState"


def test_none_is_stopped_unless_all_can_be(ec2: Any, eventually: Eventually) -> None:
    name = running(ec2, eventually)
    with pytest.raises(ClientError) as refused:
        ec2.stop_instances(InstanceIds=[name, UNKNOWN])
    assert code(refused) == "InvalidInstanceID.NotFound"
    protected = running(ec2, eventually, DisableApiStop=True)
    with pytest.raises(ClientError, match="may not be stopped") as refused:
        ec2.stop_instances(InstanceIds=[name, protected])
    assert code(refused) == "OperationNotPermitted"
    assert state(ec2, name) == "running"


def test_a_dry_run_changes_nothing(ec2: Any, eventually: Eventually) -> None:
    name = running(ec2, eventually)
    with pytest.raises(ClientError) as refused:
        ec2.stop_instances(InstanceIds=[name], DryRun=True)
    assert code(refused) == "DryRunOperation"
    assert state(ec2, name) == "running"


def test_a_spot_instance_that_was_asked_for_once_cannot_be_stopped(
    ec2: Any, eventually: Eventually
) -> None:
    once = running(ec2, eventually, InstanceMarketOptions=SPOT)
    assert instance(ec2, once)["InstanceLifecycle"] == "spot"
    with pytest.raises(ClientError, match="one-time Spot Instance request") as refused:
        ec2.stop_instances(InstanceIds=[once])
    assert code(refused) == "UnsupportedOperation"
    options = SPOT | {"SpotOptions": {"SpotInstanceType": "persistent"}}
    lasting = running(ec2, eventually, InstanceMarketOptions=options)
    ec2.stop_instances(InstanceIds=[lasting])
    eventually(becomes(ec2, lasting, "stopped"))


def test_a_spot_request_says_whether_its_instance_can_be_stopped(
    ec2: Any, eventually: Eventually
) -> None:
    def request(kind: str) -> str:
        (made,) = ec2.request_spot_instances(
            Type=kind, LaunchSpecification={"ImageId": IMAGE, "InstanceType": "m6i.large"}
        )["SpotInstanceRequests"]
        eventually(becomes(ec2, made["InstanceId"], "running"))
        return str(made["InstanceId"])

    once, lasting = request("one-time"), request("persistent")
    with pytest.raises(ClientError) as refused:
        ec2.stop_instances(InstanceIds=[once])
    assert code(refused) == "UnsupportedOperation"
    ec2.stop_instances(InstanceIds=[lasting])
    assert state(ec2, lasting) in ("stopping", "stopped")


def test_as_many_are_launched_as_were_asked_for(ec2: Any) -> None:
    assert len(launch(ec2, 3)) == 3


def test_instances_are_found_by_state_and_tag(ec2: Any, eventually: Eventually) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "owner", "Value": "ana"}]}]
    name = running(ec2, eventually, TagSpecifications=tags)
    (young,) = launch(ec2)

    def found(**filters: str) -> list[str]:
        asked = [{"Name": k.replace("_", "-"), "Values": [v]} for k, v in filters.items()]
        reservations = ec2.describe_instances(Filters=asked)["Reservations"]
        return [one["InstanceId"] for found in reservations for one in found["Instances"]]

    assert found(instance_state_name="pending") == [young]
    assert found(instance_state_name="running") == [name]
    ec2.create_tags(Resources=[young], Tags=[{"Key": "owner", "Value": "bo"}])
    assert found(**{"tag:owner": "ana"}) == [name]
    assert found(**{"tag:owner": "bo"}) == [young]


def test_every_change_of_state_is_announced(
    ec2: Any, eventually: Eventually, told: Callable[[], list[dict[str, Any]]]
) -> None:
    name = running(ec2, eventually)
    ec2.stop_instances(InstanceIds=[name])
    notices: list[dict[str, Any]] = []

    def stopped() -> bool:
        kind = "EC2 Instance State-change Notification"
        notices.extend(event for event in told() if event["detail-type"] == kind)
        return any(notice["detail"]["state"] == "stopped" for notice in notices)

    eventually(stopped)
    states = ["pending", "running", "stopping", "stopped"]
    assert sorted(notice["detail"]["state"] for notice in notices) == sorted(states)
    arn = f"arn:aws:ec2:eu-west-1:123456789012:instance/{name}"
    for notice in notices:
        assert notice["resources"] == [arn]
        assert notice["detail"]["instance-id"] == name


def test_cloudtrail_tells_of_instances_as_sets_of_items(
    ec2: Any, aws: Aws, eventually: Eventually
) -> None:
    name = running(ec2, eventually)
    ec2.stop_instances(InstanceIds=[name])
    eventually(becomes(ec2, name, "stopped"))
    ec2.start_instances(InstanceIds=[name])
    with pytest.raises(ClientError):
        ec2.stop_instances(InstanceIds=[UNKNOWN])

    def records() -> Any:
        key = {"AttributeKey": "EventSource", "AttributeValue": "ec2.amazonaws.com"}
        found = aws("cloudtrail").lookup_events(LookupAttributes=[key])["Events"]
        return len(found) > 3 and [json.loads(event["CloudTrailEvent"]) for event in found]

    failed, started, _, ran = eventually(records)
    assert failed["errorCode"] == "Client.InvalidInstanceID.NotFound"
    assert failed["responseElements"] is None
    assert started["eventName"] == "StartInstances"
    assert started["requestParameters"] == {"instancesSet": {"items": [{"instanceId": name}]}}
    assert started["responseElements"]["instancesSet"]["items"] == [
        {
            "instanceId": name,
            "currentState": {"code": 0, "name": "pending"},
            "previousState": {"code": 80, "name": "stopped"},
        }
    ]
    answered = ran["responseElements"]
    assert answered["groupSet"] == {}
    (made,) = answered["instancesSet"]["items"]
    assert made["instanceId"] == name
    assert made["instanceState"] == {"code": 0, "name": "pending"}
    assert made["launchTime"] % 1000 == 0


@pytest.mark.slow
def test_a_state_machine_describes_and_stops_an_instance(
    ec2: Any, aws: Aws, eventually: Eventually
) -> None:
    name = running(ec2, eventually)
    named = {"InstanceIds": [name]}
    states = {
        "Describe": task("ec2:describeInstances", named, Next="Stop"),
        "Stop": task("ec2:stopInstances", named, Next="Missing"),
        "Missing": task(
            "ec2:stopInstances",
            {"InstanceIds": [UNKNOWN]},
            Catch=[{"ErrorEquals": ["Ec2.Ec2Exception"], "Next": "Done"}],
        ),
        "Done": {"Type": "Succeed"},
    }
    for step in ("Describe", "Stop"):
        del states[step]["End"]
    sfn = aws("stepfunctions")
    made = sfn.create_state_machine(name="stopper", definition=machine(states), roleArn=ROLE)
    execution = sfn.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]

    def ended() -> Any:
        answer = sfn.describe_execution(executionArn=execution)
        return answer["status"] != "RUNNING" and answer

    answer = eventually(ended, within=30)
    assert answer["status"] == "SUCCEEDED"
    assert f"'{UNKNOWN}' does not exist" in json.loads(answer["output"])["Cause"]
    history = sfn.get_execution_history(executionArn=execution)["events"]
    described = next(
        json.loads(event["stateExitedEventDetails"]["output"])
        for event in history
        if event.get("stateExitedEventDetails", {}).get("name") == "Describe"
    )
    assert described["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"
    eventually(becomes(ec2, name, "stopped"))
