"""Spark Connect sessions of EMR clusters."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually, HttpCall

INSTANCES = {
    "MasterInstanceType": "m5.xlarge",
    "SlaveInstanceType": "m5.xlarge",
    "InstanceCount": 3,
    "KeepJobFlowAliveWhenNoSteps": True,
}


class Cluster:
    """One cluster of a test, and its sessions."""

    def __init__(self, emr: Any, eventually: Eventually, http: HttpCall, **changes: Any) -> None:
        request = {
            "Name": "connect",
            "ReleaseLabel": "emr-spark-8.0.0",
            "Instances": INSTANCES,
            "Applications": [{"Name": "Spark"}],
            "SessionEnabled": True,
            **changes,
        }
        self.emr, self.id = emr, str(emr.run_job_flow(**request)["JobFlowId"])
        self._eventually, self._http = eventually, http

    def get(self) -> dict[str, Any]:
        found: dict[str, Any] = self.emr.describe_cluster(ClusterId=self.id)["Cluster"]
        return found

    def state(self) -> str:
        return str(self.get()["Status"]["State"])

    def becomes(self, state: str) -> "Cluster":
        self._eventually(lambda: self.state() == state)
        return self

    def start_session(self, **changes: Any) -> dict[str, Any]:
        request = {"ClusterId": self.id, "Name": "ana-connect", **changes}
        answer: dict[str, Any] = self.emr.start_session(**request)
        return answer

    def session(self, **changes: Any) -> str:
        return str(self.start_session(**changes)["Id"])

    def get_session(self, session: str) -> dict[str, Any]:
        answer = self.emr.get_session(ClusterId=self.id, SessionId=session)
        found: dict[str, Any] = answer["Session"]
        return found

    def session_becomes(self, session: str, state: str) -> dict[str, Any]:
        self._eventually(lambda: self.get_session(session)["State"] == state)
        return self.get_session(session)

    def terminate_session(self, session: str) -> str:
        answer = self.emr.terminate_session(ClusterId=self.id, SessionId=session)
        return str(answer["State"])

    def make_busy(self, session: str, seconds: float) -> Any:
        body = {"session": session, "seconds": seconds}
        return self._http("POST", "/localaws/emr/sessions/busy", body)


Make = Callable[..., Cluster]


@pytest.fixture
def make(aws: Aws, eventually: Eventually, http: HttpCall) -> Make:
    """Starts a cluster that can have sessions."""
    return lambda **changes: Cluster(aws("emr"), eventually, http, **changes)


def refused(call: Callable[[], object]) -> str:
    """The words with which a call is refused as invalid."""
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == "InvalidRequestException"
    return error.value.response["Error"]["Message"]


def test_a_session_starts_and_becomes_idle(make: Make) -> None:
    cluster = make().becomes("WAITING")
    answer = cluster.start_session(
        SessionIdleTimeoutInMinutes=480,
        Tags=[{"Key": "Owner", "Value": "ana"}],
        EngineConfigurations=[
            {"Classification": "spark-defaults", "Properties": {"spark.executor.memory": "4g"}}
        ],
    )
    assert (answer["State"], answer["ClusterId"]) == ("SUBMITTED", cluster.id)
    assert answer["AccountId"] == "123456789012"
    found = cluster.session_becomes(answer["Id"], "IDLE")
    assert found["Arn"] == answer["Arn"] == f"{cluster.get()['ClusterArn']}/session/{found['Id']}"
    assert found["IdleSince"] >= found["StartedAt"] > found["CreatedAt"]
    assert found["SessionIdleTimeoutInMinutes"] == 480
    assert found["Tags"] == [{"Key": "Owner", "Value": "ana"}]
    assert found["EngineConfigurations"][0]["Properties"] == {"spark.executor.memory": "4g"}
    assert (found["Name"], found["ReleaseLabel"]) == ("ana-connect", "emr-spark-8.0.0")


def test_a_session_idles_for_an_hour_unless_it_says_otherwise(make: Make) -> None:
    cluster = make().becomes("WAITING")
    assert cluster.get_session(cluster.session())["SessionIdleTimeoutInMinutes"] == 60


def test_a_session_is_terminated(make: Make) -> None:
    cluster = make().becomes("WAITING")
    session = cluster.session()
    cluster.session_becomes(session, "IDLE")
    assert cluster.terminate_session(session) == "TERMINATING"
    found = cluster.session_becomes(session, "TERMINATED")
    assert found["EndedAt"] > found["StartedAt"]
    assert "TERMINATED" in refused(lambda: cluster.terminate_session(session))


@pytest.mark.slow
def test_an_idle_session_ends_by_its_timeout_and_work_delays_that(make: Make) -> None:
    cluster = make().becomes("WAITING")
    idle, busy = (cluster.session(SessionIdleTimeoutInMinutes=2) for _ in range(2))
    idle_since = cluster.session_becomes(busy, "IDLE")["IdleSince"]
    assert cluster.make_busy(busy, 90)["state"] == "BUSY"
    assert cluster.get_session(busy)["IdleSince"] == idle_since
    ended = cluster.session_becomes(idle, "TERMINATED")
    assert ended["EndedAt"] - ended["StartedAt"] == timedelta(seconds=1 + 120 + 5)
    assert cluster.get_session(busy)["State"] in ("BUSY", "IDLE")
    later = cluster.session_becomes(busy, "TERMINATED")
    assert later["IdleSince"] - idle_since >= timedelta(seconds=90)
    assert later["EndedAt"] - later["IdleSince"] == timedelta(seconds=120 + 5)


def test_sessions_end_with_their_cluster(make: Make) -> None:
    cluster = make().becomes("WAITING")
    session = cluster.session()
    cluster.session_becomes(session, "IDLE")
    cluster.emr.terminate_job_flows(JobFlowIds=[cluster.id])
    found = cluster.session_becomes(session, "TERMINATED")
    assert "cluster" in found["StateChangeReason"]


def test_a_cluster_that_is_not_ready_takes_no_session(make: Make) -> None:
    assert "must be in state RUNNING or WAITING" in refused(make().session)


@pytest.mark.parametrize(
    "changes", [{"SessionEnabled": False}, {"ReleaseLabel": "emr-7.10.0"}], ids=str
)
def test_a_cluster_without_sessions_takes_none(make: Make, changes: dict[str, Any]) -> None:
    cluster = make(**changes).becomes("WAITING")
    assert cluster.get()["SessionEnabled"] is changes.get("SessionEnabled", True)
    assert "SessionEnabled" in refused(cluster.session)


@pytest.mark.parametrize("changes", [{"Name": ""}, {"SessionIdleTimeoutInMinutes": 1441}], ids=str)
def test_a_wrong_session_is_refused(make: Make, changes: dict[str, Any]) -> None:
    cluster = make().becomes("WAITING")
    assert next(iter(changes)) in refused(lambda: cluster.session(**changes))


def test_an_unknown_cluster_or_session_is_an_error(make: Make) -> None:
    cluster = make()
    assert "is-NONE" in refused(lambda: cluster.get_session("is-NONE"))
    assert "j-NONE" in refused(lambda: cluster.emr.list_sessions(ClusterId="j-NONE"))


def test_sessions_of_one_request_token_are_one(make: Make) -> None:
    cluster = make().becomes("WAITING")
    tokens = {"ClientRequestToken": "t"}
    assert cluster.session(**tokens) == cluster.session(**tokens) != cluster.session()


@pytest.mark.slow
def test_sessions_are_listed_newest_first_in_pages(make: Make) -> None:
    cluster, other = make(), make()
    cluster.becomes("WAITING")
    other.becomes("WAITING")
    made = [cluster.session() for _ in range(3)]
    other.session()
    cluster.session_becomes(made[0], "IDLE")
    cluster.terminate_session(made[0])
    list_sessions = cluster.emr.list_sessions
    first = list_sessions(ClusterId=cluster.id, MaxResults=2)
    assert [found["Id"] for found in first["Sessions"]] == [made[2], made[1]]
    second = list_sessions(ClusterId=cluster.id, MaxResults=2, NextToken=first["NextToken"])
    assert [found["Id"] for found in second["Sessions"]] == [made[0]]
    assert "NextToken" not in second
    wanted = ["TERMINATING", "TERMINATED"]
    [ended] = list_sessions(ClusterId=cluster.id, SessionStates=wanted)["Sessions"]
    assert ended["Id"] == made[0]
    assert "NextToken" in refused(lambda: list_sessions(ClusterId=cluster.id, NextToken="x"))


def test_a_session_that_is_not_ready_cannot_be_made_busy(make: Make) -> None:
    cluster = make().becomes("WAITING")
    for session in (cluster.session(), "is-NONE"):
        with pytest.raises(OSError, match="400"):
            cluster.make_busy(session, 60)


def idle_samples(aws: Aws, cluster: Cluster, since: datetime) -> dict[datetime, float]:
    dimensions = [{"Name": "JobFlowId", "Value": cluster.id}]
    metric = {
        "Namespace": "AWS/ElasticMapReduce",
        "MetricName": "IsIdle",
        "Dimensions": dimensions,
    }
    query = {"Id": "idle", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Minimum"}}
    [result] = aws("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=since, EndTime=since + timedelta(days=1)
    )["MetricDataResults"]
    return dict(zip(result["Timestamps"], result["Values"], strict=True))


@pytest.mark.slow
def test_a_cluster_is_busy_only_while_a_session_is(
    make: Make, aws: Aws, eventually: Eventually
) -> None:
    cluster = make().becomes("WAITING")
    session = cluster.session()
    since = cluster.session_becomes(session, "IDLE")["IdleSince"]
    eventually(lambda: 1.0 in idle_samples(aws, cluster, since).values())
    cluster.make_busy(session, 600)
    assert cluster.state() == "WAITING"
    again = cluster.session_becomes(session, "IDLE")["IdleSince"]
    eventually(lambda: max(idle_samples(aws, cluster, since)) > again, within=15)
    for moment, value in idle_samples(aws, cluster, since).items():
        assert value == float(not again - timedelta(seconds=600) <= moment < again)


@pytest.mark.slow
def test_work_of_a_session_delays_the_end_of_an_idle_cluster(make: Make) -> None:
    cluster = make(AutoTerminationPolicy={"IdleTimeout": 120}).becomes("WAITING")
    session = cluster.session()
    cluster.session_becomes(session, "IDLE")
    cluster.make_busy(session, 200)
    again = cluster.session_becomes(session, "IDLE")["IdleSince"]
    times = cluster.becomes("TERMINATED").get()["Status"]["Timeline"]
    assert times["EndDateTime"] - again >= timedelta(seconds=120)


def test_a_started_session_is_recorded_as_cloudtrail_writes_it(
    make: Make, aws: Aws, eventually: Eventually
) -> None:
    queue = aws("sqs").create_queue(QueueName="events")["QueueUrl"]
    pattern = {"source": ["aws.elasticmapreduce"], "detail": {"eventName": ["StartSession"]}}
    aws("events").put_rule(Name="events", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": "arn:aws:sqs:eu-west-1:123456789012:events"}
    aws("events").put_targets(Rule="events", Targets=[target])
    cluster = make().becomes("WAITING")
    answer = cluster.start_session(SessionIdleTimeoutInMinutes=480, ClientRequestToken="t")
    messages = eventually(lambda: aws("sqs").receive_message(QueueUrl=queue).get("Messages"))
    detail = json.loads(messages[0]["Body"])["detail"]
    assert detail["eventSource"] == "elasticmapreduce.amazonaws.com"
    assert detail["requestParameters"] == {
        "clusterId": cluster.id,
        "name": "ana-connect",
        "sessionIdleTimeoutInMinutes": 480,
        "clientRequestToken": "t",
    }
    assert detail["responseElements"] == {
        "id": answer["Id"],
        "clusterId": cluster.id,
        "arn": answer["Arn"],
        "accountId": "123456789012",
        "state": "SUBMITTED",
    }


def test_what_is_not_done_is_an_error(make: Make) -> None:
    cluster = make().becomes("WAITING")
    session = cluster.session()
    with pytest.raises(ClientError, match="does not implement emr:GetSessionEndpoint"):
        cluster.emr.get_session_endpoint(ClusterId=cluster.id, SessionId=session)
