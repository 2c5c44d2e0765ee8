"""The resource types of the stacks that guardian makes: they are there, change and go."""

import json
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Eventually
from tests.localaws.stacks.conftest import Stacks, queue, resources

PATTERN = {"source": ["aws.glue"]}
WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def rule(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": PATTERN} | properties}


def role(**properties: Any) -> dict[str, Any]:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "states.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": trust} | properties,
    }


def allow(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def machine(**properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": "m",
            "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "DefinitionString": {"Fn::Sub": json.dumps(WAIT)},
        }
        | properties,
    }


def test_a_rule_and_its_targets_change_in_place(aws: Aws, stacks: Stacks) -> None:
    target = {
        "Id": "q",
        "Arn": {"Fn::GetAtt": ["Q", "Arn"]},
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["D", "Arn"]}},
    }
    others = {"Q": queue(QueueName="q"), "D": queue(QueueName="d"), "Role": role(RoleName="r")}
    stacks.create("s", resources(Rule=rule(Name="r", Targets=[target]), **others))
    events = aws("events")
    assert json.loads(events.describe_rule(Name="r")["EventPattern"]) == PATTERN
    made = events.list_targets_by_rule(Rule="r")["Targets"][0]
    assert made["DeadLetterConfig"] == {"Arn": "arn:aws:sqs:eu-west-1:123456789012:d"}
    assert made["RetryPolicy"]["MaximumRetryAttempts"] == 3
    assert made["RoleArn"] == "arn:aws:iam::123456789012:role/r"

    other = {"Id": "other", "Arn": {"Fn::GetAtt": ["D", "Arn"]}}
    new = rule(Name="r", State="DISABLED", EventPattern={"source": ["aws.emr"]}, Targets=[other])
    stacks.update("s", resources(Rule=new, **others))
    described = events.describe_rule(Name="r")
    assert described["State"] == "DISABLED"
    assert json.loads(described["EventPattern"]) == {"source": ["aws.emr"]}
    assert [t["Id"] for t in events.list_targets_by_rule(Rule="r")["Targets"]] == ["other"]

    stacks.api.delete_stack(StackName="s")
    assert events.list_rules()["Rules"] == []


def test_a_rule_lives_on_the_bus_of_its_stack(aws: Aws, stacks: Stacks) -> None:
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "hub"}}
    policy = {
        "Type": "AWS::Events::EventBusPolicy",
        "Properties": {
            "EventBusName": {"Ref": "Bus"},
            "StatementId": "organization",
            "Statement": {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "events:PutEvents",
                "Resource": {"Fn::GetAtt": ["Bus", "Arn"]},
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
            },
        },
    }
    on_bus = rule(Name="r", EventBusName={"Ref": "Bus"})
    template = resources(Rule=on_bus, Bus=bus, Policy=policy)
    template["Outputs"] = {"Arn": {"Value": {"Fn::GetAtt": ["Rule", "Arn"]}}}
    stacks.create("s", template)

    events = aws("events")
    assert [r["Name"] for r in events.list_rules(EventBusName="hub")["Rules"]] == ["r"]
    assert stacks.outputs("s")["Arn"].endswith(":rule/hub/r")
    [statement] = json.loads(events.describe_event_bus(Name="hub")["Policy"])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    stacks.api.delete_stack(StackName="s")
    assert [b["Name"] for b in events.list_event_buses()["EventBuses"]] == ["default"]


def test_roles_and_policies_are_put_changed_and_removed(aws: Aws, stacks: Stacks) -> None:
    inline = {"PolicyName": "in", "PolicyDocument": allow("glue:StopSession")}
    managed: dict[str, Any] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"ManagedPolicyName": "m", "PolicyDocument": allow("glue:GetSession")},
    }
    attached = {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "out",
            "PolicyDocument": allow("sns:Publish"),
            "Roles": [{"Ref": "Role"}],
        },
    }
    made = role(
        RoleName="r", Path="/guardian/", Policies=[inline], ManagedPolicyArns=[{"Ref": "Managed"}]
    )
    stacks.create("s", resources(Role=made, Managed=managed, Policy=attached))
    iam = aws("iam")
    assert iam.get_role(RoleName="r")["Role"]["Path"] == "/guardian/"
    assert sorted(iam.list_role_policies(RoleName="r")["PolicyNames"]) == ["in", "out"]
    [policy] = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert policy["PolicyName"] == "m"

    managed["Properties"] |= {"PolicyDocument": allow("glue:ListSessions")}
    changed = role(RoleName="r", Path="/guardian/", Description="new")
    stacks.update("s", resources(Role=changed, Managed=managed, Policy=attached))
    assert iam.get_role(RoleName="r")["Role"]["Description"] == "new"
    assert iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"] == []
    version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
    assert document["PolicyVersion"]["Document"] == allow("glue:ListSessions")

    stacks.api.delete_stack(StackName="s")
    assert "r" not in [r["RoleName"] for r in iam.list_roles()["Roles"]]
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_a_role_keeps_the_policy_of_a_neighbour_when_it_is_updated(
    aws: Aws, stacks: Stacks
) -> None:
    attached = {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "out",
            "PolicyDocument": allow("sns:Publish"),
            "Roles": [{"Ref": "Role"}],
        },
    }
    stacks.create("s", resources(Role=role(RoleName="r"), Policy=attached))

    stacks.update("s", resources(Role=role(RoleName="r", Description="d"), Policy=attached))

    assert aws("iam").list_role_policies(RoleName="r")["PolicyNames"] == ["out"]


def test_a_state_machine_runs_changes_and_dies_with_its_stack(aws: Aws, stacks: Stacks) -> None:
    template = resources(Role=role(RoleName="r"), Machine=machine())
    stacks.create("s", template)
    arn = stacks.resources("s")["Machine"]
    machines = aws("stepfunctions")
    assert json.loads(machines.describe_state_machine(stateMachineArn=arn)["definition"]) == WAIT
    execution = machines.start_execution(stateMachineArn=arn)["executionArn"]
    assert machines.describe_execution(executionArn=execution)["status"] == "RUNNING"

    changed = json.loads(json.dumps(WAIT).replace("3600", "7200"))
    new = machine(DefinitionString=json.dumps(changed))
    stacks.update("s", resources(Role=role(RoleName="r"), Machine=new))
    found = json.loads(machines.describe_state_machine(stateMachineArn=arn)["definition"])
    assert found == changed

    stacks.api.delete_stack(StackName="s")
    assert machines.list_state_machines()["stateMachines"] == []


def test_executions_are_aborted_when_their_stack_is_deleted(
    aws: Aws, stacks: Stacks, eventually: Eventually
) -> None:
    url = aws("sqs").create_queue(QueueName="heard")["QueueUrl"]
    pattern = {"source": ["aws.states"], "detail": {"status": ["ABORTED"]}}
    aws("events").put_rule(Name="aborted", EventPattern=json.dumps(pattern))
    arn = "arn:aws:sqs:eu-west-1:123456789012:heard"
    aws("events").put_targets(Rule="aborted", Targets=[{"Id": "q", "Arn": arn}])
    stacks.create("s", resources(Role=role(RoleName="r"), Machine=machine()))
    machines = aws("stepfunctions")
    machines.start_execution(stateMachineArn=stacks.resources("s")["Machine"])

    stacks.api.delete_stack(StackName="s")

    assert eventually(lambda: aws("sqs").receive_message(QueueUrl=url).get("Messages"))


def topic_to_queue() -> dict[str, Any]:
    """A topic whose messages reach a queue, and the policies that let them."""
    send = {"Principal": {"Service": "sns.amazonaws.com"}, "Effect": "Allow", "Resource": "*"}
    return resources(
        Topic={"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t", "DisplayName": "T"}},
        Queue=queue(QueueName="q"),
        Subscription={
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
                "RawMessageDelivery": True,
            },
        },
        QueuePolicy={
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": {"Statement": [send | {"Action": "sqs:SendMessage"}]},
            },
        },
        TopicPolicy={
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": {"Statement": [send | {"Action": "sns:Publish"}]},
            },
        },
    )


def test_topics_subscriptions_and_policies_deliver(aws: Aws, stacks: Stacks) -> None:
    stacks.create("s", topic_to_queue())
    arn, url = (stacks.resources("s")[name] for name in ("Topic", "Queue"))

    aws("sns").publish(TopicArn=arn, Message="hello")

    sqs = aws("sqs")
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=url)["Messages"]] == ["hello"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    assert "sqs:SendMessage" in attributes["Policy"]
    topic = aws("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    assert json.loads(topic["Policy"])["Statement"][0]["Action"] == "sns:Publish"
    stacks.api.delete_stack(StackName="s")
    assert aws("sns").list_topics()["Topics"] == []
    assert aws("sns").list_subscriptions()["Subscriptions"] == []


def test_a_dead_letter_queue_survives_an_update_of_its_source(aws: Aws, stacks: Stacks) -> None:
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 5}
    source = queue(QueueName="source", RedrivePolicy=redrive)
    stacks.create("s", resources(Source=source, Dead=queue(QueueName="dead")))

    longer = queue(QueueName="source", RedrivePolicy=redrive, MessageRetentionPeriod=1209600)
    stacks.update("s", resources(Source=longer, Dead=queue(QueueName="dead")))

    url = stacks.resources("s")["Source"]
    found = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["MessageRetentionPeriod"] == "1209600"
    assert json.loads(found["RedrivePolicy"])["maxReceiveCount"] == 5


@pytest.mark.parametrize(
    ("kind", "properties", "changed"),
    [
        (
            "AWS::Logs::LogGroup",
            {"LogGroupName": "/guardian", "RetentionInDays": 7},
            {"RetentionInDays": 30},
        ),
        (
            "AWS::DynamoDB::Table",
            {
                "TableName": "t",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            },
            {"DeletionProtectionEnabled": False},
        ),
        ("AWS::S3::Bucket", {"BucketName": "bucket"}, {"Tags": [{"Key": "k", "Value": "v"}]}),
    ],
)
def test_types_that_moto_makes_come_change_and_go(
    aws: Aws, stacks: Stacks, kind: str, properties: dict[str, Any], changed: dict[str, Any]
) -> None:
    def present() -> int:
        groups = aws("logs").describe_log_groups()["logGroups"]
        tables = aws("dynamodb").list_tables()["TableNames"]
        return len([*groups, *tables, *aws("s3").list_buckets()["Buckets"]])

    made = resources(R={"Type": kind, "Properties": properties})
    assert stacks.create("s", made)["StackStatus"] == "CREATE_COMPLETE"
    assert present() == 1
    new = resources(R={"Type": kind, "Properties": properties | changed})
    assert stacks.update("s", new)["StackStatus"] == "UPDATE_COMPLETE"
    assert present() == 1

    stacks.api.delete_stack(StackName="s")

    assert present() == 0
