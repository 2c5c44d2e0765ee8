"""EMR clusters that wait, and sessions on a cluster that always works."""

from collections.abc import Mapping

from benchmarks.backend.call import Answer, Call, Handler, among, pairs
from benchmarks.backend.estate import Stage, Thing
from benchmarks.backend.failures import Failure, invalid

CLUSTER, SESSION = "emr-cluster", "emr-session"
STATE = {Stage.LIVE: "WAITING", Stage.ENDING: "TERMINATING", Stage.OVER: "TERMINATED"}
SESSION_STATE = {Stage.LIVE: "IDLE", Stage.ENDING: "TERMINATING", Stage.OVER: "TERMINATED"}
PAGE = 50
IDLE_AFTER = 600
"""Seconds from the beginning of a session to its last work."""


def list_clusters(call: Call) -> Answer:
    call.takes("ClusterStates", "Marker")
    wanted = among(call.texts("ClusterStates"))
    page, more = call.page(_clusters(call), lambda it: wanted(it[1]), PAGE, "Marker")
    return {"Clusters": [_summary(call, *cluster) for cluster in page], **more}


def describe_cluster(call: Call) -> Answer:
    call.takes("ClusterId")
    identifier, state, thing = _cluster(call)
    tags = call.estate.tags(thing) if thing else {"guardian": "keep"}
    return {
        "Cluster": {
            **_summary(call, identifier, state, thing),
            "TerminationProtected": False,
            "ReleaseLabel": "emr-spark-8.0.0",
            "Tags": pairs(tags),
        }
    }


def _clusters(call: Call) -> list[tuple[str, str, Thing | None]]:
    """Id, state and the thing that each is; the one that carries sessions is none."""
    things = call.estate.things(CLUSTER, call.place)
    own = [(thing.name, STATE[call.stage(thing)], thing) for thing in things]
    carries = bool(call.estate.things(SESSION, call.place))
    return [*own, *([(_carrier(call), "RUNNING", None)] if carries else [])]


def _carrier(call: Call) -> str:
    return f"j-{call.place.account}S"


def _cluster(call: Call) -> tuple[str, str, Thing | None]:
    identifier = call.text("ClusterId")
    for cluster in _clusters(call):
        if cluster[0] == identifier:
            return cluster
    raise Failure("InvalidRequestException", f"Cluster id '{identifier}' is not valid.")


def _summary(call: Call, identifier: str, state: str, thing: Thing | None) -> dict[str, object]:
    estate, place = call.estate, call.place
    started = estate.started(thing) if thing else estate.began - estate.seed.age
    return {
        "Id": identifier,
        "Name": "adhoc",
        "ClusterArn": f"arn:aws:elasticmapreduce:{place.region}:{place.account}:cluster/{identifier}",
        "Status": {
            "State": state,
            "Timeline": {"CreationDateTime": started, "ReadyDateTime": started + IDLE_AFTER},
        },
    }


def list_instance_groups(call: Call) -> Answer:
    call.takes("ClusterId", "Marker")
    identifier, state, _ = _cluster(call)
    running = int(state in {"RUNNING", "WAITING"})
    group = {"InstanceGroupType": "MASTER", "InstanceType": "m5.xlarge"}
    counts = {"RequestedInstanceCount": 1, "RunningInstanceCount": running}
    return {"InstanceGroups": [{"Id": f"ig-{identifier[2:]}", **group, **counts}]}


def terminate_job_flows(call: Call) -> Answer:
    """Clusters that were terminated before are no error."""
    call.takes("JobFlowIds")
    known = {identifier: thing for identifier, _, thing in _clusters(call)}
    asked = call.texts("JobFlowIds")
    if not asked or not known.keys() >= set(asked):
        raise invalid("Specified job flow ID does not exist.")
    for thing in (known[identifier] for identifier in asked):
        if thing is None:
            raise Failure("NotImplemented", "this cluster carries sessions; it stays here", 501)
        call.stop(thing)
    return {}


def list_sessions(call: Call) -> Answer:
    call.takes("ClusterId", "SessionStates", "NextToken", "MaxResults")
    size = call.number("MaxResults", PAGE, range(1, 101))
    _carrying(call)
    wanted = among(call.texts("SessionStates"))
    things = call.estate.things(SESSION, call.place)
    page, more = call.page(things, lambda it: wanted(SESSION_STATE[call.stage(it)]), size)
    return {"Sessions": [_session(call, thing) for thing in page], **more}


def get_session(call: Call) -> Answer:
    thing = _session_of(call)
    return {"Session": {**_session(call, thing), "Tags": pairs(call.estate.tags(thing))}}


def terminate_session(call: Call) -> Answer:
    thing = _session_of(call)
    state = SESSION_STATE[call.stage(thing)]
    if not call.stop(thing) and state != "TERMINATING":
        raise Failure("InvalidRequestException", f"Session '{thing.name}' is in state {state}.")
    return {"Id": thing.name, "ClusterId": _carrier(call)}


def _carrying(call: Call) -> None:
    """Raises Failure for a cluster that was made without sessions."""
    identifier, _, thing = _cluster(call)
    if thing is not None:
        raise Failure(
            "InvalidRequestException", f"Cluster '{identifier}' has no sessions enabled."
        )


def _session_of(call: Call) -> Thing:
    call.takes("ClusterId", "SessionId")
    _carrying(call)
    thing = call.estate.find(SESSION, call.place, call.text("SessionId"))
    if thing is None:
        message = f"Session id '{call.text('SessionId')}' is not valid."
        raise Failure("InvalidRequestException", message)
    return thing


def _session(call: Call, thing: Thing) -> dict[str, object]:
    started = call.estate.started(thing)
    return {
        "Id": thing.name,
        "ClusterId": _carrier(call),
        "State": SESSION_STATE[call.stage(thing)],
        "CreatedAt": started,
        "StartedAt": started,
        "IdleSince": started + IDLE_AFTER,
        "SessionIdleTimeoutInMinutes": 1440,
    }


def get_metric_data(call: Call) -> Answer:
    """CloudWatch's IsIdle of clusters, a sample every five minutes; no other metric exists."""
    call.takes("MetricDataQueries", "StartTime", "EndTime")
    queries = call.arguments.get("MetricDataQueries")
    if not isinstance(queries, list):
        raise invalid("MetricDataQueries must be given")
    return {"MetricDataResults": [_samples(call, query) for query in queries], "Messages": []}


def _samples(call: Call, query: Mapping[str, object]) -> Answer:
    match query:
        case {
            "Id": str(identifier),
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/ElasticMapReduce",
                    "MetricName": "IsIdle",
                    "Dimensions": [{"Name": "JobFlowId", "Value": str(cluster)}],
                },
                "Period": int(period),
            },
        }:
            moments = _sampled(call, cluster, period)
        case _:
            raise Failure("NotImplemented", "GetMetricData: only IsIdle of a cluster", 501)
    values = [1.0] * len(moments)
    told = {"Timestamps": moments, "Values": values, "StatusCode": "Complete"}
    return {"Id": identifier, "Label": "IsIdle", **told}


def _sampled(call: Call, cluster: str, period: int) -> list[int]:
    """The moments of the samples, the newest first, while the cluster waited."""
    thing = call.estate.find(CLUSTER, call.place, cluster)
    if thing is None:
        return []
    since = call.estate.started(thing) + IDLE_AFTER
    stopped = call.estate.stopped.get(thing)
    start = max(call.moment("StartTime", 0.0), since)
    end = min(call.moment("EndTime", call.now), stopped.at if stopped else call.now)
    first, last = -int(-start // period), -int(-end // period)
    return [n * period for n in reversed(range(first, last))]


CALLS: Mapping[str, Handler] = {
    "ListClusters": list_clusters,
    "DescribeCluster": describe_cluster,
    "ListInstanceGroups": list_instance_groups,
    "TerminateJobFlows": terminate_job_flows,
    "ListSessions": list_sessions,
    "GetSession": get_session,
    "TerminateSession": terminate_session,
}
METRICS: Mapping[str, Handler] = {"GetMetricData": get_metric_data}
