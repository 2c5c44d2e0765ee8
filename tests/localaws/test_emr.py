import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually

GROUPS = [
    {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
    {
        "InstanceRole": "CORE",
        "InstanceType": "m5.2xlarge",
        "InstanceCount": 3,
        "Market": "SPOT",
    },
]


def run(emr: Any, *steps: dict[str, Any], **changes: Any) -> str:
    """Start a cluster that stays alive; answers its id."""
    alive = changes.pop("alive", True)
    protected = changes.pop("protected", False)
    instances = {
        "InstanceGroups": GROUPS,
        "KeepJobFlowAliveWhenNoSteps": alive,
        "TerminationProtected": protected,
    }
    request = {"Name": "adhoc", "ReleaseLabel": "emr-7.10.0", "Instances": instances}
    return str(emr.run_job_flow(**request, Steps=list(steps), **changes)["JobFlowId"])


def sleep(seconds: int) -> dict[str, Any]:
    jar = {"Jar": "command-runner.jar", "Args": ["sleep", str(seconds)]}
    return {"Name": "sleep", "HadoopJarStep": jar}


def cluster(emr: Any, cluster_id: str) -> dict[str, Any]:
    found: dict[str, Any] = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
    return found


def state(emr: Any, cluster_id: str) -> str:
    return str(cluster(emr, cluster_id)["Status"]["State"])


def waiting(emr: Any, eventually: Eventually, **changes: Any) -> str:
    cluster_id = run(emr, **changes)
    eventually(lambda: state(emr, cluster_id) == "WAITING")
    return cluster_id


def terminate(emr: Any, *cluster_ids: str) -> None:
    emr.terminate_job_flows(JobFlowIds=list(cluster_ids))


def test_a_cluster_starts_waits_and_is_terminated(aws: Aws, eventually: Eventually) -> None:
    emr = aws("emr")
    cluster_id = run(emr, Tags=[{"Key": "owner", "Value": "ana"}])
    assert state(emr, cluster_id) == "STARTING"
    eventually(lambda: state(emr, cluster_id) == "WAITING")
    terminate(emr, cluster_id)
    assert state(emr, cluster_id) in ("TERMINATING", "TERMINATED")
    eventually(lambda: state(emr, cluster_id) == "TERMINATED")
    found = cluster(emr, cluster_id)
    assert found["Tags"] == [{"Key": "owner", "Value": "ana"}]
    assert found["Status"]["StateChangeReason"]["Code"] == "USER_REQUEST"
    times = found["Status"]["Timeline"]
    took = times["ReadyDateTime"] - times["CreationDateTime"]
    assert took.total_seconds() == pytest.approx(50, abs=0.5)
    assert times["EndDateTime"] > times["ReadyDateTime"]


def test_a_terminated_cluster_may_be_terminated_again(aws: Aws, eventually: Eventually) -> None:
    emr = aws("emr")
    cluster_id = waiting(emr, eventually)
    terminate(emr, cluster_id)
    terminate(emr, cluster_id)
    eventually(lambda: state(emr, cluster_id) == "TERMINATED")
    terminate(emr, cluster_id)
    assert state(emr, cluster_id) == "TERMINATED"


def test_protection_keeps_a_cluster_but_not_its_neighbours(
    aws: Aws, eventually: Eventually
) -> None:
    emr = aws("emr")
    kept, lost = run(emr, protected=True), run(emr)
    assert cluster(emr, kept)["TerminationProtected"] is True
    with pytest.raises(ClientError, match="since they are termination protected") as error:
        terminate(emr, kept, lost)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    eventually(lambda: state(emr, lost) == "TERMINATED")
    eventually(lambda: state(emr, kept) == "WAITING")
    emr.set_termination_protection(JobFlowIds=[kept], TerminationProtected=False)
    terminate(emr, kept)
    assert state(emr, kept) in ("TERMINATING", "TERMINATED")


def test_an_unknown_cluster_is_an_error(aws: Aws) -> None:
    emr = aws("emr")
    with pytest.raises(ClientError, match="Cluster id 'j-GONE' is not valid"):
        emr.describe_cluster(ClusterId="j-GONE")
    with pytest.raises(ClientError, match="Cluster id 'j-GONE' is not valid"):
        emr.list_instance_groups(ClusterId="j-GONE")
    with pytest.raises(ClientError, match="job flow ID does not exist"):
        terminate(emr, "j-GONE")


@pytest.mark.slow
def test_a_cluster_that_is_not_kept_alive_ends_with_its_steps(
    aws: Aws, eventually: Eventually
) -> None:
    emr = aws("emr")
    cluster_id = run(emr, sleep(30), sleep(30), alive=False)
    assert cluster(emr, cluster_id)["AutoTerminate"] is True
    eventually(lambda: state(emr, cluster_id) == "RUNNING")
    eventually(lambda: state(emr, cluster_id) == "TERMINATED")
    reason = cluster(emr, cluster_id)["Status"]["StateChangeReason"]
    assert reason["Code"] == "ALL_STEPS_COMPLETED"
    steps = emr.list_steps(ClusterId=cluster_id)["Steps"]
    assert {step["Status"]["State"] for step in steps} == {"COMPLETED"}


def test_a_step_makes_a_waiting_cluster_busy(aws: Aws, eventually: Eventually) -> None:
    emr = aws("emr")
    cluster_id = waiting(emr, eventually)
    emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=[sleep(60)])
    assert state(emr, cluster_id) == "RUNNING"
    eventually(lambda: state(emr, cluster_id) == "WAITING")


def test_a_terminated_cluster_takes_no_steps(aws: Aws) -> None:
    emr = aws("emr")
    cluster_id = run(emr, sleep(60))
    terminate(emr, cluster_id)
    with pytest.raises(ClientError, match="may not be modified"):
        emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=[sleep(1)])
    [step] = emr.list_steps(ClusterId=cluster_id)["Steps"]
    assert step["Status"]["State"] == "CANCELLED"


@pytest.mark.slow
def test_an_idle_cluster_ends_by_its_auto_termination_policy(
    aws: Aws, eventually: Eventually
) -> None:
    emr = aws("emr")
    cluster_id = waiting(emr, eventually)
    assert "AutoTerminationPolicy" not in emr.get_auto_termination_policy(ClusterId=cluster_id)
    policy = {"IdleTimeout": 60}
    emr.put_auto_termination_policy(ClusterId=cluster_id, AutoTerminationPolicy=policy)
    found = emr.get_auto_termination_policy(ClusterId=cluster_id)
    assert found["AutoTerminationPolicy"] == policy
    emr.add_job_flow_steps(JobFlowId=cluster_id, Steps=[sleep(90)])
    eventually(lambda: state(emr, cluster_id) == "TERMINATED")
    times = cluster(emr, cluster_id)["Status"]["Timeline"]
    assert times["EndDateTime"] - times["ReadyDateTime"] > timedelta(seconds=90 + 60)


def test_a_removed_auto_termination_policy_ends_nothing(aws: Aws, eventually: Eventually) -> None:
    emr = aws("emr")
    cluster_id = waiting(emr, eventually, AutoTerminationPolicy={"IdleTimeout": 3600})
    emr.remove_auto_termination_policy(ClusterId=cluster_id)
    assert "AutoTerminationPolicy" not in emr.get_auto_termination_policy(ClusterId=cluster_id)


def test_an_idle_timeout_under_a_minute_is_refused(aws: Aws) -> None:
    emr = aws("emr")
    with pytest.raises(ClientError, match="IdleTimeout"):
        emr.put_auto_termination_policy(
            ClusterId=run(emr), AutoTerminationPolicy={"IdleTimeout": 59}
        )


@pytest.mark.slow
def test_lists_are_paged_and_filtered(aws: Aws, eventually: Eventually) -> None:
    emr = aws("emr")
    made = {run(emr) for _ in range(53)}

    def listed(**request: Any) -> list[str]:
        pages = emr.get_paginator("list_clusters").paginate(**request)
        return [found["Id"] for page in pages for found in page["Clusters"]]

    first = emr.list_clusters()
    assert len(first["Clusters"]) == 50
    assert "Tags" not in first["Clusters"][0]
    assert sorted(listed()) == sorted(made)
    eventually(lambda: len(listed(ClusterStates=["WAITING"])) == 53)
    gone = next(iter(made))
    terminate(emr, gone)
    assert gone not in listed(ClusterStates=["WAITING", "RUNNING"])
    created = cluster(emr, gone)["Status"]["Timeline"]["CreationDateTime"]
    assert gone not in listed(CreatedAfter=created + timedelta(seconds=1))
    assert gone in listed(CreatedBefore=created + timedelta(seconds=1))


def test_accounts_and_regions_do_not_see_each_other(aws: Aws, member: str) -> None:
    run(aws("emr"))
    assert aws("emr", "us-east-1").list_clusters()["Clusters"] == []
    assert aws("emr", account=member).list_clusters()["Clusters"] == []


def test_groups_and_nodes_follow_the_cluster(aws: Aws, eventually: Eventually) -> None:
    emr = aws("emr")
    cluster_id = run(emr)

    def groups() -> dict[str, tuple[str, str, int]]:
        found = emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]
        return {
            g["InstanceGroupType"]: (g["InstanceType"], g["Market"], g["RunningInstanceCount"])
            for g in found
        }

    assert groups()["CORE"] == ("m5.2xlarge", "SPOT", 0)
    eventually(lambda: groups()["CORE"] == ("m5.2xlarge", "SPOT", 3))
    nodes = emr.list_instances(ClusterId=cluster_id, InstanceStates=["RUNNING"])["Instances"]
    assert len({node["Ec2InstanceId"] for node in nodes}) == 4
    assert sum(node["Market"] == "SPOT" for node in nodes) == 3
    terminate(emr, cluster_id)
    assert emr.list_instances(ClusterId=cluster_id, InstanceStates=["RUNNING"])["Instances"] == []


def test_tags_are_added_and_removed(aws: Aws) -> None:
    emr = aws("emr")
    cluster_id = run(emr)
    emr.add_tags(ResourceId=cluster_id, Tags=[{"Key": "guardian", "Value": "keep"}])
    assert cluster(emr, cluster_id)["Tags"] == [{"Key": "guardian", "Value": "keep"}]
    emr.remove_tags(ResourceId=cluster_id, TagKeys=["guardian"])
    assert cluster(emr, cluster_id)["Tags"] == []


@pytest.mark.slow
def test_state_changes_are_events(aws: Aws, eventually: Eventually) -> None:
    emr, events, sqs = aws("emr"), aws("events"), aws("sqs")
    queue = sqs.create_queue(QueueName="states")["QueueUrl"]
    events.put_rule(Name="states", EventPattern=json.dumps({"source": ["aws.emr"]}))
    target = "arn:aws:sqs:eu-west-1:123456789012:states"
    events.put_targets(Rule="states", Targets=[{"Id": "queue", "Arn": target}])
    cluster_id = run(emr)
    seen: list[dict[str, Any]] = []

    def states() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        seen.extend(json.loads(sent["Body"]) for sent in answer.get("Messages", []))
        return [event["detail"]["state"] for event in seen]

    eventually(lambda: states() == ["STARTING", "WAITING"])
    terminate(emr, cluster_id)
    eventually(lambda: states() == ["STARTING", "WAITING", "TERMINATED"])
    assert {event["detail-type"] for event in seen} == {"EMR Cluster State Change"}
    assert seen[0]["detail"]["clusterId"] == cluster_id
    assert json.loads(seen[2]["detail"]["stateChangeReason"])["code"] == "USER_REQUEST"


def idle_query(cluster_id: str, stat: str = "Minimum") -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/ElasticMapReduce",
        "MetricName": "IsIdle",
        "Dimensions": [{"Name": "JobFlowId", "Value": cluster_id}],
    }
    return {"Id": "idle", "MetricStat": {"Metric": metric, "Period": 300, "Stat": stat}}


def samples(aws: Aws, cluster_id: str, since: datetime) -> dict[datetime, float]:
    [result] = aws("cloudwatch").get_metric_data(
        MetricDataQueries=[idle_query(cluster_id)],
        StartTime=since - timedelta(hours=1),
        EndTime=since + timedelta(days=1),
    )["MetricDataResults"]
    return dict(zip(result["Timestamps"], result["Values"], strict=True))


@pytest.mark.slow
def test_idleness_is_sampled_every_five_minutes(aws: Aws, eventually: Eventually) -> None:
    emr = aws("emr")
    cluster_id, busy = waiting(emr, eventually), run(emr, sleep(36_000))
    ready = cluster(emr, cluster_id)["Status"]["Timeline"]["ReadyDateTime"]
    eventually(lambda: len(samples(aws, cluster_id, ready)) > 1)
    found = samples(aws, cluster_id, ready)
    assert set(found.values()) == {1.0}
    assert all(moment.timestamp() % 300 == 0 for moment in found)
    assert all(moment >= ready for moment in found)
    assert set(samples(aws, busy, ready).values()) == {0.0}


@pytest.mark.slow
def test_a_terminated_cluster_is_no_longer_sampled(aws: Aws, eventually: Eventually) -> None:
    emr = aws("emr")
    cluster_id = waiting(emr, eventually)
    ready = cluster(emr, cluster_id)["Status"]["Timeline"]["ReadyDateTime"]
    eventually(lambda: samples(aws, cluster_id, ready))
    terminate(emr, cluster_id)
    eventually(lambda: state(emr, cluster_id) == "TERMINATED")
    end = cluster(emr, cluster_id)["Status"]["Timeline"]["EndDateTime"]
    assert max(samples(aws, cluster_id, ready)) < end


@pytest.mark.slow
def test_idleness_is_answered_as_statistics_too(aws: Aws, eventually: Eventually) -> None:
    emr, cloudwatch = aws("emr"), aws("cloudwatch")
    cluster_id = waiting(emr, eventually)
    ready = cluster(emr, cluster_id)["Status"]["Timeline"]["ReadyDateTime"]
    metric = idle_query(cluster_id)["MetricStat"]["Metric"]

    def points() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = cloudwatch.get_metric_statistics(
            **metric,
            StartTime=ready,
            EndTime=ready + timedelta(hours=2),
            Period=300,
            Statistics=["Average"],
        )["Datapoints"]
        return found

    eventually(points)
    assert {point["Average"] for point in points()} == {1.0}


def test_an_unknown_cluster_has_no_samples(aws: Aws, eventually: Eventually) -> None:
    emr = aws("emr")
    ready = cluster(emr, waiting(emr, eventually))["Status"]["Timeline"]["ReadyDateTime"]
    assert samples(aws, "j-GONE", ready) == {}


def test_metrics_of_aws_services_cannot_be_forged(aws: Aws) -> None:
    cloudwatch = aws("cloudwatch")
    data = [{"MetricName": "IsIdle", "Value": 1.0}]
    with pytest.raises(ClientError) as error:
        cloudwatch.put_metric_data(Namespace="AWS/ElasticMapReduce", MetricData=data)
    assert error.value.response["Error"]["Code"] == "InvalidParameterValue"
    cloudwatch.put_metric_data(Namespace="Team", MetricData=data)
    assert len(cloudwatch.list_metrics(Namespace="Team")["Metrics"]) == 1
