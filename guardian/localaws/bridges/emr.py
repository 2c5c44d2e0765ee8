"""EMR clusters and their sessions: they start, work, wait and end on the local clock."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, ClassVar

from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.emr import models, urls
from moto.emr.exceptions import InvalidCluster, InvalidRequestException, ValidationException
from moto.emr.models import ElasticMapReduceBackend, InstanceGroup, emr_backends
from moto.emr.responses import ElasticMapReduceResponse
from moto.emr.utils import random_id

from guardian.localaws.clock import iso
from guardian.localaws.emr_cluster import ENDING, EmrCluster
from guardian.localaws.emr_session import USABLE, ClusterSession, SessionLife, seconds_of
from guardian.localaws.lifecycle import Agenda
from guardian.localaws.world import World

DEFAULT_IDLE_SECONDS = 3600
IDLE_SECONDS = range(60, 604_800 + 1)
MAX_JOB_FLOWS = 10
PAGE = 50
SESSIONS_PER_PAGE = range(1, 100 + 1)
SESSION_IDLE_MINUTES = range(1, 24 * 60 + 1)
DEFAULT_SESSION_IDLE_MINUTES = 60
MAX_SESSIONS = 1000


class EmrClusters(ElasticMapReduceResponse):
    """Answers calls about clusters as they are at the moment of the call."""

    world: ClassVar[World]

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        # moto's EMR reads the region from AWS's host names only; all others, from the signature.
        return str(BaseResponse.get_region_from_url(self, request, full_url))

    @property
    def backend(self) -> ElasticMapReduceBackend:
        backend = super().backend
        for cluster in list(backend.clusters.values()):
            cluster.refresh(self._now)
        return backend

    @property
    def _now(self) -> datetime:
        return self.world.clock.now()

    def run_job_flow(self) -> ActionResult:
        if self._get_param("Instances.InstanceFleets"):
            raise ValidationException("Local AWS has no instance fleets; use instance groups.")
        result = super().run_job_flow()
        cluster = self.backend.clusters[result.result["JobFlowId"]]
        cluster.session_enabled = bool(self._get_param("SessionEnabled"))
        policy = self._get_param("AutoTerminationPolicy")
        if policy:
            self._limit_idleness(result.result["JobFlowId"], policy)
        return self._announced(result)

    def add_job_flow_steps(self) -> ActionResult:
        self._require_job_flows([self._get_param("JobFlowId")])
        return self._announced(super().add_job_flow_steps())

    def terminate_job_flows(self) -> ActionResult:
        ids = self._get_param("JobFlowIds")
        self._require_job_flows(ids)
        if len(ids) > MAX_JOB_FLOWS:
            raise ValidationException(f"Size of jobFlowIds must be at most {MAX_JOB_FLOWS}")
        alive = [i for i in ids if self.backend.clusters[i].state not in ENDING]
        self.backend.terminate_job_flows(alive)
        return self._announced(EmptyResult())

    def set_termination_protection(self) -> ActionResult:
        self._require_job_flows(self._get_param("JobFlowIds"))
        return super().set_termination_protection()

    def list_clusters(self) -> ActionResult:
        marker = self._get_param("Marker") or ""
        if marker and marker not in self.backend.clusters:
            raise InvalidRequestException(f"Marker '{marker}' is not valid.")
        found = self.backend.list_clusters(
            self._get_param("ClusterStates", []),
            self._get_param("CreatedAfter"),
            self._get_param("CreatedBefore"),
        )
        rest = [cluster for cluster in found if cluster.id > marker]
        result: dict[str, Any] = {"Clusters": rest[:PAGE]}
        if len(rest) > PAGE:
            result["Marker"] = rest[PAGE - 1].id
        return ActionResult(result)

    def list_instances(self) -> ActionResult:
        cluster = self.backend.describe_cluster(self._get_param("ClusterId"))
        states = self._get_param("InstanceStates")
        types = self._get_param("InstanceGroupTypes")
        wanted = self._get_param("InstanceGroupId")
        groups = [
            group
            for group in cluster.instance_groups
            if (not types or group.role in types)
            and wanted in (None, group.id)
            and (not states or group.state in states)
        ]
        return ActionResult({"Instances": [i for group in groups for i in _instances(group)]})

    def put_auto_termination_policy(self) -> ActionResult:
        policy = self._get_param("AutoTerminationPolicy") or {}
        self._limit_idleness(self._get_param("ClusterId"), policy)
        return self._announced(EmptyResult())

    def get_auto_termination_policy(self) -> ActionResult:
        cluster = self.backend.describe_cluster(self._get_param("ClusterId"))
        policy = cluster.auto_termination_policy
        return ActionResult({"AutoTerminationPolicy": policy} if policy else {})

    def remove_auto_termination_policy(self) -> ActionResult:
        self.backend.describe_cluster(self._get_param("ClusterId")).limit_idleness(None)
        return self._announced(EmptyResult())

    def add_tags(self) -> ActionResult:
        cluster_id, session_id = self._get_param("ClusterId"), self._get_param("ResourceId")
        if not cluster_id:
            return super().add_tags()
        cluster = self.backend.describe_cluster(cluster_id)
        if session_id not in cluster.sessions:
            raise InvalidRequestException(f"Session id '{session_id}' is not valid.")
        request = cluster.sessions[session_id].request
        tags = {tag["Key"]: tag for tag in (*request.get("Tags", ()), *self._get_param("Tags"))}
        request["Tags"] = [_plain(tag) for tag in tags.values()]
        return self._announced(EmptyResult())

    def start_session(self) -> ActionResult:
        cluster = self.backend.describe_cluster(self._get_param("ClusterId"))
        request = {name: _plain(value) for name, value in _given(self.params).items()}
        token = request.get("ClientRequestToken")
        repeated = [s for s in cluster.sessions.values() if token and _token(s) == token]
        session = repeated[0] if repeated else self._new_session(cluster, request)
        return ActionResult(
            {
                "Id": session.id,
                "ClusterId": cluster.id,
                "Arn": session.arn,
                "AccountId": session.account,
                "State": "SUBMITTED",
            }
        )

    def get_session(self) -> ActionResult:
        cluster, session = self._session()
        return ActionResult({"Session": session.describe(self._now, cluster.ends())})

    def list_sessions(self) -> ActionResult:
        cluster = self.backend.describe_cluster(self._get_param("ClusterId"))
        size, states = self._get_param("MaxResults") or PAGE, self._get_param("SessionStates")
        if size not in SESSIONS_PER_PAGE:
            raise InvalidRequestException("MaxResults must be 1 to 100.")
        before = _position(self._get_param("NextToken"))
        newest_first = sorted(cluster.sessions.values(), key=lambda s: -s.life.number)
        found = [
            described
            for session in newest_first
            for described in [session.describe(self._now, cluster.ends())]
            if (before is None or session.life.number < before)
            and (not states or described["State"] in states)
        ]
        result: dict[str, Any] = {"Sessions": found[:size]}
        if len(found) > size:
            result["NextToken"] = str(cluster.sessions[found[size - 1]["Id"]].life.number)
        return ActionResult(result)

    def terminate_session(self) -> ActionResult:
        cluster, session = self._session()
        state = session.life.state(self._now, cluster.ends())
        if state == "TERMINATED":
            raise InvalidRequestException(f"Session '{session.id}' is in state {state}.")
        if state not in ENDING:
            session.life.terminate(self._now)
        answer = {"ClusterId": cluster.id, "SessionId": session.id, "State": "TERMINATING"}
        return self._announced(ActionResult(answer))

    def _new_session(self, cluster: EmrCluster, request: dict[str, Any]) -> ClusterSession:
        _check_session(cluster, request, self._now)
        account = self.current_account
        session_id = f"is-{random_id()}"
        minutes = request.get("SessionIdleTimeoutInMinutes", DEFAULT_SESSION_IDLE_MINUTES)
        session = ClusterSession(
            session_id,
            f"{cluster.arn}/session/{session_id}",
            account,
            cluster.id,
            str(cluster.release_label),
            request,
            SessionLife(self._now, self._now, timedelta(minutes=minutes)),
        )
        cluster.sessions[session_id] = session
        return session

    def _session(self) -> tuple[EmrCluster, ClusterSession]:
        cluster = self.backend.describe_cluster(self._get_param("ClusterId"))
        session_id = self._get_param("SessionId")
        if session_id not in cluster.sessions:
            raise InvalidRequestException(f"Session id '{session_id}' is not valid.")
        return cluster, cluster.sessions[session_id]

    def _limit_idleness(self, cluster_id: str, policy: dict[str, int]) -> None:
        seconds = policy.get("IdleTimeout", DEFAULT_IDLE_SECONDS)
        if seconds not in IDLE_SECONDS:
            raise ValidationException(
                f"IdleTimeout must be {IDLE_SECONDS.start} to {IDLE_SECONDS.stop - 1} seconds"
            )
        self.backend.describe_cluster(cluster_id).limit_idleness(seconds)

    def _require_job_flows(self, ids: list[str]) -> None:
        if not set(ids) <= set(self.backend.clusters):
            raise ValidationException("Specified job flow ID does not exist.")

    def _announced(self, result: ActionResult) -> ActionResult:
        """`result`, after every cluster has planned its announcements anew."""
        _ = self.backend
        return result


class ClustersById(dict[str, EmrCluster]):
    """Answers an unknown id with EMR's error, where moto's dict breaks the request."""

    def __missing__(self, cluster_id: str) -> EmrCluster:
        raise InvalidCluster(cluster_id)


def install(world: World) -> None:
    """Give clusters a life, and date everything of EMR by the local clock."""
    agenda = Agenda(world.clock)
    world.on_reset(agenda.clear)
    EmrClusters.world = world
    models.utcnow = lambda: world.clock.now().replace(tzinfo=None)
    models.Cluster = partial(EmrCluster, world, agenda)
    # Nodes are not instances of EC2 here: moto would leave them running for ever.
    ElasticMapReduceBackend.run_instances = lambda *_: None
    ElasticMapReduceBackend.__init__ = _with_clusters_by_id(ElasticMapReduceBackend.__init__)
    InstanceGroup.running_instance_count = property(_running)
    urls.url_paths = dict.fromkeys(urls.url_paths, EmrClusters.dispatch)
    world.listen("/localaws/emr/sessions/busy", lambda asked: _make_busy(world, asked))


def _make_busy(world: World, asked: Any) -> dict[str, str]:
    """Let a session work for a while, as a client of Spark Connect would."""
    seconds, now = seconds_of(asked), world.clock.now()
    wanted = str(asked.get("session"))
    for _, _, backend in emr_backends.iter_backends():
        for cluster in backend.clusters.values():
            if wanted not in cluster.sessions:
                continue
            life = cluster.sessions[wanted].life
            if (state := life.state(now, cluster.ends())) not in USABLE:
                raise ValueError(f"session {wanted} is {state}")
            until = life.run(now, seconds)
            cluster.refresh(now)
            return {"state": life.state(now, cluster.ends()), "until": iso(until)}
    raise ValueError(f"there is no session {wanted}")


def _check_session(cluster: EmrCluster, request: Mapping[str, Any], now: datetime) -> None:
    if cluster.state not in ("RUNNING", "WAITING"):
        raise InvalidRequestException(
            f"Cluster '{cluster.id}' must be in state RUNNING or WAITING, not {cluster.state}."
        )
    if not (cluster.session_enabled and str(cluster.release_label).startswith("emr-spark-")):
        raise InvalidRequestException(
            f"Cluster '{cluster.id}' must be created with SessionEnabled and a release of "
            "emr-spark-8.0.0 or later."
        )
    if not request.get("Name"):
        raise InvalidRequestException("Name must not be empty.")
    minutes = request.get("SessionIdleTimeoutInMinutes", DEFAULT_SESSION_IDLE_MINUTES)
    if minutes not in SESSION_IDLE_MINUTES:
        raise InvalidRequestException("SessionIdleTimeoutInMinutes must be 1 to 1440.")
    active = [s for s in cluster.sessions.values() if s.life.state(now) not in ENDING]
    if len(active) >= MAX_SESSIONS:
        raise InvalidRequestException(f"Cluster '{cluster.id}' has {MAX_SESSIONS} sessions.")


def _token(session: ClusterSession) -> Any:
    return session.request.get("ClientRequestToken")


def _given(params: Any) -> dict[str, Any]:
    """The parameters of a call by the names of the API, which moto keeps to itself."""
    return params.original_dict() if hasattr(params, "original_dict") else dict(params)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in _given(value).items()}
    return [_plain(member) for member in value] if isinstance(value, list) else value


def _position(token: str | None) -> int | None:
    if token is not None and not token.isdecimal():
        raise InvalidRequestException("NextToken is not valid.")
    return None if token is None else int(token)


def _with_clusters_by_id(original: Callable[..., None]) -> Callable[..., None]:
    def init(backend: ElasticMapReduceBackend, region_name: str, account_id: str) -> None:
        original(backend, region_name, account_id)
        backend.clusters = ClustersById()

    return init


def _running(group: InstanceGroup) -> int:
    return int(group.num_instances) if group.state == "RUNNING" else 0


def _instances(group: InstanceGroup) -> list[dict[str, Any]]:
    """The nodes of a group, with ids that follow from the group's."""
    return [
        {
            "Id": f"ci-{digest[:13].upper()}",
            "Ec2InstanceId": f"i-{digest[:17]}",
            "InstanceGroupId": group.id,
            "InstanceType": group.instance_type,
            "Market": group.market,
            "Status": group.status,
        }
        for number in range(group.num_instances)
        for digest in [sha256(f"{group.id}/{number}".encode()).hexdigest()]
    ]
