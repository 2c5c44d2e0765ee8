"""The resource types of a service on ECS: they are there, change and go; what would come to nothing is refused."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.localaws.stacks.conftest import Stacks, queue, resources


def of_type(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def container(image: str) -> Mapping[str, Any]:
    return {
        "Name": "c",
        "Image": image,
        "StopTimeout": 60,
        "ReadonlyRootFilesystem": True,
        "LinuxParameters": {"Capabilities": {"Drop": ["ALL"]}},
        "Environment": [{"Name": "A", "Value": {"Fn::Sub": "${AWS::Region}"}}],
        "Secrets": [{"Name": "S", "ValueFrom": {"Ref": "Secret"}}],
        "LogConfiguration": {"LogDriver": "awslogs", "Options": {"Awslogs-Group": {"Ref": "Log"}}},
    }


def service(aws: Aws, image: str, **of_service: Any) -> Mapping[str, Any]:
    subnets = [one["SubnetId"] for one in aws("ec2").describe_subnets()["Subnets"][:2]]
    network = {"Subnets": subnets, "SecurityGroups": [{"Fn::GetAtt": ["Group", "GroupId"]}]}
    return resources(
        Log=of_type("Logs::LogGroup", RetentionInDays=30),
        Secret=of_type("SecretsManager::Secret", SecretString='{"token": ""}'),
        Group=of_type(
            "EC2::SecurityGroup",
            GroupDescription="out only",
            SecurityGroupEgress=[
                {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
            ],
        ),
        Cluster=of_type("ECS::Cluster"),
        Task=of_type(
            "ECS::TaskDefinition",
            Family="f",
            Cpu=256,
            Memory="512",
            RequiresCompatibilities=["FARGATE"],
            NetworkMode="awsvpc",
            ContainerDefinitions=[container(image)],
        ),
        Service=of_type(
            "ECS::Service",
            Cluster={"Ref": "Cluster"},
            TaskDefinition={"Ref": "Task"},
            LaunchType="FARGATE",
            DeploymentConfiguration={"MinimumHealthyPercent": 0, "MaximumPercent": 100},
            NetworkConfiguration={"AwsvpcConfiguration": network},
            **{"DesiredCount": 1, **of_service},
        ),
    )


def described(aws: Aws, stacks: Stacks) -> Mapping[str, Any]:
    made = stacks.resources("s")
    found: Mapping[str, Any] = aws("ecs").describe_services(
        cluster=made["Cluster"], services=[made["Service"]]
    )["services"][0]
    return found


def test_a_service_comes_changes_and_goes(aws: Aws, stacks: Stacks) -> None:
    stack = stacks.create("s", service(aws, "i:1"))
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    ecs, made = aws("ecs"), stacks.resources("s")
    task = ecs.describe_task_definition(taskDefinition=made["Task"])["taskDefinition"]
    assert (task["cpu"], task["memory"], task["networkMode"]) == ("256", "512", "awsvpc")
    (container,) = task["containerDefinitions"]
    assert container["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}}
    assert container["environment"] == [{"name": "A", "value": "eu-west-1"}]
    assert container["secrets"] == [{"name": "S", "valueFrom": made["Secret"]}]
    assert container["logConfiguration"]["options"] == {"Awslogs-Group": made["Log"]}
    running = described(aws, stacks)
    assert running["deploymentConfiguration"] == {
        "minimumHealthyPercent": 0,
        "maximumPercent": 100,
    }
    assert (running["desiredCount"], running["runningCount"]) == (1, 0)  # nobody runs it

    stacks.update("s", service(aws, "i:2", DesiredCount=0))
    assert stacks.resources("s")["Service"] == made["Service"]
    running = described(aws, stacks)
    assert running["taskDefinition"].endswith(":task-definition/f:2")
    assert (running["desiredCount"], running["runningCount"]) == (0, 0)
    old = ecs.describe_task_definition(taskDefinition=made["Task"])["taskDefinition"]
    assert old["status"] == "INACTIVE"

    stacks.api.delete_stack(StackName="s")
    assert ecs.list_clusters()["clusterArns"] == []
    assert aws("secretsmanager").list_secrets()["SecretList"] == []
    groups = aws("ec2").describe_security_groups()["SecurityGroups"]
    assert all(group["GroupId"] != made["Group"] for group in groups)


def test_a_group_lets_out_what_is_stated_and_nothing_in(aws: Aws, stacks: Stacks) -> None:
    stacks.create("s", service(aws, "i"))
    identifier = stacks.resources("s")["Group"]
    (group,) = aws("ec2").describe_security_groups(GroupIds=[identifier])["SecurityGroups"]
    assert group["IpPermissions"] == []
    (rule,) = group["IpPermissionsEgress"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
    assert [one["CidrIp"] for one in rule["IpRanges"]] == ["0.0.0.0/0"]


def test_what_was_put_into_a_secret_stays_when_its_stack_changes(aws: Aws, stacks: Stacks) -> None:
    stacks.create("s", service(aws, "i:1"))
    secrets, secret = aws("secretsmanager"), stacks.resources("s")["Secret"]
    secrets.put_secret_value(SecretId=secret, SecretString='{"token": "t"}')
    stacks.update("s", service(aws, "i:2"))
    assert secrets.get_secret_value(SecretId=secret)["SecretString"] == '{"token": "t"}'


def test_an_alarm_of_a_queue_comes_changes_and_goes(aws: Aws, stacks: Stacks) -> None:
    def alarm(threshold: int) -> Mapping[str, Any]:
        return resources(
            Q=queue(QueueName="q"),
            Alarm=of_type(
                "CloudWatch::Alarm",
                Namespace="AWS/SQS",
                MetricName="ApproximateNumberOfMessagesVisible",
                Dimensions=[{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Q", "QueueName"]}}],
                Statistic="Maximum",
                Period=300,
                EvaluationPeriods=1,
                Threshold=threshold,
                ComparisonOperator="GreaterThanThreshold",
                AlarmActions=["arn:aws:sns:eu-west-1:123456789012:t"],
            ),
        )

    stacks.create("s", alarm(0))
    stacks.update("s", alarm(5))
    (made,) = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    assert made["Dimensions"] == [{"Name": "QueueName", "Value": "q"}]
    assert made["AlarmActions"] == ["arn:aws:sns:eu-west-1:123456789012:t"]
    assert made["Threshold"] == 5
    stacks.api.delete_stack(StackName="s")
    assert aws("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_a_table_forgets_and_can_be_restored(aws: Aws, stacks: Stacks) -> None:
    table = of_type(
        "DynamoDB::Table",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    stacks.create("s", resources(T=table))
    api, name = aws("dynamodb"), stacks.resources("s")["T"]
    forgets = api.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert forgets == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    backups = api.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_policy_of_a_bucket_comes_and_goes_with_its_stack(aws: Aws, stacks: Stacks) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
    }
    bucket = of_type("S3::Bucket", BucketName="b-123")
    policy = of_type("S3::BucketPolicy", Bucket={"Ref": "B"}, PolicyDocument=document)
    stacks.create("s", resources(B=bucket, P=policy))
    assert json.loads(aws("s3").get_bucket_policy(Bucket="b-123")["Policy"]) == document
    stacks.update("s", resources(B=bucket))
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        aws("s3").get_bucket_policy(Bucket="b-123")


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("ECS::Service", {"LoadBalancers": []}),
        ("ECS::Cluster", {"CapacityProviders": ["FARGATE_SPOT"]}),
        ("ECS::TaskDefinition", {"EphemeralStorage": {"SizeInGiB": 30}}),
        ("CloudWatch::Alarm", {"Metrics": []}),
        ("SecretsManager::Secret", {"GenerateSecretString": {}}),
        ("EC2::SecurityGroup", {"SecurityGroupOwner": "me"}),
    ],
)
def test_a_property_that_nothing_would_come_of_is_refused(
    stacks: Stacks, kind: str, properties: dict[str, Any]
) -> None:
    stack = stacks.create("s", resources(R=of_type(kind, **properties)))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    said = f"Local AWS does not know these properties of AWS::{kind}: {next(iter(properties))}"
    assert said in stack["StackStatusReason"]


def test_what_is_retained_except_on_creation_goes_with_the_creation_that_failed(
    aws: Aws, stacks: Stacks
) -> None:
    kept = queue(QueueName="kept") | {"DeletionPolicy": "RetainExceptOnCreate"}
    broken = of_type("ECS::Cluster", Foo=1)
    assert stacks.create("s", resources(K=kept, R=broken))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "QueueUrls" not in aws("sqs").list_queues()
    stacks.create("t", resources(K=kept))
    stacks.api.delete_stack(StackName="t")
    assert len(aws("sqs").list_queues()["QueueUrls"]) == 1


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ("", "An image needs a network"),
        ("net 1", r"Parameter Network failed to satisfy constraint: \(net-\[0-9\]\+\)\?"),
    ],
)
def test_rules_and_patterns_of_parameters_hold(stacks: Stacks, network: str, says: str) -> None:
    template = {
        "Parameters": {
            "Image": {"Type": "String", "Default": ""},
            "Network": {"Type": "String", "AllowedPattern": "(net-[0-9]+)?"},
        },
        "Rules": {
            "R": {
                "RuleCondition": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Image"}, ""]}]},
                "Assertions": [
                    {
                        "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Network"}, ""]}]},
                        "AssertDescription": "An image needs a network",
                    }
                ],
            }
        },
        **resources(Q=queue()),
    }
    values = {"Image": "i", "Network": network}
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    with pytest.raises(ClientError, match=says):
        stacks.create("s", template, Parameters=given)
    no_image = [{"ParameterKey": "Network", "ParameterValue": ""}]
    assert stacks.create("s", template, Parameters=no_image)["StackStatus"] == "CREATE_COMPLETE"
